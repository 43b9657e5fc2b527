/*
 * Operate: an operator's intent, signed and announced. A brake command resolves its release number once and then retries
 * its compare-and-swap until it is done (PROTOCOL.md section 7): a busy publisher never holds it up.
 */
#ifndef QUOIN_PUBLISHER_OPERATE_H
#define QUOIN_PUBLISHER_OPERATE_H

#include "formats/intent.h"
#include "publisher/activations.h"
#include "publisher/control.h"
#include "publisher/keyring.h"

/*
 * Announce "intent": action, release number, host, labels, until_ms and message come from the caller; origin, number,
 * predecessors, the release's hash and the time are filled in. "is_brake": a conflict with another writer is tried again
 * until timeout_ms. Returns 0 (the intent as written is in "intent"), QUOIN_ENOENT (no such release, no such host, no such
 * pin), QUOIN_ECONFLICT (the release is revoked; another writer was first), QUOIN_ETIMEOUT, QUOIN_EUNREACHABLE,
 * QUOIN_EUNKNOWN.
 */
int quoin_operate(const struct quoin_conf *conf, struct quoin_control *control, struct quoin_bus_reader *reader,
    const struct quoin_keyring *operate_keys, bool is_brake, int timeout_ms, struct quoin_intent *intent,
    struct quoin_error *err);

/*
 * The release that "rollback" without a number goes back to: during a rollout "from"; during a rollback the next older
 * one below its target; otherwise the newest below the active one; always once fully active and neither revoked nor
 * failed; never forward. Returns 0 and the number, or QUOIN_ECONFLICT: there is none (err says why).
 */
int quoin_operate_back(const struct quoin_ledger *ledger, const struct quoin_activations *activations,
    uint64_t *ret_release, struct quoin_error *err);

#endif
