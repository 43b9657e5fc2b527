/*
 * One run of quoin-eval(8): a process, its three pipes, a deadline.
 */
#ifndef QUOIN_PUBLISHER_EVAL_CHILD_H
#define QUOIN_PUBLISHER_EVAL_CHILD_H

#include "lib/bytes.h"
#include "lib/error.h"

/* A line of its standard error: "at FILE LINE NAME" before each step, "out FILE LINE NAME" when a step ran out of
 * memory and the evaluation goes on. */
struct quoin_eval_step {
	bool known;
	uint32_t file; /* index in the request; not checked */
	uint32_t line; /* 0: none */
	char name[129];
};

enum quoin_eval_end {
	QUOIN_EVAL_EXITED,   /* "status" is the exit status */
	QUOIN_EVAL_SIGNALED, /* "status" is the signal */
	QUOIN_EVAL_LATE,     /* it was killed at the deadline */
};

struct quoin_eval_child {
	enum quoin_eval_end end;
	int status;
	struct quoin_buf output;    /* of its standard output */
	struct quoin_eval_step at;  /* the last step it began */
	struct quoin_eval_step out; /* the last step that ran out of memory */
	char complaint[256];	    /* the last other line of its standard error, made printable */
};

/*
 * Run "program" without arguments and environment, give it "input", and wait for its end, at most deadline_ms.
 * *ret is set on success and the caller's to clear, however the process ended. Returns 0, QUOIN_ESYSTEM (it could not
 * be started or waited for), QUOIN_ELIMIT (it wrote more than output_bytes_max and was killed), QUOIN_ENOMEM.
 */
int quoin_eval_child_run(const char *program, struct quoin_span input, size_t output_bytes_max, int64_t deadline_ms,
    struct quoin_eval_child *ret, struct quoin_error *err);
void quoin_eval_child_clear(struct quoin_eval_child *child);

/* Read one line of standard error, without its newline, into the child's account. */
void quoin_eval_child_hear(struct quoin_eval_child *child, struct quoin_span line);

#endif
