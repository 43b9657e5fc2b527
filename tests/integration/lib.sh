# What the integration tests share; sourced by them. They run programs as a user would, from $QUOIN_BUILD/bin, in a directory
# of their own, and print the lines that tests/check.h describes.
set -u
export LC_ALL=C
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$top" && cd "${QUOIN_BUILD:-build/release}" && pwd) || exit 1
export PATH="$build/bin:$PATH"
unset QUOIN_CONF
suite=$(basename "$0" .sh)
work=$(mktemp -d "${TMPDIR:-/tmp}/quoin-$suite.XXXXXX") || exit 1
cd "$work" || exit 1
pids=

# Every process that a test started is ended, and its directory removed, whatever happens.
finish() {
	trap - EXIT INT TERM HUP
	for p in $pids; do kill "$p" 2>/dev/null; done
	for p in $pids; do
		n=0
		while kill -0 "$p" 2>/dev/null && [ $n -lt 300 ]; do sleep 0.05; n=$((n + 1)); done
		kill -9 "$p" 2>/dev/null
	done
	cd / && rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

ok() { echo "ok $suite/$1"; }
# not_ok NAME REASON
not_ok() {
	echo "not ok $suite/$1: $2"
	for log in "$work"/*.log "$work"/.quoin/log/*.log "$work"/*/log/*.log; do
		[ -s "$log" ] && { echo "--- $log"; tail -n 8 "$log"; } >&2
	done
}
# check NAME COMMAND...: the command succeeds.
check() {
	check_name=$1
	shift
	if "$@" >"$work/check.out" 2>&1; then
		ok "$check_name"
	else
		not_ok "$check_name" "$* exited $?: $(tr '\n' ' ' <"$work/check.out" | cut -c 1-300)"
	fi
}
# check_exit NAME STATUS COMMAND...: the command exits with exactly this status; its output is in check.out.
check_exit() {
	check_name=$1 check_want=$2
	shift 2
	"$@" >"$work/check.out" 2>&1
	check_have=$?
	if [ $check_have -eq "$check_want" ]; then
		ok "$check_name"
	else
		not_ok "$check_name" "$* exited $check_have, not $check_want: $(tr '\n' ' ' <"$work/check.out" | cut -c 1-300)"
	fi
}
# check_has NAME TEXT COMMAND...: the command succeeds and its output contains the text.
check_has() {
	check_name=$1 check_text=$2
	shift 2
	if ! "$@" >"$work/has.out" 2>&1; then
		not_ok "$check_name" "$* failed: $(tr '\n' ' ' <"$work/has.out" | cut -c 1-300)"
	elif ! grep -qF -- "$check_text" "$work/has.out"; then
		not_ok "$check_name" "no '$check_text' in: $(tr '\n' ' ' <"$work/has.out" | cut -c 1-300)"
	else
		ok "$check_name"
	fi
}
# Ends the test when going on makes no sense.
give_up() {
	not_ok "$1" "$2"
	exit 1
}

# within SECONDS COMMAND...: whether the command succeeds before the time is over.
within() {
	within_until=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$within_until" ] || return 1
		sleep 0.05
	done
}
has_line() { grep -q -- "$2" "$1" 2>/dev/null; }
is_gone() { ! kill -0 "$1" 2>/dev/null; }

# running TEXT: the ids of processes with the text in their command line, which must be a path of the test's own directory.
running() {
	for running_of in /proc/[0-9]*; do
		{ tr '\0' ' ' <"$running_of/cmdline" | grep -qF -- "$1"; } 2>/dev/null && echo "${running_of#/proc/}"
	done
}

# start NAME COMMAND...: in the background, its output in NAME.log; leaves its id in $pid.
start() {
	start_name=$1
	shift
	: >"$work/$start_name.log" # nobody is to read what an earlier one of this name wrote
	"$@" >"$work/$start_name.log" 2>&1 &
	pid=$!
	pids="$pids $pid"
}

# start_dev [ARGUMENTS]: "quoin dev" up, its id in $dev, QUOIN_CONF set.
start_dev() {
	start dev quoin --json dev "$@"
	dev=$pid
	within 90 has_line "$work/dev.log" '"bootstrap"' || give_up dev "quoin dev is not up: $(tail -n 3 "$work/dev.log" | tr '\n' ' ')"
	QUOIN_CONF=$(sed -n 's/.*"conf":"\([^"]*\)".*/\1/p' "$work/dev.log")
	bootstrap=$(sed -n 's/.*"bootstrap":"\([^"]*\)".*/\1/p' "$work/dev.log")
	export QUOIN_CONF
}
# stop_dev: ends it cleanly; whether it exited 0.
stop_dev() {
	kill "$dev"
	wait "$dev"
}

# status FILTER: a jq filter over "quoin status".
status() { quoin --json status | jq -r "$1"; }
is_active() { [ "$(status .active)" = "$1" ]; }
