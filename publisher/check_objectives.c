#include "publisher/check_objectives.h"

#include <stdio.h>

#include "publisher/check_extra.h"
#include "publisher/check_ref.h"
#include "publisher/check_value.h"

#define OWNER_BYTES_MAX 256

static const char *const objective_keys[] = {"owner", "inputType", "modelType", "default", "config", NULL};

static void
read_default(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *object,
    struct quoin_objective *objective)
{
	const struct quoin_json *node = quoin_json_get(object, "default");
	char whose[128];

	if (node == NULL)
		return;
	objective->default_rule = "default";
	snprintf(whose, sizeof whose, "objective \"%.64s\"", objective->name);
	if (quoin_check_ref(run, source, node, "\"default\"", &objective->default_ref, NULL)) {
		quoin_check_ref_types(run, source, node, objective->default_ref.model, objective->input_type,
		    objective->model_type, whose);
	}
}

static void
read_objective(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *object,
    struct quoin_objective *objective)
{
	objective->default_ref.model = QUOIN_CHECK_NONE;
	if (!quoin_check_is(run, source, object, QUOIN_JSON_OBJECT, "an objective"))
		return;
	quoin_check_keys(run, source, object, objective_keys, "an objective");
	objective->owner = quoin_check_text_member(run, source, object, "owner", QUOIN_CHECK_OPTIONAL, OWNER_BYTES_MAX);
	objective->input_type =
	    quoin_check_text_member(run, source, object, "inputType", QUOIN_CHECK_REQUIRED, QUOIN_CHECK_TYPE_BYTES_MAX);
	objective->model_type =
	    quoin_check_text_member(run, source, object, "modelType", QUOIN_CHECK_REQUIRED, QUOIN_CHECK_TYPE_BYTES_MAX);
	objective->config = quoin_check_config(run, source, object);
	objective->extra = quoin_check_extra(run, object);
	read_default(run, source, object, objective);
}

void
quoin_check_objectives(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *root)
{
	const struct quoin_json **members;
	size_t count;

	if (!quoin_check_is(run, source, root, QUOIN_JSON_OBJECT, "objectives.json"))
		return;
	members = quoin_check_sorted(run, root, &count);
	if (count > QUOIN_OBJECTIVES_MAX) {
		quoin_check_error(run, source, root, "limit", "there are %zu objectives; at most %d are allowed", count,
		    QUOIN_OBJECTIVES_MAX);
		return;
	}
	run->objectives = quoin_check_take(run, count, sizeof *run->objectives);
	run->objective_places = quoin_check_take(run, count, sizeof *run->objective_places);
	run->objective_names = quoin_check_take(run, count, sizeof *run->objective_names);
	if (run->is_out_of_memory)
		return;
	for (size_t i = 0; i < count; i++) {
		struct quoin_objective *objective = &run->objectives[i];

		quoin_check_key_is_name(run, source, members[i], "an objective");
		objective->name = quoin_check_copy(run, quoin_json_key(members[i]));
		if (objective->name == NULL)
			return;
		run->objective_names[i] = objective->name;
		run->objective_places[i] = quoin_check_place(source, members[i]);
		read_objective(run, source, members[i], objective);
		run->objective_count = i + 1;
	}
	run->has_objectives = true;
}
