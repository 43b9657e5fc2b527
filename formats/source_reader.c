#include "formats/source_reader.h"

#include <string.h>

void
quoin_source_refuse(struct source_reader *reader, const struct quoin_json *node, const char *what)
{
	uint32_t line = 0, column = 0;

	if (reader->rc != 0)
		return;
	if (node != NULL)
		quoin_json_place(reader->doc, node, &line, &column);
	reader->rc = quoin_error_set(reader->err, QUOIN_ESYNTAX, "source part: %s", what);
	quoin_error_at(reader->err, NULL, line, column);
}

void *
quoin_source_take(struct source_reader *reader, size_t count, size_t size)
{
	void *memory = count > QUOIN_JSON_BYTES_MAX ? NULL : quoin_arena_take(&reader->ruleset->arena, (count + 1) * size);

	if (memory == NULL && reader->rc == 0)
		reader->rc = quoin_error_set(reader->err, QUOIN_ENOMEM, "source part: out of memory");
	return memory;
}

/* ---- Members ---- */

/* The member if it is there and of this kind; NULL if it is not there; else refused. */
const struct quoin_json *
quoin_source_member(struct source_reader *reader, const struct quoin_json *object, const char *name,
    enum quoin_json_kind kind, bool required)
{
	const struct quoin_json *node = NULL;

	if (quoin_json_kind(object) == QUOIN_JSON_OBJECT)
		node = quoin_json_get(object, name);
	if (node != NULL ? quoin_json_kind(node) != kind : required) {
		quoin_source_refuse(reader, object, name);
		return NULL;
	}
	return node;
}

const char *
quoin_source_read_text(struct source_reader *reader, const struct quoin_json *object, const char *name, bool required)
{
	const struct quoin_json *node = quoin_source_member(reader, object, name, QUOIN_JSON_STRING, required);
	const char *text;

	if (node == NULL)
		return required ? "" : NULL;
	text = quoin_arena_text(&reader->ruleset->arena, quoin_span_str(quoin_json_string(node)));
	if (text == NULL)
		quoin_source_take(reader, SIZE_MAX / 2, 1);
	return text == NULL ? "" : text;
}

uint64_t
quoin_source_read_int(struct source_reader *reader, const struct quoin_json *object, const char *name,
    int64_t min, int64_t max)
{
	const struct quoin_json *node = quoin_source_member(reader, object, name, QUOIN_JSON_NUMBER, true);
	int64_t value = 0;

	if (node != NULL && !quoin_json_is_int(node, min, max, &value))
		quoin_source_refuse(reader, node, name);
	return (uint64_t)value;
}

bool
quoin_source_read_bool(struct source_reader *reader, const struct quoin_json *object, const char *name)
{
	const struct quoin_json *node = quoin_source_member(reader, object, name, QUOIN_JSON_BOOL, true);

	return node != NULL && quoin_json_bool(node);
}

/* An object as canonical JSON, or NULL. */
const char *
quoin_source_read_object(struct source_reader *reader, const struct quoin_json *object, const char *name)
{
	const struct quoin_json *node = quoin_source_member(reader, object, name, QUOIN_JSON_OBJECT, false);
	const char *text;

	if (node == NULL)
		return NULL;
	quoin_buf_reset(&reader->scratch);
	quoin_json_print(node, &reader->scratch);
	text = reader->scratch.error != 0
	    ? NULL : quoin_arena_text(&reader->ruleset->arena, quoin_buf_span(&reader->scratch));
	if (text == NULL)
		quoin_source_take(reader, SIZE_MAX / 2, 1);
	return text;
}

/* A list member and its length; NULL (and 0) when refused. */
const struct quoin_json *
quoin_source_read_list(struct source_reader *reader, const struct quoin_json *object, const char *name,
    size_t max, size_t *ret_count)
{
	const struct quoin_json *list = quoin_source_member(reader, object, name, QUOIN_JSON_ARRAY, true);

	*ret_count = list == NULL ? 0 : quoin_json_count(list);
	if (*ret_count > max) {
		quoin_source_refuse(reader, list, "a list is too long");
		*ret_count = 0;
		return NULL;
	}
	return *ret_count == 0 ? NULL : quoin_json_first(list);
}

const struct quoin_amount *
quoin_source_read_amounts(struct source_reader *reader, const struct quoin_json *object, const char *name,
    size_t *ret_count)
{
	const struct quoin_json *node = quoin_source_member(reader, object, name, QUOIN_JSON_OBJECT, true), *child;
	size_t count = node == NULL ? 0 : quoin_json_count(node), i = 0;
	struct quoin_amount *amounts = quoin_source_take(reader, count, sizeof *amounts);
	int64_t value = 0;

	*ret_count = 0;
	if (node == NULL || amounts == NULL)
		return NULL;
	for (child = quoin_json_first(node); child != NULL; child = quoin_json_next(child), i++) {
		if (!quoin_json_is_int(child, 0, SOURCE_NUMBER_MAX, &value))
			quoin_source_refuse(reader, child, name);
		amounts[i].resource = quoin_arena_text(&reader->ruleset->arena, quoin_span_str(quoin_json_key(child)));
		amounts[i].amount = (uint64_t)value;
		if (amounts[i].resource == NULL)
			return quoin_source_take(reader, SIZE_MAX / 2, 1);
	}
	*ret_count = count;
	return amounts;
}

const struct quoin_pair *
quoin_source_read_pairs(struct source_reader *reader, const struct quoin_json *object, const char *name,
    size_t *ret_count)
{
	const struct quoin_json *node = quoin_source_member(reader, object, name, QUOIN_JSON_OBJECT, true), *child;
	size_t count = node == NULL ? 0 : quoin_json_count(node), i = 0;
	struct quoin_pair *pairs = quoin_source_take(reader, count, sizeof *pairs);

	*ret_count = 0;
	if (node == NULL || pairs == NULL)
		return NULL;
	for (child = quoin_json_first(node); child != NULL; child = quoin_json_next(child), i++) {
		pairs[i].key = quoin_arena_text(&reader->ruleset->arena, quoin_span_str(quoin_json_key(child)));
		pairs[i].value = quoin_source_read_text(reader, node, quoin_json_key(child), true);
		if (pairs[i].key == NULL)
			return quoin_source_take(reader, SIZE_MAX / 2, 1);
	}
	*ret_count = count;
	return pairs;
}

const char *const *
quoin_source_read_texts(struct source_reader *reader, const struct quoin_json *object, const char *name,
    size_t *ret_count)
{
	const struct quoin_json *child = quoin_source_read_list(reader, object, name, QUOIN_JSON_BYTES_MAX, ret_count);
	const char **texts = quoin_source_take(reader, *ret_count, sizeof *texts);

	for (size_t i = 0; texts != NULL && child != NULL; child = quoin_json_next(child), i++) {
		if (quoin_json_kind(child) != QUOIN_JSON_STRING) {
			quoin_source_refuse(reader, child, name);
			break;
		}
		texts[i] = quoin_arena_text(&reader->ruleset->arena, quoin_span_str(quoin_json_string(child)));
		if (texts[i] == NULL)
			return quoin_source_take(reader, SIZE_MAX / 2, 1);
	}
	return texts;
}

/* ---- Names of things ---- */

static int
model_compare(const struct quoin_model *model, struct quoin_span name, struct quoin_span version)
{
	int order = quoin_span_compare(quoin_span_str(model->name), name);

	return order != 0 ? order : quoin_span_compare(quoin_span_str(model->version), version);
}

uint32_t
quoin_source_read_model_name(struct source_reader *reader, const struct quoin_json *object, const char *member_name)
{
	const char *key = quoin_source_read_text(reader, object, member_name, true), *at = strchr(key, '@');
	const struct quoin_ruleset *ruleset = reader->ruleset;
	size_t low = 0, high = ruleset->model_count, middle;
	struct quoin_span name = quoin_span_of(key, at == NULL ? 0 : (size_t)(at - key));
	int order;

	while (at != NULL && low < high) {
		middle = (low + high) / 2;
		order = model_compare(&ruleset->models[middle], name, quoin_span_str(at + 1));
		if (order == 0)
			return (uint32_t)middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	quoin_source_refuse(reader, object, "names no model");
	return 0;
}

uint32_t
quoin_source_read_shard_name(struct source_reader *reader, const struct quoin_json *object)
{
	const char *name = quoin_source_read_text(reader, object, "shard", true);

	for (size_t i = 0; i < reader->ruleset->shard_count; i++) {
		if (strcmp(reader->ruleset->shards[i].name, name) == 0)
			return (uint32_t)i;
	}
	quoin_source_refuse(reader, object, "names no shard");
	return 0;
}

struct quoin_ref
quoin_source_read_ref(struct source_reader *reader, const struct quoin_json *node)
{
	struct quoin_ref ref = {0};

	if (node == NULL)
		return ref;
	ref.config = quoin_source_read_object(reader, node, "config");
	ref.model = quoin_source_read_model_name(reader, node, "model");
	return ref;
}

uint32_t
quoin_source_read_word(struct source_reader *reader, const struct quoin_json *node, const char *word,
    const char *const *words,
    uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (strcmp(words[i], word) == 0)
			return i;
	}
	quoin_source_refuse(reader, node, "an unknown word");
	return 0;
}
