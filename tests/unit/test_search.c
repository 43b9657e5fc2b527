#include <string.h>

#include "lib/search.h"
#include "tests/check.h"

struct item {
	int number;
	char name[8];
};

static const struct item items[] = {{1, "a"}, {2, "aa"}, {3, "b"}, {4, "zz"}};

static const struct {
	const char *name;
	size_t count, index;
	bool found;
} rows[] = {
	{"a", 4, 0, true},   {"aa", 4, 1, true}, {"b", 4, 2, true},  {"zz", 4, 3, true}, {"", 4, 0, false},
	{"ab", 4, 2, false}, {"c", 4, 3, false}, {"zzz", 4, 4, false}, {"b", 2, 2, false}, {"a", 1, 0, true},
	{"a", 0, 0, false},
};

static void
test_name(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bool found;
		size_t at = quoin_search_name(items[0].name, rows[i].count, sizeof items[0], rows[i].name, &found);

		if (at != rows[i].index || found != rows[i].found)
			check_fail(__FILE__, __LINE__, "\"%s\" of %zu is at %zu (%d)", rows[i].name, rows[i].count, at, found);
	}
}

static const struct check_case cases[] = {
	{"search/name", test_name},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
