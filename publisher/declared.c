#include "publisher/declared.h"

#include <stdlib.h>
#include <string.h>

#include "formats/models.h"
#include "publisher/blobs.h"

#define READ_TIMEOUT_MS 3000

void
quoin_declared_clear(struct quoin_declared *declared)
{
	free(declared->hosts);
	memset(declared, 0, sizeof *declared);
}

static int
add_shard(struct quoin_declared *declared, const struct quoin_shard_entry *shard)
{
	struct quoin_cert *grown;

	grown = realloc(declared->hosts, (declared->host_count + shard->host_count + 1) * sizeof *grown);
	if (grown == NULL)
		return QUOIN_ENOMEM;
	declared->hosts = grown;
	for (uint32_t i = 0; i < shard->host_count; i++) {
		const char *name = quoin_shard_host(shard, i);
		struct quoin_cert *host = &grown[declared->host_count];

		if (strlen(name) > QUOIN_NAME_BYTES_MAX || strlen(shard->name) > QUOIN_NAME_BYTES_MAX)
			continue;
		memset(host, 0, sizeof *host);
		host->role = QUOIN_HOST_SERVING;
		memcpy(host->host, name, strlen(name) + 1);
		memcpy(host->shard, shard->name, strlen(shard->name) + 1);
		declared->host_count++;
	}
	return 0;
}

/* A shard without models is not asked. */
static int
add_hosts(struct quoin_declared *declared, struct quoin_span content)
{
	struct quoin_image image;
	struct quoin_models models;
	int r = 0;

	if (quoin_image_of(content, &image, NULL) != 0 || quoin_models_verify(&image, &models, NULL) != 0)
		return 0;
	for (uint32_t i = 0; i < models.shard_count && r == 0; i++) {
		struct quoin_shard_entry shard;

		quoin_models_shard_at(&models, i, &shard);
		if (shard.placed_count > 0)
			r = add_shard(declared, &shard);
	}
	return r;
}

int
quoin_declared_read(struct quoin_declared *declared, const struct quoin_session *session,
    const struct quoin_release *release, struct quoin_error *err)
{
	const struct quoin_part *part = release != NULL ? quoin_release_part(release, "models") : NULL;
	struct quoin_bus_lookup *lookup = NULL;
	char topic[QUOIN_TOPIC_NAME_BYTES];
	struct quoin_buf content;
	int r = 0;

	if (part == NULL || strcmp(part->schema, "models-v1") != 0) {
		quoin_declared_clear(declared);
		return 0;
	}
	if (quoin_hash_equal(&declared->models, &part->hash))
		return 0;
	quoin_declared_clear(declared);
	quoin_topic_name(session->conf.namespace_name, QUOIN_TOPIC_BLOBS, topic);
	quoin_buf_init(&content, QUOIN_PART_BYTES_MAX);
	if (quoin_bus_lookup_open(&session->bus, topic, 0, &lookup, NULL) == 0 &&
	    quoin_blobs_get(lookup, part, READ_TIMEOUT_MS, &content, NULL) == 0) {
		r = add_hosts(declared, quoin_buf_span(&content));
		declared->models = part->hash;
	}
	quoin_bus_lookup_close(lookup);
	quoin_buf_clear(&content);
	return r != 0 ? quoin_error_set(err, r, "no memory for the hosts that are declared") : 0;
}

bool
quoin_declared_is_missing(const struct quoin_session *session, const struct quoin_cert *host)
{
	return quoin_control_cert(&session->control, host->host) == NULL;
}
