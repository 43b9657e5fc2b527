/*
 * Check value: the kinds of values that the files are made of, read strictly. Each function adds a problem at the
 * value's place if it is not of its kind; what it returns then is nothing (NULL, false, empty).
 *
 * "what" names the value in messages: "\"version\"", "a host". A "member" is read by its key from an object that is
 * known to be one.
 */
#ifndef QUOIN_PUBLISHER_CHECK_VALUE_H
#define QUOIN_PUBLISHER_CHECK_VALUE_H

#include "publisher/check_run.h"

enum quoin_check_need {
	QUOIN_CHECK_OPTIONAL,
	QUOIN_CHECK_REQUIRED,
};

/* Integers that every JSON reader gets right. */
#define QUOIN_CHECK_INT_MAX	   (INT64_C(1) << 53)
/* inputType and modelType. */
#define QUOIN_CHECK_TYPE_BYTES_MAX 64

/* Whether the value is of this kind. */
bool quoin_check_is(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *node,
    enum quoin_json_kind kind, const char *what);
/* The member, of this kind; NULL if it is missing (a problem when it is required) or of another kind. */
const struct quoin_json *quoin_check_member(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *object, const char *key, enum quoin_json_kind kind, enum quoin_check_need need);

/* Every key is one of these ("x-…" too). "keys" ends with NULL. "what" is what has these keys: "a model". */
void quoin_check_keys(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *object, const char *const *keys, const char *what);

/* Whether the key begins with "x-" (publisher/check_extra.h). */
bool quoin_check_key_is_extra(const char *key);

/* Strings, copied into the arena. name: [A-Za-z0-9._-], 1..64 bytes. word: printable, no blanks, 1..bytes_max bytes.
 * text: no control characters, 1..bytes_max bytes. */
const char *quoin_check_name(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *node, const char *what);
const char *quoin_check_word_member(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *object, const char *key, enum quoin_check_need need, size_t bytes_max);
const char *quoin_check_text_member(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *object, const char *key, enum quoin_check_need need, size_t bytes_max);
/* A key that must be a name: of an objective, a model, a shard. "value" is the member, for its place. */
bool quoin_check_key_is_name(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *value, const char *what);

/* The number as canonical JSON has it: with every digit that makes it a wrong one. The run's. */
const char *quoin_check_number(struct quoin_check_run *run, const struct quoin_json *node);
/* "otherwise" if the member is missing or wrong. */
int64_t quoin_check_int_member(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *object, const char *key, int64_t min, int64_t max, int64_t otherwise);
bool quoin_check_bool_member(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *object, const char *key, bool otherwise);
/* 0..100 with at most three decimals, as thousandths (RULES.md section 5). */
bool quoin_check_percent(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *node, const char *what, uint32_t *ret);
/* The percents of a list add up to 100: adds a problem at "node" otherwise. */
void quoin_check_percent_sum(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *node, uint64_t sum, const char *what);

/* The value as canonical JSON. */
const char *quoin_check_canonical(struct quoin_check_run *run, const struct quoin_json *node);
/* The member "config", an object, as canonical JSON; NULL if there is none. */
const char *quoin_check_config(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *object);

/* The member, an object of names with non-negative integers, or of label names with label values; ascending by name. */
size_t quoin_check_amounts(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *object, const char *key, enum quoin_check_need need, const struct quoin_amount **ret);
size_t quoin_check_pairs(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *object, const char *key, const struct quoin_pair **ret);

/* The members of an object of names, ascending by key, in the arena; *ret_count of them. NULL when out of memory. */
const struct quoin_json **quoin_check_sorted(struct quoin_check_run *run, const struct quoin_json *object,
    size_t *ret_count);

#endif
