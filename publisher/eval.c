#include "publisher/eval.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "publisher/eval_child.h"

/* The exit status of a helper whose reply holds an error (quoin-eval(8)). */
#define STATUS_REFUSED 3

/* ---------------------------------------------------------- the program */

static bool
is_program(const char *path)
{
	return access(path, X_OK) == 0;
}

/* "quoin-eval" beside the running program, or where an installation puts it from there. */
static bool
find_beside(char *out, size_t out_bytes)
{
	static const char *const places[] = {"quoin-eval", "../libexec/quoin/quoin-eval"};
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
	char *slash;

	if (len < 0)
		return false;
	self[len] = '\0';
	slash = strrchr(self, '/');
	if (slash == NULL)
		return false;
	*slash = '\0';
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		int n = snprintf(out, out_bytes, "%s/%s", self, places[i]);

		if (n > 0 && (size_t)n < out_bytes && is_program(out))
			return true;
	}
	return false;
}

static bool
find_in_path(char *out, size_t out_bytes)
{
	const char *path = getenv("PATH");

	while (path != NULL && *path != '\0') {
		size_t len = strcspn(path, ":");
		int n = snprintf(out, out_bytes, "%.*s/quoin-eval", (int)len, path);

		/* An empty or relative entry would run what happens to lie in the working directory. */
		if (path[0] == '/' && n > 0 && (size_t)n < out_bytes && is_program(out))
			return true;
		path += len + (path[len] == ':');
	}
	return false;
}

int
quoin_eval_find_program(char *out, size_t out_bytes, struct quoin_error *err)
{
	const char *named = getenv("QUOIN_EVAL");

	if (named != NULL && *named != '\0') {
		int n = snprintf(out, out_bytes, "%s", named);

		if (n > 0 && (size_t)n < out_bytes && is_program(out))
			return 0;
		return quoin_error_set(err, QUOIN_ENOENT, "$QUOIN_EVAL is \"%s\", which cannot be run", named);
	}
	if (find_beside(out, out_bytes) || find_in_path(out, out_bytes))
		return 0;
	return quoin_error_set(err, QUOIN_ENOENT,
	    "the program quoin-eval is missing; install it beside quoin, or name it in $QUOIN_EVAL");
}

/* ---------------------------------------------------------- a process that did not answer */

static uint32_t
cpu_ms(const struct quoin_eval_request *request)
{
	return request->cpu_ms > 0 ? request->cpu_ms : QUOIN_EVAL_CPU_MS_DEFAULT;
}

static uint32_t
memory_mb(const struct quoin_eval_request *request)
{
	return request->memory_mb > 0 ? request->memory_mb : QUOIN_EVAL_MEMORY_MB_DEFAULT;
}

/* Put the one problem that ended an evaluation in its reply. */
static void
report_end(struct quoin_eval_reply *reply, const struct quoin_eval_request *request,
    const struct quoin_eval_child *child)
{
	bool late = child->end == QUOIN_EVAL_LATE || child->status == SIGXCPU;
	const struct quoin_eval_step *step = !late && child->out.known ? &child->out : &child->at;
	struct quoin_eval_place place = {0};
	const char *colon = step->name[0] != '\0' ? ": " : "";

	if (step->file < request->file_count) {
		place.file = request->files[step->file].path;
		place.line = step->line;
	}
	if (late)
		quoin_eval_reply_error(reply, "time_limit", place,
		    "%s%sstill running when the time of %u ms was used up; look for a loop that does not end, or a "
		    "regular expression that backtracks",
		    step->name, colon, cpu_ms(request));
	else if (child->status == SIGSYS)
		quoin_eval_reply_error(reply, "not_available", place,
		    "%s%sthe engine asked the system for something that rules do not need, and was ended", step->name,
		    colon);
	else
		quoin_eval_reply_error(reply, "memory_limit", place,
		    "%s%sneeds more than the %u MiB that an evaluation gets (ended by signal %d)", step->name, colon,
		    memory_mb(request), child->status);
}

static int
reply_to_end(const struct quoin_eval_request *request, const struct quoin_eval_child *child, struct quoin_buf *out)
{
	struct quoin_eval_reply reply;
	int rc;

	quoin_eval_reply_init(&reply);
	report_end(&reply, request, child);
	rc = quoin_eval_reply_print(&reply, out);
	quoin_eval_reply_clear(&reply);
	return rc;
}

static int
reply_to_difference(struct quoin_buf *out)
{
	struct quoin_eval_reply reply;
	int rc;

	quoin_eval_reply_init(&reply);
	quoin_eval_reply_error(&reply, "differs", (struct quoin_eval_place){0},
	    "two evaluations of the same files gave different results; rules must depend on nothing but the files, and "
	    "stay well below the limits of time and memory");
	rc = quoin_eval_reply_print(&reply, out);
	quoin_eval_reply_clear(&reply);
	return rc;
}

/* ---------------------------------------------------------- the evaluation */

/* One evaluation. *ret_final: there is a problem, so that a second one has nothing to compare. */
static int
run_once(const char *program, const struct quoin_eval_request *request, struct quoin_span frame, struct quoin_buf *out,
    bool *ret_final, struct quoin_error *err)
{
	/* Processor time is what is bounded; a crowded machine may need several times that. */
	int64_t deadline_ms = 4 * (int64_t)cpu_ms(request) + 5000;
	struct quoin_eval_child child;
	int rc = quoin_eval_child_run(program, frame, QUOIN_EVAL_REPLY_BYTES_MAX, deadline_ms, &child, err);

	if (rc != 0)
		return rc == QUOIN_ELIMIT ? quoin_error_set(err, QUOIN_ESYSTEM, "%s answers without end", program) : rc;
	*ret_final = true;
	if (child.end == QUOIN_EVAL_EXITED && (child.status == 0 || child.status == STATUS_REFUSED)) {
		*ret_final = child.status == STATUS_REFUSED;
		rc = quoin_buf_put_span(out, quoin_buf_span(&child.output));
	} else if (child.end == QUOIN_EVAL_EXITED) {
		rc = quoin_error_set(err, QUOIN_ESYSTEM, "%s failed with status %d: %s", program, child.status,
		    child.complaint[0] != '\0' ? child.complaint : "it does not say why");
	} else if (!child.at.known) {
		rc = quoin_error_set(err, QUOIN_ESYSTEM, "%s ended before it looked at a file: %s", program,
		    child.complaint[0] != '\0' ? child.complaint : "the machine may lack memory or time");
	} else {
		rc = reply_to_end(request, &child, out);
	}
	quoin_eval_child_clear(&child);
	return rc;
}

static int
run_twice(const char *program, const struct quoin_eval_request *request, struct quoin_span frame, struct quoin_buf *out,
    struct quoin_error *err)
{
	struct quoin_buf again;
	bool final = false;
	int rc;

	quoin_buf_init(&again, QUOIN_EVAL_REPLY_BYTES_MAX);
	rc = run_once(program, request, frame, out, &final, err);
	if (rc == 0 && !final) {
		rc = run_once(program, request, frame, &again, &final, err);
		if (rc == 0 && !quoin_span_equal(quoin_buf_span(out), quoin_buf_span(&again))) {
			quoin_buf_reset(out);
			rc = reply_to_difference(out);
		}
	}
	quoin_buf_clear(&again);
	return rc;
}

int
quoin_eval_run(const struct quoin_eval_request *request, struct quoin_buf *ret_reply, struct quoin_error *err)
{
	struct quoin_buf frame, reply;
	char program[PATH_MAX];
	int rc;

	quoin_buf_init(&frame, QUOIN_EVAL_REQUEST_BYTES_MAX);
	quoin_buf_init(&reply, QUOIN_EVAL_REPLY_BYTES_MAX);
	rc = quoin_eval_find_program(program, sizeof program, err);
	if (rc == 0)
		rc = quoin_eval_request_encode(request, &frame, err);
	if (rc == 0)
		rc = run_twice(program, request, quoin_buf_span(&frame), &reply, err);
	if (rc == 0)
		*ret_reply = reply;
	else
		quoin_buf_clear(&reply);
	quoin_buf_clear(&frame);
	return rc;
}
