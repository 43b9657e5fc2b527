/*
 * The gate's core: from what is asked for and what hosts report to the next activation (PROTOCOL.md sections 5 to 7).
 *
 * Pure: quoin_gate_core_step(core, event, actions) reads no clock, descriptor, topic or random number; the same events
 * give the same actions. The shell (publisher/gate.c), the trace tests and a fleet simulator drive the same core.
 *
 * The core is rebuilt from the newest activation and the topics alone: nothing in it has to survive the process. What it
 * keeps beside them (since when a host is ready, a release drained, a router heard) begins anew and only makes it slower.
 *
 * Life of a gate: new; the topics so far as events; CAUGHT_UP; as standby until the action TAKE_OVER; then the shell
 * fences (init), reads control, gate and status to ends asked for after that, and answers TOOK_OVER; from then on the core
 * decides, until FENCED or LOST makes it a standby again.
 *
 * Memory is taken in a step only for what the bounds of lib/limits.h allow: one record per host, one summary per release
 * that is live, asked for or pinned, one activation held and one drafted.
 */
#ifndef QUOIN_PUBLISHER_GATE_CORE_H
#define QUOIN_PUBLISHER_GATE_CORE_H

#include "formats/activation.h"
#include "formats/heartbeat.h"
#include "formats/ledger.h"
#include "formats/status.h"

struct quoin_gate_core;

struct quoin_gate_core_conf {
	struct quoin_origin origin; /* goes into every activation */
	uint8_t gate[16];	    /* the id of this process */
	uint64_t heartbeat_ms;
	uint64_t jitter_ms;   /* a standby waits this much longer than three heartbeats; drawn by the shell */
	uint64_t lease_ms;    /* of routers whose status does not say */
	bool lease_refuse;    /* routers refuse after their lease: what they held may retire */
	uint64_t vip_poll_ms; /* a VIP has seen what /ready says after this long */
	bool has_health_hook; /* ASK_HEALTH is answered */
};

/* ---- What the gate must know of a release: its policy, and of its models part what each shard must load ---- */

struct quoin_gate_model {
	struct quoin_hash identity; /* of model, version and digest: quoin_gate_model_identity */
	uint64_t *demand;	    /* by resource of the summary; owned */
};
struct quoin_gate_shard {
	char name[QUOIN_NAME_BYTES_MAX + 1];
	bool health_checked;
	char (*hosts)[QUOIN_NAME_BYTES_MAX + 1]; /* declared for it, ascending; owned */
	size_t host_count;
	uint32_t *models; /* indices of the models it must load; owned */
	size_t model_count;
	uint64_t *capacity; /* of one host, by resource; owned */
};
struct quoin_gate_release {
	uint64_t number;
	struct quoin_policy policy;
	bool waives_capacity; /* its publisher did: a host of a shard is taken to carry what it needs there */
	char (*resources)[QUOIN_NAME_BYTES_MAX + 1]; /* owned, as all below */
	size_t resource_count;
	struct quoin_gate_model *models;
	size_t model_count;
	struct quoin_gate_shard *shards; /* ascending by name */
	size_t shard_count;
};

/* A summary with these numbers of everything, zeroed, to be filled in; NULL without memory. Hosts, models and capacity of
 * a shard are made by quoin_gate_shard_make (capacity has the summary's resource count). */
struct quoin_gate_release *quoin_gate_release_new(uint64_t number, size_t resource_count, size_t model_count,
    size_t shard_count);
int quoin_gate_shard_make(const struct quoin_gate_release *release, struct quoin_gate_shard *shard, size_t host_count,
    size_t model_count);
void quoin_gate_release_free(struct quoin_gate_release *release);
void quoin_gate_model_identity(const char *model, const char *version, const char *digest, struct quoin_hash *ret);

/* ---- Events: what happened ---- */

enum quoin_gate_event_kind {
	QUOIN_GATE_TICK,      /* time went on */
	QUOIN_GATE_LEDGER,    /* the control topic's fold changed */
	QUOIN_GATE_ROOT,      /* the trusted root's epoch */
	QUOIN_GATE_CERT,      /* a verified certificate, perhaps one that has expired */
	QUOIN_GATE_CERT_GONE, /* "host" is revoked */
	QUOIN_GATE_ACTIVATION, /* a verified activation on the gate topic; also the own one, as soon as it is committed */
	QUOIN_GATE_HEARTBEAT,	/* a verified heartbeat on the gate topic */
	QUOIN_GATE_STATUS,	/* a verified status */
	QUOIN_GATE_RELEASE,	/* the summary asked for by NEED_RELEASE */
	QUOIN_GATE_STATUS_READ, /* the status topic is read to the end asked for by READ_STATUS "token" */
	QUOIN_GATE_CAUGHT_UP,	/* all three topics were read to their ends once */
	QUOIN_GATE_TOOK_OVER,	/* init succeeded, and all three topics were read to ends asked for after it */
	QUOIN_GATE_FENCED, /* another gate's init came later, or the take-over failed: nothing more can be written */
	QUOIN_GATE_LOST,   /* the writer is lost, and what it wrote last is unknown: the log will tell */
	QUOIN_GATE_NOT_WRITTEN,	      /* the produced activation is certainly not on the topic; decide anew */
	QUOIN_GATE_HEARTBEAT_WRITTEN, /* the produced heartbeat is committed */
	QUOIN_GATE_HEALTH, /* the answer to ASK_HEALTH "token": "code" 0 (well), QUOIN_EAGAIN (not now), else sick: "reason" */
};
#define QUOIN_GATE_EVENT_KINDS 17

/* By so much the clocks of a gate and of a host may differ: an age may be wrong by it, and whose clock is further ahead says
 * nothing of a status' age. */
#define QUOIN_GATE_CLOCKS_APART_MS 60000

/*
 * Pointers are borrowed for the step, but for two: "ledger" is borrowed until the next LEDGER event or the core's end (tell
 * LEDGER after every change, before any other event), and "release" is taken (also when the step fails).
 */
struct quoin_gate_event {
	enum quoin_gate_event_kind kind;
	int64_t now_ms;	 /* CLOCK_BOOTTIME or any clock that never goes back: all durations */
	int64_t wall_ms; /* CLOCK_REALTIME: times in documents */
	bool more;	 /* further events are at hand: take it in, decide at the first event without "more" */

	const struct quoin_ledger *ledger;
	uint64_t epoch;		       /* ROOT */
	const struct quoin_cert *cert; /* CERT; STATUS: the one it was verified by */
	bool is_expired;	       /* CERT: it vouches for nothing that is said, only for what may still be held */
	const char *host;	       /* CERT_GONE */
	const struct quoin_status *status;
	int64_t
	    age_ms; /* STATUS: 0 if it just came; how long ago it was written, as clocks have it, if it was found at the first
			   reading */
	int64_t
	    lag_ms; /* STATUS: it may have been written this much earlier than "age_ms" says: the topic was not read to
			   its end since. Counts against its freshness, and for nothing */
	const struct quoin_activation *activation;
	struct quoin_hash hash; /* of the activation */
	const struct quoin_heartbeat *heartbeat;
	struct quoin_gate_release *release;
	uint64_t token;
	int code;	    /* HEALTH */
	const char *reason; /* HEALTH; may be NULL */
};

/* ---- Actions: what to do, in this order ---- */

enum quoin_gate_action_kind {
	QUOIN_GATE_NEED_RELEASE,       /* bring the summary of "number" (once; it is not asked for again) */
	QUOIN_GATE_READ_STATUS,	       /* ask for the end of the status topic now, read to it, answer with "token" */
	QUOIN_GATE_TAKE_OVER,	       /* init, read, answer TOOK_OVER or FENCED */
	QUOIN_GATE_PRODUCE_ACTIVATION, /* sign, commit with a heartbeat "number" naming it; answer ACTIVATION with its hash,
					  NOT_WRITTEN, LOST or FENCED */
	QUOIN_GATE_PRODUCE_HEARTBEAT, /* number, and the newest activation in "position" */
	QUOIN_GATE_STEP_DOWN,	      /* be a standby; close the writer */
	QUOIN_GATE_ASK_HEALTH, /* run the health hook for release "number", and answer with "token"; an earlier question lapses */
	QUOIN_GATE_ALARM,   /* a person must look: "text"; told once while it holds */
	QUOIN_GATE_DECIDED, /* what the next activation changes, and why: "text" */
	QUOIN_GATE_REASON,  /* what is waited for: "text"; told when it changes, "" when nothing is */
};

#define QUOIN_GATE_TEXT_BYTES  768
#define QUOIN_GATE_ACTIONS_MAX 24
struct quoin_gate_action {
	enum quoin_gate_action_kind kind;
	uint64_t number;
	uint64_t token;
	struct quoin_position position;
	const struct quoin_activation *activation; /* borrowed from the core until the next step */
	char text[QUOIN_GATE_TEXT_BYTES];	   /* printable; "what; what to do" */
};
struct quoin_gate_actions {
	struct quoin_gate_action items[QUOIN_GATE_ACTIONS_MAX];
	size_t count;
	size_t left_out; /* alarms and reasons that found no place */
};

/* ---- The core ---- */

/* A core that stands by and knows nothing yet. *ret is the caller's to free. 0 or QUOIN_ENOMEM. */
int quoin_gate_core_new(const struct quoin_gate_core_conf *conf, struct quoin_gate_core **ret);
/* Accepts NULL. */
void quoin_gate_core_free(struct quoin_gate_core *core);

/* Take one event and say what to do; "actions" is overwritten. Returns 0 or QUOIN_ENOMEM, after which the core may only
 * be freed. */
int quoin_gate_core_step(struct quoin_gate_core *core, const struct quoin_gate_event *event,
    struct quoin_gate_actions *actions);

/* These settings changed; the next step goes by them. */
void quoin_gate_core_retune(struct quoin_gate_core *core, uint64_t heartbeat_ms, uint64_t vip_poll_ms,
    bool has_health_hook);

/* When the next TICK is worth its while, by the clock of now_ms; INT64_MAX: never. */
int64_t quoin_gate_core_deadline(const struct quoin_gate_core *core);
bool quoin_gate_core_is_acting(const struct quoin_gate_core *core);
/* Figures for whoever watches. */
struct quoin_gate_figures {
	size_t hosts;	/* enrolled, or heard */
	size_t routers; /* that count */
	size_t ahead;	/* hosts that obey what this log does not have: nothing is decided unless they are excluded */
	size_t alarms;	/* that hold */
};
void quoin_gate_core_figures(const struct quoin_gate_core *core, struct quoin_gate_figures *ret);
/* The newest activation, and its position; NULL if there is none. The core's, until the next step. */
const struct quoin_activation *quoin_gate_core_activation(const struct quoin_gate_core *core,
    struct quoin_position *ret_position);
/* What is waited for, "" if nothing. The core's. */
const char *quoin_gate_core_reason(const struct quoin_gate_core *core);

/* For tests: whether what is counted as reports come is what a walk over all hosts finds. */
bool quoin_gate_core_check(struct quoin_gate_core *core);

/* One line each without a newline, for traces and people. */
void quoin_gate_event_print(const struct quoin_gate_event *event, struct quoin_buf *out);
void quoin_gate_action_print(const struct quoin_gate_action *action, struct quoin_buf *out);

#endif
