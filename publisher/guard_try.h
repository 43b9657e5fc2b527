/*
 * What the guards share: one guard, how it objects, its threshold. For publisher/guard*.c alone.
 */
#ifndef QUOIN_PUBLISHER_GUARD_TRY_H
#define QUOIN_PUBLISHER_GUARD_TRY_H

#include "formats/models.h"
#include "publisher/guard.h"

struct guard {
	const char *name;
	const char *why_never; /* it cannot be waived; NULL: it can */
	bool needs_rules;
	double threshold; /* the default; below 0: it has none */
	int (*try)(const struct guard *guard, const struct quoin_guard_input *input, struct quoin_problems *problems,
	    struct quoin_error *err);
};

/* The guard does not hold: an error, or a warning if it is waived. */
void quoin_guard_object(const struct guard *guard, const struct quoin_guard_input *input, struct quoin_problems *problems,
    struct quoin_place place, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

bool quoin_guard_is_waived(const char *name, const struct quoin_guard_input *input);
double quoin_guard_threshold(const struct guard *guard, const struct quoin_guard_input *input);

/* Attach to a models part, verified once more: whoever fetched it may have been careless. */
int quoin_guard_open_models(struct quoin_span part, struct quoin_models *ret, struct quoin_error *err);
/* What the models placed on the shard need of the resource, up to UINT64_MAX. */
uint64_t quoin_guard_placed_demand(const struct quoin_ruleset *ruleset, size_t shard, const char *resource);

/* guard_change.c: what went or changed since the base. Without a base, or its source, there is nothing to compare. */
int quoin_guard_try_default_changed(const struct guard *guard, const struct quoin_guard_input *input,
    struct quoin_problems *problems, struct quoin_error *err);
int quoin_guard_try_models_removed(const struct guard *guard, const struct quoin_guard_input *input,
    struct quoin_problems *problems, struct quoin_error *err);
int quoin_guard_try_parts_removed(const struct guard *guard, const struct quoin_guard_input *input,
    struct quoin_problems *problems, struct quoin_error *err);
int quoin_guard_try_rebucket(const struct guard *guard, const struct quoin_guard_input *input,
    struct quoin_problems *problems, struct quoin_error *err);
int quoin_guard_try_rules_removed(const struct guard *guard, const struct quoin_guard_input *input,
    struct quoin_problems *problems, struct quoin_error *err);

/* guard_overlap.c: what hosts hold while releases change. */
int quoin_guard_try_overlap(const struct guard *guard, const struct quoin_guard_input *input,
    struct quoin_problems *problems, struct quoin_error *err);

/* guard_limits.c: what live hosts say they take. */
int quoin_guard_try_limits(const struct guard *guard, const struct quoin_guard_input *input,
    struct quoin_problems *problems, struct quoin_error *err);

#endif
