/* How values are told apart, and ordered, while resolving. */
#include "formats/context.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/check.h"

/* RULES.md section 4, read character by character. */
static bool
naive_version(const char *text, size_t len, uint64_t ret[4])
{
	size_t count = 0, at = 0;

	memset(ret, 0, 4 * sizeof *ret);
	for (;;) {
		size_t first = at;

		if (count == 4)
			return false;
		for (; at < len && text[at] >= '0' && text[at] <= '9'; at++) {
			ret[count] = ret[count] * 10 + (uint64_t)(text[at] - '0');
			if (ret[count] > UINT32_MAX)
				return false;
		}
		if (at == first)
			return false;
		count++;
		if (at == len || text[at] == '-' || text[at] == '+')
			return true;
		if (text[at++] != '.')
			return false;
	}
}

static uint64_t
naive_key(const char *text, size_t len)
{
	uint64_t components[4], key = 0;

	if (!naive_version(text, len, components))
		return 0;
	for (size_t i = 0; i < 4; i++)
		key = key << 16 | (components[i] < RULES_COMPONENT_MAX + 2 ? components[i] : RULES_COMPONENT_MAX + 2);
	return key + 1;
}

static void
reads_versions(void)
{
	static const char letters[] = "0123456789....11200-+x/:";
	static const char *const some[] = {"0", "1.2", "10.19.9", "1.2.3.4", "1.2.3.4.5", "123.4.5", "1.234.5", "1.2.345",
	    "12.34.5", ".1.2.3", "1..2.3", "1.2.3.", "65532.1", "65533", "65534", "65535.9", "4294967295", "4294967296",
	    "0000000000000000001.2", "1.2-beta", "1.2+x", "-1.2", "1.2.x", "", "....", "1.-2.3"};
	char text[16];
	uint64_t versions = 0;

	for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
		if (quoin_version_key(some[i], strlen(some[i])) != naive_key(some[i], strlen(some[i])))
			check_fail(__FILE__, __LINE__, "%s", some[i]);
	}
	srand(11);
	for (unsigned i = 0; i < 300000; i++) {
		size_t len = (size_t)rand() % 10;

		for (size_t k = 0; k < len; k++)
			text[k] = letters[(size_t)rand() % (sizeof letters - 1)];
		if (quoin_version_key(text, len) != naive_key(text, len))
			check_fail(__FILE__, __LINE__, "%.*s", (int)len, text);
		versions += naive_key(text, len) != 0;
	}
	CHECK(versions > 20000);
}

/* Keys of strings that constants hold whole are alike only if the strings are. */
static void
tells_strings_apart(void)
{
	char one[RULES_WHOLE_KEY_MAX + 1], two[RULES_WHOLE_KEY_MAX + 1];
	struct rules_key a, b;

	srand(12);
	for (unsigned i = 0; i < 300000; i++) {
		size_t lens[2] = {(size_t)rand() % sizeof one, (size_t)rand() % sizeof one};

		if (i % 2 == 0)
			lens[1] = lens[0];
		/* Of two letters, so that many are alike in many places. */
		for (size_t k = 0; k < sizeof one; k++) {
			one[k] = "ab"[rand() % 2];
			two[k] = rand() % 8 == 0 ? "ab"[rand() % 2] : one[k];
		}
		a = quoin_rules_string_key(one, lens[0]);
		b = quoin_rules_string_key(two, lens[1]);
		CHECK_INT(a.low == b.low && a.high == b.high && a.form == b.form,
		    lens[0] == lens[1] && memcmp(one, two, lens[0]) == 0);
	}
	a = quoin_rules_string_key("x", QUOIN_CONDITION_BYTES_MAX + 1);
	CHECK(a.form == UINT32_MAX);
}

static const struct check_case cases[] = {
    {"context: versions are read as they are ordered", reads_versions},
    {"context: keys tell strings apart", tells_strings_apart},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
