/* What may go of the control topic, as a function of what was read (PROTOCOL.md sections 7, 9 and 10.12, I11). */

#include "publisher/gc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/status.h"
#include "tests/check.h"

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

/* One step of a history: a release, or an intent. */
struct word {
	bool is_release;
	enum quoin_action action;
	uint64_t release;
	const char *word; /* host, or label */
	int64_t until_ms;
};
#define R			       {true, QUOIN_ACTION_ROLLBACK, 0, NULL, 0}
#define I(action, release)	       {false, QUOIN_ACTION_##action, release, NULL, 0}
#define W(action, release, word)       {false, QUOIN_ACTION_##action, release, word, 0}
#define U(action, release, word, until) {false, QUOIN_ACTION_##action, release, word, until}

struct fold {
	struct quoin_ledger ledger;
	uint64_t releases, intents;
	/* Which are left out; a bit each. */
	uint64_t no_release, no_intent;
};

static void
admit(struct fold *fold, const struct word *word)
{
	struct quoin_error err = {0};
	struct quoin_hash hash;
	int r = 0;

	if (word->is_release) {
		struct quoin_part part = {.name = "a"};
		struct quoin_release release = {.number = ++fold->releases, .head = ref_of('r', fold->releases - 1),
		    .intent = ref_of('i', fold->intents), .parts = &part, .part_count = 1};

		quoin_policy_init(&release.policy);
		part.bytes = release.number;
		part.hash = hash_of('c', release.number);
		hash = hash_of('r', release.number);
		if ((fold->no_release >> release.number & 1) == 0)
			r = quoin_ledger_admit_release(&fold->ledger, &release, &hash, &err);
	} else {
		struct quoin_intent intent = {.number = ++fold->intents, .prev = ref_of('i', fold->intents - 1),
		    .head = ref_of('r', fold->releases), .action = word->action, .release = ref_of('r', word->release),
		    .until_ms = word->until_ms};

		if (word->word != NULL && strchr(word->word, '=') != NULL)
			CHECK_INT(quoin_labels_add(&intent.labels, quoin_span_str(word->word)), 0);
		else if (word->word != NULL)
			snprintf(intent.host, sizeof intent.host, "%s", word->word);
		hash = hash_of('i', intent.number);
		if ((fold->no_intent >> intent.number & 1) == 0)
			r = quoin_ledger_admit_intent(&fold->ledger, &intent, &hash, &err);
	}
	if (r != 0)
		check_fail(__FILE__, __LINE__, "%s", err.message);
}

static void
fold_words(const struct word *words, size_t count, struct fold *fold)
{
	quoin_ledger_init(&fold->ledger);
	for (size_t i = 0; i < count; i++)
		admit(fold, &words[i]);
}

/* What is live. Lists end with 0. */
struct picture {
	uint64_t from, target;
	uint64_t live[8], active[10], kept[4];
	uint64_t pin[2]; /* intent, release */
	uint64_t runs, holds[4], has;
	bool behind; /* the gate has consumed only the first release and no intent */
};

static size_t
count_of(const uint64_t *numbers)
{
	size_t count = 0;

	while (numbers[count] != 0)
		count++;
	return count;
}

static int
decide(const struct quoin_ledger *ledger, const struct picture *picture, uint64_t retain, struct quoin_gc *ret,
    struct quoin_error *err)
{
	static struct quoin_live live[8];
	static struct quoin_kept kept;
	static uint64_t active[10];
	struct quoin_pin pin = {picture->pin[0], picture->pin[1], {.count = 0}};
	struct quoin_status_release has = {.release = ref_of('r', picture->has)};
	struct quoin_fleet_host host = {.cert.host = "router"};
	struct quoin_fleet fleet = {.hosts = &host, .host_count = 1};
	struct quoin_activations activations = {.has_newest = picture->from != 0};
	struct quoin_activation *newest = &activations.newest;
	struct quoin_gc_input input = {ledger, &activations, &fleet, retain, 1000};

	for (size_t i = 0; i < count_of(picture->live); i++)
		live[i] = (struct quoin_live){ref_of('r', picture->live[i]), 1, 1};
	memcpy(kept.releases, picture->kept, sizeof picture->kept);
	kept.release_count = count_of(picture->kept);
	memcpy(active, picture->active, sizeof active);
	*newest = (struct quoin_activation){.epoch = 1, .seq = 1, .intent = ledger->last_intent, .head = ledger->head,
	    .asked = picture->target, .from = picture->from, .target = picture->target, .live = live,
	    .live_count = count_of(picture->live), .active = active, .active_count = count_of(picture->active), .kept = &kept,
	    .kept_count = 1, .pins = &pin, .pin_count = picture->pin[0] != 0};
	if (picture->behind) {
		newest->head = ref_of('r', 1);
		newest->intent = ref_of('i', 0);
	}
	host.status.runs = ref_of('r', picture->runs);
	memcpy(host.status.holds, picture->holds, sizeof picture->holds);
	host.status.hold_count = count_of(picture->holds);
	host.status.releases = &has;
	host.status.release_count = picture->has != 0;
	return quoin_gc_decide(&input, ret, err);
}

/* "3 4* 7": what is kept, a star for a document alone. */
static void
print(const struct quoin_gc_verdict *verdicts, size_t count, bool releases, char *out, size_t bytes)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		if (verdicts[i].because != NULL)
			at += (size_t)snprintf(out + at, bytes - at, "%s%llu%s", at > 0 ? " " : "",
			    (unsigned long long)verdicts[i].number, releases && !verdicts[i].parts ? "*" : "");
}

static const struct {
	const char *name;
	struct word words[16];
	size_t count;
	struct picture picture;
	const char *releases, *intents;
} cases[] = {
    {"only the newest", {R, R, R, R, R}, 5, {.from = 5, .target = 5, .live = {5}}, "5", ""},
    {"a warm one", {R, R, R, R, R}, 5, {.from = 5, .target = 5, .live = {4, 5}}, "4 5", ""},
    {"a rollout", {R, R, R, R, R}, 5, {.from = 2, .target = 4, .live = {2, 4}}, "2 4 5", ""},
    {"where a rollback goes", {R, R, R, R, R}, 5, {.from = 5, .target = 5, .live = {5}, .active = {1, 2, 5}}, "2 5", ""},
    {"kept for a lapsed router", {R, R, R, R, R}, 5, {.from = 5, .target = 5, .live = {5}, .kept = {1, 3}}, "1 3 5", ""},
    {"what hosts say", {R, R, R, R, R}, 5, {.from = 5, .target = 5, .live = {5}, .runs = 1, .holds = {2}, .has = 3}, "1 2 3 5",
	""},
    {"nothing that the gate has not seen", {R, R, I(FREEZE, 0), I(UNFREEZE, 0), R}, 5,
	{.from = 1, .target = 1, .live = {1}, .behind = true}, "1 2 3", "1 2"},
    {"a rollback asks", {R, R, R, I(ROLLBACK, 2), I(ROLLBACK, 1)}, 5, {.from = 1, .target = 1, .live = {1}}, "1 3", "2"},
    {"a rollback asked", {R, R, I(ROLLBACK, 1), R, I(FREEZE, 0), I(UNFREEZE, 0)}, 6, {.from = 3, .target = 3, .live = {3}}, "3",
	"3"},
    /* 10.12: an empty host must be able to verify the pin. */
    {"a pin stands", {R, R, R, I(PIN, 1), I(UNFREEZE, 0)}, 5,
	{.from = 3, .target = 3, .live = {1, 3}, .pin = {1, 1}}, "1 3", "1 2"},
    {"a pin was taken back", {R, R, R, W(PIN, 1, "a=b"), W(UNPIN, 0, "a=b"), I(UNFREEZE, 0)}, 6,
	{.from = 3, .target = 3, .live = {3}}, "3", "3"},
    {"a pin that the activation still has", {R, R, R, I(PIN, 1), I(UNPIN, 0), I(UNFREEZE, 0)}, 6,
	{.from = 3, .target = 3, .live = {1, 3}, .pin = {1, 1}}, "1 3", "1 2 3"},
    {"a pin took the place of another", {R, R, R, I(PIN, 1), I(PIN, 2), I(UNFREEZE, 0)}, 6,
	{.from = 3, .target = 3, .live = {2, 3}, .pin = {2, 2}}, "2 3", "2 3"},
    {"a revocation", {R, R, R, I(REVOKE, 1), I(UNFREEZE, 0)}, 5, {.from = 3, .target = 3, .live = {3}}, "1* 3", "1 2"},
    {"a revoked one that runs", {R, R, R, I(REVOKE, 1), I(UNFREEZE, 0)}, 5, {.from = 3, .target = 3, .live = {1, 3}}, "1 3",
	"1 2"},
    {"frozen", {R, I(FREEZE, 0), I(UNFREEZE, 0), I(FREEZE, 0), W(INCLUDE, 0, "a")}, 5, {.from = 1, .target = 1, .live = {1}}, "1",
	"3 4"},
    {"exclusions", {R, W(EXCLUDE, 0, "a"), W(EXCLUDE, 0, "b"), U(EXCLUDE, 0, "c", 999), U(EXCLUDE, 0, "d", 1001),
	    W(INCLUDE, 0, "a"), W(EXCLUDE, 0, "b"), I(UNFREEZE, 0)}, 8, {.from = 1, .target = 1, .live = {1}}, "1", "4 6 7"},
    {"forgotten hosts", {R, W(FORGET, 0, "a"), W(FORGET, 0, "b"), W(FORGET, 0, "a"), I(UNFREEZE, 0)}, 5,
	{.from = 1, .target = 1, .live = {1}}, "1", "2 3 4"},
    {"retries", {R, R, W(RETRY, 2, "a"), W(RETRY, 1, "a"), W(RETRY, 2, "a"), I(UNFREEZE, 0)}, 6,
	{.from = 2, .target = 2, .live = {2}}, "2", "3 4"},
};

static void
test_decide(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fold before = {0}, after = {0};
		struct quoin_error err = {0};
		struct quoin_gc gc = {0};
		char releases[128], intents[128];

		fold_words(cases[i].words, cases[i].count, &before);
		if (decide(&before.ledger, &cases[i].picture, 1, &gc, &err) != 0) {
			check_fail(__FILE__, __LINE__, "%s: %s", cases[i].name, err.message);
			continue;
		}
		print(gc.releases, gc.release_count, true, releases, sizeof releases);
		print(gc.intents, gc.intent_count, false, intents, sizeof intents);
		if (strcmp(releases, cases[i].releases) != 0 || strcmp(intents, cases[i].intents) != 0)
			check_fail(__FILE__, __LINE__, "%s: keeps releases %s, not %s; intents %s, not %s", cases[i].name, releases,
			    cases[i].releases, intents, cases[i].intents);
		/* Whoever begins with what is left comes to the same. */
		for (size_t k = 0; k < gc.release_count; k++)
			if (gc.releases[k].because == NULL)
				after.no_release |= 1ull << gc.releases[k].number;
		for (size_t k = 0; k < gc.intent_count; k++)
			if (gc.intents[k].because == NULL)
				after.no_intent |= 1ull << gc.intents[k].number;
		fold_words(cases[i].words, cases[i].count, &after);
		if (!quoin_gc_is_same(&before.ledger, &after.ledger, 1000))
			check_fail(__FILE__, __LINE__, "%s: what is left says something else", cases[i].name);
		quoin_gc_clear(&gc);
		quoin_ledger_clear(&before.ledger);
		quoin_ledger_clear(&after.ledger);
	}
}

static void
test_retain(void)
{
	static const struct word words[] = {R, R, R, R, R};
	struct picture picture = {.from = 2, .target = 2, .live = {2}};
	struct fold fold = {0};
	struct quoin_error err = {0};
	struct quoin_gc gc = {0};
	char releases[128];

	fold_words(words, 5, &fold);
	CHECK_INT(decide(&fold.ledger, &picture, 3, &gc, &err), 0);
	print(gc.releases, gc.release_count, true, releases, sizeof releases);
	CHECK_STR(releases, "2 3 4 5");
	quoin_gc_clear(&gc);
	quoin_ledger_clear(&fold.ledger);
}

/* Without knowing what is live, nothing goes. */
static void
test_unknown(void)
{
	static const struct word words[] = {R, R};
	struct picture nothing = {0}, unknown = {.from = 2, .target = 2, .live = {1, 2, 3}};
	struct fold fold = {0}, empty = {0};
	struct quoin_error err = {0};
	struct quoin_gc gc = {0};

	fold_words(words, 2, &fold);
	CHECK_INT(decide(&fold.ledger, &nothing, 1, &gc, &err), QUOIN_ECONFLICT);
	CHECK_CONTAINS(err.message, "nobody knows what is live");
	CHECK_INT(decide(&fold.ledger, &unknown, 1, &gc, &err), QUOIN_ECONFLICT);
	CHECK_CONTAINS(err.message, "does not verify");
	fold_words(words, 0, &empty);
	CHECK_INT(decide(&empty.ledger, &nothing, 1, &gc, &err), 0);
	quoin_gc_clear(&gc);
	quoin_ledger_clear(&fold.ledger);
}

/* The last look sees every difference. */
static void
test_last_look(void)
{
	static const struct word words[] = {R, R, R, I(PIN, 1), I(FREEZE, 0), W(EXCLUDE, 0, "a"), I(REVOKE, 2), I(ROLLBACK, 1)};
	struct fold before = {0};

	fold_words(words, 8, &before);
	CHECK(quoin_gc_is_same(&before.ledger, &before.ledger, 1000));
	for (unsigned i = 1; i <= 5; i++) {
		struct fold after = {.no_intent = 1u << i};

		fold_words(words, 8, &after);
		CHECK(!quoin_gc_is_same(&before.ledger, &after.ledger, 1000));
		quoin_ledger_clear(&after.ledger);
	}
	for (unsigned i = 3; i <= 3; i++) {
		struct fold after = {.no_release = 1u << i};

		fold_words(words, 8, &after);
		CHECK(!quoin_gc_is_same(&before.ledger, &after.ledger, 1000));
		quoin_ledger_clear(&after.ledger);
	}
	quoin_ledger_clear(&before.ledger);
}

static const struct check_case tests[] = {
	{"gc/decide", test_decide},
	{"gc/retain", test_retain},
	{"gc/unknown", test_unknown},
	{"gc/last-look", test_last_look},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, tests, sizeof tests / sizeof tests[0]);
}
