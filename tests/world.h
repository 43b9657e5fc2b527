/*
 * A small world of keys for tests: a root with one key per role, hosts with certificates, and documents signed by whoever
 * must sign them. Everything is the world's; hashes differ from run to run, numbers do not.
 */
#ifndef QUOIN_TESTS_WORLD_H
#define QUOIN_TESTS_WORLD_H

#include <stdio.h>
#include <string.h>

#include "formats/activation.h"
#include "formats/heartbeat.h"
#include "formats/incarnation.h"
#include "formats/intent.h"
#include "formats/release.h"
#include "formats/trust.h"
#include "tests/check.h"

#define WORLD_RELEASES_MAX 64
#define WORLD_NOT_AFTER_MS 4000000000000

struct world {
	struct quoin_origin origin;
	struct quoin_signing_key keys[QUOIN_ROOT_ROLES];
	struct quoin_signing_key host_key;
	struct quoin_root root;
	struct quoin_sealed root_sealed;
	struct quoin_docref releases[WORLD_RELEASES_MAX];
	struct quoin_docref intents[WORLD_RELEASES_MAX];
	uint64_t head, intent;
	struct quoin_position activation; /* the newest made */
};

static inline int
world_compare_keys(const void *a, const void *b)
{
	return memcmp(((const struct quoin_root_key *)a)->id, ((const struct quoin_root_key *)b)->id,
	    QUOIN_KEY_ID_BYTES);
}

/* Sign a printed document by one role, or (QUOIN_ROLE_HOST) by the host. */
static inline void
world_seal(struct world *world, enum quoin_role role, struct quoin_buf *text, struct quoin_sealed *ret)
{
	CHECK_INT(text->error, 0);
	CHECK_INT(quoin_seal(quoin_buf_span(text), role == QUOIN_ROLE_HOST ? &world->host_key : &world->keys[role], 1, ret),
	    0);
	quoin_buf_clear(text);
}

static inline void
world_init(struct world *world, const char *namespace_name)
{
	struct quoin_buf text;

	memset(world, 0, sizeof *world);
	CHECK_INT(quoin_crypto_init(), 0);
	(void)snprintf(world->origin.name, sizeof world->origin.name, "%s", namespace_name);
	quoin_random(world->origin.system, sizeof world->origin.system);
	world->root = (struct quoin_root){.origin = world->origin, .version = 1, .issued_ms = 1,
		.expires_ms = WORLD_NOT_AFTER_MS, .epoch = 1};
	for (size_t i = 0; i < QUOIN_ROOT_ROLES; i++) {
		struct quoin_root_key *key = &world->root.keys[world->root.key_count++];

		CHECK_INT(quoin_signing_key_new(&world->keys[i]), 0);
		memcpy(key->id, world->keys[i].public_key.id, sizeof key->id);
		memcpy(key->key, world->keys[i].public_key.key, sizeof key->key);
		key->roles[i] = true;
		world->root.threshold[i] = 1;
	}
	qsort(world->root.keys, world->root.key_count, sizeof world->root.keys[0], world_compare_keys);
	CHECK_INT(quoin_signing_key_new(&world->host_key), 0);
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	CHECK_INT(quoin_root_print(&world->root, &text), 0);
	world_seal(world, QUOIN_ROLE_ROOT, &text, &world->root_sealed);
}

static inline void
world_cert(struct world *world, const char *host, enum quoin_host_role role, const char *shard, struct quoin_cert *ret,
    struct quoin_sealed *ret_sealed)
{
	struct quoin_buf text;

	*ret = (struct quoin_cert){.origin = world->origin, .role = role, .not_before_ms = 1,
		.not_after_ms = WORLD_NOT_AFTER_MS};
	(void)snprintf(ret->host, sizeof ret->host, "%s", host);
	(void)snprintf(ret->shard, sizeof ret->shard, "%s", shard);
	memcpy(ret->key_id, world->host_key.public_key.id, sizeof ret->key_id);
	memcpy(ret->key, world->host_key.public_key.key, sizeof ret->key);
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	CHECK_INT(quoin_cert_print(ret, &text), 0);
	world_seal(world, QUOIN_ROLE_ENROL, &text, ret_sealed);
}

static inline void
world_incarnation(struct world *world, enum quoin_topic topic, uint8_t id, struct quoin_sealed *ret)
{
	struct quoin_incarnation incarnation = {.origin = world->origin, .topic = topic, .created_ms = 1};
	struct quoin_buf text;

	memset(incarnation.id, id, sizeof incarnation.id);
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	CHECK_INT(quoin_incarnation_print(&incarnation, &text), 0);
	world_seal(world, QUOIN_ROLE_ROOT, &text, ret);
}

/* The next root: the same keys, another epoch. */
static inline void
world_root(struct world *world, uint64_t epoch, struct quoin_sealed *ret)
{
	struct quoin_buf text;

	world->root.prev = (struct quoin_docref){world->root.version, world->root_sealed.hash};
	world->root.version++;
	world->root.epoch = epoch;
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	CHECK_INT(quoin_root_print(&world->root, &text), 0);
	quoin_sealed_clear(&world->root_sealed);
	world_seal(world, QUOIN_ROLE_ROOT, &text, &world->root_sealed);
	CHECK_INT(quoin_sealed_copy(&world->root_sealed.envelope, ret), 0);
}

/* Release head + 1 with these parts (borrowed); "twin": the number of the head again, with another content. */
static inline void
world_release(struct world *world, struct quoin_part *parts, size_t part_count, bool twin, struct quoin_sealed *ret)
{
	const uint64_t number = twin ? world->head : world->head + 1;
	struct quoin_release release = {.origin = world->origin, .number = number, .head = world->releases[number - 1],
		.intent = world->intents[world->intent], .created_ms = (int64_t)number, .parts = parts,
		.part_count = part_count};
	struct quoin_buf text;

	(void)snprintf(release.message, sizeof release.message, "%s", twin ? "twin" : "release");
	quoin_policy_init(&release.policy);
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	CHECK_INT(quoin_release_print(&release, &text), 0);
	world_seal(world, QUOIN_ROLE_RELEASE, &text, ret);
	if (!twin)
		world->releases[++world->head] = (struct quoin_docref){number, ret->hash};
}

static inline void
world_intent(struct world *world, enum quoin_action action, uint64_t release, const char *host,
    struct quoin_sealed *ret)
{
	struct quoin_intent intent = {.origin = world->origin, .number = world->intent + 1,
		.prev = world->intents[world->intent], .head = world->releases[world->head], .created_ms = 1,
		.action = action, .release = world->releases[release]};
	struct quoin_buf text;

	(void)snprintf(intent.host, sizeof intent.host, "%s", host);
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	CHECK_INT(quoin_intent_print(&intent, &text), 0);
	world_seal(world, QUOIN_ROLE_OPERATE, &text, ret);
	world->intents[++world->intent] = (struct quoin_docref){intent.number, ret->hash};
}

/* An activation with what it selects already filled in: origin, chain and last words are the world's. */
static inline void
world_activation(struct world *world, struct quoin_activation *activation, struct quoin_sealed *ret)
{
	struct quoin_buf text;

	activation->origin = world->origin;
	activation->prev = world->activation;
	activation->created_ms = 1;
	activation->intent = world->intents[world->intent];
	activation->head = world->releases[world->head];
	activation->step_threshold = 100000;
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	CHECK_INT(quoin_activation_print(activation, &text), 0);
	world_seal(world, QUOIN_ROLE_GATE, &text, ret);
	world->activation = (struct quoin_position){activation->epoch, activation->seq, ret->hash};
}

static inline void
world_heartbeat(struct world *world, uint64_t number, int64_t now_ms, int64_t lasts_ms, uint8_t incarnation,
    struct quoin_sealed *ret)
{
	struct quoin_heartbeat heartbeat = {.origin = world->origin, .number = number, .issued_ms = now_ms,
		.expires_ms = now_ms + lasts_ms, .interval_ms = 5000,
		.root = {world->root.version, world->root_sealed.hash}, .head = world->releases[world->head],
		.intent = world->intents[world->intent], .activation = world->activation};
	struct quoin_buf text;

	memset(heartbeat.control_incarnation, incarnation, sizeof heartbeat.control_incarnation);
	memset(heartbeat.gate_incarnation, incarnation, sizeof heartbeat.gate_incarnation);
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	CHECK_INT(quoin_heartbeat_print(&heartbeat, &text), 0);
	world_seal(world, QUOIN_ROLE_GATE, &text, ret);
}

static inline void
world_clear(struct world *world)
{
	for (size_t i = 0; i < QUOIN_ROOT_ROLES; i++)
		quoin_signing_key_clear(&world->keys[i]);
	quoin_signing_key_clear(&world->host_key);
	quoin_sealed_clear(&world->root_sealed);
}

#endif
