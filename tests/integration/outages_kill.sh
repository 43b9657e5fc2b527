#!/bin/sh
# Ready before route, with real processes: rollouts and rollbacks go on and on, models change and move from shard to shard,
# every process is killed at every step of a rollout, and a client that resolves all the time sends its requests to model
# servers. None of them may meet a host that has not loaded the model, and no resolve may fail.
. "$(dirname "$0")/lib.sh"
. "$top/tests/integration/outages_lib.sh"

shards='{ "a": {"vip": "a.vip:1", "hosts": ["a-01", "a-02"], "capacity": {}},
  "b": {"vip": "b.vip:1", "hosts": ["b-01", "b-02"], "capacity": {}, "health_checked": true} }'
policy='{"drain_ms": 200, "warm_releases": 0}'
for n in 0 1 2 3; do rules "rules-$n" $n "$policy"; done
hosts_a='a-01 a-02' hosts_b='b-01 b-02'
site_up
router router-01
for host in $hosts_a $hosts_b; do serving $host ${host%-*}; done
check_exit first 0 quoin --json publish rules-0 --wait=60
head=1
client One Two

quick() {
	quick_until=$(($(date +%s) + 20))
	until said "$@"; do
		[ "$(date +%s)" -lt $quick_until ] || return 1
		sleep 0.005
	done
}
# The step's name, and the log and the line that show it.
at() {
	case $1 in
	published) quick router-01 "fetched release=$head " ;;
	preparing) quick gate "release $head enters the live set" ;;
	loading) quick a-01 "hook=load" ;;
	selected) quick gate "release $head is selected" ;;
	flipped) quick router-01 "active release=$head" ;;
	complete) quick gate "release $head is fully active" ;;
	retired) quick gate "leaves the live set" ;;
	unloading) quick a-01 "hook=unload" ;;
	esac
}
restart() {
	kill_9 "$1"
	if [ "$1" = gate ]; then gate_up; else agent_up "$1"; fi
}
is_live_alone() { [ "$(quoin --json status | jq -c '[.active, .target, (.live | map(.release? // .))]')" = "[$1,$1,[$1]]" ]; }
settled() { within 30 is_live_alone "$1"; }

# ---- kill -9 of each process at each step
all_steps='published preparing loading selected flipped complete retired unloading'
for round in "gate $all_steps" "router-01 $all_steps" "a-01 $all_steps" "b-01 loading selected retired unloading"; do
	victim_name=${round%% *}
	for step in ${round#* }; do
		mark gate router-01 a-01
		head=$((head + 1))
		quoin -q publish "rules-$((head % 4))" >publish.out 2>&1 || not_ok "publish-$victim_name-$step" "$(tail -n 2 publish.out)"
		at $step || not_ok "step-$victim_name-$step" "release $head never came so far"
		restart $victim_name
		check "killed-$victim_name-$step" settled $head
	done
done

# ---- the publisher, ever later in its work: what it leaves behind hinders nobody, and is either there or not
newest() { quoin --json status | jq .head; }
killed=0
for after in 0.01 0.02 0.03 0.04 0.06 0.08; do
	timeout -s KILL $after quoin -q publish "rules-$(((head + 1) % 4))" >publish.out 2>&1 || killed=$((killed + 1))
	head=$(newest)
	check "publisher-killed-after-$after" settled "$head"
done
check publishers-were-killed test $killed -ge 2
head=$((head + 1))
check_exit publisher-goes-on 0 quoin -q publish "rules-$((head % 4))" --wait=30
check publisher-goes-on-settled settled $head

# ---- going back, again and again, never forward: through releases whose models were unloaded long ago
for round in 'gate preparing selected flipped complete' 'router-01 preparing selected flipped complete' 'a-01 preparing flipped'; do
	victim_name=${round%% *}
	for step in ${round#* }; do
		mark gate router-01 a-01
		head=$((head - 1))
		quoin -q rollback >rollback.out 2>&1 || not_ok "rollback-$victim_name-$step" "$(tail -n 2 rollback.out)"
		at $step || not_ok "step-$victim_name-back-$step" "release $head never came so far"
		restart $victim_name
		check "killed-$victim_name-back-$step" settled $head
	done
done

# ---- all of them at once, in the midst of a rollout
head=$(($(newest) + 1))
mark gate router-01 a-01
quoin -q publish "rules-$((head % 4))" >publish.out 2>&1
at selected || not_ok step-all "release $head never came so far"
kill -9 "$gate" $(for name in router-01 $hosts_a $hosts_b; do pid_of $name; done)
# shellcheck disable=SC2086 # words
kill_9 gate router-01 $hosts_a $hosts_b
gate_up
for name in router-01 $hosts_a $hosts_b; do agent_up $name; done
check killed-all settled $head

# ---- and nobody noticed
client_down
check client-saw-the-releases test "$(counted releases)" -ge 35
# What is not live any more was unloaded, or nothing would have been at stake.
for host in $hosts_a $hosts_b; do check "server-$host-unloads" test "$(told $host | tr -cd , | wc -c)" -le 3; done

# ---- a host that lies is caught: this test can fail
printf '#!/bin/sh\nexit 0\n' >"$site/a-02/load"
cp "$site/a-02/load" "$site/a-02/validate"
rm client.log
client One Two
head=$((head + 1))
quoin -q publish "rules-$((head % 4))" --wait=30 >publish.out 2>&1
caught() { has_line "$work/client.log" "^not loaded: release $head, shard a, port $(cat "$site/a-02/port")"; }
check liar-is-caught within 10 caught
end_all
