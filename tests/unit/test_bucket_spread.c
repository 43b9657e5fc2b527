/*
 * How buckets spread: uniform for every salt, independent between salts and between neighbouring units, for ids as they
 * are in practice. Chi-square tests, two-sided (too even is as wrong as too uneven), at a level of 0.001 for all tests of
 * a hash together (Bonferroni). Units and salts are fixed, so that the outcome is, too. Bad hashes must fail.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "formats/bucket.h"
#include "tests/check.h"

#define LEVEL	 0.001
#define UNITS	 200000
#define SLICES	 1000 /* of the buckets, for uniformity */
#define SQUARE	 20   /* and for each side of a contingency table */
#define FAMILIES 5
#define SALTS	 12

/* Some differ in one character only, as those of tests do. */
static const char *const salts[SALTS] = {"ab:12345", "ab:12346", "ab:12355", "ab:1", "ab:2", "ramp", "ramp2",
    "defineCanary", "defineCanary#2", "s", "t", "a salt that is longer than most of them are"};

typedef uint32_t hash_function(struct quoin_span unit, struct quoin_span salt);

/* Ids in a row, with a word before them, alone, large, as in an address; and as in a UUID. */
static struct quoin_span
unit_of(unsigned family, uint32_t i, char out[64])
{
	uint64_t draw = (i + 1) * 0x9e3779b97f4a7c15u;
	int len = 0;

	draw = (draw ^ draw >> 30) * 0xbf58476d1ce4e5b9u;
	switch (family) {
	case 0:
		len = snprintf(out, 64, "user-%u", i);
		break;
	case 1:
		len = snprintf(out, 64, "%u", i);
		break;
	case 2:
		len = snprintf(out, 64, "%u", 1000000000 + i);
		break;
	case 3:
		len = snprintf(out, 64, "%08x-%04x-4%03x-8%03x-%012llx", (unsigned)(draw >> 32), (unsigned)draw >> 16,
		    (unsigned)draw & 0xfff, i >> 12 & 0xfff, (unsigned long long)(draw * 0x94d049bb133111ebu >> 16));
		break;
	default:
		len = snprintf(out, 64, "%u@example.com", i);
		break;
	}
	return quoin_span_of(out, (size_t)len);
}

/* The two-sided chance of a value of chi-square as far out as this one (Wilson and Hilferty's approximation). */
static double
chance(double chi_square, double freedom)
{
	double spread = 2 / (9 * freedom);
	double z = (cbrt(chi_square / freedom) - (1 - spread)) / sqrt(spread);

	return erfc(fabs(z) / sqrt(2));
}

static double
chance_of_slices(const uint32_t *buckets)
{
	uint32_t counts[SLICES] = {0};
	const double expected = (double)UNITS / SLICES;
	double sum = 0;

	for (size_t i = 0; i < UNITS; i++)
		counts[buckets[i] / (QUOIN_BUCKETS / SLICES)]++;
	for (size_t i = 0; i < SLICES; i++)
		sum += (counts[i] - expected) * (counts[i] - expected) / expected;
	return chance(sum, SLICES - 1);
}

/* Of pairs: left[i] with right[i]. */
static double
chance_of_table(const uint32_t *left, const uint32_t *right, size_t count)
{
	uint32_t counts[SQUARE][SQUARE] = {{0}}, rows[SQUARE] = {0}, columns[SQUARE] = {0};
	double sum = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t row = left[i] / (QUOIN_BUCKETS / SQUARE), column = right[i] / (QUOIN_BUCKETS / SQUARE);

		counts[row][column]++;
		rows[row]++;
		columns[column]++;
	}
	for (size_t row = 0; row < SQUARE; row++) {
		for (size_t column = 0; column < SQUARE; column++) {
			double expected = (double)rows[row] * columns[column] / (double)count;

			if (expected == 0)
				return 0;
			sum += (counts[row][column] - expected) * (counts[row][column] - expected) / expected;
		}
	}
	return chance(sum, (SQUARE - 1) * (SQUARE - 1));
}

/* The least chance of each group of tests over all families, and how many tests there were. */
struct outcome {
	double uniform, salts, neighbours;
	double tests;
};

static void
keep_least(struct outcome *outcome, double *least, double chance_now)
{
	*least = fmin(*least, chance_now);
	outcome->tests++;
}

static struct outcome
try_hash(hash_function *hash)
{
	static uint32_t buckets[SALTS][UNITS];
	struct outcome outcome = {1, 1, 1, 0};

	for (unsigned family = 0; family < FAMILIES; family++) {
		for (uint32_t i = 0; i < UNITS; i++) {
			char text[64];
			struct quoin_span unit = unit_of(family, i, text);

			for (size_t k = 0; k < SALTS; k++)
				buckets[k][i] = hash(unit, quoin_span_str(salts[k]));
		}
		for (size_t k = 0; k < SALTS; k++) {
			keep_least(&outcome, &outcome.uniform, chance_of_slices(buckets[k]));
			keep_least(&outcome, &outcome.neighbours,
			    chance_of_table(buckets[k], buckets[k] + 1, UNITS - 1));
			for (size_t other = 0; other < k; other++)
				keep_least(&outcome, &outcome.salts,
				    chance_of_table(buckets[k], buckets[other], UNITS));
		}
	}
	return outcome;
}

static void
check_group(const char *group, double least, double level)
{
	if (least < level)
		check_fail(__FILE__, __LINE__, "%s: a chance of %g is below the level of %g", group, least, level);
}

static void
test_spread(void)
{
	struct outcome outcome = try_hash(quoin_bucket);
	double level = LEVEL / outcome.tests;

	fprintf(stderr, "%.0f tests at %g: least chance uniform %.4g, between salts %.4g, between neighbours %.4g\n",
	    outcome.tests, level, outcome.uniform, outcome.salts, outcome.neighbours);
	CHECK_INT(outcome.tests, FAMILIES * (SALTS * 2 + SALTS * (SALTS - 1) / 2));
	check_group("uniform", outcome.uniform, level);
	check_group("independent between salts", outcome.salts, level);
	check_group("independent between neighbours", outcome.neighbours, level);
}

/* Every single bucket, with ten units to each. */
static void
test_fine(void)
{
	static uint32_t counts[QUOIN_BUCKETS];
	const uint32_t seed = quoin_bucket_seed(quoin_span_str("fine"));
	double sum = 0;

	for (uint32_t i = 0; i < 10 * QUOIN_BUCKETS; i++) {
		char text[64];

		counts[quoin_bucket_of(unit_of(0, i, text), seed)]++;
	}
	for (size_t i = 0; i < QUOIN_BUCKETS; i++)
		sum += (counts[i] - 10.0) * (counts[i] - 10.0) / 10.0;
	check_group("every bucket", chance(sum, QUOIN_BUCKETS - 1), LEVEL);
}

/* ---- Hashes that are not good enough ---- */

static uint32_t
without_salt(struct quoin_span unit, struct quoin_span salt)
{
	(void)salt;
	return quoin_bucket(unit, (struct quoin_span){0});
}

/* Each salt turns the circle by some way: whoever is together in one test is together in all. */
static uint32_t
turned(struct quoin_span unit, struct quoin_span salt)
{
	return (without_salt(unit, salt) + quoin_murmur3(salt, 0)) % QUOIN_BUCKETS;
}

static uint32_t
polynomial(struct quoin_span unit, struct quoin_span salt)
{
	uint32_t hash = quoin_murmur3(salt, 0);

	for (size_t i = 0; i < unit.len; i++)
		hash = hash * 31 + unit.data[i];
	return hash % QUOIN_BUCKETS;
}

static uint32_t
fowler(struct quoin_span unit, struct quoin_span salt)
{
	uint32_t hash = quoin_murmur3(salt, 0);

	for (size_t i = 0; i < unit.len; i++)
		hash = (hash ^ unit.data[i]) * 16777619u;
	return (uint32_t)((uint64_t)hash * QUOIN_BUCKETS >> 32);
}

/* The number at the end of the id, as if ids were spread already. */
static uint32_t
by_number(struct quoin_span unit, struct quoin_span salt)
{
	uint32_t number = quoin_murmur3(salt, 0);

	for (size_t i = 0; i < unit.len; i++) {
		if (unit.data[i] >= '0' && unit.data[i] <= '9')
			number = number * 10 + (uint32_t)(unit.data[i] - '0');
	}
	return number % QUOIN_BUCKETS;
}

/* One unit in five hundred is moved into the first fiftieth of the buckets. */
static uint32_t
uneven(struct quoin_span unit, struct quoin_span salt)
{
	uint32_t bucket = quoin_bucket(unit, salt);

	return bucket % 500 == 7 ? bucket % (QUOIN_BUCKETS / 50) : bucket;
}

static void
test_bad_hashes(void)
{
	static const struct {
		const char *name;
		hash_function *hash;
		bool uniform, salts, neighbours; /* what it fails */
	} hashes[] = {{"without salt", without_salt, false, true, false}, {"turned", turned, false, true, false},
	    {"polynomial", polynomial, true, true, true}, {"FNV-1a", fowler, true, true, true},
	    {"by number", by_number, true, true, true}, {"uneven", uneven, true, false, false}};

	for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
		struct outcome outcome = try_hash(hashes[i].hash);
		double level = LEVEL / outcome.tests;

		fprintf(stderr, "%s: uniform %.3g, between salts %.3g, between neighbours %.3g\n", hashes[i].name,
		    outcome.uniform, outcome.salts, outcome.neighbours);
		CHECK(!hashes[i].uniform || outcome.uniform < level);
		CHECK(!hashes[i].salts || outcome.salts < level);
		CHECK(!hashes[i].neighbours || outcome.neighbours < level);
	}
}

static const struct check_case cases[] = {
    {"bucket: uniform and independent at a level of 0.001", test_spread},
    {"bucket: every bucket at a level of 0.001", test_fine},
    {"bucket: bad hashes fail", test_bad_hashes},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
