/*
 * What one host is, by its record, the newest activation and the time: whether it speaks and what its word proves
 * (PROTOCOL.md sections 5 to 7). Nothing here changes anything.
 */
#include <stdio.h>
#include <string.h>

#include "lib/defect.h"
#include "lib/search.h"
#include "publisher/gate_state.h"

static int
compare_name(const void *item, const void *key)
{
	const struct gate_host *const *host = item;

	return strcmp((*host)->name, key);
}

size_t
gate_host_index(const struct quoin_gate_core *core, const char *name, bool *ret_found)
{
	return quoin_search(core->hosts, core->host_count, sizeof(struct gate_host *), compare_name, name, ret_found);
}

struct gate_host *
gate_host(const struct quoin_gate_core *core, const char *name)
{
	bool found;
	size_t i = gate_host_index(core, name, &found);

	return found ? core->hosts[i] : NULL;
}

/* The host, if it is certified for the shard. */
const struct gate_host *
gate_part_host(const struct gate_part *part)
{
	const struct gate_host *host = part->host;

	return host != NULL && host->is_certified && strcmp(host->shard, part->asked->shard->name) == 0 ? host : NULL;
}

/* ---- What it says ---- */

const struct gate_have *
gate_host_have(const struct gate_host *host, const struct quoin_docref *release)
{
	for (size_t i = 0; i < host->have_count; i++)
		if (host->haves[i].release.number == release->number)
			return quoin_hash_equal(&host->haves[i].release.hash, &release->hash) || QUOIN_DEFECT(BY_NUMBER)
			    ? &host->haves[i]
			    : NULL;
	return NULL;
}

bool
gate_host_holds(const struct gate_host *host, uint64_t release)
{
	return host->runs == release || gate_has_number(host->holds, host->hold_count, release);
}

int64_t
gate_host_silent_ms(const struct gate_host *host, int64_t at_ms)
{
	uint64_t age_ms = host->interval_ms > QUOIN_GATE_AGE_MS_MAX / 3 ? QUOIN_GATE_AGE_MS_MAX : 3 * host->interval_ms;

	return at_ms + (int64_t)age_ms + 1;
}

static bool
is_heard_since(const struct quoin_gate_core *core, const struct gate_host *host, int64_t at_ms)
{
	if (QUOIN_DEFECT(STALE_EVIDENCE))
		return host->has_status;
	return host->has_status && host->is_certified && !host->is_leaving &&
	    core->now_ms < gate_host_silent_ms(host, at_ms);
}

bool
gate_host_speaks(const struct quoin_gate_core *core, const struct gate_host *host)
{
	return is_heard_since(core, host, host->fresh_ms);
}

bool
gate_host_may_speak(const struct quoin_gate_core *core, const struct gate_host *host)
{
	return is_heard_since(core, host, host->perhaps_ms);
}

bool
gate_host_obeys(const struct quoin_gate_core *core, const struct gate_host *host, uint64_t seq)
{
	return host->has_status && host->obeyed.epoch == core->position.epoch && host->obeyed.seq >= seq;
}

static bool
is_other_hash(const struct quoin_gate_core *core, const struct quoin_position *obeyed)
{
	const struct quoin_position *own = &core->past[obeyed->seq % QUOIN_GATE_POSITIONS_MAX];

	return obeyed->seq != 0 && quoin_position_compare(own, obeyed) == 0 &&
	    !quoin_hash_equal(&own->hash, &obeyed->hash);
}

bool
gate_host_is_ahead(const struct quoin_gate_core *core, const struct gate_host *host, bool *ret_is_later)
{
	*ret_is_later = quoin_position_compare(&host->obeyed, &core->position) > 0;
	return host->has_status && host->is_certified && (*ret_is_later || is_other_hash(core, &host->obeyed));
}

/* ---- Leases ---- */

bool
gate_host_is_forgotten(const struct gate_host *host)
{
	return host->forget_intent != 0 && host->intent < host->forget_intent;
}

bool
gate_router_may_run(const struct gate_host *host)
{
	return host->role == QUOIN_HOST_ROUTER && (host->is_certified || host->is_expired);
}

/* By the draft: a router that this decision hears again holds what it says, and is not kept any more. */
bool
gate_router_has_lease(const struct quoin_gate_core *core, const struct gate_host *host)
{
	return gate_router_may_run(host) && host->lease_until_ms != 0 && gate_kept(&core->draft, host->name) == NULL;
}

bool
gate_router_counts(const struct quoin_gate_core *core, const struct gate_host *host)
{
	return gate_router_has_lease(core, host) && host->is_certified && host->has_status && !host->is_leaving &&
	    host->exclusion == NULL;
}

/* ---- Evidence ---- */

/* Certified for serving, obeying at least "since", and ready by its newest status; the boot id and the load generation are
 * that status's own, and ready_since begins anew with either. */
bool
gate_says_ready(const struct quoin_gate_core *core, const struct gate_host *host, const struct quoin_live *live,
    int64_t soak_ms)
{
	const struct gate_have *have;

	if (host->role != QUOIN_HOST_SERVING ||
	    !gate_host_obeys(core, host, QUOIN_DEFECT(EVIDENCE_SINCE) ? 0 : live->since))
		return false;
	have = gate_host_have(host, &live->release);
	return have != NULL && have->progress == QUOIN_PROGRESS_READY && core->now_ms - have->ready_since_ms >= soak_ms;
}

bool
gate_has_evidence(const struct quoin_gate_core *core, const struct gate_host *host, const struct quoin_live *live,
    int64_t soak_ms)
{
	return gate_host_speaks(core, host) && gate_says_ready(core, host, live, soak_ms);
}

bool
gate_is_ready(const struct quoin_gate_core *core, const struct gate_host *host, const struct quoin_live *live,
    int64_t soak_ms)
{
	return host->exclusion == NULL && gate_has_evidence(core, host, live, soak_ms);
}

bool
gate_router_is_staged(const struct gate_host *host, const struct quoin_live *live)
{
	const struct gate_have *have = gate_host_have(host, &live->release);

	return host->runs == live->release.number ||
	    (have != NULL && (have->progress == QUOIN_PROGRESS_STAGED || have->progress == QUOIN_PROGRESS_READY));
}

/* ---- Doubt ---- */

static bool
is_failure(const struct gate_have *have)
{
	return have->progress == QUOIN_PROGRESS_FAILED || have->progress == QUOIN_PROGRESS_REJECTED;
}

/* What the gate itself excluded counts, too. */
bool
gate_has_failed(const struct quoin_gate_core *core, const struct gate_host *host, const struct quoin_live *live,
    bool *ret_is_fuse)
{
	const struct gate_have *have = gate_host_have(host, &live->release);

	if (!host->is_certified || have == NULL || !is_failure(have) || !gate_host_obeys(core, host, live->since) ||
	    (host->exclusion != NULL && host->exclusion->by_operator))
		return false;
	*ret_is_fuse = have->progress == QUOIN_PROGRESS_FAILED && have->model[0] == '\0';
	return true;
}

/* Section 5: no report means it holds it. */
bool
gate_may_hold(const struct quoin_gate_core *core, const struct gate_host *host, const struct quoin_live *live,
    char why[QUOIN_GATE_TEXT_BYTES])
{
	uint64_t release = live->release.number;
	char unwanted[QUOIN_GATE_TEXT_BYTES];

	if (why == NULL)
		why = unwanted;
	if (!gate_router_has_lease(core, host))
		return false;
	if (!host->has_status || !host->is_heard)
		snprintf(why, QUOIN_GATE_TEXT_BYTES, "router %s was not heard since this gate acts", host->name);
	else if (!gate_host_obeys(core, host, QUOIN_DEFECT(RUN_1) ? 0 : live->last + 1))
		snprintf(why, QUOIN_GATE_TEXT_BYTES, "router %s obeys %llu/%llu, not yet newer than %llu", host->name,
		    (unsigned long long)host->obeyed.epoch, (unsigned long long)host->obeyed.seq,
		    (unsigned long long)live->last);
	else if (gate_host_holds(host, release) && !QUOIN_DEFECT(LIVE_EARLY))
		snprintf(why, QUOIN_GATE_TEXT_BYTES, "router %s %s it", host->name,
		    host->runs == release ? "runs" : "holds");
	else
		return false;
	return true;
}

int64_t
gate_out_ms(const struct quoin_gate_core *core, const struct gate_host *host)
{
	return host == NULL || host->out_ms == 0 ? INT64_MAX : gate_after(host->out_ms, core->conf.vip_poll_ms);
}
