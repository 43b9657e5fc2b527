/*
 * The simulated log: four topics of one partition, as a reader of committed records sees them. What a gate writes is there
 * whole or not at all; what is compacted away is skipped; offsets are never used twice.
 */
#ifndef QUOIN_TESTS_SIM_LOG_H
#define QUOIN_TESTS_SIM_LOG_H

#include "formats/envelope.h"
#include "formats/heartbeat.h"
#include "formats/incarnation.h"
#include "formats/status.h"

struct sim;

enum sim_record_kind {
	SIM_RECORD_INCARNATION,
	SIM_RECORD_ROOT,
	SIM_RECORD_CERT,
	SIM_RECORD_RELEASE,
	SIM_RECORD_INTENT,
	SIM_RECORD_ACTIVATION,
	SIM_RECORD_HEARTBEAT,
	SIM_RECORD_STATUS,
	SIM_RECORD_TOMBSTONE,
};

/* Control and gate records carry sealed documents, for the hosts, which verify; and what they mean, for the gates, whose
 * shell has verified. Statuses are read by gates alone. */
struct sim_record {
	enum sim_record_kind kind;
	int64_t at;
	bool is_gone;	 /* compacted away */
	bool is_forged;	 /* does not verify: gates never see it */
	char key[40];
	struct quoin_sealed sealed;
	uint64_t number; /* release, intent, root version; cert, status: the host; incarnation: the life */
	struct quoin_activation *activation;
	struct quoin_heartbeat *heartbeat;
	struct quoin_status *status;
};

struct sim_log {
	struct sim_record *records; /* by offset; owned */
	int64_t count, cap;
	unsigned life; /* how often it was deleted and made anew */
	int64_t base;  /* records that it had in earlier lives */
};

/* Append, and wake whoever reads. The record's pointers are taken; "sealed" is copied. Returns the offset. */
int64_t sim_log_append(struct sim *sim, enum quoin_topic topic, const struct sim_record *record);
/* All but the newest record of each key goes, but for the newest "keep". */
void sim_log_compact(struct sim *sim, enum quoin_topic topic, int64_t keep);
/* The document goes; whether it was there. */
bool sim_log_remove(struct sim *sim, enum quoin_topic topic, enum sim_record_kind kind, uint64_t number);
void sim_log_clear(struct sim_log *log);

#endif
