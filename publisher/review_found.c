#include <stdio.h>
#include <string.h>

#include "publisher/guard.h"
#include "publisher/review_print.h"

void
review_put_transfer(struct review_printer *printer)
{
	const struct quoin_transfer *transfer = printer->review->transfer;
	char number[REVIEW_NUMBER_BYTES], packed[REVIEW_NUMBER_BYTES];

	review_begin(printer, "transfer", "a router fetches %s bytes, a serving host %s",
	    review_number(transfer->router_bytes, number), review_number(transfer->serving_bytes, packed));
	for (size_t i = 0; i < transfer->part_count; i++) {
		const struct quoin_transfer_part *part = &transfer->parts[i];

		if (part->packed_bytes == 0)
			continue;
		quoin_buf_printf(printer->out, "    %-10s %11s bytes, %s %s%s\n", part->name, review_number(part->bytes, number),
		    review_number(part->packed_bytes, packed), part->is_delta ? "as a delta" : "packed",
		    quoin_transfer_wants(QUOIN_HOST_ROUTER, part->name) || quoin_transfer_wants(QUOIN_HOST_SERVING, part->name)
			? ""
			: ", which no host fetches");
	}
}

static void
put_uncovered(struct review_printer *printer)
{
	const struct quoin_review *review = printer->review;
	size_t count = 0;

	for (size_t i = 0; i < review->difference->objective_count; i++) {
		const struct quoin_objective_change *change = &review->difference->objectives[i];

		if (change->change == QUOIN_CHANGE_REMOVED || quoin_decisions_of(review->decisions, change->objective) > 0)
			continue;
		if (count++ == 0)
			quoin_buf_put_str(printer->out, "    no context asks for:");
		if (count <= 8)
			quoin_buf_printf(printer->out, " %s", change->objective);
	}
	if (count > 8)
		quoin_buf_printf(printer->out, " and %zu more", count - 8);
	if (count > 0)
		quoin_buf_put_byte(printer->out, '\n');
}

/* "3 of 10": of the objective's contexts. */
static void
print_share(const struct review_printer *printer, const struct quoin_flow *flow, char *text, size_t text_bytes)
{
	uint64_t of = flow->objective != NULL ? quoin_decisions_of(printer->review->decisions, flow->objective) : 0;
	char numbers[2][REVIEW_NUMBER_BYTES];

	snprintf(text, text_bytes, "%s of %s", review_number(flow->count, numbers[0]), review_number(of, numbers[1]));
}

static const char *
objective_of(const struct quoin_flow *flow)
{
	return flow->objective != NULL ? flow->objective : "no objective";
}

/* "objective  3 of 10  a@1 -> b@1", in columns. */
static void
put_flows(struct review_printer *printer)
{
	const struct quoin_decisions *decisions = printer->review->decisions;
	int objective_width = 0, share_width = 0;
	char share[2 * REVIEW_NUMBER_BYTES + 8];

	for (size_t i = 0; i < decisions->flow_count && i < REVIEW_LINES_MAX; i++) {
		print_share(printer, &decisions->flows[i], share, sizeof share);
		objective_width = review_wider(objective_width, objective_of(&decisions->flows[i]));
		share_width = review_wider(share_width, share);
	}
	for (size_t i = 0; i < decisions->flow_count; i++) {
		const struct quoin_flow *flow = &decisions->flows[i];

		if (!review_next_line(printer))
			continue;
		print_share(printer, flow, share, sizeof share);
		quoin_buf_printf(printer->out, "    %-*s  %*s  %s -> %s\n", objective_width, objective_of(flow), share_width, share,
		    flow->from != NULL ? flow->from : "no decision", flow->to != NULL ? flow->to : "no decision");
	}
}

void
review_put_decisions(struct review_printer *printer)
{
	const struct quoin_decisions *decisions = printer->review->decisions;
	double all = decisions->total > 0 ? (double)decisions->total : 1;
	char numbers[3][REVIEW_NUMBER_BYTES];

	review_begin(printer, "decisions", "%s of %s move (%.2f %%), %s keep their model with another config",
	    review_number(decisions->moved, numbers[0]), review_number(decisions->total, numbers[1]),
	    100.0 * (double)decisions->moved / all, review_number(decisions->reconfigured, numbers[2]));
	put_flows(printer);
	review_end(printer);
	put_uncovered(printer);
	if (decisions->bad > 0)
		quoin_buf_printf(printer->out, "    %s lines are no valid contexts\n", review_number(decisions->bad, numbers[0]));
	quoin_buf_printf(printer->out, "    contexts from %s\n", printer->review->contexts);
}

static void
put_problem(struct review_printer *printer, const struct quoin_problem *problem)
{
	if (!review_next_line(printer))
		return;
	review_put_alarm(printer, problem->severity == QUOIN_SEVERITY_ERROR);
	if (problem->place.file != NULL && problem->place.file[0] != '\0')
		quoin_buf_printf(printer->out, problem->place.line > 0 ? "%s:%u: " : "%s: ", problem->place.file,
		    problem->place.line);
	quoin_buf_printf(printer->out, "%s\n", problem->message);
}

void
review_put_guards(struct review_printer *printer)
{
	const struct quoin_problems *problems = printer->review->guards;
	size_t count = 0;

	for (size_t i = 0; i < problems->count; i++)
		count += quoin_guard_is_known(problems->items[i].code);
	if (count == 0)
		review_begin(printer, "guards", "all hold");
	else
		review_begin(printer, "guards", "%zu %s; publish would refuse this", count, count == 1 ? "objection" : "objections");
	for (size_t i = 0; i < problems->count; i++)
		if (quoin_guard_is_known(problems->items[i].code))
			put_problem(printer, &problems->items[i]);
	review_end(printer);
}

/* Only failures need a word. */
void
review_put_tests(struct review_printer *printer)
{
	const struct quoin_review *review = printer->review;

	if (review->tests_passed + review->tests_failed == 0)
		review_begin(printer, "tests", "none");
	else
		review_begin(printer, "tests", "%zu passed, %zu failed%s", review->tests_passed, review->tests_failed,
		    review->tests_failed > 0 ? "; publish would refuse this" : "");
	for (size_t i = 0; i < review->guards->count; i++)
		if (strcmp(review->guards->items[i].code, "test_failed") == 0)
			put_problem(printer, &review->guards->items[i]);
	review_end(printer);
}

