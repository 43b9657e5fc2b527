#include "lib/json_writer.h"

#include <inttypes.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/json.h"
#include "lib/text.h"

void
quoin_json_writer_init(struct quoin_json_writer *writer, struct quoin_buf *out)
{
	memset(writer, 0, sizeof *writer);
	writer->out = out;
}

/* What comes before a value: a comma where one is due, and the member's name. */
static void
begin_value(struct quoin_json_writer *writer, const char *key)
{
	if (writer->has_items[writer->depth])
		quoin_buf_put_byte(writer->out, ',');
	writer->has_items[writer->depth] = true;
	if (key == NULL)
		return;
	(void)quoin_json_print_string(quoin_span_str(key), writer->out);
	quoin_buf_put_byte(writer->out, ':');
}

static void
begin(struct quoin_json_writer *writer, const char *key, uint8_t bracket)
{
	begin_value(writer, key);
	QUOIN_ASSERT(writer->depth + 1 < QUOIN_JSON_WRITER_DEPTH);
	writer->depth++;
	writer->has_items[writer->depth] = false;
	quoin_buf_put_byte(writer->out, bracket);
}

static void
end(struct quoin_json_writer *writer, uint8_t bracket)
{
	QUOIN_ASSERT(writer->depth > 0);
	writer->depth--;
	quoin_buf_put_byte(writer->out, bracket);
}

void
quoin_json_begin_object(struct quoin_json_writer *writer, const char *key)
{
	begin(writer, key, '{');
}

void
quoin_json_end_object(struct quoin_json_writer *writer)
{
	end(writer, '}');
}

void
quoin_json_begin_array(struct quoin_json_writer *writer, const char *key)
{
	begin(writer, key, '[');
}

void
quoin_json_end_array(struct quoin_json_writer *writer)
{
	end(writer, ']');
}

void
quoin_json_put_string(struct quoin_json_writer *writer, const char *key, const char *value)
{
	struct quoin_span text;

	if (value == NULL) {
		quoin_json_put_null(writer, key);
		return;
	}
	text = quoin_span_str(value);
	begin_value(writer, key);
	if (quoin_utf8_is_valid(text)) {
		(void)quoin_json_print_string(text, writer->out);
		return;
	}
	quoin_buf_put_byte(writer->out, '"');
	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = text.data[i];

		quoin_buf_put_byte(writer->out, byte < ' ' || byte > '~' || byte == '"' || byte == '\\' ? '?' : byte);
	}
	quoin_buf_put_byte(writer->out, '"');
}

void
quoin_json_put_u64(struct quoin_json_writer *writer, const char *key, uint64_t value)
{
	begin_value(writer, key);
	quoin_buf_printf(writer->out, "%" PRIu64, value);
}

void
quoin_json_put_i64(struct quoin_json_writer *writer, const char *key, int64_t value)
{
	begin_value(writer, key);
	quoin_buf_printf(writer->out, "%" PRId64, value);
}

void
quoin_json_put_double(struct quoin_json_writer *writer, const char *key, double value)
{
	begin_value(writer, key);
	(void)quoin_json_print_number(value, writer->out);
}

void
quoin_json_put_bool(struct quoin_json_writer *writer, const char *key, bool value)
{
	begin_value(writer, key);
	quoin_buf_put_str(writer->out, value ? "true" : "false");
}

void
quoin_json_put_null(struct quoin_json_writer *writer, const char *key)
{
	begin_value(writer, key);
	quoin_buf_put_str(writer->out, "null");
}

void
quoin_json_put_raw(struct quoin_json_writer *writer, const char *key, struct quoin_span json)
{
	begin_value(writer, key);
	quoin_buf_put_span(writer->out, json);
}

void
quoin_json_print_failure(const struct quoin_error *err, struct quoin_buf *out)
{
	char text[QUOIN_ERROR_MESSAGE_BYTES + QUOIN_ERROR_FILE_BYTES + 32];
	struct quoin_json_writer writer;

	quoin_error_print(err, text, sizeof text);
	quoin_json_writer_init(&writer, out);
	quoin_json_begin_object(&writer, NULL);
	quoin_json_put_string(&writer, "error", quoin_error_name(err->code));
	quoin_json_put_string(&writer, "message", text);
	quoin_json_begin_array(&writer, "problems");
	quoin_json_end_array(&writer);
	quoin_json_end_object(&writer);
}
