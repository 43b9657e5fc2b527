#include "publisher/gate_models.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/models.h"

/* Names of resources as they are met, each once. */
struct resources {
	const char *names[QUOIN_RESOURCES_MAX];
	size_t count;
};

static bool
resource_index(const struct resources *resources, const char *name, size_t *ret)
{
	for (size_t i = 0; i < resources->count; i++)
		if (strcmp(resources->names[i], name) == 0) {
			*ret = i;
			return true;
		}
	return false;
}

static int
add_resource(struct resources *resources, const char *name, struct quoin_error *err)
{
	size_t at;

	if (resource_index(resources, name, &at))
		return 0;
	if (resources->count == QUOIN_RESOURCES_MAX || strlen(name) > QUOIN_NAME_BYTES_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "more than %d resources", QUOIN_RESOURCES_MAX);
	resources->names[resources->count++] = name;
	return 0;
}

static int
find_resources(const struct quoin_models *models, struct resources *ret, struct quoin_error *err)
{
	struct quoin_shard_entry shard;
	struct quoin_model_entry model;
	int r = 0;

	ret->count = 0;
	for (uint32_t i = 0; i < models->shard_count && r == 0; i++) {
		quoin_models_shard_at(models, i, &shard);
		for (uint32_t k = 0; k < shard.capacity_count && r == 0; k++)
			r = add_resource(ret, quoin_shard_capacity(&shard, k).resource, err);
	}
	for (uint32_t i = 0; i < models->model_count && r == 0; i++) {
		quoin_models_model_at(models, i, &model);
		for (uint32_t k = 0; k < model.demand_count && r == 0; k++)
			r = add_resource(ret, quoin_model_demand(&model, k).resource, err);
	}
	return r;
}

/* The models in the order of their routing keys; "places" says where each id went. */
static void
fill_models(const struct quoin_models *models, const struct resources *resources, struct quoin_gate_release *release,
    uint32_t *places)
{
	struct quoin_model_entry model;

	for (uint32_t i = 0; i < models->model_count; i++) {
		struct quoin_gate_model *to = &release->models[i];

		quoin_models_model_at(models, i, &model);
		places[model.id] = i;
		quoin_gate_model_identity(model.name, model.version, model.digest, &to->identity);
		for (uint32_t k = 0; k < model.demand_count; k++) {
			struct quoin_amount amount = quoin_model_demand(&model, k);
			size_t at;

			if (resource_index(resources, amount.resource, &at))
				to->demand[at] = amount.amount;
		}
	}
}

static int
fill_shard(const struct quoin_shard_entry *from, const struct resources *resources, const uint32_t *places,
    const struct quoin_gate_release *release, struct quoin_gate_shard *to)
{
	int r = quoin_gate_shard_make(release, to, from->host_count, from->placed_count);

	if (r != 0)
		return r;
	snprintf(to->name, sizeof to->name, "%s", from->name);
	to->health_checked = from->health_checked;
	for (uint32_t i = 0; i < from->host_count; i++)
		snprintf(to->hosts[i], sizeof to->hosts[i], "%s", quoin_shard_host(from, i));
	for (uint32_t i = 0; i < from->placed_count; i++)
		to->models[i] = places[quoin_shard_placed(from, i).model];
	for (uint32_t i = 0; i < from->capacity_count; i++) {
		struct quoin_amount amount = quoin_shard_capacity(from, i);
		size_t at;

		if (resource_index(resources, amount.resource, &at))
			to->capacity[at] = amount.amount;
	}
	return 0;
}

static int
make(const struct quoin_models *models, uint64_t number, struct quoin_gate_release **ret, struct quoin_error *err)
{
	struct quoin_gate_release *release = NULL;
	struct quoin_shard_entry shard;
	struct resources resources;
	uint32_t *places;
	int r;

	places = calloc((size_t)models->models.id_count + 1, sizeof *places);
	r = places == NULL ? QUOIN_ENOMEM : find_resources(models, &resources, err);
	if (r == 0) {
		release = quoin_gate_release_new(number, resources.count, models->model_count, models->shard_count);
		r = release == NULL ? QUOIN_ENOMEM : 0;
	}
	if (r == 0) {
		for (size_t i = 0; i < resources.count; i++)
			snprintf(release->resources[i], sizeof release->resources[i], "%s", resources.names[i]);
		fill_models(models, &resources, release, places);
		for (uint32_t i = 0; i < models->shard_count && r == 0; i++) {
			quoin_models_shard_at(models, i, &shard);
			r = fill_shard(&shard, &resources, places, release, &release->shards[i]);
		}
	}
	free(places);
	if (r == 0)
		*ret = release;
	else
		quoin_gate_release_free(release);
	return r == QUOIN_ENOMEM ? quoin_error_set(err, r, "out of memory") : r;
}

const struct quoin_part *
quoin_gate_models_part(const struct quoin_release *release)
{
	for (size_t i = 0; i < release->part_count; i++)
		if (strcmp(release->parts[i].schema, "models-v1") == 0)
			return &release->parts[i];
	return NULL;
}

int
quoin_gate_release_make(const struct quoin_release *release, struct quoin_span image, struct quoin_gate_release **ret,
    struct quoin_error *err)
{
	struct quoin_image segments;
	struct quoin_models models;
	int r = 0;

	if (image.len == 0) {
		*ret = quoin_gate_release_new(release->number, 0, 0, 0);
		r = *ret == NULL ? quoin_error_set(err, QUOIN_ENOMEM, "out of memory") : 0;
	} else {
		r = quoin_image_of(image, &segments, err);
		if (r == 0)
			r = quoin_models_verify(&segments, &models, err);
		if (r == 0)
			r = make(&models, release->number, ret, err);
	}
	if (r == 0) {
		(*ret)->policy = release->policy;
		for (size_t i = 0; i < release->waived_count; i++)
			(*ret)->waives_capacity = (*ret)->waives_capacity || strcmp(release->waived[i], "capacity") == 0;
	}
	return r;
}
