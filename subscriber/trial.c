#include "subscriber/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/models.h"
#include "formats/routes.h"
#include "formats/rules.h"
#include "subscriber/child.h"

/* The largest release allowed is verified in well under a second; a machine under load gets a minute. */
#define TRIAL_TIMEOUT_MS 60000

struct job {
	const struct quoin_trial *trial;
	const struct quoin_release *release;
};

static int
image_of(struct quoin_store_snapshot *snapshot, const struct quoin_part *part, bool trusted, struct quoin_image *ret,
    struct quoin_error *err)
{
	struct quoin_store_content content;
	int r;

	r = quoin_store_snapshot_part(snapshot, &part->hash, trusted, &content, err);
	if (r != 0)
		return r;
	if (content.segment_count == 0)
		return quoin_error_set(err, QUOIN_ECORRUPT, "part %s is empty", part->name);
	memcpy(ret->segments, content.segments, sizeof ret->segments);
	ret->count = content.segment_count;
	return 0;
}

static int
over(const char *what, uint64_t have, uint64_t max, struct quoin_error *err)
{
	if (max == 0 || have <= max)
		return 0;
	return quoin_error_set(err, QUOIN_ELIMIT, "it has %llu %s, this host takes %llu (limit.%s)", (unsigned long long)have,
	    what, (unsigned long long)max, what);
}

/* Other content is bytes to this host, whose hash is all there is to verify. */
static bool
is_image(const struct quoin_part *part)
{
	return strcmp(part->schema, "raw") != 0 && strcmp(part->schema, "source-v1") != 0;
}

/* Ids of attributes that are not named any more are not used. */
static uint64_t
count_attributes(const struct quoin_rules *rules)
{
	uint64_t count = 0;

	for (uint32_t id = 0; id < rules->attributes.id_count; id++)
		count += quoin_rules_attribute_name(rules, id) != NULL;
	return count;
}

static int
try_part(const struct quoin_trial *trial, struct quoin_store_snapshot *snapshot, const struct quoin_part *part,
    struct quoin_error *err)
{
	struct quoin_image image;
	struct quoin_rules rules;
	struct quoin_routes routes;
	struct quoin_models models;
	int r;

	if (!is_image(part))
		return 0;
	r = image_of(snapshot, part, false, &image, err);
	if (r != 0)
		return r;
	if (strcmp(part->schema, "rules-v1") == 0) {
		r = quoin_rules_verify(&image, &rules, err);
		if (r == 0)
			r = over("objectives", rules.objective_count, trial->objectives_max, err);
		return r != 0 ? r : over("attributes", count_attributes(&rules), trial->attributes_max, err);
	}
	if (strcmp(part->schema, "routes-v1") == 0) {
		r = quoin_routes_verify(&image, &routes, err);
		return r != 0 ? r : over("models", routes.model_count, trial->models_max, err);
	}
	if (strcmp(part->schema, "models-v1") == 0) {
		r = quoin_models_verify(&image, &models, err);
		return r != 0 ? r : over("models", models.model_count, trial->models_max, err);
	}
	return quoin_error_set(err, QUOIN_EVERSION, "part %s has the schema %s, which this host does not read", part->name,
	    part->schema);
}

/* In the child: the store is attached anew, for nothing of the parent's may be used. */
static int
try_release(void *ctx, struct quoin_error *err)
{
	const struct job *job = ctx;
	struct quoin_store *store = NULL;
	struct quoin_store_snapshot *snapshot = NULL;
	int r;

	r = quoin_store_attach(job->trial->state, job->trial->namespace_name, &store, err);
	if (r != 0)
		return r;
	r = quoin_store_snapshot_open(store, &snapshot, err);
	for (size_t i = 0; i < job->release->part_count && r == 0; i++)
		if (quoin_fetch_wants(&job->trial->parts, job->release->parts[i].name))
			r = try_part(job->trial, snapshot, &job->release->parts[i], err);
	quoin_store_snapshot_close(snapshot);
	quoin_store_close(store);
	return r;
}

static int
copy_name(const struct quoin_model_entry *entry, struct quoin_agent_model_name *ret, struct quoin_error *err)
{
	if (strlen(entry->name) >= sizeof ret->name || strlen(entry->version) >= sizeof ret->version ||
	    strlen(entry->digest) >= sizeof ret->digest || strlen(entry->uri) >= sizeof ret->uri)
		return quoin_error_set(err, QUOIN_ELIMIT, "the names of model %.80s are longer than a hook takes", entry->name);
	(void)snprintf(ret->name, sizeof ret->name, "%s", entry->name);
	(void)snprintf(ret->version, sizeof ret->version, "%s", entry->version);
	(void)snprintf(ret->digest, sizeof ret->digest, "%s", entry->digest);
	(void)snprintf(ret->uri, sizeof ret->uri, "%s", entry->uri);
	return 0;
}

static int
copy_models(const struct quoin_models *models, const struct quoin_shard_entry *shard,
    struct quoin_agent_model_name **ret_models, size_t *ret_count, struct quoin_error *err)
{
	struct quoin_agent_model_name *names;
	int r = 0;

	if (shard->placed_count == 0)
		return 0;
	names = calloc(shard->placed_count, sizeof *names);
	if (names == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	for (uint32_t i = 0; i < shard->placed_count && r == 0; i++) {
		struct quoin_model_entry entry;

		if (!quoin_models_model(models, quoin_shard_placed(shard, i).model, &entry))
			r = quoin_error_set(err, QUOIN_ECORRUPT, "a model of shard %s is not there", shard->name);
		else
			r = copy_name(&entry, &names[i], err);
	}
	if (r != 0) {
		free(names);
		return r;
	}
	*ret_models = names;
	*ret_count = shard->placed_count;
	return 0;
}

/* What the release places on this host's shard; a shard that it does not know has nothing to load. */
static int
read_models(const struct quoin_trial *trial, const struct quoin_release *release,
    struct quoin_agent_model_name **ret_models, size_t *ret_count, struct quoin_error *err)
{
	const struct quoin_part *part = quoin_release_part(release, "models");
	struct quoin_store_snapshot *snapshot = NULL;
	struct quoin_shard_entry shard;
	struct quoin_models models;
	struct quoin_image image;
	int r;

	if (trial->shard[0] == '\0' || part == NULL || strcmp(part->schema, "models-v1") != 0 ||
	    !quoin_fetch_wants(&trial->parts, part->name))
		return 0;
	r = quoin_store_snapshot_open(trial->store, &snapshot, err);
	if (r != 0)
		return r;
	r = image_of(snapshot, part, true, &image, err);
	if (r == 0)
		r = quoin_models_attach(&image, &models, err);
	if (r == 0 && quoin_models_shard_named(&models, trial->shard, &shard))
		r = copy_models(&models, &shard, ret_models, ret_count, err);
	quoin_store_snapshot_close(snapshot);
	return r;
}

/* Whether there is anything to try: without, no child is made. */
static bool
has_images(const struct quoin_trial *trial, const struct quoin_release *release)
{
	for (size_t i = 0; i < release->part_count; i++)
		if (quoin_fetch_wants(&trial->parts, release->parts[i].name) && is_image(&release->parts[i]))
			return true;
	return false;
}

int
quoin_trial_run(const struct quoin_trial *trial, const struct quoin_release *release,
    struct quoin_agent_model_name **ret_models, size_t *ret_count, struct quoin_error *err)
{
	struct job job = {trial, release};
	int r;

	*ret_models = NULL;
	*ret_count = 0;
	r = has_images(trial, release) ? quoin_child_run(try_release, &job, TRIAL_TIMEOUT_MS, err) : 0;
	return r != 0 ? r : read_models(trial, release, ret_models, ret_count, err);
}
