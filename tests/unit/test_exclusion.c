/* Who leaves a host out, until when, and whether that has ended: each stage, in words and as JSON. */
#include "publisher/exclusion.h"

#include <stdio.h>
#include <string.h>

#include "tests/check.h"

#define NOW_MS	1795000000000 /* 2026-11-18T11:06:40Z */
#define SECONDS 1000ll
#define HOURS	(3600 * SECONDS)

static const struct scene {
	bool is_out, by_operator; /* in the activation */
	bool is_said;		  /* an exclusion stands in the ledger, */
	int64_t until_ms;	  /* until then */
	enum quoin_exclusion_stage stage;
	const char *words, *json;
} scenes[] = {
    {false, false, false, 0, QUOIN_EXCLUSION_NONE, "", "{\"exclusion\":null,\"until\":null,\"left_ms\":null}"},
    {false, false, true, 0, QUOIN_EXCLUSION_ASKED, "by an operator until it is included; the gate has not acted on it yet",
	"{\"exclusion\":\"asked\",\"until\":null,\"left_ms\":null}"},
    {false, false, true, NOW_MS + 90 * SECONDS, QUOIN_EXCLUSION_ASKED,
	"by an operator until 2026-11-18T11:08:10Z (1m 30s left); the gate has not acted on it yet",
	"{\"exclusion\":\"asked\",\"until\":\"2026-11-18T11:08:10Z\",\"left_ms\":90000}"},
    {true, true, true, 0, QUOIN_EXCLUSION_OPERATOR, "by an operator until it is included",
	"{\"exclusion\":\"operator\",\"until\":null,\"left_ms\":null}"},
    {true, true, true, NOW_MS + 2 * HOURS + 5 * SECONDS, QUOIN_EXCLUSION_OPERATOR,
	"by an operator until 2026-11-18T13:06:45Z (2h 0m left)",
	"{\"exclusion\":\"operator\",\"until\":\"2026-11-18T13:06:45Z\",\"left_ms\":7205000}"},
    {true, true, true, NOW_MS + 51 * HOURS, QUOIN_EXCLUSION_OPERATOR,
	"by an operator until 2026-11-20T14:06:40Z (2d 3h left)",
	"{\"exclusion\":\"operator\",\"until\":\"2026-11-20T14:06:40Z\",\"left_ms\":183600000}"},
    {true, true, true, NOW_MS + 1, QUOIN_EXCLUSION_OPERATOR, "by an operator until 2026-11-18T11:06:40Z (0s left)",
	"{\"exclusion\":\"operator\",\"until\":\"2026-11-18T11:06:40Z\",\"left_ms\":1}"},
    /* The gate left it out first, and has not heard of the operator. */
    {true, false, true, 0, QUOIN_EXCLUSION_ASKED, "by an operator until it is included; the gate has not acted on it yet",
	"{\"exclusion\":\"asked\",\"until\":null,\"left_ms\":null}"},
    {true, false, false, 0, QUOIN_EXCLUSION_GATE, "by the gate, as the policy allows, until it is ready",
	"{\"exclusion\":\"gate\",\"until\":null,\"left_ms\":null}"},
    {true, false, true, NOW_MS - HOURS, QUOIN_EXCLUSION_GATE, "by the gate, as the policy allows, until it is ready",
	"{\"exclusion\":\"gate\",\"until\":null,\"left_ms\":null}"},
    {true, true, true, NOW_MS, QUOIN_EXCLUSION_ENDING,
	"until 2026-11-18T11:06:40Z, which ended 0s ago; it counts again when it is ready for everything that runs",
	"{\"exclusion\":\"ending\",\"until\":\"2026-11-18T11:06:40Z\",\"left_ms\":0}"},
    {true, true, false, 0, QUOIN_EXCLUSION_ENDING, "and included again; it counts when it is ready for everything that runs",
	"{\"exclusion\":\"ending\",\"until\":null,\"left_ms\":null}"},
    {false, false, true, NOW_MS - HOURS, QUOIN_EXCLUSION_ENDED,
	"until 2026-11-18T10:06:40Z, which ended 1h 0m ago; it counts again",
	"{\"exclusion\":\"ended\",\"until\":\"2026-11-18T10:06:40Z\",\"left_ms\":-3600000}"},
};

static void
each_stage(void)
{
	for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
		const struct scene *scene = &scenes[i];
		struct quoin_exclusion out = {.host = "b-02", .until_ms = scene->until_ms, .by_operator = scene->by_operator};
		struct quoin_activation newest = {.excluded = &out, .excluded_count = scene->is_out};
		struct quoin_ledger_exclusion said[] = {{"b-01", NOW_MS + 1}, {"b-02", scene->until_ms}};
		struct quoin_ledger ledger = {.excluded = said, .excluded_count = scene->is_said ? 2 : 1};
		struct quoin_exclusion_view view;
		char words[QUOIN_EXCLUSION_BYTES];
		struct quoin_json_writer writer;
		struct quoin_buf json;

		quoin_exclusion_of(&newest, &ledger, "b-02", NOW_MS, &view);
		if (view.stage != scene->stage)
			check_fail(__FILE__, __LINE__, "scene %zu is in stage %d", i, (int)view.stage);
		quoin_exclusion_print(&view, words);
		CHECK_STR(words, scene->words);
		quoin_buf_init(&json, 1024);
		quoin_json_writer_init(&writer, &json);
		quoin_json_begin_object(&writer, NULL);
		quoin_exclusion_put(&view, &writer);
		quoin_json_end_object(&writer);
		CHECK_MEM(json.data, json.len, scene->json, strlen(scene->json));
		quoin_buf_clear(&json);
	}
}

int
main(int argc, char **argv)
{
	static const struct check_case cases[] = {{"exclusion: each stage", each_stage}};

	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
