/* The subscriber inside an application (quoin_subscriber(3)): the same core and store as quoind, hooks as functions. */
#include <stdatomic.h>
#include <sys/prctl.h>

#include "subscriber/quoin.h"
#include "tests/agent_site.h"

static char shard[QUOIN_NAME_BYTES_MAX + 1];
static size_t placed;
static struct quoin_subscriber *subscriber;
static _Atomic size_t loads, unloads, checks;
static _Atomic int answer; /* of load */
static _Atomic int check_answer;

static int
on_load(void *ctx, const struct quoin_subscriber_model *model, char *reason, size_t reason_bytes)
{
	int r = atomic_load(&answer);

	CHECK(ctx == &answer && model->model[0] != '\0' && model->version[0] != '\0' && model->uri != NULL);
	CHECK(strlen(model->digest) > 0 && reason[0] == '\0' && reason_bytes > 100);
	if (r == 0)
		atomic_fetch_add(&loads, 1);
	else if (r != QUOIN_FAILED_AGAIN)
		(void)snprintf(reason, reason_bytes, "no\troom");
	return r;
}

static int
on_unload(void *ctx, const struct quoin_subscriber_model *model, char *reason, size_t reason_bytes)
{
	(void)ctx;
	(void)model;
	(void)reason;
	(void)reason_bytes;
	atomic_fetch_add(&unloads, 1);
	return 0;
}

static int
on_check(void *ctx, const struct quoin_subscriber_model *model, char *reason, size_t reason_bytes)
{
	(void)ctx;
	(void)model;
	(void)reason;
	(void)reason_bytes;
	atomic_fetch_add(&checks, 1);
	return atomic_load(&check_answer);
}

static const struct quoin_subscriber_hooks hooks = {.load = on_load,
    .unload = on_unload,
    .check = on_check,
    .ctx = &answer};

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
	placed = entry.placed_count;
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

static void
open_subscriber(const struct quoin_subscriber_hooks *given)
{
	struct quoin_message message = {0};

	/* What the one before said last does not count. */
	quoin_status_clear(&site.status);
	memset(&site.status, 0, sizeof site.status);
	if (quoin_subscriber_open(site.conf_path, given, &subscriber, &message) != 0)
		check_fail(__FILE__, __LINE__, "%s", message.text);
}

static bool
holds_first(const struct quoin_status *status)
{
	bool holds = false;

	for (size_t i = 0; i < status->hold_count; i++)
		holds = holds || status->holds[i] == 1;
	return status->runs.number == 2 && holds;
}

static bool
holds_second_only(const struct quoin_status *status)
{
	return status->runs.number == 2 && status->hold_count == 1 && status->holds[0] == 2;
}

/* What it fetched, and what its application counted. */
static bool
has_counts(const struct quoin_status *status)
{
	return status->hit_total == 3 && status->hit_count == 1 && status->hits[0].count == 3 &&
	    strcmp(status->hits[0].objective, "Objective0") == 0 && status->fetched.full > 0 &&
	    status->fetched.bytes > 0 && status->fetched.deltas == 0;
}

/* A router resolves in the process that fetches; what its own views pin is held, as a stranger's would be. */
static void
router_resolves(void)
{
	struct quoin_counter *counter;
	struct quoin_reader *reader;
	struct quoin_decision decision;
	struct quoin_view old, view;
	struct quoin_message message = {0};
	struct quoin_subscriber *second = NULL;

	open_site(QUOIN_HOST_ROUTER, "", "");
	open_subscriber(NULL);
	CHECK_INT(quoin_subscriber_wait(subscriber, false, 0), QUOIN_FAILED_TIMEOUT);
	reader = quoin_subscriber_reader(subscriber);
	CHECK_INT(quoin_view_acquire(reader, &view), QUOIN_FAILED_MISSING);
	put_release_of(1);
	activate(1, 0, 1, 1, 1);
	CHECK_INT(quoin_subscriber_wait(subscriber, true, WAIT_MS), 0);
	while (quoin_view_acquire(reader, &old) != 0)
		(void)poll(NULL, 0, 5);
	CHECK_INT(quoin_view_release_number(&old), 1);
	CHECK_INT(quoin_resolve_strings(&old, "Objective0", NULL, 0, &decision), 0);
	CHECK_INT(decision.stale, 0);
	CHECK_INT(quoin_counter_new(reader, 0, &counter), 0);
	for (unsigned i = 0; i < 3; i++)
		quoin_counter_add(counter, &decision);
	await(has_counts, "three decisions are counted");
	quoin_counter_free(counter);
	CHECK(quoin_subscriber_is_ready(subscriber));
	/* One per store; and other processes attach as ever, but not this one. */
	CHECK_INT(quoin_subscriber_open(site.conf_path, NULL, &second, &message), QUOIN_FAILED_CONFLICT);
	CHECK(message.text[0] != '\0');
	put_release_of(2);
	activate(2, 1, 2, 1, 2);
	await(holds_first, "runs release 2 and holds 1");
	while (quoin_reader_release(reader) != 2)
		(void)poll(NULL, 0, 5);
	CHECK_INT(quoin_resolve_strings(&old, "Objective0", NULL, 0, &decision), 0);
	CHECK_INT(quoin_view_release_number(&old), 1);
	quoin_view_release(&old);
	await(holds_second_only, "holds release 2 only");
	CHECK_INT(quoin_subscriber_close(subscriber), 0);
	await(is_leaving, "leaving");
	/* Again, with what is stored, and the broker gone. */
	quoin_bus_mock_down(site.mock);
	open_subscriber(NULL);
	CHECK_INT(quoin_subscriber_wait(subscriber, false, WAIT_MS), 0);
	CHECK_INT(quoin_subscriber_wait(subscriber, true, 10), QUOIN_FAILED_TIMEOUT);
	CHECK_INT(quoin_reader_release(quoin_subscriber_reader(subscriber)), 2);
	CHECK_INT(quoin_subscriber_close(subscriber), 0);
	close_site();
}

static bool
holds_first_and_head(const struct quoin_status *status)
{
	return runs_head(status) && status->hold_count == 2 && status->holds[0] == 1;
}

static bool
holds_head_only(const struct quoin_status *status)
{
	return runs_head(status) && status->hold_count == 1 && status->holds[0] == site.world.head;
}

/* A view that the application keeps makes the file grow: the store moves under it. The view stays as it was and is held; the
 * next ones are of the new file. */
static void
moves_its_own_store(void)
{
	struct quoin_view old, view;
	struct quoin_reader *reader;
	char byte = 0;

	open_site(QUOIN_HOST_ROUTER, "", "retain.releases = 1\n");
	activate_next_large();
	open_subscriber(NULL);
	reader = quoin_subscriber_reader(subscriber);
	await(runs_head, "runs release 1");
	while (quoin_view_acquire(reader, &old) != 0)
		(void)poll(NULL, 0, 5);
	for (unsigned i = 0; i < 12 && !is_beside("store.old"); i++) {
		activate_next_large();
		await(runs_head, "runs the next release");
	}
	for (unsigned i = 0; i < 3000 && !is_beside("store.old"); i++)
		(void)poll(NULL, 0, 10);
	CHECK(is_beside("store.old"));
	for (unsigned i = 0; i < 3; i++) {
		activate_next_large();
		await(holds_first_and_head, "holds release 1");
	}
	CHECK_INT(quoin_view_release_number(&old), 1);
	CHECK_INT(quoin_view_part_read(&old, "data", 12u << 20, &byte, 1), 1);
	CHECK_INT(byte, 'b');
	while (quoin_reader_release(reader) != site.world.head)
		(void)poll(NULL, 0, 5);
	CHECK_INT(quoin_view_acquire(reader, &view), 0);
	CHECK_INT(quoin_view_release_number(&view), site.world.head);
	quoin_view_release(&view);
	quoin_view_release(&old);
	await(holds_head_only, "holds nothing else");
	CHECK_INT(quoin_subscriber_close(subscriber), 0);
	CHECK_INT(quoin_store_verify(site.state, "shop", NULL), 0);
	close_site();
}

static bool
is_loading(const struct quoin_status *status)
{
	const struct quoin_status_release *release = quoin_status_of(status, site.world.head);

	return release != NULL && release->progress == QUOIN_PROGRESS_LOADING && release->reason[0] != '\0';
}

static bool
has_failed(const struct quoin_status *status)
{
	const struct quoin_status_release *release = quoin_status_of(status, site.world.head);

	return release != NULL && release->progress == QUOIN_PROGRESS_FAILED && strcmp(release->reason, "no?room") == 0;
}

/* A serving host's hooks are functions, with the words that a program would say by its exit status. */
static void
serving_calls_functions(void)
{
	find_shard(7);
	open_site(QUOIN_HOST_SERVING, shard, "hook.retries = 0\nhook.check_ms = 200\n");
	put_release_of(7);
	activate(1, 0, 1, 1, 1);
	atomic_store(&answer, QUOIN_FAILED_AGAIN);
	open_subscriber(&hooks);
	await(is_loading, "loading, not now");
	CHECK(!quoin_subscriber_is_ready(subscriber));
	atomic_store(&answer, 0);
	await(is_ready_for_head, "ready for release 1");
	CHECK_INT(atomic_load(&loads), placed);
	while (!quoin_subscriber_is_ready(subscriber) || atomic_load(&checks) < placed)
		(void)poll(NULL, 0, 5);
	/* A model dies: noticed, and loaded anew. */
	atomic_store(&check_answer, 1);
	while (atomic_load(&loads) == placed)
		(void)poll(NULL, 0, 5);
	atomic_store(&check_answer, 0);
	await(is_ready_for_head, "ready again");
	/* What does not load is failed, with the application's reason made printable. */
	atomic_store(&answer, 1);
	put_release_of(8);
	activate(2, 1, 1, 1, 2);
	await(has_failed, "failed");
	CHECK_INT(atomic_load(&unloads), 0);
	atomic_store(&answer, 0);
	activate(3, 2, 2, 2, 2);
	while (atomic_load(&unloads) < placed)
		(void)poll(NULL, 0, 5);
	CHECK_INT(quoin_subscriber_close(subscriber), 0);
	close_site();
}

/* ---- Applications that die (I8), each a process of its own ---- */

/* What an application is told to do wrong, by files in the test's directory. */
static bool
is_told(const char *word)
{
	return access(word, F_OK) == 0;
}

static int
load_in_application(void *ctx, const struct quoin_subscriber_model *model, char *reason, size_t reason_bytes)
{
	char path[200];

	(void)ctx;
	(void)reason;
	(void)reason_bytes;
	(void)snprintf(path, sizeof path, "loaded.%s@%s", model->model, model->version);
	if (!is_told(path) && is_told("die-loading")) {
		close(open("died", O_WRONLY | O_CREAT | O_APPEND, 0600));
		(void)raise(SIGKILL);
	}
	if (!is_told(path) && is_told("stay-loading"))
		for (;;)
			(void)pause();
	close(open(path, O_WRONLY | O_CREAT, 0600));
	return 0;
}

/* An application: until SIGTERM it looks at what is active, all the time. */
static int
run_application(const char *conf)
{
	static const struct quoin_subscriber_hooks functions = {.load = load_in_application};
	struct quoin_subscriber *own = NULL;
	struct quoin_message message = {0};
	struct quoin_view view;
	sigset_t ends;

	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &ends, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (quoin_subscriber_open(conf, &functions, &own, &message) != 0) {
		fprintf(stderr, "%s\n", message.text);
		return 1;
	}
	while (sigtimedwait(&ends, NULL, &(struct timespec){.tv_nsec = 2000000}) != SIGTERM) {
		if (quoin_view_acquire(quoin_subscriber_reader(own), &view) != 0)
			continue;
		if (quoin_view_release_number(&view) == 2 && is_told("die-reading")) {
			close(open("died", O_WRONLY | O_CREAT | O_APPEND, 0600));
			(void)raise(SIGSEGV);
		}
		quoin_view_release(&view);
	}
	return quoin_subscriber_close(own) == 0 ? 0 : 1;
}

static void
tell(const char *word, bool on)
{
	char path[320];

	(void)snprintf(path, sizeof path, "%s/%s", check_dir(), word);
	if (on)
		write_text(path, "", 0600);
	else
		(void)unlink(path);
}

static void
start_application(void)
{
	char log_path[320];
	int log_fd;

	quoin_status_clear(&site.status);
	memset(&site.status, 0, sizeof site.status);
	(void)snprintf(log_path, sizeof log_path, "%s/log", check_dir());
	log_fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	site.pid = fork();
	CHECK(site.pid != -1);
	if (site.pid == 0) {
		(void)dup2(log_fd, STDERR_FILENO);
		/* It dies of its signal, also where a sanitizer would rather tell of it. */
		(void)setenv("ASAN_OPTIONS", "handle_segv=0:handle_abort=0:handle_sigbus=0", 1);
		if (chdir(check_dir()) == 0)
			(void)execl("/proc/self/exe", "test_subscriber", "--application", site.conf_path, (char *)NULL);
		_exit(127);
	}
	close(log_fd);
}

static void
await_death(int signal_number)
{
	const int64_t deadline = quoin_clock_mono_ms() + WAIT_MS;
	int status;

	while (waitpid(site.pid, &status, WNOHANG) == 0) {
		CHECK(quoin_clock_mono_ms() < deadline);
		(void)poll(NULL, 0, 10);
	}
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == signal_number);
}

static bool
has_given_up_second(const struct quoin_status *status)
{
	const struct quoin_status_release *release = quoin_status_of(status, 2);

	return release != NULL && release->progress == QUOIN_PROGRESS_FAILED && release->model[0] == '\0' &&
	    strcmp(release->reason, "the application died twice while loading it") == 0 && status->runs.number == 1;
}

static bool
is_ready_for_first(const struct quoin_status *status)
{
	const struct quoin_status_release *release = quoin_status_of(status, 1);

	return release != NULL && release->progress == QUOIN_PROGRESS_READY && has_given_up_second(status);
}

static bool
is_at_second(const struct quoin_status *status)
{
	const struct quoin_status_release *release = quoin_status_of(status, 2);

	return release != NULL && (release->progress == QUOIN_PROGRESS_READY || status->runs.number == 2);
}

/* Its own views of release 2 kill it: twice, and then it comes up with what else may run. */
static void
views_that_kill(void)
{
	open_site(QUOIN_HOST_ROUTER, "", "");
	put_raw_release('a', 1000, false);
	put_raw_release('b', 1000, false);
	activate(1, 0, 1, 1, 2);
	tell("die-reading", true);
	start_application();
	await(runs_first, "runs release 1");
	activate(2, 1, 2, 1, 2);
	await_death(SIGSEGV);
	start_application();
	await_death(SIGSEGV);
	start_application();
	beat();
	await(has_given_up_second, "release 2 given up");
	/* Its operator's word, and the mended application, and it goes on. */
	tell("die-reading", false);
	CHECK_INT(stop_agent(SIGTERM), 0);
	start_application();
	await(has_given_up_second, "release 2 still given up");
	{
		struct quoin_sealed sealed;

		world_intent(&site.world, QUOIN_ACTION_RETRY, 2, "h1", &sealed);
		put_sealed(QUOIN_TOPIC_CONTROL, "intent/1", &sealed);
	}
	await(is_at_second, "runs release 2");
	CHECK_INT(stop_agent(SIGTERM), 0);
	close_site();
}

/* A function that loads a model kills it: twice; what it was ready for before goes on. */
static void
models_that_kill(void)
{
	find_shard(7);
	open_site(QUOIN_HOST_SERVING, shard, "");
	put_release_of(7);
	activate(1, 0, 1, 1, 1);
	start_application();
	await(is_ready_for_head, "ready for release 1");
	tell("die-loading", true);
	put_release_of(8);
	activate(2, 1, 1, 1, 2);
	await_death(SIGKILL);
	start_application();
	await_death(SIGKILL);
	start_application();
	beat();
	await(has_given_up_second, "release 2 given up");
	await(is_ready_for_first, "ready for release 1 again");
	CHECK_INT(stop_agent(SIGTERM), 0);
	close_site();
}

static bool
is_loading_a_model(const struct quoin_status *status)
{
	const struct quoin_status_release *release = quoin_status_of(status, site.world.head);

	return release != NULL && release->progress == QUOIN_PROGRESS_LOADING;
}

/* Killed from outside at each step of a release's life, each time another one's: it always comes to the end of it. */
static void
killed_at_each_step(void)
{
	uint64_t seq = 1;

	find_shard(7);
	open_site(QUOIN_HOST_SERVING, shard, "");
	put_release_of(7);
	activate(1, 0, 1, 1, 1);
	start_application();
	await(is_ready_for_head, "ready for release 1");
	for (unsigned step = 0; step < 4; step++) {
		const uint64_t release = step + 2;

		if (step == 1) {
			char path[400];

			/* What it loaded is not known to be loaded any more, and takes for ever. */
			CHECK_INT(stop_agent(SIGTERM), 0);
			(void)snprintf(path, sizeof path, "rm -f '%s'/loaded.*", check_dir());
			CHECK_INT(system(path), 0);
			tell("stay-loading", true);
			start_application();
		}
		put_release_of(step % 2 == 0 ? 8 : 7);
		if (step == 0) {
			await(has_staged_head, "staged");
			CHECK_INT(stop_agent(SIGKILL), 128 + SIGKILL);
		}
		activate(++seq, release - 1, release - 1, release - 1, release);
		if (step == 1) {
			await(is_loading_a_model, "loading");
			CHECK_INT(stop_agent(SIGKILL), 128 + SIGKILL);
			tell("stay-loading", false);
		}
		if (step < 2)
			start_application();
		beat();
		await(is_ready_for_head, "ready for the next release");
		if (step == 2) {
			CHECK_INT(stop_agent(SIGKILL), 128 + SIGKILL);
			start_application();
		}
		activate(++seq, release - 1, release, release - 1, release);
		await(runs_head, "runs the next release");
		if (step == 3) {
			CHECK_INT(stop_agent(SIGKILL), 128 + SIGKILL);
			start_application();
			beat();
			await(runs_head, "runs it again");
		}
	}
	CHECK_INT(stop_agent(SIGTERM), 0);
	CHECK_INT(quoin_store_verify(site.state, "shop", NULL), 0);
	close_site();
}

static void
refuses_what_is_wrong(void)
{
	struct quoin_message message = {0};
	struct quoin_subscriber *none = NULL;
	char path[320];

	(void)snprintf(path, sizeof path, "%s/none.conf", check_dir());
	CHECK_INT(quoin_subscriber_open(path, NULL, &none, &message), QUOIN_FAILED_NOT_FOUND);
	CHECK(strstr(message.text, "none.conf") != NULL);
	write_text(path, "namespace = shop\nnonsense = 1\n", 0600);
	CHECK(quoin_subscriber_open(path, NULL, &none, &message) < 0);
	CHECK(strstr(message.text, "nonsense") != NULL && none == NULL);
	CHECK_INT(quoin_subscriber_close(NULL), 0);
}

int
main(int argc, char **argv)
{
	static const struct check_case cases[] = {
	    {"subscriber: a router resolves where it fetches", router_resolves},
	    {"subscriber: a serving host calls functions", serving_calls_functions},
	    {"subscriber: its own store moves under its views", moves_its_own_store},
	    {"subscriber: views that kill the application (I8)", views_that_kill},
	    {"subscriber: models that kill the application (I8)", models_that_kill},
	    {"subscriber: the application is killed at each step", killed_at_each_step},
	    {"subscriber: refuses what is wrong", refuses_what_is_wrong},
	};

	if (argc == 3 && strcmp(argv[1], "--application") == 0)
		return run_application(argv[2]);

	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
