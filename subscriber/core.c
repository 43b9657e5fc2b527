#include "subscriber/core.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/defect.h"
#include "lib/text.h"
#include "subscriber/core_step.h"

/* ---- The step's tools ---- */

static struct quoin_agent_action *
push(struct quoin_agent_actions *actions, enum quoin_agent_action_kind kind)
{
	struct quoin_agent_action *action;

	QUOIN_ASSERT(actions->count < QUOIN_AGENT_ACTIONS_MAX);
	action = &actions->items[actions->count++];
	memset(action, 0, sizeof *action);
	action->kind = kind;
	return action;
}

struct quoin_agent_action *
quoin_agent_before(struct quoin_agent_step *step, enum quoin_agent_action_kind kind)
{
	return push(step->before, kind);
}

struct quoin_agent_action *
quoin_agent_after(struct quoin_agent_step *step, enum quoin_agent_action_kind kind)
{
	return push(&step->after, kind);
}

void
quoin_agent_say(struct quoin_agent_step *step, enum quoin_agent_action_kind kind, int code, const char *fmt, ...)
{
	struct quoin_agent_action *action = push(step->before, kind);
	va_list ap;

	action->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(action->text, sizeof action->text, fmt, ap);
	va_end(ap);
}

static void
report_at(struct quoin_agent_core *core, int64_t boot_ms)
{
	if (core->report_at > boot_ms)
		core->report_at = boot_ms;
}

void
quoin_agent_core_report(struct quoin_agent_core *core, int64_t boot_ms)
{
	report_at(core, boot_ms);
}

void
quoin_agent_report_now(struct quoin_agent_step *step)
{
	report_at(step->core, step->event->boot_ms);
}

void
quoin_agent_report_soon(struct quoin_agent_step *step)
{
	report_at(step->core, step->event->boot_ms + QUOIN_AGENT_DEBOUNCE_MS);
}

void
quoin_agent_keep(struct quoin_agent_step *step, enum quoin_store_kind kind, uint64_t number,
    const struct quoin_envelope *envelope)
{
	struct quoin_agent_core *core = step->core;
	struct quoin_agent_change *change = &core->change;
	struct quoin_sealed *kept;
	int r;

	QUOIN_ASSERT(core->kept_count < sizeof core->kept / sizeof core->kept[0]);
	kept = &core->kept[core->kept_count];
	r = quoin_sealed_copy(envelope, kept);
	if (r != 0) {
		step->error = r;
		return;
	}
	core->kept_count++;
	QUOIN_ASSERT(change->document_count < sizeof change->documents / sizeof change->documents[0]);
	change->documents[change->document_count++] =
	    (struct quoin_store_document){kind, number, quoin_buf_span(&kept->bytes)};
}

int64_t
quoin_agent_backoff_ms(unsigned tries)
{
	int64_t wait = QUOIN_AGENT_RETRY_MS;

	for (unsigned i = 1; i < tries && wait < QUOIN_AGENT_RETRY_MS_MAX; i++)
		wait *= 2;
	return wait < QUOIN_AGENT_RETRY_MS_MAX ? wait : QUOIN_AGENT_RETRY_MS_MAX;
}

void
quoin_agent_reason(const char *reason, int code, char out[QUOIN_REASON_BYTES_MAX + 1])
{
	const char *text = reason != NULL && reason[0] != '\0' ? reason : quoin_error_text(code);

	quoin_printable_copy(quoin_span_str(text), out, QUOIN_REASON_BYTES_MAX + 1);
}

bool
quoin_agent_is_serving(const struct quoin_agent_core *core)
{
	return core->cert.role == QUOIN_HOST_SERVING;
}

const char *
quoin_hook_name(enum quoin_hook hook)
{
	static const char *const names[] = {"load", "validate", "unload", "check"};

	QUOIN_ASSERT((size_t)hook < sizeof names / sizeof names[0]);
	return names[hook];
}

/* ---- Life ---- */

int
quoin_agent_core_init(struct quoin_agent_core *core, const struct quoin_agent_conf *conf, const struct quoin_cert *cert,
    const struct quoin_envelope *root, const struct quoin_agent_stored *stored, struct quoin_error *err)
{
	int r;

	memset(core, 0, sizeof *core);
	quoin_ledger_init(&core->ledger);
	quoin_ledger_wait(&core->ledger); /* what is restored comes by its kind */
	core->conf = *conf;
	core->cert = *cert;
	quoin_agent_core_retune(core, conf->status_interval_ms, conf->hook_retries, conf->hook_parallel, conf->hook_check_ms);
	core->ratchets = stored->ratchets;
	core->ratchets.is_new = stored->is_new || (core->ratchets.is_new && !QUOIN_DEFECT(NEW_FORGOTTEN));
	memcpy(core->offsets, stored->offsets, sizeof core->offsets);
	memcpy(core->fuses, stored->fuses, sizeof core->fuses);
	core->fuse_count = stored->fuse_count;
	memcpy(core->held, stored->held, sizeof core->held);
	core->held_count = stored->held_count;
	core->runs = stored->runs;
	core->chosen = stored->chosen;
	core->report_at = INT64_MAX;
	core->model_next = 1;
	core->status_next = stored->ratchets.status_number;
	/* The heartbeat that counted last counts again after a restart: it may be all there is for a while. */
	core->heartbeat = stored->ratchets.heartbeat > 0 ? stored->ratchets.heartbeat - 1 : 0;
	core->lease_saved = stored->ratchets.lease_boot_ms;
	r = quoin_trust_init(&core->trust, root, err);
	if (r == 0)
		r = quoin_origin_check(&core->trust.root.origin, &conf->origin, err);
	if (r == 0 && quoin_agent_is_serving(core))
		r = quoin_agent_serving_restore(core, stored->models, stored->model_count);
	return r;
}

static int
restore_release(struct quoin_agent_core *core, const struct quoin_envelope *envelope, struct quoin_error *err)
{
	struct quoin_release release = {0};
	struct quoin_hash hash;
	int r;

	quoin_envelope_hash(envelope, &hash);
	r = quoin_release_parse(envelope->document, &release, err);
	if (r == 0)
		r = quoin_ledger_admit_release(&core->ledger, &release, &hash, err);
	quoin_release_clear(&release);
	return r;
}

static int
restore_intent(struct quoin_agent_core *core, const struct quoin_envelope *envelope, struct quoin_error *err)
{
	struct quoin_intent intent = {0};
	struct quoin_hash hash;
	int r;

	quoin_envelope_hash(envelope, &hash);
	r = quoin_intent_parse(envelope->document, &intent, err);
	if (r == 0)
		r = quoin_ledger_admit_intent(&core->ledger, &intent, &hash, err);
	return r;
}

/* An activation below the ratchet is of an older copy of the store: it is not obeyed again. */
static int
restore_activation(struct quoin_agent_core *core, const struct quoin_envelope *envelope, struct quoin_error *err)
{
	struct quoin_activation activation = {0};
	struct quoin_position at = {0};
	int r;

	r = quoin_activation_parse(envelope->document, &activation, err);
	if (r != 0)
		return r;
	at.epoch = activation.epoch;
	at.seq = activation.seq;
	quoin_envelope_hash(envelope, &at.hash);
	if (quoin_position_compare(&at, &core->ratchets.obeyed) < 0 ||
	    (core->ratchets.obeyed.epoch != 0 && quoin_position_compare(&at, &core->ratchets.obeyed) == 0 &&
		!quoin_hash_equal(&at.hash, &core->ratchets.obeyed.hash))) {
		quoin_activation_clear(&activation);
		return 0;
	}
	quoin_activation_clear(&core->obeyed);
	core->obeyed = activation;
	core->ratchets.obeyed = at;
	return 0;
}

int
quoin_agent_core_restore(struct quoin_agent_core *core, enum quoin_store_kind kind, struct quoin_span bytes,
    struct quoin_error *err)
{
	struct quoin_envelope envelope;
	int r;

	QUOIN_ASSERT(!core->has_started);
	r = quoin_envelope_decode(bytes, &envelope, err);
	if (r != 0)
		return QUOIN_ECORRUPT;
	switch (kind) {
	case QUOIN_STORE_ROOT:
		r = quoin_trust_advance(&core->trust, &envelope, err);
		/* The pinned root may be newer than what was stored first. */
		r = r == QUOIN_EREPLAY ? 0 : r;
		break;
	case QUOIN_STORE_RELEASE:
		r = restore_release(core, &envelope, err);
		break;
	case QUOIN_STORE_INTENT:
		r = restore_intent(core, &envelope, err);
		break;
	case QUOIN_STORE_ACTIVATION:
		r = restore_activation(core, &envelope, err);
		break;
	case QUOIN_STORE_CERT:
	case QUOIN_STORE_EVIDENCE:
		r = 0;
		break;
	}
	return r == 0 || r == QUOIN_ENOMEM ? r : QUOIN_ECORRUPT;
}

void
quoin_agent_core_retune(struct quoin_agent_core *core, uint64_t status_interval_ms, uint64_t hook_retries,
    uint64_t hook_parallel, uint64_t hook_check_ms)
{
	core->conf.status_interval_ms = status_interval_ms;
	core->conf.hook_retries = hook_retries;
	core->conf.hook_check_ms = hook_check_ms;
	core->conf.hook_parallel = hook_parallel == 0 ? 1 : hook_parallel;
	if (core->conf.hook_parallel > QUOIN_AGENT_HOOKS_MAX)
		core->conf.hook_parallel = QUOIN_AGENT_HOOKS_MAX;
}

static void
clear_kept(struct quoin_agent_core *core)
{
	for (size_t i = 0; i < core->kept_count; i++)
		quoin_sealed_clear(&core->kept[i]);
	core->kept_count = 0;
}

void
quoin_agent_core_clear(struct quoin_agent_core *core)
{
	quoin_ledger_clear(&core->ledger);
	quoin_activation_clear(&core->obeyed);
	quoin_sealed_clear(&core->waiting);
	clear_kept(core);
	free(core->models);
	memset(core, 0, sizeof *core);
}

/* ---- The step ---- */

static void
start(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;

	QUOIN_ASSERT(!core->has_started);
	core->has_started = true;
	quoin_ledger_fold(&core->ledger);
	core->saved_at = step->event->boot_ms;
	/* What was loaded before cannot be told from what was not. */
	if (quoin_agent_is_serving(core)) {
		core->ratchets.load_generation++;
		core->change.has_ratchets = true;
	}
	quoin_agent_report_start(step);
	quoin_agent_fuse_start(step);
	quoin_agent_choose_start(step);
	/* The gate topic after the control topic: an activation then finds what it speaks of. */
	quoin_agent_assign(step, QUOIN_TOPIC_CONTROL, core->offsets[QUOIN_TOPIC_CONTROL].next);
}

static void
lost(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	const enum quoin_topic topic = step->event->topic;

	quoin_agent_say(step, QUOIN_AGENT_ALARM, QUOIN_EINCARNATION,
	    "the place in the %s topic is gone; reading it from its start", quoin_topic_word(topic));
	memset(&core->offsets[topic], 0, sizeof core->offsets[topic]);
	core->change.has_offset[topic] = true;
	quoin_agent_assign(step, topic, 0);
}

static void
held(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	const size_t count = step->event->held_count;

	QUOIN_ASSERT(count <= QUOIN_HELD_MAX);
	if (count != core->held_count ||
	    (count > 0 && memcmp(core->held, step->event->held, count * sizeof core->held[0]) != 0))
		quoin_agent_report_soon(step);
	if (count > 0)
		memcpy(core->held, step->event->held, count * sizeof core->held[0]);
	core->held_count = count;
	core->looked = core->runs.number;
	if (step->event->oldest.pid != core->oldest.pid || step->event->oldest.release != core->oldest.release)
		core->oldest_since = step->event->boot_ms;
	core->oldest = step->event->oldest;
}

/* What is active is damaged where it lies. It is told at once, and brought again; meanwhile it goes on being served, for
 * there is nothing better here. */
static void
proved(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	const bool is_damaged = step->event->code != 0;

	if (step->event->release != core->runs.number || core->runs.number == 0)
		return;
	if (is_damaged != core->is_damaged)
		quoin_agent_report_now(step);
	if (is_damaged && !core->is_damaged)
		quoin_agent_say(step, QUOIN_AGENT_ALARM, step->event->code,
		    "release %llu, which is active, is damaged in the store: %s; it is fetched again",
		    (unsigned long long)core->runs.number, step->event->reason != NULL ? step->event->reason : "");
	core->is_damaged = is_damaged;
	if (!is_damaged || core->is_mending)
		return;
	core->is_mending = true;
	quoin_agent_after(step, QUOIN_AGENT_MEND)->release = core->runs.number;
}

/* The pointer is committed once more, so that readers look again. */
static void
mended(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;

	core->is_mending = false;
	if (step->event->code != 0) {
		quoin_agent_say(step, QUOIN_AGENT_REJECT, step->event->code, "release %llu cannot be mended yet: %s",
		    (unsigned long long)step->event->release, step->event->reason != NULL ? step->event->reason : "");
		return;
	}
	if (step->event->release != core->runs.number || core->runs.number == 0)
		return;
	core->is_damaged = false;
	core->ratchets.generation++;
	core->change.has_active = core->change.has_ratchets = true;
	core->change.active = core->runs.number;
	quoin_agent_after(step, QUOIN_AGENT_SERVE)->release = core->runs.number;
	quoin_agent_say(step, QUOIN_AGENT_NOTE, 0, "release %llu is mended", (unsigned long long)core->runs.number);
	quoin_agent_report_now(step);
}

static void
take_in(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;

	switch (step->event->kind) {
	case QUOIN_AGENT_START:
		start(step);
		break;
	case QUOIN_AGENT_TICK:
		break;
	case QUOIN_AGENT_RECORD:
		quoin_agent_admit_record(step);
		break;
	case QUOIN_AGENT_END:
		quoin_agent_admit_end(step);
		break;
	case QUOIN_AGENT_LOST:
		lost(step);
		break;
	case QUOIN_AGENT_SILENCE:
		core->silent = step->event->silent;
		if (core->silent)
			core->fresh_until = 0;
		else
			quoin_agent_track_answered(step);
		break;
	case QUOIN_AGENT_FETCHED:
		quoin_agent_track_fetched(step);
		break;
	case QUOIN_AGENT_TRIED:
		quoin_agent_track_tried(step);
		break;
	case QUOIN_AGENT_PREPARED:
		quoin_agent_choose_prepared(step);
		break;
	case QUOIN_AGENT_HOOKED:
		quoin_agent_serving_hooked(step);
		break;
	case QUOIN_AGENT_ACKED:
		quoin_agent_choose_acked(step);
		break;
	case QUOIN_AGENT_HELD:
		held(step);
		break;
	case QUOIN_AGENT_PROVED:
		proved(step);
		break;
	case QUOIN_AGENT_MENDED:
		mended(step);
		break;
	case QUOIN_AGENT_STOP:
		core->stopping = true;
		quoin_agent_report_now(step);
		break;
	}
}

/* An offset alone is not worth a commit, except now and then: else a week of heartbeats would be read again. */
static void
save_offsets(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	struct quoin_agent_change *change = &core->change;
	const bool changed = change->document_count > 0 || change->has_ratchets || change->has_fuses || change->has_active ||
	    change->has_models ||
	    change->has_offset[QUOIN_TOPIC_CONTROL] || change->has_offset[QUOIN_TOPIC_GATE];

	if (!changed && step->event->boot_ms - core->saved_at < QUOIN_AGENT_OFFSET_MS && !core->stopping)
		return;
	/* The second copy may lag: it matters only once the first is lost. Not so before an unload (raise_generation). */
	if (change->has_ratchets && !step->raised)
		(void)quoin_agent_after(step, QUOIN_AGENT_COPY);
	change->has_offset[QUOIN_TOPIC_CONTROL] = true;
	/* An activation that waits is not kept: after a crash it is to be read again. So is a topic that is behind, which is seen by
	 * reading it from its start. */
	change->has_offset[QUOIN_TOPIC_GATE] = change->has_offset[QUOIN_TOPIC_GATE] ||
	    (core->waiting.bytes.len == 0 && (!core->is_behind || core->offsets[QUOIN_TOPIC_GATE].next == 0));
	change->has_ratchets = true;
	core->saved_at = step->event->boot_ms;
	change->has_ratchets = !QUOIN_DEFECT(RATCHET_LATER) || change->document_count == 0;
	(void)push(QUOIN_DEFECT(ACK_BEFORE_COMMIT) ? &step->after : step->before, QUOIN_AGENT_PERSIST);
}

/* A root that has expired changes nothing that is served; it is told, and whoever asks for fresh gets stale. */
static void
settle_root(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	const bool is_over = step->event->wall_ms >= core->trust.root.expires_ms;

	if (is_over && !core->root_is_over)
		quoin_agent_say(step, QUOIN_AGENT_ALARM, QUOIN_EEXPIRED,
		    "root %llu has expired; this host serves on, marked stale, until the next root comes",
		    (unsigned long long)core->trust.root.version);
	core->root_is_over = is_over;
}

/* Readers are told until when they are fresh; that it ends they see by themselves. */
static void
settle_fresh(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	const int64_t until = quoin_agent_core_is_stale(core, step->event->boot_ms) ? 0 : core->fresh_until;

	if (until == core->told_fresh)
		return;
	if ((until == 0) != (core->told_fresh == 0))
		quoin_agent_report_soon(step);
	core->told_fresh = until;
	quoin_agent_after(step, QUOIN_AGENT_FRESH)->until_boot_ms = until;
}

static void
settle_ready(struct quoin_agent_step *step)
{
	const bool is_ready = quoin_agent_core_is_ready(step->core);

	if (is_ready != step->core->told_ready)
		(void)quoin_agent_after(step, QUOIN_AGENT_READY);
	step->core->told_ready = is_ready;
	/* A new store has caught up once it was ready for everything live; that it is new outlasts restarts until then. */
	if (is_ready && step->core->ratchets.is_new) {
		step->core->ratchets.is_new = false;
		step->core->change.has_ratchets = true;
	}
}

int
quoin_agent_core_step(struct quoin_agent_core *core, const struct quoin_agent_event *event,
    struct quoin_agent_actions *ret_actions)
{
	struct quoin_agent_step step;

	QUOIN_ASSERT(core->has_started || event->kind == QUOIN_AGENT_START);
	step.core = core;
	step.event = event;
	step.before = ret_actions;
	step.after.count = 0;
	step.raised = step.collect = false;
	step.error = 0;
	ret_actions->count = 0;
	memset(&core->change, 0, sizeof core->change);
	clear_kept(core);
	take_in(&step);
	quoin_agent_track_update(&step);
	quoin_agent_choose_settle(&step);
	quoin_agent_track_settle(&step);
	quoin_agent_serving_settle(&step);
	quoin_agent_fuse_settle(&step);
	settle_root(&step);
	settle_fresh(&step);
	settle_ready(&step);
	quoin_agent_report_settle(&step);
	save_offsets(&step);
	if (step.collect)
		(void)quoin_agent_after(&step, QUOIN_AGENT_COLLECT);
	for (size_t i = 0; i < step.after.count; i++)
		*push(ret_actions, step.after.items[i].kind) = step.after.items[i];
	if (core->stopping)
		(void)push(ret_actions, QUOIN_AGENT_EXIT);
	return step.error;
}

static int64_t
min_of(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t
quoin_agent_core_deadline(const struct quoin_agent_core *core)
{
	int64_t at = core->sent_count < QUOIN_AGENT_SENT_MAX ? core->report_at : INT64_MAX;

	if (core->told_fresh != 0)
		at = min_of(at, core->fresh_until);
	at = min_of(at, quoin_agent_track_deadline(core));
	at = min_of(at, quoin_agent_fuse_deadline(core));
	at = min_of(at, quoin_agent_choose_deadline(core));
	return min_of(at, quoin_agent_serving_deadline(core));
}

bool
quoin_agent_core_is_stale(const struct quoin_agent_core *core, int64_t boot_ms)
{
	return core->silent || core->root_is_over || boot_ms >= core->fresh_until || core->join != QUOIN_JOIN_DONE;
}

bool
quoin_agent_core_keeps(const struct quoin_agent_core *core, uint64_t release)
{
	return (release == core->runs.number && !QUOIN_DEFECT(COLLECT_ALL)) || release == core->preparing.number ||
	    quoin_agent_tracked_const(core, release) != NULL;
}
