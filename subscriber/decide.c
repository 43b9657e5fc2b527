/*
 * Contexts and decisions as applications see them.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/text.h"
#include "subscriber/view.h"

/* A decision begins as the resolver's result, so that nothing is copied. */
#define SAME(public, inner)                                                                                            \
	_Static_assert(offsetof(struct quoin_decision, public) == offsetof(struct quoin_result, inner), #public)
SAME(objective, objective);
SAME(selected, selected);
SAME(config, config);
SAME(rule, rule);
SAME(ab_test_id, ab_test_id);
SAME(cell, cell);
SAME(rule_number, rule_number);
SAME(config_bytes, config_bytes);
SAME(reason, reason);
SAME(fallback, fallback);
SAME(shadows, shadows);
SAME(shadow_count, shadow_count);
SAME(objective_id, objective_id);
_Static_assert(sizeof(struct quoin_named_model) == sizeof(struct quoin_choice), "a model is a choice");
_Static_assert(offsetof(struct quoin_named_model, id) == offsetof(struct quoin_choice, id), "a model is a choice");
_Static_assert(sizeof(struct quoin_result) <= offsetof(struct quoin_decision, snapshot), "a result fits");
_Static_assert(QUOIN_DECISION_SHADOWS == QUOIN_SHADOWS_MAX, "room for all shadows");
_Static_assert((int)QUOIN_REASON_DEFAULT == (int)QUOIN_RULE_DEFAULT &&
	(int)QUOIN_REASON_AB_TEST == (int)QUOIN_RULE_AB_TEST && (int)QUOIN_REASON_CONTEXT == (int)QUOIN_RULE_CONTEXT &&
	(int)QUOIN_REASON_SPLIT == (int)QUOIN_RULE_SPLIT && (int)QUOIN_REASON_RAMP == (int)QUOIN_RULE_RAMP &&
	(int)QUOIN_REASON_OVERRIDE == (int)QUOIN_RULE_OVERRIDE,
    "a reason is a kind of rule");

_Static_assert(sizeof(struct quoin_slot_value) == sizeof(struct quoin_borrowed) &&
	offsetof(struct quoin_slot_value, bytes) == offsetof(struct quoin_borrowed, len) &&
	offsetof(struct quoin_slot_value, value) == offsetof(struct quoin_borrowed, string),
    "values are borrowed as they are");
_Static_assert(sizeof(struct quoin_attribute) == sizeof(struct quoin_named) &&
	offsetof(struct quoin_attribute, kind) == offsetof(struct quoin_named, kind) &&
	offsetof(struct quoin_attribute, string) == offsetof(struct quoin_named, string) &&
	offsetof(struct quoin_attribute, number) == offsetof(struct quoin_named, number) &&
	offsetof(struct quoin_attribute, boolean) == offsetof(struct quoin_named, boolean),
    "attributes are borrowed as they are");
_Static_assert((int)QUOIN_ATTRIBUTE_STRING == (int)QUOIN_BORROWED_STRING &&
	(int)QUOIN_ATTRIBUTE_NUMBER == (int)QUOIN_BORROWED_NUMBER &&
	(int)QUOIN_ATTRIBUTE_BOOL == (int)QUOIN_BORROWED_BOOL && (int)QUOIN_ATTRIBUTE_CELL == (int)QUOIN_BORROWED_CELL,
    "of the same kinds");

/* ---- Contexts ---- */

int
quoin_context_new(struct quoin_context **ret_context)
{
	struct quoin_context *context = aligned_alloc(64, (sizeof *context + 63) / 64 * 64);

	if (context == NULL)
		return QUOIN_ENOMEM;
	quoin_context_init(context);
	*ret_context = context;
	return 0;
}

void
quoin_context_free(struct quoin_context *context)
{
	if (context != NULL)
		quoin_context_clear(context);
	free(context);
}

static bool
can_resolve(const struct quoin_view *view)
{
	return view->snapshot != NULL && view->snapshot->has_rules;
}

int
quoin_context_start(struct quoin_context *context, const struct quoin_view *view)
{
	if (!can_resolve(view)) {
		context->rules = NULL;
		return QUOIN_EMISSING;
	}
	quoin_context_begin(context, &view->snapshot->rules);
	return 0;
}

/* The snapshot that the context was started on. */
static const struct quoin_snapshot *
snapshot_of(const struct quoin_context *context)
{
	const uint8_t *rules = (const uint8_t *)context->rules;

	return (const struct quoin_snapshot *)(const void *)(rules - offsetof(struct quoin_snapshot, rules));
}

static int
attribute_of(const struct quoin_context *context, int slot, uint32_t *ret)
{
	if (context->rules == NULL)
		return QUOIN_EMISSING;
	if (slot < 0 || slot >= VIEW_SLOTS)
		return QUOIN_EUSAGE;
	*ret = atomic_load_explicit(&snapshot_of(context)->slots[slot], memory_order_relaxed);
	return 0;
}

int
quoin_context_set_string(struct quoin_context *context, int slot, const char *value, size_t bytes)
{
	uint32_t attribute;
	int rc = attribute_of(context, slot, &attribute);

	if (rc == 0)
		quoin_context_put_string(context, attribute, value, bytes);
	return rc;
}

int
quoin_context_set_number(struct quoin_context *context, int slot, double value)
{
	uint32_t attribute;
	int rc = attribute_of(context, slot, &attribute);

	if (rc == 0)
		quoin_context_put_number(context, attribute, value);
	return rc;
}

int
quoin_context_set_bool(struct quoin_context *context, int slot, bool value)
{
	uint32_t attribute;
	int rc = attribute_of(context, slot, &attribute);

	if (rc == 0)
		quoin_context_put_bool(context, attribute, value);
	return rc;
}

int
quoin_context_set_values(struct quoin_context *context, const struct quoin_slot_value *values, size_t count)
{
	if (context->rules == NULL)
		return QUOIN_EMISSING;
	quoin_context_borrow(context, (const struct quoin_borrowed *)(const void *)values, count,
	    snapshot_of(context)->order);
	return 0;
}

int
quoin_context_set_cell(struct quoin_context *context, uint64_t test, uint32_t cell)
{
	if (context->rules == NULL)
		return QUOIN_EMISSING;
	return quoin_context_put_cell(context, test, cell);
}

int
quoin_context_set_cells(struct quoin_context *context, const uint64_t *tests, const uint32_t *cells, size_t count)
{
	if (context->rules == NULL)
		return QUOIN_EMISSING;
	return quoin_context_put_cells(context, tests, cells, count);
}

int
quoin_context_set_override(struct quoin_context *context, const char *model, const char *version, const char *caller)
{
	if (context->rules == NULL)
		return QUOIN_EMISSING;
	if (model == NULL)
		return QUOIN_EUSAGE;
	quoin_context_put_override(context, model, version, caller);
	return 0;
}

int
quoin_context_set_json(struct quoin_context *context, const struct quoin_view *view, const char *json, size_t bytes,
    const char **ret_objective)
{
	int rc = quoin_context_start(context, view);

	if (rc == 0)
		rc = quoin_context_read_json(context, context->rules, quoin_span_of(json, bytes), NULL);
	if (ret_objective != NULL)
		*ret_objective = rc == 0 ? (const char *)context->objective.data : NULL;
	return rc == QUOIN_ELIMIT ? QUOIN_ESYNTAX : rc;
}

int
quoin_context_rebind(struct quoin_context *context, const struct quoin_view *view)
{
	return can_resolve(view) ? quoin_context_rebegin(context, &view->snapshot->rules) : QUOIN_EMISSING;
}

int
quoin_context_prepare(struct quoin_context *context)
{
	if (context->rules == NULL)
		return QUOIN_EMISSING;
	quoin_context_intern(context);
	return 0;
}

/* ---- Decisions ---- */

/* No decision: which objective was asked for, if known, and why there is none. */
static int
fail(const struct quoin_view *view, const char *objective, int code, struct quoin_decision *ret)
{
	memset(ret, 0, sizeof *ret);
	ret->objective = objective;
	ret->selected.id = ret->fallback.id = QUOIN_PLACE_NONE;
	ret->snapshot = view->snapshot;
	return ret->code = code;
}

/* Whether the lease is over after which nothing may be resolved. Without lease.on_expiry = refuse no clock is read. */
static inline bool
is_over(const struct quoin_reader *reader)
{
	if (__builtin_expect(atomic_load_explicit(&reader->has_lease, memory_order_acquire) == 0, 1))
		return false;
	return quoin_clock_boot_ms() >= atomic_load_explicit(&reader->lease_boot_ms, memory_order_relaxed) ||
	    quoin_clock_wall_ms() >= atomic_load_explicit(&reader->lease_wall_ms, memory_order_relaxed);
}

static inline int
decide(const struct quoin_view *view, const char *name, const uint8_t *block, struct quoin_context *context,
    struct quoin_decision *ret)
{
	const struct quoin_reader *reader = view->snapshot->reader;

	if (__builtin_expect(block == NULL, 0))
		return fail(view, name, QUOIN_ENOENT, ret);
	if (__builtin_expect(context->rules != &view->snapshot->rules, 0))
		return fail(view, name, QUOIN_EUSAGE, ret);
	if (__builtin_expect(is_over(reader), 0))
		return fail(view, name, QUOIN_EREFUSED, ret);
	quoin_resolve_block(&view->snapshot->rules, block, context, (struct quoin_result *)(void *)ret);
	ret->snapshot = view->snapshot;
	ret->code = 0;
	ret->stale = atomic_load_explicit(&reader->is_stale, memory_order_relaxed);
	return 0;
}

int
quoin_resolve(const struct quoin_view *view, int objective, struct quoin_context *context,
    struct quoin_decision *ret_decision)
{
	const uint8_t *block;
	const char *name;

	if (__builtin_expect(!can_resolve(view), 0))
		return fail(view, NULL, QUOIN_EMISSING, ret_decision);
	if (__builtin_expect((unsigned)objective >= VIEW_HANDLES, 0))
		return fail(view, NULL, QUOIN_EUSAGE, ret_decision);
	block = atomic_load_explicit(&view->snapshot->handles[objective], memory_order_relaxed);
	name = __builtin_expect(block == NULL, 0) ? view->snapshot->reader->handle_names[objective] : NULL;
	return decide(view, name, block, context, ret_decision);
}

/* How many decisions ahead an objective's block is asked for: it is on its way while others are decided. */
#define AHEAD	    3
#define AHEAD_BYTES 256

static const uint8_t *
block_of(const struct quoin_view *view, int objective)
{
	if (objective < 0 || objective >= VIEW_HANDLES)
		return NULL;
	return atomic_load_explicit(&view->snapshot->handles[objective], memory_order_relaxed);
}

static void
ask_for(const uint8_t *block)
{
	for (size_t at = 0; block != NULL && at < AHEAD_BYTES; at += 64)
		__builtin_prefetch(block + at);
}

int
quoin_resolve_batch(const struct quoin_view *view, const int *objectives, size_t count, struct quoin_context *context,
    struct quoin_decision *ret_decisions)
{
	const bool is_ready = can_resolve(view) && context->rules == &view->snapshot->rules;
	int first = 0, rc;

	if (is_ready && count > 1 && context->state != QUOIN_CONTEXT_INTERNED)
		quoin_context_intern(context);
	for (size_t i = 0; is_ready && i < AHEAD && i < count; i++)
		ask_for(block_of(view, objectives[i]));
	for (size_t i = 0; i < count; i++) {
		if (is_ready && i + AHEAD < count)
			ask_for(block_of(view, objectives[i + AHEAD]));
		rc = quoin_resolve(view, objectives[i], context, &ret_decisions[i]);
		if (rc != 0 && first == 0)
			first = rc;
	}
	return first;
}

int
quoin_resolve_name(const struct quoin_view *view, const char *objective, struct quoin_context *context,
    struct quoin_decision *ret_decision)
{
	const struct quoin_rules *rules;
	uint32_t id;

	if (!can_resolve(view))
		return fail(view, objective, QUOIN_EMISSING, ret_decision);
	rules = &view->snapshot->rules;
	id = quoin_rules_objective(rules, quoin_span_str(objective));
	return decide(view, objective, quoin_resolve_objective(rules, id), context, ret_decision);
}

/* A cell is a whole number that is not negative; one that no rule can name is one nevertheless. */
static bool
cell_of(double number, uint32_t *ret)
{
	if (!(number >= 0))
		return false;
	if (number < 2147483648.0) {
		*ret = (uint32_t)number;
		return (double)*ret == number;
	}
	*ret = QUOIN_CELL_NONE;
	return isfinite(number) && number == floor(number);
}

static int
set_named(struct quoin_context *context, const struct quoin_attribute *attribute)
{
	struct quoin_span name = quoin_span_str(attribute->name);
	uint64_t test;
	uint32_t cell;

	switch (attribute->kind) {
	case QUOIN_ATTRIBUTE_STRING:
		if (attribute->string != NULL)
			quoin_context_put_string(context, quoin_rules_attribute(context->rules, name), attribute->string,
			    strlen(attribute->string));
		return 0;
	case QUOIN_ATTRIBUTE_NUMBER:
		quoin_context_put_number(context, quoin_rules_attribute(context->rules, name), attribute->number);
		return 0;
	case QUOIN_ATTRIBUTE_BOOL:
		quoin_context_put_bool(context, quoin_rules_attribute(context->rules, name), attribute->boolean);
		return 0;
	case QUOIN_ATTRIBUTE_CELL:
		if (!quoin_u64_parse(name, &test) || !cell_of(attribute->number, &cell))
			return 0;
		return quoin_context_put_cell(context, test, cell);
	default:
		return QUOIN_EUSAGE;
	}
}

int
quoin_resolve_strings(const struct quoin_view *view, const char *objective, const struct quoin_attribute *attributes,
    size_t count, struct quoin_decision *ret_decision)
{
	const struct quoin_rules *rules;
	struct quoin_context context;
	const uint8_t *block;
	int rc = 0;

	if (!can_resolve(view))
		return fail(view, objective, QUOIN_EMISSING, ret_decision);
	/* First of all, so that the block is on its way while the names are looked at. */
	rules = &view->snapshot->rules;
	block = quoin_resolve_objective(rules, quoin_rules_objective(rules, quoin_span_str(objective)));
	ask_for(block);
	/* Only what begin and put do not write; the values need no zeros. */
	context.own_tests = context.inline_tests;
	context.own_cells = context.inline_cells;
	context.cell_cap = QUOIN_CONTEXT_CELLS_INLINE;
	context.json = NULL;
	quoin_context_begin(&context, rules);
	if (count <= QUOIN_CONTEXT_NAMED_MAX)
		rc = quoin_context_borrow_named(&context, (const struct quoin_named *)(const void *)attributes, count);
	else
		for (size_t i = 0; rc == 0 && i < count; i++)
			rc = set_named(&context, &attributes[i]);
	rc = rc != 0 ? fail(view, objective, rc, ret_decision) : decide(view, objective, block, &context, ret_decision);
	if (context.own_tests != context.inline_tests)
		quoin_context_clear(&context);
	return rc;
}

int
quoin_resolve_json(const struct quoin_view *view, const char *json, size_t bytes, struct quoin_context *context,
    struct quoin_decision *ret_decision)
{
	const char *objective = NULL;
	int rc = quoin_context_set_json(context, view, json, bytes, &objective);

	if (rc != 0)
		return fail(view, objective, rc, ret_decision);
	return quoin_resolve_name(view, objective, context, ret_decision);
}

void
quoin_decision_set_default(struct quoin_decision *decision, const char *model, const char *version,
    const char *routing_key, const char *config)
{
	decision->selected.model = model;
	decision->selected.version = version;
	decision->selected.routing_key = routing_key;
	decision->selected.id = QUOIN_PLACE_NONE;
	decision->config = config == NULL ? "{}" : config;
	decision->config_bytes = (uint32_t)strlen(decision->config);
	decision->rule = "default";
	decision->reason = QUOIN_REASON_DEFAULT;
	decision->snapshot = NULL;
}

/* ---- Routes ---- */

static int
routes_of(const struct quoin_decision *decision, const struct quoin_routes **ret_routes, struct quoin_route_list *ret)
{
	if (decision->snapshot == NULL || !decision->snapshot->has_routes)
		return QUOIN_EMISSING;
	*ret_routes = &decision->snapshot->routes;
	return quoin_routes_model(*ret_routes, decision->selected.id, ret) ? 0 : QUOIN_ENOENT;
}

static void
copy_route(const struct quoin_route *route, struct quoin_shard_route *ret)
{
	ret->shard = route->shard;
	ret->vip = route->vip;
	ret->weight = route->weight;
	ret->shard_id = route->shard_id;
}

int
quoin_decision_routes(const struct quoin_decision *decision, struct quoin_shard_route *routes, size_t max,
    size_t *ret_count)
{
	const struct quoin_routes *part;
	struct quoin_route_list list;
	struct quoin_route route;
	int rc = routes_of(decision, &part, &list);

	*ret_count = 0;
	for (uint32_t i = 0; rc == 0 && i < list.count; i++) {
		quoin_routes_get(part, &list, i, &route);
		if (route.weight == 0)
			continue;
		if (*ret_count < max)
			copy_route(&route, &routes[*ret_count]);
		(*ret_count)++;
	}
	return rc;
}

int
quoin_route_pick(const struct quoin_decision *decision, uint32_t number, struct quoin_shard_route *ret_route)
{
	const struct quoin_routes *part;
	struct quoin_route_list list;
	struct quoin_route route;
	int rc = routes_of(decision, &part, &list);

	if (rc == 0 && !quoin_routes_pick(part, &list, number, &route))
		rc = QUOIN_ENOENT;
	if (rc == 0)
		copy_route(&route, ret_route);
	return rc;
}

/* ---- JSON ---- */

static void
print_text(struct quoin_buf *out, const char *key, const char *text)
{
	quoin_buf_printf(out, "%s\"%s\":", out->len > 1 && out->data[out->len - 1] != '{' ? "," : "", key);
	if (text == NULL)
		quoin_buf_put_str(out, "null");
	else
		quoin_json_print_string(quoin_span_str(text), out);
}

static void
print_model(struct quoin_buf *out, const struct quoin_named_model *model)
{
	quoin_buf_put_byte(out, '{');
	print_text(out, "model", model->model);
	print_text(out, "version", model->version);
	print_text(out, "routingKey", model->routing_key);
	quoin_buf_put_byte(out, '}');
}

static void
print_routes(struct quoin_buf *out, const struct quoin_decision *decision)
{
	const struct quoin_routes *part;
	struct quoin_route_list list;
	struct quoin_route route;
	bool is_first = true;

	quoin_buf_put_str(out, ",\"routes\":[");
	if (routes_of(decision, &part, &list) == 0) {
		for (uint32_t i = 0; i < list.count; i++) {
			quoin_routes_get(part, &list, i, &route);
			if (route.weight == 0)
				continue;
			quoin_buf_put_str(out, is_first ? "{" : ",{");
			is_first = false;
			print_text(out, "shard", route.shard);
			print_text(out, "vip", route.vip);
			quoin_buf_printf(out, ",\"weight\":%u}", route.weight);
		}
	}
	quoin_buf_put_byte(out, ']');
}

static void
print_decision(struct quoin_buf *out, const struct quoin_decision *decision)
{
	static const char *const reasons[] = {"default", "ab_test", "context", "split", "ramp", "", "override"};
	uint64_t release = decision->snapshot == NULL ? 0 : decision->snapshot->release;

	quoin_buf_printf(out, ",\"release\":%llu", (unsigned long long)release);
	print_text(out, "model", decision->selected.model);
	print_text(out, "version", decision->selected.version);
	print_text(out, "routingKey", decision->selected.routing_key);
	quoin_buf_printf(out, ",\"config\":%s", decision->config);
	print_text(out, "reason", reasons[decision->reason % (sizeof reasons / sizeof reasons[0])]);
	print_text(out, "rule", decision->rule);
	if (decision->reason == QUOIN_REASON_AB_TEST)
		quoin_buf_printf(out, ",\"abTestId\":%llu,\"cell\":%u", (unsigned long long)decision->ab_test_id,
		    decision->cell);
	if (decision->fallback.model != NULL) {
		quoin_buf_put_str(out, ",\"fallback\":");
		print_model(out, &decision->fallback);
	}
	quoin_buf_put_str(out, ",\"shadows\":[");
	for (uint32_t i = 0; i < decision->shadow_count; i++) {
		if (i > 0)
			quoin_buf_put_byte(out, ',');
		print_model(out, &decision->shadows[i]);
	}
	quoin_buf_put_byte(out, ']');
	print_routes(out, decision);
	quoin_buf_printf(out, ",\"stale\":%s", decision->stale != 0 ? "true" : "false");
}

static const char *
error_word(int code)
{
	switch (code) {
	case QUOIN_ENOENT:
		return "unknown_objective";
	case QUOIN_ESYNTAX:
	case QUOIN_ELIMIT:
		return "bad_context";
	case QUOIN_EMISSING:
	case QUOIN_EREFUSED: /* the lease is over: there is none that may be used */
		return "no_release";
	default:
		return "failed";
	}
}

int64_t
quoin_decision_json(const struct quoin_decision *decision, char *out, size_t bytes)
{
	struct quoin_buf buf;
	int64_t rc;

	/* Names, routes and configs are bounded; the objective of an error may be a whole context. */
	quoin_buf_init(&buf, (1u << 20) + 6 * QUOIN_CONTEXT_BYTES_MAX);
	quoin_buf_put_byte(&buf, '{');
	print_text(&buf, "objective", decision->objective);
	if (decision->selected.model == NULL)
		print_text(&buf, "error", error_word(decision->code));
	else
		print_decision(&buf, decision);
	quoin_buf_put_byte(&buf, '}');
	rc = buf.error != 0 ? buf.error : (int64_t)buf.len;
	if (bytes > 0) {
		size_t take = buf.error != 0 ? 0 : buf.len < bytes ? buf.len : bytes - 1;

		if (take > 0)
			memcpy(out, buf.data, take);
		out[take] = '\0';
	}
	quoin_buf_clear(&buf);
	return rc;
}
