/*
 * Spot: where in a script a value stands that a function returned. Values come without places from an evaluation; but most
 * of them are written down in the function, and one that is written there exactly once can be pointed at.
 */
#ifndef QUOIN_PUBLISHER_SPOT_H
#define QUOIN_PUBLISHER_SPOT_H

#include "lib/json.h"

/*
 * Look for the value in the function that begins on "line" of "script": as a text in quotes or as the name after a dot, or
 * else as the key before a colon; with "is_key" as the key alone. What is there more than once is looked for inside the
 * keys that "root" (may be NULL), which the function returned, has on the way to the value, as far as those are written
 * once. An element of an array may be found at the array's key. Returns false, with the outputs unchanged, when it is not
 * there, or still more than once.
 * Lines and columns from 1; columns count characters.
 */
bool quoin_spot_find(struct quoin_span script, uint32_t line, const struct quoin_json *root,
    const struct quoin_json *value, bool is_key, uint32_t *ret_line, uint32_t *ret_column);

/* The same for the key of what the evaluation tells to be no JSON: "has at [0].model.config.a undefined". *line is that on
 * which the function begins, and gets the key's. False for a text without a path. */
bool quoin_spot_find_told(struct quoin_span script, const char *told, uint32_t *line, uint32_t *ret_column);

#endif
