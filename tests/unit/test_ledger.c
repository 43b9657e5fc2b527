#include "formats/ledger.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

static struct quoin_ledger ledger;
static struct quoin_error err;

/* The hash of document n of a kind: made up, as the ledger is told them. */
static struct quoin_hash
hash_of(char kind, uint64_t number)
{
	struct quoin_hash hash = {{0}};

	if (number != 0)
		(void)snprintf((char *)hash.bytes, sizeof hash.bytes, "%c%llu", kind, (unsigned long long)number);
	return hash;
}

static struct quoin_docref
ref_of(char kind, uint64_t number)
{
	return (struct quoin_docref){number, hash_of(kind, number)};
}

/* A release after an intent. Releases with the same content letter have the same content. */
static struct quoin_release
release_of(uint64_t number, uint64_t intent, char content)
{
	static struct quoin_part parts[256];
	struct quoin_release release = {.number = number,
	    .head = ref_of('r', number - 1),
	    .intent = ref_of('i', intent)};

	quoin_policy_init(&release.policy);
	parts[(uint8_t)content].name[0] = content;
	release.parts = &parts[(uint8_t)content];
	release.part_count = 1;
	return release;
}

static struct quoin_intent
intent_of(uint64_t number, uint64_t head, enum quoin_action action, uint64_t release, const char *word)
{
	struct quoin_intent intent = {.number = number,
	    .prev = ref_of('i', number - 1),
	    .head = ref_of('r', head),
	    .action = action,
	    .release = ref_of('r', release),
	    .message = "why"};

	if (action == QUOIN_ACTION_PIN || action == QUOIN_ACTION_UNPIN) {
		if (word != NULL)
			CHECK_INT(quoin_labels_add(&intent.labels, quoin_span_str(word)), 0);
	} else if (word != NULL) {
		memcpy(intent.host, word, strlen(word));
	}
	return intent;
}

static int
admit_release(struct quoin_ledger *into, uint64_t number, uint64_t intent, char content)
{
	struct quoin_release release = release_of(number, intent, content);
	struct quoin_hash hash = hash_of('r', number);

	return quoin_ledger_admit_release(into, &release, &hash, &err);
}

static int
admit_intent(struct quoin_ledger *into, uint64_t number, uint64_t head, enum quoin_action action, uint64_t release,
    const char *word)
{
	struct quoin_intent intent = intent_of(number, head, action, release, word);
	struct quoin_hash hash = hash_of('i', number);

	return quoin_ledger_admit_intent(into, &intent, &hash, &err);
}

#define RELEASE(number, intent, content) CHECK_INT(admit_release(&ledger, number, intent, content), 0)
#define INTENT(number, head, action, release, word)                                                                    \
	CHECK_INT(admit_intent(&ledger, number, head, QUOIN_ACTION_##action, release, word), 0)

static void
test_asked(void)
{
	quoin_ledger_init(&ledger);
	CHECK_INT(ledger.asked, 0);
	RELEASE(1, 0, 'a');
	CHECK_INT(ledger.asked, 1);
	RELEASE(2, 0, 'b');
	RELEASE(3, 0, 'c');
	CHECK_INT(ledger.asked, 3);
	INTENT(1, 3, ROLLBACK, 2, NULL);
	CHECK_INT(ledger.asked, 2);
	CHECK(ledger.asked_is_brake);
	CHECK_INT(ledger.head.number, 3);
	RELEASE(4, 1, 'd');
	CHECK_INT(ledger.asked, 4);
	CHECK(!ledger.asked_is_brake);
	/* The same again changes nothing. */
	INTENT(1, 3, ROLLBACK, 2, NULL);
	RELEASE(1, 0, 'a');
	CHECK_INT(ledger.asked, 4);
	CHECK_INT(ledger.release_count, 4);
	CHECK_INT(ledger.intent_count, 1);
	CHECK_INT(ledger.last_intent.number, 1);
	/* Release 5 and intent 2 know nothing of each other: the operator has the last word. */
	RELEASE(5, 1, 'e');
	INTENT(2, 4, ROLLBACK, 1, NULL);
	CHECK_INT(ledger.asked, 1);
	quoin_ledger_clear(&ledger);
}

/* What was removed says nothing any more; the newest stays. */
static void
test_forget(void)
{
	struct quoin_release release;
	struct quoin_hash hash;

	quoin_ledger_init(&ledger);
	RELEASE(1, 0, 'a');
	RELEASE(2, 0, 'b');
	INTENT(1, 2, PIN, 1, NULL);
	INTENT(2, 2, FREEZE, 0, NULL);
	INTENT(3, 2, ROLLBACK, 1, NULL);
	RELEASE(3, 3, 'c');
	CHECK(!quoin_ledger_forget_release(&ledger, 3));
	CHECK(!quoin_ledger_forget_intent(&ledger, 3));
	CHECK(!quoin_ledger_forget_release(&ledger, 9));
	CHECK(quoin_ledger_forget_release(&ledger, 2));
	CHECK(!quoin_ledger_forget_release(&ledger, 2));
	CHECK(quoin_ledger_release(&ledger, 2) == NULL && quoin_ledger_release(&ledger, 1) != NULL);
	CHECK_INT(ledger.release_count, 2);
	CHECK_INT(ledger.head.number, 3);
	CHECK_INT(ledger.asked, 3);
	CHECK_INT(ledger.pin_count, 1);
	CHECK(quoin_ledger_forget_intent(&ledger, 1));
	CHECK_INT(ledger.pin_count, 0);
	CHECK(ledger.frozen);
	CHECK(quoin_ledger_forget_intent(&ledger, 2));
	CHECK(!ledger.frozen);
	CHECK_INT(ledger.last_intent.number, 3);
	/* It may come back: an import. But only as what it was. */
	release = release_of(2, 0, 'b');
	hash = hash_of('x', 2);
	CHECK_INT(quoin_ledger_admit_release(&ledger, &release, &hash, &err), QUOIN_EFORK);
	RELEASE(2, 0, 'b');
	CHECK_INT(ledger.asked, 3);
	CHECK_INT(ledger.release_count, 3);
	quoin_ledger_clear(&ledger);
}

static void
test_pins(void)
{
	quoin_ledger_init(&ledger);
	RELEASE(1, 0, 'a');
	RELEASE(2, 0, 'b');
	RELEASE(3, 0, 'c');
	INTENT(1, 3, PIN, 1, NULL);
	INTENT(2, 3, PIN, 2, "region=eu");
	INTENT(3, 3, PIN, 2, NULL); /* replaces 1 */
	CHECK_INT(ledger.pin_count, 2);
	CHECK_INT(ledger.pins[0].intent, 2);
	CHECK_INT(ledger.pins[1].intent, 3);
	CHECK_INT(ledger.pins[1].release, 2);
	INTENT(4, 3, UNPIN, 0, "region=us"); /* no such pin */
	CHECK_INT(ledger.pin_count, 2);
	INTENT(5, 3, UNPIN, 0, NULL);
	CHECK_INT(ledger.pin_count, 1);
	CHECK_INT(ledger.pins[0].intent, 2);
	CHECK_INT(ledger.asked, 3);
	quoin_ledger_clear(&ledger);
}

static void
test_revocation(void)
{
	quoin_ledger_init(&ledger);
	RELEASE(1, 0, 'a');
	RELEASE(2, 0, 'b');
	RELEASE(3, 0, 'a');
	INTENT(1, 3, PIN, 1, NULL);
	INTENT(2, 3, PIN, 3, "region=eu");
	INTENT(3, 3, PIN, 2, "region=us");
	INTENT(4, 3, REVOKE, 1, NULL);
	CHECK(quoin_ledger_release(&ledger, 1)->is_revoked);
	CHECK(!quoin_ledger_release(&ledger, 2)->is_revoked);
	CHECK(quoin_ledger_release(&ledger, 3)->is_revoked); /* by content */
	CHECK_INT(ledger.pin_count, 1);
	CHECK_INT(ledger.pins[0].release, 2);
	RELEASE(4, 4, 'a'); /* published again */
	CHECK(quoin_ledger_release(&ledger, 4)->is_revoked);
	INTENT(5, 4, PIN, 4, "region=us"); /* ignored: what stood there stands */
	CHECK_INT(ledger.pin_count, 1);
	CHECK_INT(ledger.pins[0].intent, 3);
	quoin_ledger_clear(&ledger);
}

/* A release that was named before it was there. */
static void
test_named_before(void)
{
	quoin_ledger_init(&ledger);
	RELEASE(1, 0, 'a');
	INTENT(1, 1, PIN, 2, NULL);
	INTENT(2, 1, REVOKE, 2, NULL);
	CHECK_INT(ledger.pin_count, 0);
	RELEASE(2, 2, 'b');
	CHECK(quoin_ledger_release(&ledger, 2)->is_revoked);
	CHECK(!quoin_ledger_release(&ledger, 1)->is_revoked);
	quoin_ledger_clear(&ledger);
}

static void
test_hosts(void)
{
	struct quoin_intent intent = intent_of(1, 0, QUOIN_ACTION_EXCLUDE, 0, "b");
	struct quoin_hash hash = hash_of('i', 1);

	quoin_ledger_init(&ledger);
	intent.until_ms = 77;
	CHECK_INT(quoin_ledger_admit_intent(&ledger, &intent, &hash, &err), 0);
	INTENT(2, 0, EXCLUDE, 0, "a");
	INTENT(3, 0, FREEZE, 0, NULL);
	CHECK(ledger.frozen);
	CHECK_INT(ledger.excluded_count, 2);
	CHECK_STR(ledger.excluded[0].host, "a");
	CHECK_STR(ledger.excluded[1].host, "b");
	CHECK_INT(ledger.excluded[1].until_ms, 77);
	INTENT(4, 0, EXCLUDE, 0, "b"); /* for ever now */
	CHECK_INT(ledger.excluded_count, 2);
	CHECK_INT(ledger.excluded[1].until_ms, 0);
	INTENT(5, 0, INCLUDE, 0, "a");
	INTENT(6, 0, INCLUDE, 0, "c");
	INTENT(7, 0, FORGET, 0, "b");
	INTENT(8, 0, UNFREEZE, 0, NULL);
	CHECK(!ledger.frozen);
	CHECK_INT(ledger.excluded_count, 1);
	CHECK_STR(ledger.excluded[0].host, "b");
	quoin_ledger_clear(&ledger);
}

static void
test_forks(void)
{
	struct quoin_release release;
	struct quoin_intent intent;
	struct quoin_hash hash;

	quoin_ledger_init(&ledger);
	RELEASE(2, 1, 'b'); /* 1 is missing: admitted */
	INTENT(2, 2, ROLLBACK, 2, NULL);
	/* The same number with another hash. */
	release = release_of(2, 1, 'b');
	hash = hash_of('x', 2);
	CHECK_INT(quoin_ledger_admit_release(&ledger, &release, &hash, &err), QUOIN_EFORK);
	intent = intent_of(2, 2, QUOIN_ACTION_ROLLBACK, 2, NULL);
	CHECK_INT(quoin_ledger_admit_intent(&ledger, &intent, &hash, &err), QUOIN_EFORK);
	/* A predecessor that does not match, both ways. */
	release = release_of(1, 0, 'a');
	hash = hash_of('x', 1);
	CHECK_INT(quoin_ledger_admit_release(&ledger, &release, &hash, &err), QUOIN_EFORK);
	intent = intent_of(1, 0, QUOIN_ACTION_FREEZE, 0, NULL);
	CHECK_INT(quoin_ledger_admit_intent(&ledger, &intent, &hash, &err), QUOIN_EFORK);
	release = release_of(3, 1, 'c');
	release.head.hash = hash_of('x', 2);
	hash = hash_of('r', 3);
	CHECK_INT(quoin_ledger_admit_release(&ledger, &release, &hash, &err), QUOIN_EFORK);
	release = release_of(3, 2, 'c');
	release.intent.hash = hash_of('x', 2);
	CHECK_INT(quoin_ledger_admit_release(&ledger, &release, &hash, &err), QUOIN_EFORK);
	intent = intent_of(3, 2, QUOIN_ACTION_FREEZE, 0, NULL);
	hash = hash_of('i', 3);
	intent.prev.hash = hash_of('x', 2);
	CHECK_INT(quoin_ledger_admit_intent(&ledger, &intent, &hash, &err), QUOIN_EFORK);
	intent = intent_of(3, 2, QUOIN_ACTION_FREEZE, 0, NULL);
	intent.head.hash = hash_of('x', 2);
	CHECK_INT(quoin_ledger_admit_intent(&ledger, &intent, &hash, &err), QUOIN_EFORK);
	intent = intent_of(3, 2, QUOIN_ACTION_REVOKE, 2, NULL);
	intent.release.hash = hash_of('x', 2);
	CHECK_INT(quoin_ledger_admit_intent(&ledger, &intent, &hash, &err), QUOIN_EFORK);
	CHECK_INT(ledger.release_count, 1);
	CHECK_INT(ledger.intent_count, 1);
	CHECK_INT(ledger.asked, 2);
	RELEASE(1, 0, 'a');
	INTENT(1, 1, FREEZE, 0, NULL);
	CHECK_INT(ledger.asked, 2);
	CHECK(ledger.frozen);
	quoin_ledger_clear(&ledger);
}

/* A story in its signed order, told in many other orders: the fold is always the same. */
static const struct chapter {
	char kind;
	uint64_t number, follows;
	char content;
	enum quoin_action action;
	uint64_t release;
	const char *word;
} story[] = {
    {'r', 1, 0, 'a', 0, 0, NULL},
    {'r', 2, 0, 'b', 0, 0, NULL},
    {'i', 1, 2, 0, QUOIN_ACTION_PIN, 1, NULL},
    {'i', 2, 2, 0, QUOIN_ACTION_PIN, 2, "region=eu"},
    {'r', 3, 2, 'c', 0, 0, NULL},
    {'i', 3, 3, 0, QUOIN_ACTION_EXCLUDE, 0, "host-1"},
    {'i', 4, 3, 0, QUOIN_ACTION_ROLLBACK, 2, NULL},
    {'r', 4, 4, 'd', 0, 0, NULL},
    {'i', 5, 4, 0, QUOIN_ACTION_PIN, 4, NULL},
    {'i', 6, 4, 0, QUOIN_ACTION_REVOKE, 4, NULL},
    {'r', 5, 6, 'd', 0, 0, NULL},
    {'i', 7, 5, 0, QUOIN_ACTION_PIN, 5, "region=eu"},
    {'i', 8, 5, 0, QUOIN_ACTION_EXCLUDE, 0, "host-0"},
    {'i', 9, 5, 0, QUOIN_ACTION_INCLUDE, 0, "host-1"},
    {'i', 10, 5, 0, QUOIN_ACTION_ROLLBACK, 3, NULL},
    {'r', 6, 9, 'e', 0, 0, NULL}, /* did not see intent 10, nor 10 it */
    {'i', 11, 6, 0, QUOIN_ACTION_FREEZE, 0, NULL},
};
#define CHAPTERS (sizeof story / sizeof story[0])

static void
tell(struct quoin_ledger *to, const struct chapter *chapter)
{
	if (chapter->kind == 'r')
		CHECK_INT(admit_release(to, chapter->number, chapter->follows, chapter->content), 0);
	else
		CHECK_INT(admit_intent(to, chapter->number, chapter->follows, chapter->action, chapter->release,
			      chapter->word),
		    0);
}

static void
check_same_fold(const struct quoin_ledger *a, const struct quoin_ledger *b)
{
	CHECK_INT(a->asked, b->asked);
	CHECK_INT(a->asked_is_brake, b->asked_is_brake);
	CHECK_INT(a->frozen, b->frozen);
	CHECK_INT(a->head.number, b->head.number);
	CHECK_INT(a->last_intent.number, b->last_intent.number);
	CHECK_MEM(a->releases, a->release_count * sizeof *a->releases, b->releases,
	    b->release_count * sizeof *b->releases);
	CHECK_MEM(a->revoked, a->revoked_count * sizeof *a->revoked, b->revoked, b->revoked_count * sizeof *b->revoked);
	CHECK_INT(a->pin_count, b->pin_count);
	for (size_t i = 0; i < a->pin_count; i++) {
		CHECK_INT(a->pins[i].intent, b->pins[i].intent);
		CHECK_INT(a->pins[i].release, b->pins[i].release);
		CHECK_STR(a->pins[i].labels, b->pins[i].labels);
	}
	CHECK_INT(a->excluded_count, b->excluded_count);
	for (size_t i = 0; i < a->excluded_count; i++) {
		CHECK_STR(a->excluded[i].host, b->excluded[i].host);
		CHECK_INT(a->excluded[i].until_ms, b->excluded[i].until_ms);
	}
}

static void
test_story(void)
{
	quoin_ledger_init(&ledger);
	for (size_t i = 0; i < CHAPTERS; i++)
		tell(&ledger, &story[i]);
	CHECK_INT(ledger.asked, 3);
	CHECK(ledger.asked_is_brake && ledger.frozen);
	CHECK_INT(ledger.pin_count, 1); /* intent 5 replaced 1, and 6 removed it; 7 is ignored */
	CHECK_INT(ledger.pins[0].intent, 2);
	CHECK_INT(ledger.excluded_count, 1);
	CHECK_STR(ledger.excluded[0].host, "host-0");
	CHECK(ledger.releases[3].is_revoked && ledger.releases[4].is_revoked && !ledger.releases[5].is_revoked);
	quoin_ledger_clear(&ledger);
}

/* The first "count" chapters in some other order. */
static void
tell_shuffled(struct quoin_ledger *to, size_t count, unsigned *seed)
{
	size_t order[CHAPTERS];

	for (size_t i = 0; i < count; i++) {
		size_t j;

		*seed = *seed * 1103515245u + 12345u;
		j = (*seed >> 16) % (i + 1);
		order[i] = order[j];
		order[j] = i;
	}
	for (size_t i = 0; i < count; i++)
		tell(to, &story[order[i]]);
}

/* All that may be forgotten is, and is told again. */
static void
forget_and_tell(struct quoin_ledger *to, size_t count)
{
	for (size_t i = 0; i < count; i++)
		(void)(story[i].kind == 'r' ? quoin_ledger_forget_release : quoin_ledger_forget_intent)(to, story[i].number);
	for (size_t i = count; i-- > 0;)
		tell(to, &story[i]);
}

static void
test_orders(void)
{
	struct quoin_ledger other;
	unsigned seed = 1;

	for (size_t count = 1; count <= CHAPTERS; count++) {
		quoin_ledger_init(&ledger);
		for (size_t i = 0; i < count; i++)
			tell(&ledger, &story[i]);
		for (int round = 0; round < 200; round++) {
			quoin_ledger_init(&other);
			if (round % 2 == 1)
				quoin_ledger_wait(&other);
			tell_shuffled(&other, count, &seed);
			if (round % 4 == 3)
				forget_and_tell(&other, count);
			quoin_ledger_fold(&other);
			check_same_fold(&other, &ledger);
			quoin_ledger_clear(&other);
		}
		quoin_ledger_clear(&ledger);
	}
}

/* What a release and an intent cost, when each pin is lifted again and each host included: 65,536 of each are admitted. */
static void
test_memory(void)
{
	enum { COUNT = 4096 };
	size_t bytes;

	CHECK(sizeof(struct quoin_ledger_release) <= 96);
	CHECK(sizeof(struct quoin_ledger_intent) <= 96);
	quoin_ledger_init(&ledger);
	for (uint64_t i = 1; i <= COUNT; i++) {
		static const enum quoin_action actions[] = {QUOIN_ACTION_PIN, QUOIN_ACTION_UNPIN, QUOIN_ACTION_EXCLUDE,
			QUOIN_ACTION_INCLUDE};
		const enum quoin_action action = actions[i % 4];

		RELEASE(i, i - 1, 'a');
		CHECK_INT(admit_intent(&ledger, i, i, action, action == QUOIN_ACTION_PIN ? i : 0,
			      i % 4 < 2 ? "region=eu" : "router-17.example.org"),
		    0);
	}
	CHECK_INT(ledger.pin_count, 1);
	CHECK_INT(ledger.excluded_count, 0);
	CHECK_INT(ledger.missing_releases.count + ledger.missing_intents.count, 0);
	bytes = malloc_usable_size(ledger.releases) + malloc_usable_size(ledger.intents) + malloc_usable_size(ledger.pins) +
	    malloc_usable_size(ledger.excluded) + malloc_usable_size(ledger.missing_releases.items) +
	    malloc_usable_size(ledger.missing_intents.items);
	for (size_t i = 0; i < ledger.intent_count; i++)
		bytes += malloc_usable_size(ledger.intents[i].whom) + 2 * sizeof(void *);
	/* Arrays are up to twice as long as what is in them. */
	if (bytes > (size_t)COUNT * 2 * (96 + 96 + 32))
		check_fail(__FILE__, __LINE__, "%zu bytes for a release and an intent", bytes / COUNT);
	quoin_ledger_clear(&ledger);
}

static void
test_activations(void)
{
	struct quoin_live live[] = {{ref_of('r', 1), 1, 1}, {ref_of('r', 2), 1, 1}};
	struct quoin_pin pins[2] = {{.intent = 1, .release = 1}};
	struct quoin_activation activation = {.seq = 2,
	    .head = ref_of('r', 2),
	    .intent = ref_of('i', 1),
	    .from = 1,
	    .target = 2,
	    .live = live,
	    .live_count = 2,
	    .pins = pins,
	    .pin_count = 1};
	struct quoin_activation before = {.seq = 1, .from = 7};

	quoin_ledger_init(&ledger);
	RELEASE(1, 0, 'a');
	CHECK_INT(quoin_ledger_check_activation(&ledger, &activation, NULL, &err), QUOIN_EAGAIN); /* head */
	RELEASE(2, 0, 'b');
	CHECK_INT(quoin_ledger_check_activation(&ledger, &activation, NULL, &err), QUOIN_EAGAIN); /* intent */
	INTENT(1, 2, PIN, 1, NULL);
	CHECK_INT(quoin_ledger_check_activation(&ledger, &activation, NULL, &err), 0);
	/* Releases that nobody signed, as target, from and pin; or of other bytes. */
	activation.target = 3;
	CHECK_INT(quoin_ledger_check_activation(&ledger, &activation, NULL, &err), QUOIN_EREFUSED);
	activation.target = 0;
	CHECK_INT(quoin_ledger_check_activation(&ledger, &activation, NULL, &err), 0);
	activation.from = 7;
	CHECK_INT(quoin_ledger_check_activation(&ledger, &activation, NULL, &err), QUOIN_EREFUSED);
	CHECK_INT(quoin_ledger_check_activation(&ledger, &activation, &before, &err), 0); /* gone by gc, but obeyed */
	activation.from = 1;
	live[0].release.hash = hash_of('x', 1);
	CHECK_INT(quoin_ledger_check_activation(&ledger, &activation, NULL, &err), QUOIN_EREFUSED);
	live[0].release.hash = hash_of('r', 1);
	activation.head.hash = hash_of('x', 2);
	CHECK_INT(quoin_ledger_check_activation(&ledger, &activation, NULL, &err), QUOIN_EREFUSED);
	activation.head.hash = hash_of('r', 2);
	/* A pin that no intent asks for: other release, other labels, no intent. */
	pins[0].release = 2;
	CHECK_INT(quoin_ledger_check_activation(&ledger, &activation, NULL, &err), QUOIN_EREFUSED);
	pins[0].release = 1;
	CHECK_INT(quoin_labels_add(&pins[0].labels, quoin_span_str("region=eu")), 0);
	CHECK_INT(quoin_ledger_check_activation(&ledger, &activation, NULL, &err), QUOIN_EREFUSED);
	pins[0].labels.count = 0;
	pins[1] = (struct quoin_pin){.intent = 5, .release = 1};
	activation.pin_count = 2;
	CHECK_INT(quoin_ledger_check_activation(&ledger, &activation, NULL, &err), QUOIN_EREFUSED);
	before.pins = &pins[1];
	before.pin_count = 1;
	CHECK_INT(quoin_ledger_check_activation(&ledger, &activation, &before, &err), 0);
	quoin_ledger_clear(&ledger);
}

/* A gate that was away reads on and meets intent 4; gc removed the pin 2 and the unpin 3, which it had not read. */
static void
test_skipped(void)
{
	quoin_ledger_init(&ledger);
	CHECK_INT(admit_release(&ledger, 1, 0, 'a'), 0);
	CHECK(!quoin_ledger_has_skipped(&ledger, 0));
	CHECK_INT(admit_intent(&ledger, 1, 1, QUOIN_ACTION_FREEZE, 0, NULL), 0);
	CHECK(!quoin_ledger_has_skipped(&ledger, 0));
	CHECK_INT(admit_intent(&ledger, 2, 1, QUOIN_ACTION_PIN, 1, "a=b"), 0);
	CHECK(!quoin_ledger_has_skipped(&ledger, 1));
	CHECK_INT(admit_intent(&ledger, 4, 1, QUOIN_ACTION_UNFREEZE, 0, NULL), 0);
	CHECK(quoin_ledger_has_skipped(&ledger, 2));
	/* What was read already is no news, and what follows it is not either. */
	CHECK(!quoin_ledger_has_skipped(&ledger, 4));
	CHECK_INT(admit_intent(&ledger, 5, 1, QUOIN_ACTION_FREEZE, 0, NULL), 0);
	CHECK(!quoin_ledger_has_skipped(&ledger, 4));
	quoin_ledger_clear(&ledger);
}

static const struct check_case cases[] = {
    {"ledger: asked", test_asked},
    {"ledger: pins", test_pins},
    {"ledger: forget", test_forget},
    {"ledger: revocation is by content", test_revocation},
    {"ledger: a release named before it was there", test_named_before},
    {"ledger: hosts and freeze", test_hosts},
    {"ledger: forks are refused and change nothing", test_forks},
    {"ledger: a story", test_story},
    {"ledger: any order of arrival, one fold", test_orders},
    {"ledger: memory of many documents", test_memory},
    {"ledger: what an activation may select", test_activations},
    {"ledger: a later intent shows that one was skipped", test_skipped},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
