# Quoin: the whole build, one file, read from top to bottom.
#
#   make            programs and libraries into build/release
#   make help       every target, one line each
#
# A source belongs to exactly one list below, one per line.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules

MODE    ?= release
BUILD   ?= build/$(MODE)
PREFIX  ?= /usr/local
MANDIR  ?= $(PREFIX)/share/man
DESTDIR ?=
CC      ?= cc
ifeq ($(origin CC),default)
CC := gcc
endif
V       ?= 0
Q       := $(if $(filter 1,$(V)),,@)
say      = $(if $(filter 1,$(V)),,@printf '  %-5s %s\n' $(1) $(2))

# ---------------------------------------------------------------- sources

LIB_SRCS := \
	lib/bus.c \
	lib/bus_aim.c \
	lib/bus_ask.c \
	lib/bus_drain.c \
	lib/bus_fail.c \
	lib/bus_lookup.c \
	lib/bus_mock.c \
	lib/bus_reader.c \
	lib/bus_topic.c \
	lib/bus_writer.c \
	lib/bytes.c \
	lib/clock.c \
	lib/crypto.c \
	lib/cursor.c \
	lib/detached.c \
	lib/env.c \
	lib/error.c \
	lib/file.c \
	lib/http.c \
	lib/json.c \
	lib/json_print.c \
	lib/json_scan.c \
	lib/json_writer.c \
	lib/log.c \
	lib/pack.c \
	lib/process.c \
	lib/search.c \
	lib/text.c \
	lib/txn.c \

FORMATS_SRCS := \
	formats/activation.c \
	formats/block.c \
	formats/bucket.c \
	formats/cert.c \
	formats/chunk.c \
	formats/conf.c \
	formats/config.c \
	formats/context.c \
	formats/context_borrow.c \
	formats/document.c \
	formats/envelope.c \
	formats/heartbeat.c \
	formats/image.c \
	formats/incarnation.c \
	formats/intent.c \
	formats/keyfile.c \
	formats/ledger.c \
	formats/ledger_admit.c \
	formats/ledger_fold.c \
	formats/line.c \
	formats/minisign.c \
	formats/models.c \
	formats/models_encode.c \
	formats/models_verify.c \
	formats/policy.c \
	formats/release.c \
	formats/resolve.c \
	formats/resolve_when.c \
	formats/root.c \
	formats/routes.c \
	formats/routes_encode.c \
	formats/routes_verify.c \
	formats/rules.c \
	formats/rules_constants.c \
	formats/rules_encode.c \
	formats/rules_filters.c \
	formats/rules_ids.c \
	formats/rules_objective.c \
	formats/rules_verify.c \
	formats/rules_verify_objective.c \
	formats/rules_when.c \
	formats/ruleset.c \
	formats/signature.c \
	formats/source.c \
	formats/source_read.c \
	formats/source_reader.c \
	formats/status.c \
	formats/trust.c \

# The rooms of publisher/ without the programs' main files.
PUBLISHER_SRCS := \
	publisher/activations.c \
	publisher/announce.c \
	publisher/assign.c \
	publisher/assign_explain.c \
	publisher/assign_repair.c \
	publisher/assign_report.c \
	publisher/assign_search.c \
	publisher/assign_state.c \
	publisher/base.c \
	publisher/blobs.c \
	publisher/check.c \
	publisher/check_config.c \
	publisher/check_extra.c \
	publisher/check_hint.c \
	publisher/check_kind.c \
	publisher/check_kind_ab_test.c \
	publisher/check_kind_override.c \
	publisher/check_kind_route.c \
	publisher/check_limits.c \
	publisher/check_models.c \
	publisher/check_objectives.c \
	publisher/check_pieces.c \
	publisher/check_policy.c \
	publisher/check_ref.c \
	publisher/check_rule.c \
	publisher/check_rules.c \
	publisher/check_run.c \
	publisher/check_shards.c \
	publisher/check_value.c \
	publisher/check_version.c \
	publisher/check_when.c \
	publisher/check_whole.c \
	publisher/cli.c \
	publisher/cmd_check.c \
	publisher/cmd_completion.c \
	publisher/cmd_diff.c \
	publisher/cmd_dev.c \
	publisher/cmd_enrol.c \
	publisher/cmd_export.c \
	publisher/cmd_gc.c \
	publisher/cmd_import.c \
	publisher/cmd_init.c \
	publisher/cmd_intent.c \
	publisher/cmd_key.c \
	publisher/cmd_log.c \
	publisher/cmd_plan.c \
	publisher/cmd_publish.c \
	publisher/cmd_resolve.c \
	publisher/cmd_rollback.c \
	publisher/cmd_root.c \
	publisher/cmd_show.c \
	publisher/cmd_status.c \
	publisher/cmd_verify.c \
	publisher/cmd_why.c \
	publisher/commands.c \
	publisher/compile.c \
	publisher/compile_scripts.c \
	publisher/context_line.c \
	publisher/control.c \
	publisher/counters.c \
	publisher/decisions.c \
	publisher/deltas.c \
	publisher/dev.c \
	publisher/dev_bind.c \
	publisher/dev_child.c \
	publisher/dev_fleet.c \
	publisher/dev_keep.c \
	publisher/dev_site.c \
	publisher/dev_watch.c \
	publisher/difference.c \
	publisher/difference_place.c \
	publisher/difference_rule.c \
	publisher/directory.c \
	publisher/enrol.c \
	publisher/eval.c \
	publisher/eval_child.c \
	publisher/eval_declare.c \
	publisher/eval_reply.c \
	publisher/eval_request.c \
	publisher/eval_scan.c \
	publisher/eval_stack.c \
	publisher/exclusion.c \
	publisher/explain.c \
	publisher/explain_print.c \
	publisher/explain_source.c \
	publisher/explain_when.c \
	publisher/export.c \
	publisher/export_verify.c \
	publisher/fleet.c \
	publisher/gate.c \
	publisher/gate_activation.c \
	publisher/gate_core.c \
	publisher/gate_count.c \
	publisher/gate_decide.c \
	publisher/gate_draft.c \
	publisher/gate_evidence.c \
	publisher/gate_exclude.c \
	publisher/gate_fail.c \
	publisher/gate_fetch.c \
	publisher/gate_hook.c \
	publisher/gate_hosts.c \
	publisher/gate_input.c \
	publisher/gate_metrics.c \
	publisher/gate_models.c \
	publisher/gate_output.c \
	publisher/gate_pins.c \
	publisher/gate_policy.c \
	publisher/gate_print.c \
	publisher/gate_release.c \
	publisher/gate_reload.c \
	publisher/gate_retire.c \
	publisher/gate_rollout.c \
	publisher/gate_say.c \
	publisher/gate_shard.c \
	publisher/gate_shell.c \
	publisher/gate_tally.c \
	publisher/gate_wish.c \
	publisher/gc.c \
	publisher/gc_chunks.c \
	publisher/gc_run.c \
	publisher/genesis.c \
	publisher/guard.c \
	publisher/guard_change.c \
	publisher/guard_limits.c \
	publisher/guard_overlap.c \
	publisher/guard_try.c \
	publisher/host_state.c \
	publisher/import.c \
	publisher/import_gate.c \
	publisher/keyring.c \
	publisher/lost.c \
	publisher/material.c \
	publisher/operate.c \
	publisher/parts.c \
	publisher/phrase.c \
	publisher/phrase_change.c \
	publisher/declared.c \
	publisher/picture.c \
	publisher/problem.c \
	publisher/publish.c \
	publisher/publish_request.c \
	publisher/publish_run.c \
	publisher/quote.c \
	publisher/report.c \
	publisher/reverted.c \
	publisher/review.c \
	publisher/review_changes.c \
	publisher/review_found.c \
	publisher/review_json.c \
	publisher/review_print.c \
	publisher/review_shards.c \
	publisher/signers.c \
	publisher/spot.c \
	publisher/succession.c \
	publisher/testfile.c \
	publisher/testfile_print.c \
	publisher/testfile_run.c \
	publisher/topics.c \
	publisher/transfer.c \
	publisher/wait.c \
	publisher/wrap.c \
	publisher/waiting.c \

# quoin-eval alone: its main file, the engine's wrapper, the sandbox.
EVAL_SRCS := \
	publisher/eval_engine.c \
	publisher/eval_main.c \
	publisher/eval_sandbox.c \

# The rooms of subscriber/ without the programs' main files.
SUBSCRIBER_SRCS := \
	subscriber/admit.c \
	subscriber/agent.c \
	subscriber/agent_answer.c \
	subscriber/agent_execute.c \
	subscriber/callback.c \
	subscriber/agent_loop.c \
	subscriber/agent_prove.c \
	subscriber/agent_reload.c \
	subscriber/agent_store.c \
	subscriber/audit.c \
	subscriber/child.c \
	subscriber/choose.c \
	subscriber/core.c \
	subscriber/counter.c \
	subscriber/decide.c \
	subscriber/export.c \
	subscriber/fetch.c \
	subscriber/follow.c \
	subscriber/fuse.c \
	subscriber/hook.c \
	subscriber/identity.c \
	subscriber/import.c \
	subscriber/notify.c \
	subscriber/open.c \
	subscriber/pulse.c \
	subscriber/proof.c \
	subscriber/report.c \
	subscriber/serving.c \
	subscriber/spool.c \
	subscriber/stager.c \
	subscriber/store.c \
	subscriber/subscriber.c \
	subscriber/store_layout.c \
	subscriber/store_move.c \
	subscriber/store_place.c \
	subscriber/store_readers.c \
	subscriber/store_state.c \
	subscriber/store_write.c \
	subscriber/stream.c \
	subscriber/tally.c \
	subscriber/trace.c \
	subscriber/track.c \
	subscriber/trial.c \
	subscriber/view.c \
	subscriber/watchdog.c \

# One program per module, tests/unit/test_<noun>.c.
UNIT_TESTS := \
	tests/unit/test_activation.c \
	tests/unit/test_agent.c \
	tests/unit/test_agent_core.c \
	tests/unit/test_agent_fuse.c \
	tests/unit/test_agent_lease.c \
	tests/unit/test_agent_ready.c \
	tests/unit/test_subscriber.c \
	tests/unit/test_assign.c \
	tests/unit/test_assign_explain.c \
	tests/unit/test_author.c \
	tests/unit/test_assign_quality.c \
	tests/unit/test_bucket.c \
	tests/unit/test_bucket_spread.c \
	tests/unit/test_bus.c \
	tests/unit/test_bus_kafka.c \
	tests/unit/test_bus_start.c \
	tests/unit/test_bytes.c \
	tests/unit/test_check.c \
	tests/unit/test_check_memory.c \
	tests/unit/test_chunk.c \
	tests/unit/test_clock.c \
	tests/unit/test_compile.c \
	tests/unit/test_conf.c \
	tests/unit/test_context.c \
	tests/unit/test_context_line.c \
	tests/unit/test_counter.c \
	tests/unit/test_crypto.c \
	tests/unit/test_cursor.c \
	tests/unit/test_dev_keep.c \
	tests/unit/test_difference.c \
	tests/unit/test_document.c \
	tests/unit/test_env.c \
	tests/unit/test_envelope.c \
	tests/unit/test_error.c \
	tests/unit/test_eval.c \
	tests/unit/test_eval_hostile.c \
	tests/unit/test_eval_reply.c \
	tests/unit/test_eval_request.c \
	tests/unit/test_eval_sandbox.c \
	tests/unit/test_eval_scan.c \
	tests/unit/test_exclusion.c \
	tests/unit/test_explain.c \
	tests/unit/test_fetch.c \
	tests/unit/test_file.c \
	tests/unit/test_fleet.c \
	tests/unit/test_gate.c \
	tests/unit/test_gate_core.c \
	tests/unit/test_gate_hook.c \
	tests/unit/test_gate_kafka.c \
	tests/unit/test_gate_random.c \
	tests/unit/test_gate_tally.c \
	tests/unit/test_gc.c \
	tests/unit/test_guard.c \
	tests/unit/test_hook.c \
	tests/unit/test_host_state.c \
	tests/unit/test_import.c \
	tests/unit/test_json.c \
	tests/unit/test_keyfile.c \
	tests/unit/test_ledger.c \
	tests/unit/test_log.c \
	tests/unit/test_lost.c \
	tests/unit/test_operate.c \
	tests/unit/test_pack.c \
	tests/unit/test_policy.c \
	tests/unit/test_process.c \
	tests/unit/test_publish.c \
	tests/unit/test_resolve.c \
	tests/unit/test_review.c \
	tests/unit/test_routes.c \
	tests/unit/test_rules.c \
	tests/unit/test_search.c \
	tests/unit/test_signers.c \
	tests/unit/test_spot.c \
	tests/unit/test_store.c \
	tests/unit/test_stream.c \
	tests/unit/test_testfile.c \
	tests/unit/test_text.c \
	tests/unit/test_trust.c \
	tests/unit/test_view.c \
	tests/unit/test_wrap.c \

# The simulator.
SIM_SRCS := \
	tests/sim/convergence.c \
	tests/sim/evidence.c \
	tests/sim/gate.c \
	tests/sim/gate_commit.c \
	tests/sim/gate_read.c \
	tests/sim/gate_step.c \
	tests/sim/host.c \
	tests/sim/host_faults.c \
	tests/sim/host_life.c \
	tests/sim/host_models.c \
	tests/sim/host_readers.c \
	tests/sim/host_report.c \
	tests/sim/host_store.c \
	tests/sim/invariants.c \
	tests/sim/judge.c \
	tests/sim/log.c \
	tests/sim/main.c \
	tests/sim/operator.c \
	tests/sim/plan.c \
	tests/sim/seal.c \
	tests/sim/search.c \
	tests/sim/story.c \
	tests/sim/topics.c \
	tests/sim/world.c \

# Where it can break a rule.
DEFECT_SRCS := \
	formats/activation.c \
	publisher/gate_activation.c \
	publisher/gate_decide.c \
	publisher/gate_evidence.c \
	publisher/gate_hosts.c \
	publisher/gate_pins.c \
	publisher/gate_retire.c \
	publisher/gate_rollout.c \
	publisher/gate_wish.c \
	publisher/gc.c \
	publisher/import_gate.c \
	subscriber/admit.c \
	subscriber/choose.c \
	subscriber/core.c \
	subscriber/fuse.c \
	subscriber/report.c \
	subscriber/serving.c \
	subscriber/track.c \

# What "make bench" runs, in this order.
BENCHES := \
	tests/bench/bench_agent.c \
	tests/bench/bench_assign.c \
	tests/bench/bench_brake.c \
	tests/bench/bench_compile.c \
	tests/bench/bench_delta.c \
	tests/bench/bench_fleet.c \
	tests/bench/bench_oracle.c \
	tests/bench/bench_gate.c \
	tests/bench/bench_plan.c \
	tests/bench/bench_propagate.c \
	tests/bench/bench_resolve.c \
	tests/bench/bench_store.c \
	tests/bench/bench_view.c \
	tests/bench/bench_worst.c \

# Each is tests/fuzz/<name>.c for "make fuzz", and plays its corpus as replay_<noun> among the tests.
FUZZ_TARGETS := \
	$(BUILD)/tests/fuzz/fuzz_compile \
	$(BUILD)/tests/fuzz/fuzz_conf \
	$(BUILD)/tests/fuzz/fuzz_context \
	$(BUILD)/tests/fuzz/fuzz_documents \
	$(BUILD)/tests/fuzz/fuzz_envelope \
	$(BUILD)/tests/fuzz/fuzz_json \
	$(BUILD)/tests/fuzz/fuzz_keyfile \
	$(BUILD)/tests/fuzz/fuzz_models \
	$(BUILD)/tests/fuzz/fuzz_pack \
	$(BUILD)/tests/fuzz/fuzz_routes \
	$(BUILD)/tests/fuzz/fuzz_rules \
	$(BUILD)/tests/fuzz/fuzz_source \

# The store through power failures, kills and refused calls (tests/crash/README).
CRASH_TESTS := \
	tests/crash/test_crash.c \
	tests/crash/test_kill.c \
	tests/fault/test_memory.c \
	tests/fault/test_storage.c \

# Two evaluators of the rules language against each other.
DIFFERENTIAL_TESTS := \
	tests/differential/test_defects.c \
	tests/differential/test_differential.c \
	tests/differential/test_errors.c \

DIFFERENTIAL_SRCS := \
	tests/differential/generate.c \
	tests/differential/generate_context.c \
	tests/differential/generate_values.c \
	tests/differential/naive.c \
	tests/differential/naive_load.c \
	tests/differential/shrink.c \
	tests/differential/subject.c \
	tests/differential/tree.c \

CRASH_SRCS := \
	tests/crash/disk.c \
	tests/crash/oracle.c \
	tests/crash/pages.c \
	tests/crash/powerlog.c \
	tests/crash/replay.c \
	tests/crash/workload.c \

# Scripts that print the same lines as the unit tests (tests/check.h says which).
SH_TESTS := \
	tests/lint/house.sh \
	tests/lint/man.sh \
	tests/model/run \
	tests/hash/hash.sh \
	tests/integration/article.sh \
	tests/integration/author.sh \
	tests/integration/demo.sh \
	tests/integration/dev.sh \
	tests/integration/gc.sh \
	tests/integration/import.sh \
	tests/integration/install.sh \
	tests/integration/move.sh \
	tests/integration/outages.sh \
	tests/integration/outages_kill.sh \
	tests/integration/plan.sh \
	tests/integration/policy.sh \
	tests/integration/readme.sh \
	tests/integration/refusals.sh \
	tests/integration/restart.sh \
	tests/integration/root.sh \
	tests/kafka/kafka3.sh \
	tests/kafka/kafka4.sh \
	tests/sim/sim.sh \

# ---------------------------------------------------------------- flags

PKGS     := rdkafka lmdb libzstd libsodium libcjson
WARNINGS := -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wcast-qual \
	-Wcast-align -Wpointer-arith -Wundef -Wvla -Wformat=2 -Wnull-dereference \
	-Wwrite-strings -Wimplicit-fallthrough
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
WERROR   ?=

MODE_FLAGS_release := -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 $(HARDEN)
MODE_FLAGS_debug   := -O0 -g3
MODE_FLAGS_asan    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
MODE_FLAGS_tsan    := -O1 -g -fsanitize=thread
MODE_FLAGS_cov     := -O0 -g --coverage
MODE_FLAGS_fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
ifeq ($(filter $(MODE),release debug asan tsan cov fuzz),)
$(error MODE is one of release debug asan tsan cov fuzz, not '$(MODE)')
endif

QUOIN_CFLAGS  := -std=c17 -D_GNU_SOURCE -I. $(WARNINGS) $(WERROR) -fPIC \
	-fvisibility=hidden -fno-strict-aliasing $(MODE_FLAGS_$(MODE)) -MMD -MP
QUOIN_LDFLAGS := $(MODE_FLAGS_$(MODE)) -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed
PKG_CFLAGS     = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS       = $(shell pkg-config --libs $(PKGS)) -lpthread -lm -ldl

# ---------------------------------------------------------------- objects

objs = $(patsubst %.c,$(BUILD)/%.o,$(1))

ARCHIVES := \
	$(BUILD)/libquoin-publisher.a \
	$(BUILD)/libquoin-subscriber.a \
	$(BUILD)/libquoin-formats.a \
	$(BUILD)/libquoin-lib.a

$(BUILD)/libquoin-lib.a:        $(call objs,$(LIB_SRCS))
$(BUILD)/libquoin-formats.a:    $(call objs,$(FORMATS_SRCS))
$(BUILD)/libquoin-publisher.a:  $(call objs,$(PUBLISHER_SRCS))
$(BUILD)/libquoin-subscriber.a: $(call objs,$(SUBSCRIBER_SRCS))

$(ARCHIVES):
	$(call say,AR,$@)
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)ar rcs $@ $^

# What the machine lacks is installed at the first build.
SETUP := build/setup/build build/setup/check build/setup/analyze
$(SETUP): build/setup/%: tests/setup/packages
	@mkdir -p $(@D)
	@tests/setup/packages $*
	@touch $@

$(BUILD)/%.o: %.c | build/setup/build
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(QUOIN_CFLAGS) $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

link = $(Q)$(CC) $(QUOIN_LDFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(PKG_LIBS)

# ---------------------------------------------------------------- libquoin

# What applications link: the readers, and of the other rooms only what these need. Nothing but quoin.h's calls is
# visible, also in the static library, where everything else is made local.
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
LIBQUOIN_OBJS  := $(call objs,subscriber/counter.c subscriber/decide.c subscriber/follow.c subscriber/open.c subscriber/view.c)
LIBQUOIN       := $(BUILD)/libquoin.so.1 $(BUILD)/libquoin.so $(BUILD)/libquoin.a $(BUILD)/quoin.pc
# The same, and the whole subscriber with it: applications link this one in place of the other, and librdkafka with it.
LIBQUOIN_SUBSCRIBER := $(BUILD)/libquoin-subscriber.so.1 $(BUILD)/libquoin-subscriber.so $(BUILD)/quoin-subscriber.pc
LIBQUOIN_ROOMS := $(BUILD)/libquoin-subscriber.a $(BUILD)/libquoin-formats.a $(BUILD)/libquoin-lib.a

$(BUILD)/libquoin.so.1: $(LIBQUOIN_OBJS) $(LIBQUOIN_ROOMS) subscriber/libquoin.map
	$(call say,LINK,$@)
	$(Q)$(CC) $(QUOIN_LDFLAGS) $(LDFLAGS) -shared -Wl,-soname,libquoin.so.1 \
		-Wl,--version-script=subscriber/libquoin.map -o $@ $(filter %.o %.a,$^) $(PKG_LIBS)

$(BUILD)/libquoin.so: $(BUILD)/libquoin.so.1
	@ln -sf libquoin.so.1 $@

$(BUILD)/libquoin.a: $(LIBQUOIN_OBJS) $(LIBQUOIN_ROOMS)
	$(call say,AR,$@)
	$(Q)ld -r -o $(BUILD)/libquoin-whole.o $^ && objcopy --localize-hidden $(BUILD)/libquoin-whole.o
	@rm -f $@
	$(Q)ar rcs $@ $(BUILD)/libquoin-whole.o

$(BUILD)/libquoin-subscriber.so.1: $(BUILD)/subscriber/subscriber.o $(LIBQUOIN_OBJS) $(LIBQUOIN_ROOMS) \
		subscriber/libquoin.map subscriber/libquoin-subscriber.map
	$(call say,LINK,$@)
	$(Q)$(CC) $(QUOIN_LDFLAGS) $(LDFLAGS) -shared -Wl,-soname,libquoin-subscriber.so.1 \
		-Wl,--version-script=subscriber/libquoin.map -Wl,--version-script=subscriber/libquoin-subscriber.map \
		-o $@ $(filter %.o %.a,$^) $(PKG_LIBS)

$(BUILD)/libquoin-subscriber.so: $(BUILD)/libquoin-subscriber.so.1
	@ln -sf libquoin-subscriber.so.1 $@

# Made each time: they depend on the variables of the command line.
.PHONY: $(BUILD)/quoin.pc $(BUILD)/quoin-subscriber.pc
$(BUILD)/quoin-subscriber.pc:
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' 'includedir=$(INCLUDEDIR)' '' 'Name: quoin-subscriber' \
		'Description: the whole Quoin subscriber inside an application' 'Version: 1.0' 'Cflags: -I$${includedir}' \
		'Libs: -L$${libdir} -lquoin-subscriber' >$@

$(BUILD)/quoin.pc:
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' 'includedir=$(INCLUDEDIR)' '' 'Name: quoin' \
		'Description: resolve routing decisions from a local Quoin store' 'Version: 1.0' 'Cflags: -I$${includedir}' \
		'Libs: -L$${libdir} -lquoin' 'Libs.private: -lm -lpthread' 'Requires.private: lmdb libsodium libcjson' >$@

# ---------------------------------------------------------------- programs

# Each is one main file over the archives; quoin-eval has a rule of its own, for its engine.
PROGRAMS := \
	$(BUILD)/bin/quoin \
	$(BUILD)/bin/quoin-gate \
	$(BUILD)/bin/quoind \

$(BUILD)/bin/quoin: $(BUILD)/publisher/main.o
$(BUILD)/bin/quoin-gate: $(BUILD)/publisher/gate_main.o
$(BUILD)/bin/quoind: $(BUILD)/subscriber/quoind_main.o

# The JavaScript engine and seccomp are in this program and nowhere else.
EVAL_PKGS := javascriptcoregtk-4.1 libseccomp

$(call objs,$(EVAL_SRCS)): PKGS := $(EVAL_PKGS)
$(BUILD)/publisher/eval_engine.o: publisher/eval_prelude.js
$(BUILD)/bin/quoin-eval: private PKGS += $(EVAL_PKGS)
$(BUILD)/bin/quoin-eval: $(call objs,$(EVAL_SRCS))

$(PROGRAMS) $(BUILD)/bin/quoin-eval: $(ARCHIVES)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(link)

# ---------------------------------------------------------------- tests

REPLAYS       := $(subst /fuzz_,/replay_,$(FUZZ_TARGETS))
UNIT_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(UNIT_TESTS)) $(REPLAYS)
TEST_PROGRAMS := $(UNIT_PROGRAMS) $(patsubst %.c,$(BUILD)/%,$(CRASH_TESTS) $(DIFFERENTIAL_TESTS))

# These share rulesets out of a seed.
RULESETS := $(BUILD)/tests/images.o $(BUILD)/tests/rulesets.o
$(BUILD)/tests/unit/test_resolve $(BUILD)/tests/unit/test_routes $(BUILD)/tests/unit/test_rules \
$(BUILD)/tests/unit/test_agent $(BUILD)/tests/unit/test_agent_fuse $(BUILD)/tests/unit/test_agent_lease \
$(BUILD)/tests/unit/test_agent_ready $(BUILD)/tests/unit/test_subscriber $(BUILD)/tests/unit/test_counter $(BUILD)/tests/unit/test_explain \
$(BUILD)/tests/unit/test_view: $(RULESETS)

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/tests/check.o $(ARCHIVES)
	$(call say,LINK,$@)
	$(link)

# These make authoring directories from strings.
$(BUILD)/tests/unit/test_assign_explain $(BUILD)/tests/unit/test_difference $(BUILD)/tests/unit/test_explain \
$(BUILD)/tests/unit/test_guard $(BUILD)/tests/unit/test_review: $(BUILD)/tests/small.o

# The instances are checked where they are made.
$(BUILD)/tests/unit/test_assign_quality: $(BUILD)/tests/instances.o
$(BUILD)/tests/bench/bench_assign: $(BUILD)/tests/instances.o $(BUILD)/tests/check.o

# One runs the program, the other stands inside its walls.
$(BUILD)/tests/unit/test_agent $(BUILD)/tests/unit/test_agent_lease $(BUILD)/tests/unit/test_agent_ready: | \
	$(BUILD)/bin/quoind
$(BUILD)/tests/unit/test_agent_fuse: | $(BUILD)/tests/unit/quoind-poisoned
# The agent with a reader that some rules crash.
$(BUILD)/tests/unit/quoind-poisoned: private LDFLAGS += -Wl,--wrap=quoin_rules_verify
$(BUILD)/tests/unit/quoind-poisoned: $(BUILD)/subscriber/quoind_main.o $(BUILD)/tests/unit/poison.o $(ARCHIVES)
	$(call say,LINK,$@)
	$(link)

$(BUILD)/tests/unit/test_gate $(BUILD)/tests/unit/test_gate_kafka: | $(BUILD)/bin/quoin-gate
$(BUILD)/tests/unit/test_author $(BUILD)/tests/unit/test_compile $(BUILD)/tests/unit/test_eval \
$(BUILD)/tests/unit/test_eval_hostile: | $(BUILD)/bin/quoin-eval
$(BUILD)/tests/unit/test_author $(BUILD)/tests/unit/test_compile $(BUILD)/tests/unit/test_eval \
$(BUILD)/tests/unit/test_eval_hostile: $(BUILD)/tests/evaluate.o
$(BUILD)/tests/unit/test_check_memory: private LDFLAGS += \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=strdup
$(BUILD)/tests/unit/test_eval_sandbox: private PKGS += libseccomp
$(BUILD)/tests/unit/test_eval_sandbox: $(BUILD)/publisher/eval_sandbox.o

# What the scripts of tests/kafka do to topics without keys.
$(BUILD)/tests/kafka/rogue: $(BUILD)/tests/kafka/rogue.o $(BUILD)/libquoin-lib.a
	$(call say,LINK,$@)
	$(link)

# What the scripts of tests/integration/outages* stand on: a broker alone, model servers, their clients, a wrong clock.
OUTAGE_TOOLS := $(addprefix $(BUILD)/tests/integration/,broker toy_server toy_client clock_shift.so disk_full.so)
$(BUILD)/tests/integration/broker: $(BUILD)/tests/integration/broker.o $(BUILD)/libquoin-lib.a
	$(call say,LINK,$@)
	$(link)

$(BUILD)/tests/integration/toy_client: $(BUILD)/tests/integration/toy_client.o $(BUILD)/libquoin.a
	$(call say,LINK,$@)
	$(link)

$(BUILD)/tests/integration/toy_server: $(BUILD)/tests/integration/toy_server.o
	$(call say,LINK,$@)
	$(link)

$(BUILD)/tests/integration/clock_shift.so $(BUILD)/tests/integration/disk_full.so: $(BUILD)/%.so: %.c
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c17 -O2 -fPIC -shared $(WARNINGS) -o $@ $<

$(REPLAYS): $(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o \
		$(BUILD)/tests/check.o $(ARCHIVES)
	$(call say,LINK,$@)
	$(link)

# Their open, write, fsync… stand in front of libc's, for LMDB too; and malloc in one of them.
$(BUILD)/tests/fault/test_memory: $(BUILD)/tests/fault/memory.o $(BUILD)/tests/rulesets.o
$(patsubst %.c,$(BUILD)/%,$(CRASH_TESTS)): $(BUILD)/%: $(BUILD)/%.o $(call objs,$(CRASH_SRCS)) $(BUILD)/tests/check.o $(ARCHIVES)
	$(call say,LINK,$@)
	$(link)

# One of them stands between the rooms of what is tested, and breaks one at a time.
$(BUILD)/tests/differential/test_defects: private LDFLAGS += -Wl,--wrap=quoin_bucket_of,--wrap=quoin_bucket_seed \
	-Wl,--wrap=quoin_config_merge,--wrap=quoin_check_percent,--wrap=quoin_check_version_bounds \
	-Wl,--wrap=quoin_rules_encode,--wrap=quoin_ruleset_order_all
$(patsubst %.c,$(BUILD)/%,$(DIFFERENTIAL_TESTS)): $(BUILD)/%: $(BUILD)/%.o $(call objs,$(DIFFERENTIAL_SRCS)) \
		$(BUILD)/tests/evaluate.o $(BUILD)/tests/rulesets.o $(BUILD)/tests/check.o $(ARCHIVES) | $(BUILD)/bin/quoin-eval
	$(call say,LINK,$@)
	$(link)

BENCH_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(BENCHES))
$(BUILD)/tests/bench/bench_oracle: $(patsubst %,$(BUILD)/tests/differential/%.o,naive naive_load tree) $(BUILD)/tests/check.o
$(BUILD)/tests/bench/bench_delta: $(BUILD)/tests/bench/delta_host.o
$(BUILD)/tests/bench/bench_fleet: $(BUILD)/tests/bench/fleet.o $(BUILD)/tests/bench/fleet_host.o
$(BENCH_PROGRAMS): $(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(BUILD)/tests/bench/bench.o \
		$(BUILD)/tests/bench/site.o $(BUILD)/tests/bench/workload.o $(ARCHIVES)
	$(call say,LINK,$@)
	$(link)

# The fleet in one thread: the programs' cores, and a seal in place of signatures (tests/sim/seal.c).
SIM_PROGRAMS := $(BUILD)/tests/sim/sim $(BUILD)/tests/sim/sim-defects
SIM_OBJS := $(patsubst %.c,$(BUILD)/%.o,$(SIM_SRCS))
SIM_WRAP := -Wl,--wrap=quoin_sign_prehashed,--wrap=quoin_sign_plain,--wrap=quoin_verify_prehashed,--wrap=quoin_verify_plain,--wrap=quoin_hash_of,--wrap=quoin_trust_verify,--wrap=quoin_random,--wrap=quoin_keypair_new
# The same with one rule broken at a time (lib/defect.h): these objects go before the archives.
DEFECT_OBJS := $(patsubst %.c,$(BUILD)/defects/%.o,$(SIM_SRCS) $(DEFECT_SRCS))
$(BUILD)/defects/%.o: %.c | build/setup/build
	$(call say,CC,$< with defects)
	@mkdir -p $(@D)
	$(Q)$(CC) $(QUOIN_CFLAGS) -DQUOIN_DEFECTS $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/tests/sim/sim-defects: private LDFLAGS += $(SIM_WRAP)
$(BUILD)/tests/sim/sim-defects: $(DEFECT_OBJS) $(ARCHIVES)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(link)

$(BUILD)/tests/sim/sim: private LDFLAGS += $(SIM_WRAP)
$(BUILD)/tests/sim/sim: $(SIM_OBJS) $(ARCHIVES)
	$(call say,LINK,$@)
	$(link)

$(FUZZ_TARGETS): $(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(ARCHIVES)
	$(call say,LINK,$@)
	$(link) -fsanitize=fuzzer

# ---------------------------------------------------------------- targets

.PHONY: all programs libquoin install install-libquoin check check-all check-asan check-asan-run check-tsan check-tsan-run sim unit analyze bench demo differential fuzz fuzz-run crash model clean help

all: $(ARCHIVES) $(PROGRAMS) $(BUILD)/bin/quoin-eval $(LIBQUOIN) $(LIBQUOIN_SUBSCRIBER) ## build everything

programs: $(PROGRAMS) ## the programs

libquoin: $(LIBQUOIN) $(LIBQUOIN_SUBSCRIBER) ## the libraries for applications

install-libquoin: $(LIBQUOIN) $(LIBQUOIN_SUBSCRIBER) ## the libraries, their header and pkg-config files, into DESTDIR and PREFIX
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR)
	install -m 644 $(BUILD)/libquoin.so.1 $(BUILD)/libquoin.a $(DESTDIR)$(LIBDIR)
	install -m 644 $(BUILD)/libquoin-subscriber.so.1 $(DESTDIR)$(LIBDIR)
	ln -sf libquoin.so.1 $(DESTDIR)$(LIBDIR)/libquoin.so
	ln -sf libquoin-subscriber.so.1 $(DESTDIR)$(LIBDIR)/libquoin-subscriber.so
	install -m 644 $(BUILD)/quoin.pc $(BUILD)/quoin-subscriber.pc $(DESTDIR)$(LIBDIR)/pkgconfig
	install -m 644 subscriber/quoin.h $(DESTDIR)$(INCLUDEDIR)

# The last line is the total over everything.
check: all $(TEST_PROGRAMS) $(SIM_PROGRAMS) $(BUILD)/tests/kafka/rogue $(OUTAGE_TOOLS) | build/setup/check ## every test
	@QUOIN_BUILD=$(BUILD) tests/run $(TEST_PROGRAMS) $(SH_TESTS)

unit: $(UNIT_PROGRAMS) ## the unit tests alone
	@tests/run $(UNIT_PROGRAMS)

# The same tests with the sanitizers' eyes: the unit tests, and the road from rules to a decision with real processes. Left
# out is what adds no code of ours: a broker in Java, and scripts held by limits that another allocator would have to keep.
ASAN_SCRIPTS := tests/integration/article.sh
ASAN_PROGRAMS = $(filter-out %/test_bus_kafka %/test_gate_kafka %/test_eval_hostile,$(UNIT_PROGRAMS))
check-asan: ## the tests, built with AddressSanitizer and UndefinedBehaviorSanitizer
	@$(MAKE) --no-print-directory MODE=asan check-asan-run

check-asan-run: all $(ASAN_PROGRAMS) $(BUILD)/tests/kafka/rogue | build/setup/check
	@QUOIN_BUILD=$(BUILD) tests/run $(ASAN_PROGRAMS) $(ASAN_SCRIPTS)

# Where our own threads meet; librdkafka's are not built for this sanitizer.
TSAN_TESTS := counter log store stream view
check-tsan: ## the tests of what threads share, built with ThreadSanitizer
	@$(MAKE) --no-print-directory MODE=tsan check-tsan-run

check-tsan-run: $(TSAN_TESTS:%=$(BUILD)/tests/unit/test_%)
	@tests/run $^

# One stamp per file and analyzer, so that only what changed is looked at again.
ANALYZED := $(LIB_SRCS) $(FORMATS_SRCS) $(PUBLISHER_SRCS) $(SUBSCRIBER_SRCS) $(wildcard publisher/*main.c subscriber/*main.c)
ANALYZE_FLAGS = -std=c17 -D_GNU_SOURCE -I. $(PKG_CFLAGS)

build/analyze/%.tidy: %.c .clang-tidy | build/setup/analyze
	$(call say,TIDY,$<)
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet $< -- $(ANALYZE_FLAGS) 2>/dev/null
	@touch $@

# gcc 12 does not see what an assertion rules out: null dereferences are clang's part, and leaks LeakSanitizer's.
build/analyze/%.gcc: %.c | build/setup/build
	$(call say,GCC,$<)
	@mkdir -p $(@D)
	$(Q)gcc $(ANALYZE_FLAGS) $(WARNINGS) -Werror -DQUOIN_ANALYZE -O2 -fanalyzer -Wno-analyzer-null-dereference \
		-Wno-analyzer-malloc-leak -Wno-analyzer-file-leak -c -o /dev/null $<
	@touch $@

build/analyze/cppcheck: $(ANALYZED) tests/lint/cppcheck.txt | build/setup/analyze
	$(call say,CPPCHECK,lib formats publisher subscriber)
	@mkdir -p $(@D)
	$(Q)cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr \
		--suppressions-list=tests/lint/cppcheck.txt -U__clang_analyzer__ -UQUOIN_ANALYZE -j2 -I. lib formats publisher subscriber
	@touch $@

analyze: $(ANALYZED:%.c=build/analyze/%.tidy) $(ANALYZED:%.c=build/analyze/%.gcc) build/analyze/cppcheck ## clang-tidy, gcc -fanalyzer, cppcheck

# BENCH=resolve takes one group's figures alone.
BENCH ?=
bench: all $(BENCH_PROGRAMS) | build/setup/check ## figures, each beside what it is compared with
	@tests/bench/run $(if $(BENCH),$(BENCH:%=$(BUILD)/tests/bench/bench_%),$(BENCH_PROGRAMS))

SECONDS ?= 10

# A seed that breaks is shortened and printed.
sim: $(BUILD)/tests/sim/sim ## the whole fleet in one thread, seed by seed, for SECONDS=10
	@$(BUILD)/tests/sim/sim -t $(SECONDS)

differential: $(BUILD)/tests/differential/test_differential ## both evaluators of the rules, new seeds for SECONDS=10
	@$< -t $(SECONDS)

# What "check" does in minutes, at length. LONG is what the searches get each.
LONG ?= 600
check-all: ## check, then simulator, model, power failures and fuzzers for LONG=600 seconds each
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory sim SECONDS=$(LONG)
	@$(MAKE) --no-print-directory model
	@$(MAKE) --no-print-directory crash SECONDS=$(LONG)
	@$(MAKE) --no-print-directory fuzz SECONDS=$(LONG)

demo: all ## the life of a release with real processes, in about a minute
	@PATH="$(abspath $(BUILD)/bin):$$PATH" examples/demo/run

# quoin-eval is nobody's command; quoin finds it from where it is itself.
UNITDIR       ?= $(PREFIX)/lib/systemd/system
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
install: all install-libquoin ## programs, library, manual, units and completion into DESTDIR and PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/quoin
	install $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	install $(BUILD)/bin/quoin-eval $(DESTDIR)$(PREFIX)/libexec/quoin
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(COMPLETIONDIR)
	for unit in publisher/quoin-gate subscriber/quoind; do sed 's|@PREFIX@|$(PREFIX)|' $$unit.service.in \
		>$(DESTDIR)$(UNITDIR)/$${unit##*/}.service || exit 1; done
	$(BUILD)/bin/quoin completion bash >$(DESTDIR)$(COMPLETIONDIR)/quoin
	for page in man/*.[1-8]; do section=$${page##*.}; install -d $(DESTDIR)$(MANDIR)/man$$section && \
		install -m 644 $$page $(DESTDIR)$(MANDIR)/man$$section || exit 1; done

# Finds go to build/fuzz/found, what is new to build/fuzz/corpus; add worthy ones to tests/fuzz/corpus.
fuzz: | build/setup/analyze ## run each fuzzer for SECONDS=10
	@$(MAKE) --no-print-directory MODE=fuzz BUILD=build/fuzz CC=clang fuzz-run

fuzz-run: $(FUZZ_TARGETS)
	@set -e; mkdir -p build/fuzz/found; for t in $(FUZZ_TARGETS); do n=$${t##*/}; mkdir -p build/fuzz/corpus/$$n; \
		$$t -max_total_time=$(SECONDS) -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
			-artifact_prefix=build/fuzz/found/$$n- build/fuzz/corpus/$$n tests/fuzz/corpus/$$n; done

crash: $(BUILD)/tests/crash/test_crash ## replay the store's power failures for SECONDS=10 per workload
	@QUOIN_CRASH_SECONDS=$(SECONDS) $< -t 86400 crash/life crash/quarantine crash/move crash/large

model: | build/setup/check ## the protocol's model, further than "make check" goes: minutes and gigabytes
	@tests/model/run long

clean: ## remove what was built
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
