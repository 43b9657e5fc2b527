#include "formats/incarnation.h"

#include <stdio.h>
#include <string.h>

#include "formats/line.h"
#include "lib/assert.h"

static const char *const topic_words[QUOIN_TOPICS] = {"control", "gate", "blobs", "status"};

const char *
quoin_topic_word(enum quoin_topic topic)
{
	QUOIN_ASSERT((unsigned)topic < QUOIN_TOPICS);
	return topic_words[topic];
}

void
quoin_topic_name(const char *namespace_name, enum quoin_topic topic, char out[QUOIN_TOPIC_NAME_BYTES])
{
	(void)snprintf(out, QUOIN_TOPIC_NAME_BYTES, "%.*s.%s", QUOIN_NAME_BYTES_MAX, namespace_name,
	    quoin_topic_word(topic));
}

int
quoin_incarnation_print(const struct quoin_incarnation *incarnation, struct quoin_buf *out)
{
	size_t start = out->len;

	quoin_line_print_head(out, QUOIN_DOCUMENT_INCARNATION, &incarnation->origin);
	quoin_line_print_key(out, "topic");
	quoin_line_print_word(out, quoin_topic_word(incarnation->topic));
	quoin_line_print_end_of_line(out);
	quoin_line_print_key(out, "incarnation");
	quoin_line_print_hex(out, incarnation->id, sizeof incarnation->id);
	quoin_line_print_end_of_line(out);
	quoin_line_print_field_ms(out, "created_ms", incarnation->created_ms);
	return quoin_line_print_end(out, QUOIN_DOCUMENT_INCARNATION, start);
}

int
quoin_incarnation_parse(struct quoin_span text, struct quoin_incarnation *ret, struct quoin_error *err)
{
	struct quoin_line_reader reader;
	int rc;

	memset(ret, 0, sizeof *ret);
	quoin_line_reader_init(&reader, text, QUOIN_DOCUMENT_INCARNATION, &ret->origin, err);
	quoin_line_expect(&reader, "topic");
	ret->topic = (enum quoin_topic)quoin_line_choice(&reader, topic_words, QUOIN_TOPICS);
	quoin_line_expect(&reader, "incarnation");
	quoin_line_hex(&reader, ret->id, sizeof ret->id);
	ret->created_ms = quoin_line_field_ms(&reader, "created_ms");
	rc = quoin_line_finish(&reader);
	if (rc != 0)
		memset(ret, 0, sizeof *ret);
	return rc;
}
