#include "publisher/review.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "publisher/guard.h"
#include "publisher/phrase.h"

#define LINES_MAX 60 /* of one section; the whole is in the JSON */

struct printer {
	const struct quoin_review *review;
	struct quoin_buf *out;
	size_t lines, hidden; /* of this section */
};

static const char *
colour(const struct printer *printer, enum quoin_change change)
{
	static const char *const codes[] = {"\033[32m", "\033[31m", "\033[33m"};

	return printer->review->is_coloured ? codes[change] : "";
}

static const char *
plain(const struct printer *printer)
{
	return printer->review->is_coloured ? "\033[0m" : "";
}

static char
sign(enum quoin_change change)
{
	return "+-~"[change];
}

/* Whether another line fits the section. */
static bool
next_line(struct printer *printer)
{
	if (printer->lines++ < LINES_MAX)
		return true;
	printer->hidden++;
	return false;
}

static void begin_section(struct printer *printer, const char *title, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
begin_section(struct printer *printer, const char *title, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	printer->lines = printer->hidden = 0;
	quoin_buf_printf(printer->out, "%s%-11s%s %s\n", printer->review->is_coloured ? "\033[1m" : "", title,
	    plain(printer), text);
}

static void
end_section(struct printer *printer)
{
	if (printer->hidden > 0)
		quoin_buf_printf(printer->out, "  … and %zu more; --json has all\n", printer->hidden);
}

static void
put_aspects(uint32_t aspects, struct quoin_buf *out)
{
	bool is_first = true;

	for (enum quoin_aspect aspect = 0; aspect < QUOIN_ASPECTS; aspect++) {
		if (!quoin_aspects_have(aspects, aspect))
			continue;
		quoin_buf_printf(out, "%s%s", is_first ? "" : ", ", quoin_aspect_name(aspect));
		is_first = false;
	}
}

/* ---- Objectives ---- */

/* What a rule said and says, each on a line of its own. */
static void
put_rule_lines(struct printer *printer, const struct quoin_rule_change *change)
{
	const struct quoin_difference *difference = printer->review->difference;
	struct quoin_buf *out = printer->out;
	bool is_changed = change->change == QUOIN_CHANGE_CHANGED;
	const uint32_t choice = 1u << QUOIN_ASPECT_KIND | 1u << QUOIN_ASPECT_MODELS | 1u << QUOIN_ASPECT_PERCENTS |
	    1u << QUOIN_ASPECT_BUCKETS | 1u << QUOIN_ASPECT_CALLERS | 1u << QUOIN_ASPECT_TEST | 1u << QUOIN_ASPECT_CONFIG;

	for (int side = 0; side < 2; side++) {
		const struct quoin_rule *rule = side == 0 ? change->before : change->after;
		const struct quoin_ruleset *ruleset = side == 0 ? difference->before : difference->after;

		if (rule == NULL || !next_line(printer))
			continue;
		quoin_buf_printf(out, "        %s", !is_changed ? "" : side == 0 ? "was " : "now ");
		if (!is_changed || (change->aspects & choice) != 0) {
			quoin_phrase_choice(ruleset, rule, out);
			if (rule->config != NULL && (!is_changed || quoin_aspects_have(change->aspects, QUOIN_ASPECT_CONFIG)))
				quoin_buf_printf(out, " config %s", rule->config);
		}
		if (rule->when != NULL ? !is_changed || quoin_aspects_have(change->aspects, QUOIN_ASPECT_WHEN)
				       : is_changed && quoin_aspects_have(change->aspects, QUOIN_ASPECT_WHEN)) {
			quoin_buf_put_str(out, !is_changed || (change->aspects & choice) != 0 ? " when " : "when ");
			quoin_phrase_when(rule->when, out);
		}
		quoin_buf_put_byte(out, '\n');
	}
}

static void
put_rule(struct printer *printer, const struct quoin_rule_change *change)
{
	const struct quoin_rule *rule = change->after != NULL ? change->after : change->before;

	if (!next_line(printer))
		return;
	quoin_buf_printf(printer->out, "    %s%c%s rule %s (%s)", colour(printer, change->change), sign(change->change),
	    plain(printer), rule->name, quoin_phrase_kind(rule->kind));
	if (change->change == QUOIN_CHANGE_CHANGED) {
		quoin_buf_put_str(printer->out, ": ");
		put_aspects(change->aspects, printer->out);
	}
	quoin_buf_put_byte(printer->out, '\n');
	put_rule_lines(printer, change);
}

static const char *
default_key(const struct quoin_ruleset *ruleset, const struct quoin_objective *objective)
{
	return objective == NULL ? NULL : ruleset->models[objective->default_ref.model].routing_key;
}

static void
put_objective(struct printer *printer, const struct quoin_objective_change *change)
{
	const struct quoin_difference *difference = printer->review->difference;
	const char *before = default_key(difference->before, change->before);
	const char *after = default_key(difference->after, change->after);
	struct quoin_buf *out = printer->out;

	if (!next_line(printer))
		return;
	quoin_buf_printf(out, "  %s%c%s %s%s%s%s", colour(printer, change->change), sign(change->change), plain(printer),
	    change->objective, change->owner[0] != '\0' ? "  (" : "", change->owner, change->owner[0] != '\0' ? ")" : "");
	if (change->change != QUOIN_CHANGE_CHANGED)
		quoin_buf_printf(out, "  default %s", after != NULL ? after : before);
	quoin_buf_put_byte(out, '\n');
	if (change->change != QUOIN_CHANGE_CHANGED)
		return;
	if (quoin_aspects_have(change->aspects, QUOIN_ASPECT_DEFAULT) && next_line(printer))
		quoin_buf_printf(out, "      default %s -> %s\n", before, after);
	if (quoin_aspects_have(change->aspects, QUOIN_ASPECT_CONFIG) && next_line(printer))
		quoin_buf_printf(out, "      config %s -> %s\n", change->before->config != NULL ? change->before->config : "{}",
		    change->after->config != NULL ? change->after->config : "{}");
	if (quoin_aspects_have(change->aspects, QUOIN_ASPECT_ORDER) && next_line(printer))
		quoin_buf_put_str(out, "      its rules are asked in another order\n");
	for (size_t i = 0; i < change->rule_count; i++)
		put_rule(printer, &change->rules[i]);
}

static void
put_objectives(struct printer *printer)
{
	const struct quoin_difference *difference = printer->review->difference;
	size_t counts[3] = {0};

	for (size_t i = 0; i < difference->objective_count; i++)
		counts[difference->objectives[i].change]++;
	begin_section(printer, "objectives", "%zu of %zu can decide otherwise, %zu added, %zu removed",
	    counts[QUOIN_CHANGE_CHANGED], difference->after->objective_count, counts[QUOIN_CHANGE_ADDED],
	    counts[QUOIN_CHANGE_REMOVED]);
	for (size_t i = 0; i < difference->objective_count; i++)
		put_objective(printer, &difference->objectives[i]);
	end_section(printer);
}

/* ---- Models, routes, shards ---- */

/* Where a model that came is, or one that went was. */
static void
put_whereabouts(struct printer *printer, const struct quoin_model_change *change)
{
	const struct quoin_difference *difference = printer->review->difference;
	const char *key = change->after != NULL ? change->after->routing_key : change->before->routing_key;

	for (size_t i = 0; i < difference->route_count; i++) {
		const struct quoin_route_change *route = &difference->routes[i];

		if (strcmp(route->routing_key, key) != 0)
			continue;
		quoin_buf_put_str(printer->out, change->after != NULL ? " on " : " was on ");
		quoin_phrase_placements(change->after != NULL ? difference->after : difference->before,
		    change->after != NULL ? route->after : route->before,
		    change->after != NULL ? route->after_count : route->before_count, printer->out);
	}
}

static void
put_models(struct printer *printer)
{
	const struct quoin_difference *difference = printer->review->difference;
	size_t counts[3] = {0};

	for (size_t i = 0; i < difference->model_count; i++)
		counts[difference->models[i].change]++;
	begin_section(printer, "models", "%zu added, %zu removed, %zu changed", counts[QUOIN_CHANGE_ADDED],
	    counts[QUOIN_CHANGE_REMOVED], counts[QUOIN_CHANGE_CHANGED]);
	for (size_t i = 0; i < difference->model_count; i++) {
		const struct quoin_model_change *change = &difference->models[i];

		if (!next_line(printer))
			continue;
		quoin_buf_printf(printer->out, "  %s%c%s %s", colour(printer, change->change), sign(change->change),
		    plain(printer), change->after != NULL ? change->after->routing_key : change->before->routing_key);
		if (change->change == QUOIN_CHANGE_CHANGED) {
			quoin_buf_put_str(printer->out, ": ");
			put_aspects(change->aspects, printer->out);
		} else {
			put_whereabouts(printer, change);
		}
		quoin_buf_put_byte(printer->out, '\n');
	}
	end_section(printer);
}

/* Whether the model is in both releases: where those are that come or go is said with them. */
static bool
is_move(const struct quoin_route_change *change)
{
	return change->before_count > 0 && change->after_count > 0;
}

static void
put_routes(struct printer *printer)
{
	const struct quoin_difference *difference = printer->review->difference;

	size_t count = 0;

	for (size_t i = 0; i < difference->route_count; i++)
		count += is_move(&difference->routes[i]);
	if (count == 0)
		return;
	begin_section(printer, "routes", "%zu that stay %s placed or weighted otherwise", count, count == 1 ? "is" : "are");
	for (size_t i = 0; i < difference->route_count; i++) {
		const struct quoin_route_change *change = &difference->routes[i];

		if (!is_move(change) || !next_line(printer))
			continue;
		quoin_buf_printf(printer->out, "  %s~%s %s: ", colour(printer, QUOIN_CHANGE_CHANGED), plain(printer),
		    change->routing_key);
		quoin_phrase_placements(difference->before, change->before, change->before_count, printer->out);
		quoin_buf_put_str(printer->out, " -> ");
		quoin_phrase_placements(difference->after, change->after, change->after_count, printer->out);
		quoin_buf_put_byte(printer->out, '\n');
	}
	end_section(printer);
}

static bool
is_loaded_otherwise(const struct quoin_shard_change *change)
{
	for (size_t i = 0; i < change->load_count; i++)
		if (change->loads[i].before != change->loads[i].after)
			return true;
	return false;
}

static void
put_shard(struct printer *printer, const struct quoin_shard_change *change)
{
	struct quoin_buf *out = printer->out;

	if (!next_line(printer))
		return;
	if (change->is_changed)
		quoin_buf_printf(out, "  %s%c%s %s", colour(printer, change->change), sign(change->change), plain(printer),
		    change->shard);
	else
		quoin_buf_printf(out, "    %s", change->shard);
	if (change->is_changed && change->change == QUOIN_CHANGE_CHANGED) {
		quoin_buf_put_str(out, ": ");
		put_aspects(change->aspects, out);
	}
	quoin_buf_put_byte(out, '\n');
	for (size_t i = 0; i < change->load_count; i++) {
		const struct quoin_load_change *load = &change->loads[i];

		if (load->before == load->after || !next_line(printer))
			continue;
		quoin_buf_printf(out, "        %s %llu -> %llu of %llu", load->resource, (unsigned long long)load->before,
		    (unsigned long long)load->after, (unsigned long long)load->capacity);
		if (load->capacity > 0)
			quoin_buf_printf(out, " (%.0f %%)", 100.0 * (double)load->after / (double)load->capacity);
		quoin_buf_put_byte(out, '\n');
	}
}

static void
put_shards(struct printer *printer)
{
	const struct quoin_difference *difference = printer->review->difference;
	size_t changed = 0, loaded = 0;

	for (size_t i = 0; i < difference->shard_count; i++) {
		changed += difference->shards[i].is_changed;
		loaded += is_loaded_otherwise(&difference->shards[i]);
	}
	begin_section(printer, "shards", "%zu of %zu change, %zu carry another load", changed, difference->shard_count,
	    loaded);
	for (size_t i = 0; i < difference->shard_count; i++)
		if (difference->shards[i].is_changed || is_loaded_otherwise(&difference->shards[i]))
			put_shard(printer, &difference->shards[i]);
	end_section(printer);
}

/* ---- Bytes, decisions, guards ---- */

static void
put_transfer(struct printer *printer)
{
	const struct quoin_transfer *transfer = printer->review->transfer;

	begin_section(printer, "transfer", "a router fetches %llu bytes, a serving host %llu",
	    (unsigned long long)transfer->router_bytes, (unsigned long long)transfer->serving_bytes);
	for (size_t i = 0; i < transfer->part_count; i++)
		if (transfer->parts[i].packed_bytes > 0)
			quoin_buf_printf(printer->out, "    %s: %llu bytes, %llu packed%s\n", transfer->parts[i].name,
			    (unsigned long long)transfer->parts[i].bytes,
			    (unsigned long long)transfer->parts[i].packed_bytes,
			    transfer->parts[i].is_delta ? " (a delta)" : "");
}

static void
put_uncovered(struct printer *printer)
{
	const struct quoin_review *review = printer->review;
	size_t count = 0;

	for (size_t i = 0; i < review->difference->objective_count; i++) {
		const struct quoin_objective_change *change = &review->difference->objectives[i];

		if (change->change == QUOIN_CHANGE_REMOVED || quoin_decisions_of(review->decisions, change->objective) > 0)
			continue;
		if (count++ == 0)
			quoin_buf_put_str(printer->out, "    no context asks for:");
		if (count <= 8)
			quoin_buf_printf(printer->out, " %s", change->objective);
	}
	if (count > 8)
		quoin_buf_printf(printer->out, " and %zu more", count - 8);
	if (count > 0)
		quoin_buf_put_byte(printer->out, '\n');
}

static void
put_decisions(struct printer *printer)
{
	const struct quoin_decisions *decisions = printer->review->decisions;
	double all = decisions->total > 0 ? (double)decisions->total : 1;

	begin_section(printer, "decisions", "%llu of %llu move (%.2f %%), %llu get another config; contexts from %s",
	    (unsigned long long)decisions->moved, (unsigned long long)decisions->total,
	    100.0 * (double)decisions->moved / all, (unsigned long long)decisions->reconfigured, printer->review->contexts);
	for (size_t i = 0; i < decisions->flow_count; i++) {
		const struct quoin_flow *flow = &decisions->flows[i];
		uint64_t of = quoin_decisions_of(decisions, flow->objective);

		if (next_line(printer))
			quoin_buf_printf(printer->out, "    %s: %s -> %s  %llu of %llu (%.1f %%)\n", flow->objective,
			    flow->from != NULL ? flow->from : "no decision", flow->to != NULL ? flow->to : "no decision",
			    (unsigned long long)flow->count, (unsigned long long)of,
			    100.0 * (double)flow->count / (double)(of > 0 ? of : 1));
	}
	end_section(printer);
	put_uncovered(printer);
	if (decisions->bad > 0)
		quoin_buf_printf(printer->out, "    %llu lines are no valid contexts\n", (unsigned long long)decisions->bad);
}

static void
put_guards(struct printer *printer)
{
	const struct quoin_problems *problems = printer->review->guards;
	size_t count = 0;

	for (size_t i = 0; i < problems->count; i++)
		count += quoin_guard_is_known(problems->items[i].code);
	begin_section(printer, "guards", count == 0 ? "all hold" : "%zu objections; publish would refuse this", count);
	for (size_t i = 0; i < problems->count; i++) {
		const struct quoin_problem *problem = &problems->items[i];

		if (!quoin_guard_is_known(problem->code) || !next_line(printer))
			continue;
		quoin_buf_printf(printer->out, "  %s!%s %s: %s", colour(printer, QUOIN_CHANGE_REMOVED), plain(printer),
		    problem->code, problem->message);
		if (quoin_guard_is_waivable(problem->code))
			quoin_buf_printf(printer->out, " (--waive %s)", problem->code);
		quoin_buf_put_byte(printer->out, '\n');
	}
	end_section(printer);
}

/* Only failures need a word. */
static void
put_tests(struct printer *printer)
{
	const struct quoin_problems *problems = printer->review->guards;

	begin_section(printer, "tests", "%zu passed, %zu failed", printer->review->tests_passed,
	    printer->review->tests_failed);
	for (size_t i = 0; i < problems->count; i++)
		if (strcmp(problems->items[i].code, "test_failed") == 0 && next_line(printer))
			quoin_buf_printf(printer->out, "  %s!%s %s:%u: %s\n", colour(printer, QUOIN_CHANGE_REMOVED), plain(printer),
			    problems->items[i].place.file, problems->items[i].place.line, problems->items[i].message);
	end_section(printer);
}

void
quoin_review_print(const struct quoin_review *review, struct quoin_buf *out)
{
	struct printer printer = {.review = review, .out = out};
	const struct quoin_difference *difference = review->difference;

	if (review->directory != NULL)
		quoin_buf_put_str(out, review->directory);
	else
		quoin_buf_printf(out, "release %llu", (unsigned long long)review->after);
	if (review->before != 0)
		quoin_buf_printf(out, " against release %llu\n", (unsigned long long)review->before);
	else
		quoin_buf_put_str(out, " against nothing: there is no release yet\n");
	if (quoin_difference_is_empty(difference))
		quoin_buf_put_str(out, "no objective, model, route or shard differs\n");
	if (difference->objective_count > 0)
		put_objectives(&printer);
	if (difference->model_count > 0)
		put_models(&printer);
	put_routes(&printer);
	for (size_t i = 0, seen = 0; i < difference->shard_count && seen == 0; i++) {
		seen = difference->shards[i].is_changed || is_loaded_otherwise(&difference->shards[i]);
		if (seen)
			put_shards(&printer);
	}
	put_transfer(&printer);
	if (review->decisions != NULL)
		put_decisions(&printer);
	if (review->guards != NULL) {
		put_guards(&printer);
		put_tests(&printer);
	}
}
