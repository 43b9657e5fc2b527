#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "lib/file.h"
#include "lib/log.h"
#include "tests/check.h"

static char captured[65536];

static void
capture(void)
{
	char path[256];
	int fd;

	snprintf(path, sizeof path, "%s/log", check_dir());
	fd = open(path, O_RDWR | O_CREAT | O_APPEND, 0600);
	CHECK(fd != -1 && dup2(fd, STDERR_FILENO) == STDERR_FILENO);
	close(fd);
}

/* What was logged since capture(), each line without its time, which is checked for its form. */
static const char *
lines(void)
{
	char path[256], line[4096];
	FILE *file;
	size_t len = 0;

	snprintf(path, sizeof path, "%s/log", check_dir());
	file = fopen(path, "r");
	CHECK(file != NULL);
	captured[0] = '\0';
	while (fgets(line, sizeof line, file) != NULL) {
		int year, month, day, hour, minute, second, ms, end = 0;

		CHECK(sscanf(line, "ts=%4d-%2d-%2dT%2d:%2d:%2d.%3dZ %n", &year, &month, &day, &hour, &minute, &second,
			  &ms, &end) == 7);
		CHECK_INT(end, strlen("ts=2026-11-26T06:49:44.123Z "));
		CHECK(len + strlen(line) < sizeof captured);
		len += (size_t)snprintf(captured + len, sizeof captured - len, "%s", line + end);
	}
	fclose(file);
	return captured;
}

static void
pairs(void)
{
	capture();
	quoin_log(QUOIN_LOG_INFO, "started", NULL);
	quoin_log(QUOIN_LOG_WARN, "rejected", "release=%d bytes=%zu", 7, (size_t)12);
	quoin_log(QUOIN_LOG_ERROR, "x", "a=1");
	CHECK_STR(lines(),
	    "level=info event=started\n"
	    "level=warn event=rejected release=7 bytes=12\n"
	    "level=error event=x a=1\n");
}

static void
levels(void)
{
	capture();
	quoin_log(QUOIN_LOG_DEBUG, "a", NULL);
	quoin_log_level_set(QUOIN_LOG_DEBUG);
	quoin_log(QUOIN_LOG_DEBUG, "b", NULL);
	quoin_log_level_set(QUOIN_LOG_ERROR);
	quoin_log(QUOIN_LOG_WARN, "c", NULL);
	quoin_log(QUOIN_LOG_ERROR, "d", NULL);
	CHECK_STR(lines(), "level=debug event=b\nlevel=error event=d\n");
}

static void
errors(void)
{
	struct quoin_error err = {0};

	capture();
	quoin_error_set(&err, QUOIN_ESIGNATURE, "bad \"sig\\nature\"");
	quoin_log_error(QUOIN_LOG_WARN, "rejected", &err, "release=%d", 7);
	quoin_error_at(&err, "a.json", 3, 4);
	quoin_log_error(QUOIN_LOG_WARN, "rejected", &err, NULL);
	CHECK_STR(lines(),
	    "level=warn event=rejected release=7 code=ESIGNATURE reason=\"bad \\\"sig\\\\nature\\\"\"\n"
	    "level=warn event=rejected code=ESIGNATURE reason=\"a.json:3:4: bad \\\"sig\\\\nature\\\"\"\n");
}

static void
control_characters(void)
{
	capture();
	quoin_log(QUOIN_LOG_INFO, "x", "a=%s", "1\nts=forged\x1b[2J\x7f\t");
	CHECK_STR(lines(), "level=info event=x a=1?ts=forged?[2J??\n");
}

static void
repeats(void)
{
	capture();
	for (int i = 0; i < 5; i++)
		quoin_log(QUOIN_LOG_INFO, "same", NULL);
	quoin_log(QUOIN_LOG_INFO, "other", NULL);
	quoin_log(QUOIN_LOG_INFO, "same", NULL);
	CHECK_STR(lines(),
	    "level=info event=same\n"
	    "level=info event=repeated count=4\n"
	    "level=info event=other\n"
	    "level=info event=same\n");
}

/* A line too long is cut, but what went wrong stays. */
static void
long_lines(void)
{
	static char text[10000];
	struct quoin_error err = {0};

	capture();
	memset(text, 'a', sizeof text - 1);
	quoin_log(QUOIN_LOG_INFO, "x", "a=%s", text);
	CHECK(strlen(lines()) < 2200);
	quoin_error_set(&err, QUOIN_EIO, "why");
	quoin_log_error(QUOIN_LOG_INFO, "y", &err, "a=%s", text);
	CHECK_CONTAINS(lines(), "aaa code=EIO reason=\"why\"\n");
	memset(err.message, '"', sizeof err.message - 1);
	memset(err.file, '\\', sizeof err.file - 1);
	quoin_log_error(QUOIN_LOG_INFO, text, &err, "a=%s", text);
	CHECK_CONTAINS(lines(), "\\\"\"\n");
}

static void
quote(void)
{
	char out[8];

	CHECK_STR(quoin_log_quote("a b", out, sizeof out), "\"a b\"");
	CHECK_STR(quoin_log_quote("\"\\", out, sizeof out), "\"\\\"\\\\\"");
	CHECK_STR(quoin_log_quote("12345", out, sizeof out), "\"12345\"");
	CHECK_STR(quoin_log_quote("123456", out, sizeof out), "\"12345\"");
	CHECK_STR(quoin_log_quote("1234\"", out, sizeof out), "\"1234\"");
	CHECK_STR(quoin_log_quote("", out, sizeof out), "\"\"");
	CHECK_STR(quoin_log_quote("a", out, 3), "\"\"");
	CHECK_STR(quoin_log_quote("a", out, 2), "");
	out[0] = 'x';
	quoin_log_quote("a", out, 0);
	CHECK_INT(out[0], 'x');
}

static void *
log_some(void *arg)
{
	for (int i = 0; i < 100; i++)
		quoin_log(QUOIN_LOG_INFO, "thread", "name=%s i=%d", (const char *)arg, i);
	return NULL;
}

static void
threads(void)
{
	static char names[4][2] = {"a", "b", "c", "d"};
	pthread_t ids[4];
	size_t count = 0;

	capture();
	for (size_t i = 0; i < 4; i++)
		CHECK_INT(pthread_create(&ids[i], NULL, log_some, names[i]), 0);
	for (size_t i = 0; i < 4; i++)
		CHECK_INT(pthread_join(ids[i], NULL), 0);
	for (const char *at = lines(); (at = strchr(at, '\n')) != NULL; at++)
		count++;
	CHECK_INT(count, 400);
}

static const struct check_case cases[] = {
    {"log/pairs", pairs},
    {"log/levels", levels},
    {"log/errors", errors},
    {"log/control-characters", control_characters},
    {"log/repeats", repeats},
    {"log/long-lines", long_lines},
    {"log/quote", quote},
    {"log/threads", threads},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
