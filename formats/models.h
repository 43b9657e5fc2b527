/*
 * Models: the part that says what each shard must load and what it can carry, as a flat image (quoin-image(5), "The
 * models part"). Read by the gate, serving agents and tools. Holds the model versions of the release, no others.
 *
 * Ids of models are those of the rules part; ids of shards are kept from base to new release.
 */
#ifndef QUOIN_FORMATS_MODELS_H
#define QUOIN_FORMATS_MODELS_H

#include "formats/image.h"
#include "formats/rules.h"
#include "formats/ruleset.h"

#define QUOIN_MODELS_VERSION 1

/* A verified (or trusted) models part. Plain memory, borrows the image's segments, nothing to free. */
struct quoin_models {
	struct quoin_image image;
	struct quoin_places shards;
	struct quoin_places models;
	const uint32_t *shards_by_name; /* ids, ascending by name: the order of walks */
	const uint32_t *models_by_key;	/* ids, ascending by the bytes of the routing key */
	uint32_t shard_count;
	uint32_t model_count;
};

/* Append the part. "rules" is the new release's rules part (for the ids of models), "base" the base release's models
 * part or empty. Returns 0, QUOIN_ELIMIT, QUOIN_ECORRUPT, QUOIN_ENOMEM. */
int quoin_models_encode(const struct quoin_ruleset *ruleset, struct quoin_span rules, struct quoin_span base,
    struct quoin_buf *out, struct quoin_error *err);
/* As for rules: verify everything and attach; or attach to what was verified before. */
int quoin_models_verify(const struct quoin_image *image, struct quoin_models *ret, struct quoin_error *err);
int quoin_models_attach(const struct quoin_image *image, struct quoin_models *ret, struct quoin_error *err);

/* A shard, by value; strings and block are the image's. */
struct quoin_shard_entry {
	const uint8_t *block;
	uint32_t id;
	const char *name;
	const char *vip;
	uint32_t host_count;
	uint32_t capacity_count;
	uint32_t label_count;
	uint32_t placed_count; /* models on it */
	bool drain;
	bool health_checked;
};
/* By position in name order, 0..shard_count-1. */
void quoin_models_shard_at(const struct quoin_models *models, uint32_t index, struct quoin_shard_entry *ret);
/* By id or name; false if there is none. */
bool quoin_models_shard(const struct quoin_models *models, uint32_t id, struct quoin_shard_entry *ret);
bool quoin_models_shard_named(const struct quoin_models *models, const char *name, struct quoin_shard_entry *ret);
/* Ascending; index below host_count, …. */
const char *quoin_shard_host(const struct quoin_shard_entry *shard, uint32_t index);
struct quoin_amount quoin_shard_capacity(const struct quoin_shard_entry *shard, uint32_t index);
struct quoin_pair quoin_shard_label(const struct quoin_shard_entry *shard, uint32_t index);

struct quoin_placed {
	uint32_t model; /* of a shard's list: id of the model */
	uint32_t shard; /* of a model's list: id of the shard */
	uint32_t weight;
};
/* The models placed on the shard, ascending by routing key. */
struct quoin_placed quoin_shard_placed(const struct quoin_shard_entry *shard, uint32_t index);

struct quoin_model_entry {
	const uint8_t *block;
	uint32_t id;
	const char *name;
	const char *version;
	const char *routing_key;
	const char *input_type;
	const char *model_type;
	const char *uri;
	const char *digest;
	const char *config; /* canonical JSON object; "{}" if none */
	uint32_t demand_count;
	uint32_t limit_count;
	uint32_t placed_count;
};
/* By position in the order of routing keys, 0..model_count-1. */
void quoin_models_model_at(const struct quoin_models *models, uint32_t index, struct quoin_model_entry *ret);
bool quoin_models_model(const struct quoin_models *models, uint32_t id, struct quoin_model_entry *ret);
bool quoin_models_model_named(const struct quoin_models *models, const char *routing_key,
    struct quoin_model_entry *ret);
struct quoin_amount quoin_model_demand(const struct quoin_model_entry *model, uint32_t index);
struct quoin_amount quoin_model_limit(const struct quoin_model_entry *model, uint32_t index);
/* 0 if the model does not name this resource. */
uint64_t quoin_model_demand_of(const struct quoin_model_entry *model, const char *resource);
/* The shards that it is on, ascending by name. */
struct quoin_placed quoin_model_placed(const struct quoin_model_entry *model, uint32_t index);

#endif
