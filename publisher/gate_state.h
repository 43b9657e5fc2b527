/*
 * What the rooms of the gate's core share. From the ground up: gate_tally (counters and timers), gate_say (what a step
 * says), gate_activation (what activations and ledger say), gate_evidence (what one host is), gate_count (how many are what),
 * gate_draft (editing the next activation), gate_release (what a release asks of the shards), gate_exclude (who is left
 * out), gate_hosts (what hosts report), gate_shard (who is asked there), gate_policy (what may be selected), gate_wish
 * (what waits for a reading), gate_fail, gate_rollout (what is on its way), gate_pins, gate_retire (what may leave),
 * gate_decide (the order of it all), gate_core (events). Nobody else includes it.
 */
#ifndef QUOIN_PUBLISHER_GATE_STATE_H
#define QUOIN_PUBLISHER_GATE_STATE_H

#include "publisher/gate_core.h"
#include "publisher/gate_tally.h"

#define QUOIN_GATE_SUMMARIES_MAX (QUOIN_LIVE_MAX + QUOIN_PINS_MAX + 2)
#define QUOIN_GATE_WISHES_MAX	 256
#define QUOIN_GATE_ALARMS_MAX	 64
#define QUOIN_GATE_POSITIONS_MAX 64
#define QUOIN_GATE_HAVES_MAX	 (2 * QUOIN_LIVE_MAX)
#define QUOIN_GATE_FAILED_MAX	 256 /* entries of "failed" that are kept: with their reasons they must fit the document */
#define QUOIN_GATE_HOLD_MS	 1000
#define QUOIN_GATE_HEALTH_MS	 5000	 /* between two questions to the health hook */
#define QUOIN_GATE_AGE_MS_MAX	 3600000 /* however slowly a host means to report */

/* How far a host is with one release, by its newest status. */
struct gate_have {
	struct quoin_docref release;
	enum quoin_progress progress;
	int64_t ready_since_ms; /* ready without a break, in one boot and load generation, since then */
	char model[QUOIN_ROUTING_KEY_BYTES_MAX + 1];
	char reason[QUOIN_REASON_BYTES_MAX + 1];
};

/* One record per host, at one address for the core's life. */
struct gate_host {
	char name[QUOIN_NAME_BYTES_MAX + 1];
	size_t at; /* its place among the hosts, when they were last counted all */
	bool is_certified; /* what it says counts */
	/* Its certificate had expired when it was read, and nothing was heard under another: it may still run and hold what
	 * it did, so that a router of this kind has a lease and is kept; but it is no evidence, and none waits for it. */
	bool is_expired;
	/* By its newest certificate on the control topic; where that has none, by the one of its newest status. */
	bool is_enrolled; /* the control topic has one */
	uint8_t key[QUOIN_PUBLIC_KEY_BYTES];
	enum quoin_host_role role;
	char shard[QUOIN_NAME_BYTES_MAX + 1];
	struct quoin_labels labels;

	bool has_status;
	uint64_t number;
	char boot[QUOIN_BOOT_ID_BYTES + 1];
	uint64_t generation;
	int64_t received_ms;
	int64_t fresh_ms;   /* it was written after this */
	int64_t perhaps_ms; /* and not after this, by any clock */
	uint64_t interval_ms;
	uint64_t lease_ms;
	struct quoin_position obeyed;
	uint64_t intent;
	uint64_t runs;
	uint64_t holds[QUOIN_HELD_MAX];
	size_t hold_count;
	bool is_leaving;
	struct gate_have *haves; /* ascending by release; owned */
	size_t have_count;

	int64_t lease_until_ms; /* routers; 0: no lease, or its end was decided */
	bool is_heard;		/* a status came since the take-over */
	/* Excluded since this activation, as far as this gate knows (0: it is not), and known to obey that since (0: not). */
	uint64_t out_epoch, out_seq;
	int64_t out_ms;
	const struct quoin_exclusion *exclusion; /* in the newest activation; or NULL */
	uint64_t forget_intent;			 /* the last "forget" of this host; 0: none */
	bool is_returned;			 /* it spoke after that without having read it */

	/* Where it is counted; when it is to be counted anew though it says nothing; of these times, the first that a decision
	 * waits for; when its lease ends. */
	struct gate_part *parts;
	struct gate_timer due, wake, lease;
};

/* ---- What is counted (gate_count) ---- */

/* What a host is, whatever release is meant: bits of core->fleet, whose entries are the hosts. */
enum gate_fleet_bit {
	GATE_FLEET_AHEAD,    /* its word counts, and it obeys an activation that this log does not have */
	GATE_FLEET_RETURNED, /* it was forgotten, and is here again without having read that */
	GATE_FLEET_COUNTS,   /* a router that counts, */
	GATE_FLEET_ASKED,    /* and is to run the target, */
	GATE_FLEET_DONE,     /* and says that it does, obeying this step at least; */
	GATE_FLEET_LACKING,  /* or does not */
};
/* What it is to one live release: bits of its "fleet". */
enum gate_release_bit {
	GATE_RELEASE_STAGED,   /* a router that counts and has it, */
	GATE_RELEASE_UNSTAGED, /* or has not */
	GATE_RELEASE_FAILED,   /* it reports that it failed, and that counts; */
	GATE_RELEASE_FUSED,    /* the same of its crash fuse */
	GATE_RELEASE_HELD,     /* a router that may run or hold it */
};
/* What it is to one live release on one shard. Whom an operator excludes has no bit at all. */
enum gate_shard_bit {
	GATE_SHARD_DECLARED,
	GATE_SHARD_READY,	     /* its models are loaded, and have soaked */
	GATE_SHARD_LOADED,	     /* its models are loaded */
	GATE_SHARD_SOAKING,	     /* loaded and not ready */
	GATE_SHARD_UNREADY,	     /* not even loaded, and not excluded */
	GATE_SHARD_SPEAKING,	     /* not excluded, not known to be silent, */
	GATE_SHARD_SPEAKING_LOADED,  /* and loaded */
	GATE_SHARD_ACTIVE,	     /* ready for what is in effect, */
	GATE_SHARD_ACTIVE_READY,     /* and for this release, */
	GATE_SHARD_ACTIVE_LOADED,    /* or loaded at least, */
	GATE_SHARD_BEHIND,	     /* or neither */
	GATE_SHARD_LACKING_READY,    /* declared, and not ready */
	GATE_SHARD_LACKING_LOADED,   /* declared, and not loaded */
	GATE_SHARD_SILENT,	     /* not excluded, and perhaps silent */
	GATE_SHARD_STAYING,	     /* the gate excluded it, and it is not known to be out */
};

/* One that is asked on a shard; linked to what else the same host is asked. */
struct gate_part {
	struct gate_asked *asked;
	const char *name;
	struct gate_host *host; /* of that name, whatever it is certified for; NULL: none */
	struct gate_part *next;
};
/* Those who are asked for one live release on one shard. */
struct gate_asked {
	const struct quoin_gate_shard *shard; /* of the release's summary; NULL: not counted yet */
	const struct quoin_live *live, *active; /* in the newest activation; active: what is in effect there, or NULL */
	int64_t soak_ms;
	struct gate_tally tally;
	struct gate_part *parts; /* one per entry; owned */
};
/* One live release. */
struct gate_counted {
	const struct quoin_live *live; /* in the newest activation */
	struct gate_tally fleet;
	struct gate_asked *shards; /* by their place in the summary, or NULL; owned */
	size_t shard_count;
};

/* What may only be done once the status topic was read to an end asked for after the wish arose (section 5). */
enum gate_wish_kind {
	GATE_WISH_SELECT, /* number: the release; step in "step" */
	GATE_WISH_PIN,	  /* number: the intent */
	GATE_WISH_RETIRE, /* number: the release */
	GATE_WISH_LEASE,  /* host: its lease ends */
};
struct gate_wish {
	enum gate_wish_kind kind;
	uint64_t number;
	uint32_t step;
	const struct gate_host *host;
};

enum gate_mode {
	GATE_STANDBY,
	GATE_TAKING_OVER,
	GATE_ACTING,
};

struct quoin_gate_core {
	struct quoin_gate_core_conf conf;
	enum gate_mode mode;
	bool is_caught_up;
	int64_t now_ms, wall_ms;	    /* of the step */
	int64_t wake_ms;		    /* the next tick that matters to a decision */
	int code;			    /* sticky: QUOIN_ENOMEM */
	struct quoin_gate_actions *actions; /* of the step */

	/* What the topics say. */
	const struct quoin_ledger *ledger;
	uint64_t epoch; /* of the root */
	bool has_activation;
	struct quoin_activation activation;
	struct quoin_position position;
	struct quoin_position past[QUOIN_GATE_POSITIONS_MAX]; /* the newest positions seen, by seq */
	struct gate_host **hosts;			      /* ascending by name; owned */
	size_t host_count, host_cap;
	bool is_crowded; /* a host found no room */
	struct quoin_gate_release *summaries[QUOIN_GATE_SUMMARIES_MAX];
	size_t summary_count;
	uint64_t needed[QUOIN_GATE_SUMMARIES_MAX]; /* asked for and not here yet */
	size_t needed_count;

	/* Counted from the above. */
	bool is_miscounted;    /* more changed than one host: count anew before reading */
	bool is_kept_drafted;  /* the draft keeps, or no longer keeps, other routers than the newest activation */
	struct gate_tally fleet;
	struct gate_counted counted[QUOIN_LIVE_MAX];
	size_t counted_count;
	struct gate_queue dues, wakes, leases;

	/* Heartbeats. */
	uint64_t heartbeat_number; /* the highest seen or given out */
	int64_t heard_ms;	   /* when the last one of an acting gate was written, by our clock */
	uint64_t heard_interval_ms;
	bool has_heard;
	int64_t beat_ms;  /* when the next own one is due */
	int64_t watch_ms; /* readiness is watched from then on: a gate that just began has not heard everybody */

	/* What began in this life only. */
	uint64_t way;	   /* the release whose time runs */
	uint64_t way_step; /* the seq of its step; 0: it prepares */
	int64_t way_ms;	   /* since when */
	int64_t acked_ms;  /* the step is acknowledged since; 0: not yet */
	struct gate_drain {
		uint64_t release;
		int64_t since_ms;
	} drains[QUOIN_LIVE_MAX];
	size_t drain_count;
	struct gate_health {
		uint64_t release, step_seq; /* the step that is asked about */
		bool is_asking, is_sick;
		uint64_t token;
		int64_t asked_ms, well_ms; /* when last asked; when last asked with a good answer; -1: never */
		char reason[QUOIN_REASON_BYTES_MAX + 1];
	} health;

	/* One decision. */
	bool is_producing; /* an activation is on its way to the log */
	bool is_undecided; /* something changed since the last decision */
	bool was_behind;   /* the control topic lacked documents that were consumed */
	struct quoin_activation draft;
	bool is_changed;       /* the draft says something new */
	bool is_awaiting;      /* a release would enter, but for its models part */
	int64_t hold_until_ms; /* until then the activation waits for it; 0: nothing is awaited */
	bool is_selecting;     /* the draft selects or pins something new: it waits for nothing more */
	bool is_cramped;       /* warm releases must make room */
	uint64_t replacing;    /* it is to take the place of a bad "from"; 0: none */
	uint64_t working;      /* the release that the rollout works on; 0: none */
	bool is_confirmed;     /* this decision follows the reading that the asked wishes waited for */
	struct gate_wish wishes[QUOIN_GATE_WISHES_MAX];
	size_t wish_count;
	struct gate_wish asked[QUOIN_GATE_WISHES_MAX]; /* as "wishes" was when the end was asked for */
	size_t asked_count;
	struct quoin_position asked_at;
	bool is_reading;
	uint64_t token;

	char reason[QUOIN_GATE_TEXT_BYTES];	 /* what is waited for, first thing first */
	char last_reason[QUOIN_GATE_TEXT_BYTES]; /* if nothing else is waited for */
	char told_reason[QUOIN_GATE_TEXT_BYTES]; /* as last told */
	char (*alarms)[QUOIN_GATE_TEXT_BYTES];	 /* that hold now; owned */
	size_t alarm_count;
	char (*told)[QUOIN_GATE_TEXT_BYTES]; /* that held at the decision before; owned */
	size_t told_count;
};

/* ---- gate_say ---- */

struct quoin_gate_action *gate_act(struct quoin_gate_core *core, enum quoin_gate_action_kind kind);
/* Something was decided; something is waited for (the first of a decision is kept; or only if there is no other); a person
 * must look. */
void gate_decided(struct quoin_gate_core *core, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void gate_waits(struct quoin_gate_core *core, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void gate_waits_last(struct quoin_gate_core *core, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void gate_alarm(struct quoin_gate_core *core, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A tick at this time matters. */
void gate_wake(struct quoin_gate_core *core, int64_t at_ms);
/* Sum of times, held at the ends of the range. */
int64_t gate_after(int64_t ms, uint64_t more_ms);

/* ---- gate_activation ---- */

bool gate_has_number(const uint64_t *numbers, size_t count, uint64_t number);
const struct quoin_kept *gate_kept(const struct quoin_activation *activation, const char *host);
/* What routers are being moved to, or run: the target, else from. */
uint64_t gate_in_effect(const struct quoin_activation *activation);
/* It was not selectable since it entered the live set. */
bool gate_is_fresh(const struct quoin_live *live);
/* Neither revoked nor failed, by the draft. */
bool gate_is_good(const struct quoin_gate_core *core, uint64_t release);
/* The pin of this intent stands there. */
bool gate_has_pin(const struct quoin_activation *activation, uint64_t intent);
/* A pin to this release was asked for and does not stand yet. */
bool gate_pin_waits(const struct quoin_gate_core *core, uint64_t release);

/* ---- gate_evidence ---- */

/* Its place among the hosts, or where it would be put. */
size_t gate_host_index(const struct quoin_gate_core *core, const char *name, bool *ret_found);
/* NULL: it is not known. */
struct gate_host *gate_host(const struct quoin_gate_core *core, const char *name);
/* The host that is asked, if it is certified for the shard; or NULL. */
const struct gate_host *gate_part_host(const struct gate_part *part);
/* What it said of this very release; or NULL. */
const struct gate_have *gate_host_have(const struct gate_host *host, const struct quoin_docref *release);
bool gate_host_holds(const struct gate_host *host, uint64_t release);
/* It said something within three of its status intervals: certainly; or perhaps, when the log could not be read for a while. */
bool gate_host_speaks(const struct quoin_gate_core *core, const struct gate_host *host);
bool gate_host_may_speak(const struct quoin_gate_core *core, const struct gate_host *host);
/* When it ceases to, if "at_ms" is the time of its newest status. */
int64_t gate_host_silent_ms(const struct gate_host *host, int64_t at_ms);
/* It obeys at least this seq of the present epoch. */
bool gate_host_obeys(const struct quoin_gate_core *core, const struct gate_host *host, uint64_t seq);
/* Its word counts, and it obeys a later activation than the newest here, or another one of the same number. */
bool gate_host_is_ahead(const struct quoin_gate_core *core, const struct gate_host *host, bool *ret_is_later);
/* By the operator, and not heard since. */
bool gate_host_is_forgotten(const struct gate_host *host);
/* A router whose certificate is known, be it expired. */
bool gate_router_may_run(const struct gate_host *host);
/* By the draft: a router that this decision hears again holds what it says, and is not kept any more. */
bool gate_router_has_lease(const struct quoin_gate_core *core, const struct gate_host *host);
/* It counts for staging and acknowledgements: heard at all, with a lease, not leaving, not excluded. */
bool gate_router_counts(const struct quoin_gate_core *core, const struct gate_host *host);
bool gate_router_is_staged(const struct gate_host *host, const struct quoin_live *live);
/* Certified for serving, obeying at least "since", and ready by its newest status, however old that is. */
bool gate_says_ready(const struct quoin_gate_core *core, const struct gate_host *host, const struct quoin_live *live,
    int64_t soak_ms);
/* Section 5, evidence: by its newest status "host" is ready for the live release, excluded or not. */
bool gate_has_evidence(const struct quoin_gate_core *core, const struct gate_host *host, const struct quoin_live *live,
    int64_t soak_ms);
/* The same, and it is not excluded: it may be counted. */
bool gate_is_ready(const struct quoin_gate_core *core, const struct gate_host *host, const struct quoin_live *live,
    int64_t soak_ms);
/* Whether it reports that the live release failed there, so that it counts; and how. */
bool gate_has_failed(const struct quoin_gate_core *core, const struct gate_host *host, const struct quoin_live *live,
    bool *ret_is_fuse);
/* The router may still run or hold the live release, for all that is known; "why" says how, if it is not NULL. */
bool gate_may_hold(const struct quoin_gate_core *core, const struct gate_host *host, const struct quoin_live *live,
    char why[QUOIN_GATE_TEXT_BYTES]);
/* Excluded by the gate: since when it reported obeying that, and its VIP has seen it; INT64_MAX: it has not reported. */
int64_t gate_out_ms(const struct quoin_gate_core *core, const struct gate_host *host);

/* ---- gate_count ---- */

/* More than one host changed, or what is asked of them. */
void gate_miscount(struct quoin_gate_core *core);
/* This one changed. */
void gate_count_host(struct quoin_gate_core *core, struct gate_host *host);
/* At the beginning of a decision: what time has changed since. */
void gate_count_settle(struct quoin_gate_core *core);
void gate_count_clear(struct quoin_gate_core *core);
/* Counted from the next decision's first question on. NULL: not live in the newest activation, or no memory. */
struct gate_counted *gate_counted(struct quoin_gate_core *core, uint64_t release);
/* The same on one shard, which must have been made by gate_asked_make. */
struct gate_asked *gate_asked(struct quoin_gate_core *core, struct gate_counted *counted,
    const struct quoin_gate_release *summary, size_t shard);
/* Who is asked: "names" in the order in which they are named, borrowed from summaries that are live. */
int gate_asked_make(struct quoin_gate_core *core, struct gate_asked *asked, const char *const *names, size_t count);

/* ---- gate_draft: sorted lists of the draft; each sets is_changed ---- */

void gate_draft_add_number(struct quoin_gate_core *core, uint64_t **numbers, size_t *count, uint64_t number);
void gate_draft_fail(struct quoin_gate_core *core, uint64_t release, const char *host, const char *reason);
void gate_draft_unfail(struct quoin_gate_core *core, uint64_t release);
void gate_draft_enter(struct quoin_gate_core *core, const struct quoin_docref *release);
struct quoin_live *gate_draft_live(struct quoin_gate_core *core, uint64_t release);
void gate_draft_leave(struct quoin_gate_core *core, uint64_t release);
void gate_draft_pin(struct quoin_gate_core *core, const struct quoin_pin *pin);
void gate_draft_unpin(struct quoin_gate_core *core, uint64_t intent);
void gate_draft_exclude(struct quoin_gate_core *core, const struct quoin_exclusion *exclusion);
void gate_draft_include(struct quoin_gate_core *core, const char *host);
void gate_draft_keep(struct quoin_gate_core *core, const struct quoin_kept *kept);
void gate_draft_unkeep(struct quoin_gate_core *core, const char *host);
void gate_draft_step(struct quoin_gate_core *core, uint32_t index, const struct quoin_policy *policy);

/* ---- gate_release ---- */

/* The summary, or NULL: it was asked for. */
const struct quoin_gate_release *gate_summary(struct quoin_gate_core *core, uint64_t release);
void gate_summary_take(struct quoin_gate_core *core, struct quoin_gate_release *release);
/* Forget the summaries that no decision needs. */
void gate_summaries_trim(struct quoin_gate_core *core);
const struct quoin_gate_shard *gate_shard(const struct quoin_gate_release *release, const char *name);
/* The models parts of this release and of all that are live are here; else they were asked for. */
bool gate_is_known(struct quoin_gate_core *core, uint64_t release);
/* All known: whether the draft's live releases and this one fit every shard; if not, "why" names what fills which. */
bool gate_fits(struct quoin_gate_core *core, uint64_t release, char why[QUOIN_GATE_TEXT_BYTES]);

/* ---- gate_exclude ---- */

/* Who is excluded changed; this host is new; or what it obeys changed. */
void gate_note_exclusions(struct quoin_gate_core *core);
void gate_note_exclusion(struct quoin_gate_core *core, struct gate_host *host);
void gate_note_obeying(const struct quoin_gate_core *core, struct gate_host *host);
/* What operators exclude, and who is included again. */
void gate_take_exclusions(struct quoin_gate_core *core);

/* ---- gate_hosts ---- */

void gate_hosts_clear(struct quoin_gate_core *core);
void gate_cert(struct quoin_gate_core *core, const struct quoin_cert *cert, bool is_expired);
void gate_cert_gone(struct quoin_gate_core *core, const char *name);
/* Whether it says anything that a decision could depend on. */
bool gate_status(struct quoin_gate_core *core, const struct quoin_gate_event *event);
/* Sections 5 and 6: every enrolled router gets a full lease; nobody was heard yet. */
void gate_grant_leases(struct quoin_gate_core *core);
/* Note the newest "forget" of every host. */
void gate_read_forgets(struct quoin_gate_core *core);

/* ---- gate_policy ---- */

/* The policy of the release is met; or the brake's condition. Both by the newest activation. "why" names what is missing. */
bool gate_policy_met(struct quoin_gate_core *core, uint64_t release, char why[QUOIN_GATE_TEXT_BYTES]);
bool gate_brake_met(struct quoin_gate_core *core, uint64_t release, char why[QUOIN_GATE_TEXT_BYTES]);
/* The next shard from "*at" on that has too few hosts ready for a live release; "why" names it. */
bool gate_lacks_hosts(struct quoin_gate_core *core, uint64_t release, size_t *at, char why[QUOIN_GATE_TEXT_BYTES]);
/* Shards short of hosts for what is in effect. */
void gate_watch_readiness(struct quoin_gate_core *core);

/* ---- gate_wish ---- */

/* Whether this may be done now; otherwise it is wished for, and the status topic is read first. */
bool gate_may(struct quoin_gate_core *core, enum gate_wish_kind kind, uint64_t number, uint32_t step,
    const struct gate_host *host);
/* Something is to be selected or pinned when the statuses have been read. */
bool gate_wishes_selection(const struct quoin_gate_core *core);
/* Ask for the end that the wishes wait for, if there are any. */
void gate_ask_for_the_end(struct quoin_gate_core *core);

/* ---- gate_fail ---- */

/* Mark it failed. */
void gate_fail(struct quoin_gate_core *core, uint64_t release, const char *host, const char *reason);
/* If more hosts report so than its policy allows; if the health hook says so of its step; if what is in effect has lost its
 * hosts and what was active before has not. */
void gate_fail_by_reports(struct quoin_gate_core *core, uint64_t release);
void gate_fail_by_health(struct quoin_gate_core *core, uint64_t release);
void gate_fail_by_lost_readiness(struct quoin_gate_core *core);
/* Whether the health hook, asked at or after "since_ms", finds the present step well. It is asked again and again. */
bool gate_is_healthy(struct quoin_gate_core *core, uint64_t release, int64_t since_ms);
void gate_take_health(struct quoin_gate_core *core, const struct quoin_gate_event *event);
void gate_health_reset(struct quoin_gate_core *core);

/* ---- gate_rollout, gate_pins, gate_retire, gate_decide ---- */

/* Whether what is asked of this release before it may be selected holds now: of one that was once fully active the brake's
 * condition, of any other one its policy, and no freeze. */
bool gate_may_be_selected(struct quoin_gate_core *core, uint64_t release, char why[QUOIN_GATE_TEXT_BYTES]);
/* Whether a release that enters the live set with the draft may be selected by the same activation: no shard has models of
 * it and its policy asks no router, or it was once fully active. Nobody could report anything that this depends on. */
bool gate_enters_selectable(struct quoin_gate_core *core, uint64_t release);
/* Let it into the live set if it fits. */
void gate_enter(struct quoin_gate_core *core, uint64_t release);
void gate_complete(struct quoin_gate_core *core);
void gate_rollout(struct quoin_gate_core *core);
void gate_pins(struct quoin_gate_core *core);
void gate_end_leases(struct quoin_gate_core *core);
void gate_retire(struct quoin_gate_core *core);
void gate_decide(struct quoin_gate_core *core, bool is_confirmed);

#endif
