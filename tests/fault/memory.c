#include "tests/fault/memory.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define REAL(name) __interceptor_##name
#else
#define REAL(name) __libc_##name
#endif
void *REAL(malloc)(size_t bytes);
void *REAL(calloc)(size_t count, size_t bytes);
void *REAL(realloc)(void *memory, size_t bytes);
void REAL(free)(void *memory);

static bool is_counting, lasts;
static size_t fails_at, count, failures;
static long live;

void
memory_fail(size_t at, bool new_lasts)
{
	fails_at = at;
	lasts = new_lasts;
	count = failures = 0;
	live = 0;
	is_counting = true;
}

size_t
memory_count(void)
{
	return count;
}

size_t
memory_failures(void)
{
	return failures;
}

long
memory_live(void)
{
	return live;
}

void
memory_stop(void)
{
	is_counting = false;
}

static bool
fails(void)
{
	if (!is_counting)
		return false;
	count++;
	if (fails_at == 0 || (lasts ? count < fails_at : count != fails_at))
		return false;
	failures++;
	errno = ENOMEM;
	return true;
}

static void *
counted(void *memory)
{
	if (is_counting && memory != NULL)
		live++;
	return memory;
}

EXPORT void *
malloc(size_t bytes)
{
	return fails() ? NULL : counted(REAL(malloc)(bytes));
}

EXPORT void *
calloc(size_t number, size_t bytes)
{
	return fails() ? NULL : counted(REAL(calloc)(number, bytes));
}

EXPORT void *
realloc(void *memory, size_t bytes)
{
	void *moved;

	if (fails())
		return NULL;
	moved = REAL(realloc)(memory, bytes);
	if (memory == NULL)
		return counted(moved);
	if (is_counting && bytes == 0)
		live--;
	return moved;
}

EXPORT void *
reallocarray(void *memory, size_t number, size_t bytes)
{
	if (bytes != 0 && number > SIZE_MAX / bytes) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(memory, number * bytes);
}

/* The sanitizers have their own, past us. */
EXPORT char *
strdup(const char *text)
{
	const size_t bytes = strlen(text) + 1;
	char *copy = malloc(bytes);

	return copy != NULL ? memcpy(copy, text, bytes) : NULL;
}

EXPORT char *
strndup(const char *text, size_t max)
{
	const size_t len = strnlen(text, max);
	char *copy = malloc(len + 1);

	if (copy == NULL)
		return NULL;
	copy[len] = '\0';
	return memcpy(copy, text, len);
}

EXPORT void
free(void *memory)
{
	if (is_counting && memory != NULL)
		live--;
	REAL(free)(memory);
}
