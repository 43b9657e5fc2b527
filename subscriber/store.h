/*
 * Store: what a host keeps of one namespace (quoin-store(5)). The agent writes it; any process of the host reads.
 *
 *	<state>/<namespace>/store/	the LMDB environment
 *	<state>/<namespace>/store.old/	the one before, while readers are in it (subscriber/store_move.c)
 *	<state>/<namespace>/pulse	generation and freshness (subscriber/pulse.h)
 *	<state>/<namespace>/ratchets	the second copy of what must never go back
 *	<state>/<namespace>/quarantine.<n>/	a damaged environment, kept for a look
 *	<state>/<namespace>/lock	held by the agent
 *
 * Segments of parts are staged in transactions of their own; one last transaction (quoin_store_commit) takes documents,
 * ratchets, active pointer and Kafka offsets together. Every value carries its hash, verified when it is got.
 */
#ifndef QUOIN_SUBSCRIBER_STORE_H
#define QUOIN_SUBSCRIBER_STORE_H

#include "formats/activation.h"
#include "formats/incarnation.h"
#include "formats/release.h"
#include "lib/clock.h"
#include "lib/env.h"
#include "subscriber/pulse.h"

#define QUOIN_STORE_FORMAT 1
#define QUOIN_PATH_BYTES   1280 /* of every path built here */

struct quoin_store;

/* ---- What is active ---- */

/* A part of the active release that this host holds. */
struct quoin_store_part {
	char name[QUOIN_NAME_BYTES_MAX + 1];
	char schema[QUOIN_NAME_BYTES_MAX + 1];
	uint64_t bytes;
	struct quoin_hash hash; /* of the content */
};

/* The active pointer. All zero: nothing is active. */
struct quoin_store_active {
	uint64_t generation; /* raised by every change of the pointer */
	struct quoin_docref release;
	struct quoin_position obeyed; /* the activation that chose it */
	size_t part_count;
	struct quoin_store_part parts[QUOIN_PARTS_MAX]; /* in order of name */
};

/* ---- Readers ---- */

/*
 * Attach to the store as a reader. Returns 0; QUOIN_ENOENT (no agent has made one yet: try later); QUOIN_EREADERS (no
 * reader slot: never read without); QUOIN_EVERSION (another format), QUOIN_ECORRUPT, QUOIN_EPERM, QUOIN_ECONFLICT (this
 * process has it open already: share the handle), QUOIN_ENOMEM. The handle may be used by several threads.
 */
int quoin_store_attach(const char *state, const char *namespace_name, struct quoin_store **ret,
    struct quoin_error *err);
/* Every snapshot must have been closed. Accepts NULL. Ends what attach and open began. */
void quoin_store_close(struct quoin_store *store);
/* In a forked child: forget it without touching the parent's slots. */
void quoin_store_abandon(struct quoin_store *store);
/* The store's pulse, the store's own; NULL where there is none (a store imported by hand): always stale. */
const struct quoin_pulse *quoin_store_pulse(const struct quoin_store *store);
/* The environment at the store's path is no longer the one that is open (see quoin_pulse_environment). */
bool quoin_store_is_replaced(const struct quoin_store *store);

/*
 * Snapshot: one consistent look at the store, one reader slot. As long as it is open nothing it shows goes away, and the
 * agent reports its release as held: close it, or reset it, when no view needs it. A snapshot is used by one thread at a
 * time, but the spans it gave may be read by all until it is closed.
 */
struct quoin_store_snapshot;
int quoin_store_snapshot_open(struct quoin_store *store, struct quoin_store_snapshot **ret, struct quoin_error *err);
void quoin_store_snapshot_close(struct quoin_store_snapshot *snapshot);
/* Give up what it shows but keep the slot; look again at the newest. */
void quoin_store_snapshot_reset(struct quoin_store_snapshot *snapshot);
int quoin_store_snapshot_renew(struct quoin_store_snapshot *snapshot, struct quoin_error *err);

/* The active pointer: 0, QUOIN_ENOENT (nothing is active), QUOIN_ECORRUPT. */
int quoin_store_snapshot_active(struct quoin_store_snapshot *snapshot, struct quoin_store_active *ret,
    struct quoin_error *err);

/* A part's content in place: segments in order, each QUOIN_SEGMENT_BYTES_MAX but the last; data is 16-byte aligned. */
struct quoin_store_content {
	uint64_t bytes;
	size_t segment_count; /* 0 for empty content */
	struct quoin_span segments[QUOIN_SEGMENTS_MAX];
};
/* Returns 0, QUOIN_ENOENT (not held), QUOIN_ECORRUPT (a hash differs; "trusted" skips the segments' hashes: for content
 * verified before in this process). */
int quoin_store_snapshot_part(struct quoin_store_snapshot *snapshot, const struct quoin_hash *hash, bool trusted,
    struct quoin_store_content *ret, struct quoin_error *err);

/* Documents, as encoded envelopes (formats/envelope.h). */
enum quoin_store_kind {
	QUOIN_STORE_ROOT,	/* number: version */
	QUOIN_STORE_RELEASE,
	QUOIN_STORE_INTENT,
	QUOIN_STORE_ACTIVATION, /* only the newest that was obeyed; number 0 */
	QUOIN_STORE_CERT,	/* this host's; number 0 */
	QUOIN_STORE_EVIDENCE,	/* refused twins of documents held; number: the order of their arrival */
};
#define QUOIN_STORE_KINDS 6
/* The document, borrowed until the snapshot ends: 0, QUOIN_ENOENT, QUOIN_ECORRUPT. */
int quoin_store_snapshot_document(struct quoin_store_snapshot *snapshot, enum quoin_store_kind kind, uint64_t number,
    struct quoin_span *ret, struct quoin_error *err);
/* The first document of this kind with a number >= from: 1, 0 (none), or a negative code. */
int quoin_store_snapshot_next(struct quoin_store_snapshot *snapshot, enum quoin_store_kind kind, uint64_t from,
    uint64_t *ret_number, struct quoin_span *ret, struct quoin_error *err);

/* ---- What must never go back ---- */

#define QUOIN_STORE_READY_MAX QUOIN_LIVE_MAX
#define QUOIN_STORE_FUSES_MAX QUOIN_LIVE_MAX

enum quoin_fuse_state {
	QUOIN_FUSE_ATTEMPTING,
	QUOIN_FUSE_GOOD,
	QUOIN_FUSE_BLOWN,
};
/* The crash fuse of one release. */
struct quoin_fuse {
	struct quoin_docref release;
	enum quoin_fuse_state state;
	uint64_t attempts;		       /* that did not end well in a boot that went on */
	char boot[QUOIN_BOOT_ID_BYTES + 1];    /* of the last attempt */
	char reason[QUOIN_REASON_BYTES_MAX + 1]; /* when blown */
};

#define QUOIN_AGENT_URI_BYTES	1024
#define QUOIN_STORE_MODELS_MAX	65536

/* A model as a hook is told: identity is name, version and digest. */
struct quoin_agent_model_name {
	char name[QUOIN_NAME_BYTES_MAX + 1];
	char version[QUOIN_NAME_BYTES_MAX + 1];
	char digest[QUOIN_AGENT_URI_BYTES];
	char uri[QUOIN_AGENT_URI_BYTES];
};

/* Where reading goes on in one topic. */
struct quoin_store_offset {
	bool has_incarnation;
	uint8_t incarnation[QUOIN_INCARNATION_BYTES];
	int64_t next;
};

/* Kept twice: in the environment, and in a file beside it. Plain memory. */
struct quoin_ratchets {
	uint64_t root_version;
	struct quoin_position obeyed;
	uint64_t heartbeat;	   /* number of the newest one verified */
	uint64_t status_number;	   /* every status sent so far had a lower number */
	uint64_t load_generation;
	uint64_t generation;	   /* of the active pointer */
	uint64_t environment;	   /* quoin_pulse_environment */
	uint64_t evidence;	   /* pieces of evidence kept so far */
	uint64_t intent;	   /* number of the newest one read */
	char boot[QUOIN_BOOT_ID_BYTES + 1]; /* the boot in which the lease was counted */
	int64_t lease_boot_ms;	   /* when the last acknowledged status was sent, by both clocks; 0: no lease */
	int64_t lease_wall_ms;
	uint64_t ready[QUOIN_STORE_READY_MAX]; /* live releases that this host has ever reported ready, ascending */
	size_t ready_count;
	uint64_t revoked[QUOIN_HISTORY_MAX]; /* ascending; when full the lowest is forgotten */
	size_t revoked_count;
	bool is_new; /* begun without any of this, and the host was not ready since: what it has read may be old */
};

/* Both copies, field by field the one that went further. What is no ratchet (lease, ever-ready) stays that of "into". */
void quoin_ratchets_merge(struct quoin_ratchets *into, const struct quoin_ratchets *other);

/* ---- The agent ---- */

/*
 * Open for writing, making what is missing. Only one process may (QUOIN_ECONFLICT). Returns 0; QUOIN_ECORRUPT or
 * QUOIN_EVERSION: quarantine it and open again; QUOIN_EOTHERSYSTEM, QUOIN_ENAMESPACE: made for another one;
 * QUOIN_ENOSPC, QUOIN_EPERM, QUOIN_EIO, QUOIN_EREADERS, QUOIN_ENOMEM.
 */
int quoin_store_open(const char *state, const struct quoin_origin *origin, struct quoin_store **ret,
    struct quoin_error *err);
/* The lock that an agent holds as long as it has the store; the directory must be there. QUOIN_ECONFLICT names who has it. */
int quoin_store_lock(const char *dir, int *ret_fd, struct quoin_error *err);
/* What is open is not what stands at the store's path any more: somebody removed it, or put another there. */
bool quoin_store_is_gone(const struct quoin_store *store);
/* Move the environment of a store that nobody in this process has open aside; what was moved aside before goes. */
int quoin_store_quarantine(const char *state, const char *namespace_name, struct quoin_error *err);
/* The namespace's directory; QUOIN_ELIMIT if it is too long. */
int quoin_store_dir(const char *state, const char *namespace_name, char out[QUOIN_PATH_BYTES]);
struct quoin_pulse *quoin_store_pulse_writer(struct quoin_store *store);

/* What was found at open, the higher of both copies field by field, or what was committed since. "is_new": there was
 * neither (all zero). */
void quoin_store_ratchets(const struct quoin_store *store, struct quoin_ratchets *ret, bool *ret_is_new);
/* Write the second copy, durably. */
int quoin_store_ratchets_copy(struct quoin_store *store, const struct quoin_ratchets *ratchets,
    struct quoin_error *err);
int quoin_store_offset_get(struct quoin_store *store, enum quoin_topic topic, struct quoin_store_offset *ret,
    struct quoin_error *err);
int quoin_store_fuses_get(struct quoin_store *store, struct quoin_fuse *fuses, size_t *ret_count,
    struct quoin_error *err);
/* The models that may be loaded on this host; the caller's, to free. */
int quoin_store_models_get(struct quoin_store *store, struct quoin_agent_model_name **ret, size_t *ret_count,
    struct quoin_error *err);

struct quoin_store_document {
	enum quoin_store_kind kind;
	uint64_t number;
	struct quoin_span bytes; /* an encoded envelope; empty: remove it */
};
/* Everything that one step changed; NULL and 0: unchanged. Borrowed for the call. */
struct quoin_store_change {
	const struct quoin_store_document *documents;
	size_t document_count;
	const struct quoin_ratchets *ratchets;
	const struct quoin_store_offset *offsets[QUOIN_TOPICS];
	const struct quoin_store_active *active;
	const struct quoin_fuse *fuses; /* all of them; with has_fuses */
	size_t fuse_count;
	bool has_fuses;
	const struct quoin_agent_model_name *const *models; /* all of them, of which QUOIN_STORE_MODELS_MAX are kept; with has_models */
	size_t model_count;
	bool has_models;
};
/*
 * One transaction, durable on return; then the pulse's generation. Returns 0, or, with nothing changed: QUOIN_EMAPFULL,
 * QUOIN_ENOSPC (try again later), QUOIN_EIO (stop writing; audit before the next open), QUOIN_EMISSING (the active pointer
 * names a part that is not held).
 */
int quoin_store_commit(struct quoin_store *store, const struct quoin_store_change *change, struct quoin_error *err);

/*
 * Stage a part. The content is given in order and in pieces of any size by "fill", which the store calls once per
 * segment to write exactly "bytes" bytes at "at" (offset "offset" of the content); a non-zero return ends the staging
 * with it. *ret_hash is zero: who has the hash of these bytes already may set it. One transaction per segment; the last
 * makes the whole part visible. May be called from another thread than commit. Staging what is held already returns 0
 * without a call.
 */
typedef int quoin_store_fill(void *ctx, uint64_t offset, uint8_t *at, size_t bytes, struct quoin_hash *ret_hash);
int quoin_store_stage(struct quoin_store *store, const struct quoin_hash *hash, uint64_t part_bytes,
    quoin_store_fill *fill, void *ctx, struct quoin_error *err);
/* Whether the whole part is held. */
bool quoin_store_has_part(struct quoin_store *store, const struct quoin_hash *hash);
/* The same, and its size if it is. */
bool quoin_store_part_bytes(struct quoin_store *store, const struct quoin_hash *hash, uint64_t *ret_bytes);
/* Its bytes in the file are damaged: has_part is false and staging it writes it anew, for whoever reads from then on. One part
 * at a time; a restart forgets it, and audits. */
void quoin_store_distrust(struct quoin_store *store, const struct quoin_hash *hash);
/* Remove every part that is not among "keep" (and what broken-off stagings left). *ret_removed may be NULL. */
int quoin_store_collect(struct quoin_store *store, const struct quoin_hash *keep, size_t keep_count,
    size_t *ret_removed, struct quoin_error *err);

/*
 * The releases that readers of this host hold: from their snapshots and the history of the active pointer. Ascending,
 * without repetition, at most "max" (which must be QUOIN_HELD_MAX or more). "ret_oldest" (may be NULL): the process with the
 * oldest snapshot, pid 0 if there is none.
 */
struct quoin_store_reader {
	pid_t pid;
	uint64_t release; /* that it reads; 0: not known */
};
int quoin_store_holds(struct quoin_store *store, uint64_t *releases, size_t max, size_t *ret_count,
    struct quoin_store_reader *ret_oldest, struct quoin_error *err);

/*
 * Readers hold more than twice what lives: the file cannot get smaller. quoin_store_move makes a compact copy, lets it take
 * the store's name, and tells readers, who follow when no view needs the old one; nobody may be staging. It costs the disk
 * what lives, once more. Not while an environment from before is still read (quoin_store_is_moving): then the file grows,
 * until the disk or the map is full. 0, or, with nothing changed, QUOIN_ENOSPC, QUOIN_ESYSTEM (the file system cannot),
 * QUOIN_ENOMEM, QUOIN_EREADERS; QUOIN_EIO: it took place, and commits fail until it is durable.
 */
bool quoin_store_is_swollen(struct quoin_store *store);
bool quoin_store_is_moving(const struct quoin_store *store);
int quoin_store_move(struct quoin_store *store, struct quoin_error *err);
/* Remove the old environment, if nobody has read in it for a while. */
void quoin_store_old_settle(struct quoin_store *store);

/* Readers of this process, which share the agent's handle, count among those that hold. */
void quoin_store_share(struct quoin_store *store);

/* Read everything and verify every hash: 0, QUOIN_ECORRUPT with what is damaged, or what attach returns. For the audit's
 * child process: damaged pages may crash it. */
int quoin_store_verify(const char *state, const char *namespace_name, struct quoin_error *err);

#endif
