/*
 * Verifying a rules part in the making: what formats/rules_verify.c and rules_verify_objective.c share, and nobody else.
 */
#ifndef QUOIN_FORMATS_RULES_VERIFY_H
#define QUOIN_FORMATS_RULES_VERIFY_H

#include "formats/rules.h"
#include "formats/rules_layout.h"
#include "lib/text.h"

struct rules_verifier {
	const struct quoin_image *image;
	struct quoin_rules rules;
	struct quoin_error *err;
	/* the block being looked at */
	const char *kind;
	uint32_t id;
	const uint8_t *block;
	uint32_t bytes;
	const struct rules_objective *objective;
};

static inline int
bad(const struct rules_verifier *verifier, const char *what)
{
	return quoin_error_set(verifier->err, QUOIN_ECORRUPT, "rules part: %s %u: %s", verifier->kind, verifier->id, what);
}

static inline bool
has_array(const struct rules_verifier *verifier, uint32_t at, uint64_t count, size_t size, uint32_t align)
{
	return quoin_block_has_array(verifier->bytes, at, count, (uint32_t)size, align);
}

static inline bool
has_text(const struct rules_verifier *verifier, uint32_t at, uint32_t len)
{
	return quoin_block_has_text(verifier->block, verifier->bytes, at, len);
}

/* A terminated text of unknown length; *ret without the NUL. */
static inline bool
find_text(const struct rules_verifier *verifier, uint32_t at, struct quoin_span *ret)
{
	const uint8_t *end;

	if (at >= verifier->bytes)
		return false;
	end = memchr(verifier->block + at, 0, verifier->bytes - at);
	if (end == NULL)
		return false;
	*ret = quoin_span_of(verifier->block + at, (size_t)(end - verifier->block) - at);
	return true;
}

static inline bool
find_name(const struct rules_verifier *verifier, uint32_t at, struct quoin_span *ret)
{
	return find_text(verifier, at, ret) && quoin_name_is_valid(*ret);
}

static inline bool
attribute_exists(const struct rules_verifier *verifier, uint32_t id)
{
	return quoin_places_get(&verifier->rules.attributes, id) != QUOIN_PLACE_NONE;
}

static inline const struct rules_model *
model_of(const struct rules_verifier *verifier, uint32_t id)
{
	uint32_t place = quoin_places_get(&verifier->rules.models, id);

	return place == QUOIN_PLACE_NONE ? NULL : (const void *)quoin_image_at(verifier->image, place);
}

/* The block with this id; false for a hole. The length it says must be there. */
static inline int
enter_block(struct rules_verifier *verifier, const char *kind, const struct quoin_places *places, uint32_t id)
{
	uint32_t place = quoin_places_get(places, id);

	verifier->kind = kind;
	verifier->id = id;
	if (place == QUOIN_PLACE_NONE)
		return 0;
	verifier->block = quoin_image_at(verifier->image, place);
	verifier->bytes = quoin_load_u32(verifier->block);
	if (verifier->bytes < 32 || quoin_image_block(verifier->image, place, verifier->bytes) == NULL)
		return bad(verifier, "the block is longer than its segment");
	if (quoin_load_u32(verifier->block + 4) != id)
		return bad(verifier, "the block says another id");
	return 1;
}

/* The objective whose block was entered; outcomes, filters, nodes and rules. */
int quoin_rules_verify_objective(struct rules_verifier *verifier);

#endif
