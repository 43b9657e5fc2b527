/* A host's machine, its boots, and the ends of its agent. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/host.h"

int
sim_host_index(const struct sim *sim, const struct sim_host *host)
{
	return (int)(host - sim->hosts);
}

struct sim_event
sim_host_event_of(const struct sim *sim, const struct sim_host *host, enum sim_event_kind kind)
{
	return (struct sim_event){.kind = kind, .actor = sim_host_index(sim, host)};
}

void
sim_host_boot(struct sim_host *host)
{
	host->boots++;
	(void)snprintf(host->conf.boot, sizeof host->conf.boot, "00000000-0000-4000-8000-%012u", host->boots);
}

void
sim_host_init(struct sim *sim, int index)
{
	struct sim_host *host = &sim->hosts[index];

	memset(host, 0, offsetof(struct sim_host, core));
	host->has_core = false;
	memset(&host->boots, 0, sizeof *host - offsetof(struct sim_host, boots));
	sim_cert(index, &host->cert, &host->cert_sealed);
	memcpy(host->actor.name, host->cert.host, sizeof host->actor.name - 1);
	host->shard = index < 3 ? 0 : index < SIM_SERVING ? 1 : -1;
	host->actor.is_up = true;
	host->actor.tick_at = INT64_MAX;
	host->actor.clock = (struct sim_clock){.booted_at = 0,
	    .base_ms = 100000 + (int64_t)sim_draw(sim, 100000),
	    .drift_ppm = (int64_t)sim_draw(sim, 16001) - 8000,
	    .wall_offset_ms = (int64_t)sim_draw(sim, 2000) - 1000};
	host->capacity = sim->slots;
	host->conf = (struct quoin_agent_conf){.origin = *sim_origin(),
	    .status_interval_ms = SIM_STATUS_MS,
	    .lease_ms = SIM_LEASE_MS,
	    .lease_refuse = sim->lease_refuse,
	    .has_data_plane = host->shard < 0 && sim_chance(sim, 30),
	    .drain_ms = 500,
	    .has_validate = sim_chance(sim, 30),
	    .has_check = sim_chance(sim, 70),
	    .hook_retries = 1,
	    .hook_parallel = 1 + sim_draw(sim, 3),
	    .hook_check_ms = 5000};
	host->is_liar = host->shard >= 0 && sim_chance(sim, 3);
	host->is_outdated = host->shard >= 0 && sim_chance(sim, 2);
	host->is_boaster = sim->seed % 8 == 6 && (uint64_t)sim_host_index(sim, host) == sim->seed / 8 % SIM_SERVING;
	sim_host_boot(host);
	sim_push(sim, sim_host_event_of(sim, host, SIM_START), (int64_t)sim_draw(sim, 500));
}

void
sim_host_clear(struct sim_host *host)
{
	if (host->has_core)
		quoin_agent_core_clear(&host->core);
	host->has_core = false;
	sim_host_forget_documents(&host->store);
	quoin_sealed_clear(&host->cert_sealed);
}

void
sim_host_die(const struct sim *sim, struct sim_host *host)
{
	if (host->has_core)
		quoin_agent_core_clear(&host->core);
	host->has_core = false;
	host->died_at = sim->now;
	host->actor.life++;
	host->actor.tick_at = INT64_MAX;
	host->crash_in = 0;
	for (size_t i = 0; i < QUOIN_TOPICS; i++) {
		host->actor.tails[i].is_assigned = false;
		host->actor.tails[i].is_scheduled = false;
	}
	/* Its routes stay in the data plane until an agent is back. */
}

void
sim_host_crash(struct sim *sim, struct sim_host *host, int64_t away_ms)
{
	sim_say(sim, host->actor.name, "the agent dies");
	sim_host_die(sim, host);
	sim_push(sim, sim_host_event_of(sim, host, SIM_START), away_ms);
}

void
sim_host_reboot(struct sim *sim, struct sim_host *host, int64_t away_ms)
{
	sim_say(sim, host->actor.name, "the machine goes down");
	sim_host_die(sim, host);
	host->actor.is_up = false;
	sim_host_lose_models(host);
	host->accepts = false;
	memset(host->readers, 0, sizeof host->readers);
	memset(host->stuck_until, 0, sizeof host->stuck_until);
	memset(host->plane, 0, sizeof host->plane);
	sim_push(sim, sim_host_event_of(sim, host, SIM_START), away_ms);
}
