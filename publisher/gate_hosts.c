/* Hosts as the gate knows them: certificate, newest status, lease (PROTOCOL.md sections 3, 4 and 6). */
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/defect.h"
#include "publisher/gate_state.h"

void
gate_hosts_clear(struct quoin_gate_core *core)
{
	gate_count_clear(core);
	for (size_t i = 0; i < core->host_count; i++) {
		free(core->hosts[i]->haves);
		free(core->hosts[i]);
	}
	free(core->hosts);
	core->hosts = NULL;
	core->host_count = core->host_cap = 0;
}

/* Note the newest "forget" of this host; what it said before does not count any more. */
static void
read_forgets_of(struct quoin_gate_core *core, struct gate_host *host)
{
	for (size_t i = core->ledger != NULL ? core->ledger->intent_count : 0; i-- > 0;) {
		const struct quoin_ledger_intent *intent = &core->ledger->intents[i];

		if (intent->action != QUOIN_ACTION_FORGET || strcmp(intent->whom, host->name) != 0)
			continue;
		if (intent->number > host->forget_intent) {
			host->forget_intent = intent->number;
			host->is_returned = false;
			gate_miscount(core);
			if (gate_host_is_forgotten(host))
				host->lease_until_ms = 0;
		}
		return;
	}
}

/* The record of this host, made if it is new; NULL without memory or room. */
static struct gate_host *
host_made(struct quoin_gate_core *core, const char *name)
{
	struct gate_host *host, **hosts;
	bool found;
	size_t at = gate_host_index(core, name, &found);

	if (found)
		return core->hosts[at];
	if (core->host_count == QUOIN_HOSTS_MAX) {
		core->is_crowded = true;
		return NULL;
	}
	if (core->host_count == core->host_cap) {
		size_t cap = core->host_cap == 0 ? 64 : core->host_cap * 2;

		hosts = realloc(core->hosts, cap * sizeof *hosts);
		if (hosts == NULL) {
			core->code = QUOIN_ENOMEM;
			return NULL;
		}
		core->hosts = hosts;
		core->host_cap = cap;
	}
	host = calloc(1, sizeof *host);
	if (host == NULL) {
		core->code = QUOIN_ENOMEM;
		return NULL;
	}
	memcpy(host->name, name, strlen(name) + 1);
	memmove(core->hosts + at + 1, core->hosts + at, (core->host_count - at) * sizeof(struct gate_host *));
	core->hosts[at] = host;
	core->host_count++;
	gate_miscount(core);
	read_forgets_of(core, host);
	gate_note_exclusion(core, host);
	return host;
}

/* Most statuses bring the certificate that is known. */
static void
certify(struct quoin_gate_core *core, struct gate_host *host, const struct quoin_cert *cert)
{
	if (!host->is_certified || host->role != cert->role || strcmp(host->shard, cert->shard) != 0 ||
	    !quoin_labels_equal(&host->labels, &cert->labels))
		gate_miscount(core);
	host->is_certified = true;
	memcpy(host->key, cert->key, sizeof host->key);
	host->role = cert->role;
	memcpy(host->shard, cert->shard, sizeof host->shard);
	host->labels = cert->labels;
}

static bool
is_as_enrolled(const struct gate_host *host, const struct quoin_cert *cert)
{
	return memcmp(host->key, cert->key, sizeof host->key) == 0 && host->role == cert->role &&
	    strcmp(host->shard, cert->shard) == 0;
}

/* What was said under another key, role or shard is no evidence any more, whatever it was. A router keeps its lease, and
 * what it may hold by then is everything: the one that said so may still be there. */
static void
distrust(struct gate_host *host)
{
	memset(&host->obeyed, 0, sizeof host->obeyed);
	host->is_heard = false;
	host->number = 0;
	host->have_count = 0;
}

void
gate_cert(struct quoin_gate_core *core, const struct quoin_cert *cert, bool is_expired)
{
	struct gate_host *host = host_made(core, cert->host);

	if (host == NULL)
		return;
	if (host->has_status && !is_as_enrolled(host, cert))
		distrust(host);
	certify(core, host, cert);
	host->is_enrolled = true;
	if (is_expired) {
		host->is_certified = false;
		host->is_expired = true;
	}
	gate_miscount(core);
}

void
gate_cert_gone(struct quoin_gate_core *core, const char *name)
{
	struct gate_host *host = gate_host(core, name);

	if (host != NULL)
		host->is_certified = host->is_expired = false;
	gate_miscount(core);
}

/* ---- Statuses ---- */

/* Since when it is ready without a break: a restart, or an unload between two statuses, begins anew. */
static int64_t
ready_since(const struct gate_host *host, const struct quoin_status *status, const struct quoin_status_release *now,
    int64_t received_ms)
{
	const struct gate_have *before;

	if (!host->has_status || host->generation != status->generation || strcmp(host->boot, status->boot) != 0)
		return received_ms;
	before = gate_host_have(host, &now->release);
	return before != NULL && before->progress == QUOIN_PROGRESS_READY ? before->ready_since_ms : received_ms;
}

static void
take_haves(struct quoin_gate_core *core, struct gate_host *host, const struct quoin_status *status, int64_t received_ms)
{
	size_t count = status->release_count < QUOIN_GATE_HAVES_MAX ? status->release_count : QUOIN_GATE_HAVES_MAX;
	struct gate_have *haves;

	haves = calloc(count + 1, sizeof *haves);
	if (haves == NULL) {
		core->code = QUOIN_ENOMEM;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const struct quoin_status_release *from = &status->releases[i];

		haves[i].release = from->release;
		haves[i].progress = from->progress;
		for (size_t k = 0; QUOIN_DEFECT(EVIDENCE_RESTART) && k < host->have_count; k++)
			if (host->haves[k].release.number == from->release.number &&
			    host->haves[k].progress == QUOIN_PROGRESS_READY)
				haves[i].progress = QUOIN_PROGRESS_READY;
		haves[i].ready_since_ms = ready_since(host, status, from, received_ms);
		memcpy(haves[i].model, from->model, sizeof haves[i].model);
		memcpy(haves[i].reason, from->reason, sizeof haves[i].reason);
	}
	free(host->haves);
	host->haves = haves;
	host->have_count = count;
}

static uint64_t
lease_of(const struct quoin_gate_core *core, const struct gate_host *host)
{
	uint64_t lease_ms = host->lease_ms != 0 ? host->lease_ms : core->conf.lease_ms;

	/* Section 6: the gate counts 2 % more. */
	return lease_ms > UINT64_MAX / 2 ? lease_ms : lease_ms + lease_ms / 50 + 1;
}

static void
take_lease(struct quoin_gate_core *core, struct gate_host *host)
{
	if (host->role != QUOIN_HOST_ROUTER)
		return;
	if (gate_host_is_forgotten(host)) {
		host->is_returned = true;
		return;
	}
	host->lease_until_ms = gate_after(host->received_ms > 0 ? host->received_ms : 0, lease_of(core, host));
}

static bool
same_haves(const struct gate_host *host, const struct quoin_status *status)
{
	if (host->have_count != status->release_count)
		return false;
	for (size_t i = 0; i < host->have_count; i++) {
		const struct gate_have *have = &host->haves[i];
		const struct quoin_status_release *now = &status->releases[i];

		if (have->release.number != now->release.number || have->progress != now->progress ||
		    !quoin_hash_equal(&have->release.hash, &now->release.hash) ||
		    strcmp(have->model, now->model) != 0 || strcmp(have->reason, now->reason) != 0)
			return false;
	}
	return true;
}

/* The same again, from a host that is heard anyhow: most statuses are that, and need no decision. */
static bool
says_nothing_new(const struct quoin_gate_core *core, const struct gate_host *host, const struct quoin_status *status)
{
	return host->is_heard && gate_host_speaks(core, host) &&
	    (host->role != QUOIN_HOST_ROUTER || host->lease_until_ms != 0) && host->is_leaving == status->leaving &&
	    host->generation == status->generation && strcmp(host->boot, status->boot) == 0 &&
	    quoin_position_compare(&host->obeyed, &status->obeyed) == 0 &&
	    quoin_hash_equal(&host->obeyed.hash, &status->obeyed.hash) && host->runs == status->runs.number &&
	    host->hold_count == status->hold_count &&
	    memcmp(host->holds, status->holds, host->hold_count * sizeof host->holds[0]) == 0 &&
	    same_haves(host, status);
}

bool
gate_status(struct quoin_gate_core *core, const struct quoin_gate_event *event)
{
	const struct quoin_status *status = event->status;
	struct gate_host *host = host_made(core, status->host);
	bool is_new;

	if (host == NULL || (host->has_status && status->number <= host->number))
		return false;
	if (event->cert != NULL && host->is_enrolled && !is_as_enrolled(host, event->cert))
		return false; /* under an older certificate: the shell has said so */
	QUOIN_ASSERT(event->age_ms >= 0 && event->lag_ms >= 0);
	is_new = !says_nothing_new(core, host, status);
	if (event->cert != NULL) {
		certify(core, host, event->cert);
		host->is_expired = false;
	}
	if (is_new)
		take_haves(core, host, status, core->now_ms - event->age_ms);
	host->has_status = true;
	host->number = status->number;
	memcpy(host->boot, status->boot, sizeof host->boot);
	host->generation = status->generation;
	host->received_ms = core->now_ms - event->age_ms;
	host->fresh_ms = host->received_ms - event->lag_ms;
	host->perhaps_ms =
	    core->now_ms - (event->age_ms > QUOIN_GATE_CLOCKS_APART_MS ? event->age_ms - QUOIN_GATE_CLOCKS_APART_MS : 0);
	host->interval_ms = status->interval_ms;
	host->lease_ms = status->lease_ms;
	host->obeyed = status->obeyed;
	/* Who has heard of an intent once has heard of it, also when it says less after it lost its store. */
	host->intent = status->intent > host->intent ? status->intent : host->intent;
	host->runs = status->runs.number;
	memcpy(host->holds, status->holds, sizeof host->holds);
	host->hold_count = status->hold_count;
	host->is_leaving = status->leaving;
	host->is_heard = true;
	take_lease(core, host);
	gate_note_obeying(core, host);
	gate_count_host(core, host);
	return is_new;
}

/* ---- Leases ---- */

void
gate_read_forgets(struct quoin_gate_core *core)
{
	bool any = false;

	for (size_t i = 0; i < core->ledger->intent_count && !any; i++)
		any = core->ledger->intents[i].action == QUOIN_ACTION_FORGET;
	for (size_t i = 0; any && i < core->host_count; i++)
		read_forgets_of(core, core->hosts[i]);
}

void
gate_grant_leases(struct quoin_gate_core *core)
{
	gate_miscount(core);
	for (size_t i = 0; i < core->host_count; i++) {
		struct gate_host *host = core->hosts[i];

		host->is_heard = QUOIN_DEFECT(NO_GRANT);
		host->lease_until_ms = 0;
		if (!gate_router_may_run(host) || gate_host_is_forgotten(host) || QUOIN_DEFECT(NO_GRANT))
			continue;
		if (core->has_activation && gate_kept(&core->activation, host->name) != NULL)
			continue;
		host->lease_until_ms = gate_after(core->now_ms, lease_of(core, host));
	}
}
