/*
 * A second evaluator, written from RULES.md alone, slow and plain: it walks the JSON that authors wrote, or the JSON of a
 * release's source part, and shares nothing with the compiler, the images and the resolver: not the parser, not the
 * ruleset, not even the buckets. Of the source part it needs one thing that no rule says: on which shards a model is.
 *
 * It can be told to be wrong in one point at a time, to show that a comparison sees it.
 */
#ifndef QUOIN_TESTS_DIFFERENTIAL_NAIVE_H
#define QUOIN_TESTS_DIFFERENTIAL_NAIVE_H

#include "tests/differential/tree.h"

/* name, what is wrong */
#define NAIVE_ERRORS(X)                                                                                                \
	X(MISSING_HOLDS, "a condition on a missing attribute holds")                                                   \
	X(NULL_IS_THERE, "null in a context counts as present")                                                        \
	X(ARRAY_IS_THERE, "an array or object in a context counts as present")                                         \
	X(EXISTS_FALSE, "exists: false fails where the attribute is missing")                                          \
	X(NOT_IN_MISSING, "notIn holds where the attribute is missing")                                                \
	X(NOT_IN_TYPES, "notIn fails for a value of another type")                                                     \
	X(NOT_MISSING, "not of a condition on a missing attribute does not hold")                                      \
	X(TEXT_IS_NUMBER, "\"5\" equals 5")                                                                            \
	X(BOOL_IS_NUMBER, "true equals 1")                                                                             \
	X(BOOL_IS_BOOL, "true equals false")                                                                           \
	X(CASE, "strings compare without case")                                                                        \
	X(STRING_255, "strings compare by their first 255 bytes")                                                      \
	X(MINUS_ZERO, "-0 does not equal 0")                                                                           \
	X(FLOATS, "numbers compare as 32-bit floats")                                                                  \
	X(GT_EQUAL, "gt holds for equal numbers")                                                                      \
	X(GTE_EQUAL, "gte fails for equal numbers")                                                                    \
	X(LT_EQUAL, "lt holds for equal numbers")                                                                      \
	X(LTE_EQUAL, "lte fails for equal numbers")                                                                    \
	X(OPERATORS_ANY, "one operator of an object is enough")                                                        \
	X(MEMBERS_ANY, "one member of a block is enough")                                                              \
	X(ANY_IS_ALL, "anyOf needs all")                                                                               \
	X(ALL_IS_ANY, "allOf needs one")                                                                               \
	X(PREFIX_WHOLE, "prefix does not hold for the whole string")                                                   \
	X(PREFIX_FIRST, "prefix looks at the first of its strings only")                                               \
	X(PREFIX_NUMBER, "prefix holds for numbers")                                                                   \
	X(VERSION_THREE, "the fourth component of a version is ignored")                                               \
	X(VERSION_FIVE, "a version may have five components")                                                          \
	X(VERSION_TEXT, "components of versions compare as texts")                                                     \
	X(VERSION_SUFFIX, "a version with a suffix is none")                                                           \
	X(VERSION_PADDING, "leading zeros of a component make it none")                                                \
	X(VERSION_32, "components beyond 32 bits wrap around")                                                         \
	X(VERSION_FIRST, "only the first comparator is asked")                                                         \
	X(VERSION_MISSING, "missing components of a version are not 0")                                                \
	X(UNIT_BOOL, "true is a unit")                                                                                 \
	X(UNIT_FLOAT, "5.5 is a unit")                                                                                 \
	X(UNIT_BIG, "an integer beyond 2^53 is a unit")                                                                \
	X(UNIT_SIGN, "-0 as a unit is \"-0\"")                                                                         \
	X(UNIT_EMPTY, "the empty string is no unit")                                                                   \
	X(UNIT_100, "without a unit a share of 100 percent matches")                                                   \
	X(BUCKET_EDGE, "a bucket equal to the end of a range is in it")                                                \
	X(BUCKET_TAIL, "the last bytes of a unit are not hashed")                                                      \
	X(SALT_PLAIN, "the salt is not used")                                                                          \
	X(SALT_NAME, "salt does not default to the rule's name")                                                       \
	X(BY_USER, "the unit is always userId")                                                                        \
	X(CELLS_LISTED, "an allocation's ranges are laid in listed order")                                             \
	X(CELL_TEXT, "\"2\" in a context is a cell")                                                                   \
	X(CELL_FRACTION, "1.5 in a context is cell 1")                                                                 \
	X(CELL_MINUS, "-1 in a context is a cell that no rule has")                                                    \
	X(CELL_FALLS, "a cell that is not in cellToModel asks the allocation")                                         \
	X(OVERRIDE_ORDER, "override rules are asked in the order of all others")                                       \
	X(OVERRIDE_CALLER, "a missing caller is admitted by any list")                                                 \
	X(OVERRIDE_VERSION, "a reference without version admits the current one only")                                 \
	X(OVERRIDE_CURRENT, "an override without version means the first version")                                     \
	X(OVERRIDE_ANY_TYPE, "\"any\" admits models of other types")                                                   \
	X(OVERRIDE_UNUSED, "\"any\" admits versions that are not in the release")                                      \
	X(OVERRIDE_CONFIG, "the last reference that admits gives the config")                                          \
	X(OVERRIDE_NUMBER, "an override version that is no string counts as missing")                                  \
	X(OVERRIDE_ENDS, "an override that is not allowed ends the decision with the default")                         \
	X(SHADOW_SELECTED, "the selected model is a shadow, too")                                                      \
	X(SHADOW_TWICE, "a shadow is listed twice")                                                                    \
	X(SHADOW_FIVE, "five shadows are listed")                                                                      \
	X(PRIORITY, "a lower priority is asked first")                                                                 \
	X(TIE, "among equal priorities the last rule is asked first")                                                  \
	X(DISABLED, "a disabled rule decides")                                                                         \
	X(DEFAULT_RULE, "a default given by a rule is called \"default\"")                                             \
	X(DEFAULT_CONFIG, "the config of a default rule is left out")                                                  \
	X(CONFIG_ORDER, "the reference's config wins over the rule's")                                                 \
	X(CONFIG_MODEL, "the objective's config wins over the model's")                                                \
	X(CONFIG_NULL, "null in a config removes the key")                                                             \
	X(CONFIG_DEEP, "configs are merged below the top level")                                                       \
	X(FALLBACK_ALWAYS, "the fallback is named when it is the selected model")                                      \
	X(FALLBACK_NAME, "no fallback is named when only the version differs")                                         \
	X(ROUTE_ZERO, "routes without traffic are listed")                                                             \
	X(ROUTE_LAST, "the remainder of equal weights goes to the last shards")                                        \
	X(CONTEXT_BYTES, "a context of more than 64 KiB is read")

enum naive_error {
	NAIVE_NONE,
#define X(name, what) NAIVE_##name,
	NAIVE_ERRORS(X)
#undef X
	NAIVE_ERRORS_COUNT,
};
extern enum naive_error naive_error;
const char *naive_error_text(enum naive_error error);

struct naive_file {
	const char *path;
	const char *text; /* JSON; of a script: the same rules as a *.rules.json would have them */
};

/* What is evaluated; all memory is the pool's, which the texts outlive. */
struct naive;
/* From the files of an authoring directory, in the order of their paths, and the source part for places. */
struct naive *naive_load_authored(struct pool *pool, const struct naive_file *files, size_t count,
    struct quoin_span source);
/* From the source part alone. */
struct naive *naive_load_source(struct pool *pool, struct quoin_span source);

/* The decision for a context, as JSON in the order of RULES.md section 6. "scratch" is reset; "release" is what the decision
 * says. *ret_context (may be NULL) is the context as a tree in "scratch", NULL if it is a bad one. */
void naive_decide(const struct naive *naive, const char *context, size_t bytes, uint64_t release, struct pool *scratch,
    const struct tree **ret_context, struct quoin_buf *out);

/* MurmurHash3_x86_32, in the words of its author. */
uint32_t naive_murmur3(const void *bytes, size_t count, uint32_t seed);

#endif
