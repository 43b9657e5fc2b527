/* /ready of a real agent, as a VIP asks it (PROTOCOL.md section 3; section 10, runs 4 and 14). */
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/agent_site.h"

static char shard[QUOIN_NAME_BYTES_MAX + 1];
static char hold_path[320];

/* Some shard of that seed that has models. */
static void
find_shard(uint64_t seed)
{
	struct dice dice = {seed};
	struct quoin_ruleset ruleset;
	struct rulesets_parts parts;
	struct quoin_image image;
	struct quoin_models models;
	struct quoin_shard_entry entry = {0};

	rulesets_random(&dice, &ruleset);
	rulesets_encode(&ruleset, NULL, &parts);
	CHECK_INT(quoin_image_of(quoin_buf_span(&parts.models), &image, NULL), 0);
	CHECK_INT(quoin_models_attach(&image, &models, NULL), 0);
	for (uint32_t i = 0; i < models.shard_count && entry.placed_count == 0; i++)
		quoin_models_shard_at(&models, i, &entry);
	CHECK(entry.placed_count > 0);
	(void)snprintf(shard, sizeof shard, "%s", entry.name);
	rulesets_parts_clear(&parts);
	quoin_ruleset_clear(&ruleset);
}

static void
put_release_of(uint64_t seed)
{
	struct rulesets_parts parts = {0};

	put_rules_release(seed, &parts);
	rulesets_parts_clear(&parts);
}

/* Whether models load, or are held up. */
static void
hold(bool is_held)
{
	if (is_held)
		write_text(hold_path, "", 0644);
	else
		CHECK_INT(unlink(hold_path), 0);
}

/* The status code that a VIP gets; 0: no connection. */
static int
ask(void)
{
	static const char request[] = "GET /ready HTTP/1.1\r\nHost: h1\r\nUser-Agent: vip\r\n\r\n";
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), code = 0;
	char reply[512] = "";
	size_t bytes = 0;
	ssize_t n;

	(void)snprintf(name.sun_path, sizeof name.sun_path, "%s/r", check_dir());
	if (connect(fd, (const struct sockaddr *)&name, sizeof name) == 0 &&
	    send(fd, request, sizeof request - 1, MSG_NOSIGNAL) == (ssize_t)sizeof request - 1) {
		while (bytes < sizeof reply - 1 && (n = read(fd, reply + bytes, sizeof reply - 1 - bytes)) > 0)
			bytes += (size_t)n;
		(void)sscanf(reply, "HTTP/1.1 %d", &code);
	}
	(void)close(fd);
	return code;
}

static void
await_ready(int code, const char *what)
{
	const int64_t deadline = quoin_clock_mono_ms() + WAIT_MS;

	while (ask() != code) {
		if (quoin_clock_mono_ms() > deadline)
			check_fail(__FILE__, __LINE__, "/ready is %d, not %d: %s", ask(), code, what);
		(void)poll(NULL, 0, 10);
	}
}

static uint64_t obeyed_seq;

static bool
is_obeyed(const struct quoin_status *status)
{
	return status->obeyed.seq >= obeyed_seq;
}

static bool
is_loading_head(const struct quoin_status *status)
{
	const struct quoin_status_release *release = quoin_status_of(status, site.world.head);

	return is_obeyed(status) && release != NULL && release->progress == QUOIN_PROGRESS_LOADING;
}

/* Releases 1 to "high" live, 1 in effect, the last seqs given; "out": the host is excluded. Obeyed when it returns. */
static void
obey(uint64_t seq, uint64_t target, bool out, uint64_t high, ...)
{
	struct quoin_live live[8];
	struct quoin_exclusion exclusion = {.host = "h1"};
	struct quoin_activation activation = {.epoch = 1,
	    .seq = seq,
	    .asked = target,
	    .from = 1,
	    .target = target,
	    .live = live,
	    .excluded = &exclusion,
	    .excluded_count = out};
	struct quoin_sealed sealed;
	char key[32];
	va_list lasts;

	va_start(lasts, high);
	for (uint64_t n = 1; n <= high; n++)
		live[activation.live_count++] =
		    (struct quoin_live){site.world.releases[n], n, (uint64_t)va_arg(lasts, int)};
	va_end(lasts);
	world_activation(&site.world, &activation, &sealed);
	(void)snprintf(key, sizeof key, "activation/%llu", (unsigned long long)seq);
	put_sealed(QUOIN_TOPIC_GATE, key, &sealed);
	beat();
	obeyed_seq = seq;
	await(is_obeyed, "the activation obeyed");
}

static void
open_ready_site(void)
{
	char path[320], script[512], more[1024];

	find_shard(7);
	(void)snprintf(hold_path, sizeof hold_path, "%s/hold", check_dir());
	(void)snprintf(path, sizeof path, "%s/hook", check_dir());
	(void)snprintf(script, sizeof script, "#!/bin/sh\ntest -e %s && exit 75\nexit 0\n", hold_path);
	write_text(path, script, 0755);
	(void)snprintf(more, sizeof more, "hook.load = hook\nready.listen = unix:%s/r\n", check_dir());
	open_site(QUOIN_HOST_SERVING, shard, more);
}

/* Run 4. */
static void
follows_what_routers_may_run(void)
{
	open_ready_site();
	put_release_of(7);
	start_agent();
	await_ready(503, "nothing is live");
	obey(1, 1, false, 1, 1);
	await_ready(200, "release 1 is loaded");
	/* Preparation begins: nobody can run 2 yet, and every host would answer 503. */
	hold(true);
	put_release_of(8);
	obey(2, 1, false, 2, 2, 0);
	await(is_loading_head, "loading release 2");
	CHECK_INT(ask(), 200);
	/* It is selected without this host. */
	obey(3, 2, false, 2, 3, 3);
	await_ready(503, "a router may run release 2");
	/* A rollback: some router may run it still. */
	obey(4, 1, false, 2, 4, 3);
	for (int i = 0; i < 20; i++) {
		CHECK_INT(ask(), 503);
		(void)poll(NULL, 0, 10);
	}
	hold(false);
	await_ready(200, "release 2 is loaded");
	/* What was ever reported ready counts, selectable or not. */
	obey(5, 1, true, 2, 5, 3);
	await_ready(503, "it is excluded");
	obey(6, 1, false, 2, 6, 3);
	await_ready(200, "it is included again");
	CHECK_INT(stop_agent(SIGTERM), 0);
	CHECK_INT(ask(), 0);
	close_site();
}

/* Run 14. */
static void
says_no_before_it_has_loaded(void)
{
	char path[320];

	open_ready_site();
	put_release_of(7);
	put_release_of(8);
	hold(true);
	start_agent();
	obey(1, 1, false, 2, 1, 0);
	await(is_loading_head, "loading release 2");
	CHECK_INT(ask(), 503);
	hold(false);
	await_ready(200, "all is loaded");
	/* The machine's other processes may have lost everything. */
	hold(true);
	CHECK_INT(stop_agent(SIGKILL), 137);
	start_agent();
	for (int i = 0; i < 50; i++) {
		CHECK(ask() != 200);
		(void)poll(NULL, 0, 10);
	}
	await(is_loading_head, "loading release 2 again");
	CHECK_INT(ask(), 503);
	hold(false);
	await_ready(200, "all is loaded again");
	/* A new store knows nothing of what it reported ready: the whole live set counts, release 2 although nobody runs it. */
	hold(true);
	CHECK_INT(stop_agent(SIGKILL), 137);
	(void)snprintf(path, sizeof path, "rm -r '%s'", site.state);
	CHECK_INT(system(path), 0);
	start_agent();
	for (int i = 0; i < 50; i++) {
		CHECK(ask() != 200);
		(void)poll(NULL, 0, 10);
	}
	await(is_loading_head, "loading with a new store");
	CHECK_INT(ask(), 503);
	hold(false);
	await_ready(200, "all is loaded with a new store");
	CHECK_INT(stop_agent(SIGTERM), 0);
	close_site();
}

int
main(int argc, char **argv)
{
	static const struct check_case cases[] = {
	    {"ready: follows what routers may run (run 4)", follows_what_routers_may_run},
	    {"ready: says no before it has loaded (run 14)", says_no_before_it_has_loaded},
	};

	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
