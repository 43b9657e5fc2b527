#include "lib/cursor.h"

void
quoin_cursor_init(struct quoin_cursor *cursor, struct quoin_span bytes)
{
	*cursor = (struct quoin_cursor){.at = bytes.data, .left = bytes.len};
}

struct quoin_span
quoin_cursor_bytes(struct quoin_cursor *cursor, size_t len)
{
	struct quoin_span bytes = {.data = cursor->at, .len = len};

	if (cursor->failed || len > cursor->left) {
		cursor->failed = true;
		return (struct quoin_span){0};
	}
	if (len != 0)
		cursor->at += len;
	cursor->left -= len;
	return bytes;
}

static uint64_t
get_le(struct quoin_cursor *cursor, size_t len)
{
	const struct quoin_span bytes = quoin_cursor_bytes(cursor, len);
	uint64_t value = 0;

	for (size_t i = 0; i < bytes.len; i++)
		value |= (uint64_t)bytes.data[i] << (8 * i);
	return value;
}

uint8_t
quoin_cursor_u8(struct quoin_cursor *cursor)
{
	return (uint8_t)get_le(cursor, 1);
}

uint16_t
quoin_cursor_u16le(struct quoin_cursor *cursor)
{
	return (uint16_t)get_le(cursor, 2);
}

uint32_t
quoin_cursor_u32le(struct quoin_cursor *cursor)
{
	return (uint32_t)get_le(cursor, 4);
}

uint64_t
quoin_cursor_u64le(struct quoin_cursor *cursor)
{
	return get_le(cursor, 8);
}

bool
quoin_cursor_is_done(const struct quoin_cursor *cursor)
{
	return !cursor->failed && cursor->left == 0;
}
