#include "formats/ruleset.h"

#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"

#define ARENA_BLOCK_BYTES (64u << 10)

struct quoin_arena_block {
	struct quoin_arena_block *next;
	size_t used;
	size_t bytes;
	_Alignas(max_align_t) uint8_t data[];
};

void *
quoin_arena_take(struct quoin_arena *arena, size_t bytes)
{
	struct quoin_arena_block *block = arena->blocks;
	size_t need, room;
	void *taken;

	if (bytes > SIZE_MAX / 2)
		return NULL;
	need = (bytes + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
	if (block == NULL || block->bytes - block->used < need) {
		room = need > ARENA_BLOCK_BYTES / 4 ? need : ARENA_BLOCK_BYTES;
		block = calloc(1, sizeof *block + room);
		if (block == NULL)
			return NULL;
		block->bytes = room;
		/* A block made for one large thing is full at once: the one before it stays in front. */
		if (arena->blocks != NULL && room != ARENA_BLOCK_BYTES) {
			block->next = arena->blocks->next;
			arena->blocks->next = block;
		} else {
			block->next = arena->blocks;
			arena->blocks = block;
		}
	}
	taken = block->data + block->used;
	block->used += need;
	arena->bytes += need;
	return taken;
}

char *
quoin_arena_text(struct quoin_arena *arena, struct quoin_span text)
{
	char *copy = text.len == SIZE_MAX ? NULL : quoin_arena_take(arena, text.len + 1);

	if (copy != NULL && text.len > 0)
		memcpy(copy, text.data, text.len);
	return copy;
}

void
quoin_arena_clear(struct quoin_arena *arena)
{
	struct quoin_arena_block *block = arena->blocks, *next;

	for (; block != NULL; block = next) {
		next = block->next;
		free(block);
	}
	*arena = (struct quoin_arena){0};
}

void
quoin_ruleset_clear(struct quoin_ruleset *ruleset)
{
	quoin_arena_clear(&ruleset->arena);
	memset(ruleset, 0, sizeof *ruleset);
}

/* Overrides are asked first, shadows last. */
static int
rule_class(const struct quoin_rule *rule)
{
	return rule->kind == QUOIN_RULE_OVERRIDE ? 0 : rule->kind == QUOIN_RULE_SHADOW ? 2 : 1;
}

static bool
rule_is_asked_later(const struct quoin_rule *a, const struct quoin_rule *b)
{
	int class_a = rule_class(a), class_b = rule_class(b);

	return class_a != class_b ? class_a > class_b : a->priority < b->priority;
}

static bool
rule_decides(const struct quoin_rule *rule)
{
	return rule->is_enabled && rule->kind != QUOIN_RULE_DEFAULT && rule->kind != QUOIN_RULE_ROUTE;
}

/* Put one more rule, later in file order than all before it, where it is asked. */
static size_t
order_insert(const struct quoin_ruleset *ruleset, uint32_t *order, size_t count, uint32_t rule)
{
	size_t at = count;

	QUOIN_ASSERT(count < QUOIN_RULES_PER_OBJECTIVE_MAX);
	for (; at > 0 && rule_is_asked_later(&ruleset->rules[order[at - 1]], &ruleset->rules[rule]); at--)
		order[at] = order[at - 1];
	order[at] = rule;
	return count + 1;
}

size_t
quoin_ruleset_order(const struct quoin_ruleset *ruleset, uint32_t objective,
    uint32_t ret[QUOIN_RULES_PER_OBJECTIVE_MAX])
{
	const struct quoin_rule *rule;
	size_t count = 0;

	for (uint32_t i = 0; i < ruleset->rule_count; i++) {
		rule = &ruleset->rules[i];
		if (!rule_decides(rule))
			continue;
		for (size_t k = 0; k < rule->target_count && rule->targets[k] <= objective; k++) {
			if (rule->targets[k] == objective)
				count = order_insert(ruleset, ret, count, i);
		}
	}
	return count;
}

int
quoin_ruleset_order_all(const struct quoin_ruleset *ruleset, struct quoin_rule_order *ret)
{
	struct quoin_rule_order order = {0};
	const struct quoin_rule *rule;
	uint32_t *place;

	order.counts = calloc(ruleset->objective_count + 1, sizeof *order.counts);
	order.rules = calloc(ruleset->objective_count + 1, sizeof *order.rules);
	if (order.counts == NULL || order.rules == NULL) {
		quoin_rule_order_clear(&order);
		return QUOIN_ENOMEM;
	}
	for (uint32_t i = 0; i < ruleset->rule_count; i++) {
		rule = &ruleset->rules[i];
		if (!rule_decides(rule))
			continue;
		for (size_t k = 0; k < rule->target_count; k++) {
			place = &order.counts[rule->targets[k]];
			*place = (uint32_t)order_insert(ruleset, order.rules[rule->targets[k]], *place, i);
		}
	}
	*ret = order;
	return 0;
}

void
quoin_rule_order_clear(struct quoin_rule_order *order)
{
	free(order->counts);
	free(order->rules);
	*order = (struct quoin_rule_order){0};
}
