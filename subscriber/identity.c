#include "subscriber/identity.h"

#include <string.h>

#include "lib/file.h"
#include "subscriber/store.h"

void
quoin_identity_clear(struct quoin_identity *identity)
{
	quoin_signing_key_clear(&identity->key);
	quoin_detached_clear(&identity->files);
	quoin_sealed_clear(&identity->cert);
	memset(identity, 0, sizeof *identity);
}

static int
envelope_of(const struct quoin_detached *files, const char *path, struct quoin_envelope *ret, struct quoin_error *err)
{
	memset(ret, 0, sizeof *ret);
	ret->document = quoin_buf_span(&files->file);
	ret->signature_count = files->signature_count;
	for (size_t i = 0; i < files->signature_count; i++) {
		ret->signatures[i] = quoin_buf_span(&files->signatures[i]);
		if (ret->signatures[i].len > QUOIN_MINISIG_BYTES_MAX)
			return quoin_error_set(err, QUOIN_ELIMIT, "a signature beside %s is too long", path);
	}
	if (ret->document.len == 0)
		return quoin_error_set(err, QUOIN_ESYNTAX, "%s is empty", path);
	return 0;
}

int
quoin_pinned_root_read(const char *path, struct quoin_detached *files, struct quoin_envelope *ret,
    struct quoin_error *err)
{
	int r;

	if (path[0] == '\0')
		return quoin_error_set(err, QUOIN_ECONFIG, "\"root\" is not set; name the pinned root file");
	r = quoin_detached_read(path, quoin_document_bytes_max(QUOIN_DOCUMENT_ROOT), files, err);
	return r != 0 ? r : envelope_of(files, path, ret, err);
}

static int
read_key(const char *dir, struct quoin_signing_key *ret, struct quoin_error *err)
{
	char path[QUOIN_PATH_BYTES];
	struct quoin_buf text;
	int r;

	if (quoin_path_join(dir, "host.key", path, sizeof path) != 0)
		return quoin_error_set(err, QUOIN_ELIMIT, "the path %s is too long", dir);
	quoin_buf_init(&text, QUOIN_KEYFILE_BYTES_MAX);
	r = quoin_file_read_secret(path, &text, err);
	if (r == QUOIN_ENOENT)
		(void)quoin_error_set(err, r, "there is no %s; \"quoin enrol\" makes it", path);
	if (r == 0)
		r = quoin_signing_key_parse(quoin_buf_span(&text), NULL, ret, err);
	if (text.data != NULL)
		quoin_wipe(text.data, text.cap);
	quoin_buf_clear(&text);
	if (r != 0 && err != NULL && err->file[0] == '\0' && strstr(err->message, path) == NULL)
		(void)quoin_error_prefix(err, "%s", path);
	return r;
}

int
quoin_identity_read(const char *dir, struct quoin_identity *ret, struct quoin_error *err)
{
	char path[QUOIN_PATH_BYTES];
	struct quoin_envelope envelope;
	int r;

	memset(ret, 0, sizeof *ret);
	if (dir[0] == '\0')
		return quoin_error_set(err, QUOIN_ECONFIG, "\"identity\" is not set; run quoin enrol and name its directory");
	if (quoin_path_join(dir, "cert.txt", path, sizeof path) != 0)
		return quoin_error_set(err, QUOIN_ELIMIT, "the path %s is too long", dir);
	r = read_key(dir, &ret->key, err);
	if (r == 0)
		r = quoin_detached_read(path, quoin_document_bytes_max(QUOIN_DOCUMENT_CERT), &ret->files, err);
	if (r == 0)
		r = envelope_of(&ret->files, path, &envelope, err);
	if (r == 0) {
		r = quoin_sealed_copy(&envelope, &ret->cert);
		if (r != 0)
			(void)quoin_error_set(err, r, "cannot keep the certificate %s", path);
	}
	if (r != 0)
		quoin_identity_clear(ret);
	return r;
}

int
quoin_identity_check(const struct quoin_identity *identity, const struct quoin_cert *cert, struct quoin_error *err)
{
	if (memcmp(identity->key.public_key.key, cert->key, QUOIN_PUBLIC_KEY_BYTES) == 0)
		return 0;
	return quoin_error_set(err, QUOIN_EKEY, "host.key is not the key of the certificate of %s; enrol again", cert->host);
}
