/*
 * What makes a release fail while it is on its way, or in effect: what hosts report, what the health hook says, readiness
 * that is lost (INTERFACES.md section 4). Everyone returns to what was fully active before.
 */
#include <stdio.h>
#include <string.h>

#include "publisher/gate_state.h"

/* ---- Reports ---- */

/* More failed reports than the policy allows, or a crash fuse (a failure that is no model's): the first host. A router, or
 * host, that rejects the release (not trusted, damaged, over a limit) is one of them: it will not take it by being waited
 * for. */
static const struct gate_host *
failed_host(struct quoin_gate_core *core, uint64_t release, const struct gate_have **ret_have)
{
	const struct quoin_gate_release *summary = gate_summary(core, release);
	struct gate_counted *counted = summary != NULL ? gate_counted(core, release) : NULL;
	enum gate_release_bit bit;
	const struct gate_host *host;

	if (counted == NULL)
		return NULL;
	bit = counted->fleet.counts[GATE_RELEASE_FUSED] > 0 ? GATE_RELEASE_FUSED : GATE_RELEASE_FAILED;
	if (bit == GATE_RELEASE_FAILED && counted->fleet.counts[bit] <= summary->policy.failed_hosts_max)
		return NULL;
	host = core->hosts[gate_tally_first(&counted->fleet, bit)];
	*ret_have = gate_host_have(host, &counted->live->release);
	return host;
}

void
gate_fail(struct quoin_gate_core *core, uint64_t release, const char *host, const char *reason)
{
	gate_decided(core, "release %llu failed%s%s: %s", (unsigned long long)release, host[0] != '\0' ? " on " : "",
	    host, reason);
	gate_draft_fail(core, release, host, reason);
}

/* A failed report beyond the policy's budget. What was once fully active is not failed by a host: the brake is never held. */
void
gate_fail_by_reports(struct quoin_gate_core *core, uint64_t release)
{
	const struct gate_have *have = NULL;
	const struct gate_host *host;
	char reason[QUOIN_ROUTING_KEY_BYTES_MAX + QUOIN_REASON_BYTES_MAX + 4];

	if (!gate_is_good(core, release) || quoin_activation_has_active(&core->draft, release))
		return;
	host = failed_host(core, release, &have);
	if (host == NULL)
		return;
	snprintf(reason, sizeof reason, "%s%s%s", have->model, have->model[0] != '\0' ? ": " : "", have->reason);
	reason[QUOIN_REASON_BYTES_MAX] = '\0';
	gate_fail(core, release, host->name, reason);
}

/* ---- The health hook ---- */

void
gate_health_reset(struct quoin_gate_core *core)
{
	memset(&core->health, 0, sizeof core->health);
	core->health.well_ms = core->health.asked_ms = -1;
}

static void
ask_health(struct quoin_gate_core *core, uint64_t release)
{
	struct quoin_gate_action *action = gate_act(core, QUOIN_GATE_ASK_HEALTH);

	core->health.is_asking = true;
	core->health.asked_ms = core->now_ms;
	action->number = release;
	action->token = ++core->token;
	core->health.token = core->token;
}

void
gate_take_health(struct quoin_gate_core *core, const struct quoin_gate_event *event)
{
	if (!core->health.is_asking || event->token != core->health.token)
		return;
	core->health.is_asking = false;
	core->is_undecided = true;
	if (event->code == 0)
		core->health.well_ms = core->health.asked_ms;
	else if (event->code != QUOIN_EAGAIN)
		core->health.is_sick = true;
	snprintf(core->health.reason, sizeof core->health.reason, "%s", event->reason != NULL ? event->reason : "");
}

/* The step of this release that is under way; what was said of another one does not count. */
static void
begin_step(struct quoin_gate_core *core, uint64_t release)
{
	if (core->health.release == release && core->health.step_seq == core->activation.step_seq)
		return;
	gate_health_reset(core);
	core->health.release = release;
	core->health.step_seq = core->activation.step_seq;
}

bool
gate_is_healthy(struct quoin_gate_core *core, uint64_t release, int64_t since_ms)
{
	int64_t due_ms;

	if (!core->conf.has_health_hook)
		return true;
	begin_step(core, release);
	due_ms = core->health.asked_ms < 0 ? core->now_ms : gate_after(core->health.asked_ms, QUOIN_GATE_HEALTH_MS);
	/* What is waited for is asked at once, if it was not asked since. */
	if (since_ms <= core->now_ms && core->health.asked_ms < since_ms)
		due_ms = core->now_ms;
	if (core->health.is_asking || core->health.is_sick)
		return false;
	if (core->health.well_ms >= since_ms)
		return true;
	if (core->now_ms >= due_ms)
		ask_health(core, release);
	else
		gate_wake(core, due_ms);
	return false;
}

/* The hook failed while a step of the release was in effect. */
void
gate_fail_by_health(struct quoin_gate_core *core, uint64_t release)
{
	char reason[QUOIN_REASON_BYTES_MAX + 1];

	if (!core->conf.has_health_hook || core->activation.target != release ||
	    quoin_activation_has_active(&core->draft, release) || !gate_is_good(core, release))
		return;
	begin_step(core, release);
	if (!core->health.is_sick)
		return;
	snprintf(reason, sizeof reason, "health hook: %.150s",
	    core->health.reason[0] != '\0' ? core->health.reason : "it failed");
	gate_fail(core, release, "", reason);
}

/* ---- Readiness that is lost ---- */

/* What can take the place of a release in effect at once: it is warm, and the brake's condition holds. Never a newer one. */
static uint64_t
way_back(struct quoin_gate_core *core, uint64_t release)
{
	const struct quoin_activation *draft = &core->draft;
	uint64_t back = 0;
	const struct quoin_live *live;
	char why[QUOIN_GATE_TEXT_BYTES];

	if (draft->from != release)
		back = draft->from;
	for (size_t i = draft->active_count; back == 0 && i-- > 0;)
		if (draft->active[i] != release && gate_is_good(core, draft->active[i]))
			back = draft->active[i] < release ? draft->active[i] : UINT64_MAX;
	if (back == 0 || back == UINT64_MAX || !gate_is_good(core, back))
		return 0;
	live = quoin_activation_live(&core->activation, back);
	return live != NULL && !gate_is_fresh(live) && gate_brake_met(core, back, why) ? back : 0;
}

/* By the policy of what is in effect: when a shard has too few hosts left, and what was active before would do better. */
void
gate_fail_by_lost_readiness(struct quoin_gate_core *core)
{
	uint64_t release = gate_in_effect(&core->activation), back;
	const struct quoin_gate_release *summary = release != 0 ? gate_summary(core, release) : NULL;
	char why[QUOIN_GATE_TEXT_BYTES], reason[QUOIN_REASON_BYTES_MAX + 1];
	size_t at = 0;

	if (summary == NULL || summary->policy.on_lost_readiness != QUOIN_ON_LOST_ROLLBACK ||
	    !gate_is_good(core, release) || !gate_lacks_hosts(core, release, &at, why))
		return;
	back = way_back(core, release);
	if (back == 0 || !gate_may(core, GATE_WISH_SELECT, back, 0, NULL))
		return;
	snprintf(reason, sizeof reason, "lost its readiness: %.150s", why);
	gate_fail(core, release, "", reason);
}
