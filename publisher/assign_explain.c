#include "publisher/assign_explain.h"

#include <stdlib.h>
#include <string.h>

#include "publisher/assign_state.h"
#include "publisher/check_shards.h"
#include "publisher/phrase.h"

#define GROUPS_SHOWN 16 /* of shards that do not have a model for the same reason; the JSON has all */
#define NAMES_SHOWN  8	/* of one group */

struct explainer {
	const struct quoin_assign_explain *explain;
	struct quoin_assign_state state;
};

/* ---- The state, as it was when all was placed ---- */

/* The base's placements, by name; to be freed. NULL: no memory. */
static struct quoin_base_placement *
copy_base(const struct quoin_ruleset *base, size_t *ret_count)
{
	size_t count = base != NULL ? base->placement_count : 0;
	struct quoin_base_placement *placements = calloc(count + 1, sizeof *placements);

	if (placements == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++)
		placements[i] = (struct quoin_base_placement){base->models[base->placements[i].model].routing_key,
		    base->shards[base->placements[i].shard].name, base->placements[i].weight > 0};
	*ret_count = count;
	return placements;
}

/* Items are in the order of models, as placements are. One that the source places twice or too often is not put again. */
static void
put_placements(struct explainer *explainer)
{
	const struct quoin_ruleset *ruleset = explainer->explain->ruleset;
	struct quoin_assign_state *state = &explainer->state;
	size_t item = 0;

	for (size_t i = 0; i < ruleset->placement_count; i++) {
		const struct quoin_placement *placement = &ruleset->placements[i];

		while (item < state->item_count && state->items[item].model < placement->model)
			item++;
		if (item < state->item_count && state->items[item].model == placement->model &&
		    state->items[item].count < state->items[item].want && !quoin_assign_has(state, item, placement->shard))
			quoin_assign_put(state, item, placement->shard);
	}
}

static int
open_explainer(const struct quoin_assign_explain *explain, struct explainer *explainer)
{
	size_t count;
	struct quoin_base_placement *base = copy_base(explain->base_ruleset, &count);
	int rc;

	*explainer = (struct explainer){.explain = explain};
	if (base == NULL)
		return QUOIN_ENOMEM;
	rc = quoin_assign_state_init(&explainer->state, explain->ruleset, base, count);
	if (rc == 0)
		put_placements(explainer);
	free(base);
	return rc;
}

static void
close_explainer(struct explainer *explainer)
{
	quoin_assign_state_clear(&explainer->state);
}

static bool
is_asked(const struct explainer *explainer, size_t item)
{
	const struct quoin_model *model = &explainer->explain->ruleset->models[explainer->state.items[item].model];
	const char *name = explainer->explain->model;

	return name == NULL || strcmp(name, model->name) == 0 || strcmp(name, model->routing_key) == 0;
}

/* ---- Reasons ---- */

static const char *
route_of(const struct explainer *explainer, size_t item)
{
	uint32_t route = explainer->state.items[item].route;

	return route == QUOIN_ASSIGN_NONE ? NULL : explainer->explain->ruleset->rules[route].name;
}

static void
put_why(const struct explainer *explainer, size_t item, uint32_t shard, struct quoin_buf *out)
{
	const char *route = route_of(explainer, item);

	if (route != NULL)
		quoin_buf_printf(out, "the route rule %s says so", route);
	else if (quoin_assign_was(&explainer->state, item, shard))
		quoin_buf_printf(out, "it was there in release %llu, and what is placed stays",
		    (unsigned long long)explainer->explain->base);
	else if (explainer->explain->base_ruleset != NULL || explainer->explain->base == 0)
		quoin_buf_put_str(out, "it is new there, where room was left for it");
	else
		quoin_buf_printf(out, "it was there in release %llu, which cannot be read any more, or is new there",
		    (unsigned long long)explainer->explain->base);
}

static void
put_why_not(const struct explainer *explainer, size_t item, uint32_t index, struct quoin_buf *out)
{
	const struct quoin_assign_state *state = &explainer->state;
	const struct quoin_model *model = &explainer->explain->ruleset->models[state->items[item].model];
	const struct quoin_shard *shard = &explainer->explain->ruleset->shards[index];
	const struct quoin_pair *label;
	const char *route = route_of(explainer, item);
	uint64_t left = 0, missing = 0;
	size_t resource;

	if (quoin_assign_was(state, item, index))
		quoin_buf_printf(out, "it was there in release %llu, but ", (unsigned long long)explainer->explain->base);
	if (route != NULL) {
		quoin_buf_printf(out, "the route rule %s does not name it", route);
	} else if (!quoin_check_shard_has(shard, model, &label)) {
		quoin_buf_printf(out, "the shard lacks the label %s=%s", label->key, label->value);
	} else if (shard->host_count == 0) {
		quoin_buf_put_str(out, "the shard has no hosts");
	} else if (shard->drain) {
		quoin_buf_put_str(out, "the shard is draining");
	} else if (!quoin_assign_fits(state, item, index)) {
		resource = quoin_assign_scarcest(state, item, index, &left, &missing);
		quoin_buf_printf(out, "the shard lacks %llu %s (%llu needed, %llu of %llu left)", (unsigned long long)missing,
		    state->resources[resource], (unsigned long long)state->items[item].demand[resource],
		    (unsigned long long)left, (unsigned long long)state->capacity[index][resource]);
	} else {
		quoin_buf_printf(out, "%u of %u shards have it already", state->items[item].count,
		    state->items[item].want);
	}
}

/* ---- For people ---- */

static void
put_needs(const struct explainer *explainer, size_t item, struct quoin_buf *out)
{
	const struct quoin_model *model = &explainer->explain->ruleset->models[explainer->state.items[item].model];

	quoin_buf_printf(out, "%s", model->routing_key);
	for (size_t i = 0; i < model->demand_count; i++)
		quoin_buf_printf(out, "%s%llu %s", i == 0 ? " needs " : ", ", (unsigned long long)model->demand[i].amount,
		    model->demand[i].resource);
	for (size_t i = 0; i < model->requires_count; i++)
		quoin_buf_printf(out, "%s%s=%s", i == 0 ? " on shards with " : ", ", model->requires[i].key,
		    model->requires[i].value);
	if (route_of(explainer, item) != NULL)
		quoin_buf_put_str(out, "; it is routed\n");
	else
		quoin_buf_printf(out, "; %u %s wanted\n", model->shard_count, model->shard_count == 1 ? "shard is" : "shards are");
}

static const struct quoin_placement *
placement_of(const struct quoin_ruleset *ruleset, uint32_t model, uint32_t shard)
{
	for (size_t i = 0; i < ruleset->placement_count; i++)
		if (ruleset->placements[i].model == model && ruleset->placements[i].shard == shard)
			return &ruleset->placements[i];
	return NULL;
}

/* Shards that do not have the model for the same reason are named together. */
static int
print_absences(const struct explainer *explainer, size_t item, struct quoin_buf *out)
{
	const struct quoin_ruleset *ruleset = explainer->explain->ruleset;
	uint32_t model = explainer->state.items[item].model;
	struct quoin_buf *reasons = calloc(ruleset->shard_count + 1, sizeof *reasons);
	size_t groups = 0, hidden = 0;

	if (reasons == NULL)
		return QUOIN_ENOMEM;
	for (uint32_t shard = 0; shard < ruleset->shard_count; shard++) {
		quoin_buf_init(&reasons[shard], 4096);
		if (placement_of(ruleset, model, shard) == NULL)
			put_why_not(explainer, item, shard, &reasons[shard]);
	}
	for (uint32_t first = 0; first < ruleset->shard_count; first++) {
		size_t names = 0;

		if (reasons[first].len == 0)
			continue;
		if (groups++ == GROUPS_SHOWN) {
			for (uint32_t shard = first; shard < ruleset->shard_count; shard++)
				hidden += reasons[shard].len > 0;
			break;
		}
		for (uint32_t shard = first; shard < ruleset->shard_count; shard++) {
			if (!quoin_span_equal(quoin_buf_span(&reasons[shard]), quoin_buf_span(&reasons[first])))
				continue;
			if (names++ < NAMES_SHOWN)
				quoin_buf_printf(out, "%s%s", names == 1 ? "  not on " : ", ", ruleset->shards[shard].name);
			if (shard != first)
				quoin_buf_reset(&reasons[shard]);
		}
		if (names > NAMES_SHOWN)
			quoin_buf_printf(out, " and %zu more", names - NAMES_SHOWN);
		quoin_buf_printf(out, ": %s\n", quoin_buf_str(&reasons[first]));
	}
	if (hidden > 0)
		quoin_buf_printf(out, "  not on %zu more; --json has all\n", hidden);
	for (uint32_t shard = 0; shard < ruleset->shard_count; shard++)
		quoin_buf_clear(&reasons[shard]);
	free(reasons);
	return 0;
}

static int
print_item(const struct explainer *explainer, size_t item, struct quoin_buf *out)
{
	const struct quoin_ruleset *ruleset = explainer->explain->ruleset;
	uint32_t model = explainer->state.items[item].model;

	put_needs(explainer, item, out);
	for (uint32_t shard = 0; shard < ruleset->shard_count; shard++) {
		const struct quoin_placement *placement = placement_of(ruleset, model, shard);

		if (placement == NULL)
			continue;
		quoin_buf_printf(out, "  on %s with ", ruleset->shards[shard].name);
		quoin_phrase_percent(placement->weight, out);
		quoin_buf_put_str(out, ": ");
		put_why(explainer, item, shard, out);
		quoin_buf_put_byte(out, '\n');
	}
	return print_absences(explainer, item, out);
}

int
quoin_assign_explain_print(const struct quoin_assign_explain *explain, struct quoin_buf *out)
{
	struct explainer explainer;
	size_t count = 0;
	int rc = open_explainer(explain, &explainer);

	for (size_t i = 0; rc == 0 && i < explainer.state.item_count; i++) {
		if (!is_asked(&explainer, i))
			continue;
		rc = print_item(&explainer, i, out);
		count++;
	}
	close_explainer(&explainer);
	return rc != 0 ? rc : count == 0 && explain->model != NULL ? QUOIN_ENOENT : out->error;
}

/* ---- For programs ---- */

static void
put_json_shard(struct quoin_json_writer *writer, const struct explainer *explainer, size_t item, uint32_t shard,
    const struct quoin_placement *placement)
{
	struct quoin_buf text;

	quoin_buf_init(&text, 4096);
	quoin_json_begin_object(writer, NULL);
	quoin_json_put_string(writer, "shard", explainer->explain->ruleset->shards[shard].name);
	if (placement != NULL) {
		quoin_json_put_u64(writer, "weight", placement->weight);
		put_why(explainer, item, shard, &text);
	} else {
		put_why_not(explainer, item, shard, &text);
	}
	quoin_json_put_string(writer, "because", quoin_buf_str(&text));
	quoin_json_end_object(writer);
	quoin_buf_clear(&text);
}

static void
put_json_item(struct quoin_json_writer *writer, const struct explainer *explainer, size_t item)
{
	static const char *const keys[] = {"on", "not_on"};
	const struct quoin_ruleset *ruleset = explainer->explain->ruleset;
	uint32_t index = explainer->state.items[item].model;
	const struct quoin_model *model = &ruleset->models[index];

	quoin_json_begin_object(writer, NULL);
	quoin_json_put_string(writer, "model", model->routing_key);
	quoin_json_put_u64(writer, "shards", explainer->state.items[item].want);
	quoin_json_begin_object(writer, "demand");
	for (size_t i = 0; i < model->demand_count; i++)
		quoin_json_put_u64(writer, model->demand[i].resource, model->demand[i].amount);
	quoin_json_end_object(writer);
	for (int side = 0; side < 2; side++) {
		quoin_json_begin_array(writer, keys[side]);
		for (uint32_t shard = 0; shard < ruleset->shard_count; shard++) {
			const struct quoin_placement *placement = placement_of(ruleset, index, shard);

			if ((placement == NULL) == (side == 1))
				put_json_shard(writer, explainer, item, shard, placement);
		}
		quoin_json_end_array(writer);
	}
	quoin_json_end_object(writer);
}

int
quoin_assign_explain_print_json(const struct quoin_assign_explain *explain, struct quoin_json_writer *writer)
{
	struct explainer explainer;
	size_t count = 0;
	int rc = open_explainer(explain, &explainer);

	quoin_json_begin_array(writer, "assignment");
	for (size_t i = 0; rc == 0 && i < explainer.state.item_count; i++) {
		if (!is_asked(&explainer, i))
			continue;
		put_json_item(writer, &explainer, i);
		count++;
	}
	quoin_json_end_array(writer);
	close_explainer(&explainer);
	return rc != 0 ? rc : count == 0 && explain->model != NULL ? QUOIN_ENOENT : writer->out->error;
}
