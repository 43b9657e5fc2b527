/* A host of the fleet: subscriber/agent_loop.c's part, over a log that its client has read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/models.h"
#include "tests/bench/bench.h"
#include "tests/bench/fleet_shell.h"

#define RECEIPT_MS 5 /* between two looks at an acknowledgement that is out: as the agent */

/* ---- Fetching and trying ---- */

static int
fill(void *ctx, uint64_t offset, uint8_t *at, size_t bytes, struct quoin_hash *ret_hash)
{
	const struct quoin_span *content = ctx;

	(void)ret_hash;
	memcpy(at, content->data + offset, bytes);
	return 0;
}

/* The release's parts, fetched by whoever comes first. */
static const struct quoin_parts *
find_parts(struct fleet_library *library, uint64_t release)
{
	struct quoin_parts *parts;
	struct quoin_error err = {0};

	if (release >= FLEET_RELEASES)
		bench_die("more than %d releases", FLEET_RELEASES - 1);
	parts = &library->parts[release];
	(void)pthread_mutex_lock(&library->lock);
	if (parts->release.number == 0 &&
	    (quoin_control_read(&library->control, library->reader, 60000, &err) != 0 ||
		quoin_parts_fetch(library->lookup, &library->control, release, NULL, 60000, parts, &err) != 0))
		bench_die("release %llu: %s", (unsigned long long)release, err.message);
	(void)pthread_mutex_unlock(&library->lock);
	return parts;
}

static void
stage(struct fleet_host *host, uint64_t release)
{
	const struct quoin_parts *parts = find_parts(host->library, release);
	const struct quoin_fetch_parts wanted = quoin_agent_parts(host->agent);
	struct quoin_error err = {0};

	for (size_t i = 0; i < parts->release.part_count; i++) {
		const struct quoin_part *part = &parts->release.parts[i];
		struct quoin_span content = quoin_buf_span(&parts->contents[i]);

		if (quoin_fetch_wants(&wanted, part->name) &&
		    quoin_store_stage(host->agent->store, &part->hash, content.len, fill, &content, &err) != 0)
			bench_die("cannot stage %s: %s", part->name, err.message);
	}
}

/* What the release places on this host's shard, as subscriber/trial.c reads it. */
static size_t
read_models(struct fleet_host *host, uint64_t release, struct quoin_agent_model_name **ret)
{
	const struct quoin_parts *parts = find_parts(host->library, release);
	struct quoin_agent_model_name *names;
	struct quoin_model_entry entry;
	struct quoin_shard_entry shard;
	struct quoin_models models;
	struct quoin_image image;
	struct quoin_error err = {0};

	*ret = NULL;
	if (host->agent->core.cert.role != QUOIN_HOST_SERVING)
		return 0;
	if (quoin_image_of(quoin_parts_content(parts, "models"), &image, &err) != 0 ||
	    quoin_models_verify(&image, &models, &err) != 0)
		bench_die("models: %s", err.message);
	if (!quoin_models_shard_named(&models, host->agent->core.cert.shard, &shard) ||
	    (names = calloc(shard.placed_count + 1, sizeof *names)) == NULL)
		bench_die("no shard %s", host->agent->core.cert.shard);
	for (uint32_t i = 0; i < shard.placed_count; i++) {
		if (!quoin_models_model(&models, quoin_shard_placed(&shard, i).model, &entry))
			bench_die("a model is not there");
		snprintf(names[i].name, sizeof names[i].name, "%s", entry.name);
		snprintf(names[i].version, sizeof names[i].version, "%s", entry.version);
		snprintf(names[i].digest, sizeof names[i].digest, "%s", entry.digest);
		snprintf(names[i].uri, sizeof names[i].uri, "%s", entry.uri);
	}
	*ret = names;
	return shard.placed_count;
}

/* ---- Events ---- */

/* What the clients do for all; the rest is the agent's. */
static void
take_out(struct fleet_host *host)
{
	struct quoin_agent_actions *actions = &host->agent->actions;
	size_t kept = 0;

	for (size_t i = 0; i < actions->count; i++) {
		const struct quoin_agent_action *action = &actions->items[i];

		switch (action->kind) {
		case QUOIN_AGENT_ASSIGN:
			memset(&host->tails[action->topic], 0, sizeof host->tails[action->topic]);
			host->tails[action->topic].is_assigned = host->tails[action->topic].must_ask = true;
			host->tails[action->topic].ends = host->logs[action->topic].ends;
			while (host->tails[action->topic].next < host->logs[action->topic].count &&
			    host->logs[action->topic].events[host->tails[action->topic].next].record.offset <
				action->offset)
				host->tails[action->topic].next++;
			break;
		case QUOIN_AGENT_FETCH:
		case QUOIN_AGENT_TRY:
			host->jobs[host->job_count].kind = action->kind;
			host->jobs[host->job_count++].release = action->release;
			break;
		case QUOIN_AGENT_CANCEL:
			break;
		default:
			if (kept != i)
				actions->items[kept] = *action;
			kept++;
		}
	}
	actions->count = kept;
}

static void
feed(struct fleet_host *host, struct quoin_agent_event event)
{
	struct quoin_agent *agent = host->agent;
	struct quoin_error err = {0};

	event.boot_ms = quoin_clock_boot_ms();
	event.wall_ms = quoin_clock_wall_ms();
	if (quoin_agent_core_step(&agent->core, &event, &agent->actions) != 0)
		bench_die("out of memory");
	take_out(host);
	if (quoin_agent_execute(agent, &err) != 0)
		bench_die("%s: %s", agent->core.cert.host, err.message);
	if (agent->active.release.number == atomic_load(&host->runs))
		return;
	atomic_store(&host->flipped_ns, bench_wall_ns());
	atomic_store(&host->runs, agent->active.release.number);
}

static void
take_records(struct fleet_host *host, enum quoin_topic topic)
{
	const struct fleet_log *log = &host->logs[topic];
	const struct quoin_bus_record *record;
	struct quoin_envelope envelope;

	while (host->tails[topic].is_assigned && host->tails[topic].next < log->count) {
		struct quoin_agent_event event = {.kind = QUOIN_AGENT_RECORD, .topic = topic};

		record = &log->events[host->tails[topic].next++].record;
		event.offset = record->offset;
		event.key = record->key;
		if (!record->is_tombstone && quoin_envelope_from_record(record, &envelope, NULL) == 0)
			event.envelope = &envelope;
		feed(host, event);
	}
	if (!host->tails[topic].is_assigned || host->tails[topic].must_ask)
		return;
	if (host->tails[topic].has_wanted ? log->position < host->tails[topic].wanted
					  : host->tails[topic].ends == log->ends)
		return;
	host->tails[topic].has_wanted = false;
	host->tails[topic].ends = log->ends;
	feed(host, (struct quoin_agent_event){.kind = QUOIN_AGENT_END, .topic = topic, .offset = log->position});
}

static void
take_jobs(struct fleet_host *host)
{
	struct quoin_agent_event event;
	struct quoin_agent_model_name *models = NULL;

	while (host->job_count > 0) {
		event = (struct quoin_agent_event){.release = host->jobs[0].release};
		event.kind = host->jobs[0].kind == QUOIN_AGENT_FETCH ? QUOIN_AGENT_FETCHED : QUOIN_AGENT_TRIED;
		memmove(host->jobs, host->jobs + 1, --host->job_count * sizeof host->jobs[0]);
		if (event.kind == QUOIN_AGENT_FETCHED)
			stage(host, event.release);
		else
			event.model_count = read_models(host, event.release, &models);
		event.models = models;
		feed(host, event);
		free(models);
		models = NULL;
	}
}

/* As next_wait in the agent's loop. */
static int64_t
next_turn(const struct fleet_host *host, int64_t now_ms)
{
	const struct quoin_agent *agent = host->agent;
	int64_t due_ms = quoin_agent_core_deadline(&agent->core);

	if (host->job_count > 0 || agent->instant_count > 0)
		return now_ms;
	if (due_ms != INT64_MAX)
		due_ms = now_ms + due_ms - quoin_clock_boot_ms();
	if (agent->copy_at != 0 && agent->copy_at < due_ms)
		due_ms = agent->copy_at;
	for (size_t i = 0; i < QUOIN_AGENT_RECEIPTS_MAX; i++)
		if (agent->receipts[i].is_used && now_ms + RECEIPT_MS < due_ms)
			due_ms = now_ms + RECEIPT_MS;
	return due_ms;
}

void
fleet_host_turn(struct fleet_host *host)
{
	struct quoin_agent *agent = host->agent;
	uint64_t number;
	int code;

	take_records(host, QUOIN_TOPIC_CONTROL);
	take_records(host, QUOIN_TOPIC_GATE);
	take_jobs(host);
	while (agent->instant_count > 0) {
		const struct quoin_hook_outcome *done = &agent->instant[--agent->instant_count];

		feed(host,
		    (struct quoin_agent_event){.kind = QUOIN_AGENT_HOOKED, .model = done->model, .hook = done->hook});
	}
	while (quoin_agent_receipt_next(agent, &number, &code))
		feed(host, (struct quoin_agent_event){.kind = QUOIN_AGENT_ACKED, .number = number, .code = code});
	if (quoin_agent_core_deadline(&agent->core) <= quoin_clock_boot_ms())
		feed(host, (struct quoin_agent_event){.kind = QUOIN_AGENT_TICK});
	if (agent->copy_at != 0 && quoin_clock_mono_ms() >= agent->copy_at)
		quoin_agent_copy(agent);
	host->due_ms = next_turn(host, quoin_clock_mono_ms());
}

/* ---- Life ---- */

void
fleet_host_open(struct fleet_host *host, struct site *site, const struct quoin_cert *cert,
    struct quoin_signing_key *key, const struct quoin_sealed *sealed, const char *state)
{
	struct quoin_agent *agent = calloc(1, sizeof *agent);
	const struct quoin_envelope *root = quoin_control_document(&site->control, "root/1");
	/* It is given no work, but knows what it has fetched: nothing. */
	struct quoin_stager_conf stager = {.wake_fd = -1};
	struct quoin_error err = {0};

	if (agent == NULL || root == NULL)
		bench_die("no memory, or no root");
	host->agent = agent;
	agent->settings = site->conf;
	agent->conf = &agent->settings;
	snprintf(agent->settings.state, sizeof agent->settings.state, "%s", state);
	quoin_boot_id(agent->boot);
	agent->origin = site->control.trust.root.origin;
	agent->root = *root;
	agent->identity.key = *key;
	memset(key, 0, sizeof *key);
	if (quoin_sealed_copy(&sealed->envelope, &agent->identity.cert) != 0)
		bench_die("out of memory");
	for (size_t i = 0; i < QUOIN_TOPICS; i++)
		quoin_topic_name("bench", (enum quoin_topic)i, agent->topics[i]);
	snprintf(agent->status_key, sizeof agent->status_key, "status/%s", cert->host);
	if (quoin_store_open(state, &agent->origin, &agent->store, &err) != 0 ||
	    quoin_agent_core_build(agent, &err) != 0 || quoin_stager_start(&stager, &agent->stager, &err) != 0)
		bench_die("cannot open %s: %s", state, err.message);
}

void
fleet_host_start(struct fleet_host *host)
{
	feed(host, (struct quoin_agent_event){.kind = QUOIN_AGENT_START});
}

void
fleet_host_close(struct fleet_host *host)
{
	quoin_stager_stop(host->agent->stager);
	quoin_agent_core_clear(&host->agent->core);
	quoin_store_close(host->agent->store);
	quoin_signing_key_clear(&host->agent->identity.key);
	quoin_sealed_clear(&host->agent->identity.cert);
	free(host->agent);
}
