/*
 * Key files and signatures: our own, and both ways with stock minisign.
 */
#include "formats/keyfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/incarnation.h"
#include "formats/signature.h"
#include "lib/file.h"
#include "lib/text.h"
#include "tests/check.h"

static struct quoin_error err;

static void
make_key(struct quoin_signing_key *key)
{
	CHECK_INT(quoin_crypto_init(), 0);
	CHECK_INT(quoin_signing_key_new(key), 0);
}

static void
make_document(struct quoin_buf *text)
{
	struct quoin_incarnation incarnation = {.origin.name = "home", .created_ms = 5};

	quoin_buf_init(text, QUOIN_DOCUMENT_BYTES_MAX);
	CHECK_INT(quoin_incarnation_print(&incarnation, text), 0);
}

static void
test_key_ids(void)
{
	const uint8_t id[QUOIN_KEY_ID_BYTES] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
	char text[QUOIN_KEY_ID_TEXT_BYTES];

	quoin_key_id_print(id, text);
	CHECK_STR(text, "EFCDAB8967452301");
}

static void
test_public_keys(void)
{
	struct quoin_public_key key = {{1, 2, 3, 4, 5, 6, 7, 8}, {9}}, back;
	struct quoin_buf text;

	quoin_buf_init(&text, QUOIN_KEYFILE_BYTES_MAX);
	CHECK_INT(quoin_public_key_print(&key, NULL, &text), 0);
	CHECK_STR(quoin_buf_str(&text),
	    "untrusted comment: minisign public key 0807060504030201\n"
	    "RWQBAgMEBQYHCAkAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n");
	CHECK_INT(quoin_public_key_parse(quoin_buf_span(&text), &back, &err), 0);
	CHECK_MEM(&back, sizeof back, &key, sizeof key);
	for (size_t len = 0; len < text.len; len++)
		CHECK_INT(quoin_public_key_parse(quoin_span_of(text.data, len), &back, &err), QUOIN_ESYNTAX);
	CHECK_INT(quoin_buf_put_byte(&text, '\n'), 0);
	CHECK_INT(quoin_public_key_parse(quoin_buf_span(&text), &back, &err), QUOIN_ESYNTAX);
	quoin_buf_reset(&text);
	CHECK_INT(quoin_public_key_print(&key, "of the gate", &text), 0);
	CHECK_CONTAINS(quoin_buf_str(&text), "untrusted comment: of the gate\n");
	/* Every flipped bit of the second line is refused or another key. */
	for (size_t bit = 28 * 8; bit < text.len * 8; bit++) {
		struct quoin_buf again;

		quoin_buf_init(&again, QUOIN_KEYFILE_BYTES_MAX);
		text.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (quoin_public_key_parse(quoin_buf_span(&text), &back, &err) == 0) {
			CHECK_INT(quoin_public_key_print(&back, "of the gate", &again), 0);
			if (bit / 8 >= 31)
				CHECK_MEM(again.data, again.len, text.data, text.len);
		}
		text.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		quoin_buf_clear(&again);
	}
	quoin_buf_clear(&text);
}

static void
test_plain_secret_keys(void)
{
	struct quoin_signing_key key, back;
	struct quoin_buf text;
	bool encrypted = true;
	size_t refused = 0, taken = 0;

	make_key(&key);
	quoin_buf_init(&text, QUOIN_KEYFILE_BYTES_MAX);
	CHECK_INT(quoin_signing_key_print(&key, NULL, NULL, &text), 0);
	CHECK_INT(quoin_signing_key_is_encrypted(quoin_buf_span(&text), &encrypted, &err), 0);
	CHECK(!encrypted);
	CHECK_INT(quoin_signing_key_parse(quoin_buf_span(&text), NULL, &back, &err), 0);
	CHECK_MEM(&back.public_key, sizeof back.public_key, &key.public_key, sizeof key.public_key);
	CHECK_MEM(quoin_secret_data(back.secret), QUOIN_SECRET_KEY_BYTES, quoin_secret_data(key.secret),
	    QUOIN_SECRET_KEY_BYTES);
	quoin_signing_key_clear(&back);
	for (size_t len = 0; len < text.len; len++)
		CHECK_INT(quoin_signing_key_parse(quoin_span_of(text.data, len), NULL, &back, &err), QUOIN_ESYNTAX);
	/* The key and its check: every flipped bit is noticed. What is left are salt and costs, not used here. */
	for (size_t bit = 0; bit < text.len * 8; bit++) {
		text.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (quoin_signing_key_parse(quoin_buf_span(&text), NULL, &back, &err) == 0) {
			CHECK_MEM(quoin_secret_data(back.secret), QUOIN_SECRET_KEY_BYTES, quoin_secret_data(key.secret),
			    QUOIN_SECRET_KEY_BYTES);
			CHECK_MEM(&back.public_key, sizeof back.public_key, &key.public_key, sizeof key.public_key);
			quoin_signing_key_clear(&back);
			taken++;
		} else {
			CHECK(back.secret == NULL);
			refused++;
		}
		text.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	CHECK(refused > 1200 && taken > 0);
	quoin_buf_clear(&text);
	quoin_signing_key_clear(&key);
}

/* Change the decoded bytes of a key file and encode them again. */
static void
patch_secret(struct quoin_buf *text, size_t at, const void *bytes, size_t len)
{
	uint8_t *line = (uint8_t *)memchr(text->data, '\n', text->len) + 1;
	uint8_t decoded[158];
	char encoded[213];

	CHECK(quoin_base64_parse(quoin_span_of(line, 212), decoded, sizeof decoded));
	memcpy(decoded + at, bytes, len);
	quoin_base64_print(decoded, sizeof decoded, encoded);
	memcpy(line, encoded, 212);
}

static void
test_encrypted_secret_keys(void)
{
	static const uint8_t greedy[16] = {[3] = 0xff, [12] = 1}; /* 2^32 operations, 4 GiB */
	struct quoin_signing_key key, back;
	struct quoin_buf text;
	bool encrypted = false;

	make_key(&key);
	quoin_buf_init(&text, QUOIN_KEYFILE_BYTES_MAX);
	CHECK_INT(quoin_signing_key_print(&key, "mine", "correct horse", &text), 0);
	CHECK_INT(quoin_signing_key_is_encrypted(quoin_buf_span(&text), &encrypted, &err), 0);
	CHECK(encrypted);
	CHECK_INT(quoin_signing_key_parse(quoin_buf_span(&text), "correct horse", &back, &err), 0);
	CHECK_MEM(quoin_secret_data(back.secret), QUOIN_SECRET_KEY_BYTES, quoin_secret_data(key.secret),
	    QUOIN_SECRET_KEY_BYTES);
	quoin_signing_key_clear(&back);
	CHECK_INT(quoin_signing_key_parse(quoin_buf_span(&text), "battery staple", &back, &err), QUOIN_EKEY);
	CHECK_CONTAINS(err.message, "wrong passphrase");
	CHECK_INT(quoin_signing_key_parse(quoin_buf_span(&text), NULL, &back, &err), QUOIN_EKEY);
	CHECK_CONTAINS(err.message, "give its passphrase");
	/* Costs come from the file. */
	patch_secret(&text, 38, greedy, sizeof greedy);
	CHECK_INT(quoin_signing_key_parse(quoin_buf_span(&text), "correct horse", &back, &err), QUOIN_ELIMIT);
	patch_secret(&text, 2, "Xx", 2);
	CHECK_INT(quoin_signing_key_parse(quoin_buf_span(&text), "correct horse", &back, &err), QUOIN_ESYNTAX);
	CHECK(back.secret == NULL);
	quoin_buf_clear(&text);
	quoin_signing_key_clear(&key);
}

/* The public half forged and no check to notice it: signing with it would give the secret away. */
static void
test_forged_halves(void)
{
	static const uint8_t none[32];
	struct quoin_signing_key key, back;
	struct quoin_buf text;

	make_key(&key);
	quoin_buf_init(&text, QUOIN_KEYFILE_BYTES_MAX);
	CHECK_INT(quoin_signing_key_print(&key, NULL, NULL, &text), 0);
	patch_secret(&text, 126, none, sizeof none);
	CHECK_INT(quoin_signing_key_parse(quoin_buf_span(&text), NULL, &back, &err), 0); /* as minisign -W writes it */
	quoin_signing_key_clear(&back);
	patch_secret(&text, 62 + 32, "forged", 6);
	CHECK_INT(quoin_signing_key_parse(quoin_buf_span(&text), NULL, &back, &err), QUOIN_EKEY);
	CHECK_CONTAINS(err.message, "do not match");
	quoin_buf_clear(&text);
	quoin_signing_key_clear(&key);
}

static void
test_signatures(void)
{
	struct quoin_signing_key key, other;
	struct quoin_signature signature, back;
	struct quoin_buf document, text, again;

	make_key(&key);
	make_key(&other);
	make_document(&document);
	CHECK_INT(quoin_signature_make(&key, quoin_buf_span(&document), &signature), 0);
	CHECK_CONTAINS(signature.trusted_comment, "quoin-incarnation-v1 home ");
	CHECK(quoin_signature_verify(&signature, key.public_key.key, quoin_buf_span(&document)));
	CHECK(!quoin_signature_verify(&signature, other.public_key.key, quoin_buf_span(&document)));
	quoin_buf_init(&text, QUOIN_MINISIG_BYTES_MAX);
	quoin_buf_init(&again, QUOIN_MINISIG_BYTES_MAX);
	CHECK_INT(quoin_signature_print(&signature, &text), 0);
	CHECK_INT(quoin_signature_parse(quoin_buf_span(&text), &back, &err), 0);
	CHECK_MEM(&back, sizeof back, &signature, sizeof signature);
	for (size_t len = 0; len < text.len; len++)
		CHECK_INT(quoin_signature_parse(quoin_span_of(text.data, len), &back, &err), QUOIN_ESYNTAX);
	/* Every bit behind the untrusted comment: refused, does not verify, or is of the key id, a mere hint. */
	for (size_t bit = 8 * (size_t)((uint8_t *)memchr(text.data, '\n', text.len) - text.data); bit < text.len * 8;
	     bit++) {
		text.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (quoin_signature_parse(quoin_buf_span(&text), &back, &err) == 0) {
			bool same_id = memcmp(back.key_id, signature.key_id, QUOIN_KEY_ID_BYTES) == 0;

			CHECK(
			    !same_id || !quoin_signature_verify(&back, key.public_key.key, quoin_buf_span(&document)));
			quoin_buf_reset(&again);
			CHECK_INT(quoin_signature_print(&back, &again), 0);
			if (same_id)
				CHECK_MEM(again.data, again.len, text.data, text.len);
		}
		text.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	CHECK_INT(quoin_signature_make(&key, quoin_span_str("not ours"), &signature), QUOIN_ESYNTAX);
	quoin_signing_key_clear(&key);
	quoin_signing_key_clear(&other);
	quoin_buf_clear(&document);
	quoin_buf_clear(&text);
	quoin_buf_clear(&again);
}

static void
test_signature_refusals(void)
{
	static const char good64[] =
	    "RUQBAgMEBQYHCAkAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	static const char legacy64[] =
	    "RWQBAgMEBQYHCAkAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	static const char global64[] =
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==";
	static const struct {
		const char *first, *blob, *third, *global, *more;
		int code;
	} rows[] = {
	    {"untrusted comment: x", good64, "trusted comment: y\tz", global64, "", 0},
	    {"untrusted comment: x", good64, "trusted comment: ", global64, "", 0},
	    {"untrusted comment: x", legacy64, "trusted comment: y", global64, "", QUOIN_ESIGNATURE},
	    {"untrusted comment: x\x01", good64, "trusted comment: y", global64, "", QUOIN_ESYNTAX},
	    {"untrusted comment: x", good64, "trusted comment: y\r", global64, "", QUOIN_ESYNTAX},
	    {"untrusted comment: x", good64, "trusted comment: \xc3\xbc", global64, "", QUOIN_ESYNTAX},
	    {"untrusted: x", good64, "trusted comment: y", global64, "", QUOIN_ESYNTAX},
	    {"untrusted comment: x", good64, "comment: y", global64, "", QUOIN_ESYNTAX},
	    {"untrusted comment: x", good64, "trusted comment: y", global64, "\n", QUOIN_ESYNTAX},
	    {"untrusted comment: x", good64, "trusted comment: y", good64, "", QUOIN_ESYNTAX},
	    {"untrusted comment: x", global64, "trusted comment: y", global64, "", QUOIN_ESYNTAX},
	};
	struct quoin_signature signature;
	char text[1024], comment[600];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		snprintf(text, sizeof text, "%s\n%s\n%s\n%s\n%s", rows[i].first, rows[i].blob, rows[i].third,
		    rows[i].global, rows[i].more);
		if (quoin_signature_parse(quoin_span_str(text), &signature, &err) != rows[i].code)
			check_fail(__FILE__, __LINE__, "row %zu: %d %s", i, err.code, err.message);
	}
	for (size_t len = 511; len <= 512; len++) {
		memset(comment, 'c', len);
		comment[len] = '\0';
		snprintf(text, sizeof text, "untrusted comment: x\n%s\ntrusted comment: %s\n%s\n", good64, comment,
		    global64);
		CHECK_INT(quoin_signature_parse(quoin_span_str(text), &signature, &err),
		    len == 511 ? 0 : QUOIN_ESYNTAX);
	}
}

/* ---- Stock minisign ---- */

static void
save(const char *name, struct quoin_span bytes)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", check_dir(), name);
	CHECK_INT(quoin_file_replace(path, bytes, 0600, &err), 0);
}

static void
load(const char *name, struct quoin_buf *out)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", check_dir(), name);
	quoin_buf_init(out, QUOIN_KEYFILE_BYTES_MAX);
	CHECK_INT(quoin_file_read(path, out, &err), 0);
}

/* A shell line in the case's directory: its exit status is 0. */
static bool
shell(const char *line)
{
	char command[1024];

	snprintf(command, sizeof command, "cd %s && { %s; } >>out 2>&1 </dev/null", check_dir(), line);
	return system(command) == 0;
}

static void
need_minisign(void)
{
	if (system("command -v minisign >/dev/null") != 0)
		check_missing("minisign is not installed");
	CHECK_INT(quoin_crypto_init(), 0);
}

static void
test_minisign_verifies_ours(void)
{
	struct quoin_signing_key key;
	struct quoin_signature signature;
	struct quoin_buf document, text;

	need_minisign();
	make_key(&key);
	make_document(&document);
	save("d.txt", quoin_buf_span(&document));
	quoin_buf_init(&text, QUOIN_KEYFILE_BYTES_MAX);
	CHECK_INT(quoin_public_key_print(&key.public_key, NULL, &text), 0);
	save("k.pub", quoin_buf_span(&text));
	CHECK_INT(quoin_signature_make(&key, quoin_buf_span(&document), &signature), 0);
	quoin_buf_reset(&text);
	CHECK_INT(quoin_signature_print(&signature, &text), 0);
	save("d.txt.minisig", quoin_buf_span(&text));
	CHECK(shell("minisign -V -H -p k.pub -m d.txt"));
	document.data[0] ^= 1;
	save("d.txt", quoin_buf_span(&document));
	CHECK(!shell("minisign -V -H -p k.pub -m d.txt"));
	quoin_signing_key_clear(&key);
	quoin_buf_clear(&document);
	quoin_buf_clear(&text);
}

/* Sign with stock minisign and this secret key of ours; we verify. */
static void
check_stock_signs(const struct quoin_signing_key *key, const char *passphrase)
{
	struct quoin_signature signature;
	struct quoin_buf document, text;

	make_document(&document);
	save("d.txt", quoin_buf_span(&document));
	quoin_buf_init(&text, QUOIN_KEYFILE_BYTES_MAX);
	CHECK_INT(quoin_signing_key_print(key, NULL, passphrase, &text), 0);
	save("k.key", quoin_buf_span(&text));
	if (passphrase == NULL)
		CHECK(shell("minisign -S -W -H -s k.key -m d.txt"));
	else
		CHECK(shell("echo 'correct horse' | minisign -S -H -s k.key -m d.txt"));
	quoin_buf_clear(&text);
	load("d.txt.minisig", &text);
	CHECK_INT(quoin_signature_parse(quoin_buf_span(&text), &signature, &err), 0);
	CHECK(quoin_signature_verify(&signature, key->public_key.key, quoin_buf_span(&document)));
	CHECK_MEM(signature.key_id, sizeof signature.key_id, key->public_key.id, sizeof key->public_key.id);
	CHECK_CONTAINS(signature.trusted_comment, "file:d.txt");
	quoin_buf_clear(&document);
	quoin_buf_clear(&text);
}

static void
test_minisign_signs_with_ours(void)
{
	struct quoin_signing_key key;

	need_minisign();
	make_key(&key);
	check_stock_signs(&key, NULL);
	check_stock_signs(&key, "correct horse");
	quoin_signing_key_clear(&key);
}

static void
test_we_sign_with_stock(void)
{
	struct quoin_signing_key key;
	struct quoin_public_key public_key;
	struct quoin_signature signature;
	struct quoin_buf document, text;

	need_minisign();
	CHECK(shell("minisign -G -W -f -p s.pub -s s.key"));
	load("s.key", &text);
	CHECK_INT(quoin_signing_key_parse(quoin_buf_span(&text), NULL, &key, &err), 0);
	quoin_buf_clear(&text);
	load("s.pub", &text);
	CHECK_INT(quoin_public_key_parse(quoin_buf_span(&text), &public_key, &err), 0);
	CHECK_MEM(&key.public_key, sizeof key.public_key, &public_key, sizeof public_key);
	make_document(&document);
	save("d.txt", quoin_buf_span(&document));
	CHECK_INT(quoin_signature_make(&key, quoin_buf_span(&document), &signature), 0);
	quoin_buf_reset(&text);
	CHECK_INT(quoin_signature_print(&signature, &text), 0);
	save("d.txt.minisig", quoin_buf_span(&text));
	CHECK(shell("minisign -V -H -p s.pub -m d.txt"));
	/* A legacy signature of stock minisign is refused. */
	CHECK(shell("minisign -S -W -l -s s.key -m d.txt"));
	quoin_buf_clear(&text);
	load("d.txt.minisig", &text);
	CHECK_INT(quoin_signature_parse(quoin_buf_span(&text), &signature, &err), QUOIN_ESIGNATURE);
	quoin_signing_key_clear(&key);
	quoin_buf_clear(&document);
	quoin_buf_clear(&text);
}

/* minisign-encrypted.key was made by stock minisign 0.11. It asks for 1 GiB: the most that is allowed. */
static void
test_stock_encrypted_key(void)
{
	struct quoin_signing_key key;
	struct quoin_public_key public_key;
	struct quoin_buf text;
	bool encrypted = false;
	int rc;

	CHECK_INT(quoin_crypto_init(), 0);
	quoin_buf_init(&text, QUOIN_KEYFILE_BYTES_MAX);
	CHECK_INT(quoin_file_read("tests/vectors/minisign-encrypted.pub", &text, &err), 0);
	CHECK_INT(quoin_public_key_parse(quoin_buf_span(&text), &public_key, &err), 0);
	quoin_buf_reset(&text);
	CHECK_INT(quoin_file_read("tests/vectors/minisign-encrypted.key", &text, &err), 0);
	CHECK_INT(quoin_signing_key_is_encrypted(quoin_buf_span(&text), &encrypted, &err), 0);
	CHECK(encrypted);
	rc = quoin_signing_key_parse(quoin_buf_span(&text), "correct horse", &key, &err);
	if (rc == QUOIN_ENOMEM)
		check_skip("no 1 GiB of memory for minisign's own key derivation");
	CHECK_INT(rc, 0);
	CHECK_MEM(&key.public_key, sizeof key.public_key, &public_key, sizeof public_key);
	quoin_signing_key_clear(&key);
	quoin_buf_clear(&text);
}

static const struct check_case cases[] = {
    {"keyfile: key ids", test_key_ids},
    {"keyfile: public keys", test_public_keys},
    {"keyfile: secret keys, not encrypted", test_plain_secret_keys},
    {"keyfile: secret keys, encrypted", test_encrypted_secret_keys},
    {"keyfile: forged halves", test_forged_halves},
    {"signature: made, printed, read, verified", test_signatures},
    {"signature: refusals", test_signature_refusals},
    {"minisign: verifies our signatures", test_minisign_verifies_ours},
    {"minisign: signs with our keys", test_minisign_signs_with_ours},
    {"minisign: we sign with its keys", test_we_sign_with_stock},
    {"minisign: we read its encrypted keys", test_stock_encrypted_key},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
