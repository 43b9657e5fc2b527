/*
 * The one JSON document that an evaluation ends with, put together piece by piece.
 *
 *	{"functions":[{"name":"defineX","file":"ab.js","line":3,"rules":VALUE},…],
 *	 "problems":[{"severity":"error","code":"throws","file":"ab.js","line":7,"column":21,"message":"…"},…],
 *	 "console":[{"file":"ab.js","line":4,"column":14,"text":"…"},…]}
 *
 * - "functions": the define functions that returned plain JSON data, in order of file and place. VALUE is what the
 *   function returned: one object, or an array. Its members stand in the order in which the engine lists them.
 *   It is nested at most 60 deep, so that the whole document is within QUOIN_JSON_DEPTH_MAX.
 * - "problems": at most QUOIN_PROBLEMS_MAX; "severity" is "error" or "warning"; "file", "line" and "column" stand only
 *   where they are known. With an error among them "functions" is incomplete, and nothing may be published from it.
 * - "console": what the files wrote, at most QUOIN_EVAL_CONSOLE_LINES_MAX entries and _BYTES_MAX of text; what came
 *   after that is replaced by one last entry that says so. The text is any Unicode but NUL: escape it for a terminal.
 *
 * The document is strict JSON in UTF-8, ends with a newline, and is the same bytes for the same request.
 */
#ifndef QUOIN_PUBLISHER_EVAL_REPLY_H
#define QUOIN_PUBLISHER_EVAL_REPLY_H

#include "lib/bytes.h"
#include "lib/error.h"
#include "lib/limits.h"

#define QUOIN_EVAL_CONSOLE_LINES_MAX 1000u
#define QUOIN_EVAL_CONSOLE_BYTES_MAX (256u << 10)
#define QUOIN_EVAL_MESSAGE_BYTES_MAX 1024u
/* The values of all functions together; the rest of the reply's bound is room for problems and console. */
#define QUOIN_EVAL_VALUES_BYTES_MAX  (32u << 20)

struct quoin_eval_reply {
	struct quoin_buf functions;
	struct quoin_buf problems;
	struct quoin_buf console;
	size_t problem_count;
	size_t error_count; /* of the problems */
	size_t console_count;
	size_t console_bytes;
};

/* Where something is: "file" empty means unknown, "line" and "column" 0 likewise. The span is borrowed for the call. */
struct quoin_eval_place {
	struct quoin_span file;
	uint32_t line;
	uint32_t column;
};

void quoin_eval_reply_init(struct quoin_eval_reply *reply);
void quoin_eval_reply_clear(struct quoin_eval_reply *reply);

/* Add a function and the JSON text of what it returned. Returns 0, QUOIN_ELIMIT (the values are larger than
 * QUOIN_EVAL_VALUES_BYTES_MAX together; nothing is added), QUOIN_ENOMEM. */
int quoin_eval_reply_function(struct quoin_eval_reply *reply, struct quoin_span name, struct quoin_eval_place place,
    struct quoin_span json);

/* Add a problem; those beyond QUOIN_PROBLEMS_MAX are dropped, and the last that is kept says so. The message is cut at
 * QUOIN_EVAL_MESSAGE_BYTES_MAX. Running out of memory shows when the reply is printed. */
void quoin_eval_reply_error(struct quoin_eval_reply *reply, const char *code, struct quoin_eval_place place,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void quoin_eval_reply_warning(struct quoin_eval_reply *reply, const char *code, struct quoin_eval_place place,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Add a line of the console, or drop it once the bounds are reached. */
void quoin_eval_reply_console(struct quoin_eval_reply *reply, struct quoin_eval_place place, struct quoin_span text);

/* Append the document to "out". Returns 0, or the first error of any buffer. */
int quoin_eval_reply_print(const struct quoin_eval_reply *reply, struct quoin_buf *out);

#endif
