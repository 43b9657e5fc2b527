/*
 * A bounded reader of little-endian bytes: the only code that indexes bytes from outside.
 *
 * Every getter either advances or leaves the cursor where it is and marks it failed; a failed cursor returns zeros for
 * ever, so that a decoder may read a whole structure and look once at the end.
 */
#ifndef QUOIN_LIB_CURSOR_H
#define QUOIN_LIB_CURSOR_H

#include "lib/bytes.h"

struct quoin_cursor {
	const uint8_t *at;
	size_t left;
	bool failed;
};

void quoin_cursor_init(struct quoin_cursor *cursor, struct quoin_span bytes);
uint8_t quoin_cursor_u8(struct quoin_cursor *cursor);
uint16_t quoin_cursor_u16le(struct quoin_cursor *cursor);
uint32_t quoin_cursor_u32le(struct quoin_cursor *cursor);
uint64_t quoin_cursor_u64le(struct quoin_cursor *cursor);
/* "len" bytes, borrowed from the input; an empty span if they are not there. */
struct quoin_span quoin_cursor_bytes(struct quoin_cursor *cursor, size_t len);
/* Whether everything was read and nothing failed. */
bool quoin_cursor_is_done(const struct quoin_cursor *cursor);

#endif
