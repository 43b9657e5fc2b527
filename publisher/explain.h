/*
 * Explain: why a context is decided as it is: each rule in the order in which it is asked, what did not hold and the value
 * that it saw, the bucket, and where each key of the config comes from.
 *
 * Walks the ruleset, which a release's source part holds, and not the image that decides; so the caller compares what the
 * two say (quoin_explain_agrees).
 */
#ifndef QUOIN_PUBLISHER_EXPLAIN_H
#define QUOIN_PUBLISHER_EXPLAIN_H

#include "formats/config.h"
#include "formats/ruleset.h"
#include "lib/json.h"

enum quoin_verdict {
	QUOIN_VERDICT_MATCHES,
	QUOIN_VERDICT_CONDITION,  /* "failed" does not hold */
	QUOIN_VERDICT_NO_CELL,	  /* the context has no cell of the test, and there is no allocation */
	QUOIN_VERDICT_OTHER_CELL, /* the cell has no model */
	QUOIN_VERDICT_NO_UNIT,	  /* the attribute that is bucketed is missing */
	QUOIN_VERDICT_BEYOND,	  /* the bucket is beyond all ranges */
	QUOIN_VERDICT_NO_OVERRIDE, /* the context asks for none */
	QUOIN_VERDICT_CALLER,	  /* its caller may not */
	QUOIN_VERDICT_MODEL,	  /* its model is unknown or not admitted */
};
/* One stable word. */
const char *quoin_verdict_name(enum quoin_verdict verdict);

struct quoin_explain_step {
	const struct quoin_rule *rule;
	enum quoin_verdict verdict;
	const struct quoin_when *failed; /* the smallest condition that decided it */
	bool has_cell;
	double cell; /* from the context, or allocated */
	bool has_bucket;
	uint32_t bucket; /* 0..99999 */
	/* Of one that matches. */
	uint32_t model;		     /* index */
	const struct quoin_ref *ref; /* NULL: an override of any model */
	bool is_left_out; /* a shadow: of the selected model, a repetition, or beyond the first four */
};

struct quoin_explain {
	const struct quoin_ruleset *ruleset;
	const struct quoin_objective *objective;
	const struct quoin_json *context; /* the object */
	struct quoin_explain_step steps[QUOIN_RULES_PER_OBJECTIVE_MAX]; /* asked; the last one matches, or none does */
	size_t step_count;
	size_t unasked_count; /* selecting rules after the one that matched */
	struct quoin_explain_step shadows[QUOIN_RULES_PER_OBJECTIVE_MAX];
	size_t shadow_count;
	const struct quoin_rule *rule; /* NULL: the default */
	uint32_t model;
	const char *levels[QUOIN_CONFIG_LEVELS]; /* objective, model, reference, rule; NULL: none */
};

/* Explain the decision of the context, a JSON object with a string "objective". Everything is borrowed. Returns 0 or
 * QUOIN_ENOENT (no such objective). */
int quoin_explain_make(const struct quoin_ruleset *ruleset, const struct quoin_json *context, struct quoin_explain *ret);

/* The name of the rule that decided. */
const char *quoin_explain_rule(const struct quoin_explain *explain);
/* Whether a decision with this rule, routing key and config is the one that is explained. */
bool quoin_explain_agrees(const struct quoin_explain *explain, const char *rule, const char *routing_key,
    const char *config);

/* explain_print.c: for people, a few lines; for programs, one object. Append. */
void quoin_explain_print(const struct quoin_explain *explain, struct quoin_buf *out);
void quoin_explain_print_json(const struct quoin_explain *explain, struct quoin_buf *out);

/* explain_when.c: NULL if the condition (NULL: none) holds, else the smallest part of it that decides that it does not. */
const struct quoin_when *quoin_explain_failure(const struct quoin_when *when, const struct quoin_json *context);
/* The value of an attribute, or NULL if it counts as missing. */
const struct quoin_json *quoin_explain_value(const struct quoin_json *context, const char *attribute);

#endif
