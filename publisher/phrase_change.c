#include <stdio.h>
#include <string.h>

#include "lib/json.h"
#include "publisher/difference.h"
#include "publisher/phrase.h"

#define DIGEST_SHOWN 19 /* "sha256:" and twelve digits tell two apart */
#define LIST_LONG 5 /* a list of so many constants is told by what came and what went */

/* ---- Texts, amounts, pairs ---- */

static void
put_change(const char *what, const char *before, const char *after, struct quoin_buf *out)
{
	if (!quoin_texts_equal(before, after))
		quoin_buf_printf(out, "%s %s -> %s\n", what, before != NULL ? before : "none", after != NULL ? after : "none");
}

/* One member of a config; NULL: it is not there. */
static void
put_member(const char *key, const struct quoin_json *before, const struct quoin_json *after, struct quoin_buf *out)
{
	struct quoin_buf text[2];
	const struct quoin_json *values[2] = {before, after};

	for (int side = 0; side < 2; side++) {
		quoin_buf_init(&text[side], QUOIN_JSON_BYTES_MAX);
		if (values[side] == NULL)
			quoin_buf_put_str(&text[side], "none");
		else
			quoin_json_print(values[side], &text[side]);
	}
	if (!quoin_span_equal(quoin_buf_span(&text[0]), quoin_buf_span(&text[1])))
		quoin_buf_printf(out, "config %s %s -> %s\n", key, quoin_buf_str(&text[0]), quoin_buf_str(&text[1]));
	for (int side = 0; side < 2; side++)
		quoin_buf_clear(&text[side]);
}

void
quoin_phrase_config_change(const char *before, const char *after, struct quoin_buf *out)
{
	const char *texts[2] = {before != NULL ? before : "{}", after != NULL ? after : "{}"};
	struct quoin_json_doc *docs[2] = {NULL, NULL};
	const struct quoin_json *roots[2] = {NULL, NULL};

	for (int side = 0; side < 2; side++)
		if (quoin_json_parse(quoin_span_str(texts[side]), &docs[side], NULL) == 0)
			roots[side] = quoin_json_root(docs[side]);
	if (roots[0] != NULL && roots[1] != NULL) {
		for (const struct quoin_json *member = quoin_json_first(roots[0]); member != NULL; member = quoin_json_next(member))
			put_member(quoin_json_key(member), member, quoin_json_get(roots[1], quoin_json_key(member)), out);
		for (const struct quoin_json *member = quoin_json_first(roots[1]); member != NULL; member = quoin_json_next(member))
			if (quoin_json_get(roots[0], quoin_json_key(member)) == NULL)
				put_member(quoin_json_key(member), NULL, member, out);
	}
	quoin_json_free(docs[0]);
	quoin_json_free(docs[1]);
}

/* Which of two ascending lists has what comes next: below 0 the older alone, above the newer, 0 both. */
static int
next_of(const char *before, const char *after)
{
	return before == NULL ? 1 : after == NULL ? -1 : strcmp(before, after);
}

static void
put_amounts(const char *what, const struct quoin_amount *before, size_t before_count, const struct quoin_amount *after,
    size_t after_count, struct quoin_buf *out)
{
	for (size_t b = 0, a = 0; b < before_count || a < after_count;) {
		int order = next_of(b < before_count ? before[b].resource : NULL, a < after_count ? after[a].resource : NULL);
		uint64_t old = order <= 0 ? before[b].amount : 0, new = order >= 0 ? after[a].amount : 0;

		if (order != 0 || old != new) {
			quoin_buf_printf(out, "%s %s ", what, order <= 0 ? before[b].resource : after[a].resource);
			quoin_phrase_number(old, out);
			quoin_buf_put_str(out, " -> ");
			quoin_phrase_number(new, out);
			quoin_buf_put_byte(out, '\n');
		}
		b += order <= 0;
		a += order >= 0;
	}
}

static void
put_pairs(const char *what, const struct quoin_pair *before, size_t before_count, const struct quoin_pair *after,
    size_t after_count, struct quoin_buf *out)
{
	for (size_t b = 0, a = 0; b < before_count || a < after_count;) {
		int order = next_of(b < before_count ? before[b].key : NULL, a < after_count ? after[a].key : NULL);
		const char *old = order <= 0 ? before[b].value : "none", *new = order >= 0 ? after[a].value : "none";

		if (order != 0 || strcmp(old, new) != 0)
			quoin_buf_printf(out, "%s %s %s -> %s\n", what, order <= 0 ? before[b].key : after[a].key, old, new);
		b += order <= 0;
		a += order >= 0;
	}
}

/* ---- Conditions ---- */

static bool
has_scalar(const struct quoin_when *leaf, const struct quoin_scalar *scalar)
{
	for (size_t i = 0; i < leaf->scalar_count; i++)
		if (quoin_scalars_equal(&leaf->scalars[i], scalar))
			return true;
	return false;
}

/* What one of two lists has and the other has not. */
static void
put_only(const char *sign, const struct quoin_when *leaf, const struct quoin_when *other, struct quoin_buf *out)
{
	size_t count = 0;

	for (size_t i = 0; i < leaf->scalar_count; i++) {
		if (has_scalar(other, &leaf->scalars[i]))
			continue;
		quoin_buf_put_str(out, count++ == 0 ? sign : ", ");
		quoin_phrase_scalar(&leaf->scalars[i], out);
	}
}

static bool
is_long_list(const struct quoin_when *before, const struct quoin_when *after)
{
	return before->kind == QUOIN_WHEN_LEAF && after->kind == QUOIN_WHEN_LEAF && before->op == after->op &&
	    before->op <= QUOIN_OP_PREFIX && strcmp(before->attribute, after->attribute) == 0 &&
	    before->scalar_count >= LIST_LONG && after->scalar_count >= LIST_LONG;
}

/* The smallest parts in which the two differ. */
static void
narrow(const struct quoin_when **before, const struct quoin_when **after)
{
	for (;;) {
		const struct quoin_when *a = *before, *b = *after;
		size_t differing = 0, which = 0;

		if (a->kind != b->kind || a->kind == QUOIN_WHEN_LEAF || a->child_count != b->child_count ||
		    (a->kind == QUOIN_WHEN_NOT && a->children[0].kind == QUOIN_WHEN_LEAF))
			return;
		for (size_t i = 0; i < a->child_count; i++) {
			if (quoin_whens_equal(&a->children[i], &b->children[i]))
				continue;
			differing++;
			which = i;
		}
		if (differing != 1)
			return;
		*before = &a->children[which];
		*after = &b->children[which];
	}
}

/* A condition, or the negation of one: a few words. */
static bool
is_short(const struct quoin_when *when)
{
	return when->kind == QUOIN_WHEN_LEAF || when->kind == QUOIN_WHEN_NOT;
}

static void
put_when_change(const struct quoin_when *before, const struct quoin_when *after, struct quoin_buf *out)
{
	const struct quoin_when *whole = after;
	const char *more;

	if (before == NULL || after == NULL) {
		quoin_buf_put_str(out, "was when ");
		quoin_phrase_when(before, out);
		quoin_buf_put_str(out, "\nnow when ");
		quoin_phrase_when(after, out);
		quoin_buf_put_byte(out, '\n');
		return;
	}
	narrow(&before, &after);
	more = after != whole && whole->child_count > 1 ? "… " : ""; /* there is more that stays */
	if (is_long_list(before, after)) {
		quoin_buf_printf(out, "when %s%s%s:", more, after->attribute,
		    after->op == QUOIN_OP_IN ? " in" : after->op == QUOIN_OP_NOT_IN ? " not in" : " starts with");
		put_only(" + ", after, before, out);
		put_only(" - ", before, after, out);
	} else {
		bool is_one_line = is_short(before) && is_short(after);

		quoin_buf_printf(out, is_one_line ? "when %s" : "was when %s", more);
		quoin_phrase_when(before, out);
		quoin_buf_printf(out, is_one_line ? " -> %s" : "\nnow when %s", is_one_line ? "" : more);
		quoin_phrase_when(after, out);
	}
	quoin_buf_put_byte(out, '\n');
}

/* ---- Choices ---- */

/* A rule on either side. */
struct pair {
	const struct quoin_ruleset *rulesets[2];
	const struct quoin_rule *rules[2];
};

static void
put_whole(const struct pair *pair, struct quoin_buf *out)
{
	struct quoin_buf text[2];

	for (int side = 0; side < 2; side++) {
		quoin_buf_init(&text[side], 1u << 20);
		quoin_phrase_choice(pair->rulesets[side], pair->rules[side], &text[side]);
	}
	if (quoin_span_equal(quoin_buf_span(&text[0]), quoin_buf_span(&text[1])))
		quoin_buf_put_str(out, "the models that it admits change\n"); /* it names none, or any version */
	else
		quoin_buf_printf(out, "was %s\nnow %s\n", quoin_buf_str(&text[0]), quoin_buf_str(&text[1]));
	for (int side = 0; side < 2; side++)
		quoin_buf_clear(&text[side]);
}

/* A cell or range that is on one side only. */
static void
put_lone_entry(const char *sign, const struct quoin_ruleset *ruleset, const char *label, const struct quoin_ref *ref,
    const uint32_t *share, struct quoin_buf *out)
{
	quoin_buf_printf(out, "%s %s ", sign, label);
	quoin_phrase_ref(ruleset, ref, out);
	if (share != NULL) {
		quoin_buf_put_byte(out, ' ');
		quoin_phrase_percent(*share, out);
	}
	quoin_buf_put_byte(out, '\n');
}

/* Whether two references read the same; models of the same name may differ all the same, which is told with them. */
static bool
is_same_phrase(const struct pair *pair, const struct quoin_ref *const refs[2])
{
	struct quoin_buf text[2];
	bool is_same;

	for (int side = 0; side < 2; side++) {
		quoin_buf_init(&text[side], QUOIN_JSON_BYTES_MAX);
		quoin_phrase_ref(pair->rulesets[side], refs[side], &text[side]);
	}
	is_same = quoin_span_equal(quoin_buf_span(&text[0]), quoin_buf_span(&text[1]));
	for (int side = 0; side < 2; side++)
		quoin_buf_clear(&text[side]);
	return is_same;
}

static void
put_share(const uint32_t *share, struct quoin_buf *out)
{
	if (share != NULL)
		quoin_phrase_percent(*share, out);
	else
		quoin_buf_put_str(out, "not allocated");
}

/* "cell 2 a@1 -> b@1; 10 % -> 20 %": what a cell or range leads to, and its share, where they differ. NULL: not there. */
static void
put_entry(const struct pair *pair, const char *label, const struct quoin_ref *const refs[2], const uint32_t *const shares[2],
    struct quoin_buf *out)
{
	bool is_same_ref = is_same_phrase(pair, refs);
	bool is_same_share = shares[0] == NULL || shares[1] == NULL ? shares[0] == shares[1] : *shares[0] == *shares[1];

	if (is_same_ref && is_same_share)
		return;
	quoin_buf_printf(out, "%s%s", label, label[0] != '\0' ? " " : "");
	quoin_phrase_ref(pair->rulesets[0], refs[0], out);
	if (!is_same_ref) {
		quoin_buf_put_str(out, " -> ");
		quoin_phrase_ref(pair->rulesets[1], refs[1], out);
	}
	if (!is_same_share) {
		quoin_buf_put_str(out, is_same_ref ? " " : "; ");
		put_share(shares[0], out);
		quoin_buf_put_str(out, " -> ");
		put_share(shares[1], out);
	}
	quoin_buf_put_byte(out, '\n');
}

static const struct quoin_ref *
ref_of_cell(const struct quoin_rule *rule, uint32_t cell)
{
	for (size_t i = 0; i < rule->cell_count; i++)
		if (rule->cells[i].cell == cell)
			return &rule->cells[i].ref;
	return NULL;
}

static const uint32_t *
share_of_cell(const struct quoin_rule *rule, uint32_t cell)
{
	for (size_t i = 0; i < rule->share_count; i++)
		if (rule->shares[i].key == cell)
			return &rule->shares[i].share;
	return NULL;
}

/* Every cell of either side, ascending. */
static void
put_cells(const struct pair *pair, struct quoin_buf *out)
{
	const struct quoin_rule *before = pair->rules[0], *after = pair->rules[1];
	char label[32];

	for (size_t b = 0, a = 0; b < before->cell_count || a < after->cell_count;) {
		uint32_t old = b < before->cell_count ? before->cells[b].cell : UINT32_MAX;
		uint32_t new = a < after->cell_count ? after->cells[a].cell : UINT32_MAX;
		uint32_t cell = old < new ? old : new;
		const struct quoin_ref *const refs[2] = {ref_of_cell(before, cell), ref_of_cell(after, cell)};
		const uint32_t *const shares[2] = {share_of_cell(before, cell), share_of_cell(after, cell)};

		snprintf(label, sizeof label, "cell %u", cell);
		if (refs[0] == NULL)
			put_lone_entry("+", pair->rulesets[1], label, refs[1], shares[1], out);
		else if (refs[1] == NULL)
			put_lone_entry("-", pair->rulesets[0], label, refs[0], shares[0], out);
		else
			put_entry(pair, label, refs, shares, out);
		b += old == cell;
		a += new == cell;
	}
}

/* Ranges are the same ones by their place. */
static void
put_ranges(const struct pair *pair, struct quoin_buf *out)
{
	const struct quoin_rule *before = pair->rules[0], *after = pair->rules[1];

	if (before->ref_count != after->ref_count || before->share_count != after->share_count) {
		put_whole(pair, out);
		return;
	}
	for (size_t i = 0; i < before->ref_count; i++) {
		const struct quoin_ref *const refs[2] = {&before->refs[i], &after->refs[i]};
		const uint32_t *const shares[2] = {i < before->share_count ? &before->shares[i].share : NULL,
		    i < after->share_count ? &after->shares[i].share : NULL};

		put_entry(pair, "", refs, shares, out);
	}
}

static void
put_choice_change(const struct pair *pair, uint32_t aspects, struct quoin_buf *out)
{
	const struct quoin_rule *before = pair->rules[0], *after = pair->rules[1];
	char tests[2][24];

	if (quoin_aspects_have(aspects, QUOIN_ASPECT_KIND) || (after->kind == QUOIN_RULE_OVERRIDE &&
	    (quoin_aspects_have(aspects, QUOIN_ASPECT_MODELS) || quoin_aspects_have(aspects, QUOIN_ASPECT_CALLERS)))) {
		put_whole(pair, out);
		return;
	}
	for (int side = 0; side < 2; side++)
		snprintf(tests[side], sizeof tests[side], "%llu", (unsigned long long)pair->rules[side]->ab_test_id);
	put_change("test", tests[0], tests[1], out);
	if (after->kind == QUOIN_RULE_AB_TEST)
		put_cells(pair, out);
	else if (after->kind != QUOIN_RULE_OVERRIDE)
		put_ranges(pair, out);
	put_change("by", before->by, after->by, out);
	put_change("salt", before->salt, after->salt, out);
}

/* ---- Things ---- */

void
quoin_phrase_rule(const struct quoin_ruleset *ruleset, const struct quoin_rule *rule, struct quoin_buf *out)
{
	quoin_phrase_choice(ruleset, rule, out);
	quoin_buf_put_byte(out, '\n');
	if (rule->when != NULL) {
		quoin_buf_put_str(out, "when ");
		quoin_phrase_when(rule->when, out);
		quoin_buf_put_byte(out, '\n');
	}
	if (rule->config != NULL)
		quoin_buf_printf(out, "config %s\n", rule->config);
}

void
quoin_phrase_rule_change(const struct quoin_ruleset *before, const struct quoin_rule *rule_before,
    const struct quoin_ruleset *after, const struct quoin_rule *rule_after, uint32_t aspects, struct quoin_buf *out)
{
	const struct pair pair = {{before, after}, {rule_before, rule_after}};

	put_choice_change(&pair, aspects, out);
	if (quoin_aspects_have(aspects, QUOIN_ASPECT_WHEN))
		put_when_change(rule_before->when, rule_after->when, out);
	quoin_phrase_config_change(rule_before->config, rule_after->config, out);
}

void
quoin_phrase_model_change(const struct quoin_model *before, const struct quoin_model *after, struct quoin_buf *out)
{
	if (strcmp(before->digest, after->digest) != 0)
		quoin_buf_printf(out, "digest %.*s -> %.*s\n", DIGEST_SHOWN, before->digest, DIGEST_SHOWN, after->digest);
	put_change("uri", before->uri, after->uri, out);
	put_amounts("demand", before->demand, before->demand_count, after->demand, after->demand_count, out);
	put_amounts("limit", before->limits, before->limit_count, after->limits, after->limit_count, out);
	put_pairs("requires", before->requires, before->requires_count, after->requires, after->requires_count, out);
	quoin_phrase_config_change(before->config, after->config, out);
}

/* Hosts that came and went. */
static void
put_hosts(const char *sign, const struct quoin_shard *shard, const struct quoin_shard *other, struct quoin_buf *out)
{
	size_t count = 0;

	for (size_t i = 0, k = 0; i < shard->host_count; i++) {
		while (k < other->host_count && strcmp(other->hosts[k], shard->hosts[i]) < 0)
			k++;
		if (k < other->host_count && strcmp(other->hosts[k], shard->hosts[i]) == 0)
			continue;
		quoin_buf_printf(out, "%s%s", count++ == 0 ? sign : ", ", shard->hosts[i]);
	}
}

void
quoin_phrase_shard_change(const struct quoin_shard *before, const struct quoin_shard *after, struct quoin_buf *out)
{
	static const char *const words[] = {"no", "yes"};
	struct quoin_buf hosts;

	put_change("vip", before->vip, after->vip, out);
	quoin_buf_init(&hosts, 1u << 20);
	put_hosts(" + ", after, before, &hosts);
	put_hosts(" - ", before, after, &hosts);
	if (hosts.len > 0)
		quoin_buf_printf(out, "hosts%s\n", quoin_buf_str(&hosts));
	quoin_buf_clear(&hosts);
	put_amounts("capacity", before->capacity, before->capacity_count, after->capacity, after->capacity_count, out);
	put_pairs("label", before->labels, before->label_count, after->labels, after->label_count, out);
	put_change("drain", words[before->drain], words[after->drain], out);
	put_change("health_checked", words[before->health_checked], words[after->health_checked], out);
}

/* ---- Policy ---- */

static void
put_reach(const struct quoin_policy *policy, struct quoin_buf *out)
{
	for (size_t i = 0; i < policy->reach_count; i++) {
		const struct quoin_reach_step *step = &policy->reach[i];

		quoin_buf_put_str(out, i > 0 ? ", " : "");
		for (size_t k = 0; k < step->labels.count; k++)
			quoin_buf_printf(out, "%s%s=%s", k > 0 ? " " : "", step->labels.items[k].key, step->labels.items[k].value);
		if (step->labels.count == 0)
			quoin_phrase_percent(step->threshold, out);
	}
}

static void
put_reach_change(const struct quoin_policy *before, const struct quoin_policy *after, struct quoin_buf *out)
{
	const struct quoin_policy *policies[2] = {before, after};
	struct quoin_buf text[2];

	for (int side = 0; side < 2; side++) {
		quoin_buf_init(&text[side], 1u << 16);
		put_reach(policies[side], &text[side]);
	}
	put_change("reach", quoin_buf_str(&text[0]), quoin_buf_str(&text[1]), out);
	for (int side = 0; side < 2; side++)
		quoin_buf_clear(&text[side]);
}

void
quoin_phrase_policy_change(const struct quoin_policy *before, const struct quoin_policy *after, struct quoin_buf *out)
{
	static const char *const timeouts[] = {"hold", "abort"}, *const losses[] = {"alarm", "rollback"};
	const struct {
		const char *name;
		uint64_t before, after;
	} numbers[] = {
	    {"serving.ready_hosts_min", before->ready_hosts_min, after->ready_hosts_min},
	    {"serving.ready_percent", before->ready_percent, after->ready_percent},
	    {"serving.soak_ms", before->soak_ms, after->soak_ms},
	    {"routers.staged_percent", before->staged_percent, after->staged_percent},
	    {"failed_hosts_max", before->failed_hosts_max, after->failed_hosts_max},
	    {"step.soak_ms", before->step_soak_ms, after->step_soak_ms},
	    {"step.timeout_ms", before->step_timeout_ms, after->step_timeout_ms},
	    {"drain_ms", before->drain_ms, after->drain_ms},
	    {"warm_releases", before->warm_releases, after->warm_releases},
	};

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		if (numbers[i].before != numbers[i].after)
			quoin_buf_printf(out, "%s %llu -> %llu\n", numbers[i].name, (unsigned long long)numbers[i].before,
			    (unsigned long long)numbers[i].after);
	put_reach_change(before, after, out);
	put_change("step.on_timeout", timeouts[before->on_timeout], timeouts[after->on_timeout], out);
	put_change("on_lost_readiness", losses[before->on_lost_readiness], losses[after->on_lost_readiness], out);
}
