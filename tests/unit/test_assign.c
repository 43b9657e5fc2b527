#include "publisher/assign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

#define MODELS_MAX 8
#define SHARDS_MAX 5
#define RESOURCES  2

/* A small world: every model and shard has two resources. Names are m0, m1, … and s0, s1, …. */
struct world {
	struct quoin_ruleset ruleset;
	struct quoin_model models[MODELS_MAX];
	struct quoin_shard shards[SHARDS_MAX];
	struct quoin_rule rules[MODELS_MAX];
	struct quoin_amount demand[MODELS_MAX][RESOURCES];
	struct quoin_amount capacity[SHARDS_MAX][RESOURCES];
	struct quoin_ref refs[MODELS_MAX];
	struct quoin_share shares[MODELS_MAX][SHARDS_MAX];
	char names[2][MODELS_MAX][16];
	struct quoin_base_placement base[MODELS_MAX * SHARDS_MAX];
	size_t base_count;
	bool may_overcommit;
};

static const char *const one_host[] = {"h"};
static const struct quoin_pair gpu = {"gpu", "true"};

static void
add_shard(struct world *world, uint64_t memory, uint64_t cpu)
{
	size_t i = world->ruleset.shard_count++;
	struct quoin_shard *shard = &world->shards[i];

	snprintf(world->names[0][i], sizeof world->names[0][i], "s%zu", i);
	world->capacity[i][0] = (struct quoin_amount){"memory", memory};
	world->capacity[i][1] = (struct quoin_amount){"cpu", cpu};
	*shard = (struct quoin_shard){.name = world->names[0][i],
	    .hosts = one_host,
	    .host_count = 1,
	    .capacity = world->capacity[i],
	    .capacity_count = RESOURCES};
	world->ruleset.shards = world->shards;
}

static void
add_model(struct world *world, uint64_t memory, uint64_t cpu, uint32_t shards)
{
	size_t i = world->ruleset.model_count++;

	snprintf(world->names[1][i], sizeof world->names[1][i], "m%zu@1", i);
	world->demand[i][0] = (struct quoin_amount){"memory", memory};
	world->demand[i][1] = (struct quoin_amount){"cpu", cpu};
	world->models[i] = (struct quoin_model){.name = world->names[1][i],
	    .routing_key = world->names[1][i],
	    .demand = world->demand[i],
	    .demand_count = RESOURCES,
	    .shard_count = shards,
	    .is_used = true};
	world->ruleset.models = world->models;
}

static void
add_route(struct world *world, uint32_t model, uint32_t shard, uint32_t share)
{
	size_t i = world->ruleset.rule_count;
	struct quoin_rule *rule;

	if (i == 0 || world->refs[i - 1].model != model) {
		world->refs[i].model = model;
		world->rules[i] = (struct quoin_rule){.kind = QUOIN_RULE_ROUTE,
		    .is_enabled = true,
		    .refs = &world->refs[i],
		    .ref_count = 1,
		    .shares = world->shares[i]};
		world->ruleset.rule_count = ++i;
	}
	rule = &world->rules[i - 1];
	world->shares[i - 1][rule->share_count++] = (struct quoin_share){shard, share};
	world->ruleset.rules = world->rules;
}

static void
add_base(struct world *world, size_t model, size_t shard)
{
	world->base[world->base_count++] =
	    (struct quoin_base_placement){world->names[1][model], world->names[0][shard], true};
}

static void
clear(struct world *world)
{
	quoin_arena_clear(&world->ruleset.arena);
	*world = (struct world){0};
}

/* Assign; the placements as "m0: s0 50000, s1 50000; m1: …", or the problems. */
static const char *
assign(struct world *world)
{
	static char text[4096];
	struct quoin_problems problems;
	struct quoin_buf out;
	struct quoin_error err = {0};
	int rc;

	quoin_problems_init(&problems);
	quoin_buf_init(&out, sizeof text - 1);
	rc = quoin_assign(&world->ruleset, world->base, world->base_count, world->may_overcommit, NULL, &problems, &err);
	CHECK_INT(rc, problems.error_count > 0 ? QUOIN_EREFUSED : 0);
	for (size_t i = 0; rc == 0 && i < world->ruleset.placement_count; i++) {
		const struct quoin_placement *now = &world->ruleset.placements[i];

		if (i == 0 || now[-1].model != now->model)
			quoin_buf_printf(&out, "%sm%u:", i > 0 ? "; " : "", now->model);
		quoin_buf_printf(&out, " s%u=%u", now->shard, now->weight);
	}
	if (rc != 0)
		quoin_problems_print(&problems, &out);
	snprintf(text, sizeof text, "%s", quoin_buf_str(&out));
	quoin_buf_clear(&out);
	quoin_problems_clear(&problems);
	return text;
}

static void
test_weights(void)
{
	CHECK_INT(quoin_assign_weight(1, 0), 100000);
	CHECK_INT(quoin_assign_weight(3, 0), 33334);
	CHECK_INT(quoin_assign_weight(3, 1), 33333);
	CHECK_INT(quoin_assign_weight(7, 4), 14286);
	CHECK_INT(quoin_assign_weight(7, 5), 14285);
	for (size_t count = 1; count <= 1024; count++) {
		uint64_t sum = 0;

		for (size_t i = 0; i < count; i++)
			sum += quoin_assign_weight(count, i);
		CHECK_INT(sum, 100000);
	}
}

static void
test_spreads(void)
{
	struct world world = {0};

	add_shard(&world, 100, 100);
	add_shard(&world, 100, 100);
	add_shard(&world, 200, 100);
	add_model(&world, 10, 10, 1);
	add_model(&world, 60, 10, 1);
	add_model(&world, 60, 10, 2);
	add_model(&world, 0, 0, 3);
	CHECK_STR(assign(&world),
	    "m0: s2=100000; m1: s2=100000; m2: s0=50000 s1=50000; m3: s0=33334 s1=33333 s2=33333");
	clear(&world);
}

/* A model that must leave one of its shards stays where its traffic goes, whatever the shards' names. */
static void
test_keeps_traffic(void)
{
	for (size_t with = 0; with < 3; with++) {
		struct world world = {0};
		char want[32];

		for (size_t shard = 0; shard < 3; shard++)
			add_shard(&world, 100, 100);
		add_model(&world, 10, 10, 1);
		for (size_t shard = 0; shard < 3; shard++) {
			add_base(&world, 0, shard);
			world.base[shard].has_traffic = shard == with;
		}
		(void)snprintf(want, sizeof want, "m0: s%zu=100000", with);
		CHECK_STR(assign(&world), want);
		clear(&world);
	}
}

static void
test_requires_and_drain(void)
{
	struct world world = {0};

	for (int i = 0; i < 4; i++)
		add_shard(&world, 100, 100);
	world.shards[1].labels = world.shards[2].labels = &gpu;
	world.shards[1].label_count = world.shards[2].label_count = 1;
	world.shards[1].drain = true;
	world.shards[3].host_count = 0;
	add_model(&world, 10, 10, 1);
	world.models[0].requires = &gpu;
	world.models[0].requires_count = 1;
	add_model(&world, 10, 10, 2);
	add_base(&world, 0, 1);
	add_base(&world, 1, 3);
	CHECK_STR(assign(&world), "m0: s2=100000; m1: s0=50000 s2=50000");
	world.models[0].shard_count = 2;
	CHECK_STR(assign(&world),
	    "quoin: model \"m0@1\" must be on 2 shards with gpu=true, but only 1 can have it: shard \"s1\" is "
	    "draining, shard \"s0\" lacks gpu=true, shard \"s3\" lacks gpu=true; change \"shards\" or \"requires\", or add shards\n");
	clear(&world);
}

static void
test_routes(void)
{
	struct world world = {0};

	add_shard(&world, 100, 100);
	add_shard(&world, 100, 100);
	add_shard(&world, 100, 100);
	add_model(&world, 60, 10, 1);
	add_model(&world, 60, 10, 2);
	add_route(&world, 0, 1, 90000);
	add_route(&world, 0, 2, 10000);
	CHECK_STR(assign(&world),
	    "quoin: model \"m1@1\" fits on 1 of 2 shards: shard \"s1\" lacks 20 memory (60 needed, 40 of 100 left), "
	    "shard \"s2\" lacks 20 memory (60 needed, 40 of 100 left); add capacity, let it or others need less, or publish with --waive capacity\n");
	world.models[1].shard_count = 1;
	CHECK_STR(assign(&world), "m0: s1=90000 s2=10000; m1: s0=100000");
	world.shares[0][1].share = 0;
	world.shares[0][0].share = 100000;
	CHECK_STR(assign(&world), "m0: s1=100000 s2=0; m1: s0=100000");
	world.capacity[2][0].amount = 50;
	CHECK_STR(assign(&world),
	    "quoin: model \"m0@1\" does not fit where it is routed: shard \"s2\" lacks 10 memory (60 needed, 50 of "
	    "50 left); "
	    "add capacity, change the route, or publish with --waive capacity\n");
	/* What others have there does not count: they would make room. */
	world.capacity[2][0].amount = 65;
	world.capacity[0][0].amount = 10;
	world.demand[0][0].amount = 70;
	world.demand[1][0].amount = 20;
	CHECK_STR(assign(&world),
	    "quoin: model \"m0@1\" does not fit where it is routed: shard \"s2\" lacks 5 memory (70 needed, 65 of "
	    "65 left); "
	    "add capacity, change the route, or publish with --waive capacity\n");
	world.shards[2].host_count = 0;
	CHECK_STR(assign(&world),
	    "quoin: model \"m0@1\" is routed to shard \"s2\", which has no hosts; add hosts or choose another shard\n");
	clear(&world);
}

/* As far as there is room nothing changes; the rest goes where it is routed, was, or is the least too much. */
static void
test_overcommit(void)
{
	struct world world = {.may_overcommit = true};

	add_shard(&world, 100, 100);
	add_shard(&world, 80, 100);
	add_shard(&world, 10, 100);
	add_model(&world, 60, 1, 1);
	add_model(&world, 60, 1, 1);
	CHECK_STR(assign(&world), "m0: s0=100000; m1: s1=100000");
	add_model(&world, 60, 1, 1);
	CHECK_STR(assign(&world), "m0: s0=100000; m1: s1=100000; m2: s0=100000");
	/* On two shards each; nothing is on a shard twice, and 6 loads of 60 are more than all have. */
	world.models[0].shard_count = world.models[1].shard_count = world.models[2].shard_count = 2;
	CHECK_STR(assign(&world), "m0: s0=50000 s1=50000; m1: s0=50000 s1=50000; m2: s0=50000 s1=50000");
	world.models[0].shard_count = world.models[1].shard_count = world.models[2].shard_count = 1;
	/* Where it was, though others have more room. */
	add_base(&world, 2, 2);
	CHECK_STR(assign(&world), "m0: s0=100000; m1: s1=100000; m2: s2=100000");
	world.base_count = 0;
	/* Where it is routed. */
	add_route(&world, 2, 2, 100000);
	CHECK_STR(assign(&world), "m0: s0=100000; m1: s1=100000; m2: s2=100000");
	/* What is missing is not room: it stays a problem, and room is none. */
	world.shards[2].host_count = 0;
	CHECK_STR(assign(&world),
	    "quoin: model \"m2@1\" is routed to shard \"s2\", which has no hosts; add hosts or choose another shard\n");
	world.shards[2].host_count = 1;
	world.models[0].requires = &gpu;
	world.models[0].requires_count = 1;
	CHECK_CONTAINS(assign(&world), "model \"m0@1\" must be on 1 shard with gpu=true, but only 0 can have it");
	world.models[0].requires_count = 0;
	world.may_overcommit = false;
	CHECK_CONTAINS(assign(&world), "or publish with --waive capacity");
	clear(&world);
}

/* Greed alone would put the two small ones apart and leave no room for the large one. */
static void
test_search(void)
{
	struct world world = {0};

	add_shard(&world, 10, 0);
	add_shard(&world, 10, 0);
	add_model(&world, 6, 0, 1);
	add_model(&world, 5, 0, 1);
	add_model(&world, 5, 0, 1);
	add_model(&world, 4, 0, 1);
	add_base(&world, 0, 0);
	add_base(&world, 1, 1);
	add_base(&world, 3, 1);
	CHECK_STR(assign(&world), "m0: s0=100000; m1: s1=100000; m2: s1=100000; m3: s0=100000");
	clear(&world);
}

static void
test_refusals(void)
{
	struct world world = {0};

	add_model(&world, 1, 1, 1);
	CHECK_STR(assign(&world),
	    "quoin: model \"m0@1\" must be on 1 shard, but only 0 can have it; change \"shards\" or \"requires\", "
	    "or add shards\n");
	for (int i = 0; i < 5; i++)
		add_shard(&world, 100, (uint64_t)i);
	world.demand[0][1].amount = UINT64_C(1) << 53;
	CHECK_CONTAINS(assign(&world),
	    "shard \"s2\" lacks 9007199254740990 cpu (9007199254740992 needed, 2 of 2 left), …;");
	/* What no placement could mend is said of all. */
	CHECK_CONTAINS(assign(&world),
	    "quoin: shards.json: the models need 9007199254740992 cpu on all their shards, which have 10 together, a host of each: "
	    "9007199254740982 are missing; add shards or capacity, let models need less, or publish with --waive capacity\n");
	/* A resource that a shard does not have counts as 0 there. */
	world.demand[0][1] = (struct quoin_amount){"tpu", 1};
	CHECK_CONTAINS(assign(&world), "shard \"s0\" lacks 1 tpu (1 needed, 0 of 0 left)");
	world.demand[0][1] = (struct quoin_amount){"tpu", 0};
	CHECK_STR(assign(&world), "m0: s0=100000");
	clear(&world);
}

/* ---- Random instances against every possibility ---- */

static uint32_t
random_below(uint32_t *seed, uint32_t bound)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % bound;
}

static void
make_world(struct world *world, uint32_t *seed)
{
	uint32_t shards = 2 + random_below(seed, 3), models = 2 + random_below(seed, 4);

	for (uint32_t i = 0; i < shards; i++) {
		add_shard(world, 8 + random_below(seed, 8), 8 + random_below(seed, 8));
		world->shards[i].drain = random_below(seed, 8) == 0;
	}
	for (uint32_t i = 0; i < models; i++) {
		add_model(world, random_below(seed, 9), random_below(seed, 9), 1 + random_below(seed, 2));
		for (uint32_t j = 0; j < shards; j++) {
			if (random_below(seed, 3) == 0)
				add_base(world, i, j);
		}
	}
}

static bool
was_there(const struct world *world, size_t model, size_t shard)
{
	for (size_t i = 0; i < world->base_count; i++) {
		if (world->base[i].routing_key == world->names[1][model] &&
		    world->base[i].shard == world->names[0][shard])
			return true;
	}
	return false;
}

/* The least number of new loads over every assignment, by trying them all; SIZE_MAX if there is none. */
static size_t
least_moves(const struct world *world, size_t model, uint64_t load[SHARDS_MAX][RESOURCES])
{
	size_t shards = world->ruleset.shard_count, best = SIZE_MAX;

	if (model == world->ruleset.model_count)
		return 0;
	for (unsigned set = 0; set < 1u << shards; set++) {
		bool fits = (uint32_t)__builtin_popcount(set) == world->models[model].shard_count;
		size_t moves = 0, rest;

		for (size_t j = 0; j < shards && fits; j++) {
			if ((set >> j & 1) == 0)
				continue;
			moves += !was_there(world, model, j);
			fits = !world->shards[j].drain;
			for (size_t r = 0; r < RESOURCES; r++)
				fits =
				    fits && load[j][r] + world->demand[model][r].amount <= world->capacity[j][r].amount;
		}
		if (!fits)
			continue;
		for (size_t j = 0; j < shards; j++) {
			for (size_t r = 0; r < RESOURCES; r++)
				load[j][r] += (set >> j & 1) * world->demand[model][r].amount;
		}
		rest = least_moves(world, model + 1, load);
		for (size_t j = 0; j < shards; j++) {
			for (size_t r = 0; r < RESOURCES; r++)
				load[j][r] -= (set >> j & 1) * world->demand[model][r].amount;
		}
		if (rest != SIZE_MAX && moves + rest < best)
			best = moves + rest;
	}
	return best;
}

/* The result is within capacity, and every model is on as many shards as it asks for. Returns the new loads. */
static size_t
check_result(const struct world *world)
{
	uint64_t load[SHARDS_MAX][RESOURCES] = {0};
	uint32_t counts[MODELS_MAX] = {0};
	size_t moves = 0;

	for (size_t i = 0; i < world->ruleset.placement_count; i++) {
		const struct quoin_placement *now = &world->ruleset.placements[i];

		CHECK(i == 0 || now[-1].model < now->model ||
		    (now[-1].model == now->model && now[-1].shard < now->shard));
		CHECK(!world->shards[now->shard].drain);
		counts[now->model]++;
		for (size_t r = 0; r < RESOURCES; r++) {
			load[now->shard][r] += world->demand[now->model][r].amount;
			CHECK(load[now->shard][r] <= world->capacity[now->shard][r].amount);
		}
		moves += !was_there(world, now->model, now->shard);
	}
	for (size_t i = 0; i < world->ruleset.model_count; i++)
		CHECK_INT(counts[i], world->models[i].shard_count);
	return moves;
}

/* Assigning against the result gives the result, in whatever order the base is. */
static void
check_fixpoint(struct world *world, const char *text, uint32_t *seed)
{
	char before[4096];

	snprintf(before, sizeof before, "%s", text);
	world->base_count = 0;
	for (size_t i = 0; i < world->ruleset.placement_count; i++)
		add_base(world, world->ruleset.placements[i].model, world->ruleset.placements[i].shard);
	for (size_t i = world->base_count; i > 1; i--) {
		size_t j = random_below(seed, (uint32_t)i);
		struct quoin_base_placement swap = world->base[i - 1];

		world->base[i - 1] = world->base[j];
		world->base[j] = swap;
	}
	CHECK_STR(assign(world), before);
}

static void
test_random(void)
{
	uint32_t seed = 7;
	size_t placed = 0, moved = 0;

	for (int i = 0; i < 2000; i++) {
		struct world world = {0};
		uint64_t load[SHARDS_MAX][RESOURCES] = {0};
		size_t least;
		const char *text;

		make_world(&world, &seed);
		least = least_moves(&world, 0, load);
		text = assign(&world);
		if (least == SIZE_MAX) {
			CHECK_CONTAINS(text, "quoin: model ");
		} else {
			CHECK_INT(check_result(&world), least);
			check_fixpoint(&world, text, &seed);
			placed++;
			moved += least;
		}
		clear(&world);
	}
	/* The instances are neither all possible nor all trivial. */
	CHECK(placed > 500 && placed < 1900 && moved > 500);
}

/* ---- More than can be searched: greed alone must be good ---- */

#define MANY_MODELS 6000
#define MANY_SHARDS 40

struct many {
	struct quoin_ruleset ruleset;
	struct quoin_model models[MANY_MODELS];
	struct quoin_shard shards[MANY_SHARDS];
	struct quoin_amount demand[MANY_MODELS];
	struct quoin_amount capacity[MANY_SHARDS];
	char keys[MANY_MODELS][16];
	char names[MANY_SHARDS][8];
	struct quoin_base_placement base[2 * MANY_MODELS];
	size_t base_count;
};

static void
make_many(struct many *many)
{
	for (size_t i = 0; i < MANY_SHARDS; i++) {
		snprintf(many->names[i], sizeof many->names[i], "s%03zu", i);
		many->capacity[i] = (struct quoin_amount){"memory", 1300};
		many->shards[i] = (struct quoin_shard){.name = many->names[i],
		    .hosts = one_host,
		    .host_count = 1,
		    .capacity = &many->capacity[i],
		    .capacity_count = 1};
	}
	for (size_t i = 0; i < MANY_MODELS; i++) {
		snprintf(many->keys[i], sizeof many->keys[i], "m%05zu@1", i);
		many->demand[i] = (struct quoin_amount){"memory", 1 + i % 7};
		many->models[i] = (struct quoin_model){.name = many->keys[i],
		    .routing_key = many->keys[i],
		    .demand = &many->demand[i],
		    .demand_count = 1,
		    .shard_count = 1 + i % 2,
		    .is_used = true};
	}
	many->ruleset.models = many->models;
	many->ruleset.model_count = MANY_MODELS;
	many->ruleset.shards = many->shards;
	many->ruleset.shard_count = MANY_SHARDS;
}

/* Assign against the last result. Returns how many loads are new. */
static size_t
assign_many(struct many *many)
{
	struct quoin_problems problems;
	size_t moves = 0;

	quoin_problems_init(&problems);
	CHECK_INT(quoin_assign(&many->ruleset, many->base, many->base_count, false, NULL, &problems, NULL), 0);
	quoin_problems_clear(&problems);
	for (size_t i = 0, at = 0; i < many->ruleset.placement_count; i++) {
		const struct quoin_placement *now = &many->ruleset.placements[i];

		/* Both are in the order of models, then shards. */
		while (at < many->base_count &&
		    (strcmp(many->base[at].routing_key, many->keys[now->model]) < 0 ||
			(many->base[at].routing_key == many->keys[now->model] &&
			    strcmp(many->base[at].shard, many->names[now->shard]) < 0)))
			at++;
		moves += at == many->base_count || many->base[at].routing_key != many->keys[now->model] ||
		    many->base[at].shard != many->names[now->shard];
	}
	many->base_count = many->ruleset.placement_count;
	for (size_t i = 0; i < many->base_count; i++) {
		const struct quoin_placement *now = &many->ruleset.placements[i];

		many->base[i] = (struct quoin_base_placement){many->keys[now->model], many->names[now->shard], true};
	}
	return moves;
}

static void
test_many(void)
{
	static struct many many;
	size_t on_it = 0;

	make_many(&many);
	CHECK_INT(assign_many(&many), 9000);
	CHECK_INT(assign_many(&many), 0);
	/* A model that is gone, one more load, a shard that drains: only what must move does. */
	many.models[10].is_used = false;
	many.models[20].shard_count = 2;
	CHECK_INT(assign_many(&many), 1);
	many.shards[3].drain = true;
	for (size_t i = 0; i < many.base_count; i++)
		on_it += many.base[i].shard == many.names[3];
	CHECK(on_it > 100);
	CHECK_INT(assign_many(&many), on_it);
	CHECK_INT(assign_many(&many), 0);
	quoin_arena_clear(&many.ruleset.arena);
}

static const struct check_case cases[] = {
    {"assign: weights", test_weights},
    {"assign: new models go where the most room is", test_spreads},
    {"assign: a model that leaves a shard stays where its traffic goes", test_keeps_traffic},
    {"assign: required labels, draining, no hosts", test_requires_and_drain},
    {"assign: routes", test_routes},
    {"assign: beyond the capacity", test_overcommit},
    {"assign: a search where greed fails", test_search},
    {"assign: refusals say what is missing where", test_refusals},
    {"assign: thousands of models", test_many},
    {"assign: random instances, least movement, fixpoint", test_random},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
