/*
 * Core: everything a host decides about one namespace, as a pure state machine (PROTOCOL.md sections 2 to 8).
 *
 *	quoin_agent_core_init, quoin_agent_core_restore…	from what the store holds
 *	quoin_agent_core_step(core, event, actions)		again and again
 *
 * No clock, thread, socket or store; the time comes with each event. The shell executes the actions of a step in the order
 * given, before the next step: that order is the protocol's (prepare the data plane, persist, serve, report). A PERSIST
 * that fails ends the core: the rest of its actions are dropped, and a new core is made from the store, as after a crash.
 *
 * Bad input is an outcome: a REJECT with a reason. The simulator drives many of these; the same events give the same
 * actions. Its rooms: admit (documents), track (releases on their way), choose (what to run), serving (models), report.
 */
#ifndef QUOIN_SUBSCRIBER_CORE_H
#define QUOIN_SUBSCRIBER_CORE_H

#include "formats/heartbeat.h"
#include "formats/ledger.h"
#include "formats/status.h"
#include "subscriber/store.h"

#define QUOIN_AGENT_STALE_MS	30000	/* without a heartbeat */
#define QUOIN_AGENT_STUCK_MS	10000	/* a reader that stays with what does not run any more is named after this long */
#define QUOIN_AGENT_PROVEN_MS	10000	/* an application that lives so long with a release is not killed by it */
#define QUOIN_AGENT_DEBOUNCE_MS 20	/* changes this close together make one status */
#define QUOIN_AGENT_RETRY_MS	1000	/* first wait of a backoff; doubles */
#define QUOIN_AGENT_RETRY_MS_MAX 60000
#define QUOIN_AGENT_OFFSET_MS	300000	/* how long an offset may go unsaved when nothing else is */
#define QUOIN_AGENT_NUMBERS	4096	/* status numbers reserved by one commit */
#define QUOIN_AGENT_TRACKED_MAX QUOIN_LIVE_MAX
#define QUOIN_AGENT_ACTIONS_MAX 256
#define QUOIN_AGENT_SENT_MAX	4	/* statuses on their way; more would only queue behind an outage */
#define QUOIN_AGENT_EVIDENCE_MAX 64	/* pieces of evidence kept; later ones replace the oldest */
#define QUOIN_AGENT_LEFTOVER_TRIES 8	/* of a load, while what is to leave may fill the room */
#define QUOIN_AGENT_DRAINING_MAX 8	/* releases that a data plane drains at once; one more goes undrained */
#define QUOIN_AGENT_HOOKS_MAX	64	/* hooks at once, whatever the configuration says */

/* What does not change while the agent lives, but for what quoin_agent_core_retune sets. */
struct quoin_agent_conf {
	struct quoin_origin origin;
	char boot[QUOIN_BOOT_ID_BYTES + 1];
	uint64_t status_interval_ms;
	uint64_t lease_ms;
	bool lease_refuse;
	bool is_inside; /* an application: its views and its functions that load models crash with the agent */
	bool has_data_plane; /* PREPARE is answered by PREPARED; else it is done when executed */
	uint64_t drain_ms;   /* how long a data plane keeps the routes of the release before */
	bool has_validate;
	bool has_check;
	uint64_t hook_retries;
	uint64_t hook_parallel;
	uint64_t hook_check_ms;
	uint64_t limit_bytes, limit_objectives, limit_models, limit_attributes;
};

/* ---- Events ---- */

enum quoin_agent_event_kind {
	QUOIN_AGENT_START,    /* once, first; again: a core was made anew after a failed commit, and nobody died */
	QUOIN_AGENT_TICK,     /* the deadline came */
	QUOIN_AGENT_RECORD,   /* topic, offset, key, envelope (NULL: a tombstone, or no envelope: reason says why) */
	QUOIN_AGENT_END,      /* topic: everything committed when the last ASSIGN was made has been given */
	QUOIN_AGENT_LOST,     /* topic: the offset is not in the log */
	QUOIN_AGENT_SILENCE,  /* silent: whether the broker answers */
	QUOIN_AGENT_FETCHED,  /* release, code, reason: every part needed is in the store */
	QUOIN_AGENT_TRIED,    /* release, code (QUOIN_EREFUSED: the child crashed or hung), reason; models: what it
			       * places on this host's shard */
	QUOIN_AGENT_PREPARED, /* release, code, reason */
	QUOIN_AGENT_HOOKED,   /* model, hook, code (0, QUOIN_EAGAIN: not now, else failed), reason */
	QUOIN_AGENT_ACKED,    /* number, code: of a status */
	QUOIN_AGENT_HELD,     /* held, held_count, oldest: what readers hold */
	QUOIN_AGENT_PROVED,   /* release, code, reason: what is active, read anew from the store */
	QUOIN_AGENT_MENDED,   /* release, code, reason: its damaged parts were fetched again */
	QUOIN_AGENT_STOP,     /* SIGTERM */
};

enum quoin_hook {
	QUOIN_HOOK_LOAD,
	QUOIN_HOOK_VALIDATE,
	QUOIN_HOOK_UNLOAD,
	QUOIN_HOOK_CHECK,
};
const char *quoin_hook_name(enum quoin_hook hook);

struct quoin_agent_event {
	enum quoin_agent_event_kind kind;
	int64_t boot_ms; /* now, by CLOCK_BOOTTIME */
	int64_t wall_ms; /* now, by CLOCK_REALTIME */
	enum quoin_topic topic;
	int64_t offset;
	struct quoin_span key;
	const struct quoin_envelope *envelope;
	uint64_t release;
	int code;
	const char *reason; /* may be NULL */
	const struct quoin_agent_model_name *models;
	size_t model_count;
	uint64_t model;
	enum quoin_hook hook;
	uint64_t number;
	const uint64_t *held;
	size_t held_count;
	struct quoin_store_reader oldest;
	bool silent;
	bool again;
};

/* ---- Actions ---- */

enum quoin_agent_action_kind {
	QUOIN_AGENT_PERSIST,  /* core->change: one durable commit */
	QUOIN_AGENT_COPY,     /* write the second copy of the ratchets: soon, or before a RUN that follows */
	QUOIN_AGENT_ASSIGN,   /* read "topic" from "offset" on (0: its start); END follows, also when nothing is new */
	QUOIN_AGENT_FETCH,    /* bring "release" into the store; "urgent" ones first */
	QUOIN_AGENT_CANCEL,   /* stop fetching "release"; no FETCHED follows */
	QUOIN_AGENT_TRY,      /* load "release" in a child, then here */
	QUOIN_AGENT_PREPARE,  /* data plane: accept "release" beside what it has */
	QUOIN_AGENT_SERVE,    /* "release" is what readers get */
	QUOIN_AGENT_PRUNE,    /* data plane: "release" may go */
	QUOIN_AGENT_RUN,      /* run "hook" for "model" (names in core->models) */
	QUOIN_AGENT_REPORT,   /* publish quoin_agent_core_status under "number" */
	QUOIN_AGENT_FRESH,    /* readers: fresh until "until_boot_ms" (0: stale) */
	QUOIN_AGENT_LEASE,    /* readers: refuse after "until_boot_ms"/"until_wall_ms" (both 0: never) */
	QUOIN_AGENT_READY,    /* quoin_agent_core_is_ready changed */
	QUOIN_AGENT_MEND,     /* bring the damaged parts of "release", which is active, again; MENDED follows */
	QUOIN_AGENT_COLLECT,  /* remove parts that nothing tracked or retained names */
	QUOIN_AGENT_REJECT,   /* log: code, text */
	QUOIN_AGENT_ALARM,    /* log as an error: code, text */
	QUOIN_AGENT_NOTE,     /* log: text */
	QUOIN_AGENT_EXIT,     /* flush the last status and end */
};

struct quoin_agent_action {
	enum quoin_agent_action_kind kind;
	enum quoin_topic topic;
	int64_t offset;
	uint64_t release;
	bool urgent;
	uint64_t model;
	enum quoin_hook hook;
	uint64_t number;
	int64_t until_boot_ms;
	int64_t until_wall_ms;
	int code;
	char text[QUOIN_REASON_BYTES_MAX + 1];
};
struct quoin_agent_actions {
	struct quoin_agent_action items[QUOIN_AGENT_ACTIONS_MAX];
	size_t count;
};

/* ---- State ---- */

/* A release on its way: every live one, what is asked for, and the head. */
struct quoin_agent_release {
	struct quoin_docref ref;
	enum quoin_progress progress; /* routers and before loading; of serving hosts see quoin_agent_progress */
	char reason[QUOIN_REASON_BYTES_MAX + 1];
	uint64_t since;	   /* in the live set since this seq; 0: not live */
	uint64_t last;	   /* of the live set: selectable until this seq; 0: never yet */
	bool is_fetching;  /* a FETCH is out */
	bool is_trying;	   /* a TRY is out */
	bool is_loaded;	   /* tried in this life; its models are known */
	bool is_final;	   /* refused for good: only a retry by an operator makes it try again */
	unsigned retries;  /* of fetching and trying */
	int64_t retry_at;  /* boot_ms of the next attempt; 0: none */
};

enum quoin_agent_model_state {
	QUOIN_MODEL_ABSENT,  /* wanted, and its turn has not come */
	QUOIN_MODEL_RUNNING, /* a hook is out: "hook" */
	QUOIN_MODEL_WAITING, /* for retry_at */
	QUOIN_MODEL_LOADED,
	QUOIN_MODEL_FAILED,
};
struct quoin_agent_model {
	uint64_t id; /* of events and actions; never used twice */
	struct quoin_agent_model_name name;
	uint64_t placed; /* bit i: releases[i] places it here */
	enum quoin_agent_model_state state;
	enum quoin_hook hook; /* that is out, or that comes next */
	bool may_be_loaded;   /* a load was begun: needs an unload before it is forgotten */
	bool is_kept;	      /* the store has it, or gets it with this step: a core that comes after knows it */
	unsigned tries;
	int64_t retry_at;
	int64_t check_at;
	char reason[QUOIN_REASON_BYTES_MAX + 1];
};

/* What the step wants committed. Borrowed by the shell until the next step. */
struct quoin_agent_change {
	struct quoin_store_document documents[4];
	size_t document_count;
	bool has_ratchets, has_fuses, has_active;
	bool has_models; /* what quoin_agent_core_kept names */
	bool has_offset[QUOIN_TOPICS];
	uint64_t active; /* with has_active: the release; 0: none */
};

enum quoin_agent_join {
	QUOIN_JOIN_REPORTING, /* a status must be acknowledged */
	QUOIN_JOIN_READING,   /* the gate topic must be read to an end asked for after that */
	QUOIN_JOIN_READ,      /* it was; the newest activation may still wait for the control topic */
	QUOIN_JOIN_DONE,
};

struct quoin_agent_core {
	struct quoin_agent_conf conf;
	struct quoin_cert cert;
	struct quoin_trust trust;
	struct quoin_ledger ledger;
	struct quoin_ratchets ratchets;
	struct quoin_store_offset offsets[QUOIN_TOPICS]; /* control and gate are read */
	bool at_end[QUOIN_TOPICS];
	bool is_assigned[QUOIN_TOPICS];
	bool control_was_read; /* to its end, in this life */
	bool gate_was_read;
	bool is_behind; /* the gate topic, read from its start, has not shown what is obeyed or anything later yet */
	uint8_t resynced[QUOIN_TOPICS][QUOIN_INCARNATION_BYTES]; /* the incarnation that a heartbeat last sent us after */

	struct quoin_activation obeyed; /* epoch 0: none held */
	struct quoin_sealed waiting;	/* an activation ahead of what was read of the control log */
	struct quoin_position waiting_at;
	uint64_t heartbeat; /* the newest number that counted in this life */
	int64_t fresh_until;		/* boot_ms; 0: stale */
	int64_t told_fresh;		/* what readers were told last */
	bool silent;
	bool root_is_over;		/* it has expired: nothing new is believed of it, and what runs is stale */

	enum quoin_agent_join join;
	uint64_t join_number; /* the status to be acknowledged */
	int64_t acked_boot_ms, acked_wall_ms; /* when it was sent, or a later one: the lease, once joined */
	struct {
		uint64_t number;
		int64_t boot_ms, wall_ms;
	} sent[QUOIN_AGENT_SENT_MAX]; /* statuses on their way: when they were sent */
	size_t sent_count;
	uint64_t status_next;  /* the number of the next status; a shell with a new store raises it above what the topic has */
	int64_t lease_saved;   /* lease_boot_ms as last committed */
	int64_t report_at;     /* boot_ms of the next status; INT64_MAX: none is due */
	bool told_ready;
	bool told_refused; /* with lease_refuse: readers were told to refuse */
	uint64_t looked;   /* what ran when readers were looked at last */
	bool is_damaged;   /* the active release's bytes in the store are not what they were */
	bool is_mending;   /* a MEND is out */

	struct quoin_docref runs;      /* the active pointer */
	struct quoin_position chosen;  /* the activation that chose it */
	struct quoin_docref preparing; /* PREPARE is out; number 0: none */
	int64_t prepare_at;	       /* the data plane refused: not before; 0: at once */
	struct {
		uint64_t release; /* 0: free */
		int64_t until;	  /* boot_ms */
	} draining[QUOIN_AGENT_DRAINING_MAX]; /* still in the data plane */
	uint64_t held[QUOIN_HELD_MAX]; /* by readers */
	size_t held_count;
	struct quoin_store_reader oldest; /* the reader with the oldest view */
	int64_t oldest_since;		  /* boot_ms: it reads that release since then at least */

	struct quoin_agent_release releases[QUOIN_AGENT_TRACKED_MAX]; /* unordered; ref.number 0: free */
	struct quoin_fuse fuses[QUOIN_STORE_FUSES_MAX];
	size_t fuse_count;
	struct quoin_docref proving; /* inside: what the application's views met last, until it has survived that; number 0: none */
	int64_t proving_until;	     /* boot_ms */

	struct quoin_agent_model *models; /* owned */
	size_t model_count, model_cap;
	uint64_t model_next;
	size_t hooks_out;
	bool has_gone;			/* a model that the store has was forgotten */
	bool is_reading_end;		/* of the gate topic, before anything is unloaded */
	struct quoin_position reading_at; /* obeyed when that end was asked for */
	int64_t reading_since;		/* boot_ms, then */
	int64_t read_until;		/* boot_ms until which that is news: a gate takes a host for silent later than that */
	struct quoin_position read_past;  /* obeyed, and nothing newer was there */

	struct quoin_agent_change change;
	struct quoin_sealed kept[2]; /* own the documents of the change */
	size_t kept_count;
	int64_t saved_at; /* boot_ms of the last change with an offset */
	bool has_started;
	bool stopping;
};

/*
 * A core for the host of this certificate (verified by the caller), beginning with the pinned root. "stored" is what the
 * store gave; then restore each stored document: roots, releases, intents, the activation, in this order, ascending.
 * Documents from the store were verified before they were kept and are only parsed. Returns 0; QUOIN_ENOMEM;
 * what quoin_trust_init returns; restore: QUOIN_ECORRUPT for a document that does not fit (quarantine the store).
 */
struct quoin_agent_stored {
	struct quoin_ratchets ratchets;
	bool is_new;
	struct quoin_store_offset offsets[QUOIN_TOPICS];
	struct quoin_fuse fuses[QUOIN_STORE_FUSES_MAX];
	size_t fuse_count;
	const struct quoin_agent_model_name *models; /* that may be loaded; borrowed */
	size_t model_count;
	struct quoin_docref runs;
	struct quoin_position chosen;
	uint64_t held[QUOIN_HELD_MAX]; /* what readers hold now */
	size_t held_count;
};
int quoin_agent_core_init(struct quoin_agent_core *core, const struct quoin_agent_conf *conf,
    const struct quoin_cert *cert, const struct quoin_envelope *root, const struct quoin_agent_stored *stored,
    struct quoin_error *err);
int quoin_agent_core_restore(struct quoin_agent_core *core, enum quoin_store_kind kind, struct quoin_span bytes,
    struct quoin_error *err);
void quoin_agent_core_clear(struct quoin_agent_core *core);

/* Between two steps: what of the configuration may change while the core lives. */
void quoin_agent_core_retune(struct quoin_agent_core *core, uint64_t status_interval_ms, uint64_t hook_retries,
    uint64_t hook_parallel, uint64_t hook_check_ms);

/* Actions are replaced. 0, or QUOIN_ENOMEM: the core is dead, make a new one from the store. */
int quoin_agent_core_step(struct quoin_agent_core *core, const struct quoin_agent_event *event,
    struct quoin_agent_actions *ret_actions);
/* Between two steps: a status is due, for what the shell adds to it. */
void quoin_agent_core_report(struct quoin_agent_core *core, int64_t boot_ms);
/* boot_ms of the next TICK that is needed; INT64_MAX if none. */
int64_t quoin_agent_core_deadline(const struct quoin_agent_core *core);

/* What the next status says: owned by the caller, who fills "number" from the action. 0 or QUOIN_ENOMEM. "digests" stays
 * empty: they are the store's. */
int quoin_agent_core_status(const struct quoin_agent_core *core, int64_t boot_ms, int64_t wall_ms,
    struct quoin_status *ret);
/* Add a number to an ascending list without repetition; 0, and what does not fit, is left out. */
void quoin_agent_add_number(uint64_t number, uint64_t *numbers, size_t *count, size_t max);
bool quoin_agent_core_is_stale(const struct quoin_agent_core *core, int64_t boot_ms);
/* Serving: section 3's /ready. Routers: there is something to serve. */
bool quoin_agent_core_is_ready(const struct quoin_agent_core *core);
/* Whether the parts of this release must be kept: it is tracked, or what runs. */
bool quoin_agent_core_keeps(const struct quoin_agent_core *core, uint64_t release);
const struct quoin_agent_model *quoin_agent_core_model(const struct quoin_agent_core *core, uint64_t id);
/* The models of a change with has_models, borrowed until the next step; "ret" has room for core->model_count. Returns how many. */
size_t quoin_agent_core_kept(const struct quoin_agent_core *core, const struct quoin_agent_model_name **ret);

#endif
