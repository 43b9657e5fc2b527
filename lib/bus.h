/*
 * The bus: Kafka behind our own words, through librdkafka. Every topic has exactly one partition.
 *
 * Readers assign themselves (no consumer groups), read committed records only, and never jump silently: an offset that
 * is gone is reported as an event. Writers are idempotent; a transactional writer fences its predecessors at init. Three
 * rules of librdkafka 2.0.2 are kept inside: watermarks are asked for as offsets of times (the call for watermarks
 * ignores its timeout), topic metadata is fetched before the first produce (or it takes a second), and the thread that
 * fetches is woken when a record is late (or that takes a second).
 *
 * No function here logs. Callbacks run inside the calls of the owner's thread; one thread per object.
 */
#ifndef QUOIN_LIB_BUS_H
#define QUOIN_LIB_BUS_H

#include "lib/bytes.h"
#include "lib/error.h"
#include "lib/limits.h"

#define QUOIN_BUS_HEADERS_MAX (QUOIN_SIGNATURES_MAX + 4)

/* librdkafka properties as the configuration gives them ("bootstrap.servers", …). Borrowed for the call. */
struct quoin_bus_property {
	const char *name;
	const char *value;
};
struct quoin_bus_conf {
	const struct quoin_bus_property *properties;
	size_t property_count;
	const char *client_id;
};

struct quoin_bus_header {
	const char *name;
	struct quoin_span value;
};

/* A record to write or that was read. A tombstone has an empty value and is_tombstone set. Reading: spans and names are
 * borrowed from the event. Records with more headers than fit are delivered with "headers_cut" set. */
struct quoin_bus_record {
	const char *topic;
	struct quoin_span key;
	struct quoin_span value;
	bool is_tombstone;
	bool headers_cut;
	struct quoin_bus_header headers[QUOIN_BUS_HEADERS_MAX];
	size_t header_count;
	int64_t offset;	      /* reading only */
	int64_t timestamp_ms; /* reading only */
};

/* What a person may do about a fault or failure of this code; static. */
const char *quoin_bus_advice(int code);

/* ---- Reading ---- */

struct quoin_bus_reader;

enum quoin_bus_event_kind {
	QUOIN_BUS_RECORD, /* "record" */
	QUOIN_BUS_END,	  /* everything committed so far was delivered; "offset" is the end (last stable offset) */
	QUOIN_BUS_LOST,	  /* the wanted offset is not in the log; the topic is no longer assigned: look at its range */
	QUOIN_BUS_FAULT,  /* something is wrong and is retried by itself; "code" and "text" say what */
};

struct quoin_bus_event {
	enum quoin_bus_event_kind kind;
	const char *topic; /* borrowed from the reader; NULL for a fault of the connection */
	int64_t offset;
	int code;	/* a QUOIN_E… of a fault: EUNREACHABLE, ECONFIG (authentication, TLS), ENOENT (no such topic), … */
	char text[256]; /* of a fault, in librdkafka's words: quoin_bus_advice has others */
	struct quoin_bus_record record;
	void *owned; /* what the borrowed parts live in */
};

int quoin_bus_reader_open(const struct quoin_bus_conf *conf, struct quoin_bus_reader **ret, struct quoin_error *err);
/* A reader for reading a log to its end once, as commands do. The end is told within milliseconds, where one that stays
 * hears of it after fetch.wait.max.ms (half a second); while it is open it keeps the broker busy. */
int quoin_bus_reader_open_brief(const struct quoin_bus_conf *conf, struct quoin_bus_reader **ret,
    struct quoin_error *err);
/* Events still held must be cleared first. Accepts NULL. */
void quoin_bus_reader_close(struct quoin_bus_reader *reader);

/* Read "topic" from "offset" on (0 and below: the start of the log, found without the half second of a logical
 * offset). Assigning again moves. At most 8 topics. */
int quoin_bus_reader_assign(struct quoin_bus_reader *reader, const char *topic, int64_t offset, struct quoin_error *err);
int quoin_bus_reader_unassign(struct quoin_bus_reader *reader, const char *topic, struct quoin_error *err);

/* The next event, waiting at most timeout_ms (0: none); while the start of a log is looked for that moves, up to three
 * seconds. Returns 1 and an event to be cleared, 0, or a negative code. */
int quoin_bus_reader_next(struct quoin_bus_reader *reader, int timeout_ms, struct quoin_bus_event *ret);
void quoin_bus_event_clear(struct quoin_bus_event *event);
/* A descriptor that polls readable while events may be waiting. The reader's; valid until close. */
int quoin_bus_reader_fd(struct quoin_bus_reader *reader);

/* First offset and end (last stable offset: what a read-committed reader can reach) of a topic, asked from the broker
 * now. Returns 0, QUOIN_ETIMEOUT, QUOIN_ENOENT, QUOIN_EUNREACHABLE: of two seconds in which every broker refused
 * connections, however much longer the time-out is. */
int quoin_bus_reader_range(struct quoin_bus_reader *reader, const char *topic, int timeout_ms, int64_t *ret_first,
    int64_t *ret_end, struct quoin_error *err);
/* The end alone: one question instead of three, once this reader has been asked before. */
int quoin_bus_reader_end(struct quoin_bus_reader *reader, const char *topic, int timeout_ms, int64_t *ret_end,
    struct quoin_error *err);
/* The first offset with a record at or after "wall_ms"; the end if there is none or the broker does not know. */
int quoin_bus_reader_offset_at(struct quoin_bus_reader *reader, const char *topic, int64_t wall_ms, int timeout_ms,
    int64_t *ret_offset, struct quoin_error *err);

/*
 * Read a topic from "offset" to its end as it is now, a record at a time, and stop reading it. The callback borrows the
 * record; a non-zero return ends the reading and is returned. Events of other topics assigned to this reader are lost, so
 * it is for readers that do nothing else. The time-out is for the next record: a long log may take longer, eight times at
 * most. Returns 0, QUOIN_ETIMEOUT, QUOIN_ENOENT, QUOIN_EUNREACHABLE.
 */
typedef int quoin_bus_take(void *ctx, const struct quoin_bus_record *record, struct quoin_error *err);
int quoin_bus_reader_drain(struct quoin_bus_reader *reader, const char *topic, int64_t offset, int timeout_ms,
    quoin_bus_take *take, void *ctx, struct quoin_error *err);

/* Whether the broker answers and knows the topic: 0, QUOIN_ENOENT, QUOIN_EPERM (not authorised), QUOIN_ETIMEOUT,
 * QUOIN_EUNREACHABLE. The watchdog's question; several faults raise no event at all. */
int quoin_bus_reader_probe(struct quoin_bus_reader *reader, const char *topic, int timeout_ms, struct quoin_error *err);

/*
 * Random access: one record by its key. Tries the hint (offset), then the place given by time, then one scan of the
 * whole topic that remembers where every key was seen, so that it is made once; scanning is limited to scan_bytes_per_s
 * (0: no limit). A record is the last one with that key and not a tombstone.
 * quoin_bus_lookup_get returns 0 and a RECORD event to be cleared, QUOIN_EMISSING (scanned, not there), QUOIN_ETIMEOUT,
 * QUOIN_EUNREACHABLE.
 */
struct quoin_bus_lookup;
int quoin_bus_lookup_open(const struct quoin_bus_conf *conf, const char *topic, uint64_t scan_bytes_per_s,
    struct quoin_bus_lookup **ret, struct quoin_error *err);
void quoin_bus_lookup_close(struct quoin_bus_lookup *lookup);
int quoin_bus_lookup_get(struct quoin_bus_lookup *lookup, struct quoin_span key, int64_t hint_offset,
    int64_t hint_wall_ms, int timeout_ms, struct quoin_bus_event *ret, struct quoin_error *err);
/* How often the hint was right, the time led there, and a scan was needed: for tests and metrics. */
void quoin_bus_lookup_counts(const struct quoin_bus_lookup *lookup, uint64_t *ret_hints, uint64_t *ret_times,
    uint64_t *ret_scans);
/* How often the reader for what lies in a row was moved to another place: each may cost the half second of a fetch. */
uint64_t quoin_bus_lookup_moves(const struct quoin_bus_lookup *lookup);

/* ---- Writing ---- */

struct quoin_bus_writer;

/* Filled when the broker has acknowledged (or refused) a record. Must stay in place until "is_done" or close. */
struct quoin_bus_receipt {
	bool is_done;
	int code; /* 0 or why it was not written */
	int64_t offset;
	int64_t timestamp_ms;
};

/* transactional_id NULL: a plain idempotent writer. */
int quoin_bus_writer_open(const struct quoin_bus_conf *conf, const char *transactional_id,
    struct quoin_bus_writer **ret, struct quoin_error *err);
void quoin_bus_writer_close(struct quoin_bus_writer *writer);

/* Queue a record (copied). Returns 0, QUOIN_EAGAIN (queue full: poll and put again), QUOIN_ELIMIT, QUOIN_EFENCED. */
int quoin_bus_writer_put(struct quoin_bus_writer *writer, const struct quoin_bus_record *record,
    struct quoin_bus_receipt *receipt, struct quoin_error *err);
/* Serve delivery reports without waiting. */
void quoin_bus_writer_poll(struct quoin_bus_writer *writer);
/* Every broker refuses the connection: nobody is there, and what was put will not be acknowledged before that changes. Serves
 * delivery reports. */
bool quoin_bus_writer_is_alone(struct quoin_bus_writer *writer);
/* Wait until every record put so far is acknowledged. Returns 0, QUOIN_ETIMEOUT, or the first refusal. */
int quoin_bus_writer_flush(struct quoin_bus_writer *writer, int timeout_ms, struct quoin_error *err);

/*
 * Transactions. The order that makes a compare-and-swap: init, read the topic to its end, decide, begin, put, commit.
 * init fences every earlier writer with this id and aborts what it left open. Returns 0, QUOIN_ETIMEOUT (call again),
 * QUOIN_EUNREACHABLE, QUOIN_EPERM.
 * commit returns 0; QUOIN_EFENCED (another writer's init came later: nothing was written, this object is dead);
 * QUOIN_ECONFLICT (aborted by the broker: nothing was written, may begin again); QUOIN_EUNKNOWN (ask the log; this
 * object is dead).
 */
int quoin_bus_writer_init(struct quoin_bus_writer *writer, int timeout_ms, struct quoin_error *err);
int quoin_bus_writer_begin(struct quoin_bus_writer *writer, struct quoin_error *err);
int quoin_bus_writer_commit(struct quoin_bus_writer *writer, int timeout_ms, struct quoin_error *err);
int quoin_bus_writer_abort(struct quoin_bus_writer *writer, int timeout_ms, struct quoin_error *err);
/* A transaction of one record; it is aborted if the record cannot be put. What begin, put or commit return. "receipt", which
 * may be NULL, must stay in place while the writer is open. */
int quoin_bus_writer_put_alone(struct quoin_bus_writer *writer, const struct quoin_bus_record *record,
    struct quoin_bus_receipt *receipt, int timeout_ms, struct quoin_error *err);
/* Whether another writer's init came later. After a commit of unknown outcome it says that the transaction is over all the
 * same: reading the log decides, no new fence is needed. */
bool quoin_bus_writer_is_taken_over(const struct quoin_bus_writer *writer);

/* ---- Topics ---- */

struct quoin_bus_topic_setting {
	const char *name;
	const char *value;
};
struct quoin_bus_topic_spec {
	const char *topic;
	int replicas; /* -1: the broker's default */
	const struct quoin_bus_topic_setting *settings;
	size_t setting_count;
};

/* Create with one partition. Returns 0, QUOIN_EEXISTS, QUOIN_EPERM, QUOIN_ECONFIG (a setting is refused), QUOIN_ETIMEOUT,
 * QUOIN_EUNREACHABLE; returns after every broker knows the topic. */
int quoin_bus_topic_create(const struct quoin_bus_conf *conf, const struct quoin_bus_topic_spec *spec, int timeout_ms,
    struct quoin_error *err);
/* Compare an existing topic with the spec: one partition, the named settings equal. Returns 0, QUOIN_ENOENT,
 * QUOIN_ECONFLICT (err names the first difference: setting, value, wanted value), QUOIN_ETIMEOUT. On the embedded broker
 * only the number of partitions can be checked. */
int quoin_bus_topic_check(const struct quoin_bus_conf *conf, const struct quoin_bus_topic_spec *spec, int timeout_ms,
    struct quoin_error *err);

/* Whether this is the embedded broker (no transactions, aborts, compaction: see quoin-dev in quoin(1)). */
int quoin_bus_is_embedded(const struct quoin_bus_conf *conf, int timeout_ms, bool *ret, struct quoin_error *err);

/* ---- The embedded broker: librdkafka's mock cluster, in this process ---- */

struct quoin_bus_mock;
/* Listens on 127.0.0.1 with one broker; the topics are made with one partition. *ret_bootstrap "127.0.0.1:port" is the
 * object's. Serving it needs nothing from the caller. */
int quoin_bus_mock_open(const char *const *topics, size_t topic_count, struct quoin_bus_mock **ret,
    const char **ret_bootstrap, struct quoin_error *err);
void quoin_bus_mock_close(struct quoin_bus_mock *mock);
/* Pretend to be down, and come back: for tests of outages. */
void quoin_bus_mock_down(struct quoin_bus_mock *mock);
void quoin_bus_mock_up(struct quoin_bus_mock *mock);

#endif
