/*
 * Lines: the grammar under every signed document, as a printer and a reader that mirror each other.
 *
 * The reader walks a text once, never looks back, and accepts only what the printer writes: printable ASCII, one LF
 * per line, single blanks between words, no blank at either end, at most QUOIN_LINE_BYTES_MAX bytes a line. The first
 * failure is kept ("failed", with line number and reason); after it every getter returns zeros, so that a parser may
 * read a whole document and look once at the end.
 */
#ifndef QUOIN_FORMATS_LINE_H
#define QUOIN_FORMATS_LINE_H

#include "formats/document.h"

struct quoin_line_reader {
	struct quoin_span rest;	 /* after the current line */
	struct quoin_span line;	 /* what is left of the current line */
	uint32_t number;	 /* of the current line, from 1 */
	int failed;		 /* 0 or a code */
	struct quoin_error *err; /* where the first failure is told; may be NULL */
};

/* Checks the size against the type's cap, the type line (QUOIN_EVERSION for another version of the same type,
 * QUOIN_ESYNTAX for another type), and reads system and namespace. */
void quoin_line_reader_init(struct quoin_line_reader *reader, struct quoin_span text, enum quoin_document_type type,
    struct quoin_origin *ret_origin, struct quoin_error *err);

/* Step to the next line, whose key must be this. */
void quoin_line_expect(struct quoin_line_reader *reader, const char *key);
/* Step to the next line if its key is this. */
bool quoin_line_accept(struct quoin_line_reader *reader, const char *key);
/* The last line "end" and nothing after it. Returns the first failure or 0. */
int quoin_line_finish(struct quoin_line_reader *reader);

/* The next word of the current line; getters fail the reader if there is none or it is not of the form. */
struct quoin_span quoin_line_word(struct quoin_line_reader *reader);
uint64_t quoin_line_u64(struct quoin_line_reader *reader);
uint64_t quoin_line_u64_max(struct quoin_line_reader *reader, uint64_t max);
int64_t quoin_line_ms(struct quoin_line_reader *reader); /* 0..2^62 */
bool quoin_line_bool(struct quoin_line_reader *reader);	 /* 0 or 1 */
void quoin_line_hash(struct quoin_line_reader *reader, struct quoin_hash *ret);
void quoin_line_docref(struct quoin_line_reader *reader, struct quoin_docref *ret);
void quoin_line_hex(struct quoin_line_reader *reader, uint8_t *out, size_t len);
/* A valid name into "out" (QUOIN_NAME_BYTES_MAX + 1); "-" is no name here: with "or_none" it gives "". */
void quoin_line_name(struct quoin_line_reader *reader, char *out, bool or_none);
void quoin_line_labels(struct quoin_line_reader *reader, struct quoin_labels *ret); /* the rest of the line */
/* A percent-escaped text (quoin_word_parse) into "out", terminated; NULs are refused. */
void quoin_line_text(struct quoin_line_reader *reader, char *out, size_t out_bytes);
/* One of "count" words: its index. */
size_t quoin_line_choice(struct quoin_line_reader *reader, const char *const *words, size_t count);
/* No more words on this line. */
void quoin_line_done(struct quoin_line_reader *reader);
bool quoin_line_has_more(const struct quoin_line_reader *reader);
/* Whole lines of one value. */
uint64_t quoin_line_field_u64(struct quoin_line_reader *reader, const char *key);
int64_t quoin_line_field_ms(struct quoin_line_reader *reader, const char *key);
void quoin_line_field_docref(struct quoin_line_reader *reader, const char *key, struct quoin_docref *ret);
/* Room for one more item after "count" of them, zeroed: the array, perhaps moved, or NULL after failing the reader
 * (QUOIN_ELIMIT with "what" over "max", QUOIN_ENOMEM); then the old array is as it was. The caller counts. */
void *quoin_line_more(struct quoin_line_reader *reader, void *array, size_t count, size_t max, size_t item_bytes,
    const char *what);
/* Fail with a reason of the caller's own: order, duplicates, relations between fields. */
void quoin_line_fail(struct quoin_line_reader *reader, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The printer: the same pieces. A line is begun by key, given words, and ended. */
void quoin_line_print_head(struct quoin_buf *out, enum quoin_document_type type, const struct quoin_origin *origin);
void quoin_line_print_key(struct quoin_buf *out, const char *key);
void quoin_line_print_word(struct quoin_buf *out, const char *word);
void quoin_line_print_u64(struct quoin_buf *out, uint64_t value);
void quoin_line_print_hash(struct quoin_buf *out, const struct quoin_hash *hash);
void quoin_line_print_docref(struct quoin_buf *out, const struct quoin_docref *ref);
void quoin_line_print_hex(struct quoin_buf *out, const uint8_t *data, size_t len);
void quoin_line_print_name(struct quoin_buf *out, const char *name); /* "" as "-" */
void quoin_line_print_labels(struct quoin_buf *out, const struct quoin_labels *labels);
void quoin_line_print_text(struct quoin_buf *out, const char *text);
void quoin_line_print_end_of_line(struct quoin_buf *out);
void quoin_line_print_field_u64(struct quoin_buf *out, const char *key, uint64_t value);
void quoin_line_print_field_ms(struct quoin_buf *out, const char *key, int64_t value_ms);
void quoin_line_print_field_docref(struct quoin_buf *out, const char *key, const struct quoin_docref *ref);
/* The last line of the document that began at "start". Returns out->error, or QUOIN_ELIMIT if the document is larger
 * than its type may be (what was appended is of no use then). */
int quoin_line_print_end(struct quoin_buf *out, enum quoin_document_type type, size_t start);

#endif
