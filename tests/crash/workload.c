#include "tests/crash/workload.h"

#include <stdio.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/crypto.h"
#include "lib/file.h"
#include "subscriber/store_layout.h"
#include "tests/crash/powerlog.h"

#define P(part) (1u << (part))

const struct quoin_origin workload_origin = {.system = {7, 7, 7}, .name = "shop"};

/* Some weeks of a host: releases come, one is rolled back, old ones go. */
const struct workload_script workload_life = {
    .name = "life",
    .part_bytes = {10, 3000, 25000, 40000, 0, 2047, 12000, 9000},
    .count = 34,
    .steps =
	{
	    {WORKLOAD_OPEN, 0, 0},
	    {WORKLOAD_NOTE, 1, 0},
	    {WORKLOAD_COPY, 0, 0},
	    {WORKLOAD_STAGE, 0, 0},
	    {WORKLOAD_STAGE, 0, 2},
	    {WORKLOAD_ACTIVATE, 1, P(0) | P(2)},
	    {WORKLOAD_COPY, 0, 0},
	    {WORKLOAD_NOTE, 2, 0},
	    {WORKLOAD_STAGE, 0, 1},
	    {WORKLOAD_STAGE, 0, 3},
	    {WORKLOAD_ACTIVATE, 2, P(1) | P(3) | P(2)},
	    {WORKLOAD_COLLECT, 0, P(0) | P(1) | P(2) | P(3)},
	    {WORKLOAD_RESTART, 0, 0},
	    {WORKLOAD_ACTIVATE, 1, P(0) | P(2)}, /* back to what is warm */
	    {WORKLOAD_COPY, 0, 0},
	    {WORKLOAD_COLLECT, 0, P(0) | P(2)},
	    {WORKLOAD_STAGE, 0, 3},
	    {WORKLOAD_STAGE, 0, 4},
	    {WORKLOAD_STAGE, 0, 5},
	    {WORKLOAD_ACTIVATE, 3, P(3) | P(4) | P(5)},
	    {WORKLOAD_NOTE, 4, 0},
	    {WORKLOAD_COLLECT, 0, P(3) | P(4) | P(5)},
	    {WORKLOAD_STAGE, 0, 6},
	    {WORKLOAD_ACTIVATE, 4, P(6) | P(3)},
	    {WORKLOAD_COLLECT, 0, P(6) | P(3)},
	    {WORKLOAD_STAGE, 0, 2},
	    {WORKLOAD_STAGE, 0, 7},
	    {WORKLOAD_ACTIVATE, 5, P(2) | P(7)},
	    {WORKLOAD_COPY, 0, 0},
	    {WORKLOAD_RESTART, 0, 0},
	    {WORKLOAD_COLLECT, 0, P(2) | P(7)},
	    {WORKLOAD_STAGE, 0, 3},
	    {WORKLOAD_ACTIVATE, 6, P(3) | P(7)},
	    {WORKLOAD_COPY, 0, 0},
	},
};

/* Parts of many pages and of more than one segment. */
const struct workload_script workload_large = {
    .name = "large",
    .part_bytes = {3u << 20, QUOIN_SEGMENT_BYTES_MAX + 100000, 5000, 1, 2, 3, 4, 5},
    .count = 7,
    .steps =
	{
	    {WORKLOAD_OPEN, 0, 0},
	    {WORKLOAD_STAGE, 0, 0},
	    {WORKLOAD_ACTIVATE, 1, P(0)},
	    {WORKLOAD_STAGE, 0, 1},
	    {WORKLOAD_ACTIVATE, 2, P(1)},
	    {WORKLOAD_COPY, 0, 0},
	    {WORKLOAD_COLLECT, 0, P(1)},
	},
};

/* Damage was found: everything is fetched again, and nothing goes back. */
const struct workload_script workload_quarantine = {
    .name = "quarantine",
    .part_bytes = {3000, 9000, 20000, 1, 2, 3, 4, 5},
    .count = 20,
    .steps =
	{
	    {WORKLOAD_OPEN, 0, 0},
	    {WORKLOAD_STAGE, 0, 0},
	    {WORKLOAD_ACTIVATE, 1, P(0)},
	    {WORKLOAD_COPY, 0, 0},
	    {WORKLOAD_STAGE, 0, 2},
	    {WORKLOAD_QUARANTINE, 0, 0},
	    {WORKLOAD_NOTE, 1, 0},
	    {WORKLOAD_STAGE, 0, 0},
	    {WORKLOAD_STAGE, 0, 1},
	    {WORKLOAD_ACTIVATE, 1, P(0) | P(1)},
	    {WORKLOAD_COPY, 0, 0},
	    {WORKLOAD_QUARANTINE, 0, 0},
	    {WORKLOAD_STAGE, 0, 1},
	    {WORKLOAD_ACTIVATE, 2, P(1)},
	    {WORKLOAD_COPY, 0, 0},
	    {WORKLOAD_QUARANTINE, 0, 0},
	    {WORKLOAD_RESTART, 0, 0},
	    {WORKLOAD_STAGE, 0, 2},
	    {WORKLOAD_ACTIVATE, 3, P(2)},
	    {WORKLOAD_COPY, 0, 0},
	},
};

/* A stuck reader made the file grow: what lives moves to a fresh one, more than once, beside everything else. */
const struct workload_script workload_move = {
    .name = "move",
    .part_bytes = {3000, 20000, 200, 9000, 2, 3, 4, 5},
    .count = 17,
    .steps =
	{
	    {WORKLOAD_OPEN, 0, 0},
	    {WORKLOAD_STAGE, 0, 0},
	    {WORKLOAD_ACTIVATE, 1, P(0)},
	    {WORKLOAD_COPY, 0, 0},
	    {WORKLOAD_STAGE, 0, 1},
	    {WORKLOAD_MOVE, 0, 0},
	    {WORKLOAD_ACTIVATE, 2, P(1)},
	    {WORKLOAD_COLLECT, 0, P(1)},
	    {WORKLOAD_STAGE, 0, 3},
	    {WORKLOAD_RESTART, 0, 0},
	    {WORKLOAD_NOTE, 3, 0},
	    {WORKLOAD_MOVE, 0, 0},
	    {WORKLOAD_ACTIVATE, 3, P(3) | P(1)},
	    {WORKLOAD_COPY, 0, 0},
	    {WORKLOAD_QUARANTINE, 0, 0},
	    {WORKLOAD_STAGE, 0, 1},
	    {WORKLOAD_ACTIVATE, 4, P(1)},
	},
};

/* One of everything, for tests that run it many times. */
const struct workload_script workload_brief = {
    .name = "brief",
    .part_bytes = {3000, 9000, 200, 1, 2, 3, 4, 5},
    .count = 13,
    .steps =
	{
	    {WORKLOAD_OPEN, 0, 0},
	    {WORKLOAD_STAGE, 0, 0},
	    {WORKLOAD_ACTIVATE, 1, P(0)},
	    {WORKLOAD_COPY, 0, 0},
	    {WORKLOAD_STAGE, 0, 1},
	    {WORKLOAD_MOVE, 0, 0},
	    {WORKLOAD_ACTIVATE, 2, P(1)},
	    {WORKLOAD_COLLECT, 0, P(1)},
	    {WORKLOAD_NOTE, 3, 0},
	    {WORKLOAD_COPY, 0, 0},
	    {WORKLOAD_QUARANTINE, 0, 0},
	    {WORKLOAD_STAGE, 0, 1},
	    {WORKLOAD_ACTIVATE, 3, P(1)},
	},
};

/* ---- What is written ---- */

static struct quoin_hash hashes[WORKLOAD_PARTS];

static void
content(unsigned part, uint64_t offset, uint8_t *at, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(((offset + i) * 2654435761u >> 11) + part * 37);
}

int
workload_fill(void *ctx, uint64_t offset, uint8_t *at, size_t bytes, struct quoin_hash *ret_hash)
{
	(void)ret_hash;
	content(*(const unsigned *)ctx, offset, at, bytes);
	return 0;
}

void
workload_prepare(const struct workload_script *script)
{
	uint8_t piece[4096];

	for (unsigned part = 0; part < WORKLOAD_PARTS; part++) {
		struct quoin_hasher hasher;

		quoin_hasher_init(&hasher);
		for (uint64_t done = 0; done < script->part_bytes[part];) {
			const uint64_t left = script->part_bytes[part] - done;
			const size_t n = left < sizeof piece ? (size_t)left : sizeof piece;

			content(part, done, piece, n);
			quoin_hasher_add(&hasher, quoin_span_of(piece, n));
			done += n;
		}
		quoin_hasher_finish(&hasher, &hashes[part]);
	}
}

const struct quoin_hash *
workload_part_hash(unsigned part)
{
	return &hashes[part];
}

const char *
workload_part_name(unsigned part)
{
	static const char *const names[WORKLOAD_PARTS] = {"a", "b", "c", "d", "e", "f", "g", "h"};

	return names[part];
}

void
workload_ratchets(uint64_t step, struct quoin_ratchets *ret)
{
	ret->root_version = 1 + step / 4;
	ret->obeyed = (struct quoin_position){.epoch = 1 + step / 10, .seq = step};
	ret->heartbeat = 10 * step;
	ret->status_number = 1000 * step;
	ret->load_generation = step + 3;
	ret->generation = step;
	ret->evidence = step / 3;
	ret->revoked_count = step;
	for (size_t i = 0; i < ret->revoked_count; i++)
		ret->revoked[i] = 100 + i;
}

int64_t
workload_offset(uint64_t step, enum quoin_topic topic)
{
	return (int64_t)(step * 7 + (uint64_t)topic);
}

size_t
workload_document(uint64_t step, uint64_t release, char out[64])
{
	return (size_t)snprintf(out, 64, "release %llu as of step %llu", (unsigned long long)release,
	    (unsigned long long)step);
}

/* ---- The model ---- */

void
workload_model_step(const struct workload_script *script, uint64_t number, const struct workload_step *step,
    struct workload_model *model)
{
	(void)script;
	switch (step->op) {
	case WORKLOAD_OPEN:
		model->has_store = true;
		break;
	case WORKLOAD_STAGE:
		model->parts |= P(step->parts);
		break;
	case WORKLOAD_ACTIVATE:
		model->active_version = number;
		model->active_release = step->release;
		model->active_parts = step->parts;
		/* fall through */
	case WORKLOAD_NOTE:
		model->version = number;
		model->ratchets = number;
		model->documents[step->release] = number;
		if (step->release > 2)
			model->documents[step->release - 2] = 0;
		break;
	case WORKLOAD_COPY:
		model->copy = model->ratchets;
		break;
	case WORKLOAD_COLLECT:
		model->parts &= step->parts;
		break;
	case WORKLOAD_RESTART:
	case WORKLOAD_MOVE:
		break;
	case WORKLOAD_QUARANTINE:
		*model = (struct workload_model){.has_store = true, .copy = model->copy, .ratchets = model->copy};
		break;
	}
}

void
workload_model_at(const struct workload_script *script, uint64_t step, struct workload_model *ret)
{
	memset(ret, 0, sizeof *ret);
	QUOIN_ASSERT(step <= script->count);
	for (uint64_t i = 1; i <= step; i++)
		workload_model_step(script, i, &script->steps[i - 1], ret);
}

/* ---- The steps ---- */

static int
open_store(struct workload *workload)
{
	return quoin_store_open(workload->state, &workload_origin, &workload->store, &workload->err);
}

int
workload_reopen(struct workload *workload)
{
	quoin_store_close(workload->store);
	workload->store = NULL;
	return open_store(workload);
}

static int
quarantine(struct workload *workload)
{
	char path[QUOIN_PATH_BYTES];
	int r = 0;

	quoin_store_close(workload->store);
	workload->store = NULL;
	/* A second try may find that the first got this far. */
	(void)snprintf(path, sizeof path, "%s/%s/store", workload->state, workload_origin.name);
	if (quoin_file_exists(path))
		r = quoin_store_quarantine(workload->state, workload_origin.name, &workload->err);
	return r != 0 ? r : open_store(workload);
}

static void
active_of(const struct workload *workload, uint64_t number, const struct workload_step *step,
    struct quoin_store_active *ret)
{
	memset(ret, 0, sizeof *ret);
	ret->generation = number;
	ret->release.number = step->release;
	ret->obeyed = (struct quoin_position){.epoch = 1 + number / 10, .seq = number};
	for (unsigned part = 0; part < WORKLOAD_PARTS; part++) {
		struct quoin_store_part *at = &ret->parts[ret->part_count];

		if ((step->parts & P(part)) == 0)
			continue;
		(void)snprintf(at->name, sizeof at->name, "%s", workload_part_name(part));
		(void)snprintf(at->schema, sizeof at->schema, "raw");
		at->bytes = workload->script->part_bytes[part];
		at->hash = hashes[part];
		ret->part_count++;
	}
}

/* The change in as many transactions as the mutant likes. */
static int
commit_change(struct workload *workload, struct quoin_store_change *change)
{
	struct quoin_store_change first = {0};
	int r;

	if (workload->mutant == WORKLOAD_SPLITS) {
		first.ratchets = change->ratchets;
		change->ratchets = NULL;
	} else if (workload->mutant == WORKLOAD_POINTS_FIRST) {
		first.active = change->active;
		change->active = NULL;
	} else {
		return quoin_store_commit(workload->store, change, &workload->err);
	}
	r = quoin_store_commit(workload->store, &first, &workload->err);
	return r != 0 ? r : quoin_store_commit(workload->store, change, &workload->err);
}

static int
commit(struct workload *workload, uint64_t number, const struct workload_step *step)
{
	static struct quoin_store_active active;
	static struct quoin_ratchets ratchets;
	struct quoin_store_offset offsets[QUOIN_TOPICS];
	struct quoin_fuse fuse = {.release = {.number = step->release}, .state = QUOIN_FUSE_GOOD, .attempts = number};
	struct quoin_agent_model_name model = {.version = "1", .digest = "sha256:1", .uri = "file:///m"};
	const struct quoin_agent_model_name *const models[] = {&model};
	char text[64];
	const size_t text_bytes = workload_document(number, step->release, text);
	const struct quoin_span bytes = quoin_span_of((const uint8_t *)text, text_bytes);
	struct quoin_store_document documents[3] = {
	    {QUOIN_STORE_RELEASE, step->release, bytes},
	    {QUOIN_STORE_ACTIVATION, 0, bytes},
	    {QUOIN_STORE_RELEASE, step->release > 2 ? step->release - 2 : WORKLOAD_RELEASES + 1, {0}},
	};
	struct quoin_store_change change = {.documents = documents,
	    .document_count = 3,
	    .ratchets = &ratchets,
	    .fuses = &fuse,
	    .fuse_count = 1,
	    .has_fuses = true,
	    .models = models,
	    .model_count = 1,
	    .has_models = true};
	bool is_new;

	(void)snprintf(model.name, sizeof model.name, "m%llu", (unsigned long long)number);
	quoin_store_ratchets(workload->store, &ratchets, &is_new);
	workload_ratchets(number, &ratchets);
	for (size_t i = 0; i < QUOIN_TOPICS; i++) {
		offsets[i] = (struct quoin_store_offset){true, {5}, workload_offset(number, (enum quoin_topic)i)};
		change.offsets[i] = &offsets[i];
	}
	if (step->op == WORKLOAD_ACTIVATE) {
		active_of(workload, number, step, &active);
		change.active = &active;
	}
	return commit_change(workload, &change);
}

static int
copy(struct workload *workload, uint64_t number)
{
	static struct quoin_ratchets ratchets;
	struct workload_model model;
	bool is_new;

	workload_model_at(workload->script, number - 1, &model);
	quoin_store_ratchets(workload->store, &ratchets, &is_new);
	workload_ratchets(model.ratchets, &ratchets);
	return quoin_store_ratchets_copy(workload->store, &ratchets, &workload->err);
}

static int
collect(struct workload *workload, unsigned parts)
{
	struct quoin_hash keep[WORKLOAD_PARTS];
	size_t count = 0;

	for (unsigned part = 0; part < WORKLOAD_PARTS; part++)
		if ((parts & P(part)) != 0)
			keep[count++] = hashes[part];
	return quoin_store_collect(workload->store, keep, count, NULL, &workload->err);
}

static int
move(struct workload *workload)
{
	int r;

	/* A first try may have got as far as it matters. */
	if (workload->store->old != NULL)
		return 0;
	if (workload->mutant == WORKLOAD_MOVES_UNSYNCED)
		powerlog_mute(POWERLOG_MUTE_FSYNC | POWERLOG_MUTE_FDATASYNC);
	else if (workload->mutant == WORKLOAD_MOVES_NAMES_LATE)
		powerlog_mute(POWERLOG_MUTE_DIRECTORY);
	r = quoin_store_move(workload->store, &workload->err);
	powerlog_mute(0);
	return r;
}

static int
do_step(struct workload *workload, uint64_t number, const struct workload_step *step)
{
	unsigned part = step->parts;

	switch (step->op) {
	case WORKLOAD_OPEN:
		return open_store(workload);
	case WORKLOAD_STAGE:
		return quoin_store_stage(workload->store, &hashes[part], workload->script->part_bytes[part],
		    workload_fill, &part, &workload->err);
	case WORKLOAD_ACTIVATE:
		if (workload->mutant == WORKLOAD_COLLECTS_LIVE) {
			const int r = collect(workload, step->parts);

			if (r != 0)
				return r;
		}
		return commit(workload, number, step);
	case WORKLOAD_NOTE:
		return commit(workload, number, step);
	case WORKLOAD_COPY:
		return copy(workload, number);
	case WORKLOAD_COLLECT:
		return collect(workload, step->parts);
	case WORKLOAD_RESTART:
		return workload_reopen(workload);
	case WORKLOAD_MOVE:
		return move(workload);
	case WORKLOAD_QUARANTINE:
		return quarantine(workload);
	}
	return QUOIN_EUSAGE;
}

int
workload_step(struct workload *workload, uint64_t number, const struct workload_step *step)
{
	char pulse[QUOIN_PATH_BYTES];
	int r;

	(void)snprintf(pulse, sizeof pulse, "%s/%s/pulse", workload->state, workload_origin.name);
	powerlog_begin(number);
	if (workload->mutant == WORKLOAD_ACKS_EARLY)
		powerlog_ack(number);
	r = do_step(workload, number, step);
	powerlog_mapped(pulse);
	if (r == 0)
		powerlog_ack(number);
	return r;
}

int
workload_run(struct workload *workload, uint64_t first, uint64_t *ret_step)
{
	int r;

	for (uint64_t number = first; number <= workload->script->count; number++) {
		r = workload_step(workload, number, &workload->script->steps[number - 1]);
		if (r != 0)
			return r;
		*ret_step = number;
	}
	return 0;
}
