#include "formats/routes.h"

#include <stddef.h>

#include "formats/models_layout.h"
#include "lib/assert.h"

int
quoin_routes_attach(const struct quoin_image *image, struct quoin_routes *ret, struct quoin_error *err)
{
	struct quoin_routes routes = {.image = *image};
	int rc = quoin_image_check_header(image, ROUTES_MAGIC, QUOIN_ROUTES_VERSION, err);

	if (rc != 0)
		return rc;
	quoin_places_at(image, quoin_image_field(image, ROUTES_SHARDS), quoin_image_field(image, ROUTES_SHARD_IDS),
	    &routes.shards);
	quoin_places_at(image, quoin_image_field(image, ROUTES_MODELS), quoin_image_field(image, ROUTES_MODEL_IDS),
	    &routes.models);
	routes.models_by_key = (const void *)quoin_image_at(image, quoin_image_field(image, ROUTES_MODELS_BY_KEY));
	routes.model_count = quoin_image_field(image, ROUTES_MODEL_COUNT);
	routes.shard_count = quoin_image_field(image, ROUTES_SHARD_COUNT);
	*ret = routes;
	return 0;
}

bool
quoin_routes_model(const struct quoin_routes *routes, uint32_t model, struct quoin_route_list *ret)
{
	uint32_t place = quoin_places_get(&routes->models, model);
	const struct routes_model *head;

	if (place == QUOIN_PLACE_NONE)
		return false;
	head = (const void *)quoin_image_at(&routes->image, place);
	ret->block = (const uint8_t *)head;
	ret->routing_key = (const char *)head + head->routing_key;
	ret->count = head->count;
	return true;
}

void
quoin_routes_model_at(const struct quoin_routes *routes, uint32_t index, struct quoin_route_list *ret)
{
	QUOIN_ASSERT(index < routes->model_count);
	if (!quoin_routes_model(routes, routes->models_by_key[index], ret))
		QUOIN_ASSERT(!"every id in the order is a model");
}

bool
quoin_routes_named(const struct quoin_routes *routes, const char *routing_key, struct quoin_route_list *ret)
{
	uint32_t id;

	return quoin_image_find(&routes->image, &routes->models, routes->models_by_key, routes->model_count,
		   offsetof(struct routes_model, routing_key), routing_key, &id) &&
	    quoin_routes_model(routes, id, ret);
}

bool
quoin_routes_shard(const struct quoin_routes *routes, uint32_t id, const char **ret_name, const char **ret_vip)
{
	uint32_t place = quoin_places_get(&routes->shards, id);
	const struct routes_shard *head;

	if (place == QUOIN_PLACE_NONE)
		return false;
	head = (const void *)quoin_image_at(&routes->image, place);
	*ret_name = (const char *)head + head->name;
	*ret_vip = (const char *)head + head->vip;
	return true;
}

void
quoin_routes_get(const struct quoin_routes *routes, const struct quoin_route_list *list, uint32_t index,
    struct quoin_route *ret)
{
	const struct routes_model *head = (const void *)list->block;

	QUOIN_ASSERT(index < list->count);
	ret->shard_id = head->routes[index].id;
	ret->weight = head->routes[index].weight;
	if (!quoin_routes_shard(routes, ret->shard_id, &ret->shard, &ret->vip))
		QUOIN_ASSERT(!"every route leads to a shard");
}

bool
quoin_routes_pick(const struct quoin_routes *routes, const struct quoin_route_list *list, uint32_t number,
    struct quoin_route *ret)
{
	const struct routes_model *head = (const void *)list->block;
	uint32_t ball = (uint32_t)((uint64_t)number * QUOIN_WEIGHT_TOTAL >> 32), sum = 0;

	for (uint32_t i = 0; i < list->count; i++) {
		sum += head->routes[i].weight;
		if (ball < sum) {
			quoin_routes_get(routes, list, i, ret);
			return true;
		}
	}
	return false;
}
