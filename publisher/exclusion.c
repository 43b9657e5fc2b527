#include "publisher/exclusion.h"

#include <stdio.h>
#include <string.h>

#include "lib/clock.h"

/* The ledger is in the order of hosts, and as long as operators' patience: looking through it will do. */
static const struct quoin_ledger_exclusion *
find(const struct quoin_ledger *ledger, const char *host)
{
	for (size_t i = 0; i < ledger->excluded_count; i++)
		if (strcmp(ledger->excluded[i].host, host) == 0)
			return &ledger->excluded[i];
	return NULL;
}

void
quoin_exclusion_of(const struct quoin_activation *newest, const struct quoin_ledger *ledger, const char *host,
    int64_t now_ms, struct quoin_exclusion_view *ret)
{
	const struct quoin_exclusion *out = quoin_activation_exclusion(newest, host);
	const struct quoin_ledger_exclusion *wanted = find(ledger, host);
	const bool is_wanted = wanted != NULL && (wanted->until_ms == 0 || now_ms < wanted->until_ms);

	*ret = (struct quoin_exclusion_view){.stage = QUOIN_EXCLUSION_NONE};
	if (is_wanted)
		ret->stage = out != NULL && out->by_operator ? QUOIN_EXCLUSION_OPERATOR : QUOIN_EXCLUSION_ASKED;
	else if (out != NULL)
		ret->stage = out->by_operator ? QUOIN_EXCLUSION_ENDING : QUOIN_EXCLUSION_GATE;
	else if (wanted != NULL)
		ret->stage = QUOIN_EXCLUSION_ENDED;
	if (wanted == NULL || wanted->until_ms == 0 || ret->stage == QUOIN_EXCLUSION_GATE)
		return;
	ret->until_ms = wanted->until_ms;
	ret->left_ms = wanted->until_ms - now_ms;
}

/* The two largest units: "2d 3h", "1h 12m", "4m 10s", "12s". */
#define SPAN_BYTES 48

static void
print_span(int64_t span_ms, char out[SPAN_BYTES])
{
	static const struct {
		long long seconds;
		char letter;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	const long long seconds = (span_ms < 0 ? -span_ms : span_ms) / 1000;
	size_t i = 0;

	while (i < 3 && seconds < units[i].seconds)
		i++;
	if (i == 3)
		(void)snprintf(out, SPAN_BYTES, "%llds", seconds);
	else
		(void)snprintf(out, SPAN_BYTES, "%lld%c %lld%c", seconds / units[i].seconds, units[i].letter,
		    seconds % units[i].seconds / units[i + 1].seconds, units[i + 1].letter);
}

void
quoin_exclusion_print(const struct quoin_exclusion_view *view, char out[QUOIN_EXCLUSION_BYTES])
{
	const char *asked = view->stage == QUOIN_EXCLUSION_ASKED ? "; the gate has not acted on it yet" : "";
	char time[21], span[SPAN_BYTES];

	quoin_time_print(view->until_ms, time);
	print_span(view->left_ms, span);
	out[0] = '\0';
	switch (view->stage) {
	case QUOIN_EXCLUSION_NONE:
		break;
	case QUOIN_EXCLUSION_ASKED:
	case QUOIN_EXCLUSION_OPERATOR:
		if (view->until_ms != 0)
			(void)snprintf(out, QUOIN_EXCLUSION_BYTES, "by an operator until %s (%s left)%s", time, span,
			    asked);
		else
			(void)snprintf(out, QUOIN_EXCLUSION_BYTES, "by an operator until it is included%s", asked);
		break;
	case QUOIN_EXCLUSION_GATE:
		(void)snprintf(out, QUOIN_EXCLUSION_BYTES, "by the gate, as the policy allows, until it is ready");
		break;
	case QUOIN_EXCLUSION_ENDING:
		if (view->until_ms != 0)
			(void)snprintf(out, QUOIN_EXCLUSION_BYTES,
			    "until %s, which ended %s ago; it counts again when it is ready for everything that runs",
			    time, span);
		else
			(void)snprintf(out, QUOIN_EXCLUSION_BYTES,
			    "and included again; it counts when it is ready for everything that runs");
		break;
	case QUOIN_EXCLUSION_ENDED:
		(void)snprintf(out, QUOIN_EXCLUSION_BYTES, "until %s, which ended %s ago; it counts again", time, span);
		break;
	}
}

void
quoin_exclusion_put(const struct quoin_exclusion_view *view, struct quoin_json_writer *writer)
{
	static const char *const names[] = {NULL, "asked", "operator", "gate", "ending", "ended"};
	char time[21];

	quoin_json_put_string(writer, "exclusion", names[view->stage]);
	quoin_time_print(view->until_ms, time);
	quoin_json_put_string(writer, "until", view->until_ms != 0 ? time : NULL);
	if (view->until_ms != 0)
		quoin_json_put_i64(writer, "left_ms", view->left_ms);
	else
		quoin_json_put_null(writer, "left_ms");
}
