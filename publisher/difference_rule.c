#include <string.h>

#include "publisher/difference.h"

bool
quoin_texts_equal(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool
quoin_scalars_equal(const struct quoin_scalar *a, const struct quoin_scalar *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case QUOIN_SCALAR_STRING:
		return strcmp(a->string, b->string) == 0;
	case QUOIN_SCALAR_NUMBER:
		return a->number == b->number;
	default:
		return a->boolean == b->boolean;
	}
}

static bool
leaves_equal(const struct quoin_when *a, const struct quoin_when *b)
{
	if (strcmp(a->attribute, b->attribute) != 0 || a->op != b->op || a->scalar_count != b->scalar_count ||
	    a->bound_count != b->bound_count)
		return false;
	for (size_t i = 0; i < a->scalar_count; i++)
		if (!quoin_scalars_equal(&a->scalars[i], &b->scalars[i]))
			return false;
	for (size_t i = 0; i < a->bound_count; i++)
		if (a->bounds[i].comparator != b->bounds[i].comparator ||
		    memcmp(a->bounds[i].components, b->bounds[i].components, sizeof a->bounds[i].components) != 0)
			return false;
	return true;
}

/* The nesting is bounded by QUOIN_NESTING_MAX. */
bool
quoin_whens_equal(const struct quoin_when *a, const struct quoin_when *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	if (a->kind != b->kind || a->child_count != b->child_count)
		return false;
	if (a->kind == QUOIN_WHEN_LEAF)
		return leaves_equal(a, b);
	for (size_t i = 0; i < a->child_count; i++)
		if (!quoin_whens_equal(&a->children[i], &b->children[i]))
			return false;
	return true;
}

static bool
models_equal(const struct quoin_ruleset *before, uint32_t a, const struct quoin_ruleset *after, uint32_t b)
{
	return strcmp(before->models[a].routing_key, after->models[b].routing_key) == 0 &&
	    strcmp(before->models[a].digest, after->models[b].digest) == 0;
}

static bool
ref_configs_equal(const struct quoin_ruleset *before, const struct quoin_ref *a, const struct quoin_ruleset *after,
    const struct quoin_ref *b)
{
	return quoin_texts_equal(a->config, b->config) &&
	    quoin_texts_equal(before->models[a->model].config, after->models[b->model].config);
}

bool
quoin_difference_refs_equal(const struct quoin_ruleset *before, const struct quoin_ref *ref_before,
    const struct quoin_ruleset *after, const struct quoin_ref *ref_after)
{
	return models_equal(before, ref_before->model, after, ref_after->model) &&
	    ref_configs_equal(before, ref_before, after, ref_after);
}

/* Which models, for which cell or range; and whether their configs differ while the models are the same. */
static uint32_t
compare_refs(const struct quoin_ruleset *before, const struct quoin_rule *a, const struct quoin_ruleset *after,
    const struct quoin_rule *b)
{
	const uint32_t models = 1u << QUOIN_ASPECT_MODELS;
	uint32_t aspects = 0;

	if (a->cell_count != b->cell_count || a->ref_count != b->ref_count || a->any_model != b->any_model)
		return models;
	for (size_t i = 0; i < a->cell_count; i++) {
		if (a->cells[i].cell != b->cells[i].cell ||
		    !models_equal(before, a->cells[i].ref.model, after, b->cells[i].ref.model))
			return models;
		if (!ref_configs_equal(before, &a->cells[i].ref, after, &b->cells[i].ref))
			aspects |= 1u << QUOIN_ASPECT_CONFIG;
	}
	for (size_t i = 0; i < a->ref_count; i++) {
		bool any_a = a->ref_any_version != NULL && a->ref_any_version[i];
		bool any_b = b->ref_any_version != NULL && b->ref_any_version[i];

		if (any_a != any_b || !models_equal(before, a->refs[i].model, after, b->refs[i].model))
			return models;
		if (!ref_configs_equal(before, &a->refs[i], after, &b->refs[i]))
			aspects |= 1u << QUOIN_ASPECT_CONFIG;
	}
	return aspects;
}

static bool
shares_equal(const struct quoin_rule *a, const struct quoin_rule *b)
{
	if (a->share_count != b->share_count)
		return false;
	for (size_t i = 0; i < a->share_count; i++)
		if (a->shares[i].key != b->shares[i].key || a->shares[i].share != b->shares[i].share)
			return false;
	return true;
}

static bool
callers_equal(const struct quoin_rule *a, const struct quoin_rule *b)
{
	if (a->callers == NULL || b->callers == NULL)
		return a->callers == b->callers;
	if (a->caller_count != b->caller_count)
		return false;
	for (size_t i = 0; i < a->caller_count; i++)
		if (strcmp(a->callers[i], b->callers[i]) != 0)
			return false;
	return true;
}

uint32_t
quoin_difference_rule(const struct quoin_ruleset *before, const struct quoin_rule *a, const struct quoin_ruleset *after,
    const struct quoin_rule *b)
{
	uint32_t aspects = compare_refs(before, a, after, b);

	aspects |= (uint32_t)(a->kind != b->kind) << QUOIN_ASPECT_KIND;
	aspects |= (uint32_t)!quoin_whens_equal(a->when, b->when) << QUOIN_ASPECT_WHEN;
	aspects |= (uint32_t)!shares_equal(a, b) << QUOIN_ASPECT_PERCENTS;
	aspects |= (uint32_t)(!quoin_texts_equal(a->salt, b->salt) || !quoin_texts_equal(a->by, b->by))
	    << QUOIN_ASPECT_BUCKETS;
	aspects |= (uint32_t)!callers_equal(a, b) << QUOIN_ASPECT_CALLERS;
	aspects |= (uint32_t)(a->ab_test_id != b->ab_test_id) << QUOIN_ASPECT_TEST;
	aspects |= (uint32_t)!quoin_texts_equal(a->config, b->config) << QUOIN_ASPECT_CONFIG;
	return aspects;
}
