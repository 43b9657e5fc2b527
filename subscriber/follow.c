/*
 * Readers that follow a store: one thread per reader looks at the pulse, attaches what became active, and lets go of what
 * no view holds any more. Only this thread (and open, before it runs) touches the store.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/text.h"
#include "subscriber/store.h"
#include "subscriber/tally.h"
#include "subscriber/view.h"

#define LOOK_MS 10 /* for what the agent wakes nobody for: leases, freshness, views that were let go of */
#define LOOK_WITHOUT_PULSE_MS 500
#define TELL_MS 2000 /* how often the agent is told what was counted */

struct quoin_follower {
	struct quoin_reader *reader;
	char state[QUOIN_PATH_BYTES];
	char namespace_name[QUOIN_NAME_BYTES_MAX + 1];
	struct attachment *attachment; /* the newest */
	bool has_looked;
	bool is_attached_anew;
	uint64_t active_generation; /* of the store's pointer */
	uint64_t seen_generation;   /* of the pulse, which is only a hint of it */
	uint64_t seen_environment;
	int64_t looked_ms;
	uint64_t generation; /* of the reader */
	int tally_fd;	     /* -1 until something was counted */
	uint64_t told;	     /* how much the agent was told of */
	int64_t told_ms;
	pthread_t thread;
	bool is_running;
	_Atomic bool is_stopping;
};

/* A store that is open, as long as a snapshot lies in it. */
struct attachment {
	struct quoin_store *store;
	size_t users;
	bool is_shared; /* the agent's, in this process: not ours to close */
};

/* What keeps one release's parts where they are. */
struct hold {
	struct attachment *attachment;
	struct quoin_store_snapshot *snapshot;
};

static void
drop_attachment(struct attachment *attachment)
{
	if (attachment == NULL || --attachment->users > 0)
		return;
	if (!attachment->is_shared)
		quoin_store_close(attachment->store);
	free(attachment);
}

void
quoin_follower_release(void *source)
{
	struct hold *hold = source;

	quoin_store_snapshot_close(hold->snapshot);
	drop_attachment(hold->attachment);
	free(hold);
}

/* Take "store", or attach by the path. */
static int
attach_to(struct quoin_follower *follower, struct quoin_store *store, struct quoin_error *err)
{
	struct attachment *attachment = calloc(1, sizeof *attachment);
	int rc;

	if (attachment == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "no memory");
	attachment->store = store;
	attachment->is_shared = store != NULL;
	rc = store != NULL ? 0
			   : quoin_store_attach(follower->state, follower->namespace_name, &attachment->store, err);
	if (rc != 0) {
		free(attachment);
		return rc;
	}
	attachment->users = 1;
	drop_attachment(follower->attachment);
	follower->attachment = attachment;
	return 0;
}

static int
attach(struct quoin_follower *follower, struct quoin_error *err)
{
	return attach_to(follower, NULL, err);
}

/* ---- One look ---- */

static int
add_parts(struct hold *hold, const struct quoin_store_active *active, struct quoin_snapshot *snapshot,
    struct quoin_error *err)
{
	struct quoin_store_content content;
	struct quoin_image image = {0};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < active->part_count; i++) {
		rc = quoin_store_snapshot_part(hold->snapshot, &active->parts[i].hash, true, &content, err);
		if (rc != 0)
			break;
		memcpy(image.segments, content.segments, sizeof image.segments);
		image.count = content.segment_count;
		/* The agent verified the part before it became active. */
		rc = quoin_snapshot_add(snapshot, active->parts[i].name, active->parts[i].schema, &image, false,
		    err);
	}
	return rc;
}

/* A snapshot of what is active, and "hold" given to it. */
static int
load(struct quoin_follower *follower, struct hold *hold, const struct quoin_store_active *active,
    struct quoin_snapshot **ret, struct quoin_error *err)
{
	struct quoin_snapshot *snapshot = NULL;
	int rc = quoin_snapshot_new(active->part_count, &snapshot);

	if (rc == 0)
		rc = add_parts(hold, active, snapshot, err);
	if (rc != 0) {
		quoin_snapshot_free(snapshot);
		return rc;
	}
	hold->attachment = follower->attachment;
	hold->attachment->users++;
	snapshot->source = hold;
	snapshot->release = active->release.number;
	*ret = snapshot;
	return 0;
}

/* Make what the store says current, unless it is already. */
static int
follow(struct quoin_follower *follower, struct quoin_error *err)
{
	struct quoin_store_active *active = calloc(1, sizeof *active);
	struct hold *hold = calloc(1, sizeof *hold);
	struct quoin_snapshot *snapshot = NULL;
	int rc = QUOIN_ENOMEM;

	if (active == NULL || hold == NULL)
		goto out;
	rc = quoin_store_snapshot_open(follower->attachment->store, &hold->snapshot, err);
	if (rc != 0)
		goto out;
	rc = quoin_store_snapshot_active(hold->snapshot, active, err);
	if (rc == QUOIN_ENOENT) /* nothing is active */
		rc = 0;
	if (rc != 0 || (follower->has_looked && active->generation == follower->active_generation &&
		!follower->is_attached_anew))
		goto out;
	if (active->release.number != 0)
		rc = load(follower, hold, active, &snapshot, err);
	if (rc == 0) {
		follower->active_generation = active->generation;
		follower->has_looked = true;
		follower->is_attached_anew = false;
		quoin_reader_publish(follower->reader, snapshot, ++follower->generation);
		if (snapshot != NULL)
			hold = NULL;
	}
out:
	if (hold != NULL && hold->snapshot != NULL)
		quoin_store_snapshot_close(hold->snapshot);
	free(active);
	free(hold);
	return rc;
}

/* The pulse says whether there is something to look at; without one, now and then. */
static int
look(struct quoin_follower *follower, struct quoin_error *err)
{
	const struct quoin_pulse *pulse = quoin_store_pulse(follower->attachment->store);
	uint64_t environment = quoin_pulse_environment(pulse), generation = quoin_pulse_generation(pulse);
	int64_t now_ms = quoin_clock_mono_ms();
	int rc;

	if (follower->has_looked && environment == follower->seen_environment &&
	    generation == follower->seen_generation &&
	    (pulse != NULL || now_ms - follower->looked_ms < LOOK_WITHOUT_PULSE_MS))
		return 0;
	/* A store that is shared has moved already; what is current lies in the old environment until it is looked at again. */
	if (follower->attachment->is_shared && environment != follower->seen_environment) {
		follower->is_attached_anew = true;
	} else if (follower->has_looked && !follower->attachment->is_shared &&
	    (environment != follower->seen_environment || quoin_store_is_replaced(follower->attachment->store))) {
		rc = attach(follower, err);
		if (rc != 0)
			return rc;
		follower->is_attached_anew = true;
		pulse = quoin_store_pulse(follower->attachment->store);
		environment = quoin_pulse_environment(pulse);
		generation = quoin_pulse_generation(pulse);
	}
	follower->looked_ms = now_ms;
	rc = follow(follower, err);
	if (rc == 0) {
		follower->seen_environment = environment;
		follower->seen_generation = generation;
	}
	return rc;
}

static void
feel_pulse(struct quoin_follower *follower)
{
	const struct quoin_pulse *pulse = quoin_store_pulse(follower->attachment->store);
	struct quoin_reader *reader = follower->reader;
	int64_t boot_ms = 0, wall_ms = 0;
	bool has_lease = quoin_pulse_lease(pulse, &boot_ms, &wall_ms);

	atomic_store_explicit(&reader->is_stale, quoin_pulse_is_stale(pulse, quoin_clock_boot_ms()),
	    memory_order_relaxed);
	atomic_store_explicit(&reader->lease_boot_ms, boot_ms, memory_order_relaxed);
	atomic_store_explicit(&reader->lease_wall_ms, wall_ms, memory_order_relaxed);
	atomic_store_explicit(&reader->has_lease, has_lease, memory_order_release);
}

/* Tell the agent what the reader's threads counted, where that is more than before. What fails is tried again. */
static void
tell(struct quoin_follower *follower)
{
	struct quoin_tally tally = {0};
	char dir[QUOIN_PATH_BYTES];

	if (quoin_reader_counted(follower->reader) == follower->told)
		return;
	if (follower->tally_fd < 0 && (quoin_store_dir(follower->state, follower->namespace_name, dir) != 0 ||
		quoin_tally_open(dir, &follower->tally_fd) != 0))
		return;
	if (quoin_reader_tally(follower->reader, &tally) == 0 && quoin_tally_write(follower->tally_fd, &tally) == 0)
		follower->told = tally.total;
	quoin_tally_clear(&tally);
}

static void
tell_now_and_then(struct quoin_follower *follower)
{
	const int64_t now_ms = quoin_clock_mono_ms();

	if (now_ms - follower->told_ms < TELL_MS)
		return;
	follower->told_ms = now_ms;
	tell(follower);
}

static void *
run(void *arg)
{
	struct quoin_follower *follower = arg;
	uint64_t generation = quoin_pulse_generation(quoin_store_pulse(follower->attachment->store));

	while (!atomic_load(&follower->is_stopping)) {
		quoin_pulse_wait(quoin_store_pulse(follower->attachment->store), generation, LOOK_MS);
		/* Taken before the look, so that what comes during it is waited for in vain. */
		generation = quoin_pulse_generation(quoin_store_pulse(follower->attachment->store));
		/* A failed look leaves what is current; the next one tries again. */
		(void)look(follower, NULL);
		feel_pulse(follower);
		quoin_reader_sweep(follower->reader);
		tell_now_and_then(follower);
	}
	return NULL;
}

/* ---- Life ---- */

static int
start_thread(struct quoin_follower *follower, struct quoin_error *err)
{
	sigset_t all, before;
	int rc;

	/* Signals are the application's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&follower->thread, NULL, run, follower);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0)
		return quoin_error_set(err, QUOIN_ESYSTEM, "no thread to follow the store");
	follower->is_running = true;
	return 0;
}

int
quoin_follower_share(struct quoin_reader *reader, struct quoin_store *store, const char *state,
    const char *namespace_name, struct quoin_error *err)
{
	struct quoin_follower *follower = calloc(1, sizeof *follower);
	int rc = quoin_crypto_init();

	if (follower == NULL || rc != 0) {
		free(follower);
		return quoin_error_set(err, rc != 0 ? rc : QUOIN_ENOMEM, "the reader cannot start");
	}
	follower->reader = reader;
	follower->tally_fd = -1;
	follower->generation = quoin_reader_generation(reader);
	snprintf(follower->state, sizeof follower->state, "%s", state);
	snprintf(follower->namespace_name, sizeof follower->namespace_name, "%s", namespace_name);
	rc = attach_to(follower, store, err);
	if (rc == 0)
		rc = look(follower, err);
	if (rc == 0) {
		feel_pulse(follower);
		rc = start_thread(follower, err);
	}
	if (rc != 0) {
		quoin_reader_publish(reader, NULL, follower->generation);
		quoin_reader_sweep(reader);
		quoin_follower_stop(follower);
		return rc;
	}
	reader->follower = follower;
	return 0;
}

int
quoin_follower_start(struct quoin_reader *reader, const char *state, const char *namespace_name,
    struct quoin_error *err)
{
	return quoin_follower_share(reader, NULL, state, namespace_name, err);
}

static void
close_tally(struct quoin_follower *follower)
{
	if (follower->tally_fd >= 0)
		(void)close(follower->tally_fd);
	follower->tally_fd = -1;
}

void
quoin_follower_stop(struct quoin_follower *follower)
{
	atomic_store(&follower->is_stopping, true);
	if (follower->is_running)
		pthread_join(follower->thread, NULL);
	tell(follower);
	close_tally(follower);
	drop_attachment(follower->attachment);
	free(follower);
}

/* What it knows of where the store is stays, for another try. */
static void
let_go_of_parents(struct quoin_follower *follower)
{
	if (follower->attachment == NULL)
		return;
	if (!follower->attachment->is_shared)
		quoin_store_abandon(follower->attachment->store);
	free(follower->attachment);
	follower->attachment = NULL;
}

void
quoin_follower_abandon(struct quoin_follower *follower)
{
	if (follower == NULL)
		return;
	let_go_of_parents(follower);
	close_tally(follower);
	free(follower);
}

/* ---- Of quoin.h ---- */

static bool
has_store(const char *state, const char *name)
{
	char dir[QUOIN_PATH_BYTES], path[QUOIN_PATH_BYTES + 8];

	if (quoin_store_dir(state, name, dir) != 0)
		return false;
	snprintf(path, sizeof path, "%s/store", dir);
	return access(path, F_OK) == 0;
}

/* The only namespace that has a store there. */
static int
find_namespace(const char *state, char *out, size_t out_bytes, struct quoin_error *err)
{
	DIR *dir = opendir(state);
	const struct dirent *entry;
	size_t found = 0;

	if (dir == NULL)
		return quoin_error_sys(err, QUOIN_ENOENT, "%s", state);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.' || strlen(entry->d_name) >= out_bytes || !has_store(state, entry->d_name))
			continue;
		memcpy(out, entry->d_name, strlen(entry->d_name) + 1);
		found++;
	}
	closedir(dir);
	if (found == 0)
		return quoin_error_set(err, QUOIN_ENOENT, "%s holds no store; is quoind running with this state directory?",
		    state);
	if (found > 1)
		return quoin_error_set(err, QUOIN_EUSAGE, "%s holds the stores of %zu namespaces; name one", state, found);
	return 0;
}

int
quoin_reader_open_store(const char *directory, const char *namespace_name, struct quoin_reader **ret_reader,
    struct quoin_message *message)
{
	char name[QUOIN_NAME_BYTES_MAX + 1] = "";
	struct quoin_reader *reader = NULL;
	struct quoin_error err = {0};
	int rc = 0;

	if (strlen(directory) >= QUOIN_PATH_BYTES ||
	    (namespace_name != NULL && !quoin_name_is_valid(quoin_span_str(namespace_name))))
		rc = quoin_error_set(&err, QUOIN_EUSAGE, "the directory or the namespace is no usable name");
	else if (namespace_name != NULL)
		snprintf(name, sizeof name, "%s", namespace_name);
	else
		rc = find_namespace(directory, name, sizeof name, &err);
	if (rc == 0 && (rc = quoin_reader_new(&reader)) != 0)
		quoin_error_set(&err, rc, "no memory");
	if (rc == 0)
		rc = quoin_follower_start(reader, directory, name, &err);
	if (rc != 0) {
		quoin_reader_close(reader);
		return quoin_message_set(message, &err);
	}
	*ret_reader = reader;
	return 0;
}

int
quoin_reader_reopen(struct quoin_reader *reader, struct quoin_message *message)
{
	struct quoin_follower *parents = reader->follower;
	struct quoin_error err = {0};

	if (atomic_load(&reader->is_forked) == 0)
		return 0;
	/* First: to close anything of the parent's after opening the store would drop this process's locks on it. */
	let_go_of_parents(parents);
	/* A failure (no reader slot, say) leaves the reader forked: the next call tries again. */
	if (quoin_follower_start(reader, parents->state, parents->namespace_name, &err) != 0)
		return quoin_message_set(message, &err);
	quoin_follower_abandon(parents);
	atomic_store(&reader->is_forked, 0);
	return 0;
}
