/*
 * What the targets of the flat parts share: an aligned copy of the input, and a rules part to ask contexts of.
 */
#ifndef QUOIN_TESTS_FUZZ_FUZZ_IMAGE_H
#define QUOIN_TESTS_FUZZ_FUZZ_IMAGE_H

#include <stdlib.h>
#include <string.h>

#include "formats/image.h"
#include "lib/assert.h"
#include "tests/fuzz/fuzz.h"

/* false: too large to be a part. The caller frees *ret_copy. */
static inline bool
fuzz_image_of(const uint8_t *data, size_t size, uint8_t **ret_copy, struct quoin_image *ret)
{
	*ret_copy = malloc(size + 1);
	QUOIN_ASSERT(*ret_copy != NULL);
	if (size > 0)
		memcpy(*ret_copy, data, size);
	return quoin_image_of(quoin_span_of(*ret_copy, size), ret, NULL) == 0;
}

#endif
