/*
 * What the gate's core must know of a release, made of its document and its models part.
 */
#ifndef QUOIN_PUBLISHER_GATE_MODELS_H
#define QUOIN_PUBLISHER_GATE_MODELS_H

#include "formats/release.h"
#include "publisher/gate_core.h"

/* The part that says what shards must load; NULL: it has none. The release's. */
const struct quoin_part *quoin_gate_models_part(const struct quoin_release *release);

/* "image": the content of the models part, 16-byte aligned, or empty for a release without one. It is verified here.
 * Returns 0 and a summary that is the caller's; QUOIN_ECORRUPT, QUOIN_ELIMIT (too many resources), QUOIN_ENOMEM. */
int quoin_gate_release_make(const struct quoin_release *release, struct quoin_span image,
    struct quoin_gate_release **ret, struct quoin_error *err);

#endif
