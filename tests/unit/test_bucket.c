#include "formats/bucket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

static struct quoin_span
unhex(const char *hex, uint8_t *out)
{
	size_t len = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2;
	unsigned byte;

	for (size_t i = 0; i < len; i++) {
		CHECK_INT(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
	return (struct quoin_span){out, len};
}

static void
test_vectors(void)
{
	FILE *file = fopen("tests/vectors/bucket.txt", "r");
	char line[2048], a[1024], b[1024];
	uint8_t unit[512], salt[512];
	size_t count = 0;
	unsigned seed, hash, bucket;

	CHECK(file != NULL);
	while (fgets(line, sizeof line, file) != NULL) {
		if (sscanf(line, "murmur %1023s %8x %8x", a, &seed, &hash) == 3) {
			CHECK_INT(quoin_murmur3(unhex(a, unit), seed), hash);
		} else if (sscanf(line, "bucket %1023s %1023s %u", a, b, &bucket) == 3) {
			CHECK_INT(quoin_bucket(unhex(a, unit), unhex(b, salt)), bucket);
			CHECK_INT(quoin_bucket_of(unhex(a, unit), quoin_bucket_seed(unhex(b, salt))), bucket);
		} else {
			CHECK(line[0] == '#');
			continue;
		}
		count++;
	}
	fclose(file);
	CHECK_INT(count, 97);
}

/* Every bucket is below the number of buckets, and each tenth of them gets about a tenth of the units. */
static void
test_spread(void)
{
	size_t tenths[10] = {0};
	uint32_t seed = quoin_bucket_seed((struct quoin_span){(const uint8_t *)"salt", 4});
	char unit[24];

	for (int i = 0; i < 20000; i++) {
		int len = snprintf(unit, sizeof unit, "user-%d", i);
		uint32_t bucket = quoin_bucket_of((struct quoin_span){(const uint8_t *)unit, (size_t)len}, seed);

		CHECK(bucket < QUOIN_BUCKETS);
		tenths[bucket / (QUOIN_BUCKETS / 10)]++;
	}
	for (int i = 0; i < 10; i++)
		CHECK(tenths[i] > 1800 && tenths[i] < 2200);
}

static const struct check_case cases[] = {
    {"bucket: vectors", test_vectors},
    {"bucket: spread", test_spread},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
