#include "publisher/explain.h"

#include <stdio.h>
#include <string.h>

#include "formats/source.h"
#include "subscriber/quoin.h"
#include "tests/check.h"
#include "tests/rulesets.h"
#include "tests/small.h"

/* ---- Against the resolver ---- */

static void
check_agreement(const struct quoin_ruleset *ruleset, const struct quoin_view *view, struct quoin_context *context,
    struct quoin_buf *line)
{
	struct quoin_json_doc *doc = NULL;
	struct quoin_decision decision;
	struct quoin_explain explain;
	uint32_t shadows = 0;
	int rc = quoin_resolve_json(view, (const char *)line->data, line->len, context, &decision);

	CHECK_INT(quoin_json_parse(quoin_buf_span(line), &doc, NULL), 0);
	if (rc != 0) {
		CHECK_INT(rc, QUOIN_FAILED_NOT_FOUND);
		CHECK_INT(quoin_explain_make(ruleset, quoin_json_root(doc), &explain), QUOIN_ENOENT);
		quoin_json_free(doc);
		return;
	}
	CHECK_INT(quoin_explain_make(ruleset, quoin_json_root(doc), &explain), 0);
	if (!quoin_explain_agrees(&explain, decision.rule, decision.selected.routing_key, decision.config))
		check_fail(__FILE__, __LINE__, "%s: decided by %s (%s), explained as %s (%s)", quoin_buf_str(line), decision.rule,
		    decision.selected.routing_key, quoin_explain_rule(&explain), ruleset->models[explain.model].routing_key);
	if (decision.reason == QUOIN_REASON_AB_TEST)
		CHECK(explain.steps[explain.step_count - 1].cell == decision.cell);
	for (size_t i = 0; i < explain.shadow_count; i++) {
		if (explain.shadows[i].verdict != QUOIN_VERDICT_MATCHES || explain.shadows[i].is_left_out)
			continue;
		CHECK(shadows < decision.shadow_count);
		CHECK_STR(ruleset->models[explain.shadows[i].model].routing_key, decision.shadows[shadows].routing_key);
		shadows++;
	}
	CHECK_INT(shadows, decision.shadow_count);
	quoin_json_free(doc);
}

static void
test_agreement(void)
{
	struct dice dice = {.state = 20261126};
	struct quoin_context *context;
	struct quoin_buf line;

	CHECK_INT(quoin_crypto_init(), 0);
	quoin_buf_init(&line, 1 << 20);
	CHECK_INT(quoin_context_new(&context), 0);
	for (int round = 0; round < 150; round++) {
		struct quoin_ruleset made = {0}, read = {0};
		struct rulesets_parts parts;
		struct quoin_reader *reader;
		struct quoin_view view;
		struct quoin_error err = {0};

		rulesets_random(&dice, &made);
		rulesets_encode(&made, NULL, &parts);
		CHECK_INT(quoin_source_read(quoin_buf_span(&parts.source), &read, &err), 0);
		CHECK_INT(quoin_reader_open_parts(
			      (struct quoin_part_bytes[]){{"rules", parts.rules.data, parts.rules.len}}, 1, 1, &reader, NULL), 0);
		CHECK_INT(quoin_view_acquire(reader, &view), 0);
		for (int i = 0; i < 200; i++) {
			struct rulesets_context asked;

			rulesets_context(&dice, &read, &asked);
			quoin_buf_reset(&line);
			rulesets_context_print(&asked, &line);
			check_agreement(&read, &view, context, &line);
		}
		quoin_view_release(&view);
		quoin_reader_close(reader);
		rulesets_parts_clear(&parts);
		quoin_ruleset_clear(&made);
		quoin_ruleset_clear(&read);
	}
	quoin_context_free(context);
	quoin_buf_clear(&line);
}

/* ---- In words ---- */

#define MODELS                                                                                                         \
	"{'a': " SMALL_MODEL("1", "'config': {'m': 1, 'k': 1},") ", 'b': [" SMALL_MODEL("1", "") ", " SMALL_MODEL(         \
	    "2", "'current': true,") "]}"
#define OBJECTIVES "{'p': " SMALL_OBJECTIVE("a", "'config': {'k': 0, 'o': 2},") "}"
#define SHARDS	   "{'s': {'vip': 's:1', 'hosts': ['s1'], 'capacity': {}}}"
#define WHERE	   ", r.rules.json:1\n      "

static const struct {
	const char *rule, *context, *said;
} table[] = {
    {"'model': 'b', 'when': {'x': 'DE', 'y': {'gt': 5}}", "'x': 'DE', 'y': 5", "  1 r  context rule" WHERE
	"no: y > 5 does not hold: y is 5\n"},
    {"'model': 'b', 'when': {'x': 'DE', 'y': {'gt': 5}}", "'x': 'DE', 'y': '6'", "y is \"6\"\n"},
    {"'model': 'b', 'when': {'x': 'DE', 'y': {'gt': 5}}", "'y': 6", "no: x = DE does not hold: x is missing\n"},
    {"'model': 'b', 'when': {'x': {'exists': true}}", "'x': null", "x is null, which counts as missing\n"},
    {"'model': 'b', 'when': {'x': {'version': '>=2 <3'}}", "'x': '3'", "no: x version >=2 <3 does not hold: x is \"3\"\n"},
    {"'model': 'b', 'when': {'anyOf': [{'x': 1}, {'y': 2}]}", "'x': 2", "no: x = 1 or y = 2 does not hold: x is 2, y is missing"},
    {"'model': 'b', 'when': {'not': {'x': 1, 'y': 2}}", "'x': 1, 'y': 2",
	"no: not (x = 1 and y = 2) does not hold: x is 1, y is 2\n"},
    {"'model': 'b', 'when': {'x': 1}", "'x': 1", "yes: b@2\n"},
    {"'abTestId': 7, 'cellToModel': {'1': 'b'}", "'x': 1", "no: the context has no cell of test 7\n"},
    {"'abTestId': 7, 'cellToModel': {'1': 'b'}", "'ab': {'7': 2}", "no: cell 2 of test 7 has no model\n"},
    {"'abTestId': 7, 'cellToModel': {'1': 'b'}", "'ab': {'7': 1}", "yes: b@2, cell 1 of test 7\n"},
    {"'abTestId': 7, 'cellToModel': {'1': 'b'}, 'allocation': {'cells': {'1': 100}}", "'userId': 'u'",
	"yes: b@2, cell 1 of test 7; userId is \"u\", bucket "},
    {"'ramp': {'to': 'b', 'percent': 0}", "'userId': 5.0", "no: userId is 5, bucket "},
    {"'ramp': {'to': 'b', 'percent': 0}", "'userId': 5.0", " of 100000 with salt r; its ranges end at 0\n"},
    {"'ramp': {'to': 'b', 'percent': 100}", "'userId': 5", " with salt r, in the range from 0 to 99999\n"},
    {"'split': [{'model': 'a', 'percent': 50}, {'model': 'b', 'percent': 50}], 'priority': -3", "'userId': 'u'",
	"  1 r  split, priority -3" WHERE "yes: "},
    {"'ramp': {'to': 'b', 'percent': 100}", "'userId': 5.5", "no: nothing to bucket; userId is 5.5\n"},
    {"'override': {'models': ['b'], 'callers': ['me']}", "'x': 1", "no: the context asks for no override\n"},
    {"'override': {'models': ['b'], 'callers': ['me']}", "'override': {'model': 'b', 'caller': 'you'}",
	"no: the override's caller is not listed\n"},
    {"'override': {'models': ['b'], 'callers': ['me']}", "'override': {'model': 'a', 'caller': 'me'}",
	"no: the override's model is unknown, of other types, or not listed\n"},
    {"'override': {'models': ['b'], 'callers': ['me']}", "'override': {'model': 'b', 'caller': 'me'}", "yes: b@2\n"},
    {"'shadow': 'b', 'percent': 100", "'userId': 'u'", "  1 default  the default: a@1\nshadows\n  r  shadow" WHERE "yes: b@2; userId is"},
    {"'shadow': 'a', 'percent': 100", "'userId': 'u'", "left out"},
    /* Where keys of the config come from: objective, model, reference, rule. */
    {"'model': 'b', 'when': {'x': 1}", "'x': 2", "config\n  o = 2 from the objective p\n  k = 1 from the model a@1\n"},
    {"'model': 'b', 'when': {'x': 1}", "'x': 2", "  m = 1 from the model a@1\n"},
    {"'model': {'name': 'a', 'config': {'m': 3}}, 'when': {'x': 1}, 'config': {'k': null}", "'x': 1",
	"  o = 2 from the objective p\n  m = 3 from the reference to the model in r\n  k = null from the rule r\n"},
};

static void
explain(const char *rule, const char *context, bool json, struct quoin_buf *out)
{
	struct quoin_compiled compiled;
	struct quoin_json_doc *doc = NULL;
	struct quoin_explain explanation;
	struct quoin_buf rules, line;

	quoin_buf_init(&rules, 1 << 16);
	quoin_buf_init(&line, 1 << 16);
	quoin_buf_printf(&rules, "[{'name': 'r', 'targetObjectives': ['p'], %s}]", rule);
	quoin_buf_printf(&line, "{'objective': 'p', %s}", context);
	for (size_t i = 0; i < line.len; i++)
		line.data[i] = line.data[i] == '\'' ? '"' : line.data[i];
	small_compile(MODELS, OBJECTIVES, quoin_buf_str(&rules), SHARDS, &compiled);
	CHECK_INT(quoin_json_parse(quoin_buf_span(&line), &doc, NULL), 0);
	CHECK_INT(quoin_explain_make(&compiled.ruleset, quoin_json_root(doc), &explanation), 0);
	if (json)
		quoin_explain_print_json(&explanation, out);
	else
		quoin_explain_print(&explanation, out);
	quoin_json_free(doc);
	quoin_compiled_clear(&compiled);
	quoin_buf_clear(&rules);
	quoin_buf_clear(&line);
}

static void
test_words(void)
{
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		struct quoin_buf out;

		quoin_buf_init(&out, 1 << 16);
		explain(table[i].rule, table[i].context, false, &out);
		CHECK_CONTAINS(quoin_buf_str(&out), table[i].said);
		quoin_buf_clear(&out);
	}
}

static void
test_json(void)
{
	struct quoin_buf out;

	quoin_buf_init(&out, 1 << 16);
	explain("'model': 'b', 'when': {'x': {'in': ['DE', 'FR']}}", "'x': 'US'", true, &out);
	CHECK_STR(quoin_buf_str(&out),
	    "{\"asked\":[{\"rule\":\"r\",\"kind\":\"context\",\"file\":\"r.rules.json\",\"line\":1,\"verdict\":\"condition_fails\","
	    "\"condition\":\"x in DE, FR\",\"saw\":{\"x\":\"US\"}}],\"not_asked\":0,\"shadows\":[],"
	    "\"config_from\":{\"o\":\"objective\",\"k\":\"model\",\"m\":\"model\"}}");
	quoin_buf_clear(&out);
	quoin_buf_init(&out, 1 << 16);
	explain("'ramp': {'to': 'b', 'percent': 100}", "'userId': 'u'", true, &out);
	CHECK_CONTAINS(quoin_buf_str(&out), "\"verdict\":\"matches\",\"saw\":{\"userId\":\"u\"},\"bucket\":");
	quoin_buf_clear(&out);
}

/* The first four shadows go with the decision, but neither the selected model nor one that went already. */
static void
test_shadows(void)
{
	static const char *const names[] = {"a", "m1", "m1", "m2", "m3", "m4", "m5"};
	static const bool left_out[] = {true, false, true, false, false, false, true};
	struct quoin_compiled compiled;
	struct quoin_json_doc *doc = NULL;
	struct quoin_explain explanation;
	struct quoin_buf models, rules;

	quoin_buf_init(&models, 1 << 16);
	quoin_buf_init(&rules, 1 << 16);
	quoin_buf_put_str(&models, "{'a': " SMALL_MODEL("1", ""));
	for (int i = 1; i <= 5; i++)
		quoin_buf_printf(&models, ", 'm%d': " SMALL_MODEL("1", ""), i);
	quoin_buf_put_byte(&models, '}');
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		quoin_buf_printf(&rules, "%s{'name': 's%zu', 'targetObjectives': ['p'], 'shadow': '%s', 'percent': 100}",
		    i == 0 ? "[" : ",", i, names[i]);
	quoin_buf_put_byte(&rules, ']');
	small_compile(quoin_buf_str(&models), OBJECTIVES, quoin_buf_str(&rules), SHARDS, &compiled);
	CHECK_INT(quoin_json_parse(quoin_span_str("{\"objective\": \"p\", \"userId\": \"u\"}"), &doc, NULL), 0);
	CHECK_INT(quoin_explain_make(&compiled.ruleset, quoin_json_root(doc), &explanation), 0);
	CHECK_INT(explanation.shadow_count, sizeof names / sizeof names[0]);
	for (size_t i = 0; i < explanation.shadow_count; i++)
		CHECK(explanation.shadows[i].is_left_out == left_out[i]);
	quoin_json_free(doc);
	quoin_compiled_clear(&compiled);
	quoin_buf_clear(&models);
	quoin_buf_clear(&rules);
}

static const struct check_case cases[] = {
    {"explain: agrees with the resolver", test_agreement},
    {"explain: in words", test_words},
    {"explain: as JSON", test_json},
    {"explain: shadows", test_shadows},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
