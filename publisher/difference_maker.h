/*
 * A difference in the making, shared by publisher/difference*.c alone.
 */
#ifndef QUOIN_PUBLISHER_DIFFERENCE_MAKER_H
#define QUOIN_PUBLISHER_DIFFERENCE_MAKER_H

#include <string.h>

#include "publisher/difference.h"

struct difference_maker {
	struct quoin_difference *difference;
	const struct quoin_ruleset *before, *after;
	struct quoin_rule_order order_before, order_after;
};

/* Room for count + 1 things. */
static inline void *
difference_take(struct difference_maker *maker, size_t count, size_t size)
{
	return quoin_arena_take(&maker->difference->arena, (count + 1) * size);
}

/* Which side has what comes next of two ascending lists: below 0 only the older, above only the newer, 0 both. NULL:
 * that side is at its end. */
static inline int
difference_compare_next(const char *before, const char *after)
{
	return before == NULL ? 1 : after == NULL ? -1 : strcmp(before, after);
}

/* difference_place.c: models and where they are; shards and what they carry. 0 or QUOIN_ENOMEM. */
int quoin_difference_models(struct difference_maker *maker);
int quoin_difference_shards(struct difference_maker *maker);

#endif
