/*
 * Hostile rule files: each is contained within its limits, named with its place, and leaves nothing behind: no process, no
 * open file, no file on the disk, and the rules of others as they are.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/evaluate.h"

#define CPU_MS	  600
#define MEMORY_MB 128

/* What follows each in its file, on the second line; and in another file. */
#define GOOD	  "\nfunction defineGood() { return {x: [1]}; }\n"
#define GOOD_RULE "{\"name\":\"defineGood\",\"file\":\"a.js\",\"line\":2,\"rules\":{\"x\":[1]}}"
#define OTHER                                                                                                          \
	"function defineOther() { const o = {}; for (const k in o) o.y = k; return [{z: `${o}${[1, 2]}`, ...o}]; }\n"
#define OTHER_RULE "{\"name\":\"defineOther\",\"file\":\"b.js\",\"line\":1,\"rules\":[{\"z\":\"[object Object]1,2\"}]}"
#define AT(code)   "\"code\":\"" code "\",\"file\":\"a.js\",\"line\":1,"

enum rest {
	ENDS,	/* the process may be ended: only the problem is told */
	GOES_ON /* the other functions are evaluated nevertheless */
};

struct row {
	const char *name;
	const char *text; /* the first line of a.js */
	const char *want; /* in the reply */
	enum rest rest;
	uint32_t memory_mb; /* 0: MEMORY_MB */
};

/* The research's list: loops, memory, recursion, regular expressions, ways out. */
static const struct row researched[] = {
    {"a loop", "function defineA() { for (;;); }", AT("time_limit"), GOES_ON, 0},
    {"a loop that catches", "function defineA() { for (;;) try { for (;;); } catch {} finally { for (;;); } }",
	AT("time_limit"), GOES_ON, 0},
    {"a loop at the top", "for (;;);", "\"code\":\"time_limit\",\"file\":\"a.js\",", GOES_ON, 0},
    {"a regular expression that backtracks", "function defineA() { return /^(a+)+$/.test('a'.repeat(60) + 'b'); }",
	AT("time_limit"), ENDS, 0},
    {"recursion", "function defineA() { const f = () => f() + 1; return f(); }", AT("recursion") "\"column\":", GOES_ON,
	0},
    {"a string that doubles", "function defineA() { let s = 'x'; for (;;) s += s; }", AT("memory_limit"), GOES_ON, 0},
    {"a string that repeats", "function defineA() { return 'x'.repeat(2 ** 31); }", "\"code\":\"memory_limit\"", ENDS,
	0},
    {"arrays for ever", "function defineA() { const a = []; for (;;) a.push(new Array(1000).fill(1.5)); }",
	AT("memory_limit"), ENDS, 0},
    {"a join", "function defineA() { return new Array(1 << 28).join('abcdef'); }",
	"_limit\",\"file\":\"a.js\",\"line\":1,", ENDS, 0},
    {"a join of long strings", "function defineA() { return [new Array(100).fill('x'.repeat(5e6)).join('y')]; }",
	AT("memory_limit"), GOES_ON, 0},
    {"a sort", "function defineA() { const a = []; for (let i = 0; i < 1e7; i++) a.push(i); a.sort(); return a; }",
	AT("memory_limit"), ENDS, 0},
    {"typed arrays for ever", "function defineA() { const a = []; for (;;) a.push(new Uint8Array(1e7).fill(1)); }",
	"_limit\",\"file\":\"a.js\",\"line\":1,", ENDS, 0},
    {"a map for ever", "function defineA() { const m = new Map(); for (let i = 0;; i++) m.set({}, 'k' + i); }",
	"_limit\",\"file\":\"a.js\",\"line\":1,", ENDS, 0},
    {"a result that is too large", "function defineA() { return new Array(200).fill({x: 'y'.repeat(1e6)}); }",
	AT("too_large"), GOES_ON, 512},
    {"a result that doubles",
	"function defineA() { let a = ['x']; for (let i = 0; i < 50; i++) a = [a, a]; return a; }",
	"\"file\":\"a.js\",\"line\":1,", ENDS, 512},
    {"a way out by constructors",
	"function defineA() { return {x: this.constructor.constructor('return process')()}; }", AT("throws"), GOES_ON,
	0},
    {"a way out by Function", "function defineA() { return new Function('return 1')(); }", AT("not_available"), GOES_ON,
	0},
    {"a way out by require", "function defineA() { return require('fs'); }", AT("throws"), GOES_ON, 0},
};

/* Our own. */
static const struct row invented[] = {
    {"a getter in the result", "function defineA() { return {get model() { for (;;); }}; }",
	"has at .model a getter or setter", GOES_ON, 0},
    {"a getter on the way",
	"function defineA() { const a = [1]; Object.defineProperty(a, '0', {get() { for (;;); }, enumerable: true}); return a; }",
	"has at [0] a getter or setter", GOES_ON, 0},
    {"a proxy as result", "function defineA() { return new Proxy({}, {ownKeys() { for (;;); }}); }",
	AT("not_available"), GOES_ON, 0},
    {"a proxy of ours as result", "function defineA() { return {a: [constants]}; }", "has at .a[0] a proxy", GOES_ON,
	0},
    {"prototypes of others", "Object.prototype.model = 'evil'; Array.prototype.join = () => 'evil';",
	"\"code\":\"throws\"", GOES_ON, 0},
    {"prototypes by defineProperty", "Object.defineProperty(Object.prototype, 'y', {value: 1, enumerable: true});",
	"\"code\":\"throws\"", GOES_ON, 0},
    {"prototypes by __proto__", "({}).__proto__.y = 1;", "\"code\":\"throws\"", GOES_ON, 0},
    {"prototypes by JSON",
	"JSON.parse('{\"__proto__\": {\"y\": 1}}').__proto__.z; Object.setPrototypeOf(Object.prototype, {y: 1});",
	"\"code\":\"throws\"", GOES_ON, 0},
    {"toJSON", "function defineA() { return {toJSON() { return {model: 'evil'}; }}; }", "has at .toJSON a function",
	GOES_ON, 0},
    {"toJSON that is inherited", "function defineA() { return new (class E { toJSON() { for (;;); } })(); }",
	"is an object of class E", GOES_ON, 0},
    {"an array of 2^32 - 1 holes", "function defineA() { const a = []; a.length = 4294967295; return a; }",
	"has at [0] a hole", GOES_ON, 0},
    {"an array from a length", "function defineA() { return Array.from({length: 2 ** 53 - 1}); }",
	"\"file\":\"a.js\",\"line\":1,", ENDS, 0},
    {"data that is very deep", "function defineA() { let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a; }",
	"nested deeper than 60", GOES_ON, 0},
    {"JSON text that is very deep", "function defineA() { return JSON.parse('['.repeat(1e6)); }",
	"\"file\":\"a.js\",\"line\":1,", ENDS, 0},
    {"promises for ever", "function defineA() { const f = () => Promise.resolve().then(f); f(); return {}; }",
	"_limit\",\"file\":\"a.js\",\"line\":1,", ENDS, 0},
    {"promises in crowds", "function defineA() { for (;;) Promise.resolve().then(() => [1]); }",
	"_limit\",\"file\":\"a.js\",\"line\":1,", ENDS, 0},
    {"async for ever", "function defineA() { (async () => { for (;;) await 0; })(); return {}; }",
	"_limit\",\"file\":\"a.js\",\"line\":1,", ENDS, 0},
    {"a generator for ever", "function defineA() { return [...(function* () { for (;;) yield 1; })()]; }",
	"_limit\",\"file\":\"a.js\",\"line\":1,", ENDS, 0},
    {"WebAssembly", "function defineA() { return new WebAssembly.Memory({initial: 65536}); }", AT("not_available"),
	GOES_ON, 0},
    {"shared memory and waiting",
	"function defineA() { Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0); }", "\"code\":\"", GOES_ON,
	0},
    {"the clock", "function defineA() { return {now: Date.now()}; }", AT("not_available"), GOES_ON, 0},
    {"chance", "function defineA() { return {x: Math.random()}; }", AT("not_available"), GOES_ON, 0},
    {"the locale", "function defineA() { return {x: (1234.5).toLocaleString()}; }", AT("not_available"), GOES_ON, 0},
    {"an error with a stack of its own",
	"function defineA() { const e = new Error('x'); e.stack = 'f@models.json:1:1'; e.sourceURL = '/etc/passwd'; e.line = 7; throw e; }",
	AT("throws"), GOES_ON, 0},
    {"an error that loops when looked at",
	"function defineA() { const e = new Error('x'); for (const k of ['message', 'name', 'stack']) "
	"Object.defineProperty(e, k, {get() { for (;;); }}); throw e; }",
	AT("time_limit"), GOES_ON, 0},
    {"an error of two million characters", "function defineA() { throw new Error('\\u001b[2J'.repeat(5e5)); }",
	AT("throws"), GOES_ON, 0},
    {"something thrown that loops as text", "function defineA() { throw {toString() { for (;;); }}; }",
	AT("time_limit"), GOES_ON, 0},
    {"a flood on the console", "function defineA() { for (;;) console.log('x'.repeat(1000)); }",
	"and more, which is left out\"}]", ENDS, 0},
    {"a flood of errors", "function defineA() { for (;;) console.error('at 0 2 defineGood\\n'); }",
	"and more, which is left out\"}]", ENDS, 0},
    {"a console that ends the reply",
	"function defineA() { console.log('\"}]}\\n{\"functions\":[{\"name\":\"defineEvil\"}]}'); throw 1; }",
	"\\\"defineEvil\\\"", GOES_ON, 0},
    {"a getter in a declared function's place",
	"function defineA() { return {}; } Object.defineProperty(globalThis, 'defineA', {get() { for (;;); }});",
	"\"code\":\"throws\"", GOES_ON, 0},
    {"a big number", "function defineA() { let n = 3n; for (;;) n = n * n; }", "\"file\":\"a.js\",\"line\":1,", ENDS,
	0},
    {"padding", "function defineA() { const a = []; for (;;) a.push('x'.padEnd(2 ** 28, a.length + 'y')); }",
	"_limit\",\"file\":\"a.js\",\"line\":1,", ENDS, 0},
    {"an array buffer of 4 GiB", "function defineA() { return new ArrayBuffer(2 ** 32); }",
	"\"file\":\"a.js\",\"line\":1,", ENDS, 0},
    {"a regular expression of a million states",
	"function defineA() { return {x: /(?:(?:a{1,1000}){1,1000}){1,1000}b/.test('a'.repeat(1e4))}; }",
	"\"file\":\"a.js\",\"line\":1,", ENDS, 0},
    {"replacing that grows", "function defineA() { let s = 'aa'; for (;;) s = s.replaceAll('a', 'aa'); }",
	"_limit\",\"file\":\"a.js\",\"line\":1,", ENDS, 0},
    {"a set that grows while it is read",
	"function defineA() { const s = new Set([0]); for (const x of s) s.add(x + 1); }",
	"_limit\",\"file\":\"a.js\",\"line\":1,", ENDS, 0},
    {"shapes for ever", "function defineA() { const a = []; for (let i = 0;; i++) a.push({['k' + i]: 1}); }",
	"_limit\",\"file\":\"a.js\",\"line\":1,", ENDS, 0},
    {"classes for ever", "function defineA() { const a = []; for (;;) a.push(class { static x = 1; #y = 2; }); }",
	"_limit\",\"file\":\"a.js\",\"line\":1,", ENDS, 0},
    {"regular expressions for ever",
	"function defineA() { const a = []; for (let i = 0;; i++) { const r = new RegExp(`(a|b${i}){1,50}c`); r.test('ab'); a.push(r); } }",
	"_limit\",\"file\":\"a.js\",\"line\":1,", ENDS, 0},
    {"symbols for ever", "function defineA() { const a = []; for (let i = 0;; i++) a.push(Symbol.for('s' + i)); }",
	"_limit\",\"file\":\"a.js\",\"line\":1,", ENDS, 0},
    {"a buffer that grows",
	"function defineA() { const b = new ArrayBuffer(8, {maxByteLength: 2 ** 31}); for (let n = 8;; n *= 2) { b.resize(n); new Uint8Array(b).fill(1); } }",
	"\"file\":\"a.js\",\"line\":1,", ENDS, 0},
    {"a hot loop of numbers",
	"function defineA() { let x = 0; for (let i = 0;; i = (i + 1) | 0) x = (x * 31 + i) | 0; }", AT("time_limit"),
	GOES_ON, 0},
    {"a class that loops when declared", "class E { static { for (;;); } }",
	"\"code\":\"time_limit\",\"file\":\"a.js\",", GOES_ON, 0},
    {"another file's function", "Object.defineProperty(globalThis, 'defineOther', {value() { return {evil: 1}; }});",
	"\"file\":\"b.js\"", ENDS, 0},
    {"a module", "import('data:text/javascript,export default 1').then((m) => { globalThis.x = m; }); throw 1;",
	"\"code\":\"throws\",\"file\":\"a.js\"", GOES_ON, 0},
};

/* ---- What is left behind ---- */

static size_t
count_entries(const char *path)
{
	DIR *dir = opendir(path);
	size_t count = 0;

	CHECK(dir != NULL);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

static double
cpu_seconds(void)
{
	struct rusage usage;

	CHECK_INT(getrusage(RUSAGE_CHILDREN, &usage), 0);
	return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
	    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void
check_nothing_left(const struct row *row, size_t descriptors, double cpu_before)
{
	struct rusage usage;
	double cpu = cpu_seconds() - cpu_before;

	errno = 0;
	if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
		check_fail(__FILE__, __LINE__, "%s: a process is left", row->name);
	if (count_entries("/proc/self/fd") != descriptors)
		check_fail(__FILE__, __LINE__, "%s: a file is left open", row->name);
	if (count_entries(".") != 2)
		check_fail(__FILE__, __LINE__, "%s: a file is left", row->name);
	/* Processor time has a last bound of whole seconds, two after the evaluation's own, and a second to die. */
	if (cpu > 2 * (CPU_MS / 1000 + 4.0))
		check_fail(__FILE__, __LINE__, "%s: took %.1f s of processor time", row->name, cpu);
	/* What the idle engine has, and the evaluation's own. */
	CHECK_INT(getrusage(RUSAGE_CHILDREN, &usage), 0);
	if (usage.ru_maxrss > (long)(200 + (row->memory_mb != 0 ? row->memory_mb : MEMORY_MB)) * 1024)
		check_fail(__FILE__, __LINE__, "%s: took %ld KiB of memory", row->name, usage.ru_maxrss);
}

static void
contain(const struct row *row)
{
	char text[1024];
	struct evaluate_script scripts[] = {{"a.js", text}, {"b.js", OTHER}, {NULL, NULL}};
	size_t descriptors = count_entries("/proc/self/fd");
	double cpu_before = cpu_seconds();
	const char *reply;

	snprintf(text, sizeof text, "%s" GOOD, row->text);
	reply = evaluate_reply(scripts, CPU_MS, row->memory_mb != 0 ? row->memory_mb : MEMORY_MB);
	if (strstr(reply, row->want) == NULL || strstr(reply, "\"severity\":\"error\"") == NULL)
		check_fail(__FILE__, __LINE__, "%s: %.2000s", row->name, reply);
	if (strstr(reply, "\"rules\":{\"evil\"") != NULL || strstr(reply, "\"model\":\"evil\"") != NULL)
		check_fail(__FILE__, __LINE__, "%s gets what it wants: %.2000s", row->name, reply);
	if (row->rest == GOES_ON && (strstr(reply, GOOD_RULE) == NULL || strstr(reply, OTHER_RULE) == NULL))
		check_fail(__FILE__, __LINE__, "%s: the others are not evaluated: %.2000s", row->name, reply);
	check_nothing_left(row, descriptors, cpu_before);
}

static void
contain_all(const struct row *rows, size_t count)
{
	/* An empty directory, in which whatever is written without a path would be found. */
	CHECK_INT(chdir(check_dir()), 0);
	for (size_t i = 0; i < count; i++)
		contain(&rows[i]);
}

static void
test_researched(void)
{
	contain_all(researched, sizeof researched / sizeof researched[0]);
}

static void
test_invented(void)
{
	contain_all(invented, sizeof invented / sizeof invented[0]);
}

static const struct check_case cases[] = {
    {"hostile: the research's list", test_researched},
    {"hostile: our own list", test_invented},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
