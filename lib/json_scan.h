/*
 * The strict half of lib/json: whether a text is JSON as RFC 8259 has it and within our limits, and where its values
 * are. Builds no tree. Duplicate keys are looked for afterwards, in the tree.
 */
#ifndef QUOIN_LIB_JSON_SCAN_H
#define QUOIN_LIB_JSON_SCAN_H

#include "lib/bytes.h"
#include "lib/error.h"

/* Offsets of the values in the order of the text; a member of an object has two, its key's and then its value's. */
struct quoin_json_marks {
	uint32_t *offsets;
	size_t count;
	size_t cap;
};

/*
 * Scan the "len" bytes of "text", which are the caller's own copy: a number of more than QUOIN_JSON_NUMBER_BYTES_MAX
 * characters, which several versions of cJSON cannot read, becomes "0" and blanks in place. *ret_marks is the caller's
 * to clear, also on failure. Returns 0, QUOIN_ESYNTAX, QUOIN_ELIMIT, QUOIN_ENOMEM; *ret_at is where the text is wrong
 * ("err" gets no place).
 */
#define QUOIN_JSON_NUMBER_BYTES_MAX 63
int quoin_json_scan(uint8_t *text, size_t len, struct quoin_json_marks *ret_marks, size_t *ret_at,
    struct quoin_error *err);
void quoin_json_marks_clear(struct quoin_json_marks *marks);

#endif
