#include "lib/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "lib/clock.h"

#define LINE_BYTES_MAX	2048
#define REPEAT_EVERY_MS 10000

static const char *const level_names[] = {"error", "warn", "info", "debug"};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static enum quoin_log_level level_max = QUOIN_LOG_INFO;
static struct {
	char line[LINE_BYTES_MAX]; /* the last one, without its time */
	uint64_t count;		   /* how often it came again since that was last told */
	int64_t told_ms;
} last;

void
quoin_log_level_set(enum quoin_log_level level)
{
	pthread_mutex_lock(&mutex);
	level_max = level;
	pthread_mutex_unlock(&mutex);
}

/* One write per line, so that lines of several processes on one descriptor do not mix. */
static void
emit(const char *line)
{
	char text[LINE_BYTES_MAX + 64], when[21];
	const int64_t wall_ms = quoin_clock_wall_ms();
	int len;

	quoin_time_print(wall_ms, when);
	len = snprintf(text, sizeof text, "ts=%.19s.%03dZ %s\n", when, (int)(wall_ms % 1000 + 1000) % 1000, line);
	for (int i = 0; i < len - 1; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = '?';
	if (write(STDERR_FILENO, text, (size_t)len) != len)
		return; /* there is nowhere to say it */
}

static void
tell_repeats(int64_t now_ms)
{
	char text[96];

	if (last.count != 0) {
		snprintf(text, sizeof text, "level=info event=repeated count=%llu", (unsigned long long)last.count);
		emit(text);
	}
	last.count = 0;
	last.told_ms = now_ms;
}

static void
put_line(const char *line)
{
	const int64_t now_ms = quoin_clock_mono_ms();

	if (strcmp(line, last.line) == 0) {
		last.count++;
		if (now_ms - last.told_ms >= REPEAT_EVERY_MS)
			tell_repeats(now_ms);
		return;
	}
	tell_repeats(now_ms);
	snprintf(last.line, sizeof last.line, "%s", line);
	emit(line);
}

static void log_pairs(enum quoin_log_level level, const char *event, const char *tail, const char *fmt, va_list ap)
    __attribute__((format(printf, 4, 0)));

static void
log_pairs(enum quoin_log_level level, const char *event, const char *tail, const char *fmt, va_list ap)
{
	char line[LINE_BYTES_MAX];
	size_t len;

	pthread_mutex_lock(&mutex);
	if (level > level_max)
		goto out;
	len = (size_t)snprintf(line, sizeof line, "level=%s event=%.64s", level_names[level], event);
	if (fmt != NULL) {
		line[len++] = ' ';
		/* Room is kept for the tail: what went wrong matters more than the last pairs. */
		vsnprintf(line + len, sizeof line - len - strlen(tail), fmt, ap);
		len += strlen(line + len);
	}
	snprintf(line + len, sizeof line - len, "%s", tail);
	put_line(line);
out:
	pthread_mutex_unlock(&mutex);
}

void
quoin_log(enum quoin_log_level level, const char *event, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_pairs(level, event, "", fmt, ap);
	va_end(ap);
}

void
quoin_log_error(enum quoin_log_level level, const char *event, const struct quoin_error *err, const char *fmt, ...)
{
	char text[QUOIN_ERROR_FILE_BYTES + QUOIN_ERROR_MESSAGE_BYTES + 32], quoted[2 * sizeof text],
	    tail[LINE_BYTES_MAX - 256];
	va_list ap;

	quoin_error_print(err, text, sizeof text);
	quoin_log_quote(text, quoted, sizeof quoted);
	snprintf(tail, sizeof tail, " code=%s reason=%s", quoin_error_name(err->code), quoted);
	va_start(ap, fmt);
	log_pairs(level, event, tail, fmt, ap);
	va_end(ap);
}

void
quoin_log_setting(void *ctx, const char *key, bool is_taken)
{
	(void)ctx;
	quoin_log(is_taken ? QUOIN_LOG_INFO : QUOIN_LOG_WARN, is_taken ? "changed" : "needs-restart", "key=%s", key);
}

const char *
quoin_log_quote(const char *value, char *out, size_t out_bytes)
{
	size_t len = 0;

	if (out_bytes < 3) {
		if (out_bytes > 0)
			out[0] = '\0';
		return out;
	}
	out[len++] = '"';
	for (; *value != '\0'; value++) {
		const bool is_escaped = *value == '"' || *value == '\\';

		/* The closing quote and the NUL always fit. */
		if (len + is_escaped + 1 + 2 > out_bytes)
			break;
		if (is_escaped)
			out[len++] = '\\';
		out[len++] = *value;
	}
	out[len++] = '"';
	out[len] = '\0';
	return out;
}
