/*
 * Names and values: conditions and contexts draw from the same few, so that they meet.
 */
#include <stdio.h>
#include <string.h>

#include "tests/differential/generate.h"

#define A15  "aaaaaaaaaaaaaaa"
#define A60  A15 A15 A15 A15
#define A255 A60 A60 A60 A60 A15

const char *const generated_objectives[GENERATED_OBJECTIVES] = {"Rank", "a", "Home.Row-2", "_", "Rank2",
    "ObjectiveWithTheLongestNameThatIsAllowedWhichIsSixtyFourBytesLo.", "A", "9"};
const char *const generated_tests[GENERATED_TESTS] = {"12345", "0", "7", "70005", "9007199254740991", "4294967297"};
const char *const generated_callers[GENERATED_CALLERS] = {"qa", "qa2", "", "J\xc3\xbcrgen"};

/* As they stand in JSON. */
static const char *const strings[] = {"US", "DE", "us", "", "FR", "U", "USA", "J\xc3\xbc", "J\\u00fc", "J",
    "\xf0\x9f\x8e\xac", "\xe6\x97\xa5\xe6\x9c\xac", "5", "5.0", "true", "null", "a\\nb", "\\\"\\\\/", " US", "tv-4k",
    "tv-hd", "tv", A255 "x", A255 "y", A255, A60, A60 "b"};
static const char *const numbers[] = {"0", "-0", "0.0", "1", "5", "5.0", "50e-1", "5.5", "-3", "9007199254740992",
    "9007199254740993", "-9007199254740992", "9007199254740994", "1e300", "-1e300", "5e-324", "0.1",
    "0.30000000000000004", "0.3", "1e21", "4294967296", "4294967295.5", "2", "100", "16777217", "16777216",
    "1.7976931348623157e308", "27.999999999999996", "28"};
static const char *const versions[] = {"1.2", "1.2.3", "1.2.3.4", "1.2.3.5", "1", "01.2", "1.2.0", "1.2.0.0", "1.2.3.0",
    "1.02.3", "1.2-beta", "1.2+x.y", "2", "10", "9.4.1", "0", "0.0.0.0", "4294967295", "4294967295.1", "1.10", "1.9",
    "1.1", "1.1.1"};
/* In contexts only: most are no versions. */
static const char *const odd_versions[] = {"1.2.", "x", "4294967296", "1.2.3.4.5", "", "1..2", "-1", ".1", "1.-2", "1 ",
    " 1", "00000000000000000000001.2", "18446744073709551617", "1.2.3.4-", "1.2.3.4.", "1,2", "v1", "1-2.3.4.5.6",
    "1_2", "1.2.3.4+5.6.7"};
static const char *const booleans[] = {"true", "false"};

enum pool {
	STRINGS,
	NUMBERS,
	VERSIONS,
	BOOLEANS,
	UNITS,
	MIXED,
};

static const struct {
	const char *name;
	enum pool pool;
} attributes[] = {{"country", STRINGS}, {"userId", UNITS}, {"age", NUMBERS}, {"app.version", VERSIONS},
    {"kids", BOOLEANS}, {"mixed", MIXED}, {"device-type", STRINGS}, {"accountId", UNITS}, {"_", NUMBERS},
    {"Country", STRINGS}, {"attributeWithTheLongestNameThatIsAllowedWhichIsSixtyFourBytesLon", MIXED},
    {"objectives", VERSIONS}};
#define ATTRIBUTES (sizeof attributes / sizeof attributes[0])

bool
generate_coin(struct dice *dice, uint32_t percent)
{
	return dice_throw(dice, 100) < percent;
}

/* The named ones, then x0, x1, … */
const char *
generated_attribute(uint32_t attribute, char name[24])
{
	if (attribute < ATTRIBUTES)
		return attributes[attribute].name;
	snprintf(name, 24, "x%u", attribute - (uint32_t)ATTRIBUTES);
	return name;
}

/* One of the list, every other time one of its first four: what is asked for should also be there. */
static uint32_t
pick(struct dice *dice, size_t count)
{
	return dice_throw(dice, generate_coin(dice, 50) && count > 4 ? 4 : (uint32_t)count);
}

#define ONE_OF(list) (list)[pick(dice, sizeof(list) / sizeof(list)[0])]

static void
quote(const char *json, struct quoin_buf *out)
{
	quoin_buf_put_byte(out, '"');
	quoin_buf_put_str(out, json);
	quoin_buf_put_byte(out, '"');
}

void
generate_scalar(struct dice *dice, uint32_t attribute, struct quoin_buf *out)
{
	enum pool pool = attribute < ATTRIBUTES ? attributes[attribute].pool : MIXED;

	if (pool == MIXED)
		pool = (enum pool)dice_throw(dice, BOOLEANS + 1);
	switch (pool) {
	case NUMBERS:
		quoin_buf_put_str(out, ONE_OF(numbers));
		break;
	case VERSIONS:
		quote(generate_coin(dice, 75) ? ONE_OF(versions) : ONE_OF(odd_versions), out);
		break;
	case BOOLEANS:
		quoin_buf_put_str(out, ONE_OF(booleans));
		break;
	case UNITS:
		if (generate_coin(dice, 60))
			quoin_buf_printf(out, "\"user-%u\"",
			    dice_throw(dice, generate_coin(dice, 40) ? GENERATED_EDGES : 4000));
		else if (generate_coin(dice, 40))
			quoin_buf_printf(out, "%u", dice_throw(dice, 4000));
		else if (generate_coin(dice, 50))
			quoin_buf_put_str(out, ONE_OF(numbers));
		else
			quote(ONE_OF(strings), out);
		break;
	default:
		quote(ONE_OF(strings), out);
		break;
	}
}

void
generate_string(struct dice *dice, struct quoin_buf *out)
{
	quote(ONE_OF(strings), out);
}

void
generate_number(struct dice *dice, struct quoin_buf *out)
{
	quoin_buf_put_str(out, ONE_OF(numbers));
}

const char *
generate_version(struct dice *dice)
{
	return ONE_OF(versions);
}

const char *
generate_operator(struct dice *dice, uint32_t attribute)
{
	static const char *const names[] = {"in", "notIn", "exists", "gt", "gte", "lt", "lte", "prefix", "version"};
	enum pool pool = attribute < ATTRIBUTES ? attributes[attribute].pool : MIXED;

	if (generate_coin(dice, 20) || pool == MIXED)
		return names[dice_throw(dice, 9)];
	if (generate_coin(dice, 25))
		return names[dice_throw(dice, 3)];
	return pool == NUMBERS ? names[3 + dice_throw(dice, 4)]
	    : pool == VERSIONS ? "version"
	    : pool == STRINGS  ? "prefix"
			       : "in";
}
