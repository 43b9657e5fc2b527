#include <string.h>

#include "lib/clock.h"
#include "tests/check.h"

static void
time_print(void)
{
	static const struct {
		int64_t wall_ms;
		const char *text;
	} rows[] = {
	    {0, "1970-01-01T00:00:00Z"},
	    {999, "1970-01-01T00:00:00Z"},
	    {-1, "1969-12-31T23:59:59Z"},
	    {-1000, "1969-12-31T23:59:59Z"},
	    {1795675784123, "2026-11-26T06:49:44Z"},
	    {951782400000, "2000-02-29T00:00:00Z"},
	    {-62167219200000, "0000-01-01T00:00:00Z"},
	    {253402300799999, "9999-12-31T23:59:59Z"},
	    {INT64_MAX, "9999-12-31T23:59:59Z"},
	    {INT64_MIN, "0000-01-01T00:00:00Z"},
	};
	char out[21];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		quoin_time_print(rows[i].wall_ms, out);
		CHECK_STR(out, rows[i].text);
	}
}

static void
clocks(void)
{
	const int64_t before_ms = quoin_clock_mono_ms();

	CHECK(quoin_clock_wall_ms() > 1700000000000);
	CHECK(quoin_clock_mono_ms() >= before_ms);
	CHECK(quoin_clock_boot_ms() >= before_ms);
}

static void
boot_id(void)
{
	char id[QUOIN_BOOT_ID_BYTES + 1], again[QUOIN_BOOT_ID_BYTES + 1];

	memset(id, 'x', sizeof id);
	quoin_boot_id(id);
	CHECK_INT(strlen(id), QUOIN_BOOT_ID_BYTES);
	CHECK(strspn(id, "0123456789abcdef-") == QUOIN_BOOT_ID_BYTES);
	quoin_boot_id(again);
	CHECK_STR(again, id);
}

static const struct check_case cases[] = {
    {"clock/time-print", time_print},
    {"clock/clocks", clocks},
    {"clock/boot-id", boot_id},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
