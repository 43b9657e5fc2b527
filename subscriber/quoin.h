/*
 * libquoin: context in, decision out, in the caller's process (quoin(3), quoin_resolve(3)).
 *
 *	struct quoin_reader *reader;
 *	struct quoin_view view;
 *	struct quoin_decision decision;
 *
 *	quoin_reader_open_store("/var/lib/quoin", NULL, &reader, NULL);		once per process
 *	quoin_view_acquire(reader, &view);					pins one release
 *	quoin_resolve_strings(&view, "ContinueWatchingRanking", attributes, count, &decision);
 *	… decision.selected.routing_key, quoin_route_pick(&decision, random, &route) …
 *	quoin_view_release(&view);
 *
 * A reader is shared by all threads. A view is an immutable look at exactly one release: while it is held, every string
 * that a decision points to stays where it is. Resolving takes no lock, allocates nothing and enters the kernel never.
 * Functions return 0 or a negative code below. Strings are UTF-8 and NUL-terminated unless a length is given.
 *
 * ABI: structures only grow into their reserved members; symbols are versioned.
 */
#ifndef QUOIN_H
#define QUOIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define QUOIN_API __attribute__((visibility("default")))
#else
#define QUOIN_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define QUOIN_VERSION_MAJOR 1
#define QUOIN_VERSION_MINOR 0

/* ---- Codes ---- */
enum quoin_code {
	QUOIN_OK = 0,
	QUOIN_FAILED_SYSTEM = -1,
	QUOIN_FAILED_MEMORY = -2,
	QUOIN_FAILED_IO = -3,
	QUOIN_FAILED_READERS = -6,   /* no reader slot in the store: refused, never read without one */
	QUOIN_FAILED_USAGE = -10,    /* a context of another view, a slot that was not registered, … */
	QUOIN_FAILED_NOT_FOUND = -12, /* unknown objective; no such file or part */
	QUOIN_FAILED_PERMISSION = -13,
	QUOIN_FAILED_SYNTAX = -20,   /* bad context */
	QUOIN_FAILED_LIMIT = -21,
	QUOIN_FAILED_VERSION = -22,  /* made by a newer Quoin */
	QUOIN_FAILED_CORRUPT = -23,
	QUOIN_FAILED_REFUSED = -24,  /* lease.on_expiry = refuse, and it expired; parts that do not fit together */
	QUOIN_FAILED_MISSING = -25,  /* no release */
	QUOIN_FAILED_CONFLICT = -40, /* the store is open in this process already: share that reader */
	QUOIN_FAILED_TIMEOUT = -51,
	QUOIN_FAILED_AGAIN = -52     /* more views are held at once than a reader has pins for */
};
/* A sentence for the code; static. */
QUOIN_API const char *quoin_code_text(int code);

#define QUOIN_MESSAGE_BYTES 512
struct quoin_message {
	int code;
	char text[QUOIN_MESSAGE_BYTES]; /* what is wrong, and where */
};

/* ---- Readers ---- */
struct quoin_reader;

/*
 * Attach read-only to the store that quoind keeps in "directory" (the "state" of its configuration); "namespace_name"
 * NULL: the only one there. Follows every switch of release by a thread of its own. QUOIN_FAILED_READERS when no reader
 * slot can be had. In every call "message" may be NULL.
 */
QUOIN_API int quoin_reader_open_store(const char *directory, const char *namespace_name,
    struct quoin_reader **ret_reader, struct quoin_message *message);
/* A release exported by "quoin export" (quoin-export(5)): read once, verified in form, not in signature; never
 * changes. */
QUOIN_API int quoin_reader_open_export(const char *directory, struct quoin_reader **ret_reader,
    struct quoin_message *message);
/* Compiled parts in memory: copied. "release" 0 for a directory that was not published. */
struct quoin_part_bytes {
	const char *name; /* "rules", "routes", "models", … */
	const void *data;
	size_t bytes;
};
QUOIN_API int quoin_reader_open_parts(const struct quoin_part_bytes *parts, size_t count, uint64_t release,
    struct quoin_reader **ret_reader, struct quoin_message *message);
/* No view of it may be held any more. NULL is fine. */
QUOIN_API void quoin_reader_close(struct quoin_reader *reader);
/* In the child after fork(), in place of everything else but close: attach anew. Until then the child's reader has no
 * release; views inherited over fork() must not be used. */
QUOIN_API int quoin_reader_reopen(struct quoin_reader *reader, struct quoin_message *message);

/* The active release's number; 0 for none, or one that was not published. */
QUOIN_API uint64_t quoin_reader_release(const struct quoin_reader *reader);
/* Raised at every switch; compare with a view's. */
QUOIN_API uint64_t quoin_reader_generation(const struct quoin_reader *reader);
/* Whether the agent does not hear its gate, or is gone: what is served is the last that was known. */
QUOIN_API bool quoin_reader_is_stale(const struct quoin_reader *reader);
/* Wait until the generation is not "generation" any more. QUOIN_FAILED_TIMEOUT after "timeout_ms" (-1: for ever). */
QUOIN_API int quoin_reader_wait(struct quoin_reader *reader, uint64_t generation, int64_t timeout_ms);

/* ---- Views ---- */
struct quoin_view {
	const struct quoin_snapshot *snapshot; /* NULL: none held */
	void *pin;
};
/* Pin the active release. QUOIN_FAILED_MISSING: none (the view is empty; resolving with it says so),
 * QUOIN_FAILED_AGAIN. One per request or per batch; any thread may release it. */
QUOIN_API int quoin_view_acquire(struct quoin_reader *reader, struct quoin_view *ret_view);
QUOIN_API void quoin_view_release(struct quoin_view *view);
QUOIN_API uint64_t quoin_view_release_number(const struct quoin_view *view);
QUOIN_API uint64_t quoin_view_generation(const struct quoin_view *view);
/* A part's bytes, for as long as the view is held: copied to "out" from "offset" on, at most "bytes"; the count, or a
 * negative code. Parts above 16 MiB are not contiguous in memory; quoin_view_part_segment gives the pieces in place. */
QUOIN_API int64_t quoin_view_part_read(const struct quoin_view *view, const char *name, uint64_t offset, void *out,
    size_t bytes);
QUOIN_API int quoin_view_part_segment(const struct quoin_view *view, const char *name, unsigned segment,
    const void **ret_data, size_t *ret_bytes);

/* ---- Slots and handles: names looked up once per process, not once per request ---- */
/* Register an attribute's name or an objective's name; the same name gives the same number. They need not exist in any
 * release (yet). A number, or QUOIN_FAILED_LIMIT (256 slots, 8,192 handles), QUOIN_FAILED_SYNTAX. Takes a lock: call at
 * start. Known to views acquired before as well. */
QUOIN_API int quoin_slot_register(struct quoin_reader *reader, const char *attribute);
QUOIN_API int quoin_objective_register(struct quoin_reader *reader, const char *objective);

/* ---- Contexts ---- */
/*
 * What is known about a request, for one view. Made once per thread, begun once per request, used with any number of
 * objectives. Strings that are set are borrowed until the next begin; more than 32 cells, and JSON, may
 * allocate, nothing else does.
 */
struct quoin_context;
QUOIN_API int quoin_context_new(struct quoin_context **ret_context);
QUOIN_API void quoin_context_free(struct quoin_context *context);
/* Forget all and bind to this view. */
QUOIN_API int quoin_context_start(struct quoin_context *context, const struct quoin_view *view);
QUOIN_API int quoin_context_set_string(struct quoin_context *context, int slot, const char *value, size_t bytes);
QUOIN_API int quoin_context_set_number(struct quoin_context *context, int slot, double value);
QUOIN_API int quoin_context_set_bool(struct quoin_context *context, int slot, bool value);
/*
 * All values at once, in place of the three above: values[i] is slot i's, {0} is missing. Nothing is copied: array and
 * strings are borrowed until the next start, and only what rules ask for is looked at. Call it right after start.
 */
struct quoin_slot_value {
	int kind;	/* an enum quoin_attribute_kind; no cell */
	uint32_t bytes; /* of a string */
	union {
		const char *string; /* NULL: missing */
		double number;
		bool boolean;
	} value;
};
QUOIN_API int quoin_context_set_values(struct quoin_context *context, const struct quoin_slot_value *values,
    size_t count);
/* The test's cell that the experimentation platform gave this user. */
QUOIN_API int quoin_context_set_cell(struct quoin_context *context, uint64_t test, uint32_t cell);
/* All cells of the user at once, in place of set_cell: arrays borrowed until the next start. */
QUOIN_API int quoin_context_set_cells(struct quoin_context *context, const uint64_t *tests, const uint32_t *cells,
    size_t count);
/* "version" and "caller" may be NULL. */
QUOIN_API int quoin_context_set_override(struct quoin_context *context, const char *model, const char *version,
    const char *caller);
/* In place of start and set: one strict JSON object (quoin-rules(5)). QUOIN_FAILED_SYNTAX: bad context.
 * *ret_objective (may be NULL) is the context's own objective, borrowed from it. */
QUOIN_API int quoin_context_set_json(struct quoin_context *context, const struct quoin_view *view, const char *json,
    size_t bytes, const char **ret_objective);
/* The object that set_json read, for another view: parsed once, decided by several releases. QUOIN_FAILED_USAGE: no object
 * was read. */
QUOIN_API int quoin_context_rebind(struct quoin_context *context, const struct quoin_view *view);
/* Look all values up now: worth it when more than one objective follows. */
QUOIN_API int quoin_context_prepare(struct quoin_context *context);

/* ---- Decisions ---- */
enum quoin_reason {
	QUOIN_REASON_DEFAULT = 0,
	QUOIN_REASON_AB_TEST = 1,
	QUOIN_REASON_CONTEXT = 2,
	QUOIN_REASON_SPLIT = 3,
	QUOIN_REASON_RAMP = 4,
	QUOIN_REASON_OVERRIDE = 6
};

struct quoin_named_model {
	const char *model;
	const char *version;
	const char *routing_key;
	uint32_t id;
};

#define QUOIN_DECISION_SHADOWS 4

/* Strings live as long as the view is held. */
struct quoin_decision {
	const char *objective;
	struct quoin_named_model selected;
	const char *config; /* canonical JSON object */
	const char *rule;
	uint64_t ab_test_id; /* when reason is QUOIN_REASON_AB_TEST */
	uint32_t cell;
	uint32_t rule_number; /* small and stable: for counters */
	uint32_t config_bytes;
	uint32_t reason;
	struct quoin_named_model fallback; /* the objective's default when another model was selected; else NULL */
	struct quoin_named_model shadows[QUOIN_DECISION_SHADOWS];
	uint32_t shadow_count;
	uint32_t objective_id;
	const struct quoin_snapshot *snapshot; /* NULL in an application's own default */
	int32_t code; /* 0, or why there is no decision: QUOIN_FAILED_NOT_FOUND, _SYNTAX, _MISSING, _REFUSED */
	uint32_t stale; /* 1: decided while stale */
	uint64_t reserved[8];
};

/* By handle; "context" was started (and perhaps prepared) on the same view. On failure the decision has the code and no
 * model. */
QUOIN_API int quoin_resolve(const struct quoin_view *view, int objective, struct quoin_context *context,
    struct quoin_decision *ret_decision);
/* Several objectives for one request: decisions[i] is what quoin_resolve gives for objectives[i]. The context is prepared
 * first, if it is not and there is more than one. Every decision is filled in; returns 0 or the first code that is not. */
QUOIN_API int quoin_resolve_batch(const struct quoin_view *view, const int *objectives, size_t count,
    struct quoin_context *context, struct quoin_decision *ret_decisions);
/* By the objective's name. */
QUOIN_API int quoin_resolve_name(const struct quoin_view *view, const char *objective, struct quoin_context *context,
    struct quoin_decision *ret_decision);
/* Everything by names and strings, without a context object. */
enum quoin_attribute_kind {
	QUOIN_ATTRIBUTE_STRING = 0,
	QUOIN_ATTRIBUTE_NUMBER = 1,
	QUOIN_ATTRIBUTE_BOOL = 2,
	QUOIN_ATTRIBUTE_CELL = 3 /* name: the test's number in decimal; number: the cell */
};
struct quoin_attribute {
	const char *name;
	const char *string;
	double number;
	int kind;
	bool boolean;
};
QUOIN_API int quoin_resolve_strings(const struct quoin_view *view, const char *objective,
    const struct quoin_attribute *attributes, size_t count, struct quoin_decision *ret_decision);
/* One JSON line in, its objective decided. */
QUOIN_API int quoin_resolve_json(const struct quoin_view *view, const char *json, size_t bytes,
    struct quoin_context *context, struct quoin_decision *ret_decision);

/*
 * ---- Counting which rules decide: for those who ask for it; nobody else pays ----
 *
 * A counter is one thread's: it alone adds, with plain stores, no lock and no allocation. Reading is for any thread, at any
 * time. What the counters of a store's readers say is also in the host's status (quoin_resolve(3)).
 */
struct quoin_counter;
/* "rows": how many objectives' rules and cells are told apart at most; 0: 4,096. What decides beyond them counts in the
 * total alone. QUOIN_FAILED_LIMIT (more than 65,536), QUOIN_FAILED_USAGE (no reader), QUOIN_FAILED_MEMORY. */
QUOIN_API int quoin_counter_new(struct quoin_reader *reader, size_t rows, struct quoin_counter **ret_counter);
/* Before the reader is closed. What was counted stays in the reader's sums. NULL is fine. */
QUOIN_API void quoin_counter_free(struct quoin_counter *counter);
/* Count a decision of this counter's reader, while its view is held. One with a code is not counted. */
QUOIN_API void quoin_counter_add(struct quoin_counter *counter, const struct quoin_decision *decision);

struct quoin_hit {
	const char *objective;
	const char *rule;
	uint64_t count;
	uint32_t cell; /* of an A/B test */
	bool has_cell;
};
typedef void quoin_hit_callback(void *ctx, const struct quoin_hit *hit);
/* The sums over all counters that the reader has and had, ascending by objective, rule and cell; strings live during the
 * call. *ret_total (may be NULL) is all that was counted. 0, QUOIN_FAILED_MEMORY. */
QUOIN_API int quoin_reader_hits(struct quoin_reader *reader, quoin_hit_callback *callback, void *ctx,
    uint64_t *ret_total);

/* A decision of the application's own, for when there is nothing else: code stays, the strings are borrowed. */
QUOIN_API void quoin_decision_set_default(struct quoin_decision *decision, const char *model, const char *version,
    const char *routing_key, const char *config);

struct quoin_shard_route {
	const char *shard;
	const char *vip;
	uint32_t weight; /* of 100000 */
	uint32_t shard_id;
};
/* The routes of the decision's model that have traffic, ascending by shard; *ret_count is how many there are, at most
 * "max" are filled. QUOIN_FAILED_MISSING without a routes part. */
QUOIN_API int quoin_decision_routes(const struct quoin_decision *decision, struct quoin_shard_route *routes, size_t max,
    size_t *ret_count);
/* The route that a number, spread over all of u32, falls on by weight. QUOIN_FAILED_NOT_FOUND: no traffic. */
QUOIN_API int quoin_route_pick(const struct quoin_decision *decision, uint32_t number,
    struct quoin_shard_route *ret_route);

/* The decision, or its error, as one JSON object without newline (quoin-rules(5)), like snprintf: the length it has, at
 * most "bytes" - 1 of it written, terminated. Negative on failure. */
QUOIN_API int64_t quoin_decision_json(const struct quoin_decision *decision, char *out, size_t bytes);

/*
 * ---- The whole subscriber in this process (quoin_subscriber(3)): libquoin-subscriber, which has all of the above ----
 *
 * For an application on a host without quoind: reads Kafka, verifies, stages, reports, and keeps the store that readers of
 * other processes attach to. A serving host's hooks are functions.
 */
struct quoin_subscriber;

/* Strings are borrowed for the call. */
struct quoin_subscriber_model {
	const char *model;
	const char *version;
	const char *uri;
	const char *digest;
};
/* 0: done. QUOIN_FAILED_AGAIN: not now, ask again. Anything else: failed. Then "reason" (empty, NUL-terminated, "reason_bytes"
 * long) may be filled in. Called from threads of the subscriber, several at once; it may take its time. */
typedef int quoin_model_hook(void *ctx, const struct quoin_subscriber_model *model, char *reason, size_t reason_bytes);
/* NULL: done as soon as it is asked for. */
struct quoin_subscriber_hooks {
	quoin_model_hook *load;
	quoin_model_hook *validate;
	quoin_model_hook *unload;
	quoin_model_hook *check;
	void *ctx;
	void *reserved[3];
};

/* Begin, with a quoin.conf(5) file; "hooks" (may be NULL) is copied and stands in place of the file's. One subscriber per
 * store, and no reader of the same store in this process beside the subscriber's own. */
QUOIN_API int quoin_subscriber_open(const char *configuration, const struct quoin_subscriber_hooks *hooks,
    struct quoin_subscriber **ret_subscriber, struct quoin_message *message);
/* The reader of its store: the subscriber's, until close. */
QUOIN_API struct quoin_reader *quoin_subscriber_reader(struct quoin_subscriber *subscriber);
/* Wait until there is something to serve and what could be learned at start was; "fresh": and a live gate was heard.
 * QUOIN_FAILED_TIMEOUT after "timeout_ms" (-1: for ever); or why the subscriber ended by itself. */
QUOIN_API int quoin_subscriber_wait(struct quoin_subscriber *subscriber, bool fresh, int64_t timeout_ms);
/* What /ready would say (quoind(8)): a serving host may take requests. */
QUOIN_API bool quoin_subscriber_is_ready(struct quoin_subscriber *subscriber);
/* Say that this host leaves, and end: waits for hooks that still run. No view of its reader may be held. Why it had ended by
 * itself, or 0. NULL is fine. */
QUOIN_API int quoin_subscriber_close(struct quoin_subscriber *subscriber);

#ifdef __cplusplus
}
#endif

#endif
