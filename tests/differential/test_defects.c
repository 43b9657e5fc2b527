/*
 * That errors of the tested evaluator are found and shrunk: between its rooms stand wrappers (the linker's --wrap) that make
 * one of them wrong at a time.
 */
#include <stdio.h>
#include <string.h>

#include "formats/bucket.h"
#include "formats/config.h"
#include "formats/rules.h"
#include "lib/crypto.h"
#include "publisher/check_value.h"
#include "publisher/check_version.h"
#include "tests/check.h"
#include "tests/differential/shrink.h"

#define SETS	   400
#define CONTEXTS   420
#define SHRUNK_MAX 80 /* values: what a valid directory needs, one rule and one context */

/* name, what is wrong */
#define DEFECTS(X)                                                                                                     \
	X(BUCKET, "a bucket is one too high")                                                                          \
	X(SEED, "the last byte of a salt is not hashed")                                                               \
	X(CONFIG, "the reference's config wins over the rule's")                                                       \
	X(PERCENT, "an allocation's percents are cut to hundredths")                                                   \
	X(VERSION, "the third component of a rule's version is lost")                                                  \
	X(GREATER, "gte is compiled to gt")                                                                            \
	X(CONSTANT, "the last constant of a list is lost")                                                             \
	X(CALLER, "the last caller of an override is lost")                                                            \
	X(NOT, "not is lost")                                                                                          \
	X(ORDER, "the first two rules of an objective are exchanged")                                                  \
	X(PRIORITY, "all priorities are the same")

enum defect {
	DEFECT_NONE,
#define X(name, what) DEFECT_##name,
	DEFECTS(X)
#undef X
	DEFECTS_COUNT,
};
static enum defect defect;
static const char *const defect_texts[] = {"none",
#define X(name, what) what,
    DEFECTS(X)
#undef X
};

/* ---- The wrappers ---- */

uint32_t __real_quoin_bucket_of(struct quoin_span unit, uint32_t seed);
uint32_t __wrap_quoin_bucket_of(struct quoin_span unit, uint32_t seed);
uint32_t
__wrap_quoin_bucket_of(struct quoin_span unit, uint32_t seed)
{
	return __real_quoin_bucket_of(unit, seed) + (defect == DEFECT_BUCKET);
}

uint32_t __real_quoin_bucket_seed(struct quoin_span salt);
uint32_t __wrap_quoin_bucket_seed(struct quoin_span salt);
uint32_t
__wrap_quoin_bucket_seed(struct quoin_span salt)
{
	salt.len -= defect == DEFECT_SEED && salt.len > 0;
	return __real_quoin_bucket_seed(salt);
}

int __real_quoin_config_merge(const char *const levels[QUOIN_CONFIG_LEVELS], struct quoin_buf *out);
int __wrap_quoin_config_merge(const char *const levels[QUOIN_CONFIG_LEVELS], struct quoin_buf *out);
int
__wrap_quoin_config_merge(const char *const levels[QUOIN_CONFIG_LEVELS], struct quoin_buf *out)
{
	const char *const exchanged[QUOIN_CONFIG_LEVELS] = {levels[0], levels[1], levels[3], levels[2]};

	return __real_quoin_config_merge(defect == DEFECT_CONFIG ? exchanged : levels, out);
}

bool __real_quoin_check_percent(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *node, const char *what, uint32_t *ret);
bool __wrap_quoin_check_percent(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *node, const char *what, uint32_t *ret);
bool
__wrap_quoin_check_percent(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *node, const char *what, uint32_t *ret)
{
	bool is_read = __real_quoin_check_percent(run, source, node, what, ret);

	/* Where percents need not add up to 100. */
	if (defect == DEFECT_PERCENT && is_read && strncmp(what, "the percent of cell", 19) == 0)
		*ret -= *ret % 10;
	return is_read;
}

size_t __real_quoin_check_version_bounds(struct quoin_span text, struct quoin_version_bound *bounds, size_t bounds_max,
    char *why, size_t why_bytes);
size_t __wrap_quoin_check_version_bounds(struct quoin_span text, struct quoin_version_bound *bounds, size_t bounds_max,
    char *why, size_t why_bytes);
size_t
__wrap_quoin_check_version_bounds(struct quoin_span text, struct quoin_version_bound *bounds, size_t bounds_max,
    char *why, size_t why_bytes)
{
	size_t count = __real_quoin_check_version_bounds(text, bounds, bounds_max, why, why_bytes);

	for (size_t i = 0; i < count && defect == DEFECT_VERSION; i++)
		bounds[i].components[2] = 0;
	return count;
}

/* What the ruleset's const hides: the copy belongs to this test's own compilation. */
#define WRITABLE(type, pointer) ((type *)(uintptr_t)(pointer))

static void
spoil_when(const struct quoin_when *when)
{
	struct quoin_when *own = WRITABLE(struct quoin_when, when);

	for (size_t i = 0; i < own->child_count; i++)
		spoil_when(&own->children[i]);
	if (defect == DEFECT_GREATER && own->kind == QUOIN_WHEN_LEAF && own->op == QUOIN_OP_GTE)
		own->op = QUOIN_OP_GT;
	else if (defect == DEFECT_CONSTANT && own->kind == QUOIN_WHEN_LEAF && own->scalar_count > 1)
		own->scalar_count--;
	else if (defect == DEFECT_NOT && own->kind == QUOIN_WHEN_NOT)
		own->kind = QUOIN_WHEN_ALL;
}

int __real_quoin_rules_encode(const struct quoin_ruleset *ruleset, struct quoin_span base, struct quoin_buf *out,
    struct quoin_error *err);
int __wrap_quoin_rules_encode(const struct quoin_ruleset *ruleset, struct quoin_span base, struct quoin_buf *out,
    struct quoin_error *err);
int
__wrap_quoin_rules_encode(const struct quoin_ruleset *ruleset, struct quoin_span base, struct quoin_buf *out,
    struct quoin_error *err)
{
	for (size_t i = 0; i < ruleset->rule_count; i++) {
		struct quoin_rule *rule = WRITABLE(struct quoin_rule, &ruleset->rules[i]);

		if (rule->when != NULL)
			spoil_when(rule->when);
		if (defect == DEFECT_CALLER && rule->caller_count > 1)
			rule->caller_count--;
		if (defect == DEFECT_PRIORITY)
			rule->priority = 0;
	}
	return __real_quoin_rules_encode(ruleset, base, out, err);
}

int __real_quoin_ruleset_order_all(const struct quoin_ruleset *ruleset, struct quoin_rule_order *ret);
int __wrap_quoin_ruleset_order_all(const struct quoin_ruleset *ruleset, struct quoin_rule_order *ret);
int
__wrap_quoin_ruleset_order_all(const struct quoin_ruleset *ruleset, struct quoin_rule_order *ret)
{
	int rc = __real_quoin_ruleset_order_all(ruleset, ret);

	for (size_t i = 0; i < ruleset->objective_count && rc == 0 && defect == DEFECT_ORDER; i++) {
		uint32_t *rules = ret->rules[i], first = rules[0];

		/* An image with another order than overrides, others, shadows would be refused. */
		if (ret->counts[i] < 2 || ruleset->rules[rules[0]].kind == QUOIN_RULE_OVERRIDE ||
		    ruleset->rules[rules[1]].kind == QUOIN_RULE_SHADOW)
			continue;
		rules[0] = rules[1];
		rules[1] = first;
	}
	return rc;
}

/* ---- The search ---- */

/* Shrink the pair; what is left differs because of the defect alone. */
static void
check_shrunk(struct generated *generated, struct quoin_buf *context, size_t pairs)
{
	struct quoin_buf out;
	struct subject subject;
	size_t before, left;
	const char *why;

	quoin_buf_init(&out, 16u << 20);
	left = shrink_and_print(generated, NULL, context, SUBJECT_JSON, false, &out, &before);
	fprintf(stderr, "seen: %s, after %zu pairs, shrunk from %zu values to %zu\n", defect_texts[defect], pairs,
	    before, left);
	if (left > SHRUNK_MAX)
		check_fail(__FILE__, __LINE__, "%s: %zu values are left:\n%s", defect_texts[defect], left,
		    quoin_buf_str(&out));
	defect = DEFECT_NONE;
	CHECK(subject_open(generated->files, generated->file_count, NULL, &subject, &why));
	CHECK(!subject_differs(&subject, (const char *)context->data, context->len, SUBJECT_JSON, false));
	subject_close(&subject);
	quoin_buf_clear(&out);
}

static bool
find_in(struct generated *generated, struct dice *dice, struct quoin_buf *context, size_t *pairs)
{
	struct subject subject;
	const char *why;
	bool is_found = false;

	if (!subject_open(generated->files, generated->file_count, NULL, &subject, &why))
		check_fail(__FILE__, __LINE__, "refused: %s", why);
	for (size_t i = 0; i < CONTEXTS && !is_found; i++, (*pairs)++) {
		quoin_buf_reset(context);
		generate_context(dice, generated, context);
		is_found = subject_differs(&subject, (const char *)context->data, context->len, SUBJECT_JSON, false);
	}
	subject_close(&subject);
	return is_found;
}

static void
test_defects(void)
{
	CHECK_INT(quoin_crypto_init(), 0);
	for (int i = DEFECT_NONE + 1; i < DEFECTS_COUNT; i++) {
		struct quoin_buf context;
		bool is_found = false;
		size_t pairs = 0;

		quoin_buf_init(&context, 1u << 20);
		for (uint64_t seed = 1; seed <= SETS && !is_found; seed++) {
			struct dice dice = {seed * 0x9e3779b97f4a7c15u};
			struct generated generated;

			defect = (enum defect)i;
			generate_directory(&dice, false, &generated);
			is_found = find_in(&generated, &dice, &context, &pairs);
			if (is_found)
				check_shrunk(&generated, &context, pairs);
			generated_clear(&generated);
		}
		if (!is_found)
			check_fail(__FILE__, __LINE__, "not seen in %zu pairs: %s", pairs, defect_texts[i]);
		quoin_buf_clear(&context);
	}
}

static const struct check_case cases[] = {
    {"differential: every seeded defect is found and shrunk", test_defects},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
