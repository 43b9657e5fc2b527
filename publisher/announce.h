/*
 * Announce: one signed document onto the control topic, as a compare-and-swap (DESIGN.md section 4): init fences every
 * earlier writer, then the topic is read to its end, then decided, then one short transaction. Nothing is retried for the
 * loser; an unknown outcome is resolved by reading. What the broker gave up, though nobody took over, is decided and
 * written again while there is time: "decide" still holds the expectation against the topic as it is then.
 */
#ifndef QUOIN_PUBLISHER_ANNOUNCE_H
#define QUOIN_PUBLISHER_ANNOUNCE_H

#include "publisher/control.h"

/*
 * Called between reading and writing, once or more, with the control topic read to its end behind a fence: look whether
 * the precondition holds and make the document. Returns 0 and fills "key" and "sealed"; or a code (QUOIN_ECONFLICT: the head
 * moved), which ends the announcement with nothing written.
 */
typedef int quoin_announce_decide(void *ctx, const struct quoin_control *control, char *key, size_t key_bytes,
    struct quoin_sealed *ret_sealed, struct quoin_error *err);

/*
 * Returns 0: it is on the topic, committed, read back, and admitted to "control". QUOIN_ECONFLICT, a class of trust
 * (nobody would believe the document), QUOIN_EFENCED (another publisher came between), QUOIN_ETIMEOUT,
 * QUOIN_EUNREACHABLE, QUOIN_EAGAIN (given up by the broker each time): nothing was written. QUOIN_EUNKNOWN: could not find
 * out; the message says how to look.
 */
int quoin_announce(const struct quoin_conf *conf, struct quoin_control *control, struct quoin_bus_reader *reader,
    quoin_announce_decide *decide, void *ctx, int timeout_ms, struct quoin_error *err);

#endif
