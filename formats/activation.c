#include "formats/activation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/bucket.h"
#include "formats/line.h"
#include "lib/assert.h"
#include "lib/defect.h"

static const char *const by_words[] = {"gate", "operator"};

int
quoin_position_compare(const struct quoin_position *a, const struct quoin_position *b)
{
	if (a->epoch != b->epoch)
		return a->epoch < b->epoch ? -1 : 1;
	if (a->seq != b->seq)
		return a->seq < b->seq ? -1 : 1;
	return 0;
}

void
quoin_position_print(const struct quoin_position *position, struct quoin_buf *out)
{
	if (position->seq == 0) {
		quoin_line_print_word(out, "0 0 -");
		return;
	}
	quoin_line_print_u64(out, position->epoch);
	quoin_line_print_u64(out, position->seq);
	quoin_line_print_hash(out, &position->hash);
}

void
quoin_position_read(struct quoin_line_reader *reader, struct quoin_position *ret)
{
	memset(ret, 0, sizeof *ret);
	ret->epoch = quoin_line_u64(reader);
	ret->seq = quoin_line_u64(reader);
	if (reader->failed == 0 && ret->seq != 0) {
		quoin_line_hash(reader, &ret->hash);
		return;
	}
	if (!quoin_span_equal_str(quoin_line_word(reader), "-") || ret->epoch != 0)
		quoin_line_fail(reader, QUOIN_ESYNTAX, "no position is written \"0 0 -\"");
}

static bool
prev_is_sound(const struct quoin_activation *activation)
{
	if (activation->seq == 0)
		return false;
	if (activation->prev.seq == 0)
		return activation->seq == 1;
	if (activation->prev.epoch == activation->epoch)
		return activation->prev.seq == activation->seq - 1;
	return activation->prev.epoch < activation->epoch && activation->seq == 1;
}

/* ---- Printing ---- */

static void
print_numbers(struct quoin_buf *out, const char *key, const uint64_t *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		QUOIN_ASSERT(numbers[i] != 0 && (i == 0 || numbers[i - 1] < numbers[i]));
		quoin_line_print_field_u64(out, key, numbers[i]);
	}
}

static void
print_pins(const struct quoin_activation *activation, struct quoin_buf *out)
{
	for (size_t i = 0; i < activation->pin_count; i++) {
		const struct quoin_pin *pin = &activation->pins[i];

		QUOIN_ASSERT(pin->release != 0 && pin->intent > (i == 0 ? 0 : pin[-1].intent));
		quoin_line_print_key(out, "pin");
		quoin_line_print_u64(out, pin->intent);
		quoin_line_print_u64(out, pin->release);
		quoin_line_print_labels(out, &pin->labels);
		quoin_line_print_end_of_line(out);
	}
}

static void
print_live(const struct quoin_activation *activation, struct quoin_buf *out)
{
	for (size_t i = 0; i < activation->live_count; i++) {
		const struct quoin_live *live = &activation->live[i];

		QUOIN_ASSERT(live->release.number > (i == 0 ? 0 : live[-1].release.number));
		quoin_line_print_key(out, "live");
		quoin_line_print_docref(out, &live->release);
		quoin_line_print_u64(out, live->since);
		quoin_line_print_u64(out, live->last);
		quoin_line_print_end_of_line(out);
	}
}

static void
print_failed(const struct quoin_activation *activation, struct quoin_buf *out)
{
	for (size_t i = 0; i < activation->failed_count; i++) {
		const struct quoin_failure *failure = &activation->failed[i];

		QUOIN_ASSERT(failure->release > (i == 0 ? 0 : failure[-1].release));
		quoin_line_print_key(out, "failed");
		quoin_line_print_u64(out, failure->release);
		quoin_line_print_name(out, failure->host);
		quoin_line_print_text(out, failure->reason);
		quoin_line_print_end_of_line(out);
	}
}

static void
print_hosts(const struct quoin_activation *activation, struct quoin_buf *out)
{
	for (size_t i = 0; i < activation->excluded_count; i++) {
		const struct quoin_exclusion *exclusion = &activation->excluded[i];

		QUOIN_ASSERT(strcmp(i == 0 ? "" : exclusion[-1].host, exclusion->host) < 0 && exclusion->until_ms >= 0);
		quoin_line_print_key(out, "excluded");
		quoin_line_print_name(out, exclusion->host);
		quoin_line_print_u64(out, (uint64_t)exclusion->until_ms);
		quoin_line_print_word(out, by_words[exclusion->by_operator]);
		quoin_line_print_end_of_line(out);
	}
	for (size_t i = 0; i < activation->kept_count; i++) {
		const struct quoin_kept *kept = &activation->kept[i];

		QUOIN_ASSERT(strcmp(i == 0 ? "" : kept[-1].host, kept->host) < 0);
		QUOIN_ASSERT(kept->release_count <= QUOIN_HELD_MAX);
		quoin_line_print_key(out, "kept");
		quoin_line_print_name(out, kept->host);
		for (size_t k = 0; k < kept->release_count; k++) {
			QUOIN_ASSERT(kept->releases[k] > (k == 0 ? 0 : kept->releases[k - 1]));
			quoin_line_print_u64(out, kept->releases[k]);
		}
		quoin_line_print_end_of_line(out);
	}
}

int
quoin_activation_print(const struct quoin_activation *activation, struct quoin_buf *out)
{
	size_t start = out->len;

	QUOIN_ASSERT(prev_is_sound(activation) && activation->step_threshold <= QUOIN_BUCKETS);
	quoin_line_print_head(out, QUOIN_DOCUMENT_ACTIVATION, &activation->origin);
	quoin_line_print_key(out, "activation");
	quoin_line_print_u64(out, activation->epoch);
	quoin_line_print_u64(out, activation->seq);
	quoin_line_print_end_of_line(out);
	quoin_line_print_key(out, "prev");
	quoin_position_print(&activation->prev, out);
	quoin_line_print_end_of_line(out);
	quoin_line_print_field_ms(out, "created_ms", activation->created_ms);
	quoin_line_print_key(out, "gate");
	quoin_line_print_hex(out, activation->gate, sizeof activation->gate);
	quoin_line_print_end_of_line(out);
	quoin_line_print_field_docref(out, "intent", &activation->intent);
	quoin_line_print_field_docref(out, "head", &activation->head);
	quoin_line_print_field_u64(out, "asked", activation->asked);
	quoin_line_print_field_u64(out, "from", activation->from);
	quoin_line_print_field_u64(out, "target", activation->target);
	quoin_line_print_key(out, "step");
	quoin_line_print_u64(out, activation->step_seq);
	quoin_line_print_u64(out, activation->step_threshold);
	quoin_line_print_u64(out, activation->step_index);
	quoin_line_print_end_of_line(out);
	for (size_t i = 0; i < activation->step_label_count; i++) {
		QUOIN_ASSERT(activation->step_labels[i].count > 0);
		quoin_line_print_key(out, "step-label");
		quoin_line_print_labels(out, &activation->step_labels[i]);
		quoin_line_print_end_of_line(out);
	}
	print_pins(activation, out);
	print_live(activation, out);
	print_numbers(out, "active", activation->active, activation->active_count);
	print_numbers(out, "revoked", activation->revoked, activation->revoked_count);
	print_failed(activation, out);
	quoin_line_print_field_u64(out, "frozen", activation->frozen);
	print_hosts(activation, out);
	return quoin_line_print_end(out, QUOIN_DOCUMENT_ACTIVATION, start);
}

/* ---- Reading ---- */

static void
fail_order(struct quoin_line_reader *reader, const char *what)
{
	quoin_line_fail(reader, QUOIN_ESYNTAX, "%s are not in ascending order, each once", what);
}

static void
read_step_label(struct quoin_line_reader *reader, struct quoin_activation *ret)
{
	struct quoin_labels *items = quoin_line_more(reader, ret->step_labels, ret->step_label_count,
	    QUOIN_REACH_STEPS_MAX, sizeof *items, "label steps");

	if (items == NULL)
		return;
	ret->step_labels = items;
	items += ret->step_label_count++;
	quoin_line_labels(reader, items);
	if (items->count == 0)
		quoin_line_fail(reader, QUOIN_ESYNTAX, "a label step without labels");
}

static void
read_pin(struct quoin_line_reader *reader, struct quoin_activation *ret)
{
	struct quoin_pin *items =
	    quoin_line_more(reader, ret->pins, ret->pin_count, QUOIN_PINS_MAX, sizeof *items, "pins");
	uint64_t before;

	if (items == NULL)
		return;
	ret->pins = items;
	before = ret->pin_count > 0 ? items[ret->pin_count - 1].intent : 0;
	items += ret->pin_count++;
	items->intent = quoin_line_u64(reader);
	items->release = quoin_line_u64(reader);
	quoin_line_labels(reader, &items->labels);
	if (items->intent <= before || items->release == 0)
		fail_order(reader, "pins");
}

static void
read_live(struct quoin_line_reader *reader, struct quoin_activation *ret)
{
	struct quoin_live *items =
	    quoin_line_more(reader, ret->live, ret->live_count, QUOIN_LIVE_MAX, sizeof *items, "live releases");
	uint64_t before;

	if (items == NULL)
		return;
	ret->live = items;
	before = ret->live_count > 0 ? items[ret->live_count - 1].release.number : 0;
	items += ret->live_count++;
	quoin_line_docref(reader, &items->release);
	items->since = quoin_line_u64(reader);
	items->last = quoin_line_u64(reader);
	if (items->release.number <= before)
		fail_order(reader, "live releases");
}

static void
read_number(struct quoin_line_reader *reader, uint64_t **numbers, size_t *count, const char *what)
{
	uint64_t *items = quoin_line_more(reader, *numbers, *count, QUOIN_HISTORY_MAX, sizeof *items, what);
	uint64_t before;

	if (items == NULL)
		return;
	*numbers = items;
	before = *count > 0 ? items[*count - 1] : 0;
	items += (*count)++;
	*items = quoin_line_u64(reader);
	if (*items <= before)
		fail_order(reader, what);
}

static void
read_failed(struct quoin_line_reader *reader, struct quoin_activation *ret)
{
	struct quoin_failure *items = quoin_line_more(reader, ret->failed, ret->failed_count, QUOIN_HISTORY_MAX,
	    sizeof *items, "failed releases");
	uint64_t before;

	if (items == NULL)
		return;
	ret->failed = items;
	before = ret->failed_count > 0 ? items[ret->failed_count - 1].release : 0;
	items += ret->failed_count++;
	items->release = quoin_line_u64(reader);
	quoin_line_name(reader, items->host, true);
	quoin_line_text(reader, items->reason, sizeof items->reason);
	if (items->release <= before)
		fail_order(reader, "failed releases");
}

static void
read_excluded(struct quoin_line_reader *reader, struct quoin_activation *ret)
{
	struct quoin_exclusion *items = quoin_line_more(reader, ret->excluded, ret->excluded_count, QUOIN_HOSTS_MAX,
	    sizeof *items, "excluded hosts");

	if (items == NULL)
		return;
	ret->excluded = items;
	items += ret->excluded_count++;
	quoin_line_name(reader, items->host, false);
	items->until_ms = quoin_line_ms(reader);
	items->by_operator = quoin_line_choice(reader, by_words, 2) == 1;
	if (ret->excluded_count > 1 && strcmp(items[-1].host, items->host) >= 0)
		fail_order(reader, "excluded hosts");
}

static void
read_kept(struct quoin_line_reader *reader, struct quoin_activation *ret)
{
	struct quoin_kept *items =
	    quoin_line_more(reader, ret->kept, ret->kept_count, QUOIN_KEPT_MAX, sizeof *items, "kept hosts");

	if (items == NULL)
		return;
	ret->kept = items;
	items += ret->kept_count++;
	quoin_line_name(reader, items->host, false);
	if (ret->kept_count > 1 && strcmp(items[-1].host, items->host) >= 0)
		fail_order(reader, "kept hosts");
	while (quoin_line_has_more(reader)) {
		uint64_t release = quoin_line_u64(reader);

		if (items->release_count == QUOIN_HELD_MAX)
			quoin_line_fail(reader, QUOIN_ELIMIT, "more than %d kept releases", QUOIN_HELD_MAX);
		else if (release <= (items->release_count > 0 ? items->releases[items->release_count - 1] : 0))
			fail_order(reader, "kept releases");
		else
			items->releases[items->release_count++] = release;
	}
}

static void
read_head(struct quoin_line_reader *reader, struct quoin_activation *ret)
{
	quoin_line_expect(reader, "activation");
	ret->epoch = quoin_line_u64(reader);
	ret->seq = quoin_line_u64(reader);
	quoin_line_expect(reader, "prev");
	quoin_position_read(reader, &ret->prev);
	if (reader->failed == 0 && !prev_is_sound(ret))
		quoin_line_fail(reader, QUOIN_ESYNTAX, "prev is not the activation before");
	ret->created_ms = quoin_line_field_ms(reader, "created_ms");
	quoin_line_expect(reader, "gate");
	quoin_line_hex(reader, ret->gate, sizeof ret->gate);
	quoin_line_field_docref(reader, "intent", &ret->intent);
	quoin_line_field_docref(reader, "head", &ret->head);
	ret->asked = quoin_line_field_u64(reader, "asked");
	ret->from = quoin_line_field_u64(reader, "from");
	ret->target = quoin_line_field_u64(reader, "target");
	quoin_line_expect(reader, "step");
	ret->step_seq = quoin_line_u64(reader);
	ret->step_threshold = (uint32_t)quoin_line_u64_max(reader, QUOIN_BUCKETS);
	ret->step_index = (uint32_t)quoin_line_u64_max(reader, QUOIN_REACH_STEPS_MAX);
}

int
quoin_activation_parse(struct quoin_span text, struct quoin_activation *ret, struct quoin_error *err)
{
	struct quoin_line_reader reader;
	int rc;

	memset(ret, 0, sizeof *ret);
	quoin_line_reader_init(&reader, text, QUOIN_DOCUMENT_ACTIVATION, &ret->origin, err);
	read_head(&reader, ret);
	while (quoin_line_accept(&reader, "step-label"))
		read_step_label(&reader, ret);
	while (quoin_line_accept(&reader, "pin"))
		read_pin(&reader, ret);
	while (quoin_line_accept(&reader, "live"))
		read_live(&reader, ret);
	while (quoin_line_accept(&reader, "active"))
		read_number(&reader, &ret->active, &ret->active_count, "active releases");
	while (quoin_line_accept(&reader, "revoked"))
		read_number(&reader, &ret->revoked, &ret->revoked_count, "revoked releases");
	while (quoin_line_accept(&reader, "failed"))
		read_failed(&reader, ret);
	quoin_line_expect(&reader, "frozen");
	ret->frozen = quoin_line_bool(&reader);
	while (quoin_line_accept(&reader, "excluded"))
		read_excluded(&reader, ret);
	while (quoin_line_accept(&reader, "kept"))
		read_kept(&reader, ret);
	rc = quoin_line_finish(&reader);
	if (rc != 0)
		quoin_activation_clear(ret);
	return rc;
}

void
quoin_activation_clear(struct quoin_activation *activation)
{
	free(activation->step_labels);
	free(activation->pins);
	free(activation->live);
	free(activation->active);
	free(activation->revoked);
	free(activation->failed);
	free(activation->excluded);
	free(activation->kept);
	memset(activation, 0, sizeof *activation);
}

/* "array" is replaced by a copy of itself; false when there is no memory, and then it is NULL. */
static bool
copy_array(void *array, size_t count, size_t item_bytes)
{
	void *from, *to = NULL;
	bool good = true;

	memcpy(&from, array, sizeof from);
	if (count > 0) {
		to = reallocarray(NULL, count, item_bytes);
		good = to != NULL;
		if (good)
			memcpy(to, from, count * item_bytes);
	}
	memcpy(array, &to, sizeof to);
	return good;
}

int
quoin_activation_copy(const struct quoin_activation *activation, struct quoin_activation *ret)
{
	struct quoin_activation copy = *activation;
	bool good = true;

	/* Every array, even after a failure: what is not copied must not be freed with the copy. */
	good &= copy_array(&copy.step_labels, copy.step_label_count, sizeof *copy.step_labels);
	good &= copy_array(&copy.pins, copy.pin_count, sizeof *copy.pins);
	good &= copy_array(&copy.live, copy.live_count, sizeof *copy.live);
	good &= copy_array(&copy.active, copy.active_count, sizeof *copy.active);
	good &= copy_array(&copy.revoked, copy.revoked_count, sizeof *copy.revoked);
	good &= copy_array(&copy.failed, copy.failed_count, sizeof *copy.failed);
	good &= copy_array(&copy.excluded, copy.excluded_count, sizeof *copy.excluded);
	good &= copy_array(&copy.kept, copy.kept_count, sizeof *copy.kept);
	if (!good) {
		quoin_activation_clear(&copy);
		return QUOIN_ENOMEM;
	}
	*ret = copy;
	return 0;
}

/* ---- Asking ---- */

static bool
is_in_reach(const struct quoin_activation *activation, const char *host, const struct quoin_labels *labels)
{
	char salt[sizeof "reach:" + QUOIN_NAME_BYTES_MAX];

	(void)snprintf(salt, sizeof salt, "reach:%s", activation->origin.name);
	if (QUOIN_DEFECT(REACH_MOVES))
		(void)snprintf(salt, sizeof salt, "%llu", (unsigned long long)activation->seq);
	if (quoin_bucket(quoin_span_str(host), quoin_span_str(salt)) < activation->step_threshold)
		return true;
	for (size_t i = 0; i < activation->step_label_count; i++) {
		if (quoin_labels_match(labels, &activation->step_labels[i]))
			return true;
	}
	return false;
}

uint64_t
quoin_activation_selects(const struct quoin_activation *activation, const char *host, const struct quoin_labels *labels)
{
	for (size_t i = activation->pin_count; i-- > 0;) {
		if (quoin_labels_match(labels, &activation->pins[i].labels))
			return activation->pins[i].release;
	}
	if (activation->target != 0 && is_in_reach(activation, host, labels))
		return activation->target;
	return activation->from;
}

bool
quoin_activation_may_select(const struct quoin_activation *activation, uint64_t release)
{
	if (release == 0)
		return false;
	for (size_t i = 0; i < activation->pin_count; i++) {
		if (activation->pins[i].release == release)
			return true;
	}
	return activation->from == release || activation->target == release;
}

const struct quoin_live *
quoin_activation_live(const struct quoin_activation *activation, uint64_t release)
{
	for (size_t i = 0; i < activation->live_count; i++) {
		if (activation->live[i].release.number == release)
			return &activation->live[i];
	}
	return NULL;
}

static bool
has_number(const uint64_t *numbers, size_t count, uint64_t number)
{
	for (size_t i = 0; i < count; i++) {
		if (numbers[i] == number)
			return true;
	}
	return false;
}

bool
quoin_activation_has_active(const struct quoin_activation *activation, uint64_t release)
{
	return has_number(activation->active, activation->active_count, release);
}

bool
quoin_activation_has_revoked(const struct quoin_activation *activation, uint64_t release)
{
	return has_number(activation->revoked, activation->revoked_count, release);
}

const struct quoin_failure *
quoin_activation_failure(const struct quoin_activation *activation, uint64_t release)
{
	for (size_t i = 0; i < activation->failed_count; i++) {
		if (activation->failed[i].release == release)
			return &activation->failed[i];
	}
	return NULL;
}

const struct quoin_exclusion *
quoin_activation_exclusion(const struct quoin_activation *activation, const char *host)
{
	for (size_t i = 0; i < activation->excluded_count; i++) {
		if (strcmp(activation->excluded[i].host, host) == 0)
			return &activation->excluded[i];
	}
	return NULL;
}
