/*
 * Check when: a condition block into a tree (RULES.md section 4).
 */
#ifndef QUOIN_PUBLISHER_CHECK_WHEN_H
#define QUOIN_PUBLISHER_CHECK_WHEN_H

#include "publisher/check_run.h"

/* Read the block. A tree of one condition is that leaf itself; an operator object with several operators becomes one
 * leaf per operator under QUOIN_WHEN_ALL. Returns whether the whole block is sound; *ret is set then. */
bool quoin_check_when(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *node, struct quoin_when *ret);

/* Whether the tree holds always: an empty object. */
bool quoin_check_when_is_empty(const struct quoin_when *when);

/* [A-Za-z_][A-Za-z0-9_.-]*, up to 64 bytes, and no reserved word. Adds a problem at "node" otherwise. */
bool quoin_check_attribute(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *node, const char *name);

#endif
