#include "formats/intent.h"

#include <string.h>

#include "formats/line.h"
#include "lib/assert.h"

/* Which fields an action has; a host is required where it is not optional. */
enum {
	HAS_RELEASE = 1,
	HAS_HOST = 2,
	MAY_HOST = 4,
	MAY_LABELS = 8,
	MAY_UNTIL = 16,
};

static const struct {
	const char *name;
	unsigned has;
} actions[QUOIN_ACTIONS] = {
    [QUOIN_ACTION_ROLLBACK] = {"rollback", HAS_RELEASE},
    [QUOIN_ACTION_PIN] = {"pin", HAS_RELEASE | MAY_LABELS},
    [QUOIN_ACTION_UNPIN] = {"unpin", MAY_LABELS},
    [QUOIN_ACTION_REVOKE] = {"revoke", HAS_RELEASE},
    [QUOIN_ACTION_FREEZE] = {"freeze", 0},
    [QUOIN_ACTION_UNFREEZE] = {"unfreeze", 0},
    [QUOIN_ACTION_EXCLUDE] = {"exclude", HAS_HOST | MAY_UNTIL},
    [QUOIN_ACTION_INCLUDE] = {"include", HAS_HOST},
    [QUOIN_ACTION_FORGET] = {"forget", HAS_HOST},
    [QUOIN_ACTION_RETRY] = {"retry", HAS_RELEASE | MAY_HOST},
};

const char *
quoin_action_name(enum quoin_action action)
{
	QUOIN_ASSERT((unsigned)action < QUOIN_ACTIONS);
	return actions[action].name;
}

/* Fields that the action does not have, or missing ones; NULL if all is well. */
static const char *
intent_fault(const struct quoin_intent *intent)
{
	unsigned has = actions[intent->action].has;

	if (intent->number == 0)
		return "intents count from 1";
	if (intent->prev.number != intent->number - 1)
		return "prev is not the intent before";
	if ((intent->release.number != 0) != ((has & HAS_RELEASE) != 0))
		return "the action needs a release, or has none";
	if ((has & HAS_HOST) != 0 ? intent->host[0] == '\0' : (has & MAY_HOST) == 0 && intent->host[0] != '\0')
		return "the action needs a host, or has none";
	if (intent->labels.count > 0 && (has & MAY_LABELS) == 0)
		return "the action has no labels";
	if (intent->until_ms != 0 && (has & MAY_UNTIL) == 0)
		return "the action has no end";
	return NULL;
}

int
quoin_intent_print(const struct quoin_intent *intent, struct quoin_buf *out)
{
	size_t start = out->len;

	QUOIN_ASSERT((unsigned)intent->action < QUOIN_ACTIONS && intent_fault(intent) == NULL);
	quoin_line_print_head(out, QUOIN_DOCUMENT_INTENT, &intent->origin);
	quoin_line_print_field_u64(out, "intent", intent->number);
	quoin_line_print_field_docref(out, "prev", &intent->prev);
	quoin_line_print_field_docref(out, "head", &intent->head);
	quoin_line_print_field_ms(out, "created_ms", intent->created_ms);
	quoin_line_print_key(out, "action");
	quoin_line_print_word(out, quoin_action_name(intent->action));
	quoin_line_print_end_of_line(out);
	quoin_line_print_field_docref(out, "release", &intent->release);
	quoin_line_print_key(out, "host");
	quoin_line_print_name(out, intent->host);
	quoin_line_print_end_of_line(out);
	quoin_line_print_key(out, "labels");
	quoin_line_print_labels(out, &intent->labels);
	quoin_line_print_end_of_line(out);
	quoin_line_print_field_ms(out, "until_ms", intent->until_ms);
	quoin_line_print_key(out, "message");
	quoin_line_print_text(out, intent->message);
	quoin_line_print_end_of_line(out);
	return quoin_line_print_end(out, QUOIN_DOCUMENT_INTENT, start);
}

static enum quoin_action
read_action(struct quoin_line_reader *reader)
{
	const char *words[QUOIN_ACTIONS];

	for (size_t i = 0; i < QUOIN_ACTIONS; i++)
		words[i] = actions[i].name;
	return (enum quoin_action)quoin_line_choice(reader, words, QUOIN_ACTIONS);
}

int
quoin_intent_parse(struct quoin_span text, struct quoin_intent *ret, struct quoin_error *err)
{
	struct quoin_line_reader reader;
	const char *fault;

	memset(ret, 0, sizeof *ret);
	quoin_line_reader_init(&reader, text, QUOIN_DOCUMENT_INTENT, &ret->origin, err);
	ret->number = quoin_line_field_u64(&reader, "intent");
	quoin_line_field_docref(&reader, "prev", &ret->prev);
	quoin_line_field_docref(&reader, "head", &ret->head);
	ret->created_ms = quoin_line_field_ms(&reader, "created_ms");
	quoin_line_expect(&reader, "action");
	ret->action = read_action(&reader);
	quoin_line_field_docref(&reader, "release", &ret->release);
	quoin_line_expect(&reader, "host");
	quoin_line_name(&reader, ret->host, true);
	quoin_line_expect(&reader, "labels");
	quoin_line_labels(&reader, &ret->labels);
	ret->until_ms = quoin_line_field_ms(&reader, "until_ms");
	quoin_line_expect(&reader, "message");
	quoin_line_text(&reader, ret->message, sizeof ret->message);
	(void)quoin_line_finish(&reader);
	fault = reader.failed == 0 ? intent_fault(ret) : NULL;
	if (fault != NULL) {
		reader.number = 0;
		quoin_line_fail(&reader, QUOIN_ESYNTAX, "%s: %s", quoin_action_name(ret->action), fault);
	}
	if (reader.failed != 0)
		memset(ret, 0, sizeof *ret);
	return reader.failed;
}
