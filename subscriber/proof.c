#include "subscriber/proof.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/text.h"
#include "subscriber/child.h"
#include "subscriber/store.h"

/* The largest release is hashed in a second; a disk that is slow or failing gets a minute. */
#define PROOF_TIMEOUT_MS 60000

struct quoin_proof {
	const char *state;
	const char *namespace_name;
	int wake_fd;
	struct quoin_proof_answer *shared; /* the child fills it */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t has_question;
	bool is_asked, is_answered, is_ending;
	struct quoin_proof_answer answer;
};

/* ---- In the child ---- */

static int
add_digest(struct quoin_store_snapshot *snapshot, const struct quoin_store_part *part, struct quoin_proof_answer *ret,
    struct quoin_error *err)
{
	struct quoin_status_digest *digest = &ret->digests[ret->digest_count];
	struct quoin_store_content content;
	struct quoin_hasher hasher;
	int r;

	r = quoin_store_snapshot_part(snapshot, &part->hash, true, &content, err);
	if (r == QUOIN_ENOENT)
		r = quoin_error_set(err, QUOIN_ECORRUPT, "part %s is not there", part->name);
	if (r != 0)
		return r;
	quoin_hasher_init(&hasher);
	for (size_t i = 0; i < content.segment_count; i++)
		quoin_hasher_add(&hasher, content.segments[i]);
	quoin_hasher_finish(&hasher, &digest->hash);
	memcpy(digest->part, part->name, sizeof digest->part);
	ret->digest_count++;
	return 0;
}

static int
read_active(struct quoin_store_snapshot *snapshot, struct quoin_proof_answer *ret, struct quoin_error *err)
{
	struct quoin_store_active *active = calloc(1, sizeof *active);
	int r;

	if (active == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	r = quoin_store_snapshot_active(snapshot, active, err);
	if (r == 0) {
		ret->release = active->release.number;
		ret->generation = active->generation;
	}
	for (size_t i = 0; i < active->part_count && r == 0; i++)
		r = add_digest(snapshot, &active->parts[i], ret, err);
	ret->is_read = r == 0;
	for (size_t i = 0; i < active->part_count && r == 0; i++)
		if (!quoin_hash_equal(&ret->digests[i].hash, &active->parts[i].hash))
			r = quoin_error_set(err, QUOIN_ECORRUPT, "part %s is damaged", active->parts[i].name);
	free(active);
	return r == QUOIN_ENOENT ? 0 : r;
}

static int
look(void *ctx, struct quoin_error *err)
{
	const struct quoin_proof *proof = ctx;
	struct quoin_store *store = NULL;
	struct quoin_store_snapshot *snapshot = NULL;
	int r;

	r = quoin_store_attach(proof->state, proof->namespace_name, &store, err);
	if (r == 0)
		r = quoin_store_snapshot_open(store, &snapshot, err);
	if (r == 0)
		r = read_active(snapshot, proof->shared, err);
	quoin_store_snapshot_close(snapshot);
	quoin_store_close(store);
	return r;
}

/* ---- The thread ---- */

static void
make(struct quoin_proof *proof, struct quoin_proof_answer *ret)
{
	const int64_t start_ms = quoin_clock_mono_ms();
	struct quoin_error err = {0};
	int code;

	memset(proof->shared, 0, sizeof *proof->shared);
	code = quoin_child_run(look, proof, PROOF_TIMEOUT_MS, &err);
	/* A child that was stopped midway, or scribbled, left anything: what it did not answer is not read. */
	*ret = *proof->shared;
	ret->code = code;
	if (code != 0 && (code != QUOIN_ECORRUPT || ret->digest_count > QUOIN_PARTS_MAX))
		ret->is_read = false;
	quoin_printable_copy(quoin_span_str(err.message), ret->reason, sizeof ret->reason);
	ret->cost_ms = quoin_clock_mono_ms() - start_ms;
}

static void *
run(void *ctx)
{
	struct quoin_proof *proof = ctx;
	struct quoin_proof_answer answer;
	const uint64_t one = 1;

	(void)pthread_mutex_lock(&proof->lock);
	while (!proof->is_ending) {
		if (!proof->is_asked) {
			(void)pthread_cond_wait(&proof->has_question, &proof->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&proof->lock);
		make(proof, &answer);
		(void)pthread_mutex_lock(&proof->lock);
		proof->is_asked = false;
		proof->is_answered = true;
		proof->answer = answer;
		(void)!write(proof->wake_fd, &one, sizeof one);
	}
	(void)pthread_mutex_unlock(&proof->lock);
	return NULL;
}

/* ---- The main loop's side ---- */

int
quoin_proof_start(const char *state, const char *namespace_name, int wake_fd, struct quoin_proof **ret,
    struct quoin_error *err)
{
	struct quoin_proof *proof = calloc(1, sizeof *proof);

	if (proof == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	proof->state = state;
	proof->namespace_name = namespace_name;
	proof->wake_fd = wake_fd;
	proof->shared = mmap(NULL, sizeof *proof->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (proof->shared == MAP_FAILED) {
		free(proof);
		return quoin_error_sys(err, QUOIN_ENOMEM, "no memory to share with a child");
	}
	(void)pthread_mutex_init(&proof->lock, NULL);
	(void)pthread_cond_init(&proof->has_question, NULL);
	if (pthread_create(&proof->thread, NULL, run, proof) != 0) {
		(void)munmap(proof->shared, sizeof *proof->shared);
		free(proof);
		return quoin_error_set(err, QUOIN_ESYSTEM, "cannot start a thread");
	}
	*ret = proof;
	return 0;
}

void
quoin_proof_stop(struct quoin_proof *proof)
{
	if (proof == NULL)
		return;
	(void)pthread_mutex_lock(&proof->lock);
	proof->is_ending = true;
	(void)pthread_cond_signal(&proof->has_question);
	(void)pthread_mutex_unlock(&proof->lock);
	(void)pthread_join(proof->thread, NULL);
	(void)pthread_cond_destroy(&proof->has_question);
	(void)pthread_mutex_destroy(&proof->lock);
	(void)munmap(proof->shared, sizeof *proof->shared);
	free(proof);
}

void
quoin_proof_ask(struct quoin_proof *proof)
{
	(void)pthread_mutex_lock(&proof->lock);
	proof->is_asked = true;
	(void)pthread_cond_signal(&proof->has_question);
	(void)pthread_mutex_unlock(&proof->lock);
}

bool
quoin_proof_next(struct quoin_proof *proof, struct quoin_proof_answer *ret)
{
	bool has;

	(void)pthread_mutex_lock(&proof->lock);
	has = proof->is_answered;
	proof->is_answered = false;
	if (has)
		*ret = proof->answer;
	(void)pthread_mutex_unlock(&proof->lock);
	return has;
}
