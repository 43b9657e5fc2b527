/*
 * A writer of JSON text for people's programs: what the commands print with --json. Puts the commas; the caller puts
 * things in order. Not canonical: members come in the order written. Failures stick in the buffer.
 */
#ifndef QUOIN_LIB_JSON_WRITER_H
#define QUOIN_LIB_JSON_WRITER_H

#include "lib/bytes.h"
#include "lib/error.h"

#define QUOIN_JSON_WRITER_DEPTH 16

struct quoin_json_writer {
	struct quoin_buf *out;
	unsigned depth;
	bool has_items[QUOIN_JSON_WRITER_DEPTH];
};

void quoin_json_writer_init(struct quoin_json_writer *writer, struct quoin_buf *out);

/* Containers. "key" NULL inside an array or at the top, otherwise the member's name; the same for every call below. */
void quoin_json_begin_object(struct quoin_json_writer *writer, const char *key);
void quoin_json_end_object(struct quoin_json_writer *writer);
void quoin_json_begin_array(struct quoin_json_writer *writer, const char *key);
void quoin_json_end_array(struct quoin_json_writer *writer);

/* NULL strings become null. Bytes that are not UTF-8 become '?'. */
void quoin_json_put_string(struct quoin_json_writer *writer, const char *key, const char *value);
void quoin_json_put_u64(struct quoin_json_writer *writer, const char *key, uint64_t value);
void quoin_json_put_i64(struct quoin_json_writer *writer, const char *key, int64_t value);
void quoin_json_put_double(struct quoin_json_writer *writer, const char *key, double value);
void quoin_json_put_bool(struct quoin_json_writer *writer, const char *key, bool value);
void quoin_json_put_null(struct quoin_json_writer *writer, const char *key);
/* Ready-made JSON text. */
void quoin_json_put_raw(struct quoin_json_writer *writer, const char *key, struct quoin_span json);

/* What every program says with --json when it fails: {"error":CODE,"message":TEXT,"problems":[]}. Appends. */
void quoin_json_print_failure(const struct quoin_error *err, struct quoin_buf *out);

#endif
