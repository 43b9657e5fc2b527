#include "subscriber/fetch.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/chunk.h"
#include "lib/pack.h"
#include "subscriber/child.h"
#include "subscriber/spool.h"
#include "subscriber/store_layout.h"
#include "tests/world.h"

#define WAIT_MS	 20000
#define TOPIC	 "shop.blobs"
#define MEBIBYTE (1u << 20)

static struct quoin_bus_mock *mock;
static struct quoin_bus_property properties[1];
static struct quoin_bus_conf bus = {properties, 1, "test"};
static struct quoin_bus_writer *writer;
static struct quoin_store *store;
static struct quoin_fetch fetch;
static struct quoin_chunk_place chunks[QUOIN_ENCODINGS_MAX][64];

static void
open_all(void)
{
	static const char *const topics[] = {TOPIC};
	static const struct quoin_origin origin = {.name = "shop"};
	const char *bootstrap;
	struct quoin_error err = {0};

	CHECK_INT(quoin_crypto_init(), 0);
	CHECK_INT(quoin_bus_mock_open(topics, 1, &mock, &bootstrap, &err), 0);
	properties[0] = (struct quoin_bus_property){"bootstrap.servers", bootstrap};
	CHECK_INT(quoin_bus_writer_open(&bus, NULL, &writer, &err), 0);
	if (quoin_store_open(check_dir(), &origin, &store, &err) != 0)
		check_fail(__FILE__, __LINE__, "%s", err.message);
	fetch = (struct quoin_fetch){.store = store, .parts = {.role = QUOIN_HOST_ROUTER}, .bytes_max = 64 * MEBIBYTE};
	CHECK_INT(quoin_bus_lookup_open(&bus, TOPIC, 0, &fetch.lookup, &err), 0);
}

static void
close_all(void)
{
	quoin_bus_lookup_close(fetch.lookup);
	quoin_store_close(store);
	quoin_bus_writer_close(writer);
	quoin_bus_mock_close(mock);
}

static void
put(const char *key, struct quoin_span value, struct quoin_bus_receipt *receipt)
{
	struct quoin_bus_record record = {.topic = TOPIC, .key = quoin_span_str(key), .value = value};

	memset(receipt, 0, sizeof *receipt);
	CHECK_INT(quoin_bus_writer_put(writer, &record, receipt, NULL), 0);
	CHECK_INT(quoin_bus_writer_flush(writer, WAIT_MS, NULL), 0);
}

enum harm {
	SOUND,
	WRONG_HINTS,
	FLIPPED_CHUNK,
	LAST_CHUNK_MISSING,
	WRONG_BODY, /* whole and signed, but of other content */
};

/* Add an encoding of "content" to the part and put its chunks. */
static void
add_encoding(struct quoin_part *part, struct quoin_span content, const struct quoin_span *base, enum harm harm)
{
	struct quoin_encoding *encoding = &part->encodings[part->encoding_count];
	struct quoin_bus_receipt receipt;
	struct quoin_buf packed;

	encoding->chunks = chunks[part->encoding_count++];
	encoding->is_delta = base != NULL;
	if (base != NULL)
		quoin_hash_of(*base, &encoding->base);
	quoin_buf_init(&packed, QUOIN_PART_BYTES_MAX);
	CHECK_INT(base == NULL ? quoin_pack(content, &packed) : quoin_pack_delta(content, *base, &packed), 0);
	if (harm == WRONG_BODY)
		packed.data[packed.len - 5] ^= 1;
	encoding->packed_bytes = packed.len;
	quoin_hash_of(quoin_buf_span(&packed), &encoding->packed_hash);
	for (size_t at = 0, i = 0; at < packed.len; at += QUOIN_CHUNK_BYTES_MAX, i++) {
		struct quoin_chunk_place *chunk = &encoding->chunks[i];
		char key[QUOIN_CHUNK_KEY_BYTES];

		CHECK(i < 64);
		chunk->bytes = (uint32_t)(packed.len - at < QUOIN_CHUNK_BYTES_MAX ? packed.len - at : QUOIN_CHUNK_BYTES_MAX);
		quoin_hash_of(quoin_span_of(packed.data + at, chunk->bytes), &chunk->hash);
		encoding->chunk_count = i + 1;
		quoin_chunk_key(part, encoding, i, key);
		if (harm == FLIPPED_CHUNK && i == 0)
			packed.data[at + 9] ^= 1;
		if (harm == LAST_CHUNK_MISSING && packed.len - at <= QUOIN_CHUNK_BYTES_MAX)
			(void)snprintf(key, sizeof key, "elsewhere");
		put(key, quoin_span_of(packed.data + at, chunk->bytes), &receipt);
		chunk->offset = harm == WRONG_HINTS ? 77777 : receipt.offset;
		chunk->timestamp_ms = harm == WRONG_HINTS ? 5 : receipt.timestamp_ms;
	}
	quoin_buf_clear(&packed);
}

static void
begin_part(struct quoin_part *part, const char *name, struct quoin_span content)
{
	memset(part, 0, sizeof *part);
	(void)snprintf(part->name, sizeof part->name, "%s", name);
	(void)snprintf(part->schema, sizeof part->schema, "raw");
	part->bytes = content.len;
	quoin_hash_of(content, &part->hash);
}

/* Bytes that do not compress, from a seed. */
static uint8_t *
noise(size_t bytes, uint64_t seed)
{
	uint8_t *data = malloc(bytes > 0 ? bytes : 1);
	uint64_t state = seed * 2862933555777941757u + 3037000493u;

	CHECK(data != NULL);
	for (size_t i = 0; i < bytes; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		data[i] = (uint8_t)(state >> 56);
	}
	return data;
}

static int
fetch_part(struct quoin_part *part)
{
	const struct quoin_release release = {.number = 1, .parts = part, .part_count = 1};

	return quoin_fetch_release(&fetch, &release, NULL);
}

static void
check_held(const struct quoin_part *part, const uint8_t *content)
{
	struct quoin_store_snapshot *snapshot = NULL;
	struct quoin_store_content held;
	size_t at = 0;

	CHECK_INT(quoin_store_snapshot_open(store, &snapshot, NULL), 0);
	CHECK_INT(quoin_store_snapshot_part(snapshot, &part->hash, false, &held, NULL), 0);
	CHECK_INT(held.bytes, part->bytes);
	for (size_t i = 0; i < held.segment_count; i++) {
		CHECK(memcmp(held.segments[i].data, content + at, held.segments[i].len) == 0);
		at += held.segments[i].len;
	}
	quoin_store_snapshot_close(snapshot);
}

static void
brings_bodies_of_every_size(void)
{
	static const size_t sizes[] = {0, 1, 1000, QUOIN_CHUNK_BYTES_MAX, 3 * MEBIBYTE + 7, 18 * MEBIBYTE};
	struct quoin_part part;

	open_all();
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		uint8_t *content = noise(sizes[i], i + 1);

		/* The embedded broker keeps 5 MiB: what is large here must pack well. */
		if (sizes[i] > 4 * MEBIBYTE)
			memset(content + MEBIBYTE, (int)i, sizes[i] - MEBIBYTE);
		begin_part(&part, "data", quoin_span_of(content, sizes[i]));
		add_encoding(&part, quoin_span_of(content, sizes[i]), NULL, i % 2 == 0 ? SOUND : WRONG_HINTS);
		CHECK_INT(fetch_part(&part), 0);
		check_held(&part, content);
		free(content);
	}
	close_all();
}

static void
refuses_what_was_not_signed(void)
{
	static const struct {
		enum harm harm;
		int code;
	} cases[] = {{FLIPPED_CHUNK, QUOIN_ECORRUPT}, {WRONG_BODY, QUOIN_ECORRUPT}, {LAST_CHUNK_MISSING, QUOIN_EMISSING}};
	struct quoin_part part;

	open_all();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint8_t *content = noise(MEBIBYTE, 10 + i);
		struct quoin_hash other;

		begin_part(&part, "data", quoin_span_of(content, MEBIBYTE));
		add_encoding(&part, quoin_span_of(content, MEBIBYTE), NULL, cases[i].harm);
		CHECK_INT(fetch_part(&part), cases[i].code);
		CHECK(!quoin_store_has_part(store, &part.hash));
		/* A sound body of other content than the part's hash says. */
		quoin_hash_of(quoin_span_str("other"), &other);
		begin_part(&part, "data", quoin_span_of(content, MEBIBYTE));
		part.hash = other;
		part.hash.bytes[0] = (uint8_t)i;
		add_encoding(&part, quoin_span_of(content, MEBIBYTE), NULL, SOUND);
		CHECK_INT(fetch_part(&part), QUOIN_ECORRUPT);
		/* A body that unpacks to more than was signed. */
		part.bytes--;
		CHECK_INT(fetch_part(&part), QUOIN_ECORRUPT);
		CHECK(!quoin_store_has_part(store, &part.hash));
		/* Content that is held, signed with another size. */
		begin_part(&part, "data", quoin_span_of(content, MEBIBYTE));
		add_encoding(&part, quoin_span_of(content, MEBIBYTE), NULL, SOUND);
		CHECK_INT(fetch_part(&part), 0);
		part.bytes++;
		CHECK_INT(fetch_part(&part), QUOIN_ECORRUPT);
		free(content);
	}
	fetch.bytes_max = 100;
	part.bytes = 101;
	CHECK_INT(fetch_part(&part), QUOIN_ELIMIT);
	close_all();
}

/* Lookups since the last call. */
static uint64_t
looked_up(void)
{
	static uint64_t before;
	uint64_t hints, times, scans, now;

	quoin_bus_lookup_counts(fetch.lookup, &hints, &times, &scans);
	now = hints + times - before;
	before = hints + times;
	return now;
}

/* Change a byte of content that is stored: on the disk, behind the store's back. */
static void
damage_stored(const uint8_t *pattern, size_t bytes)
{
	char path[QUOIN_PATH_BYTES + 24];
	struct stat status;
	uint8_t *file, *at;
	int fd;

	(void)snprintf(path, sizeof path, "%s/store/data.mdb", store->dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0 && fstat(fd, &status) == 0);
	file = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(file != MAP_FAILED);
	at = memmem(file, (size_t)status.st_size, pattern, bytes);
	CHECK(at != NULL);
	*at ^= 1;
	(void)munmap(file, (size_t)status.st_size);
	close(fd);
}

static void
check_fetched(uint64_t full, uint64_t deltas, uint64_t fell_back)
{
	CHECK_INT(fetch.fetched.full, full);
	CHECK_INT(fetch.fetched.deltas, deltas);
	CHECK_INT(fetch.fetched.fell_back, fell_back);
}

/* Deltas from what is active and from two releases before: a host that missed one takes the older delta; one whose base
 * is damaged where it lies takes the full body, by itself. */
static void
serves_hosts_that_are_behind(void)
{
	uint8_t *contents[3];
	struct quoin_part parts[3];
	uint64_t bytes;

	for (size_t i = 0; i < 3; i++) {
		contents[i] = noise(2 * MEBIBYTE, 8);
		memset(contents[i] + 7000, (int)i, 100);
	}
	open_all();
	for (size_t i = 0; i < 3; i++)
		begin_part(&parts[i], "data", quoin_span_of(contents[i], 2 * MEBIBYTE));
	add_encoding(&parts[0], quoin_span_of(contents[0], 2 * MEBIBYTE), NULL, SOUND);
	CHECK_INT(fetch_part(&parts[0]), 0);
	check_fetched(1, 0, 0);
	bytes = fetch.fetched.bytes;
	CHECK_INT(bytes, parts[0].encodings[0].packed_bytes);

	add_encoding(&parts[2], quoin_span_of(contents[2], 2 * MEBIBYTE), NULL, SOUND);
	for (size_t i = 0; i < 2; i++)
		add_encoding(&parts[2], quoin_span_of(contents[2], 2 * MEBIBYTE),
		    &(struct quoin_span){contents[1 - i], 2 * MEBIBYTE}, SOUND);
	CHECK_INT(fetch_part(&parts[2]), 0);
	check_held(&parts[2], contents[2]);
	check_fetched(1, 1, 0);
	CHECK_INT(fetch.fetched.bytes - bytes, parts[2].encodings[2].packed_bytes);

	CHECK_INT(quoin_store_collect(store, &parts[0].hash, 1, NULL, NULL), 0);
	CHECK(!quoin_store_has_part(store, &parts[2].hash));
	damage_stored(contents[0] + MEBIBYTE, 64);
	CHECK_INT(fetch_part(&parts[2]), 0);
	check_held(&parts[2], contents[2]);
	check_fetched(2, 1, 1);
	for (size_t i = 0; i < 3; i++)
		free(contents[i]);
	close_all();
}

static void
takes_a_delta_and_falls_back(void)
{
	static const struct {
		enum harm harm;
		bool is_of_other_base; /* made with another base than it names: as if the one held were damaged */
		bool is_of_other_content;
		bool falls_back;
	} rows[] = {
	    {SOUND, false, false, false},
	    {FLIPPED_CHUNK, false, false, true},
	    {WRONG_BODY, false, false, true},
	    {SOUND, true, false, true},
	    {SOUND, false, true, true},
	};
	uint8_t *old = noise(2 * MEBIBYTE, 3), *other = noise(2 * MEBIBYTE, 3), *content = noise(2 * MEBIBYTE, 3);
	const struct quoin_span base = quoin_span_of(old, 2 * MEBIBYTE);
	const struct quoin_span other_base = quoin_span_of(other, 2 * MEBIBYTE);
	struct quoin_part part, first;

	memset(content + 5000, 9, 100);
	memset(other + 900000, 9, 100);
	open_all();
	begin_part(&first, "data", base);
	add_encoding(&first, base, NULL, SOUND);
	CHECK_INT(fetch_part(&first), 0);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const size_t bytes = 2 * MEBIBYTE - i;
		const struct quoin_span now = quoin_span_of(content, bytes);

		begin_part(&part, "data", now);
		add_encoding(&part, now, NULL, SOUND);
		add_encoding(&part, rows[i].is_of_other_content ? quoin_span_of(other, bytes) : now,
		    rows[i].is_of_other_base ? &other_base : &base, rows[i].harm);
		quoin_hash_of(base, &part.encodings[1].base);
		if (rows[i].is_of_other_base) {
			char key[QUOIN_CHUNK_KEY_BYTES];
			struct quoin_bus_receipt receipt;
			struct quoin_buf packed;

			/* Under the key that its name says now. */
			quoin_buf_init(&packed, QUOIN_PART_BYTES_MAX);
			CHECK_INT(quoin_pack_delta(now, other_base, &packed), 0);
			quoin_chunk_key(&part, &part.encodings[1], 0, key);
			put(key, quoin_buf_span(&packed), &receipt);
			part.encodings[1].chunks[0].offset = receipt.offset;
			quoin_buf_clear(&packed);
		}
		(void)looked_up();
		CHECK_INT(fetch_part(&part), 0);
		check_held(&part, content);
		/* One chunk of delta; then, where it fails, those of the full body. */
		CHECK_INT(looked_up(), 1 + (rows[i].falls_back ? part.encodings[0].chunk_count : 0));
	}
	/* Without its base a delta is not even tried. */
	CHECK_INT(quoin_store_collect(store, NULL, 0, NULL, NULL), 0);
	CHECK_INT(fetch_part(&part), 0);
	CHECK_INT(looked_up(), part.encodings[0].chunk_count);
	check_fetched(6, 1, 4);
	free(old);
	free(other);
	free(content);
	close_all();
}

static bool
after_two(void *ctx)
{
	return ++*(unsigned *)ctx > 2;
}

static void
can_be_interrupted(void)
{
	uint8_t *content = noise(3 * MEBIBYTE, 4);
	struct quoin_part part;
	unsigned asked = 0;

	open_all();
	begin_part(&part, "data", quoin_span_of(content, 3 * MEBIBYTE));
	add_encoding(&part, quoin_span_of(content, 3 * MEBIBYTE), NULL, SOUND);
	fetch.is_interrupted = after_two;
	fetch.ctx = &asked;
	CHECK_INT(fetch_part(&part), QUOIN_EAGAIN);
	CHECK_INT(asked, 3);
	CHECK(!quoin_store_has_part(store, &part.hash));
	fetch.is_interrupted = NULL;
	CHECK_INT(fetch_part(&part), 0);
	check_held(&part, content);
	free(content);
	close_all();
}

static void
takes_what_the_role_needs(void)
{
	static const char names[2][QUOIN_NAME_BYTES_MAX + 1] = {"source", "data"};
	static const struct {
		const char *name;
		bool router, serving, listed;
	} cases[] = {{"rules", true, false, false}, {"routes", true, false, false}, {"models", false, true, false},
		{"source", false, false, true}, {"data", true, false, true}};
	const struct quoin_fetch_parts router = {.role = QUOIN_HOST_ROUTER}, serving = {.role = QUOIN_HOST_SERVING},
		listed = {.role = QUOIN_HOST_ROUTER, .names = names, .name_count = 2};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CHECK_INT(quoin_fetch_wants(&router, cases[i].name), cases[i].router);
		CHECK_INT(quoin_fetch_wants(&serving, cases[i].name), cases[i].serving);
		CHECK_INT(quoin_fetch_wants(&listed, cases[i].name), cases[i].listed);
	}
}

/* ---- The smaller rooms around it ---- */

static int
do_well(void *ctx, struct quoin_error *err)
{
	(void)err;
	return *(int *)ctx;
}

static int
crash(void *ctx, struct quoin_error *err)
{
	(void)ctx;
	(void)err;
	(void)signal(SIGSEGV, SIG_DFL);
	(void)raise(SIGSEGV);
	return 0;
}

static int
hang(void *ctx, struct quoin_error *err)
{
	(void)ctx;
	(void)err;
	while (pause() == -1)
		;
	return 0;
}

static int
complain(void *ctx, struct quoin_error *err)
{
	(void)ctx;
	return quoin_error_set(err, QUOIN_EREFUSED, "not like this");
}

static void
child_can_be_lost(void)
{
	struct quoin_error err = {0};
	int result = 0;

	CHECK_INT(quoin_child_run(do_well, &result, 10000, &err), 0);
	result = QUOIN_ELIMIT;
	CHECK_INT(quoin_child_run(do_well, &result, 10000, &err), QUOIN_ELIMIT);
	CHECK_INT(quoin_child_run(crash, NULL, 10000, &err), QUOIN_EREFUSED);
	CHECK_CONTAINS(err.message, "signal 11");
	CHECK_INT(quoin_child_run(hang, NULL, 20, &err), QUOIN_EREFUSED);
	CHECK_CONTAINS(err.message, "20 ms");
	CHECK_INT(quoin_child_run(complain, NULL, 10000, &err), QUOIN_ECORRUPT);
	CHECK_CONTAINS(err.message, "not like this");
}

static void
spool_has_room_or_says_no(void)
{
	struct quoin_spool spool = {0};

	CHECK_INT(quoin_spool_open(check_dir(), 0, &spool, NULL), 0);
	quoin_spool_close(&spool);
	CHECK_INT(quoin_spool_open(check_dir(), 20 * MEBIBYTE, &spool, NULL), 0);
	memset(spool.data, 7, spool.bytes);
	CHECK_INT((uintptr_t)spool.data % 16, 0);
	quoin_spool_close(&spool);
	CHECK(quoin_spool_open("/nowhere", 20 * MEBIBYTE, &spool, NULL) != 0);
	CHECK_INT(quoin_spool_open(check_dir(), (size_t)1 << 60, &spool, NULL), QUOIN_ENOSPC);
}

int
main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		{"fetch brings bodies of every size", brings_bodies_of_every_size},
		{"fetch refuses what was not signed", refuses_what_was_not_signed},
		{"fetch takes a delta and falls back", takes_a_delta_and_falls_back},
		{"fetch serves hosts that are behind or damaged", serves_hosts_that_are_behind},
		{"fetch can be interrupted", can_be_interrupted},
		{"fetch takes what the role needs", takes_what_the_role_needs},
		{"child can be lost", child_can_be_lost},
		{"spool has room or says no", spool_has_room_or_says_no},
	};

	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
