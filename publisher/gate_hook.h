/*
 * The gate's health hook (gate.health_hook): one process at a time (lib/process), with the question that it answers.
 */
#ifndef QUOIN_PUBLISHER_GATE_HOOK_H
#define QUOIN_PUBLISHER_GATE_HOOK_H

#include "lib/process.h"

struct quoin_gate_hook {
	bool is_asked;
	bool is_over; /* it could not be started: "reason" says why */
	uint64_t token;
	struct quoin_process process;
	char reason[QUOIN_REASON_BYTES_MAX + 1];
};

/* Nothing runs. */
void quoin_gate_hook_init(struct quoin_gate_hook *hook);
/* End what still runs. */
void quoin_gate_hook_stop(struct quoin_gate_hook *hook);

/* Run "program" with the release's number as its argument; what still ran is ended. */
void quoin_gate_hook_start(struct quoin_gate_hook *hook, const char *program, uint64_t release, uint64_t token,
    uint64_t timeout_ms, int64_t mono_ms);
/* Whether it ended; then "ret_code" and "reason" are those of quoin_process_ended. A program that cannot be started answers
 * QUOIN_EAGAIN. */
bool quoin_gate_hook_ended(struct quoin_gate_hook *hook, int64_t mono_ms, int *ret_code);
/* What to poll: how many were put, at most 2. */
size_t quoin_gate_hook_poll(const struct quoin_gate_hook *hook, struct pollfd *fds);

#endif
