/* The status topic, verified and folded: whose word counts. */
#include <stdlib.h>
#include <string.h>

#include "publisher/fleet.h"
#include "tests/world.h"

static struct world world;
static struct quoin_control control;
static struct quoin_fleet fleet;
static struct quoin_error err;
static int64_t now_ms;

/* A host as it was enrolled once: key and certificate. */
struct identity {
	struct quoin_signing_key key;
	struct quoin_cert cert;
	struct quoin_sealed sealed;
};

static void
begin(void)
{
	world_init(&world, "demo");
	memset(&control, 0, sizeof control);
	memset(&fleet, 0, sizeof fleet);
	now_ms = 1000;
	quoin_ledger_init(&control.ledger);
	CHECK_INT(quoin_trust_init(&control.trust, &world.root_sealed.envelope, &err), 0);
}

static void
end(void)
{
	quoin_fleet_clear(&fleet);
	quoin_control_clear(&control);
	world_clear(&world);
}

/* Under the present host key of the world. */
static void
identify(struct identity *identity, enum quoin_host_role role, const char *shard)
{
	memset(identity, 0, sizeof *identity);
	identity->key = world.host_key;
	world_cert(&world, "a1", role, shard, &identity->cert, &identity->sealed);
}

static void
another_key(void)
{
	CHECK_INT(quoin_signing_key_new(&world.host_key), 0);
}

static void
enrol(const struct identity *identity)
{
	struct quoin_bus_record record = {0};

	quoin_envelope_to_record(&identity->sealed.envelope, &record);
	record.key = quoin_span_str("cert/a1");
	CHECK_INT(quoin_control_admit(&control, &record, 1000, &err), 0);
}

static int
report(const struct identity *identity, uint64_t number)
{
	struct quoin_status status = {.origin = world.origin, .number = number, .sent_ms = 1, .interval_ms = 1000};
	struct quoin_status_hit hit = {.count = 1, .objective = "Home", .rule = "default"};
	struct quoin_bus_record record = {0};
	struct quoin_sealed sealed = {0};
	struct quoin_buf text;
	int r;

	(void)snprintf(status.host, sizeof status.host, "a1");
	(void)snprintf(status.boot, sizeof status.boot, "00000000-0000-0000-0000-000000000001");
	status.hits = &hit;
	status.hit_count = status.hit_total = 1;
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	CHECK_INT(quoin_status_print(&status, &text), 0);
	CHECK_INT(quoin_seal(quoin_buf_span(&text), &identity->key, 1, &sealed), 0);
	quoin_envelope_to_record(&sealed.envelope, &record);
	record.key = quoin_span_str("status/a1");
	record.headers[record.header_count].name = QUOIN_HEADER_CERT;
	record.headers[record.header_count++].value = quoin_buf_span(&identity->sealed.bytes);
	memset(&err, 0, sizeof err);
	r = quoin_fleet_admit(&fleet, &control, &record, now_ms, NULL, &err);
	quoin_sealed_clear(&sealed);
	quoin_buf_clear(&text);
	return r;
}

static uint64_t
held(void)
{
	const struct quoin_fleet_host *host = quoin_fleet_host(&fleet, "a1");

	return host != NULL ? host->status.number : 0;
}

static void
takes_the_highest_number(void)
{
	struct identity a1;

	begin();
	identify(&a1, QUOIN_HOST_SERVING, "A");
	enrol(&a1);
	CHECK_INT(report(&a1, 5), 0);
	CHECK_INT(report(&a1, 5), QUOIN_EREPLAY);
	CHECK_INT(report(&a1, 4), QUOIN_EREPLAY);
	CHECK_INT(held(), 5);
	CHECK_INT(fleet.refused, 0);
	/* What applications counted is kept for those who show it. */
	CHECK_INT(quoin_fleet_host(&fleet, "a1")->status.hit_count, 1);
	fleet.drops_hits = true;
	CHECK_INT(report(&a1, 6), 0);
	CHECK_INT(quoin_fleet_host(&fleet, "a1")->status.hit_count, 0);
	CHECK_INT(quoin_fleet_host(&fleet, "a1")->status.hit_total, 0);
	quoin_sealed_clear(&a1.sealed);
	end();
}

static void
takes_a_valid_certificate_that_control_does_not_have(void)
{
	struct identity a1;

	begin();
	identify(&a1, QUOIN_HOST_SERVING, "A");
	CHECK_INT(report(&a1, 5), 0);
	CHECK_INT(held(), 5);
	quoin_sealed_clear(&a1.sealed);
	end();
}

static void
refuses_an_older_certificate(void)
{
	static const struct {
		bool another_key;
		enum quoin_host_role role;
		const char *shard;
		const char *says; /* NULL: the same host, a certificate renewed */
	} cases[] = {
	    {true, QUOIN_HOST_SERVING, "A", "enrolled anew with another key"},
	    {false, QUOIN_HOST_ROUTER, "", "enrolled anew with another role"},
	    {false, QUOIN_HOST_SERVING, "B", "enrolled anew with another shard"},
	    {false, QUOIN_HOST_SERVING, "A", NULL},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct identity former, newest;

		begin();
		identify(&former, QUOIN_HOST_SERVING, "A");
		enrol(&former);
		CHECK_INT(report(&former, UINT64_MAX - 1), 0);
		if (cases[i].another_key)
			another_key();
		identify(&newest, cases[i].role, cases[i].shard);
		enrol(&newest);
		CHECK_INT(report(&former, UINT64_MAX), cases[i].says != NULL ? QUOIN_EKEY : 0);
		CHECK_INT(fleet.refused, cases[i].says != NULL ? 1 : 0);
		if (cases[i].says != NULL) {
			CHECK_CONTAINS(err.message, cases[i].says);
			/* Whatever number the former one took: the newest begins its own. */
			CHECK_INT(report(&newest, 7), 0);
			CHECK_INT(held(), 7);
			CHECK_INT(report(&former, UINT64_MAX), QUOIN_EKEY);
			CHECK_INT(fleet.refused, 2);
			CHECK_INT(held(), 7);
		}
		quoin_sealed_clear(&former.sealed);
		quoin_sealed_clear(&newest.sealed);
		if (cases[i].another_key)
			quoin_signing_key_clear(&former.key);
		end();
	}
}

/* A certificate that is known is not verified again; but whatever it stands on is looked at each time. */
static void
does_not_believe_a_certificate_for_ever(void)
{
	static const struct {
		bool is_revoked, is_over, is_changed;
		int code;
	} cases[] = {
	    {false, false, false, 0},
	    {true, false, false, QUOIN_EKEY},
	    {false, true, false, QUOIN_EEXPIRED},
	    {false, false, true, QUOIN_ESIGNATURE},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct quoin_sealed root = {0};
		struct identity a1;

		begin();
		identify(&a1, QUOIN_HOST_SERVING, "A");
		CHECK_INT(report(&a1, 5), 0);
		if (cases[i].is_revoked) {
			quoin_hash_of(quoin_span_of(a1.cert.key, sizeof a1.cert.key), &world.root.revoked_hosts[0]);
			world.root.revoked_host_count = 1;
		}
		world_root(&world, 1, &root);
		CHECK_INT(quoin_trust_advance(&control.trust, &root.envelope, &err), 0);
		CHECK_INT(report(&a1, 6), cases[i].is_revoked ? QUOIN_EKEY : 0);
		if (cases[i].is_over)
			now_ms = WORLD_NOT_AFTER_MS;
		if (cases[i].is_changed)
			*(uint8_t *)strstr((char *)a1.sealed.bytes.data + 8, "shard A") ^= 1;
		CHECK_INT(report(&a1, 7), cases[i].code);
		quoin_sealed_clear(&root);
		quoin_sealed_clear(&a1.sealed);
		end();
	}
}

static const struct check_case cases[] = {
    {"the fleet takes the highest number", takes_the_highest_number},
    {"the fleet takes a valid certificate that control does not have", takes_a_valid_certificate_that_control_does_not_have},
    {"the fleet refuses an older certificate", refuses_an_older_certificate},
    {"the fleet does not believe a certificate for ever", does_not_believe_a_certificate_for_ever},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
