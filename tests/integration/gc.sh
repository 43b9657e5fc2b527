#!/bin/sh
# What nothing needs goes from the topics, in two runs: documents, then their chunks. What is live, pinned, or where a rollback
# goes, stays; and a host that comes after it starts with nothing and comes to the same.
. "$(dirname "$0")/lib.sh"

# said NAME FILTER WANT: of what the command before printed.
said() { check "$1" test "$(jq -c "$2" said.json)" = "$3"; }
run() {
	check_exit "$@"
	cp check.out said.json
}
is_settled() { [ "$(status '[.rollout.state, .active, (.live | length)] | join(" ")')" = "none $1 $2" ]; }
gc() { quoin --json gc "$@"; }

start_dev
echo '{"drain_ms": 100}' >policy.json
# The router's own retention is not what this is about.
sed -i 's/^retain.releases.*//' "$QUOIN_CONF"
echo 'retain.releases = 2' >>"$QUOIN_CONF"
run nothing 0 gc
said nothing-removed '[.removed.releases, .removed.intents, .removed.chunks]' '[[],[],0]'
for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
	seq "$n" 3000 >words
	quoin -q publish --part words=words --policy policy.json --wait=60 || give_up publish "release $n"
done
quoin -q freeze --wait=20 && quoin -q unfreeze --wait=20 || give_up freeze "no answer"
quoin -q pin 10 --label zone=x --wait=20 || give_up pin "no answer"
quoin -q revoke 2 --wait=20 || give_up revoke "no answer"
within 20 is_settled 12 3 || give_up settled "$(quoin --json status)"

run dry 0 gc --dry-run
said dry-says '.removed.releases' '[1,3,4,5,6,7,8,9]'
check_has dry-text "would remove 8 releases, 2 intents" quoin gc --dry-run
run first 0 gc
said first-removed '[.removed.releases, .removed.intents, .removed.chunks]' '[[1,3,4,5,6,7,8,9],[1,2],0]'
said first-activations '.removed.activations > 20' true
said first-because '[.kept[] | select(.release == 12 or .release == 2 or .intent == 3) | .because]' \
    '["revoked: it says which content is","active","the pin stands"]'
check log test "$(quoin --json log | jq -c '[.releases[].release]')" = '[12,11,10,2]'
check_exit show-gone 5 quoin show 4
check_exit show-stays 0 quoin show 10
check unharmed is_settled 12 3

# A publication on its way may count on what was named a moment ago: its chunks go later.
run second 0 gc
said second-waits '[.removed.releases, .removed.chunks, (.kept[] | select(.chunks) | .chunks)]' '[[],0,"all"]'
run third 0 gc --age 0s
said third-chunks '.removed.chunks >= 8' true
run fourth 0 gc --age 0s
said fourth-nothing '.removed | [.releases, .intents, .activations, .chunks]' '[[],[],0,0]'
check_exit export-live 0 quoin export 12 out-12
check_exit export-pinned 0 quoin export 10 out-10
check export-is-whole cmp words out-12/parts/words

# 10.12: a router that comes now verifies the pin and runs what it pins.
quoin -q enrol late --role router --label zone=x --out late/identity || give_up enrol late
{
	grep -E '^(namespace|kafka\.)' "$QUOIN_CONF"
	echo "root = $(cd "$(dirname "$QUOIN_CONF")" && realpath "$(sed -n 's/^root *= *//p' quoin.conf)")"
	printf 'identity = identity\nstate = state\nstatus.interval_ms = 500\n'
} >late/quoin.conf
start late quoind -c late/quoin.conf
late_runs() { [ "$(status '.hosts[] | select(.host == "late") | .active')" = "$1" ]; }
check late-runs-the-pin within 20 late_runs 10
# And everything goes on.
seq 5 3000 >words
run publish-old-content 0 quoin --json publish --part words=words --policy policy.json --wait=60
said publish-number .release 13
said publish-sends-again '.bytes.full > 0' true
run rollback 0 quoin --json rollback --wait=60
said rollback-to .release 12
check stop stop_dev
