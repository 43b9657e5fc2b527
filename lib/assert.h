/*
 * Assertions about our own reasoning. They are never compiled out, and no byte from outside ever reaches one: bad
 * input is refused with a reason long before.
 */
#ifndef QUOIN_LIB_ASSERT_H
#define QUOIN_LIB_ASSERT_H

#include <stdio.h>
#include <stdlib.h>

#ifdef NDEBUG
#error "Quoin's assertions stay on: do not define NDEBUG"
#endif

#define QUOIN_ASSERT(condition)                                                                                        \
	((condition) ? (void)0                                                                                         \
		     : (fprintf(stderr, "%s:%d: assertion failed: %s\n", __FILE__, __LINE__, #condition), abort()))

#endif
