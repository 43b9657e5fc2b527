/*
 * Image: the form that the parts rules, routes and models have in common (quoin-image(5)).
 *
 * A part is a run of bytes, little-endian, cut into segments at every QUOIN_SEGMENT_BYTES_MAX; each segment is contiguous
 * and 16-byte aligned in memory, but two segments need not be neighbours. Blocks never cross such a cut. A block begins
 * where (offset + QUOIN_IMAGE_BIAS) is a multiple of 64: the store hands a segment out 48 bytes behind a page's start,
 * so that blocks begin on cache lines there. Everything inside a block is addressed relative to the block's beginning.
 *
 * Bytes are verified once, when they arrive (quoin_X_verify); what is verified is read in place and trusted.
 */
#ifndef QUOIN_FORMATS_IMAGE_H
#define QUOIN_FORMATS_IMAGE_H

#include <string.h>

#include "lib/bytes.h"
#include "lib/error.h"
#include "lib/limits.h"

#define QUOIN_IMAGE_BIAS 48

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "images are read in place on little-endian machines");
_Static_assert(QUOIN_SEGMENT_BYTES_MAX == 1u << 24, "an offset's upper byte is the number of its segment");

struct quoin_image {
	struct quoin_span segments[QUOIN_SEGMENTS_MAX]; /* all but the last are QUOIN_SEGMENT_BYTES_MAX long */
	size_t count;
};

/* The segments of bytes that are contiguous anyhow; "bytes" must be 16-byte aligned. QUOIN_ELIMIT if there are too many,
 * QUOIN_EUSAGE if they are not aligned. */
int quoin_image_of(struct quoin_span bytes, struct quoin_image *ret, struct quoin_error *err);
/* The length of the whole part. */
uint64_t quoin_image_bytes(const struct quoin_image *image);

/* Where the byte at "offset" is in memory; trusted offsets only. */
static inline const uint8_t *
quoin_image_at(const struct quoin_image *image, uint32_t offset)
{
	return image->segments[offset >> 24].data + (offset & (QUOIN_SEGMENT_BYTES_MAX - 1));
}

/*
 * Places: where the blocks of things with small ids 0..id_count-1 are. Sixteen ids share an absolute base; each id has
 * a distance from it, so that one block that grows does not change the places of all later ones. An id without a thing
 * is a hole. As bytes: u32 bases[(id_count + 15) / 16], u32 distances[id_count].
 */
#define QUOIN_PLACE_GROUP 16
#define QUOIN_PLACE_NONE  UINT32_MAX
struct quoin_places {
	const uint32_t *bases;
	const uint32_t *distances;
	uint32_t id_count;
};
/* How many things there are. */
uint32_t quoin_places_count(const struct quoin_places *places);
static inline uint32_t
quoin_places_get(const struct quoin_places *places, uint32_t id)
{
	uint32_t distance;

	if (id >= places->id_count || (distance = places->distances[id]) == QUOIN_PLACE_NONE)
		return QUOIN_PLACE_NONE;
	return places->bases[id / QUOIN_PLACE_GROUP] + distance;
}

/* The table at a trusted place. */
static inline void
quoin_places_at(const struct quoin_image *image, uint32_t offset, uint32_t id_count, struct quoin_places *ret)
{
	ret->bases = (const uint32_t *)(const void *)quoin_image_at(image, offset);
	ret->distances = ret->bases + (id_count + QUOIN_PLACE_GROUP - 1) / QUOIN_PLACE_GROUP;
	ret->id_count = id_count;
}

/*
 * Things in the order of a text: "ids" are theirs, and each block has, "field" bytes from its beginning, the u32 distance
 * of that text. Whether one has this text, and its id. Trusted images only.
 */
bool quoin_image_find(const struct quoin_image *image, const struct quoin_places *places, const uint32_t *ids, uint32_t count,
    size_t field, const char *text, uint32_t *ret_id);

/* Reads that do not care for alignment. */
static inline uint16_t
quoin_load_u16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof value);
	return value;
}
static inline uint32_t
quoin_load_u32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof value);
	return value;
}
static inline uint64_t
quoin_load_u64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof value);
	return value;
}

/*
 * A text of 8 to 32 bytes, as most names are, in four words: all of it, some twice. Without a branch: how long a name
 * is, is not to be predicted.
 */
#define QUOIN_IMAGE_SHORT_MIN 8
#define QUOIN_IMAGE_SHORT_MAX 32
struct quoin_image_words {
	uint64_t words[4];
};
static inline bool
quoin_image_is_short(size_t len)
{
	return len - QUOIN_IMAGE_SHORT_MIN <= QUOIN_IMAGE_SHORT_MAX - QUOIN_IMAGE_SHORT_MIN;
}
static inline struct quoin_image_words
quoin_image_words(const uint8_t *data, size_t len)
{
	const size_t last = len - 8, second = last < 8 ? last : 8, third = last < 16 ? last : 16;

	return (struct quoin_image_words){{quoin_load_u64(data), quoin_load_u64(data + second),
	    quoin_load_u64(data + third), quoin_load_u64(data + last)}};
}

static inline uint64_t
quoin_image_mix(uint64_t a, uint64_t b)
{
	__extension__ typedef unsigned __int128 wide;
	const wide product = (wide)a * b;

	return (uint64_t)(product >> 64) ^ (uint64_t)product;
}

/* The hash of the images' own tables; it is no contract with anybody but the image's version. */
static inline uint32_t
quoin_image_hash(const uint8_t *data, size_t len)
{
	uint64_t state = 0x9e3779b97f4a7c15u ^ len, a = 0, b = 0;
	struct quoin_image_words text;

	if (__builtin_expect(quoin_image_is_short(len), 1)) {
		text = quoin_image_words(data, len);
		state = quoin_image_mix(text.words[0] ^ 0xa0761d6478bd642fu, text.words[1] ^ state) ^
		    quoin_image_mix(text.words[2] ^ 0xe7037ed1a0b428dbu, text.words[3] ^ state);
		return (uint32_t)(state ^ state >> 32);
	}
	for (; len > 16; data += 16, len -= 16)
		state = quoin_image_mix(quoin_load_u64(data) ^ 0xa0761d6478bd642fu, quoin_load_u64(data + 8) ^ state);
	if (len >= 8) {
		a = quoin_load_u64(data);
		b = quoin_load_u64(data + len - 8);
	} else if (len >= 4) {
		a = quoin_load_u32(data);
		b = quoin_load_u32(data + len - 4);
	} else if (len > 0) {
		a = (uint64_t)data[0] << 16 | (uint64_t)data[len / 2] << 8 | data[len - 1];
	}
	state = quoin_image_mix(a ^ 0xe7037ed1a0b428dbu, b ^ state);
	return (uint32_t)(state ^ state >> 32);
}

/* memcmp() == 0, without a call for the short texts that names and values are. */
static inline bool
quoin_image_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	struct quoin_image_words one, two;

	if (__builtin_expect(quoin_image_is_short(len), 1)) {
		one = quoin_image_words(a, len);
		two = quoin_image_words(b, len);
		return ((one.words[0] ^ two.words[0]) | (one.words[1] ^ two.words[1]) | (one.words[2] ^ two.words[2]) |
			   (one.words[3] ^ two.words[3])) == 0;
	}
	if (len > QUOIN_IMAGE_SHORT_MAX)
		return memcmp(a, b, len) == 0;
	if (len >= 4)
		return ((quoin_load_u32(a) ^ quoin_load_u32(b)) |
			   (quoin_load_u32(a + len - 4) ^ quoin_load_u32(b + len - 4))) == 0;
	return len == 0 || ((a[0] ^ b[0]) | (a[len / 2] ^ b[len / 2]) | (a[len - 1] ^ b[len - 1])) == 0;
}

/* ---- For the encoders ---- */

/* Append "block" at the next place that suits a block, padding with zeros. *ret_offset: where it begins. QUOIN_ELIMIT
 * (longer than a segment, or the part too long), QUOIN_ENOMEM; sticky in out->error, too. */
int quoin_image_put_block(struct quoin_buf *out, struct quoin_span block, uint32_t *ret_offset);
/* Append the bytes of a places table (id_count offsets, holes QUOIN_PLACE_NONE) as a block. */
int quoin_image_put_places(struct quoin_buf *out, const uint32_t *offsets, uint32_t id_count, uint32_t *ret_offset);

/* Write the header over the zeros that "out" begins with: see "For the verifiers". */
void quoin_image_finish(struct quoin_buf *out, const char magic[8], uint32_t version, const uint32_t *fields);

/*
 * Ids that last: thing i keeps base_ids[i] (QUOIN_PLACE_NONE: it is new); new things take the lowest free ids from
 * "first" on, in order. *ret_id_count: one more than the highest id. 0 or QUOIN_ENOMEM.
 */
int quoin_image_assign_ids(const uint32_t *base_ids, size_t count, uint32_t first, uint32_t *ret_ids,
    uint32_t *ret_id_count);

/*
 * Names: a hash table from the bytes of names to ids, as a block: u32 slots (a power of two), u32 used, and per slot
 * u32 hash, u32 id + 1 (0: free). Linear probing from the hash's low bits; at most half full.
 */
struct quoin_name {
	struct quoin_span name;
	uint32_t id;
};
int quoin_image_put_names(struct quoin_buf *out, const struct quoin_name *names, size_t count, uint32_t *ret_offset);

/* ---- For the verifiers ---- */

/*
 * What every image begins with, 64 bytes: u8 magic[8], u32 version, u32 zero, u64 bytes of the whole part, then 10 u32
 * of the kind's own. Checks the segments' shape, magic, version (QUOIN_EVERSION), length and alignment.
 */
#define QUOIN_IMAGE_HEADER_BYTES 64
#define QUOIN_IMAGE_FIELDS	 10
int quoin_image_check_header(const struct quoin_image *image, const char magic[8], uint32_t version,
    struct quoin_error *err);
static inline uint32_t
quoin_image_field(const struct quoin_image *image, unsigned field)
{
	return quoin_load_u32(image->segments[0].data + 24 + 4 * field);
}
/* The "bytes" bytes at "offset" if they are inside one segment and the offset suits a block; else NULL. */
const uint8_t *quoin_image_block(const struct quoin_image *image, uint32_t offset, uint64_t bytes);
/* The places table at "offset"; every place in it suits a block of at least "least" bytes. */
bool quoin_image_check_places(const struct quoin_image *image, uint32_t offset, uint32_t id_count, uint32_t least,
    struct quoin_places *ret);
/* The names table at "offset", at most half full; NULL if it is none. Whether names lead to ids is the caller's look. */
const uint8_t *quoin_image_check_names(const struct quoin_image *image, uint32_t offset);
/* Whether block[at .. at+len] is text of "len" bytes without NUL and then a NUL, all inside the block. */
bool quoin_block_has_text(const uint8_t *block, uint32_t block_bytes, uint32_t at, uint32_t len);
/* Whether count * size bytes at "at" are inside the block, "at" a multiple of "align". */
bool quoin_block_has_array(uint32_t block_bytes, uint32_t at, uint64_t count, uint32_t size, uint32_t align);

/* The block that is being looked at, and what is said of it. Blocks begin with u32 bytes, u32 id. */
struct quoin_block_look {
	const struct quoin_image *image;
	const char *part; /* "models" */
	struct quoin_error *err;
	const char *kind; /* of the block: "shard" */
	uint32_t id;
	const uint8_t *block;
	uint32_t bytes;
};
/* QUOIN_ECORRUPT: "PART part: KIND ID: WHAT". */
int quoin_block_bad(const struct quoin_block_look *look, const char *what);
/* Go to the block with this id: 1; 0 if there is none; or it is bad, as when it has fewer than "least" bytes. */
int quoin_block_enter(struct quoin_block_look *look, const char *kind, const struct quoin_places *places, uint32_t id,
    uint32_t least);
/* The text at this distance, up to its NUL. false: it does not end inside the block, or is not UTF-8. */
bool quoin_block_find_text(const struct quoin_block_look *look, uint32_t at, struct quoin_span *ret);

#endif
