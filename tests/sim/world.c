#include "tests/sim/world.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "tests/sim/convergence.h"
#include "tests/sim/judge.h"
#include "tests/sim/topics.h"

#define STUCK_STEPS 20000 /* at one moment: somebody runs in a circle */

/* ---- Chance ---- */

static uint64_t
next_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

uint64_t
sim_draw(struct sim *sim, uint64_t below)
{
	QUOIN_ASSERT(below > 0);
	return next_random(&sim->random) % below;
}

bool
sim_chance(struct sim *sim, unsigned percent)
{
	return sim_draw(sim, 100) < percent;
}

int64_t
sim_delay(struct sim *sim)
{
	uint64_t kind = sim_draw(sim, 100);

	if (kind < 80)
		return 1 + (int64_t)sim_draw(sim, 20);
	if (kind < 98)
		return 1 + (int64_t)sim_draw(sim, 400);
	return 1 + (int64_t)sim_draw(sim, 5000);
}

/* ---- The queue ---- */

static bool
is_before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void
sim_push(struct sim *sim, struct sim_event event, int64_t after_ms)
{
	size_t i;

	if (sim->queue_count == sim->queue_cap) {
		sim->queue_cap = sim->queue_cap == 0 ? 256 : 2 * sim->queue_cap;
		sim->queue = reallocarray(sim->queue, sim->queue_cap, sizeof *sim->queue);
		QUOIN_ASSERT(sim->queue != NULL);
	}
	event.at = sim->now + (after_ms > 0 ? after_ms : 0);
	event.order = sim->order++;
	if (event.kind != SIM_ACT && event.kind < SIM_BURY)
		event.life = sim_actor(sim, event.actor)->life;
	for (i = sim->queue_count++; i > 0 && is_before(&event, &sim->queue[(i - 1) / 2]); i = (i - 1) / 2)
		sim->queue[i] = sim->queue[(i - 1) / 2];
	sim->queue[i] = event;
}

static bool
pop(struct sim *sim, struct sim_event *ret)
{
	struct sim_event last;
	size_t i = 0;

	if (sim->queue_count == 0)
		return false;
	*ret = sim->queue[0];
	last = sim->queue[--sim->queue_count];
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= sim->queue_count)
			break;
		if (child + 1 < sim->queue_count && is_before(&sim->queue[child + 1], &sim->queue[child]))
			child++;
		if (!is_before(&sim->queue[child], &last))
			break;
		sim->queue[i] = sim->queue[child];
		i = child;
	}
	sim->queue[i] = last;
	return true;
}

static void
drop_status(struct sim_event *event)
{
	if (event->status != NULL)
		quoin_status_clear(event->status);
	free(event->status);
	event->status = NULL;
}

/* ---- Actors and their clocks ---- */

struct sim_actor *
sim_actor(struct sim *sim, int actor)
{
	QUOIN_ASSERT(actor >= 0 && actor < SIM_ACTORS);
	return actor < SIM_HOSTS ? &sim->hosts[actor].actor : &sim->gates[actor - SIM_HOSTS].actor;
}

int
sim_actor_index(const struct sim *sim, const struct sim_actor *actor)
{
	for (int i = 0; i < SIM_HOSTS; i++)
		if (actor == &sim->hosts[i].actor)
			return i;
	for (int i = 0; i < SIM_GATES; i++)
		if (actor == &sim->gates[i].actor)
			return SIM_HOSTS + i;
	QUOIN_ASSERT(!"an actor");
	return -1;
}

int64_t
sim_boot_ms(const struct sim *sim, const struct sim_actor *actor)
{
	int64_t up_ms = sim->now - actor->clock.booted_at;

	return actor->clock.base_ms + up_ms + up_ms * actor->clock.drift_ppm / 1000000;
}

int64_t
sim_wall_ms(const struct sim *sim, const struct sim_actor *actor)
{
	return SIM_WALL_MS + sim->now + actor->clock.wall_offset_ms;
}

int64_t
sim_time_of(const struct sim *sim, const struct sim_actor *actor, int64_t boot_ms)
{
	int64_t now_ms = sim_boot_ms(sim, actor), left_ms = boot_ms - now_ms;

	if (left_ms <= 0)
		return sim->now;
	return sim->now + left_ms * 1000000 / (1000000 + actor->clock.drift_ppm) + 1;
}

int64_t
sim_away_until(const struct sim *sim, const struct sim_actor *actor)
{
	return actor->away_until > sim->down_until ? actor->away_until : sim->down_until;
}

void
sim_tick_at(struct sim *sim, struct sim_actor *actor, int64_t boot_ms)
{
	int64_t at;

	if (boot_ms == INT64_MAX)
		return;
	at = sim_time_of(sim, actor, boot_ms);
	if (actor->tick_at <= at)
		return;
	actor->tick_at = at;
	sim_push(sim, (struct sim_event){.kind = SIM_TICK, .actor = sim_actor_index(sim, actor)}, at - sim->now);
}

void
sim_wake_tail(struct sim *sim, struct sim_actor *actor, enum quoin_topic topic)
{
	struct sim_tail *tail = &actor->tails[topic];
	int64_t away_ms;

	if (!tail->is_assigned || tail->is_scheduled || !actor->is_up)
		return;
	tail->is_scheduled = true;
	away_ms = sim_away_until(sim, actor) - sim->now;
	if (actor->late_until[topic] - sim->now > away_ms)
		away_ms = actor->late_until[topic] - sim->now;
	sim_push(sim,
	    (struct sim_event){.kind = SIM_DELIVER, .actor = sim_actor_index(sim, actor), .topic = topic},
	    (away_ms > 0 ? away_ms : 0) + sim_delay(sim));
}

/* ---- Telling ---- */

void
sim_say(struct sim *sim, const char *who, const char *fmt, ...)
{
	char *line;
	va_list args;
	int n;

	if (!sim->is_traced)
		return;
	line = sim->trace[sim->trace_count++ % SIM_TRACE_LINES];
	n = snprintf(line, sizeof sim->trace[0], "%7llu %9.3f  %-4s ", (unsigned long long)sim->steps,
	    (double)sim->now / 1000, who);
	va_start(args, fmt);
	(void)vsnprintf(line + n, sizeof sim->trace[0] - (size_t)n, fmt, args);
	va_end(args);
	if (sim->is_verbose)
		puts(line);
}

void
sim_violate(struct sim *sim, int invariant, const char *fmt, ...)
{
	va_list args;

	if (sim->violation.invariant != 0)
		return;
	sim->violation.invariant = invariant;
	va_start(args, fmt);
	(void)vsnprintf(sim->violation.text, sizeof sim->violation.text, fmt, args);
	va_end(args);
	sim_say(sim, "!!!", "I%d: %s", invariant, sim->violation.text);
}

/* ---- Life ---- */

struct sim *
sim_new(void)
{
	struct sim *sim = calloc(1, sizeof *sim);

	QUOIN_ASSERT(sim != NULL);
	sim->trace = calloc(SIM_TRACE_LINES, sizeof *sim->trace);
	sim->judge = sim_judge_new();
	QUOIN_ASSERT(sim->trace != NULL);
	return sim;
}

static void
clear(struct sim *sim)
{
	for (size_t i = 0; i < sim->queue_count; i++)
		drop_status(&sim->queue[i]);
	sim->queue_count = 0;
	for (size_t i = 0; i < QUOIN_TOPICS; i++)
		sim_log_clear(&sim->log[i]);
	sim_topics_clear(sim);
	for (int i = 0; i < SIM_HOSTS; i++)
		sim_host_clear(&sim->hosts[i]);
	for (int i = 0; i < SIM_GATES; i++)
		sim_gate_clear(&sim->gates[i]);
	quoin_ledger_clear(&sim->ledger);
	if (sim->pending.exists && sim->pending.has_activation)
		quoin_activation_clear(&sim->pending.activation);
	quoin_sealed_clear(&sim->pending.sealed);
	memset(&sim->pending, 0, sizeof sim->pending);
}

void
sim_free(struct sim *sim)
{
	clear(sim);
	free(sim->queue);
	free(sim->trace);
	sim_judge_free(sim->judge);
	free(sim);
}

static void
begin(struct sim *sim, uint64_t seed)
{
	sim->seed = seed;
	sim->random = seed ^ 0x51f15e5f00d5eedu;
	sim->now = 0;
	sim->order = sim->steps = 0;
	sim->fence = 0;
	sim->model_count = 0;
	sim->epoch = 1;
	sim->down_until = 0;
	sim->is_settled = sim->converged = false;
	sim->converged_at = 0;
	sim->trace_count = 0;
	memset(&sim->violation, 0, sizeof sim->violation);
	memset(sim->releases, 0, sizeof sim->releases);
	memset(sim->models, 0, sizeof sim->models);
	quoin_ledger_init(&sim->ledger);
	sim_judge_begin(sim);
	for (int i = 0; i < SIM_HOSTS; i++)
		sim_host_init(sim, i);
	for (int i = 0; i < SIM_GATES; i++)
		sim_gate_init(sim, i);
	sim_operator_begin(sim);
	for (size_t i = 0; i < sim->plan_count; i++)
		if (!sim->plan[i].is_off)
			sim_push(sim, (struct sim_event){.kind = SIM_ACT, .a = i}, sim->plan[i].at);
	sim_push(sim, (struct sim_event){.kind = SIM_SETTLE}, SIM_FAULTS_MS);
}

/* ---- Steps ---- */

static void
act(struct sim *sim, const struct sim_act *act_)
{
	char text[160];

	if (sim->is_traced) {
		sim_act_print(sim, act_, text, sizeof text);
		sim_say(sim, "***", "%s", text);
	}
	switch (act_->kind) {
	case SIM_BROKER_DOWN:
		sim->down_until = sim->now + act_->amount;
		break;
	case SIM_COMPACT:
		sim_log_compact(sim, (enum quoin_topic)(act_->number % QUOIN_TOPICS), 8);
		break;
	case SIM_PARTITION:
		sim_actor(sim, act_->actor)->away_until = sim->now + act_->amount;
		break;
	default:
		break;
	}
	if (act_->kind == SIM_GC || act_->kind == SIM_TOPIC_ANEW)
		sim_topics_act(sim, act_);
	else if (act_->kind < SIM_CRASH || act_->kind == SIM_FORGERY)
		sim_operator_act(sim, act_);
	else if (act_->actor < SIM_HOSTS)
		sim_host_act(sim, &sim->hosts[act_->actor], act_);
	else
		sim_gate_act(sim, &sim->gates[act_->actor - SIM_HOSTS], act_);
}

/* The faults are over: everything is whole again, and people put right what they did. */
static void
settle(struct sim *sim)
{
	sim->is_settled = true;
	sim->down_until = 0;
	sim_say(sim, "***", "the faults are over");
	for (int i = 0; i < SIM_ACTORS; i++) {
		struct sim_actor *actor = sim_actor(sim, i);

		actor->away_until = actor->stopped_until = actor->mute_until = 0;
		memset(actor->late_until, 0, sizeof actor->late_until);
		if (i < SIM_HOSTS)
			sim_host_settle(sim, &sim->hosts[i]);
		else if (!actor->is_up)
			sim_push(sim, (struct sim_event){.kind = SIM_START, .actor = i}, 100);
	}
	sim_topics_settle(sim);
	sim_operator_settle(sim);
	sim_push(sim, (struct sim_event){.kind = SIM_CHECK}, 10000);
}

static void
check(struct sim *sim)
{
	char why[300];

	if (sim_has_converged(sim, why, sizeof why)) {
		sim->converged = true;
		sim->converged_at = sim->now;
		sim_say(sim, "***", "converged");
	} else if (sim->now >= SIM_END_MS) {
		sim_judge_overdue(sim, why);
	} else {
		sim_push(sim, (struct sim_event){.kind = SIM_CHECK}, 10000);
	}
}

static void
take(struct sim *sim, struct sim_event *event)
{
	struct sim_actor *actor;

	switch (event->kind) {
	case SIM_ACT:
		act(sim, &sim->plan[event->a]);
		return;
	case SIM_SETTLE:
		settle(sim);
		return;
	case SIM_CHECK:
		check(sim);
		return;
	case SIM_BURY:
	case SIM_PUT_BACK:
		sim_topics_event(sim, event);
		return;
	default:
		break;
	}
	actor = sim_actor(sim, event->actor);
	/* What was on its way to a life that ended; a status may have left before. */
	if (event->life != actor->life && event->kind != SIM_ARRIVE && event->kind != SIM_READER)
		return;
	if (event->actor < SIM_HOSTS)
		sim_host_event(sim, &sim->hosts[event->actor], event);
	else
		sim_gate_event(sim, &sim->gates[event->actor - SIM_HOSTS], event);
	if (sim->violation.invariant == 0)
		sim_judge_step(sim, event->actor);
}

void
sim_run(struct sim *sim, uint64_t seed, uint64_t steps_max)
{
	struct sim_event event;
	uint64_t at_once = 0;
	int64_t last = -1;

	sim->steps_max = steps_max;
	begin(sim, seed);
	while (sim->violation.invariant == 0 && !sim->converged && sim->steps < steps_max && pop(sim, &event)) {
		at_once = event.at == last ? at_once + 1 : 0;
		last = sim->now = event.at;
		sim->steps++;
		take(sim, &event);
		drop_status(&event);
		if (at_once > STUCK_STEPS)
			sim_judge_circle(sim, sim_actor(sim, event.actor)->name);
	}
	clear(sim);
}
