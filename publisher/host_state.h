/*
 * Host state: the one word for how a host is doing, from its certificate, its newest status and the newest activation.
 * Each host is in exactly one state; the first that applies of the list below. Pure.
 */
#ifndef QUOIN_PUBLISHER_HOST_STATE_H
#define QUOIN_PUBLISHER_HOST_STATE_H

#include "publisher/activations.h"
#include "publisher/fleet.h"

enum quoin_host_state {
	QUOIN_HOST_EXCLUDED,  /* by an operator or the gate */
	QUOIN_HOST_UNSEEN,    /* enrolled, never reported */
	QUOIN_HOST_OFFLINE,   /* said it was leaving, or silent for three of its intervals */
	QUOIN_HOST_REJECTED,  /* a live release was refused (reason) */
	QUOIN_HOST_FAILED,    /* a live release does not load (reason) */
	QUOIN_HOST_UNABLE,    /* no room (reason) */
	QUOIN_HOST_STALE,     /* hears no gate; serves on */
	QUOIN_HOST_FETCHING,
	QUOIN_HOST_VERIFYING,
	QUOIN_HOST_LOADING,   /* a model (reason) */
	QUOIN_HOST_STAGED,    /* a router that has a live release it does not run yet */
	QUOIN_HOST_PINNED,    /* a router that runs its pin */
	QUOIN_HOST_ACTIVE,    /* a router that runs what it must */
	QUOIN_HOST_READY,     /* a serving host that is ready for everything live */
	QUOIN_HOST_IDLE,      /* nothing is live for it */
};
const char *quoin_host_state_name(enum quoin_host_state state);

/* "fleet_host" NULL: never reported. "reason" (QUOIN_REASON_BYTES_MAX + QUOIN_ROUTING_KEY_BYTES_MAX + 3 bytes) gets the
 * model and the why, or "". *ret_staged is the newest live release that the host has whole; 0: none. */
#define QUOIN_HOST_REASON_BYTES (QUOIN_REASON_BYTES_MAX + QUOIN_ROUTING_KEY_BYTES_MAX + 3)
enum quoin_host_state quoin_host_state_of(const struct quoin_cert *cert, const struct quoin_fleet_host *fleet_host,
    const struct quoin_activation *activation, int64_t now_ms, char reason[QUOIN_HOST_REASON_BYTES],
    uint64_t *ret_staged);

#endif
