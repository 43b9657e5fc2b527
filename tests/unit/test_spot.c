#include "publisher/spot.h"

#include <stdio.h>
#include <string.h>

#include "tests/check.h"

/* The value is member "k" of the JSON object, or its only one. Line 0: not to be found. */
static const struct {
	const char *script;
	const char *json;
	bool is_key;
	uint32_t from, line, column;
} rows[] = {
    {"function a() { return {k: 'v'}; }", "{\"k\": \"v\"}", false, 1, 1, 28},
    {"function a() { return {k: 'v'}; }", "{\"k\": \"v\"}", true, 1, 1, 24},
    {"function a() {\n  return {k:\n    `v`};\n}", "{\"k\": \"v\"}", false, 1, 3, 6},
    {"function a() { return {\"k\" : f()}; }", "{\"k\": \"v\"}", false, 1, 1, 25},
    {"function a() { return {k: O.v}; }", "{\"k\": \"v\"}", false, 1, 1, 29},
    {"function a() { return {k: 5}; }", "{\"k\": 5}", false, 1, 1, 24},
    /* A character is one column however many bytes it has. */
    {"function a() { /* \xc3\xbc\xf0\x9f\x8e\xac */ return {k: 'v'}; }", "{\"k\": \"v\"}", false, 1, 1, 37},
    /* Twice, but the key is there once; or everything is there twice. */
    {"function a() { f('v'); return {k: 'v'}; }", "{\"k\": \"v\"}", false, 1, 1, 32},
    {"function a() { return [{k: 'v'}, {k: 'v'}]; }", "{\"k\": \"v\"}", false, 1, 0, 0},
    /* Parts of other words, and other kinds of quotes at the end, are something else. */
    {"function a() { return {kk: O.vv, $k: x.k, 'v\": 1}; }", "{\"k\": \"v\"}", false, 1, 0, 0},
    {"function a() { return {k: v}; }", "{\"k\": \"w\"}", false, 1, 1, 24},
    /* Another function's. */
    {"function a() {}\nfunction b() { return {k: 'v'}; }", "{\"k\": \"v\"}", false, 1, 0, 0},
    {"function a() { return {k: 'v'}; }\nfunction b() { return {k: 'v'}; }", "{\"k\": \"v\"}", false, 2, 2, 28},
    {"function a() { return {k: 'v'}; }", "{\"k\": \"v\"}", false, 2, 0, 0},
    {"", "{\"k\": \"v\"}", false, 1, 0, 0},
    {"k", "{\"k\": \"\"}", false, 1, 0, 0},
    {"'k'", "{\"k\": \"\"}", false, 1, 0, 0},
    {"k:", "{\"k\": \"\"}", false, 1, 1, 1},
};

static void
test_rows(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct quoin_json_doc *doc = NULL;
		struct quoin_error err = {0};
		uint32_t line = 0, column = 0;
		bool is_found;

		CHECK_INT(quoin_json_parse(quoin_span_str(rows[i].json), &doc, &err), 0);
		is_found = quoin_spot_find(quoin_span_str(rows[i].script), rows[i].from,
		    quoin_json_first(quoin_json_root(doc)), rows[i].is_key, &line, &column);
		if (is_found != (rows[i].line > 0) || line != rows[i].line || column != rows[i].column)
			check_fail(__FILE__, __LINE__, "%s: %s is at %u:%u, expected %u:%u", rows[i].script,
			    rows[i].json, line, column, rows[i].line, rows[i].column);
		quoin_json_free(doc);
	}
}

static const struct check_case cases[] = {
    {"spot: where a value is written", test_rows},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
