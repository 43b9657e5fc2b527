/*
 * What is on its way: one rollout at a time, its steps, its end; the brake (PROTOCOL.md sections 1, 5 and 7).
 *
 * "asked" of an activation is what the gate works towards. What was asked for since, and waits, is the ledger's: so the
 * newest activation alone says what is on its way.
 */
#include <stdio.h>

#include "formats/bucket.h"
#include "lib/assert.h"
#include "lib/defect.h"
#include "publisher/gate_state.h"

void
gate_enter(struct quoin_gate_core *core, uint64_t release)
{
	const struct quoin_ledger_release *held = quoin_ledger_release(core->ledger, release);
	char why[QUOIN_GATE_TEXT_BYTES];

	if (gate_draft_live(core, release) != NULL)
		return;
	if (held == NULL) {
		gate_waits(core, "release %llu is asked for and not on the control topic", (unsigned long long)release);
		return;
	}
	if (!gate_is_known(core, release)) {
		/* What was asked and its entering go into one activation, if the models part comes soon. */
		core->is_awaiting = true;
		if (core->hold_until_ms == 0)
			core->hold_until_ms = gate_after(core->now_ms, QUOIN_GATE_HOLD_MS);
		if (core->now_ms < core->hold_until_ms)
			gate_wake(core, core->hold_until_ms);
		gate_waits(core, "release %llu waits to be loaded: its models part is being read",
		    (unsigned long long)release);
		return;
	}
	if (!gate_fits(core, release, why) && !QUOIN_DEFECT(RUN_10)) {
		core->is_cramped = true;
		gate_waits(core, "release %llu waits to be loaded: %s", (unsigned long long)release, why);
		return;
	}
	gate_decided(core, "release %llu enters the live set: hosts load it", (unsigned long long)release);
	gate_draft_enter(core, &held->ref);
}

/* Whether what may be asked of this release now holds: a release that was once fully active is braked to, any other one
 * needs its policy, and no freeze. */
bool
gate_may_be_selected(struct quoin_gate_core *core, uint64_t release, char why[QUOIN_GATE_TEXT_BYTES])
{
	if (quoin_activation_has_active(&core->draft, release))
		return gate_brake_met(core, release, why);
	if (core->draft.frozen) {
		snprintf(why, QUOIN_GATE_TEXT_BYTES, "the namespace is frozen");
		return false;
	}
	return gate_policy_met(core, release, why);
}

/* What it asks is the same before and after it enters: nothing. No report could make a difference, so none is waited for,
 * and what may be selected and what is loaded are one activation. */
bool
gate_enters_selectable(struct quoin_gate_core *core, uint64_t release)
{
	const struct quoin_gate_release *summary = gate_summary(core, release);

	if (summary == NULL || gate_draft_live(core, release) == NULL)
		return false;
	for (size_t i = 0; i < summary->shard_count; i++)
		if (summary->shards[i].model_count > 0 && !QUOIN_DEFECT(ENTERS_SELECTABLE))
			return false;
	return summary->policy.staged_percent == 0 || quoin_activation_has_active(&core->draft, release);
}

/* ---- Reach ---- */

static bool
is_pinned(const struct quoin_activation *activation, const struct gate_host *host)
{
	for (size_t i = 0; i < activation->pin_count; i++)
		if (quoin_labels_match(&host->labels, &activation->pins[i].labels))
			return true;
	return false;
}

/* Section 2: a threshold that selects no live router that is not pinned is raised until it selects one. */
static void
raise_threshold(struct quoin_gate_core *core)
{
	struct quoin_activation *draft = &core->draft;
	char salt[QUOIN_NAME_BYTES_MAX + 8];
	uint32_t lowest = UINT32_MAX;

	if (draft->step_threshold == QUOIN_BUCKETS)
		return;
	snprintf(salt, sizeof salt, "reach:%s", core->conf.origin.name);
	for (size_t i = 0; i < core->host_count; i++) {
		const struct gate_host *host = core->hosts[i];
		uint32_t bucket;

		if (!gate_router_counts(core, host) || is_pinned(draft, host))
			continue;
		if (quoin_activation_selects(draft, host->name, &host->labels) == draft->target)
			return;
		bucket = quoin_bucket(quoin_span_str(host->name), quoin_span_str(salt));
		if (bucket < lowest)
			lowest = bucket;
	}
	if (lowest != UINT32_MAX)
		draft->step_threshold = lowest + 1;
}

/* How many of the routers that count and are to run the target report so, obeying this step at least. */
static void
count_acknowledged(struct quoin_gate_core *core, size_t *ret_routers, size_t *ret_asked, size_t *ret_done,
    const struct gate_host **ret_lacking)
{
	struct gate_tally *fleet = &core->fleet;

	*ret_routers = fleet->counts[GATE_FLEET_COUNTS];
	*ret_asked = fleet->counts[GATE_FLEET_ASKED];
	*ret_done = fleet->counts[GATE_FLEET_DONE];
	*ret_lacking = fleet->counts[GATE_FLEET_LACKING] > 0
	    ? core->hosts[gate_tally_first(fleet, GATE_FLEET_LACKING)]
	    : NULL;
}

/* ---- Steps ---- */

/* The clock of what is on its way: from its preparation, and anew from each step; a new gate counts from its own begin. */
static void
time_way(struct quoin_gate_core *core, uint64_t release)
{
	const struct quoin_activation *activation = &core->activation;
	uint64_t step = activation->target == release ? activation->step_seq : 0;

	if (core->way == release && core->way_step == step)
		return;
	core->way = release;
	core->way_step = step;
	core->way_ms = core->now_ms;
	core->acked_ms = 0;
}

/* A step is over when it is acknowledged, has soaked since, and the health hook, asked after that, finds it well. The brake
 * waits for neither. */
static bool
is_step_over(struct quoin_gate_core *core, uint64_t release)
{
	uint32_t index = core->draft.step_index + 1;
	const struct quoin_gate_release *summary = gate_summary(core, release);
	int64_t soaked_ms;

	if (quoin_activation_has_active(&core->draft, release))
		return true;
	if (summary == NULL)
		return false;
	if (core->acked_ms == 0)
		core->acked_ms = core->now_ms > 0 ? core->now_ms : 1;
	soaked_ms = gate_after(core->acked_ms, summary->policy.step_soak_ms);
	if (core->now_ms < soaked_ms) {
		(void)gate_is_healthy(core, release, soaked_ms);
		gate_wake(core, soaked_ms);
		gate_waits(core, "step %u of release %llu soaks", index, (unsigned long long)release);
		return false;
	}
	if (gate_is_healthy(core, release, soaked_ms))
		return true;
	gate_waits(core, "step %u of release %llu waits for the health hook%s%s", index, (unsigned long long)release,
	    core->health.reason[0] != '\0' ? ": " : "", core->health.reason);
	return false;
}

/* While routers are awaited: the soak begins anew, and the hook is asked all the same. */
static void
await_acknowledgements(struct quoin_gate_core *core, uint64_t release)
{
	core->acked_ms = 0;
	if (!quoin_activation_has_active(&core->draft, release))
		(void)gate_is_healthy(core, release, INT64_MAX);
}

/* ---- Completion ---- */

/* Section 1: "from" becomes the target when every router that counts runs it. A superseded or bad target never does. */
void
gate_complete(struct quoin_gate_core *core)
{
	struct quoin_activation *draft = &core->draft;
	size_t routers, asked, done;
	const struct gate_host *lacking;

	if (draft->target == 0 || draft->target == draft->from || core->activation.asked != draft->target ||
	    draft->step_threshold != QUOIN_BUCKETS || !gate_is_good(core, draft->target))
		return;
	time_way(core, draft->target);
	count_acknowledged(core, &routers, &asked, &done, &lacking);
	if (lacking != NULL) {
		await_acknowledgements(core, draft->target);
		gate_waits(core, "release %llu is complete when every router runs it; %s does not (%zu of %zu do)",
		    (unsigned long long)draft->target, lacking->name, done, asked);
		return;
	}
	if (routers > 0 && asked == 0) {
		gate_waits(core, "release %llu is complete when routers run it; all are pinned elsewhere",
		    (unsigned long long)draft->target);
		return;
	}
	gate_fail_by_health(core, draft->target);
	if (!gate_is_good(core, draft->target) || !is_step_over(core, draft->target))
		return;
	gate_decided(core, "release %llu is fully active: %zu routers run it", (unsigned long long)draft->target, done);
	draft->from = draft->target;
	draft->step_index = 0;
	core->is_changed = true;
	gate_draft_add_number(core, &draft->active, &draft->active_count, draft->from);
}

/* ---- Time and failure ---- */

static bool
is_timed_out(struct quoin_gate_core *core, uint64_t release)
{
	const struct quoin_gate_release *summary;
	int64_t end_ms;

	time_way(core, release);
	summary = gate_summary(core, release);
	if (summary == NULL)
		return false;
	end_ms = gate_after(core->way_ms, summary->policy.step_timeout_ms);
	if (core->now_ms < end_ms)
		gate_wake(core, end_ms);
	return core->now_ms >= end_ms;
}

/* Whether what is on its way has had its time; by its policy that may be its end. */
static bool
has_had_its_time(struct quoin_gate_core *core, uint64_t way)
{
	const struct quoin_gate_release *summary;

	if (!is_timed_out(core, way))
		return false;
	summary = gate_summary(core, way);
	if (summary->policy.on_timeout == QUOIN_ON_TIMEOUT_ABORT && !quoin_activation_has_active(&core->draft, way)) {
		gate_fail(core, way, "", "timed out");
		return true;
	}
	gate_alarm(core, "release %llu has timed out and holds; see what it waits for, or roll back",
	    (unsigned long long)way);
	return true;
}

/* ---- What is worked on ---- */

static uint64_t
newest_good_active(const struct quoin_gate_core *core)
{
	for (size_t i = core->draft.active_count; i-- > 0;)
		if (gate_is_good(core, core->draft.active[i]) ||
		    (QUOIN_DEFECT(RUN_8) && core->draft.active[i] != core->draft.from))
			return core->draft.active[i];
	return 0;
}

/* A revoked or failed "from" is replaced, as a brake, by the newest release once fully active that is neither. */
static void
replace_from(struct quoin_gate_core *core)
{
	struct quoin_activation *draft = &core->draft;
	uint64_t bad = draft->from, good;
	char why[QUOIN_GATE_TEXT_BYTES];

	if (bad == 0 || gate_is_good(core, bad))
		return;
	good = newest_good_active(core);
	if (good == 0) {
		gate_alarm(core,
		    "release %llu is not to be used and there is none to go back to: hosts serve on with it; "
		    "publish a good one",
		    (unsigned long long)bad);
		return;
	}
	core->replacing = good;
	if (quoin_activation_live(&core->activation, good) == NULL) {
		gate_enter(core, good);
		if (!gate_enters_selectable(core, good))
			return;
	} else if (!gate_brake_met(core, good, why)) {
		gate_waits(core, "release %llu is to replace %llu: %s", (unsigned long long)good,
		    (unsigned long long)bad, why);
		return;
	}
	if (!gate_may(core, GATE_WISH_SELECT, good, 0, NULL))
		return;
	gate_decided(core, "release %llu replaces %llu, which is not to be used any more", (unsigned long long)good,
	    (unsigned long long)bad);
	if (draft->target == bad || draft->target == 0 || !gate_is_good(core, draft->target)) {
		draft->target = good;
		gate_draft_step(core, 0, NULL);
	}
	draft->from = good;
	core->is_changed = true;
}

/* What is asked for now, of what may still be selected. */
static uint64_t
what_is_wanted(struct quoin_gate_core *core, bool *ret_is_brake)
{
	const struct quoin_activation *draft = &core->draft;
	uint64_t want = core->ledger->asked;

	*ret_is_brake = core->ledger->asked_is_brake && quoin_activation_has_active(draft, want);
	/* Everyone returns from a bad target before anything but a brake begins. */
	if (*ret_is_brake && gate_is_good(core, want))
		return want;
	if (draft->target != 0 && draft->target != draft->from && !gate_is_good(core, draft->target) &&
	    draft->from != 0 && gate_is_good(core, draft->from)) {
		*ret_is_brake = true;
		return draft->from;
	}
	if (want == 0 || gate_is_good(core, want))
		return want;
	gate_waits(core, "release %llu is asked for and %s", (unsigned long long)want,
	    quoin_activation_has_revoked(draft, want) ? "revoked; publish another"
						      : "failed; publish another, or retry it");
	*ret_is_brake = true;
	return draft->from;
}

/* One rollout at a time: what is on its way is finished, failed or timed out before the newest of those waiting begins;
 * the brake interrupts at once. */
static void
choose_work(struct quoin_gate_core *core)
{
	struct quoin_activation *draft = &core->draft;
	uint64_t way = draft->asked, want;
	bool is_busy, is_brake, is_over = false;

	if (way != 0 && way != draft->from && gate_is_good(core, way))
		is_over = has_had_its_time(core, way);
	is_busy = way != 0 && way != draft->from && gate_is_good(core, way) && !is_over;
	want = what_is_wanted(core, &is_brake);
	if (want == way)
		return;
	if (is_busy && !is_brake) {
		gate_waits_last(core, "release %llu waits until %llu is done", (unsigned long long)want,
		    (unsigned long long)way);
		return;
	}
	if (draft->frozen && !is_brake && want != draft->from) {
		gate_waits(core, "release %llu waits: the namespace is frozen", (unsigned long long)want);
		return;
	}
	if (want != 0)
		gate_decided(core, "%s release %llu", is_brake ? "back to" : "now for", (unsigned long long)want);
	draft->asked = want;
	core->is_changed = true;
}

static void
select_it(struct quoin_gate_core *core, uint64_t release)
{
	struct quoin_activation *draft = &core->draft;
	const struct quoin_gate_release *summary = gate_summary(core, release);
	bool is_brake = quoin_activation_has_active(draft, release);

	QUOIN_ASSERT(summary != NULL && gate_draft_live(core, release) != NULL);
	draft->target = release;
	gate_draft_step(core, 0, is_brake ? NULL : &summary->policy);
	raise_threshold(core);
	gate_decided(core, "release %llu is selected%s", (unsigned long long)release,
	    is_brake					 ? ", as a brake"
		: draft->step_threshold == QUOIN_BUCKETS ? ""
							 : ", in steps");
}

/* The next step of the reach: when this one is acknowledged and has soaked, and the policy still holds. */
static void
widen(struct quoin_gate_core *core, uint64_t release)
{
	struct quoin_activation *draft = &core->draft;
	const struct quoin_gate_release *summary = gate_summary(core, release);
	char why[QUOIN_GATE_TEXT_BYTES];
	size_t routers, asked, done;
	const struct gate_host *lacking;

	if (draft->step_threshold == QUOIN_BUCKETS || summary == NULL)
		return;
	count_acknowledged(core, &routers, &asked, &done, &lacking);
	if (lacking != NULL) {
		await_acknowledgements(core, release);
		gate_waits(core, "step %u of release %llu: %zu of %zu routers run it; %s does not",
		    draft->step_index + 1, (unsigned long long)release, done, asked, lacking->name);
		return;
	}
	if (!is_step_over(core, release))
		return;
	if (!gate_may_be_selected(core, release, why)) {
		gate_waits(core, "the next step of release %llu waits: %s", (unsigned long long)release, why);
		return;
	}
	if (!gate_may(core, GATE_WISH_SELECT, release, draft->step_index + 1, NULL))
		return;
	gate_draft_step(core, draft->step_index + 1, &summary->policy);
	raise_threshold(core);
	gate_decided(core, "release %llu reaches step %u", (unsigned long long)release, draft->step_index + 1);
}

/* Section 5: what was superseded makes room for what is asked for now. Everyone goes back to "from", as a brake. */
static void
make_room(struct quoin_gate_core *core)
{
	struct quoin_activation *draft = &core->draft;
	char why[QUOIN_GATE_TEXT_BYTES];

	if (!core->is_cramped || draft->target == 0 || draft->target == draft->from || draft->from == 0 ||
	    draft->target == core->working || !gate_is_good(core, draft->from) || !gate_brake_met(core, draft->from, why))
		return;
	if (!gate_may(core, GATE_WISH_SELECT, draft->from, 0, NULL))
		return;
	gate_decided(core, "release %llu makes room for %llu", (unsigned long long)draft->target,
	    (unsigned long long)core->working);
	draft->target = draft->from;
	gate_draft_step(core, 0, NULL);
}

void
gate_rollout(struct quoin_gate_core *core)
{
	struct quoin_activation *draft = &core->draft;
	uint64_t way = draft->asked, work;
	char why[QUOIN_GATE_TEXT_BYTES];

	if (way != 0 && way != draft->from && quoin_activation_live(&core->activation, way) != NULL)
		gate_fail_by_reports(core, way);
	if (way != 0 && way != draft->from)
		gate_fail_by_health(core, way);
	gate_fail_by_lost_readiness(core);
	replace_from(core);
	choose_work(core);
	work = core->working = draft->asked;
	if (work == 0 || !gate_is_good(core, work))
		return;
	if (work == draft->target) {
		if (work != draft->from)
			widen(core, work);
		return;
	}
	if (quoin_activation_live(&core->activation, work) == NULL) {
		if (draft->frozen && !quoin_activation_has_active(draft, work))
			gate_waits(core, "release %llu waits: the namespace is frozen", (unsigned long long)work);
		else
			gate_enter(core, work);
		make_room(core);
	}
	if (gate_draft_live(core, work) == NULL)
		return;
	/* It enters, perhaps anew, with this activation: what was reported before does not count. */
	if (gate_draft_live(core, work)->since == draft->seq) {
		if (!gate_enters_selectable(core, work))
			return;
	} else if (!gate_may_be_selected(core, work, why)) {
		gate_waits(core, "release %llu: %s", (unsigned long long)work, why);
		return;
	}
	if (gate_may(core, GATE_WISH_SELECT, work, 0, NULL))
		select_it(core, work);
}
