#include "publisher/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"
#include "tests/small.h"

/* ---- Directories in a few words ---- */

/* Models a, b, c and two versions of d. */
static const char models[] =
    "{'a': {'version': '1', 'inputType': 'T', 'modelType': 'S', 'uri': 'u', 'digest': 'sha256:a1'},"
    " 'b': {'version': '1', 'inputType': 'T', 'modelType': 'S', 'uri': 'u', 'digest': 'sha256:b1'},"
    " 'c': {'version': '1', 'inputType': 'T', 'modelType': 'S', 'uri': 'u', 'digest': 'sha256:c1'},"
    " 'd': [{'version': '1', 'inputType': 'T', 'modelType': 'S', 'uri': 'u', 'digest': 'sha256:d1'},"
    "       {'version': '2', 'current': true, 'inputType': 'T', 'modelType': 'S', 'uri': 'u', 'digest': 'sha256:d2'}]}";
static const char shards[] = "{'s': {'vip': 's:1', 'hosts': ['s1'], 'capacity': {}}}";

/* Objectives o1… with these defaults, one letter each, and rules. */
static void
compile(const char *defaults, const char *rules, struct quoin_compiled *ret)
{
	struct quoin_buf objectives;

	quoin_buf_init(&objectives, 1 << 16);
	quoin_buf_put_byte(&objectives, '{');
	for (size_t i = 0; defaults[i] != '\0'; i++)
		quoin_buf_printf(&objectives, "%s'o%zu': {'inputType': 'T', 'modelType': 'S', 'default': '%c'}",
		    i > 0 ? "," : "", i + 1, defaults[i]);
	quoin_buf_put_byte(&objectives, '}');
	small_compile(models, quoin_buf_str(&objectives), rules, shards, ret);
	quoin_buf_clear(&objectives);
}

static int
try(const struct quoin_guard_input *input, char *text, size_t text_bytes)
{
	struct quoin_problems problems;
	struct quoin_error err = {0};
	struct quoin_buf out;
	int rc;

	quoin_problems_init(&problems);
	quoin_buf_init(&out, 1 << 16);
	rc = quoin_guard(input, &problems, &err);
	CHECK_INT(quoin_problems_print(&problems, &out), 0);
	snprintf(text, text_bytes, "%s%s", quoin_buf_str(&out), rc == QUOIN_ECONFIG ? err.message : "");
	quoin_problems_clear(&problems);
	quoin_buf_clear(&out);
	return rc;
}

/* ---- What changed since the base ---- */

#define SPLIT(salt, by, entries) \
	"[{'name': 'r', 'targetObjectives': ['o1'], 'split': [" entries "], 'salt': '" salt "', 'by': '" by "'}]"
#define RULE(name) "{'name': '" name "', 'targetObjectives': ['o1'], 'model': 'a', 'when': {'country': 'DE'}}"
#define OFF(name) "{'name': '" name "', 'targetObjectives': ['o1'], 'model': 'a', 'when': {'k': 1}, 'enabled': false}"
#define SALTED "rule \"r\" exists in the base with another "

struct change {
	const char *name;
	const char *defaults[2], *rules[2];
	const char *said; /* part of it; NULL: nothing, accepted */
	const char *guard; /* of the threshold below, and of the waiver */
	double threshold; /* with it all is well; 0: there is none */
};

static const struct change changes[] = {
    {"the same", {"aaaa", "aaaa"}, {"[]", "[]"}, NULL, NULL, 0},
    {"two defaults of four", {"aaaa", "bbaa"}, {"[]", "[]"}, NULL, NULL, 0},
    {"three defaults of four", {"aaaa", "bbca"}, {"[]", "[]"}, "the default of 3 of 4 objectives changes",
	"default_changed", 75},
    {"three of twelve", {"aaaaaaaaaaaa", "bbbaaaaaaaaa"}, {"[]", "[]"}, NULL, NULL, 0},
    {"four of twelve", {"aaaaaaaaaaaa", "bbbbaaaaaaaa"}, {"[]", "[]"}, "the default of 4 of 12", "default_changed", 34},
    {"objectives that come and go", {"aaaa", "aaab"}, {"[]", "[]"}, NULL, NULL, 0},
    {"rules: three of five", {"a", "a"}, {"[" RULE("v") "," RULE("w") "," RULE("x") "," RULE("y") "," RULE("z") "]",
	"[" RULE("v") "," RULE("w") "]"}, "3 of 5 rules are gone, \"x\" the first of them", "rules_removed", 60},
    {"rules: two of five", {"a", "a"}, {"[" RULE("v") "," RULE("w") "," RULE("x") "," RULE("y") "," RULE("z") "]",
	"[" RULE("v") "," RULE("w") "," RULE("x") "]"}, NULL, NULL, 0},
    {"salt", {"a", "a"}, {SPLIT("s", "userId", "{'model': 'a', 'percent': 50}, {'model': 'b', 'percent': 50}"),
	SPLIT("t", "userId", "{'model': 'a', 'percent': 50}, {'model': 'b', 'percent': 50}")}, SALTED "salt", "rebucket", 1},
    {"unit", {"a", "a"}, {SPLIT("s", "userId", "{'model': 'a', 'percent': 50}, {'model': 'b', 'percent': 50}"),
	SPLIT("s", "deviceId", "{'model': 'a', 'percent': 50}, {'model': 'b', 'percent': 50}")}, SALTED "unit", "rebucket",
	1},
    {"order", {"a", "a"}, {SPLIT("s", "userId", "{'model': 'a', 'percent': 50}, {'model': 'b', 'percent': 50}"),
	SPLIT("s", "userId", "{'model': 'b', 'percent': 50}, {'model': 'a', 'percent': 50}")}, SALTED "order of ranges",
	"rebucket", 1},
    {"other percents", {"a", "a"}, {SPLIT("s", "userId", "{'model': 'a', 'percent': 50}, {'model': 'b', 'percent': 50}"),
	SPLIT("s", "userId", "{'model': 'a', 'percent': 10}, {'model': 'b', 'percent': 90}")}, NULL, NULL, 0},
    {"another model in its place", {"a", "a"},
	{SPLIT("s", "userId", "{'model': 'a', 'percent': 50}, {'model': 'b', 'percent': 50}"),
	    SPLIT("s", "userId", "{'model': 'c', 'percent': 50}, {'model': 'b', 'percent': 50}")}, NULL, NULL, 0},
    {"a split that becomes a ramp", {"a", "a"},
	{SPLIT("s", "userId", "{'model': 'a', 'percent': 50}, {'model': 'b', 'percent': 50}"),
	    "[{'name': 'r', 'targetObjectives': ['o1'], 'ramp': {'to': 'b', 'percent': 50}, 'salt': 'x'}]"}, SALTED "salt",
	"rebucket", 1},
    {"it was disabled, and had another salt", {"a", "a"},
	{"[{'name': 'r', 'enabled': false, 'targetObjectives': ['o1'], 'ramp': {'to': 'b', 'percent': 50}, 'salt': 'x'}]",
	    SPLIT("s", "userId", "{'model': 'a', 'percent': 50}, {'model': 'b', 'percent': 50}")}, NULL, NULL, 0},
    {"rules: three of five are disabled", {"a", "a"}, {"[" RULE("v") "," RULE("w") "," RULE("x") "," RULE("y") "," RULE("z") "]",
	"[" RULE("v") "," RULE("w") "," OFF("x") "," OFF("y") "," OFF("z") "]"}, "3 of 5 rules are gone", "rules_removed", 60},
    {"rules: three that were disabled", {"a", "a"}, {"[" RULE("v") "," OFF("x") "," OFF("y") "," OFF("z") "]",
	"[" RULE("v") "]"}, NULL, NULL, 0},
    {"disabled, and with another salt", {"a", "a"},
	{SPLIT("s", "userId", "{'model': 'a', 'percent': 50}, {'model': 'b', 'percent': 50}"),
	    "[{'name': 'r', 'enabled': false, 'targetObjectives': ['o1'], 'ramp': {'to': 'b', 'percent': 50}, 'salt': 'x'}]"},
	NULL, NULL, 0},
};

static void
try_change(const struct change *change)
{
	struct quoin_conf_guard threshold = {.threshold = change->threshold};
	struct quoin_compiled before, after;
	struct quoin_guard_input input = {.compiled = &after};
	char text[2048];

	compile(change->defaults[0], change->rules[0], &before);
	compile(change->defaults[1], change->rules[1], &after);
	CHECK_INT(try(&input, text, sizeof text), 0); /* nothing to compare with */
	input.base_ruleset = &before.ruleset;
	if (try(&input, text, sizeof text) != (change->said == NULL ? 0 : QUOIN_EREFUSED))
		check_fail(__FILE__, __LINE__, "%s: %s", change->name, text);
	if (change->said == NULL) {
		CHECK_STR(text, "");
	} else {
		CHECK_CONTAINS(text, change->said);
		CHECK_CONTAINS(text, change->guard);
		input.waived = &change->guard;
		input.waived_count = 1;
		CHECK_INT(try(&input, text, sizeof text), 0);
		CHECK_CONTAINS(text, "is waived");
		input.waived_count = 0;
		snprintf(threshold.name, sizeof threshold.name, "%s", change->guard);
		input.thresholds = &threshold;
		input.threshold_count = 1;
		CHECK_INT(try(&input, text, sizeof text), 0);
		CHECK_STR(text, "");
	}
	quoin_compiled_clear(&before);
	quoin_compiled_clear(&after);
}

static void
test_changes(void)
{
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
		try_change(&changes[i]);
}

/* A new version of a model is not a model that went. */
static void
test_models_removed(void)
{
	static const char all[] = "[{'name': 'x', 'targetObjectives': ['o1'], 'split': [{'model': 'a', 'percent': 25},"
				  " {'model': 'b', 'percent': 25}, {'model': 'c', 'percent': 25},"
				  " {'model': {'name': 'd', 'version': '1'}, 'percent': 25}]}]";
	struct quoin_compiled before, after;
	struct quoin_guard_input input = {.compiled = &after};
	char text[1024];

	compile("d", all, &before);
	input.base_ruleset = &before.ruleset;
	compile("d", "[]", &after);
	CHECK_INT(try(&input, text, sizeof text), QUOIN_EREFUSED);
	CHECK_STR(text, "quoin: 3 of 4 models are gone, \"a\" the first of them; mend it, or publish with --waive models_removed\n");
	quoin_compiled_clear(&after);
	compile("dc", "[]", &after);
	CHECK_INT(try(&input, text, sizeof text), 0);
	CHECK_STR(text, "");
	quoin_compiled_clear(&after);
	quoin_compiled_clear(&before);
}

static void
test_parts_removed(void)
{
	struct quoin_part had[] = {{.name = "models", .schema = "models-v1", .bytes = 1},
	    {.name = "words", .schema = "raw", .bytes = 1}};
	struct quoin_release before = {.number = 7, .parts = had, .part_count = 2}, files = before;
	struct quoin_compiled compiled;
	struct quoin_guard_input input = {.release = &files, .base_release = &before};
	char text[1024];

	CHECK_INT(try(&input, text, sizeof text), 0);
	files.part_count = 1;
	CHECK_INT(try(&input, text, sizeof text), QUOIN_EREFUSED);
	CHECK_CONTAINS(text, "1 of the 2 parts of release 7 are gone, \"words\" the first of them");
	compile("a", "[]", &compiled);
	input.release = NULL;
	input.compiled = &compiled;
	CHECK_INT(try(&input, text, sizeof text), QUOIN_EREFUSED);
	CHECK_CONTAINS(text, "\"words\"");
	before.part_count = 1;
	CHECK_INT(try(&input, text, sizeof text), 0);
	quoin_compiled_clear(&compiled);
}

static void
test_empty_part(void)
{
	struct quoin_part parts[] = {{.name = "names", .schema = "raw", .bytes = 1}, {.name = "words", .schema = "raw"}};
	struct quoin_release files = {.number = 8, .parts = parts, .part_count = 2};
	struct quoin_guard_input input = {.release = &files};
	const char *const waived[] = {"empty"};
	char text[1024];

	CHECK_INT(try(&input, text, sizeof text), QUOIN_EREFUSED);
	CHECK_STR(text, "quoin: part words is empty; mend it, or publish with --waive empty\n");
	input.waived = waived;
	input.waived_count = 1;
	CHECK_INT(try(&input, text, sizeof text), 0);
	input.waived_count = 0;
	parts[1].bytes = 1;
	CHECK_INT(try(&input, text, sizeof text), 0);
	CHECK_STR(text, "");
}

/* ---- What hosts take ---- */

static char formats[][QUOIN_NAME_BYTES_MAX + 1] = {"models-v1", "raw", "routes-v1", "rules-v1", "source-v1"};

static void
test_limits(void)
{
	struct quoin_fleet_host hosts[2] = {{.received_ms = 1000}, {.received_ms = 1000}};
	struct quoin_fleet fleet = {.hosts = hosts, .host_count = 2};
	struct quoin_compiled compiled;
	struct quoin_guard_input input = {.compiled = &compiled, .fleet = &fleet, .now_ms = 1000};
	static const struct {
		size_t host;
		uint64_t bytes, objectives, models, attributes;
		size_t formats;
		const char *said;
	} table[] = {
	    {0, 0, 0, 0, 0, 5, NULL},
	    {0, 100, 0, 0, 0, 5, "host \"serving\" takes at most 100 bytes (limit.bytes), and the release has "},
	    {1, 100, 0, 0, 0, 5, "host \"router\" takes at most 100 bytes"},
	    {0, 1 << 20, 4, 4, 2, 5, NULL},
	    {1, 1 << 20, 4, 4, 2, 5, NULL},
	    {0, 0, 3, 0, 0, 5, NULL}, /* it gets no rules */
	    {1, 0, 3, 0, 0, 5, "router\" takes at most 3 objectives (limit.objectives), and the release has 4 for it"},
	    {0, 0, 0, 1, 0, 5, "serving\" takes at most 1 models (limit.models), and the release has 2"},
	    {1, 0, 0, 0, 1, 5, "router\" takes at most 1 attributes (limit.attributes), and the release has 2"},
	    {0, 0, 0, 0, 0, 0, "serving\" does not read models-v1; bring it up to date first"},
	    {1, 0, 0, 0, 0, 3, "router\" does not read rules-v1"},
	};
	char text[1024];

	compile("aaaa", "[{'name': 'r', 'targetObjectives': ['o1'], 'model': 'b', 'when': {'x': 1, 'y': 'z'}}]", &compiled);
	strcpy(hosts[0].cert.host, "serving");
	strcpy(hosts[1].cert.host, "router");
	hosts[0].cert.role = QUOIN_HOST_SERVING;
	hosts[1].cert.role = QUOIN_HOST_ROUTER;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		struct quoin_status *status = &hosts[table[i].host].status;

		for (size_t k = 0; k < 2; k++)
			hosts[k].status =
			    (struct quoin_status){.formats = formats, .format_count = 5, .interval_ms = 100};
		status->limit_bytes = table[i].bytes;
		status->limit_objectives = table[i].objectives;
		status->limit_models = table[i].models;
		status->limit_attributes = table[i].attributes;
		status->format_count = table[i].formats;
		if (try(&input, text, sizeof text) != (table[i].said == NULL ? 0 : QUOIN_EREFUSED))
			check_fail(__FILE__, __LINE__, "row %zu: %s", i, text);
		if (table[i].said == NULL)
			continue;
		CHECK_CONTAINS(text, table[i].said);
		/* A host that leaves, or is silent for more than three of its intervals, is not asked. */
		status->leaving = true;
		CHECK_INT(try(&input, text, sizeof text), 0);
		status->leaving = false;
		hosts[table[i].host].received_ms = 699;
		CHECK_INT(try(&input, text, sizeof text), 0);
		hosts[table[i].host].received_ms = 700;
		CHECK_INT(try(&input, text, sizeof text), QUOIN_EREFUSED);
		hosts[table[i].host].received_ms = 1000;
	}
	quoin_compiled_clear(&compiled);
}

/* ---- Thresholds ---- */

static void
test_thresholds(void)
{
	static const struct {
		struct quoin_conf_guard guard;
		const char *said;
	} table[] = {
	    {{"rebuckit", 1}, "guard.rebuckit: there is no such guard; did you mean rebucket"},
	    {{"capacity", 1}, "guard.capacity: this guard has no threshold; it holds or not"},
	    {{"limits", 1}, "guard.limits: this guard has no threshold"},
	    {{"size_jump", 1}, NULL},
	};
	struct quoin_compiled compiled;
	struct quoin_guard_input input = {.compiled = &compiled, .threshold_count = 1};
	char text[1024];

	compile("a", "[]", &compiled);
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		input.thresholds = &table[i].guard;
		CHECK_INT(try(&input, text, sizeof text), table[i].said == NULL ? 0 : QUOIN_ECONFIG);
		if (table[i].said != NULL)
			CHECK_CONTAINS(text, table[i].said);
	}
	/* empty: percent of the base's objectives that must be left. */
	input.threshold_count = 0;
	input.base_objective_count = 3;
	CHECK_INT(try(&input, text, sizeof text), QUOIN_EREFUSED);
	input.threshold_count = 1;
	input.thresholds = &(struct quoin_conf_guard){"empty", 33};
	CHECK_INT(try(&input, text, sizeof text), 0);
	quoin_compiled_clear(&compiled);
}

/* ---- Each guard at its threshold and just past it ---- */

/* What is tried: twelve objectives, models and rules each; a row changes one thing. */
struct scene {
	struct quoin_compiled before, after;
	struct quoin_guard_input input;
	struct quoin_guard_retained retained[2];
	struct quoin_release release;
	struct quoin_part parts[QUOIN_COMPILED_PARTS + 1];
	struct quoin_fleet fleet;
	struct quoin_fleet_host host;
	struct quoin_shard shard;
	struct quoin_amount capacity;
};

#define TWELVE "abcdefghijkl"
#define SPACIOUS "{'s': {'vip': 's:1', 'hosts': ['s1'], 'capacity': {'memory_mb': 100}}}"

/* Models a to l of 5 MB each and the digest's first letter; an objective per letter of "defaults", whose default it is;
 * and "rules" rules of which the first, if "salt", is a split of that salt. */
static void
compile_twelve(const char *defaults, size_t rules, const char *salt, char digest, struct quoin_compiled *ret)
{
	struct quoin_buf text[3];

	for (size_t i = 0; i < 3; i++)
		quoin_buf_init(&text[i], 1 << 16);
	for (size_t i = 0; TWELVE[i] != '\0'; i++)
		quoin_buf_printf(&text[0],
		    "%c'%c': {'version': '1', 'inputType': 'T', 'modelType': 'S', 'uri': 'u', 'digest': 'sha256:%c%c',"
		    " 'demand': {'memory_mb': 5}}", i == 0 ? '{' : ',', TWELVE[i], digest, TWELVE[i]);
	for (size_t i = 0; defaults[i] != '\0'; i++)
		quoin_buf_printf(&text[1], "%c'o%02zu': {'inputType': 'T', 'modelType': 'S', 'default': '%c'}",
		    i == 0 ? '{' : ',', i, defaults[i]);
	for (size_t i = 0; i < rules; i++)
		quoin_buf_printf(&text[2], "%s{'name': 'r%02zu', 'targetObjectives': ['o00'], %s%s%s}", i == 0 ? "[" : ",", i,
		    salt == NULL || i > 0 ? "'model': 'a', 'when': {'k': 1}"
					  : "'split': [{'model': 'a', 'percent': 100}], 'salt': '",
		    salt != NULL && i == 0 ? salt : "", salt != NULL && i == 0 ? "'" : "");
	quoin_buf_put_str(&text[0], "}");
	quoin_buf_put_str(&text[1], "}");
	quoin_buf_put_str(&text[2], rules == 0 ? "[]" : "]");
	small_compile(quoin_buf_str(&text[0]), quoin_buf_str(&text[1]), quoin_buf_str(&text[2]), SPACIOUS, ret);
	for (size_t i = 0; i < 3; i++)
		quoin_buf_clear(&text[i]);
}

static void
make(struct scene *scene, const char *defaults, size_t rules, const char *salt, char digest)
{
	compile_twelve(defaults, rules, salt, digest, &scene->after);
	scene->input.compiled = &scene->after;
	scene->input.base_ruleset = &scene->before.ruleset;
	scene->input.base_objective_count = scene->before.objective_count;
}

static void
set_capacity(struct scene *scene, bool is_past)
{
	make(scene, TWELVE, 12, "s", 'x');
	scene->capacity = (struct quoin_amount){"memory_mb", is_past ? 59 : 60};
	scene->shard = scene->after.ruleset.shards[0];
	scene->shard.capacity = &scene->capacity;
	scene->after.ruleset.shards = &scene->shard;
}

static void
set_closed_world(struct scene *scene, bool is_past)
{
	make(scene, TWELVE, 12, "s", 'x');
	scene->after.parts[QUOIN_COMPILED_ROUTES].bytes.data[0] ^= is_past;
}

static void
set_default_changed(struct scene *scene, bool is_past)
{
	make(scene, is_past ? "bcdaefghijkl" : "bcadefghijkl", 12, "s", 'x');
}

static void
set_empty(struct scene *scene, bool is_past)
{
	/* All models stay named, or models_removed would object, too. */
	make(scene, is_past ? "abcde" : "abcdef", 12, "s", 'x');
	scene->input.base_ruleset = NULL;
}

static void
set_limits(struct scene *scene, bool is_past)
{
	make(scene, TWELVE, 12, "s", 'x');
	strcpy(scene->host.cert.host, "h");
	scene->host.cert.role = QUOIN_HOST_ROUTER;
	scene->host.status = (struct quoin_status){.formats = formats, .format_count = 5, .interval_ms = 100,
	    .limit_objectives = is_past ? 11 : 12};
	scene->fleet = (struct quoin_fleet){.hosts = &scene->host, .host_count = 1};
	scene->input.fleet = &scene->fleet;
}

static void
set_models_removed(struct scene *scene, bool is_past)
{
	make(scene, is_past ? "abcdefgh" : "abcdefghi", 12, "s", 'x');
}

static void
set_overlap(struct scene *scene, bool is_past)
{
	/* Sixty of both releases; what only the base has needs forty more, or forty-five. */
	make(scene, TWELVE, 12, "s", 'x');
	quoin_compiled_clear(&scene->before);
	small_compile(is_past ? "{'z': " SMALL_MODEL("1", "'demand': {'memory_mb': 41},") "}"
			      : "{'z': " SMALL_MODEL("1", "'demand': {'memory_mb': 40},") "}",
	    "{'o': " SMALL_OBJECTIVE("z", "") "}", "[]", SPACIOUS, &scene->before);
	scene->input.base_ruleset = NULL;
	scene->input.base_objective_count = 1;
	scene->input.base_models = quoin_buf_span(&scene->before.parts[QUOIN_COMPILED_MODELS].bytes);
}

static void
set_parts_removed(struct scene *scene, bool is_past)
{
	make(scene, TWELVE, 12, "s", 'x');
	for (size_t i = 0; i < QUOIN_COMPILED_PARTS; i++)
		snprintf(scene->parts[i].name, sizeof scene->parts[i].name, "%s", scene->after.parts[i].name);
	strcpy(scene->parts[QUOIN_COMPILED_PARTS].name, "words");
	scene->release = (struct quoin_release){.number = 7, .parts = scene->parts,
	    .part_count = QUOIN_COMPILED_PARTS + is_past};
	scene->input.base_release = &scene->release;
}

static void
set_rebucket(struct scene *scene, bool is_past)
{
	make(scene, TWELVE, 12, is_past ? "t" : "s", 'x');
}

static void
set_rules_removed(struct scene *scene, bool is_past)
{
	make(scene, TWELVE, is_past ? 8 : 9, "s", 'x');
}

/* No guard reads the source part: it may be said to be large. */
static void
set_size_jump(struct scene *scene, bool is_past)
{
	make(scene, TWELVE, 12, "s", 'x');
	scene->input.base_part_bytes[QUOIN_COMPILED_SOURCE] = 1 << 20;
	scene->after.parts[QUOIN_COMPILED_SOURCE].bytes.len = (4u << 20) + is_past;
}

static void
set_sizes(struct scene *scene, bool is_past)
{
	size_t others = 0;

	make(scene, TWELVE, 12, "s", 'x');
	for (size_t i = 0; i < QUOIN_COMPILED_SOURCE; i++)
		others += scene->after.parts[i].bytes.len;
	scene->after.parts[QUOIN_COMPILED_SOURCE].bytes.len = QUOIN_RELEASE_BYTES_MAX - others + is_past;
}

static void
set_version_reused(struct scene *scene, bool is_past)
{
	make(scene, TWELVE, 12, "s", is_past ? 'y' : 'x');
	for (size_t i = 0; i < 2; i++)
		scene->retained[i] = (struct quoin_guard_retained){41 + i,
		    quoin_buf_span(&scene->before.parts[QUOIN_COMPILED_MODELS].bytes)};
	scene->input.retained = scene->retained;
	scene->input.retained_count = 2;
}

static const struct edge {
	const char *guard;
	void (*set)(struct scene *scene, bool is_past);
	double threshold; /* with which what is past is let through; 0: the guard has none */
	const char *said; /* when past */
} edges[] = {
    {"capacity", set_capacity, 0, "the models on shard \"s\" need 60 memory_mb, and a host has 59"},
    {"closed_world", set_closed_world, 0, "the parts do not fit together: "},
    {"default_changed", set_default_changed, 34, "the default of 4 of 12 objectives changes"},
    {"empty", set_empty, 41, "there are 5 objectives, and there were 12 in the base"},
    {"limits", set_limits, 0, "host \"h\" takes at most 11 objectives (limit.objectives), and the release has 12 for it"},
    {"models_removed", set_models_removed, 34, "4 of 12 models are gone, \"i\" the first of them"},
    {"overlap", set_overlap, 0, "which need 60 and 41 memory_mb, and has 100"},
    {"parts_removed", set_parts_removed, 1, "1 of the 5 parts of release 7 are gone, \"words\" the first of them"},
    {"rebucket", set_rebucket, 1, "rule \"r00\" exists in the base with another salt"},
    {"rules_removed", set_rules_removed, 34, "4 of 12 rules are gone, \"r08\" the first of them"},
    {"size_jump", set_size_jump, 4.1, "the part \"source\" has 4194305 bytes, and had 1048576 in the base"},
    {"sizes", set_sizes, 0, "the parts have 268435457 bytes together, and at most 268435456 are allowed"},
    {"version_reused", set_version_reused, 0, "model \"a@1\" has digest \"sha256:ya\", but release 41 has \"sha256:xa\""},
};

/* What is past the edge: refused by this guard alone; let through by a waiver if it may be waived, and by its threshold if it
 * has one. */
static void
try_past(const struct edge *edge, struct scene *scene)
{
	struct quoin_conf_guard threshold = {.threshold = edge->threshold};
	struct quoin_error err = {0};
	char text[8192];

	edge->set(scene, true);
	if (try(&scene->input, text, sizeof text) != QUOIN_EREFUSED)
		check_fail(__FILE__, __LINE__, "%s lets through what is past it: %s", edge->guard, text);
	CHECK_CONTAINS(text, edge->said);
	for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
		char word[64];

		snprintf(word, sizeof word, quoin_guard_is_waivable(edges[i].guard) ? "--waive %s\n" : "guard %s ", edges[i].guard);
		if ((strstr(text, word) != NULL) != (strcmp(edges[i].guard, edge->guard) == 0))
			check_fail(__FILE__, __LINE__, "%s: %s", edge->guard, text);
	}
	scene->input.waived = &edge->guard;
	scene->input.waived_count = 1;
	CHECK_INT(try(&scene->input, text, sizeof text), quoin_guard_is_waivable(edge->guard) ? 0 : QUOIN_EREFUSED);
	CHECK_CONTAINS(text, quoin_guard_is_waivable(edge->guard) ? "is waived" : "cannot be waived");
	scene->input.waived_count = 0;
	snprintf(threshold.name, sizeof threshold.name, "%s", edge->guard);
	CHECK_INT(quoin_guard_check_thresholds(&threshold, 1, &err), edge->threshold > 0 ? 0 : QUOIN_ECONFIG);
	if (edge->threshold <= 0)
		return;
	scene->input.thresholds = &threshold;
	scene->input.threshold_count = 1;
	CHECK_INT(try(&scene->input, text, sizeof text), 0);
	CHECK_STR(text, "");
}

/* However many releases have the model otherwise, its author is told once. */
static void
test_told_once(void)
{
	struct scene *scene = calloc(1, sizeof *scene);
	char text[8192];

	CHECK(scene != NULL);
	compile_twelve(TWELVE, 12, "s", 'x', &scene->before);
	set_version_reused(scene, true);
	CHECK_INT(try(&scene->input, text, sizeof text), QUOIN_EREFUSED);
	CHECK_CONTAINS(text, "model \"l@1\" has digest \"sha256:yl\", but release 41 has");
	CHECK(strstr(text, "release 42") == NULL);
	quoin_compiled_clear(&scene->before);
	quoin_compiled_clear(&scene->after);
	free(scene);
}

static void
test_edges(void)
{
	const char *const *names = quoin_guard_names();
	char text[8192];

	for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++, names++) {
		CHECK_STR(*names, edges[i].guard);
		for (int is_past = 0; is_past < 2; is_past++) {
			struct scene *scene = calloc(1, sizeof *scene);

			CHECK(scene != NULL);
			compile_twelve(TWELVE, 12, "s", 'x', &scene->before);
			if (is_past) {
				try_past(&edges[i], scene);
			} else {
				edges[i].set(scene, false);
				if (try(&scene->input, text, sizeof text) != 0 || text[0] != '\0')
					check_fail(__FILE__, __LINE__, "%s refuses what is at it: %s", edges[i].guard, text);
			}
			quoin_compiled_clear(&scene->before);
			quoin_compiled_clear(&scene->after);
			free(scene);
		}
	}
	CHECK_STR(*names, NULL);
}

static const struct check_case cases[] = {
    {"guard: what changed since the base", test_changes},
    {"guard: models_removed", test_models_removed},
    {"guard: parts_removed", test_parts_removed},
    {"guard: a part of no bytes", test_empty_part},
    {"guard: limits of live hosts", test_limits},
    {"guard: thresholds", test_thresholds},
    {"guard: a model's version is told once", test_told_once},
    {"guard: each one at its threshold and just past it", test_edges},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
