#include "lib/json_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/limits.h"
#include "lib/text.h"

struct scan {
	uint8_t *text;
	size_t len;
	size_t at;
	size_t value_count;
	struct quoin_json_marks *marks;
	struct quoin_error *err;
};

static int scan_value(struct scan *scan, unsigned depth);

/* The byte at the cursor, or -1 at the end. */
static int
peek(const struct scan *scan)
{
	return scan->at < scan->len ? scan->text[scan->at] : -1;
}

static int
refuse(struct scan *scan, const char *what)
{
	return quoin_error_set(scan->err, QUOIN_ESYNTAX, "%s", what);
}

static int
unexpected(struct scan *scan, const char *wanted)
{
	const int c = peek(scan);

	if (c == -1)
		return quoin_error_set(scan->err, QUOIN_ESYNTAX, "the text ends too early; expected %s", wanted);
	if (c == '/')
		return refuse(scan, "comments are not JSON; remove it");
	if (c == '\'')
		return refuse(scan, "unexpected \"'\"; strings take double quotes");
	if (c > ' ' && c <= '~')
		return quoin_error_set(scan->err, QUOIN_ESYNTAX, "unexpected '%c'; expected %s", c, wanted);
	return quoin_error_set(scan->err, QUOIN_ESYNTAX, "unexpected byte 0x%02x; expected %s", (unsigned)c, wanted);
}

static void
skip_blanks(struct scan *scan)
{
	for (int c = peek(scan); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = peek(scan))
		scan->at++;
}

static int
mark(struct scan *scan)
{
	struct quoin_json_marks *marks = scan->marks;

	if (marks->count == marks->cap) {
		const size_t cap = marks->cap == 0 ? 64 : marks->cap * 2;
		uint32_t *offsets = realloc(marks->offsets, cap * sizeof offsets[0]);

		if (offsets == NULL)
			return quoin_error_set(scan->err, QUOIN_ENOMEM, "no memory to parse JSON");
		marks->offsets = offsets;
		marks->cap = cap;
	}
	marks->offsets[marks->count++] = (uint32_t)scan->at;
	return 0;
}

/* Four hex digits at "at", or -1. */
static int
hex4(const struct scan *scan, size_t at)
{
	int value = 0;

	if (scan->len < 4 || at > scan->len - 4)
		return -1;
	for (size_t i = at; i < at + 4; i++) {
		const uint8_t c = scan->text[i];

		if (c >= '0' && c <= '9')
			value = value * 16 + (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value = value * 16 + ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return value;
}

/* At the backslash. */
static int
scan_escape(struct scan *scan)
{
	const size_t at = scan->at;
	const int c = at + 1 < scan->len ? scan->text[at + 1] : -1;
	int unit;

	if (c > 0 && c != 'u' && strchr("\"\\/bfnrt", c) != NULL) {
		scan->at += 2;
		return 0;
	}
	if (c != 'u')
		return refuse(scan, "unknown escape in a string; a backslash itself is written \\\\");
	unit = hex4(scan, at + 2);
	if (unit == -1)
		return refuse(scan, "\\u takes four hex digits");
	if (unit == 0)
		return refuse(scan, "\\u0000 is not allowed in strings");
	if (unit >= 0xdc00 && unit <= 0xdfff)
		return refuse(scan, "a surrogate without its other half");
	scan->at += 6;
	if (unit < 0xd800 || unit > 0xdbff)
		return 0;
	unit = scan->len - scan->at >= 6 && scan->text[at + 6] == '\\' && scan->text[at + 7] == 'u' ? hex4(scan, at + 8)
												    : -1;
	if (unit < 0xdc00 || unit > 0xdfff) {
		scan->at = at;
		return refuse(scan, "a surrogate without its other half");
	}
	scan->at += 6;
	return 0;
}

/* At the opening quote. */
static int
scan_string(struct scan *scan)
{
	scan->at++;
	for (;;) {
		const int c = peek(scan);
		size_t len;

		if (c == -1)
			return refuse(scan, "the text ends within a string");
		if (c == '"') {
			scan->at++;
			return 0;
		}
		if (c == '\\') {
			const int r = scan_escape(scan);

			if (r != 0)
				return r;
			continue;
		}
		if (c == 0)
			return refuse(scan, "NUL in a string; remove it");
		if (c < ' ')
			return quoin_error_set(scan->err, QUOIN_ESYNTAX,
			    "control character 0x%02x in a string; write it as \\u%04x", (unsigned)c, (unsigned)c);
		len = quoin_utf8_bytes(quoin_span_of(scan->text + scan->at, scan->len - scan->at));
		if (len == 0)
			return quoin_error_set(scan->err, QUOIN_ESYNTAX, "byte 0x%02x is not UTF-8", (unsigned)c);
		scan->at += len;
	}
}

static int
scan_digits(struct scan *scan)
{
	if (peek(scan) < '0' || peek(scan) > '9')
		return unexpected(scan, "a digit");
	while (peek(scan) >= '0' && peek(scan) <= '9')
		scan->at++;
	return 0;
}

static int
scan_number(struct scan *scan)
{
	const size_t start = scan->at;
	int r = 0;

	if (peek(scan) == '-')
		scan->at++;
	if (peek(scan) == '0') {
		scan->at++;
		if (peek(scan) >= '0' && peek(scan) <= '9')
			return refuse(scan, "a number has no leading zeros");
	} else {
		r = scan_digits(scan);
	}
	if (r == 0 && peek(scan) == '.') {
		scan->at++;
		r = scan_digits(scan);
	}
	if (r == 0 && (peek(scan) == 'e' || peek(scan) == 'E')) {
		scan->at++;
		if (peek(scan) == '+' || peek(scan) == '-')
			scan->at++;
		r = scan_digits(scan);
	}
	if (r == 0 && scan->at - start > QUOIN_JSON_NUMBER_BYTES_MAX) {
		memset(scan->text + start, ' ', scan->at - start);
		scan->text[start] = '0';
	}
	return r;
}

static int
scan_literal(struct scan *scan, const char *literal)
{
	const size_t len = strlen(literal);

	if (scan->len - scan->at < len || memcmp(scan->text + scan->at, literal, len) != 0)
		return unexpected(scan, "a value (true, false and null are in lower case)");
	scan->at += len;
	return 0;
}

/* A key and its colon, up to the value. */
static int
scan_key(struct scan *scan)
{
	int r;

	if (peek(scan) != '"')
		return unexpected(scan, "a key in double quotes");
	r = mark(scan);
	if (r == 0)
		r = scan_string(scan);
	if (r != 0)
		return r;
	skip_blanks(scan);
	if (peek(scan) != ':')
		return unexpected(scan, "':'");
	scan->at++;
	skip_blanks(scan);
	return 0;
}

/* At the opening bracket; "depth" is that of what is inside. */
static int
scan_container(struct scan *scan, unsigned depth)
{
	const bool is_object = peek(scan) == '{';
	const int end = is_object ? '}' : ']';
	int r = 0;

	if (depth > QUOIN_JSON_DEPTH_MAX)
		return quoin_error_set(scan->err, QUOIN_ELIMIT, "nested deeper than %d levels", QUOIN_JSON_DEPTH_MAX);
	scan->at++;
	skip_blanks(scan);
	if (peek(scan) == end) {
		scan->at++;
		return 0;
	}
	for (;;) {
		if (is_object)
			r = scan_key(scan);
		if (r == 0)
			r = scan_value(scan, depth);
		if (r != 0)
			return r;
		skip_blanks(scan);
		if (peek(scan) == end) {
			scan->at++;
			return 0;
		}
		if (peek(scan) != ',')
			return unexpected(scan, is_object ? "',' or '}'" : "',' or ']'");
		scan->at++;
		skip_blanks(scan);
		if (peek(scan) == end)
			return refuse(scan, "a comma before the closing bracket; remove it");
	}
}

/* At the first byte of a value that is "depth" containers deep. */
static int
scan_value(struct scan *scan, unsigned depth)
{
	const int c = peek(scan);
	int r;

	if (scan->value_count++ == QUOIN_JSON_NODES_MAX)
		return quoin_error_set(scan->err, QUOIN_ELIMIT, "more than %u values", QUOIN_JSON_NODES_MAX);
	r = mark(scan);
	if (r != 0)
		return r;
	switch (c) {
	case '{':
	case '[':
		return scan_container(scan, depth + 1);
	case '"':
		return scan_string(scan);
	case 't':
		return scan_literal(scan, "true");
	case 'f':
		return scan_literal(scan, "false");
	case 'n':
		return scan_literal(scan, "null");
	default:
		if (c == '-' || (c >= '0' && c <= '9'))
			return scan_number(scan);
		return unexpected(scan, "a value");
	}
}

int
quoin_json_scan(uint8_t *text, size_t len, struct quoin_json_marks *ret_marks, size_t *ret_at, struct quoin_error *err)
{
	struct scan scan = {.text = text, .len = len, .marks = ret_marks, .err = err};
	int r;

	*ret_marks = (struct quoin_json_marks){0};
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		r = refuse(&scan, "the text starts with a byte order mark; remove it");
		goto out;
	}
	skip_blanks(&scan);
	r = scan_value(&scan, 0);
	if (r != 0)
		goto out;
	skip_blanks(&scan);
	if (scan.at < len)
		r = unexpected(&scan, "the end of the text");
out:
	*ret_at = scan.at;
	return r;
}

void
quoin_json_marks_clear(struct quoin_json_marks *marks)
{
	free(marks->offsets);
	*marks = (struct quoin_json_marks){0};
}
