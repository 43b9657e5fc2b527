#include <stdlib.h>
#include <string.h>

#include "publisher/lost.h"
#include "tests/check.h"

static struct quoin_control control;
static struct quoin_activations activations;
static struct quoin_error err;

static void
begin(void)
{
	memset(&control, 0, sizeof control);
	memset(&activations, 0, sizeof activations);
	memset(&err, 0, sizeof err);
	control.has_incarnation = true;
	memset(control.incarnation.id, 7, sizeof control.incarnation.id);
	memset(activations.heartbeat.control_incarnation, 7, sizeof activations.heartbeat.control_incarnation);
	control.ledger.head.number = 3;
	control.ledger.last_intent.number = 2;
}

static void
compares_the_control_topic_with_what_the_gate_has_seen(void)
{
	static const struct {
		bool has_newest, has_heartbeat;
		uint64_t seen_head, seen_intent, beat_head, beat_intent;
		bool is_other_incarnation;
		const char *says; /* NULL: whole */
	} cases[] = {
	    {false, false, 0, 0, 0, 0, true, NULL},
	    {true, false, 3, 2, 0, 0, false, NULL},
	    {true, true, 2, 1, 3, 2, false, NULL},
	    {true, false, 4, 2, 0, 0, false, "ends at release 3 and intent 2, and the gate has seen 4 and 2"},
	    {true, false, 3, 3, 0, 0, false, "ends at release 3 and intent 2, and the gate has seen 3 and 3"},
	    {true, true, 3, 2, 5, 2, false, "has seen 5 and 2"},
	    {false, true, 0, 0, 3, 9, false, "has seen 3 and 9"},
	    {true, true, 3, 2, 3, 2, true, "is not the one that the gate reads"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		begin();
		activations.has_newest = cases[i].has_newest;
		activations.newest.head.number = cases[i].seen_head;
		activations.newest.intent.number = cases[i].seen_intent;
		activations.has_heartbeat = cases[i].has_heartbeat;
		activations.heartbeat.head.number = cases[i].beat_head;
		activations.heartbeat.intent.number = cases[i].beat_intent;
		if (cases[i].is_other_incarnation)
			activations.heartbeat.control_incarnation[0]++;
		CHECK_INT(quoin_lost_control(&control, &activations, &err), cases[i].says == NULL ? 0 : QUOIN_ECONFLICT);
		if (cases[i].says != NULL)
			CHECK_CONTAINS(err.message, cases[i].says);
	}
}

static void
compares_the_gate_topic_with_what_hosts_obey(void)
{
	static const struct {
		bool has_newest;
		uint64_t epoch, seq;
		bool is_lost;
		bool is_fork, is_excluded;
	} cases[] = {{true, 2, 6, false, false, false}, {true, 2, 5, false, false, false}, {true, 1, 9, false, false, false},
	    {true, 2, 7, true, false, false}, {true, 3, 1, true, false, false}, {false, 0, 0, false, false, false},
	    {false, 1, 1, true, false, false}, {true, 2, 6, true, true, false}, {true, 2, 5, false, true, false},
	    {true, 2, 7, false, false, true}, {true, 2, 6, false, true, true}};
	struct quoin_ledger_exclusion exclusions[] = {{.host = "edge-6"}, {.host = "edge-7", .until_ms = 1000}};
	struct quoin_fleet_host *host = calloc(1, sizeof *host);
	struct quoin_fleet fleet = {.hosts = host, .host_count = 1};

	CHECK(host != NULL);
	memcpy(host->cert.host, "edge-7", sizeof "edge-7");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		begin();
		activations.has_newest = cases[i].has_newest;
		activations.newest.epoch = 2;
		activations.newest.seq = 6;
		host->status.obeyed.epoch = cases[i].epoch;
		host->status.obeyed.seq = cases[i].seq;
		host->status.obeyed.hash.bytes[0] = cases[i].is_fork;
		control.ledger.excluded = exclusions;
		control.ledger.excluded_count = cases[i].is_excluded ? 2 : 1;
		CHECK_INT(quoin_lost_gate(&activations, &control.ledger, &fleet, 999, &err),
		    cases[i].is_lost ? QUOIN_ECONFLICT : 0);
		/* The operator's word has ended. */
		if (cases[i].is_excluded)
			CHECK_INT(quoin_lost_gate(&activations, &control.ledger, &fleet, 1000, &err), QUOIN_ECONFLICT);
		if (cases[i].is_lost) {
			CHECK_CONTAINS(err.message, "edge-7 obeys activation");
			CHECK_CONTAINS(err.message, "quoin exclude edge-7");
		}
	}
	free(host);
}

static const struct check_case cases[] = {
    {"lost compares the control topic with what the gate has seen", compares_the_control_topic_with_what_the_gate_has_seen},
    {"lost compares the gate topic with what hosts obey", compares_the_gate_topic_with_what_hosts_obey},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
