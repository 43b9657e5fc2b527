/* A rules part: refused, or every objective can be resolved with, in place, for any context. */
#include "formats/resolve.h"
#include "tests/fuzz/fuzz_image.h"

static void
resolve_all(const struct quoin_rules *rules, struct quoin_context *context)
{
	struct quoin_result result;
	const uint8_t *block;
	volatile size_t bytes = 0;

	for (uint32_t id = 0; id < rules->objectives.id_count; id++) {
		block = quoin_resolve_objective(rules, id);
		if (block == NULL)
			continue;
		quoin_resolve_block(rules, block, context, &result);
		QUOIN_ASSERT(strlen(result.config) == result.config_bytes && result.rule_number < rules->rule_count);
		QUOIN_ASSERT(strchr(result.selected.routing_key, '@') != NULL);
		bytes += strlen(result.rule) + strlen(result.objective);
		QUOIN_ASSERT(result.shadow_count <= QUOIN_SHADOWS_MAX);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct quoin_context context;
	struct quoin_rules rules;
	struct quoin_image image;
	uint8_t *copy;

	if (fuzz_image_of(data, size, &copy, &image) && quoin_rules_verify(&image, &rules, NULL) == 0) {
		quoin_context_init(&context);
		quoin_context_begin(&context, &rules);
		resolve_all(&rules, &context);
		for (uint32_t i = 0; i < rules.attributes.id_count; i++) {
			if (i % 3 == 0)
				quoin_context_put_number(&context, i, i);
			else if (i % 3 == 1)
				quoin_context_put_string(&context, i, "1.2.3", 5);
			else
				quoin_context_put_bool(&context, i, true);
		}
		for (uint64_t test = 100; test < 106; test++)
			quoin_context_put_cell(&context, test, (uint32_t)test % 4);
		quoin_context_put_override(&context, "model0", NULL, "caller-1");
		resolve_all(&rules, &context);
		quoin_context_clear(&context);
	}
	free(copy);
	return 0;
}
