/*
 * A namespace to try gates in: topics, keys, a release with one model on shard A, one serving host a1, one router r1 that
 * a test plays. Included by the tests of the gate's shell.
 */
#ifndef QUOIN_TESTS_GATE_SITE_H
#define QUOIN_TESTS_GATE_SITE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/models.h"
#include "lib/clock.h"
#include "lib/detached.h"
#include "lib/file.h"
#include "publisher/activations.h"
#include "publisher/enrol.h"
#include "publisher/fleet.h"
#include "publisher/genesis.h"
#include "publisher/operate.h"
#include "publisher/publish.h"
#include "publisher/topics.h"
#include "tests/check.h"

#define SITE_TIMEOUT_MS 90000

struct site_host {
	char name[16];
	struct quoin_cert cert;
	struct quoin_signing_key key;
	struct quoin_sealed cert_sealed;
	uint64_t number;
};

struct site {
	char bootstrap[64];
	char conf_path[256];
	struct quoin_conf conf;
	struct quoin_bus_conf bus;
	struct quoin_bus_reader *reader;
	struct quoin_bus_writer *writer; /* of statuses */
	struct quoin_control control;
	struct quoin_activations activations;
	struct site_host a1, r1;
	struct quoin_error err;
	/* Of every activation that was read. */
	struct quoin_position seen[64];
	size_t seen_count;
};

#define OK(site, call) site_ok(__FILE__, __LINE__, #call, call, &(site)->err)

static void
site_ok(const char *file, int line, const char *call, int r, const struct quoin_error *err)
{
	if (r != 0)
		check_fail(file, line, "%s is %d: %s", call, r, err->message);
}

/* ---- Releases ---- */

static void
site_models_part(struct site *site, const char *version, struct quoin_buf *ret)
{
	static const char *const hosts[] = {"a1"};
	static const struct quoin_amount amounts[] = {{"memory_mb", 10}};
	struct quoin_shard shard =
	    {.name = "A", .vip = "a:1", .hosts = hosts, .host_count = 1, .capacity = amounts, .capacity_count = 1};
	char key[80];
	struct quoin_model model = {.name = "cw",
	    .version = version,
	    .routing_key = key,
	    .is_current = true,
	    .input_type = "TITLE_INPUT",
	    .model_type = "SCORER",
	    .uri = "s3://cw",
	    .digest = "sha256:00",
	    .demand = amounts,
	    .demand_count = 0,
	    .shard_count = 1,
	    .config = "{}",
	    .is_used = true};
	struct quoin_objective objective = {.name = "CW",
	    .input_type = "TITLE_INPUT",
	    .model_type = "SCORER",
	    .config = "{}",
	    .default_ref = {0, NULL},
	    .default_rule = "default"};
	struct quoin_placement placement = {0, 0, 100000};
	struct quoin_ruleset ruleset = {.objectives = &objective,
	    .objective_count = 1,
	    .models = &model,
	    .model_count = 1,
	    .shards = &shard,
	    .shard_count = 1,
	    .placements = &placement,
	    .placement_count = 1};
	struct quoin_span none = {0};
	struct quoin_buf rules;

	snprintf(key, sizeof key, "cw@%s", version);
	quoin_buf_init(&rules, 1 << 20);
	quoin_buf_init(ret, 1 << 20);
	OK(site, quoin_rules_encode(&ruleset, none, &rules, &site->err));
	OK(site, quoin_models_encode(&ruleset, quoin_buf_span(&rules), none, ret, &site->err));
	quoin_buf_clear(&rules);
}

/* A release whose one model has this version, on top of the head; "" for one without models. */
static void
site_publish(struct site *site, const char *version)
{
	struct quoin_publish_part part = {"models", "models-v1", {0}};
	struct quoin_publication publication = {.parts = &part, .part_count = 1};
	struct quoin_release release = {0};
	struct quoin_blobs_sent sent;
	struct quoin_keyring keys = {0};
	struct quoin_buf models;
	struct quoin_docref head = site->control.ledger.head;

	if (version[0] != '\0') {
		site_models_part(site, version, &models);
		part.content = quoin_buf_span(&models);
	} else {
		quoin_buf_init(&models, 16);
		part = (struct quoin_publish_part){"data", "raw", quoin_span_str("hello")};
	}
	quoin_policy_init(&publication.policy);
	publication.policy.drain_ms = 0;
	OK(site, quoin_keyring_load(&site->conf, QUOIN_ROLE_RELEASE, false, &keys, &site->err));
	OK(site, quoin_publish_describe(&publication, &release, &site->err));
	OK(site,
	    quoin_publish_send(&site->conf, &site->control, &publication, NULL, NULL, &release, &sent, &site->err));
	OK(site,
	    quoin_publish_announce(&site->conf, &site->control, site->reader, &keys, &head, SITE_TIMEOUT_MS, &release,
		&site->err));
	quoin_release_clear(&release);
	quoin_keyring_clear(&keys);
	quoin_buf_clear(&models);
}

static void
site_rollback(struct site *site, uint64_t release)
{
	struct quoin_intent intent = {.action = QUOIN_ACTION_ROLLBACK, .release = {.number = release}};
	struct quoin_keyring keys = {0};

	OK(site, quoin_keyring_load(&site->conf, QUOIN_ROLE_OPERATE, false, &keys, &site->err));
	OK(site,
	    quoin_operate(&site->conf, &site->control, site->reader, &keys, true, SITE_TIMEOUT_MS, &intent,
		&site->err));
	quoin_keyring_clear(&keys);
}

/* ---- Hosts ---- */

static void
site_enrol(struct site *site, struct site_host *host, const char *name, enum quoin_host_role role)
{
	struct quoin_keyring keys = {0};
	struct quoin_envelope envelope = {0};
	struct quoin_detached cert = {0};
	struct quoin_buf text;
	char dir[300], path[400];

	snprintf(host->name, sizeof host->name, "%s", name);
	snprintf(host->cert.host, sizeof host->cert.host, "%s", name);
	host->cert.role = role;
	if (role == QUOIN_HOST_SERVING)
		snprintf(host->cert.shard, sizeof host->cert.shard, "A");
	host->cert.not_after_ms = quoin_clock_wall_ms() + 86400000;
	snprintf(dir, sizeof dir, "%s/%s", check_dir(), name);
	OK(site, quoin_keyring_load(&site->conf, QUOIN_ROLE_ENROL, false, &keys, &site->err));
	OK(site,
	    quoin_enrol(&site->conf, &site->control, site->reader, &keys, dir, &host->cert, SITE_TIMEOUT_MS,
		&site->err));
	quoin_keyring_clear(&keys);
	quoin_buf_init(&text, 4096);
	snprintf(path, sizeof path, "%s/host.key", dir);
	OK(site, quoin_file_read(path, &text, &site->err));
	OK(site, quoin_signing_key_parse(quoin_buf_span(&text), NULL, &host->key, &site->err));
	quoin_buf_clear(&text);
	snprintf(path, sizeof path, "%s/cert.txt", dir);
	OK(site, quoin_detached_read(path, QUOIN_DOCUMENT_BYTES_MAX, &cert, &site->err));
	envelope.document = quoin_buf_span(&cert.file);
	envelope.signature_count = cert.signature_count;
	for (size_t i = 0; i < cert.signature_count; i++)
		envelope.signatures[i] = quoin_buf_span(&cert.signatures[i]);
	CHECK_INT(quoin_sealed_copy(&envelope, &host->cert_sealed), 0);
	quoin_detached_clear(&cert);
	/* As a persisted number would be, and above what an earlier run of this host said. */
	host->number = (uint64_t)quoin_clock_wall_ms();
}

/* What the host obeys is the newest activation that the site has read. "releases" are how far it is with each; of a router
 * what it runs. */
static void
site_report(struct site *site, struct site_host *host, uint64_t runs, const struct quoin_status_release *releases,
    size_t release_count)
{
	struct quoin_status status = {.origin = site->control.trust.root.origin,
	    .number = ++host->number,
	    .sent_ms = quoin_clock_wall_ms(),
	    .interval_ms = 20000,
	    .lease_ms = host->cert.role == QUOIN_HOST_ROUTER ? 3600000 : 0,
	    .obeyed = quoin_activations_position(&site->activations),
	    .intent = site->control.ledger.last_intent.number};
	struct quoin_status_release *list = calloc(release_count + 1, sizeof *list);
	struct quoin_bus_record record = {0};
	struct quoin_sealed sealed = {0};
	struct quoin_buf text;
	char topic[QUOIN_TOPIC_NAME_BYTES], key[80];

	CHECK(list != NULL);
	if (release_count > 0)
		memcpy(list, releases, release_count * sizeof *list);
	for (size_t i = 0; i < release_count; i++)
		list[i].release = quoin_ledger_release(&site->control.ledger, list[i].release.number)->ref;
	snprintf(status.host, sizeof status.host, "%s", host->name);
	snprintf(status.boot, sizeof status.boot, "00000000-0000-0000-0000-000000000001");
	if (runs != 0) {
		status.runs = quoin_ledger_release(&site->control.ledger, runs)->ref;
		status.holds[0] = runs;
		status.hold_count = 1;
	}
	status.releases = list;
	status.release_count = release_count;
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	CHECK_INT(quoin_status_print(&status, &text), 0);
	CHECK_INT(quoin_seal(quoin_buf_span(&text), &host->key, 1, &sealed), 0);
	quoin_envelope_to_record(&sealed.envelope, &record);
	quoin_topic_name(site->conf.namespace_name, QUOIN_TOPIC_STATUS, topic);
	snprintf(key, sizeof key, "status/%s", host->name);
	record.topic = topic;
	record.key = quoin_span_str(key);
	record.headers[record.header_count].name = QUOIN_HEADER_CERT;
	record.headers[record.header_count++].value = quoin_buf_span(&host->cert_sealed.bytes);
	OK(site, quoin_bus_writer_put(site->writer, &record, NULL, &site->err));
	OK(site, quoin_bus_writer_flush(site->writer, SITE_TIMEOUT_MS, &site->err));
	quoin_sealed_clear(&sealed);
	quoin_buf_clear(&text);
	free(list);
}

/* ---- The gate topic, as a host reads it ---- */

/* No two activations share a seq, each names the one before (I3). */
static void
site_see(void *ctx, const struct quoin_activation *activation, const struct quoin_hash *hash)
{
	struct site *site = ctx;
	struct quoin_position position = {activation->epoch, activation->seq, *hash};

	CHECK(site->seen_count < sizeof site->seen / sizeof site->seen[0]);
	if (site->seen_count > 0) {
		CHECK_INT(activation->seq, site->seen[site->seen_count - 1].seq + 1);
		CHECK(quoin_hash_equal(&activation->prev.hash, &site->seen[site->seen_count - 1].hash));
	}
	site->seen[site->seen_count++] = position;
}

static void
site_read(struct site *site)
{
	OK(site,
	    quoin_activations_read(&site->activations, &site->control.trust, site->reader, SITE_TIMEOUT_MS, site_see,
		site, &site->err));
	CHECK_INT(site->activations.refused, 0);
}

/* ---- Life ---- */

/* "bootstrap" is a broker; on the embedded one the topics exist. */
/* Keys, root and topics, on which nothing stands yet. */
static void
site_prepare(struct site *site, const char *namespace_name, const char *bootstrap, unsigned heartbeat_ms)
{
	bool made[QUOIN_TOPICS];
	char text[1024];

	memset(site, 0, sizeof *site);
	CHECK_INT(quoin_crypto_init(), 0);
	snprintf(site->bootstrap, sizeof site->bootstrap, "%s", bootstrap);
	snprintf(site->conf_path, sizeof site->conf_path, "%s/quoin.conf", check_dir());
	snprintf(text, sizeof text,
	    "namespace = %s\nroot = root.txt\nkeys = keys\nkafka.bootstrap.servers = %s\nkafka.fetch.wait.max.ms = 5\n"
	    "gate.heartbeat_ms = %u\n",
	    namespace_name, bootstrap, heartbeat_ms);
	OK(site, quoin_file_replace(site->conf_path, quoin_span_str(text), 0644, &site->err));
	OK(site, quoin_conf_parse(quoin_span_str(text), site->conf_path, &site->conf, &site->err));
	OK(site, quoin_genesis(&site->conf, true, &site->err));
	OK(site, quoin_topics_make(&site->conf, -1, made, &site->err));
	OK(site, quoin_control_init(&site->control, &site->conf, &site->err));
	site->bus = (struct quoin_bus_conf){site->conf.properties, site->conf.property_count, "test"};
	OK(site, quoin_bus_reader_open(&site->bus, &site->reader, &site->err));
	OK(site, quoin_bus_writer_open(&site->bus, NULL, &site->writer, &site->err));
}

static void
site_begin(struct site *site)
{
	struct quoin_keyring root_keys = {0};

	OK(site, quoin_keyring_load(&site->conf, QUOIN_ROLE_ROOT, false, &root_keys, &site->err));
	OK(site, quoin_topics_begin(&site->conf, &site->control, site->reader, &root_keys, &site->err));
	quoin_keyring_clear(&root_keys);
	site_enrol(site, &site->a1, "a1", QUOIN_HOST_SERVING);
	site_enrol(site, &site->r1, "r1", QUOIN_HOST_ROUTER);
}

static void
site_open(struct site *site, const char *namespace_name, const char *bootstrap, unsigned heartbeat_ms)
{
	site_prepare(site, namespace_name, bootstrap, heartbeat_ms);
	site_begin(site);
}

static void
site_close(struct site *site)
{
	quoin_signing_key_clear(&site->a1.key);
	quoin_signing_key_clear(&site->r1.key);
	quoin_sealed_clear(&site->a1.cert_sealed);
	quoin_sealed_clear(&site->r1.cert_sealed);
	quoin_bus_writer_close(site->writer);
	quoin_bus_reader_close(site->reader);
	quoin_activations_clear(&site->activations);
	quoin_control_clear(&site->control);
	quoin_conf_clear(&site->conf);
}

#endif
