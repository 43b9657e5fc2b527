/*
 * All signed documents against their golden vectors, tests/vectors/<name>.txt: both ways, every prefix, every bit, and
 * one changed piece at a time.
 */
#include "formats/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/line.h"
#include "lib/file.h"
#include "tests/check.h"
#include "tests/documents.h"

static const struct vector {
	const char *name;
	enum quoin_document_type type;
} vectors[] = {
    {"incarnation", QUOIN_DOCUMENT_INCARNATION},
    {"root-1", QUOIN_DOCUMENT_ROOT},
    {"root-2", QUOIN_DOCUMENT_ROOT},
    {"release", QUOIN_DOCUMENT_RELEASE},
    {"release-first", QUOIN_DOCUMENT_RELEASE},
    {"intent-pin", QUOIN_DOCUMENT_INTENT},
    {"intent-exclude", QUOIN_DOCUMENT_INTENT},
    {"intent-retry", QUOIN_DOCUMENT_INTENT},
    {"intent-freeze", QUOIN_DOCUMENT_INTENT},
    {"activation", QUOIN_DOCUMENT_ACTIVATION},
    {"activation-first", QUOIN_DOCUMENT_ACTIVATION},
    {"heartbeat", QUOIN_DOCUMENT_HEARTBEAT},
    {"heartbeat-first", QUOIN_DOCUMENT_HEARTBEAT},
    {"cert-serving", QUOIN_DOCUMENT_CERT},
    {"cert-router", QUOIN_DOCUMENT_CERT},
    {"status-serving", QUOIN_DOCUMENT_STATUS},
    {"status-router", QUOIN_DOCUMENT_STATUS},
    {"status-counters", QUOIN_DOCUMENT_STATUS},
};
#define VECTORS (sizeof vectors / sizeof vectors[0])

static enum quoin_document_type
read_vector(const char *name, struct quoin_buf *text)
{
	char path[128];

	snprintf(path, sizeof path, "tests/vectors/%s.txt", name);
	quoin_buf_init(text, QUOIN_DOCUMENT_BYTES_MAX + 4096);
	CHECK_INT(quoin_file_read(path, text, NULL), 0);
	for (size_t i = 0; i < VECTORS; i++) {
		if (strcmp(vectors[i].name, name) == 0)
			return vectors[i].type;
	}
	check_fail(__FILE__, __LINE__, "no vector %s", name);
}

static void
check_round_trip(enum quoin_document_type type, struct quoin_span text, const char *name)
{
	struct quoin_error err = {0};
	struct quoin_buf out;
	int rc;

	quoin_buf_init(&out, QUOIN_DOCUMENT_BYTES_MAX);
	rc = documents_round_trip(type, text, &out, &err);
	if (rc != 0)
		check_fail(__FILE__, __LINE__, "%s: line %u: %s", name, err.line, err.message);
	CHECK_MEM(out.data, out.len, text.data, text.len);
	quoin_buf_clear(&out);
}

static void
test_round_trips(void)
{
	struct quoin_buf text;

	for (size_t i = 0; i < VECTORS; i++) {
		enum quoin_document_type type = read_vector(vectors[i].name, &text);

		check_round_trip(type, quoin_buf_span(&text), vectors[i].name);
		quoin_buf_clear(&text);
	}
}

static void
test_prefixes(void)
{
	struct quoin_error err;
	struct quoin_buf text, out;

	quoin_buf_init(&out, QUOIN_DOCUMENT_BYTES_MAX);
	for (size_t i = 0; i < VECTORS; i++) {
		enum quoin_document_type type = read_vector(vectors[i].name, &text);

		for (size_t len = 0; len < text.len; len++) {
			/* A copy of just this size, so that a read past the end is seen. */
			uint8_t *copy = malloc(len + 1);

			memcpy(copy, text.data, len);
			CHECK_INT(documents_round_trip(type, quoin_span_of(copy, len), &out, &err), QUOIN_ESYNTAX);
			free(copy);
		}
		CHECK_INT(quoin_buf_put_byte(&text, '\n'), 0);
		CHECK_INT(documents_round_trip(type, quoin_buf_span(&text), &out, &err), QUOIN_ESYNTAX);
		quoin_buf_clear(&text);
	}
	CHECK_INT(out.len, 0);
}

/* Refused, or another document that prints as exactly these bytes: nothing is read two ways. */
static void
test_bit_flips(void)
{
	struct quoin_error err;
	struct quoin_buf text, out;
	size_t refused = 0;

	quoin_buf_init(&out, QUOIN_DOCUMENT_BYTES_MAX);
	for (size_t i = 0; i < VECTORS; i++) {
		enum quoin_document_type type = read_vector(vectors[i].name, &text);

		for (size_t bit = 0; bit < text.len * 8; bit++) {
			text.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
			quoin_buf_reset(&out);
			if (documents_round_trip(type, quoin_buf_span(&text), &out, &err) != 0)
				refused++;
			else
				CHECK_MEM(out.data, out.len, text.data, text.len);
			text.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		quoin_buf_clear(&text);
	}
	CHECK(refused > 10000);
	quoin_buf_clear(&out);
}

/* Every document is refused as every other type. */
static void
test_other_types(void)
{
	struct quoin_error err;
	struct quoin_buf text, out;

	quoin_buf_init(&out, QUOIN_DOCUMENT_BYTES_MAX);
	for (size_t i = 0; i < VECTORS; i++) {
		enum quoin_document_type type = read_vector(vectors[i].name, &text);

		for (int other = 0; other < QUOIN_DOCUMENT_TYPES; other++) {
			enum quoin_document_type as = (enum quoin_document_type)other;

			if (as != type)
				CHECK_INT(documents_round_trip(as, quoin_buf_span(&text), &out, &err),
				    text.len > quoin_document_bytes_max(as) ? QUOIN_ELIMIT : QUOIN_ESYNTAX);
		}
		quoin_buf_clear(&text);
	}
}

/* One piece of a vector replaced: what the parser says. H stands for a hash that is in no vector. */
#define H "00000000000000000000000000000000000000000000000000000000000000aa"
static const struct change {
	const char *name, *from, *to;
	int code;
	const char *message;
} changes[] = {
    /* The grammar, by the smallest document. */
    {"incarnation", "quoin-incarnation-v1", "quoin-incarnation-v2", QUOIN_EVERSION, "this program reads"},
    {"incarnation", "quoin-incarnation-v1", "quoin-incarnation-v01", QUOIN_ESYNTAX, "first line"},
    {"incarnation", "quoin-incarnation-v1", "quoin-incarnation-v1 ", QUOIN_ESYNTAX, "blank"},
    {"incarnation", "topic gate", "topic  gate", QUOIN_ESYNTAX, "two blanks"},
    {"incarnation", "topic gate", " topic gate", QUOIN_ESYNTAX, "blank"},
    {"incarnation", "topic gate", "topic\tgate", QUOIN_ESYNTAX, "printable"},
    {"incarnation", "topic gate", "topic gate\r", QUOIN_ESYNTAX, "printable"},
    {"incarnation", "topic gate", "topic gate gate", QUOIN_ESYNTAX, "too many words"},
    {"incarnation", "topic gate", "topic", QUOIN_ESYNTAX, "too few words"},
    {"incarnation", "topic gate", "topic gates", QUOIN_ESYNTAX, "\"gates\""},
    {"incarnation", "topic gate\n", "topic gate\n\n", QUOIN_ESYNTAX, "empty line"},
    {"incarnation", "topic gate\n", "topic gate\ntopic gate\n", QUOIN_ESYNTAX, "expected a line \"incarnation\""},
    {"incarnation", "topic gate\n", "", QUOIN_ESYNTAX, "expected a line \"topic\""},
    {"incarnation", "created_ms 1795600000000", "created_ms 01", QUOIN_ESYNTAX, "number"},
    {"incarnation", "created_ms 1795600000000", "created_ms -1", QUOIN_ESYNTAX, "number"},
    {"incarnation", "created_ms 1795600000000", "created_ms 4611686018427387905", QUOIN_ESYNTAX, "too large"},
    {"incarnation", "created_ms 1795600000000", "created_ms 18446744073709551616", QUOIN_ESYNTAX, "number"},
    {"incarnation", "ffeedd", "FFeedd", QUOIN_ESYNTAX, "hex"},
    {"incarnation", "ffeedd", "eedd", QUOIN_ESYNTAX, "hex"},
    {"incarnation", "namespace home", "namespace -", QUOIN_ESYNTAX, "name"},
    {"incarnation", "namespace home", "namespace ho/me", QUOIN_ESYNTAX, "name"},
    {"incarnation", "end\n", "x-more 1\nend\n", QUOIN_ESYNTAX, "expected a line \"end\""},
    {"incarnation", "end\n", "end\nend\n", QUOIN_ESYNTAX, "follows"},
    /* Certificates. */
    {"cert-serving", "shard rank-a", "shard -", QUOIN_ESYNTAX, "a serving host has a shard"},
    {"cert-router", "shard -", "shard rank-a", QUOIN_ESYNTAX, "router has none"},
    {"cert-serving", "labels gpu=true region=us", "labels region=us gpu=true", QUOIN_ESYNTAX, "ascending"},
    {"cert-serving", "labels gpu=true region=us", "labels gpu=true gpu=us", QUOIN_ESYNTAX, "ascending"},
    {"cert-serving", "gpu=true", "gpu=", QUOIN_ESYNTAX, "label"},
    {"cert-serving", "gpu=true", "gpu", QUOIN_ESYNTAX, "label"},
    {"cert-serving", "gpu=true", "gpu=a=b", QUOIN_ESYNTAX, "label"},
    {"cert-serving", "not_after_ms 1798200000000", "not_after_ms 1795600000000", QUOIN_ESYNTAX, "ends before"},
    /* Roots: each of these once was a hole in somebody's TUF. */
    {"root-1", "role root 2", "role root 0", QUOIN_ESYNTAX, "threshold"},
    {"root-1", "role root 2", "role root 4", QUOIN_ESYNTAX, "threshold"},
    {"root-1", "role release 1 4444444444444444", "role release 1", QUOIN_ESYNTAX, "exactly one role"},
    {"root-1", "role release 1 4444444444444444", "role release 1 3333333333333333 4444444444444444", QUOIN_ESYNTAX,
	"exactly one role"},
    {"root-1", "role release 1 4444444444444444", "role release 2 4444444444444444 4444444444444444", QUOIN_ESYNTAX,
	"ascending"},
    {"root-1", "role release 1 4444444444444444", "role release 1 4444444444444445", QUOIN_ESYNTAX, "without a key"},
    {"root-1", "role operate 1 5555555555555555\nrole gate 1 6666666666666666",
	"role operate 2 5555555555555555 6666666666666666\nrole gate 1 6666666666666666", QUOIN_ESYNTAX,
	"exactly one role"},
    {"root-1", "role operate", "role operator", QUOIN_ESYNTAX, "words"},
    {"root-1", "key 2222222222222222", "key 1111111111111111", QUOIN_ESYNTAX, "ascending"},
    {"root-1", "root 1", "root 0", QUOIN_ESYNTAX, "from 1"},
    {"root-1", "root 1", "root 2", QUOIN_ESYNTAX, "prev"},
    {"root-1", "expires_ms 2", "expires_ms 1", QUOIN_ESYNTAX, "expires"},
    /* Intents: fields that the action does not have, and missing ones. */
    {"intent-pin", "intent 1", "intent 2", QUOIN_ESYNTAX, "prev"},
    {"intent-pin", "action pin", "action pins", QUOIN_ESYNTAX, "words"},
    {"intent-pin", "action pin", "action rollback", QUOIN_ESYNTAX, "no labels"},
    {"intent-pin", "action pin", "action unpin", QUOIN_ESYNTAX, "a release"},
    {"intent-pin", "host -", "host rank-a-01", QUOIN_ESYNTAX, "a host"},
    {"intent-pin", "until_ms 0", "until_ms 1", QUOIN_ESYNTAX, "no end"},
    {"intent-exclude", "host rank-a-01", "host -", QUOIN_ESYNTAX, "needs a host"},
    {"intent-exclude", "release 0 -", "release 1 " H, QUOIN_ESYNTAX, "a release"},
    {"intent-exclude", "release 0 -", "release 0 " H, QUOIN_ESYNTAX, "demands"},
    {"intent-retry", "release 7", "release 07", QUOIN_ESYNTAX, "number"},
    {"intent-pin", "message hold%20the%20line,%20100%25", "message hold%2", QUOIN_ESYNTAX, "escaped"},
    {"intent-pin", "message hold%20the%20line,%20100%25", "message %61", QUOIN_ESYNTAX, "escaped"},
    {"intent-pin", "message hold%20the%20line,%20100%25", "message a%00b", QUOIN_ESYNTAX, "escaped"},
    {"intent-pin", "message hold%20the%20line,%20100%25", "message a%c3", QUOIN_ESYNTAX, "escaped"},
    /* Activations. */
    {"activation", "prev 1 57", "prev 1 56", QUOIN_ESYNTAX, "prev"},
    {"activation", "prev 1 57", "prev 0 57", QUOIN_ESYNTAX, "prev"},
    {"activation", "prev 1 57", "prev 2 57", QUOIN_ESYNTAX, "prev"},
    {"activation-first", "activation 0 1", "activation 0 0", QUOIN_ESYNTAX, "prev"},
    {"activation-first", "prev 0 0 -", "prev 1 0 -", QUOIN_ESYNTAX, "0 0 -"},
    {"activation", "step 56 25000 2", "step 56 100001 2", QUOIN_ESYNTAX, "too large"},
    {"activation", "step-label canary=yes", "step-label", QUOIN_ESYNTAX, "without labels"},
    {"activation", "pin 3 5", "pin 12 5", QUOIN_ESYNTAX, "ascending"},
    {"activation", "pin 3 5", "pin 0 5", QUOIN_ESYNTAX, "ascending"},
    {"activation", "live 6", "live 5", QUOIN_ESYNTAX, "ascending"},
    {"activation", "active 6", "active 7", QUOIN_ESYNTAX, "ascending"},
    {"activation", "revoked 2", "revoked 0", QUOIN_ESYNTAX, "ascending"},
    {"activation", "failed 4 - -", "failed 3 - -", QUOIN_ESYNTAX, "ascending"},
    {"activation", "frozen 1", "frozen 2", QUOIN_ESYNTAX, "too large"},
    {"activation", "excluded rank-a-02 0 operator", "excluded rank-c-02 0 operator", QUOIN_ESYNTAX, "ascending"},
    {"activation", "excluded rank-a-02 0 operator", "excluded rank-a-02 0 me", QUOIN_ESYNTAX, "words"},
    {"activation", "kept edge-8 5 7 8", "kept edge-8 5 5 8", QUOIN_ESYNTAX, "ascending"},
    {"activation", "kept edge-8 5 7 8", "kept edge-7 5 7 8", QUOIN_ESYNTAX, "ascending"},
    /* Heartbeats. */
    {"heartbeat", "heartbeat 99", "heartbeat 0", QUOIN_ESYNTAX, "has a number"},
    {"heartbeat", "expires_ms 1795600300000", "expires_ms 1795600000000", QUOIN_ESYNTAX, "ends after"},
    {"heartbeat", "interval_ms 5000", "interval_ms 0", QUOIN_ESYNTAX, "interval"},
    {"heartbeat", "incarnation control", "incarnation blobs", QUOIN_ESYNTAX, "words"},
    /* Releases. */
    {"release", "release 8", "release 9", QUOIN_ESYNTAX, "head"},
    {"release", "base 7", "base 8", QUOIN_ESYNTAX, "base"},
    {"release", "meta commit 4f2a", "meta zz 4f2a", QUOIN_ESYNTAX, "ascending"},
    {"release", "waived capacity", "waived overlap", QUOIN_ESYNTAX, "ascending"},
    {"release", "policy 2 90", "policy 0 90", QUOIN_ESYNTAX, "no ready host"},
    {"release", "policy 2 90", "policy 2 101", QUOIN_ESYNTAX, "too large"},
    {"release", "abort rollback", "abort alarms", QUOIN_ESYNTAX, "words"},
    {"release", "reach percent 100000\n", "", QUOIN_ESYNTAX, "last step"},
    {"release", "reach percent 1000\n", "reach percent 25000\n", QUOIN_ESYNTAX, "rise"},
    {"release", "reach percent 1000\n", "reach percent 0\n", QUOIN_ESYNTAX, "either"},
    {"release", "reach label canary=yes\n", "reach label\n", QUOIN_ESYNTAX, "either"},
    {"release", "part models models-v1", "part models models-v2", QUOIN_ESYNTAX, "words"},
    {"release", "part models ", "part model ", QUOIN_ESYNTAX, "expected \"BLAKE2b-256 (parts/model) = <hash>\""},
    {"release", "(parts/models) = ", "(parts/models) : ", QUOIN_ESYNTAX, "expected \"BLAKE2b-256"},
    {"release", "part rules rules-v1 3000000", "part rules rules-v1 268435457", QUOIN_ESYNTAX, "too large"},
    {"release", "part models models-v1 4000", "part models models-v1 268435456", QUOIN_ESYNTAX, "too large together"},
    {"release", "encoding full - 900", "encoding full " H " 900", QUOIN_ESYNTAX, "\"-\""},
    {"release", "encoding full - 900", "encoding delta " H " 900", QUOIN_ESYNTAX, "must be full"},
    {"release", "encoding full - 900", "encoding full - 901", QUOIN_ESYNTAX, "packed size"},
    {"release", "524288 1000", "524287 1000", QUOIN_ESYNTAX, "packed size"},
    {"release", "524288 1000", "524289 1000", QUOIN_ESYNTAX, "too large"},
    {"release-first", "part data raw 0\nBLAKE2b-256 (parts/data)", "part .data raw 0\nBLAKE2b-256 (parts/.data)",
	QUOIN_ESYNTAX, "dot"},
    {"release-first", "part data raw 0\nBLAKE2b-256 (parts/data)", "part .. raw 0\nBLAKE2b-256 (parts/..)",
	QUOIN_ESYNTAX, "dot"},
    /* Statuses. */
    {"status-serving", "status 1795600000123", "status 0", QUOIN_ESYNTAX, "number"},
    {"status-serving", "boot 6f1e", "boot 6F1e", QUOIN_ESYNTAX, "boot"},
    {"status-router", "holds 5 7", "holds 7 5", QUOIN_ESYNTAX, "ascending"},
    {"status-router", "formats routes-v1 rules-v1", "formats rules-v1 routes-v1", QUOIN_ESYNTAX, "ascending"},
    {"status-serving", "cw-default@7", "cw-default", QUOIN_ESYNTAX, "routing key"},
    {"status-serving", "cw-default@7", "cw@default@7", QUOIN_ESYNTAX, "routing key"},
    {"status-serving", " ready ", " readyish ", QUOIN_ESYNTAX, "words"},
    {"status-serving", "have 6", "have 7", QUOIN_ESYNTAX, "ascending"},
    {"status-counters", "fetched 3 41 1 918273", "fetched 0 0 0 0", QUOIN_ESYNTAX, "zeros"},
    {"status-counters", "hits 1200", "hits 1159", QUOIN_ESYNTAX, "more hits"},
    {"status-counters", "hit 700", "hit 399", QUOIN_ESYNTAX, "order"},
    {"status-counters", "hit 30 ArtworkSelection art#", "hit 0 ArtworkSelection art#", QUOIN_ESYNTAX, "above 0"},
    {"status-counters", "art-split", "art#default", QUOIN_ESYNTAX, "once"},
    {"status-counters", "art#default", "art\\default", QUOIN_ESYNTAX, "rule's name"},
    {"status-counters", "ranker-test 2", "ranker-test 4294967296", QUOIN_ESYNTAX, "cell"},
};

static void
change(struct quoin_buf *text, const char *from, const char *to)
{
	struct quoin_buf changed;
	const uint8_t *at = memmem(text->data, text->len, from, strlen(from));

	if (at == NULL)
		check_fail(__FILE__, __LINE__, "\"%s\" is not in the vector", from);
	quoin_buf_init(&changed, QUOIN_DOCUMENT_BYTES_MAX);
	quoin_buf_put(&changed, text->data, (size_t)(at - text->data));
	quoin_buf_put_str(&changed, to);
	quoin_buf_put(&changed, at + strlen(from), text->len - (size_t)(at - text->data) - strlen(from));
	CHECK_INT(changed.error, 0);
	quoin_buf_clear(text);
	*text = changed;
}

static void
test_refusals(void)
{
	struct quoin_buf text, out;

	quoin_buf_init(&out, QUOIN_DOCUMENT_BYTES_MAX);
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		enum quoin_document_type type = read_vector(changes[i].name, &text);
		struct quoin_error err = {0};
		int rc;

		change(&text, changes[i].from, changes[i].to);
		rc = documents_round_trip(type, quoin_buf_span(&text), &out, &err);
		if (rc != changes[i].code || strstr(err.message, changes[i].message) == NULL)
			check_fail(__FILE__, __LINE__, "%s with \"%s\": %d \"%s\", expected %d \"%s\"", changes[i].name,
			    changes[i].to, rc, err.message, changes[i].code, changes[i].message);
		quoin_buf_clear(&text);
	}
}

/* Every repeated line up to its limit, and one more. */
static void
test_limits(void)
{
	static const struct {
		const char *name, *before, *line; /* %06d: a rising number */
		int max;
	} rows[] = {
	    {"activation-first", "live 1", "pin %d 1\n", QUOIN_PINS_MAX},
	    {"activation-first", "frozen", "active %d\n", QUOIN_HISTORY_MAX},
	    {"activation-first", "frozen", "revoked %d\n", QUOIN_HISTORY_MAX},
	    {"activation-first", "frozen", "failed %d - -\n", QUOIN_HISTORY_MAX},
	    {"activation-first", "end\n", "kept h%06d 1\n", QUOIN_KEPT_MAX},
	    {"root-1", "end\n", "revoked-host 00000000000000000000000000000000000000000000000000000000%08d\n",
		QUOIN_REVOKED_HOSTS_MAX},
	    {"release-first", "policy", "meta k%06d v\n", QUOIN_META_MAX},
	    {"release-first", "policy", "waived w%06d\n", QUOIN_META_MAX},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		for (int over = 0; over < 2; over++) {
			struct quoin_buf text, lines, out;
			struct quoin_error err = {0};
			enum quoin_document_type type = read_vector(rows[i].name, &text);

			quoin_buf_init(&lines, QUOIN_DOCUMENT_BYTES_MAX);
			quoin_buf_init(&out, QUOIN_DOCUMENT_BYTES_MAX);
			for (int n = 1; n <= rows[i].max + over; n++) {
				char line[256];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
				snprintf(line, sizeof line, rows[i].line, n);
#pragma GCC diagnostic pop
				quoin_buf_put_str(&lines, line);
			}
			quoin_buf_put_str(&lines, rows[i].before);
			change(&text, rows[i].before, quoin_buf_str(&lines));
			if (over == 0)
				check_round_trip(type, quoin_buf_span(&text), rows[i].line);
			else
				CHECK_INT(documents_round_trip(type, quoin_buf_span(&text), &out, &err), QUOIN_ELIMIT);
			quoin_buf_clear(&text);
			quoin_buf_clear(&lines);
			quoin_buf_clear(&out);
		}
	}
}

static void
test_sizes(void)
{
	struct quoin_origin origin;
	struct quoin_line_reader reader;
	struct quoin_error err = {0};
	struct quoin_buf text;
	size_t max = quoin_document_bytes_max(QUOIN_DOCUMENT_INTENT);
	char *large = calloc(1, max + 1);

	quoin_line_reader_init(&reader, quoin_span_of(large, max + 1), QUOIN_DOCUMENT_INTENT, &origin, &err);
	CHECK_INT(reader.failed, QUOIN_ELIMIT);
	CHECK_CONTAINS(err.message, "at most");
	free(large);

	(void)read_vector("intent-pin", &text);
	large = calloc(1, QUOIN_LINE_BYTES_MAX + 2);
	memset(large, 'x', QUOIN_LINE_BYTES_MAX + 1);
	change(&text, "home", large);
	quoin_line_reader_init(&reader, quoin_buf_span(&text), QUOIN_DOCUMENT_INTENT, &origin, &err);
	CHECK_INT(reader.failed, QUOIN_ELIMIT);
	CHECK_INT(err.line, 3);
	CHECK_CONTAINS(err.message, "longer than 4096");
	free(large);
	quoin_buf_clear(&text);
}

/* What a failed reader gives afterwards: zeros, no loops, and the first reason kept. */
static void
test_first_failure(void)
{
	struct quoin_origin origin;
	struct quoin_line_reader reader;
	struct quoin_error err = {0};
	struct quoin_docref ref;
	struct quoin_buf text;

	(void)read_vector("intent-pin", &text);
	quoin_line_reader_init(&reader, quoin_buf_span(&text), QUOIN_DOCUMENT_INTENT, &origin, &err);
	CHECK_INT(reader.failed, 0);
	CHECK_STR(origin.name, "home");
	quoin_line_expect(&reader, "number");
	CHECK_INT(quoin_line_u64(&reader), 0);
	quoin_line_docref(&reader, &ref);
	CHECK_INT(ref.number, 0);
	CHECK(!quoin_line_accept(&reader, "prev"));
	CHECK(!quoin_line_has_more(&reader));
	quoin_line_fail(&reader, QUOIN_ELIMIT, "later");
	CHECK_INT(quoin_line_finish(&reader), QUOIN_ESYNTAX);
	CHECK_INT(err.line, 4);
	CHECK_STR(err.message, "expected a line \"number\", found \"intent\"");
	quoin_buf_clear(&text);
}

static void
test_roles(void)
{
	enum quoin_role role;

	for (int i = 0; i <= QUOIN_ROLE_HOST; i++) {
		CHECK(quoin_role_parse(quoin_span_str(quoin_role_name((enum quoin_role)i)), &role));
		CHECK_INT(role, i);
	}
	CHECK(!quoin_role_parse(quoin_span_str("roo"), &role));
	CHECK(!quoin_role_parse(quoin_span_str(""), &role));
	CHECK_INT(quoin_document_role(QUOIN_DOCUMENT_INCARNATION), QUOIN_ROLE_ROOT);
	CHECK_INT(quoin_document_role(QUOIN_DOCUMENT_STATUS), QUOIN_ROLE_HOST);
}

static void
test_labels(void)
{
	struct quoin_labels have = {0}, want = {0};
	char text[20];

	CHECK_INT(quoin_labels_add(&have, quoin_span_str("b=2")), 0);
	CHECK_INT(quoin_labels_add(&have, quoin_span_str("a=1")), 0);
	CHECK_INT(quoin_labels_add(&have, quoin_span_str("c=3")), 0);
	CHECK_STR(have.items[0].key, "a");
	CHECK_STR(have.items[2].key, "c");
	CHECK_INT(quoin_labels_add(&have, quoin_span_str("a=2")), QUOIN_EEXISTS);
	CHECK_INT(quoin_labels_add(&have, quoin_span_str("=2")), QUOIN_ESYNTAX);
	CHECK_INT(quoin_labels_add(&have, quoin_span_str("")), QUOIN_ESYNTAX);
	CHECK_INT(quoin_labels_add(&have, quoin_span_str("d")), QUOIN_ESYNTAX);
	CHECK(quoin_labels_match(&have, &want));
	CHECK_INT(quoin_labels_add(&want, quoin_span_str("c=3")), 0);
	CHECK(quoin_labels_match(&have, &want) && !quoin_labels_match(&want, &have));
	CHECK_INT(quoin_labels_add(&want, quoin_span_str("b=3")), 0);
	CHECK(!quoin_labels_match(&have, &want) && !quoin_labels_equal(&have, &want));
	for (int i = 0; have.count < QUOIN_LABELS_MAX; i++) {
		snprintf(text, sizeof text, "k%d=v", i);
		CHECK_INT(quoin_labels_add(&have, quoin_span_str(text)), 0);
	}
	CHECK_INT(quoin_labels_add(&have, quoin_span_str("z=1")), QUOIN_ELIMIT);
}

static const struct check_case cases[] = {
    {"document: round trips of the golden vectors", test_round_trips},
    {"document: every prefix is refused", test_prefixes},
    {"document: every bit flip is refused or prints the same bytes", test_bit_flips},
    {"document: no type is taken for another", test_other_types},
    {"document: one changed piece at a time", test_refusals},
    {"document: repeated lines up to their limits", test_limits},
    {"document: sizes of documents and lines", test_sizes},
    {"document: the first failure is kept", test_first_failure},
    {"document: roles", test_roles},
    {"document: labels", test_labels},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
