/*
 * Key and signature files. No passphrase is given, so that no input can ask for a second of scrypt. What is accepted
 * prints as a file that reads as the same thing.
 */
#include <string.h>

#include "formats/signature.h"
#include "lib/assert.h"
#include "tests/fuzz/fuzz.h"

static void
try_public_key(struct quoin_span text, struct quoin_buf *out)
{
	struct quoin_public_key key, again;
	struct quoin_error err = {0};

	if (quoin_public_key_parse(text, &key, &err) != 0) {
		QUOIN_ASSERT(err.code == QUOIN_ESYNTAX && err.message[0] != '\0');
		return;
	}
	QUOIN_ASSERT(quoin_public_key_print(&key, NULL, out) == 0);
	QUOIN_ASSERT(quoin_public_key_parse(quoin_buf_span(out), &again, NULL) == 0);
	QUOIN_ASSERT(memcmp(&key, &again, sizeof key) == 0);
}

static void
try_signing_key(struct quoin_span text, struct quoin_buf *out)
{
	struct quoin_signing_key key, again;
	struct quoin_error err = {0};
	bool encrypted = false;
	int known = quoin_signing_key_is_encrypted(text, &encrypted, NULL);

	if (quoin_signing_key_parse(text, NULL, &key, &err) != 0) {
		QUOIN_ASSERT(err.code == (known == 0 ? QUOIN_EKEY : QUOIN_ESYNTAX) && err.message[0] != '\0');
		return;
	}
	QUOIN_ASSERT(known == 0 && !encrypted);
	QUOIN_ASSERT(quoin_signing_key_print(&key, NULL, NULL, out) == 0);
	QUOIN_ASSERT(quoin_signing_key_parse(quoin_buf_span(out), NULL, &again, NULL) == 0);
	QUOIN_ASSERT(memcmp(&key.public_key, &again.public_key, sizeof key.public_key) == 0);
	quoin_signing_key_clear(&key);
	quoin_signing_key_clear(&again);
}

static void
try_signature(struct quoin_span text, struct quoin_buf *out)
{
	struct quoin_signature signature, again;
	struct quoin_error err = {0};

	if (quoin_signature_parse(text, &signature, &err) != 0) {
		QUOIN_ASSERT((err.code == QUOIN_ESYNTAX || err.code == QUOIN_ESIGNATURE) && err.message[0] != '\0');
		return;
	}
	QUOIN_ASSERT(quoin_signature_print(&signature, out) == 0);
	QUOIN_ASSERT(quoin_signature_parse(quoin_buf_span(out), &again, NULL) == 0);
	QUOIN_ASSERT(memcmp(&signature, &again, sizeof signature) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct quoin_span text = quoin_span_of(data, size);
	struct quoin_buf out;

	QUOIN_ASSERT(quoin_crypto_init() == 0);
	quoin_buf_init(&out, QUOIN_KEYFILE_BYTES_MAX);
	try_public_key(text, &out);
	quoin_buf_reset(&out);
	try_signing_key(text, &out);
	quoin_buf_reset(&out);
	try_signature(text, &out);
	quoin_buf_clear(&out);
	return 0;
}
