/*
 * What plan, diff and show tell people: whole outputs against files in tests/vectors, so that a change of them is a diff that
 * somebody reads. QUOIN_GOLDEN=1 writes the files anew.
 */
#include "publisher/review.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "publisher/assign_explain.h"
#include "publisher/explain.h"
#include "publisher/reverted.h"
#include "publisher/wrap.h"
#include "tests/check.h"
#include "tests/small.h"

/* The text, broken for a terminal of so many columns (0: not), is what the file has. */
static void
check_golden(const char *name, struct quoin_buf *text, size_t columns)
{
	struct quoin_buf want, shown;
	char path[128];
	FILE *file;

	snprintf(path, sizeof path, "tests/vectors/%s.txt", name);
	quoin_buf_init(&want, 1 << 20);
	quoin_buf_init(&shown, 1 << 20);
	quoin_wrap(quoin_buf_span(text), columns, &shown);
	if (getenv("QUOIN_GOLDEN") != NULL) {
		file = fopen(path, "w");
		CHECK(file != NULL && fputs(quoin_buf_str(&shown), file) >= 0 && fclose(file) == 0);
	}
	CHECK_INT(quoin_file_read(path, &want, NULL), 0);
	CHECK_STR(quoin_buf_str(&shown), quoin_buf_str(&want));
	quoin_buf_clear(&want);
	quoin_buf_clear(&shown);
}

/* ---- Two directories that differ in everything ---- */

static const char models_before[] =
    "{'ranker': [" SMALL_MODEL("1", "'current': true, 'demand': {'memory_mb': 3000}, 'shards': 2,") ", "
    SMALL_MODEL("2", "'demand': {'memory_mb': 4000},") "], 'kids': " SMALL_MODEL("3", "'config': {'strict': true},")
    ", 'old': " SMALL_MODEL("4", "'demand': {'memory_mb': 500},") ", 'stays': " SMALL_MODEL("5", "") "}";
static const char models_after[] =
    "{'ranker': [" SMALL_MODEL("1", "'current': true, 'demand': {'memory_mb': 3500, 'cpu': 2}, 'shards': 2,") ", "
    SMALL_MODEL("2", "'demand': {'memory_mb': 4000},") "], 'kids': " SMALL_MODEL("3", "'config': {'strict': false},")
    ", 'new': " SMALL_MODEL("1", "'demand': {'memory_mb': 700}, 'shards': 2,") ", 'stays': " SMALL_MODEL("5", "") "}";

static const char objectives_before[] =
    "{'HomeRanking': " SMALL_OBJECTIVE("ranker", "'owner': 'home', 'config': {'timeoutMs': 80, 'rows': 3},")
    ", 'Gone': " SMALL_OBJECTIVE("old", "'owner': 'search',") ", 'Same': " SMALL_OBJECTIVE("stays", "") "}";
static const char objectives_after[] =
    "{'HomeRanking': " SMALL_OBJECTIVE("ranker", "'owner': 'home', 'config': {'timeoutMs': 95, 'columns': 3},")
    ", 'Came': " SMALL_OBJECTIVE("new", "'owner': 'search',") ", 'Same': " SMALL_OBJECTIVE("stays", "") "}";

#define RULE(name, more) "{'name': '" name "', 'targetObjectives': ['HomeRanking'], " more "}"
#define COUNTRIES "'country': ['DE', 'FR', 'ES', 'IT', 'NL'"
static const char rules_before[] =
    "[" RULE("ab", "'abTestId': 7, 'cellToModel': {'1': 'ranker', '2': 'kids', '3': 'stays'},"
		   " 'allocation': {'cells': {'1': 10, '2': 10}}")
    ",\n" RULE("canary", "'split': [{'model': {'name': 'ranker', 'version': '2'}, 'percent': 5}, {'model': 'ranker', 'percent': 95}]")
    ",\n" RULE("countries", "'model': 'stays', 'when': {" COUNTRIES "], 'plan': {'prefix': 'ads-'}}")
    ",\n" RULE("for-kids", "'model': 'kids', 'when': {'profile': 'kids'}, 'config': {'maturityMax': 7}")
    ",\n" RULE("gone", "'model': 'stays', 'when': {'anyOf': [{'tenureDays': {'lt': 28}}, {'isNew': true}]}")
    ",\n" RULE("ramp", "'ramp': {'to': 'kids', 'percent': 1}")
    ",\n" RULE("debug", "'override': {'models': ['ranker'], 'callers': ['qa']}")
    ",\n{'name': 'route', 'route': {'rank-a': 100}, 'model': 'stays'}]";
static const char rules_after[] =
    "[" RULE("ab", "'abTestId': 7, 'cellToModel': {'1': 'ranker', '2': {'name': 'kids', 'config': {'k': 1}}, '4': 'new'},"
		   " 'allocation': {'cells': {'1': 10, '2': 12.5, '4': 5}}")
    ",\n" RULE("canary", "'split': [{'model': {'name': 'ranker', 'version': '2'}, 'percent': 25}, {'model': 'ranker', 'percent': 75}]")
    ",\n" RULE("countries", "'model': 'stays', 'when': {" COUNTRIES ", 'SE'], 'plan': {'prefix': 'ads-'}}")
    ",\n" RULE("for-kids", "'model': 'kids', 'when': {'profile': ['kids', 'teen']}, 'config': {'maturityMax': 12}")
    ",\n" RULE("ramp", "'ramp': {'to': 'kids', 'percent': 10}, 'salt': 'again'")
    ",\n" RULE("debug", "'override': {'models': ['ranker', 'kids'], 'callers': 'any'}")
    ",\n" RULE("tv-with-a-rather-long-name", "'model': 'new', 'when': {'deviceType': ['tv', 'console'], 'appVersion': {'version': "
	       "'>=9.4 <10'}, 'not': {'plan': {'in': ['ads', 'basic']}}, 'anyOf': [{'tenureDays': {'lt': 28}}, {'locale': "
	       "{'prefix': 'pt-'}}]}, 'config': {'rows': 12}")
    ",\n{'name': 'route', 'route': {'rank-a': 90, 'rank-b': 10}, 'model': 'stays'}]";

static const char shards_before[] =
    "{'rank-a': {'vip': 'a:1', 'hosts': ['a1', 'a2'], 'capacity': {'memory_mb': 65536, 'cpu': 64}},"
    " 'rank-b': {'vip': 'b:1', 'hosts': ['b1'], 'capacity': {'memory_mb': 65536, 'cpu': 64}}}";
static const char shards_after[] =
    "{'rank-a': {'vip': 'a:1', 'hosts': ['a1', 'a3', 'a4'], 'capacity': {'memory_mb': 131072, 'cpu': 64}, 'labels': {'gpu': 'true'}},"
    " 'rank-b': {'vip': 'b:1', 'hosts': ['b1'], 'capacity': {'memory_mb': 65536, 'cpu': 64}},"
    " 'rank-c': {'vip': 'c:1', 'hosts': ['c1'], 'capacity': {'memory_mb': 4000, 'cpu': 64}}}";

static struct quoin_flow flows[] = {
    {"HomeRanking", "ranker@1", "ranker@2", 200},
    {"HomeRanking", "ranker@1", "new@1", 17},
    {"Came", NULL, "new@1", 3},
};
static struct quoin_flow_total totals[] = {{"Came", 3, 3, 0}, {"HomeRanking", 1000, 217, 40}};
static const struct quoin_decisions decisions = {.total = 1003, .moved = 220, .reconfigured = 40, .bad = 2, .flows = flows,
    .flow_count = 3, .objectives = totals, .objective_count = 2};
static const struct quoin_transfer transfer = {
    .parts = {{"models", 4096, 120, true}, {"routes", 1024, 300, false}, {"rules", 1234567, 4321, true}, {"source", 9000, 2000, false}},
    .part_count = 4, .router_bytes = 4621, .serving_bytes = 120};

static void
test_everything(void)
{
	struct quoin_compiled before, after;
	struct quoin_difference difference;
	struct quoin_problems problems;
	struct quoin_review review = {.before = 41, .directory = "rules", .difference = &difference, .transfer = &transfer,
	    .decisions = &decisions, .contexts = "rules/contexts.jsonl", .guards = &problems, .tests_passed = 7, .tests_failed = 1};
	struct quoin_buf out;

	small_compile(models_before, objectives_before, rules_before, shards_before, &before);
	small_compile_on(&before, models_after, objectives_after, rules_after, shards_after, &after);
	after.ruleset.policy.ready_percent = 90;
	after.ruleset.policy.reach[1] = after.ruleset.policy.reach[0];
	after.ruleset.policy.reach[0] = (struct quoin_reach_step){.threshold = 1500};
	after.ruleset.policy.reach_count = 2;
	after.ruleset.policy.on_timeout = QUOIN_ON_TIMEOUT_ABORT;
	quoin_problems_init(&problems);
	quoin_problem_error(&problems, "rebucket", (struct quoin_place){"r.rules.json", 6, 0},
	    "rule \"ramp\" exists in the base with another salt: its users would be divided anew; mend it, or publish with "
	    "--waive rebucket");
	quoin_problem_error(&problems, "test_failed", (struct quoin_place){"home.test.json", 3, 9},
	    "test \"two\": expected \"cell\" to be 3, but the decision has none");
	quoin_buf_init(&out, 1 << 20);
	CHECK_INT(quoin_difference_make(&before.ruleset, &after.ruleset, &difference), 0);
	quoin_review_print(&review, &out);
	check_golden("review", &out, 0);
	check_golden("review-80", &out, 80);
	quoin_difference_clear(&difference);
	/* The way back. */
	quoin_buf_reset(&out);
	review = (struct quoin_review){.before = 42, .after = 41, .difference = &difference, .transfer = &transfer};
	CHECK_INT(quoin_difference_make(&after.ruleset, &before.ruleset, &difference), 0);
	quoin_review_print(&review, &out);
	check_golden("review-back", &out, 0);
	quoin_difference_clear(&difference);
	quoin_problems_clear(&problems);
	quoin_buf_clear(&out);
	quoin_compiled_clear(&before);
	quoin_compiled_clear(&after);
}

static void
test_reverted(void)
{
	struct quoin_compiled before, after;
	struct quoin_reverted reverted = {.from = 42, .to = 41, .is_known = true}, unknown = {.from = 2, .to = 1};
	struct quoin_buf out;

	quoin_buf_init(&out, 1 << 20);
	small_compile(models_before, objectives_before, rules_before, shards_before, &before);
	small_compile_on(&before, models_after, objectives_after, rules_after, shards_after, &after);
	reverted.before = after.ruleset;
	reverted.after = before.ruleset;
	CHECK_INT(quoin_difference_make(&after.ruleset, &before.ruleset, &reverted.difference), 0);
	quoin_reverted_print(&reverted, &out);
	quoin_reverted_print(&unknown, &out);
	check_golden("reverted", &out, 80);
	quoin_difference_clear(&reverted.difference);
	quoin_buf_clear(&out);
	quoin_compiled_clear(&before);
	quoin_compiled_clear(&after);
}

/* Long sections are cut, and say so; nothing is one line. */
static void
test_long_and_short(void)
{
	static const struct quoin_ruleset nothing;
	static const struct quoin_transfer none;
	struct quoin_compiled compiled;
	struct quoin_difference difference;
	struct quoin_review review = {.directory = "rules", .difference = &difference, .transfer = &none};
	struct quoin_buf objectives, out;

	quoin_buf_init(&objectives, 1 << 20);
	quoin_buf_init(&out, 1 << 20);
	for (int i = 0; i < 100; i++)
		quoin_buf_printf(&objectives, "%s'o%d': " SMALL_OBJECTIVE("stays", ""), i == 0 ? "{" : ",", i);
	quoin_buf_put_byte(&objectives, '}');
	small_compile(models_before, quoin_buf_str(&objectives), "[]", shards_before, &compiled);
	CHECK_INT(quoin_difference_make(&nothing, &compiled.ruleset, &difference), 0);
	quoin_review_print(&review, &out);
	CHECK_CONTAINS(quoin_buf_str(&out), "rules against nothing: there is no release yet\n");
	CHECK_CONTAINS(quoin_buf_str(&out), "objectives  100 added\n  + o0  default stays@5\n");
	CHECK_CONTAINS(quoin_buf_str(&out), "  … and 40 more; --json has all\n");
	CHECK_CONTAINS(quoin_buf_str(&out), "models      1 added\n  + stays@5 on rank-a\nshards      2 added, 0 of 2 carry");
	quoin_difference_clear(&difference);
	quoin_buf_reset(&out);
	CHECK_INT(quoin_difference_make(&compiled.ruleset, &compiled.ruleset, &difference), 0);
	review.before = 7;
	quoin_review_print(&review, &out);
	CHECK_STR(quoin_buf_str(&out), "rules against release 7\nno objective, model, route or shard differs\n"
	    "transfer    a router fetches 0 bytes, a serving host 0\n");
	quoin_difference_clear(&difference);
	quoin_compiled_clear(&compiled);
	quoin_buf_clear(&objectives);
	quoin_buf_clear(&out);
}

/* ---- Why ---- */

static void
test_explain(void)
{
	static const char *const contexts[] = {
	    "{\"objective\": \"HomeRanking\", \"userId\": \"u-1\", \"country\": \"DE\", \"plan\": \"premium\", \"profile\": \"adult\", "
	    "\"deviceType\": \"phone\"}",
	    "{\"objective\": \"HomeRanking\", \"ab\": {\"7\": 2}}",
	    "{\"objective\": \"Same\"}",
	};
	struct quoin_compiled compiled;
	struct quoin_buf out;

	quoin_buf_init(&out, 1 << 20);
	small_compile(models_after, objectives_after, rules_after, shards_after, &compiled);
	for (size_t i = 0; i < sizeof contexts / sizeof contexts[0]; i++) {
		struct quoin_json_doc *doc = NULL;
		struct quoin_explain explain;

		CHECK_INT(quoin_json_parse(quoin_span_str(contexts[i]), &doc, NULL), 0);
		CHECK_INT(quoin_explain_make(&compiled.ruleset, quoin_json_root(doc), &explain), 0);
		quoin_buf_printf(&out, "%s\n", contexts[i]);
		quoin_explain_print(&explain, &out);
		quoin_json_free(doc);
	}
	check_golden("explain", &out, 0);
	quoin_buf_clear(&out);
	quoin_compiled_clear(&compiled);
}

static void
test_assignment(void)
{
	struct quoin_compiled before, after;
	struct quoin_assign_explain explain = {.ruleset = &after.ruleset, .base = 41, .base_ruleset = &before.ruleset};
	struct quoin_buf out;

	quoin_buf_init(&out, 1 << 20);
	small_compile(models_before, objectives_before, rules_before, shards_before, &before);
	small_compile_on(&before, models_after, objectives_after, rules_after, shards_after, &after);
	CHECK_INT(quoin_assign_explain_print(&explain, &out), 0);
	check_golden("assignment", &out, 80);
	quoin_buf_clear(&out);
	quoin_compiled_clear(&before);
	quoin_compiled_clear(&after);
}

static const struct check_case cases[] = {
    {"review: everything differs", test_everything},
    {"review: long and short", test_long_and_short},
    {"reverted: what a rollback takes back", test_reverted},
    {"explain: whole outputs", test_explain},
    {"assign explain: a whole output", test_assignment},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
