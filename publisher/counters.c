#include "publisher/counters.h"

#include <inttypes.h>

#define PRINTED_HITS 20 /* more are for programs */

void
quoin_counters_put_fetched(struct quoin_json_writer *writer, const struct quoin_status *status)
{
	const struct quoin_status_fetched *fetched = &status->fetched;

	quoin_json_begin_object(writer, "fetched");
	quoin_json_put_u64(writer, "full", fetched->full);
	quoin_json_put_u64(writer, "deltas", fetched->deltas);
	quoin_json_put_u64(writer, "fell_back", fetched->fell_back);
	quoin_json_put_u64(writer, "bytes", fetched->bytes);
	quoin_json_end_object(writer);
}

void
quoin_counters_put_hits(struct quoin_json_writer *writer, const struct quoin_status *status)
{
	quoin_json_begin_object(writer, "hits");
	quoin_json_put_u64(writer, "total", status->hit_total);
	quoin_json_begin_array(writer, "rules");
	for (size_t i = 0; i < status->hit_count; i++) {
		const struct quoin_status_hit *hit = &status->hits[i];

		quoin_json_begin_object(writer, NULL);
		quoin_json_put_string(writer, "objective", hit->objective);
		quoin_json_put_string(writer, "rule", hit->rule);
		if (hit->has_cell)
			quoin_json_put_u64(writer, "cell", hit->cell);
		else
			quoin_json_put_null(writer, "cell");
		quoin_json_put_u64(writer, "count", hit->count);
		quoin_json_end_object(writer);
	}
	quoin_json_end_array(writer);
	quoin_json_end_object(writer);
}

void
quoin_counters_print(const struct quoin_status *status, struct quoin_buf *out)
{
	const struct quoin_status_fetched *fetched = &status->fetched;

	if (fetched->full + fetched->deltas + fetched->fell_back > 0) {
		quoin_buf_printf(out, "  fetched   %" PRIu64 " parts by delta, %" PRIu64 " in full, %" PRIu64 " bytes",
		    fetched->deltas, fetched->full, fetched->bytes);
		if (fetched->fell_back > 0)
			quoin_buf_printf(out, "; deltas that did not apply: %" PRIu64, fetched->fell_back);
		quoin_buf_put_byte(out, '\n');
	}
	if (status->hit_total > 0)
		quoin_buf_printf(out, "  decided   %" PRIu64 " times, counted by its applications; most often by\n",
		    status->hit_total);
	for (size_t i = 0; i < status->hit_count && i < PRINTED_HITS; i++) {
		const struct quoin_status_hit *hit = &status->hits[i];

		quoin_buf_printf(out, "  %12" PRIu64 "  %s: %s", hit->count, hit->objective, hit->rule);
		if (hit->has_cell)
			quoin_buf_printf(out, ", cell %u", (unsigned)hit->cell);
		quoin_buf_put_byte(out, '\n');
	}
}
