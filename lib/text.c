#include "lib/text.h"

#include <string.h>

#include "lib/error.h"
#include "lib/limits.h"

static const char hex_lower[] = "0123456789abcdef";
static const char hex_upper[] = "0123456789ABCDEF";
static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The index of "c" among the first "count" characters of "digits", or -1. */
static int
digit_of(const char *digits, size_t count, uint8_t c)
{
	const char *at = memchr(digits, c, count);

	return at == NULL ? -1 : (int)(at - digits);
}

void
quoin_hex_print(const uint8_t *data, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++) {
		out[2 * i] = hex_lower[data[i] >> 4];
		out[2 * i + 1] = hex_lower[data[i] & 15];
	}
	out[2 * len] = '\0';
}

bool
quoin_hex_parse(struct quoin_span text, uint8_t *out, size_t len)
{
	if (text.len % 2 != 0 || text.len / 2 != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		const int high = digit_of(hex_lower, 16, text.data[2 * i]);
		const int low = digit_of(hex_lower, 16, text.data[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

size_t
quoin_base64_bytes(size_t len)
{
	return (len / 3 + (len % 3 != 0)) * 4;
}

void
quoin_base64_print(const uint8_t *data, size_t len, char *out)
{
	while (len > 0) {
		const size_t some = len < 3 ? len : 3;
		uint32_t group = (uint32_t)data[0] << 16;

		if (some > 1)
			group |= (uint32_t)data[1] << 8;
		if (some > 2)
			group |= data[2];
		out[0] = base64_digits[group >> 18];
		out[1] = base64_digits[group >> 12 & 63];
		out[2] = some > 1 ? base64_digits[group >> 6 & 63] : '=';
		out[3] = some > 2 ? base64_digits[group & 63] : '=';
		data += some;
		len -= some;
		out += 4;
	}
	*out = '\0';
}

bool
quoin_base64_parse(struct quoin_span text, uint8_t *out, size_t len)
{
	if (text.len % 4 != 0 || text.len != quoin_base64_bytes(len))
		return false;
	for (const uint8_t *at = text.data; len > 0; at += 4) {
		const size_t some = len < 3 ? len : 3;
		uint32_t group = 0;

		for (size_t i = 0; i < 4; i++) {
			const int digit = i <= some ? digit_of(base64_digits, 64, at[i]) : at[i] == '=' ? 0 : -1;

			if (digit < 0)
				return false;
			group = group << 6 | (uint32_t)digit;
		}
		/* Bits beyond the last byte must be zero, or one content would have several spellings. */
		if ((group & (0xffffffu >> (8 * some))) != 0)
			return false;
		for (size_t i = 0; i < some; i++)
			out[i] = (uint8_t)(group >> (16 - 8 * i));
		out += some;
		len -= some;
	}
	return true;
}

bool
quoin_u64_parse(struct quoin_span text, uint64_t *ret)
{
	uint64_t value = 0;

	if (text.len == 0 || (text.len > 1 && text.data[0] == '0'))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		const uint8_t c = text.data[i];

		if (c < '0' || c > '9')
			return false;
		/* 19 digits fit in any case. */
		if (i >= 19 && value > (UINT64_MAX - (uint64_t)(c - '0')) / 10)
			return false;
		value = value * 10 + (uint64_t)(c - '0');
	}
	*ret = value;
	return true;
}

bool
quoin_i64_parse(struct quoin_span text, int64_t *ret)
{
	const bool minus = text.len > 0 && text.data[0] == '-';
	uint64_t value;

	if (!quoin_u64_parse(minus ? quoin_span_of(text.data + 1, text.len - 1) : text, &value))
		return false;
	if (value > (uint64_t)INT64_MAX + minus || (minus && value == 0))
		return false;
	if (!minus)
		*ret = (int64_t)value;
	else
		*ret = -(int64_t)(value - 1) - 1;
	return true;
}

static bool
is_alnum(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* 1..QUOIN_NAME_BYTES_MAX letters, digits and characters of "others". */
static bool
is_name(struct quoin_span name, const char *others)
{
	if (name.len == 0 || name.len > QUOIN_NAME_BYTES_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!is_alnum(name.data[i]) && memchr(others, name.data[i], strlen(others)) == NULL)
			return false;
	return true;
}

bool
quoin_name_is_valid(struct quoin_span name)
{
	return is_name(name, "._-");
}

bool
quoin_rule_name_is_valid(struct quoin_span name)
{
	return is_name(name, "._-#");
}

bool
quoin_attribute_is_valid(struct quoin_span name)
{
	if (!is_name(name, "._-"))
		return false;
	return name.data[0] == '_' || (is_alnum(name.data[0]) && name.data[0] > '9');
}

/* RFC 3629 section 4. */
size_t
quoin_utf8_bytes(struct quoin_span text)
{
	const uint8_t *at = text.data;
	size_t len;
	uint8_t low = 0x80, high = 0xbf; /* of the second byte */

	if (text.len == 0)
		return 0;
	if (at[0] < 0x80)
		return 1;
	if (at[0] < 0xc2 || at[0] > 0xf4)
		return 0;
	len = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	if (at[0] == 0xe0)
		low = 0xa0;
	else if (at[0] == 0xed)
		high = 0x9f;
	else if (at[0] == 0xf0)
		low = 0x90;
	else if (at[0] == 0xf4)
		high = 0x8f;
	if (len > text.len || at[1] < low || at[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

bool
quoin_utf8_is_valid(struct quoin_span text)
{
	for (size_t i = 0; i < text.len;) {
		const size_t len = quoin_utf8_bytes(quoin_span_of(text.data + i, text.len - i));

		if (len == 0)
			return false;
		i += len;
	}
	return true;
}

static bool
is_plain(uint8_t c)
{
	return c >= '!' && c <= '~' && c != '%';
}

int
quoin_word_print(struct quoin_span text, struct quoin_buf *out)
{
	if (text.len == 0)
		return quoin_buf_put_byte(out, '-');
	if (quoin_span_equal_str(text, "-"))
		return quoin_buf_put_str(out, "%2D");
	for (size_t i = 0; i < text.len && out->error == 0; i++) {
		const uint8_t c = text.data[i];

		if (is_plain(c)) {
			quoin_buf_put_byte(out, c);
		} else {
			const char escape[3] = {'%', hex_upper[c >> 4], hex_upper[c & 15]};

			quoin_buf_put(out, escape, sizeof escape);
		}
	}
	return out->error;
}

int
quoin_word_parse(struct quoin_span word, struct quoin_buf *out)
{
	const size_t before = out->len;

	if (word.len == 0)
		return QUOIN_ESYNTAX;
	if (quoin_span_equal_str(word, "-"))
		return out->error;
	if (quoin_span_equal_str(word, "%2D"))
		return quoin_buf_put_byte(out, '-');
	for (size_t i = 0; i < word.len && out->error == 0; i++) {
		int high, low;

		if (is_plain(word.data[i])) {
			quoin_buf_put_byte(out, word.data[i]);
			continue;
		}
		if (word.data[i] != '%' || word.len - i < 3)
			goto malformed;
		high = digit_of(hex_upper, 16, word.data[i + 1]);
		low = digit_of(hex_upper, 16, word.data[i + 2]);
		if (high < 0 || low < 0 || is_plain((uint8_t)(high << 4 | low)))
			goto malformed;
		quoin_buf_put_byte(out, (uint8_t)(high << 4 | low));
		i += 2;
	}
	return out->error;
malformed:
	out->len = before;
	return QUOIN_ESYNTAX;
}

void
quoin_printable_copy(struct quoin_span text, char *out, size_t out_bytes)
{
	size_t len;

	if (out_bytes == 0)
		return;
	len = text.len < out_bytes - 1 ? text.len : out_bytes - 1;
	for (size_t i = 0; i < len; i++)
		out[i] = text.data[i] >= ' ' && text.data[i] <= '~' ? (char)text.data[i] : '?';
	out[len] = '\0';
}

#define NEAREST_BYTES_MAX 160

/* Insertions, deletions, replacements and swaps of neighbours that make "a" of "b"; both within NEAREST_BYTES_MAX. */
static size_t
edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	uint16_t rows[3][NEAREST_BYTES_MAX + 1];

	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = (uint16_t)j;
	for (size_t i = 1; i <= a_len; i++) {
		uint16_t *row = rows[i % 3];
		const uint16_t *above = rows[(i - 1) % 3], *above2 = rows[(i + 1) % 3];

		row[0] = (uint16_t)i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned best = above[j - 1] + (a[i - 1] != b[j - 1] ? 1u : 0u);

			if (above[j] + 1u < best)
				best = above[j] + 1u;
			if (row[j - 1] + 1u < best)
				best = row[j - 1] + 1u;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && above2[j - 2] + 1u < best)
				best = above2[j - 2] + 1u;
			row[j] = (uint16_t)best;
		}
	}
	return rows[a_len % 3][b_len];
}

const char *
quoin_text_nearest(const char *word, const char *const *candidates, size_t count)
{
	const size_t len = strlen(word);
	size_t limit = len / 3 > 1 ? len / 3 : 1;
	const char *best = NULL;

	if (len > NEAREST_BYTES_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		const size_t other = strlen(candidates[i]);
		size_t distance;

		if (other > len + limit || other + limit < len || other > NEAREST_BYTES_MAX)
			continue;
		distance = edit_distance(word, len, candidates[i], other);
		if (distance < limit || (distance == limit && best == NULL)) {
			best = candidates[i];
			limit = distance;
		}
	}
	return best;
}
