#include "publisher/testfile.h"

#include <stdio.h>
#include <string.h>

#include "tests/check.h"

/* What a run says for people, every test named, and for programs. */
static char report[8192], json[8192];

/* A directory with this test file, compiled; the problems of its form, or of running it, as text. What counts stays in
 * "counts". */
static const char *
run(const char *tests, struct quoin_testfile_result *counts)
{
	static const char *const files[][2] = {
	    {"a.rules.json",
		"[{\"name\": \"tv\", \"targetObjectives\": [\"Rank\"], \"model\": {\"name\": \"m\", \"version\": \"2\", "
		"\"config\": {\"rows\": [1, {\"b\": 1, \"a\": 2.50}]}}, \"when\": {\"tv\": true}}]"},
	    {"a.test.json", NULL},
	    {"models.json",
		"{\"m\": [{\"version\": \"1\", \"current\": true, \"inputType\": \"T\", \"modelType\": \"S\", \"uri\": \"u\", "
		"\"digest\": \"d1\"}, {\"version\": \"2\", \"inputType\": \"T\", \"modelType\": \"S\", \"uri\": \"u\", "
		"\"digest\": \"d2\"}]}"},
	    {"objectives.json", "{\"Rank\": {\"inputType\": \"T\", \"modelType\": \"S\", \"default\": \"m\"}}"},
	    {"shards.json", "{\"a\": {\"vip\": \"a:1\", \"hosts\": [\"h\"], \"capacity\": {}}}"},
	};
	static char text[8192];
	struct quoin_testfile_result result = {0};
	struct quoin_directory directory = {0};
	struct quoin_problems problems;
	struct quoin_compiled compiled;
	struct quoin_json_writer writer;
	struct quoin_error err = {0};
	struct quoin_buf out;
	int rc;

	CHECK_INT(quoin_crypto_init(), 0);
	quoin_problems_init(&problems);
	quoin_buf_init(&out, sizeof text);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		const char *content = files[i][1] != NULL ? files[i][1] : tests;

		CHECK_INT(quoin_directory_add(&directory, files[i][0], quoin_span_str(content), &problems), 0);
	}
	quoin_directory_finish(&directory, &problems);
	rc = quoin_compile_directory(&directory, NULL, NULL, &compiled, &problems, &err);
	CHECK_INT(rc, problems.error_count > 0 ? QUOIN_EREFUSED : 0);
	if (rc == 0)
		CHECK_INT(quoin_testfile_run(&compiled, &result, &problems, &err), 0);
	CHECK_INT(quoin_problems_print(&problems, &out), 0);
	snprintf(text, sizeof text, "%s", quoin_buf_str(&out));
	quoin_buf_reset(&out);
	quoin_testfile_print(&result, true, &out);
	snprintf(report, sizeof report, "%s", quoin_buf_str(&out));
	quoin_buf_reset(&out);
	quoin_json_writer_init(&writer, &out);
	quoin_json_begin_object(&writer, NULL);
	quoin_testfile_print_json(&result, &writer);
	quoin_json_end_object(&writer);
	snprintf(json, sizeof json, "%s", quoin_buf_str(&out));
	*counts = (struct quoin_testfile_result){.passed = result.passed, .failed = result.failed};
	quoin_testfile_result_clear(&result);
	quoin_compiled_clear(&compiled);
	quoin_problems_clear(&problems);
	quoin_buf_clear(&out);
	return text;
}

static void
test_form(void)
{
	struct quoin_testfile_result result;

	CHECK_STR(run("{}", &result), "quoin: a.test.json:1:1: the file is an object; write an array\n");
	CHECK_STR(run("[1,\n{\"name\": 3, \"contxt\": {}, \"expect\": {\"modle\": \"m\"}},\n"
		      "{\"name\": \"\", \"context\": [], \"expect\": {}, \"x-by\": \"me\"}]",
		      &result),
	    "quoin: a.test.json:1:2: a test is a number; write an object\n"
	    "quoin: a.test.json:2:1: \"context\" is missing; add it\n"
	    "quoin: a.test.json:2:10: \"name\" is a number; write a string\n"
	    "quoin: a.test.json:2:23: \"contxt\" is no key of a test; did you mean \"context\"?\n"
	    "quoin: a.test.json:2:47: \"modle\" is no key of a decision; did you mean \"model\"?\n"
	    "quoin: a.test.json:3:10: \"name\" is \"\"; write 1 to 1024 bytes without control characters\n"
	    "quoin: a.test.json:3:25: \"context\" is an array; write an object\n"
	    "quoin: a.test.json:3:39: \"expect\" is empty; expect something of the decision\n");
}

static void
test_passes(void)
{
	struct quoin_testfile_result result;

	CHECK_STR(run("[]", &result), "");
	CHECK_INT(result.passed + result.failed, 0);
	CHECK_STR(report, "");
	CHECK_STR(json, "{\"tests\":{\"passed\":0,\"failed\":0,\"cases\":[]}}");
	CHECK_STR(
	    run("[{\"name\": \"default\", \"context\": {\"objective\": \"Rank\"}, \"expect\": {\"model\": \"m\", \"version\": \"1\", "
		"\"reason\": \"default\", \"rule\": \"default\", \"release\": 0, \"shadows\": [], \"x-why\": 1, "
		"\"routes\": [{\"weight\": 1e5, \"shard\": \"a\", \"vip\": \"a:1\"}]}},"
		"{\"name\": \"tv\", \"context\": {\"tv\": true, \"objective\": \"Rank\"}, \"expect\": {\"routingKey\": \"m@2\", "
		"\"config\": {\"rows\": [1.0, {\"a\": 2.5, \"b\": 1}]}, \"fallback\": {\"model\": \"m\", \"version\": \"1\", "
		"\"routingKey\": \"m@1\"}}},"
		"{\"name\": \"none\", \"context\": {\"objective\": \"Rnk\"}, \"expect\": {\"error\": \"unknown_objective\"}},"
		"{\"name\": \"bad\", \"context\": {\"objective\": 3}, \"expect\": {\"error\": \"bad_context\", \"objective\": null}}]",
		&result),
	    "");
	CHECK_INT(result.passed, 4);
	CHECK_INT(result.failed, 0);
}

static void
test_fails(void)
{
	struct quoin_testfile_result result;
	const char *text = run(
	    "[{\"name\": \"one\", \"context\": {\"objective\": \"Rank\"}, \"expect\": {\"model\": \"m\"}},\n"
	    "{\"name\": \"two\", \"context\": {\"objective\": \"Rank\"}, \"expect\": {\"version\": \"2\",\n"
	    "\"cell\": 3}},\n"
	    "{\"name\": \"three\", \"context\": {\"tv\": true, \"objective\": \"Rank\"}, \"expect\": {\"config\": {}}}]",
	    &result);

	CHECK_INT(result.passed, 1);
	CHECK_INT(result.failed, 2);
	CHECK_STR(text,
	    "quoin: a.test.json:2:73: test \"two\": expected \"version\" to be \"2\", but it is \"1\"\n"
	    "quoin: a.test.json:3:9: test \"two\": expected \"cell\" to be 3, but the decision has none\n"
	    "quoin: a.test.json:4:86: test \"three\": expected \"config\" to be {}, but it is {\"rows\":[1,{\"a\":2.5,\"b\":1}]}\n");
	CHECK_STR(report,
	    "ok   a.test.json:1 one\n"
	    "FAIL a.test.json:2 two\n"
	    "     context      {\"objective\":\"Rank\"}\n"
	    "     version      expected \"2\"\n"
	    "                  got      \"1\"\n"
	    "     cell         expected 3\n"
	    "                  got      nothing\n"
	    "     decision     {\"objective\":\"Rank\",\"release\":0,\"model\":\"m\",\"version\":\"1\",\"routingKey\":\"m@1\","
	    "\"config\":{},\"reason\":\"default\",\"rule\":\"default\",\"shadows\":[],\"routes\":[{\"shard\":\"a\",\"vip\":\"a:1\","
	    "\"weight\":100000}],\"stale\":false}\n"
	    "FAIL a.test.json:4 three\n"
	    "     context      {\"objective\":\"Rank\",\"tv\":true}\n"
	    "     config       expected {}\n"
	    "                  got      {\"rows\":[1,{\"a\":2.5,\"b\":1}]}\n"
	    "     decision     {\"objective\":\"Rank\",\"release\":0,\"model\":\"m\",\"version\":\"2\",\"routingKey\":\"m@2\","
	    "\"config\":{\"rows\":[1,{\"a\":2.5,\"b\":1}]},\"reason\":\"context\",\"rule\":\"tv\",\"fallback\":{\"model\":\"m\","
	    "\"version\":\"1\",\"routingKey\":\"m@1\"},\"shadows\":[],\"routes\":[{\"shard\":\"a\",\"vip\":\"a:1\",\"weight\":100000}],"
	    "\"stale\":false}\n"
	    "tests: 1 passed, 2 failed\n");
	CHECK_CONTAINS(json,
	    "{\"tests\":{\"passed\":1,\"failed\":2,\"cases\":["
	    "{\"name\":\"one\",\"file\":\"a.test.json\",\"line\":1,\"ok\":true},"
	    "{\"name\":\"two\",\"file\":\"a.test.json\",\"line\":2,\"ok\":false,\"misses\":["
	    "{\"member\":\"version\",\"expected\":\"2\",\"got\":\"1\"},{\"member\":\"cell\",\"expected\":3}],"
	    "\"context\":{\"objective\":\"Rank\"},\"decision\":{\"objective\":\"Rank\",");
}

static const struct check_case cases[] = {
    {"testfile: the form of tests", test_form},
    {"testfile: tests that pass", test_passes},
    {"testfile: tests that fail", test_fails},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
