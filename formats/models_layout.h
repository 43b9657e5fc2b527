/*
 * The bytes of the parts models and routes, as structures that are read in place (quoin-image(5)). Inside a block every
 * place is a distance from the block's beginning. For formats/models*.c and routes*.c only.
 */
#ifndef QUOIN_FORMATS_MODELS_LAYOUT_H
#define QUOIN_FORMATS_MODELS_LAYOUT_H

#include "formats/image.h"

#define MODELS_MAGIC "QnModel\n"
enum models_field {
	MODELS_SHARDS, /* places */
	MODELS_SHARD_IDS,
	MODELS_MODELS,
	MODELS_MODEL_IDS,
	MODELS_SHARDS_BY_NAME, /* u32 ids */
	MODELS_SHARD_COUNT,
	MODELS_MODELS_BY_KEY,
	MODELS_MODEL_COUNT,
};

struct models_amount {
	uint32_t resource;
	uint32_t zero;
	uint64_t amount;
};
struct models_label {
	uint32_t key;
	uint32_t value;
};
struct models_placed {
	uint32_t id; /* of the model, in a shard's list; of the shard, in a model's */
	uint32_t weight;
};

enum models_flag {
	MODELS_DRAIN = 1,
	MODELS_HEALTH_CHECKED = 2,
};
struct models_shard {
	uint32_t bytes;
	uint32_t id;
	uint32_t name;
	uint32_t vip;
	uint32_t hosts; /* u32 places of texts, ascending */
	uint32_t host_count;
	uint32_t capacity; /* models_amount, ascending */
	uint32_t capacity_count;
	uint32_t labels; /* models_label, ascending */
	uint32_t label_count;
	uint32_t placed; /* models_placed, ascending by routing key */
	uint32_t placed_count;
	uint32_t flags;
	uint32_t zero[3];
};

struct models_model {
	uint32_t bytes;
	uint32_t id;
	uint32_t name;
	uint32_t version;
	uint32_t routing_key;
	uint32_t input_type;
	uint32_t model_type;
	uint32_t uri;
	uint32_t digest;
	uint32_t config;
	uint32_t demand; /* models_amount, ascending */
	uint32_t demand_count;
	uint32_t limits; /* models_amount, ascending */
	uint32_t limit_count;
	uint32_t placed; /* models_placed, ascending by the shards' names */
	uint32_t placed_count;
};

#define ROUTES_MAGIC "QnRoute\n"
enum routes_field {
	ROUTES_SHARDS, /* places */
	ROUTES_SHARD_IDS,
	ROUTES_MODELS,
	ROUTES_MODEL_IDS,
	ROUTES_MODELS_BY_KEY, /* u32 ids */
	ROUTES_MODEL_COUNT,
	ROUTES_SHARD_COUNT,
};
struct routes_shard {
	uint32_t bytes;
	uint32_t id;
	uint32_t name;
	uint32_t vip;
};
struct routes_model {
	uint32_t bytes;
	uint32_t id;
	uint32_t routing_key;
	uint32_t count;
	struct models_placed routes[]; /* ascending by the shards' names */
};

_Static_assert(sizeof(struct models_amount) == 16, "layout");
_Static_assert(sizeof(struct models_shard) == 64, "layout");
_Static_assert(sizeof(struct models_model) == 64, "layout");
_Static_assert(sizeof(struct routes_model) == 16, "layout");

#define MODELS_AT(block, type, at) ((const type *)(const void *)((const uint8_t *)(block) + (at)))


#endif
