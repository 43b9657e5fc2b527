#include <string.h>

#include "publisher/guard.h"
#include "publisher/phrase.h"
#include "publisher/review.h"

static void
put_aspects(struct quoin_json_writer *writer, const char *key, uint32_t aspects)
{
	quoin_json_begin_array(writer, key);
	for (enum quoin_aspect aspect = 0; aspect < QUOIN_ASPECTS; aspect++)
		if (quoin_aspects_have(aspects, aspect))
			quoin_json_put_string(writer, NULL, quoin_aspect_name(aspect));
	quoin_json_end_array(writer);
}

static void
put_phrase(struct quoin_json_writer *writer, const char *key, const struct quoin_ruleset *ruleset,
    const struct quoin_rule *rule, struct quoin_buf *scratch)
{
	if (rule == NULL)
		return;
	quoin_buf_reset(scratch);
	quoin_phrase_choice(ruleset, rule, scratch);
	quoin_buf_put_str(scratch, " when ");
	quoin_phrase_when(rule->when, scratch);
	quoin_json_put_string(writer, key, quoin_buf_str(scratch));
}

static void
put_rules(struct quoin_json_writer *writer, const struct quoin_difference *difference,
    const struct quoin_objective_change *change, struct quoin_buf *scratch)
{
	quoin_json_begin_array(writer, "rules");
	for (size_t i = 0; i < change->rule_count; i++) {
		const struct quoin_rule_change *rule = &change->rules[i];
		const struct quoin_rule *named = rule->after != NULL ? rule->after : rule->before;

		quoin_json_begin_object(writer, NULL);
		quoin_json_put_string(writer, "rule", named->name);
		quoin_json_put_string(writer, "change", quoin_change_name(rule->change));
		quoin_json_put_string(writer, "kind", quoin_phrase_kind(named->kind));
		quoin_json_put_string(writer, "file", named->file);
		quoin_json_put_u64(writer, "line", named->line);
		put_aspects(writer, "aspects", rule->aspects);
		put_phrase(writer, "before", difference->before, rule->before, scratch);
		put_phrase(writer, "after", difference->after, rule->after, scratch);
		quoin_json_end_object(writer);
	}
	quoin_json_end_array(writer);
}

static void
put_objectives(struct quoin_json_writer *writer, const struct quoin_difference *difference)
{
	struct quoin_buf scratch;

	quoin_buf_init(&scratch, QUOIN_JSON_BYTES_MAX);
	quoin_json_begin_array(writer, "objectives");
	for (size_t i = 0; i < difference->objective_count; i++) {
		const struct quoin_objective_change *change = &difference->objectives[i];
		const struct quoin_objective *before = change->before, *after = change->after;

		quoin_json_begin_object(writer, NULL);
		quoin_json_put_string(writer, "objective", change->objective);
		quoin_json_put_string(writer, "owner", change->owner);
		quoin_json_put_string(writer, "change", quoin_change_name(change->change));
		put_aspects(writer, "aspects", change->aspects);
		quoin_json_begin_object(writer, "default");
		quoin_json_put_string(writer, "from",
		    before != NULL ? difference->before->models[before->default_ref.model].routing_key : NULL);
		quoin_json_put_string(writer, "to",
		    after != NULL ? difference->after->models[after->default_ref.model].routing_key : NULL);
		quoin_json_end_object(writer);
		put_rules(writer, difference, change, &scratch);
		quoin_json_end_object(writer);
	}
	quoin_json_end_array(writer);
	quoin_buf_clear(&scratch);
}

static void
put_models(struct quoin_json_writer *writer, const struct quoin_difference *difference)
{
	quoin_json_begin_array(writer, "models");
	for (size_t i = 0; i < difference->model_count; i++) {
		const struct quoin_model_change *change = &difference->models[i];
		const struct quoin_model *named = change->after != NULL ? change->after : change->before;

		quoin_json_begin_object(writer, NULL);
		quoin_json_put_string(writer, "model", named->routing_key);
		quoin_json_put_string(writer, "change", quoin_change_name(change->change));
		put_aspects(writer, "aspects", change->aspects);
		quoin_json_end_object(writer);
	}
	quoin_json_end_array(writer);
}

static void
put_placements(struct quoin_json_writer *writer, const char *key, const struct quoin_ruleset *ruleset,
    const struct quoin_placement *placements, size_t count)
{
	quoin_json_begin_array(writer, key);
	for (size_t i = 0; i < count; i++) {
		quoin_json_begin_object(writer, NULL);
		quoin_json_put_string(writer, "shard", ruleset->shards[placements[i].shard].name);
		quoin_json_put_u64(writer, "weight", placements[i].weight);
		quoin_json_end_object(writer);
	}
	quoin_json_end_array(writer);
}

static void
put_routes(struct quoin_json_writer *writer, const struct quoin_difference *difference)
{
	quoin_json_begin_array(writer, "routes");
	for (size_t i = 0; i < difference->route_count; i++) {
		const struct quoin_route_change *change = &difference->routes[i];

		quoin_json_begin_object(writer, NULL);
		quoin_json_put_string(writer, "model", change->routing_key);
		put_placements(writer, "from", difference->before, change->before, change->before_count);
		put_placements(writer, "to", difference->after, change->after, change->after_count);
		quoin_json_end_object(writer);
	}
	quoin_json_end_array(writer);
}

static void
put_shards(struct quoin_json_writer *writer, const struct quoin_difference *difference)
{
	quoin_json_begin_array(writer, "shards");
	for (size_t i = 0; i < difference->shard_count; i++) {
		const struct quoin_shard_change *change = &difference->shards[i];

		quoin_json_begin_object(writer, NULL);
		quoin_json_put_string(writer, "shard", change->shard);
		quoin_json_put_string(writer, "change", change->is_changed ? quoin_change_name(change->change) : NULL);
		put_aspects(writer, "aspects", change->aspects);
		quoin_json_begin_array(writer, "loads");
		for (size_t k = 0; k < change->load_count; k++) {
			quoin_json_begin_object(writer, NULL);
			quoin_json_put_string(writer, "resource", change->loads[k].resource);
			quoin_json_put_u64(writer, "before", change->loads[k].before);
			quoin_json_put_u64(writer, "after", change->loads[k].after);
			quoin_json_put_u64(writer, "during", change->loads[k].during);
			quoin_json_put_u64(writer, "capacity", change->loads[k].capacity);
			quoin_json_end_object(writer);
		}
		quoin_json_end_array(writer);
		quoin_json_end_object(writer);
	}
	quoin_json_end_array(writer);
}

/* One text for each change, as people read it. */
static void
put_policy(struct quoin_json_writer *writer, const struct quoin_difference *difference)
{
	struct quoin_buf lines;
	char *text, *rest;

	quoin_buf_init(&lines, 1u << 16);
	if (difference->before->policy.reach_count > 0)
		quoin_phrase_policy_change(&difference->before->policy, &difference->after->policy, &lines);
	quoin_json_begin_array(writer, "policy");
	rest = (char *)(uintptr_t)quoin_buf_str(&lines);
	while ((text = strsep(&rest, "\n")) != NULL && text[0] != '\0')
		quoin_json_put_string(writer, NULL, text);
	quoin_json_end_array(writer);
	quoin_buf_clear(&lines);
}

static void
put_transfer(struct quoin_json_writer *writer, const struct quoin_transfer *transfer)
{
	uint64_t router = transfer->router_bytes, serving = transfer->serving_bytes;

	quoin_json_begin_object(writer, "transfer");
	quoin_json_put_u64(writer, "bytes_per_host", router > serving ? router : serving);
	quoin_json_begin_object(writer, "by_role");
	quoin_json_put_u64(writer, "router", router);
	quoin_json_put_u64(writer, "serving", serving);
	quoin_json_end_object(writer);
	quoin_json_begin_array(writer, "parts");
	for (size_t i = 0; i < transfer->part_count; i++) {
		quoin_json_begin_object(writer, NULL);
		quoin_json_put_string(writer, "part", transfer->parts[i].name);
		quoin_json_put_u64(writer, "bytes", transfer->parts[i].bytes);
		quoin_json_put_u64(writer, "packed_bytes", transfer->parts[i].packed_bytes);
		quoin_json_put_bool(writer, "delta", transfer->parts[i].is_delta);
		quoin_json_end_object(writer);
	}
	quoin_json_end_array(writer);
	quoin_json_end_object(writer);
}

static void
put_decisions(struct quoin_json_writer *writer, const struct quoin_decisions *decisions)
{
	static const struct quoin_decisions none = {.total = 0};

	decisions = decisions != NULL ? decisions : &none;
	quoin_json_begin_object(writer, "decisions");
	quoin_json_put_u64(writer, "total", decisions->total);
	quoin_json_put_u64(writer, "moved", decisions->moved);
	quoin_json_put_u64(writer, "reconfigured", decisions->reconfigured);
	quoin_json_put_u64(writer, "bad_contexts", decisions->bad);
	quoin_json_begin_array(writer, "flows");
	for (size_t i = 0; i < decisions->flow_count; i++) {
		quoin_json_begin_object(writer, NULL);
		quoin_json_put_string(writer, "objective", decisions->flows[i].objective);
		quoin_json_put_string(writer, "from", decisions->flows[i].from);
		quoin_json_put_string(writer, "to", decisions->flows[i].to);
		quoin_json_put_u64(writer, "count", decisions->flows[i].count);
		quoin_json_end_object(writer);
	}
	quoin_json_end_array(writer);
	quoin_json_begin_array(writer, "objectives");
	for (size_t i = 0; i < decisions->objective_count; i++) {
		quoin_json_begin_object(writer, NULL);
		quoin_json_put_string(writer, "objective", decisions->objectives[i].objective);
		quoin_json_put_u64(writer, "total", decisions->objectives[i].total);
		quoin_json_put_u64(writer, "moved", decisions->objectives[i].moved);
		quoin_json_put_u64(writer, "reconfigured", decisions->objectives[i].reconfigured);
		quoin_json_end_object(writer);
	}
	quoin_json_end_array(writer);
	quoin_json_end_object(writer);
}

static void
put_guards(struct quoin_json_writer *writer, const struct quoin_problems *problems)
{
	quoin_json_begin_array(writer, "guards");
	for (size_t i = 0; i < problems->count; i++) {
		const struct quoin_problem *problem = &problems->items[i];

		if (!quoin_guard_is_known(problem->code))
			continue;
		quoin_json_begin_object(writer, NULL);
		quoin_json_put_string(writer, "guard", problem->code);
		quoin_json_put_bool(writer, "refuses", problem->severity == QUOIN_SEVERITY_ERROR);
		quoin_json_put_bool(writer, "waivable", quoin_guard_is_waivable(problem->code));
		if (problem->place.file != NULL && problem->place.file[0] != '\0') {
			quoin_json_put_string(writer, "file", problem->place.file);
			quoin_json_put_u64(writer, "line", problem->place.line);
		}
		quoin_json_put_string(writer, "message", problem->message);
		quoin_json_end_object(writer);
	}
	quoin_json_end_array(writer);
}

void
quoin_review_print_json(const struct quoin_review *review, struct quoin_buf *out)
{
	struct quoin_json_writer writer;

	quoin_json_writer_init(&writer, out);
	quoin_json_begin_object(&writer, NULL);
	quoin_json_put_u64(&writer, "before", review->before);
	if (review->directory != NULL)
		quoin_json_put_string(&writer, "directory", review->directory);
	else
		quoin_json_put_u64(&writer, "after", review->after);
	put_objectives(&writer, review->difference);
	put_models(&writer, review->difference);
	put_routes(&writer, review->difference);
	put_shards(&writer, review->difference);
	put_policy(&writer, review->difference);
	put_transfer(&writer, review->transfer);
	put_decisions(&writer, review->decisions);
	if (review->guards != NULL) {
		put_guards(&writer, review->guards);
		quoin_json_begin_object(&writer, "tests");
		quoin_json_put_u64(&writer, "passed", review->tests_passed);
		quoin_json_put_u64(&writer, "failed", review->tests_failed);
		quoin_json_end_object(&writer);
	}
	quoin_json_end_object(&writer);
}
