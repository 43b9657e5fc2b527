#include "formats/heartbeat.h"

#include <string.h>

#include "formats/line.h"
#include "lib/assert.h"

static void
print_incarnation(struct quoin_buf *out, enum quoin_topic topic, const uint8_t id[QUOIN_INCARNATION_BYTES])
{
	quoin_line_print_key(out, "incarnation");
	quoin_line_print_word(out, quoin_topic_word(topic));
	quoin_line_print_hex(out, id, QUOIN_INCARNATION_BYTES);
	quoin_line_print_end_of_line(out);
}

static void
read_incarnation(struct quoin_line_reader *reader, enum quoin_topic topic, uint8_t id[QUOIN_INCARNATION_BYTES])
{
	const char *word = quoin_topic_word(topic);

	quoin_line_expect(reader, "incarnation");
	(void)quoin_line_choice(reader, &word, 1);
	quoin_line_hex(reader, id, QUOIN_INCARNATION_BYTES);
}

int
quoin_heartbeat_print(const struct quoin_heartbeat *heartbeat, struct quoin_buf *out)
{
	size_t start = out->len;

	QUOIN_ASSERT(
	    heartbeat->number != 0 && heartbeat->issued_ms < heartbeat->expires_ms && heartbeat->interval_ms != 0);
	quoin_line_print_head(out, QUOIN_DOCUMENT_HEARTBEAT, &heartbeat->origin);
	quoin_line_print_field_u64(out, "heartbeat", heartbeat->number);
	quoin_line_print_key(out, "gate");
	quoin_line_print_hex(out, heartbeat->gate, sizeof heartbeat->gate);
	quoin_line_print_end_of_line(out);
	quoin_line_print_field_ms(out, "issued_ms", heartbeat->issued_ms);
	quoin_line_print_field_ms(out, "expires_ms", heartbeat->expires_ms);
	quoin_line_print_field_ms(out, "interval_ms", (int64_t)heartbeat->interval_ms);
	quoin_line_print_field_docref(out, "root", &heartbeat->root);
	quoin_line_print_field_docref(out, "head", &heartbeat->head);
	quoin_line_print_field_docref(out, "intent", &heartbeat->intent);
	quoin_line_print_key(out, "activation");
	quoin_position_print(&heartbeat->activation, out);
	quoin_line_print_end_of_line(out);
	print_incarnation(out, QUOIN_TOPIC_CONTROL, heartbeat->control_incarnation);
	print_incarnation(out, QUOIN_TOPIC_GATE, heartbeat->gate_incarnation);
	return quoin_line_print_end(out, QUOIN_DOCUMENT_HEARTBEAT, start);
}

int
quoin_heartbeat_parse(struct quoin_span text, struct quoin_heartbeat *ret, struct quoin_error *err)
{
	struct quoin_line_reader reader;
	int rc;

	memset(ret, 0, sizeof *ret);
	quoin_line_reader_init(&reader, text, QUOIN_DOCUMENT_HEARTBEAT, &ret->origin, err);
	ret->number = quoin_line_field_u64(&reader, "heartbeat");
	quoin_line_expect(&reader, "gate");
	quoin_line_hex(&reader, ret->gate, sizeof ret->gate);
	ret->issued_ms = quoin_line_field_ms(&reader, "issued_ms");
	ret->expires_ms = quoin_line_field_ms(&reader, "expires_ms");
	ret->interval_ms = (uint64_t)quoin_line_field_ms(&reader, "interval_ms");
	if (ret->number == 0 || ret->issued_ms >= ret->expires_ms || ret->interval_ms == 0)
		quoin_line_fail(&reader, QUOIN_ESYNTAX,
		    "a heartbeat has a number, an interval, and ends after it began");
	quoin_line_field_docref(&reader, "root", &ret->root);
	quoin_line_field_docref(&reader, "head", &ret->head);
	quoin_line_field_docref(&reader, "intent", &ret->intent);
	quoin_line_expect(&reader, "activation");
	quoin_position_read(&reader, &ret->activation);
	read_incarnation(&reader, QUOIN_TOPIC_CONTROL, ret->control_incarnation);
	read_incarnation(&reader, QUOIN_TOPIC_GATE, ret->gate_incarnation);
	rc = quoin_line_finish(&reader);
	if (rc != 0)
		memset(ret, 0, sizeof *ret);
	return rc;
}
