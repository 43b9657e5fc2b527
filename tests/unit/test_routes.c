#include "formats/routes.h"

#include <string.h>

#include "formats/source.h"
#include "tests/check.h"
#include "tests/images.h"
#include "tests/rulesets.h"

struct world {
	struct quoin_ruleset ruleset;
	struct rulesets_parts parts;
	struct quoin_rules rules;
	struct quoin_models models;
	struct quoin_routes routes;
};

static void
make(uint64_t seed, struct world *world)
{
	struct dice dice = {seed * 0x9e3779b97f4a7c15u};
	struct quoin_image image;
	struct quoin_error err = {0};

	rulesets_random(&dice, &world->ruleset);
	rulesets_encode(&world->ruleset, NULL, &world->parts);
	CHECK_INT(quoin_image_of(quoin_buf_span(&world->parts.rules), &image, &err), 0);
	CHECK_INT(quoin_rules_verify(&image, &world->rules, &err), 0);
	CHECK_INT(quoin_image_of(quoin_buf_span(&world->parts.models), &image, &err), 0);
	CHECK_INT(quoin_models_verify(&image, &world->models, &err), 0);
	CHECK_INT(quoin_image_of(quoin_buf_span(&world->parts.routes), &image, &err), 0);
	CHECK_INT(quoin_routes_verify(&image, &world->routes, &err), 0);
}

static void
drop(struct world *world)
{
	rulesets_parts_clear(&world->parts);
	quoin_ruleset_clear(&world->ruleset);
}

static void
test_models(void)
{
	struct world world;
	struct quoin_model_entry model;
	size_t used = 0;

	make(21, &world);
	for (size_t i = 0; i < world.ruleset.model_count; i++) {
		const struct quoin_model *want = &world.ruleset.models[i];
		uint32_t placed = 0;

		used += want->is_used;
		CHECK_INT(quoin_models_model_named(&world.models, want->routing_key, &model), want->is_used);
		if (!want->is_used)
			continue;
		CHECK_STR(model.name, want->name);
		CHECK_STR(model.version, want->version);
		CHECK_STR(model.uri, want->uri);
		CHECK_STR(model.digest, want->digest);
		CHECK_STR(model.config, want->config == NULL ? "{}" : want->config);
		CHECK_INT(model.demand_count, 2);
		CHECK_STR(quoin_model_demand(&model, 0).resource, "cpu_millis");
		CHECK_INT(quoin_model_demand_of(&model, "cpu_millis"), want->demand[0].amount);
		CHECK_INT(quoin_model_demand_of(&model, "gpu"), 0);
		CHECK_INT(quoin_model_limit(&model, 0).amount, 5);
		for (size_t k = 0; k < world.ruleset.placement_count; k++) {
			struct quoin_shard_entry shard;

			if (world.ruleset.placements[k].model != i)
				continue;
			CHECK(quoin_models_shard(&world.models, quoin_model_placed(&model, placed).shard, &shard));
			CHECK_STR(shard.name, world.ruleset.shards[world.ruleset.placements[k].shard].name);
			CHECK_INT(quoin_model_placed(&model, placed++).weight, world.ruleset.placements[k].weight);
		}
		CHECK_INT(model.placed_count, placed);
	}
	CHECK_INT(world.models.model_count, used);
	drop(&world);
}

static void
test_shards(void)
{
	struct world world;
	struct quoin_shard_entry shard;
	struct quoin_model_entry model;

	make(22, &world);
	CHECK_INT(world.models.shard_count, world.ruleset.shard_count);
	for (uint32_t i = 0; i < world.models.shard_count; i++) {
		const struct quoin_shard *want = &world.ruleset.shards[i];
		uint32_t placed = 0;

		quoin_models_shard_at(&world.models, i, &shard);
		CHECK_STR(shard.name, want->name);
		CHECK_STR(shard.vip, want->vip);
		CHECK_INT(shard.drain, want->drain);
		CHECK_INT(shard.health_checked, want->health_checked);
		CHECK_STR(quoin_shard_capacity(&shard, 0).resource, "memory_mb");
		CHECK_INT(quoin_shard_capacity(&shard, 0).amount, want->capacity[0].amount);
		CHECK_STR(quoin_shard_label(&shard, 0).value, "us");
		CHECK_INT(shard.host_count, want->host_count);
		for (uint32_t k = 0; k < shard.host_count; k++)
			CHECK_STR(quoin_shard_host(&shard, k), want->hosts[k]);
		for (size_t k = 0; k < world.ruleset.placement_count; k++)
			placed += world.ruleset.placements[k].shard == i;
		CHECK_INT(shard.placed_count, placed);
		for (uint32_t k = 0; k < placed; k++)
			CHECK(quoin_models_model(&world.models, quoin_shard_placed(&shard, k).model, &model));
	}
	CHECK(!quoin_models_shard_named(&world.models, "rank-x", &shard));
	drop(&world);
}

/* Each route is picked in proportion, the edges exactly. */
static void
test_pick(void)
{
	struct world world;
	struct quoin_route_list list;
	struct quoin_route route;

	make(23, &world);
	CHECK(world.routes.model_count > 0);
	for (uint32_t i = 0; i < world.routes.model_count; i++) {
		size_t hits[8] = {0};

		quoin_routes_model_at(&world.routes, i, &list);
		CHECK(quoin_routes_named(&world.routes, list.routing_key, &list));
		for (uint32_t k = 0; k < 20000; k++) {
			CHECK(quoin_routes_pick(&world.routes, &list, k * 214748u, &route));
			CHECK(route.weight > 0);
			for (uint32_t r = 0; r < list.count; r++) {
				struct quoin_route other;

				quoin_routes_get(&world.routes, &list, r, &other);
				hits[r] += other.shard_id == route.shard_id;
			}
		}
		for (uint32_t r = 0; r < list.count; r++) {
			quoin_routes_get(&world.routes, &list, r, &route);
			CHECK(hits[r] + 3 >= route.weight / 5 && hits[r] <= route.weight / 5 + 3);
		}
		CHECK(quoin_routes_pick(&world.routes, &list, UINT32_MAX, &route));
	}
	CHECK(!quoin_routes_named(&world.routes, "nobody@1", &list));
	drop(&world);
}

/* I6: parts of one release fit together; parts of two do not. */
static void
test_closed_world(void)
{
	struct world one, two;
	struct quoin_error err = {0};

	for (uint64_t seed = 30; seed < 40; seed++) {
		make(seed, &one);
		CHECK_INT(quoin_release_images_verify(&one.rules, &one.routes, &one.models, &err), 0);
		make(seed + 100, &two);
		CHECK_INT(quoin_release_images_verify(&one.rules, &two.routes, &one.models, &err), QUOIN_EREFUSED);
		CHECK_INT(quoin_release_images_verify(&one.rules, &one.routes, &two.models, &err), QUOIN_EREFUSED);
		CHECK_INT(quoin_release_images_verify(&two.rules, &one.routes, &one.models, &err), QUOIN_EREFUSED);
		CHECK(err.message[0] != '\0');
		drop(&one);
		drop(&two);
	}
}

static int
use_models(const struct quoin_image *image, void *ctx)
{
	struct quoin_models models;
	struct quoin_shard_entry shard;
	struct quoin_model_entry model;
	volatile size_t bytes = 0;
	int rc = quoin_models_verify(image, &models, NULL);

	(void)ctx;
	for (uint32_t i = 0; rc == 0 && i < models.shard_count; i++) {
		quoin_models_shard_at(&models, i, &shard);
		bytes += strlen(shard.name) + strlen(shard.vip);
		for (uint32_t k = 0; k < shard.host_count; k++)
			bytes += strlen(quoin_shard_host(&shard, k));
		for (uint32_t k = 0; k < shard.label_count; k++)
			bytes += strlen(quoin_shard_label(&shard, k).value) + strlen(quoin_shard_label(&shard, k).key);
		for (uint32_t k = 0; k < shard.placed_count; k++) {
			uint32_t found = 0;

			CHECK(quoin_models_model(&models, quoin_shard_placed(&shard, k).model, &model));
			for (uint32_t m = 0; m < model.placed_count; m++)
				found += quoin_model_placed(&model, m).shard == shard.id &&
				    quoin_model_placed(&model, m).weight == quoin_shard_placed(&shard, k).weight;
			CHECK_INT(found, 1);
		}
	}
	for (uint32_t i = 0; rc == 0 && i < models.model_count; i++) {
		quoin_models_model_at(&models, i, &model);
		bytes += strlen(model.routing_key) + strlen(model.config) + strlen(model.uri) + strlen(model.digest);
		for (uint32_t k = 0; k < model.demand_count; k++)
			bytes += strlen(quoin_model_demand(&model, k).resource);
		for (uint32_t k = 0; k < model.placed_count; k++)
			CHECK(quoin_models_shard(&models, quoin_model_placed(&model, k).shard, &shard));
	}
	return rc;
}

static int
use_routes(const struct quoin_image *image, void *ctx)
{
	struct quoin_routes routes;
	struct quoin_route_list list;
	struct quoin_route route;
	volatile size_t bytes = 0;
	int rc = quoin_routes_verify(image, &routes, NULL);

	(void)ctx;
	for (uint32_t i = 0; rc == 0 && i < routes.model_count; i++) {
		quoin_routes_model_at(&routes, i, &list);
		for (uint32_t k = 0; k < list.count; k++) {
			quoin_routes_get(&routes, &list, k, &route);
			bytes += strlen(route.shard) + strlen(route.vip);
		}
		CHECK(quoin_routes_pick(&routes, &list, UINT32_MAX, &route));
	}
	return rc;
}

static void
test_models_hostile(void)
{
	struct world world;

	make(41, &world);
	images_check_prefixes(quoin_buf_span(&world.parts.models), use_models, NULL);
	images_check_flips(quoin_buf_span(&world.parts.models), 30, use_models, NULL);
	drop(&world);
}

static void
test_routes_hostile(void)
{
	struct world world;

	make(41, &world);
	images_check_prefixes(quoin_buf_span(&world.parts.routes), use_routes, NULL);
	images_check_flips(quoin_buf_span(&world.parts.routes), 30, use_routes, NULL);
	drop(&world);
}

/* ---- Source ---- */

static void
test_source(void)
{
	struct dice dice = {51 * 0x9e3779b97f4a7c15u};

	for (int i = 0; i < 60; i++) {
		struct quoin_ruleset ruleset, back = {0};
		struct rulesets_parts parts, again;
		struct quoin_error err = {0};

		rulesets_random(&dice, &ruleset);
		rulesets_encode(&ruleset, NULL, &parts);
		if (quoin_source_read(quoin_buf_span(&parts.source), &back, &err) != 0)
			check_fail(__FILE__, __LINE__, "%s", err.message);
		rulesets_encode(&back, NULL, &again);
		CHECK_MEM(again.source.data, again.source.len, parts.source.data, parts.source.len);
		CHECK_MEM(again.rules.data, again.rules.len, parts.rules.data, parts.rules.len);
		CHECK_MEM(again.models.data, again.models.len, parts.models.data, parts.models.len);
		rulesets_parts_clear(&parts);
		rulesets_parts_clear(&again);
		quoin_ruleset_clear(&ruleset);
		quoin_ruleset_clear(&back);
	}
}

static void
test_source_hostile(void)
{
	struct quoin_ruleset ruleset, back = {0};
	struct rulesets_parts parts;
	struct dice dice = {53 * 0x9e3779b97f4a7c15u};
	size_t step;

	rulesets_random(&dice, &ruleset);
	rulesets_encode(&ruleset, NULL, &parts);
	step = parts.source.len / 300 + 1;
	for (size_t len = 0; len < parts.source.len; len += step)
		CHECK(quoin_source_read(quoin_span_of(parts.source.data, len), &back, NULL) != 0);
	for (size_t i = 0; i < parts.source.len; i += step) {
		for (unsigned bit = 0; bit < 8; bit++) {
			parts.source.data[i] ^= (uint8_t)(1u << bit);
			if (quoin_source_read(quoin_buf_span(&parts.source), &back, NULL) == 0)
				quoin_ruleset_clear(&back);
			parts.source.data[i] ^= (uint8_t)(1u << bit);
		}
	}
	/* What is not canonical is refused, also if it means the same. */
	quoin_buf_put_byte(&parts.source, '\n');
	CHECK_INT(quoin_source_read(quoin_buf_span(&parts.source), &back, NULL), QUOIN_ESYNTAX);
	CHECK_INT(quoin_source_read(quoin_span_str("{}"), &back, NULL), QUOIN_ESYNTAX);
	CHECK_INT(quoin_source_read(quoin_span_str("[]"), &back, NULL), QUOIN_ESYNTAX);
	rulesets_parts_clear(&parts);
	quoin_ruleset_clear(&ruleset);
}

static const struct check_case cases[] = {
    {"models: what a model says", test_models},
    {"models: what a shard says", test_shards},
    {"models: prefixes and flips", test_models_hostile},
    {"routes: picked by weight", test_pick},
    {"routes: prefixes and flips", test_routes_hostile},
    {"I6: closed world", test_closed_world},
    {"source: read back the same", test_source},
    {"source: prefixes and flips", test_source_hostile},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
