/*
 * Check run: what the check_* files share while one directory is checked: the ruleset in the making, where its things
 * were written, and the problems. Only they include this header; publisher/check.h is the door.
 *
 * A thing with a problem stays in its table, with what could be read of it, so that what refers to it does not become a
 * second problem. Fields that could not be read are NULL, zero, or empty.
 */
#ifndef QUOIN_PUBLISHER_CHECK_RUN_H
#define QUOIN_PUBLISHER_CHECK_RUN_H

#include "lib/json.h"
#include "publisher/check.h"

/* A piece of JSON and where its values stand. */
struct quoin_check_source {
	const struct quoin_json_doc *doc;
	const char *file;
	uint32_t line;	  /* of a rule from a script: its function's; 0: each value has its own place */
	const char *rule; /* of a rule from a script: its name, which the messages begin with */
	struct quoin_span script;      /* of the same: the file, in which its values are looked for */
	const struct quoin_json *root; /* of the same: the rule itself */
};

/* What refers to a model by name: is it known, which versions are there. */
struct quoin_check_family {
	const char *name;
	uint32_t first;	  /* index into models */
	uint32_t count;	  /* versions; 0 if its record could not be read */
	uint32_t current; /* index into models, or QUOIN_CHECK_NONE */
};
#define QUOIN_CHECK_NONE UINT32_MAX

/* What is known of a rule beside the rule itself. */
struct quoin_check_note {
	bool is_sound; /* no problem was found in it */
	bool has_kind; /* which kind it is could be told */
};

struct quoin_check_run {
	struct quoin_arena arena;
	struct quoin_problems *problems;
	bool is_out_of_memory;
	bool has_eval_errors; /* some functions gave no rules */

	/* Ascending by name. "names" beside them are what "did you mean" chooses from. */
	struct quoin_objective *objectives;
	struct quoin_place *objective_places;
	const char **objective_names;
	size_t objective_count;
	bool has_objectives; /* the file could be read: only then is a missing name a problem */

	struct quoin_model *models;
	struct quoin_place *model_places;
	size_t model_count;
	struct quoin_check_family *families;
	const char **family_names;
	size_t family_count;
	bool has_models;

	struct quoin_shard *shards;
	struct quoin_place *shard_places;
	const char **shard_names;
	size_t shard_count;
	bool has_shards;

	struct quoin_rule *rules; /* in file order */
	struct quoin_place *rule_places;
	struct quoin_check_note *rule_notes;
	size_t rule_count;

	const char *constants;
	struct quoin_policy policy;
	const char *policy_extra;
	struct quoin_place policy_place; /* file NULL: there is no policy.json */
};

/* Memory of the ruleset's arena, zeroed; NULL when there is none, which the run then remembers. A count of 0 gives
 * memory too. */
void *quoin_check_take(struct quoin_check_run *run, size_t count, size_t bytes);
char *quoin_check_copy(struct quoin_check_run *run, const char *text);

/* Where a value stands. */
struct quoin_place quoin_check_place(const struct quoin_check_source *source, const struct quoin_json *node);
/* Add an error at a value's place; of a rule from a script where the value is written, if that can be seen. */
void quoin_check_error(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *node, const char *code, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* The index of "name" among ascending names, or QUOIN_CHECK_NONE. */
uint32_t quoin_check_find(const char *const *names, size_t count, const char *name);
/* "; did you mean \"x\"?" if one of the names is near, else "; " and the other advice. Into "out". */
void quoin_check_advise(const char *word, const char *const *names, size_t count, const char *otherwise, char *out,
    size_t out_bytes);
#define QUOIN_CHECK_ADVICE_BYTES 256

#endif
