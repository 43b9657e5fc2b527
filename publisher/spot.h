/*
 * Spot: where in a script a value stands that a function returned. Values come without places from an evaluation; but most
 * of them are written down in the function, and one that is written there exactly once can be pointed at.
 */
#ifndef QUOIN_PUBLISHER_SPOT_H
#define QUOIN_PUBLISHER_SPOT_H

#include "lib/json.h"

/*
 * Look for the value in the function that begins on "line" of "script": as a text in quotes or as the name after a dot, or
 * else as the key before a colon; with "is_key" as the key alone. Returns false, with the outputs unchanged, when it is
 * not there, or more than once. Lines and columns from 1; columns count characters.
 */
bool quoin_spot_find(struct quoin_span script, uint32_t line, const struct quoin_json *value, bool is_key,
    uint32_t *ret_line, uint32_t *ret_column);

#endif
