#include "publisher/spot.h"

#include <string.h>

#include "lib/limits.h"

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
find_only(struct quoin_span text, struct quoin_span word,
    bool (*is_it)(struct quoin_span text, size_t at, size_t bytes))
{
	size_t found = SIZE_MAX;

	for (size_t at = 0; word.len > 0 && at + word.len <= text.len; at++) {
		const uint8_t *next = memmem(text.data + at, text.len - at, word.data, word.len);

		if (next == NULL)
			break;
		at = (size_t)(next - text.data);
		if (!is_it(text, at, word.len))
			continue;
		if (found != SIZE_MAX)
			return SIZE_MAX;
		found = at;
	}
	return found;
}

/* Behind a text in quotes or a comment that begins at "at", or "at" itself. */
static size_t
skip_quoted(struct quoin_span text, size_t at)
{
	const uint8_t quote = text.data[at], next = at + 1 < text.len ? text.data[at + 1] : ' ';
	const uint8_t *end;

	if (quote == '"' || quote == '\'' || quote == '`') {
		for (at++; at < text.len && text.data[at] != quote; at++)
			at += text.data[at] == '\\';
		return at < text.len ? at + 1 : text.len;
	}
	if (quote != '/' || (next != '/' && next != '*'))
		return at;
	end = next == '/' ? memchr(text.data + at, '\n', text.len - at)
			  : memmem(text.data + at + 2, text.len - at - 2, "*/", 2);
	return end != NULL ? (size_t)(end - text.data) + (next == '/' ? 1 : 2) : text.len;
}

/* The object or array that begins at "at" (within the text), with its brackets; empty if none does, or it does not end. */
static struct quoin_span
bracketed(struct quoin_span text, size_t at)
{
	const size_t begin = at;
	size_t depth = 0, behind;

	if (text.data[at] != '{' && text.data[at] != '[')
		return (struct quoin_span){0};
	while (at < text.len) {
		behind = skip_quoted(text, at);
		if (behind > at) {
			at = behind;
			continue;
		}
		if (text.data[at] == '{' || text.data[at] == '[')
			depth++;
		else if (depth > 0 && (text.data[at] == '}' || text.data[at] == ']'))
			depth--;
		at++;
		if (depth == 0)
			return quoin_span_of(text.data + begin, at - begin);
	}
	return (struct quoin_span){0};
}

/* The value of the only member of this key, if it is an object or array; otherwise the text as it is. */
static struct quoin_span
narrow(struct quoin_span text, struct quoin_span key)
{
	size_t at = find_only(text, key, is_before_colon);
	struct quoin_span inside;

	if (at == SIZE_MAX)
		return text;
	at += key.len;
	while (text.data[at] != ':')
		at++;
	for (at++; at < text.len && is_blank(text.data[at]);)
		at++;
	inside = at < text.len ? bracketed(text, at) : (struct quoin_span){0};
	return inside.len > 0 ? inside : text;
}

/* ---- The way to a value ---- */

struct way {
	struct quoin_span keys[QUOIN_JSON_DEPTH_MAX]; /* of the members around it */
	size_t count;
};

/* Whether "value" is in "node"; then the keys on the way are known, the value's own not among them. */
static bool
find_way(const struct quoin_json *node, const struct quoin_json *value, struct way *way)
{
	const size_t count = way->count;

	if (node == value)
		return true;
	for (const struct quoin_json *child = quoin_json_first(node); child != NULL; child = quoin_json_next(child)) {
		if (child == value)
			return true;
		if (quoin_json_key(child) != NULL && count < QUOIN_JSON_DEPTH_MAX)
			way->keys[way->count++] = quoin_span_str(quoin_json_key(child));
		if (quoin_json_count(child) > 0 && find_way(child, value, way))
			return true;
		way->count = count;
	}
	return false;
}

static struct quoin_span
narrow_along(struct quoin_span text, const struct way *way)
{
	for (size_t i = 0; i < way->count; i++)
		text = narrow(text, way->keys[i]);
	return text;
}

/* The line and the column of this byte of the script. */
static void
place_of(struct quoin_span text, const uint8_t *at, uint32_t line, uint32_t *ret_line, uint32_t *ret_column)
{
	uint32_t column = 1;

	for (const uint8_t *byte = text.data; byte < at; byte++) {
		if (*byte == '\n') {
			line++;
			column = 1;
		} else {
			column += (*byte & 0xc0) != 0x80;
		}
	}
	*ret_line = line;
	*ret_column = column;
}

/* In this text: the value as it is written, or else its key. */
static size_t
find_value(struct quoin_span text, const struct quoin_json *value, bool is_key)
{
	const char *key = quoin_json_key(value);
	size_t at = SIZE_MAX;

	if (!is_key && quoin_json_kind(value) == QUOIN_JSON_STRING)
		at = find_only(text, quoin_span_str(quoin_json_string(value)), is_value);
	if (at == SIZE_MAX && key != NULL)
		at = find_only(text, quoin_span_str(key), is_before_colon);
	return at;
}

bool
quoin_spot_find(struct quoin_span script, uint32_t line, const struct quoin_json *root, const struct quoin_json *value,
    bool is_key, uint32_t *ret_line, uint32_t *ret_column)
{
	struct quoin_span all = function_text(script, line), text = all;
	struct way way = {.count = 0};
	size_t at;

	if (all.len == 0)
		return false;
	at = find_value(text, value, is_key);
	if (at == SIZE_MAX && root != NULL && find_way(root, value, &way)) {
		text = narrow_along(all, &way);
		at = find_value(text, value, is_key);
		/* An element of an array: where the array is. */
		if (at == SIZE_MAX && quoin_json_key(value) == NULL && way.count > 0) {
			const struct quoin_span array = way.keys[--way.count];

			text = narrow_along(all, &way);
			at = find_only(text, array, is_before_colon);
		}
	}
	if (at == SIZE_MAX)
		return false;
	place_of(all, text.data + at, line, ret_line, ret_column);
	return true;
}

/* One step of a path: ".name", "[0]" (an empty key) or ["any text"]. Returns its bytes; 0: there is none. */
static size_t
read_step(struct quoin_span path, struct quoin_span *ret_key)
{
	const uint8_t *end;
	size_t bytes = 1;

	*ret_key = (struct quoin_span){0};
	if (path.len < 2 || (path.data[0] != '.' && path.data[0] != '['))
		return 0;
	if (path.data[0] == '[') {
		const bool is_text = path.data[1] == '"';

		end = is_text ? memmem(path.data + 2, path.len - 2, "\"]", 2) : memchr(path.data, ']', path.len);
		if (end == NULL)
			return 0;
		if (is_text)
			*ret_key = quoin_span_of(path.data + 2, (size_t)(end - path.data) - 2);
		return (size_t)(end - path.data) + (is_text ? 2 : 1);
	}
	while (bytes < path.len && is_name_byte(path.data[bytes]))
		bytes++;
	*ret_key = quoin_span_of(path.data + 1, bytes - 1);
	return bytes;
}

bool
quoin_spot_find_told(struct quoin_span script, const char *told, uint32_t *line, uint32_t *ret_column)
{
	static const char before[] = "has at ";
	struct quoin_span all = function_text(script, *line), text = all, path, key, last = {0};
	struct way way = {.count = 0};
	size_t bytes, at;

	if (strncmp(told, before, sizeof before - 1) != 0)
		return false;
	path = quoin_span_str(told + sizeof before - 1);
	while ((bytes = read_step(path, &key)) > 0 && way.count < QUOIN_JSON_DEPTH_MAX) {
		if (last.len > 0 && key.len > 0)
			way.keys[way.count++] = last;
		last = key.len > 0 ? key : last;
		path = skip(path, bytes);
	}
	if (last.len == 0 || all.len == 0)
		return false;
	at = find_only(text, last, is_before_colon);
	if (at == SIZE_MAX) {
		text = narrow_along(all, &way);
		at = find_only(text, last, is_before_colon);
	}
	if (at == SIZE_MAX)
		return false;
	place_of(all, text.data + at, *line, line, ret_column);
	return true;
}
