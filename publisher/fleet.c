#include "publisher/fleet.h"

#include <stdlib.h>
#include <string.h>

#include "lib/search.h"

void
quoin_fleet_clear(struct quoin_fleet *fleet)
{
	for (size_t i = 0; i < fleet->host_count; i++)
		quoin_status_clear(&fleet->hosts[i].status);
	free(fleet->hosts);
	memset(fleet, 0, sizeof *fleet);
}

static size_t
host_index(const struct quoin_fleet *fleet, const char *host, bool *ret_found)
{
	if (fleet->host_count == 0) {
		*ret_found = false;
		return 0;
	}
	return quoin_search_name(fleet->hosts[0].cert.host, fleet->host_count, sizeof fleet->hosts[0], host, ret_found);
}

const struct quoin_fleet_host *
quoin_fleet_host(const struct quoin_fleet *fleet, const char *host)
{
	bool found;
	size_t i = host_index(fleet, host, &found);

	return found ? &fleet->hosts[i] : NULL;
}

/* Somebody enrolled this host anew since: whoever still has the former key does not speak for it. */
static int
check_newest(const struct quoin_control *control, const struct quoin_cert *cert, struct quoin_error *err)
{
	const struct quoin_control_cert *newest = quoin_control_cert(control, cert->host);

	if (newest == NULL || quoin_cert_is_same_host(&newest->cert, cert))
		return 0;
	return quoin_error_set(err, QUOIN_EKEY,
	    "a status of %s under an older certificate: it was enrolled anew with another %s; stop what still reports with the "
	    "old identity, or give it the new one",
	    cert->host,
	    memcmp(newest->cert.key, cert->key, sizeof cert->key) != 0 ? "key"
		: newest->cert.role != cert->role			? "role"
									: "shard");
}

/* A host sends the same certificate with every status. The key of the record only says where to look. */
static bool
is_verified(const struct quoin_fleet *fleet, const struct quoin_trust *trust, struct quoin_span key,
    const struct quoin_hash *hash, int64_t now_ms, struct quoin_fleet_host *ret)
{
	static const char prefix[] = "status/";
	const size_t skip = sizeof prefix - 1;
	const struct quoin_fleet_host *known;
	char host[QUOIN_NAME_BYTES_MAX + 1];

	if (key.len <= skip || key.len - skip >= sizeof host)
		return false;
	memcpy(host, key.data + skip, key.len - skip);
	host[key.len - skip] = '\0';
	known = quoin_fleet_host(fleet, host);
	if (known == NULL || known->root_version != trust->root.version || !quoin_hash_equal(&known->cert_hash, hash) ||
	    now_ms < known->cert.not_before_ms || now_ms >= known->cert.not_after_ms)
		return false;
	ret->cert = known->cert;
	return true;
}

/* Certificate first (from the header), then the status under its key: verified before it is parsed. */
static int
verify(const struct quoin_fleet *fleet, const struct quoin_control *control, const struct quoin_bus_record *record,
    int64_t now_ms, struct quoin_fleet_host *ret, struct quoin_error *err)
{
	const struct quoin_trust *trust = &control->trust;
	struct quoin_envelope envelope, cert;
	struct quoin_hash hash;
	struct quoin_span bytes = {0};
	int r;

	for (size_t i = 0; i < record->header_count; i++)
		if (strcmp(record->headers[i].name, QUOIN_HEADER_CERT) == 0)
			bytes = record->headers[i].value;
	if (bytes.len == 0)
		return quoin_error_set(err, QUOIN_ESIGNATURE, "a status without its host's certificate");
	quoin_hash_of(bytes, &ret->cert_hash);
	ret->root_version = trust->root.version;
	r = quoin_envelope_from_record(record, &envelope, err);
	if (r == 0 && !is_verified(fleet, trust, record->key, &ret->cert_hash, now_ms, ret)) {
		r = quoin_envelope_decode(bytes, &cert, err);
		if (r == 0)
			r = quoin_trust_verify_cert(trust, &cert, now_ms, &ret->cert, err);
	}
	if (r == 0)
		r = check_newest(control, &ret->cert, err);
	if (r == 0)
		r = quoin_trust_verify_status(trust, &ret->cert, &envelope, &hash, err);
	if (r == 0)
		r = quoin_status_parse(envelope.document, &ret->status, err);
	if (r == 0 && strcmp(ret->status.host, ret->cert.host) != 0) {
		quoin_status_clear(&ret->status);
		r = quoin_error_set(err, QUOIN_EROLE, "a status of %s signed by %s", ret->status.host, ret->cert.host);
	}
	return r;
}

int
quoin_fleet_admit(struct quoin_fleet *fleet, const struct quoin_control *control, const struct quoin_bus_record *record,
    int64_t now_ms, const struct quoin_fleet_host **ret_host, struct quoin_error *err)
{
	struct quoin_fleet_host entry, *hosts;
	bool found;
	size_t at;
	int r;

	memset(&entry, 0, sizeof entry);
	if (ret_host != NULL)
		*ret_host = NULL;
	fleet->next_offset = record->offset + 1;
	if (record->is_tombstone || quoin_span_equal_str(record->key, "incarnation"))
		return 0;
	r = verify(fleet, control, record, now_ms, &entry, err);
	if (r != 0) {
		fleet->refused++;
		return r;
	}
	entry.received_ms = now_ms;
	if (fleet->drops_hits)
		quoin_status_drop_hits(&entry.status);
	at = host_index(fleet, entry.cert.host, &found);
	if (found) {
		if (fleet->hosts[at].status.number >= entry.status.number &&
		    quoin_cert_is_same_host(&fleet->hosts[at].cert, &entry.cert)) {
			quoin_status_clear(&entry.status);
			return quoin_error_set(err, QUOIN_EREPLAY, "an older status of %s", entry.cert.host);
		}
		quoin_status_clear(&fleet->hosts[at].status);
	} else {
		hosts = fleet->host_count < QUOIN_HOSTS_MAX
		    ? realloc(fleet->hosts, (fleet->host_count + 1) * sizeof *hosts)
		    : NULL;
		if (hosts == NULL) {
			quoin_status_clear(&entry.status);
			return quoin_error_set(err, fleet->host_count < QUOIN_HOSTS_MAX ? QUOIN_ENOMEM : QUOIN_ELIMIT,
			    "no room for the status of %s", entry.cert.host);
		}
		fleet->hosts = hosts;
		memmove(hosts + at + 1, hosts + at, (fleet->host_count - at) * sizeof *hosts);
		fleet->host_count++;
	}
	fleet->hosts[at] = entry;
	if (ret_host != NULL)
		*ret_host = &fleet->hosts[at];
	return 0;
}

struct reading {
	struct quoin_fleet *fleet;
	const struct quoin_control *control;
};

static int
take(void *ctx, const struct quoin_bus_record *record, struct quoin_error *err)
{
	struct reading *reading = ctx;

	(void)quoin_fleet_admit(reading->fleet, reading->control, record, record->timestamp_ms, NULL, err);
	return 0;
}

int
quoin_fleet_read(struct quoin_fleet *fleet, const struct quoin_control *control, struct quoin_bus_reader *reader,
    const char *topic, int timeout_ms, struct quoin_error *err)
{
	struct reading reading = {.fleet = fleet, .control = control};

	return quoin_bus_reader_drain(reader, topic, fleet->next_offset, timeout_ms, take, &reading, err);
}
