/*
 * Ruleset: everything an authoring directory says, checked and resolved to indexes: what compile turns into the parts
 * rules, routes, models and source. Made by publisher/check from files, and by formats/source from a source part.
 *
 * A ruleset that a reader of this header meets is valid: names and types agree, percents add up, limits hold, exactly one
 * default per objective. Order is canonical: objectives, models (name, then version), shards by the bytes of their names;
 * rules in file order (path, place of the function, index in the array). All strings and arrays live in the ruleset's
 * arena and die with it. Percents are thousandths: 100 % is 100000. Config strings are canonical JSON objects, or NULL.
 */
#ifndef QUOIN_FORMATS_RULESET_H
#define QUOIN_FORMATS_RULESET_H

#include "formats/document.h"
#include "formats/policy.h"
#include "lib/bytes.h"
#include "lib/error.h"

/* ---- Arena: memory that is freed all at once ---- */
struct quoin_arena {
	struct quoin_arena_block *blocks;
	size_t bytes; /* taken so far */
};
/* Zeroed memory, aligned for any type; NULL when there is none. Freed by clear. */
void *quoin_arena_take(struct quoin_arena *arena, size_t bytes);
/* A terminated copy. */
char *quoin_arena_text(struct quoin_arena *arena, struct quoin_span text);
void quoin_arena_clear(struct quoin_arena *arena);

/* ---- Conditions (RULES.md section 4) ---- */
enum quoin_scalar_kind {
	QUOIN_SCALAR_STRING,
	QUOIN_SCALAR_NUMBER,
	QUOIN_SCALAR_BOOL,
};
struct quoin_scalar {
	enum quoin_scalar_kind kind;
	const char *string;
	double number;
	bool boolean;
};

enum quoin_operator {
	QUOIN_OP_IN,	 /* equal to one of the scalars; a plain scalar or array is this too */
	QUOIN_OP_NOT_IN, /* present and equal to none */
	QUOIN_OP_PREFIX, /* strings */
	QUOIN_OP_GT,
	QUOIN_OP_GTE,
	QUOIN_OP_LT,
	QUOIN_OP_LTE,	  /* one number */
	QUOIN_OP_VERSION, /* comparators, all must hold */
	QUOIN_OP_EXISTS,  /* one bool */
};

enum quoin_comparator {
	QUOIN_VERSION_EQ,
	QUOIN_VERSION_GT,
	QUOIN_VERSION_GTE,
	QUOIN_VERSION_LT,
	QUOIN_VERSION_LTE,
};
struct quoin_version_bound {
	enum quoin_comparator comparator;
	uint32_t components[4];
};

enum quoin_when_kind {
	QUOIN_WHEN_ALL, /* all children hold: an object's members, and allOf; no children: holds */
	QUOIN_WHEN_ANY, /* one child holds */
	QUOIN_WHEN_NOT, /* the one child does not hold */
	QUOIN_WHEN_LEAF,
};
struct quoin_when {
	enum quoin_when_kind kind;
	const struct quoin_when *children;
	size_t child_count;
	/* of a leaf */
	const char *attribute;
	enum quoin_operator op;
	const struct quoin_scalar *scalars;
	size_t scalar_count;
	const struct quoin_version_bound *bounds;
	size_t bound_count;
};

/* ---- Things ---- */
struct quoin_amount {
	const char *resource;
	uint64_t amount;
};
struct quoin_pair {
	const char *key;
	const char *value;
};

struct quoin_shard {
	const char *name;
	const char *vip;
	const char *const *hosts; /* ascending */
	size_t host_count;
	const struct quoin_amount *capacity; /* of one host; ascending by resource */
	size_t capacity_count;
	const struct quoin_pair *labels; /* ascending by key */
	size_t label_count;
	bool drain;
	bool health_checked;
	const char *extra; /* the x-… keys as canonical JSON, or NULL; kept in source for every thing */
};

struct quoin_model {
	const char *name;
	const char *version;
	const char *routing_key; /* name@version */
	bool is_current;
	const char *input_type;
	const char *model_type;
	const char *uri;
	const char *digest;
	const struct quoin_amount *demand; /* ascending by resource */
	size_t demand_count;
	uint32_t shard_count; /* on how many shards it must be */
	const struct quoin_pair *requires; /* ascending by key */
	size_t requires_count;
	const char *config;
	const struct quoin_amount *limits; /* requests_per_s, concurrency */
	size_t limit_count;
	const char *extra;
	bool is_used; /* named by an enabled rule, a default, a shadow, an override or a route rule: part of the release */
};

struct quoin_ref {
	uint32_t model; /* index into models */
	const char *config;
};

struct quoin_objective {
	const char *name;
	const char *owner; /* or NULL */
	const char *input_type;
	const char *model_type;
	const char *config;
	struct quoin_ref default_ref;
	const char *default_rule;   /* "default", or the name of the rule that gives it */
	const char *default_config; /* that rule's config, or NULL */
	const char *extra;
};

enum quoin_rule_kind {
	QUOIN_RULE_DEFAULT,
	QUOIN_RULE_AB_TEST,
	QUOIN_RULE_CONTEXT,
	QUOIN_RULE_SPLIT,
	QUOIN_RULE_RAMP,
	QUOIN_RULE_SHADOW,
	QUOIN_RULE_OVERRIDE,
	QUOIN_RULE_ROUTE,
};

struct quoin_cell {
	uint32_t cell;
	struct quoin_ref ref;
};
struct quoin_share {
	uint32_t key;	/* allocation: the cell; split: the index of the entry; route: the index of the shard */
	uint32_t share; /* thousandths of a percent */
};

struct quoin_rule {
	enum quoin_rule_kind kind;
	const char *name;
	const char *file;
	uint32_t line;
	int32_t priority;
	bool is_enabled;
	const uint32_t *targets; /* indexes of objectives, ascending */
	size_t target_count;
	const struct quoin_when *when; /* NULL: always */
	const char *config;
	uint64_t ab_test_id;
	const struct quoin_cell *cells; /* ascending by cell */
	size_t cell_count;
	const char *by;		  /* split, ramp, shadow, allocation: the unit's attribute; NULL if none */
	const char *salt;	  /* of the same */
	const struct quoin_share *shares; /* allocation (ascending by cell), split (in order), ramp and shadow (one), route */
	size_t share_count;
	const struct quoin_ref *refs; /* context: one; split: one per share; ramp, shadow: one; override: the list; route: one */
	size_t ref_count;
	bool any_model;		  /* override: models is "any" */
	const bool *ref_any_version; /* override: the reference admits any version; per ref */
	const char *const *callers; /* override; NULL: any */
	size_t caller_count;
	const char *extra;
};

/* Where a used model is and what share of its traffic goes there: filled by assign. */
struct quoin_placement {
	uint32_t model;
	uint32_t shard;
	uint32_t weight; /* of 100000; 0: loaded without traffic */
};

struct quoin_ruleset {
	struct quoin_arena arena;
	const struct quoin_objective *objectives;
	size_t objective_count;
	const struct quoin_model *models; /* all, used or not */
	size_t model_count;
	const struct quoin_shard *shards;
	size_t shard_count;
	const struct quoin_rule *rules;
	size_t rule_count;
	const struct quoin_placement *placements; /* ascending by model, then shard; every used model at least once */
	size_t placement_count;
	const char *constants; /* canonical JSON object, or NULL */
	struct quoin_policy policy;
	const char *policy_extra; /* the x-… keys of policy.json, or NULL */
};

void quoin_ruleset_clear(struct quoin_ruleset *ruleset);

/* The enabled rules of one objective in the order in which they are asked: overrides first, then by priority (higher
 * first), then file order; shadows in the same order at the end; without the default. Indexes into rules. Returns the
 * count, at most QUOIN_RULES_PER_OBJECTIVE_MAX. */
size_t quoin_ruleset_order(const struct quoin_ruleset *ruleset, uint32_t objective,
    uint32_t ret[QUOIN_RULES_PER_OBJECTIVE_MAX]);

/* The same for all objectives at once, in one walk over the rules. */
struct quoin_rule_order {
	uint32_t *counts; /* per objective */
	uint32_t (*rules)[QUOIN_RULES_PER_OBJECTIVE_MAX];
};
/* 0 or QUOIN_ENOMEM; the caller clears it. */
int quoin_ruleset_order_all(const struct quoin_ruleset *ruleset, struct quoin_rule_order *ret);
void quoin_rule_order_clear(struct quoin_rule_order *order);

#endif
