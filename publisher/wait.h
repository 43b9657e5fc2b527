/*
 * Wait: what --wait does: follow the gate topic until a release is fully active, or until it is sure that it will not be.
 */
#ifndef QUOIN_PUBLISHER_WAIT_H
#define QUOIN_PUBLISHER_WAIT_H

#include "formats/intent.h"
#include "publisher/activations.h"
#include "publisher/cli.h"

/*
 * Follow until "release" is fully active (it is "from"), telling each change on the way. "intent": the activation must
 * also have consumed this intent (0: none). Returns 0 and the activation's seq; QUOIN_EREFUSED: it failed, was revoked, or
 * something else was asked for meanwhile (err says which host and why); QUOIN_ECONFLICT: frozen, which holds up no intent;
 * QUOIN_ETIMEOUT: not active within timeout_ms ("published, not active").
 */
int quoin_wait_active(const struct quoin_cli *cli, struct quoin_session *session, uint64_t release, uint64_t intent,
    int64_t timeout_ms, uint64_t *ret_seq, struct quoin_error *err);

/*
 * Follow until an activation has consumed the intent and what it asks for is so: a pin stands, nobody is sent to what is
 * revoked, a host that is included counts. What is on its way is told. Returns 0 and the activation's seq;
 * QUOIN_EREFUSED: the release of a pin failed or is revoked; QUOIN_ECONFLICT: a pin waits for "unfreeze", or there is
 * nothing to go to from what is revoked; QUOIN_ETIMEOUT.
 */
int quoin_wait_intent(const struct quoin_cli *cli, struct quoin_session *session, const struct quoin_intent *intent,
    int64_t timeout_ms, uint64_t *ret_seq, struct quoin_error *err);

/* "--wait" without a value is 600 seconds; "--wait=30" (or "30s", "2m") is that. 0, or QUOIN_EUSAGE. */
#define QUOIN_WAIT_MS 600000
int quoin_wait_parse(const char *text, int64_t *ret_ms, struct quoin_error *err);

#endif
