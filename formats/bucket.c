#include "formats/bucket.h"

static uint32_t
rotate_left(uint32_t value, unsigned bits)
{
	return (value << bits) | (value >> (32 - bits));
}

static uint32_t
mix_block(uint32_t block)
{
	return rotate_left(block * 0xcc9e2d51u, 15) * 0x1b873593u;
}

uint32_t
quoin_murmur3(struct quoin_span bytes, uint32_t seed)
{
	const uint8_t *at = bytes.data;
	size_t left = bytes.len;
	uint32_t hash = seed, tail = 0;

	for (; left >= 4; at += 4, left -= 4) {
		hash ^=
		    mix_block((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24);
		hash = rotate_left(hash, 13) * 5 + 0xe6546b64u;
	}
	if (left > 0) {
		while (left > 0)
			tail = tail << 8 | at[--left];
		hash ^= mix_block(tail);
	}
	hash ^= (uint32_t)bytes.len;
	hash = (hash ^ hash >> 16) * 0x85ebca6bu;
	hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
	return hash ^ hash >> 16;
}

uint32_t
quoin_bucket_seed(struct quoin_span salt)
{
	return quoin_murmur3(salt, 0);
}

uint32_t
quoin_bucket_of(struct quoin_span unit, uint32_t seed)
{
	return (uint32_t)((uint64_t)quoin_murmur3(unit, seed) * QUOIN_BUCKETS >> 32);
}

uint32_t
quoin_bucket(struct quoin_span unit, struct quoin_span salt)
{
	return quoin_bucket_of(unit, quoin_bucket_seed(salt));
}
