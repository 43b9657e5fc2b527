#include "lib/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/error.h"

struct quoin_span
quoin_span_str(const char *text)
{
	return quoin_span_of(text, strlen(text));
}

struct quoin_span
quoin_span_of(const void *data, size_t len)
{
	return (struct quoin_span){.data = data, .len = len};
}

bool
quoin_span_equal(struct quoin_span a, struct quoin_span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool
quoin_span_equal_str(struct quoin_span a, const char *text)
{
	return quoin_span_equal(a, quoin_span_str(text));
}

int
quoin_span_compare(struct quoin_span a, struct quoin_span b)
{
	const size_t len = a.len < b.len ? a.len : b.len;
	const int order = len == 0 ? 0 : memcmp(a.data, b.data, len);

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

void
quoin_buf_init(struct quoin_buf *buf, size_t max)
{
	*buf = (struct quoin_buf){.max = max};
}

void
quoin_buf_clear(struct quoin_buf *buf)
{
	free(buf->data);
	quoin_buf_init(buf, buf->max);
}

void
quoin_buf_reset(struct quoin_buf *buf)
{
	buf->len = 0;
	buf->error = 0;
}

/* Capacity for "extra" more bytes; "slack" of them (0 or 1) may lie beyond max: the NUL of quoin_buf_str. */
static int
grow(struct quoin_buf *buf, size_t extra, size_t slack)
{
	size_t want, cap;
	uint8_t *data;

	QUOIN_ASSERT(buf->len <= buf->max && buf->len <= buf->cap);
	if (buf->error != 0)
		return buf->error;
	if (extra - slack > buf->max - buf->len || extra > SIZE_MAX - buf->len)
		return buf->error = QUOIN_ELIMIT;
	want = buf->len + extra;
	if (want <= buf->cap)
		return 0;
	cap = buf->cap < 64 ? 64 : buf->cap;
	while (cap < want)
		cap = cap > SIZE_MAX / 2 ? want : cap * 2;
	/* Doubling past the maximum would take memory that can never be used. */
	if (cap > buf->max && want <= buf->max)
		cap = buf->max;
	else if (cap > buf->max)
		cap = want;
	data = realloc(buf->data, cap);
	if (data == NULL)
		return buf->error = QUOIN_ENOMEM;
	buf->data = data;
	buf->cap = cap;
	return 0;
}

int
quoin_buf_put(struct quoin_buf *buf, const void *data, size_t len)
{
	const int r = grow(buf, len, 0);

	if (r != 0 || len == 0)
		return r;
	memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	return 0;
}

int
quoin_buf_put_span(struct quoin_buf *buf, struct quoin_span span)
{
	return quoin_buf_put(buf, span.data, span.len);
}

int
quoin_buf_put_str(struct quoin_buf *buf, const char *text)
{
	return quoin_buf_put(buf, text, strlen(text));
}

int
quoin_buf_put_byte(struct quoin_buf *buf, uint8_t byte)
{
	return quoin_buf_put(buf, &byte, 1);
}

int
quoin_buf_put_zeros(struct quoin_buf *buf, size_t count)
{
	const int r = grow(buf, count, 0);

	if (r != 0 || count == 0)
		return r;
	memset(buf->data + buf->len, 0, count);
	buf->len += count;
	return 0;
}

static int
put_le(struct quoin_buf *buf, uint64_t value, size_t bytes)
{
	uint8_t le[8];

	for (size_t i = 0; i < bytes; i++)
		le[i] = (uint8_t)(value >> (8 * i));
	return quoin_buf_put(buf, le, bytes);
}

int
quoin_buf_put_u16le(struct quoin_buf *buf, uint16_t value)
{
	return put_le(buf, value, 2);
}

int
quoin_buf_put_u32le(struct quoin_buf *buf, uint32_t value)
{
	return put_le(buf, value, 4);
}

int
quoin_buf_put_u64le(struct quoin_buf *buf, uint64_t value)
{
	return put_le(buf, value, 8);
}

int
quoin_buf_printf(struct quoin_buf *buf, const char *fmt, ...)
{
	char small[256];
	va_list ap, again;
	int r, len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(small, sizeof small, fmt, ap);
	QUOIN_ASSERT(len >= 0);
	if ((size_t)len < sizeof small) {
		r = quoin_buf_put(buf, small, (size_t)len);
		goto out;
	}
	if ((size_t)len > buf->max - buf->len) {
		r = buf->error = buf->error != 0 ? buf->error : QUOIN_ELIMIT;
		goto out;
	}
	r = grow(buf, (size_t)len + 1, 1);
	if (r != 0)
		goto out;
	(void)vsnprintf((char *)buf->data + buf->len, (size_t)len + 1, fmt, again);
	buf->len += (size_t)len;
out:
	va_end(again);
	va_end(ap);
	return r;
}

uint8_t *
quoin_buf_reserve(struct quoin_buf *buf, size_t len)
{
	/* One byte at least, so that NULL always means failure. */
	if (grow(buf, len != 0 ? len : 1, len != 0 ? 0 : 1) != 0)
		return NULL;
	return buf->data + buf->len;
}

struct quoin_span
quoin_buf_span(const struct quoin_buf *buf)
{
	return (struct quoin_span){.data = buf->data, .len = buf->len};
}

const char *
quoin_buf_str(struct quoin_buf *buf)
{
	if (grow(buf, 1, 1) != 0)
		return NULL;
	buf->data[buf->len] = '\0';
	return (const char *)buf->data;
}
