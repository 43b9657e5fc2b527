/*
 * What the files agent*.c share, and nobody else but the figures of a fleet (tests/bench/fleet_host.c).
 */
#ifndef QUOIN_SUBSCRIBER_AGENT_SHELL_H
#define QUOIN_SUBSCRIBER_AGENT_SHELL_H

#include <stdatomic.h>

#include "lib/bus.h"
#include "lib/http.h"
#include "subscriber/agent.h"
#include "subscriber/callback.h"
#include "subscriber/core.h"
#include "subscriber/hook.h"
#include "subscriber/identity.h"
#include "subscriber/proof.h"
#include "subscriber/stager.h"
#include "subscriber/tally.h"
#include "subscriber/watchdog.h"

#define QUOIN_AGENT_RECEIPTS_MAX (QUOIN_AGENT_SENT_MAX + 4)

#define QUOIN_AGENT_SILENCE_MS 20000 /* without a word from the broker: four heartbeats */

struct quoin_agent {
	const struct quoin_conf *conf; /* "settings", once it is open */
	struct quoin_conf settings;    /* the caller's, and what SIGHUP changed since; strings borrowed */
	struct quoin_origin origin;
	char boot[QUOIN_BOOT_ID_BYTES + 1];
	struct quoin_detached root_files;
	struct quoin_envelope root; /* pinned; borrows from root_files */
	struct quoin_identity identity;
	struct quoin_sealed cert; /* a renewed one; else empty */
	struct quoin_bus_conf bus;
	char topics[QUOIN_TOPICS][QUOIN_TOPIC_NAME_BYTES];
	char status_key[QUOIN_NAME_BYTES_MAX + 8];

	struct quoin_store *store;
	struct quoin_agent_core core;
	bool has_core;
	struct quoin_agent_actions actions;
	struct quoin_store_active active; /* as committed last */

	struct quoin_bus_reader *reader;
	struct quoin_bus_writer *writer;
	struct {
		bool is_used;
		uint64_t number;
		struct quoin_bus_receipt receipt;
	} receipts[QUOIN_AGENT_RECEIPTS_MAX]; /* the writer fills them, whatever becomes of the core that sent the status */
	uint64_t unsent[QUOIN_AGENT_RECEIPTS_MAX]; /* numbers of statuses for which there was no receipt */
	size_t unsent_count;
	struct quoin_stager *stager;
	struct quoin_tally ended; /* what processes that are gone had counted */
	struct quoin_watchdog *watchdog;
	struct quoin_proof *proof;
	struct quoin_proof_answer proved; /* the newest */
	unsigned proofs_refused;	  /* one after the other */
	int64_t prove_at; /* mono_ms of the next one; INT64_MAX: one is being made */
	struct quoin_hooks *hooks;
	struct quoin_callbacks *callbacks; /* NULL: programs */
	struct quoin_http *ready, *metrics; /* NULL if not configured */
	_Atomic bool is_up, is_ready; /* for other threads */
	/* Hooks that are not configured are done as soon as they are asked for. */
	struct quoin_hook_outcome instant[QUOIN_AGENT_HOOKS_MAX];
	size_t instant_count;

	int wake_fd; /* answers of the threads */
	int stop_fd;
	bool is_stopping, is_over;
	_Atomic bool is_hung_up; /* the configuration is to be read anew */

	bool must_assign[QUOIN_TOPICS]; /* an assignment that did not succeed, or a lost place to be tried again */
	int64_t assign_at[QUOIN_TOPICS]; /* mono_ms */
	unsigned lost_count[QUOIN_TOPICS];
	int64_t heard_at; /* mono_ms of the last word from the broker */
	int64_t asked_at;
	bool is_silent;
	int64_t moved_at; /* mono_ms when readers were last seen on one release */
	int64_t store_at; /* mono_ms of the next look at the store's size, and whether it is there */
	unsigned gone;	  /* looks since it is not; 0: it is */
	int64_t holds_at; /* mono_ms of the next look at the readers */
	int64_t started_at;
	bool has_begun;
	bool is_refused;  /* the broker's machine refuses connections: no use waiting at start */
	bool is_notified;
	int64_t copy_at;    /* mono_ms when the second copy of the ratchets is written; 0: it is what the store has */
	int64_t rebuild_at; /* mono_ms when a failed commit is tried again; 0: no failure */
	unsigned rebuilds;
};

/* Carry out agent->actions in order. 0, or what made a PERSIST fail: the core must be made anew. */
int quoin_agent_execute(struct quoin_agent *agent, struct quoin_error *err);
/* Write the second copy of the ratchets. */
void quoin_agent_copy(struct quoin_agent *agent);
/* The receipts that came: events for the core. */
bool quoin_agent_receipt_next(struct quoin_agent *agent, uint64_t *ret_number, int *ret_code);
/* Read the store and the pinned root into a new core. */
int quoin_agent_core_build(struct quoin_agent *agent, struct quoin_error *err);
/* Ask for proofs of the store, and take their answers: 1 with what the core is told of the newest (its strings are the
 * agent's), 0, or QUOIN_ECORRUPT: the store cannot be read any more. */
int quoin_agent_prove(struct quoin_agent *agent, int64_t now, struct quoin_agent_event *ret, struct quoin_error *err);
/* Look after the store's file. 0, or QUOIN_EMISSING: it is gone. */
int quoin_agent_settle_store(struct quoin_agent *agent, int64_t now, struct quoin_error *err);
/* What ready.listen and metrics.listen answer; ctx: the agent. */
int quoin_agent_answer_ready(void *ctx, const char *path, struct quoin_buf *body);
int quoin_agent_answer_metrics(void *ctx, const char *path, struct quoin_buf *body);
/* Read the configuration anew, and take of it what may change now. */
void quoin_agent_reload(struct quoin_agent *agent);
struct quoin_fetch_parts quoin_agent_parts(const struct quoin_agent *agent);

#endif
