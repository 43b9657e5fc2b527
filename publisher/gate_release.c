/* What releases ask of the shards, and whether they fit (PROTOCOL.md section 5, "Entering the live set"). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/search.h"
#include "publisher/gate_state.h"

struct quoin_gate_release *
quoin_gate_release_new(uint64_t number, size_t resource_count, size_t model_count, size_t shard_count)
{
	struct quoin_gate_release *release = calloc(1, sizeof *release);

	if (release == NULL)
		return NULL;
	QUOIN_ASSERT(resource_count <= QUOIN_RESOURCES_MAX && model_count <= QUOIN_MODELS_MAX &&
	    shard_count <= QUOIN_SHARDS_MAX);
	release->number = number;
	quoin_policy_init(&release->policy);
	release->resources = calloc(resource_count + 1, sizeof *release->resources);
	release->models = calloc(model_count + 1, sizeof *release->models);
	release->shards = calloc(shard_count + 1, sizeof *release->shards);
	if (release->resources == NULL || release->models == NULL || release->shards == NULL)
		goto fail;
	release->resource_count = resource_count;
	release->shard_count = shard_count;
	for (; release->model_count < model_count; release->model_count++) {
		uint64_t *demand = calloc(resource_count + 1, sizeof *demand);

		if (demand == NULL)
			goto fail;
		release->models[release->model_count].demand = demand;
	}
	return release;
fail:
	quoin_gate_release_free(release);
	return NULL;
}

int
quoin_gate_shard_make(const struct quoin_gate_release *release, struct quoin_gate_shard *shard, size_t host_count,
    size_t model_count)
{
	QUOIN_ASSERT(shard->hosts == NULL && shard->models == NULL && shard->capacity == NULL);
	shard->hosts = calloc(host_count + 1, sizeof *shard->hosts);
	shard->models = calloc(model_count + 1, sizeof *shard->models);
	shard->capacity = calloc(release->resource_count + 1, sizeof *shard->capacity);
	if (shard->hosts == NULL || shard->models == NULL || shard->capacity == NULL)
		return QUOIN_ENOMEM; /* what was taken goes with the release */
	shard->host_count = host_count;
	shard->model_count = model_count;
	return 0;
}

void
quoin_gate_release_free(struct quoin_gate_release *release)
{
	if (release == NULL)
		return;
	for (size_t i = 0; i < release->model_count; i++)
		free(release->models[i].demand);
	for (size_t i = 0; i < release->shard_count; i++) {
		free(release->shards[i].hosts);
		free(release->shards[i].models);
		free(release->shards[i].capacity);
	}
	free(release->resources);
	free(release->models);
	free(release->shards);
	free(release);
}

void
quoin_gate_model_identity(const char *model, const char *version, const char *digest, struct quoin_hash *ret)
{
	struct quoin_hasher hasher;

	/* With their NULs: no two triples make the same bytes. */
	quoin_hasher_init(&hasher);
	quoin_hasher_add(&hasher, quoin_span_of(model, strlen(model) + 1));
	quoin_hasher_add(&hasher, quoin_span_of(version, strlen(version) + 1));
	quoin_hasher_add(&hasher, quoin_span_of(digest, strlen(digest) + 1));
	quoin_hasher_finish(&hasher, ret);
}

/* ---- The summaries at hand ---- */

static const struct quoin_gate_release *
summary_held(const struct quoin_gate_core *core, uint64_t release)
{
	for (size_t i = 0; i < core->summary_count; i++)
		if (core->summaries[i]->number == release)
			return core->summaries[i];
	return NULL;
}

const struct quoin_gate_release *
gate_summary(struct quoin_gate_core *core, uint64_t release)
{
	const struct quoin_gate_release *held = summary_held(core, release);

	QUOIN_ASSERT(release != 0);
	if (held != NULL || gate_has_number(core->needed, core->needed_count, release))
		return held;
	if (core->needed_count == QUOIN_GATE_SUMMARIES_MAX || core->actions->count > QUOIN_GATE_ACTIONS_MAX / 2) {
		gate_wake(core, core->now_ms); /* the others first */
		return NULL;
	}
	core->needed[core->needed_count++] = release;
	gate_act(core, QUOIN_GATE_NEED_RELEASE)->number = release;
	return NULL;
}

void
gate_summary_take(struct quoin_gate_core *core, struct quoin_gate_release *release)
{
	for (size_t i = 0; i < core->needed_count; i++)
		if (core->needed[i] == release->number)
			core->needed[i--] = core->needed[--core->needed_count];
	if (summary_held(core, release->number) != NULL || core->summary_count == QUOIN_GATE_SUMMARIES_MAX) {
		quoin_gate_release_free(release);
		return;
	}
	core->summaries[core->summary_count++] = release;
}

static bool
is_of_use(const struct quoin_gate_core *core, uint64_t release)
{
	if (quoin_activation_live(&core->activation, release) != NULL || release == core->working ||
	    release == core->replacing || release == core->activation.asked || release == core->ledger->asked)
		return true;
	for (size_t i = 0; i < core->draft.live_count; i++)
		if (core->draft.live[i].release.number == release)
			return true;
	for (size_t i = 0; i < core->ledger->pin_count; i++)
		if (core->ledger->pins[i].release == release)
			return true;
	return false;
}

void
gate_summaries_trim(struct quoin_gate_core *core)
{
	for (size_t i = 0; i < core->summary_count;) {
		if (is_of_use(core, core->summaries[i]->number)) {
			i++;
			continue;
		}
		quoin_gate_release_free(core->summaries[i]);
		core->summaries[i] = core->summaries[--core->summary_count];
	}
}

const struct quoin_gate_shard *
gate_shard(const struct quoin_gate_release *release, const char *name)
{
	bool found;
	size_t at;

	if (release->shard_count == 0)
		return NULL;
	at = quoin_search_name(release->shards[0].name, release->shard_count, sizeof release->shards[0], name, &found);
	return found ? &release->shards[at] : NULL;
}

/* ---- Room ---- */

/* One model of a shard in one of the releases that are to be live together. */
struct placed {
	const struct quoin_gate_release *release;
	const struct quoin_gate_model *model;
};

static int
compare_placed(const void *a, const void *b)
{
	const struct placed *one = a, *other = b;

	return memcmp(one->model->identity.bytes, other->model->identity.bytes, QUOIN_HASH_BYTES);
}

static uint64_t
amount_of(const struct quoin_gate_release *release, const uint64_t *amounts, const char *resource)
{
	for (size_t i = 0; i < release->resource_count; i++)
		if (strcmp(release->resources[i], resource) == 0)
			return amounts[i];
	return 0;
}

/* What the distinct models of "placed" (sorted) demand of a resource; a model that releases describe differently counts
 * with the most. */
static uint64_t
demand_of(const struct placed *placed, size_t count, const char *resource)
{
	uint64_t sum = 0, most = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t demand = amount_of(placed[i].release, placed[i].model->demand, resource);

		if (demand > most)
			most = demand;
		if (i + 1 < count && compare_placed(&placed[i], &placed[i + 1]) == 0)
			continue;
		sum = most > UINT64_MAX - sum ? UINT64_MAX : sum + most;
		most = 0;
	}
	return sum;
}

static size_t
gather(const struct quoin_gate_release *const *releases, size_t release_count, const char *shard, struct placed *placed)
{
	size_t count = 0;

	for (size_t r = 0; r < release_count; r++) {
		const struct quoin_gate_shard *at = gate_shard(releases[r], shard);

		for (size_t i = 0; at != NULL && i < at->model_count; i++) {
			if (placed != NULL)
				placed[count] = (struct placed){releases[r], &releases[r]->models[at->models[i]]};
			count++;
		}
	}
	return count;
}

/* What one host of the shard carries: what the entering release says, or what one that waives the capacity, and may be loaded
 * already, needs there alone. So what it made too full holds up nothing that adds nothing, and so no way back. */
static uint64_t
carried(const struct quoin_gate_release *const *releases, size_t release_count, const struct quoin_gate_release *entering,
    const struct quoin_gate_shard *shard, struct placed *room, const char *resource)
{
	uint64_t have = amount_of(entering, shard->capacity, resource), need;

	for (size_t r = 0; r < release_count; r++) {
		size_t count;

		if (!releases[r]->waives_capacity)
			continue;
		count = gather(&releases[r], 1, shard->name, room);
		qsort(room, count, sizeof *room, compare_placed);
		need = demand_of(room, count, resource);
		have = need > have ? need : have;
	}
	return have;
}

/* Every resource that any of the releases names, on one shard; "entering" says what one host of it carries. */
static bool
shard_fits(struct quoin_gate_core *core, const struct quoin_gate_release *const *releases, size_t release_count,
    const struct quoin_gate_release *entering, const struct quoin_gate_shard *shard, char why[QUOIN_GATE_TEXT_BYTES])
{
	size_t count = gather(releases, release_count, shard->name, NULL);
	struct placed *placed = calloc(count + 1, sizeof *placed), *room = calloc(count + 1, sizeof *room);
	bool fits = true;

	if (placed == NULL || room == NULL) {
		core->code = QUOIN_ENOMEM;
		free(placed);
		free(room);
		return false;
	}
	gather(releases, release_count, shard->name, placed);
	qsort(placed, count, sizeof *placed, compare_placed);
	for (size_t r = 0; r < release_count && fits; r++)
		for (size_t i = 0; i < releases[r]->resource_count && fits; i++) {
			const char *resource = releases[r]->resources[i];
			uint64_t need = demand_of(placed, count, resource);
			uint64_t have = carried(releases, release_count, entering, shard, room, resource);

			if (need <= have)
				continue;
			fits = false;
			snprintf(why, QUOIN_GATE_TEXT_BYTES, "shard %s has %llu %s per host and needs %llu",
			    shard->name, (unsigned long long)have, resource, (unsigned long long)need);
		}
	free(placed);
	free(room);
	return fits;
}

/* " (live: 1 active, 2 pinned)" */
static void
name_the_live(const struct quoin_gate_core *core, char why[QUOIN_GATE_TEXT_BYTES])
{
	size_t len = strlen(why);

	for (size_t i = 0; i < core->draft.live_count && len < QUOIN_GATE_TEXT_BYTES - 1; i++) {
		uint64_t release = core->draft.live[i].release.number;
		const char *as = release == core->draft.target ? "target"
		    : release == core->draft.from	       ? "from"
							       : "leaving";

		for (size_t k = 0; k < core->ledger->pin_count; k++)
			if (core->ledger->pins[k].release == release)
				as = "pinned";
		for (size_t k = 0; k < core->draft.kept_count; k++)
			if (gate_has_number(core->draft.kept[k].releases, core->draft.kept[k].release_count, release))
				as = "kept";
		if (quoin_activation_may_select(&core->draft, release) && strcmp(as, "leaving") == 0)
			as = "pinned";
		if (strcmp(as, "leaving") == 0 && gate_is_fresh(&core->draft.live[i]))
			as = "preparing";
		snprintf(why + len, QUOIN_GATE_TEXT_BYTES - len, "%s%llu %s",
		    i == 0 ? "; the room is filled by " : ", ", (unsigned long long)release, as);
		len = strlen(why);
	}
}

bool
gate_is_known(struct quoin_gate_core *core, uint64_t release)
{
	bool all = gate_summary(core, release) != NULL;

	for (size_t i = 0; i < core->draft.live_count; i++)
		all = gate_summary(core, core->draft.live[i].release.number) != NULL && all;
	return all;
}

bool
gate_fits(struct quoin_gate_core *core, uint64_t release, char why[QUOIN_GATE_TEXT_BYTES])
{
	const struct quoin_gate_release *releases[QUOIN_LIVE_MAX + 1], *entering;
	size_t count = 0;
	bool fits = true;

	entering = gate_summary(core, release);
	for (size_t i = 0; i < core->draft.live_count; i++)
		releases[count++] = gate_summary(core, core->draft.live[i].release.number);
	QUOIN_ASSERT(gate_is_known(core, release));
	if (core->draft.live_count == QUOIN_LIVE_MAX) {
		snprintf(why, QUOIN_GATE_TEXT_BYTES, "%d releases are live", QUOIN_LIVE_MAX);
		return false;
	}
	releases[count++] = entering;
	for (size_t i = 0; i < entering->shard_count && fits; i++)
		if (entering->shards[i].model_count > 0)
			fits = shard_fits(core, releases, count, entering, &entering->shards[i], why);
	if (!fits)
		name_the_live(core, why);
	return fits;
}
