/*
 * Views: how quoin.h's readers are made inside. A reader has one current snapshot of a release; a view pins it.
 *
 * Pins are 1,024 slots in the reader. To acquire: claim a free slot with the current snapshot, then look whether it is
 * still current. To retire a snapshot: make another current, then free the old one as soon as no slot holds it. Both
 * orders are sequentially consistent, so one of the two sides always sees the other.
 *
 * One mutex serves switches, registrations and waiting; nothing that resolves takes it.
 */
#ifndef QUOIN_SUBSCRIBER_VIEW_H
#define QUOIN_SUBSCRIBER_VIEW_H

#include <pthread.h>
#include <stdatomic.h>

#include "formats/context.h"
#include "formats/models.h"
#include "formats/resolve.h"
#include "formats/routes.h"
#include "subscriber/quoin.h"

#define VIEW_PINS    1024
#define VIEW_SLOTS   256
#define VIEW_HANDLES 8192

struct view_part {
	char name[QUOIN_NAME_BYTES_MAX + 1];
	struct quoin_image image;
};

/* One release, ready to be resolved with. Immutable but for registrations, each of which is written once. */
struct quoin_snapshot {
	struct quoin_reader *reader;
	uint64_t release;
	uint64_t generation;
	bool has_rules;
	bool has_routes;
	struct quoin_rules rules;
	struct quoin_routes routes;
	struct view_part *parts;
	size_t part_count;
	_Atomic uint32_t slots[VIEW_SLOTS]; /* attribute ids; QUOIN_PLACE_NONE */
	_Atomic uint16_t order[QUOIN_RULES_ATTRIBUTES_MAX]; /* the slot + 1 of each attribute; 0: none */
	const uint8_t *_Atomic handles[VIEW_HANDLES]; /* objectives' blocks; NULL: not in this release */
	void *memory; /* what the parts are in, or NULL */
	void *source; /* what keeps them in the store, or NULL */
	struct quoin_snapshot *next; /* of those that wait to be freed */
};

struct view_pin {
	_Alignas(64) const struct quoin_snapshot *_Atomic held;
};

/* The shell behind a reader that follows a store; NULL members where it does not. */
struct quoin_follower;

struct quoin_reader {
	struct view_pin pins[VIEW_PINS];
	_Alignas(64) struct quoin_snapshot *_Atomic current;
	_Atomic uint64_t generation;
	_Atomic uint32_t is_stale;
	/* With lease.on_expiry = refuse: views resolve until then, by both clocks. A process that was stopped must not go on
	 * with what its follower saw before. */
	_Atomic uint32_t has_lease;
	_Atomic int64_t lease_boot_ms, lease_wall_ms;
	_Atomic uint32_t is_forked; /* the follower stayed in the parent */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char *slot_names[VIEW_SLOTS];
	size_t slot_count;
	char *handle_names[VIEW_HANDLES];
	size_t handle_count;
	struct quoin_snapshot *retired;
	struct quoin_follower *follower;
	struct quoin_counter *counters; /* of threads that count */
	struct quoin_counter *ended;	/* what threads counted that do not any more; or NULL */
	struct quoin_reader *next; /* of this process */
};

/* A reader without a snapshot, among those of this process; quoin_reader_close ends it. 0 or QUOIN_ENOMEM. */
int quoin_reader_new(struct quoin_reader **ret);

/* An empty snapshot; then parts by name, then publish or free. Parts are attached; "verify": checked before. */
int quoin_snapshot_new(size_t part_count, struct quoin_snapshot **ret);
int quoin_snapshot_add(struct quoin_snapshot *snapshot, const char *name, const char *schema,
    const struct quoin_image *image, bool verify, struct quoin_error *err);
void quoin_snapshot_free(struct quoin_snapshot *snapshot);

/* Make it current (NULL: nothing is); the old one waits for its last pin. Wakes those who wait. */
void quoin_reader_publish(struct quoin_reader *reader, struct quoin_snapshot *snapshot, uint64_t generation);
/* Free what no pin holds any more; returns how many still wait. */
size_t quoin_reader_sweep(struct quoin_reader *reader);

/* Of subscriber/counter.c: the sums of all counters, merged; what they are in a child after fork(), nothing; and the end of
 * what threads left behind. */
struct quoin_tally;
int quoin_reader_tally(struct quoin_reader *reader, struct quoin_tally *ret);
uint64_t quoin_reader_counted(struct quoin_reader *reader);
void quoin_reader_forget_counts(struct quoin_reader *reader);
void quoin_reader_free_counts(struct quoin_reader *reader);

/* Of subscriber/follow.c. */
int quoin_follower_start(struct quoin_reader *reader, const char *state, const char *namespace_name,
    struct quoin_error *err);
/* The same over a store that is open in this process, and stays so for longer than the reader. */
struct quoin_store;
int quoin_follower_share(struct quoin_reader *reader, struct quoin_store *store, const char *state,
    const char *namespace_name, struct quoin_error *err);
void quoin_follower_stop(struct quoin_follower *follower);
/* In a forked child: nothing of the parent's is touched. */
void quoin_follower_abandon(struct quoin_follower *follower);
/* Let go of what keeps a snapshot's parts in the store. */
void quoin_follower_release(void *source);

/* Fill a caller's message. */
int quoin_message_set(struct quoin_message *message, const struct quoin_error *err);

#endif
