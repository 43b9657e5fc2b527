/* What goes wrong on a host, and how it is made whole. */
#include "tests/sim/host.h"

void
sim_host_act(struct sim *sim, struct sim_host *host, const struct sim_act *act)
{
	struct sim_event silence = sim_host_event_of(sim, host, SIM_SILENCE);

	switch (act->kind) {
	case SIM_CRASH:
		if (host->has_core)
			host->crash_in = 1 + act->number % 12;
		break;
	case SIM_REBOOT:
		if (host->actor.is_up)
			sim_host_reboot(sim, host, act->amount);
		break;
	case SIM_TERM:
		sim_host_feed(sim, host, (struct quoin_agent_event){.kind = QUOIN_AGENT_STOP});
		if (!host->has_core)
			sim_push(sim, sim_host_event_of(sim, host, SIM_START), act->amount);
		break;
	case SIM_STORE_DAMAGED:
	case SIM_STORE_GONE:
		if (!host->actor.is_up)
			break;
		sim_host_crash(sim, host, 200 + act->amount % 3000);
		sim_host_lose_store(sim, host, act->kind == SIM_STORE_DAMAGED);
		break;
	case SIM_DISK_FULL:
		host->full_until = sim->now + act->amount;
		break;
	case SIM_UNFETCHABLE:
		host->unfetchable_until = sim->now + act->amount;
		break;
	case SIM_CLOCK:
		if (act->amount < 0 && (!host->store.has_ratchets || host->store.ratchets.is_new))
			break; /* left out: see lose_store */
		host->actor.clock.wall_offset_ms += act->amount;
		break;
	case SIM_PARTITION:
		if (act->amount <= 20000 || !host->has_core)
			break;
		silence.a = 1;
		sim_push(sim, silence, 20000);
		silence.a = 0;
		sim_push(sim, silence, act->amount + 100);
		break;
	case SIM_LAG:
	case SIM_REREAD:
		if (!host->has_core || !host->actor.tails[act->number % 2].is_assigned)
			break;
		if (act->kind == SIM_REREAD)
			host->actor.tails[act->number % 2].next = 0;
		else
			host->actor.late_until[act->number % 2] = sim->now + act->amount;
		break;
	case SIM_SLOW_ACKS:
		host->slow_acks_until = sim->now + act->amount;
		break;
	case SIM_MUTE:
		host->actor.mute_until = sim->now + act->amount;
		break;
	case SIM_MODEL_DEATH:
		sim_host_lose_models(host);
		break;
	case SIM_READER_STUCK:
		host->stuck_until[act->number % SIM_READERS] = sim->now + act->amount;
		break;
	default:
		break;
	}
}

void
sim_host_settle(struct sim *sim, struct sim_host *host)
{
	struct sim_event event = sim_host_event_of(sim, host, SIM_SILENCE);

	host->full_until = host->unfetchable_until = host->slow_acks_until = 0;
	host->crash_in = 0;
	host->actor.clock.wall_offset_ms = 0;
	if (!host->has_core)
		sim_push(sim, sim_host_event_of(sim, host, SIM_START), 100);
	else
		sim_push(sim, event, 100);
	for (size_t i = 0; i < SIM_READERS; i++) {
		host->stuck_until[i] = 0;
		event = sim_host_event_of(sim, host, SIM_READER);
		event.a = i;
		sim_push(sim, event, 1000);
	}
	for (size_t i = 0; i < 2; i++)
		sim_wake_tail(sim, &host->actor, (enum quoin_topic)i);
}
