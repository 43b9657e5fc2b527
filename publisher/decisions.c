#include "publisher/decisions.h"

#include <stdlib.h>
#include <string.h>

#include "publisher/context_line.h"

#define SLOTS_FIRST 1024 /* a power of two */

/* A table from a few words to a place in an array: open addressing, at most half full. */
struct table {
	uint32_t *slots; /* place + 1; 0: free */
	size_t slot_count;
};

struct comparer {
	struct quoin_decisions *decisions;
	struct table flows, objectives;
	size_t flow_capacity, objective_capacity;
	struct quoin_context *context;
};

static uint64_t
hash_text(uint64_t hash, const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3u;
	return (hash ^ (text == NULL ? 1 : 0x80)) * 0x9e3779b97f4a7c15u;
}

static bool
same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static int
grow(struct table *table, size_t count)
{
	free(table->slots);
	table->slot_count = table->slot_count == 0 ? SLOTS_FIRST : table->slot_count;
	while (table->slot_count < 4 * (count + 1))
		table->slot_count *= 2;
	table->slots = calloc(table->slot_count, sizeof *table->slots);
	return table->slots == NULL ? QUOIN_ENOMEM : 0;
}

static void
enter(struct table *table, uint64_t hash, size_t place)
{
	size_t slot = (size_t)(hash >> 20) & (table->slot_count - 1);

	while (table->slots[slot] != 0)
		slot = (slot + 1) & (table->slot_count - 1);
	table->slots[slot] = (uint32_t)place + 1;
}

/* Room for one more in the list that *list points to. */
static int
make_room(void **list, size_t count, size_t *capacity, size_t size)
{
	size_t more = *capacity == 0 ? 256 : *capacity * 2;
	void *larger;

	if (count < *capacity)
		return 0;
	larger = reallocarray(*list, more, size);
	if (larger == NULL)
		return QUOIN_ENOMEM;
	*list = larger;
	*capacity = more;
	return 0;
}

/* ---- Flows ---- */

static uint64_t
hash_flow(const char *objective, const char *from, const char *to)
{
	return hash_text(hash_text(hash_text(0xcbf29ce484222325u, objective), from), to);
}

static const char *
keep(struct comparer *comparer, const char *text)
{
	return text == NULL ? NULL : quoin_arena_text(&comparer->decisions->arena, quoin_span_str(text));
}

static int
add_flow(struct comparer *comparer, const char *objective, const char *from, const char *to, uint64_t hash)
{
	struct quoin_decisions *decisions = comparer->decisions;
	struct quoin_flow *flows, *flow;
	void *list = decisions->flows;

	if (make_room(&list, decisions->flow_count, &comparer->flow_capacity, sizeof *flows) != 0)
		return QUOIN_ENOMEM;
	decisions->flows = flows = list;
	flow = &flows[decisions->flow_count];
	*flow = (struct quoin_flow){keep(comparer, objective), keep(comparer, from), keep(comparer, to), 1};
	if ((objective != NULL && flow->objective == NULL) || (from != NULL && flow->from == NULL) ||
	    (to != NULL && flow->to == NULL))
		return QUOIN_ENOMEM;
	decisions->flow_count++;
	if (decisions->flow_count * 2 > comparer->flows.slot_count) {
		if (grow(&comparer->flows, decisions->flow_count) != 0)
			return QUOIN_ENOMEM;
		for (size_t i = 0; i < decisions->flow_count; i++)
			enter(&comparer->flows, hash_flow(flows[i].objective, flows[i].from, flows[i].to), i);
	} else {
		enter(&comparer->flows, hash, decisions->flow_count - 1);
	}
	return 0;
}

static int
count_flow(struct comparer *comparer, const char *objective, const char *from, const char *to)
{
	const struct table *table = &comparer->flows;
	uint64_t hash = hash_flow(objective, from, to);
	size_t slot = (size_t)(hash >> 20) & (table->slot_count - 1);

	for (; table->slots[slot] != 0; slot = (slot + 1) & (table->slot_count - 1)) {
		struct quoin_flow *flow = &comparer->decisions->flows[table->slots[slot] - 1];

		if (same(flow->objective, objective) && same(flow->from, from) && same(flow->to, to)) {
			flow->count++;
			return 0;
		}
	}
	return add_flow(comparer, objective, from, to, hash);
}

/* ---- Objectives ---- */

static int
add_objective(struct comparer *comparer, const char *objective, uint64_t hash)
{
	struct quoin_decisions *decisions = comparer->decisions;
	struct quoin_flow_total *totals;
	void *list = decisions->objectives;
	const char *name = keep(comparer, objective);

	if (name == NULL ||
	    make_room(&list, decisions->objective_count, &comparer->objective_capacity, sizeof *totals) != 0)
		return QUOIN_ENOMEM;
	decisions->objectives = totals = list;
	totals[decisions->objective_count++] = (struct quoin_flow_total){.objective = name};
	if (decisions->objective_count * 2 > comparer->objectives.slot_count) {
		if (grow(&comparer->objectives, decisions->objective_count) != 0)
			return QUOIN_ENOMEM;
		for (size_t i = 0; i < decisions->objective_count; i++)
			enter(&comparer->objectives, hash_text(0, totals[i].objective), i);
	} else {
		enter(&comparer->objectives, hash, decisions->objective_count - 1);
	}
	return 0;
}

static int
find_objective(struct comparer *comparer, const char *objective, size_t *ret_index)
{
	const struct table *table = &comparer->objectives;
	uint64_t hash = hash_text(0, objective);
	size_t slot = (size_t)(hash >> 20) & (table->slot_count - 1);

	for (; table->slots[slot] != 0; slot = (slot + 1) & (table->slot_count - 1)) {
		*ret_index = table->slots[slot] - 1;
		if (strcmp(comparer->decisions->objectives[*ret_index].objective, objective) == 0)
			return 0;
	}
	*ret_index = comparer->decisions->objective_count;
	return add_objective(comparer, objective, hash);
}

/* ---- Lines ---- */

/* Decide by both; the line is parsed once, by the side that can. Returns the objective, or NULL: not a valid context. */
static const char *
decide(struct comparer *comparer, const struct quoin_view *before, const struct quoin_view *after, const char *line,
    size_t bytes, struct quoin_decision *was, struct quoin_decision *is)
{
	const bool is_first = after->snapshot != NULL;
	const struct quoin_view *second = is_first ? before : after;
	struct quoin_decision *one = is_first ? is : was, *two = is_first ? was : is;

	(void)quoin_resolve_json(is_first ? after : before, line, bytes, comparer->context, one);
	if (one->objective == NULL)
		return NULL;
	/* A view without a release binds nothing, and decides so. */
	(void)quoin_context_rebind(comparer->context, second);
	(void)quoin_resolve_name(second, one->objective, comparer->context, two);
	return one->objective;
}

static int
compare_line(struct comparer *comparer, const struct quoin_view *before, const struct quoin_view *after,
    const char *line, size_t bytes)
{
	struct quoin_decisions *decisions = comparer->decisions;
	struct quoin_decision was = {0}, is = {0};
	struct quoin_flow_total *total;
	const char *objective;
	size_t index;
	int rc;

	decisions->total++;
	objective = decide(comparer, before, after, line, bytes, &was, &is);
	if (objective == NULL) {
		decisions->bad++;
		return 0;
	}
	rc = find_objective(comparer, objective, &index);
	if (rc != 0)
		return rc;
	total = &decisions->objectives[index];
	total->total++;
	if (!same(was.selected.routing_key, is.selected.routing_key)) {
		total->moved++;
		decisions->moved++;
		return count_flow(comparer, objective, was.selected.routing_key, is.selected.routing_key);
	}
	if (is.code == 0 && strcmp(was.config, is.config) != 0) {
		total->reconfigured++;
		decisions->reconfigured++;
	}
	return 0;
}

static int
compare_texts(const char *a, const char *b)
{
	return a == NULL || b == NULL ? (a != NULL) - (b != NULL) : strcmp(a, b);
}

static int
compare_flows(const void *a, const void *b)
{
	const struct quoin_flow *one = a, *two = b;
	int order;

	if (one->count != two->count)
		return one->count > two->count ? -1 : 1;
	order = compare_texts(one->objective, two->objective);
	order = order != 0 ? order : compare_texts(one->from, two->from);
	return order != 0 ? order : compare_texts(one->to, two->to);
}

static int
compare_totals(const void *a, const void *b)
{
	return strcmp(((const struct quoin_flow_total *)a)->objective, ((const struct quoin_flow_total *)b)->objective);
}

static int
compare_lines(struct comparer *comparer, const struct quoin_view *before, const struct quoin_view *after, FILE *in,
    struct quoin_error *err)
{
	struct quoin_context_line *line = malloc(sizeof *line);
	int rc = line == NULL ? QUOIN_ENOMEM : 0;

	while (rc == 0 && quoin_context_line_next(in, line))
		rc = compare_line(comparer, before, after, line->bytes, line->len);
	free(line);
	if (rc != 0)
		return quoin_error_set(err, rc, "out of memory while deciding contexts");
	return ferror(in) ? quoin_error_sys(err, QUOIN_EIO, "cannot read the contexts to their end") : 0;
}

int
quoin_decisions_compare(const struct quoin_view *before, const struct quoin_view *after, FILE *in,
    struct quoin_decisions *ret, struct quoin_error *err)
{
	struct comparer comparer = {.decisions = ret};
	int rc;

	*ret = (struct quoin_decisions){0};
	rc = grow(&comparer.flows, 0);
	if (rc == 0)
		rc = grow(&comparer.objectives, 0);
	if (rc == 0)
		rc = quoin_context_new(&comparer.context);
	rc = rc != 0 ? quoin_error_set(err, rc, "no memory for contexts")
		     : compare_lines(&comparer, before, after, in, err);
	if (rc == 0 && ret->flow_count > 0)
		qsort(ret->flows, ret->flow_count, sizeof ret->flows[0], compare_flows);
	if (rc == 0 && ret->objective_count > 0)
		qsort(ret->objectives, ret->objective_count, sizeof ret->objectives[0], compare_totals);
	quoin_context_free(comparer.context);
	free(comparer.flows.slots);
	free(comparer.objectives.slots);
	return rc;
}

uint64_t
quoin_decisions_of(const struct quoin_decisions *decisions, const char *objective)
{
	const struct quoin_flow_total wanted = {.objective = objective};
	const struct quoin_flow_total *found = decisions->objective_count == 0 ? NULL
									       : bsearch(&wanted, decisions->objectives,
		decisions->objective_count, sizeof wanted, compare_totals);

	return found != NULL ? found->total : 0;
}

void
quoin_decisions_clear(struct quoin_decisions *decisions)
{
	quoin_arena_clear(&decisions->arena);
	free(decisions->flows);
	free(decisions->objectives);
	memset(decisions, 0, sizeof *decisions);
}
