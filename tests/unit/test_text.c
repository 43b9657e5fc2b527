#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "lib/text.h"
#include "tests/check.h"

static void
hex(void)
{
	const uint8_t data[] = {0x00, 0x0f, 0xa5, 0xff};
	static const char *const bad[] = {"000fa5f", "000fa5ff0", "000fa5ff00", "000fA5ff", "000fa5fg", "000fa5 f", ""};
	char text[9];
	uint8_t back[4];

	quoin_hex_print(data, sizeof data, text);
	CHECK_STR(text, "000fa5ff");
	CHECK(quoin_hex_parse(quoin_span_str(text), back, sizeof back));
	CHECK_MEM(back, sizeof back, data, sizeof data);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK(!quoin_hex_parse(quoin_span_str(bad[i]), back, sizeof back));
	quoin_hex_print(NULL, 0, text);
	CHECK_STR(text, "");
	CHECK(quoin_hex_parse(quoin_span_of(NULL, 0), back, 0));
	CHECK(!quoin_hex_parse(quoin_span_str("00"), back, SIZE_MAX / 2 + 2));
}

static void
base64(void)
{
	/* RFC 4648 section 10. */
	static const struct {
		const char *plain, *text;
	} rows[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
	    {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "+//+"}};
	char text[16];
	uint8_t back[8];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const size_t len = strlen(rows[i].plain);

		CHECK_INT(quoin_base64_bytes(len), strlen(rows[i].text));
		quoin_base64_print((const uint8_t *)rows[i].plain, len, text);
		CHECK_STR(text, rows[i].text);
		CHECK(quoin_base64_parse(quoin_span_str(text), back, len));
		CHECK_MEM(back, len, rows[i].plain, len);
	}
}

/* Of all texts of four characters, exactly one spells each content. */
static void
base64_is_canonical(void)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=- \n";
	static const struct {
		const char *text;
		size_t len;
	} bad[] = {{"Zg==", 2}, {"Zg==", 0}, {"Zm8=", 1}, {"Zg", 1}, {"Zg=", 1}, {"Zg===", 1}, {"Z===", 1}, {"====", 1},
	    {"Zm=v", 3}, {"Zm9v\n", 3}, {"Zm9-", 3}, {"Zm9v", 4}, {"Zm9vZm9v", 3}};
	size_t found = 0;
	uint8_t back[8];

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK(!quoin_base64_parse(quoin_span_str(bad[i].text), back, bad[i].len));
	for (const char *a = digits; *a != '\0'; a++)
		for (const char *b = digits; *b != '\0'; b++) {
			const char text[4] = {*a, *b, '=', '='};

			if (quoin_base64_parse(quoin_span_of(text, 4), back, 1)) {
				char again[5];

				found++;
				quoin_base64_print(back, 1, again);
				CHECK_MEM(again, 4, text, 4);
			}
		}
	CHECK_INT(found, 256);
}

static void
unsigned_numbers(void)
{
	static const struct {
		const char *text;
		bool is_good;
		uint64_t value;
	} rows[] = {
	    {"0", true, 0},
	    {"7", true, 7},
	    {"10", true, 10},
	    {"18446744073709551615", true, UINT64_MAX},
	    {"18446744073709551616", false, 0},
	    {"18446744073709551620", false, 0},
	    {"99999999999999999999", false, 0},
	    {"184467440737095516150", false, 0},
	    {"", false, 0},
	    {"00", false, 0},
	    {"01", false, 0},
	    {"-1", false, 0},
	    {"+1", false, 0},
	    {" 1", false, 0},
	    {"1 ", false, 0},
	    {"1a", false, 0},
	    {"0x1", false, 0},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint64_t value = 77;

		CHECK_INT(quoin_u64_parse(quoin_span_str(rows[i].text), &value), rows[i].is_good);
		CHECK(value == (rows[i].is_good ? rows[i].value : 77));
	}
	CHECK(!quoin_u64_parse(quoin_span_of("1\0", 2), &(uint64_t){0}));
}

static void
signed_numbers(void)
{
	static const struct {
		const char *text;
		bool is_good;
		int64_t value;
	} rows[] = {
	    {"0", true, 0},
	    {"-1", true, -1},
	    {"9223372036854775807", true, INT64_MAX},
	    {"-9223372036854775808", true, INT64_MIN},
	    {"9223372036854775808", false, 0},
	    {"-9223372036854775809", false, 0},
	    {"-0", false, 0},
	    {"-", false, 0},
	    {"--1", false, 0},
	    {"-01", false, 0},
	    {"", false, 0},
	    {"+1", false, 0},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int64_t value = 77;

		CHECK_INT(quoin_i64_parse(quoin_span_str(rows[i].text), &value), rows[i].is_good);
		CHECK_INT(value, rows[i].is_good ? rows[i].value : 77);
	}
}

static void
names(void)
{
	static const struct {
		const char *text;
		bool is_name, is_rule, is_attribute;
	} rows[] = {
	    {"a", true, true, true},
	    {"A.b_c-9", true, true, true},
	    {"9a", true, true, false},
	    {"_a", true, true, true},
	    {".a", true, true, false},
	    {"-a", true, true, false},
	    {"a#1", false, true, false},
	    {"", false, false, false},
	    {"a b", false, false, false},
	    {"a/b", false, false, false},
	    {"a@1", false, false, false},
	    {"\xc3\xa9", false, false, false},
	    {"[a", false, false, false},
	    {"a`", false, false, false},
	};
	char text[66];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct quoin_span span = quoin_span_str(rows[i].text);

		CHECK_INT(quoin_name_is_valid(span), rows[i].is_name);
		CHECK_INT(quoin_rule_name_is_valid(span), rows[i].is_rule);
		CHECK_INT(quoin_attribute_is_valid(span), rows[i].is_attribute);
	}
	memset(text, 'a', sizeof text);
	CHECK(quoin_name_is_valid(quoin_span_of(text, 64)));
	CHECK(!quoin_name_is_valid(quoin_span_of(text, 65)));
	CHECK(quoin_attribute_is_valid(quoin_span_of(text, 64)));
	CHECK(!quoin_attribute_is_valid(quoin_span_of(text, 65)));
	CHECK(!quoin_name_is_valid(quoin_span_of("a\0", 2)));
}

static void
utf8(void)
{
	static const struct {
		const char *text;
		size_t first; /* bytes of the first character, 0 if malformed */
	} rows[] = {
	    {"a", 1},
	    {"\x7f", 1},
	    {"\xc2\x80", 2},
	    {"\xdf\xbf", 2},
	    {"\xe0\xa0\x80", 3},
	    {"\xed\x9f\xbf", 3},
	    {"\xee\x80\x80", 3},
	    {"\xef\xbf\xbf", 3},
	    {"\xf0\x90\x80\x80", 4},
	    {"\xf4\x8f\xbf\xbf", 4},
	    {"\x80", 0},
	    {"\xbf", 0},
	    {"\xc0\x80", 0},
	    {"\xc1\xbf", 0},
	    {"\xe0\x9f\xbf", 0},
	    {"\xed\xa0\x80", 0},
	    {"\xed\xbf\xbf", 0},
	    {"\xf0\x8f\xbf\xbf", 0},
	    {"\xf4\x90\x80\x80", 0},
	    {"\xf5\x80\x80\x80", 0},
	    {"\xff", 0},
	    {"\xc2", 0},
	    {"\xe2\x82", 0},
	    {"\xf0\x9f\x98", 0},
	    {"\xc2\x41", 0},
	    {"\xe2\x82\x41", 0},
	    {"\xf0\x9f\x98\x41", 0},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK_INT(quoin_utf8_bytes(quoin_span_str(rows[i].text)), rows[i].first);
		CHECK_INT(quoin_utf8_is_valid(quoin_span_str(rows[i].text)), rows[i].first != 0);
	}
	CHECK(quoin_utf8_is_valid(quoin_span_str("")));
	CHECK_INT(quoin_utf8_bytes(quoin_span_of(NULL, 0)), 0);
	CHECK(quoin_utf8_is_valid(quoin_span_of("a\0\xc3\xa9", 4)));
	CHECK(!quoin_utf8_is_valid(quoin_span_str("ok\xc3")));
}

/* Every code point's encoding, and nothing else of three bytes. */
static void
utf8_exhausted(void)
{
	size_t found = 0;

	for (unsigned lead = 0xe0; lead < 0xf0; lead++)
		for (unsigned a = 0; a < 256; a++)
			for (unsigned b = 0; b < 256; b++) {
				const uint8_t text[3] = {(uint8_t)lead, (uint8_t)a, (uint8_t)b};

				found += quoin_utf8_bytes(quoin_span_of(text, 3)) == 3;
			}
	CHECK_INT(found, 0x10000 - 0x800 - 0x800);
}

static void
words(void)
{
	static const struct {
		struct quoin_span plain;
		const char *word;
	} rows[] = {
	    {{(const uint8_t *)"", 0}, "-"},
	    {{(const uint8_t *)"-", 1}, "%2D"},
	    {{(const uint8_t *)"--", 2}, "--"},
	    {{(const uint8_t *)"a-b", 3}, "a-b"},
	    {{(const uint8_t *)"a b", 3}, "a%20b"},
	    {{(const uint8_t *)"100%", 4}, "100%25"},
	    {{(const uint8_t *)"\0\n\xff", 3}, "%00%0A%FF"},
	    {{(const uint8_t *)"!~\x7f", 3}, "!~%7F"},
	};
	static const char *const bad[] = {"", "a b", "%", "%2", "%2d", "%41", "%2D%2D", "a%2D", "%0a", "%GG", "a%",
	    "a%4", "\xc3\xa9", "a\n", "%21", "%7E"};
	struct quoin_buf out;

	quoin_buf_init(&out, 100);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		quoin_buf_reset(&out);
		CHECK_INT(quoin_word_print(rows[i].plain, &out), 0);
		CHECK_STR(quoin_buf_str(&out), rows[i].word);
		quoin_buf_reset(&out);
		CHECK_INT(quoin_word_parse(quoin_span_str(rows[i].word), &out), 0);
		CHECK_MEM(out.data, out.len, rows[i].plain.data, rows[i].plain.len);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		quoin_buf_reset(&out);
		quoin_buf_put_str(&out, "kept");
		CHECK_INT(quoin_word_parse(quoin_span_str(bad[i]), &out), QUOIN_ESYNTAX);
		CHECK_STR(quoin_buf_str(&out), "kept");
	}
	quoin_buf_clear(&out);
	quoin_buf_init(&out, 2);
	CHECK_INT(quoin_word_parse(quoin_span_str("abc"), &out), QUOIN_ELIMIT);
	quoin_buf_reset(&out);
	CHECK_INT(quoin_word_print(quoin_span_str(" "), &out), QUOIN_ELIMIT);
	quoin_buf_clear(&out);
}

/* Whatever of up to two bytes the parser accepts, the printer would have written. */
static void
words_have_one_spelling(void)
{
	struct quoin_buf plain, again;
	size_t found = 0;

	quoin_buf_init(&plain, 16);
	quoin_buf_init(&again, 16);
	for (unsigned n = 0; n < 65536; n++) {
		static const char digits[] = "0123456789ABCDEFabcdef%-!~ ";
		const size_t kinds = sizeof digits - 1;
		const char word[3] = {n & 1 ? '%' : 'x', digits[n / 2 % kinds], digits[n / 2 / kinds % kinds]};

		quoin_buf_reset(&plain);
		quoin_buf_reset(&again);
		if (quoin_word_parse(quoin_span_of(word, 3), &plain) != 0)
			continue;
		found++;
		CHECK_INT(quoin_word_print(quoin_buf_span(&plain), &again), 0);
		CHECK_MEM(again.data, again.len, word, 3);
	}
	CHECK(found > 1000);
	quoin_buf_clear(&plain);
	quoin_buf_clear(&again);
}

static void
printable(void)
{
	char out[8];

	quoin_printable_copy(quoin_span_str("a\n\x80~ "), out, sizeof out);
	CHECK_STR(out, "a??~ ");
	quoin_printable_copy(quoin_span_str("12345678"), out, sizeof out);
	CHECK_STR(out, "1234567");
	quoin_printable_copy(quoin_span_of("a\0b", 3), out, sizeof out);
	CHECK_STR(out, "a?b");
	quoin_printable_copy(quoin_span_of(NULL, 0), out, sizeof out);
	CHECK_STR(out, "");
	out[0] = 'x';
	quoin_printable_copy(quoin_span_str("a"), out, 0);
	CHECK_INT(out[0], 'x');
}

static void
nearest(void)
{
	static const char *const candidates[] = {"ContinueWatchingRanking", "country", "device", "a"};
	static const struct {
		const char *word, *want;
	} rows[] = {
	    {"contry", "country"},
	    {"ocuntry", "country"},
	    {"countyr", "country"},
	    {"counti", "country"},
	    {"ContinueWatchngRankin", "ContinueWatchingRanking"},
	    {"device", "device"},
	    {"devise", "device"},
	    {"b", "a"},
	    {"zzzz", NULL},
	    {"dvc", NULL},
	    {"", "a"},
	    {"countryside", NULL},
	};
	char word[300];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		CHECK_STR(quoin_text_nearest(rows[i].word, candidates, 4), rows[i].want);
	CHECK(quoin_text_nearest("a", NULL, 0) == NULL);
	memset(word, 'a', sizeof word - 1);
	word[sizeof word - 1] = '\0';
	CHECK(quoin_text_nearest(word, (const char *const[]){word}, 1) == NULL);
	word[160] = '\0';
	CHECK(quoin_text_nearest(word, (const char *const[]){word}, 1) == word);
}

static const struct check_case cases[] = {
    {"text/hex", hex},
    {"text/base64", base64},
    {"text/base64-is-canonical", base64_is_canonical},
    {"text/unsigned-numbers", unsigned_numbers},
    {"text/signed-numbers", signed_numbers},
    {"text/names", names},
    {"text/utf8", utf8},
    {"text/utf8-exhausted", utf8_exhausted},
    {"text/words", words},
    {"text/words-have-one-spelling", words_have_one_spelling},
    {"text/printable", printable},
    {"text/nearest", nearest},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
