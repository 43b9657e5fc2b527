/*
 * Source: the part that keeps all of a release's inputs as one canonical JSON object (quoin-source(5)), for people,
 * tools, and as the base of the next compilation. Printing what was read gives the same bytes.
 */
#ifndef QUOIN_FORMATS_SOURCE_H
#define QUOIN_FORMATS_SOURCE_H

#include "formats/ruleset.h"

/* Append the whole ruleset: objectives, models (unused ones too), shards, rules (disabled ones too), placements,
 * constants, policy and the x-… keys, sorted, without blanks. 0, QUOIN_ELIMIT, QUOIN_ENOMEM. */
int quoin_source_print(const struct quoin_ruleset *ruleset, struct quoin_buf *out);

/*
 * Read a source part into "ret" (all zero; the caller clears it). Accepts exactly what print writes: other bytes are
 * refused. Returns 0, QUOIN_ESYNTAX, QUOIN_ELIMIT, QUOIN_ENOMEM; on failure "ret" is cleared.
 */
int quoin_source_read(struct quoin_span text, struct quoin_ruleset *ret, struct quoin_error *err);

#endif
