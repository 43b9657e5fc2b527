#include "tests/sim/evidence.h"

#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "tests/sim/invariants.h"

_Static_assert(SIM_RELEASES <= 64, "a release is a bit");

/* A report may be on its way, and a decision on its way to the log, for this long beyond three intervals. */
#define SLACK_MS 30000
/* And a status that was on the log for so long when the gate decided was read. */
#define READ_MS 40000

void
sim_evidence_note(struct sim *sim, int host, const struct quoin_status *status)
{
	struct sim_judge *judge = sim->judge;
	struct sim_note *note;

	if (judge->note_count == judge->note_cap) {
		judge->note_cap = judge->note_cap == 0 ? 256 : 2 * judge->note_cap;
		judge->notes = reallocarray(judge->notes, judge->note_cap, sizeof *judge->notes);
		QUOIN_ASSERT(judge->notes != NULL);
	}
	note = &judge->notes[judge->note_count++];
	*note = (struct sim_note){.host = host,
	    .offset = sim->log[QUOIN_TOPIC_STATUS].base + sim->log[QUOIN_TOPIC_STATUS].count,
	    .at = sim->now,
	    .number = status->number,
	    .obeyed = status->obeyed,
	    .boot = (uint64_t)atoi(status->boot + 24),
	    .generation = status->generation,
	    .is_leaving = status->leaving};
	for (size_t i = 0; i < status->release_count; i++) {
		const struct quoin_status_release *have = &status->releases[i];

		if (have->progress == QUOIN_PROGRESS_READY && have->release.number < SIM_RELEASES &&
		    quoin_hash_equal(&have->release.hash, &sim->releases[have->release.number].ref.hash))
			note->ready |= 1ull << have->release.number;
	}
}

/* What a gate knows of a host that read to "end", and in any case what was there by then. */
static const struct sim_note *
newest_note(const struct sim_judge *judge, int host, int64_t end, int64_t read_by)
{
	const struct sim_note *newest = NULL;

	for (size_t i = judge->note_count; i-- > 0;) {
		const struct sim_note *note = &judge->notes[i];

		if (note->host == host && (note->offset < end || note->at < read_by) && (newest == NULL || note->number > newest->number))
			newest = note;
	}
	return newest;
}

struct view {
	struct sim *sim;
	const struct quoin_activation *before; /* the activation that the gate decided by */
	const struct quoin_activation *now;    /* what it made of it */
	int64_t end;
	int64_t slack_ms;
	int64_t read_by;
};

static bool
is_silent(const struct view *view, const struct sim_note *note)
{
	return note == NULL || note->is_leaving || view->sim->now - note->at > 3 * SIM_STATUS_MS + view->slack_ms;
}

static bool
is_ready(const struct view *view, int host, uint64_t release)
{
	const struct quoin_live *live = quoin_activation_live(view->before, release);
	const struct sim_note *note = newest_note(view->sim->judge, host, view->end, view->read_by);

	return live != NULL && !is_silent(view, note) && note->obeyed.epoch == view->before->epoch &&
	    note->obeyed.seq >= live->since && (note->ready & 1ull << release) != 0;
}

/* Excluded by an operator; or by the gate, for a VIP that follows /ready, and it has said that it obeys that. */
static bool
is_out(const struct view *view, int shard, int host)
{
	const struct quoin_exclusion *exclusion =
	    quoin_activation_exclusion(view->before, view->sim->hosts[host].cert.host);
	const struct quoin_exclusion *new_one = quoin_activation_exclusion(view->now, view->sim->hosts[host].cert.host);
	const struct sim_note *note = newest_note(view->sim->judge, host, view->end, view->read_by);

	/* The operator's word counts at once; and who is included again is asked. */
	if (new_one == NULL || new_one->by_operator)
		return new_one != NULL;
	if (exclusion == NULL || exclusion->by_operator)
		return exclusion != NULL;
	return note != NULL && note->obeyed.epoch == view->before->epoch &&
	    note->obeyed.seq >= view->sim->judge->excluded_at[host] && shard == 1 && view->sim->health_checked;
}

/* Declared by the release itself or by any selectable one. */
static bool
is_declared(const struct view *view, uint64_t release, int shard, int host)
{
	const struct sim *sim = view->sim;
	bool declared = sim_declares(&sim->releases[release], shard, host);

	for (uint64_t n = 1; n < SIM_RELEASES && !declared; n++)
		declared = quoin_activation_may_select(view->before, n) && sim_declares(&sim->releases[n], shard, host);
	return declared;
}

static bool
is_asked(const struct view *view, uint64_t release, int shard, int host)
{
	return !is_out(view, shard, host) && is_declared(view, release, shard, host);
}

/* Section 5: every host that is not excluded, and at least the minimum; of those that operators do not exclude the share. */
static bool
policy_met(const struct view *view, uint64_t release, int shard, int *ret_lacking)
{
	const struct quoin_policy *policy = &view->sim->releases[release].doc.policy;
	uint32_t percent = view->sim->releases[release].shards[shard].health_checked ? policy->ready_percent : 100;
	size_t ready = 0, out = 0;

	for (int h = sim_shard_first(shard); h < sim_shard_first(shard) + sim_shard_hosts(shard); h++) {
		const struct quoin_exclusion *exclusion =
		    quoin_activation_exclusion(view->before, view->sim->hosts[h].cert.host);

		out += exclusion != NULL && !exclusion->by_operator && is_declared(view, release, shard, h);
		if (!is_asked(view, release, shard, h))
			continue;
		*ret_lacking = h;
		if (!is_ready(view, h, release))
			return false;
		ready++;
	}
	return ready >= policy->ready_hosts_min && ready * 100 >= (ready + out) * percent;
}

/* Section 7. */
static bool
brake_met(const struct view *view, uint64_t release, int shard, int *ret_lacking)
{
	const struct quoin_live *live = quoin_activation_live(view->before, release);
	const struct view strict = {view->sim, view->before, view->now, view->end, -SLACK_MS / 3, view->read_by};
	uint64_t effect = view->before->target != 0 ? view->before->target : view->before->from;
	size_t ready = 0, active = 0;
	bool is_fresh = live != NULL && live->last < live->since;
	bool follows = effect != 0 && view->sim->releases[effect].shards[shard].model_count > 0;

	for (int h = sim_shard_first(shard); h < sim_shard_first(shard) + sim_shard_hosts(shard); h++) {
		bool has_it, has_active;

		if (!is_asked(view, release, shard, h))
			continue;
		has_it = is_ready(view, h, release);
		/* Within the slack nobody can say whether a host was silent. */
		has_active = follows && is_ready(&strict, h, effect);
		ready += has_it;
		active += has_active;
		*ret_lacking = has_it ? *ret_lacking : h;
		if (is_fresh && !has_it && view->sim->releases[release].shards[shard].health_checked)
			return false;
		if (is_fresh && !has_it && !is_silent(&strict, newest_note(view->sim->judge, h, view->end, view->read_by)))
			return false;
		if (!is_fresh && has_active && !has_it && !view->sim->health_checked)
			return false;
	}
	if (is_fresh)
		return ready >= 1;
	if (active > 0 && !view->sim->releases[release].shards[shard].health_checked)
		return true;
	return ready >= view->sim->releases[release].doc.policy.ready_hosts_min;
}

/* No shard has models of it, and no router must have staged it: there is nothing that could be reported before it enters. */
static bool
asks_nobody(const struct sim *sim, const struct quoin_activation *activation, uint64_t release)
{
	const struct sim_release *asked = &sim->releases[release];

	for (int s = 0; s < SIM_SHARDS; s++)
		if (asked->shards[s].model_count > 0)
			return false;
	return asked->doc.policy.staged_percent == 0 || quoin_activation_has_active(activation, release);
}

static bool
is_met(const struct view *view, bool is_brake, uint64_t release, int shard, int *ret_lacking)
{
	return is_brake ? brake_met(view, release, shard, ret_lacking) : policy_met(view, release, shard, ret_lacking);
}

void
sim_evidence_check(struct sim *sim, const struct sim_gate *gate, const struct quoin_activation *activation,
    uint64_t release, const char *how)
{
	struct view earlier, view = {sim, &sim->judge->newest, activation, gate != NULL ? gate->read_end : INT64_MAX, SLACK_MS,
	    gate != NULL ? gate->produced_at - READ_MS : 0};

	if (gate != NULL && gate->actor.clock.wall_offset_ms < 0)
		view.slack_ms += gate->actor.clock.wall_offset_ms < -60000 ? 60000 : -gate->actor.clock.wall_offset_ms;
	if (gate == NULL)
		return;
	if (quoin_activation_live(view.before, release) == NULL && !asks_nobody(sim, activation, release)) {
		sim_violate(sim, 4, "release %llu is %s by activation %llu/%llu, and was not live before",
		    (unsigned long long)release, how, (unsigned long long)activation->epoch,
		    (unsigned long long)activation->seq);
		return;
	}
	earlier = view;
	earlier.now = view.before;
	for (int s = 0; s < SIM_SHARDS; s++) {
		bool is_brake = quoin_activation_has_active(activation, release);
		int lacking = sim_shard_first(s);

		if (sim->releases[release].shards[s].model_count == 0)
			continue;
		/* Who was excluded, or included again, in the same activation is judged as before it or as after it. */
		if (is_met(&view, is_brake, release, s, &lacking) || is_met(&earlier, is_brake, release, s, &lacking))
			continue;
		sim_violate(sim, 4,
		    "release %llu is %s by activation %llu/%llu, but by its reports %s of shard %c is not ready",
		    (unsigned long long)release, how, (unsigned long long)activation->epoch,
		    (unsigned long long)activation->seq, sim->hosts[lacking].cert.host, 'A' + s);
	}
}
