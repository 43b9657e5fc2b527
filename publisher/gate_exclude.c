/*
 * Who is excluded, and until when (PROTOCOL.md sections 5 and 7). Operators exclude hosts at once, and their word is that no
 * request is sent there. The gate excludes by itself what a policy allows not to be ready: such a host counts as out when it
 * has reported obeying that, and its VIP has had time to see it.
 */
#include <string.h>

#include "publisher/gate_state.h"

/* ---- Whether what the gate excluded is out ---- */

static void
note(struct quoin_gate_core *core, struct gate_host *host, const struct quoin_exclusion *exclusion)
{
	host->exclusion = exclusion;
	if (exclusion == NULL) {
		host->out_seq = 0;
		host->out_ms = 0;
	} else if (host->out_seq == 0 || host->out_epoch != core->position.epoch) {
		/* A gate that has not seen it begin takes the newest activation for it: that only takes longer. */
		host->out_epoch = core->position.epoch;
		host->out_seq = core->position.seq;
		host->out_ms = 0;
	}
	gate_note_obeying(core, host);
}

void
gate_note_obeying(const struct quoin_gate_core *core, struct gate_host *host)
{
	if (host->out_seq == 0 || !gate_host_obeys(core, host, host->out_seq))
		host->out_ms = 0;
	else if (host->out_ms == 0)
		host->out_ms = core->now_ms > 0 ? core->now_ms : 1;
}

void
gate_note_exclusion(struct quoin_gate_core *core, struct gate_host *host)
{
	note(core, host, quoin_activation_exclusion(&core->activation, host->name));
}

void
gate_note_exclusions(struct quoin_gate_core *core)
{
	const struct quoin_activation *activation = &core->activation;
	size_t at = 0;

	/* Both are in the order of names. */
	for (size_t i = 0; i < core->host_count; i++) {
		struct gate_host *host = core->hosts[i];

		while (at < activation->excluded_count && strcmp(activation->excluded[at].host, host->name) < 0)
			at++;
		note(core, host,
		    at < activation->excluded_count && strcmp(activation->excluded[at].host, host->name) == 0
			? &activation->excluded[at]
			: NULL);
	}
}

/* ---- Operators ---- */

static void
exclude_what_operators_want(struct quoin_gate_core *core)
{
	for (size_t i = 0; i < core->ledger->excluded_count; i++) {
		const struct quoin_ledger_exclusion *excluded = &core->ledger->excluded[i];
		struct quoin_exclusion wanted = {.until_ms = excluded->until_ms, .by_operator = true};

		if (!quoin_ledger_excludes(core->ledger, excluded->host, core->wall_ms))
			continue;
		memcpy(wanted.host, excluded->host, strlen(excluded->host) + 1);
		gate_draft_exclude(core, &wanted);
		if (wanted.until_ms != 0)
			gate_wake(core, gate_after(core->now_ms, (uint64_t)(wanted.until_ms - core->wall_ms)));
	}
}

/* ---- Including again ---- */

/* What a router may hold, and what is about to be selected. */
static bool
is_needed(const struct quoin_gate_core *core, const struct quoin_live *live)
{
	uint64_t release = live->release.number;
	bool is_replaced = core->draft.from != 0 && !gate_is_good(core, core->draft.from);

	return live->last != 0 || release == core->working || gate_pin_waits(core, release) ||
	    (is_replaced && quoin_activation_has_active(&core->draft, release));
}

static bool
is_complete(struct quoin_gate_core *core, const struct gate_host *host)
{
	for (size_t i = 0; i < core->activation.live_count; i++) {
		const struct quoin_live *live = &core->activation.live[i];
		const struct quoin_gate_release *summary;
		const struct quoin_gate_shard *shard;

		if (!is_needed(core, live))
			continue;
		summary = gate_summary(core, live->release.number);
		if (summary == NULL)
			return false;
		shard = gate_shard(summary, host->shard);
		if (shard != NULL && shard->model_count > 0 && !gate_has_evidence(core, host, live, 0))
			return false;
	}
	return true;
}

/* Excluded at once; included again when the host has everything that runs, and what is to run next (section 5). */
void
gate_take_exclusions(struct quoin_gate_core *core)
{
	exclude_what_operators_want(core);
	for (size_t i = 0; i < core->draft.excluded_count;) {
		const char *name = core->draft.excluded[i].host;
		const struct gate_host *host = gate_host(core, name);

		if (quoin_ledger_excludes(core->ledger, name, core->wall_ms)) {
			i++;
			continue;
		}
		if (host != NULL && host->is_certified && host->role == QUOIN_HOST_SERVING &&
		    !is_complete(core, host)) {
			gate_waits_last(core, "%s is included again when it is ready for everything that runs", name);
			i++;
			continue;
		}
		gate_decided(core, "%s is included again", name);
		gate_draft_include(core, name);
	}
}
