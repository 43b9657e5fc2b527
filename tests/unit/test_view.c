#include "subscriber/view.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "formats/release.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "subscriber/store.h"
#include "subscriber/tally.h"
#include "tests/check.h"
#include "tests/rulesets.h"

/* ---- Parts in memory ---- */

static void
make_parts(uint64_t seed, struct rulesets_parts *parts)
{
	struct dice dice = {seed * 0x9e3779b97f4a7c15u};
	struct quoin_ruleset ruleset;

	rulesets_random(&dice, &ruleset);
	rulesets_encode(&ruleset, NULL, parts);
	quoin_ruleset_clear(&ruleset);
}

static struct quoin_reader *
open_memory(uint64_t seed)
{
	struct rulesets_parts parts;
	struct quoin_reader *reader = NULL;

	make_parts(seed, &parts);
	CHECK_INT(quoin_reader_open_parts((const struct quoin_part_bytes[]){
					      {"routes", parts.routes.data, parts.routes.len},
					      {"rules", parts.rules.data, parts.rules.len},
					      {"words", "hello", 5}},
		      3, 9, &reader, NULL),
	    0);
	rulesets_parts_clear(&parts);
	return reader;
}

static void
test_parts(void)
{
	struct quoin_reader *reader = open_memory(1);
	struct quoin_view view;
	char out[8] = "", big[4];
	const void *data;
	size_t bytes;

	CHECK_INT(quoin_reader_release(reader), 9);
	CHECK_INT(quoin_view_acquire(reader, &view), 0);
	CHECK_INT(quoin_view_release_number(&view), 9);
	CHECK_INT(quoin_view_part_read(&view, "words", 0, out, sizeof out), 5);
	CHECK_STR(out, "hello");
	CHECK_INT(quoin_view_part_read(&view, "words", 3, big, sizeof big), 2);
	CHECK_INT(quoin_view_part_read(&view, "words", 6, big, sizeof big), 0);
	CHECK_INT(quoin_view_part_read(&view, "nothing", 0, big, sizeof big), QUOIN_FAILED_NOT_FOUND);
	CHECK_INT(quoin_view_part_segment(&view, "words", 0, &data, &bytes), 0);
	CHECK_MEM(data, bytes, "hello", 5);
	CHECK_INT(quoin_view_part_segment(&view, "words", 1, &data, &bytes), QUOIN_FAILED_NOT_FOUND);
	CHECK(!quoin_reader_is_stale(reader));
	quoin_view_release(&view);
	quoin_view_release(&view);
	quoin_reader_close(reader);
	quoin_reader_close(NULL);
}

static void
test_refused(void)
{
	struct quoin_part_bytes bad = {"rules", "not an image", 12};
	struct quoin_message message = {0};
	struct quoin_reader *reader = NULL;
	struct rulesets_parts one, two;

	CHECK_INT(quoin_reader_open_parts(&bad, 1, 0, &reader, &message), QUOIN_FAILED_CORRUPT);
	CHECK_INT(message.code, QUOIN_FAILED_CORRUPT);
	CHECK_CONTAINS(message.text, "image");
	make_parts(1, &one);
	make_parts(2, &two);
	CHECK_INT(quoin_reader_open_parts((const struct quoin_part_bytes[]){
					      {"models", two.models.data, two.models.len},
					      {"routes", two.routes.data, two.routes.len},
					      {"rules", one.rules.data, one.rules.len}},
		      3, 0, &reader, &message),
	    QUOIN_FAILED_REFUSED);
	rulesets_parts_clear(&one);
	rulesets_parts_clear(&two);
	CHECK_INT(quoin_reader_open_export("/nowhere", &reader, &message), QUOIN_FAILED_NOT_FOUND);
	CHECK_INT(quoin_reader_open_store("/nowhere", NULL, &reader, &message), QUOIN_FAILED_NOT_FOUND);
	CHECK_INT(quoin_reader_open_store(check_dir(), NULL, &reader, &message), QUOIN_FAILED_NOT_FOUND);
	CHECK_CONTAINS(message.text, "quoind");
	CHECK_INT(quoin_reader_open_store(check_dir(), "a/b", &reader, &message), QUOIN_FAILED_USAGE);
}

static void
test_misuse(void)
{
	struct quoin_reader *reader = open_memory(1), *other = open_memory(2);
	struct quoin_view view, elsewhere, none;
	struct quoin_context *context;
	struct quoin_decision decision;
	char out[256];

	CHECK_INT(quoin_context_new(&context), 0);
	CHECK_INT(quoin_view_acquire(NULL, &none), QUOIN_FAILED_MISSING);
	CHECK_INT(quoin_context_start(context, &none), QUOIN_FAILED_MISSING);
	CHECK_INT(quoin_context_set_bool(context, 0, true), QUOIN_FAILED_MISSING);
	CHECK_INT(quoin_context_set_values(context, NULL, 0), QUOIN_FAILED_MISSING);
	CHECK_INT(quoin_resolve_name(&none, "Objective0", context, &decision), QUOIN_FAILED_MISSING);
	quoin_decision_json(&decision, out, sizeof out);
	CHECK_STR(out, "{\"objective\":\"Objective0\",\"error\":\"no_release\"}");
	quoin_decision_set_default(&decision, "mine", "1", "mine@1", NULL);
	CHECK_INT(quoin_decision_json(&decision, out, 10), (int64_t)strlen(
	    "{\"objective\":\"Objective0\",\"release\":0,\"model\":\"mine\",\"version\":\"1\",\"routingKey\":\"mine@1\","
	    "\"config\":{},\"reason\":\"default\",\"rule\":\"default\",\"shadows\":[],\"routes\":[],\"stale\":false}"));
	CHECK_STR(out, "{\"objecti");
	CHECK_INT(quoin_view_acquire(reader, &view), 0);
	CHECK_INT(quoin_view_acquire(other, &elsewhere), 0);
	CHECK_INT(quoin_context_start(context, &elsewhere), 0);
	CHECK_INT(quoin_context_set_bool(context, -1, true), QUOIN_FAILED_USAGE);
	CHECK_INT(quoin_context_set_cells(context, &(uint64_t){100}, &(uint32_t){1}, 1), 0);
	CHECK_INT(quoin_context_set_cell(context, 101, 1), QUOIN_FAILED_USAGE);
	CHECK_INT(quoin_context_set_cells(context, &(uint64_t){100}, &(uint32_t){1}, 1), QUOIN_FAILED_USAGE);
	CHECK_INT(quoin_resolve_name(&view, "Objective0", context, &decision), QUOIN_FAILED_USAGE);
	CHECK(decision.selected.model == NULL);
	CHECK_INT(quoin_resolve(&view, -1, context, &decision), QUOIN_FAILED_USAGE);
	CHECK_INT(quoin_resolve_json(&view, "", 0, context, &decision), QUOIN_FAILED_SYNTAX);
	quoin_decision_json(&decision, out, sizeof out);
	CHECK_STR(out, "{\"objective\":null,\"error\":\"bad_context\"}");
	CHECK_INT(quoin_slot_register(reader, "no blanks"), QUOIN_FAILED_SYNTAX);
	CHECK_INT(quoin_objective_register(reader, ""), QUOIN_FAILED_SYNTAX);
	CHECK_INT(quoin_slot_register(reader, "age"), 0);
	CHECK_INT(quoin_slot_register(reader, "plan"), 1);
	CHECK_INT(quoin_slot_register(reader, "age"), 0);
	quoin_view_release(&view);
	quoin_view_release(&elsewhere);
	quoin_context_free(context);
	quoin_context_free(NULL);
	quoin_reader_close(reader);
	quoin_reader_close(other);
}

/* ---- Several objectives at once ---- */

#define BATCH 8

static void
check_same(const struct quoin_decision *one, const struct quoin_decision *two)
{
	char text[2][8192];
	int64_t bytes = quoin_decision_json(one, text[0], sizeof text[0]);

	CHECK(bytes > 0 && bytes < (int64_t)sizeof text[0]);
	CHECK_INT(quoin_decision_json(two, text[1], sizeof text[1]), bytes);
	CHECK_STR(text[0], text[1]);
	CHECK_INT(one->code, two->code);
	CHECK_INT(one->rule_number, two->rule_number);
	CHECK_INT(one->cell, two->cell);
	CHECK_INT(one->ab_test_id, two->ab_test_id);
}

/* Each decision of a batch is what a context of its own gives. */
static void
check_batch(struct dice *dice, struct quoin_context *context, struct quoin_context *alone)
{
	struct quoin_decision decisions[BATCH], single;
	struct rulesets_context values;
	struct rulesets_parts parts;
	struct quoin_ruleset ruleset;
	struct quoin_reader *reader;
	struct quoin_view view;
	struct quoin_buf line;
	int handles[BATCH], first;
	char name[32];

	rulesets_random(dice, &ruleset);
	rulesets_encode(&ruleset, NULL, &parts);
	CHECK_INT(quoin_reader_open_parts((const struct quoin_part_bytes[]){{"rules", parts.rules.data, parts.rules.len}},
		      1, 1, &reader, NULL),
	    0);
	for (unsigned i = 0; i < BATCH; i++) {
		(void)snprintf(name, sizeof name, "Objective%u", i == BATCH - 1 ? 0 : i);
		handles[i] = quoin_objective_register(reader, name);
	}
	CHECK_INT(quoin_view_acquire(reader, &view), 0);
	quoin_buf_init(&line, QUOIN_CONTEXT_BYTES_MAX);
	for (unsigned round = 0; round < 20; round++) {
		rulesets_context(dice, &ruleset, &values);
		quoin_buf_reset(&line);
		rulesets_context_print(&values, &line);
		CHECK_INT(quoin_context_set_json(context, &view, (const char *)line.data, line.len, NULL), 0);
		first = quoin_resolve_batch(&view, handles, BATCH, context, decisions);
		for (unsigned i = 0; i < BATCH; i++) {
			CHECK_INT(quoin_context_set_json(alone, &view, (const char *)line.data, line.len, NULL), 0);
			if (quoin_resolve(&view, handles[i], alone, &single) != 0 && first == 0)
				check_fail(__FILE__, __LINE__, "a batch with a failure said that it has none");
			check_same(&single, &decisions[i]);
		}
		/* One alone is not prepared for. */
		CHECK_INT(quoin_context_set_json(context, &view, (const char *)line.data, line.len, NULL), 0);
		CHECK_INT(quoin_resolve_batch(&view, handles, 1, context, &single), 0);
		CHECK(context->state != QUOIN_CONTEXT_INTERNED);
		check_same(&single, &decisions[0]);
	}
	quoin_buf_clear(&line);
	quoin_view_release(&view);
	quoin_reader_close(reader);
	rulesets_parts_clear(&parts);
	quoin_ruleset_clear(&ruleset);
}

static void
test_batch(void)
{
	struct quoin_reader *reader = open_memory(1), *other = open_memory(2);
	int handles[] = {0, -1, VIEW_HANDLES, 1};
	struct quoin_decision decisions[4];
	struct dice dice = {7};
	struct quoin_context *context, *alone;
	struct quoin_view view, none = {0}, elsewhere;

	CHECK_INT(quoin_context_new(&context), 0);
	CHECK_INT(quoin_context_new(&alone), 0);
	for (unsigned i = 0; i < 20; i++)
		check_batch(&dice, context, alone);
	CHECK_INT(quoin_objective_register(reader, "Objective0"), 0);
	CHECK_INT(quoin_objective_register(reader, "Unknown"), 1);
	CHECK_INT(quoin_view_acquire(reader, &view), 0);
	CHECK_INT(quoin_context_start(context, &view), 0);
	CHECK_INT(quoin_resolve_batch(&view, handles, 0, context, decisions), 0);
	CHECK_INT(quoin_resolve_batch(&view, handles, 4, context, decisions), QUOIN_FAILED_USAGE);
	CHECK_INT(decisions[0].code, 0);
	CHECK_INT(decisions[1].code, QUOIN_FAILED_USAGE);
	CHECK_INT(decisions[2].code, QUOIN_FAILED_USAGE);
	CHECK_INT(decisions[3].code, QUOIN_FAILED_NOT_FOUND);
	CHECK_STR(decisions[3].objective, "Unknown");
	CHECK_INT(quoin_resolve_batch(&none, handles, 2, context, decisions), QUOIN_FAILED_MISSING);
	CHECK_INT(decisions[1].code, QUOIN_FAILED_MISSING);
	CHECK_INT(quoin_view_acquire(other, &elsewhere), 0);
	CHECK_INT(quoin_context_start(context, &elsewhere), 0);
	CHECK_INT(quoin_resolve_batch(&view, handles, 1, context, decisions), QUOIN_FAILED_USAGE);
	quoin_view_release(&view);
	quoin_view_release(&elsewhere);
	quoin_context_free(context);
	quoin_context_free(alone);
	quoin_reader_close(reader);
	quoin_reader_close(other);
}

static void
test_pins(void)
{
	struct quoin_reader *reader = open_memory(1);
	static struct quoin_view views[VIEW_PINS];
	struct quoin_view more;

	for (size_t i = 0; i < VIEW_PINS; i++)
		CHECK_INT(quoin_view_acquire(reader, &views[i]), 0);
	CHECK_INT(quoin_view_acquire(reader, &more), QUOIN_FAILED_AGAIN);
	quoin_view_release(&views[500]);
	CHECK_INT(quoin_view_acquire(reader, &more), 0);
	quoin_view_release(&more);
	for (size_t i = 0; i < VIEW_PINS; i++)
		quoin_view_release(&views[i]);
	quoin_reader_close(reader);
}

static void
test_bad_contexts(void)
{
	static const char *const lines[] = {"", " ", "[]", "null", "7", "{}", "{\"objective\":7}", "{\"objective\":null}",
	    "{\"objective\":\"Objective0\"", "{\"objective\":\"Objective0\"}x", "{\"objective\":\"Objective0\",\"a\":1,\"a\":1}",
	    "{\"objective\":\"Objective0\",\"a\":\"\\u0000\"}", "{\"objective\":\"Objective0\",\"a\":\"\\ud800\"}",
	    "{\"objective\":\"Objective0\",\"a\":\"\xff\"}", "\xef\xbb\xbf{\"objective\":\"Objective0\"}",
	    "{\"objective\":1e999}"};
	struct quoin_reader *reader = open_memory(1);
	struct quoin_context *context;
	struct quoin_decision decision;
	struct quoin_view view;
	struct quoin_buf big;

	CHECK_INT(quoin_view_acquire(reader, &view), 0);
	CHECK_INT(quoin_context_new(&context), 0);
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		if (quoin_resolve_json(&view, lines[i], strlen(lines[i]), context, &decision) != QUOIN_FAILED_SYNTAX)
			check_fail(__FILE__, __LINE__, "accepted: %s", lines[i]);
		CHECK(decision.objective == NULL);
	}
	CHECK_INT(quoin_resolve_json(&view, "{\"objective\":\"Objective0\"}\0", 27, context, &decision), QUOIN_FAILED_SYNTAX);
	/* Exactly 64 KiB is a context, one byte more is none. Cells in any number are looked at. */
	quoin_buf_init(&big, QUOIN_CONTEXT_BYTES_MAX + 1);
	quoin_buf_put_str(&big, "{\"objective\":\"Objective0\",\"ab\":{\"1\":1");
	for (unsigned i = 2; big.len + 20 < QUOIN_CONTEXT_BYTES_MAX; i++)
		quoin_buf_printf(&big, ",\"%u\":1", i);
	quoin_buf_put_byte(&big, '}');
	while (big.len < QUOIN_CONTEXT_BYTES_MAX - 1)
		quoin_buf_put_byte(&big, ' ');
	quoin_buf_put_byte(&big, '}');
	CHECK_INT(quoin_resolve_json(&view, (const char *)big.data, big.len, context, &decision), 0);
	quoin_buf_put_byte(&big, ' ');
	CHECK_INT(quoin_resolve_json(&view, (const char *)big.data, big.len, context, &decision), QUOIN_FAILED_SYNTAX);
	quoin_buf_clear(&big);
	quoin_context_free(context);
	quoin_view_release(&view);
	quoin_reader_close(reader);
}

/* A number that no double holds counts as missing, wherever it stands. */
static void
test_huge_numbers(void)
{
	static const char *const lines[][2] = {
	    {"{\"objective\":\"Objective0\",\"age\":1e999,\"userId\":-1e999,\"l\":[1e999]}", "{\"objective\":\"Objective0\"}"},
	    {"{\"objective\":\"Objective0\",\"userId\":\"user-1\",\"ab\":{\"101\":1e999}}",
		"{\"objective\":\"Objective0\",\"userId\":\"user-1\"}"},
	    {"{\"objective\":\"Objective0\",\"override\":1e999,\"ab\":1e999}", "{\"objective\":\"Objective0\"}"}};
	struct quoin_reader *reader = open_memory(1);
	struct quoin_context *context;
	struct quoin_decision decision;
	struct quoin_view view;
	char texts[2][4096];

	CHECK_INT(quoin_view_acquire(reader, &view), 0);
	CHECK_INT(quoin_context_new(&context), 0);
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		for (size_t k = 0; k < 2; k++) {
			CHECK_INT(quoin_resolve_json(&view, lines[i][k], strlen(lines[i][k]), context, &decision), 0);
			CHECK(quoin_decision_json(&decision, texts[k], sizeof texts[k]) < (int64_t)sizeof texts[k]);
		}
		CHECK_STR(texts[0], texts[1]);
	}
	quoin_context_free(context);
	quoin_view_release(&view);
	quoin_reader_close(reader);
}

/* A cell that is infinite is none, with few attributes, which are borrowed, as with many. */
static void
test_infinite_cells(void)
{
	struct quoin_attribute attributes[QUOIN_CONTEXT_NAMED_MAX + 1];
	struct quoin_decision with, without;
	unsigned allocated = 0;
	char test[16], objective[32];

	for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++)
		attributes[i] = (struct quoin_attribute){.name = "userId", .string = "user-1"};
	for (unsigned seed = 1; seed <= 30; seed++) {
		struct quoin_reader *reader = open_memory(seed);
		struct quoin_view view;

		CHECK_INT(quoin_view_acquire(reader, &view), 0);
		for (unsigned i = 0; i < 100; i++) {
			(void)snprintf(test, sizeof test, "%u", 100 + i % 10);
			(void)snprintf(objective, sizeof objective, "Objective%u", i / 10);
			for (size_t count = 1; count <= QUOIN_CONTEXT_NAMED_MAX; count += QUOIN_CONTEXT_NAMED_MAX - 1) {
				attributes[count] = (struct quoin_attribute){.name = test, .number = INFINITY,
				    .kind = QUOIN_ATTRIBUTE_CELL};
				(void)quoin_resolve_strings(&view, objective, attributes, count + 1, &with);
				(void)quoin_resolve_strings(&view, objective, attributes, count, &without);
				check_same(&with, &without);
				allocated += without.code == 0 && without.reason == QUOIN_REASON_AB_TEST;
				attributes[count] = attributes[0];
			}
		}
		quoin_view_release(&view);
		quoin_reader_close(reader);
	}
	CHECK(allocated > 0);
}

/* ---- A store, written by a process of its own ---- */

struct writer {
	pid_t pid;
	int to;
	int from;
};

struct filling {
	struct quoin_span bytes;
};

static int
fill(void *ctx, uint64_t offset, uint8_t *at, size_t bytes, struct quoin_hash *ret_hash)
{
	const struct filling *filling = ctx;

	(void)ret_hash;
	memcpy(at, filling->bytes.data + offset, bytes);
	return 0;
}

static void
add_part(struct quoin_store *store, const char *name, struct quoin_span bytes, struct quoin_store_active *active)
{
	struct quoin_store_part *part = &active->parts[active->part_count++];
	struct filling filling = {bytes};

	snprintf(part->name, sizeof part->name, "%s", name);
	snprintf(part->schema, sizeof part->schema, "%s-v1", name);
	part->bytes = bytes.len;
	quoin_hash_of(bytes, &part->hash);
	CHECK_INT(quoin_store_stage(store, &part->hash, bytes.len, fill, &filling, NULL), 0);
}

/* Release n holds the parts of seed n. */
static void
activate(struct quoin_store *store, uint64_t release)
{
	static struct quoin_store_active active;
	static struct quoin_ratchets ratchets;
	struct rulesets_parts parts;
	bool is_new;

	make_parts(release, &parts);
	quoin_store_ratchets(store, &ratchets, &is_new);
	memset(&active, 0, sizeof active);
	active.generation = ++ratchets.generation;
	active.release.number = release;
	active.obeyed = (struct quoin_position){.epoch = 1, .seq = active.generation};
	ratchets.obeyed = active.obeyed;
	add_part(store, "models", quoin_buf_span(&parts.models), &active);
	add_part(store, "routes", quoin_buf_span(&parts.routes), &active);
	add_part(store, "rules", quoin_buf_span(&parts.rules), &active);
	CHECK_INT(quoin_store_commit(store, &(struct quoin_store_change){.active = &active, .ratchets = &ratchets}, NULL), 0);
	rulesets_parts_clear(&parts);
}

/* Orders: a number activates that release, 'f' makes the pulse fresh, 'r' refuses, 'l' grants a lease, 'm' moves, '.' ends. */
static void
write_store(int orders, int replies)
{
	static const struct quoin_origin origin = {.system = {1}, .name = "shop"};
	struct quoin_store *store = NULL;
	int64_t now_ms = quoin_clock_boot_ms();
	char order;

	CHECK_INT(quoin_store_open(check_dir(), &origin, &store, NULL), 0);
	while (write(replies, "+", 1) == 1 && read(orders, &order, 1) == 1 && order != '.') {
		if (order == 'f')
			quoin_pulse_set_fresh(quoin_store_pulse_writer(store), now_ms + 3600000);
		else if (order == 'm')
			CHECK_INT(quoin_store_move(store, NULL), 0);
		else if (order == 'l')
			quoin_pulse_set_lease(quoin_store_pulse_writer(store), now_ms + 3600000,
			    quoin_clock_wall_ms() + 3600000);
		else if (order == 'r')
			quoin_pulse_set_lease(quoin_store_pulse_writer(store), now_ms - 1, 1);
		else
			activate(store, (uint64_t)(order - '0'));
	}
	quoin_store_close(store);
}

static void
start_writer(struct writer *writer)
{
	int orders[2], replies[2];
	const char *dir = check_dir();
	char byte;

	CHECK(dir != NULL && quoin_crypto_init() == 0);
	CHECK_INT(pipe(orders), 0);
	CHECK_INT(pipe(replies), 0);
	writer->pid = fork();
	CHECK(writer->pid >= 0);
	if (writer->pid == 0) {
		close(orders[1]);
		close(replies[0]);
		write_store(orders[0], replies[1]);
		_exit(0);
	}
	close(orders[0]);
	close(replies[1]);
	writer->to = orders[1];
	writer->from = replies[0];
	CHECK_INT(read(writer->from, &byte, 1), 1);
}

static void
order(struct writer *writer, char what)
{
	char byte;

	CHECK_INT(write(writer->to, &what, 1), 1);
	if (what != '.') {
		CHECK_INT(read(writer->from, &byte, 1), 1);
		return;
	}
	CHECK(waitpid(writer->pid, NULL, 0) == writer->pid);
	close(writer->to);
	close(writer->from);
}

static void
test_store(void)
{
	struct quoin_message message = {0};
	struct quoin_reader *reader = NULL;
	struct quoin_decision decision;
	struct quoin_view old, view;
	struct writer writer;
	char before[65536], after[65536];
	uint64_t generation;

	start_writer(&writer);
	if (quoin_reader_open_store(check_dir(), NULL, &reader, &message) != 0)
		check_fail(__FILE__, __LINE__, "%s", message.text);
	CHECK_INT(quoin_view_acquire(reader, &view), QUOIN_FAILED_MISSING);
	generation = quoin_reader_generation(reader);
	CHECK_INT(quoin_reader_wait(reader, generation, 0), QUOIN_FAILED_TIMEOUT);
	CHECK_INT(quoin_reader_wait(reader, generation, 20), QUOIN_FAILED_TIMEOUT);

	order(&writer, '3');
	CHECK_INT(quoin_reader_wait(reader, generation, 10000), 0);
	CHECK_INT(quoin_view_acquire(reader, &old), 0);
	CHECK_INT(quoin_view_release_number(&old), 3);
	CHECK(quoin_reader_is_stale(reader));
	CHECK_INT(quoin_resolve_strings(&old, "Objective0", NULL, 0, &decision), 0);
	CHECK_INT(decision.stale, 1);
	CHECK(quoin_decision_json(&decision, before, sizeof before) > 0);

	/* The old view shows the old release, whole, as long as it is held. */
	generation = quoin_reader_generation(reader);
	order(&writer, '4');
	order(&writer, 'f');
	CHECK_INT(quoin_reader_wait(reader, generation, 10000), 0);
	CHECK_INT(quoin_view_acquire(reader, &view), 0);
	CHECK_INT(quoin_view_release_number(&view), 4);
	CHECK_INT(quoin_view_release_number(&old), 3);
	CHECK_INT(quoin_resolve_strings(&old, "Objective0", NULL, 0, &decision), 0);
	decision.stale = 1;
	CHECK(quoin_decision_json(&decision, after, sizeof after) > 0);
	CHECK_STR(after, before);
	quoin_view_release(&old);
	CHECK_INT(quoin_resolve_strings(&view, "Objective0", NULL, 0, &decision), 0);
	quoin_view_release(&view);
	order(&writer, '.');
	quoin_reader_close(reader);
}

/* The store moves to a fresh environment: the reader follows, and what it had pinned stays. */
static void
test_move(void)
{
	struct quoin_reader *reader = NULL;
	struct quoin_decision decision;
	struct quoin_view old, view;
	struct writer writer;
	char path[320];

	start_writer(&writer);
	order(&writer, '3');
	CHECK_INT(quoin_reader_open_store(check_dir(), "shop", &reader, NULL), 0);
	CHECK_INT(quoin_view_acquire(reader, &old), 0);
	order(&writer, 'm');
	snprintf(path, sizeof path, "%s/shop/store.old", check_dir());
	CHECK(quoin_file_exists(path));
	order(&writer, '4');
	while (quoin_reader_release(reader) != 4)
		usleep(1000);
	CHECK_INT(quoin_view_acquire(reader, &view), 0);
	CHECK_INT(quoin_view_release_number(&view), 4);
	CHECK_INT(quoin_view_release_number(&old), 3);
	CHECK_INT(quoin_resolve_strings(&old, "Objective0", NULL, 0, &decision), 0);
	CHECK_INT(quoin_resolve_strings(&view, "Objective0", NULL, 0, &decision), 0);
	quoin_view_release(&old);
	quoin_view_release(&view);
	order(&writer, '5');
	while (quoin_reader_release(reader) != 5)
		usleep(1000);
	order(&writer, '.');
	quoin_reader_close(reader);
}

/* What the pulse says is felt without a new release. */
static void
test_pulse(void)
{
	struct quoin_reader *reader = NULL;
	struct quoin_decision decision;
	struct quoin_view view;
	struct writer writer;
	char out[256];

	start_writer(&writer);
	order(&writer, '1');
	order(&writer, 'f');
	CHECK_INT(quoin_reader_open_store(check_dir(), "shop", &reader, NULL), 0);
	CHECK(!quoin_reader_is_stale(reader));
	CHECK_INT(quoin_view_acquire(reader, &view), 0);
	CHECK_INT(quoin_resolve_strings(&view, "Objective0", NULL, 0, &decision), 0);
	CHECK_INT(decision.stale, 0);
	order(&writer, 'r');
	while (atomic_load(&reader->has_lease) == 0)
		usleep(1000);
	CHECK_INT(quoin_resolve_strings(&view, "Objective0", NULL, 0, &decision), QUOIN_FAILED_REFUSED);
	quoin_decision_json(&decision, out, sizeof out);
	CHECK_STR(out, "{\"objective\":\"Objective0\",\"error\":\"no_release\"}");
	/* What the follower saw last is enough to know that it is over: a process that was stopped for an hour goes on with
	 * that. */
	order(&writer, 'l');
	while (quoin_resolve_strings(&view, "Objective0", NULL, 0, &decision) != 0)
		usleep(1000);
	quoin_follower_stop(reader->follower);
	reader->follower = NULL;
	atomic_store(&reader->lease_boot_ms, quoin_clock_boot_ms() - 1);
	CHECK_INT(quoin_resolve_strings(&view, "Objective0", NULL, 0, &decision), QUOIN_FAILED_REFUSED);
	atomic_store(&reader->lease_boot_ms, quoin_clock_boot_ms() + 3600000);
	CHECK_INT(quoin_resolve_strings(&view, "Objective0", NULL, 0, &decision), 0);
	atomic_store(&reader->lease_wall_ms, quoin_clock_wall_ms() - 1);
	CHECK_INT(quoin_resolve_strings(&view, "Objective0", NULL, 0, &decision), QUOIN_FAILED_REFUSED);
	quoin_view_release(&view);
	order(&writer, '.');
	quoin_reader_close(reader);
}

static void
test_fork(void)
{
	struct quoin_reader *reader = NULL;
	struct quoin_view view;
	struct writer writer;
	char store[512], aside[512];
	int status = -1;
	pid_t child;

#if defined __SANITIZE_THREAD__ || defined __SANITIZE_ADDRESS__
	check_skip("the sanitizers allow no new thread in a forked child");
#endif
	start_writer(&writer);
	order(&writer, '1');
	CHECK_INT(quoin_reader_open_store(check_dir(), "shop", &reader, NULL), 0);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		if (quoin_view_acquire(reader, &view) != QUOIN_FAILED_MISSING)
			_exit(1);
		/* What did not succeed is tried again by the next call. */
		snprintf(store, sizeof store, "%s/shop", check_dir());
		snprintf(aside, sizeof aside, "%s/aside", check_dir());
		if (rename(store, aside) != 0 || quoin_reader_reopen(reader, NULL) == 0 ||
		    quoin_reader_reopen(reader, NULL) == 0 || rename(aside, store) != 0)
			_exit(4);
		if (quoin_reader_reopen(reader, NULL) != 0 || quoin_view_acquire(reader, &view) != 0)
			_exit(2);
		if (quoin_view_release_number(&view) != 1)
			_exit(3);
		quoin_view_release(&view);
		quoin_reader_close(reader);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK_INT(status, 0);
	CHECK_INT(quoin_view_acquire(reader, &view), 0);
	quoin_view_release(&view);
	CHECK_INT(quoin_reader_reopen(reader, NULL), 0);
	order(&writer, '.');
	quoin_reader_close(reader);
}

/* Threads acquire, resolve, count and release while releases change under them. */
struct hammer {
	struct quoin_reader *reader;
	_Atomic bool is_stopping;
	_Atomic size_t resolved;
};

static void *
hammer(void *arg)
{
	struct hammer *shared = arg;
	struct quoin_context *context;
	struct quoin_decision decision;
	struct quoin_view view;
	int slot = quoin_slot_register(shared->reader, "userId");
	int objective = quoin_objective_register(shared->reader, "Objective1");
	struct quoin_counter *counter;

	CHECK_INT(quoin_counter_new(shared->reader, 0, &counter), 0);
	quoin_context_new(&context);
	while (!atomic_load(&shared->is_stopping)) {
		if (quoin_view_acquire(shared->reader, &view) != 0)
			continue;
		quoin_context_start(context, &view);
		quoin_context_set_string(context, slot, "user-1", 6);
		if (quoin_resolve(&view, objective, context, &decision) == 0 && strchr(decision.selected.routing_key, '@') != NULL)
			atomic_fetch_add(&shared->resolved, 1);
		quoin_counter_add(counter, &decision);
		quoin_view_release(&view);
	}
	quoin_counter_free(counter);
	quoin_context_free(context);
	return NULL;
}

static void
test_threads(void)
{
	struct quoin_tally ended = {0}, all;
	struct hammer shared = {0};
	char dir[QUOIN_PATH_BYTES];
	pthread_t threads[3];
	struct writer writer;
	uint64_t generation;

	start_writer(&writer);
	order(&writer, '1');
	CHECK_INT(quoin_store_dir(check_dir(), "shop", dir), 0);
	CHECK_INT(quoin_tally_make_room(dir, NULL), 0);
	CHECK_INT(quoin_reader_open_store(check_dir(), "shop", &shared.reader, NULL), 0);
	for (size_t i = 0; i < 3; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, hammer, &shared), 0);
	for (char release = '2'; release <= '8'; release++) {
		generation = quoin_reader_generation(shared.reader);
		order(&writer, release);
		CHECK_INT(quoin_reader_wait(shared.reader, generation, 10000), 0);
	}
	atomic_store(&shared.is_stopping, true);
	for (size_t i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	CHECK(atomic_load(&shared.resolved) > 100);
	order(&writer, '.');
	quoin_reader_close(shared.reader);
	/* The agent finds what was counted, to the last. */
	CHECK_INT(quoin_tally_collect(dir, &ended, &all), 0);
	CHECK_INT(all.total, atomic_load(&shared.resolved));
	CHECK(all.count > 0);
	CHECK_INT(ended.total, all.total);
	quoin_tally_clear(&ended);
	quoin_tally_clear(&all);
}

static const struct check_case cases[] = {
    {"view: parts in memory", test_parts},
    {"view: what is refused", test_refused},
    {"view: misuse has an answer", test_misuse},
    {"view: several objectives at once", test_batch},
    {"view: pins run out and come back", test_pins},
    {"view: bad contexts", test_bad_contexts},
    {"view: numbers beyond any double", test_huge_numbers},
    {"view: infinite cells", test_infinite_cells},
    {"view: follows a store, old views stay whole", test_store},
    {"move", test_move}, {"view: stale and refused by the pulse", test_pulse},
    {"view: reopened after fork", test_fork},
    {"view: threads while releases change", test_threads},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
