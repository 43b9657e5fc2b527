#include "tests/sim/judge.h"

#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "tests/sim/evidence.h"

#define RETURN_MS 30000 /* until gates have read that a forgotten router is back */

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

static const char *
name_of(const struct sim *sim, int host)
{
	return sim->hosts[host].cert.host;
}

static int
host_index(const struct sim *sim, const char *name)
{
	for (int i = 0; i < SIM_HOSTS; i++)
		if (strcmp(name_of(sim, i), name) == 0)
			return i;
	return -1;
}

static bool
places(const struct sim *sim, uint64_t release, int shard, uint32_t model)
{
	const struct sim_shard *at = &sim->releases[release].shards[shard];

	for (size_t i = 0; i < at->model_count; i++)
		if (at->models[i] == model)
			return true;
	return false;
}

/* ---- Activations: I3, I4, I10 ---- */

static void
check_chain(struct sim *sim, const struct quoin_activation *activation, const struct quoin_position *at)
{
	struct sim_judge *judge = sim->judge;

	for (size_t i = 0; i < judge->past_count; i++)
		if (quoin_position_compare(&judge->past[i], at) == 0)
			sim_violate(sim, 3, "two activations %llu/%llu", (unsigned long long)at->epoch,
			    (unsigned long long)at->seq);
	if (judge->has_newest &&
	    (quoin_position_compare(&judge->newest_at, &activation->prev) != 0 ||
		!quoin_hash_equal(&judge->newest_at.hash, &activation->prev.hash)))
		sim_violate(sim, 3, "activation %llu/%llu does not follow the one before", (unsigned long long)at->epoch,
		    (unsigned long long)at->seq);
	if (judge->past_count == judge->past_cap) {
		judge->past_cap = judge->past_cap == 0 ? 64 : 2 * judge->past_cap;
		judge->past = reallocarray(judge->past, judge->past_cap, sizeof *judge->past);
		QUOIN_ASSERT(judge->past != NULL);
	}
	judge->past[judge->past_count++] = *at;
}

static void
check_selected(struct sim *sim, const struct sim_gate *gate, const struct quoin_activation *activation)
{
	const struct quoin_activation *before = &sim->judge->newest;

	if (!sim->judge->has_newest)
		return;
	if (activation->target != 0 && activation->step_seq == activation->seq &&
	    (activation->epoch == before->epoch || activation->target != before->target))
		sim_evidence_check(sim, gate, activation, activation->target, "selected");
	if (activation->from != before->from && activation->from != before->target &&
	    activation->from != activation->target)
		sim_evidence_check(sim, gate, activation, activation->from, "made \"from\"");
	for (size_t i = 0; i < activation->pin_count; i++) {
		bool stood = false;

		for (size_t k = 0; k < before->pin_count; k++)
			stood = stood || before->pins[k].intent == activation->pins[i].intent ||
			    (before->pins[k].release == activation->pins[i].release &&
				quoin_labels_equal(&before->pins[k].labels, &activation->pins[i].labels));
		/* To what is in effect everywhere it selects nothing new. */
		if (before->from == activation->pins[i].release && before->target == before->from)
			continue;
		if (!stood)
			sim_evidence_check(sim, gate, activation, activation->pins[i].release, "pinned");
	}
}

/* A release that was revoked when the gate decided is not newly selected. */
static void
check_revoked(struct sim *sim, const struct quoin_activation *activation)
{
	const struct quoin_activation *before = &sim->judge->newest;

	if (!sim->judge->has_newest)
		return;
	for (size_t i = 0; i < activation->revoked_count; i++) {
		uint64_t release = activation->revoked[i];

		if (quoin_activation_may_select(activation, release) && !quoin_activation_may_select(before, release))
			sim_violate(sim, 10, "activation %llu/%llu selects release %llu, which it lists as revoked",
			    (unsigned long long)activation->epoch, (unsigned long long)activation->seq,
			    (unsigned long long)release);
	}
}

static void
check_live(struct sim *sim, const struct quoin_activation *activation)
{
	const uint64_t selected[] = {activation->from, activation->target};

	for (size_t i = 0; i < 2; i++)
		if (selected[i] != 0 && quoin_activation_live(activation, selected[i]) == NULL)
			sim_violate(sim, 11, "activation %llu/%llu selects release %llu, which is not live",
			    (unsigned long long)activation->epoch, (unsigned long long)activation->seq,
			    (unsigned long long)selected[i]);
	for (size_t i = 0; i < activation->pin_count; i++)
		if (quoin_activation_live(activation, activation->pins[i].release) == NULL)
			sim_violate(sim, 11, "a pin to release %llu, which is not live",
			    (unsigned long long)activation->pins[i].release);
	for (size_t i = 0; i < activation->kept_count; i++)
		for (size_t k = 0; k < activation->kept[i].release_count; k++)
			if (quoin_activation_live(activation, activation->kept[i].releases[k]) == NULL)
				sim_violate(sim, 11, "release %llu is kept for %s and not live",
				    (unsigned long long)activation->kept[i].releases[k], activation->kept[i].host);
}

/* Within one epoch and stay, nobody who runs the target falls out of its reach. */
static void
check_reach(struct sim *sim, const struct quoin_activation *activation)
{
	const struct quoin_activation *before = &sim->judge->newest;

	if (!sim->judge->has_newest || activation->target != before->target || before->target == 0 ||
	    activation->from != before->from || activation->epoch != before->epoch)
		return;
	for (int i = SIM_SERVING; i < SIM_HOSTS; i++) {
		const struct quoin_cert *cert = &sim->hosts[i].cert;
		bool is_pinned = false;

		for (size_t k = 0; k < activation->pin_count; k++)
			is_pinned = is_pinned || quoin_labels_match(&cert->labels, &activation->pins[k].labels);
		for (size_t k = 0; k < before->pin_count; k++)
			is_pinned = is_pinned || quoin_labels_match(&cert->labels, &before->pins[k].labels);
		if (!is_pinned && quoin_activation_selects(before, cert->host, &cert->labels) == before->target &&
		    quoin_activation_selects(activation, cert->host, &cert->labels) != activation->target)
			sim_violate(sim, 9, "%s was in the reach of release %llu and is no more: a step takes back",
			    cert->host, (unsigned long long)activation->target);
	}
}

void
sim_judge_activation(struct sim *sim, const struct sim_gate *gate, const struct quoin_activation *activation,
    const struct quoin_hash *hash)
{
	struct sim_judge *judge = sim->judge;
	struct quoin_position at = {activation->epoch, activation->seq, *hash};
	struct quoin_activation copy = {0};
	bool was_live[SIM_RELEASES] = {false};

	/* In a new epoch what was live before stays so, though its "since" counts anew. */
	for (size_t i = 0; i < judge->newest.live_count; i++)
		was_live[judge->newest.live[i].release.number] = true;
	check_chain(sim, activation, &at);
	check_live(sim, activation);
	check_selected(sim, gate, activation);
	check_revoked(sim, activation);
	check_reach(sim, activation);
	QUOIN_ASSERT(quoin_activation_copy(activation, &copy) == 0);
	quoin_activation_clear(&judge->newest);
	for (int i = 0; i < SIM_HOSTS; i++) {
		if (quoin_activation_exclusion(&copy, sim->hosts[i].cert.host) == NULL)
			judge->excluded_at[i] = 0;
		else if (judge->excluded_at[i] == 0 || copy.epoch != judge->newest_at.epoch)
			judge->excluded_at[i] = copy.seq;
	}
	judge->newest = copy;
	judge->newest_at = at;
	judge->has_newest = true;
	/* What entered anew is bound to nobody yet. */
	for (int i = 0; i < SIM_SERVING; i++)
		for (uint64_t n = 1; n < SIM_RELEASES; n++) {
			const struct quoin_live *live = quoin_activation_live(&copy, n);
			struct sim_bound *bound = &judge->bound[i][n];

			if (live != NULL && (bound->epoch != activation->epoch || bound->since != live->since))
				bound->is_ready = bound->is_ready && activation->epoch != bound->epoch && was_live[n];
			if (live != NULL) {
				bound->epoch = activation->epoch;
				bound->since = live->since;
			}
		}
	for (int i = SIM_SERVING; i < SIM_HOSTS; i++)
		sim_judge_step(sim, i);
}

/* ---- Statuses ---- */

/* What is said must be true after the next crash, too. */
void
sim_judge_report(struct sim *sim, const struct sim_host *host, const struct quoin_status *status)
{
	const struct sim_store *store = &host->store;

	if (quoin_position_compare(&status->obeyed, &store->ratchets.obeyed) > 0 ||
	    status->runs.number != store->runs.number || status->generation > store->ratchets.load_generation)
		sim_violate(sim, 3, "%s reports obeying %llu/%llu and running %llu, and has not committed that",
		    host->cert.host, (unsigned long long)status->obeyed.epoch, (unsigned long long)status->obeyed.seq,
		    (unsigned long long)status->runs.number);
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
		const struct quoin_live *live = judge->has_newest ? quoin_activation_live(&judge->newest, number) : NULL;

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

/* ---- What is served: I4, I5 ---- */

/* The models behind a release on one shard: where requests go, they must be loaded. */
static void
check_models(struct sim *sim, int router, uint64_t number, int invariant)
{
	const struct sim_release *release = &sim->releases[number];

	for (int s = 0; s < SIM_SHARDS; s++)
		for (int h = sim_shard_first(s); h < sim_shard_first(s) + sim_shard_hosts(s); h++) {
			const struct sim_host *host = &sim->hosts[h];
			const struct quoin_exclusion *exclusion =
			    quoin_activation_exclusion(&sim->judge->newest, host->cert.host);
			bool takes;

			if (!sim_declares(release, s, h) || host->is_liar || !host->actor.is_up)
				continue;
			/* The operator's word that nobody is sent there. */
			if (exclusion != NULL && exclusion->by_operator)
				continue;
			takes = release->shards[s].health_checked
			    ? host->has_core && quoin_agent_core_is_ready(&host->core)
			    : host->accepts && sim->judge->bound[h][number].is_ready;
			for (size_t i = 0; takes && i < release->shards[s].model_count; i++) {
				uint32_t model = release->shards[s].models[i];

				if (!host->loaded[model] && !host->lost[model])
					sim_violate(sim, invariant,
					    "%s runs or holds release %llu, and %s takes its requests without m%u loaded",
					    name_of(sim, router), (unsigned long long)number, name_of(sim, h), model);
			}
		}
}

static void
check_router(struct sim *sim, int router)
{
	struct sim_judge *judge = sim->judge;
	uint64_t effective[SIM_EFFECTIVE];
	size_t count = sim_host_effective(sim, &sim->hosts[router], effective), dead = 0;

	for (size_t i = 0; i < count && judge->has_newest; i++) {
		if (quoin_activation_live(&judge->newest, effective[i]) != NULL)
			continue;
		dead++;
		if (judge->forgotten[router] == 0)
			sim_violate(sim, 5, "%s runs or holds release %llu, which activation %llu/%llu has retired",
			    name_of(sim, router), (unsigned long long)effective[i],
			    (unsigned long long)judge->newest_at.epoch, (unsigned long long)judge->newest_at.seq);
	}
	/* The operator's word ends when the router is back, gates have heard of it, and it holds nothing that is gone. */
	if (dead == 0 && judge->has_returned[router] && sim->now - judge->returned_at[router] > RETURN_MS)
		judge->forgotten[router] = 0;
	for (size_t i = 0; i < count && judge->forgotten[router] == 0; i++)
		check_models(sim, router, effective[i], 4);
}

void
sim_judge_unload(struct sim *sim, const struct sim_host *host, uint32_t model)
{
	const struct quoin_activation *obeyed = &host->core.obeyed;

	for (size_t i = 0; i < obeyed->live_count; i++)
		if (places(sim, obeyed->live[i].release.number, host->shard, model))
			sim_violate(sim, 5, "%s unloads m%u, which release %llu places there, live in what it obeys",
			    host->cert.host, model, (unsigned long long)obeyed->live[i].release.number);
	for (int r = SIM_SERVING; r < SIM_HOSTS && !host->is_liar; r++) {
		uint64_t effective[SIM_EFFECTIVE];
		size_t count = sim_host_effective(sim, &sim->hosts[r], effective);

		for (size_t i = 0; i < count && sim->judge->forgotten[r] == 0; i++)
			if (places(sim, effective[i], host->shard, model) &&
			    sim_declares(&sim->releases[effective[i]], host->shard, (int)(host - sim->hosts)))
				sim_violate(sim, 5, "%s unloads m%u, and %s still runs or holds release %llu",
				    host->cert.host, model, name_of(sim, r), (unsigned long long)effective[i]);
	}
}

/* ---- Commits: I1, I2, I3, I4, I7, I10 ---- */

static bool
is_genuine(const struct sim *sim, const struct quoin_position *at)
{
	for (size_t i = 0; i < sim->judge->past_count; i++)
		if (quoin_position_compare(&sim->judge->past[i], at) == 0)
			return quoin_hash_equal(&sim->judge->past[i].hash, &at->hash);
	return false;
}

static bool
has_learned(const struct sim *sim, const struct sim_host *host, uint64_t number)
{
	const struct sim_store *store = &host->store;

	for (size_t i = 0; i < store->ratchets.revoked_count; i++)
		if (store->ratchets.revoked[i] == number)
			return true;
	for (size_t i = 0; i < store->document_count; i++) {
		const struct quoin_intent *intent;

		if (store->documents[i].kind != QUOIN_STORE_INTENT)
			continue;
		intent = &sim->intents[store->documents[i].number];
		if (intent->action == QUOIN_ACTION_REVOKE &&
		    quoin_hash_equal(&sim->releases[intent->release.number].content, &sim->releases[number].content))
			return true;
	}
	return false;
}

static void
check_move(struct sim *sim, const struct sim_host *host, const struct quoin_docref *before)
{
	const struct sim_store *store = &host->store;
	const struct quoin_activation *obeyed = &host->core.obeyed;
	uint64_t number = store->runs.number;
	int index = (int)(host - sim->hosts);

	if (number == before->number)
		return;
	if (number == 0) {
		sim_violate(sim, 7, "%s ran release %llu and now nothing", host->cert.host,
		    (unsigned long long)before->number);
		return;
	}
	if (!quoin_hash_equal(&sim->releases[number].ref.hash, &store->runs.hash))
		sim_violate(sim, 1, "%s moves to a release %llu that nobody published", host->cert.host,
		    (unsigned long long)number);
	if (!store->parts[number])
		sim_violate(sim, 2, "%s moves to release %llu without its content", host->cert.host,
		    (unsigned long long)number);
	if (!quoin_activation_may_select(obeyed, number))
		sim_violate(sim, 4, "%s moves to release %llu, which nothing that it obeys selects", host->cert.host,
		    (unsigned long long)number);
	if (has_learned(sim, host, number))
		sim_violate(sim, 10, "%s moves to release %llu, which it knows to be revoked", host->cert.host,
		    (unsigned long long)number);
	if ((sim->releases[number].poison & 1u << index) != 0)
		sim_violate(sim, 8, "%s moves to release %llu, which kills who loads it", host->cert.host,
		    (unsigned long long)number);
	if (index >= SIM_SERVING && sim->judge->has_newest && sim->judge->forgotten[index] == 0 &&
	    quoin_activation_live(&sim->judge->newest, number) == NULL)
		sim_violate(sim, 4, "%s starts release %llu, which activation %llu/%llu has retired", host->cert.host,
		    (unsigned long long)number, (unsigned long long)sim->judge->newest_at.epoch,
		    (unsigned long long)sim->judge->newest_at.seq);
}

void
sim_judge_commit(struct sim *sim, const struct sim_host *host, const struct quoin_docref *before)
{
	const struct quoin_ratchets *now = &host->store.ratchets;
	struct sim_ratchet *was = &sim->judge->ratchets[host - sim->hosts];

	if (quoin_position_compare(&now->obeyed, &was->obeyed) < 0)
		sim_violate(sim, 3, "%s obeyed %llu/%llu and now %llu/%llu", host->cert.host,
		    (unsigned long long)was->obeyed.epoch, (unsigned long long)was->obeyed.seq,
		    (unsigned long long)now->obeyed.epoch, (unsigned long long)now->obeyed.seq);
	if (now->root_version < was->root_version)
		sim_violate(sim, 3, "%s goes back to root %llu", host->cert.host, (unsigned long long)now->root_version);
	if (now->status_number < was->status_number || now->load_generation < was->load_generation)
		sim_violate(sim, 3, "%s counts its statuses or generations backwards", host->cert.host);
	if (now->obeyed.epoch != 0 && !is_genuine(sim, &now->obeyed))
		sim_violate(sim, 1, "%s obeys an activation %llu/%llu that no gate committed", host->cert.host,
		    (unsigned long long)now->obeyed.epoch, (unsigned long long)now->obeyed.seq);
	was->obeyed = now->obeyed;
	was->root_version = now->root_version;
	was->status_number = now->status_number;
	was->load_generation = now->load_generation;
	check_move(sim, host, before);
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

/* ---- I8, I11 ---- */

void
sim_judge_try(struct sim *sim, const struct sim_host *host, uint64_t number)
{
	struct sim_judge *judge = sim->judge;
	size_t index = (size_t)(host - sim->hosts);

	if (number >= SIM_RELEASES || (sim->releases[number].poison & 1u << index) == 0)
		return;
	if (judge->try_boots[index][number] != host->boots)
		judge->tries[index][number] = 0;
	judge->try_boots[index][number] = host->boots;
	if (++judge->tries[index][number] > 2 + 2 * judge->retries[number])
		sim_violate(sim, 8, "%s loads release %llu for the third time, though it killed it twice", host->cert.host,
		    (unsigned long long)number);
}

void
sim_judge_collect(struct sim *sim, const struct sim_host *host, uint64_t number)
{
	if (number == host->store.runs.number)
		sim_violate(sim, 11, "%s collects release %llu, which it runs", host->cert.host, (unsigned long long)number);
	if (number == host->core.preparing.number)
		sim_violate(sim, 11, "%s collects release %llu, which its data plane is to take", host->cert.host,
		    (unsigned long long)number);
	if (quoin_activation_live(&host->core.obeyed, number) != NULL)
		sim_violate(sim, 11, "%s collects release %llu, which is live", host->cert.host,
		    (unsigned long long)number);
}

/* Whoever it is live, asked for, pinned or kept for, or runs or holds it. */
static bool
is_needed(const struct sim *sim, uint64_t release)
{
	const struct quoin_activation *newest = &sim->judge->newest;

	if (sim->judge->has_newest &&
	    (quoin_activation_live(newest, release) != NULL || newest->asked == release))
		return true;
	if (sim->ledger.asked == release || sim->ledger.head.number == release)
		return true;
	for (size_t i = 0; i < sim->ledger.pin_count; i++)
		if (sim->ledger.pins[i].release == release)
			return true;
	return false;
}

void
sim_judge_bury(struct sim *sim, enum sim_record_kind kind, uint64_t number)
{
	const struct quoin_activation *newest = &sim->judge->newest;
	const struct quoin_intent *intent = &sim->intents[number < SIM_INTENTS ? number : 0];
	bool stands = false;

	if (kind == SIM_RECORD_RELEASE && is_needed(sim, number))
		sim_violate(sim, 11, "release %llu is collected from the log, and needed", (unsigned long long)number);
	if (kind != SIM_RECORD_INTENT)
		return;
	for (size_t i = 0; i < sim->ledger.pin_count; i++)
		stands = stands || sim->ledger.pins[i].intent == number;
	for (size_t i = 0; sim->judge->has_newest && i < newest->pin_count; i++)
		stands = stands || newest->pins[i].intent == number;
	stands = stands || intent->action == QUOIN_ACTION_REVOKE || number == sim->ledger.last_intent.number;
	if (stands)
		sim_violate(sim, 11, "intent %llu is collected from the log, and its effect stands", (unsigned long long)number);
}

void
sim_judge_bury_body(struct sim *sim, uint64_t release)
{
	if (is_needed(sim, release))
		sim_violate(sim, 11, "the content of release %llu is collected from the log, and needed",
		    (unsigned long long)release);
}

void
sim_judge_step(struct sim *sim, int actor)
{
	const struct sim_host *host;

	if (actor >= SIM_HOSTS)
		return;
	host = &sim->hosts[actor];
	if (actor >= SIM_SERVING) {
		check_router(sim, actor);
		return;
	}
	if (sim_evidence_is_moved(sim, actor))
		for (int r = SIM_SERVING; r < SIM_HOSTS; r++)
			check_router(sim, r);
	if (host->has_core && host->store.runs.number != 0 && !host->store.parts[host->store.runs.number])
		sim_violate(sim, 2, "%s has lost the content of release %llu, which it runs", host->cert.host,
		    (unsigned long long)host->store.runs.number);
}

/* ---- I9 ---- */

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
		if (places(sim, newest->live[i].release.number, shard, model))
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

bool
sim_judge_converged(struct sim *sim, char *why, size_t why_bytes)
{
	const struct quoin_activation *newest = &sim->judge->newest;
	uint64_t head = sim->ledger.head.number;

	if (!sim->judge->has_newest)
		return snprintf(why, why_bytes, "there is no activation") < 0;
	if (newest->from != head || newest->target != head || newest->asked != head) {
		int n = snprintf(why, why_bytes, "release %llu is not fully active: asked %llu, from %llu, target %llu",
		    (unsigned long long)head, (unsigned long long)newest->asked, (unsigned long long)newest->from,
		    (unsigned long long)newest->target);

		for (int i = 0; i < SIM_GATES; i++)
			if (sim->gates[i].core != NULL && quoin_gate_core_is_acting(sim->gates[i].core))
				(void)snprintf(why + n, why_bytes - (size_t)n, "; %s waits: %s", sim->gates[i].actor.name,
				    quoin_gate_core_reason(sim->gates[i].core));
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
