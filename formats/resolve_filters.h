/*
 * The filters of an objective, asked for a context: which rules they leave. For resolve.c alone.
 *
 * What a value is, and when no rule is left any more, is not to be predicted; a guess that is wrong costs as much as
 * asking two filters. So asking one has no branch that depends on the value, and all are asked.
 */
#ifndef QUOIN_FORMATS_RESOLVE_FILTERS_H
#define QUOIN_FORMATS_RESOLVE_FILTERS_H

#include "formats/context.h"
#include "formats/rules_layout.h"

/* Where "id" is among ascending ids, or "count". */
static inline size_t
rules_id_find(const uint16_t *ids, size_t count, uint32_t id)
{
	const uint16_t *base = ids;
	size_t left = count, half;

	while (left > 1) {
		half = left / 2;
		base = base[half] <= id ? base + half : base;
		left -= half;
	}
	return left == 1 && *base == id ? (size_t)(base - ids) : count;
}

static inline uint64_t
resolve_left_by_id(const struct rules_objective *objective, const struct rules_filter *filter, uint32_t id)
{
	const uint8_t *block = (const uint8_t *)objective;
	size_t index = id < filter->count ? id : RULES_VALUE_UNKNOWN;

	if (__builtin_expect(filter->kind == RULES_FILTER_SPARSE, 0)) {
		index = rules_id_find(rules_filter_ids(block, filter), filter->count, id);
		index = index < filter->count ? index + RULES_VALUE_FIRST
		    : id == RULES_VALUE_MISSING ? RULES_VALUE_MISSING : RULES_VALUE_UNKNOWN;
	}
	return quoin_load_u64(block + filter->table + index * objective->mask_bytes);
}

/* All keys are compared, as where to stop is not to be guessed. */
static inline uint64_t
resolve_left_by_key(const struct rules_objective *objective, const struct rules_filter *filter, uint64_t key)
{
	const uint8_t *block = (const uint8_t *)objective;
	const uint64_t *keys = rules_filter_keys(block, filter), *end = keys + filter->count;
	size_t index = 0;

	do {
#pragma GCC unroll 8
		for (size_t i = 0; i < RULES_KEYS_EACH; i++)
			index += (size_t)(keys[i] <= key);
		keys += RULES_KEYS_EACH;
	} while (keys < end);
	return quoin_load_u64(block + filter->table + index * objective->mask_bytes);
}

/* The value id of what is borrowed. A word's is not remembered: a filter is asked once. */
static inline uint32_t
resolve_borrowed_id(struct quoin_context *context, uint32_t attribute)
{
	const struct quoin_borrowed *value = quoin_context_borrowed(context, attribute);

	if (__builtin_expect(value == NULL || value->kind != QUOIN_BORROWED_STRING || value->string == NULL ||
		    !rules_is_word(value->len), 0))
		return quoin_context_id(context, attribute);
	return rules_constant_seek(&context->rules->by_attribute[attribute],
	    rules_word_key((const uint8_t *)value->string, value->len));
}

/* The same of what was put. */
static inline uint32_t
resolve_id(struct quoin_context *context, uint32_t attribute)
{
	const struct quoin_value *value = &context->values[attribute];

	if (__builtin_expect(context->ids[attribute] != QUOIN_CONTEXT_ID_UNSET || value->kind != QUOIN_VALUE_STRING ||
		    !rules_is_word(value->len), 0))
		return quoin_context_id(context, attribute);
	return rules_constant_seek(&context->rules->by_attribute[attribute],
	    rules_word_key((const uint8_t *)value->string, value->len));
}

static inline uint64_t
resolve_key(struct quoin_context *context, const struct rules_filter *filter)
{
	return filter->kind == RULES_FILTER_NUMBER ? quoin_context_number_key(context, filter->attribute)
						   : quoin_context_version_key(context, filter->attribute);
}

static inline uint64_t
resolve_borrowed_key(struct quoin_context *context, const struct rules_filter *filter)
{
	const struct quoin_borrowed *value = quoin_context_borrowed(context, filter->attribute);

	if (value == NULL)
		return 0;
	if (filter->kind == RULES_FILTER_NUMBER)
		/* Plus zero: so that minus zero is zero. */
		return value->kind == QUOIN_BORROWED_NUMBER && isfinite(value->number) ? rules_number_key(value->number + 0.0)
										       : 0;
	return value->kind == QUOIN_BORROWED_STRING && value->string != NULL
	    ? quoin_version_key(value->string, value->len) : 0;
}

/* The same of what is borrowed by name. */
static inline uint32_t
resolve_named_id(const struct quoin_context *context, uint32_t attribute)
{
	const struct quoin_rules_attribute *lookup = &context->rules->by_attribute[attribute];
	const struct quoin_named *value = quoin_context_find_named(context, lookup);
	size_t len;

	if (value == NULL)
		return RULES_VALUE_MISSING;
	if (value->kind != QUOIN_BORROWED_STRING)
		return quoin_context_named_other_id(context, attribute, value);
	len = strlen(value->string);
	if (__builtin_expect(len - 4 > RULES_WHOLE_KEY_MAX - 4, 0))
		return quoin_context_named_other_id(context, attribute, value);
	return rules_constant_seek(lookup, rules_word_key((const uint8_t *)value->string, (uint32_t)len));
}

static inline uint64_t
resolve_named_key(const struct quoin_context *context, const struct rules_filter *filter)
{
	const struct quoin_named *value =
	    quoin_context_find_named(context, &context->rules->by_attribute[filter->attribute]);

	if (value == NULL)
		return 0;
	if (filter->kind == RULES_FILTER_NUMBER)
		return value->kind == QUOIN_BORROWED_NUMBER && isfinite(value->number) ? rules_number_key(value->number + 0.0)
										       : 0;
	return value->kind == QUOIN_BORROWED_STRING ? quoin_version_key(value->string, strlen(value->string)) : 0;
}

/* What a prepared context leaves: a load or two for each filter. */
static inline uint64_t
resolve_prepared(const struct rules_objective *objective, const struct quoin_context *context)
{
	const struct rules_filter *filters = rules_id_filters(objective);
	uint64_t left = objective->mask;

#pragma GCC unroll 6
	for (size_t i = 0; i < RULES_ID_FILTERS; i++)
		left &= resolve_left_by_id(objective, &filters[i], context->ids[filters[i].attribute]);
	for (size_t i = RULES_ID_FILTERS; __builtin_expect(i < objective->id_count, 0); i++)
		left &= resolve_left_by_id(objective, &filters[i], context->ids[filters[i].attribute]);
	filters = rules_ordered_filters(objective);
#pragma GCC unroll 2
	for (size_t i = 0; i < RULES_ORDERED_FILTERS; i++)
		left &= resolve_left_by_key(objective, &filters[i],
		    context->keys[filters[i].attribute][filters[i].kind - RULES_FILTER_NUMBER]);
	for (size_t i = RULES_ORDERED_FILTERS; __builtin_expect(i < objective->ordered_count, 0); i++)
		left &= resolve_left_by_key(objective, &filters[i],
		    context->keys[filters[i].attribute][filters[i].kind - RULES_FILTER_NUMBER]);
	return left;
}

/* Each way to ask is a function of its own: together they want more registers than there are. */
static __attribute__((noinline)) uint64_t
resolve_borrowed(const struct rules_objective *objective, struct quoin_context *context)
{
	const struct rules_filter *filter = rules_id_filters(objective), *end = filter + objective->id_count;
	uint64_t left = objective->mask;

	for (; filter < end; filter++)
		left &= resolve_left_by_id(objective, filter, resolve_borrowed_id(context, filter->attribute));
	filter = rules_ordered_filters(objective);
	for (end = filter + objective->ordered_count; filter < end; filter++)
		left &= resolve_left_by_key(objective, filter, resolve_borrowed_key(context, filter));
	return left;
}

static __attribute__((noinline)) uint64_t
resolve_by_names(const struct rules_objective *objective, const struct quoin_context *context)
{
	const struct rules_filter *filter = rules_id_filters(objective), *end = filter + objective->id_count;
	uint64_t left = objective->mask;

	for (; filter < end; filter++)
		left &= resolve_left_by_id(objective, filter, resolve_named_id(context, filter->attribute));
	filter = rules_ordered_filters(objective);
	for (end = filter + objective->ordered_count; filter < end && left != 0; filter++)
		left &= resolve_left_by_key(objective, filter, resolve_named_key(context, filter));
	return left;
}

static __attribute__((noinline)) uint64_t
resolve_put(const struct rules_objective *objective, struct quoin_context *context)
{
	const struct rules_filter *filter = rules_id_filters(objective), *end = filter + objective->id_count;
	uint64_t left = objective->mask;

	for (; filter < end; filter++)
		left &= resolve_left_by_id(objective, filter, resolve_id(context, filter->attribute));
	filter = rules_ordered_filters(objective);
	for (end = filter + objective->ordered_count; filter < end && left != 0; filter++)
		left &= resolve_left_by_key(objective, filter, resolve_key(context, filter));
	return left;
}

static inline uint64_t
resolve_filter(const struct rules_objective *objective, struct quoin_context *context)
{
	switch (context->state) {
	case QUOIN_CONTEXT_INTERNED:
		return resolve_prepared(objective, context);
	case QUOIN_CONTEXT_BORROWED:
		return resolve_borrowed(objective, context);
	case QUOIN_CONTEXT_NAMED:
		return resolve_by_names(objective, context);
	default:
		return resolve_put(objective, context);
	}
}

#endif
