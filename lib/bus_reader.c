/*
 * Reading: librdkafka's consumer of single partitions, without a group (which would need an access right of its own).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lib/assert.h"
#include "lib/bus_rdkafka.h"
#include "lib/clock.h"
#include "lib/text.h"

#define TOPICS_MAX     8
/*
 * A deposed leader that wakes up says that our offset does not exist. So an offset counts as lost when the log denied
 * it this often, the given time apart: by then the cluster knows its leader.
 */
#define DENIALS_MAX    3
#define DENIAL_WAIT_MS 1000
#define BEGINNINGS_MAX 100 /* askings for a beginning that moves, before they get rare */
#define BACKOFF_MS_MAX 1000

/*
 * librdkafka 2.0.2 does not wake the thread that fetches when reading starts or when its full queue was emptied: the
 * thread notices within a second. Any request wakes it, so one is sent when a record is late: the first of a topic, or
 * the next one after so many bytes that the queue may have been full.
 */
#define NUDGE_FIRST_MS 10 /* doubled each time */
#define NUDGES_MAX     6
#define BURST_BYTES    (4u << 20)

struct topic {
	rd_kafka_topic_t *rkt; /* NULL: a free place */
	bool is_reading;
	bool from_start;
	unsigned denials;
	unsigned skips;
	struct quoin_bus_aim aim;
	int64_t again_at_ms; /* when to ask once more; 0: not waiting */
	int64_t next_offset; /* of the record expected next */
	int64_t nudge_at_ms; /* when the fetching thread is to be woken; 0: not waiting */
	unsigned nudges;
	size_t burst_bytes; /* read without having waited */
	char name[QUOIN_BUS_TOPIC_BYTES];
};

struct quoin_bus_reader {
	struct quoin_bus_client client;
	struct quoin_bus_client asker; /* for questions; opened by the first */
	rd_kafka_queue_t *queue;
	struct topic topics[TOPICS_MAX];
	int backoff_ms; /* librdkafka's, after a denial */
	/* The descriptor given away polls two others: librdkafka writes to the first, the second tells that time has
	 * come to ask again or to nudge. */
	int poll_fd;
	int wake_fd;
	int timer_fd;
};

/* ---- Open and close ---- */

static int
backoff_of(const struct quoin_bus_client *client)
{
	char text[32] = "";
	size_t bytes = sizeof text;
	uint64_t ms = 0;

	(void)rd_kafka_conf_get(rd_kafka_conf(client->rk), "fetch.error.backoff.ms", text, &bytes);
	text[sizeof text - 1] = '\0';
	(void)quoin_u64_parse(quoin_span_str(text), &ms);
	return ms < BACKOFF_MS_MAX ? (int)ms : BACKOFF_MS_MAX;
}

int
quoin_bus_reader_open_for(const struct quoin_bus_conf *conf, enum quoin_bus_purpose purpose,
    struct quoin_bus_reader **ret, struct quoin_error *err)
{
	struct quoin_bus_reader *reader;
	rd_kafka_queue_t *main_queue;
	int r;

	reader = calloc(1, sizeof *reader);
	if (reader == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	reader->poll_fd = reader->wake_fd = reader->timer_fd = -1;
	r = quoin_bus_client_open(&reader->client, conf, purpose, NULL, NULL, err);
	if (r != 0) {
		quoin_bus_reader_close(reader);
		return r;
	}
	reader->backoff_ms = backoff_of(&reader->client);
	reader->queue = rd_kafka_queue_new(reader->client.rk);
	/* Faults come the same way as records, so that there is one thing to wait for. */
	main_queue = rd_kafka_queue_get_main(reader->client.rk);
	rd_kafka_queue_forward(main_queue, reader->queue);
	rd_kafka_queue_destroy(main_queue);
	*ret = reader;
	return 0;
}

int
quoin_bus_reader_open(const struct quoin_bus_conf *conf, struct quoin_bus_reader **ret, struct quoin_error *err)
{
	return quoin_bus_reader_open_for(conf, QUOIN_BUS_TAIL, ret, err);
}

int
quoin_bus_reader_open_brief(const struct quoin_bus_conf *conf, struct quoin_bus_reader **ret, struct quoin_error *err)
{
	return quoin_bus_reader_open_for(conf, QUOIN_BUS_BRIEF, ret, err);
}

static void
stop(struct topic *topic)
{
	if (topic->is_reading)
		(void)rd_kafka_consume_stop(topic->rkt, 0);
	topic->is_reading = false;
	topic->again_at_ms = topic->nudge_at_ms = 0;
}

static void
forget(struct topic *topic)
{
	stop(topic);
	if (topic->rkt != NULL)
		rd_kafka_topic_destroy(topic->rkt);
	topic->rkt = NULL;
}

void
quoin_bus_reader_close(struct quoin_bus_reader *reader)
{
	rd_kafka_queue_t *main_queue;

	if (reader == NULL)
		return;
	for (size_t i = 0; i < TOPICS_MAX; i++)
		forget(&reader->topics[i]);
	if (reader->queue != NULL) {
		main_queue = rd_kafka_queue_get_main(reader->client.rk);
		rd_kafka_queue_forward(main_queue, NULL);
		rd_kafka_queue_destroy(main_queue);
		rd_kafka_queue_io_event_enable(reader->queue, -1, NULL, 0);
		rd_kafka_queue_destroy(reader->queue);
	}
	quoin_bus_client_close(&reader->asker);
	quoin_bus_client_close(&reader->client);
	if (reader->poll_fd != -1)
		(void)close(reader->poll_fd);
	if (reader->wake_fd != -1)
		(void)close(reader->wake_fd);
	if (reader->timer_fd != -1)
		(void)close(reader->timer_fd);
	free(reader);
}

/* ---- Assignment ---- */

static struct topic *
find(struct quoin_bus_reader *reader, const char *name)
{
	for (size_t i = 0; i < TOPICS_MAX; i++)
		if (reader->topics[i].rkt != NULL && strcmp(reader->topics[i].name, name) == 0)
			return &reader->topics[i];
	return NULL;
}

unsigned
quoin_bus_reader_skips(struct quoin_bus_reader *reader, const char *name)
{
	const struct topic *topic = find(reader, name);

	return topic != NULL ? topic->skips : 0;
}

static void
plan_nudge(struct topic *topic)
{
	topic->nudge_at_ms = quoin_clock_mono_ms() + NUDGE_FIRST_MS;
	topic->nudges = 0;
	topic->burst_bytes = 0;
}

/* Without waiting for the answer. */
static void
nudge(struct quoin_bus_reader *reader, struct topic *topic)
{
	const struct rd_kafka_metadata *metadata = NULL;

	(void)rd_kafka_metadata(reader->client.rk, 0, topic->rkt, &metadata, 0);
	if (metadata != NULL)
		rd_kafka_metadata_destroy(metadata);
	topic->nudges++;
	topic->nudge_at_ms = topic->nudges < NUDGES_MAX ? topic->nudge_at_ms + (NUDGE_FIRST_MS << topic->nudges) : 0;
}

static int
start(struct quoin_bus_reader *reader, struct topic *topic, int64_t offset)
{
	if (rd_kafka_consume_start_queue(topic->rkt, 0, offset, reader->queue) != 0)
		return quoin_bus_code(rd_kafka_last_error());
	topic->is_reading = true;
	topic->again_at_ms = 0;
	plan_nudge(topic);
	return 0;
}

static int
assign(struct quoin_bus_reader *reader, const char *name, bool from_start, int64_t offset, struct quoin_error *err)
{
	struct topic *topic = find(reader, name);
	int r;

	if (topic == NULL) {
		for (size_t i = 0; i < TOPICS_MAX && topic == NULL; i++)
			if (reader->topics[i].rkt == NULL)
				topic = &reader->topics[i];
		if (topic == NULL || strlen(name) >= sizeof topic->name)
			return quoin_error_set(err, QUOIN_ELIMIT, "cannot read the topic %.300s: %s", name,
			    topic == NULL ? "too many topics" : "its name is too long");
		topic->rkt = rd_kafka_topic_new(reader->client.rk, name, NULL);
		if (topic->rkt == NULL)
			return quoin_bus_fail(NULL, rd_kafka_last_error(), NULL, err, "read the topic %s", name);
		memcpy(topic->name, name, strlen(name) + 1);
	}
	stop(topic);
	topic->from_start = from_start;
	topic->next_offset = offset;
	topic->denials = topic->skips = 0;
	topic->aim = (struct quoin_bus_aim){0};
	r = start(reader, topic, topic->next_offset);
	if (r != 0) {
		forget(topic);
		return quoin_error_set(err, r, "cannot read the topic %s", name);
	}
	return 0;
}

int
quoin_bus_reader_assign(struct quoin_bus_reader *reader, const char *name, int64_t offset, struct quoin_error *err)
{
	/* A log mostly begins at 0; only if that is denied the real beginning is asked for, which is slower. */
	return assign(reader, name, offset <= 0, offset <= 0 ? 0 : offset, err);
}

int
quoin_bus_reader_assign_start(struct quoin_bus_reader *reader, const char *name, int64_t first, struct quoin_error *err)
{
	return assign(reader, name, true, first, err);
}

int
quoin_bus_reader_unassign(struct quoin_bus_reader *reader, const char *name, struct quoin_error *err)
{
	struct topic *topic = find(reader, name);

	if (topic == NULL)
		return quoin_error_set(err, QUOIN_ENOENT, "the topic %.200s is not being read", name);
	forget(topic);
	return 0;
}

/* ---- Events ---- */

void
quoin_bus_event_clear(struct quoin_bus_event *event)
{
	if (event == NULL)
		return;
	if (event->owned != NULL)
		rd_kafka_message_destroy(event->owned);
	*event = (struct quoin_bus_event){0};
}

static void
fill_headers(const rd_kafka_message_t *message, struct quoin_bus_record *record)
{
	rd_kafka_headers_t *headers;
	struct quoin_bus_header *header;
	const void *value;
	size_t bytes;

	if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	for (size_t i = 0; i < QUOIN_BUS_HEADERS_MAX; i++) {
		header = &record->headers[i];
		if (rd_kafka_header_get_all(headers, i, &header->name, &value, &bytes) != RD_KAFKA_RESP_ERR_NO_ERROR)
			return;
		header->value = quoin_span_of(value, value != NULL ? bytes : 0);
		record->header_count++;
	}
	record->headers_cut = rd_kafka_header_cnt(headers) > QUOIN_BUS_HEADERS_MAX;
}

static void
fill_record(struct topic *topic, rd_kafka_message_t *message, struct quoin_bus_event *event)
{
	struct quoin_bus_record *record = &event->record;
	rd_kafka_timestamp_type_t type;

	event->kind = QUOIN_BUS_RECORD;
	event->topic = topic->name;
	event->offset = message->offset;
	event->owned = message;
	record->topic = topic->name;
	record->key = quoin_span_of(message->key, message->key_len);
	record->value = quoin_span_of(message->payload, message->len);
	record->is_tombstone = message->payload == NULL;
	record->offset = message->offset;
	record->timestamp_ms = rd_kafka_message_timestamp(message, &type);
	fill_headers(message, record);
	topic->next_offset = message->offset + 1;
	topic->denials = 0;
	topic->aim = (struct quoin_bus_aim){0};
	topic->burst_bytes += message->len;
}

/* The log does not have the wanted offset. Returns 1 with an event, or 0: it will be asked again. */
static int
fill_denial(struct quoin_bus_reader *reader, struct topic *topic, struct quoin_bus_event *event)
{
	topic->denials++;
	stop(topic);
	if (topic->from_start) {
		/* That a log does not begin at 0 is nothing strange; nor that its beginning moves on while it is asked for. */
		topic->skips++;
		topic->again_at_ms = quoin_clock_mono_ms();
		if (topic->denials > 1)
			topic->again_at_ms += topic->denials < BEGINNINGS_MAX ? reader->backoff_ms : DENIAL_WAIT_MS;
		return 0;
	}
	if (topic->denials < DENIALS_MAX) {
		topic->again_at_ms = quoin_clock_mono_ms() + DENIAL_WAIT_MS;
		return 0;
	}
	event->kind = QUOIN_BUS_LOST;
	event->topic = topic->name;
	event->offset = topic->next_offset;
	return 1;
}

/* What was aimed at, or the end behind it. If the log still has others before it, it goes again, and reading begins with those. */
static bool
is_too_far(struct quoin_bus_reader *reader, struct topic *topic)
{
	if (topic->aim.lead == 0 || quoin_bus_aim_passed(&topic->aim, reader, topic->name))
		return false;
	stop(topic);
	if (start(reader, topic, topic->aim.at) != 0)
		topic->again_at_ms = quoin_clock_mono_ms();
	return true;
}

/* Take a message of librdkafka's. Returns 1 with an event that may own it, or 0. */
static int
fill_event(struct quoin_bus_reader *reader, rd_kafka_message_t *message, struct quoin_bus_event *event)
{
	struct topic *topic = message->rkt != NULL ? find(reader, rd_kafka_topic_name(message->rkt)) : NULL;
	int filled = 1;

	if (topic == NULL || !topic->is_reading ||
	    ((message->err == RD_KAFKA_RESP_ERR_NO_ERROR || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) &&
		is_too_far(reader, topic))) {
		rd_kafka_message_destroy(message);
		return 0;
	}
	topic->nudge_at_ms = 0;
	if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		fill_record(topic, message, event);
		return 1;
	}
	if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		event->kind = QUOIN_BUS_END;
		event->topic = topic->name;
		event->offset = message->offset;
		topic->next_offset = message->offset;
		topic->from_start = false;
		topic->denials = 0;
		topic->burst_bytes = 0;
	} else if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
	    message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
		filled = fill_denial(reader, topic, event);
	} else {
		event->kind = QUOIN_BUS_FAULT;
		event->topic = topic->name;
		event->code = quoin_bus_code(message->err);
		quoin_printable_copy(quoin_span_str(rd_kafka_message_errstr(message)), event->text, sizeof event->text);
	}
	rd_kafka_message_destroy(message);
	return filled;
}

/* After a denial. */
static void
start_again(struct quoin_bus_reader *reader, struct topic *topic)
{
	if (topic->from_start && topic->denials > 1)
		quoin_bus_aim_take(&topic->aim, reader, topic->name);
	else
		topic->aim = (struct quoin_bus_aim){.at = RD_KAFKA_OFFSET_BEGINNING};
	(void)start(reader, topic, topic->from_start ? topic->aim.at : topic->next_offset);
}

/* What time brings for one topic. Returns when the next thing is due, or -1. */
static int64_t
serve_topic(struct quoin_bus_reader *reader, struct topic *topic, int64_t now_ms)
{
	if (topic->again_at_ms != 0 && topic->again_at_ms <= now_ms)
		start_again(reader, topic);
	if (topic->nudge_at_ms != 0 && topic->nudge_at_ms <= now_ms)
		nudge(reader, topic);
	if (topic->again_at_ms != 0)
		return topic->again_at_ms;
	return topic->nudge_at_ms != 0 ? topic->nudge_at_ms : -1;
}

/* Ask again and nudge where the time has come. Returns when the next time comes, or -1. */
static int64_t
serve_time(struct quoin_bus_reader *reader)
{
	int64_t now_ms = quoin_clock_mono_ms(), first_ms = -1, at_ms;

	for (size_t i = 0; i < TOPICS_MAX; i++) {
		if (reader->topics[i].rkt == NULL)
			continue;
		at_ms = serve_topic(reader, &reader->topics[i], now_ms);
		if (at_ms != -1 && (first_ms == -1 || at_ms < first_ms))
			first_ms = at_ms;
	}
	return first_ms;
}

/* Nothing waits. A topic that brought much until now may have filled its queue. */
static void
see_empty(struct quoin_bus_reader *reader)
{
	for (size_t i = 0; i < TOPICS_MAX; i++)
		if (reader->topics[i].is_reading && reader->topics[i].burst_bytes >= BURST_BYTES)
			plan_nudge(&reader->topics[i]);
}

/* Make the timer's descriptor readable when asking again is due. */
static void
set_timer(struct quoin_bus_reader *reader, int64_t at_ms)
{
	struct itimerspec when = {0};

	if (reader->timer_fd == -1)
		return;
	if (at_ms != -1) {
		when.it_value.tv_sec = at_ms / 1000;
		when.it_value.tv_nsec = at_ms % 1000 * 1000000;
	}
	(void)timerfd_settime(reader->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/*
 * The next message without waiting. The descriptor stays readable until the queue was seen empty after it was drained:
 * librdkafka writes to it only when the queue stops being empty.
 */
static rd_kafka_message_t *
take_waiting(struct quoin_bus_reader *reader)
{
	rd_kafka_message_t *message;
	uint64_t count;

	message = rd_kafka_consume_queue(reader->queue, 0);
	if (message != NULL || reader->wake_fd == -1)
		return message;
	(void)!read(reader->wake_fd, &count, sizeof count);
	message = rd_kafka_consume_queue(reader->queue, 0);
	count = 1;
	if (message != NULL)
		(void)!write(reader->wake_fd, &count, sizeof count);
	return message;
}

/* The next message, waiting until the deadline or until something else is due. */
static rd_kafka_message_t *
wait_message(struct quoin_bus_reader *reader, int64_t deadline_ms)
{
	int64_t due_ms;
	int wait_ms, due_in_ms;

	see_empty(reader);
	due_ms = serve_time(reader);
	set_timer(reader, due_ms);
	wait_ms = quoin_bus_left_ms(deadline_ms);
	if (wait_ms == 0)
		return NULL;
	if (due_ms != -1) {
		due_in_ms = quoin_bus_left_ms(due_ms);
		wait_ms = due_in_ms < wait_ms ? due_in_ms : wait_ms;
	}
	return rd_kafka_consume_queue(reader->queue, wait_ms);
}

int
quoin_bus_reader_next(struct quoin_bus_reader *reader, int timeout_ms, struct quoin_bus_event *ret)
{
	int64_t deadline_ms = quoin_clock_mono_ms() + (timeout_ms > 0 ? timeout_ms : 0);
	struct quoin_bus_fault fault;
	rd_kafka_message_t *message;

	*ret = (struct quoin_bus_event){0};
	for (;;) {
		message = take_waiting(reader);
		if (message == NULL && reader->client.fault_count == 0)
			message = wait_message(reader, deadline_ms);
		if (message != NULL && fill_event(reader, message, ret) == 1)
			return 1;
		if (quoin_bus_client_fault(&reader->client, &fault)) {
			ret->kind = QUOIN_BUS_FAULT;
			ret->code = fault.code;
			memcpy(ret->text, fault.text, sizeof ret->text);
			return 1;
		}
		if (message == NULL && quoin_bus_left_ms(deadline_ms) == 0)
			return 0;
	}
}

int
quoin_bus_reader_fd(struct quoin_bus_reader *reader)
{
	struct epoll_event event = {.events = EPOLLIN};
	static const uint64_t one = 1;

	if (reader->poll_fd != -1)
		return reader->poll_fd;
	reader->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	reader->wake_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	reader->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (reader->poll_fd == -1 || reader->wake_fd == -1 || reader->timer_fd == -1)
		return -1;
	(void)epoll_ctl(reader->poll_fd, EPOLL_CTL_ADD, reader->wake_fd, &event);
	(void)epoll_ctl(reader->poll_fd, EPOLL_CTL_ADD, reader->timer_fd, &event);
	rd_kafka_queue_io_event_enable(reader->queue, reader->wake_fd, &one, sizeof one);
	return reader->poll_fd;
}

struct quoin_bus_client *
quoin_bus_reader_asker(struct quoin_bus_reader *reader, struct quoin_bus_client **ret_client)
{
	*ret_client = &reader->client;
	return &reader->asker;
}
