#include "publisher/eval_stack.h"

#include <string.h>

#include "lib/text.h"

bool
quoin_eval_stack_file(const struct quoin_eval_file *files, size_t file_count, struct quoin_span text,
    struct quoin_span *ret_path)
{
	struct quoin_span found = {0};

	for (size_t i = 0; i < file_count; i++) {
		struct quoin_span path = files[i].path;

		if (path.len > text.len || path.len <= found.len ||
		    memcmp(text.data + text.len - path.len, path.data, path.len) != 0)
			continue;
		if (path.len == text.len || text.data[text.len - path.len - 1] == '@')
			found = path;
	}
	if (found.len == 0)
		return false;
	*ret_path = found;
	return true;
}

/* Split a number off the end of "text", with the ':' before it. */
static bool
split_number(struct quoin_span *text, uint32_t *ret)
{
	size_t at = text->len;
	uint64_t number;

	while (at > 0 && text->data[at - 1] >= '0' && text->data[at - 1] <= '9')
		at--;
	if (at == 0 || text->data[at - 1] != ':' ||
	    !quoin_u64_parse(quoin_span_of(text->data + at, text->len - at), &number) || number > UINT32_MAX)
		return false;
	text->len = at - 1;
	*ret = (uint32_t)number;
	return true;
}

bool
quoin_eval_stack_place(const struct quoin_eval_file *files, size_t file_count, struct quoin_span stack,
    uint32_t first_line_shift, struct quoin_eval_place *ret)
{
	while (stack.len > 0) {
		const uint8_t *newline = memchr(stack.data, '\n', stack.len);
		size_t len = newline != NULL ? (size_t)(newline - stack.data) : stack.len;
		struct quoin_span frame = quoin_span_of(stack.data, len);
		struct quoin_eval_place place = {0};

		if (split_number(&frame, &place.column) && split_number(&frame, &place.line) &&
		    quoin_eval_stack_file(files, file_count, frame, &place.file)) {
			uint32_t shift = place.line == 1 ? first_line_shift : 0;

			place.column = place.column > shift ? place.column - shift : 0;
			*ret = place;
			return true;
		}
		len += newline != NULL;
		stack = quoin_span_of(stack.data + len, stack.len - len);
	}
	return false;
}

uint32_t
quoin_eval_stack_column(struct quoin_span script, uint32_t line, const char *message)
{
	const char *token = strchr(message, '\''), *end = token != NULL ? strchr(token + 1, '\'') : NULL;
	const uint8_t *begin = script.data, *stop = script.data + script.len, *found = NULL, *newline;
	uint32_t column = 1;
	size_t bytes;

	if (end == NULL || end == token + 1 || script.len == 0)
		return 0;
	bytes = (size_t)(end - ++token);
	for (; line > 1 && begin != NULL; line--) {
		begin = memchr(begin, '\n', (size_t)(stop - begin));
		begin = begin != NULL ? begin + 1 : NULL;
	}
	if (begin == NULL)
		return 0;
	newline = memchr(begin, '\n', (size_t)(stop - begin));
	stop = newline != NULL ? newline : stop;
	found = memmem(begin, (size_t)(stop - begin), token, bytes);
	if (found == NULL || memmem(found + 1, (size_t)(stop - found) - 1, token, bytes) != NULL)
		return 0;
	for (; begin < found; begin++)
		column += (*begin & 0xc0) != 0x80;
	return column;
}
