/*
 * Gates as processes on real Apache Kafka: killed, stopped and going on, several at once. The invariant that all cases
 * watch (tests/gate_site.h): no two activations share a seq, and each names the one before.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/gate_site.h"

#define HEARTBEAT_MS 300

static char dir[] = "/tmp/quoin-gate-kafka-XXXXXX";
static char bootstrap[64];
static int broker_status;

static int
broker(const char *verb)
{
	char command[256];
	int status;

	(void)snprintf(command, sizeof command, "tests/kafka/broker %s %s >%s/out 2>&1", verb, dir, dir);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* ---- Gates ---- */

struct gate {
	pid_t pid;
	char log[300];
};

static struct gate
start_gate(struct site *site, const char *name)
{
	struct gate gate;
	char path[512];
	ssize_t len = readlink("/proc/self/exe", path, sizeof path - 64);

	CHECK(len > 0);
	path[len] = '\0';
	*strrchr(path, '/') = '\0';
	strcat(path, "/../../bin/quoin-gate");
	snprintf(gate.log, sizeof gate.log, "%s/%s.log", check_dir(), name);
	gate.pid = fork();
	CHECK(gate.pid >= 0);
	if (gate.pid == 0) {
		FILE *file = freopen(gate.log, "a", stderr);

		if (file != NULL)
			execl(path, "quoin-gate", "-c", site->conf_path, (char *)NULL);
		_exit(127);
	}
	return gate;
}

/* Whether its log has had this event. */
static bool
has_logged(const struct gate *gate, const char *event)
{
	struct quoin_buf text;
	bool has;

	quoin_buf_init(&text, 1 << 20);
	has = quoin_file_read(gate->log, &text, NULL) == 0 && strstr(quoin_buf_str(&text), event) != NULL;
	quoin_buf_clear(&text);
	return has;
}

static void
wait_log(const struct gate *gate, const char *event)
{
	int64_t deadline_ms = quoin_clock_mono_ms() + SITE_TIMEOUT_MS;

	while (!has_logged(gate, event)) {
		if (quoin_clock_mono_ms() > deadline_ms)
			check_fail(__FILE__, __LINE__, "%s has no %s", gate->log, event);
		usleep(10000);
	}
}

static void
end_gate(struct gate *gate, int signal)
{
	int status;

	CHECK_INT(kill(gate->pid, signal), 0);
	CHECK_INT(waitpid(gate->pid, &status, 0), gate->pid);
	if (signal == SIGTERM)
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- The fleet ---- */

/* What the gates said, for whoever looks at a failure. */
static void
show_logs(void)
{
	static const char *const names[] = {"one", "other", "third"};
	struct quoin_buf text;
	char path[300];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s/%s.log", check_dir(), names[i]);
		quoin_buf_init(&text, 1 << 20);
		if (quoin_file_read(path, &text, NULL) == 0)
			fprintf(stderr, "--- %s\n%s", path, quoin_buf_str(&text));
		quoin_buf_clear(&text);
	}
}

static void
wait_activation(struct site *site, uint64_t from, uint64_t target, uint64_t live)
{
	int64_t deadline_ms = quoin_clock_mono_ms() + SITE_TIMEOUT_MS;

	for (;;) {
		const struct quoin_activation *newest = &site->activations.newest;

		site_read(site);
		if (newest->from == from && newest->target == target && quoin_activation_live(newest, live) != NULL)
			return;
		if (quoin_clock_mono_ms() > deadline_ms) {
			show_logs();
			check_fail(__FILE__, __LINE__, "from %llu target %llu never came", (unsigned long long)from,
			    (unsigned long long)target);
		}
		usleep(5000);
	}
}

static void
report_prepared(struct site *site, uint64_t before, uint64_t release)
{
	struct quoin_status_release staged = {.release = {.number = release}, .progress = QUOIN_PROGRESS_STAGED};
	struct quoin_status_release both[2] = {{.release = {.number = before}, .progress = QUOIN_PROGRESS_READY},
	    {.release = {.number = release}, .progress = QUOIN_PROGRESS_READY}};

	/* The router first: one that was never heard does not count, and then nobody would be waited for once a1 is ready. */
	site_report(site, &site->r1, before, &staged, 1);
	site_report(site, &site->a1, 0, both + (before == 0), before == 0 ? 1 : 2);
}

static void
roll_out(struct site *site, uint64_t before, uint64_t release)
{
	wait_activation(site, before, before, release);
	report_prepared(site, before, release);
	wait_activation(site, before, release, release);
	site_report(site, &site->r1, release, NULL, 0);
	wait_activation(site, release, release, release);
}

static void
open_on_kafka(struct site *site, const char *namespace_name)
{
	if (broker_status == 77)
		check_missing("Apache Kafka is not here and cannot be fetched");
	CHECK_INT(broker_status, 0);
	site_open(site, namespace_name, bootstrap, HEARTBEAT_MS);
}

/* kill -9 of the acting one at each step of a rollout: the other goes on, nothing is lost or made twice. */
static void
test_killed(void)
{
	struct gate one, other;
	struct site site;

	open_on_kafka(&site, "killed");
	one = start_gate(&site, "one");
	wait_log(&one, "event=acting");
	other = start_gate(&site, "other");
	wait_log(&other, "event=caught-up");
	site_publish(&site, "1");
	roll_out(&site, 0, 1);
	CHECK(!has_logged(&other, "event=taking-over"));

	site_publish(&site, "2");
	wait_activation(&site, 1, 1, 2);
	end_gate(&one, SIGKILL); /* while it is prepared */
	report_prepared(&site, 1, 2);
	wait_log(&other, "event=acting");
	wait_activation(&site, 1, 2, 2);
	one = start_gate(&site, "third");
	wait_log(&one, "event=caught-up");
	end_gate(&other, SIGKILL); /* while routers flip */
	site_report(&site, &site.r1, 2, NULL, 0);
	wait_activation(&site, 2, 2, 2);
	/* And the brake still works. */
	site_rollback(&site, 1);
	wait_activation(&site, 2, 1, 1);
	end_gate(&one, SIGTERM);
	site_close(&site);
}

/* SIGSTOP: the other takes over; the one that wakes up is fenced, and hosts never see what it would have said. */
static void
test_stopped(void)
{
	struct gate one, other;
	struct site site;

	open_on_kafka(&site, "stopped");
	one = start_gate(&site, "one");
	wait_log(&one, "event=acting");
	other = start_gate(&site, "other");
	wait_log(&other, "event=caught-up");
	site_publish(&site, "1");
	wait_activation(&site, 0, 0, 1);
	CHECK_INT(kill(one.pid, SIGSTOP), 0);
	wait_log(&other, "event=acting");
	/* What comes now, both will see; only the acting one may answer. */
	report_prepared(&site, 0, 1);
	wait_activation(&site, 0, 1, 1);
	CHECK_INT(kill(one.pid, SIGCONT), 0);
	wait_log(&one, "event=fenced");
	site_report(&site, &site.r1, 1, NULL, 0);
	wait_activation(&site, 1, 1, 1);
	CHECK(!has_logged(&other, "event=fenced"));
	end_gate(&other, SIGTERM);
	/* It said good-bye: the first one follows at once. */
	site_publish(&site, "2");
	roll_out(&site, 1, 2);
	end_gate(&one, SIGTERM);
	site_close(&site);
}

/* The broker goes and comes back: the gate goes on by itself. */
static void
test_broker_restart(void)
{
	struct gate one;
	struct site site;

	open_on_kafka(&site, "broker_restart");
	one = start_gate(&site, "one");
	site_publish(&site, "1");
	roll_out(&site, 0, 1);
	CHECK_INT(broker("kill"), 0);
	CHECK_INT(broker("restart"), 0);
	site_publish(&site, "2");
	roll_out(&site, 1, 2);
	end_gate(&one, SIGTERM);
	site_close(&site);
}

static const struct check_case cases[] = {
    {"kafka gate killed", test_killed},
    {"kafka gate stopped", test_stopped},
    {"kafka gate broker restart", test_broker_restart},
};

static int
start_broker(void)
{
	struct quoin_buf file;
	char path[64], pid[24];
	int status;

	(void)snprintf(pid, sizeof pid, "%d", (int)getpid());
	if (mkdtemp(dir) == NULL || setenv("QUOIN_BROKER_OWNER", pid, 1) != 0)
		return 1;
	status = broker("start");
	if (status != 0)
		return status;
	(void)snprintf(path, sizeof path, "%s/bootstrap", dir);
	quoin_buf_init(&file, sizeof bootstrap - 1);
	if (quoin_file_read(path, &file, NULL) != 0 || file.len == 0)
		return 1;
	memcpy(bootstrap, file.data, file.len);
	bootstrap[strcspn(bootstrap, "\n")] = '\0';
	quoin_buf_clear(&file);
	return 0;
}

int
main(int argc, char **argv)
{
	int status;

	broker_status = start_broker();
	status = check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
	(void)broker("kill");
	if (status == 0)
		(void)quoin_tree_remove(dir, NULL);
	return status;
}
