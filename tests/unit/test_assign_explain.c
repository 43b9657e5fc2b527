#include "publisher/assign_explain.h"

#include <stdio.h>
#include <string.h>

#include "tests/check.h"
#include "tests/small.h"

#define MODELS                                                                                                         \
	"{'a': " SMALL_MODEL("1", "'demand': {'memory_mb': 60},") ", 'g': " SMALL_MODEL("1", "'requires': {'gpu': 'true'},")  \
	", 'r': " SMALL_MODEL("1", "'demand': {'memory_mb': 50},") "}"
#define OBJECTIVES                                                                                                     \
	"{'o': " SMALL_OBJECTIVE("a", "") ", 'p': " SMALL_OBJECTIVE("g", "") ", 'q': " SMALL_OBJECTIVE("r", "") "}"
#define SHARD(more) "{" more "'vip': 'v:1', 'hosts': ['h1'], 'capacity': {'memory_mb': 100}}"
#define RULES	    "[{'name': 'route-r', 'route': {'big': 25, 'more': 75}, 'model': 'r'}]"

static void
explain(const struct quoin_compiled *compiled, const struct quoin_compiled *base, const char *model, struct quoin_buf *out)
{
	struct quoin_assign_explain explain = {.ruleset = &compiled->ruleset, .base = base != NULL ? 41 : 0,
	    .base_ruleset = base != NULL ? &base->ruleset : NULL, .model = model};

	quoin_buf_init(out, 1 << 20);
	CHECK_INT(quoin_assign_explain_print(&explain, out), 0);
}

static void
test_reasons(void)
{
	static const char shards[] =
	    "{'big': {'vip': 'b:1', 'hosts': ['b1'], 'capacity': {'memory_mb': 400}}, 'drained': "
	    "{'vip': 'd:1', 'hosts': ['d1'], 'capacity': {'memory_mb': 900}, 'drain': true},"
	    " 'empty': {'vip': 'e:1', 'hosts': [], 'capacity': {'memory_mb': 900}},"
	    " 'gpu': {'vip': 'g:1', 'hosts': ['g1'], 'capacity': {'memory_mb': 59}, 'labels': {'gpu': 'true'}},"
	    " 'more': {'vip': 'm:1', 'hosts': ['m1'], 'capacity': {'memory_mb': 300}}}";
	struct quoin_compiled compiled;
	struct quoin_buf out;

	small_compile(MODELS, OBJECTIVES, RULES, shards, &compiled);
	explain(&compiled, NULL, "a@1", &out);
	CHECK_STR(quoin_buf_str(&out),
	    "a@1 needs 60 memory_mb; 1 shard is wanted\n"
	    "  on big with 100 %: it is new there, where room was left for it\n"
	    "  not on drained: the shard is draining\n"
	    "  not on empty: the shard has no hosts\n"
	    "  not on gpu: the shard lacks 1 memory_mb (60 needed, 59 of 59 left)\n"
	    "  not on more: 1 of 1 shards have it already\n");
	quoin_buf_clear(&out);
	explain(&compiled, NULL, "g", &out);
	CHECK_CONTAINS(quoin_buf_str(&out), "g@1 on shards with gpu=true; 1 shard is wanted\n  on gpu with 100 %");
	CHECK_CONTAINS(quoin_buf_str(&out), "  not on big, drained, empty, more: the shard lacks the label gpu=true\n");
	quoin_buf_clear(&out);
	explain(&compiled, NULL, "r", &out);
	CHECK_CONTAINS(quoin_buf_str(&out), "  on big with 25 %: the route rule route-r says so\n");
	CHECK_CONTAINS(quoin_buf_str(&out), "  on more with 75 %: the route rule route-r says so\n");
	CHECK_CONTAINS(quoin_buf_str(&out), "  not on drained, empty, gpu: the route rule route-r does not name it\n");
	quoin_buf_clear(&out);
	quoin_compiled_clear(&compiled);
}

static void
test_base(void)
{
	struct quoin_compiled before, after;
	struct quoin_buf out;

	small_compile("{'a': " SMALL_MODEL("1", "") "}", "{'o': " SMALL_OBJECTIVE("a", "") "}", "[]", "{'s': " SHARD("") "}",
	    &before);
	small_compile("{'a': " SMALL_MODEL("1", "'shards': 2,") "}", "{'o': " SMALL_OBJECTIVE("a", "") "}", "[]",
	    "{'s': " SHARD("") ", 't': {'vip': 't:1', 'hosts': ['t1'], 'capacity': {}}}", &after);
	explain(&after, &before, NULL, &out);
	CHECK_STR(quoin_buf_str(&out),
	    "a@1; 2 shards are wanted\n"
	    "  on s with 50 %: it was there in release 41, and what is placed stays\n"
	    "  on t with 50 %: it is new there, where room was left for it\n");
	quoin_buf_clear(&out);
	quoin_compiled_clear(&after);
	/* Why it left. */
	small_compile("{'a': " SMALL_MODEL("1", "") "}", "{'o': " SMALL_OBJECTIVE("a", "") "}", "[]",
	    "{'s': " SHARD("'drain': true, ") ", 't': {'vip': 't:1', 'hosts': ['t1'], 'capacity': {}}}", &after);
	explain(&after, &before, NULL, &out);
	CHECK_STR(quoin_buf_str(&out),
	    "a@1; 1 shard is wanted\n"
	    "  on t with 100 %: it is new there, where room was left for it\n"
	    "  not on s: it was there in release 41, but the shard is draining\n");
	quoin_buf_clear(&out);
	quoin_compiled_clear(&before);
	quoin_compiled_clear(&after);
}

/* A model that the release does not have; placements that no assignment gives do no harm. */
static void
test_strange(void)
{
	struct quoin_compiled compiled;
	struct quoin_assign_explain explain = {.ruleset = &compiled.ruleset, .model = "nobody"};
	struct quoin_placement twice[4] = {{0, 0, 50000}, {0, 0, 50000}, {0, 1, 0}, {0, 1, 0}};
	struct quoin_json_writer writer;
	struct quoin_buf out;

	small_compile("{'a': " SMALL_MODEL("1", "'shards': 2,") "}", "{'o': " SMALL_OBJECTIVE("a", "") "}", "[]",
	    "{'s': " SHARD("") ", 't': {'vip': 't:1', 'hosts': ['t1'], 'capacity': {}}}", &compiled);
	quoin_buf_init(&out, 1 << 16);
	CHECK_INT(quoin_assign_explain_print(&explain, &out), QUOIN_ENOENT);
	explain.model = NULL;
	compiled.ruleset.placements = twice;
	compiled.ruleset.placement_count = 4;
	CHECK_INT(quoin_assign_explain_print(&explain, &out), 0);
	quoin_buf_reset(&out);
	compiled.ruleset.placement_count = 1;
	quoin_json_writer_init(&writer, &out);
	quoin_json_begin_object(&writer, NULL);
	CHECK_INT(quoin_assign_explain_print_json(&explain, &writer), 0);
	quoin_json_end_object(&writer);
	CHECK_STR(quoin_buf_str(&out),
	    "{\"assignment\":[{\"model\":\"a@1\",\"shards\":2,\"demand\":{},\"on\":[{\"shard\":\"s\",\"weight\":50000,\"because\":"
	    "\"it is new there, where room was left for it\"}],\"not_on\":[{\"shard\":"
	    "\"t\",\"because\":\"1 of 2 shards have it already\"}]}]}");
	quoin_buf_clear(&out);
	quoin_compiled_clear(&compiled);
}

static const struct check_case cases[] = {
    {"assign explain: each reason", test_reasons},
    {"assign explain: what stays and what is new", test_base},
    {"assign explain: strange input", test_strange},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
