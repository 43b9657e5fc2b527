/*
 * A gate: its core, and a shell that turns topics into events and actions into transactions as publisher/gate_input.c and
 * gate_output.c do; what it reads was verified there by others, so that records come with what they mean.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/defect.h"
#include "tests/sim/judge.h"
#include "tests/sim/world.h"

#define BATCH_MAX    12
#define STATUS_OLD_MS 86400000

static void feed(struct sim *sim, struct sim_gate *gate, struct quoin_gate_event event);

static struct sim_event
event_of(const struct sim *sim, const struct sim_gate *gate, enum sim_event_kind kind)
{
	return (struct sim_event){.kind = kind, .actor = SIM_HOSTS + (int)(gate - sim->gates)};
}

/* ---- Life ---- */

void
sim_gate_init(struct sim *sim, int index)
{
	struct sim_gate *gate = &sim->gates[index];

	memset(gate, 0, offsetof(struct sim_gate, actions));
	memcpy(gate->actor.name, index == 0 ? "g1" : "g2", 3);
	gate->actor.tick_at = INT64_MAX;
	gate->actor.clock = (struct sim_clock){.base_ms = 200000 + (int64_t)sim_draw(sim, 100000),
	    .drift_ppm = (int64_t)sim_draw(sim, 2001) - 1000,
	    .wall_offset_ms = (int64_t)sim_draw(sim, 2000) - 1000};
	sim_push(sim, event_of(sim, gate, SIM_START), (int64_t)sim_draw(sim, 2000));
}

static void
die(struct sim_gate *gate)
{
	quoin_gate_core_free(gate->core);
	gate->core = NULL;
	quoin_ledger_clear(&gate->ledger);
	quoin_activation_clear(&gate->produced);
	quoin_sealed_clear(&gate->sealed);
	gate->actor.life++;
	gate->actor.is_up = false;
	gate->actor.tick_at = INT64_MAX;
	memset(gate->actor.tails, 0, sizeof gate->actor.tails);
}

void
sim_gate_clear(struct sim_gate *gate)
{
	die(gate);
}

/* It ends by itself, and is started again. */
static void
end(struct sim *sim, struct sim_gate *gate, const char *why)
{
	sim_say(sim, gate->actor.name, "ends: %s", why);
	die(gate);
	sim_push(sim, event_of(sim, gate, SIM_START), 1000 + sim_delay(sim));
}

static void
assign(struct sim *sim, struct sim_gate *gate, enum quoin_topic topic)
{
	struct sim_tail *tail = &gate->actor.tails[topic];

	*tail = (struct sim_tail){.is_assigned = true, .wanted = -1, .is_asking = true};
	sim_wake_tail(sim, &gate->actor, topic);
	sim_push(sim, event_of(sim, gate, SIM_ASK), sim_delay(sim));
}

static void
start(struct sim *sim, struct sim_gate *gate)
{
	struct quoin_gate_core_conf conf = {.origin = *sim_origin(),
	    .heartbeat_ms = SIM_HEARTBEAT_MS,
	    .jitter_ms = sim_draw(sim, SIM_HEARTBEAT_MS + 1),
	    .lease_ms = SIM_LEASE_MS,
	    .lease_refuse = sim->lease_refuse};

	if (gate->core != NULL)
		return;
	for (size_t i = 0; i < sizeof gate->id; i++)
		gate->id[i] = (uint8_t)sim_draw(sim, 256);
	memcpy(conf.gate, gate->id, sizeof conf.gate);
	QUOIN_ASSERT(quoin_gate_core_new(&conf, &gate->core) == 0);
	quoin_ledger_init(&gate->ledger);
	gate->actor.is_up = true;
	gate->is_reading_others = gate->is_caught_up = gate->is_taking_over = gate->is_reading = false;
	gate->was_stopped = gate->was_cut_off = gate->is_busy = false;
	gate->late_end = 0;
	gate->writer = 0;
	gate->epoch_told = 0;
	gate->heartbeats = 0;
	gate->outcome = SIM_WRITTEN;
	memset(gate->lives, 0, sizeof gate->lives);
	memset(gate->statuses, 0, sizeof gate->statuses);
	memset(&gate->newest, 0, sizeof gate->newest);
	sim_say(sim, gate->actor.name, "starts");
	assign(sim, gate, QUOIN_TOPIC_CONTROL);
}

/* ---- Transactions ---- */

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
	struct sim_event event = event_of(sim, gate, SIM_OUTCOME);

	event.b = code;
	sim_push(sim, event, sim_delay(sim));
}

static void
commit(struct sim *sim, struct sim_gate *gate)
{
	enum sim_outcome outcome = gate->outcome;
	bool is_written = outcome == SIM_WRITTEN || outcome == SIM_UNKNOWN_WRITTEN;

	if (gate->actor.stopped_until > sim->now && sim_chance(sim, 60)) {
		/* It was stopped before it asked for the commit. */
		sim_push(sim, event_of(sim, gate, SIM_COMMIT), gate->actor.stopped_until - sim->now + 1);
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

static void
drop_writer(struct sim_gate *gate)
{
	gate->writer = 0;
	gate->is_taking_over = gate->is_reading = false;
}

/* ---- Actions ---- */

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

static void
produce(struct sim *sim, struct sim_gate *gate, const struct quoin_gate_action *action)
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
		position = (struct quoin_position){action->activation->epoch, action->activation->seq, gate->sealed.hash};
	}
	make_heartbeat(sim, gate, action->number, &position);
	sim_push(sim, event_of(sim, gate, SIM_COMMIT), sim_delay(sim));
}

static void
ask_ends(struct sim *sim, struct sim_gate *gate, bool is_status_only)
{
	gate->actor.tails[QUOIN_TOPIC_STATUS].is_asking = true;
	if (!is_status_only) {
		gate->actor.tails[QUOIN_TOPIC_CONTROL].is_asking = true;
		gate->actor.tails[QUOIN_TOPIC_GATE].is_asking = true;
	}
	sim_push(sim, event_of(sim, gate, SIM_ASK), sim_delay(sim));
}

static void
execute(struct sim *sim, struct sim_gate *gate, const struct quoin_gate_action *action)
{
	struct sim_event event;

	switch (action->kind) {
	case QUOIN_GATE_NEED_RELEASE:
		event = event_of(sim, gate, SIM_SUMMARY);
		event.a = action->number;
		sim_push(sim, event, sim_delay(sim));
		break;
	case QUOIN_GATE_READ_STATUS:
		gate->token = action->token;
		gate->is_reading = true;
		ask_ends(sim, gate, true);
		break;
	case QUOIN_GATE_TAKE_OVER:
		drop_writer(gate);
		sim_push(sim, event_of(sim, gate, SIM_INIT), sim_delay(sim));
		break;
	case QUOIN_GATE_PRODUCE_ACTIVATION:
	case QUOIN_GATE_PRODUCE_HEARTBEAT:
		produce(sim, gate, action);
		break;
	case QUOIN_GATE_STEP_DOWN:
		drop_writer(gate);
		break;
	case QUOIN_GATE_ALARM:
		sim_operator_heed(sim, action->text);
		break;
	case QUOIN_GATE_ASK_HEALTH:
	case QUOIN_GATE_DECIDED:
	case QUOIN_GATE_REASON:
		break;
	}
}

static void
tell(struct sim *sim, const struct sim_gate *gate, const struct quoin_gate_event *event,
    const struct quoin_gate_action *action)
{
	struct quoin_buf text;

	if (!sim->is_traced)
		return;
	quoin_buf_init(&text, 1 << 16);
	if (event != NULL)
		quoin_gate_event_print(event, &text);
	else
		quoin_gate_action_print(action, &text);
	sim_say(sim, gate->actor.name, "%s%s", event != NULL ? "> " : "  ", quoin_buf_str(&text));
	quoin_buf_clear(&text);
}

static void
feed(struct sim *sim, struct sim_gate *gate, struct quoin_gate_event event)
{
	if (gate->core == NULL || sim->violation.invariant != 0) {
		quoin_gate_release_free(event.release);
		return;
	}
	event.now_ms = sim_boot_ms(sim, &gate->actor);
	event.wall_ms = sim_wall_ms(sim, &gate->actor);
	if (event.kind != QUOIN_GATE_TICK)
		tell(sim, gate, &event, NULL);
	QUOIN_ASSERT(quoin_gate_core_step(gate->core, &event, &gate->actions) == 0);
	/* Now and then: what was miscounted stays so until the next activation. */
	QUOIN_ASSERT(sim->steps % 8 != 0 || quoin_gate_core_check(gate->core));
	for (size_t i = 0; i < gate->actions.count; i++) {
		if (gate->actions.items[i].kind != QUOIN_GATE_PRODUCE_HEARTBEAT)
			tell(sim, gate, NULL, &gate->actions.items[i]);
		execute(sim, gate, &gate->actions.items[i]);
	}
}

/* ---- Ends, and turns ---- */

static const enum quoin_topic topics[] = {QUOIN_TOPIC_CONTROL, QUOIN_TOPIC_GATE, QUOIN_TOPIC_STATUS};

static bool
ends_reached(struct sim_gate *gate)
{
	bool all = true;

	for (size_t i = 0; i < 3; i++) {
		struct sim_tail *tail = &gate->actor.tails[topics[i]];

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
	feed(sim, gate, (struct quoin_gate_event){.kind = QUOIN_GATE_HEARTBEAT, .heartbeat = &own, .more = true});
}

static void
see_ends(struct sim *sim, struct sim_gate *gate)
{
	if (gate->is_busy || (gate->is_caught_up && !gate->is_taking_over && !gate->is_reading) || !ends_reached(gate))
		return;
	if (!gate->is_reading_others) {
		feed(sim, gate,
		    (struct quoin_gate_event){.kind = QUOIN_GATE_LEDGER, .ledger = &gate->ledger, .more = true});
		assign(sim, gate, QUOIN_TOPIC_GATE);
		assign(sim, gate, QUOIN_TOPIC_STATUS);
		gate->is_reading_others = true;
	} else if (!gate->is_caught_up) {
		gate->is_caught_up = true;
		gate->current_ms = sim_boot_ms(sim, &gate->actor);
		feed(sim, gate, (struct quoin_gate_event){.kind = QUOIN_GATE_CAUGHT_UP});
	} else if (gate->is_taking_over) {
		gate->is_taking_over = false;
		begin_heartbeats(sim, gate);
		feed(sim, gate, (struct quoin_gate_event){.kind = QUOIN_GATE_TOOK_OVER});
	} else {
		gate->is_reading = false;
		gate->read_end = sim->log[QUOIN_TOPIC_STATUS].base + gate->actor.tails[QUOIN_TOPIC_STATUS].next;
		feed(sim, gate, (struct quoin_gate_event){.kind = QUOIN_GATE_STATUS_READ, .token = gate->token});
	}
}

static void
turn(struct sim *sim, struct sim_gate *gate)
{
	int64_t deadline_ms;

	see_ends(sim, gate);
	if (!gate->is_busy)
		feed(sim, gate, (struct quoin_gate_event){.kind = QUOIN_GATE_TICK});
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

static void
ask(struct sim *sim, struct sim_gate *gate)
{
	if (sim_away_until(sim, &gate->actor) > sim->now) {
		sim_push(sim, event_of(sim, gate, SIM_ASK), sim_away_until(sim, &gate->actor) - sim->now + 10);
		return;
	}
	for (size_t i = 0; i < 3; i++) {
		struct sim_tail *tail = &gate->actor.tails[topics[i]];

		if (!tail->is_asking || !tail->is_assigned)
			continue;
		tail->is_asking = false;
		tail->wanted = sim->log[topics[i]].count;
		/* Before its end: it was made anew. */
		if (tail->next > tail->wanted)
			read_anew(sim, gate, topics[i]);
	}
	turn(sim, gate);
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
			feed(sim, gate,
			    (struct quoin_gate_event){.kind = QUOIN_GATE_ROOT, .epoch = record->number, .more = true});
		}
		return;
	case SIM_RECORD_CERT:
		feed(sim, gate,
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
		end(sim, gate, "gc removed intents that it had not read");
		return;
	}
	feed(sim, gate, (struct quoin_gate_event){.kind = QUOIN_GATE_LEDGER, .ledger = &gate->ledger, .more = true});
}

static void
take_gate(struct sim *sim, struct sim_gate *gate, const struct sim_record *record)
{
	struct quoin_position at;

	if (record->kind == SIM_RECORD_HEARTBEAT && record->heartbeat->number > gate->heartbeats) {
		gate->heartbeats = record->heartbeat->number;
		feed(sim, gate,
		    (struct quoin_gate_event){.kind = QUOIN_GATE_HEARTBEAT, .heartbeat = record->heartbeat, .more = true});
	}
	if (record->kind != SIM_RECORD_ACTIVATION)
		return;
	at = (struct quoin_position){record->activation->epoch, record->activation->seq, record->sealed.hash};
	if (quoin_position_compare(&at, &gate->newest) <= 0)
		return;
	gate->newest = at;
	feed(sim, gate,
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
	if (age_ms < -60000)
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
	feed(sim, gate,
	    (struct quoin_gate_event){.kind = QUOIN_GATE_STATUS,
		.cert = &sim->hosts[record->number].cert,
		.status = record->status,
		.age_ms = age_of(sim, gate, record),
		.lag_ms = gate->is_caught_up ? sim_boot_ms(sim, &gate->actor) - gate->current_ms : 0,
		.more = true});
}

static void
deliver(struct sim *sim, struct sim_gate *gate, enum quoin_topic topic)
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
			end(sim, gate, "a topic was made anew");
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
	turn(sim, gate);
	if (tail->next < log->count)
		sim_wake_tail(sim, &gate->actor, topic);
}

/* ---- Events ---- */

static void
init(struct sim *sim, struct sim_gate *gate)
{
	if (sim_away_until(sim, &gate->actor) > sim->now) {
		feed(sim, gate, (struct quoin_gate_event){.kind = QUOIN_GATE_LOST});
		turn(sim, gate);
		return;
	}
	gate->writer = sim_gate_fence(sim);
	gate->is_taking_over = true;
	ask_ends(sim, gate, false);
}

static void
outcome(struct sim *sim, struct sim_gate *gate, int code)
{
	gate->is_busy = false;
	switch (code) {
	case 0:
		if (gate->has_activation) {
			gate->newest = gate->heartbeat.activation;
			feed(sim, gate,
			    (struct quoin_gate_event){.kind = QUOIN_GATE_ACTIVATION,
				.activation = &gate->produced,
				.hash = gate->sealed.hash});
		} else {
			feed(sim, gate, (struct quoin_gate_event){.kind = QUOIN_GATE_HEARTBEAT_WRITTEN, .more = true});
		}
		break;
	case QUOIN_EFENCED:
		drop_writer(gate);
		feed(sim, gate, (struct quoin_gate_event){.kind = QUOIN_GATE_FENCED});
		break;
	case QUOIN_ECONFLICT:
		feed(sim, gate, (struct quoin_gate_event){.kind = QUOIN_GATE_NOT_WRITTEN, .more = true});
		break;
	default:
		drop_writer(gate);
		feed(sim, gate, (struct quoin_gate_event){.kind = QUOIN_GATE_LOST});
		break;
	}
	turn(sim, gate);
}

static void
tick(struct sim *sim, struct sim_gate *gate)
{
	/* An earlier deadline took its place. */
	if (gate->actor.tick_at != sim->now)
		return;
	gate->actor.tick_at = INT64_MAX;
	if (!gate->is_busy)
		turn(sim, gate);
}

static void
summary(struct sim *sim, struct sim_gate *gate, const struct sim_event *event)
{
	if (gate->is_busy || sim_away_until(sim, &gate->actor) > sim->now) {
		sim_push(sim, *event, 50 + sim_delay(sim));
		return;
	}
	feed(sim, gate,
	    (struct quoin_gate_event){.kind = QUOIN_GATE_RELEASE,
		.release = sim_gate_summary(sim, event->a),
		.more = true});
	turn(sim, gate);
}

void
sim_gate_event(struct sim *sim, struct sim_gate *gate, struct sim_event *event)
{
	/* Stopped: it finds everything when it goes on. */
	if (gate->actor.stopped_until > sim->now && event->kind != SIM_COMMIT) {
		sim_push(sim, *event, gate->actor.stopped_until - sim->now + 1);
		gate->was_stopped = true;
		return;
	}
	gate->was_cut_off = gate->was_cut_off || gate->was_stopped;
	if (gate->was_stopped)
		gate->late_end = sim->log[QUOIN_TOPIC_STATUS].count;
	gate->was_stopped = false;
	switch (event->kind) {
	case SIM_START:
		start(sim, gate);
		break;
	case SIM_DELIVER:
		deliver(sim, gate, event->topic);
		break;
	case SIM_TICK:
		tick(sim, gate);
		break;
	case SIM_ASK:
		if (gate->is_busy)
			sim_push(sim, *event, 10);
		else
			ask(sim, gate);
		break;
	case SIM_INIT:
		init(sim, gate);
		break;
	case SIM_COMMIT:
		commit(sim, gate);
		break;
	case SIM_OUTCOME:
		outcome(sim, gate, (int)event->b);
		break;
	case SIM_SUMMARY:
		summary(sim, gate, event);
		break;
	default:
		QUOIN_ASSERT(!"a gate's event");
	}
}

void
sim_gate_act(struct sim *sim, struct sim_gate *gate, const struct sim_act *act)
{
	enum quoin_topic topic = topics[act->number % 3];

	switch (act->kind) {
	case SIM_GATE_KILL:
		if (gate->core == NULL)
			break;
		die(gate);
		sim_push(sim, event_of(sim, gate, SIM_START), act->amount);
		break;
	case SIM_GATE_STOP:
		gate->actor.stopped_until = sim->now + act->amount;
		break;
	case SIM_GATE_COMMIT:
		gate->outcome = SIM_ABORTED + (enum sim_outcome)(act->number % 4);
		break;
	case SIM_CLOCK:
		gate->actor.clock.wall_offset_ms += act->amount;
		break;
	case SIM_LAG:
		gate->actor.late_until[topic] = sim->now + act->amount;
		break;
	default:
		break;
	}
}

/* ---- What the gate must know of a release ---- */

struct quoin_gate_release *
sim_gate_summary(const struct sim *sim, uint64_t number)
{
	const struct sim_release *release = &sim->releases[number];
	struct quoin_gate_release *summary;
	size_t model_count = 0;
	uint32_t at = 0;

	for (int s = 0; s < SIM_SHARDS; s++)
		model_count += release->shards[s].model_count;
	summary = quoin_gate_release_new(number, 1, model_count, SIM_SHARDS);
	QUOIN_ASSERT(summary != NULL && release->exists);
	summary->policy = release->doc.policy;
	(void)snprintf(summary->resources[0], sizeof summary->resources[0], "slots");
	for (int s = 0; s < SIM_SHARDS; s++) {
		const struct sim_shard *from = &release->shards[s];
		struct quoin_gate_shard *to = &summary->shards[s];

		QUOIN_ASSERT(quoin_gate_shard_make(summary, to, from->host_count, from->model_count) == 0);
		(void)snprintf(to->name, sizeof to->name, "%c", 'A' + s);
		to->health_checked = from->health_checked;
		to->capacity[0] = from->capacity;
		for (size_t i = 0; i < from->host_count; i++)
			(void)snprintf(to->hosts[i], sizeof to->hosts[i], "%s",
			    sim->hosts[sim_shard_first(s) + (int)i].cert.host);
		for (size_t i = 0; i < from->model_count; i++) {
			char name[16], digest[32];

			(void)snprintf(name, sizeof name, "m%u", from->models[i]);
			(void)snprintf(digest, sizeof digest, "sha256:%u", from->models[i]);
			quoin_gate_model_identity(name, "1", digest, &summary->models[at].identity);
			summary->models[at].demand[0] = 1;
			to->models[i] = at++;
		}
	}
	return summary;
}
