#include "formats/models_layout.h"
#include "formats/routes.h"
#include "lib/text.h"

struct verifier {
	struct quoin_block_look look;
	struct quoin_routes routes;
};

static int
bad(const struct verifier *verifier, const char *what)
{
	return quoin_block_bad(&verifier->look, what);
}

static bool
find_text(const struct verifier *verifier, uint32_t at, struct quoin_span *ret)
{
	return quoin_block_find_text(&verifier->look, at, ret);
}

static int
check_shard(struct verifier *verifier)
{
	const struct routes_shard *head = (const void *)verifier->look.block;
	struct quoin_span name, vip;

	if (!find_text(verifier, head->name, &name) || !quoin_name_is_valid(name) ||
	    !find_text(verifier, head->vip, &vip))
		return bad(verifier, "a text is malformed");
	return 0;
}

static int
check_model(struct verifier *verifier)
{
	const struct routes_model *head = (const void *)verifier->look.block;
	const char *name, *vip, *last = NULL;
	struct quoin_span key;
	uint64_t weight = 0;

	if (!find_text(verifier, head->routing_key, &key) || memchr(key.data, '@', key.len) == NULL)
		return bad(verifier, "the routing key is malformed");
	if (!quoin_block_has_array(verifier->look.bytes, sizeof *head, head->count, sizeof head->routes[0], 4))
		return bad(verifier, "the routes are outside");
	for (uint32_t i = 0; i < head->count; i++, last = name) {
		if (!quoin_routes_shard(&verifier->routes, head->routes[i].id, &name, &vip) ||
		    (last != NULL && strcmp(last, name) >= 0))
			return bad(verifier, "a route leads to no shard, or is out of order");
		weight += head->routes[i].weight;
	}
	return weight == QUOIN_WEIGHT_TOTAL ? 0 : bad(verifier, "its weights do not add up to 100000");
}

static int
check_order(struct verifier *verifier)
{
	const struct quoin_routes *routes = &verifier->routes;
	struct quoin_route_list list;
	const char *last = NULL;

	verifier->look.kind = "model";
	for (uint32_t i = 0; i < routes->model_count; i++, last = list.routing_key) {
		verifier->look.id = routes->models_by_key[i];
		if (!quoin_routes_model(routes, verifier->look.id, &list) ||
		    (last != NULL && strcmp(last, list.routing_key) >= 0))
			return bad(verifier, "the order is wrong");
	}
	if (quoin_places_count(&routes->models) != routes->model_count ||
	    quoin_places_count(&routes->shards) != routes->shard_count)
		return bad(verifier, "a count is wrong");
	return 0;
}

int
quoin_routes_verify(const struct quoin_image *image, struct quoin_routes *ret, struct quoin_error *err)
{
	struct verifier verifier = {.look = {.image = image, .part = "routes", .err = err, .kind = "tables"},
	    .routes = {.image = *image}};
	struct quoin_routes *routes = &verifier.routes;
	int rc = quoin_image_check_header(image, ROUTES_MAGIC, QUOIN_ROUTES_VERSION, err);

	if (rc != 0)
		return rc;
	if (quoin_image_field(image, ROUTES_SHARD_IDS) > QUOIN_SHARDS_MAX ||
	    quoin_image_field(image, ROUTES_MODEL_IDS) > QUOIN_MODELS_MAX ||
	    !quoin_image_check_places(image, quoin_image_field(image, ROUTES_SHARDS),
		quoin_image_field(image, ROUTES_SHARD_IDS), sizeof(struct routes_shard), &routes->shards) ||
	    !quoin_image_check_places(image, quoin_image_field(image, ROUTES_MODELS),
		quoin_image_field(image, ROUTES_MODEL_IDS), sizeof(struct routes_model), &routes->models) ||
	    quoin_image_block(image, quoin_image_field(image, ROUTES_MODELS_BY_KEY),
		4 * (uint64_t)quoin_image_field(image, ROUTES_MODEL_COUNT)) == NULL)
		return bad(&verifier, "the places are malformed");
	rc = quoin_routes_attach(image, routes, err);
	for (uint32_t id = 0; rc == 0 && id < routes->shards.id_count; id++) {
		if ((rc = quoin_block_enter(&verifier.look, "shard", &routes->shards, id, sizeof(struct routes_shard))) > 0)
			rc = check_shard(&verifier);
	}
	for (uint32_t id = 0; rc == 0 && id < routes->models.id_count; id++) {
		if ((rc = quoin_block_enter(&verifier.look, "model", &routes->models, id, sizeof(struct routes_model))) > 0)
			rc = check_model(&verifier);
	}
	if (rc == 0)
		rc = check_order(&verifier);
	if (rc == 0)
		*ret = *routes;
	return rc;
}

/* ---- I6 ---- */

static int
check_route(const struct quoin_models *models, const struct quoin_model_entry *model, const struct quoin_route *route,
    uint32_t index, struct quoin_error *err)
{
	struct quoin_shard_entry shard;
	struct quoin_placed placed;

	if (!quoin_models_shard(models, route->shard_id, &shard) || strcmp(shard.name, route->shard) != 0 ||
	    strcmp(shard.vip, route->vip) != 0)
		return quoin_error_set(err, QUOIN_EREFUSED, "shard %s of the routes is another one in the models part",
		    route->shard);
	placed = index < model->placed_count ? quoin_model_placed(model, index) : (struct quoin_placed){0};
	if (index >= model->placed_count || placed.shard != route->shard_id || placed.weight != route->weight)
		return quoin_error_set(err, QUOIN_EREFUSED, "%s is routed to shard %s otherwise than the models part says",
		    model->routing_key, route->shard);
	return 0;
}

int
quoin_release_images_verify(const struct quoin_rules *rules, const struct quoin_routes *routes,
    const struct quoin_models *models, struct quoin_error *err)
{
	struct quoin_model_entry model;
	struct quoin_route_list list;
	struct quoin_route route;
	const char *key;
	int rc = 0;

	for (uint32_t id = 0; rc == 0 && id < rules->models.id_count; id++) {
		key = quoin_rules_routing_key(rules, id);
		if (key == NULL)
			continue;
		if (!quoin_routes_model(routes, id, &list) || strcmp(list.routing_key, key) != 0)
			return quoin_error_set(err, QUOIN_EREFUSED, "%s has no routes", key);
		if (!quoin_models_model(models, id, &model) || strcmp(model.routing_key, key) != 0)
			return quoin_error_set(err, QUOIN_EREFUSED, "%s is not in the models part", key);
		if (list.count != model.placed_count)
			return quoin_error_set(err, QUOIN_EREFUSED, "%s has routes to %u shards and is on %u", key, list.count,
			    model.placed_count);
		for (uint32_t i = 0; rc == 0 && i < list.count; i++) {
			quoin_routes_get(routes, &list, i, &route);
			rc = check_route(models, &model, &route, i, err);
		}
	}
	if (rc == 0 && (rules->model_count != routes->model_count || rules->model_count != models->model_count))
		return quoin_error_set(err, QUOIN_EREFUSED, "rules, routes and models have %u, %u and %u models",
		    rules->model_count, routes->model_count, models->model_count);
	return rc;
}
