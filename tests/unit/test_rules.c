#include "formats/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/config.h"
#include "formats/resolve.h"
#include "formats/source.h"
#include "lib/file.h"
#include "tests/check.h"
#include "tests/images.h"
#include "tests/rulesets.h"

static void
make(uint64_t seed, struct quoin_ruleset *ruleset, struct rulesets_parts *parts)
{
	struct dice dice = {seed * 0x9e3779b97f4a7c15u};

	rulesets_random(&dice, ruleset);
	rulesets_encode(ruleset, NULL, parts);
}

static void
drop(struct quoin_ruleset *ruleset, struct rulesets_parts *parts)
{
	rulesets_parts_clear(parts);
	quoin_ruleset_clear(ruleset);
}

static void
open_rules(const struct rulesets_parts *parts, struct quoin_rules *ret)
{
	struct quoin_error err = {0};
	struct quoin_image image;

	CHECK_INT(quoin_image_of(quoin_buf_span(&parts->rules), &image, &err), 0);
	if (quoin_rules_verify(&image, ret, &err) != 0)
		check_fail(__FILE__, __LINE__, "%s", err.message);
}

static void
test_names(void)
{
	struct quoin_ruleset ruleset;
	struct rulesets_parts parts;
	struct quoin_rules rules;

	make(3, &ruleset, &parts);
	open_rules(&parts, &rules);
	CHECK_INT(rules.objective_count, ruleset.objective_count);
	for (size_t i = 0; i < ruleset.objective_count; i++)
		CHECK_STR(quoin_rules_objective_name(&rules,
			      quoin_rules_objective(&rules, quoin_span_str(ruleset.objectives[i].name))),
		    ruleset.objectives[i].name);
	CHECK_INT(quoin_rules_objective(&rules, quoin_span_str("Objective")), QUOIN_PLACE_NONE);
	CHECK_INT(quoin_rules_attribute(&rules, quoin_span_str("nothing")), QUOIN_PLACE_NONE);
	CHECK(quoin_rules_objective_name(&rules, 4095) == NULL);
	for (size_t i = 0; i < ruleset.model_count; i++) {
		const struct quoin_model *model = &ruleset.models[i];
		uint32_t id = quoin_rules_model(&rules, quoin_span_str(model->routing_key));

		CHECK((id != QUOIN_PLACE_NONE) == model->is_used);
		if (model->is_used)
			CHECK_STR(quoin_rules_routing_key(&rules, id), model->routing_key);
		if (model->is_current && model->is_used)
			CHECK_INT(quoin_rules_model(&rules, quoin_span_str(model->name)), id);
	}
	drop(&ruleset, &parts);
}

static void
test_rule_numbers(void)
{
	struct quoin_ruleset ruleset;
	struct rulesets_parts parts;
	struct quoin_rules rules;
	uint32_t order[QUOIN_RULES_PER_OBJECTIVE_MAX];
	size_t total = 0;

	make(5, &ruleset, &parts);
	open_rules(&parts, &rules);
	for (uint32_t i = 0; i < ruleset.objective_count; i++) {
		size_t count = quoin_ruleset_order(&ruleset, i, order);
		uint32_t id = quoin_rules_objective(&rules, quoin_span_str(ruleset.objectives[i].name));
		struct quoin_rule_info info;

		CHECK_INT(quoin_rules_objective_rules(&rules, id), count);
		for (uint32_t k = 0; k < count; k++) {
			quoin_rules_rule(&rules, id, k, &info);
			CHECK_STR(info.name, ruleset.rules[order[k]].name);
			CHECK_INT(info.kind, ruleset.rules[order[k]].kind);
			CHECK(info.number > 0 && info.number < rules.rule_count);
			total++;
		}
		quoin_rules_rule(&rules, id, (uint32_t)count, &info);
		CHECK_STR(info.name, "default");
		CHECK_INT(info.number, 0);
	}
	CHECK(total > 5);
	drop(&ruleset, &parts);
}

/* The same ruleset gives the same bytes, and compiling against one's own result changes none. */
static void
test_fixpoint(void)
{
	for (uint64_t seed = 1; seed < 30; seed++) {
		struct quoin_ruleset ruleset;
		struct rulesets_parts first, second, third;

		make(seed, &ruleset, &first);
		rulesets_encode(&ruleset, NULL, &second);
		CHECK_MEM(second.rules.data, second.rules.len, first.rules.data, first.rules.len);
		CHECK_MEM(second.models.data, second.models.len, first.models.data, first.models.len);
		CHECK_MEM(second.routes.data, second.routes.len, first.routes.data, first.routes.len);
		rulesets_encode(&ruleset, &first, &third);
		CHECK_MEM(third.rules.data, third.rules.len, first.rules.data, first.rules.len);
		CHECK_MEM(third.models.data, third.models.len, first.models.data, first.models.len);
		CHECK_MEM(third.routes.data, third.routes.len, first.routes.data, first.routes.len);
		rulesets_parts_clear(&second);
		rulesets_parts_clear(&third);
		drop(&ruleset, &first);
	}
}

/* Every rule of "before" that is in "after" has its number still. */
static void
check_numbers(const struct quoin_rules *before, const struct quoin_rules *after)
{
	struct quoin_rule_info old, new;

	for (uint32_t id = 0; id < before->objectives.id_count; id++) {
		for (uint32_t i = 0; i < quoin_rules_objective_rules(before, id); i++) {
			quoin_rules_rule(before, id, i, &old);
			for (uint32_t k = 0; k < quoin_rules_objective_rules(after, id); k++) {
				quoin_rules_rule(after, id, k, &new);
				if (strcmp(new.name, old.name) == 0)
					CHECK_INT(new.number, old.number);
			}
		}
	}
}

/* Against a base, what stays keeps its ids, decisions are the same as without one, and a further run changes nothing. */
static void
test_base(void)
{
	struct dice dice = {77 * 0x9e3779b97f4a7c15u};

	for (int i = 0; i < 30; i++) {
		struct quoin_ruleset ruleset;
		struct rulesets_parts base, changed, again;
		struct quoin_rules before, after;

		rulesets_random(&dice, &ruleset);
		rulesets_encode(&ruleset, NULL, &base);
		rulesets_change(&dice, &ruleset);
		rulesets_encode(&ruleset, &base, &changed);
		rulesets_encode(&ruleset, &changed, &again);
		CHECK_MEM(again.rules.data, again.rules.len, changed.rules.data, changed.rules.len);
		open_rules(&base, &before);
		open_rules(&changed, &after);
		for (uint32_t id = 0; id < before.objectives.id_count; id++)
			CHECK_STR(quoin_rules_objective_name(&after, id), quoin_rules_objective_name(&before, id));
		for (uint32_t id = 0; id < before.models.id_count; id++)
			CHECK_STR(quoin_rules_routing_key(&after, id), quoin_rules_routing_key(&before, id));
		for (uint32_t id = 0; id < before.attributes.id_count; id++)
			CHECK_STR(quoin_rules_attribute_name(&after, id), quoin_rules_attribute_name(&before, id));
		check_numbers(&before, &after);
		rulesets_parts_clear(&base);
		rulesets_parts_clear(&changed);
		rulesets_parts_clear(&again);
		quoin_ruleset_clear(&ruleset);
	}
}

/* Verify, then resolve every objective with a few contexts. */
static int
use_rules(const struct quoin_image *image, void *ctx)
{
	const char *const lines[] = {
	    "{\"objective\":\"Objective0\",\"country\":\"US\",\"age\":5,\"userId\":\"user-1\",\"plan\":true,\"ab\":{\"101\":1}}",
	    "{\"objective\":\"x\",\"app.version\":\"1.2.3\",\"mixed\":\"DE\",\"device\":\"a-country-with-a-long-name\","
	    "\"userId\":7,\"override\":{\"model\":\"model0\",\"caller\":\"caller-1\"}}"};
	struct quoin_context *context = ctx;
	struct quoin_result result;
	struct quoin_rules rules;
	volatile size_t bytes = 0;
	int rc = quoin_rules_verify(image, &rules, NULL);

	if (rc != 0)
		return rc;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		CHECK_INT(quoin_context_read_json(context, &rules, quoin_span_str(lines[i]), NULL), 0);
		for (uint32_t id = 0; id < rules.objectives.id_count; id++) {
			const uint8_t *block = quoin_resolve_objective(&rules, id);

			if (block == NULL)
				continue;
			quoin_resolve_block(&rules, block, context, &result);
			bytes += strlen(result.selected.routing_key) + strlen(result.config) + strlen(result.rule) +
			    strlen(result.objective);
		}
	}
	return 0;
}

static void
test_hostile(void)
{
	struct quoin_ruleset ruleset;
	struct rulesets_parts parts;
	struct quoin_context context;
	struct dice dice = {12 * 0x9e3779b97f4a7c15u};

	quoin_context_init(&context);
	/* One with few rules: every flip is a verification of the whole. */
	do {
		rulesets_random(&dice, &ruleset);
		if (ruleset.rule_count >= 4 && ruleset.rule_count <= 8)
			break;
		quoin_ruleset_clear(&ruleset);
	} while (true);
	rulesets_encode(&ruleset, NULL, &parts);
	images_check_prefixes(quoin_buf_span(&parts.rules), use_rules, &context);
	images_check_flips(quoin_buf_span(&parts.rules), 40, use_rules, &context);
	quoin_context_clear(&context);
	drop(&ruleset, &parts);
}

static void
test_refused(void)
{
	struct quoin_ruleset ruleset;
	struct rulesets_parts parts;
	struct quoin_error err = {0};
	struct quoin_image image;
	struct quoin_rules rules;

	make(9, &ruleset, &parts);
	parts.rules.data[8] = 2;
	CHECK_INT(quoin_image_of(quoin_buf_span(&parts.rules), &image, &err), 0);
	CHECK_INT(quoin_rules_verify(&image, &rules, &err), QUOIN_EVERSION);
	parts.rules.data[8] = 1;
	parts.rules.data[0] ^= 1;
	CHECK_INT(quoin_rules_verify(&image, &rules, &err), QUOIN_ECORRUPT);
	CHECK_INT(quoin_rules_attach(&image, &rules, &err), QUOIN_ECORRUPT);
	CHECK_INT(quoin_image_of(quoin_span_of(parts.rules.data + 8, 64), &image, &err), QUOIN_EUSAGE);
	CHECK_INT(quoin_image_of(quoin_span_of(parts.rules.data, QUOIN_PART_BYTES_MAX + 1ul), &image, &err), QUOIN_ELIMIT);
	/* A damaged base is refused. */
	quoin_buf_reset(&parts.models);
	CHECK_INT(quoin_rules_encode(&ruleset, quoin_buf_span(&parts.rules), &parts.models, &err), QUOIN_ECORRUPT);
	CHECK_CONTAINS(err.message, "base");
	drop(&ruleset, &parts);
}

/* Blocks go round the cuts between segments. */
static void
test_segments(void)
{
	static uint8_t block[3u << 20];
	struct quoin_buf out;
	uint32_t offset;

	quoin_buf_init(&out, QUOIN_PART_BYTES_MAX);
	quoin_buf_put_zeros(&out, QUOIN_IMAGE_HEADER_BYTES);
	for (int i = 0; i < 12; i++) {
		CHECK_INT(quoin_image_put_block(&out, quoin_span_of(block, sizeof block - (size_t)i * 7), &offset), 0);
		CHECK_INT((offset + QUOIN_IMAGE_BIAS) % 64, 0);
		CHECK_INT(offset >> 24, (offset + sizeof block - (size_t)i * 7 - 1) >> 24);
	}
	CHECK(out.len > 2 * QUOIN_SEGMENT_BYTES_MAX);
	CHECK_INT(quoin_image_put_block(&out, quoin_span_of(block, QUOIN_SEGMENT_BYTES_MAX), &offset), QUOIN_ELIMIT);
	quoin_buf_clear(&out);
}

static void
test_config(void)
{
	static const struct {
		const char *levels[QUOIN_CONFIG_LEVELS];
		const char *want;
	} table[] = {
	    {{NULL, NULL, NULL, NULL}, "{}"},
	    {{"{\"a\":1}", NULL, NULL, NULL}, "{\"a\":1}"},
	    {{"{\"a\":1,\"b\":2}", "{\"b\":null}", NULL, "{\"c\":{\"x\":1}}"}, "{\"a\":1,\"b\":null,\"c\":{\"x\":1}}"},
	    {{"{\"a\":{\"x\":1}}", NULL, "{\"a\":{\"y\":2}}", NULL}, "{\"a\":{\"y\":2}}"},
	    {{"{\"a\":1}", "{\"a\":2}", "{\"a\":3}", "{\"a\":4}"}, "{\"a\":4}"},
	};
	const char *const wrong[QUOIN_CONFIG_LEVELS] = {"{\"a\":1}", "[1]", NULL, NULL};
	struct quoin_buf out;

	quoin_buf_init(&out, QUOIN_JSON_BYTES_MAX);
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		quoin_buf_reset(&out);
		CHECK_INT(quoin_config_merge(table[i].levels, &out), 0);
		CHECK_STR(quoin_buf_str(&out), table[i].want);
	}
	CHECK_INT(quoin_config_merge(wrong, &out), QUOIN_ESYNTAX);
	quoin_buf_clear(&out);
}

/* Golden: the committed source compiles to the committed parts, byte for byte, and both are read back. */
static void
read_vector(const char *name, struct quoin_buf *out)
{
	char path[128];

	quoin_buf_init(out, QUOIN_PART_BYTES_MAX);
	snprintf(path, sizeof path, "tests/vectors/images/%s", name);
	CHECK_INT(quoin_file_read(path, out, NULL), 0);
}

static void
test_vectors(void)
{
	struct quoin_buf source, rules, models, routes;
	struct quoin_ruleset ruleset = {0};
	struct rulesets_parts parts;

	read_vector("source.json", &source);
	read_vector("rules.img", &rules);
	read_vector("models.img", &models);
	read_vector("routes.img", &routes);
	CHECK_INT(quoin_source_read(quoin_buf_span(&source), &ruleset, NULL), 0);
	rulesets_encode(&ruleset, NULL, &parts);
	CHECK_MEM(parts.rules.data, parts.rules.len, rules.data, rules.len);
	CHECK_MEM(parts.models.data, parts.models.len, models.data, models.len);
	CHECK_MEM(parts.routes.data, parts.routes.len, routes.data, routes.len);
	drop(&ruleset, &parts);
	quoin_buf_clear(&source);
	quoin_buf_clear(&rules);
	quoin_buf_clear(&models);
	quoin_buf_clear(&routes);
}

static const struct check_case cases[] = {
    {"rules: golden parts", test_vectors},
    {"rules: names lead to ids", test_names},
    {"rules: order and numbers", test_rule_numbers},
    {"rules: own result as base changes nothing", test_fixpoint},
    {"rules: ids last from base to new", test_base},
    {"rules: prefixes and flips", test_hostile},
    {"rules: refused with a reason", test_refused},
    {"rules: blocks and segments", test_segments},
    {"rules: config merged by key", test_config},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
