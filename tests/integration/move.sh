#!/bin/sh
# A model moves from one VIP to another, by the steps that quoin-rules(5) tells under "Moving a model", and back in the midst
# of it; then its shard drains. All the while a client resolves and sends its requests to model servers as the decision's
# weights say. None of them may meet a host that has not loaded the model.
. "$(dirname "$0")/lib.sh"
. "$top/tests/integration/outages_lib.sh"

hosts_a='a-01 a-02' hosts_b='b-01 b-02'
interval_ms=200
digest=sha256:$(printf 1 | sha256sum | cut -c 1-64)

# shards [MEMBER]: shards.json, with a member for shard a.
shards() {
	cat <<-END
	{ "a": {"vip": "a.vip:1", "hosts": ["a-01", "a-02"], "capacity": {"memory_mb": 100}${1:+, $1}},
	  "b": {"vip": "b.vip:1", "hosts": ["b-01", "b-02"], "capacity": {"memory_mb": 100}} }
	END
}
# route [ROUTE]: the directory "rules" with this route rule for the model "mover", or with none.
route() {
	if [ $# -gt 0 ]; then
		echo "function defineMoverRoute() { return {route: $1, model: \"mover\"}; }" >rules/move.js
	else
		rm -f rules/move.js
	fi
}
mkdir rules
echo '{"Mover": {"inputType": "T", "modelType": "S", "default": "mover"}, "Other": {"inputType": "T", "modelType": "S", "default": "stays"}}' \
    >rules/objectives.json
cat >rules/models.json <<-END
{ "mover": {"version": "1", "inputType": "T", "modelType": "S", "uri": "toy://mover", "digest": "$digest", "demand": {"memory_mb": 60}},
  "stays": {"version": "1", "inputType": "T", "modelType": "S", "uri": "toy://stays", "digest": "$digest", "demand": {"memory_mb": 30}} }
END
echo '{"drain_ms": 200, "warm_releases": 0}' >rules/policy.json
shards >rules/shards.json

site_up
router router-01
for host in $hosts_a $hosts_b; do serving $host ${host%-*}; done
# Loading is slow on one host of b, and "not now" twice: nobody may be sent there before.
cat >"$site/b-02/load.slow" <<-END
	#!/bin/sh
	echo >>"$work/attempts"
	[ \$(wc -l <"$work/attempts") -gt 2 ] || { echo "the weights are on their way" >&2; exit 75; }
	exec "$site/b-02/load" "\$@"
END
chmod +x "$site/b-02/load.slow"
sed -i 's/^hook.load = load$/hook.load = load.slow/' "$site/b-02/quoin.conf"
kill_9 b-02
agent_up b-02

# Models stay where they are when a rule names the place that they have.
route '{"a": 100}'
check_exit placed 0 quoin -q publish rules --wait=60
check_has placed-on-a "on a with 100 %" quoin show 1 --assignment=mover
other() { quoin --json show "$1" --assignment=stays | jq -r '.assignment[0].on[].shard'; }
other_shard=$(other 1)

# shellcheck disable=SC2046 # words
start client "$tools/toy_client" "$site/router-01/state" 2000 Mover -- a $(cat "$site/a-01/port" "$site/a-02/port") \
    -- b $(cat "$site/b-01/port" "$site/b-02/port")
client=$pid
within 10 has_line "$work/client.log" started || give_up client "it does not start"

# asked: how many requests each shard's hosts had, into asked_a and asked_b, each host being asked once.
asked() {
	asked_a=0 asked_b=0
	for asked_host in $hosts_a; do asked_a=$((asked_a + $(told $asked_host | sed 's/asked=\([0-9]*\).*/\1/'))); done
	for asked_host in $hosts_b; do asked_b=$((asked_b + $(told $asked_host | sed 's/asked=\([0-9]*\).*/\1/'))); done
}
has_asked() {
	asked
	[ $((asked_a - before_a + asked_b - before_b)) -ge 800 ]
}
# share LOW HIGH: of the next 800 requests or more, at least LOW and at most HIGH percent go to shard b.
share() {
	asked
	before_a=$asked_a before_b=$asked_b
	within 20 has_asked || return 1
	share_b=$((asked_b - before_b)) share_all=$((asked_a - before_a + asked_b - before_b))
	echo "$share_b of $share_all"
	[ $((share_b * 100)) -ge $(($1 * share_all)) ] && [ $((share_b * 100)) -le $(($2 * share_all)) ]
}
has_mover() { told "$1" | grep -q 'loaded=.*mover@1,'; }
has_no_mover() { ! has_mover "$1"; }

release=1
# step NAME ROUTE LOW HIGH: publish, and see the traffic follow.
step() {
	route "$2"
	release=$((release + 1))
	check_exit "$1" 0 quoin -q publish rules --wait=60
	check "$1-traffic" share "$3" "$4"
}

# ---- step by step: loaded without traffic, a little, half, all; then it leaves
step loaded '{"a": 100, "b": 0}' 0 0
for host in $hosts_a $hosts_b; do check "loaded-on-$host" has_mover $host; done
check loaded-was-waited-for test "$(wc -l <attempts)" -ge 3
route '{"a": 95, "b": 5}'
check_has plan-says "mover@1: a 100 %, b 0 % -> a 95 %, b 5 %" quoin plan rules
step little '{"a": 95, "b": 5}' 2 9
step half '{"a": 50, "b": 50}' 43 57
# The brake, in the midst of it: both shards have the model, so nothing is loaded.
mark b-01 b-02 a-01 a-02
check_exit back 0 quoin -q rollback --wait=60
check back-traffic share 2 9
for host in $hosts_a $hosts_b; do check "back-loads-nothing-on-$host" test -z "$(said $host hook=load && echo loaded)"; done
step half-again '{"a": 50, "b": 50}' 43 57
step all '{"a": 0, "b": 100}' 99 100
for host in $hosts_a; do check "all-still-on-$host" has_mover $host; done
step moved '{"b": 100}' 99 100
for host in $hosts_a; do check "moved-left-$host" within 30 has_no_mover $host; done

# ---- the rule may go: what is placed stays
route
release=$((release + 1))
check_exit unruled 0 quoin -q publish rules --wait=60
check_has unruled-stays "on b with 100 %: it was there in release $((release - 1)), and what is placed stays" \
    quoin show $release --assignment=mover
check unruled-traffic share 99 100
check unruled-moved-nothing-else test "$(other $release)" = "$other_shard"

# ---- in one step: the gate waits for the hosts all the same
step at-once '{"a": 100}' 0 1
for host in $hosts_b; do check "at-once-left-$host" within 30 has_no_mover $host; done

# ---- a shard that drains: what is on it moves by itself; a route to it is refused
shards '"drain": true' >rules/shards.json
check_exit drain-refuses-route 3 quoin check rules
cp check.out said
check drain-says grep -q 'draining' said
route
release=$((release + 1))
check_exit drained 0 quoin -q publish rules --wait=60
check drained-traffic share 99 100
for host in $hosts_a; do check "drained-$host-empty" within 30 has_no_mover $host; done

# ---- no room there: refused before anything is signed, with what is missing
shards >rules/shards.json
sed -i 's/"b-02"\], "capacity": {"memory_mb": 100}/"b-02"], "capacity": {"memory_mb": 80}/' rules/shards.json
route '{"a": 50, "b": 50}'
sed -i 's/"memory_mb": 60/"memory_mb": 90/' rules/models.json
check_exit no-room 3 quoin -q publish rules
cp check.out said
check no-room-says grep -q 'model "mover@1" does not fit where it is routed: shard "b" lacks 10 memory_mb (90 needed, 80 of 80 left)' \
    said

client_down
end_all
