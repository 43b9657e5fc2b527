#include "tests/images.h"

#include <stdlib.h>

#include "tests/check.h"

/* A copy of its own, so that a look beyond its end is seen. */
static int
use_copy(struct quoin_span part, images_use *use, void *ctx)
{
	uint8_t *copy = malloc(part.len + 1);
	struct quoin_image image;
	int rc;

	CHECK(copy != NULL);
	CHECK_INT((uintptr_t)copy % 16, 0);
	if (part.len > 0)
		memcpy(copy, part.data, part.len);
	rc = quoin_image_of(quoin_span_of(copy, part.len), &image, NULL);
	if (rc == 0)
		rc = use(&image, ctx);
	free(copy);
	return rc;
}

void
images_check_prefixes(struct quoin_span part, images_use *use, void *ctx)
{
	size_t step = part.len > 20000 ? part.len / 20000 + 1 : 1;

	CHECK_INT(use_copy(part, use, ctx), 0);
	for (size_t len = 0; len < part.len; len += step) {
		if (use_copy(quoin_span_of(part.data, len), use, ctx) == 0)
			check_fail(__FILE__, __LINE__, "a prefix of %zu of %zu bytes passes", len, part.len);
	}
}

void
images_check_flips(struct quoin_span part, unsigned refused_percent, images_use *use, void *ctx)
{
	uint8_t *copy = malloc(part.len);
	size_t refused = 0, tried = 0;
	struct quoin_image image;

	CHECK(copy != NULL);
	memcpy(copy, part.data, part.len);
	for (size_t i = 0; i < part.len; i++) {
		for (unsigned bit = 0; bit < 10; bit++) {
			copy[i] = (uint8_t)(bit == 8 ? 0 : bit == 9 ? 0xff : part.data[i] ^ 1u << bit);
			if (copy[i] == part.data[i])
				continue;
			CHECK_INT(quoin_image_of(quoin_span_of(copy, part.len), &image, NULL), 0);
			tried++;
			refused += use(&image, ctx) != 0;
		}
		copy[i] = part.data[i];
	}
	free(copy);
	if (refused * 100 < tried * refused_percent)
		check_fail(__FILE__, __LINE__, "only %zu of %zu changes are refused", refused, tried);
}
