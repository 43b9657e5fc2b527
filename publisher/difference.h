/*
 * Difference: which objectives two releases would decide differently, by everything that their decisions depend on: the
 * objective, its rules in their order, and the models that these name. Says that a decision can change, not that it does.
 */
#ifndef QUOIN_PUBLISHER_DIFFERENCE_H
#define QUOIN_PUBLISHER_DIFFERENCE_H

#include "formats/ruleset.h"
#include "lib/crypto.h"

enum quoin_change {
	QUOIN_CHANGE_ADDED,
	QUOIN_CHANGE_REMOVED,
	QUOIN_CHANGE_CHANGED,
};

struct quoin_objective_change {
	enum quoin_change change;
	const char *objective; /* borrowed from the rulesets, as owner */
	const char *owner;     /* of the newer side, else the older; "" if none */
};

/* What objective "index" depends on, as one hash. */
void quoin_difference_digest(const struct quoin_ruleset *ruleset, uint32_t index, struct quoin_hash *ret);

/* From "before" to "after", by name. *ret is one allocation, the caller's to free(). 0 or QUOIN_ENOMEM. */
int quoin_difference_objectives(const struct quoin_ruleset *before, const struct quoin_ruleset *after,
    struct quoin_objective_change **ret, size_t *ret_count);

const char *quoin_change_name(enum quoin_change change);

#endif
