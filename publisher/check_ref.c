#include "publisher/check_ref.h"

#include <stdio.h>
#include <string.h>

#include "publisher/check_models.h"
#include "publisher/check_value.h"

static const char *const ref_keys[] = {"name", "version", "config", NULL};

/* A routing key in the place of a name: which reference it would be. */
static bool
advise_reference(const struct quoin_check_run *run, const char *key, char *out, size_t out_bytes)
{
	const char *at = strrchr(key, '@');
	char name[QUOIN_NAME_BYTES_MAX + 1];
	const struct quoin_check_family *family;

	if (at == NULL || at - key > QUOIN_NAME_BYTES_MAX)
		return false;
	snprintf(name, sizeof name, "%.*s", (int)(at - key), key);
	family = quoin_check_find_family(run, name);
	if (family == NULL || quoin_check_find_version(run, family, at + 1) == QUOIN_CHECK_NONE)
		return false;
	snprintf(out, out_bytes, "; write {\"name\": \"%s\", \"version\": \"%s\"}", name, at + 1);
	return true;
}

static void
refuse_model(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *node,
    const char *what, const char *name)
{
	char advice[QUOIN_CHECK_ADVICE_BYTES];

	if (!run->has_models)
		return;
	if (!advise_reference(run, name, advice, sizeof advice))
		quoin_check_advise(name, run->family_names, run->family_count, "add it to models.json", advice, sizeof advice);
	quoin_check_error(run, source, node, "unknown_model", "%s: there is no model \"%.128s\"%s", what, name, advice);
}

static void
refuse_version(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *node,
    const char *what, const struct quoin_check_family *family, const char *version)
{
	char known[160];
	size_t len = 0;

	known[0] = '\0';
	for (uint32_t i = 0; i < family->count; i++) {
		const char *have = run->models[family->first + i].version;

		if (have == NULL)
			continue;
		if (len + strlen(have) + 8 > sizeof known) {
			snprintf(known + len, sizeof known - len, ", …");
			break;
		}
		len += (size_t)snprintf(known + len, sizeof known - len, "%s%s", len > 0 ? ", " : "", have);
	}
	quoin_check_error(run, source, node, "unknown_version",
	    "%s: model \"%s\" has no version \"%.64s\"; models.json has %s", what, family->name, version, known);
}

static bool
find_model(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *name_node,
    const struct quoin_json *version_node, const char *what, struct quoin_ref *ret)
{
	const char *name = quoin_json_string(name_node);
	const struct quoin_check_family *family = quoin_check_find_family(run, name);

	if (family == NULL) {
		refuse_model(run, source, name_node, what, name);
		return false;
	}
	if (version_node == NULL) {
		ret->model = family->current;
	} else {
		ret->model = quoin_check_find_version(run, family, quoin_json_string(version_node));
		if (ret->model == QUOIN_CHECK_NONE && family->count > 0)
			refuse_version(run, source, version_node, what, family, quoin_json_string(version_node));
	}
	return ret->model != QUOIN_CHECK_NONE;
}

/* The version of an object reference: *ret NULL if there is none; false if there is one that is no string. */
static bool
read_version(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *object,
    const struct quoin_json **ret)
{
	const struct quoin_json *node = quoin_json_get(object, "version");

	if (node != NULL && quoin_json_kind(node) == QUOIN_JSON_NUMBER) {
		quoin_check_error(run, source, node, "wrong_type",
		    "\"version\" is a number; write it as a string: \"%s\"", quoin_check_number(run, node));
		return false;
	}
	*ret = quoin_check_member(run, source, object, "version", QUOIN_JSON_STRING, QUOIN_CHECK_OPTIONAL);
	return node == NULL || *ret != NULL;
}

bool
quoin_check_ref(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *node,
    const char *what, struct quoin_ref *ret, bool *ret_has_version)
{
	const struct quoin_json *name, *version = NULL;
	bool is_good;

	*ret = (struct quoin_ref){.model = QUOIN_CHECK_NONE};
	if (ret_has_version != NULL)
		*ret_has_version = false;
	if (quoin_json_kind(node) == QUOIN_JSON_STRING)
		return find_model(run, source, node, NULL, what, ret);
	if (quoin_json_kind(node) != QUOIN_JSON_OBJECT) {
		quoin_check_error(run, source, node, "wrong_type",
		    "%s is no reference to a model; write {\"name\": …} or just the name", what);
		return false;
	}
	quoin_check_keys(run, source, node, ref_keys, "a reference to a model");
	name = quoin_check_member(run, source, node, "name", QUOIN_JSON_STRING, QUOIN_CHECK_REQUIRED);
	is_good = read_version(run, source, node, &version);
	ret->config = quoin_check_config(run, source, node);
	if (ret_has_version != NULL)
		*ret_has_version = version != NULL;
	return name != NULL && is_good && find_model(run, source, name, version, what, ret);
}

bool
quoin_check_ref_types(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *node, uint32_t model, const char *input_type, const char *model_type, const char *whose)
{
	const struct quoin_model *have = &run->models[model];
	const char *key = have->routing_key != NULL ? have->routing_key : have->name;

	if (input_type != NULL && have->input_type != NULL && strcmp(input_type, have->input_type) != 0) {
		quoin_check_error(run, source, node, "type_mismatch",
		    "model \"%s\" takes inputType \"%s\", but %s has \"%s\"; name a model of that type", key,
		    have->input_type, whose, input_type);
		return false;
	}
	if (model_type != NULL && have->model_type != NULL && strcmp(model_type, have->model_type) != 0) {
		quoin_check_error(run, source, node, "type_mismatch",
		    "model \"%s\" is of modelType \"%s\", but %s has \"%s\"; name a model of that type", key,
		    have->model_type, whose, model_type);
		return false;
	}
	return true;
}
