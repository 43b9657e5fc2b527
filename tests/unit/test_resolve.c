#include "formats/resolve.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "formats/bucket.h"
#include "subscriber/quoin.h"
#include "tests/check.h"
#include "tests/rulesets.h"

static struct quoin_reader *
open_parts(const struct rulesets_parts *parts)
{
	const struct quoin_part_bytes list[] = {{"models", parts->models.data, parts->models.len},
	    {"routes", parts->routes.data, parts->routes.len}, {"rules", parts->rules.data, parts->rules.len},
	    {"source", parts->source.data, parts->source.len}};
	struct quoin_message message = {0};
	struct quoin_reader *reader = NULL;

	if (quoin_reader_open_parts(list, 4, 7, &reader, &message) != 0)
		check_fail(__FILE__, __LINE__, "%s", message.text);
	return reader;
}

/* The other tiers must say what JSON says. */
static void
check_tiers(struct quoin_reader *reader, const struct quoin_view *view, struct quoin_context *context,
    const struct rulesets_context *asked, const char *want)
{
	struct quoin_attribute attributes[RULESETS_ATTRIBUTES + RULESETS_CELLS];
	struct quoin_slot_value values[RULESETS_ATTRIBUTES] = {{0}};
	struct quoin_decision decision;
	char have[32768], names[RULESETS_CELLS][8];
	uint64_t tests[RULESETS_CELLS];
	uint32_t cells[RULESETS_CELLS];
	size_t count = 0, cell_count = 0;

	CHECK_INT(quoin_context_start(context, view), 0);
	for (size_t i = 0; i < RULESETS_ATTRIBUTES; i++) {
		const struct rulesets_value *value = &asked->values[i];
		int slot = quoin_slot_register(reader, rulesets_attributes[i]);

		CHECK(slot >= 0);
		CHECK(slot < RULESETS_ATTRIBUTES);
		if (value->kind == RULESETS_STRING) {
			values[slot].kind = QUOIN_ATTRIBUTE_STRING;
			values[slot].bytes = (uint32_t)strlen(value->string);
			values[slot].value.string = value->string;
			CHECK_INT(quoin_context_set_string(context, slot, value->string, strlen(value->string)), 0);
		} else if (value->kind == RULESETS_NUMBER) {
			values[slot].kind = QUOIN_ATTRIBUTE_NUMBER;
			values[slot].value.number = value->number;
			CHECK_INT(quoin_context_set_number(context, slot, value->number), 0);
		} else if (value->kind == RULESETS_BOOL) {
			values[slot].kind = QUOIN_ATTRIBUTE_BOOL;
			values[slot].value.boolean = value->boolean;
			CHECK_INT(quoin_context_set_bool(context, slot, value->boolean), 0);
		} else {
			continue;
		}
		attributes[count++] = (struct quoin_attribute){rulesets_attributes[i], (int)value->kind - RULESETS_STRING,
		    value->string, value->number, value->boolean};
	}
	for (size_t i = 0; i < RULESETS_CELLS; i++) {
		double cell = asked->cells[i].cell;

		if (!asked->cells[i].is_there || isnan(cell) || cell < 0 || cell != floor(cell))
			continue;
		snprintf(names[i], sizeof names[i], "%zu", 100 + i);
		attributes[count++] = (struct quoin_attribute){names[i], QUOIN_ATTRIBUTE_CELL, NULL, cell, false};
		tests[cell_count] = 100 + i;
		cells[cell_count++] = cell < 2147483648.0 ? (uint32_t)cell : UINT32_MAX;
		CHECK_INT(quoin_context_set_cell(context, 100 + i, cell < 2147483648.0 ? (uint32_t)cell : UINT32_MAX), 0);
	}
	if (asked->has_override)
		quoin_context_set_override(context, asked->override_model,
		    asked->override_version[0] == '\0' ? NULL : asked->override_version,
		    asked->override_caller[0] == '\0' ? NULL : asked->override_caller);
	CHECK_INT(quoin_context_prepare(context), 0);
	quoin_resolve(view, quoin_objective_register(reader, asked->objective), context, &decision);
	CHECK(quoin_decision_json(&decision, have, sizeof have) > 0);
	CHECK_STR(have, want);
	if (asked->has_override)
		return;
	/* Borrowed: read while deciding, and all at once. */
	for (int prepares = 0; prepares < 2; prepares++) {
		CHECK_INT(quoin_context_start(context, view), 0);
		CHECK_INT(quoin_context_set_values(context, values, RULESETS_ATTRIBUTES), 0);
		CHECK_INT(quoin_context_set_cells(context, tests, cells, cell_count), 0);
		if (prepares)
			CHECK_INT(quoin_context_prepare(context), 0);
		quoin_resolve(view, quoin_objective_register(reader, asked->objective), context, &decision);
		CHECK(quoin_decision_json(&decision, have, sizeof have) > 0);
		CHECK_STR(have, want);
	}
	quoin_resolve_strings(view, asked->objective, attributes, count, &decision);
	CHECK(quoin_decision_json(&decision, have, sizeof have) > 0);
	CHECK_STR(have, want);
}

/* Every decision, as JSON, equals that of the naive evaluator. */
static void
compare(uint64_t seed, size_t rulesets, size_t contexts)
{
	struct dice dice = {seed * 0x9e3779b97f4a7c15u};
	size_t reasons[8] = {0};
	struct quoin_buf line, want;
	struct quoin_context *context;
	struct quoin_decision decision;
	char have[32768];

	quoin_buf_init(&line, QUOIN_CONTEXT_BYTES_MAX);
	quoin_buf_init(&want, 1 << 20);
	CHECK_INT(quoin_context_new(&context), 0);
	for (size_t i = 0; i < rulesets; i++) {
		struct quoin_ruleset ruleset;
		struct rulesets_parts parts;
		struct quoin_reader *reader;
		struct quoin_view view;

		rulesets_random(&dice, &ruleset);
		rulesets_encode(&ruleset, NULL, &parts);
		reader = open_parts(&parts);
		CHECK_INT(quoin_view_acquire(reader, &view), 0);
		for (size_t k = 0; k < contexts; k++) {
			struct rulesets_context asked;

			rulesets_context(&dice, &ruleset, &asked);
			quoin_buf_reset(&line);
			quoin_buf_reset(&want);
			rulesets_context_print(&asked, &line);
			naive_decide(&ruleset, &asked, &want);
			quoin_resolve_json(&view, (const char *)line.data, line.len, context, &decision);
			CHECK(quoin_decision_json(&decision, have, sizeof have) > 0);
			if (strcmp(have, quoin_buf_str(&want)) != 0)
				check_fail(__FILE__, __LINE__, "ruleset %zu context %zu: %s\n  have %s\n  want %s", i, k,
				    quoin_buf_str(&line), have, quoin_buf_str(&want));
			check_tiers(reader, &view, context, &asked, have);
			reasons[decision.code == 0 ? decision.reason : 7]++;
		}
		quoin_view_release(&view);
		quoin_reader_close(reader);
		rulesets_parts_clear(&parts);
		quoin_ruleset_clear(&ruleset);
	}
	/* The comparison has seen every way to decide. */
	for (size_t i = 0; i < 8; i++)
		CHECK(i == QUOIN_RULE_SHADOW || reasons[i] > 0);
	quoin_context_free(context);
	quoin_buf_clear(&line);
	quoin_buf_clear(&want);
}

static void
test_naive(void)
{
	compare(20261126, 150, 60);
}

/* A bucket is inside a share whose end is above it, and no sooner: the exact edges, in each place of a split. */
static void
test_edges(void)
{
	static const struct quoin_attribute user = {"userId", QUOIN_ATTRIBUTE_STRING, "user-1", 0, false};
	const uint32_t bucket = quoin_bucket(quoin_span_str("user-1"), quoin_span_str("s")), target = 0;
	struct dice dice = {99 * 0x9e3779b97f4a7c15u};
	struct quoin_ruleset ruleset;

	rulesets_random(&dice, &ruleset);
	for (uint32_t share = bucket; share <= bucket + 1; share++) {
		const struct quoin_share shares[] = {{0, share}};
		const struct quoin_rule ramp = {.kind = QUOIN_RULE_RAMP, .name = "r", .file = "f", .is_enabled = true,
		    .targets = &target, .target_count = 1, .by = "userId", .salt = "s", .shares = shares, .share_count = 1,
		    .refs = &ruleset.objectives[0].default_ref, .ref_count = 1};
		struct quoin_decision decision;
		struct rulesets_parts parts;
		struct quoin_reader *reader;
		struct quoin_view view;

		ruleset.rules = &ramp;
		ruleset.rule_count = 1;
		rulesets_encode(&ruleset, NULL, &parts);
		reader = open_parts(&parts);
		CHECK_INT(quoin_view_acquire(reader, &view), 0);
		CHECK_INT(quoin_resolve_strings(&view, "Objective0", &user, 1, &decision), 0);
		CHECK_INT(decision.reason, share > bucket ? QUOIN_REASON_RAMP : QUOIN_REASON_DEFAULT);
		CHECK(decision.fallback.model == NULL);
		quoin_view_release(&view);
		quoin_reader_close(reader);
		rulesets_parts_clear(&parts);
	}
	quoin_ruleset_clear(&ruleset);
}

/* As many rules as an objective may have, the last of which alone matches: every bit of the mask is used. */
static void
test_many_rules(void)
{
	static struct quoin_rule rules[QUOIN_RULES_PER_OBJECTIVE_MAX];
	static char names[QUOIN_RULES_PER_OBJECTIVE_MAX][16];
	static const struct quoin_attribute attributes[] = {{"userId", QUOIN_ATTRIBUTE_STRING, "u", 0, false}};
	static const struct quoin_share everyone = {0, 100000};
	const uint32_t target = 0;
	struct dice dice = {98 * 0x9e3779b97f4a7c15u};
	struct quoin_ruleset ruleset;

	rulesets_random(&dice, &ruleset);
	for (int shadows = 0; shadows < 2; shadows++) {
		struct quoin_decision decision;
		struct rulesets_parts parts;
		struct quoin_reader *reader;
		struct quoin_view view;

		for (size_t i = 0; i < QUOIN_RULES_PER_OBJECTIVE_MAX; i++) {
			static const struct quoin_scalar nobody = {.kind = QUOIN_SCALAR_STRING, .string = "nobody"};
			static const struct quoin_when never = {.kind = QUOIN_WHEN_LEAF, .attribute = "userId",
			    .op = QUOIN_OP_IN, .scalars = &nobody, .scalar_count = 1};

			snprintf(names[i], sizeof names[i], "r%zu", i);
			rules[i] = (struct quoin_rule){.kind = shadows != 0 ? QUOIN_RULE_SHADOW : QUOIN_RULE_RAMP,
			    .name = names[i], .file = "f", .is_enabled = true, .targets = &target, .target_count = 1,
			    .by = "userId", .salt = "s", .shares = &everyone, .share_count = 1,
			    .refs = &ruleset.objectives[0].default_ref, .ref_count = 1, .when = i < 63 ? &never : NULL};
		}
		ruleset.rules = rules;
		ruleset.rule_count = QUOIN_RULES_PER_OBJECTIVE_MAX;
		rulesets_encode(&ruleset, NULL, &parts);
		reader = open_parts(&parts);
		CHECK_INT(quoin_view_acquire(reader, &view), 0);
		CHECK_INT(quoin_resolve_strings(&view, "Objective0", attributes, 1, &decision), 0);
		CHECK_STR(decision.rule, shadows != 0 ? "default" : "r63");
		CHECK_INT(decision.shadow_count, 0);
		quoin_view_release(&view);
		quoin_reader_close(reader);
		rulesets_parts_clear(&parts);
	}
	quoin_ruleset_clear(&ruleset);
}

static const struct check_case cases[] = {
    {"resolve: edges of buckets", test_edges},
    {"resolve: 64 rules", test_many_rules},
    {"resolve: agrees with a naive evaluator", test_naive},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
