/* What is asked of hosts and routers before a release is selected: its policy, the brake's condition (sections 5 and 7). */
#include <stdio.h>

#include "lib/assert.h"
#include "publisher/gate_shard.h"

/* What it must keep on each shard. */
static uint32_t
active_hosts_min(struct quoin_gate_core *core)
{
	uint64_t in_effect = gate_in_effect(&core->activation);
	const struct quoin_gate_release *summary =
	    in_effect != 0 && quoin_activation_live(&core->activation, in_effect) != NULL
	    ? gate_summary(core, in_effect)
	    : NULL;

	return summary != NULL ? summary->policy.ready_hosts_min : 0;
}

/* What a condition says of a shard. */
enum verdict {
	VERDICT_LACKS,
	VERDICT_HOLDS,
	VERDICT_OTHERS_FIRST, /* holds, when the hosts that are not ready are out */
};

/* Enough are ready: are the others out? */
static enum verdict
look_at_others(const struct gate_question *question, const struct gate_standing *standing,
    char why[QUOIN_GATE_TEXT_BYTES])
{
	if (standing->silent != NULL && standing->unready > 0) {
		snprintf(why, QUOIN_GATE_TEXT_BYTES,
		    "shard %s: %s is silent, and its VIP may still send to it; exclude it, or bring it back",
		    gate_question_shard(question)->name, standing->silent->name);
		return VERDICT_LACKS;
	}
	if (standing->unready > 0)
		return VERDICT_OTHERS_FIRST;
	if (standing->staying == NULL)
		return VERDICT_HOLDS;
	snprintf(why, QUOIN_GATE_TEXT_BYTES,
	    "shard %s: %s was excluded; it must report obeying that, and its VIP see it",
	    gate_question_shard(question)->name, standing->staying->name);
	return VERDICT_LACKS;
}

/* ---- Policy ---- */

static bool
routers_staged(struct quoin_gate_core *core, struct gate_counted *counted, const struct quoin_policy *policy,
    char why[QUOIN_GATE_TEXT_BYTES])
{
	size_t staged = counted->fleet.counts[GATE_RELEASE_STAGED];
	size_t count = staged + counted->fleet.counts[GATE_RELEASE_UNSTAGED];
	size_t need = (count * policy->staged_percent + 99) / 100;

	if (staged >= need)
		return true;
	snprintf(why, QUOIN_GATE_TEXT_BYTES, "%zu of %zu routers have staged it, %zu must; %s has not", staged, count,
	    need, core->hosts[gate_tally_first(&counted->fleet, GATE_RELEASE_UNSTAGED)]->name);
	return false;
}

/* The policy's serving condition on one shard. Where it allows fewer than all hosts, the others must be out, and must leave
 * enough for what is in effect. */
static enum verdict
shard_meets_policy(const struct gate_question *question, const struct quoin_policy *policy,
    char why[QUOIN_GATE_TEXT_BYTES])
{
	const struct quoin_gate_shard *shard = gate_question_shard(question);
	uint64_t percent = shard->health_checked ? policy->ready_percent : 100;
	uint32_t active_min = active_hosts_min(question->core);
	char lack[QUOIN_GATE_TEXT_BYTES];
	struct gate_standing standing;
	size_t need;

	gate_question_count(question, &standing);
	need = (size_t)((standing.declared * percent + 99) / 100);
	if (need < policy->ready_hosts_min)
		need = policy->ready_hosts_min;
	if (standing.ready < need && standing.lacking == NULL) {
		snprintf(why, QUOIN_GATE_TEXT_BYTES, "shard %s has %zu hosts that are not excluded, %zu must be ready",
		    shard->name, standing.declared, need);
		return VERDICT_LACKS;
	}
	if (standing.ready < need) {
		snprintf(why, QUOIN_GATE_TEXT_BYTES, "shard %s: %zu of %zu hosts ready; %.500s", shard->name,
		    standing.ready, need, gate_question_lack(question, &standing, lack));
		return VERDICT_LACKS;
	}
	if (standing.unready > 0 && standing.active > standing.active_ready && standing.active_ready < active_min) {
		snprintf(why, QUOIN_GATE_TEXT_BYTES,
		    "shard %s: without the others %zu hosts would be ready for what is in effect, %u must be",
		    shard->name, standing.active_ready, active_min);
		return VERDICT_LACKS;
	}
	return look_at_others(question, &standing, why);
}

/* Exclude the hosts of the shards that can do without them, in an activation of its own. */
static void
shut_others(struct gate_question *question, const bool *is_shut, char why[QUOIN_GATE_TEXT_BYTES])
{
	for (size_t i = 0; i < gate_question_summary(question)->shard_count; i++) {
		struct gate_asked *asked =
		    gate_asked(question->core, question->counted, gate_question_summary(question), i);

		for (size_t k = 0; is_shut[i] && k < asked->tally.entry_count; k++)
			gate_shut(question->core, &asked->parts[k]);
	}
	snprintf(why, QUOIN_GATE_TEXT_BYTES, "the hosts that it can do without are excluded first");
}

/* What a policy, or the brake, asks of one shard. */
typedef enum verdict shard_meets(const struct gate_question *question, const struct quoin_policy *policy,
    char why[QUOIN_GATE_TEXT_BYTES]);

/* false: a shard lacks what is asked. Those that can do without some of their hosts are marked. */
static bool
ask_shards(struct gate_question *question, shard_meets *meets, bool is_shut[QUOIN_SHARDS_MAX], bool *ret_any,
    char why[QUOIN_GATE_TEXT_BYTES])
{
	const struct quoin_gate_release *summary = gate_question_summary(question);

	*ret_any = false;
	for (size_t i = 0; i < summary->shard_count; i++) {
		enum verdict verdict;

		is_shut[i] = false;
		if (summary->shards[i].model_count == 0)
			continue;
		question->shard = i;
		verdict = meets(question, &summary->policy, why);
		if (verdict == VERDICT_LACKS)
			return false;
		is_shut[i] = verdict == VERDICT_OTHERS_FIRST;
		*ret_any = *ret_any || is_shut[i];
	}
	return true;
}

bool
gate_policy_met(struct quoin_gate_core *core, uint64_t release, char why[QUOIN_GATE_TEXT_BYTES])
{
	struct gate_declarers declarers;
	struct gate_question question = {.core = core, .must_soak = true};
	bool is_shut[QUOIN_SHARDS_MAX] = {false}, any;

	QUOIN_ASSERT(quoin_activation_live(&core->activation, release) != NULL);
	if (!gate_question_begin(&question, release, &declarers, why) ||
	    !ask_shards(&question, shard_meets_policy, is_shut, &any, why))
		return false;
	/* Nobody is taken out before all else is there. */
	if (!routers_staged(core, question.counted, &gate_question_summary(&question)->policy, why))
		return false;
	if (any)
		shut_others(&question, is_shut, why);
	return !any;
}

/* ---- The brake ---- */

/* It was not selectable since it entered the live set: hosts are not known to follow. On a health_checked shard, where a
 * silent host may still be answering its VIP with what it knows, one that is ready is enough when all others are out;
 * elsewhere every host that is not silent must be ready. */
static enum verdict
fresh_meets_brake(const struct gate_question *question, const struct gate_standing *standing,
    char why[QUOIN_GATE_TEXT_BYTES])
{
	char lack[QUOIN_GATE_TEXT_BYTES];

	if (standing->ready >= 1 && gate_question_shard(question)->health_checked)
		return look_at_others(question, standing, why);
	if (standing->ready >= 1 && standing->speaking_ready == standing->speaking)
		return VERDICT_HOLDS;
	snprintf(why, QUOIN_GATE_TEXT_BYTES, "shard %s: %zu of %zu hosts that speak are ready; %.500s",
	    gate_question_shard(question)->name, standing->speaking_ready, standing->speaking,
	    gate_question_lack(question, standing, lack));
	return VERDICT_LACKS;
}

/* Section 7. Hosts that are ready for what is in effect must be ready for this one; where there are none, the policy's
 * minimum. */
static enum verdict
shard_meets_brake(const struct gate_question *question, const struct quoin_policy *policy,
    char why[QUOIN_GATE_TEXT_BYTES])
{
	char lack[QUOIN_GATE_TEXT_BYTES];
	struct gate_standing standing;

	gate_question_count(question, &standing);
	if (gate_is_fresh(question->counted->live))
		return fresh_meets_brake(question, &standing, why);
	if (gate_question_shard(question)->health_checked || standing.active == 0) {
		if (standing.ready >= policy->ready_hosts_min)
			return VERDICT_HOLDS;
		snprintf(why, QUOIN_GATE_TEXT_BYTES, "shard %s: %zu hosts ready, %u must be; %.500s",
		    gate_question_shard(question)->name, standing.ready, policy->ready_hosts_min,
		    gate_question_lack(question, &standing, lack));
		return VERDICT_LACKS;
	}
	if (standing.active_ready == standing.active)
		return VERDICT_HOLDS;
	snprintf(why, QUOIN_GATE_TEXT_BYTES, "shard %s: %s is ready for release %llu and not for this one",
	    gate_question_shard(question)->name, standing.behind->name,
	    (unsigned long long)gate_in_effect(&question->core->activation));
	return VERDICT_LACKS;
}

bool
gate_brake_met(struct quoin_gate_core *core, uint64_t release, char why[QUOIN_GATE_TEXT_BYTES])
{
	struct gate_declarers declarers;
	struct gate_question question = {.core = core};
	bool is_shut[QUOIN_SHARDS_MAX] = {false}, any;

	QUOIN_ASSERT(quoin_activation_live(&core->activation, release) != NULL);
	if (!gate_question_begin(&question, release, &declarers, why) ||
	    !ask_shards(&question, shard_meets_brake, is_shut, &any, why))
		return false;
	if (any)
		shut_others(&question, is_shut, why);
	return !any;
}

/* ---- Watching ---- */

bool
gate_lacks_hosts(struct quoin_gate_core *core, uint64_t release, size_t *at, char why[QUOIN_GATE_TEXT_BYTES])
{
	const struct quoin_gate_release *summary;
	struct gate_question question = {.core = core};
	struct gate_declarers declarers;
	char lack[QUOIN_GATE_TEXT_BYTES];

	if (quoin_activation_live(&core->activation, release) == NULL || core->now_ms < core->watch_ms ||
	    !gate_question_begin(&question, release, &declarers, why))
		return false;
	summary = gate_question_summary(&question);
	while (*at < summary->shard_count) {
		struct gate_standing standing;

		question.shard = (*at)++;
		if (gate_question_shard(&question)->model_count == 0)
			continue;
		gate_question_count(&question, &standing);
		if (standing.ready > 0 && standing.ready >= summary->policy.ready_hosts_min)
			continue;
		(void)gate_question_lack(&question, &standing, lack);
		snprintf(why, QUOIN_GATE_TEXT_BYTES, "shard %s%s%.500s", gate_question_shard(&question)->name,
		    lack[0] != '\0' ? ": " : "", lack);
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
