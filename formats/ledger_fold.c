/*
 * The fold: what all intents and releases that are held ask for together, in their signed order.
 */
#include "formats/ledger_fold.h"

#include <string.h>

#include "lib/search.h"

static int
compare_hash(const void *item, const void *key)
{
	return memcmp(((const struct quoin_hash *)item)->bytes, ((const struct quoin_hash *)key)->bytes,
	    sizeof((const struct quoin_hash *)key)->bytes);
}

static size_t
revoked_at(const struct quoin_ledger *ledger, const struct quoin_hash *content, bool *ret_found)
{
	return quoin_search(ledger->revoked, ledger->revoked_count, sizeof *ledger->revoked, compare_hash, content,
	    ret_found);
}

static bool
has_revoked(const struct quoin_ledger *ledger, const struct quoin_hash *content)
{
	bool found;

	(void)revoked_at(ledger, content, &found);
	return found;
}

/* By what was folded until now; of a release that is not held only its number is known. */
static bool
is_revoked(const struct quoin_ledger *ledger, uint64_t release)
{
	const struct quoin_ledger_release *held = quoin_ledger_release(ledger, release);
	const struct quoin_ledger_name *name;

	if (held != NULL)
		return has_revoked(ledger, &held->content);
	name = ledger_name(&ledger->missing_releases, release);
	return name != NULL && name->is_revoked;
}

/* ---- Pins ---- */

static void
remove_pin(struct quoin_ledger *ledger, size_t at)
{
	ledger->pin_count--;
	memmove(&ledger->pins[at], &ledger->pins[at + 1], (ledger->pin_count - at) * sizeof *ledger->pins);
}

static void
unpin(struct quoin_ledger *ledger, const char *labels)
{
	for (size_t i = ledger->pin_count; i-- > 0;) {
		if (strcmp(ledger->pins[i].labels, labels) == 0)
			remove_pin(ledger, i);
	}
}

static void
pin(struct quoin_ledger *ledger, const struct quoin_ledger_intent *intent)
{
	if (is_revoked(ledger, intent->release))
		return;
	unpin(ledger, intent->whom);
	ledger->pins[ledger->pin_count++] = (struct quoin_ledger_pin){intent->number, intent->release, intent->whom};
}

static void
revoke(struct quoin_ledger *ledger, uint64_t release)
{
	const struct quoin_ledger_release *held = quoin_ledger_release(ledger, release);
	bool found;
	size_t at;

	if (held != NULL) {
		at = revoked_at(ledger, &held->content, &found);
		if (found)
			return;
		memmove(&ledger->revoked[at + 1], &ledger->revoked[at],
		    (ledger->revoked_count - at) * sizeof *ledger->revoked);
		ledger->revoked[at] = held->content;
		ledger->revoked_count++;
	} else {
		ledger_name(&ledger->missing_releases, release)->is_revoked = true;
	}
	for (size_t i = ledger->pin_count; i-- > 0;) {
		if (is_revoked(ledger, ledger->pins[i].release))
			remove_pin(ledger, i);
	}
}

/* ---- Hosts ---- */

static int
compare_host(const void *item, const void *key)
{
	return strcmp(((const struct quoin_ledger_exclusion *)item)->host, key);
}

static size_t
exclusion_at(const struct quoin_ledger *ledger, const char *host, bool *ret_found)
{
	return quoin_search(ledger->excluded, ledger->excluded_count, sizeof *ledger->excluded, compare_host, host,
	    ret_found);
}

bool
quoin_ledger_excludes(const struct quoin_ledger *ledger, const char *host, int64_t wall_ms)
{
	bool found;
	const size_t at = exclusion_at(ledger, host, &found);

	return found && (ledger->excluded[at].until_ms == 0 || wall_ms < ledger->excluded[at].until_ms);
}

static void
include(struct quoin_ledger *ledger, const char *host)
{
	bool found;
	const size_t at = exclusion_at(ledger, host, &found);

	if (!found)
		return;
	ledger->excluded_count--;
	memmove(&ledger->excluded[at], &ledger->excluded[at + 1],
	    (ledger->excluded_count - at) * sizeof *ledger->excluded);
}

static void
exclude(struct quoin_ledger *ledger, const struct quoin_ledger_intent *intent)
{
	bool found;
	const size_t at = exclusion_at(ledger, intent->whom, &found);

	if (!found) {
		memmove(&ledger->excluded[at + 1], &ledger->excluded[at],
		    (ledger->excluded_count - at) * sizeof *ledger->excluded);
		ledger->excluded_count++;
	}
	ledger->excluded[at] = (struct quoin_ledger_exclusion){intent->whom, intent->until_ms};
}

/* ---- The order ---- */

static void
fold_intent(struct quoin_ledger *ledger, const struct quoin_ledger_intent *intent)
{
	switch (intent->action) {
	case QUOIN_ACTION_ROLLBACK:
		ledger->asked = intent->release;
		ledger->asked_is_brake = true;
		break;
	case QUOIN_ACTION_PIN:
		pin(ledger, intent);
		break;
	case QUOIN_ACTION_UNPIN:
		unpin(ledger, intent->whom);
		break;
	case QUOIN_ACTION_REVOKE:
		revoke(ledger, intent->release);
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
		include(ledger, intent->whom);
		break;
	case QUOIN_ACTION_FORGET: /* what these two change, the gate keeps */
	case QUOIN_ACTION_RETRY:
		break;
	}
}

static void
fold_release(struct quoin_ledger *ledger, const struct quoin_ledger_release *release)
{
	ledger->asked = release->ref.number;
	ledger->asked_is_brake = false;
}

static void
unfold(struct quoin_ledger *ledger)
{
	ledger->asked = 0;
	ledger->asked_is_brake = false;
	ledger->frozen = false;
	ledger->pin_count = 0;
	ledger->excluded_count = 0;
	ledger->revoked_count = 0;
	for (size_t i = 0; i < ledger->missing_releases.count; i++)
		ledger->missing_releases.items[ledger->missing_releases.first + i].is_revoked = false;
}

void
ledger_fold_all(struct quoin_ledger *ledger)
{
	size_t r = 0, k = 0;

	if (ledger->is_stale && ledger->waits)
		return;
	unfold(ledger);
	ledger->is_stale = ledger->waits;
	if (ledger->waits)
		return;
	while (r < ledger->release_count || k < ledger->intent_count) {
		if (k == ledger->intent_count ||
		    (r < ledger->release_count && ledger->releases[r].intent < ledger->intents[k].number))
			fold_release(ledger, &ledger->releases[r++]);
		else
			fold_intent(ledger, &ledger->intents[k++]);
	}
	for (size_t i = 0; i < ledger->release_count; i++)
		ledger->releases[i].is_revoked = has_revoked(ledger, &ledger->releases[i].content);
}

void
ledger_fold_release(struct quoin_ledger *ledger, struct quoin_ledger_release *release)
{
	if (ledger->is_stale)
		return;
	release->is_revoked = has_revoked(ledger, &release->content);
	fold_release(ledger, release);
}

void
ledger_fold_intent(struct quoin_ledger *ledger, const struct quoin_ledger_intent *intent)
{
	const struct quoin_ledger_release *held;

	if (ledger->is_stale)
		return;
	fold_intent(ledger, intent);
	held = intent->action == QUOIN_ACTION_REVOKE ? quoin_ledger_release(ledger, intent->release) : NULL;
	if (held == NULL || held->is_revoked)
		return;
	for (size_t i = 0; i < ledger->release_count; i++)
		if (quoin_hash_equal(&ledger->releases[i].content, &held->content))
			ledger->releases[i].is_revoked = true;
}

void
quoin_ledger_wait(struct quoin_ledger *ledger)
{
	ledger->waits = true;
}

void
quoin_ledger_fold(struct quoin_ledger *ledger)
{
	ledger->waits = false;
	if (ledger->is_stale)
		ledger_fold_all(ledger);
}
