#include <stdlib.h>

#include "formats/block.h"
#include "formats/models_layout.h"
#include "formats/routes.h"

/* Everything that routes say is in the models part, so that both cannot differ. */
struct encoder {
	struct quoin_models models;
	struct quoin_buf *out;
	struct block_maker block;
	uint32_t *offsets;
	uint32_t fields[QUOIN_IMAGE_FIELDS];
};

static int
put_shards(struct encoder *encoder)
{
	const uint32_t id_count = encoder->models.shards.id_count;
	struct quoin_shard_entry shard;
	struct routes_shard head = {0};
	struct quoin_span block;
	int rc = 0;

	for (uint32_t id = 0; rc == 0 && id < id_count; id++) {
		encoder->offsets[id] = QUOIN_PLACE_NONE;
		if (!quoin_models_shard(&encoder->models, id, &shard))
			continue;
		head.id = id;
		quoin_block_maker_reset(&encoder->block);
		quoin_block_maker_put(&encoder->block, &head, sizeof head, 8);
		quoin_block_maker_refer(&encoder->block, offsetof(struct routes_shard, name),
		    quoin_block_maker_text(&encoder->block, quoin_span_str(shard.name)));
		quoin_block_maker_refer(&encoder->block, offsetof(struct routes_shard, vip),
		    quoin_block_maker_text(&encoder->block, quoin_span_str(shard.vip)));
		rc = quoin_block_maker_finish(&encoder->block, &block);
		if (rc == 0)
			rc = quoin_image_put_block(encoder->out, block, &encoder->offsets[id]);
	}
	if (rc != 0)
		return rc;
	encoder->fields[ROUTES_SHARD_IDS] = id_count;
	encoder->fields[ROUTES_SHARD_COUNT] = encoder->models.shard_count;
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) the caller clears what the encoder owns */
	return quoin_image_put_places(encoder->out, encoder->offsets, id_count, &encoder->fields[ROUTES_SHARDS]);
}

static int
put_models(struct encoder *encoder)
{
	const uint32_t id_count = encoder->models.models.id_count;
	struct quoin_model_entry model;
	struct routes_model head = {0};
	struct models_placed route;
	struct quoin_span block;
	int rc = 0;

	for (uint32_t id = 0; rc == 0 && id < id_count; id++) {
		encoder->offsets[id] = QUOIN_PLACE_NONE;
		if (!quoin_models_model(&encoder->models, id, &model))
			continue;
		head.id = id;
		head.count = model.placed_count;
		quoin_block_maker_reset(&encoder->block);
		quoin_block_maker_put(&encoder->block, &head, sizeof head, 8);
		for (uint32_t i = 0; i < model.placed_count; i++) {
			route.id = quoin_model_placed(&model, i).shard;
			route.weight = quoin_model_placed(&model, i).weight;
			quoin_block_maker_put(&encoder->block, &route, sizeof route, 4);
		}
		quoin_block_maker_refer(&encoder->block, offsetof(struct routes_model, routing_key),
		    quoin_block_maker_text(&encoder->block, quoin_span_str(model.routing_key)));
		rc = quoin_block_maker_finish(&encoder->block, &block);
		if (rc == 0)
			rc = quoin_image_put_block(encoder->out, block, &encoder->offsets[id]);
	}
	if (rc != 0)
		return rc;
	encoder->fields[ROUTES_MODEL_IDS] = id_count;
	encoder->fields[ROUTES_MODEL_COUNT] = encoder->models.model_count;
	rc = quoin_image_put_places(encoder->out, encoder->offsets, id_count, &encoder->fields[ROUTES_MODELS]);
	return rc != 0 ? rc
		       : quoin_image_put_block(encoder->out,
			     quoin_span_of(encoder->models.models_by_key, 4 * (size_t)encoder->models.model_count),
			     &encoder->fields[ROUTES_MODELS_BY_KEY]);
}

int
quoin_routes_encode(struct quoin_span models, struct quoin_buf *out, struct quoin_error *err)
{
	struct encoder encoder = {.out = out};
	struct quoin_image image;
	int rc = quoin_image_of(models, &image, err);

	if (rc == 0)
		rc = quoin_models_verify(&image, &encoder.models, err);
	if (rc != 0)
		return rc;
	quoin_block_maker_init(&encoder.block);
	encoder.offsets = calloc((size_t)encoder.models.shards.id_count + encoder.models.models.id_count + 1,
	    sizeof *encoder.offsets);
	rc = encoder.offsets == NULL ? QUOIN_ENOMEM : quoin_buf_put_zeros(out, QUOIN_IMAGE_HEADER_BYTES);
	if (rc == 0)
		rc = put_shards(&encoder);
	if (rc == 0)
		rc = put_models(&encoder);
	if (rc == 0)
		quoin_image_finish(out, ROUTES_MAGIC, QUOIN_ROUTES_VERSION, encoder.fields);
	else
		quoin_error_set(err, rc, "the routes part cannot be made: %s", quoin_error_text(rc));
	quoin_block_maker_clear(&encoder.block);
	free(encoder.offsets);
	return rc;
}
