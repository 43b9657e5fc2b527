/*
 * A host: the agent's core, its store, its model server or its readers. As subscriber/agent_execute.c does what actions say
 * in their order, so does this; the agent may die before any of them, and keeps what was committed.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/defect.h"
#include "subscriber/trace.h"
#include "tests/sim/judge.h"
#include "tests/sim/world.h"

#define TIMEOUT_MS 30000 /* of a status that cannot be sent */
#define BATCH_MAX  8
#define BOAST_MS   15000 /* a boaster says the truth until then */

static void feed(struct sim *sim, struct sim_host *host, struct quoin_agent_event event);

static int
index_of(const struct sim *sim, const struct sim_host *host)
{
	return (int)(host - sim->hosts);
}

static struct sim_event
event_of(const struct sim *sim, const struct sim_host *host, enum sim_event_kind kind)
{
	return (struct sim_event){.kind = kind, .actor = index_of(sim, host)};
}

/* ---- Life and death ---- */

static void
set_boot(struct sim_host *host)
{
	host->boots++;
	(void)snprintf(host->conf.boot, sizeof host->conf.boot, "00000000-0000-4000-8000-%012u", host->boots);
}

void
sim_host_init(struct sim *sim, int index)
{
	struct sim_host *host = &sim->hosts[index];

	memset(host, 0, offsetof(struct sim_host, core));
	host->has_core = false;
	memset(&host->boots, 0, sizeof *host - offsetof(struct sim_host, boots));
	sim_cert(index, &host->cert, &host->cert_sealed);
	memcpy(host->actor.name, host->cert.host, sizeof host->actor.name - 1);
	host->shard = index < 3 ? 0 : index < SIM_SERVING ? 1 : -1;
	host->actor.is_up = true;
	host->actor.tick_at = INT64_MAX;
	host->actor.clock = (struct sim_clock){.booted_at = 0,
	    .base_ms = 100000 + (int64_t)sim_draw(sim, 100000),
	    .drift_ppm = (int64_t)sim_draw(sim, 16001) - 8000,
	    .wall_offset_ms = (int64_t)sim_draw(sim, 2000) - 1000};
	host->capacity = sim->slots;
	host->conf = (struct quoin_agent_conf){.origin = *sim_origin(),
	    .status_interval_ms = SIM_STATUS_MS,
	    .lease_ms = SIM_LEASE_MS,
	    .lease_refuse = sim->lease_refuse,
	    .has_data_plane = host->shard < 0 && sim_chance(sim, 30),
	    .drain_ms = 500,
	    .has_validate = sim_chance(sim, 30),
	    .has_check = sim_chance(sim, 70),
	    .hook_retries = 1,
	    .hook_parallel = 1 + sim_draw(sim, 3),
	    .hook_check_ms = 5000};
	host->is_liar = host->shard >= 0 && sim_chance(sim, 3);
	host->is_outdated = host->shard >= 0 && sim_chance(sim, 2);
	host->is_boaster = sim->seed % 8 == 6 && (uint64_t)index_of(sim, host) == sim->seed / 8 % SIM_SERVING;
	set_boot(host);
	sim_push(sim, event_of(sim, host, SIM_START), (int64_t)sim_draw(sim, 500));
}

void
sim_host_clear(struct sim_host *host)
{
	if (host->has_core)
		quoin_agent_core_clear(&host->core);
	host->has_core = false;
	for (size_t i = 0; i < host->store.document_count; i++)
		quoin_buf_clear(&host->store.documents[i].bytes);
	host->store.document_count = 0;
	quoin_sealed_clear(&host->cert_sealed);
}

/* The agent is gone, and with it all that was on its way to it. */
static void
die(const struct sim *sim, struct sim_host *host)
{
	if (host->has_core)
		quoin_agent_core_clear(&host->core);
	host->has_core = false;
	host->died_at = sim->now;
	host->actor.life++;
	host->actor.tick_at = INT64_MAX;
	host->crash_in = 0;
	for (size_t i = 0; i < QUOIN_TOPICS; i++) {
		host->actor.tails[i].is_assigned = false;
		host->actor.tails[i].is_scheduled = false;
	}
	/* Its routes stay in the data plane until an agent is back. */
}

static void
crash(struct sim *sim, struct sim_host *host, int64_t away_ms)
{
	sim_say(sim, host->actor.name, "the agent dies");
	die(sim, host);
	sim_push(sim, event_of(sim, host, SIM_START), away_ms);
}

static void
forget_documents(struct sim_store *store)
{
	for (size_t i = 0; i < store->document_count; i++)
		quoin_buf_clear(&store->documents[i].bytes);
	store->document_count = 0;
}

static void
lose_store(struct sim *sim, struct sim_host *host, bool with_copy)
{
	struct sim_store *store = &host->store;

	/* The copy lags by some 50 ms; a store that is damaged in just that moment is left out. */
	if (store->has_ratchets)
		store->copy = store->ratchets;
	store->has_copy = store->has_copy || store->has_ratchets;
	forget_documents(store);
	store->has_ratchets = false;
	store->has_copy = store->has_copy && with_copy;
	memset(store->offsets, 0, sizeof store->offsets);
	store->fuse_count = 0;
	memset(&store->runs, 0, sizeof store->runs);
	memset(&store->chosen, 0, sizeof store->chosen);
	memset(store->parts, 0, sizeof store->parts);
	host->has_lost_store = true;
	/* Left out: a new store that cannot look its last status up and whose clock is behind numbers below it, and is not heard
	 * until it is restarted with the clock put right. */
	if (!store->has_copy && host->actor.clock.wall_offset_ms < 0)
		host->actor.clock.wall_offset_ms = 0;
	/* What readers had open stays open: the file was moved, not removed. */
	sim_judge_lost(sim, host, store->has_copy);
}

static void
reboot(struct sim *sim, struct sim_host *host, int64_t away_ms)
{
	sim_say(sim, host->actor.name, "the machine goes down");
	die(sim, host);
	host->actor.is_up = false;
	for (uint32_t i = 0; i < SIM_MODELS; i++) {
		host->lost[i] = host->lost[i] || host->loaded[i];
		host->loaded[i] = false;
	}
	host->accepts = false;
	memset(host->readers, 0, sizeof host->readers);
	memset(host->stuck_until, 0, sizeof host->stuck_until);
	memset(host->plane, 0, sizeof host->plane);
	sim_push(sim, event_of(sim, host, SIM_START), away_ms);
}

/* ---- Beginning from the store ---- */

static void
read_stored(const struct sim *sim, const struct sim_host *host, struct quoin_agent_stored *ret)
{
	const struct sim_store *store = &host->store;

	(void)sim;
	if (store->has_ratchets)
		ret->ratchets = store->ratchets;
	if (store->has_ratchets && store->has_copy)
		quoin_ratchets_merge(&ret->ratchets, &store->copy);
	else if (store->has_copy)
		ret->ratchets = store->copy;
	ret->is_new = !store->has_ratchets && !store->has_copy;
	memcpy(ret->offsets, store->offsets, sizeof ret->offsets);
	memcpy(ret->fuses, store->fuses, sizeof ret->fuses);
	ret->fuse_count = store->fuse_count;
	ret->runs = store->runs;
	ret->chosen = store->chosen;
	for (size_t i = 0; i < SIM_READERS; i++)
		quoin_agent_add_number(host->readers[i], ret->held, &ret->held_count, QUOIN_HELD_MAX);
}

static void
restore(struct sim *sim, struct sim_host *host)
{
	static const enum quoin_store_kind kinds[] = {QUOIN_STORE_ROOT, QUOIN_STORE_RELEASE, QUOIN_STORE_INTENT,
	    QUOIN_STORE_ACTIVATION};
	const struct sim_store *store = &host->store;
	struct quoin_error err = {0};

	for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
		for (uint64_t number = 0; number < SIM_INTENTS + SIM_RELEASES; number++)
			for (size_t i = 0; i < store->document_count; i++) {
				const struct sim_store_document *document = &store->documents[i];

				if (document->kind != kinds[k] || document->number != number)
					continue;
				if (quoin_agent_core_restore(&host->core, kinds[k], quoin_buf_span(&document->bytes), &err) != 0)
					sim_judge_unstarted(sim, host, err.message);
			}
}

/* As quoin_agent_open does for a host without a store. */
static void
raise_status_number(struct sim *sim, struct sim_host *host)
{
	const struct sim_log *log = &sim->log[QUOIN_TOPIC_STATUS];

	if (sim_away_until(sim, &host->actor) > sim->now)
		return;
	for (int64_t i = log->count; i-- > 0;)
		if (log->records[i].kind == SIM_RECORD_STATUS && log->records[i].status != NULL &&
		    log->records[i].number == (uint64_t)index_of(sim, host)) {
			if (log->records[i].status->number >= host->core.status_next)
				host->core.status_next = log->records[i].status->number + 1;
			return;
		}
}

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
		set_boot(host);
		for (size_t i = 0; i < SIM_READERS; i++) {
			struct sim_event event = event_of(sim, host, SIM_READER);

			event.a = i;
			sim_push(sim, event, 1 + (int64_t)sim_draw(sim, 1000));
		}
	}
	/* A data plane takes the whole of what a new agent has, which is what it runs. */
	memset(host->plane, 0, sizeof host->plane);
	memset(&stored, 0, sizeof stored);
	read_stored(sim, host, &stored);
	if (quoin_agent_core_init(&host->core, &host->conf, &host->cert, &sim_root(1)->envelope, &stored, &err) != 0)
		sim_judge_unstarted(sim, host, err.message);
	host->has_core = true;
	restore(sim, host);
	if (host->core.ratchets.is_new && !QUOIN_DEFECT(RUN_14B))
		raise_status_number(sim, host);
	sim_say(sim, host->actor.name, "starts, running %llu", (unsigned long long)host->store.runs.number);
	feed(sim, host, (struct quoin_agent_event){.kind = QUOIN_AGENT_START});
}

/* ---- PERSIST ---- */

static void
keep_document(struct sim_store *store, const struct quoin_store_document *document)
{
	struct sim_store_document *to = NULL;

	for (size_t i = 0; i < store->document_count && to == NULL; i++)
		if (store->documents[i].kind == document->kind && store->documents[i].number == document->number)
			to = &store->documents[i];
	if (to == NULL) {
		QUOIN_ASSERT(store->document_count < SIM_DOCS);
		to = &store->documents[store->document_count++];
		to->kind = document->kind;
		to->number = document->number;
		quoin_buf_init(&to->bytes, QUOIN_ENVELOPE_BYTES_MAX);
	}
	quoin_buf_reset(&to->bytes);
	QUOIN_ASSERT(quoin_buf_put_span(&to->bytes, document->bytes) == 0);
}

static void
readers_look(struct sim *sim, struct sim_host *host)
{
	for (size_t i = 0; i < SIM_READERS && host->shard < 0; i++) {
		struct sim_event event = event_of(sim, host, SIM_READER);

		event.a = i;
		sim_push(sim, event, sim_delay(sim));
	}
}

static bool
persist(struct sim *sim, struct sim_host *host)
{
	const struct quoin_agent_change *change = &host->core.change;
	const struct quoin_docref before = host->store.runs;
	struct sim_store *store = &host->store;

	if (host->full_until > sim->now) {
		sim_say(sim, host->actor.name, "the disk is full");
		crash(sim, host, 1000 + (int64_t)sim_draw(sim, 4000));
		return false;
	}
	for (size_t i = 0; i < change->document_count; i++)
		keep_document(store, &change->documents[i]);
	if (change->has_ratchets) {
		store->ratchets = host->core.ratchets;
		store->has_ratchets = true;
		host->core.lease_saved = host->core.ratchets.lease_boot_ms;
	}
	for (size_t i = 0; i < QUOIN_TOPICS; i++)
		if (change->has_offset[i])
			store->offsets[i] = host->core.offsets[i];
	if (change->has_fuses) {
		memcpy(store->fuses, host->core.fuses, host->core.fuse_count * sizeof store->fuses[0]);
		store->fuse_count = host->core.fuse_count;
	}
	if (change->has_active) {
		store->runs = host->core.runs;
		store->chosen = host->core.chosen;
		readers_look(sim, host);
	}
	sim_judge_commit(sim, host, &before);
	return true;
}

/* ---- REPORT ---- */

static void
report(struct sim *sim, struct sim_host *host, uint64_t number)
{
	struct sim_event arrive = event_of(sim, host, SIM_ARRIVE), acked = event_of(sim, host, SIM_ACKED);
	struct quoin_status *status = calloc(1, sizeof *status);
	int64_t away_ms = sim_away_until(sim, &host->actor) - sim->now, sent_ms, at_ms;

	if (host->actor.mute_until - sim->now > away_ms)
		away_ms = host->actor.mute_until - sim->now;

	QUOIN_ASSERT(status != NULL &&
	    quoin_agent_core_status(&host->core, sim_boot_ms(sim, &host->actor), sim_wall_ms(sim, &host->actor),
		status) == 0);
	status->number = number;
	sim_judge_report(sim, host, status);
	for (size_t i = 0; i < SIM_READERS && host->shard < 0; i++)
		quoin_agent_add_number(host->readers[i], status->holds, &status->hold_count, QUOIN_HELD_MAX);
	acked.a = number;
	if (away_ms > TIMEOUT_MS) {
		acked.b = QUOIN_ETIMEOUT;
		sim_push(sim, acked, TIMEOUT_MS);
		quoin_status_clear(status);
		free(status);
		return;
	}
	/* In the order in which they were sent. */
	sent_ms = (away_ms > 0 ? away_ms : 0) + sim_delay(sim);
	at_ms = sim->now + sent_ms > host->arrival ? sim->now + sent_ms : host->arrival + 1;
	host->arrival = at_ms;
	arrive.a = number;
	arrive.b = at_ms - (int64_t)sim_draw(sim, 20); /* it left the machine then */
	arrive.status = status;
	sim_push(sim, arrive, at_ms - sim->now);
	if (sim_chance(sim, 2))
		acked.b = QUOIN_ETIMEOUT; /* it is there, and nobody said so */
	/* Or says so late: a broker is slow to answer, now and then. */
	sim_push(sim, acked,
	    at_ms - sim->now +
		(acked.b != 0	       ? TIMEOUT_MS
		    : sim_chance(sim, 4) ? (int64_t)sim_draw(sim, TIMEOUT_MS)
					 : sim_delay(sim)));
}

static void
arrive(struct sim *sim, struct sim_host *host, struct sim_event *event)
{
	struct sim_record record = {.kind = SIM_RECORD_STATUS, .number = (uint64_t)index_of(sim, host)};

	/* What the dead agent had not sent yet is gone with it. */
	if (event->life != host->actor.life && event->b > host->died_at)
		return;
	(void)snprintf(record.key, sizeof record.key, "status/%s", host->actor.name);
	record.status = event->status;
	event->status = NULL;
	for (size_t i = 0; i < record.status->release_count && host->is_outdated && !sim->is_settled; i++) {
		struct quoin_docref *ref = &record.status->releases[i].release;

		ref->hash = sim->releases[ref->number > 1 ? ref->number - 1 : ref->number].ref.hash;
	}
	sim_judge_status(sim, host, record.status);
	if (host->is_boaster && sim->now > BOAST_MS && !sim->is_settled)
		record.status->obeyed.seq += 1000;
	(void)sim_log_append(sim, QUOIN_TOPIC_STATUS, &record);
}

/* ---- Models ---- */

static void
hook(struct sim *sim, struct sim_host *host, uint64_t id, enum quoin_hook kind)
{
	const struct quoin_agent_model *model = quoin_agent_core_model(&host->core, id);
	struct sim_event event = event_of(sim, host, SIM_HOOKED);
	int64_t takes_ms = 20 + (int64_t)sim_draw(sim, 800);
	uint32_t number = (uint32_t)atoi(model->name.name + 1);

	QUOIN_ASSERT(number < SIM_MODELS);
	event.a = id;
	event.b = kind;
	event.c = number;
	if (kind == QUOIN_HOOK_UNLOAD) {
		sim_judge_unload(sim, host, number);
		host->loaded[number] = host->lost[number] = false;
	}
	if (kind == QUOIN_HOOK_LOAD && sim->models[number].kind == SIM_MODEL_SLOW)
		takes_ms = 5000 + (int64_t)sim_draw(sim, 20000);
	if (kind == QUOIN_HOOK_CHECK)
		takes_ms = 5;
	sim_push(sim, event, takes_ms);
}

static int
outcome_of(struct sim *sim, struct sim_host *host, enum quoin_hook kind, uint32_t number)
{
	struct sim_model *model = &sim->models[number];
	uint64_t used = 0;

	switch (kind) {
	case QUOIN_HOOK_LOAD:
		if (host->is_liar)
			return 0;
		if (model->kind == SIM_MODEL_BAD ||
		    (model->kind == SIM_MODEL_FLAKY && model->tries[index_of(sim, host)]++ == 0))
			return QUOIN_EREFUSED;
		for (uint32_t i = 0; i < SIM_MODELS; i++)
			used += host->loaded[i];
		if (!host->loaded[number] && used >= host->capacity && !host->has_lost_store)
			return QUOIN_EREFUSED;
		host->loaded[number] = true;
		host->lost[number] = false;
		return 0;
	case QUOIN_HOOK_VALIDATE:
	case QUOIN_HOOK_CHECK:
		return host->is_liar || host->loaded[number] ? 0 : QUOIN_EREFUSED;
	case QUOIN_HOOK_UNLOAD:
		return 0;
	}
	return 0;
}

static void
hooked(struct sim *sim, struct sim_host *host, const struct sim_event *event)
{
	enum quoin_hook kind = (enum quoin_hook)event->b;

	feed(sim, host,
	    (struct quoin_agent_event){.kind = QUOIN_AGENT_HOOKED,
		.model = event->a,
		.hook = kind,
		.code = outcome_of(sim, host, kind, (uint32_t)event->c)});
}

/* ---- Fetching and trying ---- */

static void
fetch(struct sim *sim, struct sim_host *host, uint64_t release)
{
	struct sim_event event = event_of(sim, host, SIM_FETCHED);
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
tried(struct sim *sim, struct sim_host *host, uint64_t number)
{
	const struct sim_release *release = &sim->releases[number];
	static struct quoin_agent_model_name names[SIM_ON_SHARD];
	struct quoin_agent_event event = {.kind = QUOIN_AGENT_TRIED, .release = number, .models = names};

	const bool kills = (release->poison & 1u << index_of(sim, host)) != 0;

	if (kills && release->is_deadly) {
		crash(sim, host, 500);
		return;
	}
	if (kills)
		event.code = QUOIN_EREFUSED;
	for (size_t i = 0; event.code == 0 && host->shard >= 0 && i < release->shards[host->shard].model_count; i++) {
		struct quoin_agent_model_name *name = &names[event.model_count++];

		(void)snprintf(name->name, sizeof name->name, "m%u", release->shards[host->shard].models[i]);
		(void)snprintf(name->version, sizeof name->version, "1");
		(void)snprintf(name->digest, sizeof name->digest, "sha256:%u", release->shards[host->shard].models[i]);
	}
	feed(sim, host, event);
}

/* ---- Readers ---- */

size_t
sim_host_effective(const struct sim *sim, const struct sim_host *host, uint64_t ret[SIM_EFFECTIVE])
{
	const int64_t boot_ms = sim_boot_ms(sim, &host->actor), wall_ms = sim_wall_ms(sim, &host->actor);
	size_t count = 0;

	if (host->shard >= 0)
		return 0;
	/* A machine that is down serves again as it comes up, until its agent says otherwise. */
	if (host->conf.lease_refuse &&
	    (host->refuse_boots != host->boots || !host->actor.is_up ||
		((host->refuse_boot_ms != 0 || host->refuse_wall_ms != 0) &&
		    (boot_ms >= host->refuse_boot_ms || wall_ms >= host->refuse_wall_ms))))
		return 0;
	quoin_agent_add_number(host->store.runs.number, ret, &count, SIM_EFFECTIVE);
	for (size_t i = 0; i < SIM_READERS; i++)
		quoin_agent_add_number(host->readers[i], ret, &count, SIM_EFFECTIVE);
	for (size_t i = 0; i < SIM_PLANE; i++)
		quoin_agent_add_number(host->plane[i], ret, &count, SIM_EFFECTIVE);
	return count;
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
		sim_push(sim, event_of(sim, host, SIM_LOOK), 1000);
	if (!host->core.told_refused && count == host->core.held_count && (count == 0 || memcmp(held, host->core.held, count * sizeof held[0]) == 0))
		return;
	feed(sim, host, (struct quoin_agent_event){.kind = QUOIN_AGENT_HELD, .held = held, .held_count = count});
}

static void
reader(struct sim *sim, struct sim_host *host, uint64_t which)
{
	struct sim_event event = event_of(sim, host, SIM_READER);

	if (!host->actor.is_up || host->shard >= 0 || host->readers[which] == host->store.runs.number)
		return;
	if (host->stuck_until[which] > sim->now) {
		event.a = which;
		sim_push(sim, event, host->stuck_until[which] - sim->now);
		return;
	}
	if (host->store.runs.number != 0)
		host->readers[which] = host->store.runs.number;
	sim_say(sim, host->actor.name, "reader %llu holds %llu", (unsigned long long)which,
	    (unsigned long long)host->readers[which]);
	sim_push(sim, event_of(sim, host, SIM_LOOK), 1 + (int64_t)sim_draw(sim, 1000));
}

/* ---- Actions ---- */

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
plane(struct sim_host *host, uint64_t add, uint64_t remove)
{
	size_t free_at = SIM_PLANE;

	for (size_t i = 0; i < SIM_PLANE; i++) {
		if (add != 0 && host->plane[i] == add)
			return;
		if (remove != 0 && host->plane[i] == remove)
			host->plane[i] = 0;
		if (host->plane[i] == 0)
			free_at = i;
	}
	QUOIN_ASSERT(add == 0 || free_at < SIM_PLANE);
	if (add != 0)
		host->plane[free_at] = add;
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
		return persist(sim, host);
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
		event = event_of(sim, host, SIM_TRIED);
		event.a = action->release;
		sim_push(sim, event, 5 + (int64_t)sim_draw(sim, 100));
		break;
	case QUOIN_AGENT_PREPARE:
		if (!host->conf.has_data_plane)
			break;
		event = event_of(sim, host, SIM_PREPARED);
		for (size_t i = 0; i < SIM_PLANE; i++)
			event.c = event.c || host->plane[i] == action->release;
		plane(host, action->release, 0);
		event.a = action->release;
		event.b = sim_chance(sim, 5) ? QUOIN_EREFUSED : 0;
		sim_push(sim, event, 5 + (int64_t)sim_draw(sim, 300));
		break;
	case QUOIN_AGENT_PRUNE:
		plane(host, 0, action->release);
		break;
	case QUOIN_AGENT_RUN:
		hook(sim, host, action->model, action->hook);
		break;
	case QUOIN_AGENT_REPORT:
		report(sim, host, action->number);
		break;
	case QUOIN_AGENT_LEASE:
		host->refuse_boot_ms = action->until_boot_ms;
		host->refuse_wall_ms = action->until_wall_ms;
		host->refuse_boots = host->boots;
		if (host->core.told_refused)
			sim_push(sim, event_of(sim, host, SIM_LOOK), 1 + (int64_t)sim_draw(sim, 1000));
		break;
	case QUOIN_AGENT_READY:
		host->accepts = host->accepts || quoin_agent_core_is_ready(&host->core);
		break;
	case QUOIN_AGENT_COLLECT:
		collect(sim, host);
		break;
	case QUOIN_AGENT_EXIT:
		die(sim, host);
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

static void
feed(struct sim *sim, struct sim_host *host, struct quoin_agent_event event)
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
			crash(sim, host, 200 + (int64_t)sim_draw(sim, 3000));
			return;
		}
		tell(sim, host, NULL, &actions.items[i]);
		if (!execute(sim, host, &actions.items[i]))
			return;
	}
	sim_tick_at(sim, &host->actor, quoin_agent_core_deadline(&host->core));
}

/* ---- Events ---- */

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
		feed(sim, host,
		    (struct quoin_agent_event){.kind = QUOIN_AGENT_LOST, .topic = topic, .offset = tail->next});
		return;
	}
	while (count-- > 0 && tail->next < log->count && life == host->actor.life) {
		const int64_t offset = tail->next++;
		const struct sim_record *record = &log->records[offset];

		if (!record->is_gone)
			feed(sim, host,
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
		feed(sim, host, (struct quoin_agent_event){.kind = QUOIN_AGENT_END, .topic = topic, .offset = tail->next});
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
		feed(sim, host, (struct quoin_agent_event){.kind = QUOIN_AGENT_TICK});
	else
		sim_tick_at(sim, &host->actor, quoin_agent_core_deadline(&host->core));
}

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
		feed(sim, host, (struct quoin_agent_event){.kind = QUOIN_AGENT_SILENCE, .silent = event->a != 0});
		break;
	case SIM_ARRIVE:
		arrive(sim, host, event);
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
		feed(sim, host,
		    (struct quoin_agent_event){.kind = QUOIN_AGENT_ACKED, .number = event->a, .code = (int)event->b});
		break;
	case SIM_FETCHED:
		if (event->b == 0)
			host->store.parts[event->a] = true;
		feed(sim, host,
		    (struct quoin_agent_event){.kind = QUOIN_AGENT_FETCHED, .release = event->a, .code = (int)event->b});
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
			plane(host, 0, event->a);
		feed(sim, host,
		    (struct quoin_agent_event){.kind = QUOIN_AGENT_PREPARED, .release = event->a, .code = (int)event->b});
		break;
	case SIM_READER:
		reader(sim, host, event->a);
		break;
	case SIM_LOOK:
		look(sim, host);
		break;
	default:
		QUOIN_ASSERT(!"a host's event");
	}
}

/* ---- What goes wrong ---- */

void
sim_host_act(struct sim *sim, struct sim_host *host, const struct sim_act *act)
{
	struct sim_event silence = event_of(sim, host, SIM_SILENCE);

	switch (act->kind) {
	case SIM_CRASH:
		if (host->has_core)
			host->crash_in = 1 + act->number % 12;
		break;
	case SIM_REBOOT:
		if (host->actor.is_up)
			reboot(sim, host, act->amount);
		break;
	case SIM_TERM:
		feed(sim, host, (struct quoin_agent_event){.kind = QUOIN_AGENT_STOP});
		if (!host->has_core)
			sim_push(sim, event_of(sim, host, SIM_START), act->amount);
		break;
	case SIM_STORE_DAMAGED:
	case SIM_STORE_GONE:
		if (!host->actor.is_up)
			break;
		crash(sim, host, 200 + act->amount % 3000);
		lose_store(sim, host, act->kind == SIM_STORE_DAMAGED);
		break;
	case SIM_DISK_FULL:
		host->full_until = sim->now + act->amount;
		break;
	case SIM_UNFETCHABLE:
		host->unfetchable_until = sim->now + act->amount;
		break;
	case SIM_CLOCK:
		if (act->amount < 0 && (!host->store.has_ratchets || host->store.ratchets.is_new))
			break; /* left out: see lose_store */
		host->actor.clock.wall_offset_ms += act->amount;
		break;
	case SIM_PARTITION:
		if (act->amount <= 20000 || !host->has_core)
			break;
		silence.a = 1;
		sim_push(sim, silence, 20000);
		silence.a = 0;
		sim_push(sim, silence, act->amount + 100);
		break;
	case SIM_LAG:
	case SIM_REREAD:
		if (!host->has_core || !host->actor.tails[act->number % 2].is_assigned)
			break;
		if (act->kind == SIM_REREAD)
			host->actor.tails[act->number % 2].next = 0;
		else
			host->actor.late_until[act->number % 2] = sim->now + act->amount;
		break;
	case SIM_SLOW_ACKS:
		host->slow_acks_until = sim->now + act->amount;
		break;
	case SIM_MUTE:
		host->actor.mute_until = sim->now + act->amount;
		break;
	case SIM_MODEL_DEATH:
		for (uint32_t i = 0; i < SIM_MODELS; i++) {
			host->lost[i] = host->lost[i] || host->loaded[i];
			host->loaded[i] = false;
		}
		break;
	case SIM_READER_STUCK:
		host->stuck_until[act->number % SIM_READERS] = sim->now + act->amount;
		break;
	default:
		break;
	}
}

void
sim_host_settle(struct sim *sim, struct sim_host *host)
{
	struct sim_event event = event_of(sim, host, SIM_SILENCE);

	host->full_until = host->unfetchable_until = host->slow_acks_until = 0;
	host->crash_in = 0;
	host->actor.clock.wall_offset_ms = 0;
	if (!host->has_core)
		sim_push(sim, event_of(sim, host, SIM_START), 100);
	else
		sim_push(sim, event, 100);
	for (size_t i = 0; i < SIM_READERS; i++) {
		host->stuck_until[i] = 0;
		event = event_of(sim, host, SIM_READER);
		event.a = i;
		sim_push(sim, event, 1000);
	}
	for (size_t i = 0; i < 2; i++)
		sim_wake_tail(sim, &host->actor, (enum quoin_topic)i);
}
