/* quoind(8): the agent as a daemon; or several, for tests and demonstrations of whole fleets. */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/crypto.h"
#include "lib/file.h"
#include "lib/log.h"
#include "subscriber/agent.h"

/* One host: its configuration, its agent, the thread that runs it. */
struct seat {
	struct quoin_conf conf;
	struct quoin_agent *agent;
	pthread_t thread;
	bool is_running;
	int result;
	struct quoin_error err;
};

static struct seat *seats;
static size_t seat_count;

static void
stop_all(void)
{
	for (size_t i = 0; i < seat_count; i++)
		if (seats[i].agent != NULL)
			quoin_agent_stop(seats[i].agent);
}

static void
on_signal(int number)
{
	(void)number;
	stop_all();
}

static void
print_usage(FILE *out)
{
	fprintf(out,
	    "usage: quoind [-c FILE]... [-v] [--check-config]\n\n"
	    "  -c FILE          configuration; else $QUOIN_CONF, ./quoin.conf, /etc/quoin/quoin.conf;\n"
	    "                   several: one agent for each, in this process\n"
	    "  -v               log more\n"
	    "  --check-config   read configuration and identity, say what is wrong, and end\n"
	    "  --help           this text\n\n"
	    "The manual is quoind(8).\n");
}

static int
fail(const struct quoin_error *err)
{
	char text[QUOIN_ERROR_MESSAGE_BYTES + QUOIN_ERROR_FILE_BYTES + 32];

	quoin_error_print(err, text, sizeof text);
	fprintf(stderr, "quoind: %s\n", text);
	return quoin_error_exit_status(err->code);
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

static const char *
default_path(void)
{
	const char *path = getenv("QUOIN_CONF");

	if (path != NULL)
		return path;
	return quoin_file_exists("./quoin.conf") ? "./quoin.conf" : "/etc/quoin/quoin.conf";
}

/* One that cannot go on ends all: half a process is worse than one that is started again. */
static void *
run_one(void *ctx)
{
	struct seat *seat = ctx;

	seat->result = quoin_agent_run(seat->agent, &seat->err);
	if (seat->result != 0)
		stop_all();
	return NULL;
}

static int
run_all(void)
{
	struct sigaction stop = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
	int status = 0;

	(void)sigaction(SIGPIPE, &ignore, NULL);
	/* A renewed certificate comes by the control topic; all else waits for a restart, which is cheap. */
	(void)sigaction(SIGHUP, &ignore, NULL);
	for (size_t i = 0; i < seat_count && status == 0; i++)
		if (quoin_agent_open(&seats[i].conf, &seats[i].agent, &seats[i].err) != 0)
			status = fail(&seats[i].err);
	if (status == 0) {
		(void)sigaction(SIGTERM, &stop, NULL);
		(void)sigaction(SIGINT, &stop, NULL);
	}
	for (size_t i = 0; i < seat_count && status == 0; i++) {
		seats[i].is_running = pthread_create(&seats[i].thread, NULL, run_one, &seats[i]) == 0;
		if (!seats[i].is_running) {
			(void)quoin_error_set(&seats[i].err, QUOIN_ESYSTEM, "cannot start a thread");
			status = fail(&seats[i].err);
			stop_all();
		}
	}
	for (size_t i = 0; i < seat_count; i++) {
		if (seats[i].is_running)
			(void)pthread_join(seats[i].thread, NULL);
		if (seats[i].result != 0)
			status = fail(&seats[i].err);
	}
	/* After the joins: a thread that fails reaches into all of them. */
	(void)sigaction(SIGTERM, &ignore, NULL);
	(void)sigaction(SIGINT, &ignore, NULL);
	for (size_t i = 0; i < seat_count; i++)
		quoin_agent_close(seats[i].agent);
	return status;
}

static int
read_all(char *const *paths, struct quoin_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < seat_count; i++)
		r = read_conf(paths[i], &seats[i].conf, err);
	return r;
}

static int
check_all(void)
{
	struct quoin_error err = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < seat_count; i++)
		r = quoin_agent_check(&seats[i].conf, &err);
	return r == 0 ? 0 : fail(&err);
}

/* Returns -1 to go on, or the exit status. */
static int
read_options(int argc, char **argv, char **paths, bool *ret_check)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			print_usage(stdout);
			return 0;
		}
		if (strcmp(argv[i], "-c") == 0 && i + 1 < argc) {
			paths[seat_count++] = argv[++i];
		} else if (strcmp(argv[i], "-v") == 0) {
			quoin_log_level_set(QUOIN_LOG_DEBUG);
		} else if (strcmp(argv[i], "--check-config") == 0) {
			*ret_check = true;
		} else {
			fprintf(stderr, "quoind: unknown option %s, or its value is missing; quoind --help lists them\n",
			    argv[i]);
			return 2;
		}
	}
	return -1;
}

static int
run_seats(char *const *paths, bool check)
{
	struct quoin_error err = {0};
	int status;

	seats = calloc(seat_count, sizeof *seats);
	if (seats == NULL)
		abort();
	if (read_all(paths, &err) != 0)
		status = fail(&err);
	else
		status = check ? check_all() : run_all();
	for (size_t i = 0; i < seat_count; i++)
		quoin_conf_clear(&seats[i].conf);
	free(seats);
	return status;
}

int
main(int argc, char **argv)
{
	char **paths = calloc((size_t)argc + 1, sizeof *paths), *default_file = strdup(default_path());
	bool check = false;
	int status;

	if (paths == NULL || default_file == NULL)
		abort();
	status = read_options(argc, argv, paths, &check);
	if (status == -1) {
		if (seat_count == 0)
			paths[seat_count++] = default_file;
		status = run_seats(paths, check);
	}
	free(default_file);
	free(paths);
	return status;
}
