/*
 * Shrink: a directory and a context about which the two evaluators disagree, made smaller for as long as they still do.
 */
#ifndef QUOIN_TESTS_DIFFERENTIAL_SHRINK_H
#define QUOIN_TESTS_DIFFERENTIAL_SHRINK_H

#include "tests/differential/subject.h"

/* Shrinks both in place and prints them to "out", with what the two say. Returns how many values are left of how many
 * by *ret_before. */
size_t shrink_and_print(struct generated *generated, const struct quoin_compile_base *base, struct quoin_buf *context,
    enum subject_way way, bool by_source, struct quoin_buf *out, size_t *ret_before);

#endif
