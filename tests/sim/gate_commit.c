/* A gate's transactions: what it produced is on the log whole, or not at all, and sometimes nobody knows. */
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/defect.h"
#include "tests/sim/gate.h"
#include "tests/sim/judge.h"

struct sim_event
sim_gate_event_of(const struct sim *sim, const struct sim_gate *gate, enum sim_event_kind kind)
{
	return (struct sim_event){.kind = kind, .actor = SIM_HOSTS + (int)(gate - sim->gates)};
}

/* ---- Producing ---- */

static void
make_heartbeat(struct sim *sim, struct sim_gate *gate, uint64_t number, const struct quoin_position *position)
{
	int64_t wall_ms = sim_wall_ms(sim, &gate->actor);

	gate->heartbeat = (struct quoin_heartbeat){.origin = *sim_origin(),
	    .number = number,
	    .issued_ms = wall_ms,
	    .expires_ms = wall_ms + 300000,
	    .interval_ms = SIM_HEARTBEAT_MS,
	    .root = {sim->epoch, sim_root(sim->epoch)->hash},
	    .head = gate->ledger.head,
	    .intent = gate->ledger.last_intent,
	    .activation = *position};
	memcpy(gate->heartbeat.gate, gate->id, sizeof gate->heartbeat.gate);
	if (gate->lives[QUOIN_TOPIC_CONTROL] != 0)
		memcpy(gate->heartbeat.control_incarnation, sim_incarnation(gate->lives[QUOIN_TOPIC_CONTROL] - 1),
		    QUOIN_INCARNATION_BYTES);
	if (gate->lives[QUOIN_TOPIC_GATE] != 0)
		memcpy(gate->heartbeat.gate_incarnation, sim_incarnation(gate->lives[QUOIN_TOPIC_GATE] - 1),
		    QUOIN_INCARNATION_BYTES);
}

void
sim_gate_produce(struct sim *sim, struct sim_gate *gate, const struct quoin_gate_action *action)
{
	struct quoin_position position = action->position;
	struct quoin_buf text;

	QUOIN_ASSERT(!gate->is_busy);
	gate->is_busy = true;
	gate->produced_at = sim->now;
	gate->has_activation = action->kind == QUOIN_GATE_PRODUCE_ACTIVATION;
	quoin_activation_clear(&gate->produced);
	quoin_sealed_clear(&gate->sealed);
	if (gate->has_activation) {
		QUOIN_ASSERT(quoin_activation_copy(action->activation, &gate->produced) == 0);
		quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
		QUOIN_ASSERT(quoin_activation_print(action->activation, &text) == 0);
		sim_seal(QUOIN_ROLE_GATE, &text, &gate->sealed);
		position =
		    (struct quoin_position){action->activation->epoch, action->activation->seq, gate->sealed.hash};
	}
	make_heartbeat(sim, gate, action->number, &position);
	sim_push(sim, sim_gate_event_of(sim, gate, SIM_COMMIT), sim_delay(sim));
}

void
sim_gate_drop_writer(struct sim_gate *gate)
{
	gate->writer = 0;
	gate->is_taking_over = gate->is_reading = false;
}

/* ---- Committing ---- */

static void
commit_records(struct sim *sim, const struct sim_gate *gate, const struct quoin_activation *activation,
    const struct quoin_sealed *sealed)
{
	struct sim_record record = {.kind = SIM_RECORD_ACTIVATION, .sealed = *sealed};

	record.activation = calloc(1, sizeof *record.activation);
	QUOIN_ASSERT(record.activation != NULL && quoin_activation_copy(activation, record.activation) == 0);
	(void)snprintf(record.key, sizeof record.key, "activation/%llu", (unsigned long long)activation->seq);
	sim_judge_activation(sim, gate, activation, &sealed->hash);
	(void)sim_log_append(sim, QUOIN_TOPIC_GATE, &record);
}

static void
commit_heartbeat(struct sim *sim, const struct quoin_heartbeat *heartbeat)
{
	struct sim_record record = {.kind = SIM_RECORD_HEARTBEAT, .key = "heartbeat"};
	struct quoin_buf text;

	record.heartbeat = calloc(1, sizeof *record.heartbeat);
	QUOIN_ASSERT(record.heartbeat != NULL);
	*record.heartbeat = *heartbeat;
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	QUOIN_ASSERT(quoin_heartbeat_print(heartbeat, &text) == 0);
	sim_seal(QUOIN_ROLE_GATE, &text, &record.sealed);
	(void)sim_log_append(sim, QUOIN_TOPIC_GATE, &record);
	quoin_sealed_clear(&record.sealed);
}

/* The transactional id is fenced; what was left open ends one way or the other before anybody else writes. */
uint64_t
sim_gate_fence(struct sim *sim)
{
	if (sim->pending.exists && sim_chance(sim, 50)) {
		sim_say(sim, "log", "the open transaction is committed");
		if (sim->pending.has_activation)
			commit_records(sim, NULL, &sim->pending.activation, &sim->pending.sealed);
	}
	if (sim->pending.exists && sim->pending.has_activation)
		quoin_activation_clear(&sim->pending.activation);
	quoin_sealed_clear(&sim->pending.sealed);
	memset(&sim->pending, 0, sizeof sim->pending);
	return ++sim->fence;
}

static void
leave_open(struct sim *sim, struct sim_gate *gate)
{
	QUOIN_ASSERT(!sim->pending.exists);
	sim->pending.exists = true;
	sim->pending.has_activation = gate->has_activation;
	if (!gate->has_activation)
		return;
	QUOIN_ASSERT(quoin_activation_copy(&gate->produced, &sim->pending.activation) == 0);
	QUOIN_ASSERT(quoin_sealed_copy(&gate->sealed.envelope, &sim->pending.sealed) == 0);
}

static void
answer(struct sim *sim, struct sim_gate *gate, int code)
{
	struct sim_event event = sim_gate_event_of(sim, gate, SIM_OUTCOME);

	event.b = code;
	sim_push(sim, event, sim_delay(sim));
}

void
sim_gate_commit(struct sim *sim, struct sim_gate *gate)
{
	enum sim_outcome outcome = gate->outcome;
	bool is_written = outcome == SIM_WRITTEN || outcome == SIM_UNKNOWN_WRITTEN;

	if (gate->actor.stopped_until > sim->now && sim_chance(sim, 60)) {
		/* It was stopped before it asked for the commit. */
		sim_push(sim, sim_gate_event_of(sim, gate, SIM_COMMIT), gate->actor.stopped_until - sim->now + 1);
		return;
	}
	if (gate->writer != sim->fence && !QUOIN_DEFECT(DOUBLE_GATE)) {
		answer(sim, gate, QUOIN_EFENCED);
		return;
	}
	if (sim_away_until(sim, &gate->actor) > sim->now) {
		/* Nothing reached the broker; the client cannot know. */
		answer(sim, gate, QUOIN_EUNKNOWN);
		return;
	}
	gate->outcome = SIM_WRITTEN;
	if (outcome == SIM_UNKNOWN_LATE && !sim->pending.exists)
		leave_open(sim, gate);
	if (is_written && gate->has_activation)
		commit_records(sim, gate, &gate->produced, &gate->sealed);
	if (is_written)
		commit_heartbeat(sim, &gate->heartbeat);
	answer(sim, gate, outcome == SIM_WRITTEN ? 0 : outcome == SIM_ABORTED ? QUOIN_ECONFLICT : QUOIN_EUNKNOWN);
}
