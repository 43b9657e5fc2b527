/* A models part: refused, or shards and models say the same about each other. */
#include "formats/models.h"
#include "tests/fuzz/fuzz_image.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct quoin_shard_entry shard;
	struct quoin_model_entry model;
	struct quoin_models models;
	struct quoin_image image;
	uint64_t weight;
	uint8_t *copy;

	if (fuzz_image_of(data, size, &copy, &image) && quoin_models_verify(&image, &models, NULL) == 0) {
		for (uint32_t i = 0; i < models.shard_count; i++) {
			quoin_models_shard_at(&models, i, &shard);
			for (uint32_t k = 0; k < shard.placed_count; k++)
				QUOIN_ASSERT(quoin_models_model(&models, quoin_shard_placed(&shard, k).model, &model));
			for (uint32_t k = 0; k < shard.host_count; k++)
				QUOIN_ASSERT(strlen(quoin_shard_host(&shard, k)) > 0);
		}
		for (uint32_t i = 0; i < models.model_count; i++) {
			quoin_models_model_at(&models, i, &model);
			QUOIN_ASSERT(quoin_models_model_named(&models, model.routing_key, &model));
			weight = 0;
			for (uint32_t k = 0; k < model.placed_count; k++)
				weight += quoin_model_placed(&model, k).weight;
			QUOIN_ASSERT(weight == 100000 && strlen(model.config) < size);
			quoin_model_demand_of(&model, "memory_mb");
		}
	}
	free(copy);
	return 0;
}
