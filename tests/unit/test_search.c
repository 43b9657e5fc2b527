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
		const size_t at = quoin_search_u64(&numbers[0].number, sought[i].count, sizeof numbers[0], sought[i].number,
		    &found);

		CHECK_INT(at, sought[i].index);
		CHECK_INT(found, sought[i].found);
	}
	for (size_t i = 0; i < sizeof sought / sizeof sought[0]; i++) {
		static const uint32_t few[] = {1, 5, UINT32_MAX};
		const uint32_t number = sought[i].number > UINT32_MAX ? UINT32_MAX : (uint32_t)sought[i].number;
		bool found;

		CHECK_INT(quoin_search_u32(few, sought[i].count, sizeof few[0], number, &found), sought[i].index);
		CHECK_INT(found, sought[i].found);
	}
	CHECK_INT(quoin_search_u64(NULL, 0, sizeof numbers[0], 5, &(bool){true}), 0);
}

/* Of equals the first. */
static void
test_text(void)
{
	static const struct {
		const char *text;
		int other;
	} texts[] = {{"a", 1}, {"b", 2}, {"b", 3}, {"b", 4}, {"d", 5}};
	static const struct {
		const char *text;
		size_t index;
		bool found;
	} sought[] = {{"a", 0, true}, {"b", 1, true}, {"c", 4, false}, {"d", 4, true}, {"e", 5, false}, {"", 0, false}};

	for (size_t i = 0; i < sizeof sought / sizeof sought[0]; i++) {
		bool found;

		CHECK_INT(quoin_search_text(&texts[0].text, 5, sizeof texts[0], sought[i].text, &found), sought[i].index);
		CHECK_INT(found, sought[i].found);
	}
}

static const struct check_case cases[] = {
	{"search/name", test_name},
	{"search/number", test_number},
	{"search/text", test_text},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
