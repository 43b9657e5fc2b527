/* What reports prove: evidence, the policy of a release, the brake's condition (PROTOCOL.md sections 5 and 7). */
#include <stdio.h>
#include <string.h>

#include "lib/assert.h"
#include "publisher/gate_state.h"

/* Certified for serving, speaking, obeying at least "since", and ready by its newest status; the boot id and the load
 * generation are that status's own, and ready_since begins anew with either. */
static bool
has_evidence(const struct quoin_gate_core *core, const struct gate_host *host, const struct quoin_live *live,
    int64_t soak_ms)
{
	const struct gate_have *have;

	if (host->role != QUOIN_HOST_SERVING || !gate_host_speaks(core, host) ||
	    !gate_host_obeys(core, host, live->since))
		return false;
	have = gate_host_have(host, &live->release);
	return have != NULL && have->progress == QUOIN_PROGRESS_READY && core->now_ms - have->ready_since_ms >= soak_ms;
}

bool
gate_is_ready(const struct quoin_gate_core *core, const struct gate_host *host, const struct quoin_live *live,
    int64_t soak_ms)
{
	return quoin_activation_exclusion(&core->activation, host->name) == NULL &&
	    has_evidence(core, host, live, soak_ms);
}

/* Why this host is not counted, for people. */
static void
describe(const struct quoin_gate_core *core, const struct gate_host *host, const struct quoin_live *live, char *out,
    size_t out_bytes)
{
	const struct gate_have *have = host != NULL ? gate_host_have(host, &live->release) : NULL;

	if (host == NULL || !host->is_certified)
		snprintf(out, out_bytes, "has no certificate");
	else if (!host->has_status)
		snprintf(out, out_bytes, "was never heard");
	else if (host->is_leaving)
		snprintf(out, out_bytes, "has left");
	else if (!gate_host_speaks(core, host))
		snprintf(out, out_bytes, "is silent");
	else if (!gate_host_obeys(core, host, live->since))
		snprintf(out, out_bytes, "obeys %llu/%llu, not yet %llu/%llu", (unsigned long long)host->obeyed.epoch,
		    (unsigned long long)host->obeyed.seq, (unsigned long long)core->position.epoch,
		    (unsigned long long)live->since);
	else if (have == NULL)
		snprintf(out, out_bytes, "says nothing of it");
	else if (have->progress == QUOIN_PROGRESS_READY)
		snprintf(out, out_bytes, "soaks");
	else
		snprintf(out, out_bytes, "%s%s%s%s%s", quoin_progress_name(have->progress),
		    have->model[0] != '\0' ? " " : "", have->model, have->reason[0] != '\0' ? ": " : "", have->reason);
}

/* ---- The hosts that are asked, shard by shard ---- */

/* The release itself and every selectable one: whoever any of them declares for the shard is asked. */
struct declarers {
	const struct quoin_gate_release *releases[QUOIN_PINS_MAX + 3];
	size_t count;
};

static bool
add_declarer(struct quoin_gate_core *core, struct declarers *declarers, uint64_t release)
{
	const struct quoin_gate_release *summary;

	if (release == 0)
		return true;
	summary = gate_summary(core, release);
	if (summary == NULL)
		return false;
	for (size_t i = 0; i < declarers->count; i++)
		if (declarers->releases[i] == summary)
			return true;
	declarers->releases[declarers->count++] = summary;
	return true;
}

/* false: a models part is not here yet. */
static bool
find_declarers(struct quoin_gate_core *core, uint64_t release, struct declarers *ret, char why[QUOIN_GATE_TEXT_BYTES])
{
	const struct quoin_activation *activation = &core->activation;
	bool all;

	ret->count = 0;
	all = add_declarer(core, ret, release);
	all = add_declarer(core, ret, activation->from) && all;
	all = add_declarer(core, ret, activation->target) && all;
	for (size_t i = 0; i < activation->pin_count; i++)
		all = add_declarer(core, ret, activation->pins[i].release) && all;
	if (!all)
		snprintf(why, QUOIN_GATE_TEXT_BYTES, "its models part, or that of a selectable release, is being read");
	return all;
}

static bool
declares(const struct quoin_gate_release *release, const char *shard, const char *host)
{
	const struct quoin_gate_shard *at = gate_shard(release, shard);
	size_t low = 0, high = at != NULL ? at->host_count : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(at->hosts[middle], host);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* One shard counted. */
struct tally {
	size_t declared; /* not excluded */
	size_t ready;	 /* for the release */
	size_t speaking; /* not silent */
	size_t speaking_ready;
	size_t active;				/* ready for what is in effect */
	size_t active_ready;			/* of these, ready for the release too */
	char lacking[QUOIN_NAME_BYTES_MAX + 1]; /* the first that is not ready */
	char lack[QUOIN_ROUTING_KEY_BYTES_MAX + QUOIN_REASON_BYTES_MAX + 32];
	char behind[QUOIN_NAME_BYTES_MAX + 1]; /* the first that is ready for what is in effect only */
};

static void
count_host(struct quoin_gate_core *core, const char *name, const char *shard, const struct quoin_live *live,
    const struct quoin_live *active, int64_t soak_ms, struct tally *tally)
{
	const struct gate_host *host = gate_host(core, name);
	bool is_here = host != NULL && host->is_certified && strcmp(host->shard, shard) == 0;
	bool is_ready, is_active;

	if (quoin_activation_exclusion(&core->activation, name) != NULL)
		return;
	is_ready = is_here && gate_is_ready(core, host, live, soak_ms);
	is_active = is_here && active != NULL && gate_is_ready(core, host, active, 0);
	tally->declared++;
	tally->ready += is_ready;
	tally->active += is_active;
	tally->active_ready += is_active && is_ready;
	if (is_here && gate_host_speaks(core, host)) {
		tally->speaking++;
		tally->speaking_ready += is_ready;
	}
	if (is_active && !is_ready && tally->behind[0] == '\0')
		memcpy(tally->behind, name, strlen(name) + 1);
	if (!is_ready && tally->lacking[0] == '\0') {
		memcpy(tally->lacking, name, strlen(name) + 1);
		describe(core, is_here ? host : NULL, live, tally->lack, sizeof tally->lack);
	}
	/* Soaking: look again when it is over. */
	if (is_here && !is_ready && soak_ms > 0 && gate_is_ready(core, host, live, 0))
		gate_wake(core, gate_after(gate_host_have(host, &live->release)->ready_since_ms, (uint64_t)soak_ms));
}

static void
count_shard(struct quoin_gate_core *core, const struct declarers *declarers, const char *shard,
    const struct quoin_live *live, const struct quoin_live *active, int64_t soak_ms, struct tally *ret)
{
	memset(ret, 0, sizeof *ret);
	for (size_t i = 0; i < declarers->count; i++) {
		const struct quoin_gate_shard *at = gate_shard(declarers->releases[i], shard);

		for (size_t h = 0; at != NULL && h < at->host_count; h++) {
			bool was_counted = false;

			for (size_t k = 0; k < i && !was_counted; k++)
				was_counted = declares(declarers->releases[k], shard, at->hosts[h]);
			if (!was_counted)
				count_host(core, at->hosts[h], shard, live, active, soak_ms, ret);
		}
	}
}

/* ---- Policy ---- */

static bool
routers_staged(struct quoin_gate_core *core, const struct quoin_live *live, const struct quoin_policy *policy,
    char why[QUOIN_GATE_TEXT_BYTES])
{
	size_t count = 0, staged = 0, need;
	const struct gate_host *lacking = NULL;

	for (size_t i = 0; i < core->host_count; i++) {
		const struct gate_host *host = core->hosts[i];
		const struct gate_have *have;

		if (!gate_router_counts(core, host))
			continue;
		count++;
		have = gate_host_have(host, &live->release);
		if (host->runs == live->release.number ||
		    (have != NULL &&
			(have->progress == QUOIN_PROGRESS_STAGED || have->progress == QUOIN_PROGRESS_READY)))
			staged++;
		else if (lacking == NULL)
			lacking = host;
	}
	need = (count * policy->staged_percent + 99) / 100;
	if (staged >= need)
		return true;
	snprintf(why, QUOIN_GATE_TEXT_BYTES, "%zu of %zu routers have staged it, %zu must; %s has not", staged, count,
	    need, lacking->name);
	return false;
}

/* The policy's serving condition on one shard. Fewer than all hosts would need the others excluded first: while that is
 * not offered, every host that is not excluded is awaited, whatever ready_percent says. */
static bool
shard_meets_policy(struct quoin_gate_core *core, const struct declarers *declarers,
    const struct quoin_gate_shard *shard, const struct quoin_live *live, const struct quoin_policy *policy,
    char why[QUOIN_GATE_TEXT_BYTES])
{
	int64_t soak_ms = policy->soak_ms > INT64_MAX ? INT64_MAX : (int64_t)policy->soak_ms;
	struct tally tally;
	size_t need;

	count_shard(core, declarers, shard->name, live, NULL, soak_ms, &tally);
	need = tally.declared > policy->ready_hosts_min ? tally.declared : policy->ready_hosts_min;
	if (tally.ready >= need)
		return true;
	if (tally.lacking[0] == '\0')
		snprintf(why, QUOIN_GATE_TEXT_BYTES, "shard %s has %zu hosts that are not excluded, %zu must be ready",
		    shard->name, tally.declared, need);
	else
		snprintf(why, QUOIN_GATE_TEXT_BYTES, "shard %s: %zu of %zu hosts ready; %s %s", shard->name,
		    tally.ready, need, tally.lacking, tally.lack);
	return false;
}

bool
gate_policy_met(struct quoin_gate_core *core, uint64_t release, char why[QUOIN_GATE_TEXT_BYTES])
{
	const struct quoin_live *live = quoin_activation_live(&core->activation, release);
	const struct quoin_gate_release *summary;
	struct declarers declarers;
	bool met = true;

	QUOIN_ASSERT(live != NULL);
	if (!find_declarers(core, release, &declarers, why))
		return false;
	summary = declarers.releases[0];
	for (size_t i = 0; i < summary->shard_count && met; i++)
		if (summary->shards[i].model_count > 0)
			met = shard_meets_policy(core, &declarers, &summary->shards[i], live, &summary->policy, why);
	return met && routers_staged(core, live, &summary->policy, why);
}

/* More failed reports than the policy allows: the host and reason of the first. */
static const struct gate_host *
failed_host(struct quoin_gate_core *core, uint64_t release, const struct gate_have **ret_have)
{
	const struct quoin_live *live = quoin_activation_live(&core->activation, release);
	const struct quoin_gate_release *summary = gate_summary(core, release);
	const struct gate_host *first = NULL;
	size_t count = 0;

	if (live == NULL || summary == NULL)
		return NULL;
	for (size_t i = 0; i < core->host_count; i++) {
		const struct gate_host *host = core->hosts[i];
		const struct gate_have *have = gate_host_have(host, &live->release);

		if (!host->is_certified || have == NULL || have->progress != QUOIN_PROGRESS_FAILED ||
		    !gate_host_obeys(core, host, live->since) ||
		    quoin_activation_exclusion(&core->activation, host->name) != NULL)
			continue;
		count++;
		if (first == NULL) {
			first = host;
			*ret_have = have;
		}
	}
	return count > summary->policy.failed_hosts_max ? first : NULL;
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

/* ---- The brake ---- */

/*
 * Section 7. Hosts that are ready for what is in effect must be ready for this one; where there are none, the policy's
 * minimum. While the release was not selectable since it entered the live set, hosts are not known to follow: then every
 * host that is not silent must be ready, at least one; on a health_checked shard, where a silent host may still be answering
 * its VIP with what it knows, the silent ones too, or an operator excludes them.
 */
static bool
shard_meets_brake(struct quoin_gate_core *core, const struct declarers *declarers, const struct quoin_gate_shard *shard,
    const struct quoin_live *live, const struct quoin_gate_release *release, char why[QUOIN_GATE_TEXT_BYTES])
{
	uint64_t in_effect = gate_in_effect(&core->activation);
	const struct quoin_live *active = in_effect != 0 ? quoin_activation_live(&core->activation, in_effect) : NULL;
	const struct quoin_gate_shard *active_shard = NULL;
	struct tally tally;
	size_t minimum = release->policy.ready_hosts_min;

	if (active != NULL)
		active_shard = gate_shard(gate_summary(core, in_effect), shard->name);
	if (active_shard == NULL || active_shard->model_count == 0)
		active = NULL;
	count_shard(core, declarers, shard->name, live, active, 0, &tally);
	if (gate_is_fresh(live)) {
		if (tally.ready >= 1 && tally.speaking_ready == tally.speaking &&
		    (!shard->health_checked || tally.ready == tally.declared))
			return true;
		snprintf(why, QUOIN_GATE_TEXT_BYTES, "shard %s: %zu of %zu hosts that speak are ready; %s %s",
		    shard->name, tally.speaking_ready, tally.speaking, tally.lacking, tally.lack);
		return false;
	}
	if (shard->health_checked || tally.active == 0) {
		if (tally.ready >= minimum)
			return true;
		snprintf(why, QUOIN_GATE_TEXT_BYTES, "shard %s: %zu hosts ready, %zu must be; %s %s", shard->name,
		    tally.ready, minimum, tally.lacking, tally.lack);
		return false;
	}
	if (tally.active_ready == tally.active)
		return true;
	snprintf(why, QUOIN_GATE_TEXT_BYTES, "shard %s: %s is ready for release %llu and not for this one", shard->name,
	    tally.behind, (unsigned long long)in_effect);
	return false;
}

bool
gate_brake_met(struct quoin_gate_core *core, uint64_t release, char why[QUOIN_GATE_TEXT_BYTES])
{
	const struct quoin_live *live = quoin_activation_live(&core->activation, release);
	const struct quoin_gate_release *summary;
	struct declarers declarers;
	bool met = true;

	QUOIN_ASSERT(live != NULL);
	if (!find_declarers(core, release, &declarers, why))
		return false;
	summary = declarers.releases[0];
	for (size_t i = 0; i < summary->shard_count && met; i++)
		if (summary->shards[i].model_count > 0)
			met = shard_meets_brake(core, &declarers, &summary->shards[i], live, summary, why);
	return met;
}

/* ---- Including again; watching ---- */

bool
gate_is_complete(struct quoin_gate_core *core, const struct gate_host *host)
{
	for (size_t i = 0; i < core->activation.live_count; i++) {
		const struct quoin_live *live = &core->activation.live[i];
		const struct quoin_gate_release *summary;
		const struct quoin_gate_shard *shard;

		if (live->last == 0 && live->release.number != core->working)
			continue;
		summary = gate_summary(core, live->release.number);
		if (summary == NULL)
			return false;
		shard = gate_shard(summary, host->shard);
		if (shard != NULL && shard->model_count > 0 && !has_evidence(core, host, live, 0))
			return false;
	}
	return true;
}

void
gate_watch_readiness(struct quoin_gate_core *core)
{
	uint64_t release = gate_in_effect(&core->activation);
	const struct quoin_live *live = release != 0 ? quoin_activation_live(&core->activation, release) : NULL;
	char why[QUOIN_GATE_TEXT_BYTES];
	struct declarers declarers;
	const struct quoin_gate_release *summary;

	if (live == NULL || core->now_ms < core->watch_ms || !find_declarers(core, release, &declarers, why))
		return;
	summary = declarers.releases[0];
	for (size_t i = 0; i < summary->shard_count; i++) {
		const struct quoin_gate_shard *shard = &summary->shards[i];
		struct tally tally;

		if (shard->model_count == 0)
			continue;
		count_shard(core, &declarers, shard->name, live, NULL, 0, &tally);
		if (tally.ready == 0 || tally.ready < summary->policy.ready_hosts_min)
			gate_alarm(core,
			    "shard %s has too few hosts ready for release %llu, which is in effect; look at its "
			    "hosts, or roll back",
			    shard->name, (unsigned long long)release);
	}
}
