#include "publisher/operate.h"

#include <stdio.h>
#include <string.h>

#include "lib/clock.h"

#include "publisher/announce.h"

struct operation {
	struct quoin_intent *intent;
	const struct quoin_keyring *keys;
};

static bool
is_pinned(const struct quoin_ledger *ledger, const struct quoin_labels *labels)
{
	char text[QUOIN_LABELS_TEXT_BYTES];

	quoin_labels_print(labels, text);
	for (size_t i = 0; i < ledger->pin_count; i++)
		if (strcmp(ledger->pins[i].labels, text) == 0)
			return true;
	return false;
}

static bool
is_excluded(const struct quoin_ledger *ledger, const char *host)
{
	for (size_t i = 0; i < ledger->excluded_count; i++)
		if (strcmp(ledger->excluded[i].host, host) == 0)
			return true;
	return false;
}

/* Taking back what does not stand would look like having done something. */
static int
check_undo(const struct quoin_control *control, const struct quoin_intent *intent, struct quoin_error *err)
{
	const struct quoin_control_cert *cert;

	if (intent->action == QUOIN_ACTION_UNPIN && !is_pinned(&control->ledger, &intent->labels))
		return quoin_error_set(err, QUOIN_ECONFLICT,
		    "there is no pin %s; \"quoin status\" lists them",
		    intent->labels.count > 0 ? "with exactly these labels" : "without labels");
	if (intent->action == QUOIN_ACTION_INCLUDE && !is_excluded(&control->ledger, intent->host))
		return quoin_error_set(err, QUOIN_ECONFLICT,
		    "%s is not excluded by an operator; what the gate left out by itself it includes again when it is ready",
		    intent->host);
	cert = intent->action == QUOIN_ACTION_FORGET ? quoin_control_cert(control, intent->host) : NULL;
	if (cert != NULL && cert->cert.role == QUOIN_HOST_SERVING)
		return quoin_error_set(err, QUOIN_ECONFLICT,
		    "%s is a serving host, and nothing is kept for it; forget is for routers that are lost, exclude for "
		    "serving hosts",
		    intent->host);
	return 0;
}

/* What the ledger says against this intent. */
static int
check(const struct quoin_control *control, const struct quoin_intent *intent, struct quoin_error *err)
{
	const struct quoin_ledger_release *release;
	unsigned long long number = intent->release.number;
	bool starts = intent->action == QUOIN_ACTION_ROLLBACK || intent->action == QUOIN_ACTION_PIN;

	if (number != 0) {
		release = quoin_ledger_release(&control->ledger, number);
		if (release == NULL)
			return quoin_error_set(err, QUOIN_ECONFLICT, "there is no release %llu; \"quoin log\" lists them",
			    number);
		if (release->is_revoked && (starts || intent->action == QUOIN_ACTION_RETRY))
			return quoin_error_set(err, QUOIN_ECONFLICT,
			    "release %llu is revoked and can never become active again", number);
	}
	if (intent->host[0] != '\0' && quoin_control_cert(control, intent->host) == NULL)
		return quoin_error_set(err, QUOIN_ECONFLICT, "there is no enrolled host %s; \"quoin status\" lists them",
		    intent->host);
	return check_undo(control, intent, err);
}

static int
decide(void *ctx, const struct quoin_control *control, char *key, size_t key_bytes, struct quoin_sealed *ret_sealed,
    struct quoin_error *err)
{
	struct operation *operation = ctx;
	struct quoin_intent *intent = operation->intent;
	struct quoin_buf text;
	int r;

	r = check(control, intent, err);
	if (r != 0)
		return r;
	intent->origin = control->trust.root.origin;
	intent->number = control->ledger.last_intent.number + 1;
	intent->prev = control->ledger.last_intent;
	intent->head = control->ledger.head;
	intent->created_ms = quoin_clock_wall_ms();
	if (intent->release.number != 0)
		intent->release = quoin_ledger_release(&control->ledger, intent->release.number)->ref;
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	r = quoin_intent_print(intent, &text);
	if (r == 0)
		r = quoin_seal(quoin_buf_span(&text), operation->keys->keys, operation->keys->count, ret_sealed);
	quoin_buf_clear(&text);
	if (r != 0)
		return quoin_error_set(err, r, "cannot make the intent");
	snprintf(key, key_bytes, "intent/%llu", (unsigned long long)intent->number);
	return 0;
}

int
quoin_operate(const struct quoin_conf *conf, struct quoin_control *control, struct quoin_bus_reader *reader,
    const struct quoin_keyring *operate_keys, bool is_brake, int timeout_ms, struct quoin_intent *intent,
    struct quoin_error *err)
{
	struct operation operation = {intent, operate_keys};
	int64_t deadline_ms = quoin_clock_mono_ms() + timeout_ms;
	int r;

	for (;;) {
		int64_t left_ms = deadline_ms - quoin_clock_mono_ms();

		r = quoin_announce(conf, control, reader, decide, &operation, left_ms > 1 ? (int)left_ms : 1, err);
		if (r != QUOIN_EFENCED || !is_brake || quoin_clock_mono_ms() >= deadline_ms)
			return r;
	}
}

static bool
is_good(const struct quoin_ledger *ledger, const struct quoin_activation *activation, uint64_t number)
{
	const struct quoin_ledger_release *release = quoin_ledger_release(ledger, number);

	return quoin_activation_has_active(activation, number) && !quoin_activation_has_revoked(activation, number) &&
	    quoin_activation_failure(activation, number) == NULL && (release == NULL || !release->is_revoked);
}

/* What is asked for as the gate sees it, unless something newer is on the control topic that it has not consumed yet. A
 * failed release is not on its way any more, whoever asked for it. */
static uint64_t
asked_now(const struct quoin_ledger *ledger, const struct quoin_activation *newest)
{
	bool is_consumed =
	    newest->head.number >= ledger->head.number && newest->intent.number >= ledger->last_intent.number;

	return is_consumed || quoin_activation_failure(newest, ledger->asked) != NULL ? newest->asked : ledger->asked;
}

int
quoin_operate_back(const struct quoin_ledger *ledger, const struct quoin_activations *activations, uint64_t *ret_release,
    struct quoin_error *err)
{
	const struct quoin_activation *newest = &activations->newest;
	uint64_t asked, below;

	if (!activations->has_newest || newest->from == 0)
		return quoin_error_set(err, QUOIN_ECONFLICT, "no release was ever fully active; there is nothing to go back to");
	asked = asked_now(ledger, newest);
	/* A rollout is on its way, asked for by a publication: what was active before it is the way back. */
	if (asked != newest->from && !ledger->asked_is_brake && is_good(ledger, newest, newest->from)) {
		*ret_release = newest->from;
		return 0;
	}
	below = ledger->asked_is_brake && asked != 0 && asked < newest->from ? asked : newest->from;
	for (size_t i = newest->active_count; i-- > 0;)
		if (newest->active[i] < below && is_good(ledger, newest, newest->active[i])) {
			*ret_release = newest->active[i];
			return 0;
		}
	return quoin_error_set(err, QUOIN_ECONFLICT,
	    "no release below %llu was once fully active and is neither revoked nor failed", (unsigned long long)below);
}
