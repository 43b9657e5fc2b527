/* quoind as a process, on the embedded broker (tests/agent_site.h). */
#include <errno.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "formats/rules.h"
#include "tests/agent_site.h"

/* ---- Tests ---- */

static void
router_from_publish_to_rollback(void)
{
	open_site(QUOIN_HOST_ROUTER, "", "");
	put_raw_release('a', 100, false);
	beat();
	start_agent();
	await(has_staged_head, "release 1 staged");
	activate(1, 0, 1, 1, 1);
	await(runs_head, "runs release 1");
	CHECK_INT(site.status.digest_count, 1);
	check_content(1, 'a', 100);
	/* Two segments, and hints that lead nowhere. */
	put_raw_release('b', QUOIN_SEGMENT_BYTES_MAX + 1000, true);
	await(has_staged_head, "release 2 staged");
	check_content(1, 'a', 100);
	activate(2, 1, 2, 1, 2);
	await(runs_head, "runs release 2");
	check_content(2, 'b', QUOIN_SEGMENT_BYTES_MAX + 1000);
	activate(3, 2, 1, 1, 2);
	await(runs_first, "runs release 1 again");
	check_content(1, 'a', 100);
	CHECK_INT(stop_agent(SIGTERM), 0);
	await(is_leaving, "leaving");
	close_site();
}

static bool
obeys_second(const struct quoin_status *status)
{
	return status->obeyed.seq == 2 && status->runs.number == 2;
}

/* Activation 1.2, to release 2, with so many hosts excluded that the store's file must grow. */
static void
activate_with_many_excluded(void)
{
	static struct quoin_exclusion excluded[512];
	struct quoin_live live[2];
	struct quoin_activation activation = {.epoch = 1, .seq = 2, .asked = 2, .from = 1, .target = 2, .live = live,
		.live_count = 2, .excluded = excluded, .excluded_count = 512};
	struct quoin_sealed sealed;

	for (unsigned i = 0; i < 512; i++) {
		(void)snprintf(excluded[i].host, sizeof excluded[i].host, "a-host-of-another-shard-with-a-long-name-%03u", i);
		excluded[i].by_operator = true;
	}
	for (uint64_t n = 1; n <= 2; n++)
		live[n - 1] = (struct quoin_live){site.world.releases[n], n, 2};
	world_activation(&site.world, &activation, &sealed);
	put_sealed(QUOIN_TOPIC_GATE, "activation/2", &sealed);
}

static void
await_log(const char *text)
{
	const int64_t deadline = quoin_clock_mono_ms() + WAIT_MS;
	const struct timespec pause = {.tv_nsec = 10000000};
	char path[320];
	bool found = false;

	(void)snprintf(path, sizeof path, "%s/log", check_dir());
	while (!found) {
		struct quoin_buf log;

		quoin_buf_init(&log, 16u << 20);
		found = quoin_file_read(path, &log, NULL) == 0 && memmem(log.data, log.len, text, strlen(text)) != NULL;
		quoin_buf_clear(&log);
		if (!found && quoin_clock_mono_ms() > deadline)
			check_fail(__FILE__, __LINE__, "the log never says: %s", text);
		(void)nanosleep(&pause, NULL);
	}
}

/* A file that takes all the room there is. */
static void
fill_disk(const char *path)
{
	static const char zeros[1 << 12];
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	CHECK(fd != -1);
	while (write(fd, zeros, sizeof zeros) > 0)
		;
	CHECK_INT(errno, ENOSPC);
	(void)close(fd);
}

/* The activation whose commit failed is read again, though what follows it on the topic was at hand already. */
static void
router_outlives_a_full_disk(void)
{
	char fill[320];

	open_site(QUOIN_HOST_ROUTER, "", "");
	CHECK_INT(mkdir(site.state, 0700), 0);
	if (mount("none", site.state, "tmpfs", 0, "size=1m") != 0)
		check_skip("cannot mount a small file system: %s", strerror(errno));
	put_raw_release('a', 100, false);
	put_raw_release('b', 100, false);
	activate(1, 0, 1, 1, 2);
	start_agent();
	await(runs_first, "runs release 1");
	await(has_staged_head, "release 2 staged");
	(void)snprintf(fill, sizeof fill, "%s/fill", site.state);
	fill_disk(fill);
	activate_with_many_excluded();
	await_log("cannot commit");
	for (unsigned i = 0; i < 4; i++)
		beat();
	CHECK_INT(unlink(fill), 0);
	await(obeys_second, "obeys activation 2");
	CHECK_INT(stop_agent(SIGTERM), 0);
	CHECK_INT(umount2(site.state, MNT_DETACH), 0);
	close_site();
}

/* Killed, and started again with everything dead: what was active is there, and a later activation is still obeyed. */
static void
router_comes_up_alone(void)
{
	open_site(QUOIN_HOST_ROUTER, "", "");
	put_raw_release('a', 5000, false);
	activate(1, 0, 1, 1, 1);
	start_agent();
	await(runs_head, "runs release 1");
	CHECK_INT(stop_agent(SIGKILL), 128 + SIGKILL);
	quoin_bus_mock_down(site.mock);
	check_content(1, 'a', 5000);
	start_agent();
	check_content(1, 'a', 5000);
	quoin_bus_mock_up(site.mock);
	put_raw_release('b', 10, false);
	await(has_staged_head, "release 2 staged");
	activate(2, 1, 2, 1, 2);
	await(runs_head, "runs release 2");
	check_content(2, 'b', 10);
	CHECK_INT(stop_agent(SIGTERM), 0);
	close_site();
}

/* Nobody is there to be told that it leaves: it does not wait for an answer, and says so. */
static void
router_leaves_alone(void)
{
	open_site(QUOIN_HOST_ROUTER, "", "");
	put_raw_release('a', 5000, false);
	activate(1, 0, 1, 1, 1);
	start_agent();
	await(runs_head, "runs release 1");
	CHECK_INT(stop_agent(SIGTERM), 0);
	quoin_bus_mock_close(site.mock);
	site.mock = NULL;
	start_agent();
	await_said("brokers are down", 1);
	CHECK_INT(stop_agent(SIGTERM), 0);
	await_said("event=unsaid", 1);
	check_content(1, 'a', 5000);
	close_site();
}

/* Killed in the middle of whatever it does, again and again: the store is sound each time, shows one whole release, never
 * an older activation, and in the end everything is there. */
static void
router_is_killed_again_and_again(void)
{
	struct quoin_store *store = NULL;
	struct quoin_store_snapshot *snapshot = NULL;
	static struct quoin_store_active active;
	struct quoin_store_content content;
	uint64_t obeyed = 0;

	open_site(QUOIN_HOST_ROUTER, "", "");
	put_raw_release('a', 1000, false);
	activate(1, 0, 1, 1, 1);
	for (uint64_t round = 2; round <= 9; round++) {
		start_agent();
		put_raw_release((char)('a' + round), 300000, false);
		activate(round, round - 1, round, 1, round);
		/* Later and later: at start, while it reads, fetches, tries, commits, or when all is done. */
		(void)poll(NULL, 0, (int)(round * round * 6));
		CHECK_INT(stop_agent(SIGKILL), 128 + SIGKILL);
		if (quoin_store_attach(site.state, "shop", &store, NULL) != 0)
			continue;
		CHECK_INT(quoin_store_snapshot_open(store, &snapshot, NULL), 0);
		if (quoin_store_snapshot_active(snapshot, &active, NULL) == 0) {
			CHECK(active.obeyed.seq >= obeyed);
			obeyed = active.obeyed.seq;
			CHECK_INT(quoin_store_snapshot_part(snapshot, &active.parts[0].hash, false, &content, NULL), 0);
		}
		quoin_store_snapshot_close(snapshot);
		quoin_store_close(store);
		CHECK_INT(quoin_store_verify(site.state, "shop", NULL), 0);
	}
	start_agent();
	put_raw_release('z', 300000, false);
	activate(10, 9, 10, 3, 10);
	await(runs_head, "runs release 10");
	check_content(10, 'z', 300000);
	CHECK_INT(stop_agent(SIGTERM), 0);
	close_site();
}

/* A damaged store is moved aside and everything fetched again; the ratchets stay. */
static void
router_survives_damage(void)
{
	char path[320];
	uint8_t bytes[4096];
	int fd;

	open_site(QUOIN_HOST_ROUTER, "", "");
	put_raw_release('a', 100000, false);
	activate(1, 0, 1, 1, 1);
	start_agent();
	await(runs_head, "runs release 1");
	CHECK_INT(stop_agent(SIGTERM), 0);
	await(is_leaving, "leaving");
	(void)snprintf(path, sizeof path, "%s/shop/store/data.mdb", site.state);
	fd = open(path, O_RDWR);
	CHECK(fd != -1);
	memset(bytes, 0x5a, sizeof bytes);
	for (off_t at = 8192; at < lseek(fd, 0, SEEK_END); at += 4096)
		CHECK_INT(pwrite(fd, bytes, sizeof bytes, at), sizeof bytes);
	close(fd);
	start_agent();
	await(runs_head, "runs release 1 again");
	check_content(1, 'a', 100000);
	(void)snprintf(path, sizeof path, "%s/shop/quarantine.1", site.state);
	CHECK(quoin_file_exists(path));
	CHECK_INT(stop_agent(SIGTERM), 0);
	close_site();
}

/* Flip one bit of content in the running agent's file, in every place where this letter fills a page. */
static size_t
flip_a_bit(char letter)
{
	char path[320];
	uint8_t page[4096], full[4096];
	size_t flipped = 0;
	int fd;

	memset(full, letter, sizeof full);
	(void)snprintf(path, sizeof path, "%s/shop/store/data.mdb", site.state);
	fd = open(path, O_RDWR);
	CHECK(fd != -1);
	for (off_t at = 0; pread(fd, page, sizeof page, at) == sizeof page; at += 4096) {
		if (memcmp(page, full, sizeof page) != 0)
			continue;
		page[100] ^= 4;
		CHECK_INT(pwrite(fd, page, sizeof page, at), sizeof page);
		flipped++;
		at += 10 * 4096;
	}
	close(fd);
	return flipped;
}

static struct quoin_hash signed_hash;

static bool
shows_damage(const struct quoin_status *status)
{
	return status->digest_count == 1 && !quoin_hash_equal(&status->digests[0].hash, &signed_hash);
}

static bool
shows_no_damage(const struct quoin_status *status)
{
	return status->digest_count == 1 && quoin_hash_equal(&status->digests[0].hash, &signed_hash);
}

/* The digests in a status are those of the bytes as they are now: a flipped bit shows in the next one, and is mended. Without
 * a broker what is there goes on being served. */
static void
router_tells_a_flipped_bit(void)
{
	char content[100000];
	struct quoin_store *store = NULL;

	memset(content, 'a', sizeof content);
	quoin_hash_of(quoin_span_of((const uint8_t *)content, sizeof content), &signed_hash);
	open_site(QUOIN_HOST_ROUTER, "", "");
	put_raw_release('a', sizeof content, false);
	activate(1, 0, 1, 1, 1);
	start_agent();
	await(runs_head, "runs release 1");
	CHECK(shows_no_damage(&site.status));
	CHECK(flip_a_bit('a') > 0);
	await(shows_damage, "another digest");
	await(shows_no_damage, "the digest of what was signed");
	check_content(1, 'a', sizeof content);
	CHECK_INT(quoin_store_verify(site.state, "shop", NULL), 0);
	quoin_bus_mock_down(site.mock);
	CHECK(flip_a_bit('a') > 0);
	await_said("event=alarm code=ECORRUPT", 2);
	CHECK_INT(quoin_store_attach(site.state, "shop", &store, NULL), 0);
	quoin_store_close(store);
	quoin_bus_mock_up(site.mock);
	await_said("is mended", 2);
	check_content(1, 'a', sizeof content);
	CHECK_INT(stop_agent(SIGTERM), 0);
	close_site();
}

/* Another process that takes a view of what is active, and keeps it until it is killed. */
static pid_t
start_stuck_reader(void)
{
	struct quoin_store *store = NULL;
	struct quoin_store_snapshot *snapshot = NULL;
	int fds[2];
	char byte;
	pid_t pid;

	CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (quoin_store_attach(site.state, "shop", &store, NULL) != 0 ||
		    quoin_store_snapshot_open(store, &snapshot, NULL) != 0)
			_exit(1);
		(void)!write(fds[1], "r", 1);
		for (;;)
			(void)pause();
	}
	close(fds[1]);
	CHECK_INT(read(fds[0], &byte, 1), 1);
	close(fds[0]);
	return pid;
}

static pid_t stuck;

static bool
names_the_stuck(const struct quoin_status *status)
{
	const struct quoin_status_release *release = quoin_status_of(status, 1);
	char words[64];

	(void)snprintf(words, sizeof words, "process %d holds release 1", (int)stuck);
	return release != NULL && strcmp(release->reason, words) == 0 && status->hold_count == 2 && status->holds[0] == 1;
}

static bool
runs_head_only(const struct quoin_status *status)
{
	return runs_head(status) && status->hold_count == 1 && status->holds[0] == site.world.head;
}

/* A reader that stays with an old release makes the file grow: the store moves, once; the status names the process. A second
 * one in the new file is safe, too, though the file grows; and everything goes on, restarts included. */
static void
router_moves_away_from_stuck_readers(void)
{
	pid_t other;

	open_site(QUOIN_HOST_ROUTER, "", "retain.releases = 1\n");
	activate_next_large();
	start_agent();
	await(runs_head, "runs release 1");
	stuck = start_stuck_reader();
	for (unsigned i = 0; i < 12 && !is_beside("store.old"); i++) {
		activate_next_large();
		await(runs_head, "runs the next release");
	}
	await_said("event=moved", 1);
	CHECK(is_beside("store.old"));
	await(names_the_stuck, "who holds release 1");
	check_content(site.world.head, (char)('a' + site.world.head % 26), (12u << 20) + site.world.head);
	other = start_stuck_reader();
	for (unsigned i = 0; i < 10; i++) {
		activate_next_large();
		await(runs_head, "runs the next release");
	}
	await_said("event=not-moved", 1);
	CHECK_INT(stop_agent(SIGKILL), 137);
	start_agent();
	beat();
	await(runs_head, "runs the newest again");
	CHECK(is_beside("store.old"));
	check_content(site.world.head, (char)('a' + site.world.head % 26), (12u << 20) + site.world.head);
	CHECK_INT(kill(stuck, SIGKILL), 0);
	CHECK_INT(kill(other, SIGKILL), 0);
	CHECK_INT(waitpid(stuck, NULL, 0), stuck);
	CHECK_INT(waitpid(other, NULL, 0), other);
	await(runs_head_only, "nobody holds anything else");
	CHECK_INT(stop_agent(SIGTERM), 0);
	CHECK_INT(quoin_store_verify(site.state, "shop", NULL), 0);
	close_site();
}

/* Content that is not what was signed is refused, with the reason; the active release is untouched. */
static void
router_refuses_bad_images(void)
{
	struct quoin_part part;
	static const char garbage[] = "this is no image at all, whatever its schema says";

	open_site(QUOIN_HOST_ROUTER, "", "");
	put_raw_release('a', 100, false);
	activate(1, 0, 1, 1, 1);
	start_agent();
	await(runs_head, "runs release 1");
	put_part("rules", "rules-v1", quoin_span_str(garbage), false, &part);
	put_release(&part, 1);
	await(is_rejected, "release 2 rejected");
	CHECK(quoin_status_of(&site.status, 2)->reason[0] != '\0');
	activate(2, 1, 2, 1, 2);
	put_raw_release('c', 100, false);
	await(has_staged_head, "release 3 staged");
	check_content(1, 'a', 100);
	CHECK_INT(stop_agent(SIGTERM), 0);
	close_site();
}

/* A seed whose rules are over every limit below. */
static uint64_t
seed_of_many(void)
{
	for (uint64_t seed = 0x9e3779b97f4a7c15u;; seed *= 3) {
		struct dice dice = {seed};
		struct quoin_ruleset ruleset;
		struct rulesets_parts parts;
		struct quoin_image image;
		struct quoin_rules rules;
		size_t attributes = 0;

		rulesets_random(&dice, &ruleset);
		rulesets_encode(&ruleset, NULL, &parts);
		CHECK_INT(quoin_image_of(quoin_buf_span(&parts.rules), &image, NULL), 0);
		CHECK_INT(quoin_rules_verify(&image, &rules, NULL), 0);
		for (uint32_t id = 0; id < rules.attributes.id_count; id++)
			attributes += quoin_rules_attribute_name(&rules, id) != NULL;
		rulesets_parts_clear(&parts);
		quoin_ruleset_clear(&ruleset);
		if (attributes > 1 && rules.objective_count > 1)
			return seed;
	}
}

/* What is over a limit that this host announces is refused, whatever the publisher's guard let through. */
static void
refuses_what_is_over(const char *limit)
{
	struct rulesets_parts parts;
	char name[32];

	open_site(QUOIN_HOST_ROUTER, "", limit);
	put_rules_release(seed_of_many(), &parts);
	rulesets_parts_clear(&parts);
	start_agent();
	await(is_rejected, "release 1 rejected");
	(void)snprintf(name, sizeof name, "(%.*s)", (int)strcspn(limit, " "), limit);
	CHECK_CONTAINS(quoin_status_of(&site.status, 1)->reason, name);
	CHECK_INT(stop_agent(SIGTERM), 0);
	close_site();
}

static void
router_refuses_too_many_objectives(void)
{
	refuses_what_is_over("limit.objectives = 1\n");
}

static void
router_refuses_too_many_bytes(void)
{
	refuses_what_is_over("limit.bytes = 100\n");
}

static void
router_refuses_too_many_models(void)
{
	refuses_what_is_over("limit.models = 1\n");
}

static void
router_refuses_too_many_attributes(void)
{
	refuses_what_is_over("limit.attributes = 1\n");
}

static bool
has_generation_2(const struct quoin_status *status)
{
	return status->generation == 2;
}

/* Lines of what the hooks wrote down that begin so. */
static size_t
count_asked(const char *prefix)
{
	char path[320];
	struct quoin_buf log;
	const char *line;
	size_t count = 0;

	(void)snprintf(path, sizeof path, "%s/asked", check_dir());
	quoin_buf_init(&log, 1u << 20);
	if (quoin_file_read(path, &log, NULL) == 0)
		for (line = quoin_buf_str(&log); line != NULL && *line != '\0'; line = strchr(line, '\n'), line += line != NULL)
			count += strncmp(line, prefix, strlen(prefix)) == 0;
	quoin_buf_clear(&log);
	return count;
}

static void
await_asked(const char *prefix, size_t count)
{
	const int64_t deadline = quoin_clock_mono_ms() + WAIT_MS;

	while (count_asked(prefix) < count) {
		CHECK(quoin_clock_mono_ms() < deadline);
		(void)poll(NULL, 0, 10);
	}
}

/* Hooks that write down what they were asked. */
static void
serving_loads_and_unloads(void)
{
	struct rulesets_parts first, second;
	char path[320], script[1024], more[1024], shard[QUOIN_NAME_BYTES_MAX + 1];
	struct quoin_image image;
	struct quoin_models models;
	struct quoin_shard_entry entry;
	struct dice dice = {7};
	size_t placed;
	struct quoin_ruleset ruleset;

	/* Some shard that has models. */
	rulesets_random(&dice, &ruleset);
	rulesets_encode(&ruleset, NULL, &first);
	CHECK_INT(quoin_image_of(quoin_buf_span(&first.models), &image, NULL), 0);
	CHECK_INT(quoin_models_attach(&image, &models, NULL), 0);
	for (uint32_t i = 0; i < models.shard_count; i++) {
		quoin_models_shard_at(&models, i, &entry);
		if (entry.placed_count > 0)
			break;
	}
	CHECK(entry.placed_count > 0);
	placed = entry.placed_count;
	(void)snprintf(shard, sizeof shard, "%s", entry.name);
	rulesets_parts_clear(&first);
	quoin_ruleset_clear(&ruleset);

	(void)snprintf(path, sizeof path, "%s/hook", check_dir());
	(void)snprintf(script, sizeof script, "#!/bin/sh\necho \"model $1 $2\" >> %s/asked\nexit 0\n", check_dir());
	write_text(path, script, 0755);
	(void)snprintf(path, sizeof path, "%s/unhook", check_dir());
	(void)snprintf(script, sizeof script, "#!/bin/sh\necho \"un $1 $2\" >> %s/asked\nexit 0\n", check_dir());
	write_text(path, script, 0755);
	(void)snprintf(more, sizeof more, "hook.load = hook\nhook.unload = unhook\n");
	open_site(QUOIN_HOST_SERVING, shard, more);
	put_rules_release(7, &first);
	activate(1, 0, 0, 1, 1);
	start_agent();
	await(is_ready_for_head, "ready for release 1");
	CHECK_INT(count_asked("model"), placed);
	activate(2, 0, 1, 1, 1);
	await(runs_head, "runs release 1");
	put_rules_release(8, &second);
	activate(3, 1, 1, 1, 2);
	await(is_ready_for_head, "ready for release 2");
	CHECK_INT(count_asked("un "), 0);
	/* Release 1 leaves the live set; the other ruleset has nothing of its models. */
	activate(4, 2, 2, 2, 2);
	await_asked("un ", placed);
	CHECK_INT(site.status.generation, 1);
	await(has_generation_2, "a higher load generation");
	CHECK_INT(stop_agent(SIGTERM), 0);
	rulesets_parts_clear(&first);
	rulesets_parts_clear(&second);
	close_site();
}

static bool
has_interval_900(const struct quoin_status *status)
{
	return status->interval_ms == 900;
}

/* Put lines in place of these in quoin.conf, and send SIGHUP. */
static void
change_conf(const char *from, const char *to)
{
	struct quoin_buf text;
	char changed[2048];
	char *at;

	quoin_buf_init(&text, 1 << 16);
	CHECK_INT(quoin_file_read(site.conf_path, &text, NULL), 0);
	at = strstr(quoin_buf_str(&text), from);
	CHECK(at != NULL);
	(void)snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - quoin_buf_str(&text)), quoin_buf_str(&text), to,
	    at + strlen(from));
	quoin_buf_clear(&text);
	write_text(site.conf_path, changed, 0644);
	CHECK_INT(kill(site.pid, SIGHUP), 0);
}

/* What can change changes at once; what cannot is named; what cannot be read changes nothing. */
static void
reads_its_configuration_anew(void)
{
	struct quoin_buf log;
	char path[320];

	open_site(QUOIN_HOST_ROUTER, "", "");
	put_raw_release('a', 100, false);
	activate(1, 0, 1, 1, 1);
	(void)snprintf(path, sizeof path, "%s/log", check_dir());
	(void)unlink(path);
	start_agent();
	await(runs_head, "runs release 1");
	change_conf("status.interval_ms = 1000", "status.interval_ms = never");
	put_raw_release('b', 100, false);
	await(has_staged_head, "release 2 staged");
	CHECK_INT(site.status.interval_ms, 1000);
	change_conf("status.interval_ms = never", "status.interval_ms = 900\nlimit.bytes = 1000");
	await(has_interval_900, "the new interval");
	CHECK_INT(site.status.limit_bytes, QUOIN_RELEASE_BYTES_MAX);
	CHECK_INT(stop_agent(SIGTERM), 0);
	quoin_buf_init(&log, 1 << 20);
	CHECK_INT(quoin_file_read(path, &log, NULL), 0);
	CHECK_CONTAINS(quoin_buf_str(&log), "event=not-reloaded");
	CHECK_CONTAINS(quoin_buf_str(&log), "event=changed key=status.interval_ms");
	CHECK_CONTAINS(quoin_buf_str(&log), "event=needs-restart key=limit.bytes");
	quoin_buf_clear(&log);
	close_site();
}

/* Start an agent that cannot work: its exit status, and what it must have said. */
static void
ends_with(int exit_status, const char *words)
{
	struct quoin_buf log;
	char path[320];
	int status;

	(void)snprintf(path, sizeof path, "%s/log", check_dir());
	(void)unlink(path);
	start_agent();
	CHECK_INT(waitpid(site.pid, &status, 0), site.pid);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), exit_status);
	quoin_buf_init(&log, 1 << 20);
	CHECK_INT(quoin_file_read(path, &log, NULL), 0);
	CHECK_CONTAINS(quoin_buf_str(&log), words);
	quoin_buf_clear(&log);
}

static void
says_what_is_wrong_with_the_configuration(void)
{
	struct quoin_buf text;
	char path[320], words[700];
	char *name;

	open_site(QUOIN_HOST_ROUTER, "", "");
	(void)snprintf(path, sizeof path, "%s/identity/host.key", check_dir());
	CHECK_INT(chmod(path, 0644), 0);
	/* The path once. */
	(void)snprintf(words, sizeof words, "quoind: %s has mode 0644", path);
	ends_with(2, words);
	CHECK_INT(chmod(path, 0600), 0);

	/* One bit of what enrol signed. */
	(void)snprintf(path, sizeof path, "%s/identity/cert.txt", check_dir());
	quoin_buf_init(&text, 1 << 16);
	CHECK_INT(quoin_file_read(path, &text, NULL), 0);
	name = strstr(quoin_buf_str(&text), "router");
	CHECK(name != NULL);
	text.data[name - quoin_buf_str(&text)] ^= 1;
	CHECK_INT(quoin_file_replace(path, quoin_buf_span(&text), 0644, NULL), 0);
	(void)snprintf(words, sizeof words, "the certificate in %s/identity", check_dir());
	ends_with(4, words);
	text.data[name - quoin_buf_str(&text)] ^= 1;
	CHECK_INT(quoin_file_replace(path, quoin_buf_span(&text), 0644, NULL), 0);
	quoin_buf_clear(&text);
	close_site();
}

static void
tells_its_figures(void)
{
	static const char request[] = "GET /metrics HTTP/1.1\r\n\r\n";
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	char more[320], reply[8192] = "";
	size_t have = 0;
	ssize_t n;
	int fd;

	(void)snprintf(name.sun_path, sizeof name.sun_path, "%s/m", check_dir());
	(void)snprintf(more, sizeof more, "metrics.listen = unix:%s\n", name.sun_path);
	open_site(QUOIN_HOST_ROUTER, "", more);
	put_raw_release('a', 100, false);
	activate(1, 0, 1, 1, 1);
	start_agent();
	await(runs_head, "runs release 1");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK_INT(connect(fd, (const struct sockaddr *)&name, sizeof name), 0);
	CHECK_INT(send(fd, request, strlen(request), MSG_NOSIGNAL), (long long)strlen(request));
	while ((n = recv(fd, reply + have, sizeof reply - 1 - have, 0)) > 0)
		have += (size_t)n;
	reply[have] = '\0';
	CHECK_CONTAINS(reply, "HTTP/1.1 200 OK");
	CHECK_CONTAINS(reply, "\nquoin_host_release{namespace=");
	CHECK_CONTAINS(reply, "} 1\n");
	CHECK_CONTAINS(reply, "\nquoin_host_obeyed_seq{namespace=");
	close(fd);
	CHECK_INT(stop_agent(SIGTERM), 0);
	close_site();
}

static void
refuses_an_address(void)
{
	open_site(QUOIN_HOST_ROUTER, "", "metrics.listen = nowhere\n");
	ends_with(2, "metrics.listen is nowhere; give an address and a port");
	close_site();
}

static void
refuses_the_store_of_another(void)
{
	char path[320];
	int fd;

	open_site(QUOIN_HOST_ROUTER, "", "");
	(void)snprintf(path, sizeof path, "%s/state/shop", check_dir());
	CHECK_INT(quoin_dir_make(path, 0750, NULL), 0);
	(void)snprintf(path, sizeof path, "%s/state/shop/lock", check_dir());
	CHECK_INT(quoin_file_lock(path, &fd, NULL), 0);
	ends_with(5, "state/shop is in use: another agent runs on it");
	close(fd);
	close_site();
}

int
main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		{"agent: a router from publish to rollback", router_from_publish_to_rollback},
		{"agent: a router comes up alone (I7)", router_comes_up_alone},
		{"agent: a router outlives a full disk", router_outlives_a_full_disk},
		{"agent: a router leaves alone", router_leaves_alone},
		{"agent: a router is killed again and again (I2, I3)", router_is_killed_again_and_again},
		{"agent: a router survives damage", router_survives_damage},
		{"agent: a router tells a flipped bit (I1)", router_tells_a_flipped_bit},
		{"agent: a router moves away from stuck readers", router_moves_away_from_stuck_readers},
		{"agent: a router refuses too many models", router_refuses_too_many_models},
		{"agent: a router refuses too many attributes", router_refuses_too_many_attributes},
		{"agent: a router refuses bad images", router_refuses_bad_images},
		{"agent: a router refuses too many objectives", router_refuses_too_many_objectives},
		{"agent: a router refuses too many bytes", router_refuses_too_many_bytes},
		{"agent: a serving host loads and unloads", serving_loads_and_unloads},
		{"agent: reads its configuration anew", reads_its_configuration_anew},
		{"agent: tells its figures", tells_its_figures},
		{"agent: refuses an address", refuses_an_address},
		{"agent: says what is wrong with the configuration", says_what_is_wrong_with_the_configuration},
		{"agent: refuses the store of another", refuses_the_store_of_another},
	};

	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
