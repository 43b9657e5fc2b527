#include <stdio.h>
#include <string.h>

#include "publisher/phrase.h"
#include "publisher/review_print.h"

/* ---- Objectives ---- */

static void
put_rule(struct review_printer *printer, const struct quoin_rule_change *change)
{
	const struct quoin_difference *difference = printer->review->difference;
	const struct quoin_rule *rule = change->after != NULL ? change->after : change->before;
	struct quoin_buf lines;

	if (!review_next_line(printer))
		return;
	review_put_sign(printer, 4, change->change, rule->name);
	quoin_buf_printf(printer->out, "  %s, %s%s:%u\n", quoin_phrase_kind_title(rule->kind),
	    change->after == NULL ? "was " : "", rule->file, rule->line);
	quoin_buf_init(&lines, 4u << 20);
	if (change->change == QUOIN_CHANGE_CHANGED)
		quoin_phrase_rule_change(difference->before, change->before, difference->after, change->after, change->aspects,
		    &lines);
	else
		quoin_phrase_rule(change->after != NULL ? difference->after : difference->before, rule, &lines);
	if (lines.len == 0) /* the rule says the same, and what it names changed */
		quoin_buf_put_str(&lines, "a model that it names changes, see below\n");
	review_put_lines(printer, 8, &lines);
	quoin_buf_clear(&lines);
}

static const char *
default_key(const struct quoin_ruleset *ruleset, const struct quoin_objective *objective)
{
	return objective == NULL ? NULL : ruleset->models[objective->default_ref.model].routing_key;
}

/* What of the objective itself changed, as lines. */
static void
phrase_objective(const struct quoin_difference *difference, const struct quoin_objective_change *change,
    struct quoin_buf *out)
{
	const struct quoin_objective *before = change->before, *after = change->after;

	if (quoin_aspects_have(change->aspects, QUOIN_ASPECT_DEFAULT)) {
		quoin_buf_put_str(out, "default ");
		quoin_phrase_ref(difference->before, &before->default_ref, out);
		if (quoin_texts_equal(default_key(difference->before, before), default_key(difference->after, after)) &&
		    quoin_texts_equal(before->default_ref.config, after->default_ref.config)) {
			quoin_buf_put_str(out, " changes, see below");
		} else {
			quoin_buf_put_str(out, " -> ");
			quoin_phrase_ref(difference->after, &after->default_ref, out);
		}
		quoin_buf_put_byte(out, '\n');
	}
	quoin_phrase_config_change(before->config, after->config, out);
	quoin_phrase_config_change(before->default_config, after->default_config, out);
	if (quoin_aspects_have(change->aspects, QUOIN_ASPECT_ORDER))
		quoin_buf_put_str(out, "its rules are asked in another order\n");
}

static void
put_objective(struct review_printer *printer, const struct quoin_objective_change *change)
{
	const struct quoin_difference *difference = printer->review->difference;
	const char *before = default_key(difference->before, change->before);
	const char *after = default_key(difference->after, change->after);
	struct quoin_buf *out = printer->out, lines;

	if (!review_next_line(printer))
		return;
	review_put_sign(printer, 2, change->change, change->objective);
	if (change->owner[0] != '\0')
		quoin_buf_printf(out, "  (%s)", change->owner);
	if (change->change != QUOIN_CHANGE_CHANGED)
		quoin_buf_printf(out, "  default %s", after != NULL ? after : before);
	quoin_buf_put_byte(out, '\n');
	if (change->change != QUOIN_CHANGE_CHANGED)
		return;
	quoin_buf_init(&lines, 1u << 20);
	phrase_objective(difference, change, &lines);
	review_put_lines(printer, 6, &lines);
	quoin_buf_clear(&lines);
	for (size_t i = 0; i < change->rule_count; i++)
		put_rule(printer, &change->rules[i]);
}

void
review_put_objectives(struct review_printer *printer)
{
	const struct quoin_difference *difference = printer->review->difference;
	size_t counts[3] = {0};
	char changed[64], text[128];

	for (size_t i = 0; i < difference->objective_count; i++)
		counts[difference->objectives[i].change]++;
	snprintf(changed, sizeof changed, "of %zu can decide otherwise", difference->after->objective_count);
	review_print_counts(counts, changed, text, sizeof text);
	review_begin(printer, "objectives", "%s", text);
	for (size_t i = 0; i < difference->objective_count; i++)
		put_objective(printer, &difference->objectives[i]);
	review_end(printer);
}

/* ---- Models and routes ---- */

/* Where a model that came is, or one that went was. */
static void
put_whereabouts(struct review_printer *printer, const struct quoin_model_change *change)
{
	const struct quoin_difference *difference = printer->review->difference;
	const char *key = change->after != NULL ? change->after->routing_key : change->before->routing_key;

	for (size_t i = 0; i < difference->route_count; i++) {
		const struct quoin_route_change *route = &difference->routes[i];
		const struct quoin_ruleset *ruleset = change->after != NULL ? difference->after : difference->before;
		const struct quoin_placement *places = change->after != NULL ? route->after : route->before;
		size_t count = change->after != NULL ? route->after_count : route->before_count;

		if (strcmp(route->routing_key, key) != 0)
			continue;
		quoin_buf_put_str(printer->out, change->after != NULL ? " on " : ", was on ");
		if (count == 1)
			quoin_buf_put_str(printer->out, ruleset->shards[places[0].shard].name);
		else
			quoin_phrase_placements(ruleset, places, count, printer->out);
	}
	quoin_buf_put_byte(printer->out, '\n');
}

void
review_put_models(struct review_printer *printer)
{
	const struct quoin_difference *difference = printer->review->difference;
	size_t counts[3] = {0};
	char text[128];

	for (size_t i = 0; i < difference->model_count; i++)
		counts[difference->models[i].change]++;
	review_print_counts(counts, counts[QUOIN_CHANGE_CHANGED] == 1 ? "changes" : "change", text, sizeof text);
	review_begin(printer, "models", "%s", text);
	for (size_t i = 0; i < difference->model_count; i++) {
		const struct quoin_model_change *change = &difference->models[i];
		struct quoin_buf lines;

		if (!review_next_line(printer))
			continue;
		review_put_sign(printer, 2, change->change,
		    change->after != NULL ? change->after->routing_key : change->before->routing_key);
		if (change->change != QUOIN_CHANGE_CHANGED) {
			put_whereabouts(printer, change);
			continue;
		}
		quoin_buf_init(&lines, 1u << 20);
		quoin_phrase_model_change(change->before, change->after, &lines);
		review_put_details(printer, 6, &lines);
		quoin_buf_clear(&lines);
	}
	review_end(printer);
}

/* Whether the model is in both releases: where those are that come or go is said with them. */
static bool
is_move(const struct quoin_route_change *change)
{
	return change->before_count > 0 && change->after_count > 0;
}

void
review_put_routes(struct review_printer *printer)
{
	const struct quoin_difference *difference = printer->review->difference;
	size_t count = 0;

	for (size_t i = 0; i < difference->route_count; i++)
		count += is_move(&difference->routes[i]);
	if (count == 0)
		return;
	review_begin(printer, "routes",
	    count == 1 ? "%zu model that stays goes elsewhere or gets other weights"
		       : "%zu models that stay go elsewhere or get other weights", count);
	for (size_t i = 0; i < difference->route_count; i++) {
		const struct quoin_route_change *change = &difference->routes[i];

		if (!is_move(change) || !review_next_line(printer))
			continue;
		review_put_sign(printer, 2, QUOIN_CHANGE_CHANGED, change->routing_key);
		quoin_buf_put_str(printer->out, ": ");
		quoin_phrase_placements(difference->before, change->before, change->before_count, printer->out);
		quoin_buf_put_str(printer->out, " -> ");
		quoin_phrase_placements(difference->after, change->after, change->after_count, printer->out);
		quoin_buf_put_byte(printer->out, '\n');
	}
	review_end(printer);
}


/* ---- Policy ---- */

void
review_put_policy(struct review_printer *printer)
{
	const struct quoin_difference *difference = printer->review->difference;
	struct quoin_buf lines;

	quoin_buf_init(&lines, 1u << 16);
	if (difference->before->policy.reach_count > 0) /* or there is nothing yet */
		quoin_phrase_policy_change(&difference->before->policy, &difference->after->policy, &lines);
	if (lines.len > 0) {
		review_begin(printer, "policy", "how the release becomes active changes");
		review_put_lines(printer, 4, &lines);
		review_end(printer);
	}
	quoin_buf_clear(&lines);
}
