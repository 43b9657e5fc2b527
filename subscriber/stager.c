#include "subscriber/stager.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/assert.h"
#include "lib/log.h"
#include "lib/text.h"

/* Every tracked release may have a fetch and a trial, and one of each from before it was dropped and came back; what runs
 * may be mended. */
#define JOBS_MAX (4 * QUOIN_AGENT_TRACKED_MAX + 2)

#define IDLE_S 60

struct job {
	bool is_trial;
	bool is_mend; /* fetch what is damaged, although it is held; urgent */
	bool is_urgent;
	uint64_t release;
};

struct quoin_stager {
	struct quoin_stager_conf conf;
	struct quoin_bus_lookup *lookup; /* the thread's own */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t has_work;
	struct job jobs[JOBS_MAX]; /* oldest first */
	size_t job_count;
	bool is_busy;
	struct job now; /* while busy */
	bool is_cancelled; /* what is done now */
	bool is_ending;
	struct quoin_status_fetched fetched;
	struct quoin_stager_answer answers[JOBS_MAX];
	size_t answer_count;
};

/* ---- The thread ---- */

static bool
has_urgent(const struct quoin_stager *stager)
{
	for (size_t i = 0; i < stager->job_count; i++)
		if (stager->jobs[i].is_urgent)
			return true;
	return false;
}

static bool
is_interrupted(void *ctx)
{
	struct quoin_stager *stager = ctx;
	bool yes;

	(void)pthread_mutex_lock(&stager->lock);
	yes = stager->is_ending || stager->is_cancelled || (!stager->now.is_urgent && has_urgent(stager));
	(void)pthread_mutex_unlock(&stager->lock);
	return yes;
}

static int
open_lookup(struct quoin_stager *stager, struct quoin_error *err)
{
	char topic[QUOIN_TOPIC_NAME_BYTES];

	if (stager->lookup != NULL)
		return 0;
	quoin_topic_name(stager->conf.trial.namespace_name, QUOIN_TOPIC_BLOBS, topic);
	return quoin_bus_lookup_open(&stager->conf.bus, topic, 0, &stager->lookup, err);
}

static void
count(struct quoin_stager *stager, const struct quoin_status_fetched *fetched)
{
	(void)pthread_mutex_lock(&stager->lock);
	stager->fetched.full += fetched->full;
	stager->fetched.deltas += fetched->deltas;
	stager->fetched.fell_back += fetched->fell_back;
	stager->fetched.bytes += fetched->bytes;
	(void)pthread_mutex_unlock(&stager->lock);
}

static int
fetch(struct quoin_stager *stager, const struct quoin_release *release, struct quoin_error *err)
{
	const struct quoin_trial *trial = &stager->conf.trial;
	struct quoin_fetch fetch = {.store = trial->store, .parts = trial->parts, .bytes_max = stager->conf.bytes_max,
		.is_interrupted = is_interrupted, .ctx = stager};
	bool is_whole = true;
	int r;

	for (size_t i = 0; i < release->part_count; i++)
		if (quoin_fetch_wants(&trial->parts, release->parts[i].name))
			is_whole = is_whole && quoin_store_has_part(trial->store, &release->parts[i].hash);
	/* After a restart everything is here as a rule, and no connection is needed to find that out. */
	r = is_whole ? 0 : open_lookup(stager, err);
	if (r != 0)
		return r;
	fetch.lookup = stager->lookup;
	r = quoin_fetch_release(&fetch, release, err);
	count(stager, &fetch.fetched);
	return r;
}

/* The bytes of the parts against their hashes: what differs is fetched as if it were not held. *ret_any: something was. */
static int
mend(struct quoin_stager *stager, const struct quoin_release *release, bool *ret_any, struct quoin_error *err)
{
	const struct quoin_trial *trial = &stager->conf.trial;
	int r = 0;

	*ret_any = false;
	for (size_t i = 0; i < release->part_count && (r == 0 || r == QUOIN_ECORRUPT); i++) {
		struct quoin_store_snapshot *snapshot = NULL;
		struct quoin_store_content content;

		if (!quoin_fetch_wants(&trial->parts, release->parts[i].name))
			continue;
		r = quoin_store_snapshot_open(trial->store, &snapshot, err);
		if (r == 0)
			r = quoin_store_snapshot_part(snapshot, &release->parts[i].hash, false, &content, err);
		quoin_store_snapshot_close(snapshot);
		if (r != QUOIN_ECORRUPT)
			continue;
		quoin_store_distrust(trial->store, &release->parts[i].hash);
		r = fetch(stager, release, err);
		*ret_any = true;
	}
	return r;
}

/* A part may have been held since some release before, and its bytes may have changed in the store meanwhile: that is this
 * host's affair, and no fault of the release. */
static int
try(struct quoin_stager *stager, const struct quoin_release *release, struct quoin_stager_answer *ret,
    struct quoin_error *err)
{
	const struct quoin_trial *trial = &stager->conf.trial;
	struct quoin_error why = {0};
	bool any;
	int r = quoin_trial_run(trial, release, &ret->models, &ret->model_count, err);

	if (r != QUOIN_ECORRUPT)
		return r;
	r = mend(stager, release, &any, &why);
	if (!any)
		return QUOIN_ECORRUPT;
	quoin_log(QUOIN_LOG_WARN, "fetched-again", "release=%llu code=%s", (unsigned long long)release->number,
	    r == 0 ? "0" : quoin_error_name(r));
	if (r == 0)
		return quoin_trial_run(trial, release, &ret->models, &ret->model_count, err);
	if (err != NULL)
		*err = why;
	return r;
}

static void
work(struct quoin_stager *stager, const struct job *job, struct quoin_stager_answer *ret)
{
	struct quoin_release release = {0};
	struct quoin_error err = {0};
	bool any;

	memset(ret, 0, sizeof *ret);
	ret->is_trial = job->is_trial;
	ret->is_mend = job->is_mend;
	ret->release = job->release;
	ret->code = quoin_release_load(stager->conf.trial.store, job->release, &release, &err);
	if (ret->code == 0 && job->is_trial)
		ret->code = try(stager, &release, ret, &err);
	else if (ret->code == 0)
		ret->code = job->is_mend ? mend(stager, &release, &any, &err) : fetch(stager, &release, &err);
	quoin_release_clear(&release);
	if (ret->code != 0)
		quoin_printable_copy(quoin_span_str(err.message), ret->reason, sizeof ret->reason);
}

/* Take the next job: trials and urgent fetches first. */
static void
take_job(struct quoin_stager *stager)
{
	size_t best = 0;

	for (size_t i = 1; i < stager->job_count && !(stager->jobs[best].is_trial || stager->jobs[best].is_urgent); i++)
		if (stager->jobs[i].is_trial || stager->jobs[i].is_urgent)
			best = i;
	stager->now = stager->jobs[best];
	stager->job_count--;
	memmove(&stager->jobs[best], &stager->jobs[best + 1], (stager->job_count - best) * sizeof stager->jobs[0]);
	stager->is_busy = true;
	stager->is_cancelled = false;
}

static void
add_job(struct quoin_stager *stager, const struct job *job)
{
	QUOIN_ASSERT(stager->job_count < JOBS_MAX);
	stager->jobs[stager->job_count++] = *job;
	(void)pthread_cond_signal(&stager->has_work);
}

/* With the lock held: what becomes of a job that is done. */
static void
put_answer(struct quoin_stager *stager, const struct quoin_stager_answer *answer)
{
	const uint64_t one = 1;

	stager->is_busy = false;
	if (stager->is_cancelled || stager->is_ending) {
		free(answer->models);
		return;
	}
	if (answer->code == QUOIN_EAGAIN && !answer->is_trial) {
		add_job(stager, &stager->now);
		return;
	}
	QUOIN_ASSERT(stager->answer_count < JOBS_MAX);
	stager->answers[stager->answer_count++] = *answer;
	(void)!write(stager->conf.wake_fd, &one, sizeof one);
}

/* Wait for work. Connections that nobody needed for a while are given up: they keep threads awake. */
static void
wait_for_work(struct quoin_stager *stager)
{
	struct timespec until;

	if (stager->lookup == NULL) {
		(void)pthread_cond_wait(&stager->has_work, &stager->lock);
		return;
	}
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += IDLE_S;
	if (pthread_cond_timedwait(&stager->has_work, &stager->lock, &until) != ETIMEDOUT || stager->job_count > 0 ||
	    stager->is_ending)
		return;
	quoin_bus_lookup_close(stager->lookup);
	stager->lookup = NULL;
}

static void *
run(void *ctx)
{
	struct quoin_stager *stager = ctx;
	struct quoin_stager_answer answer;

	(void)pthread_mutex_lock(&stager->lock);
	while (!stager->is_ending) {
		if (stager->job_count == 0) {
			wait_for_work(stager);
			continue;
		}
		take_job(stager);
		(void)pthread_mutex_unlock(&stager->lock);
		work(stager, &stager->now, &answer);
		(void)pthread_mutex_lock(&stager->lock);
		put_answer(stager, &answer);
	}
	(void)pthread_mutex_unlock(&stager->lock);
	return NULL;
}

/* ---- The main loop's side ---- */

int
quoin_stager_start(const struct quoin_stager_conf *conf, struct quoin_stager **ret, struct quoin_error *err)
{
	struct quoin_stager *stager = calloc(1, sizeof *stager);

	if (stager == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	stager->conf = *conf;
	(void)pthread_mutex_init(&stager->lock, NULL);
	(void)pthread_cond_init(&stager->has_work, NULL);
	if (pthread_create(&stager->thread, NULL, run, stager) != 0) {
		free(stager);
		return quoin_error_set(err, QUOIN_ESYSTEM, "cannot start a thread");
	}
	*ret = stager;
	return 0;
}

void
quoin_stager_stop(struct quoin_stager *stager)
{
	if (stager == NULL)
		return;
	(void)pthread_mutex_lock(&stager->lock);
	stager->is_ending = true;
	(void)pthread_cond_signal(&stager->has_work);
	(void)pthread_mutex_unlock(&stager->lock);
	(void)pthread_join(stager->thread, NULL);
	for (size_t i = 0; i < stager->answer_count; i++)
		free(stager->answers[i].models);
	quoin_bus_lookup_close(stager->lookup);
	(void)pthread_cond_destroy(&stager->has_work);
	(void)pthread_mutex_destroy(&stager->lock);
	free(stager);
}

static void
add(struct quoin_stager *stager, struct job job)
{
	(void)pthread_mutex_lock(&stager->lock);
	add_job(stager, &job);
	(void)pthread_mutex_unlock(&stager->lock);
}

void
quoin_stager_fetch(struct quoin_stager *stager, uint64_t release, bool urgent)
{
	add(stager, (struct job){.release = release, .is_urgent = urgent});
}

void
quoin_stager_try(struct quoin_stager *stager, uint64_t release)
{
	add(stager, (struct job){.release = release, .is_trial = true});
}

void
quoin_stager_mend(struct quoin_stager *stager, uint64_t release)
{
	add(stager, (struct job){.release = release, .is_mend = true, .is_urgent = true});
}

void
quoin_stager_cancel(struct quoin_stager *stager, uint64_t release)
{
	size_t kept = 0;

	(void)pthread_mutex_lock(&stager->lock);
	for (size_t i = 0; i < stager->job_count; i++)
		if (stager->jobs[i].is_trial || stager->jobs[i].is_mend || stager->jobs[i].release != release)
			stager->jobs[kept++] = stager->jobs[i];
	stager->job_count = kept;
	if (stager->is_busy && !stager->now.is_trial && !stager->now.is_mend && stager->now.release == release)
		stager->is_cancelled = true;
	/* An answer that the core has not seen yet is void, too. */
	kept = 0;
	for (size_t i = 0; i < stager->answer_count; i++)
		if (stager->answers[i].is_trial || stager->answers[i].is_mend || stager->answers[i].release != release)
			stager->answers[kept++] = stager->answers[i];
	stager->answer_count = kept;
	(void)pthread_mutex_unlock(&stager->lock);
}

void
quoin_stager_void(struct quoin_stager *stager)
{
	(void)pthread_mutex_lock(&stager->lock);
	stager->job_count = 0;
	stager->is_cancelled = stager->is_busy;
	for (size_t i = 0; i < stager->answer_count; i++)
		free(stager->answers[i].models);
	stager->answer_count = 0;
	(void)pthread_mutex_unlock(&stager->lock);
}

bool
quoin_stager_is_idle(struct quoin_stager *stager)
{
	bool is_idle;

	(void)pthread_mutex_lock(&stager->lock);
	is_idle = !stager->is_busy && stager->job_count == 0;
	(void)pthread_mutex_unlock(&stager->lock);
	return is_idle;
}

void
quoin_stager_fetched(struct quoin_stager *stager, struct quoin_status_fetched *ret)
{
	(void)pthread_mutex_lock(&stager->lock);
	*ret = stager->fetched;
	(void)pthread_mutex_unlock(&stager->lock);
}

bool
quoin_stager_next(struct quoin_stager *stager, struct quoin_stager_answer *ret)
{
	bool has;

	(void)pthread_mutex_lock(&stager->lock);
	has = stager->answer_count > 0;
	if (has) {
		*ret = stager->answers[0];
		stager->answer_count--;
		memmove(&stager->answers[0], &stager->answers[1], stager->answer_count * sizeof stager->answers[0]);
	}
	(void)pthread_mutex_unlock(&stager->lock);
	return has;
}
