#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/error.h"
#include "tests/check.h"

static void
spans(void)
{
	static const struct {
		const char *a, *b;
		int order;
	} rows[] = {{"", "", 0}, {"a", "a", 0}, {"a", "b", -1}, {"b", "a", 1}, {"a", "ab", -1}, {"ab", "a", 1},
	    {"", "a", -1}, {"a", "\xff", -1}, {"b", "ab", 1}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct quoin_span a = quoin_span_str(rows[i].a), b = quoin_span_str(rows[i].b);
		const int order = quoin_span_compare(a, b);

		CHECK_INT((order > 0) - (order < 0), rows[i].order);
		CHECK_INT(quoin_span_equal(a, b), rows[i].order == 0);
		CHECK_INT(quoin_span_equal_str(a, rows[i].b), rows[i].order == 0);
	}
	CHECK(quoin_span_equal(quoin_span_of(NULL, 0), quoin_span_str("")));
	CHECK(quoin_span_equal_str((struct quoin_span){0}, ""));
	CHECK_INT(quoin_span_compare(quoin_span_of(NULL, 0), quoin_span_of(NULL, 0)), 0);
	/* A NUL is a byte like any other. */
	CHECK(!quoin_span_equal_str(quoin_span_of("a\0b", 3), "a"));
}

static void
appends(void)
{
	static const uint8_t want[] = {'h', 'i', '!', 0, 0, 0x34, 0x12, 0x78, 0x56, 0x34, 0x12, 0xef, 0xcd, 0xab, 0x90,
	    0x78, 0x56, 0x34, 0x12, '4', '2', 'x'};
	struct quoin_buf buf;

	quoin_buf_init(&buf, 1000);
	CHECK(buf.data == NULL && buf.cap == 0);
	CHECK_INT(quoin_buf_put_str(&buf, "hi"), 0);
	CHECK_INT(quoin_buf_put_byte(&buf, '!'), 0);
	CHECK_INT(quoin_buf_put_zeros(&buf, 2), 0);
	CHECK_INT(quoin_buf_put_u16le(&buf, 0x1234), 0);
	CHECK_INT(quoin_buf_put_u32le(&buf, 0x12345678), 0);
	CHECK_INT(quoin_buf_put_u64le(&buf, 0x1234567890abcdef), 0);
	CHECK_INT(quoin_buf_printf(&buf, "%d", 42), 0);
	CHECK_INT(quoin_buf_put_span(&buf, quoin_span_str("x")), 0);
	CHECK_INT(quoin_buf_put(&buf, NULL, 0), 0);
	CHECK_INT(quoin_buf_put_zeros(&buf, 0), 0);
	CHECK_MEM(buf.data, buf.len, want, sizeof want);
	CHECK_MEM(quoin_buf_span(&buf).data, quoin_buf_span(&buf).len, want, sizeof want);
	quoin_buf_clear(&buf);
	CHECK(buf.data == NULL && buf.len == 0 && buf.max == 1000);
}

static void
maximum(void)
{
	struct quoin_buf buf;

	quoin_buf_init(&buf, 4);
	CHECK_INT(quoin_buf_put(&buf, "abcd", 4), 0);
	CHECK(buf.cap <= 5);
	CHECK_STR(quoin_buf_str(&buf), "abcd");
	CHECK_INT(buf.len, 4);
	CHECK_INT(quoin_buf_put_byte(&buf, 'e'), QUOIN_ELIMIT);
	CHECK_INT(buf.len, 4);
	/* The error sticks, also for what would fit, until reset. */
	CHECK_INT(quoin_buf_put(&buf, "", 0), QUOIN_ELIMIT);
	CHECK(quoin_buf_str(&buf) == NULL);
	CHECK(quoin_buf_reserve(&buf, 0) == NULL);
	CHECK_INT(quoin_buf_printf(&buf, "x"), QUOIN_ELIMIT);
	quoin_buf_reset(&buf);
	CHECK_INT(quoin_buf_put(&buf, "abc", 3), 0);
	CHECK_INT(quoin_buf_put(&buf, "de", 2), QUOIN_ELIMIT);
	CHECK_INT(buf.len, 3);
	quoin_buf_reset(&buf);
	CHECK_INT(quoin_buf_put_zeros(&buf, SIZE_MAX), QUOIN_ELIMIT);
	quoin_buf_clear(&buf);
	quoin_buf_init(&buf, SIZE_MAX);
	CHECK_INT(quoin_buf_put_byte(&buf, 1), 0);
	CHECK_INT(quoin_buf_put_zeros(&buf, SIZE_MAX), QUOIN_ELIMIT);
	quoin_buf_reset(&buf);
	CHECK(quoin_buf_reserve(&buf, SIZE_MAX / 2) == NULL);
	CHECK_INT(buf.error, QUOIN_ENOMEM);
	CHECK_INT(quoin_buf_put_byte(&buf, 1), QUOIN_ENOMEM);
	quoin_buf_clear(&buf);
	CHECK_INT(buf.error, 0);
}

static void
zero_object(void)
{
	struct quoin_buf buf = {0};

	CHECK_INT(quoin_buf_put(&buf, "", 0), 0);
	CHECK_STR(quoin_buf_str(&buf), "");
	CHECK_INT(quoin_buf_put_byte(&buf, 1), QUOIN_ELIMIT);
	quoin_buf_clear(&buf);
	quoin_buf_clear(&buf);
}

/* Longer than the formatter's own room, up to the maximum and one beyond. */
static void
long_printf(void)
{
	struct quoin_buf buf;
	char text[1001];

	memset(text, 'a', 1000);
	text[1000] = '\0';
	for (size_t max = 250; max <= 1000; max += 5) {
		quoin_buf_init(&buf, max);
		CHECK_INT(quoin_buf_printf(&buf, "%.*s", (int)max, text), 0);
		CHECK_MEM(buf.data, buf.len, text, max);
		CHECK_INT(quoin_buf_printf(&buf, "b"), QUOIN_ELIMIT);
		quoin_buf_reset(&buf);
		CHECK_INT(quoin_buf_printf(&buf, "%.*sb", (int)max, text), QUOIN_ELIMIT);
		CHECK_INT(buf.len, 0);
		quoin_buf_clear(&buf);
	}
}

static void
reserve(void)
{
	struct quoin_buf buf;
	uint8_t *at;

	quoin_buf_init(&buf, 100);
	at = quoin_buf_reserve(&buf, 100);
	CHECK(at != NULL);
	CHECK_INT(buf.len, 0);
	memcpy(at, "abc", 3);
	buf.len = 3;
	CHECK(quoin_buf_reserve(&buf, 97) == buf.data + 3);
	CHECK(quoin_buf_reserve(&buf, 98) == NULL);
	CHECK_INT(buf.error, QUOIN_ELIMIT);
	CHECK_MEM(buf.data, buf.len, "abc", 3);
	quoin_buf_clear(&buf);
}

/* Growing in steps gives what one append gives. */
static void
growth(void)
{
	struct quoin_buf buf;

	quoin_buf_init(&buf, 100000);
	for (size_t i = 0; i < 100000; i++)
		CHECK_INT(quoin_buf_put_byte(&buf, (uint8_t)(i * 7)), 0);
	CHECK(buf.cap <= buf.max);
	for (size_t i = 0; i < 100000; i++)
		CHECK_INT(buf.data[i], (uint8_t)(i * 7));
	CHECK_INT(quoin_buf_put_byte(&buf, 0), QUOIN_ELIMIT);
	quoin_buf_clear(&buf);
}

static const struct check_case cases[] = {
    {"bytes/spans", spans},
    {"bytes/appends", appends},
    {"bytes/maximum", maximum},
    {"bytes/zero-object", zero_object},
    {"bytes/long-printf", long_printf},
    {"bytes/reserve", reserve},
    {"bytes/growth", growth},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
