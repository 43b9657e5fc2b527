/*
 * A serving host in one process: it is told which models to load, and answers whether it may take requests.
 *
 *	serve CONF
 *
 * CONF is a quoin.conf with the identity of a serving host. Models are only named here; a real server loads them.
 * Ends with SIGINT or SIGTERM.
 */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include <quoin.h>

static volatile sig_atomic_t is_stopped;

static void
on_signal(int number)
{
	(void)number;
	is_stopped = 1;
}

/* Called on a thread of its own; it may take minutes. */
static int
load(void *ctx, const struct quoin_subscriber_model *model, char *reason, size_t reason_bytes)
{
	(void)ctx;
	if (model->uri[0] == '\0') {
		snprintf(reason, reason_bytes, "no place to load it from");
		return QUOIN_FAILED_NOT_FOUND;
	}
	printf("load %s@%s from %s\n", model->model, model->version, model->uri);
	fflush(stdout);
	return 0;
}

static int
unload(void *ctx, const struct quoin_subscriber_model *model, char *reason, size_t reason_bytes)
{
	(void)ctx;
	(void)reason;
	(void)reason_bytes;
	printf("unload %s@%s\n", model->model, model->version);
	fflush(stdout);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct quoin_subscriber_hooks hooks = {.load = load, .unload = unload};
	const struct timespec pause = {.tv_nsec = 50000000};
	struct quoin_subscriber *subscriber;
	struct quoin_message message;
	bool was_ready = false;
	int r;

	if (argc != 2) {
		fprintf(stderr, "usage: serve CONF\n");
		return 2;
	}
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	if (quoin_subscriber_open(argv[1], &hooks, &subscriber, &message) != 0) {
		fprintf(stderr, "serve: %s\n", message.text);
		return 1;
	}
	while (!is_stopped) {
		bool is_ready = quoin_subscriber_is_ready(subscriber);

		if (is_ready != was_ready) {
			printf("%s\n", is_ready ? "takes requests" : "takes no requests");
			fflush(stdout);
		}
		was_ready = is_ready;
		/* Whether it ended by itself. */
		r = quoin_subscriber_wait(subscriber, false, 0);
		if (r != 0 && r != QUOIN_FAILED_TIMEOUT)
			break;
		nanosleep(&pause, NULL);
	}
	r = quoin_subscriber_close(subscriber);
	if (r != 0)
		fprintf(stderr, "serve: %s\n", quoin_code_text(r));
	return r == 0 ? 0 : 1;
}
