#include "publisher/gate_hook.h"

#include <stdio.h>
#include <string.h>

#include "lib/error.h"

void
quoin_gate_hook_init(struct quoin_gate_hook *hook)
{
	memset(hook, 0, sizeof *hook);
}

void
quoin_gate_hook_stop(struct quoin_gate_hook *hook)
{
	quoin_process_stop(&hook->process);
	hook->is_asked = false;
}

void
quoin_gate_hook_start(struct quoin_gate_hook *hook, const char *program, uint64_t release, uint64_t token,
    uint64_t timeout_ms, int64_t mono_ms)
{
	const int64_t deadline_ms =
	    timeout_ms > (uint64_t)(INT64_MAX - mono_ms) ? INT64_MAX : mono_ms + (int64_t)timeout_ms;
	char number[24];
	const char *const arguments[] = {program, number, NULL};

	quoin_gate_hook_stop(hook);
	quoin_gate_hook_init(hook);
	hook->is_asked = true;
	hook->token = token;
	(void)snprintf(number, sizeof number, "%llu", (unsigned long long)release);
	hook->is_over = quoin_process_start(&hook->process, arguments, deadline_ms, hook->reason) != 0;
}

bool
quoin_gate_hook_ended(struct quoin_gate_hook *hook, int64_t mono_ms, int *ret_code)
{
	if (!hook->is_asked)
		return false;
	if (hook->is_over)
		/* A hook that is not there is the operator's mistake, and no sign of sickness: it is tried again. */
		*ret_code = QUOIN_EAGAIN;
	else if (!quoin_process_ended(&hook->process, mono_ms, ret_code, hook->reason))
		return false;
	hook->is_asked = false;
	return true;
}

size_t
quoin_gate_hook_poll(const struct quoin_gate_hook *hook, struct pollfd *fds)
{
	return quoin_process_poll(&hook->process, fds);
}
