/*
 * Writing: an idempotent producer, transactional or not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/bus_rdkafka.h"
#include "lib/clock.h"

#define WARM_TOPICS_MAX	   8
#define WARM_MOMENT_MS	   100
#define WARM_TIMEOUT_MS	   1000
#define PURGE_TIMEOUT_MS   1000
#define TXN_ATTEMPT_MS_MAX 5000

enum state {
	IDLE, /* plain, or initialised and between transactions */
	NEW,  /* transactional, before init */
	IN_TXN,
	FENCED,	 /* dead */
	UNKNOWN, /* dead */
};

struct quoin_bus_writer {
	struct quoin_bus_client client;
	enum state state;
	/* Of the records since the last flush or begin. */
	int refusal;
	char refusal_text[256];
	bool is_taken_over;	 /* by another writer, whatever became of the transaction */
	uint64_t outages_before; /* of the client, when the transaction began */
	char warm[WARM_TOPICS_MAX][QUOIN_BUS_TOPIC_BYTES];
	unsigned warm_count;
};

/* ---- Delivery reports ---- */

/* Why a record was not written; what may have been written is not called refused. */
static int
report_code(rd_kafka_t *rk, const rd_kafka_message_t *message)
{
	int code = quoin_bus_code(message->err);
	char text[8];

	if (code == QUOIN_ECONFLICT && quoin_bus_code(rd_kafka_fatal_error(rk, text, sizeof text)) == QUOIN_EFENCED)
		return QUOIN_EFENCED;
	if ((code == QUOIN_ETIMEOUT || code == QUOIN_EUNREACHABLE || code == QUOIN_ECONFLICT ||
		code == QUOIN_ESYSTEM) &&
	    rd_kafka_message_status(message) == RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED)
		return QUOIN_EUNKNOWN;
	return code;
}

static void
take_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *ctx)
{
	struct quoin_bus_client *client = ctx;
	/* The client is the first member. */
	struct quoin_bus_writer *writer = (struct quoin_bus_writer *)(void *)client;
	struct quoin_bus_receipt *receipt = message->_private;
	rd_kafka_timestamp_type_t type;
	int code = report_code(rk, message);

	if (code == 0)
		client->is_refused = client->is_down = false;
	if (code != 0 && writer->refusal == 0) {
		writer->refusal = code;
		(void)snprintf(writer->refusal_text, sizeof writer->refusal_text, "%s: %s (%s)",
		    message->rkt != NULL ? rd_kafka_topic_name(message->rkt) : "?", quoin_bus_advice(code),
		    rd_kafka_err2str(message->err));
	}
	if (receipt == NULL)
		return;
	receipt->code = code;
	receipt->offset = code == 0 ? message->offset : -1;
	receipt->timestamp_ms = code == 0 ? rd_kafka_message_timestamp(message, &type) : -1;
	receipt->is_done = true;
}

_Static_assert(offsetof(struct quoin_bus_writer, client) == 0, "a report finds its writer by the client");

/* ---- Open and close ---- */

int
quoin_bus_writer_open(const struct quoin_bus_conf *conf, const char *transactional_id, struct quoin_bus_writer **ret,
    struct quoin_error *err)
{
	struct quoin_bus_writer *writer;
	int r;

	writer = calloc(1, sizeof *writer);
	if (writer == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	writer->state = transactional_id != NULL ? NEW : IDLE;
	r = quoin_bus_client_open(&writer->client, conf,
	    transactional_id != NULL ? QUOIN_BUS_WRITE_TXN : QUOIN_BUS_WRITE, transactional_id, take_report, err);
	if (r != 0) {
		free(writer);
		return r;
	}
	*ret = writer;
	return 0;
}

void
quoin_bus_writer_close(struct quoin_bus_writer *writer)
{
	if (writer == NULL)
		return;
	/* The receipts of what is still queued must be filled while they are in place. */
	(void)rd_kafka_purge(writer->client.rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	(void)rd_kafka_flush(writer->client.rk, PURGE_TIMEOUT_MS);
	quoin_bus_client_close(&writer->client);
	free(writer);
}

/* ---- Records ---- */

/* A dead writer stays dead. Returns 0 or the code. */
static int
check_alive(struct quoin_bus_writer *writer, struct quoin_error *err)
{
	char reason[256] = "";
	rd_kafka_resp_err_t fatal;

	if (writer->state != FENCED && writer->state != UNKNOWN) {
		fatal = rd_kafka_fatal_error(writer->client.rk, reason, sizeof reason);
		if (fatal == RD_KAFKA_RESP_ERR_NO_ERROR)
			return 0;
		writer->state = quoin_bus_code(fatal) == QUOIN_EFENCED ? FENCED : UNKNOWN;
	}
	if (writer->state == FENCED)
		return quoin_error_set(err, QUOIN_EFENCED, "another writer took over; this one is dead");
	return quoin_error_set(err, QUOIN_EUNKNOWN, "this writer is dead%s%s; open another and look at the log",
	    reason[0] != '\0' ? ": " : "", reason);
}

/*
 * Without metadata the first record of a topic waits for a second in librdkafka. If the broker does not answer, the
 * record is queued nevertheless.
 */
static int
warm_topic(struct quoin_bus_writer *writer, const char *topic, struct quoin_error *err)
{
	int partitions, r;

	for (unsigned i = 0; i < writer->warm_count; i++)
		if (strcmp(writer->warm[i], topic) == 0)
			return 0;
	if (strlen(topic) >= QUOIN_BUS_TOPIC_BYTES)
		return quoin_error_set(err, QUOIN_ELIMIT, "the topic's name is too long");
	/* A broker that refuses connections is known after a moment; only another one is waited for. */
	r = quoin_bus_client_topic(&writer->client, topic, WARM_MOMENT_MS, &partitions, err);
	if (r == QUOIN_ETIMEOUT)
		r = quoin_bus_client_topic(&writer->client, topic, WARM_TIMEOUT_MS, &partitions, err);
	if (r == QUOIN_ENOENT || r == QUOIN_EPERM)
		return r;
	if (writer->warm_count < WARM_TOPICS_MAX)
		memcpy(writer->warm[writer->warm_count++], topic, strlen(topic) + 1);
	return 0;
}

static int
copy_headers(const struct quoin_bus_record *record, rd_kafka_headers_t **ret)
{
	rd_kafka_headers_t *headers;
	const struct quoin_bus_header *header;

	if (record->header_count == 0) {
		*ret = NULL;
		return 0;
	}
	headers = rd_kafka_headers_new(record->header_count);
	if (headers == NULL)
		return QUOIN_ENOMEM;
	for (size_t i = 0; i < record->header_count; i++) {
		header = &record->headers[i];
		if (rd_kafka_header_add(headers, header->name, -1, header->value.data, (ssize_t)header->value.len) !=
		    RD_KAFKA_RESP_ERR_NO_ERROR) {
			rd_kafka_headers_destroy(headers);
			return QUOIN_ENOMEM;
		}
	}
	*ret = headers;
	return 0;
}

static void *
unconst(const void *data)
{
	union {
		const void *borrowed;
		void *given;
	} pointer = {.borrowed = data};

	return pointer.given;
}

/* Hand a copy to librdkafka. */
static rd_kafka_resp_err_t
produce(struct quoin_bus_writer *writer, const struct quoin_bus_record *record, struct quoin_bus_receipt *receipt,
    rd_kafka_headers_t *headers)
{
	/* An empty value is not the same as none. */
	const void *value = record->is_tombstone ? NULL : record->value.len > 0 ? record->value.data : (const void *)"";
	size_t value_bytes = record->is_tombstone ? 0 : record->value.len;
	rd_kafka_t *rk = writer->client.rk;

	if (headers == NULL)
		return rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(record->topic), RD_KAFKA_V_PARTITION(0),
		    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(record->key.data, record->key.len),
		    RD_KAFKA_V_VALUE(unconst(value), value_bytes), RD_KAFKA_V_OPAQUE(receipt), RD_KAFKA_V_END);
	return rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(record->topic), RD_KAFKA_V_PARTITION(0),
	    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(record->key.data, record->key.len),
	    RD_KAFKA_V_VALUE(unconst(value), value_bytes), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(receipt),
	    RD_KAFKA_V_END);
}

int
quoin_bus_writer_put(struct quoin_bus_writer *writer, const struct quoin_bus_record *record,
    struct quoin_bus_receipt *receipt, struct quoin_error *err)
{
	rd_kafka_headers_t *headers;
	rd_kafka_resp_err_t code;
	int r;

	QUOIN_ASSERT(record->header_count <= QUOIN_BUS_HEADERS_MAX);
	r = check_alive(writer, err);
	if (r != 0)
		return r;
	QUOIN_ASSERT(writer->state != NEW);
	if (record->key.len > QUOIN_BUS_KEY_BYTES_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "a key of %zu bytes is over the limit of %d", record->key.len,
		    QUOIN_BUS_KEY_BYTES_MAX);
	r = warm_topic(writer, record->topic, err);
	if (r != 0)
		return r;
	r = copy_headers(record, &headers);
	if (r != 0)
		return quoin_error_set(err, r, "out of memory");
	if (receipt != NULL)
		*receipt = (struct quoin_bus_receipt){.offset = -1, .timestamp_ms = -1};
	code = produce(writer, record, receipt, headers);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	if (headers != NULL)
		rd_kafka_headers_destroy(headers);
	if (code == RD_KAFKA_RESP_ERR__FATAL)
		return check_alive(writer, err);
	if (code == RD_KAFKA_RESP_ERR__STATE)
		return quoin_error_set(err, QUOIN_ECONFLICT, "the transaction has failed; abort it%s%s",
		    writer->refusal != 0 ? ": " : "", writer->refusal != 0 ? writer->refusal_text : "");
	return quoin_bus_fail(&writer->client, code, NULL, err, "write to the topic %s", record->topic);
}

void
quoin_bus_writer_poll(struct quoin_bus_writer *writer)
{
	(void)rd_kafka_poll(writer->client.rk, 0);
}

bool
quoin_bus_writer_is_alone(struct quoin_bus_writer *writer)
{
	quoin_bus_writer_poll(writer);
	return quoin_bus_client_is_alone(&writer->client);
}

int
quoin_bus_writer_flush(struct quoin_bus_writer *writer, int timeout_ms, struct quoin_error *err)
{
	rd_kafka_resp_err_t code;
	int r;

	code = rd_kafka_flush(writer->client.rk, timeout_ms);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
		(void)quoin_bus_fail(&writer->client, code, NULL, err, "finish writing");
		if (writer->client.last.code == 0)
			return quoin_error_set(err, QUOIN_ETIMEOUT, "%d records are not acknowledged in time",
			    rd_kafka_outq_len(writer->client.rk));
		return quoin_error_set(err, QUOIN_ETIMEOUT, "%d records are not acknowledged: %s (%.250s)",
		    rd_kafka_outq_len(writer->client.rk), quoin_bus_advice(writer->client.last.code),
		    writer->client.last.text);
	}
	r = writer->refusal;
	writer->refusal = 0;
	return r != 0 ? quoin_error_set(err, r, "a record was not written to %s", writer->refusal_text) : 0;
}

/* ---- Transactions ---- */

/* What librdkafka says of a failed call; takes "error". */
static int
fail_txn(struct quoin_bus_writer *writer, rd_kafka_error_t *error, const char *what, struct quoin_error *err)
{
	int r;

	r = quoin_bus_fail(&writer->client, rd_kafka_error_code(error), rd_kafka_error_string(error), err, "%s", what);
	rd_kafka_error_destroy(error);
	return r;
}

/* At most one attempt's time of what is left, so that faults are heard between attempts. */
static int
attempt_ms(int64_t deadline_ms)
{
	int left_ms = quoin_bus_left_ms(deadline_ms);

	return left_ms < TXN_ATTEMPT_MS_MAX ? left_ms : TXN_ATTEMPT_MS_MAX;
}

int
quoin_bus_writer_init(struct quoin_bus_writer *writer, int timeout_ms, struct quoin_error *err)
{
	int64_t deadline_ms = quoin_clock_mono_ms() + timeout_ms;
	rd_kafka_error_t *error;
	int r;

	r = check_alive(writer, err);
	if (r != 0)
		return r;
	QUOIN_ASSERT(writer->state == NEW);
	for (;;) {
		error = rd_kafka_init_transactions(writer->client.rk, attempt_ms(deadline_ms));
		quoin_bus_writer_poll(writer);
		if (error == NULL)
			break;
		if (!rd_kafka_error_is_retriable(error) || quoin_bus_left_ms(deadline_ms) == 0)
			return fail_txn(writer, error, "take over as the writer", err);
		rd_kafka_error_destroy(error);
	}
	writer->state = IDLE;
	return 0;
}

int
quoin_bus_writer_begin(struct quoin_bus_writer *writer, struct quoin_error *err)
{
	rd_kafka_error_t *error;
	int r;

	r = check_alive(writer, err);
	if (r != 0)
		return r;
	QUOIN_ASSERT(writer->state == IDLE);
	quoin_bus_writer_poll(writer);
	error = rd_kafka_begin_transaction(writer->client.rk);
	if (error != NULL)
		return fail_txn(writer, error, "begin a transaction", err);
	writer->refusal = 0;
	writer->outages_before = writer->client.outage_count;
	writer->state = IN_TXN;
	return 0;
}

/* Abort until it is done or time is over. Returns 0, QUOIN_EFENCED or QUOIN_EUNKNOWN (both: dead), QUOIN_ETIMEOUT. */
static int
abort_until(struct quoin_bus_writer *writer, int64_t deadline_ms, struct quoin_error *err)
{
	rd_kafka_error_t *error;
	bool is_fatal;
	int r;

	for (;;) {
		error = rd_kafka_abort_transaction(writer->client.rk, attempt_ms(deadline_ms));
		quoin_bus_writer_poll(writer);
		if (error == NULL)
			break;
		is_fatal = rd_kafka_error_is_fatal(error) != 0;
		if (is_fatal || !rd_kafka_error_is_retriable(error) || quoin_bus_left_ms(deadline_ms) == 0) {
			r = fail_txn(writer, error, "abort the transaction", err);
			return is_fatal ? check_alive(writer, err) : r;
		}
		rd_kafka_error_destroy(error);
	}
	writer->state = IDLE;
	return 0;
}

/*
 * Fenced while committing. If a record was refused, the commit was never asked for. Otherwise the broker refused it,
 * unless an earlier request got through whose answer was lost: then the same request, sent again, is the one refused.
 */
static int
fenced_commit(struct quoin_bus_writer *writer, bool was_retried, struct quoin_error *err)
{
	bool is_certain;

	writer->is_taken_over = true;
	is_certain = writer->refusal != 0 || (!was_retried && writer->client.outage_count == writer->outages_before);
	writer->state = is_certain ? FENCED : UNKNOWN;
	if (is_certain)
		return quoin_error_set(err, QUOIN_EFENCED, "another writer took over; nothing was written");
	return quoin_error_set(err, QUOIN_EUNKNOWN,
	    "another writer took over, perhaps after this transaction was written; look at the log");
}

/* A commit failed for good; takes "error". */
static int
fail_commit(struct quoin_bus_writer *writer, rd_kafka_error_t *error, int64_t deadline_ms, bool was_retried,
    struct quoin_error *err)
{
	char fatal_text[256], reason[400];
	bool must_abort = rd_kafka_error_txn_requires_abort(error) != 0;

	if (quoin_bus_code(rd_kafka_error_code(error)) == QUOIN_EFENCED ||
	    quoin_bus_code(rd_kafka_fatal_error(writer->client.rk, fatal_text, sizeof fatal_text)) == QUOIN_EFENCED) {
		rd_kafka_error_destroy(error);
		return fenced_commit(writer, was_retried, err);
	}
	(void)snprintf(reason, sizeof reason, "%s (%.140s)",
	    writer->refusal != 0 ? writer->refusal_text : quoin_bus_advice(quoin_bus_code(rd_kafka_error_code(error))),
	    rd_kafka_error_string(error));
	rd_kafka_error_destroy(error);
	if (must_abort && abort_until(writer, deadline_ms, NULL) == 0)
		return quoin_error_set(err, QUOIN_ECONFLICT, "the transaction was aborted, nothing was written: %s",
		    reason);
	writer->state = UNKNOWN;
	return quoin_error_set(err, QUOIN_EUNKNOWN,
	    "whether the transaction was written is unknown, look at the log: %s", reason);
}

int
quoin_bus_writer_commit(struct quoin_bus_writer *writer, int timeout_ms, struct quoin_error *err)
{
	int64_t deadline_ms = quoin_clock_mono_ms() + timeout_ms;
	rd_kafka_error_t *error;
	bool was_retried = false;

	QUOIN_ASSERT(writer->state != NEW);
	if (writer->state == FENCED || writer->state == UNKNOWN)
		return check_alive(writer, err);
	QUOIN_ASSERT(writer->state == IN_TXN);
	for (;;) {
		error = rd_kafka_commit_transaction(writer->client.rk, attempt_ms(deadline_ms));
		quoin_bus_writer_poll(writer);
		if (error == NULL)
			break;
		/* Only the same call may follow one that ran out of time. */
		if (!rd_kafka_error_is_retriable(error) || quoin_bus_left_ms(deadline_ms) == 0)
			return fail_commit(writer, error, deadline_ms, was_retried, err);
		was_retried = true;
		rd_kafka_error_destroy(error);
	}
	writer->state = IDLE;
	return 0;
}

bool
quoin_bus_writer_is_taken_over(const struct quoin_bus_writer *writer)
{
	return writer->is_taken_over || writer->state == FENCED;
}

int
quoin_bus_writer_abort(struct quoin_bus_writer *writer, int timeout_ms, struct quoin_error *err)
{
	int r;

	r = check_alive(writer, err);
	if (r != 0)
		return r;
	if (writer->state != IN_TXN)
		return 0;
	return abort_until(writer, quoin_clock_mono_ms() + timeout_ms, err);
}

int
quoin_bus_writer_put_alone(struct quoin_bus_writer *writer, const struct quoin_bus_record *record,
    struct quoin_bus_receipt *receipt, int timeout_ms, struct quoin_error *err)
{
	const int64_t deadline_ms = quoin_clock_mono_ms() + timeout_ms;
	int r = quoin_bus_writer_begin(writer, err);

	if (r != 0)
		return r;
	r = quoin_bus_writer_put(writer, record, receipt, err);
	if (r == 0)
		return quoin_bus_writer_commit(writer, quoin_bus_left_ms(deadline_ms), err);
	(void)quoin_bus_writer_abort(writer, quoin_bus_left_ms(deadline_ms), NULL);
	return r;
}
