/* A context line: refused, or it decides; the rules part is that of tests/vectors/images. */
#include "formats/resolve.h"
#include "lib/file.h"
#include "tests/fuzz/fuzz_image.h"

static const struct quoin_rules *
vector_rules(void)
{
	static struct quoin_rules rules;
	static struct quoin_buf bytes;
	struct quoin_image image;

	if (bytes.data == NULL) {
		quoin_buf_init(&bytes, QUOIN_PART_BYTES_MAX);
		QUOIN_ASSERT(quoin_file_read("tests/vectors/images/rules.img", &bytes, NULL) == 0);
		QUOIN_ASSERT(quoin_image_of(quoin_buf_span(&bytes), &image, NULL) == 0);
		QUOIN_ASSERT(quoin_rules_verify(&image, &rules, NULL) == 0);
	}
	return &rules;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct quoin_rules *rules = vector_rules();
	static struct quoin_context context;
	struct quoin_result result;

	quoin_context_init(&context);
	if (quoin_context_read_json(&context, rules, quoin_span_of(data, size), NULL) == 0) {
		QUOIN_ASSERT(context.objective.data != NULL && size >= 2 && data[0] != '[');
		for (uint32_t id = 0; id < rules->objectives.id_count; id++) {
			quoin_resolve_block(rules, quoin_resolve_objective(rules, id), &context, &result);
			QUOIN_ASSERT(result.selected.id < rules->models.id_count);
		}
	}
	quoin_context_clear(&context);
	return 0;
}
