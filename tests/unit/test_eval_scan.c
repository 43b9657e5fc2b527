/*
 * The search for names in scripts, without an engine: words and lines, names behind "function", ranks and twins, and
 * places in stacks. What the engine's parser adds is in test_eval.c.
 */
#include <string.h>

#include "publisher/eval_declare.h"
#include "publisher/eval_stack.h"
#include "tests/check.h"

static void
words(void)
{
	struct quoin_eval_words words;
	struct quoin_eval_word word;
	static const struct {
		const char *text;
		uint32_t line;
	} want[] = {{"a", 1}, {"$b_1", 2}, {"c", 3}, {"d", 4}, {"é", 4}, {"e", 5}, {"f", 6}, {"g", 8}};

	quoin_eval_words_init(&words,
	    quoin_span_str("a\n$b_1\r\nc\rd é\xe2\x80\xa8"
			   "e\xe2\x80\xa9"
			   "f\n\r\n  g "));
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
		CHECK(quoin_eval_words_next(&words, &word));
		CHECK(quoin_span_equal_str(word.text, want[i].text));
		CHECK_INT(word.line, want[i].line);
	}
	CHECK(!quoin_eval_words_next(&words, &word));
	CHECK(!quoin_eval_words_next(&words, &word));
}

static void
function_names(void)
{
	static const struct {
		const char *text;
		const char *name; /* NULL: none */
	} table[] = {
	    {"function f() {}", "f"},
	    {"function\n/* a */ // b\n * g() {}", "g"},
	    {"\xef\xbb\xbf"
	     "function f() {}",
		"f"},
	    {"function\xc2\xa0\xe3\x80\x80\xe2\x80\x8a\xe2\x80\xa8"
	     "f\xc2\xa0() {}",
		"f"},
	    {"function \xc3\xa9\xe2\x80\x8b() {}", "\xc3\xa9\xe2\x80\x8b"},
	    {"function() {}", NULL},
	    {"function", NULL},
	    {"function /* open", NULL},
	    {"function // f", NULL},
	    {"function ", NULL},
	    {"functions f", NULL},
	    {"function = f", NULL},
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		struct quoin_span script = quoin_span_str(table[i].text);
		struct quoin_eval_words words;
		struct quoin_eval_word word;
		struct quoin_span name;
		bool found;

		quoin_eval_words_init(&words, script);
		CHECK(quoin_eval_words_next(&words, &word));
		found = quoin_eval_function_name(script, &word, &name);
		CHECK_INT(found, table[i].name != NULL);
		if (found)
			CHECK(quoin_span_equal_str(name, table[i].name));
	}
}

/* A parser for these tests: a script is valid if its braces balance and it has no '@'. */
static bool
is_balanced(void *ctx, struct quoin_span head, const char *middle, struct quoin_span tail)
{
	int depth = 0;

	(void)ctx;
	CHECK_INT(tail.len, 0);
	for (size_t i = 0; i < head.len; i++)
		depth += head.data[i] == '{' ? 1 : head.data[i] == '}' ? -1 : 0;
	return depth == 0 && *middle == '\0';
}

static void
declarations(void)
{
	struct quoin_eval_file files[] = {{quoin_span_str("a.js"),
					      quoin_span_str(
						  "function one() {}\nfunction defineA() { function defineB() {} }\n"
						  "function two() {}")},
	    {quoin_span_str("b.js"), quoin_span_str("function three() {}\n\nfunction two() {} function defineA() {}")},
	    {quoin_span_str("c.js"), quoin_span_str("function defineC() {}")}};
	bool usable[] = {true, true, false};
	struct quoin_eval_names names = {0};

	CHECK_INT(quoin_eval_declarations_find(files, 3, usable, is_balanced, NULL, &names), 0);
	CHECK_INT(names.count, 4);
	CHECK(quoin_span_equal_str(names.items[0].text, "defineA"));
	CHECK_INT(names.items[0].line, 2);
	CHECK_INT(names.items[0].file, 0);
	CHECK(names.items[0].twin == QUOIN_EVAL_NO_TWIN);
	CHECK(quoin_span_equal_str(names.items[1].text, "two"));
	CHECK(names.items[1].twin == QUOIN_EVAL_NO_TWIN);
	CHECK(quoin_span_equal_str(names.items[2].text, "two"));
	CHECK_INT(names.items[2].file, 1);
	CHECK_INT(names.items[2].line, 3);
	CHECK_INT(names.items[2].twin, 1);
	CHECK(quoin_span_equal_str(names.items[3].text, "defineA"));
	CHECK_INT(names.items[3].twin, 0);
	quoin_eval_names_clear(&names);
}

static void
undeclared(void)
{
	struct quoin_eval_file files[] = {{quoin_span_str("a.js"),
					      quoin_span_str(
						  "use(defineB);\ndefineC == 1;\ndefineB = 1;\nfunction defineA() {}")},
	    {quoin_span_str("b.js"), quoin_span_str("defineA;\nconst defineB = 2; undefineD; defineC => 1")}};
	bool usable[] = {true, true};
	struct quoin_eval_names declared = {0}, names = {0};

	CHECK_INT(quoin_eval_declarations_find(files, 2, usable, is_balanced, NULL, &declared), 0);
	CHECK_INT(declared.count, 1);
	CHECK_INT(quoin_eval_undeclared_find(files, 2, usable, &declared, &names), 0);
	CHECK_INT(names.count, 2);
	CHECK(quoin_span_equal_str(names.items[0].text, "defineB"));
	CHECK_INT(names.items[0].file, 1);
	CHECK_INT(names.items[0].line, 2);
	CHECK(quoin_span_equal_str(names.items[1].text, "defineC"));
	CHECK_INT(names.items[1].file, 0);
	CHECK_INT(names.items[1].line, 2);
	quoin_eval_names_clear(&declared);
	quoin_eval_names_clear(&names);
	CHECK_INT(quoin_eval_variable_line(files[1].text, quoin_span_str("defineB")), 2);
	CHECK_INT(quoin_eval_variable_line(files[0].text, quoin_span_str("defineA")), 4);
	CHECK_INT(quoin_eval_variable_line(files[0].text, quoin_span_str("defineB")), 0);
}

static void
too_many(void)
{
	static char text[(QUOIN_EVAL_NAMES_MAX + 1) * 7];
	struct quoin_eval_file file = {quoin_span_str("a.js"), quoin_span_of(text, sizeof text)};
	struct quoin_eval_names none = {0}, names = {0};
	bool usable = true;

	for (size_t i = 0; i <= QUOIN_EVAL_NAMES_MAX; i++)
		memcpy(text + i * 7, "define ", 7);
	CHECK_INT(quoin_eval_undeclared_find(&file, 1, &usable, &none, &names), QUOIN_ELIMIT);
	quoin_eval_names_clear(&names);
	file.text.len -= 7;
	CHECK_INT(quoin_eval_undeclared_find(&file, 1, &usable, &none, &names), 0);
	CHECK_INT(names.count, 1);
	quoin_eval_names_clear(&names);
}

static void
stacks(void)
{
	static const struct {
		const char *stack;
		const char *file; /* NULL: none */
		uint32_t line, column;
	} table[] = {
	    {"f@a.js:3:4", "a.js", 3, 4},
	    {"@[native code]\nserialize@:1:2\nf@x/a.js:3:4\nglobal code@a.js:9:9", "x/a.js", 3, 4},
	    {"global code@a.js:1:30", "a.js", 1, 17},
	    {"global code@a.js:1:5", "a.js", 1, 0},
	    {"a.js:7:8", "a.js", 7, 8},
	    {"f@b a.js:3:4", NULL, 0, 0},
	    {"f@a.js:3", NULL, 0, 0},
	    {"f@a.js", NULL, 0, 0},
	    {"f@a.js:3:99999999999", NULL, 0, 0},
	    {"f@odd@a.js:3:4", "odd@a.js", 3, 4},
	    {"", NULL, 0, 0},
	    {"\n\n:\n::\n", NULL, 0, 0},
	};
	struct quoin_eval_file files[] = {{.path = quoin_span_str("a.js")}, {.path = quoin_span_str("odd@a.js")},
	    {.path = quoin_span_str("x/a.js")}};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		struct quoin_eval_place place = {.line = 77};
		bool found = quoin_eval_stack_place(files, 3, quoin_span_str(table[i].stack), 13, &place);

		CHECK_INT(found, table[i].file != NULL);
		CHECK_INT(place.line, found ? table[i].line : 77);
		if (found) {
			CHECK(quoin_span_equal_str(place.file, table[i].file));
			CHECK_INT(place.column, table[i].column);
		}
	}
}

static const struct check_case cases[] = {
    {"words", words},
    {"function_names", function_names},
    {"declarations", declarations},
    {"undeclared", undeclared},
    {"too_many", too_many},
    {"stacks", stacks},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
