/*
 * What the core wants done, done in its order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/log.h"
#include "subscriber/agent_shell.h"
#include "subscriber/notify.h"

#define LAST_MS	      500 /* for the last status to be acknowledged; what was sent gets there without */
#define LAST_SLICE_MS 50
#define COPY_MS	      50 /* how far the second copy of the ratchets may lag */

struct quoin_fetch_parts
quoin_agent_parts(const struct quoin_agent *agent)
{
	return (struct quoin_fetch_parts){.role = agent->core.cert.role, .names = agent->conf->parts,
		.name_count = agent->conf->part_count};
}

/* ---- PERSIST ---- */

/* The pointer's table: the parts of the release that this host holds. */
static int
make_active(struct quoin_agent *agent, uint64_t number, struct quoin_store_active *ret, struct quoin_error *err)
{
	const struct quoin_fetch_parts parts = quoin_agent_parts(agent);
	struct quoin_release release = {0};
	int r;

	memset(ret, 0, sizeof *ret);
	ret->generation = agent->core.ratchets.generation;
	if (number == 0)
		return 0;
	r = quoin_release_load(agent->store, number, &release, err);
	if (r != 0)
		return r;
	ret->release = agent->core.runs;
	ret->obeyed = agent->core.chosen;
	for (size_t i = 0; i < release.part_count; i++) {
		const struct quoin_part *part = &release.parts[i];
		struct quoin_store_part *to = &ret->parts[ret->part_count];

		if (!quoin_fetch_wants(&parts, part->name))
			continue;
		(void)snprintf(to->name, sizeof to->name, "%s", part->name);
		(void)snprintf(to->schema, sizeof to->schema, "%s", part->schema);
		to->bytes = part->bytes;
		to->hash = part->hash;
		ret->part_count++;
	}
	quoin_release_clear(&release);
	return 0;
}

/* A renewed certificate travels with statuses from now on. */
static void
take_cert(struct quoin_agent *agent, struct quoin_span bytes)
{
	struct quoin_envelope envelope;
	struct quoin_sealed cert;

	if (quoin_envelope_decode(bytes, &envelope, NULL) != 0 || quoin_sealed_copy(&envelope, &cert) != 0)
		return;
	quoin_sealed_clear(&agent->cert);
	agent->cert = cert;
}

/* What the change keeps of models; *ret is the caller's, to free. */
static int
list_models(const struct quoin_agent *agent, const struct quoin_agent_model_name ***ret, struct quoin_store_change *change,
    struct quoin_error *err)
{
	if (!agent->core.change.has_models)
		return 0;
	*ret = calloc(agent->core.model_count + 1, sizeof **ret);
	if (*ret == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	change->models = *ret;
	change->model_count = quoin_agent_core_kept(&agent->core, *ret);
	change->has_models = true;
	return 0;
}

static int
persist(struct quoin_agent *agent, struct quoin_error *err)
{
	const struct quoin_agent_model_name **models = NULL;
	const struct quoin_agent_change *wanted = &agent->core.change;
	struct quoin_store_change change = {.documents = wanted->documents, .document_count = wanted->document_count,
		.fuses = agent->core.fuses, .fuse_count = agent->core.fuse_count, .has_fuses = wanted->has_fuses};
	struct quoin_store_active active = {0};
	int r;

	if (wanted->has_ratchets)
		change.ratchets = &agent->core.ratchets;
	for (size_t i = 0; i < QUOIN_TOPICS; i++)
		if (wanted->has_offset[i])
			change.offsets[i] = &agent->core.offsets[i];
	if (wanted->has_active) {
		r = make_active(agent, wanted->active, &active, err);
		if (r != 0)
			return r;
		change.active = &active;
	}
	r = list_models(agent, &models, &change, err);
	if (r == 0)
		r = quoin_store_commit(agent->store, &change, err);
	free(models);
	if (r != 0)
		return r;
	agent->core.lease_saved = agent->core.ratchets.lease_boot_ms;
	if (wanted->has_active)
		agent->active = active;
	for (size_t i = 0; i < wanted->document_count; i++)
		if (wanted->documents[i].kind == QUOIN_STORE_CERT)
			take_cert(agent, wanted->documents[i].bytes);
	return 0;
}

/* ---- REPORT ---- */

static int
fill_digests(const struct quoin_agent *agent, struct quoin_status *status)
{
	const struct quoin_store_active *active = &agent->active;
	const struct quoin_proof_answer *proof = &agent->proved;
	const bool is_proved = proof->is_read && proof->release == active->release.number &&
	    proof->generation == active->generation;

	if (active->release.number != status->runs.number || active->part_count == 0)
		return 0;
	/* What cannot be read any more has no digest. */
	if (agent->core.is_damaged && !is_proved)
		return 0;
	status->digests = calloc(active->part_count, sizeof status->digests[0]);
	if (status->digests == NULL)
		return QUOIN_ENOMEM;
	for (size_t i = 0; i < active->part_count; i++) {
		(void)snprintf(status->digests[i].part, sizeof status->digests[i].part, "%s", active->parts[i].name);
		/* Of a store that is gone there are none, and what it had is served on to whoever has it open. */
		if (agent->gone > 0)
			continue;
		/* The last proof's. Until there is one the audit at start, or the trial, computed it from the store's bytes. */
		status->digests[i].hash = is_proved ? proof->digests[i].hash : active->parts[i].hash;
	}
	status->digest_count = active->part_count;
	return 0;
}

/* Readers may have come since they were looked at last; whoever holds a release now must be in what is said now. */
static void
add_holds(struct quoin_agent *agent, struct quoin_status *status)
{
	uint64_t held[QUOIN_HELD_MAX];
	size_t count = 0;

	if (agent->core.cert.role != QUOIN_HOST_ROUTER ||
	    quoin_store_holds(agent->store, held, QUOIN_HELD_MAX, &count, NULL, NULL) != 0)
		return;
	for (size_t i = 0; i < count; i++)
		quoin_agent_add_number(held[i], status->holds, &status->hold_count, QUOIN_HELD_MAX);
}

/* What applications counted. A failure leaves it out this time. */
static void
fill_hits(struct quoin_agent *agent, struct quoin_status *status)
{
	char dir[QUOIN_PATH_BYTES];
	struct quoin_tally tally;

	if (quoin_store_dir(agent->conf->state, agent->conf->namespace_name, dir) != 0 ||
	    quoin_tally_collect(dir, &agent->ended, &tally) != 0)
		return;
	quoin_tally_cut(&tally, QUOIN_STATUS_HITS_MAX);
	status->hit_total = tally.total;
	status->hits = tally.rows;
	status->hit_count = tally.count;
}

static int
seal_status(struct quoin_agent *agent, uint64_t number, struct quoin_sealed *ret)
{
	struct quoin_status status;
	struct quoin_buf text;
	int r;

	quoin_buf_init(&text, quoin_document_bytes_max(QUOIN_DOCUMENT_STATUS));
	r = quoin_agent_core_status(&agent->core, quoin_clock_boot_ms(), quoin_clock_wall_ms(), &status);
	if (r != 0)
		return r;
	status.number = number;
	add_holds(agent, &status);
	quoin_stager_fetched(agent->stager, &status.fetched);
	fill_hits(agent, &status);
	r = fill_digests(agent, &status);
	if (r == 0)
		r = quoin_status_print(&status, &text);
	if (r == 0)
		r = quoin_seal(quoin_buf_span(&text), &agent->identity.key, 1, ret);
	quoin_status_clear(&status);
	quoin_buf_clear(&text);
	return r;
}

static int
put_status(struct quoin_agent *agent, const struct quoin_sealed *sealed, struct quoin_bus_receipt *receipt,
    struct quoin_error *err)
{
	const struct quoin_sealed *cert = agent->cert.bytes.len > 0 ? &agent->cert : &agent->identity.cert;
	struct quoin_bus_record record = {.topic = agent->topics[QUOIN_TOPIC_STATUS],
		.key = quoin_span_str(agent->status_key)};

	quoin_envelope_to_record(&sealed->envelope, &record);
	record.headers[record.header_count++] =
	    (struct quoin_bus_header){QUOIN_HEADER_CERT, quoin_buf_span(&cert->bytes)};
	return quoin_bus_writer_put(agent->writer, &record, receipt, err);
}

/* A status that cannot be sent is one that was not acknowledged; the next one says it all again. */
static void
report(struct quoin_agent *agent, uint64_t number)
{
	struct quoin_sealed sealed = {0};
	struct quoin_error err = {0};
	size_t i;
	int r;

	for (i = 0; i < QUOIN_AGENT_RECEIPTS_MAX && agent->receipts[i].is_used; i++)
		;
	/* All places are taken by statuses of cores that are gone, and the broker does not answer: one more would not get
	 * there sooner, but the core must hear of it. */
	if (i == QUOIN_AGENT_RECEIPTS_MAX) {
		if (agent->unsent_count < QUOIN_AGENT_RECEIPTS_MAX)
			agent->unsent[agent->unsent_count++] = number;
		return;
	}
	memset(&agent->receipts[i], 0, sizeof agent->receipts[i]);
	r = seal_status(agent, number, &sealed);
	if (r != 0)
		(void)quoin_error_set(&err, r, "cannot make a status");
	else
		r = put_status(agent, &sealed, &agent->receipts[i].receipt, &err);
	quoin_sealed_clear(&sealed);
	agent->receipts[i].is_used = true;
	agent->receipts[i].number = number;
	if (r == 0)
		return;
	quoin_log_error(QUOIN_LOG_WARN, "status", &err, "number=%llu", (unsigned long long)number);
	agent->receipts[i].receipt.is_done = true;
	agent->receipts[i].receipt.code = r;
}

bool
quoin_agent_receipt_next(struct quoin_agent *agent, uint64_t *ret_number, int *ret_code)
{
	if (agent->unsent_count > 0) {
		*ret_number = agent->unsent[--agent->unsent_count];
		*ret_code = QUOIN_EAGAIN;
		return true;
	}
	for (size_t i = 0; i < QUOIN_AGENT_RECEIPTS_MAX; i++) {
		if (!agent->receipts[i].is_used || !agent->receipts[i].receipt.is_done)
			continue;
		agent->receipts[i].is_used = false;
		*ret_number = agent->receipts[i].number;
		*ret_code = agent->receipts[i].receipt.code;
		return true;
	}
	return false;
}

/* ---- COLLECT ---- */

#define KEEP_MAX (QUOIN_PARTS_MAX * (2 * QUOIN_AGENT_TRACKED_MAX + QUOIN_HELD_MAX))

struct keep {
	struct quoin_hash hashes[KEEP_MAX];
	size_t count;
};

/* Add the parts of a release; their bytes. False if there is no more room, or the release is there and cannot be read now
 * (memory, disk): then nothing is removed, for it may be what runs. */
static bool
keep_release(struct quoin_agent *agent, uint64_t number, struct keep *keep, uint64_t *ret_bytes)
{
	const struct quoin_fetch_parts parts = quoin_agent_parts(agent);
	struct quoin_release release = {0};
	uint64_t bytes = 0;
	int r;

	*ret_bytes = 0;
	r = quoin_release_load(agent->store, number, &release, NULL);
	if (r != 0)
		return r == QUOIN_ENOENT;
	for (size_t i = 0; i < release.part_count && keep->count < KEEP_MAX; i++) {
		if (!quoin_fetch_wants(&parts, release.parts[i].name))
			continue;
		keep->hashes[keep->count++] = release.parts[i].hash;
		bytes += release.parts[i].bytes;
	}
	quoin_release_clear(&release);
	*ret_bytes = bytes;
	return keep->count < KEEP_MAX;
}

/* What the core keeps and readers hold stays in any case; of the others the newest, within retain.*. */
static bool
gather(struct quoin_agent *agent, struct keep *keep)
{
	const struct quoin_ledger *ledger = &agent->core.ledger;
	const struct quoin_conf *conf = agent->conf;
	const int64_t oldest_ms = quoin_clock_wall_ms() - (int64_t)conf->retain_days * 86400000;
	uint64_t retained = 0, total = 0, bytes;

	for (size_t i = ledger->release_count; i-- > 0;) {
		const struct quoin_ledger_release *release = &ledger->releases[i];
		bool must = quoin_agent_core_keeps(&agent->core, release->ref.number);
		bool may;

		for (size_t k = 0; k < agent->core.held_count; k++)
			must = must || agent->core.held[k] == release->ref.number;
		may = retained < conf->retain_releases && release->created_ms >= oldest_ms && total < conf->retain_bytes;
		if (!must && !may)
			continue;
		if (!keep_release(agent, release->ref.number, keep, &bytes))
			return false;
		retained++;
		total += bytes;
	}
	return true;
}

static void
collect(struct quoin_agent *agent)
{
	struct keep *keep = calloc(1, sizeof *keep);
	struct quoin_error err = {0};
	size_t removed = 0;

	if (keep == NULL || !gather(agent, keep)) {
		free(keep);
		return;
	}
	if (quoin_store_collect(agent->store, keep->hashes, keep->count, &removed, &err) != 0)
		quoin_log_error(QUOIN_LOG_WARN, "collect", &err, NULL);
	else if (removed > 0)
		quoin_log(QUOIN_LOG_INFO, "collected", "parts=%zu", removed);
	free(keep);
}

/* ---- The rest ---- */

static void
run_hook(struct quoin_agent *agent, uint64_t id, enum quoin_hook hook)
{
	const struct quoin_conf *conf = agent->conf;
	const char *const programs[] = {conf->hook_load, conf->hook_validate, conf->hook_unload, conf->hook_check};
	const struct quoin_agent_model *model = quoin_agent_core_model(&agent->core, id);

	QUOIN_ASSERT(model != NULL && (size_t)hook < sizeof programs / sizeof programs[0]);
	quoin_log(QUOIN_LOG_INFO, "hook", "hook=%s model=%s version=%s", quoin_hook_name(hook), model->name.name,
	    model->name.version);
	if (agent->callbacks != NULL && quoin_callbacks_start(agent->callbacks, hook, id, &model->name))
		return;
	if (agent->callbacks == NULL && programs[hook][0] != '\0') {
		quoin_hooks_start(agent->hooks, programs[hook], hook, id, &model->name, (int)conf->hook_timeout_ms,
		    quoin_clock_mono_ms());
		return;
	}
	QUOIN_ASSERT(agent->instant_count < QUOIN_AGENT_HOOKS_MAX);
	agent->instant[agent->instant_count++] = (struct quoin_hook_outcome){.model = id, .hook = hook,
	    .code = agent->callbacks != NULL ? QUOIN_EAGAIN : 0};
}

static void
assign(struct quoin_agent *agent, enum quoin_topic topic, int64_t offset)
{
	struct quoin_error err = {0};

	agent->must_assign[topic] = false;
	if (quoin_bus_reader_assign(agent->reader, agent->topics[topic], offset, &err) == 0)
		return;
	quoin_log_error(QUOIN_LOG_WARN, "assign", &err, "topic=%s", agent->topics[topic]);
	agent->must_assign[topic] = true;
	agent->assign_at[topic] = quoin_clock_mono_ms() + 1000;
}

static void
say(const struct quoin_agent_action *action)
{
	char text[2 * QUOIN_REASON_BYTES_MAX];
	const enum quoin_log_level level = action->kind == QUOIN_AGENT_ALARM ? QUOIN_LOG_ERROR
	    : action->kind == QUOIN_AGENT_REJECT			     ? QUOIN_LOG_WARN
									     : QUOIN_LOG_INFO;
	const char *event = action->kind == QUOIN_AGENT_ALARM ? "alarm"
	    : action->kind == QUOIN_AGENT_REJECT	      ? "rejected"
							      : "note";

	(void)quoin_log_quote(action->text, text, sizeof text);
	if (action->code != 0)
		quoin_log(level, event, "code=%s reason=%s", quoin_error_name(action->code), text);
	else
		quoin_log(level, event, "text=%s", text);
}

/* ---- COPY ---- */

void
quoin_agent_copy(struct quoin_agent *agent)
{
	struct quoin_error err = {0};

	agent->copy_at = 0;
	if (quoin_store_ratchets_copy(agent->store, &agent->core.ratchets, &err) != 0)
		quoin_log_error(QUOIN_LOG_WARN, "ratchets", &err, NULL);
}

/* Whether a hook of the same step comes after it: then the copy may not lag. */
static bool
must_precede(const struct quoin_agent *agent, const struct quoin_agent_action *copy)
{
	const struct quoin_agent_action *end = agent->actions.items + agent->actions.count;

	for (const struct quoin_agent_action *action = copy + 1; action < end; action++)
		if (action->kind == QUOIN_AGENT_RUN)
			return true;
	return false;
}

/* ---- EXIT ---- */

/* That this host leaves is waited for while somebody may be there to hear it. */
static void
say_last(struct quoin_agent *agent)
{
	int r = QUOIN_ETIMEOUT;

	for (int waited_ms = 0; waited_ms < LAST_MS && r == QUOIN_ETIMEOUT; waited_ms += LAST_SLICE_MS) {
		r = quoin_bus_writer_flush(agent->writer, LAST_SLICE_MS, NULL);
		if (r == QUOIN_ETIMEOUT && (agent->is_silent || quoin_bus_writer_is_alone(agent->writer)))
			break;
	}
	if (r == QUOIN_ETIMEOUT)
		quoin_log(QUOIN_LOG_WARN, "unsaid", "reason=\"no broker answers; nobody was told that this host leaves\"");
}

/* ---- All of it ---- */

static int
execute(struct quoin_agent *agent, const struct quoin_agent_action *action, struct quoin_error *err)
{
	struct quoin_pulse *pulse = quoin_store_pulse_writer(agent->store);

	switch (action->kind) {
	case QUOIN_AGENT_PERSIST:
		return persist(agent, err);
	case QUOIN_AGENT_COPY:
		if (must_precede(agent, action))
			quoin_agent_copy(agent);
		else if (agent->copy_at == 0)
			agent->copy_at = quoin_clock_mono_ms() + COPY_MS;
		break;
	case QUOIN_AGENT_ASSIGN:
		assign(agent, action->topic, action->offset);
		break;
	case QUOIN_AGENT_FETCH:
		quoin_stager_fetch(agent->stager, action->release, action->urgent);
		break;
	case QUOIN_AGENT_CANCEL:
		quoin_stager_cancel(agent->stager, action->release);
		break;
	case QUOIN_AGENT_TRY:
		quoin_stager_try(agent->stager, action->release);
		break;
	case QUOIN_AGENT_MEND:
		quoin_stager_mend(agent->stager, action->release);
		break;
	case QUOIN_AGENT_PREPARE:
	case QUOIN_AGENT_PRUNE:
		/* No data plane but the store: its readers accept both releases at all times. */
		break;
	case QUOIN_AGENT_SERVE:
		quoin_log(QUOIN_LOG_INFO, "active", "release=%llu", (unsigned long long)action->release);
		agent->holds_at = 0;
		break;
	case QUOIN_AGENT_RUN:
		run_hook(agent, action->model, action->hook);
		break;
	case QUOIN_AGENT_REPORT:
		report(agent, action->number);
		break;
	case QUOIN_AGENT_FRESH:
		quoin_pulse_set_fresh(pulse, action->until_boot_ms);
		break;
	case QUOIN_AGENT_LEASE:
		quoin_pulse_set_lease(pulse, action->until_boot_ms, action->until_wall_ms);
		break;
	case QUOIN_AGENT_READY:
		quoin_log(QUOIN_LOG_INFO, "ready", "ready=%d", quoin_agent_core_is_ready(&agent->core) ? 1 : 0);
		break;
	case QUOIN_AGENT_COLLECT:
		collect(agent);
		break;
	case QUOIN_AGENT_REJECT:
	case QUOIN_AGENT_ALARM:
	case QUOIN_AGENT_NOTE:
		say(action);
		break;
	case QUOIN_AGENT_EXIT:
		quoin_notify("STOPPING=1");
		say_last(agent);
		agent->is_over = true;
		break;
	}
	return 0;
}

int
quoin_agent_execute(struct quoin_agent *agent, struct quoin_error *err)
{
	for (size_t i = 0; i < agent->actions.count; i++) {
		const int r = execute(agent, &agent->actions.items[i], err);

		if (r != 0)
			return r;
	}
	return 0;
}
