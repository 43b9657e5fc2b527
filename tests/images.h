/*
 * Hostile images, for the tests of the flat parts: every prefix, every bit flip, every byte set to 0 and 0xff. What a
 * verifier lets pass is used as its reader would, so that a sanitizer sees a look outside.
 */
#ifndef QUOIN_TESTS_IMAGES_H
#define QUOIN_TESTS_IMAGES_H

#include "formats/image.h"

/* Verify the image; if it passes, read everything in it. Returns what the verifier says. */
typedef int images_use(const struct quoin_image *image, void *ctx);

/* Every proper prefix must be refused. */
void images_check_prefixes(struct quoin_span part, images_use *use, void *ctx);
/* Every flip is refused or harmless; at least "refused_percent" of them must be refused. */
void images_check_flips(struct quoin_span part, unsigned refused_percent, images_use *use, void *ctx);

#endif
