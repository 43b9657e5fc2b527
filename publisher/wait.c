#include "publisher/wait.h"

#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/text.h"

int
quoin_wait_parse(const char *text, int64_t *ret_ms, struct quoin_error *err)
{
	uint64_t value;

	if (text == NULL) {
		*ret_ms = QUOIN_WAIT_MS;
		return 0;
	}
	if (quoin_u64_parse(quoin_span_str(text), &value) && value <= 7 * 24 * 3600)
		value *= 1000;
	else if (!quoin_duration_parse(quoin_span_str(text), &value) || value > 7ull * 24 * 3600 * 1000)
		return quoin_error_set(err, QUOIN_EUSAGE, "\"%s\" is no time to wait; give seconds, at most a week", text);
	*ret_ms = (int64_t)value;
	return 0;
}

/* Whether the newest activation ends the waiting: 1 yes (r is set), 0 not yet. */
typedef int judge(void *ctx, const struct quoin_activations *activations, int *ret_r, struct quoin_error *err);

/* Tail the gate topic until the judge is sure. */
static int
follow(struct quoin_session *session, int64_t timeout_ms, judge *is_over, void *ctx, struct quoin_activations *activations,
    struct quoin_error *err)
{
	int64_t deadline_ms = quoin_clock_mono_ms() + timeout_ms;
	char topic[QUOIN_TOPIC_NAME_BYTES];
	struct quoin_bus_event event;
	bool is_current = false;
	int r, verdict;

	quoin_topic_name(session->conf.namespace_name, QUOIN_TOPIC_GATE, topic);
	r = quoin_bus_reader_assign(session->reader, topic, 0, err);
	while (r == 0) {
		int64_t left_ms = deadline_ms - quoin_clock_mono_ms();

		if (left_ms <= 0) {
			r = QUOIN_ETIMEOUT;
			break;
		}
		r = quoin_bus_reader_next(session->reader, (int)(left_ms < 1000 ? left_ms : 1000), &event);
		if (r <= 0)
			continue;
		r = 0;
		if (event.kind == QUOIN_BUS_RECORD)
			(void)quoin_activations_admit(activations, &session->control.trust, &event.record,
			    quoin_clock_wall_ms(), NULL, NULL, NULL);
		is_current = is_current || event.kind == QUOIN_BUS_END;
		quoin_bus_event_clear(&event);
		if (is_current && activations->has_newest && is_over(ctx, activations, &verdict, err)) {
			r = verdict;
			break;
		}
	}
	(void)quoin_bus_reader_unassign(session->reader, topic, NULL);
	return r;
}

struct active_wait {
	const struct quoin_cli *cli;
	uint64_t release;
	uint64_t intent;
	uint64_t told_seq;
	bool was_asked;
};

static void
tell(struct active_wait *wait, const struct quoin_activation *newest)
{
	const struct quoin_live *live = quoin_activation_live(newest, wait->release);

	if (newest->seq == wait->told_seq)
		return;
	wait->told_seq = newest->seq;
	quoin_cli_say(wait->cli, "activation %llu: release %llu %s", (unsigned long long)newest->seq,
	    (unsigned long long)wait->release,
	    newest->from == wait->release ? "is fully active"
		: newest->target == wait->release
		? "is selected; routers flip"
		: quoin_activation_failure(newest, wait->release) != NULL ? "has failed"
		: live != NULL						  ? "is live; hosts prepare"
									  : "waits for its turn");
}

static int
judge_active(void *ctx, const struct quoin_activations *activations, int *ret_r, struct quoin_error *err)
{
	struct active_wait *wait = ctx;
	const struct quoin_activation *newest = &activations->newest;
	const struct quoin_failure *failure = quoin_activation_failure(newest, wait->release);

	if (newest->intent.number < wait->intent)
		return 0;
	tell(wait, newest);
	*ret_r = 0;
	if (newest->from == wait->release && newest->target == wait->release)
		return 1;
	if (failure != NULL)
		*ret_r = quoin_error_set(err, QUOIN_EREFUSED, "release %llu failed%s%s: %s; what ran before runs on",
		    (unsigned long long)wait->release, failure->host[0] != '\0' ? " on " : "", failure->host,
		    failure->reason);
	else if (quoin_activation_has_revoked(newest, wait->release))
		*ret_r = quoin_error_set(err, QUOIN_EREFUSED, "release %llu was revoked", (unsigned long long)wait->release);
	else if (wait->was_asked && newest->asked != wait->release && newest->target != wait->release)
		*ret_r = quoin_error_set(err, QUOIN_EREFUSED, "release %llu was superseded: %llu is asked for now",
		    (unsigned long long)wait->release, (unsigned long long)newest->asked);
	wait->was_asked = wait->was_asked || newest->asked == wait->release;
	return *ret_r != 0;
}

int
quoin_wait_active(const struct quoin_cli *cli, struct quoin_session *session, uint64_t release, uint64_t intent,
    int64_t timeout_ms, uint64_t *ret_seq, struct quoin_error *err)
{
	struct active_wait wait = {.cli = cli, .release = release, .intent = intent};
	struct quoin_activations activations = {0};
	int r;

	r = follow(session, timeout_ms, judge_active, &wait, &activations, err);
	*ret_seq = activations.has_newest ? activations.newest.seq : 0;
	if (r == QUOIN_ETIMEOUT && intent == 0 && activations.has_newest && activations.newest.frozen)
		r = quoin_error_set(err, QUOIN_ECONFLICT, "published, not active: the namespace is frozen; \"quoin unfreeze\"");
	else if (r == QUOIN_ETIMEOUT && intent != 0)
		r = quoin_error_set(err, QUOIN_ETIMEOUT,
		    "asked for, not active: release %llu is not active after %lld s, and the gate goes on with it; "
		    "\"quoin status\" says what it waits for",
		    (unsigned long long)release, (long long)timeout_ms / 1000);
	else if (r == QUOIN_ETIMEOUT)
		r = quoin_error_set(err, QUOIN_ETIMEOUT,
		    "published, not active: release %llu is not active after %lld s; \"quoin status\" says what it waits for",
		    (unsigned long long)release, (long long)timeout_ms / 1000);
	quoin_activations_clear(&activations);
	return r;
}

/* ---- An intent ---- */

struct intent_wait {
	const struct quoin_cli *cli;
	const struct quoin_intent *intent;
	uint64_t told_seq;
};

/* Whether something else was once fully active, and may be used. */
static bool
has_good(const struct quoin_activation *newest)
{
	for (size_t i = 0; i < newest->active_count; i++)
		if (!quoin_activation_has_revoked(newest, newest->active[i]) &&
		    quoin_activation_failure(newest, newest->active[i]) == NULL)
			return true;
	return false;
}

static bool
has_pin(const struct quoin_activation *newest, uint64_t intent)
{
	for (size_t i = 0; i < newest->pin_count; i++)
		if (newest->pins[i].intent == intent)
			return true;
	return false;
}

static int
judge_pin(const struct quoin_activation *newest, const struct quoin_intent *intent, struct quoin_error *err)
{
	unsigned long long release = intent->release.number;
	const struct quoin_failure *failure = quoin_activation_failure(newest, release);

	if (has_pin(newest, intent->number))
		return 0;
	if (quoin_activation_has_revoked(newest, release))
		return quoin_error_set(err, QUOIN_EREFUSED, "release %llu is revoked; it is pinned nowhere", release);
	if (failure != NULL)
		return quoin_error_set(err, QUOIN_EREFUSED,
		    "release %llu failed%s%s: %s; the pin waits for \"quoin retry %llu\", and what ran before runs on", release,
		    failure->host[0] != '\0' ? " on " : "", failure->host, failure->reason, release);
	if (newest->frozen && !quoin_activation_has_active(newest, release))
		return quoin_error_set(err, QUOIN_ECONFLICT,
		    "the pin waits for \"quoin unfreeze\": release %llu was never fully active", release);
	return QUOIN_EAGAIN;
}

/* Whether what the intent asks for is so: 0, QUOIN_EAGAIN or why it will not be. */
static int
judge_effect(const struct quoin_activation *newest, const struct quoin_intent *intent, struct quoin_error *err)
{
	switch (intent->action) {
	case QUOIN_ACTION_PIN:
		return judge_pin(newest, intent, err);
	case QUOIN_ACTION_REVOKE:
		if (!quoin_activation_may_select(newest, intent->release.number))
			return 0;
		return has_good(newest) ? QUOIN_EAGAIN
					: quoin_error_set(err, QUOIN_ECONFLICT,
					      "release %llu is revoked and runs on: nothing else was ever fully active and may "
					      "still be used; publish a good release",
					      (unsigned long long)intent->release.number);
	case QUOIN_ACTION_INCLUDE:
		return quoin_activation_exclusion(newest, intent->host) == NULL ? 0 : QUOIN_EAGAIN;
	default:
		return 0;
	}
}

/* What is on its way to be so. */
static void
tell_intent(struct intent_wait *wait, const struct quoin_activation *newest)
{
	unsigned long long release = wait->intent->release.number, seq = newest->seq;

	if (newest->seq == wait->told_seq)
		return;
	wait->told_seq = newest->seq;
	if (wait->intent->action == QUOIN_ACTION_INCLUDE)
		quoin_cli_say(wait->cli, "activation %llu: %s stays excluded until it is ready for everything that runs", seq,
		    wait->intent->host);
	else if (wait->intent->action == QUOIN_ACTION_REVOKE)
		quoin_cli_say(wait->cli, "activation %llu: release %llu is revoked; what takes its place is not ready yet", seq,
		    release);
	else
		quoin_cli_say(wait->cli, "activation %llu: release %llu %s", seq, release,
		    quoin_activation_live(newest, release) != NULL ? "is live; hosts prepare" : "waits for its turn");
}

static int
judge_intent(void *ctx, const struct quoin_activations *activations, int *ret_r, struct quoin_error *err)
{
	struct intent_wait *wait = ctx;
	const struct quoin_activation *newest = &activations->newest;

	if (newest->intent.number < wait->intent->number)
		return 0;
	*ret_r = judge_effect(newest, wait->intent, err);
	if (*ret_r == QUOIN_EAGAIN)
		tell_intent(wait, newest);
	return *ret_r != QUOIN_EAGAIN;
}

int
quoin_wait_intent(const struct quoin_cli *cli, struct quoin_session *session, const struct quoin_intent *intent,
    int64_t timeout_ms, uint64_t *ret_seq, struct quoin_error *err)
{
	struct intent_wait wait = {.cli = cli, .intent = intent};
	struct quoin_activations activations = {0};
	bool is_consumed;
	int r;

	r = follow(session, timeout_ms, judge_intent, &wait, &activations, err);
	is_consumed = activations.has_newest && activations.newest.intent.number >= intent->number;
	*ret_seq = activations.has_newest ? activations.newest.seq : 0;
	if (r == QUOIN_ETIMEOUT && is_consumed)
		r = quoin_error_set(err, r,
		    "the gate has acted on intent %llu, but it is not in effect after %lld s; \"quoin status\" says what it "
		    "waits for",
		    (unsigned long long)intent->number, (long long)timeout_ms / 1000);
	else if (r == QUOIN_ETIMEOUT)
		r = quoin_error_set(err, r, "the intent is on the control topic, but no gate acted on it within %lld s",
		    (long long)timeout_ms / 1000);
	quoin_activations_clear(&activations);
	return r;
}
