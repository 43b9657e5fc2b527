#include "publisher/waiting.h"

#include <stdio.h>

#define NAMED_MAX 3 /* hosts named in a sentence; the rest are counted */
#define SUBJECT_BYTES 96

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
	const bool is_brake = quoin_activation_has_active(&picture->activations.newest, release);
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
		/* The gate counts a router from its first word on; the brake waits for no host that is silent. */
		if (role == QUOIN_HOST_SERVING && is_brake && (state == QUOIN_HOST_OFFLINE || state == QUOIN_HOST_UNSEEN))
			continue;
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
say_hosts(const struct hosts *hosts, const char *subject, const char *what, char out[QUOIN_WAITING_BYTES])
{
	snprintf(out, QUOIN_WAITING_BYTES, "%s: %zu of %zu %s: %.340s%s", subject, hosts->count, hosts->all, what,
	    hosts->names, hosts->count > NAMED_MAX ? " and others" : "");
}

/* "subject" is what waits until the release may be selected: the release, or a pin to it. */
static void
preparing(struct quoin_picture *picture, uint64_t release, const char *subject, char out[QUOIN_WAITING_BYTES])
{
	struct hosts hosts;

	if (quoin_activation_live(&picture->activations.newest, release) == NULL) {
		snprintf(out, QUOIN_WAITING_BYTES, "%s: room on every shard; the gate's log says what fills it (event=waiting)",
		    subject);
		return;
	}
	look(picture, QUOIN_HOST_SERVING, release, false, &hosts);
	if (hosts.count > 0) {
		say_hosts(&hosts, subject, "serving hosts are not ready", out);
		return;
	}
	look(picture, QUOIN_HOST_ROUTER, release, false, &hosts);
	if (hosts.count > 0)
		say_hosts(&hosts, subject, "routers have not fetched it", out);
	else
		snprintf(out, QUOIN_WAITING_BYTES, "%s: its policy; the gate's log says what of it (event=waiting)", subject);
}

static void
flipping(struct quoin_picture *picture, const char *subject, char out[QUOIN_WAITING_BYTES])
{
	struct hosts hosts;

	look(picture, QUOIN_HOST_ROUTER, picture->activations.newest.target, true, &hosts);
	if (hosts.count > 0)
		say_hosts(&hosts, subject, "routers do not run it yet", out);
	else if (hosts.all == 0 && picture->activations.newest.pin_count > 0)
		snprintf(out, QUOIN_WAITING_BYTES, "%s: a router to run it; all are pinned elsewhere (\"quoin unpin\")", subject);
	else
		snprintf(out, QUOIN_WAITING_BYTES, "%s: the end of its step; the gate's log says what of it (event=waiting)",
		    subject);
}

/* A release as the subject of a sentence. */
static const char *
name_release(uint64_t release, char out[SUBJECT_BYTES])
{
	snprintf(out, SUBJECT_BYTES, "release %llu", (unsigned long long)release);
	return out;
}

static bool
is_good(const struct quoin_activation *newest, uint64_t release)
{
	return !quoin_activation_has_revoked(newest, release) && quoin_activation_failure(newest, release) == NULL;
}

/* What is in effect is revoked or failed, and the newest release that was once fully active and is neither takes its place. */
static void
replacing(struct quoin_picture *picture, char out[QUOIN_WAITING_BYTES])
{
	const struct quoin_activation *newest = &picture->activations.newest;
	const char *bad = quoin_activation_has_revoked(newest, newest->from) ? "is revoked" : "failed";
	uint64_t good = 0;
	char subject[SUBJECT_BYTES];

	for (size_t i = newest->active_count; i-- > 0 && good == 0;)
		if (is_good(newest, newest->active[i]))
			good = newest->active[i];
	if (good == 0) {
		snprintf(out, QUOIN_WAITING_BYTES, "a good release to be published: release %llu %s, and there is none to go to",
		    (unsigned long long)newest->from, bad);
		return;
	}
	snprintf(subject, sizeof subject, "release %llu, as %llu %s", (unsigned long long)good,
	    (unsigned long long)newest->from, bad);
	preparing(picture, good, subject, out);
}

void
quoin_waiting_for(struct quoin_picture *picture, char out[QUOIN_WAITING_BYTES])
{
	const struct quoin_activation *newest = &picture->activations.newest;
	const uint64_t asked = picture->session.control.ledger.asked;
	const char *gate = quoin_picture_gate(picture);
	char subject[SUBJECT_BYTES];

	out[0] = '\0';
	if (picture->lost_gate.code != 0) {
		snprintf(out, QUOIN_WAITING_BYTES, "%s", picture->lost_gate.message);
		return;
	}
	if (gate[0] == 'a' && newest->from != 0 && newest->target == newest->from && !is_good(newest, newest->from)) {
		replacing(picture, out);
		return;
	}
	if (asked == newest->from && newest->asked == newest->from && newest->target == newest->from)
		return;
	if (gate[0] == 'a' && newest->target == newest->from && quoin_activation_failure(newest, asked) != NULL)
		snprintf(out, QUOIN_WAITING_BYTES, "release %llu, which failed: publish another, or \"quoin retry %llu\"",
		    (unsigned long long)asked, (unsigned long long)asked);
	else if (gate[0] == 'a' && newest->target == newest->from && quoin_activation_has_revoked(newest, asked))
		snprintf(out, QUOIN_WAITING_BYTES, "another release: %llu, which is asked for, is revoked",
		    (unsigned long long)asked);
	else if (gate[0] != 'a')
		snprintf(out, QUOIN_WAITING_BYTES, "release %llu: a gate that acts (it is %s); is quoin-gate running?",
		    (unsigned long long)asked, gate);
	else if (quoin_picture_is_frozen(picture) && newest->target == newest->from)
		snprintf(out, QUOIN_WAITING_BYTES, "release %llu: \"quoin unfreeze\"", (unsigned long long)asked);
	else if (newest->target != newest->from)
		flipping(picture, name_release(newest->target, subject), out);
	else if (newest->asked != newest->from)
		preparing(picture, newest->asked, name_release(newest->asked, subject), out);
	else
		snprintf(out, QUOIN_WAITING_BYTES, "release %llu: the gate to take it up", (unsigned long long)asked);
}

void
quoin_waiting_pin(struct quoin_picture *picture, const struct quoin_cert *router, char out[QUOIN_WAITING_BYTES])
{
	const struct quoin_activation *newest = &picture->activations.newest;
	const struct quoin_ledger_pin *pin = quoin_picture_waiting_pin(picture, router);
	const char *gate = quoin_picture_gate(picture);
	char subject[SUBJECT_BYTES];

	out[0] = '\0';
	if (pin == NULL)
		return;
	snprintf(subject, sizeof subject, "the pin to release %llu (intent %llu)", (unsigned long long)pin->release,
	    (unsigned long long)pin->intent);
	if (gate[0] != 'a')
		snprintf(out, QUOIN_WAITING_BYTES, "%s: a gate that acts (it is %s); is quoin-gate running?", subject, gate);
	else if (quoin_activation_failure(newest, pin->release) != NULL)
		snprintf(out, QUOIN_WAITING_BYTES, "%s: the release failed; \"quoin retry %llu\", or unpin", subject,
		    (unsigned long long)pin->release);
	else if (newest->frozen && !quoin_activation_has_active(newest, pin->release))
		snprintf(out, QUOIN_WAITING_BYTES, "%s: \"quoin unfreeze\"", subject);
	else if (newest->intent.number < pin->intent)
		snprintf(out, QUOIN_WAITING_BYTES, "%s: the gate to take it up", subject);
	else
		preparing(picture, pin->release, subject, out);
}
