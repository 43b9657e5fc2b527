#include <string.h>

#include "lib/assert.h"
#include "lib/search.h"
#include "publisher/difference_maker.h"

/* ---- Models and their routes ---- */

static bool
amounts_equal(const struct quoin_amount *a, size_t a_count, const struct quoin_amount *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (strcmp(a[i].resource, b[i].resource) != 0 || a[i].amount != b[i].amount)
			return false;
	return true;
}

static bool
pairs_equal(const struct quoin_pair *a, size_t a_count, const struct quoin_pair *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (strcmp(a[i].key, b[i].key) != 0 || strcmp(a[i].value, b[i].value) != 0)
			return false;
	return true;
}

static uint32_t
compare_models(const struct quoin_model *a, const struct quoin_model *b)
{
	uint32_t aspects = 0;

	aspects |= (uint32_t)(strcmp(a->digest, b->digest) != 0) << QUOIN_ASPECT_DIGEST;
	aspects |= (uint32_t)(strcmp(a->uri, b->uri) != 0) << QUOIN_ASPECT_URI;
	aspects |= (uint32_t)!amounts_equal(a->demand, a->demand_count, b->demand, b->demand_count) << QUOIN_ASPECT_DEMAND;
	aspects |= (uint32_t)!amounts_equal(a->limits, a->limit_count, b->limits, b->limit_count) << QUOIN_ASPECT_LIMITS;
	aspects |= (uint32_t)!pairs_equal(a->requires, a->requires_count, b->requires, b->requires_count)
	    << QUOIN_ASPECT_REQUIRES;
	aspects |= (uint32_t)!quoin_texts_equal(a->config, b->config) << QUOIN_ASPECT_CONFIG;
	return aspects;
}

/* The model's placements; they are ascending by model. */
static size_t
placements_of(const struct quoin_ruleset *ruleset, const struct quoin_model *model,
    const struct quoin_placement **ret)
{
	size_t first, count = 0;
	uint32_t index;
	bool found;

	*ret = NULL;
	if (model == NULL || ruleset->placement_count == 0)
		return 0;
	QUOIN_ASSERT(ruleset->placements != NULL);
	index = (uint32_t)(model - ruleset->models);
	first = quoin_search_u32(&ruleset->placements[0].model, ruleset->placement_count, sizeof *ruleset->placements, index,
	    &found);
	while (first + count < ruleset->placement_count && ruleset->placements[first + count].model == index)
		count++;
	*ret = count > 0 ? &ruleset->placements[first] : NULL;
	return count;
}

static bool
placements_equal(const struct difference_maker *maker, const struct quoin_route_change *change)
{
	if (change->before_count != change->after_count)
		return false;
	for (size_t i = 0; i < change->before_count; i++)
		if (change->before[i].weight != change->after[i].weight ||
		    strcmp(maker->before->shards[change->before[i].shard].name,
			maker->after->shards[change->after[i].shard].name) != 0)
			return false;
	return true;
}

static const struct quoin_model *
next_used(const struct quoin_ruleset *ruleset, size_t *at)
{
	while (*at < ruleset->model_count && !ruleset->models[*at].is_used)
		++*at;
	return *at < ruleset->model_count ? &ruleset->models[*at] : NULL;
}

static int
compare_model_names(const struct quoin_model *a, const struct quoin_model *b)
{
	int order = difference_compare_next(a != NULL ? a->name : NULL, b != NULL ? b->name : NULL);

	return order != 0 || a == NULL ? order : strcmp(a->version, b->version);
}

int
quoin_difference_models(struct difference_maker *maker)
{
	struct quoin_difference *difference = maker->difference;
	size_t all = maker->before->model_count + maker->after->model_count, b = 0, a = 0;
	const struct quoin_model *old, *new;

	difference->models = difference_take(maker, all, sizeof difference->models[0]);
	difference->routes = difference_take(maker, all, sizeof difference->routes[0]);
	if (difference->models == NULL || difference->routes == NULL)
		return QUOIN_ENOMEM;
	while ((void)(old = next_used(maker->before, &b)), (void)(new = next_used(maker->after, &a)),
	    old != NULL || new != NULL) {
		int order = compare_model_names(old, new);
		struct quoin_model_change change = {.change = order < 0 ? QUOIN_CHANGE_REMOVED
			: order > 0 ? QUOIN_CHANGE_ADDED : QUOIN_CHANGE_CHANGED,
		    .before = order <= 0 ? old : NULL, .after = order >= 0 ? new : NULL,
		    .aspects = order == 0 && old != NULL && new != NULL ? compare_models(old, new) : 0};
		const struct quoin_model *named = order < 0 ? old : new;
		struct quoin_route_change route = {0};

		QUOIN_ASSERT(named != NULL);
		route.routing_key = named->routing_key;
		if (order != 0 || change.aspects != 0)
			difference->models[difference->model_count++] = change;
		route.before_count = placements_of(maker->before, change.before, &route.before);
		route.after_count = placements_of(maker->after, change.after, &route.after);
		if (!placements_equal(maker, &route))
			difference->routes[difference->route_count++] = route;
		b += order <= 0;
		a += order >= 0;
	}
	return 0;
}

/* ---- Shards ---- */

static uint32_t
compare_shards(const struct quoin_shard *a, const struct quoin_shard *b)
{
	bool is_same = a->host_count == b->host_count;
	uint32_t aspects = 0;

	for (size_t i = 0; is_same && i < a->host_count; i++)
		is_same = strcmp(a->hosts[i], b->hosts[i]) == 0;
	aspects |= (uint32_t)!is_same << QUOIN_ASPECT_HOSTS;
	aspects |= (uint32_t)(strcmp(a->vip, b->vip) != 0) << QUOIN_ASPECT_VIP;
	aspects |= (uint32_t)!amounts_equal(a->capacity, a->capacity_count, b->capacity, b->capacity_count)
	    << QUOIN_ASPECT_CAPACITY;
	aspects |= (uint32_t)!pairs_equal(a->labels, a->label_count, b->labels, b->label_count) << QUOIN_ASPECT_LABELS;
	aspects |= (uint32_t)(a->drain != b->drain) << QUOIN_ASPECT_DRAIN;
	aspects |= (uint32_t)(a->health_checked != b->health_checked) << QUOIN_ASPECT_HEALTH;
	return aspects;
}

static uint64_t
capacity_of(const struct quoin_shard *shard, const char *resource)
{
	for (size_t i = 0; i < shard->capacity_count; i++)
		if (strcmp(shard->capacity[i].resource, resource) == 0)
			return shard->capacity[i].amount;
	return 0;
}

static uint64_t
demand_of(const struct quoin_model *model, const char *resource)
{
	for (size_t i = 0; i < model->demand_count; i++)
		if (strcmp(model->demand[i].resource, resource) == 0)
			return model->demand[i].amount;
	return 0;
}

/* What models that leave the shard need of the resource: hosts hold them until what runs is retired. Up to UINT64_MAX. */
static uint64_t
leaving_load(const struct difference_maker *maker, const struct quoin_shard_change *shard, const char *resource)
{
	const struct quoin_difference *difference = maker->difference;
	uint64_t sum = 0;

	for (size_t i = 0; shard->before != NULL && i < difference->route_count; i++) {
		const struct quoin_route_change *route = &difference->routes[i];
		const struct quoin_model *leaving = NULL;

		for (size_t k = 0; k < route->before_count; k++)
			if (&maker->before->shards[route->before[k].shard] == shard->before)
				leaving = &maker->before->models[route->before[k].model];
		for (size_t k = 0; k < route->after_count; k++)
			if (&maker->after->shards[route->after[k].shard] == shard->after)
				leaving = NULL;
		if (leaving != NULL && __builtin_add_overflow(sum, demand_of(leaving, resource), &sum))
			sum = UINT64_MAX;
	}
	return sum;
}

/* What the models on the shard need of the resource, up to UINT64_MAX. */
static uint64_t
load_of(const struct quoin_ruleset *ruleset, const struct quoin_shard *shard, const char *resource)
{
	uint64_t sum = 0;

	if (shard == NULL)
		return 0;
	for (size_t i = 0; i < ruleset->placement_count; i++) {
		const struct quoin_model *model = &ruleset->models[ruleset->placements[i].model];

		if (&ruleset->shards[ruleset->placements[i].shard] == shard &&
		    __builtin_add_overflow(sum, demand_of(model, resource), &sum))
			sum = UINT64_MAX;
	}
	return sum;
}

static int
make_loads(struct difference_maker *maker, struct quoin_shard_change *change)
{
	const struct quoin_shard *before = change->before, *after = change->after;
	size_t b = 0, a = 0, b_count = before != NULL ? before->capacity_count : 0;
	size_t a_count = after != NULL ? after->capacity_count : 0;

	change->loads = difference_take(maker, b_count + a_count, sizeof change->loads[0]);
	if (change->loads == NULL)
		return QUOIN_ENOMEM;
	while (b < b_count || a < a_count) {
		int order = b == b_count ? 1
		    : a == a_count	 ? -1
					 : strcmp(before->capacity[b].resource, after->capacity[a].resource);
		const char *resource = order < 0 ? before->capacity[b].resource : after->capacity[a].resource;
		struct quoin_load_change *load = &change->loads[change->load_count++];

		*load = (struct quoin_load_change){.resource = resource, .before = load_of(maker->before, before, resource),
		    .after = load_of(maker->after, after, resource),
		    .capacity = capacity_of(after != NULL ? after : before, resource)};
		if (__builtin_add_overflow(load->after, leaving_load(maker, change, resource), &load->during))
			load->during = UINT64_MAX;
		load->during = load->before > load->during ? load->before : load->during;
		b += order <= 0;
		a += order >= 0;
	}
	return 0;
}

int
quoin_difference_shards(struct difference_maker *maker)
{
	struct quoin_difference *difference = maker->difference;
	size_t b = 0, a = 0;

	difference->shards =
	    difference_take(maker, maker->before->shard_count + maker->after->shard_count, sizeof difference->shards[0]);
	if (difference->shards == NULL)
		return QUOIN_ENOMEM;
	while (b < maker->before->shard_count || a < maker->after->shard_count) {
		const struct quoin_shard *old = b < maker->before->shard_count ? &maker->before->shards[b] : NULL;
		const struct quoin_shard *new = a < maker->after->shard_count ? &maker->after->shards[a] : NULL;
		int order = difference_compare_next(old != NULL ? old->name : NULL, new != NULL ? new->name : NULL);
		const struct quoin_shard *named = order < 0 ? old : new;
		struct quoin_shard_change *change = &difference->shards[difference->shard_count++];

		QUOIN_ASSERT(named != NULL);
		*change = (struct quoin_shard_change){.shard = named->name,
		    .change = order < 0 ? QUOIN_CHANGE_REMOVED : order > 0 ? QUOIN_CHANGE_ADDED : QUOIN_CHANGE_CHANGED,
		    .before = order <= 0 ? old : NULL, .after = order >= 0 ? new : NULL,
		    .aspects = order == 0 && old != NULL && new != NULL ? compare_shards(old, new) : 0};
		change->is_changed = order != 0 || change->aspects != 0;
		if (make_loads(maker, change) != 0)
			return QUOIN_ENOMEM;
		b += order <= 0;
		a += order >= 0;
	}
	return 0;
}
