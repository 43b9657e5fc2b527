/*
 * Difference: what two releases would decide, load and route differently, by everything that decisions depend on. Says
 * that a decision can change, not that it does. Pure.
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
const char *quoin_change_name(enum quoin_change change);

/* What of a thing changed: bits of a set. */
enum quoin_aspect {
	/* of a rule */
	QUOIN_ASPECT_KIND,
	QUOIN_ASPECT_WHEN,
	QUOIN_ASPECT_MODELS, /* which it names, and for which cell or range */
	QUOIN_ASPECT_PERCENTS,
	QUOIN_ASPECT_BUCKETS, /* salt or unit */
	QUOIN_ASPECT_CALLERS,
	QUOIN_ASPECT_TEST,
	QUOIN_ASPECT_CONFIG, /* of rule, reference, model, objective */
	/* of an objective */
	QUOIN_ASPECT_DEFAULT,
	QUOIN_ASPECT_ORDER, /* in which its rules are asked */
	/* of a model or shard */
	QUOIN_ASPECT_DIGEST,
	QUOIN_ASPECT_URI,
	QUOIN_ASPECT_DEMAND,
	QUOIN_ASPECT_LIMITS,
	QUOIN_ASPECT_REQUIRES,
	QUOIN_ASPECT_VIP,
	QUOIN_ASPECT_HOSTS,
	QUOIN_ASPECT_CAPACITY,
	QUOIN_ASPECT_LABELS,
	QUOIN_ASPECT_DRAIN,
	QUOIN_ASPECT_HEALTH,
	QUOIN_ASPECTS,
};
const char *quoin_aspect_name(enum quoin_aspect aspect);
static inline bool
quoin_aspects_have(uint32_t aspects, enum quoin_aspect aspect)
{
	return (aspects >> aspect & 1) != 0;
}

/* A thing of either side; NULL where it is not. All pointers are the rulesets'. */
struct quoin_rule_change {
	enum quoin_change change;
	const struct quoin_rule *before, *after;
	uint32_t aspects;
};
struct quoin_objective_change {
	enum quoin_change change;
	const char *objective;
	const char *owner; /* of the newer side, else the older; "" if none */
	const struct quoin_objective *before, *after;
	uint32_t aspects;
	struct quoin_rule_change *rules; /* as the newer side asks them, then those that are gone */
	size_t rule_count;
};
struct quoin_model_change {
	enum quoin_change change;
	const struct quoin_model *before, *after;
	uint32_t aspects;
};
/* A model that is on other shards, or with other weights. Its placements on either side: see the rulesets. */
struct quoin_route_change {
	const char *routing_key;
	const struct quoin_placement *before, *after;
	size_t before_count, after_count;
};
struct quoin_load_change {
	const char *resource;
	uint64_t before, after; /* what one host's models need */
	uint64_t during;	/* the same of both releases' models, each once, while releases change; at least "before" */
	uint64_t capacity;	/* of the newer side's hosts, else the older's */
};
/* Every shard of either side, changed or not. */
struct quoin_shard_change {
	const char *shard;
	bool is_changed; /* as "change" says; else only the loads may differ */
	enum quoin_change change;
	const struct quoin_shard *before, *after;
	uint32_t aspects;
	struct quoin_load_change *loads; /* ascending by resource */
	size_t load_count;
};

struct quoin_difference {
	struct quoin_arena arena;
	const struct quoin_ruleset *before, *after;
	struct quoin_objective_change *objectives; /* those that differ, as all below; ascending by name */
	size_t objective_count;
	struct quoin_model_change *models; /* of the releases; unused ones are none */
	size_t model_count;
	struct quoin_route_change *routes;
	size_t route_count;
	struct quoin_shard_change *shards;
	size_t shard_count;
};

/* From "before" to "after", which must outlive the difference. Either may be all zero: nothing is there yet. 0 or
 * QUOIN_ENOMEM. Clear it also after a failure. */
int quoin_difference_make(const struct quoin_ruleset *before, const struct quoin_ruleset *after,
    struct quoin_difference *ret);
/* Accepts all-zero objects. */
void quoin_difference_clear(struct quoin_difference *difference);

/* Whether nothing differs. */
bool quoin_difference_is_empty(const struct quoin_difference *difference);

/* difference_rule.c: the aspects in which two rules differ, by what they mean and not by where they stand. */
uint32_t quoin_difference_rule(const struct quoin_ruleset *before, const struct quoin_rule *rule_before,
    const struct quoin_ruleset *after, const struct quoin_rule *rule_after);
/* Whether two references lead to the same decision: model, digest and configs. */
bool quoin_difference_refs_equal(const struct quoin_ruleset *before, const struct quoin_ref *ref_before,
    const struct quoin_ruleset *after, const struct quoin_ref *ref_after);
/* Whether two constants, or two conditions (NULL: none), say the same in the same order. */
bool quoin_scalars_equal(const struct quoin_scalar *a, const struct quoin_scalar *b);
bool quoin_whens_equal(const struct quoin_when *a, const struct quoin_when *b);
/* Both NULL, or the same text. */
bool quoin_texts_equal(const char *a, const char *b);

#endif
