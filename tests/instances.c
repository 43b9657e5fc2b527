#include "tests/instances.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

#define SHARDS_MAX 24
#define MODELS_MAX (SHARDS_MAX * 15)
#define WANT_MAX   3

struct instance {
	struct quoin_ruleset ruleset;
	struct quoin_shard shards[SHARDS_MAX];
	struct quoin_model models[MODELS_MAX];
	struct quoin_amount capacity[SHARDS_MAX][INSTANCE_RESOURCES];
	struct quoin_amount demand[MODELS_MAX][INSTANCE_RESOURCES];
	char shard_names[SHARDS_MAX][8];
	char keys[MODELS_MAX][12];
	struct quoin_base_placement base[MODELS_MAX * WANT_MAX];
	size_t base_count;
	bool was[MODELS_MAX][SHARDS_MAX];
	uint64_t random;
};

static const char *const one_host[] = {"h"};
static const struct quoin_pair labels[] = {{"pool", "x"}};

static uint32_t
below(struct instance *instance, uint32_t bound)
{
	instance->random = instance->random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((instance->random >> 33) % bound);
}

/* ---- Making one ---- */

static void
make_shards(struct instance *instance)
{
	static const char *const resources[INSTANCE_RESOURCES] = {"memory", "processor"};
	size_t count = 3 + below(instance, SHARDS_MAX - 2);

	for (size_t i = 0; i < count; i++) {
		snprintf(instance->shard_names[i], sizeof instance->shard_names[i], "s%02zu", i);
		for (size_t r = 0; r < INSTANCE_RESOURCES; r++)
			instance->capacity[i][r] = (struct quoin_amount){resources[r], 0};
		instance->shards[i] = (struct quoin_shard){.name = instance->shard_names[i], .hosts = one_host, .host_count = 1,
		    .capacity = instance->capacity[i], .capacity_count = INSTANCE_RESOURCES};
		if (i % 3 != 0) {
			instance->shards[i].labels = labels;
			instance->shards[i].label_count = 1;
		}
	}
	instance->ruleset.shards = instance->shards;
	instance->ruleset.shard_count = count;
}

static bool
can_be_on(const struct instance *instance, size_t model, size_t shard)
{
	return instance->models[model].requires_count == 0 || instance->shards[shard].label_count > 0;
}

/* The model goes to shards that can have it; the capacity is made for it. What it has in the base is there as well, or
 * elsewhere with the chance of one in "moved". */
static void
plant(struct instance *instance, size_t model, uint32_t moved)
{
	size_t shard_count = instance->ruleset.shard_count;
	bool is_on[SHARDS_MAX] = {false};

	for (uint32_t placed = 0; placed < instance->models[model].shard_count;) {
		size_t shard = below(instance, (uint32_t)shard_count), before = shard;

		if (is_on[shard] || !can_be_on(instance, model, shard))
			continue;
		is_on[shard] = true;
		placed++;
		for (size_t r = 0; r < INSTANCE_RESOURCES; r++)
			instance->capacity[shard][r].amount += instance->demand[model][r].amount;
		if (below(instance, moved) == 0)
			before = below(instance, (uint32_t)shard_count);
		if (instance->was[model][before])
			continue;
		instance->was[model][before] = true;
		instance->base[instance->base_count++] =
		    (struct quoin_base_placement){instance->keys[model], instance->shard_names[before], true};
	}
}

static void
make_models(struct instance *instance)
{
	size_t count = instance->ruleset.shard_count * (3 + below(instance, 13));
	uint32_t moved = 4 + below(instance, 30);

	for (size_t i = 0; i < count; i++) {
		uint32_t size = 1 + below(instance, 4) * below(instance, 12) + below(instance, 6);

		snprintf(instance->keys[i], sizeof instance->keys[i], "m%03zu@1", i);
		instance->demand[i][0] = (struct quoin_amount){"memory", size};
		instance->demand[i][1] = (struct quoin_amount){"processor", below(instance, 2 * size + 1)};
		instance->models[i] = (struct quoin_model){.name = instance->keys[i], .routing_key = instance->keys[i],
		    .demand = instance->demand[i], .demand_count = INSTANCE_RESOURCES, .is_used = true,
		    .shard_count = below(instance, 4) == 0 ? 2 : 1};
		if (below(instance, 5) == 0) {
			instance->models[i].requires = labels;
			instance->models[i].requires_count = 1;
		} else if (below(instance, 20) == 0) {
			instance->models[i].shard_count = WANT_MAX;
		}
		plant(instance, i, moved);
	}
	instance->ruleset.models = instance->models;
	instance->ruleset.model_count = count;
}

struct instance *
instance_new(uint32_t number)
{
	struct instance *instance = calloc(1, sizeof *instance);
	uint32_t full;

	CHECK(instance != NULL);
	instance->random = number * 2654435761u + 1;
	make_shards(instance);
	make_models(instance);
	full = 60 + below(instance, 38);
	for (size_t i = 0; i < instance->ruleset.shard_count; i++)
		for (size_t r = 0; r < INSTANCE_RESOURCES; r++)
			instance->capacity[i][r].amount = instance->capacity[i][r].amount * 100 / full + 1;
	return instance;
}

void
instance_free(struct instance *instance)
{
	quoin_arena_clear(&instance->ruleset.arena);
	free(instance);
}

/* ---- Results ---- */

static void
check_result(const struct instance *instance)
{
	uint64_t load[SHARDS_MAX][INSTANCE_RESOURCES] = {0};
	uint32_t counts[MODELS_MAX] = {0};

	for (size_t i = 0; i < instance->ruleset.placement_count; i++) {
		const struct quoin_placement *now = &instance->ruleset.placements[i];

		CHECK(i == 0 || now[-1].model < now->model || (now[-1].model == now->model && now[-1].shard < now->shard));
		CHECK(can_be_on(instance, now->model, now->shard));
		counts[now->model]++;
		for (size_t r = 0; r < INSTANCE_RESOURCES; r++)
			load[now->shard][r] += instance->demand[now->model][r].amount;
	}
	for (size_t i = 0; i < instance->ruleset.shard_count; i++)
		for (size_t r = 0; r < INSTANCE_RESOURCES; r++)
			CHECK(load[i][r] <= instance->capacity[i][r].amount);
	for (size_t i = 0; i < instance->ruleset.model_count; i++)
		CHECK_INT(counts[i], instance->models[i].shard_count);
}

int
instance_assign(struct instance *instance, bool is_fresh)
{
	struct quoin_problems problems;
	int r;

	quoin_problems_init(&problems);
	r = quoin_assign(&instance->ruleset, instance->base, is_fresh ? 0 : instance->base_count, false, NULL, &problems, NULL);
	quoin_problems_clear(&problems);
	if (r == 0)
		check_result(instance);
	return r;
}

void
instance_rebase(struct instance *instance)
{
	memset(instance->was, 0, sizeof instance->was);
	instance->base_count = 0;
	for (size_t i = instance->ruleset.placement_count; i-- > 0;) {
		const struct quoin_placement *now = &instance->ruleset.placements[i];

		instance->was[now->model][now->shard] = true;
		instance->base[instance->base_count++] =
		    (struct quoin_base_placement){instance->keys[now->model], instance->shard_names[now->shard], true};
	}
}

size_t
instance_moves(const struct instance *instance)
{
	size_t moves = 0;

	for (size_t i = 0; i < instance->ruleset.placement_count; i++)
		moves += !instance->was[instance->ruleset.placements[i].model][instance->ruleset.placements[i].shard];
	return moves;
}

double
instance_fullest(const struct instance *instance)
{
	double fullest = 0;

	for (size_t i = 0; i < instance->ruleset.shard_count; i++) {
		for (size_t r = 0; r < INSTANCE_RESOURCES; r++) {
			uint64_t load = 0;
			double full;

			for (size_t k = 0; k < instance->ruleset.placement_count; k++)
				if (instance->ruleset.placements[k].shard == i)
					load += instance->demand[instance->ruleset.placements[k].model][r].amount;
			full = (double)load / (double)instance->capacity[i][r].amount;
			fullest = full > fullest ? full : fullest;
		}
	}
	return fullest;
}

size_t
instance_loads(const struct instance *instance)
{
	size_t loads = 0;

	for (size_t i = 0; i < instance->ruleset.model_count; i++)
		loads += instance->models[i].shard_count;
	return loads;
}

/* ---- Bounds ---- */

static int
compare_amounts(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* How many of the models that the shard has fit it at most: of each resource the smallest come first. */
static size_t
kept_most(const struct instance *instance, size_t shard)
{
	size_t least = SIZE_MAX;

	for (size_t r = 0; r < INSTANCE_RESOURCES; r++) {
		uint64_t amounts[MODELS_MAX], sum = 0;
		size_t count = 0, kept = 0;

		for (size_t i = 0; i < instance->ruleset.model_count; i++)
			if (instance->was[i][shard] && can_be_on(instance, i, shard))
				amounts[count++] = instance->demand[i][r].amount;
		qsort(amounts, count, sizeof *amounts, compare_amounts);
		while (kept < count && sum + amounts[kept] <= instance->capacity[shard][r].amount)
			sum += amounts[kept++];
		least = kept < least ? kept : least;
	}
	return least;
}

/* A flow of loads that stay: from models, as many as each wants, to shards, as many as each can keep. */
struct flow {
	const struct instance *instance;
	size_t room[SHARDS_MAX];
	bool stays[MODELS_MAX][SHARDS_MAX];
	bool is_seen[SHARDS_MAX];
};

/* Let one more load of the model stay, if need be by letting another model's stay elsewhere. */
static bool
keep_one(struct flow *flow, size_t model)
{
	for (size_t shard = 0; shard < flow->instance->ruleset.shard_count; shard++) {
		if (!flow->instance->was[model][shard] || !can_be_on(flow->instance, model, shard) ||
		    flow->stays[model][shard] || flow->is_seen[shard])
			continue;
		flow->is_seen[shard] = true;
		if (flow->room[shard] > 0) {
			flow->room[shard]--;
			flow->stays[model][shard] = true;
			return true;
		}
		for (size_t other = 0; other < flow->instance->ruleset.model_count; other++) {
			if (!flow->stays[other][shard] || !keep_one(flow, other))
				continue;
			flow->stays[other][shard] = false;
			flow->stays[model][shard] = true;
			return true;
		}
	}
	return false;
}

size_t
instance_moves_least(const struct instance *instance)
{
	struct flow *flow = calloc(1, sizeof *flow);
	size_t least = 0;

	CHECK(flow != NULL);
	flow->instance = instance;
	for (size_t i = 0; i < instance->ruleset.shard_count; i++)
		flow->room[i] = kept_most(instance, i);
	for (size_t i = 0; i < instance->ruleset.model_count; i++) {
		for (uint32_t k = 0; k < instance->models[i].shard_count; k++) {
			memset(flow->is_seen, 0, sizeof flow->is_seen);
			least += !keep_one(flow, i);
		}
	}
	free(flow);
	return least;
}

double
instance_fullest_least(const struct instance *instance)
{
	double least = 0;

	for (size_t r = 0; r < INSTANCE_RESOURCES; r++) {
		double demand = 0, capacity = 0, largest = 0;

		for (size_t i = 0; i < instance->ruleset.shard_count; i++) {
			double amount = (double)instance->capacity[i][r].amount;

			capacity += amount;
			largest = amount > largest ? amount : largest;
		}
		for (size_t i = 0; i < instance->ruleset.model_count; i++) {
			double amount = (double)instance->demand[i][r].amount;

			demand += amount * instance->models[i].shard_count;
			least = amount / largest > least ? amount / largest : least;
		}
		least = demand / capacity > least ? demand / capacity : least;
	}
	return least;
}
