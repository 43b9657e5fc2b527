#include "publisher/phrase.h"

#include <stdio.h>
#include <string.h>

#include "lib/json.h"

const char *
quoin_phrase_kind(enum quoin_rule_kind kind)
{
	static const char *const names[] = {"default", "ab_test", "context", "split", "ramp", "shadow", "override", "route"};

	return names[kind];
}

const char *
quoin_phrase_kind_title(enum quoin_rule_kind kind)
{
	static const char *const names[] = {"default", "A/B test", "context rule", "split", "ramp", "shadow", "override",
	    "route"};

	return names[kind];
}

void
quoin_phrase_number(uint64_t number, struct quoin_buf *out)
{
	char digits[24];
	size_t len = (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);

	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			quoin_buf_put_byte(out, ',');
		quoin_buf_put_byte(out, (uint8_t)digits[i]);
	}
}

void
quoin_phrase_percent(uint32_t thousandths, struct quoin_buf *out)
{
	quoin_json_print_number(thousandths / 1000.0, out);
	quoin_buf_put_str(out, " %");
}

/* ---- Conditions ---- */

/* Strings are quoted only where they could be taken for something else. */
void
quoin_phrase_scalar(const struct quoin_scalar *scalar, struct quoin_buf *out)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-./:@";

	switch (scalar->kind) {
	case QUOIN_SCALAR_STRING:
		if (scalar->string[0] != '\0' && scalar->string[strspn(scalar->string, plain)] == '\0' &&
		    strcmp(scalar->string, "true") != 0 && strcmp(scalar->string, "false") != 0)
			quoin_buf_put_str(out, scalar->string);
		else
			quoin_json_print_string(quoin_span_str(scalar->string), out);
		break;
	case QUOIN_SCALAR_NUMBER:
		quoin_json_print_number(scalar->number, out);
		break;
	default:
		quoin_buf_put_str(out, scalar->boolean ? "true" : "false");
		break;
	}
}

static void
put_bounds(const struct quoin_when *leaf, struct quoin_buf *out)
{
	static const char *const comparators[] = {"=", ">", ">=", "<", "<="};

	for (size_t i = 0; i < leaf->bound_count; i++) {
		const uint32_t *components = leaf->bounds[i].components;
		size_t count = 4;

		while (count > 1 && components[count - 1] == 0)
			count--;
		quoin_buf_printf(out, " %s", comparators[leaf->bounds[i].comparator]);
		for (size_t k = 0; k < count; k++)
			quoin_buf_printf(out, "%s%u", k > 0 ? "." : "", components[k]);
	}
}

void
quoin_phrase_leaf(const struct quoin_when *leaf, struct quoin_buf *out)
{
	static const char *const one[] = {" = ", " != ", " starts with ", " > ", " >= ", " < ", " <= "};
	static const char *const many[] = {" in ", " not in ", " starts with "};

	quoin_buf_put_str(out, leaf->attribute);
	if (leaf->op == QUOIN_OP_EXISTS) {
		quoin_buf_put_str(out, leaf->scalars[0].boolean ? " exists" : " is missing");
		return;
	}
	if (leaf->op == QUOIN_OP_VERSION) {
		quoin_buf_put_str(out, " version");
		put_bounds(leaf, out);
		return;
	}
	quoin_buf_put_str(out, leaf->scalar_count > 1 && leaf->op <= QUOIN_OP_PREFIX ? many[leaf->op] : one[leaf->op]);
	for (size_t i = 0; i < leaf->scalar_count; i++) {
		if (i > 0)
			quoin_buf_put_str(out, ", ");
		quoin_phrase_scalar(&leaf->scalars[i], out);
	}
}

/* The nesting is bounded by QUOIN_NESTING_MAX. */
static void
put_when(const struct quoin_when *when, bool is_inner, struct quoin_buf *out)
{
	bool brackets = is_inner && when->child_count > 1;

	switch (when->kind) {
	case QUOIN_WHEN_LEAF:
		quoin_phrase_leaf(when, out);
		return;
	case QUOIN_WHEN_NOT:
		quoin_buf_put_str(out, "not ");
		put_when(&when->children[0], true, out);
		return;
	default:
		break;
	}
	if (when->child_count == 0)
		quoin_buf_put_str(out, "always");
	if (brackets)
		quoin_buf_put_byte(out, '(');
	for (size_t i = 0; i < when->child_count; i++) {
		if (i > 0)
			quoin_buf_put_str(out, when->kind == QUOIN_WHEN_ALL ? " and " : " or ");
		put_when(&when->children[i], when->child_count > 1, out);
	}
	if (brackets)
		quoin_buf_put_byte(out, ')');
}

void
quoin_phrase_when(const struct quoin_when *when, struct quoin_buf *out)
{
	if (when == NULL)
		quoin_buf_put_str(out, "always");
	else
		put_when(when, false, out);
}

/* ---- Choices ---- */

void
quoin_phrase_ref(const struct quoin_ruleset *ruleset, const struct quoin_ref *ref, struct quoin_buf *out)
{
	quoin_buf_put_str(out, ruleset->models[ref->model].routing_key);
	if (ref->config != NULL && strcmp(ref->config, "{}") != 0)
		quoin_buf_printf(out, " %s", ref->config);
}

static void
put_cells(const struct quoin_ruleset *ruleset, const struct quoin_rule *rule, struct quoin_buf *out)
{
	quoin_buf_printf(out, "test %llu:", (unsigned long long)rule->ab_test_id);
	for (size_t i = 0; i < rule->cell_count; i++) {
		quoin_buf_printf(out, "%s cell %u ", i > 0 ? "," : "", rule->cells[i].cell);
		quoin_phrase_ref(ruleset, &rule->cells[i].ref, out);
	}
	for (size_t i = 0; i < rule->share_count; i++) {
		quoin_buf_printf(out, "%s cell %u ", i > 0 ? "," : "; allocated", rule->shares[i].key);
		quoin_phrase_percent(rule->shares[i].share, out);
	}
}

static void
put_split(const struct quoin_ruleset *ruleset, const struct quoin_rule *rule, struct quoin_buf *out)
{
	for (size_t i = 0; i < rule->share_count; i++) {
		if (i > 0)
			quoin_buf_put_str(out, ", ");
		quoin_phrase_ref(ruleset, &rule->refs[rule->kind == QUOIN_RULE_SPLIT ? rule->shares[i].key : 0], out);
		quoin_buf_put_byte(out, ' ');
		quoin_phrase_percent(rule->shares[i].share, out);
	}
}

static void
put_override(const struct quoin_ruleset *ruleset, const struct quoin_rule *rule, struct quoin_buf *out)
{
	if (rule->any_model)
		quoin_buf_put_str(out, "any model");
	for (size_t i = 0; !rule->any_model && i < rule->ref_count; i++) {
		const struct quoin_model *model = &ruleset->models[rule->refs[i].model];

		quoin_buf_printf(out, "%s%s", i > 0 ? ", " : "",
		    rule->ref_any_version[i] ? model->name : model->routing_key);
	}
	quoin_buf_put_str(out, rule->callers == NULL ? " for any caller" : " for");
	for (size_t i = 0; rule->callers != NULL && i < rule->caller_count; i++)
		quoin_buf_printf(out, "%s %s", i > 0 ? "," : "", rule->callers[i]);
}

void
quoin_phrase_choice(const struct quoin_ruleset *ruleset, const struct quoin_rule *rule, struct quoin_buf *out)
{
	switch (rule->kind) {
	case QUOIN_RULE_AB_TEST:
		put_cells(ruleset, rule, out);
		break;
	case QUOIN_RULE_SPLIT:
	case QUOIN_RULE_RAMP:
	case QUOIN_RULE_SHADOW:
		put_split(ruleset, rule, out);
		break;
	case QUOIN_RULE_OVERRIDE:
		put_override(ruleset, rule, out);
		return;
	default:
		if (rule->ref_count > 0)
			quoin_phrase_ref(ruleset, &rule->refs[0], out);
		break;
	}
	if (rule->share_count > 0 && rule->by != NULL)
		quoin_buf_printf(out, " by %s, salt %s", rule->by, rule->salt);
}

void
quoin_phrase_placements(const struct quoin_ruleset *ruleset, const struct quoin_placement *placements, size_t count,
    struct quoin_buf *out)
{
	if (count == 0)
		quoin_buf_put_str(out, "nowhere");
	for (size_t i = 0; i < count; i++) {
		quoin_buf_printf(out, "%s%s ", i > 0 ? ", " : "", ruleset->shards[placements[i].shard].name);
		quoin_phrase_percent(placements[i].weight, out);
	}
}
