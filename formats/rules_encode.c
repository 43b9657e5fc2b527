#include <stdlib.h>
#include <string.h>

#include "formats/rules_constants.h"
#include "formats/rules_objective.h"

struct encoder {
	const struct quoin_ruleset *ruleset;
	const struct quoin_rules *base; /* or NULL */
	struct rules_ids ids;
	struct quoin_rule_order order;
	struct block_maker block;
	struct quoin_name *names;
	uint32_t *offsets;
	uint32_t *by_id; /* index of the thing with each id */
	struct quoin_buf *out;
	uint32_t fields[QUOIN_IMAGE_FIELDS];
};

static uint32_t
max3(uint32_t a, uint32_t b, uint32_t c)
{
	return a > b ? (a > c ? a : c) : b > c ? b : c;
}

static void
index_ids(struct encoder *encoder, const uint32_t *ids, size_t count, uint32_t id_count)
{
	for (uint32_t id = 0; id < id_count; id++)
		encoder->by_id[id] = encoder->offsets[id] = QUOIN_PLACE_NONE;
	for (size_t i = 0; i < count; i++) {
		if (ids[i] != QUOIN_PLACE_NONE)
			encoder->by_id[ids[i]] = (uint32_t)i;
	}
}

/* ---- Attributes ---- */

static int
make_attribute(struct encoder *encoder, const struct rules_attribute_ids *attribute, struct quoin_span *ret)
{
	const struct quoin_rules *base = encoder->base;
	struct rules_attribute head = {.id = attribute->id,
	    .name_bytes = (uint32_t)strlen(attribute->name),
	    .constant_count = (uint32_t)attribute->constant_count,
	    .id_limit = attribute->id_limit,
	    .mark = rules_name_mark(attribute->name)};
	int rc;

	quoin_block_maker_reset(&encoder->block);
	quoin_block_maker_put(&encoder->block, NULL, sizeof head, 16);
	rc = quoin_rules_constants_put(attribute,
	    base != NULL && head.id < base->attributes.id_count ? base->by_attribute[head.id].block : NULL, &encoder->block,
	    &head);
	if (rc != 0)
		return rc;
	memcpy(quoin_block_maker_at(&encoder->block, 0), &head, sizeof head);
	quoin_block_maker_refer(&encoder->block, offsetof(struct rules_attribute, name),
	    quoin_block_maker_text(&encoder->block, quoin_span_str(attribute->name)));
	return quoin_block_maker_finish(&encoder->block, ret);
}

static int
encode_attributes(struct encoder *encoder)
{
	const struct rules_ids *ids = &encoder->ids;
	uint32_t numbers[QUOIN_RULES_ATTRIBUTES_MAX];
	struct quoin_span block;
	int rc = 0;

	for (size_t i = 0; i < ids->attribute_count; i++) {
		numbers[i] = ids->attributes[i].id;
		encoder->names[i] = (struct quoin_name){quoin_span_str(ids->attributes[i].name), numbers[i]};
	}
	index_ids(encoder, numbers, ids->attribute_count, ids->attribute_id_count);
	for (uint32_t id = 0; rc == 0 && id < ids->attribute_id_count; id++) {
		if (encoder->by_id[id] == QUOIN_PLACE_NONE)
			continue;
		rc = make_attribute(encoder, &ids->attributes[encoder->by_id[id]], &block);
		if (rc == 0)
			rc = quoin_image_put_block(encoder->out, block, &encoder->offsets[id]);
	}
	if (rc != 0)
		return rc;
	encoder->fields[RULES_ATTRIBUTE_IDS] = ids->attribute_id_count;
	quoin_image_put_places(encoder->out, encoder->offsets, ids->attribute_id_count,
	    &encoder->fields[RULES_ATTRIBUTES]);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) the caller clears what the encoder owns */
	return quoin_image_put_names(encoder->out, encoder->names, ids->attribute_count,
	    &encoder->fields[RULES_ATTRIBUTE_NAMES]);
}

/* ---- Models ---- */

static int
make_model(struct encoder *encoder, const struct quoin_model *model, uint32_t id, struct quoin_span *ret)
{
	struct rules_model head = {.id = id, .is_current = model->is_current};
	const char *texts[] = {model->name, model->version, model->routing_key, model->input_type, model->model_type};

	quoin_block_maker_reset(&encoder->block);
	quoin_block_maker_put(&encoder->block, &head, sizeof head, 16);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		quoin_block_maker_refer(&encoder->block, (uint32_t)(offsetof(struct rules_model, name) + 4 * i),
		    quoin_block_maker_text(&encoder->block, quoin_span_str(texts[i])));
	return quoin_block_maker_finish(&encoder->block, ret);
}

static int
encode_models(struct encoder *encoder)
{
	const struct quoin_ruleset *ruleset = encoder->ruleset;
	const struct rules_ids *ids = &encoder->ids;
	const struct quoin_model *model;
	struct quoin_span block;
	size_t names = 0;
	int rc = 0;

	index_ids(encoder, ids->models, ruleset->model_count, ids->model_id_count);
	for (uint32_t id = 0; rc == 0 && id < ids->model_id_count; id++) {
		if (encoder->by_id[id] == QUOIN_PLACE_NONE)
			continue;
		model = &ruleset->models[encoder->by_id[id]];
		encoder->names[names++] = (struct quoin_name){quoin_span_str(model->routing_key), id};
		if (model->is_current)
			encoder->names[names++] = (struct quoin_name){quoin_span_str(model->name), id};
		rc = make_model(encoder, model, id, &block);
		if (rc == 0)
			rc = quoin_image_put_block(encoder->out, block, &encoder->offsets[id]);
	}
	if (rc != 0)
		return rc;
	encoder->fields[RULES_MODEL_IDS] = ids->model_id_count;
	quoin_image_put_places(encoder->out, encoder->offsets, ids->model_id_count, &encoder->fields[RULES_MODELS]);
	return quoin_image_put_names(encoder->out, encoder->names, names, &encoder->fields[RULES_MODEL_NAMES]);
}

/* ---- Objectives ---- */

static int
encode_objectives(struct encoder *encoder, struct quoin_error *err)
{
	const struct quoin_ruleset *ruleset = encoder->ruleset;
	const struct rules_ids *ids = &encoder->ids;
	struct rules_objective_maker *maker = NULL;
	struct quoin_span block;
	size_t names = 0;
	uint32_t index;
	int rc = quoin_rules_objective_maker_new(ruleset, ids, &maker);

	index_ids(encoder, ids->objectives, ruleset->objective_count, ids->objective_id_count);
	for (uint32_t id = 0; rc == 0 && id < ids->objective_id_count; id++) {
		index = encoder->by_id[id];
		if (index == QUOIN_PLACE_NONE)
			continue;
		encoder->names[names++] = (struct quoin_name){quoin_span_str(ruleset->objectives[index].name), id};
		rc = quoin_rules_objective_make(maker, index, encoder->order.rules[index], encoder->order.counts[index], &block,
		    err);
		if (rc == 0)
			rc = quoin_image_put_block(encoder->out, block, &encoder->offsets[id]);
	}
	quoin_rules_objective_maker_free(maker);
	if (rc != 0)
		return rc;
	encoder->fields[RULES_OBJECTIVE_IDS] = ids->objective_id_count;
	quoin_image_put_places(encoder->out, encoder->offsets, ids->objective_id_count,
	    &encoder->fields[RULES_OBJECTIVES]);
	return quoin_image_put_names(encoder->out, encoder->names, names, &encoder->fields[RULES_OBJECTIVE_NAMES]);
}

/* ---- The part ---- */

static int
encoder_init(struct encoder *encoder, struct quoin_error *err)
{
	const struct quoin_ruleset *ruleset = encoder->ruleset;
	const struct rules_ids *ids = &encoder->ids;
	size_t most;
	int rc;

	quoin_block_maker_init(&encoder->block);
	rc = quoin_rules_ids_make(ruleset, encoder->base, &encoder->ids, err);
	if (rc == 0)
		rc = quoin_ruleset_order_all(ruleset, &encoder->order);
	if (rc != 0)
		return rc;
	most = (size_t)max3(ids->attribute_id_count, ids->model_id_count, ids->objective_id_count) + 1;
	encoder->names = calloc(2 * most, sizeof *encoder->names);
	encoder->offsets = calloc(most, sizeof *encoder->offsets);
	encoder->by_id = calloc(most, sizeof *encoder->by_id);
	return encoder->names == NULL || encoder->offsets == NULL || encoder->by_id == NULL ? QUOIN_ENOMEM : 0;
}

static void
encoder_clear(struct encoder *encoder)
{
	quoin_rules_ids_clear(&encoder->ids);
	quoin_rule_order_clear(&encoder->order);
	quoin_block_maker_clear(&encoder->block);
	free(encoder->names);
	free(encoder->offsets);
	free(encoder->by_id);
}

int
quoin_rules_encode(const struct quoin_ruleset *ruleset, struct quoin_span base, struct quoin_buf *out,
    struct quoin_error *err)
{
	struct encoder encoder = {.ruleset = ruleset, .out = out};
	struct quoin_rules base_rules;
	struct quoin_image image;
	int rc = 0;

	if (base.len > 0) {
		rc = quoin_image_of(base, &image, err);
		if (rc == 0)
			rc = quoin_rules_verify(&image, &base_rules, err);
		if (rc != 0) {
			quoin_error_prefix(err, "the base's rules part");
			return rc;
		}
	}
	if (base.len > 0)
		encoder.base = &base_rules;
	rc = encoder_init(&encoder, err);
	if (rc == 0)
		rc = quoin_buf_put_zeros(out, QUOIN_IMAGE_HEADER_BYTES);
	if (rc == 0)
		rc = encode_attributes(&encoder);
	if (rc == 0)
		rc = encode_models(&encoder);
	if (rc == 0)
		rc = encode_objectives(&encoder, err);
	if (rc == 0) {
		encoder.fields[RULES_NUMBERS] = encoder.ids.number_count;
		quoin_image_finish(out, RULES_MAGIC, QUOIN_RULES_VERSION, encoder.fields);
	}
	encoder_clear(&encoder);
	if (rc != 0 && err != NULL && err->code != rc)
		quoin_error_set(err, rc, "the rules part cannot be made: %s", quoin_error_text(rc));
	return rc;
}
