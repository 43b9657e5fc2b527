#include "subscriber/callback.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/text.h"

enum call_state {
	CALL_FREE,
	CALL_RUNNING,
	CALL_RETURNED, /* its thread is to be joined, if there is one */
};

struct call {
	struct quoin_callbacks *callbacks;
	enum call_state state; /* under the lock */
	bool has_thread;
	bool is_forgotten;
	pthread_t thread;
	struct quoin_agent_model_name name;
	struct quoin_hook_outcome outcome;
};

struct quoin_callbacks {
	struct quoin_subscriber_hooks hooks;
	int wake_fd;
	pthread_mutex_t lock;
	struct call calls[QUOIN_AGENT_HOOKS_MAX];
};

int
quoin_callbacks_new(const struct quoin_subscriber_hooks *hooks, int wake_fd, struct quoin_callbacks **ret)
{
	struct quoin_callbacks *callbacks = calloc(1, sizeof *callbacks);

	if (callbacks == NULL)
		return QUOIN_ENOMEM;
	if (hooks != NULL)
		callbacks->hooks = *hooks;
	callbacks->wake_fd = wake_fd;
	(void)pthread_mutex_init(&callbacks->lock, NULL);
	for (size_t i = 0; i < QUOIN_AGENT_HOOKS_MAX; i++)
		callbacks->calls[i].callbacks = callbacks;
	*ret = callbacks;
	return 0;
}

void
quoin_callbacks_free(struct quoin_callbacks *callbacks)
{
	if (callbacks == NULL)
		return;
	for (size_t i = 0; i < QUOIN_AGENT_HOOKS_MAX; i++)
		if (callbacks->calls[i].has_thread)
			(void)pthread_join(callbacks->calls[i].thread, NULL);
	(void)pthread_mutex_destroy(&callbacks->lock);
	free(callbacks);
}

static quoin_model_hook *
function_of(const struct quoin_callbacks *callbacks, enum quoin_hook hook)
{
	switch (hook) {
	case QUOIN_HOOK_LOAD:
		return callbacks->hooks.load;
	case QUOIN_HOOK_VALIDATE:
		return callbacks->hooks.validate;
	case QUOIN_HOOK_UNLOAD:
		return callbacks->hooks.unload;
	case QUOIN_HOOK_CHECK:
		return callbacks->hooks.check;
	}
	return NULL;
}

bool
quoin_callbacks_has(const struct quoin_callbacks *callbacks, enum quoin_hook hook)
{
	return function_of(callbacks, hook) != NULL;
}

/* With its thread at an end, or without one. */
static void
put_back(struct call *call)
{
	const uint64_t one = 1;

	(void)pthread_mutex_lock(&call->callbacks->lock);
	call->state = CALL_RETURNED;
	(void)pthread_mutex_unlock(&call->callbacks->lock);
	(void)!write(call->callbacks->wake_fd, &one, sizeof one);
}

static void *
run(void *ctx)
{
	struct call *call = ctx;
	const struct quoin_subscriber_model model = {call->name.name, call->name.version, call->name.uri,
	    call->name.digest};
	char reason[QUOIN_REASON_BYTES_MAX + 1] = "";
	int r =
	    function_of(call->callbacks, call->outcome.hook)(call->callbacks->hooks.ctx, &model, reason, sizeof reason);

	reason[sizeof reason - 1] = '\0';
	call->outcome.code = r == 0 ? 0 : r == QUOIN_FAILED_AGAIN ? QUOIN_EAGAIN : QUOIN_EREFUSED;
	if (call->outcome.code != 0)
		quoin_printable_copy(quoin_span_str(reason[0] != '\0' ? reason : "the application gives no reason"),
		    call->outcome.reason, sizeof call->outcome.reason);
	put_back(call);
	return NULL;
}

bool
quoin_callbacks_start(struct quoin_callbacks *callbacks, enum quoin_hook hook, uint64_t model,
    const struct quoin_agent_model_name *name)
{
	struct call *call = NULL;

	(void)pthread_mutex_lock(&callbacks->lock);
	for (size_t i = 0; i < QUOIN_AGENT_HOOKS_MAX && call == NULL; i++)
		if (callbacks->calls[i].state == CALL_FREE)
			call = &callbacks->calls[i];
	if (call != NULL)
		call->state = CALL_RUNNING;
	(void)pthread_mutex_unlock(&callbacks->lock);
	if (call == NULL)
		return false;
	call->is_forgotten = false;
	call->name = *name;
	memset(&call->outcome, 0, sizeof call->outcome);
	call->outcome.model = model;
	call->outcome.hook = hook;
	if (function_of(callbacks, hook) == NULL) {
		put_back(call);
		return true;
	}
	call->has_thread = pthread_create(&call->thread, NULL, run, call) == 0;
	if (call->has_thread)
		return true;
	call->outcome.code = QUOIN_ESYSTEM;
	(void)snprintf(call->outcome.reason, sizeof call->outcome.reason, "no thread to call the application");
	put_back(call);
	return true;
}

/* The first that returned, or NULL. */
static struct call *
find_returned(struct quoin_callbacks *callbacks)
{
	struct call *call = NULL;

	(void)pthread_mutex_lock(&callbacks->lock);
	for (size_t i = 0; i < QUOIN_AGENT_HOOKS_MAX && call == NULL; i++)
		if (callbacks->calls[i].state == CALL_RETURNED)
			call = &callbacks->calls[i];
	(void)pthread_mutex_unlock(&callbacks->lock);
	return call;
}

bool
quoin_callbacks_next(struct quoin_callbacks *callbacks, struct quoin_hook_outcome *ret)
{
	struct call *call;
	bool is_forgotten = true;

	while (is_forgotten && (call = find_returned(callbacks)) != NULL) {
		if (call->has_thread)
			(void)pthread_join(call->thread, NULL);
		call->has_thread = false;
		is_forgotten = call->is_forgotten;
		*ret = call->outcome;
		(void)pthread_mutex_lock(&callbacks->lock);
		call->state = CALL_FREE;
		(void)pthread_mutex_unlock(&callbacks->lock);
	}
	return !is_forgotten;
}

void
quoin_callbacks_forget(struct quoin_callbacks *callbacks)
{
	for (size_t i = 0; i < QUOIN_AGENT_HOOKS_MAX; i++)
		callbacks->calls[i].is_forgotten = true;
}
