#include <string.h>

#include "publisher/context_line.h"
#include "tests/check.h"

static struct quoin_context_line line;

static FILE *
file_of(const char *bytes, size_t len)
{
	FILE *file = tmpfile();

	CHECK(file != NULL && fwrite(bytes, 1, len, file) == len);
	rewind(file);
	return file;
}

static void
reads_lines(void)
{
	static const char text[] = "{\"a\":1}\n\nlast\0one";
	static const struct {
		const char *bytes;
		size_t len;
	} want[] = {{"{\"a\":1}", 7}, {"", 0}, {"last\0one", 8}};
	FILE *file = file_of(text, sizeof text - 1);

	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
		CHECK(quoin_context_line_next(file, &line));
		CHECK_INT(line.len, want[i].len);
		CHECK(memcmp(line.bytes, want[i].bytes, line.len) == 0);
	}
	CHECK(!quoin_context_line_next(file, &line));
	fclose(file);
}

static void
bounds_each_line(void)
{
	static char text[3 * QUOIN_CONTEXT_BYTES_MAX];
	FILE *file;

	memset(text, 'x', sizeof text);
	text[QUOIN_CONTEXT_BYTES_MAX] = '\n'; /* a line of exactly as many bytes as are allowed */
	text[sizeof text - 3] = '\n';
	file = file_of(text, sizeof text);
	CHECK(quoin_context_line_next(file, &line));
	CHECK_INT(line.len, QUOIN_CONTEXT_BYTES_MAX);
	CHECK(quoin_context_line_next(file, &line));
	CHECK_INT(line.len, QUOIN_CONTEXT_BYTES_MAX + 1);
	CHECK(quoin_context_line_next(file, &line));
	CHECK_INT(line.len, 2);
	CHECK(!quoin_context_line_next(file, &line));
	fclose(file);
}

static const struct check_case cases[] = {
    {"context lines are read", reads_lines},
    {"context lines are bounded", bounds_each_line},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
