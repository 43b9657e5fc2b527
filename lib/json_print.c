#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/json.h"

#define DIGITS_MAX 17 /* tell any two doubles apart */
#define WHOLE_MAX  1e15

/* value = 0.d1d2d3… * 10^point, d1 not 0. */
struct decimal {
	char digits[DIGITS_MAX + 1];
	size_t count;
	int point;
};

/* Without a decimal point, so that no locale matters. */
static bool
reads_back(const struct decimal *decimal, double value)
{
	char text[DIGITS_MAX + 16];

	snprintf(text, sizeof text, "%se%d", decimal->digits, decimal->point - (int)decimal->count);
	return strtod(text, NULL) == value;
}

/* "value" (above 0) rounded to "count" digits. */
static void
round_to(double value, size_t count, struct decimal *ret)
{
	char text[64];
	const char *at;
	size_t len = 0;

	snprintf(text, sizeof text, "%.*e", (int)count - 1, value);
	/* The decimal point between them is the locale's. */
	for (at = text; *at != 'e'; at++)
		if (*at >= '0' && *at <= '9' && len < count)
			ret->digits[len++] = *at;
	ret->point = (int)strtol(at + 1, NULL, 10) + 1;
	while (len > 1 && ret->digits[len - 1] == '0')
		len--;
	ret->digits[len] = '\0';
	ret->count = len;
}

/* The next decimal of "count" digits. False where that ends in 0 and so has fewer digits: it was tried already. */
static bool
next_up(struct decimal *decimal, size_t count)
{
	while (decimal->count < count)
		decimal->digits[decimal->count++] = '0';
	decimal->digits[count] = '\0';
	if (decimal->digits[count - 1] == '9')
		return false;
	decimal->digits[count - 1]++;
	return true;
}

/* The fewest digits that read back. Fifteen always survive in a normal double, so a shorter form is what rounding to
 * fifteen gives; a subnormal has less precision and is tried from one digit on. Below a power of two doubles are denser
 * than above it: there the nearest decimal may be too far while the next one up reads back. */
static void
shortest(double value, struct decimal *ret)
{
	for (size_t count = value < DBL_MIN ? 1 : 15; count <= DIGITS_MAX; count++) {
		round_to(value, count, ret);
		if (reads_back(ret, value) || (next_up(ret, count) && reads_back(ret, value)))
			return;
	}
	QUOIN_ASSERT(false && "seventeen digits read back");
}

/* Whole numbers, which most are, without trying: below 10^15 all their digits are needed, but for zeros at the end. */
static int
put_whole(uint64_t value, struct quoin_buf *out)
{
	char digits[DIGITS_MAX];
	size_t at = sizeof digits;

	for (; value > 0; value /= 10)
		digits[--at] = (char)('0' + value % 10);
	return quoin_buf_put(out, digits + at, sizeof digits - at);
}

static void
put_zeros(struct quoin_buf *out, int count)
{
	while (count-- > 0)
		quoin_buf_put_byte(out, '0');
}

int
quoin_json_print_number(double value, struct quoin_buf *out)
{
	struct decimal d;

	QUOIN_ASSERT(isfinite(value));
	if (value == 0)
		return quoin_buf_put_byte(out, '0');
	if (value < 0)
		quoin_buf_put_byte(out, '-');
	value = fabs(value);
	if (value < WHOLE_MAX && (double)(uint64_t)value == value)
		return put_whole((uint64_t)value, out);
	shortest(value, &d);
	if ((int)d.count <= d.point && d.point <= 21) {
		quoin_buf_put(out, d.digits, d.count);
		put_zeros(out, d.point - (int)d.count);
	} else if (d.point > 0 && d.point <= 21) {
		quoin_buf_put(out, d.digits, (size_t)d.point);
		quoin_buf_put_byte(out, '.');
		/* cppcheck-suppress pointerOutOfBoundsCond ; point is below count here */
		quoin_buf_put_str(out, d.digits + d.point);
	} else if (d.point > -6 && d.point <= 0) {
		quoin_buf_put_str(out, "0.");
		put_zeros(out, -d.point);
		quoin_buf_put_str(out, d.digits);
	} else {
		quoin_buf_put_byte(out, (uint8_t)d.digits[0]);
		if (d.count > 1) {
			quoin_buf_put_byte(out, '.');
			quoin_buf_put_str(out, d.digits + 1);
		}
		quoin_buf_printf(out, "e%+d", d.point - 1);
	}
	return out->error;
}

int
quoin_json_print_string(struct quoin_span utf8, struct quoin_buf *out)
{
	static const char short_escapes[] = "\b\f\n\r\t\"\\";
	static const char short_letters[] = "bfnrt\"\\";
	size_t plain = 0; /* where the run of bytes that stand for themselves began */

	quoin_buf_put_byte(out, '"');
	for (size_t i = 0; i < utf8.len && out->error == 0; i++) {
		const uint8_t c = utf8.data[i];
		const char *at;

		if (c >= ' ' && c != '"' && c != '\\')
			continue;
		quoin_buf_put(out, utf8.data + plain, i - plain);
		plain = i + 1;
		at = memchr(short_escapes, c, sizeof short_escapes - 1);
		if (at != NULL)
			quoin_buf_printf(out, "\\%c", short_letters[at - short_escapes]);
		else
			quoin_buf_printf(out, "\\u%04x", c);
	}
	if (plain < utf8.len)
		quoin_buf_put(out, utf8.data + plain, utf8.len - plain);
	return quoin_buf_put_byte(out, '"');
}

static int
print_array(const struct quoin_json *node, struct quoin_buf *out)
{
	quoin_buf_put_byte(out, '[');
	for (const struct quoin_json *child = quoin_json_first(node); child != NULL; child = quoin_json_next(child)) {
		if (child != quoin_json_first(node))
			quoin_buf_put_byte(out, ',');
		if (quoin_json_print(child, out) != 0)
			return out->error;
	}
	return quoin_buf_put_byte(out, ']');
}

static int
compare_keys(const void *a, const void *b)
{
	return strcmp(quoin_json_key(*(const struct quoin_json *const *)a),
	    quoin_json_key(*(const struct quoin_json *const *)b));
}

static int
print_object(const struct quoin_json *node, struct quoin_buf *out)
{
	const size_t count = quoin_json_count(node);
	const struct quoin_json **members = malloc((count + 1) * sizeof members[0]);
	size_t i = 0;

	if (members == NULL)
		return out->error = out->error != 0 ? out->error : QUOIN_ENOMEM;
	for (const struct quoin_json *child = quoin_json_first(node); child != NULL; child = quoin_json_next(child))
		members[i++] = child;
	qsort(members, count, sizeof members[0], compare_keys);
	quoin_buf_put_byte(out, '{');
	for (i = 0; i < count && out->error == 0; i++) {
		if (i != 0)
			quoin_buf_put_byte(out, ',');
		quoin_json_print_string(quoin_span_str(quoin_json_key(members[i])), out);
		quoin_buf_put_byte(out, ':');
		quoin_json_print(members[i], out);
	}
	free(members);
	return quoin_buf_put_byte(out, '}');
}

int
quoin_json_print(const struct quoin_json *node, struct quoin_buf *out)
{
	switch (quoin_json_kind(node)) {
	case QUOIN_JSON_NULL:
		return quoin_buf_put_str(out, "null");
	case QUOIN_JSON_BOOL:
		return quoin_buf_put_str(out, quoin_json_bool(node) ? "true" : "false");
	case QUOIN_JSON_NUMBER:
		return quoin_json_print_number(quoin_json_number(node), out);
	case QUOIN_JSON_STRING:
		return quoin_json_print_string(quoin_span_str(quoin_json_string(node)), out);
	case QUOIN_JSON_ARRAY:
		return print_array(node, out);
	case QUOIN_JSON_OBJECT:
		return print_object(node, out);
	}
	QUOIN_ASSERT(false && "every kind is printed");
	return QUOIN_ESYSTEM;
}
