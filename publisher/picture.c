#include "publisher/picture.h"

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
	if (quoin_lost_gate(&picture->activations, &picture->fleet, NULL) != 0)
		r = quoin_activations_read(&picture->activations, &session->control.trust, session->reader,
		    QUOIN_SESSION_TIMEOUT_MS, NULL, NULL, err);
	if (r == 0 && quoin_lost_control(&session->control, &picture->activations, NULL) != 0)
		r = quoin_control_read(&session->control, session->reader, QUOIN_SESSION_TIMEOUT_MS, err);
	if (r == 0) {
		(void)quoin_lost_gate(&picture->activations, &picture->fleet, &picture->lost_gate);
		(void)quoin_lost_control(&session->control, &picture->activations, &picture->lost_control);
	}
	return r;
}

int
quoin_picture_refresh(struct quoin_picture *picture, struct quoin_error *err)
{
	struct quoin_session *session = &picture->session;
	char topic[QUOIN_TOPIC_NAME_BYTES];
	int r;

	quoin_topic_name(session->conf.namespace_name, QUOIN_TOPIC_STATUS, topic);
	r = quoin_control_read(&session->control, session->reader, QUOIN_SESSION_TIMEOUT_MS, err);
	if (r == 0)
		r = quoin_activations_read(&picture->activations, &session->control.trust, session->reader,
		    QUOIN_SESSION_TIMEOUT_MS, NULL, NULL, err);
	if (r == 0)
		r = quoin_fleet_read(&picture->fleet, &session->control, session->reader, topic,
		    QUOIN_SESSION_TIMEOUT_MS, err);
	if (r == 0)
		r = look_for_losses(picture, err);
	picture->now_ms = quoin_clock_wall_ms();
	return r;
}

int
quoin_picture_open(const struct quoin_cli *cli, struct quoin_picture *picture, struct quoin_error *err)
{
	int r;

	memset(picture, 0, sizeof *picture);
	r = quoin_session_open(cli, &picture->session, err);
	return r == 0 ? quoin_picture_refresh(picture, err) : r;
}

void
quoin_picture_close(struct quoin_picture *picture)
{
	quoin_fleet_clear(&picture->fleet);
	quoin_activations_clear(&picture->activations);
	quoin_session_close(&picture->session);
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

enum quoin_host_state
quoin_picture_host(const struct quoin_picture *picture, const struct quoin_cert *cert,
    char reason[QUOIN_HOST_REASON_BYTES], uint64_t *ret_staged)
{
	return quoin_host_state_of(cert, quoin_fleet_host(&picture->fleet, cert->host), &picture->activations.newest,
	    picture->now_ms, reason, ret_staged);
}
