/*
 * Picture: everything that the topics say now about a namespace: control, activations, fleet. What status and why show.
 */
#ifndef QUOIN_PUBLISHER_PICTURE_H
#define QUOIN_PUBLISHER_PICTURE_H

#include "publisher/activations.h"
#include "publisher/cli.h"
#include "publisher/declared.h"
#include "publisher/exclusion.h"
#include "publisher/fleet.h"
#include "publisher/host_state.h"

#define QUOIN_PICTURE_ALARM_BYTES 512

struct quoin_picture {
	struct quoin_session session;
	struct quoin_activations activations;
	struct quoin_fleet fleet;
	struct quoin_declared declared;	 /* by what is asked for */
	struct quoin_declared in_effect; /* by what is in effect, if that is another release */
	/* Why control or gate topic cannot be trusted to be whole (lost.h); code 0: they can. */
	struct quoin_error lost_control;
	struct quoin_error lost_gate;
	int64_t now_ms;
	/* Documents of releases that were asked for since the last refresh; owned. */
	struct quoin_release **releases;
	size_t release_count;
	/* The first serving host that is not ready for what is asked for; "": none. */
	bool has_lacking;
	char lacking[QUOIN_PICTURE_ALARM_BYTES];
};

/* Open a session and read all topics to their ends. *ret is the caller's to close, and NULL after a failure. */
int quoin_picture_open(const struct quoin_cli *cli, struct quoin_picture **ret, struct quoin_error *err);
/* Read on from where it was. */
int quoin_picture_refresh(struct quoin_picture *picture, struct quoin_error *err);
/* NULL is allowed. */
void quoin_picture_close(struct quoin_picture *picture);

/* "alive", "stale" (a heartbeat that is late or expired) or "none". */
const char *quoin_picture_gate(const struct quoin_picture *picture);

/* Whether what is asked for is to go back; and whether a freeze holds it: never that. */
bool quoin_picture_is_brake(const struct quoin_picture *picture);
bool quoin_picture_is_frozen(const struct quoin_picture *picture);

/* The newest pin that an operator wants and that does not stand yet: of those for this router, or of all (NULL); or NULL. */
const struct quoin_ledger_pin *quoin_picture_waiting_pin(const struct quoin_picture *picture, const struct quoin_cert *router);

/* Everybody who is expected: who is enrolled, then who is only declared (a certificate of name and shard alone), by index;
 * NULL at the end. */
const struct quoin_cert *quoin_picture_expected(const struct quoin_picture *picture, size_t index);
/* The same by name, or NULL. */
const struct quoin_cert *quoin_picture_named(const struct quoin_picture *picture, const char *host);

/* Whether the gate asks this serving host about what is asked for: that has models on its shard, and it, or what is in
 * effect, declares the host there. */
bool quoin_picture_asks(struct quoin_picture *picture, const struct quoin_cert *host);

/* Who leaves a host out, and until when. */
void quoin_picture_exclusion(const struct quoin_picture *picture, const char *host, struct quoin_exclusion_view *ret);

/* How a host is doing; see quoin_host_state_of and quoin_host_state_held. A router whose pin does not stand yet is held. */
enum quoin_host_state quoin_picture_host(struct quoin_picture *picture, const struct quoin_cert *cert,
    char reason[QUOIN_HOST_REASON_BYTES], uint64_t *ret_staged);

/*
 * Readiness that was lost: of the shards whose hosts are enrolled, the next one from *at on (begin with 0) on which fewer
 * hosts are ready for the release in effect than its policy asks for at least. "text" gets a sentence about it.
 */
bool quoin_picture_lacks_hosts(struct quoin_picture *picture, size_t *at, char text[QUOIN_PICTURE_ALARM_BYTES]);

#endif
