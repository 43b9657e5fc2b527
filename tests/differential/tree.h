/*
 * Trees: strict JSON as the rules language wants it (RULES.md section 1), read by a parser of this test's own, so that the
 * naive evaluator shares no line with what it is compared with.
 */
#ifndef QUOIN_TESTS_DIFFERENTIAL_TREE_H
#define QUOIN_TESTS_DIFFERENTIAL_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bytes.h"

/* Memory that is forgotten all at once. */
struct pool {
	struct pool_block *blocks;
	struct pool_block *at;
};
void *pool_take(struct pool *pool, size_t bytes); /* zeroed */
void pool_reset(struct pool *pool);
void pool_clear(struct pool *pool);

enum tree_kind {
	TREE_NULL,
	TREE_BOOL,
	TREE_NUMBER,
	TREE_STRING,
	TREE_ARRAY,
	TREE_OBJECT,
};

struct tree {
	enum tree_kind kind;
	bool boolean;
	double number;
	const char *text; /* of a string: decoded; of a number: as it was written; terminated */
	size_t text_bytes;
	const char *key; /* of a member */
	size_t key_bytes;
	struct tree *first;
	struct tree *next;
	size_t count; /* of elements or members */
};

/* NULL when the text is not strict JSON. */
struct tree *tree_parse(struct pool *pool, const char *text, size_t bytes);

/* The member, or NULL; NULL also of what is no object. */
const struct tree *tree_get(const struct tree *object, const char *key);
bool tree_is_text(const struct tree *tree, const char *text);	   /* a string that says so */
const char *tree_text(const struct tree *object, const char *key); /* the member's string, or NULL */

/* The same value: members in any order, numbers as doubles. */
bool tree_equal(const struct tree *a, const struct tree *b);

/* Append as JSON, members as they stand, or ascending by key. */
void tree_print(const struct tree *tree, bool is_sorted, struct quoin_buf *out);
void tree_print_string(const char *text, size_t bytes, struct quoin_buf *out);

#endif
