/*
 * Hooks: the programs of a serving host that load, validate, unload and check models, each a process (lib/process).
 * Nothing here blocks; one thread.
 */
#ifndef QUOIN_SUBSCRIBER_HOOK_H
#define QUOIN_SUBSCRIBER_HOOK_H

#include <poll.h>

#include "subscriber/core.h"

struct quoin_hooks;

/* *ret is the caller's to free. 0 or QUOIN_ENOMEM. */
int quoin_hooks_new(struct quoin_hooks **ret);
/* Kills what still runs. Accepts NULL. */
void quoin_hooks_free(struct quoin_hooks *hooks);
/* Kill what still runs and forget it. */
void quoin_hooks_stop(struct quoin_hooks *hooks);

/* Start "program" with the model's name, version, URI and digest as arguments. At most QUOIN_AGENT_HOOKS_MAX at once
 * (asserted). A program that cannot be started is an outcome like any other. */
void quoin_hooks_start(struct quoin_hooks *hooks, const char *program, enum quoin_hook hook, uint64_t model,
    const struct quoin_agent_model_name *name, int timeout_ms, int64_t mono_ms);

struct quoin_hook_outcome {
	uint64_t model;
	enum quoin_hook hook;
	int code; /* 0, QUOIN_EAGAIN, QUOIN_ETIMEOUT, QUOIN_EREFUSED (another exit or a signal), QUOIN_ENOENT… (not started) */
	char reason[QUOIN_REASON_BYTES_MAX + 1];
};
/* The next hook that ended, or was killed for its deadline: whether there was one. */
bool quoin_hooks_next(struct quoin_hooks *hooks, int64_t mono_ms, struct quoin_hook_outcome *ret);
/* Descriptors to poll, at most 2 * QUOIN_AGENT_HOOKS_MAX: how many. */
size_t quoin_hooks_poll(const struct quoin_hooks *hooks, struct pollfd *fds);
/* When the next deadline is; INT64_MAX if none. */
int64_t quoin_hooks_deadline(const struct quoin_hooks *hooks);

#endif
