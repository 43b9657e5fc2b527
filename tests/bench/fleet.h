/*
 * A fleet for figures: any number of routers and serving hosts in this process, on one broker.
 *
 * Of each host its own are: the key and the certificate, the core (subscriber/core.h), the store, and the agent's code
 * that does what the core says (subscriber/agent_execute.c): it verifies every document itself, commits to its own
 * LMDB environment, and signs its own statuses. Shared, because a thousand of them would be measured instead: librdkafka's
 * clients (one reader and one writer for the hosts of a thread, each of which goes through all that was read at its own
 * pace), the fetching of parts (once for all, verified, then copied into each store), the process, and its disk: stores
 * are in memory ($QUOIN_BENCH_SHM, /dev/shm). Left out: trials in a child, hooks (models load at once), the watchdog,
 * and applications that read the stores.
 */
#ifndef QUOIN_TESTS_BENCH_FLEET_H
#define QUOIN_TESTS_BENCH_FLEET_H

#include "tests/bench/site.h"

struct fleet;

/* The name of a serving host, and of its shard. */
#define FLEET_NAME_BYTES 32
void fleet_serving_name(unsigned host, char out[FLEET_NAME_BYTES]);
void fleet_shard_name(unsigned shard, char out[FLEET_NAME_BYTES]);

/* Enrol them and let them run, on "clients" threads; serving hosts are dealt to the shards in turn. */
struct fleet *fleet_start(struct site *site, unsigned routers, unsigned serving, unsigned shards, unsigned clients);
/* Also ends what fleet_start began on the broker; before the broker goes. Accepts NULL. */
void fleet_stop(struct fleet *fleet);

/* From now on look for this release: when a record reached the fleet first. */
void fleet_expect(struct fleet *fleet, uint64_t release);
/* Wait until every router runs it. Nanoseconds of the wall clock; 0: it was not seen. */
struct fleet_seen {
	double intent_ns;		     /* the first intent */
	double selected_ns;		     /* the first activation with this target */
	double first_ns, median_ns, last_ns; /* routers that committed to it */
};
void fleet_wait(struct fleet *fleet, struct fleet_seen *ret);

/* Processor time of the hosts: of the clients' threads, without librdkafka's own. */
double fleet_work_ns(const struct fleet *fleet);

#endif
