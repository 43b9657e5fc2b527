/*
 * Gate: the process around the gate's core (publisher/gate_core.h). It reads the control, gate and status topics, executes
 * what the core says, and signs with the gate's keys. Several may run; one acts, the others stand by.
 *
 * One thread for all but the fetching of models parts. Nothing is ever waited for while the brake could be pulled, but
 * the broker's answer to a transaction.
 */
#ifndef QUOIN_PUBLISHER_GATE_H
#define QUOIN_PUBLISHER_GATE_H

#include "formats/conf.h"
#include "lib/error.h"

struct quoin_gate;

/*
 * Open readers and keys ("keys" and "root" of the configuration; encrypted keys need "passphrase-file"). "conf" is borrowed
 * until close. Nothing is written before the topics were read. Returns 0, QUOIN_ECONFIG, QUOIN_EKEY, QUOIN_EPERM, the
 * trust's refusal of the pinned root, QUOIN_ENOMEM, QUOIN_ESYSTEM.
 */
int quoin_gate_open(const struct quoin_conf *conf, struct quoin_gate **ret, struct quoin_error *err);
/* Without a word to anybody, as if killed. Accepts NULL. */
void quoin_gate_close(struct quoin_gate *gate);

/*
 * One turn: wait for something to happen, at most timeout_ms, and do all that follows from it. "stop_fd" (or -1) also ends
 * the waiting. Returns 0, or why the process must end: QUOIN_EINCARNATION (a topic was made anew: start again and look),
 * QUOIN_ENOMEM, QUOIN_ECONFIG, QUOIN_EPERM. A broker that is away is logged and awaited, for ever.
 */
int quoin_gate_turn(struct quoin_gate *gate, int timeout_ms, int stop_fd, struct quoin_error *err);

/* Read configuration and keys anew (SIGHUP): the interval of heartbeats, the health hook with its time limit, the VIPs' interval
 * and the gate's keys change at once; what else differs is named in the log, and waits for a restart. What cannot be read
 * changes nothing. */
void quoin_gate_reload(struct quoin_gate *gate);

/* Say good-bye with a last heartbeat, so that a standby need not wait, and write nothing more. */
void quoin_gate_resign(struct quoin_gate *gate);

/* The topics were read to their ends once: the gate acts, or stands by and would. */
bool quoin_gate_is_ready(const struct quoin_gate *gate);
bool quoin_gate_is_acting(const struct quoin_gate *gate);
/* What is waited for; "" if nothing. The gate's. */
const char *quoin_gate_reason(const struct quoin_gate *gate);

#endif
