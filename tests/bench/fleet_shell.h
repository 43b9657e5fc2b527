/*
 * What fleet.c (the clients) and fleet_host.c (the hosts) share, and nobody else.
 */
#ifndef QUOIN_TESTS_BENCH_FLEET_SHELL_H
#define QUOIN_TESTS_BENCH_FLEET_SHELL_H

#include <pthread.h>

#include "publisher/parts.h"
#include "subscriber/agent_shell.h"
#include "tests/bench/fleet.h"

#define FLEET_RELEASES 16 /* of one run */

/* Parts by the release's number, fetched once for all. */
struct fleet_library {
	pthread_mutex_t lock;
	struct quoin_control control;
	struct quoin_bus_reader *reader;
	struct quoin_bus_lookup *lookup;
	struct quoin_parts parts[FLEET_RELEASES];
};

/* What the client has read of one topic, kept for hosts that read it later or anew. */
struct fleet_log {
	struct quoin_bus_event *events; /* records, in their order */
	size_t count, cap;
	int64_t position; /* everything below it is among the events, or was none */
	uint64_t ends;	  /* how often the end was reached */
};

struct fleet_host {
	struct quoin_agent *agent;
	struct fleet_library *library;
	const struct fleet_log *logs; /* QUOIN_TOPICS of them */
	struct {
		bool is_assigned, must_ask;
		bool has_wanted; /* an end was asked for after the assignment: tell when it is reached */
		int64_t wanted;
		size_t next;   /* of the log's events */
		uint64_t ends; /* that were told */
	} tails[QUOIN_TOPICS];
	struct {
		enum quoin_agent_action_kind kind; /* FETCH or TRY */
		uint64_t release;
	} jobs[2 * QUOIN_AGENT_TRACKED_MAX];
	size_t job_count;
	int64_t due_ms; /* mono_ms of the next turn, if nothing is read before */
	_Atomic uint64_t runs;
	_Atomic double flipped_ns; /* when it did */
};

/* A host with its identity and its empty store, on this client's reader and writer. */
void fleet_host_open(struct fleet_host *host, struct site *site, const struct quoin_cert *cert,
    struct quoin_signing_key *key, const struct quoin_sealed *sealed, const char *state);
void fleet_host_start(struct fleet_host *host);
/* After its writer was closed. */
void fleet_host_close(struct fleet_host *host);
/* Everything that happened to it since. */
void fleet_host_turn(struct fleet_host *host);

#endif
