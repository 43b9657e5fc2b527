#include "formats/rules_ids.h"

#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"

struct rules_key
quoin_rules_scalar_key(const struct quoin_scalar *scalar)
{
	switch (scalar->kind) {
	case QUOIN_SCALAR_STRING:
		return quoin_rules_string_key(scalar->string, strlen(scalar->string));
	case QUOIN_SCALAR_NUMBER:
		return rules_number_constant_key(scalar->number == 0 ? 0 : scalar->number);
	default:
		return rules_bool_key(scalar->boolean);
	}
}

static int
scalar_compare(const struct quoin_scalar *a, const struct quoin_scalar *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->kind == QUOIN_SCALAR_STRING)
		return strcmp(a->string, b->string);
	if (a->kind == QUOIN_SCALAR_NUMBER)
		return (a->number > b->number) - (a->number < b->number);
	return (int)a->boolean - (int)b->boolean;
}

static int
constant_compare(const void *a, const void *b)
{
	const struct rules_constant_id *one = a, *two = b;
	int order = strcmp(one->attribute, two->attribute);

	if (order != 0)
		return order;
	if (one->scalar == NULL || two->scalar == NULL)
		return (one->scalar != NULL) - (two->scalar != NULL);
	return scalar_compare(one->scalar, two->scalar);
}

/* ---- Collecting what rules mention ---- */

struct collection {
	struct rules_constant_id *items;
	size_t count;
	size_t cap;
	bool is_full; /* no memory */
};

static void
collect(struct collection *all, const char *attribute, const struct quoin_scalar *scalar)
{
	struct rules_constant_id *items;

	if (all->is_full)
		return;
	if (all->count == all->cap) {
		all->cap = all->cap == 0 ? 256 : all->cap * 2;
		items = realloc(all->items, all->cap * sizeof *items);
		if (items == NULL) {
			all->is_full = true;
			return;
		}
		all->items = items;
	}
	all->items[all->count++] = (struct rules_constant_id){attribute, scalar, 0};
}

static void
collect_when(struct collection *all, const struct quoin_when *when)
{
	for (size_t i = 0; i < when->child_count; i++)
		collect_when(all, &when->children[i]);
	if (when->kind != QUOIN_WHEN_LEAF)
		return;
	collect(all, when->attribute, NULL);
	if (when->op != QUOIN_OP_IN && when->op != QUOIN_OP_NOT_IN)
		return;
	for (size_t i = 0; i < when->scalar_count; i++)
		collect(all, when->attribute, &when->scalars[i]);
}

static bool
rule_is_compiled(const struct quoin_rule *rule)
{
	return rule->is_enabled && rule->kind != QUOIN_RULE_ROUTE;
}

static int
collect_rules(const struct quoin_ruleset *ruleset, struct rules_ids *ids)
{
	struct collection all = {0};
	size_t kept = 0;

	for (size_t i = 0; i < ruleset->rule_count; i++) {
		const struct quoin_rule *rule = &ruleset->rules[i];

		if (!rule_is_compiled(rule) || rule->kind == QUOIN_RULE_DEFAULT)
			continue;
		if (rule->when != NULL)
			collect_when(&all, rule->when);
		if (rule->share_count > 0)
			collect(&all, rule->by, NULL);
	}
	ids->constants = all.items;
	if (all.is_full)
		return QUOIN_ENOMEM;
	if (all.count > 0)
		qsort(all.items, all.count, sizeof *all.items, constant_compare);
	for (size_t i = 0; i < all.count; i++) {
		if (kept == 0 || constant_compare(&all.items[kept - 1], &all.items[i]) != 0)
			all.items[kept++] = all.items[i];
	}
	ids->constant_count = kept;
	return 0;
}

/* ---- Numbers ---- */

static int
number_constants(struct rules_attribute_ids *attribute, struct rules_constant_id *constants,
    const struct quoin_rules *base, uint32_t base_id)
{
	uint32_t *known = calloc(2 * attribute->constant_count + 1, sizeof *known);
	uint32_t *numbers = known == NULL ? NULL : known + attribute->constant_count;
	struct rules_key key;
	int rc;

	if (known == NULL)
		return QUOIN_ENOMEM;
	QUOIN_ASSERT(attribute->constant_count == 0 || constants != NULL);
	for (size_t i = 0; i < attribute->constant_count; i++) {
		known[i] = QUOIN_PLACE_NONE;
		if (base_id == QUOIN_PLACE_NONE)
			continue;
		key = quoin_rules_scalar_key(constants[i].scalar);
		known[i] = quoin_rules_constant_find(base, base_id, key, constants[i].scalar->string);
		known[i] = known[i] == RULES_VALUE_UNKNOWN ? QUOIN_PLACE_NONE : known[i];
	}
	QUOIN_ASSERT(numbers != NULL);
	rc = quoin_image_assign_ids(known, attribute->constant_count, RULES_VALUE_FIRST, numbers, &attribute->id_limit);
	for (size_t i = 0; rc == 0 && i < attribute->constant_count; i++)
		constants[i].id = numbers[i]; /* NOLINT(clang-analyzer-core.NullDereference) asserted above */
	free(known);
	return rc;
}

/* The attributes, each a run of the constants that begins with its bare mention. */
static int
number_attributes(struct rules_ids *ids, const struct quoin_rules *base, struct quoin_error *err)
{
	uint32_t known[QUOIN_RULES_ATTRIBUTES_MAX], numbers[QUOIN_RULES_ATTRIBUTES_MAX];
	struct rules_attribute_ids *attribute = NULL;
	int rc;

	ids->attributes = calloc(QUOIN_RULES_ATTRIBUTES_MAX, sizeof *ids->attributes);
	if (ids->attributes == NULL)
		return QUOIN_ENOMEM;
	for (size_t i = 0; i < ids->constant_count; i++) {
		if (ids->constants[i].scalar != NULL) {
			QUOIN_ASSERT(attribute != NULL);
			attribute->constant_count++;
			continue;
		}
		if (ids->attribute_count == QUOIN_RULES_ATTRIBUTES_MAX)
			return quoin_error_set(err, QUOIN_ELIMIT, "rules use more than %d attributes",
			    QUOIN_RULES_ATTRIBUTES_MAX);
		attribute = &ids->attributes[ids->attribute_count++];
		attribute->name = ids->constants[i].attribute;
		attribute->constants = &ids->constants[i + 1];
	}
	for (size_t i = 0; i < ids->attribute_count; i++) {
		attribute = &ids->attributes[i];
		if (attribute->constant_count > QUOIN_CONSTANTS_PER_ATTRIBUTE_MAX)
			return quoin_error_set(err, QUOIN_ELIMIT, "attribute %s is compared with %zu constants; at most %d",
			    attribute->name, attribute->constant_count, QUOIN_CONSTANTS_PER_ATTRIBUTE_MAX);
		known[i] = base == NULL ? QUOIN_PLACE_NONE
					: quoin_rules_attribute(base, quoin_span_str(attribute->name));
		rc = number_constants(attribute, ids->constants + (attribute->constants - ids->constants), base, known[i]);
		if (rc != 0)
			return rc;
	}
	rc = quoin_image_assign_ids(known, ids->attribute_count, 0, numbers, &ids->attribute_id_count);
	for (size_t i = 0; rc == 0 && i < ids->attribute_count; i++)
		ids->attributes[i].id = numbers[i];
	return rc;
}

static int
number_models(const struct quoin_ruleset *ruleset, const struct quoin_rules *base, struct rules_ids *ids)
{
	uint32_t *known = calloc(2 * ruleset->model_count + 1, sizeof *known);
	uint32_t *numbers = known == NULL ? NULL : known + ruleset->model_count;
	size_t used = 0, at = 0;
	int rc;

	ids->models = calloc(ruleset->model_count + 1, sizeof *ids->models);
	if (known == NULL || ids->models == NULL) {
		free(known);
		return QUOIN_ENOMEM;
	}
	for (size_t i = 0; i < ruleset->model_count; i++) {
		const struct quoin_model *model = &ruleset->models[i];

		if (model->is_used)
			known[used++] = base == NULL ? QUOIN_PLACE_NONE
						     : quoin_rules_model(base, quoin_span_str(model->routing_key));
	}
	rc = quoin_image_assign_ids(known, used, 0, numbers, &ids->model_id_count);
	for (size_t i = 0; i < ruleset->model_count; i++)
		ids->models[i] = ruleset->models[i].is_used ? numbers[at++] : QUOIN_PLACE_NONE;
	free(known);
	return rc;
}

static int
number_objectives(const struct quoin_ruleset *ruleset, const struct quoin_rules *base, struct rules_ids *ids)
{
	uint32_t *known = calloc(ruleset->objective_count + 1, sizeof *known);
	int rc;

	ids->objectives = calloc(ruleset->objective_count + 1, sizeof *ids->objectives);
	if (known == NULL || ids->objectives == NULL) {
		free(known);
		return QUOIN_ENOMEM;
	}
	for (size_t i = 0; i < ruleset->objective_count; i++)
		known[i] = base == NULL
		    ? QUOIN_PLACE_NONE
		    : quoin_rules_objective(base, quoin_span_str(ruleset->objectives[i].name));
	rc = quoin_image_assign_ids(known, ruleset->objective_count, 0, ids->objectives, &ids->objective_id_count);
	free(known);
	return rc;
}

/* ---- Rule numbers: the base keeps them only inside its objectives ---- */

struct known_rule {
	const char *name;
	uint32_t number;
};

static int
known_rule_compare(const void *a, const void *b)
{
	return strcmp(((const struct known_rule *)a)->name, ((const struct known_rule *)b)->name);
}

static int
known_rules(const struct quoin_rules *base, struct known_rule **ret, size_t *ret_count)
{
	struct quoin_rule_info info;
	struct known_rule *known;
	size_t count = 0, taken = 0;

	for (uint32_t id = 0; base != NULL && id < base->objectives.id_count; id++)
		count += quoin_rules_objective_name(base, id) == NULL ? 0 : quoin_rules_objective_rules(base, id) + 1;
	known = calloc(count + 1, sizeof *known);
	if (known == NULL)
		return QUOIN_ENOMEM;
	for (uint32_t id = 0; base != NULL && id < base->objectives.id_count; id++) {
		if (quoin_rules_objective_name(base, id) == NULL)
			continue;
		for (uint32_t i = 0; i <= quoin_rules_objective_rules(base, id); i++) {
			quoin_rules_rule(base, id, i, &info);
			known[taken++] = (struct known_rule){info.name, info.number};
		}
	}
	qsort(known, taken, sizeof *known, known_rule_compare);
	*ret = known;
	*ret_count = taken;
	return 0;
}

static int
number_rules(const struct quoin_ruleset *ruleset, const struct quoin_rules *base, struct rules_ids *ids)
{
	struct known_rule *known = NULL, wanted, *found;
	uint32_t *before = calloc(2 * ruleset->rule_count + 1, sizeof *before);
	uint32_t *numbers = before == NULL ? NULL : before + ruleset->rule_count;
	size_t known_count = 0, used = 0, at = 0;
	int rc = QUOIN_ENOMEM;

	ids->numbers = calloc(ruleset->rule_count + 1, sizeof *ids->numbers);
	if (before == NULL || ids->numbers == NULL)
		goto out;
	rc = known_rules(base, &known, &known_count);
	if (rc != 0)
		goto out;
	for (size_t i = 0; i < ruleset->rule_count; i++) {
		if (!rule_is_compiled(&ruleset->rules[i]))
			continue;
		wanted.name = ruleset->rules[i].name;
		found = known_count == 0 ? NULL
					 : bsearch(&wanted, known, known_count, sizeof *known, known_rule_compare);
		before[used++] = found == NULL ? QUOIN_PLACE_NONE : found->number;
	}
	rc = quoin_image_assign_ids(before, used, 1, numbers, &ids->number_count);
	for (size_t i = 0; rc == 0 && i < ruleset->rule_count; i++)
		ids->numbers[i] = rule_is_compiled(&ruleset->rules[i]) ? numbers[at++] : 0;
out:
	free(known);
	free(before);
	return rc;
}

int
quoin_rules_ids_make(const struct quoin_ruleset *ruleset, const struct quoin_rules *base, struct rules_ids *ret,
    struct quoin_error *err)
{
	int rc;

	*ret = (struct rules_ids){0};
	rc = collect_rules(ruleset, ret);
	if (rc == 0)
		rc = number_attributes(ret, base, err);
	if (rc == 0)
		rc = number_models(ruleset, base, ret);
	if (rc == 0)
		rc = number_objectives(ruleset, base, ret);
	if (rc == 0)
		rc = number_rules(ruleset, base, ret);
	return rc;
}

void
quoin_rules_ids_clear(struct rules_ids *ids)
{
	free(ids->constants);
	free(ids->attributes);
	free(ids->models);
	free(ids->objectives);
	free(ids->numbers);
	*ids = (struct rules_ids){0};
}

const struct rules_attribute_ids *
quoin_rules_ids_attribute(const struct rules_ids *ids, const char *name)
{
	size_t low = 0, high = ids->attribute_count, middle;

	while (low + 1 < high) {
		middle = (low + high) / 2;
		if (strcmp(ids->attributes[middle].name, name) <= 0)
			low = middle;
		else
			high = middle;
	}
	QUOIN_ASSERT(high > 0 && strcmp(ids->attributes[low].name, name) == 0);
	return &ids->attributes[low];
}

uint32_t
quoin_rules_ids_value(const struct rules_attribute_ids *attribute, const struct quoin_scalar *scalar)
{
	size_t low = 0, high = attribute->constant_count, middle;

	while (low + 1 < high) {
		middle = (low + high) / 2;
		if (scalar_compare(attribute->constants[middle].scalar, scalar) <= 0)
			low = middle;
		else
			high = middle;
	}
	QUOIN_ASSERT(high > 0 && scalar_compare(attribute->constants[low].scalar, scalar) == 0);
	return attribute->constants[low].id;
}
