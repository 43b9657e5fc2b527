/*
 * A rules file beside a fixed directory: either problems, each with a place, or parts that verify, and that the source
 * part alone gives again.
 */
#include "publisher/compile.h"

#include "formats/source.h"
#include "lib/assert.h"
#include "tests/fuzz/fuzz.h"

static const struct {
	const char *path;
	const char *text;
} fixed[] = {
    {"models.json",
	"{\"m\": [{\"version\": \"1\", \"inputType\": \"T\", \"modelType\": \"S\", \"uri\": \"u\", \"digest\": \"d1\"},"
	" {\"version\": \"2\", \"current\": true, \"inputType\": \"T\", \"modelType\": \"S\", \"uri\": \"u\", \"digest\": \"d2\"}],"
	" \"q\": {\"version\": \"1\", \"inputType\": \"Q\", \"modelType\": \"S\", \"uri\": \"u\", \"digest\": \"d3\"}}"},
    {"objectives.json",
	"{\"Rank\": {\"inputType\": \"T\", \"modelType\": \"S\", \"default\": \"m\"},"
	" \"Search\": {\"inputType\": \"Q\", \"modelType\": \"S\", \"default\": \"q\", \"config\": {\"k\": 1}}}"},
    {"shards.json",
	"{\"east\": {\"vip\": \"e:1\", \"hosts\": [\"e1\"], \"capacity\": {}},"
	" \"west\": {\"vip\": \"w:1\", \"hosts\": [\"w1\"], \"capacity\": {}}}"},
};

static void
check_problems(const struct quoin_problems *problems)
{
	struct quoin_json_doc *doc;
	struct quoin_buf text;

	quoin_buf_init(&text, 16u << 20);
	QUOIN_ASSERT(quoin_problems_print_json(problems, &text) == 0);
	QUOIN_ASSERT(quoin_json_parse(quoin_buf_span(&text), &doc, NULL) == 0);
	QUOIN_ASSERT(quoin_json_count(quoin_json_root(doc)) == problems->count);
	quoin_json_free(doc);
	quoin_buf_clear(&text);
}

static void
check_parts(const struct quoin_compiled *compiled)
{
	struct quoin_ruleset ruleset = {0};
	struct quoin_compiled_part parts[QUOIN_COMPILED_PARTS];

	QUOIN_ASSERT(
	    quoin_source_read(quoin_buf_span(&compiled->parts[QUOIN_COMPILED_SOURCE].bytes), &ruleset, NULL) == 0);
	QUOIN_ASSERT(quoin_compile_parts(&ruleset, NULL, parts, NULL) == 0);
	for (size_t i = 0; i < QUOIN_COMPILED_PARTS; i++) {
		QUOIN_ASSERT(quoin_hash_equal(&parts[i].hash, &compiled->parts[i].hash));
		quoin_buf_clear(&parts[i].bytes);
	}
	quoin_ruleset_clear(&ruleset);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct quoin_directory directory = {0};
	struct quoin_problems problems;
	struct quoin_compiled compiled;
	int rc;

	QUOIN_ASSERT(quoin_crypto_init() == 0);
	quoin_problems_init(&problems);
	QUOIN_ASSERT(quoin_directory_add(&directory, "a.rules.json", quoin_span_of(data, size), &problems) == 0);
	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		QUOIN_ASSERT(
		    quoin_directory_add(&directory, fixed[i].path, quoin_span_str(fixed[i].text), &problems) == 0);
	rc = quoin_compile_directory(&directory, NULL, NULL, &compiled, &problems, NULL);
	QUOIN_ASSERT(rc == (problems.error_count > 0 ? QUOIN_EREFUSED : 0));
	check_problems(&problems);
	if (rc == 0)
		check_parts(&compiled);
	quoin_compiled_clear(&compiled);
	quoin_problems_clear(&problems);
	return 0;
}
