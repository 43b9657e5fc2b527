/*
 * Strict JSON (RULES.md section 1): cJSON behind a scan of our own that refuses what cJSON lets through: duplicate
 * keys, comments, trailing bytes, a byte order mark, NUL, lone surrogates, invalid UTF-8, "\u0000", nesting deeper than
 * QUOIN_JSON_DEPTH_MAX, numbers that no double holds. Numbers are the IEEE double nearest to their text.
 *
 * A document owns its tree; nodes live as long as the document. Each node knows its place in the text. Documents may be
 * parsed and read by several threads.
 */
#ifndef QUOIN_LIB_JSON_H
#define QUOIN_LIB_JSON_H

#include "lib/bytes.h"
#include "lib/error.h"

enum quoin_json_kind {
	QUOIN_JSON_NULL,
	QUOIN_JSON_BOOL,
	QUOIN_JSON_NUMBER,
	QUOIN_JSON_STRING,
	QUOIN_JSON_ARRAY,
	QUOIN_JSON_OBJECT,
};

struct quoin_json;	/* a node, borrowed from its document */
struct quoin_json_doc;	/* owns a tree and remembers where its lines begin */

/* Parse the whole of "text" (copied where needed; not kept). Returns 0, QUOIN_ESYNTAX (err has line and column),
 * QUOIN_ELIMIT (too long, too deep or too many values), QUOIN_ENOMEM. */
int quoin_json_parse(struct quoin_span text, struct quoin_json_doc **ret, struct quoin_error *err);
/* The same, for text in which a number beyond any double is nobody's mistake: it becomes null. */
int quoin_json_parse_huge(struct quoin_span text, struct quoin_json_doc **ret, struct quoin_error *err);
/* Accepts NULL. */
void quoin_json_free(struct quoin_json_doc *doc);
const struct quoin_json *quoin_json_root(const struct quoin_json_doc *doc);
/* Where the node's value begins in the parsed text, both from 1; columns count characters. */
void quoin_json_place(const struct quoin_json_doc *doc, const struct quoin_json *node, uint32_t *ret_line,
    uint32_t *ret_column);

/* The getters of one kind are for nodes of that kind only (asserted); ask quoin_json_kind first. Others take any. */
enum quoin_json_kind quoin_json_kind(const struct quoin_json *node);
bool quoin_json_bool(const struct quoin_json *node);
double quoin_json_number(const struct quoin_json *node);
/* Whether the node is a number with an integer value in [min, max]; *ret is set then. */
bool quoin_json_is_int(const struct quoin_json *node, int64_t min, int64_t max, int64_t *ret);
/* The string, NUL-terminated UTF-8 without inner NULs, borrowed. */
const char *quoin_json_string(const struct quoin_json *node);
/* Members or elements; 0 for scalars. */
size_t quoin_json_count(const struct quoin_json *node);
/* Walk: the first child and the next sibling, NULL at the end; the key of an object's member. */
const struct quoin_json *quoin_json_first(const struct quoin_json *node);
const struct quoin_json *quoin_json_next(const struct quoin_json *child);
const char *quoin_json_key(const struct quoin_json *child);
/* The member called "key" (exact), or NULL; linear in the members. */
const struct quoin_json *quoin_json_get(const struct quoin_json *object, const char *key);

/*
 * Canonical text: members sorted by the bytes of their keys, no blanks, shortest escapes (only '"', '\' and control
 * characters, as \b \f \n \r \t or \u00xx in lower case), numbers as below. The same value always gives the same bytes.
 * Appends to "out". Returns 0, QUOIN_ENOMEM, QUOIN_ELIMIT (over out->max).
 */
int quoin_json_print(const struct quoin_json *node, struct quoin_buf *out);
/* The pieces of the same form, for printers that have no tree. */
int quoin_json_print_string(struct quoin_span utf8, struct quoin_buf *out);
/*
 * A finite number (asserted), exactly as ECMAScript prints it (Number::toString, RFC 8785 section 3.2.2.3): the fewest
 * digits that read back as the same double, of those the nearest; -0 as 0; from 1e-6 to below 1e21 in plain decimal
 * ("100", "0.000001", "4.5"), otherwise with an exponent that has a sign and no leading zeros ("1e+21", "1.5e-7").
 */
int quoin_json_print_number(double value, struct quoin_buf *out);

#endif
