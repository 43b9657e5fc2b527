/*
 * Track: releases on their way into the store, from the release document to "staged": every live one, what is asked
 * for, and the head. Each is fetched, then tried behind its crash fuse.
 */
#include <stdio.h>
#include <string.h>

#include "lib/assert.h"
#include "subscriber/core_step.h"

const struct quoin_agent_release *
quoin_agent_tracked_const(const struct quoin_agent_core *core, uint64_t release)
{
	if (release == 0)
		return NULL;
	for (size_t i = 0; i < QUOIN_AGENT_TRACKED_MAX; i++)
		if (core->releases[i].ref.number == release)
			return &core->releases[i];
	return NULL;
}

struct quoin_agent_release *
quoin_agent_tracked(struct quoin_agent_core *core, uint64_t release)
{
	const struct quoin_agent_release *found = quoin_agent_tracked_const(core, release);

	return found == NULL ? NULL : &core->releases[found - core->releases];
}

/* ---- Which releases ---- */

/* The release, if its document was verified, is the one meant ("hash" zero: any) and may be staged at all. */
static const struct quoin_ledger_release *
known(const struct quoin_agent_core *core, uint64_t number, const struct quoin_hash *hash)
{
	const struct quoin_ledger_release *release = quoin_ledger_release(&core->ledger, number);

	if (release == NULL || (hash != NULL && !quoin_hash_equal(hash, &release->ref.hash)))
		return NULL;
	return release;
}

static bool
is_wanted(const struct quoin_agent_core *core, const struct quoin_agent_release *release)
{
	const uint64_t n = release->ref.number;

	if (release->is_trying)
		return true;
	if (core->obeyed.epoch != 0 && quoin_activation_live(&core->obeyed, n) != NULL)
		return true;
	if (quoin_agent_is_revoked(core, n))
		return false;
	return n == core->ledger.head.number || n == core->ledger.asked || n == core->obeyed.asked;
}

static void
drop(struct quoin_agent_step *step, struct quoin_agent_release *release)
{
	if (release->is_fetching)
		quoin_agent_after(step, QUOIN_AGENT_CANCEL)->release = release->ref.number;
	quoin_agent_serving_drop(step->core, (size_t)(release - step->core->releases));
	memset(release, 0, sizeof *release);
	step->collect = true;
	quoin_agent_report_soon(step);
}

static struct quoin_agent_release *
track(struct quoin_agent_step *step, const struct quoin_ledger_release *known_release)
{
	struct quoin_agent_core *core = step->core;
	struct quoin_agent_release *release;
	const struct quoin_fuse *fuse;

	if (known_release == NULL)
		return NULL;
	release = quoin_agent_tracked(core, known_release->ref.number);
	for (size_t i = 0; release == NULL && i < QUOIN_AGENT_TRACKED_MAX; i++)
		if (core->releases[i].ref.number == 0)
			release = &core->releases[i];
	if (release == NULL || release->ref.number != 0)
		return release;
	memset(release, 0, sizeof *release);
	release->ref = known_release->ref;
	release->progress = QUOIN_PROGRESS_FETCHING;
	fuse = quoin_agent_fuse_of(core, &release->ref);
	if (fuse != NULL && fuse->state == QUOIN_FUSE_BLOWN) {
		release->progress = QUOIN_PROGRESS_FAILED;
		release->is_final = true;
		memcpy(release->reason, fuse->reason, sizeof release->reason);
	}
	quoin_agent_report_soon(step);
	return release;
}

/* A release that entered the live set anew is asked anew. */
static void
enter(struct quoin_agent_step *step, struct quoin_agent_release *release, const struct quoin_live *live)
{
	const struct quoin_fuse *fuse = quoin_agent_fuse_of(step->core, &release->ref);

	release->last = live->last;
	if (release->since == live->since)
		return;
	release->since = live->since;
	quoin_agent_report_soon(step);
	quoin_agent_serving_retry(step, (size_t)(release - step->core->releases));
	/* But a blown fuse is mended by an operator's word alone. */
	if (fuse == NULL || fuse->state != QUOIN_FUSE_BLOWN) {
		release->is_final = false;
		release->retry_at = 0;
	}
}

void
quoin_agent_track_update(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	const uint64_t others[] = {core->obeyed.asked, core->ledger.asked, core->ledger.head.number};

	for (size_t i = 0; i < QUOIN_AGENT_TRACKED_MAX; i++)
		if (core->releases[i].ref.number != 0 && !is_wanted(core, &core->releases[i]))
			drop(step, &core->releases[i]);
	for (size_t i = 0; i < QUOIN_AGENT_TRACKED_MAX; i++)
		if (core->releases[i].ref.number != 0 &&
		    quoin_activation_live(&core->obeyed, core->releases[i].ref.number) == NULL)
			core->releases[i].since = core->releases[i].last = 0;
	for (size_t i = 0; i < core->obeyed.live_count; i++) {
		const struct quoin_live *live = &core->obeyed.live[i];
		struct quoin_agent_release *release =
		    track(step, known(core, live->release.number, &live->release.hash));

		if (release != NULL)
			enter(step, release, live);
	}
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (others[i] != 0 && !quoin_agent_is_revoked(core, others[i]))
			(void)track(step, known(core, others[i], NULL));
}

/* ---- Fetching and trying ---- */

static bool
is_urgent(const struct quoin_agent_core *core, const struct quoin_agent_release *release)
{
	return core->obeyed.epoch != 0 &&
	    (quoin_activation_may_select(&core->obeyed, release->ref.number) || core->obeyed.asked == release->ref.number);
}

void
quoin_agent_track_settle(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;

	for (size_t i = 0; i < QUOIN_AGENT_TRACKED_MAX; i++) {
		struct quoin_agent_release *release = &core->releases[i];
		struct quoin_agent_action *action;

		if (release->ref.number == 0 || release->is_fetching || release->is_trying || release->is_loaded ||
		    release->is_final || core->stopping || release->retry_at > step->event->boot_ms)
			continue;
		/* Heads that the topic's rest makes old are not worth a byte. */
		if (release->since == 0 && !core->control_was_read)
			continue;
		/* The document that says what to fetch must be known, not only named. */
		if (known(core, release->ref.number, &release->ref.hash) == NULL)
			continue;
		release->retry_at = 0;
		release->is_fetching = true;
		action = quoin_agent_after(step, QUOIN_AGENT_FETCH);
		action->release = release->ref.number;
		action->urgent = is_urgent(core, release);
	}
}

static void
set_progress(struct quoin_agent_step *step, struct quoin_agent_release *release, enum quoin_progress progress,
    const char *reason)
{
	if (release->progress != progress || strcmp(release->reason, reason) != 0)
		quoin_agent_report_soon(step);
	release->progress = progress;
	(void)snprintf(release->reason, sizeof release->reason, "%s", reason);
}

/* What a failure of fetching or loading means: the machine's, the content's, or nobody's. */
static enum quoin_progress
progress_of(int code)
{
	switch (quoin_error_class(code)) {
	case QUOIN_CLASS_RETRY:
		return QUOIN_PROGRESS_FETCHING;
	case QUOIN_CLASS_DATA:
	case QUOIN_CLASS_TRUST:
		/* Content that is nowhere may still come. */
		return code == QUOIN_EMISSING ? QUOIN_PROGRESS_FETCHING : QUOIN_PROGRESS_REJECTED;
	default:
		return QUOIN_PROGRESS_UNABLE;
	}
}

static void
fail(struct quoin_agent_step *step, struct quoin_agent_release *release)
{
	const int code = step->event->code;
	const enum quoin_progress progress = progress_of(code);
	char reason[QUOIN_REASON_BYTES_MAX + 1];

	quoin_agent_reason(step->event->reason, code, reason);
	if (progress != release->progress || strcmp(reason, release->reason) != 0)
		quoin_agent_say(step, QUOIN_AGENT_REJECT, code, "release %llu: %s", (unsigned long long)release->ref.number,
		    reason);
	set_progress(step, release, progress, reason);
	release->retries++;
	release->retry_at = step->event->boot_ms + quoin_agent_backoff_ms(release->retries);
	/* What is signed and over a limit, or of an unknown kind, stays so. */
	release->is_final = code == QUOIN_ELIMIT || code == QUOIN_EVERSION || code == QUOIN_ESYNTAX;
}

void
quoin_agent_track_fetched(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	struct quoin_agent_release *release = quoin_agent_tracked(core, step->event->release);
	const struct quoin_fuse *fuse;

	if (release == NULL || !release->is_fetching)
		return;
	release->is_fetching = false;
	if (step->event->code != 0) {
		fail(step, release);
		return;
	}
	fuse = quoin_agent_fuse_of(core, &release->ref);
	if (fuse == NULL || fuse->state != QUOIN_FUSE_GOOD)
		quoin_agent_fuse_set(step, &release->ref, QUOIN_FUSE_ATTEMPTING, "");
	release->is_trying = true;
	set_progress(step, release, QUOIN_PROGRESS_VERIFYING, "");
	quoin_agent_after(step, QUOIN_AGENT_TRY)->release = release->ref.number;
}

static void
blow(struct quoin_agent_step *step, struct quoin_agent_release *release)
{
	char reason[QUOIN_REASON_BYTES_MAX + 1];

	quoin_agent_reason(step->event->reason, step->event->code, reason);
	quoin_agent_say(step, QUOIN_AGENT_ALARM, step->event->code, "release %llu is rejected: %s",
	    (unsigned long long)release->ref.number, reason);
	quoin_agent_fuse_set(step, &release->ref, QUOIN_FUSE_BLOWN, reason);
	set_progress(step, release, QUOIN_PROGRESS_FAILED, reason);
	release->is_final = true;
}

void
quoin_agent_track_tried(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	struct quoin_agent_release *release = quoin_agent_tracked(core, step->event->release);
	const struct quoin_fuse *fuse;

	if (release == NULL || !release->is_trying)
		return;
	release->is_trying = false;
	if (step->event->code == QUOIN_EREFUSED) {
		blow(step, release);
		return;
	}
	fuse = quoin_agent_fuse_of(core, &release->ref);
	if (step->event->code != 0) {
		/* It ended well, in that it ended. */
		if (fuse != NULL && fuse->state == QUOIN_FUSE_ATTEMPTING)
			quoin_agent_fuse_remove(step, (size_t)(fuse - core->fuses));
		fail(step, release);
		return;
	}
	/* What the application's own readers have met is good when they have lived with it for a while. */
	if ((fuse == NULL || fuse->state != QUOIN_FUSE_GOOD) && core->proving.number != release->ref.number)
		quoin_agent_fuse_set(step, &release->ref, QUOIN_FUSE_GOOD, "");
	release->is_loaded = true;
	release->retries = 0;
	if (quoin_agent_is_serving(core))
		quoin_agent_serving_place(step, (size_t)(release - core->releases), step->event->models,
		    step->event->model_count);
	set_progress(step, release, QUOIN_PROGRESS_STAGED, "");
}

void
quoin_agent_track_answered(struct quoin_agent_step *step)
{
	for (size_t i = 0; i < QUOIN_AGENT_TRACKED_MAX; i++)
		if (step->core->releases[i].retry_at != 0)
			step->core->releases[i].retry_at = step->event->boot_ms;
}

void
quoin_agent_track_retry(struct quoin_agent_step *step, uint64_t number)
{
	struct quoin_agent_core *core = step->core;
	struct quoin_agent_release *release = quoin_agent_tracked(core, number);

	for (size_t i = core->fuse_count; i-- > 0;)
		if (core->fuses[i].release.number == number && core->fuses[i].state != QUOIN_FUSE_GOOD)
			quoin_agent_fuse_remove(step, i);
	if (release == NULL)
		return;
	quoin_agent_serving_retry(step, (size_t)(release - core->releases));
	release->retries = 0;
	release->retry_at = 0;
	if (release->is_loaded || release->is_fetching || release->is_trying)
		return;
	release->is_final = false;
	set_progress(step, release, QUOIN_PROGRESS_FETCHING, "");
}

int64_t
quoin_agent_track_deadline(const struct quoin_agent_core *core)
{
	int64_t at = INT64_MAX;

	for (size_t i = 0; i < QUOIN_AGENT_TRACKED_MAX; i++) {
		const struct quoin_agent_release *release = &core->releases[i];

		if (release->ref.number != 0 && !release->is_final && release->retry_at != 0 && release->retry_at < at)
			at = release->retry_at;
	}
	return at;
}
