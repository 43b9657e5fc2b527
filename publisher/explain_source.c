#include "publisher/explain_source.h"

#include "formats/source.h"
#include "publisher/parts.h"

#define FETCH_TIMEOUT_MS 30000

static int
read_view(const struct quoin_view *view, struct quoin_buf *out)
{
	const void *data;
	size_t bytes;
	int r = 0;

	for (unsigned i = 0; i < QUOIN_SEGMENTS_MAX && quoin_view_part_segment(view, "source", i, &data, &bytes) == 0; i++)
		r = quoin_buf_put(out, data, bytes);
	return r != 0 ? r : out->len > 0 ? 0 : QUOIN_EMISSING;
}

static int
read_bus(const struct quoin_cli *cli, uint64_t number, struct quoin_buf *out, struct quoin_error *err)
{
	static const char *const names[] = {"source", NULL};
	struct quoin_bus_lookup *lookup = NULL;
	struct quoin_session session = {0};
	struct quoin_parts parts = {0};
	int r = quoin_session_open(cli, &session, err);

	if (r != 0)
		return quoin_error_prefix(err, "this host does not hold the source part, and it cannot be fetched");
	r = quoin_parts_open(&session.conf, &lookup, err);
	if (r == 0)
		r = quoin_parts_fetch(lookup, &session.control, number, names, FETCH_TIMEOUT_MS, &parts, err);
	if (r == 0)
		r = quoin_buf_put_span(out, quoin_parts_content(&parts, "source"));
	quoin_parts_clear(&parts);
	quoin_bus_lookup_close(lookup);
	quoin_session_close(&session);
	return r;
}

int
quoin_explain_source(const struct quoin_cli *cli, const struct quoin_view *view, struct quoin_ruleset *ret,
    struct quoin_error *err)
{
	struct quoin_buf text;
	int r;

	*ret = (struct quoin_ruleset){0};
	quoin_buf_init(&text, QUOIN_PART_BYTES_MAX);
	r = read_view(view, &text);
	if (r == QUOIN_EMISSING && quoin_view_release_number(view) != 0)
		r = read_bus(cli, quoin_view_release_number(view), &text, err);
	if (r == 0 && text.len == 0)
		r = QUOIN_EMISSING;
	if (r == QUOIN_EMISSING)
		quoin_error_set(err, r, "the release has no source part, from which decisions are explained");
	if (r == 0)
		r = quoin_source_read(quoin_buf_span(&text), ret, err);
	quoin_buf_clear(&text);
	return r;
}

int
quoin_explain_decision(const struct quoin_cli *cli, const struct quoin_view *view, struct quoin_span context,
    const struct quoin_decision *decision, struct quoin_buf *out, struct quoin_error *err)
{
	struct quoin_json_doc *doc = NULL;
	struct quoin_explain explain;
	struct quoin_ruleset ruleset;
	int r = quoin_explain_source(cli, view, &ruleset, err);

	if (r == 0)
		r = quoin_json_parse_huge(context, &doc, err);
	if (r == 0 && (quoin_explain_make(&ruleset, quoin_json_root(doc), &explain) != 0 ||
			  !quoin_explain_agrees(&explain, decision->rule, decision->selected.routing_key, decision->config)))
		r = quoin_error_set(err, QUOIN_ESYSTEM,
		    "the source part explains another decision than the rules part makes; report this, with the context");
	if (r == 0 && cli->json)
		quoin_explain_print_json(&explain, out);
	else if (r == 0)
		quoin_explain_print(&explain, out);
	quoin_json_free(doc);
	quoin_ruleset_clear(&ruleset);
	return r;
}
