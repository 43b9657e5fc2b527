/*
 * Rulesets and contexts out of a seed, for the tests of images and of the resolver. Small, but with every kind of rule,
 * every operator, and values that sit on the edges.
 */
#ifndef QUOIN_TESTS_RULESETS_H
#define QUOIN_TESTS_RULESETS_H

#include "formats/ruleset.h"

struct dice {
	uint64_t state;
};
uint32_t dice_throw(struct dice *dice, uint32_t sides); /* 0..sides-1 */

/* A valid ruleset; the caller clears it. */
void rulesets_random(struct dice *dice, struct quoin_ruleset *ret);
/* The same with one objective's default and one constant changed, a rule and a model more. */
void rulesets_change(struct dice *dice, struct quoin_ruleset *ruleset);

/* All parts of a ruleset; each buffer's data is 16-byte aligned. */
struct rulesets_parts {
	struct quoin_buf rules, routes, models, source;
};
/* "base" may be NULL. Fails the test when something does not encode. */
void rulesets_encode(const struct quoin_ruleset *ruleset, const struct rulesets_parts *base,
    struct rulesets_parts *ret);
void rulesets_parts_clear(struct rulesets_parts *parts);

#define RULESETS_ATTRIBUTES 7
#define RULESETS_CELLS	    6
enum rulesets_value_kind {
	RULESETS_ABSENT,
	RULESETS_STRING,
	RULESETS_NUMBER,
	RULESETS_BOOL,
	RULESETS_NULL,
};
struct rulesets_value {
	enum rulesets_value_kind kind;
	char string[320];
	double number;
	bool boolean;
};
struct rulesets_context {
	char objective[65];
	struct rulesets_value values[RULESETS_ATTRIBUTES];
	struct {
		bool is_there;
		double cell; /* NaN: printed as a string, which is none */
	} cells[RULESETS_CELLS]; /* of test 100 + index */
	bool has_override;
	char override_model[65];
	char override_version[65]; /* "": none */
	char override_caller[65];
};
extern const char *const rulesets_attributes[RULESETS_ATTRIBUTES];
void rulesets_context(struct dice *dice, const struct quoin_ruleset *ruleset, struct rulesets_context *ret);
void rulesets_context_print(const struct rulesets_context *context, struct quoin_buf *out);

#endif
