/* Where "rollback" without a number goes (PROTOCOL.md section 7): 7, 6, 5; it never toggles and never goes forward. */

#include <string.h>

#include "publisher/operate.h"
#include "tests/check.h"

/* What the topics say. "ledger_asked" is the last word on the control topic; "consumed" whether the gate has it. */
struct row {
	const char *name;
	uint64_t ledger_asked;
	bool is_brake;
	bool is_consumed;
	uint64_t asked, from, target; /* of the newest activation */
	uint64_t active[4];	      /* releases once fully active, ascending */
	uint64_t revoked, failed;     /* 0: none */
	uint64_t want;		      /* 0: refused */
};

static const struct row rows[] = {
	{"steady", 3, false, true, 3, 3, 3, {1, 2, 3}, 0, 0, 2},
	{"being prepared", 4, false, true, 4, 3, 3, {1, 2, 3}, 0, 0, 3},
	{"being flipped", 4, false, true, 4, 3, 4, {1, 2, 3}, 0, 0, 3},
	{"published, the gate has not seen it", 4, false, false, 3, 3, 3, {1, 2, 3}, 0, 0, 3},
	{"published and failed", 4, false, true, 3, 3, 3, {1, 2, 3}, 0, 4, 2},
	{"failed, an intent on its way", 4, false, false, 3, 3, 3, {1, 2, 3}, 0, 4, 2},
	{"once more during a rollback", 2, true, true, 2, 3, 2, {1, 2, 3}, 0, 0, 1},
	{"once more before the gate has seen the first", 2, true, false, 3, 3, 3, {1, 2, 3}, 0, 0, 1},
	{"after a rollback is done", 2, true, true, 2, 2, 2, {1, 2, 3}, 0, 0, 1},
	{"the one below is revoked", 3, false, true, 3, 3, 3, {1, 2, 3}, 2, 0, 1},
	{"the active one is revoked, during a rollout", 4, false, true, 4, 3, 3, {1, 2, 3}, 3, 0, 2},
	{"the one below failed", 3, false, true, 3, 3, 3, {1, 2, 3}, 0, 2, 1},
	{"the first", 1, false, true, 1, 1, 1, {1}, 0, 0, 0},
	{"never anything active", 1, false, true, 1, 0, 0, {0}, 0, 0, 0},
};

static void
run(const struct row *row)
{
	struct quoin_ledger ledger = {0};
	struct quoin_activations activations = {.has_newest = true};
	struct quoin_activation *newest = &activations.newest;
	struct quoin_failure failed = {.release = row->failed};
	uint64_t active[4], revoked = row->revoked, have = 0;
	struct quoin_error err = {0};
	int r;

	memcpy(active, row->active, sizeof active);
	ledger.asked = row->ledger_asked;
	ledger.asked_is_brake = row->is_brake;
	ledger.head.number = 4;
	ledger.last_intent.number = 1;
	newest->asked = row->asked;
	newest->from = row->from;
	newest->target = row->target;
	newest->head.number = row->is_consumed || row->is_brake ? 4 : 3;
	newest->intent.number = row->is_consumed ? 1 : 0;
	newest->active = active;
	while (newest->active_count < 4 && active[newest->active_count] != 0)
		newest->active_count++;
	newest->revoked = &revoked;
	newest->revoked_count = revoked != 0;
	newest->failed = &failed;
	newest->failed_count = row->failed != 0;
	r = quoin_operate_back(&ledger, &activations, &have, &err);
	if (r != (row->want == 0 ? QUOIN_ECONFLICT : 0) || have != row->want)
		check_fail(__FILE__, __LINE__, "%s: goes to %llu (%d), expected %llu", row->name, (unsigned long long)have, r,
		    (unsigned long long)row->want);
}

static void
test_back(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		run(&rows[i]);
}

static const struct check_case cases[] = {
	{"operate/back", test_back},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
