#!/bin/sh
# An exported release brings a router up when everything upstream is dead; nothing that a host has ever goes back.
. "$(dirname "$0")/lib.sh"

# host NAME CONF-LINE...: a host that is enrolled, with a configuration of its own.
host() {
	host_name=$1
	shift
	quoin -q enrol "$host_name" "$@" --out "$host_name/identity" || give_up enrol "$host_name"
	{
		grep -E '^(namespace|kafka\.)' "$QUOIN_CONF"
		printf 'root = ../root.txt\nidentity = identity\nstate = state\nstart.wait_ms = 100\n'
	} >"$host_name/quoin.conf"
}
seed() { quoin --json -c "$1/quoin.conf" import "$2" --store; }
answer() { quoin --json -c "${2:-spare}/quoin.conf" resolve PaymentFraudDetection -a userId=u | jq -c "$1"; }
is_settled() { [ "$(status '[.rollout.state, .active] | join(" ")')" = "none $1" ]; }

cp -r "$top/examples/payments" rules
rm -f rules/*.test.json
echo '{"drain_ms": 100}' >rules/policy.json
start_dev rules
within 60 is_settled 1 || give_up first "release 1 is not active"
root=$(sed -n 's/^root *= *//p' "$QUOIN_CONF")
cp "$(cd "$(dirname "$QUOIN_CONF")" && realpath "$root")"* . || give_up root "there is none at $root"
mv "$(basename "$root").minisig" root.txt.minisig 2>/dev/null
mv "$(basename "$root")" root.txt 2>/dev/null
host spare --role router
host serving --role serving --shard fraud-a
check_exit export-1 0 quoin export 1 out-1
jq '.PaymentFraudDetection.config.timeoutMs = 77' "$top/examples/payments/objectives.json" >rules/objectives.json
within 60 is_settled 2 || give_up second "release 2 is not active"
check_exit export-2 0 quoin export 2 out-2
# On the bus everything is there already.
check_exit import-there 0 quoin --json import out-2
check import-there-says test "$(jq -c '[.release, .written, .activation, .bytes.full]' check.out)" = '[2,false,"held",0]'
cp -r out-2 mixed && cp out-1/activation.txt* mixed/
cp -r out-2 damaged && printf x | dd of=damaged/parts/rules bs=1 seek=100 conv=notrunc 2>/dev/null
check_exit import-damaged 3 quoin import damaged
stop_dev

check_exit nothing-yet 5 seed serving out-1
check_has serving-says "only the store of a router is seeded" cat check.out
check_exit damaged 3 seed spare damaged
check damaged-json test "$(jq -c '[.error, .problems, (.message | length > 10)]' check.out)" = '["ECORRUPT",[],true]'
check_exit no-conf-json 2 quoin --json -c nowhere.conf import out-1 --store
check no-conf-json-says test "$(jq -r .error check.out)" = ENOENT
check_exit mixed 5 seed spare mixed
check_has mixed-says "selects release 1" cat check.out
check_exit nothing 2 seed spare nowhere
check no-answer test -z "$(answer .release 2>/dev/null | grep '^[0-9]')"
check_exit seed-1 0 seed spare out-1
check seed-1-json test "$(jq -c . check.out)" = '{"release":1}'
check answers-1 test "$(answer '[.release, .stale]')" = '[1,true]'
check_exit seed-2 0 seed spare out-2
check answers-2 test "$(answer '[.release, .stale, .config.timeoutMs]')" = '[2,true,77]'
# What one router's store has seeds another's, without the parts that routers do not need.
held() { quoin --json -c "$1/quoin.conf" export --store "$2"; }
check_exit held 0 held spare held-2
check held-json test "$(jq -c . check.out)" = '{"ok":true,"release":2}'
check held-files test "$(cd held-2 && echo parts/*)" = 'parts/routes parts/rules'
check held-as-exported cmp held-2/release.txt out-2/release.txt
check held-activation cmp held-2/activation.txt out-2/activation.txt
check_exit held-minisign 0 sh -c 'for key in held-2/keys/*; do minisign -V -p "$key" -m held-2/release.txt && exit 0; done; exit 1'
check_exit held-twice 5 held spare held-2
check_exit held-verify 3 quoin -c spare/quoin.conf verify held-2
check_has held-verify-says "has only the parts that the host holds" cat check.out
check_has held-verify-rest "release 2 is signed, and 2 of 4 parts are there and good" cat check.out
check held-verify-names test "$(grep -o '^quoin: parts/[a-z]*: it is missing' check.out | tr '\n' ,)" = \
    "quoin: parts/models: it is missing,quoin: parts/source: it is missing,"
check_exit held-verify-json 3 quoin --json -c spare/quoin.conf verify held-2
check held-verify-missing test "$(jq -c '[.error, [.problems[] | .code + " " + .file]]' check.out)" = \
    '["EMISSING",["missing parts/models","missing parts/source"]]'
check_exit whole-verify 0 quoin -c spare/quoin.conf verify out-2
check_has whole-verify-says "4 parts, activation " cat check.out
mkdir other && cp -r spare/identity spare/quoin.conf other/
check_exit held-nothing 2 held other held-none
check_exit held-seeds 0 seed other held-2
check held-answers test "$(answer '[.release, .stale, .config.timeoutMs]' other)" = '[2,true,77]'
check_exit held-usage 2 quoin export --store 2 held-3
check_exit again 0 seed spare out-2
# Back: refused, whatever copy of the ratchets is left.
check_exit back 4 seed spare out-1
check_has back-says "has obeyed activation" cat check.out
rm -r spare/state/*/store
check_exit back-without-store 4 seed spare out-1
check_exit seed-anew 0 seed spare out-2
check answers-anew test "$(answer '[.release, .stale]')" = '[2,true]'

# An agent starts on it, with everything dead; while it runs, the store is its own.
start agent quoind -c spare/quoin.conf
check agent-serves within 20 has_line agent.log 'active\|serving'
check_exit in-use 5 seed spare out-2
check_has in-use-says "another agent runs" cat check.out
check agent-answers test "$(answer '[.release, .stale]')" = '[2,true]'
kill "$pid" && wait "$pid"
check agent-ends test $? -eq 0
