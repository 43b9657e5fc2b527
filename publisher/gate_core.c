/* Events in, actions out; standby, take-over and heartbeats (PROTOCOL.md section 5, DESIGN.md section 4). */
#include "publisher/gate_core.h"

#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "publisher/gate_state.h"

int
quoin_gate_core_new(const struct quoin_gate_core_conf *conf, struct quoin_gate_core **ret)
{
	struct quoin_gate_core *core;

	QUOIN_ASSERT(conf->heartbeat_ms > 0);
	core = calloc(1, sizeof *core);
	if (core == NULL)
		return QUOIN_ENOMEM;
	core->alarms = calloc(QUOIN_GATE_ALARMS_MAX, sizeof *core->alarms);
	core->told = calloc(QUOIN_GATE_ALARMS_MAX, sizeof *core->told);
	if (core->alarms == NULL || core->told == NULL) {
		quoin_gate_core_free(core);
		return QUOIN_ENOMEM;
	}
	core->conf = *conf;
	core->mode = GATE_STANDBY;
	core->wake_ms = INT64_MAX;
	core->is_miscounted = true;
	gate_health_reset(core);
	*ret = core;
	return 0;
}

void
quoin_gate_core_free(struct quoin_gate_core *core)
{
	if (core == NULL)
		return;
	gate_hosts_clear(core);
	for (size_t i = 0; i < core->summary_count; i++)
		quoin_gate_release_free(core->summaries[i]);
	quoin_activation_clear(&core->activation);
	quoin_activation_clear(&core->draft);
	free(core->alarms);
	free(core->told);
	free(core);
}

/* ---- What the gate topic says ---- */

static void
take_activation(struct quoin_gate_core *core, const struct quoin_gate_event *event)
{
	const struct quoin_activation *activation = event->activation;
	struct quoin_position position = {activation->epoch, activation->seq, event->hash};
	struct quoin_activation copy = {0};

	if (core->has_activation && quoin_position_compare(&position, &core->position) <= 0)
		return;
	core->code = quoin_activation_copy(activation, &copy);
	if (core->code != 0)
		return;
	quoin_activation_clear(&core->activation);
	core->activation = copy;
	core->position = position;
	core->has_activation = true;
	core->is_producing = false;
	core->is_undecided = true;
	core->past[position.seq % QUOIN_GATE_POSITIONS_MAX] = position;
	gate_miscount(core);
	gate_note_exclusions(core);
	/* The end of a lease is decided, and now written down. */
	for (size_t i = 0; i < copy.kept_count; i++) {
		struct gate_host *host = gate_host(core, copy.kept[i].host);

		if (host != NULL)
			host->lease_until_ms = 0;
	}
}

static void
take_heartbeat(struct quoin_gate_core *core, const struct quoin_heartbeat *heartbeat)
{
	int64_t age_ms = core->wall_ms - heartbeat->issued_ms;

	if (heartbeat->number > core->heartbeat_number)
		core->heartbeat_number = heartbeat->number;
	if (memcmp(heartbeat->gate, core->conf.gate, sizeof core->conf.gate) == 0)
		return;
	/* A clock ahead of ours makes it fresh, not fresher. */
	core->heard_ms = core->now_ms - (age_ms > 0 ? age_ms : 0);
	core->heard_interval_ms = heartbeat->interval_ms;
	core->has_heard = true;
}

/* ---- Standby and take-over ---- */

static int64_t
take_over_at(const struct quoin_gate_core *core)
{
	uint64_t interval_ms = core->heard_interval_ms;
	uint64_t jitter_ms = core->conf.jitter_ms;

	if (!core->has_heard)
		return core->now_ms;
	if (interval_ms > QUOIN_GATE_AGE_MS_MAX)
		interval_ms = QUOIN_GATE_AGE_MS_MAX;
	/* A gate that ended cleanly said so with a tiny interval: nobody needs to wait. */
	if (interval_ms < core->conf.heartbeat_ms)
		jitter_ms = jitter_ms * interval_ms / core->conf.heartbeat_ms;
	if (core->heard_ms < 0)
		return core->now_ms;
	return gate_after(core->heard_ms, 3 * interval_ms + jitter_ms);
}

static void
stand_by(struct quoin_gate_core *core)
{
	if (core->mode != GATE_STANDBY || !core->is_caught_up)
		return;
	if (core->now_ms < take_over_at(core)) {
		gate_wake(core, take_over_at(core));
		return;
	}
	core->mode = GATE_TAKING_OVER;
	gate_act(core, QUOIN_GATE_TAKE_OVER);
}

static void
step_down(struct quoin_gate_core *core, uint64_t interval_ms)
{
	if (core->mode == GATE_ACTING)
		gate_act(core, QUOIN_GATE_STEP_DOWN);
	core->mode = GATE_STANDBY;
	core->is_producing = false;
	core->is_reading = false;
	gate_health_reset(core);
	core->asked_count = 0;
	core->alarm_count = core->told_count = 0;
	core->reason[0] = core->told_reason[0] = '\0';
	/* Whoever acts now gets three of these to be heard: we never init again directly. */
	core->has_heard = true;
	core->heard_ms = core->now_ms;
	core->heard_interval_ms = interval_ms;
}

static void
take_over(struct quoin_gate_core *core)
{
	if (core->mode != GATE_TAKING_OVER)
		return;
	core->mode = GATE_ACTING;
	core->is_undecided = true;
	core->is_producing = false;
	core->is_reading = false;
	core->watch_ms = gate_after(core->now_ms, 6 * core->conf.heartbeat_ms);
	core->beat_ms = core->now_ms; /* the fleet hears of it at once */
	core->drain_count = 0;
	core->way = 0;
	gate_grant_leases(core);
}

static void
beat(struct quoin_gate_core *core)
{
	struct quoin_gate_action *action;

	if (core->mode != GATE_ACTING || core->is_producing)
		return;
	if (core->now_ms < core->beat_ms) {
		gate_wake(core, core->beat_ms);
		return;
	}
	action = gate_act(core, QUOIN_GATE_PRODUCE_HEARTBEAT);
	action->number = ++core->heartbeat_number;
	action->position = core->position;
	core->beat_ms = gate_after(core->now_ms, core->conf.heartbeat_ms);
	gate_wake(core, core->beat_ms);
}

/* ---- Steps ---- */

static void
take(struct quoin_gate_core *core, const struct quoin_gate_event *event)
{
	switch (event->kind) {
	case QUOIN_GATE_TICK:
	case QUOIN_GATE_HEARTBEAT_WRITTEN:
		break;
	case QUOIN_GATE_LEDGER:
		core->ledger = event->ledger;
		gate_read_forgets(core);
		core->is_undecided = true;
		break;
	case QUOIN_GATE_ROOT:
		core->epoch = event->epoch;
		core->is_undecided = true;
		break;
	case QUOIN_GATE_CERT:
		gate_cert(core, event->cert, event->is_expired);
		core->is_undecided = true;
		break;
	case QUOIN_GATE_CERT_GONE:
		gate_cert_gone(core, event->host);
		core->is_undecided = true;
		break;
	case QUOIN_GATE_ACTIVATION:
		take_activation(core, event);
		break;
	case QUOIN_GATE_HEARTBEAT:
		take_heartbeat(core, event->heartbeat);
		break;
	case QUOIN_GATE_STATUS:
		if (gate_status(core, event))
			core->is_undecided = true;
		break;
	case QUOIN_GATE_RELEASE:
		gate_summary_take(core, event->release);
		core->is_undecided = true;
		break;
	case QUOIN_GATE_STATUS_READ:
		break;
	case QUOIN_GATE_HEALTH:
		gate_take_health(core, event);
		break;
	case QUOIN_GATE_CAUGHT_UP:
		core->is_caught_up = true;
		break;
	case QUOIN_GATE_TOOK_OVER:
		take_over(core);
		break;
	case QUOIN_GATE_FENCED:
		step_down(core, core->conf.heartbeat_ms);
		break;
	case QUOIN_GATE_LOST:
		/* Probably nobody else acts: one interval to hear whether somebody does. */
		step_down(core, core->conf.heartbeat_ms / 3);
		break;
	case QUOIN_GATE_NOT_WRITTEN:
		core->is_producing = false;
		core->is_undecided = true;
		break;
	}
}

int
quoin_gate_core_step(struct quoin_gate_core *core, const struct quoin_gate_event *event,
    struct quoin_gate_actions *actions)
{
	bool is_confirmed;

	QUOIN_ASSERT(event->now_ms >= core->now_ms);
	actions->count = 0;
	actions->left_out = 0;
	core->actions = actions;
	core->now_ms = event->now_ms;
	core->wall_ms = event->wall_ms;
	take(core, event);
	is_confirmed = event->kind == QUOIN_GATE_STATUS_READ && core->is_reading && event->token == core->token;
	if (is_confirmed)
		core->is_reading = false;
	/* Reading to an end and being late are decided at once; the rest may be gathered. */
	if (core->code == 0 && (!event->more || is_confirmed)) {
		if (core->is_undecided || is_confirmed || core->now_ms >= core->wake_ms) {
			core->wake_ms = INT64_MAX;
			gate_decide(core, is_confirmed);
		}
		stand_by(core);
		beat(core);
	}
	core->actions = NULL;
	return core->code;
}

void
quoin_gate_core_retune(struct quoin_gate_core *core, uint64_t heartbeat_ms, uint64_t vip_poll_ms, bool has_health_hook)
{
	int64_t beat_ms = gate_after(core->now_ms, heartbeat_ms);

	QUOIN_ASSERT(heartbeat_ms > 0);
	if (has_health_hook != core->conf.has_health_hook)
		gate_health_reset(core);
	core->conf.heartbeat_ms = heartbeat_ms;
	core->conf.vip_poll_ms = vip_poll_ms;
	core->conf.has_health_hook = has_health_hook;
	if (beat_ms < core->beat_ms)
		core->beat_ms = beat_ms;
	core->is_undecided = true;
	gate_miscount(core);
}

int64_t
quoin_gate_core_deadline(const struct quoin_gate_core *core)
{
	return core->wake_ms;
}

bool
quoin_gate_core_is_acting(const struct quoin_gate_core *core)
{
	return core->mode == GATE_ACTING;
}

void
quoin_gate_core_figures(const struct quoin_gate_core *core, struct quoin_gate_figures *ret)
{
	*ret = (struct quoin_gate_figures){
	    .hosts = core->host_count,
	    .routers = core->fleet.counts[GATE_FLEET_COUNTS],
	    .ahead = core->fleet.counts[GATE_FLEET_AHEAD],
	    .alarms = core->alarm_count,
	};
}

const struct quoin_activation *
quoin_gate_core_activation(const struct quoin_gate_core *core, struct quoin_position *ret_position)
{
	*ret_position = core->position;
	return core->has_activation ? &core->activation : NULL;
}

const char *
quoin_gate_core_reason(const struct quoin_gate_core *core)
{
	return core->reason;
}
