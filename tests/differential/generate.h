/*
 * Authoring directories and contexts out of a seed: every kind of rule, condition and operator, nested; values that are
 * missing, mistyped, empty, very long, on the edge of what is allowed; contexts that are no JSON. All directories are
 * valid, so that a refusal is a finding, too.
 */
#ifndef QUOIN_TESTS_DIFFERENTIAL_GENERATE_H
#define QUOIN_TESTS_DIFFERENTIAL_GENERATE_H

#include "lib/bytes.h"
#include "tests/rulesets.h"

#define GENERATED_FILES_MAX  8
#define GENERATED_MODELS_MAX 40
#define GENERATED_EXTRAS_MAX  52 /* 64 attributes in all, the limit */
#define GENERATED_TYPES	     3
#define GENERATED_EDGES	     8 /* user-0, user-1, …: ranges of buckets end at theirs */

struct generated_file {
	const char *path;
	struct quoin_buf text;
	struct quoin_buf rules; /* of a script: the same as a *.rules.json would have it; else empty */
};

struct generated_model {
	char name[65];
	char version[65];
	uint32_t type;
	bool is_current;
	bool is_pure; /* all versions of the name have the type */
	bool has_route;
	bool has_requires;
};

struct generated {
	struct generated_file files[GENERATED_FILES_MAX]; /* ascending by path */
	size_t file_count;
	bool has_script;
	/* What contexts are made from. */
	uint32_t objective_count;
	uint32_t attribute_count;
	uint32_t shard_count; /* the first of them can have models */
	struct generated_model models[GENERATED_MODELS_MAX];
	uint32_t model_count;
};

/* "wants_script": the rules are in a *.js. Clear it before it is used again. */
void generate_directory(struct dice *dice, bool wants_script, struct generated *ret);
void generated_clear(struct generated *generated);

/* Append one context; one in forty is no valid one. */
void generate_context(struct dice *dice, const struct generated *generated, struct quoin_buf *out);

/* ---- What both share ---- */
bool generate_coin(struct dice *dice, uint32_t percent);
#define GENERATED_OBJECTIVES 8
extern const char *const generated_objectives[GENERATED_OBJECTIVES];
#define GENERATED_TESTS 6
extern const char *const generated_tests[GENERATED_TESTS];
#define GENERATED_CALLERS 4
extern const char *const generated_callers[GENERATED_CALLERS];
/* The attribute's name, and a scalar that rules compare it with or contexts have, as JSON. */
const char *generated_attribute(uint32_t attribute, char name[24]);
void generate_scalar(struct dice *dice, uint32_t attribute, struct quoin_buf *out);
/* A string, a number, a version (without quotes) for operators that need one. */
void generate_string(struct dice *dice, struct quoin_buf *out);
void generate_number(struct dice *dice, struct quoin_buf *out);
const char *generate_version(struct dice *dice);
/* An operator, most often one that the attribute's values suit. */
const char *generate_operator(struct dice *dice, uint32_t attribute);

#endif
