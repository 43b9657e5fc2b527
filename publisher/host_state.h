/*
 * Host state: the one word for how a host is doing, from its certificate, its newest status, the newest activation and the
 * release that it runs. Each host is in exactly one state; the first that applies of the list below. Pure.
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
	QUOIN_HOST_FAILED,    /* a live release does not load, or what runs is damaged in the store (reason) */
	QUOIN_HOST_UNABLE,    /* no room (reason) */
	QUOIN_HOST_STALE,     /* hears no gate; serves on */
	QUOIN_HOST_FETCHING,
	QUOIN_HOST_VERIFYING,
	QUOIN_HOST_LOADING,   /* a model (reason) */
	QUOIN_HOST_STAGED,    /* a router that has a live release it does not run yet */
	QUOIN_HOST_HELD,      /* a router that has what is asked for, and a policy keeps it from that (reason: which) */
	QUOIN_HOST_PINNED,    /* a router that runs its pin */
	QUOIN_HOST_ACTIVE,    /* a router that runs what it must */
	QUOIN_HOST_READY,     /* a serving host that is ready for everything live */
	QUOIN_HOST_IDLE,      /* nothing is live for it */
};
const char *quoin_host_state_name(enum quoin_host_state state);

/* "fleet_host" NULL: never reported. "runs": the document of the release that its status says it runs, whose content the
 * digests in the status are held against; NULL: not known. "reason" gets the model and the why, or "". *ret_staged is the
 * newest live release that the host has whole; 0: none. QUOIN_HOST_HELD is not found here: see quoin_host_state_held. */
#define QUOIN_HOST_REASON_BYTES (QUOIN_REASON_BYTES_MAX + QUOIN_ROUTING_KEY_BYTES_MAX + 3)
enum quoin_host_state quoin_host_state_of(const struct quoin_cert *cert, const struct quoin_fleet_host *fleet_host,
    const struct quoin_activation *activation, const struct quoin_release *runs, int64_t now_ms,
    char reason[QUOIN_HOST_REASON_BYTES], uint64_t *ret_staged);

/* Whether to ask for this release is to go back to it: freeze, policy and silent hosts do not hold that. */
bool quoin_host_state_is_brake(const struct quoin_activation *activation, uint64_t asked);

/*
 * Whether a policy keeps a router, which runs what it must, from the release that is asked for and that it has: then
 * "reason" says which. "asked": the document of what the newest release and intent ask for. "lacking" (may be NULL): a
 * serving host that is not ready for it, with what it says. The gate alone knows about soaks and the health hook; here they
 * are named when nothing else is left. Going back waits for hosts only ("brake").
 */
bool quoin_host_state_held(const struct quoin_cert *cert, const struct quoin_fleet_host *fleet_host,
    const struct quoin_activation *activation, const struct quoin_release *asked, const char *lacking,
    char reason[QUOIN_HOST_REASON_BYTES]);

#endif
