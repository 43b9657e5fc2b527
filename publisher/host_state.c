#include "publisher/host_state.h"

#include <stdio.h>
#include <string.h>

#define SILENT_INTERVALS 3

const char *
quoin_host_state_name(enum quoin_host_state state)
{
	static const char *const names[] = {"excluded", "unseen", "offline", "rejected", "failed", "unable", "stale",
	    "fetching", "verifying", "loading", "staged", "pinned", "active", "ready", "idle"};

	return names[state];
}

/* The state that progress with one release stands for, most pressing first. */
static enum quoin_host_state
state_of_progress(enum quoin_progress progress)
{
	switch (progress) {
	case QUOIN_PROGRESS_REJECTED:
		return QUOIN_HOST_REJECTED;
	case QUOIN_PROGRESS_FAILED:
		return QUOIN_HOST_FAILED;
	case QUOIN_PROGRESS_UNABLE:
		return QUOIN_HOST_UNABLE;
	case QUOIN_PROGRESS_FETCHING:
		return QUOIN_HOST_FETCHING;
	case QUOIN_PROGRESS_VERIFYING:
		return QUOIN_HOST_VERIFYING;
	case QUOIN_PROGRESS_LOADING:
		return QUOIN_HOST_LOADING;
	case QUOIN_PROGRESS_STAGED:
		return QUOIN_HOST_STAGED;
	case QUOIN_PROGRESS_READY:
		return QUOIN_HOST_READY;
	}
	return QUOIN_HOST_IDLE;
}

static void
explain(const struct quoin_status_release *release, char reason[QUOIN_HOST_REASON_BYTES])
{
	snprintf(reason, QUOIN_HOST_REASON_BYTES, "%s%s%s", release->model,
	    release->model[0] != '\0' && release->reason[0] != '\0' ? ": " : "", release->reason);
}

/* The most pressing progress over all live releases. */
static enum quoin_host_state
progress_state(const struct quoin_status *status, const struct quoin_activation *activation,
    char reason[QUOIN_HOST_REASON_BYTES], uint64_t *ret_staged)
{
	enum quoin_host_state state = QUOIN_HOST_IDLE;

	for (size_t i = 0; i < activation->live_count; i++) {
		const struct quoin_status_release *release =
		    quoin_status_of(status, activation->live[i].release.number);
		enum quoin_host_state here;

		if (release == NULL)
			continue;
		here = state_of_progress(release->progress);
		if (release->progress == QUOIN_PROGRESS_STAGED || release->progress == QUOIN_PROGRESS_LOADING ||
		    release->progress == QUOIN_PROGRESS_READY)
			*ret_staged = release->release.number;
		if (here < state) {
			state = here;
			explain(release, reason);
		}
	}
	return state;
}

/* What a router that has everything is: running what it must, its pin, or waiting for the flip. */
static enum quoin_host_state
router_state(const struct quoin_cert *cert, const struct quoin_status *status, const struct quoin_activation *activation)
{
	uint64_t must = quoin_activation_selects(activation, cert->host, &cert->labels);

	if (must == 0 || status->runs.number != must)
		return status->runs.number == 0 && must == 0 ? QUOIN_HOST_IDLE : QUOIN_HOST_STAGED;
	for (size_t i = 0; i < activation->pin_count; i++)
		if (activation->pins[i].release == must &&
		    quoin_labels_match(&cert->labels, &activation->pins[i].labels))
			return QUOIN_HOST_PINNED;
	return QUOIN_HOST_ACTIVE;
}

enum quoin_host_state
quoin_host_state_of(const struct quoin_cert *cert, const struct quoin_fleet_host *fleet_host,
    const struct quoin_activation *activation, int64_t now_ms, char reason[QUOIN_HOST_REASON_BYTES],
    uint64_t *ret_staged)
{
	const struct quoin_status *status;
	enum quoin_host_state progress;

	reason[0] = '\0';
	*ret_staged = 0;
	if (quoin_activation_exclusion(activation, cert->host) != NULL)
		return QUOIN_HOST_EXCLUDED;
	if (fleet_host == NULL)
		return QUOIN_HOST_UNSEEN;
	status = &fleet_host->status;
	progress = progress_state(status, activation, reason, ret_staged);
	if (status->leaving || now_ms - fleet_host->received_ms > (int64_t)(SILENT_INTERVALS * status->interval_ms))
		return QUOIN_HOST_OFFLINE;
	if (progress <= QUOIN_HOST_UNABLE)
		return progress;
	if (status->stale)
		return QUOIN_HOST_STALE;
	if (progress < QUOIN_HOST_STAGED)
		return progress;
	return cert->role == QUOIN_HOST_ROUTER ? router_state(cert, status, activation) : progress;
}
