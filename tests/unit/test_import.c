/* An exported release on a broker that has lost everything; and whether an activation may go back on the gate topic. */

#include "publisher/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "publisher/export.h"
#include "publisher/genesis.h"
#include "publisher/import_gate.h"
#include "publisher/operate.h"
#include "publisher/publish.h"
#include "publisher/topics.h"
#include "tests/check.h"

#define TIMEOUT_MS 20000

/* The namespace on one broker; all sites of a test share root and keys. */
struct site {
	struct quoin_bus_mock *mock;
	struct quoin_conf conf;
	struct quoin_bus_conf bus;
	struct quoin_bus_reader *reader;
	struct quoin_control control;
	struct quoin_error err;
};

#define OK(site, call) check_ok(__LINE__, #call, call, &(site)->err)

static void
check_ok(int line, const char *call, int r, const struct quoin_error *err)
{
	if (r != 0)
		check_fail(__FILE__, line, "%s is %d: %s", call, r, err->message);
}

static void
begin_topics(struct site *site)
{
	struct quoin_keyring keys = {0};

	OK(site, quoin_keyring_load(&site->conf, QUOIN_ROLE_ROOT, false, &keys, &site->err));
	OK(site, quoin_topics_begin(&site->conf, &site->control, site->reader, &keys, &site->err));
	quoin_keyring_clear(&keys);
}

static void
open_site(struct site *site, bool is_first)
{
	static const char *const topics[] = {"t.control", "t.gate", "t.blobs", "t.status"};
	const char *bootstrap;
	char text[1024], path[256];

	memset(site, 0, sizeof *site);
	CHECK_INT(quoin_crypto_init(), 0);
	OK(site, quoin_bus_mock_open(topics, 4, &site->mock, &bootstrap, &site->err));
	snprintf(path, sizeof path, "%s/quoin.conf", check_dir());
	snprintf(text, sizeof text,
	    "namespace = t\nroot = root.txt\nkeys = keys\nkafka.bootstrap.servers = %s\nkafka.fetch.wait.max.ms = 5\n", bootstrap);
	OK(site, quoin_conf_parse(quoin_span_str(text), path, &site->conf, &site->err));
	if (is_first)
		OK(site, quoin_genesis(&site->conf, true, &site->err));
	OK(site, quoin_control_init(&site->control, &site->conf, &site->err));
	site->bus = (struct quoin_bus_conf){site->conf.properties, site->conf.property_count, "test"};
	OK(site, quoin_bus_reader_open(&site->bus, &site->reader, &site->err));
}

static void
close_site(struct site *site)
{
	quoin_bus_reader_close(site->reader);
	quoin_control_clear(&site->control);
	quoin_bus_mock_close(site->mock);
	quoin_conf_clear(&site->conf);
}

static void
publish(struct site *site, const char *content)
{
	struct quoin_publish_part part = {"data", "raw", quoin_span_str(content)};
	struct quoin_publication publication = {.parts = &part, .part_count = 1};
	struct quoin_docref expected = site->control.ledger.head;
	struct quoin_release release = {0};
	struct quoin_keyring keys = {0};
	struct quoin_blobs_sent sent;

	quoin_policy_init(&publication.policy);
	OK(site, quoin_keyring_load(&site->conf, QUOIN_ROLE_RELEASE, false, &keys, &site->err));
	OK(site, quoin_publish_describe(&publication, &release, &site->err));
	OK(site, quoin_publish_send(&site->conf, &site->control, &publication, NULL, NULL, &release, &sent, &site->err));
	OK(site, quoin_publish_announce(&site->conf, &site->control, site->reader, &keys, &expected, TIMEOUT_MS, &release,
		     &site->err));
	quoin_release_clear(&release);
	quoin_keyring_clear(&keys);
}

static void
freeze(struct site *site)
{
	struct quoin_intent intent = {.action = QUOIN_ACTION_FREEZE};
	struct quoin_keyring keys = {0};

	OK(site, quoin_keyring_load(&site->conf, QUOIN_ROLE_OPERATE, false, &keys, &site->err));
	OK(site, quoin_operate(&site->conf, &site->control, site->reader, &keys, false, TIMEOUT_MS, &intent, &site->err));
	quoin_keyring_clear(&keys);
}

/* What a gate would have written: everybody is on the head. */
static void
activate(struct site *site, uint64_t seq)
{
	const struct quoin_ledger *ledger = &site->control.ledger;
	uint64_t head = ledger->head.number;
	struct quoin_live live = {ledger->head, seq, seq};
	struct quoin_activation activation = {.origin = site->control.trust.root.origin, .epoch = 1, .seq = seq,
	    .intent = ledger->last_intent, .head = ledger->head, .asked = head, .from = head, .target = head, .step_seq = seq,
	    .step_threshold = 100000, .live = &live, .live_count = 1, .active = &head, .active_count = 1,
	    .frozen = ledger->frozen};
	struct quoin_bus_record record = {0};
	struct quoin_bus_writer *writer = NULL;
	struct quoin_bus_receipt receipt = {0};
	struct quoin_keyring keys = {0};
	struct quoin_sealed sealed = {0};
	struct quoin_buf text;
	char key[32];

	if (seq > 1)
		activation.prev = (struct quoin_position){1, seq - 1, {{1}}};
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	OK(site, quoin_keyring_load(&site->conf, QUOIN_ROLE_GATE, false, &keys, &site->err));
	CHECK_INT(quoin_activation_print(&activation, &text), 0);
	CHECK_INT(quoin_seal(quoin_buf_span(&text), keys.keys, keys.count, &sealed), 0);
	quoin_envelope_to_record(&sealed.envelope, &record);
	snprintf(key, sizeof key, "activation/%llu", (unsigned long long)seq);
	record.topic = "t.gate";
	record.key = quoin_span_str(key);
	OK(site, quoin_bus_writer_open(&site->bus, NULL, &writer, &site->err));
	OK(site, quoin_bus_writer_put(writer, &record, &receipt, &site->err));
	OK(site, quoin_bus_writer_flush(writer, TIMEOUT_MS, &site->err));
	quoin_bus_writer_close(writer);
	quoin_sealed_clear(&sealed);
	quoin_keyring_clear(&keys);
	quoin_buf_clear(&text);
}

static void
read_activations(struct site *site, struct quoin_activations *ret)
{
	OK(site, quoin_activations_read(ret, &site->control.trust, site->reader, TIMEOUT_MS, NULL, NULL, &site->err));
}

/* An export of what the site has, in the test's directory. */
static char *
export(struct site *site, const char *name)
{
	struct quoin_activations activations = {0};
	static char dir[256];

	snprintf(dir, sizeof dir, "%s/%s", check_dir(), name);
	read_activations(site, &activations);
	OK(site, quoin_export_write(&site->conf, &site->control, &activations, site->control.ledger.head.number, dir,
		     &site->err));
	quoin_activations_clear(&activations);
	return dir;
}

static int
import(struct site *site, const char *dir, struct quoin_import_done *done)
{
	return quoin_import(&site->conf, &site->control, site->reader, dir, TIMEOUT_MS, done, &site->err);
}

static void
test_lost(void)
{
	struct site old, new;
	struct quoin_import_done done;
	struct quoin_activations activations = {0};
	struct quoin_bus_lookup *lookup = NULL;
	struct quoin_release release = {0};
	struct quoin_buf content;
	char *dir;

	open_site(&old, true);
	begin_topics(&old);
	publish(&old, "one");
	freeze(&old);
	publish(&old, "two");
	activate(&old, 7);
	dir = export(&old, "whole");

	open_site(&new, false);
	/* A topic that nobody began: what comes first there must be the incarnation. */
	CHECK_INT(import(&new, dir, &done), QUOIN_ECONFLICT);
	CHECK_CONTAINS(new.err.message, "quoin init");
	CHECK_INT(done.release, 0);
	begin_topics(&new);
	OK(&new, import(&new, dir, &done));
	CHECK_INT(done.release, 2);
	CHECK(done.release_is_written && !done.release_was_there && !done.root_is_written);
	CHECK(done.sent.full_bytes > 0 && done.sent.reused_bytes == 0);
	CHECK_INT(done.intents_written, 1);
	CHECK_INT(done.activation, QUOIN_IMPORT_ACTIVATION_WRITTEN);

	/* It is as it was: number, hash, content, what operators said, and what is live. */
	CHECK_INT(new.control.ledger.head.number, 2);
	CHECK(quoin_hash_equal(&new.control.ledger.head.hash, &old.control.ledger.head.hash));
	CHECK_INT(new.control.ledger.last_intent.number, 1);
	CHECK(new.control.ledger.frozen);
	CHECK_INT(new.control.refusal_count, 0);
	read_activations(&new, &activations);
	CHECK(activations.has_newest && activations.newest.seq == 7);
	OK(&new, quoin_control_release(&new.control, 2, &release, &new.err));
	OK(&new, quoin_bus_lookup_open(&new.bus, "t.blobs", 0, &lookup, &new.err));
	quoin_buf_init(&content, 100);
	OK(&new, quoin_blobs_get(lookup, &release.parts[0], TIMEOUT_MS, &content, &new.err));
	CHECK_MEM(content.data, content.len, "two", 3);
	quoin_bus_lookup_close(lookup);
	quoin_release_clear(&release);
	quoin_buf_clear(&content);

	/* Again: everything is there. */
	OK(&new, import(&new, dir, &done));
	CHECK(!done.release_is_written && done.release_was_there);
	CHECK(done.sent.full_bytes == 0 && done.sent.reused_bytes > 0);
	CHECK_INT(done.intents_written, 0);
	CHECK_INT(done.activation, QUOIN_IMPORT_ACTIVATION_HELD);
	/* The next release follows it. */
	publish(&new, "three");
	CHECK_INT(new.control.ledger.head.number, 3);
	quoin_activations_clear(&activations);
	close_site(&new);
	close_site(&old);
}

static void
test_fork(void)
{
	struct site old, other;
	struct quoin_import_done done;
	struct quoin_activations activations = {0};
	char *dir;

	open_site(&old, true);
	begin_topics(&old);
	publish(&old, "one");
	publish(&old, "two");
	activate(&old, 7);
	dir = export(&old, "fork");

	/* Another release has the number. */
	open_site(&other, false);
	begin_topics(&other);
	publish(&other, "eins");
	publish(&other, "zwei");
	CHECK_INT(import(&other, dir, &done), QUOIN_ECONFLICT);
	CHECK_CONTAINS(other.err.message, "fork");
	CHECK_INT(done.sent.full_bytes, 0);
	read_activations(&other, &activations);
	CHECK(!activations.has_newest);
	close_site(&other);

	/* Another release has the number before it. */
	open_site(&other, false);
	begin_topics(&other);
	publish(&other, "eins");
	CHECK_INT(import(&other, dir, &done), QUOIN_ECONFLICT);
	CHECK_CONTAINS(other.err.message, "fork");
	CHECK(!done.release_is_written);
	close_site(&other);
	close_site(&old);
}

/* Nothing of a directory that does not verify goes to the bus. */
static void
test_damaged(void)
{
	static const char *const names[] = {"parts/data", "release.txt", "activation.txt", "root.txt"};
	struct site old, new;
	struct quoin_import_done done;
	struct quoin_buf text;
	char *dir, path[512];
	int r;

	open_site(&old, true);
	begin_topics(&old);
	publish(&old, "one");
	activate(&old, 7);
	dir = export(&old, "damaged");
	open_site(&new, false);
	begin_topics(&new);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		OK(&new, quoin_file_read(path, &text, &new.err));
		text.data[text.len / 2] ^= 1;
		OK(&new, quoin_file_replace(path, quoin_buf_span(&text), 0644, &new.err));
		r = import(&new, dir, &done);
		CHECK(r != 0 && done.release == 0);
		CHECK(quoin_error_exit_status(r) == (i == 0 ? 3 : 4));
		text.data[text.len / 2] ^= 1;
		OK(&new, quoin_file_replace(path, quoin_buf_span(&text), 0644, &new.err));
		quoin_buf_clear(&text);
	}
	CHECK_INT(new.control.ledger.head.number, 0);
	OK(&new, import(&new, dir, &done));
	close_site(&new);
	close_site(&old);
}

/* ---- The gate topic ---- */

static void
test_gate(void)
{
	static const struct {
		const char *name;
		uint64_t have;	   /* seq on the topic; 0: none */
		bool have_is_other;
		uint64_t host;	   /* obeyed by a host */
		int64_t heartbeat_age_ms; /* -1: none */
		uint64_t heartbeat_seq;
		int want;
		bool wanted;
		const char *says;
		bool is_excluded; /* that host, by an operator */
	} cases[] = {
	    {"empty", 0, false, 0, -1, 0, 0, true, NULL, false},
	    {"the fleet is on it", 0, false, 7, -1, 0, 0, true, NULL, false},
	    {"a lower one", 6, false, 6, -1, 0, 0, true, NULL, false},
	    {"the same", 7, false, 7, -1, 0, 0, false, NULL, false},
	    {"a later one", 8, true, 8, -1, 0, 0, false, NULL, false},
	    {"a later one, and a gate on it", 8, true, 8, 0, 8, 0, false, NULL, false},
	    {"another 7", 7, true, 0, -1, 0, QUOIN_ECONFLICT, false, "fork", false},
	    {"behind the fleet", 0, false, 8, -1, 0, QUOIN_ECONFLICT, false, "router obeys activation 1/8", false},
	    {"behind a host that operators exclude", 0, false, 8, -1, 0, 0, true, NULL, true},
	    {"a gate acts", 6, false, 6, 14999, 6, QUOIN_ECONFLICT, false, "a gate is acting", false},
	    {"a gate acted", 6, false, 6, 15000, 6, 0, true, NULL, false},
	    {"a gate without an activation", 0, false, 7, 0, 0, 0, true, NULL, false},
	};
	struct quoin_hash hash = {{7}}, other = {{8}};
	struct quoin_activation activation = {.epoch = 1, .seq = 7, .prev = {1, 6, {{6}}}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct quoin_activations have = {.has_incarnation = true};
		struct quoin_fleet_host host = {.cert.host = "router"};
		struct quoin_fleet fleet = {.hosts = &host, .host_count = cases[i].host != 0};
		struct quoin_ledger_exclusion exclusion = {.host = "router"};
		const struct quoin_ledger ledger = {.excluded = &exclusion, .excluded_count = cases[i].is_excluded};
		struct quoin_error err = {0};
		bool wanted = false;
		int r;

		have.has_newest = cases[i].have != 0;
		have.newest.epoch = 1;
		have.newest.seq = cases[i].have;
		have.newest_hash = cases[i].have_is_other ? other : cases[i].have == 6 ? (struct quoin_hash){{6}} : hash;
		have.has_heartbeat = cases[i].heartbeat_age_ms >= 0;
		have.heartbeat.interval_ms = 5000;
		have.heartbeat.activation = (struct quoin_position){1, cases[i].heartbeat_seq, {{0}}};
		have.heartbeat_received_ms = 1000000 - cases[i].heartbeat_age_ms;
		host.status.obeyed = (struct quoin_position){1, cases[i].host,
		    cases[i].host == 7 ? hash : cases[i].host == 6 ? (struct quoin_hash){{6}} : other};
		r = quoin_import_gate_check(&have, &fleet, &ledger, &activation, &hash, 1000000, &wanted, &err);
		if (r != cases[i].want || wanted != cases[i].wanted)
			check_fail(__FILE__, __LINE__, "%s: %d, %d: %s", cases[i].name, r, wanted, err.message);
		if (cases[i].says != NULL)
			CHECK_CONTAINS(err.message, cases[i].says);
	}
	{
		struct quoin_activations none = {0};
		struct quoin_fleet fleet = {0};
		const struct quoin_ledger ledger = {0};
		struct quoin_error err = {0};
		bool wanted;

		CHECK_INT(quoin_import_gate_check(&none, &fleet, &ledger, &activation, &hash, 0, &wanted, &err), QUOIN_ECONFLICT);
		CHECK_CONTAINS(err.message, "quoin init");
	}
}

static const struct check_case cases[] = {
	{"import/lost", test_lost},
	{"import/fork", test_fork},
	{"import/damaged", test_damaged},
	{"import/gate", test_gate},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
