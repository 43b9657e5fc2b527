/*
 * Errors: one table of codes, and a caller-owned object for the details.
 *
 * A function that can fail returns 0 or one of the negative codes below and, where it takes a "struct quoin_error *",
 * leaves there what went wrong, where, and what to do about it. The class of a code tells the caller its next move and
 * gives the exit status of the programs (quoin(1) EXIT STATUS).
 */
#ifndef QUOIN_LIB_ERROR_H
#define QUOIN_LIB_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The columns are aligned by hand. */
/* clang-format off */
enum quoin_class {
	QUOIN_CLASS_NONE = 0,	/* success */
	QUOIN_CLASS_SYSTEM,	/* ours or the machine's failure: report it                       exit 1 */
	QUOIN_CLASS_USAGE,	/* the call or the configuration is wrong: fix it                 exit 2 */
	QUOIN_CLASS_DATA,	/* the content is refused: quarantine it, say why                 exit 3 */
	QUOIN_CLASS_TRUST,	/* not trusted: quarantine it and raise the alarm, never retry    exit 4 */
	QUOIN_CLASS_CONFLICT,	/* somebody was first, or a precondition is false                 exit 5 */
	QUOIN_CLASS_RETRY,	/* unreachable or timed out: back off and try again               exit 6 */
};

/*      name           value class     text */
#define QUOIN_ERROR_TABLE(X)                                                                                           \
	X(ESYSTEM,       -1, SYSTEM,   "system failure")                                                               \
	X(ENOMEM,        -2, SYSTEM,   "out of memory")                                                                \
	X(EIO,           -3, SYSTEM,   "input/output error")                                                           \
	X(ENOSPC,        -4, SYSTEM,   "no space left")                                                                \
	X(EMAPFULL,      -5, SYSTEM,   "the store's map is full")                                                      \
	X(EREADERS,      -6, SYSTEM,   "no reader slot")                                                               \
	X(ENOTBUILT,     -7, SYSTEM,   "not built")                                                                    \
	X(EUSAGE,       -10, USAGE,    "wrong use")                                                                    \
	X(ECONFIG,      -11, USAGE,    "wrong configuration")                                                          \
	X(ENOENT,       -12, USAGE,    "no such thing")                                                                \
	X(EPERM,        -13, USAGE,    "wrong owner or mode")                                                          \
	X(ESYNTAX,      -20, DATA,     "malformed")                                                                    \
	X(ELIMIT,       -21, DATA,     "over a limit")                                                                 \
	X(EVERSION,     -22, DATA,     "unknown version")                                                              \
	X(ECORRUPT,     -23, DATA,     "damaged")                                                                      \
	X(EREFUSED,     -24, DATA,     "refused")                                                                      \
	X(EMISSING,     -25, DATA,     "missing content")                                                              \
	X(ESIGNATURE,   -30, TRUST,    "bad or missing signature")                                                     \
	X(EROLE,        -31, TRUST,    "signed by the wrong role")                                                     \
	X(ENAMESPACE,   -32, TRUST,    "for another namespace")                                                        \
	X(EOTHERSYSTEM, -33, TRUST,    "for another system")                                                           \
	X(EREPLAY,      -34, TRUST,    "older than what is held")                                                      \
	X(EFORK,        -35, TRUST,    "two documents with one number")                                                \
	X(EEXPIRED,     -36, TRUST,    "expired")                                                                      \
	X(EKEY,         -37, TRUST,    "unusable key")                                                                 \
	X(EINCARNATION, -38, TRUST,    "topic of another incarnation")                                                 \
	X(ECONFLICT,    -40, CONFLICT, "conflict")                                                                     \
	X(EFENCED,      -41, CONFLICT, "fenced by another writer")                                                     \
	X(EEXISTS,      -42, CONFLICT, "exists already")                                                               \
	X(EUNREACHABLE, -50, RETRY,    "unreachable")                                                                  \
	X(ETIMEOUT,     -51, RETRY,    "timed out")                                                                    \
	X(EAGAIN,       -52, RETRY,    "not now")                                                                      \
	X(EUNKNOWN,     -53, RETRY,    "outcome unknown")
/* clang-format on */

enum {
#define X(name, value, class, text) QUOIN_##name = (value),
	QUOIN_ERROR_TABLE(X)
#undef X
};

/* The class of a code; QUOIN_CLASS_NONE for 0. A value not in the table is QUOIN_CLASS_SYSTEM. */
enum quoin_class quoin_error_class(int code);

/* "ESYNTAX", and the text of the table. Static strings; for a value not in the table those of ESYSTEM. */
const char *quoin_error_name(int code);
const char *quoin_error_text(int code);

/* The exit status that the code's class stands for: 0..6. */
int quoin_error_exit_status(int code);

#define QUOIN_ERROR_MESSAGE_BYTES 512
#define QUOIN_ERROR_FILE_BYTES    256

/*
 * What happened, for people. Plain caller memory, all zero when unused: "struct quoin_error err = {0};".
 * "line" and "column" count from 1; 0 means unknown. "message" says what is wrong and, after "; ", what to do.
 */
struct quoin_error {
	int code;
	int sys_errno; /* errno at the time, or 0 */
	uint32_t line;
	uint32_t column;
	char file[QUOIN_ERROR_FILE_BYTES];
	char message[QUOIN_ERROR_MESSAGE_BYTES];
};

/*
 * Fill "err" (NULL: nothing is kept) and return "code", so that a function can end with
 *	return quoin_error_set(err, QUOIN_ESYNTAX, "the first line is \"%s\"; expected %s", …);
 * A message that does not fit is cut. The place is cleared; sys_errno is 0.
 */
int quoin_error_set(struct quoin_error *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#if defined(__clang_analyzer__) || defined(QUOIN_ANALYZE)
/* What the analyzer cannot see from here: it is the code that comes back, and no code is 0. */
#define quoin_error_set(err, code, ...)                                                                                \
	__extension__({                                                                                                \
		(void)(quoin_error_set)(err, code, __VA_ARGS__);                                                       \
		(code);                                                                                                \
	})
#endif

/* As quoin_error_set, with errno recorded and its text appended: "…: No such file or directory". */
int quoin_error_sys(struct quoin_error *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Give the place. "file" NULL leaves it. Returns err->code (0 when err is NULL). */
int quoin_error_at(struct quoin_error *err, const char *file, uint32_t line, uint32_t column);

/* Put "outer: " before the message, cutting its end if need be. Returns err->code (0 when err is NULL). */
int quoin_error_prefix(struct quoin_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "file:line:column: message" without a newline into "out" (parts that do not apply left out); always terminated.
 * An empty message is replaced by the code's text. */
void quoin_error_print(const struct quoin_error *err, char *out, size_t out_bytes);

#endif
