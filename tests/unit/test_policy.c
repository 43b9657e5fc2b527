#include "formats/policy.h"

#include <stdio.h>
#include <string.h>

#include "tests/check.h"

static struct quoin_policy policy;
static struct quoin_error err;

static int
read_policy(const char *text)
{
	struct quoin_json_doc *doc;
	int rc;

	CHECK_INT(quoin_json_parse(quoin_span_str(text), &doc, &err), 0);
	rc = quoin_policy_read(doc, "policy.json", &policy, &err);
	quoin_json_free(doc);
	return rc;
}

static void
test_defaults(void)
{
	struct quoin_buf out;

	CHECK_INT(read_policy("{}"), 0);
	quoin_buf_init(&out, 10000);
	quoin_policy_print(&policy, &out);
	CHECK_STR(quoin_buf_str(&out), "policy 1 100 0 90 0 0 600000 hold alarm 30000 1\nreach percent 100000\n");
	/* INTERFACES.md section 4 as it stands there. */
	CHECK_INT(
	    read_policy(
		"{\"serving\": {\"ready_hosts_min\": 1, \"ready_percent\": 100, \"soak_ms\": 0}, "
		"\"routers\": {\"staged_percent\": 90}, \"failed_hosts_max\": 0, \"reach\": [{\"percent\": 100}], "
		"\"step\": {\"soak_ms\": 0, \"timeout_ms\": 600000, \"on_timeout\": \"hold\"}, "
		"\"on_lost_readiness\": \"alarm\", \"drain_ms\": 30000, \"warm_releases\": 1}"),
	    0);
	quoin_buf_reset(&out);
	quoin_policy_print(&policy, &out);
	CHECK_STR(quoin_buf_str(&out), "policy 1 100 0 90 0 0 600000 hold alarm 30000 1\nreach percent 100000\n");
	quoin_buf_clear(&out);
}

static void
test_values(void)
{
	struct quoin_buf out;

	CHECK_INT(
	    read_policy(
		"{\"x-owner\": [1], \"serving\": {\"ready_hosts_min\": 2, \"ready_percent\": 90, \"soak_ms\": 3},"
		"\"routers\": {\"staged_percent\": 4}, \"failed_hosts_max\": 5, \"step\": {\"soak_ms\": 6, "
		"\"timeout_ms\": 7, \"on_timeout\": \"abort\"}, \"on_lost_readiness\": \"rollback\", \"drain_ms\": 8,"
		"\"warm_releases\": 9, \"reach\": [{\"label\": {\"zone\": \"a\", \"region\": \"us\"}}, "
		"{\"percent\": 0.001}, {\"percent\": 12.5, \"x-why\": 1}, {\"percent\": 100}]}"),
	    0);
	quoin_buf_init(&out, 10000);
	quoin_policy_print(&policy, &out);
	CHECK_STR(quoin_buf_str(&out),
	    "policy 2 90 3 4 5 6 7 abort rollback 8 9\nreach label region=us zone=a\n"
	    "reach percent 1\nreach percent 12500\nreach percent 100000\n");
	quoin_buf_clear(&out);
}

static void
test_refusals(void)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
	    {"[]", "policy: expected an object"},
	    {"{\"servng\": {}}", "unknown key \"servng\"; did you mean \"serving\"?"},
	    {"{\"serving\": {\"ready\": 1}}", "unknown key \"ready\""},
	    {"{\"serving\": 1}", "serving: expected an object"},
	    {"{\"serving\": {\"ready_hosts_min\": 0}}", "from 1 to 1024"},
	    {"{\"serving\": {\"ready_percent\": 100.5}}", "expected an integer"},
	    {"{\"serving\": {\"ready_percent\": 101}}", "from 0 to 100"},
	    {"{\"serving\": {\"soak_ms\": -1}}", "soak_ms: expected an integer"},
	    {"{\"serving\": {\"soak_ms\": \"1\"}}", "soak_ms: expected an integer"},
	    {"{\"routers\": {\"staged\": 1}}", "unknown key \"staged\""},
	    {"{\"step\": {\"timeout_ms\": 0}}", "timeout_ms"},
	    {"{\"step\": {\"on_timeout\": \"wait\"}}", "expected \"hold\" or \"abort\""},
	    {"{\"on_lost_readiness\": 1}", "expected \"alarm\" or \"rollback\""},
	    {"{\"reach\": {}}", "expected an array"},
	    {"{\"reach\": []}", "last step of reach must be 100 percent"},
	    {"{\"reach\": [{\"percent\": 50}]}", "last step of reach must be 100 percent"},
	    {"{\"reach\": [{\"percent\": 50}, {\"percent\": 50}, {\"percent\": 100}]}", "must rise"},
	    {"{\"reach\": [{\"percent\": 0}, {\"percent\": 100}]}", "above 0"},
	    {"{\"reach\": [{\"percent\": 100.001}]}", "at most 100"},
	    {"{\"reach\": [{\"percent\": 0.0001}, {\"percent\": 100}]}", "three decimals"},
	    {"{\"reach\": [{\"percent\": \"50\"}, {\"percent\": 100}]}", "expected a number"},
	    {"{\"reach\": [{\"label\": {}}, {\"percent\": 100}]}", "expected an object such as"},
	    {"{\"reach\": [{\"label\": {\"a\": 1}}, {\"percent\": 100}]}", "must be names"},
	    {"{\"reach\": [{\"label\": {\"a\": \"b\"}, \"percent\": 1}, {\"percent\": 100}]}",
		"either percent or label"},
	    {"{\"reach\": [{}, {\"percent\": 100}]}", "each step is"},
	    {"{\"reach\": [1]}", "each step is"},
	    {"{\"reach\": [{\"percents\": 100}]}", "did you mean \"percent\"?"},
	    {"{\"warm_releases\": 61}", "from 0 to 60"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int rc = read_policy(rows[i].text);

		if (rc != QUOIN_EREFUSED || strstr(err.message, rows[i].message) == NULL)
			check_fail(__FILE__, __LINE__, "%s: %d \"%s\", expected \"%s\"", rows[i].text, rc, err.message,
			    rows[i].message);
		CHECK_STR(err.file, "policy.json");
		CHECK_INT(err.line, 1);
	}
}

static const struct check_case cases[] = {
    {"policy: defaults", test_defaults},
    {"policy: values", test_values},
    {"policy: refusals", test_refusals},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
