/* Checking an export, by the rules of export.h. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "lib/text.h"
#include "publisher/export.h"

#define PATH_BYTES  2048
#define INTENTS_MAX QUOIN_LEDGER_MAX

struct verify {
	const char *dir;
	struct quoin_problems *missing; /* NULL: what is not there is no matter */
	struct quoin_trust trust;
	struct quoin_release release;
	struct quoin_buf content;
	struct quoin_export_found *found;
};

static void
lack(struct verify *verify, const char *name, const char *what)
{
	if (verify->missing != NULL)
		quoin_problem_error(verify->missing, "missing", (struct quoin_place){.file = name}, "%s", what);
}

/*
 * A document with its signatures. 0; QUOIN_EMISSING: it, or every signature beside it, is missing, which is listed; other
 * errors have the file's name.
 */
static int
read_document(struct verify *verify, const char *name, struct quoin_detached *ret, struct quoin_error *err)
{
	char path[PATH_BYTES];
	int r;

	snprintf(path, sizeof path, "%s/%s", verify->dir, name);
	r = quoin_detached_read(path, QUOIN_DOCUMENT_BYTES_MAX, ret, err);
	if (r == QUOIN_ENOENT) {
		r = quoin_error_set(err, QUOIN_EMISSING, "%s is missing", path);
		lack(verify, name, "it is missing");
	} else if (r == QUOIN_EMISSING) {
		lack(verify, name, "its signatures are missing");
	}
	return r;
}

static void
name_file(const struct verify *verify, const char *name, struct quoin_error *err)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof path, "%s/%s", verify->dir, name);
	quoin_error_at(err, path, err->line, 0);
}

/* ---- Root and keys ---- */

static int
verify_keys(struct verify *verify, const struct quoin_root *root, struct quoin_error *err)
{
	char path[PATH_BYTES], name[64], id[QUOIN_KEY_ID_TEXT_BYTES];
	struct quoin_public_key key;
	int r = 0;

	for (size_t i = 0; r == 0 && i < root->key_count; i++) {
		quoin_key_id_print(root->keys[i].id, id);
		snprintf(name, sizeof name, "keys/%s.pub", id);
		snprintf(path, sizeof path, "%s/%s", verify->dir, name);
		quoin_buf_reset(&verify->content);
		r = quoin_file_read(path, &verify->content, err);
		if (r == QUOIN_ENOENT) {
			lack(verify, name, "it is missing");
			r = 0;
			continue;
		}
		if (r == 0)
			r = quoin_public_key_parse(quoin_buf_span(&verify->content), &key, err);
		if (r == 0 &&
		    (memcmp(key.id, root->keys[i].id, sizeof key.id) != 0 ||
			memcmp(key.key, root->keys[i].key, sizeof key.key) != 0))
			r = quoin_error_set(err, QUOIN_ECORRUPT,
			    "it is not the key that root %llu lists; export the release again",
			    (unsigned long long)root->version);
		if (r != 0)
			name_file(verify, name, err);
	}
	return r;
}

/* The directory's root must be the pinned one, an ancestor of it, or follow from it. Without one the pinned root decides. */
static int
verify_root(struct verify *verify, const struct quoin_trust *pinned, struct quoin_error *err)
{
	struct quoin_detached detached = {0};
	struct quoin_envelope envelope;
	struct quoin_root *root = calloc(1, sizeof *root);
	int r;

	if (root == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	r = read_document(verify, "root.txt", &detached, err);
	if (r == QUOIN_EMISSING && pinned != NULL && verify->missing != NULL) {
		verify->trust = *pinned;
		r = 0;
		goto out;
	}
	if (r != 0)
		goto out;
	envelope = quoin_export_envelope(&detached);
	if (pinned == NULL) {
		r = quoin_trust_init(&verify->trust, &envelope, err);
	} else {
		verify->trust = *pinned;
		r = quoin_trust_advance(&verify->trust, &envelope, err);
		if (r == QUOIN_EREPLAY) /* older than ours: ours decides */
			r = 0;
		else if (r == QUOIN_EMISSING) /* a root between the two, which is no file of an export */
			r = err->code = QUOIN_ESIGNATURE;
	}
	if (r == 0)
		r = quoin_root_parse(envelope.document, root, err);
	if (r != 0)
		name_file(verify, "root.txt", err);
	else if (verify->missing != NULL)
		r = verify_keys(verify, root, err);
out:
	quoin_detached_clear(&detached);
	free(root);
	return r;
}

/* ---- The release and its parts ---- */

/* Without a root it is only looked whether the document is there. */
static int
verify_release(struct verify *verify, struct quoin_error *err)
{
	struct quoin_detached detached = {0};
	struct quoin_envelope envelope;
	struct quoin_hash hash;
	int r = read_document(verify, "release.txt", &detached, err);

	if (r == 0 && verify->trust.root.version != 0) {
		envelope = quoin_export_envelope(&detached);
		r = quoin_trust_verify(&verify->trust, QUOIN_DOCUMENT_RELEASE, &envelope, &hash, err);
		if (r == 0)
			r = quoin_release_parse(envelope.document, &verify->release, err);
		if (r != 0)
			name_file(verify, "release.txt", err);
	}
	quoin_detached_clear(&detached);
	return r;
}

static int
verify_part(struct verify *verify, const struct quoin_part *part, struct quoin_error *err)
{
	char path[PATH_BYTES], name[QUOIN_NAME_BYTES_MAX + 8];
	struct quoin_hash hash;
	int r;

	snprintf(name, sizeof name, "parts/%s", part->name);
	snprintf(path, sizeof path, "%s/%s", verify->dir, name);
	quoin_buf_reset(&verify->content);
	r = quoin_file_read(path, &verify->content, err);
	if (r == QUOIN_ENOENT) {
		verify->found->part_missing++;
		lack(verify, name, "it is missing; an export of a host's store has only the parts that the host holds");
		return 0;
	}
	if (r != 0)
		return r;
	quoin_hash_of(quoin_buf_span(&verify->content), &hash);
	if (verify->content.len != part->bytes || !quoin_hash_equal(&hash, &part->hash))
		return quoin_error_set(err, QUOIN_ECORRUPT,
		    "%s does not have the bytes that were signed; export it again", path);
	return 0;
}

/* ---- What operators and the gate said ---- */

static int
compare_numbers(const void *a, const void *b)
{
	const uint64_t one = *(const uint64_t *)a, two = *(const uint64_t *)b;

	return one < two ? -1 : one > two;
}

int
quoin_export_intents(const char *dir, uint64_t **ret_numbers, size_t *ret_count, struct quoin_error *err)
{
	uint64_t *numbers = calloc(INTENTS_MAX, sizeof *numbers);
	char path[PATH_BYTES];
	size_t count = 0;
	DIR *listing;
	int r = 0;

	if (numbers == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	snprintf(path, sizeof path, "%s/intents", dir);
	listing = opendir(path);
	for (struct dirent *entry; r == 0 && listing != NULL && (entry = readdir(listing)) != NULL;) {
		size_t len = strlen(entry->d_name);

		if (len <= 4 || strcmp(entry->d_name + len - 4, ".txt") != 0)
			continue;
		if (count == INTENTS_MAX || !quoin_u64_parse(quoin_span_of(entry->d_name, len - 4), &numbers[count]))
			r = quoin_error_set(err, QUOIN_ELIMIT, "%s: not a directory of at most %d intents", path,
			    INTENTS_MAX);
		else
			count++;
	}
	if (listing != NULL)
		closedir(listing);
	if (r != 0) {
		free(numbers);
		return r;
	}
	qsort(numbers, count, sizeof *numbers, compare_numbers);
	*ret_numbers = numbers;
	*ret_count = count;
	return 0;
}

static int
verify_intent(struct verify *verify, uint64_t number, struct quoin_error *err)
{
	struct quoin_detached detached = {0};
	struct quoin_intent intent = {0};
	struct quoin_envelope envelope;
	struct quoin_hash hash;
	char name[48];
	int r;

	snprintf(name, sizeof name, "intents/%llu.txt", (unsigned long long)number);
	r = read_document(verify, name, &detached, err);
	if (r == 0) {
		envelope = quoin_export_envelope(&detached);
		r = quoin_trust_verify(&verify->trust, QUOIN_DOCUMENT_INTENT, &envelope, &hash, err);
		if (r == 0)
			r = quoin_intent_parse(envelope.document, &intent, err);
		if (r == 0 && intent.number != number)
			r = quoin_error_set(err, QUOIN_ECORRUPT, "it holds intent %llu",
			    (unsigned long long)intent.number);
		if (r != 0)
			name_file(verify, name, err);
	}
	quoin_detached_clear(&detached);
	return r == QUOIN_EMISSING ? 0 : r;
}

static void
lack_intent(struct verify *verify, uint64_t number, const char *what)
{
	char name[48];

	snprintf(name, sizeof name, "intents/%llu.txt", (unsigned long long)number);
	lack(verify, name, what);
}

/* An activation is believed where the newest intent that it follows, or a later one, and those of its pins are known. */
static void
look_for_intents(struct verify *verify, const struct quoin_activation *activation, const uint64_t *numbers,
    size_t count)
{
	const uint64_t newest = activation->intent.number;

	if (newest > 0 && (count == 0 || numbers[count - 1] < newest))
		lack_intent(verify, newest, "it is missing, and the activation follows it");
	for (size_t i = 0; i < activation->pin_count; i++) {
		const uint64_t wanted = activation->pins[i].intent;

		if (bsearch(&wanted, numbers, count, sizeof *numbers, compare_numbers) == NULL)
			lack_intent(verify, wanted, "it is missing, and the activation has its pin");
	}
}

static int
verify_intents(struct verify *verify, const struct quoin_activation *activation, struct quoin_error *err)
{
	uint64_t *numbers = NULL;
	size_t count = 0;
	int r = quoin_export_intents(verify->dir, &numbers, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		r = verify_intent(verify, numbers[i], err);
	if (r == 0) {
		verify->found->intent_count = count;
		look_for_intents(verify, activation, numbers, count);
	}
	free(numbers);
	return r;
}

static int
verify_activation(struct verify *verify, struct quoin_error *err)
{
	struct quoin_activation activation = {0};
	struct quoin_detached detached = {0};
	struct quoin_envelope envelope;
	struct quoin_hash hash;
	char path[PATH_BYTES];
	int r = 0;

	snprintf(path, sizeof path, "%s/activation.txt", verify->dir);
	if (quoin_file_exists(path))
		r = read_document(verify, "activation.txt", &detached, err);
	if (r == 0 && detached.signature_count > 0) {
		envelope = quoin_export_envelope(&detached);
		r = quoin_trust_verify(&verify->trust, QUOIN_DOCUMENT_ACTIVATION, &envelope, &hash, err);
		if (r == 0)
			r = quoin_activation_parse(envelope.document, &activation, err);
		if (r != 0)
			name_file(verify, "activation.txt", err);
	}
	if (r == QUOIN_EMISSING && verify->missing != NULL)
		r = 0;
	if (r == 0) {
		verify->found->epoch = activation.epoch;
		verify->found->seq = activation.seq;
	}
	if (r == 0 && verify->missing != NULL)
		r = verify_intents(verify, &activation, err);
	quoin_activation_clear(&activation);
	quoin_detached_clear(&detached);
	return r;
}

/* ---- All of it ---- */

/* A directory that is none: then no file of it is "missing". */
static bool
is_export(const char *dir)
{
	static const char *const names[] = {"release.txt", "root.txt", "activation.txt", "keys", "parts"};
	char path[PATH_BYTES];
	bool is_some = false;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		is_some = is_some || quoin_file_exists(path);
	}
	return is_some;
}

static int
verify_all(struct verify *verify, const struct quoin_trust *pinned, struct quoin_error *err)
{
	struct quoin_error ignored = {0};
	int r;

	if (strlen(verify->dir) > PATH_BYTES - QUOIN_NAME_BYTES_MAX - 64)
		return quoin_error_set(err, QUOIN_ELIMIT, "the path is too long");
	if (!is_export(verify->dir))
		return quoin_error_set(err, QUOIN_ENOENT, "there is no export in %s", verify->dir);
	quoin_buf_init(&verify->content, QUOIN_PART_BYTES_MAX);
	r = verify_root(verify, pinned, err);
	if (r == 0)
		r = verify_release(verify, err);
	else if (r == QUOIN_EMISSING)
		(void)verify_release(verify, &ignored);
	verify->found->release = verify->release.number;
	verify->found->part_count = verify->release.part_count;
	for (size_t i = 0; r == 0 && i < verify->release.part_count; i++)
		r = verify_part(verify, &verify->release.parts[i], err);
	if (r == 0)
		r = verify_activation(verify, err);
	quoin_release_clear(&verify->release);
	quoin_buf_clear(&verify->content);
	return r;
}

int
quoin_export_verify(const char *dir, const struct quoin_trust *pinned, struct quoin_problems *missing,
    struct quoin_export_found *ret, struct quoin_error *err)
{
	struct quoin_export_found found = {0};
	struct verify *verify = calloc(1, sizeof *verify);
	int r;

	if (verify == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	verify->dir = dir;
	verify->missing = missing;
	verify->found = &found;
	r = verify_all(verify, pinned, err);
	if (missing != NULL) {
		quoin_problems_sort(missing);
		if (r == 0 && missing->error_count > 0)
			r = QUOIN_EMISSING;
		if (r == QUOIN_EMISSING)
			(void)quoin_error_set(err, r, "%s is not whole: %zu %s missing", dir, missing->error_count,
			    missing->error_count == 1 ? "file is" : "files are");
	}
	if (r == 0 || r == QUOIN_EMISSING)
		*ret = found;
	free(verify);
	return r;
}

int
quoin_export_verify_held(const char *dir, const struct quoin_trust *pinned, uint64_t *ret_number,
    struct quoin_error *err)
{
	struct quoin_export_found found;
	int r = quoin_export_verify(dir, pinned, NULL, &found, err);

	if (r == 0)
		*ret_number = found.release;
	return r;
}
