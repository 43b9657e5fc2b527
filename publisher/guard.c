#include "publisher/guard_try.h"

#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

#define SIZE_JUMP_BYTES	 (1u << 20)

static const struct quoin_place nowhere;

/* A file of no bytes is what a broken pipe leaves behind, not a dataset. */
static void
try_empty_parts(const struct guard *guard, const struct quoin_guard_input *input, struct quoin_problems *problems)
{
	for (size_t i = 0; input->release != NULL && i < input->release->part_count; i++)
		if (input->release->parts[i].bytes == 0)
			quoin_guard_object(guard, input, problems, nowhere, "part %s is empty", input->release->parts[i].name);
}

static int
try_empty(const struct guard *guard, const struct quoin_guard_input *input, struct quoin_problems *problems,
    struct quoin_error *err)
{
	size_t count = input->compiled != NULL ? input->compiled->objective_count : 0;

	(void)err;
	if (input->compiled == NULL) {
		try_empty_parts(guard, input, problems);
		return 0;
	}
	if (count == 0) {
		quoin_guard_object(guard, input, problems, (struct quoin_place){.file = "objectives.json"},
		    "there are no objectives");
	} else if ((double)count * 100 < (double)input->base_objective_count * quoin_guard_threshold(guard, input)) {
		quoin_guard_object(guard, input, problems, (struct quoin_place){.file = "objectives.json"},
		    "there are %zu objectives, and there were %zu in the base", count, input->base_objective_count);
	}
	if (input->compiled->shard_count == 0)
		quoin_guard_object(guard, input, problems, (struct quoin_place){.file = "shards.json"}, "there are no shards");
	return 0;
}

/* Compare one model of the release with what a retained release says under the same routing key; whether they differ. */
static bool
compare_version(const struct guard *guard, const struct quoin_guard_input *input, size_t index,
    const struct quoin_model_entry *before, uint64_t release, struct quoin_problems *problems)
{
	const struct quoin_model *model = &input->compiled->ruleset.models[index];
	const char *what = NULL, *have = NULL, *had = NULL;

	if (strcmp(model->digest, before->digest) != 0)
		what = "digest", have = model->digest, had = before->digest;
	else if (strcmp(model->input_type, before->input_type) != 0)
		what = "inputType", have = model->input_type, had = before->input_type;
	else if (strcmp(model->model_type, before->model_type) != 0)
		what = "modelType", have = model->model_type, had = before->model_type;
	if (what == NULL)
		return false;
	quoin_guard_object(guard, input, problems, input->compiled->places.models[index],
	    "model \"%s\" has %s \"%.100s\", but release %llu has \"%.100s\" under the same version: give it a new "
	    "version",
	    model->routing_key, what, have, (unsigned long long)release, had);
	return true;
}

static int
try_version_reused(const struct guard *guard, const struct quoin_guard_input *input, struct quoin_problems *problems,
    struct quoin_error *err)
{
	const struct quoin_ruleset *ruleset = &input->compiled->ruleset;
	bool *is_told = calloc(ruleset->model_count + 1, sizeof *is_told); /* once is enough, however many releases have it */
	int rc = is_told != NULL ? 0 : quoin_error_set(err, QUOIN_ENOMEM, "no memory to compare models");

	for (size_t i = 0; rc == 0 && i < input->retained_count; i++) {
		struct quoin_models models;
		struct quoin_model_entry before;

		rc = quoin_guard_open_models(input->retained[i].models, &models, err);
		for (size_t j = 0; rc == 0 && j < ruleset->model_count; j++) {
			if (ruleset->models[j].is_used && !is_told[j] &&
			    quoin_models_model_named(&models, ruleset->models[j].routing_key, &before))
				is_told[j] = compare_version(guard, input, j, &before, input->retained[i].release, problems);
		}
	}
	free(is_told);
	return rc;
}

static int
try_size_jump(const struct guard *guard, const struct quoin_guard_input *input, struct quoin_problems *problems,
    struct quoin_error *err)
{
	(void)err;
	for (size_t i = 0; i < QUOIN_COMPILED_PARTS; i++) {
		uint64_t bytes = input->compiled->parts[i].bytes.len;
		uint64_t before = input->base_part_bytes[i];

		if (before == 0 || bytes <= SIZE_JUMP_BYTES || (double)bytes <= (double)before * quoin_guard_threshold(guard, input))
			continue;
		quoin_guard_object(guard, input, problems, nowhere, "the part \"%s\" has %llu bytes, and had %llu in the base",
		    input->compiled->parts[i].name, (unsigned long long)bytes, (unsigned long long)before);
	}
	return 0;
}

static int
try_closed_world(const struct guard *guard, const struct quoin_guard_input *input, struct quoin_problems *problems,
    struct quoin_error *err)
{
	struct quoin_error why = {0};
	int rc = quoin_compile_verify(input->compiled->parts, &why);

	(void)err;
	if (rc != 0)
		quoin_guard_object(guard, input, problems, nowhere, "the parts do not fit together: %.300s", why.message);
	return 0;
}

static int
try_capacity(const struct guard *guard, const struct quoin_guard_input *input, struct quoin_problems *problems,
    struct quoin_error *err)
{
	const struct quoin_ruleset *ruleset = &input->compiled->ruleset;

	(void)err;
	for (size_t i = 0; i < ruleset->shard_count; i++) {
		const struct quoin_shard *shard = &ruleset->shards[i];

		for (size_t j = 0; j < shard->capacity_count; j++) {
			uint64_t demand = quoin_guard_placed_demand(ruleset, i, shard->capacity[j].resource);

			if (demand <= shard->capacity[j].amount)
				continue;
			quoin_guard_object(guard, input, problems, input->compiled->places.shards[i],
			    "the models on shard \"%s\" need %llu %s, and a host has %llu", shard->name,
			    (unsigned long long)demand, shard->capacity[j].resource,
			    (unsigned long long)shard->capacity[j].amount);
		}
	}
	return 0;
}

static int
try_sizes(const struct guard *guard, const struct quoin_guard_input *input, struct quoin_problems *problems,
    struct quoin_error *err)
{
	uint64_t sum = 0;

	(void)err;
	for (size_t i = 0; i < QUOIN_COMPILED_PARTS; i++)
		sum += input->compiled->parts[i].bytes.len;
	if (sum > QUOIN_RELEASE_BYTES_MAX) {
		quoin_guard_object(guard, input, problems, nowhere,
		    "the parts have %llu bytes together, and at most %u are allowed", (unsigned long long)sum,
		    QUOIN_RELEASE_BYTES_MAX);
	}
	return 0;
}

/* Ascending by name, like the list of names below. */
static const struct guard guards[] = {
    {"capacity", NULL, true, -1, try_capacity},
    {"closed_world", "a request for what has no route, or is loaded nowhere, has no place to go to; mend the rules", true, -1,
	try_closed_world},
    {"default_changed", NULL, true, 25, quoin_guard_try_default_changed},
    {"empty", NULL, false, 50, try_empty},
    {"limits", NULL, false, -1, quoin_guard_try_limits},
    {"models_removed", NULL, true, 25, quoin_guard_try_models_removed},
    {"overlap", NULL, true, -1, quoin_guard_try_overlap},
    {"parts_removed", NULL, false, 0, quoin_guard_try_parts_removed},
    {"rebucket", NULL, true, 0, quoin_guard_try_rebucket},
    {"rules_removed", NULL, true, 25, quoin_guard_try_rules_removed},
    {"size_jump", NULL, true, 4, try_size_jump},
    {"sizes", "no document and no host takes a release beyond the bounds of the format; leave something out", true, -1,
	try_sizes},
    {"version_reused", NULL, true, -1, try_version_reused},
};
#define GUARDS (sizeof guards / sizeof guards[0])

static const struct guard *
find_guard(const char *name)
{
	for (size_t i = 0; i < GUARDS; i++) {
		if (strcmp(guards[i].name, name) == 0)
			return &guards[i];
	}
	return NULL;
}

bool
quoin_guard_is_known(const char *name)
{
	return find_guard(name) != NULL;
}

const char *
quoin_guard_why_never(const char *name)
{
	const struct guard *guard = find_guard(name);

	return guard != NULL ? guard->why_never : NULL;
}

bool
quoin_guard_is_waivable(const char *name)
{
	const struct guard *guard = find_guard(name);

	return guard != NULL && guard->why_never == NULL;
}

const char *const *
quoin_guard_names(void)
{
	static const char *const names[] = {"capacity", "closed_world", "default_changed", "empty", "limits",
	    "models_removed", "overlap", "parts_removed", "rebucket", "rules_removed", "size_jump", "sizes",
	    "version_reused", NULL};

	_Static_assert(sizeof names / sizeof names[0] == GUARDS + 1, "every guard has its name here");
	return names;
}

int
quoin_guard_check_thresholds(const struct quoin_conf_guard *thresholds, size_t count, struct quoin_error *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct guard *guard = find_guard(thresholds[i].name);
		const char *nearest = quoin_text_nearest(thresholds[i].name, quoin_guard_names(), GUARDS);

		if (guard == NULL)
			return quoin_error_set(err, QUOIN_ECONFIG, "guard.%s: there is no such guard%s%s", thresholds[i].name,
			    nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "");
		if (guard->threshold < 0)
			return quoin_error_set(err, QUOIN_ECONFIG, "guard.%s: this guard has no threshold; it holds or not",
			    thresholds[i].name);
	}
	return 0;
}

int
quoin_guard(const struct quoin_guard_input *input, struct quoin_problems *problems, struct quoin_error *err)
{
	size_t before = problems->error_count;
	int rc = quoin_guard_check_thresholds(input->thresholds, input->threshold_count, err);

	for (size_t i = 0; rc == 0 && i < GUARDS; i++)
		if (!guards[i].needs_rules || input->compiled != NULL)
			rc = guards[i].try(&guards[i], input, problems, err);
	if (rc == 0 && problems->error != 0)
		rc = quoin_error_set(err, problems->error, "out of memory while trying guards");
	if (rc == 0 && problems->error_count > before)
		rc = quoin_error_set(err, QUOIN_EREFUSED, "a guard refuses the release; nothing was published");
	quoin_problems_sort(problems);
	return rc;
}
