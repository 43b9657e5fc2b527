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

static void
test_number(void)
{
	static const struct {
		char first;
		uint64_t number;
	} numbers[] = {{'a', 1}, {'b', 5}, {'c', UINT64_MAX}};
	static const struct {
		uint64_t number;
		size_t count, index;
		bool found;
	} sought[] = {{1, 3, 0, true}, {5, 3, 1, true}, {UINT64_MAX, 3, 2, true}, {0, 3, 0, false}, {2, 3, 1, false},
	    {6, 3, 2, false}, {5, 1, 1, false}, {5, 0, 0, false}};

	for (size_t i = 0; i < sizeof sought / sizeof sought[0]; i++) {
		bool found;
		const size_t at = quoin_search_number(&numbers[0].number, sought[i].count, sizeof numbers[0], sought[i].number,
		    &found);

		CHECK_INT(at, sought[i].index);
		CHECK_INT(found, sought[i].found);
	}
	CHECK_INT(quoin_search_number(NULL, 0, sizeof numbers[0], 5, &(bool){true}), 0);
}

static const struct check_case cases[] = {
	{"search/name", test_name},
	{"search/number", test_number},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
