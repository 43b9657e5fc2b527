/*
 * The simulator's world: one thread, one seed, a whole fleet on one clock.
 *
 * Everything that happens is an event in one queue, taken in the order of its time. Hosts and gates are the programs' own
 * cores (subscriber/core.h, publisher/gate_core.h) behind shells that do what their actions say, in their order, and may
 * die between any two of them. The log, the stores, the model servers, the readers and the people are simulated. The same
 * seed and plan give the same run, to the last event.
 *
 * Its rooms: plan (what goes wrong, and what people do, drawn before the run), log, host, gate, operator, judge.
 */
#ifndef QUOIN_TESTS_SIM_WORLD_H
#define QUOIN_TESTS_SIM_WORLD_H

#include <stdio.h>

#include "publisher/gate_core.h"
#include "publisher/gc.h"
#include "subscriber/core.h"
#include "tests/sim/log.h"

#define SIM_SERVING  5 /* a1 a2 a3 on shard A, b1 b2 on shard B */
#define SIM_ROUTERS  3
#define SIM_HOSTS    (SIM_SERVING + SIM_ROUTERS)
#define SIM_GATES    2
#define SIM_ACTORS   (SIM_HOSTS + SIM_GATES)
#define SIM_SHARDS   2
#define SIM_RELEASES 40
#define SIM_INTENTS  64
#define SIM_MODELS   128
#define SIM_ON_SHARD 3 /* models of one release on one shard, at most */
#define SIM_READERS  2 /* per router */
#define SIM_PLANE    12 /* releases in one data plane */
#define SIM_ACTS     96
#define SIM_STORIES  3 /* in one plan */
#define SIM_DOCS     (SIM_RELEASES + SIM_INTENTS + 16)

#define SIM_WALL_MS	1800000000000 /* the true time at 0 */
#define SIM_HEARTBEAT_MS 5000
#define SIM_STATUS_MS	10000
#define SIM_LEASE_MS	60000
#define SIM_FAULTS_MS	240000 /* faults end then */
#define SIM_END_MS	1200000 /* and by then all has converged */

/* ---- Events ---- */

enum sim_event_kind {
	SIM_ACT,      /* a: index in the plan */
	SIM_DELIVER,  /* actor, topic: the next records */
	SIM_TICK,     /* actor: its core's deadline */
	SIM_START,    /* actor: begins (again) */
	SIM_SILENCE,  /* host; a: on */
	SIM_ARRIVE,   /* host: the status in "status" reaches the log; a: its number */
	SIM_ACKED,    /* host; a: number, b: code */
	SIM_FETCHED,  /* host; a: release, b: code */
	SIM_TRIED,    /* host; a: release */
	SIM_HOOKED,   /* host; a: model of the core, b: hook, c: model */
	SIM_PREPARED, /* host; a: release, b: code */
	SIM_READER,   /* host; a: which: it looks at the store */
	SIM_LOOK,     /* host: looks at its readers */
	SIM_ASK,      /* gate: the ends that it asked for */
	SIM_INIT,     /* gate: its init is done */
	SIM_COMMIT,   /* gate: what it produced is committed, or not */
	SIM_OUTCOME,  /* gate; b: code */
	SIM_SUMMARY,  /* gate; a: release */
	SIM_BURY,     /* gc's tombstones */
	SIM_PUT_BACK, /* what a deleted topic lost */
	SIM_SETTLE,   /* the faults are over */
	SIM_CHECK,    /* has all converged? */
};

struct sim_event {
	int64_t at;
	uint64_t order;
	enum sim_event_kind kind;
	int actor;
	uint64_t life; /* of the actor: an earlier life's events are void */
	enum quoin_topic topic;
	uint64_t a;
	int64_t b, c;
	struct quoin_status *status; /* owned */
};

/* ---- Actors ---- */

/* A machine's clocks: CLOCK_BOOTTIME runs from its boot, a little fast or slow; CLOCK_REALTIME is what somebody set. */
struct sim_clock {
	int64_t booted_at;
	int64_t base_ms;
	int64_t drift_ppm;
	int64_t wall_offset_ms;
};

/* One topic, read on and on. */
struct sim_tail {
	bool is_assigned;
	bool is_scheduled; /* a DELIVER is in the queue */
	int64_t next;
	int64_t wanted; /* an end to be told of; -1: none */
	bool is_asking; /* gates: that end is still to be asked for */
};

struct sim_actor {
	char name[8];
	struct sim_clock clock;
	uint64_t life;
	bool is_up;
	int64_t away_until;	/* partitioned */
	int64_t stopped_until;	/* SIGSTOP */
	int64_t mute_until;	/* it reads, and what it writes does not arrive */
	int64_t late_until[QUOIN_TOPICS]; /* what comes on this topic comes then */
	int64_t tick_at;	/* of the TICK in the queue; INT64_MAX: none */
	struct sim_tail tails[QUOIN_TOPICS];
};

struct sim_store_document {
	enum quoin_store_kind kind;
	uint64_t number;
	struct quoin_buf bytes;
};

/* What survives a crash: changed by commits alone. */
struct sim_store {
	bool has_ratchets, has_copy;
	struct quoin_ratchets ratchets, copy;
	struct quoin_store_offset offsets[QUOIN_TOPICS];
	struct quoin_fuse fuses[QUOIN_STORE_FUSES_MAX];
	size_t fuse_count;
	uint32_t models[SIM_MODELS]; /* that may be loaded */
	size_t model_count;
	struct quoin_docref runs;
	struct quoin_position chosen;
	struct sim_store_document documents[SIM_DOCS];
	size_t document_count;
	bool parts[SIM_RELEASES]; /* whose content is here */
};

struct sim_host {
	struct sim_actor actor; /* first */
	struct quoin_cert cert;
	struct quoin_sealed cert_sealed;
	int shard; /* -1: a router */
	struct quoin_agent_conf conf;
	struct quoin_agent_core core;
	bool has_core;
	unsigned boots;
	struct sim_store store;
	/* Faults. */
	uint64_t crash_in; /* actions until the agent dies; 0: it does not */
	int64_t full_until;
	int64_t unfetchable_until;
	int64_t slow_acks_until;
	int64_t died_at;
	bool is_liar; /* claims to load, and does not */
	bool is_outdated; /* names each release, until the faults end, by the hash of the one before */
	bool is_boaster; /* claims, until the faults end, to obey activations that are not there */
	int64_t arrival; /* of its last status */
	/* A serving host's model server. */
	bool loaded[SIM_MODELS];
	bool has_lost_store; /* once: it may hold models that its agent does not know */
	bool lost[SIM_MODELS]; /* died there: nobody unloaded it */
	uint64_t capacity;
	bool accepts; /* /ready was 200 since the machine is up */
	/* A router's readers: what each holds; 0: nothing. */
	uint64_t readers[SIM_READERS];
	int64_t stuck_until[SIM_READERS];
	bool is_looking;
	int64_t refuse_boot_ms, refuse_wall_ms; /* both 0: never */
	unsigned refuse_boots; /* the boot that this was said in */
	uint64_t plane[SIM_PLANE]; /* releases in its data plane */
};

enum sim_outcome {
	SIM_WRITTEN,
	SIM_ABORTED,
	SIM_UNKNOWN_WRITTEN,
	SIM_UNKNOWN_ABORTED,
	SIM_UNKNOWN_LATE, /* decided when the next gate's init asks */
};

struct sim_gate {
	struct sim_actor actor; /* first */
	struct quoin_gate_core *core;
	struct quoin_ledger ledger;
	uint8_t id[16];
	bool is_reading_others, is_caught_up, is_taking_over, is_reading;
	bool was_stopped, was_cut_off;
	int64_t late_end, current_ms; /* as in publisher/gate_shell.h */
	uint64_t token;
	uint64_t epoch_told;
	unsigned lives[QUOIN_TOPICS]; /* of the topics as it read them, from 1; 0: their incarnations are unknown */
	int64_t read_end;      /* with the log's base: how far the status topic was read at the last STATUS_READ */
	uint64_t writer;       /* the fence of its writer; 0: none */
	bool is_busy;	       /* something produced is on its way */
	int64_t produced_at;
	bool has_activation;   /* in "produced" */
	struct quoin_activation produced;
	struct quoin_sealed sealed;
	struct quoin_heartbeat heartbeat;
	uint64_t statuses[SIM_HOSTS]; /* the highest number taken of each host */
	uint64_t heartbeats;	      /* the highest number taken */
	struct quoin_position newest; /* taken */
	enum sim_outcome outcome;     /* of the next commit */
	struct quoin_gate_actions actions;
};

/* ---- Releases, as they really are ---- */

struct sim_shard {
	uint32_t models[SIM_ON_SHARD];
	size_t model_count;
	size_t host_count; /* the first ones of the shard */
	bool health_checked;
	uint64_t capacity;
};

struct sim_release {
	bool exists;
	struct quoin_docref ref;
	struct quoin_release doc; /* without parts of its own */
	struct quoin_part part;
	struct quoin_hash content;
	struct sim_shard shards[SIM_SHARDS];
	unsigned poison; /* bit i: it kills host i when it loads it */
	bool is_deadly; /* kills the agent, not a child */
	bool is_bodiless; /* its content was collected from the log */
};

enum sim_model_kind {
	SIM_MODEL_GOOD,
	SIM_MODEL_SLOW,
	SIM_MODEL_BAD,
	SIM_MODEL_FLAKY, /* fails the first time */
};
struct sim_model {
	enum sim_model_kind kind;
	unsigned tries[SIM_SERVING];
};

/* ---- The plan ---- */

enum sim_act_kind {
	SIM_PUBLISH,
	SIM_ROLLBACK,
	SIM_PIN,
	SIM_UNPIN,
	SIM_REVOKE,
	SIM_FREEZE,
	SIM_UNFREEZE,
	SIM_EXCLUDE,
	SIM_INCLUDE,
	SIM_FORGET,
	SIM_RETRY,
	SIM_EPOCH,	 /* a new root raises the epoch */
	SIM_CRASH,	 /* the agent, "amount" actions from now */
	SIM_REBOOT,	 /* the machine; away for "amount" ms */
	SIM_TERM,	 /* SIGTERM, started again after "amount" ms */
	SIM_STORE_DAMAGED, /* a crash, and the environment is gone; the copy of the ratchets is there */
	SIM_STORE_GONE,	 /* a crash, and nothing is left */
	SIM_DISK_FULL,
	SIM_UNFETCHABLE,
	SIM_CLOCK,	 /* the wall clock jumps by "amount" ms */
	SIM_PARTITION,	 /* any actor, for "amount" ms */
	SIM_MUTE,	 /* a host reads, and cannot write, for "amount" ms */
	SIM_SLOW_ACKS,	 /* what a host writes arrives, and it hears so "amount" ms later */
	SIM_BROKER_DOWN, /* for everybody */
	SIM_LAG,	 /* one topic comes late to one actor, by "amount" ms */
	SIM_REREAD,	 /* a host reads a topic again from its start: everything is given twice */
	SIM_COMPACT,
	SIM_GATE_KILL,
	SIM_GATE_STOP,	 /* SIGSTOP for "amount" ms */
	SIM_GATE_COMMIT, /* the next commit ends as "amount" says */
	SIM_MODEL_DEATH, /* the model server loses everything */
	SIM_READER_STUCK,
	SIM_FORGERY,	 /* somebody without keys writes to the log */
	SIM_GC,
	SIM_TOPIC_ANEW,	 /* a topic is deleted and made anew; people put right what was lost "amount" ms later */
	SIM_ACT_KINDS,
};

/* PUBLISH: its amount. Easy: it loads everywhere, asks for nothing but that, and nothing is kept warm. */
#define SIM_PUBLISH_ANY	   0
#define SIM_PUBLISH_EASY   1
#define SIM_PUBLISH_STEPS  2 /* easy, in steps */
#define SIM_PUBLISH_POISON 3 /* and the host's number: easy, but kills that one */

struct sim_act {
	int64_t at;
	enum sim_act_kind kind;
	int actor;
	uint64_t number; /* of many things: taken modulo what there is */
	int64_t amount;
	bool is_off; /* by the minimiser */
};

/* ---- The world ---- */

struct sim_violation {
	int invariant; /* 1..11; 0: none */
	char text[400];
};

struct sim_judge;

struct sim {
	uint64_t seed;
	uint64_t random;
	int64_t now;
	uint64_t order, steps, steps_max;
	struct sim_event *queue; /* a heap; owned */
	size_t queue_count, queue_cap;
	struct sim_log log[QUOIN_TOPICS];
	uint64_t fence; /* of the gate's transactional id */
	struct sim_pending {
		bool exists;
		bool has_activation;
		struct quoin_activation activation;
		struct quoin_sealed sealed;
	} pending; /* a transaction whose end nobody knows */
	struct {
		bool is_running;
		struct quoin_gc gc;	/* what goes; owned */
		uint64_t head, intent; /* when it looked */
	} gc;
	struct {
		bool is_lost; /* and was not put right yet */
		enum quoin_topic topic;
		struct sim_log backup; /* what it had; owned */
	} lost;
	struct sim_host hosts[SIM_HOSTS];
	struct sim_gate gates[SIM_GATES];
	struct sim_release releases[SIM_RELEASES];
	struct quoin_intent intents[SIM_INTENTS];
	struct quoin_hash intent_hashes[SIM_INTENTS];
	struct sim_model models[SIM_MODELS];
	uint32_t model_count;
	struct quoin_ledger ledger; /* the control topic, folded: what people read */
	uint64_t epoch;
	int64_t down_until; /* the broker */
	/* Of the plan. */
	bool lease_refuse;
	uint64_t slots; /* models that a host has room for */
	bool health_checked; /* shard B */
	bool has_datasets;   /* some releases have no models */
	bool is_settled;
	struct sim_act plan[SIM_ACTS];
	size_t plan_count;
	const char *stories[SIM_STORIES];
	size_t story_count;
	struct sim_judge *judge;
	struct sim_violation violation;
	bool converged;
	int64_t converged_at;
	/* The transcript: kept when the run is told aloud. */
	bool is_traced, is_verbose;
	char (*trace)[240]; /* a ring; owned */
	size_t trace_count;
};
#define SIM_TRACE_LINES 65536

struct sim *sim_new(void);
void sim_free(struct sim *sim);
/* Run one seed with the plan that is in "plan". Ends at a violation, at convergence, or after steps_max steps. */
void sim_run(struct sim *sim, uint64_t seed, uint64_t steps_max);
/* Draw the plan of a seed, and what its fleet is like. */
void sim_plan(struct sim *sim, uint64_t seed);
void sim_act_print(const struct sim *sim, const struct sim_act *act, char *out, size_t out_bytes);

/* ---- Chance ---- */

uint64_t sim_draw(struct sim *sim, uint64_t below);
bool sim_chance(struct sim *sim, unsigned percent);
/* A short time, sometimes long. */
int64_t sim_delay(struct sim *sim);

/* ---- Events and time ---- */

void sim_push(struct sim *sim, struct sim_event event, int64_t after_ms);
int64_t sim_boot_ms(const struct sim *sim, const struct sim_actor *actor);
int64_t sim_wall_ms(const struct sim *sim, const struct sim_actor *actor);
/* The world's time at which the actor's boot clock shows this. */
int64_t sim_time_of(const struct sim *sim, const struct sim_actor *actor, int64_t boot_ms);
struct sim_actor *sim_actor(struct sim *sim, int actor);
int sim_actor_index(const struct sim *sim, const struct sim_actor *actor);
/* Until when it cannot reach the broker; not after now: it can. */
int64_t sim_away_until(const struct sim *sim, const struct sim_actor *actor);
void sim_tick_at(struct sim *sim, struct sim_actor *actor, int64_t boot_ms);
/* The actor's tail has something to be given. */
void sim_wake_tail(struct sim *sim, struct sim_actor *actor, enum quoin_topic topic);

void sim_say(struct sim *sim, const char *who, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* An invariant does not hold: the run ends. */
void sim_violate(struct sim *sim, int invariant, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* ---- Rooms ---- */

void sim_host_init(struct sim *sim, int index);
void sim_host_clear(struct sim_host *host);
void sim_host_event(struct sim *sim, struct sim_host *host, struct sim_event *event);
void sim_host_act(struct sim *sim, struct sim_host *host, const struct sim_act *act);
void sim_host_settle(struct sim *sim, struct sim_host *host);
/* The releases that a router may serve from now: at most SIM_EFFECTIVE. */
#define SIM_EFFECTIVE (SIM_READERS + SIM_PLANE + 1)
size_t sim_host_effective(const struct sim *sim, const struct sim_host *host, uint64_t ret[SIM_EFFECTIVE]);

void sim_gate_init(struct sim *sim, int index);
void sim_gate_clear(struct sim_gate *gate);
void sim_gate_event(struct sim *sim, struct sim_gate *gate, struct sim_event *event);
void sim_gate_act(struct sim *sim, struct sim_gate *gate, const struct sim_act *act);
/* Fence the gates' transactional id; what was open ends one way or the other. Returns the new fence. */
uint64_t sim_gate_fence(struct sim *sim);
struct quoin_gate_release *sim_gate_summary(const struct sim *sim, uint64_t release);

/* Whether host "index" is declared for the shard by this release. */
bool sim_declares(const struct sim_release *release, int shard, int host);
int sim_shard_first(int shard);
int sim_shard_hosts(int shard);

void sim_operator_begin(struct sim *sim);
void sim_operator_act(struct sim *sim, const struct sim_act *act);
/* Do what an alarm of the gate asks for. */
void sim_operator_heed(struct sim *sim, const char *alarm);
void sim_operator_exclude(struct sim *sim, const char *host);
void sim_operator_settle(struct sim *sim);

/* ---- Keys and seals (seal.c) ---- */

void sim_keys_init(void);
const struct quoin_origin *sim_origin(void);
const struct quoin_sealed *sim_root(uint64_t version); /* from 1; version v has epoch v */
void sim_seal(enum quoin_role role, struct quoin_buf *text, struct quoin_sealed *ret);
void sim_cert(int host, struct quoin_cert *cert, struct quoin_sealed *ret);
const uint8_t *sim_incarnation(unsigned life);
const struct quoin_sealed *sim_incarnation_sealed(enum quoin_topic topic, unsigned life);
#define SIM_LIVES 4 /* of one topic */
#define SIM_ROOTS 8

#endif
