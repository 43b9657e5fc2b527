/*
 * quoind as a process, on the embedded broker: releases made by hand, activations signed here as the gate would. Included by
 * the tests that run the agent.
 */
#ifndef QUOIN_TESTS_AGENT_SITE_H
#define QUOIN_TESTS_AGENT_SITE_H

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

#define WAIT_MS	   90000
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
	const char *program;	    /* below build/MODE; NULL: bin/quoind */
	pid_t pid;
};

static struct site site;

/* ---- Writing what others write ---- */

static inline void
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

static inline void
put_sealed(enum quoin_topic topic, const char *key, struct quoin_sealed *sealed)
{
	struct quoin_bus_receipt receipt;

	put(topic, key, &sealed->envelope, quoin_span_of(NULL, 0), &receipt);
	quoin_sealed_clear(sealed);
}

/* One full encoding, cut into chunks on the blobs topic. "wrong_hints": the places name other records. */
static inline void
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

static inline void
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
static inline void
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
static inline void
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

static inline void
beat(void)
{
	struct quoin_sealed sealed;

	world_heartbeat(&site.world, ++site.heartbeat, quoin_clock_wall_ms(), 300000, INCARNATED, &sealed);
	put_sealed(QUOIN_TOPIC_GATE, "heartbeat", &sealed);
}

/* Activation 1.seq: these releases live, selectable when they are from or target. */
static inline void
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

/* One raw release of 12 MiB after the other, each run before the next comes. Release 1, the one before and the newest are
 * live, as the gate would have it while a reader holds release 1. Await with runs_head. */
static inline void
activate_next_large(void)
{
	const uint64_t from = site.world.head, target = from + 1;
	struct quoin_live live[3];
	struct quoin_activation activation = {.epoch = 1, .seq = target, .asked = target, .from = from, .target = target,
		.live = live};
	struct quoin_sealed sealed;
	char key[32];

	put_raw_release((char)('a' + target % 26), (12u << 20) + target, false);
	for (uint64_t n = 1; n <= target; n++)
		if (n == 1 || n + 1 >= target)
			live[activation.live_count++] = (struct quoin_live){site.world.releases[n], n, target};
	world_activation(&site.world, &activation, &sealed);
	(void)snprintf(key, sizeof key, "activation/%llu", (unsigned long long)target);
	put_sealed(QUOIN_TOPIC_GATE, key, &sealed);
	beat();
}

/* Whether there is such a name beside the store. */
static inline bool
is_beside(const char *name)
{
	char path[400];

	(void)snprintf(path, sizeof path, "%s/shop/%s", site.state, name);
	return quoin_file_exists(path);
}

/* ---- Reading what the host says ---- */

/* Take a status in: verified as the gate would. */
static inline void
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
static inline void
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

static inline bool
has_staged_head(const struct quoin_status *status)
{
	const struct quoin_status_release *release = quoin_status_of(status, site.world.head);

	return release != NULL && release->progress == QUOIN_PROGRESS_STAGED;
}

static inline bool
runs_head(const struct quoin_status *status)
{
	return status->runs.number == site.world.head && !status->stale;
}

static inline bool
runs_first(const struct quoin_status *status)
{
	return status->runs.number == 1;
}

static inline bool
is_leaving(const struct quoin_status *status)
{
	return status->leaving;
}

static inline bool
is_ready_for_head(const struct quoin_status *status)
{
	const struct quoin_status_release *release = quoin_status_of(status, site.world.head);

	return release != NULL && release->progress == QUOIN_PROGRESS_READY;
}

static inline bool
is_rejected(const struct quoin_status *status)
{
	const struct quoin_status_release *release = quoin_status_of(status, site.world.head);

	return release != NULL && release->progress == QUOIN_PROGRESS_REJECTED;
}

/* ---- The site ---- */

static inline void
write_text(const char *path, const char *text, mode_t mode)
{
	CHECK_INT(quoin_file_replace(path, quoin_span_str(text), mode, NULL), 0);
}

static inline void
write_detached(const char *path, const struct quoin_sealed *sealed)
{
	const char *names[1] = {NULL};

	CHECK_INT(quoin_detached_write(path, sealed->envelope.document, sealed->envelope.signatures, names, 1, NULL), 0);
}

static inline void
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

static inline void
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

static inline void
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
static inline void
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
	(void)snprintf(program, sizeof program, "%s/%s", self, site.program != NULL ? site.program : "bin/quoind");
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

static inline int
stop_agent(int signal_number)
{
	int status;

	CHECK_INT(kill(site.pid, signal_number), 0);
	CHECK_INT(waitpid(site.pid, &status, 0), site.pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Wait until the agent has logged this text so many times, since the directory was made. */
static inline void
await_said(const char *text, size_t count)
{
	const int64_t deadline = quoin_clock_mono_ms() + WAIT_MS;
	struct quoin_buf log;
	char path[320];
	size_t found = 0;

	(void)snprintf(path, sizeof path, "%s/log", check_dir());
	quoin_buf_init(&log, 8u << 20);
	while (found < count) {
		if (quoin_clock_mono_ms() > deadline)
			check_fail(__FILE__, __LINE__, "said %zu times, not %zu: %s", found, count, text);
		(void)poll(NULL, 0, 10);
		quoin_buf_reset(&log);
		found = 0;
		if (quoin_file_read(path, &log, NULL) == 0)
			for (const char *at = quoin_buf_str(&log); (at = strstr(at, text)) != NULL; at += strlen(text))
				found++;
	}
	quoin_buf_clear(&log);
}

/* What a reader of the store sees: the release, and every byte of its only part. */
static inline void
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

#endif
