#include "publisher/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"

#define MESSAGE_BYTES (QUOIN_TEXT_BYTES_MAX + 1)
#define QUOTED_MAX    100 /* characters of a line that are quoted */

void
quoin_problems_init(struct quoin_problems *problems)
{
	*problems = (struct quoin_problems){0};
}

void
quoin_problems_clear(struct quoin_problems *problems)
{
	free(problems->items);
	quoin_arena_clear(&problems->arena);
	*problems = (struct quoin_problems){0};
}

static bool
has_room(struct quoin_problems *problems)
{
	size_t capacity = problems->capacity > 0 ? problems->capacity * 2 : 16;
	struct quoin_problem *items;

	if (problems->count < problems->capacity)
		return true;
	items = reallocarray(problems->items, capacity, sizeof *items);
	if (items == NULL)
		return false;
	problems->items = items;
	problems->capacity = capacity;
	return true;
}

static const char *
copy(struct quoin_problems *problems, struct quoin_span text)
{
	char *own = quoin_arena_text(&problems->arena, text);

	if (own == NULL)
		problems->error = QUOIN_ENOMEM;
	return own;
}

/* The bytes of "text" that fit a message, without a piece of a character at the end. */
static struct quoin_span
cut(struct quoin_span text)
{
	size_t len = QUOIN_TEXT_BYTES_MAX;

	if (text.len <= len)
		return text;
	while (len > 0 && (text.data[len] & 0xc0) == 0x80)
		len--;
	return quoin_span_of(text.data, len);
}

static void
blank_controls(char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || (unsigned char)*text == 0x7f)
			*text = '?';
	}
}

static void
keep(struct quoin_problems *problems, enum quoin_severity severity, const char *code, struct quoin_place place,
    struct quoin_span message)
{
	struct quoin_problem problem = {.severity = severity, .place = place};
	char *text;

	if (!has_room(problems)) {
		problems->error = QUOIN_ENOMEM;
		return;
	}
	problem.code = copy(problems, quoin_span_str(code));
	problem.place.file = copy(problems, quoin_span_str(place.file != NULL ? place.file : ""));
	text = quoin_arena_text(&problems->arena, cut(message));
	if (problem.code == NULL || problem.place.file == NULL || text == NULL) {
		problems->error = QUOIN_ENOMEM;
		return;
	}
	blank_controls(text);
	problem.message = text;
	problems->items[problems->count++] = problem;
}

void
quoin_problem_add(struct quoin_problems *problems, enum quoin_severity severity, const char *code,
    struct quoin_place place, struct quoin_span message)
{
	if (severity == QUOIN_SEVERITY_ERROR)
		problems->error_count++;
	if (problems->is_cut)
		return;
	if (problems->count < QUOIN_PROBLEMS_MAX - 1) {
		keep(problems, severity, code, place, message);
		return;
	}
	problems->is_cut = true;
	keep(problems, QUOIN_SEVERITY_ERROR, "too_many_problems", (struct quoin_place){0},
	    quoin_span_str("there are more problems than these; mend some and run it again"));
}

static void add_formatted(struct quoin_problems *problems, enum quoin_severity severity, const char *code,
    struct quoin_place place, const char *fmt, va_list args) __attribute__((format(printf, 5, 0)));

static void
add_formatted(struct quoin_problems *problems, enum quoin_severity severity, const char *code, struct quoin_place place,
    const char *fmt, va_list args)
{
	char message[MESSAGE_BYTES + 4];
	int len = vsnprintf(message, sizeof message, fmt, args);
	size_t whole = len < 0 ? 0 : (size_t)len < sizeof message ? (size_t)len : sizeof message - 1;

	quoin_problem_add(problems, severity, code, place, quoin_span_of(message, whole));
}

void
quoin_problem_error(struct quoin_problems *problems, const char *code, struct quoin_place place, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_formatted(problems, QUOIN_SEVERITY_ERROR, code, place, fmt, args);
	va_end(args);
}

void
quoin_problem_warning(struct quoin_problems *problems, const char *code, struct quoin_place place, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_formatted(problems, QUOIN_SEVERITY_WARNING, code, place, fmt, args);
	va_end(args);
}

void
quoin_problem_of_error(struct quoin_problems *problems, const char *code, const char *file,
    const struct quoin_error *err)
{
	struct quoin_place place = {err->file[0] != '\0' ? err->file : file, err->line, err->column};
	const char *message = err->message[0] != '\0' ? err->message : quoin_error_text(err->code);

	quoin_problem_add(problems, QUOIN_SEVERITY_ERROR, code, place, quoin_span_str(message));
}

static int
compare_numbers(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

static int
compare(const void *left, const void *right)
{
	const struct quoin_problem *a = left;
	const struct quoin_problem *b = right;
	bool a_has_file = a->place.file[0] != '\0';
	int order;

	if (a_has_file != (b->place.file[0] != '\0'))
		return a_has_file ? -1 : 1;
	order = strcmp(a->place.file, b->place.file);
	if (order == 0)
		order = compare_numbers(a->place.line, b->place.line);
	if (order == 0)
		order = compare_numbers(a->place.column, b->place.column);
	if (order == 0)
		order = compare_numbers(a->severity, b->severity);
	if (order == 0)
		order = strcmp(a->code, b->code);
	return order != 0 ? order : strcmp(a->message, b->message);
}

void
quoin_problems_sort(struct quoin_problems *problems)
{
	size_t kept = 0;

	if (problems->count == 0)
		return;
	qsort(problems->items, problems->count, sizeof *problems->items, compare);
	for (size_t i = 1; i < problems->count; i++) {
		if (compare(&problems->items[kept], &problems->items[i]) != 0)
			problems->items[++kept] = problems->items[i];
	}
	problems->count = kept + 1;
}

static void
print_place(const struct quoin_place *place, struct quoin_buf *out)
{
	if (place->file[0] == '\0')
		return;
	quoin_buf_put_str(out, place->file);
	if (place->line > 0)
		quoin_buf_printf(out, ":%u", place->line);
	if (place->line > 0 && place->column > 0)
		quoin_buf_printf(out, ":%u", place->column);
	quoin_buf_put_str(out, ": ");
}

static void
print_problem(const struct quoin_problem *problem, struct quoin_buf *out)
{
	quoin_buf_put_str(out, "quoin: ");
	print_place(&problem->place, out);
	if (problem->severity == QUOIN_SEVERITY_WARNING)
		quoin_buf_put_str(out, "warning: ");
	quoin_buf_printf(out, "%s\n", problem->message);
}

int
quoin_problems_print(const struct quoin_problems *problems, struct quoin_buf *out)
{
	for (size_t i = 0; i < problems->count; i++)
		print_problem(&problems->items[i], out);
	return out->error;
}

/* ---- Quotations ---- */

/* Where the character "number" (from 0) begins, or the end of the text. */
static size_t
offset_of(struct quoin_span text, size_t number)
{
	size_t at = 0;

	for (; at < text.len; at++) {
		if ((text.data[at] & 0xc0) != 0x80 && number-- == 0)
			break;
	}
	return at;
}

void
quoin_problem_quote(struct quoin_problems *problems, struct quoin_problem *problem, struct quoin_span line)
{
	size_t skipped = problem->place.column > QUOTED_MAX * 3 / 4 ? problem->place.column - QUOTED_MAX / 2 : 0;
	size_t begin = offset_of(line, skipped), end = offset_of(line, skipped + QUOTED_MAX);
	char *own = quoin_arena_text(&problems->arena, quoin_span_of(line.data + begin, end - begin));

	if (own == NULL) {
		problems->error = QUOIN_ENOMEM;
		return;
	}
	for (char *at = own; *at != '\0'; at++) {
		if (*at == '\t')
			*at = ' ';
	}
	blank_controls(own);
	problem->quotation = own;
	problem->caret = problem->place.column > 0 ? (uint32_t)(problem->place.column - skipped) : 0;
}

static void
tell_quotation(const struct quoin_problem *problem, struct quoin_buf *out)
{
	size_t caret = problem->caret > 0 ? problem->caret - 1 : strspn(problem->quotation, " ");

	quoin_buf_printf(out, "%7u | %s\n        | %*s^\n", problem->place.line, problem->quotation, (int)caret, "");
}

/* How many of the first "count" problems are warnings of the code. */
static size_t
count_warnings(const struct quoin_problems *problems, const char *code, size_t count)
{
	size_t warnings = 0;

	for (size_t i = 0; i < count; i++)
		warnings += problems->items[i].severity == QUOIN_SEVERITY_WARNING && strcmp(problems->items[i].code, code) == 0;
	return warnings;
}

/* Whether as many warnings of this one's code were told as are told; the first one that is not says how many there are. */
static bool
is_one_of_many(const struct quoin_problems *problems, size_t index, struct quoin_buf *out)
{
	const struct quoin_problem *problem = &problems->items[index];
	size_t before, left;

	if (problem->severity != QUOIN_SEVERITY_WARNING)
		return false;
	before = count_warnings(problems, problem->code, index);
	if (before == QUOIN_WARNINGS_TOLD) {
		left = count_warnings(problems, problem->code, problems->count) - before;
		quoin_buf_printf(out, "quoin: %zu more %s of this kind (%s); --json lists them\n", left,
		    left == 1 ? "warning" : "warnings", problem->code);
	}
	return before >= QUOIN_WARNINGS_TOLD;
}

int
quoin_problems_tell(const struct quoin_problems *problems, const char *but, struct quoin_buf *out)
{
	for (size_t i = 0; i < problems->count; i++) {
		const struct quoin_problem *problem = &problems->items[i];

		if (strcmp(problem->code, but) == 0 || is_one_of_many(problems, i, out))
			continue;
		print_problem(problem, out);
		if (problem->quotation != NULL)
			tell_quotation(problem, out);
	}
	return out->error;
}

static void
print_member(const char *key, const char *text, struct quoin_buf *out)
{
	quoin_buf_printf(out, "\"%s\":", key);
	quoin_json_print_string(quoin_span_str(text), out);
}

int
quoin_problems_print_json(const struct quoin_problems *problems, struct quoin_buf *out)
{
	quoin_buf_put_byte(out, '[');
	for (size_t i = 0; i < problems->count; i++) {
		const struct quoin_problem *problem = &problems->items[i];

		quoin_buf_put_str(out, i > 0 ? ",{" : "{");
		print_member("severity", problem->severity == QUOIN_SEVERITY_ERROR ? "error" : "warning", out);
		quoin_buf_put_byte(out, ',');
		print_member("code", problem->code, out);
		quoin_buf_put_byte(out, ',');
		if (problem->place.file[0] != '\0') {
			print_member("file", problem->place.file, out);
			quoin_buf_put_byte(out, ',');
		}
		if (problem->place.line > 0)
			quoin_buf_printf(out, "\"line\":%u,", problem->place.line);
		if (problem->place.column > 0)
			quoin_buf_printf(out, "\"column\":%u,", problem->place.column);
		print_member("message", problem->message, out);
		quoin_buf_put_byte(out, '}');
	}
	quoin_buf_put_byte(out, ']');
	return out->error;
}
