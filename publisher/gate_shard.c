/* Who is asked on a shard for a release, and what they are (PROTOCOL.md section 5). */
#include "publisher/gate_shard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/search.h"

/* Why this host is not counted, for people. */
static void
describe(const struct quoin_gate_core *core, const struct gate_host *host, const struct quoin_live *live, char *out,
    size_t out_bytes)
{
	const struct gate_have *have = host != NULL ? gate_host_have(host, &live->release) : NULL;

	if (host == NULL || !host->is_certified)
		snprintf(out, out_bytes, "has no certificate");
	else if (!host->has_status)
		snprintf(out, out_bytes, "was never heard");
	else if (host->is_leaving)
		snprintf(out, out_bytes, "has left");
	else if (!gate_host_speaks(core, host))
		snprintf(out, out_bytes, gate_host_may_speak(core, host) ? "has said nothing new yet" : "is silent");
	else if (!gate_host_obeys(core, host, live->since))
		snprintf(out, out_bytes, "obeys %llu/%llu, not yet %llu/%llu", (unsigned long long)host->obeyed.epoch,
		    (unsigned long long)host->obeyed.seq, (unsigned long long)core->position.epoch,
		    (unsigned long long)live->since);
	else if (have == NULL)
		snprintf(out, out_bytes, "says nothing of it");
	else if (have->progress == QUOIN_PROGRESS_READY)
		snprintf(out, out_bytes, "soaks");
	else
		snprintf(out, out_bytes, "%s%s%s%s%s", quoin_progress_name(have->progress),
		    have->model[0] != '\0' ? " " : "", have->model, have->reason[0] != '\0' ? ": " : "", have->reason);
}

/* ---- The hosts that are asked, shard by shard ---- */

static bool
add_declarer(struct quoin_gate_core *core, struct gate_declarers *declarers, uint64_t release)
{
	const struct quoin_gate_release *summary;

	if (release == 0)
		return true;
	summary = gate_summary(core, release);
	if (summary == NULL)
		return false;
	for (size_t i = 0; i < declarers->count; i++)
		if (declarers->releases[i] == summary)
			return true;
	declarers->releases[declarers->count++] = summary;
	return true;
}

/* false: a models part is not here yet. */
static bool
find_declarers(struct quoin_gate_core *core, uint64_t release, struct gate_declarers *ret,
    char why[QUOIN_GATE_TEXT_BYTES])
{
	const struct quoin_activation *activation = &core->activation;
	bool all;

	ret->count = 0;
	all = add_declarer(core, ret, release);
	all = add_declarer(core, ret, activation->from) && all;
	all = add_declarer(core, ret, activation->target) && all;
	for (size_t i = 0; i < activation->pin_count; i++)
		all = add_declarer(core, ret, activation->pins[i].release) && all;
	if (!all)
		snprintf(why, QUOIN_GATE_TEXT_BYTES, "its models part, or that of a selectable release, is being read");
	return all;
}

static bool
declares(const struct quoin_gate_release *release, const char *shard, const char *host)
{
	const struct quoin_gate_shard *at = gate_shard(release, shard);
	bool found = false;

	if (at != NULL && at->host_count > 0)
		(void)quoin_search_name(at->hosts[0], at->host_count, sizeof at->hosts[0], host, &found);
	return found;
}

const struct quoin_gate_release *
gate_question_summary(const struct gate_question *question)
{
	return question->declarers->releases[0];
}

const struct quoin_gate_shard *
gate_question_shard(const struct gate_question *question)
{
	return &gate_question_summary(question)->shards[question->shard];
}

void
gate_shut(struct quoin_gate_core *core, const struct gate_part *part)
{
	const struct gate_host *host = gate_part_host(part);
	struct quoin_exclusion exclusion = {0};

	if (quoin_activation_exclusion(&core->activation, part->name) != NULL ||
	    (host != NULL && gate_is_ready(core, host, part->asked->live, 0)))
		return;
	gate_decided(core, "%s is excluded: it is not ready for release %llu, which may do without it", part->name,
	    (unsigned long long)part->asked->live->release.number);
	memcpy(exclusion.host, part->name, strlen(part->name) + 1);
	gate_draft_exclude(core, &exclusion);
}

/* Whoever the release or a selectable one declares for the shard, once each. "ret" has room for all; NULL: how many. */
static size_t
name_asked(const struct gate_declarers *declarers, const char *shard, const char **ret)
{
	size_t count = 0;

	for (size_t i = 0; i < declarers->count; i++) {
		const struct quoin_gate_shard *at = gate_shard(declarers->releases[i], shard);

		for (size_t h = 0; at != NULL && h < at->host_count; h++) {
			bool was_named = false;

			for (size_t k = 0; k < i && !was_named; k++)
				was_named = declares(declarers->releases[k], shard, at->hosts[h]);
			if (was_named)
				continue;
			if (ret != NULL)
				ret[count] = at->hosts[h];
			count++;
		}
	}
	return count;
}

/* What is in effect, if it has models on this shard. */
static const struct quoin_live *
active_on(struct quoin_gate_core *core, const char *shard)
{
	uint64_t in_effect = gate_in_effect(&core->activation);
	const struct quoin_live *active = in_effect != 0 ? quoin_activation_live(&core->activation, in_effect) : NULL;
	const struct quoin_gate_release *summary = active != NULL ? gate_summary(core, in_effect) : NULL;
	const struct quoin_gate_shard *at = summary != NULL ? gate_shard(summary, shard) : NULL;

	return at != NULL && at->model_count > 0 ? active : NULL;
}

/* Counted from now on, if it was not; NULL: no memory. */
static struct gate_asked *
asked_on(const struct gate_question *question)
{
	const struct quoin_gate_release *summary = gate_question_summary(question);
	struct gate_asked *asked = gate_asked(question->core, question->counted, summary, question->shard);
	const struct quoin_gate_shard *shard = gate_question_shard(question);
	uint64_t soak_ms = summary->policy.soak_ms;
	const char **names;
	size_t name_count;
	int r;

	if (asked == NULL || asked->shard != NULL)
		return asked;
	name_count = name_asked(question->declarers, shard->name, NULL);
	names = calloc(name_count + 1, sizeof *names);
	if (names == NULL) {
		question->core->code = QUOIN_ENOMEM;
		return NULL;
	}
	(void)name_asked(question->declarers, shard->name, names);
	asked->shard = shard;
	asked->live = question->counted->live;
	asked->active = active_on(question->core, shard->name);
	asked->soak_ms = soak_ms > INT64_MAX ? INT64_MAX : (int64_t)soak_ms;
	r = gate_asked_make(question->core, asked, names, name_count);
	free(names);
	return r == 0 ? asked : NULL;
}

static const struct gate_part *
first_of(struct gate_asked *asked, enum gate_shard_bit bit)
{
	return asked->tally.counts[bit] > 0 ? &asked->parts[gate_tally_first(&asked->tally, bit)] : NULL;
}

void
gate_question_count(const struct gate_question *question, struct gate_standing *ret)
{
	struct gate_asked *asked = asked_on(question);
	const size_t *counts;
	bool must_soak = question->must_soak;

	memset(ret, 0, sizeof *ret);
	if (asked == NULL)
		return;
	counts = asked->tally.counts;
	ret->declared = counts[GATE_SHARD_DECLARED];
	ret->ready = counts[must_soak ? GATE_SHARD_READY : GATE_SHARD_LOADED];
	ret->unready = counts[GATE_SHARD_UNREADY];
	ret->speaking = counts[GATE_SHARD_SPEAKING];
	ret->speaking_ready = counts[GATE_SHARD_SPEAKING_LOADED];
	ret->active = counts[GATE_SHARD_ACTIVE];
	ret->active_ready = counts[must_soak ? GATE_SHARD_ACTIVE_READY : GATE_SHARD_ACTIVE_LOADED];
	ret->lacking = first_of(asked, must_soak ? GATE_SHARD_LACKING_READY : GATE_SHARD_LACKING_LOADED);
	ret->behind = first_of(asked, GATE_SHARD_BEHIND);
	ret->silent = first_of(asked, GATE_SHARD_SILENT);
	ret->staying = first_of(asked, GATE_SHARD_STAYING);
}

const char *
gate_question_lack(const struct gate_question *question, const struct gate_standing *standing,
    char text[QUOIN_GATE_TEXT_BYTES])
{
	const struct gate_part *lacking = standing->lacking;
	size_t len;

	text[0] = '\0';
	if (lacking == NULL)
		return text;
	len = (size_t)snprintf(text, QUOIN_GATE_TEXT_BYTES / 2, "%s ", lacking->name);
	describe(question->core, gate_part_host(lacking), question->counted->live, text + len,
	    QUOIN_GATE_TEXT_BYTES / 2 - len);
	return text;
}

bool
gate_question_begin(struct gate_question *question, uint64_t release, struct gate_declarers *declarers,
    char why[QUOIN_GATE_TEXT_BYTES])
{
	if (!find_declarers(question->core, release, declarers, why))
		return false;
	question->declarers = declarers;
	question->counted = gate_counted(question->core, release);
	return question->counted != NULL;
}
