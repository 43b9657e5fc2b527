#include "publisher/check_kind.h"

#include <string.h>

#include "lib/text.h"
#include "publisher/check_pieces.h"
#include "publisher/check_value.h"
#include "publisher/check_when.h"

/* What every rule may have; route rules and defaults have fewer. */
#define NAMING_KEYS    "name", "enabled", "modelInputType", "modelType", "config"
#define SELECTING_KEYS NAMING_KEYS, "targetObjectives", "when", "priority"
#define BUCKETING_KEYS SELECTING_KEYS, "by", "salt"

static const char *const default_keys[] = {NAMING_KEYS, "targetObjectives", "defaultModel", NULL};
static const char *const ab_test_keys[] = {SELECTING_KEYS, "abTestId", "cellToModel", "allocation", NULL};
static const char *const context_keys[] = {SELECTING_KEYS, "model", NULL};
static const char *const split_keys[] = {BUCKETING_KEYS, "split", NULL};
static const char *const ramp_keys[] = {BUCKETING_KEYS, "ramp", NULL};
static const char *const shadow_keys[] = {BUCKETING_KEYS, "shadow", "percent", NULL};
static const char *const override_keys[] = {SELECTING_KEYS, "override", NULL};
static const char *const route_keys[] = {NAMING_KEYS, "route", "model", NULL};

static void read_default(struct quoin_check_rule *read);
static void read_context(struct quoin_check_rule *read);
static void read_split(struct quoin_check_rule *read);
static void read_ramp(struct quoin_check_rule *read);
static void read_shadow(struct quoin_check_rule *read);

static const struct kind {
	const char *field; /* that distinguishes it */
	const char *words;
	const char *const *keys;
	void (*read)(struct quoin_check_rule *read);
} kinds[] = {
    [QUOIN_RULE_DEFAULT] = {"defaultModel", "a default rule", default_keys, read_default},
    [QUOIN_RULE_AB_TEST] = {"abTestId", "an A/B test", ab_test_keys, quoin_check_ab_test},
    [QUOIN_RULE_CONTEXT] = {"model", "a context rule", context_keys, read_context},
    [QUOIN_RULE_SPLIT] = {"split", "a split", split_keys, read_split},
    [QUOIN_RULE_RAMP] = {"ramp", "a ramp", ramp_keys, read_ramp},
    [QUOIN_RULE_SHADOW] = {"shadow", "a shadow rule", shadow_keys, read_shadow},
    [QUOIN_RULE_OVERRIDE] = {"override", "an override rule", override_keys, quoin_check_override},
    [QUOIN_RULE_ROUTE] = {"route", "a route rule", route_keys, quoin_check_route},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

const char *
quoin_check_kind_words(enum quoin_rule_kind kind)
{
	return kinds[kind].words;
}

const char *const *
quoin_check_kind_keys(enum quoin_rule_kind kind)
{
	return kinds[kind].keys;
}

bool
quoin_check_kind_has_targets(enum quoin_rule_kind kind)
{
	return kind != QUOIN_RULE_ROUTE;
}

void
quoin_check_kind_read(struct quoin_check_rule *read)
{
	kinds[read->rule->kind].read(read);
}

static bool
is_common_key(const char *key)
{
	static const char *const keys[] = {BUCKETING_KEYS, "cellToModel", "allocation", "percent"};

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		if (strcmp(keys[i], key) == 0)
			return true;
	}
	return false;
}

/* No field says what the rule is; perhaps one of its keys was meant to. */
static void
refuse_no_kind(struct quoin_check_rule *read)
{
	const char *fields[KINDS];
	const char *near = NULL;

	for (size_t i = 0; i < KINDS; i++)
		fields[i] = kinds[i].field;
	for (const struct quoin_json *member = quoin_json_first(read->node); member != NULL && near == NULL;
	     member = quoin_json_next(member)) {
		if (!is_common_key(quoin_json_key(member)))
			near = quoin_text_nearest(quoin_json_key(member), fields, KINDS);
		if (near != NULL) {
			quoin_check_error(read->run, &read->source, member, "no_kind",
			    "\"%.64s\" is no key of a rule; did you mean \"%s\"?", quoin_json_key(member), near);
		}
	}
	if (near == NULL) {
		quoin_check_error(read->run, &read->source, read->node, "no_kind",
		    "nothing says what the rule is; it has one of \"defaultModel\", \"abTestId\", \"model\", "
		    "\"split\", \"ramp\", "
		    "\"shadow\", \"override\", \"route\"");
	}
}

bool
quoin_check_kind_find(struct quoin_check_rule *read, enum quoin_rule_kind *ret)
{
	const char *found[KINDS];
	size_t count = 0;
	bool has_route = quoin_json_get(read->node, "route") != NULL;

	for (size_t i = 0; i < KINDS; i++) {
		if (quoin_json_get(read->node, kinds[i].field) == NULL || (has_route && i == QUOIN_RULE_CONTEXT))
			continue;
		*ret = (enum quoin_rule_kind)i;
		found[count++] = kinds[i].field;
	}
	if (count == 1)
		return true;
	if (count == 0) {
		refuse_no_kind(read);
	} else {
		quoin_check_error(read->run, &read->source, read->node, "two_kinds",
		    "the rule has both \"%s\" and \"%s\"; make it two rules", found[0], found[1]);
	}
	return false;
}

/* The one percent of a ramp or shadow. */
static void
read_only_share(struct quoin_check_rule *read, const struct quoin_json *object)
{
	const struct quoin_json *node = quoin_json_get(object, "percent");
	struct quoin_share *shares = quoin_check_take_shares(read, 1);

	if (node == NULL)
		quoin_check_error(read->run, &read->source, object, "missing_key", "\"percent\" is missing; add it");
	else if (shares != NULL)
		quoin_check_percent(read->run, &read->source, node, "\"percent\"", &shares[0].share);
}

/* By and salt of a rule. One from an array needs a name or salt that does not move when the array grows. */
static void
read_bucketing(struct quoin_check_rule *read)
{
	read->rule->by = quoin_check_by(read, read->node);
	read->rule->salt = quoin_check_salt(read, read->node, read->rule->name);
	if (read->element == 0 || read->has_own_name || quoin_json_get(read->node, "salt") != NULL)
		return;
	quoin_check_error(read->run, &read->source, read->node, "needs_salt",
	    "%s from an array needs a \"name\" or a \"salt\" of its own; otherwise inserting an element would move "
	    "users",
	    kinds[read->rule->kind].words);
}

/* ---- Kinds ---- */

static void
read_default(struct quoin_check_rule *read)
{
	quoin_check_only_ref(read, read->node, "defaultModel");
}

static void
read_context(struct quoin_check_rule *read)
{
	const struct quoin_json *when = quoin_json_get(read->node, "when");

	quoin_check_only_ref(read, read->node, "model");
	if (when == NULL) {
		quoin_check_error(read->run, &read->source, read->node, "missing_key",
		    "\"when\" is missing; without a condition it is a default: write \"defaultModel\"");
	} else if (quoin_json_kind(when) == QUOIN_JSON_OBJECT && quoin_json_count(when) == 0) {
		quoin_check_error(read->run, &read->source, when, "condition",
		    "\"when\" is empty; a context rule has a condition, and without one it is a default: write "
		    "\"defaultModel\"");
	}
}

/* Returns whether the percent could be read. */
static bool
read_split_entry(struct quoin_check_rule *read, const struct quoin_json *node, struct quoin_ref *ref, uint32_t *share)
{
	static const char *const keys[] = {"model", "percent", NULL};
	const struct quoin_json *model, *percent;

	if (!quoin_check_is(read->run, &read->source, node, QUOIN_JSON_OBJECT, "an entry of the split"))
		return false;
	quoin_check_keys(read->run, &read->source, node, keys, "an entry of a split");
	model = quoin_json_get(node, "model");
	percent = quoin_json_get(node, "percent");
	if (model != NULL)
		quoin_check_model_ref(read, model, "\"model\"", ref, NULL);
	else
		quoin_check_error(read->run, &read->source, node, "missing_key",
		    "\"model\" is missing in the split; add it");
	if (percent != NULL)
		return quoin_check_percent(read->run, &read->source, percent, "\"percent\"", share);
	quoin_check_error(read->run, &read->source, node, "missing_key", "\"percent\" is missing in the split; add it");
	return false;
}

static void
read_split(struct quoin_check_rule *read)
{
	const struct quoin_json *array =
	    quoin_check_member(read->run, &read->source, read->node, "split", QUOIN_JSON_ARRAY, QUOIN_CHECK_REQUIRED);
	size_t count = array != NULL ? quoin_json_count(array) : 0;
	struct quoin_ref *refs;
	struct quoin_share *shares;
	uint64_t sum = 0;
	bool is_whole = true;
	size_t i = 0;

	read_bucketing(read);
	if (array == NULL)
		return;
	if (count == 0 || count > QUOIN_SPLIT_MAX) {
		quoin_check_error(read->run, &read->source, array, "limit", "the split has %zu entries; it has 1 to %d",
		    count, QUOIN_SPLIT_MAX);
		return;
	}
	refs = quoin_check_take_refs(read, count);
	shares = quoin_check_take_shares(read, count);
	if (refs == NULL || shares == NULL)
		return;
	for (const struct quoin_json *item = quoin_json_first(array); item != NULL; item = quoin_json_next(item), i++) {
		shares[i].key = (uint32_t)i;
		is_whole = read_split_entry(read, item, &refs[i], &shares[i].share) && is_whole;
		sum += shares[i].share;
	}
	/* With a percent that could not be read the sum says nothing. */
	if (is_whole)
		quoin_check_percent_sum(read->run, &read->source, array, sum, "the split");
}

static void
read_ramp(struct quoin_check_rule *read)
{
	static const char *const keys[] = {"to", "percent", NULL};
	const struct quoin_json *object =
	    quoin_check_member(read->run, &read->source, read->node, "ramp", QUOIN_JSON_OBJECT, QUOIN_CHECK_REQUIRED);

	read_bucketing(read);
	if (object == NULL)
		return;
	quoin_check_keys(read->run, &read->source, object, keys, "\"ramp\"");
	quoin_check_only_ref(read, object, "to");
	read_only_share(read, object);
}

static void
read_shadow(struct quoin_check_rule *read)
{
	read_bucketing(read);
	quoin_check_only_ref(read, read->node, "shadow");
	read_only_share(read, read->node);
}
