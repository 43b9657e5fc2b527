#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/crypto.h"
#include "lib/text.h"
#include "tests/check.h"

static const struct quoin_span document = {(const uint8_t *)"quoin-release 1\nend\n", 20};

static void
unhex(const char *text, uint8_t *out, size_t bytes)
{
	CHECK(quoin_hex_parse(quoin_span_str(text), out, bytes));
}

static void
init(void)
{
	CHECK_INT(quoin_crypto_init(), 0);
	CHECK_INT(quoin_crypto_init(), 0);
}

/* Values of b2sum -l 256. */
static void
hash(void)
{
	static const struct {
		const char *text, *hex;
	} rows[] = {
	    {"", "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"},
	    {"abc", "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"},
	};
	struct quoin_hash hash, other;
	char hex[QUOIN_HASH_HEX_BYTES + 1];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		quoin_hash_of(quoin_span_str(rows[i].text), &hash);
		quoin_hash_print(&hash, hex);
		CHECK_STR(hex, rows[i].hex);
		memset(&other, 0, sizeof other);
		CHECK(quoin_hash_is_zero(&other));
		CHECK(!quoin_hash_equal(&hash, &other));
		quoin_hash_of(quoin_span_str(rows[i].text), &other);
		CHECK(quoin_hash_equal(&hash, &other));
		CHECK(!quoin_hash_is_zero(&hash));
	}
	other.bytes[31] ^= 1;
	CHECK(!quoin_hash_equal(&hash, &other));
}

static void
hasher(void)
{
	struct quoin_hasher hasher;
	struct quoin_hash whole, pieces;
	uint8_t bytes[1000];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)i;
	quoin_hash_of(quoin_span_of(bytes, sizeof bytes), &whole);
	for (size_t step = 1; step < 300; step += 37) {
		quoin_hasher_init(&hasher);
		quoin_hasher_add(&hasher, quoin_span_of(NULL, 0));
		for (size_t at = 0; at < sizeof bytes; at += step)
			quoin_hasher_add(&hasher,
			    quoin_span_of(bytes + at, step < sizeof bytes - at ? step : sizeof bytes - at));
		quoin_hasher_finish(&hasher, &pieces);
		CHECK(quoin_hash_equal(&whole, &pieces));
	}
}

static void
secret(void)
{
	struct quoin_secret *secret;
	const uint8_t zeros[64] = {0};
	int status;
	pid_t pid;

	CHECK_INT(quoin_secret_new(64, &secret), 0);
	CHECK_MEM(quoin_secret_data(secret), 64, zeros, 64);
	memset(quoin_secret_data(secret), 'x', 64);
	/* The byte after it cannot be read. */
	pid = fork();
	if (pid == 0) {
		volatile uint8_t *data = quoin_secret_data(secret);

		setrlimit(RLIMIT_CORE, &(struct rlimit){0});
		signal(SIGSEGV, SIG_DFL);
		_exit(data[64] != 0 ? 0 : 1);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status));
	quoin_secret_free(secret);
	quoin_secret_free(NULL);
}

static void
wipe_equal_random(void)
{
	uint8_t a[32], b[32];

	quoin_random(a, sizeof a);
	quoin_random(b, sizeof b);
	CHECK(!quoin_secret_equal(a, b, sizeof a));
	memcpy(b, a, sizeof a);
	CHECK(quoin_secret_equal(a, b, sizeof a));
	b[31] ^= 0x80;
	CHECK(!quoin_secret_equal(a, b, sizeof a));
	quoin_wipe(a, sizeof a);
	memset(b, 0, sizeof b);
	CHECK_MEM(a, sizeof a, b, sizeof b);
}

static void
keypair(void)
{
	struct quoin_secret *secret, *other;
	uint8_t public_key[QUOIN_PUBLIC_KEY_BYTES], other_public[QUOIN_PUBLIC_KEY_BYTES];

	CHECK_INT(quoin_keypair_new(public_key, &secret), 0);
	CHECK_INT(quoin_keypair_new(other_public, &other), 0);
	CHECK(quoin_keypair_is_sound(secret, public_key));
	CHECK(!quoin_keypair_is_sound(secret, other_public));
	/* Every flipped bit, of the seed and of the stored public half. */
	for (size_t bit = 0; bit < QUOIN_SECRET_KEY_BYTES * 8; bit += 5) {
		quoin_secret_data(secret)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(!quoin_keypair_is_sound(secret, public_key));
		quoin_secret_data(secret)[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	quoin_secret_free(other);
	CHECK_INT(quoin_secret_new(32, &other), 0);
	CHECK(!quoin_keypair_is_sound(other, public_key));
	quoin_secret_free(other);
	quoin_secret_free(secret);
}

/* RFC 8032 section 7.1, test 3. */
static void
known_signature(void)
{
	static const uint8_t message[] = {0xaf, 0x82};
	struct quoin_secret *secret;
	uint8_t public_key[32], want[64], have[64];

	CHECK_INT(quoin_secret_new(QUOIN_SECRET_KEY_BYTES, &secret), 0);
	unhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"
	      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
	    quoin_secret_data(secret), 64);
	unhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", public_key, 32);
	unhex("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
	      "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
	    want, 64);
	CHECK(quoin_keypair_is_sound(secret, public_key));
	CHECK_INT(quoin_sign_plain(secret, quoin_span_of(message, 2), have), 0);
	CHECK_MEM(have, 64, want, 64);
	CHECK(quoin_verify_plain(public_key, quoin_span_of(message, 2), have));
	quoin_secret_free(secret);
}

static void
signatures(void)
{
	struct quoin_secret *secret;
	uint8_t public_key[32], other_key[32], signature[64], plain[64], bytes[20];

	memcpy(bytes, document.data, sizeof bytes);
	CHECK_INT(quoin_keypair_new(public_key, &secret), 0);
	CHECK_INT(quoin_sign_prehashed(secret, document, signature), 0);
	CHECK(quoin_verify_prehashed(public_key, document, signature));
	CHECK_INT(quoin_sign_plain(secret, document, plain), 0);
	CHECK(quoin_verify_plain(public_key, document, plain));
	/* One form is not the other. */
	CHECK(!quoin_verify_plain(public_key, document, signature));
	CHECK(!quoin_verify_prehashed(public_key, document, plain));
	for (size_t bit = 0; bit < 64 * 8; bit++) {
		signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(!quoin_verify_prehashed(public_key, document, signature));
		signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < sizeof bytes * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(!quoin_verify_prehashed(public_key, quoin_span_of(bytes, sizeof bytes), signature));
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < 256; bit++) {
		memcpy(other_key, public_key, sizeof other_key);
		other_key[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(!quoin_verify_prehashed(other_key, document, signature));
	}
	for (size_t len = 0; len < document.len; len++)
		CHECK(!quoin_verify_prehashed(public_key, quoin_span_of(document.data, len), signature));
	memset(other_key, 0, sizeof other_key);
	memset(plain, 0, sizeof plain);
	CHECK(!quoin_verify_prehashed(other_key, document, plain)); /* a point of small order */
	quoin_secret_free(secret);
}

/* A secret whose public half is another's would sign wrongly; that signature must not leave. */
static void
unsound_key_does_not_sign(void)
{
	struct quoin_secret *secret;
	uint8_t public_key[32], signature[64], untouched[64];

	CHECK_INT(quoin_keypair_new(public_key, &secret), 0);
	quoin_secret_data(secret)[40] ^= 1;
	memset(signature, 0x55, sizeof signature);
	memcpy(untouched, signature, sizeof untouched);
	CHECK_INT(quoin_sign_prehashed(secret, document, signature), QUOIN_ESYSTEM);
	CHECK_MEM(signature, 64, untouched, 64);
	quoin_secret_free(secret);
}

/* With libsodium's choice of parameters 32768 and 16 MiB are N = 1024, r = 8, p = 1 (computed with Python's hashlib). */
static void
scrypt(void)
{
	const uint8_t salt[32] = "0123456789abcdef0123456789abcde";
	uint8_t out[104], want[32];

	unhex("62ef40b88a34e1c7ce24d5ed9837c5c598e12c2cf19386d6c707b081bee0a271", want, sizeof want);
	CHECK_INT(quoin_scrypt("passphrase", salt, 32768, 16u << 20, out, 32), 0);
	CHECK_MEM(out, 32, want, 32);
	CHECK_INT(quoin_scrypt("Passphrase", salt, 32768, 16u << 20, out, sizeof out), 0);
	CHECK(memcmp(out, want, sizeof want) != 0);
	CHECK_INT(quoin_scrypt("", salt, 32768, 16u << 20, out, sizeof out), 0);
}

static void
scrypt_limits(void)
{
	static const uint64_t ops[] = {(1u << 26) + 1, UINT64_MAX, 32768, 32768},
			      memory[] = {1 << 20, 1 << 20, (1u << 30) + 1, UINT64_MAX};
	const uint8_t salt[32] = {0};
	uint8_t out[32];

	for (size_t i = 0; i < 4; i++)
		CHECK_INT(quoin_scrypt("x", salt, ops[i], memory[i], out, sizeof out), QUOIN_ELIMIT);
	CHECK_INT(quoin_scrypt("x", salt, 0, 0, out, sizeof out), 0);
}

static const struct check_case cases[] = {
    {"crypto/init", init},
    {"crypto/hash", hash},
    {"crypto/hasher", hasher},
    {"crypto/secret", secret},
    {"crypto/wipe-equal-random", wipe_equal_random},
    {"crypto/keypair", keypair},
    {"crypto/known-signature", known_signature},
    {"crypto/signatures", signatures},
    {"crypto/unsound-key-does-not-sign", unsound_key_does_not_sign},
    {"crypto/scrypt", scrypt},
    {"crypto/scrypt-limits", scrypt_limits},
};

int
main(int argc, char **argv)
{
	if (quoin_crypto_init() != 0)
		return 1;
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
