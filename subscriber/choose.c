/*
 * Choose: which release this host runs, when it may start it, and whether it counts (PROTOCOL.md sections 2, 4 and 6).
 */
#include <string.h>

#include "lib/assert.h"
#include "lib/defect.h"
#include "subscriber/core_step.h"

/* ---- Revocations: once learned, never forgotten ---- */

bool
quoin_agent_is_revoked(const struct quoin_agent_core *core, uint64_t release)
{
	const struct quoin_ledger_release *known = quoin_ledger_release(&core->ledger, release);

	if (known != NULL && known->is_revoked)
		return true;
	for (size_t i = 0; i < core->ratchets.revoked_count; i++)
		if (core->ratchets.revoked[i] == release)
			return true;
	return false;
}

void
quoin_agent_revoke(struct quoin_agent_step *step, uint64_t release)
{
	struct quoin_ratchets *ratchets = &step->core->ratchets;
	size_t i;

	for (i = 0; i < ratchets->revoked_count && ratchets->revoked[i] < release; i++)
		;
	if (i < ratchets->revoked_count && ratchets->revoked[i] == release)
		return;
	if (ratchets->revoked_count == QUOIN_HISTORY_MAX) {
		if (i == 0)
			return;
		memmove(&ratchets->revoked[0], &ratchets->revoked[1], (i - 1) * sizeof ratchets->revoked[0]);
		i--;
	} else {
		memmove(&ratchets->revoked[i + 1], &ratchets->revoked[i],
		    (ratchets->revoked_count - i) * sizeof ratchets->revoked[0]);
		ratchets->revoked_count++;
	}
	ratchets->revoked[i] = release;
	step->core->change.has_ratchets = true;
}

/* ---- Leases ---- */

/* Whether the last acknowledged status still counts, by both clocks and in this boot. */
static bool
has_lease(const struct quoin_agent_core *core, int64_t boot_ms, int64_t wall_ms)
{
	const struct quoin_ratchets *ratchets = &core->ratchets;
	const int64_t lease_ms = (int64_t)core->conf.lease_ms;

	if (QUOIN_DEFECT(LEASE_NEVER_ENDS) && ratchets->lease_boot_ms != 0)
		return true;
	return ratchets->lease_boot_ms != 0 && strcmp(ratchets->boot, core->conf.boot) == 0 &&
	    boot_ms - ratchets->lease_boot_ms < lease_ms && wall_ms - ratchets->lease_wall_ms < lease_ms;
}

/* Live, and selectable at some time of this stay. One that left the live set while this router was away and entered anew is
 * not behind anybody's /ready before it is selected: hosts may still be loading it. */
static bool
is_loaded_for(const struct quoin_agent_core *core, uint64_t release)
{
	const struct quoin_live *live = quoin_activation_live(&core->obeyed, release);

	return live != NULL && live->last > 0;
}

/* With "refuse" a lapsed router's readers resolve again only when the gate is known to count on what they hold: what runs,
 * and what is pinned since before, may be retired meanwhile. */
static bool
is_counted_on(const struct quoin_agent_core *core)
{
	if (QUOIN_DEFECT(RUN_5B))
		return true;
	if (core->join != QUOIN_JOIN_DONE || core->obeyed.epoch == 0)
		return false;
	/* Whoever pinned what ran before is seen by a look after it ceased to run. */
	if (core->told_refused && core->looked != core->runs.number)
		return false;
	if (core->runs.number != 0 && !is_loaded_for(core, core->runs.number))
		return false;
	for (size_t i = 0; i < core->held_count; i++)
		if (!is_loaded_for(core, core->held[i]))
			return false;
	for (size_t i = 0; i < QUOIN_AGENT_DRAINING_MAX; i++)
		if (core->draining[i].release != 0 && !is_loaded_for(core, core->draining[i].release))
			return false;
	return true;
}

static void
tell_lease(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	struct quoin_agent_action *action;

	if (quoin_agent_is_serving(core))
		return;
	action = quoin_agent_after(step, QUOIN_AGENT_LEASE);
	if (!core->conf.lease_refuse)
		return;
	/* Without any lease the ends lie in the past, which is what is meant; zero would mean never. */
	core->told_refused = !is_counted_on(core) || strcmp(core->ratchets.boot, core->conf.boot) != 0;
	action->until_boot_ms = core->told_refused ? 1 : core->ratchets.lease_boot_ms + (int64_t)core->conf.lease_ms;
	action->until_wall_ms = core->told_refused ? 1 : core->ratchets.lease_wall_ms + (int64_t)core->conf.lease_ms;
}

static void
leave(struct quoin_agent_step *step)
{
	step->core->join = QUOIN_JOIN_REPORTING;
	step->core->join_number = 0;
	step->core->acked_boot_ms = step->core->acked_wall_ms = 0;
	quoin_agent_report_now(step);
}

/* Section 6: a status counts after "forget" only if it names that intent; those on their way do not. */
void
quoin_agent_choose_forgotten(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;

	if (quoin_agent_is_serving(core))
		return;
	quoin_agent_say(step, QUOIN_AGENT_ALARM, QUOIN_EEXPIRED,
	    "this router was forgotten; nothing new is started before it is counted again");
	core->ratchets.lease_boot_ms = core->ratchets.lease_wall_ms = 0;
	core->change.has_ratchets = true;
	core->sent_count = 0;
	leave(step);
	tell_lease(step);
}

void
quoin_agent_choose_start(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;

	core->join = QUOIN_JOIN_DONE;
	tell_lease(step);
	if (!quoin_agent_is_serving(core) && !has_lease(core, step->event->boot_ms, step->event->wall_ms))
		leave(step);
}

static void
settle_lease(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;

	if (quoin_agent_is_serving(core) || core->join != QUOIN_JOIN_DONE ||
	    has_lease(core, step->event->boot_ms, step->event->wall_ms))
		return;
	quoin_agent_say(step, QUOIN_AGENT_ALARM, QUOIN_EEXPIRED, "the lease ended; nothing new is started");
	leave(step);
}

static void
count_lease(struct quoin_agent_step *step, int64_t boot_ms, int64_t wall_ms)
{
	struct quoin_agent_core *core = step->core;
	struct quoin_ratchets *ratchets = &core->ratchets;
	const bool other_boot = strcmp(ratchets->boot, core->conf.boot) != 0;

	/* While it joins it has none: an agent that died now must join again, and not go on with what it obeyed before. */
	if (core->join != QUOIN_JOIN_DONE) {
		core->acked_boot_ms = boot_ms > core->acked_boot_ms ? boot_ms : core->acked_boot_ms;
		core->acked_wall_ms = wall_ms > core->acked_wall_ms ? wall_ms : core->acked_wall_ms;
		return;
	}
	if (!other_boot && boot_ms <= ratchets->lease_boot_ms)
		return;
	memcpy(ratchets->boot, core->conf.boot, sizeof ratchets->boot);
	ratchets->lease_boot_ms = boot_ms;
	ratchets->lease_wall_ms = wall_ms;
	tell_lease(step);
	/* An older base only ends the lease early: a commit now and then will do. */
	if (other_boot || boot_ms - core->lease_saved >= (int64_t)core->conf.lease_ms / 16)
		core->change.has_ratchets = true;
}

void
quoin_agent_choose_acked(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	const uint64_t number = step->event->number;
	int64_t boot_ms, wall_ms;
	size_t i;

	for (i = 0; i < core->sent_count && core->sent[i].number != number; i++)
		;
	if (i == core->sent_count)
		return;
	boot_ms = QUOIN_DEFECT(LEASE_RECEIPT) ? step->event->boot_ms : core->sent[i].boot_ms;
	wall_ms = QUOIN_DEFECT(LEASE_RECEIPT) ? step->event->wall_ms : core->sent[i].wall_ms;
	core->sent_count--;
	memmove(&core->sent[i], &core->sent[i + 1], (core->sent_count - i) * sizeof core->sent[0]);
	if (step->event->code != 0) {
		quoin_agent_say(step, QUOIN_AGENT_REJECT, step->event->code, "status %llu was not acknowledged",
		    (unsigned long long)number);
		return;
	}
	if (quoin_agent_is_serving(core))
		return;
	count_lease(step, boot_ms, wall_ms);
	if (core->join != QUOIN_JOIN_REPORTING || core->join_number == 0 || number < core->join_number)
		return;
	/* Only an end asked for after the acknowledgement shows what the gate decided without us. */
	core->join = QUOIN_DEFECT(RUN_5A) ? QUOIN_JOIN_READ : QUOIN_JOIN_READING;
	if (core->is_assigned[QUOIN_TOPIC_GATE])
		quoin_agent_assign(step, QUOIN_TOPIC_GATE, core->offsets[QUOIN_TOPIC_GATE].next);
}

/* The end of the gate topic is not the end of what it says while an activation on it waits for the control topic, or while it
 * is behind. */
static void
settle_join(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;

	if (core->join != QUOIN_JOIN_READ || quoin_agent_is_behind(core) ||
	    (core->waiting.bytes.len > 0 && !QUOIN_DEFECT(JOIN_WAITING)))
		return;
	core->join = QUOIN_JOIN_DONE;
	quoin_agent_say(step, QUOIN_AGENT_NOTE, 0, "joined");
	count_lease(step, core->acked_boot_ms, core->acked_wall_ms);
	core->change.has_ratchets = true;
	quoin_agent_report_soon(step);
}

void
quoin_agent_choose_end(struct quoin_agent_step *step)
{
	if (step->core->join == QUOIN_JOIN_READING)
		step->core->join = QUOIN_JOIN_READ;
}

/* ---- What to run ---- */

/* Whether the host may start it: live, here, tried, not revoked, and on serving hosts loaded. */
static bool
is_startable(const struct quoin_agent_core *core, uint64_t number)
{
	const struct quoin_agent_release *release = quoin_agent_tracked_const(core, number);
	enum quoin_progress progress;

	if (release == NULL || release->since == 0 || !release->is_loaded ||
	    (quoin_agent_is_revoked(core, number) && !QUOIN_DEFECT(REVOKED_STARTS)))
		return false;
	progress = quoin_agent_progress(core, release, NULL);
	return progress == (quoin_agent_is_serving(core) ? QUOIN_PROGRESS_READY : QUOIN_PROGRESS_STAGED);
}

/* A release whose fuse is blown here: the host looks for another one that some router may run. */
static bool
is_given_up(const struct quoin_agent_core *core, uint64_t number)
{
	const struct quoin_agent_release *release = quoin_agent_tracked_const(core, number);

	return release != NULL && release->is_final;
}

/* The release to start now; 0: stay. */
static uint64_t
choose(const struct quoin_agent_core *core)
{
	const struct quoin_activation *obeyed = &core->obeyed;
	uint64_t chosen;

	if (obeyed->epoch == 0 || core->join != QUOIN_JOIN_DONE || core->stopping)
		return 0;
	chosen = quoin_activation_selects(obeyed, core->cert.host, &core->cert.labels);
	if (QUOIN_DEFECT(FLIP_BEFORE_GATE))
		chosen = core->ledger.asked;
	if (chosen == core->runs.number)
		return 0;
	if (is_startable(core, chosen))
		return chosen;
	if (!is_given_up(core, chosen) || quoin_activation_may_select(obeyed, core->runs.number))
		return 0;
	for (size_t i = 0; QUOIN_DEFECT(RUN_9) && i < QUOIN_AGENT_TRACKED_MAX; i++)
		if (core->releases[i].is_loaded && core->releases[i].since != 0 &&
		    core->releases[i].ref.number != core->runs.number)
			return core->releases[i].ref.number;
	if (is_startable(core, obeyed->from))
		return obeyed->from;
	return is_startable(core, obeyed->target) ? obeyed->target : 0;
}

/* The routes of this release go when they are drained; of many that drain, the first makes room. */
static void
drain(struct quoin_agent_step *step, uint64_t release)
{
	struct quoin_agent_core *core = step->core;
	size_t at = 0;

	for (size_t i = 0; i < QUOIN_AGENT_DRAINING_MAX; i++) {
		if (core->draining[i].release == 0 || core->draining[i].release == release) {
			at = i;
			break;
		}
		if (core->draining[i].until < core->draining[at].until)
			at = i;
	}
	if (core->draining[at].release != 0 && core->draining[at].release != release)
		quoin_agent_after(step, QUOIN_AGENT_PRUNE)->release = core->draining[at].release;
	core->draining[at].release = release;
	core->draining[at].until = step->event->boot_ms + (int64_t)core->conf.drain_ms;
}

/* Commit the pointer, then serve, report, and let the old routes go when they are drained. */
static void
flip(struct quoin_agent_step *step, uint64_t number)
{
	struct quoin_agent_core *core = step->core;
	const struct quoin_agent_release *release = quoin_agent_tracked_const(core, number);
	const uint64_t before = core->runs.number;

	QUOIN_ASSERT(release != NULL && release->since != 0);
	core->runs = release->ref;
	core->chosen = core->ratchets.obeyed;
	core->ratchets.generation++;
	core->change.has_active = true;
	core->change.active = number;
	core->change.has_ratchets = true;
	quoin_agent_fuse_prove(step, &core->runs);
	quoin_agent_after(step, QUOIN_AGENT_SERVE)->release = number;
	if (before != 0 && core->conf.has_data_plane)
		drain(step, before);
	quoin_agent_report_now(step);
	step->collect = true;
}

static void
settle_drain(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;

	for (size_t i = 0; i < QUOIN_AGENT_DRAINING_MAX; i++) {
		const uint64_t release = core->draining[i].release;
		const bool is_back = release == core->runs.number;

		/* What is about to run again is not taken away. */
		if (release == 0 || release == core->preparing.number ||
		    (!is_back && core->draining[i].until > step->event->boot_ms))
			continue;
		if (!is_back)
			quoin_agent_after(step, QUOIN_AGENT_PRUNE)->release = release;
		core->draining[i].release = 0;
		quoin_agent_report_soon(step);
	}
}

static bool
is_draining(const struct quoin_agent_core *core, uint64_t release)
{
	for (size_t i = 0; i < QUOIN_AGENT_DRAINING_MAX; i++)
		if (core->draining[i].release == release)
			return true;
	return false;
}

static void
settle_refused(struct quoin_agent_step *step)
{
	const struct quoin_agent_core *core = step->core;

	if (core->conf.lease_refuse && core->told_refused && is_counted_on(core) &&
	    strcmp(core->ratchets.boot, core->conf.boot) == 0)
		tell_lease(step);
}

void
quoin_agent_choose_settle(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	uint64_t number;

	settle_join(step);
	settle_lease(step);
	settle_refused(step);
	settle_drain(step);
	if (core->preparing.number != 0 || core->prepare_at > step->event->boot_ms)
		return;
	core->prepare_at = 0;
	number = choose(core);
	if (number == 0)
		return;
	quoin_agent_before(step, QUOIN_AGENT_PREPARE)->release = number;
	if (core->conf.has_data_plane)
		core->preparing = quoin_agent_tracked_const(core, number)->ref;
	else
		flip(step, number);
}

void
quoin_agent_choose_prepared(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	const uint64_t number = core->preparing.number;

	if (number == 0 || step->event->release != number)
		return;
	memset(&core->preparing, 0, sizeof core->preparing);
	if (step->event->code != 0) {
		quoin_agent_say(step, QUOIN_AGENT_ALARM, step->event->code, "the data plane refuses release %llu: %s",
		    (unsigned long long)number, step->event->reason != NULL ? step->event->reason : "");
		core->prepare_at = step->event->boot_ms + QUOIN_AGENT_RETRY_MS;
		return;
	}
	/* Another activation may have come meanwhile. */
	quoin_agent_track_update(step);
	if (choose(core) == number)
		flip(step, number);
	else if (!is_draining(core, number))
		quoin_agent_after(step, QUOIN_AGENT_PRUNE)->release = number;
}

int64_t
quoin_agent_choose_deadline(const struct quoin_agent_core *core)
{
	int64_t at = INT64_MAX;

	for (size_t i = 0; i < QUOIN_AGENT_DRAINING_MAX; i++)
		if (core->draining[i].release != 0 && core->draining[i].release != core->preparing.number &&
		    core->draining[i].until < at)
			at = core->draining[i].until;
	if (core->prepare_at != 0 && core->preparing.number == 0 && core->prepare_at < at)
		at = core->prepare_at;
	if (!quoin_agent_is_serving(core) && core->join == QUOIN_JOIN_DONE &&
	    core->ratchets.lease_boot_ms + (int64_t)core->conf.lease_ms < at)
		at = core->ratchets.lease_boot_ms + (int64_t)core->conf.lease_ms;
	return at;
}
