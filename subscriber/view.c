#include "subscriber/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/text.h"

/* ---- Every reader of this process, for fork ---- */

static pthread_mutex_t readers_lock = PTHREAD_MUTEX_INITIALIZER;
static struct quoin_reader *readers;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

/* By the clock that nobody sets: a wait ends when it should, whatever happens to the time of day. */
static void
init_changed(struct quoin_reader *reader)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&reader->changed, &attr);
	pthread_condattr_destroy(&attr);
}

static void
before_fork(void)
{
	pthread_mutex_lock(&readers_lock);
	for (struct quoin_reader *reader = readers; reader != NULL; reader = reader->next)
		pthread_mutex_lock(&reader->lock);
}

static void
after_fork(void)
{
	for (struct quoin_reader *reader = readers; reader != NULL; reader = reader->next)
		pthread_mutex_unlock(&reader->lock);
	pthread_mutex_unlock(&readers_lock);
}

/* What follows a store stays the parent's: the child's reader has nothing until it is reopened. */
static void
after_fork_in_child(void)
{
	for (struct quoin_reader *reader = readers; reader != NULL; reader = reader->next) {
		if (reader->follower != NULL) {
			atomic_store(&reader->current, NULL);
			atomic_store(&reader->is_forked, 1);
			reader->retired = NULL;
		}
		for (size_t i = 0; i < VIEW_PINS; i++)
			atomic_store(&reader->pins[i].held, NULL);
		/* What was counted before is the parent's to tell. */
		quoin_reader_forget_counts(reader);
		init_changed(reader);
	}
	after_fork();
}

static void
watch_forks(void)
{
	pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

/* ---- Readers ---- */

int
quoin_reader_new(struct quoin_reader **ret)
{
	struct quoin_reader *reader = aligned_alloc(64, (sizeof *reader + 63) / 64 * 64);

	if (reader == NULL)
		return QUOIN_ENOMEM;
	memset(reader, 0, sizeof *reader);
	pthread_once(&fork_once, watch_forks);
	pthread_mutex_init(&reader->lock, NULL);
	init_changed(reader);
	pthread_mutex_lock(&readers_lock);
	reader->next = readers;
	readers = reader;
	pthread_mutex_unlock(&readers_lock);
	*ret = reader;
	return 0;
}

static void
forget_reader(struct quoin_reader *reader)
{
	struct quoin_reader **at = &readers;

	pthread_mutex_lock(&readers_lock);
	while (*at != reader)
		at = &(*at)->next;
	*at = reader->next;
	pthread_mutex_unlock(&readers_lock);
}

void
quoin_reader_close(struct quoin_reader *reader)
{
	if (reader == NULL)
		return;
	if (atomic_load(&reader->is_forked) != 0) {
		quoin_follower_abandon(reader->follower);
	} else {
		/* The follower first: while it runs it may publish one more. What snapshots lie in closes with the last. */
		if (reader->follower != NULL)
			quoin_follower_stop(reader->follower);
		quoin_reader_publish(reader, NULL, atomic_load(&reader->generation));
		/* A view that is held in spite of the contract keeps what it needs. */
		if (quoin_reader_sweep(reader) != 0)
			return;
	}
	forget_reader(reader);
	quoin_reader_free_counts(reader);
	for (size_t i = 0; i < reader->slot_count; i++)
		free(reader->slot_names[i]);
	for (size_t i = 0; i < reader->handle_count; i++)
		free(reader->handle_names[i]);
	pthread_cond_destroy(&reader->changed);
	pthread_mutex_destroy(&reader->lock);
	free(reader);
}

uint64_t
quoin_reader_release(const struct quoin_reader *reader)
{
	struct quoin_reader *reading = (struct quoin_reader *)(uintptr_t)reader;
	struct quoin_view view;
	uint64_t release = 0;

	if (reader != NULL && quoin_view_acquire(reading, &view) == 0) {
		release = view.snapshot->release;
		quoin_view_release(&view);
	}
	return release;
}

uint64_t
quoin_reader_generation(const struct quoin_reader *reader)
{
	return reader == NULL ? 0 : atomic_load_explicit(&reader->generation, memory_order_acquire);
}

bool
quoin_reader_is_stale(const struct quoin_reader *reader)
{
	return reader != NULL && atomic_load_explicit(&reader->is_stale, memory_order_relaxed) != 0;
}

int
quoin_reader_wait(struct quoin_reader *reader, uint64_t generation, int64_t timeout_ms)
{
	struct timespec until;
	int rc = 0;

	if (reader == NULL)
		return QUOIN_EUSAGE;
	clock_gettime(CLOCK_MONOTONIC, &until);
	if (timeout_ms > 0) {
		until.tv_sec += timeout_ms / 1000;
		until.tv_nsec += timeout_ms % 1000 * 1000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
	}
	pthread_mutex_lock(&reader->lock);
	while (rc == 0 && atomic_load(&reader->generation) == generation)
		rc = timeout_ms < 0 ? pthread_cond_wait(&reader->changed, &reader->lock)
				    : pthread_cond_timedwait(&reader->changed, &reader->lock, &until);
	pthread_mutex_unlock(&reader->lock);
	return rc == 0 ? 0 : rc == ETIMEDOUT ? QUOIN_ETIMEOUT : QUOIN_ESYSTEM;
}

/* ---- Snapshots ---- */

int
quoin_snapshot_new(size_t part_count, struct quoin_snapshot **ret)
{
	struct quoin_snapshot *snapshot = calloc(1, sizeof *snapshot);

	if (snapshot == NULL)
		return QUOIN_ENOMEM;
	snapshot->parts = calloc(part_count + 1, sizeof *snapshot->parts);
	if (snapshot->parts == NULL) {
		free(snapshot);
		return QUOIN_ENOMEM;
	}
	*ret = snapshot;
	return 0;
}

int
quoin_snapshot_add(struct quoin_snapshot *snapshot, const char *name, const char *schema,
    const struct quoin_image *image, bool verify, struct quoin_error *err)
{
	struct view_part *part = &snapshot->parts[snapshot->part_count];
	int rc = 0;

	if (strlen(name) > QUOIN_NAME_BYTES_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "a part's name is too long");
	memcpy(part->name, name, strlen(name) + 1);
	part->image = *image;
	if (strcmp(schema, "rules-v1") == 0) {
		rc = verify ? quoin_rules_verify(image, &snapshot->rules, err)
			    : quoin_rules_attach(image, &snapshot->rules, err);
		snapshot->has_rules = rc == 0;
	} else if (strcmp(schema, "routes-v1") == 0) {
		rc = verify ? quoin_routes_verify(image, &snapshot->routes, err)
			    : quoin_routes_attach(image, &snapshot->routes, err);
		snapshot->has_routes = rc == 0;
	}
	if (rc == 0)
		snapshot->part_count++;
	return rc;
}

void
quoin_snapshot_free(struct quoin_snapshot *snapshot)
{
	if (snapshot == NULL)
		return;
	if (snapshot->source != NULL)
		quoin_follower_release(snapshot->source);
	free(snapshot->memory);
	free(snapshot->parts);
	free(snapshot);
}

static void
bind_slot(struct quoin_snapshot *snapshot, size_t slot, const char *name)
{
	uint32_t attribute = QUOIN_PLACE_NONE;

	if (snapshot->has_rules)
		attribute = quoin_rules_attribute(&snapshot->rules, quoin_span_str(name));
	atomic_store_explicit(&snapshot->slots[slot], attribute, memory_order_relaxed);
	if (attribute != QUOIN_PLACE_NONE)
		atomic_store_explicit(&snapshot->order[attribute], (uint16_t)(slot + 1), memory_order_relaxed);
}

static void
bind_handle(struct quoin_snapshot *snapshot, size_t handle, const char *name)
{
	const uint8_t *block = NULL;

	if (snapshot->has_rules)
		block = quoin_resolve_objective(&snapshot->rules,
		    quoin_rules_objective(&snapshot->rules, quoin_span_str(name)));
	atomic_store_explicit(&snapshot->handles[handle], block, memory_order_relaxed);
}

void
quoin_reader_publish(struct quoin_reader *reader, struct quoin_snapshot *snapshot, uint64_t generation)
{
	struct quoin_snapshot *old;

	pthread_mutex_lock(&reader->lock);
	if (snapshot != NULL) {
		snapshot->reader = reader;
		snapshot->generation = generation;
		for (size_t i = 0; i < reader->slot_count; i++)
			bind_slot(snapshot, i, reader->slot_names[i]);
		for (size_t i = 0; i < reader->handle_count; i++)
			bind_handle(snapshot, i, reader->handle_names[i]);
	}
	old = atomic_exchange(&reader->current, snapshot);
	atomic_store_explicit(&reader->generation, generation, memory_order_release);
	if (old != NULL) {
		old->next = reader->retired;
		reader->retired = old;
	}
	pthread_cond_broadcast(&reader->changed);
	pthread_mutex_unlock(&reader->lock);
}

static bool
is_pinned(const struct quoin_reader *reader, const struct quoin_snapshot *snapshot)
{
	for (size_t i = 0; i < VIEW_PINS; i++) {
		if (atomic_load(&reader->pins[i].held) == snapshot)
			return true;
	}
	return false;
}

size_t
quoin_reader_sweep(struct quoin_reader *reader)
{
	struct quoin_snapshot *snapshot, *kept = NULL, *next;
	size_t count = 0;

	pthread_mutex_lock(&reader->lock);
	for (snapshot = reader->retired; snapshot != NULL; snapshot = next) {
		next = snapshot->next;
		if (is_pinned(reader, snapshot)) {
			snapshot->next = kept;
			kept = snapshot;
			count++;
		} else {
			quoin_snapshot_free(snapshot);
		}
	}
	reader->retired = kept;
	pthread_mutex_unlock(&reader->lock);
	return count;
}

/* ---- Views ---- */

int
quoin_view_acquire(struct quoin_reader *reader, struct quoin_view *ret_view)
{
	struct quoin_snapshot *snapshot, *now;
	const struct quoin_snapshot *expected;
	struct view_pin *pin;
	size_t first;

	ret_view->snapshot = NULL;
	ret_view->pin = NULL;
	if (reader == NULL || (snapshot = atomic_load_explicit(&reader->current, memory_order_acquire)) == NULL)
		return QUOIN_EMISSING;
	/* Threads have stacks of their own: where one begins to look, others seldom do. */
	first = (size_t)(((uintptr_t)&first >> 12) * 0x9e3779b97f4a7c15u >> 32);
	for (size_t i = 0; i < VIEW_PINS; i++) {
		pin = &reader->pins[(first + i) % VIEW_PINS];
		expected = NULL;
		if (atomic_load_explicit(&pin->held, memory_order_relaxed) != NULL ||
		    !atomic_compare_exchange_strong(&pin->held, &expected, snapshot))
			continue;
		while ((now = atomic_load(&reader->current)) != snapshot) {
			snapshot = now;
			atomic_store(&pin->held, snapshot);
			if (snapshot == NULL)
				return QUOIN_EMISSING;
		}
		ret_view->snapshot = snapshot;
		ret_view->pin = pin;
		return 0;
	}
	return QUOIN_EAGAIN;
}

void
quoin_view_release(struct quoin_view *view)
{
	struct view_pin *pin = view->pin;

	if (pin != NULL)
		atomic_store_explicit(&pin->held, NULL, memory_order_release);
	view->snapshot = NULL;
	view->pin = NULL;
}

uint64_t
quoin_view_release_number(const struct quoin_view *view)
{
	return view->snapshot == NULL ? 0 : view->snapshot->release;
}

uint64_t
quoin_view_generation(const struct quoin_view *view)
{
	return view->snapshot == NULL ? 0 : view->snapshot->generation;
}

static const struct quoin_image *
find_part(const struct quoin_view *view, const char *name)
{
	const struct quoin_snapshot *snapshot = view->snapshot;

	for (size_t i = 0; snapshot != NULL && i < snapshot->part_count; i++) {
		if (strcmp(snapshot->parts[i].name, name) == 0)
			return &snapshot->parts[i].image;
	}
	return NULL;
}

int64_t
quoin_view_part_read(const struct quoin_view *view, const char *name, uint64_t offset, void *out, size_t bytes)
{
	const struct quoin_image *image = find_part(view, name);
	size_t copied = 0, at, take;
	uint64_t total;

	if (image == NULL)
		return view->snapshot == NULL ? QUOIN_EMISSING : QUOIN_ENOENT;
	total = quoin_image_bytes(image);
	while (copied < bytes && offset + copied < total) {
		const struct quoin_span *segment = &image->segments[(offset + copied) / QUOIN_SEGMENT_BYTES_MAX];

		at = (size_t)((offset + copied) % QUOIN_SEGMENT_BYTES_MAX);
		take = segment->len - at < bytes - copied ? segment->len - at : bytes - copied;
		memcpy((uint8_t *)out + copied, segment->data + at, take);
		copied += take;
	}
	return (int64_t)copied;
}

int
quoin_view_part_segment(const struct quoin_view *view, const char *name, unsigned segment, const void **ret_data,
    size_t *ret_bytes)
{
	const struct quoin_image *image = find_part(view, name);

	if (image == NULL || segment >= image->count)
		return view->snapshot == NULL ? QUOIN_EMISSING : QUOIN_ENOENT;
	*ret_data = image->segments[segment].data;
	*ret_bytes = image->segments[segment].len;
	return 0;
}

/* ---- Registration ---- */

static int
register_name(struct quoin_reader *reader, const char *name, char **names, size_t *count, size_t max,
    void (*bind)(struct quoin_snapshot *, size_t, const char *))
{
	int number = -1;
	char *copy;

	pthread_mutex_lock(&reader->lock);
	for (size_t i = 0; i < *count && number < 0; i++) {
		if (strcmp(names[i], name) == 0)
			number = (int)i;
	}
	if (number < 0 && *count == max)
		number = QUOIN_ELIMIT;
	if (number == -1) {
		copy = strdup(name);
		if (copy == NULL) {
			number = QUOIN_ENOMEM;
		} else {
			number = (int)*count;
			names[(*count)++] = copy;
			if (atomic_load(&reader->current) != NULL)
				bind(atomic_load(&reader->current), (size_t)number, name);
			for (struct quoin_snapshot *old = reader->retired; old != NULL; old = old->next)
				bind(old, (size_t)number, name);
		}
	}
	pthread_mutex_unlock(&reader->lock);
	return number;
}

int
quoin_slot_register(struct quoin_reader *reader, const char *attribute)
{
	if (reader == NULL || attribute == NULL)
		return QUOIN_EUSAGE;
	if (!quoin_attribute_is_valid(quoin_span_str(attribute)))
		return QUOIN_ESYNTAX;
	return register_name(reader, attribute, reader->slot_names, &reader->slot_count, VIEW_SLOTS, bind_slot);
}

int
quoin_objective_register(struct quoin_reader *reader, const char *objective)
{
	if (reader == NULL || objective == NULL)
		return QUOIN_EUSAGE;
	if (!quoin_name_is_valid(quoin_span_str(objective)))
		return QUOIN_ESYNTAX;
	return register_name(reader, objective, reader->handle_names, &reader->handle_count, VIEW_HANDLES, bind_handle);
}
