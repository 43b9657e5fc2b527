/*
 * Buckets: which of 100,000 equal slices a unit falls into (RULES.md section 5). Frozen for ever: every evaluator in
 * every language must agree with tests/vectors/bucket.txt.
 *
 * bucket = (murmur3_x86_32(unit, seed) * 100000) >> 32, seed = murmur3_x86_32(salt, 0). Pure; no allocation.
 */
#ifndef QUOIN_FORMATS_BUCKET_H
#define QUOIN_FORMATS_BUCKET_H

#include "lib/bytes.h"

#define QUOIN_BUCKETS 100000

/* MurmurHash3_x86_32 of the bytes, the same on every machine. */
uint32_t quoin_murmur3(struct quoin_span bytes, uint32_t seed);

/* The unit's bucket under the salt: 0..QUOIN_BUCKETS-1. Either may be empty. */
uint32_t quoin_bucket(struct quoin_span unit, struct quoin_span salt);

/* The same in two steps, for salts that are known beforehand. */
uint32_t quoin_bucket_seed(struct quoin_span salt);
uint32_t quoin_bucket_of(struct quoin_span unit, uint32_t seed);

#endif
