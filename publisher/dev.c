#include "publisher/dev.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "publisher/dev_bind.h"
#include "publisher/dev_fleet.h"
#include "publisher/dev_keep.h"
#include "publisher/dev_site.h"
#include "publisher/dev_watch.h"

#define TICK_MS	   1000
#define UP_MS	   60000 /* how long the first line waits for all hosts, and for the first release */
#define STOP_MS	   10000
#define SETTLE_MS  5000

struct dev {
	const struct quoin_cli *cli;
	const struct quoin_dev_options *options;
	struct quoin_dev_site site;
	struct quoin_bus_mock *mock;
	struct quoin_dev_fleet fleet;
	struct quoin_dev_keep keep;
	struct quoin_dev_watch watch;
	struct quoin_dev_child publish; /* "quoin publish RULES", while it runs */
	int signal_fd;
	int64_t began_ms;
	bool is_up;		/* the first line was printed */
	bool is_ending;		/* a signal asked for it */
	bool was_refused;	/* the last publish */
	uint64_t told_from, told_target;
	size_t told_failed;
};

/* ---- Words ---- */

static void
tell_up(const struct dev *dev)
{
	char conf[QUOIN_PATH_BYTES_MAX];
	struct quoin_cli_answer answer;
	struct quoin_json_writer *writer;

	(void)quoin_dev_site_path(&dev->site, conf, sizeof conf, NULL, "quoin.conf");
	if (!dev->cli->json) {
		printf("bootstrap %s  conf %s\n", dev->site.bootstrap, conf);
		(void)fflush(stdout);
		quoin_cli_say(dev->cli, "in another terminal: export QUOIN_CONF=%s; quoin status", conf);
		quoin_cli_say(dev->cli, "Ctrl-C ends it%s", dev->site.is_kept ? "" : " and removes what it made");
		return;
	}
	writer = quoin_cli_answer_begin(&answer, 4096);
	quoin_json_put_string(writer, "bootstrap", dev->site.bootstrap);
	quoin_json_put_string(writer, "conf", conf);
	(void)quoin_cli_answer_end(&answer);
}

/* What a newer activation means, in a line; and keep what the next start needs. */
static void
tell_activation(struct dev *dev)
{
	const struct quoin_activation *activation = &dev->keep.activation;
	struct quoin_error err = {0};

	if (activation->from != dev->told_from)
		quoin_cli_say(dev->cli, "release %llu is active", (unsigned long long)activation->from);
	else if (activation->target != dev->told_target && activation->target != activation->from)
		quoin_cli_say(dev->cli, "release %llu: hosts are ready, routers switch",
		    (unsigned long long)activation->target);
	for (size_t i = 0; i < activation->failed_count; i++)
		if (activation->failed_count > dev->told_failed && i + 1 == activation->failed_count)
			quoin_cli_say(dev->cli, "release %llu failed%s%s: %s",
			    (unsigned long long)activation->failed[i].release,
			    activation->failed[i].host[0] != '\0' ? " on " : "", activation->failed[i].host,
			    activation->failed[i].reason);
	dev->told_from = activation->from;
	dev->told_target = activation->target;
	dev->told_failed = activation->failed_count;
	if (quoin_dev_keep_save(&dev->keep, &err) != 0)
		(void)quoin_cli_fail(dev->cli, &err);
}

/* ---- Publishing what the author has saved ---- */

static void
publish(struct dev *dev)
{
	char program[QUOIN_PATH_BYTES_MAX], conf[QUOIN_PATH_BYTES_MAX];
	struct quoin_error err = {0};
	int r;

	quoin_dev_child_clear(&dev->publish);
	snprintf(dev->publish.name, sizeof dev->publish.name, "publish");
	r = quoin_dev_fleet_follow(&dev->fleet, dev->options->rules, &err);
	if (r != 0) /* "publish" will say it again, with the other problems */
		quoin_cli_say(dev->cli, "the hosts stay as they are: %s", err.message);
	r = quoin_dev_site_path(&dev->site, conf, sizeof conf, &err, "quoin.conf");
	if (r == 0)
		r = quoin_path_join(dev->fleet.bin, "quoin", program, sizeof program);
	const char *const args[] = {program, "-c", conf, "publish", "-m", "saved", "--", dev->options->rules};
	for (size_t i = 0; r == 0 && i < sizeof args / sizeof args[0]; i++)
		r = quoin_dev_child_add(&dev->publish, args[i]);
	if (r == 0)
		r = quoin_dev_child_start(&dev->publish, &err);
	if (r != 0)
		(void)quoin_cli_fail(dev->cli, &err);
}

static void
tend_publish(struct dev *dev, int64_t now_ms)
{
	int status;

	if (quoin_dev_child_ended(&dev->publish, &status))
		dev->was_refused = status != 0;
	if (dev->watch.fd >= 0 && dev->publish.pid == 0 && quoin_dev_watch_due(&dev->watch, now_ms))
		publish(dev);
}

/* ---- All is up ---- */

/* The first release is active, or it is sure that it will not be. */
static bool
is_published(const struct dev *dev)
{
	const struct quoin_dev_keep *keep = &dev->keep;

	if (dev->options->rules == NULL || dev->was_refused)
		return true;
	if (dev->publish.pid != 0 || keep->head == 0 || !keep->has_activation)
		return false;
	return keep->activation.from == keep->head ||
	    quoin_activation_failure(&keep->activation, keep->head) != NULL;
}

static int
look_whether_up(struct dev *dev, int64_t now_ms, struct quoin_error *err)
{
	const char *missing;
	bool is_late = now_ms - dev->began_ms > UP_MS;

	if (dev->is_up)
		return 0;
	if (dev->fleet.has_given_up)
		return quoin_error_set(err, QUOIN_ESYSTEM, "a process does not stay up; its log is above");
	if (!quoin_dev_fleet_is_up(&dev->fleet, &dev->keep, &missing)) {
		if (!is_late)
			return 0;
		fprintf(stderr, "quoin: %s has not reported yet; look into %s/log\n", missing, dev->site.dir);
	} else if (!is_published(dev)) {
		if (!is_late)
			return 0;
		fprintf(stderr, "quoin: the first release is not active yet; \"quoin status\" says what it waits for\n");
	}
	dev->is_up = true;
	tell_up(dev);
	return 0;
}

/* ---- The loop ---- */

static void
take_signals(struct dev *dev)
{
	struct signalfd_siginfo info;

	while (read(dev->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
		if (info.ssi_signo != SIGCHLD)
			dev->is_ending = true;
}

static int
wait_ms(const struct dev *dev, int64_t now_ms)
{
	int64_t due_ms = quoin_dev_fleet_due_ms(&dev->fleet);

	if (dev->watch.fd >= 0 && dev->watch.due_ms != 0 && dev->watch.due_ms < due_ms)
		due_ms = dev->watch.due_ms;
	if (due_ms > now_ms + TICK_MS)
		return TICK_MS;
	return due_ms > now_ms ? (int)(due_ms - now_ms) : 0;
}

static int
run(struct dev *dev, struct quoin_error *err)
{
	struct pollfd fds[] = {
	    {.fd = dev->signal_fd, .events = POLLIN},
	    {.fd = quoin_dev_keep_fd(&dev->keep), .events = POLLIN},
	    {.fd = dev->watch.fd, .events = POLLIN}, /* -1 is skipped */
	};
	int r = 0;

	while (r == 0 && !dev->is_ending) {
		bool changed;

		if (poll(fds, sizeof fds / sizeof fds[0], wait_ms(dev, quoin_clock_mono_ms())) < 0 && errno != EINTR)
			return quoin_error_sys(err, QUOIN_ESYSTEM, "poll");
		int64_t now_ms = quoin_clock_mono_ms();

		take_signals(dev);
		if (dev->watch.fd >= 0)
			quoin_dev_watch_read(&dev->watch, now_ms);
		quoin_dev_fleet_tend(&dev->fleet, now_ms);
		tend_publish(dev, now_ms);
		r = quoin_dev_keep_step(&dev->keep, &changed, err);
		if (r == 0 && changed)
			tell_activation(dev);
		if (r == 0)
			r = look_whether_up(dev, now_ms, err);
	}
	return r;
}

/* ---- Beginning and end ---- */

/* Before any thread is there, so that all inherit it. */
static int
open_signals(struct dev *dev, struct quoin_error *err)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	(void)signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0)
		return quoin_error_sys(err, QUOIN_ESYSTEM, "cannot block signals");
	dev->signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	return dev->signal_fd >= 0 ? 0 : quoin_error_sys(err, QUOIN_ESYSTEM, "cannot wait for signals");
}

/* librdkafka does not survive a port that is taken. */
static int
try_port(uint16_t port, struct quoin_error *err)
{
	const struct sockaddr_in address = {
	    .sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, r = 0;

	if (port == 0 || fd < 0)
		goto out;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0)
		r = quoin_error_sys(err, QUOIN_ECONFLICT, "cannot listen on 127.0.0.1:%u", (unsigned)port);
out:
	if (fd >= 0)
		(void)close(fd);
	return r;
}

static int
open_broker(struct dev *dev, struct quoin_error *err)
{
	char names[QUOIN_TOPICS][QUOIN_TOPIC_NAME_BYTES];
	const char *topics[QUOIN_TOPICS], *bootstrap;
	int r;

	for (unsigned i = 0; i < QUOIN_TOPICS; i++) {
		quoin_topic_name(dev->site.namespace_name, (enum quoin_topic)i, names[i]);
		topics[i] = names[i];
	}
	r = try_port(dev->options->port, err);
	if (r != 0)
		return r;
	quoin_dev_bind_want(dev->options->port);
	r = quoin_bus_mock_open(topics, QUOIN_TOPICS, &dev->mock, &bootstrap, err);
	quoin_dev_bind_want(0);
	if (r != 0)
		return r;
	snprintf(dev->site.bootstrap, sizeof dev->site.bootstrap, "%s", bootstrap);
	return quoin_dev_site_write_confs(&dev->site, err);
}

static int
begin(struct dev *dev, struct quoin_error *err)
{
	const char *name = dev->cli->namespace_name != NULL ? dev->cli->namespace_name : QUOIN_DEV_NAMESPACE;
	const char *dir = dev->options->state != NULL ? dev->options->state : QUOIN_DEV_DIR;
	char topics[QUOIN_PATH_BYTES_MAX];
	int r;

	r = quoin_dev_site_open(&dev->site, dir, dev->options->state != NULL, name, err);
	if (r == 0)
		r = open_signals(dev, err);
	if (r == 0)
		r = open_broker(dev, err);
	if (r == 0)
		r = quoin_dev_fleet_open(&dev->fleet, dev->cli, &dev->site, err);
	if (r == 0)
		r = quoin_dev_site_path(&dev->site, topics, sizeof topics, err, "topics");
	if (r == 0)
		r = quoin_dev_keep_open(&dev->keep, &dev->fleet.conf, dev->site.is_kept ? topics : NULL, err);
	if (r == 0)
		r = quoin_dev_keep_restore(&dev->keep, err);
	if (r == 0)
		r = quoin_control_read(&dev->fleet.control, dev->fleet.reader, QUOIN_SESSION_TIMEOUT_MS, err);
	if (r == 0)
		r = quoin_dev_fleet_start(&dev->fleet, err);
	if (r == 0 && dev->options->rules != NULL) {
		r = quoin_dev_watch_open(&dev->watch, dev->options->rules, err);
		if (r == 0)
			publish(dev);
	}
	return r;
}

int
quoin_dev_run(const struct quoin_cli *cli, const struct quoin_dev_options *options, struct quoin_error *err)
{
	struct dev *dev = calloc(1, sizeof *dev);
	int r;

	if (dev == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "no memory");
	dev->cli = cli;
	dev->options = options;
	dev->site.lock_fd = -1;
	dev->signal_fd = -1;
	dev->watch.fd = -1;
	dev->began_ms = quoin_clock_mono_ms();
	r = begin(dev, err);
	if (r == 0)
		r = run(dev, err);
	quoin_dev_children_stop(&dev->publish, 1, STOP_MS);
	quoin_dev_child_clear(&dev->publish);
	quoin_dev_fleet_close(&dev->fleet);
	if (r == 0 && dev->site.is_kept) {
		r = quoin_dev_keep_settle(&dev->keep, SETTLE_MS, err);
		if (r == 0)
			r = quoin_dev_keep_save(&dev->keep, err);
	}
	quoin_dev_watch_close(&dev->watch);
	quoin_dev_keep_close(&dev->keep);
	quoin_bus_mock_close(dev->mock);
	quoin_dev_site_close(&dev->site);
	if (dev->signal_fd >= 0)
		(void)close(dev->signal_fd);
	free(dev);
	return r;
}
