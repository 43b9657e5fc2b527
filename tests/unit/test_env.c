#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/crypto.h"
#include "lib/env.h"
#include "lib/file.h"
#include "lib/limits.h"
#include "tests/check.h"

static struct quoin_error err;

static const char *
store_path(void)
{
	static char path[256];

	(void)snprintf(path, sizeof path, "%s/store", check_dir());
	return path;
}

static const char *
store_file(const char *name)
{
	static char path[300];

	(void)snprintf(path, sizeof path, "%s/%s", store_path(), name);
	return path;
}

static struct quoin_env *
open_env(enum quoin_env_mode mode)
{
	struct quoin_env *env;

	CHECK_INT(quoin_env_open(store_path(), mode, 4, &env, &err), 0);
	return env;
}

static struct quoin_txn *
begin(struct quoin_env *env, bool write)
{
	struct quoin_txn *txn;

	CHECK_INT(quoin_txn_begin(env, write, &txn, &err), 0);
	return txn;
}

static void
put(struct quoin_txn *txn, unsigned db, const char *key, const char *value)
{
	CHECK_INT(quoin_txn_put(txn, db, quoin_span_str(key), quoin_span_str(value), &err), 0);
}

static void
check_value(struct quoin_txn *txn, unsigned db, const char *key, const char *want)
{
	struct quoin_span value;

	CHECK_INT(quoin_txn_get(txn, db, quoin_span_str(key), false, &value, &err), want != NULL ? 0 : QUOIN_ENOENT);
	if (want != NULL)
		CHECK_MEM(value.data, value.len, want, strlen(want));
}

/* A store with one database and one value, committed and closed. */
static void
make_store(void)
{
	struct quoin_env *env = open_env(QUOIN_ENV_WRITE);
	struct quoin_txn *txn = begin(env, true);
	unsigned db;

	CHECK_INT(quoin_txn_database(txn, "meta", &db, &err), 0);
	put(txn, db, "a", "one");
	CHECK_INT(quoin_txn_commit(txn, &err), 0);
	quoin_env_close(env);
}

/* A slot in a hole of the lock file is death by SIGBUS on a full disk. */
static void
check_lock_is_whole(void)
{
	struct stat st;

	CHECK_INT(stat(store_file("lock.mdb"), &st), 0);
	CHECK(st.st_size > 0);
	CHECK(st.st_blocks * 512 >= st.st_size);
}

static void
test_open(void)
{
	struct quoin_env *env, *other;
	struct stat st;

	CHECK_INT(quoin_env_open(store_path(), QUOIN_ENV_READ, 4, &env, &err), QUOIN_ENOENT);
	env = open_env(QUOIN_ENV_WRITE);
	CHECK(!quoin_file_exists(store_file("new")));
	CHECK_INT(stat(store_file("data.mdb"), &st), 0);
	CHECK_INT(st.st_mode & 0777, 0640);
	CHECK_INT(stat(store_file("lock.mdb"), &st), 0);
	CHECK_INT(st.st_mode & 0777, 0660);
	check_lock_is_whole();
	CHECK_INT(quoin_env_open(store_path(), QUOIN_ENV_READ, 4, &other, &err), QUOIN_ECONFLICT);
	CHECK_CONTAINS(err.message, "already");
	quoin_env_close(env);
	quoin_env_close(open_env(QUOIN_ENV_READ));
	quoin_env_close(open_env(QUOIN_ENV_WRITE));
	/* As LMDB makes it. */
	CHECK_INT(unlink(store_file("lock.mdb")), 0);
	quoin_env_close(open_env(QUOIN_ENV_WRITE));
	check_lock_is_whole();
	quoin_env_close(NULL);
}

/* What a crash in the middle of creation leaves is no obstacle; what is no store is not taken for one. */
static void
test_open_damaged(void)
{
	struct quoin_env *env;
	char garbage[16384];

	CHECK_INT(quoin_dir_make(store_file("new"), 0700, &err), 0);
	CHECK_INT(quoin_file_replace(store_file("new/data.mdb"), quoin_span_str("torn"), 0600, &err), 0);
	env = open_env(QUOIN_ENV_WRITE);
	quoin_env_close(env);
	memset(garbage, 'x', sizeof garbage);
	for (int mode = QUOIN_ENV_READ; mode <= QUOIN_ENV_WRITE; mode++) {
		CHECK_INT(quoin_file_replace(store_file("data.mdb"), quoin_span_str(""), 0600, &err), 0);
		CHECK_INT(quoin_env_open(store_path(), (enum quoin_env_mode)mode, 4, &env, &err), QUOIN_ECORRUPT);
		CHECK_INT(quoin_file_replace(store_file("data.mdb"), quoin_span_of(garbage, 100), 0600, &err), 0);
		CHECK_INT(quoin_env_open(store_path(), (enum quoin_env_mode)mode, 4, &env, &err), QUOIN_ECORRUPT);
		CHECK_INT(quoin_file_replace(store_file("data.mdb"), quoin_span_of(garbage, sizeof garbage), 0600,
			      &err),
		    0);
		CHECK_INT(quoin_env_open(store_path(), (enum quoin_env_mode)mode, 4, &env, &err), QUOIN_ECORRUPT);
	}
	/* The failed attempts are not remembered as open. */
	CHECK_INT(quoin_tree_remove(store_path(), &err), 0);
	quoin_env_close(open_env(QUOIN_ENV_WRITE));
}

static void
test_values(void)
{
	struct quoin_env *env = open_env(QUOIN_ENV_WRITE);
	struct quoin_txn *txn = begin(env, true);
	char key[600];
	unsigned db, other;

	CHECK_INT(quoin_txn_id(txn), 0);
	CHECK_INT(quoin_txn_database(txn, "meta", &db, &err), 0);
	CHECK_INT(quoin_txn_database(txn, "blob", &other, &err), 0);
	put(txn, db, "a", "one");
	put(txn, db, "a", "uno");
	put(txn, db, "empty", "");
	put(txn, other, "a", "two");
	check_value(txn, db, "a", "uno");
	CHECK_INT(quoin_txn_commit(txn, &err), 0);

	txn = begin(env, false);
	CHECK_INT(quoin_txn_id(txn), 1);
	check_value(txn, db, "a", "uno");
	check_value(txn, db, "empty", "");
	check_value(txn, other, "a", "two");
	check_value(txn, other, "b", NULL);
	CHECK_INT(quoin_txn_put(txn, db, quoin_span_str("x"), quoin_span_str("y"), &err), QUOIN_EPERM);
	quoin_txn_abort(txn);

	memset(key, 'k', sizeof key);
	txn = begin(env, true);
	CHECK_INT(quoin_txn_put(txn, db, quoin_span_str(""), quoin_span_str("y"), &err), QUOIN_ELIMIT);
	CHECK_INT(quoin_txn_put(txn, db, quoin_span_of(key, 512), quoin_span_str("y"), &err), QUOIN_ELIMIT);
	CHECK_INT(quoin_txn_put(txn, db, quoin_span_of(key, 511), quoin_span_str("y"), &err), 0);
	CHECK_INT(quoin_txn_put(txn, db, quoin_span_str("x"), quoin_span_of(key, (size_t)1 << 31), &err), QUOIN_ELIMIT);
	CHECK_INT(quoin_txn_del(txn, db, quoin_span_str("a"), &err), 0);
	CHECK_INT(quoin_txn_del(txn, db, quoin_span_str("a"), &err), 0);
	check_value(txn, db, "a", NULL);
	quoin_txn_abort(txn);
	quoin_txn_abort(NULL);

	txn = begin(env, false);
	check_value(txn, db, "a", "uno");
	quoin_txn_abort(txn);
	quoin_env_close(env);
}

/* A handle opened while reading stays good after the transaction; a database that is missing is not made. */
static void
test_databases(void)
{
	struct quoin_env *env;
	struct quoin_txn *txn;
	unsigned db;
	char name[16];

	make_store();
	env = open_env(QUOIN_ENV_READ);
	txn = begin(env, false);
	CHECK_INT(quoin_txn_database(txn, "none", &db, &err), QUOIN_ENOENT);
	CHECK_INT(quoin_txn_database(txn, "meta", &db, &err), 0);
	quoin_txn_abort(txn);
	txn = begin(env, false);
	check_value(txn, db, "a", "one");
	quoin_txn_abort(txn);
	CHECK_INT(quoin_txn_begin(env, true, &txn, &err), QUOIN_EPERM);
	quoin_env_close(env);

	env = open_env(QUOIN_ENV_WRITE);
	txn = begin(env, true);
	for (int i = 0; i < 4; i++) {
		(void)snprintf(name, sizeof name, "db%d", i);
		CHECK_INT(quoin_txn_database(txn, name, &db, &err), 0);
	}
	CHECK_INT(quoin_txn_database(txn, "db4", &db, &err), QUOIN_ELIMIT);
	quoin_txn_abort(txn);
	quoin_env_close(env);
}

static void
test_reserve(void)
{
	static const size_t sizes[] = {4096, 5000, 100000, 1 << 20, 16 << 20};
	struct quoin_env *env = open_env(QUOIN_ENV_WRITE);
	struct quoin_txn *txn = begin(env, true);
	struct quoin_span value;
	uint8_t *payload;
	char key[16];
	unsigned db;

	CHECK_INT(quoin_txn_database(txn, "blob", &db, &err), 0);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		(void)snprintf(key, sizeof key, "%zu", i);
		CHECK_INT(quoin_txn_reserve(txn, db, quoin_span_str(key), sizes[i], &payload, &err), 0);
		memset(payload, (int)i + 'a', sizes[i]);
		quoin_txn_seal(payload, sizes[i]);
	}
	CHECK_INT(quoin_txn_reserve(txn, db, quoin_span_str("unsealed"), 3000, &payload, &err), 0);
	memset(payload, 'u', 3000);
	CHECK_INT(quoin_txn_reserve(txn, db, quoin_span_str("big"), (size_t)1 << 30, &payload, &err), QUOIN_ELIMIT);
	CHECK_INT(quoin_txn_commit(txn, &err), 0);
	txn = begin(env, false);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		(void)snprintf(key, sizeof key, "%zu", i);
		CHECK_INT(quoin_txn_get(txn, db, quoin_span_str(key), false, &value, &err), 0);
		CHECK_INT(value.len, sizes[i]);
		CHECK_INT((uintptr_t)value.data % 16, 0);
		CHECK_INT(value.data[sizes[i] - 1], (int)i + 'a');
	}
	CHECK_INT(quoin_txn_get(txn, db, quoin_span_str("unsealed"), false, &value, &err), QUOIN_ECORRUPT);
	CHECK_INT(quoin_txn_get(txn, db, quoin_span_str("unsealed"), true, &value, &err), 0);
	quoin_txn_abort(txn);
	quoin_env_close(env);
}

/* A bit flipped in the file is found by get, and not looked for by a trusting one. */
static void
test_damage(void)
{
	static char text[8000];
	struct quoin_env *env = open_env(QUOIN_ENV_WRITE);
	struct quoin_txn *txn = begin(env, true);
	struct quoin_span value;
	struct quoin_buf file;
	uint8_t *at;
	unsigned db;
	int fd;

	memset(text, 'T', sizeof text);
	CHECK_INT(quoin_txn_database(txn, "blob", &db, &err), 0);
	CHECK_INT(quoin_txn_put(txn, db, quoin_span_str("k"), quoin_span_of(text, sizeof text), &err), 0);
	CHECK_INT(quoin_txn_commit(txn, &err), 0);
	quoin_env_close(env);
	quoin_buf_init(&file, 1 << 20);
	CHECK_INT(quoin_file_read(store_file("data.mdb"), &file, &err), 0);
	at = memmem(file.data, file.len, text, 1000);
	CHECK(at != NULL);
	fd = open(store_file("data.mdb"), O_WRONLY);
	CHECK_INT(pwrite(fd, "U", 1, at - file.data + 4321), 1);
	CHECK_INT(close(fd), 0);
	quoin_buf_clear(&file);
	env = open_env(QUOIN_ENV_READ);
	txn = begin(env, false);
	CHECK_INT(quoin_txn_database(txn, "blob", &db, &err), 0);
	CHECK_INT(quoin_txn_get(txn, db, quoin_span_str("k"), false, &value, &err), QUOIN_ECORRUPT);
	CHECK_INT(quoin_txn_get(txn, db, quoin_span_str("k"), true, &value, &err), 0);
	CHECK_INT(value.data[4321], 'U');
	quoin_txn_abort(txn);
	quoin_env_close(env);
}

static void
test_next(void)
{
	static const char *const keys[] = {"a", "ab", "b", "c/1"};
	struct quoin_env *env = open_env(QUOIN_ENV_WRITE);
	struct quoin_txn *txn = begin(env, true);
	struct quoin_span key = {0}, value;
	uint8_t from[600];
	size_t from_bytes = 0, seen = 0;
	char longest[511];
	unsigned db;

	CHECK_INT(quoin_txn_database(txn, "meta", &db, &err), 0);
	CHECK_INT(quoin_txn_next(txn, db, key, &key, &value, &err), 0);
	for (size_t i = 0; i < 4; i++)
		put(txn, db, keys[3 - i], keys[3 - i]);
	memset(longest, 'z', sizeof longest);
	CHECK_INT(quoin_txn_put(txn, db, quoin_span_of(longest, sizeof longest), quoin_span_str("z"), &err), 0);
	while (quoin_txn_next(txn, db, quoin_span_of(from, from_bytes), &key, &value, &err) == 1) {
		if (seen < 4) {
			CHECK(quoin_span_equal_str(key, keys[seen]));
			CHECK(quoin_span_equal_str(value, keys[seen]));
		}
		seen++;
		memcpy(from, key.data, key.len);
		from[key.len] = 0;
		from_bytes = key.len + 1;
	}
	CHECK_INT(seen, 5);
	CHECK_INT(quoin_txn_next(txn, db, quoin_span_str("aa"), &key, &value, &err), 1);
	CHECK(quoin_span_equal_str(key, "ab"));
	quoin_txn_abort(txn);
	quoin_env_close(env);
}

static void
test_snapshots(void)
{
	struct quoin_env *env;
	struct quoin_txn *reader, *writer;
	struct quoin_env_reader rows[4];
	size_t count;
	unsigned db;

	make_store();
	env = open_env(QUOIN_ENV_WRITE);
	reader = begin(env, false);
	CHECK_INT(quoin_txn_database(reader, "meta", &db, &err), 0);
	quoin_txn_abort(reader);
	reader = begin(env, false);
	CHECK_INT(quoin_txn_id(reader), 1);
	CHECK_INT(quoin_env_readers(env, rows, 4, &count, &err), 0);
	CHECK_INT(count, 1);
	CHECK_INT(rows[0].pid, getpid());
	CHECK_INT(rows[0].txn_id, 1);
	writer = begin(env, true);
	put(writer, db, "a", "two");
	CHECK_INT(quoin_txn_id(writer), 1);
	CHECK_INT(quoin_txn_commit(writer, &err), 0);
	check_value(reader, db, "a", "one");
	quoin_txn_reset(reader);
	CHECK_INT(quoin_env_readers(env, rows, 4, &count, &err), 0);
	CHECK_INT(count, 1);
	CHECK_INT(rows[0].txn_id, 0);
	CHECK_INT(quoin_txn_renew(reader, &err), 0);
	CHECK_INT(quoin_txn_id(reader), 2);
	check_value(reader, db, "a", "two");
	quoin_txn_abort(reader);
	CHECK_INT(quoin_env_readers(env, NULL, 0, &count, &err), 0);
	CHECK_INT(count, 0);
	quoin_env_close(env);
}

static void
wait_for(pid_t pid)
{
	int status;

	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* A reader that was killed is cleared from the table, by the writer's opening and by asking. */
static void
test_dead_reader(void)
{
	struct quoin_env *env;
	struct quoin_env_reader rows[4];
	size_t count;
	int ready[2];
	char byte;
	pid_t pid;

	make_store();
	for (int round = 0; round < 2; round++) {
		env = round == 0 ? open_env(QUOIN_ENV_WRITE) : NULL;
		CHECK_INT(pipe(ready), 0);
		pid = fork();
		if (pid == 0) {
			struct quoin_env *mine = open_env(QUOIN_ENV_READ);
			struct quoin_txn *txn = begin(mine, false);

			(void)!write(ready[1], "x", 1);
			for (;;)
				(void)pause();
			quoin_txn_abort(txn);
		}
		CHECK_INT(read(ready[0], &byte, 1), 1);
		if (env != NULL) {
			CHECK_INT(quoin_env_readers(env, rows, 4, &count, &err), 0);
			CHECK_INT(count, 1);
			CHECK_INT(rows[0].pid, pid);
		}
		CHECK_INT(kill(pid, SIGKILL), 0);
		CHECK_INT(waitpid(pid, NULL, 0), pid);
		if (env == NULL)
			env = open_env(QUOIN_ENV_WRITE);
		CHECK_INT(quoin_env_readers(env, rows, 4, &count, &err), 0);
		CHECK_INT(count, 0);
		quoin_env_close(env);
	}
}

/* All 1,024 slots taken: the next reader is refused, until one is given back. */
static void
test_reader_slots(void)
{
	static struct quoin_txn *txns[QUOIN_STORE_READERS_MAX];
	struct quoin_env *env;
	struct quoin_txn *more;
	pid_t pid;

	make_store();
	env = open_env(QUOIN_ENV_READ);
	for (size_t i = 0; i < QUOIN_STORE_READERS_MAX; i++)
		txns[i] = begin(env, false);
	CHECK_INT(quoin_txn_begin(env, false, &more, &err), QUOIN_EREADERS);
	pid = fork();
	if (pid == 0) {
		struct quoin_env *mine;

		CHECK_INT(quoin_env_open(store_path(), QUOIN_ENV_READ, 4, &mine, &err), QUOIN_EREADERS);
		_exit(0);
	}
	wait_for(pid);
	for (size_t i = 0; i < QUOIN_STORE_READERS_MAX; i++)
		quoin_txn_abort(txns[i]);
	more = begin(env, false);
	quoin_txn_abort(more);
	quoin_env_close(env);
}

/* A child gives up what it inherited and opens for itself; the parent's slot and snapshot live on. */
static void
test_fork(void)
{
	struct quoin_env *env;
	struct quoin_txn *txn;
	struct quoin_env_reader rows[4];
	size_t count;
	unsigned db;
	pid_t pid;

	make_store();
	env = open_env(QUOIN_ENV_READ);
	txn = begin(env, false);
	CHECK_INT(quoin_txn_database(txn, "meta", &db, &err), 0);
	pid = fork();
	if (pid == 0) {
		struct quoin_env *mine;

		quoin_txn_abort(txn);
		quoin_env_abandon(env);
		mine = open_env(QUOIN_ENV_READ);
		txn = begin(mine, false);
		CHECK_INT(quoin_txn_database(txn, "meta", &db, &err), 0);
		check_value(txn, db, "a", "one");
		quoin_txn_abort(txn);
		quoin_env_close(mine);
		quoin_env_close(env);
		_exit(0);
	}
	wait_for(pid);
	CHECK_INT(quoin_env_readers(env, rows, 4, &count, &err), 0);
	CHECK_INT(count, 1);
	CHECK_INT(rows[0].pid, getpid());
	CHECK_INT(rows[0].txn_id, 1);
	check_value(txn, db, "a", "one");
	quoin_txn_abort(txn);
	quoin_env_close(env);
}

/* No descriptor of a store reaches a program that is started. */
static void
test_close_on_exec(void)
{
	struct quoin_env *env = open_env(QUOIN_ENV_WRITE);
	char link[64], target[300];
	ssize_t bytes;

	for (int fd = 3; fd < 64; fd++) {
		(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		bytes = readlink(link, target, sizeof target - 1);
		if (bytes < 0)
			continue;
		target[bytes] = '\0';
		if (strstr(target, ".mdb") != NULL)
			CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	}
	quoin_env_close(env);
}

static void
test_usage(void)
{
	static char text[1 << 20];
	struct quoin_env *env = open_env(QUOIN_ENV_WRITE);
	struct quoin_txn *txn;
	struct quoin_env_usage full, freed;
	unsigned db;

	txn = begin(env, true);
	CHECK_INT(quoin_txn_database(txn, "blob", &db, &err), 0);
	CHECK_INT(quoin_txn_put(txn, db, quoin_span_str("k"), quoin_span_of(text, sizeof text), &err), 0);
	CHECK_INT(quoin_txn_commit(txn, &err), 0);
	CHECK_INT(quoin_env_usage(env, &full, &err), 0);
	CHECK(full.file_bytes >= sizeof text && full.used_bytes >= sizeof text);
	CHECK(full.used_bytes <= full.file_bytes);
	CHECK_INT(full.last_txn_id, 1);
	txn = begin(env, true);
	CHECK_INT(quoin_txn_del(txn, db, quoin_span_str("k"), &err), 0);
	CHECK_INT(quoin_txn_commit(txn, &err), 0);
	CHECK_INT(quoin_env_usage(env, &freed, &err), 0);
	CHECK(freed.used_bytes + sizeof text <= full.used_bytes + 65536);
	CHECK(freed.file_bytes >= full.file_bytes);
	CHECK_INT(freed.last_txn_id, 2);
	quoin_env_close(env);
}

static void
test_not_ours(void)
{
	struct quoin_env *env;

	make_store();
	if (geteuid() == 0) {
		pid_t pid = fork();

		if (pid == 0) {
			CHECK_INT(chmod(check_dir(), 0755), 0);
			CHECK_INT(chmod(store_path(), 0755), 0);
			CHECK_INT(chmod(store_file("data.mdb"), 0644), 0);
			CHECK_INT(chmod(store_file("lock.mdb"), 0644), 0);
			CHECK_INT(setgid(65534), 0);
			CHECK_INT(setuid(65534), 0);
			CHECK_INT(quoin_env_open(store_path(), QUOIN_ENV_READ, 4, &env, &err), QUOIN_EPERM);
			_exit(0);
		}
		wait_for(pid);
		return;
	}
	CHECK_INT(chmod(store_file("lock.mdb"), 0400), 0);
	CHECK_INT(quoin_env_open(store_path(), QUOIN_ENV_READ, 4, &env, &err), QUOIN_EPERM);
}

/* A file system of 8 MiB of our own: a full disk is said to be full, and the store survives it. */
static void
test_disk_full(void)
{
	static char text[4 << 20];
	struct quoin_env *env;
	struct quoin_txn *txn;
	unsigned db;
	int r = 0;

	CHECK_INT(mkdir(store_path(), 0700), 0);
	if (mount("none", store_path(), "tmpfs", 0, "size=8m") != 0)
		check_skip("cannot mount a small file system: %s", strerror(errno));
	env = open_env(QUOIN_ENV_WRITE);
	txn = begin(env, true);
	CHECK_INT(quoin_txn_database(txn, "blob", &db, &err), 0);
	put(txn, db, "a", "one");
	CHECK_INT(quoin_txn_commit(txn, &err), 0);
	for (char key = 'a'; key < 'f' && r == 0; key++) {
		txn = begin(env, true);
		CHECK_INT(quoin_txn_put(txn, db, quoin_span_of(&key, 1), quoin_span_of(text, sizeof text), &err), 0);
		r = quoin_txn_commit(txn, &err);
	}
	CHECK_INT(r, QUOIN_ENOSPC);
	txn = begin(env, false);
	CHECK_INT(quoin_txn_id(txn), 2);
	quoin_txn_abort(txn);
	quoin_env_close(env);
	CHECK_INT(umount2(store_path(), MNT_DETACH), 0);
}

/* A read-only file system has no lock file to write to: LMDB would read without being seen. */
static void
test_read_only(void)
{
	struct quoin_env *env;
	int r;

	CHECK_INT(mkdir(store_path(), 0700), 0);
	if (mount("none", store_path(), "tmpfs", 0, "size=8m") != 0)
		check_skip("cannot mount a small file system: %s", strerror(errno));
	make_store();
	CHECK_INT(mount("none", store_path(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=8m"), 0);
	r = quoin_env_open(store_path(), QUOIN_ENV_READ, 4, &env, &err);
	CHECK_INT(umount2(store_path(), MNT_DETACH), 0);
	CHECK_INT(r, QUOIN_EREADERS);
	CHECK_CONTAINS(err.message, "lock.mdb");
}

static const struct check_case cases[] = {
    {"open", test_open},
    {"open damaged", test_open_damaged},
    {"values", test_values},
    {"databases", test_databases},
    {"reserve", test_reserve},
    {"damage", test_damage},
    {"next", test_next},
    {"snapshots", test_snapshots},
    {"dead reader", test_dead_reader},
    {"reader slots", test_reader_slots},
    {"fork", test_fork},
    {"close on exec", test_close_on_exec},
    {"usage", test_usage},
    {"not ours", test_not_ours},
    {"disk full", test_disk_full},
    {"read-only", test_read_only},
};

int
main(int argc, char **argv)
{
	if (quoin_crypto_init() != 0)
		return 2;
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
