#include <stdlib.h>
#include <string.h>

#include "publisher/guard_try.h"

/* The releases whose models are loaded beside the new one's: the base, and what is live otherwise. */
struct held {
	struct quoin_models releases[1 + QUOIN_LIVE_MAX];
	size_t count;
	struct quoin_models now;
};

static int
open_held(const struct quoin_guard_input *input, struct held *held, struct quoin_error *err)
{
	int rc = quoin_guard_open_models(quoin_buf_span(&input->compiled->parts[QUOIN_COMPILED_MODELS].bytes), &held->now, err);

	if (rc == 0 && input->base_models.len > 0)
		rc = quoin_guard_open_models(input->base_models, &held->releases[held->count++], err);
	for (size_t i = 0; rc == 0 && i < input->live_count && held->count < 1 + QUOIN_LIVE_MAX; i++)
		rc = quoin_guard_open_models(input->live[i].models, &held->releases[held->count++], err);
	return rc;
}

/* Whether the models part has the model of this routing key on the shard of this name. */
static bool
is_placed(const struct quoin_models *models, const char *routing_key, const char *shard)
{
	struct quoin_model_entry model;
	struct quoin_shard_entry entry;

	if (!quoin_models_model_named(models, routing_key, &model))
		return false;
	for (uint32_t i = 0; i < model.placed_count; i++) {
		if (quoin_models_shard(models, quoin_model_placed(&model, i).shard, &entry) &&
		    strcmp(entry.name, shard) == 0)
			return true;
	}
	return false;
}

/* Whether the new release, or one that was counted before, has the model there as well. */
static bool
is_counted(const struct held *held, size_t release, const char *routing_key, const char *shard)
{
	for (size_t i = 0; i < release; i++)
		if (is_placed(&held->releases[i], routing_key, shard))
			return true;
	return is_placed(&held->now, routing_key, shard);
}

/* What the models that only the held releases have on the shard need of the resource, up to UINT64_MAX. */
static uint64_t
held_demand(const struct held *held, const char *shard, const char *resource)
{
	struct quoin_shard_entry entry;
	uint64_t sum = 0;

	for (size_t r = 0; r < held->count; r++) {
		if (!quoin_models_shard_named(&held->releases[r], shard, &entry))
			continue;
		for (uint32_t i = 0; i < entry.placed_count; i++) {
			struct quoin_model_entry model;

			if (quoin_models_model(&held->releases[r], quoin_shard_placed(&entry, i).model, &model) &&
			    !is_counted(held, r, model.routing_key, shard) &&
			    __builtin_add_overflow(sum, quoin_model_demand_of(&model, resource), &sum))
				sum = UINT64_MAX;
		}
	}
	return sum;
}

/* What the models that the base has on the shard need, if it waives the capacity: they are loaded there. */
static uint64_t
base_carries(const struct quoin_guard_input *input, const struct held *held, const char *shard, const char *resource)
{
	struct quoin_shard_entry entry;
	bool is_waived = false;
	uint64_t sum = 0;

	for (size_t i = 0; input->base_release != NULL && i < input->base_release->waived_count; i++)
		is_waived = is_waived || strcmp(input->base_release->waived[i], "capacity") == 0;
	if (!is_waived || input->base_models.len == 0 || !quoin_models_shard_named(&held->releases[0], shard, &entry))
		return 0;
	for (uint32_t i = 0; i < entry.placed_count; i++) {
		struct quoin_model_entry model;

		if (quoin_models_model(&held->releases[0], quoin_shard_placed(&entry, i).model, &model) &&
		    __builtin_add_overflow(sum, quoin_model_demand_of(&model, resource), &sum))
			sum = UINT64_MAX;
	}
	return sum;
}

int
quoin_guard_try_overlap(const struct guard *guard, const struct quoin_guard_input *input,
    struct quoin_problems *problems, struct quoin_error *err)
{
	const struct quoin_ruleset *ruleset = &input->compiled->ruleset;
	const bool is_overcommitted = quoin_guard_is_waived("capacity", input);
	struct held *held = calloc(1, sizeof *held);
	int rc;

	if (held == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory while trying guards");
	rc = open_held(input, held, err);
	for (size_t i = 0; rc == 0 && i < ruleset->shard_count; i++) {
		const struct quoin_shard *shard = &ruleset->shards[i];

		for (size_t j = 0; j < shard->capacity_count; j++) {
			const char *resource = shard->capacity[j].resource;
			uint64_t demand = quoin_guard_placed_demand(ruleset, i, resource);
			uint64_t other = held_demand(held, shard->name, resource);
			uint64_t carries = shard->capacity[j].amount;
			uint64_t before = base_carries(input, held, shard->name, resource);

			/* What does not even fit alone is the guard capacity's; waived, a host is taken to carry that, and what it
			 * carries for a base that waives it. */
			if (demand > carries && is_overcommitted)
				carries = demand;
			if (demand <= carries && before > carries)
				carries = before;
			if (demand > carries || other <= carries - demand)
				continue;
			quoin_guard_object(guard, input, problems, input->compiled->places.shards[i],
			    "during the change a host of shard \"%s\" holds models of this release and of the live ones, "
			    "which need %llu and %llu %s, and has %llu",
			    shard->name, (unsigned long long)demand, (unsigned long long)other, resource,
			    (unsigned long long)carries);
		}
	}
	free(held);
	return rc;
}
