/*
 * The gate's health hook as a process (gate.health_hook): run without a shell, with /dev/null as input and output, in a
 * process group of its own, killed at its deadline. One at a time; nothing here blocks; one thread.
 */
#ifndef QUOIN_PUBLISHER_GATE_HOOK_H
#define QUOIN_PUBLISHER_GATE_HOOK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/limits.h"

struct quoin_gate_hook {
	bool is_running;
	bool is_over; /* it could not be started: "reason" says why */
	uint64_t token;
	pid_t pid;
	int pid_fd, err_fd; /* -1: none */
	int64_t deadline_ms;
	char tail[1024]; /* the end of its standard error */
	size_t tail_bytes;
	char reason[QUOIN_REASON_BYTES_MAX + 1];
};

/* Nothing runs. */
void quoin_gate_hook_init(struct quoin_gate_hook *hook);
/* End what still runs. */
void quoin_gate_hook_stop(struct quoin_gate_hook *hook);

/* Run "program" with the release's number as its argument; what still ran is ended. */
void quoin_gate_hook_start(struct quoin_gate_hook *hook, const char *program, uint64_t release, uint64_t token,
    uint64_t timeout_ms, int64_t mono_ms);
/* Whether it ended; then "ret_code" is 0, QUOIN_EAGAIN (exit 75), QUOIN_ETIMEOUT or QUOIN_EREFUSED, and "reason" the last
 * line of its standard error. */
bool quoin_gate_hook_ended(struct quoin_gate_hook *hook, int64_t mono_ms, int *ret_code);
/* To be polled for reading: it ended; -1 if nothing runs. */
int quoin_gate_hook_fd(const struct quoin_gate_hook *hook);

#endif
