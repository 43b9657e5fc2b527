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

char *
ledger_whom_of(const struct quoin_intent *intent)
{
	char labels[QUOIN_LABELS_TEXT_BYTES];

	if (intent->host[0] != '\0')
		return strdup(intent->host);
	if (intent->labels.count == 0)
		return nobody;
	quoin_labels_print(&intent->labels, labels);
	return strdup(labels);
}

void
ledger_free_whom(const struct quoin_ledger_intent *intent)
{
	if (intent->whom != nobody)
		free(intent->whom);
}

void
quoin_ledger_clear(struct quoin_ledger *ledger)
{
	for (size_t i = 0; i < ledger->intent_count; i++)
		ledger_free_whom(&ledger->intents[i]);
	free(ledger->releases);
	free(ledger->intents);
	free(ledger->missing_releases.items);
	free(ledger->missing_intents.items);
	free(ledger->pins);
	free(ledger->excluded);
	free(ledger->revoked);
	memset(ledger, 0, sizeof *ledger);
}

size_t
ledger_release_at(const struct quoin_ledger *ledger, uint64_t number, bool *ret_held)
{
	return quoin_search_u64(ledger->releases != NULL ? &ledger->releases[0].ref.number : NULL,
	    ledger->release_count, sizeof *ledger->releases, number, ret_held);
}

size_t
ledger_intent_at(const struct quoin_ledger *ledger, uint64_t number, bool *ret_held)
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
	const size_t at = ledger_release_at(ledger, number, &held);

	return held ? &ledger->releases[at] : NULL;
}

const struct quoin_ledger_intent *
quoin_ledger_intent(const struct quoin_ledger *ledger, uint64_t number)
{
	bool held;
	const size_t at = ledger_intent_at(ledger, number, &held);

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

size_t
ledger_name_at(const struct quoin_ledger_names *names, uint64_t number, bool *ret_found)
{
	return names->first +
	    quoin_search_u64(names->items != NULL ? &names->items[names->first].ref.number : NULL, names->count,
		sizeof *names->items, number, ret_found);
}

struct quoin_ledger_name *
ledger_name(const struct quoin_ledger_names *names, uint64_t number)
{
	bool found;
	const size_t at = ledger_name_at(names, number, &found);

	return found ? &names->items[at] : NULL;
}

bool
ledger_release_forks(const struct quoin_ledger *ledger, const struct quoin_docref *ref)
{
	const struct quoin_ledger_release *held = quoin_ledger_release(ledger, ref->number);
	const struct quoin_ledger_name *name;

	if (held != NULL)
		return !quoin_hash_equal(&held->ref.hash, &ref->hash);
	name = ledger_name(&ledger->missing_releases, ref->number);
	return name != NULL && !quoin_hash_equal(&name->ref.hash, &ref->hash);
}

bool
ledger_intent_forks(const struct quoin_ledger *ledger, const struct quoin_docref *ref)
{
	const struct quoin_ledger_intent *held = quoin_ledger_intent(ledger, ref->number);
	const struct quoin_ledger_name *name;

	if (held != NULL)
		return !quoin_hash_equal(&held->hash, &ref->hash);
	name = ledger_name(&ledger->missing_intents, ref->number);
	return name != NULL && !quoin_hash_equal(&name->ref.hash, &ref->hash);
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
	if (ledger_release_forks(ledger, &activation->head))
		return quoin_error_set(err, QUOIN_EREFUSED,
		    "the activation follows another release %llu than the one held",
		    (unsigned long long)activation->head.number);
	if (ledger_intent_forks(ledger, &activation->intent))
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
