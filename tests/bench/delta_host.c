#include "tests/bench/delta_host.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "formats/chunk.h"
#include "lib/bus.h"
#include "subscriber/fetch.h"
#include "tests/bench/bench.h"

#define TOPIC	   "bench.blobs"
#define CHUNKS_MAX 64

/* ---- Memory ---- */

static _Atomic bool is_over;

static double
anonymous_mb(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	double kilobytes = 0;
	char line[128];

	while (status != NULL && fgets(line, sizeof line, status) != NULL)
		(void)sscanf(line, "RssAnon: %lf", &kilobytes);
	if (status != NULL)
		fclose(status);
	return kilobytes / 1024;
}

static void *
watch_memory(void *arg)
{
	static const struct timespec pause = {.tv_nsec = 500000};
	double *most = arg, now;

	while (!atomic_load(&is_over)) {
		now = anonymous_mb();
		*most = now > *most ? now : *most;
		(void)nanosleep(&pause, NULL);
	}
	return NULL;
}

/* ---- What is there ---- */

/* In place, so that it is no anonymous memory. */
static struct quoin_span
map(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	void *data;

	if (fd < 0 || fstat(fd, &status) != 0)
		bench_die("cannot read %s", path);
	data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		bench_die("cannot map %s", path);
	close(fd);
	return quoin_span_of(data, (size_t)status.st_size);
}

static int
copy(void *ctx, uint64_t offset, uint8_t *at, size_t bytes, struct quoin_hash *ret_hash)
{
	const struct quoin_span *content = ctx;

	(void)ret_hash;
	memcpy(at, content->data + offset, bytes);
	return 0;
}

static void
put_chunks(const struct quoin_bus_conf *bus, const struct quoin_part *part, struct quoin_encoding *encoding,
    struct quoin_span patch)
{
	struct quoin_bus_writer *writer;
	struct quoin_bus_receipt receipt;

	if (quoin_bus_writer_open(bus, NULL, &writer, NULL) != 0)
		bench_die("cannot write");
	for (size_t at = 0; at < patch.len; at += QUOIN_CHUNK_BYTES_MAX) {
		struct quoin_chunk_place *chunk = &encoding->chunks[encoding->chunk_count++];
		const size_t left = patch.len - at, bytes = left < QUOIN_CHUNK_BYTES_MAX ? left : QUOIN_CHUNK_BYTES_MAX;
		char key[QUOIN_CHUNK_KEY_BYTES];
		struct quoin_bus_record record = {.topic = TOPIC, .value = quoin_span_of(patch.data + at, bytes)};

		if (encoding->chunk_count > CHUNKS_MAX)
			bench_die("the patch is too large");
		quoin_hash_of(record.value, &chunk->hash);
		chunk->bytes = (uint32_t)bytes;
		quoin_chunk_key(part, encoding, encoding->chunk_count - 1, key);
		record.key = quoin_span_str(key);
		memset(&receipt, 0, sizeof receipt);
		if (quoin_bus_writer_put(writer, &record, &receipt, NULL) != 0 ||
		    quoin_bus_writer_flush(writer, 10000, NULL) != 0)
			bench_die("cannot write");
		chunk->offset = receipt.offset;
		chunk->timestamp_ms = receipt.timestamp_ms;
	}
	quoin_bus_writer_close(writer);
}

/* A part whose full body is not there: only the patch leads to it. */
static void
describe(struct quoin_part *part, struct quoin_chunk_place *chunks, struct quoin_span base, struct quoin_span patch,
    struct quoin_span body)
{
	struct quoin_encoding *full = &part->encodings[0], *delta = &part->encodings[1];

	snprintf(part->name, sizeof part->name, "rules");
	snprintf(part->schema, sizeof part->schema, "rules-v1");
	part->bytes = full->packed_bytes = body.len;
	quoin_hash_of(body, &part->hash);
	part->encoding_count = 2;
	delta->is_delta = true;
	delta->chunks = chunks;
	delta->packed_bytes = patch.len;
	quoin_hash_of(base, &delta->base);
	quoin_hash_of(patch, &delta->packed_hash);
}

/* ---- The host ---- */

static double
fetch(struct quoin_fetch *fetch, const struct quoin_part *part, double *ret_mb)
{
	const struct quoin_release release = {.number = 2, .parts = (struct quoin_part *)(uintptr_t)part, .part_count = 1};
	struct quoin_error err = {0};
	double begin, ms, before = anonymous_mb();
	pthread_t watcher;

	*ret_mb = before;
	if (pthread_create(&watcher, NULL, watch_memory, ret_mb) != 0)
		bench_die("no thread");
	begin = bench_wall_ns();
	if (quoin_fetch_release(fetch, &release, &err) != 0 || fetch->fetched.deltas != 1)
		bench_die("cannot fetch: %s", err.message);
	ms = (bench_wall_ns() - begin) / 1e6;
	atomic_store(&is_over, true);
	pthread_join(watcher, NULL);
	*ret_mb -= before;
	return ms;
}

int
delta_host_run(const char *base_path, const char *patch_path, const char *body_path)
{
	static const struct quoin_origin origin = {.system = {1}, .name = "bench"};
	static const char *const topics[] = {TOPIC};
	struct quoin_span base = map(base_path), patch = map(patch_path), body = map(body_path);
	struct quoin_chunk_place chunks[CHUNKS_MAX] = {0};
	struct quoin_fetch host = {.parts.role = QUOIN_HOST_ROUTER, .bytes_max = QUOIN_RELEASE_BYTES_MAX};
	struct quoin_bus_property properties[1];
	struct quoin_bus_conf bus = {properties, 1, "bench"};
	struct quoin_bus_mock *mock;
	struct quoin_error err = {0};
	struct quoin_part part = {0};
	double ms, mb;
	int rc = quoin_crypto_init();

	describe(&part, chunks, base, patch, body);
	if (rc == 0)
		rc = quoin_bus_mock_open(topics, 1, &mock, &properties[0].value, &err);
	properties[0].name = "bootstrap.servers";
	if (rc == 0)
		put_chunks(&bus, &part, &part.encodings[1], patch);
	if (rc == 0)
		rc = quoin_store_open(bench_dir(), &origin, &host.store, &err);
	if (rc == 0)
		rc = quoin_store_stage(host.store, &part.encodings[1].base, base.len, copy, &base, &err);
	if (rc == 0)
		rc = quoin_bus_lookup_open(&bus, TOPIC, 0, &host.lookup, &err);
	if (rc != 0)
		bench_die("cannot begin: %s", err.message);
	ms = fetch(&host, &part, &mb);
	quoin_bus_lookup_close(host.lookup);
	quoin_store_close(host.store);
	quoin_bus_mock_close(mock);
	printf("%f %f\n", ms, mb);
	return 0;
}
