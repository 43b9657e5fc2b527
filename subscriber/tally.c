#include "subscriber/tally.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/crypto.h"
#include "lib/file.h"
#include "lib/text.h"
#include "subscriber/store.h"

#define ROOM	   "hits"
#define TRIES	   3 /* a file that is being written is whole again at once */
#define FILE_MAGIC "quoin-hits-1"

/* The file: this, the rows as they are in memory, and the hash of both. Agent and readers are of one machine. */
struct head {
	char magic[16];
	uint64_t row_bytes;
	uint64_t total;
	uint64_t count;
};

void
quoin_tally_clear(struct quoin_tally *tally)
{
	free(tally->rows);
	*tally = (struct quoin_tally){0};
}

int
quoin_tally_add(struct quoin_tally *tally, const struct quoin_status_hit *row)
{
	if (tally->count == QUOIN_TALLY_ROWS_MAX)
		return 0;
	if (tally->count == tally->cap) {
		const size_t cap = tally->cap == 0 ? 64 : 2 * tally->cap;
		struct quoin_status_hit *rows = realloc(tally->rows, cap * sizeof *rows);

		if (rows == NULL)
			return QUOIN_ENOMEM;
		tally->rows = rows;
		tally->cap = cap;
	}
	tally->rows[tally->count++] = *row;
	return 0;
}

int
quoin_tally_add_all(struct quoin_tally *tally, const struct quoin_tally *other)
{
	const size_t before = tally->count;

	if (other->total > QUOIN_TALLY_TOTAL_MAX - tally->total)
		return 0;
	for (size_t i = 0; i < other->count; i++) {
		if (quoin_tally_add(tally, &other->rows[i]) != 0) {
			tally->count = before;
			return QUOIN_ENOMEM;
		}
	}
	tally->total += other->total;
	return 0;
}

static int
compare_names(const void *a, const void *b)
{
	const struct quoin_status_hit *x = a, *y = b;
	int order = strcmp(x->objective, y->objective);

	if (order == 0)
		order = strcmp(x->rule, y->rule);
	if (order == 0)
		order = x->has_cell - y->has_cell;
	return order != 0 ? order : (x->cell > y->cell) - (x->cell < y->cell);
}

void
quoin_tally_merge(struct quoin_tally *tally)
{
	size_t kept = 0;

	if (tally->count == 0)
		return;
	qsort(tally->rows, tally->count, sizeof tally->rows[0], compare_names);
	for (size_t i = 1; i < tally->count; i++) {
		if (compare_names(&tally->rows[kept], &tally->rows[i]) == 0)
			tally->rows[kept].count += tally->rows[i].count;
		else
			tally->rows[++kept] = tally->rows[i];
	}
	tally->count = kept + 1;
}

void
quoin_tally_cut(struct quoin_tally *tally, size_t max)
{
	if (tally->count > 0)
		qsort(tally->rows, tally->count, sizeof tally->rows[0], quoin_status_hit_compare);
	if (tally->count > max)
		tally->count = max;
}

/* ---- Files ---- */

static int
room_of(const char *dir, char out[QUOIN_PATH_BYTES])
{
	return quoin_path_join(dir, ROOM, out, QUOIN_PATH_BYTES);
}

int
quoin_tally_make_room(const char *dir, struct quoin_error *err)
{
	char room[QUOIN_PATH_BYTES];
	int r = room_of(dir, room);

	if (r == 0)
		r = quoin_dir_make(room, 0770, err);
	/* Whatever the umask: readers of the store's group make their files here. */
	if (r == 0 && chmod(room, 0770) != 0 && errno != EPERM)
		r = quoin_error_sys(err, QUOIN_EIO, "%s", room);
	return r;
}

/* For the agent to read it, whatever the reader's own group and umask are. (The hardened unit forbids the agent to let the
 * directory see to that.) */
static void
give_to_group(int fd, const char *room)
{
	struct stat status;

	if (stat(room, &status) == 0 && fchown(fd, (uid_t)-1, status.st_gid) == 0)
		(void)fchmod(fd, 0640);
}

int
quoin_tally_open(const char *dir, int *ret_fd)
{
	char room[QUOIN_PATH_BYTES], path[QUOIN_PATH_BYTES + 32];
	struct stat status;
	int fd, r = room_of(dir, room);

	*ret_fd = -1;
	if (r != 0)
		return r;
	(void)snprintf(path, sizeof path, "%s/%ld", room, (long)getpid());
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
	if (fd < 0)
		return errno == ENOENT ? QUOIN_ENOENT : errno == EACCES || errno == EROFS ? QUOIN_EPERM : QUOIN_EIO;
	/* Between both steps the agent may have taken it for one of a process that is gone. */
	if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &status) != 0 || status.st_nlink == 0) {
		(void)close(fd);
		return QUOIN_ECONFLICT;
	}
	give_to_group(fd, room);
	*ret_fd = fd;
	return 0;
}

static void
hash_of(const struct head *head, const struct quoin_status_hit *rows, struct quoin_hash *ret)
{
	struct quoin_hasher hasher;

	quoin_hasher_init(&hasher);
	quoin_hasher_add(&hasher, quoin_span_of(head, sizeof *head));
	quoin_hasher_add(&hasher, quoin_span_of(rows, head->count * sizeof *rows));
	quoin_hasher_finish(&hasher, ret);
}

int
quoin_tally_write(int fd, struct quoin_tally *tally)
{
	struct head head = {.magic = FILE_MAGIC, .row_bytes = sizeof tally->rows[0], .total = tally->total};
	struct quoin_buf out;
	struct quoin_hash hash;
	int r;

	quoin_tally_cut(tally, QUOIN_TALLY_FILE_ROWS);
	head.count = tally->count;
	hash_of(&head, tally->rows, &hash);
	quoin_buf_init(&out, sizeof head + QUOIN_TALLY_FILE_ROWS * sizeof tally->rows[0] + sizeof hash);
	quoin_buf_put(&out, &head, sizeof head);
	quoin_buf_put(&out, tally->rows, tally->count * sizeof tally->rows[0]);
	r = quoin_buf_put(&out, &hash, sizeof hash);
	if (r == 0 && (pwrite(fd, out.data, out.len, 0) != (ssize_t)out.len || ftruncate(fd, (off_t)out.len) != 0))
		r = QUOIN_EIO;
	quoin_buf_clear(&out);
	return r;
}

/* Text that ends within its room. */
static bool
is_text(const char *text, size_t bytes, bool (*is_valid)(struct quoin_span))
{
	const size_t len = strnlen(text, bytes);

	return len < bytes && is_valid(quoin_span_of(text, len));
}

static bool
are_sound(const struct head *head, const struct quoin_status_hit *rows)
{
	uint64_t left = head->total;

	if (head->total > QUOIN_TALLY_TOTAL_MAX)
		return false;
	for (size_t i = 0; i < head->count; i++) {
		const struct quoin_status_hit *row = &rows[i];

		/* A bool is looked at as the byte that it is. */
		if (row->count == 0 || row->count > left || *(const uint8_t *)&row->has_cell > 1 ||
		    (!row->has_cell && row->cell != 0) ||
		    !is_text(row->objective, sizeof row->objective, quoin_name_is_valid) ||
		    !is_text(row->rule, sizeof row->rule, quoin_rule_name_is_valid))
			return false;
		left -= row->count;
	}
	return true;
}

/* The whole file, if it is one; "bytes" is what it has. */
static int
parse(const uint8_t *bytes, size_t len, struct quoin_tally *ret)
{
	struct quoin_status_hit *rows;
	struct quoin_hash hash, told;
	struct head head;

	if (len < sizeof head + sizeof hash)
		return QUOIN_ECORRUPT;
	memcpy(&head, bytes, sizeof head);
	if (memcmp(head.magic, FILE_MAGIC, sizeof FILE_MAGIC) != 0 || head.row_bytes != sizeof *rows ||
	    head.count > QUOIN_TALLY_FILE_ROWS || len != sizeof head + head.count * sizeof *rows + sizeof hash)
		return QUOIN_ECORRUPT;
	rows = malloc(head.count * sizeof *rows + 1);
	if (rows == NULL)
		return QUOIN_ENOMEM;
	memcpy(rows, bytes + sizeof head, head.count * sizeof *rows);
	memcpy(&told, bytes + len - sizeof told, sizeof told);
	hash_of(&head, rows, &hash);
	if (!quoin_hash_equal(&hash, &told) || !are_sound(&head, rows)) {
		free(rows);
		return QUOIN_ECORRUPT;
	}
	*ret = (struct quoin_tally){head.total, rows, head.count, head.count};
	return 0;
}

static int
read_file(int fd, struct quoin_tally *ret)
{
	const size_t most = sizeof(struct head) + QUOIN_TALLY_FILE_ROWS * sizeof ret->rows[0] + sizeof(struct quoin_hash);
	uint8_t *bytes = malloc(most + 1);
	int r = bytes == NULL ? QUOIN_ENOMEM : QUOIN_ECORRUPT;

	for (unsigned i = 0; i < TRIES && r == QUOIN_ECORRUPT; i++) {
		const ssize_t len = pread(fd, bytes, most + 1, 0);

		if (len >= 0)
			r = parse(bytes, (size_t)len, ret);
	}
	free(bytes);
	return r;
}

/* One file of a process: counted among those that live; or, if its process is gone, among the ended, and removed. */
static int
take_file(int room, const char *name, struct quoin_tally *ended, struct quoin_tally *live)
{
	const int fd = openat(room, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct quoin_tally tally = {0};
	struct stat status;
	bool is_gone;
	int r = 0;

	if (fd < 0)
		return 0;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
		is_gone = flock(fd, LOCK_EX | LOCK_NB) == 0;
		r = read_file(fd, &tally);
		if (r == 0)
			r = quoin_tally_add_all(is_gone ? ended : live, &tally);
		if (is_gone && r != QUOIN_ENOMEM)
			(void)unlinkat(room, name, 0);
		/* Nobody's file, or one that is just being made, says nothing. */
		if (r != QUOIN_ENOMEM)
			r = 0;
	}
	quoin_tally_clear(&tally);
	(void)close(fd);
	return r;
}

int
quoin_tally_collect(const char *dir, struct quoin_tally *ended, struct quoin_tally *ret)
{
	char path[QUOIN_PATH_BYTES];
	const struct dirent *entry;
	struct quoin_tally live = {0};
	size_t count = 0;
	DIR *room = room_of(dir, path) == 0 ? opendir(path) : NULL;
	uint64_t pid;
	int r = 0;

	while (room != NULL && r == 0 && count < QUOIN_TALLY_FILES_MAX && (entry = readdir(room)) != NULL) {
		if (!quoin_u64_parse(quoin_span_str(entry->d_name), &pid))
			continue;
		count++;
		r = take_file(dirfd(room), entry->d_name, ended, &live);
	}
	if (room != NULL)
		(void)closedir(room);
	quoin_tally_merge(ended);
	if (ended->count > QUOIN_TALLY_ENDED_MAX)
		quoin_tally_cut(ended, QUOIN_TALLY_ENDED_MAX);
	if (r == 0)
		r = quoin_tally_add_all(&live, ended);
	quoin_tally_merge(&live);
	if (r != 0)
		quoin_tally_clear(&live);
	*ret = live;
	return r;
}
