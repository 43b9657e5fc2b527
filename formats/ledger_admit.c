/*
 * Documents come into the ledger in any order, and some go again. All room is taken before anything changes.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/ledger_fold.h"

/* ---- Names: documents that are not held ---- */

static void
put_name(struct quoin_ledger_names *names, const struct quoin_docref *ref)
{
	bool found;
	const size_t at = ledger_name_at(names, ref->number, &found);

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
	const size_t at = ledger_name_at(names, number, &found);

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

/* ---- Room ---- */

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

/* ---- Admission ---- */

static int
fork_of(struct quoin_error *err, const char *what, uint64_t number)
{
	return quoin_error_set(err, QUOIN_EFORK, "%s %llu exists with two contents; keep both and find out who signed",
	    what, (unsigned long long)number);
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
	const size_t at = ledger_release_at(ledger, release->number, &is_held);

	if (release->number == 0)
		return quoin_error_set(err, QUOIN_ESYNTAX, "releases count from 1");
	if (ledger_release_forks(ledger, &item.ref))
		return fork_of(err, "release", release->number);
	if (ledger_release_forks(ledger, &release->head))
		return fork_of(err, "release", release->head.number);
	if (ledger_intent_forks(ledger, &release->intent))
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
	const size_t at = ledger_intent_at(ledger, intent->number, &is_held);

	if (intent->number == 0)
		return quoin_error_set(err, QUOIN_ESYNTAX, "intents count from 1");
	if (ledger_intent_forks(ledger, &ref))
		return fork_of(err, "intent", intent->number);
	if (ledger_intent_forks(ledger, &intent->prev))
		return fork_of(err, "intent", intent->prev.number);
	if (ledger_release_forks(ledger, &intent->head))
		return fork_of(err, "release", intent->head.number);
	if (ledger_release_forks(ledger, &intent->release) || (intent->release.number == intent->head.number &&
		!quoin_hash_equal(&intent->release.hash, &intent->head.hash)))
		return fork_of(err, "release", intent->release.number);
	if (is_held)
		return 0;
	if (ledger->intent_count == QUOIN_LEDGER_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "more than %d intents; run quoin gc", QUOIN_LEDGER_MAX);
	if (!grow(&ledger->intents, ledger->intent_count, sizeof *ledger->intents) ||
	    !grow_fold(ledger, intent->action) || !grow_names(&ledger->missing_releases, 2) ||
	    !grow_names(&ledger->missing_intents, 1) || (item.whom = ledger_whom_of(intent)) == NULL)
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
	const size_t at = ledger_release_at(ledger, number, &is_held);

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
	const size_t at = ledger_intent_at(ledger, number, &is_held);

	if (!is_held || number >= ledger->last_intent.number || !grow_names(&ledger->missing_intents, 1))
		return false;
	gone = ledger->intents[at];
	ledger->intent_count--;
	ledger->said[gone.action]--;
	memmove(&ledger->intents[at], &ledger->intents[at + 1], (ledger->intent_count - at) * sizeof *ledger->intents);
	put_name(&ledger->missing_intents, &(struct quoin_docref){gone.number, gone.hash});
	ledger_fold_all(ledger); /* nothing borrows of it any more */
	ledger_free_whom(&gone);
	return true;
}
