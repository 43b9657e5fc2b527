/*
 * The worst that rules may cost: an objective with as many rules as there may be, each with as many conditions as it may
 * have, none of which a filter can say, and all of which are asked in vain. Each is a list of prefixes that differ from
 * the value in their last bytes alone; a longer list costs by the logarithm of its length. Compared with how many
 * conditions that are.
 */
#include <stdio.h>
#include <string.h>

#include "formats/rules.h"
#include "subscriber/quoin.h"
#include "tests/bench/bench.h"

#define RULES	 QUOIN_RULES_PER_OBJECTIVE_MAX
#define LEAVES	 QUOIN_LEAVES_PER_RULE_MAX
#define PREFIXES 64
#define BYTES	 (QUOIN_CONDITION_BYTES_MAX - 1)
#define ROUNDS	 501

static char names[RULES][16], attributes[LEAVES][16], prefixes[PREFIXES][BYTES + 1], value[BYTES + 1];

static void
fill(char text[BYTES + 1], unsigned number)
{
	memset(text, 'x', BYTES);
	snprintf(text + BYTES - 4, 5, "%04u", number);
}

/* Each rule asks for every attribute, in one anyOf. */
static void
encode(struct quoin_buf *out)
{
	static const struct quoin_ref model;
	static const uint32_t target;
	static const struct quoin_model models[] = {{.name = "m", .version = "1", .routing_key = "m@1", .is_current = true,
	    .input_type = "T", .model_type = "S", .uri = "u", .digest = "d", .shard_count = 1, .is_used = true}};
	static const struct quoin_objective objectives[] = {{.name = "worst", .input_type = "T", .model_type = "S",
	    .default_rule = "default"}};
	static struct quoin_scalar scalars[PREFIXES];
	static struct quoin_when leaves[LEAVES];
	static struct quoin_rule rules[RULES];
	const struct quoin_when any = {.kind = QUOIN_WHEN_ANY, .children = leaves, .child_count = LEAVES};
	const struct quoin_ruleset ruleset = {.objectives = objectives, .objective_count = 1, .models = models,
	    .model_count = 1, .rules = rules, .rule_count = RULES};
	struct quoin_error err = {0};

	for (unsigned i = 0; i < PREFIXES; i++)
		scalars[i] = (struct quoin_scalar){.kind = QUOIN_SCALAR_STRING, .string = prefixes[i]};
	for (unsigned i = 0; i < LEAVES; i++)
		leaves[i] = (struct quoin_when){.kind = QUOIN_WHEN_LEAF, .attribute = attributes[i], .op = QUOIN_OP_PREFIX,
		    .scalars = scalars, .scalar_count = PREFIXES};
	for (unsigned i = 0; i < RULES; i++)
		rules[i] = (struct quoin_rule){.kind = QUOIN_RULE_CONTEXT, .name = names[i], .file = "f", .is_enabled = true,
		    .targets = &target, .target_count = 1, .when = &any, .refs = &model, .ref_count = 1};
	quoin_buf_init(out, QUOIN_PART_BYTES_MAX);
	if (quoin_rules_encode(&ruleset, (struct quoin_span){0}, out, &err) != 0)
		bench_die("%s", err.message);
}

int
main(void)
{
	static double times[ROUNDS];
	struct quoin_slot_value values[LEAVES];
	struct quoin_part_bytes part = {.name = "rules"};
	struct quoin_decision decision;
	struct quoin_context *context;
	struct quoin_reader *reader;
	struct quoin_view view;
	struct quoin_buf rules;
	int objective;

	bench_pin(1);
	for (unsigned i = 0; i < RULES; i++)
		snprintf(names[i], sizeof names[i], "rule-%u", i);
	for (unsigned i = 0; i < LEAVES; i++)
		snprintf(attributes[i], sizeof attributes[i], "attribute-%u", i);
	for (unsigned i = 0; i < PREFIXES; i++)
		fill(prefixes[i], 2 * i);
	fill(value, PREFIXES - 1);
	encode(&rules);
	part.data = rules.data;
	part.bytes = rules.len;
	if (quoin_reader_open_parts(&part, 1, 1, &reader, NULL) != 0 || quoin_view_acquire(reader, &view) != 0 ||
	    quoin_context_new(&context) != 0)
		bench_die("cannot attach");
	objective = quoin_objective_register(reader, "worst");
	for (unsigned i = 0; i < LEAVES; i++)
		values[quoin_slot_register(reader, attributes[i])] =
		    (struct quoin_slot_value){.kind = QUOIN_ATTRIBUTE_STRING, .bytes = BYTES, .value.string = value};
	for (unsigned round = 0; round < ROUNDS; round++) {
		double begin = bench_work_ns();

		quoin_context_start(context, &view);
		quoin_context_set_values(context, values, LEAVES);
		if (quoin_resolve(&view, objective, context, &decision) != 0 || decision.reason != QUOIN_REASON_DEFAULT)
			bench_die("cannot resolve");
		times[round] = bench_work_ns() - begin;
	}
	bench_print("resolve.worst", bench_median(times, ROUNDS) / 1e3, "us", "conditions asked", RULES * LEAVES);
	quoin_context_free(context);
	quoin_view_release(&view);
	quoin_reader_close(reader);
	quoin_buf_clear(&rules);
	return 0;
}
