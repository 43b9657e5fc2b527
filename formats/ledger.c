#include "formats/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "formats/ledger_fold.h"
#include "lib/search.h"

/* Of intents that are about nobody. */
static char nobody[1];

void
quoin_ledger_init(struct quoin_ledger *ledger)
{
	memset(ledger, 0, sizeof *ledger);
}

static void
free_whom(const struct quoin_ledger_intent *intent)
{
	if (intent->whom != nobody)
		free(intent->whom);
}

void
quoin_ledger_clear(struct quoin_ledger *ledger)
{
	for (size_t i = 0; i < ledger->intent_count; i++)
		free_whom(&ledger->intents[i]);
	free(ledger->releases);
	free(ledger->intents);
	free(ledger->missing_releases.items);
	free(ledger->missing_intents.items);
	free(ledger->pins);
	free(ledger->excluded);
	free(ledger->revoked);
	memset(ledger, 0, sizeof *ledger);
}

/* The place of a number among the releases or intents: where it is, or where it would be put. */
static size_t
release_at(const struct quoin_ledger *ledger, uint64_t number, bool *ret_held)
{
	return quoin_search_u64(ledger->releases != NULL ? &ledger->releases[0].ref.number : NULL,
	    ledger->release_count, sizeof *ledger->releases, number, ret_held);
}

static size_t
intent_at(const struct quoin_ledger *ledger, uint64_t number, bool *ret_held)
{
	return quoin_search_u64(ledger->intents != NULL ? &ledger->intents[0].number : NULL, ledger->intent_count,
	    sizeof *ledger->intents, number, ret_held);
}

bool
quoin_ledger_has_skipped(const struct quoin_ledger *ledger, uint64_t last)
{
	return ledger->last_intent.number > last + 1;
}

const struct quoin_ledger_release *
quoin_ledger_release(const struct quoin_ledger *ledger, uint64_t number)
{
	bool held;
	const size_t at = release_at(ledger, number, &held);

	return held ? &ledger->releases[at] : NULL;
}

const struct quoin_ledger_intent *
quoin_ledger_intent(const struct quoin_ledger *ledger, uint64_t number)
{
	bool held;
	const size_t at = intent_at(ledger, number, &held);

	return held ? &ledger->intents[at] : NULL;
}

const char *
quoin_ledger_host(const struct quoin_ledger_intent *intent)
{
	return intent->action == QUOIN_ACTION_PIN || intent->action == QUOIN_ACTION_UNPIN ? "" : intent->whom;
}

void
quoin_ledger_pin_expand(const struct quoin_ledger_pin *pin, struct quoin_pin *ret)
{
	ret->intent = pin->intent;
	ret->release = pin->release;
	quoin_labels_read(pin->labels, &ret->labels);
}

/* ---- Names: documents that are not held ---- */

static size_t
name_at(const struct quoin_ledger_names *names, uint64_t number, bool *ret_found)
{
	return names->first +
	    quoin_search_u64(names->items != NULL ? &names->items[names->first].ref.number : NULL, names->count,
		sizeof *names->items, number, ret_found);
}

struct quoin_ledger_name *
ledger_name(const struct quoin_ledger_names *names, uint64_t number)
{
	bool found;
	const size_t at = name_at(names, number, &found);

	return found ? &names->items[at] : NULL;
}

static void
put_name(struct quoin_ledger_names *names, const struct quoin_docref *ref)
{
	bool found;
	const size_t at = name_at(names, ref->number, &found);

	if (found)
		return;
	memmove(&names->items[at + 1], &names->items[at], (names->first + names->count - at) * sizeof *names->items);
	names->items[at] = (struct quoin_ledger_name){.ref = *ref};
	names->count++;
}

/* They come and go in order: what goes is mostly the first. */
static void
remove_name(struct quoin_ledger_names *names, uint64_t number)
{
	bool found;
	const size_t at = name_at(names, number, &found);

	if (!found)
		return;
	names->count--;
	if (names->count == 0)
		names->first = 0;
	else if (at == names->first)
		names->first++;
	else
		memmove(&names->items[at], &names->items[at + 1],
		    (names->first + names->count - at) * sizeof *names->items);
}

static void
name_release(struct quoin_ledger *ledger, const struct quoin_docref *ref)
{
	if (ref->number != 0 && quoin_ledger_release(ledger, ref->number) == NULL)
		put_name(&ledger->missing_releases, ref);
}

static void
name_intent(struct quoin_ledger *ledger, const struct quoin_docref *ref)
{
	if (ref->number != 0 && quoin_ledger_intent(ledger, ref->number) == NULL)
		put_name(&ledger->missing_intents, ref);
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

static bool
grow_names(struct quoin_ledger_names *names, size_t more)
{
	const size_t room = names->room == 0 ? 4 : names->room * 2;
	struct quoin_ledger_name *items;

	if (names->first + names->count + more <= names->room)
		return true;
	if (names->first > names->room / 2) {
		memmove(names->items, &names->items[names->first], names->count * sizeof *names->items);
		names->first = 0;
		return true;
	}
	items = reallocarray(names->items, room, sizeof *items);
	if (items == NULL)
		return false;
	names->items = items;
	names->room = room;
	return true;
}

/* For one more pin, exclusion or revocation than there are intents of the kind. */
static bool
grow_fold(struct quoin_ledger *ledger, enum quoin_action action)
{
	const size_t said = ledger->said[action];

	if (action == QUOIN_ACTION_PIN)
		return grow(&ledger->pins, said, sizeof *ledger->pins);
	if (action == QUOIN_ACTION_EXCLUDE)
		return grow(&ledger->excluded, said, sizeof *ledger->excluded);
	return action != QUOIN_ACTION_REVOKE || grow(&ledger->revoked, said, sizeof *ledger->revoked);
}

/* Whom an intent is about, as a text of its own; NULL without memory. */
static char *
whom_of(const struct quoin_intent *intent)
{
	char labels[QUOIN_LABELS_TEXT_BYTES];

	if (intent->host[0] != '\0')
		return strdup(intent->host);
	if (intent->labels.count == 0)
		return nobody;
	quoin_labels_print(&intent->labels, labels);
	return strdup(labels);
}

/* ---- Admission ---- */

static int
fork_of(struct quoin_error *err, const char *what, uint64_t number)
{
	return quoin_error_set(err, QUOIN_EFORK, "%s %llu exists with two contents; keep both and find out who signed",
	    what, (unsigned long long)number);
}

/* Whether the release is held, or named, with this number and another hash. */
static bool
release_forks(const struct quoin_ledger *ledger, const struct quoin_docref *ref)
{
	const struct quoin_ledger_release *held = quoin_ledger_release(ledger, ref->number);
	const struct quoin_ledger_name *name;

	if (held != NULL)
		return !quoin_hash_equal(&held->ref.hash, &ref->hash);
	name = ledger_name(&ledger->missing_releases, ref->number);
	return name != NULL && !quoin_hash_equal(&name->ref.hash, &ref->hash);
}

static bool
intent_forks(const struct quoin_ledger *ledger, const struct quoin_docref *ref)
{
	const struct quoin_ledger_intent *held = quoin_ledger_intent(ledger, ref->number);
	const struct quoin_ledger_name *name;

	if (held != NULL)
		return !quoin_hash_equal(&held->hash, &ref->hash);
	name = ledger_name(&ledger->missing_intents, ref->number);
	return name != NULL && !quoin_hash_equal(&name->ref.hash, &ref->hash);
}

static void
note_newest(struct quoin_ledger *ledger)
{
	memset(&ledger->head, 0, sizeof ledger->head);
	memset(&ledger->last_intent, 0, sizeof ledger->last_intent);
	if (ledger->release_count > 0)
		ledger->head = ledger->releases[ledger->release_count - 1].ref;
	if (ledger->intent_count > 0)
		ledger->last_intent = (struct quoin_docref){ledger->intents[ledger->intent_count - 1].number,
		    ledger->intents[ledger->intent_count - 1].hash};
}

/* There is room. */
static void
put_release(struct quoin_ledger *ledger, size_t at, const struct quoin_ledger_release *item)
{
	/* The end of the signed order, and nobody spoke of it before. */
	const bool is_last = item->ref.number > ledger->head.number && item->intent >= ledger->last_intent.number &&
	    ledger_name(&ledger->missing_releases, item->ref.number) == NULL;

	memmove(&ledger->releases[at + 1], &ledger->releases[at],
	    (ledger->release_count - at) * sizeof *ledger->releases);
	ledger->releases[at] = *item;
	ledger->release_count++;
	if (item->intent > ledger->followed)
		ledger->followed = item->intent;
	remove_name(&ledger->missing_releases, item->ref.number);
	note_newest(ledger);
	if (is_last)
		ledger_fold_release(ledger, &ledger->releases[at]);
	else
		ledger_fold_all(ledger);
}

int
quoin_ledger_admit_release(struct quoin_ledger *ledger, const struct quoin_release *release,
    const struct quoin_hash *hash, struct quoin_error *err)
{
	struct quoin_ledger_release item = {.ref = {release->number, *hash},
	    .intent = release->intent.number,
	    .created_ms = release->created_ms};
	bool is_held;
	const size_t at = release_at(ledger, release->number, &is_held);

	if (release->number == 0)
		return quoin_error_set(err, QUOIN_ESYNTAX, "releases count from 1");
	if (release_forks(ledger, &item.ref))
		return fork_of(err, "release", release->number);
	if (release_forks(ledger, &release->head))
		return fork_of(err, "release", release->head.number);
	if (intent_forks(ledger, &release->intent))
		return fork_of(err, "intent", release->intent.number);
	if (is_held)
		return 0;
	if (ledger->release_count == QUOIN_LEDGER_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "more than %d releases; run quoin gc", QUOIN_LEDGER_MAX);
	if (!grow(&ledger->releases, ledger->release_count, sizeof *ledger->releases) ||
	    !grow_names(&ledger->missing_releases, 1) || !grow_names(&ledger->missing_intents, 1))
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	quoin_release_content(release, &item.content);
	name_release(ledger, &release->head);
	name_intent(ledger, &release->intent);
	put_release(ledger, at, &item);
	return 0;
}

/* There is room. */
static void
put_intent(struct quoin_ledger *ledger, size_t at, const struct quoin_ledger_intent *item)
{
	const bool is_last = item->number > ledger->last_intent.number && ledger->followed < item->number;

	memmove(&ledger->intents[at + 1], &ledger->intents[at], (ledger->intent_count - at) * sizeof *ledger->intents);
	ledger->intents[at] = *item;
	ledger->intent_count++;
	ledger->said[item->action]++;
	remove_name(&ledger->missing_intents, item->number);
	note_newest(ledger);
	if (is_last)
		ledger_fold_intent(ledger, &ledger->intents[at]);
	else
		ledger_fold_all(ledger);
}

int
quoin_ledger_admit_intent(struct quoin_ledger *ledger, const struct quoin_intent *intent, const struct quoin_hash *hash,
    struct quoin_error *err)
{
	struct quoin_ledger_intent item = {.number = intent->number, .hash = *hash, .head = intent->head.number,
	    .release = intent->release.number, .created_ms = intent->created_ms, .until_ms = intent->until_ms,
	    .action = intent->action};
	const struct quoin_docref ref = {intent->number, *hash};
	bool is_held;
	const size_t at = intent_at(ledger, intent->number, &is_held);

	if (intent->number == 0)
		return quoin_error_set(err, QUOIN_ESYNTAX, "intents count from 1");
	if (intent_forks(ledger, &ref))
		return fork_of(err, "intent", intent->number);
	if (intent_forks(ledger, &intent->prev))
		return fork_of(err, "intent", intent->prev.number);
	if (release_forks(ledger, &intent->head))
		return fork_of(err, "release", intent->head.number);
	if (release_forks(ledger, &intent->release) || (intent->release.number == intent->head.number &&
		!quoin_hash_equal(&intent->release.hash, &intent->head.hash)))
		return fork_of(err, "release", intent->release.number);
	if (is_held)
		return 0;
	if (ledger->intent_count == QUOIN_LEDGER_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "more than %d intents; run quoin gc", QUOIN_LEDGER_MAX);
	if (!grow(&ledger->intents, ledger->intent_count, sizeof *ledger->intents) ||
	    !grow_fold(ledger, intent->action) || !grow_names(&ledger->missing_releases, 2) ||
	    !grow_names(&ledger->missing_intents, 1) || (item.whom = whom_of(intent)) == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	name_release(ledger, &intent->head);
	name_release(ledger, &intent->release);
	name_intent(ledger, &intent->prev);
	put_intent(ledger, at, &item);
	return 0;
}

/* ---- Forgetting ---- */

bool
quoin_ledger_forget_release(struct quoin_ledger *ledger, uint64_t number)
{
	struct quoin_docref ref;
	bool is_held;
	const size_t at = release_at(ledger, number, &is_held);

	if (!is_held || number >= ledger->head.number || !grow_names(&ledger->missing_releases, 1))
		return false;
	ref = ledger->releases[at].ref;
	ledger->release_count--;
	memmove(&ledger->releases[at], &ledger->releases[at + 1], (ledger->release_count - at) * sizeof *ledger->releases);
	put_name(&ledger->missing_releases, &ref);
	ledger->followed = 0;
	for (size_t i = 0; i < ledger->release_count; i++)
		if (ledger->releases[i].intent > ledger->followed)
			ledger->followed = ledger->releases[i].intent;
	ledger_fold_all(ledger);
	return true;
}

bool
quoin_ledger_forget_intent(struct quoin_ledger *ledger, uint64_t number)
{
	struct quoin_ledger_intent gone;
	bool is_held;
	const size_t at = intent_at(ledger, number, &is_held);

	if (!is_held || number >= ledger->last_intent.number || !grow_names(&ledger->missing_intents, 1))
		return false;
	gone = ledger->intents[at];
	ledger->intent_count--;
	ledger->said[gone.action]--;
	memmove(&ledger->intents[at], &ledger->intents[at + 1], (ledger->intent_count - at) * sizeof *ledger->intents);
	put_name(&ledger->missing_intents, &(struct quoin_docref){gone.number, gone.hash});
	ledger_fold_all(ledger); /* nothing borrows of it any more */
	free_whom(&gone);
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

static int
check_pin(const struct quoin_ledger *ledger, const struct quoin_activation *before, const struct quoin_pin *pin,
    struct quoin_error *err)
{
	const struct quoin_ledger_intent *intent = quoin_ledger_intent(ledger, pin->intent);
	char labels[QUOIN_LABELS_TEXT_BYTES];

	quoin_labels_print(&pin->labels, labels);
	if (intent != NULL && intent->action == QUOIN_ACTION_PIN && intent->release == pin->release &&
	    strcmp(intent->whom, labels) == 0)
		return 0;
	for (size_t i = 0; intent == NULL && before != NULL && i < before->pin_count; i++) {
		const struct quoin_pin *was = &before->pins[i];

		if (pin->intent == was->intent && pin->release == was->release &&
		    quoin_labels_equal(&pin->labels, &was->labels))
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
