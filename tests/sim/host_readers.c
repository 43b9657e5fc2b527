/* A router's readers and its data plane: what they hold, and from when on they refuse. */
#include "lib/assert.h"
#include "tests/sim/host.h"

/* ---- Readers ---- */

void
sim_host_readers_look(struct sim *sim, struct sim_host *host)
{
	for (size_t i = 0; i < SIM_READERS && host->shard < 0; i++) {
		struct sim_event event = sim_host_event_of(sim, host, SIM_READER);

		event.a = i;
		sim_push(sim, event, sim_delay(sim));
	}
}

void
sim_host_read(struct sim *sim, struct sim_host *host, uint64_t which)
{
	struct sim_event event = sim_host_event_of(sim, host, SIM_READER);

	if (!host->actor.is_up || host->shard >= 0 || host->readers[which] == host->store.runs.number)
		return;
	if (host->stuck_until[which] > sim->now) {
		event.a = which;
		sim_push(sim, event, host->stuck_until[which] - sim->now);
		return;
	}
	if (host->store.runs.number != 0)
		host->readers[which] = host->store.runs.number;
	sim_say(sim, host->actor.name, "reader %llu holds %llu", (unsigned long long)which,
	    (unsigned long long)host->readers[which]);
	sim_push(sim, sim_host_event_of(sim, host, SIM_LOOK), 1 + (int64_t)sim_draw(sim, 1000));
}

/* ---- The data plane ---- */

void
sim_host_plane(struct sim_host *host, uint64_t add, uint64_t remove)
{
	size_t free_at = SIM_PLANE;

	for (size_t i = 0; i < SIM_PLANE; i++) {
		if (add != 0 && host->plane[i] == add)
			return;
		if (remove != 0 && host->plane[i] == remove)
			host->plane[i] = 0;
		if (host->plane[i] == 0)
			free_at = i;
	}
	QUOIN_ASSERT(add == 0 || free_at < SIM_PLANE);
	if (add != 0)
		host->plane[free_at] = add;
}

/* ---- Both ---- */

size_t
sim_host_effective(const struct sim *sim, const struct sim_host *host, uint64_t ret[SIM_EFFECTIVE])
{
	const int64_t boot_ms = sim_boot_ms(sim, &host->actor), wall_ms = sim_wall_ms(sim, &host->actor);
	size_t count = 0;

	if (host->shard >= 0)
		return 0;
	/* A machine that is down serves again as it comes up, until its agent says otherwise. */
	if (host->conf.lease_refuse &&
	    (host->refuse_boots != host->boots || !host->actor.is_up ||
		((host->refuse_boot_ms != 0 || host->refuse_wall_ms != 0) &&
		    (boot_ms >= host->refuse_boot_ms || wall_ms >= host->refuse_wall_ms))))
		return 0;
	quoin_agent_add_number(host->store.runs.number, ret, &count, SIM_EFFECTIVE);
	for (size_t i = 0; i < SIM_READERS; i++)
		quoin_agent_add_number(host->readers[i], ret, &count, SIM_EFFECTIVE);
	for (size_t i = 0; i < SIM_PLANE; i++)
		quoin_agent_add_number(host->plane[i], ret, &count, SIM_EFFECTIVE);
	return count;
}
