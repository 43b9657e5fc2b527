#include "lib/clock.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/assert.h"

static int64_t
read_us(clockid_t id)
{
	struct timespec ts;

	QUOIN_ASSERT(clock_gettime(id, &ts) == 0);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
quoin_clock_wall_ms(void)
{
	return read_us(CLOCK_REALTIME) / 1000;
}

int64_t
quoin_clock_boot_ms(void)
{
	return read_us(CLOCK_BOOTTIME) / 1000;
}

int64_t
quoin_clock_mono_ms(void)
{
	return read_us(CLOCK_MONOTONIC) / 1000;
}

void
quoin_boot_id(char out[QUOIN_BOOT_ID_BYTES + 1])
{
	static const char zeros[] = "00000000-0000-0000-0000-000000000000";
	char text[QUOIN_BOOT_ID_BYTES];
	const int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	const ssize_t len = fd == -1 ? -1 : read(fd, text, sizeof text);

	_Static_assert(sizeof zeros == QUOIN_BOOT_ID_BYTES + 1, "an id has the kernel's form");
	if (fd != -1)
		close(fd);
	memcpy(out, len == QUOIN_BOOT_ID_BYTES ? text : zeros, QUOIN_BOOT_ID_BYTES);
	out[QUOIN_BOOT_ID_BYTES] = '\0';
}

static char *
put_digits(char *at, int value, size_t count, char after)
{
	for (size_t i = count; i > 0; i--) {
		at[i - 1] = (char)('0' + value % 10);
		value /= 10;
	}
	at[count] = after;
	return at + count + 1;
}

void
quoin_time_print(int64_t wall_ms, char out[21])
{
	/* The years 0000 to 9999, which have this form. */
	const int64_t first = -62167219200, last = 253402300799;
	int64_t seconds = wall_ms / 1000 - (wall_ms % 1000 < 0);
	struct tm tm = {0};
	time_t when;

	seconds = seconds < first ? first : seconds > last ? last : seconds;
	when = (time_t)seconds;
	QUOIN_ASSERT(gmtime_r(&when, &tm) != NULL);
	out = put_digits(out, tm.tm_year + 1900, 4, '-');
	out = put_digits(out, tm.tm_mon + 1, 2, '-');
	out = put_digits(out, tm.tm_mday, 2, 'T');
	out = put_digits(out, tm.tm_hour, 2, ':');
	out = put_digits(out, tm.tm_min, 2, ':');
	out = put_digits(out, tm.tm_sec, 2, 'Z');
	*out = '\0';
}

bool
quoin_time_of(int year, int month, int day, int hour, int minute, int second, int64_t *ret_wall_ms)
{
	struct tm tm = {
	    .tm_year = year - 1900,
	    .tm_mon = month - 1,
	    .tm_mday = day,
	    .tm_hour = hour,
	    .tm_min = minute,
	    .tm_sec = second,
	};
	struct tm same = tm;
	time_t seconds;

	if (year < 1970 || year > 9999)
		return false;
	seconds = timegm(&same);
	if (same.tm_mon != tm.tm_mon || same.tm_mday != tm.tm_mday || same.tm_hour != tm.tm_hour || same.tm_min != tm.tm_min)
		return false;
	*ret_wall_ms = (int64_t)seconds * 1000;
	return true;
}
