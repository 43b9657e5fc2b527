/*
 * A host: the agent's core, its store, its model server or its readers. As subscriber/agent_execute.c does what actions say
 * in their order, so does this; the agent may die before any of them, and keeps what was committed.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/defect.h"
#include "subscriber/trace.h"
#include "tests/sim/host.h"
#include "tests/sim/judge.h"

#define BATCH_MAX 8

/* ---- Actions ---- */

static void
fetch(struct sim *sim, struct sim_host *host, uint64_t release)
{
	struct sim_event event = sim_host_event_of(sim, host, SIM_FETCHED);
	int64_t away_ms = sim_away_until(sim, &host->actor) - sim->now;

	event.a = release;
	if (sim->releases[release].is_bodiless)
		event.b = QUOIN_EMISSING;
	else if (host->unfetchable_until > sim->now)
		event.b = sim_chance(sim, 50) ? QUOIN_EMISSING : QUOIN_ECORRUPT;
	else if (host->full_until > sim->now)
		event.b = QUOIN_ENOSPC;
	else if (away_ms > 0)
		event.b = QUOIN_EUNREACHABLE;
	sim_push(sim, event, 5 + (int64_t)sim_draw(sim, 300));
}

static void
assign(struct sim *sim, struct sim_host *host, enum quoin_topic topic, int64_t offset)
{
	struct sim_tail *tail = &host->actor.tails[topic];

	tail->is_assigned = true;
	tail->next = offset;
	tail->wanted = sim->log[topic].count;
	sim_wake_tail(sim, &host->actor, topic);
}

static void
collect(struct sim *sim, struct sim_host *host)
{
	for (uint64_t i = 1; i < SIM_RELEASES; i++) {
		bool keeps = quoin_agent_core_keeps(&host->core, i);

		for (size_t k = 0; k < host->core.held_count; k++)
			keeps = keeps || host->core.held[k] == i;
		if (!host->store.parts[i] || keeps)
			continue;
		sim_judge_collect(sim, host, i);
		host->store.parts[i] = false;
	}
}

static bool
execute(struct sim *sim, struct sim_host *host, const struct quoin_agent_action *action)
{
	struct sim_event event;

	switch (action->kind) {
	case QUOIN_AGENT_PERSIST:
		if (host->full_until > sim->now) {
			sim_say(sim, host->actor.name, "the disk is full");
			sim_host_crash(sim, host, 1000 + (int64_t)sim_draw(sim, 4000));
			return false;
		}
		sim_host_persist(sim, host);
		break;
	case QUOIN_AGENT_COPY:
		host->store.copy = host->core.ratchets;
		host->store.has_copy = true;
		break;
	case QUOIN_AGENT_ASSIGN:
		assign(sim, host, action->topic, action->offset);
		break;
	case QUOIN_AGENT_FETCH:
		fetch(sim, host, action->release);
		break;
	case QUOIN_AGENT_TRY:
		sim_judge_try(sim, host, action->release);
		event = sim_host_event_of(sim, host, SIM_TRIED);
		event.a = action->release;
		sim_push(sim, event, 5 + (int64_t)sim_draw(sim, 100));
		break;
	case QUOIN_AGENT_PREPARE:
		if (!host->conf.has_data_plane)
			break;
		event = sim_host_event_of(sim, host, SIM_PREPARED);
		for (size_t i = 0; i < SIM_PLANE; i++)
			event.c = event.c || host->plane[i] == action->release;
		sim_host_plane(host, action->release, 0);
		event.a = action->release;
		event.b = sim_chance(sim, 5) ? QUOIN_EREFUSED : 0;
		sim_push(sim, event, 5 + (int64_t)sim_draw(sim, 300));
		break;
	case QUOIN_AGENT_PRUNE:
		sim_host_plane(host, 0, action->release);
		break;
	case QUOIN_AGENT_RUN:
		sim_host_hook(sim, host, action->model, action->hook);
		break;
	case QUOIN_AGENT_REPORT:
		sim_host_report(sim, host, action->number);
		break;
	case QUOIN_AGENT_LEASE:
		host->refuse_boot_ms = action->until_boot_ms;
		host->refuse_wall_ms = action->until_wall_ms;
		host->refuse_boots = host->boots;
		if (host->core.told_refused)
			sim_push(sim, sim_host_event_of(sim, host, SIM_LOOK), 1 + (int64_t)sim_draw(sim, 1000));
		break;
	case QUOIN_AGENT_READY:
		host->accepts = host->accepts || quoin_agent_core_is_ready(&host->core);
		break;
	case QUOIN_AGENT_COLLECT:
		collect(sim, host);
		break;
	case QUOIN_AGENT_EXIT:
		sim_host_die(sim, host);
		return false;
	case QUOIN_AGENT_MEND:	 /* stores here keep what was committed */
	case QUOIN_AGENT_CANCEL: /* its answer means nothing any more */
	case QUOIN_AGENT_SERVE:	 /* readers saw the commit */
	case QUOIN_AGENT_FRESH:
	case QUOIN_AGENT_REJECT:
	case QUOIN_AGENT_ALARM:
	case QUOIN_AGENT_NOTE:
		break;
	}
	return true;
}

static void
tell(struct sim *sim, const struct sim_host *host, const struct quoin_agent_event *event,
    const struct quoin_agent_action *action)
{
	struct quoin_buf text;

	if (!sim->is_traced)
		return;
	quoin_buf_init(&text, 1 << 16);
	if (event != NULL)
		(void)quoin_agent_event_print(event, &text);
	else
		(void)quoin_agent_action_print(&host->core, action, &text);
	sim_say(sim, host->actor.name, "%s%s", event != NULL ? "> " : "  ", quoin_buf_str(&text));
	quoin_buf_clear(&text);
}

void
sim_host_feed(struct sim *sim, struct sim_host *host, struct quoin_agent_event event)
{
	static struct quoin_agent_actions actions;

	if (!host->has_core || sim->violation.invariant != 0)
		return;
	event.boot_ms = sim_boot_ms(sim, &host->actor);
	event.wall_ms = sim_wall_ms(sim, &host->actor);
	if (event.kind != QUOIN_AGENT_TICK)
		tell(sim, host, &event, NULL);
	QUOIN_ASSERT(quoin_agent_core_step(&host->core, &event, &actions) == 0);
	for (size_t i = 0; i < actions.count && sim->violation.invariant == 0; i++) {
		if (host->crash_in > 0 && --host->crash_in == 0) {
			sim_host_crash(sim, host, 200 + (int64_t)sim_draw(sim, 3000));
			return;
		}
		tell(sim, host, NULL, &actions.items[i]);
		if (!execute(sim, host, &actions.items[i]))
			return;
	}
	sim_tick_at(sim, &host->actor, quoin_agent_core_deadline(&host->core));
}

/* ---- What comes back to it ---- */

static void
start(struct sim *sim, struct sim_host *host)
{
	static struct quoin_agent_stored stored;
	struct quoin_error err = {0};

	if (host->has_core)
		return;
	if (!host->actor.is_up) {
		host->actor.is_up = true;
		host->actor.clock.booted_at = sim->now;
		host->actor.clock.base_ms = 1000 + (int64_t)sim_draw(sim, 20000);
		host->accepts = false;
		/* Whatever was loaded is to be loaded again before it is ready. */
		memset(host->lost, 0, sizeof host->lost);
		sim_host_boot(host);
		for (size_t i = 0; i < SIM_READERS; i++) {
			struct sim_event event = sim_host_event_of(sim, host, SIM_READER);

			event.a = i;
			sim_push(sim, event, 1 + (int64_t)sim_draw(sim, 1000));
		}
	}
	/* A data plane takes the whole of what a new agent has, which is what it runs. */
	memset(host->plane, 0, sizeof host->plane);
	memset(&stored, 0, sizeof stored);
	sim_host_stored(host, &stored);
	if (quoin_agent_core_init(&host->core, &host->conf, &host->cert, &sim_root(1)->envelope, &stored, &err) != 0)
		sim_judge_unstarted(sim, host, err.message);
	host->has_core = true;
	sim_host_restore(sim, host);
	if (host->core.ratchets.is_new && !QUOIN_DEFECT(RUN_14B))
		sim_host_raise_status_number(sim, host);
	sim_say(sim, host->actor.name, "starts, running %llu", (unsigned long long)host->store.runs.number);
	sim_host_feed(sim, host, (struct quoin_agent_event){.kind = QUOIN_AGENT_START});
}

static void
hooked(struct sim *sim, struct sim_host *host, const struct sim_event *event)
{
	enum quoin_hook kind = (enum quoin_hook)event->b;

	sim_host_feed(sim, host,
	    (struct quoin_agent_event){.kind = QUOIN_AGENT_HOOKED,
		.model = event->a,
		.hook = kind,
		.code = sim_host_outcome(sim, host, kind, (uint32_t)event->c)});
}

static void
tried(struct sim *sim, struct sim_host *host, uint64_t number)
{
	const struct sim_release *release = &sim->releases[number];
	static struct quoin_agent_model_name names[SIM_ON_SHARD];
	struct quoin_agent_event event = {.kind = QUOIN_AGENT_TRIED, .release = number, .models = names};

	const bool kills = (release->poison & 1u << sim_host_index(sim, host)) != 0;

	if (kills && release->is_deadly) {
		sim_host_crash(sim, host, 500);
		return;
	}
	if (kills)
		event.code = QUOIN_EREFUSED;
	for (size_t i = 0; event.code == 0 && host->shard >= 0 && i < release->shards[host->shard].model_count; i++)
		sim_host_model_name(release->shards[host->shard].models[i], &names[event.model_count++]);
	sim_host_feed(sim, host, event);
}

static void
look(struct sim *sim, struct sim_host *host)
{
	uint64_t held[QUOIN_HELD_MAX];
	size_t count = 0;

	if (!host->has_core || host->shard >= 0)
		return;
	for (size_t i = 0; i < SIM_READERS; i++)
		quoin_agent_add_number(host->readers[i], held, &count, QUOIN_HELD_MAX);
	if (host->core.told_refused)
		sim_push(sim, sim_host_event_of(sim, host, SIM_LOOK), 1000);
	if (!host->core.told_refused && count == host->core.held_count &&
	    (count == 0 || memcmp(held, host->core.held, count * sizeof held[0]) == 0))
		return;
	sim_host_feed(sim, host,
	    (struct quoin_agent_event){.kind = QUOIN_AGENT_HELD, .held = held, .held_count = count});
}

static void
deliver(struct sim *sim, struct sim_host *host, enum quoin_topic topic)
{
	struct sim_tail *tail = &host->actor.tails[topic];
	const struct sim_log *log = &sim->log[topic];
	const uint64_t life = host->actor.life;
	uint64_t count = 1 + sim_draw(sim, BATCH_MAX);

	tail->is_scheduled = false;
	if (sim_away_until(sim, &host->actor) > sim->now || host->actor.late_until[topic] > sim->now) {
		sim_wake_tail(sim, &host->actor, topic);
		return;
	}
	if (tail->next > log->count) {
		sim_host_feed(sim, host,
		    (struct quoin_agent_event){.kind = QUOIN_AGENT_LOST, .topic = topic, .offset = tail->next});
		return;
	}
	while (count-- > 0 && tail->next < log->count && life == host->actor.life) {
		const int64_t offset = tail->next++;
		const struct sim_record *record = &log->records[offset];

		if (!record->is_gone)
			sim_host_feed(sim, host,
			    (struct quoin_agent_event){.kind = QUOIN_AGENT_RECORD,
				.topic = topic,
				.offset = offset,
				.key = quoin_span_str(record->key),
				.envelope = record->kind == SIM_RECORD_TOMBSTONE ? NULL : &record->sealed.envelope});
	}
	if (life != host->actor.life)
		return;
	/* A broker tells a reader of the end when it is there; of a topic that was made anew since, that is another place. */
	if (tail->wanted > log->count)
		tail->wanted = log->count;
	if (tail->wanted >= 0 && tail->next >= tail->wanted) {
		tail->wanted = -1;
		sim_host_feed(sim, host,
		    (struct quoin_agent_event){.kind = QUOIN_AGENT_END, .topic = topic, .offset = tail->next});
	}
	if (life == host->actor.life && (tail->next < log->count || tail->wanted >= 0))
		sim_wake_tail(sim, &host->actor, topic);
}

static void
tick(struct sim *sim, struct sim_host *host)
{
	/* An earlier deadline took its place. */
	if (host->actor.tick_at != sim->now)
		return;
	host->actor.tick_at = INT64_MAX;
	if (!host->has_core)
		return;
	if (quoin_agent_core_deadline(&host->core) <= sim_boot_ms(sim, &host->actor))
		sim_host_feed(sim, host, (struct quoin_agent_event){.kind = QUOIN_AGENT_TICK});
	else
		sim_tick_at(sim, &host->actor, quoin_agent_core_deadline(&host->core));
}

/* ---- Events ---- */

void
sim_host_event(struct sim *sim, struct sim_host *host, struct sim_event *event)
{
	switch (event->kind) {
	case SIM_START:
		start(sim, host);
		break;
	case SIM_DELIVER:
		deliver(sim, host, event->topic);
		break;
	case SIM_TICK:
		tick(sim, host);
		break;
	case SIM_SILENCE:
		sim_host_feed(sim, host,
		    (struct quoin_agent_event){.kind = QUOIN_AGENT_SILENCE, .silent = event->a != 0});
		break;
	case SIM_ARRIVE:
		sim_host_arrive(sim, host, event);
		break;
	case SIM_ACKED:
		if (host->slow_acks_until > sim->now && event->b == 0) {
			sim_push(sim, *event, host->slow_acks_until - sim->now);
			break;
		}
		/* An acknowledgement on its way when the network goes comes when it is back. */
		if (sim_away_until(sim, &host->actor) > sim->now) {
			sim_push(sim, *event, sim_away_until(sim, &host->actor) - sim->now + sim_delay(sim));
			break;
		}
		sim_host_feed(sim, host,
		    (struct quoin_agent_event){.kind = QUOIN_AGENT_ACKED, .number = event->a, .code = (int)event->b});
		break;
	case SIM_FETCHED:
		if (event->b == 0)
			host->store.parts[event->a] = true;
		sim_host_feed(sim, host,
		    (struct quoin_agent_event){.kind = QUOIN_AGENT_FETCHED,
			.release = event->a,
			.code = (int)event->b});
		break;
	case SIM_TRIED:
		tried(sim, host, event->a);
		break;
	case SIM_HOOKED:
		hooked(sim, host, event);
		break;
	case SIM_PREPARED:
		/* What it refuses it does not have, unless it had it before. */
		if (event->b != 0 && event->c == 0)
			sim_host_plane(host, 0, event->a);
		sim_host_feed(sim, host,
		    (struct quoin_agent_event){.kind = QUOIN_AGENT_PREPARED,
			.release = event->a,
			.code = (int)event->b});
		break;
	case SIM_READER:
		sim_host_read(sim, host, event->a);
		break;
	case SIM_LOOK:
		look(sim, host);
		break;
	default:
		QUOIN_ASSERT(!"a host's event");
	}
}
