#!/bin/sh
# From a directory to decisions through a real broker: gate, serving hosts, a router.
. "$(dirname "$0")/lib.sh"
kafka_up
make_namespace publish
make_fleet

# ---- the first release
check_exit publish 0 quoin --json publish "$site/rules" -m "the first" --wait=60
cp check.out first
check published-1 test "$(jq .release first)" = 1
check sent-everything test "$(jq '.bytes.full > 0 and .bytes.reused == 0' first)" = true
check active test "$(status '"\(.head) \(.asked) \(.target) \(.active)"')" = "1 1 1 1"
check router-runs-1 within 10 runs 1
check decided test "$(timeout_of)" = 250
check_has decided-cell '"cell":3' quoin --json resolve PaymentFraudDetection --ab 70005=3
check hosts-well within 10 hosts_are_well
check loaded-a test -s "$site/fraud-a-01/loaded"
check loaded-b test -s "$site/fraud-b-01/loaded"
quoin resolve --contexts "$site/rules/contexts.jsonl" 2>/dev/null | jq -cS 'del(.release, .stale)' >from-store
quoin resolve --dir "$site/rules" --contexts "$site/rules/contexts.jsonl" 2>/dev/null | jq -cS 'del(.release, .stale)' >from-dir
check samples test -s from-store
check same-as-directory cmp from-store from-dir
quoin resolve --release 1 --contexts "$site/rules/contexts.jsonl" 2>/dev/null | jq -cS 'del(.release, .stale)' >from-bus
check same-from-the-bus cmp from-bus from-dir

# ---- what did not change is not published and not sent
rogue list $ns.control >control.before
check_exit unchanged 0 quoin --json publish "$site/rules" --wait=30
check unchanged-said test "$(jq '.unchanged == true and .release == 1' check.out)" = true
rogue list $ns.control >control.after
check unchanged-writes-nothing cmp control.before control.after
rogue list $ns.blobs >blobs.before
echo '{"drain_ms": 100}' >"$site/rules/policy.json"
check_exit policy-only 0 quoin --json publish "$site/rules" -m "only the policy" --wait=60
cp check.out second
check policy-only-is-2 test "$(jq .release second)" = 2
check policy-only-reuses test "$(jq '.bytes.reused > .bytes.full' second)" = true
rogue list $ns.blobs >blobs.after
# The source, which holds the policy, and nothing else.
check policy-only-sends-one test $(($(wc -l <blobs.after) - $(wc -l <blobs.before))) = 1
change_config 400
check_exit config 0 quoin --json publish "$site/rules" -m "a longer timeout" --wait=60
cp check.out third
check config-sends-less test "$(jq '.bytes.full > 0 and .bytes.reused > 0' third)" = true
check config-answers within 10 answers 400

# ---- what people see
check_has log-message "only the policy" quoin log
check log-json test "$(quoin --json log | jq -c '[.releases[].release]')" = '[3,2,1]'
check_has show "a longer timeout" quoin show 3
check_exit show-unknown 5 quoin show 9
check_has status-text "fraud-a-01" quoin status
check_exit expect-passed 5 quoin publish "$site/rules" --expect 2

# ---- a dataset of any kind, in the same namespace
head -c 3000000 /dev/urandom >words
check_exit raw-refused 3 quoin --json publish --part words=words
check raw-refused-why test "$(jq -r ".problems[0].code" check.out)" = parts_removed
check_exit raw 0 quoin --json publish --part words=words --waive parts_removed --wait=60
check raw-sent test "$(jq '.bytes.full >= 3000000' check.out)" = true
check_exit raw-export 0 quoin export 4 out
check raw-same cmp words out/parts/words
check raw-active test "$(status .active)" = 4
rogue list $ns.blobs >blobs.before
echo '{"drain_ms": 300}' >policy.json
check_exit raw-policy 0 quoin --json publish --part words=words --policy policy.json --wait=60
cp check.out raw
check raw-policy-is-5 test "$(jq .release raw)" = 5
check raw-policy-full-0 test "$(jq '.bytes.full == 0 and .bytes.reused >= 3000000' raw)" = true
rogue list $ns.blobs >blobs.after
check raw-policy-sends-nothing cmp blobs.before blobs.after

# ---- back
check_exit rollback 0 quoin --json rollback --wait=30
check rollback-release test "$(jq .release check.out)" = 4
check_exit rollback-further 0 quoin --json rollback --wait=30
check rollback-further-release test "$(jq .release check.out)" = 3
check rolled-back within 10 runs 3
check rolled-back-status test "$(status '"\(.head) \(.active)"')" = "5 3"
check_exit rollback-named 0 quoin rollback 2 --wait=30
check rolled-back-named within 10 runs 2
check rolled-back-answers within 10 answers 250
change_config 500
check_exit publish-after 0 quoin --json publish "$site/rules" --wait=60
check publish-after-is-6 test "$(jq .release check.out)" = 6
check publish-after-answers within 10 answers 500
