/* The crash fuse, with a real quoind whose reader is poisoned (tests/unit/poison.c): invariant I8. */
#include "tests/agent_site.h"

static char poison_log[320];
static int64_t started_ms; /* what was said before does not count */

static void
start(void)
{
	started_ms = quoin_clock_wall_ms();
	start_agent();
}

/* Rules of that many bytes are poison to every agent that starts from now on; NULL: none are. */
static void
poison(const char *how, size_t bytes)
{
	char text[32];

	site.program = "tests/unit/quoind-poisoned";
	(void)snprintf(poison_log, sizeof poison_log, "%s/poisoned", check_dir());
	(void)snprintf(text, sizeof text, "%zu", bytes);
	CHECK_INT(setenv("QUOIN_POISON_LOG", poison_log, 1), 0);
	CHECK_INT(setenv("QUOIN_POISON_BYTES", text, 1), 0);
	CHECK_INT(how != NULL ? setenv("QUOIN_POISON", how, 1) : unsetenv("QUOIN_POISON"), 0);
}

/* How often the poison was read. */
static size_t
readings(void)
{
	struct stat st;

	return stat(poison_log, &st) == 0 ? (size_t)st.st_size : 0;
}

static void
await_readings(size_t count)
{
	const int64_t deadline = quoin_clock_mono_ms() + WAIT_MS;

	while (readings() < count) {
		CHECK(quoin_clock_mono_ms() < deadline);
		(void)poll(NULL, 0, 10);
	}
	CHECK_INT(readings(), count);
}

/* Two releases of rules, of different sizes; returns the second one's. */
static size_t
put_two(void)
{
	struct rulesets_parts one = {0}, other = {0};
	size_t bytes;

	put_rules_release(1, &one);
	put_rules_release(2, &other);
	bytes = other.rules.len;
	CHECK(bytes != one.rules.len);
	rulesets_parts_clear(&one);
	rulesets_parts_clear(&other);
	return bytes;
}

static bool
is_failed_here(const struct quoin_status *status)
{
	const struct quoin_status_release *release = quoin_status_of(status, 2);

	return release != NULL && release->progress == QUOIN_PROGRESS_FAILED && status->runs.number == 1 &&
	    status->sent_ms >= started_ms && !status->leaving;
}

static bool
has_staged_both(const struct quoin_status *status)
{
	return status->runs.number == 1 && has_staged_head(status) && status->sent_ms >= started_ms;
}

static void
retry(const char *host)
{
	struct quoin_sealed sealed;
	char key[32];

	world_intent(&site.world, QUOIN_ACTION_RETRY, 2, host, &sealed);
	(void)snprintf(key, sizeof key, "intent/%llu", (unsigned long long)site.world.intent);
	put_sealed(QUOIN_TOPIC_CONTROL, key, &sealed);
}

/* Wait until it is dead, of itself. */
static void
await_death(void)
{
	const int64_t deadline = quoin_clock_mono_ms() + WAIT_MS;
	int status;
	pid_t pid;

	while ((pid = waitpid(site.pid, &status, WNOHANG)) == 0) {
		CHECK(quoin_clock_mono_ms() < deadline);
		(void)poll(NULL, 0, 10);
	}
	CHECK_INT(pid, site.pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* The child that tries it crashes: rejected at once, and for good, restarts included, until an operator says retry. */
static void
the_reader_crashes(void)
{
	open_site(QUOIN_HOST_ROUTER, "", "");
	poison("crash", put_two());
	activate(1, 0, 1, 1, 2);
	start();
	await(is_failed_here, "release 2 failed");
	CHECK(strstr(quoin_status_of(&site.status, 2)->reason, "crashed") != NULL);
	CHECK_INT(readings(), 1);
	CHECK_INT(stop_agent(SIGKILL), 137);
	start();
	await(is_failed_here, "release 2 still failed");
	CHECK(strstr(quoin_status_of(&site.status, 2)->reason, "crashed") != NULL);
	CHECK_INT(readings(), 1);
	/* Another host's retry is none of ours; the one of all is. */
	retry("h2");
	retry("");
	await_readings(2);
	/* What is said from now on is said of that. */
	started_ms = quoin_clock_wall_ms();
	await(is_failed_here, "release 2 failed again");
	CHECK_INT(stop_agent(SIGTERM), 0);
	CHECK_INT(readings(), 2);
	/* Mended, as by a new version of the program; still it takes the operator's word. */
	poison(NULL, 0);
	start();
	await(is_failed_here, "release 2 failed although the program is mended");
	retry("h1");
	await(has_staged_both, "release 2 staged");
	CHECK_INT(stop_agent(SIGTERM), 0);
	close_site();
}

/* The agent dies with it, the machine does not: tried once more, then rejected; what runs is served all the time. */
static void
the_agent_dies(void)
{
	open_site(QUOIN_HOST_ROUTER, "", "");
	poison("die", put_two());
	activate(1, 0, 1, 1, 2);
	start();
	await_death();
	CHECK_INT(readings(), 1);
	start();
	await_death();
	CHECK_INT(readings(), 2);
	start();
	await(is_failed_here, "release 2 failed");
	CHECK(strstr(quoin_status_of(&site.status, 2)->reason, "twice") != NULL);
	CHECK_INT(stop_agent(SIGTERM), 0);
	start();
	await(is_failed_here, "release 2 still failed");
	CHECK_INT(stop_agent(SIGTERM), 0);
	CHECK_INT(readings(), 2);
	/* The operator's word allows two more, not one more each time. */
	start();
	retry("h1");
	await_death();
	start();
	await_death();
	start();
	await(is_failed_here, "release 2 failed");
	CHECK_INT(readings(), 4);
	CHECK_INT(stop_agent(SIGTERM), 0);
	close_site();
}

int
main(int argc, char **argv)
{
	static const struct check_case cases[] = {
	    {"fuse: the reader crashes (I8)", the_reader_crashes},
	    {"fuse: the agent dies (I8)", the_agent_dies},
	};

	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
