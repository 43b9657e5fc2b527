/*
 * What the judge is told becomes a fact; the fact is held against the invariants (invariants.c) with what was remembered
 * until then, and is remembered itself.
 */
#include "tests/sim/judge.h"

#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "tests/sim/invariants.h"

#define RETURN_MS 30000 /* until gates have read that a forgotten router is back */

_Static_assert(SIM_MODELS <= 128, "a model is a bit of two words");

/* ---- Life ---- */

struct sim_judge *
sim_judge_new(void)
{
	struct sim_judge *judge = calloc(1, sizeof *judge);

	QUOIN_ASSERT(judge != NULL);
	return judge;
}

static void
clear(struct sim_judge *judge)
{
	quoin_activation_clear(&judge->newest);
	free(judge->notes);
	free(judge->past);
	memset(judge, 0, sizeof *judge);
}

void
sim_judge_free(struct sim_judge *judge)
{
	clear(judge);
	free(judge);
}

void
sim_judge_begin(struct sim *sim)
{
	clear(sim->judge);
}

const struct quoin_activation *
sim_judge_newest(const struct sim *sim)
{
	return sim->judge->has_newest ? &sim->judge->newest : NULL;
}

static int
host_index(const struct sim *sim, const char *name)
{
	for (int i = 0; i < SIM_HOSTS; i++)
		if (strcmp(sim->hosts[i].cert.host, name) == 0)
			return i;
	return -1;
}

/* ---- Activations ---- */

static void
note_past(struct sim_judge *judge, const struct quoin_position *at)
{
	if (judge->past_count == judge->past_cap) {
		judge->past_cap = judge->past_cap == 0 ? 64 : 2 * judge->past_cap;
		judge->past = reallocarray(judge->past, judge->past_cap, sizeof *judge->past);
		QUOIN_ASSERT(judge->past != NULL);
	}
	judge->past[judge->past_count++] = *at;
}

static void
note_exclusions(struct sim *sim, const struct quoin_activation *activation)
{
	struct sim_judge *judge = sim->judge;

	for (int i = 0; i < SIM_HOSTS; i++) {
		if (quoin_activation_exclusion(activation, sim->hosts[i].cert.host) == NULL)
			judge->excluded_at[i] = 0;
		else if (judge->excluded_at[i] == 0 || activation->epoch != judge->newest_at.epoch)
			judge->excluded_at[i] = activation->seq;
	}
}

/* What entered anew is bound to nobody yet; in a new epoch what was live before stays bound, though its "since" counts anew. */
static void
note_stays(struct sim_judge *judge, const struct quoin_activation *activation)
{
	for (int i = 0; i < SIM_SERVING; i++)
		for (uint64_t n = 1; n < SIM_RELEASES; n++) {
			const struct quoin_live *live = quoin_activation_live(activation, n);
			struct sim_bound *bound = &judge->bound[i][n];

			if (live == NULL)
				continue;
			if (bound->epoch != activation->epoch || bound->since != live->since)
				bound->is_ready = bound->is_ready && activation->epoch != bound->epoch &&
				    quoin_activation_live(&judge->newest, n) != NULL;
			bound->epoch = activation->epoch;
			bound->since = live->since;
		}
}

void
sim_judge_activation(struct sim *sim, const struct sim_gate *gate, const struct quoin_activation *activation,
    const struct quoin_hash *hash)
{
	struct sim_judge *judge = sim->judge;
	const struct sim_fact fact = {.kind = SIM_FACT_ACTIVATION,
	    .gate = gate,
	    .activation = activation,
	    .at = {activation->epoch, activation->seq, *hash}};
	struct quoin_activation copy = {0};

	sim_invariants_check(sim, &fact);
	note_past(judge, &fact.at);
	note_exclusions(sim, activation);
	note_stays(judge, activation);
	QUOIN_ASSERT(quoin_activation_copy(activation, &copy) == 0);
	quoin_activation_clear(&judge->newest);
	judge->newest = copy;
	judge->newest_at = fact.at;
	judge->has_newest = true;
	for (int i = SIM_SERVING; i < SIM_HOSTS; i++)
		sim_judge_step(sim, i);
}

void
sim_judge_import(struct sim *sim, const struct quoin_activation *activation, const char *host)
{
	sim_invariants_check(sim, &(struct sim_fact){.kind = SIM_FACT_IMPORT, .activation = activation, .text = host});
}

/* ---- Statuses and intents ---- */

void
sim_judge_report(struct sim *sim, const struct sim_host *host, const struct quoin_status *status)
{
	sim_invariants_check(sim, &(struct sim_fact){.kind = SIM_FACT_REPORT, .host = host, .status = status});
}

void
sim_judge_status(struct sim *sim, const struct sim_host *host, const struct quoin_status *status)
{
	struct sim_judge *judge = sim->judge;
	int index = (int)(host - sim->hosts);

	sim_evidence_note(sim, index, status);
	for (size_t i = 0; i < status->release_count && index < SIM_SERVING; i++) {
		const struct quoin_status_release *have = &status->releases[i];
		uint64_t number = have->release.number;
		const struct quoin_live *live =
		    judge->has_newest ? quoin_activation_live(&judge->newest, number) : NULL;

		if (have->progress == QUOIN_PROGRESS_READY && live != NULL && !host->is_liar &&
		    quoin_hash_equal(&live->release.hash, &have->release.hash) &&
		    status->obeyed.epoch == judge->newest.epoch && status->obeyed.seq >= live->since)
			judge->bound[index][number].is_ready = true;
	}
	if (index >= SIM_SERVING && judge->forgotten[index] != 0 && status->intent >= judge->forgotten[index]) {
		judge->returned_at[index] = judge->has_returned[index] ? judge->returned_at[index] : sim->now;
		judge->has_returned[index] = true;
	}
}

void
sim_judge_intent(struct sim *sim, const struct quoin_intent *intent)
{
	int host = intent->host[0] != '\0' ? host_index(sim, intent->host) : -1;

	if (intent->action == QUOIN_ACTION_FORGET && host >= SIM_SERVING) {
		sim->judge->forgotten[host] = intent->number;
		sim->judge->has_returned[host] = false;
	}
	if (intent->action == QUOIN_ACTION_RETRY && intent->release.number < SIM_RELEASES)
		sim->judge->retries[intent->release.number]++;
}

/* ---- Stores ---- */

void
sim_judge_commit(struct sim *sim, const struct sim_host *host, const struct quoin_docref *before)
{
	const struct quoin_ratchets *now = &host->store.ratchets;

	sim_invariants_check(sim, &(struct sim_fact){.kind = SIM_FACT_COMMIT, .host = host, .before = before});
	sim->judge->ratchets[host - sim->hosts] = (struct sim_ratchet){.obeyed = now->obeyed,
	    .root_version = now->root_version,
	    .status_number = now->status_number,
	    .load_generation = now->load_generation};
}

void
sim_judge_lost(struct sim *sim, const struct sim_host *host, bool with_copy)
{
	struct sim_ratchet *was = &sim->judge->ratchets[host - sim->hosts];

	/* What never went back before may begin anew only when both copies are gone. */
	if (!with_copy)
		memset(was, 0, sizeof *was);
	/* Fuses are in the store alone. */
	memset(sim->judge->tries[host - sim->hosts], 0, sizeof sim->judge->tries[0]);
}

void
sim_judge_unstarted(struct sim *sim, const struct sim_host *host, const char *why)
{
	sim_invariants_check(sim, &(struct sim_fact){.kind = SIM_FACT_UNSTARTED, .host = host, .text = why});
}

void
sim_judge_unload(struct sim *sim, const struct sim_host *host, uint32_t model)
{
	sim_invariants_check(sim, &(struct sim_fact){.kind = SIM_FACT_UNLOAD, .host = host, .number = model});
}

void
sim_judge_try(struct sim *sim, const struct sim_host *host, uint64_t release)
{
	struct sim_judge *judge = sim->judge;
	size_t index = (size_t)(host - sim->hosts);

	if (release >= SIM_RELEASES || (sim->releases[release].poison & 1u << index) == 0)
		return;
	if (judge->try_boots[index][release] != host->boots)
		judge->tries[index][release] = 0;
	judge->try_boots[index][release] = host->boots;
	judge->tries[index][release]++;
	sim_invariants_check(sim, &(struct sim_fact){.kind = SIM_FACT_TRY, .host = host, .number = release});
}

void
sim_judge_collect(struct sim *sim, const struct sim_host *host, uint64_t release)
{
	sim_invariants_check(sim, &(struct sim_fact){.kind = SIM_FACT_COLLECT, .host = host, .number = release});
}

/* ---- The log ---- */

void
sim_judge_bury(struct sim *sim, enum sim_record_kind kind, uint64_t number)
{
	sim_invariants_check(sim, &(struct sim_fact){.kind = SIM_FACT_BURIED, .record = kind, .number = number});
}

void
sim_judge_bury_body(struct sim *sim, uint64_t release)
{
	sim_invariants_check(sim, &(struct sim_fact){.kind = SIM_FACT_BODY, .number = release});
}

/* ---- Steps ---- */

/* The operator's word ends when the router is back, gates have heard of it, and it holds nothing that is gone. */
static void
note_return(struct sim *sim, int router, const uint64_t *effective, size_t count)
{
	struct sim_judge *judge = sim->judge;

	if (!judge->has_returned[router] || sim->now - judge->returned_at[router] <= RETURN_MS)
		return;
	for (size_t i = 0; i < count; i++)
		if (judge->has_newest && quoin_activation_live(&judge->newest, effective[i]) == NULL)
			return;
	judge->forgotten[router] = 0;
}

static void
look_at_router(struct sim *sim, int router)
{
	uint64_t effective[SIM_EFFECTIVE];
	size_t count = sim_host_effective(sim, &sim->hosts[router], effective);

	note_return(sim, router, effective, count);
	sim_invariants_check(sim,
	    &(struct sim_fact){.kind = SIM_FACT_ROUTING,
		.host = &sim->hosts[router],
		.effective = effective,
		.effective_count = count});
}

/* What a serving host has loaded, or whether it takes requests, is other than at the last look. */
static bool
has_moved(struct sim *sim, int index)
{
	const struct sim_host *host = &sim->hosts[index];
	uint64_t now[3] = {0};
	bool moved;

	for (uint32_t i = 0; i < sim->model_count; i++)
		if (host->loaded[i] || host->lost[i])
			now[i / 64] |= 1ull << i % 64;
	now[2] = (uint64_t)host->accepts | (uint64_t)(host->has_core && quoin_agent_core_is_ready(&host->core)) << 1;
	moved = memcmp(now, sim->judge->seen[index], sizeof now) != 0;
	memcpy(sim->judge->seen[index], now, sizeof now);
	return moved;
}

void
sim_judge_step(struct sim *sim, int actor)
{
	if (actor >= SIM_HOSTS)
		return;
	if (actor >= SIM_SERVING) {
		look_at_router(sim, actor);
		return;
	}
	if (has_moved(sim, actor))
		for (int r = SIM_SERVING; r < SIM_HOSTS; r++)
			look_at_router(sim, r);
	sim_invariants_check(sim, &(struct sim_fact){.kind = SIM_FACT_SERVING, .host = &sim->hosts[actor]});
}

void
sim_judge_circle(struct sim *sim, const char *who)
{
	sim_invariants_check(sim, &(struct sim_fact){.kind = SIM_FACT_CIRCLE, .text = who});
}

void
sim_judge_overdue(struct sim *sim, const char *why)
{
	sim_invariants_check(sim, &(struct sim_fact){.kind = SIM_FACT_OVERDUE, .text = why});
}
