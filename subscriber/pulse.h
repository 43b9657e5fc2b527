/*
 * Pulse: what changes too often for the store, in one small shared file beside it ("pulse", quoin-store(5)).
 *
 * The agent maps it for writing, every reader on the host for reading. It tells readers without a system call that the
 * active pointer moved, whether what they serve is fresh, and whether they may go on. It is only a hint of the store's
 * state: after a crash between a commit and its pulse, the agent's next start mends it. Losing the agent makes readers
 * stale by the mere passing of time.
 *
 * One writer; readers in any thread and process. Every field is one 64-bit atomic; nothing here allocates, and nothing but
 * quoin_pulse_wait blocks.
 */
#ifndef QUOIN_SUBSCRIBER_PULSE_H
#define QUOIN_SUBSCRIBER_PULSE_H

#include "lib/error.h"

struct quoin_pulse;

enum quoin_pulse_mode {
	QUOIN_PULSE_READ,
	QUOIN_PULSE_WRITE, /* made if it is missing or damaged */
};

/* Map the file in directory "dir". Returns 0, QUOIN_ENOENT, QUOIN_ECORRUPT (not a pulse of this format: the
 * agent's start mends it), QUOIN_EPERM, QUOIN_EIO, QUOIN_ENOSPC, QUOIN_ENOMEM. */
int quoin_pulse_open(const char *dir, enum quoin_pulse_mode mode, struct quoin_pulse **ret, struct quoin_error *err);
/* Accepts NULL. May be called in a forked child. */
void quoin_pulse_close(struct quoin_pulse *pulse);

/* ---- Readers. All accept NULL: generation and environment 0, stale, not refused. ---- */

/* The generation of the active pointer (acquire): when it differs from that of the view held, there is another one to
 * be read. 0: nothing has ever been active. Never falls, not even when the store is replaced. */
uint64_t quoin_pulse_generation(const struct quoin_pulse *pulse);
/* Counts the environments that have stood at the store's path: when it moves, the file that a reader has open is no
 * longer the store (quarantined, or replaced by a smaller one); detach and attach again once nothing is pinned. */
uint64_t quoin_pulse_environment(const struct quoin_pulse *pulse);
/* Wait until the agent moves the generation or the environment, the generation is not "generation" any more, or the time is
 * over; it may also return earlier. Without a pulse, or where the agent is of a version that wakes nobody: until the time is
 * over. */
void quoin_pulse_wait(const struct quoin_pulse *pulse, uint64_t generation, int timeout_ms);
/* No heartbeat of the gate is known to be fresh at "boot_ms" (CLOCK_BOOTTIME), or this is another boot. */
bool quoin_pulse_is_stale(const struct quoin_pulse *pulse, int64_t boot_ms);
/* lease.on_expiry = refuse, and the lease ended by either clock: resolves must fail, on pinned views too. */
bool quoin_pulse_is_refused(const struct quoin_pulse *pulse, int64_t boot_ms, int64_t wall_ms);
/* The ends of that lease, by both clocks; false: never refused. Of another boot: both long over. */
bool quoin_pulse_lease(const struct quoin_pulse *pulse, int64_t *ret_until_boot_ms, int64_t *ret_until_wall_ms);

/* ---- The agent. ---- */

void quoin_pulse_set_generation(struct quoin_pulse *pulse, uint64_t generation);
void quoin_pulse_set_environment(struct quoin_pulse *pulse, uint64_t environment);
/* Fresh until this time of CLOCK_BOOTTIME in this boot; 0: stale. */
void quoin_pulse_set_fresh(struct quoin_pulse *pulse, int64_t until_boot_ms);
/* Refuse after these times; both 0: never refuse. */
void quoin_pulse_set_lease(struct quoin_pulse *pulse, int64_t until_boot_ms, int64_t until_wall_ms);

#endif
