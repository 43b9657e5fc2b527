#!/bin/sh
# Stock tools agree with Quoin: minisign -V and b2sum -c verify what it exports, minisign -S signs what it publishes.
. "$(dirname "$0")/lib.sh"
kafka_up
make_namespace minisign
make_host router router
start_gate
start_agent router
cp -r "$top/examples/payments" rules
seq 1 5000 >words
head -c 1500000 /dev/urandom >noise
quoin -q publish --part words=words --part noise=noise -m "for export" --wait=60 || give_up publish "no first release"

# ---- an export
check_exit export 0 quoin export 1 out
check_exit verify 0 quoin --json verify out
check verify-json test "$(jq -c '[.ok, .release]' check.out)" = '[true,1]'
for document in release root activation; do
	ls out/$document.txt.minisig >/dev/null 2>&1 || { not_ok "exports-$document" "$(ls out | tr '\n' ' ')"; continue; }
	# The key that signed it is among those beside it; and only that one verifies it.
	verified=0
	for key in out/keys/*.pub; do
		(cd out && minisign -V -q -p "keys/${key##*/}" -m $document.txt) >/dev/null 2>&1 && verified=$((verified + 1))
	done
	check "stock-minisign-$document" test $verified -eq 1
done
stock_sums() { (cd out && b2sum -l 256 -c release.txt 2>/dev/null); }
check_has stock-b2sum-words "parts/words: OK" stock_sums
check_has stock-b2sum-noise "parts/noise: OK" stock_sums
check same-words cmp words out/parts/words
check same-noise cmp noise out/parts/noise
# What one sees, the others see.
cp -r out bad && printf x | dd of=bad/parts/noise bs=1 seek=700000 conv=notrunc 2>/dev/null
check_exit damaged-part 3 quoin verify bad
check damaged-part-b2sum test "$(cd bad && b2sum -l 256 -c release.txt >/dev/null 2>&1; echo $?)" -ne 0
rm -r bad && cp -r out bad && sed -i 's/^created_ms ./created_ms 2/' bad/release.txt
check_exit damaged-release 4 quoin verify bad
for key in bad/keys/*.pub; do minisign -V -q -p "$key" -m bad/release.txt >/dev/null 2>&1 && not_ok damaged-minisign "$key verifies it"; done
rm -r bad && cp -r out bad && rm bad/parts/words
check_exit missing-part 3 quoin verify bad

# ---- an offline signer
offline() { quoin -q publish "$@" >prepare.out 2>&1 || give_up prepare "$(cat prepare.out)"; }
# The dataset makes way for rules: a guard that has to be waived by name.
offline rules --prepare offline -m "signed elsewhere" --waive parts_removed
check_has waived-is-signed "waived parts_removed" cat offline/release.txt
check prepared-is-not-published test "$(status .head)" = 1
check_exit unsigned 4 quoin publish --from offline
sign offline/release.txt operate
check_exit other-role 4 quoin publish --from offline
sign offline/release.txt release -l
check_exit legacy 4 quoin publish --from offline
sign offline/release.txt release
cp -r offline flipped && sed -i 's/^message .*/message other/' flipped/release.txt
check_exit flipped 4 quoin publish --from flipped
check still-not-published test "$(status .head)" = 1
check_exit from 0 quoin --json publish --from offline
check from-is-2 test "$(jq .release check.out)" = 2
check_has from-log "signed elsewhere" quoin log
check_exit from-again 5 quoin publish --from offline

# Signed in time, but another was faster: to be prepared anew.
offline --part words=noise --prepare late --waive parts_removed
quoin -q publish --part words=words --waive parts_removed || give_up publish "no third release"
sign late/release.txt release
check_exit late 5 quoin publish --from late
check late-is-not-published test "$(status .head)" = 3
