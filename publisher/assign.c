#include "publisher/assign.h"

#include <stdlib.h>

#include "publisher/assign_state.h"

#define WEIGHT_TOTAL 100000u

uint32_t
quoin_assign_weight(size_t count, size_t index)
{
	return WEIGHT_TOTAL / (uint32_t)count + (index < WEIGHT_TOTAL % count ? 1 : 0);
}

/* Routed models first: where they are is not for us to choose. */
static void
place_routed(struct quoin_assign_state *state)
{
	for (size_t i = 0; i < state->item_count; i++) {
		const struct quoin_rule *rule;

		if (state->items[i].route == QUOIN_ASSIGN_NONE)
			continue;
		rule = &state->ruleset->rules[state->items[i].route];
		for (size_t j = 0; j < rule->share_count; j++) {
			uint32_t shard = rule->shares[j].key;

			if (state->ruleset->shards[shard].host_count > 0 && quoin_assign_fits(state, i, shard))
				quoin_assign_put(state, i, shard);
		}
	}
}

/* Keep the item where it was, on the shards that have traffic for it or on those that have none. */
static void
keep(struct quoin_assign_state *state, size_t item, bool has_traffic)
{
	for (uint32_t shard = 0; shard < state->ruleset->shard_count; shard++) {
		if (state->items[item].count < state->items[item].want && quoin_assign_was(state, item, shard) &&
		    quoin_assign_had_traffic(state, item, shard) == has_traffic && quoin_assign_can(state, item, shard) &&
		    quoin_assign_fits(state, item, shard))
			quoin_assign_put(state, item, shard);
	}
}

/* Every model stays where it was as far as there is room, the smallest first: so the fewest must go. */
static void
place_kept(struct quoin_assign_state *state)
{
	for (size_t i = state->by_size_count; i-- > 0;) {
		keep(state, state->by_size[i], true);
		keep(state, state->by_size[i], false);
	}
}

/* The shard with the most room for the item, or QUOIN_ASSIGN_NONE. Of equals the one with the fewest models, then the
 * first. It must fit there, unless "may_overcommit". */
static uint32_t
roomiest(const struct quoin_assign_state *state, const uint32_t *model_counts, size_t item, bool may_overcommit)
{
	uint32_t best = QUOIN_ASSIGN_NONE;
	double best_full = 0;

	for (uint32_t shard = 0; shard < state->ruleset->shard_count; shard++) {
		double full;

		if (!quoin_assign_can(state, item, shard) || quoin_assign_has(state, item, shard) ||
		    !(may_overcommit || quoin_assign_fits(state, item, shard)))
			continue;
		full = quoin_assign_fullness(state, item, shard);
		if (best == QUOIN_ASSIGN_NONE || full < best_full ||
		    (full <= best_full && model_counts[shard] < model_counts[best])) {
			best = shard;
			best_full = full;
		}
	}
	return best;
}

/* What is still missing, the largest first, goes where the most room is. */
static int
place_new(struct quoin_assign_state *state, bool may_overcommit)
{
	uint32_t *model_counts = calloc(state->ruleset->shard_count + 1, sizeof *model_counts);

	if (model_counts == NULL)
		return QUOIN_ENOMEM;
	for (size_t i = 0; i < state->item_count; i++) {
		for (uint32_t j = 0; j < state->items[i].count; j++)
			model_counts[state->items[i].chosen[j]]++;
	}
	for (size_t i = 0; i < state->by_size_count; i++) {
		size_t item = state->by_size[i];

		while (state->items[item].count < state->items[item].want) {
			uint32_t shard = roomiest(state, model_counts, item, may_overcommit);

			if (shard == QUOIN_ASSIGN_NONE)
				break;
			quoin_assign_put(state, item, shard);
			model_counts[shard]++;
		}
	}
	free(model_counts);
	return 0;
}

/* Whether all is placed with the fewest moves there can be: nothing to look for. */
static bool
is_least(const struct quoin_assign_state *state)
{
	size_t least = 0;

	for (size_t i = 0; i < state->by_size_count; i++) {
		const struct quoin_assign_item *item = &state->items[state->by_size[i]];

		least += item->want - item->kept_most;
	}
	return quoin_assign_is_whole(state) && quoin_assign_moves(state) == least;
}

static int
place_all(struct quoin_assign_state *state)
{
	int rc;

	place_routed(state);
	place_kept(state);
	rc = place_new(state, false);
	if (rc != 0)
		return rc;
	if (is_least(state))
		return 0;
	quoin_assign_repair(state);
	if (is_least(state))
		return 0;
	rc = quoin_assign_search(state, quoin_assign_is_whole(state) ? quoin_assign_moves(state) : SIZE_MAX);
	/* What was found begins anew and not with what is kept: much of it can go back. */
	if (rc == 0)
		quoin_assign_repair(state);
	return rc;
}

/* What fits nowhere, as somebody waived the capacity: where it is routed, where it was, or where it is the least too much. */
static int
place_beyond(struct quoin_assign_state *state)
{
	for (size_t i = 0; i < state->item_count; i++) {
		const struct quoin_assign_item *item = &state->items[i];
		const struct quoin_rule *rule = item->route != QUOIN_ASSIGN_NONE ? &state->ruleset->rules[item->route] : NULL;

		for (size_t j = 0; rule != NULL && j < rule->share_count; j++)
			if (state->ruleset->shards[rule->shares[j].key].host_count > 0 &&
			    !quoin_assign_has(state, i, rule->shares[j].key))
				quoin_assign_put(state, i, rule->shares[j].key);
		for (uint32_t shard = 0; rule == NULL && shard < state->ruleset->shard_count; shard++)
			if (item->count < item->want && quoin_assign_was(state, i, shard) && quoin_assign_can(state, i, shard) &&
			    !quoin_assign_has(state, i, shard))
				quoin_assign_put(state, i, shard);
	}
	return place_new(state, true);
}

static int
compare_shards(const void *left, const void *right)
{
	const uint32_t *a = left;
	const uint32_t *b = right;

	return (*a > *b) - (*a < *b);
}

/* The weight of a routed item on the shard. */
static uint32_t
routed_weight(const struct quoin_rule *rule, uint32_t shard)
{
	for (size_t i = 0; i < rule->share_count; i++) {
		if (rule->shares[i].key == shard)
			return rule->shares[i].share;
	}
	return 0;
}

static int
take_placements(const struct quoin_assign_state *state, struct quoin_ruleset *ruleset)
{
	struct quoin_placement *placements;
	size_t count = 0;

	for (size_t i = 0; i < state->item_count; i++)
		count += state->items[i].count;
	placements = quoin_arena_take(&ruleset->arena, (count + 1) * sizeof *placements);
	if (placements == NULL)
		return QUOIN_ENOMEM;
	count = 0;
	for (size_t i = 0; i < state->item_count; i++) {
		const struct quoin_assign_item *item = &state->items[i];

		qsort(item->chosen, item->count, sizeof *item->chosen, compare_shards);
		for (uint32_t j = 0; j < item->count; j++) {
			struct quoin_placement *placement = &placements[count++];

			placement->model = item->model;
			placement->shard = item->chosen[j];
			placement->weight = item->route != QUOIN_ASSIGN_NONE
			    ? routed_weight(&ruleset->rules[item->route], item->chosen[j])
			    : quoin_assign_weight(item->count, j);
		}
	}
	ruleset->placements = placements;
	ruleset->placement_count = count;
	return 0;
}

int
quoin_assign(struct quoin_ruleset *ruleset, const struct quoin_base_placement *base, size_t base_count,
    bool may_overcommit, const struct quoin_check_places *places, struct quoin_problems *problems, struct quoin_error *err)
{
	struct quoin_assign_state state;
	int rc = quoin_assign_state_init(&state, ruleset, base, base_count);

	if (rc == 0)
		rc = place_all(&state);
	if (rc == 0 && may_overcommit && !quoin_assign_is_whole(&state))
		rc = place_beyond(&state);
	if (rc == 0 && !quoin_assign_is_whole(&state)) {
		quoin_assign_report(&state, places, problems);
		rc = quoin_error_set(err, QUOIN_EREFUSED, "not every model has its place on shards");
	} else if (rc == 0) {
		rc = take_placements(&state, ruleset);
	}
	if (rc == QUOIN_ENOMEM)
		quoin_error_set(err, rc, "out of memory while placing models");
	quoin_assign_state_clear(&state);
	return rc;
}
