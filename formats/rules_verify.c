/*
 * What a reader of a rules part relies on, checked once. Everything reachable is looked at: after this, resolving
 * follows places without a look.
 */
#include "formats/rules_verify.h"

/* Every id in a names table is that of a thing. */
static int
check_names(struct rules_verifier *verifier, enum rules_field field, const char *kind, const struct quoin_places *places,
    uint32_t *ret_used)
{
	const uint8_t *table = quoin_image_check_names(verifier->image, quoin_image_field(verifier->image, field));
	uint32_t slots, id;

	verifier->kind = kind;
	verifier->id = 0;
	if (table == NULL)
		return bad(verifier, "the table of names is malformed");
	slots = quoin_load_u32(table);
	*ret_used = quoin_load_u32(table + 4);
	for (uint32_t i = 0; i < slots; i++) {
		id = quoin_load_u32(table + 8 + 8 * (size_t)i + 4);
		if (id != 0 && quoin_places_get(places, id - 1) == QUOIN_PLACE_NONE)
			return bad(verifier, "a name leads nowhere");
	}
	return 0;
}

/* ---- Attributes ---- */

static bool
constant_is_sound(const struct rules_verifier *verifier, const struct rules_attribute *head,
    const struct rules_constant *slot)
{
	const uint32_t len = slot->form & UINT16_MAX;
	struct rules_key key;
	double number;

	if (slot->id < RULES_VALUE_FIRST || slot->id >= head->id_limit || slot->zero[0] != 0 || slot->zero[1] != 0 ||
	    slot->zero[2] != 0)
		return false;
	switch (slot->form - len) {
	case RULES_FORM(QUOIN_SCALAR_STRING):
		if (len <= RULES_WHOLE_KEY_MAX)
			return slot->text == 0;
		if (len > QUOIN_CONDITION_BYTES_MAX || slot->text == 0 || !has_text(verifier, slot->text, len))
			return false;
		key = quoin_rules_string_key((const char *)verifier->block + slot->text, len);
		return slot->low == key.low && slot->high == key.high && slot->form == key.form;
	case RULES_FORM(QUOIN_SCALAR_NUMBER):
		memcpy(&number, &slot->low, sizeof number);
		return slot->text == 0 && len == sizeof number && slot->high == 0 && number == number;
	case RULES_FORM(QUOIN_SCALAR_BOOL):
		return slot->text == 0 && len == 1 && slot->low <= 1 && slot->high == 0;
	default:
		return false;
	}
}

/* Each is where its key leads to. */
static int
check_constants(struct rules_verifier *verifier, const struct rules_attribute *head)
{
	const struct quoin_rules_attribute attribute = rules_attribute_of(head);
	uint64_t seen[(RULES_VALUES_MAX + 63) / 64] = {0};
	const struct rules_constant *slot;
	uint32_t count = 0;

	for (uint32_t i = 0; i < head->shift_count; i++) {
		if (attribute.shifts[i] > RULES_SHIFT_MAX)
			return bad(verifier, "the table of constants is malformed");
	}
	for (uint32_t i = 0; i < head->slot_count; i++) {
		slot = &attribute.slots[i];
		if (slot->form == 0 && slot->id == 0)
			continue;
		if (!constant_is_sound(verifier, head, slot))
			return bad(verifier, "a constant is malformed");
		if (rules_constant_at(&attribute, (struct rules_key){slot->low, slot->high, slot->form}) != slot)
			return bad(verifier, "a constant cannot be found");
		if ((seen[slot->id / 64] >> slot->id % 64 & 1) != 0)
			return bad(verifier, "two constants have one id");
		seen[slot->id / 64] |= (uint64_t)1 << slot->id % 64;
		count++;
	}
	return count == head->constant_count ? 0 : bad(verifier, "the number of constants is wrong");
}

static int
check_attribute(struct rules_verifier *verifier)
{
	const struct rules_attribute *head = (const void *)verifier->block;
	struct quoin_span name = quoin_span_of(verifier->block + head->name, head->name_bytes);

	if (!has_text(verifier, head->name, head->name_bytes) || head->name_bytes > QUOIN_NAME_BYTES_MAX)
		return bad(verifier, "the name is malformed");
	if (quoin_rules_attribute(&verifier->rules, name) != verifier->id ||
	    head->mark != rules_name_mark((const char *)name.data))
		return bad(verifier, "the name cannot be found");
	if (head->id_limit < RULES_VALUE_FIRST || head->id_limit > RULES_VALUES_MAX || head->slot_count == 0 ||
	    (head->slot_count & (head->slot_count - 1)) != 0 || head->shift_count == 0 ||
	    (head->shift_count & (head->shift_count - 1)) != 0 || head->zero != 0 ||
	    !has_array(verifier, head->slots, head->slot_count, sizeof(struct rules_constant), 16) ||
	    !has_array(verifier, head->shifts, head->shift_count, 1, 1))
		return bad(verifier, "the table of constants is malformed");
	return check_constants(verifier, head);
}

static int
check_attributes(struct rules_verifier *verifier)
{
	const struct quoin_places *places = &verifier->rules.attributes;
	const struct rules_attribute *head;
	uint32_t used = 0;
	int rc = check_names(verifier, RULES_ATTRIBUTE_NAMES, "attribute", places, &used);

	if (rc == 0 && used != quoin_places_count(places))
		rc = bad(verifier, "the table of names has another number of entries");
	/* Finding one name may compare with any other: all names first. */
	for (uint32_t id = 0; rc == 0 && id < places->id_count; id++) {
		if ((rc = enter_block(verifier, "attribute", places, id)) <= 0)
			continue;
		head = (const void *)verifier->block;
		rc = has_text(verifier, head->name, head->name_bytes) ? 0 : bad(verifier, "the name is malformed");
	}
	for (uint32_t id = 0; rc == 0 && id < places->id_count; id++) {
		if ((rc = enter_block(verifier, "attribute", places, id)) > 0)
			rc = check_attribute(verifier);
	}
	return rc;
}

/* ---- Models ---- */

static int
check_model_texts(struct rules_verifier *verifier)
{
	const struct rules_model *head = (const void *)verifier->block;
	struct quoin_span name, version, key, types[2];

	if (!find_name(verifier, head->name, &name) || !find_name(verifier, head->version, &version) ||
	    !find_text(verifier, head->routing_key, &key) || !find_text(verifier, head->input_type, &types[0]) ||
	    !find_text(verifier, head->model_type, &types[1]) || head->is_current > 1)
		return bad(verifier, "a text is malformed");
	if (key.len != name.len + 1 + version.len || memcmp(key.data, name.data, name.len) != 0 ||
	    key.data[name.len] != '@' || memcmp(key.data + name.len + 1, version.data, version.len) != 0)
		return bad(verifier, "the routing key is not name@version");
	return 0;
}

static int
check_models(struct rules_verifier *verifier)
{
	const struct quoin_places *places = &verifier->rules.models;
	const struct rules_model *head;
	uint32_t used = 0, wanted = 0;
	int rc = check_names(verifier, RULES_MODEL_NAMES, "model", places, &used);

	for (uint32_t id = 0; rc == 0 && id < places->id_count; id++) {
		if ((rc = enter_block(verifier, "model", places, id)) > 0)
			rc = check_model_texts(verifier);
	}
	for (uint32_t id = 0; rc == 0 && id < places->id_count; id++) {
		if ((rc = enter_block(verifier, "model", places, id)) <= 0)
			continue;
		head = (const void *)verifier->block;
		wanted += 1 + head->is_current;
		rc = 0;
		if (quoin_rules_model(&verifier->rules,
			quoin_span_str((const char *)verifier->block + head->routing_key)) != id ||
		    (head->is_current != 0 &&
			quoin_rules_model(&verifier->rules, quoin_span_str((const char *)verifier->block + head->name)) !=
			    id))
			rc = bad(verifier, "its names cannot be found");
	}
	if (rc == 0 && used != wanted)
		rc = bad(verifier, "the table of names has another number of entries");
	return rc;
}

/* ---- Objectives and the whole ---- */

static int
check_objectives(struct rules_verifier *verifier)
{
	const struct quoin_places *places = &verifier->rules.objectives;
	const struct rules_objective *head;
	uint32_t used = 0;
	int rc = check_names(verifier, RULES_OBJECTIVE_NAMES, "objective", places, &used);

	if (rc == 0 && used != quoin_places_count(places))
		rc = bad(verifier, "the table of names has another number of entries");
	for (uint32_t id = 0; rc == 0 && id < places->id_count; id++) {
		if ((rc = enter_block(verifier, "objective", places, id)) <= 0)
			continue;
		head = (const void *)verifier->block;
		rc = has_text(verifier, head->name, head->name_bytes) ? 0 : bad(verifier, "the name is malformed");
	}
	for (uint32_t id = 0; rc == 0 && id < places->id_count; id++) {
		if ((rc = enter_block(verifier, "objective", places, id)) > 0)
			rc = quoin_rules_verify_objective(verifier);
	}
	return rc;
}

int
quoin_rules_verify(const struct quoin_image *image, struct quoin_rules *ret, struct quoin_error *err)
{
	struct rules_verifier verifier = {.image = image, .err = err, .kind = "tables", .rules = {.image = *image}};
	int rc = quoin_image_check_header(image, RULES_MAGIC, QUOIN_RULES_VERSION, err);

	if (rc != 0)
		return rc;
	if (quoin_image_field(image, RULES_ATTRIBUTE_IDS) > QUOIN_RULES_ATTRIBUTES_MAX ||
	    quoin_image_field(image, RULES_OBJECTIVE_IDS) > QUOIN_OBJECTIVES_MAX ||
	    quoin_image_field(image, RULES_MODEL_IDS) > QUOIN_MODELS_MAX ||
	    quoin_image_field(image, RULES_NUMBERS) > QUOIN_OBJECTIVES_MAX * (QUOIN_RULES_PER_OBJECTIVE_MAX + 1) + 1)
		return bad(&verifier, "a count is over its limit");
	if (!quoin_image_check_places(image, quoin_image_field(image, RULES_ATTRIBUTES),
		quoin_image_field(image, RULES_ATTRIBUTE_IDS), sizeof(struct rules_attribute), &verifier.rules.attributes) ||
	    !quoin_image_check_places(image, quoin_image_field(image, RULES_OBJECTIVES),
		quoin_image_field(image, RULES_OBJECTIVE_IDS), sizeof(struct rules_objective), &verifier.rules.objectives) ||
	    !quoin_image_check_places(image, quoin_image_field(image, RULES_MODELS),
		quoin_image_field(image, RULES_MODEL_IDS), sizeof(struct rules_model), &verifier.rules.models) ||
	    quoin_image_check_names(image, quoin_image_field(image, RULES_OBJECTIVE_NAMES)) == NULL ||
	    quoin_image_check_names(image, quoin_image_field(image, RULES_ATTRIBUTE_NAMES)) == NULL ||
	    quoin_image_check_names(image, quoin_image_field(image, RULES_MODEL_NAMES)) == NULL)
		return bad(&verifier, "the places are malformed");
	rc = quoin_rules_attach(image, &verifier.rules, err);
	if (rc == 0)
		rc = check_attributes(&verifier);
	if (rc == 0)
		rc = check_models(&verifier);
	if (rc == 0)
		rc = check_objectives(&verifier);
	if (rc == 0)
		*ret = verifier.rules;
	return rc;
}
