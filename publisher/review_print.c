#include "publisher/review_print.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "publisher/phrase.h"

static const char *
colour(const struct review_printer *printer, enum quoin_change change)
{
	static const char *const codes[] = {"\033[32m", "\033[31m", "\033[33m"};

	return printer->review->is_coloured ? codes[change] : "";
}

static const char *
plain(const struct review_printer *printer)
{
	return printer->review->is_coloured ? "\033[0m" : "";
}

static char
sign(enum quoin_change change)
{
	return "+-~"[change];
}

bool
review_next_line(struct review_printer *printer)
{
	if (printer->lines++ < REVIEW_LINES_MAX)
		return true;
	printer->hidden++;
	return false;
}

void
review_begin(struct review_printer *printer, const char *title, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	printer->lines = printer->hidden = 0;
	quoin_buf_printf(printer->out, "%s%-11s%s %s\n", printer->review->is_coloured ? "\033[1m" : "", title,
	    plain(printer), text);
}

void
review_end(struct review_printer *printer)
{
	if (printer->hidden > 0)
		quoin_buf_printf(printer->out, "  … and %zu more; --json has all\n", printer->hidden);
}

/* Lines of a phrase, indented; those beyond the section's share are counted. */
void
review_put_lines(struct review_printer *printer, int indent, struct quoin_buf *lines)
{
	const char *text = quoin_buf_str(lines);

	for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1)
		if (review_next_line(printer))
			quoin_buf_printf(printer->out, "%*s%.*s\n", indent, "", (int)(end - text), text);
}

/* What changed of a thing goes behind its name if it is one line, else below it. */
void
review_put_details(struct review_printer *printer, int indent, struct quoin_buf *lines)
{
	const char *end = strchr(quoin_buf_str(lines), '\n');

	if (end != NULL && end[1] == '\0') {
		quoin_buf_printf(printer->out, ": %s", quoin_buf_str(lines));
		return;
	}
	quoin_buf_put_byte(printer->out, '\n');
	review_put_lines(printer, indent, lines);
}

void
review_print_counts(const size_t counts[3], const char *changed, char *text, size_t text_bytes)
{
	static const char *const names[] = {"added", "removed"};
	size_t used = 0;

	text[0] = '\0';

	if (counts[QUOIN_CHANGE_CHANGED] > 0)
		used = (size_t)snprintf(text, text_bytes, "%zu %s", counts[QUOIN_CHANGE_CHANGED], changed);
	for (int i = 0; i < 2 && used < text_bytes; i++)
		if (counts[i] > 0)
			used += (size_t)snprintf(text + used, text_bytes - used, "%s%zu %s", used > 0 ? ", " : "", counts[i], names[i]);
}

void
review_put_sign(struct review_printer *printer, int indent, enum quoin_change change, const char *name)
{
	quoin_buf_printf(printer->out, "%*s%s%c%s %s", indent, "", colour(printer, change), sign(change), plain(printer), name);
}

int
review_wider(int width, const char *text)
{
	int bytes = (int)strlen(text);

	return bytes > width ? bytes : width;
}

const char *
review_number(uint64_t number, char text[REVIEW_NUMBER_BYTES])
{
	struct quoin_buf digits;

	quoin_buf_init(&digits, REVIEW_NUMBER_BYTES);
	quoin_phrase_number(number, &digits);
	snprintf(text, REVIEW_NUMBER_BYTES, "%s", quoin_buf_str(&digits));
	quoin_buf_clear(&digits);
	return text;
}

void
review_put_alarm(struct review_printer *printer, bool is_error)
{
	quoin_buf_printf(printer->out, "  %s!%s ", colour(printer, is_error ? QUOIN_CHANGE_REMOVED : QUOIN_CHANGE_CHANGED),
	    plain(printer));
}
