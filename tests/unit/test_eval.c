/*
 * Rule files through the real quoin-eval: what they give, and how each wrong one is refused. Hostile ones are in
 * test_eval_hostile.c.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "publisher/eval.h"
#include "publisher/eval_child.h"
#include "tests/check.h"
#include "tests/evaluate.h"

/* The article's example, byte for byte. */
static const char ARTICLE[] =
    "/**\n"
    "Configuration rule written by a Model Researcher to add an A/B experiment in the Model Serving system.\n"
    "Cell 1: Uses the default, currently productized model\n"
    "Cell 2 and Cell 3: Use different experimental (candidate) models\n"
    "**/\n"
    "function defineAB12345Rule() {\n"
    "const abTestId = 12345;\n"
    "const objectives = Objectives.ContinueWatchingRanking;\n"
    "const abTestCellToModel = {\n"
    "1: {name: \"netflix-continue-watching-model-default\"},\n"
    "2: {name: \"netflix-continue-watching-model-cell-2\"},\n"
    "3: {name: \"netflix-continue-watching-model-cell-3\"}\n"
    "};\n"
    "return {\n"
    "cellToModel: abTestCellToModel,\n"
    "abTestId: abTestId,\n"
    "targetObjectives: [objectives],\n"
    "modelInputType: constants.TITLE_INPUT_TYPE,\n"
    "modelType: 'SCORER'\n"
    "};\n"
    "}\n";

static const char *
reply_to_one(const char *text)
{
	struct evaluate_script scripts[] = {{"a.js", text}, {NULL, NULL}};

	return evaluate_reply(scripts, 1000, 128);
}

#define REPLY(functions, problems, console)                                                                            \
	"{\"functions\":[" functions "],\n\"problems\":[" problems "],\n\"console\":[" console "]}\n"

/* ---------------------------------------------------------- what rule files give */

static void
article(void)
{
	CHECK_STR(reply_to_one(ARTICLE),
	    REPLY("\n{\"name\":\"defineAB12345Rule\",\"file\":\"a.js\",\"line\":6,\"rules\":{\"cellToModel\":"
		  "{\"1\":{\"name\":\"netflix-continue-watching-model-default\"},"
		  "\"2\":{\"name\":\"netflix-continue-watching-model-cell-2\"},"
		  "\"3\":{\"name\":\"netflix-continue-watching-model-cell-3\"}},\"abTestId\":12345,"
		  "\"targetObjectives\":[\"ContinueWatchingRanking\"],\"modelInputType\":\"TITLE_INPUT\","
		  "\"modelType\":\"SCORER\"}}",
		"", ""));
}

static void
shared_scope_and_order(void)
{
	const struct evaluate_script scripts[] = {
	    {"a.js",
		"const model = (name) => ({name});\nfunction defineLast() { return later(); }\n"
		"function defineFirst() { return []; }\n"},
	    {"b/b.js",
		"function later() { return [model('m'), {x: constants.cells.a}]; }\n"
		"/* a comment */ function /* here */ defineInB() { return {}; } function defineToo() { return {}; }"},
	    {NULL, NULL}};

	CHECK_STR(evaluate_reply(scripts, 1000, 128),
	    REPLY("\n{\"name\":\"defineLast\",\"file\":\"a.js\",\"line\":2,\"rules\":[{\"name\":\"m\"},{\"x\":[1,2]}]},"
		  "\n{\"name\":\"defineFirst\",\"file\":\"a.js\",\"line\":3,\"rules\":[]},"
		  "\n{\"name\":\"defineInB\",\"file\":\"b/b.js\",\"line\":2,\"rules\":{}},"
		  "\n{\"name\":\"defineToo\",\"file\":\"b/b.js\",\"line\":2,\"rules\":{}}",
		"", ""));
}

static void
only_declarations_at_the_top(void)
{
	CHECK_STR(reply_to_one(
		      "// function defineA() { return 1; }\n"
		      "/* function defineB() { return 1; } */\n"
		      "const s = 'function defineC() {}', "
		      "t = `function defineD() {} ${(function defineE() { return '}'; })()}`;\n"
		      "const r = /[/] function defineF() {}/.source, d = 4 / 2 / 1; /function defineG() {}/.test('');\n"
		      "{ function defineH() {} }\nif (d) { function defineI() {} }\n(function defineJ() {});\n"
		      "const o = {f: function defineK() {}, defineL() {}, get defineM() { return 1; }}; "
		      "void function defineN() {};\n"
		      "function outer() { function defineO() {} }\nclass C { defineP() {} }\n"
		      "const q = [function defineQ() {}], w = d\nfunction define() { return {}; }"),
	    REPLY("\n{\"name\":\"define\",\"file\":\"a.js\",\"line\":12,\"rules\":{}}", "", ""));
}

static void
console(void)
{
	CHECK_STR(reply_to_one(
		      "console.log('hello', 1, {a: [true]}, null, undefined, 10n);\n"
		      "function say(x) {\n  console.warn(x);\n}\n"
		      "function defineA() { [Object].forEach(() => say(new Error('e\\u0000\\ud800'))); return []; }"),
	    REPLY("\n{\"name\":\"defineA\",\"file\":\"a.js\",\"line\":5,\"rules\":[]}", "",
		"\n{\"file\":\"a.js\",\"line\":1,\"column\":12,"
		"\"text\":\"hello 1 {\\\"a\\\":[true]} null undefined 10n\"},"
		"\n{\"file\":\"a.js\",\"line\":3,\"column\":15,\"text\":\"Error: e \357\277\275\"}"));
}

static void
modern_language(void)
{
	CHECK_STR(
	    reply_to_one(
		"class M { #n; constructor(n) { this.#n = n; } get ref() { return {name: this.#n}; } }\n"
		"const spread = ({a = 1, ...rest} = {}, ...more) => ({a, ...rest, more});\n"
		"function* pairs() { yield* Object.entries({x: 1_000, y: 2 ?? 3}); }\n"
		"function defineA() {\n"
		"  const m = new Map(pairs()); m.z ?\?= 1;\n"
		"  return [...m].map(([k, v]) => ({[k]: v, ref: new M(`m-${k}`).ref, ...spread({b: v?.c ?? 2}, 5)}));\n"
		"}"),
	    REPLY("\n{\"name\":\"defineA\",\"file\":\"a.js\",\"line\":4,\"rules\":["
		  "{\"x\":1000,\"ref\":{\"name\":\"m-x\"},\"a\":1,\"b\":2,\"more\":[5]},"
		  "{\"y\":2,\"ref\":{\"name\":\"m-y\"},\"a\":1,\"b\":2,\"more\":[5]}]}",
		"", ""));
}

/* ---------------------------------------------------------- problems, with their places */

#define PROBLEM(code, place, message)                                                                                  \
	"{\"severity\":\"error\",\"code\":\"" code "\"," place "\"message\":\"" message "\"}"
#define AT(line)	  "\"file\":\"a.js\",\"line\":" #line ","
#define AT2(line, column) "\"file\":\"a.js\",\"line\":" #line ",\"column\":" #column ","

static const struct {
	const char *text;
	const char *want; /* stands in the reply */
} REFUSED[] = {
    {"function defineA() {\n  return {a:,};\n}", PROBLEM("syntax", AT2(2, 13), "SyntaxError: Unexpected token ','")},
    {"import x from 'y';", "\"code\":\"syntax\",\"file\":\"a.js\",\"line\":1,"},
    {"const x = 1;\n\nlet x = 2;", "\"code\":\"syntax\",\"file\":\"a.js\",\"line\":3,"},
    {"function defineA() { const c = {};\n  return c.missing.name; }",
	PROBLEM("throws", AT2(2, 19), "defineA: TypeError: undefined is not an object (evaluating 'c.missing.name')")},
    {"function defineA() { throw 'so'; }", PROBLEM("throws", AT(1), "defineA: threw so")},
    {"function defineA() { throw {get stack() { for (;;); }}; }",
	PROBLEM("throws", AT(1), "defineA: threw an object that is no Error")},
    {"\nmissing();", PROBLEM("throws", AT2(2, 8), "ReferenceError: Can't find variable: missing")},
    {"undeclared = 5;", "\"code\":\"throws\",\"file\":\"a.js\",\"line\":1,"},
    {"function defineA() {\n  return Objectives.ContinueWatchingRankin; }",
	PROBLEM("unknown_objective", AT2(2, 20),
	    "defineA: unknown objective \\\"ContinueWatchingRankin\\\"; "
	    "the nearest in objectives.json is \\\"ContinueWatchingRanking\\\"")},
    {"function defineA() { return {x: constants.TITLE}; }",
	"\"code\":\"unknown_constant\",\"file\":\"a.js\",\"line\":1,"},
    {"Objectives.X = 1;", "cannot be changed"},
    {"constants.cells.b = 1;", "\"code\":\"throws\""},
    {"function defineA() { return {}; }\n\nfunction defineA() { return []; }",
	PROBLEM("duplicate_function", AT(3),
	    "function defineA is declared twice, first at a.js:1; rename one of them")},
    {"function helper() {}\nfunction helper() {}", "\"code\":\"duplicate_function\",\"file\":\"a.js\",\"line\":2,"},
    {"// defineA\nconst defineA = () => ({});",
	PROBLEM("not_a_declaration", AT(2),
	    "defineA holds a function but would not be called; write it as a function declaration: "
	    "function defineA() { … }")},
    {"let defineA = function () { return {}; };", "\"code\":\"not_a_declaration\""},
    {"var defineA = async () => ({});", "\"code\":\"not_a_declaration\""},
    {"var a;\n({a: globalThis.defineA} = {a() {}});", "\"code\":\"not_a_declaration\""},
    {"function defineA() { return {}; }\ndefineA = () => ({});",
	"\"code\":\"redefined\",\"file\":\"a.js\",\"line\":1,"},
    {"\nasync function defineA() { return {}; }", "\"code\":\"async\",\"file\":\"a.js\",\"line\":2,"},
    {"function* defineA() { yield {}; }", "\"code\":\"generator\",\"file\":\"a.js\",\"line\":1,"},
    {"async function* defineA() { yield {}; }", "\"code\":\"async\""},
    {"function defineA() { return Promise.resolve({}); }", "\"code\":\"async\""},
    {"function defineA() { return (async () => ({}))(); }", "\"code\":\"async\""},
    {"function defineA() {}",
	PROBLEM("returns_nothing", AT(1), "defineA: returns nothing; write \\\"return\\\" before the rule or the array of rules")},
    {"function defineA() { return null; }", "defineA: returns null;"},
    {"function defineA() { return 'x'; }", "defineA: returns a string;"},
    {"function defineA() { return () => 1; }", "defineA: returns a function;"},
};

static void
refused(void)
{
	for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
		const char *reply = reply_to_one(REFUSED[i].text);

		CHECK_CONTAINS(reply, REFUSED[i].want);
		CHECK_CONTAINS(reply, "{\"functions\":[],");
	}
}

/* Values that are not JSON data, and where they are. */
static const struct {
	const char *value;
	const char *want;
	unsigned column; /* of its key; 0: it is not found, or has none */
} NOT_JSON[] = {
    {"{a: undefined}", "has at .a undefined", 30},
    {"[[1, NaN]]", "has at [0][1] NaN", 0},
    {"{a: -Infinity}", "has at .a -Infinity", 30},
    {"{a: 1n}", "has at .a a bigint", 30},
    {"{'a b': () => 1}", "has at [\\\"a b\\\"] a function", 31},
    {"{a: Symbol.iterator}", "has at .a a symbol", 30},
    {"{[Symbol.iterator]: 1}", "is an object with a symbol as a key", 0},
    {"{get a() { return 1; }}", "has at .a a getter or setter", 0},
    {"{set a(x) {}}", "has at .a a getter or setter", 0},
    {"(() => { const c = {a: []}; c.a.push(c); return c; })()", "has at .a[0] a cycle: it contains itself", 49},
    {"{a: '\\ud800'}", "has at .a a string with a lone surrogate", 31},
    {"{'\\udc00': 1}", "is a string with a lone surrogate", 0},
    {"{a: 'x\\0'}", "has at .a a string with the character U+0000", 31},
    {"{a: Objectives}", "has at .a a proxy: all objectives instead of one of them", 31},
    {"constants", "is a proxy: all constants instead of one of them", 0},
    {"[1, , 2]", "has at [1] a hole in an array", 0},
    {"Object.assign([1], {x: 1})", "is an array with properties besides its elements", 0},
    {"{a: new Map()}", "has at .a an object of class Map, not plain data", 31},
    {"{a: new (class Foo {})()}", "has at .a an object of class Foo, not plain data", 31},
    {"{a: new Number(1)}", "has at .a an object of class Number, not plain data", 31},
    {"Object.setPrototypeOf({}, {x: 1})", "is an object of some class, not plain data", 0},
    {"Object.defineProperty({}, 'h', {value: 1})", "has at .h a property that is not enumerable", 0},
    {"Array.from({length: 61}).reduce((a) => [a], [])",
	"has at [0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]"
	"[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]"
	"[0][0][0][0][0][0][0]"
	"[0][0][0][0][0] nested deeper than 60", 0},
    {"{a: /x/}", "has at .a an object of class RegExp, not plain data", 31},
};

static void
not_json(void)
{
	char text[8192], want[300], column[32];
	const char *reply;
	size_t len = 0;

	for (size_t i = 0; i < sizeof NOT_JSON / sizeof NOT_JSON[0]; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "function define%zu() { return %s; }\n", i,
		    NOT_JSON[i].value);
	CHECK(len < sizeof text);
	reply = reply_to_one(text);
	CHECK_CONTAINS(reply, "{\"functions\":[],");
	for (size_t i = 0; i < sizeof NOT_JSON / sizeof NOT_JSON[0]; i++) {
		snprintf(column, sizeof column, "\"column\":%u,", NOT_JSON[i].column);
		if (NOT_JSON[i].column == 0)
			column[0] = '\0';
		snprintf(want, sizeof want,
		    "\"code\":\"not_json\",\"file\":\"a.js\",\"line\":%zu,%s\"message\":"
		    "\"define%zu: the returned value %s; rules are plain JSON data\"}",
		    i + 1, column, i, NOT_JSON[i].want);
		CHECK_CONTAINS(reply, want);
	}
}

/* One run finds the problems of all files and functions, and what follows from a file that failed is left out. */
static void
problems_together(void)
{
	const struct evaluate_script scripts[] = {{"a.js", "const shared = ;"},
	    {"b.js",
		"function defineA() { throw new Error('one'); }\nfunction defineB() { return shared; }\n"
		"function defineC() { return {a: undefined, b: NaN}; }\nfunction defineD() { return [{}]; }"},
	    {"c.js", "\nx y"}, {NULL, NULL}};
	static const char want[] =
	    "{\"functions\":["
	    "\n{\"name\":\"defineD\",\"file\":\"b.js\",\"line\":4,\"rules\":[{}]}],\n"
	    "\"problems\":["
	    "\n{\"severity\":\"error\",\"code\":\"syntax\",\"file\":\"a.js\",\"line\":1,\"column\":16,"
	    "\"message\":\"SyntaxError: Unexpected token ';'\"},"
	    "\n{\"severity\":\"error\",\"code\":\"syntax\",\"file\":\"c.js\",\"line\":2,\"column\":3,"
	    "\"message\":\"SyntaxError: Unexpected identifier 'y'\"},"
	    "\n{\"severity\":\"error\",\"code\":\"throws\",\"file\":\"b.js\",\"line\":1,\"column\":37,"
	    "\"message\":\"defineA: Error: one\"},"
	    "\n{\"severity\":\"error\",\"code\":\"not_json\",\"file\":\"b.js\",\"line\":3,"
	    "\"column\":30,\"message\":\"defineC: the returned value has at .a undefined; rules are plain JSON data\"},"
	    "\n{\"severity\":\"error\",\"code\":\"not_json\",\"file\":\"b.js\",\"line\":3,"
	    "\"column\":44,\"message\":\"defineC: the returned value has at .b NaN; rules are plain JSON data\"}],\n"
	    "\"console\":[]}\n";

	CHECK_STR(evaluate_reply(scripts, 1000, 128), want);
}

static void
encoding(void)
{
	struct quoin_eval_file files[] = {{quoin_span_str("a.js"), quoin_span_of("'\xff'", 3)},
	    {quoin_span_str("b.js"), quoin_span_of("1;\0", 3)}};
	struct quoin_eval_request request = {.files = files, .file_count = 2};
	struct quoin_buf reply;
	struct quoin_error err = {0};

	evaluate_use_own_program();
	CHECK_INT(quoin_eval_run(&request, &reply, &err), 0);
	CHECK_CONTAINS(quoin_buf_str(&reply), "\"code\":\"encoding\",\"file\":\"a.js\",");
	CHECK_CONTAINS(quoin_buf_str(&reply), "\"code\":\"encoding\",\"file\":\"b.js\",");
	quoin_buf_clear(&reply);
}

static void
power_is_a_warning(void)
{
	const char *reply = reply_to_one("/** a doc **/\n// a**b\nconst s = '2**3' + `2**3`, r = /a\\**/;\n"
					 "function defineA() { return {n: 2 **\n 3}; }");

	CHECK_CONTAINS(reply, "\"rules\":{\"n\":8}");
	CHECK_CONTAINS(reply, "{\"severity\":\"warning\",\"code\":\"power_operator\",\"file\":\"a.js\",\"line\":4,");
	CHECK_CONTAINS(reply_to_one("/** a doc **/\n// a**b\nconst s = '2**3' + `2**3`, r = /a\\**/;\n"),
	    "\"problems\":[],");
}

/* ---------------------------------------------------------- what rule files cannot reach */

static const struct {
	const char *expression;
	const char *want; /* in what it throws; NULL: anything */
} REACH[] = {
    {"this.constructor.constructor('return 1')()", NULL},
    {"(function () {}).constructor('return 1')()", NULL},
    {"(async () => {}).constructor('return 1')()", NULL},
    {"(function* () {}).constructor('yield 1')().next()", NULL},
    {"(async function* () {}).constructor('yield 1')().next()", NULL},
    {"[].map.constructor('return 1')()", NULL},
    {"console.log.constructor('return 1')()", NULL},
    {"Reflect.getPrototypeOf(() => 1).constructor('return 1')()", NULL},
    {"Object.getOwnPropertyDescriptor(Reflect.getPrototypeOf(() => 1), 'constructor').value", NULL},
    {"Reflect.construct(Function, ['return 1'])", "Function is not available: rules must not make code from strings"},
    {"eval('1')", "eval is not available: rules must not make code from strings"},
    {"(0, eval)('1')", "eval is not available"},
    {"new Function('return 1')", "Function is not available"},
    {"new Date()", "Date is not available: rules must not depend on the time"},
    {"Math.random()", "Math.random is not available: rules must not depend on chance"},
    {"Math.sin(1)", "Math.sin is not available"},
    {"Math.pow(1.1, 10)", "Math.pow is not available"},
    {"Intl.DateTimeFormat", "Intl is not available"},
    {"(1).toLocaleString()", "Number.prototype.toLocaleString is not available"},
    {"[1].toLocaleString()", "Array.prototype.toLocaleString is not available"},
    {"'a'.localeCompare('b')", "String.prototype.localeCompare is not available"},
    {"Atomics.add", "Atomics is not available"},
    {"new WeakRef({})", "WeakRef is not available"},
    {"new FinalizationRegistry(() => 1)", "FinalizationRegistry is not available"},
    {"new Proxy({}, {})", "Proxy is not available: rules are plain data"},
    {"WebAssembly.compile", NULL},
    {"new SharedArrayBuffer(8)", NULL},
    {"require('fs')", NULL},
    {"process.exit()", NULL},
    {"setTimeout(() => 1)", NULL},
    {"fetch('http://localhost')", NULL},
    {"Object.prototype.x = 1", NULL},
    {"Array.prototype.push = 1", NULL},
    {"Object.defineProperty(JSON, 'stringify', {value: 1})", NULL},
    {"(function* () {})().__proto__.__proto__.__proto__.next = 1", NULL},
    {"Reflect.getPrototypeOf([].values()).next = 1", NULL},
    {"Reflect.getPrototypeOf(Int8Array).from = 1", NULL},
    {"Array = 1", NULL},
    {"Objectives = 1", NULL},
    {"console.log = 1", NULL},
    {"delete globalThis.constants", NULL},
    {"(() => arguments.callee.caller)()", NULL},
};

static void
reach(void)
{
	char text[16384], want[512];
	const char *reply;
	size_t len = 0;

	for (size_t i = 0; i < sizeof REACH / sizeof REACH[0]; i++)
		len += (size_t)snprintf(text + len, sizeof text - len,
		    "function define%zu() { try { %s; } catch (e) { return {thrown: e.message}; } "
		    "return {reached: 1}; }\n",
		    i, REACH[i].expression);
	CHECK(len < sizeof text);
	reply = reply_to_one(text);
	CHECK_CONTAINS(reply, "\"problems\":[],");
	for (size_t i = 0; i < sizeof REACH / sizeof REACH[0]; i++) {
		snprintf(want, sizeof want, "\"line\":%zu,\"rules\":{\"thrown\":\"%s", i + 1,
		    REACH[i].want != NULL ? REACH[i].want : "");
		CHECK_CONTAINS(reply, want);
	}
}

/* ---------------------------------------------------------- the process and its caller */

/* A program in the place of quoin-eval. */
static void
use_program(const char *shell)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof path, "%s/quoin-eval", check_dir());
	f = fopen(path, "w");
	CHECK(f != NULL);
	fprintf(f, "#!/bin/sh\nPATH=/usr/bin:/bin\n%s\n", shell);
	CHECK(fclose(f) == 0);
	CHECK(chmod(path, 0755) == 0);
	CHECK(setenv("QUOIN_EVAL", path, 1) == 0);
}

static const struct {
	const char *shell;
	int rc;
	const char *want; /* in the reply, or in the message */
} PROGRAMS[] = {
    {"cat >/dev/null; echo '{}'", 0, "{}\n"},
    {"cat >/dev/null; echo $$", 0, "\"code\":\"differs\""},
    {"cat >/dev/null; echo 'at 0 7 defineX' >&2; kill -ABRT $$", 0,
	"\"code\":\"memory_limit\",\"file\":\"a.js\",\"line\":7,\"message\":\"defineX: needs more than the 128 MiB"},
    {"cat >/dev/null; echo 'out 0 3 defineO' >&2; echo 'at 0 7 defineX' >&2; kill -ILL $$", 0,
	"\"code\":\"memory_limit\",\"file\":\"a.js\",\"line\":3,\"message\":\"defineO: "},
    {"cat >/dev/null; echo 'at 9 7 ' >&2; kill -KILL $$", 0, "\"code\":\"memory_limit\",\"message\":"},
    {"cat >/dev/null; echo 'at 0 7 defineX' >&2; kill -XCPU $$", 0,
	"\"code\":\"time_limit\",\"file\":\"a.js\",\"line\":7,"},
    {"cat >/dev/null; echo 'at 0 0 ' >&2; kill -SYS $$", 0, "\"code\":\"not_available\","},
    {"exec sleep 60 >/dev/null 2>&1", 0, "\"code\":\"time_limit\",\"message\""},
    {"exec sleep 60", 0, "\"code\":\"time_limit\",\"message\""},
    {"echo 'too poor' >&2; kill -ABRT $$", QUOIN_ESYSTEM, "ended before it looked at a file: too poor"},
    {"exit 1", QUOIN_ESYSTEM, "failed with status 1: it does not say why"},
    {"echo 'no engine' >&2; exit 1", QUOIN_ESYSTEM, "failed with status 1: no engine"},
    {"while :; do cat /dev/zero; done", QUOIN_ESYSTEM, "answers without end"},
};

static void
other_programs(void)
{
	const struct evaluate_script scripts[] = {{"a.js", "function defineX() { return {}; }"}, {NULL, NULL}};

	for (size_t i = 0; i < sizeof PROGRAMS / sizeof PROGRAMS[0]; i++) {
		struct quoin_buf reply = {0};
		struct quoin_error err = {0};
		bool late = strstr(PROGRAMS[i].shell, "sleep") != NULL;

		use_program(PROGRAMS[i].shell);
		if (late) {
			/* The deadline itself is seconds away: one level below, with a short one. */
			struct quoin_eval_child child;

			CHECK_INT(quoin_eval_child_run(getenv("QUOIN_EVAL"), quoin_span_str("x"), 100, 50, &child,
				      &err),
			    0);
			CHECK_INT(child.end, QUOIN_EVAL_LATE);
			quoin_eval_child_clear(&child);
			continue;
		}
		CHECK_INT(evaluate_scripts(scripts, 1000, 128, &reply, &err), PROGRAMS[i].rc);
		if (PROGRAMS[i].rc == 0)
			CHECK_CONTAINS(quoin_buf_str(&reply), PROGRAMS[i].want);
		else
			CHECK_CONTAINS(err.message, PROGRAMS[i].want);
		quoin_buf_clear(&reply);
	}
}

static void
no_program(void)
{
	const struct evaluate_script scripts[] = {{"a.js", ""}, {NULL, NULL}};
	struct quoin_buf reply;
	struct quoin_error err = {0};
	char path[PATH_MAX];

	CHECK(setenv("QUOIN_EVAL", "/nowhere/quoin-eval", 1) == 0);
	CHECK_INT(evaluate_scripts(scripts, 0, 0, &reply, &err), QUOIN_ENOENT);
	CHECK(unsetenv("QUOIN_EVAL") == 0);
	CHECK(setenv("PATH", ".:relative", 1) == 0);
	CHECK_INT(evaluate_scripts(scripts, 0, 0, &reply, &err), QUOIN_ENOENT);
	CHECK_CONTAINS(err.message, "quoin-eval is missing");
	use_program("exit 0");
	CHECK(unsetenv("QUOIN_EVAL") == 0);
	CHECK(setenv("PATH", check_dir(), 1) == 0);
	CHECK_INT(quoin_eval_find_program(path, sizeof path, &err), 0);
	CHECK_CONTAINS(path, check_dir());
}

static void
over_limits(void)
{
	const struct evaluate_script scripts[] = {{"b.js", ""}, {"a.js", ""}, {NULL, NULL}};
	struct quoin_buf reply;
	struct quoin_error err = {0};

	evaluate_use_own_program();
	CHECK_INT(evaluate_scripts(scripts, 0, 0, &reply, &err), QUOIN_EUSAGE);
	CHECK_INT(evaluate_scripts(scripts + 1, QUOIN_EVAL_CPU_MS_MAX + 1, 0, &reply, &err), QUOIN_ELIMIT);
	CHECK_INT(evaluate_scripts(scripts + 1, 0, QUOIN_EVAL_MEMORY_MB_MIN - 1, &reply, &err), QUOIN_ELIMIT);
}

/* The program itself, with a request that is none. */
static void
not_a_request(void)
{
	struct quoin_eval_child child;
	struct quoin_error err = {0};

	evaluate_use_own_program();
	CHECK_INT(quoin_eval_child_run(getenv("QUOIN_EVAL"), quoin_span_str("hello"), 1000, 60000, &child, &err), 0);
	CHECK_INT(child.end, QUOIN_EVAL_EXITED);
	CHECK_INT(child.status, 1);
	CHECK_CONTAINS(child.complaint, "this is no request for an evaluation");
	quoin_eval_child_clear(&child);
}

static const struct check_case cases[] = {
    {"article", article},
    {"shared_scope_and_order", shared_scope_and_order},
    {"only_declarations_at_the_top", only_declarations_at_the_top},
    {"console", console},
    {"modern_language", modern_language},
    {"refused", refused},
    {"not_json", not_json},
    {"problems_together", problems_together},
    {"encoding", encoding},
    {"power_is_a_warning", power_is_a_warning},
    {"reach", reach},
    {"other_programs", other_programs},
    {"no_program", no_program},
    {"over_limits", over_limits},
    {"not_a_request", not_a_request},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
