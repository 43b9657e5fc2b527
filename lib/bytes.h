/*
 * Bytes borrowed and bytes owned: two types, so that nobody frees what is another's.
 *
 * A span is a view of memory that somebody else keeps alive; the function that hands one out says how long.
 * A buf owns its memory, grows as it is appended to, and never beyond the maximum given at init.
 */
#ifndef QUOIN_LIB_BYTES_H
#define QUOIN_LIB_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct quoin_span {
	const uint8_t *data; /* may be NULL when len is 0 */
	size_t len;
};

/* A span of a NUL-terminated string, without the NUL. */
struct quoin_span quoin_span_str(const char *text);
struct quoin_span quoin_span_of(const void *data, size_t len);
bool quoin_span_equal(struct quoin_span a, struct quoin_span b);
bool quoin_span_equal_str(struct quoin_span a, const char *text);
/* Byte order, shorter first among equals: <0, 0, >0. */
int quoin_span_compare(struct quoin_span a, struct quoin_span b);

struct quoin_buf {
	uint8_t *data;
	size_t len;
	size_t cap;
	size_t max; /* len never exceeds it */
	int error;  /* first failure of an append, sticky: 0, QUOIN_ENOMEM or QUOIN_ELIMIT */
};

/* An empty buffer that may grow to "max" bytes. No memory is taken yet. */
void quoin_buf_init(struct quoin_buf *buf, size_t max);
/* Free the memory; the buffer is as after init. Accepts all-zero objects. */
void quoin_buf_clear(struct quoin_buf *buf);
/* Forget the contents and the error, keep the memory. */
void quoin_buf_reset(struct quoin_buf *buf);

/*
 * Append. Returns 0, QUOIN_ELIMIT (would exceed max) or QUOIN_ENOMEM; after a failure every further append returns the
 * same, so that a printer may append many times and look at buf->error once at the end.
 */
int quoin_buf_put(struct quoin_buf *buf, const void *data, size_t len);
int quoin_buf_put_span(struct quoin_buf *buf, struct quoin_span span);
int quoin_buf_put_str(struct quoin_buf *buf, const char *text);
int quoin_buf_put_byte(struct quoin_buf *buf, uint8_t byte);
int quoin_buf_put_zeros(struct quoin_buf *buf, size_t count);
int quoin_buf_put_u16le(struct quoin_buf *buf, uint16_t value);
int quoin_buf_put_u32le(struct quoin_buf *buf, uint32_t value);
int quoin_buf_put_u64le(struct quoin_buf *buf, uint64_t value);
int quoin_buf_printf(struct quoin_buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Make room for "len" more bytes and return where they go, or NULL (buf->error says why). len is not changed. */
uint8_t *quoin_buf_reserve(struct quoin_buf *buf, size_t len);

/* The contents, until the next append, reset or clear. */
struct quoin_span quoin_buf_span(const struct quoin_buf *buf);
/* The contents as a NUL-terminated string (the NUL is not counted in len), or NULL on QUOIN_ENOMEM/QUOIN_ELIMIT. */
const char *quoin_buf_str(struct quoin_buf *buf);

#endif
