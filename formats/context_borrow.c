#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "formats/context.h"
#include "formats/rules_layout.h"

_Static_assert(QUOIN_RULES_ATTRIBUTES_MAX % 8 == 0, "whole vectors of ids");

static void
unread_all(struct quoin_context *context)
{
	for (uint32_t i = 0; i < context->rules->attributes.id_count; i += 8)
		for (uint32_t k = 0; k < 8; k++)
			context->ids[i + k] = QUOIN_CONTEXT_ID_UNREAD;
	context->is_interned = false;
}

void
quoin_context_borrow(struct quoin_context *context, const struct quoin_borrowed *values, size_t count,
    const _Atomic uint16_t *order)
{
	context->borrowed = values;
	context->borrowed_count = count;
	context->order = order;
	unread_all(context);
}

static uint8_t
mark_of(const char *name)
{
	return (uint8_t)(name[0] == '\0' ? 0 : name[0] + 7 * name[1]);
}

int
quoin_context_borrow_named(struct quoin_context *context, const struct quoin_named *values, size_t count)
{
	if (count > QUOIN_CONTEXT_NAMED_MAX)
		return QUOIN_ELIMIT;
	for (size_t i = 0; i < count; i++) {
		if (values[i].kind < QUOIN_BORROWED_STRING || values[i].kind > QUOIN_BORROWED_CELL)
			return QUOIN_EUSAGE;
		context->named_marks[i] = mark_of(values[i].name);
	}
	context->borrowed = NULL;
	context->named = values;
	context->named_count = count;
	unread_all(context);
	return 0;
}

/* Which of the names may be this one: bit i for i. */
static uint64_t
candidates(const struct quoin_context *context, uint8_t mark)
{
	uint64_t mask = 0;

#ifdef __SSE2__
	const __m128i wanted = _mm_set1_epi8((char)mark);

	for (unsigned i = 0; i < QUOIN_CONTEXT_NAMED_MAX; i += 16) {
		const __m128i marks = _mm_loadu_si128((const __m128i *)(const void *)(context->named_marks + i));

		mask |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(marks, wanted)) << i;
	}
#else
	for (unsigned i = 0; i < QUOIN_CONTEXT_NAMED_MAX; i++)
		mask |= (uint64_t)(context->named_marks[i] == mark) << i;
#endif
	return context->named_count == 64 ? mask : mask & (((uint64_t)1 << context->named_count) - 1);
}

/* strcmp() == 0 without a call: numbers of tests are short, and most begin alike. */
static inline bool
is_same(const char *a, const char *b)
{
	for (; *a == *b; a++, b++)
		if (*a == '\0')
			return true;
	return false;
}

bool
quoin_context_named_cell(const struct quoin_context *context, uint64_t test, uint32_t *ret_cell)
{
	char digits[24] = {0}, *name = digits + sizeof digits - 1;
	uint64_t mask;

	do {
		*--name = (char)('0' + test % 10);
		test /= 10;
	} while (test > 0);
	for (mask = candidates(context, mark_of(name)); mask != 0;) {
		const unsigned last = 63u - (unsigned)__builtin_clzll(mask);
		const struct quoin_named *value = &context->named[last];

		mask &= ~((uint64_t)1 << last);
		if (!is_same(value->name, name) || value->kind != QUOIN_BORROWED_CELL || !(value->number >= 0) ||
		    value->number != floor(value->number))
			continue;
		*ret_cell = value->number < 2147483648.0 ? (uint32_t)value->number : QUOIN_CELL_NONE;
		return true;
	}
	return false;
}

static void
read_named(struct quoin_context *context, uint32_t attribute, const struct rules_attribute *block)
{
	const char *name = (const char *)block + block->name;
	uint64_t mask;

	for (mask = candidates(context, mark_of(name)); mask != 0;) {
		const unsigned last = 63u - (unsigned)__builtin_clzll(mask);
		const struct quoin_named *value = &context->named[last];

		mask &= ~((uint64_t)1 << last);
		if (value->kind == QUOIN_BORROWED_CELL || (value->kind == QUOIN_BORROWED_STRING && value->string == NULL) ||
		    strcmp(value->name, name) != 0)
			continue;
		if (value->kind == QUOIN_BORROWED_STRING)
			quoin_context_put_string(context, attribute, value->string, strlen(value->string));
		else if (value->kind == QUOIN_BORROWED_NUMBER)
			quoin_context_put_number(context, attribute, value->number);
		else
			quoin_context_put_bool(context, attribute, value->boolean);
		return;
	}
}

void
quoin_context_read(struct quoin_context *context, uint32_t attribute)
{
	const struct rules_attribute *block = context->rules->attribute_blocks[attribute];
	const struct quoin_borrowed *value;
	size_t index;

	context->ids[attribute] = RULES_VALUE_MISSING;
	if (block == NULL) /* asked for by nobody but intern */
		return;
	if (context->borrowed == NULL) {
		read_named(context, attribute, block);
		return;
	}
	index = (size_t)atomic_load_explicit(&context->order[attribute], memory_order_relaxed) - 1;
	if (index >= context->borrowed_count)
		return;
	value = &context->borrowed[index];
	if (value->kind == QUOIN_BORROWED_STRING && value->string != NULL)
		quoin_context_put_string(context, attribute, value->string, value->len);
	else if (value->kind == QUOIN_BORROWED_NUMBER)
		quoin_context_put_number(context, attribute, value->number);
	else if (value->kind == QUOIN_BORROWED_BOOL)
		quoin_context_put_bool(context, attribute, value->boolean);
}
