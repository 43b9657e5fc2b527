/*
 * Heartbeat: the gate is alive, and this is the newest of everything. Key "heartbeat" on the gate topic, gate role.
 * Only numbered, not chained. Its expiry makes a host stale, never evicts what it runs.
 */
#ifndef QUOIN_FORMATS_HEARTBEAT_H
#define QUOIN_FORMATS_HEARTBEAT_H

#include "formats/activation.h"
#include "formats/incarnation.h"

/*
 * quoin-heartbeat-v1
 * system <32 hex>
 * namespace <name>
 * heartbeat <number>
 * gate <32 hex>
 * issued_ms <u64>
 * expires_ms <u64>
 * interval_ms <u64>
 * root <docref>
 * head <docref>
 * intent <docref>
 * activation <epoch> <seq> <hash>		"0 0 -" if there is none yet
 * incarnation control <32 hex>
 * incarnation gate <32 hex>
 * end
 */
struct quoin_heartbeat {
	struct quoin_origin origin;
	uint64_t number;
	uint8_t gate[16];
	int64_t issued_ms;
	int64_t expires_ms;
	uint64_t interval_ms;
	struct quoin_docref root;
	struct quoin_docref head;
	struct quoin_docref intent;
	struct quoin_position activation;
	uint8_t control_incarnation[QUOIN_INCARNATION_BYTES];
	uint8_t gate_incarnation[QUOIN_INCARNATION_BYTES];
};

int quoin_heartbeat_print(const struct quoin_heartbeat *heartbeat, struct quoin_buf *out);
int quoin_heartbeat_parse(struct quoin_span text, struct quoin_heartbeat *ret, struct quoin_error *err);

#endif
