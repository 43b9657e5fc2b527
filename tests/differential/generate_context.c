/*
 * Contexts: what a request may bring, and what it may not.
 */
#include <stdio.h>
#include <string.h>

#include "tests/differential/generate.h"

#define CONTEXT_BYTES_MAX 65536

#define ONE_OF(list) (list)[dice_throw(dice, (uint32_t)(sizeof(list) / sizeof(list)[0]))]

static void
put_x(struct quoin_buf *out, size_t count)
{
	for (size_t i = 0; i < count; i++)
		quoin_buf_put_byte(out, (uint8_t)('a' + i % 23));
}

/* A key, sometimes with an escape in it: the same key. */
static void
put_key(struct dice *dice, const char *key, struct quoin_buf *out)
{
	if (generate_coin(dice, 3))
		quoin_buf_printf(out, "\"\\u%04x%s\":", (unsigned char)key[0], key + 1);
	else
		quoin_buf_printf(out, "\"%s\":%s", key, generate_coin(dice, 5) ? " \n\t" : "");
}

static void
put_value(struct dice *dice, const struct generated *generated, uint32_t attribute, struct quoin_buf *out)
{
	static const char *const others[] = {"null", "[]", "[\"US\"]", "{}", "{\"a\":1}", "[[1],2]"};

	if (generate_coin(dice, 4)) {
		quoin_buf_put_str(out, ONE_OF(others));
	} else if (dice_throw(dice, 1000) == 0) {
		quoin_buf_put_byte(out, '"');
		put_x(out, dice_throw(dice, 60000));
		quoin_buf_put_byte(out, '"');
	} else {
		generate_scalar(dice,
		    generate_coin(dice, 93) ? attribute : dice_throw(dice, generated->attribute_count), out);
	}
}

static void
put_attributes(struct dice *dice, const struct generated *generated, struct quoin_buf *out)
{
	uint32_t count = generated->attribute_count, first = dice_throw(dice, count),
		 missing = ONE_OF(((uint32_t[]){5, 10, 15, 50}));
	char name[24];

	for (uint32_t i = 0; i < count; i++) {
		uint32_t attribute = (first + i) % count;

		if (generate_coin(dice, missing))
			continue;
		quoin_buf_put_byte(out, ',');
		put_key(dice, generated_attribute(attribute, name), out);
		put_value(dice, generated, attribute, out);
	}
	/* Nobody asks for these. */
	if (generate_coin(dice, 5))
		quoin_buf_put_str(out, ",\"anyOf\":[],\"x-\":1,\"\":2,\"user\xc3\xa9\":\"US\",\"ab2\":{\"7\":1}");
	for (uint32_t i = generate_coin(dice, 1) ? 200 : 0; i > 0; i--)
		quoin_buf_printf(out, ",\"n%u\":%u", i, i);
}

static void
put_cells(struct dice *dice, struct quoin_buf *out)
{
	static const char *const odd[] = {"null", "\"2\"", "true", "-1", "1.5", "-0", "2.0", "1e0", "20e-1",
	    "2147483647", "2147483648", "4294967295", "4294967296", "4294967297", "9007199254740993", "1e300", "[1]",
	    "{}", "0.1", "1e-400"};
	bool is_first = true;

	if (generate_coin(dice, 3)) {
		quoin_buf_put_str(out, ONE_OF(((const char *const[]){"null", "5", "\"7\"", "[{\"7\":1}]", "true"})));
		return;
	}
	quoin_buf_put_byte(out, '{');
	for (uint32_t i = 0; i < GENERATED_TESTS; i++) {
		if (generate_coin(dice, 55))
			continue;
		quoin_buf_put_str(out, is_first ? "" : ",");
		put_key(dice, generated_tests[i], out);
		if (generate_coin(dice, 75))
			quoin_buf_printf(out, "%u", dice_throw(dice, 12));
		else
			quoin_buf_put_str(out, ONE_OF(odd));
		is_first = false;
	}
	/* More tests than a context holds without allocating; names that only look like a test's. */
	for (uint32_t i = generate_coin(dice, 2) ? 50 : 0; i > 0; i--) {
		quoin_buf_printf(out, "%s\"%u\":%u", is_first ? "" : ",", 100 + i, i % 5);
		is_first = false;
	}
	if (generate_coin(dice, 3))
		quoin_buf_printf(out, "%s\"007\":1,\" 7\":1,\"7.0\":1,\"\":1,\"-7\":1,\"18446744073709551623\":1",
		    is_first ? "" : ",");
	quoin_buf_put_byte(out, '}');
}

/* Longer than any name. */
#define LONG_NAME "namenamenamenamenamenamenamenamenamenamenamenamenamenamenamenamename"

static void
put_override(struct dice *dice, const struct generated *generated, struct quoin_buf *out)
{
	static const char *const strangers[] = {"nobody", "m0@1", "", LONG_NAME},
				 *const versions[] = {"99", "", "01", LONG_NAME};
	const struct generated_model *model = &generated->models[dice_throw(dice, generated->model_count)];

	if (generate_coin(dice, 3)) {
		quoin_buf_put_str(out, ONE_OF(((const char *const[]){"null", "5", "\"m0\"", "[]", "{}", "true"})));
		return;
	}
	quoin_buf_put_str(out, "{\"x\":[1]");
	if (generate_coin(dice, 97))
		quoin_buf_printf(out, ",\"model\":\"%s\"", generate_coin(dice, 95) ? model->name : ONE_OF(strangers));
	else
		quoin_buf_put_str(out, ",\"model\":5");
	if (generate_coin(dice, 60))
		quoin_buf_printf(out, ",\"version\":\"%s\"",
		    generate_coin(dice, 93) ? model->version : ONE_OF(versions));
	else if (generate_coin(dice, 8))
		quoin_buf_printf(out, ",\"version\":%s", ONE_OF(((const char *const[]){"1", "null", "true", "[]"})));
	if (generate_coin(dice, 70))
		quoin_buf_printf(out, ",\"caller\":\"%s\"", generated_callers[dice_throw(dice, GENERATED_CALLERS)]);
	else if (generate_coin(dice, 8))
		quoin_buf_printf(out, ",\"caller\":%s",
		    ONE_OF(((const char *const[]){"5", "null", "true", "[\"qa\"]"})));
	quoin_buf_put_byte(out, '}');
}

static void
put_objective(struct dice *dice, const struct generated *generated, struct quoin_buf *out)
{
	static const char *const odd[] = {"\"\"", "\"rank\"", "\"Rank \"", "\"J\\u00fc\\n\"", "null", "5", "[\"Rank\"]",
	    "\"nobody\""};

	quoin_buf_put_str(out, "\"objective\":");
	if (generate_coin(dice, 98))
		quoin_buf_printf(out, "\"%s\"", generated_objectives[dice_throw(dice, generated->objective_count)]);
	else
		quoin_buf_put_str(out, ONE_OF(odd));
}

static void
put_whole(struct dice *dice, const struct generated *generated, struct quoin_buf *out)
{
	bool is_last = generate_coin(dice, 10);

	quoin_buf_put_byte(out, '{');
	if (is_last)
		quoin_buf_put_str(out, "\"zz\":1");
	else
		put_objective(dice, generated, out);
	put_attributes(dice, generated, out);
	if (generate_coin(dice, 75)) {
		quoin_buf_put_str(out, ",\"ab\":");
		put_cells(dice, out);
	}
	if (generate_coin(dice, 35)) {
		quoin_buf_put_str(out, ",\"override\":");
		put_override(dice, generated, out);
	}
	if (is_last) {
		quoin_buf_put_byte(out, ',');
		put_objective(dice, generated, out);
	}
	quoin_buf_put_byte(out, '}');
}

/* ---- What is no context, or only just one ---- */

static void
put_nested(const struct generated *generated, unsigned depth, struct quoin_buf *out)
{
	(void)generated;
	quoin_buf_printf(out, "{\"objective\":\"%s\",\"deep\":", generated_objectives[0]);
	for (unsigned i = 1; i < depth; i++)
		quoin_buf_put_byte(out, '[');
	for (unsigned i = 1; i < depth; i++)
		quoin_buf_put_byte(out, ']');
	quoin_buf_put_byte(out, '}');
}

/* A context of about 64 KiB, exactly as long or one byte longer. */
static void
put_long(struct dice *dice, struct quoin_buf *out)
{
	size_t bytes = CONTEXT_BYTES_MAX - 1 + dice_throw(dice, 3);

	quoin_buf_printf(out, "{\"objective\":\"%s\",\"userId\":\"u\",\"country\":\"", generated_objectives[0]);
	put_x(out, bytes - out->len - 2);
	quoin_buf_put_str(out, "\"}");
}

static void
put_changed(struct dice *dice, const struct generated *generated, struct quoin_buf *out)
{
	static const char *const pieces[] = {"\\ud800", "\\udc00\\ud800", "\xff", "\xc0\x80", "\xed\xa0\x80",
	    "\xf4\x90\x80\x80", "\xc3", "\\u0000", "\n", "\\x", "\\", "\"", ",", "}", "//", "01", "+1", "-", "1.", "1e",
	    "nul", "NaN", "1e999", "\xef\xbb\xbf", "'", "\t", "\xf0\x9f\x8e\xac", "\\u00", "\\ud83c\\udfac", "\x7f",
	    "\xe2\x80\xa8", "\xe0\x80\x80"};
	uint32_t how = dice_throw(dice, 4);
	size_t at;

	put_whole(dice, generated, out);
	at = dice_throw(dice, (uint32_t)out->len);
	if (how == 0) {
		out->len = at;
	} else if (how == 1) {
		out->data[at] = (uint8_t)dice_throw(dice, 256);
	} else {
		/* In the place of what stood there, or where a value might be. */
		const char *piece = ONE_OF(pieces);

		if (how == 2) {
			const uint8_t *colon = memchr(out->data + at, ':', out->len - at);

			at = colon != NULL ? (size_t)(colon - out->data) + 1 : out->len;
		}
		out->len = at;
		quoin_buf_put_str(out, piece);
		quoin_buf_put_str(out, how == 2 ? ",\"tail\":1}" : "\"}");
	}
}

static void
put_invalid(struct dice *dice, const struct generated *generated, struct quoin_buf *out)
{
	static const char *const whole[] = {"", " ", "[]", "5", "null", "\"Rank\"", "{}", "{\"objective\":null}",
	    "{\"objective\":5}", "{\"Objective\":\"Rank\"}", "{\"objective\":\"Rank\",\"objective\":\"Rank\"}",
	    "{\"objective\":\"Rank\",\"a\":1,\"a\":1}", "{\"objective\":\"Rank\",\"a\":1,\"\\u0061\":2}",
	    "{\"objective\":\"Rank\",\"ab\":{\"7\":1,\"7\":2}}", "{\"objective\":\"Rank\",\"l\":[{\"a\":1,\"a\":1}]}",
	    "{\"objective\":\"Rank\",}", "{\"objective\":\"Rank\"} x", "{\"objective\":\"Rank\"}{}",
	    "\xef\xbb\xbf{\"objective\":\"Rank\"}", " \r\n\t{\"objective\" :\t\"Rank\" } \n",
	    "{\"objective\":\"Rank\",\"age\":1e999}", "{\"objective\":\"Rank\",\"age\":-0e99}", "{objective:\"Rank\"}",
	    "{\"objective\":\"Rank\"", "{\"objective\":\"Rank\",\"override\":{\"model\":\"m0\",\"model\":\"m0\"}}"};
	uint32_t what = dice_throw(dice, 10);

	if (what < 5) {
		put_changed(dice, generated, out);
	} else if (what < 7) {
		quoin_buf_put_str(out, ONE_OF(whole));
	} else if (what < 8) {
		put_nested(generated, 62 + dice_throw(dice, 5), out);
	} else if (what < 9 && dice_throw(dice, 5) == 0) {
		put_long(dice, out);
	} else {
		put_whole(dice, generated, out);
		quoin_buf_put(out, "\0 \n}" + dice_throw(dice, 4), 1);
	}
}

void
generate_context(struct dice *dice, const struct generated *generated, struct quoin_buf *out)
{
	if (dice_throw(dice, 40) == 0)
		put_invalid(dice, generated, out);
	else
		put_whole(dice, generated, out);
}
