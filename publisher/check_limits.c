#include "publisher/check_limits.h"

#include <stdlib.h>
#include <string.h>

#include "publisher/check_config.h"

/* ---- Rules per objective ---- */

static void
check_rule_counts(struct quoin_check_run *run)
{
	uint32_t *counts = calloc(run->objective_count + 1, sizeof *counts);

	if (counts == NULL) {
		run->is_out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < run->rule_count; i++) {
		const struct quoin_rule *rule = &run->rules[i];

		if (!run->rule_notes[i].has_kind || rule->kind == QUOIN_RULE_DEFAULT || !rule->is_enabled)
			continue;
		for (size_t j = 0; j < rule->target_count; j++) {
			if (++counts[rule->targets[j]] != QUOIN_RULES_PER_OBJECTIVE_MAX + 1)
				continue;
			quoin_problem_error(run->problems, "limit", run->rule_places[i],
			    "objective \"%s\" has more than %d enabled rules; join or disable some",
			    run->objectives[rule->targets[j]].name, QUOIN_RULES_PER_OBJECTIVE_MAX);
		}
	}
	free(counts);
}

/* ---- Attributes and constants ---- */

/* One use of an attribute in a condition; "scalar" NULL: without an equality constant. */
struct use {
	const char *attribute;
	const struct quoin_scalar *scalar;
	size_t rule;
};

struct uses {
	struct use *items;
	size_t count;
	size_t capacity;
};

static bool
add_use(struct uses *uses, struct use use)
{
	if (uses->count == uses->capacity) {
		size_t capacity = uses->capacity > 0 ? uses->capacity * 2 : 64;
		struct use *items = reallocarray(uses->items, capacity, sizeof *items);

		if (items == NULL)
			return false;
		uses->items = items;
		uses->capacity = capacity;
	}
	uses->items[uses->count++] = use;
	return true;
}

static bool
collect(struct uses *uses, const struct quoin_when *when, size_t rule)
{
	for (size_t i = 0; i < when->child_count; i++) {
		if (!collect(uses, &when->children[i], rule))
			return false;
	}
	if (when->kind != QUOIN_WHEN_LEAF)
		return true;
	if (when->op != QUOIN_OP_IN && when->op != QUOIN_OP_NOT_IN)
		return add_use(uses, (struct use){when->attribute, NULL, rule});
	for (size_t i = 0; i < when->scalar_count; i++) {
		if (!add_use(uses, (struct use){when->attribute, &when->scalars[i], rule}))
			return false;
	}
	return true;
}

static int
compare_scalars(const struct quoin_scalar *a, const struct quoin_scalar *b)
{
	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	switch (a->kind) {
	case QUOIN_SCALAR_STRING:
		return strcmp(a->string, b->string);
	case QUOIN_SCALAR_NUMBER:
		return (a->number > b->number) - (a->number < b->number);
	case QUOIN_SCALAR_BOOL:
		return (int)a->boolean - (int)b->boolean;
	}
	return 0;
}

static int
compare_uses(const void *left, const void *right)
{
	const struct use *a = left;
	const struct use *b = right;
	int order = strcmp(a->attribute, b->attribute);

	if (order == 0)
		order = compare_scalars(a->scalar, b->scalar);
	return order != 0 ? order : (a->rule > b->rule) - (a->rule < b->rule);
}

/* Count distinct attributes, and distinct constants of each, in sorted uses. */
static void
count_uses(struct quoin_check_run *run, const struct uses *uses)
{
	size_t attributes = 0, constants = 0;

	for (size_t i = 0; i < uses->count; i++) {
		const struct use *use = &uses->items[i];
		const struct use *before = i > 0 ? &uses->items[i - 1] : NULL;
		bool is_new = before == NULL || strcmp(before->attribute, use->attribute) != 0;

		if (is_new && ++attributes == QUOIN_ATTRIBUTES_MAX + 1) {
			quoin_problem_error(run->problems, "limit", run->rule_places[use->rule],
			    "conditions use more than %d different attributes, counted in the order of their names "
			    "up to \"%s\"",
			    QUOIN_ATTRIBUTES_MAX, use->attribute);
		}
		if (is_new)
			constants = 0;
		if (use->scalar != NULL && (is_new || compare_scalars(before->scalar, use->scalar) != 0))
			constants++;
		if (constants == QUOIN_CONSTANTS_PER_ATTRIBUTE_MAX + 1) {
			quoin_problem_error(run->problems, "limit", run->rule_places[use->rule],
			    "attribute \"%s\" is compared with more than %d different values; compare with "
			    "something coarser",
			    use->attribute, QUOIN_CONSTANTS_PER_ATTRIBUTE_MAX);
			constants++;
		}
	}
}

static void
check_attributes(struct quoin_check_run *run)
{
	struct uses uses = {0};

	for (size_t i = 0; i < run->rule_count && !run->is_out_of_memory; i++) {
		const struct quoin_rule *rule = &run->rules[i];

		if (rule->is_enabled && run->rule_notes[i].is_sound && rule->when != NULL &&
		    !collect(&uses, rule->when, i))
			run->is_out_of_memory = true;
	}
	if (!run->is_out_of_memory && uses.count > 0) {
		qsort(uses.items, uses.count, sizeof *uses.items, compare_uses);
		count_uses(run, &uses);
	}
	free(uses.items);
}

/* ---- Resources ---- */

/* Distinct names of resources; more than fit are counted once. */
struct resources {
	const char *names[QUOIN_RESOURCES_MAX];
	size_t count;
	bool is_over;
};

static void
count_resources(struct quoin_check_run *run, struct resources *resources, const struct quoin_amount *amounts,
    size_t count, struct quoin_place place)
{
	for (size_t i = 0; i < count && !resources->is_over; i++) {
		size_t at = 0;

		while (at < resources->count && strcmp(resources->names[at], amounts[i].resource) != 0)
			at++;
		if (at < resources->count)
			continue;
		if (at < QUOIN_RESOURCES_MAX) {
			resources->names[resources->count++] = amounts[i].resource;
			continue;
		}
		resources->is_over = true;
		quoin_problem_error(run->problems, "limit", place,
		    "\"%s\" is one resource more than the %d that a directory may name", amounts[i].resource,
		    QUOIN_RESOURCES_MAX);
	}
}

static void
check_resources(struct quoin_check_run *run)
{
	struct resources resources = {0};

	for (size_t i = 0; i < run->shard_count; i++)
		count_resources(run, &resources, run->shards[i].capacity, run->shards[i].capacity_count,
		    run->shard_places[i]);
	for (size_t i = 0; i < run->model_count; i++)
		count_resources(run, &resources, run->models[i].demand, run->models[i].demand_count,
		    run->model_places[i]);
}

void
quoin_check_limits(struct quoin_check_run *run)
{
	check_rule_counts(run);
	check_attributes(run);
	check_resources(run);
	quoin_check_configs(run);
}
