#include "formats/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"

void
quoin_ledger_init(struct quoin_ledger *ledger)
{
	memset(ledger, 0, sizeof *ledger);
}

void
quoin_ledger_clear(struct quoin_ledger *ledger)
{
	free(ledger->releases);
	free(ledger->intents);
	free(ledger->intent_hashes);
	free(ledger->pins);
	free(ledger->excluded);
	memset(ledger, 0, sizeof *ledger);
}

/* The place of a number among the releases or intents: where it is, or where it would be put. */
static size_t
release_at(const struct quoin_ledger *ledger, uint64_t number)
{
	size_t low = 0, high = ledger->release_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ledger->releases[middle].ref.number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t
intent_at(const struct quoin_ledger *ledger, uint64_t number)
{
	size_t low = 0, high = ledger->intent_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ledger->intents[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct quoin_ledger_release *
quoin_ledger_release(const struct quoin_ledger *ledger, uint64_t number)
{
	size_t at = release_at(ledger, number);

	return at < ledger->release_count && ledger->releases[at].ref.number == number ? &ledger->releases[at] : NULL;
}

const struct quoin_intent *
quoin_ledger_intent(const struct quoin_ledger *ledger, uint64_t number)
{
	size_t at = intent_at(ledger, number);

	return at < ledger->intent_count && ledger->intents[at].number == number ? &ledger->intents[at] : NULL;
}

/* ---- The fold ---- */

/* Two release numbers that mean the same content, as far as is known. */
static bool
is_same_content(const struct quoin_ledger *ledger, uint64_t a, uint64_t b)
{
	const struct quoin_ledger_release *held_a, *held_b;

	if (a == b)
		return true;
	held_a = quoin_ledger_release(ledger, a);
	held_b = quoin_ledger_release(ledger, b);
	return held_a != NULL && held_b != NULL && quoin_hash_equal(&held_a->content, &held_b->content);
}

static bool
is_revoked_before(const struct quoin_ledger *ledger, uint64_t release, uint64_t intent)
{
	for (size_t i = 0; i < ledger->intent_count && ledger->intents[i].number < intent; i++) {
		if (ledger->intents[i].action == QUOIN_ACTION_REVOKE &&
		    is_same_content(ledger, ledger->intents[i].release.number, release))
			return true;
	}
	return false;
}

static void
remove_pin(struct quoin_ledger *ledger, size_t at)
{
	ledger->pin_count--;
	memmove(&ledger->pins[at], &ledger->pins[at + 1], (ledger->pin_count - at) * sizeof *ledger->pins);
}

static void
unpin(struct quoin_ledger *ledger, const struct quoin_labels *labels)
{
	for (size_t i = ledger->pin_count; i-- > 0;) {
		if (quoin_labels_equal(&ledger->pins[i].labels, labels))
			remove_pin(ledger, i);
	}
}

static void
pin(struct quoin_ledger *ledger, const struct quoin_intent *intent)
{
	if (is_revoked_before(ledger, intent->release.number, intent->number))
		return;
	unpin(ledger, &intent->labels);
	ledger->pins[ledger->pin_count++] =
	    (struct quoin_pin){.intent = intent->number, .release = intent->release.number, .labels = intent->labels};
}

static void
revoke(struct quoin_ledger *ledger, uint64_t release)
{
	for (size_t i = ledger->pin_count; i-- > 0;) {
		if (is_same_content(ledger, ledger->pins[i].release, release))
			remove_pin(ledger, i);
	}
	for (size_t i = 0; i < ledger->release_count; i++) {
		if (is_same_content(ledger, ledger->releases[i].ref.number, release))
			ledger->releases[i].is_revoked = true;
	}
}

static size_t
exclusion_at(const struct quoin_ledger *ledger, const char *host)
{
	size_t at = 0;

	while (at < ledger->excluded_count && strcmp(ledger->excluded[at].host, host) < 0)
		at++;
	return at;
}

bool
quoin_ledger_excludes(const struct quoin_ledger *ledger, const char *host, int64_t wall_ms)
{
	const struct quoin_exclusion *excluded = &ledger->excluded[exclusion_at(ledger, host)];

	return excluded < ledger->excluded + ledger->excluded_count && strcmp(excluded->host, host) == 0 &&
	    (excluded->until_ms == 0 || wall_ms < excluded->until_ms);
}

static void
include(struct quoin_ledger *ledger, const char *host)
{
	size_t at = exclusion_at(ledger, host);

	if (at == ledger->excluded_count || strcmp(ledger->excluded[at].host, host) != 0)
		return;
	ledger->excluded_count--;
	memmove(&ledger->excluded[at], &ledger->excluded[at + 1],
	    (ledger->excluded_count - at) * sizeof *ledger->excluded);
}

static void
exclude(struct quoin_ledger *ledger, const struct quoin_intent *intent)
{
	struct quoin_exclusion exclusion = {.until_ms = intent->until_ms, .by_operator = true};
	size_t at;

	memcpy(exclusion.host, intent->host, sizeof exclusion.host);
	include(ledger, intent->host);
	at = exclusion_at(ledger, intent->host);
	memmove(&ledger->excluded[at + 1], &ledger->excluded[at],
	    (ledger->excluded_count - at) * sizeof *ledger->excluded);
	ledger->excluded[at] = exclusion;
	ledger->excluded_count++;
}

/* There must be room for one more pin and one more exclusion. */
static void
fold_intent(struct quoin_ledger *ledger, const struct quoin_intent *intent)
{
	switch (intent->action) {
	case QUOIN_ACTION_ROLLBACK:
		ledger->asked = intent->release.number;
		ledger->asked_is_brake = true;
		break;
	case QUOIN_ACTION_PIN:
		pin(ledger, intent);
		break;
	case QUOIN_ACTION_UNPIN:
		unpin(ledger, &intent->labels);
		break;
	case QUOIN_ACTION_REVOKE:
		revoke(ledger, intent->release.number);
		break;
	case QUOIN_ACTION_FREEZE:
		ledger->frozen = true;
		break;
	case QUOIN_ACTION_UNFREEZE:
		ledger->frozen = false;
		break;
	case QUOIN_ACTION_EXCLUDE:
		exclude(ledger, intent);
		break;
	case QUOIN_ACTION_INCLUDE:
		include(ledger, intent->host);
		break;
	case QUOIN_ACTION_FORGET: /* what these two change, the gate keeps */
	case QUOIN_ACTION_RETRY:
		break;
	}
}

static void
fold_release(struct quoin_ledger *ledger, struct quoin_ledger_release *release)
{
	ledger->asked = release->ref.number;
	ledger->asked_is_brake = false;
	for (size_t i = 0; i < ledger->release_count && !release->is_revoked; i++)
		release->is_revoked =
		    ledger->releases[i].is_revoked && quoin_hash_equal(&ledger->releases[i].content, &release->content);
}

static void
note_newest(struct quoin_ledger *ledger)
{
	size_t releases = ledger->release_count, intents = ledger->intent_count;

	memset(&ledger->head, 0, sizeof ledger->head);
	memset(&ledger->last_intent, 0, sizeof ledger->last_intent);
	if (releases > 0)
		ledger->head = ledger->releases[releases - 1].ref;
	if (intents > 0) {
		ledger->last_intent.number = ledger->intents[intents - 1].number;
		ledger->last_intent.hash = ledger->intent_hashes[intents - 1];
	}
}

/* Everything anew, into arrays with room for every pin and exclusion there ever was. */
static void
fold_all(struct quoin_ledger *ledger)
{
	size_t r = 0, k = 0;

	ledger->asked = 0;
	ledger->asked_is_brake = false;
	ledger->frozen = false;
	ledger->pin_count = 0;
	ledger->excluded_count = 0;
	for (size_t i = 0; i < ledger->release_count; i++)
		ledger->releases[i].is_revoked = false;
	while (r < ledger->release_count || k < ledger->intent_count) {
		if (k == ledger->intent_count ||
		    (r < ledger->release_count && ledger->releases[r].intent < ledger->intents[k].number))
			fold_release(ledger, &ledger->releases[r++]);
		else
			fold_intent(ledger, &ledger->intents[k++]);
	}
}

/* ---- Room, taken before anything changes ---- */

/* Room for one more item in an array whose capacity is its count rounded up to a power of two. */
static bool
grow(void *array, size_t count, size_t item_bytes)
{
	void *old, *new;

	if ((count & (count - 1)) != 0)
		return true;
	memcpy(&old, array, sizeof old);
	new = reallocarray(old, count == 0 ? 1 : count * 2, item_bytes);
	if (new == NULL)
		return false;
	memcpy(array, &new, sizeof new);
	/* cppcheck-suppress memleak ; the array has it now */
	return true;
}

/* Room for as many pins and exclusions as a fold may hold at once, "more" being the coming intent's. */
static bool
reserve_fold(struct quoin_ledger *ledger, enum quoin_action more)
{
	size_t pins = more == QUOIN_ACTION_PIN, excluded = more == QUOIN_ACTION_EXCLUDE;
	void *array;

	for (size_t i = 0; i < ledger->intent_count; i++) {
		pins += ledger->intents[i].action == QUOIN_ACTION_PIN;
		excluded += ledger->intents[i].action == QUOIN_ACTION_EXCLUDE;
	}
	if (pins > 0) {
		array = reallocarray(ledger->pins, pins, sizeof *ledger->pins);
		if (array == NULL)
			return false;
		ledger->pins = array;
	}
	if (excluded > 0) {
		array = reallocarray(ledger->excluded, excluded, sizeof *ledger->excluded);
		if (array == NULL)
			return false;
		ledger->excluded = array;
	}
	return true;
}

/* ---- Admission ---- */

static int
fork_of(struct quoin_error *err, const char *what, uint64_t number)
{
	return quoin_error_set(err, QUOIN_EFORK, "%s %llu exists with two contents; keep both and find out who signed",
	    what, (unsigned long long)number);
}

static bool
differs(const struct quoin_docref *ref, uint64_t number, const struct quoin_hash *hash)
{
	return ref->number == number && number != 0 && !quoin_hash_equal(&ref->hash, hash);
}

/* Whether a release held, or one that an intent names, has this number and another hash. */
static bool
release_forks(const struct quoin_ledger *ledger, const struct quoin_docref *ref)
{
	const struct quoin_ledger_release *held = quoin_ledger_release(ledger, ref->number);
	const struct quoin_ledger_release *next = quoin_ledger_release(ledger, ref->number + 1);

	if (ref->number == 0)
		return false;
	if (held != NULL)
		return !quoin_hash_equal(&held->ref.hash, &ref->hash);
	if (next != NULL && differs(&next->head, ref->number, &ref->hash))
		return true;
	for (size_t i = 0; i < ledger->intent_count; i++) {
		if (differs(&ledger->intents[i].head, ref->number, &ref->hash) ||
		    differs(&ledger->intents[i].release, ref->number, &ref->hash))
			return true;
	}
	return false;
}

static bool
intent_forks(const struct quoin_ledger *ledger, const struct quoin_docref *ref)
{
	size_t at = intent_at(ledger, ref->number);

	if (ref->number == 0)
		return false;
	if (at < ledger->intent_count && ledger->intents[at].number == ref->number)
		return !quoin_hash_equal(&ledger->intent_hashes[at], &ref->hash);
	if (at < ledger->intent_count && differs(&ledger->intents[at].prev, ref->number, &ref->hash))
		return true;
	for (size_t i = 0; i < ledger->release_count; i++) {
		if (ledger->releases[i].intent == ref->number &&
		    !quoin_hash_equal(&ledger->releases[i].intent_hash, &ref->hash))
			return true;
	}
	return false;
}

/* Whether the release is the end of the signed order, and no intent before it speaks of it. */
static bool
release_is_last(const struct quoin_ledger *ledger, const struct quoin_ledger_release *release)
{
	if (release->ref.number <= ledger->head.number || release->intent < ledger->last_intent.number)
		return false;
	for (size_t i = 0; i < ledger->intent_count; i++) {
		if (ledger->intents[i].release.number == release->ref.number)
			return false;
	}
	return true;
}

static bool
intent_is_last(const struct quoin_ledger *ledger, uint64_t number)
{
	if (number <= ledger->last_intent.number)
		return false;
	for (size_t i = 0; i < ledger->release_count; i++) {
		if (ledger->releases[i].intent >= number)
			return false;
	}
	return true;
}

int
quoin_ledger_admit_release(struct quoin_ledger *ledger, const struct quoin_release *release,
    const struct quoin_hash *hash, struct quoin_error *err)
{
	struct quoin_ledger_release item = {.ref = {release->number, *hash},
	    .head = release->head,
	    .intent = release->intent.number,
	    .intent_hash = release->intent.hash,
	    .created_ms = release->created_ms};
	size_t at = release_at(ledger, release->number);
	bool last;

	if (release->number == 0)
		return quoin_error_set(err, QUOIN_ESYNTAX, "releases count from 1");
	if (release_forks(ledger, &item.ref))
		return fork_of(err, "release", release->number);
	if (release_forks(ledger, &release->head))
		return fork_of(err, "release", release->head.number);
	if (intent_forks(ledger, &release->intent))
		return fork_of(err, "intent", release->intent.number);
	if (at < ledger->release_count && ledger->releases[at].ref.number == release->number)
		return 0;
	if (ledger->release_count == QUOIN_LEDGER_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "more than %d releases; run quoin gc", QUOIN_LEDGER_MAX);
	if (!grow(&ledger->releases, ledger->release_count, sizeof *ledger->releases) ||
	    !reserve_fold(ledger, QUOIN_ACTION_RETRY))
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	quoin_release_content(release, &item.content);
	last = release_is_last(ledger, &item);
	memmove(&ledger->releases[at + 1], &ledger->releases[at],
	    (ledger->release_count - at) * sizeof *ledger->releases);
	ledger->releases[at] = item;
	ledger->release_count++;
	if (last)
		fold_release(ledger, &ledger->releases[at]);
	else
		fold_all(ledger);
	note_newest(ledger);
	return 0;
}

int
quoin_ledger_admit_intent(struct quoin_ledger *ledger, const struct quoin_intent *intent, const struct quoin_hash *hash,
    struct quoin_error *err)
{
	struct quoin_docref ref = {intent->number, *hash};
	size_t at = intent_at(ledger, intent->number), after = ledger->intent_count - at;
	bool last;

	if (intent->number == 0)
		return quoin_error_set(err, QUOIN_ESYNTAX, "intents count from 1");
	if (intent_forks(ledger, &ref))
		return fork_of(err, "intent", intent->number);
	if (intent_forks(ledger, &intent->prev))
		return fork_of(err, "intent", intent->prev.number);
	if (release_forks(ledger, &intent->head))
		return fork_of(err, "release", intent->head.number);
	if (release_forks(ledger, &intent->release))
		return fork_of(err, "release", intent->release.number);
	if (after > 0 && ledger->intents[at].number == intent->number)
		return 0;
	if (ledger->intent_count == QUOIN_LEDGER_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "more than %d intents; run quoin gc", QUOIN_LEDGER_MAX);
	if (!grow(&ledger->intents, ledger->intent_count, sizeof *ledger->intents) ||
	    !grow(&ledger->intent_hashes, ledger->intent_count, sizeof *ledger->intent_hashes) ||
	    !reserve_fold(ledger, intent->action))
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	last = intent_is_last(ledger, intent->number);
	memmove(&ledger->intents[at + 1], &ledger->intents[at], after * sizeof *ledger->intents);
	memmove(&ledger->intent_hashes[at + 1], &ledger->intent_hashes[at], after * sizeof *ledger->intent_hashes);
	ledger->intents[at] = *intent;
	memset(ledger->intents[at].message, 0, sizeof ledger->intents[at].message);
	ledger->intent_hashes[at] = *hash;
	ledger->intent_count++;
	if (last)
		fold_intent(ledger, &ledger->intents[at]);
	else
		fold_all(ledger);
	note_newest(ledger);
	return 0;
}

/* ---- Forgetting ---- */

bool
quoin_ledger_forget_release(struct quoin_ledger *ledger, uint64_t number)
{
	size_t at = release_at(ledger, number);

	if (number >= ledger->head.number || at >= ledger->release_count || ledger->releases[at].ref.number != number)
		return false;
	ledger->release_count--;
	memmove(&ledger->releases[at], &ledger->releases[at + 1], (ledger->release_count - at) * sizeof *ledger->releases);
	fold_all(ledger);
	return true;
}

bool
quoin_ledger_forget_intent(struct quoin_ledger *ledger, uint64_t number)
{
	size_t at = intent_at(ledger, number), after;

	if (number >= ledger->last_intent.number || at >= ledger->intent_count || ledger->intents[at].number != number)
		return false;
	ledger->intent_count--;
	after = ledger->intent_count - at;
	memmove(&ledger->intents[at], &ledger->intents[at + 1], after * sizeof *ledger->intents);
	memmove(&ledger->intent_hashes[at], &ledger->intent_hashes[at + 1], after * sizeof *ledger->intent_hashes);
	fold_all(ledger);
	return true;
}

/* ---- Activations ---- */

/* Held here, and the same by hash where the activation says it; or selectable in what was obeyed until now. */
static int
check_release(const struct quoin_ledger *ledger, const struct quoin_activation *activation,
    const struct quoin_activation *before, uint64_t release, struct quoin_error *err)
{
	const struct quoin_ledger_release *held = quoin_ledger_release(ledger, release);
	const struct quoin_live *live = quoin_activation_live(activation, release), *was;

	if (release == 0)
		return 0;
	if (held != NULL && (live == NULL || quoin_hash_equal(&held->ref.hash, &live->release.hash)))
		return 0;
	was = before != NULL ? quoin_activation_live(before, release) : NULL;
	if (held == NULL && before != NULL && quoin_activation_may_select(before, release) &&
	    (was == NULL || live == NULL || quoin_hash_equal(&was->release.hash, &live->release.hash)))
		return 0;
	return quoin_error_set(err, QUOIN_EREFUSED,
	    "the activation selects release %llu, which nobody has signed as such", (unsigned long long)release);
}

static bool
pin_is_equal(const struct quoin_pin *pin, uint64_t intent, uint64_t release, const struct quoin_labels *labels)
{
	return pin->intent == intent && pin->release == release && quoin_labels_equal(&pin->labels, labels);
}

static int
check_pin(const struct quoin_ledger *ledger, const struct quoin_activation *before, const struct quoin_pin *pin,
    struct quoin_error *err)
{
	const struct quoin_intent *intent = quoin_ledger_intent(ledger, pin->intent);

	if (intent != NULL && intent->action == QUOIN_ACTION_PIN &&
	    pin_is_equal(pin, intent->number, intent->release.number, &intent->labels))
		return 0;
	for (size_t i = 0; intent == NULL && before != NULL && i < before->pin_count; i++) {
		const struct quoin_pin *was = &before->pins[i];

		if (pin_is_equal(pin, was->intent, was->release, &was->labels))
			return 0;
	}
	return quoin_error_set(err, QUOIN_EREFUSED,
	    "the activation has a pin to release %llu that intent %llu does not ask for",
	    (unsigned long long)pin->release, (unsigned long long)pin->intent);
}

static int
check_consumed(const struct quoin_ledger *ledger, const struct quoin_activation *activation, struct quoin_error *err)
{
	if (activation->head.number > ledger->head.number || activation->intent.number > ledger->last_intent.number)
		return quoin_error_set(err, QUOIN_EAGAIN,
		    "the activation is ahead of the control log: release %llu, intent %llu",
		    (unsigned long long)activation->head.number, (unsigned long long)activation->intent.number);
	if (release_forks(ledger, &activation->head))
		return quoin_error_set(err, QUOIN_EREFUSED,
		    "the activation follows another release %llu than the one held",
		    (unsigned long long)activation->head.number);
	if (intent_forks(ledger, &activation->intent))
		return quoin_error_set(err, QUOIN_EREFUSED,
		    "the activation follows another intent %llu than the one held",
		    (unsigned long long)activation->intent.number);
	return 0;
}

int
quoin_ledger_check_activation(const struct quoin_ledger *ledger, const struct quoin_activation *activation,
    const struct quoin_activation *before, struct quoin_error *err)
{
	int rc = check_consumed(ledger, activation, err);

	if (rc == 0)
		rc = check_release(ledger, activation, before, activation->target, err);
	if (rc == 0)
		rc = check_release(ledger, activation, before, activation->from, err);
	for (size_t i = 0; i < activation->pin_count && rc == 0; i++) {
		rc = check_pin(ledger, before, &activation->pins[i], err);
		if (rc == 0)
			rc = check_release(ledger, activation, before, activation->pins[i].release, err);
	}
	return rc;
}
