/*
 * Routes: the part that says to which shard VIPs a routing key leads, and with which weights, as a flat image
 * (quoin-image(5), "The routes part"). Ids of models and shards are those of the parts rules and models.
 */
#ifndef QUOIN_FORMATS_ROUTES_H
#define QUOIN_FORMATS_ROUTES_H

#include "formats/image.h"
#include "formats/models.h"

#define QUOIN_ROUTES_VERSION 1
#define QUOIN_WEIGHT_TOTAL   100000

/* A verified (or trusted) routes part. Plain memory, borrows the image's segments, nothing to free. */
struct quoin_routes {
	struct quoin_image image;
	struct quoin_places shards;
	struct quoin_places models;
	const uint32_t *models_by_key; /* ids, ascending by the bytes of the routing key: the order of walks */
	uint32_t shard_count;
	uint32_t model_count;
};

/* Append the part: what routers need of the new release's models part. 0, QUOIN_ELIMIT, QUOIN_ECORRUPT, QUOIN_ENOMEM. */
int quoin_routes_encode(struct quoin_span models, struct quoin_buf *out, struct quoin_error *err);
/* As for rules: verify everything and attach; or attach to what was verified before. */
int quoin_routes_verify(const struct quoin_image *image, struct quoin_routes *ret, struct quoin_error *err);
int quoin_routes_attach(const struct quoin_image *image, struct quoin_routes *ret, struct quoin_error *err);

/* The routes of one model, by value; the block is the image's. */
struct quoin_route_list {
	const uint8_t *block;
	const char *routing_key;
	uint32_t count; /* routes, ascending by shard name, weight 0 (loaded without traffic) included */
};
bool quoin_routes_model(const struct quoin_routes *routes, uint32_t model, struct quoin_route_list *ret);
bool quoin_routes_named(const struct quoin_routes *routes, const char *routing_key, struct quoin_route_list *ret);
void quoin_routes_model_at(const struct quoin_routes *routes, uint32_t index, struct quoin_route_list *ret);

struct quoin_route {
	const char *shard;
	const char *vip;
	uint32_t weight; /* of QUOIN_WEIGHT_TOTAL */
	uint32_t shard_id;
};
void quoin_routes_get(const struct quoin_routes *routes, const struct quoin_route_list *list, uint32_t index,
    struct quoin_route *ret);
/* The route that "number", spread over all of u32, falls on by weight. False when the list has no traffic. */
bool quoin_routes_pick(const struct quoin_routes *routes, const struct quoin_route_list *list, uint32_t number,
    struct quoin_route *ret);

/* All shards: "id" 0..shards.id_count-1, false for holes. */
bool quoin_routes_shard(const struct quoin_routes *routes, uint32_t id, const char **ret_name, const char **ret_vip);

/*
 * I6, the closed world of one release: every routing key of "rules" has routes, every model behind it is in "models"
 * under the same id, and every route's shard there holds it with the same VIP. QUOIN_EREFUSED with what is missing.
 */
int quoin_release_images_verify(const struct quoin_rules *rules, const struct quoin_routes *routes,
    const struct quoin_models *models, struct quoin_error *err);

#endif
