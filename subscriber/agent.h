/*
 * Agent: the shell around the core: one host's subscriber, in quoind or inside another process.
 *
 *	quoin_agent_open(&conf, &agent, &err);		audit, store, identity, bus
 *	quoin_agent_run(agent, &err);			until quoin_agent_stop
 *	quoin_agent_close(agent);
 *
 * One thread runs the loop; a second one fetches, a third asks whether the broker is there. The loop never waits for
 * either, nor for a broker. It logs; what it decides is the core's.
 */
#ifndef QUOIN_SUBSCRIBER_AGENT_H
#define QUOIN_SUBSCRIBER_AGENT_H

#include "formats/cert.h"
#include "formats/conf.h"
#include "lib/error.h"

struct quoin_agent;

/*
 * Make everything ready without reading a record yet. The configuration is borrowed while the agent lives. A damaged
 * store is moved aside, loudly. Returns 0; QUOIN_ECONFIG, QUOIN_ENOENT, QUOIN_EPERM (configuration and identity);
 * classes TRUST (root, certificate); QUOIN_ECONFLICT (another agent has the store); QUOIN_ENOSPC, QUOIN_EIO, QUOIN_ENOMEM, ….
 */
int quoin_agent_open(const struct quoin_conf *conf, struct quoin_agent **ret, struct quoin_error *err);
/* The same for an agent inside an application: "hooks" in place of the configuration's programs (NULL: none), and readers of
 * this process count among those that hold. */
struct quoin_subscriber_hooks;
int quoin_agent_open_inside(const struct quoin_conf *conf, const struct quoin_subscriber_hooks *hooks,
    struct quoin_agent **ret, struct quoin_error *err);
/* Accepts NULL. */
void quoin_agent_close(struct quoin_agent *agent);

/* Check a configuration as open would, without a store or a broker: 0 and the host's certificate, by its form alone, or what
 * is wrong. */
int quoin_agent_check(const struct quoin_conf *conf, struct quoin_cert *ret, struct quoin_error *err);

/* What comes before anything is read: attempts that ended with a death are counted, and what killed its readers twice is not
 * active any more. Run does it, if nobody has; before readers of the same process are let in, somebody must. */
int quoin_agent_begin(struct quoin_agent *agent, struct quoin_error *err);
/* Run until stopped: the last status says "leaving". Returns 0, or why the agent cannot go on (QUOIN_EIO: the store). */
int quoin_agent_run(struct quoin_agent *agent, struct quoin_error *err);
/* May be called from a signal handler or another thread. */
void quoin_agent_stop(struct quoin_agent *agent);
/* Have the configuration file read anew, soon: hooks, retention and the interval of statuses change at once; what else
 * differs is logged, and waits for a restart. A file that cannot be read changes nothing. Callable as quoin_agent_stop. */
void quoin_agent_hangup(struct quoin_agent *agent);

/* May be called from any thread while it runs: what could be learned at start was, and there is something to serve; /ready
 * would be 200; its store, open as long as the agent is. */
bool quoin_agent_is_up(const struct quoin_agent *agent);
bool quoin_agent_is_ready(const struct quoin_agent *agent);
struct quoin_store *quoin_agent_store(struct quoin_agent *agent);

#endif
