/*
 * Activations: the gate topic, verified: the newest activation, the newest heartbeat, and when each activation came. The
 * gate reads it before it decides; the commands read it to say what is live.
 */
#ifndef QUOIN_PUBLISHER_ACTIVATIONS_H
#define QUOIN_PUBLISHER_ACTIVATIONS_H

#include "formats/heartbeat.h"
#include "formats/trust.h"
#include "lib/bus.h"

struct quoin_activations {
	bool has_incarnation;
	struct quoin_incarnation incarnation;
	bool has_newest;
	struct quoin_activation newest;	  /* by (epoch, seq) */
	struct quoin_hash newest_hash;
	struct quoin_sealed newest_sealed;
	bool has_heartbeat;
	struct quoin_heartbeat heartbeat; /* by number */
	int64_t heartbeat_received_ms;	  /* by the reader's wall clock; commands: the record's time */
	int64_t next_offset;
	uint64_t refused; /* records that did not verify, forked or parse */
};

void quoin_activations_clear(struct quoin_activations *activations);

/* Told of every activation that verifies, in the order of the topic; may be NULL. Borrowed for the call. */
typedef void quoin_activations_each(void *ctx, const struct quoin_activation *activation, const struct quoin_hash *hash);

/* Take one record. Returns 0, or why it was refused: the trust's codes; QUOIN_EFORK: the newest (epoch, seq) with another
 * hash, or a successor that does not name the held one; QUOIN_EREPLAY: lower than the newest. */
int quoin_activations_admit(struct quoin_activations *activations, const struct quoin_trust *trust,
    const struct quoin_bus_record *record, int64_t now_ms, quoin_activations_each *each, void *ctx,
    struct quoin_error *err);

/* Read the topic to its end as it is now. */
int quoin_activations_read(struct quoin_activations *activations, const struct quoin_trust *trust,
    struct quoin_bus_reader *reader, int timeout_ms, quoin_activations_each *each, void *ctx, struct quoin_error *err);

/* The position of the newest; all zero if there is none. */
struct quoin_position quoin_activations_position(const struct quoin_activations *activations);

#endif
