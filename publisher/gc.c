#include "publisher/gc.h"

#include <stdlib.h>
#include <string.h>

#include "formats/status.h"
#include "lib/defect.h"
#include "lib/search.h"
#include "publisher/operate.h"

void
quoin_gc_clear(struct quoin_gc *gc)
{
	free(gc->releases);
	free(gc->intents);
	memset(gc, 0, sizeof *gc);
}

static struct quoin_gc_verdict *
verdict_of(struct quoin_gc_verdict *verdicts, size_t count, uint64_t number)
{
	bool found;
	const size_t at = quoin_search_u64(&verdicts[0].number, count, sizeof *verdicts, number, &found);

	return found ? &verdicts[at] : NULL;
}

/* ---- Releases ---- */

/* The first reason stands; whole beats document. Whether there is such a release. */
static bool
keep_release(struct quoin_gc *gc, uint64_t number, const char *because, bool parts)
{
	struct quoin_gc_verdict *verdict = verdict_of(gc->releases, gc->release_count, number);

	if (verdict == NULL)
		return false;
	if (verdict->because == NULL || (parts && !verdict->parts))
		verdict->because = because;
	verdict->parts = verdict->parts || parts;
	return true;
}

/* What routers may compute, or hosts must have loaded. false: the ledger does not have it. */
static bool
keep_live(struct quoin_gc *gc, const struct quoin_activation *activation)
{
	bool all = true;

	if (activation->from != 0)
		all = keep_release(gc, activation->from, "active", true) && all;
	if (activation->target != 0)
		all = keep_release(gc, activation->target, "target", true) && all;
	if (activation->asked != 0)
		all = keep_release(gc, activation->asked, "asked for", true) && all;
	for (size_t i = 0; i < activation->pin_count; i++)
		all = keep_release(gc, activation->pins[i].release, "pinned", true) && all;
	for (size_t i = 0; i < activation->live_count; i++)
		all = keep_release(gc, activation->live[i].release.number, "live", true) && all;
	for (size_t i = 0; i < activation->kept_count; i++)
		for (size_t k = 0; k < activation->kept[i].release_count; k++)
			(void)keep_release(gc, activation->kept[i].releases[k], "kept for a router whose lease ended", true);
	return all;
}

/* What hosts say they run, hold or have: whatever their leases are. */
static void
keep_held(struct quoin_gc *gc, const struct quoin_fleet *fleet)
{
	for (size_t i = 0; i < fleet->host_count; i++) {
		const struct quoin_status *status = &fleet->hosts[i].status;

		(void)keep_release(gc, status->runs.number, "a host runs it", true);
		for (size_t k = 0; k < status->hold_count; k++)
			(void)keep_release(gc, status->holds[k], "a host holds it", true);
		for (size_t k = 0; k < status->release_count; k++)
			(void)keep_release(gc, status->releases[k].release.number, "a host has it", true);
	}
}

static int
decide_releases(const struct quoin_gc_input *input, struct quoin_gc *gc, struct quoin_error *err)
{
	const struct quoin_ledger *ledger = input->ledger;
	const struct quoin_activation *newest = &input->activations->newest;
	uint64_t back, newer = 0;

	if (ledger->release_count > 0 && !input->activations->has_newest)
		return quoin_error_set(err, QUOIN_ECONFLICT,
		    "no activation is on the gate topic, so nobody knows what is live; nothing was removed: start a gate, or import "
		    "the last activation");
	if (input->activations->has_newest && !keep_live(gc, newest))
		return quoin_error_set(err, QUOIN_ECONFLICT,
		    "a release that activation %llu/%llu needs is not on the control topic, or does not verify; nothing was removed: "
		    "import it first",
		    (unsigned long long)newest->epoch, (unsigned long long)newest->seq);
	(void)keep_release(gc, ledger->asked, "asked for", true);
	for (size_t i = 0; i < ledger->pin_count; i++)
		(void)keep_release(gc, ledger->pins[i].release, "pinned", true);
	keep_held(gc, input->fleet);
	(void)keep_release(gc, ledger->head.number, "the head", true);
	if (quoin_operate_back(ledger, input->activations, &back, NULL) == 0)
		(void)keep_release(gc, back, "a rollback would go to it", true);
	for (size_t i = gc->release_count; i-- > 0;) {
		if (newer++ < input->retain_releases)
			(void)keep_release(gc, gc->releases[i].number, "among the newest (retain.releases)", true);
		if (gc->releases[i].number > newest->head.number)
			(void)keep_release(gc, gc->releases[i].number, "the gate has not seen it yet", true);
	}
	for (size_t i = 0; i < ledger->intent_count; i++)
		if (ledger->intents[i].action == QUOIN_ACTION_REVOKE)
			(void)keep_release(gc, ledger->intents[i].release, "revoked: it says which content is", false);
	return 0;
}

/* ---- Intents ---- */

static void
keep_intent(struct quoin_gc *gc, uint64_t number, const char *because)
{
	struct quoin_gc_verdict *verdict = verdict_of(gc->intents, gc->intent_count, number);

	if (verdict != NULL && verdict->because == NULL)
		verdict->because = because;
}

/* Pins are ascending by their intents. */
static bool
stands(const struct quoin_gc_input *input, uint64_t intent)
{
	const struct quoin_ledger *ledger = input->ledger;
	const struct quoin_activation *newest = &input->activations->newest;
	bool found = false;

	if (ledger->pin_count > 0)
		(void)quoin_search_u64(&ledger->pins[0].intent, ledger->pin_count, sizeof *ledger->pins, intent, &found);
	if (!found && newest->pin_count > 0)
		(void)quoin_search_u64(&newest->pins[0].intent, newest->pin_count, sizeof *newest->pins, intent, &found);
	return found;
}

/* Whether a later intent says the same thing of the same host and release. */
static bool
is_repeated(const struct quoin_ledger *ledger, size_t at)
{
	const struct quoin_ledger_intent *intent = &ledger->intents[at];

	for (size_t i = at + 1; i < ledger->intent_count; i++)
		if (ledger->intents[i].action == intent->action && strcmp(ledger->intents[i].whom, intent->whom) == 0 &&
		    ledger->intents[i].release == intent->release)
			return true;
	return false;
}

/* Whether this is the last of the two words of a kind. */
static bool
is_last_of(const struct quoin_ledger *ledger, size_t at, enum quoin_action one, enum quoin_action other, bool by_host)
{
	for (size_t i = at + 1; i < ledger->intent_count; i++)
		if ((ledger->intents[i].action == one || ledger->intents[i].action == other) &&
		    (!by_host || strcmp(ledger->intents[i].whom, ledger->intents[at].whom) == 0))
			return false;
	return true;
}

static const char *
effect_of(const struct quoin_gc_input *input, const struct quoin_gc *gc, size_t at)
{
	const struct quoin_ledger *ledger = input->ledger;
	const struct quoin_ledger_intent *intent = &ledger->intents[at];
	struct quoin_gc_verdict *release;

	switch (intent->action) {
	case QUOIN_ACTION_ROLLBACK:
		return ledger->asked_is_brake && is_last_of(ledger, at, QUOIN_ACTION_ROLLBACK, QUOIN_ACTION_ROLLBACK, false)
		    ? "asks for what is asked for"
		    : NULL;
	case QUOIN_ACTION_PIN:
		if (QUOIN_DEFECT(RUN_12))
			return NULL;
		return stands(input, intent->number) ? "the pin stands" : NULL;
	case QUOIN_ACTION_REVOKE:
		return "the revocation stands";
	case QUOIN_ACTION_FREEZE:
		return is_last_of(ledger, at, QUOIN_ACTION_FREEZE, QUOIN_ACTION_UNFREEZE, false) ? "frozen" : NULL;
	case QUOIN_ACTION_EXCLUDE:
		return is_last_of(ledger, at, QUOIN_ACTION_EXCLUDE, QUOIN_ACTION_INCLUDE, true) &&
			(intent->until_ms == 0 || intent->until_ms > input->now_ms)
		    ? "the exclusion stands"
		    : NULL;
	case QUOIN_ACTION_FORGET: /* what the host said before it does not count, for every gate to come */
		return is_repeated(ledger, at) ? NULL : "the host was forgotten";
	case QUOIN_ACTION_RETRY: /* a host that was away has yet to hear of it */
		release = verdict_of(gc->releases, gc->release_count, intent->release);
		return release != NULL && release->because != NULL && !is_repeated(ledger, at) ? "its release is kept" : NULL;
	case QUOIN_ACTION_UNPIN: /* what they took back goes with them */
	case QUOIN_ACTION_UNFREEZE:
	case QUOIN_ACTION_INCLUDE:
		return NULL;
	}
	return "not understood";
}

/* A pin that is kept although it does not stand (an activation still has it) needs what ended it. */
static bool
ends_kept_pin(const struct quoin_ledger *ledger, const struct quoin_gc *gc, size_t at)
{
	const struct quoin_ledger_intent *intent = &ledger->intents[at];

	if (intent->action != QUOIN_ACTION_UNPIN && intent->action != QUOIN_ACTION_PIN)
		return false;
	for (size_t i = 0; i < at; i++)
		if (ledger->intents[i].action == QUOIN_ACTION_PIN && gc->intents[i].because != NULL &&
		    strcmp(ledger->intents[i].whom, intent->whom) == 0)
			return true;
	return false;
}

static void
decide_intents(const struct quoin_gc_input *input, struct quoin_gc *gc)
{
	const struct quoin_ledger *ledger = input->ledger;

	for (size_t i = 0; i < ledger->intent_count; i++) {
		gc->intents[i].because = effect_of(input, gc, i);
		if (ledger->intents[i].number > input->activations->newest.intent.number)
			keep_intent(gc, ledger->intents[i].number, "the gate has not seen it yet");
		if (ends_kept_pin(ledger, gc, i))
			keep_intent(gc, ledger->intents[i].number, "ends a pin that an activation still has");
	}
	keep_intent(gc, ledger->last_intent.number, "the newest: the chain goes on from it");
}

int
quoin_gc_decide(const struct quoin_gc_input *input, struct quoin_gc *ret, struct quoin_error *err)
{
	const struct quoin_ledger *ledger = input->ledger;
	struct quoin_gc gc = {0};
	int r;

	gc.releases = calloc(ledger->release_count + 1, sizeof *gc.releases);
	gc.intents = calloc(ledger->intent_count + 1, sizeof *gc.intents);
	if (gc.releases == NULL || gc.intents == NULL) {
		quoin_gc_clear(&gc);
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	}
	gc.release_count = ledger->release_count;
	gc.intent_count = ledger->intent_count;
	for (size_t i = 0; i < gc.release_count; i++)
		gc.releases[i].number = ledger->releases[i].ref.number;
	for (size_t i = 0; i < gc.intent_count; i++)
		gc.intents[i].number = ledger->intents[i].number;
	r = decide_releases(input, &gc, err);
	if (r != 0) {
		quoin_gc_clear(&gc);
		return r;
	}
	decide_intents(input, &gc);
	*ret = gc;
	return 0;
}

/* ---- The last look ---- */

static size_t
standing_exclusions(const struct quoin_ledger *ledger, int64_t now_ms)
{
	size_t count = 0;

	for (size_t i = 0; i < ledger->excluded_count; i++)
		count += ledger->excluded[i].until_ms == 0 || ledger->excluded[i].until_ms > now_ms;
	return count;
}

static bool
has_exclusion(const struct quoin_ledger *ledger, const struct quoin_ledger_exclusion *wanted)
{
	for (size_t i = 0; i < ledger->excluded_count; i++)
		if (strcmp(ledger->excluded[i].host, wanted->host) == 0 && ledger->excluded[i].until_ms == wanted->until_ms)
			return true;
	return false;
}

static bool
is_same_ref(const struct quoin_docref *a, const struct quoin_docref *b)
{
	return a->number == b->number && quoin_hash_equal(&a->hash, &b->hash);
}

bool
quoin_gc_is_same(const struct quoin_ledger *before, const struct quoin_ledger *after, int64_t now_ms)
{
	bool same = is_same_ref(&before->head, &after->head) && is_same_ref(&before->last_intent, &after->last_intent) &&
	    before->asked == after->asked && before->asked_is_brake == after->asked_is_brake &&
	    before->frozen == after->frozen && before->pin_count == after->pin_count;

	if (QUOIN_DEFECT(RUN_12))
		return true;
	for (size_t i = 0; same && i < before->pin_count; i++)
		same = before->pins[i].intent == after->pins[i].intent && before->pins[i].release == after->pins[i].release;
	same = same && standing_exclusions(before, now_ms) == standing_exclusions(after, now_ms);
	for (size_t i = 0; same && i < after->excluded_count; i++)
		same = has_exclusion(before, &after->excluded[i]);
	for (size_t i = 0; same && i < after->release_count; i++) {
		const struct quoin_ledger_release *was = quoin_ledger_release(before, after->releases[i].ref.number);

		same = was != NULL && was->is_revoked == after->releases[i].is_revoked;
	}
	return same;
}
