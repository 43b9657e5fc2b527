#include "tests/sim/convergence.h"

#include "tests/sim/invariants.h"

static bool
lives_with_poison(const struct sim *sim, int index)
{
	for (size_t i = 0; i < sim->judge->newest.live_count; i++)
		if ((sim->releases[sim->judge->newest.live[i].release.number].poison & 1u << index) != 0)
			return true;
	return false;
}

static bool
is_wanted(const struct sim *sim, int shard, uint32_t model)
{
	const struct quoin_activation *newest = &sim->judge->newest;

	for (size_t i = 0; i < newest->live_count; i++)
		if (sim_places(sim, newest->live[i].release.number, shard, model))
			return true;
	return false;
}

/* There is no room, and there would be if what nobody wants left. */
static bool
is_full_of_leftovers(const struct sim *sim, const struct sim_host *host)
{
	uint64_t used = 0, wanted = 0;

	for (uint32_t m = 0; m < sim->model_count; m++) {
		used += host->loaded[m];
		wanted += is_wanted(sim, host->shard, m);
	}
	return used >= host->capacity && wanted <= host->capacity;
}

static bool
host_converged(const struct sim *sim, int index, uint64_t release, char *why, size_t why_bytes)
{
	const struct sim_host *host = &sim->hosts[index];
	uint64_t effective[SIM_EFFECTIVE];
	size_t count;

	if (!host->has_core)
		return snprintf(why, why_bytes, "%s is not up", host->cert.host) < 0;
	if (quoin_position_compare(&host->store.ratchets.obeyed, &sim->judge->newest_at) != 0)
		return snprintf(why, why_bytes, "%s obeys %llu/%llu and not %llu/%llu", host->cert.host,
			   (unsigned long long)host->store.ratchets.obeyed.epoch,
			   (unsigned long long)host->store.ratchets.obeyed.seq,
			   (unsigned long long)sim->judge->newest_at.epoch,
			   (unsigned long long)sim->judge->newest_at.seq) < 0;
	/* Without knowing what a release that it cannot load places on it, it unloads nothing; in the end it has no room for what
	 * comes, and others went on without it. */
	if (index < SIM_SERVING && lives_with_poison(sim, index) && is_full_of_leftovers(sim, host) &&
	    quoin_activation_exclusion(&sim->judge->newest, host->cert.host) != NULL)
		return true;
	if (host->store.runs.number != release)
		return snprintf(why, why_bytes, "%s runs %llu and not %llu", host->cert.host,
			   (unsigned long long)host->store.runs.number, (unsigned long long)release) < 0;
	if (lives_with_poison(sim, index))
		return true;
	count = sim_host_effective(sim, host, effective);
	if (index >= SIM_SERVING && (count != 1 || effective[0] != release))
		return snprintf(why, why_bytes, "%s still holds another release, or refuses", host->cert.host) < 0;
	for (uint32_t m = 0; index < SIM_SERVING && m < sim->model_count && !host->is_liar; m++) {
		const bool wanted = is_wanted(sim, host->shard, m);

		/* What does not load stays so on a host that was excluded while others went on. */
		if (sim->models[m].kind == SIM_MODEL_BAD || sim->models[m].kind == SIM_MODEL_FLAKY)
			continue;
		if (wanted != host->loaded[m] && !host->lost[m] && (wanted || !host->has_lost_store))
			return snprintf(why, why_bytes, "%s has m%u %s", host->cert.host, m,
				   wanted ? "not loaded" : "loaded without need") < 0;
	}
	return true;
}

/* All that was ever active is revoked or failed, and what was on its way was superseded: nobody may go back, so that it stays
 * selectable and fills the room together with what hosts serve on with. Section 5 does not say who leaves then; an operator must
 * make room for what is asked for. */
static bool
is_stranded(const struct sim *sim)
{
	const struct quoin_activation *newest = &sim->judge->newest;

	for (uint64_t release = 1; release < SIM_RELEASES; release++)
		if (quoin_activation_has_active(newest, release) && !quoin_activation_has_revoked(newest, release) &&
		    quoin_activation_failure(newest, release) == NULL)
			return false;
	return newest->from != 0 && newest->target != newest->from && newest->target != newest->asked &&
	    newest->live_count > 2 && quoin_activation_live(newest, newest->asked) == NULL;
}

bool
sim_has_converged(const struct sim *sim, char *why, size_t why_bytes)
{
	const struct quoin_activation *newest = &sim->judge->newest;
	uint64_t head = sim->ledger.head.number;

	if (!sim->judge->has_newest)
		return snprintf(why, why_bytes, "there is no activation") < 0;
	if (sim->now >= SIM_END_MS && is_stranded(sim))
		return true;
	if (newest->from != head || newest->target != head || newest->asked != head) {
		int n = snprintf(why, why_bytes, "release %llu is not fully active: asked %llu, from %llu, target %llu",
		    (unsigned long long)head, (unsigned long long)newest->asked, (unsigned long long)newest->from,
		    (unsigned long long)newest->target);

		for (int i = 0; i < SIM_GATES; i++)
			if (sim->gates[i].core != NULL && quoin_gate_core_is_acting(sim->gates[i].core))
				(void)snprintf(why + n, why_bytes - (size_t)n, "; %s waits: %s",
				    sim->gates[i].actor.name, quoin_gate_core_reason(sim->gates[i].core));
		return false;
	}
	if (newest->kept_count > 0 || newest->pin_count > 0)
		return snprintf(why, why_bytes, "%zu routers are kept, %zu pins stand", newest->kept_count,
			   newest->pin_count) < 0;
	if (newest->live_count > 1 + sim->releases[head].doc.policy.warm_releases)
		return snprintf(why, why_bytes, "%zu releases are live", newest->live_count) < 0;
	for (int i = 0; i < SIM_HOSTS; i++)
		if (!host_converged(sim, i, head, why, why_bytes))
			return false;
	return true;
}
