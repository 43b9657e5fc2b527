#include "publisher/lost.h"

#include <string.h>

static int
refuse_end(const struct quoin_control *control, const struct quoin_docref *head, const struct quoin_docref *intent,
    struct quoin_error *err)
{
	return quoin_error_set(err, QUOIN_ECONFLICT,
	    "the control topic ends at release %llu and intent %llu, and the gate has seen %llu and %llu: it was deleted and made "
	    "anew, or cut; hosts refuse what is written to it until its documents are there again",
	    (unsigned long long)control->ledger.head.number, (unsigned long long)control->ledger.last_intent.number,
	    (unsigned long long)head->number, (unsigned long long)intent->number);
}

static bool
ends_below(const struct quoin_ledger *ledger, const struct quoin_docref *head, const struct quoin_docref *intent)
{
	return ledger->head.number < head->number || ledger->last_intent.number < intent->number;
}

int
quoin_lost_control(const struct quoin_control *control, const struct quoin_activations *activations,
    struct quoin_error *err)
{
	const struct quoin_activation *newest = &activations->newest;
	const struct quoin_heartbeat *heartbeat = &activations->heartbeat;

	if (activations->has_newest && ends_below(&control->ledger, &newest->head, &newest->intent))
		return refuse_end(control, &newest->head, &newest->intent, err);
	if (!activations->has_heartbeat)
		return 0;
	if (ends_below(&control->ledger, &heartbeat->head, &heartbeat->intent))
		return refuse_end(control, &heartbeat->head, &heartbeat->intent, err);
	if (control->has_incarnation &&
	    memcmp(heartbeat->control_incarnation, control->incarnation.id, sizeof control->incarnation.id) != 0)
		return quoin_error_set(err, QUOIN_ECONFLICT,
		    "the control topic is not the one that the gate reads: it was deleted and made anew; restart the gate when its "
		    "documents are there again");
	return 0;
}

int
quoin_lost_gate(const struct quoin_activations *activations, const struct quoin_ledger *ledger,
    const struct quoin_fleet *fleet, int64_t wall_ms, struct quoin_error *err)
{
	struct quoin_position have = quoin_activations_position(activations);

	for (size_t i = 0; i < fleet->host_count; i++) {
		const struct quoin_position *obeyed = &fleet->hosts[i].status.obeyed;
		const char *host = fleet->hosts[i].cert.host;
		int order = quoin_position_compare(obeyed, &have);

		if (order < 0 || (order == 0 && quoin_hash_equal(&obeyed->hash, &have.hash)) || obeyed->seq == 0 ||
		    quoin_ledger_excludes(ledger, host, wall_ms))
			continue;
		return quoin_error_set(err, QUOIN_ECONFLICT,
		    "%s obeys activation %llu/%llu, which %s; no gate acts: if the topic was made anew or cut, bring it back; "
		    "if the host is wrong, quoin exclude %s",
		    host, (unsigned long long)obeyed->epoch, (unsigned long long)obeyed->seq,
		    order > 0 ? "the gate topic does not have" : "is another one on the gate topic", host);
	}
	return 0;
}

int
quoin_lost_check(struct quoin_session *session, struct quoin_error *err)
{
	struct quoin_activations activations = {0};
	int r;

	r = quoin_activations_read(&activations, &session->control.trust, session->reader, QUOIN_SESSION_TIMEOUT_MS, NULL, NULL,
	    err);
	if (r == 0)
		r = quoin_control_read(&session->control, session->reader, QUOIN_SESSION_TIMEOUT_MS, err);
	if (r == 0)
		r = quoin_lost_control(&session->control, &activations, err);
	quoin_activations_clear(&activations);
	return r;
}
