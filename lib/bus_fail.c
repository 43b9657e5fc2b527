/*
 * Failures of the bus: librdkafka's codes as ours, and each in words that say what to do; its own text stands in
 * parentheses.
 */
#include <stdarg.h>
#include <stdio.h>

#include "lib/bus_rdkafka.h"

int
quoin_bus_code(rd_kafka_resp_err_t code)
{
	switch ((int)code) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		return 0;
	case RD_KAFKA_RESP_ERR__TRANSPORT:
	case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
	case RD_KAFKA_RESP_ERR__RESOLVE:
	case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
	case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
	case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
	case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
	case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
	case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
	case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
	case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
	case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
		return QUOIN_EUNREACHABLE;
	case RD_KAFKA_RESP_ERR__TIMED_OUT:
	case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
	case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
	case RD_KAFKA_RESP_ERR__WAIT_COORD:
	case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
	case RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS:
		return QUOIN_ETIMEOUT;
	case RD_KAFKA_RESP_ERR__AUTHENTICATION:
	case RD_KAFKA_RESP_ERR__SSL:
	case RD_KAFKA_RESP_ERR__INVALID_ARG:
	case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
	case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
	case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
	case RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
	case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
	case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
	case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
	case RD_KAFKA_RESP_ERR_INVALID_REQUEST:
	case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
		return QUOIN_ECONFIG;
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
		return QUOIN_ENOENT;
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
		return QUOIN_EPERM;
	case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
		return QUOIN_EEXISTS;
	case RD_KAFKA_RESP_ERR__BAD_MSG:
	case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
	case RD_KAFKA_RESP_ERR_INVALID_MSG:
		return QUOIN_ECORRUPT;
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
		return QUOIN_ELIMIT;
	case RD_KAFKA_RESP_ERR_INVALID_RECORD:
		return QUOIN_EREFUSED;
	case RD_KAFKA_RESP_ERR__QUEUE_FULL:
		return QUOIN_EAGAIN;
	case RD_KAFKA_RESP_ERR__FENCED:
	case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
	case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
		return QUOIN_EFENCED;
	case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
	case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
		return QUOIN_ECONFLICT;
	default:
		return QUOIN_ESYSTEM;
	}
}

const char *
quoin_bus_advice(int code)
{
	switch (code) {
	case QUOIN_EUNREACHABLE:
		return "no broker can be reached; is Kafka up, and is the way to it open?";
	case QUOIN_ETIMEOUT:
		return "no answer in time; try again, and if it stays so, look at the brokers' load and at the way to them";
	case QUOIN_ECONFIG:
		return "Kafka does not take this; look at the user, the password and the certificates in kafka.*";
	case QUOIN_ENOENT:
		return "Kafka has no such topic; was \"quoin init\" run there, and is \"namespace\" right?";
	case QUOIN_EPERM:
		return "Kafka does not allow this user to; have its administrator permit it";
	case QUOIN_EEXISTS:
		return "it exists already";
	case QUOIN_ECORRUPT:
		return "what the broker sent is damaged; if it stays so, look at the broker's log and disks";
	case QUOIN_ELIMIT:
		return "the broker takes only smaller records; raise max.message.bytes of the topic";
	case QUOIN_EREFUSED:
		return "the broker refuses the record; its log says why";
	case QUOIN_EAGAIN:
		return "too much waits to be sent; try again";
	case QUOIN_EFENCED:
		return "another writer took over";
	case QUOIN_ECONFLICT:
		return "it was given up before it was sent; try again";
	default:
		return "the Kafka client failed; try again, and if it stays so, look at the brokers' logs";
	}
}

static int
fail_refused(const struct quoin_bus_client *client, struct quoin_error *err)
{
	char servers[256] = "?";
	size_t bytes = sizeof servers;

	(void)rd_kafka_conf_get(rd_kafka_conf(client->rk), "bootstrap.servers", servers, &bytes);
	servers[sizeof servers - 1] = '\0';
	return quoin_error_set(err, QUOIN_EUNREACHABLE,
	    "every broker of %s refuses the connection; is Kafka running there, and is kafka.bootstrap.servers right?", servers);
}

int
quoin_bus_fail(const struct quoin_bus_client *client, rd_kafka_resp_err_t code, const char *reason,
    struct quoin_error *err, const char *what, ...)
{
	const char *heard = NULL;
	int r = quoin_bus_code(code), advised;
	char text[256];
	va_list ap;

	advised = r;
	if ((r == QUOIN_ETIMEOUT || r == QUOIN_EUNREACHABLE) && quoin_bus_client_is_alone(client))
		return fail_refused(client, err);
	if ((r == QUOIN_ETIMEOUT || r == QUOIN_EUNREACHABLE) && client != NULL && client->last.code != 0) {
		/* A wrong password, too, is answered with silence: what was heard before tells more. */
		heard = client->last.text;
		advised = client->last.code;
		if (client->last.code == QUOIN_EUNREACHABLE)
			r = QUOIN_EUNREACHABLE;
	}
	va_start(ap, what);
	(void)vsnprintf(text, sizeof text, what, ap);
	va_end(ap);
	return quoin_error_set(err, r, "cannot %.120s: %s (%.140s%s%.140s)", text, quoin_bus_advice(advised),
	    reason != NULL ? reason : rd_kafka_err2str(code), heard != NULL ? "; " : "", heard != NULL ? heard : "");
}
