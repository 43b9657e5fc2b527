#include "publisher/assign_state.h"

#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/search.h"
#include "publisher/check_shards.h"

static size_t
resource_index(struct quoin_assign_state *state, const char *name)
{
	size_t i = 0;

	while (i < state->resource_count && strcmp(state->resources[i], name) != 0)
		i++;
	if (i == state->resource_count) {
		QUOIN_ASSERT(i < QUOIN_RESOURCES_MAX);
		state->resources[state->resource_count++] = name;
	}
	return i;
}

static void
fill_shards(struct quoin_assign_state *state)
{
	for (size_t i = 0; i < state->ruleset->shard_count; i++) {
		const struct quoin_shard *shard = &state->ruleset->shards[i];

		for (size_t j = 0; j < shard->capacity_count; j++)
			state->capacity[i][resource_index(state, shard->capacity[j].resource)] =
			    shard->capacity[j].amount;
	}
}

/* The largest amount that any host has of each resource. */
static void
fill_largest(const struct quoin_assign_state *state, uint64_t largest[QUOIN_RESOURCES_MAX])
{
	for (size_t r = 0; r < QUOIN_RESOURCES_MAX; r++) {
		largest[r] = 1;
		for (size_t i = 0; i < state->ruleset->shard_count; i++)
			largest[r] = state->capacity[i][r] > largest[r] ? state->capacity[i][r] : largest[r];
	}
}

static void
fill_sizes(struct quoin_assign_state *state)
{
	uint64_t largest[QUOIN_RESOURCES_MAX];

	fill_largest(state, largest);
	for (size_t i = 0; i < state->item_count; i++) {
		for (size_t r = 0; r < state->resource_count; r++) {
			double share = (double)state->items[i].demand[r] / (double)largest[r];

			state->items[i].size = share > state->items[i].size ? share : state->items[i].size;
		}
	}
}

static void
fill_items(struct quoin_assign_state *state)
{
	const struct quoin_ruleset *ruleset = state->ruleset;

	for (uint32_t i = 0; i < ruleset->model_count; i++) {
		const struct quoin_model *model = &ruleset->models[i];
		struct quoin_assign_item *item = &state->items[state->item_count];

		if (!model->is_used)
			continue;
		item->model = i;
		item->want = model->shard_count;
		item->route = QUOIN_ASSIGN_NONE;
		for (size_t j = 0; j < model->demand_count; j++)
			item->demand[resource_index(state, model->demand[j].resource)] = model->demand[j].amount;
		state->item_count++;
	}
}

static size_t
find_item(const struct quoin_assign_state *state, uint32_t model)
{
	bool found;
	const size_t at = quoin_search_u32(state->items != NULL ? &state->items[0].model : NULL, state->item_count,
	    sizeof *state->items, model, &found);

	return found ? at : SIZE_MAX;
}

static void
fill_routes(struct quoin_assign_state *state)
{
	for (uint32_t i = 0; i < state->ruleset->rule_count; i++) {
		const struct quoin_rule *rule = &state->ruleset->rules[i];
		size_t item;

		if (rule->kind != QUOIN_RULE_ROUTE || !rule->is_enabled)
			continue;
		item = find_item(state, rule->refs[0].model);
		QUOIN_ASSERT(item != SIZE_MAX && state->items[item].route == QUOIN_ASSIGN_NONE);
		state->items[item].route = i;
		state->items[item].want = (uint32_t)rule->share_count;
	}
}

static int
fill_room(struct quoin_assign_state *state)
{
	size_t total = 0;

	for (size_t i = 0; i < state->item_count; i++)
		total += state->items[i].want;
	state->room = calloc(total + 1, sizeof *state->room);
	if (state->room == NULL)
		return QUOIN_ENOMEM;
	total = 0;
	for (size_t i = 0; i < state->item_count; i++) {
		state->items[i].chosen = state->room + total;
		total += state->items[i].want;
	}
	return 0;
}

static int
compare_base(const void *left, const void *right)
{
	const struct quoin_base_placement *a = left;
	const struct quoin_base_placement *b = right;
	int order = strcmp(a->routing_key, b->routing_key);

	return order != 0 ? order : strcmp(a->shard, b->shard);
}

static void
fill_can(struct quoin_assign_state *state)
{
	size_t shard_count = state->ruleset->shard_count;
	const struct quoin_pair *missing;

	for (size_t i = 0; i < state->item_count; i++) {
		const struct quoin_model *model = &state->ruleset->models[state->items[i].model];

		for (size_t j = 0; j < shard_count; j++) {
			const struct quoin_shard *shard = &state->ruleset->shards[j];

			state->can[i * shard_count + j] =
			    shard->host_count > 0 && !shard->drain && quoin_check_shard_has(shard, model, &missing);
		}
	}
}

/* The first placement of the routing key or after it. */
static size_t
lower_bound(const struct quoin_base_placement *sorted, size_t count, const char *routing_key)
{
	bool found;

	return quoin_search_text(sorted != NULL ? &sorted[0].routing_key : NULL, count, sizeof *sorted, routing_key, &found);
}

/* One walk over the shards and the model's placements, both ascending by the shard's name. */
static void
fill_was_of(struct quoin_assign_state *state, size_t item, const struct quoin_base_placement *sorted, size_t count)
{
	const char *key = state->ruleset->models[state->items[item].model].routing_key;
	size_t shard_count = state->ruleset->shard_count;
	size_t at = lower_bound(sorted, count, key);

	for (size_t j = 0; j < shard_count; j++) {
		const char *name = state->ruleset->shards[j].name;

		while (at < count && strcmp(sorted[at].routing_key, key) == 0 && strcmp(sorted[at].shard, name) < 0)
			at++;
		if (at == count || strcmp(sorted[at].routing_key, key) != 0)
			return;
		if (strcmp(sorted[at].shard, name) != 0)
			continue;
		state->was[item * shard_count + j] = sorted[at].has_traffic ? 2 : 1;
		if (state->can[item * shard_count + j] && state->items[item].kept_most < state->items[item].want)
			state->items[item].kept_most++;
	}
}

/* Largest first; of equals, in the order of models. */
static bool
is_larger(const struct quoin_assign_state *state, uint32_t a, uint32_t b)
{
	if (state->items[a].size != state->items[b].size)
		return state->items[a].size > state->items[b].size;
	return a < b;
}

/* Heap sort: the state decides the order, and qsort would take it only from a global. */
static void
sift(const struct quoin_assign_state *state, uint32_t *heap, size_t at, size_t count)
{
	for (size_t child; (child = 2 * at + 1) < count; at = child) {
		uint32_t swap;

		if (child + 1 < count && is_larger(state, heap[child], heap[child + 1]))
			child++;
		if (!is_larger(state, heap[at], heap[child]))
			return;
		swap = heap[at];
		heap[at] = heap[child];
		heap[child] = swap;
	}
}

static void
fill_by_size(struct quoin_assign_state *state)
{
	uint32_t *heap = state->by_size;
	size_t count = 0;

	for (uint32_t i = 0; i < state->item_count; i++) {
		if (state->items[i].route == QUOIN_ASSIGN_NONE)
			heap[count++] = i;
	}
	state->by_size_count = count;
	for (size_t i = count / 2; i-- > 0;)
		sift(state, heap, i, count);
	for (size_t i = count; i-- > 1;) {
		uint32_t swap = heap[0];

		heap[0] = heap[i];
		heap[i] = swap;
		sift(state, heap, 0, i);
	}
}

int
quoin_assign_state_init(struct quoin_assign_state *state, const struct quoin_ruleset *ruleset,
    const struct quoin_base_placement *base, size_t base_count)
{
	size_t shard_count = ruleset->shard_count;
	struct quoin_base_placement *sorted = calloc(base_count + 1, sizeof *sorted);
	int rc = QUOIN_ENOMEM;

	*state = (struct quoin_assign_state){.ruleset = ruleset};
	state->items = calloc(ruleset->model_count + 1, sizeof *state->items);
	state->by_size = calloc(ruleset->model_count + 1, sizeof *state->by_size);
	state->capacity = calloc(shard_count + 1, sizeof *state->capacity);
	state->load = calloc(shard_count + 1, sizeof *state->load);
	if (sorted == NULL || state->items == NULL || state->by_size == NULL || state->capacity == NULL ||
	    state->load == NULL)
		goto out;
	fill_shards(state);
	fill_items(state);
	fill_routes(state);
	state->can = calloc(state->item_count * shard_count + 1, sizeof *state->can);
	state->was = calloc(state->item_count * shard_count + 1, sizeof *state->was);
	if (state->can == NULL || state->was == NULL || fill_room(state) != 0)
		goto out;
	if (base_count > 0) {
		memcpy(sorted, base, base_count * sizeof *sorted);
		qsort(sorted, base_count, sizeof *sorted, compare_base);
	}
	fill_can(state);
	for (size_t i = 0; i < state->item_count; i++)
		fill_was_of(state, i, sorted, base_count);
	fill_sizes(state);
	fill_by_size(state);
	rc = 0;
out:
	free(sorted);
	if (rc != 0)
		quoin_assign_state_clear(state);
	return rc;
}

void
quoin_assign_state_clear(struct quoin_assign_state *state)
{
	free(state->items);
	free(state->by_size);
	free(state->capacity);
	free(state->load);
	free(state->can);
	free(state->was);
	free(state->room);
	*state = (struct quoin_assign_state){0};
}

bool
quoin_assign_can(const struct quoin_assign_state *state, size_t item, uint32_t shard)
{
	return state->can[item * state->ruleset->shard_count + shard];
}

bool
quoin_assign_was(const struct quoin_assign_state *state, size_t item, uint32_t shard)
{
	return state->was[item * state->ruleset->shard_count + shard] != 0;
}

bool
quoin_assign_had_traffic(const struct quoin_assign_state *state, size_t item, uint32_t shard)
{
	return state->was[item * state->ruleset->shard_count + shard] == 2;
}

bool
quoin_assign_has(const struct quoin_assign_state *state, size_t item, uint32_t shard)
{
	for (uint32_t i = 0; i < state->items[item].count; i++) {
		if (state->items[item].chosen[i] == shard)
			return true;
	}
	return false;
}

bool
quoin_assign_fits(const struct quoin_assign_state *state, size_t item, uint32_t shard)
{
	for (size_t r = 0; r < state->resource_count; r++) {
		uint64_t capacity = state->capacity[shard][r];
		uint64_t load = state->load[shard][r];

		if (state->items[item].demand[r] > (load < capacity ? capacity - load : 0))
			return false;
	}
	return true;
}

double
quoin_assign_fullness(const struct quoin_assign_state *state, size_t item, uint32_t shard)
{
	double full = 0;

	for (size_t r = 0; r < state->resource_count; r++) {
		uint64_t load = state->load[shard][r] + state->items[item].demand[r];
		double share = load > 0 ? (double)load / (double)state->capacity[shard][r] : 0;

		full = share > full ? share : full;
	}
	return full;
}

void
quoin_assign_put(struct quoin_assign_state *state, size_t item, uint32_t shard)
{
	struct quoin_assign_item *it = &state->items[item];

	QUOIN_ASSERT(it->count < it->want && !quoin_assign_has(state, item, shard));
	it->chosen[it->count++] = shard;
	for (size_t r = 0; r < state->resource_count; r++)
		state->load[shard][r] += it->demand[r];
}

void
quoin_assign_take(struct quoin_assign_state *state, size_t item, uint32_t shard)
{
	struct quoin_assign_item *it = &state->items[item];
	uint32_t i = 0;

	while (i < it->count && it->chosen[i] != shard)
		i++;
	QUOIN_ASSERT(i < it->count);
	it->chosen[i] = it->chosen[it->count - 1];
	it->chosen[it->count - 1] = shard;
	quoin_assign_take_back(state, item);
}

void
quoin_assign_take_back(struct quoin_assign_state *state, size_t item)
{
	struct quoin_assign_item *it = &state->items[item];
	uint32_t shard;

	QUOIN_ASSERT(it->count > 0);
	shard = it->chosen[--it->count];
	for (size_t r = 0; r < state->resource_count; r++)
		state->load[shard][r] -= it->demand[r];
}

void
quoin_assign_take_all_back(struct quoin_assign_state *state)
{
	for (size_t i = 0; i < state->by_size_count; i++)
		while (state->items[state->by_size[i]].count > 0)
			quoin_assign_take_back(state, state->by_size[i]);
}

size_t
quoin_assign_moves(const struct quoin_assign_state *state)
{
	size_t moves = 0;

	for (size_t i = 0; i < state->by_size_count; i++) {
		const struct quoin_assign_item *item = &state->items[state->by_size[i]];

		for (uint32_t j = 0; j < item->count; j++)
			moves += !quoin_assign_was(state, state->by_size[i], item->chosen[j]);
	}
	return moves;
}

bool
quoin_assign_is_whole(const struct quoin_assign_state *state)
{
	for (size_t i = 0; i < state->item_count; i++) {
		if (state->items[i].count < state->items[i].want)
			return false;
	}
	return true;
}
