#!/bin/sh
# Outages of others, replayed with real processes: what took their fleets down must be refused, or waited out, or gone back
# from, while a client resolves all the time and sends its requests to model servers. Each part begins with what happened.
. "$(dirname "$0")/lib.sh"
. "$top/tests/integration/outages_lib.sh"

hosts_a='a-01 a-02 a-03 a-04 a-05 a-06 a-07 a-08' hosts_b='b-01'
shards='{ "a": {"vip": "a.vip:1", "hosts": ["a-01", "a-02", "a-03", "a-04", "a-05", "a-06", "a-07", "a-08"], "capacity": {}},
  "b": {"vip": "b.vip:1", "hosts": ["b-01"], "capacity": {}, "health_checked": true} }'
policy='{"drain_ms": 100, "warm_releases": 1}'
rules good 1 "$policy"
rules next 2 "$policy"
site_up
router router-01
router router-02 "limit.bytes = 30000" "limit.attributes = 20" "limit.objectives = 40"
for host in $hosts_a; do serving $host a; done
serving b-01 b
check_exit first 0 quoin -q publish good --wait=60
client One Two

settled() { within "${2:-30}" is_settled "$1"; }
is_settled() { [ "$(status '[.active, .target, ([.hosts[] | select(.active != '"$1"' or .stale)] | length)] | join(" ")')" = "$1 $1 0" ]; }
state_of() { status '.hosts[] | select(.host == "'"$1"'") | .state'; }
is_state() { [ "$(state_of "$1")" = "$2" ]; }
newest() { status .head; }
serves() { quoin --json resolve One -a userId=u1 | jq -e '.release == '"$1"; }
# publish NAME STATUS ARGUMENT...: with its own exit status.
publish() {
	publish_name=$1 publish_status=$2
	shift 2
	check_exit "$publish_name" "$publish_status" quoin -q publish "$@"
}

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
publish heavy-waived 0 heavy --waive limits
check heavy-rejected within 20 is_state router-02 rejected
check_has heavy-why "limit.bytes" quoin why router-02
check_has heavy-status "limit.bytes" quoin status
check heavy-not-selected test "$(status .target)" = 1
check heavy-old-serves serves 1
check_exit heavy-back 0 quoin -q rollback --wait=30
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
fields 22
publish fields-22 3 fields-22
check_has fields-22-names-the-host router-02 cat check.out
check_has fields-22-names-the-limit limit.attributes cat check.out
check fields-22-old-serves serves 1

# ---- An empty value, because a pipe broke (Cloudflare, December 2021).
for file in objectives.json models.json shards.json rules.js; do
	rm -rf empty && cp -r good empty
	: >"empty/$file"
	if [ $file = rules.js ]; then rm empty/models.json; echo '{}' >empty/models.json; fi
	check_exit "empty-$file" 3 quoin check empty
	check_has "empty-$file-named" "${file%.*}" cat check.out
	publish "empty-$file-not-published" 3 empty
done
echo '{}' >empty/objectives.json
publish empty-object 3 empty
: >nothing
publish empty-part 3 --part features=nothing --waive parts_removed
check empty-nothing-published serves 1

# ---- A policy with blank fields (Google Cloud, June 2025).
for blank in '{"serving": {"ready_hosts_min": null}}' '{"serving": {}, "reach": []}' '{"reach": [{}]}' '{"routers": {"staged_percent": ""}}' \
    '{"step": null}' '{"": 1}' '{"reach": [{"label": {}}, {"percent": 100}]}' '{"serving": ""}' ''; do
	rm -rf blank && cp -r good blank
	printf '%s\n' "$blank" >blank/policy.json
	check_exit "blank-policy $blank" 3 quoin check blank
	check "blank-policy-place $blank" grep -q 'policy.json:[0-9]*:[0-9]*: ' check.out
done
publish blank-policy-not-published 3 blank
date; for i in 1; do
client_down
end_all
done
