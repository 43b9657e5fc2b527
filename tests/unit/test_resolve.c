#include "formats/resolve.h"

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
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
