#include "publisher/wrap.h"

#include "tests/check.h"

static const struct {
	size_t columns;
	const char *text, *wrapped;
} table[] = {
    {0, "a line of any length stays\n", "a line of any length stays\n"},
    {30, "", ""},
    {30, "\n\n", "\n\n"},
    {30, "123456789 123456789 1234567890", "123456789 123456789 1234567890"},
    {30, "123456789 123456789 12345678901\n", "123456789 123456789\n    12345678901\n"},
    {30, "  two blanks, and what follows hangs deeper\nnext\n", "  two blanks, and what follows\n      hangs deeper\nnext\n"},
    {30, "several     blanks are kept    but at the break\n", "several     blanks are kept\n    but at the break\n"},
    {30, "a-word-that-is-longer-than-all-columns stays whole\n", "a-word-that-is-longer-than-all-columns\n    stays whole\n"},
    {30, "123456789 123456789 123456789é\n", "123456789 123456789 123456789é\n"},
    {30, "\033[31m123456789\033[0m 123456789 1234567890\n", "\033[31m123456789\033[0m 123456789 1234567890\n"},
    {30, "trailing blanks                         \n", "trailing blanks\n"},
    /* What is deep has room left all the same. */
    {10, "          deep, and the terminal is narrow\n", "          deep, and the terminal\n              is narrow\n"},
};

static void
test_table(void)
{
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		struct quoin_buf out;

		quoin_buf_init(&out, 1 << 16);
		quoin_wrap(quoin_span_str(table[i].text), table[i].columns, &out);
		CHECK_STR(quoin_buf_str(&out), table[i].wrapped);
		quoin_buf_clear(&out);
	}
}

static const struct {
	size_t rows;
	const char *text, *frame;
} frames[] = {
    {0, "", "\033[?7l\033[H\033[J\033[?7h"},
    {0, "a\nb\n", "\033[?7l\033[Ha\033[K\nb\033[K\n\033[J\033[?7h"},
    {3, "a\nb\n", "\033[?7l\033[Ha\033[K\nb\033[K\n\033[J\033[?7h"},
    {3, "a\n\nc\n", "\033[?7l\033[Ha\033[K\n... and 2 lines more\033[K\n\033[J\033[?7h"},
    {2, "a\nb\n", "\033[?7l\033[H... and 2 lines more\033[K\n\033[J\033[?7h"},
    {1, "a\nb\n", "\033[?7l\033[Ha\033[K\nb\033[K\n\033[J\033[?7h"},
};

static void
test_frames(void)
{
	for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
		struct quoin_buf out;

		quoin_buf_init(&out, 1 << 16);
		quoin_frame(quoin_span_str(frames[i].text), frames[i].rows, &out);
		CHECK_STR(quoin_buf_str(&out), frames[i].frame);
		quoin_buf_clear(&out);
	}
}

static const struct check_case cases[] = {
    {"wrap: lines that are too long", test_table},
    {"wrap: a text in place of another", test_frames},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
