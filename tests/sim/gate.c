/*
 * A gate: its core, and a shell that turns topics into events and actions into transactions as publisher/gate_input.c and
 * gate_output.c do; what it reads was verified there by others, so that records come with what they mean.
 */
#include "tests/sim/gate.h"

#include <stdio.h>

#include "lib/assert.h"

/* ---- Events ---- */

static void
init(struct sim *sim, struct sim_gate *gate)
{
	if (sim_away_until(sim, &gate->actor) > sim->now) {
		sim_gate_feed(sim, gate, (struct quoin_gate_event){.kind = QUOIN_GATE_LOST});
		sim_gate_turn(sim, gate);
		return;
	}
	gate->writer = sim_gate_fence(sim);
	gate->is_taking_over = true;
	sim_gate_ask_ends(sim, gate, false);
}

static void
outcome(struct sim *sim, struct sim_gate *gate, int code)
{
	gate->is_busy = false;
	switch (code) {
	case 0:
		if (gate->has_activation) {
			gate->newest = gate->heartbeat.activation;
			sim_gate_feed(sim, gate,
			    (struct quoin_gate_event){.kind = QUOIN_GATE_ACTIVATION,
				.activation = &gate->produced,
				.hash = gate->sealed.hash});
		} else {
			sim_gate_feed(sim, gate,
			    (struct quoin_gate_event){.kind = QUOIN_GATE_HEARTBEAT_WRITTEN, .more = true});
		}
		break;
	case QUOIN_EFENCED:
		sim_gate_drop_writer(gate);
		sim_gate_feed(sim, gate, (struct quoin_gate_event){.kind = QUOIN_GATE_FENCED});
		break;
	case QUOIN_ECONFLICT:
		sim_gate_feed(sim, gate, (struct quoin_gate_event){.kind = QUOIN_GATE_NOT_WRITTEN, .more = true});
		break;
	default:
		sim_gate_drop_writer(gate);
		sim_gate_feed(sim, gate, (struct quoin_gate_event){.kind = QUOIN_GATE_LOST});
		break;
	}
	sim_gate_turn(sim, gate);
}

static void
tick(struct sim *sim, struct sim_gate *gate)
{
	/* An earlier deadline took its place. */
	if (gate->actor.tick_at != sim->now)
		return;
	gate->actor.tick_at = INT64_MAX;
	if (!gate->is_busy)
		sim_gate_turn(sim, gate);
}

static void
summary(struct sim *sim, struct sim_gate *gate, const struct sim_event *event)
{
	if (gate->is_busy || sim_away_until(sim, &gate->actor) > sim->now) {
		sim_push(sim, *event, 50 + sim_delay(sim));
		return;
	}
	sim_gate_feed(sim, gate,
	    (struct quoin_gate_event){.kind = QUOIN_GATE_RELEASE,
		.release = sim_gate_summary(sim, event->a),
		.more = true});
	sim_gate_turn(sim, gate);
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
		sim_gate_start(sim, gate);
		break;
	case SIM_DELIVER:
		sim_gate_deliver(sim, gate, event->topic);
		break;
	case SIM_TICK:
		tick(sim, gate);
		break;
	case SIM_ASK:
		if (gate->is_busy)
			sim_push(sim, *event, 10);
		else
			sim_gate_ask(sim, gate);
		break;
	case SIM_INIT:
		init(sim, gate);
		break;
	case SIM_COMMIT:
		sim_gate_commit(sim, gate);
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

/* ---- What goes wrong ---- */

void
sim_gate_act(struct sim *sim, struct sim_gate *gate, const struct sim_act *act)
{
	enum quoin_topic topic = sim_gate_topics[act->number % SIM_GATE_TOPICS];

	switch (act->kind) {
	case SIM_GATE_KILL:
		if (gate->core == NULL)
			break;
		sim_gate_die(gate);
		sim_push(sim, sim_gate_event_of(sim, gate, SIM_START), act->amount);
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
