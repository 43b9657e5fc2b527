#include "subscriber/watchdog.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define PROBE_TIMEOUT_MS 4000

struct quoin_watchdog {
	struct quoin_bus_conf conf;
	const char *topic;
	int wake_fd;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t has_question;
	bool is_asked;
	bool is_answered;
	bool is_ending;
	int code;
	struct quoin_error err;
};

/* A connection for this question alone: the one that reads may be what is stuck. */
static int
probe(const struct quoin_watchdog *watchdog, struct quoin_error *err)
{
	struct quoin_bus_reader *reader = NULL;
	int r;

	r = quoin_bus_reader_open(&watchdog->conf, &reader, err);
	if (r == 0)
		r = quoin_bus_reader_probe(reader, watchdog->topic, PROBE_TIMEOUT_MS, err);
	quoin_bus_reader_close(reader);
	return r;
}

static void *
run(void *ctx)
{
	struct quoin_watchdog *watchdog = ctx;
	const uint64_t one = 1;

	(void)pthread_mutex_lock(&watchdog->lock);
	while (!watchdog->is_ending) {
		struct quoin_error err = {0};
		int code;

		if (!watchdog->is_asked) {
			(void)pthread_cond_wait(&watchdog->has_question, &watchdog->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&watchdog->lock);
		code = probe(watchdog, &err);
		(void)pthread_mutex_lock(&watchdog->lock);
		watchdog->is_asked = false;
		watchdog->is_answered = true;
		watchdog->code = code;
		watchdog->err = err;
		(void)!write(watchdog->wake_fd, &one, sizeof one);
	}
	(void)pthread_mutex_unlock(&watchdog->lock);
	return NULL;
}

int
quoin_watchdog_start(const struct quoin_bus_conf *conf, const char *topic, int wake_fd, struct quoin_watchdog **ret,
    struct quoin_error *err)
{
	struct quoin_watchdog *watchdog = calloc(1, sizeof *watchdog);

	if (watchdog == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	watchdog->conf = *conf;
	watchdog->topic = topic;
	watchdog->wake_fd = wake_fd;
	(void)pthread_mutex_init(&watchdog->lock, NULL);
	(void)pthread_cond_init(&watchdog->has_question, NULL);
	if (pthread_create(&watchdog->thread, NULL, run, watchdog) != 0) {
		free(watchdog);
		return quoin_error_set(err, QUOIN_ESYSTEM, "cannot start a thread");
	}
	*ret = watchdog;
	return 0;
}

void
quoin_watchdog_stop(struct quoin_watchdog *watchdog)
{
	if (watchdog == NULL)
		return;
	(void)pthread_mutex_lock(&watchdog->lock);
	watchdog->is_ending = true;
	(void)pthread_cond_signal(&watchdog->has_question);
	(void)pthread_mutex_unlock(&watchdog->lock);
	(void)pthread_join(watchdog->thread, NULL);
	(void)pthread_cond_destroy(&watchdog->has_question);
	(void)pthread_mutex_destroy(&watchdog->lock);
	free(watchdog);
}

void
quoin_watchdog_ask(struct quoin_watchdog *watchdog)
{
	(void)pthread_mutex_lock(&watchdog->lock);
	watchdog->is_asked = true;
	(void)pthread_cond_signal(&watchdog->has_question);
	(void)pthread_mutex_unlock(&watchdog->lock);
}

bool
quoin_watchdog_next(struct quoin_watchdog *watchdog, int *ret_code, struct quoin_error *err)
{
	bool has;

	(void)pthread_mutex_lock(&watchdog->lock);
	has = watchdog->is_answered;
	watchdog->is_answered = false;
	*ret_code = watchdog->code;
	*err = watchdog->err;
	(void)pthread_mutex_unlock(&watchdog->lock);
	return has;
}
