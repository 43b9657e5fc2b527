#include <math.h>
#include <string.h>

#include "formats/context.h"
#include "formats/rules_layout.h"

int
quoin_context_borrow_named(struct quoin_context *context, const struct quoin_named *values, size_t count)
{
	uint8_t *last = context->named_last;

	if (count > QUOIN_CONTEXT_NAMED_MAX)
		return QUOIN_ELIMIT;
	/* In pieces, which are a few stores each; of the whole the compiler makes an instruction that takes its time. */
	for (size_t at = 0; at < sizeof context->named_last; at += 64)
		memset(last + at, 0, 64);
	for (size_t i = 0; i < count; i++) {
		const unsigned kind = (unsigned)values[i].kind;
		uint8_t mark;

		if (kind >= QUOIN_BORROWED_CELL) {
			if (kind == QUOIN_BORROWED_CELL)
				continue;
			return QUOIN_EUSAGE;
		}
		mark = rules_name_mark(values[i].name);
		context->named_before[i] = last[mark];
		last[mark] = (uint8_t)(i + 1);
	}
	context->named = values;
	context->named_count = count;
	context->state = QUOIN_CONTEXT_NAMED;
	return 0;
}

bool
quoin_context_named_cell(const struct quoin_context *context, uint64_t test, uint32_t *ret_cell)
{
	char digits[24] = {0}, *name = digits + sizeof digits - 1;

	do {
		*--name = (char)('0' + test % 10);
		test /= 10;
	} while (test > 0);
	for (size_t i = context->named_count; i-- > 0;) {
		const struct quoin_named *value = &context->named[i];

		if (value->kind != QUOIN_BORROWED_CELL || strcmp(value->name, name) != 0 || !(value->number >= 0) ||
		    !isfinite(value->number) || value->number != floor(value->number))
			continue;
		*ret_cell = value->number < 2147483648.0 ? (uint32_t)value->number : QUOIN_CELL_NONE;
		return true;
	}
	return false;
}

uint32_t
quoin_context_named_other_id(const struct quoin_context *context, uint32_t attribute, const struct quoin_named *value)
{
	const struct quoin_rules_attribute *lookup = &context->rules->by_attribute[attribute];

	if (value->kind == QUOIN_BORROWED_STRING)
		return quoin_rules_constant_find(context->rules, attribute,
		    quoin_rules_string_key(value->string, strlen(value->string)), value->string);
	if (value->kind == QUOIN_BORROWED_BOOL)
		return rules_constant_id(lookup, rules_bool_key(value->boolean));
	return isfinite(value->number) ? rules_constant_id(lookup, rules_number_constant_key(value->number + 0.0))
				       : RULES_VALUE_MISSING;
}

static void
read_named(struct quoin_context *context, uint32_t attribute)
{
	const struct quoin_named *value = quoin_context_find_named(context, &context->rules->by_attribute[attribute]);

	if (value == NULL)
		return;
	if (value->kind == QUOIN_BORROWED_STRING)
		quoin_context_put_string(context, attribute, value->string, strlen(value->string));
	else if (value->kind == QUOIN_BORROWED_NUMBER)
		quoin_context_put_number(context, attribute, value->number);
	else
		quoin_context_put_bool(context, attribute, value->boolean);
}

static void
read_borrowed(struct quoin_context *context, uint32_t attribute)
{
	const struct quoin_borrowed *value = quoin_context_borrowed(context, attribute);

	if (value == NULL)
		return;
	if (value->kind == QUOIN_BORROWED_STRING && value->string != NULL)
		quoin_context_put_string(context, attribute, value->string, value->len);
	else if (value->kind == QUOIN_BORROWED_NUMBER)
		quoin_context_put_number(context, attribute, value->number);
	else if (value->kind == QUOIN_BORROWED_BOOL)
		quoin_context_put_bool(context, attribute, value->boolean);
}

void
quoin_context_read(struct quoin_context *context, uint32_t attribute)
{
	const uint8_t state = context->state;

	context->ids[attribute] = RULES_VALUE_MISSING;
	if (context->borrowed != NULL)
		read_borrowed(context, attribute);
	else if (context->named != NULL)
		read_named(context, attribute);
	context->state = state;
}
