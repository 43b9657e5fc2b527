#include "publisher/assign_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "publisher/check_shards.h"

#define SHARDS_SHOWN 3

/* A list in words, cut where it does not fit. */
struct words {
	char text[640];
	size_t len;
	size_t shown;
};

static void add_words(struct words *words, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
add_words(struct words *words, const char *fmt, ...)
{
	size_t room = sizeof words->text - words->len;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(words->text + words->len, room, fmt, args);
	va_end(args);
	if (len > 0)
		words->len += (size_t)len < room ? (size_t)len : room - 1;
}

size_t
quoin_assign_scarcest(const struct quoin_assign_state *state, size_t item, uint32_t shard, uint64_t *ret_left,
    uint64_t *ret_missing)
{
	size_t worst = 0;
	double worst_share = -1;

	for (size_t r = 0; r < state->resource_count; r++) {
		uint64_t capacity = state->capacity[shard][r];
		uint64_t load = state->load[shard][r];
		uint64_t left = load < capacity ? capacity - load : 0;
		uint64_t demand = state->items[item].demand[r];
		double share = demand > left ? (double)(demand - left) / (double)demand : 0;

		if (share > worst_share) {
			worst = r;
			worst_share = share;
			*ret_left = left;
			*ret_missing = demand > left ? demand - left : 0;
		}
	}
	return worst;
}

/* "; shard "a" lacks 10 memory_mb (40 needed, 30 of 100 left)". */
static void
add_shortage(struct words *words, const struct quoin_assign_state *state, size_t item, uint32_t shard)
{
	uint64_t left = 0, missing = 0;
	size_t r = quoin_assign_scarcest(state, item, shard, &left, &missing);

	if (words->shown++ == SHARDS_SHOWN)
		add_words(words, ", …");
	if (words->shown > SHARDS_SHOWN)
		return;
	add_words(words, "%s shard \"%s\" lacks %llu %s (%llu needed, %llu of %llu left)", words->shown > 1 ? "," : "",
	    state->ruleset->shards[shard].name, (unsigned long long)missing, state->resources[r],
	    (unsigned long long)state->items[item].demand[r], (unsigned long long)left,
	    (unsigned long long)state->capacity[shard][r]);
}

static void
report_route(const struct quoin_assign_state *state, size_t item, struct quoin_place place,
    struct quoin_problems *problems)
{
	const struct quoin_rule *rule = &state->ruleset->rules[state->items[item].route];
	const char *key = state->ruleset->models[state->items[item].model].routing_key;
	struct words words = {0};

	for (size_t i = 0; i < rule->share_count; i++) {
		uint32_t shard = rule->shares[i].key;

		if (state->ruleset->shards[shard].host_count == 0) {
			quoin_problem_error(problems, "no_hosts", place,
			    "model \"%s\" is routed to shard \"%s\", which has no hosts; add hosts or choose "
			    "another shard",
			    key, state->ruleset->shards[shard].name);
		} else if (!quoin_assign_has(state, item, shard)) {
			add_shortage(&words, state, item, shard);
		}
	}
	if (words.len > 0) {
		quoin_problem_error(problems, "capacity", place,
		    "model \"%s\" does not fit where it is routed:%s; add capacity, change the route, or publish with --waive "
		    "capacity",
		    key, words.text);
	}
}

static void
add_requires(struct words *words, const struct quoin_model *model)
{
	for (size_t i = 0; i < model->requires_count; i++)
		add_words(words, "%s%s=%s", i > 0 ? ", " : " with ", model->requires[i].key, model->requires[i].value);
}

/* Why a shard cannot have the model whatever its load. */
static void
add_reason(struct words *words, const struct quoin_model *model, const struct quoin_shard *shard)
{
	const struct quoin_pair *label;

	if (words->shown++ == SHARDS_SHOWN)
		add_words(words, ", …");
	if (words->shown > SHARDS_SHOWN)
		return;
	add_words(words, "%s shard \"%s\" ", words->shown > 1 ? "," : ":", shard->name);
	if (!quoin_check_shard_has(shard, model, &label))
		add_words(words, "lacks %s=%s", label->key, label->value);
	else
		add_words(words, shard->drain ? "is draining" : "has no hosts");
}

/* Fewer shards may have the model than it asks for. Those that have its labels are named first. */
static void
report_too_few(const struct quoin_assign_state *state, size_t item, size_t able, struct quoin_place place,
    struct quoin_problems *problems)
{
	const struct quoin_model *model = &state->ruleset->models[state->items[item].model];
	struct words labels = {0}, words = {0};
	const struct quoin_pair *label;

	add_requires(&labels, model);
	for (int lacks = 0; lacks < 2; lacks++)
		for (uint32_t i = 0; i < state->ruleset->shard_count; i++)
			if (!quoin_assign_can(state, item, i) &&
			    quoin_check_shard_has(&state->ruleset->shards[i], model, &label) == (lacks == 0))
				add_reason(&words, model, &state->ruleset->shards[i]);
	quoin_problem_error(problems, "no_shard", place,
	    "model \"%s\" must be on %u %s%s, but only %zu can have it%s; change \"shards\" or \"requires\", or add "
	    "shards",
	    model->routing_key, model->shard_count, model->shard_count == 1 ? "shard" : "shards", labels.text, able,
	    words.text);
}

static void
report_capacity(const struct quoin_assign_state *state, size_t item, struct quoin_place place,
    struct quoin_problems *problems)
{
	const struct quoin_model *model = &state->ruleset->models[state->items[item].model];
	struct words words = {0};

	for (uint32_t shard = 0; shard < state->ruleset->shard_count; shard++) {
		if (quoin_assign_can(state, item, shard) && !quoin_assign_has(state, item, shard))
			add_shortage(&words, state, item, shard);
	}
	quoin_problem_error(problems, "capacity", place,
	    "model \"%s\" fits on %u of %u shards:%s; add capacity, let it or others need less, or publish with --waive "
	    "capacity",
	    model->routing_key, state->items[item].count, model->shard_count, words.text);
}

/* On how many shards the item may be, were there room. */
static size_t
count_able(const struct quoin_assign_state *state, size_t item)
{
	size_t able = 0;

	for (uint32_t shard = 0; shard < state->ruleset->shard_count; shard++)
		able += quoin_assign_can(state, item, shard);
	return able;
}

static void
report_item(const struct quoin_assign_state *state, size_t index, const struct quoin_check_places *places,
    struct quoin_problems *problems)
{
	const struct quoin_assign_item *item = &state->items[index];
	size_t able = count_able(state, index);
	struct quoin_place place = {0};

	if (places != NULL)
		place = item->route != QUOIN_ASSIGN_NONE ? places->rules[item->route] : places->models[item->model];
	if (item->route != QUOIN_ASSIGN_NONE)
		report_route(state, index, place, problems);
	else if (able < item->want)
		report_too_few(state, index, able, place, problems);
	else
		report_capacity(state, index, place, problems);
}

/* What no placement could mend: all shards together have less than all models need. */
static void
report_total(const struct quoin_assign_state *state, size_t resource, struct quoin_problems *problems)
{
	uint64_t needed = 0, had = 0;

	for (size_t i = 0; i < state->item_count; i++)
		if (__builtin_add_overflow(needed, state->items[i].demand[resource] * state->items[i].want, &needed))
			needed = UINT64_MAX;
	for (size_t i = 0; i < state->ruleset->shard_count; i++) {
		const struct quoin_shard *shard = &state->ruleset->shards[i];

		if (!shard->drain && shard->host_count > 0 && __builtin_add_overflow(had, state->capacity[i][resource], &had))
			had = UINT64_MAX;
	}
	if (needed > had)
		quoin_problem_error(problems, "capacity", (struct quoin_place){.file = "shards.json"},
		    "the models need %llu %s on all their shards, which have %llu together, a host of each: %llu are missing; add "
		    "shards or capacity, let models need less, or publish with --waive capacity",
		    (unsigned long long)needed, state->resources[resource], (unsigned long long)had,
		    (unsigned long long)(needed - had));
}

/* Routed models come first, so what they lack is told as if no others were there: those would have to make room. */
void
quoin_assign_report(struct quoin_assign_state *state, const struct quoin_check_places *places,
    struct quoin_problems *problems)
{
	bool lacks_room = false;

	for (size_t i = 0; i < state->item_count; i++)
		lacks_room |= state->items[i].route == QUOIN_ASSIGN_NONE && state->items[i].count < state->items[i].want &&
		    count_able(state, i) >= state->items[i].want;
	for (size_t r = 0; lacks_room && r < state->resource_count; r++)
		report_total(state, r, problems);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < state->item_count; i++)
			if (state->items[i].count < state->items[i].want &&
			    (state->items[i].route != QUOIN_ASSIGN_NONE) == (round == 1))
				report_item(state, i, places, problems);
		quoin_assign_take_all_back(state);
	}
}
