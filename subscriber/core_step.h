/*
 * What the rooms of the core share, and nobody else: the step that is being made.
 *
 * An event is first taken in (admit, and the answers to actions), then everything is settled: every settle looks at the
 * whole state and does what it calls for, so that it does not matter which event brought it about.
 */
#ifndef QUOIN_SUBSCRIBER_CORE_STEP_H
#define QUOIN_SUBSCRIBER_CORE_STEP_H

#include "subscriber/core.h"

struct quoin_agent_step {
	struct quoin_agent_core *core;
	const struct quoin_agent_event *event;
	struct quoin_agent_actions *before; /* what comes before PERSIST: logs, PREPARE */
	struct quoin_agent_actions after;   /* what must not happen unless PERSIST did */
	bool collect;			    /* parts may have become useless */
	bool raised;			    /* the load generation was raised in this step */
	int error;			    /* QUOIN_ENOMEM: the core is dead */
};

struct quoin_agent_action *quoin_agent_before(struct quoin_agent_step *step, enum quoin_agent_action_kind kind);
struct quoin_agent_action *quoin_agent_after(struct quoin_agent_step *step, enum quoin_agent_action_kind kind);
/* A log line before PERSIST. */
void quoin_agent_say(struct quoin_agent_step *step, enum quoin_agent_action_kind kind, int code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* A status is due: at once, or with what else changes in the next moments. */
void quoin_agent_report_now(struct quoin_agent_step *step);
void quoin_agent_report_soon(struct quoin_agent_step *step);
/* Put the document of the envelope into the change. */
void quoin_agent_keep(struct quoin_agent_step *step, enum quoin_store_kind kind, uint64_t number,
    const struct quoin_envelope *envelope);
/* The wait before attempt "tries" (from 1). */
int64_t quoin_agent_backoff_ms(unsigned tries);
/* Copy a reason that may be NULL, made printable. */
void quoin_agent_reason(const char *reason, int code, char out[QUOIN_REASON_BYTES_MAX + 1]);
bool quoin_agent_is_serving(const struct quoin_agent_core *core);

/* ---- admit: records ---- */
void quoin_agent_admit_record(struct quoin_agent_step *step);
void quoin_agent_admit_end(struct quoin_agent_step *step);
void quoin_agent_assign(struct quoin_agent_step *step, enum quoin_topic topic, int64_t offset);
/* Whether the end of the gate topic says nothing about what is newest: it lacks what is obeyed, or brought activations that
 * are refused since a root ended their epoch. */
bool quoin_agent_is_behind(const struct quoin_agent_core *core);

/* ---- track: releases on their way into the store ---- */
/* Which releases are tracked, after the activation or the ledger changed; then fetch and try them. */
void quoin_agent_track_update(struct quoin_agent_step *step);
void quoin_agent_track_settle(struct quoin_agent_step *step);
void quoin_agent_track_fetched(struct quoin_agent_step *step);
void quoin_agent_track_tried(struct quoin_agent_step *step);
/* The broker answers again: what could not be fetched is not waited with. */
void quoin_agent_track_answered(struct quoin_agent_step *step);
/* An operator's retry of this release. */
void quoin_agent_track_retry(struct quoin_agent_step *step, uint64_t release);
/* A slot of core->releases, or NULL. */
struct quoin_agent_release *quoin_agent_tracked(struct quoin_agent_core *core, uint64_t release);
const struct quoin_agent_release *quoin_agent_tracked_const(const struct quoin_agent_core *core, uint64_t release);
int64_t quoin_agent_track_deadline(const struct quoin_agent_core *core);

/* ---- fuse: what crashes or hangs who loads it ---- */
/* The release's, or NULL. */
struct quoin_fuse *quoin_agent_fuse_of(struct quoin_agent_core *core, const struct quoin_docref *release);
void quoin_agent_fuse_set(struct quoin_agent_step *step, const struct quoin_docref *release, enum quoin_fuse_state state,
    const char *reason);
void quoin_agent_fuse_remove(struct quoin_agent_step *step, size_t index);
/* At start: attempts that ended with a death. */
void quoin_agent_fuse_start(struct quoin_agent_step *step);
/* Inside an application: its views meet this release from now on; it is about to load this model. Else nothing. */
void quoin_agent_fuse_prove(struct quoin_agent_step *step, const struct quoin_docref *release);
void quoin_agent_fuse_risk(struct quoin_agent_step *step, const struct quoin_agent_model *model);
void quoin_agent_fuse_settle(struct quoin_agent_step *step);
int64_t quoin_agent_fuse_deadline(const struct quoin_agent_core *core);

/* ---- choose: what to run; joining and leases ---- */
void quoin_agent_choose_start(struct quoin_agent_step *step);
void quoin_agent_choose_settle(struct quoin_agent_step *step);
void quoin_agent_choose_prepared(struct quoin_agent_step *step);
/* An operator said that this host is gone: whatever lease it has, nobody counts on it. */
void quoin_agent_choose_forgotten(struct quoin_agent_step *step);
/* The gate topic's end came; a status was acknowledged. */
void quoin_agent_choose_end(struct quoin_agent_step *step);
void quoin_agent_choose_acked(struct quoin_agent_step *step);
bool quoin_agent_is_revoked(const struct quoin_agent_core *core, uint64_t release);
void quoin_agent_revoke(struct quoin_agent_step *step, uint64_t release);
int64_t quoin_agent_choose_deadline(const struct quoin_agent_core *core);

/* ---- serving: models and hooks ---- */
/* At the core's making: models that may be loaded since before. 0 or QUOIN_ENOMEM. */
int quoin_agent_serving_restore(struct quoin_agent_core *core, const struct quoin_agent_model_name *models, size_t count);
/* What a release places here became known (slot: its index); a release left its slot; it entered the live set anew. */
void quoin_agent_serving_place(struct quoin_agent_step *step, size_t slot, const struct quoin_agent_model_name *models,
    size_t count);
void quoin_agent_serving_drop(struct quoin_agent_core *core, size_t slot);
void quoin_agent_serving_retry(struct quoin_agent_step *step, size_t slot);
/* The gate topic's end came. */
void quoin_agent_serving_end(struct quoin_agent_step *step);
void quoin_agent_serving_hooked(struct quoin_agent_step *step);
void quoin_agent_serving_settle(struct quoin_agent_step *step);
/* How far a release is, models included; "ret_model" (may be NULL): the one that it waits for or that failed. */
enum quoin_progress quoin_agent_progress(const struct quoin_agent_core *core, const struct quoin_agent_release *release,
    const struct quoin_agent_model **ret_model);
int64_t quoin_agent_serving_deadline(const struct quoin_agent_core *core);

/* ---- report ---- */
void quoin_agent_report_start(struct quoin_agent_step *step);
void quoin_agent_report_settle(struct quoin_agent_step *step);

#endif
