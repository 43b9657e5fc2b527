/*
 * Wait: what --wait does: follow the gate topic until a release is fully active, or until it is sure that it will not be.
 */
#ifndef QUOIN_PUBLISHER_WAIT_H
#define QUOIN_PUBLISHER_WAIT_H

#include "publisher/activations.h"
#include "publisher/cli.h"

/*
 * Follow until "release" is fully active (it is "from"), telling each change on the way. "intent": the activation must
 * also have consumed this intent (0: none). Returns 0 and the activation's seq; QUOIN_EREFUSED: it failed, was revoked, or
 * something else was asked for meanwhile (err says which host and why); QUOIN_ECONFLICT: frozen; QUOIN_ETIMEOUT: not
 * active within timeout_ms ("published, not active").
 */
int quoin_wait_active(const struct quoin_cli *cli, struct quoin_session *session, uint64_t release, uint64_t intent,
    int64_t timeout_ms, uint64_t *ret_seq, struct quoin_error *err);

/* Follow until an activation has consumed the intent. Returns 0 and its seq, or QUOIN_ETIMEOUT. */
int quoin_wait_consumed(const struct quoin_cli *cli, struct quoin_session *session, uint64_t intent, int64_t timeout_ms,
    uint64_t *ret_seq, struct quoin_error *err);

/* "--wait" without a value is 600 seconds; "--wait=30" (or "30s", "2m") is that. 0, or QUOIN_EUSAGE. */
#define QUOIN_WAIT_MS 600000
int quoin_wait_parse(const char *text, int64_t *ret_ms, struct quoin_error *err);

#endif
