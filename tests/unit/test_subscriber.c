/* The subscriber inside an application (quoin_subscriber(3)): the same core and store as quoind, hooks as functions. */
#include <stdatomic.h>

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
	    {"subscriber: refuses what is wrong", refuses_what_is_wrong},
	};

	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
