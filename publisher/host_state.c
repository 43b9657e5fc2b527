#include "publisher/host_state.h"

#include <stdio.h>
#include <string.h>

#define SILENT_INTERVALS 3

const char *
quoin_host_state_name(enum quoin_host_state state)
{
	static const char *const names[] = {"excluded", "unseen", "offline", "rejected", "failed", "unable", "stale",
	    "fetching", "verifying", "loading", "staged", "held", "pinned", "active", "ready", "idle"};

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

/* The digests of what runs, which the host computed from its store, against what was signed: the first that differs. */
static bool
is_damaged(const struct quoin_status *status, const struct quoin_release *runs, char reason[QUOIN_HOST_REASON_BYTES])
{
	if (runs == NULL || runs->number != status->runs.number)
		return false;
	for (size_t i = 0; i < status->digest_count; i++) {
		const struct quoin_part *part = quoin_release_part(runs, status->digests[i].part);

		if (part != NULL && quoin_hash_equal(&part->hash, &status->digests[i].hash))
			continue;
		if (quoin_hash_is_zero(&status->digests[i].hash))
			snprintf(reason, QUOIN_HOST_REASON_BYTES, "its store is gone; it starts again and fetches release %llu",
			    (unsigned long long)runs->number);
		else
			snprintf(reason, QUOIN_HOST_REASON_BYTES, "part %s of release %llu is damaged in its store",
			    status->digests[i].part, (unsigned long long)runs->number);
		return true;
	}
	return false;
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
    const struct quoin_activation *activation, const struct quoin_release *runs, int64_t now_ms,
    char reason[QUOIN_HOST_REASON_BYTES], uint64_t *ret_staged)
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
	if (progress > QUOIN_HOST_FAILED && is_damaged(status, runs, reason))
		return QUOIN_HOST_FAILED;
	if (progress <= QUOIN_HOST_UNABLE)
		return progress;
	if (status->stale)
		return QUOIN_HOST_STALE;
	if (progress < QUOIN_HOST_STAGED)
		return progress;
	return cert->role == QUOIN_HOST_ROUTER ? router_state(cert, status, activation) : progress;
}

/* ---- What holds a router ---- */

bool
quoin_host_state_is_brake(const struct quoin_activation *activation, uint64_t asked)
{
	return asked < activation->from && quoin_activation_has_active(activation, asked);
}

bool
quoin_host_state_held(const struct quoin_cert *cert, const struct quoin_fleet_host *fleet_host,
    const struct quoin_activation *activation, const struct quoin_release *asked, const char *lacking,
    char reason[QUOIN_HOST_REASON_BYTES])
{
	const struct quoin_policy *policy = &asked->policy;
	const struct quoin_status_release *have = quoin_status_of(&fleet_host->status, asked->number);
	const bool is_brake = quoin_host_state_is_brake(activation, asked->number);
	const bool is_frozen = activation->frozen && !is_brake;
	const char *what;

	if (cert->role != QUOIN_HOST_ROUTER || activation->from == asked->number ||
	    fleet_host->status.runs.number == asked->number || have == NULL ||
	    (have->progress != QUOIN_PROGRESS_STAGED && have->progress != QUOIN_PROGRESS_READY) ||
	    quoin_activation_failure(activation, asked->number) != NULL ||
	    quoin_activation_has_revoked(activation, asked->number))
		return false;
	/* What it runs is what it must: the target is for others, or nobody's yet. */
	if (activation->target == asked->number) {
		snprintf(reason, QUOIN_HOST_REASON_BYTES, "reach: step %u of %zu does not reach it",
		    activation->step_index + 1, policy->reach_count);
		return true;
	}
	if (!is_frozen && activation->asked != asked->number) {
		snprintf(reason, QUOIN_HOST_REASON_BYTES, "one at a time: release %llu waits until %llu is done",
		    (unsigned long long)asked->number, (unsigned long long)activation->asked);
		return true;
	}
	if (is_frozen)
		what = "freeze";
	else if (is_brake)
		what = "brake";
	else if (lacking != NULL)
		what = policy->ready_percent < 100 ? "serving.ready_percent" : "serving";
	else if (policy->soak_ms > 0)
		what = "serving.soak_ms";
	else
		what = "routers.staged_percent";
	snprintf(reason, QUOIN_HOST_REASON_BYTES, "%s: release %llu waits%s%s", what, (unsigned long long)asked->number,
	    lacking != NULL && !is_frozen ? " for " : "", lacking != NULL && !is_frozen ? lacking : "");
	return true;
}
