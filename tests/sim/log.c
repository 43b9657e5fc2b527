#include "tests/sim/log.h"

#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "tests/sim/world.h"

static void
clear_record(struct sim_record *record)
{
	quoin_sealed_clear(&record->sealed);
	if (record->activation != NULL)
		quoin_activation_clear(record->activation);
	if (record->status != NULL)
		quoin_status_clear(record->status);
	free(record->activation);
	free(record->heartbeat);
	free(record->status);
	record->activation = NULL;
	record->heartbeat = NULL;
	record->status = NULL;
}

int64_t
sim_log_append(struct sim *sim, enum quoin_topic topic, const struct sim_record *record)
{
	struct sim_log *log = &sim->log[topic];
	struct sim_record *to;

	if (log->count == log->cap) {
		log->cap = log->cap == 0 ? 256 : 2 * log->cap;
		log->records = reallocarray(log->records, (size_t)log->cap, sizeof *log->records);
		QUOIN_ASSERT(log->records != NULL);
	}
	to = &log->records[log->count++];
	*to = *record;
	to->at = sim->now;
	memset(&to->sealed, 0, sizeof to->sealed);
	if (record->sealed.bytes.len > 0)
		QUOIN_ASSERT(quoin_sealed_copy(&record->sealed.envelope, &to->sealed) == 0);
	for (int i = 0; i < SIM_ACTORS; i++)
		sim_wake_tail(sim, sim_actor(sim, i), topic);
	return log->count - 1;
}

void
sim_log_compact(struct sim *sim, enum quoin_topic topic, int64_t keep)
{
	struct sim_log *log = &sim->log[topic];

	for (int64_t i = 0; i + keep < log->count; i++) {
		struct sim_record *record = &log->records[i];
		bool is_newest = true;

		for (int64_t k = i + 1; k < log->count && is_newest; k++)
			is_newest = strcmp(record->key, log->records[k].key) != 0;
		if (is_newest || record->is_gone)
			continue;
		record->is_gone = true;
		clear_record(record);
	}
}

bool
sim_log_remove(struct sim *sim, enum quoin_topic topic, enum sim_record_kind kind, uint64_t number)
{
	struct sim_log *log = &sim->log[topic];
	bool any = false;

	for (int64_t i = 0; i < log->count; i++) {
		struct sim_record *record = &log->records[i];

		if (record->kind != kind || record->number != number || record->is_gone)
			continue;
		any = true;
		record->is_gone = true;
		clear_record(record);
	}
	return any;
}

void
sim_log_clear(struct sim_log *log)
{
	for (int64_t i = 0; i < log->count; i++)
		clear_record(&log->records[i]);
	free(log->records);
	memset(log, 0, sizeof *log);
}
