/*
 * A whole namespace for figures: a broker (the embedded one in this process, or real Apache Kafka), quoin-gate and one
 * router's quoind as real processes, everything in the run's own directory.
 */
#ifndef QUOIN_TESTS_BENCH_SITE_H
#define QUOIN_TESTS_BENCH_SITE_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "formats/conf.h"
#include "lib/bus.h"
#include "publisher/control.h"
#include "publisher/keyring.h"
#include "subscriber/quoin.h"

struct site {
	const char *name;
	char dir[512];
	char bootstrap[64];
	struct quoin_bus_mock *mock; /* NULL: Kafka */
	pid_t gate;
	pid_t router;
	struct quoin_conf conf;
	struct quoin_bus_conf bus;
	/* The publisher's side, kept open. */
	struct quoin_control control;
	struct quoin_bus_reader *control_reader;
	struct quoin_keyring keys;
	struct quoin_bus_writer *writer; /* from the first announcement on */
};

/* A broker, the namespace "bench", an enrolled router, a gate. False: there is no Kafka here (77), already said. */
bool site_open(struct site *site, const char *name, bool is_kafka);
void site_close(struct site *site);

/* Start the router's agent and wait for "event" in its log; its log starts anew. */
void site_start_router(struct site *site, const char *event);
void site_stop_router(struct site *site);
/* End the broker: everything upstream is dead. */
void site_stop_broker(struct site *site);

/* Run a program of this build with the site's configuration; the last argument is NULL. Dies if it fails. */
void site_run(struct site *site, const char *program, ...);

/* The same, and go on. Whether it still runs; wait for its end: its exit status. */
pid_t site_spawn(struct site *site, const char *program, ...);
bool site_is_running(pid_t pid);
int site_wait_exit(pid_t pid);

/* Publish one part "data" of these bytes with the public command. "is_free": nothing is waited for. */
void site_publish(struct site *site, const char *file, bool is_free);
/* The same from this process, by a publisher that stays: no command may publish afterwards. When everything was sent and
 * only the release had to be written, and when it was: published. */
struct site_times {
	double begin_ns;
	double published_ns;
};
uint64_t site_announce(struct site *site, struct quoin_span content, bool is_free, struct site_times *ret);

/* The router's readers. Waits until they are on this release; nanoseconds of the wall clock when they were. */
struct quoin_reader *site_reader(struct site *site);
double site_wait_release(struct quoin_reader *reader, uint64_t release);
/* The same beside other things: the moment at which the readers are on this very release, older or newer. One at a time per
 * reader; in its place until it has ended. */
struct site_watch {
	struct quoin_reader *reader;
	uint64_t release;
	double at_ns;
	pthread_t thread;
};
void site_watch_begin(struct site_watch *watch, struct quoin_reader *reader, uint64_t release);
double site_watch_end(struct site_watch *watch);

/* A number of kB in /proc/PID/status; the second gives 0 for a process that is gone. CPU time that one has used. */
long site_process_kb(pid_t pid, const char *line);
long site_process_kb_if(pid_t pid, const char *line);
double site_process_cpu_s(pid_t pid);

#endif
