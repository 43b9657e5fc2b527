#include <stdlib.h>

#include "formats/block.h"
#include "formats/models.h"
#include "formats/models_layout.h"
#include "formats/rules.h"
#include "lib/search.h"

struct encoder {
	const struct quoin_ruleset *ruleset;
	struct quoin_buf *out;
	struct block_maker block;
	uint32_t *model_ids; /* by index of the ruleset; QUOIN_PLACE_NONE: not part of the release */
	uint32_t model_id_count;
	uint32_t *shard_ids;
	uint32_t shard_id_count;
	uint32_t *by_id; /* index of the thing with each id */
	uint32_t *offsets;
	uint32_t fields[QUOIN_IMAGE_FIELDS];
};

static void
put_text(struct encoder *encoder, uint32_t field, const char *text)
{
	quoin_block_maker_refer(&encoder->block, field, quoin_block_maker_text(&encoder->block, quoin_span_str(text)));
}

static uint32_t
put_amounts(struct encoder *encoder, const struct quoin_amount *amounts, size_t count)
{
	uint32_t first = quoin_block_maker_put(&encoder->block, NULL, 0, 8), at;
	struct models_amount amount = {0};

	for (size_t i = 0; i < count; i++) {
		amount.amount = amounts[i].amount;
		at = quoin_block_maker_put(&encoder->block, &amount, sizeof amount, 8);
		put_text(encoder, at, amounts[i].resource);
	}
	return first;
}

/* ---- Shards ---- */

struct keyed {
	const char *key;
	struct models_placed placed;
};

static int
keyed_compare(const void *a, const void *b)
{
	return strcmp(((const struct keyed *)a)->key, ((const struct keyed *)b)->key);
}

static int
put_shard_models(struct encoder *encoder, uint32_t shard, struct models_shard *head)
{
	const struct quoin_ruleset *ruleset = encoder->ruleset;
	struct keyed *list;
	size_t count = 0;

	for (size_t i = 0; i < ruleset->placement_count; i++)
		count += ruleset->placements[i].shard == shard;
	list = calloc(count + 1, sizeof *list);
	if (list == NULL)
		return QUOIN_ENOMEM;
	count = 0;
	for (size_t i = 0; i < ruleset->placement_count; i++) {
		const struct quoin_placement *placement = &ruleset->placements[i];

		if (placement->shard == shard)
			list[count++] = (struct keyed){ruleset->models[placement->model].routing_key,
			    {encoder->model_ids[placement->model], placement->weight}};
	}
	qsort(list, count, sizeof *list, keyed_compare);
	head->placed_count = (uint32_t)count;
	head->placed = quoin_block_maker_put(&encoder->block, NULL, 0, 8);
	for (size_t i = 0; i < count; i++)
		quoin_block_maker_put(&encoder->block, &list[i].placed, sizeof list[i].placed, 4);
	free(list);
	return 0;
}

static int
make_shard(struct encoder *encoder, uint32_t index, uint32_t id, struct quoin_span *ret)
{
	const struct quoin_shard *shard = &encoder->ruleset->shards[index];
	struct models_shard head = {.id = id,
	    .host_count = (uint32_t)shard->host_count,
	    .capacity_count = (uint32_t)shard->capacity_count,
	    .label_count = (uint32_t)shard->label_count,
	    .flags = (shard->drain ? MODELS_DRAIN : 0u) | (shard->health_checked ? MODELS_HEALTH_CHECKED : 0u)};
	int rc;

	quoin_block_maker_reset(&encoder->block);
	quoin_block_maker_put(&encoder->block, NULL, sizeof head, 8);
	head.hosts = quoin_block_maker_put(&encoder->block, NULL, 4 * shard->host_count, 8);
	for (size_t i = 0; i < shard->host_count; i++)
		put_text(encoder, head.hosts + 4 * (uint32_t)i, shard->hosts[i]);
	head.capacity = put_amounts(encoder, shard->capacity, shard->capacity_count);
	head.labels = quoin_block_maker_put(&encoder->block, NULL, sizeof(struct models_label) * shard->label_count, 8);
	for (size_t i = 0; i < shard->label_count; i++) {
		put_text(encoder, head.labels + 8 * (uint32_t)i, shard->labels[i].key);
		put_text(encoder, head.labels + 8 * (uint32_t)i + 4, shard->labels[i].value);
	}
	rc = put_shard_models(encoder, index, &head);
	if (rc != 0)
		return rc;
	memcpy(quoin_block_maker_at(&encoder->block, 0), &head, sizeof head);
	put_text(encoder, offsetof(struct models_shard, name), shard->name);
	put_text(encoder, offsetof(struct models_shard, vip), shard->vip);
	return quoin_block_maker_finish(&encoder->block, ret);
}

/* ---- Models ---- */

static size_t
first_placement(const struct quoin_ruleset *ruleset, uint32_t model)
{
	bool found;

	return quoin_search_u32(ruleset->placements != NULL ? &ruleset->placements[0].model : NULL,
	    ruleset->placement_count, sizeof *ruleset->placements, model, &found);
}

static int
make_model(struct encoder *encoder, uint32_t index, uint32_t id, struct quoin_span *ret)
{
	const struct quoin_ruleset *ruleset = encoder->ruleset;
	const struct quoin_model *model = &ruleset->models[index];
	struct models_model head = {
	    .id = id, .demand_count = (uint32_t)model->demand_count, .limit_count = (uint32_t)model->limit_count};
	const char *texts[] = {model->name, model->version, model->routing_key, model->input_type, model->model_type,
	    model->uri, model->digest, model->config == NULL ? "{}" : model->config};
	struct models_placed placed;

	quoin_block_maker_reset(&encoder->block);
	quoin_block_maker_put(&encoder->block, NULL, sizeof head, 8);
	head.demand = put_amounts(encoder, model->demand, model->demand_count);
	head.limits = put_amounts(encoder, model->limits, model->limit_count);
	head.placed = quoin_block_maker_put(&encoder->block, NULL, 0, 8);
	for (size_t i = first_placement(ruleset, index);
	     i < ruleset->placement_count && ruleset->placements[i].model == index; i++) {
		placed.id = encoder->shard_ids[ruleset->placements[i].shard];
		placed.weight = ruleset->placements[i].weight;
		quoin_block_maker_put(&encoder->block, &placed, sizeof placed, 4);
		head.placed_count++;
	}
	memcpy(quoin_block_maker_at(&encoder->block, 0), &head, sizeof head);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		put_text(encoder, (uint32_t)(offsetof(struct models_model, name) + 4 * i), texts[i]);
	return quoin_block_maker_finish(&encoder->block, ret);
}

/* ---- The part ---- */

static int
put_things(struct encoder *encoder, const uint32_t *ids, size_t count, uint32_t id_count, uint32_t *ret_places,
    int (*make)(struct encoder *, uint32_t, uint32_t, struct quoin_span *))
{
	struct quoin_span block;
	int rc = 0;

	for (uint32_t id = 0; id < id_count; id++)
		encoder->by_id[id] = encoder->offsets[id] = QUOIN_PLACE_NONE;
	for (size_t i = 0; i < count; i++) {
		if (ids[i] != QUOIN_PLACE_NONE)
			encoder->by_id[ids[i]] = (uint32_t)i;
	}
	for (uint32_t id = 0; rc == 0 && id < id_count; id++) {
		if (encoder->by_id[id] == QUOIN_PLACE_NONE)
			continue;
		rc = make(encoder, encoder->by_id[id], id, &block);
		if (rc == 0)
			rc = quoin_image_put_block(encoder->out, block, &encoder->offsets[id]);
	}
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) the caller clears what the encoder owns */
	return rc != 0 ? rc : quoin_image_put_places(encoder->out, encoder->offsets, id_count, ret_places);
}

struct order {
	const char *key;
	uint32_t id;
};

static int
order_compare(const void *a, const void *b)
{
	return strcmp(((const struct order *)a)->key, ((const struct order *)b)->key);
}

/* The ids of things ascending by key, as a block. */
static int
put_order(struct quoin_buf *out, struct order *order, size_t count, uint32_t *ret_offset)
{
	uint32_t *ids = calloc(count + 1, sizeof *ids);
	int rc;

	if (ids == NULL)
		return QUOIN_ENOMEM;
	qsort(order, count, sizeof *order, order_compare);
	for (size_t i = 0; i < count; i++)
		ids[i] = order[i].id;
	rc = quoin_image_put_block(out, quoin_span_of(ids, count * sizeof *ids), ret_offset);
	free(ids);
	return rc;
}

static int
put_orders(struct encoder *encoder)
{
	const struct quoin_ruleset *ruleset = encoder->ruleset;
	struct order *order = calloc(ruleset->model_count + ruleset->shard_count + 1, sizeof *order);
	size_t count = 0;
	int rc;

	if (order == NULL)
		return QUOIN_ENOMEM;
	for (size_t i = 0; i < ruleset->shard_count; i++)
		order[i] = (struct order){ruleset->shards[i].name, encoder->shard_ids[i]};
	rc = put_order(encoder->out, order, ruleset->shard_count, &encoder->fields[MODELS_SHARDS_BY_NAME]);
	for (size_t i = 0; i < ruleset->model_count; i++) {
		if (encoder->model_ids[i] != QUOIN_PLACE_NONE)
			order[count++] = (struct order){ruleset->models[i].routing_key, encoder->model_ids[i]};
	}
	if (rc == 0)
		rc = put_order(encoder->out, order, count, &encoder->fields[MODELS_MODELS_BY_KEY]);
	encoder->fields[MODELS_SHARD_COUNT] = (uint32_t)ruleset->shard_count;
	encoder->fields[MODELS_MODEL_COUNT] = (uint32_t)count;
	free(order);
	return rc;
}

static int
number(struct encoder *encoder, const struct quoin_rules *rules, const struct quoin_models *base,
    struct quoin_error *err)
{
	const struct quoin_ruleset *ruleset = encoder->ruleset;
	struct quoin_shard_entry shard;
	uint32_t most;
	int rc;

	encoder->model_ids = calloc(ruleset->model_count + 1, sizeof *encoder->model_ids);
	encoder->shard_ids = calloc(ruleset->shard_count + 1, sizeof *encoder->shard_ids);
	if (encoder->model_ids == NULL || encoder->shard_ids == NULL)
		return QUOIN_ENOMEM;
	encoder->model_id_count = rules->models.id_count;
	for (size_t i = 0; i < ruleset->model_count; i++) {
		encoder->model_ids[i] = QUOIN_PLACE_NONE;
		if (!ruleset->models[i].is_used)
			continue;
		encoder->model_ids[i] = quoin_rules_model(rules, quoin_span_str(ruleset->models[i].routing_key));
		if (encoder->model_ids[i] == QUOIN_PLACE_NONE)
			return quoin_error_set(err, QUOIN_ECORRUPT, "model %s is not in the rules part",
			    ruleset->models[i].routing_key);
	}
	for (size_t i = 0; i < ruleset->shard_count; i++)
		encoder->shard_ids[i] = base != NULL && quoin_models_shard_named(base, ruleset->shards[i].name, &shard)
		    ? shard.id
		    : QUOIN_PLACE_NONE;
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) the caller clears what the encoder owns */
	rc = quoin_image_assign_ids(encoder->shard_ids, ruleset->shard_count, 0, encoder->shard_ids,
	    &encoder->shard_id_count);
	most = encoder->model_id_count > encoder->shard_id_count ? encoder->model_id_count : encoder->shard_id_count;
	encoder->by_id = calloc((size_t)most + 1, sizeof *encoder->by_id);
	encoder->offsets = calloc((size_t)most + 1, sizeof *encoder->offsets);
	return rc == 0 && (encoder->by_id == NULL || encoder->offsets == NULL) ? QUOIN_ENOMEM : rc;
}

static int
open_inputs(struct quoin_span rules, struct quoin_span base, struct quoin_rules *ret_rules,
    struct quoin_models *ret_base, struct quoin_error *err)
{
	struct quoin_image image;
	int rc = quoin_image_of(rules, &image, err);

	if (rc == 0)
		rc = quoin_rules_verify(&image, ret_rules, err);
	if (rc != 0 || base.len == 0)
		return rc;
	rc = quoin_image_of(base, &image, err);
	return rc == 0 ? quoin_models_verify(&image, ret_base, err) : rc;
}

int
quoin_models_encode(const struct quoin_ruleset *ruleset, struct quoin_span rules, struct quoin_span base,
    struct quoin_buf *out, struct quoin_error *err)
{
	struct encoder encoder = {.ruleset = ruleset, .out = out};
	struct quoin_models base_models;
	struct quoin_rules rules_part;
	int rc = open_inputs(rules, base, &rules_part, &base_models, err);

	quoin_block_maker_init(&encoder.block);
	if (rc == 0)
		rc = number(&encoder, &rules_part, base.len > 0 ? &base_models : NULL, err);
	if (rc == 0)
		rc = quoin_buf_put_zeros(out, QUOIN_IMAGE_HEADER_BYTES);
	if (rc == 0)
		rc = put_things(&encoder, encoder.shard_ids, ruleset->shard_count, encoder.shard_id_count,
		    &encoder.fields[MODELS_SHARDS], make_shard);
	if (rc == 0)
		rc = put_things(&encoder, encoder.model_ids, ruleset->model_count, encoder.model_id_count,
		    &encoder.fields[MODELS_MODELS], make_model);
	if (rc == 0)
		rc = put_orders(&encoder);
	encoder.fields[MODELS_SHARD_IDS] = encoder.shard_id_count;
	encoder.fields[MODELS_MODEL_IDS] = encoder.model_id_count;
	if (rc == 0)
		quoin_image_finish(out, MODELS_MAGIC, QUOIN_MODELS_VERSION, encoder.fields);
	else if (err != NULL && err->code != rc)
		quoin_error_set(err, rc, "the models part cannot be made: %s", quoin_error_text(rc));
	quoin_block_maker_clear(&encoder.block);
	free(encoder.model_ids);
	free(encoder.shard_ids);
	free(encoder.by_id);
	free(encoder.offsets);
	return rc;
}
