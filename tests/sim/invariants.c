/* Each reads PROTOCOL.md section 9 and nothing of the programs' own reasons; what it says is printed with the seed. */
#include "tests/sim/invariants.h"

bool
sim_places(const struct sim *sim, uint64_t release, int shard, uint32_t model)
{
	const struct sim_shard *at = &sim->releases[release].shards[shard];

	for (size_t i = 0; i < at->model_count; i++)
		if (at->models[i] == model)
			return true;
	return false;
}

static int
index_of(const struct sim *sim, const struct sim_host *host)
{
	return (int)(host - sim->hosts);
}

/* The release that this commit moves the host to; 0: it runs what it ran, or nothing any more. */
static uint64_t
moved_to(const struct sim_fact *fact)
{
	uint64_t number = fact->host->store.runs.number;

	return number != fact->before->number ? number : 0;
}

/* It may still run or be held somewhere, and by the newest activation nothing backs it any more. */
static bool
is_retired(const struct sim_judge *judge, uint64_t release)
{
	return judge->has_newest && quoin_activation_live(&judge->newest, release) == NULL;
}

/* ---- I1 authentic: what a host obeys and runs was signed by who may ---- */

static bool
is_genuine(const struct sim_judge *judge, const struct quoin_position *at)
{
	for (size_t i = 0; i < judge->past_count; i++)
		if (quoin_position_compare(&judge->past[i], at) == 0)
			return quoin_hash_equal(&judge->past[i].hash, &at->hash);
	return false;
}

static void
i1_authentic(struct sim *sim, const struct sim_fact *fact)
{
	const struct quoin_position *obeyed;
	uint64_t number;

	if (fact->kind != SIM_FACT_COMMIT)
		return;
	obeyed = &fact->host->store.ratchets.obeyed;
	if (obeyed->epoch != 0 && !is_genuine(sim->judge, obeyed))
		sim_violate(sim, 1, "%s obeys an activation %llu/%llu that no gate committed", fact->host->cert.host,
		    (unsigned long long)obeyed->epoch, (unsigned long long)obeyed->seq);
	number = moved_to(fact);
	if (number != 0 && !quoin_hash_equal(&sim->releases[number].ref.hash, &fact->host->store.runs.hash))
		sim_violate(sim, 1, "%s moves to a release %llu that nobody published", fact->host->cert.host,
		    (unsigned long long)number);
}

/* ---- I2 whole: what runs is there with all its content ---- */

static void
i2_whole(struct sim *sim, const struct sim_fact *fact)
{
	const struct sim_host *host = fact->host;
	uint64_t number;

	if (fact->kind == SIM_FACT_COMMIT) {
		number = moved_to(fact);
		if (number != 0 && !host->store.parts[number])
			sim_violate(sim, 2, "%s moves to release %llu without its content", host->cert.host,
			    (unsigned long long)number);
	} else if (fact->kind == SIM_FACT_SERVING) {
		number = host->store.runs.number;
		if (host->has_core && number != 0 && !host->store.parts[number])
			sim_violate(sim, 2, "%s has lost the content of release %llu, which it runs", host->cert.host,
			    (unsigned long long)number);
	}
}

/* ---- I3 monotone: one chain of activations; nothing that was obeyed, counted or said is taken back ---- */

static void
check_chain(struct sim *sim, const struct quoin_activation *activation, const struct quoin_position *at)
{
	const struct sim_judge *judge = sim->judge;

	for (size_t i = 0; i < judge->past_count; i++)
		if (quoin_position_compare(&judge->past[i], at) == 0)
			sim_violate(sim, 3, "two activations %llu/%llu", (unsigned long long)at->epoch,
			    (unsigned long long)at->seq);
	if (judge->has_newest &&
	    (quoin_position_compare(&judge->newest_at, &activation->prev) != 0 ||
		!quoin_hash_equal(&judge->newest_at.hash, &activation->prev.hash)))
		sim_violate(sim, 3, "activation %llu/%llu does not follow the one before",
		    (unsigned long long)at->epoch, (unsigned long long)at->seq);
}

static void
check_ratchets(struct sim *sim, const struct sim_host *host)
{
	const struct quoin_ratchets *now = &host->store.ratchets;
	const struct sim_ratchet *was = &sim->judge->ratchets[index_of(sim, host)];

	if (quoin_position_compare(&now->obeyed, &was->obeyed) < 0)
		sim_violate(sim, 3, "%s obeyed %llu/%llu and now %llu/%llu", host->cert.host,
		    (unsigned long long)was->obeyed.epoch, (unsigned long long)was->obeyed.seq,
		    (unsigned long long)now->obeyed.epoch, (unsigned long long)now->obeyed.seq);
	if (now->root_version < was->root_version)
		sim_violate(sim, 3, "%s goes back to root %llu", host->cert.host,
		    (unsigned long long)now->root_version);
	if (now->status_number < was->status_number || now->load_generation < was->load_generation)
		sim_violate(sim, 3, "%s counts its statuses or generations backwards", host->cert.host);
}

/* What is said must be true after the next crash, too. */
static void
check_report(struct sim *sim, const struct sim_host *host, const struct quoin_status *status)
{
	const struct sim_store *store = &host->store;

	if (quoin_position_compare(&status->obeyed, &store->ratchets.obeyed) > 0 ||
	    status->runs.number != store->runs.number || status->generation > store->ratchets.load_generation)
		sim_violate(sim, 3, "%s reports obeying %llu/%llu and running %llu, and has not committed that",
		    host->cert.host, (unsigned long long)status->obeyed.epoch, (unsigned long long)status->obeyed.seq,
		    (unsigned long long)status->runs.number);
}

static void
i3_monotone(struct sim *sim, const struct sim_fact *fact)
{
	if (fact->kind == SIM_FACT_ACTIVATION)
		check_chain(sim, fact->activation, &fact->at);
	else if (fact->kind == SIM_FACT_COMMIT)
		check_ratchets(sim, fact->host);
	else if (fact->kind == SIM_FACT_REPORT)
		check_report(sim, fact->host, fact->status);
	else if (fact->kind == SIM_FACT_IMPORT)
		sim_violate(sim, 3, "an import of activation %llu/%llu is let through, and %s obeys a later one",
		    (unsigned long long)fact->activation->epoch, (unsigned long long)fact->activation->seq, fact->text);
}

/* ---- I4 ready before route: what is newly selected was ready by the reports; where requests go, models are loaded ---- */

static bool
has_pinned(const struct quoin_activation *activation, const struct quoin_pin *pin)
{
	for (size_t i = 0; i < activation->pin_count; i++)
		if (activation->pins[i].intent == pin->intent ||
		    (activation->pins[i].release == pin->release &&
			quoin_labels_equal(&activation->pins[i].labels, &pin->labels)))
			return true;
	return false;
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
		const struct quoin_pin *pin = &activation->pins[i];

		/* To what is in effect everywhere it selects nothing new. */
		if (before->from == pin->release && before->target == before->from)
			continue;
		if (!has_pinned(before, pin))
			sim_evidence_check(sim, gate, activation, pin->release, "pinned");
	}
}

/* Whether requests for this release reach the host. */
static bool
takes_requests(const struct sim *sim, const struct sim_host *host, uint64_t release)
{
	const struct quoin_exclusion *exclusion = quoin_activation_exclusion(&sim->judge->newest, host->cert.host);

	if (!sim_declares(&sim->releases[release], host->shard, index_of(sim, host)) || host->is_liar ||
	    !host->actor.is_up)
		return false;
	/* The operator's word that nobody is sent there. */
	if (exclusion != NULL && exclusion->by_operator)
		return false;
	if (sim->releases[release].shards[host->shard].health_checked)
		return host->has_core && quoin_agent_core_is_ready(&host->core);
	return host->accepts && sim->judge->bound[index_of(sim, host)][release].is_ready;
}

static void
check_models(struct sim *sim, const struct sim_host *router, uint64_t number)
{
	for (int h = 0; h < SIM_SERVING; h++) {
		const struct sim_host *host = &sim->hosts[h];
		const struct sim_shard *shard = &sim->releases[number].shards[host->shard];

		if (shard->model_count == 0 || !takes_requests(sim, host, number))
			continue;
		for (size_t i = 0; i < shard->model_count; i++)
			if (!host->loaded[shard->models[i]] && !host->lost[shard->models[i]])
				sim_violate(sim, 4,
				    "%s runs or holds release %llu, and %s takes its requests without m%u loaded",
				    router->cert.host, (unsigned long long)number, host->cert.host, shard->models[i]);
	}
}

static void
check_start(struct sim *sim, const struct sim_host *host, uint64_t number)
{
	const struct sim_judge *judge = sim->judge;
	int index = index_of(sim, host);

	if (!quoin_activation_may_select(&host->core.obeyed, number))
		sim_violate(sim, 4, "%s moves to release %llu, which nothing that it obeys selects", host->cert.host,
		    (unsigned long long)number);
	if (index >= SIM_SERVING && judge->has_newest && judge->forgotten[index] == 0 &&
	    quoin_activation_live(&judge->newest, number) == NULL)
		sim_violate(sim, 4, "%s starts release %llu, which activation %llu/%llu has retired", host->cert.host,
		    (unsigned long long)number, (unsigned long long)judge->newest_at.epoch,
		    (unsigned long long)judge->newest_at.seq);
}

static void
i4_ready_before_route(struct sim *sim, const struct sim_fact *fact)
{
	if (fact->kind == SIM_FACT_ACTIVATION)
		check_selected(sim, fact->gate, fact->activation);
	else if (fact->kind == SIM_FACT_COMMIT && moved_to(fact) != 0)
		check_start(sim, fact->host, moved_to(fact));
	else if (fact->kind == SIM_FACT_ROUTING && sim->judge->forgotten[index_of(sim, fact->host)] == 0)
		for (size_t i = 0; i < fact->effective_count; i++)
			/* What is retired is I5's. */
			if (!is_retired(sim->judge, fact->effective[i]))
				check_models(sim, fact->host, fact->effective[i]);
}

/* ---- I5 unroute before unload: nobody holds what is retired, and nothing that is held is unloaded ---- */

static void
check_unload(struct sim *sim, const struct sim_host *host, uint32_t model)
{
	const struct quoin_activation *obeyed = &host->core.obeyed;

	for (size_t i = 0; i < obeyed->live_count; i++)
		if (sim_places(sim, obeyed->live[i].release.number, host->shard, model))
			sim_violate(sim, 5, "%s unloads m%u, which release %llu places there, live in what it obeys",
			    host->cert.host, model, (unsigned long long)obeyed->live[i].release.number);
	for (int r = SIM_SERVING; r < SIM_HOSTS && !host->is_liar; r++) {
		uint64_t effective[SIM_EFFECTIVE];
		size_t count = sim_host_effective(sim, &sim->hosts[r], effective);

		for (size_t i = 0; i < count && sim->judge->forgotten[r] == 0; i++)
			if (sim_places(sim, effective[i], host->shard, model) &&
			    sim_declares(&sim->releases[effective[i]], host->shard, index_of(sim, host)))
				sim_violate(sim, 5, "%s unloads m%u, and %s still runs or holds release %llu",
				    host->cert.host, model, sim->hosts[r].cert.host, (unsigned long long)effective[i]);
	}
}

static void
i5_unroute_before_unload(struct sim *sim, const struct sim_fact *fact)
{
	const struct sim_judge *judge = sim->judge;

	if (fact->kind == SIM_FACT_UNLOAD)
		check_unload(sim, fact->host, (uint32_t)fact->number);
	if (fact->kind != SIM_FACT_ROUTING || judge->forgotten[index_of(sim, fact->host)] != 0)
		return;
	for (size_t i = 0; i < fact->effective_count; i++)
		if (is_retired(judge, fact->effective[i]))
			sim_violate(sim, 5, "%s runs or holds release %llu, which activation %llu/%llu has retired",
			    fact->host->cert.host, (unsigned long long)fact->effective[i],
			    (unsigned long long)judge->newest_at.epoch, (unsigned long long)judge->newest_at.seq);
}

/* ---- I7 fail static: who ran something runs something, and begins from its store alone ---- */

static void
i7_fail_static(struct sim *sim, const struct sim_fact *fact)
{
	if (fact->kind == SIM_FACT_COMMIT && fact->before->number != 0 && fact->host->store.runs.number == 0)
		sim_violate(sim, 7, "%s ran release %llu and now nothing", fact->host->cert.host,
		    (unsigned long long)fact->before->number);
	else if (fact->kind == SIM_FACT_UNSTARTED)
		sim_violate(sim, 7, "%s cannot begin from its store: %s", fact->host->cert.host, fact->text);
}

/* ---- I8 no poison loop: what kills a host is loaded twice, and never run ---- */

static void
i8_no_poison_loop(struct sim *sim, const struct sim_fact *fact)
{
	const struct sim_judge *judge = sim->judge;

	if (fact->kind == SIM_FACT_TRY &&
	    judge->tries[index_of(sim, fact->host)][fact->number] > 2 + 2 * judge->retries[fact->number])
		sim_violate(sim, 8, "%s loads release %llu for the third time, though it killed it twice",
		    fact->host->cert.host, (unsigned long long)fact->number);
	else if (fact->kind == SIM_FACT_COMMIT && moved_to(fact) != 0 &&
	    (sim->releases[moved_to(fact)].poison & 1u << index_of(sim, fact->host)) != 0)
		sim_violate(sim, 8, "%s moves to release %llu, which kills who loads it", fact->host->cert.host,
		    (unsigned long long)moved_to(fact));
}

/* ---- I9 convergence: a step of a rollout takes nothing back; and in the end all is as it was asked ---- */

static bool
is_pinned(const struct quoin_activation *activation, const struct quoin_cert *cert)
{
	for (size_t i = 0; i < activation->pin_count; i++)
		if (quoin_labels_match(&cert->labels, &activation->pins[i].labels))
			return true;
	return false;
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

		if (!is_pinned(activation, cert) && !is_pinned(before, cert) &&
		    quoin_activation_selects(before, cert->host, &cert->labels) == before->target &&
		    quoin_activation_selects(activation, cert->host, &cert->labels) != activation->target)
			sim_violate(sim, 9, "%s was in the reach of release %llu and is no more: a step takes back",
			    cert->host, (unsigned long long)activation->target);
	}
}

static void
i9_convergence(struct sim *sim, const struct sim_fact *fact)
{
	if (fact->kind == SIM_FACT_ACTIVATION)
		check_reach(sim, fact->activation);
	else if (fact->kind == SIM_FACT_CIRCLE)
		sim_violate(sim, 9, "%s runs in a circle: no time passes", fact->text);
	else if (fact->kind == SIM_FACT_OVERDUE)
		sim_violate(sim, 9, "%lld s after the faults ended, %s", (long long)(sim->now - SIM_FAULTS_MS) / 1000,
		    fact->text);
}

/* ---- I10 revoked stays revoked: neither gate nor host goes to what it knows to be revoked ---- */

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
i10_revoked_stays_revoked(struct sim *sim, const struct sim_fact *fact)
{
	if (fact->kind == SIM_FACT_ACTIVATION)
		check_revoked(sim, fact->activation);
	else if (fact->kind == SIM_FACT_COMMIT && moved_to(fact) != 0 && has_learned(sim, fact->host, moved_to(fact)))
		sim_violate(sim, 10, "%s moves to release %llu, which it knows to be revoked", fact->host->cert.host,
		    (unsigned long long)moved_to(fact));
}

/* ---- I11 live is not garbage: what is selected, pinned or kept is live; what is needed is collected nowhere ---- */

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

static void
check_collect(struct sim *sim, const struct sim_host *host, uint64_t number)
{
	if (number == host->store.runs.number)
		sim_violate(sim, 11, "%s collects release %llu, which it runs", host->cert.host,
		    (unsigned long long)number);
	if (number == host->core.preparing.number)
		sim_violate(sim, 11, "%s collects release %llu, which its data plane is to take", host->cert.host,
		    (unsigned long long)number);
	if (quoin_activation_live(&host->core.obeyed, number) != NULL)
		sim_violate(sim, 11, "%s collects release %llu, which is live", host->cert.host,
		    (unsigned long long)number);
}

/* Of the fleet: it is live, asked for, the head or pinned. */
static bool
is_needed(const struct sim *sim, uint64_t release)
{
	const struct quoin_activation *newest = &sim->judge->newest;

	if (sim->judge->has_newest && (quoin_activation_live(newest, release) != NULL || newest->asked == release))
		return true;
	if (sim->ledger.asked == release || sim->ledger.head.number == release)
		return true;
	for (size_t i = 0; i < sim->ledger.pin_count; i++)
		if (sim->ledger.pins[i].release == release)
			return true;
	return false;
}

/* The effect of this intent still stands, or its number must not be given again. */
static bool
stands(const struct sim *sim, uint64_t intent)
{
	const struct quoin_activation *newest = &sim->judge->newest;

	for (size_t i = 0; i < sim->ledger.pin_count; i++)
		if (sim->ledger.pins[i].intent == intent)
			return true;
	for (size_t i = 0; sim->judge->has_newest && i < newest->pin_count; i++)
		if (newest->pins[i].intent == intent)
			return true;
	return sim->intents[intent].action == QUOIN_ACTION_REVOKE || intent == sim->ledger.last_intent.number;
}

static void
check_buried(struct sim *sim, enum sim_record_kind kind, uint64_t number)
{
	if (kind == SIM_RECORD_RELEASE && is_needed(sim, number))
		sim_violate(sim, 11, "release %llu is collected from the log, and needed", (unsigned long long)number);
	if (kind == SIM_RECORD_INTENT && stands(sim, number))
		sim_violate(sim, 11, "intent %llu is collected from the log, and its effect stands",
		    (unsigned long long)number);
}

static void
i11_live_is_not_garbage(struct sim *sim, const struct sim_fact *fact)
{
	if (fact->kind == SIM_FACT_ACTIVATION)
		check_live(sim, fact->activation);
	else if (fact->kind == SIM_FACT_COLLECT)
		check_collect(sim, fact->host, fact->number);
	else if (fact->kind == SIM_FACT_BURIED)
		check_buried(sim, fact->record, fact->number);
	else if (fact->kind == SIM_FACT_BODY && is_needed(sim, fact->number))
		sim_violate(sim, 11, "the content of release %llu is collected from the log, and needed",
		    (unsigned long long)fact->number);
}

/* ---- All of them ---- */

const struct sim_invariant sim_invariants[SIM_INVARIANTS] = {
    [1] = {"authentic", i1_authentic},
    [2] = {"whole", i2_whole},
    [3] = {"monotone", i3_monotone},
    [4] = {"ready before route", i4_ready_before_route},
    [5] = {"unroute before unload", i5_unroute_before_unload},
    /* Of rules, routes and models, which releases here do not have: test_routes and test_compile. */
    [6] = {"closed world", NULL},
    [7] = {"fail static", i7_fail_static},
    [8] = {"no poison loop", i8_no_poison_loop},
    [9] = {"convergence", i9_convergence},
    [10] = {"revoked stays revoked", i10_revoked_stays_revoked},
    [11] = {"live is not garbage", i11_live_is_not_garbage},
};

void
sim_invariants_check(struct sim *sim, const struct sim_fact *fact)
{
	for (size_t i = 1; i < SIM_INVARIANTS; i++)
		if (sim_invariants[i].check != NULL)
			sim_invariants[i].check(sim, fact);
}
