#include "publisher/difference.h"

#include <stdlib.h>
#include <string.h>

/* Every piece goes in with its length or as fixed bytes, so that no two inputs run together to the same stream. */
static void
add_text(struct quoin_hasher *hasher, const char *text)
{
	uint64_t bytes = text != NULL ? strlen(text) : UINT64_MAX;

	quoin_hasher_add(hasher, quoin_span_of(&bytes, sizeof bytes));
	if (text != NULL)
		quoin_hasher_add(hasher, quoin_span_str(text));
}

static void
add_number(struct quoin_hasher *hasher, uint64_t number)
{
	quoin_hasher_add(hasher, quoin_span_of(&number, sizeof number));
}

static void
add_ref(struct quoin_hasher *hasher, const struct quoin_ruleset *ruleset, const struct quoin_ref *ref)
{
	const struct quoin_model *model = &ruleset->models[ref->model];

	add_text(hasher, model->routing_key);
	add_text(hasher, model->digest);
	add_text(hasher, model->config);
	add_text(hasher, ref->config);
}

static void
add_scalar(struct quoin_hasher *hasher, const struct quoin_scalar *scalar)
{
	uint64_t bits = 0;

	if (scalar->kind == QUOIN_SCALAR_NUMBER)
		memcpy(&bits, &scalar->number, sizeof bits);
	add_number(hasher, scalar->kind);
	add_number(hasher, bits);
	add_number(hasher, scalar->kind == QUOIN_SCALAR_BOOL && scalar->boolean);
	add_text(hasher, scalar->kind == QUOIN_SCALAR_STRING ? scalar->string : NULL);
}

/* The nesting is bounded by QUOIN_NESTING_MAX. */
static void
add_when(struct quoin_hasher *hasher, const struct quoin_when *when)
{
	add_number(hasher, when->kind);
	add_number(hasher, when->child_count);
	for (size_t i = 0; i < when->child_count; i++)
		add_when(hasher, &when->children[i]);
	if (when->kind != QUOIN_WHEN_LEAF)
		return;
	add_text(hasher, when->attribute);
	add_number(hasher, when->op);
	add_number(hasher, when->scalar_count);
	for (size_t i = 0; i < when->scalar_count; i++)
		add_scalar(hasher, &when->scalars[i]);
	add_number(hasher, when->bound_count);
	for (size_t i = 0; i < when->bound_count; i++) {
		add_number(hasher, when->bounds[i].comparator);
		for (size_t k = 0; k < 4; k++)
			add_number(hasher, when->bounds[i].components[k]);
	}
}

static void
add_rule(struct quoin_hasher *hasher, const struct quoin_ruleset *ruleset, const struct quoin_rule *rule)
{
	add_number(hasher, rule->kind);
	add_text(hasher, rule->name);
	add_text(hasher, rule->config);
	add_number(hasher, rule->when != NULL);
	if (rule->when != NULL)
		add_when(hasher, rule->when);
	add_number(hasher, rule->ab_test_id);
	add_number(hasher, rule->cell_count);
	for (size_t i = 0; i < rule->cell_count; i++) {
		add_number(hasher, rule->cells[i].cell);
		add_ref(hasher, ruleset, &rule->cells[i].ref);
	}
	add_text(hasher, rule->by);
	add_text(hasher, rule->salt);
	add_number(hasher, rule->share_count);
	for (size_t i = 0; i < rule->share_count; i++) {
		add_number(hasher, rule->shares[i].key);
		add_number(hasher, rule->shares[i].share);
	}
	add_number(hasher, rule->ref_count);
	for (size_t i = 0; i < rule->ref_count; i++)
		add_ref(hasher, ruleset, &rule->refs[i]);
	add_number(hasher, rule->any_model);
	add_number(hasher, rule->callers == NULL ? UINT64_MAX : rule->caller_count);
	for (size_t i = 0; rule->callers != NULL && i < rule->caller_count; i++)
		add_text(hasher, rule->callers[i]);
}

void
quoin_difference_digest(const struct quoin_ruleset *ruleset, uint32_t index, struct quoin_hash *ret)
{
	const struct quoin_objective *objective = &ruleset->objectives[index];
	uint32_t order[QUOIN_RULES_PER_OBJECTIVE_MAX];
	size_t count = quoin_ruleset_order(ruleset, index, order);
	struct quoin_hasher hasher;

	quoin_hasher_init(&hasher);
	add_text(&hasher, objective->name);
	add_text(&hasher, objective->config);
	add_ref(&hasher, ruleset, &objective->default_ref);
	add_text(&hasher, objective->default_rule);
	add_text(&hasher, objective->default_config);
	add_number(&hasher, count);
	for (size_t i = 0; i < count; i++)
		add_rule(&hasher, ruleset, &ruleset->rules[order[i]]);
	quoin_hasher_finish(&hasher, ret);
}

static struct quoin_objective_change
change_of(enum quoin_change change, const struct quoin_objective *objective)
{
	const char *owner = objective->owner != NULL ? objective->owner : "";

	return (struct quoin_objective_change){change, objective->name, owner};
}

static bool
differs(const struct quoin_ruleset *before, uint32_t b, const struct quoin_ruleset *after, uint32_t a)
{
	struct quoin_hash old_digest, new_digest;

	quoin_difference_digest(before, b, &old_digest);
	quoin_difference_digest(after, a, &new_digest);
	return !quoin_hash_equal(&old_digest, &new_digest);
}

int
quoin_difference_objectives(const struct quoin_ruleset *before, const struct quoin_ruleset *after,
    struct quoin_objective_change **ret, size_t *ret_count)
{
	size_t b = 0, a = 0, count = 0;
	struct quoin_objective_change *changes;

	changes = calloc(before->objective_count + after->objective_count + 1, sizeof *changes);
	if (changes == NULL)
		return QUOIN_ENOMEM;
	while (b < before->objective_count || a < after->objective_count) {
		int order = b == before->objective_count ? 1
		    : a == after->objective_count	 ? -1
							 : strcmp(before->objectives[b].name, after->objectives[a].name);

		if (order < 0)
			changes[count++] = change_of(QUOIN_CHANGE_REMOVED, &before->objectives[b]);
		else if (order > 0)
			changes[count++] = change_of(QUOIN_CHANGE_ADDED, &after->objectives[a]);
		else if (differs(before, (uint32_t)b, after, (uint32_t)a))
			changes[count++] = change_of(QUOIN_CHANGE_CHANGED, &after->objectives[a]);
		b += order <= 0;
		a += order >= 0;
	}
	*ret = changes;
	*ret_count = count;
	return 0;
}

const char *
quoin_change_name(enum quoin_change change)
{
	static const char *const names[] = {"added", "removed", "changed"};

	return names[change];
}
