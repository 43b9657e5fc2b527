#include "publisher/transfer.h"

#include <stdio.h>
#include <string.h>

#include "lib/pack.h"
#include "publisher/deltas.h"

bool
quoin_transfer_wants(enum quoin_host_role role, const char *part)
{
	bool is_models = strcmp(part, "models") == 0;

	return role == QUOIN_HOST_SERVING ? is_models : !is_models && strcmp(part, "source") != 0;
}

static void
add(struct quoin_transfer *transfer, const char *name, uint64_t bytes, uint64_t packed_bytes, bool is_delta)
{
	struct quoin_transfer_part *part;

	if (transfer->part_count == QUOIN_PARTS_MAX)
		return;
	part = &transfer->parts[transfer->part_count++];
	snprintf(part->name, sizeof part->name, "%s", name);
	part->bytes = bytes;
	part->packed_bytes = packed_bytes;
	part->is_delta = is_delta;
	if (quoin_transfer_wants(QUOIN_HOST_ROUTER, name))
		transfer->router_bytes += packed_bytes;
	if (quoin_transfer_wants(QUOIN_HOST_SERVING, name))
		transfer->serving_bytes += packed_bytes;
}

void
quoin_transfer_of_release(const struct quoin_release *before, const struct quoin_release *after,
    struct quoin_transfer *ret)
{
	*ret = (struct quoin_transfer){0};
	for (size_t i = 0; i < after->part_count; i++) {
		const struct quoin_part *part = &after->parts[i];
		const struct quoin_part *old = before != NULL ? quoin_release_part(before, part->name) : NULL;
		uint64_t packed_bytes = part->encoding_count > 0 ? part->encodings[0].packed_bytes : 0;
		bool is_delta = false;

		for (size_t k = 1; old != NULL && k < part->encoding_count; k++) {
			if (!part->encodings[k].is_delta || !quoin_hash_equal(&part->encodings[k].base, &old->hash) ||
			    part->encodings[k].packed_bytes >= packed_bytes)
				continue;
			packed_bytes = part->encodings[k].packed_bytes;
			is_delta = true;
		}
		if (old != NULL && quoin_hash_equal(&old->hash, &part->hash))
			add(ret, part->name, part->bytes, 0, false);
		else
			add(ret, part->name, part->bytes, packed_bytes, is_delta);
	}
}

int
quoin_transfer_add(const char *name, struct quoin_span content, struct quoin_span base, struct quoin_transfer *ret)
{
	struct quoin_buf full, patch;
	int r = 0;

	if (quoin_span_equal(content, base)) {
		add(ret, name, content.len, 0, false);
		return 0;
	}
	quoin_buf_init(&full, (size_t)QUOIN_PART_BYTES_MAX + (1u << 20));
	quoin_buf_init(&patch, (size_t)QUOIN_PART_BYTES_MAX + (1u << 20));
	r = quoin_pack(content, &full);
	if (r == 0 && strcmp(name, "source") != 0)
		r = quoin_deltas_pack(content, base, full.len, &patch);
	if (r == 0)
		add(ret, name, content.len, patch.len > 0 ? patch.len : full.len, patch.len > 0);
	quoin_buf_clear(&full);
	quoin_buf_clear(&patch);
	return r;
}
