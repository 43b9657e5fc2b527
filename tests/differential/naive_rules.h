/*
 * What both of the naive evaluator's readers fill: rules as they were written, with references to models found.
 */
#ifndef QUOIN_TESTS_DIFFERENTIAL_NAIVE_RULES_H
#define QUOIN_TESTS_DIFFERENTIAL_NAIVE_RULES_H

#include "tests/differential/naive.h"

enum naive_kind {
	NAIVE_DEFAULT,
	NAIVE_AB_TEST,
	NAIVE_CONTEXT,
	NAIVE_SPLIT,
	NAIVE_RAMP,
	NAIVE_SHADOW,
	NAIVE_OVERRIDE,
	NAIVE_ROUTE,
};

struct naive_route {
	const char *shard;
	const char *vip;
	uint32_t weight;
};

struct naive_model {
	const char *name;
	const char *version;
	const char *input_type;
	const char *model_type;
	const struct tree *config;
	bool is_current;
	bool is_used;
	struct naive_route *routes; /* ascending by shard */
	size_t route_count;
};

struct naive_ref {
	const struct naive_model *model;
	const struct tree *config;
	bool has_version;
};

struct naive_share {
	uint32_t cell;	/* of an allocation */
	uint32_t share; /* thousandths of a percent */
};

struct naive_cell {
	uint32_t cell;
	struct naive_ref ref;
};

struct naive_rule {
	enum naive_kind kind;
	const char *name;
	bool is_enabled;
	long priority;
	const struct tree *targets;
	const struct tree *when; /* or NULL */
	const struct tree *config;
	uint64_t test;
	struct naive_cell *cells;
	size_t cell_count;
	const char *by;
	const char *salt;
	struct naive_share *shares; /* in the order in which ranges are laid */
	size_t share_count;
	struct naive_ref *refs; /* one, or a split's, or an override's */
	size_t ref_count;
	bool is_any_model;
	const struct tree *callers; /* NULL: any */
};

struct naive_objective {
	const char *name;
	const char *input_type;
	const char *model_type;
	const struct tree *config;
	struct naive_ref fallback;
	const char *default_rule;
	const struct tree *default_config;
	const struct naive_rule **rules; /* that select, in the order in which they are asked; then shadows */
	size_t rule_count;
	const struct naive_rule **shadows;
	size_t shadow_count;
};

struct naive {
	struct pool *pool;
	struct naive_model *models;
	size_t model_count;
	struct naive_objective *objectives;
	size_t objective_count;
	struct naive_rule *rules; /* in the order of files */
	size_t rule_count;
};

/* Whether the evaluator is told to be wrong here. */
#define WRONG(name) (naive_error == NAIVE_##name)

/* Put each objective's rules in order, as the last step of loading; and again when the error changes, because some change
 * the order. */
void naive_order(struct naive *naive);

#endif
