/* The publisher's road on the embedded broker: genesis, topics, enrolling, publishing, operating, exporting. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/conf.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "publisher/deltas.h"
#include "publisher/enrol.h"
#include "publisher/export.h"
#include "publisher/genesis.h"
#include "publisher/operate.h"
#include "publisher/publish.h"
#include "publisher/succession.h"
#include "publisher/topics.h"
#include "tests/check.h"

#define TIMEOUT_MS 60000

/* A namespace on a broker of its own. */
struct site {
	struct quoin_bus_mock *mock;
	struct quoin_conf conf;
	struct quoin_bus_conf bus;
	struct quoin_bus_reader *reader;
	struct quoin_control control;
	struct quoin_error err;
};

#define OK(site, call) check_ok(__FILE__, __LINE__, #call, call, &(site)->err)

static void
check_ok(const char *file, int line, const char *call, int r, const struct quoin_error *err)
{
	if (r != 0)
		check_fail(file, line, "%s is %d: %s", call, r, err->message);
}

static void
open_site(struct site *site)
{
	static const char *const topics[] = {"t.control", "t.gate", "t.blobs", "t.status"};
	const char *bootstrap;
	char text[1024], path[256];
	struct quoin_keyring root_keys = {0};

	memset(site, 0, sizeof *site);
	CHECK_INT(quoin_crypto_init(), 0);
	OK(site, quoin_bus_mock_open(topics, 4, &site->mock, &bootstrap, &site->err));
	snprintf(path, sizeof path, "%s/quoin.conf", check_dir());
	snprintf(text, sizeof text,
	    "namespace = t\nroot = trust/root.txt\nkeys = keys\nkafka.bootstrap.servers = %s\nkafka.fetch.wait.max.ms = 5\n", bootstrap);
	OK(site, quoin_conf_parse(quoin_span_str(text), path, &site->conf, &site->err));
	OK(site, quoin_genesis(&site->conf, true, &site->err));
	OK(site, quoin_control_init(&site->control, &site->conf, &site->err));
	site->bus = (struct quoin_bus_conf){site->conf.properties, site->conf.property_count, "test"};
	OK(site, quoin_bus_reader_open(&site->bus, &site->reader, &site->err));
	OK(site, quoin_keyring_load(&site->conf, QUOIN_ROLE_ROOT, false, &root_keys, &site->err));
	OK(site, quoin_topics_begin(&site->conf, &site->control, site->reader, &root_keys, &site->err));
	quoin_keyring_clear(&root_keys);
}

static void
close_site(struct site *site)
{
	quoin_bus_reader_close(site->reader);
	quoin_control_clear(&site->control);
	quoin_bus_mock_close(site->mock);
	quoin_conf_clear(&site->conf);
}

/* Publish one raw part with this content. Returns the code. */
static int
publish(struct site *site, const char *content, const struct quoin_docref *expected, uint64_t *ret_number,
    struct quoin_blobs_sent *ret_sent)
{
	struct quoin_publish_part part = {"data", "raw", quoin_span_str(content)};
	struct quoin_publication publication = {.parts = &part, .part_count = 1, .message = "why"};
	struct quoin_release release = {0};
	struct quoin_keyring keys = {0};
	int r;

	quoin_policy_init(&publication.policy);
	OK(site, quoin_keyring_load(&site->conf, QUOIN_ROLE_RELEASE, false, &keys, &site->err));
	OK(site, quoin_publish_describe(&publication, &release, &site->err));
	OK(site, quoin_publish_send(&site->conf, &site->control, &publication, NULL, NULL, &release, ret_sent, &site->err));
	r = quoin_publish_announce(&site->conf, &site->control, site->reader, &keys, expected, TIMEOUT_MS, &release,
	    &site->err);
	*ret_number = release.number;
	quoin_release_clear(&release);
	quoin_keyring_clear(&keys);
	return r;
}

/* Whether the next release by these keys would be believed. */
static int
vet(struct site *site)
{
	struct quoin_keyring keys = {0};
	int r;

	OK(site, quoin_keyring_load(&site->conf, QUOIN_ROLE_RELEASE, false, &keys, &site->err));
	r = quoin_publish_vet(&site->control, &keys, &site->err);
	quoin_keyring_clear(&keys);
	return r;
}

static void
test_begin(void)
{
	struct site site;
	char path[256];

	open_site(&site);
	CHECK(site.control.has_incarnation);
	CHECK(quoin_control_document(&site.control, "root/1") != NULL);
	CHECK_INT(site.control.refusal_count, 0);
	/* Never over what is there. */
	CHECK_INT(quoin_genesis(&site.conf, true, &site.err), QUOIN_EEXISTS);
	snprintf(path, sizeof path, "%s/keys/gate.key", check_dir());
	CHECK(quoin_file_exists(path));
	close_site(&site);
}

static void
test_publish(void)
{
	struct site site;
	struct quoin_blobs_sent sent;
	struct quoin_docref none = {0}, first;
	struct quoin_release release = {0};
	struct quoin_bus_lookup *lookup = NULL;
	struct quoin_buf content;
	uint64_t number;

	open_site(&site);
	OK(&site, publish(&site, "hello", &none, &number, &sent));
	CHECK_INT(number, 1);
	CHECK(sent.full_bytes > 0);
	CHECK_INT(site.control.ledger.head.number, 1);
	CHECK_INT(site.control.ledger.asked, 1);

	/* Somebody else was first: nothing is written, the head stays. */
	CHECK_INT(publish(&site, "other", &none, &number, &sent), QUOIN_ECONFLICT);
	CHECK_CONTAINS(site.err.message, "the head is release 1, not 0");
	CHECK_INT(site.control.ledger.head.number, 1);

	/* The same bytes are not sent twice. */
	first = site.control.ledger.head;
	OK(&site, publish(&site, "hello", &first, &number, &sent));
	CHECK_INT(number, 2);
	CHECK_INT(sent.full_bytes, 0);
	CHECK(sent.reused_bytes > 0);

	OK(&site, quoin_control_release(&site.control, 2, &release, &site.err));
	CHECK_INT(release.head.number, 1);
	CHECK_STR(release.message, "why");
	OK(&site, quoin_bus_lookup_open(&site.bus, "t.blobs", 0, &lookup, &site.err));
	quoin_buf_init(&content, 100);
	OK(&site, quoin_blobs_get(lookup, &release.parts[0], TIMEOUT_MS, &content, &site.err));
	CHECK_MEM(content.data, content.len, "hello", 5);
	quoin_bus_lookup_close(lookup);
	quoin_buf_clear(&content);
	quoin_release_clear(&release);
	close_site(&site);
}

/* A part of "bytes" that compresses badly; "change" makes a small difference. */
static char *
make_content(size_t bytes, size_t change)
{
	char *content = malloc(bytes + 1);
	uint32_t state = 1;

	CHECK(content != NULL);
	for (size_t i = 0; i < bytes; i++) {
		state = state * 1664525u + 1013904223u;
		content[i] = (char)('!' + (state >> 24) % 90);
	}
	content[bytes] = '\0';
	content[change] = '~';
	return content;
}

static void
test_delta(void)
{
	struct site site;
	struct quoin_blobs_sent sent;
	struct quoin_docref at = {0};
	struct quoin_release release = {0};
	const struct quoin_part *part = &release.parts[0];
	struct quoin_hash hashes[8];
	char *content;
	uint64_t number;

	open_site(&site);
	/* Against what is active and up to three before it, each content once. */
	for (size_t i = 0; i < 7; i++) {
		content = make_content(100000, 1000 * (i < 6 ? i : 4));
		OK(&site, publish(&site, content, &at, &number, &sent));
		at = site.control.ledger.head;
		OK(&site, quoin_control_release(&site.control, number, &release, &site.err));
		part = &release.parts[0];
		hashes[i] = part->hash;
		/* The last has a content that was there already. */
		CHECK_INT(part->encoding_count, i == 6 ? 1 : i < 4 ? i + 1 : 5);
		for (size_t k = 1; k < part->encoding_count; k++) {
			bool is_known = false;

			CHECK(part->encodings[k].is_delta && part->encodings[k].packed_bytes < 200);
			for (size_t h = i < 4 ? 0 : i - 4; h < i; h++)
				is_known = is_known || quoin_hash_equal(&part->encodings[k].base, &hashes[h]);
			CHECK(is_known);
		}
		CHECK(i == 0 || i == 6 ? sent.delta_bytes == 0 : sent.delta_bytes > 0);
		quoin_release_clear(&release);
		free(content);
	}
	/* What is small goes out in full; so does what has nothing in common. */
	OK(&site, publish(&site, "small", &at, &number, &sent));
	CHECK_INT(sent.delta_bytes, 0);
	at = site.control.ledger.head;
	content = make_content(100000, 3);
	for (size_t i = 0; i < 100000; i++)
		content[i] = (char)('!' + '~' - content[i]);
	OK(&site, publish(&site, content, &at, &number, &sent));
	CHECK_INT(sent.delta_bytes, 0);
	free(content);
	close_site(&site);
}

/* A base whose chunks are gone is in nobody's way: the next one serves. */
static void
test_delta_without_base(void)
{
	struct site site;
	struct quoin_blobs_sent sent;
	struct quoin_docref none = {0};
	struct quoin_release good = {0}, gone;
	const struct quoin_release *bases[] = {&gone, &good};
	struct quoin_part lost, part;
	struct quoin_chunk_place place;
	struct quoin_deltas deltas;
	char *content = make_content(100000, 0);
	uint64_t number;

	open_site(&site);
	OK(&site, publish(&site, content, &none, &number, &sent));
	OK(&site, quoin_control_release(&site.control, number, &good, &site.err));
	lost = good.parts[0];
	lost.hash.bytes[0] ^= 1;
	place = lost.encodings[0].chunks[0];
	lost.encodings[0].chunks = &place;
	gone = (struct quoin_release){.number = 7, .parts = &lost, .part_count = 1};
	free(content);
	content = make_content(100000, 1);
	for (size_t count = 1; count <= 2; count++) {
		memset(&sent, 0, sizeof sent);
		OK(&site, quoin_blobs_put(&site.bus, "t.blobs", "data", "raw", quoin_span_str(content), NULL, 0, NULL, NULL,
			      &part, &sent, &site.err));
		quoin_deltas_init(&deltas, &site.bus, "t.blobs", bases, count);
		quoin_deltas_put(&deltas, quoin_span_str(content), &part, &sent);
		quoin_deltas_clear(&deltas);
		CHECK_INT(part.encoding_count, count);
		CHECK(sent.full_bytes > 0 && (count == 1 ? sent.delta_bytes == 0 : sent.delta_bytes > 0));
		for (size_t i = 0; i < part.encoding_count; i++)
			free(part.encodings[i].chunks);
	}
	quoin_release_clear(&good);
	free(content);
	close_site(&site);
}

static void
test_same(void)
{
	struct site site;
	struct quoin_publish_part part = {"data", "raw", quoin_span_str("hello")};
	struct quoin_publication publication = {.parts = &part, .part_count = 1};
	struct quoin_release release = {0};
	struct quoin_blobs_sent sent;
	struct quoin_docref none = {0};
	bool is_revoked;
	uint64_t number;

	open_site(&site);
	OK(&site, publish(&site, "hello", &none, &number, &sent));
	quoin_policy_init(&publication.policy);
	OK(&site, quoin_publish_describe(&publication, &release, &site.err));
	CHECK(quoin_publish_same(&site.control.ledger, &release, &is_revoked) != NULL);
	CHECK(!is_revoked);
	quoin_release_clear(&release);
	publication.policy.drain_ms++; /* the policy is content, too */
	OK(&site, quoin_publish_describe(&publication, &release, &site.err));
	CHECK(quoin_publish_same(&site.control.ledger, &release, &is_revoked) == NULL);
	quoin_release_clear(&release);
	close_site(&site);
}

static void
operate(struct site *site, struct quoin_intent *intent, int want)
{
	struct quoin_keyring keys = {0};
	int r;

	OK(site, quoin_keyring_load(&site->conf, QUOIN_ROLE_OPERATE, false, &keys, &site->err));
	r = quoin_operate(&site->conf, &site->control, site->reader, &keys, true, TIMEOUT_MS, intent, &site->err);
	quoin_keyring_clear(&keys);
	CHECK_INT(r, want);
}

static void
test_operate(void)
{
	struct site site;
	struct quoin_blobs_sent sent;
	struct quoin_docref none = {0}, head;
	struct quoin_intent rollback = {.action = QUOIN_ACTION_ROLLBACK, .release = {.number = 1}};
	struct quoin_intent unknown = {.action = QUOIN_ACTION_ROLLBACK, .release = {.number = 9}};
	struct quoin_intent revoke = {.action = QUOIN_ACTION_REVOKE, .release = {.number = 2}};
	struct quoin_intent pin = {.action = QUOIN_ACTION_PIN, .release = {.number = 2}};
	struct quoin_intent nobody = {.action = QUOIN_ACTION_EXCLUDE, .host = "nobody"};
	uint64_t number;

	open_site(&site);
	OK(&site, publish(&site, "one", &none, &number, &sent));
	head = site.control.ledger.head;
	OK(&site, publish(&site, "two", &head, &number, &sent));
	operate(&site, &rollback, 0);
	CHECK_INT(rollback.number, 1);
	CHECK_INT(rollback.head.number, 2);
	CHECK_INT(site.control.ledger.asked, 1);
	operate(&site, &unknown, QUOIN_ECONFLICT);
	CHECK_CONTAINS(site.err.message, "no release 9");
	operate(&site, &nobody, QUOIN_ECONFLICT);
	operate(&site, &revoke, 0);
	operate(&site, &pin, QUOIN_ECONFLICT);
	CHECK_CONTAINS(site.err.message, "revoked");
	CHECK_INT(site.control.ledger.last_intent.number, 2);
	/* The next release follows the intents. */
	head = site.control.ledger.head;
	OK(&site, publish(&site, "three", &head, &number, &sent));
	CHECK_INT(number, 3);
	CHECK_INT(quoin_ledger_release(&site.control.ledger, 3)->intent, 2);
	CHECK_INT(site.control.ledger.asked, 3);
	close_site(&site);
}

/* A brake that is pulled while a publication is on its way is not undone by it. */
static void
test_brake_meanwhile(void)
{
	struct site site;
	struct quoin_blobs_sent sent;
	struct quoin_docref none = {0}, head;
	struct quoin_control seen, current;
	struct quoin_intent freeze = {.action = QUOIN_ACTION_FREEZE};
	struct quoin_intent rollback = {.action = QUOIN_ACTION_ROLLBACK, .release = {.number = 1}};
	uint64_t number;

	open_site(&site);
	OK(&site, publish(&site, "one", &none, &number, &sent));
	head = site.control.ledger.head;
	OK(&site, publish(&site, "two", &head, &number, &sent));
	head = site.control.ledger.head;
	OK(&site, quoin_control_init(&seen, &site.conf, &site.err));
	OK(&site, quoin_control_read(&seen, site.reader, TIMEOUT_MS, &site.err));
	operate(&site, &rollback, 0);
	current = site.control;
	site.control = seen;
	CHECK_INT(publish(&site, "three", &head, &number, &sent), QUOIN_ECONFLICT);
	CHECK_CONTAINS(site.err.message, "rolled back to release 1 since you began (intent 1)");
	CHECK_INT(site.control.ledger.head.number, 2);
	CHECK_INT(site.control.ledger.asked, 1);
	/* Who knows of it goes on, and other words of operators are no reason to stop. */
	seen = site.control;
	site.control = current;
	operate(&site, &freeze, 0);
	current = site.control;
	site.control = seen;
	OK(&site, publish(&site, "three", &head, &number, &sent));
	CHECK_INT(quoin_ledger_release(&site.control.ledger, 3)->intent, 2);
	CHECK_INT(site.control.ledger.asked, 3);
	quoin_control_clear(&current);
	close_site(&site);
}

/* What does not stand cannot be taken back. */
static void
test_undo(void)
{
	struct site site;
	struct quoin_blobs_sent sent;
	struct quoin_docref none = {0};
	struct quoin_keyring keys = {0};
	struct quoin_cert serving = {.host = "rank-a-01", .role = QUOIN_HOST_SERVING, .shard = "rank-a"};
	struct quoin_intent pin = {.action = QUOIN_ACTION_PIN, .release = {.number = 1}};
	struct quoin_intent unpin = {.action = QUOIN_ACTION_UNPIN}, unpin_some = {.action = QUOIN_ACTION_UNPIN};
	struct quoin_intent exclude = {.action = QUOIN_ACTION_EXCLUDE, .host = "rank-a-01"};
	struct quoin_intent include = {.action = QUOIN_ACTION_INCLUDE, .host = "rank-a-01"};
	struct quoin_intent forget = {.action = QUOIN_ACTION_FORGET, .host = "rank-a-01"};
	char path[300];
	uint64_t number;

	open_site(&site);
	OK(&site, publish(&site, "one", &none, &number, &sent));
	CHECK_INT(quoin_labels_add(&unpin_some.labels, quoin_span_str("region=us")), 0);
	snprintf(path, sizeof path, "%s/id", check_dir());
	serving.not_after_ms = quoin_clock_wall_ms() + 3600000;
	OK(&site, quoin_keyring_load(&site.conf, QUOIN_ROLE_ENROL, false, &keys, &site.err));
	OK(&site, quoin_enrol(&site.conf, &site.control, site.reader, &keys, path, &serving, TIMEOUT_MS, &site.err));
	quoin_keyring_clear(&keys);

	operate(&site, &unpin, QUOIN_ECONFLICT);
	CHECK_CONTAINS(site.err.message, "there is no pin without labels");
	operate(&site, &pin, 0);
	operate(&site, &unpin_some, QUOIN_ECONFLICT);
	CHECK_CONTAINS(site.err.message, "there is no pin with exactly these labels");
	operate(&site, &unpin, 0);
	operate(&site, &unpin, QUOIN_ECONFLICT);
	operate(&site, &include, QUOIN_ECONFLICT);
	CHECK_CONTAINS(site.err.message, "rank-a-01 is not excluded by an operator");
	operate(&site, &exclude, 0);
	operate(&site, &include, 0);
	operate(&site, &include, QUOIN_ECONFLICT);
	operate(&site, &forget, QUOIN_ECONFLICT);
	CHECK_CONTAINS(site.err.message, "rank-a-01 is a serving host");
	CHECK_INT(site.control.ledger.last_intent.number, 4);
	close_site(&site);
}

/* Each document is found by its key, however many there are, and no other. */
static void
test_documents(void)
{
	struct site site;
	char key[32];

	open_site(&site);
	for (uint64_t number = 1; number <= 34; number++) {
		struct quoin_intent wish = {
		    .action = number % 2 != 0 ? QUOIN_ACTION_FREEZE : QUOIN_ACTION_UNFREEZE};

		operate(&site, &wish, 0);
		for (uint64_t i = 1; i <= number + 1; i++) {
			const struct quoin_envelope *envelope;
			struct quoin_intent intent;

			snprintf(key, sizeof key, "intent/%llu", (unsigned long long)i);
			envelope = quoin_control_document(&site.control, key);
			CHECK((envelope != NULL) == (i <= number));
			if (envelope != NULL) {
				CHECK_INT(quoin_intent_parse(envelope->document, &intent, NULL), 0);
				CHECK_INT(intent.number, i);
			}
		}
	}
	CHECK(quoin_control_document(&site.control, "root/1") != NULL);
	CHECK(quoin_control_document(&site.control, "root/2") == NULL);
	close_site(&site);
}

static void
test_enrol(void)
{
	struct site site;
	struct quoin_keyring keys = {0};
	struct quoin_cert cert = {.host = "rank-a-01", .role = QUOIN_HOST_SERVING, .shard = "rank-a"};
	uint8_t first_key[QUOIN_PUBLIC_KEY_BYTES];
	char dir[256];

	open_site(&site);
	snprintf(dir, sizeof dir, "%s/id", check_dir());
	cert.not_after_ms = quoin_clock_wall_ms() + 3600000;
	OK(&site, quoin_keyring_load(&site.conf, QUOIN_ROLE_ENROL, false, &keys, &site.err));
	OK(&site, quoin_enrol(&site.conf, &site.control, site.reader, &keys, dir, &cert, TIMEOUT_MS, &site.err));
	memcpy(first_key, cert.key, sizeof first_key);
	CHECK(quoin_control_cert(&site.control, "rank-a-01") != NULL);
	CHECK_STR(quoin_control_cert(&site.control, "rank-a-01")->cert.shard, "rank-a");
	/* Again: a new certificate for the same key. */
	cert.not_after_ms += 1000;
	OK(&site, quoin_enrol(&site.conf, &site.control, site.reader, &keys, dir, &cert, TIMEOUT_MS, &site.err));
	CHECK_MEM(cert.key, sizeof cert.key, first_key, sizeof first_key);
	CHECK_INT(site.control.cert_count, 1);
	CHECK_INT(site.control.certs[0].cert.not_after_ms, cert.not_after_ms);
	/* An older one again, from a clock that went back or from somebody who kept it, changes nothing. */
	cert.not_before_ms = 2000;
	OK(&site, quoin_enrol(&site.conf, &site.control, site.reader, &keys, dir, &cert, TIMEOUT_MS, &site.err));
	cert.not_before_ms = 1999;
	snprintf(cert.shard, sizeof cert.shard, "elsewhere");
	CHECK_INT(quoin_enrol(&site.conf, &site.control, site.reader, &keys, dir, &cert, TIMEOUT_MS, &site.err),
	    QUOIN_EREPLAY);
	CHECK_STR(site.control.certs[0].cert.shard, "rank-a");
	{
		struct quoin_control anew;
		struct quoin_bus_record record = {.offset = 99, .key = quoin_span_str("cert/rank-a-01")};

		OK(&site, quoin_control_init(&anew, &site.conf, &site.err));
		quoin_envelope_to_record(&site.control.certs[0].sealed.envelope, &record);
		CHECK_INT(quoin_control_admit(&anew, &record, quoin_clock_wall_ms(), &site.err), 0);
		anew.certs[0].cert.not_before_ms = 2001;
		CHECK_INT(quoin_control_admit(&anew, &record, quoin_clock_wall_ms(), &site.err), QUOIN_EREPLAY);
		quoin_control_clear(&anew);
		/* One that has expired is known, and marked; one that is not valid yet is not. */
		OK(&site, quoin_control_init(&anew, &site.conf, &site.err));
		CHECK_INT(quoin_control_admit(&anew, &record, 1999, &site.err), QUOIN_EEXPIRED);
		CHECK_INT(anew.cert_count, 0);
		CHECK_INT(quoin_control_admit(&anew, &record, site.control.certs[0].cert.not_after_ms, &site.err), 0);
		CHECK_INT(anew.cert_count, 1);
		CHECK(anew.certs[0].is_expired);
		CHECK_INT(
		    quoin_control_admit(&anew, &record, site.control.certs[0].cert.not_after_ms - 1, &site.err), 0);
		CHECK(!anew.certs[0].is_expired);
		quoin_control_clear(&anew);
		/* The brake passes them over, and reads on. */
		OK(&site, quoin_control_init(&anew, &site.conf, &site.err));
		anew.is_without_certs = true;
		CHECK_INT(quoin_control_admit(&anew, &record, quoin_clock_wall_ms(), &site.err), 0);
		CHECK_INT(anew.cert_count, 0);
		CHECK_INT(anew.next_offset, 100);
		quoin_control_clear(&anew);
	}
	quoin_keyring_clear(&keys);
	close_site(&site);
}

/* A root that has expired vouches for nothing new; the operator's hand is not held. */
static void
test_expired_root(void)
{
	struct site site;
	struct quoin_keyring keys = {0};
	struct quoin_cert cert = {.host = "rank-a-01", .role = QUOIN_HOST_ROUTER};
	struct quoin_intent freeze = {.action = QUOIN_ACTION_FREEZE};
	struct quoin_publish_part part = {"data", "raw", {(const uint8_t *)"hello", 5}};
	struct quoin_publication publication = {.parts = &part, .part_count = 1};
	struct quoin_release release = {0};
	struct quoin_blobs_sent sent;
	struct quoin_docref none = {0};
	char path[256];
	int64_t lasts_ms;
	uint64_t number;

	open_site(&site);
	lasts_ms = site.control.trust.root.expires_ms;
	CHECK_INT(quoin_control_check_root(&site.control, lasts_ms - 1, &site.err), 0);
	CHECK_INT(quoin_control_check_root(&site.control, lasts_ms, &site.err), QUOIN_EEXPIRED);
	quoin_policy_init(&publication.policy);
	OK(&site, quoin_publish_describe(&publication, &release, &site.err));
	OK(&site, quoin_publish_send(&site.conf, &site.control, &publication, NULL, NULL, &release, &sent, &site.err));
	site.control.trust.root.expires_ms = site.control.trust.root.issued_ms;

	/* Nothing is sent, */
	CHECK_INT(quoin_publish_send(&site.conf, &site.control, &publication, NULL, NULL, &release, &sent, &site.err),
	    QUOIN_EEXPIRED);
	CHECK_CONTAINS(site.err.message, "root 1 expired at ");
	CHECK_INT(sent.full_bytes, 0);
	/* and nothing announced. */
	OK(&site, quoin_keyring_load(&site.conf, QUOIN_ROLE_RELEASE, false, &keys, &site.err));
	CHECK_INT(quoin_publish_announce(&site.conf, &site.control, site.reader, &keys, &none, TIMEOUT_MS, &release,
		      &site.err),
	    QUOIN_EEXPIRED);
	quoin_keyring_clear(&keys);
	quoin_release_clear(&release);
	snprintf(path, sizeof path, "%s/id", check_dir());
	cert.not_after_ms = quoin_clock_wall_ms() + 3600000;
	OK(&site, quoin_keyring_load(&site.conf, QUOIN_ROLE_ENROL, false, &keys, &site.err));
	CHECK_INT(quoin_enrol(&site.conf, &site.control, site.reader, &keys, path, &cert, TIMEOUT_MS, &site.err),
	    QUOIN_EEXPIRED);
	quoin_keyring_clear(&keys);
	operate(&site, &freeze, 0);
	CHECK(site.control.ledger.frozen);

	site.control.trust.root.expires_ms = lasts_ms;
	OK(&site, publish(&site, "hello", &none, &number, &sent));
	close_site(&site);
}

/* What nobody would believe is not written: compaction would let it take the place of what is believed. */
static void
test_strangers(void)
{
	struct site site;
	struct quoin_conf other;
	struct quoin_control stranger;
	struct quoin_keyring keys = {0};
	struct quoin_cert cert = {.host = "rank-a-01", .role = QUOIN_HOST_ROUTER};
	struct quoin_intent freeze = {.action = QUOIN_ACTION_FREEZE};
	struct quoin_blobs_sent sent;
	struct quoin_docref none = {0};
	char dir[sizeof site.conf.keys], path[300];
	uint64_t number;

	open_site(&site);
	other = site.conf;
	snprintf(other.root, sizeof other.root, "%s/other/root.txt", check_dir());
	snprintf(other.keys, sizeof other.keys, "%s/other/keys", check_dir());
	OK(&site, quoin_genesis(&other, true, &site.err));
	OK(&site, quoin_control_init(&stranger, &other, &site.err));

	/* Their keys, our root. */
	snprintf(dir, sizeof dir, "%s", site.conf.keys);
	snprintf(site.conf.keys, sizeof site.conf.keys, "%s", other.keys);
	CHECK_INT(publish(&site, "hello", &none, &number, &sent), QUOIN_ESIGNATURE);
	CHECK_CONTAINS(site.err.message, "nobody would believe release/1");
	CHECK_INT(vet(&site), QUOIN_ESIGNATURE);
	CHECK_CONTAINS(site.err.message, "nobody would believe release/1");
	operate(&site, &freeze, QUOIN_ESIGNATURE);
	snprintf(path, sizeof path, "%s/id", check_dir());
	cert.not_after_ms = quoin_clock_wall_ms() + 3600000;
	OK(&site, quoin_keyring_load(&site.conf, QUOIN_ROLE_ENROL, false, &keys, &site.err));
	CHECK_INT(quoin_enrol(&site.conf, &site.control, site.reader, &keys, path, &cert, TIMEOUT_MS, &site.err),
	    QUOIN_ESIGNATURE);
	snprintf(path, sizeof path, "%s/id/cert.txt", check_dir());
	CHECK(!quoin_file_exists(path));
	quoin_keyring_clear(&keys);

	/* Their keys and their root, on our topic. */
	{
		struct quoin_control ours = site.control;

		site.control = stranger;
		CHECK_INT(publish(&site, "hello", &none, &number, &sent), QUOIN_EOTHERSYSTEM);
		CHECK_CONTAINS(site.err.message, "not begun by the system of the pinned root");
		CHECK_INT(vet(&site), QUOIN_EOTHERSYSTEM);
		CHECK_INT(quoin_control_check_system(&site.control, &site.err), QUOIN_EOTHERSYSTEM);
		CHECK_CONTAINS(site.err.message, "of another system than the pinned root");
		quoin_control_clear(&site.control);
		site.control = ours;
	}

	/* Nothing of it is on the topic. */
	snprintf(site.conf.keys, sizeof site.conf.keys, "%s", dir);
	OK(&site, publish(&site, "hello", &none, &number, &sent));
	CHECK_INT(number, 1);
	CHECK_INT(site.control.refusal_count, 0);
	CHECK_INT(vet(&site), 0);
	CHECK_INT(quoin_control_check_system(&site.control, &site.err), 0);
	close_site(&site);
}

/* What verify says of "out": its code, with the names of what is missing in "names", a blank between. */
static int
verify_export(struct site *site, const char *out, const struct quoin_trust *pinned, struct quoin_export_found *found,
    char names[512])
{
	struct quoin_problems missing;
	size_t at = 0;
	int r;

	quoin_problems_init(&missing);
	r = quoin_export_verify(out, pinned, &missing, found, &site->err);
	names[0] = '\0';
	for (size_t i = 0; i < missing.count && at < 512; i++) {
		CHECK_STR(missing.items[i].code, "missing");
		at += (size_t)snprintf(names + at, 512 - at, "%s%s", i == 0 ? "" : " ", missing.items[i].place.file);
	}
	quoin_problems_clear(&missing);
	return r;
}

static void
test_export(void)
{
	struct site site;
	struct quoin_activations activations = {0};
	struct quoin_export_found found;
	struct quoin_blobs_sent sent;
	struct quoin_docref none = {0};
	struct quoin_trust other;
	char out[200], path[300], names[512];
	uint64_t number;

	open_site(&site);
	OK(&site, publish(&site, "hello", &none, &number, &sent));
	snprintf(out, sizeof out, "%s/out", check_dir());
	CHECK_INT(verify_export(&site, out, &site.control.trust, &found, names), QUOIN_ENOENT);
	OK(&site, quoin_export_write(&site.conf, &site.control, &activations, 1, out, &site.err));
	OK(&site, verify_export(&site, out, &site.control.trust, &found, names));
	CHECK_INT(found.release, 1);
	CHECK_INT(found.part_count, 1);
	CHECK_INT(found.part_missing, 0);
	CHECK_INT(found.seq, 0);
	OK(&site, verify_export(&site, out, NULL, &found, names));
	CHECK_INT(found.release, 1);
	CHECK_INT(quoin_export_write(&site.conf, &site.control, &activations, 1, out, &site.err), QUOIN_EEXISTS);

	/* Another system's root does not accept it. */
	other = site.control.trust;
	other.root.origin.system[0] ^= 1;
	CHECK_INT(quoin_error_class(verify_export(&site, out, &other, &found, names)), QUOIN_CLASS_TRUST);

	snprintf(path, sizeof path, "%s/parts/data", out);
	OK(&site, quoin_file_replace(path, quoin_span_str("hellO"), 0644, &site.err));
	CHECK_INT(verify_export(&site, out, &site.control.trust, &found, names), QUOIN_ECORRUPT);
	CHECK_INT(quoin_export_verify_held(out, &site.control.trust, &number, &site.err), QUOIN_ECORRUPT);
	CHECK_INT(unlink(path), 0);
	CHECK_INT(verify_export(&site, out, &site.control.trust, &found, names), QUOIN_EMISSING);
	CHECK_STR(names, "parts/data");
	CHECK_INT(found.release, 1);
	CHECK_INT(found.part_missing, 1);
	OK(&site, quoin_export_verify_held(out, &site.control.trust, &number, &site.err));
	CHECK_INT(number, 1);
	close_site(&site);
}

/* An operator's word, and an activation that follows it. */
static void
add_activation(struct site *site, struct quoin_activations *activations, uint64_t intent)
{
	struct quoin_activation *newest = &activations->newest;
	static struct quoin_live live;
	struct quoin_buf text;
	struct quoin_keyring keys = {0};

	live = (struct quoin_live){.release = site->control.ledger.head, .since = 1};
	*newest = (struct quoin_activation){.origin = site->control.trust.root.origin, .epoch = 1, .seq = 1, .created_ms = 1,
	    .intent = site->control.ledger.last_intent, .head = site->control.ledger.head, .asked = 1,
	    .step_threshold = 100000, .live = &live, .live_count = 1};
	CHECK_INT(newest->intent.number, (long long)intent);
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	OK(site, quoin_activation_print(newest, &text));
	OK(site, quoin_keyring_load(&site->conf, QUOIN_ROLE_GATE, false, &keys, &site->err));
	OK(site, quoin_seal(quoin_buf_span(&text), keys.keys, 1, &activations->newest_sealed));
	activations->has_newest = true;
	quoin_keyring_clear(&keys);
	quoin_buf_clear(&text);
}

/* Whatever file is gone, it is named; and without any of them it is still told from a directory of something else. */
static void
test_export_missing(void)
{
	static const struct {
		const char *glob;    /* what goes */
		const char *missing; /* by the pinned root; '?' is the key id */
		int alone;	     /* what it is without a pinned root */
	} cases[] = {
	    {"parts/data", "parts/data", QUOIN_EMISSING},
	    {"release.txt", "release.txt", QUOIN_EMISSING},
	    {"release.txt.minisig", "release.txt", QUOIN_EMISSING},
	    {"root.txt", "root.txt", QUOIN_EMISSING},
	    {"root.txt.minisig", "root.txt", QUOIN_EMISSING},
	    {"root.txt release.txt", "release.txt root.txt", QUOIN_EMISSING},
	    {"activation.txt", "", 0},
	    {"activation.txt.minisig", "activation.txt", QUOIN_EMISSING},
	    {"intents/1.txt", "", 0}, /* a later one is there: numbers may have gaps */
	    {"intents/2.txt", "intents/2.txt", QUOIN_EMISSING},
	    {"intents/2.txt.minisig parts/data", "intents/2.txt parts/data", QUOIN_EMISSING},
	    {"intents/1.txt intents/2.txt", "intents/2.txt", QUOIN_EMISSING},
	    {"keys/*", "keys/?", QUOIN_EMISSING},
	};
	struct quoin_activations activations = {0};
	struct quoin_export_found found;
	struct quoin_docref none = {0};
	struct quoin_blobs_sent sent;
	char out[200], names[512], command[1024];
	struct site site;
	uint64_t number;

	open_site(&site);
	OK(&site, publish(&site, "hello", &none, &number, &sent));
	operate(&site, &(struct quoin_intent){.action = QUOIN_ACTION_FREEZE}, 0);
	operate(&site, &(struct quoin_intent){.action = QUOIN_ACTION_UNFREEZE}, 0);
	add_activation(&site, &activations, 2);
	snprintf(out, sizeof out, "%s/out", check_dir());
	OK(&site, quoin_export_write(&site.conf, &site.control, &activations, 1, out, &site.err));
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(command, sizeof command, "cd %s && rm -rf cut && cp -r out cut && cd cut && rm %s", check_dir(),
		    cases[i].glob);
		CHECK_INT(system(command), 0);
		snprintf(out, sizeof out, "%s/cut", check_dir());
		CHECK_INT(verify_export(&site, out, NULL, &found, names), cases[i].alone);
		CHECK_INT(verify_export(&site, out, &site.control.trust, &found, names),
		    cases[i].missing[0] == '\0' ? 0 : QUOIN_EMISSING);
		if (strcmp(cases[i].missing, "keys/?") == 0)
			CHECK_CONTAINS(names, ".pub keys/");
		else
			CHECK_STR(names, cases[i].missing);
		if (cases[i].missing[0] == '\0')
			CHECK_INT(found.intent_count + (found.seq != 0), 2);
		else
			CHECK_CONTAINS(site.err.message, "is not whole");
	}
	/* A key that is not the root's, under its name, would make minisign believe a stranger. */
	snprintf(command, sizeof command, "cd %s && rm -rf cut && cp -r out cut && cd cut/keys && set -- *.pub && cp $1 $2",
	    check_dir());
	CHECK_INT(system(command), 0);
	CHECK_INT(verify_export(&site, out, &site.control.trust, &found, names), QUOIN_ECORRUPT);
	CHECK_CONTAINS(site.err.message, "it is not the key that root 1 lists");
	/* An intent under another number; and one that was changed. */
	snprintf(command, sizeof command, "cd %s && rm -rf cut && cp -r out cut && cd cut/intents && cp 1.txt 2.txt && "
	    "cp 1.txt.minisig 2.txt.minisig", check_dir());
	CHECK_INT(system(command), 0);
	CHECK_INT(verify_export(&site, out, &site.control.trust, &found, names), QUOIN_ECORRUPT);
	CHECK_CONTAINS(site.err.message, "it holds intent 1");
	snprintf(command, sizeof command, "cd %s && cp out/intents/2.txt.minisig cut/intents && "
	    "sed 's/^action .*/action freeze/' out/intents/2.txt >cut/intents/2.txt",
	    check_dir());
	CHECK_INT(system(command), 0);
	CHECK_INT(verify_export(&site, out, &site.control.trust, &found, names), QUOIN_ESIGNATURE);
	quoin_sealed_clear(&activations.newest_sealed);
	close_site(&site);
}

/* Sign the next root with these keys and publish it. Returns the code. */
static int
succeed(struct site *site, const struct quoin_root *root, const struct quoin_signing_key *keys, size_t count, bool *ret_is_there)
{
	struct quoin_sealed sealed;
	struct quoin_buf text;
	int r;

	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	OK(site, quoin_succession_print(root, &text, &site->err));
	OK(site, quoin_seal(quoin_buf_span(&text), keys, count, &sealed));
	r = quoin_succession_publish(&site->conf, &site->control, site->reader, &sealed.envelope, TIMEOUT_MS, ret_is_there,
	    &site->err);
	quoin_sealed_clear(&sealed);
	quoin_buf_clear(&text);
	return r;
}

/* Whoever begins with the newest root alone reads all of the topic. */
static void
check_newcomer(struct site *site, uint64_t version)
{
	struct quoin_control fresh = {.trust = site->control.trust};

	CHECK_INT(site->control.trust.root.version, (long long)version);
	quoin_ledger_init(&fresh.ledger);
	OK(site, quoin_control_read(&fresh, site->reader, TIMEOUT_MS, &site->err));
	CHECK(fresh.has_incarnation);
	CHECK_INT(fresh.refusal_count, 0);
	CHECK_INT(fresh.ledger.release_count, (long long)site->control.ledger.release_count);
	CHECK_INT(fresh.ledger.intent_count, (long long)site->control.ledger.intent_count);
	quoin_control_clear(&fresh);
	/* And whoever has the first one follows. */
	OK(site, quoin_control_init(&fresh, &site->conf, &site->err));
	OK(site, quoin_control_read(&fresh, site->reader, TIMEOUT_MS, &site->err));
	CHECK_INT(fresh.trust.root.version, (long long)version);
	CHECK_INT(fresh.refusal_count, 0);
	quoin_control_clear(&fresh);
}

static void
test_succession(void)
{
	struct quoin_keyring roots = {0}, releases = {0};
	struct quoin_signing_key more[3], both[2];
	struct quoin_root *next = calloc(1, sizeof *next), *late = calloc(1, sizeof *late);
	struct quoin_docref none = {0};
	struct quoin_blobs_sent sent;
	char id[QUOIN_KEY_ID_TEXT_BYTES];
	struct site site;
	uint64_t number;
	bool is_there;

	CHECK(next != NULL && late != NULL);
	open_site(&site);
	OK(&site, publish(&site, "hello", &none, &number, &sent));
	operate(&site, &(struct quoin_intent){.action = QUOIN_ACTION_FREEZE}, 0);
	OK(&site, quoin_keyring_load(&site.conf, QUOIN_ROLE_ROOT, false, &roots, &site.err));
	OK(&site, quoin_keyring_load(&site.conf, QUOIN_ROLE_RELEASE, false, &releases, &site.err));
	for (size_t i = 0; i < 3; i++)
		CHECK_INT(quoin_signing_key_new(&more[i]), 0);

	/* A longer life and more keys; by whom it must be signed. */
	quoin_succession_begin(&site.control.trust, quoin_clock_wall_ms(), next);
	CHECK_INT(next->version, 2);
	OK(&site, quoin_succession_add(next, QUOIN_ROLE_RELEASE, &more[0].public_key, &site.err));
	OK(&site, quoin_succession_add(next, QUOIN_ROLE_ROOT, &more[1].public_key, &site.err));
	CHECK_INT(quoin_succession_add(next, QUOIN_ROLE_GATE, &more[1].public_key, &site.err), QUOIN_EUSAGE);
	*late = *next;
	CHECK_INT(succeed(&site, next, NULL, 0, &is_there), QUOIN_ESIGNATURE);
	CHECK_INT(succeed(&site, next, releases.keys, 1, &is_there), QUOIN_EROLE);
	CHECK_INT(succeed(&site, next, &more[1], 1, &is_there), QUOIN_ESIGNATURE);
	check_newcomer(&site, 1);
	OK(&site, succeed(&site, next, roots.keys, 1, &is_there));
	CHECK(!is_there);
	check_newcomer(&site, 2);
	OK(&site, succeed(&site, next, roots.keys, 1, &is_there));
	CHECK(is_there);
	/* Of two that were prepared beside each other one is too late. */
	late->expires_ms++;
	CHECK_INT(succeed(&site, late, roots.keys, 1, &is_there), QUOIN_ECONFLICT);

	/* What has signed what is there cannot go, or need a second signature. */
	quoin_succession_begin(&site.control.trust, quoin_clock_wall_ms(), next);
	quoin_key_id_print(releases.keys[0].public_key.id, id);
	OK(&site, quoin_succession_remove(next, id, &site.err));
	CHECK_INT(succeed(&site, next, roots.keys, 1, &is_there), QUOIN_ECONFLICT);
	CHECK_CONTAINS(site.err.message, "under root 3 nobody would believe release/1 any more");
	CHECK_INT(quoin_succession_remove(next, id, &site.err), QUOIN_EUSAGE);
	quoin_succession_begin(&site.control.trust, quoin_clock_wall_ms(), next);
	next->threshold[QUOIN_ROLE_RELEASE] = 2;
	CHECK_INT(succeed(&site, next, roots.keys, 1, &is_there), QUOIN_ECONFLICT);
	CHECK_CONTAINS(site.err.message, "release/1");
	quoin_succession_begin(&site.control.trust, quoin_clock_wall_ms(), next);
	next->threshold[QUOIN_ROLE_ROOT] = 2;
	both[0] = roots.keys[0];
	both[1] = more[1];
	CHECK_INT(succeed(&site, next, roots.keys, 1, &is_there), QUOIN_ESIGNATURE);
	CHECK_INT(succeed(&site, next, both, 2, &is_there), QUOIN_ECONFLICT);
	CHECK_CONTAINS(site.err.message, "the incarnation of the control topic");
	check_newcomer(&site, 2);
	/* The new keys have signed nothing yet: they may go again. */
	quoin_succession_begin(&site.control.trust, quoin_clock_wall_ms(), next);
	quoin_key_id_print(more[0].public_key.id, id);
	OK(&site, quoin_succession_remove(next, id, &site.err));
	OK(&site, succeed(&site, next, roots.keys, 1, &is_there));
	check_newcomer(&site, 3);

	/* What is no root; and one that has expired before it counts. */
	quoin_succession_begin(&site.control.trust, 1000, next);
	next->expires_ms = 1001;
	CHECK_INT(succeed(&site, next, roots.keys, 1, &is_there), QUOIN_EEXPIRED);
	next->threshold[QUOIN_ROLE_GATE] = 2;
	{
		struct quoin_buf text;

		quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
		CHECK_INT(quoin_succession_print(next, &text, &site.err), QUOIN_EUSAGE);
		CHECK_CONTAINS(site.err.message, "a threshold must be between 1 and the number of its role's keys");
		quoin_buf_clear(&text);
	}
	for (size_t i = 0; i < 3; i++)
		quoin_signing_key_clear(&more[i]);
	quoin_keyring_clear(&roots);
	quoin_keyring_clear(&releases);
	free(next);
	free(late);
	close_site(&site);
}

static const struct check_case cases[] = {
	{"publish/begin", test_begin},
	{"publish/publish", test_publish},
	{"publish/delta", test_delta},
	{"publish/delta-without-base", test_delta_without_base},
	{"publish/same", test_same},
	{"publish/operate", test_operate},
	{"publish/brake-meanwhile", test_brake_meanwhile},
	{"publish/undo", test_undo},
	{"control documents", test_documents},
	{"publish/enrol", test_enrol},
	{"publish/export-missing", test_export_missing},
	{"publish/succession", test_succession},
	{"publish/expired-root", test_expired_root},
	{"publish/strangers", test_strangers},
	{"publish/export", test_export},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
