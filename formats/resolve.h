/*
 * Resolve: context in, decision out (RULES.md sections 3 to 6). Pure, in place on a verified rules part; no allocation,
 * no lock, no system call. The only writes are to the result and to the value ids that the context remembers.
 */
#ifndef QUOIN_FORMATS_RESOLVE_H
#define QUOIN_FORMATS_RESOLVE_H

#include "formats/context.h"
#include "formats/rules.h"

/* A model that a decision names; strings of the rules part, terminated. */
struct quoin_choice {
	const char *model;
	const char *version;
	const char *routing_key;
	uint32_t id; /* of the model in the parts; QUOIN_PLACE_NONE if there is no model */
};

/*
 * What a decision says. All strings are the part's. quoin.h's struct quoin_decision begins with exactly these members
 * (asserted there).
 */
struct quoin_result {
	const char *objective;
	struct quoin_choice selected;
	const char *config; /* canonical JSON object */
	const char *rule;   /* name of the rule; "default" for one from objectives.json */
	uint64_t ab_test_id; /* of an A/B test, else 0 */
	uint32_t cell;
	uint32_t rule_number;
	uint32_t config_bytes;
	uint32_t reason; /* an enum quoin_rule_kind, never SHADOW or ROUTE */
	struct quoin_choice fallback; /* the default, when it is another model; else all NULL */
	struct quoin_choice shadows[QUOIN_SHADOWS_MAX];
	uint32_t shadow_count;
	uint32_t objective_id;
};

/* The objective's block for its id (quoin_rules_objective), or NULL: a handle valid as long as the part. */
const uint8_t *quoin_resolve_objective(const struct quoin_rules *rules, uint32_t id);

/* Decide. "context" was begun with the part that "objective" is a block of. Always succeeds; of "ret", shadows beyond
 * shadow_count are not written. */
void quoin_resolve_block(const struct quoin_rules *rules, const uint8_t *objective, struct quoin_context *context,
    struct quoin_result *ret);

/* The same by name. 0 or QUOIN_ENOENT: unknown objective. */
int quoin_resolve_named(const struct quoin_rules *rules, struct quoin_span objective, struct quoin_context *context,
    struct quoin_result *ret);

#endif
