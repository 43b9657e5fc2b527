#!/bin/sh
# What "gc" removed, after Kafka's compaction really ran: a gate and a router that come then start from what is left and come to
# the same; a publisher that comes between loses nothing.
. "$(dirname "$0")/lib.sh"
kafka_up
make_namespace gc
for topic in control gate blobs; do
	"$broker" topic-config "$kafka" $ns.$topic segment.ms=1000 min.compaction.lag.ms=0 max.compaction.lag.ms=1500 \
	    min.cleanable.dirty.ratio=0.01 delete.retention.ms=100 || give_up settings "they cannot be changed"
done
echo 'retain.releases = 1' >>"$site/quoin.conf"
make_host router router
start_gate
start_agent router
echo '{"drain_ms": 200}' >policy.json
publish() {
	seq "$1" 2000 >words
	quoin -q publish --part words=words --policy policy.json --wait=30
}
for n in 1 2 3 4 5 6; do publish $n || give_up publish "no release $n"; done
quoin -q pin 3 --label zone=x --wait=20 || give_up pin "no answer"
quoin -q freeze --wait=20 && quoin -q unfreeze --wait=20 || give_up freeze "no answer"
is_settled() { [ "$(status '[.rollout.state, ([.live[].release] | tojson)] | join(" ")')" = "none [3,5,6]" ]; }
within 20 is_settled || give_up settled "$(quoin --json status)"

check_exit documents 0 quoin --json gc --age 0s
cp check.out said.json
check documents-said test "$(jq -c '[.removed.releases, .removed.intents]' said.json)" = '[[1,2,4],[2]]'
check_exit chunks 0 quoin --json gc --age 0s
cp check.out said.json
check chunks-said test "$(jq -c '[.removed.releases, .removed.chunks >= 3]' said.json)" = '[[],true]'

# The cleaner works on segments that are closed, and a segment is closed when something is written after its time.
swept() {
	rogue fill $ns.control 1 10; rogue fill $ns.blobs 1 10
	rogue list $ns.control >control.listed
	rogue list $ns.gate >gate.listed
	[ "$(grep -c ' release/' control.listed)" = 3 ] && [ "$(grep -c ' intent/' control.listed)" -le 3 ] &&
	    [ "$(grep -c ' activation/' gate.listed)" -le 2 ]
}
swept_in_time() { for i in $(seq 60); do swept && return; sleep 0.5; done; cat control.listed; return 1; }
check ran swept_in_time

kill_one gate TERM
kill_one router TERM
start_gate second
start_agent router
make_host late router
quoin -q enrol late --role router --label zone=x --out "$site/late/identity" || give_up enrol late
start_agent late
runs_of() { [ "$(status '.hosts[] | select(.host == "'"$1"'") | .active')" = "$2" ]; }
check late-runs-the-pin within 30 runs_of late 3
check router-runs within 20 runs_of router 6
check no-alarm test "$(status '.alarms | length')" = 0
check_exit publish 0 publish 7
check numbered test "$(status .head)" = 7
check router-follows within 20 runs_of router 7
check_exit rollback 0 quoin --json rollback --wait=30
cp check.out said.json
check rollback-to test "$(jq .release said.json)" = 6
