#include "subscriber/hook.h"

#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/process.h"

struct run {
	bool is_used;
	bool is_over; /* could not be started: "outcome" says why */
	struct quoin_hook_outcome outcome;
	struct quoin_process process;
};

struct quoin_hooks {
	struct run runs[QUOIN_AGENT_HOOKS_MAX];
};

int
quoin_hooks_new(struct quoin_hooks **ret)
{
	*ret = calloc(1, sizeof **ret);
	return *ret == NULL ? QUOIN_ENOMEM : 0;
}

void
quoin_hooks_stop(struct quoin_hooks *hooks)
{
	for (size_t i = 0; i < QUOIN_AGENT_HOOKS_MAX; i++) {
		quoin_process_stop(&hooks->runs[i].process);
		hooks->runs[i].is_used = false;
	}
}

void
quoin_hooks_free(struct quoin_hooks *hooks)
{
	if (hooks == NULL)
		return;
	quoin_hooks_stop(hooks);
	free(hooks);
}

void
quoin_hooks_start(struct quoin_hooks *hooks, const char *program, enum quoin_hook hook, uint64_t model,
    const struct quoin_agent_model_name *name, int timeout_ms, int64_t mono_ms)
{
	const char *const arguments[] = {program, name->name, name->version, name->uri, name->digest, NULL};
	struct run *run = NULL;
	int r;

	for (size_t i = 0; i < QUOIN_AGENT_HOOKS_MAX && run == NULL; i++)
		if (!hooks->runs[i].is_used)
			run = &hooks->runs[i];
	QUOIN_ASSERT(run != NULL);
	memset(run, 0, sizeof *run);
	run->is_used = true;
	run->outcome.model = model;
	run->outcome.hook = hook;
	r = quoin_process_start(&run->process, arguments, mono_ms + timeout_ms, run->outcome.reason);
	run->is_over = r != 0;
	run->outcome.code = r;
}

/* Whether the hook is over, one way or the other. */
static bool
is_over(struct run *run, int64_t mono_ms)
{
	struct quoin_hook_outcome *outcome = &run->outcome;

	if (run->is_over)
		return true;
	if (!quoin_process_ended(&run->process, mono_ms, &outcome->code, outcome->reason))
		return false;
	if (outcome->code == 0)
		outcome->reason[0] = '\0';
	return true;
}

bool
quoin_hooks_next(struct quoin_hooks *hooks, int64_t mono_ms, struct quoin_hook_outcome *ret)
{
	for (size_t i = 0; i < QUOIN_AGENT_HOOKS_MAX; i++) {
		struct run *run = &hooks->runs[i];

		if (!run->is_used || !is_over(run, mono_ms))
			continue;
		*ret = run->outcome;
		run->is_used = false;
		return true;
	}
	return false;
}

size_t
quoin_hooks_poll(const struct quoin_hooks *hooks, struct pollfd *fds)
{
	size_t count = 0;

	for (size_t i = 0; i < QUOIN_AGENT_HOOKS_MAX; i++)
		if (hooks->runs[i].is_used)
			count += quoin_process_poll(&hooks->runs[i].process, fds + count);
	return count;
}

int64_t
quoin_hooks_deadline(const struct quoin_hooks *hooks)
{
	int64_t at = INT64_MAX;

	for (size_t i = 0; i < QUOIN_AGENT_HOOKS_MAX; i++) {
		const struct run *run = &hooks->runs[i];

		if (run->is_used && run->is_over)
			return 0;
		if (run->is_used && run->process.deadline_ms < at)
			at = run->process.deadline_ms;
	}
	return at;
}
