#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "lib/error.h"
#include "tests/check.h"

static void
table(void)
{
	static const struct {
		int code;
		const char *name;
		enum quoin_class class;
		int exit_status;
	} rows[] = {
	    {QUOIN_ESYSTEM, "ESYSTEM", QUOIN_CLASS_SYSTEM, 1},
	    {QUOIN_EPERM, "EPERM", QUOIN_CLASS_USAGE, 2},
	    {QUOIN_ESYNTAX, "ESYNTAX", QUOIN_CLASS_DATA, 3},
	    {QUOIN_EINCARNATION, "EINCARNATION", QUOIN_CLASS_TRUST, 4},
	    {QUOIN_EFENCED, "EFENCED", QUOIN_CLASS_CONFLICT, 5},
	    {QUOIN_EUNKNOWN, "EUNKNOWN", QUOIN_CLASS_RETRY, 6},
	    {-9999, "ESYSTEM", QUOIN_CLASS_SYSTEM, 1},
	    {7, "ESYSTEM", QUOIN_CLASS_SYSTEM, 1},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK_STR(quoin_error_name(rows[i].code), rows[i].name);
		CHECK_INT(quoin_error_class(rows[i].code), rows[i].class);
		CHECK_INT(quoin_error_exit_status(rows[i].code), rows[i].exit_status);
		CHECK(quoin_error_text(rows[i].code)[0] != '\0');
	}
	CHECK_INT(quoin_error_class(0), QUOIN_CLASS_NONE);
	CHECK_INT(quoin_error_exit_status(0), 0);
}

/* Every code is negative and there once: a switch over codes relies on it. */
static void
codes_are_distinct(void)
{
	static const int codes[] = {
#define X(name, value, class, text) QUOIN_##name,
	    QUOIN_ERROR_TABLE(X)
#undef X
	};
	const size_t count = sizeof codes / sizeof codes[0];

	for (size_t i = 0; i < count; i++) {
		CHECK(codes[i] < 0);
		for (size_t j = 0; j < i; j++)
			CHECK(codes[i] != codes[j] &&
			    strcmp(quoin_error_name(codes[i]), quoin_error_name(codes[j])) != 0);
	}
}

static void
set(void)
{
	struct quoin_error err = {.sys_errno = 5, .line = 3, .column = 4, .file = "old"};

	CHECK_INT(quoin_error_set(&err, QUOIN_ELIMIT, "%d is too many", 7), QUOIN_ELIMIT);
	CHECK_INT(err.code, QUOIN_ELIMIT);
	CHECK_STR(err.message, "7 is too many");
	CHECK_INT(err.sys_errno, 0);
	CHECK_INT(err.line, 0);
	CHECK_INT(err.column, 0);
	CHECK_STR(err.file, "");
	/* Its own message as an argument. */
	quoin_error_set(&err, QUOIN_EIO, "twice: %s", err.message);
	CHECK_STR(err.message, "twice: 7 is too many");
}

static void
sys(void)
{
	struct quoin_error err = {0};

	errno = ENOENT;
	CHECK_INT(quoin_error_sys(&err, QUOIN_ENOENT, "cannot open %s", "x"), QUOIN_ENOENT);
	CHECK_STR(err.message, "cannot open x: No such file or directory");
	CHECK_INT(err.sys_errno, ENOENT);
	errno = 99999;
	quoin_error_sys(&err, QUOIN_EIO, "x");
	CHECK_STR(err.message, "x: errno 99999");
}

static void
nowhere(void)
{
	CHECK_INT(quoin_error_set(NULL, QUOIN_EIO, "x"), QUOIN_EIO);
	CHECK_INT(quoin_error_sys(NULL, QUOIN_EIO, "x"), QUOIN_EIO);
	CHECK_INT(quoin_error_at(NULL, "f", 1, 1), 0);
	CHECK_INT(quoin_error_prefix(NULL, "x"), 0);
}

static void
place_and_print(void)
{
	struct quoin_error err = {0};
	char out[1024], tiny[8];

	quoin_error_set(&err, QUOIN_ESYNTAX, "wrong");
	quoin_error_print(&err, out, sizeof out);
	CHECK_STR(out, "wrong");
	CHECK_INT(quoin_error_at(&err, NULL, 3, 0), QUOIN_ESYNTAX);
	quoin_error_print(&err, out, sizeof out);
	CHECK_STR(out, "3: wrong");
	quoin_error_at(&err, "a.json", 3, 14);
	quoin_error_at(&err, NULL, 3, 15);
	quoin_error_print(&err, out, sizeof out);
	CHECK_STR(out, "a.json:3:15: wrong");
	quoin_error_print(&err, tiny, sizeof tiny);
	CHECK_STR(tiny, "a.json:");
	quoin_error_at(&err, "a.json", 0, 0);
	err.message[0] = '\0';
	quoin_error_print(&err, out, sizeof out);
	CHECK_STR(out, "a.json: malformed");
}

static void
prefix(void)
{
	struct quoin_error err = {0};

	quoin_error_set(&err, QUOIN_EIO, "inner");
	quoin_error_at(&err, "f", 1, 2);
	CHECK_INT(quoin_error_prefix(&err, "part %s", "rules"), QUOIN_EIO);
	CHECK_STR(err.message, "part rules: inner");
	CHECK_STR(err.file, "f");
	CHECK_INT(err.line, 1);
	err.message[0] = '\0';
	quoin_error_prefix(&err, "x");
	CHECK_STR(err.message, "x: input/output error");
}

static void
long_messages_are_cut(void)
{
	struct quoin_error err = {0};
	char text[2000];

	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	quoin_error_set(&err, QUOIN_EIO, "%s", text);
	CHECK_INT(strlen(err.message), QUOIN_ERROR_MESSAGE_BYTES - 1);
	quoin_error_prefix(&err, "outer");
	CHECK_INT(strlen(err.message), QUOIN_ERROR_MESSAGE_BYTES - 1);
	CHECK(strncmp(err.message, "outer: aaa", 10) == 0);
	quoin_error_prefix(&err, "%s", text);
	CHECK_INT(strlen(err.message), QUOIN_ERROR_MESSAGE_BYTES - 1);
	errno = EIO;
	quoin_error_sys(&err, QUOIN_EIO, "%s", text);
	CHECK_INT(strlen(err.message), QUOIN_ERROR_MESSAGE_BYTES - 1);
	quoin_error_at(&err, text, 1, 1);
	CHECK_INT(strlen(err.file), QUOIN_ERROR_FILE_BYTES - 1);
}

static const struct check_case cases[] = {
    {"error/table", table},
    {"error/codes-are-distinct", codes_are_distinct},
    {"error/set", set},
    {"error/sys", sys},
    {"error/nowhere", nowhere},
    {"error/place-and-print", place_and_print},
    {"error/prefix", prefix},
    {"error/long-messages-are-cut", long_messages_are_cut},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
