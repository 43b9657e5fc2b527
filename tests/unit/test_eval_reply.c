/*
 * The reply of an evaluation: strict JSON whatever is put into it, and within its bound.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "publisher/eval_reply.h"
#include "publisher/eval_request.h"
#include "tests/check.h"

static struct quoin_eval_place
at(const char *file, uint32_t line, uint32_t column)
{
	return (struct quoin_eval_place){quoin_span_str(file), line, column};
}

/* The document of a reply, which is cleared; it must parse. */
static const char *
print(struct quoin_eval_reply *reply, struct quoin_buf *out)
{
	struct quoin_json_doc *doc;
	struct quoin_error err = {0};

	quoin_buf_init(out, QUOIN_EVAL_REPLY_BYTES_MAX);
	CHECK_INT(quoin_eval_reply_print(reply, out), 0);
	if (quoin_json_parse(quoin_buf_span(out), &doc, &err) != 0)
		check_fail(__FILE__, __LINE__, "not JSON: %u:%u: %s", err.line, err.column, err.message);
	quoin_json_free(doc);
	quoin_eval_reply_clear(reply);
	return quoin_buf_str(out);
}

static void
pieces(void)
{
	struct quoin_eval_reply reply;
	struct quoin_buf out;

	quoin_eval_reply_init(&reply);
	CHECK_STR(print(&reply, &out), "{\"functions\":[],\n\"problems\":[],\n\"console\":[]}\n");
	quoin_buf_clear(&out);
	quoin_eval_reply_init(&reply);
	CHECK_INT(quoin_eval_reply_function(&reply, quoin_span_str("defineA"), at("a.js", 1, 0), quoin_span_str("[1]")),
	    0);
	CHECK_INT(quoin_eval_reply_function(&reply, quoin_span_str("defineB"), at("b\".js", 2, 0),
		      quoin_span_str("{}")),
	    0);
	quoin_eval_reply_warning(&reply, "w", at("", 0, 0), "%s", "\"\n\x7f");
	CHECK_INT(reply.error_count, 0);
	quoin_eval_reply_error(&reply, "e", at("a.js", 3, 4), "%d", 5);
	CHECK_INT(reply.error_count, 1);
	quoin_eval_reply_console(&reply, at("a.js", 6, 0), quoin_span_str("hello"));
	CHECK_STR(print(&reply, &out),
	    "{\"functions\":[\n{\"name\":\"defineA\",\"file\":\"a.js\",\"line\":1,\"rules\":[1]},\n"
	    "{\"name\":\"defineB\",\"file\":\"b\\\".js\",\"line\":2,\"rules\":{}}],\n"
	    "\"problems\":[\n{\"severity\":\"warning\",\"code\":\"w\",\"message\":\"\\\"\\n\x7f\"},\n"
	    "{\"severity\":\"error\",\"code\":\"e\",\"file\":\"a.js\",\"line\":3,\"column\":4,\"message\":\"5\"}],\n"
	    "\"console\":[\n{\"file\":\"a.js\",\"line\":6,\"text\":\"hello\"}]}\n");
	quoin_buf_clear(&out);
}

/* The worst that may come: every list full of what grows most when it is escaped. */
static void
full(void)
{
	static char path[QUOIN_EVAL_PATH_BYTES_MAX + 1], message[QUOIN_EVAL_MESSAGE_BYTES_MAX + 100];
	static char value[QUOIN_EVAL_VALUES_BYTES_MAX];
	struct quoin_eval_reply reply;
	struct quoin_buf out;
	const char *text;

	memset(path, 1, sizeof path - 1);
	memset(message, 1, sizeof message - 1);
	memset(value, ' ', sizeof value);
	value[0] = '1';
	quoin_eval_reply_init(&reply);
	CHECK_INT(quoin_eval_reply_function(&reply, quoin_span_str("f"), at("a", 1, 0),
		      quoin_span_of(value, sizeof value)),
	    QUOIN_ELIMIT);
	CHECK_INT(quoin_eval_reply_function(&reply, quoin_span_str("f"), at("a", 1, 0),
		      quoin_span_of(value, sizeof value - 100)),
	    0);
	for (size_t i = 0; i < QUOIN_PROBLEMS_MAX + 10; i++)
		quoin_eval_reply_error(&reply, "too_large", at(path, UINT32_MAX, UINT32_MAX), "%s", message);
	for (size_t i = 0; i < QUOIN_EVAL_CONSOLE_LINES_MAX + 10; i++)
		quoin_eval_reply_console(&reply, at(path, UINT32_MAX, UINT32_MAX), quoin_span_of(message, 256));
	CHECK_INT(reply.problem_count, QUOIN_PROBLEMS_MAX);
	text = print(&reply, &out);
	CHECK(strstr(text, "\"code\":\"too_many_problems\",\"message\"") != NULL);
	CHECK(strstr(text, "and more, which is left out\"}]}\n") != NULL);
	quoin_buf_clear(&out);
}

static void
console_bytes(void)
{
	static char large[QUOIN_EVAL_CONSOLE_BYTES_MAX];
	struct quoin_eval_reply reply;
	struct quoin_buf out;
	const char *text;

	memset(large, 'x', sizeof large);
	quoin_eval_reply_init(&reply);
	quoin_eval_reply_console(&reply, at("a", 1, 0), quoin_span_of(large, sizeof large));
	quoin_eval_reply_console(&reply, at("a", 2, 0), quoin_span_str("y"));
	quoin_eval_reply_console(&reply, at("a", 3, 0), quoin_span_str(""));
	text = print(&reply, &out);
	CHECK(strstr(text, "\"line\":2,\"text\":\"… and more, which is left out\"}]}\n") != NULL);
	CHECK(strstr(text, "\"line\":3") == NULL);
	quoin_buf_clear(&out);
}

/* A message is cut between characters. */
static void
cut_message(void)
{
	char message[QUOIN_EVAL_MESSAGE_BYTES_MAX + 4];
	struct quoin_eval_reply reply;
	struct quoin_buf out;

	memset(message, 'x', sizeof message);
	memcpy(message + QUOIN_EVAL_MESSAGE_BYTES_MAX - 1, "é", 3);
	quoin_eval_reply_init(&reply);
	quoin_eval_reply_error(&reply, "e", at("", 0, 0), "%s", message);
	CHECK_CONTAINS(print(&reply, &out), "xxx\"}],");
	CHECK(strstr(quoin_buf_str(&out), "é") == NULL);
	quoin_buf_clear(&out);
}

static const struct check_case cases[] = {
    {"pieces", pieces},
    {"full", full},
    {"console_bytes", console_bytes},
    {"cut_message", cut_message},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
