/* A gate's lives, and its core: stepped by events, its actions done in their order. */
#include <string.h>

#include "lib/assert.h"
#include "tests/sim/gate.h"

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
	sim_push(sim, sim_gate_event_of(sim, gate, SIM_START), (int64_t)sim_draw(sim, 2000));
}

void
sim_gate_die(struct sim_gate *gate)
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
	sim_gate_die(gate);
}

void
sim_gate_end(struct sim *sim, struct sim_gate *gate, const char *why)
{
	sim_say(sim, gate->actor.name, "ends: %s", why);
	sim_gate_die(gate);
	sim_push(sim, sim_gate_event_of(sim, gate, SIM_START), 1000 + sim_delay(sim));
}

void
sim_gate_assign(struct sim *sim, struct sim_gate *gate, enum quoin_topic topic)
{
	struct sim_tail *tail = &gate->actor.tails[topic];

	*tail = (struct sim_tail){.is_assigned = true, .wanted = -1, .is_asking = true};
	sim_wake_tail(sim, &gate->actor, topic);
	sim_push(sim, sim_gate_event_of(sim, gate, SIM_ASK), sim_delay(sim));
}

void
sim_gate_start(struct sim *sim, struct sim_gate *gate)
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
	sim_gate_assign(sim, gate, QUOIN_TOPIC_CONTROL);
}

/* ---- Actions ---- */

void
sim_gate_ask_ends(struct sim *sim, struct sim_gate *gate, bool is_status_only)
{
	gate->actor.tails[QUOIN_TOPIC_STATUS].is_asking = true;
	if (!is_status_only) {
		gate->actor.tails[QUOIN_TOPIC_CONTROL].is_asking = true;
		gate->actor.tails[QUOIN_TOPIC_GATE].is_asking = true;
	}
	sim_push(sim, sim_gate_event_of(sim, gate, SIM_ASK), sim_delay(sim));
}

static void
execute(struct sim *sim, struct sim_gate *gate, const struct quoin_gate_action *action)
{
	struct sim_event event;

	switch (action->kind) {
	case QUOIN_GATE_NEED_RELEASE:
		event = sim_gate_event_of(sim, gate, SIM_SUMMARY);
		event.a = action->number;
		sim_push(sim, event, sim_delay(sim));
		break;
	case QUOIN_GATE_READ_STATUS:
		gate->token = action->token;
		gate->is_reading = true;
		sim_gate_ask_ends(sim, gate, true);
		break;
	case QUOIN_GATE_TAKE_OVER:
		sim_gate_drop_writer(gate);
		sim_push(sim, sim_gate_event_of(sim, gate, SIM_INIT), sim_delay(sim));
		break;
	case QUOIN_GATE_PRODUCE_ACTIVATION:
	case QUOIN_GATE_PRODUCE_HEARTBEAT:
		sim_gate_produce(sim, gate, action);
		break;
	case QUOIN_GATE_STEP_DOWN:
		sim_gate_drop_writer(gate);
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

void
sim_gate_feed(struct sim *sim, struct sim_gate *gate, struct quoin_gate_event event)
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
