#include "formats/models.h"

#include <stddef.h>

#include "formats/models_layout.h"
#include "lib/assert.h"

int
quoin_models_attach(const struct quoin_image *image, struct quoin_models *ret, struct quoin_error *err)
{
	struct quoin_models models = {.image = *image};
	int rc = quoin_image_check_header(image, MODELS_MAGIC, QUOIN_MODELS_VERSION, err);

	if (rc != 0)
		return rc;
	quoin_places_at(image, quoin_image_field(image, MODELS_SHARDS), quoin_image_field(image, MODELS_SHARD_IDS),
	    &models.shards);
	quoin_places_at(image, quoin_image_field(image, MODELS_MODELS), quoin_image_field(image, MODELS_MODEL_IDS),
	    &models.models);
	models.shards_by_name = (const void *)quoin_image_at(image, quoin_image_field(image, MODELS_SHARDS_BY_NAME));
	models.models_by_key = (const void *)quoin_image_at(image, quoin_image_field(image, MODELS_MODELS_BY_KEY));
	models.shard_count = quoin_image_field(image, MODELS_SHARD_COUNT);
	models.model_count = quoin_image_field(image, MODELS_MODEL_COUNT);
	*ret = models;
	return 0;
}

/* ---- Shards ---- */

bool
quoin_models_shard(const struct quoin_models *models, uint32_t id, struct quoin_shard_entry *ret)
{
	uint32_t place = quoin_places_get(&models->shards, id);
	const struct models_shard *head;
	const uint8_t *block;

	if (place == QUOIN_PLACE_NONE)
		return false;
	block = quoin_image_at(&models->image, place);
	head = (const void *)block;
	*ret = (struct quoin_shard_entry){
	    .block = block,
	    .id = id,
	    .name = (const char *)block + head->name,
	    .vip = (const char *)block + head->vip,
	    .host_count = head->host_count,
	    .capacity_count = head->capacity_count,
	    .label_count = head->label_count,
	    .placed_count = head->placed_count,
	    .drain = (head->flags & MODELS_DRAIN) != 0,
	    .health_checked = (head->flags & MODELS_HEALTH_CHECKED) != 0,
	};
	return true;
}

void
quoin_models_shard_at(const struct quoin_models *models, uint32_t index, struct quoin_shard_entry *ret)
{
	QUOIN_ASSERT(index < models->shard_count);
	if (!quoin_models_shard(models, models->shards_by_name[index], ret))
		QUOIN_ASSERT(!"every id in the order is a shard");
}

bool
quoin_models_shard_named(const struct quoin_models *models, const char *name, struct quoin_shard_entry *ret)
{
	uint32_t id;

	return quoin_image_find(&models->image, &models->shards, models->shards_by_name, models->shard_count,
		   offsetof(struct models_shard, name), name, &id) &&
	    quoin_models_shard(models, id, ret);
}

const char *
quoin_shard_host(const struct quoin_shard_entry *shard, uint32_t index)
{
	const struct models_shard *head = (const void *)shard->block;

	QUOIN_ASSERT(index < shard->host_count);
	return (const char *)shard->block + MODELS_AT(shard->block, uint32_t, head->hosts)[index];
}

/* ---- Amounts, labels, placements ---- */

static struct quoin_amount
amount_at(const uint8_t *block, uint32_t at, uint32_t index)
{
	const struct models_amount *amount = MODELS_AT(block, struct models_amount, at) + index;

	return (struct quoin_amount){(const char *)block + amount->resource, amount->amount};
}

static uint64_t
amount_of(const uint8_t *block, uint32_t at, uint32_t count, const char *resource)
{
	struct quoin_amount amount;

	for (uint32_t i = 0; i < count; i++) {
		amount = amount_at(block, at, i);
		if (strcmp(amount.resource, resource) == 0)
			return amount.amount;
	}
	return 0;
}

struct quoin_amount
quoin_shard_capacity(const struct quoin_shard_entry *shard, uint32_t index)
{
	const struct models_shard *head = (const void *)shard->block;

	QUOIN_ASSERT(index < shard->capacity_count);
	return amount_at(shard->block, head->capacity, index);
}

struct quoin_pair
quoin_shard_label(const struct quoin_shard_entry *shard, uint32_t index)
{
	const struct models_shard *head = (const void *)shard->block;
	const struct models_label *label = MODELS_AT(shard->block, struct models_label, head->labels) + index;

	QUOIN_ASSERT(index < shard->label_count);
	return (struct quoin_pair){(const char *)shard->block + label->key, (const char *)shard->block + label->value};
}

struct quoin_placed
quoin_shard_placed(const struct quoin_shard_entry *shard, uint32_t index)
{
	const struct models_shard *head = (const void *)shard->block;
	const struct models_placed *placed = MODELS_AT(shard->block, struct models_placed, head->placed) + index;

	QUOIN_ASSERT(index < shard->placed_count);
	return (struct quoin_placed){placed->id, shard->id, placed->weight};
}

/* ---- Models ---- */

bool
quoin_models_model(const struct quoin_models *models, uint32_t id, struct quoin_model_entry *ret)
{
	uint32_t place = quoin_places_get(&models->models, id);
	const struct models_model *head;
	const char *block;

	if (place == QUOIN_PLACE_NONE)
		return false;
	block = (const char *)quoin_image_at(&models->image, place);
	head = (const void *)block;
	*ret = (struct quoin_model_entry){
	    .block = (const uint8_t *)block,
	    .id = id,
	    .name = block + head->name,
	    .version = block + head->version,
	    .routing_key = block + head->routing_key,
	    .input_type = block + head->input_type,
	    .model_type = block + head->model_type,
	    .uri = block + head->uri,
	    .digest = block + head->digest,
	    .config = block + head->config,
	    .demand_count = head->demand_count,
	    .limit_count = head->limit_count,
	    .placed_count = head->placed_count,
	};
	return true;
}

void
quoin_models_model_at(const struct quoin_models *models, uint32_t index, struct quoin_model_entry *ret)
{
	QUOIN_ASSERT(index < models->model_count);
	if (!quoin_models_model(models, models->models_by_key[index], ret))
		QUOIN_ASSERT(!"every id in the order is a model");
}

bool
quoin_models_model_named(const struct quoin_models *models, const char *routing_key, struct quoin_model_entry *ret)
{
	uint32_t id;

	return quoin_image_find(&models->image, &models->models, models->models_by_key, models->model_count,
		   offsetof(struct models_model, routing_key), routing_key, &id) &&
	    quoin_models_model(models, id, ret);
}

struct quoin_amount
quoin_model_demand(const struct quoin_model_entry *model, uint32_t index)
{
	const struct models_model *head = (const void *)model->block;

	QUOIN_ASSERT(index < model->demand_count);
	return amount_at(model->block, head->demand, index);
}

uint64_t
quoin_model_demand_of(const struct quoin_model_entry *model, const char *resource)
{
	const struct models_model *head = (const void *)model->block;

	return amount_of(model->block, head->demand, head->demand_count, resource);
}

struct quoin_amount
quoin_model_limit(const struct quoin_model_entry *model, uint32_t index)
{
	const struct models_model *head = (const void *)model->block;

	QUOIN_ASSERT(index < model->limit_count);
	return amount_at(model->block, head->limits, index);
}

struct quoin_placed
quoin_model_placed(const struct quoin_model_entry *model, uint32_t index)
{
	const struct models_model *head = (const void *)model->block;
	const struct models_placed *placed = MODELS_AT(model->block, struct models_placed, head->placed) + index;

	QUOIN_ASSERT(index < model->placed_count);
	return (struct quoin_placed){model->id, placed->id, placed->weight};
}
