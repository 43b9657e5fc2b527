/*
 * A child of "quoin dev": another program, its output in a log file, ended with its parent whatever ends that.
 *
 * Children are in process groups of their own, so that Ctrl-C reaches only the parent, which ends them in order.
 */
#ifndef QUOIN_PUBLISHER_DEV_CHILD_H
#define QUOIN_PUBLISHER_DEV_CHILD_H

#include <sys/types.h>

#include "formats/conf.h"
#include "lib/error.h"

#define QUOIN_DEV_CHILD_TAIL_LINES 10

struct quoin_dev_child {
	char name[QUOIN_NAME_BYTES_MAX + 16];
	char log[QUOIN_PATH_BYTES_MAX]; /* "": output goes where the parent's messages go */
	char **argv;			/* owned, NULL-terminated; argv[0] is the program's path */
	size_t argc;
	pid_t pid;		    /* 0: not running */
	int64_t started_ms;	    /* monotonic */
	int64_t start_again_ms;	    /* 0: not waiting to */
	unsigned early_deaths;	    /* in a row */
};

/* Append an argument (copied). QUOIN_ENOMEM. */
int quoin_dev_child_add(struct quoin_dev_child *child, const char *arg);
/* Free; the child must not be running. */
void quoin_dev_child_clear(struct quoin_dev_child *child);

/* QUOIN_ENOENT (no such program), QUOIN_ESYSTEM. */
int quoin_dev_child_start(struct quoin_dev_child *child, struct quoin_error *err);

/* Whether it has ended; *ret_status is that of waitpid(2), and the child is not running any more. */
bool quoin_dev_child_ended(struct quoin_dev_child *child, int *ret_status);
/* "exit status 3", "signal 9 (Killed)". */
void quoin_dev_child_status_print(int status, char *out, size_t out_bytes);
/* The last lines of its log on stderr, indented. */
void quoin_dev_child_tail(const struct quoin_dev_child *child);

/* Ask all to end (SIGTERM), wait until they have, and kill what has not after timeout_ms. */
void quoin_dev_children_stop(struct quoin_dev_child *children, size_t count, int64_t timeout_ms);

#endif
