#include "publisher/enrol.h"

#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/detached.h"
#include "lib/file.h"
#include "publisher/announce.h"

#define PATH_BYTES (QUOIN_PATH_BYTES_MAX + 32)

/* The host's key: the one that is there, or a new one. Hosts start unattended: it has no passphrase. */
static int
get_key(const char *dir, struct quoin_signing_key *ret, struct quoin_error *err)
{
	char path[PATH_BYTES];
	struct quoin_buf text;
	int r;

	quoin_buf_init(&text, QUOIN_KEYFILE_BYTES_MAX);
	r = quoin_path_join(dir, "host.key", path, sizeof path);
	if (r != 0)
		return quoin_error_set(err, r, "the path %s is too long", dir);
	if (quoin_file_exists(path)) {
		r = quoin_file_read_secret(path, &text, err);
		if (r == 0)
			r = quoin_signing_key_parse(quoin_buf_span(&text), NULL, ret, err);
		goto out;
	}
	r = quoin_dir_make(dir, 0700, err);
	if (r == 0)
		r = quoin_signing_key_new(ret);
	if (r == 0)
		r = quoin_signing_key_print(ret, NULL, NULL, &text);
	if (r == 0)
		r = quoin_file_create(path, quoin_buf_span(&text), 0600, err);
	if (r != 0)
		goto out;
	quoin_wipe(text.data, text.cap);
	quoin_buf_reset(&text);
	r = quoin_path_join(dir, "host.pub", path, sizeof path);
	if (r == 0)
		r = quoin_public_key_print(&ret->public_key, NULL, &text);
	if (r == 0)
		r = quoin_file_replace(path, quoin_buf_span(&text), 0644, err);
out:
	if (text.data != NULL)
		quoin_wipe(text.data, text.cap);
	quoin_buf_clear(&text);
	return r;
}

struct enrolment {
	const char *host;
	const struct quoin_sealed *sealed;
};

static int
decide(void *ctx, const struct quoin_control *control, char *key, size_t key_bytes, struct quoin_sealed *ret_sealed,
    struct quoin_error *err)
{
	const struct enrolment *enrolment = ctx;

	(void)control;
	(void)err;
	snprintf(key, key_bytes, "cert/%s", enrolment->host);
	return quoin_sealed_copy(&enrolment->sealed->envelope, ret_sealed);
}

int
quoin_enrol(const struct quoin_conf *conf, struct quoin_control *control, struct quoin_bus_reader *reader,
    const struct quoin_keyring *enrol_keys, const char *dir, struct quoin_cert *cert, int timeout_ms,
    struct quoin_error *err)
{
	struct quoin_signing_key key = {0};
	struct quoin_sealed sealed = {0};
	struct enrolment enrolment = {cert->host, &sealed};
	char path[PATH_BYTES];
	struct quoin_buf text;
	int r;

	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	r = get_key(dir, &key, err);
	if (r != 0)
		goto out;
	cert->origin = control->trust.root.origin;
	memcpy(cert->key_id, key.public_key.id, sizeof cert->key_id);
	memcpy(cert->key, key.public_key.key, sizeof cert->key);
	r = quoin_cert_print(cert, &text);
	if (r == 0)
		r = quoin_seal(quoin_buf_span(&text), enrol_keys->keys, enrol_keys->count, &sealed);
	if (r != 0) {
		quoin_error_set(err, r, "cannot make the certificate of %s", cert->host);
		goto out;
	}
	snprintf(path, sizeof path, "cert/%s", cert->host);
	r = quoin_control_vet(control, path, &sealed.envelope, quoin_clock_wall_ms(), err);
	if (r == 0)
		r = quoin_path_join(dir, "cert.txt", path, sizeof path);
	if (r == 0)
		r = quoin_detached_write(path, sealed.envelope.document, sealed.envelope.signatures,
		    (const char *const[QUOIN_SIGNATURES_MAX]){NULL, "2", "3", "4", "5", "6", "7", "8"},
		    sealed.envelope.signature_count < 8 ? sealed.envelope.signature_count : 8, err);
	if (r == 0)
		r = quoin_announce(conf, control, reader, decide, &enrolment, timeout_ms, err);
out:
	quoin_sealed_clear(&sealed);
	quoin_signing_key_clear(&key);
	quoin_buf_clear(&text);
	return r;
}
