/* What a gate reads, as publisher/gate_input.c does: records in order, and the ends that it asked for. */
#include <string.h>

#include "lib/assert.h"
#include "tests/sim/gate.h"

#define BATCH_MAX     12
#define STATUS_OLD_MS 86400000

const enum quoin_topic sim_gate_topics[SIM_GATE_TOPICS] = {QUOIN_TOPIC_CONTROL, QUOIN_TOPIC_GATE, QUOIN_TOPIC_STATUS};

/* ---- Ends, and turns ---- */

static bool
ends_reached(struct sim_gate *gate)
{
	bool all = true;

	for (size_t i = 0; i < SIM_GATE_TOPICS; i++) {
		struct sim_tail *tail = &gate->actor.tails[sim_gate_topics[i]];

		if (tail->is_asking)
			return false;
		if (tail->wanted >= 0 && tail->next >= tail->wanted)
			tail->wanted = -1;
		all = all && tail->wanted < 0;
	}
	return all;
}

/* As publisher/gate_input.c does where nobody was heard. */
static void
begin_heartbeats(struct sim *sim, struct sim_gate *gate)
{
	struct quoin_heartbeat own = {.number = (uint64_t)sim_wall_ms(sim, &gate->actor)};

	if (gate->heartbeats != 0)
		return;
	memcpy(own.gate, gate->id, sizeof own.gate);
	sim_gate_feed(sim, gate,
	    (struct quoin_gate_event){.kind = QUOIN_GATE_HEARTBEAT, .heartbeat = &own, .more = true});
}

static void
see_ends(struct sim *sim, struct sim_gate *gate)
{
	if (gate->is_busy || (gate->is_caught_up && !gate->is_taking_over && !gate->is_reading) || !ends_reached(gate))
		return;
	if (!gate->is_reading_others) {
		sim_gate_feed(sim, gate,
		    (struct quoin_gate_event){.kind = QUOIN_GATE_LEDGER, .ledger = &gate->ledger, .more = true});
		sim_gate_assign(sim, gate, QUOIN_TOPIC_GATE);
		sim_gate_assign(sim, gate, QUOIN_TOPIC_STATUS);
		gate->is_reading_others = true;
	} else if (!gate->is_caught_up) {
		gate->is_caught_up = true;
		gate->current_ms = sim_boot_ms(sim, &gate->actor);
		sim_gate_feed(sim, gate, (struct quoin_gate_event){.kind = QUOIN_GATE_CAUGHT_UP});
	} else if (gate->is_taking_over) {
		gate->is_taking_over = false;
		begin_heartbeats(sim, gate);
		sim_gate_feed(sim, gate, (struct quoin_gate_event){.kind = QUOIN_GATE_TOOK_OVER});
	} else {
		gate->is_reading = false;
		gate->read_end = sim->log[QUOIN_TOPIC_STATUS].base + gate->actor.tails[QUOIN_TOPIC_STATUS].next;
		sim_gate_feed(sim, gate,
		    (struct quoin_gate_event){.kind = QUOIN_GATE_STATUS_READ, .token = gate->token});
	}
}

void
sim_gate_turn(struct sim *sim, struct sim_gate *gate)
{
	int64_t deadline_ms;

	see_ends(sim, gate);
	if (!gate->is_busy)
		sim_gate_feed(sim, gate, (struct quoin_gate_event){.kind = QUOIN_GATE_TICK});
	see_ends(sim, gate);
	if (gate->core == NULL)
		return;
	deadline_ms = quoin_gate_core_deadline(gate->core);
	if (deadline_ms <= sim_boot_ms(sim, &gate->actor))
		deadline_ms = sim_boot_ms(sim, &gate->actor) + 20;
	sim_tick_at(sim, &gate->actor, deadline_ms);
}

static void
read_anew(struct sim *sim, struct sim_gate *gate, enum quoin_topic topic)
{
	gate->actor.tails[topic].next = 0;
	sim_wake_tail(sim, &gate->actor, topic);
}

void
sim_gate_ask(struct sim *sim, struct sim_gate *gate)
{
	if (sim_away_until(sim, &gate->actor) > sim->now) {
		sim_push(sim, sim_gate_event_of(sim, gate, SIM_ASK), sim_away_until(sim, &gate->actor) - sim->now + 10);
		return;
	}
	for (size_t i = 0; i < SIM_GATE_TOPICS; i++) {
		struct sim_tail *tail = &gate->actor.tails[sim_gate_topics[i]];

		if (!tail->is_asking || !tail->is_assigned)
			continue;
		tail->is_asking = false;
		tail->wanted = sim->log[sim_gate_topics[i]].count;
		/* Before its end: it was made anew. */
		if (tail->next > tail->wanted)
			read_anew(sim, gate, sim_gate_topics[i]);
	}
	sim_gate_turn(sim, gate);
}

/* ---- Records ---- */

static void
take_control(struct sim *sim, struct sim_gate *gate, const struct sim_record *record)
{
	const uint64_t last_intent = gate->ledger.last_intent.number;
	struct quoin_error err = {0};
	int r = 0;

	switch (record->kind) {
	case SIM_RECORD_ROOT:
		if (record->number > gate->epoch_told) {
			gate->epoch_told = record->number;
			sim_gate_feed(sim, gate,
			    (struct quoin_gate_event){.kind = QUOIN_GATE_ROOT, .epoch = record->number, .more = true});
		}
		return;
	case SIM_RECORD_CERT:
		sim_gate_feed(sim, gate,
		    (struct quoin_gate_event){.kind = QUOIN_GATE_CERT,
			.cert = &sim->hosts[record->number].cert,
			.more = true});
		return;
	case SIM_RECORD_RELEASE:
		r = quoin_ledger_admit_release(&gate->ledger, &sim->releases[record->number].doc,
		    &sim->releases[record->number].ref.hash, &err);
		break;
	case SIM_RECORD_INTENT:
		r = quoin_ledger_admit_intent(&gate->ledger, &sim->intents[record->number],
		    &sim->intent_hashes[record->number], &err);
		break;
	default:
		return;
	}
	QUOIN_ASSERT(r == 0);
	if (gate->is_caught_up && quoin_ledger_has_skipped(&gate->ledger, last_intent)) {
		sim_gate_end(sim, gate, "gc removed intents that it had not read");
		return;
	}
	sim_gate_feed(sim, gate,
	    (struct quoin_gate_event){.kind = QUOIN_GATE_LEDGER, .ledger = &gate->ledger, .more = true});
}

static void
take_gate(struct sim *sim, struct sim_gate *gate, const struct sim_record *record)
{
	struct quoin_position at;

	if (record->kind == SIM_RECORD_HEARTBEAT && record->heartbeat->number > gate->heartbeats) {
		gate->heartbeats = record->heartbeat->number;
		sim_gate_feed(sim, gate,
		    (struct quoin_gate_event){.kind = QUOIN_GATE_HEARTBEAT,
			.heartbeat = record->heartbeat,
			.more = true});
	}
	if (record->kind != SIM_RECORD_ACTIVATION)
		return;
	at = (struct quoin_position){record->activation->epoch, record->activation->seq, record->sealed.hash};
	if (quoin_position_compare(&at, &gate->newest) <= 0)
		return;
	gate->newest = at;
	sim_gate_feed(sim, gate,
	    (struct quoin_gate_event){.kind = QUOIN_GATE_ACTIVATION,
		.activation = record->activation,
		.hash = record->sealed.hash,
		.more = true});
}

static int64_t
age_of(const struct sim *sim, const struct sim_gate *gate, const struct sim_record *record)
{
	int64_t age_ms = sim_wall_ms(sim, &gate->actor) - (SIM_WALL_MS + record->at);

	if (gate->is_caught_up)
		return 0;
	if (age_ms < -QUOIN_GATE_CLOCKS_APART_MS)
		age_ms = STATUS_OLD_MS;
	if (age_ms < 0)
		age_ms = 0;
	return age_ms < sim_boot_ms(sim, &gate->actor) ? age_ms : sim_boot_ms(sim, &gate->actor);
}

static void
take_status(struct sim *sim, struct sim_gate *gate, const struct sim_record *record)
{
	if (record->kind != SIM_RECORD_STATUS || record->status->number <= gate->statuses[record->number])
		return;
	gate->statuses[record->number] = record->status->number;
	sim_gate_feed(sim, gate,
	    (struct quoin_gate_event){.kind = QUOIN_GATE_STATUS,
		.cert = &sim->hosts[record->number].cert,
		.status = record->status,
		.age_ms = age_of(sim, gate, record),
		.lag_ms = gate->is_caught_up ? sim_boot_ms(sim, &gate->actor) - gate->current_ms : 0,
		.more = true});
}

void
sim_gate_deliver(struct sim *sim, struct sim_gate *gate, enum quoin_topic topic)
{
	struct sim_tail *tail = &gate->actor.tails[topic];
	const struct sim_log *log = &sim->log[topic];
	uint64_t count = 1 + sim_draw(sim, BATCH_MAX);

	tail->is_scheduled = false;
	gate->was_cut_off = gate->was_cut_off || sim_away_until(sim, &gate->actor) > sim->now;
	if (gate->is_busy || sim_away_until(sim, &gate->actor) > sim->now || gate->actor.late_until[topic] > sim->now) {
		sim_wake_tail(sim, &gate->actor, topic);
		return;
	}
	if (tail->next > log->count)
		tail->next = 0;
	if (gate->was_cut_off && gate->is_caught_up) {
		gate->was_cut_off = false;
		read_anew(sim, gate, QUOIN_TOPIC_CONTROL);
		read_anew(sim, gate, QUOIN_TOPIC_GATE);
	}
	while (count-- > 0 && tail->next < log->count && !gate->is_busy && gate->core != NULL) {
		const struct sim_record *record = &log->records[tail->next++];

		if (record->is_gone || record->is_forged || record->kind == SIM_RECORD_TOMBSTONE)
			continue;
		if (record->kind == SIM_RECORD_INCARNATION && topic != QUOIN_TOPIC_STATUS && gate->lives[topic] != 0 &&
		    gate->lives[topic] != record->number + 1) {
			sim_gate_end(sim, gate, "a topic was made anew");
			return;
		}
		if (record->kind == SIM_RECORD_INCARNATION)
			gate->lives[topic] = (unsigned)record->number + 1;
		else if (topic == QUOIN_TOPIC_CONTROL)
			take_control(sim, gate, record);
		else if (topic == QUOIN_TOPIC_GATE)
			take_gate(sim, gate, record);
		else
			take_status(sim, gate, record);
	}
	if (gate->core == NULL)
		return;
	if (topic == QUOIN_TOPIC_STATUS && tail->next == log->count && tail->next >= gate->late_end)
		gate->current_ms = sim_boot_ms(sim, &gate->actor);
	sim_gate_turn(sim, gate);
	if (tail->next < log->count)
		sim_wake_tail(sim, &gate->actor, topic);
}
