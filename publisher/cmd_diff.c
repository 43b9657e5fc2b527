#include <stdlib.h>

#include "formats/source.h"
#include "lib/text.h"
#include "publisher/commands.h"
#include "publisher/parts.h"
#include "publisher/report.h"
#include "publisher/review.h"

#define FETCH_TIMEOUT_MS 30000

struct side {
	struct quoin_parts parts; /* the document, and the source part */
	struct quoin_ruleset ruleset;
};

struct diff {
	struct quoin_session session;
	struct side before, after;
	struct quoin_difference difference;
	struct quoin_transfer transfer;
};

/* A release of files has no source: then only the bytes are compared. */
static int
read_side(struct quoin_session *session, struct quoin_bus_lookup *lookup, uint64_t number, struct side *side,
    struct quoin_error *err)
{
	static const char *const names[] = {"source", NULL};
	struct quoin_span source;
	int r = quoin_parts_fetch(lookup, &session->control, number, names, FETCH_TIMEOUT_MS, &side->parts, err);

	if (r == QUOIN_ENOENT)
		return err->code = QUOIN_ECONFLICT;
	if (r != 0)
		return r;
	source = quoin_parts_content(&side->parts, "source");
	if (source.len > 0)
		r = quoin_source_read(source, &side->ruleset, err);
	return r == 0 ? 0 : quoin_error_prefix(err, "release %llu, part source", (unsigned long long)number);
}

static int
make(const struct quoin_cli *cli, const uint64_t numbers[2], struct diff *diff, struct quoin_error *err)
{
	struct quoin_bus_lookup *lookup = NULL;
	int r = quoin_session_open(cli, &diff->session, err);

	if (r != 0)
		return r;
	r = quoin_parts_open(&diff->session.conf, &lookup, err);
	if (r == 0)
		r = read_side(&diff->session, lookup, numbers[0], &diff->before, err);
	if (r == 0)
		r = read_side(&diff->session, lookup, numbers[1], &diff->after, err);
	quoin_bus_lookup_close(lookup);
	if (r == 0 && quoin_difference_make(&diff->before.ruleset, &diff->after.ruleset, &diff->difference) != 0)
		r = quoin_error_set(err, QUOIN_ENOMEM, "no memory to compare");
	if (r == 0)
		quoin_transfer_of_release(&diff->before.parts.release, &diff->after.parts.release, &diff->transfer);
	return r;
}

static int
print(const struct quoin_cli *cli, const struct diff *diff)
{
	const struct quoin_review review = {
	    .before = diff->before.parts.release.number,
	    .after = diff->after.parts.release.number,
	    .difference = &diff->difference,
	    .transfer = &diff->transfer,
	    .is_coloured = cli->has_colour,
	};

	return quoin_report_review(cli, &review);
}

int
quoin_cmd_diff(struct quoin_cli *cli, int argc, char **argv)
{
	const struct quoin_option options[] = {{0}};
	struct quoin_error err = {0};
	uint64_t numbers[2] = {0, 0};
	struct diff *diff;
	int r, count;

	r = quoin_cli_options(cli, argc, argv, options, &count);
	if (r != 0)
		return r < 0 ? 0 : r;
	for (int i = 0; count == 2 && i < 2; i++)
		if (!quoin_u64_parse(quoin_span_str(argv[1 + i]), &numbers[i]))
			numbers[i] = 0;
	if (numbers[0] == 0 || numbers[1] == 0)
		return quoin_cli_usage(cli, "name two releases");
	diff = calloc(1, sizeof *diff);
	if (diff == NULL)
		abort();
	r = make(cli, numbers, diff, &err);
	r = r == 0 ? print(cli, diff) : quoin_cli_fail(cli, &err);
	quoin_difference_clear(&diff->difference);
	quoin_ruleset_clear(&diff->before.ruleset);
	quoin_ruleset_clear(&diff->after.ruleset);
	quoin_parts_clear(&diff->before.parts);
	quoin_parts_clear(&diff->after.parts);
	quoin_session_close(&diff->session);
	free(diff);
	return r;
}
