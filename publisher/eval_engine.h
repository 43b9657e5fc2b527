/*
 * The JavaScript engine as quoin-eval(8) uses it, so that another engine is another eval_engine.c.
 *
 * One engine per process, one thread. Values are the engine's; they stay valid while they are on the caller's stack
 * and until the engine ends with the process. Memory that runs out ends the process by abort(): it is bounded by
 * eval_sandbox.h, and the caller of the process reads that end as "memory limit".
 */
#ifndef QUOIN_PUBLISHER_EVAL_ENGINE_H
#define QUOIN_PUBLISHER_EVAL_ENGINE_H

#include "lib/bytes.h"

struct quoin_engine;
struct quoin_engine_value;

/* UTF-8, NUL-terminated, owned by whoever asked for it: free(text.data). */
struct quoin_engine_text {
	char *data;
	size_t len;
};

struct quoin_span quoin_engine_span(struct quoin_engine_text text);

enum quoin_engine_outcome {
	QUOIN_ENGINE_DONE,
	QUOIN_ENGINE_THREW,
	QUOIN_ENGINE_TIMED_OUT,
};

/*
 * What was thrown, all empty or 0 where the engine does not say. "code" is that of a problem where the prelude threw it
 * itself; "kind" is the error's name ("TypeError"); "stack" has one line "function@file:line:column" per frame,
 * innermost first; "file" and "line" are where a script could not be parsed.
 */
struct quoin_engine_thrown {
	struct quoin_engine_text code;
	struct quoin_engine_text kind;
	struct quoin_engine_text message;
	struct quoin_engine_text stack;
	struct quoin_engine_text file;
	uint32_t line;
};

void quoin_engine_thrown_clear(struct quoin_engine_thrown *thrown);

/* By how much the columns of a script's first line are too large in a stack. */
extern const uint32_t quoin_engine_column_shift;

/* Called for each line of the console with its text and the stack; both are freed by the engine. */
typedef void quoin_engine_print(void *ctx, struct quoin_engine_text text, struct quoin_engine_text stack);

/*
 * Start the engine with the names of the objectives (a JSON array) and the constants (a JSON object), run the prelude,
 * and warm it up, so that it asks the system for nothing new afterwards. Returns NULL with *ret_why (the caller's) if
 * that fails.
 */
struct quoin_engine *quoin_engine_new(struct quoin_span objectives, struct quoin_span constants,
    quoin_engine_print *print, void *ctx, struct quoin_engine_text *ret_why);

/* quoin_eval_is_script() of eval_scan.h, with the engine as ctx. */
bool quoin_engine_is_script(void *engine, struct quoin_span head, const char *middle, struct quoin_span tail);

/* Parse a script, or parse and run it in the global scope for at most limit_ms of processor time. *ret_thrown is set on
 * THREW, and then the caller's to clear. */
enum quoin_engine_outcome quoin_engine_check(struct quoin_engine *engine, struct quoin_span path,
    struct quoin_span script, struct quoin_engine_thrown *ret_thrown);
enum quoin_engine_outcome quoin_engine_run(struct quoin_engine *engine, struct quoin_span path,
    struct quoin_span script, uint64_t limit_ms, struct quoin_engine_thrown *ret_thrown);

/* Collect what nothing refers to, after a script ran out of memory. */
void quoin_engine_collect(struct quoin_engine *engine);

/* Whether a name of the global scope is bound to a function in any way. */
bool quoin_engine_is_bound_to_function(struct quoin_engine *engine, struct quoin_span name);

/* What a property of the global object holds; undefined if there is none. */
const struct quoin_engine_value *quoin_engine_global(struct quoin_engine *engine, struct quoin_span name);
/* "async", "generator", "function", or "" for a value that is no function. */
const char *quoin_engine_kind(struct quoin_engine *engine, const struct quoin_engine_value *value);
/* The text that declared a function. */
struct quoin_engine_text quoin_engine_source(struct quoin_engine *engine, const struct quoin_engine_value *function);

/* Call a function without arguments. *ret_value is set on DONE, *ret_thrown on THREW. */
enum quoin_engine_outcome quoin_engine_call(struct quoin_engine *engine, const struct quoin_engine_value *function,
    uint64_t limit_ms, const struct quoin_engine_value **ret_value, struct quoin_engine_thrown *ret_thrown);

/* What stands in the place of a rule or an array: "nothing", "promise", "a number", …; "" if nothing does. */
struct quoin_engine_text quoin_engine_misfit(struct quoin_engine *engine, const struct quoin_engine_value *value);

struct quoin_engine_json {
	struct quoin_engine_text text;	   /* the JSON, if there are no problems */
	struct quoin_engine_text problems; /* what is not JSON data, one line each: "has at [2].when a function" */
	bool too_large;			   /* the text would have more than the allowed characters */
};

/* The JSON of a value; *ret is set on DONE and the caller's to free, *ret_thrown on THREW. Runs under the time limit of
 * the last call. */
enum quoin_engine_outcome quoin_engine_serialize(struct quoin_engine *engine, const struct quoin_engine_value *value,
    size_t characters_max, struct quoin_engine_json *ret, struct quoin_engine_thrown *ret_thrown);

#endif
