/*
 * What the files of the bus share, and nobody else: the only file that includes librdkafka's headers.
 */
#ifndef QUOIN_LIB_BUS_RDKAFKA_H
#define QUOIN_LIB_BUS_RDKAFKA_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "lib/bus.h"
#include "lib/bus_aim.h"

#define QUOIN_BUS_FAULTS_MAX		 8
#define QUOIN_BUS_TOPIC_BYTES		 250 /* Kafka's limit is 249 */
#define QUOIN_BUS_KEY_BYTES_MAX		 4096
#define QUOIN_BUS_CLIENT_EMBEDDED_PREFIX "mockCluster"

/* What a client is for; each has its own settings. Bits, for the table of settings. */
enum quoin_bus_purpose {
	QUOIN_BUS_TAIL = 1, /* follow topics: read ahead */
	QUOIN_BUS_PICK = 2, /* fetch single records: read nothing ahead */
	QUOIN_BUS_WRITE = 4,
	QUOIN_BUS_WRITE_TXN = 8,
	QUOIN_BUS_ASK = 16,   /* questions and administration */
	QUOIN_BUS_BRIEF = 64, /* read to the end, soon to be closed */
	QUOIN_BUS_HOST = 32,  /* carry the embedded broker */
};

struct quoin_bus_fault {
	int code;
	char text[256];
};

/* A librdkafka instance and what it complained about. Does not move in memory while open. */
struct quoin_bus_client {
	rd_kafka_t *rk;
	bool wakes_for_faults;
	struct quoin_bus_fault faults[QUOIN_BUS_FAULTS_MAX]; /* a ring; what does not fit is dropped */
	unsigned fault_first;
	unsigned fault_count;
	struct quoin_bus_fault last;
	/* The last attempt to connect was refused; no broker is connected since. Both: nobody listens there, and waiting for a
	 * slow network is in vain. */
	bool is_refused;
	bool is_down;
	uint64_t outage_count; /* faults after which a request may have been sent twice */
};

/* "report" (NULL: none) takes delivery reports; its context is the client. Returns 0, QUOIN_ECONFIG, QUOIN_ENOMEM,
 * QUOIN_ESYSTEM. */
int quoin_bus_client_open(struct quoin_bus_client *client, const struct quoin_bus_conf *conf,
    enum quoin_bus_purpose purpose, const char *transactional_id,
    void (*report)(rd_kafka_t *, const rd_kafka_message_t *, void *), struct quoin_error *err);
/* Another client with the same settings. A broker answers the requests of one connection in turn, so that a question
 * would wait behind the reader's fetch, which takes half a second when there is nothing new. */
int quoin_bus_client_twin(struct quoin_bus_client *client, const struct quoin_bus_client *of, struct quoin_error *err);
/* Everything made from it must be gone: librdkafka would wait for ever. Accepts one that was never opened. */
void quoin_bus_client_close(struct quoin_bus_client *client);
/* The oldest fault not yet taken, if there is one. */
bool quoin_bus_client_fault(struct quoin_bus_client *client, struct quoin_bus_fault *ret);

/* librdkafka's code as one of ours. */
int quoin_bus_code(rd_kafka_resp_err_t code);
/* Fill "err": "cannot WHAT: ADVICE (reason; last fault)". Returns our code; a time-out while brokers are known to be down is
 * QUOIN_EUNREACHABLE. */
int quoin_bus_fail(const struct quoin_bus_client *client, rd_kafka_resp_err_t code, const char *reason,
    struct quoin_error *err, const char *what, ...) __attribute__((format(printf, 5, 6)));

/* Every broker refuses the connection. */
bool quoin_bus_client_is_alone(const struct quoin_bus_client *client);
/*
 * A first question waits quoin_bus_first_ms at most; then this tells whether to ask once more, for the time that is left: it
 * failed, and not because every broker refuses connections.
 */
int quoin_bus_first_ms(struct quoin_bus_client *client, int timeout_ms);
bool quoin_bus_client_waits_on(struct quoin_bus_client *client, bool has_failed, int64_t deadline_ms);

/* Metadata of one topic: 0 and the number of its partitions (0 is never returned), or QUOIN_ENOENT, QUOIN_EPERM,
 * QUOIN_ETIMEOUT, QUOIN_EUNREACHABLE. */
int quoin_bus_client_topic(struct quoin_bus_client *client, const char *topic, int timeout_ms, int *ret_partitions,
    struct quoin_error *err);
/* The first offset whose record is at or after "wall_ms"; RD_KAFKA_OFFSET_BEGINNING and RD_KAFKA_OFFSET_END ask for
 * the first offset and the last stable offset. -1 if there is no such record. */
int quoin_bus_client_offset(struct quoin_bus_client *client, const char *topic, int64_t wall_ms, int timeout_ms,
    int64_t *ret_offset, struct quoin_error *err);

/* quoin_bus_reader_open with the purpose given. */
int quoin_bus_reader_open_for(const struct quoin_bus_conf *conf, enum quoin_bus_purpose purpose,
    struct quoin_bus_reader **ret, struct quoin_error *err);

/* What the reader asks with; not opened before the first question. Also what it reads with. */
struct quoin_bus_client *quoin_bus_reader_asker(struct quoin_bus_reader *reader, struct quoin_bus_client **ret_client);
/* quoin_bus_reader_assign to the start of the log, which was at "first" a moment ago. */
int quoin_bus_reader_assign_start(struct quoin_bus_reader *reader, const char *topic, int64_t first,
    struct quoin_error *err);
/* How often, since it was assigned, what was wanted of the topic from its start was gone. */
unsigned quoin_bus_reader_skips(struct quoin_bus_reader *reader, const char *topic);

/* Milliseconds left until a moment of quoin_clock_mono_ms(), never negative. */
int quoin_bus_left_ms(int64_t deadline_ms);

#endif
