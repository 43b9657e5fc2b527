/*
 * The log of the daemons: one logfmt line per outcome on stderr.
 *
 *	ts=2026-11-26T06:49:44.123Z level=warn event=rejected release=7 code=ESIGNATURE reason="bad signature"
 *
 * Only shells log; lib, formats and the cores never do. A line equal to the last one but for its time is counted
 * instead, and the count told at most every ten seconds while it goes on, and before the next other line:
 *
 *	ts=… level=info event=repeated count=4
 *
 * A line is at most 2,047 bytes and one write(2). Thread-safe.
 */
#ifndef QUOIN_LIB_LOG_H
#define QUOIN_LIB_LOG_H

#include <stdbool.h>

#include "lib/error.h"

enum quoin_log_level {
	QUOIN_LOG_ERROR,
	QUOIN_LOG_WARN,
	QUOIN_LOG_INFO,
	QUOIN_LOG_DEBUG,
};

/* Lines above this level are dropped; the default is INFO. */
void quoin_log_level_set(enum quoin_log_level level);

/* "event" is one word; "fmt" (may be NULL) gives ready-made pairs, "release=%llu bytes=%zu". Values that come from
 * outside go through quoin_log_quote first. Control characters in the finished line are replaced by '?'. */
void quoin_log(enum quoin_log_level level, const char *event, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with code=… and reason="…" of an error after the pairs. */
void quoin_log_error(enum quoin_log_level level, const char *event, const struct quoin_error *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* A setting that was read anew: event=changed if the program took it, event=needs-restart (a warning) if not. "ctx" is not
 * looked at; it makes this fit where a callback is asked for. */
void quoin_log_setting(void *ctx, const char *key, bool is_taken);

/* A value in double quotes with '"' and '\' escaped, cut to fit; always terminated. Returns "out". */
const char *quoin_log_quote(const char *value, char *out, size_t out_bytes);

#endif
