/*
 * Fuse: a release that crashes or hangs who loads it does so at most twice on a host (PROTOCOL.md section 9, I8). "attempting"
 * is durable before, "good" after; whoever dies in between is counted at the next start.
 *
 * A trial is a child's. Inside an application two more things are its own process': views of what became active, and the
 * functions that load models. A release is at risk there until the application has lived with it for a while, or was ready.
 */
#include <stdio.h>
#include <string.h>

#include "lib/defect.h"
#include "subscriber/core_step.h"

struct quoin_fuse *
quoin_agent_fuse_of(struct quoin_agent_core *core, const struct quoin_docref *release)
{
	for (size_t i = 0; i < core->fuse_count; i++)
		if (core->fuses[i].release.number == release->number &&
		    quoin_hash_equal(&core->fuses[i].release.hash, &release->hash))
			return &core->fuses[i];
	return NULL;
}

void
quoin_agent_fuse_remove(struct quoin_agent_step *step, size_t index)
{
	struct quoin_agent_core *core = step->core;

	core->fuse_count--;
	memmove(&core->fuses[index], &core->fuses[index + 1], (core->fuse_count - index) * sizeof core->fuses[0]);
	core->change.has_fuses = true;
}

/* Make room: what is known of a release that is no longer tracked goes, and first that it was good. */
static void
make_room(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;

	for (int blown = 0; blown < 2; blown++)
		for (size_t i = 0; core->fuse_count == QUOIN_STORE_FUSES_MAX && i < core->fuse_count; i++)
			if ((core->fuses[i].state != QUOIN_FUSE_BLOWN || blown == 1) &&
			    !quoin_agent_core_keeps(core, core->fuses[i].release.number))
				quoin_agent_fuse_remove(step, i);
	/* As many as tracked releases fit, and one of those has none. */
	if (core->fuse_count == QUOIN_STORE_FUSES_MAX)
		quoin_agent_fuse_remove(step, 0);
}

/* A fuse for the release: its own, or a new one. */
static struct quoin_fuse *
make_fuse(struct quoin_agent_step *step, const struct quoin_docref *release)
{
	struct quoin_agent_core *core = step->core;
	struct quoin_fuse *fuse = quoin_agent_fuse_of(core, release);

	if (fuse != NULL)
		return fuse;
	make_room(step);
	fuse = &core->fuses[core->fuse_count++];
	memset(fuse, 0, sizeof *fuse);
	fuse->release = *release;
	return fuse;
}

static struct quoin_fuse *
set(struct quoin_agent_step *step, const struct quoin_docref *release, enum quoin_fuse_state state, const char *reason)
{
	struct quoin_fuse *fuse = make_fuse(step, release);

	fuse->state = state;
	memcpy(fuse->boot, step->core->conf.boot, sizeof fuse->boot);
	(void)snprintf(fuse->reason, sizeof fuse->reason, "%s", reason);
	step->core->change.has_fuses = true;
	return fuse;
}

void
quoin_agent_fuse_set(struct quoin_agent_step *step, const struct quoin_docref *release, enum quoin_fuse_state state,
    const char *reason)
{
	(void)set(step, release, state, reason);
}

/* ---- Deaths ---- */

/* An attempt that did not end: the agent died, unless the machine did. The second death in one boot blows the fuse. */
static void
count_deaths(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;

	for (size_t i = 0; i < core->fuse_count; i++) {
		struct quoin_fuse *fuse = &core->fuses[i];

		if (fuse->state != QUOIN_FUSE_ATTEMPTING || strcmp(fuse->boot, core->conf.boot) != 0)
			continue;
		fuse->attempts += !QUOIN_DEFECT(NO_FUSE);
		core->change.has_fuses = true;
		if (fuse->attempts < 2)
			continue;
		fuse->state = QUOIN_FUSE_BLOWN;
		(void)snprintf(fuse->reason, sizeof fuse->reason, "the %s died twice while loading it",
		    core->conf.is_inside ? "application" : "agent");
		quoin_agent_say(step, QUOIN_AGENT_ALARM, QUOIN_EREFUSED, "release %llu is rejected: %s",
		    (unsigned long long)fuse->release.number, fuse->reason);
	}
}

/* Rather no view than one that kills its readers; another release that may run is chosen when it is known to be sound. */
static void
give_up_what_runs(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;

	memset(&core->runs, 0, sizeof core->runs);
	memset(&core->chosen, 0, sizeof core->chosen);
	core->ratchets.generation++;
	core->change.has_active = core->change.has_ratchets = true;
	core->change.active = 0;
	quoin_agent_after(step, QUOIN_AGENT_SERVE)->release = 0;
	quoin_agent_report_now(step);
}

void
quoin_agent_fuse_start(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	const struct quoin_fuse *fuse;

	if (!step->event->again)
		count_deaths(step);
	fuse = quoin_agent_fuse_of(core, &core->runs);
	if (!core->conf.is_inside || quoin_agent_is_serving(core) || core->runs.number == 0 || fuse == NULL)
		return;
	if (fuse->state == QUOIN_FUSE_BLOWN)
		give_up_what_runs(step);
	else if (fuse->state == QUOIN_FUSE_ATTEMPTING)
		quoin_agent_fuse_prove(step, &core->runs);
}

/* ---- Inside an application ---- */

void
quoin_agent_fuse_prove(struct quoin_agent_step *step, const struct quoin_docref *release)
{
	struct quoin_agent_core *core = step->core;

	if (!core->conf.is_inside || quoin_agent_is_serving(core))
		return;
	if (core->proving.number != 0 && core->proving.number != release->number)
		quoin_agent_fuse_set(step, &core->proving, QUOIN_FUSE_GOOD, "");
	quoin_agent_fuse_set(step, release, QUOIN_FUSE_ATTEMPTING, "");
	core->proving = *release;
	core->proving_until = step->event->boot_ms + QUOIN_AGENT_PROVEN_MS;
}

/* What this host was ever ready for has been loaded before. */
static bool
was_ready(const struct quoin_agent_core *core, uint64_t release)
{
	for (size_t i = 0; i < core->ratchets.ready_count; i++)
		if (core->ratchets.ready[i] == release)
			return true;
	return false;
}

void
quoin_agent_fuse_risk(struct quoin_agent_step *step, const struct quoin_agent_model *model)
{
	struct quoin_agent_core *core = step->core;

	for (size_t i = 0; i < QUOIN_AGENT_TRACKED_MAX && core->conf.is_inside; i++) {
		const struct quoin_agent_release *release = &core->releases[i];

		if ((model->placed & 1ull << i) != 0 && release->ref.number != 0 && release->since != 0 &&
		    !was_ready(core, release->ref.number))
			quoin_agent_fuse_set(step, &release->ref, QUOIN_FUSE_ATTEMPTING, "");
	}
}

/* Whether the application is loading a model of the release in this slot. */
static bool
is_at_risk(const struct quoin_agent_core *core, size_t slot)
{
	for (size_t i = 0; i < core->model_count; i++)
		if ((core->models[i].placed & 1ull << slot) != 0 && core->models[i].state == QUOIN_MODEL_RUNNING &&
		    (core->models[i].hook == QUOIN_HOOK_LOAD || core->models[i].hook == QUOIN_HOOK_VALIDATE))
			return true;
	return false;
}

static void
survive(struct quoin_agent_step *step, const struct quoin_docref *release, bool is_proven)
{
	struct quoin_fuse *fuse = set(step, release, QUOIN_FUSE_GOOD, "");

	if (is_proven)
		fuse->attempts = 0;
}

void
quoin_agent_fuse_settle(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;

	if (!core->conf.is_inside)
		return;
	/* An application that ends in order has survived what it was doing. */
	if (core->proving.number != 0 && (core->stopping || step->event->boot_ms >= core->proving_until)) {
		survive(step, &core->proving, !core->stopping);
		memset(&core->proving, 0, sizeof core->proving);
	}
	for (size_t i = 0; i < QUOIN_AGENT_TRACKED_MAX && quoin_agent_is_serving(core); i++) {
		const struct quoin_agent_release *release = &core->releases[i];
		const struct quoin_fuse *fuse =
		    release->ref.number != 0 ? quoin_agent_fuse_of(core, &release->ref) : NULL;

		if (fuse != NULL && fuse->state == QUOIN_FUSE_ATTEMPTING && !release->is_trying && release->is_loaded &&
		    (core->stopping || !is_at_risk(core, i)))
			survive(step, &release->ref, was_ready(core, release->ref.number));
	}
}

int64_t
quoin_agent_fuse_deadline(const struct quoin_agent_core *core)
{
	return core->proving.number != 0 ? core->proving_until : INT64_MAX;
}
