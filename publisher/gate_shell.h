/*
 * What the rooms of the gate's shell share, from the ground up: gate_output (actions to topics), gate_input (topics to
 * events), gate_metrics (what is asked), gate (life and turns). Nobody else includes it.
 */
#ifndef QUOIN_PUBLISHER_GATE_SHELL_H
#define QUOIN_PUBLISHER_GATE_SHELL_H

#include "lib/http.h"
#include "publisher/activations.h"
#include "publisher/control.h"
#include "publisher/fleet.h"
#include "publisher/gate.h"
#include "publisher/gate_core.h"
#include "publisher/gate_fetch.h"
#include "publisher/gate_hook.h"
#include "publisher/keyring.h"

#define QUOIN_GATE_TOPICS 3 /* control, gate, status: in this order in "tails" */

/* One topic that is read on and on. */
struct gate_tail {
	enum quoin_topic topic;
	char name[QUOIN_TOPIC_NAME_BYTES];
	int64_t position;    /* everything below was taken */
	int64_t wanted;	     /* an end that is read to: first reading, take-over, READ_STATUS; 0: reached */
	bool is_asking;	     /* the end is still to be asked from the broker */
	int64_t checked;     /* the position at the last look of the watchdog, */
	int64_t checked_end; /* and what the broker had then */
};

struct quoin_gate {
	const struct quoin_conf *conf; /* "settings" */
	struct quoin_conf settings;    /* the caller's, and what SIGHUP changed since; strings borrowed */
	struct quoin_bus_conf bus;
	struct quoin_keyring keys;
	uint8_t id[16];
	struct quoin_control control;
	struct quoin_activations activations;
	struct quoin_fleet fleet;
	struct quoin_bus_reader *reader;
	struct gate_tail tails[QUOIN_GATE_TOPICS];
	struct quoin_bus_writer *writer; /* while it takes over and acts */
	struct quoin_gate_fetch *fetch;
	struct quoin_gate_hook hook;
	struct quoin_http *metrics; /* NULL if not configured */
	struct quoin_gate_core *core;
	struct quoin_gate_actions *actions; /* of the step */

	bool is_reading_others; /* the control topic was read to its end once; the others follow */
	bool is_caught_up;
	int64_t late_end;    /* of the status topic: below it, what comes did not just come: the process was stopped */
	bool is_late;	     /* that end is still to be asked for */
	int64_t current_ms;  /* CLOCK_BOOTTIME when the status topic was last read to its end */
	bool has_more;	     /* the reader has records at hand that were not taken */
	int64_t turn_ms;     /* the last turn, by CLOCK_BOOTTIME */
	bool is_taking_over; /* init succeeded; the three topics are being read to their ends */
	/* The gate topic's incarnation was read, and the topic was not lost since: without it nothing is written there. */
	bool is_incarnate;
	bool is_told_unborn;		    /* that it has none, to people */
	bool is_told_unbelieved;	    /* that the root does not name this gate's keys, to people */
	struct quoin_bus_receipt receipt;   /* of the heartbeat on its way */
	int64_t written;		    /* the highest offset that the broker gave to one */
	bool is_reading;     /* READ_STATUS: the status topic alone */
	uint64_t token;
	uint64_t epoch;	       /* of the root, as told to the core */
	uint64_t root_version; /* the same */
	int64_t watchdog_ms;
	bool is_root_over; /* it has expired, and that was told */
	bool was_cut_off;  /* from the broker, or stopped: topics may be others */
	int64_t return_ms; /* mono_ms before which they are not read again */
	int code;	   /* why the process must end; 0 */
	struct quoin_error *err;

	/* Events to come: what actions led to, in order. */
	struct quoin_gate_event queue[64];
	size_t queued;
	struct quoin_activation produced; /* owned copy, behind an ACTIVATION event */
	uint64_t heartbeat_number;	  /* of the last own one */
};

/* ---- gate_shell ---- */

/* The process must end; the first reason counts. */
void gate_stop(struct quoin_gate *gate, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Let the core take this event after the present step (gate_feed). */
void gate_feed_after(struct quoin_gate *gate, struct quoin_gate_event event);
/* Begin to read these tails to ends asked for now: all, or the status topic alone. */
void gate_ask_ends(struct quoin_gate *gate, bool is_status_only);

/* ---- gate_output ---- */

void gate_do(struct quoin_gate *gate, const struct quoin_gate_action *action);
/* Whether the root names this gate's keys; if not, people are told, once. */
bool gate_is_believed(struct quoin_gate *gate);
/* Write nothing more: the writer is closed, and what it was about to do is not done. */
void gate_drop_writer(struct quoin_gate *gate);
/* A last heartbeat with a tiny interval. */
void gate_say_goodbye(struct quoin_gate *gate);

/* ---- gate_input ---- */

/* Let the core take this event, and do what it says. */
void gate_feed(struct quoin_gate *gate, struct quoin_gate_event event);
/* Take what the reader has at hand. */
void gate_take_all(struct quoin_gate *gate);
/* What the health hook says. */
void gate_take_hook(struct quoin_gate *gate);
/* Summaries that were fetched. */
void gate_take_fetched(struct quoin_gate *gate);
/* Ask the broker what is to be asked, and tell the core what was reached. */
void gate_see_ends(struct quoin_gate *gate);
/* Several faults of Kafka raise no event: compare with the broker now and then, and read anew what fell silent. */
void gate_watch_tails(struct quoin_gate *gate);

/* ---- gate_metrics ---- */

/* What metrics.listen answers; ctx: the gate. */
int gate_answer_metrics(void *ctx, const char *path, struct quoin_buf *body);

#endif
