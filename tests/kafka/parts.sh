#!/bin/sh
# Releases whose signature is right and whose parts are not (a stolen release key, a broken publisher, blobs that were tampered
# with): no host gives them to readers, none dies or swells, the brake leads back, the next honest release is served.
. "$(dirname "$0")/lib.sh"
kafka_up
make_namespace parts
make_host router router
start_gate
start_agent router
echo "honest words" >words
quoin -q publish --part words=words --wait=60 || give_up publish "no first release"
router_runs() { [ "$(status '.hosts[0].active')" = "$1" ]; }
router_log=$work/$ns-router.log

# evil NAME REASON BYTES CONTENT PACKED SENT: the next release; its part is signed as BYTES bytes of the file CONTENT in the
# packed form PACKED; SENT is what is on the topic ("" for nothing).
number=1
previous=one
rogue get $ns.control release/1 one || give_up genuine "release 1 is not on the topic"
evil() {
	content=$(hash_of "$4") packed=$(hash_of "$5") bytes=$(stat -c %s "$5")
	[ -z "$6" ] || rogue put $ns.blobs "$content/full/0" "$6"
	place=$(($(rogue range $ns.blobs | cut -d' ' -f2) - 1))
	sed "s/^release .*/release $((number + 1))/; s/^head .*/head $number $(hash_of $previous)/; s/^part .*/part words raw $3/
s/^BLAKE.*/BLAKE2b-256 (parts\/words) = $content/; s/^encoding .*/encoding full - $bytes $packed 1/
s/^chunk .*/chunk $packed $bytes $place 0/" one >"evil.$1"
	sign "evil.$1" release
	number=$((number + 1))
	previous=evil.$1
	rogue put $ns.control release/$number "evil.$1" minisig="evil.$1.minisig"
	check "$1-is-head" test "$(status .head)" = $number
	check "$1-refused" within 20 has_line "$router_log" "release.$number.*$2"
	check "$1-lives" kill -0 "$(pid_of router)"
	check "$1-serves" router_runs 1
}
: >nothing
head -c 4000 /dev/urandom >four
rogue pack nothing 200000000 bomb
rogue pack four 5000 five.packed
rogue pack four 4000 four.packed
head -c "$(stat -c %s four.packed)" /dev/urandom >garbage
evil bomb "does not unpack to what was signed" 4000 nothing bomb bomb
evil larger "does not unpack to what was signed" 4000 four five.packed five.packed
evil shorter "does not unpack to what was signed" 6000 five.packed five.packed five.packed
evil held "was signed with 5000 bytes" 5000 words four.packed four.packed
evil other-bytes "ECORRUPT\|does not have the bytes" 4000 four four.packed garbage
head -c 4001 /dev/urandom >never
rogue pack never 4001 never.packed
evil missing "EMISSING\|is not there" 4001 never never.packed ""
swollen_kb=$(awk '/^VmHWM/ { print $2 }' "/proc/$(pid_of router)/status")
check not-swollen test "$swollen_kb" -lt 100000
check_has status-says "router" quoin status
# What a router rejects fails the release (quoin-gate(8)): the reason stays in the status with the host that gave it.
check status-reason test "$(status '[.failed[] | select(.host == "router" and (.reason | length) > 0)] | length > 0')" = true

check_exit brake 0 quoin -q rollback 1 --wait=20
echo "more words" >words
check_exit honest 0 quoin -q publish --part words=words --wait=30
check honest-active router_runs $((number + 1))
