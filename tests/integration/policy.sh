#!/bin/sh
# The policy of a release and the gate's means, with real processes: steps by label and by share, the health hook, shares of
# hosts behind health checked VIPs, hosts that lose their models, exclusions that end, leases and what is kept for them. Every
# fault is to be found by its name in "quoin status" and "quoin why".
. "$(dirname "$0")/lib.sh"
. "$top/tests/integration/outages_lib.sh"

hosts_a='' hosts_b='b-01 b-02 b-03'
shards='{ "b": {"vip": "b.vip:1", "hosts": ["b-01", "b-02", "b-03"], "capacity": {}, "health_checked": true} }'
policy='{"drain_ms": 100, "warm_releases": 1}'
# made DIRECTORY N POLICY: the rules of the outage replays, without the shard that is not here.
made() {
	rules "$@"
	sed -i '/definePlace/d' "$1/rules.js"
}
# asked for, it answers by what lies in the file "health": "sick TEXT", "slow", or "well N": in the first N steps.
mkdir hook
cat >hook/health <<-END
	#!/bin/sh
	read -r word value <$work/hook/say
	echo "\$1 \$word" >>$work/hook/asked
	case \$word in
	sick) echo "errors doubled on release \$1 (\$value)" >&2; exit 1 ;;
	slow) sleep 1000 ;;
	esac
	[ "\$(grep -c "release \$1 reaches step" $work/gate.log)" -lt "\$value" ] && exit 0
	echo "no figures yet" >&2
	exit 75
END
chmod +x hook/health
say() { echo "$*" >"$work/hook/say"; }
say well 9

interval_ms=1000
site_up "gate.health_hook = $work/hook/health" "hook.timeout_ms = 3000"
enrol_options='--label ring=canary'
router router-01
enrol_options=
for host in router-02 router-03 router-04; do router $host; done
for host in $hosts_b; do serving $host b; done
# A model that b-03 shall not have yet: its hook says "not now"; or, "broken": that it does not load.
for host in $hosts_b; do
	sed -i "2i case \$(cat $site/$host/mood 2>/dev/null) in later) echo 'waiting for weights' >&2; exit 75 ;; broken) echo 'out of GPUs' >&2; exit 1 ;; esac" \
	    "$site/$host/load"
done
mood() { echo "$2" >"$site/$1/mood"; }
unloaded() { for unloaded_host in $hosts_b; do ! told $unloaded_host | grep -q " first@$1\b" || return 1; done; }
ready_of() { curl -s -o /dev/null -w '%{http_code}' --unix-socket "$site/$1/ready" http://h/ready; }
is_ready_code() { [ "$(ready_of "$1")" = "$2" ]; }
runs() { status '[.hosts[] | select(.role == "router" and .active == '"$1"') | .host] | join(" ")'; }
is_run_by() { [ "$(runs "$1")" = "$2" ]; }
is_step() { [ "$(status '[.target, .rollout.step] | join(" ")')" = "$1 $2" ]; }
has_failed() { status '.failed[] | select(.release == '"$1"') | .host + ": " + .reason' | grep -qF -- "$2"; }
excluded() { status '.excluded | join(" ")'; }
is_excluded() { [ "$(excluded)" = "$1" ]; }

made good 1 "$policy"
publish first 0 good --wait=60
client One Two

# ---- Steps: by label, by share, everyone; each waits for the hook, and whoever is not reached runs what was before.
made stepped 2 '{"drain_ms": 100, "reach": [{"label": {"ring": "canary"}}, {"percent": 50}, {"percent": 100}]}'
say well 0
mark gate
publish steps 0 stepped
check steps-canary within 20 is_run_by 2 router-01
check steps-canary-waits within 20 said gate "step 1 of release 2 waits for the health hook: no figures yet"
check steps-others-held within 10 is_state router-03 held "reach: step 1 of 3 does not reach it"
check_has steps-others-why "the next step of release 2; reach: step 1 of 3" quoin why router-03
check steps-canary-active is_state router-01 active
check steps-step is_step 2 0
say well 1
# By their buckets, which are the same for ever: router-02 is below 50 percent, the others are not.
check steps-half within 20 is_run_by 2 "router-01 router-02"
check steps-half-step is_step 2 1
check steps-half-others is_run_by 1 "router-03 router-04"
check steps-half-held within 10 is_state router-04 held "reach: step 2 of 3"
say well 9
check steps-all within 30 settled 2
check steps-hook-asked grep -q '^2 well$' hook/asked

# ---- A sick release: everyone returns, whoever had it already.
made sick 3 '{"drain_ms": 100, "reach": [{"percent": 50}, {"percent": 100}]}'
say sick 17
publish sick 3 sick --wait=30
check_has sick-said "health hook: errors doubled on release 3 (17)" cat check.out
check sick-in-status has_failed 3 "health hook: errors doubled on release 3 (17)"
check sick-returned settled 2
# A hook that does not answer in time says the same.
say slow
made slow 4 '{"drain_ms": 100, "reach": [{"percent": 50}, {"percent": 100}]}'
publish slow 3 slow --wait=30
check slow-in-status has_failed 4 "health hook: "
check slow-deadline has_failed 4 deadline
check slow-returned settled 2
# The brake asks nobody.
check_exit brake-sick 0 quoin -q rollback 1 --wait=30
check brake-sick-active settled 1
say well 9

# ---- A share of the hosts: the third takes no requests, and is none of those that are waited for.
made share 5 '{"drain_ms": 100, "serving": {"ready_percent": 60, "ready_hosts_min": 2}}'
mood b-03 later
mark gate
publish share 0 share --wait=30
check share-excluded is_excluded b-03
check share-by-whom test "$(status '.exclusions | map(.host + " " + .exclusion) | join(" ")')" = "b-03 gate"
check share-decided said gate "b-03 is excluded: it is not ready for release 5, which may do without it"
check share-state is_state b-03 excluded "by the gate, as the policy allows, until it is ready"
check share-ready is_ready_code b-03 503
check share-others is_ready_code b-01 200
mood b-03 ok
check share-included within 90 is_excluded ''
check share-settled settled 5
check share-ready-again within 10 is_ready_code b-03 200

# ---- A host that is silent may still be asked by its VIP: only an operator knows, and for a while.
kill -STOP "$(pid_of b-02)"
check silent-offline within 10 is_state b-02 offline
made next 6 '{"drain_ms": 100, "serving": {"ready_percent": 60, "ready_hosts_min": 2}}'
mark gate
publish silent 0 next
check silent-waits within 20 said gate "b-02 is silent, and its VIP may still send to it"
check silent-held within 10 is_state router-01 held "serving.ready_percent: release 6 waits for b-02 (offline)"
check silent-not-selected test "$(status .target)" = 5
# Its word is that the VIP skips the host, whatever that answers when it wakes up.
mv "$site/b-02/ready" "$site/b-02/ready.off"
check_exit silent-exclude 0 quoin -q exclude b-02 --for 4s
check silent-goes-on within 20 is_active 6
check silent-excluded is_state b-02 excluded
kill -CONT "$(pid_of b-02)"
# Its time ends by itself, and it is ready.
check exclude-ends within 30 is_excluded ''
check exclude-ended test "$(quoin --json why b-02 | jq -r '.exclusion + " " + .until')" = "ended $(quoin --json log | jq -r '.intents[0].until')"
check_has exclude-ended-said "; it counts again" quoin why b-02
check exclude-ends-ready within 20 is_state b-02 ready
mv "$site/b-02/ready.off" "$site/b-02/ready"
check exclude-ends-settled settled 6

# ---- What the operator holds: a freeze, and a pin by label.
check_exit freeze 0 quoin -q freeze
made frozen 7 "$policy"
publish frozen 0 frozen
check frozen-held within 20 is_state router-02 held "freeze: release 7 waits"
check_has frozen-why 'release 7: "quoin unfreeze"' quoin why router-02
check_exit unfreeze 0 quoin -q unfreeze
check unfrozen within 30 settled 7
check_exit pin 0 quoin -q pin 6 --label ring=canary --wait=30
check pinned within 20 is_state router-01 pinned
check pinned-others is_state router-02 active
check_exit unpin 0 quoin -q unpin --label ring=canary --wait=30
check unpinned within 30 settled 7
# To what is no longer loaded it takes the road through the live set, and says so until it stands.
check pin-unloaded within 30 unloaded 5
for host in $hosts_b; do mood $host later; done
check_exit pin-waits 6 quoin -q pin 5 --label ring=canary --wait=1
check pin-waits-held within 10 is_state router-01 held "pin: release 5 waits"
check pin-waits-others is_state router-02 active
check_has pin-waits-why "the pin to release 5 (intent " quoin why router-01
check_has pin-waits-status "waits    for the pin to release 5 (intent " quoin status
for host in $hosts_b; do mood $host ok; done
check_exit pin-stands 0 quoin -q pin 5 --label ring=canary --wait=60
check pin-stands-run within 20 is_run_by 5 router-01
check_exit pin-over 0 quoin -q unpin --label ring=canary --wait=30
check pin-over-settled settled 7

# ---- Time: what does not come about in its time holds, with an alarm, or is over, by its policy.
mood b-01 later
made late 8 '{"drain_ms": 100, "step": {"timeout_ms": 1500, "on_timeout": "abort"}}'
publish abort 3 late --wait=30
check abort-in-status has_failed 8 "timed out"
check abort-settled settled 7
made held 9 '{"drain_ms": 100, "step": {"timeout_ms": 1500, "on_timeout": "hold"}}'
mark gate
publish hold 0 held
check hold-loading within 20 is_state b-01 loading "@9: waiting for weights"
check hold-alarm within 20 said gate "release 9 has timed out and holds"
check hold-routers-held within 10 is_state router-01 held "serving: release 9 waits for b-01 (loading "
mood b-01 ok
check hold-ends within 60 settled 9

# ---- Leases. A router that is away counts until its lease ends; then what it may run is kept, until it is heard or forgotten.
away='{"drain_ms": 100, "warm_releases": 0}'
live() { status '[.live[].release] | join(" ")'; }
is_live() { [ "$(live)" = "$1" ]; }
kept() { status '[.kept[] | .host + ":" + (.releases | join(","))] | join(" ")'; }
is_kept() { [ "$(kept)" = "$1" ]; }
made ten 10 "$away"
made eleven 11 "$away"
publish ten 0 ten --wait=30
router router-05 "lease.ms = 3s"
router router-06 "lease.ms = 3s" "lease.on_expiry = refuse"
check lease-settled settled 10
check lease-live within 20 is_live 10
kill -STOP "$(pid_of router-05)"
check lease-ends within 30 is_kept router-05:10
check lease-state is_state router-05 offline
mark gate
publish eleven 0 eleven --wait=30
check lease-holds within 20 said gate "release 10 stays live: it is kept for router-05, whose lease ended"
check lease-holds-live is_live "10 11"
check_has lease-in-status "kept     1 releases for router-05, whose lease ended" quoin status
check_exit forget 0 quoin -q forget router-05
check forget-live within 30 is_live 11
check forget-kept is_kept ''
# It was not gone: it starts nothing before it is counted again, and then what everyone runs.
kill -CONT "$(pid_of router-05)"
check forgotten-knows within 20 has_line "$work/router-05.log" "this router was forgotten"
check forgotten-joins within 30 settled 11

# With "refuse" its readers get nothing after the end, and nothing is kept for them.
resolves() { quoin -c "$site/router-06/quoin.conf" --json resolve One -a userId=u1 | jq -e '.release == 11'; }
refuses() { ! resolves; }
check refuse-resolves within 10 resolves
kill -STOP "$(pid_of router-06)"
check refuse-refuses within 20 refuses
check refuse-others is_state router-01 active
kill -CONT "$(pid_of router-06)"
check refuse-resolves-again within 30 resolves
sed -i '$a lease.on_expiry = refuse' "$site/gate/quoin.conf"
kill_9 gate
gate_up
check refuse-gate within 30 settled 11
mark gate
kill -STOP "$(pid_of router-06)"
check refuse-ends within 30 said gate "the lease of router-06 ended; 0 releases are kept for it"
kill -CONT "$(pid_of router-06)"
check refuse-joins within 30 settled 11
sed -i '$d' "$site/gate/quoin.conf"
kill_9 gate
gate_up

# ---- A router that leaves says so: nobody waits for its lease, which is an hour.
kill "$(pid_of router-04)"
wait "$(pid_of router-04)"
check leaving-state is_state router-04 offline
made twelve 12 "$policy"
publish leaving 0 twelve --wait=30
check leaving-settled settled 12
# It may come back within its lease, and start what was active meanwhile: that stays loaded, unless an operator knows better.
check_exit leaving-forgotten 0 quoin -q forget router-04
client_down

# ---- Models die after the activation: seen at once, an alarm, and back by policy. (Nobody asks them now: what dies by itself
# fails the requests that were on their way.)
dies() {
	for dies_host in $hosts_b; do
		mood $dies_host broken
		"$tools/toy_server" tell "$(cat "$site/$dies_host/port")" 0 unload first "$1" >>"$work/dies.log"
	done
}
lives() { for lives_host in $hosts_b; do mood $lives_host ok; done; }
has_alarm() { status '.alarms[]' | grep -qF -- "$1"; }
has_no_alarm() { [ -z "$(status '.alarms[]')" ]; }
mark gate
dies 12
check died-failed within 20 is_state b-01 failed "first@12: out of GPUs"
check died-ready is_ready_code b-01 503
check died-alarm within 20 has_alarm "too few hosts are ready for release 12, which is in effect: shard b has 0; b-0"
check_has died-status "ALARM    too few hosts are ready for release 12" quoin status
check_has died-why "first@12: out of GPUs" quoin why b-01
check died-gate-alarm within 20 said gate "too few hosts are ready for release 12, which is in effect: shard b: b-01 failed first@12: out of GPUs"
check died-stays test "$(status .active)" = 12
lives
check_exit died-retry 0 quoin -q retry 12
check died-mended within 60 has_no_alarm
check died-mended-ready within 30 is_ready_code b-01 200
made thirteen 13 '{"drain_ms": 100, "on_lost_readiness": "rollback"}'
publish thirteen 0 thirteen --wait=30
dies 13
check lost-back within 60 settled 12
check lost-in-status has_failed 13 "lost its readiness: shard b: b-01 "
check lost-others-loaded within 30 is_ready_code b-02 200
lives

# ---- A disk that is nearly full: the host is unable, not failed, says so, and goes on when there is room.
kill_9 router-03
touch full
LD_PRELOAD=$tools/disk_full.so DISK_FULL=$work/full agent_up router-03
made large 14 "$policy"
jq -c '. + ([range(80) | {"key": "Large\(.)", "value": {"inputType": "T", "modelType": "S", "default": {"name": "first"},
    "config": {"text": ([range(400) | "\(.)-of-many"] | join(" "))}}}] | from_entries)' good/objectives.json >large/objectives.json
publish large 0 large
check full-unable within 30 is_state router-03 unable "no space left on the disk"
check_has full-why "no space left on the disk" quoin why router-03
check full-others-held within 10 is_state router-01 held "routers.staged_percent: release 14 waits"
check full-not-selected test "$(status .target)" = 12
rm full
check full-settled settled 14 60

# ---- The brake to what must be loaded again: it waits for hosts, and for no freeze; nobody is told to unfreeze.
check brake-unloaded within 30 unloaded 11
for host in $hosts_b; do mood $host later; done
check_exit brake-freeze 0 quoin -q freeze --wait=30
check_exit brake-waits 6 quoin -q rollback 11 --wait=1
check brake-waits-held within 10 is_state router-01 held "brake: release 11 waits for b-0"
for host in $hosts_b; do check brake-waits-loading-$host within 10 is_state $host loading "waiting for weights"; done
check_has brake-waits-why "release 11: 3 of 3 serving hosts are not ready: b-01 (loading" quoin why router-01
check brake-rollout test "$(status .rollout.state)" = preparing
for host in $hosts_b; do mood $host ok; done
check brake-settled settled 11 60
check_exit brake-unfreeze 0 quoin -q unfreeze --wait=30
# So with what takes the place of a release that is revoked while it is in effect.
check_exit revoke-warm 0 quoin -q revoke 14 --wait=30
check revoke-unloaded within 30 unloaded 12
for host in $hosts_b; do mood $host later; done
check_exit revoke-waits 6 quoin -q revoke 11 --wait=1
for host in $hosts_b; do check revoke-waits-loading-$host within 10 is_state $host loading "waiting for weights"; done
check_has revoke-waits-status "waits    for release 12, as 11 is revoked: 3 of 3 serving hosts are not ready: b-01 (loading" quoin status
for host in $hosts_b; do mood $host ok; done
check_exit revoke-over 0 quoin -q revoke 11 --wait=60
check revoke-settled settled 12
check_has revoke-asked "waits    for another release: 11, which is asked for, is revoked" quoin status
check_has revoke-named "revoked  11 14" quoin status

# ---- A host that shards.json declares and nobody enrolled is expected, too: its silence counts.
shards=$(printf '%s\n' "$shards" | sed 's/"b-03"\]/"b-03", "b-04"]/')
made declared 15 "$policy"
publish declared 0 declared --waive empty
check declared-unseen within 20 is_state b-04 unseen "release 15 declares it, and it was never enrolled"
check_has declared-why "quoin enrol b-04 --role serving --shard b" quoin why b-04
check declared-held within 10 is_state router-01 held "serving: release 15 waits for b-04 (unseen"
quoin -q enrol b-04 --role serving --shard b --out "$site/b-04/identity" >/dev/null
check enrolled-unseen test "$(state_of b-04)" = "unseen: "
serving b-04 b
check declared-settled settled 15 60

# ---- A release that some host cannot take is refused before it is signed, with the host and the limit.
for limit in "bytes = 2000" "objectives = 1" "models = 2" "attributes = 3"; do
	name=${limit%% *}
	sed -i '/^limit\./d' "$site/router-02/quoin.conf"
	echo "limit.$limit" >>"$site/router-02/quoin.conf"
	kill_9 router-02
	agent_up router-02
	rm -rf limited && made limited 16 "$policy"
	jq -n '[{name: "wide", targetObjectives: ["Two"], model: "third", when: {a: 1, b: 2, c: 3, d: 4}}]' >limited/wide.rules.json
	is_announced() { ! quoin -q publish --dry-run limited >announced.out 2>&1 && has_line announced.out router-02; }
	check "limit-$name-announced" within 30 is_announced
	publish "limit-$name" 3 limited
	check_has "limit-$name-host" router-02 cat check.out
	check_has "limit-$name-named" "limit.$name" cat check.out
done
check limits-nothing-published test "$(newest)" = 15

# ---- A host may be enrolled before its shard is declared: nobody asks it for anything yet.
quoin -q enrol c-01 --role serving --shard c --out "$site/c-01/identity" >/dev/null
has_no_alarm_of_c() { ! has_alarm "shard c has 0"; }
check ahead-unseen test "$(state_of c-01)" = "unseen: "
check ahead-no-alarm has_no_alarm_of_c

# ---- A gate that stands by with keys that nobody believes says so before it is needed.
mkdir -p "$site/stranger"
sed 's/^keys.*/keys = keys/; /hook/d; /metrics/d' "$site/gate/quoin.conf" >"$site/stranger/quoin.conf"
quoin -q -c "$site/stranger/quoin.conf" key generate gate --no-passphrase >/dev/null
start stranger quoin-gate -c "$site/stranger/quoin.conf"
check stranger-said within 30 has_line "$work/stranger.log" "does not name the gate keys of this gate"
kill "$pid"
wait "$pid"
check stranger-ended test $? -eq 0

end_all
