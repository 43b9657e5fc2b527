/*
 * One decision, in the order of PROTOCOL.md section 5: take in what was asked; see what is complete; see what is on its
 * way; pins; leases; what may leave. Out comes at most one activation, or the wish to read the status topic first.
 */
#include <stdio.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/defect.h"
#include "publisher/gate_state.h"

/* ---- Whether to act at all ---- */

/* What any gate of ours would have made; the next one is made of it. */
static bool
is_sound(const struct quoin_gate_core *core)
{
	const struct quoin_activation *activation = &core->activation;
	bool is_live = activation->seq < UINT64_MAX;

	is_live = is_live && (activation->from == 0 || quoin_activation_live(activation, activation->from) != NULL);
	is_live = is_live && (activation->target == 0 || quoin_activation_live(activation, activation->target) != NULL);
	for (size_t i = 0; i < activation->pin_count && is_live; i++)
		is_live = quoin_activation_live(activation, activation->pins[i].release) != NULL;
	return is_live;
}

/*
 * Section 5: a verified status that names a later activation than this log, or the same with another hash, means that the
 * log is not the fleet's; what was written then, the brake too, would be another history, which those hosts refuse. The
 * word of one whom operators exclude does not count: they say that it is the host that is wrong. It is the ledger that
 * tells, since no activation can while nothing is decided.
 */
static const struct gate_host *
host_ahead(struct quoin_gate_core *core, size_t *ret_count)
{
	const struct gate_host *first = NULL;
	bool is_later;

	*ret_count = 0;
	if (core->fleet.counts[GATE_FLEET_AHEAD] == 0)
		return NULL;
	for (size_t i = 0; i < core->host_count; i++) {
		const struct gate_host *host = core->hosts[i];

		if (!gate_host_is_ahead(core, host, &is_later) ||
		    quoin_ledger_excludes(core->ledger, host->name, core->wall_ms))
			continue;
		(*ret_count)++;
		if (first == NULL)
			first = host;
	}
	return first;
}

static bool
is_log_of_the_fleet(struct quoin_gate_core *core)
{
	char others[48] = "";
	const struct gate_host *host;
	size_t count;
	bool is_later;

	host = host_ahead(core, &count);
	if (host == NULL || QUOIN_DEFECT(RUN_13))
		return true;
	if (count > 1)
		snprintf(others, sizeof others, " (and %zu other hosts)", count - 1);
	(void)gate_host_is_ahead(core, host, &is_later);
	gate_alarm(core,
	    "%s%s obeys activation %llu/%llu, %s; nothing is decided, the brake neither: bring the topic back, or, if the "
	    "host is wrong, quoin exclude %s",
	    host->name, others, (unsigned long long)host->obeyed.epoch, (unsigned long long)host->obeyed.seq,
	    is_later ? "which the gate topic does not have" : "which is another one on the gate topic", host->name);
	return false;
}

/* Nor is it, without documents of the control topic that were consumed. */
static bool
may_act(struct quoin_gate_core *core)
{
	if (!is_sound(core)) {
		gate_alarm(core,
		    "activation %llu/%llu on the gate topic selects a release that is not live; nothing is decided: find "
		    "out what signed it",
		    (unsigned long long)core->position.epoch, (unsigned long long)core->position.seq);
		return false;
	}
	if (!is_log_of_the_fleet(core))
		return false;
	if (core->activation.head.number > core->ledger->head.number ||
	    core->activation.intent.number > core->ledger->last_intent.number) {
		gate_alarm(core,
		    "the control topic ends at release %llu and intent %llu, and the newest activation has seen %llu "
		    "and %llu; nothing is decided until they are there again",
		    (unsigned long long)core->ledger->head.number, (unsigned long long)core->ledger->last_intent.number,
		    (unsigned long long)core->activation.head.number,
		    (unsigned long long)core->activation.intent.number);
		core->was_behind = true;
		return false;
	}
	/* The certificates were missing, too, when this gate took over: what those routers hold is heard, or waited for, now. */
	if (core->was_behind) {
		gate_grant_leases(core);
		gate_count_settle(core);
	}
	core->was_behind = false;
	return core->code == 0;
}

/* ---- The draft ---- */

/* A new epoch counts from 1 again: everything live enters anew, and was last selectable at its beginning if ever. */
static void
begin_epoch(struct quoin_gate_core *core)
{
	struct quoin_activation *draft = &core->draft;

	draft->epoch = core->epoch;
	draft->seq = 1;
	draft->step_seq = 1;
	for (size_t i = 0; i < draft->live_count; i++) {
		draft->live[i].since = 1;
		draft->live[i].last = draft->live[i].last > 0 ? 1 : 0;
	}
	core->is_changed = core->has_activation;
}

static void
begin_draft(struct quoin_gate_core *core)
{
	struct quoin_activation *draft = &core->draft;

	core->is_changed = core->is_cramped = core->is_awaiting = core->is_selecting = false;
	core->working = core->replacing = 0;
	core->wish_count = 0;
	core->reason[0] = core->last_reason[0] = '\0';
	quoin_activation_clear(draft);
	if (core->is_kept_drafted)
		gate_miscount(core);
	core->is_kept_drafted = false;
	core->code = quoin_activation_copy(&core->activation, draft);
	if (core->code != 0)
		return;
	draft->origin = core->conf.origin;
	draft->prev = core->position;
	draft->created_ms = core->wall_ms > 0 ? core->wall_ms : 0;
	memcpy(draft->gate, core->conf.gate, sizeof draft->gate);
	draft->seq = core->activation.seq + 1;
	if (!core->has_activation) {
		draft->step_threshold = 100000;
		draft->step_seq = 1;
	}
	if (core->epoch > draft->epoch || !core->has_activation)
		begin_epoch(core);
}

/* retry: a failed release enters anew; its old reports do not count. */
static void
retry(struct quoin_gate_core *core, uint64_t release)
{
	struct quoin_live *live = gate_draft_live(core, release);

	if (quoin_activation_failure(&core->draft, release) == NULL)
		return;
	gate_decided(core, "release %llu is tried again", (unsigned long long)release);
	gate_draft_unfail(core, release);
	if (live != NULL && !quoin_activation_may_select(&core->draft, release))
		live->since = core->draft.seq;
}

/* The intents since the last activation whose effect is the gate's own. */
static void
take_intents(struct quoin_gate_core *core)
{
	for (size_t i = 0; i < core->ledger->intent_count; i++) {
		const struct quoin_ledger_intent *intent = &core->ledger->intents[i];

		if (intent->number <= core->activation.intent.number)
			continue;
		if (intent->action == QUOIN_ACTION_RETRY)
			retry(core, intent->release);
		if (intent->action == QUOIN_ACTION_FORGET && gate_kept(&core->draft, intent->whom) != NULL) {
			gate_decided(core, "%s is forgotten: nothing is kept for it", intent->whom);
			gate_draft_unkeep(core, intent->whom);
		}
	}
}

static void
take_ledger(struct quoin_gate_core *core)
{
	const struct quoin_ledger *ledger = core->ledger;
	struct quoin_activation *draft = &core->draft;

	if (draft->head.number != ledger->head.number || draft->intent.number != ledger->last_intent.number)
		core->is_changed = true;
	draft->head = ledger->head;
	draft->intent = ledger->last_intent;
	draft->frozen = ledger->frozen;
	for (size_t i = 0; i < ledger->release_count; i++)
		if (ledger->releases[i].is_revoked)
			gate_draft_add_number(core, &draft->revoked, &draft->revoked_count,
			    ledger->releases[i].ref.number);
	take_intents(core);
	core->working = draft->asked;
	gate_take_exclusions(core);
}

static void
produce(struct quoin_gate_core *core)
{
	struct quoin_activation *draft = &core->draft;
	struct quoin_gate_action *action;

	for (size_t i = 0; i < draft->live_count; i++)
		if (quoin_activation_may_select(draft, draft->live[i].release.number))
			draft->live[i].last = draft->seq;
	QUOIN_ASSERT(draft->target == 0 || gate_draft_live(core, draft->target) != NULL);
	QUOIN_ASSERT(draft->from == 0 || gate_draft_live(core, draft->from) != NULL);
	core->is_producing = true;
	core->beat_ms = gate_after(core->now_ms, core->conf.heartbeat_ms);
	action = gate_act(core, QUOIN_GATE_PRODUCE_ACTIVATION);
	action->number = ++core->heartbeat_number;
	action->activation = draft;
}

static void
tell_reason(struct quoin_gate_core *core)
{
	/* What comes of this is known when the log, or the end of the statuses, was heard. */
	if (core->is_producing || core->is_reading)
		return;
	if (core->reason[0] == '\0')
		memcpy(core->reason, core->last_reason, sizeof core->reason);
	if (strcmp(core->reason, core->told_reason) == 0)
		return;
	memcpy(core->told_reason, core->reason, sizeof core->told_reason);
	memcpy(gate_act(core, QUOIN_GATE_REASON)->text, core->reason, sizeof core->reason);
}

/* Selecting is what everybody waits for: what else changed goes into the same activation, after the reading, or after a
 * moment for a models part. */
static bool
is_worth_waiting(const struct quoin_gate_core *core)
{
	if (core->is_selecting)
		return false;
	return gate_wishes_selection(core) || (core->is_awaiting && core->now_ms < core->hold_until_ms);
}

/* The draft is not produced: what it says is not decided. */
static void
take_back_decisions(struct quoin_gate_core *core, size_t from)
{
	struct quoin_gate_actions *actions = core->actions;
	size_t kept = from;

	for (size_t i = from; i < actions->count; i++)
		if (actions->items[i].kind != QUOIN_GATE_DECIDED)
			actions->items[kept++] = actions->items[i];
	actions->count = kept;
}

void
gate_decide(struct quoin_gate_core *core, bool is_confirmed)
{
	char(*told)[QUOIN_GATE_TEXT_BYTES] = core->told;
	struct gate_timer *first;
	size_t texts;

	if (core->mode != GATE_ACTING || core->is_producing || core->ledger == NULL)
		return;
	core->is_undecided = false;
	core->told = core->alarms;
	core->told_count = core->alarm_count;
	core->alarms = told;
	core->alarm_count = 0;
	core->is_confirmed = is_confirmed && quoin_position_compare(&core->asked_at, &core->position) == 0;
	begin_draft(core);
	if (core->code == 0)
		gate_count_settle(core);
	if (core->code != 0 || !may_act(core))
		return;
	texts = core->actions->count;
	take_ledger(core);
	gate_complete(core);
	gate_rollout(core);
	gate_pins(core);
	gate_end_leases(core);
	gate_retire(core);
	gate_watch_readiness(core);
	if (core->code != 0)
		return;
	first = gate_queue_first(&core->wakes);
	if (first != NULL)
		gate_wake(core, first->at_ms);
	if (!core->is_awaiting)
		core->hold_until_ms = 0;
	if (core->is_changed && !is_worth_waiting(core)) {
		produce(core);
	} else {
		take_back_decisions(core, texts);
		gate_ask_for_the_end(core);
	}
	gate_summaries_trim(core);
	tell_reason(core);
}
