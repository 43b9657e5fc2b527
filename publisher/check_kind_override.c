#include "publisher/check_kind.h"

#include <string.h>

#include "publisher/check_pieces.h"
#include "publisher/check_value.h"

/* The member: an array of 1 to QUOIN_CELLS_MAX elements, or "any", for which *ret_any is set and NULL returned. */
static const struct quoin_json *
read_list(struct quoin_check_rule *read, const struct quoin_json *object, const char *key, bool *ret_any)
{
	const struct quoin_json *node = quoin_json_get(object, key);

	*ret_any = false;
	if (node == NULL) {
		quoin_check_error(read->run, &read->source, object, "missing_key",
		    "\"%s\" is missing in \"override\"; add an array, or \"any\"", key);
		return NULL;
	}
	if (quoin_json_kind(node) == QUOIN_JSON_STRING && strcmp(quoin_json_string(node), "any") == 0) {
		*ret_any = true;
		return NULL;
	}
	if (quoin_json_kind(node) != QUOIN_JSON_ARRAY) {
		quoin_check_error(read->run, &read->source, node, "wrong_type",
		    "\"%s\" is neither an array nor \"any\"", key);
		return NULL;
	}
	if (quoin_json_count(node) > 0 && quoin_json_count(node) <= QUOIN_CELLS_MAX)
		return node;
	quoin_check_error(read->run, &read->source, node, "limit",
	    "\"%s\" has %zu entries; it has 1 to %d, or is \"any\"", key, quoin_json_count(node), QUOIN_CELLS_MAX);
	return NULL;
}

static void
read_override_models(struct quoin_check_rule *read, const struct quoin_json *object)
{
	const struct quoin_json *array = read_list(read, object, "models", &read->rule->any_model);
	struct quoin_ref *refs;
	bool *any_version;
	size_t i = 0;

	if (array == NULL)
		return;
	refs = quoin_check_take_refs(read, quoin_json_count(array));
	any_version = quoin_check_take(read->run, quoin_json_count(array), sizeof *any_version);
	if (refs == NULL || any_version == NULL)
		return;
	for (const struct quoin_json *item = quoin_json_first(array); item != NULL; item = quoin_json_next(item), i++) {
		bool has_version;

		quoin_check_model_ref(read, item, "\"models\"", &refs[i], &has_version);
		any_version[i] = !has_version;
	}
	read->rule->ref_any_version = any_version;
}

static void
read_override_callers(struct quoin_check_rule *read, const struct quoin_json *object)
{
	bool is_any;
	const struct quoin_json *array = read_list(read, object, "callers", &is_any);
	const char **callers;
	size_t count = 0;

	callers = array != NULL ? quoin_check_take(read->run, quoin_json_count(array), sizeof *callers) : NULL;
	if (callers == NULL)
		return;
	for (const struct quoin_json *item = quoin_json_first(array); item != NULL; item = quoin_json_next(item)) {
		if (!quoin_check_is(read->run, &read->source, item, QUOIN_JSON_STRING, "a caller"))
			continue;
		if (strlen(quoin_json_string(item)) > QUOIN_CONDITION_BYTES_MAX) {
			quoin_check_error(read->run, &read->source, item, "limit", "the caller is longer than %d bytes",
			    QUOIN_CONDITION_BYTES_MAX);
			continue;
		}
		callers[count] = quoin_check_copy(read->run, quoin_json_string(item));
		if (callers[count++] == NULL)
			return;
	}
	read->rule->callers = callers;
	read->rule->caller_count = count;
}

void
quoin_check_override(struct quoin_check_rule *read)
{
	static const char *const keys[] = {"models", "callers", NULL};
	const struct quoin_json *object = quoin_check_member(read->run, &read->source, read->node, "override",
	    QUOIN_JSON_OBJECT, QUOIN_CHECK_REQUIRED);

	if (object == NULL)
		return;
	quoin_check_keys(read->run, &read->source, object, keys, "\"override\"");
	read_override_models(read, object);
	read_override_callers(read, object);
}
