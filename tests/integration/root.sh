#!/bin/sh
# The next root: prepared, signed offline with stock minisign, published; gate and agents follow it, new ones begin with it, and
# what would leave documents behind that nobody believes is refused.
. "$(dirname "$0")/lib.sh"
start_dev
site=$(dirname "$QUOIN_CONF")
seq 1 1000 >words
check_exit publish 0 quoin publish --part words=words --wait=60
check_exit enrol 0 quoin enrol doomed --role router --out doomed

# ---- prepared, signed, published
check_exit prepare 0 quoin root prepare next --expires 400d
check_exit prepare-twice 5 quoin root prepare next
check_exit unsigned 4 quoin root publish next
if command -v minisign >/dev/null; then
	check_exit sign 0 minisign -S -H -s "$site/keys/root.key" -m next/root.txt
else
	check_exit sign 0 quoin root sign next
fi
cp -r next changed && sed -i 's/^epoch 1$/epoch 2/' changed/root.txt
check_exit changed 4 quoin root publish changed
check_exit counts 0 quoin --json root publish next
check counts-json test "$(jq -c . check.out)" = '{"root":2,"unchanged":false}'
check_exit counts-already 0 quoin --json root publish next
check counts-unchanged test "$(jq .unchanged check.out)" = true
follows() { grep -q 'text="root 2"' "$site/log/dev-router.log"; }
check followed within 30 follows
echo more >>words
check_exit publish-under-it 0 quoin publish --part words=words --wait=60
check_exit brake-under-it 0 quoin rollback --wait=60
check_exit export 0 quoin export 2 out
check exported grep -q '^root 2$' out/root.txt
check_exit verify 0 quoin verify out

# ---- a new one begins with it, and with one that revokes a host
check_exit revoke 0 quoin root prepare third --revoke-host doomed
check_exit revoke-sign 0 quoin root sign third
check_exit revoke-counts 0 quoin root publish third
cp third/root.txt newcomer.txt
for signature in third/root.txt.*minisig; do cp "$signature" "newcomer${signature#third/root}"; done
sed "s#^root = .*#root = $work/newcomer.txt#" "$QUOIN_CONF" >"$site/newcomer.conf"
check newcomer test "$(quoin -c "$site/newcomer.conf" --json log | jq -c '[[.releases[].release], [.intents[].action]]')" = '[[2,1],["rollback"]]'
check newcomer-hosts test "$(quoin -c "$site/newcomer.conf" --json status | jq -c '[.hosts[].host]')" = '["dev-router"]'

# ---- what cannot be
check_exit nobody 5 quoin root prepare fourth --revoke-host nobody
key=$(quoin --json key list | jq -r 'select(.role == "release").keyid')
check_exit last-key 2 quoin root prepare fourth --remove "$key"
check_has last-key-says "a threshold must be between 1 and the number of its role's keys" cat check.out
mkdir spare && sed "s#^keys = .*#keys = $work/spare#" "$QUOIN_CONF" >"$site/spare.conf"
check_exit new-key 0 quoin -c "$site/spare.conf" key generate release --no-passphrase
check_exit replace 0 quoin root prepare fourth --remove "$key" --add release=spare/release.pub
check_exit replace-sign 0 quoin root sign fourth
check_exit replace-refused 5 quoin root publish fourth
check_has replace-says "nobody would believe release/1 any more" cat check.out
check_exit two 0 quoin root prepare fifth --add release=spare/release.pub
check_exit two-sign 0 quoin root sign fifth
check_exit two-counts 0 quoin root publish fifth
echo again >>words
check_exit publish-by-the-new 0 quoin -c "$site/spare.conf" publish --part words=words --wait=60
check signed-by-the-new test "$(quoin --json log | jq -r '.releases[0].signers[0].keyid')" = "$(quoin -c "$site/spare.conf" --json key list | jq -r .keyid)"
check_exit no-verb 2 quoin root turn next
check_exit no-changes 2 quoin root sign next --expires 1d
check stop stop_dev
