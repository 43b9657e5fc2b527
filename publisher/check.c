#include "publisher/check.h"

#include "lib/assert.h"
#include "publisher/check_extra.h"
#include "publisher/check_limits.h"
#include "publisher/check_models.h"
#include "publisher/check_objectives.h"
#include "publisher/check_rules.h"
#include "publisher/check_shards.h"
#include "publisher/check_value.h"
#include "publisher/check_whole.h"

#define CONSTANTS_BYTES_MAX (4u << 20) /* also what publisher/eval takes */

/* The file of this kind as a source, if it is there and is JSON. */
static const struct quoin_json *
open_file(struct quoin_check_run *run, const struct quoin_directory *directory, enum quoin_directory_kind kind,
    struct quoin_check_source *ret)
{
	const struct quoin_directory_file *file = quoin_directory_find(directory, kind);

	if (file == NULL || file->doc == NULL)
		return NULL;
	*ret = (struct quoin_check_source){.doc = file->doc, .file = quoin_check_copy(run, file->path)};
	return ret->file != NULL ? quoin_json_root(file->doc) : NULL;
}

static void
read_constants(struct quoin_check_run *run, const struct quoin_directory *directory)
{
	const struct quoin_directory_file *file = quoin_directory_find(directory, QUOIN_DIRECTORY_CONSTANTS);
	struct quoin_check_source source;
	const struct quoin_json *root = open_file(run, directory, QUOIN_DIRECTORY_CONSTANTS, &source);

	if (root == NULL || !quoin_check_is(run, &source, root, QUOIN_JSON_OBJECT, "constants.json"))
		return;
	if (file->text_bytes > CONSTANTS_BYTES_MAX) {
		quoin_check_error(run, &source, root, "limit", "constants.json has %zu bytes; at most %u are allowed",
		    file->text_bytes, CONSTANTS_BYTES_MAX);
		return;
	}
	run->constants = quoin_check_canonical(run, root);
}

static void
read_policy(struct quoin_check_run *run, const struct quoin_directory *directory)
{
	const struct quoin_directory_file *file = quoin_directory_find(directory, QUOIN_DIRECTORY_POLICY);
	struct quoin_error err = {0};
	int rc;

	quoin_policy_init(&run->policy);
	if (file == NULL || file->doc == NULL)
		return;
	rc = quoin_policy_read(file->doc, file->path, &run->policy, &err);
	if (rc == QUOIN_ENOMEM)
		run->is_out_of_memory = true;
	else if (rc != 0)
		quoin_problem_of_error(run->problems, "policy", file->path, &err);
	else
		run->policy_extra = quoin_check_extra(run, quoin_json_root(file->doc));
}

static void
check_all(struct quoin_check_run *run, const struct quoin_directory *directory, const struct quoin_json_doc *eval)
{
	struct quoin_check_source source;
	const struct quoin_json *root;

	root = open_file(run, directory, QUOIN_DIRECTORY_SHARDS, &source);
	if (root != NULL)
		quoin_check_shards(run, &source, root);
	root = open_file(run, directory, QUOIN_DIRECTORY_MODELS, &source);
	if (root != NULL && !run->is_out_of_memory)
		quoin_check_models(run, &source, root);
	root = open_file(run, directory, QUOIN_DIRECTORY_OBJECTIVES, &source);
	if (root != NULL && !run->is_out_of_memory)
		quoin_check_objectives(run, &source, root);
	read_constants(run, directory);
	read_policy(run, directory);
	if (!run->is_out_of_memory)
		quoin_check_rules(run, directory, eval);
	if (!run->is_out_of_memory)
		quoin_check_whole(run);
	if (!run->is_out_of_memory)
		quoin_check_limits(run);
}

/* Take the run's tables over. They are in its arena, which becomes the ruleset's. */
static void
take_ruleset(struct quoin_check_run *run, struct quoin_ruleset *ret, struct quoin_check_places *ret_places)
{
	*ret = (struct quoin_ruleset){
	    .arena = run->arena,
	    .objectives = run->objectives,
	    .objective_count = run->objective_count,
	    .models = run->models,
	    .model_count = run->model_count,
	    .shards = run->shards,
	    .shard_count = run->shard_count,
	    .rules = run->rules,
	    .rule_count = run->rule_count,
	    .constants = run->constants,
	    .policy = run->policy,
	    .policy_extra = run->policy_extra,
	};
	*ret_places = (struct quoin_check_places){
	    .objectives = run->objective_places,
	    .models = run->model_places,
	    .shards = run->shard_places,
	    .rules = run->rule_places,
	};
	run->arena = (struct quoin_arena){0};
}

int
quoin_check(const struct quoin_directory *directory, const struct quoin_json_doc *eval,
    struct quoin_ruleset *ret_ruleset, struct quoin_check_places *ret_places, struct quoin_problems *problems,
    struct quoin_error *err)
{
	struct quoin_check_run run = {.problems = problems};
	int rc = 0;

	check_all(&run, directory, eval);
	if (run.is_out_of_memory || problems->error == QUOIN_ENOMEM) {
		rc = quoin_error_set(err, QUOIN_ENOMEM, "out of memory while checking the directory");
	} else if (problems->error_count > 0) {
		rc = quoin_error_set(err, QUOIN_EREFUSED, "the directory has %zu %s; nothing was published",
		    problems->error_count, problems->error_count == 1 ? "error" : "errors");
	} else {
		take_ruleset(&run, ret_ruleset, ret_places);
	}
	quoin_arena_clear(&run.arena);
	return rc;
}
