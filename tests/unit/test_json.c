#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/json_scan.h"
#include "lib/limits.h"
#include "tests/check.h"

static struct quoin_json_doc *
parse(const char *text)
{
	struct quoin_json_doc *doc = NULL;
	struct quoin_error err = {0};
	char message[1024];

	if (quoin_json_parse(quoin_span_str(text), &doc, &err) != 0) {
		quoin_error_print(&err, message, sizeof message);
		check_fail(__FILE__, __LINE__, "%s: %s", text, message);
	}
	return doc;
}

/* Parse and print again. The string is valid until the next call. */
static const char *
canonical(const char *text)
{
	static struct quoin_buf out;
	struct quoin_json_doc *doc = parse(text);

	quoin_buf_clear(&out);
	quoin_buf_init(&out, 1 << 20);
	CHECK_INT(quoin_json_print(quoin_json_root(doc), &out), 0);
	quoin_json_free(doc);
	return quoin_buf_str(&out);
}

static void
accepted(void)
{
	static const struct {
		const char *text, *canonical;
	} rows[] = {
	    {"null", "null"},
	    {" \t\r\n true \n", "true"},
	    {"false", "false"},
	    {"0", "0"},
	    {"-0", "0"},
	    {"-0.0e-5", "0"},
	    {"1E5", "100000"},
	    {"1.50", "1.5"},
	    {"\"\"", "\"\""},
	    {"[]", "[]"},
	    {"{}", "{}"},
	    {"[ 1 , 2 ]", "[1,2]"},
	    {"{\"b\":1,\"a\":{\"d\":[],\"c\":null}}", "{\"a\":{\"c\":null,\"d\":[]},\"b\":1}"},
	    {"{\"a\":1,\"A\":2,\"\":3}", "{\"\":3,\"A\":2,\"a\":1}"},
	    {"{\"\xc3\xa9\":1,\"z\":2,\"\\u00e8\":3}", "{\"z\":2,\"\xc3\xa8\":3,\"\xc3\xa9\":1}"},
	    {"\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\\/\"", "\"A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80/\""},
	    {"\"\\b\\f\\n\\r\\t\\\"\\\\\\u001f\\u007f\"", "\"\\b\\f\\n\\r\\t\\\"\\\\\\u001f\x7f\""},
	    {"\"\\uD834\\uDd1e\"", "\"\xf0\x9d\x84\x9e\""},
	    {"\"\\uffff\\ue000\\ud7ff\"", "\"\xef\xbf\xbf\xee\x80\x80\xed\x9f\xbf\""},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK_STR(canonical(rows[i].text), rows[i].canonical);
		CHECK_STR(canonical(rows[i].canonical), rows[i].canonical);
	}
}

/* Each trap of cJSON 1.7.15 is among these. */
static void
refused(void)
{
	static const struct {
		const char *text;
		const char *place; /* line:column: and the start of what is said */
	} rows[] = {
	    {"", "1:1: the text ends too early; expected a value"},
	    {"  ", "1:3: the text ends too early"},
	    {"\xef\xbb\xbf{}", "1:1: the text starts with a byte order mark"},
	    {"{} {}", "1:4: unexpected '{'; expected the end of the text"},
	    {"1 x", "1:3: unexpected 'x'"},
	    {"[1]\n]", "2:1: unexpected ']'"},
	    {"{\"a\":1,\n \"a\":2}", "2:2: the key \"a\" is there twice"},
	    {"{\"a\":1,\"\\u0061\":2}", "1:8: the key \"a\" is there twice"},
	    {"[{\"b\":{\"c\":1,\"x\":0,\"c\":1}}]", "1:20: the key \"c\" is there twice"},
	    {"{\"z\":1,\"z\":2,\"a\":1,\"a\":2}", "1:8: the key \"z\" is there twice"},
	    {"// c\n1", "1:1: comments are not JSON"},
	    {"[1, /* c */ 2]", "1:5: comments are not JSON"},
	    {"[1,]", "1:4: a comma before the closing bracket"},
	    {"{\"a\":1,}", "1:8: a comma before the closing bracket"},
	    {"[,1]", "1:2: unexpected ','"},
	    {"[1 2]", "1:4: unexpected '2'; expected ',' or ']'"},
	    {"[1", "1:3: the text ends too early; expected ',' or ']'"},
	    {"[", "1:2: the text ends too early"},
	    {"{\"a\"}", "1:5: unexpected '}'; expected ':'"},
	    {"{\"a\":}", "1:6: unexpected '}'; expected a value"},
	    {"{a:1}", "1:2: unexpected 'a'; expected a key in double quotes"},
	    {"{1:1}", "1:2: unexpected '1'"},
	    {"{\"a\":1 \"b\":2}", "1:8: unexpected '\"'; expected ',' or '}'"},
	    {"{\"a\":1]", "1:7: unexpected ']'"},
	    {"'a'", "1:1: unexpected \"'\"; strings take double quotes"},
	    {"True", "1:1: unexpected 'T'"},
	    {"tru", "1:1: unexpected 't'"},
	    {"nul", "1:1: unexpected 'n'"},
	    {"nullx", "1:5: unexpected 'x'"},
	    {"NaN", "1:1: unexpected 'N'"},
	    {"Infinity", "1:1: unexpected 'I'"},
	    {"-Infinity", "1:2: unexpected 'I'; expected a digit"},
	    {"01", "1:2: a number has no leading zeros"},
	    {"-01", "1:3: a number has no leading zeros"},
	    {"+1", "1:1: unexpected '+'"},
	    {".5", "1:1: unexpected '.'"},
	    {"1.", "1:3: the text ends too early; expected a digit"},
	    {"1.e5", "1:3: unexpected 'e'"},
	    {"1e", "1:3: the text ends too early; expected a digit"},
	    {"1e+", "1:4: the text ends too early"},
	    {"0x10", "1:2: unexpected 'x'"},
	    {"-", "1:2: the text ends too early"},
	    {"1e999", "1:1: the number is larger than any double"},
	    {"[0,\n  -1e309]", "2:3: the number is larger than any double"},
	    {"1.7976931348623159e308", "1:1: the number is larger"},
	    {"\"a", "1:3: the text ends within a string"},
	    {"\"a\nb\"", "1:3: control character 0x0a in a string; write it as \\u000a"},
	    {"\"\t\"", "1:2: control character 0x09"},
	    {"\"\x01\"", "1:2: control character 0x01"},
	    {"\"\\u0000\"", "1:2: \\u0000 is not allowed"},
	    {"{\"a\\u0000b\":1}", "1:4: \\u0000 is not allowed"},
	    {"\"\\x41\"", "1:2: unknown escape"},
	    {"\"\\", "1:2: unknown escape"},
	    {"\"\\u12\"", "1:2: \\u takes four hex digits"},
	    {"\"\\u12g4\"", "1:2: \\u takes four hex digits"},
	    {"\"\\u123", "1:2: \\u takes four hex digits"},
	    {"\"\\ud800\"", "1:2: a surrogate without its other half"},
	    {"\"\\ud800x\"", "1:2: a surrogate"},
	    {"\"\\ud800\\n\"", "1:2: a surrogate"},
	    {"\"\\ud800\\u0041\"", "1:2: a surrogate"},
	    {"\"\\ud800\\ud800\"", "1:2: a surrogate"},
	    {"\"\\udc00\"", "1:2: a surrogate"},
	    {"\"\\udc00\\ud800\"", "1:2: a surrogate"},
	    {"\"\xc3\"", "1:2: byte 0xc3 is not UTF-8"},
	    {"\"\xed\xa0\x80\"", "1:2: byte 0xed is not UTF-8"},
	    {"\"\xc0\x80\"", "1:2: byte 0xc0 is not UTF-8"},
	    {"\"\xf4\x90\x80\x80\"", "1:2: byte 0xf4 is not UTF-8"},
	    {"\"ok\xff\"", "1:4: byte 0xff is not UTF-8"},
	    {"\x0b"
	     "1",
		"1:1: unexpected byte 0x0b"},
	    {"\xc2\xa0"
	     "1",
		"1:1: unexpected byte 0xc2"},
	    {"[\"\xc3\xa9\xf0\x9f\x98\x80\", x]", "1:8: unexpected 'x'"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct quoin_json_doc *doc = NULL;
		struct quoin_error err = {0};
		char message[1024];
		const int r = quoin_json_parse(quoin_span_str(rows[i].text), &doc, &err);

		quoin_error_print(&err, message, sizeof message);
		if (r != QUOIN_ESYNTAX || strncmp(message, rows[i].place, strlen(rows[i].place)) != 0)
			check_fail(__FILE__, __LINE__, "%s gives %d \"%s\", expected \"%s\"", rows[i].text, r, message,
			    rows[i].place);
		CHECK(doc == NULL);
		CHECK_INT(quoin_json_parse(quoin_span_str(rows[i].text), &doc, NULL), QUOIN_ESYNTAX);
	}
}

static void
nul_bytes(void)
{
	struct quoin_error err = {0};
	struct quoin_json_doc *doc;

	CHECK_INT(quoin_json_parse(quoin_span_of("1\0", 2), &doc, NULL), QUOIN_ESYNTAX);
	CHECK_INT(quoin_json_parse(quoin_span_of("\"a\0b\"", 5), &doc, &err), QUOIN_ESYNTAX);
	CHECK_STR(err.message, "NUL in a string; remove it");
	CHECK_INT(quoin_json_parse(quoin_span_of("[1\0]", 4), &doc, NULL), QUOIN_ESYNTAX);
	CHECK_INT(quoin_json_parse(quoin_span_of(NULL, 0), &doc, NULL), QUOIN_ESYNTAX);
}

static void
depth(void)
{
	char text[2 * QUOIN_JSON_DEPTH_MAX + 3];
	struct quoin_json_doc *doc;
	struct quoin_error err = {0};

	for (int is_object = 0; is_object < 2; is_object++)
		for (size_t levels = QUOIN_JSON_DEPTH_MAX; levels <= QUOIN_JSON_DEPTH_MAX + 1; levels++) {
			struct quoin_buf out;
			int r;

			quoin_buf_init(&out, 10000);
			for (size_t i = 0; i < levels; i++)
				quoin_buf_put_str(&out, is_object ? "{\"a\":" : "[");
			quoin_buf_put_str(&out, "1");
			for (size_t i = 0; i < levels; i++)
				quoin_buf_put_byte(&out, is_object ? '}' : ']');
			r = quoin_json_parse(quoin_buf_span(&out), &doc, &err);
			CHECK_INT(r, levels == QUOIN_JSON_DEPTH_MAX ? 0 : QUOIN_ELIMIT);
			if (r == 0)
				quoin_json_free(doc);
			else
				CHECK_INT(err.column, QUOIN_JSON_DEPTH_MAX * (is_object ? 5 : 1) + 1);
			quoin_buf_clear(&out);
		}
	memset(text, '[', sizeof text);
	CHECK_INT(quoin_json_parse(quoin_span_of(text, sizeof text), &doc, &err), QUOIN_ELIMIT);
}

static void
too_long(void)
{
	struct quoin_json_doc *doc;
	struct quoin_error err = {0};

	/* Refused before a byte is read. */
	CHECK_INT(quoin_json_parse(quoin_span_of("1", (size_t)QUOIN_JSON_BYTES_MAX + 1), &doc, &err), QUOIN_ELIMIT);
	CHECK_CONTAINS(err.message, "longer");
}

static void
too_many_values(void)
{
	const size_t len = 2 * (size_t)QUOIN_JSON_NODES_MAX + 1;
	char *text = malloc(len);
	struct quoin_json_doc *doc;
	struct quoin_error err = {0};

	for (size_t i = 0; i < len; i++)
		text[i] = i == 0 ? '[' : i == len - 1 ? ']' : i % 2 == 1 ? '0' : ',';
	/* The array itself is one value. */
	CHECK_INT(quoin_json_parse(quoin_span_of(text, len), &doc, &err), QUOIN_ELIMIT);
	CHECK_CONTAINS(err.message, "more than 8388608 values");
	free(text);
}

/* Every prefix of a text is refused, and no other byte in any place makes anything crash. */
static void
every_prefix_and_byte(void)
{
	static const char text[] =
	    "{\"a\": [1, -2.5e+3, \"x\\u00e9\\ud83d\\ude00\xc3\xa9\", null, true, false], \"b\": {}}";
	const size_t len = sizeof text - 1;
	struct quoin_json_doc *doc;

	for (size_t i = 0; i < len; i++) {
		char *copy = malloc(i); /* so that a sanitizer sees a byte read too far */

		memcpy(copy, text, i);
		CHECK_INT(quoin_json_parse(quoin_span_of(copy, i), &doc, NULL), QUOIN_ESYNTAX);
		free(copy);
	}
	for (size_t i = 0; i < len; i++)
		for (unsigned byte = 0; byte < 256; byte++) {
			char copy[sizeof text];
			int r;

			memcpy(copy, text, len);
			copy[i] = (char)byte;
			r = quoin_json_parse(quoin_span_of(copy, len), &doc, NULL);
			CHECK(r == 0 || r == QUOIN_ESYNTAX);
			if (r == 0)
				quoin_json_free(doc);
		}
}

static void
numbers(void)
{
	static const struct {
		const char *text;
		double value;
	} rows[] = {
	    {"9007199254740993", 9007199254740992},
	    {"18446744073709551615", 18446744073709551616.0},
	    {"0.1", 0.1},
	    {"2.2250738585072011e-308", 0x0.fffffffffffffp-1022},
	    {"4.9e-324", 0x1p-1074},
	    {"2.4e-324", 0},
	    {"1e-999", 0},
	    {"1.7976931348623157e308", DBL_MAX},
	    {"0.1000000000000000055511151231257827021181583404541015625", 0.1},
	    /* One below and one above the middle between two doubles, with more digits than cJSON reads. */
	    {"1.00000000000000011102230246251565404236316680908203124999999999999999999999999999999999999999", 1},
	    {"1.00000000000000011102230246251565404236316680908203125000000000000000000000000000000000000001",
		0x1.0000000000001p0},
	    {"100000000000000000000000000000000000000000000000000000000000000000000000000000000000000", 1e86},
	    {"123456789012345678901234567890123456789012345678901234567890123", 1.2345678901234568e62},
	    {"1234567890123456789012345678901234567890123456789012345678901234", 1.2345678901234568e63},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct quoin_buf text;
		struct quoin_json_doc *doc = parse(rows[i].text);
		const struct quoin_json *node;

		CHECK(quoin_json_number(quoin_json_root(doc)) == rows[i].value);
		quoin_json_free(doc);
		/* Among others, and negative. */
		quoin_buf_init(&text, 1000);
		quoin_buf_printf(&text, "[true,-%s,{\"k\":%s}]", rows[i].text, rows[i].text);
		doc = parse(quoin_buf_str(&text));
		node = quoin_json_next(quoin_json_first(quoin_json_root(doc)));
		CHECK(quoin_json_number(node) == -rows[i].value);
		CHECK(quoin_json_number(quoin_json_get(quoin_json_next(node), "k")) == rows[i].value);
		quoin_json_free(doc);
		quoin_buf_clear(&text);
	}
}

/* What cJSON gets to see, whichever version it is, and the marks of keys and values. */
static void
scan(void)
{
	char text[] = "{\"a\":[1234567890123456789012345678901234567890123456789012345678901234,"
		      "123456789012345678901234567890123456789012345678901234567890123]}";
	static const char want[] = "{\"a\":[0                                                               ,"
				   "123456789012345678901234567890123456789012345678901234567890123]}";
	static const uint32_t offsets[] = {0, 1, 5, 6, 71};
	struct quoin_json_marks marks;
	size_t at;

	CHECK_INT(quoin_json_scan((uint8_t *)text, sizeof text - 1, &marks, &at, NULL), 0);
	CHECK_STR(text, want);
	CHECK_MEM(marks.offsets, marks.count * sizeof marks.offsets[0], offsets, sizeof offsets);
	quoin_json_marks_clear(&marks);
	CHECK_INT(quoin_json_scan((uint8_t *)text, 3, &marks, &at, NULL), QUOIN_ESYNTAX);
	CHECK_INT(at, 3);
	quoin_json_marks_clear(&marks);
}

/* A locale with a decimal comma, if the machine has one, changes nothing. */
static void
locales(void)
{
	static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "C.UTF-8"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (setlocale(LC_ALL, names[i]) != NULL)
			break;
	CHECK_STR(canonical("[0.5,1.25e-7,123456.75]"), "[0.5,1.25e-7,123456.75]");
}

static void
integers(void)
{
	static const struct {
		const char *text;
		int64_t min, max;
		bool is_int;
		int64_t value;
	} rows[] = {
	    {"5", 0, 10, true, 5},
	    {"5.0", 0, 10, true, 5},
	    {"0.5e1", 0, 10, true, 5},
	    {"-0", 0, 10, true, 0},
	    {"10", 0, 10, true, 10},
	    {"11", 0, 10, false, 0},
	    {"-1", 0, 10, false, 0},
	    {"5.5", 0, 10, false, 0},
	    {"1e300", INT64_MIN, INT64_MAX, false, 0},
	    {"9223372036854775807", INT64_MIN, INT64_MAX, false, 0}, /* its double is 2^63 */
	    {"9223372036854774784", INT64_MIN, INT64_MAX, true, 9223372036854774784},
	    {"-9223372036854775808", INT64_MIN, INT64_MAX, true, INT64_MIN},
	    {"\"5\"", 0, 10, false, 0},
	    {"true", 0, 10, false, 0},
	    {"[5]", 0, 10, false, 0},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct quoin_json_doc *doc = parse(rows[i].text);
		int64_t value = 77;

		CHECK_INT(quoin_json_is_int(quoin_json_root(doc), rows[i].min, rows[i].max, &value), rows[i].is_int);
		CHECK_INT(value, rows[i].is_int ? rows[i].value : 77);
		quoin_json_free(doc);
	}
}

static void
tree(void)
{
	struct quoin_json_doc *doc =
	    parse("{\"s\":\"x\",\"b\":true,\"n\":null,\"a\":[1,2,3],\"S\":false,\"o\":{\"k\":1}}");
	const struct quoin_json *root = quoin_json_root(doc), *node;
	static const char *const keys[] = {"s", "b", "n", "a", "S", "o"};
	size_t i = 0;

	CHECK_INT(quoin_json_kind(root), QUOIN_JSON_OBJECT);
	CHECK_INT(quoin_json_count(root), 6);
	CHECK(quoin_json_key(root) == NULL);
	CHECK(quoin_json_next(root) == NULL);
	/* In the order of the text. */
	for (node = quoin_json_first(root); node != NULL; node = quoin_json_next(node))
		CHECK_STR(quoin_json_key(node), keys[i++]);
	CHECK_INT(i, 6);
	CHECK_STR(quoin_json_string(quoin_json_get(root, "s")), "x");
	CHECK_INT(quoin_json_bool(quoin_json_get(root, "b")), true);
	CHECK_INT(quoin_json_bool(quoin_json_get(root, "S")), false);
	CHECK_INT(quoin_json_kind(quoin_json_get(root, "n")), QUOIN_JSON_NULL);
	CHECK(quoin_json_get(root, "N") == NULL);
	CHECK(quoin_json_get(root, "") == NULL);
	node = quoin_json_get(root, "a");
	CHECK_INT(quoin_json_kind(node), QUOIN_JSON_ARRAY);
	CHECK_INT(quoin_json_count(node), 3);
	CHECK(quoin_json_get(node, "k") == NULL);
	CHECK(quoin_json_key(quoin_json_first(node)) == NULL);
	CHECK(quoin_json_number(quoin_json_first(node)) == 1);
	CHECK_INT(quoin_json_count(quoin_json_first(node)), 0);
	CHECK(quoin_json_first(quoin_json_first(node)) == NULL);
	CHECK(quoin_json_get(quoin_json_get(root, "s"), "k") == NULL);
	quoin_json_free(doc);
	quoin_json_free(NULL);
}

static void
check_place(const struct quoin_json_doc *doc, const struct quoin_json *node, uint32_t line, uint32_t column)
{
	uint32_t have_line, have_column;

	quoin_json_place(doc, node, &have_line, &have_column);
	CHECK_INT(have_line, line);
	CHECK_INT(have_column, column);
}

static void
places(void)
{
	struct quoin_json_doc *doc = parse(
	    "\n  { \"\xc3\xa9\xf0\x9f\x98\x80\" : \"v\",\r\n\t\"b\" : [ 1,\n\n22222222222222222222222222222222222222222222222222222222222"
	    "2222222222222, {\"c\":\nnull}]}");
	const struct quoin_json *root = quoin_json_root(doc), *node;

	check_place(doc, root, 2, 3);
	check_place(doc, quoin_json_first(root), 2, 12);
	node = quoin_json_get(root, "b");
	check_place(doc, node, 3, 8);
	node = quoin_json_first(node);
	check_place(doc, node, 3, 10);
	node = quoin_json_next(node);
	check_place(doc, node, 5, 1);
	node = quoin_json_next(node);
	check_place(doc, node, 5, 75);
	check_place(doc, quoin_json_get(node, "c"), 6, 1);
	quoin_json_free(doc);
}

/* Far into a text, and where the blocks of the index meet. */
static void
places_far_away(void)
{
	struct quoin_buf text;
	struct quoin_json_doc *doc;
	const struct quoin_json *node;
	uint32_t i = 0;

	quoin_buf_init(&text, 1 << 20);
	quoin_buf_put_byte(&text, '[');
	for (i = 0; i < 5000; i++)
		quoin_buf_printf(&text, "%s%u,\n", i % 3 == 0 ? "\"\xc3\xa9\"," : "", i + 1000);
	for (i = 0; i < 20000; i++)
		quoin_buf_put_str(&text, "7,");
	quoin_buf_put_str(&text, "8]");
	doc = parse(quoin_buf_str(&text));
	node = quoin_json_first(quoin_json_root(doc));
	for (i = 0; i < 5000; i++) {
		if (i % 3 == 0) {
			check_place(doc, node, i + 1, i == 0 ? 2 : 1);
			node = quoin_json_next(node);
		}
		check_place(doc, node, i + 1, (i % 3 == 0 ? 5u : 1u) + (i == 0 ? 1u : 0u));
		node = quoin_json_next(node);
	}
	for (i = 0; i < 20000; i++) {
		check_place(doc, node, 5001, 2 * i + 1);
		node = quoin_json_next(node);
	}
	check_place(doc, node, 5001, 40001);
	quoin_json_free(doc);
	quoin_buf_clear(&text);
}

/* 100,000 members take no time, and the one that is there twice is found. */
static void
many_members(void)
{
	struct quoin_buf text;
	struct quoin_json_doc *doc;
	struct quoin_error err = {0};

	quoin_buf_init(&text, 4 << 20);
	quoin_buf_put_byte(&text, '{');
	for (unsigned i = 0; i < 100000; i++)
		quoin_buf_printf(&text, "\"k%u\":%u,\n", i * 7919 % 100003, i);
	quoin_buf_put_str(&text, "\"last\":1}");
	doc = parse(quoin_buf_str(&text));
	CHECK_INT(quoin_json_count(quoin_json_root(doc)), 100001);
	quoin_json_free(doc);
	text.len--;
	quoin_buf_printf(&text, ",\"k%u\":1}", 50000 * 7919 % 100003);
	CHECK_INT(quoin_json_parse(quoin_buf_span(&text), &doc, &err), QUOIN_ESYNTAX);
	CHECK_CONTAINS(err.message, "is there twice");
	CHECK_INT(err.line, 100001);
	CHECK_INT(err.column, 10);
	quoin_buf_clear(&text);
}

/* Each form of RFC 8785 appendix B, where two shortest forms compete, and where plain decimal begins and ends. */
static void
print_numbers(void)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {
	    {0, "0"},
	    {-0.0, "0"},
	    {1, "1"},
	    {-1.5, "-1.5"},
	    {0.1, "0.1"},
	    {0.3, "0.3"},
	    {0.1 + 0.2, "0.30000000000000004"},
	    {100, "100"},
	    {9007199254740992, "9007199254740992"},
	    {-9007199254740991, "-9007199254740991"},
	    {1e20, "100000000000000000000"},
	    {123456789012345680000.0, "123456789012345680000"},
	    {1e21, "1e+21"},
	    {1.5e21, "1.5e+21"},
	    {9.999999999999997e22, "9.999999999999997e+22"},
	    {1e23, "1e+23"},
	    {0.000001, "0.000001"},
	    {0.00000123, "0.00000123"},
	    {0.0000001, "1e-7"},
	    {1.25e-7, "1.25e-7"},
	    {0x1p-1074, "5e-324"},
	    {-0x1p-1074, "-5e-324"},
	    {0x3p-1074, "1.5e-323"},
	    {DBL_MIN, "2.2250738585072014e-308"},
	    {DBL_MAX, "1.7976931348623157e+308"},
	    {0x1p-44, "5.684341886080802e-14"}, /* the nearest of 16 digits does not read back, its neighbour does */
	    {295147905179352830000.0, "295147905179352830000"},
	    {4.5, "4.5"},
	    {333333333.3333332, "333333333.3333332"},
	    {1424953923781206.2, "1424953923781206.2"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct quoin_buf out;

		quoin_buf_init(&out, 100);
		CHECK_INT(quoin_json_print_number(rows[i].value, &out), 0);
		CHECK_STR(quoin_buf_str(&out), rows[i].text);
		CHECK(strtod(quoin_buf_str(&out), NULL) == rows[i].value);
		quoin_buf_clear(&out);
	}
}

/* Any double reads back as itself, here the powers of two, their neighbours and some in between. */
static void
numbers_read_back(void)
{
	uint64_t seed = 1;

	for (unsigned i = 0; i < 20000; i++) {
		struct quoin_buf out;
		uint64_t bits;
		double value;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		bits = i < 6141 ? ((uint64_t)(i / 3) << 52) + i % 3 - 1 : seed;
		memcpy(&value, &bits, sizeof value);
		if (!isfinite(value))
			continue;
		quoin_buf_init(&out, 100);
		CHECK_INT(quoin_json_print_number(value, &out), 0);
		CHECK(strtod(quoin_buf_str(&out), NULL) == value);
		quoin_buf_clear(&out);
	}
}

static void
print_limit(void)
{
	struct quoin_json_doc *doc = parse("{\"b\":[1.5,\"x\\n\"],\"a\":null}");
	static const char want[] = "{\"a\":null,\"b\":[1.5,\"x\\n\"]}";

	for (size_t max = 0; max <= sizeof want - 1; max++) {
		struct quoin_buf out;

		quoin_buf_init(&out, max);
		CHECK_INT(quoin_json_print(quoin_json_root(doc), &out), max == sizeof want - 1 ? 0 : QUOIN_ELIMIT);
		CHECK_MEM(out.data, out.len <= max ? out.len : 0, want, out.len);
		quoin_buf_clear(&out);
	}
	quoin_json_free(doc);
}

static void
print_strings(void)
{
	struct quoin_buf out;

	quoin_buf_init(&out, 100);
	CHECK_INT(quoin_json_print_string(quoin_span_of("a\0\"/\x1f", 5), &out), 0);
	CHECK_STR(quoin_buf_str(&out), "\"a\\u0000\\\"/\\u001f\"");
	quoin_buf_reset(&out);
	CHECK_INT(quoin_json_print_string(quoin_span_of(NULL, 0), &out), 0);
	CHECK_STR(quoin_buf_str(&out), "\"\"");
	quoin_buf_clear(&out);
}

static const struct check_case cases[] = {
    {"json/accepted", accepted},
    {"json/refused", refused},
    {"json/nul-bytes", nul_bytes},
    {"json/depth", depth},
    {"json/too-long", too_long},
    {"json/too-many-values", too_many_values},
    {"json/every-prefix-and-byte", every_prefix_and_byte},
    {"json/numbers", numbers},
    {"json/scan", scan},
    {"json/locales", locales},
    {"json/integers", integers},
    {"json/tree", tree},
    {"json/places", places},
    {"json/places-far-away", places_far_away},
    {"json/many-members", many_members},
    {"json/print-numbers", print_numbers},
    {"json/numbers-read-back", numbers_read_back},
    {"json/print-limit", print_limit},
    {"json/print-strings", print_strings},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
