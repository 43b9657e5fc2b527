#include "publisher/publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/line.h"
#include "lib/clock.h"
#include "publisher/announce.h"
#include "publisher/deltas.h"

#define RETAINED_MAX 16 /* releases that are looked through for the same content */

/* ---- Describing ---- */

static int
copy_lists(const struct quoin_publication *publication, struct quoin_release *release)
{
	release->meta = calloc(publication->meta_count + 1, sizeof *release->meta);
	release->waived = calloc(publication->waived_count + 1, sizeof *release->waived);
	release->parts = calloc(publication->part_count + 1, sizeof *release->parts);
	if (release->meta == NULL || release->waived == NULL || release->parts == NULL)
		return QUOIN_ENOMEM;
	for (size_t i = 0; i < publication->meta_count; i++)
		release->meta[i] = publication->meta[i];
	release->meta_count = publication->meta_count;
	for (size_t i = 0; i < publication->waived_count; i++)
		snprintf(release->waived[i], sizeof release->waived[i], "%s", publication->waived[i]);
	release->waived_count = publication->waived_count;
	for (size_t i = 0; i < publication->part_count; i++) {
		const struct quoin_publish_part *from = &publication->parts[i];
		struct quoin_part *part = &release->parts[i];

		snprintf(part->name, sizeof part->name, "%s", from->name);
		snprintf(part->schema, sizeof part->schema, "%s", from->schema);
		part->bytes = from->content.len;
		quoin_hash_of(from->content, &part->hash);
	}
	release->part_count = publication->part_count;
	return 0;
}

static int
check_sizes(const struct quoin_publication *publication, struct quoin_error *err)
{
	uint64_t bytes = 0;

	if (publication->part_count == 0)
		return quoin_error_set(err, QUOIN_EUSAGE, "a release needs at least one part");
	if (publication->part_count > QUOIN_PARTS_MAX || publication->meta_count > QUOIN_META_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "a release has at most %d parts and %d meta lines",
		    QUOIN_PARTS_MAX, QUOIN_META_MAX);
	if (publication->message != NULL && strlen(publication->message) > QUOIN_TEXT_BYTES_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "the message is longer than %d bytes", QUOIN_TEXT_BYTES_MAX);
	for (size_t i = 0; i < publication->part_count; i++) {
		if (publication->parts[i].content.len > QUOIN_PART_BYTES_MAX)
			return quoin_error_set(err, QUOIN_ELIMIT, "part %s has %zu bytes; at most %u are allowed",
			    publication->parts[i].name, publication->parts[i].content.len, QUOIN_PART_BYTES_MAX);
		bytes += publication->parts[i].content.len;
	}
	if (bytes > QUOIN_RELEASE_BYTES_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "the parts have %llu bytes together; at most %u are allowed",
		    (unsigned long long)bytes, QUOIN_RELEASE_BYTES_MAX);
	return 0;
}

int
quoin_publish_describe(const struct quoin_publication *publication, struct quoin_release *ret, struct quoin_error *err)
{
	struct quoin_release release = {0};
	int r;

	r = check_sizes(publication, err);
	if (r != 0)
		return r;
	r = copy_lists(publication, &release);
	if (r != 0) {
		quoin_release_clear(&release);
		return quoin_error_set(err, r, "no memory for a release");
	}
	release.policy = publication->policy;
	release.base = publication->base;
	snprintf(release.message, sizeof release.message, "%s", publication->message != NULL ? publication->message : "");
	*ret = release;
	return 0;
}

const struct quoin_ledger_release *
quoin_publish_same(const struct quoin_ledger *ledger, const struct quoin_release *release, bool *ret_is_revoked)
{
	const struct quoin_ledger_release *asked = quoin_ledger_release(ledger, ledger->asked);
	struct quoin_hash content;

	quoin_release_content(release, &content);
	*ret_is_revoked = false;
	for (size_t i = 0; i < ledger->release_count; i++)
		if (ledger->releases[i].is_revoked && quoin_hash_equal(&ledger->releases[i].content, &content))
			*ret_is_revoked = true;
	return asked != NULL && quoin_hash_equal(&asked->content, &content) ? asked : NULL;
}

/* ---- Sending ---- */

struct retained {
	struct quoin_release releases[RETAINED_MAX];
	const struct quoin_release *list[RETAINED_MAX];
	size_t count;
	struct quoin_release asked; /* if it is none of them */
	const struct quoin_release *bases[RETAINED_MAX + 1]; /* of deltas: what is asked for, which most hosts run; then all */
	size_t base_count;
};

static void
order_bases(const struct quoin_control *control, struct retained *retained)
{
	const uint64_t asked = control->ledger.asked;
	const struct quoin_release *first = NULL;

	for (size_t i = 0; i < retained->count; i++)
		if (retained->list[i]->number == asked)
			first = retained->list[i];
	if (first == NULL && asked != 0 && quoin_control_release(control, asked, &retained->asked, NULL) == 0)
		first = &retained->asked;
	if (first != NULL)
		retained->bases[retained->base_count++] = first;
	for (size_t i = 0; i < retained->count; i++)
		if (retained->list[i] != first)
			retained->bases[retained->base_count++] = retained->list[i];
}

/* The newest releases, parsed. One that cannot be read is only one place less to look. */
static void
load_retained(const struct quoin_control *control, struct retained *retained)
{
	const struct quoin_ledger *ledger = &control->ledger;

	retained->count = 0;
	for (size_t i = ledger->release_count; i-- > 0 && retained->count < RETAINED_MAX;) {
		struct quoin_release *release = &retained->releases[retained->count];

		memset(release, 0, sizeof *release);
		if (quoin_control_release(control, ledger->releases[i].ref.number, release, NULL) != 0)
			continue;
		retained->list[retained->count] = release;
		retained->count++;
	}
	order_bases(control, retained);
}

int
quoin_publish_send(const struct quoin_conf *conf, const struct quoin_control *control,
    const struct quoin_publication *publication, quoin_blobs_progress *progress, void *ctx, struct quoin_release *release,
    struct quoin_blobs_sent *ret_sent, struct quoin_error *err)
{
	struct quoin_bus_conf bus = {conf->properties, conf->property_count, "quoin"};
	struct retained *retained = calloc(1, sizeof *retained);
	char topic[QUOIN_TOPIC_NAME_BYTES];
	struct quoin_deltas deltas;
	int r = 0;

	if (retained == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "no memory to look through the releases");
	memset(ret_sent, 0, sizeof *ret_sent);
	quoin_topic_name(conf->namespace_name, QUOIN_TOPIC_BLOBS, topic);
	r = quoin_control_check_root(control, quoin_clock_wall_ms(), err);
	load_retained(control, retained);
	quoin_deltas_init(&deltas, &bus, topic, retained->bases, retained->base_count);
	for (size_t i = 0; r == 0 && i < publication->part_count; i++) {
		const struct quoin_publish_part *part = &publication->parts[i];

		r = quoin_blobs_put(&bus, topic, part->name, part->schema, part->content, retained->list, retained->count,
		    progress, ctx, &release->parts[i], ret_sent, err);
	}
	/* Behind all that must be there. */
	for (size_t i = 0; r == 0 && i < publication->part_count; i++)
		quoin_deltas_put(&deltas, publication->parts[i].content, &release->parts[i], ret_sent);
	quoin_deltas_clear(&deltas);
	quoin_release_clear(&retained->asked);
	for (size_t i = 0; i < retained->count; i++)
		quoin_release_clear(&retained->releases[i]);
	free(retained);
	return r;
}

/* ---- Announcing ---- */

void
quoin_publish_number(const struct quoin_control *control, struct quoin_release *release)
{
	release->origin = control->trust.root.origin;
	release->number = control->ledger.head.number + 1;
	release->head = control->ledger.head;
	release->intent = control->ledger.last_intent;
	release->created_ms = quoin_clock_wall_ms();
}

/* The release itself cannot be signed before its chunks have their places: what stands in for it is a release document that
 * says nothing but whose it is. It is never written, and no reader would take it. */
int
quoin_publish_vet(const struct quoin_control *control, const struct quoin_keyring *release_keys, struct quoin_error *err)
{
	struct quoin_sealed sealed = {0};
	struct quoin_buf text;
	char key[32];
	int r;

	snprintf(key, sizeof key, "release/%llu", (unsigned long long)control->ledger.head.number + 1);
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	quoin_line_print_head(&text, QUOIN_DOCUMENT_RELEASE, &control->trust.root.origin);
	r = text.error;
	if (r == 0)
		r = quoin_seal(quoin_buf_span(&text), release_keys->keys, release_keys->count, &sealed);
	quoin_buf_clear(&text);
	r = r != 0 ? quoin_error_set(err, r, "cannot sign with the release keys")
		   : quoin_control_vet(control, key, &sealed.envelope, quoin_clock_wall_ms(), err);
	quoin_sealed_clear(&sealed);
	return r;
}

static int
check_head(const struct quoin_control *control, const struct quoin_docref *expected, struct quoin_error *err)
{
	const struct quoin_docref *head = &control->ledger.head;

	if (head->number == expected->number && quoin_hash_equal(&head->hash, &expected->hash))
		return 0;
	return quoin_error_set(err, QUOIN_ECONFLICT,
	    "the head is release %llu, not %llu: somebody published first; look at it with \"quoin show %llu\", then publish "
	    "again",
	    (unsigned long long)head->number, (unsigned long long)expected->number, (unsigned long long)head->number);
}

/* Whoever pulled the brake did not know what was on its way, nor its publisher of the brake: of the two, the operator's word
 * is the last. */
static int
check_brake(const struct quoin_control *control, uint64_t known, struct quoin_error *err)
{
	const struct quoin_ledger *ledger = &control->ledger;

	for (size_t i = ledger->intent_count; i-- > 0 && ledger->intents[i].number > known;)
		if (ledger->intents[i].action == QUOIN_ACTION_ROLLBACK)
			return quoin_error_set(err, QUOIN_ECONFLICT,
			    "an operator has rolled back to release %llu since you began (intent %llu); look at it with \"quoin log\", "
			    "then publish again",
			    (unsigned long long)ledger->intents[i].release, (unsigned long long)ledger->intents[i].number);
	return 0;
}

struct announcement {
	struct quoin_release *release;
	const struct quoin_keyring *keys;
	const struct quoin_docref *expected;
	uint64_t intent; /* the newest that the publisher has seen */
};

static int
decide(void *ctx, const struct quoin_control *control, char *key, size_t key_bytes, struct quoin_sealed *ret_sealed,
    struct quoin_error *err)
{
	struct announcement *announcement = ctx;
	struct quoin_buf text;
	int r;

	r = check_head(control, announcement->expected, err);
	if (r == 0)
		r = check_brake(control, announcement->intent, err);
	if (r != 0)
		return r;
	quoin_publish_number(control, announcement->release);
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	r = quoin_release_print(announcement->release, &text);
	if (r == 0)
		r = quoin_seal(quoin_buf_span(&text), announcement->keys->keys, announcement->keys->count, ret_sealed);
	quoin_buf_clear(&text);
	if (r != 0)
		return quoin_error_set(err, r, "cannot make the release document");
	snprintf(key, key_bytes, "release/%llu", (unsigned long long)announcement->release->number);
	return 0;
}

int
quoin_publish_announce(const struct quoin_conf *conf, struct quoin_control *control, struct quoin_bus_reader *reader,
    const struct quoin_keyring *release_keys, const struct quoin_docref *expected, int timeout_ms,
    struct quoin_release *release, struct quoin_error *err)
{
	struct announcement announcement = {release, release_keys, expected, control->ledger.last_intent.number};

	return quoin_announce(conf, control, reader, decide, &announcement, timeout_ms, err);
}

struct signed_announcement {
	const struct quoin_envelope *envelope;
	uint64_t number;
};

static int
decide_signed(void *ctx, const struct quoin_control *control, char *key, size_t key_bytes,
    struct quoin_sealed *ret_sealed, struct quoin_error *err)
{
	struct signed_announcement *announcement = ctx;
	struct quoin_release release = {0};
	struct quoin_hash hash;
	int r;

	r = quoin_trust_verify(&control->trust, QUOIN_DOCUMENT_RELEASE, announcement->envelope, &hash, err);
	if (r == 0)
		r = quoin_release_parse(announcement->envelope->document, &release, err);
	if (r != 0)
		return r;
	if (release.number != control->ledger.head.number + 1)
		r = quoin_error_set(err, QUOIN_ECONFLICT,
		    "the signed document is release %llu, the next one is %llu; prepare and sign it anew",
		    (unsigned long long)release.number, (unsigned long long)control->ledger.head.number + 1);
	else
		r = check_head(control, &release.head, err);
	if (r == 0 && release.intent.number != control->ledger.last_intent.number)
		r = quoin_error_set(err, QUOIN_ECONFLICT,
		    "operators have spoken since it was prepared (intent %llu); prepare and sign it anew",
		    (unsigned long long)control->ledger.last_intent.number);
	if (r == 0)
		r = quoin_sealed_copy(announcement->envelope, ret_sealed);
	announcement->number = release.number;
	snprintf(key, key_bytes, "release/%llu", (unsigned long long)release.number);
	quoin_release_clear(&release);
	return r;
}

int
quoin_publish_announce_signed(const struct quoin_conf *conf, struct quoin_control *control,
    struct quoin_bus_reader *reader, const struct quoin_envelope *envelope, int timeout_ms, uint64_t *ret_number,
    struct quoin_error *err)
{
	struct signed_announcement announcement = {envelope, 0};
	int r = quoin_announce(conf, control, reader, decide_signed, &announcement, timeout_ms, err);

	if (r == 0)
		*ret_number = announcement.number;
	return r;
}
