#include "tests/crash/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "tests/crash/disk.h"
#include "tests/crash/powerlog.h"

#define PENDING_MAX 8192
#define FDS_MAX	    1024
#define SEEN_SLOTS  (1u << 20)

struct replay {
	const struct replay_options *options;
	replay_judge *judge;
	void *ctx;
	const char *dir;

	struct disk_file files[DISK_FILES_MAX];	  /* durable contents */
	struct disk_file scratch[DISK_FILES_MAX]; /* those of an image, where they differ */
	size_t file_count;
	struct disk_names live;	 /* as the program sees them */
	struct disk_names names; /* durable */
	struct disk_op pending[PENDING_MAX];
	size_t pending_count;
	uint32_t fds[FDS_MAX];

	uint64_t record; /* which one is being played, from 1 */
	const char *record_word;
	uint64_t acked, in_flight;
	uint64_t durable_key; /* stands for all operations that are durable */
	uint64_t random;
	uint64_t images;
	uint64_t *seen;
	size_t seen_count;
	bool good;
};

uint64_t
replay_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* A set of operations is the exclusive or of these. */
static uint64_t
key_of(uint64_t id)
{
	uint64_t state = id;

	return replay_random(&state);
}

/* ---- Images ---- */

enum choice {
	DROP,
	KEEP,
	MIX,
};

/* Whether this image was judged before; from now on it was. */
static bool
was_seen(struct replay *replay, uint64_t key)
{
	size_t i;

	key ^= key_of(replay->acked << 32 ^ replay->in_flight ^ 1ull << 63);
	key += key == 0;
	for (i = key % SEEN_SLOTS; replay->seen[i] != 0; i = (i + 1) % SEEN_SLOTS)
		if (replay->seen[i] == key)
			return true;
	if (replay->seen_count < SEEN_SLOTS / 2) {
		replay->seen[i] = key;
		replay->seen_count++;
	}
	return false;
}

/* Each sector for itself: as it was, as it was to become, or, if all of it was being written, anything. */
static void
write_mixed(struct replay *replay, struct disk_file *file, const struct disk_op *op)
{
	const size_t sector = replay->options->sector_bytes;
	size_t done = 0;

	/* The size may have got there before the bytes. */
	if (replay_random(&replay->random) % 2 == 0 && op->offset + op->len > file->len)
		disk_file_resize(file, op->offset + op->len);
	while (done < op->len) {
		const uint64_t at = op->offset + done;
		size_t n = sector - (size_t)(at % sector);
		const uint64_t dice = replay_random(&replay->random) % 100;

		if (n > op->len - done)
			n = op->len - done;
		if (dice < 50) {
			disk_file_write(file, at, op->bytes + done, n);
		} else if (dice < 53 && n == sector) {
			uint8_t garbage[4096];

			for (size_t i = 0; i < n; i++)
				garbage[i] = (uint8_t)replay_random(&replay->random);
			disk_file_write(file, at, garbage, n);
		}
		done += n;
	}
}

/* The durable contents of a file as the beginning of the image's. */
static struct disk_file *
scratch_of(struct replay *replay, bool *is_copied, uint32_t file)
{
	if (!is_copied[file])
		disk_file_copy(&replay->scratch[file], &replay->files[file]);
	is_copied[file] = true;
	return &replay->scratch[file];
}

static void
make_image(struct replay *replay, const uint8_t *choices)
{
	static struct disk_file view[DISK_FILES_MAX];
	static struct disk_names names;
	bool is_copied[DISK_FILES_MAX] = {false};

	names = replay->names;
	for (size_t i = 0; i < replay->pending_count; i++) {
		const struct disk_op *op = &replay->pending[i];
		bool keeps = choices[i] == KEEP;

		if (choices[i] == MIX && op->kind == DISK_WRITE)
			write_mixed(replay, scratch_of(replay, is_copied, op->file), op);
		else if (choices[i] == MIX)
			keeps = replay_random(&replay->random) % 2 == 0;
		if (!keeps)
			continue;
		if (op->kind == DISK_WRITE)
			disk_file_write(scratch_of(replay, is_copied, op->file), op->offset, op->bytes, op->len);
		else if (op->kind == DISK_RESIZE)
			disk_file_resize(scratch_of(replay, is_copied, op->file), op->offset);
		else
			disk_edit_names(&names, op);
	}
	for (size_t i = 0; i < replay->file_count; i++)
		view[i] = is_copied[i] ? replay->scratch[i] : replay->files[i];
	disk_empty(replay->dir);
	disk_make(&names, view, replay->dir);
}

/* Judge one image, unless it was; "word" and "n" say which it is. */
static void
try_image(struct replay *replay, const uint8_t *choices, const char *word, size_t n)
{
	uint64_t key = replay->durable_key;
	bool is_mixed = false;
	char text[160];
	struct replay_point point = {replay->acked, replay->in_flight, text};

	if (!replay->good)
		return;
	for (size_t i = 0; i < replay->pending_count; i++) {
		is_mixed = is_mixed || choices[i] == MIX;
		if (choices[i] == KEEP)
			key ^= key_of(replay->pending[i].id);
	}
	if (!is_mixed && was_seen(replay, key))
		return;
	make_image(replay, choices);
	(void)snprintf(text, sizeof text, "after record %llu (%s), of %zu pending %s %zu",
	    (unsigned long long)replay->record, replay->record_word, replay->pending_count, word, n);
	replay->images++;
	replay->good = replay->judge(replay->ctx, replay->dir, &point);
}

/* The i-th of at most "max" places among "count": all of them, or drawn ones. */
static size_t
place(struct replay *replay, size_t i, size_t count, size_t max)
{
	return count <= max ? i : (size_t)(replay_random(&replay->random) % count);
}

static void
crash_here(struct replay *replay)
{
	static uint8_t choices[PENDING_MAX];
	const size_t count = replay->pending_count;
	const size_t max = replay->options->choices_max;
	const size_t turns = count < max ? count : max;

	memset(choices, DROP, count);
	try_image(replay, choices, "none", 0);
	memset(choices, KEEP, count);
	try_image(replay, choices, "all", count);
	for (size_t i = 0; i < turns; i++) {
		const size_t at = place(replay, i, count, max);

		memset(choices, DROP, count);
		memset(choices, KEEP, at);
		try_image(replay, choices, "the first", at);
		memset(choices, KEEP, count);
		choices[at] = DROP;
		try_image(replay, choices, "all but number", at);
		memset(choices, DROP, count);
		choices[at] = KEEP;
		try_image(replay, choices, "only number", at);
	}
	memset(choices, MIX, count);
	for (unsigned i = 0; i < replay->options->mixes && count > 0; i++)
		try_image(replay, choices, "mix", i);
}

/* ---- The journal ---- */

static void
fold(struct replay *replay, const struct disk_op *op)
{
	if (op->kind == DISK_WRITE)
		disk_file_write(&replay->files[op->file], op->offset, op->bytes, op->len);
	else if (op->kind == DISK_RESIZE)
		disk_file_resize(&replay->files[op->file], op->offset);
	else
		disk_edit_names(&replay->names, op);
	replay->durable_key ^= key_of(op->id);
}

static bool
touches_dir(const struct disk_op *op, uint32_t dir)
{
	for (size_t i = 0; i < op->edit_count; i++)
		if (op->edits[i].name.dir == dir)
			return true;
	return false;
}

static bool
overlaps(const struct disk_op *a, const struct disk_op *b)
{
	return a->kind != DISK_EDIT && a->file == b->file &&
	    (a->kind == DISK_RESIZE || (a->offset < b->offset + b->len && b->offset < a->offset + a->len));
}

/* Make durable what a sync of "file" covers, or, with "write", what this write covers. A sync that "fails" leaves some
 * of it for ever undone. */
static void
sync_pending(struct replay *replay, uint32_t file, const struct disk_op *write, bool fails)
{
	size_t left = 0;

	for (size_t i = 0; i < replay->pending_count; i++) {
		const struct disk_op *op = &replay->pending[i];
		bool covered;

		if (write != NULL)
			covered = op == write || overlaps(op, write);
		else if (replay->files[file].is_dir)
			covered = op->kind == DISK_EDIT && touches_dir(op, file);
		else
			covered = op->kind != DISK_EDIT && op->file == file;
		if (covered && (!fails || replay_random(&replay->random) % 2 == 0))
			fold(replay, op);
		else if (!covered)
			replay->pending[left++] = *op;
	}
	replay->pending_count = left;
}

static struct disk_op *
add_op(struct replay *replay, const struct disk_op *op)
{
	QUOIN_ASSERT(replay->pending_count < PENDING_MAX);
	replay->pending[replay->pending_count] = *op;
	replay->pending[replay->pending_count].id = replay->record;
	return &replay->pending[replay->pending_count++];
}

static bool
edit_of(const struct replay *replay, const char *path, struct disk_edit *ret)
{
	const char *name;

	memset(ret, 0, sizeof *ret);
	if (!disk_walk(&replay->live, path, &ret->name.dir, &name))
		return false;
	(void)snprintf(ret->name.name, sizeof ret->name.name, "%s", name);
	return true;
}

/* A new file or directory gets this name. */
static bool
create(struct replay *replay, const char *path, bool is_dir, uint32_t *ret_file)
{
	struct disk_op op = {.kind = DISK_EDIT, .edit_count = 1};

	if (replay->file_count == DISK_FILES_MAX || !edit_of(replay, path, &op.edits[0]))
		return false;
	*ret_file = (uint32_t)replay->file_count++;
	replay->files[*ret_file].is_dir = is_dir;
	op.edits[0].name.file = *ret_file;
	disk_edit_names(&replay->live, add_op(replay, &op));
	return true;
}

static bool
find_path(const struct replay *replay, const char *path, uint32_t *ret_file)
{
	const char *name;
	uint32_t dir;

	if (path[0] == '\0') {
		*ret_file = 0;
		return true;
	}
	return disk_walk(&replay->live, path, &dir, &name) && disk_find(&replay->live, dir, name, ret_file);
}

static bool
play_open(struct replay *replay, const struct powerlog_record *record, const char *path)
{
	uint32_t file;

	if (record->fd < 0 || record->fd >= FDS_MAX)
		return false;
	if ((record->flags & POWERLOG_CREATED) != 0) {
		if (!create(replay, path, false, &file))
			return false;
	} else if (!find_path(replay, path, &file)) {
		return false;
	}
	if ((record->flags & POWERLOG_EMPTIED) != 0)
		(void)add_op(replay, &(struct disk_op){.kind = DISK_RESIZE, .file = file});
	replay->fds[record->fd] = file;
	return true;
}

/* Names that move: rename takes the old one away, link keeps it. */
static bool
play_two(struct replay *replay, const char *from, const char *to, bool keeps)
{
	struct disk_op op = {.kind = DISK_EDIT, .edit_count = keeps ? 1 : 2};

	if (!edit_of(replay, to, &op.edits[0]) || !edit_of(replay, from, &op.edits[1]) ||
	    !find_path(replay, from, &op.edits[0].name.file))
		return false;
	op.edits[1].removes = true;
	disk_edit_names(&replay->live, add_op(replay, &op));
	return true;
}

/* Each gets the other's file, in one. */
static bool
play_exchange(struct replay *replay, const char *one, const char *other)
{
	struct disk_op op = {.kind = DISK_EDIT, .edit_count = 2};

	if (!edit_of(replay, one, &op.edits[0]) || !edit_of(replay, other, &op.edits[1]) ||
	    !find_path(replay, one, &op.edits[1].name.file) || !find_path(replay, other, &op.edits[0].name.file))
		return false;
	disk_edit_names(&replay->live, add_op(replay, &op));
	return true;
}

static bool
play_unlink(struct replay *replay, const char *path)
{
	struct disk_op op = {.kind = DISK_EDIT, .edit_count = 1};
	uint32_t file;

	if (!edit_of(replay, path, &op.edits[0]) || !find_path(replay, path, &file))
		return false;
	op.edits[0].removes = true;
	disk_edit_names(&replay->live, add_op(replay, &op));
	return true;
}

/* A mapped page is written back when the kernel likes: what the page showed before either got there or never will. */
static bool
play_mapped(struct replay *replay, const char *path, const uint8_t *bytes, size_t len)
{
	uint32_t file;

	if (!find_path(replay, path, &file))
		return false;
	if (replay_random(&replay->random) % 2 == 0)
		sync_pending(replay, file, NULL, false);
	(void)add_op(replay, &(struct disk_op){.kind = DISK_WRITE, .file = file, .bytes = bytes, .len = len});
	return true;
}

static bool
play_write(struct replay *replay, const struct powerlog_record *record, const uint8_t *payload)
{
	const struct disk_op *op;

	op = add_op(replay,
	    &(struct disk_op){.kind = DISK_WRITE,
		.file = replay->fds[record->fd],
		.offset = record->offset,
		.bytes = payload,
		.len = record->bytes});
	if ((record->flags & POWERLOG_DURABLE) == 0)
		return true;
	/* The power may fail in the midst of it. */
	if (!replay->options->looks_only)
		crash_here(replay);
	sync_pending(replay, op->file, op, false);
	return true;
}

static bool
play(struct replay *replay, const struct powerlog_record *record, const uint8_t *payload)
{
	static const char *const words[] = {"open", "close", "write", "truncate", "sync", "lost", "rename", "link",
	    "unlink", "exchange", "mkdir", "mapped", "begin", "ack", "look"};
	const char *text = (const char *)payload;
	const char *second = record->bytes > 0 ? text + strlen(text) + 1 : text;
	uint32_t file;

	if (record->op >= sizeof words / sizeof words[0])
		return false;
	replay->record_word = words[record->op];
	switch ((enum powerlog_op)record->op) {
	case POWERLOG_OPEN:
		return play_open(replay, record, text);
	case POWERLOG_CLOSE:
		return true;
	case POWERLOG_WRITE:
		return play_write(replay, record, payload);
	case POWERLOG_TRUNCATE:
		(void)add_op(replay,
		    &(struct disk_op){.kind = DISK_RESIZE, .file = replay->fds[record->fd], .offset = record->offset});
		return true;
	case POWERLOG_SYNC:
	case POWERLOG_LOST:
		sync_pending(replay, replay->fds[record->fd], NULL, record->op == POWERLOG_LOST);
		return true;
	case POWERLOG_RENAME:
	case POWERLOG_LINK:
		return play_two(replay, text, second, record->op == POWERLOG_LINK);
	case POWERLOG_UNLINK:
		return play_unlink(replay, text);
	case POWERLOG_EXCHANGE:
		return play_exchange(replay, text, second);
	case POWERLOG_MKDIR:
		return create(replay, text, true, &file);
	case POWERLOG_MAPPED:
		return play_mapped(replay, text, (const uint8_t *)second, record->bytes - (size_t)(second - text));
	case POWERLOG_BEGIN:
		replay->in_flight = record->offset;
		return true;
	case POWERLOG_ACK:
		replay->acked = record->offset;
		return true;
	case POWERLOG_LOOK:
		return true;
	}
	return false;
}

static bool
play_all(struct replay *replay, const uint8_t *journal, size_t journal_bytes)
{
	struct powerlog_record record;

	for (size_t at = 0; at < journal_bytes && replay->good;) {
		if (journal_bytes - at < sizeof record)
			return false;
		memcpy(&record, journal + at, sizeof record);
		at += sizeof record;
		if (record.bytes > journal_bytes - at)
			return false;
		replay->record++;
		if (!play(replay, &record, journal + at))
			return false;
		at += record.bytes;
		if (!replay->options->looks_only || record.op == POWERLOG_LOOK || at == journal_bytes)
			crash_here(replay);
	}
	return true;
}

int64_t
replay_run(const uint8_t *journal, size_t journal_bytes, const char *dir, const struct replay_options *options,
    replay_judge *judge, void *ctx, bool *ret_good)
{
	struct replay *replay = calloc(1, sizeof *replay);
	int64_t images = -1;

	QUOIN_ASSERT(replay != NULL && options->sector_bytes <= 4096);
	replay->options = options;
	replay->judge = judge;
	replay->ctx = ctx;
	replay->dir = dir;
	replay->random = options->seed;
	replay->good = true;
	replay->file_count = 1;
	replay->files[0].is_dir = true;
	replay->seen = calloc(SEEN_SLOTS, sizeof *replay->seen);
	QUOIN_ASSERT(replay->seen != NULL);
	if (play_all(replay, journal, journal_bytes))
		images = (int64_t)replay->images;
	else
		fprintf(stderr, "replay: record %llu (%s) makes no sense\n", (unsigned long long)replay->record,
		    replay->record_word != NULL ? replay->record_word : "?");
	*ret_good = replay->good;
	for (size_t i = 0; i < replay->file_count; i++) {
		free(replay->files[i].bytes);
		free(replay->scratch[i].bytes);
	}
	free(replay->seen);
	free(replay);
	return images;
}
