#include <string.h>

#include "lib/json_writer.h"
#include "publisher/explain.h"
#include "publisher/phrase.h"

static const char *const level_names[QUOIN_CONFIG_LEVELS] = {"objective", "model", "reference", "rule"};

/* ---- What was seen ---- */

/* The attributes that a condition asks for, each once. */
struct attributes {
	const char *names[QUOIN_LEAVES_PER_RULE_MAX];
	size_t count;
};

static void
add_attributes(const struct quoin_when *when, struct attributes *attributes)
{
	for (size_t i = 0; i < when->child_count; i++)
		add_attributes(&when->children[i], attributes);
	if (when->kind != QUOIN_WHEN_LEAF || attributes->count == QUOIN_LEAVES_PER_RULE_MAX)
		return;
	for (size_t i = 0; i < attributes->count; i++)
		if (strcmp(attributes->names[i], when->attribute) == 0)
			return;
	attributes->names[attributes->count++] = when->attribute;
}

static void
put_seen(const struct quoin_json *context, const char *attribute, struct quoin_buf *out)
{
	const struct quoin_json *value = quoin_json_get(context, attribute);

	quoin_buf_printf(out, "%s is ", attribute);
	if (value == NULL) {
		quoin_buf_put_str(out, "missing");
		return;
	}
	quoin_json_print(value, out);
	if (quoin_explain_value(context, attribute) == NULL)
		quoin_buf_put_str(out, ", which counts as missing");
}

/* ---- For people ---- */

static void
put_condition(const struct quoin_explain *explain, const struct quoin_when *failed, struct quoin_buf *out)
{
	struct attributes attributes = {.count = 0};

	add_attributes(failed, &attributes);
	quoin_phrase_when(failed, out);
	quoin_buf_put_str(out, " does not hold");
	for (size_t i = 0; i < attributes.count; i++) {
		quoin_buf_put_str(out, i == 0 ? ": " : ", ");
		put_seen(explain->context, attributes.names[i], out);
	}
}

static void
put_bucket(const struct quoin_explain *explain, const struct quoin_explain_step *step, struct quoin_buf *out)
{
	put_seen(explain->context, step->rule->by, out);
	quoin_buf_printf(out, ", bucket %u of 100000 with salt %s", step->bucket, step->rule->salt);
}

/* The range that the bucket is in; all of a rule's ranges begin at 0. */
static void
put_range(const struct quoin_explain_step *step, struct quoin_buf *out)
{
	uint32_t begin = 0, end = 0;

	for (size_t i = 0; i < step->rule->share_count && step->bucket >= end; i++) {
		begin = end;
		end += step->rule->shares[i].share;
	}
	if (step->bucket < end)
		quoin_buf_printf(out, ", in the range from %u to %u", begin, end - 1);
	else
		quoin_buf_printf(out, "; its ranges end at %u", end);
}

static void
put_verdict(const struct quoin_explain *explain, const struct quoin_explain_step *step, struct quoin_buf *out)
{
	const struct quoin_rule *rule = step->rule;

	switch (step->verdict) {
	case QUOIN_VERDICT_MATCHES:
		quoin_buf_printf(out, "yes: %s", explain->ruleset->models[step->model].routing_key);
		if (step->has_cell)
			quoin_buf_printf(out, ", cell %.0f of test %llu", step->cell, (unsigned long long)rule->ab_test_id);
		if (step->has_bucket) {
			quoin_buf_put_str(out, "; ");
			put_bucket(explain, step, out);
			put_range(step, out);
		}
		if (step->is_left_out)
			quoin_buf_put_str(out, "; left out: selected, repeated, or beyond four");
		return;
	case QUOIN_VERDICT_CONDITION:
		quoin_buf_put_str(out, "no: ");
		put_condition(explain, step->failed, out);
		return;
	case QUOIN_VERDICT_NO_CELL:
		quoin_buf_printf(out, "no: the context has no cell of test %llu", (unsigned long long)rule->ab_test_id);
		return;
	case QUOIN_VERDICT_OTHER_CELL:
		quoin_buf_printf(out, "no: cell %.0f of test %llu has no model", step->cell,
		    (unsigned long long)rule->ab_test_id);
		return;
	case QUOIN_VERDICT_NO_UNIT:
		quoin_buf_put_str(out, "no: nothing to bucket; ");
		put_seen(explain->context, rule->by, out);
		return;
	case QUOIN_VERDICT_BEYOND:
		quoin_buf_put_str(out, "no: ");
		put_bucket(explain, step, out);
		put_range(step, out);
		return;
	case QUOIN_VERDICT_NO_OVERRIDE:
		quoin_buf_put_str(out, "no: the context asks for no override");
		return;
	case QUOIN_VERDICT_CALLER:
		quoin_buf_put_str(out, "no: the override's caller is not listed");
		return;
	case QUOIN_VERDICT_MODEL:
		quoin_buf_put_str(out, "no: the override's model is unknown, of other types, or not listed");
		return;
	}
}

/* Where a key of the config comes from, with its name. */
static void
put_level(const struct quoin_explain *explain, size_t level, struct quoin_buf *out)
{
	const char *model = explain->ruleset->models[explain->model].routing_key;

	switch (level) {
	case 0:
		quoin_buf_printf(out, "the objective %s", explain->objective->name);
		break;
	case 1:
		quoin_buf_printf(out, "the model %s", model);
		break;
	case 2:
		quoin_buf_printf(out, "the reference to the model in %s", quoin_explain_rule(explain));
		break;
	default:
		quoin_buf_printf(out, "the rule %s", quoin_explain_rule(explain));
		break;
	}
}

static void
put_config(const struct quoin_explain *explain, struct quoin_buf *out)
{
	bool is_first = true;
	struct quoin_json_doc *docs[QUOIN_CONFIG_LEVELS] = {0};

	for (size_t i = 0; i < QUOIN_CONFIG_LEVELS; i++)
		if (explain->levels[i] != NULL)
			(void)quoin_json_parse(quoin_span_str(explain->levels[i]), &docs[i], NULL);
	for (size_t i = 0; i < QUOIN_CONFIG_LEVELS; i++) {
		const struct quoin_json *child = docs[i] != NULL ? quoin_json_first(quoin_json_root(docs[i])) : NULL;

		for (; child != NULL; child = quoin_json_next(child)) {
			bool wins = true;

			for (size_t k = i + 1; k < QUOIN_CONFIG_LEVELS; k++)
				wins &= docs[k] == NULL || quoin_json_get(quoin_json_root(docs[k]), quoin_json_key(child)) == NULL;
			if (!wins)
				continue;
			quoin_buf_printf(out, "%s  %s = ", is_first ? "config\n" : "", quoin_json_key(child));
			quoin_json_print(child, out);
			quoin_buf_put_str(out, " from ");
			put_level(explain, i, out);
			quoin_buf_put_byte(out, '\n');
			is_first = false;
		}
	}
	for (size_t i = 0; i < QUOIN_CONFIG_LEVELS; i++)
		quoin_json_free(docs[i]);
}

/* "number" 0: a shadow, which is asked whatever the others say. */
static void
put_step(const struct quoin_explain *explain, const struct quoin_explain_step *step, size_t number, struct quoin_buf *out)
{
	if (number > 0)
		quoin_buf_printf(out, "  %zu %s  ", number, step->rule->name);
	else
		quoin_buf_printf(out, "  %s  ", step->rule->name);
	quoin_buf_put_str(out, quoin_phrase_kind_title(step->rule->kind));
	if (step->rule->priority != 0)
		quoin_buf_printf(out, ", priority %d", step->rule->priority);
	quoin_buf_printf(out, ", %s:%u\n      ", step->rule->file, step->rule->line);
	put_verdict(explain, step, out);
	quoin_buf_put_byte(out, '\n');
}

void
quoin_explain_print(const struct quoin_explain *explain, struct quoin_buf *out)
{
	quoin_buf_put_str(out, "asked, in this order\n");
	for (size_t i = 0; i < explain->step_count; i++)
		put_step(explain, &explain->steps[i], i + 1, out);
	if (explain->unasked_count > 0)
		quoin_buf_printf(out, "  %zu more %s not asked\n", explain->unasked_count,
		    explain->unasked_count == 1 ? "is" : "are");
	if (explain->rule == NULL)
		quoin_buf_printf(out, "  %zu %s  the default: %s\n", explain->step_count + 1, explain->objective->default_rule,
		    explain->ruleset->models[explain->model].routing_key);
	if (explain->shadow_count > 0)
		quoin_buf_put_str(out, "shadows\n");
	for (size_t i = 0; i < explain->shadow_count; i++)
		put_step(explain, &explain->shadows[i], 0, out);
	put_config(explain, out);
}

/* ---- For programs ---- */

static void
put_saw(struct quoin_json_writer *writer, const struct quoin_explain *explain, const struct quoin_explain_step *step)
{
	struct attributes attributes = {.count = 0};
	struct quoin_buf text;

	if (step->failed != NULL)
		add_attributes(step->failed, &attributes);
	if ((step->has_bucket || step->verdict == QUOIN_VERDICT_NO_UNIT) && attributes.count == 0)
		attributes.names[attributes.count++] = step->rule->by;
	quoin_buf_init(&text, QUOIN_CONTEXT_BYTES_MAX * 6);
	quoin_json_begin_object(writer, "saw");
	for (size_t i = 0; i < attributes.count; i++) {
		const struct quoin_json *value = quoin_json_get(explain->context, attributes.names[i]);

		quoin_buf_reset(&text);
		if (value == NULL)
			continue;
		quoin_json_print(value, &text);
		quoin_json_put_raw(writer, attributes.names[i], quoin_buf_span(&text));
	}
	quoin_json_end_object(writer);
	quoin_buf_clear(&text);
}

static void
put_json_step(struct quoin_json_writer *writer, const struct quoin_explain *explain,
    const struct quoin_explain_step *step)
{
	struct quoin_buf text;

	quoin_buf_init(&text, 1u << 20);
	quoin_json_begin_object(writer, NULL);
	quoin_json_put_string(writer, "rule", step->rule->name);
	quoin_json_put_string(writer, "kind", quoin_phrase_kind(step->rule->kind));
	quoin_json_put_string(writer, "file", step->rule->file);
	quoin_json_put_u64(writer, "line", step->rule->line);
	quoin_json_put_string(writer, "verdict", quoin_verdict_name(step->verdict));
	if (step->failed != NULL) {
		quoin_phrase_when(step->failed, &text);
		quoin_json_put_string(writer, "condition", quoin_buf_str(&text));
	}
	put_saw(writer, explain, step);
	if (step->has_cell)
		quoin_json_put_double(writer, "cell", step->cell);
	if (step->has_bucket)
		quoin_json_put_u64(writer, "bucket", step->bucket);
	if (step->verdict == QUOIN_VERDICT_MATCHES)
		quoin_json_put_string(writer, "model", explain->ruleset->models[step->model].routing_key);
	if (step->rule->kind == QUOIN_RULE_SHADOW)
		quoin_json_put_bool(writer, "left_out", step->is_left_out);
	quoin_json_end_object(writer);
	quoin_buf_clear(&text);
}

/* {key: level}: the last level that has the key. */
static void
put_json_config(struct quoin_json_writer *writer, const struct quoin_explain *explain)
{
	struct quoin_json_doc *docs[QUOIN_CONFIG_LEVELS] = {0};

	for (size_t i = 0; i < QUOIN_CONFIG_LEVELS; i++)
		if (explain->levels[i] != NULL)
			(void)quoin_json_parse(quoin_span_str(explain->levels[i]), &docs[i], NULL);
	quoin_json_begin_object(writer, "config_from");
	for (size_t i = 0; i < QUOIN_CONFIG_LEVELS; i++) {
		const struct quoin_json *child = docs[i] != NULL ? quoin_json_first(quoin_json_root(docs[i])) : NULL;

		for (; child != NULL; child = quoin_json_next(child)) {
			bool wins = true;

			for (size_t k = i + 1; k < QUOIN_CONFIG_LEVELS; k++)
				wins &= docs[k] == NULL || quoin_json_get(quoin_json_root(docs[k]), quoin_json_key(child)) == NULL;
			if (wins)
				quoin_json_put_string(writer, quoin_json_key(child), level_names[i]);
		}
	}
	quoin_json_end_object(writer);
	for (size_t i = 0; i < QUOIN_CONFIG_LEVELS; i++)
		quoin_json_free(docs[i]);
}

void
quoin_explain_print_json(const struct quoin_explain *explain, struct quoin_buf *out)
{
	struct quoin_json_writer writer;

	quoin_json_writer_init(&writer, out);
	quoin_json_begin_object(&writer, NULL);
	quoin_json_begin_array(&writer, "asked");
	for (size_t i = 0; i < explain->step_count; i++)
		put_json_step(&writer, explain, &explain->steps[i]);
	quoin_json_end_array(&writer);
	quoin_json_put_u64(&writer, "not_asked", explain->unasked_count);
	quoin_json_begin_array(&writer, "shadows");
	for (size_t i = 0; i < explain->shadow_count; i++)
		put_json_step(&writer, explain, &explain->shadows[i]);
	quoin_json_end_array(&writer);
	put_json_config(&writer, explain);
	quoin_json_end_object(&writer);
}
