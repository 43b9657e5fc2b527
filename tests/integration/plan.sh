#!/bin/sh
# What a researcher sees before publishing: plan, diff, guards, and what a rollback would take back.
. "$(dirname "$0")/lib.sh"

# ---- without a broker: against nothing
cp -R "$top/examples/payments" rules
check_has plan-nothing "against nothing" quoin plan rules
check_exit plan-nothing-json 0 quoin --json plan rules
cp check.out plan.json
check plan-nothing-all test "$(jq -c '[(.objectives|length), .decisions.total, .decisions.moved, .before]' plan.json)" = '[4,12,12,0]'
check plan-nothing-keys test "$(jq -c '[has("objectives","models","routes","shards","guards"), (.transfer.bytes_per_host > 0)]' plan.json)" = \
	'[true,true,true,true,true,true]'
check_exit plan-against-none 2 quoin plan rules --against 1
check_exit plan-bad 3 quoin --json plan "$top/examples/bad"
check plan-bad-problems test "$(jq '.problems | length > 5' check.out)" = true
check_exit plan-no-contexts 2 quoin plan rules --contexts nowhere
check_exit plan-usage 2 quoin plan

# ---- on a terminal
coloured() { script -qec "$*" /dev/null </dev/null | grep -q "$(printf '\033')\["; }
check plan-colours coloured env -u NO_COLOR quoin plan rules
check plan-colours-by-empty coloured env NO_COLOR= quoin plan rules
check_exit plan-no-color 1 coloured env NO_COLOR=1 quoin plan rules

# ---- against the active release
start_dev rules
within 60 is_active 1 || give_up dev "release 1 is not active"
check_exit plan-same 0 quoin --json plan rules
check plan-same-nothing test "$(jq -c '[.before, (.objectives|length), (.models|length), (.routes|length), .transfer.bytes_per_host,
	.decisions.total, .decisions.moved, (.decisions.flows|length), (.guards|length)]' check.out)" = '[1,0,0,0,0,12,0,0,0]'
check_has plan-same-says "no objective, model, route or shard differs" quoin plan rules

cp -R rules next
sed -i 's/percent: 10}/percent: 25}/; s/percent: 90}/percent: 75}/; s/kmFromLastLogin: {gte: 500}/kmFromLastLogin: {gte: 800}/' next/rules.js
jq '.ChargebackPrediction.default.name = "fraud-graph" | .ChargebackPrediction.config = {"threshold": 0.3}' rules/objectives.json >next/objectives.json
jq '.["fraud-gbdt"] |= (if type == "array" then map(.demand.memory_mb = 5000) else .demand.memory_mb = 5000 end)' rules/models.json >next/models.json
check_exit plan-next 0 quoin --json plan next
cp check.out plan.json
check plan-objectives test "$(jq -c '[.objectives[] | [.objective, .owner, .change]]' plan.json)" = \
	'[["AccountTakeoverDetection","accounts-security","changed"],["ChargebackPrediction","payments-risk","changed"],["PaymentRetryTiming","payments-billing","changed"]]'
check plan-rules test "$(jq -c '[.objectives[].rules[] | [.rule, .change, .aspects[]]]' plan.json)" = \
	'[["takeover-farAway","changed","when"],["defineRetryCanary","changed","percents"]]'
check plan-default test "$(jq -c '.objectives[1] | [.aspects, .default]' plan.json)" = \
	'[["config","default"],{"from":"chargeback-gbdt@5","to":"fraud-graph@2"}]'
check plan-models test "$(jq -c '[.models[] | [.model, .change, .aspects]]' plan.json)" = \
	'[["chargeback-gbdt@5","removed",[]],["fraud-gbdt@8","changed",["demand"]]]'
check plan-routes test "$(jq -c '[.routes[] | [.model, (.from|length), (.to|length)]]' plan.json)" = '[["chargeback-gbdt@5",1,0]]'
check plan-loads test "$(jq '[.shards[].loads[] | select(.resource == "memory_mb" and .before != .after and .capacity == 65536)] | length > 0' plan.json)" = true
check plan-bytes test "$(jq '.transfer | .bytes_per_host > 0 and .by_role.router > 0 and .by_role.serving > 0' plan.json)" = true
check plan-decisions test "$(jq -c '.decisions | [.total, .moved, .flows]' plan.json)" = \
	'[12,1,[{"objective":"ChargebackPrediction","from":"chargeback-gbdt@5","to":"fraud-graph@2","count":1}]]'
check plan-guards test "$(jq -c .guards plan.json)" = '[]'
check_has plan-says-percents "        retry-timing@14 10 % -> 25 %" quoin plan next
check_has plan-says-when "        when kmFromLastLogin >= 500 -> kmFromLastLogin >= 800" quoin plan next
check_has plan-says-flow "    ChargebackPrediction  1 of 1  chargeback-gbdt@5 -> fraud-graph@2" quoin plan next
check plan-tests test "$(quoin --json plan next | jq -c .tests)" = '{"passed":4,"failed":0}'
cp -R next failing
sed -i '0,/"expect": *{/s//"expect": {"rule": "no such rule", /' failing/payments.test.json
check_exit plan-tests-failing 0 quoin --json plan failing
cp check.out failing.json
check plan-tests-failed test "$(jq -c .tests failing.json)" = '{"passed":3,"failed":1}'
check_has plan-tests-say "3 passed, 1 failed" quoin plan failing
check_exit tests-failing 3 quoin check failing
cp check.out said
check tests-failing-names grep -q '^FAIL payments.test.json:[0-9]* ' said
check tests-failing-expected grep -q '^     rule         expected "no such rule"$' said
check tests-failing-counts grep -q '^tests: 3 passed, 1 failed$' said
check tests-failing-outcome grep -q '^quoin: 1 of 4 tests failed$' said
check_exit tests-failing-json 3 quoin --json check failing
check tests-failing-members test "$(jq -c '[.ok, .error, .tests.passed, .tests.failed, (.tests.cases | map(select(.ok | not)) | length),
	(.tests.cases[] | select(.ok | not) | .misses[0] | [.member, .expected])]' check.out)" = '[false,"EREFUSED",3,1,1,["rule","no such rule"]]'
check_exit tests-failing-publish 3 quoin publish failing
check_has tests-named "ok   payments.test.json:" quoin check next -v
check_exit plan-unknown 5 quoin plan next --against 9
echo '{"objective": "ChargebackPrediction"}' >some.jsonl
echo 'nonsense' >>some.jsonl
check_exit plan-contexts 0 quoin --json plan next --contexts some.jsonl
check plan-contexts-moved test "$(jq -c '.decisions | [.total, .moved, .bad_contexts]' check.out)" = '[2,1,1]'
check plan-stdin test "$(quoin --json plan next --contexts - <some.jsonl | jq -c '.decisions.total')" = 2

# ---- guards: plan shows what publish refuses, until it is waived by name
cp -R next salted
sed -i 's/salt: "retry-14"/salt: "retry-15"/' salted/rules.js
check_exit guard-plan 0 quoin --json plan salted
check guard-plan-says test "$(jq -c '[.guards[] | [.guard, .refuses, .waivable, .file]]' check.out)" = '[["rebucket",true,true,"rules.js"]]'
check_has guard-plan-text "publish with --waive rebucket" quoin plan salted
check_exit guard-refuses 3 quoin --json publish salted
check guard-refuses-why test "$(jq -r '.problems[] | select(.severity == "error") | .code' check.out)" = rebucket
check_exit guard-unknown 2 quoin publish salted --waive rebuckit
check_exit guard-never 2 quoin publish salted --waive closed_world
check_has guard-never-why "the guard closed_world cannot be waived: a request for what has no route" cat check.out
check_exit guard-sizes 2 quoin publish salted --waive sizes
check_has guard-sizes-why "beyond the bounds of the format" cat check.out
check_exit guard-waived 0 quoin publish salted --waive rebucket --wait=60
check guard-in-log test "$(quoin --json log | jq -c '.releases[0].waived')" = '["rebucket"]'
check guard-in-show test "$(quoin --json show 2 | jq -c '.waived')" = '["rebucket"]'
cp "$QUOIN_CONF" saved.conf
echo "guard.rebuckit = 1" >>"$QUOIN_CONF"
check_exit guard-conf-unknown 2 quoin publish rules --dry-run
cp saved.conf "$QUOIN_CONF"
echo "guard.rebucket = 1" >>"$QUOIN_CONF"
check_exit guard-conf 0 quoin publish rules --dry-run
cp saved.conf "$QUOIN_CONF"
head -c 100 /dev/zero >words
check_exit guard-parts 3 quoin publish --part words=words --dry-run

# A live host that announced what it takes: a router for one objective.
quoin -q enrol tiny --role router --out tiny.id || give_up tiny "cannot enrol a host"
grep -E '^(namespace|root|kafka\.)' "$QUOIN_CONF" >"$(dirname "$QUOIN_CONF")/tiny.conf"
cat >>"$(dirname "$QUOIN_CONF")/tiny.conf" <<-END
	identity = $work/tiny.id
	state = $work/tiny.state
	limit.objectives = 1
	status.interval_ms = 60000
END
start tiny quoind -c "$(dirname "$QUOIN_CONF")/tiny.conf"
has_tiny() { quoin --json plan salted | jq -e '.guards[] | select(.guard == "limits")'; }
check limits-plan within 30 has_tiny
check_exit limits-refuses 3 quoin publish salted
cp check.out refusal
check limits-names-host grep -q 'host "tiny" takes at most 1 objectives (limit.objectives), and the release has 4' refusal
check_exit limits-waived 0 quoin publish salted --waive limits --dry-run
kill "$pid"
wait "$pid"
has_no_tiny() { ! has_tiny; }
check limits-left within 30 has_no_tiny
check_exit limits-gone 0 quoin publish salted --dry-run

# ---- between releases
check_exit diff 0 quoin --json diff 1 2
cp check.out diff.json
check diff-objectives test "$(jq -c '[.before, .after, [.objectives[].objective]]' diff.json)" = \
	'[1,2,["AccountTakeoverDetection","ChargebackPrediction","PaymentRetryTiming"]]'
check diff-aspects test "$(jq -c '.objectives[2].rules[0].aspects' diff.json)" = '["percents","buckets"]'
quoin diff 1 2 >one
quoin diff 1 2 >two
check diff-stable cmp one two
check diff-short test "$(wc -l <one)" -lt 30
check_has diff-back "chargeback-gbdt@5 on " quoin diff 2 1
check_has diff-same "no objective, model, route or shard differs" quoin diff 2 2
check_exit diff-unknown 5 quoin diff 1 9
check_exit diff-usage 2 quoin diff 1

# ---- why each model is where it is
check_has assignment "retry-timing@13 needs " quoin show 2 --assignment
check_has assignment-stays "it was there in release 1, and what is placed stays" quoin show 2 --assignment
check_has assignment-not "  not on fraud-" quoin show 2 --assignment=retry-timing@13
check_exit assignment-json 0 quoin --json show 1 --assignment=fraud-graph
cp check.out assignment.json
check assignment-whole test "$(jq -c '.assignment | [length, .[0].model, (.[0] | (.on + .not_on) | length), .[0].on[0].weight]' assignment.json)" = \
	'[1,"fraud-graph@2",2,100000]'
check_exit assignment-unknown 5 quoin show 2 --assignment=nobody

# ---- why a context is decided as it is: from a directory, from the bus, and from this host's store
check_has explain-dir "no: kmFromLastLogin >= 500 does not hold: kmFromLastLogin is 20" \
	quoin resolve AccountTakeoverDetection --dir rules -a kmFromLastLogin:=20 --explain
check_has explain-cell "yes: fraud-graph@2, cell 2 of test 70005" quoin resolve PaymentFraudDetection --release 1 --ab 70005=2 --explain
check_exit explain 0 quoin --json resolve PaymentRetryTiming -a accountId=77 --explain
cp check.out explain.json
check explain-same test "$(jq -c '[.release, .rule, .explain.asked[-1].rule, .explain.asked[-1].verdict, .explain.asked[-1].saw.accountId]' explain.json)" = \
	'[2,"defineRetryCanary","defineRetryCanary","matches","77"]'
check explain-bucket test "$(jq '.explain.asked[-1].bucket < 100000' explain.json)" = true
check explain-config test "$(jq -c '.explain.config_from' explain.json)" = '{"retriesMax":"objective"}'
check_exit explain-lines 2 quoin resolve --contexts some.jsonl --explain
check_exit explain-unknown 3 quoin resolve Nobody --explain

# ---- what a rollback would take back
check_exit dry-run 0 quoin --json rollback --dry-run
check dry-run-lists test "$(jq -c '[.from, .release, [.reverted[] | [.objective, .owner]]]' check.out)" = \
	'[2,1,[["AccountTakeoverDetection","accounts-security"],["ChargebackPrediction","payments-risk"],["PaymentRetryTiming","payments-billing"]]]'
check_has dry-run-text "3 objectives are taken back" quoin rollback --dry-run
check dry-run-only test "$(status .active)" = 2

# ---- in an emergency: shards that are too full, knowingly, and back again
cp -R salted full
jq 'map_values(.capacity.memory_mb = 100)' salted/shards.json >full/shards.json
check_exit full-refuses 3 quoin publish full
cp check.out refusal
check full-says grep -q "or publish with --waive capacity" refusal
check_exit full-waived 0 quoin publish full --waive capacity --waive overlap --wait=60
cp check.out waived
check full-warns grep -q 'a host has 100 (guard capacity is waived)' waived
check full-active test "$(status '[.active, .target] | join(" ")')" = "3 3"
check full-in-log test "$(quoin --json log | jq -c '.releases[0].waived')" = '["capacity","overlap"]'
check_exit full-back 0 quoin publish salted --wait=60
check full-left test "$(status '[.active, .target] | join(" ")')" = "4 4"
check stop stop_dev
