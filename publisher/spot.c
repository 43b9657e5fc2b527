#include "publisher/spot.h"

#include <string.h>

static bool
is_name_byte(uint8_t byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
	    byte == '_' || byte == '$' || byte >= 0x80;
}

static bool
is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static struct quoin_span
skip(struct quoin_span text, size_t bytes)
{
	return quoin_span_of(text.data + bytes, text.len - bytes);
}

/* From the start of the line to the line on which the next function begins. */
static struct quoin_span
function_text(struct quoin_span script, uint32_t line)
{
	static const char next[] = "\nfunction ";
	const uint8_t *end;

	for (uint32_t i = 1; i < line; i++) {
		const uint8_t *newline = script.len > 0 ? memchr(script.data, '\n', script.len) : NULL;

		if (newline == NULL)
			return (struct quoin_span){0};
		script = skip(script, (size_t)(newline - script.data) + 1);
	}
	end = script.len > 0 ? memmem(script.data, script.len, next, sizeof next - 1) : NULL;
	return end != NULL ? quoin_span_of(script.data, (size_t)(end - script.data)) : script;
}

/* Whether the word at "at" is a text in quotes, or the name of a property after a dot. */
static bool
is_value(struct quoin_span text, size_t at, size_t bytes)
{
	uint8_t before = at > 0 ? text.data[at - 1] : ' ', after = at + bytes < text.len ? text.data[at + bytes] : ' ';

	if (before == '"' || before == '\'' || before == '`')
		return after == before;
	return before == '.' && !is_name_byte(after);
}

/* Whether it is a key: a colon follows it, also behind a closing quote. */
static bool
is_before_colon(struct quoin_span text, size_t at, size_t bytes)
{
	uint8_t before = at > 0 ? text.data[at - 1] : ' ';
	size_t next = at + bytes;

	if (before == '"' || before == '\'') {
		if (next >= text.len || text.data[next++] != before)
			return false;
	} else if (is_name_byte(before) || before == '.') {
		return false;
	}
	while (next < text.len && is_blank(text.data[next]))
		next++;
	return next < text.len && text.data[next] == ':';
}

/* The only place of the word of which "is_it" holds, or SIZE_MAX. */
static size_t
find_only(struct quoin_span text, const char *word, bool (*is_it)(struct quoin_span text, size_t at, size_t bytes))
{
	size_t bytes = strlen(word), found = SIZE_MAX;

	for (size_t at = 0; bytes > 0 && at + bytes <= text.len; at++) {
		const uint8_t *next = memmem(text.data + at, text.len - at, word, bytes);

		if (next == NULL)
			break;
		at = (size_t)(next - text.data);
		if (!is_it(text, at, bytes))
			continue;
		if (found != SIZE_MAX)
			return SIZE_MAX;
		found = at;
	}
	return found;
}

bool
quoin_spot_find(struct quoin_span script, uint32_t line, const struct quoin_json *value, bool is_key,
    uint32_t *ret_line, uint32_t *ret_column)
{
	struct quoin_span text = function_text(script, line);
	const char *key = quoin_json_key(value);
	size_t at = SIZE_MAX;
	uint32_t column = 1;

	if (!is_key && quoin_json_kind(value) == QUOIN_JSON_STRING)
		at = find_only(text, quoin_json_string(value), is_value);
	if (at == SIZE_MAX && key != NULL)
		at = find_only(text, key, is_before_colon);
	if (at == SIZE_MAX || text.data == NULL)
		return false;
	for (size_t i = 0; i < at; i++) {
		if (text.data[i] == '\n') {
			line++;
			column = 1;
		} else {
			column += (text.data[i] & 0xc0) != 0x80;
		}
	}
	*ret_line = line;
	*ret_column = column;
	return true;
}
