#!/bin/sh
# "make install" into an empty place, and the programs of examples/c built and run with what is there and nothing else.
. "$(dirname "$0")/lib.sh"
unset MAKEFLAGS MFLAGS MAKELEVEL
root="$work/root"

# An application of a sanitized library is sanitized, too.
case $(basename "$build") in
asan) sanitize='-fsanitize=address,undefined' ;;
tsan) sanitize='-fsanitize=thread' ;;
*) sanitize='' ;;
esac
check_exit install 0 make -s -C "$top" MODE="$(basename "$build")" BUILD="${build#"$top"/}" DESTDIR="$root" PREFIX=/usr install
for f in bin/quoin bin/quoin-gate bin/quoind libexec/quoin/quoin-eval lib/libquoin.so.1 lib/libquoin.a \
	lib/libquoin-subscriber.so.1 include/quoin.h lib/pkgconfig/quoin.pc lib/pkgconfig/quoin-subscriber.pc \
	lib/systemd/system/quoind.service lib/systemd/system/quoin-gate.service \
	share/bash-completion/completions/quoin share/man/man1/quoin.1 share/man/man5/quoin.conf.5; do
	check "has-$f" test -s "$root/usr/$f"
done
check nothing-else test -z "$(find "$root" -name '*.o' -o -name 'test_*')"

check unit-program grep -q '^ExecStart=/usr/bin/quoind ' "$root/usr/lib/systemd/system/quoind.service"
check unit-complete test -z "$(grep -h '@' "$root"/usr/lib/systemd/system/*.service | grep -v '^SystemCallFilter=@')"
# complete WORD...: what bash makes of a command line that ends so.
complete() {
	bash -c '. "$0" && COMP_WORDS=(quoin "$@") COMP_CWORD=$# && _quoin && echo "${COMPREPLY[@]}"' \
		"$root/usr/share/bash-completion/completions/quoin" "$@"
}
check_has complete-command 'publish' complete pub
check_has complete-behind-options 'rollback' complete --json -c pin roll
check_has complete-option 'waive' complete publish --wai
check_has complete-help 'help' complete show --h
check_exit completion-usage 2 "$root/usr/bin/quoin" completion csh

export PKG_CONFIG_PATH="$root/usr/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$root" LD_LIBRARY_PATH="$root/usr/lib"
export PATH="$root/usr/bin:$PATH"
cp -r "$top/examples/c" c
rm -f c/resolve c/serve c/watch
check_exit builds 0 make -s -C c CFLAGS="-O1 -Wall -Wextra -Werror $sanitize" LDFLAGS="$sanitize"
# So are the programs of the manual.
for page in "$top"/man/*.3; do
	awk -v "base=c/$(basename "$page" .3)" '/^\.Bd -literal/ { inside = 1; first = 1; next } /^\.Ed/ { inside = 0 }
		inside { if (first) { file = /^#include/ ? base "-" ++n ".c" : ""; first = 0 } if (file) print >file }' "$page"
done
sed -i 's/\\e/\\/g' c/quoin*.c
for f in c/quoin*.c; do
	# shellcheck disable=SC2086,SC2046
	check_exit "builds-$(basename "$f" .c)" 0 "${CC:-cc}" -std=c17 -O1 -Wall -Wextra -Werror $sanitize \
		$(pkg-config --cflags quoin-subscriber) -o "${f%.c}" "$f" $(pkg-config --libs quoin-subscriber)
done
check manual-has-programs test -s c/quoin_resolve-2.c
check only-the-library test -z "$(grep -h '#include *"' c/*.c)"
check exports-only-quoin test -z "$(nm -D --defined-only "$root/usr/lib/libquoin.so.1" | grep ' [A-Z] ' | grep -v ' quoin_\| A LIBQUOIN')"

check readers-need-no-kafka test -z "$(readelf -d "$root/usr/lib/libquoin.so.1" | grep rdkafka)"
check exports-only-quoin-subscriber test -z "$(nm -D --defined-only "$root/usr/lib/libquoin-subscriber.so.1" | grep ' [A-Z] ' | grep -v ' quoin_\| A LIBQUOIN')"

# The installed programs find quoin-eval from where they are.
cp -r "$top/examples/payments" rules
start_dev rules
check installed-one-runs test "$(readlink "/proc/$dev/exe")" = "$root/usr/bin/quoin"
state="$work/.quoin/hosts/dev-router/state"
check_has resolve "release 1: fraud-gbdt@8, by rule default" c/resolve "$state" PaymentFraudDetection userId=u-1 amountUsd:=15.49
check_has resolve-cell "fraud-sequence@1, by rule defineFraudTest" c/resolve "$state" PaymentFraudDetection ab:70005=3
check_has resolve-number "fraud-manual-review@3" c/resolve "$state" PaymentFraudDetection amountUsd:=250
check_has resolve-route "goes to fraud-" c/resolve "$state" PaymentFraudDetection
check_exit resolve-unknown 1 c/resolve "$state" NoSuchThing
check_exit resolve-nowhere 1 c/resolve "$work/nowhere" PaymentFraudDetection
check_exit resolve-usage 2 c/resolve
check_exit serve-usage 2 c/serve

start watch c/watch "$state" 2
watch=$pid
check watch-first within 10 has_line watch.log '^release 1$'
sed -i 's/"timeoutMs": 250/"timeoutMs": 300/' rules/objectives.json
sed -i 's/"timeoutMs": 250/"timeoutMs": 300/' rules/payments.test.json
check watch-second within 30 has_line watch.log '^release 2$'
check watch-ends within 10 is_gone "$watch"
check_has resolve-second '"timeoutMs":300' c/resolve "$state" PaymentFraudDetection

# A serving host of its own, in one process.
check_exit serve-enrol 0 quoin enrol serve-01 --role serving --shard fraud-a --out id
grep -E '^(namespace|kafka\.)' .quoin/quoin.conf >serve.conf
{ echo "root = $(sed -n 's/^root = //p' .quoin/quoin.conf | sed "s|^[^/]|.quoin/&|")"; echo 'identity = id'; echo 'state = serve-state'; } >>serve.conf
start serve c/serve serve.conf
serve=$pid
check serve-takes-requests within 30 has_line serve.log '^takes requests$'
check serve-loads grep -q '^load fraud-.* from .' serve.log
kill "$serve"
check serve-ends within 10 is_gone "$serve"
check serve-left grep -q 'event=stopping' serve.log
stop_dev
check dev-ended test $? -eq 0
