#include "publisher/check_run.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/search.h"
#include "lib/text.h"
#include "publisher/spot.h"

void *
quoin_check_take(struct quoin_check_run *run, size_t count, size_t bytes)
{
	void *memory = NULL;

	if (count == 0)
		count = 1;
	if (bytes <= SIZE_MAX / count)
		memory = quoin_arena_take(&run->arena, count * bytes);
	if (memory == NULL)
		run->is_out_of_memory = true;
	return memory;
}

char *
quoin_check_copy(struct quoin_check_run *run, const char *text)
{
	char *own = quoin_arena_text(&run->arena, quoin_span_str(text));

	if (own == NULL)
		run->is_out_of_memory = true;
	return own;
}

struct quoin_place
quoin_check_place(const struct quoin_check_source *source, const struct quoin_json *node)
{
	struct quoin_place place = {.file = source->file, .line = source->line};

	if (source->line == 0)
		quoin_json_place(source->doc, node, &place.line, &place.column);
	return place;
}

/* Whether what is wrong is a member's key, not its value. */
static bool
is_about_key(const char *code)
{
	return strcmp(code, "unknown_key") == 0 || strcmp(code, "no_kind") == 0 || strcmp(code, "bad_cell") == 0;
}

void
quoin_check_error(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *node,
    const char *code, const char *fmt, ...)
{
	struct quoin_place place = quoin_check_place(source, node);
	char message[QUOIN_TEXT_BYTES_MAX];
	int head = 0;
	va_list args;

	if (source->line > 0 && node != NULL && node != source->root)
		quoin_spot_find(source->script, source->line, source->root, node, is_about_key(code), &place.line,
		    &place.column);
	if (source->rule != NULL)
		head = snprintf(message, sizeof message, "rule \"%s\": ", source->rule);
	if (head < 0 || (size_t)head >= sizeof message)
		head = 0;
	va_start(args, fmt);
	vsnprintf(message + head, sizeof message - (size_t)head, fmt, args);
	va_end(args);
	quoin_problem_error(run->problems, code, place, "%s", message);
}

uint32_t
quoin_check_find(const char *const *names, size_t count, const char *name)
{
	bool found;
	const size_t at = quoin_search_text(names, count, sizeof *names, name, &found);

	return found ? (uint32_t)at : QUOIN_CHECK_NONE;
}

void
quoin_check_advise(const char *word, const char *const *names, size_t count, const char *otherwise, char *out,
    size_t out_bytes)
{
	const char *near = quoin_text_nearest(word, names, count);

	if (near != NULL)
		snprintf(out, out_bytes, "; did you mean \"%s\"?", near);
	else
		snprintf(out, out_bytes, "; %s", otherwise);
}
