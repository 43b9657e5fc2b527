#include "tests/bench/site.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/file.h"
#include "publisher/publish.h"
#include "tests/bench/bench.h"

#define ARGS_MAX   24
#define TIMEOUT_MS 60000
#define FREE	   "{\"routers\": {\"staged_percent\": 0}, \"drain_ms\": 0}\n"
#define DRAINED	   "{\"drain_ms\": 0}\n"
#define LOG	   "%s/%s.log"

/* ---- Processes ---- */

static pid_t
start(struct site *site, const char *log, const char *path, char *const *argv)
{
	posix_spawn_file_actions_t files;
	char name[1024], conf[1024];
	pid_t pid;

	snprintf(name, sizeof name, LOG, site->dir, log);
	snprintf(conf, sizeof conf, "%s/quoin.conf", site->dir);
	/* Not fork: what this process has in memory would be copied, and be part of the figure. */
	(void)posix_spawn_file_actions_init(&files);
	if (posix_spawn_file_actions_addopen(&files, 1, name, O_WRONLY | O_CREAT | O_APPEND, 0600) != 0 ||
	    posix_spawn_file_actions_adddup2(&files, 1, 2) != 0 || setenv("QUOIN_CONF", conf, 1) != 0 ||
	    posix_spawn(&pid, path, &files, NULL, argv, environ) != 0)
		bench_die("cannot start %s", path);
	(void)posix_spawn_file_actions_destroy(&files);
	return pid;
}

static void
show_log(const struct site *site, const char *log)
{
	struct quoin_buf text;
	char name[1024];

	snprintf(name, sizeof name, LOG, site->dir, log);
	quoin_buf_init(&text, 16 << 20);
	if (quoin_file_read(name, &text, NULL) == 0)
		fprintf(stderr, "%s:\n%s", log, quoin_buf_str(&text) + (text.len > 4000 ? text.len - 4000 : 0));
	quoin_buf_clear(&text);
}

static pid_t
start_command(struct site *site, const char *program, va_list args)
{
	const char *argv[ARGS_MAX + 2] = {program};
	size_t count = 1;

	while (count <= ARGS_MAX && (argv[count] = va_arg(args, const char *)) != NULL)
		count++;
	return start(site, "commands", strchr(program, '/') != NULL ? program : bench_program(program),
	    (char *const *)(uintptr_t)argv);
}

void
site_run(struct site *site, const char *program, ...)
{
	va_list args;
	pid_t pid;

	va_start(args, program);
	pid = start_command(site, program, args);
	va_end(args);
	if (site_wait_exit(pid) == 0)
		return;
	show_log(site, "commands");
	show_log(site, "gate");
	show_log(site, "router");
	bench_die("%s failed", program);
}

pid_t
site_spawn(struct site *site, const char *program, ...)
{
	va_list args;
	pid_t pid;

	va_start(args, program);
	pid = start_command(site, program, args);
	va_end(args);
	return pid;
}

bool
site_is_running(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

int
site_wait_exit(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static void
wait_line(struct site *site, const char *log, const char *line)
{
	double deadline = bench_wall_ns() + TIMEOUT_MS * 1e6;
	struct quoin_buf text;
	char name[1024];
	bool found = false;

	snprintf(name, sizeof name, LOG, site->dir, log);
	while (!found) {
		quoin_buf_init(&text, 64 << 20);
		found = quoin_file_read(name, &text, NULL) == 0 && strstr(quoin_buf_str(&text), line) != NULL;
		quoin_buf_clear(&text);
		if (found)
			return;
		if (bench_wall_ns() > deadline) {
			show_log(site, log);
			bench_die("%s never said %s", log, line);
		}
		pause_ms(2);
	}
}

static void
end_process(pid_t *pid)
{
	if (*pid > 0 && kill(*pid, SIGTERM) == 0)
		(void)waitpid(*pid, NULL, 0);
	*pid = 0;
}

/* ---- Broker ---- */

static bool
start_kafka(struct site *site)
{
	char command[2048], owner[32];
	struct quoin_buf text;
	int status;

	/* A broker whose bench was killed must not stay. */
	snprintf(owner, sizeof owner, "%ld", (long)getpid());
	setenv("QUOIN_BROKER_OWNER", owner, 1);
	snprintf(command, sizeof command, "tests/kafka/broker start %s/broker >%s/broker.out 2>&1", site->dir, site->dir);
	status = system(command);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		return false;
	snprintf(command, sizeof command, "%s/broker/bootstrap", site->dir);
	quoin_buf_init(&text, 256);
	if (status != 0 || quoin_file_read(command, &text, NULL) != 0)
		bench_die("no broker: see %s/broker.out", site->dir);
	snprintf(site->bootstrap, sizeof site->bootstrap, "%.*s", (int)strcspn(quoin_buf_str(&text), "\n"),
	    quoin_buf_str(&text));
	quoin_buf_clear(&text);
	return true;
}

static void
start_mock(struct site *site)
{
	static const char *const topics[] = {"bench.control", "bench.gate", "bench.blobs", "bench.status", "bench.raw"};
	const char *bootstrap;
	struct quoin_error err = {0};

	if (quoin_bus_mock_open(topics, 5, &site->mock, &bootstrap, &err) != 0)
		bench_die("no broker: %s", err.message);
	snprintf(site->bootstrap, sizeof site->bootstrap, "%s", bootstrap);
}

void
site_stop_broker(struct site *site)
{
	char command[2048];

	if (site->mock != NULL) {
		quoin_bus_mock_close(site->mock);
		site->mock = NULL;
	} else {
		snprintf(command, sizeof command, "tests/kafka/broker kill %s/broker >/dev/null 2>&1", site->dir);
		(void)!system(command);
	}
}

/* ---- Opening ---- */

static void
write_conf(struct site *site, const char *file, const char *more)
{
	char path[1024], text[2048];

	snprintf(path, sizeof path, "%s/%s", site->dir, file);
	snprintf(text, sizeof text,
	    "namespace = bench\n"
	    "root = %s/root/root.txt\n"
	    "kafka.bootstrap.servers = %s\n"
	    "%s%s",
	    site->dir, site->bootstrap, site->mock != NULL ? "kafka.fetch.wait.max.ms = 5\n" : "", more);
	bench_write_file(path, text, strlen(text));
}

static void
open_publisher(struct site *site)
{
	char path[1024];
	struct quoin_error err = {0};
	struct quoin_buf text;
	int rc;

	snprintf(path, sizeof path, "%s/quoin.conf", site->dir);
	quoin_buf_init(&text, QUOIN_CONF_BYTES_MAX);
	rc = quoin_file_read(path, &text, &err);
	if (rc == 0)
		rc = quoin_conf_parse(quoin_buf_span(&text), path, &site->conf, &err);
	quoin_buf_clear(&text);
	site->bus = (struct quoin_bus_conf){site->conf.properties, site->conf.property_count, "quoin-bench"};
	if (rc == 0)
		rc = quoin_keyring_load(&site->conf, QUOIN_ROLE_RELEASE, false, &site->keys, &err);
	if (rc == 0)
		rc = quoin_control_init(&site->control, &site->conf, &err);
	if (rc == 0)
		rc = quoin_bus_reader_open_brief(&site->bus, &site->control_reader, &err);
	if (rc != 0)
		bench_die("%s", err.message);
}

bool
site_open(struct site *site, const char *name, bool is_kafka)
{
	char identity[1024], dir[1024];
	struct quoin_error err = {0};
	struct quoin_bus_topic_spec raw = {.topic = "bench.raw", .replicas = -1};

	*site = (struct site){.name = name};
	if (quoin_crypto_init() != 0)
		bench_die("no libsodium");
	snprintf(site->dir, sizeof site->dir, "%s", bench_path("%s", name));
	snprintf(dir, sizeof dir, "%s/root", site->dir);
	if (mkdir(site->dir, 0700) != 0 || mkdir(dir, 0700) != 0)
		bench_die("cannot make %s", site->dir);
	if (!is_kafka)
		start_mock(site);
	else if (!start_kafka(site))
		return false;
	write_conf(site, "quoin.conf", "keys = keys\nstate = state\n");
	write_conf(site, "router.conf", "identity = identity\nstate = state\n");
	site_run(site, "quoin", "init", "--no-passphrase", "--replicas", "1", NULL);
	snprintf(identity, sizeof identity, "%s/identity", site->dir);
	site_run(site, "quoin", "enrol", "router-1", "--role", "router", "--out", identity, NULL);
	open_publisher(site);
	if (is_kafka && quoin_bus_topic_create(&site->bus, &raw, TIMEOUT_MS, &err) != 0)
		bench_die("%s", err.message);
	snprintf(dir, sizeof dir, "%s/quoin.conf", site->dir);
	site->gate = start(site, "gate", bench_program("quoin-gate"),
	    (char *[]){(char *)(uintptr_t)"quoin-gate", (char *)(uintptr_t)"-c", dir, NULL});
	wait_line(site, "gate", "event=acting");
	return true;
}

void
site_close(struct site *site)
{
	site_stop_router(site);
	end_process(&site->gate);
	quoin_bus_writer_close(site->writer);
	quoin_bus_reader_close(site->control_reader);
	quoin_control_clear(&site->control);
	quoin_keyring_clear(&site->keys);
	site_stop_broker(site);
	quoin_conf_clear(&site->conf);
}

void
site_start_router(struct site *site, const char *event)
{
	char conf[1024], log[1024];

	snprintf(conf, sizeof conf, "%s/router.conf", site->dir);
	snprintf(log, sizeof log, LOG, site->dir, "router");
	(void)unlink(log);
	site->router = start(site, "router", bench_program("quoind"),
	    (char *[]){(char *)(uintptr_t)"quoind", (char *)(uintptr_t)"-c", conf, NULL});
	wait_line(site, "router", event);
}

void
site_stop_router(struct site *site)
{
	end_process(&site->router);
}

/* ---- Publishing ---- */

void
site_publish(struct site *site, const char *file, bool is_free)
{
	char part[1100], policy[1024];

	snprintf(part, sizeof part, "data=%s", file);
	snprintf(policy, sizeof policy, "%s/policy.json", site->dir);
	bench_write_file(policy, is_free ? FREE : DRAINED, strlen(is_free ? FREE : DRAINED));
	site_run(site, "quoin", "publish", "--part", part, "--policy", policy, "--wait=60", NULL);
}

/* The release document on the topic, in a transaction of the writer that this process keeps. */
static int
write_release(struct site *site, struct quoin_release *release, struct site_times *ret, struct quoin_error *err)
{
	struct quoin_bus_record record = {0};
	struct quoin_sealed sealed = {0};
	struct quoin_buf text;
	char key[40];
	int rc;

	ret->begin_ns = bench_wall_ns();
	quoin_publish_number(&site->control, release);
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	rc = quoin_release_print(release, &text);
	if (rc == 0)
		rc = quoin_seal(quoin_buf_span(&text), site->keys.keys, site->keys.count, &sealed);
	quoin_buf_clear(&text);
	if (rc != 0)
		return quoin_error_set(err, rc, "cannot make the release");
	snprintf(key, sizeof key, "release/%llu", (unsigned long long)release->number);
	quoin_envelope_to_record(&sealed.envelope, &record);
	record.topic = "bench.control";
	record.key = quoin_span_str(key);
	rc = quoin_bus_writer_begin(site->writer, err);
	if (rc == 0)
		rc = quoin_bus_writer_put(site->writer, &record, NULL, err);
	if (rc == 0)
		rc = quoin_bus_writer_commit(site->writer, TIMEOUT_MS, err);
	ret->published_ns = bench_wall_ns();
	quoin_sealed_clear(&sealed);
	return rc;
}

uint64_t
site_announce(struct site *site, struct quoin_span content, bool is_free, struct site_times *ret)
{
	struct quoin_publish_part part = {.name = "data", .schema = "raw", .content = content};
	struct quoin_publication publication = {.parts = &part, .part_count = 1};
	struct quoin_release release = {0};
	struct quoin_blobs_sent sent;
	struct quoin_error err = {0};
	uint64_t number;
	int rc = 0;

	quoin_policy_init(&publication.policy);
	publication.policy.drain_ms = 0;
	if (is_free)
		publication.policy.staged_percent = 0;
	if (site->writer == NULL) {
		rc = quoin_bus_writer_open(&site->bus, "quoin.bench.publish", &site->writer, &err);
		if (rc == 0)
			rc = quoin_bus_writer_init(site->writer, TIMEOUT_MS, &err);
	}
	if (rc == 0)
		rc = quoin_control_read(&site->control, site->control_reader, TIMEOUT_MS, &err);
	if (rc == 0)
		rc = quoin_publish_describe(&publication, &release, &err);
	if (rc == 0)
		rc = quoin_publish_send(&site->conf, &site->control, &publication, NULL, NULL, &release, &sent, &err);
	if (rc == 0)
		rc = write_release(site, &release, ret, &err);
	if (rc != 0)
		bench_die("cannot publish: %s", err.message);
	number = release.number;
	quoin_release_clear(&release);
	return number;
}

/* ---- Readers ---- */

struct quoin_reader *
site_reader(struct site *site)
{
	struct quoin_message message = {0};
	struct quoin_reader *reader;
	char state[1024];

	snprintf(state, sizeof state, "%s/state", site->dir);
	if (quoin_reader_open_store(state, NULL, &reader, &message) != 0)
		bench_die("cannot attach: %s", message.text);
	return reader;
}

double
site_wait_release(struct quoin_reader *reader, uint64_t release)
{
	double deadline = bench_wall_ns() + TIMEOUT_MS * 1e6;
	uint64_t generation;

	while (bench_wall_ns() < deadline) {
		generation = quoin_reader_generation(reader);
		if (quoin_reader_release(reader) >= release)
			return bench_wall_ns();
		(void)quoin_reader_wait(reader, generation, 100);
	}
	bench_die("release %llu was never active", (unsigned long long)release);
}

static void *
watch(void *ctx)
{
	struct site_watch *watch = ctx;
	double deadline = bench_wall_ns() + TIMEOUT_MS * 1e6;
	uint64_t generation;

	while (bench_wall_ns() < deadline) {
		generation = quoin_reader_generation(watch->reader);
		if (quoin_reader_release(watch->reader) == watch->release) {
			watch->at_ns = bench_wall_ns();
			return NULL;
		}
		(void)quoin_reader_wait(watch->reader, generation, 100);
	}
	bench_die("release %llu was never active", (unsigned long long)watch->release);
}

void
site_watch_begin(struct site_watch *watched, struct quoin_reader *reader, uint64_t release)
{
	*watched = (struct site_watch){.reader = reader, .release = release};
	if (pthread_create(&watched->thread, NULL, watch, watched) != 0)
		bench_die("no thread");
}

double
site_watch_end(struct site_watch *watched)
{
	(void)pthread_join(watched->thread, NULL);
	return watched->at_ns;
}

/* ---- Processes seen from outside ---- */

long
site_process_kb_if(pid_t pid, const char *line)
{
	char path[64], text[256];
	long kb = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
	file = fopen(path, "r");
	while (file != NULL && fgets(text, sizeof text, file) != NULL) {
		if (strncmp(text, line, strlen(line)) == 0)
			kb = strtol(text + strlen(line), NULL, 10);
	}
	if (file != NULL)
		fclose(file);
	return kb;
}

long
site_process_kb(pid_t pid, const char *line)
{
	long kb = site_process_kb_if(pid, line);

	if (kb == 0)
		bench_die("no %s of process %ld", line, (long)pid);
	return kb;
}

double
site_process_cpu_s(pid_t pid)
{
	char path[64], text[1024] = "";
	unsigned long user = 0, system_time = 0;
	const char *at;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
	file = fopen(path, "r");
	if (file == NULL || fgets(text, sizeof text, file) == NULL || (at = strrchr(text, ')')) == NULL ||
	    sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system_time) != 2)
		bench_die("no statistics of process %ld", (long)pid);
	fclose(file);
	return (double)(user + system_time) / (double)sysconf(_SC_CLK_TCK);
}
