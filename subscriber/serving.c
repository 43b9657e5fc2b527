/*
 * Serving: the models that the live releases place on this host's shard, loaded, validated and unloaded through hooks
 * (PROTOCOL.md section 3). One entry per model, version and digest, however many releases place it here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/defect.h"
#include "subscriber/core_step.h"

_Static_assert(QUOIN_AGENT_TRACKED_MAX <= 64, "a release is a bit of \"placed\"");

const struct quoin_agent_model *
quoin_agent_core_model(const struct quoin_agent_core *core, uint64_t id)
{
	for (size_t i = 0; i < core->model_count; i++)
		if (core->models[i].id == id)
			return &core->models[i];
	return NULL;
}

static struct quoin_agent_model *
model_named(struct quoin_agent_core *core, const struct quoin_agent_model_name *name)
{
	for (size_t i = 0; i < core->model_count; i++) {
		const struct quoin_agent_model_name *have = &core->models[i].name;

		if (strcmp(have->name, name->name) == 0 && strcmp(have->version, name->version) == 0 &&
		    strcmp(have->digest, name->digest) == 0)
			return &core->models[i];
	}
	return NULL;
}

static struct quoin_agent_model *
add_model(struct quoin_agent_core *core, const struct quoin_agent_model_name *name)
{
	struct quoin_agent_model *model;

	if (core->model_count == core->model_cap) {
		const size_t cap = core->model_cap == 0 ? 16 : 2 * core->model_cap;
		struct quoin_agent_model *grown = realloc(core->models, cap * sizeof *grown);

		if (grown == NULL)
			return NULL;
		core->models = grown;
		core->model_cap = cap;
	}
	model = &core->models[core->model_count++];
	memset(model, 0, sizeof *model);
	model->id = core->model_next++;
	model->name = *name;
	return model;
}

int
quoin_agent_serving_restore(struct quoin_agent_core *core, const struct quoin_agent_model_name *models, size_t count)
{
	for (size_t i = 0; i < count && !QUOIN_DEFECT(LEFTOVERS); i++) {
		struct quoin_agent_model *model = add_model(core, &models[i]);

		if (model == NULL)
			return QUOIN_ENOMEM;
		model->may_be_loaded = model->is_kept = true;
	}
	return 0;
}

size_t
quoin_agent_core_kept(const struct quoin_agent_core *core, const struct quoin_agent_model_name **ret)
{
	size_t count = 0;

	for (size_t i = 0; i < core->model_count; i++)
		if (core->models[i].is_kept)
			ret[count++] = &core->models[i].name;
	return count;
}

static void
forget(struct quoin_agent_core *core, size_t index)
{
	core->has_gone = core->has_gone || core->models[index].is_kept;
	core->model_count--;
	memmove(&core->models[index], &core->models[index + 1], (core->model_count - index) * sizeof core->models[0]);
}

void
quoin_agent_serving_place(struct quoin_agent_step *step, size_t slot, const struct quoin_agent_model_name *models,
    size_t count)
{
	struct quoin_agent_core *core = step->core;

	for (size_t i = 0; i < count; i++) {
		struct quoin_agent_model *model = model_named(core, &models[i]);

		if (model == NULL) {
			model = add_model(core, &models[i]);
			if (model == NULL) {
				step->error = QUOIN_ENOMEM;
				return;
			}
		}
		/* Where it is fetched from may change, what it is may not. */
		model->name = models[i];
		model->placed |= 1ull << slot;
	}
}

void
quoin_agent_serving_drop(struct quoin_agent_core *core, size_t slot)
{
	for (size_t i = 0; i < core->model_count; i++)
		core->models[i].placed &= ~(1ull << slot);
}

void
quoin_agent_serving_retry(struct quoin_agent_step *step, size_t slot)
{
	struct quoin_agent_core *core = step->core;

	for (size_t i = 0; i < core->model_count; i++) {
		struct quoin_agent_model *model = &core->models[i];

		if ((model->placed & 1ull << slot) == 0 || model->state != QUOIN_MODEL_FAILED)
			continue;
		model->state = QUOIN_MODEL_ABSENT;
		model->tries = 0;
		model->reason[0] = '\0';
		quoin_agent_report_soon(step);
	}
}

/* ---- How far ---- */

enum quoin_progress
quoin_agent_progress(const struct quoin_agent_core *core, const struct quoin_agent_release *release,
    const struct quoin_agent_model **ret_model)
{
	const uint64_t bit = 1ull << (release - core->releases);
	const struct quoin_agent_model *waits = NULL, *failed = NULL;

	if (ret_model != NULL)
		*ret_model = NULL;
	if (!quoin_agent_is_serving(core) || !release->is_loaded || release->since == 0)
		return release->progress;
	for (size_t i = 0; i < core->model_count; i++) {
		const struct quoin_agent_model *model = &core->models[i];

		if ((model->placed & bit) == 0)
			continue;
		if (model->state == QUOIN_MODEL_FAILED && failed == NULL)
			failed = model;
		else if (model->state != QUOIN_MODEL_LOADED && (waits == NULL || model->reason[0] != '\0') &&
		    !(model->state == QUOIN_MODEL_RUNNING && model->hook == QUOIN_HOOK_CHECK))
			waits = model;
	}
	if (ret_model != NULL)
		*ret_model = failed != NULL ? failed : waits;
	if (failed != NULL)
		return QUOIN_PROGRESS_FAILED;
	return waits != NULL ? QUOIN_PROGRESS_LOADING : QUOIN_PROGRESS_READY;
}

bool
quoin_agent_core_is_ready(const struct quoin_agent_core *core)
{
	size_t needed = 0;

	if (!quoin_agent_is_serving(core))
		return core->runs.number != 0;
	if (core->obeyed.epoch == 0 ||
	    (core->ratchets.is_new && !QUOIN_DEFECT(RUN_14A) &&
		(!core->gate_was_read || core->waiting.bytes.len > 0 || quoin_agent_is_behind(core))) ||
	    quoin_activation_exclusion(&core->obeyed, core->cert.host) != NULL)
		return false;
	for (size_t i = 0; i < core->obeyed.live_count; i++) {
		const struct quoin_live *live = &core->obeyed.live[i];
		const struct quoin_agent_release *release = quoin_agent_tracked_const(core, live->release.number);
		bool is_needed = core->ratchets.is_new || live->last > 0;

		if (QUOIN_DEFECT(RUN_4) && !quoin_activation_may_select(&core->obeyed, live->release.number))
			continue;

		for (size_t k = 0; k < core->ratchets.ready_count; k++)
			is_needed = is_needed || core->ratchets.ready[k] == live->release.number;
		if (!is_needed)
			continue;
		needed++;
		if (release == NULL || release->since == 0 ||
		    quoin_agent_progress(core, release, NULL) != QUOIN_PROGRESS_READY)
			return false;
	}
	return needed > 0;
}

/* ---- Hooks ---- */

/* Loaded or not is no longer certain: whoever counted on this host must see it first. */
static void
raise_generation(struct quoin_agent_step *step)
{
	if (step->raised)
		return;
	step->raised = true;
	step->core->ratchets.load_generation++;
	step->core->change.has_ratchets = true;
	(void)quoin_agent_after(step, QUOIN_AGENT_COPY);
	quoin_agent_report_now(step);
}

static void
run(struct quoin_agent_step *step, struct quoin_agent_model *model, enum quoin_hook hook)
{
	struct quoin_agent_action *action = quoin_agent_after(step, QUOIN_AGENT_RUN);

	action->model = model->id;
	action->hook = hook;
	model->state = QUOIN_MODEL_RUNNING;
	model->hook = hook;
	model->retry_at = 0;
	if (hook == QUOIN_HOOK_LOAD)
		model->may_be_loaded = true;
	if (hook == QUOIN_HOOK_LOAD || hook == QUOIN_HOOK_VALIDATE)
		quoin_agent_fuse_risk(step, model);
	step->core->hooks_out++;
}

static void
wait_for(struct quoin_agent_step *step, struct quoin_agent_model *model, enum quoin_hook hook)
{
	model->state = QUOIN_MODEL_WAITING;
	model->hook = hook;
	model->retry_at = step->event->boot_ms + quoin_agent_backoff_ms(model->tries);
}

static void
loaded(struct quoin_agent_step *step, struct quoin_agent_model *model)
{
	model->state = QUOIN_MODEL_LOADED;
	model->tries = 0;
	model->reason[0] = '\0';
	model->check_at = step->event->boot_ms + (int64_t)step->core->conf.hook_check_ms;
	quoin_agent_report_soon(step);
}

static void
unloaded(struct quoin_agent_model *model)
{
	model->state = QUOIN_MODEL_ABSENT;
	model->may_be_loaded = false;
	model->tries = 0;
	model->reason[0] = '\0';
}

/* What did not load before, perhaps for want of room, is tried again. */
static void
made_room(struct quoin_agent_step *step, struct quoin_agent_model *model)
{
	struct quoin_agent_core *core = step->core;

	unloaded(model);
	for (size_t i = 0; i < core->model_count; i++) {
		if (core->models[i].state != QUOIN_MODEL_FAILED || core->models[i].hook != QUOIN_HOOK_LOAD)
			continue;
		core->models[i].state = QUOIN_MODEL_ABSENT;
		core->models[i].tries = 0;
		quoin_agent_report_soon(step);
	}
}

/* The model died although nobody unloaded it. */
static void
died(struct quoin_agent_step *step, struct quoin_agent_model *model)
{
	raise_generation(step);
	quoin_agent_say(step, QUOIN_AGENT_ALARM, QUOIN_EREFUSED, "model %s@%s is gone: %s", model->name.name,
	    model->name.version, model->reason);
	model->state = QUOIN_MODEL_ABSENT;
	model->tries = 0;
}

static uint64_t
live_bits(const struct quoin_agent_core *core)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < QUOIN_AGENT_TRACKED_MAX; i++)
		if (core->releases[i].ref.number != 0 && core->releases[i].since != 0)
			bits |= 1ull << i;
	return bits;
}

/* Something is or may be loaded that no live release wants, as far as is known. As long as it stays there may be no room for
 * others through nobody's fault, and a load that fails does not say that the model is bad. */
static bool
has_leftovers(const struct quoin_agent_core *core, uint64_t live)
{
	for (size_t i = 0; i < core->model_count; i++)
		if (core->models[i].may_be_loaded && (core->models[i].placed & live) == 0)
			return true;
	return false;
}

static void
failed(struct quoin_agent_step *step, struct quoin_agent_model *model, enum quoin_hook hook)
{
	model->tries++;
	if (step->event->code == QUOIN_EAGAIN || model->tries <= step->core->conf.hook_retries ||
	    (hook == QUOIN_HOOK_LOAD && model->tries <= QUOIN_AGENT_LEFTOVER_TRIES &&
		has_leftovers(step->core, live_bits(step->core)))) {
		wait_for(step, model, hook);
	} else if (hook == QUOIN_HOOK_UNLOAD) {
		quoin_agent_say(step, QUOIN_AGENT_ALARM, QUOIN_EREFUSED, "model %s@%s cannot be unloaded: %s",
		    model->name.name, model->name.version, model->reason);
		unloaded(model);
	} else {
		model->state = QUOIN_MODEL_FAILED;
		quoin_agent_say(step, QUOIN_AGENT_REJECT, QUOIN_EREFUSED, "model %s@%s does not %s: %s", model->name.name,
		    model->name.version, quoin_hook_name(hook), model->reason);
	}
	quoin_agent_report_soon(step);
}

void
quoin_agent_serving_hooked(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	const struct quoin_agent_event *event = step->event;
	struct quoin_agent_model *model = NULL;

	for (size_t i = 0; i < core->model_count; i++)
		if (core->models[i].id == event->model)
			model = &core->models[i];
	if (model == NULL || model->state != QUOIN_MODEL_RUNNING || model->hook != event->hook)
		return;
	QUOIN_ASSERT(core->hooks_out > 0);
	core->hooks_out--;
	if (event->code != 0)
		quoin_agent_reason(event->reason, event->code, model->reason);
	if (event->hook == QUOIN_HOOK_CHECK && event->code != 0 && event->code != QUOIN_EAGAIN)
		died(step, model);
	else if (event->hook == QUOIN_HOOK_CHECK)
		loaded(step, model);
	else if (event->code != 0)
		failed(step, model, event->hook);
	else if (event->hook == QUOIN_HOOK_LOAD && core->conf.has_validate)
		wait_for(step, model, QUOIN_HOOK_VALIDATE);
	else if (event->hook == QUOIN_HOOK_UNLOAD)
		made_room(step, model);
	else
		loaded(step, model);
	/* Validating follows loading at once. */
	if (event->code == 0 && model->state == QUOIN_MODEL_WAITING)
		model->retry_at = event->boot_ms;
}

/* ---- Settling ---- */

/* Some live release may place a model here that is not known yet: nothing is unloaded until it is. */
static bool
is_in_the_dark(const struct quoin_agent_core *core)
{
	size_t known = 0;

	for (size_t i = 0; i < QUOIN_AGENT_TRACKED_MAX; i++) {
		const struct quoin_agent_release *release = &core->releases[i];

		if (release->ref.number == 0 || release->since == 0)
			continue;
		if (!release->is_loaded)
			return true;
		known++;
	}
	/* A new store meets old activations first, and does not know what this host has promised since. */
	return core->obeyed.epoch == 0 || (core->ratchets.is_new && !core->gate_was_read) || core->waiting.bytes.len > 0 ||
	    known < core->obeyed.live_count;
}

static void
settle_wanted(struct quoin_agent_step *step, struct quoin_agent_model *model, bool held)
{
	const int64_t now = step->event->boot_ms;

	if (model->state == QUOIN_MODEL_ABSENT && held && !model->may_be_loaded)
		return; /* there may be no room yet; what leaves leaves first */
	if (model->state == QUOIN_MODEL_ABSENT)
		run(step, model, QUOIN_HOOK_LOAD);
	else if (model->state == QUOIN_MODEL_WAITING && model->hook == QUOIN_HOOK_UNLOAD)
		run(step, model, QUOIN_HOOK_LOAD); /* it was not unloaded, but may be half */
	else if (model->state == QUOIN_MODEL_WAITING && model->retry_at <= now)
		run(step, model, model->hook);
	else if (model->state == QUOIN_MODEL_LOADED && step->core->conf.has_check && model->check_at <= now)
		run(step, model, QUOIN_HOOK_CHECK);
}

/* What is obeyed may be old news: a host that was cut off meets one activation after the other, and a release that left the
 * live set in this one may be back, and run, in the next. Nothing is unloaded before the gate topic was read to an end that
 * was asked for after this activation was obeyed, and a short while ago: a gate does without a host that is silent for three
 * status intervals. */
static bool
is_newest_known(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;

	if ((quoin_position_compare(&core->read_past, &core->ratchets.obeyed) == 0 &&
		step->event->boot_ms <= core->read_until) ||
	    QUOIN_DEFECT(UNLOAD_OLD_NEWS))
		return true;
	if (!core->is_reading_end && core->is_assigned[QUOIN_TOPIC_GATE]) {
		core->is_reading_end = true;
		core->reading_at = core->ratchets.obeyed;
		core->reading_since = step->event->boot_ms;
		quoin_agent_assign(step, QUOIN_TOPIC_GATE, core->offsets[QUOIN_TOPIC_GATE].next);
	}
	return false;
}

void
quoin_agent_serving_end(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;

	/* One that was asked for before the network went says nothing when it is back. */
	if (core->is_reading_end && !quoin_agent_is_behind(core)) {
		core->read_past = core->reading_at;
		core->read_until = core->reading_since + (int64_t)core->conf.status_interval_ms;
	}
	core->is_reading_end = false;
}

/* No live release places it here. Returns whether the entry was forgotten. */
static bool
settle_unwanted(struct quoin_agent_step *step, size_t index, bool dark)
{
	struct quoin_agent_core *core = step->core;
	struct quoin_agent_model *model = &core->models[index];

	if (!model->may_be_loaded) {
		if (model->placed != 0)
			return false;
		forget(core, index);
		return true;
	}
	if (dark || (model->state == QUOIN_MODEL_WAITING && model->hook == QUOIN_HOOK_UNLOAD &&
			model->retry_at > step->event->boot_ms))
		return false;
	if (!is_newest_known(step))
		return false;
	raise_generation(step);
	if (model->state != QUOIN_MODEL_WAITING || model->hook != QUOIN_HOOK_UNLOAD)
		model->tries = 0;
	run(step, model, QUOIN_HOOK_UNLOAD);
	return false;
}

/* Live releases that are ready for the first time are remembered; those that left the live set are not. */
static void
settle_ever_ready(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	struct quoin_ratchets *ratchets = &core->ratchets;
	uint64_t ready[QUOIN_STORE_READY_MAX] = {0};
	size_t count = 0;

	/* Of a store that was lost the ratchets may be all there is: what they say holds until an activation is obeyed. */
	if (core->obeyed.epoch == 0)
		return;
	for (size_t i = 0; i < core->obeyed.live_count; i++) {
		const uint64_t number = core->obeyed.live[i].release.number;
		const struct quoin_agent_release *release = quoin_agent_tracked_const(core, number);
		bool is_ready = release != NULL && release->since != 0 &&
		    quoin_agent_progress(core, release, NULL) == QUOIN_PROGRESS_READY;

		for (size_t k = 0; k < ratchets->ready_count; k++)
			is_ready = is_ready || ratchets->ready[k] == number;
		if (is_ready)
			ready[count++] = number;
	}
	if (count == ratchets->ready_count && memcmp(ready, ratchets->ready, count * sizeof ready[0]) == 0)
		return;
	memcpy(ratchets->ready, ready, count * sizeof ready[0]);
	ratchets->ready_count = count;
	core->change.has_ratchets = true;
}

/* What may be loaded from now on is durable before: a core that comes after unloads it when nobody wants it any more, even if
 * the content that placed it here is nowhere by then. What is gone is struck out once all of it is. */
static void
settle_kept(struct quoin_agent_step *step, uint64_t live)
{
	struct quoin_agent_core *core = step->core;
	bool grows = false, shrinks = core->has_gone;

	for (size_t i = 0; i < core->model_count; i++) {
		const struct quoin_agent_model *model = &core->models[i];
		const bool must = model->may_be_loaded || (model->placed & live) != 0;

		grows = grows || (must && !model->is_kept);
		shrinks = shrinks || (!must && model->is_kept);
	}
	if (!grows && (!shrinks || has_leftovers(core, live)))
		return;
	for (size_t i = 0; i < core->model_count; i++)
		core->models[i].is_kept = core->models[i].may_be_loaded || (core->models[i].placed & live) != 0;
	core->has_gone = false;
	core->change.has_models = true;
}

/* What no live release places here leaves. */
static void
settle_all_unwanted(struct quoin_agent_step *step, uint64_t live, bool dark)
{
	struct quoin_agent_core *core = step->core;

	for (size_t i = 0; i < core->model_count && core->hooks_out < core->conf.hook_parallel;) {
		const struct quoin_agent_model *model = &core->models[i];

		if (model->state == QUOIN_MODEL_RUNNING || (model->placed & live) != 0 ||
		    !settle_unwanted(step, i, dark))
			i++;
	}
}

void
quoin_agent_serving_settle(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	const uint64_t live = live_bits(core);
	const bool dark = is_in_the_dark(core);
	bool held;

	if (!quoin_agent_is_serving(core))
		return;
	if (!core->stopping)
		settle_all_unwanted(step, live, dark);
	/* In the dark nothing leaves, perhaps for long: nothing waits for it. */
	held = !dark && has_leftovers(core, live);
	for (size_t i = 0; i < core->model_count && !core->stopping && core->hooks_out < core->conf.hook_parallel; i++)
		if (core->models[i].state != QUOIN_MODEL_RUNNING && (core->models[i].placed & live) != 0)
			settle_wanted(step, &core->models[i], held);
	settle_kept(step, live);
	settle_ever_ready(step);
}

/* When this model needs a look. What no live release wants waits for nothing but the next try to unload it; in the dark it
 * waits for what is fetched, whatever time it is. */
static int64_t
model_deadline(const struct quoin_agent_core *core, const struct quoin_agent_model *model, bool wanted, bool dark)
{
	if (!wanted && (dark || model->hook != QUOIN_HOOK_UNLOAD))
		return INT64_MAX;
	if (model->state == QUOIN_MODEL_WAITING)
		return model->retry_at;
	return model->state == QUOIN_MODEL_LOADED && core->conf.has_check ? model->check_at : INT64_MAX;
}

int64_t
quoin_agent_serving_deadline(const struct quoin_agent_core *core)
{
	const uint64_t live = live_bits(core);
	const bool dark = is_in_the_dark(core);
	int64_t at = INT64_MAX;

	if (core->hooks_out >= core->conf.hook_parallel)
		return at;
	for (size_t i = 0; i < core->model_count; i++) {
		const struct quoin_agent_model *model = &core->models[i];
		const int64_t model_at = model_deadline(core, model, (model->placed & live) != 0, dark);

		if (model_at < at)
			at = model_at;
	}
	return at;
}
