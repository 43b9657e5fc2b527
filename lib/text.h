/*
 * Strict text: what is written one way is read only that way. No locale, no allocation.
 */
#ifndef QUOIN_LIB_TEXT_H
#define QUOIN_LIB_TEXT_H

#include "lib/bytes.h"

/* Lower-case hex. "out" takes 2 * len + 1 bytes, terminated. */
void quoin_hex_print(const uint8_t *data, size_t len, char *out);
/* Exactly 2 * len lower-case hex digits. Returns whether it was. */
bool quoin_hex_parse(struct quoin_span text, uint8_t *out, size_t len);

/* Standard base64 (RFC 4648 section 4) with padding. "out" takes quoin_base64_bytes(len) + 1 bytes, terminated. */
size_t quoin_base64_bytes(size_t len);
void quoin_base64_print(const uint8_t *data, size_t len, char *out);
/* Exactly the canonical base64 of "len" bytes: padding required, unused bits zero. Returns whether it was. */
bool quoin_base64_parse(struct quoin_span text, uint8_t *out, size_t len);

/* Decimal without sign, leading zeros or blanks; the whole span. Returns whether it was, and fits. */
bool quoin_u64_parse(struct quoin_span text, uint64_t *ret);
/* The same with an optional leading '-'; "-0" is refused. */
bool quoin_i64_parse(struct quoin_span text, int64_t *ret);

/* [A-Za-z0-9._-], 1..QUOIN_NAME_BYTES_MAX bytes; with '#' too for rules. */
bool quoin_name_is_valid(struct quoin_span name);
bool quoin_rule_name_is_valid(struct quoin_span name);
/* [A-Za-z_][A-Za-z0-9_.-]*, 1..64 bytes: attribute names, label keys, meta keys. */
bool quoin_attribute_is_valid(struct quoin_span name);

/* Well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF). NUL is a character like any other here. */
bool quoin_utf8_is_valid(struct quoin_span text);
/* The bytes of the well-formed character that "text" starts with, 1..4; 0 if there is none. */
size_t quoin_utf8_bytes(struct quoin_span text);

/*
 * Any bytes as one printable ASCII word, and back: bytes outside '!'..'~', and '%', become %XX (upper-case). The empty
 * text is "-", and a text that is just "-" is "%2D". Exactly one spelling per text: the parser refuses others.
 * print: appends to "out". parse: appends the bytes to "out"; returns 0, QUOIN_ESYNTAX, or the buffer's error.
 */
int quoin_word_print(struct quoin_span text, struct quoin_buf *out);
int quoin_word_parse(struct quoin_span word, struct quoin_buf *out);

/* Copy at most out_bytes - 1 bytes, each byte outside ' '..'~' as '?', cut at the end; always terminated. */
void quoin_printable_copy(struct quoin_span text, char *out, size_t out_bytes);

/* The nearest of "count" candidates by edit distance (at most a third of the word's length, at least 1 edit allowed),
 * or NULL: for "did you mean". */
const char *quoin_text_nearest(const char *word, const char *const *candidates, size_t count);

#endif
