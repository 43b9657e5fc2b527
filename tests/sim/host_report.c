/* A host's statuses, on their way to the log. */
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "tests/sim/host.h"
#include "tests/sim/judge.h"

#define TIMEOUT_MS 30000 /* of a status that cannot be sent */
#define BOAST_MS   15000 /* a boaster says the truth until then */

void
sim_host_report(struct sim *sim, struct sim_host *host, uint64_t number)
{
	struct sim_event arrive = sim_host_event_of(sim, host, SIM_ARRIVE),
			 acked = sim_host_event_of(sim, host, SIM_ACKED);
	struct quoin_status *status = calloc(1, sizeof *status);
	int64_t away_ms = sim_away_until(sim, &host->actor) - sim->now, sent_ms, at_ms;

	if (host->actor.mute_until - sim->now > away_ms)
		away_ms = host->actor.mute_until - sim->now;

	QUOIN_ASSERT(status != NULL &&
	    quoin_agent_core_status(&host->core, sim_boot_ms(sim, &host->actor), sim_wall_ms(sim, &host->actor),
		status) == 0);
	status->number = number;
	sim_judge_report(sim, host, status);
	for (size_t i = 0; i < SIM_READERS && host->shard < 0; i++)
		quoin_agent_add_number(host->readers[i], status->holds, &status->hold_count, QUOIN_HELD_MAX);
	acked.a = number;
	if (away_ms > TIMEOUT_MS) {
		acked.b = QUOIN_ETIMEOUT;
		sim_push(sim, acked, TIMEOUT_MS);
		quoin_status_clear(status);
		free(status);
		return;
	}
	/* In the order in which they were sent. */
	sent_ms = (away_ms > 0 ? away_ms : 0) + sim_delay(sim);
	at_ms = sim->now + sent_ms > host->arrival ? sim->now + sent_ms : host->arrival + 1;
	host->arrival = at_ms;
	arrive.a = number;
	arrive.b = at_ms - (int64_t)sim_draw(sim, 20); /* it left the machine then */
	arrive.status = status;
	sim_push(sim, arrive, at_ms - sim->now);
	if (sim_chance(sim, 2))
		acked.b = QUOIN_ETIMEOUT; /* it is there, and nobody said so */
	/* Or says so late: a broker is slow to answer, now and then. */
	sim_push(sim, acked,
	    at_ms - sim->now +
		(acked.b != 0		     ? TIMEOUT_MS
			: sim_chance(sim, 4) ? (int64_t)sim_draw(sim, TIMEOUT_MS)
					     : sim_delay(sim)));
}

void
sim_host_arrive(struct sim *sim, struct sim_host *host, struct sim_event *event)
{
	struct sim_record record = {.kind = SIM_RECORD_STATUS, .number = (uint64_t)sim_host_index(sim, host)};

	/* What the dead agent had not sent yet is gone with it. */
	if (event->life != host->actor.life && event->b > host->died_at)
		return;
	(void)snprintf(record.key, sizeof record.key, "status/%s", host->actor.name);
	record.status = event->status;
	event->status = NULL;
	for (size_t i = 0; i < record.status->release_count && host->is_outdated && !sim->is_settled; i++) {
		struct quoin_docref *ref = &record.status->releases[i].release;

		ref->hash = sim->releases[ref->number > 1 ? ref->number - 1 : ref->number].ref.hash;
	}
	sim_judge_status(sim, host, record.status);
	if (host->is_boaster && sim->now > BOAST_MS && !sim->is_settled)
		record.status->obeyed.seq += 1000;
	(void)sim_log_append(sim, QUOIN_TOPIC_STATUS, &record);
}
