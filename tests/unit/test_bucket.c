#include "formats/bucket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

#define BYTES_MAX 65536

/* Hex, "-" for nothing, "xx*n" for n of them. */
static struct quoin_span
unhex(const char *hex, uint8_t *out)
{
	size_t len = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2, many;
	unsigned byte;

	if (sscanf(hex, "%2x*%zu", &byte, &many) == 2) {
		CHECK(many <= BYTES_MAX);
		memset(out, (int)byte, many);
		return (struct quoin_span){out, many};
	}
	for (size_t i = 0; i < len; i++) {
		CHECK_INT(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
	return (struct quoin_span){out, len};
}

static void
check_vectors(const char *path, size_t want)
{
	static uint8_t unit[BYTES_MAX], salt[BYTES_MAX];
	FILE *file = fopen(path, "r");
	char line[2048], a[1024], b[1024];
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
	CHECK_INT(count, want);
}

static void
test_vectors(void)
{
	check_vectors("tests/vectors/bucket.txt", 97);
	check_vectors("tests/vectors/murmur3.txt", 4426);
}

/* The manual's table of vectors is true. */
static void
test_manual(void)
{
	FILE *page = fopen("man/quoin-rules.5", "r");
	char line[512], unit[128], salt[128];
	unsigned bucket;
	size_t count = 0;
	bool is_table = false;

	CHECK(page != NULL);
	while (fgets(line, sizeof line, page) != NULL) {
		is_table = (is_table || strcmp(line, ".\\\" vectors\n") == 0) && strncmp(line, ".Ed", 3) != 0;
		/* An empty unit is written as two quotes. */
		if (!is_table || sscanf(line, "\"%127[^\"]\" \"%127[^\"]\" %u", unit, salt, &bucket) != 3) {
			if (!is_table || sscanf(line, "\"\" \"%127[^\"]\" %u", salt, &bucket) != 2)
				continue;
			unit[0] = '\0';
		}
		CHECK_INT(quoin_bucket(quoin_span_str(unit), quoin_span_str(salt)), bucket);
		count++;
	}
	fclose(page);
	CHECK_INT(count, 8);
}

static const struct check_case cases[] = {
    {"bucket: vectors", test_vectors},
    {"bucket: the manual's vectors", test_manual},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
