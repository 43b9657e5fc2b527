#include "subscriber/pulse.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/crypto.h"
#include "lib/file.h"

#define PULSE_BYTES 4096
#define PULSE_MAGIC 0x316c706e696f7551ull /* "Quoinpl1", little-endian */

/* quoin-store(5), "The pulse". */
struct page {
	_Atomic uint64_t magic;
	_Atomic uint64_t generation;
	_Atomic uint64_t environment;
	_Atomic uint64_t boot; /* which boot the next three belong to */
	_Atomic int64_t fresh_until_boot_ms;
	_Atomic int64_t lease_until_boot_ms;
	_Atomic int64_t lease_until_wall_ms;
};

_Static_assert(sizeof(struct page) <= PULSE_BYTES, "the pulse is one page");
_Static_assert(sizeof(struct page) == 56, "every field is eight bytes");

struct quoin_pulse {
	struct page *page;
	uint64_t boot; /* this boot */
};

/* Sixty-four bits that name this boot. */
static uint64_t
boot_tag(void)
{
	char boot[QUOIN_BOOT_ID_BYTES + 1];
	struct quoin_hash hash;
	uint64_t tag;

	quoin_boot_id(boot);
	quoin_hash_of(quoin_span_str(boot), &hash);
	memcpy(&tag, hash.bytes, sizeof tag);
	return tag;
}

static int
code_of(int number)
{
	switch (number) {
	case ENOENT:
		return QUOIN_ENOENT;
	case EACCES:
	case EPERM:
	case EROFS:
		return QUOIN_EPERM;
	case ENOSPC:
	case EDQUOT:
		return QUOIN_ENOSPC;
	default:
		return QUOIN_EIO;
	}
}

/* A new pulse appears whole: readers map whatever is there under its name. */
static int
make_file(const char *path, struct quoin_error *err)
{
	uint8_t bytes[PULSE_BYTES] = {0};
	const uint64_t magic = PULSE_MAGIC;

	memcpy(bytes, &magic, sizeof magic);
	return quoin_file_replace(path, quoin_span_of(bytes, sizeof bytes), 0640, err);
}

static int
map_file(const char *path, enum quoin_pulse_mode mode, struct page **ret, struct quoin_error *err)
{
	const bool writes = mode == QUOIN_PULSE_WRITE;
	struct stat st;
	void *page = MAP_FAILED;
	int fd, r = 0;

	fd = open(path, (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (fd == -1)
		return quoin_error_sys(err, code_of(errno), "cannot open %s", path);
	if (fstat(fd, &st) != 0)
		r = quoin_error_sys(err, QUOIN_EIO, "cannot look at %s", path);
	else if (!S_ISREG(st.st_mode) || st.st_size != PULSE_BYTES)
		r = quoin_error_set(err, QUOIN_ECORRUPT, "%s is no pulse: its size is wrong", path);
	if (r == 0) {
		page = mmap(NULL, PULSE_BYTES, writes ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
		if (page == MAP_FAILED)
			r = quoin_error_sys(err, QUOIN_ENOMEM, "cannot map %s", path);
	}
	(void)close(fd);
	if (r == 0)
		*ret = page;
	return r;
}

/* Map it, if it is one. */
static int
map_pulse(const char *path, enum quoin_pulse_mode mode, struct page **ret, struct quoin_error *err)
{
	struct page *page = NULL;
	int r;

	r = map_file(path, mode, &page, err);
	if (r != 0)
		return r;
	if (atomic_load_explicit(&page->magic, memory_order_relaxed) != PULSE_MAGIC) {
		(void)munmap(page, PULSE_BYTES);
		return quoin_error_set(err, QUOIN_ECORRUPT, "%s is no pulse of this format", path);
	}
	*ret = page;
	return 0;
}

int
quoin_pulse_open(const char *dir, enum quoin_pulse_mode mode, struct quoin_pulse **ret, struct quoin_error *err)
{
	struct quoin_pulse *pulse;
	struct page *page = NULL;
	char path[PATH_MAX];
	int r;

	if (quoin_path_join(dir, "pulse", path, sizeof path) != 0)
		return quoin_error_set(err, QUOIN_ELIMIT, "the path %s is too long", dir);
	r = map_pulse(path, mode, &page, err);
	/* Its page is written back at any time, so a power failure may leave anything there. It says nothing that the agent
	 * does not know. */
	if ((r == QUOIN_ENOENT || r == QUOIN_ECORRUPT) && mode == QUOIN_PULSE_WRITE) {
		r = make_file(path, err);
		if (r == 0)
			r = map_pulse(path, mode, &page, err);
	}
	if (r != 0)
		return r;
	pulse = calloc(1, sizeof *pulse);
	if (pulse == NULL) {
		(void)munmap(page, PULSE_BYTES);
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	}
	pulse->page = page;
	pulse->boot = boot_tag();
	*ret = pulse;
	return 0;
}

void
quoin_pulse_close(struct quoin_pulse *pulse)
{
	if (pulse == NULL)
		return;
	(void)munmap(pulse->page, PULSE_BYTES);
	free(pulse);
}

uint64_t
quoin_pulse_generation(const struct quoin_pulse *pulse)
{
	return pulse == NULL ? 0 : atomic_load_explicit(&pulse->page->generation, memory_order_acquire);
}

uint64_t
quoin_pulse_environment(const struct quoin_pulse *pulse)
{
	return pulse == NULL ? 0 : atomic_load_explicit(&pulse->page->environment, memory_order_acquire);
}

/* The half of the generation that changes with every one: what the kernel compares before it lets a reader wait. */
static const void *
generation_word(const struct quoin_pulse *pulse)
{
	const uint8_t *bytes = (const uint8_t *)pulse->page + offsetof(struct page, generation);

	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? bytes : bytes + 4;
}

void
quoin_pulse_wait(const struct quoin_pulse *pulse, uint64_t generation, int timeout_ms)
{
	const struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};

	/* Not FUTEX_PRIVATE: the agent is another process. The page may be mapped for reading alone. */
	if (pulse == NULL)
		(void)nanosleep(&timeout, NULL);
	else
		(void)syscall(SYS_futex, generation_word(pulse), FUTEX_WAIT, (uint32_t)generation, &timeout, NULL, 0);
}

static void
wake_readers(const struct quoin_pulse *pulse)
{
	(void)syscall(SYS_futex, generation_word(pulse), FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static bool
is_of_this_boot(const struct quoin_pulse *pulse)
{
	return atomic_load_explicit(&pulse->page->boot, memory_order_acquire) == pulse->boot;
}

bool
quoin_pulse_is_stale(const struct quoin_pulse *pulse, int64_t boot_ms)
{
	if (pulse == NULL || !is_of_this_boot(pulse))
		return true;
	return boot_ms >= atomic_load_explicit(&pulse->page->fresh_until_boot_ms, memory_order_relaxed);
}

bool
quoin_pulse_is_refused(const struct quoin_pulse *pulse, int64_t boot_ms, int64_t wall_ms)
{
	int64_t until_boot_ms, until_wall_ms;

	return quoin_pulse_lease(pulse, &until_boot_ms, &until_wall_ms) &&
	    (boot_ms >= until_boot_ms || wall_ms >= until_wall_ms);
}

bool
quoin_pulse_lease(const struct quoin_pulse *pulse, int64_t *ret_until_boot_ms, int64_t *ret_until_wall_ms)
{
	if (pulse == NULL)
		return false;
	*ret_until_boot_ms = atomic_load_explicit(&pulse->page->lease_until_boot_ms, memory_order_relaxed);
	*ret_until_wall_ms = atomic_load_explicit(&pulse->page->lease_until_wall_ms, memory_order_relaxed);
	if (*ret_until_boot_ms == 0 && *ret_until_wall_ms == 0)
		return false;
	/* A lease counted in another boot has ended. */
	if (!is_of_this_boot(pulse))
		*ret_until_boot_ms = *ret_until_wall_ms = INT64_MIN;
	return true;
}

void
quoin_pulse_set_generation(struct quoin_pulse *pulse, uint64_t generation)
{
	if (generation > atomic_load_explicit(&pulse->page->generation, memory_order_relaxed))
		atomic_store_explicit(&pulse->page->generation, generation, memory_order_release);
	wake_readers(pulse);
}

void
quoin_pulse_set_environment(struct quoin_pulse *pulse, uint64_t environment)
{
	atomic_store_explicit(&pulse->page->environment, environment, memory_order_release);
	wake_readers(pulse);
}

/* The first word of a new boot voids what the one before said. */
static void
claim_boot(struct quoin_pulse *pulse)
{
	if (is_of_this_boot(pulse))
		return;
	atomic_store_explicit(&pulse->page->fresh_until_boot_ms, 0, memory_order_relaxed);
	atomic_store_explicit(&pulse->page->boot, pulse->boot, memory_order_release);
}

void
quoin_pulse_set_fresh(struct quoin_pulse *pulse, int64_t until_boot_ms)
{
	claim_boot(pulse);
	atomic_store_explicit(&pulse->page->fresh_until_boot_ms, until_boot_ms, memory_order_relaxed);
}

void
quoin_pulse_set_lease(struct quoin_pulse *pulse, int64_t until_boot_ms, int64_t until_wall_ms)
{
	/* The lease first: claiming the boot before it would show an old lease as one of this boot. */
	atomic_store_explicit(&pulse->page->lease_until_wall_ms, until_wall_ms, memory_order_relaxed);
	atomic_store_explicit(&pulse->page->lease_until_boot_ms, until_boot_ms, memory_order_release);
	claim_boot(pulse);
}
