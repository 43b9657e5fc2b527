#include "publisher/compile.h"

#include <stdlib.h>

#include "formats/models.h"
#include "formats/routes.h"
#include "formats/rules.h"
#include "formats/source.h"
#include "publisher/assign.h"
#include "publisher/check_policy.h"
#include "publisher/compile_scripts.h"
#include "publisher/quote.h"
#include "publisher/testfile.h"

static const struct {
	const char *name;
	const char *schema;
} part_names[QUOIN_COMPILED_PARTS] = {
    [QUOIN_COMPILED_MODELS] = {"models", "models-v1"},
    [QUOIN_COMPILED_ROUTES] = {"routes", "routes-v1"},
    [QUOIN_COMPILED_RULES] = {"rules", "rules-v1"},
    [QUOIN_COMPILED_SOURCE] = {"source", "source-v1"},
};

/* ---- Parts ---- */

bool
quoin_compiled_has(const char *name)
{
	for (size_t i = 0; i < QUOIN_COMPILED_PARTS; i++)
		if (strcmp(part_names[i].name, name) == 0)
			return true;
	return false;
}

static void
clear_parts(struct quoin_compiled_part parts[QUOIN_COMPILED_PARTS])
{
	for (size_t i = 0; i < QUOIN_COMPILED_PARTS; i++)
		quoin_buf_clear(&parts[i].bytes);
}

int
quoin_compile_verify(const struct quoin_compiled_part parts[QUOIN_COMPILED_PARTS], struct quoin_error *err)
{
	struct quoin_image images[QUOIN_COMPILED_PARTS];
	struct quoin_rules rules;
	struct quoin_routes routes;
	struct quoin_models models;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < QUOIN_COMPILED_SOURCE; i++)
		rc = quoin_image_of(quoin_buf_span(&parts[i].bytes), &images[i], err);
	if (rc == 0)
		rc = quoin_rules_verify(&images[QUOIN_COMPILED_RULES], &rules, err);
	if (rc == 0)
		rc = quoin_routes_verify(&images[QUOIN_COMPILED_ROUTES], &routes, err);
	if (rc == 0)
		rc = quoin_models_verify(&images[QUOIN_COMPILED_MODELS], &models, err);
	return rc != 0 ? rc : quoin_release_images_verify(&rules, &routes, &models, err);
}

int
quoin_compile_parts(const struct quoin_ruleset *ruleset, const struct quoin_compile_base *base,
    struct quoin_compiled_part ret[QUOIN_COMPILED_PARTS], struct quoin_error *err)
{
	static const struct quoin_compile_base none = {0};
	struct quoin_buf *rules = &ret[QUOIN_COMPILED_RULES].bytes, *models = &ret[QUOIN_COMPILED_MODELS].bytes;
	int rc;

	if (base == NULL)
		base = &none;
	for (size_t i = 0; i < QUOIN_COMPILED_PARTS; i++) {
		ret[i] = (struct quoin_compiled_part){.name = part_names[i].name, .schema = part_names[i].schema};
		quoin_buf_init(&ret[i].bytes, QUOIN_PART_BYTES_MAX);
	}
	rc = quoin_rules_encode(ruleset, base->rules, rules, err);
	if (rc == 0)
		rc = quoin_models_encode(ruleset, quoin_buf_span(rules), base->models, models, err);
	if (rc == 0)
		rc = quoin_routes_encode(quoin_buf_span(models), &ret[QUOIN_COMPILED_ROUTES].bytes, err);
	if (rc == 0) {
		rc = quoin_source_print(ruleset, &ret[QUOIN_COMPILED_SOURCE].bytes);
		if (rc != 0)
			quoin_error_set(err, rc, "the source part is too large");
	}
	if (rc == 0)
		rc = quoin_compile_verify(ret, err);
	for (size_t i = 0; rc == 0 && i < QUOIN_COMPILED_PARTS; i++)
		quoin_hash_of(quoin_buf_span(&ret[i].bytes), &ret[i].hash);
	if (rc != 0)
		clear_parts(ret);
	return rc;
}

/* ---- Placements of the base ---- */

/* Read the placements of a models part. *ret is to be freed; its strings are the part's. */
static int
read_placements(struct quoin_span part, struct quoin_base_placement **ret, size_t *ret_count, struct quoin_error *err)
{
	struct quoin_image image;
	struct quoin_models models;
	struct quoin_base_placement *placements;
	size_t total = 0, count = 0;
	int rc = quoin_image_of(part, &image, err);

	if (rc == 0)
		rc = quoin_models_verify(&image, &models, err);
	if (rc != 0)
		return rc;
	for (uint32_t i = 0; i < models.shard_count; i++) {
		struct quoin_shard_entry shard;

		quoin_models_shard_at(&models, i, &shard);
		total += shard.placed_count;
	}
	placements = calloc(total + 1, sizeof *placements);
	if (placements == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory while reading the base");
	for (uint32_t i = 0; i < models.shard_count; i++) {
		struct quoin_shard_entry shard;
		struct quoin_model_entry model;

		quoin_models_shard_at(&models, i, &shard);
		for (uint32_t j = 0; j < shard.placed_count; j++) {
			const struct quoin_placed placed = quoin_shard_placed(&shard, j);

			if (quoin_models_model(&models, placed.model, &model))
				placements[count++] =
				    (struct quoin_base_placement){model.routing_key, shard.name, placed.weight > 0};
		}
	}
	*ret = placements;
	*ret_count = count;
	return 0;
}

/* ---- The whole way ---- */

static void
count_things(struct quoin_compiled *compiled)
{
	const struct quoin_ruleset *ruleset = &compiled->ruleset;

	compiled->objective_count = ruleset->objective_count;
	compiled->shard_count = ruleset->shard_count;
	compiled->model_count = compiled->rule_count = 0;
	for (size_t i = 0; i < ruleset->model_count; i++)
		compiled->model_count += ruleset->models[i].is_used;
	for (size_t i = 0; i < ruleset->rule_count; i++)
		compiled->rule_count += ruleset->rules[i].is_enabled;
	for (size_t i = 0; i < ruleset->objective_count; i++)
		compiled->rule_count +=
		    quoin_span_equal_str(quoin_span_str(ruleset->objectives[i].default_rule), "default");
}

/* From the directory and what its scripts gave to a ruleset with its placements. */
static int
make_ruleset(struct quoin_compiled *compiled, const struct quoin_json_doc *eval,
    const struct quoin_base_placement *placements, size_t count, bool may_overcommit, struct quoin_problems *problems,
    struct quoin_error *err)
{
	int rc = quoin_testfile_check(&compiled->directory, problems, err);

	if (rc == 0)
		rc = quoin_check(&compiled->directory, eval, &compiled->ruleset, &compiled->places, problems, err);
	if (rc == 0)
		rc = quoin_assign(&compiled->ruleset, placements, count, may_overcommit, &compiled->places, problems, err);
	if (rc == 0) {
		quoin_check_policy(&compiled->directory, &compiled->ruleset, problems);
		if (problems->error_count > 0)
			rc = quoin_error_set(err, QUOIN_EREFUSED, "the policy cannot be met");
	}
	return rc;
}

/* A limit of the images is a problem of the directory that exceeds it. */
static int
make_parts(struct quoin_compiled *compiled, const struct quoin_compile_base *base, struct quoin_problems *problems,
    struct quoin_error *err)
{
	struct quoin_error why = {0};
	int rc = quoin_compile_parts(&compiled->ruleset, base, compiled->parts, &why);

	if (rc == QUOIN_ELIMIT) {
		quoin_problem_of_error(problems, "limit", NULL, &why);
		rc = QUOIN_EREFUSED;
	}
	if (rc != 0 && err != NULL)
		*err = why;
	return rc;
}

int
quoin_compile_evaluated(struct quoin_directory *directory, const struct quoin_json_doc *eval,
    const struct quoin_compile_base *base, struct quoin_compiled *ret, struct quoin_problems *problems,
    struct quoin_error *err)
{
	struct quoin_base_placement *placements = NULL;
	size_t count = 0;
	int rc = 0;

	*ret = (struct quoin_compiled){.directory = *directory};
	*directory = (struct quoin_directory){0};
	if (base != NULL && base->models.len > 0)
		rc = read_placements(base->models, &placements, &count, err);
	if (rc == 0)
		rc = make_ruleset(ret, eval, placements, count, base != NULL && base->may_overcommit, problems, err);
	if (rc == 0)
		rc = make_parts(ret, base, problems, err);
	if (rc == 0)
		count_things(ret);
	if (rc == 0 && problems->error != 0)
		rc = quoin_error_set(err, problems->error, "out of memory while listing problems");
	free(placements);
	quoin_quote_problems(problems, &ret->directory);
	quoin_problems_sort(problems);
	if (rc != 0)
		quoin_compiled_clear(ret);
	return rc;
}

int
quoin_compile_directory(struct quoin_directory *directory, const struct quoin_compile_base *base,
    struct quoin_buf *console, struct quoin_compiled *ret, struct quoin_problems *problems, struct quoin_error *err)
{
	struct quoin_json_doc *eval = NULL;
	int rc = quoin_compile_scripts(directory, console, &eval, problems, err);

	*ret = (struct quoin_compiled){0};
	if (rc == 0)
		rc = quoin_compile_evaluated(directory, eval, base, ret, problems, err);
	quoin_json_free(eval);
	quoin_directory_clear(directory);
	quoin_problems_sort(problems);
	return rc;
}

int
quoin_compile(const char *root, const struct quoin_compile_base *base, struct quoin_buf *console,
    struct quoin_compiled *ret, struct quoin_problems *problems, struct quoin_error *err)
{
	struct quoin_directory directory = {0};
	int rc = quoin_directory_read(root, &directory, problems, err);

	*ret = (struct quoin_compiled){0};
	return rc != 0 ? rc : quoin_compile_directory(&directory, base, console, ret, problems, err);
}

void
quoin_compiled_clear(struct quoin_compiled *compiled)
{
	quoin_directory_clear(&compiled->directory);
	quoin_ruleset_clear(&compiled->ruleset);
	clear_parts(compiled->parts);
	*compiled = (struct quoin_compiled){0};
}
