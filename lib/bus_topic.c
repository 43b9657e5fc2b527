/*
 * Topics: making them, comparing them with what is wanted, and which kind of broker this is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bus_rdkafka.h"
#include "lib/clock.h"

#define BROKERS_MAX 64
#define NAP_MS	    50

/* ---- Making ---- */

static int
make_new_topic(const struct quoin_bus_topic_spec *spec, rd_kafka_NewTopic_t **ret, struct quoin_error *err)
{
	rd_kafka_NewTopic_t *topic;
	rd_kafka_resp_err_t code;
	char reason[256];

	topic = rd_kafka_NewTopic_new(spec->topic, 1, spec->replicas, reason, sizeof reason);
	if (topic == NULL)
		return quoin_error_set(err, QUOIN_ECONFIG, "cannot make the topic %s: librdkafka does not take its name (%s)",
		    spec->topic, reason);
	for (size_t i = 0; i < spec->setting_count; i++) {
		code = rd_kafka_NewTopic_set_config(topic, spec->settings[i].name, spec->settings[i].value);
		if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
			rd_kafka_NewTopic_destroy(topic);
			return quoin_bus_fail(NULL, code, NULL, err, "set %s of the topic %s", spec->settings[i].name,
			    spec->topic);
		}
	}
	*ret = topic;
	return 0;
}

/* Wait for the answer to an administrative request; the caller destroys *ret. */
static int
wait_answer(struct quoin_bus_client *client, rd_kafka_queue_t *queue, int64_t deadline_ms, const char *what,
    const char *topic, rd_kafka_event_t **ret, struct quoin_error *err)
{
	rd_kafka_event_t *event;
	int r;

	/* librdkafka gives up by itself at the time-out of the request, a little later than we would. */
	event = rd_kafka_queue_poll(queue, quoin_bus_left_ms(deadline_ms) + 500);
	(void)rd_kafka_poll(client->rk, 0);
	if (event == NULL)
		return quoin_bus_fail(client, RD_KAFKA_RESP_ERR__TIMED_OUT, NULL, err, "%s the topic %s", what, topic);
	if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
		r = quoin_bus_fail(client, rd_kafka_event_error(event), rd_kafka_event_error_string(event), err,
		    "%s the topic %s", what, topic);
		rd_kafka_event_destroy(event);
		return r;
	}
	*ret = event;
	return 0;
}

static rd_kafka_AdminOptions_t *
make_options(struct quoin_bus_client *client, rd_kafka_admin_op_t op, int64_t deadline_ms)
{
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(client->rk, op);
	char reason[256];
	int left_ms = quoin_bus_left_ms(deadline_ms);

	(void)rd_kafka_AdminOptions_set_request_timeout(options, left_ms > 0 ? left_ms : 1, reason, sizeof reason);
	return options;
}

static int
send_creation(struct quoin_bus_client *client, const struct quoin_bus_topic_spec *spec, int64_t deadline_ms,
    struct quoin_error *err)
{
	rd_kafka_NewTopic_t *topic = NULL;
	rd_kafka_AdminOptions_t *options;
	rd_kafka_queue_t *queue;
	rd_kafka_event_t *event = NULL;
	const rd_kafka_topic_result_t *const *results;
	rd_kafka_resp_err_t code;
	size_t count = 0;
	int r;

	r = make_new_topic(spec, &topic, err);
	if (r != 0)
		return r;
	queue = rd_kafka_queue_new(client->rk);
	options = make_options(client, RD_KAFKA_ADMIN_OP_CREATETOPICS, deadline_ms);
	rd_kafka_CreateTopics(client->rk, &topic, 1, options, queue);
	r = wait_answer(client, queue, deadline_ms, "make", spec->topic, &event, err);
	if (r != 0)
		goto out;
	results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
	code = count == 1 ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR__FAIL;
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		r = quoin_bus_fail(client, code, count == 1 ? rd_kafka_topic_result_error_string(results[0]) : NULL,
		    err, "make the topic %s", spec->topic);
out:
	if (event != NULL)
		rd_kafka_event_destroy(event);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_queue_destroy(queue);
	rd_kafka_NewTopic_destroy(topic);
	return r;
}

/* Ask one client until the topic is known. */
static int
wait_known(struct quoin_bus_client *client, const char *topic, int64_t deadline_ms, struct quoin_error *err)
{
	int partitions, r;

	for (;;) {
		r = quoin_bus_client_topic(client, topic, quoin_bus_left_ms(deadline_ms), &partitions, err);
		(void)rd_kafka_poll(client->rk, 0);
		if (r == 0 || (r != QUOIN_ENOENT && r != QUOIN_EUNREACHABLE))
			return r;
		if (quoin_bus_left_ms(deadline_ms) == 0)
			return quoin_error_set(err, QUOIN_ETIMEOUT,
			    "the topic %s was made, but not every broker knows it yet", topic);
		(void)rd_kafka_poll(client->rk, NAP_MS);
	}
}

/* A client that starts at one broker asks that one. */
static int
wait_known_by(const struct quoin_bus_conf *conf, const char *broker, const char *topic, int64_t deadline_ms,
    struct quoin_error *err)
{
	struct quoin_bus_property *properties;
	struct quoin_bus_conf one = *conf;
	struct quoin_bus_client client;
	int r;

	properties = calloc(conf->property_count + 1, sizeof *properties);
	if (properties == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	one.properties = properties;
	one.property_count = 0;
	for (size_t i = 0; i < conf->property_count; i++)
		if (strcmp(conf->properties[i].name, "bootstrap.servers") != 0 &&
		    strcmp(conf->properties[i].name, "metadata.broker.list") != 0)
			properties[one.property_count++] = conf->properties[i];
	properties[one.property_count++] = (struct quoin_bus_property){"bootstrap.servers", broker};
	r = quoin_bus_client_open(&client, &one, QUOIN_BUS_ASK, NULL, NULL, err);
	if (r == 0) {
		r = wait_known(&client, topic, deadline_ms, err);
		quoin_bus_client_close(&client);
	}
	free(properties);
	return r;
}

/* Only the controller knows a new topic at once; whoever asks another broker next is told that there is none. */
static int
wait_known_everywhere(const struct quoin_bus_conf *conf, struct quoin_bus_client *client, const char *topic,
    int64_t deadline_ms, struct quoin_error *err)
{
	const struct rd_kafka_metadata *metadata;
	rd_kafka_resp_err_t code;
	const char *host;
	char broker[300];
	int r;

	r = wait_known(client, topic, deadline_ms, err);
	if (r != 0)
		return r;
	code = rd_kafka_metadata(client->rk, 0, NULL, &metadata, quoin_bus_left_ms(deadline_ms));
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return quoin_bus_fail(client, code, NULL, err, "list the brokers");
	for (int i = 0; metadata->broker_cnt > 1 && i < metadata->broker_cnt && i < BROKERS_MAX && r == 0; i++) {
		host = metadata->brokers[i].host;
		(void)snprintf(broker, sizeof broker, strchr(host, ':') != NULL ? "[%s]:%d" : "%s:%d", host,
		    metadata->brokers[i].port);
		r = wait_known_by(conf, broker, topic, deadline_ms, err);
	}
	rd_kafka_metadata_destroy(metadata);
	return r;
}

int
quoin_bus_topic_create(const struct quoin_bus_conf *conf, const struct quoin_bus_topic_spec *spec, int timeout_ms,
    struct quoin_error *err)
{
	int64_t deadline_ms = quoin_clock_mono_ms() + timeout_ms;
	struct quoin_bus_client client;
	int partitions, r;

	r = quoin_bus_client_open(&client, conf, QUOIN_BUS_ASK, NULL, NULL, err);
	if (r != 0)
		return r;
	/* The embedded broker makes topics by itself and does not answer requests to. */
	r = quoin_bus_client_topic(&client, spec->topic, quoin_bus_left_ms(deadline_ms), &partitions, err);
	if (r == 0)
		r = quoin_error_set(err, QUOIN_EEXISTS, "the topic %s exists already", spec->topic);
	else if (r == QUOIN_ENOENT)
		r = send_creation(&client, spec, deadline_ms, err);
	if (r == 0)
		r = wait_known_everywhere(conf, &client, spec->topic, deadline_ms, err);
	quoin_bus_client_close(&client);
	return r;
}

/* ---- Checking ---- */

static int
compare_settings(const struct quoin_bus_topic_spec *spec, const rd_kafka_ConfigResource_t *resource,
    struct quoin_error *err)
{
	const rd_kafka_ConfigEntry_t **entries;
	const struct quoin_bus_topic_setting *want;
	const char *have;
	size_t count;

	entries = rd_kafka_ConfigResource_configs(resource, &count);
	for (size_t i = 0; i < spec->setting_count; i++) {
		want = &spec->settings[i];
		have = NULL;
		for (size_t j = 0; j < count; j++)
			if (strcmp(rd_kafka_ConfigEntry_name(entries[j]), want->name) == 0)
				have = rd_kafka_ConfigEntry_value(entries[j]);
		if (have == NULL)
			return quoin_error_set(err, QUOIN_ECONFLICT, "the topic %s has no setting %s; wanted is %s",
			    spec->topic, want->name, want->value);
		if (strcmp(have, want->value) != 0)
			return quoin_error_set(err, QUOIN_ECONFLICT,
			    "the topic %s has %s = %.64s, wanted is %s; change it with Kafka's own tools", spec->topic,
			    want->name, have, want->value);
	}
	return 0;
}

static int
check_settings(struct quoin_bus_client *client, const struct quoin_bus_topic_spec *spec, int64_t deadline_ms,
    struct quoin_error *err)
{
	rd_kafka_ConfigResource_t *resource;
	rd_kafka_AdminOptions_t *options;
	rd_kafka_queue_t *queue;
	rd_kafka_event_t *event = NULL;
	const rd_kafka_ConfigResource_t **results;
	rd_kafka_resp_err_t code;
	size_t count = 0;
	int r;

	resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, spec->topic);
	queue = rd_kafka_queue_new(client->rk);
	options = make_options(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, deadline_ms);
	rd_kafka_DescribeConfigs(client->rk, &resource, 1, options, queue);
	r = wait_answer(client, queue, deadline_ms, "look at", spec->topic, &event, err);
	if (r != 0)
		goto out;
	results = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count);
	code = count == 1 ? rd_kafka_ConfigResource_error(results[0]) : RD_KAFKA_RESP_ERR__FAIL;
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		r = quoin_bus_fail(client, code, count == 1 ? rd_kafka_ConfigResource_error_string(results[0]) : NULL,
		    err, "look at the settings of the topic %s", spec->topic);
	else
		r = compare_settings(spec, results[0], err);
out:
	if (event != NULL)
		rd_kafka_event_destroy(event);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_queue_destroy(queue);
	rd_kafka_ConfigResource_destroy(resource);
	return r;
}

static int
ask_embedded(struct quoin_bus_client *client, int timeout_ms, bool *ret, struct quoin_error *err)
{
	int64_t deadline_ms = quoin_clock_mono_ms() + timeout_ms;
	char *id;

	id = rd_kafka_clusterid(client->rk, quoin_bus_first_ms(client, timeout_ms));
	if (quoin_bus_client_waits_on(client, id == NULL, deadline_ms))
		id = rd_kafka_clusterid(client->rk, quoin_bus_left_ms(deadline_ms));
	if (id == NULL)
		return quoin_bus_fail(client, RD_KAFKA_RESP_ERR__TIMED_OUT, NULL, err, "reach the broker");
	*ret = strncmp(id, QUOIN_BUS_CLIENT_EMBEDDED_PREFIX, strlen(QUOIN_BUS_CLIENT_EMBEDDED_PREFIX)) == 0;
	rd_kafka_mem_free(client->rk, id);
	return 0;
}

int
quoin_bus_topic_check(const struct quoin_bus_conf *conf, const struct quoin_bus_topic_spec *spec, int timeout_ms,
    struct quoin_error *err)
{
	int64_t deadline_ms = quoin_clock_mono_ms() + timeout_ms;
	struct quoin_bus_client client;
	bool embedded = false;
	int partitions = 0, r;

	r = quoin_bus_client_open(&client, conf, QUOIN_BUS_ASK, NULL, NULL, err);
	if (r != 0)
		return r;
	r = quoin_bus_client_topic(&client, spec->topic, timeout_ms, &partitions, err);
	if (r == 0 && partitions != 1)
		r = quoin_error_set(err, QUOIN_ECONFLICT, "the topic %s has %d partitions, wanted is 1; make it anew",
		    spec->topic, partitions);
	if (r == 0)
		r = ask_embedded(&client, quoin_bus_left_ms(deadline_ms), &embedded, err);
	if (r == 0 && !embedded && spec->setting_count > 0)
		r = check_settings(&client, spec, deadline_ms, err);
	quoin_bus_client_close(&client);
	return r;
}

int
quoin_bus_is_embedded(const struct quoin_bus_conf *conf, int timeout_ms, bool *ret, struct quoin_error *err)
{
	struct quoin_bus_client client;
	int r;

	r = quoin_bus_client_open(&client, conf, QUOIN_BUS_ASK, NULL, NULL, err);
	if (r != 0)
		return r;
	r = ask_embedded(&client, timeout_ms, ret, err);
	quoin_bus_client_close(&client);
	return r;
}
