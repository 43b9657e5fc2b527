#include "formats/rules.h"

#include "formats/rules_layout.h"
#include "lib/assert.h"

int
quoin_rules_attach(const struct quoin_image *image, struct quoin_rules *ret, struct quoin_error *err)
{
	struct quoin_rules rules = {.image = *image};
	struct {
		enum rules_field place, count;
		struct quoin_places *places;
	} tables[] = {{RULES_ATTRIBUTES, RULES_ATTRIBUTE_IDS, &rules.attributes},
	    {RULES_OBJECTIVES, RULES_OBJECTIVE_IDS, &rules.objectives}, {RULES_MODELS, RULES_MODEL_IDS, &rules.models}};
	int rc = quoin_image_check_header(image, RULES_MAGIC, QUOIN_RULES_VERSION, err);

	if (rc != 0)
		return rc;
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
		quoin_places_at(image, quoin_image_field(image, tables[i].place), quoin_image_field(image, tables[i].count),
		    tables[i].places);
	rules.objective_names = quoin_image_at(image, quoin_image_field(image, RULES_OBJECTIVE_NAMES));
	rules.attribute_names = quoin_image_at(image, quoin_image_field(image, RULES_ATTRIBUTE_NAMES));
	rules.model_names = quoin_image_at(image, quoin_image_field(image, RULES_MODEL_NAMES));
	rules.objective_count = quoin_load_u32(rules.objective_names + 4);
	for (uint32_t id = 0; id < rules.attributes.id_count; id++) {
		const uint32_t place = quoin_places_get(&rules.attributes, id);

		if (place != QUOIN_PLACE_NONE)
			rules.by_attribute[id] = rules_attribute_of((const void *)quoin_image_at(image, place));
	}
	for (uint32_t id = 0; id < rules.models.id_count; id++)
		rules.model_count += rules.models.distances[id] != QUOIN_PLACE_NONE;
	rules.rule_count = quoin_image_field(image, RULES_NUMBERS);
	*ret = rules;
	return 0;
}

struct rules_key
quoin_rules_string_key(const char *string, size_t len)
{
	const uint8_t *bytes = (const uint8_t *)string;

	if (len > QUOIN_CONDITION_BYTES_MAX)
		return (struct rules_key){.form = UINT32_MAX};
	if (rules_is_word((uint32_t)len))
		return rules_word_key(bytes, (uint32_t)len);
	if (len > RULES_WHOLE_KEY_MAX)
		return (struct rules_key){.low = quoin_image_hash(bytes, len),
		    .high = quoin_load_u64(bytes + len - 8),
		    .form = RULES_FORM(QUOIN_SCALAR_STRING) | (uint32_t)len};
	return (struct rules_key){
	    .low = len == 0 ? 0 : (uint64_t)bytes[0] | (uint64_t)bytes[len / 2] << 8 | (uint64_t)bytes[len - 1] << 16,
	    .form = RULES_FORM(QUOIN_SCALAR_STRING) | (uint32_t)len};
}

uint16_t
quoin_rules_constant_find(const struct quoin_rules *rules, uint32_t attribute, struct rules_key key, const char *text)
{
	const uint32_t id = rules_constant_id(&rules->by_attribute[attribute], key);
	const struct rules_constant *slot = rules_constant_at(&rules->by_attribute[attribute], key);

	if (id == RULES_VALUE_UNKNOWN || slot->text == 0)
		return (uint16_t)id;
	return memcmp((const uint8_t *)rules->by_attribute[attribute].block + slot->text, text, key.form & UINT16_MAX) == 0
	    ? slot->id : RULES_VALUE_UNKNOWN;
}

static const uint8_t *
block_of(const struct quoin_rules *rules, const struct quoin_places *places, uint32_t id)
{
	uint32_t place = quoin_places_get(places, id);

	return place == QUOIN_PLACE_NONE ? NULL : quoin_image_at(&rules->image, place);
}

/* Walk the slots of a names table that carry the name's hash. */
static uint32_t
next_candidate(const uint8_t *table, uint32_t hash, uint32_t *slot)
{
	uint32_t slots = quoin_load_u32(table), at, id;

	for (;; (*slot)++) {
		at = *slot & (slots - 1);
		id = quoin_load_u32(table + 8 + 8 * (size_t)at + 4);
		if (id == 0)
			return QUOIN_PLACE_NONE;
		if (quoin_load_u32(table + 8 + 8 * (size_t)at) == hash) {
			(*slot)++;
			return id - 1;
		}
	}
}

static bool
text_is(const uint8_t *block, uint32_t at, uint32_t bytes, struct quoin_span name)
{
	return bytes == name.len && quoin_image_equal(block + at, name.data, bytes);
}

uint32_t
quoin_rules_objective(const struct quoin_rules *rules, struct quoin_span name)
{
	uint32_t hash = quoin_image_hash(name.data, name.len), slot = hash, id;
	const struct rules_objective *block;

	while ((id = next_candidate(rules->objective_names, hash, &slot)) != QUOIN_PLACE_NONE) {
		block = (const void *)block_of(rules, &rules->objectives, id);
		if (text_is((const uint8_t *)block, block->name, block->name_bytes, name))
			break;
	}
	return id;
}

uint32_t
quoin_rules_attribute(const struct quoin_rules *rules, struct quoin_span name)
{
	uint32_t hash = quoin_image_hash(name.data, name.len), slot = hash, id;
	const struct rules_attribute *block;

	while ((id = next_candidate(rules->attribute_names, hash, &slot)) != QUOIN_PLACE_NONE) {
		block = (const void *)block_of(rules, &rules->attributes, id);
		if (text_is((const uint8_t *)block, block->name, block->name_bytes, name))
			break;
	}
	return id;
}

/* A model is in the table under its routing key, and the current version under its name, too. */
uint32_t
quoin_rules_model(const struct quoin_rules *rules, struct quoin_span name)
{
	uint32_t hash = quoin_image_hash(name.data, name.len), slot = hash, id;
	const struct rules_model *block;

	while ((id = next_candidate(rules->model_names, hash, &slot)) != QUOIN_PLACE_NONE) {
		block = (const void *)block_of(rules, &rules->models, id);
		if (quoin_span_equal_str(name, (const char *)block + block->routing_key) ||
		    quoin_span_equal_str(name, (const char *)block + block->name))
			break;
	}
	return id;
}

const char *
quoin_rules_objective_name(const struct quoin_rules *rules, uint32_t id)
{
	const struct rules_objective *block = (const void *)block_of(rules, &rules->objectives, id);

	return block == NULL ? NULL : (const char *)block + block->name;
}

const char *
quoin_rules_attribute_name(const struct quoin_rules *rules, uint32_t id)
{
	const struct rules_attribute *block = (const void *)block_of(rules, &rules->attributes, id);

	return block == NULL ? NULL : (const char *)block + block->name;
}

const char *
quoin_rules_routing_key(const struct quoin_rules *rules, uint32_t model)
{
	const struct rules_model *block = (const void *)block_of(rules, &rules->models, model);

	return block == NULL ? NULL : (const char *)block + block->routing_key;
}

static const struct rules_objective *
objective_of(const struct quoin_rules *rules, uint32_t id)
{
	uint32_t place = quoin_places_get(&rules->objectives, id);

	QUOIN_ASSERT(place != QUOIN_PLACE_NONE);
	return (const void *)quoin_image_at(&rules->image, place);
}

uint32_t
quoin_rules_objective_rules(const struct quoin_rules *rules, uint32_t objective)
{
	return objective_of(rules, objective)->rule_count;
}

void
quoin_rules_rule(const struct quoin_rules *rules, uint32_t objective, uint32_t index, struct quoin_rule_info *ret)
{
	const struct rules_objective *block = objective_of(rules, objective);
	const struct rules_rule *rule = rules_rule_at(block, index);
	const struct rules_body *body = rules_body_at(block, index);

	ret->number = body->number;
	ret->kind = rule->kind;
	ret->name = (const char *)body + body->name;
	ret->ab_test_id = rule->ab_test_id;
}
