#include "formats/line.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/text.h"

#define MS_MAX (UINT64_C(1) << 62)

/* ---- Reading ---- */

void
quoin_line_fail(struct quoin_line_reader *reader, int code, const char *fmt, ...)
{
	char message[QUOIN_ERROR_MESSAGE_BYTES];
	va_list ap;

	if (reader->failed != 0)
		return;
	reader->failed = code;
	reader->rest.len = 0;
	reader->line.len = 0;
	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof message, fmt, ap);
	va_end(ap);
	(void)quoin_error_set(reader->err, code, "%s", message);
	(void)quoin_error_at(reader->err, NULL, reader->number, 0);
}

/* The word at the front of a line, and the line after it and its blank. */
static struct quoin_span
split_word(struct quoin_span *line)
{
	const uint8_t *blank = line->len > 0 ? memchr(line->data, ' ', line->len) : NULL;
	struct quoin_span word = *line;

	if (blank == NULL) {
		line->len = 0;
		return word;
	}
	word.len = (size_t)(blank - line->data);
	line->data = blank + 1;
	line->len -= word.len + 1;
	return word;
}

static const char *
line_fault(struct quoin_span line)
{
	if (line.len == 0)
		return "an empty line";
	if (line.data[0] == ' ' || line.data[line.len - 1] == ' ')
		return "a blank at the beginning or the end of the line";
	for (size_t i = 0; i < line.len; i++) {
		if (line.data[i] < ' ' || line.data[i] > '~')
			return "a byte that is not printable ASCII";
		if (line.data[i] == ' ' && line.data[i + 1] == ' ')
			return "two blanks in a row";
	}
	return NULL;
}

static void
next_line(struct quoin_line_reader *reader)
{
	const uint8_t *end;
	size_t look;

	quoin_line_done(reader);
	if (reader->failed != 0)
		return;
	reader->number++;
	if (reader->rest.len == 0) {
		quoin_line_fail(reader, QUOIN_ESYNTAX, "the document is cut off");
		return;
	}
	look = reader->rest.len < QUOIN_LINE_BYTES_MAX + 1 ? reader->rest.len : QUOIN_LINE_BYTES_MAX + 1;
	end = memchr(reader->rest.data, '\n', look);
	if (end == NULL) {
		if (look > QUOIN_LINE_BYTES_MAX)
			quoin_line_fail(reader, QUOIN_ELIMIT, "the line is longer than %d bytes", QUOIN_LINE_BYTES_MAX);
		else
			quoin_line_fail(reader, QUOIN_ESYNTAX, "the document is cut off: no newline");
		return;
	}
	reader->line = quoin_span_of(reader->rest.data, (size_t)(end - reader->rest.data));
	reader->rest.data = end + 1;
	reader->rest.len -= reader->line.len + 1;
	if (line_fault(reader->line) != NULL)
		quoin_line_fail(reader, QUOIN_ESYNTAX, "%s", line_fault(reader->line));
}

static void
read_type_line(struct quoin_line_reader *reader, enum quoin_document_type type)
{
	const char *want = quoin_document_line(type);
	size_t stem = strlen(want) - 1; /* up to the version's digits */
	struct quoin_span have;
	uint64_t version;

	next_line(reader);
	if (reader->failed != 0)
		return;
	have = reader->line;
	if (quoin_span_equal_str(have, want)) {
		reader->line.len = 0;
		return;
	}
	if (have.len > stem && memcmp(have.data, want, stem) == 0 &&
	    quoin_u64_parse(quoin_span_of(have.data + stem, have.len - stem), &version))
		quoin_line_fail(reader, QUOIN_EVERSION, "the document is \"%.*s\", this program reads \"%s\"",
		    (int)(have.len < 64 ? have.len : 64), (const char *)have.data, want);
	else
		quoin_line_fail(reader, QUOIN_ESYNTAX, "the first line is \"%.*s\", expected \"%s\"",
		    (int)(have.len < 64 ? have.len : 64), (const char *)have.data, want);
}

void
quoin_line_reader_init(struct quoin_line_reader *reader, struct quoin_span text, enum quoin_document_type type,
    struct quoin_origin *ret_origin, struct quoin_error *err)
{
	*reader = (struct quoin_line_reader){.rest = text, .err = err};
	memset(ret_origin, 0, sizeof *ret_origin);
	if (text.len > quoin_document_bytes_max(type)) {
		quoin_line_fail(reader, QUOIN_ELIMIT, "the document has %zu bytes, at most %zu are allowed", text.len,
		    quoin_document_bytes_max(type));
		return;
	}
	read_type_line(reader, type);
	quoin_line_expect(reader, "system");
	quoin_line_hex(reader, ret_origin->system, QUOIN_SYSTEM_BYTES);
	quoin_line_expect(reader, "namespace");
	quoin_line_name(reader, ret_origin->name, false);
	quoin_line_done(reader);
}

void
quoin_line_expect(struct quoin_line_reader *reader, const char *key)
{
	struct quoin_span word;

	next_line(reader);
	if (reader->failed != 0)
		return;
	word = split_word(&reader->line);
	if (!quoin_span_equal_str(word, key))
		quoin_line_fail(reader, QUOIN_ESYNTAX, "expected a line \"%s\", found \"%.*s\"", key,
		    (int)(word.len < 64 ? word.len : 64), (const char *)word.data);
}

bool
quoin_line_accept(struct quoin_line_reader *reader, const char *key)
{
	size_t len = strlen(key);

	if (reader->failed != 0 || reader->rest.len <= len || memcmp(reader->rest.data, key, len) != 0 ||
	    (reader->rest.data[len] != ' ' && reader->rest.data[len] != '\n'))
		return false;
	quoin_line_expect(reader, key);
	return reader->failed == 0;
}

int
quoin_line_finish(struct quoin_line_reader *reader)
{
	quoin_line_expect(reader, "end");
	quoin_line_done(reader);
	if (reader->rest.len > 0) {
		reader->number++;
		quoin_line_fail(reader, QUOIN_ESYNTAX, "something follows the line \"end\"");
	}
	return reader->failed;
}

struct quoin_span
quoin_line_word(struct quoin_line_reader *reader)
{
	if (reader->failed == 0 && reader->line.len == 0)
		quoin_line_fail(reader, QUOIN_ESYNTAX, "the line has too few words");
	if (reader->failed != 0)
		return quoin_span_of(NULL, 0);
	return split_word(&reader->line);
}

static void
fail_word(struct quoin_line_reader *reader, struct quoin_span word, const char *expected)
{
	quoin_line_fail(reader, QUOIN_ESYNTAX, "\"%.*s\" is not %s", (int)(word.len < 64 ? word.len : 64),
	    word.len > 0 ? (const char *)word.data : "", expected);
}

uint64_t
quoin_line_u64_max(struct quoin_line_reader *reader, uint64_t max)
{
	struct quoin_span word = quoin_line_word(reader);
	uint64_t value = 0;

	if (reader->failed != 0)
		return 0;
	if (!quoin_u64_parse(word, &value)) {
		fail_word(reader, word, "a number");
		return 0;
	}
	if (value > max) {
		quoin_line_fail(reader, QUOIN_ESYNTAX, "%llu is too large, at most %llu is allowed",
		    (unsigned long long)value, (unsigned long long)max);
		return 0;
	}
	return value;
}

uint64_t
quoin_line_u64(struct quoin_line_reader *reader)
{
	return quoin_line_u64_max(reader, UINT64_MAX);
}

int64_t
quoin_line_ms(struct quoin_line_reader *reader)
{
	return (int64_t)quoin_line_u64_max(reader, MS_MAX);
}

bool
quoin_line_bool(struct quoin_line_reader *reader)
{
	return quoin_line_u64_max(reader, 1) == 1;
}

void
quoin_line_hex(struct quoin_line_reader *reader, uint8_t *out, size_t len)
{
	struct quoin_span word = quoin_line_word(reader);

	if (reader->failed == 0 && quoin_hex_parse(word, out, len))
		return;
	memset(out, 0, len);
	fail_word(reader, word, "lower-case hex of the right length");
}

void
quoin_line_hash(struct quoin_line_reader *reader, struct quoin_hash *ret)
{
	quoin_line_hex(reader, ret->bytes, QUOIN_HASH_BYTES);
}

void
quoin_line_docref(struct quoin_line_reader *reader, struct quoin_docref *ret)
{
	memset(ret, 0, sizeof *ret);
	ret->number = quoin_line_u64(reader);
	if (ret->number == 0) {
		struct quoin_span word = quoin_line_word(reader);

		if (!quoin_span_equal_str(word, "-"))
			fail_word(reader, word, "\"-\", as the number 0 demands");
		return;
	}
	quoin_line_hash(reader, &ret->hash);
	if (reader->failed != 0)
		ret->number = 0;
}

void
quoin_line_name(struct quoin_line_reader *reader, char *out, bool or_none)
{
	struct quoin_span word = quoin_line_word(reader);
	bool none = quoin_span_equal_str(word, "-");

	memset(out, 0, QUOIN_NAME_BYTES_MAX + 1);
	if (reader->failed != 0 || (none && or_none))
		return;
	if (none || !quoin_name_is_valid(word)) {
		fail_word(reader, word, "a name");
		return;
	}
	memcpy(out, word.data, word.len);
}

void
quoin_line_labels(struct quoin_line_reader *reader, struct quoin_labels *ret)
{
	memset(ret, 0, sizeof *ret);
	while (quoin_line_has_more(reader)) {
		struct quoin_span word = quoin_line_word(reader);
		struct quoin_labels one = {0};
		int rc = ret->count == QUOIN_LABELS_MAX ? QUOIN_ELIMIT : quoin_labels_add(&one, word);

		if (rc == QUOIN_ELIMIT)
			quoin_line_fail(reader, QUOIN_ELIMIT, "more than %d labels", QUOIN_LABELS_MAX);
		else if (rc != 0)
			fail_word(reader, word, "a label, key=value");
		else if (ret->count > 0 && strcmp(ret->items[ret->count - 1].key, one.items[0].key) >= 0)
			quoin_line_fail(reader, QUOIN_ESYNTAX, "labels are not in ascending order, each once");
		else
			ret->items[ret->count++] = one.items[0];
	}
	if (reader->failed != 0)
		memset(ret, 0, sizeof *ret);
}

void
quoin_line_text(struct quoin_line_reader *reader, char *out, size_t out_bytes)
{
	struct quoin_span word = quoin_line_word(reader);
	struct quoin_buf text;
	int rc;

	memset(out, 0, out_bytes);
	if (reader->failed != 0)
		return;
	quoin_buf_init(&text, out_bytes - 1);
	rc = quoin_word_parse(word, &text);
	if (rc == QUOIN_ELIMIT)
		quoin_line_fail(reader, rc, "the text is longer than %zu bytes", out_bytes - 1);
	else if (rc == QUOIN_ENOMEM)
		quoin_line_fail(reader, rc, "out of memory");
	else if (rc != 0 || (text.len > 0 && memchr(text.data, 0, text.len) != NULL))
		fail_word(reader, word, "an escaped text");
	else if (text.len > 0)
		memcpy(out, text.data, text.len);
	quoin_buf_clear(&text);
}

size_t
quoin_line_choice(struct quoin_line_reader *reader, const char *const *words, size_t count)
{
	struct quoin_span word = quoin_line_word(reader);

	for (size_t i = 0; i < count && reader->failed == 0; i++) {
		if (quoin_span_equal_str(word, words[i]))
			return i;
	}
	fail_word(reader, word, "one of the words allowed here");
	return 0;
}

void
quoin_line_done(struct quoin_line_reader *reader)
{
	if (quoin_line_has_more(reader))
		quoin_line_fail(reader, QUOIN_ESYNTAX, "the line has too many words");
}

bool
quoin_line_has_more(const struct quoin_line_reader *reader)
{
	return reader->failed == 0 && reader->line.len > 0;
}

uint64_t
quoin_line_field_u64(struct quoin_line_reader *reader, const char *key)
{
	quoin_line_expect(reader, key);
	return quoin_line_u64(reader);
}

int64_t
quoin_line_field_ms(struct quoin_line_reader *reader, const char *key)
{
	quoin_line_expect(reader, key);
	return quoin_line_ms(reader);
}

void
quoin_line_field_docref(struct quoin_line_reader *reader, const char *key, struct quoin_docref *ret)
{
	quoin_line_expect(reader, key);
	quoin_line_docref(reader, ret);
}

void *
quoin_line_more(struct quoin_line_reader *reader, void *array, size_t count, size_t max, size_t item_bytes,
    const char *what)
{
	uint8_t *items = array;

	if (reader->failed != 0)
		return NULL;
	if (count >= max) {
		quoin_line_fail(reader, QUOIN_ELIMIT, "more than %zu %s", max, what);
		return NULL;
	}
	/* The capacity is the count rounded up to a power of two. */
	if ((count & (count - 1)) == 0) {
		items = reallocarray(array, count == 0 ? 1 : count * 2, item_bytes);
		if (items == NULL) {
			quoin_line_fail(reader, QUOIN_ENOMEM, "out of memory");
			return NULL;
		}
	}
	memset(items + count * item_bytes, 0, item_bytes);
	return items;
}

/* ---- Printing ---- */

void
quoin_line_print_head(struct quoin_buf *out, enum quoin_document_type type, const struct quoin_origin *origin)
{
	(void)quoin_buf_put_str(out, quoin_document_line(type));
	quoin_line_print_end_of_line(out);
	quoin_line_print_key(out, "system");
	quoin_line_print_hex(out, origin->system, QUOIN_SYSTEM_BYTES);
	quoin_line_print_end_of_line(out);
	quoin_line_print_key(out, "namespace");
	QUOIN_ASSERT(origin->name[0] != '\0');
	quoin_line_print_name(out, origin->name);
	quoin_line_print_end_of_line(out);
}

void
quoin_line_print_key(struct quoin_buf *out, const char *key)
{
	(void)quoin_buf_put_str(out, key);
}

void
quoin_line_print_word(struct quoin_buf *out, const char *word)
{
	(void)quoin_buf_put_byte(out, ' ');
	(void)quoin_buf_put_str(out, word);
}

void
quoin_line_print_u64(struct quoin_buf *out, uint64_t value)
{
	(void)quoin_buf_printf(out, " %llu", (unsigned long long)value);
}

void
quoin_line_print_hash(struct quoin_buf *out, const struct quoin_hash *hash)
{
	quoin_line_print_hex(out, hash->bytes, QUOIN_HASH_BYTES);
}

void
quoin_line_print_docref(struct quoin_buf *out, const struct quoin_docref *ref)
{
	quoin_line_print_u64(out, ref->number);
	if (ref->number == 0)
		quoin_line_print_word(out, "-");
	else
		quoin_line_print_hash(out, &ref->hash);
}

void
quoin_line_print_hex(struct quoin_buf *out, const uint8_t *data, size_t len)
{
	char hex[QUOIN_HASH_HEX_BYTES + 1];

	QUOIN_ASSERT(len <= QUOIN_HASH_BYTES);
	quoin_hex_print(data, len, hex);
	quoin_line_print_word(out, hex);
}

void
quoin_line_print_name(struct quoin_buf *out, const char *name)
{
	QUOIN_ASSERT(name[0] == '\0' || (quoin_name_is_valid(quoin_span_str(name)) && strcmp(name, "-") != 0));
	quoin_line_print_word(out, name[0] == '\0' ? "-" : name);
}

void
quoin_line_print_labels(struct quoin_buf *out, const struct quoin_labels *labels)
{
	QUOIN_ASSERT(labels->count <= QUOIN_LABELS_MAX);
	for (size_t i = 0; i < labels->count; i++) {
		QUOIN_ASSERT(i == 0 || strcmp(labels->items[i - 1].key, labels->items[i].key) < 0);
		quoin_line_print_word(out, labels->items[i].key);
		(void)quoin_buf_put_byte(out, '=');
		(void)quoin_buf_put_str(out, labels->items[i].value);
	}
}

void
quoin_line_print_text(struct quoin_buf *out, const char *text)
{
	(void)quoin_buf_put_byte(out, ' ');
	(void)quoin_word_print(quoin_span_str(text), out);
}

void
quoin_line_print_end_of_line(struct quoin_buf *out)
{
	(void)quoin_buf_put_byte(out, '\n');
}

void
quoin_line_print_field_u64(struct quoin_buf *out, const char *key, uint64_t value)
{
	quoin_line_print_key(out, key);
	quoin_line_print_u64(out, value);
	quoin_line_print_end_of_line(out);
}

void
quoin_line_print_field_ms(struct quoin_buf *out, const char *key, int64_t value_ms)
{
	QUOIN_ASSERT(value_ms >= 0 && (uint64_t)value_ms <= MS_MAX);
	quoin_line_print_field_u64(out, key, (uint64_t)value_ms);
}

void
quoin_line_print_field_docref(struct quoin_buf *out, const char *key, const struct quoin_docref *ref)
{
	quoin_line_print_key(out, key);
	quoin_line_print_docref(out, ref);
	quoin_line_print_end_of_line(out);
}

int
quoin_line_print_end(struct quoin_buf *out, enum quoin_document_type type, size_t start)
{
	(void)quoin_buf_put_str(out, "end\n");
	if (out->error != 0)
		return out->error;
	return out->len - start > quoin_document_bytes_max(type) ? QUOIN_ELIMIT : 0;
}
