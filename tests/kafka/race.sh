#!/bin/sh
# Several publishers at once: exactly one gets the number, the others exit 5, nothing is lost, no gap.
. "$(dirname "$0")/lib.sh"
kafka_up
make_namespace race

# one_of ROUND I [OPTION]...: publisher I of a round, with content of its own; its exit status goes to ROUND.I.status.
one_of() {
	echo "round $1 publisher $2" >"part.$1.$2"
	one_round=$1 one=$2
	shift 2
	quoin --json publish --part "words=part.$one_round.$one" "$@" >"out.$one_round.$one" 2>&1
	echo $? >"status.$one_round.$one"
}
# race ROUND COUNT [OPTION]...
race() {
	round=$1 count=$2
	shift 2
	racers=
	for i in $(seq "$count"); do
		one_of "$round" "$i" "$@" &
		racers="$racers $!"
	done
	wait $racers
	won=$(cat status."$round".* | grep -cx 0)
	lost=$(cat status."$round".* | grep -cx 5)
	[ $((won + lost)) = "$count" ] || for i in $(seq "$count"); do
		echo "round $round, $i: exit $(cat "status.$round.$i"): $(cat "out.$round.$i")" >&2
	done
}

# ---- all with the same expectation: never more and never fewer than one
head=0
for round in 1 2 3 4 5 6; do
	race $round 2 --expect $head
	head=$((head + 1))
	check "round-$round" test "$won $lost" = "1 1"
done
race 7 4 --expect $head
head=$((head + 1))
check round-7-of-four test "$won $lost" = "1 3"

# ---- without one, each expects the head that it finds when it starts
conflicts=0
for round in 8 9 10 11; do
	race $round 3
	check "round-$round" test $((won + lost)) = 3 -a "$won" -ge 1
	head=$((head + won))
	conflicts=$((conflicts + lost))
done
check conflicts test $conflicts -ge 1

# ---- beside operators: every intent gets its number, too
race_intents() {
	quoin -q freeze & freeze=$!
	one_of 12 1 &
	racer=$!
	quoin -q unfreeze & unfreeze=$!
	wait $freeze; frozen=$?
	wait $unfreeze; unfrozen=$?
	wait $racer
}
race_intents
won=$(grep -cx 0 status.12.1)
check operators-codes test "$(printf '%s\n' $frozen $unfrozen "$(cat status.12.1)" | grep -cvx '[05]')" = 0
head=$((head + won))
intents=$(printf '%s\n' $frozen $unfrozen | grep -cx 0)

# ---- what is on the topic, and in it what each winner was told
check head test "$(status .head)" = $head
check log test "$(quoin --json log | jq -c '[.releases[].release] | sort')" = "$(seq $head | jq -cs .)"
check intents test "$(quoin --json log | jq '.intents | length')" = "$intents"
rogue list $ns.control | awk '$2 ~ /^release\// { print $2 }' >keys
seq $head | sed 's/^/release\//' >wanted
check once-and-in-order cmp keys wanted
lost=0
for told in status.*; do
	[ "$(cat "$told")" = 0 ] || continue
	number=$(jq .release "out.${told#status.}")
	quoin -q export "$number" "export.$number" && cmp -s "part.${told#status.}" "export.$number/parts/words" || lost=$((lost + 1))
done
check nothing-lost test $lost = 0
check none-refused test "$(status .refused_documents)" = 0
