/*
 * Process: a program that answers by how it ends, within a time: the hooks.
 *
 * It is run without a shell, with /dev/null as input and output, in a process group of its own, without any of our
 * descriptors and signal settings. The last line of its standard error is the reason. At its deadline the whole group is
 * killed. Nothing here blocks; one thread.
 */
#ifndef QUOIN_LIB_PROCESS_H
#define QUOIN_LIB_PROCESS_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/limits.h"

struct quoin_process {
	bool runs;
	pid_t pid;
	int pid_fd, err_fd; /* -1: none */
	int64_t deadline_ms;
	char tail[1024]; /* the end of its standard error */
	size_t tail_bytes;
};

/* Run "arguments", the first of which is the program's path and the last NULL; they are borrowed until it returns. What
 * "process" was is not looked at. 0; QUOIN_ENOENT (no such program), QUOIN_ESYSTEM: it did not start, and "reason" (of
 * QUOIN_REASON_BYTES_MAX + 1 bytes) says why. */
int quoin_process_start(struct quoin_process *process, const char *const *arguments, int64_t deadline_ms, char *reason);
/* Whether it ended, or was killed for its deadline; it must run (asserted). Then *ret_code is 0 (exit 0), QUOIN_EAGAIN
 * (exit 75, EX_TEMPFAIL), QUOIN_ETIMEOUT or QUOIN_EREFUSED (another exit or a signal), and "reason" its last line, or how
 * it ended; after exit 0 it may be empty. */
bool quoin_process_ended(struct quoin_process *process, int64_t mono_ms, int *ret_code, char *reason);
/* Kill the group, if it runs. All zero is fine. */
void quoin_process_stop(struct quoin_process *process);

/* What to poll while it runs: how many were put, at most 2. */
size_t quoin_process_poll(const struct quoin_process *process, struct pollfd *fds);

#endif
