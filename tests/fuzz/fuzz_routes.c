/* A routes part: refused, or every number picks a route with traffic. */
#include "formats/routes.h"
#include "tests/fuzz/fuzz_image.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct quoin_route_list list;
	struct quoin_routes routes;
	struct quoin_route route;
	struct quoin_image image;
	uint8_t *copy;

	if (fuzz_image_of(data, size, &copy, &image) && quoin_routes_verify(&image, &routes, NULL) == 0) {
		for (uint32_t i = 0; i < routes.model_count; i++) {
			quoin_routes_model_at(&routes, i, &list);
			QUOIN_ASSERT(quoin_routes_named(&routes, list.routing_key, &list));
			for (uint32_t k = 0; k < 16; k++) {
				QUOIN_ASSERT(quoin_routes_pick(&routes, &list, k * 0x11111111u, &route));
				QUOIN_ASSERT(route.weight > 0 && strlen(route.shard) > 0 && strlen(route.vip) < size);
			}
		}
	}
	free(copy);
	return 0;
}
