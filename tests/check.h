/*
 * The test harness. A test program lists its cases in one table and ends with
 *
 *	int
 *	main(int argc, char **argv)
 *	{
 *		return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
 *	}
 *
 * Every case runs in a child process of its own, so that a crash or an endless loop (240 s) fails that case alone.
 * Output, one line per case, read by tests/run and equally printed by the shell tests:
 *
 *	ok NAME
 *	not ok NAME: FILE:LINE: what was expected
 *	skip NAME: why
 *
 * Arguments: substrings of the names to run; -n runs the cases in this process (for a debugger); -t SECONDS changes
 * the time limit.
 */
#ifndef QUOIN_TESTS_CHECK_H
#define QUOIN_TESTS_CHECK_H

#include <stddef.h>
#include <stdint.h>

struct check_case {
	const char *name;
	void (*run)(void);
};

int check_main(int argc, char **argv, const struct check_case *cases, size_t count);

/* End the running case. check_fail prints the reason as a printf format. */
_Noreturn void check_fail(const char *file, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
_Noreturn void check_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Skip for want of a package or a registry; continuous integration has them, so with QUOIN_CI=1 the case fails. */
_Noreturn void check_missing(const char *what);

/* A directory made for the running case, removed after it. The string is the harness's. */
const char *check_dir(void);

#define CHECK(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			check_fail(__FILE__, __LINE__, "%s", #condition);                                              \
	} while (0)

/* Integers of any type up to 64 bits. */
#define CHECK_INT(have, want)                                                                                          \
	do {                                                                                                           \
		long long check_have_ = (long long)(have), check_want_ = (long long)(want);                            \
		if (check_have_ != check_want_)                                                                        \
			check_fail(__FILE__, __LINE__, "%s is %lld, expected %lld", #have, check_have_, check_want_);  \
	} while (0)

/* NUL-terminated strings; NULL equals only NULL. */
#define CHECK_STR(have, want) check_str(__FILE__, __LINE__, #have, have, want)
/* "text" contains "part". */
#define CHECK_CONTAINS(text, part) check_contains(__FILE__, __LINE__, #text, text, part)
/* "have_bytes" bytes equal to "want_bytes" bytes. */
#define CHECK_MEM(have, have_bytes, want, want_bytes)                                                                  \
	check_mem(__FILE__, __LINE__, #have, have, have_bytes, want, want_bytes)

void check_str(const char *file, int line, const char *what, const char *have, const char *want);
void check_contains(const char *file, int line, const char *what, const char *text, const char *part);
void check_mem(const char *file, int line, const char *what, const void *have, size_t have_bytes, const void *want,
    size_t want_bytes);

#endif
