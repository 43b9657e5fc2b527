#include "publisher/waiting.h"

#include <stdio.h>

#define NAMED_MAX 3 /* hosts named in a sentence; the rest are counted */

struct hosts {
	size_t all;   /* that the question is about */
	size_t count; /* of which the answer is no */
	size_t used;
	char names[QUOIN_WAITING_BYTES];
};

static void
add(struct hosts *hosts, const struct quoin_cert *cert, enum quoin_host_state state, const char *reason)
{
	if (hosts->count++ >= NAMED_MAX || hosts->used >= sizeof hosts->names)
		return;
	hosts->used += (size_t)snprintf(hosts->names + hosts->used, sizeof hosts->names - hosts->used, "%s%s (%s%s%.100s)",
	    hosts->count > 1 ? ", " : "", cert->host, quoin_host_state_name(state), reason[0] != '\0' ? ": " : "", reason);
}

/* Serving hosts that the gate asks and that are not ready for everything live; routers that have not fetched the release or,
 * of those that must run it ("runs"), do not. */
static void
look(struct quoin_picture *picture, enum quoin_host_role role, uint64_t release, bool runs, struct hosts *ret)
{
	const bool is_about_asked = role == QUOIN_HOST_SERVING && release == picture->session.control.ledger.asked;
	char reason[QUOIN_HOST_REASON_BYTES];
	const struct quoin_cert *cert;

	*ret = (struct hosts){0};
	for (size_t i = 0; (cert = quoin_picture_expected(picture, i)) != NULL; i++) {
		const struct quoin_fleet_host *host = quoin_fleet_host(&picture->fleet, cert->host);
		enum quoin_host_state state;
		uint64_t staged;
		bool is_there;

		if (cert->role != role || (is_about_asked && !quoin_picture_asks(picture, cert)))
			continue;
		state = quoin_picture_host(picture, cert, reason, &staged);
		/* The gate counts a router from its first word on. */
		if (state == QUOIN_HOST_EXCLUDED || (role == QUOIN_HOST_ROUTER && host == NULL) ||
		    (runs && quoin_activation_selects(&picture->activations.newest, cert->host, &cert->labels) != release))
			continue;
		if (role == QUOIN_HOST_SERVING)
			is_there = state == QUOIN_HOST_READY || state == QUOIN_HOST_IDLE;
		else if (runs)
			is_there = state != QUOIN_HOST_OFFLINE && host != NULL && host->status.runs.number == release;
		else
			is_there = state != QUOIN_HOST_OFFLINE && host != NULL &&
			    (staged == release || host->status.runs.number == release);
		ret->all++;
		if (!is_there)
			add(ret, cert, state, reason);
	}
}

static void
say_hosts(const struct hosts *hosts, uint64_t release, const char *what, char out[QUOIN_WAITING_BYTES])
{
	snprintf(out, QUOIN_WAITING_BYTES, "release %llu: %zu of %zu %s: %.340s%s", (unsigned long long)release, hosts->count,
	    hosts->all, what, hosts->names, hosts->count > NAMED_MAX ? " and others" : "");
}

static void
preparing(struct quoin_picture *picture, const struct quoin_activation *newest, char out[QUOIN_WAITING_BYTES])
{
	const unsigned long long asked = newest->asked;
	struct hosts hosts;

	if (quoin_activation_live(newest, newest->asked) == NULL) {
		snprintf(out, QUOIN_WAITING_BYTES,
		    "release %llu: room on every shard; the gate's log says what fills it (event=waiting)", asked);
		return;
	}
	look(picture, QUOIN_HOST_SERVING, newest->asked, false, &hosts);
	if (hosts.count > 0) {
		say_hosts(&hosts, newest->asked, "serving hosts are not ready", out);
		return;
	}
	look(picture, QUOIN_HOST_ROUTER, newest->asked, false, &hosts);
	if (hosts.count > 0)
		say_hosts(&hosts, newest->asked, "routers have not fetched it", out);
	else
		snprintf(out, QUOIN_WAITING_BYTES,
		    "release %llu: its policy; the gate's log says what of it (event=waiting)", asked);
}

static void
flipping(struct quoin_picture *picture, const struct quoin_activation *newest, char out[QUOIN_WAITING_BYTES])
{
	struct hosts hosts;

	look(picture, QUOIN_HOST_ROUTER, newest->target, true, &hosts);
	if (hosts.count > 0)
		say_hosts(&hosts, newest->target, "routers do not run it yet", out);
	else
		snprintf(out, QUOIN_WAITING_BYTES,
		    "release %llu: the end of its step; the gate's log says what of it (event=waiting)",
		    (unsigned long long)newest->target);
}

void
quoin_waiting_for(struct quoin_picture *picture, char out[QUOIN_WAITING_BYTES])
{
	const struct quoin_activation *newest = &picture->activations.newest;
	const uint64_t asked = picture->session.control.ledger.asked;
	const char *gate = quoin_picture_gate(picture);

	out[0] = '\0';
	if (picture->lost_gate.code != 0) {
		snprintf(out, QUOIN_WAITING_BYTES, "%s", picture->lost_gate.message);
		return;
	}
	if (asked == newest->from && newest->asked == newest->from && newest->target == newest->from)
		return;
	if (gate[0] == 'a' && newest->target == newest->from && quoin_activation_failure(newest, asked) != NULL)
		snprintf(out, QUOIN_WAITING_BYTES, "release %llu, which failed: publish another, or \"quoin retry %llu\"",
		    (unsigned long long)asked, (unsigned long long)asked);
	else if (gate[0] != 'a')
		snprintf(out, QUOIN_WAITING_BYTES, "release %llu: a gate that acts (it is %s); is quoin-gate running?",
		    (unsigned long long)asked, gate);
	else if (newest->frozen && newest->target == newest->from)
		snprintf(out, QUOIN_WAITING_BYTES, "release %llu: \"quoin unfreeze\"", (unsigned long long)asked);
	else if (newest->target != newest->from)
		flipping(picture, newest, out);
	else if (newest->asked != newest->from)
		preparing(picture, newest, out);
	else
		snprintf(out, QUOIN_WAITING_BYTES, "release %llu: the gate to take it up", (unsigned long long)asked);
}
