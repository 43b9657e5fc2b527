/*
 * Check hint: the form that a condition should have had, with the author's own names and values in it. The forms are JSON,
 * which scripts take as well.
 *
 * Every function fills "out" with advice that goes behind what is wrong ("; write …"), or leaves it empty where nothing can
 * be said. A value too long to be said again stands as three dots.
 */
#ifndef QUOIN_PUBLISHER_CHECK_HINT_H
#define QUOIN_PUBLISHER_CHECK_HINT_H

#include "formats/ruleset.h"
#include "lib/json.h"

#define QUOIN_CHECK_HINT_BYTES 320

/* A member of an operator object whose key is none, but what other languages call one: "eq", "!=", "startsWith". */
void quoin_check_hint_operator(const char *attribute, const struct quoin_json *member,
    char out[QUOIN_CHECK_HINT_BYTES]);

/* The value of an operator is of the wrong kind: "gt" of "5", "in" of "x". "key" is the operator's. */
void quoin_check_hint_operand(const char *attribute, enum quoin_operator op, const char *key,
    const struct quoin_json *value, char out[QUOIN_CHECK_HINT_BYTES]);

/* "anyOf" or "allOf" of one object, or a block ("key" NULL: "when" or "not") of an array of objects. */
void quoin_check_hint_block(const char *key, const struct quoin_json *value, char out[QUOIN_CHECK_HINT_BYTES]);

#endif
