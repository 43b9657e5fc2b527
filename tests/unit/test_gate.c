/* The gate's shell on the embedded broker. What only real Kafka shows is in test_gate_kafka.c. */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "publisher/gate.h"
#include "publisher/keyring.h"
#include "publisher/gate_models.h"
#include "tests/gate_site.h"

#define HEARTBEAT_MS 100

static struct quoin_bus_mock *mock;

static void
make_mock(struct site *site, const char **ret_bootstrap)
{
	static const char *const topics[] = {"t.control", "t.gate", "t.blobs", "t.status"};

	OK(site, quoin_bus_mock_open(topics, 4, &mock, ret_bootstrap, &site->err));
}

static void
open_on_mock(struct site *site)
{
	const char *bootstrap;

	make_mock(site, &bootstrap);
	site_open(site, "t", bootstrap, HEARTBEAT_MS);
}

static void
close_on_mock(struct site *site)
{
	site_close(site);
	quoin_bus_mock_close(mock);
}

static struct quoin_gate *
open_gate(struct site *site)
{
	struct quoin_gate *gate = NULL;

	OK(site, quoin_gate_open(&site->conf, &gate, &site->err));
	return gate;
}

/* Turn until the newest activation says so. */
static void
turn_until(struct site *site, struct quoin_gate *gate, uint64_t from, uint64_t target)
{
	int64_t deadline_ms = quoin_clock_mono_ms() + SITE_TIMEOUT_MS;

	for (;;) {
		OK(site, quoin_gate_turn(gate, 10, -1, &site->err));
		site_read(site);
		if (site->activations.newest.from == from && site->activations.newest.target == target)
			return;
		if (quoin_clock_mono_ms() > deadline_ms)
			check_fail(__FILE__, __LINE__, "from %llu target %llu never came; the gate waits: %s",
			    (unsigned long long)from, (unsigned long long)target, quoin_gate_reason(gate));
	}
}

static void
turn_until_live(struct site *site, struct quoin_gate *gate, uint64_t release)
{
	int64_t deadline_ms = quoin_clock_mono_ms() + SITE_TIMEOUT_MS;

	while (quoin_activation_live(&site->activations.newest, release) == NULL) {
		CHECK(quoin_clock_mono_ms() < deadline_ms);
		OK(site, quoin_gate_turn(gate, 10, -1, &site->err));
		site_read(site);
	}
}

static void
turn_until_acting(struct site *site, struct quoin_gate *gate)
{
	int64_t deadline_ms = quoin_clock_mono_ms() + SITE_TIMEOUT_MS;

	while (!quoin_gate_is_acting(gate)) {
		CHECK(quoin_clock_mono_ms() < deadline_ms);
		OK(site, quoin_gate_turn(gate, 10, -1, &site->err));
	}
}

/* From publishing to fully active, with both hosts played. */
static void
roll_out(struct site *site, struct quoin_gate *gate, uint64_t before, uint64_t release)
{
	struct quoin_status_release ready = {.release = {.number = release}, .progress = QUOIN_PROGRESS_READY};
	struct quoin_status_release both[2] = {{.release = {.number = before}, .progress = QUOIN_PROGRESS_READY},
	    ready};
	struct quoin_status_release staged = {.release = {.number = release}, .progress = QUOIN_PROGRESS_STAGED};

	turn_until_live(site, gate, release);
	site_report(site, &site->r1, before, &staged, 1);
	OK(site, quoin_gate_turn(gate, 10, -1, &site->err));
	site_read(site);
	CHECK_INT(site->activations.newest.from, before);
	CHECK(site->activations.newest.target != release); /* nobody has loaded it */
	if (before != 0)
		site_report(site, &site->a1, 0, both, 2);
	else
		site_report(site, &site->a1, 0, &ready, 1);
	turn_until(site, gate, before, release);
	site_report(site, &site->r1, release, &staged, 1);
	turn_until(site, gate, release, release);
}

static void
test_rollout(void)
{
	struct site site;
	struct quoin_gate *gate;

	open_on_mock(&site);
	gate = open_gate(&site);
	turn_until_acting(&site, gate);
	CHECK(quoin_gate_is_ready(gate));
	site_read(&site);
	CHECK(!site.activations.has_newest); /* nothing was asked for */
	site_publish(&site, "1");
	roll_out(&site, gate, 0, 1);
	site_publish(&site, "2");
	roll_out(&site, gate, 1, 2);
	/* The brake: 1 is warm. */
	site_rollback(&site, 1);
	turn_until(&site, gate, 2, 1);
	site_report(&site, &site.r1, 1, NULL, 0);
	turn_until(&site, gate, 1, 1);
	CHECK_INT(site.activations.newest.intent.number, 1);
	CHECK(quoin_activation_has_active(&site.activations.newest, 2));
	/* The newest heartbeat names the newest activation. */
	CHECK_INT(site.activations.heartbeat.activation.seq, site.activations.newest.seq);
	CHECK(quoin_hash_equal(&site.activations.heartbeat.activation.hash, &site.activations.newest_hash));
	quoin_gate_close(gate);
	close_on_mock(&site);
}

static void
test_dataset(void)
{
	struct site site;
	struct quoin_gate *gate;

	open_on_mock(&site);
	site_publish(&site, "");
	gate = open_gate(&site);
	turn_until(&site, gate, 1, 1);
	CHECK_STR(quoin_gate_reason(gate), "");
	quoin_gate_close(gate);
	close_on_mock(&site);
}

/* A second gate stands by; when the first is silent it goes on where that was. */
static void
test_takeover(void)
{
	struct site site;
	struct quoin_gate *first, *second;

	open_on_mock(&site);
	first = open_gate(&site);
	turn_until_acting(&site, first);
	site_publish(&site, "1");
	roll_out(&site, first, 0, 1);
	second = open_gate(&site);
	for (int i = 0; i < 40; i++) {
		OK(&site, quoin_gate_turn(first, 5, -1, &site.err));
		OK(&site, quoin_gate_turn(second, 5, -1, &site.err));
		CHECK(!quoin_gate_is_acting(second));
	}
	CHECK(quoin_gate_is_ready(second));
	/* Killed in the middle of the next rollout. */
	site_publish(&site, "2");
	turn_until_live(&site, first, 2);
	quoin_gate_close(first);
	turn_until_acting(&site, second);
	roll_out(&site, second, 1, 2);
	quoin_gate_close(second);
	close_on_mock(&site);
}

/* A gate that ends cleanly is followed at once. */
static void
test_resign(void)
{
	struct site site;
	struct quoin_gate *first, *second;

	open_on_mock(&site);
	site_publish(&site, "");
	first = open_gate(&site);
	turn_until(&site, first, 1, 1);
	quoin_gate_resign(first);
	quoin_gate_close(first);
	site_read(&site);
	CHECK_INT(site.activations.heartbeat.interval_ms, 1);
	second = open_gate(&site);
	turn_until_acting(&site, second);
	quoin_gate_close(second);
	close_on_mock(&site);
}

/* The fleet obeys what the log does not have: nothing is decided. */
static void
test_refuses(void)
{
	struct site site;
	struct quoin_gate *gate;

	open_on_mock(&site);
	site.activations.has_newest = true;
	site.activations.newest.epoch = 1;
	site.activations.newest.seq = 9;
	site_report(&site, &site.r1, 0, NULL, 0);
	site.activations.has_newest = false;
	site_publish(&site, "");
	gate = open_gate(&site);
	turn_until_acting(&site, gate);
	for (int i = 0; i < 20; i++)
		OK(&site, quoin_gate_turn(gate, 5, -1, &site.err));
	site_read(&site);
	CHECK(!site.activations.has_newest);
	quoin_gate_close(gate);
	close_on_mock(&site);
}

/* A gate that is faster than init writes nothing to a topic that has not begun, and acts when init was there. */
static void
test_unborn(void)
{
	struct site site;
	struct quoin_gate *gate;
	const char *bootstrap;
	int64_t first, end, until_ms;
	bool has_empty;

	make_mock(&site, &bootstrap);
	site_prepare(&site, "t", bootstrap, HEARTBEAT_MS);
	gate = open_gate(&site);
	while (!quoin_gate_is_ready(gate))
		OK(&site, quoin_gate_turn(gate, 10, -1, &site.err));
	/* It means to take over at once, and again after every few heartbeats. */
	for (until_ms = quoin_clock_mono_ms() + 10 * HEARTBEAT_MS; quoin_clock_mono_ms() < until_ms;) {
		OK(&site, quoin_gate_turn(gate, 10, -1, &site.err));
		CHECK(!quoin_gate_is_acting(gate));
	}
	OK(&site, quoin_bus_reader_range(site.reader, "t.gate", SITE_TIMEOUT_MS, &first, &end, &site.err));
	CHECK_INT(end, 0);
	OK(&site, quoin_topics_look(&site.conf, site.reader, &has_empty, &site.err));
	CHECK(has_empty);
	site_begin(&site);
	turn_until_acting(&site, gate);
	OK(&site, quoin_topics_look(&site.conf, site.reader, &has_empty, &site.err));
	CHECK(!has_empty);
	quoin_gate_close(gate);
	close_on_mock(&site);
}

/* Something was faster than init: that is said. */
static void
test_begun_by_others(void)
{
	struct quoin_bus_record record = {.topic = "t.gate",
	    .key = quoin_span_str("heartbeat"),
	    .value = quoin_span_str("x")};
	struct site site;
	const char *bootstrap;
	bool has_empty;

	make_mock(&site, &bootstrap);
	site_prepare(&site, "t", bootstrap, HEARTBEAT_MS);
	OK(&site, quoin_bus_writer_put(site.writer, &record, NULL, &site.err));
	OK(&site, quoin_bus_writer_flush(site.writer, SITE_TIMEOUT_MS, &site.err));
	CHECK_INT(quoin_topics_look(&site.conf, site.reader, &has_empty, &site.err), QUOIN_ECONFLICT);
	CHECK_CONTAINS(site.err.message, "t.gate does not begin with its incarnation");
	close_on_mock(&site);
}

/* quoin.conf with "to" in place of "from". */
static void
change_conf(struct site *site, const char *from, const char *to)
{
	struct quoin_buf text;
	char changed[2048];
	const char *at;

	quoin_buf_init(&text, QUOIN_CONF_BYTES_MAX);
	OK(site, quoin_file_read(site->conf_path, &text, &site->err));
	at = strstr(quoin_buf_str(&text), from);
	CHECK(at != NULL);
	snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - quoin_buf_str(&text)), quoin_buf_str(&text), to,
	    at + strlen(from));
	quoin_buf_clear(&text);
	OK(site, quoin_file_replace(site->conf_path, quoin_span_str(changed), 0644, &site->err));
}

/* Until a heartbeat tells this interval. */
static void
turn_until_interval(struct site *site, struct quoin_gate *gate, uint64_t interval_ms)
{
	int64_t deadline_ms = quoin_clock_mono_ms() + SITE_TIMEOUT_MS;

	while (site->activations.heartbeat.interval_ms != interval_ms) {
		CHECK(quoin_clock_mono_ms() < deadline_ms);
		OK(site, quoin_gate_turn(gate, 10, -1, &site->err));
		site_read(site);
	}
}

/* What can change changes at once, the keys too; what cannot be read changes nothing. */
static void
test_reload(void)
{
	struct site site;
	struct quoin_gate *gate;
	char key[256], away[300];

	open_on_mock(&site);
	gate = open_gate(&site);
	turn_until_interval(&site, gate, HEARTBEAT_MS);
	change_conf(&site, "gate.heartbeat_ms = 100\n", "gate.heartbeat_ms = 150\nlease.ms = 5000\n");
	quoin_gate_reload(gate);
	turn_until_interval(&site, gate, 150);
	change_conf(&site, "gate.heartbeat_ms = 150\n", "gate.heartbeat_ms = never\n");
	quoin_gate_reload(gate);
	snprintf(key, sizeof key, "%s/keys/gate.key", check_dir());
	snprintf(away, sizeof away, "%s.away", key);
	CHECK_INT(rename(key, away), 0);
	change_conf(&site, "gate.heartbeat_ms = never\n", "gate.heartbeat_ms = 170\n");
	quoin_gate_reload(gate);
	site_publish(&site, "");
	turn_until(&site, gate, 1, 1); /* signed with the key that it had */
	CHECK_INT(site.activations.heartbeat.interval_ms, 150);
	CHECK_INT(rename(away, key), 0);
	quoin_gate_reload(gate);
	turn_until_interval(&site, gate, 170);
	quoin_gate_close(gate);
	close_on_mock(&site);
}

/* A key that the root does not name is not taken. A gate that has nothing else writes nothing: nobody would believe it today,
 * and whoever reads the log once the root names the key would find two activations of one number. */
static void
test_unbelieved(void)
{
	struct site site;
	struct quoin_gate *gate;
	struct quoin_public_key other;
	char dir[256], key[300], away[320];
	int64_t first, end, after, until_ms;

	open_on_mock(&site);
	gate = open_gate(&site);
	turn_until_acting(&site, gate);
	snprintf(dir, sizeof dir, "%s/keys", check_dir());
	snprintf(key, sizeof key, "%s/gate.key", dir);
	snprintf(away, sizeof away, "%s.away", key);
	CHECK_INT(rename(key, away), 0);
	snprintf(key, sizeof key, "%s/gate.pub", dir);
	CHECK_INT(unlink(key), 0);
	OK(&site, quoin_keyring_make(dir, QUOIN_ROLE_GATE, NULL, &other, &site.err));
	quoin_gate_reload(gate);
	site_publish(&site, "");
	turn_until(&site, gate, 1, 1); /* signed with the key that it had */
	quoin_gate_resign(gate);
	quoin_gate_close(gate);
	gate = open_gate(&site);
	OK(&site, quoin_bus_reader_range(site.reader, "t.gate", SITE_TIMEOUT_MS, &first, &end, &site.err));
	while (!quoin_gate_is_ready(gate))
		OK(&site, quoin_gate_turn(gate, 10, -1, &site.err));
	for (until_ms = quoin_clock_mono_ms() + 10 * HEARTBEAT_MS; quoin_clock_mono_ms() < until_ms;) {
		OK(&site, quoin_gate_turn(gate, 10, -1, &site.err));
		CHECK(!quoin_gate_is_acting(gate));
	}
	OK(&site, quoin_bus_reader_range(site.reader, "t.gate", SITE_TIMEOUT_MS, &first, &after, &site.err));
	CHECK_INT(after, end);
	quoin_gate_close(gate);
	close_on_mock(&site);
}

/* What a scraper sees, over a socket. */
static void
test_metrics(void)
{
	static const char request[] = "GET /metrics HTTP/1.1\r\n\r\n";
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int64_t deadline_ms = quoin_clock_mono_ms() + SITE_TIMEOUT_MS;
	struct quoin_gate *gate;
	char reply[20000] = "";
	struct site site;
	size_t have = 0;
	ssize_t n = -1;
	int fd;

	open_on_mock(&site);
	snprintf(name.sun_path, sizeof name.sun_path, "%s/m", check_dir());
	snprintf(site.conf.metrics_listen, sizeof site.conf.metrics_listen, "unix:%s", name.sun_path);
	site_publish(&site, "");
	gate = open_gate(&site);
	turn_until(&site, gate, 1, 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	CHECK_INT(connect(fd, (const struct sockaddr *)&name, sizeof name), 0);
	CHECK_INT(send(fd, request, strlen(request), MSG_NOSIGNAL), (long long)strlen(request));
	while (n != 0) {
		CHECK(quoin_clock_mono_ms() < deadline_ms);
		OK(&site, quoin_gate_turn(gate, 10, -1, &site.err));
		n = recv(fd, reply + have, sizeof reply - 1 - have, 0);
		have += n > 0 ? (size_t)n : 0;
		reply[have] = '\0';
	}
	CHECK_CONTAINS(reply, "HTTP/1.1 200 OK");
	CHECK_CONTAINS(reply, "\nquoin_gate_acting{namespace=\"t\"} 1\n");
	CHECK_CONTAINS(reply, "\nquoin_gate_active{namespace=\"t\"} 1\n");
	CHECK_CONTAINS(reply, "\nquoin_gate_hosts{namespace=\"t\"} 2\n");
	CHECK_CONTAINS(reply, "\nquoin_gate_alarms{namespace=\"t\"} 0\n");
	close(fd);
	quoin_gate_close(gate);
	/* An address that cannot be is found before anything is read. */
	snprintf(site.conf.metrics_listen, sizeof site.conf.metrics_listen, "nowhere");
	gate = NULL;
	CHECK_INT(quoin_gate_open(&site.conf, &gate, &site.err), QUOIN_ECONFIG);
	CHECK_CONTAINS(site.err.message, "metrics.listen is nowhere");
	close_on_mock(&site);
}

static void
test_models(void)
{
	struct site site = {0};
	struct quoin_buf models;
	struct quoin_release release = {.number = 7};
	struct quoin_gate_release *summary = NULL;
	struct quoin_span image;

	CHECK_INT(quoin_crypto_init(), 0);
	site_models_part(&site, "3", &models);
	quoin_policy_init(&release.policy);
	release.policy.drain_ms = 77;
	image = quoin_buf_span(&models);
	OK(&site, quoin_gate_release_make(&release, image, &summary, &site.err));
	CHECK_INT(summary->number, 7);
	CHECK_INT(summary->policy.drain_ms, 77);
	CHECK_INT(summary->shard_count, 1);
	CHECK_STR(summary->shards[0].name, "A");
	CHECK_INT(summary->shards[0].host_count, 1);
	CHECK_STR(summary->shards[0].hosts[0], "a1");
	CHECK_INT(summary->shards[0].model_count, 1);
	CHECK_INT(summary->shards[0].capacity[0], 10);
	quoin_gate_release_free(summary);
	models.data[models.len / 2] ^= 0x40;
	for (size_t len = 0; len < image.len; len += 7)
		if (len > 0)
			CHECK(quoin_gate_release_make(&release, quoin_span_of(image.data, len), &summary, &site.err) !=
			    0);
	quoin_buf_clear(&models);
}

/* Run the program with this argument line; returns its exit status. */
static int
run(const char *arguments, char *out, size_t out_bytes)
{
	char path[512], command[2048];
	ssize_t len = readlink("/proc/self/exe", path, sizeof path - 64);
	FILE *pipe;
	size_t got;
	int status;

	CHECK(len > 0);
	path[len] = '\0';
	*strrchr(path, '/') = '\0';
	snprintf(command, sizeof command, "%s/../../bin/quoin-gate %s 2>&1", path, arguments);
	pipe = popen(command, "r");
	CHECK(pipe != NULL);
	got = fread(out, 1, out_bytes - 1, pipe);
	out[got] = '\0';
	status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
test_program(void)
{
	struct site site;
	char out[2048], line[512], made[512];
	struct quoin_public_key other;
	struct quoin_error err = {0};

	open_on_mock(&site);
	CHECK_INT(run("--help", out, sizeof out), 0);
	CHECK_CONTAINS(out, "usage: quoin-gate");
	CHECK_INT(run("--no-such-option", out, sizeof out), 2);
	CHECK_INT(run("argument", out, sizeof out), 2);
	CHECK_INT(run("-c /nowhere/quoin.conf", out, sizeof out), 2);
	CHECK_CONTAINS(out, "there is no configuration /nowhere/quoin.conf");
	snprintf(line, sizeof line, "-c %s --check-config", site.conf_path);
	CHECK_INT(run(line, out, sizeof out), 0);
	CHECK_CONTAINS(out, "good for the gate of namespace t");
	CHECK(strstr(out, "warning") == NULL);
	/* Another system's key: a newer root might name it. */
	CHECK_INT(quoin_keyring_make(check_dir(), QUOIN_ROLE_GATE, NULL, &other, &err), 0);
	snprintf(line, sizeof line, "%s/keys/gate.key", check_dir());
	snprintf(made, sizeof made, "%s/gate.key", check_dir());
	CHECK_INT(rename(made, line), 0);
	snprintf(line, sizeof line, "-c %s --check-config", site.conf_path);
	CHECK_INT(run(line, out, sizeof out), 0);
	CHECK_CONTAINS(out, "is of the role gate in the pinned root");
	/* Keys that others can read are refused, and so is their absence. */
	snprintf(line, sizeof line, "%s/keys/gate.key", check_dir());
	CHECK_INT(chmod(line, 0644), 0);
	snprintf(line, sizeof line, "-c %s --check-config", site.conf_path);
	CHECK_INT(run(line, out, sizeof out), 2);
	snprintf(line, sizeof line, "%s/keys/gate.key", check_dir());
	CHECK_INT(unlink(line), 0);
	snprintf(line, sizeof line, "-c %s", site.conf_path);
	CHECK_INT(run(line, out, sizeof out), 4);
	CHECK_CONTAINS(out, "gate");
	close_on_mock(&site);
}

static const struct check_case cases[] = {
    {"gate rollout", test_rollout},
    {"gate dataset", test_dataset},
    {"gate takeover", test_takeover},
    {"gate resign", test_resign},
    {"gate refuses", test_refuses},
    {"gate unborn", test_unborn},
    {"gate begun by others", test_begun_by_others},
    {"gate reload", test_reload},
    {"gate unbelieved", test_unbelieved},
    {"gate metrics", test_metrics},
    {"gate models", test_models},
    {"gate program", test_program},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
