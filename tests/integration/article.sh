#!/bin/sh
# The article's example, from a researcher's directory to a decision: compiled, signed, through Kafka (the embedded broker),
# LMDB and the library. Then rules that change while "quoin dev" watches, and agents that are killed.
. "$(dirname "$0")/lib.sh"

cp -r "$top/examples/streaming" rules
start_dev rules
check active is_active 1
decide() { quoin --json resolve ContinueWatchingRanking "$@"; }
check_has default '"routingKey":"netflix-continue-watching-model-default@7"' decide
check_has cell-2 '"routingKey":"netflix-continue-watching-model-cell-2@3"' decide --ab 12345=2
check_has cell-2-reason '"reason":"ab_test","rule":"defineAB12345Rule","abTestId":12345,"cell":2' decide --ab 12345=2
check_has cell-2-release '"release":1' decide --ab 12345=2
check_has cell-3 '"routingKey":"netflix-continue-watching-model-cell-3@1"' decide --ab 12345=3
check_has no-such-cell '"reason":"default"' decide --ab 12345=4
check_exit unknown-objective 3 quoin resolve NoSuchThing
check every-host-active test "$(status '[.hosts[] | select(.state != "active" and .state != "ready")] | length')" = 0
check all-hosts test "$(status '.hosts | length')" = 68

# The same answers as the directory itself gives, on every sample context.
quoin --json resolve --contexts rules/contexts.jsonl >from-store 2>/dev/null
quoin --json resolve --dir rules --contexts rules/contexts.jsonl >from-dir 2>/dev/null
check samples test "$(wc -l <from-store)" -ge 10
strip() { jq -cS 'del(.release, .stale)' "$1"; }
strip from-store >a; strip from-dir >b
check same-as-directory cmp a b

# ---- saved files are published
sed -i 's/"timeoutMs": 80/"timeoutMs": 95/' rules/objectives.json
sed -i 's/"timeoutMs": 80/"timeoutMs": 95/' rules/home/home.test.json
check followed within 60 is_active 2
check_has followed-config '"timeoutMs":95' decide
echo 'function defineBroken() { return {targetObjectives: ["Nope"]}; }' >rules/broken.js
check mistake-told within 20 has_line dev.log 'broken.js:1'
rm rules/broken.js
check still-active is_active 2

# ---- kill -9: readers go on, the agent comes back with what it had
agent() { running "quoind -c $work/.quoin/hosts/$1/"; }
router=$(agent dev-router)
kill -9 "$router"
check_has without-agent '"routingKey":"netflix-continue-watching-model-cell-2@3"' decide --ab 12345=2
check router-told within 10 has_line dev.log "dev-router ended with signal 9"
is_back() { [ -n "$(agent dev-router)" ]; }
check router-back within 30 is_back
# The processes of a shard: the parent, and one per host. Whichever is killed, all are started again.
parent() { for p in $(agent rank-a-01); do grep -q "^PPid:.$dev$" "/proc/$p/status" && echo "$p"; done; }
serving=$(parent)
nine() { [ "$(agent rank-a-01 | wc -l)" -eq 9 ]; }
check processes within 10 nine
kill -9 "$serving"
check serving-told within 10 has_line dev.log "shard-rank-a ended with signal 9"
serving_is_back() { now=$(parent); [ -n "$now" ] && [ "$now" != "$serving" ] && nine; }
check serving-back within 30 serving_is_back
serving=$(parent)
kill -9 "$(agent rank-a-01 | grep -vx "$serving" | head -n 1)"
check one-of-them-told within 15 has_line dev.log "shard-rank-a ended with exit status 1"
check one-of-them-back within 30 serving_is_back
sed -i 's/"timeoutMs": 95/"timeoutMs": 70/' rules/objectives.json rules/home/home.test.json
check active-after-kills within 60 is_active 3
check_has decided-after-kills '"timeoutMs":70' decide
check_exit rollback 0 quoin rollback --wait=30
check_has rolled-back '"timeoutMs":95' decide

# ---- everything upstream dead
kill -9 "$dev"
broker_is_gone() { ! quoin -q status; }
check broker-gone within 30 broker_is_gone
check_has fail-static '"routingKey":"netflix-continue-watching-model-cell-2@3"' decide --ab 12345=2
