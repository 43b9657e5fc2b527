/*
 * quoind as a process, on the embedded broker: a release made by hand, activations signed here as the gate would.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "formats/chunk.h"
#include "formats/image.h"
#include "formats/models.h"
#include "formats/status.h"
#include "lib/clock.h"
#include "lib/detached.h"
#include "lib/file.h"
#include "lib/pack.h"
#include "subscriber/store.h"
#include "tests/rulesets.h"
#include "tests/world.h"

#define WAIT_MS	   20000
#define PARTS_MAX  4
#define INCARNATED 1

struct site {
	struct world world;
	struct quoin_bus_mock *mock;
	const char *bootstrap;
	struct quoin_bus_property properties[2];
	struct quoin_bus_conf bus;
	struct quoin_bus_writer *writer;
	struct quoin_bus_reader *statuses;
	char topics[QUOIN_TOPICS][QUOIN_TOPIC_NAME_BYTES];
	char state[256], conf_path[256];
	struct quoin_cert cert;
	struct quoin_sealed cert_sealed;
	uint64_t heartbeat;
	struct quoin_status status; /* the newest read */
	pid_t pid;
};

static struct site site;

/* ---- Writing what others write ---- */

static void
put(enum quoin_topic topic, const char *key, const struct quoin_envelope *envelope, struct quoin_span body,
    struct quoin_bus_receipt *receipt)
{
	struct quoin_bus_record record = {.topic = site.topics[topic], .key = quoin_span_str(key), .value = body};
	struct quoin_error err = {0};

	if (envelope != NULL)
		quoin_envelope_to_record(envelope, &record);
	memset(receipt, 0, sizeof *receipt);
	if (quoin_bus_writer_put(site.writer, &record, receipt, &err) != 0 ||
	    quoin_bus_writer_flush(site.writer, WAIT_MS, &err) != 0)
		check_fail(__FILE__, __LINE__, "cannot put %s: %s", key, err.message);
}

static void
put_sealed(enum quoin_topic topic, const char *key, struct quoin_sealed *sealed)
{
	struct quoin_bus_receipt receipt;

	put(topic, key, &sealed->envelope, quoin_span_of(NULL, 0), &receipt);
	quoin_sealed_clear(sealed);
}

/* One full encoding, cut into chunks on the blobs topic. "wrong_hints": the places name other records. */
static void
put_part(const char *name, const char *schema, struct quoin_span content, bool wrong_hints, struct quoin_part *ret)
{
	struct quoin_encoding *encoding = &ret->encodings[0];
	struct quoin_bus_receipt receipt;
	struct quoin_buf packed;

	memset(ret, 0, sizeof *ret);
	(void)snprintf(ret->name, sizeof ret->name, "%s", name);
	(void)snprintf(ret->schema, sizeof ret->schema, "%s", schema);
	ret->bytes = content.len;
	quoin_hash_of(content, &ret->hash);
	quoin_buf_init(&packed, QUOIN_PART_BYTES_MAX);
	CHECK_INT(quoin_pack(content, &packed), 0);
	ret->encoding_count = 1;
	encoding->packed_bytes = packed.len;
	quoin_hash_of(quoin_buf_span(&packed), &encoding->packed_hash);
	encoding->chunk_count = (packed.len + QUOIN_CHUNK_BYTES_MAX - 1) / QUOIN_CHUNK_BYTES_MAX;
	encoding->chunks = calloc(encoding->chunk_count, sizeof encoding->chunks[0]);
	CHECK(encoding->chunks != NULL);
	for (size_t i = 0; i < encoding->chunk_count; i++) {
		struct quoin_chunk_place *chunk = &encoding->chunks[i];
		const size_t at = i * QUOIN_CHUNK_BYTES_MAX;
		char key[QUOIN_CHUNK_KEY_BYTES];

		chunk->bytes = (uint32_t)(packed.len - at < QUOIN_CHUNK_BYTES_MAX ? packed.len - at : QUOIN_CHUNK_BYTES_MAX);
		quoin_hash_of(quoin_span_of(packed.data + at, chunk->bytes), &chunk->hash);
		quoin_chunk_key(ret, encoding, i, key);
		put(QUOIN_TOPIC_BLOBS, key, NULL, quoin_span_of(packed.data + at, chunk->bytes), &receipt);
		chunk->offset = wrong_hints ? 100000 : receipt.offset;
		chunk->timestamp_ms = wrong_hints ? 1 : receipt.timestamp_ms;
	}
	quoin_buf_clear(&packed);
}

static void
put_release(struct quoin_part *parts, size_t count)
{
	struct quoin_sealed sealed;
	char key[32];

	world_release(&site.world, parts, count, false, &sealed);
	(void)snprintf(key, sizeof key, "release/%llu", (unsigned long long)site.world.head);
	put_sealed(QUOIN_TOPIC_CONTROL, key, &sealed);
	for (size_t i = 0; i < count; i++)
		free(parts[i].encodings[0].chunks);
}

/* A release of one raw part full of this letter. */
static void
put_raw_release(char letter, size_t bytes, bool wrong_hints)
{
	struct quoin_part part;
	uint8_t *content = malloc(bytes);

	CHECK(content != NULL);
	memset(content, letter, bytes);
	put_part("data", "raw", quoin_span_of(content, bytes), wrong_hints, &part);
	put_release(&part, 1);
	free(content);
}

/* A release of a ruleset's parts. */
static void
put_rules_release(uint64_t seed, struct rulesets_parts *ret)
{
	struct dice dice = {seed};
	struct quoin_ruleset ruleset;
	struct quoin_part parts[PARTS_MAX];

	rulesets_random(&dice, &ruleset);
	rulesets_encode(&ruleset, NULL, ret);
	put_part("models", "models-v1", quoin_buf_span(&ret->models), false, &parts[0]);
	put_part("routes", "routes-v1", quoin_buf_span(&ret->routes), false, &parts[1]);
	put_part("rules", "rules-v1", quoin_buf_span(&ret->rules), false, &parts[2]);
	put_part("source", "source-v1", quoin_buf_span(&ret->source), false, &parts[3]);
	put_release(parts, 4);
	quoin_ruleset_clear(&ruleset);
}

static void
beat(void)
{
	struct quoin_sealed sealed;

	world_heartbeat(&site.world, ++site.heartbeat, quoin_clock_wall_ms(), 300000, INCARNATED, &sealed);
	put_sealed(QUOIN_TOPIC_GATE, "heartbeat", &sealed);
}

/* Activation 1.seq: these releases live, selectable when they are from or target. */
static void
activate(uint64_t seq, uint64_t from, uint64_t target, uint64_t low, uint64_t high)
{
	struct quoin_live live[16];
	struct quoin_activation activation = {.epoch = 1, .seq = seq, .asked = high, .from = from, .target = target,
		.live = live};
	struct quoin_sealed sealed;
	char key[32];

	for (uint64_t n = low; n <= high; n++)
		live[activation.live_count++] = (struct quoin_live){site.world.releases[n], n, n == from || n == target ? seq : 0};
	world_activation(&site.world, &activation, &sealed);
	(void)snprintf(key, sizeof key, "activation/%llu", (unsigned long long)seq);
	put_sealed(QUOIN_TOPIC_GATE, key, &sealed);
	beat();
}

/* ---- Reading what the host says ---- */

/* Take a status in: verified as the gate would. */
static void
take_status(const struct quoin_bus_record *record)
{
	struct quoin_envelope envelope, cert_envelope;
	struct quoin_trust trust;
	struct quoin_cert cert;
	struct quoin_hash hash;
	struct quoin_error err = {0};

	CHECK_INT(quoin_trust_init(&trust, &site.world.root_sealed.envelope, &err), 0);
	CHECK_INT(quoin_envelope_from_record(record, &envelope, &err), 0);
	for (size_t i = 0; i < record->header_count; i++)
		if (strcmp(record->headers[i].name, QUOIN_HEADER_CERT) == 0)
			CHECK_INT(quoin_envelope_decode(record->headers[i].value, &cert_envelope, &err), 0);
	CHECK_INT(quoin_trust_verify_cert(&trust, &cert_envelope, quoin_clock_wall_ms(), &cert, &err), 0);
	CHECK_INT(quoin_trust_verify_status(&trust, &cert, &envelope, &hash, &err), 0);
	quoin_status_clear(&site.status);
	if (quoin_status_parse(envelope.document, &site.status, &err) != 0)
		check_fail(__FILE__, __LINE__, "status: %s", err.message);
}

/* Read statuses until "is_so" holds. */
static void
await(bool (*is_so)(const struct quoin_status *status), const char *what)
{
	const int64_t deadline = quoin_clock_mono_ms() + WAIT_MS;
	uint64_t number = site.status.number;

	while (site.status.number == 0 || !is_so(&site.status)) {
		struct quoin_bus_event event;

		if (quoin_clock_mono_ms() > deadline)
			check_fail(__FILE__, __LINE__, "no status says: %s", what);
		if (quoin_bus_reader_next(site.statuses, 200, &event) != 1)
			continue;
		if (event.kind == QUOIN_BUS_RECORD) {
			take_status(&event.record);
			CHECK(site.status.number > number);
			number = site.status.number;
		}
		quoin_bus_event_clear(&event);
	}
}

static bool
has_staged_head(const struct quoin_status *status)
{
	const struct quoin_status_release *release = quoin_status_of(status, site.world.head);

	return release != NULL && release->progress == QUOIN_PROGRESS_STAGED;
}

static bool
runs_head(const struct quoin_status *status)
{
	return status->runs.number == site.world.head && !status->stale;
}

static bool
runs_first(const struct quoin_status *status)
{
	return status->runs.number == 1;
}

static bool
is_leaving(const struct quoin_status *status)
{
	return status->leaving;
}

static bool
is_ready_for_head(const struct quoin_status *status)
{
	const struct quoin_status_release *release = quoin_status_of(status, site.world.head);

	return release != NULL && release->progress == QUOIN_PROGRESS_READY;
}

static bool
is_rejected(const struct quoin_status *status)
{
	const struct quoin_status_release *release = quoin_status_of(status, site.world.head);

	return release != NULL && release->progress == QUOIN_PROGRESS_REJECTED;
}

/* ---- The site ---- */

static void
write_text(const char *path, const char *text, mode_t mode)
{
	CHECK_INT(quoin_file_replace(path, quoin_span_str(text), mode, NULL), 0);
}

static void
write_detached(const char *path, const struct quoin_sealed *sealed)
{
	const char *names[1] = {NULL};

	CHECK_INT(quoin_detached_write(path, sealed->envelope.document, sealed->envelope.signatures, names, 1, NULL), 0);
}

static void
write_identity(void)
{
	char path[320];
	struct quoin_buf text;

	quoin_buf_init(&text, QUOIN_KEYFILE_BYTES_MAX);
	CHECK_INT(quoin_signing_key_print(&site.world.host_key, NULL, NULL, &text), 0);
	(void)snprintf(path, sizeof path, "%s/identity", check_dir());
	CHECK_INT(quoin_dir_make(path, 0700, NULL), 0);
	(void)snprintf(path, sizeof path, "%s/identity/host.key", check_dir());
	CHECK_INT(quoin_file_replace(path, quoin_buf_span(&text), 0600, NULL), 0);
	(void)snprintf(path, sizeof path, "%s/identity/cert.txt", check_dir());
	write_detached(path, &site.cert_sealed);
	(void)snprintf(path, sizeof path, "%s/root.txt", check_dir());
	write_detached(path, &site.world.root_sealed);
	quoin_buf_clear(&text);
}

static void
open_site(enum quoin_host_role role, const char *shard, const char *more)
{
	const char *topics[QUOIN_TOPICS];
	char text[2048];
	struct quoin_sealed sealed;
	struct quoin_error err = {0};

	world_init(&site.world, "shop");
	world_cert(&site.world, "h1", role, shard, &site.cert, &site.cert_sealed);
	for (size_t i = 0; i < QUOIN_TOPICS; i++) {
		quoin_topic_name("shop", (enum quoin_topic)i, site.topics[i]);
		topics[i] = site.topics[i];
	}
	CHECK_INT(quoin_bus_mock_open(topics, QUOIN_TOPICS, &site.mock, &site.bootstrap, &err), 0);
	site.properties[0] = (struct quoin_bus_property){"bootstrap.servers", site.bootstrap};
	site.bus = (struct quoin_bus_conf){site.properties, 1, "test"};
	CHECK_INT(quoin_bus_writer_open(&site.bus, NULL, &site.writer, &err), 0);
	CHECK_INT(quoin_bus_reader_open_brief(&site.bus, &site.statuses, &err), 0);
	CHECK_INT(quoin_bus_reader_assign(site.statuses, site.topics[QUOIN_TOPIC_STATUS], 0, &err), 0);
	write_identity();
	(void)snprintf(site.state, sizeof site.state, "%s/state", check_dir());
	(void)snprintf(site.conf_path, sizeof site.conf_path, "%s/quoin.conf", check_dir());
	(void)snprintf(text, sizeof text,
	    "namespace = shop\nroot = root.txt\nidentity = identity\nstate = state\n"
	    "kafka.bootstrap.servers = %s\nstatus.interval_ms = 1000\nstart.wait_ms = 3000\n%s",
	    site.bootstrap, more);
	write_text(site.conf_path, text, 0644);
	world_incarnation(&site.world, QUOIN_TOPIC_CONTROL, INCARNATED, &sealed);
	put_sealed(QUOIN_TOPIC_CONTROL, "incarnation", &sealed);
	world_incarnation(&site.world, QUOIN_TOPIC_GATE, INCARNATED, &sealed);
	put_sealed(QUOIN_TOPIC_GATE, "incarnation", &sealed);
}

static void
close_site(void)
{
	quoin_bus_reader_close(site.statuses);
	quoin_bus_writer_close(site.writer);
	quoin_bus_mock_close(site.mock);
	quoin_status_clear(&site.status);
	quoin_sealed_clear(&site.cert_sealed);
	world_clear(&site.world);
}

/* quoind of the same build, beside this test: build/MODE/bin/quoind. */
static void
start_agent(void)
{
	char self[512], *slash, program[640], log_path[320];
	ssize_t bytes = readlink("/proc/self/exe", self, sizeof self - 1);
	int log_fd;

	CHECK(bytes > 0);
	self[bytes] = '\0';
	for (unsigned i = 0; i < 3; i++) {
		slash = strrchr(self, '/');
		CHECK(slash != NULL);
		*slash = '\0';
	}
	(void)snprintf(program, sizeof program, "%s/bin/quoind", self);
	(void)snprintf(log_path, sizeof log_path, "%s/log", check_dir());
	/* What the one before said last does not count. */
	quoin_status_clear(&site.status);
	memset(&site.status, 0, sizeof site.status);
	log_fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	site.pid = fork();
	CHECK(site.pid != -1);
	if (site.pid == 0) {
		(void)dup2(getenv("QUOIN_TEST_LOG") != NULL ? STDERR_FILENO : log_fd, STDERR_FILENO);
		(void)execl(program, "quoind", "-c", site.conf_path, (char *)NULL);
		_exit(127);
	}
	close(log_fd);
}

static int
stop_agent(int signal_number)
{
	int status;

	CHECK_INT(kill(site.pid, signal_number), 0);
	CHECK_INT(waitpid(site.pid, &status, 0), site.pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What a reader of the store sees: the release, and every byte of its only part. */
static void
check_content(uint64_t release, char letter, uint64_t bytes)
{
	struct quoin_store *store = NULL;
	struct quoin_store_snapshot *snapshot = NULL;
	static struct quoin_store_active active;
	struct quoin_store_content content;
	struct quoin_error err = {0};

	if (quoin_store_attach(site.state, "shop", &store, &err) != 0)
		check_fail(__FILE__, __LINE__, "cannot attach: %s", err.message);
	CHECK_INT(quoin_store_snapshot_open(store, &snapshot, &err), 0);
	CHECK_INT(quoin_store_snapshot_active(snapshot, &active, &err), 0);
	CHECK_INT(active.release.number, release);
	CHECK_INT(active.part_count, 1);
	CHECK_INT(quoin_store_snapshot_part(snapshot, &active.parts[0].hash, false, &content, &err), 0);
	CHECK_INT(content.bytes, bytes);
	for (size_t i = 0; i < content.segment_count; i++)
		for (size_t k = 0; k < content.segments[i].len; k++)
			if (content.segments[i].data[k] != (uint8_t)letter)
				check_fail(__FILE__, __LINE__, "byte %zu of segment %zu is wrong", k, i);
	CHECK_INT(quoin_pulse_generation(quoin_store_pulse(store)), active.generation);
	quoin_store_snapshot_close(snapshot);
	quoin_store_close(store);
}

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
		{"agent: a router is killed again and again (I2, I3)", router_is_killed_again_and_again},
		{"agent: a router survives damage", router_survives_damage},
		{"agent: a router refuses bad images", router_refuses_bad_images},
		{"agent: a serving host loads and unloads", serving_loads_and_unloads},
		{"agent: says what is wrong with the configuration", says_what_is_wrong_with_the_configuration},
		{"agent: refuses the store of another", refuses_the_store_of_another},
	};

	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
