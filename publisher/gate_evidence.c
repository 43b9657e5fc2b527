/* What reports prove: evidence, the policy of a release, the brake's condition (PROTOCOL.md sections 5 and 7). */
#include <stdio.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/defect.h"
#include "publisher/gate_state.h"

/* Certified for serving, obeying at least "since", and ready by its newest status; the boot id and the load generation are
 * that status's own, and ready_since begins anew with either. */
static bool
says_ready(const struct quoin_gate_core *core, const struct gate_host *host, const struct quoin_live *live,
    int64_t soak_ms)
{
	const struct gate_have *have;

	if (host->role != QUOIN_HOST_SERVING ||
	    !gate_host_obeys(core, host, QUOIN_DEFECT(EVIDENCE_SINCE) ? 0 : live->since))
		return false;
	have = gate_host_have(host, &live->release);
	return have != NULL && have->progress == QUOIN_PROGRESS_READY && core->now_ms - have->ready_since_ms >= soak_ms;
}

bool
gate_has_evidence(const struct quoin_gate_core *core, const struct gate_host *host, const struct quoin_live *live,
    int64_t soak_ms)
{
	return gate_host_speaks(core, host) && says_ready(core, host, live, soak_ms);
}

bool
gate_is_ready(const struct quoin_gate_core *core, const struct gate_host *host, const struct quoin_live *live,
    int64_t soak_ms)
{
	return quoin_activation_exclusion(&core->activation, host->name) == NULL &&
	    gate_has_evidence(core, host, live, soak_ms);
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

/* What is asked of the hosts of one shard. */
struct count {
	struct quoin_gate_core *core;
	const struct declarers *declarers;
	const struct quoin_gate_shard *shard;
	const struct quoin_live *live;
	const struct quoin_live *active; /* what is in effect, or NULL */
	int64_t soak_ms;
};

/* One shard counted. Whom an operator excludes is not there at all. */
struct tally {
	size_t declared;
	size_t ready;	 /* for the release */
	size_t unready;	 /* not even loaded, and not excluded */
	size_t speaking; /* not excluded, not known to be silent */
	size_t speaking_ready;
	size_t active;				/* ready for what is in effect */
	size_t active_ready;			/* of these, ready for the release too */
	char lacking[QUOIN_NAME_BYTES_MAX + 1]; /* the first that is not ready */
	char lack[QUOIN_ROUTING_KEY_BYTES_MAX + QUOIN_REASON_BYTES_MAX + 32];
	char behind[QUOIN_NAME_BYTES_MAX + 1];	/* the first that is ready for what is in effect only */
	char silent[QUOIN_NAME_BYTES_MAX + 1];	/* the first that is not excluded, not ready, and silent */
	char staying[QUOIN_NAME_BYTES_MAX + 1]; /* the first that the gate excluded and that is not known to be out */
};

static void
note_name(char *to, const char *name)
{
	if (to[0] == '\0')
		memcpy(to, name, strlen(name) + 1);
}

static void
note_lacking(const struct count *count, const struct gate_host *host, const char *name, struct tally *tally)
{
	if (tally->lacking[0] != '\0')
		return;
	note_name(tally->lacking, name);
	describe(count->core, host, count->live, tally->lack, sizeof tally->lack);
}

/* The host of that name, if it is certified for the shard. */
static const struct gate_host *
host_of(const struct count *count, const char *name)
{
	const struct gate_host *host = gate_host(count->core, name);

	return host != NULL && host->is_certified && strcmp(host->shard, count->shard->name) == 0 ? host : NULL;
}

static void
count_host(const struct count *count, const char *name, struct tally *tally)
{
	struct quoin_gate_core *core = count->core;
	const struct quoin_exclusion *exclusion = quoin_activation_exclusion(&core->activation, name);
	const struct gate_host *host = host_of(count, name);
	bool is_ready, is_loaded, is_active;

	if (exclusion != NULL && exclusion->by_operator)
		return;
	tally->declared++;
	if (exclusion != NULL && count->shard->health_checked) {
		if (!gate_is_out(core, host))
			note_name(tally->staying, name);
		note_lacking(count, host, name, tally);
		return;
	}
	is_ready = host != NULL && gate_is_ready(core, host, count->live, count->soak_ms);
	is_loaded = host != NULL && gate_is_ready(core, host, count->live, 0);
	/* Who may hold the brake is not left out for a doubt. */
	is_active = host != NULL && count->active != NULL && exclusion == NULL && gate_host_may_speak(core, host) &&
	    says_ready(core, host, count->active, 0);
	tally->ready += is_ready;
	tally->unready += !is_loaded;
	tally->active += is_active;
	tally->active_ready += is_active && is_ready;
	if (host != NULL && gate_host_may_speak(core, host)) {
		tally->speaking++;
		tally->speaking_ready += is_ready;
	}
	if (host == NULL || !gate_host_speaks(core, host))
		note_name(tally->silent, name);
	if (is_active && !is_ready)
		note_name(tally->behind, name);
	if (!is_ready)
		note_lacking(count, host, name, tally);
	/* Soaking: look again when it is over. */
	if (is_loaded && !is_ready)
		gate_wake(core,
		    gate_after(gate_host_have(host, &count->live->release)->ready_since_ms, (uint64_t)count->soak_ms));
}

/* Exclude it, if it is not ready. */
static void
shut_host(const struct count *count, const char *name, struct tally *tally)
{
	const struct gate_host *host = host_of(count, name);
	struct quoin_exclusion exclusion = {0};

	(void)tally;
	if (quoin_activation_exclusion(&count->core->activation, name) != NULL ||
	    (host != NULL && gate_is_ready(count->core, host, count->live, 0)))
		return;
	gate_decided(count->core, "%s is excluded: it is not ready for release %llu, which may do without it", name,
	    (unsigned long long)count->live->release.number);
	memcpy(exclusion.host, name, strlen(name) + 1);
	gate_draft_exclude(count->core, &exclusion);
}

/* Whoever the release or a selectable one declares for the shard, once each. */
static void
for_each_host(const struct count *count, void (*visit)(const struct count *, const char *, struct tally *),
    struct tally *tally)
{
	const struct declarers *declarers = count->declarers;

	for (size_t i = 0; i < declarers->count; i++) {
		const struct quoin_gate_shard *at = gate_shard(declarers->releases[i], count->shard->name);

		for (size_t h = 0; at != NULL && h < at->host_count; h++) {
			bool was_visited = false;

			for (size_t k = 0; k < i && !was_visited; k++)
				was_visited = declares(declarers->releases[k], count->shard->name, at->hosts[h]);
			if (!was_visited)
				visit(count, at->hosts[h], tally);
		}
	}
}

static void
count_shard(const struct count *count, struct tally *ret)
{
	memset(ret, 0, sizeof *ret);
	for_each_host(count, count_host, ret);
}

/* What is in effect, if it has models on this shard. */
static const struct quoin_live *
active_on(struct quoin_gate_core *core, const char *shard, uint32_t *ret_hosts_min)
{
	uint64_t in_effect = gate_in_effect(&core->activation);
	const struct quoin_live *active = in_effect != 0 ? quoin_activation_live(&core->activation, in_effect) : NULL;
	const struct quoin_gate_release *summary = active != NULL ? gate_summary(core, in_effect) : NULL;
	const struct quoin_gate_shard *at = summary != NULL ? gate_shard(summary, shard) : NULL;

	*ret_hosts_min = summary != NULL ? summary->policy.ready_hosts_min : 0;
	return at != NULL && at->model_count > 0 ? active : NULL;
}

/* What a condition says of a shard. */
enum verdict {
	VERDICT_LACKS,
	VERDICT_HOLDS,
	VERDICT_OTHERS_FIRST, /* holds, when the hosts that are not ready are out */
};

/* Enough are ready: are the others out? */
static enum verdict
look_at_others(const struct count *count, const struct tally *tally, char why[QUOIN_GATE_TEXT_BYTES])
{
	if (tally->silent[0] != '\0' && tally->unready > 0) {
		snprintf(why, QUOIN_GATE_TEXT_BYTES,
		    "shard %s: %s is silent, and its VIP may still send to it; exclude it, or bring it back",
		    count->shard->name, tally->silent);
		return VERDICT_LACKS;
	}
	if (tally->unready > 0)
		return VERDICT_OTHERS_FIRST;
	if (tally->staying[0] == '\0')
		return VERDICT_HOLDS;
	snprintf(why, QUOIN_GATE_TEXT_BYTES,
	    "shard %s: %s was excluded; it must report obeying that, and its VIP see it", count->shard->name,
	    tally->staying);
	return VERDICT_LACKS;
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

/* The policy's serving condition on one shard. Where it allows fewer than all hosts, the others must be out, and must leave
 * enough for what is in effect. */
static enum verdict
shard_meets_policy(const struct count *count, const struct quoin_policy *policy, char why[QUOIN_GATE_TEXT_BYTES])
{
	uint64_t percent = count->shard->health_checked ? policy->ready_percent : 100;
	uint32_t active_min;
	struct count both = *count;
	struct tally tally;
	size_t need;

	both.active = active_on(count->core, count->shard->name, &active_min);
	count_shard(&both, &tally);
	need = (size_t)((tally.declared * percent + 99) / 100);
	if (need < policy->ready_hosts_min)
		need = policy->ready_hosts_min;
	if (tally.ready < need && tally.lacking[0] == '\0') {
		snprintf(why, QUOIN_GATE_TEXT_BYTES, "shard %s has %zu hosts that are not excluded, %zu must be ready",
		    count->shard->name, tally.declared, need);
		return VERDICT_LACKS;
	}
	if (tally.ready < need) {
		snprintf(why, QUOIN_GATE_TEXT_BYTES, "shard %s: %zu of %zu hosts ready; %s %s", count->shard->name,
		    tally.ready, need, tally.lacking, tally.lack);
		return VERDICT_LACKS;
	}
	if (tally.unready > 0 && tally.active > tally.active_ready && tally.active_ready < active_min) {
		snprintf(why, QUOIN_GATE_TEXT_BYTES,
		    "shard %s: without the others %zu hosts would be ready for what is in effect, %u must be",
		    count->shard->name, tally.active_ready, active_min);
		return VERDICT_LACKS;
	}
	return look_at_others(count, &tally, why);
}

/* Exclude the hosts of the shards that can do without them, in an activation of its own. */
static void
shut_others(struct count *count, const bool *is_shut, char why[QUOIN_GATE_TEXT_BYTES])
{
	const struct quoin_gate_release *summary = count->declarers->releases[0];
	struct tally unused;

	for (size_t i = 0; i < summary->shard_count; i++) {
		if (!is_shut[i])
			continue;
		count->shard = &summary->shards[i];
		for_each_host(count, shut_host, &unused);
	}
	snprintf(why, QUOIN_GATE_TEXT_BYTES, "the hosts that it can do without are excluded first");
}

bool
gate_policy_met(struct quoin_gate_core *core, uint64_t release, char why[QUOIN_GATE_TEXT_BYTES])
{
	const struct quoin_live *live = quoin_activation_live(&core->activation, release);
	const struct quoin_gate_release *summary;
	struct declarers declarers;
	struct count count = {.core = core, .declarers = &declarers, .live = live};
	bool is_shut[QUOIN_SHARDS_MAX] = {false}, any = false;

	QUOIN_ASSERT(live != NULL);
	if (!find_declarers(core, release, &declarers, why))
		return false;
	summary = declarers.releases[0];
	count.soak_ms = summary->policy.soak_ms > INT64_MAX ? INT64_MAX : (int64_t)summary->policy.soak_ms;
	for (size_t i = 0; i < summary->shard_count; i++) {
		enum verdict verdict;

		if (summary->shards[i].model_count == 0)
			continue;
		count.shard = &summary->shards[i];
		verdict = shard_meets_policy(&count, &summary->policy, why);
		if (verdict == VERDICT_LACKS)
			return false;
		is_shut[i] = verdict == VERDICT_OTHERS_FIRST;
		any = any || is_shut[i];
	}
	/* Nobody is taken out before all else is there. */
	if (!routers_staged(core, live, &summary->policy, why))
		return false;
	if (any)
		shut_others(&count, is_shut, why);
	return !any;
}

/* ---- The brake ---- */

/* It was not selectable since it entered the live set: hosts are not known to follow. On a health_checked shard, where a
 * silent host may still be answering its VIP with what it knows, one that is ready is enough when all others are out;
 * elsewhere every host that is not silent must be ready. */
static enum verdict
fresh_meets_brake(const struct count *count, const struct tally *tally, char why[QUOIN_GATE_TEXT_BYTES])
{
	if (tally->ready >= 1 && count->shard->health_checked)
		return look_at_others(count, tally, why);
	if (tally->ready >= 1 && tally->speaking_ready == tally->speaking)
		return VERDICT_HOLDS;
	snprintf(why, QUOIN_GATE_TEXT_BYTES, "shard %s: %zu of %zu hosts that speak are ready; %s %s",
	    count->shard->name, tally->speaking_ready, tally->speaking, tally->lacking, tally->lack);
	return VERDICT_LACKS;
}

/* Section 7. Hosts that are ready for what is in effect must be ready for this one; where there are none, the policy's
 * minimum. */
static enum verdict
shard_meets_brake(struct count *count, size_t minimum, char why[QUOIN_GATE_TEXT_BYTES])
{
	uint32_t active_min;
	struct tally tally;

	count->active = active_on(count->core, count->shard->name, &active_min);
	count_shard(count, &tally);
	if (gate_is_fresh(count->live))
		return fresh_meets_brake(count, &tally, why);
	if (count->shard->health_checked || tally.active == 0) {
		if (tally.ready >= minimum)
			return VERDICT_HOLDS;
		snprintf(why, QUOIN_GATE_TEXT_BYTES, "shard %s: %zu hosts ready, %zu must be; %s %s",
		    count->shard->name, tally.ready, minimum, tally.lacking, tally.lack);
		return VERDICT_LACKS;
	}
	if (tally.active_ready == tally.active)
		return VERDICT_HOLDS;
	snprintf(why, QUOIN_GATE_TEXT_BYTES, "shard %s: %s is ready for release %llu and not for this one",
	    count->shard->name, tally.behind, (unsigned long long)gate_in_effect(&count->core->activation));
	return VERDICT_LACKS;
}

bool
gate_brake_met(struct quoin_gate_core *core, uint64_t release, char why[QUOIN_GATE_TEXT_BYTES])
{
	const struct quoin_live *live = quoin_activation_live(&core->activation, release);
	const struct quoin_gate_release *summary;
	struct declarers declarers;
	struct count count = {.core = core, .declarers = &declarers, .live = live};
	bool is_shut[QUOIN_SHARDS_MAX] = {false}, any = false;

	QUOIN_ASSERT(live != NULL);
	if (!find_declarers(core, release, &declarers, why))
		return false;
	summary = declarers.releases[0];
	for (size_t i = 0; i < summary->shard_count; i++) {
		enum verdict verdict;

		if (summary->shards[i].model_count == 0)
			continue;
		count.shard = &summary->shards[i];
		verdict = shard_meets_brake(&count, summary->policy.ready_hosts_min, why);
		if (verdict == VERDICT_LACKS)
			return false;
		is_shut[i] = verdict == VERDICT_OTHERS_FIRST;
		any = any || is_shut[i];
	}
	if (any)
		shut_others(&count, is_shut, why);
	return !any;
}

/* ---- Watching ---- */

bool
gate_lacks_hosts(struct quoin_gate_core *core, uint64_t release, size_t *at, char why[QUOIN_GATE_TEXT_BYTES])
{
	const struct quoin_live *live = quoin_activation_live(&core->activation, release);
	const struct quoin_gate_release *summary;
	struct declarers declarers;

	if (live == NULL || core->now_ms < core->watch_ms || !find_declarers(core, release, &declarers, why))
		return false;
	summary = declarers.releases[0];
	while (*at < summary->shard_count) {
		const struct quoin_gate_shard *shard = &summary->shards[(*at)++];
		struct count count = {.core = core, .declarers = &declarers, .shard = shard, .live = live};
		struct tally tally;

		if (shard->model_count == 0)
			continue;
		count_shard(&count, &tally);
		if (tally.ready > 0 && tally.ready >= summary->policy.ready_hosts_min)
			continue;
		snprintf(why, QUOIN_GATE_TEXT_BYTES, "shard %s", shard->name);
		if (tally.lacking[0] != '\0')
			snprintf(why, QUOIN_GATE_TEXT_BYTES, "shard %s: %s %s", shard->name, tally.lacking, tally.lack);
		return true;
	}
	return false;
}

void
gate_watch_readiness(struct quoin_gate_core *core)
{
	uint64_t release = gate_in_effect(&core->activation);
	char why[QUOIN_GATE_TEXT_BYTES];
	size_t at = 0;

	while (release != 0 && gate_lacks_hosts(core, release, &at, why))
		gate_alarm(core,
		    "too few hosts are ready for release %llu, which is in effect: %s; look at them, or roll back",
		    (unsigned long long)release, why);
}
