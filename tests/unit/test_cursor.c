#include "lib/cursor.h"
#include "tests/check.h"

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 'x', 'y'};

/* Reads everything; returns whether it was there. */
static bool
read_all(struct quoin_span input)
{
	struct quoin_cursor cursor;
	struct quoin_span tail;

	quoin_cursor_init(&cursor, input);
	quoin_cursor_u8(&cursor);
	quoin_cursor_u16le(&cursor);
	quoin_cursor_u32le(&cursor);
	quoin_cursor_u64le(&cursor);
	tail = quoin_cursor_bytes(&cursor, 2);
	if (cursor.failed)
		CHECK(tail.data == NULL && tail.len == 0);
	return quoin_cursor_is_done(&cursor);
}

static void
values(void)
{
	struct quoin_cursor cursor;
	struct quoin_span tail;

	quoin_cursor_init(&cursor, quoin_span_of(bytes, sizeof bytes));
	CHECK_INT(quoin_cursor_u8(&cursor), 1);
	CHECK_INT(quoin_cursor_u16le(&cursor), 0x0302);
	CHECK_INT(quoin_cursor_u32le(&cursor), 0x07060504);
	CHECK_INT(quoin_cursor_u64le(&cursor), 0x0f0e0d0c0b0a0908);
	CHECK(!quoin_cursor_is_done(&cursor));
	tail = quoin_cursor_bytes(&cursor, 2);
	CHECK_MEM(tail.data, tail.len, "xy", 2);
	CHECK(tail.data == bytes + 15);
	CHECK(quoin_cursor_is_done(&cursor));
	CHECK_INT(quoin_cursor_bytes(&cursor, 0).len, 0);
	CHECK(quoin_cursor_is_done(&cursor));
}

static void
every_prefix_fails(void)
{
	for (size_t len = 0; len < sizeof bytes; len++)
		CHECK(!read_all(quoin_span_of(bytes, len)));
	CHECK(read_all(quoin_span_of(bytes, sizeof bytes)));
}

static void
failure_sticks(void)
{
	struct quoin_cursor cursor;

	quoin_cursor_init(&cursor, quoin_span_of(bytes, 3));
	CHECK_INT(quoin_cursor_u32le(&cursor), 0);
	CHECK(cursor.failed);
	CHECK_INT(cursor.left, 3);
	CHECK(cursor.at == bytes);
	CHECK_INT(quoin_cursor_u8(&cursor), 0);
	CHECK_INT(quoin_cursor_bytes(&cursor, 0).len, 0);
	CHECK(!quoin_cursor_is_done(&cursor));
	quoin_cursor_init(&cursor, quoin_span_of(bytes, 3));
	CHECK(quoin_cursor_bytes(&cursor, SIZE_MAX).data == NULL);
	CHECK(cursor.failed);
}

static void
nothing(void)
{
	struct quoin_cursor cursor;

	quoin_cursor_init(&cursor, quoin_span_of(NULL, 0));
	CHECK(quoin_cursor_is_done(&cursor));
	CHECK_INT(quoin_cursor_bytes(&cursor, 0).len, 0);
	CHECK(quoin_cursor_is_done(&cursor));
	CHECK_INT(quoin_cursor_u8(&cursor), 0);
	CHECK(!quoin_cursor_is_done(&cursor));
}

static const struct check_case cases[] = {
    {"cursor/values", values},
    {"cursor/every-prefix-fails", every_prefix_fails},
    {"cursor/failure-sticks", failure_sticks},
    {"cursor/nothing", nothing},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
