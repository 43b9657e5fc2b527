#include "publisher/eval_reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/json.h"
#include "publisher/eval_request.h"

/* Room for the problems and the console, whose paths and texts may grow sixfold when escaped. */
#define ITEM_BYTES_MAX(text) (6u * (QUOIN_EVAL_PATH_BYTES_MAX + (text)) + 256u)
#define PROBLEMS_BYTES_MAX   (QUOIN_PROBLEMS_MAX * ITEM_BYTES_MAX(QUOIN_EVAL_MESSAGE_BYTES_MAX))
#define CONSOLE_ITEMS_MAX    (QUOIN_EVAL_CONSOLE_LINES_MAX + 1u)
#define CONSOLE_BYTES_MAX    (CONSOLE_ITEMS_MAX * ITEM_BYTES_MAX(0u) + 6u * QUOIN_EVAL_CONSOLE_BYTES_MAX)

_Static_assert(QUOIN_EVAL_VALUES_BYTES_MAX + PROBLEMS_BYTES_MAX + CONSOLE_BYTES_MAX < QUOIN_EVAL_REPLY_BYTES_MAX,
    "a reply fits its bound");
_Static_assert(QUOIN_EVAL_REPLY_BYTES_MAX <= QUOIN_JSON_BYTES_MAX, "a reply can be parsed");

void
quoin_eval_reply_init(struct quoin_eval_reply *reply)
{
	*reply = (struct quoin_eval_reply){0};
	quoin_buf_init(&reply->functions, QUOIN_EVAL_VALUES_BYTES_MAX);
	quoin_buf_init(&reply->problems, PROBLEMS_BYTES_MAX);
	quoin_buf_init(&reply->console, CONSOLE_BYTES_MAX);
}

void
quoin_eval_reply_clear(struct quoin_eval_reply *reply)
{
	quoin_buf_clear(&reply->functions);
	quoin_buf_clear(&reply->problems);
	quoin_buf_clear(&reply->console);
}

/* Begin an item of a list: a separator unless it is the first. */
static void
begin_item(struct quoin_buf *list)
{
	quoin_buf_put_str(list, list->len > 0 ? ",\n{" : "\n{");
}

static void
put_text_member(struct quoin_buf *list, const char *key, struct quoin_span text)
{
	quoin_buf_printf(list, "\"%s\":", key);
	quoin_json_print_string(text, list);
}

static void
put_place(struct quoin_buf *list, struct quoin_eval_place place)
{
	if (place.file.len > 0) {
		put_text_member(list, "file", place.file);
		quoin_buf_put_byte(list, ',');
	}
	if (place.line > 0)
		quoin_buf_printf(list, "\"line\":%u,", place.line);
	if (place.column > 0)
		quoin_buf_printf(list, "\"column\":%u,", place.column);
}

int
quoin_eval_reply_function(struct quoin_eval_reply *reply, struct quoin_span name, struct quoin_eval_place place,
    struct quoin_span json)
{
	struct quoin_buf *list = &reply->functions;
	size_t len = list->len;

	begin_item(list);
	put_text_member(list, "name", name);
	quoin_buf_put_byte(list, ',');
	put_place(list, place);
	quoin_buf_put_str(list, "\"rules\":");
	quoin_buf_put_span(list, json);
	quoin_buf_put_byte(list, '}');
	if (list->error == QUOIN_ELIMIT) {
		/* As if it had not been tried: a smaller value may still fit. */
		list->len = len;
		list->error = 0;
		return QUOIN_ELIMIT;
	}
	return list->error;
}

/* The bytes of "text" up to "max", without a piece of a character at the end. */
static struct quoin_span
cut_utf8(struct quoin_span text, size_t max)
{
	if (text.len <= max)
		return text;
	while (max > 0 && (text.data[max] & 0xc0) == 0x80)
		max--;
	return quoin_span_of(text.data, max);
}

static void
put_problem(struct quoin_eval_reply *reply, const char *severity, const char *code, struct quoin_eval_place place,
    const char *fmt, va_list args)
{
	struct quoin_buf *list = &reply->problems;
	char message[QUOIN_EVAL_MESSAGE_BYTES_MAX + 8];
	struct quoin_span text;

	if (reply->problem_count >= QUOIN_PROBLEMS_MAX)
		return;
	if (++reply->problem_count == QUOIN_PROBLEMS_MAX) {
		severity = "error";
		code = "too_many_problems";
		place = (struct quoin_eval_place){0};
		text = quoin_span_str("there are more problems than these; mend some and run it again");
	} else {
		int len = vsnprintf(message, sizeof message, fmt, args);
		size_t whole = len < 0 ? 0 : (size_t)len < sizeof message ? (size_t)len : sizeof message - 1;

		text = cut_utf8(quoin_span_of(message, whole), QUOIN_EVAL_MESSAGE_BYTES_MAX);
	}
	if (strcmp(severity, "error") == 0)
		reply->error_count++;
	begin_item(list);
	quoin_buf_printf(list, "\"severity\":\"%s\",\"code\":\"%s\",", severity, code);
	put_place(list, place);
	put_text_member(list, "message", text);
	quoin_buf_put_byte(list, '}');
}

void
quoin_eval_reply_error(struct quoin_eval_reply *reply, const char *code, struct quoin_eval_place place, const char *fmt,
    ...)
{
	va_list args;

	va_start(args, fmt);
	put_problem(reply, "error", code, place, fmt, args);
	va_end(args);
}

void
quoin_eval_reply_warning(struct quoin_eval_reply *reply, const char *code, struct quoin_eval_place place,
    const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	put_problem(reply, "warning", code, place, fmt, args);
	va_end(args);
}

void
quoin_eval_reply_console(struct quoin_eval_reply *reply, struct quoin_eval_place place, struct quoin_span text)
{
	bool last;

	if (reply->console_count > QUOIN_EVAL_CONSOLE_LINES_MAX)
		return;
	last = reply->console_count == QUOIN_EVAL_CONSOLE_LINES_MAX ||
	    text.len > QUOIN_EVAL_CONSOLE_BYTES_MAX - reply->console_bytes;
	if (last) {
		text = quoin_span_str("… and more, which is left out");
		reply->console_count = QUOIN_EVAL_CONSOLE_LINES_MAX;
	} else {
		reply->console_bytes += text.len;
	}
	reply->console_count++;
	begin_item(&reply->console);
	put_place(&reply->console, place);
	put_text_member(&reply->console, "text", text);
	quoin_buf_put_byte(&reply->console, '}');
}

static void
put_list(struct quoin_buf *out, const char *head, const struct quoin_buf *list)
{
	quoin_buf_put_str(out, head);
	quoin_buf_put_span(out, quoin_buf_span(list));
	if (out->error == 0)
		out->error = list->error;
}

int
quoin_eval_reply_print(const struct quoin_eval_reply *reply, struct quoin_buf *out)
{
	put_list(out, "{\"functions\":[", &reply->functions);
	put_list(out, "],\n\"problems\":[", &reply->problems);
	put_list(out, "],\n\"console\":[", &reply->console);
	quoin_buf_put_str(out, "]}\n");
	return out->error;
}
