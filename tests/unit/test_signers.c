/* By whose keys releases and intents are signed, after a root that lists other keys, and beside signatures that do not count. */
#include "publisher/signers.h"

#include <stdlib.h>
#include <string.h>

#include "lib/detached.h"
#include "tests/world.h"

static struct world world;
static struct quoin_control control;
static struct quoin_error err;

static void
admit(const char *key, const struct quoin_envelope *envelope)
{
	struct quoin_bus_record record = {0};

	quoin_envelope_to_record(envelope, &record);
	record.key = quoin_span_str(key);
	record.offset = control.next_offset;
	CHECK_INT(quoin_control_admit(&control, &record, 1000, &err), 0);
}

static void
begin(void)
{
	struct quoin_conf conf = {.namespace_name = "home"};
	struct quoin_span signature;

	world_init(&world, "home");
	(void)snprintf(conf.root, sizeof conf.root, "%s/root.txt", check_dir());
	signature = world.root_sealed.envelope.signatures[0];
	CHECK_INT(quoin_detached_write(conf.root, world.root_sealed.envelope.document, &signature, NULL, 1, &err), 0);
	CHECK_INT(quoin_control_init(&control, &conf, &err), 0);
}

static void
finish(void)
{
	quoin_control_clear(&control);
	world_clear(&world);
}

static void
publish(struct quoin_sealed *ret)
{
	struct quoin_chunk_place chunk = {.bytes = 1};
	struct quoin_part part = {.name = "words",
	    .schema = "raw",
	    .bytes = 1,
	    .encoding_count = 1,
	    .encodings = {{.packed_bytes = 1, .chunks = &chunk, .chunk_count = 1}}};

	world_release(&world, &part, 1, false, ret);
}

/* Sign it once more, by each of these keys, and admit it. */
static void
admit_signed(const char *key, struct quoin_sealed *sealed, const struct quoin_signing_key *signers, size_t count)
{
	struct quoin_envelope envelope = sealed->envelope;
	struct quoin_sealed more;

	CHECK_INT(quoin_seal(envelope.document, signers, count, &more), 0);
	for (size_t i = 0; i < more.envelope.signature_count; i++)
		envelope.signatures[envelope.signature_count++] = more.envelope.signatures[i];
	admit(key, &envelope);
	quoin_sealed_clear(&more);
	quoin_sealed_clear(sealed);
}

static void
check_print(const char *kind, uint64_t number, const char *want)
{
	struct quoin_signers signers;
	struct quoin_buf text;

	quoin_signers_of(&control, kind, number, &signers);
	quoin_buf_init(&text, 4096);
	CHECK_INT(quoin_signers_print(&signers, control.trust.root.version, &text), 0);
	CHECK_MEM(text.data, text.len, want, strlen(want));
	quoin_buf_clear(&text);
}

static void
check_json(const char *kind, uint64_t number, const char *want)
{
	struct quoin_json_writer writer;
	struct quoin_signers signers;
	struct quoin_buf json;

	quoin_signers_of(&control, kind, number, &signers);
	quoin_buf_init(&json, 4096);
	quoin_json_writer_init(&writer, &json);
	quoin_json_begin_object(&writer, NULL);
	quoin_signers_put(&signers, &writer);
	quoin_json_end_object(&writer);
	CHECK_MEM(json.data, json.len, want, strlen(want));
	quoin_buf_clear(&json);
}

/* The key ids are drawn anew in each run. */
static const char *
say(const char *before, enum quoin_role role, const char *after)
{
	char keyid[QUOIN_KEY_ID_TEXT_BYTES];
	static char text[2][256];
	static unsigned turn;

	quoin_key_id_print(world.keys[role].public_key.id, keyid);
	turn = 1 - turn;
	(void)snprintf(text[turn], sizeof text[turn], "%s%s%s", before, keyid, after);
	return text[turn];
}

static void
each_document_has_its_own(void)
{
	struct quoin_sealed release, intent;

	begin();
	publish(&release);
	admit_signed("release/1", &release, NULL, 0);
	world_intent(&world, QUOIN_ACTION_FREEZE, 0, "", &intent);
	admit_signed("intent/1", &intent, NULL, 0);
	check_print("release", 1, say("signed by release ", QUOIN_ROLE_RELEASE, ""));
	check_print("intent", 1, say("signed by operate ", QUOIN_ROLE_OPERATE, ""));
	check_json("intent", 1,
	    say("{\"signers\":[{\"keyid\":\"", QUOIN_ROLE_OPERATE, "\",\"role\":\"operate\",\"root\":1}]}"));
	check_print("release", 2, "");
	check_json("release", 2, "{\"signers\":[]}");
	finish();
}

/* What anybody may add to a record: the same key again, a key of another role, a key of nobody, no signature at all. */
static void
what_does_not_count_is_not_shown(void)
{
	struct quoin_signing_key more[3];
	struct quoin_sealed release;

	begin();
	more[0] = world.keys[QUOIN_ROLE_RELEASE];
	more[1] = world.keys[QUOIN_ROLE_GATE];
	CHECK_INT(quoin_signing_key_new(&more[2]), 0);
	publish(&release);
	release.envelope.signatures[release.envelope.signature_count++] = quoin_span_str("no signature\n");
	admit_signed("release/1", &release, more, 3);
	check_print("release", 1, say("signed by release ", QUOIN_ROLE_RELEASE, ""));
	quoin_signing_key_clear(&more[2]);
	finish();
}

/* A root that replaces the release key: what the old one signed is told with the root that listed it. */
static void
a_former_key_is_told_with_its_root(void)
{
	char former[QUOIN_KEY_ID_TEXT_BYTES], want[128];
	struct quoin_sealed release, root;

	begin();
	publish(&release);
	admit_signed("release/1", &release, NULL, 0);
	quoin_key_id_print(world.keys[QUOIN_ROLE_RELEASE].public_key.id, former);
	for (size_t i = 0; i < world.root.key_count; i++) {
		struct quoin_root_key *key = &world.root.keys[i];

		if (!key->roles[QUOIN_ROLE_RELEASE])
			continue;
		quoin_signing_key_clear(&world.keys[QUOIN_ROLE_RELEASE]);
		CHECK_INT(quoin_signing_key_new(&world.keys[QUOIN_ROLE_RELEASE]), 0);
		memcpy(key->id, world.keys[QUOIN_ROLE_RELEASE].public_key.id, sizeof key->id);
		memcpy(key->key, world.keys[QUOIN_ROLE_RELEASE].public_key.key, sizeof key->key);
	}
	qsort(world.root.keys, world.root.key_count, sizeof world.root.keys[0], world_compare_keys);
	world_root(&world, 1, &root);
	admit_signed("root/2", &root, NULL, 0);
	publish(&release);
	admit_signed("release/2", &release, NULL, 0);
	CHECK_INT(control.trust.root.version, 2);
	(void)snprintf(want, sizeof want, "signed by release %s (root 1)", former);
	check_print("release", 1, want);
	check_print("release", 2, say("signed by release ", QUOIN_ROLE_RELEASE, ""));
	check_json("release", 2,
	    say("{\"signers\":[{\"keyid\":\"", QUOIN_ROLE_RELEASE, "\",\"role\":\"release\",\"root\":2}]}"));
	finish();
}

static const struct check_case cases[] = {
	{"signers/each", each_document_has_its_own},
	{"signers/do-not-count", what_does_not_count_is_not_shown},
	{"signers/former", a_former_key_is_told_with_its_root},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
