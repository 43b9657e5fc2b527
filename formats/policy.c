#include "formats/policy.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/text.h"

#define EVERYONE 100000
#define MS_MAX	 (INT64_C(366) * 86400000)
#define WARM_MAX (QUOIN_LIVE_MAX - 4) /* room for from, target and what is asked beside them */

static const char *const on_timeout_words[] = {"hold", "abort"};
static const char *const on_lost_words[] = {"alarm", "rollback"};
static const char *const reach_words[] = {"percent", "label"};

void
quoin_policy_init(struct quoin_policy *policy)
{
	memset(policy, 0, sizeof *policy);
	policy->ready_hosts_min = 1;
	policy->ready_percent = 100;
	policy->staged_percent = 90;
	policy->reach[0].threshold = EVERYONE;
	policy->reach_count = 1;
	policy->step_timeout_ms = 600000;
	policy->drain_ms = 30000;
	policy->warm_releases = 1;
}

/* ---- policy.json ---- */

struct reading {
	const struct quoin_json_doc *doc;
	const char *file;
	struct quoin_error *err;
};

static int refuse(const struct reading *in, const struct quoin_json *node, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int
refuse(const struct reading *in, const struct quoin_json *node, const char *fmt, ...)
{
	char message[QUOIN_ERROR_MESSAGE_BYTES];
	uint32_t line, column;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof message, fmt, ap);
	va_end(ap);
	quoin_json_place(in->doc, node, &line, &column);
	(void)quoin_error_set(in->err, QUOIN_EREFUSED, "%s", message);
	(void)quoin_error_at(in->err, in->file, line, column);
	return QUOIN_EREFUSED;
}

static int
read_u64(const struct reading *in, const struct quoin_json *node, int64_t min, int64_t max, uint64_t *ret)
{
	int64_t value;

	if (!quoin_json_is_int(node, min, max, &value))
		return refuse(in, node, "%s: expected an integer from %lld to %lld", quoin_json_key(node),
		    (long long)min, (long long)max);
	*ret = (uint64_t)value;
	return 0;
}

static int
read_u32(const struct reading *in, const struct quoin_json *node, uint32_t min, uint32_t max, uint32_t *ret)
{
	uint64_t value = 0;
	int rc = read_u64(in, node, min, max, &value);

	if (rc == 0)
		*ret = (uint32_t)value;
	return rc;
}

static int
read_word(const struct reading *in, const struct quoin_json *node, const char *const words[2], unsigned *ret)
{
	for (unsigned i = 0; i < 2 && quoin_json_kind(node) == QUOIN_JSON_STRING; i++) {
		if (strcmp(quoin_json_string(node), words[i]) == 0) {
			*ret = i;
			return 0;
		}
	}
	return refuse(in, node, "%s: expected \"%s\" or \"%s\"", quoin_json_key(node), words[0], words[1]);
}

static bool
is_private(const struct quoin_json *member)
{
	return strncmp(quoin_json_key(member), "x-", 2) == 0;
}

static int
refuse_key(const struct reading *in, const struct quoin_json *member, const char *const *known, size_t count)
{
	const char *nearest = quoin_text_nearest(quoin_json_key(member), known, count);
	char key[80];

	quoin_printable_copy(quoin_span_str(quoin_json_key(member)), key, sizeof key);
	if (nearest != NULL)
		return refuse(in, member, "unknown key \"%s\"; did you mean \"%s\"?", key, nearest);
	return refuse(in, member, "unknown key \"%s\"", key);
}

typedef int read_member(const struct reading *in, const struct quoin_json *member, struct quoin_policy *policy);

/* Every member of an object goes to "read"; owners' "x-" keys are skipped. */
static int
read_object(const struct reading *in, const struct quoin_json *node, const char *what, read_member *read,
    struct quoin_policy *policy)
{
	int rc = 0;

	if (quoin_json_kind(node) != QUOIN_JSON_OBJECT)
		return refuse(in, node, "%s: expected an object", what);
	for (const struct quoin_json *m = quoin_json_first(node); m != NULL && rc == 0; m = quoin_json_next(m)) {
		if (!is_private(m))
			rc = read(in, m, policy);
	}
	return rc;
}

static int
read_serving(const struct reading *in, const struct quoin_json *member, struct quoin_policy *policy)
{
	static const char *const known[] = {"ready_hosts_min", "ready_percent", "soak_ms"};
	const char *key = quoin_json_key(member);

	if (strcmp(key, known[0]) == 0)
		return read_u32(in, member, 1, QUOIN_SHARD_HOSTS_MAX, &policy->ready_hosts_min);
	if (strcmp(key, known[1]) == 0)
		return read_u32(in, member, 0, 100, &policy->ready_percent);
	if (strcmp(key, known[2]) == 0)
		return read_u64(in, member, 0, MS_MAX, &policy->soak_ms);
	return refuse_key(in, member, known, 3);
}

static int
read_routers(const struct reading *in, const struct quoin_json *member, struct quoin_policy *policy)
{
	static const char *const known[] = {"staged_percent"};

	if (strcmp(quoin_json_key(member), known[0]) == 0)
		return read_u32(in, member, 0, 100, &policy->staged_percent);
	return refuse_key(in, member, known, 1);
}

static int
read_step(const struct reading *in, const struct quoin_json *member, struct quoin_policy *policy)
{
	static const char *const known[] = {"soak_ms", "timeout_ms", "on_timeout"};
	const char *key = quoin_json_key(member);
	unsigned word = 0;
	int rc;

	if (strcmp(key, known[0]) == 0)
		return read_u64(in, member, 0, MS_MAX, &policy->step_soak_ms);
	if (strcmp(key, known[1]) == 0)
		return read_u64(in, member, 1, MS_MAX, &policy->step_timeout_ms);
	if (strcmp(key, known[2]) != 0)
		return refuse_key(in, member, known, 3);
	rc = read_word(in, member, on_timeout_words, &word);
	policy->on_timeout = (enum quoin_on_timeout)word;
	return rc;
}

static int
read_reach_percent(const struct reading *in, const struct quoin_json *node, uint32_t *ret)
{
	double percent = quoin_json_kind(node) == QUOIN_JSON_NUMBER ? quoin_json_number(node) : -1;
	long long thousandths;

	if (!(percent > 0 && percent <= 100))
		return refuse(in, node, "percent: expected a number above 0, at most 100");
	thousandths = llround(percent * 1000);
	if ((double)thousandths / 1000.0 != percent || thousandths == 0)
		return refuse(in, node, "percent: at most three decimals");
	*ret = (uint32_t)thousandths;
	return 0;
}

static int
read_reach_labels(const struct reading *in, const struct quoin_json *node, struct quoin_labels *labels)
{
	char text[2 * QUOIN_NAME_BYTES_MAX + 2];

	if (quoin_json_kind(node) != QUOIN_JSON_OBJECT || quoin_json_count(node) == 0)
		return refuse(in, node, "label: expected an object such as {\"canary\": \"yes\"}");
	for (const struct quoin_json *m = quoin_json_first(node); m != NULL; m = quoin_json_next(m)) {
		const char *value = quoin_json_kind(m) == QUOIN_JSON_STRING ? quoin_json_string(m) : "";
		int rc = QUOIN_ESYNTAX;

		if (strlen(quoin_json_key(m)) <= QUOIN_NAME_BYTES_MAX && strlen(value) <= QUOIN_NAME_BYTES_MAX) {
			(void)snprintf(text, sizeof text, "%s=%s", quoin_json_key(m), value);
			rc = quoin_labels_add(labels, quoin_span_str(text));
		}
		if (rc == QUOIN_ELIMIT)
			return refuse(in, m, "label: more than %d labels", QUOIN_LABELS_MAX);
		if (rc != 0)
			return refuse(in, m, "label: key and value must be names");
	}
	return 0;
}

static int
read_reach_one(const struct reading *in, const struct quoin_json *node, struct quoin_reach_step *step)
{
	static const char *const known[] = {"percent", "label"};
	bool seen = false;
	int rc = 0;

	if (quoin_json_kind(node) != QUOIN_JSON_OBJECT)
		return refuse(in, node, "reach: each step is {\"percent\": n} or {\"label\": {…}}");
	for (const struct quoin_json *m = quoin_json_first(node); m != NULL && rc == 0; m = quoin_json_next(m)) {
		if (is_private(m))
			continue;
		if (strcmp(quoin_json_key(m), known[0]) != 0 && strcmp(quoin_json_key(m), known[1]) != 0)
			return refuse_key(in, m, known, 2);
		if (seen)
			return refuse(in, m, "reach: a step has either percent or label");
		seen = true;
		rc = strcmp(quoin_json_key(m), known[0]) == 0 ? read_reach_percent(in, m, &step->threshold)
							      : read_reach_labels(in, m, &step->labels);
	}
	if (rc == 0 && !seen)
		return refuse(in, node, "reach: each step is {\"percent\": n} or {\"label\": {…}}");
	return rc;
}

/* What makes a list of steps one that widens to everyone, or NULL. */
static const char *
reach_fault(const struct quoin_reach_step *reach, size_t count)
{
	uint32_t before = 0;

	if (count == 0 || reach[count - 1].threshold != EVERYONE)
		return "the last step of reach must be 100 percent";
	for (size_t i = 0; i < count; i++) {
		if ((reach[i].threshold == 0) == (reach[i].labels.count == 0))
			return "a step of reach has either a percentage or labels";
		if (reach[i].threshold == 0)
			continue;
		if (reach[i].threshold <= before || reach[i].threshold > EVERYONE)
			return "the percentages of reach must rise from step to step";
		before = reach[i].threshold;
	}
	return NULL;
}

static int
read_reach(const struct reading *in, const struct quoin_json *node, struct quoin_policy *policy)
{
	const char *fault;
	int rc = 0;

	if (quoin_json_kind(node) != QUOIN_JSON_ARRAY)
		return refuse(in, node, "reach: expected an array of steps");
	if (quoin_json_count(node) > QUOIN_REACH_STEPS_MAX)
		return refuse(in, node, "reach: more than %d steps", QUOIN_REACH_STEPS_MAX);
	memset(policy->reach, 0, sizeof policy->reach);
	policy->reach_count = 0;
	for (const struct quoin_json *m = quoin_json_first(node); m != NULL && rc == 0; m = quoin_json_next(m))
		rc = read_reach_one(in, m, &policy->reach[policy->reach_count++]);
	if (rc != 0)
		return rc;
	fault = reach_fault(policy->reach, policy->reach_count);
	return fault != NULL ? refuse(in, node, "%s", fault) : 0;
}

static int
read_top(const struct reading *in, const struct quoin_json *member, struct quoin_policy *policy)
{
	static const char *const known[] = {"serving", "routers", "step", "reach", "failed_hosts_max",
	    "on_lost_readiness", "drain_ms", "warm_releases"};
	const char *key = quoin_json_key(member);
	unsigned word = 0;
	int rc;

	if (strcmp(key, known[0]) == 0)
		return read_object(in, member, key, read_serving, policy);
	if (strcmp(key, known[1]) == 0)
		return read_object(in, member, key, read_routers, policy);
	if (strcmp(key, known[2]) == 0)
		return read_object(in, member, key, read_step, policy);
	if (strcmp(key, known[3]) == 0)
		return read_reach(in, member, policy);
	if (strcmp(key, known[4]) == 0)
		return read_u32(in, member, 0, QUOIN_HOSTS_MAX, &policy->failed_hosts_max);
	if (strcmp(key, known[6]) == 0)
		return read_u64(in, member, 0, MS_MAX, &policy->drain_ms);
	if (strcmp(key, known[7]) == 0)
		return read_u32(in, member, 0, WARM_MAX, &policy->warm_releases);
	if (strcmp(key, known[5]) != 0)
		return refuse_key(in, member, known, sizeof known / sizeof known[0]);
	rc = read_word(in, member, on_lost_words, &word);
	policy->on_lost_readiness = (enum quoin_on_lost_readiness)word;
	return rc;
}

int
quoin_policy_read(const struct quoin_json_doc *doc, const char *file, struct quoin_policy *ret, struct quoin_error *err)
{
	struct reading in = {doc, file, err};
	int rc;

	quoin_policy_init(ret);
	rc = read_object(&in, quoin_json_root(doc), "policy", read_top, ret);
	if (rc != 0)
		memset(ret, 0, sizeof *ret);
	return rc;
}

/* ---- Lines ---- */

void
quoin_policy_print(const struct quoin_policy *policy, struct quoin_buf *out)
{
	QUOIN_ASSERT(policy->reach_count <= QUOIN_REACH_STEPS_MAX);
	QUOIN_ASSERT(reach_fault(policy->reach, policy->reach_count) == NULL);
	quoin_line_print_key(out, "policy");
	quoin_line_print_u64(out, policy->ready_hosts_min);
	quoin_line_print_u64(out, policy->ready_percent);
	quoin_line_print_u64(out, policy->soak_ms);
	quoin_line_print_u64(out, policy->staged_percent);
	quoin_line_print_u64(out, policy->failed_hosts_max);
	quoin_line_print_u64(out, policy->step_soak_ms);
	quoin_line_print_u64(out, policy->step_timeout_ms);
	quoin_line_print_word(out, on_timeout_words[policy->on_timeout]);
	quoin_line_print_word(out, on_lost_words[policy->on_lost_readiness]);
	quoin_line_print_u64(out, policy->drain_ms);
	quoin_line_print_u64(out, policy->warm_releases);
	quoin_line_print_end_of_line(out);
	for (size_t i = 0; i < policy->reach_count; i++) {
		bool labels = policy->reach[i].labels.count > 0;

		quoin_line_print_key(out, "reach");
		quoin_line_print_word(out, reach_words[labels]);
		if (labels)
			quoin_line_print_labels(out, &policy->reach[i].labels);
		else
			quoin_line_print_u64(out, policy->reach[i].threshold);
		quoin_line_print_end_of_line(out);
	}
}

static void
parse_reach(struct quoin_line_reader *reader, struct quoin_policy *policy)
{
	struct quoin_reach_step *step = &policy->reach[policy->reach_count];

	if (policy->reach_count == QUOIN_REACH_STEPS_MAX) {
		quoin_line_fail(reader, QUOIN_ELIMIT, "more than %d steps of reach", QUOIN_REACH_STEPS_MAX);
		return;
	}
	policy->reach_count++;
	if (quoin_line_choice(reader, reach_words, 2) == 1)
		quoin_line_labels(reader, &step->labels);
	else
		step->threshold = (uint32_t)quoin_line_u64_max(reader, EVERYONE);
}

static void
parse_numbers(struct quoin_line_reader *reader, struct quoin_policy *policy)
{
	policy->ready_hosts_min = (uint32_t)quoin_line_u64_max(reader, QUOIN_SHARD_HOSTS_MAX);
	policy->ready_percent = (uint32_t)quoin_line_u64_max(reader, 100);
	policy->soak_ms = quoin_line_u64_max(reader, MS_MAX);
	policy->staged_percent = (uint32_t)quoin_line_u64_max(reader, 100);
	policy->failed_hosts_max = (uint32_t)quoin_line_u64_max(reader, QUOIN_HOSTS_MAX);
	policy->step_soak_ms = quoin_line_u64_max(reader, MS_MAX);
	policy->step_timeout_ms = quoin_line_u64_max(reader, MS_MAX);
	policy->on_timeout = (enum quoin_on_timeout)quoin_line_choice(reader, on_timeout_words, 2);
	policy->on_lost_readiness = (enum quoin_on_lost_readiness)quoin_line_choice(reader, on_lost_words, 2);
	policy->drain_ms = quoin_line_u64_max(reader, MS_MAX);
	policy->warm_releases = (uint32_t)quoin_line_u64_max(reader, WARM_MAX);
	if (policy->ready_hosts_min == 0 || policy->step_timeout_ms == 0)
		quoin_line_fail(reader, QUOIN_ESYNTAX, "a policy with no ready host, or no time for a step");
}

void
quoin_policy_parse(struct quoin_line_reader *reader, struct quoin_policy *ret)
{
	const char *fault;

	memset(ret, 0, sizeof *ret);
	quoin_line_expect(reader, "policy");
	parse_numbers(reader, ret);
	while (quoin_line_accept(reader, "reach"))
		parse_reach(reader, ret);
	fault = reader->failed == 0 ? reach_fault(ret->reach, ret->reach_count) : NULL;
	if (fault != NULL)
		quoin_line_fail(reader, QUOIN_ESYNTAX, "%s", fault);
}
