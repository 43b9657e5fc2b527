#include "formats/status.h"

#include <stdlib.h>
#include <string.h>

#include "formats/line.h"
#include "lib/assert.h"
#include "lib/text.h"

static const char *const progress_words[] = {"fetching", "verifying", "staged", "loading", "ready", "unable", "failed",
    "rejected"};
#define PROGRESSES (sizeof progress_words / sizeof progress_words[0])

const char *
quoin_progress_name(enum quoin_progress progress)
{
	QUOIN_ASSERT((unsigned)progress < PROGRESSES);
	return progress_words[progress];
}

/* The kernel's form: 36 digits and dashes; all zeros where there is none. */
static bool
boot_is_sound(struct quoin_span boot)
{
	for (size_t i = 0; i < boot.len; i++) {
		bool is_hex =
		    (boot.data[i] >= '0' && boot.data[i] <= '9') || (boot.data[i] >= 'a' && boot.data[i] <= 'f');

		if (!is_hex && boot.data[i] != '-')
			return false;
	}
	return boot.len == QUOIN_BOOT_ID_BYTES;
}

/* "model@version", both names. */
static bool
routing_key_is_sound(struct quoin_span key)
{
	const uint8_t *at = key.len > 0 ? memchr(key.data, '@', key.len) : NULL;
	size_t model_bytes;

	if (at == NULL)
		return false;
	model_bytes = (size_t)(at - key.data);
	return quoin_name_is_valid(quoin_span_of(key.data, model_bytes)) &&
	    quoin_name_is_valid(quoin_span_of(at + 1, key.len - model_bytes - 1));
}

/* ---- Printing ---- */

static void
print_releases(struct quoin_buf *out, const struct quoin_status *status)
{
	for (size_t i = 0; i < status->release_count; i++) {
		const struct quoin_status_release *have = &status->releases[i];

		QUOIN_ASSERT(have->release.number > (i == 0 ? 0 : have[-1].release.number));
		QUOIN_ASSERT(have->model[0] == '\0' || routing_key_is_sound(quoin_span_str(have->model)));
		quoin_line_print_key(out, "have");
		quoin_line_print_docref(out, &have->release);
		quoin_line_print_word(out, quoin_progress_name(have->progress));
		quoin_line_print_word(out, have->model[0] == '\0' ? "-" : have->model);
		quoin_line_print_text(out, have->reason);
		quoin_line_print_end_of_line(out);
	}
}

static void
print_abilities(struct quoin_buf *out, const struct quoin_status *status)
{
	quoin_line_print_key(out, "limits");
	quoin_line_print_u64(out, status->limit_bytes);
	quoin_line_print_u64(out, status->limit_objectives);
	quoin_line_print_u64(out, status->limit_models);
	quoin_line_print_u64(out, status->limit_attributes);
	quoin_line_print_end_of_line(out);
	quoin_line_print_key(out, "formats");
	for (size_t i = 0; i < status->format_count; i++) {
		QUOIN_ASSERT(strcmp(i == 0 ? "" : status->formats[i - 1], status->formats[i]) < 0);
		quoin_line_print_name(out, status->formats[i]);
	}
	quoin_line_print_end_of_line(out);
}

static void
print_running(struct quoin_buf *out, const struct quoin_status *status)
{
	quoin_line_print_key(out, "obeyed");
	quoin_position_print(&status->obeyed, out);
	quoin_line_print_end_of_line(out);
	quoin_line_print_field_u64(out, "intent", status->intent);
	quoin_line_print_field_docref(out, "runs", &status->runs);
	quoin_line_print_key(out, "holds");
	for (size_t i = 0; i < status->hold_count; i++) {
		QUOIN_ASSERT(status->holds[i] > (i == 0 ? 0 : status->holds[i - 1]));
		quoin_line_print_u64(out, status->holds[i]);
	}
	quoin_line_print_end_of_line(out);
	quoin_line_print_field_u64(out, "stale", status->stale);
	quoin_line_print_field_u64(out, "leaving", status->leaving);
}

int
quoin_status_hit_compare(const void *a, const void *b)
{
	const struct quoin_status_hit *x = a, *y = b;
	int order = (x->count < y->count) - (x->count > y->count);

	if (order == 0)
		order = strcmp(x->objective, y->objective);
	if (order == 0)
		order = strcmp(x->rule, y->rule);
	if (order == 0)
		order = x->has_cell - y->has_cell;
	return order != 0 ? order : (x->cell > y->cell) - (x->cell < y->cell);
}

static bool
has_fetched(const struct quoin_status_fetched *fetched)
{
	return fetched->full != 0 || fetched->deltas != 0 || fetched->fell_back != 0 || fetched->bytes != 0;
}

static void
print_counters(struct quoin_buf *out, const struct quoin_status *status)
{
	QUOIN_ASSERT(status->hit_count <= QUOIN_STATUS_HITS_MAX && (status->hit_total > 0 || status->hit_count == 0));
	if (has_fetched(&status->fetched)) {
		quoin_line_print_key(out, "fetched");
		quoin_line_print_u64(out, status->fetched.full);
		quoin_line_print_u64(out, status->fetched.deltas);
		quoin_line_print_u64(out, status->fetched.fell_back);
		quoin_line_print_u64(out, status->fetched.bytes);
		quoin_line_print_end_of_line(out);
	}
	if (status->hit_total > 0)
		quoin_line_print_field_u64(out, "hits", status->hit_total);
	for (size_t i = 0; i < status->hit_count; i++) {
		const struct quoin_status_hit *hit = &status->hits[i];

		QUOIN_ASSERT(i == 0 || quoin_status_hit_compare(&hit[-1], hit) < 0);
		quoin_line_print_key(out, "hit");
		quoin_line_print_u64(out, hit->count);
		quoin_line_print_name(out, hit->objective);
		quoin_line_print_word(out, hit->rule);
		if (hit->has_cell)
			quoin_line_print_u64(out, hit->cell);
		else
			quoin_line_print_word(out, "-");
		quoin_line_print_end_of_line(out);
	}
}

int
quoin_status_print(const struct quoin_status *status, struct quoin_buf *out)
{
	size_t start = out->len;

	QUOIN_ASSERT(status->number != 0 && status->host[0] != '\0' && status->interval_ms != 0);
	QUOIN_ASSERT(boot_is_sound(quoin_span_str(status->boot)) && status->hold_count <= QUOIN_HELD_MAX);
	quoin_line_print_head(out, QUOIN_DOCUMENT_STATUS, &status->origin);
	quoin_line_print_key(out, "host");
	quoin_line_print_name(out, status->host);
	quoin_line_print_end_of_line(out);
	quoin_line_print_field_u64(out, "status", status->number);
	quoin_line_print_key(out, "boot");
	quoin_line_print_word(out, status->boot);
	quoin_line_print_end_of_line(out);
	quoin_line_print_field_u64(out, "generation", status->generation);
	quoin_line_print_field_ms(out, "sent_ms", status->sent_ms);
	quoin_line_print_field_ms(out, "interval_ms", (int64_t)status->interval_ms);
	quoin_line_print_field_ms(out, "lease_ms", (int64_t)status->lease_ms);
	print_running(out, status);
	print_abilities(out, status);
	print_releases(out, status);
	for (size_t i = 0; i < status->digest_count; i++) {
		QUOIN_ASSERT(strcmp(i == 0 ? "" : status->digests[i - 1].part, status->digests[i].part) < 0);
		quoin_line_print_key(out, "digest");
		quoin_line_print_name(out, status->digests[i].part);
		quoin_line_print_hash(out, &status->digests[i].hash);
		quoin_line_print_end_of_line(out);
	}
	print_counters(out, status);
	return quoin_line_print_end(out, QUOIN_DOCUMENT_STATUS, start);
}

/* ---- Reading ---- */

static void
read_boot(struct quoin_line_reader *reader, char out[QUOIN_BOOT_ID_BYTES + 1])
{
	struct quoin_span word;

	quoin_line_expect(reader, "boot");
	word = quoin_line_word(reader);
	if (boot_is_sound(word))
		memcpy(out, word.data, word.len);
	else
		quoin_line_fail(reader, QUOIN_ESYNTAX, "not a boot id");
}

static void
read_holds(struct quoin_line_reader *reader, struct quoin_status *ret)
{
	quoin_line_expect(reader, "holds");
	while (quoin_line_has_more(reader)) {
		uint64_t release = quoin_line_u64(reader);

		if (ret->hold_count == QUOIN_HELD_MAX)
			quoin_line_fail(reader, QUOIN_ELIMIT, "more than %d releases held", QUOIN_HELD_MAX);
		else if (release <= (ret->hold_count > 0 ? ret->holds[ret->hold_count - 1] : 0))
			quoin_line_fail(reader, QUOIN_ESYNTAX, "held releases are not in ascending order, each once");
		else
			ret->holds[ret->hold_count++] = release;
	}
}

static void
read_formats(struct quoin_line_reader *reader, struct quoin_status *ret)
{
	quoin_line_expect(reader, "formats");
	while (quoin_line_has_more(reader)) {
		char(*items)[QUOIN_NAME_BYTES_MAX + 1] =
		    quoin_line_more(reader, ret->formats, ret->format_count, QUOIN_PARTS_MAX, sizeof *items, "formats");

		if (items == NULL)
			return;
		ret->formats = items;
		items += ret->format_count++;
		quoin_line_name(reader, *items, false);
		if (ret->format_count > 1 && strcmp(items[-1], *items) >= 0)
			quoin_line_fail(reader, QUOIN_ESYNTAX, "formats are not in ascending order, each once");
	}
}

static void
read_release(struct quoin_line_reader *reader, struct quoin_status *ret)
{
	struct quoin_status_release *have =
	    quoin_line_more(reader, ret->releases, ret->release_count, QUOIN_LIVE_MAX, sizeof *have, "releases");
	struct quoin_span model;
	uint64_t before;

	if (have == NULL)
		return;
	ret->releases = have;
	before = ret->release_count > 0 ? have[ret->release_count - 1].release.number : 0;
	have += ret->release_count++;
	quoin_line_docref(reader, &have->release);
	have->progress = (enum quoin_progress)quoin_line_choice(reader, progress_words, PROGRESSES);
	model = quoin_line_word(reader);
	if (routing_key_is_sound(model))
		memcpy(have->model, model.data, model.len);
	else if (!quoin_span_equal_str(model, "-"))
		quoin_line_fail(reader, QUOIN_ESYNTAX, "not a routing key, model@version");
	quoin_line_text(reader, have->reason, sizeof have->reason);
	if (have->release.number <= before)
		quoin_line_fail(reader, QUOIN_ESYNTAX, "releases are not in ascending order, each once");
}

static void
read_digest(struct quoin_line_reader *reader, struct quoin_status *ret)
{
	struct quoin_status_digest *digest =
	    quoin_line_more(reader, ret->digests, ret->digest_count, QUOIN_PARTS_MAX, sizeof *digest, "digests");

	if (digest == NULL)
		return;
	ret->digests = digest;
	digest += ret->digest_count++;
	quoin_line_name(reader, digest->part, false);
	quoin_line_hash(reader, &digest->hash);
	if (ret->digest_count > 1 && strcmp(digest[-1].part, digest->part) >= 0)
		quoin_line_fail(reader, QUOIN_ESYNTAX, "digests are not in ascending order, each once");
}

static void
read_fetched(struct quoin_line_reader *reader, struct quoin_status_fetched *ret)
{
	ret->full = quoin_line_u64(reader);
	ret->deltas = quoin_line_u64(reader);
	ret->fell_back = quoin_line_u64(reader);
	ret->bytes = quoin_line_u64(reader);
	if (!has_fetched(ret))
		quoin_line_fail(reader, QUOIN_ESYNTAX, "a line of zeros is left out");
}

static void
read_hit(struct quoin_line_reader *reader, struct quoin_status *ret)
{
	struct quoin_status_hit *hit =
	    quoin_line_more(reader, ret->hits, ret->hit_count, QUOIN_STATUS_HITS_MAX, sizeof *hit, "hits");
	struct quoin_span word;
	uint64_t cell = 0;

	if (hit == NULL)
		return;
	ret->hits = hit;
	hit += ret->hit_count++;
	hit->count = quoin_line_u64(reader);
	quoin_line_name(reader, hit->objective, false);
	word = quoin_line_word(reader);
	if (quoin_rule_name_is_valid(word))
		memcpy(hit->rule, word.data, word.len);
	else
		quoin_line_fail(reader, QUOIN_ESYNTAX, "not a rule's name");
	word = quoin_line_word(reader);
	hit->has_cell = !quoin_span_equal_str(word, "-");
	if (hit->has_cell && (!quoin_u64_parse(word, &cell) || cell > UINT32_MAX))
		quoin_line_fail(reader, QUOIN_ESYNTAX, "not a cell");
	hit->cell = (uint32_t)cell;
	if (hit->count == 0 || (ret->hit_count > 1 && quoin_status_hit_compare(&hit[-1], hit) >= 0))
		quoin_line_fail(reader, QUOIN_ESYNTAX, "hits are not in their order, each above 0 and once");
}

static void
read_counters(struct quoin_line_reader *reader, struct quoin_status *ret)
{
	uint64_t listed = 0;

	if (quoin_line_accept(reader, "fetched"))
		read_fetched(reader, &ret->fetched);
	if (!quoin_line_accept(reader, "hits"))
		return;
	ret->hit_total = quoin_line_u64(reader);
	while (quoin_line_accept(reader, "hit")) {
		size_t before = ret->hit_count;

		read_hit(reader, ret);
		if (ret->hit_count > before && ret->hits[before].count > ret->hit_total - listed)
			quoin_line_fail(reader, QUOIN_ESYNTAX, "more hits than decisions that were counted");
		else if (ret->hit_count > before)
			listed += ret->hits[before].count;
	}
	if (ret->hit_total == 0)
		quoin_line_fail(reader, QUOIN_ESYNTAX, "a line of zeros is left out");
}

static void
read_head(struct quoin_line_reader *reader, struct quoin_status *ret)
{
	quoin_line_expect(reader, "host");
	quoin_line_name(reader, ret->host, false);
	ret->number = quoin_line_field_u64(reader, "status");
	read_boot(reader, ret->boot);
	ret->generation = quoin_line_field_u64(reader, "generation");
	ret->sent_ms = quoin_line_field_ms(reader, "sent_ms");
	ret->interval_ms = (uint64_t)quoin_line_field_ms(reader, "interval_ms");
	if (ret->number == 0 || ret->interval_ms == 0)
		quoin_line_fail(reader, QUOIN_ESYNTAX, "a status has a number and an interval above 0");
	ret->lease_ms = (uint64_t)quoin_line_field_ms(reader, "lease_ms");
	quoin_line_expect(reader, "obeyed");
	quoin_position_read(reader, &ret->obeyed);
	ret->intent = quoin_line_field_u64(reader, "intent");
	quoin_line_field_docref(reader, "runs", &ret->runs);
}

int
quoin_status_parse(struct quoin_span text, struct quoin_status *ret, struct quoin_error *err)
{
	struct quoin_line_reader reader;
	int rc;

	memset(ret, 0, sizeof *ret);
	quoin_line_reader_init(&reader, text, QUOIN_DOCUMENT_STATUS, &ret->origin, err);
	read_head(&reader, ret);
	read_holds(&reader, ret);
	quoin_line_expect(&reader, "stale");
	ret->stale = quoin_line_bool(&reader);
	quoin_line_expect(&reader, "leaving");
	ret->leaving = quoin_line_bool(&reader);
	quoin_line_expect(&reader, "limits");
	ret->limit_bytes = quoin_line_u64(&reader);
	ret->limit_objectives = quoin_line_u64(&reader);
	ret->limit_models = quoin_line_u64(&reader);
	ret->limit_attributes = quoin_line_u64(&reader);
	read_formats(&reader, ret);
	while (quoin_line_accept(&reader, "have"))
		read_release(&reader, ret);
	while (quoin_line_accept(&reader, "digest"))
		read_digest(&reader, ret);
	read_counters(&reader, ret);
	rc = quoin_line_finish(&reader);
	if (rc != 0)
		quoin_status_clear(ret);
	return rc;
}

void
quoin_status_clear(struct quoin_status *status)
{
	free(status->formats);
	free(status->releases);
	free(status->digests);
	free(status->hits);
	memset(status, 0, sizeof *status);
}

void
quoin_status_drop_hits(struct quoin_status *status)
{
	free(status->hits);
	status->hits = NULL;
	status->hit_count = 0;
	status->hit_total = 0;
}

const struct quoin_status_release *
quoin_status_of(const struct quoin_status *status, uint64_t release)
{
	for (size_t i = 0; i < status->release_count; i++) {
		if (status->releases[i].release.number == release)
			return &status->releases[i];
	}
	return NULL;
}
