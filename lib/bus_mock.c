/*
 * The embedded broker: librdkafka's mock cluster. Its own threads serve it.
 */
#include <stdlib.h>

#include "lib/bus_rdkafka.h"

struct quoin_bus_mock {
	struct quoin_bus_client client;
	rd_kafka_mock_cluster_t *cluster;
};

int
quoin_bus_mock_open(const char *const *topics, size_t topic_count, struct quoin_bus_mock **ret,
    const char **ret_bootstrap, struct quoin_error *err)
{
	/* The cluster lives in an instance of librdkafka that itself connects to nothing. */
	const struct quoin_bus_conf conf = {NULL, 0, "quoin-embedded"};
	struct quoin_bus_mock *mock;
	rd_kafka_resp_err_t code;
	int r;

	mock = calloc(1, sizeof *mock);
	if (mock == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	r = quoin_bus_client_open(&mock->client, &conf, QUOIN_BUS_HOST, NULL, NULL, err);
	if (r != 0)
		goto out;
	mock->cluster = rd_kafka_mock_cluster_new(mock->client.rk, 1);
	if (mock->cluster == NULL) {
		r = quoin_error_set(err, QUOIN_ESYSTEM, "cannot start the embedded broker; is its port taken?");
		goto out;
	}
	for (size_t i = 0; i < topic_count && r == 0; i++) {
		code = rd_kafka_mock_topic_create(mock->cluster, topics[i], 1, 1);
		if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
			r = quoin_bus_fail(NULL, code, NULL, err, "make the topic %s", topics[i]);
	}
	if (r != 0)
		goto out;
	*ret_bootstrap = rd_kafka_mock_cluster_bootstraps(mock->cluster);
	*ret = mock;
	mock = NULL;
out:
	quoin_bus_mock_close(mock);
	return r;
}

void
quoin_bus_mock_close(struct quoin_bus_mock *mock)
{
	if (mock == NULL)
		return;
	if (mock->cluster != NULL)
		rd_kafka_mock_cluster_destroy(mock->cluster);
	quoin_bus_client_close(&mock->client);
	free(mock);
}

void
quoin_bus_mock_down(struct quoin_bus_mock *mock)
{
	(void)rd_kafka_mock_broker_set_down(mock->cluster, 1);
}

void
quoin_bus_mock_up(struct quoin_bus_mock *mock)
{
	(void)rd_kafka_mock_broker_set_up(mock->cluster, 1);
}
