/* The subscriber inside an application: an agent on a thread of its own, and a reader of its store. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "subscriber/agent.h"
#include "subscriber/store.h"
#include "subscriber/view.h"

#define LOOK_MS 5

struct quoin_subscriber {
	struct quoin_conf conf;
	struct quoin_agent *agent;
	struct quoin_reader *reader;
	pthread_t thread;
	bool is_running;
	_Atomic bool is_over; /* the thread came to its end */
	int code;	      /* then: why */
};

static void *
run(void *ctx)
{
	struct quoin_subscriber *subscriber = ctx;
	struct quoin_error err = {0};

	subscriber->code = quoin_agent_run(subscriber->agent, &err);
	atomic_store(&subscriber->is_over, true);
	return NULL;
}

static int
read_conf(const char *path, struct quoin_conf *ret, struct quoin_error *err)
{
	struct quoin_buf text;
	int r;

	quoin_buf_init(&text, QUOIN_CONF_BYTES_MAX);
	r = quoin_file_read(path, &text, err);
	if (r == 0)
		r = quoin_conf_parse(quoin_buf_span(&text), path, ret, err);
	quoin_buf_clear(&text);
	return r;
}

static int
start(struct quoin_subscriber *subscriber, const char *configuration, const struct quoin_subscriber_hooks *hooks,
    struct quoin_error *err)
{
	const struct quoin_conf *conf = &subscriber->conf;
	int r = read_conf(configuration, &subscriber->conf, err);

	if (r == 0)
		r = quoin_agent_open_inside(conf, hooks, &subscriber->agent, err);
	if (r == 0)
		r = quoin_agent_begin(subscriber->agent, err);
	if (r == 0 && (r = quoin_reader_new(&subscriber->reader)) != 0)
		(void)quoin_error_set(err, r, "out of memory");
	if (r == 0)
		r = quoin_follower_share(subscriber->reader, quoin_agent_store(subscriber->agent), conf->state,
		    conf->namespace_name, err);
	if (r != 0)
		return r;
	subscriber->is_running = pthread_create(&subscriber->thread, NULL, run, subscriber) == 0;
	return subscriber->is_running ? 0 : quoin_error_set(err, QUOIN_ESYSTEM, "no thread for the subscriber");
}

int
quoin_subscriber_open(const char *configuration, const struct quoin_subscriber_hooks *hooks,
    struct quoin_subscriber **ret_subscriber, struct quoin_message *message)
{
	struct quoin_subscriber *subscriber = calloc(1, sizeof *subscriber);
	struct quoin_error err = {0};
	sigset_t all, before;
	int r;

	if (subscriber == NULL) {
		(void)quoin_error_set(&err, QUOIN_ENOMEM, "out of memory");
		return quoin_message_set(message, &err);
	}
	/* Signals are the application's: every thread made here inherits this. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = start(subscriber, configuration, hooks, &err);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r != 0) {
		(void)quoin_subscriber_close(subscriber);
		return quoin_message_set(message, &err);
	}
	*ret_subscriber = subscriber;
	return 0;
}

struct quoin_reader *
quoin_subscriber_reader(struct quoin_subscriber *subscriber)
{
	return subscriber->reader;
}

bool
quoin_subscriber_is_ready(struct quoin_subscriber *subscriber)
{
	return !atomic_load(&subscriber->is_over) && quoin_agent_is_ready(subscriber->agent);
}

int
quoin_subscriber_wait(struct quoin_subscriber *subscriber, bool fresh, int64_t timeout_ms)
{
	static const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000};
	const struct quoin_pulse *pulse = quoin_store_pulse(quoin_agent_store(subscriber->agent));
	const int64_t start_ms = quoin_clock_mono_ms();

	for (;;) {
		if (atomic_load(&subscriber->is_over))
			return subscriber->code != 0 ? subscriber->code : QUOIN_EMISSING;
		if (quoin_agent_is_up(subscriber->agent) &&
		    (!fresh || !quoin_pulse_is_stale(pulse, quoin_clock_boot_ms())))
			return 0;
		if (timeout_ms >= 0 && quoin_clock_mono_ms() - start_ms >= timeout_ms)
			return QUOIN_ETIMEOUT;
		(void)nanosleep(&pause, NULL);
	}
}

int
quoin_subscriber_close(struct quoin_subscriber *subscriber)
{
	int code;

	if (subscriber == NULL)
		return 0;
	if (subscriber->is_running) {
		quoin_agent_stop(subscriber->agent);
		(void)pthread_join(subscriber->thread, NULL);
	}
	code = subscriber->code;
	/* The reader lies in the agent's store. */
	quoin_reader_close(subscriber->reader);
	quoin_agent_close(subscriber->agent);
	quoin_conf_clear(&subscriber->conf);
	free(subscriber);
	return code;
}
