/*
 * JavaScriptCore, by its C interface. The only file that includes it.
 */
#include "publisher/eval_engine.h"

#include <JavaScriptCore/JavaScript.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* Rule files are strict code: what the frozen language refuses must throw, not be ignored. It stands before the first
 * line of a script, whose columns it moves. */
#define STRICT "\"use strict\";"
const uint32_t quoin_engine_column_shift = sizeof STRICT - 1;

/* Exported by the library but in none of its headers: looked up at run time. Without the first, RLIMIT_CPU remains;
 * without the second, the prelude has already taken eval and Function away. */
typedef bool should_terminate(JSContextRef ctx, void *context);
typedef void set_time_limit(JSContextGroupRef group, double seconds, should_terminate *callback, void *context);
typedef void set_eval_enabled(JSGlobalContextRef ctx, bool enabled, JSStringRef message);

struct quoin_engine {
	JSGlobalContextRef js;
	JSObjectRef host; /* the object that eval_prelude.js returns */
	JSClassRef print_class;
	set_time_limit *set_time_limit;
	quoin_engine_print *print;
	void *ctx;
	bool timed_out; /* the watchdog ended the last call */
};

/* eval_prelude.js, linked in by the assembler (the Makefile names the dependency). */
__asm__(".pushsection .rodata\n"
	"quoin_engine_prelude: .incbin \"publisher/eval_prelude.js\"\n"
	".byte 0\n"
	".popsection\n");
extern const char quoin_engine_prelude[];

/* What rules are likely to make the engine do, once, before the walls go up. */
static const char WARM_UP[] =
    "(() => { const m = new Map(); const out = [];"
    "for (let i = 0; i < 300; i++) { m.set('k' + i, {i, a: [i, i / 3]}); }"
    "for (const [k, v] of m) { if (/^k(\\d+)7$/u.test(k)) { out.push({...v, k: k.replace(/k/g, 'n').split('')}); } }"
    "out.sort((a, b) => b.i - a.i); try { null.x; } catch (e) { out.push(e.stack); }"
    "function* g() { yield* [1, 2n]; } for (const x of g()) { out.push(String(x)); }"
    "return JSON.stringify(JSON.parse(JSON.stringify(out))).length + new Float64Array(4096).length; })()";

/* ---------------------------------------------------------- memory and text */

static void *
must_alloc(size_t bytes)
{
	void *p = malloc(bytes + 1);

	if (p == NULL)
		abort();
	return p;
}

struct quoin_span
quoin_engine_span(struct quoin_engine_text text)
{
	return quoin_span_of(text.data, text.len);
}

void
quoin_engine_thrown_clear(struct quoin_engine_thrown *thrown)
{
	free(thrown->code.data);
	free(thrown->kind.data);
	free(thrown->message.data);
	free(thrown->stack.data);
	free(thrown->file.data);
	memset(thrown, 0, sizeof *thrown);
}

static void
append(char *out, size_t *at, struct quoin_span span)
{
	if (span.len > 0)
		memcpy(out + *at, span.data, span.len);
	*at += span.len;
}

/* The four parts one after the other. */
static JSStringRef
js_text(const char *front, struct quoin_span head, const char *middle, struct quoin_span tail)
{
	char *text = must_alloc(strlen(front) + head.len + strlen(middle) + tail.len);
	size_t at = 0;
	JSStringRef string;

	append(text, &at, quoin_span_str(front));
	append(text, &at, head);
	append(text, &at, quoin_span_str(middle));
	append(text, &at, tail);
	text[at] = '\0';
	string = JSStringCreateWithUTF8CString(text);
	free(text);
	return string;
}

static JSStringRef
js_span(const char *front, struct quoin_span span)
{
	return js_text(front, span, "", (struct quoin_span){0});
}

/* The text of a string; empty for any other value, and for what is not well-formed. */
static struct quoin_engine_text
text_of(struct quoin_engine *engine, JSValueRef value)
{
	struct quoin_engine_text text = {0};
	JSStringRef string = NULL;
	size_t max = 1;

	if (value != NULL && JSValueIsString(engine->js, value))
		string = JSValueToStringCopy(engine->js, value, NULL);
	if (string != NULL)
		max = JSStringGetMaximumUTF8CStringSize(string);
	text.data = must_alloc(max);
	if (string != NULL) {
		size_t bytes = JSStringGetUTF8CString(string, text.data, max);
		text.len = bytes > 0 ? bytes - 1 : 0;
		JSStringRelease(string);
	}
	text.data[text.len] = '\0';
	return text;
}

static JSObjectRef
object_of(struct quoin_engine *engine, JSValueRef value)
{
	return value != NULL && JSValueIsObject(engine->js, value) ? JSValueToObject(engine->js, value, NULL) : NULL;
}

/* A property of an object; undefined when it has none, is no object, or a getter throws. */
static JSValueRef
property(struct quoin_engine *engine, JSValueRef value, struct quoin_span name)
{
	JSObjectRef object = object_of(engine, value);
	JSStringRef key = js_span("", name);
	JSValueRef exception = NULL;
	JSValueRef found = object != NULL ? JSObjectGetProperty(engine->js, object, key, &exception) : NULL;

	JSStringRelease(key);
	return found != NULL && exception == NULL ? found : JSValueMakeUndefined(engine->js);
}

static struct quoin_engine_text
text_property(struct quoin_engine *engine, JSValueRef object, const char *name)
{
	return text_of(engine, property(engine, object, quoin_span_str(name)));
}

/* ---------------------------------------------------------- calls */

static bool
on_time_limit(JSContextRef js, void *context)
{
	struct quoin_engine *engine = context;

	(void)js;
	engine->timed_out = true;
	return true;
}

static void
arm(struct quoin_engine *engine, uint64_t limit_ms)
{
	engine->timed_out = false;
	if (engine->set_time_limit != NULL)
		engine->set_time_limit(JSContextGetGroup(engine->js), (double)limit_ms / 1000.0, on_time_limit, engine);
}

/* Call a function of the prelude; NULL with *ret_exception on a throw. */
static JSValueRef
call_host(struct quoin_engine *engine, const char *name, size_t count, const JSValueRef args[],
    JSValueRef *ret_exception)
{
	JSObjectRef function = object_of(engine, property(engine, engine->host, quoin_span_str(name)));

	*ret_exception = NULL;
	return function != NULL ? JSObjectCallAsFunction(engine->js, function, NULL, count, args, ret_exception) : NULL;
}

static struct quoin_engine_text
call_host_text(struct quoin_engine *engine, const char *name, JSValueRef arg)
{
	JSValueRef exception;
	JSValueRef value = call_host(engine, name, 1, &arg, &exception);

	return text_of(engine, exception == NULL ? value : NULL);
}

static struct quoin_engine_thrown
thrown_of(struct quoin_engine *engine, JSValueRef exception)
{
	struct quoin_engine_thrown thrown = {0};
	JSValueRef failure;
	JSValueRef what = call_host(engine, "describe", 1, &exception, &failure);
	double line;

	if (failure != NULL)
		what = NULL;
	thrown.code = text_property(engine, what, "code");
	thrown.kind = text_property(engine, what, "kind");
	thrown.message = text_property(engine, what, "message");
	thrown.stack = text_property(engine, what, "stack");
	thrown.file = text_property(engine, what, "file");
	line = JSValueToNumber(engine->js, property(engine, what, quoin_span_str("line")), NULL);
	thrown.line = line >= 1 && line <= UINT32_MAX ? (uint32_t)line : 0;
	return thrown;
}

static enum quoin_engine_outcome
outcome_of(struct quoin_engine *engine, JSValueRef exception, struct quoin_engine_thrown *ret_thrown)
{
	if (engine->timed_out)
		return QUOIN_ENGINE_TIMED_OUT;
	if (exception == NULL)
		return QUOIN_ENGINE_DONE;
	*ret_thrown = thrown_of(engine, exception);
	return QUOIN_ENGINE_THREW;
}

/* ---------------------------------------------------------- start */

/* The engine reads its options from the environment. Without a compiler there is neither writable code nor a compiler
 * thread; with one collector thread and no tail calls, runs and stacks repeat; the size of the machine's memory, from
 * which the engine derives when to collect, is always the same. Its own allocator would take typed arrays from a cage of
 * address space that is writable from the start, which no limit of this process sees: the system's takes its place. */
static void
set_options(void)
{
	setenv("JSC_useJIT", "0", 1);
	setenv("JSC_useConcurrentGC", "0", 1);
	setenv("JSC_numberOfGCMarkers", "1", 1);
	setenv("JSC_useTailCalls", "0", 1);
	setenv("JSC_forceRAMSize", "1073741824", 1);
	setenv("Malloc", "1", 1);
}

static JSValueRef
on_print(JSContextRef js, JSObjectRef function, JSObjectRef this_object, size_t count, const JSValueRef args[],
    JSValueRef *exception)
{
	struct quoin_engine *engine = JSObjectGetPrivate(function);
	struct quoin_engine_text text = text_of(engine, count > 0 ? args[0] : NULL);
	struct quoin_engine_text stack = text_of(engine, count > 1 ? args[1] : NULL);

	(void)this_object;
	(void)exception;
	engine->print(engine->ctx, text, stack);
	free(text.data);
	free(stack.data);
	return JSValueMakeUndefined(js);
}

static JSValueRef
evaluate(struct quoin_engine *engine, const char *script, JSValueRef *exception)
{
	JSStringRef text = js_span("", quoin_span_str(script));
	JSValueRef value = JSEvaluateScript(engine->js, text, NULL, NULL, 1, exception);

	JSStringRelease(text);
	return value;
}

/* Run the prelude and keep what it returns. Returns whether it could be. */
static bool
run_prelude(struct quoin_engine *engine, struct quoin_span objectives, struct quoin_span constants,
    JSValueRef *exception)
{
	JSClassDefinition definition = kJSClassDefinitionEmpty;
	JSStringRef texts[2] = {js_span("", objectives), js_span("", constants)};
	JSValueRef args[3];
	JSObjectRef prelude;

	definition.callAsFunction = on_print;
	engine->print_class = JSClassCreate(&definition);
	args[0] = JSValueMakeString(engine->js, texts[0]);
	args[1] = JSValueMakeString(engine->js, texts[1]);
	args[2] = JSObjectMake(engine->js, engine->print_class, engine);
	prelude = object_of(engine, evaluate(engine, quoin_engine_prelude, exception));
	if (prelude != NULL)
		engine->host = object_of(engine, JSObjectCallAsFunction(engine->js, prelude, NULL, 3, args, exception));
	if (engine->host != NULL)
		JSValueProtect(engine->js, engine->host);
	JSStringRelease(texts[0]);
	JSStringRelease(texts[1]);
	return engine->host != NULL;
}

static void *
find_private(const char *name)
{
	return dlsym(RTLD_DEFAULT, name);
}

/* What the library exports without declaring it. */
static void
use_private_calls(struct quoin_engine *engine)
{
	set_eval_enabled *eval_enabled = NULL;
	void *found;

	found = find_private("JSContextGroupSetExecutionTimeLimit");
	memcpy(&engine->set_time_limit, &found, sizeof found);
	found = find_private("JSGlobalContextSetEvalEnabled");
	memcpy(&eval_enabled, &found, sizeof found);
	if (eval_enabled != NULL) {
		JSStringRef message = js_span("", quoin_span_str("rules must not make code from strings"));

		eval_enabled(engine->js, false, message);
		JSStringRelease(message);
	}
}

struct quoin_engine *
quoin_engine_new(struct quoin_span objectives, struct quoin_span constants, quoin_engine_print *print, void *ctx,
    struct quoin_engine_text *ret_why)
{
	struct quoin_engine *engine = must_alloc(sizeof *engine);
	JSValueRef exception = NULL;

	memset(engine, 0, sizeof *engine);
	set_options();
	engine->print = print;
	engine->ctx = ctx;
	engine->js = JSGlobalContextCreate(NULL);
	if (run_prelude(engine, objectives, constants, &exception)) {
		use_private_calls(engine);
		arm(engine, 10000); /* starts the watchdog's thread */
		evaluate(engine, WARM_UP, &exception);
		JSGarbageCollect(engine->js);
	}
	if (exception != NULL) {
		JSStringRef why = JSValueToStringCopy(engine->js, exception, NULL);

		*ret_why = text_of(engine, why != NULL ? JSValueMakeString(engine->js, why) : NULL);
		free(engine);
		return NULL;
	}
	return engine;
}

/* ---------------------------------------------------------- scripts */

bool
quoin_engine_is_script(void *ctx, struct quoin_span head, const char *middle, struct quoin_span tail)
{
	struct quoin_engine *engine = ctx;
	JSStringRef text = js_text(STRICT, head, middle, tail);
	bool valid = JSCheckScriptSyntax(engine->js, text, NULL, 1, NULL);

	JSStringRelease(text);
	return valid;
}

enum quoin_engine_outcome
quoin_engine_check(struct quoin_engine *engine, struct quoin_span path, struct quoin_span script,
    struct quoin_engine_thrown *ret_thrown)
{
	JSStringRef text = js_span(STRICT, script);
	JSStringRef url = js_span("", path);
	JSValueRef exception = NULL;

	engine->timed_out = false;
	JSCheckScriptSyntax(engine->js, text, url, 1, &exception);
	JSStringRelease(text);
	JSStringRelease(url);
	return outcome_of(engine, exception, ret_thrown);
}

enum quoin_engine_outcome
quoin_engine_run(struct quoin_engine *engine, struct quoin_span path, struct quoin_span script, uint64_t limit_ms,
    struct quoin_engine_thrown *ret_thrown)
{
	JSStringRef text = js_span(STRICT, script);
	JSStringRef url = js_span("", path);
	JSValueRef exception = NULL;

	arm(engine, limit_ms);
	JSEvaluateScript(engine->js, text, NULL, url, 1, &exception);
	JSStringRelease(text);
	JSStringRelease(url);
	return outcome_of(engine, exception, ret_thrown);
}

void
quoin_engine_collect(struct quoin_engine *engine)
{
	JSGarbageCollect(engine->js);
}

bool
quoin_engine_is_bound_to_function(struct quoin_engine *engine, struct quoin_span name)
{
	JSStringRef probe = js_span("typeof ", name);
	JSValueRef exception = NULL;
	JSValueRef type = JSEvaluateScript(engine->js, probe, NULL, NULL, 1, &exception);
	struct quoin_engine_text text = text_of(engine, exception == NULL ? type : NULL);
	bool is_function = strcmp(text.data, "function") == 0;

	JSStringRelease(probe);
	free(text.data);
	return is_function;
}

/* ---------------------------------------------------------- values */

static const struct quoin_engine_value *
out(JSValueRef value)
{
	return (const struct quoin_engine_value *)(const void *)value;
}

static JSValueRef
in(const struct quoin_engine_value *value)
{
	return (JSValueRef)(const void *)value;
}

const struct quoin_engine_value *
quoin_engine_global(struct quoin_engine *engine, struct quoin_span name)
{
	return out(property(engine, JSContextGetGlobalObject(engine->js), name));
}

const char *
quoin_engine_kind(struct quoin_engine *engine, const struct quoin_engine_value *value)
{
	JSObjectRef object = object_of(engine, in(value));
	struct quoin_engine_text kind;
	const char *name;

	if (object == NULL || !JSObjectIsFunction(engine->js, object))
		return "";
	kind = call_host_text(engine, "kindOf", object);
	name = "function";
	if (strcmp(kind.data, "async") == 0)
		name = "async";
	else if (strcmp(kind.data, "generator") == 0)
		name = "generator";
	free(kind.data);
	return name;
}

struct quoin_engine_text
quoin_engine_source(struct quoin_engine *engine, const struct quoin_engine_value *function)
{
	return call_host_text(engine, "sourceOf", in(function));
}

enum quoin_engine_outcome
quoin_engine_call(struct quoin_engine *engine, const struct quoin_engine_value *function, uint64_t limit_ms,
    const struct quoin_engine_value **ret_value, struct quoin_engine_thrown *ret_thrown)
{
	JSValueRef arg = in(function);
	JSValueRef exception, value;

	arm(engine, limit_ms);
	value = call_host(engine, "call", 1, &arg, &exception);
	*ret_value = out(value);
	return outcome_of(engine, exception, ret_thrown);
}

struct quoin_engine_text
quoin_engine_misfit(struct quoin_engine *engine, const struct quoin_engine_value *value)
{
	return call_host_text(engine, "misfit", in(value));
}

enum quoin_engine_outcome
quoin_engine_serialize(struct quoin_engine *engine, const struct quoin_engine_value *value, size_t characters_max,
    struct quoin_engine_json *ret, struct quoin_engine_thrown *ret_thrown)
{
	JSValueRef args[] = {in(value), JSValueMakeNumber(engine->js, (double)characters_max)};
	JSValueRef exception;
	JSValueRef result = call_host(engine, "serialize", 2, args, &exception);
	enum quoin_engine_outcome outcome = outcome_of(engine, exception, ret_thrown);

	if (outcome != QUOIN_ENGINE_DONE)
		return outcome;
	ret->text = text_property(engine, result, "json");
	ret->problems = text_property(engine, result, "problems");
	ret->too_large = JSValueToBoolean(engine->js, property(engine, result, quoin_span_str("tooLarge")));
	return QUOIN_ENGINE_DONE;
}
