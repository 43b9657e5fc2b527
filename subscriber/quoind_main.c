/* quoind(8): the agent as a daemon. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/crypto.h"
#include "lib/file.h"
#include "lib/log.h"
#include "subscriber/agent.h"

static struct quoin_agent *running;

static void
on_signal(int number)
{
	(void)number;
	if (running != NULL)
		quoin_agent_stop(running);
}

static void
print_usage(FILE *out)
{
	fprintf(out,
	    "usage: quoind [-c FILE] [-v] [--check-config]\n\n"
	    "  -c FILE          configuration; else $QUOIN_CONF, ./quoin.conf, /etc/quoin/quoin.conf\n"
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

static int
run(const struct quoin_conf *conf)
{
	struct sigaction stop = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
	struct quoin_error err = {0};
	int r;

	(void)sigaction(SIGPIPE, &ignore, NULL);
	/* A renewed certificate comes by the control topic; all else waits for a restart, which is cheap. */
	(void)sigaction(SIGHUP, &ignore, NULL);
	r = quoin_agent_open(conf, &running, &err);
	if (r != 0)
		return fail(&err);
	(void)sigaction(SIGTERM, &stop, NULL);
	(void)sigaction(SIGINT, &stop, NULL);
	r = quoin_agent_run(running, &err);
	quoin_agent_close(running);
	running = NULL;
	if (r != 0)
		return fail(&err);
	return 0;
}

int
main(int argc, char **argv)
{
	const char *path = NULL;
	struct quoin_conf conf = {0};
	struct quoin_error err = {0};
	bool check = false;
	int status;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			print_usage(stdout);
			return 0;
		}
		if (strcmp(argv[i], "-c") == 0 && i + 1 < argc) {
			path = argv[++i];
		} else if (strcmp(argv[i], "-v") == 0) {
			quoin_log_level_set(QUOIN_LOG_DEBUG);
		} else if (strcmp(argv[i], "--check-config") == 0) {
			check = true;
		} else {
			fprintf(stderr, "quoind: unknown option %s, or its value is missing; quoind --help lists them\n",
			    argv[i]);
			return 2;
		}
	}
	if (read_conf(path != NULL ? path : default_path(), &conf, &err) != 0)
		status = fail(&err);
	else if (check)
		status = quoin_agent_check(&conf, &err) == 0 ? 0 : fail(&err);
	else
		status = run(&conf);
	quoin_conf_clear(&conf);
	return status;
}
