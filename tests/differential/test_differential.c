/*
 * Every decision of a million random pairs of a directory and a context, by both evaluators.
 *
 *	test_differential [CASE]...                   as every test program (tests/check.h)
 *	test_differential -s SEED [-k SETS] [-c N]    these seeds alone: SETS directories (1), N contexts each (420)
 *	test_differential -t SECONDS                  new seeds until the time is over
 *
 * A pair that differs is shrunk and printed with the command that shows it again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/crypto.h"
#include "tests/check.h"
#include "tests/differential/shrink.h"
#include "tests/differential/subject.h"
#include "tests/evaluate.h"

#define SETS_PER_CASE 500
#define CONTEXTS      420
#define SCRIPT_EVERY  50 /* seeds: an evaluation takes as long as fifty compilations */
#define BASE_EVERY    8

struct tally {
	size_t pairs;
	size_t reasons[8]; /* 7: errors */
	size_t with_shadows;
	size_t with_fallback;
};

static struct dice
dice_of(uint64_t seed, uint64_t purpose)
{
	struct dice dice = {(seed + 1) * 0x9e3779b97f4a7c15u + purpose * 0xbf58476d1ce4e5b9u};

	if (dice.state == 0)
		dice.state = 1;
	for (int i = 0; i < 8; i++)
		dice_throw(&dice, 2);
	return dice;
}

static _Noreturn void
report(uint64_t seed, size_t number, struct generated *generated, const struct quoin_compile_base *base,
    struct quoin_buf *context, enum subject_way way, bool by_source)
{
	struct quoin_buf out;
	size_t before, left;

	quoin_buf_init(&out, 16u << 20);
	left = shrink_and_print(generated, base, context, way, by_source, &out, &before);
	fprintf(stderr, "%s", quoin_buf_str(&out));
	check_fail(__FILE__, __LINE__,
	    "seed %llu, context %zu: decisions differ (%s), shrunk from %zu values to %zu; again: %s -s %llu",
	    (unsigned long long)seed, number, subject_ways[way], before, left, program_invocation_name,
	    (unsigned long long)seed);
}

static void
count(struct tally *tally, const struct subject *subject)
{
	static const char *const reasons[] = {"default", "ab_test", "context", "split", "ramp", "shadow", "override"};
	const char *have = (const char *)subject->have.data;
	const char *reason = memmem(have, subject->have.len, "\"reason\":\"", 10);
	size_t i = 7;

	for (size_t k = 0; k < 7 && reason != NULL; k++) {
		if (strncmp(reason + 10, reasons[k], strlen(reasons[k])) == 0)
			i = k;
	}
	tally->reasons[i]++;
	tally->with_fallback += memmem(have, subject->have.len, "\"fallback\":{", 12) != NULL;
	tally->with_shadows += memmem(have, subject->have.len, "\"shadows\":[{", 12) != NULL;
	tally->pairs++;
}

/* A directory of the seed's, and its contexts, each decided as JSON and in one more way. */
static void
compare_contexts(uint64_t seed, size_t contexts, struct generated *generated, const struct quoin_compile_base *base,
    struct subject *subject, struct tally *tally)
{
	struct dice dice = dice_of(seed, 2);
	struct quoin_buf context;

	quoin_buf_init(&context, 1u << 20);
	for (size_t i = 0; i < contexts; i++) {
		enum subject_way way = (enum subject_way)(1 + i / 3 % (SUBJECT_WAYS - 1));
		bool by_source = i % 4 == 3;

		quoin_buf_reset(&context);
		generate_context(&dice, generated, &context);
		if (subject_differs(subject, (const char *)context.data, context.len, SUBJECT_JSON, by_source))
			report(seed, i, generated, base, &context, SUBJECT_JSON, by_source);
		count(tally, subject);
		if (i % 3 == 0 && subject_differs(subject, (const char *)context.data, context.len, way, by_source))
			report(seed, i, generated, base, &context, way, by_source);
	}
	quoin_buf_clear(&context);
}

static bool
open_seed(uint64_t seed, uint64_t purpose, bool wants_script, const struct quoin_compile_base *base,
    struct generated *generated, struct subject *ret)
{
	struct dice dice = dice_of(seed, purpose);
	const char *why;

	generate_directory(&dice, wants_script, generated);
	if (subject_open(generated->files, generated->file_count, base, ret, &why))
		return true;
	for (size_t i = 0; i < generated->file_count; i++)
		fprintf(stderr, "--- %s\n%s\n", generated->files[i].path, quoin_buf_str(&generated->files[i].text));
	check_fail(__FILE__, __LINE__, "seed %llu: a valid directory is refused: %s", (unsigned long long)seed, why);
}

static void
compare_seed(uint64_t seed, size_t contexts, struct tally *tally)
{
	struct generated generated, other = {0};
	struct subject subject, before;
	struct quoin_compile_base base, *used = NULL;

	/* A base never influences a decision. */
	if (seed % BASE_EVERY == 1) {
		open_seed(seed, 3, false, NULL, &other, &before);
		base = (struct quoin_compile_base){quoin_buf_span(&before.compiled.parts[QUOIN_COMPILED_RULES].bytes),
		    quoin_buf_span(&before.compiled.parts[QUOIN_COMPILED_MODELS].bytes), false};
		used = &base;
	}
	open_seed(seed, 1, seed % SCRIPT_EVERY == 0, used, &generated, &subject);
	compare_contexts(seed, contexts, &generated, used, &subject, tally);
	subject_close(&subject);
	generated_clear(&generated);
	if (used != NULL) {
		subject_close(&before);
		generated_clear(&other);
	}
}

static void
compare_seeds(uint64_t seed, size_t sets, size_t contexts, struct tally *tally)
{
	CHECK_INT(quoin_crypto_init(), 0);
	evaluate_use_own_program();
	for (size_t i = 0; i < sets; i++)
		compare_seed(seed + i, contexts, tally);
}

/* The comparison has seen every way to decide, and often. */
static void
check_tally(const struct tally *tally)
{
	CHECK_INT(tally->pairs, SETS_PER_CASE * CONTEXTS);
	for (size_t i = 0; i < 8; i++)
		CHECK(i == QUOIN_RULE_SHADOW || tally->reasons[i] > tally->pairs / 200);
	CHECK(tally->with_shadows > tally->pairs / 20);
	CHECK(tally->with_fallback > tally->pairs / 20);
}

static void
compare_fixed(uint64_t part)
{
	struct tally tally = {0};

	compare_seeds(1 + part * SETS_PER_CASE, SETS_PER_CASE, CONTEXTS, &tally);
	check_tally(&tally);
}

static void
test_fixed_1(void)
{
	compare_fixed(0);
}

static void
test_fixed_2(void)
{
	compare_fixed(1);
}

static void
test_fixed_3(void)
{
	compare_fixed(2);
}

static void
test_fixed_4(void)
{
	compare_fixed(3);
}

static uint64_t random_seed;

static void
test_random(void)
{
	struct tally tally = {0};

	compare_seeds(random_seed, SETS_PER_CASE, CONTEXTS, &tally);
	check_tally(&tally);
}

/* ---- By hand ---- */

static void
print_tally(const struct tally *tally)
{
	static const char *const names[] = {"default", "ab_test", "context", "split", "ramp", "", "override", "error"};

	printf("%zu pairs agree:", tally->pairs);
	for (size_t i = 0; i < 8; i++) {
		if (i != QUOIN_RULE_SHADOW)
			printf(" %s %zu", names[i], tally->reasons[i]);
	}
	printf(", with shadows %zu, with fallback %zu\n", tally->with_shadows, tally->with_fallback);
}

static struct {
	uint64_t seed;
	size_t sets;
	size_t contexts;
	long seconds;
} by_hand;

static void
test_by_hand(void)
{
	struct tally tally = {0};
	time_t begin = time(NULL);

	if (by_hand.seconds == 0)
		compare_seeds(by_hand.seed, by_hand.sets, by_hand.contexts, &tally);
	for (uint64_t seed = random_seed; by_hand.seconds > 0 && time(NULL) - begin < by_hand.seconds; seed++)
		compare_seeds(seed, 1, by_hand.contexts, &tally);
	print_tally(&tally);
}

static const struct check_case hand_case = {"differential: by hand", test_by_hand};

int
main(int argc, char **argv)
{
	static char random_name[80];
	const struct check_case cases[] = {
	    {"differential: seeds 1 to 500", test_fixed_1},
	    {"differential: seeds 501 to 1000", test_fixed_2},
	    {"differential: seeds 1001 to 1500", test_fixed_3},
	    {"differential: seeds 1501 to 2000", test_fixed_4},
	    {random_name, test_random},
	};
	int option;

	if (argc < 2 || argv[1][0] != '-' || argv[1][1] == 'n')
		option = -1;
	else
		option = getopt(argc, argv, "s:k:c:t:");
	random_seed = (uint64_t)time(NULL) * 1000003u % 1000000000u * 1000 + 10000;
	by_hand.sets = 1;
	by_hand.contexts = CONTEXTS;
	snprintf(random_name, sizeof random_name, "differential: 500 seeds from %llu", (unsigned long long)random_seed);
	if (option == -1)
		return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
	for (; option != -1; option = getopt(argc, argv, "s:k:c:t:")) {
		switch (option) {
		case 's':
			by_hand.seed = strtoull(optarg, NULL, 10);
			break;
		case 'k':
			by_hand.sets = strtoull(optarg, NULL, 10);
			break;
		case 'c':
			by_hand.contexts = strtoull(optarg, NULL, 10);
			break;
		case 't':
			by_hand.seconds = strtol(optarg, NULL, 10);
			break;
		default:
			fprintf(stderr, "usage: %s [-s SEED] [-k SETS] [-c CONTEXTS] [-t SECONDS]\n", argv[0]);
			return 2;
		}
	}
	optind = 1;
	return check_main(2, (char *[]){argv[0], (char[]){"-n"}, NULL}, &hand_case, 1);
}
