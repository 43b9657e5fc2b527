/*
 * What all files of the bus stand on: settings, faults, and the questions that every kind of client may ask.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/assert.h"
#include "lib/bus_rdkafka.h"
#include "lib/clock.h"
#include "lib/text.h"

#define READS  (QUOIN_BUS_TAIL | QUOIN_BUS_BRIEF | QUOIN_BUS_PICK)
#define WRITES (QUOIN_BUS_WRITE | QUOIN_BUS_WRITE_TXN)
#define EVERY  (READS | WRITES | QUOIN_BUS_ASK)

#define ASK_AGAIN_MS 50
#define REFUSED_MS   2000 /* a broker that restarts refuses for a moment */
#define ALONE_MS     100  /* when it has refused for that long already, and is asked again */

/*
 * Our settings. An owned one is part of what the bus promises: the configuration must not name it. "value" NULL is
 * only refused. The sizes of the readers bound what a hostile broker can make a host allocate (librdkafka expands
 * compressed batches without a limit of its own, at most about a thousandfold of what it receives), and a record on
 * our topics is below 1 MiB. socket.timeout.ms finds a hung broker in seconds; a shorter
 * topic.metadata.refresh.interval.ms than the default makes 2.0.2 believe a deposed leader.
 */
static const struct setting {
	unsigned purposes;
	bool is_owned;
	const char *name;
	const char *value;
} settings[] = {
    {EVERY, false, "socket.timeout.ms", "6000"},
    {EVERY, false, "socket.connection.setup.timeout.ms", "5000"},
    {EVERY, false, "socket.keepalive.enable", "true"},
    {EVERY, false, "reconnect.backoff.ms", "100"},
    {EVERY, false, "reconnect.backoff.max.ms", "2000"},
    {EVERY, false, "log.connection.close", "false"},
    {EVERY, true, "topic.metadata.refresh.interval.ms", NULL},
    {EVERY, true, "plugin.library.paths", NULL},
    {EVERY, true, "test.mock.num.brokers", NULL},
    {EVERY, true, "group.id", NULL},
    {EVERY, true, "group.instance.id", NULL},
    {EVERY, true, "transactional.id", NULL},
    {READS | QUOIN_BUS_ASK, true, "enable.auto.commit", "false"},
    {READS | QUOIN_BUS_ASK, true, "auto.commit.enable", NULL},
    {READS | QUOIN_BUS_ASK, true, "enable.auto.offset.store", "false"},
    {READS | QUOIN_BUS_ASK, true, "auto.offset.reset", "error"},
    {READS | QUOIN_BUS_ASK, true, "isolation.level", "read_committed"},
    {READS | QUOIN_BUS_ASK, true, "enable.partition.eof", "true"},
    {READS | QUOIN_BUS_ASK, true, "allow.auto.create.topics", "false"},
    {READS, true, "check.crcs", "true"},
    {READS, false, "fetch.error.backoff.ms", "100"},
    {READS, false, "fetch.max.bytes", "4194304"},
    {READS, false, "receive.message.max.bytes", "5242880"},
    {READS, false, "queued.max.messages.kbytes", "16384"},
    {QUOIN_BUS_TAIL | QUOIN_BUS_BRIEF, false, "fetch.message.max.bytes", "1048576"},
    {QUOIN_BUS_BRIEF | QUOIN_BUS_PICK, true, "fetch.wait.max.ms", "5"},
    {QUOIN_BUS_PICK, true, "fetch.message.max.bytes", "4096"},
    {QUOIN_BUS_PICK, true, "max.partition.fetch.bytes", NULL},
    {QUOIN_BUS_PICK, true, "queued.min.messages", "1"},
    {WRITES, true, "enable.idempotence", "true"},
    {WRITES, true, "acks", NULL},
    {WRITES, true, "request.required.acks", NULL},
    {WRITES, false, "linger.ms", "0"},
    {WRITES, false, "compression.codec", "none"},
    {WRITES, false, "queue.buffering.max.kbytes", "65536"},
    {QUOIN_BUS_WRITE_TXN, false, "transaction.timeout.ms", "30000"},
    {QUOIN_BUS_WRITE_TXN, false, "message.timeout.ms", "25000"},
};
#define SETTING_COUNT (sizeof settings / sizeof settings[0])

int
quoin_bus_left_ms(int64_t deadline_ms)
{
	int64_t left = deadline_ms - quoin_clock_mono_ms();

	return left <= 0 ? 0 : left > 3600 * 1000 ? 3600 * 1000 : (int)left;
}

bool
quoin_bus_client_is_alone(const struct quoin_bus_client *client)
{
	return client != NULL && client->is_refused && client->is_down;
}

/* ---- Clients ---- */

/* librdkafka has a code for "all brokers are down", and none for why: that is in the text, in errno's words. */
static void
note_refusal(struct quoin_bus_client *client, int code, const char *reason)
{
	if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
		client->is_down = true;
		return;
	}
	client->is_refused = strstr(reason, "Connection refused") != NULL;
	if (!client->is_refused)
		client->is_down = false;
}

static void
keep_fault(rd_kafka_t *rk, int code, const char *reason, void *ctx)
{
	struct quoin_bus_client *client = ctx;
	struct quoin_bus_fault fault, *newest;

	note_refusal(client, code, reason);
	fault.code = quoin_bus_code((rd_kafka_resp_err_t)code);
	quoin_printable_copy(quoin_span_str(reason), fault.text, sizeof fault.text);
	client->last = fault;
	client->outage_count += fault.code == QUOIN_EUNREACHABLE || fault.code == QUOIN_ETIMEOUT;
	/* Several brokers, or one many times, say the same. */
	newest = &client->faults[(client->fault_first + client->fault_count + QUOIN_BUS_FAULTS_MAX - 1) %
	    QUOIN_BUS_FAULTS_MAX];
	if (client->fault_count > 0 && newest->code == fault.code && strcmp(newest->text, fault.text) == 0)
		return;
	if (client->fault_count < QUOIN_BUS_FAULTS_MAX)
		client->faults[(client->fault_first + client->fault_count++) % QUOIN_BUS_FAULTS_MAX] = fault;
	/* Whoever waits for a record hears of it now; a flush would end before its time. */
	if (client->wakes_for_faults)
		rd_kafka_yield(rk);
}

bool
quoin_bus_client_fault(struct quoin_bus_client *client, struct quoin_bus_fault *ret)
{
	if (client->fault_count == 0)
		return false;
	*ret = client->faults[client->fault_first];
	client->fault_first = (client->fault_first + 1) % QUOIN_BUS_FAULTS_MAX;
	client->fault_count--;
	return true;
}

/* librdkafka would write to the host's stderr; what matters comes as a fault. */
static void
drop_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	(void)rk;
	(void)level;
	(void)facility;
	(void)text;
}

static int
set_property(rd_kafka_conf_t *rkconf, const char *name, const char *value, struct quoin_error *err)
{
	char reason[256];

	if (rd_kafka_conf_set(rkconf, name, value, reason, sizeof reason) == RD_KAFKA_CONF_OK)
		return 0;
	return quoin_error_set(err, QUOIN_ECONFIG,
	    "kafka.%s: librdkafka has no such setting, or not with this value; its CONFIGURATION.md has them all (%s)",
	    name, reason);
}

/* Whether a setting is ours: everywhere, or only for this purpose. */
static bool
is_owned(const char *name, unsigned purposes)
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (settings[i].is_owned && (settings[i].purposes & purposes) != 0 &&
		    strcmp(settings[i].name, name) == 0)
			return true;
	return false;
}

static int
set_given(rd_kafka_conf_t *rkconf, const struct quoin_bus_conf *conf, enum quoin_bus_purpose purpose,
    struct quoin_error *err)
{
	const struct quoin_bus_property *property;
	bool has_bootstrap = false;
	int r;

	for (size_t i = 0; i < conf->property_count; i++) {
		property = &conf->properties[i];
		if (is_owned(property->name, EVERY & ~(unsigned)(QUOIN_BUS_BRIEF | QUOIN_BUS_PICK)))
			return quoin_error_set(err, QUOIN_ECONFIG, "kafka.%s is set by Quoin itself; remove it",
			    property->name);
		/* How a topic is followed is the user's; how single records are picked, and brief looks taken, ours. */
		if (is_owned(property->name, (unsigned)purpose))
			continue;
		if (strcmp(property->name, "bootstrap.servers") == 0 ||
		    strcmp(property->name, "metadata.broker.list") == 0)
			has_bootstrap = property->value[0] != '\0';
		r = set_property(rkconf, property->name, property->value, err);
		if (r != 0)
			return r;
	}
	if (!has_bootstrap && purpose != QUOIN_BUS_HOST)
		return quoin_error_set(err, QUOIN_ECONFIG, "kafka.bootstrap.servers is missing");
	return 0;
}

static int
make_conf(const struct quoin_bus_conf *conf, enum quoin_bus_purpose purpose, const char *transactional_id,
    rd_kafka_conf_t **ret, struct quoin_error *err)
{
	rd_kafka_conf_t *rkconf = rd_kafka_conf_new();
	int r = 0;

	if (rkconf == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	for (size_t i = 0; i < SETTING_COUNT && r == 0; i++)
		if ((settings[i].purposes & (unsigned)purpose) != 0 && settings[i].value != NULL)
			r = set_property(rkconf, settings[i].name, settings[i].value, err);
	if (r == 0 && conf->client_id != NULL)
		r = set_property(rkconf, "client.id", conf->client_id, err);
	if (r == 0)
		r = set_given(rkconf, conf, purpose, err);
	if (r == 0 && transactional_id != NULL)
		r = set_property(rkconf, "transactional.id", transactional_id, err);
	if (r != 0) {
		rd_kafka_conf_destroy(rkconf);
		return r;
	}
	*ret = rkconf;
	return 0;
}

int
quoin_bus_client_open(struct quoin_bus_client *client, const struct quoin_bus_conf *conf,
    enum quoin_bus_purpose purpose, const char *transactional_id,
    void (*report)(rd_kafka_t *, const rd_kafka_message_t *, void *), struct quoin_error *err)
{
	rd_kafka_conf_t *rkconf = NULL;
	rd_kafka_type_t type;
	char reason[256];
	int r;

	*client = (struct quoin_bus_client){.wakes_for_faults = (purpose & READS) != 0};
	r = make_conf(conf, purpose, transactional_id, &rkconf, err);
	if (r != 0)
		return r;
	rd_kafka_conf_set_opaque(rkconf, client);
	rd_kafka_conf_set_error_cb(rkconf, keep_fault);
	rd_kafka_conf_set_log_cb(rkconf, drop_log);
	if (report != NULL)
		rd_kafka_conf_set_dr_msg_cb(rkconf, report);
	type = (purpose & (READS | QUOIN_BUS_ASK)) != 0 ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER;
	client->rk = rd_kafka_new(type, rkconf, reason, sizeof reason);
	if (client->rk == NULL) {
		rd_kafka_conf_destroy(rkconf);
		return quoin_error_set(err,
		    rd_kafka_last_error() == RD_KAFKA_RESP_ERR__INVALID_ARG ? QUOIN_ECONFIG : QUOIN_ESYSTEM,
		    "the settings kafka.* do not fit together, or a file that they name cannot be read (%s)", reason);
	}
	return 0;
}

int
quoin_bus_client_twin(struct quoin_bus_client *client, const struct quoin_bus_client *of, struct quoin_error *err)
{
	rd_kafka_conf_t *rkconf = rd_kafka_conf_dup(rd_kafka_conf(of->rk));
	char reason[256];

	*client = (struct quoin_bus_client){0};
	rd_kafka_conf_set_opaque(rkconf, client);
	client->rk = rd_kafka_new(rd_kafka_type(of->rk), rkconf, reason, sizeof reason);
	if (client->rk == NULL) {
		rd_kafka_conf_destroy(rkconf);
		return quoin_error_set(err, QUOIN_ESYSTEM,
		    "cannot open a second connection; are descriptors or memory short? (%s)", reason);
	}
	return 0;
}

void
quoin_bus_client_close(struct quoin_bus_client *client)
{
	if (client->rk != NULL)
		rd_kafka_destroy(client->rk);
	client->rk = NULL;
}

/* ---- Questions ---- */

/* Of a client whose faults nobody waits for. */
static void
hear_faults(struct quoin_bus_client *client)
{
	if (!client->wakes_for_faults)
		(void)rd_kafka_poll(client->rk, 0);
}

bool
quoin_bus_client_waits_on(struct quoin_bus_client *client, bool has_failed, int64_t deadline_ms)
{
	hear_faults(client);
	if (!has_failed)
		client->is_refused = client->is_down = false;
	return has_failed && !quoin_bus_client_is_alone(client) && quoin_bus_left_ms(deadline_ms) > 0;
}

int
quoin_bus_first_ms(struct quoin_bus_client *client, int timeout_ms)
{
	const int first_ms = quoin_bus_client_is_alone(client) ? ALONE_MS : REFUSED_MS;

	return timeout_ms < first_ms ? timeout_ms : first_ms;
}

static rd_kafka_resp_err_t
ask_topic(struct quoin_bus_client *client, rd_kafka_topic_t *rkt, int timeout_ms,
    const struct rd_kafka_metadata **ret_metadata)
{
	int64_t deadline_ms = quoin_clock_mono_ms() + timeout_ms;
	rd_kafka_resp_err_t code;

	code = rd_kafka_metadata(client->rk, 0, rkt, ret_metadata, quoin_bus_first_ms(client, timeout_ms));
	if (quoin_bus_client_waits_on(client, code != RD_KAFKA_RESP_ERR_NO_ERROR, deadline_ms))
		code = rd_kafka_metadata(client->rk, 0, rkt, ret_metadata, quoin_bus_left_ms(deadline_ms));
	return code;
}

int
quoin_bus_client_topic(struct quoin_bus_client *client, const char *topic, int timeout_ms, int *ret_partitions,
    struct quoin_error *err)
{
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_topic_t *rkt;
	rd_kafka_resp_err_t code;
	int partitions = 0;

	rkt = rd_kafka_topic_new(client->rk, topic, NULL);
	if (rkt == NULL)
		return quoin_bus_fail(client, rd_kafka_last_error(), NULL, err, "name the topic %s", topic);
	code = ask_topic(client, rkt, timeout_ms, &metadata);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topic_cnt != 1)
		code = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
		code = metadata->topics[0].err;
		partitions = metadata->topics[0].partition_cnt;
		if (code == RD_KAFKA_RESP_ERR_NO_ERROR && partitions == 0)
			code = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	}
	if (metadata != NULL)
		rd_kafka_metadata_destroy(metadata);
	rd_kafka_topic_destroy(rkt);
	hear_faults(client);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return quoin_bus_fail(client, code, NULL, err, "ask for the topic %s", topic);
	*ret_partitions = partitions;
	return 0;
}

/* What a broker answers in the second after its start, or while a partition moves. */
static bool
is_passing(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION || code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
	    code == RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE || code == RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH ||
	    code == RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH;
}

static rd_kafka_resp_err_t
ask_offset(struct quoin_bus_client *client, const char *topic, int64_t wall_ms, int timeout_ms, int64_t *ret_offset)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_t *partition = rd_kafka_topic_partition_list_add(list, topic, 0);
	rd_kafka_resp_err_t code;

	partition->offset = wall_ms;
	code = rd_kafka_offsets_for_times(client->rk, list, timeout_ms);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		code = partition->err;
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		*ret_offset = partition->offset;
	rd_kafka_topic_partition_list_destroy(list);
	hear_faults(client);
	return code;
}

/*
 * By the protocol's own conventions -1 and -2 are times too. Unlike librdkafka's call for watermarks, which in 2.0.2
 * ignores its time-out when a broker hangs, this one returns in time. It does not ask again by itself.
 */
int
quoin_bus_client_offset(struct quoin_bus_client *client, const char *topic, int64_t wall_ms, int timeout_ms,
    int64_t *ret_offset, struct quoin_error *err)
{
	int64_t deadline_ms = quoin_clock_mono_ms() + timeout_ms;
	rd_kafka_resp_err_t code;
	int partitions;

	code = ask_offset(client, topic, wall_ms,
	    quoin_bus_client_is_alone(client) ? quoin_bus_first_ms(client, timeout_ms) : timeout_ms, ret_offset);
	while (is_passing(code) && quoin_bus_left_ms(deadline_ms) > ASK_AGAIN_MS) {
		(void)usleep(ASK_AGAIN_MS * 1000);
		if (quoin_bus_client_topic(client, topic, quoin_bus_left_ms(deadline_ms), &partitions, NULL) == 0)
			code = ask_offset(client, topic, wall_ms, quoin_bus_left_ms(deadline_ms), ret_offset);
	}
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return quoin_bus_fail(client, code, NULL, err, "ask for an offset of the topic %s", topic);
	return 0;
}
