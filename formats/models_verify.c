#include <stdlib.h>

#include "formats/models.h"
#include "formats/models_layout.h"
#include "formats/routes.h"
#include "lib/text.h"

struct verifier {
	struct quoin_block_look look;
	struct quoin_models models;
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

static bool
has_array(const struct verifier *verifier, uint32_t at, uint64_t count, size_t size, uint32_t align)
{
	return quoin_block_has_array(verifier->look.bytes, at, count, (uint32_t)size, align);
}

static bool
amounts_are_sound(const struct verifier *verifier, uint32_t at, uint32_t count)
{
	const struct models_amount *amounts = MODELS_AT(verifier->look.block, struct models_amount, at);
	struct quoin_span name, last = {0};

	if (!has_array(verifier, at, count, sizeof *amounts, 8))
		return false;
	for (uint32_t i = 0; i < count; i++, last = name) {
		if (amounts[i].zero != 0 || !find_text(verifier, amounts[i].resource, &name) ||
		    (i > 0 && quoin_span_compare(last, name) >= 0))
			return false;
	}
	return true;
}

static bool
placements_are_inside(const struct verifier *verifier, uint32_t at, uint32_t count, const struct quoin_places *places)
{
	const struct models_placed *placed = MODELS_AT(verifier->look.block, struct models_placed, at);

	if (!has_array(verifier, at, count, sizeof *placed, 4))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (quoin_places_get(places, placed[i].id) == QUOIN_PLACE_NONE || placed[i].weight > QUOIN_WEIGHT_TOTAL)
			return false;
	}
	return true;
}

/* ---- Shards ---- */

static bool
hosts_are_sound(const struct verifier *verifier, const struct models_shard *head)
{
	const uint32_t *hosts = MODELS_AT(head, uint32_t, head->hosts);
	struct quoin_span name, last = {0};

	if (!has_array(verifier, head->hosts, head->host_count, sizeof *hosts, 4) ||
	    head->host_count > QUOIN_SHARD_HOSTS_MAX)
		return false;
	for (uint32_t i = 0; i < head->host_count; i++, last = name) {
		if (!find_text(verifier, hosts[i], &name) || !quoin_name_is_valid(name) ||
		    (i > 0 && quoin_span_compare(last, name) >= 0))
			return false;
	}
	return true;
}

static bool
labels_are_sound(const struct verifier *verifier, const struct models_shard *head)
{
	const struct models_label *labels = MODELS_AT(head, struct models_label, head->labels);
	struct quoin_span key, value, last = {0};

	if (!has_array(verifier, head->labels, head->label_count, sizeof *labels, 4))
		return false;
	for (uint32_t i = 0; i < head->label_count; i++, last = key) {
		if (!find_text(verifier, labels[i].key, &key) || !find_text(verifier, labels[i].value, &value) ||
		    (i > 0 && quoin_span_compare(last, key) >= 0))
			return false;
	}
	return true;
}

static int
check_shard(struct verifier *verifier)
{
	const struct models_shard *head = (const void *)verifier->look.block;
	struct quoin_span name, vip;

	if (!find_text(verifier, head->name, &name) || !quoin_name_is_valid(name) ||
	    !find_text(verifier, head->vip, &vip))
		return bad(verifier, "a text is malformed");
	if (!hosts_are_sound(verifier, head))
		return bad(verifier, "the hosts are malformed");
	if (!labels_are_sound(verifier, head) || !amounts_are_sound(verifier, head->capacity, head->capacity_count) ||
	    (head->flags & ~(uint32_t)(MODELS_DRAIN | MODELS_HEALTH_CHECKED)) != 0 || head->zero[0] != 0 ||
	    head->zero[1] != 0 || head->zero[2] != 0)
		return bad(verifier, "its labels or capacity are malformed");
	if (!placements_are_inside(verifier, head->placed, head->placed_count, &verifier->models.models))
		return bad(verifier, "its models are malformed");
	return 0;
}

/* ---- Models ---- */

static int
check_model(struct verifier *verifier)
{
	const struct models_model *head = (const void *)verifier->look.block;
	const uint32_t texts[] = {head->input_type, head->model_type, head->uri, head->digest, head->config};
	const struct models_placed *placed = MODELS_AT(head, struct models_placed, head->placed);
	struct quoin_span name, version, key, text;
	uint64_t weight = 0;

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		if (!find_text(verifier, texts[i], &text))
			return bad(verifier, "a text is malformed");
	}
	if (!find_text(verifier, head->name, &name) || !quoin_name_is_valid(name) ||
	    !find_text(verifier, head->version, &version) || !quoin_name_is_valid(version) ||
	    !find_text(verifier, head->routing_key, &key) || key.len != name.len + 1 + version.len ||
	    memcmp(key.data, name.data, name.len) != 0 || key.data[name.len] != '@' ||
	    memcmp(key.data + name.len + 1, version.data, version.len) != 0)
		return bad(verifier, "its name is malformed");
	if (!amounts_are_sound(verifier, head->demand, head->demand_count) ||
	    !amounts_are_sound(verifier, head->limits, head->limit_count))
		return bad(verifier, "its amounts are malformed");
	if (!placements_are_inside(verifier, head->placed, head->placed_count, &verifier->models.shards))
		return bad(verifier, "its shards are malformed");
	for (uint32_t i = 0; i < head->placed_count; i++)
		weight += placed[i].weight;
	return weight == QUOIN_WEIGHT_TOTAL ? 0 : bad(verifier, "its weights do not add up to 100000");
}

/* ---- Both together ---- */

/* "order" holds every thing once, ascending by its key. */
static int
check_order(struct verifier *verifier, const char *kind, const struct quoin_places *places, const uint32_t *order,
    uint32_t count, uint32_t key_field)
{
	const uint8_t *block;
	const char *key, *last = NULL;
	uint32_t things = 0, place;

	verifier->look.kind = kind;
	for (uint32_t id = 0; id < places->id_count; id++)
		things += places->distances[id] != QUOIN_PLACE_NONE;
	for (uint32_t i = 0; i < count; i++, last = key) {
		verifier->look.id = order[i];
		place = quoin_places_get(places, order[i]);
		if (place == QUOIN_PLACE_NONE)
			return bad(verifier, "the order names what does not exist");
		block = quoin_image_at(&verifier->models.image, place);
		key = (const char *)block + quoin_load_u32(block + key_field);
		if (last != NULL && strcmp(last, key) >= 0)
			return bad(verifier, "is out of order");
	}
	return things == count ? 0 : bad(verifier, "the order does not name all");
}

/* Where a shard's list has this model. The list ascends by routing key. */
static const struct models_placed *
placed_on(const struct quoin_models *models, uint32_t shard, const char *key, uint32_t model)
{
	const struct models_shard *head =
	    (const void *)quoin_image_at(&models->image, quoin_places_get(&models->shards, shard));
	const struct models_placed *placed = MODELS_AT(head, struct models_placed, head->placed);
	struct quoin_model_entry entry;
	uint32_t low = 0, high = head->placed_count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		quoin_models_model(models, placed[middle].id, &entry);
		if (strcmp(entry.routing_key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < head->placed_count && placed[low].id == model ? &placed[low] : NULL;
}

/* Both lists of placements say the same, in order. */
static int
check_placements(struct verifier *verifier)
{
	const struct quoin_models *models = &verifier->models;
	const struct models_placed *there;
	struct quoin_shard_entry shard;
	struct quoin_model_entry model;
	struct quoin_placed placed;
	uint64_t here = 0, both = 0;
	const char *last;

	verifier->look.kind = "shard";
	for (uint32_t i = 0; i < models->shard_count; i++, here += shard.placed_count) {
		quoin_models_shard_at(models, i, &shard);
		verifier->look.id = shard.id;
		last = NULL;
		for (uint32_t k = 0; k < shard.placed_count; k++, last = model.routing_key) {
			quoin_models_model(models, quoin_shard_placed(&shard, k).model, &model);
			if (last != NULL && strcmp(last, model.routing_key) >= 0)
				return bad(verifier, "its models are out of order");
		}
	}
	verifier->look.kind = "model";
	for (uint32_t i = 0; i < models->model_count; i++) {
		quoin_models_model_at(models, i, &model);
		verifier->look.id = model.id;
		last = NULL;
		for (uint32_t k = 0; k < model.placed_count; k++, both++, last = shard.name) {
			placed = quoin_model_placed(&model, k);
			quoin_models_shard(models, placed.shard, &shard);
			there = placed_on(models, placed.shard, model.routing_key, model.id);
			if (there == NULL || there->weight != placed.weight || (last != NULL && strcmp(last, shard.name) >= 0))
				return bad(verifier, "its shards do not agree about it");
		}
	}
	return here == both ? 0 : bad(verifier, "a shard lists more than the models do");
}

int
quoin_models_verify(const struct quoin_image *image, struct quoin_models *ret, struct quoin_error *err)
{
	struct verifier verifier = {.look = {.image = image, .part = "models", .err = err, .kind = "tables"},
	    .models = {.image = *image}};
	struct quoin_models *models = &verifier.models;
	uint32_t shard_count, model_count;
	int rc = quoin_image_check_header(image, MODELS_MAGIC, QUOIN_MODELS_VERSION, err);

	if (rc != 0)
		return rc;
	shard_count = quoin_image_field(image, MODELS_SHARD_COUNT);
	model_count = quoin_image_field(image, MODELS_MODEL_COUNT);
	if (quoin_image_field(image, MODELS_SHARD_IDS) > QUOIN_SHARDS_MAX ||
	    quoin_image_field(image, MODELS_MODEL_IDS) > QUOIN_MODELS_MAX ||
	    !quoin_image_check_places(image, quoin_image_field(image, MODELS_SHARDS),
		quoin_image_field(image, MODELS_SHARD_IDS), sizeof(struct models_shard), &models->shards) ||
	    !quoin_image_check_places(image, quoin_image_field(image, MODELS_MODELS),
		quoin_image_field(image, MODELS_MODEL_IDS), sizeof(struct models_model), &models->models) ||
	    quoin_image_block(image, quoin_image_field(image, MODELS_SHARDS_BY_NAME), 4 * (uint64_t)shard_count) == NULL ||
	    quoin_image_block(image, quoin_image_field(image, MODELS_MODELS_BY_KEY), 4 * (uint64_t)model_count) == NULL)
		return bad(&verifier, "the places are malformed");
	rc = quoin_models_attach(image, models, err);
	for (uint32_t id = 0; rc == 0 && id < models->shards.id_count; id++) {
		if ((rc = quoin_block_enter(&verifier.look, "shard", &models->shards, id, sizeof(struct models_shard))) > 0)
			rc = check_shard(&verifier);
	}
	for (uint32_t id = 0; rc == 0 && id < models->models.id_count; id++) {
		if ((rc = quoin_block_enter(&verifier.look, "model", &models->models, id, sizeof(struct models_model))) > 0)
			rc = check_model(&verifier);
	}
	if (rc == 0)
		rc = check_order(&verifier, "shard", &models->shards, models->shards_by_name, shard_count,
		    offsetof(struct models_shard, name));
	if (rc == 0)
		rc = check_order(&verifier, "model", &models->models, models->models_by_key, model_count,
		    offsetof(struct models_model, routing_key));
	if (rc == 0)
		rc = check_placements(&verifier);
	if (rc == 0)
		*ret = *models;
	return rc;
}
