#!/bin/sh
# Outages of others, replayed with real processes: what took their fleets down must be refused, or waited out, or gone back
# from, while a client resolves all the time and sends its requests to model servers. Each part begins with what happened.
. "$(dirname "$0")/lib.sh"
. "$top/tests/integration/outages_lib.sh"

# The shim of the clock stands before a sanitizer's own.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0"
hosts_a='a-01 a-02 a-03 a-04 a-05 a-06 a-07 a-08' hosts_b='b-01'
shards='{ "a": {"vip": "a.vip:1", "hosts": ["a-01", "a-02", "a-03", "a-04", "a-05", "a-06", "a-07", "a-08"], "capacity": {}},
  "b": {"vip": "b.vip:1", "hosts": ["b-01"], "capacity": {}, "health_checked": true} }'
policy='{"drain_ms": 100, "warm_releases": 1}'
rules good 1 "$policy"
rules next 2 "$policy"
interval_ms=1000
site_up
router router-01
router router-02 "limit.bytes = 30000" "limit.attributes = 20" "limit.objectives = 40"
for host in $hosts_a; do serving $host a; done
serving b-01 b
# The third host cannot load version 13 of anything.
sed -i '2i if [ "$2" = 13 ]; then echo "the weights are cut short" >\&2; exit 1; fi' "$site/a-03/load"
check_exit first 0 quoin -q publish good --wait=60
client One Two

said_twice() { [ "$(grep -c -- "$2" "$1")" -ge 2 ]; }
is_settled() { [ "$(status '[.active, .target, ([.hosts[] | select(.active != '"$1"' or .stale)] | length)] | join(" ")')" = "$1 $1 0" ]; }
serves() { quoin --json resolve One -a userId=u1 | jq -e '.release == '"$1"; }

# ---- A feature file doubled; its consumers took 200 features and panicked (Cloudflare, November 2025).
cp -r good doubled
jq -c '. + ([range(60) | {"key": "Feature\(.)", "value": {"inputType": "T", "modelType": "S", "default": {"name": "first"}}}] | from_entries)' \
    good/objectives.json >doubled/objectives.json
publish doubled 3 doubled
check_has doubled-names-the-host router-02 cat check.out
check_has doubled-names-the-limit limit.objectives cat check.out
check doubled-nothing-published test "$(newest)" = 1
# The same by its bytes, and waived: then the host itself says no, and the old one serves on, everywhere.
cp -r good heavy
jq -c '.One.config = {"x": ([range(1200) | "\(.)-feature"] | join(" "))} | .Two.config = {"y": ([range(1200) | "\(.)-other"] | join(" "))}' \
    good/objectives.json >heavy/objectives.json
publish heavy 3 heavy
check_has heavy-names-the-limit limit.bytes cat check.out
publish heavy-waived 3 heavy --waive limits --wait=30
check_has heavy-rejected-by router-02 cat check.out
check_has heavy-rejected-why limit.bytes cat check.out
check heavy-in-status test "$(status '.failed[0].host')" = router-02
check heavy-old-serves serves 1
check heavy-settled settled 1

# ---- 21 fields, and a consumer that supplies 20 (CrowdStrike, July 2024).
# fields N: a rule over N attributes, userId being one.
fields() {
	rm -rf "fields-$1" && cp -r good "fields-$1"
	jq -n '[{name: "wide", targetObjectives: ["Two"], model: "third",
	    when: ([range('"$1"' - 1) | {key: "field\(.)", value: ["x"]}] | from_entries)}]' >"fields-$1/wide.rules.json"
}
fields 20
fields 21
publish fields-20-fit 0 --dry-run fields-20
publish fields-21 3 fields-21
check_has fields-21-names-the-host router-02 cat check.out
check_has fields-21-names-the-limit "takes at most 20 attributes (limit.attributes), and the release has 21" cat check.out
check fields-21-nothing-published test "$(newest)" = 2
publish fields-21-waived 3 fields-21 --waive limits --wait=30
check fields-21-in-status test "$(status '.failed[-1] | .host + ": " + .reason')" = \
    "router-02: it has 21 attributes, this host takes 20 (limit.attributes)"
check fields-21-old-serves serves 1

# ---- An empty value, because a pipe broke (Cloudflare, December 2021).
for file in objectives.json models.json shards.json; do
	rm -rf empty && cp -r good empty
	: >"empty/$file"
	check_exit "empty-$file" 3 quoin check empty
	check_has "empty-$file-named" "quoin: $file:1:1: " cat check.out
	publish "empty-$file-not-published" 3 empty
done
echo '{}' >empty/objectives.json
publish empty-object 3 empty
: >nothing
publish empty-part 3 --part features=nothing --waive parts_removed
check_has empty-part-said "part features is empty" cat check.out
check empty-nothing-published test "$(newest)" = 3
check empty-old-serves serves 1

# ---- A policy with blank fields (Google Cloud, June 2025).
turn=0
for blank in '{"serving": {"ready_hosts_min": null}}' '{"serving": {}, "reach": []}' '{"reach": [{}]}' '{"routers": {"staged_percent": ""}}' \
    '{"step": null}' '{"": 1}' '{"reach": [{"label": {}}, {"percent": 100}]}' '{"serving": ""}' ''; do
	turn=$((turn + 1))
	rm -rf blank && cp -r good blank
	printf '%s\n' "$blank" >blank/policy.json
	check_exit "blank-policy-$turn" 3 quoin check blank
	cp check.out said
	check "blank-policy-$turn-place" grep -q 'policy.json:[0-9]*:[0-9]*: ' said
done
publish blank-policy-not-published 3 blank

# ---- An old plan, late, over a newer one, while clean-up runs (AWS, October 2025). Whoever can write to the topics puts old
# activations, heartbeats and statuses after the new ones, under their own names and under the newest's.
rogue=$build/tests/kafka/rogue
late() { "$rogue" "$bootstrap" copy "$@"; }
publish next 0 next --wait=30
before=$(newest)
first_status=$("$rogue" "$bootstrap" list out.status | awk '$2 == "status/a-01" {print $1; exit}')
seq=$("$rogue" "$bootstrap" list out.gate | sed -n 's/.* activation\/\([0-9]*\) .*/\1/p' | sort -n | tail -n 1)
publish newer 0 good --wait=30
publish newest 0 next --wait=30
head=$(newest)
newest_seq=$("$rogue" "$bootstrap" list out.gate | sed -n 's/.* activation\/\([0-9]*\) .*/\1/p' | sort -n | tail -n 1)
check late-activation late out.gate "activation/$seq" out.gate "activation/$seq"
check late-activation-as-newest late out.gate "activation/$seq" out.gate "activation/$newest_seq"
check late-activation-as-next late out.gate "activation/$seq" out.gate "activation/$((newest_seq + 1))"
check late-status late out.status "@$first_status" out.status status/a-01
check late-status-as-another late out.status "@$first_status" out.status status/a-02
check late-release late out.control release/1 out.control "release/$((head + 1))"
check_exit late-clean-up 0 quoin -q gc
publish late-publisher 5 good --expect "$before"
check late-settled settled "$head"
publish late-goes-on 0 good --wait=30
head=$(newest)
check late-goes-on-settled settled "$head"
check_exit late-clean-up-again 0 quoin -q gc --age 1s
# What clean-up left is enough for a host that lost its store.
kill_9 router-02
rm -r "$site/router-02/state"
agent_up router-02
check late-new-store settled "$head"

# ---- One of eight hosts left behind (Knight, 2012). It is named, and nobody is sent to what it lacks.
kill -STOP "$(pid_of a-05)"
publish behind 0 next
head=$((head + 1))
check behind-state within 10 is_state a-05 offline
check_has behind-named "a-05" quoin status
check_has behind-why "a-05 (offline" quoin why router-01
check_has behind-waits "waits    for release $head: 1 of" quoin status
check_has behind-waits-program "a-05 (offline" quoin --json status
check_exit behind-freeze 0 quoin -q freeze --wait=20
check_has behind-frozen "waits    for release $head: \"quoin unfreeze\"" quoin status
check_exit behind-unfreeze 0 quoin -q unfreeze --wait=20
check behind-not-selected test "$(status .target)" = $((head - 1))
kill -CONT "$(pid_of a-05)"
check behind-catches-up settled $head

# ---- A bit flips in the store of a router that runs: its next status says so, and it is mended from the log.
flip() {
	flip_file=$site/router-02/state/out/store/data.mdb
	for flip_at in $(grep -abo "$1" "$flip_file" | cut -d: -f1); do
		printf X | dd of="$flip_file" bs=1 seek="$flip_at" conv=notrunc 2>/dev/null
	done
}
# Its statuses are too quick for a look at each: the log keeps them all.
flip 'defineThird'
check flipped-told within 20 has_line "$work/router-02.log" "release $head, which is active, is damaged in the store: part rules is damaged"
check flipped-mended within 20 has_line "$work/router-02.log" "release $head is mended"
check flipped-well within 10 is_state router-02 active
# While its bodies cannot be had, it stays so, by its name.
kill -USR1 "$broker"
flip 'defineThird'
check flipped-told-alone within 20 said_twice "$work/router-02.log" "is damaged in the store"
kill -USR2 "$broker"
check flipped-mended-again within 60 said_twice "$work/router-02.log" "release $head is mended"
check flipped-settled settled "$head"

# ---- A good file and a bad one, alternating (Cloudflare, November 2025).
cp -r good bad
jq -c '.first.version = "13" | .first.uri = "toy://first/13" | .first.digest = "sha256:'"$(printf 13 | sha256sum | cut -c 1-64)"'"' \
    good/models.json >bad/models.json
for turn in 1 2 3; do
	publish "alternating-bad-$turn" 3 bad --wait=30
	check_has "alternating-bad-$turn-host" a-03 cat check.out
	check_has "alternating-bad-$turn-why" "the weights are cut short" cat check.out
	head=$(newest)
	check "alternating-bad-$turn-never-served" test "$(status .active)" != "$head"
	if [ $((turn % 2)) = 1 ]; then publish "alternating-good-$turn" 0 good --wait=30; else publish "alternating-good-$turn" 0 next --wait=30; fi
	head=$((head + 1))
	check "alternating-good-$turn-active" settled "$head"
done

# ---- The whole fleet restarts at once (Google, June 2025: the herd lasted for hours).
# shellcheck disable=SC2086 # words
kill_9 router-01 router-02 $hosts_a $hosts_b
check herd-old-serves serves "$head"
for name in router-01 router-02 $hosts_a $hosts_b; do agent_up $name; done
check herd-settled settled "$head"
publish herd-goes-on 0 next --wait=30
head=$((head + 1))

# ---- The broker is gone for the whole rollout.
publish brokerless 0 good
kill -USR1 "$broker"
check_exit brokerless-command 6 quoin -q publish next
check_has brokerless-said "nothing was done" cat check.out
is_stale() { quoin --json resolve One -a userId=u1 | jq -e .stale; }
# A router that restarts meanwhile comes up from what it has.
mark router-01
kill_9 router-01
agent_up router-01
served=$(quoin --json resolve One -a userId=u1 | jq .release)
check brokerless-restart within 10 said router-01 "event=serving host=router-01 release=$served stale=1"
check brokerless-stale is_stale
kill -USR2 "$broker"
head=$((head + 1))
check brokerless-settled settled "$head"

# ---- Gate and publisher dead for a day: what runs goes on, stale, through restarts.
kill_9 gate
publish gateless 0 next
gate_is_dead() { [ "$(status .gate.state)" = stale ]; }
check gateless-status within 10 gate_is_dead
mark router-01
kill_9 router-01
CLOCK_SHIFT_S=86400 LD_PRELOAD=$tools/clock_shift.so agent_up router-01
check gateless-a-day-later within 10 said router-01 "event=serving host=router-01 release=$head stale=1"
check gateless-serves serves "$head"
check gateless-stale is_stale
kill_9 router-01
agent_up router-01
gate_up
head=$((head + 1))
check gateless-settled settled "$head"

# ---- Clocks a day off, in either direction, on a router, on serving hosts and on the gate.
kill_9 router-01 a-01 a-02
for ahead in router-01 a-01; do CLOCK_SHIFT_S=86400 LD_PRELOAD=$tools/clock_shift.so agent_up $ahead; done
CLOCK_SHIFT_S=-86400 LD_PRELOAD=$tools/clock_shift.so agent_up a-02
publish clock 0 good --wait=30
head=$((head + 1))
check clock-serves serves "$head"
kill_9 router-01
CLOCK_SHIFT_S=-86400 LD_PRELOAD=$tools/clock_shift.so agent_up router-01
publish clock-behind 0 next --wait=30
head=$((head + 1))
check clock-behind-serves serves "$head"
kill_9 gate
CLOCK_SHIFT_S=86400 LD_PRELOAD=$tools/clock_shift.so gate_up
publish clock-gate 0 good --wait=30
head=$((head + 1))
check clock-gate-serves serves "$head"
# And right again.
kill_9 gate router-01 a-01 a-02
gate_up
for name in router-01 a-01 a-02; do agent_up $name; done
publish clock-right 0 next --wait=30
head=$((head + 1))
check clock-right-settled settled "$head"

client_down
end_all
