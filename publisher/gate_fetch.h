/*
 * The gate's fetching of models parts, on a thread of its own: a part that is slow to come, or lost, never holds up the
 * brake. Parts are kept by their content for a while, so that releases that share one fetch it once.
 */
#ifndef QUOIN_PUBLISHER_GATE_FETCH_H
#define QUOIN_PUBLISHER_GATE_FETCH_H

#include "lib/bus.h"
#include "publisher/gate_models.h"

struct quoin_gate_fetch;

/* "topic": <namespace>.blobs. conf is borrowed until close. */
int quoin_gate_fetch_open(const struct quoin_bus_conf *conf, const char *topic, struct quoin_gate_fetch **ret,
    struct quoin_error *err);
/* Ends the thread; waits for what it is at, some seconds at most. Accepts NULL. */
void quoin_gate_fetch_close(struct quoin_gate_fetch *fetch);

/* Bring the summary of this release; it is taken (the caller's object is as after clear). Tried again by itself until it
 * succeeds. QUOIN_ELIMIT: too many are being fetched. */
int quoin_gate_fetch_ask(struct quoin_gate_fetch *fetch, struct quoin_release *release);

/* A descriptor that polls readable when "next" has something. */
int quoin_gate_fetch_fd(const struct quoin_gate_fetch *fetch);
/* What happened: 1 with a summary (the caller's) or, ret_summary NULL, a failure to be logged that is tried again;
 * 0: nothing. */
int quoin_gate_fetch_next(struct quoin_gate_fetch *fetch, uint64_t *ret_release,
    struct quoin_gate_release **ret_summary, struct quoin_error *err);

#endif
