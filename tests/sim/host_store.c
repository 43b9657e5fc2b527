/* A host's store: changed by commits alone, and what is left of it when it is lost. */
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "tests/sim/host.h"
#include "tests/sim/judge.h"

/* ---- Beginning from it ---- */

void
sim_host_stored(const struct sim_host *host, struct quoin_agent_stored *ret)
{
	static struct quoin_agent_model_name names[SIM_MODELS];
	const struct sim_store *store = &host->store;

	if (store->has_ratchets)
		ret->ratchets = store->ratchets;
	if (store->has_ratchets && store->has_copy)
		quoin_ratchets_merge(&ret->ratchets, &store->copy);
	else if (store->has_copy)
		ret->ratchets = store->copy;
	ret->is_new = !store->has_ratchets && !store->has_copy;
	memcpy(ret->offsets, store->offsets, sizeof ret->offsets);
	memcpy(ret->fuses, store->fuses, sizeof ret->fuses);
	ret->fuse_count = store->fuse_count;
	for (size_t i = 0; i < store->model_count; i++)
		sim_host_model_name(store->models[i], &names[i]);
	ret->models = names;
	ret->model_count = store->model_count;
	ret->runs = store->runs;
	ret->chosen = store->chosen;
	for (size_t i = 0; i < SIM_READERS; i++)
		quoin_agent_add_number(host->readers[i], ret->held, &ret->held_count, QUOIN_HELD_MAX);
}

void
sim_host_restore(struct sim *sim, struct sim_host *host)
{
	static const enum quoin_store_kind kinds[] = {QUOIN_STORE_ROOT, QUOIN_STORE_RELEASE, QUOIN_STORE_INTENT,
	    QUOIN_STORE_ACTIVATION};
	const struct sim_store *store = &host->store;
	struct quoin_error err = {0};

	for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
		for (uint64_t number = 0; number < SIM_INTENTS + SIM_RELEASES; number++)
			for (size_t i = 0; i < store->document_count; i++) {
				const struct sim_store_document *document = &store->documents[i];

				if (document->kind != kinds[k] || document->number != number)
					continue;
				if (quoin_agent_core_restore(&host->core, kinds[k], quoin_buf_span(&document->bytes),
					&err) != 0)
					sim_judge_unstarted(sim, host, err.message);
			}
}

void
sim_host_raise_status_number(struct sim *sim, struct sim_host *host)
{
	const struct sim_log *log = &sim->log[QUOIN_TOPIC_STATUS];

	if (sim_away_until(sim, &host->actor) > sim->now)
		return;
	for (int64_t i = log->count; i-- > 0;)
		if (log->records[i].kind == SIM_RECORD_STATUS && log->records[i].status != NULL &&
		    log->records[i].number == (uint64_t)sim_host_index(sim, host)) {
			if (log->records[i].status->number >= host->core.status_next)
				host->core.status_next = log->records[i].status->number + 1;
			return;
		}
}

/* ---- Commits ---- */

static void
keep_document(struct sim_store *store, const struct quoin_store_document *document)
{
	struct sim_store_document *to = NULL;

	for (size_t i = 0; i < store->document_count && to == NULL; i++)
		if (store->documents[i].kind == document->kind && store->documents[i].number == document->number)
			to = &store->documents[i];
	if (to == NULL) {
		QUOIN_ASSERT(store->document_count < SIM_DOCS);
		to = &store->documents[store->document_count++];
		to->kind = document->kind;
		to->number = document->number;
		quoin_buf_init(&to->bytes, QUOIN_ENVELOPE_BYTES_MAX);
	}
	quoin_buf_reset(&to->bytes);
	QUOIN_ASSERT(quoin_buf_put_span(&to->bytes, document->bytes) == 0);
}

void
sim_host_persist(struct sim *sim, struct sim_host *host)
{
	const struct quoin_agent_change *change = &host->core.change;
	const struct quoin_docref before = host->store.runs;
	struct sim_store *store = &host->store;

	for (size_t i = 0; i < change->document_count; i++)
		keep_document(store, &change->documents[i]);
	if (change->has_ratchets) {
		store->ratchets = host->core.ratchets;
		store->has_ratchets = true;
		host->core.lease_saved = host->core.ratchets.lease_boot_ms;
	}
	for (size_t i = 0; i < QUOIN_TOPICS; i++)
		if (change->has_offset[i])
			store->offsets[i] = host->core.offsets[i];
	if (change->has_fuses) {
		memcpy(store->fuses, host->core.fuses, host->core.fuse_count * sizeof store->fuses[0]);
		store->fuse_count = host->core.fuse_count;
	}
	if (change->has_models) {
		const struct quoin_agent_model_name *kept[SIM_MODELS];

		QUOIN_ASSERT(host->core.model_count <= SIM_MODELS);
		store->model_count = quoin_agent_core_kept(&host->core, kept);
		for (size_t i = 0; i < store->model_count; i++)
			store->models[i] = sim_host_model_of(kept[i]);
	}
	if (change->has_active) {
		store->runs = host->core.runs;
		store->chosen = host->core.chosen;
		sim_host_readers_look(sim, host);
	}
	sim_judge_commit(sim, host, &before);
}

/* ---- Loss ---- */

void
sim_host_forget_documents(struct sim_store *store)
{
	for (size_t i = 0; i < store->document_count; i++)
		quoin_buf_clear(&store->documents[i].bytes);
	store->document_count = 0;
}

void
sim_host_lose_store(struct sim *sim, struct sim_host *host, bool with_copy)
{
	struct sim_store *store = &host->store;

	/* The copy lags by some 50 ms; a store that is damaged in just that moment is left out. */
	if (store->has_ratchets)
		store->copy = store->ratchets;
	store->has_copy = store->has_copy || store->has_ratchets;
	sim_host_forget_documents(store);
	store->has_ratchets = false;
	store->has_copy = store->has_copy && with_copy;
	memset(store->offsets, 0, sizeof store->offsets);
	store->fuse_count = store->model_count = 0;
	memset(&store->runs, 0, sizeof store->runs);
	memset(&store->chosen, 0, sizeof store->chosen);
	memset(store->parts, 0, sizeof store->parts);
	host->has_lost_store = true;
	/* Left out: a new store that cannot look its last status up and whose clock is behind numbers below it, and is not heard
	 * until it is restarted with the clock put right. */
	if (!store->has_copy && host->actor.clock.wall_offset_ms < 0)
		host->actor.clock.wall_offset_ms = 0;
	/* What readers had open stays open: the file was moved, not removed. */
	sim_judge_lost(sim, host, store->has_copy);
}
