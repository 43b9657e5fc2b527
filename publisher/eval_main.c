/*
 * quoin-eval(8): evaluates the rule files of one request behind the walls of eval_sandbox.h, and writes one reply.
 * It reads its standard input to the end, computes, writes its standard output, and ends.
 *
 * The order of a life: read the request; start the engine, take from it what a rule file must not have, and warm it up
 * (eval_engine.h); raise the walls; only then look at the files.
 *
 * Standard error tells the caller of each step (eval_child.h), so that it can say where the process was if it is ended
 * from outside. Exit status: 0, 3 if the reply holds an error, 1 for a failure that is not the rule files'.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/json.h"
#include "lib/text.h"
#include "publisher/eval_declare.h"
#include "publisher/eval_engine.h"
#include "publisher/eval_reply.h"
#include "publisher/eval_request.h"
#include "publisher/eval_sandbox.h"
#include "publisher/eval_stack.h"
#include "publisher/spot.h"

#define LABEL_BYTES    160
#define STATUS_REFUSED 3

struct evaluation {
	struct quoin_eval_request request;
	struct quoin_eval_reply reply;
	struct quoin_engine *engine;
	bool file_failed;  /* a file could not be loaded: names it declares may be missing elsewhere */
	uint64_t begin_ms; /* processor time at the start */
	bool *usable;	   /* per file: it is a script */
	struct quoin_eval_names declarations;
	struct quoin_eval_names undeclared;
};

/* ---------------------------------------------------------- the process */

/* A failure of ours, not of a rule file: exit status 1 and a line for the caller. */
static _Noreturn void
die(const char *what, const char *why)
{
	char line[1024];
	int len = snprintf(line, sizeof line, "quoin-eval: %s: %s\n", what, why);

	if (write(STDERR_FILENO, line, len > 0 ? strlen(line) : 0) < 0)
		_exit(2);
	_exit(1);
}

static void
read_all(struct quoin_buf *in)
{
	ssize_t n;

	do {
		uint8_t *to = quoin_buf_reserve(in, 65536);

		if (to == NULL)
			die("cannot read the request", quoin_error_text(in->error));
		n = read(STDIN_FILENO, to, 65536);
		if (n < 0 && errno != EINTR)
			die("cannot read the request", strerror(errno));
		if (n > 0)
			in->len += (size_t)n;
	} while (n != 0);
}

static void
write_all(struct quoin_span bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(STDOUT_FILENO, bytes.data, bytes.len);

		if (n < 0 && errno != EINTR)
			die("cannot write the reply", strerror(errno));
		if (n > 0)
			bytes = quoin_span_of(bytes.data + n, bytes.len - (size_t)n);
	}
}

static uint64_t
cpu_used_ms(void)
{
	struct timespec used = {0};

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000;
}

/* Tell the caller of a step: "at" before it, "out" when it has run out of memory. */
static void
say_step(const char *what, const struct quoin_eval_name *at)
{
	char line[256];
	int len = snprintf(line, sizeof line, "%s %zu %u %.*s\n", what, at->file, at->line,
	    (int)(at->text.len < 128 ? at->text.len : 128), at->text.len > 0 ? (const char *)at->text.data : "");

	if (len > 0 && write(STDERR_FILENO, line, strlen(line)) < 0)
		_exit(2);
}

static uint64_t
time_left_ms(const struct evaluation *ev)
{
	uint64_t used = cpu_used_ms() - ev->begin_ms;

	return used < ev->request.cpu_ms ? ev->request.cpu_ms - used : 0;
}

/* One file or function gets at most half of the whole time, so that the problems of those after it are found too. */
static uint64_t
call_limit_ms(const struct evaluation *ev)
{
	uint64_t left = time_left_ms(ev);
	uint64_t half = (ev->request.cpu_ms + 1) / 2;

	return left < half ? left : half;
}

/* ---------------------------------------------------------- places */

static struct quoin_eval_place
place_of(const struct evaluation *ev, const struct quoin_eval_name *at)
{
	return (struct quoin_eval_place){.file = ev->request.files[at->file].path, .line = at->line};
}

/* A syntax error that only shows when the file is run ("Can't create duplicate variable: 'x'") comes without a place:
 * the name in it leads there. */
static uint32_t
line_of_quoted(const struct evaluation *ev, const struct quoin_eval_name *at, const char *message)
{
	const char *end = strrchr(message, '\'');
	const char *begin = end != NULL ? memrchr(message, '\'', (size_t)(end - message)) : NULL;

	if (begin == NULL)
		return 0;
	return quoin_eval_variable_line(ev->request.files[at->file].text,
	    quoin_span_of(begin + 1, (size_t)(end - begin - 1)));
}

static struct quoin_eval_place
place_of_thrown(const struct evaluation *ev, const struct quoin_eval_name *at, const struct quoin_engine_thrown *thrown)
{
	struct quoin_eval_place place = place_of(ev, at);

	if (quoin_eval_stack_place(ev->request.files, ev->request.file_count, quoin_engine_span(thrown->stack),
		quoin_engine_column_shift, &place))
		return place;
	if (thrown->line > 0 &&
	    quoin_eval_stack_file(ev->request.files, ev->request.file_count, quoin_engine_span(thrown->file),
		&place.file))
		place.line = thrown->line;
	else if (place.line == 0)
		place.line = line_of_quoted(ev, at, thrown->message.data);
	if (place.line > 0 && strcmp(thrown->kind.data, "SyntaxError") == 0)
		place.column = quoin_eval_stack_column(ev->request.files[at->file].text, place.line, thrown->message.data);
	return place;
}

/* ---------------------------------------------------------- problems */

/* Who failed, for the front of a message: "defineX: ", or nothing for a file. */
static const char *
who(const struct quoin_eval_name *at, char out[LABEL_BYTES])
{
	out[0] = '\0';
	if (at->text.len > 0)
		snprintf(out, LABEL_BYTES, "%.*s: ", (int)(at->text.len < 128 ? at->text.len : 128),
		    (const char *)at->text.data);
	return out;
}

static const char *
code_of(const struct quoin_engine_thrown *thrown)
{
	static const char *const codes[] = {"unknown_objective", "unknown_constant", "not_available"};

	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		if (strcmp(thrown->code.data, codes[i]) == 0)
			return codes[i];
	}
	if (strcmp(thrown->message.data, "RangeError: Maximum call stack size exceeded.") == 0)
		return "recursion";
	if (strcmp(thrown->message.data, "RangeError: Out of memory") == 0)
		return "memory_limit";
	return strcmp(thrown->kind.data, "SyntaxError") == 0 ? "syntax" : "throws";
}

/* Why a file or function did not come to its end. Clears "thrown". */
static void
report_failure(struct evaluation *ev, const struct quoin_eval_name *at, enum quoin_engine_outcome outcome,
    struct quoin_engine_thrown *thrown)
{
	struct quoin_eval_place place;
	char label[LABEL_BYTES];
	const char *code;

	if (outcome == QUOIN_ENGINE_TIMED_OUT) {
		quoin_eval_reply_error(&ev->reply, "time_limit", place_of(ev, at),
		    "%sstill running after %u ms; look for a loop that does not end", who(at, label),
		    (ev->request.cpu_ms + 1) / 2);
		return;
	}
	code = code_of(thrown);
	place = place_of_thrown(ev, at, thrown);
	/* What a file that failed should have declared is missing in those after it: a consequence, not a problem. */
	if (!ev->file_failed || strcmp(thrown->kind.data, "ReferenceError") != 0)
		quoin_eval_reply_error(&ev->reply, code, place, "%s%s%s", who(at, label), thrown->message.data,
		    strcmp(code, "syntax") == 0 ? quoin_eval_syntax_advice(ev->request.files[at->file].text, place.line)
						: quoin_eval_variable_advice(thrown->message.data));
	quoin_engine_thrown_clear(thrown);
	/* If the next steps fail for want of memory too, this one is to blame. */
	if (strcmp(code, "memory_limit") == 0) {
		say_step("out", at);
		quoin_engine_collect(ev->engine);
	}
}

static void
on_print(void *ctx, struct quoin_engine_text text, struct quoin_engine_text stack)
{
	struct evaluation *ev = ctx;
	struct quoin_eval_place place = {0};

	quoin_eval_stack_place(ev->request.files, ev->request.file_count, quoin_engine_span(stack),
	    quoin_engine_column_shift, &place);
	/* The reply is strict JSON, where NUL has no place. */
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\0')
			text.data[i] = ' ';
	}
	quoin_eval_reply_console(&ev->reply, place, quoin_engine_span(text));
}

/* ---------------------------------------------------------- the files */

static bool
check_file(struct evaluation *ev, size_t index)
{
	const struct quoin_eval_file *file = &ev->request.files[index];
	struct quoin_eval_name at = {.file = index};
	struct quoin_engine_thrown thrown;
	enum quoin_engine_outcome outcome;

	if (!quoin_utf8_is_valid(file->text) ||
	    (file->text.len > 0 && memchr(file->text.data, 0, file->text.len) != NULL)) {
		quoin_eval_reply_error(&ev->reply, "encoding", place_of(ev, &at),
		    "the file is not UTF-8 text; save it as UTF-8 without NUL characters");
		return false;
	}
	say_step("at", &at);
	outcome = quoin_engine_check(ev->engine, file->path, file->text, &thrown);
	if (outcome != QUOIN_ENGINE_DONE)
		report_failure(ev, &at, outcome, &thrown);
	return outcome == QUOIN_ENGINE_DONE;
}

static void
check_files(struct evaluation *ev)
{
	size_t count = ev->request.file_count;

	ev->usable = calloc(count + 1, sizeof *ev->usable);
	if (ev->usable == NULL)
		abort();
	for (size_t i = 0; i < count; i++)
		ev->usable[i] = check_file(ev, i);
	for (size_t i = 0; i < count; i++) {
		if (!ev->usable[i])
			ev->file_failed = true;
	}
}

static void
run_files(struct evaluation *ev)
{
	for (size_t i = 0; i < ev->request.file_count; i++) {
		const struct quoin_eval_file *file = &ev->request.files[i];
		struct quoin_eval_name at = {.file = i};
		struct quoin_engine_thrown thrown;
		enum quoin_engine_outcome outcome;

		if (!ev->usable[i])
			continue;
		say_step("at", &at);
		outcome = quoin_engine_run(ev->engine, file->path, file->text, call_limit_ms(ev), &thrown);
		if (outcome != QUOIN_ENGINE_DONE) {
			report_failure(ev, &at, outcome, &thrown);
			ev->file_failed = true;
		}
	}
}

/* ---------------------------------------------------------- names */

static void
find_names(struct evaluation *ev)
{
	const struct quoin_eval_request *request = &ev->request;
	int rc = quoin_eval_declarations_find(request->files, request->file_count, ev->usable, quoin_engine_is_script,
	    ev->engine, &ev->declarations);

	if (rc == 0)
		rc = quoin_eval_undeclared_find(request->files, request->file_count, ev->usable, &ev->declarations,
		    &ev->undeclared);
	if (rc == QUOIN_ENOMEM)
		abort();
	if (rc != 0)
		quoin_eval_reply_error(&ev->reply, "too_large", (struct quoin_eval_place){0},
		    "the scripts name more than %u functions", QUOIN_EVAL_NAMES_MAX);
}

static void
report_twins(struct evaluation *ev)
{
	for (size_t i = 0; i < ev->declarations.count; i++) {
		const struct quoin_eval_name *name = &ev->declarations.items[i];
		const struct quoin_eval_name *twin;
		struct quoin_span path;

		if (name->twin == QUOIN_EVAL_NO_TWIN)
			continue;
		twin = &ev->declarations.items[name->twin];
		path = ev->request.files[twin->file].path;
		quoin_eval_reply_error(&ev->reply, "duplicate_function", place_of(ev, name),
		    "function %.*s is declared twice, first at %.*s:%u; rename one of them", (int)name->text.len,
		    (const char *)name->text.data, (int)path.len, (const char *)path.data, twin->line);
	}
}

/* Names like those of define functions that hold a function in some other way. */
static void
report_undeclared(struct evaluation *ev)
{
	for (size_t i = 0; i < ev->undeclared.count; i++) {
		const struct quoin_eval_name *name = &ev->undeclared.items[i];

		if (quoin_engine_is_bound_to_function(ev->engine, name->text))
			quoin_eval_reply_error(&ev->reply, "not_a_declaration", place_of(ev, name),
			    "%.*s holds a function but would not be called; write it as a function declaration: "
			    "function %.*s() { … }",
			    (int)name->text.len, (const char *)name->text.data, (int)name->text.len,
			    (const char *)name->text.data);
	}
}

/* ---------------------------------------------------------- the define functions */

/* Whether the function is the one that the name's place declares. */
static bool
is_as_declared(struct evaluation *ev, const struct quoin_eval_name *name, const struct quoin_engine_value *function)
{
	struct quoin_span script = ev->request.files[name->file].text;
	struct quoin_engine_text text = quoin_engine_source(ev->engine, function);
	bool same = text.len > 0 && text.len <= script.len - name->offset &&
	    memcmp(text.data, script.data + name->offset, text.len) == 0;

	free(text.data);
	return same;
}

/* Whether the function can be called; if not, why is reported. */
static bool
is_callable(struct evaluation *ev, const struct quoin_eval_name *name, const struct quoin_engine_value *value)
{
	const char *kind = quoin_engine_kind(ev->engine, value);
	struct quoin_eval_place place = place_of(ev, name);
	char label[LABEL_BYTES];

	if (strcmp(kind, "async") == 0) {
		quoin_eval_reply_error(&ev->reply, "async", place,
		    "%san async function, but rules are computed at once; remove \"async\"", who(name, label));
		return false;
	}
	if (strcmp(kind, "generator") == 0) {
		quoin_eval_reply_error(&ev->reply, "generator", place,
		    "%sa generator; return an array of rules instead", who(name, label));
		return false;
	}
	if (strcmp(kind, "function") != 0 && ev->file_failed)
		return false; /* its file may not have run at all */
	if (strcmp(kind, "function") != 0 || !is_as_declared(ev, name, value)) {
		quoin_eval_reply_error(&ev->reply, "redefined", place,
		    "%sno longer the function declared here once all files have run; do not assign to it",
		    who(name, label));
		return false;
	}
	return true;
}

static void
add_function(struct evaluation *ev, const struct quoin_eval_name *name, const struct quoin_engine_value *value)
{
	struct quoin_engine_json json;
	struct quoin_engine_thrown thrown;
	struct quoin_eval_place place = place_of(ev, name);
	enum quoin_engine_outcome outcome =
	    quoin_engine_serialize(ev->engine, value, QUOIN_EVAL_VALUES_BYTES_MAX, &json, &thrown);
	char label[LABEL_BYTES];
	char *rest = NULL;

	who(name, label);
	if (outcome != QUOIN_ENGINE_DONE) {
		report_failure(ev, name, outcome, &thrown);
		return;
	}
	if (json.problems.len == 0 &&
	    (json.too_large ||
		quoin_eval_reply_function(&ev->reply, name->text, place, quoin_engine_span(json.text)) == QUOIN_ELIMIT))
		quoin_eval_reply_error(&ev->reply, "too_large", place,
		    "%swith what it returns, all rules have more than %u bytes of JSON", label,
		    QUOIN_EVAL_VALUES_BYTES_MAX);
	for (char *line = strtok_r(json.problems.data, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		struct quoin_eval_place at = place;

		(void)quoin_spot_find_told(ev->request.files[name->file].text, line, &at.line, &at.column);
		quoin_eval_reply_error(&ev->reply, "not_json", at, "%sthe returned value %s; rules are plain JSON data", label,
		    line);
	}
	free(json.text.data);
	free(json.problems.data);
}

/* Nothing is returned by a function without "return", and by a "return" behind which the line ends. */
static void
report_nothing(struct evaluation *ev, const struct quoin_eval_name *name)
{
	struct quoin_engine_text text = quoin_engine_source(ev->engine, quoin_engine_global(ev->engine, name->text));
	struct quoin_eval_place place = place_of(ev, name);
	const char *advice = "return one rule or an array of rules";
	char label[LABEL_BYTES];
	uint32_t line = 1;

	switch (quoin_eval_return_find(quoin_engine_span(text), &line)) {
	case QUOIN_EVAL_RETURN_NONE:
		advice = "write \"return\" before the rule or the array of rules";
		break;
	case QUOIN_EVAL_RETURN_ALONE:
		advice = "a line that ends with \"return\" returns nothing, so begin the rule on that line";
		break;
	case QUOIN_EVAL_RETURN_SOME:
		break;
	}
	place.line += line - 1;
	quoin_eval_reply_error(&ev->reply, "returns_nothing", place, "%sreturns nothing; %s", who(name, label), advice);
	free(text.data);
}

static void
take_value(struct evaluation *ev, const struct quoin_eval_name *name, const struct quoin_engine_value *value)
{
	struct quoin_engine_text misfit = quoin_engine_misfit(ev->engine, value);
	struct quoin_eval_place place = place_of(ev, name);
	char label[LABEL_BYTES];

	who(name, label);
	if (strcmp(misfit.data, "nothing") == 0)
		report_nothing(ev, name);
	else if (strcmp(misfit.data, "promise") == 0)
		quoin_eval_reply_error(&ev->reply, "async", place,
		    "%sreturns a promise, but rules are computed at once; return one rule or an array of rules", label);
	else if (misfit.len > 0)
		quoin_eval_reply_error(&ev->reply, "not_json", place,
		    "%sreturns %s; return one rule or an array of rules", label, misfit.data);
	else
		add_function(ev, name, value);
	free(misfit.data);
}

static void
call_define(struct evaluation *ev, const struct quoin_eval_name *name)
{
	const struct quoin_engine_value *function = quoin_engine_global(ev->engine, name->text);
	const struct quoin_engine_value *value;
	struct quoin_engine_thrown thrown;
	enum quoin_engine_outcome outcome;

	if (!is_callable(ev, name, function))
		return;
	say_step("at", name);
	outcome = quoin_engine_call(ev->engine, function, call_limit_ms(ev), &value, &thrown);
	if (outcome != QUOIN_ENGINE_DONE)
		report_failure(ev, name, outcome, &thrown);
	else
		take_value(ev, name, value);
}

static void
call_defines(struct evaluation *ev)
{
	for (size_t i = 0; i < ev->declarations.count; i++) {
		const struct quoin_eval_name *name = &ev->declarations.items[i];

		if (!quoin_eval_name_is_define(name->text) || name->twin != QUOIN_EVAL_NO_TWIN)
			continue;
		if (time_left_ms(ev) == 0) {
			quoin_eval_reply_error(&ev->reply, "time_limit", place_of(ev, name),
			    "%.*s and the functions after it were not called: the time of %u ms is used up",
			    (int)name->text.len, (const char *)name->text.data, ev->request.cpu_ms);
			return;
		}
		call_define(ev, name);
	}
}

static void
warn_powers(struct evaluation *ev)
{
	for (size_t i = 0; i < ev->request.file_count; i++) {
		struct quoin_eval_name at = {.file = i};

		if (ev->usable[i] &&
		    quoin_eval_power_operator(ev->request.files[i].text, quoin_engine_is_script, ev->engine, &at.line))
			quoin_eval_reply_warning(&ev->reply, "power_operator", place_of(ev, &at),
			    "the result of ** may differ in its last digit from machine to machine; multiply instead");
	}
}

/* ---------------------------------------------------------- the evaluation */

static void
evaluate(struct evaluation *ev)
{
	ev->begin_ms = cpu_used_ms();
	check_files(ev);
	find_names(ev);
	report_twins(ev);
	run_files(ev);
	report_undeclared(ev);
	call_defines(ev);
	warn_powers(ev);
}

static void
start_engine(struct evaluation *ev)
{
	struct quoin_buf names;
	struct quoin_span constants = ev->request.constants;
	struct quoin_engine_text why;

	quoin_buf_init(&names, QUOIN_EVAL_REQUEST_BYTES_MAX);
	quoin_buf_put_byte(&names, '[');
	for (size_t i = 0; i < ev->request.objective_count; i++) {
		if (i > 0)
			quoin_buf_put_byte(&names, ',');
		quoin_json_print_string(ev->request.objectives[i], &names);
	}
	quoin_buf_put_byte(&names, ']');
	if (names.error != 0)
		die("cannot list the objectives", quoin_error_text(names.error));
	ev->engine = quoin_engine_new(quoin_buf_span(&names), constants.len > 0 ? constants : quoin_span_str("{}"),
	    on_print, ev, &why);
	if (ev->engine == NULL)
		die("cannot start the engine", why.data);
	quoin_buf_clear(&names);
}

#ifdef __SANITIZE_ADDRESS__
/* Running out of memory must end the process by a signal under the sanitizer, too. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "abort_on_error=1:allocator_may_return_null=1:detect_leaks=0:quarantine_size_mb=4:symbolize=0";
}
#endif

int
main(void)
{
	struct evaluation ev = {0};
	struct quoin_error err = {0};
	struct quoin_buf in, out;
	const char *step;

	clearenv();
	quoin_buf_init(&in, QUOIN_EVAL_REQUEST_BYTES_MAX + 65536);
	quoin_buf_init(&out, QUOIN_EVAL_REPLY_BYTES_MAX);
	read_all(&in);
	if (quoin_eval_request_decode(quoin_buf_span(&in), &ev.request, &err) != 0)
		die("not a request from quoin", err.message);
	quoin_eval_reply_init(&ev.reply);
	start_engine(&ev);
	if (quoin_eval_sandbox_enter(ev.request.cpu_ms, ev.request.memory_mb, &step) != 0)
		die(step, strerror(errno));
	evaluate(&ev);
	if (quoin_eval_reply_print(&ev.reply, &out) != 0)
		die("cannot hold the reply", quoin_error_text(out.error));
	write_all(quoin_buf_span(&out));
	/* Neither the engine's nor the C library's clean-up has a purpose here, or leave to make its calls. */
	_exit(ev.reply.error_count > 0 ? STATUS_REFUSED : 0);
}
