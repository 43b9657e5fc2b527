#include "publisher/difference.h"

#include <stdio.h>
#include <string.h>

#include "formats/source.h"
#include "publisher/decisions.h"
#include "publisher/phrase.h"
#include "publisher/transfer.h"
#include "tests/check.h"
#include "tests/small.h"

#define MODELS                                                                                                         \
	"{'a': " SMALL_MODEL("1", "") ", 'b': " SMALL_MODEL("1", "'demand': {'memory_mb': 40},") ", 'c': [" SMALL_MODEL(   \
	    "1", "'current': true,") ", " SMALL_MODEL("2", "") "]}"
#define OBJECTIVES "{'p': " SMALL_OBJECTIVE("a", "'owner': 'me',") ", 'q': " SMALL_OBJECTIVE("b", "") "}"
#define SHARDS                                                                                                         \
	"{'s': {'vip': 's:1', 'hosts': ['s1'], 'capacity': {'memory_mb': 100}},"                                        \
	" 't': {'vip': 't:1', 'hosts': ['t1'], 'capacity': {'memory_mb': 90}}}"

/* The difference as one line of words. */
static void
tell(const struct quoin_difference *difference, struct quoin_buf *out)
{
	for (size_t i = 0; i < difference->objective_count; i++) {
		const struct quoin_objective_change *change = &difference->objectives[i];

		quoin_buf_printf(out, "%c%s", "+-~"[change->change], change->objective);
		for (enum quoin_aspect aspect = 0; aspect < QUOIN_ASPECTS; aspect++)
			if (quoin_aspects_have(change->aspects, aspect))
				quoin_buf_printf(out, " %s", quoin_aspect_name(aspect));
		for (size_t k = 0; k < change->rule_count; k++) {
			const struct quoin_rule_change *rule = &change->rules[k];

			quoin_buf_printf(out, " %c%s", "+-~"[rule->change],
			    rule->after != NULL ? rule->after->name : rule->before->name);
			for (enum quoin_aspect aspect = 0; aspect < QUOIN_ASPECTS; aspect++)
				if (quoin_aspects_have(rule->aspects, aspect))
					quoin_buf_printf(out, ".%s", quoin_aspect_name(aspect));
		}
		quoin_buf_put_str(out, "; ");
	}
	for (size_t i = 0; i < difference->model_count; i++) {
		const struct quoin_model_change *change = &difference->models[i];

		quoin_buf_printf(out, "%c%s", "+-~"[change->change],
		    change->after != NULL ? change->after->routing_key : change->before->routing_key);
		for (enum quoin_aspect aspect = 0; aspect < QUOIN_ASPECTS; aspect++)
			if (quoin_aspects_have(change->aspects, aspect))
				quoin_buf_printf(out, ".%s", quoin_aspect_name(aspect));
		quoin_buf_put_str(out, "; ");
	}
	for (size_t i = 0; i < difference->route_count; i++) {
		const struct quoin_route_change *change = &difference->routes[i];

		quoin_buf_printf(out, "%s: ", change->routing_key);
		quoin_phrase_placements(difference->before, change->before, change->before_count, out);
		quoin_buf_put_str(out, " -> ");
		quoin_phrase_placements(difference->after, change->after, change->after_count, out);
		quoin_buf_put_str(out, "; ");
	}
	for (size_t i = 0; i < difference->shard_count; i++) {
		const struct quoin_shard_change *change = &difference->shards[i];

		for (enum quoin_aspect aspect = 0; aspect < QUOIN_ASPECTS; aspect++)
			if (quoin_aspects_have(change->aspects, aspect))
				quoin_buf_printf(out, "%s.%s; ", change->shard, quoin_aspect_name(aspect));
		for (size_t k = 0; k < change->load_count; k++)
			if (change->loads[k].before != change->loads[k].after)
				quoin_buf_printf(out, "%s %llu>%llu/%llu; ", change->shard,
				    (unsigned long long)change->loads[k].before, (unsigned long long)change->loads[k].after,
				    (unsigned long long)change->loads[k].capacity);
	}
}

#define RULE(name, more) "{'name': '" name "', 'targetObjectives': ['p'], " more "}"
#define WHEN(when) "[" RULE("r", "'model': 'a', 'when': {" when "}") "]"
#define SPLIT(more, one, two)                                                                                          \
	"[" RULE("r", more "'split': [{'model': 'a', 'percent': " one "}, {'model': 'b', 'percent': " two "}]") "]"
#define TEST(id, cells) "[" RULE("r", "'abTestId': " id ", 'cellToModel': {" cells "}") "]"

#define OLD_A "{'inputType': 'T', 'modelType': 'S', 'default': {'name': 'a', 'version': '1'}}"

static const struct {
	const char *models[2], *objectives[2], *rules[2], *shards[2];
	const char *said;
} table[] = {
    {.said = ""},
    {.rules = {NULL, "[" RULE("r", "'model': 'a', 'when': {'x': 1}") "]"}, .said = "~p +r; "},
    {.rules = {"[" RULE("r", "'model': 'a', 'when': {'x': 1}") "]", NULL}, .said = "~p -r; "},
    {.rules = {"[{'name': 'r', 'targetObjectives': ['p', 'q'], 'model': 'a', 'when': {'x': 1}}]",
	 "[{'name': 'r', 'targetObjectives': ['q'], 'model': 'a', 'when': {'x': 1}}]"}, .said = "~p -r; "},
    {.rules = {"[" RULE("r", "'model': 'a', 'when': {'x': 1}, 'enabled': false") "]", WHEN("'x': 1")}, .said = "~p +r; "},
    {.rules = {WHEN("'x': 1"), WHEN("'x': 2")}, .said = "~p ~r.when; "},
    {.rules = {WHEN("'x': 1"), WHEN("'x': '1'")}, .said = "~p ~r.when; "},
    {.rules = {WHEN("'x': true"), WHEN("'x': false")}, .said = "~p ~r.when; "},
    {.rules = {WHEN("'x': [1, 2]"), WHEN("'x': {'notIn': [1, 2]}")}, .said = "~p ~r.when; "},
    {.rules = {WHEN("'x': {'version': '>=1.2'}"), WHEN("'x': {'version': '>=1.2.1'}")}, .said = "~p ~r.when; "},
    {.rules = {WHEN("'x': {'version': '>=1.2'}"), WHEN("'x': {'version': '>=1.2.0'}")}, .said = ""},
    {.rules = {WHEN("'not': {'x': 1}"), WHEN("'anyOf': [{'x': 1}]")}, .said = "~p ~r.when; "},
    {.rules = {WHEN("'x': 1"), "[" RULE("r", "'model': 'b', 'when': {'x': 1}") "]"}, .said = "~p ~r.models; "},
    {.rules = {WHEN("'x': 1"), "[" RULE("r", "'model': 'a', 'when': {'x': 1}, 'config': {'k': 1}") "]"},
	.said = "~p ~r.config; "},
    {.rules = {WHEN("'x': 1"), "[" RULE("r", "'model': {'name': 'a', 'config': {'k': 1}}, 'when': {'x': 1}") "]"},
	.said = "~p ~r.config; "},
    {.rules = {SPLIT("", "50", "50"), SPLIT("", "40", "60")}, .said = "~p ~r.percents; "},
    {.rules = {SPLIT("", "50", "50"), SPLIT("'salt': 'z', ", "50", "50")}, .said = "~p ~r.buckets; "},
    {.rules = {SPLIT("", "50", "50"), SPLIT("'by': 'z', ", "50", "50")}, .said = "~p ~r.buckets; "},
    {.rules = {SPLIT("", "50", "50"), "[" RULE("r", "'ramp': {'to': 'a', 'percent': 50}") "]"},
	.said = "~p ~r.kind.models.percents; "},
    {.rules = {TEST("1", "'1': 'a'"), TEST("2", "'1': 'a'")}, .said = "~p ~r.test; "},
    {.rules = {TEST("1", "'1': 'a'"), TEST("1", "'2': 'a'")}, .said = "~p ~r.models; "},
    {.rules = {"[" RULE("r", "'override': {'models': ['a'], 'callers': 'any'}") "]",
	 "[" RULE("r", "'override': {'models': ['a'], 'callers': ['x']}") "]"}, .said = "~p ~r.callers; "},
    /* What an override of any model admits depends on the models of the release, and on which is current. */
    {.rules = {"[" RULE("r", "'override': {'models': 'any', 'callers': 'any'}") "]",
	 "[" RULE("r", "'override': {'models': 'any', 'callers': 'any'}") ", " RULE("w", "'model': 'c', 'when': {'x': 1}") "]"},
	.said = "~p ~r.models +w; +c@1; c@1: nowhere -> t 100 %; "},
    {.models = {NULL, "{'a': [" SMALL_MODEL("1", "") ", " SMALL_MODEL("2", "'current': true,") "], 'b': " SMALL_MODEL("1",
	"'demand': {'memory_mb': 40},") ", 'c': " SMALL_MODEL("1", "") "}"},
	.objectives = {"{'p': " OLD_A "}", "{'p': " OLD_A "}"},
	.rules = {"[" RULE("r", "'override': {'models': 'any', 'callers': 'any'}") "]",
	    "[" RULE("r", "'override': {'models': 'any', 'callers': 'any'}") "]"},
	.said = "~p ~r.models; "},
    {.rules = {"[" RULE("r", "'model': 'a', 'when': {'x': 1}") "," RULE("w", "'model': 'b', 'when': {'x': 1}") "]",
	 "[" RULE("w", "'model': 'b', 'when': {'x': 1}") "," RULE("r", "'model': 'a', 'when': {'x': 1}") "]"},
	.said = "~p order; "},
    {.rules = {"[" RULE("r", "'model': 'a', 'when': {'x': 1}") "," RULE("w", "'model': 'b', 'when': {'x': 1}") "]",
	 "[" RULE("v", "'model': 'b', 'when': {'x': 1}") "," RULE("r", "'model': 'a', 'when': {'x': 1}") ","
	 RULE("w", "'model': 'b', 'when': {'x': 1}") "]"}, .said = "~p +v; "},
    {.objectives = {NULL, "{'p': " SMALL_OBJECTIVE("a", "") "}"},
	.said = "-q; -b@1; a@1: t 100 % -> s 100 %; b@1: s 100 % -> nowhere; s 40>0/100; "},
    {.objectives = {NULL, "{'p': " SMALL_OBJECTIVE("b", "") ", 'q': " SMALL_OBJECTIVE("b", "'config': {'k': 1},") "}"},
	.said = "~p default; ~q config; -a@1; a@1: t 100 % -> nowhere; "},
    {.objectives = {"{'p': " SMALL_OBJECTIVE("c", "") "}", "{'p': {'inputType': 'T', 'modelType': 'S', 'default': "
	"{'name': 'c', 'version': '2'}}}"}, .said = "~p default; -c@1; +c@2; c@1: s 100 % -> nowhere; c@2: nowhere -> s 100 %; "},
    {.models = {NULL, "{'a': " SMALL_MODEL("1", "'config': {'k': 1},") ", 'b': " SMALL_MODEL("1",
	"'demand': {'memory_mb': 41},") "}"}, .said = "~p default; ~a@1.config; ~b@1.demand; s 40>41/100; "},
    {.shards = {NULL, "{'s': {'vip': 's:2', 'hosts': ['s1', 's2'], 'capacity': {'memory_mb': 101}, 'labels': {'k': 'v'},"
	" 'health_checked': true}, 't': {'vip': 't:1', 'hosts': ['t1'], 'capacity': {'memory_mb': 90}, 'drain': true}}"},
	.said = "a@1: t 100 % -> s 100 %; s.vip; s.hosts; s.capacity; s.labels; s.health_checked; t.drain; "},
    {.rules = {"[{'name': 'm', 'route': {'s': 100}, 'model': 'b'}]", "[{'name': 'm', 'route': {'s': 25, 't': 75}, 'model': 'b'}]"},
	.said = "a@1: t 100 % -> s 100 %; b@1: s 100 % -> s 25 %, t 75 %; t 0>40/90; "},
};

static const char *
either(const char *text, const char *otherwise)
{
	return text != NULL ? text : otherwise;
}

static void
test_table(void)
{
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		struct quoin_compiled sides[2];
		struct quoin_difference difference;
		struct quoin_buf out;

		quoin_buf_init(&out, 1 << 16);
		for (int k = 0; k < 2; k++)
			small_compile(either(table[i].models[k], MODELS), either(table[i].objectives[k], OBJECTIVES),
			    either(table[i].rules[k], "[]"), either(table[i].shards[k], SHARDS), &sides[k]);
		CHECK_INT(quoin_difference_make(&sides[0].ruleset, &sides[1].ruleset, &difference), 0);
		tell(&difference, &out);
		if (strcmp(quoin_buf_str(&out), table[i].said) != 0)
			check_fail(__FILE__, __LINE__, "row %zu: \"%s\", not \"%s\"", i, quoin_buf_str(&out), table[i].said);
		CHECK(quoin_difference_is_empty(&difference) == (table[i].said[0] == '\0'));
		quoin_difference_clear(&difference);
		for (int k = 0; k < 2; k++)
			quoin_compiled_clear(&sides[k]);
		quoin_buf_clear(&out);
	}
}

static void
test_nothing(void)
{
	static const struct quoin_ruleset nothing;
	struct quoin_compiled compiled;
	struct quoin_difference difference;

	small_compile(MODELS, OBJECTIVES, "[]", SHARDS, &compiled);
	CHECK_INT(quoin_difference_make(&nothing, &compiled.ruleset, &difference), 0);
	CHECK_INT(difference.objective_count, 2);
	CHECK_INT(difference.objectives[0].change, QUOIN_CHANGE_ADDED);
	CHECK_STR(difference.objectives[0].owner, "me");
	CHECK_STR(difference.objectives[1].owner, "");
	quoin_difference_clear(&difference);
	CHECK_INT(quoin_difference_make(&nothing, &nothing, &difference), 0);
	CHECK(quoin_difference_is_empty(&difference));
	quoin_difference_clear(&difference);
	quoin_compiled_clear(&compiled);
}

/* ---- Words ---- */

static void
test_phrases(void)
{
	static const struct {
		const char *rule, *said;
	} rows[] = {
	    {"'model': 'a', 'when': {'x': 'DE'}", "a@1 when x = DE"},
	    {"'model': 'a', 'when': {'x': ['DE', 'a b', 5, '5', true, 'true']}",
		"a@1 when x in DE, \"a b\", 5, \"5\", true, \"true\""},
	    {"'model': 'a', 'when': {'x': {'notIn': [1]}, 'y': {'exists': false}, 'z': {'exists': true}}",
		"a@1 when x != 1 and y is missing and z exists"},
	    {"'model': 'a', 'when': {'x': {'gt': 1, 'lte': 2.5}}", "a@1 when x > 1 and x <= 2.5"},
	    {"'model': 'a', 'when': {'x': {'version': '>=8.4 <9'}}", "a@1 when x version >=8.4 <9"},
	    {"'model': 'a', 'when': {'not': {'x': 1, 'y': {'prefix': 'de-'}}, 'anyOf': [{'x': 1}, {'y': 2, 'z': 3}]}",
		"a@1 when not (x = 1 and y starts with de-) and (x = 1 or (y = 2 and z = 3))"},
	    {"'split': [{'model': 'a', 'percent': 12.5}, {'model': {'name': 'b', 'config': {'k': 1}}, 'percent': 87.5}]",
		"a@1 12.5 %, b@1 {\"k\":1} 87.5 % by userId, salt r when always"},
	    {"'ramp': {'to': 'b', 'percent': 5}, 'by': 'deviceId', 'salt': 'z'", "b@1 5 % by deviceId, salt z when always"},
	    {"'shadow': 'b', 'percent': 1", "b@1 1 % by userId, salt r when always"},
	    {"'abTestId': 7, 'cellToModel': {'1': 'a', '2': 'b'}, 'allocation': {'cells': {'2': 10}}",
		"test 7: cell 1 a@1, cell 2 b@1; allocated cell 2 10 % by userId, salt ab:7 when always"},
	    {"'override': {'models': ['a', {'name': 'c', 'version': '1'}], 'callers': ['x', 'y']}",
		"a, c@1 for x, y when always"},
	    {"'override': {'models': 'any', 'callers': 'any'}", "any model for any caller when always"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct quoin_compiled compiled;
		struct quoin_buf rules, out;

		quoin_buf_init(&rules, 1 << 16);
		quoin_buf_init(&out, 1 << 16);
		quoin_buf_printf(&rules, "[{'name': 'r', 'targetObjectives': ['p'], %s}]", rows[i].rule);
		small_compile(MODELS, OBJECTIVES, quoin_buf_str(&rules), SHARDS, &compiled);
		quoin_phrase_choice(&compiled.ruleset, &compiled.ruleset.rules[0], &out);
		quoin_buf_put_str(&out, " when ");
		quoin_phrase_when(compiled.ruleset.rules[0].when, &out);
		CHECK_STR(quoin_buf_str(&out), rows[i].said);
		quoin_compiled_clear(&compiled);
		quoin_buf_clear(&rules);
		quoin_buf_clear(&out);
	}
}

/* ---- Decisions ---- */

static void
open_view(const struct quoin_compiled *compiled, struct quoin_reader **ret_reader, struct quoin_view *ret_view)
{
	struct quoin_part_bytes parts[QUOIN_COMPILED_PARTS];

	for (size_t i = 0; i < QUOIN_COMPILED_PARTS; i++)
		parts[i] = (struct quoin_part_bytes){compiled->parts[i].name, compiled->parts[i].bytes.data,
		    compiled->parts[i].bytes.len};
	CHECK_INT(quoin_reader_open_parts(parts, QUOIN_COMPILED_PARTS, 0, ret_reader, NULL), 0);
	CHECK_INT(quoin_view_acquire(*ret_reader, ret_view), 0);
}

static void
test_decisions(void)
{
	static char text[] = "{\"objective\": \"p\", \"x\": 1}\n{\"objective\": \"p\", \"x\": 1}\n{\"objective\": \"p\"}\n"
			     "{\"objective\": \"q\"}\n{\"objective\": \"new\"}\n{\"objective\": \"nobody\"}\n"
			     "nonsense\n\n{\"objective\": \"p\", \"x\": 1}";
	struct quoin_compiled sides[2];
	struct quoin_reader *readers[2];
	struct quoin_view views[2], none = {0};
	struct quoin_decisions decisions;
	struct quoin_error err = {0};
	FILE *in = fmemopen(text, sizeof text - 1, "r");

	CHECK(in != NULL);
	small_compile(MODELS, OBJECTIVES, "[]", SHARDS, &sides[0]);
	small_compile(MODELS, "{'new': " SMALL_OBJECTIVE("a", "") ", 'p': " SMALL_OBJECTIVE("a", "") ", 'q': " SMALL_OBJECTIVE("b",
	    "'config': {'k': 1},") "}", "[{'name': 'r', 'targetObjectives': ['p'], 'model': 'b', 'when': {'x': 1}}]", SHARDS,
	    &sides[1]);
	for (int i = 0; i < 2; i++)
		open_view(&sides[i], &readers[i], &views[i]);
	CHECK_INT(quoin_decisions_compare(&views[0], &views[1], in, &decisions, &err), 0);
	CHECK_INT(decisions.total, 9);
	CHECK_INT(decisions.moved, 4);
	CHECK_INT(decisions.reconfigured, 1);
	CHECK_INT(decisions.bad, 2);
	CHECK_INT(decisions.flow_count, 2);
	CHECK_STR(decisions.flows[0].objective, "p");
	CHECK_STR(decisions.flows[0].from, "a@1");
	CHECK_STR(decisions.flows[0].to, "b@1");
	CHECK_INT(decisions.flows[0].count, 3);
	CHECK_STR(decisions.flows[1].objective, "new");
	CHECK_STR(decisions.flows[1].from, NULL);
	CHECK_STR(decisions.flows[1].to, "a@1");
	CHECK_INT(quoin_decisions_of(&decisions, "p"), 4);
	CHECK_INT(quoin_decisions_of(&decisions, "nobody"), 1);
	CHECK_INT(quoin_decisions_of(&decisions, "else"), 0);
	quoin_decisions_clear(&decisions);
	/* Back, and against nothing. */
	rewind(in);
	CHECK_INT(quoin_decisions_compare(&views[1], &views[0], in, &decisions, &err), 0);
	CHECK_INT(decisions.moved, 4);
	quoin_decisions_clear(&decisions);
	rewind(in);
	CHECK_INT(quoin_decisions_compare(&none, &views[1], in, &decisions, &err), 0);
	CHECK_INT(decisions.moved, 6);
	CHECK_INT(decisions.bad, 2);
	quoin_decisions_clear(&decisions);
	for (int i = 0; i < 2; i++) {
		quoin_view_release(&views[i]);
		quoin_reader_close(readers[i]);
		quoin_compiled_clear(&sides[i]);
	}
	fclose(in);
}

/* One object for two views, and its strings with it. */
static void
test_rebind(void)
{
	static const char line[] = "{\"objective\": \"p\", \"x\": \"a long value that is not kept inline\", \"ab\": {\"7\": 1}}";
	struct quoin_compiled sides[2];
	struct quoin_reader *readers[2];
	struct quoin_view views[2], none = {0};
	struct quoin_context *context;
	struct quoin_decision decision;

	small_compile(MODELS, OBJECTIVES, TEST("7", "'1': 'b'"), SHARDS, &sides[0]);
	small_compile(MODELS, OBJECTIVES, WHEN("'x': {'prefix': 'a long value'}, 'y': {'exists': false}"), SHARDS, &sides[1]);
	CHECK_INT(quoin_context_new(&context), 0);
	for (int i = 0; i < 2; i++)
		open_view(&sides[i], &readers[i], &views[i]);
	CHECK_INT(quoin_context_rebind(context, &views[0]), QUOIN_FAILED_USAGE);
	CHECK_INT(quoin_resolve_json(&views[0], line, sizeof line - 1, context, &decision), 0);
	CHECK_STR(decision.selected.routing_key, "b@1");
	CHECK_INT(quoin_context_rebind(context, &none), QUOIN_FAILED_MISSING);
	for (int i = 0; i < 4; i++) {
		CHECK_INT(quoin_context_rebind(context, &views[(i + 1) % 2]), 0);
		CHECK_INT(quoin_resolve_name(&views[(i + 1) % 2], "p", context, &decision), 0);
		CHECK_STR(decision.selected.routing_key, i % 2 == 0 ? "a@1" : "b@1");
		CHECK_STR(decision.rule, "r");
	}
	/* After start there is no object any more. */
	CHECK_INT(quoin_context_start(context, &views[0]), 0);
	CHECK_INT(quoin_context_rebind(context, &views[0]), QUOIN_FAILED_USAGE);
	quoin_context_free(context);
	for (int i = 0; i < 2; i++) {
		quoin_view_release(&views[i]);
		quoin_reader_close(readers[i]);
		quoin_compiled_clear(&sides[i]);
	}
}

/* The tables of flows and objectives grow. */
static void
test_many(void)
{
	struct quoin_buf objectives, lines;
	struct quoin_compiled compiled;
	struct quoin_reader *reader;
	struct quoin_view view, none = {0};
	struct quoin_decisions decisions;
	struct quoin_error err = {0};
	FILE *in;

	quoin_buf_init(&objectives, 1 << 24);
	quoin_buf_init(&lines, 1 << 24);
	for (int i = 0; i < 3000; i++)
		quoin_buf_printf(&objectives, "%s'o%d': " SMALL_OBJECTIVE("a", ""), i == 0 ? "{" : ",", i);
	quoin_buf_put_byte(&objectives, '}');
	for (int i = 0; i < 6000; i++)
		quoin_buf_printf(&lines, "{\"objective\": \"o%d\"}\n", i % 3000);
	small_compile(MODELS, quoin_buf_str(&objectives), "[]", SHARDS, &compiled);
	open_view(&compiled, &reader, &view);
	in = fmemopen(lines.data, lines.len, "r");
	CHECK(in != NULL);
	CHECK_INT(quoin_decisions_compare(&none, &view, in, &decisions, &err), 0);
	CHECK_INT(decisions.total, 6000);
	CHECK_INT(decisions.moved, 6000);
	CHECK_INT(decisions.flow_count, 3000);
	CHECK_INT(decisions.objective_count, 3000);
	for (size_t i = 0; i < decisions.flow_count; i++)
		CHECK_INT(decisions.flows[i].count, 2);
	quoin_decisions_clear(&decisions);
	fclose(in);
	quoin_view_release(&view);
	quoin_reader_close(reader);
	quoin_compiled_clear(&compiled);
	quoin_buf_clear(&objectives);
	quoin_buf_clear(&lines);
}

/* ---- Bytes ---- */

static void
test_transfer(void)
{
	struct quoin_encoding full = {.packed_bytes = 100}, delta = {.is_delta = true, .packed_bytes = 7};
	struct quoin_part had[] = {{.name = "models", .bytes = 1}, {.name = "rules", .bytes = 2}, {.name = "source", .bytes = 3}};
	struct quoin_part has[3];
	struct quoin_release before = {.number = 1, .parts = had, .part_count = 3};
	struct quoin_release after = {.number = 2, .parts = has, .part_count = 3};
	struct quoin_transfer transfer;

	for (size_t i = 0; i < 3; i++) {
		had[i].hash.bytes[0] = (uint8_t)(i + 1);
		has[i] = had[i];
		has[i].encodings[0] = full;
		has[i].encoding_count = 1;
	}
	quoin_transfer_of_release(&before, &after, &transfer);
	CHECK_INT(transfer.router_bytes + transfer.serving_bytes, 0);
	quoin_transfer_of_release(NULL, &after, &transfer);
	CHECK_INT(transfer.router_bytes, 100); /* rules; source is for nobody */
	CHECK_INT(transfer.serving_bytes, 100); /* models */
	/* A delta counts where its base is what the host has. */
	has[1].hash.bytes[0] = 9;
	delta.base = had[0].hash;
	has[1].encodings[1] = delta;
	has[1].encoding_count = 2;
	quoin_transfer_of_release(&before, &after, &transfer);
	CHECK_INT(transfer.router_bytes, 100);
	has[1].encodings[1].base = had[1].hash;
	quoin_transfer_of_release(&before, &after, &transfer);
	CHECK_INT(transfer.router_bytes, 7);
	CHECK_INT(transfer.serving_bytes, 0);
	CHECK(transfer.parts[1].is_delta);
}

static void
test_transfer_planned(void)
{
	struct quoin_transfer transfer = {0};
	uint32_t noise = 1;
	uint8_t old[20000], new[20000];

	CHECK_INT(quoin_crypto_init(), 0);
	for (size_t i = 0; i < sizeof old; i++) {
		noise = noise * 1664525 + 1013904223;
		old[i] = new[i] = (uint8_t)(noise >> 24);
	}
	new[5000] ^= 1;
	CHECK_INT(quoin_transfer_add("rules", quoin_span_of(old, sizeof old), quoin_span_of(old, sizeof old), &transfer), 0);
	CHECK_INT(transfer.router_bytes, 0);
	CHECK_INT(quoin_transfer_add("rules", quoin_span_of(new, sizeof new), quoin_span_of(old, sizeof old), &transfer), 0);
	CHECK(transfer.parts[1].is_delta && transfer.router_bytes > 0 && transfer.router_bytes < 1000);
	CHECK_INT(quoin_transfer_add("source", quoin_span_of(new, sizeof new), quoin_span_of(old, sizeof old), &transfer), 0);
	CHECK(!transfer.parts[2].is_delta && transfer.parts[2].packed_bytes > 19000);
	CHECK_INT(quoin_transfer_add("models", quoin_span_of(new, 100), quoin_span_of(old, 99), &transfer), 0);
	CHECK(!transfer.parts[3].is_delta && transfer.serving_bytes > 90);
}

static const struct check_case cases[] = {
    {"difference: what changed, in words", test_table},
    {"difference: from nothing", test_nothing},
    {"phrase: conditions and choices", test_phrases},
    {"decisions: what moves", test_decisions},
    {"decisions: a context for two views", test_rebind},
    {"decisions: many objectives", test_many},
    {"transfer: between releases", test_transfer},
    {"transfer: of what is planned", test_transfer_planned},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
