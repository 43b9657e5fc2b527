/* quoind(8): the agent as a daemon; or several, for tests and demonstrations of whole fleets. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/crypto.h"
#include "lib/file.h"
#include "lib/json_writer.h"
#include "lib/log.h"
#include "subscriber/agent.h"
#include "subscriber/export.h"
#include "subscriber/import.h"

/* One host. With several, each has a process of its own below this one: agents fork, and forks of many threads are fragile. */
struct seat {
	struct quoin_conf conf;
	pid_t pid; /* 0: not running */
};

static struct seat *seats;
static size_t seat_count;
static struct quoin_agent *running; /* of this process */
static bool is_json;		    /* what --import says is for programs */

static void
on_signal(int number)
{
	if (running == NULL)
		return;
	if (number == SIGHUP)
		quoin_agent_hangup(running);
	else
		quoin_agent_stop(running);
}

static void
print_usage(FILE *out)
{
	fprintf(out,
	    "usage: quoind [-c FILE]... [-v] [--check-config | --import OUT [--json] | --export OUT [--json]]\n\n"
	    "  -c FILE          configuration; else $QUOIN_CONF, ./quoin.conf, /etc/quoin/quoin.conf;\n"
	    "                   several: an agent for each, in processes below this one\n"
	    "  -v               log more\n"
	    "  --check-config   read configuration and identity, say whether they are good, and end\n"
	    "  --import OUT     seed the store of this router from an exported release, and end;\n"
	    "                   with --json the result as an object\n"
	    "  --export OUT     write what this host's store holds as files, and end\n"
	    "  --help           this text\n\n"
	    "The manual is quoind(8).\n");
}

static int
fail(const struct quoin_error *err)
{
	char text[QUOIN_ERROR_MESSAGE_BYTES + QUOIN_ERROR_FILE_BYTES + 32];
	struct quoin_buf json;

	if (is_json) {
		quoin_buf_init(&json, 64u << 10);
		quoin_json_print_failure(err, &json);
		puts(quoin_buf_str(&json));
		quoin_buf_clear(&json);
	} else {
		quoin_error_print(err, text, sizeof text);
		fprintf(stderr, "quoind: %s\n", text);
	}
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
	else if (quoin_error_class(r) == QUOIN_CLASS_DATA) /* a directory, or far too large */
		r = err->code = QUOIN_ECONFIG;
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
run_one(const struct quoin_conf *conf)
{
	struct sigaction stop = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
	struct quoin_error err = {0};
	int r;

	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGHUP, &ignore, NULL);
	r = quoin_agent_open(conf, &running, &err);
	if (r != 0)
		return fail(&err);
	(void)sigaction(SIGTERM, &stop, NULL);
	(void)sigaction(SIGINT, &stop, NULL);
	(void)sigaction(SIGHUP, &stop, NULL);
	r = quoin_agent_run(running, &err);
	quoin_agent_close(running);
	running = NULL;
	if (r != 0)
		return fail(&err);
	return 0;
}

/* In the child of a parent of several: as if it had been started alone, but that it ends with its parent. */
static _Noreturn void
sit_down(const struct seat *seat, pid_t parent, const sigset_t *mask)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		exit(1);
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
	exit(run_one(&seat->conf));
}

static void
signal_seats(int number)
{
	for (size_t i = 0; i < seat_count; i++)
		if (seats[i].pid != 0)
			(void)kill(seats[i].pid, number);
}

/* Take the ones that have ended. Returns how many go on; *status is that of the first that failed. */
static size_t
reap_seats(int *status)
{
	size_t left = 0;

	for (size_t i = 0; i < seat_count; i++) {
		int how;

		if (seats[i].pid != 0 && waitpid(seats[i].pid, &how, WNOHANG) == seats[i].pid) {
			seats[i].pid = 0;
			if (*status == 0 && how != 0)
				*status = WIFEXITED(how) ? WEXITSTATUS(how) : 1;
		}
		left += seats[i].pid != 0;
	}
	return left;
}

/* Several agents. One that ends ends all: half of them is worse than all started again. */
static int
run_several(void)
{
	const pid_t parent = getpid();
	sigset_t signals, before;
	int number, status = 0;
	size_t left = seat_count;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &signals, &before);
	for (size_t i = 0; i < seat_count && status == 0; i++) {
		seats[i].pid = fork();
		if (seats[i].pid == 0)
			sit_down(&seats[i], parent, &before);
		if (seats[i].pid == -1) {
			struct quoin_error err = {0};

			seats[i].pid = 0;
			(void)quoin_error_sys(&err, QUOIN_ESYSTEM, "cannot fork");
			status = fail(&err);
			signal_seats(SIGTERM);
		}
	}
	while (left > 0) {
		const size_t before_it = left;

		if (sigwait(&signals, &number) != 0)
			continue;
		left = reap_seats(&status);
		if (number == SIGHUP && left == before_it)
			signal_seats(SIGHUP);
		else if (number != SIGCHLD || left < before_it)
			signal_seats(SIGTERM);
	}
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

	for (size_t i = 0; r == 0 && i < seat_count; i++) {
		struct quoin_cert cert;

		r = quoin_agent_check(&seats[i].conf, &cert, &err);
		if (r == 0)
			printf("%s: good for host %s of namespace %s, %s%s%s\n", seats[i].conf.file, cert.host, cert.origin.name,
			    quoin_host_role_name(cert.role), cert.shard[0] != '\0' ? " on shard " : "", cert.shard);
	}
	return r == 0 ? 0 : fail(&err);
}

static int
import_export(const char *out)
{
	struct quoin_error err = {0};
	uint64_t release = 0;
	int r;

	if (seat_count != 1)
		r = quoin_error_set(&err, QUOIN_EUSAGE, "--import takes one configuration");
	else
		r = quoin_store_import(&seats[0].conf, out, &release, &err);
	if (r != 0)
		return fail(&err);
	if (is_json)
		printf("{\"release\":%llu}\n", (unsigned long long)release);
	else
		fprintf(stderr, "release %llu is in the store of this host; it is served, stale, until the gate is heard\n",
		    (unsigned long long)release);
	return 0;
}

static int
export_store(const char *out)
{
	struct quoin_error err = {0};
	uint64_t release = 0;
	int r;

	if (seat_count != 1)
		r = quoin_error_set(&err, QUOIN_EUSAGE, "--export takes one configuration");
	else
		r = quoin_store_export(&seats[0].conf, out, &release, &err);
	if (r != 0)
		return fail(&err);
	if (is_json)
		printf("{\"ok\":true,\"release\":%llu}\n", (unsigned long long)release);
	else
		fprintf(stderr, "release %llu is in %s, with the parts that this host holds\n", (unsigned long long)release, out);
	return 0;
}

struct options {
	bool check;
	const char *import, *export;
};

/* Returns -1 to go on, or the exit status. */
static int
read_options(int argc, char **argv, char **paths, struct options *ret)
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
			ret->check = true;
		} else if (strcmp(argv[i], "--json") == 0) {
			is_json = true;
		} else if (strcmp(argv[i], "--import") == 0 && i + 1 < argc) {
			ret->import = argv[++i];
		} else if (strcmp(argv[i], "--export") == 0 && i + 1 < argc) {
			ret->export = argv[++i];
		} else {
			fprintf(stderr, "quoind: unknown option %s, or its value is missing; quoind --help lists them\n",
			    argv[i]);
			return 2;
		}
	}
	return -1;
}

static int
run_seats(char *const *paths, const struct options *options)
{
	struct quoin_error err = {0};
	int status;

	seats = calloc(seat_count, sizeof *seats);
	if (seats == NULL)
		abort();
	if (read_all(paths, &err) != 0)
		status = fail(&err);
	else if (options->import != NULL)
		status = import_export(options->import);
	else if (options->export != NULL)
		status = export_store(options->export);
	else if (options->check)
		status = check_all();
	else
		status = seat_count == 1 ? run_one(&seats[0].conf) : run_several();
	for (size_t i = 0; i < seat_count; i++)
		quoin_conf_clear(&seats[i].conf);
	free(seats);
	return status;
}

int
main(int argc, char **argv)
{
	char **paths = calloc((size_t)argc + 1, sizeof *paths), *default_file = strdup(default_path());
	struct options options = {0};
	int status;

	if (paths == NULL || default_file == NULL)
		abort();
	status = read_options(argc, argv, paths, &options);
	if (status == -1) {
		if (seat_count == 0)
			paths[seat_count++] = default_file;
		status = run_seats(paths, &options);
	}
	free(default_file);
	free(paths);
	return status;
}
