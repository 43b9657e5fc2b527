/*
 * Readers of things that do not change: compiled parts in memory, and exported releases.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/release.h"
#include "lib/file.h"
#include "subscriber/view.h"

/* The public codes are the house's. */
_Static_assert((int)QUOIN_FAILED_SYSTEM == QUOIN_ESYSTEM && (int)QUOIN_FAILED_MEMORY == QUOIN_ENOMEM &&
	(int)QUOIN_FAILED_IO == QUOIN_EIO && (int)QUOIN_FAILED_READERS == QUOIN_EREADERS &&
	(int)QUOIN_FAILED_USAGE == QUOIN_EUSAGE && (int)QUOIN_FAILED_NOT_FOUND == QUOIN_ENOENT &&
	(int)QUOIN_FAILED_PERMISSION == QUOIN_EPERM && (int)QUOIN_FAILED_SYNTAX == QUOIN_ESYNTAX &&
	(int)QUOIN_FAILED_LIMIT == QUOIN_ELIMIT && (int)QUOIN_FAILED_VERSION == QUOIN_EVERSION &&
	(int)QUOIN_FAILED_CORRUPT == QUOIN_ECORRUPT && (int)QUOIN_FAILED_REFUSED == QUOIN_EREFUSED &&
	(int)QUOIN_FAILED_MISSING == QUOIN_EMISSING && (int)QUOIN_FAILED_CONFLICT == QUOIN_ECONFLICT &&
	(int)QUOIN_FAILED_TIMEOUT == QUOIN_ETIMEOUT &&
	(int)QUOIN_FAILED_AGAIN == QUOIN_EAGAIN,
    "quoin.h's codes are those of lib/error.h");

const char *
quoin_code_text(int code)
{
	return code == 0 ? "success" : quoin_error_text(code);
}

int
quoin_message_set(struct quoin_message *message, const struct quoin_error *err)
{
	if (message != NULL) {
		message->code = err->code;
		quoin_error_print(err, message->text, sizeof message->text);
	}
	return err->code;
}

#define PART_ALIGN 64

/* Compiled parts are what their names say. */
static const char *
schema_of(const char *name)
{
	return strcmp(name, "rules") == 0 ? "rules-v1" : strcmp(name, "routes") == 0 ? "routes-v1" : "raw";
}

/* One copy of all parts, each so aligned that its blocks begin on cache lines. */
static int
copy_parts(const struct quoin_part_bytes *parts, const char *const *schemas, size_t count,
    struct quoin_snapshot *snapshot, struct quoin_error *err)
{
	struct quoin_image image;
	size_t total = PART_ALIGN;
	uint8_t *at;
	int rc = 0;

	for (size_t i = 0; i < count; i++) {
		if (parts[i].bytes > QUOIN_PART_BYTES_MAX)
			return quoin_error_set(err, QUOIN_ELIMIT, "part %s is too large", parts[i].name);
		total += (parts[i].bytes + PART_ALIGN - 1) / PART_ALIGN * PART_ALIGN + PART_ALIGN;
	}
	snapshot->memory = aligned_alloc(PART_ALIGN, total);
	if (snapshot->memory == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "no memory for %zu bytes of parts", total);
	at = (uint8_t *)snapshot->memory + QUOIN_IMAGE_BIAS;
	for (size_t i = 0; rc == 0 && i < count; i++) {
		if (parts[i].bytes > 0)
			memcpy(at, parts[i].data, parts[i].bytes);
		rc = quoin_image_of(quoin_span_of(at, parts[i].bytes), &image, err);
		if (rc == 0)
			rc = quoin_snapshot_add(snapshot, parts[i].name, schemas == NULL ? schema_of(parts[i].name) : schemas[i],
			    &image, true, err);
		at += (parts[i].bytes + PART_ALIGN - 1) / PART_ALIGN * PART_ALIGN;
	}
	return rc;
}

/* Parts that come together must fit together. */
static int
check_world(const struct quoin_snapshot *snapshot, struct quoin_error *err)
{
	const struct quoin_image *image = NULL;
	struct quoin_models models;
	int rc;

	for (size_t i = 0; i < snapshot->part_count; i++) {
		if (strcmp(snapshot->parts[i].name, "models") == 0)
			image = &snapshot->parts[i].image;
	}
	if (image == NULL || !snapshot->has_rules || !snapshot->has_routes)
		return 0;
	rc = quoin_models_verify(image, &models, err);
	return rc == 0 ? quoin_release_images_verify(&snapshot->rules, &snapshot->routes, &models, err) : rc;
}

static int
open_parts(const struct quoin_part_bytes *parts, const char *const *schemas, size_t count, uint64_t release,
    struct quoin_reader **ret_reader, struct quoin_error *err)
{
	struct quoin_snapshot *snapshot = NULL;
	struct quoin_reader *reader = NULL;
	int rc;

	if (count > QUOIN_PARTS_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "%zu parts; at most %d", count, QUOIN_PARTS_MAX);
	rc = quoin_snapshot_new(count, &snapshot);
	if (rc != 0)
		return quoin_error_set(err, rc, "no memory");
	rc = copy_parts(parts, schemas, count, snapshot, err);
	if (rc == 0)
		rc = check_world(snapshot, err);
	if (rc == 0 && (rc = quoin_reader_new(&reader)) != 0)
		quoin_error_set(err, rc, "no memory");
	if (rc != 0) {
		quoin_snapshot_free(snapshot);
		return rc;
	}
	snapshot->release = release;
	quoin_reader_publish(reader, snapshot, 1);
	*ret_reader = reader;
	return 0;
}

int
quoin_reader_open_parts(const struct quoin_part_bytes *parts, size_t count, uint64_t release,
    struct quoin_reader **ret_reader, struct quoin_message *message)
{
	struct quoin_error err = {0};

	return open_parts(parts, NULL, count, release, ret_reader, &err) == 0 ? 0 : quoin_message_set(message, &err);
}

/* ---- Exports ---- */

static int
read_file(const char *directory, const char *name, size_t max, struct quoin_buf *out, struct quoin_error *err)
{
	char path[4096];
	int rc = quoin_path_join(directory, name, path, sizeof path);

	quoin_buf_init(out, max);
	return rc != 0 ? quoin_error_set(err, rc, "the path of %s is too long", name) : quoin_file_read(path, out, err);
}

static int
read_parts(const char *directory, const struct quoin_release *release, struct quoin_buf *bodies,
    struct quoin_part_bytes *parts, const char **schemas, struct quoin_error *err)
{
	const struct quoin_part *part;
	struct quoin_hash hash;
	char name[QUOIN_NAME_BYTES_MAX + sizeof "parts/"];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < release->part_count; i++) {
		part = &release->parts[i];
		snprintf(name, sizeof name, "parts/%s", part->name);
		rc = read_file(directory, name, QUOIN_PART_BYTES_MAX, &bodies[i], err);
		if (rc != 0)
			break;
		quoin_hash_of(quoin_buf_span(&bodies[i]), &hash);
		if (!quoin_hash_equal(&hash, &part->hash))
			rc = quoin_error_set(err, QUOIN_ECORRUPT, "%s/%s is not what release.txt names", directory, name);
		schemas[i] = part->schema;
		parts[i] = (struct quoin_part_bytes){part->name, bodies[i].data, bodies[i].len};
	}
	return rc;
}

int
quoin_reader_open_export(const char *directory, struct quoin_reader **ret_reader, struct quoin_message *message)
{
	struct quoin_part_bytes parts[QUOIN_PARTS_MAX];
	const char *schemas[QUOIN_PARTS_MAX];
	struct quoin_buf bodies[QUOIN_PARTS_MAX] = {0}, text = {0};
	struct quoin_release release = {0};
	struct quoin_error err = {0};
	int rc = quoin_crypto_init();

	if (rc != 0)
		quoin_error_set(&err, rc, "the library of hashes does not start");
	if (rc == 0)
		rc = read_file(directory, "release.txt", QUOIN_DOCUMENT_BYTES_MAX, &text, &err);
	if (rc == 0)
		rc = quoin_release_parse(quoin_buf_span(&text), &release, &err);
	if (rc == 0)
		rc = read_parts(directory, &release, bodies, parts, schemas, &err);
	if (rc == 0)
		rc = open_parts(parts, schemas, release.part_count, release.number, ret_reader, &err);
	for (size_t i = 0; i < QUOIN_PARTS_MAX; i++)
		quoin_buf_clear(&bodies[i]);
	quoin_buf_clear(&text);
	quoin_release_clear(&release);
	return rc == 0 ? 0 : quoin_message_set(message, &err);
}
