#include "formats/activation.h"

#include <stdio.h>
#include <string.h>

#include "formats/bucket.h"
#include "lib/file.h"
#include "tests/check.h"

static struct quoin_activation activation;

static void
read_vector(void)
{
	struct quoin_buf text;

	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	CHECK_INT(quoin_file_read("tests/vectors/activation.txt", &text, NULL), 0);
	CHECK_INT(quoin_activation_parse(quoin_buf_span(&text), &activation, NULL), 0);
	quoin_buf_clear(&text);
}

static struct quoin_labels
labels_of(const char *a, const char *b)
{
	struct quoin_labels labels = {0};

	if (a != NULL)
		CHECK_INT(quoin_labels_add(&labels, quoin_span_str(a)), 0);
	if (b != NULL)
		CHECK_INT(quoin_labels_add(&labels, quoin_span_str(b)), 0);
	return labels;
}

/* The vector: from 7, target 8 for a quarter, for canary=yes, and for region=us with zone=a; everybody pinned to 5 by
 * intent 3, region=eu to 6 by intent 12. */
static void
test_fields(void)
{
	read_vector();
	CHECK_INT(activation.epoch, 1);
	CHECK_INT(activation.seq, 58);
	CHECK_INT(activation.prev.seq, 57);
	CHECK_INT(activation.asked, 8);
	CHECK_INT(activation.step_threshold, 25000);
	CHECK_INT(activation.live_count, 4);
	CHECK_INT(activation.live[3].since, 55);
	CHECK_INT(activation.kept[0].release_count, 0);
	CHECK_INT(activation.kept[1].releases[2], 8);
	CHECK_STR(quoin_activation_failure(&activation, 3)->reason, "hook.load exit 1");
	CHECK_STR(quoin_activation_failure(&activation, 4)->host, "");
	CHECK(quoin_activation_failure(&activation, 5) == NULL);
	CHECK(quoin_activation_exclusion(&activation, "rank-a-02")->by_operator);
	CHECK(!quoin_activation_exclusion(&activation, "rank-b-01")->by_operator);
	CHECK(quoin_activation_exclusion(&activation, "rank-b-02") == NULL);
	CHECK(quoin_activation_has_active(&activation, 6) && !quoin_activation_has_active(&activation, 8));
	CHECK(quoin_activation_has_revoked(&activation, 2) && !quoin_activation_has_revoked(&activation, 3));
	CHECK(quoin_activation_live(&activation, 9) == NULL);
	for (uint64_t n = 5; n <= 8; n++)
		CHECK(quoin_activation_may_select(&activation, n));
	CHECK(!quoin_activation_may_select(&activation, 4));
	CHECK(!quoin_activation_may_select(&activation, 0));
	quoin_activation_clear(&activation);
}

static void
test_selects(void)
{
	struct quoin_labels none = labels_of(NULL, NULL), eu = labels_of("region=eu", NULL),
			    canary = labels_of("canary=yes", NULL), us = labels_of("region=us", NULL),
			    us_a = labels_of("region=us", "zone=a");
	size_t in_reach = 0;

	read_vector();
	CHECK_INT(quoin_activation_selects(&activation, "edge-1", &none), 5);
	CHECK_INT(quoin_activation_selects(&activation, "edge-1", &eu), 6); /* both match: the higher intent */
	activation.pin_count = 0;
	CHECK_INT(quoin_activation_selects(&activation, "edge-1", &canary), 8);
	CHECK_INT(quoin_activation_selects(&activation, "edge-1", &us_a), 8);
	for (int i = 0; i < 1000; i++) {
		char host[24];
		uint64_t want;

		snprintf(host, sizeof host, "edge-%d", i);
		want = quoin_bucket(quoin_span_str(host), quoin_span_str("reach:home")) < 25000 ? 8 : 7;
		CHECK_INT(quoin_activation_selects(&activation, host, &none), want);
		CHECK_INT(quoin_activation_selects(&activation, host, &us), want); /* half a label step is none */
		in_reach += want == 8;
	}
	CHECK(in_reach > 200 && in_reach < 300);
	/* Everyone, nobody, and no target. */
	activation.step_label_count = 0;
	activation.step_threshold = QUOIN_BUCKETS;
	CHECK_INT(quoin_activation_selects(&activation, "edge-1", &none), 8);
	activation.step_threshold = 0;
	CHECK_INT(quoin_activation_selects(&activation, "edge-1", &canary), 7);
	activation.step_threshold = QUOIN_BUCKETS;
	activation.target = 0;
	CHECK_INT(quoin_activation_selects(&activation, "edge-1", &none), 7);
	activation.from = 0;
	CHECK_INT(quoin_activation_selects(&activation, "edge-1", &none), 0);
}

static void
test_positions(void)
{
	struct quoin_position a = {.epoch = 1, .seq = 9}, b = {.epoch = 2, .seq = 1}, c = {.epoch = 2, .seq = 2};

	CHECK(quoin_position_compare(&a, &b) < 0 && quoin_position_compare(&b, &a) > 0);
	CHECK(quoin_position_compare(&b, &c) < 0 && quoin_position_compare(&c, &b) > 0);
	a = b;
	a.hash.bytes[0] = 1;
	CHECK_INT(quoin_position_compare(&a, &b), 0);
}

static void
test_copies(void)
{
	struct quoin_activation copy = {0};
	struct quoin_buf a, b;

	read_vector();
	CHECK_INT(quoin_activation_copy(&activation, &copy), 0);
	quoin_buf_init(&a, QUOIN_DOCUMENT_BYTES_MAX);
	quoin_buf_init(&b, QUOIN_DOCUMENT_BYTES_MAX);
	CHECK_INT(quoin_activation_print(&activation, &a), 0);
	quoin_activation_clear(&activation);
	CHECK_INT(quoin_activation_print(&copy, &b), 0);
	CHECK_MEM(b.data, b.len, a.data, a.len);
	quoin_activation_clear(&copy);
	quoin_activation_clear(&copy);
	quoin_buf_clear(&a);
	quoin_buf_clear(&b);
}

static const struct check_case cases[] = {
    {"activation: fields", test_fields},
    {"activation: what a host must run", test_selects},
    {"activation: positions", test_positions},
    {"activation: copies", test_copies},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
