#include "publisher/reverted.h"

#define FETCH_TIMEOUT_MS 5000

void
quoin_reverted_find(const struct quoin_conf *conf, const struct quoin_control *control, uint64_t from, uint64_t to,
    struct quoin_reverted *ret)
{
	struct quoin_bus_lookup *lookup = NULL;

	*ret = (struct quoin_reverted){.from = from, .to = to};
	if (quoin_parts_open(conf, &lookup, NULL) != 0)
		return;
	ret->is_known =
	    quoin_parts_fetch_ruleset(lookup, control, from, FETCH_TIMEOUT_MS, &ret->before, NULL) == 0 &&
	    quoin_parts_fetch_ruleset(lookup, control, to, FETCH_TIMEOUT_MS, &ret->after, NULL) == 0 &&
	    quoin_difference_make(&ret->before, &ret->after, &ret->difference) == 0;
	quoin_bus_lookup_close(lookup);
}

void
quoin_reverted_clear(struct quoin_reverted *reverted)
{
	quoin_difference_clear(&reverted->difference);
	quoin_ruleset_clear(&reverted->before);
	quoin_ruleset_clear(&reverted->after);
}

/* What becomes of an objective that stays: "default a@2 -> a@1, rule canary changes, rule tv goes". */
static void
put_effects(const struct quoin_reverted *reverted, const struct quoin_objective_change *change, struct quoin_buf *out)
{
	static const char *const effects[] = {"comes back", "goes", "changes"};
	const char *before = reverted->before.models[change->before->default_ref.model].routing_key;
	const char *after = reverted->after.models[change->after->default_ref.model].routing_key;
	const char *comma = " ";

	if (quoin_aspects_have(change->aspects, QUOIN_ASPECT_DEFAULT)) {
		quoin_buf_printf(out, "%sdefault %s -> %s", comma, before, after);
		comma = ", ";
	}
	if (quoin_aspects_have(change->aspects, QUOIN_ASPECT_CONFIG)) {
		quoin_buf_printf(out, "%sconfig changes", comma);
		comma = ", ";
	}
	if (quoin_aspects_have(change->aspects, QUOIN_ASPECT_ORDER)) {
		quoin_buf_printf(out, "%sits rules are asked in another order", comma);
		comma = ", ";
	}
	for (size_t i = 0; i < change->rule_count; i++) {
		const struct quoin_rule_change *rule = &change->rules[i];

		quoin_buf_printf(out, "%srule %s %s", comma, rule->after != NULL ? rule->after->name : rule->before->name,
		    effects[rule->change]);
		comma = ", ";
	}
}

void
quoin_reverted_print(const struct quoin_reverted *reverted, struct quoin_buf *out)
{
	const struct quoin_difference *difference = &reverted->difference;

	if (!reverted->is_known) {
		quoin_buf_put_str(out,
		    "which objectives are taken back is not known: a release has no rules, or they cannot be had\n");
		return;
	}
	quoin_buf_printf(out, "%zu %s taken back%s\n", difference->objective_count,
	    difference->objective_count == 1 ? "objective is" : "objectives are", difference->objective_count > 0 ? ":" : "");
	for (size_t i = 0; i < difference->objective_count; i++) {
		const struct quoin_objective_change *change = &difference->objectives[i];

		quoin_buf_printf(out, "  %s%s%s%s", change->objective, change->owner[0] != '\0' ? "  (" : "", change->owner,
		    change->owner[0] != '\0' ? "):" : ":");
		if (change->change == QUOIN_CHANGE_CHANGED)
			put_effects(reverted, change, out);
		else
			quoin_buf_put_str(out, change->change == QUOIN_CHANGE_ADDED ? " comes back" : " goes");
		quoin_buf_put_byte(out, '\n');
	}
}

void
quoin_reverted_print_json(const struct quoin_reverted *reverted, struct quoin_json_writer *writer)
{
	quoin_json_begin_array(writer, "reverted");
	for (size_t i = 0; i < reverted->difference.objective_count; i++) {
		const struct quoin_objective_change *change = &reverted->difference.objectives[i];

		quoin_json_begin_object(writer, NULL);
		quoin_json_put_string(writer, "objective", change->objective);
		quoin_json_put_string(writer, "owner", change->owner);
		quoin_json_put_string(writer, "change", quoin_change_name(change->change));
		quoin_json_end_object(writer);
	}
	quoin_json_end_array(writer);
}
