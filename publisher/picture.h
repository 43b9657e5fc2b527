/*
 * Picture: everything that the topics say now about a namespace: control, activations, fleet. What status and why show.
 */
#ifndef QUOIN_PUBLISHER_PICTURE_H
#define QUOIN_PUBLISHER_PICTURE_H

#include "publisher/activations.h"
#include "publisher/cli.h"
#include "publisher/fleet.h"
#include "publisher/host_state.h"

struct quoin_picture {
	struct quoin_session session;
	struct quoin_activations activations;
	struct quoin_fleet fleet;
	/* Why control or gate topic cannot be trusted to be whole (lost.h); code 0: they can. */
	struct quoin_error lost_control;
	struct quoin_error lost_gate;
	int64_t now_ms;
};

/* Open a session and read all topics to their ends. The picture is large: allocate it. Close it also after a failure. */
int quoin_picture_open(const struct quoin_cli *cli, struct quoin_picture *picture, struct quoin_error *err);
/* Read on from where it was. */
int quoin_picture_refresh(struct quoin_picture *picture, struct quoin_error *err);
void quoin_picture_close(struct quoin_picture *picture);

/* "alive", "stale" (a heartbeat that is late or expired) or "none". */
const char *quoin_picture_gate(const struct quoin_picture *picture);

/* How a host is doing; see quoin_host_state_of. */
enum quoin_host_state quoin_picture_host(const struct quoin_picture *picture, const struct quoin_cert *cert,
    char reason[QUOIN_HOST_REASON_BYTES], uint64_t *ret_staged);

#endif
