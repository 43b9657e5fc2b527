#include <string.h>

#include "publisher/phrase.h"
#include "publisher/review_print.h"

static bool
is_other_load(const struct quoin_load_change *load)
{
	return load->before != load->after || load->during != load->after;
}

static bool
is_loaded_otherwise(const struct quoin_shard_change *change)
{
	for (size_t i = 0; i < change->load_count; i++)
		if (is_other_load(&change->loads[i]))
			return true;
	return false;
}

/* Widths of the table of loads: shard, resource, numbers. */
struct widths {
	int shard, resource, number;
};

static struct widths
measure_loads(const struct quoin_difference *difference)
{
	struct widths widths = {6, 8, 6};
	char number[REVIEW_NUMBER_BYTES];

	for (size_t i = 0; i < difference->shard_count; i++) {
		const struct quoin_shard_change *change = &difference->shards[i];

		for (size_t k = 0; k < change->load_count; k++) {
			if (!is_other_load(&change->loads[k]))
				continue;
			widths.shard = review_wider(widths.shard, change->shard);
			widths.resource = review_wider(widths.resource, change->loads[k].resource);
			widths.number = review_wider(widths.number, review_number(change->loads[k].during, number));
			widths.number = review_wider(widths.number, review_number(change->loads[k].capacity, number));
		}
	}
	return widths;
}

static void
put_loads(struct review_printer *printer, const struct quoin_shard_change *change, const struct widths *widths)
{
	const char *shard = change->shard;
	char number[REVIEW_NUMBER_BYTES];

	for (size_t i = 0; i < change->load_count; i++) {
		const struct quoin_load_change *load = &change->loads[i];

		if (!is_other_load(load) || !review_next_line(printer))
			continue;
		quoin_buf_printf(printer->out, "    %-*s  %-*s", widths->shard, shard, widths->resource, load->resource);
		for (int column = 0; column < 4; column++) {
			const uint64_t numbers[] = {load->before, load->during, load->after, load->capacity};

			quoin_buf_printf(printer->out, "  %*s", widths->number, review_number(numbers[column], number));
		}
		if (load->capacity > 0)
			quoin_buf_printf(printer->out, "  %3.0f %%", 100.0 * (double)load->after / (double)load->capacity);
		quoin_buf_put_byte(printer->out, '\n');
		shard = "";
	}
}

void
review_put_shards(struct review_printer *printer)
{
	const struct quoin_difference *difference = printer->review->difference;
	struct widths widths = measure_loads(difference);
	size_t counts[3] = {0}, loaded = 0;
	struct quoin_buf lines;
	char text[128];

	for (size_t i = 0; i < difference->shard_count; i++) {
		if (difference->shards[i].is_changed)
			counts[difference->shards[i].change]++;
		loaded += is_loaded_otherwise(&difference->shards[i]);
	}
	if (counts[0] + counts[1] + counts[2] + loaded == 0)
		return;
	review_print_counts(counts, counts[QUOIN_CHANGE_CHANGED] == 1 ? "changes" : "change", text, sizeof text);
	review_begin(printer, "shards", "%s%s%zu of %zu carry another load", text, text[0] != '\0' ? ", " : "", loaded,
	    difference->shard_count);
	for (size_t i = 0; i < difference->shard_count; i++) {
		const struct quoin_shard_change *change = &difference->shards[i];

		if (!change->is_changed || !review_next_line(printer))
			continue;
		review_put_sign(printer, 2, change->change, change->shard);
		quoin_buf_init(&lines, 4u << 20);
		if (change->change == QUOIN_CHANGE_CHANGED)
			quoin_phrase_shard_change(change->before, change->after, &lines);
		review_put_details(printer, 6, &lines);
		quoin_buf_clear(&lines);
	}
	if (loaded > 0 && review_next_line(printer))
		quoin_buf_printf(printer->out, "    %-*s  %-*s  %*s  %*s  %*s  %*s   full\n", widths.shard, "a host",
		    widths.resource, "", widths.number, "before", widths.number, "during", widths.number, "after",
		    widths.number, "has");
	for (size_t i = 0; i < difference->shard_count; i++)
		put_loads(printer, &difference->shards[i], &widths);
	review_end(printer);
}

