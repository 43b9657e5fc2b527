/*
 * Lost: whether a topic has less than others have seen of it. A topic that was deleted and made anew looks healthy, and what
 * is written to it forks every chain: so commands look at what gate and hosts remember, say it, and do not write.
 */
#ifndef QUOIN_PUBLISHER_LOST_H
#define QUOIN_PUBLISHER_LOST_H

#include "publisher/activations.h"
#include "publisher/cli.h"
#include "publisher/fleet.h"

/* The control topic against what the gate has seen of it. "activations" must have been read before "control". Returns 0, or
 * QUOIN_ECONFLICT: it is another incarnation, or ends below the newest activation or heartbeat. */
int quoin_lost_control(const struct quoin_control *control, const struct quoin_activations *activations,
    struct quoin_error *err);

/* The gate topic against what hosts obey. "fleet" must have been read before "activations". Returns 0, or QUOIN_ECONFLICT: a
 * host that operators do not exclude by "ledger" obeys an activation that the topic does not have, or another one with the
 * same number. No gate acts then; the message names the host, and what to type if it is the host that is wrong. */
int quoin_lost_gate(const struct quoin_activations *activations, const struct quoin_ledger *ledger,
    const struct quoin_fleet *fleet, int64_t wall_ms, struct quoin_error *err);

/* For commands before they write: reads the gate topic, then the control topic on, and compares them. 0, QUOIN_ECONFLICT, or
 * what reading returns. */
int quoin_lost_check(struct quoin_session *session, struct quoin_error *err);

#endif
