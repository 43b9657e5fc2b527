#include "formats/cert.h"

#include <string.h>

#include "formats/line.h"
#include "lib/assert.h"

static const char *const host_role_names[] = {"serving", "router"};

const char *
quoin_host_role_name(enum quoin_host_role role)
{
	QUOIN_ASSERT(role == QUOIN_HOST_SERVING || role == QUOIN_HOST_ROUTER);
	return host_role_names[role];
}

int
quoin_cert_print(const struct quoin_cert *cert, struct quoin_buf *out)
{
	size_t start = out->len;

	QUOIN_ASSERT(cert->host[0] != '\0' && cert->not_before_ms < cert->not_after_ms);
	QUOIN_ASSERT((cert->role == QUOIN_HOST_SERVING) == (cert->shard[0] != '\0'));
	quoin_line_print_head(out, QUOIN_DOCUMENT_CERT, &cert->origin);
	quoin_line_print_key(out, "host");
	quoin_line_print_name(out, cert->host);
	quoin_line_print_end_of_line(out);
	quoin_line_print_key(out, "role");
	quoin_line_print_word(out, quoin_host_role_name(cert->role));
	quoin_line_print_end_of_line(out);
	quoin_line_print_key(out, "shard");
	quoin_line_print_name(out, cert->shard);
	quoin_line_print_end_of_line(out);
	quoin_line_print_key(out, "labels");
	quoin_line_print_labels(out, &cert->labels);
	quoin_line_print_end_of_line(out);
	quoin_line_print_key(out, "key");
	quoin_line_print_hex(out, cert->key_id, sizeof cert->key_id);
	quoin_line_print_hex(out, cert->key, sizeof cert->key);
	quoin_line_print_end_of_line(out);
	quoin_line_print_field_ms(out, "not_before_ms", cert->not_before_ms);
	quoin_line_print_field_ms(out, "not_after_ms", cert->not_after_ms);
	return quoin_line_print_end(out, QUOIN_DOCUMENT_CERT, start);
}

int
quoin_cert_parse(struct quoin_span text, struct quoin_cert *ret, struct quoin_error *err)
{
	struct quoin_line_reader reader;
	int rc;

	memset(ret, 0, sizeof *ret);
	quoin_line_reader_init(&reader, text, QUOIN_DOCUMENT_CERT, &ret->origin, err);
	quoin_line_expect(&reader, "host");
	quoin_line_name(&reader, ret->host, false);
	quoin_line_expect(&reader, "role");
	ret->role = (enum quoin_host_role)quoin_line_choice(&reader, host_role_names, 2);
	quoin_line_expect(&reader, "shard");
	quoin_line_name(&reader, ret->shard, true);
	if ((ret->role == QUOIN_HOST_SERVING) != (ret->shard[0] != '\0'))
		quoin_line_fail(&reader, QUOIN_ESYNTAX, "a serving host has a shard and a router has none");
	quoin_line_expect(&reader, "labels");
	quoin_line_labels(&reader, &ret->labels);
	quoin_line_expect(&reader, "key");
	quoin_line_hex(&reader, ret->key_id, sizeof ret->key_id);
	quoin_line_hex(&reader, ret->key, sizeof ret->key);
	ret->not_before_ms = quoin_line_field_ms(&reader, "not_before_ms");
	ret->not_after_ms = quoin_line_field_ms(&reader, "not_after_ms");
	if (ret->not_before_ms >= ret->not_after_ms)
		quoin_line_fail(&reader, QUOIN_ESYNTAX, "the certificate ends before it begins");
	rc = quoin_line_finish(&reader);
	if (rc != 0)
		memset(ret, 0, sizeof *ret);
	return rc;
}

bool
quoin_cert_is_same_host(const struct quoin_cert *a, const struct quoin_cert *b)
{
	return strcmp(a->host, b->host) == 0 && memcmp(a->key, b->key, sizeof a->key) == 0 && a->role == b->role &&
	    strcmp(a->shard, b->shard) == 0;
}
