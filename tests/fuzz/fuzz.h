/*
 * A fuzz target is one function over bytes. It may refuse them; it must not crash, and what it accepts must have the
 * properties that it asserts. tests/fuzz/corpus/<target>/ holds what it is played in every test run, and is the seed
 * of "make fuzz". A target keeps no state from one input to the next.
 */
#ifndef QUOIN_TESTS_FUZZ_FUZZ_H
#define QUOIN_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Always returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
