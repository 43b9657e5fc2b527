#include "publisher/quote.h"

#include <string.h>

static const struct quoin_directory_file *
find_file(const struct quoin_directory *directory, const char *path)
{
	size_t low = 0, high = directory->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(directory->files[middle].path, path);

		if (order == 0)
			return &directory->files[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The line without its end; empty when there is none of this number. */
static struct quoin_span
find_line(struct quoin_span text, uint32_t number)
{
	for (uint32_t i = 1; text.len > 0; i++) {
		const uint8_t *newline = memchr(text.data, '\n', text.len);
		size_t bytes = newline != NULL ? (size_t)(newline - text.data) : text.len;

		if (i == number)
			return quoin_span_of(text.data, bytes > 0 && text.data[bytes - 1] == '\r' ? bytes - 1 : bytes);
		bytes += newline != NULL;
		text = quoin_span_of(text.data + bytes, text.len - bytes);
	}
	return (struct quoin_span){0};
}

void
quoin_quote_problems(struct quoin_problems *problems, const struct quoin_directory *directory)
{
	for (size_t i = 0; i < problems->count; i++) {
		struct quoin_problem *problem = &problems->items[i];
		const struct quoin_directory_file *file;
		struct quoin_span line;

		if (problem->quotation != NULL || problem->place.line == 0)
			continue;
		file = find_file(directory, problem->place.file);
		line = file != NULL ? find_line(quoin_span_of(file->text, file->text_bytes), problem->place.line)
				    : (struct quoin_span){0};
		if (line.len > 0)
			quoin_problem_quote(problems, problem, line);
	}
}
