#include "formats/source.h"

#include "formats/policy.h"
#include "formats/source_words.h"
#include "lib/json.h"

/*
 * A writer of canonical JSON: the caller gives members in byte order of their keys. "open" says whether a comma is due.
 */
struct writer {
	struct quoin_buf *out;
	const struct quoin_ruleset *ruleset;
	bool is_open;
	int rc; /* QUOIN_ELIMIT: a number that JSON cannot carry */
};

const char *const quoin_source_kinds[SOURCE_KINDS] = {
    "default", "ab_test", "context", "split", "ramp", "shadow", "override", "route"};
const char *const quoin_source_operators[SOURCE_OPERATORS] = {
    "in", "notIn", "prefix", "gt", "gte", "lt", "lte", "version", "exists"};
const char *const quoin_source_comparators[SOURCE_COMPARATORS] = {"=", ">", ">=", "<", "<="};

/* ---- Pieces ---- */

static void
begin(struct writer *writer, char bracket)
{
	quoin_buf_put_byte(writer->out, (uint8_t)bracket);
	writer->is_open = false;
}

static void
end(struct writer *writer, char bracket)
{
	quoin_buf_put_byte(writer->out, (uint8_t)bracket);
	writer->is_open = true;
}

static void
item(struct writer *writer)
{
	if (writer->is_open)
		quoin_buf_put_byte(writer->out, ',');
	writer->is_open = true;
}

static void
key(struct writer *writer, const char *name)
{
	item(writer);
	quoin_json_print_string(quoin_span_str(name), writer->out);
	quoin_buf_put_byte(writer->out, ':');
}

static void
put_string(struct writer *writer, const char *name, const char *text)
{
	if (text == NULL)
		return;
	key(writer, name);
	quoin_json_print_string(quoin_span_str(text), writer->out);
}

static void
put_number(struct writer *writer, const char *name, uint64_t number)
{
	if (number > SOURCE_NUMBER_MAX)
		writer->rc = QUOIN_ELIMIT;
	key(writer, name);
	quoin_buf_printf(writer->out, "%llu", (unsigned long long)number);
}

static void
put_bool(struct writer *writer, const char *name, bool value)
{
	key(writer, name);
	quoin_buf_put_str(writer->out, value ? "true" : "false");
}

/* Canonical JSON that is there already. */
static void
put_json(struct writer *writer, const char *name, const char *json)
{
	if (json == NULL)
		return;
	key(writer, name);
	quoin_buf_put_str(writer->out, json);
}

static void
put_amounts(struct writer *writer, const char *name, const struct quoin_amount *amounts, size_t count)
{
	key(writer, name);
	begin(writer, '{');
	for (size_t i = 0; i < count; i++)
		put_number(writer, amounts[i].resource, amounts[i].amount);
	end(writer, '}');
}

static void
put_pairs(struct writer *writer, const char *name, const struct quoin_pair *pairs, size_t count)
{
	key(writer, name);
	begin(writer, '{');
	for (size_t i = 0; i < count; i++)
		put_string(writer, pairs[i].key, pairs[i].value);
	end(writer, '}');
}

static void
put_texts(struct writer *writer, const char *name, const char *const *texts, size_t count)
{
	key(writer, name);
	begin(writer, '[');
	for (size_t i = 0; i < count; i++) {
		item(writer);
		quoin_json_print_string(quoin_span_str(texts[i]), writer->out);
	}
	end(writer, ']');
}

static void
put_ref_body(struct writer *writer, const struct quoin_ref *ref)
{
	begin(writer, '{');
	put_json(writer, "config", ref->config);
	put_string(writer, "model", writer->ruleset->models[ref->model].routing_key);
	end(writer, '}');
}

/* ---- Things ---- */

static void
put_objective(struct writer *writer, const struct quoin_objective *objective)
{
	item(writer);
	begin(writer, '{');
	put_json(writer, "config", objective->config);
	key(writer, "default");
	put_ref_body(writer, &objective->default_ref);
	put_json(writer, "defaultConfig", objective->default_config);
	put_string(writer, "defaultRule", objective->default_rule);
	put_json(writer, "extra", objective->extra);
	put_string(writer, "inputType", objective->input_type);
	put_string(writer, "modelType", objective->model_type);
	put_string(writer, "name", objective->name);
	put_string(writer, "owner", objective->owner);
	end(writer, '}');
}

static void
put_model(struct writer *writer, const struct quoin_model *model)
{
	item(writer);
	begin(writer, '{');
	put_json(writer, "config", model->config);
	put_bool(writer, "current", model->is_current);
	put_amounts(writer, "demand", model->demand, model->demand_count);
	put_string(writer, "digest", model->digest);
	put_json(writer, "extra", model->extra);
	put_string(writer, "inputType", model->input_type);
	put_amounts(writer, "limits", model->limits, model->limit_count);
	put_string(writer, "modelType", model->model_type);
	put_string(writer, "name", model->name);
	put_pairs(writer, "requires", model->requires, model->requires_count);
	put_number(writer, "shards", model->shard_count);
	put_string(writer, "uri", model->uri);
	put_bool(writer, "used", model->is_used);
	put_string(writer, "version", model->version);
	end(writer, '}');
}

static void
put_shard(struct writer *writer, const struct quoin_shard *shard)
{
	item(writer);
	begin(writer, '{');
	put_amounts(writer, "capacity", shard->capacity, shard->capacity_count);
	put_bool(writer, "drain", shard->drain);
	put_json(writer, "extra", shard->extra);
	put_bool(writer, "health_checked", shard->health_checked);
	put_texts(writer, "hosts", shard->hosts, shard->host_count);
	put_pairs(writer, "labels", shard->labels, shard->label_count);
	put_string(writer, "name", shard->name);
	put_string(writer, "vip", shard->vip);
	end(writer, '}');
}

/* ---- Conditions: in the authors' syntax, each object with one member ---- */

static void
put_scalar(struct writer *writer, const struct quoin_scalar *scalar)
{
	item(writer);
	switch (scalar->kind) {
	case QUOIN_SCALAR_STRING:
		quoin_json_print_string(quoin_span_str(scalar->string), writer->out);
		break;
	case QUOIN_SCALAR_NUMBER:
		quoin_json_print_number(scalar->number, writer->out);
		break;
	case QUOIN_SCALAR_BOOL:
		quoin_buf_put_str(writer->out, scalar->boolean ? "true" : "false");
		break;
	}
}

static void
put_bounds(struct writer *writer, const struct quoin_when *leaf)
{
	quoin_buf_put_byte(writer->out, '"');
	for (size_t i = 0; i < leaf->bound_count; i++) {
		const uint32_t *component = leaf->bounds[i].components;

		quoin_buf_printf(writer->out, "%s%s%u.%u.%u.%u", i > 0 ? " " : "",
		    quoin_source_comparators[leaf->bounds[i].comparator], component[0], component[1], component[2], component[3]);
	}
	quoin_buf_put_byte(writer->out, '"');
}

static void
put_leaf(struct writer *writer, const struct quoin_when *leaf)
{
	bool is_list = leaf->op == QUOIN_OP_IN || leaf->op == QUOIN_OP_NOT_IN || leaf->op == QUOIN_OP_PREFIX;

	key(writer, leaf->attribute);
	begin(writer, '{');
	key(writer, quoin_source_operators[leaf->op]);
	if (leaf->op == QUOIN_OP_VERSION) {
		put_bounds(writer, leaf);
	} else {
		if (is_list)
			quoin_buf_put_byte(writer->out, '[');
		writer->is_open = false;
		for (size_t i = 0; i < leaf->scalar_count; i++)
			put_scalar(writer, &leaf->scalars[i]);
		if (is_list)
			quoin_buf_put_byte(writer->out, ']');
	}
	end(writer, '}');
}

static void
put_when(struct writer *writer, const struct quoin_when *when)
{
	begin(writer, '{');
	if (when->kind == QUOIN_WHEN_LEAF) {
		put_leaf(writer, when);
	} else if (when->kind == QUOIN_WHEN_NOT) {
		key(writer, "not");
		put_when(writer, &when->children[0]);
	} else if (when->child_count > 0 || when->kind == QUOIN_WHEN_ANY) {
		key(writer, when->kind == QUOIN_WHEN_ALL ? "allOf" : "anyOf");
		begin(writer, '[');
		for (size_t i = 0; i < when->child_count; i++) {
			item(writer);
			put_when(writer, &when->children[i]);
		}
		end(writer, ']');
	}
	end(writer, '}');
}

/* ---- Rules ---- */

static void
put_cells(struct writer *writer, const struct quoin_rule *rule)
{
	key(writer, "cells");
	begin(writer, '[');
	for (size_t i = 0; i < rule->cell_count; i++) {
		item(writer);
		begin(writer, '{');
		put_number(writer, "cell", rule->cells[i].cell);
		key(writer, "ref");
		put_ref_body(writer, &rule->cells[i].ref);
		end(writer, '}');
	}
	end(writer, ']');
}

static void
put_refs(struct writer *writer, const struct quoin_rule *rule)
{
	key(writer, "refs");
	begin(writer, '[');
	for (size_t i = 0; i < rule->ref_count; i++) {
		item(writer);
		put_ref_body(writer, &rule->refs[i]);
	}
	end(writer, ']');
}

/* A share's key: a cell, an entry's index, or (route) a shard's name. */
static void
put_shares(struct writer *writer, const struct quoin_rule *rule)
{
	key(writer, "shares");
	begin(writer, '[');
	for (size_t i = 0; i < rule->share_count; i++) {
		const struct quoin_share *share = &rule->shares[i];

		item(writer);
		begin(writer, '{');
		if (rule->kind != QUOIN_RULE_ROUTE)
			put_number(writer, "key", share->key);
		put_number(writer, "share", share->share);
		if (rule->kind == QUOIN_RULE_ROUTE)
			put_string(writer, "shard", writer->ruleset->shards[share->key].name);
		end(writer, '}');
	}
	end(writer, ']');
}

static void
put_targets(struct writer *writer, const struct quoin_rule *rule)
{
	key(writer, "targets");
	begin(writer, '[');
	for (size_t i = 0; i < rule->target_count; i++) {
		item(writer);
		quoin_json_print_string(quoin_span_str(writer->ruleset->objectives[rule->targets[i]].name), writer->out);
	}
	end(writer, ']');
}

static void
put_any_versions(struct writer *writer, const struct quoin_rule *rule)
{
	key(writer, "anyVersion");
	begin(writer, '[');
	for (size_t i = 0; i < rule->ref_count; i++) {
		item(writer);
		quoin_buf_put_str(writer->out, rule->ref_any_version[i] ? "true" : "false");
	}
	end(writer, ']');
}

static void
put_rule(struct writer *writer, const struct quoin_rule *rule)
{
	item(writer);
	begin(writer, '{');
	if (rule->kind == QUOIN_RULE_AB_TEST)
		put_number(writer, "abTestId", rule->ab_test_id);
	if (rule->kind == QUOIN_RULE_OVERRIDE)
		put_bool(writer, "anyModel", rule->any_model);
	if (rule->ref_any_version != NULL)
		put_any_versions(writer, rule);
	put_string(writer, "by", rule->by);
	if (rule->callers != NULL)
		put_texts(writer, "callers", rule->callers, rule->caller_count);
	if (rule->cell_count > 0)
		put_cells(writer, rule);
	put_json(writer, "config", rule->config);
	put_bool(writer, "enabled", rule->is_enabled);
	put_json(writer, "extra", rule->extra);
	put_string(writer, "file", rule->file);
	put_string(writer, "kind", quoin_source_kinds[rule->kind]);
	put_number(writer, "line", rule->line);
	put_string(writer, "name", rule->name);
	key(writer, "priority");
	quoin_buf_printf(writer->out, "%d", rule->priority);
	put_refs(writer, rule);
	put_string(writer, "salt", rule->salt);
	put_shares(writer, rule);
	put_targets(writer, rule);
	if (rule->when != NULL) {
		key(writer, "when");
		put_when(writer, rule->when);
	}
	end(writer, '}');
}

/* ---- Policy: policy.json with every member ---- */

static void
put_reach(struct writer *writer, const struct quoin_policy *policy)
{
	key(writer, "reach");
	begin(writer, '[');
	for (size_t i = 0; i < policy->reach_count; i++) {
		const struct quoin_reach_step *step = &policy->reach[i];

		item(writer);
		begin(writer, '{');
		if (step->labels.count == 0) {
			key(writer, "percent");
			quoin_json_print_number(step->threshold / 1000.0, writer->out);
		} else {
			key(writer, "label");
			begin(writer, '{');
			for (size_t k = 0; k < step->labels.count; k++)
				put_string(writer, step->labels.items[k].key, step->labels.items[k].value);
			end(writer, '}');
		}
		end(writer, '}');
	}
	end(writer, ']');
}

static void
put_policy(struct writer *writer, const struct quoin_policy *policy)
{
	key(writer, "policy");
	begin(writer, '{');
	put_number(writer, "drain_ms", policy->drain_ms);
	put_number(writer, "failed_hosts_max", policy->failed_hosts_max);
	put_string(writer, "on_lost_readiness",
	    policy->on_lost_readiness == QUOIN_ON_LOST_ROLLBACK ? "rollback" : "alarm");
	put_reach(writer, policy);
	key(writer, "routers");
	begin(writer, '{');
	put_number(writer, "staged_percent", policy->staged_percent);
	end(writer, '}');
	key(writer, "serving");
	begin(writer, '{');
	put_number(writer, "ready_hosts_min", policy->ready_hosts_min);
	put_number(writer, "ready_percent", policy->ready_percent);
	put_number(writer, "soak_ms", policy->soak_ms);
	end(writer, '}');
	key(writer, "step");
	begin(writer, '{');
	put_string(writer, "on_timeout", policy->on_timeout == QUOIN_ON_TIMEOUT_ABORT ? "abort" : "hold");
	put_number(writer, "soak_ms", policy->step_soak_ms);
	put_number(writer, "timeout_ms", policy->step_timeout_ms);
	end(writer, '}');
	put_number(writer, "warm_releases", policy->warm_releases);
	end(writer, '}');
}

/* ---- The whole ---- */

static void
put_placements(struct writer *writer, const struct quoin_ruleset *ruleset)
{
	key(writer, "placements");
	begin(writer, '[');
	for (size_t i = 0; i < ruleset->placement_count; i++) {
		const struct quoin_placement *placement = &ruleset->placements[i];

		item(writer);
		begin(writer, '{');
		put_string(writer, "model", ruleset->models[placement->model].routing_key);
		put_string(writer, "shard", ruleset->shards[placement->shard].name);
		put_number(writer, "weight", placement->weight);
		end(writer, '}');
	}
	end(writer, ']');
}

int
quoin_source_print(const struct quoin_ruleset *ruleset, struct quoin_buf *out)
{
	struct writer writer = {.out = out, .ruleset = ruleset};

	begin(&writer, '{');
	put_json(&writer, "constants", ruleset->constants);
	put_number(&writer, "format", SOURCE_FORMAT);
	key(&writer, "models");
	begin(&writer, '[');
	for (size_t i = 0; i < ruleset->model_count; i++)
		put_model(&writer, &ruleset->models[i]);
	end(&writer, ']');
	key(&writer, "objectives");
	begin(&writer, '[');
	for (size_t i = 0; i < ruleset->objective_count; i++)
		put_objective(&writer, &ruleset->objectives[i]);
	end(&writer, ']');
	put_placements(&writer, ruleset);
	put_policy(&writer, &ruleset->policy);
	put_json(&writer, "policyExtra", ruleset->policy_extra);
	key(&writer, "rules");
	begin(&writer, '[');
	for (size_t i = 0; i < ruleset->rule_count; i++)
		put_rule(&writer, &ruleset->rules[i]);
	end(&writer, ']');
	key(&writer, "shards");
	begin(&writer, '[');
	for (size_t i = 0; i < ruleset->shard_count; i++)
		put_shard(&writer, &ruleset->shards[i]);
	end(&writer, ']');
	end(&writer, '}');
	return out->error != 0 ? out->error : writer.rc;
}
