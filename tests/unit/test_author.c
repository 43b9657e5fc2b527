/*
 * What an author sees: mistakes in scripts and files, each with its place, the line, a caret and what to write instead; and
 * what works across files. Through the real quoin-eval.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/crypto.h"
#include "publisher/compile.h"
#include "publisher/quote.h"
#include "publisher/testfile.h"
#include "tests/check.h"
#include "tests/evaluate.h"

#define FILES_MAX 8

struct file {
	const char *path;
	const char *text;
};

static const struct file base[] = {{"constants.json", "{\"TITLE\": \"T\", \"kids\": {\"profile\": \"kids\"}}"},
    {"models.json",
	"{\"ranker\": [{\"version\": \"7\", \"current\": true, \"inputType\": \"T\", \"modelType\": \"S\", \"uri\": \"u\", \"digest\": \"d:7\"},\n"
	" {\"version\": \"8\", \"inputType\": \"T\", \"modelType\": \"S\", \"uri\": \"u\", \"digest\": \"d:8\"}],\n"
	" \"searcher\": {\"version\": \"4\", \"inputType\": \"Q\", \"modelType\": \"S\", \"uri\": \"u\", \"digest\": \"d:4\"}}"},
    {"objectives.json",
	"{\"HomeRanking\": {\"inputType\": \"T\", \"modelType\": \"S\", \"default\": \"ranker\"},\n"
	" \"SearchRanking\": {\"inputType\": \"Q\", \"modelType\": \"S\", \"default\": \"searcher\"}}"},
    {"shards.json", "{\"rank-a\": {\"vip\": \"a:1\", \"hosts\": [\"a1\"], \"capacity\": {}}}"}};

static int
compare_paths(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

/* Compile the base with these files more or instead; what is told and printed, until the next call. */
static int
compile(const struct file *files, struct quoin_compiled *ret, const char **ret_told, const char **ret_console)
{
	static struct quoin_buf told, console;
	struct file all[FILES_MAX];
	struct quoin_directory directory = {0};
	struct quoin_problems problems;
	struct quoin_error err = {0};
	size_t count = 0;
	int rc;

	CHECK_INT(quoin_crypto_init(), 0);
	evaluate_use_own_program();
	quoin_buf_clear(&told);
	quoin_buf_clear(&console);
	quoin_buf_init(&told, 1 << 20);
	quoin_buf_init(&console, 1 << 20);
	quoin_problems_init(&problems);
	for (; files->path != NULL; files++)
		all[count++] = *files;
	for (size_t i = 0, own = count; i < sizeof base / sizeof base[0]; i++) {
		bool is_there = false;

		for (size_t k = 0; k < own; k++)
			is_there = is_there || strcmp(all[k].path, base[i].path) == 0;
		if (!is_there)
			all[count++] = base[i];
	}
	CHECK(count <= FILES_MAX);
	qsort(all, count, sizeof all[0], compare_paths);
	for (size_t i = 0; i < count; i++)
		CHECK_INT(quoin_directory_add(&directory, all[i].path, quoin_span_str(all[i].text), &problems), 0);
	quoin_directory_finish(&directory, &problems);
	rc = quoin_compile_directory(&directory, NULL, &console, ret, &problems, &err);
	CHECK_INT(quoin_problems_tell(&problems, "unused_model", &told), 0);
	quoin_problems_clear(&problems);
	*ret_told = quoin_buf_str(&told);
	*ret_console = quoin_buf_str(&console);
	return rc;
}

/* A script's line 2 on, as most mistakes are made in the middle of a function. */
#define FUNCTION(lines) "function defineA() {\n" lines "}\n"
#define TELLS(place, message, line, source, caret)                                                                     \
	"quoin: " place ": " message "\n      " line " | " source "\n        | " caret "^\n"

static const struct {
	const char *name;
	struct file file;
	const char *want;
} mistakes[] = {
    {"a syntax error", {"a.js", FUNCTION("  return {a: 1,, b: 2};\n")},
	TELLS("a.js:2", "SyntaxError: Unexpected token ','. Expected a property name.", "2", "  return {a: 1,, b: 2};",
	    "  ")},
    {"a token that cannot be there", {"a.js", FUNCTION("  const n = 1 +* 2;\n  return {n};\n")},
	TELLS("a.js:2:16", "SyntaxError: Unexpected token '*'", "2", "  const n = 1 +* 2;", "               ")},
    {"an undefined property", {"a.js", FUNCTION("  const c = {};\n  return c.missing.name;\n")},
	TELLS("a.js:3:19", "defineA: TypeError: undefined is not an object (evaluating 'c.missing.name')", "3",
	    "  return c.missing.name;", "                  ")},
    {"no return", {"a.js", FUNCTION("  ({targetObjectives: [Objectives.HomeRanking], model: 'ranker'});\n")},
	TELLS("a.js:1", "defineA: returns nothing; write \"return\" before the rule or the array of rules", "1",
	    "function defineA() {", "")},
    {"a return alone", {"a.js", FUNCTION("  const m = 'ranker';\n  return\n  {model: m};\n")},
	TELLS("a.js:3",
	    "defineA: returns nothing; a line that ends with \"return\" returns nothing, so begin the rule on that line",
	    "3", "  return", "  ")},
    {"a return alone, and more than one key",
	{"a.js", FUNCTION("  return\n  {\n    model: 'ranker',\n    priority: 1,\n  };\n")},
	TELLS("a.js:5:13",
	    "SyntaxError: Unexpected token ':'; a line above ends with \"return\", which returns nothing, so begin "
	    "the rule on that line",
	    "5", "    priority: 1,", "            ")},
    {"a global nearly right", {"a.js", FUNCTION("  return {targetObjectives: [Objective.HomeRanking]};\n")},
	TELLS("a.js:2:39", "defineA: ReferenceError: Can't find variable: Objective; did you mean \"Objectives\"?", "2",
	    "  return {targetObjectives: [Objective.HomeRanking]};", "                                      ")},
    {"a global of elsewhere", {"a.js", FUNCTION("  return require('./rule');\n")},
	TELLS("a.js:2:17", "defineA: ReferenceError: Can't find variable: require", "2", "  return require('./rule');",
	    "                ")},
    {"an unknown objective", {"a.js", FUNCTION("  return {targetObjectives: [Objectives.HomeRankin]};\n")},
	TELLS("a.js:2:40",
	    "defineA: unknown objective \"HomeRankin\"; the nearest in objectives.json is \"HomeRanking\"", "2",
	    "  return {targetObjectives: [Objectives.HomeRankin]};", "                                       ")},
    {"an unknown objective as a text",
	{"a.js", FUNCTION("  return {targetObjectives: ['HomeRankin'], model: 'ranker', when: {a: 1}};\n")},
	TELLS("a.js:2:31", "rule \"defineA\": there is no objective \"HomeRankin\"; did you mean \"HomeRanking\"?", "2",
	    "  return {targetObjectives: ['HomeRankin'], model: 'ranker', when: {a: 1}};",
	    "                              ")},
    {"an unknown constant", {"a.js", FUNCTION("  return {modelInputType: constants.TITEL};\n")},
	TELLS("a.js:2:36", "defineA: unknown constant \"TITEL\"; the nearest in constants.json is \"TITLE\"", "2",
	    "  return {modelInputType: constants.TITEL};", "                                   ")},
    {"a typo in a field",
	{"a.js",
	    FUNCTION(
		"  return {targetObjectives: [Objectives.HomeRanking], model: 'ranker',\n    wen: {a: 1}, when: {b: 2}};\n")},
	TELLS("a.js:3:5", "rule \"defineA\": \"wen\" is no key of a context rule; did you mean \"when\"?", "3",
	    "    wen: {a: 1}, when: {b: 2}};", "    ")},
    {"a typo in the field that says what a rule is",
	{"a.js",
	    FUNCTION(
		"  return {targetObjectives: [Objectives.HomeRanking],\n    spilt: [{model: 'ranker', percent: 100}]};\n")},
	TELLS("a.js:3:5", "rule \"defineA\": \"spilt\" is no key of a rule; did you mean \"split\"?", "3",
	    "    spilt: [{model: 'ranker', percent: 100}]};", "    ")},
    {"a typo in an operator",
	{"a.js",
	    FUNCTION(
		"  return {targetObjectives: [Objectives.HomeRanking], model: 'ranker',\n    when: {age: {gte: 1, prefx: 'a'}}};\n")},
	TELLS("a.js:3:26", "rule \"defineA\": \"prefx\" is no key of a condition; did you mean \"prefix\"?", "3",
	    "    when: {age: {gte: 1, prefx: 'a'}}};", "                         ")},
    {"an operator of another language, twice",
	{"a.js",
	    FUNCTION("  return {targetObjectives: [Objectives.HomeRanking], model: 'ranker',\n"
		     "    when: {plan: {eq: 'a'}, device: {in: 'tv'}, m: {in: 'tv'}}};\n")},
	"quoin: a.js:3:19: rule \"defineA\": \"eq\" is no key of a condition; write the value alone: \"plan\": \"a\"\n"
	"      3 |     when: {plan: {eq: 'a'}, device: {in: 'tv'}, m: {in: 'tv'}}};\n"
	"        |                   ^\n"
	"quoin: a.js:3:43: rule \"defineA\": \"in\" needs an array of strings, numbers or booleans; write \"device\": {\"in\": "
	"[\"tv\"]}\n"
	"      3 |     when: {plan: {eq: 'a'}, device: {in: 'tv'}, m: {in: 'tv'}}};\n"
	"        |                                           ^\n"
	"quoin: a.js:3:58: rule \"defineA\": \"in\" needs an array of strings, numbers or booleans; write \"m\": {\"in\": "
	"[\"tv\"]}\n"
	"      3 |     when: {plan: {eq: 'a'}, device: {in: 'tv'}, m: {in: 'tv'}}};\n"
	"        |                                                          ^\n"},
    {"a value that is no JSON",
	{"a.js",
	    FUNCTION("  return {targetObjectives: [Objectives.HomeRanking],\n    model: {name: undefined}, when: {a: 1}};\n")},
	TELLS("a.js:3:13", "defineA: the returned value has at .model.name undefined; rules are plain JSON data", "3",
	    "    model: {name: undefined}, when: {a: 1}};", "            ")},
    {"an unknown model",
	{"a.js", FUNCTION("  return {targetObjectives: [Objectives.HomeRanking], model: 'rankr', when: {a: 1}};\n")},
	TELLS("a.js:2:63", "rule \"defineA\": \"model\": there is no model \"rankr\"; did you mean \"ranker\"?", "2",
	    "  return {targetObjectives: [Objectives.HomeRanking], model: 'rankr', when: {a: 1}};",
	    "                                                              ")},
    {"a model in a function of its own",
	{"a.js",
	    "const model = (n) => ({name: n});\n" FUNCTION(
		"  return {targetObjectives: [Objectives.HomeRanking], when: {a: 1},\n"
		"    model: model('rankr')};\n")},
	TELLS("a.js:4:19", "rule \"defineA\": \"model\": there is no model \"rankr\"; did you mean \"ranker\"?", "4",
	    "    model: model('rankr')};", "                  ")},
    {"an unknown version",
	{"a.js",
	    FUNCTION(
		"  return {targetObjectives: [Objectives.HomeRanking], when: {a: 1},\n    model: {name: 'ranker', version: '9'}};\n")},
	TELLS("a.js:3:39", "rule \"defineA\": \"model\": model \"ranker\" has no version \"9\"; models.json has 7, 8",
	    "3", "    model: {name: 'ranker', version: '9'}};", "                                      ")},
    {"a model of another type",
	{"a.js",
	    FUNCTION("  return {targetObjectives: [Objectives.SearchRanking], when: {a: 1},\n    model: 'ranker'};\n")},
	TELLS("a.js:3:13",
	    "rule \"defineA\": model \"ranker@7\" takes inputType \"T\", but objective \"SearchRanking\" has \"Q\"; name a model of that type",
	    "3", "    model: 'ranker'};", "            ")},
    {"a wrong cell",
	{"a.js",
	    FUNCTION(
		"  return {targetObjectives: [Objectives.HomeRanking], abTestId: 5, cellToModel: {1: 'ranker', 2: 'ranker'},\n"
		"    allocation: {cells: {3: 50}}};\n")},
	TELLS("a.js:3:26",
	    "rule \"defineA\": cell 3 of the allocation is not in \"cellToModel\"; did you mean 2? Else add it there",
	    "3", "    allocation: {cells: {3: 50}}};", "                         ")},
    {"a cell that is none",
	{"a.js",
	    FUNCTION(
		"  return {targetObjectives: [Objectives.HomeRanking], abTestId: 5,\n    cellToModel: {cell2: 'ranker'}};\n")},
	TELLS("a.js:3:19", "rule \"defineA\": \"cell2\" is no cell; did you mean \"2\"?", "3",
	    "    cellToModel: {cell2: 'ranker'}};", "                  ")},
    {"an array in the place of a place",
	{"r.rules.json",
	    "[\n  {\"name\": \"r\", \"targetObjectives\": \"HomeRanking\", \"model\": \"ranker\", \"when\": {\"a\": 1}}\n]"},
	TELLS("r.rules.json:2:37", "\"targetObjectives\" is a string; write an array", "2",
	    "  {\"name\": \"r\", \"targetObjectives\": \"HomeRanking\", \"model\": \"ranker\", \"when\": {\"a\": 1}}",
	    "                                    ")},
    {"a comma in JSON", {"r.rules.json", "[\n  {\"name\": \"J\xc3\xbcrgen\",}\n]"},
	TELLS("r.rules.json:2:21", "a comma before the closing bracket; remove it", "2",
	    "  {\"name\": \"J\xc3\xbcrgen\",}", "                    ")},
};

static void
test_mistakes(void)
{
	size_t wrong = 0;

	for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
		const struct file files[] = {mistakes[i].file, {NULL, NULL}};
		struct quoin_compiled compiled;
		const char *told, *console;

		CHECK_INT(compile(files, &compiled, &told, &console), QUOIN_EREFUSED);
		if (strcmp(told, mistakes[i].want) == 0)
			continue;
		fprintf(stderr, "%s: told\n%swanted\n%s", mistakes[i].name, told, mistakes[i].want);
		wrong++;
	}
	CHECK_INT(wrong, 0);
}

/* Helpers and classes of one file are there in those after it; console.log says from where. */
static void
test_across_files(void)
{
	static const struct file files[] = {
	    {"a/helpers.js",
		"class Ref {\n  #name;\n  constructor(name, version) { this.#name = name; this.version = version; }\n"
		"  get plain() { return {name: this.#name, version: this.version}; }\n}\n"
		"const inCountries = (...codes) => ({country: codes});\nfunction ranker(version) { return new Ref('ranker', version).plain; }\n"},
	    {"b/rules.js",
		"class Titles extends Ref { constructor(v) { super('ranker', v); } }\n"
		"function defineNew() {\n  console.log('new in', ['DE', 'FR'], {n: 1});\n"
		"  return ['DE', 'FR'].map((code) => ({targetObjectives: [Objectives.HomeRanking], model: ranker('8'), when: inCountries(code)}));\n}\n"
		"function defineKids() {\n  return {targetObjectives: [Objectives.HomeRanking], model: new Titles('7').plain, when: constants.kids};\n}\n"},
	    {"c.test.json",
		"[{\"name\": \"new\", \"context\": {\"objective\": \"HomeRanking\", \"country\": \"FR\"},\n"
		"  \"expect\": {\"routingKey\": \"ranker@8\", \"rule\": \"defineNew#2\"}},\n"
		" {\"name\": \"kids\", \"context\": {\"objective\": \"HomeRanking\", \"profile\": \"kids\"}, \"expect\": {\"rule\": \"defineKids\"}}]"},
	    {NULL, NULL}};
	struct quoin_compiled compiled;
	struct quoin_testfile_result tests = {0};
	struct quoin_problems problems;
	struct quoin_error err = {0};
	const char *told, *console;

	CHECK_INT(compile(files, &compiled, &told, &console), 0);
	CHECK_STR(told, "");
	CHECK_STR(console, "b/rules.js:3: new in [\"DE\",\"FR\"] {\"n\":1}\n");
	quoin_problems_init(&problems);
	CHECK_INT(quoin_testfile_run(&compiled, &tests, &problems, &err), 0);
	CHECK_INT(tests.passed, 2);
	CHECK_INT(tests.failed, 0);
	quoin_testfile_result_clear(&tests);
	quoin_problems_clear(&problems);
	quoin_compiled_clear(&compiled);
}

/* A line is cut around what is meant, and nothing in it reaches the terminal but text. */
static void
test_long_line(void)
{
	static char text[4096];
	const struct file files[] = {{"a.js", text}, {NULL, NULL}};
	struct quoin_compiled compiled;
	const char *told, *console, *line, *caret;
	char blanks[301];

	memset(blanks, ' ', sizeof blanks - 1);
	blanks[sizeof blanks - 1] = '\0';
	snprintf(text, sizeof text,
	    "function defineA() {\n\treturn {x: '\x1b[31m',%stargetObjectives: [Objectives.HomeRankin]};\n}\n", blanks);
	CHECK_INT(compile(files, &compiled, &told, &console), QUOIN_EREFUSED);
	line = strchr(told, '\n') + 1;
	caret = strchr(line, '\n') + 1;
	CHECK(strlen(line) < 300);
	CHECK(strchr(told, '\x1b') == NULL && strchr(told, '\t') == NULL);
	CHECK(strncmp(line + (strchr(caret, '^') - caret), ".HomeRankin", 11) == 0 ||
	    strncmp(line + (strchr(caret, '^') - caret), "HomeRankin", 10) == 0);
}

/* Rules that a program generated need no JavaScript, and no engine. */
static void
test_no_engine(void)
{
	static const struct file generated[] = {
	    {"r.rules.json",
		"[{\"name\": \"r\", \"targetObjectives\": [\"HomeRanking\"], \"model\": \"ranker\", \"when\": {\"a\": 1}}]"},
	    {NULL, NULL}};
	static const struct file script[] = {{"a.js", "function defineA() { return []; }"}, {NULL, NULL}};
	struct quoin_compiled compiled;
	struct quoin_directory directory = {0};
	struct quoin_problems problems;
	struct quoin_error err = {0};

	CHECK_INT(quoin_crypto_init(), 0);
	CHECK_INT(setenv("QUOIN_EVAL", "/nonexistent/quoin-eval", 1), 0);
	for (int has_script = 0; has_script < 2; has_script++) {
		quoin_problems_init(&problems);
		if (has_script)
			CHECK_INT(quoin_directory_add(&directory, script[0].path, quoin_span_str(script[0].text),
				      &problems),
			    0);
		for (size_t i = 0; i < sizeof base / sizeof base[0]; i++) {
			if (i == 3)
				CHECK_INT(quoin_directory_add(&directory, generated[0].path,
					      quoin_span_str(generated[0].text), &problems),
				    0);
			CHECK_INT(quoin_directory_add(&directory, base[i].path, quoin_span_str(base[i].text),
				      &problems),
			    0);
		}
		CHECK_INT(quoin_compile_directory(&directory, NULL, NULL, &compiled, &problems, &err),
		    has_script ? QUOIN_ENOENT : 0);
		quoin_compiled_clear(&compiled);
		quoin_problems_clear(&problems);
	}
	CHECK_CONTAINS(err.message, "$QUOIN_EVAL is \"/nonexistent/quoin-eval\", which cannot be run");
}

/* Many warnings of one kind do not hide the others. */
static void
test_many_warnings(void)
{
	const struct quoin_place nowhere = {0};

	for (size_t more = 0; more < 3; more++) {
		struct quoin_problems problems;
		struct quoin_buf told, want;

		quoin_problems_init(&problems);
		quoin_buf_init(&told, 1 << 16);
		quoin_buf_init(&want, 1 << 16);
		for (size_t i = 0; i < QUOIN_WARNINGS_TOLD + more; i++) {
			quoin_problem_warning(&problems, "unused_model", nowhere, "model %zu", i);
			if (i < QUOIN_WARNINGS_TOLD)
				quoin_buf_printf(&want, "quoin: warning: model %zu\n", i);
		}
		if (more > 0)
			quoin_buf_printf(&want, "quoin: %zu more %s of this kind (unused_model); --json lists them\n", more,
			    more == 1 ? "warning" : "warnings");
		quoin_problem_warning(&problems, "same_vip", nowhere, "vip");
		quoin_problem_error(&problems, "unused_model", nowhere, "an error");
		quoin_buf_put_str(&want, "quoin: warning: vip\nquoin: an error\n");
		CHECK_INT(quoin_problems_tell(&problems, "", &told), 0);
		CHECK_STR(quoin_buf_str(&told), quoin_buf_str(&want));
		quoin_buf_clear(&want);
		quoin_buf_clear(&told);
		quoin_problems_clear(&problems);
	}
}

static const struct check_case cases[] = {
    {"author: mistakes, with their lines and what to write", test_mistakes},
    {"author: helpers and classes across files", test_across_files},
    {"author: a long line", test_long_line},
    {"author: rules without an engine", test_no_engine},
    {"author: many warnings of one kind", test_many_warnings},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
