/*
 * Explain source: the authors' words for the release that a view holds.
 */
#ifndef QUOIN_PUBLISHER_EXPLAIN_SOURCE_H
#define QUOIN_PUBLISHER_EXPLAIN_SOURCE_H

#include "publisher/cli.h"
#include "publisher/explain.h"
#include "subscriber/quoin.h"

/* Read the view's source part; where the view has none (a host fetches it only if "parts" says so), it is fetched from the
 * bus. *ret is to be cleared. 0, or the error: QUOIN_EMISSING if a release of files has no source. */
int quoin_explain_source(const struct quoin_cli *cli, const struct quoin_view *view, struct quoin_ruleset *ret,
    struct quoin_error *err);

/* The explanation of a decision of the view: appended to "out" for people, or as one JSON object. QUOIN_ESYSTEM: it
 * explains another decision, which is a defect of ours. */
int quoin_explain_decision(const struct quoin_cli *cli, const struct quoin_view *view, struct quoin_span context,
    const struct quoin_decision *decision, struct quoin_buf *out, struct quoin_error *err);

#endif
