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
	static const struct quoin_attribute user = {.name = "userId", .string = "user-1"};
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
	static const struct quoin_attribute attributes[] = {{.name = "userId", .string = "u"}};
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

/* What one context rule with this condition on "mixed" decides for a value. */
struct trial {
	struct quoin_ruleset ruleset;
	struct rulesets_parts parts;
	struct quoin_reader *reader;
	struct quoin_view view;
};

static void
begin_trial(struct trial *trial, const struct quoin_when *when)
{
	static const uint32_t target;
	struct dice dice = {97 * 0x9e3779b97f4a7c15u};
	struct quoin_rule rule = {.kind = QUOIN_RULE_CONTEXT, .name = "r", .file = "f", .is_enabled = true,
	    .targets = &target, .target_count = 1, .when = when, .ref_count = 1};

	rulesets_random(&dice, &trial->ruleset);
	rule.refs = &trial->ruleset.objectives[0].default_ref;
	trial->ruleset.rules = &rule;
	trial->ruleset.rule_count = 1;
	rulesets_encode(&trial->ruleset, NULL, &trial->parts);
	trial->reader = open_parts(&trial->parts);
	CHECK_INT(quoin_view_acquire(trial->reader, &trial->view), 0);
}

static bool
holds(struct trial *trial, const char *value)
{
	const struct quoin_attribute attribute = {.name = "mixed", .string = value};
	struct quoin_decision decision;

	CHECK_INT(quoin_resolve_strings(&trial->view, "Objective0", &attribute, 1, &decision), 0);
	return decision.reason == QUOIN_REASON_CONTEXT;
}

static void
end_trial(struct trial *trial)
{
	quoin_view_release(&trial->view);
	quoin_reader_close(trial->reader);
	rulesets_parts_clear(&trial->parts);
	quoin_ruleset_clear(&trial->ruleset);
}

/* Components around the largest that filters have, in each place, by each comparator. */
static void
test_version_edges(void)
{
	static const uint32_t edges[] = {0, 65531, 65532, 65533, 65534, 65535, 65536, UINT32_MAX};
	const size_t count = sizeof edges / sizeof edges[0];
	char text[64];

	for (size_t i = 0; i < count * 4 * 5; i++) {
		const size_t place = i / count % 4;
		struct quoin_version_bound bound = {.comparator = (enum quoin_comparator)(i / count / 4)};
		const struct quoin_when when = {.kind = QUOIN_WHEN_LEAF, .attribute = "mixed", .op = QUOIN_OP_VERSION,
		    .bounds = &bound, .bound_count = 1};
		struct trial trial;

		bound.components[place] = edges[i % count];
		begin_trial(&trial, &when);
		for (size_t k = 0; k < count; k++) {
			uint32_t components[4] = {0};
			const int order = (edges[k] > edges[i % count]) - (edges[k] < edges[i % count]);
			const bool want = bound.comparator == QUOIN_VERSION_EQ ? order == 0
			    : bound.comparator == QUOIN_VERSION_GT	       ? order > 0
			    : bound.comparator == QUOIN_VERSION_GTE	       ? order >= 0
			    : bound.comparator == QUOIN_VERSION_LT	       ? order < 0
									       : order <= 0;

			components[place] = edges[k];
			snprintf(text, sizeof text, "%u.%u.%u.%u", components[0], components[1], components[2], components[3]);
			if (holds(&trial, text) != want)
				check_fail(__FILE__, __LINE__, "place %zu comparator %d bound %u: %s", place, (int)bound.comparator,
				    edges[i % count], text);
		}
		end_trial(&trial);
	}
}

/* As many constants as an attribute may have, of all lengths: each is found, and none that differs in one byte. */
static void
test_many_constants(void)
{
	static struct quoin_scalar scalars[QUOIN_CONSTANTS_PER_ATTRIBUTE_MAX];
	static char texts[QUOIN_CONSTANTS_PER_ATTRIBUTE_MAX][64];
	const struct quoin_when when = {.kind = QUOIN_WHEN_LEAF, .attribute = "mixed", .op = QUOIN_OP_IN, .scalars = scalars,
	    .scalar_count = QUOIN_CONSTANTS_PER_ATTRIBUTE_MAX};
	struct trial trial;

	for (unsigned i = 0; i < QUOIN_CONSTANTS_PER_ATTRIBUTE_MAX; i++) {
		snprintf(texts[i], sizeof texts[i], "%u%.*s", i, (int)(i % 40), "----------------------------------------");
		scalars[i] = (struct quoin_scalar){.kind = QUOIN_SCALAR_STRING, .string = texts[i]};
	}
	begin_trial(&trial, &when);
	for (unsigned i = 0; i < QUOIN_CONSTANTS_PER_ATTRIBUTE_MAX; i++) {
		char other[64];

		CHECK(holds(&trial, texts[i]));
		memcpy(other, texts[i], sizeof other);
		other[i % strlen(other)] = 'x';
		CHECK(!holds(&trial, other));
	}
	CHECK(!holds(&trial, ""));
	end_trial(&trial);
}

static const struct check_case cases[] = {
    {"resolve: edges of versions", test_version_edges},
    {"resolve: 4,096 constants", test_many_constants},
    {"resolve: edges of buckets", test_edges},
    {"resolve: 64 rules", test_many_rules},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
