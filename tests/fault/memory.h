/*
 * Memory: allocations that fail on demand, in the whole program and the libraries in it, and how many are not freed.
 * Linking memory.o puts its malloc in front of libc's, or the sanitizer's.
 */
#ifndef QUOIN_TESTS_FAULT_MEMORY_H
#define QUOIN_TESTS_FAULT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* From now on the allocation number "at" fails, counted from 1, and with "lasts" all after it; 0: none. */
void memory_fail(size_t at, bool lasts);
/* Allocations since then; those of them that failed; and those made since then that were not freed. */
size_t memory_count(void);
size_t memory_failures(void);
long memory_live(void);
/* Stop failing and counting. */
void memory_stop(void);

#endif
