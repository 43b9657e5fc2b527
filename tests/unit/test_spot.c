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
		is_found = quoin_spot_find(quoin_span_str(rows[i].script), rows[i].from, NULL,
		    quoin_json_first(quoin_json_root(doc)), rows[i].is_key, &line, &column);
		if (is_found != (rows[i].line > 0) || line != rows[i].line || column != rows[i].column)
			check_fail(__FILE__, __LINE__, "%s: %s is at %u:%u, expected %u:%u", rows[i].script,
			    rows[i].json, line, column, rows[i].line, rows[i].column);
		quoin_json_free(doc);
	}
}

/* What is written more than once is told by the keys around it. "way": the keys and places (from 0) that lead to the value. */
static const struct {
	const char *script;
	const char *json;
	const char *way[4];
	bool is_key;
	uint32_t line, column; /* line 0: not to be found */
} nested[] = {
    {"function a() { return {x: {eq: 1}, y: {eq: 2}}; }", "{\"x\":{\"eq\":1},\"y\":{\"eq\":2}}", {"y", "eq"}, true, 1, 40},
    {"function a() { return {x: {eq: 1}, y: {eq: 2}}; }", "{\"x\":{\"eq\":1},\"y\":{\"eq\":2}}", {"x", "eq"}, true, 1, 28},
    {"function a() { return {x: {k: 'v'}, y: {k: 'v'}}; }", "{\"x\":{\"k\":\"v\"},\"y\":{\"k\":\"v\"}}", {"y", "k"}, false, 1,
	45},
    /* Brackets in texts and comments are no brackets. */
    {"function a() { return {x: {k: '}', n: 1}, /* { */\n y: ['{', // {\n {n: `{`}]}; }",
	"{\"x\":{\"k\":\"}\",\"n\":1},\"y\":[\"{\",{\"n\":\"{\"}]}", {"x", "n"}, true, 1, 36},
    {"function a() { return {x: {k: '}', n: 1}, /* { */\n y: ['{', // {\n {n: `{`}]}; }",
	"{\"x\":{\"k\":\"}\",\"n\":1},\"y\":[\"{\",{\"n\":\"{\"}]}", {"y", "1", "n"}, true, 3, 3},
    /* The rule is one of several: a key that all have helps nobody, one that only it has does. */
    {"function a() { return [{w: {x: {eq: 1}}}, {w: {y: {eq: 2}}}]; }",
	"[{\"w\":{\"x\":{\"eq\":1}}},{\"w\":{\"y\":{\"eq\":2}}}]", {"1", "w", "y", "eq"}, true, 1, 52},
    {"function a() { return [{w: {x: {eq: 1}}}, {w: {x: {eq: 2}}}]; }",
	"[{\"w\":{\"x\":{\"eq\":1}}},{\"w\":{\"x\":{\"eq\":2}}}]", {"1", "w", "x", "eq"}, true, 0, 0},
    /* An element is where its array is. */
    {"function a() { return {x: {l: [3]}, y: {l: [3]}}; }", "{\"x\":{\"l\":[3]},\"y\":{\"l\":[3]}}", {"y", "l", "0"}, false, 1,
	41},
    /* What is made elsewhere, or does not end, is not looked into. */
    {"function a() { return {x: f({eq: 1}), y: {eq: 2}}; }", "{\"x\":{\"eq\":1},\"y\":{\"eq\":2}}", {"x", "eq"}, true, 0, 0},
    {"function a() { return {x: {eq: 1, y: '{eq: 2", "{\"x\":{\"eq\":1},\"y\":{\"eq\":2}}", {"x", "eq"}, true, 0, 0},
    {"function a() { return {x: [", "{\"x\":{\"eq\":1}}", {"x", "eq"}, true, 0, 0},
    {"x:", "{\"x\":{\"eq\":1}}", {"x", "eq"}, true, 0, 0},
};

/* The child of this name, or of this place. */
static const struct quoin_json *
child_of(const struct quoin_json *node, const char *step)
{
	const struct quoin_json *child = quoin_json_first(node);

	if (quoin_json_kind(node) == QUOIN_JSON_OBJECT)
		return quoin_json_get(node, step);
	for (int i = 0; child != NULL && i < step[0] - '0'; i++)
		child = quoin_json_next(child);
	return child;
}

static void
test_nested(void)
{
	for (size_t i = 0; i < sizeof nested / sizeof nested[0]; i++) {
		struct quoin_json_doc *doc = NULL;
		const struct quoin_json *value;
		struct quoin_error err = {0};
		uint32_t line = 0, column = 0;
		bool is_found;

		CHECK_INT(quoin_json_parse(quoin_span_str(nested[i].json), &doc, &err), 0);
		value = quoin_json_root(doc);
		for (size_t k = 0; k < 4 && nested[i].way[k] != NULL; k++)
			value = child_of(value, nested[i].way[k]);
		CHECK(value != NULL);
		is_found = quoin_spot_find(quoin_span_str(nested[i].script), 1, quoin_json_root(doc), value,
		    nested[i].is_key, &line, &column);
		if (is_found != (nested[i].line > 0) || line != nested[i].line || column != nested[i].column)
			check_fail(__FILE__, __LINE__, "row %zu: %s is at %u:%u, expected %u:%u", i, nested[i].script, line,
			    column, nested[i].line, nested[i].column);
		quoin_json_free(doc);
	}
}

static void
test_paths(void)
{
	static const struct {
		const char *script, *told;
		uint32_t line, column;
	} paths[] = {
	    {"function a() { return {k: NaN}; }", "has at .k NaN", 1, 24},
	    {"function a() {\n return [{a: {k: 1}, b: {k: 2}}]; }", "has at [0].b.k a function", 2, 26},
	    {"function a() { return {'a b': {k: 1}, c: {k: 2}}; }", "has at [\"a b\"].k undefined", 1, 32},
	    {"function a() { return {x: [1, NaN]}; }", "has at .x[1] NaN", 1, 24},
	    {"function a() { return {x: [1, NaN]}; }", "has at [1] NaN", 0, 0},
	    {"function a() { return {x: 1}; }", "has at ", 0, 0},
	    {"function a() { return {x: 1}; }", "has at .", 0, 0},
	    {"function a() { return {x: 1}; }", "has at [", 0, 0},
	    {"function a() { return {x: 1}; }", "has at [\"x", 0, 0},
	    {"", "has at .k", 0, 0},
	    {"function a() { return {k: {}}; }", "is .k", 0, 0},
	    {"function a() { return {k: {}}; }", "is .k", 0, 0},
	};

	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		uint32_t line = 1, column = 0;
		bool is_found = quoin_spot_find_told(quoin_span_str(paths[i].script), paths[i].told, &line, &column);

		if (is_found != (paths[i].line > 0) || (is_found && line != paths[i].line) || column != paths[i].column)
			check_fail(__FILE__, __LINE__, "%s is at %u:%u, expected %u:%u", paths[i].told, line, column,
			    paths[i].line, paths[i].column);
	}
}

static const struct check_case cases[] = {
    {"spot: where a value is written", test_rows},
    {"spot: by the keys around it", test_nested},
    {"spot: by a path", test_paths},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
