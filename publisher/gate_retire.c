/* What may leave: leases, kept, warm, retired (PROTOCOL.md sections 5, 6 and 7). */
#include <stdio.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/defect.h"
#include "publisher/gate_state.h"

/* ---- Leases ---- */

/* Section 6: what it last reported running or holding, and whatever was selectable at or after what it last obeyed. With
 * "refuse" its readers have stopped: nothing. */
static void
what_it_may_hold(const struct quoin_gate_core *core, const struct gate_host *host, struct quoin_kept *ret)
{
	memset(ret, 0, sizeof *ret);
	memcpy(ret->host, host->name, sizeof ret->host);
	if (core->conf.lease_refuse)
		return;
	for (size_t i = 0; i < core->activation.live_count; i++) {
		const struct quoin_live *live = &core->activation.live[i];
		bool since =
		    live->last > 0 && (host->obeyed.epoch != core->position.epoch || live->last >= host->obeyed.seq);

		if ((since && !QUOIN_DEFECT(RUN_14C)) || gate_host_holds(host, live->release.number))
			ret->releases[ret->release_count++] = live->release.number;
	}
}

static void
end_lease(struct quoin_gate_core *core, struct gate_host *host)
{
	struct quoin_kept kept;

	/* Never heard of: enrolled, and nothing more; or gone, having said that nothing is held. What one whose certificate
	 * has expired said is not known: it may hold everything. */
	if (!host->is_expired && (!host->has_status || (host->is_leaving && host->hold_count == 0))) {
		host->lease_until_ms = 0;
		gate_count_host(core, host);
		return;
	}
	if (core->draft.kept_count == QUOIN_KEPT_MAX) {
		gate_alarm(core, "%d routers are away with their leases ended; forget those that will not return",
		    QUOIN_KEPT_MAX);
		return;
	}
	what_it_may_hold(core, host, &kept);
	gate_decided(core, "the lease of %s ended; %zu releases are kept for it until it is heard or forgotten",
	    host->name, kept.release_count);
	gate_draft_keep(core, &kept);
}

static void
tell_returned(struct quoin_gate_core *core)
{
	if (core->fleet.counts[GATE_FLEET_RETURNED] == 0)
		return;
	for (size_t i = 0; i < core->host_count; i++) {
		const struct gate_host *host = core->hosts[i];

		if (host->is_returned && gate_host_is_forgotten(host))
			gate_alarm(core,
			    "%s was forgotten by intent %llu and reports without having read that; what it runs may "
			    "not be loaded any more: look at it",
			    host->name, (unsigned long long)host->forget_intent);
	}
}

static void
hear_again(struct quoin_gate_core *core)
{
	for (size_t i = 0; i < core->draft.kept_count;) {
		const struct gate_host *host = gate_host(core, core->draft.kept[i].host);

		if (host == NULL || !host->is_heard || host->lease_until_ms == 0) {
			i++;
			continue;
		}
		gate_decided(core, "%s is heard again", host->name);
		gate_draft_unkeep(core, host->name);
	}
}

void
gate_end_leases(struct quoin_gate_core *core)
{
	struct gate_timer *first;

	if (core->is_crowded)
		gate_alarm(core, "there are more than %d hosts; some are not heard", QUOIN_HOSTS_MAX);
	tell_returned(core);
	hear_again(core);
	first = gate_queue_first(&core->leases);
	for (size_t i = 0; first != NULL && first->at_ms <= core->now_ms && i < core->host_count; i++) {
		struct gate_host *host = core->hosts[i];

		if (gate_router_has_lease(core, host) && core->now_ms >= host->lease_until_ms &&
		    gate_may(core, GATE_WISH_LEASE, host->number, 0, host))
			end_lease(core, host);
	}
	first = gate_queue_first(&core->leases);
	if (first != NULL && first->at_ms > core->now_ms)
		gate_wake(core, first->at_ms);
}

/* ---- Retiring ---- */

/* Who may still run or hold it, for people; false: nobody. */
static bool
is_held(struct quoin_gate_core *core, uint64_t release, char why[QUOIN_GATE_TEXT_BYTES])
{
	struct gate_counted *counted;
	const struct gate_host *host;

	for (size_t i = 0; i < core->draft.kept_count; i++) {
		const struct quoin_kept *kept = &core->draft.kept[i];

		if (!gate_has_number(kept->releases, kept->release_count, release))
			continue;
		snprintf(why, QUOIN_GATE_TEXT_BYTES, "it is kept for %s, whose lease ended; wait for it, or forget it",
		    kept->host);
		return true;
	}
	counted = gate_counted(core, release);
	if (counted != NULL && counted->fleet.counts[GATE_RELEASE_HELD] == 0)
		return false;
	if (counted == NULL)
		return true; /* there is no memory, and nothing will come of this decision */
	host = core->hosts[gate_tally_first(&counted->fleet, GATE_RELEASE_HELD)];
	return gate_may_hold(core, host, counted->live, why);
}

/* Since when nobody runs or holds it: begins when first seen, and again whenever that ceases to be so. */
static int64_t
drained_since(struct quoin_gate_core *core, uint64_t release, bool is_now_held)
{
	for (size_t i = 0; i < core->drain_count; i++) {
		if (core->drains[i].release != release)
			continue;
		if (is_now_held)
			core->drains[i] = core->drains[--core->drain_count];
		return is_now_held ? INT64_MAX : core->drains[i].since_ms;
	}
	if (is_now_held)
		return INT64_MAX;
	QUOIN_ASSERT(core->drain_count < QUOIN_LIVE_MAX);
	core->drains[core->drain_count++] = (struct gate_drain){release, core->now_ms};
	return core->now_ms;
}

/* Releases that left the live set, or became wanted again, begin anew. */
static void
forget_drains(struct quoin_gate_core *core, const uint64_t *leaving, size_t leaving_count)
{
	for (size_t i = 0; i < core->drain_count;) {
		if (gate_has_number(leaving, leaving_count, core->drains[i].release))
			i++;
		else
			core->drains[i] = core->drains[--core->drain_count];
	}
}

/* The releases that stay live after they were replaced, the latest first; none while room is needed for another. */
static size_t
find_warm(struct quoin_gate_core *core, uint64_t *ret)
{
	const struct quoin_activation *draft = &core->draft;
	const struct quoin_gate_release *policy = draft->from != 0 ? gate_summary(core, draft->from) : NULL;
	size_t wanted = policy != NULL ? policy->policy.warm_releases : QUOIN_LIVE_MAX, count = 0;

	while (!core->is_cramped && count < wanted) {
		const struct quoin_live *best = NULL;

		for (size_t i = 0; i < draft->live_count; i++) {
			const struct quoin_live *live = &draft->live[i];

			if (live->last == 0 || !quoin_activation_has_active(draft, live->release.number) ||
			    quoin_activation_may_select(draft, live->release.number) ||
			    !gate_is_good(core, live->release.number) ||
			    gate_has_number(ret, count, live->release.number))
				continue;
			if (best == NULL || live->last > best->last ||
			    (live->last == best->last && live->release.number > best->release.number))
				best = live;
		}
		if (best == NULL)
			break;
		ret[count++] = best->release.number;
	}
	return count;
}

/* Neither from, target, asked, pinned nor warm: it has no business in the live set. */
static bool
is_leaving(const struct quoin_gate_core *core, uint64_t release, const uint64_t *warm, size_t warm_count)
{
	const struct quoin_activation *draft = &core->draft;

	if (quoin_activation_may_select(draft, release) || release == core->working || release == core->replacing)
		return false;
	if (release == draft->asked && gate_is_good(core, release))
		return false;
	return !gate_pin_waits(core, release) && !gate_has_number(warm, warm_count, release);
}

static void
retire_one(struct quoin_gate_core *core, const struct quoin_live *live)
{
	uint64_t release = live->release.number;
	const struct quoin_gate_release *summary;
	char why[QUOIN_GATE_TEXT_BYTES];
	bool held = is_held(core, release, why);
	int64_t since_ms = drained_since(core, release, held), end_ms;

	/* In a new epoch nothing is newer than its first activation yet: routers need one to obey. */
	if (live->last >= core->position.seq && !quoin_activation_may_select(&core->activation, release))
		core->is_changed = true;
	if (held) {
		gate_waits(core, "release %llu stays live: %s", (unsigned long long)release, why);
		return;
	}
	summary = gate_summary(core, release);
	if (summary == NULL)
		return;
	end_ms = gate_after(since_ms, summary->policy.drain_ms);
	if (core->now_ms < end_ms) {
		gate_wake(core, end_ms);
		return;
	}
	if (!gate_may(core, GATE_WISH_RETIRE, release, 0, NULL))
		return;
	gate_decided(core, "release %llu leaves the live set", (unsigned long long)release);
	gate_draft_leave(core, release);
}

void
gate_retire(struct quoin_gate_core *core)
{
	uint64_t warm[QUOIN_LIVE_MAX], leaving[QUOIN_LIVE_MAX];
	size_t warm_count = find_warm(core, warm), leaving_count = 0;

	for (size_t i = 0; i < core->draft.live_count; i++)
		if (is_leaving(core, core->draft.live[i].release.number, warm, warm_count))
			leaving[leaving_count++] = core->draft.live[i].release.number;
	forget_drains(core, leaving, leaving_count);
	for (size_t i = 0; i < leaving_count; i++) {
		const struct quoin_live *live = gate_draft_live(core, leaving[i]);

		if (live->last != 0) {
			retire_one(core, live);
			continue;
		}
		/* It was never selectable: no router can run it. */
		gate_decided(core, "release %llu leaves the live set; it was never selectable",
		    (unsigned long long)leaving[i]);
		gate_draft_leave(core, leaving[i]);
	}
}
