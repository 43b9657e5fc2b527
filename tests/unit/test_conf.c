#include "formats/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

static struct quoin_conf conf;
static struct quoin_error err;

static int
parse(const char *text)
{
	quoin_conf_clear(&conf);
	memset(&err, 0, sizeof err);
	return quoin_conf_parse(quoin_span_str(text), "/etc/quoin/quoin.conf", &conf, &err);
}

static void
test_defaults(void)
{
	CHECK_INT(parse(""), 0);
	CHECK_STR(conf.namespace_name, "");
	CHECK_STR(conf.file, "/etc/quoin/quoin.conf");
	CHECK_INT(conf.hook_check_ms, 10000);
	CHECK_INT(conf.hook_retries, 3);
	CHECK_INT(conf.hook_timeout_ms, 600000);
	CHECK_INT(conf.hook_parallel, 2);
	CHECK_INT(conf.status_interval_ms, 10000);
	CHECK_INT(conf.start_wait_ms, 10000);
	CHECK_INT(conf.lease_ms, 3600000);
	CHECK(!conf.lease_refuse);
	CHECK_INT(conf.retain_releases, 3);
	CHECK_INT(conf.retain_days, 30);
	CHECK_INT(conf.retain_bytes, 1 << 30);
	CHECK_INT(conf.limit_bytes, QUOIN_RELEASE_BYTES_MAX);
	CHECK_INT(conf.limit_objectives, QUOIN_OBJECTIVES_MAX);
	CHECK_INT(conf.limit_models, QUOIN_MODELS_MAX);
	CHECK_INT(conf.limit_attributes, QUOIN_ATTRIBUTES_MAX);
	CHECK_INT(conf.gate_heartbeat_ms, 5000);
	CHECK_INT(conf.gate_vip_poll_ms, 10000);
	CHECK_INT(conf.part_count, 0);
}

static void
test_values(void)
{
	CHECK_INT(parse("# a comment\n"
			"\n"
			"namespace = home\n"
			"  root=trust/root.txt\t\n"
			"keys = /secure/keys\n"
			"passphrase-file = secret # not a comment\n"
			"parts = rules, routes extra\n"
			"hook.load = hooks/load\n"
			"ready.listen = 127.0.0.1:8080\n"
			"status.interval_ms = 2s\n"
			"lease.ms = 1h\n"
			"lease.on_expiry = refuse\n"
			"retain.bytes = 64MiB\n"
			"retain.days = 0\n"
			"kafka.bootstrap.servers = a:9092,b:9092\n"
			"kafka.ssl.ca.location = ca.pem\n"
			"kafka.ssl.key.location = /abs/key.pem\n"
			"kafka.sasl.password = a=b\n"
			"guard.default_changed = 12.5\n"
			"guard.size_jump = 3"),
	    0);
	CHECK_STR(conf.namespace_name, "home");
	CHECK_STR(conf.root, "/etc/quoin/trust/root.txt");
	CHECK_STR(conf.keys, "/secure/keys");
	CHECK_STR(conf.passphrase_file, "/etc/quoin/secret # not a comment");
	CHECK_INT(conf.part_count, 3);
	CHECK_STR(conf.parts[2], "extra");
	CHECK_STR(conf.hook_load, "/etc/quoin/hooks/load");
	CHECK_STR(conf.ready_listen, "127.0.0.1:8080");
	CHECK_INT(conf.status_interval_ms, 2000);
	CHECK_INT(conf.lease_ms, 3600000);
	CHECK(conf.lease_refuse);
	CHECK_INT(conf.retain_bytes, 64 << 20);
	CHECK_INT(conf.retain_days, 0);
	CHECK_INT(conf.property_count, 4);
	CHECK_STR(conf.properties[0].name, "bootstrap.servers");
	CHECK_STR(conf.properties[0].value, "a:9092,b:9092");
	CHECK_STR(conf.properties[1].value, "/etc/quoin/ca.pem");
	CHECK_STR(conf.properties[2].value, "/abs/key.pem");
	CHECK_STR(conf.properties[3].value, "a=b");
	CHECK_INT(conf.guard_count, 2);
	CHECK_STR(conf.guards[0].name, "default_changed");
	CHECK(conf.guards[0].threshold == 12.5 && conf.guards[1].threshold == 3);
	/* A file in the working directory. */
	quoin_conf_clear(&conf);
	CHECK_INT(quoin_conf_parse(quoin_span_str("root = root.txt\n"), "quoin.conf", &conf, &err), 0);
	CHECK_STR(conf.root, "root.txt");
	quoin_conf_clear(&conf);
}

static void
test_refusals(void)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
	    {"namespaces = home", "unknown key \"namespaces\"; did you mean \"namespace\"?"},
	    {"hook.laod = x", "did you mean \"hook.load\"?"},
	    {"colour = blue", "unknown key \"colour\"; quoin.conf(5) lists them"},
	    {"namespace", "not of the form key = value"},
	    {"namespace =", "has no value"},
	    {"= home", "unknown key"},
	    {"namespace = ho me", "not a name"},
	    {"root = a\nroot = b", "root stands twice"},
	    {"kafka.a = 1\nkafka.a = 1", "kafka.a stands twice"},
	    {"kafka. = 1", "the property is missing"},
	    {"guard.a = 1\nguard.a = 2", "guard.a stands twice"},
	    {"guard.a = x", "not a number"},
	    {"guard.a = 1e5", "not a number"},
	    {"guard.a = 1.2.3", "not a number"},
	    {"guard.a = .", "not a number"},
	    {"guard.a = .5", "not a number"},
	    {"guard.a = 1234567890123456", "not a number"},
	    {"guard.a = -1", "not a number"},
	    {"guard. = 1", "not a name"},
	    {"lease.ms = 1w", "is not a time"},
	    {"lease.ms = -1", "is not a time"},
	    {"lease.ms = 999", "too small; at least 1000"},
	    {"lease.ms = 99999999999999999999", "is not a time"},
	    {"retain.bytes = 1GB", "is not a size"},
	    {"retain.releases = 0", "too small"},
	    {"retain.releases = 1s", "is not a number"},
	    {"lease.on_expiry = stop", "either serve or refuse"},
	    {"parts = rules rules", "rules stands twice"},
	    {"parts = a/b", "is not a name"},
	    {"parts = ,rules", "is not a name"},
	    {"namespace = home\r\n", "control character"},
	    {"namespace = \xff", "not UTF-8"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int rc = parse(rows[i].text);

		if (rc != QUOIN_ECONFIG || strstr(err.message, rows[i].message) == NULL)
			check_fail(__FILE__, __LINE__, "%s: %d \"%s\", expected \"%s\"", rows[i].text, rc, err.message,
			    rows[i].message);
		CHECK_STR(err.file, "/etc/quoin/quoin.conf");
		CHECK_INT(conf.property_count, 0);
		CHECK_STR(conf.root, "");
	}
	CHECK_INT(parse("\n# x\nroot = a\nroot = b\n"), QUOIN_ECONFIG);
	CHECK_INT(err.line, 4);
}

static void
test_limits(void)
{
	struct quoin_buf text;
	char line[64];

	quoin_buf_init(&text, 1 << 20);
	for (int i = 0; i < QUOIN_PROPERTIES_MAX; i++) {
		snprintf(line, sizeof line, "kafka.p%d = %d\n", i, i);
		quoin_buf_put_str(&text, line);
	}
	CHECK_INT(parse(quoin_buf_str(&text)), 0);
	CHECK_INT(conf.property_count, QUOIN_PROPERTIES_MAX);
	quoin_buf_put_str(&text, "kafka.more = 1\n");
	CHECK_INT(parse(quoin_buf_str(&text)), QUOIN_ECONFIG);
	CHECK_INT(err.line, QUOIN_PROPERTIES_MAX + 1);
	quoin_buf_reset(&text);
	while (text.len <= QUOIN_CONF_BYTES_MAX)
		quoin_buf_put_str(&text, "# 3456789\n");
	CHECK_INT(parse(quoin_buf_str(&text)), QUOIN_ECONFIG);
	quoin_buf_reset(&text);
	quoin_buf_put_str(&text, "root = ");
	while (text.len < QUOIN_PATH_BYTES_MAX)
		quoin_buf_put_str(&text, "a");
	CHECK_INT(parse(quoin_buf_str(&text)), QUOIN_ECONFIG);
	CHECK_CONTAINS(err.message, "too long");
	quoin_buf_clear(&text);
}

static void
test_durations(void)
{
	static const struct {
		const char *text;
		long long ms; /* -1: refused */
	} rows[] = {
	    {"1500", 1500},
	    {"1500ms", 1500},
	    {"10s", 10000},
	    {"5m", 300000},
	    {"1h", 3600000},
	    {"30d", 2592000000},
	    {"0", 0},
	    {"3660d", 316224000000},
	    {"3661d", -1},
	    {"", -1},
	    {"s", -1},
	    {"1 s", -1},
	    {"01s", -1},
	    {"1S", -1},
	    {"1.5s", -1},
	    {"18446744073709551616", -1},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint64_t ms = 0;
		bool good = quoin_duration_parse(quoin_span_str(rows[i].text), &ms);

		CHECK_INT(good ? (long long)ms : -1, rows[i].ms);
	}
}

static const struct check_case cases[] = {
    {"conf: defaults", test_defaults},
    {"conf: values", test_values},
    {"conf: refusals", test_refusals},
    {"conf: limits", test_limits},
    {"conf: durations", test_durations},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
