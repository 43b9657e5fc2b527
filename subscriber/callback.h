/*
 * Callbacks: the hooks of a serving host as functions of the process that the agent runs in (quoin_subscriber(3)). Each call
 * has a thread of its own, so that a model may take minutes to load; there is no deadline, for a function cannot be killed.
 * Nothing here blocks but quoin_callbacks_free.
 */
#ifndef QUOIN_SUBSCRIBER_CALLBACK_H
#define QUOIN_SUBSCRIBER_CALLBACK_H

#include "subscriber/hook.h"
#include "subscriber/quoin.h"

struct quoin_callbacks;

/* "hooks" is copied. "wake_fd" (an eventfd) is written when a call has returned. 0, QUOIN_ENOMEM. */
int quoin_callbacks_new(const struct quoin_subscriber_hooks *hooks, int wake_fd, struct quoin_callbacks **ret);
/* Waits for the calls that still run. Accepts NULL. */
void quoin_callbacks_free(struct quoin_callbacks *callbacks);

/* Whether the application has this one; what it has not is done as soon as it is asked for. */
bool quoin_callbacks_has(const struct quoin_callbacks *callbacks, enum quoin_hook hook);
/* false: as many as can be are running; ask again. A thread that cannot be had is an outcome like any other. */
bool quoin_callbacks_start(struct quoin_callbacks *callbacks, enum quoin_hook hook, uint64_t model,
    const struct quoin_agent_model_name *name);
/* The next call that returned: whether there was one. */
bool quoin_callbacks_next(struct quoin_callbacks *callbacks, struct quoin_hook_outcome *ret);
/* What the calls that still run will say is of no interest any more. */
void quoin_callbacks_forget(struct quoin_callbacks *callbacks);

#endif
