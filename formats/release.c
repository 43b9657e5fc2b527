#include "formats/release.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/line.h"
#include "lib/assert.h"

#define B2SUM_KEY "BLAKE2b-256" /* a line that b2sum -c reads: "BLAKE2b-256 (parts/<name>) = <hash>" */

static const char *const encoding_words[] = {"full", "delta"};
static const char *const schema_words[] = {"rules-v1", "routes-v1", "models-v1", "source-v1", "raw"};
#define SCHEMAS (sizeof schema_words / sizeof schema_words[0])

/* A part's name becomes a file's name in an export, so that none may begin with a dot. */
static bool
part_name_is_sound(const char *name)
{
	return name[0] != '\0' && name[0] != '.';
}

/* ---- Relations, for the printer's assertions and the parser's refusals ---- */

/* Chunks are cut every QUOIN_CHUNK_BYTES_MAX bytes: sizes and number follow from the packed size. */
static bool
chunks_are_sound(const struct quoin_encoding *encoding)
{
	uint64_t left = encoding->packed_bytes;

	if (encoding->packed_bytes == 0 || encoding->chunk_count > QUOIN_CHUNKS_MAX)
		return false;
	for (size_t i = 0; i < encoding->chunk_count; i++) {
		uint64_t want = left < QUOIN_CHUNK_BYTES_MAX ? left : QUOIN_CHUNK_BYTES_MAX;

		if (want == 0 || encoding->chunks[i].bytes != want)
			return false;
		left -= want;
	}
	return left == 0;
}

static bool
schema_is_known(const char *schema)
{
	for (size_t i = 0; i < SCHEMAS; i++) {
		if (strcmp(schema, schema_words[i]) == 0)
			return true;
	}
	return false;
}

static const char *
part_fault(const struct quoin_part *part)
{
	if (!schema_is_known(part->schema))
		return "a part of unknown schema";
	if (!part_name_is_sound(part->name))
		return "a part's name must not begin with a dot";
	if (part->encoding_count == 0 || part->encodings[0].is_delta)
		return "a part's first encoding must be full";
	for (size_t i = 0; i < part->encoding_count; i++) {
		const struct quoin_encoding *encoding = &part->encodings[i];

		if (!chunks_are_sound(encoding))
			return "the chunks do not make up the packed size";
		if (i == 0)
			continue;
		if (!encoding->is_delta)
			return "a part has one full encoding";
		if (i > 1 && memcmp(encoding[-1].base.bytes, encoding->base.bytes, QUOIN_HASH_BYTES) >= 0)
			return "deltas are not in ascending order of their bases, each once";
		if (quoin_hash_equal(&encoding->base, &part->hash))
			return "a delta against the part itself";
	}
	return NULL;
}

static const char *
release_fault(const struct quoin_release *release)
{
	uint64_t bytes = 0;

	if (release->number == 0)
		return "releases count from 1";
	if (release->head.number != release->number - 1)
		return "head is not the release before";
	if (release->base >= release->number)
		return "the base is not an older release";
	if (release->part_count == 0)
		return "a release has at least one part";
	for (size_t i = 0; i < release->part_count; i++) {
		if (i > 0 && strcmp(release->parts[i - 1].name, release->parts[i].name) >= 0)
			return "parts are not in ascending order, each once";
		if (part_fault(&release->parts[i]) != NULL)
			return part_fault(&release->parts[i]);
		bytes += release->parts[i].bytes; /* at most 32 times 256 MiB */
	}
	return bytes > QUOIN_RELEASE_BYTES_MAX ? "the parts are too large together" : NULL;
}

/* ---- Printing ---- */

static void
print_encoding(struct quoin_buf *out, const struct quoin_encoding *encoding)
{
	quoin_line_print_key(out, "encoding");
	quoin_line_print_word(out, encoding_words[encoding->is_delta]);
	if (encoding->is_delta)
		quoin_line_print_hash(out, &encoding->base);
	else
		quoin_line_print_word(out, "-");
	quoin_line_print_u64(out, encoding->packed_bytes);
	quoin_line_print_hash(out, &encoding->packed_hash);
	quoin_line_print_u64(out, encoding->chunk_count);
	quoin_line_print_end_of_line(out);
	for (size_t i = 0; i < encoding->chunk_count; i++) {
		const struct quoin_chunk_place *chunk = &encoding->chunks[i];

		QUOIN_ASSERT(chunk->offset >= 0 && chunk->timestamp_ms >= 0);
		quoin_line_print_key(out, "chunk");
		quoin_line_print_hash(out, &chunk->hash);
		quoin_line_print_u64(out, chunk->bytes);
		quoin_line_print_u64(out, (uint64_t)chunk->offset);
		quoin_line_print_u64(out, (uint64_t)chunk->timestamp_ms);
		quoin_line_print_end_of_line(out);
	}
}

static void
print_part(struct quoin_buf *out, const struct quoin_part *part)
{
	char file[QUOIN_NAME_BYTES_MAX + sizeof "(parts/)"];

	quoin_line_print_key(out, "part");
	quoin_line_print_name(out, part->name);
	quoin_line_print_name(out, part->schema);
	quoin_line_print_u64(out, part->bytes);
	quoin_line_print_end_of_line(out);
	(void)snprintf(file, sizeof file, "(parts/%s)", part->name);
	quoin_line_print_key(out, B2SUM_KEY);
	quoin_line_print_word(out, file);
	quoin_line_print_word(out, "=");
	quoin_line_print_hash(out, &part->hash);
	quoin_line_print_end_of_line(out);
	for (size_t i = 0; i < part->encoding_count; i++)
		print_encoding(out, &part->encodings[i]);
}

static void
print_notes(struct quoin_buf *out, const struct quoin_release *release)
{
	quoin_line_print_key(out, "message");
	quoin_line_print_text(out, release->message);
	quoin_line_print_end_of_line(out);
	for (size_t i = 0; i < release->meta_count; i++) {
		QUOIN_ASSERT(strcmp(i == 0 ? "" : release->meta[i - 1].key, release->meta[i].key) < 0);
		quoin_line_print_key(out, "meta");
		quoin_line_print_name(out, release->meta[i].key);
		quoin_line_print_text(out, release->meta[i].value);
		quoin_line_print_end_of_line(out);
	}
	for (size_t i = 0; i < release->waived_count; i++) {
		QUOIN_ASSERT(strcmp(i == 0 ? "" : release->waived[i - 1], release->waived[i]) < 0);
		quoin_line_print_key(out, "waived");
		quoin_line_print_name(out, release->waived[i]);
		quoin_line_print_end_of_line(out);
	}
}

int
quoin_release_print(const struct quoin_release *release, struct quoin_buf *out)
{
	size_t start = out->len;

	QUOIN_ASSERT(release->part_count <= QUOIN_PARTS_MAX && release_fault(release) == NULL);
	quoin_line_print_head(out, QUOIN_DOCUMENT_RELEASE, &release->origin);
	quoin_line_print_field_u64(out, "release", release->number);
	quoin_line_print_field_docref(out, "head", &release->head);
	quoin_line_print_field_docref(out, "intent", &release->intent);
	quoin_line_print_field_ms(out, "created_ms", release->created_ms);
	quoin_line_print_field_u64(out, "base", release->base);
	print_notes(out, release);
	quoin_policy_print(&release->policy, out);
	for (size_t i = 0; i < release->part_count; i++)
		print_part(out, &release->parts[i]);
	return quoin_line_print_end(out, QUOIN_DOCUMENT_RELEASE, start);
}

/* ---- Reading ---- */

static void
read_meta(struct quoin_line_reader *reader, struct quoin_release *ret)
{
	struct quoin_meta *items =
	    quoin_line_more(reader, ret->meta, ret->meta_count, QUOIN_META_MAX, sizeof *items, "meta lines");

	if (items == NULL)
		return;
	ret->meta = items;
	items += ret->meta_count++;
	quoin_line_name(reader, items->key, false);
	quoin_line_text(reader, items->value, sizeof items->value);
	if (ret->meta_count > 1 && strcmp(items[-1].key, items->key) >= 0)
		quoin_line_fail(reader, QUOIN_ESYNTAX, "meta lines are not in ascending order, each once");
}

static void
read_waived(struct quoin_line_reader *reader, struct quoin_release *ret)
{
	char(*items)[QUOIN_NAME_BYTES_MAX + 1] =
	    quoin_line_more(reader, ret->waived, ret->waived_count, QUOIN_META_MAX, sizeof *items, "waived guards");

	if (items == NULL)
		return;
	ret->waived = items;
	items += ret->waived_count++;
	quoin_line_name(reader, *items, false);
	if (ret->waived_count > 1 && strcmp(items[-1], *items) >= 0)
		quoin_line_fail(reader, QUOIN_ESYNTAX, "waived guards are not in ascending order, each once");
}

static void
read_chunk(struct quoin_line_reader *reader, struct quoin_encoding *encoding)
{
	struct quoin_chunk_place *chunk = &encoding->chunks[encoding->chunk_count++];

	quoin_line_expect(reader, "chunk");
	quoin_line_hash(reader, &chunk->hash);
	chunk->bytes = (uint32_t)quoin_line_u64_max(reader, QUOIN_CHUNK_BYTES_MAX);
	chunk->offset = quoin_line_ms(reader); /* has the same range */
	chunk->timestamp_ms = quoin_line_ms(reader);
}

static void
read_encoding(struct quoin_line_reader *reader, struct quoin_part *part)
{
	struct quoin_encoding *encoding = &part->encodings[part->encoding_count];
	size_t chunks;

	if (part->encoding_count == QUOIN_ENCODINGS_MAX) {
		quoin_line_fail(reader, QUOIN_ELIMIT, "more than %d encodings of a part", QUOIN_ENCODINGS_MAX);
		return;
	}
	part->encoding_count++;
	encoding->is_delta = quoin_line_choice(reader, encoding_words, 2) == 1;
	if (encoding->is_delta)
		quoin_line_hash(reader, &encoding->base);
	else if (!quoin_span_equal_str(quoin_line_word(reader), "-"))
		quoin_line_fail(reader, QUOIN_ESYNTAX, "a full encoding has no base: \"-\"");
	encoding->packed_bytes = quoin_line_u64_max(reader, (uint64_t)QUOIN_CHUNKS_MAX * QUOIN_CHUNK_BYTES_MAX);
	quoin_line_hash(reader, &encoding->packed_hash);
	chunks = (size_t)quoin_line_u64_max(reader, QUOIN_CHUNKS_MAX);
	if (reader->failed != 0 || chunks == 0)
		return;
	encoding->chunks = calloc(chunks, sizeof *encoding->chunks);
	if (encoding->chunks == NULL)
		quoin_line_fail(reader, QUOIN_ENOMEM, "out of memory");
	for (size_t i = 0; i < chunks && reader->failed == 0; i++)
		read_chunk(reader, encoding);
}

static void
read_part(struct quoin_line_reader *reader, struct quoin_release *ret)
{
	struct quoin_part *part =
	    quoin_line_more(reader, ret->parts, ret->part_count, QUOIN_PARTS_MAX, sizeof *part, "parts");
	char file[QUOIN_NAME_BYTES_MAX + sizeof "(parts/)"];

	if (part == NULL)
		return;
	ret->parts = part;
	part += ret->part_count++;
	quoin_line_name(reader, part->name, false);
	(void)snprintf(part->schema, sizeof part->schema, "%s",
	    schema_words[quoin_line_choice(reader, schema_words, SCHEMAS)]);
	part->bytes = quoin_line_u64_max(reader, QUOIN_PART_BYTES_MAX);
	(void)snprintf(file, sizeof file, "(parts/%s)", part->name);
	quoin_line_expect(reader, B2SUM_KEY);
	if (!quoin_span_equal_str(quoin_line_word(reader), file) || !quoin_span_equal_str(quoin_line_word(reader), "="))
		quoin_line_fail(reader, QUOIN_ESYNTAX, "expected \"" B2SUM_KEY " %s = <hash>\"", file);
	quoin_line_hash(reader, &part->hash);
	while (quoin_line_accept(reader, "encoding"))
		read_encoding(reader, part);
}

int
quoin_release_parse(struct quoin_span text, struct quoin_release *ret, struct quoin_error *err)
{
	struct quoin_line_reader reader;
	const char *fault;
	int rc;

	memset(ret, 0, sizeof *ret);
	quoin_line_reader_init(&reader, text, QUOIN_DOCUMENT_RELEASE, &ret->origin, err);
	ret->number = quoin_line_field_u64(&reader, "release");
	quoin_line_field_docref(&reader, "head", &ret->head);
	quoin_line_field_docref(&reader, "intent", &ret->intent);
	ret->created_ms = quoin_line_field_ms(&reader, "created_ms");
	ret->base = quoin_line_field_u64(&reader, "base");
	quoin_line_expect(&reader, "message");
	quoin_line_text(&reader, ret->message, sizeof ret->message);
	while (quoin_line_accept(&reader, "meta"))
		read_meta(&reader, ret);
	while (quoin_line_accept(&reader, "waived"))
		read_waived(&reader, ret);
	quoin_policy_parse(&reader, &ret->policy);
	while (quoin_line_accept(&reader, "part"))
		read_part(&reader, ret);
	(void)quoin_line_finish(&reader);
	fault = reader.failed == 0 ? release_fault(ret) : NULL;
	if (fault != NULL) {
		reader.number = 0;
		quoin_line_fail(&reader, QUOIN_ESYNTAX, "%s", fault);
	}
	rc = reader.failed;
	if (rc != 0)
		quoin_release_clear(ret);
	return rc;
}

void
quoin_release_clear(struct quoin_release *release)
{
	for (size_t i = 0; i < release->part_count; i++) {
		for (size_t k = 0; k < release->parts[i].encoding_count; k++)
			free(release->parts[i].encodings[k].chunks);
	}
	free(release->parts);
	free(release->meta);
	free(release->waived);
	memset(release, 0, sizeof *release);
}

const struct quoin_part *
quoin_release_part(const struct quoin_release *release, const char *name)
{
	for (size_t i = 0; i < release->part_count; i++) {
		if (strcmp(release->parts[i].name, name) == 0)
			return &release->parts[i];
	}
	return NULL;
}

static void
add_u64(struct quoin_hasher *hasher, uint64_t value)
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	quoin_hasher_add(hasher, quoin_span_of(bytes, sizeof bytes));
}

/* With its NUL, so that no two sequences of strings run together. */
static void
add_string(struct quoin_hasher *hasher, const char *text)
{
	quoin_hasher_add(hasher, quoin_span_of(text, strlen(text) + 1));
}

static void
add_policy(struct quoin_hasher *hasher, const struct quoin_policy *policy)
{
	const uint64_t numbers[] = {policy->ready_hosts_min, policy->ready_percent, policy->soak_ms,
	    policy->staged_percent, policy->failed_hosts_max, policy->step_soak_ms, policy->step_timeout_ms,
	    policy->on_timeout, policy->on_lost_readiness, policy->drain_ms, policy->warm_releases,
	    policy->reach_count};

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		add_u64(hasher, numbers[i]);
	for (size_t i = 0; i < policy->reach_count; i++) {
		const struct quoin_labels *labels = &policy->reach[i].labels;

		add_u64(hasher, policy->reach[i].threshold);
		add_u64(hasher, labels->count);
		for (size_t k = 0; k < labels->count; k++) {
			add_string(hasher, labels->items[k].key);
			add_string(hasher, labels->items[k].value);
		}
	}
}

void
quoin_release_content(const struct quoin_release *release, struct quoin_hash *ret)
{
	struct quoin_hasher hasher;

	quoin_hasher_init(&hasher);
	add_string(&hasher, "quoin-content-v1");
	add_u64(&hasher, release->part_count);
	for (size_t i = 0; i < release->part_count; i++) {
		add_string(&hasher, release->parts[i].name);
		add_string(&hasher, release->parts[i].schema);
		quoin_hasher_add(&hasher, quoin_span_of(release->parts[i].hash.bytes, QUOIN_HASH_BYTES));
	}
	add_policy(&hasher, &release->policy);
	quoin_hasher_finish(&hasher, ret);
}
