#include "publisher/picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "publisher/lost.h"

#define LATE_INTERVALS 6 /* heartbeats that may be missed before the gate is called stale */

/* What seems lost may only have been written since: then it is read now. */
static int
look_for_losses(struct quoin_picture *picture, struct quoin_error *err)
{
	struct quoin_session *session = &picture->session;
	int r = 0;

	memset(&picture->lost_control, 0, sizeof picture->lost_control);
	memset(&picture->lost_gate, 0, sizeof picture->lost_gate);
	if (quoin_lost_gate(&picture->activations, &session->control.ledger, &picture->fleet, picture->now_ms, NULL) != 0)
		r = quoin_activations_read(&picture->activations, &session->control.trust, session->reader,
		    QUOIN_SESSION_TIMEOUT_MS, NULL, NULL, err);
	if (r == 0 && quoin_lost_control(&session->control, &picture->activations, NULL) != 0)
		r = quoin_control_read(&session->control, session->reader, QUOIN_SESSION_TIMEOUT_MS, err);
	if (r == 0) {
		(void)quoin_lost_gate(&picture->activations, &session->control.ledger, &picture->fleet, picture->now_ms,
		    &picture->lost_gate);
		(void)quoin_lost_control(&session->control, &picture->activations, &picture->lost_control);
	}
	return r;
}

static void
forget_findings(struct quoin_picture *picture)
{
	for (size_t i = 0; i < picture->release_count; i++) {
		quoin_release_clear(picture->releases[i]);
		free(picture->releases[i]);
	}
	free(picture->releases);
	picture->releases = NULL;
	picture->release_count = 0;
	picture->has_lacking = false;
}

/* The document, or NULL: there is none, or no memory. Borrowed until the findings are forgotten. */
static const struct quoin_release *
release_of(struct quoin_picture *picture, uint64_t number)
{
	struct quoin_release **grown, *release;

	for (size_t i = 0; i < picture->release_count; i++)
		if (picture->releases[i]->number == number)
			return picture->releases[i];
	grown = number != 0 ? realloc(picture->releases, (picture->release_count + 1) * sizeof(*grown)) : NULL;
	if (grown == NULL)
		return NULL;
	picture->releases = grown;
	release = calloc(1, sizeof *release);
	if (release == NULL || quoin_control_release(&picture->session.control, number, release, NULL) != 0) {
		free(release);
		return NULL;
	}
	picture->releases[picture->release_count++] = release;
	return release;
}

/* What routers are moved to, or run. */
static uint64_t
in_effect(const struct quoin_picture *picture)
{
	const struct quoin_activation *newest = &picture->activations.newest;

	return newest->target != 0 ? newest->target : newest->from;
}

static int
read_declared(struct quoin_picture *picture, struct quoin_error *err)
{
	const struct quoin_session *session = &picture->session;
	const uint64_t asked = session->control.ledger.asked, effective = in_effect(picture);
	int r = quoin_declared_read(&picture->declared, session, release_of(picture, asked), err);

	return r == 0 ? quoin_declared_read(&picture->in_effect, session,
			    effective != asked ? release_of(picture, effective) : NULL, err)
		      : r;
}

int
quoin_picture_refresh(struct quoin_picture *picture, struct quoin_error *err)
{
	struct quoin_session *session = &picture->session;
	/* Nothing of before is missed, however long reading takes; what cannot be read anew stays a picture of its time. */
	const int64_t now_ms = quoin_clock_wall_ms();
	char topic[QUOIN_TOPIC_NAME_BYTES];
	int r;

	forget_findings(picture);
	quoin_topic_name(session->conf.namespace_name, QUOIN_TOPIC_STATUS, topic);
	r = quoin_control_read(&session->control, session->reader, QUOIN_SESSION_TIMEOUT_MS, err);
	if (r == 0)
		r = quoin_activations_read(&picture->activations, &session->control.trust, session->reader,
		    QUOIN_SESSION_TIMEOUT_MS, NULL, NULL, err);
	if (r == 0)
		r = quoin_fleet_read(&picture->fleet, &session->control, session->reader, topic,
		    QUOIN_SESSION_TIMEOUT_MS, err);
	if (r == 0) {
		picture->now_ms = now_ms;
		r = look_for_losses(picture, err);
	}
	if (r == 0)
		r = read_declared(picture, err);
	return r;
}

int
quoin_picture_open(const struct quoin_cli *cli, struct quoin_picture **ret, struct quoin_error *err)
{
	struct quoin_picture *picture = calloc(1, sizeof *picture);
	int r;

	*ret = NULL;
	if (picture == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "no memory for the picture");
	r = quoin_session_open(cli, &picture->session, err);
	if (r == 0)
		r = quoin_picture_refresh(picture, err);
	if (r == 0)
		*ret = picture;
	else
		quoin_picture_close(picture);
	return r;
}

void
quoin_picture_close(struct quoin_picture *picture)
{
	if (picture == NULL)
		return;
	forget_findings(picture);
	quoin_fleet_clear(&picture->fleet);
	quoin_declared_clear(&picture->declared);
	quoin_declared_clear(&picture->in_effect);
	quoin_activations_clear(&picture->activations);
	quoin_session_close(&picture->session);
	free(picture);
}

const char *
quoin_picture_gate(const struct quoin_picture *picture)
{
	const struct quoin_heartbeat *heartbeat = &picture->activations.heartbeat;

	if (!picture->activations.has_heartbeat)
		return "none";
	if (picture->now_ms > heartbeat->expires_ms ||
	    picture->now_ms - heartbeat->issued_ms > (int64_t)(LATE_INTERVALS * heartbeat->interval_ms))
		return "stale";
	return "alive";
}

bool
quoin_picture_is_brake(const struct quoin_picture *picture)
{
	return quoin_host_state_is_brake(&picture->activations.newest, picture->session.control.ledger.asked);
}

bool
quoin_picture_is_frozen(const struct quoin_picture *picture)
{
	return picture->activations.newest.frozen && !quoin_picture_is_brake(picture);
}

static bool
stands(const struct quoin_activation *newest, uint64_t pin)
{
	for (size_t i = 0; i < newest->pin_count; i++)
		if (newest->pins[i].intent == pin)
			return true;
	return false;
}

const struct quoin_ledger_pin *
quoin_picture_waiting_pin(const struct quoin_picture *picture, const struct quoin_cert *router)
{
	const struct quoin_ledger *ledger = &picture->session.control.ledger;

	for (size_t i = ledger->pin_count; i-- > 0;) {
		struct quoin_pin pin;

		if (router != NULL) {
			quoin_ledger_pin_expand(&ledger->pins[i], &pin);
			if (!quoin_labels_match(&router->labels, &pin.labels))
				continue;
		}
		if (!stands(&picture->activations.newest, ledger->pins[i].intent))
			return &ledger->pins[i];
		if (router != NULL) /* a newer one that stands is what it runs */
			return NULL;
	}
	return NULL;
}

const struct quoin_cert *
quoin_picture_expected(const struct quoin_picture *picture, size_t index)
{
	const struct quoin_control *control = &picture->session.control;

	if (index < control->cert_count)
		return &control->certs[index].cert;
	index -= control->cert_count;
	for (size_t i = 0; i < picture->declared.host_count; i++)
		if (quoin_declared_is_missing(&picture->session, &picture->declared.hosts[i]) && index-- == 0)
			return &picture->declared.hosts[i];
	return NULL;
}

const struct quoin_cert *
quoin_picture_named(const struct quoin_picture *picture, const char *host)
{
	const struct quoin_cert *expected;

	for (size_t i = 0; (expected = quoin_picture_expected(picture, i)) != NULL; i++)
		if (strcmp(expected->host, host) == 0)
			return expected;
	return NULL;
}

void
quoin_picture_exclusion(const struct quoin_picture *picture, const char *host, struct quoin_exclusion_view *ret)
{
	quoin_exclusion_of(&picture->activations.newest, &picture->session.control.ledger, host, picture->now_ms, ret);
}

static enum quoin_host_state
state_of(struct quoin_picture *picture, const struct quoin_cert *cert, char reason[QUOIN_HOST_REASON_BYTES],
    uint64_t *ret_staged)
{
	const struct quoin_fleet_host *host = quoin_fleet_host(&picture->fleet, cert->host);
	const struct quoin_release *runs = host != NULL ? release_of(picture, host->status.runs.number) : NULL;

	return quoin_host_state_of(cert, host, &picture->activations.newest, runs, picture->now_ms, reason, ret_staged);
}

/* Whether the host counts as ready for the release; else "why" gets its name and what it says. */
static bool
is_ready_for(struct quoin_picture *picture, const struct quoin_cert *cert, uint64_t release,
    char why[QUOIN_PICTURE_ALARM_BYTES])
{
	const struct quoin_fleet_host *host = quoin_fleet_host(&picture->fleet, cert->host);
	const struct quoin_status_release *have = host != NULL ? quoin_status_of(&host->status, release) : NULL;
	char reason[QUOIN_HOST_REASON_BYTES];
	uint64_t staged;
	enum quoin_host_state state = state_of(picture, cert, reason, &staged);

	if (state > QUOIN_HOST_OFFLINE && have != NULL && have->progress == QUOIN_PROGRESS_READY)
		return true;
	snprintf(why, QUOIN_PICTURE_ALARM_BYTES, "%s (%s%s%s)", cert->host, quoin_host_state_name(state),
	    reason[0] != '\0' ? " " : "", reason);
	return false;
}

/* Whether the shard is there with models, and the host (NULL: whichever) in it. */
static bool
declares(const struct quoin_declared *declared, const char *shard, const char *host)
{
	for (size_t i = 0; i < declared->host_count; i++)
		if (strcmp(declared->hosts[i].shard, shard) == 0 &&
		    (host == NULL || strcmp(declared->hosts[i].host, host) == 0))
			return true;
	return false;
}

/* Whether the release has models that could not be read: then all is asked, rather than nothing. */
static bool
is_unread(const struct quoin_declared *declared, const struct quoin_release *document)
{
	return quoin_hash_is_zero(&declared->models) && quoin_release_part(document, "models") != NULL;
}

bool
quoin_picture_asks(struct quoin_picture *picture, const struct quoin_cert *host)
{
	const struct quoin_release *asked = release_of(picture, picture->session.control.ledger.asked);

	if (asked == NULL || is_unread(&picture->declared, asked))
		return true;
	return declares(&picture->declared, host->shard, NULL) &&
	    (declares(&picture->declared, host->shard, host->host) ||
		declares(&picture->in_effect, host->shard, host->host));
}

/* The first serving host that is not ready for what is asked for, and not left out; "": none. The brake does not wait for
 * who is silent. */
static const char *
find_lacking(struct quoin_picture *picture)
{
	const struct quoin_cert *cert;
	const uint64_t asked = picture->session.control.ledger.asked;
	const bool is_brake = quoin_picture_is_brake(picture);
	char reason[QUOIN_HOST_REASON_BYTES];
	uint64_t staged;

	if (picture->has_lacking)
		return picture->lacking;
	picture->has_lacking = true;
	picture->lacking[0] = '\0';
	for (size_t i = 0; (cert = quoin_picture_expected(picture, i)) != NULL; i++) {
		if (cert->role == QUOIN_HOST_SERVING && quoin_picture_asks(picture, cert) &&
		    quoin_activation_exclusion(&picture->activations.newest, cert->host) == NULL &&
		    !(is_brake && state_of(picture, cert, reason, &staged) <= QUOIN_HOST_OFFLINE) &&
		    !is_ready_for(picture, cert, asked, picture->lacking))
			return picture->lacking;
	}
	picture->lacking[0] = '\0';
	return picture->lacking;
}

static void
explain_exclusion(const struct quoin_picture *picture, const char *host, char reason[QUOIN_HOST_REASON_BYTES])
{
	struct quoin_exclusion_view view;
	char text[QUOIN_EXCLUSION_BYTES];

	quoin_picture_exclusion(picture, host, &view);
	quoin_exclusion_print(&view, text);
	(void)snprintf(reason, QUOIN_HOST_REASON_BYTES, "%s", text);
}

enum quoin_host_state
quoin_picture_host(struct quoin_picture *picture, const struct quoin_cert *cert, char reason[QUOIN_HOST_REASON_BYTES],
    uint64_t *ret_staged)
{
	const struct quoin_activation *newest = &picture->activations.newest;
	enum quoin_host_state state = state_of(picture, cert, reason, ret_staged);
	const uint64_t wanted = picture->session.control.ledger.asked;
	const struct quoin_ledger_pin *pin = NULL;
	const struct quoin_release *asked;
	const char *lacking;

	if (state == QUOIN_HOST_EXCLUDED)
		explain_exclusion(picture, cert->host, reason);
	if (state == QUOIN_HOST_ACTIVE || state == QUOIN_HOST_PINNED)
		pin = quoin_picture_waiting_pin(picture, cert);
	if (pin != NULL) {
		(void)snprintf(reason, QUOIN_HOST_REASON_BYTES, "pin: release %llu waits (intent %llu)",
		    (unsigned long long)pin->release, (unsigned long long)pin->intent);
		return QUOIN_HOST_HELD;
	}
	if (state == QUOIN_HOST_UNSEEN && quoin_declared_is_missing(&picture->session, cert))
		(void)snprintf(reason, QUOIN_HOST_REASON_BYTES, "release %llu declares it, and it was never enrolled",
		    (unsigned long long)wanted);
	if (state != QUOIN_HOST_ACTIVE || wanted == newest->from)
		return state;
	lacking = newest->target != wanted ? find_lacking(picture) : "";
	asked = release_of(picture, wanted);
	return asked != NULL &&
		quoin_host_state_held(cert, quoin_fleet_host(&picture->fleet, cert->host), newest, asked,
		    lacking[0] != '\0' ? lacking : NULL, reason)
	    ? QUOIN_HOST_HELD
	    : state;
}

/* Whether what is in effect asks the shard for models: not, if hosts of it are enrolled before it is declared, or after it
 * was given up. */
static bool
is_shard_asked(const struct quoin_picture *picture, const struct quoin_release *document, const char *shard)
{
	const struct quoin_declared *declared =
	    document->number == picture->session.control.ledger.asked ? &picture->declared : &picture->in_effect;

	return declares(declared, shard, NULL) || is_unread(declared, document);
}

bool
quoin_picture_lacks_hosts(struct quoin_picture *picture, size_t *at, char text[QUOIN_PICTURE_ALARM_BYTES])
{
	const struct quoin_control *control = &picture->session.control;
	const uint64_t release = in_effect(picture);
	const struct quoin_release *document = release_of(picture, release);
	const uint32_t hosts_min = document != NULL ? document->policy.ready_hosts_min : 0;

	for (; document != NULL && *at < control->cert_count; (*at)++) {
		const char *shard = control->certs[*at].cert.shard;
		char why[QUOIN_PICTURE_ALARM_BYTES] = "";
		bool is_first = shard[0] != '\0' && is_shard_asked(picture, document, shard);
		size_t ready = 0;

		/* Once per shard: at the first of its hosts. */
		for (size_t i = 0; i < *at && is_first; i++)
			is_first = strcmp(control->certs[i].cert.shard, shard) != 0;
		for (size_t i = *at; i < control->cert_count && is_first; i++)
			if (strcmp(control->certs[i].cert.shard, shard) == 0)
				ready += is_ready_for(picture, &control->certs[i].cert, release, why);
		if (!is_first || (ready > 0 && ready >= hosts_min))
			continue;
		snprintf(text, QUOIN_PICTURE_ALARM_BYTES,
		    "too few hosts are ready for release %llu, which is in effect: shard %s has %zu; %.300s",
		    (unsigned long long)release, shard, ready, why);
		(*at)++;
		return true;
	}
	return false;
}
