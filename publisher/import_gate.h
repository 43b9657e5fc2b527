/*
 * Import, the activation: what a gate that lost its topic is waiting for (PROTOCOL.md section 5, takeover).
 */
#ifndef QUOIN_PUBLISHER_IMPORT_GATE_H
#define QUOIN_PUBLISHER_IMPORT_GATE_H

#include "publisher/activations.h"
#include "publisher/control.h"
#include "publisher/fleet.h"

/*
 * Whether this activation may follow what the gate topic has, by what was read. Pure. Returns 0 and *ret_wanted: false if
 * the topic has it or a later one. QUOIN_ECONFLICT: the topic was not begun; another activation of the same place; a gate is
 * acting (a heartbeat younger than three of its intervals that names an activation); a host that operators do not
 * exclude by "ledger" obeys a later one, so that this one would only fork the chain.
 */
int quoin_import_gate_check(const struct quoin_activations *activations, const struct quoin_fleet *fleet,
    const struct quoin_ledger *ledger, const struct quoin_activation *activation, const struct quoin_hash *hash,
    int64_t now_ms, bool *ret_wanted, struct quoin_error *err);

/* Verify, check, and write it behind the gates' fence. *ret_written: it was wanted, and is there now. Also the codes of the
 * trust, of reading and of transactions. */
int quoin_import_gate(const struct quoin_conf *conf, const struct quoin_control *control, struct quoin_bus_reader *reader,
    const struct quoin_envelope *envelope, int timeout_ms, bool *ret_written, struct quoin_error *err);

#endif
