#include "publisher/check_models.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "publisher/check_extra.h"
#include "publisher/check_value.h"

#define URI_BYTES_MAX	 1024
#define DIGEST_BYTES_MAX 256

static const char *const model_keys[] = {"version", "current", "inputType", "modelType", "uri", "digest", "demand",
    "shards", "requires", "config", "limits", NULL};
static const char *const limit_keys[] = {"concurrency", "requests_per_s", NULL};

/* One record on its way to its place in the order. */
struct record {
	struct quoin_model model;
	struct quoin_place place;
	const struct quoin_json *node;
};

static void
read_limits(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *record,
    struct quoin_model *model)
{
	const struct quoin_json *object =
	    quoin_check_member(run, source, record, "limits", QUOIN_JSON_OBJECT, QUOIN_CHECK_OPTIONAL);
	struct quoin_amount *limits;

	if (object == NULL)
		return;
	quoin_check_keys(run, source, object, limit_keys, "\"limits\"");
	limits = quoin_check_take(run, 2, sizeof *limits);
	if (limits == NULL)
		return;
	for (size_t i = 0; limit_keys[i] != NULL; i++) {
		int64_t amount = quoin_check_int_member(run, source, object, limit_keys[i], 1, QUOIN_CHECK_INT_MAX, 0);

		if (amount > 0) {
			limits[model->limit_count].resource = limit_keys[i];
			limits[model->limit_count++].amount = (uint64_t)amount;
		}
	}
	model->limits = limits;
}

/* A version as a string; a number is the usual mistake and gets its own advice. */
static const char *
read_version(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *record)
{
	const struct quoin_json *node = quoin_json_get(record, "version");

	if (node != NULL && quoin_json_kind(node) == QUOIN_JSON_NUMBER) {
		quoin_check_error(run, source, node, "wrong_type",
		    "\"version\" is a number; write it as a string: \"%s\"", quoin_check_number(run, node));
		return NULL;
	}
	node = quoin_check_member(run, source, record, "version", QUOIN_JSON_STRING, QUOIN_CHECK_REQUIRED);
	return node != NULL ? quoin_check_name(run, source, node, "\"version\"") : NULL;
}

static const char *
routing_key(struct quoin_check_run *run, const struct quoin_model *model)
{
	char key[QUOIN_ROUTING_KEY_BYTES_MAX + 1];

	if (model->version == NULL || strlen(model->name) > QUOIN_NAME_BYTES_MAX)
		return NULL;
	snprintf(key, sizeof key, "%s@%s", model->name, model->version);
	return quoin_check_copy(run, key);
}

static void
read_record(struct quoin_check_run *run, const struct quoin_check_source *source, const char *name,
    const struct quoin_json *node, struct record *ret)
{
	struct quoin_model *model = &ret->model;

	model->name = name;
	model->shard_count = 1;
	ret->node = node;
	ret->place = quoin_check_place(source, node);
	if (!quoin_check_is(run, source, node, QUOIN_JSON_OBJECT, "a model"))
		return;
	quoin_check_keys(run, source, node, model_keys, "a model");
	model->version = read_version(run, source, node);
	model->routing_key = routing_key(run, model);
	model->is_current = quoin_check_bool_member(run, source, node, "current", false);
	model->input_type =
	    quoin_check_text_member(run, source, node, "inputType", QUOIN_CHECK_REQUIRED, QUOIN_CHECK_TYPE_BYTES_MAX);
	model->model_type =
	    quoin_check_text_member(run, source, node, "modelType", QUOIN_CHECK_REQUIRED, QUOIN_CHECK_TYPE_BYTES_MAX);
	model->uri = quoin_check_word_member(run, source, node, "uri", QUOIN_CHECK_REQUIRED, URI_BYTES_MAX);
	model->digest = quoin_check_word_member(run, source, node, "digest", QUOIN_CHECK_REQUIRED, DIGEST_BYTES_MAX);
	model->demand_count = quoin_check_amounts(run, source, node, "demand", QUOIN_CHECK_OPTIONAL, &model->demand);
	model->shard_count = (uint32_t)quoin_check_int_member(run, source, node, "shards", 1, QUOIN_SHARDS_MAX, 1);
	model->requires_count = quoin_check_pairs(run, source, node, "requires", &model->requires);
	model->config = quoin_check_config(run, source, node);
	read_limits(run, source, node, model);
	model->extra = quoin_check_extra(run, node);
}

static int
compare_records(const void *left, const void *right)
{
	const struct record *a = left;
	const struct record *b = right;
	const char *a_version = a->model.version != NULL ? a->model.version : "";
	int order = strcmp(a_version, b->model.version != NULL ? b->model.version : "");

	if (order == 0)
		order = (a->place.line > b->place.line) - (a->place.line < b->place.line);
	return order != 0 ? order : (a->place.column > b->place.column) - (a->place.column < b->place.column);
}

/* One record needs no "current"; of several, exactly one has it. */
static void
find_current(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *node,
    struct record *records, struct quoin_check_family *family)
{
	size_t currents = 0;
	const struct quoin_json *flag;

	if (family->count == 1 && quoin_json_kind(node) == QUOIN_JSON_OBJECT) {
		flag = quoin_json_get(node, "current");
		if (flag != NULL && quoin_json_kind(flag) == QUOIN_JSON_BOOL && !quoin_json_bool(flag)) {
			quoin_check_error(run, source, flag, "current",
			    "the only version of model \"%s\" is not current; remove \"current\"", family->name);
		}
		records[0].model.is_current = true;
	}
	for (uint32_t i = 0; i < family->count; i++) {
		if (!records[i].model.is_current)
			continue;
		if (++currents == 1) {
			family->current = family->first + i;
			continue;
		}
		quoin_check_error(run, source, records[i].node, "current",
		    "model \"%s\" has a second current version; only one may have \"current\": true", family->name);
	}
	if (currents == 0) {
		quoin_check_error(run, source, node, "current",
		    "no version of model \"%s\" is current; give one of them \"current\": true", family->name);
	}
}

static void
check_versions(struct quoin_check_run *run, const struct quoin_check_source *source, const struct record *records,
    const struct quoin_check_family *family)
{
	for (uint32_t i = 1; i < family->count; i++) {
		const char *version = records[i].model.version;
		const char *before = records[i - 1].model.version;

		if (version != NULL && before != NULL && strcmp(version, before) == 0) {
			quoin_check_error(run, source, records[i].node, "duplicate_version",
			    "model \"%s\" has version \"%s\" twice; every version is there once", family->name,
			    version);
		}
	}
}

/* Read all versions of one model into "records", of which there are as many as "node" has. */
static void
read_family(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *node,
    struct record *records, struct quoin_check_family *family)
{
	if (quoin_json_kind(node) != QUOIN_JSON_ARRAY) {
		read_record(run, source, family->name, node, &records[0]);
		family->count = 1;
	} else {
		for (const struct quoin_json *item = quoin_json_first(node); item != NULL; item = quoin_json_next(item))
			read_record(run, source, family->name, item, &records[family->count++]);
		qsort(records, family->count, sizeof *records, compare_records);
	}
	if (family->count == 0) {
		quoin_check_error(run, source, node, "bad_value",
		    "model \"%.64s\" has no versions; add one or remove it", family->name);
		return;
	}
	check_versions(run, source, records, family);
	find_current(run, source, node, records, family);
}

static size_t
count_records(const struct quoin_json *node)
{
	return quoin_json_kind(node) == QUOIN_JSON_ARRAY ? quoin_json_count(node) : 1;
}

/* Take the records of one model over into the run, which has room for them. */
static void
add_family(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *node)
{
	struct quoin_check_family *family = &run->families[run->family_count];
	struct record *records = calloc(count_records(node) + 1, sizeof *records);

	*family = (struct quoin_check_family){.first = (uint32_t)run->model_count, .current = QUOIN_CHECK_NONE};
	family->name = quoin_check_copy(run, quoin_json_key(node));
	if (family->name == NULL || records == NULL) {
		run->is_out_of_memory = true;
		free(records);
		return;
	}
	run->family_names[run->family_count++] = family->name;
	quoin_check_key_is_name(run, source, node, "a model");
	read_family(run, source, node, records, family);
	for (uint32_t i = 0; i < family->count; i++) {
		run->models[run->model_count] = records[i].model;
		run->model_places[run->model_count++] = records[i].place;
	}
	free(records);
}

void
quoin_check_models(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *root)
{
	const struct quoin_json **members;
	size_t count, total = 0;

	if (!quoin_check_is(run, source, root, QUOIN_JSON_OBJECT, "models.json"))
		return;
	members = quoin_check_sorted(run, root, &count);
	for (size_t i = 0; i < count; i++)
		total += count_records(members[i]);
	if (total > QUOIN_MODELS_MAX || count > QUOIN_MODELS_MAX) {
		quoin_check_error(run, source, root, "limit", "there are %zu model versions; at most %d are allowed",
		    total > count ? total : count, QUOIN_MODELS_MAX);
		return;
	}
	run->models = quoin_check_take(run, total, sizeof *run->models);
	run->model_places = quoin_check_take(run, total, sizeof *run->model_places);
	run->families = quoin_check_take(run, count, sizeof *run->families);
	run->family_names = quoin_check_take(run, count, sizeof *run->family_names);
	for (size_t i = 0; i < count && !run->is_out_of_memory; i++)
		add_family(run, source, members[i]);
	run->has_models = true;
}

const struct quoin_check_family *
quoin_check_find_family(const struct quoin_check_run *run, const char *name)
{
	uint32_t index = quoin_check_find(run->family_names, run->family_count, name);

	return index != QUOIN_CHECK_NONE ? &run->families[index] : NULL;
}

uint32_t
quoin_check_find_version(const struct quoin_check_run *run, const struct quoin_check_family *family,
    const char *version)
{
	for (uint32_t i = 0; i < family->count; i++) {
		const char *have = run->models[family->first + i].version;

		if (have != NULL && strcmp(have, version) == 0)
			return family->first + i;
	}
	return QUOIN_CHECK_NONE;
}
