#include "publisher/check_pieces.h"

#include <stdio.h>
#include <string.h>

#include "publisher/check_ref.h"
#include "publisher/check_value.h"
#include "publisher/check_when.h"

bool
quoin_check_model_ref(struct quoin_check_rule *read, const struct quoin_json *node, const char *what,
    struct quoin_ref *ret, bool *ret_has_version)
{
	struct quoin_check_run *run = read->run;
	char whose[128];

	if (!quoin_check_ref(run, &read->source, node, what, ret, ret_has_version))
		return false;
	for (size_t i = 0; i < read->rule->target_count; i++) {
		const struct quoin_objective *objective = &run->objectives[read->rule->targets[i]];

		snprintf(whose, sizeof whose, "objective \"%.64s\"", objective->name);
		if (!quoin_check_ref_types(run, &read->source, node, ret->model, objective->input_type,
			objective->model_type, whose))
			return false;
	}
	return quoin_check_ref_types(run, &read->source, node, ret->model, read->input_type, read->model_type,
	    "the rule");
}

struct quoin_ref *
quoin_check_take_refs(struct quoin_check_rule *read, size_t count)
{
	struct quoin_ref *refs = quoin_check_take(read->run, count, sizeof *refs);

	read->rule->refs = refs;
	read->rule->ref_count = refs != NULL ? count : 0;
	for (size_t i = 0; i < read->rule->ref_count; i++)
		refs[i].model = QUOIN_CHECK_NONE;
	return refs;
}

struct quoin_share *
quoin_check_take_shares(struct quoin_check_rule *read, size_t count)
{
	struct quoin_share *shares = quoin_check_take(read->run, count, sizeof *shares);

	read->rule->shares = shares;
	read->rule->share_count = shares != NULL ? count : 0;
	return shares;
}

void
quoin_check_only_ref(struct quoin_check_rule *read, const struct quoin_json *object, const char *key)
{
	const struct quoin_json *node = quoin_json_get(object, key);
	struct quoin_ref *refs = quoin_check_take_refs(read, 1);
	char what[32];

	snprintf(what, sizeof what, "\"%s\"", key);
	if (node == NULL)
		quoin_check_error(read->run, &read->source, object, "missing_key", "%s is missing; add it", what);
	else if (refs != NULL)
		quoin_check_model_ref(read, node, what, &refs[0], NULL);
}

const char *
quoin_check_by(struct quoin_check_rule *read, const struct quoin_json *object)
{
	const struct quoin_json *node =
	    quoin_check_member(read->run, &read->source, object, "by", QUOIN_JSON_STRING, QUOIN_CHECK_OPTIONAL);

	if (node == NULL)
		return "userId";
	if (!quoin_check_attribute(read->run, &read->source, node, quoin_json_string(node)))
		return NULL;
	return quoin_check_copy(read->run, quoin_json_string(node));
}

const char *
quoin_check_salt(struct quoin_check_rule *read, const struct quoin_json *object, const char *otherwise)
{
	const struct quoin_json *node =
	    quoin_check_member(read->run, &read->source, object, "salt", QUOIN_JSON_STRING, QUOIN_CHECK_OPTIONAL);

	if (node == NULL)
		return otherwise;
	if (quoin_json_string(node)[0] != '\0' && strlen(quoin_json_string(node)) <= QUOIN_CONDITION_BYTES_MAX)
		return quoin_check_copy(read->run, quoin_json_string(node));
	quoin_check_error(read->run, &read->source, node, "bad_value",
	    "\"salt\" is %s; write 1 to %d bytes, or leave it out",
	    quoin_json_string(node)[0] == '\0' ? "empty" : "too long", QUOIN_CONDITION_BYTES_MAX);
	return NULL;
}
