/*
 * Blocks in the making: what is read while resolving in front, texts behind it, each text once. Used by the encoders of
 * images alone.
 *
 * Failures are sticky: many puts, one look at quoin_block_maker_finish.
 */
#ifndef QUOIN_FORMATS_BLOCK_H
#define QUOIN_FORMATS_BLOCK_H

#include "lib/bytes.h"

struct block_text {
	uint32_t hash;
	uint32_t at; /* + 1; 0: free */
	uint32_t len;
};

struct block_maker {
	struct quoin_buf front;
	struct quoin_buf texts;
	uint32_t *patches; /* places in front that hold a place in texts */
	size_t patch_count;
	size_t patch_cap;
	struct block_text *known; /* hash table over texts */
	size_t known_slots;	  /* a power of two */
	size_t known_count;
	bool is_out_of_memory;
};

void quoin_block_maker_init(struct block_maker *maker);
void quoin_block_maker_clear(struct block_maker *maker);
/* Forget the contents, keep the memory. */
void quoin_block_maker_reset(struct block_maker *maker);

/* Append to the front at a multiple of "align"; returns where it begins. data NULL: zeros. */
uint32_t quoin_block_maker_put(struct block_maker *maker, const void *data, size_t bytes, size_t align);
/* Add a text (with a NUL behind it) once; the returned number stands for it in quoin_block_maker_refer. */
uint32_t quoin_block_maker_text(struct block_maker *maker, struct quoin_span text);
/* Append a text (with a NUL behind it) although it may be there already; returns where it is among the texts. */
uint32_t quoin_block_maker_add_text(struct block_maker *maker, struct quoin_span text);
/* Zeros up to a multiple of "align" among the texts. */
void quoin_block_maker_align_texts(struct block_maker *maker, size_t align);
/* Make the u32 at "field" of the front the place of this text. */
void quoin_block_maker_refer(struct block_maker *maker, uint32_t field, uint32_t text);
/* Bytes of the front at "at", until the next put. */
void *quoin_block_maker_at(struct block_maker *maker, uint32_t at);
/* Join both; the first u32 becomes the block's length. The span lives until reset or clear. 0, QUOIN_ELIMIT,
 * QUOIN_ENOMEM. */
int quoin_block_maker_finish(struct block_maker *maker, struct quoin_span *ret);

#endif
