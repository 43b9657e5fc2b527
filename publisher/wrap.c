#include "publisher/wrap.h"

#include <string.h>

#define HANG	  4
#define WIDTH_MIN 20 /* narrower than this beside the indentation nothing can be read */

/* How many bytes belong to the character or escape at "at", and how many columns it takes. */
static size_t
measure(struct quoin_span line, size_t at, size_t *ret_columns)
{
	size_t bytes = 1;

	*ret_columns = 1;
	if (line.data[at] == '\033') {
		*ret_columns = 0;
		while (at + bytes < line.len && line.data[at + bytes - 1] != 'm')
			bytes++;
		return bytes;
	}
	while (at + bytes < line.len && (line.data[at + bytes] & 0xc0) == 0x80)
		bytes++;
	return bytes;
}

/* Where the next piece of the line, which begins at "at" and has so much room, ends: after its last blank that fits, or after
 * its first word if none does; the line's length if all fits. */
static size_t
piece_end(struct quoin_span line, size_t at, size_t room)
{
	size_t columns = 0, end = 0, width;

	for (size_t i = at; i < line.len;) {
		size_t bytes = measure(line, i, &width);

		if (line.data[i] == ' ')
			end = i > at ? i : end;
		columns += width;
		if (columns > room && end > at)
			return end;
		i += bytes;
	}
	return line.len;
}

static size_t
count_blanks(struct quoin_span line)
{
	size_t count = 0;

	while (count < line.len && line.data[count] == ' ')
		count++;
	return count;
}

static void
wrap_line(struct quoin_span line, size_t columns, struct quoin_buf *out)
{
	size_t indent = count_blanks(line), at = indent;

	if (columns < indent + HANG + WIDTH_MIN)
		columns = indent + HANG + WIDTH_MIN;
	for (size_t lead = indent; at < line.len; lead = indent + HANG) {
		size_t end = piece_end(line, at, columns - lead), shown = end;

		while (shown > at && line.data[shown - 1] == ' ')
			shown--;
		quoin_buf_printf(out, "%s%*s%.*s", at > indent ? "\n" : "", (int)lead, "", (int)(shown - at), line.data + at);
		for (at = end; at < line.len && line.data[at] == ' ';)
			at++;
	}
}

void
quoin_wrap(struct quoin_span text, size_t columns, struct quoin_buf *out)
{
	if (columns == 0) {
		quoin_buf_put_span(out, text);
		return;
	}
	while (text.len > 0) {
		const uint8_t *end = memchr(text.data, '\n', text.len);
		size_t bytes = end != NULL ? (size_t)(end - text.data) : text.len;

		wrap_line(quoin_span_of(text.data, bytes), columns, out);
		if (end != NULL)
			quoin_buf_put_byte(out, '\n');
		bytes += end != NULL;
		text = quoin_span_of(text.data + bytes, text.len - bytes);
	}
}

/* ---- Drawing in place ---- */

#define CUT_LINES   "\033[?7l"
#define BREAK_LINES "\033[?7h"
#define TO_TOP	    "\033[H"
#define CLEAR_LINE  "\033[K"
#define CLEAR_REST  "\033[J"
#define ROWS_MIN    2

static size_t
count_lines(struct quoin_span text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += text.data[i] == '\n';
	return count;
}

void
quoin_frame(struct quoin_span text, size_t rows, struct quoin_buf *out)
{
	const size_t all = count_lines(text);
	/* The cursor stands in the last row. */
	const size_t room = rows < ROWS_MIN || all < rows ? all : rows - ROWS_MIN;

	quoin_buf_printf(out, CUT_LINES TO_TOP);
	for (size_t i = 0; i < room; i++) {
		size_t bytes = (size_t)((const uint8_t *)memchr(text.data, '\n', text.len) - text.data);

		quoin_buf_put_span(out, quoin_span_of(text.data, bytes));
		quoin_buf_printf(out, CLEAR_LINE "\n");
		text = quoin_span_of(text.data + bytes + 1, text.len - bytes - 1);
	}
	if (room < all)
		quoin_buf_printf(out, "... and %zu lines more" CLEAR_LINE "\n", all - room);
	quoin_buf_printf(out, CLEAR_REST BREAK_LINES);
}
