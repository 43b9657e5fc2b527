# What the outage replays share: a broker alone, a gate, agents, and toy model servers behind hooks, each a process of its
# own that can be killed and started again. Sourced after lib.sh.
tools=$build/tests/integration
site=$work/site
interval_ms=300 # of statuses: the embedded broker keeps 5 MiB of them

# broker_up: leaves $bootstrap and $broker.
broker_up() {
	start broker "$tools/broker" out.control out.gate out.blobs out.status
	broker=$pid
	within 10 has_line "$work/broker.log" : || give_up broker "it does not start"
	bootstrap=$(head -n 1 "$work/broker.log")
}

# write_conf DIRECTORY LINE...: for a program of the namespace.
write_conf() {
	conf_dir=$1
	shift
	mkdir -p "$conf_dir"
	{
		printf 'namespace = out\nroot = %s/root.txt\n' "$site"
		printf 'kafka.bootstrap.servers = %s\nkafka.fetch.wait.max.ms = 10\n' "$bootstrap"
		printf 'kafka.reconnect.backoff.max.ms = 500\n'
		printf '%s\n' "$@"
	} >"$conf_dir/quoin.conf"
}

# site_up [LINE...]: a namespace on the broker, and its gate, with these lines in its configuration.
site_up() {
	broker_up
	write_conf "$site" "keys = keys" "state = router-01/state"
	export QUOIN_CONF="$site/quoin.conf"
	quoin -q init --no-passphrase >init.out 2>&1 || give_up init "$(cat init.out)"
	write_conf "$site/gate" "keys = ../keys" "gate.heartbeat_ms = 200" "gate.vip_poll_ms = 400" "$@"
	gate_up
}
# again NAME COMMAND...: like start, going on in the log of the process that it replaces.
again() {
	again_name=$1
	shift
	"$@" >>"$work/$again_name.log" 2>&1 &
	pid=$!
	pids="$pids $pid"
}
gate_up() {
	again gate quoin-gate -c "$site/gate/quoin.conf"
	gate=$pid
}

# router NAME [LINE...]: enrolled (with the options in $enrol_options, if any) and running.
router() {
	router_name=$1
	shift
	# shellcheck disable=SC2086 # words
	quoin -q enrol "$router_name" --role router ${enrol_options:-} --out "$site/$router_name/identity" >/dev/null || give_up enrol "$router_name"
	write_conf "$site/$router_name" "identity = identity" "state = state" "status.interval_ms = $interval_ms" "start.wait_ms = 1000" "$@"
	agent_up "$router_name"
}
# serving NAME SHARD [LINE...]: with a toy model server of its own, whose port is in the file port; hooks load into it.
serving() {
	serving_name=$1 serving_shard=$2 serving_dir=$site/$1
	shift 2
	[ -d "$serving_dir/identity" ] || quoin -q enrol "$serving_name" --role serving --shard "$serving_shard" --out "$serving_dir/identity" >/dev/null ||
	    give_up enrol "$serving_name"
	start "server-$serving_name" "$tools/toy_server" serve "$serving_dir/port"
	within 10 test -s "$serving_dir/port" || give_up "server-$serving_name" "it does not start"
	for serving_hook in load:30:load validate:0:has unload:0:unload check:0:has; do
		serving_word=${serving_hook##*:} serving_delay=${serving_hook#*:}
		printf '#!/bin/sh\nexec "%s/toy_server" tell %s %s %s "$@"\n' "$tools" "$(cat "$serving_dir/port")" \
		    "${serving_delay%%:*}" "$serving_word" >"$serving_dir/${serving_hook%%:*}"
		chmod +x "$serving_dir/${serving_hook%%:*}"
	done
	write_conf "$serving_dir" "identity = identity" "state = state" "status.interval_ms = $interval_ms" "start.wait_ms = 1000" \
	    "hook.load = load" "hook.validate = validate" "hook.unload = unload" "hook.check = check" "hook.check_ms = 500" "hook.retries = 1" \
	    "ready.listen = unix:$serving_dir/ready" "$@"
	agent_up "$serving_name"
}
# agent_up NAME: leaves its process in pid_NAME (with _ for -), too.
agent_up() {
	again "$1" quoind -c "$site/$1/quoin.conf"
	eval "pid_$(echo "$1" | tr - _)=$pid"
}
pid_of() { eval "echo \$pid_$(echo "$1" | tr - _)"; }

# told NAME: what its toy server counted.
told() { "$tools/toy_server" tell "$(cat "$site/$1/port")" 0 count; }

# rules DIRECTORY N POLICY: objectives One and Two, and what differs from N to N: the models' versions and places.
rules() {
	mkdir -p "$1"
	cat >"$1/objectives.json" <<-END
	{ "One": {"inputType": "T", "modelType": "S", "default": {"name": "first"}},
	  "Two": {"inputType": "T", "modelType": "S", "default": {"name": "second"}} }
	END
	for rules_model in first:$2 second:$(($2 % 2)) third:1; do
		rules_key=${rules_model%:*} rules_version=${rules_model#*:}
		printf '%s"%s": {"version": "%s", "inputType": "T", "modelType": "S", "uri": "toy://%s/%s", "digest": "sha256:%s"}' \
		    "$([ "$rules_key" = first ] && echo '{ ' || echo ', ')" "$rules_key" "$rules_version" "$rules_key" "$rules_version" \
		    "$(printf '%s@%s' "$rules_key" "$rules_version" | sha256sum | cut -c 1-64)"
	done >"$1/models.json"
	echo ' }' >>"$1/models.json"
	printf '%s\n' "${shards:?}" >"$1/shards.json"
	printf '%s\n' "$3" >"$1/policy.json"
	# The third model wanders from shard to shard; users are divided between it and the first.
	cat >"$1/rules.js" <<-END
	function defineThird() { return {targetObjectives: ["One"], split: [{model: "third", percent: 50}, {model: "first", percent: 50}]}; }
	function definePlace() { return {route: {"$([ $(($2 % 2)) -eq 0 ] && echo a || echo b)": 100}, model: "third"}; }
	END
}

# kill_9 NAME...: each agent, or the gate, is gone when it returns.
kill_9() {
	for kill_name in "$@"; do
		if [ "$kill_name" = gate ]; then kill_pid=$gate; else kill_pid=$(pid_of "$kill_name"); fi
		kill -9 "$kill_pid" 2>/dev/null
		wait "$kill_pid" 2>/dev/null
	done
}
# mark NAME...: what their logs have so far is not looked at by said.
mark() { for mark_name in "$@"; do wc -l <"$work/$mark_name.log" >"$work/$mark_name.mark"; done; }
said() { tail -n +"$(($(cat "$work/$1.mark") + 1))" "$work/$1.log" | grep -qF -- "$2"; }

# client OBJECTIVE...: the toy client on router-01's store, against the hosts of shard a ($hosts_a), each of them, and of
# shard b ($hosts_b), those whose /ready says 200; its process is in $client.
client() {
	client_hosts="-- a"
	for client_host in $hosts_a; do client_hosts="$client_hosts $(cat "$site/$client_host/port")"; done
	client_hosts="$client_hosts -- b"
	for client_host in $hosts_b; do
		client_hosts="$client_hosts $(cat "$site/$client_host/port")=$site/$client_host/ready"
	done
	# shellcheck disable=SC2086 # words
	start client "$tools/toy_client" "$site/router-01/state" 2000 "$@" $client_hosts
	client=$pid
	within 10 has_line "$work/client.log" started || give_up client "it does not start: $(tail -n 2 "$work/client.log")"
}
# client_down: it ends, and tells that no request met an unready host and that every resolve went well.
client_down() {
	kill "$client"
	wait "$client"
	check client-ended test $? -eq 0
	check resolves-failed-0 test "$(counted failed)" = 0
	check requests-to-unready-hosts-0 test "$(counted refused)" = 0
	check requests-unanswered-0 test "$(counted unreachable)" = 0
	check requests-answered test "$(counted answered)" -ge 1000
	for client_host in $hosts_a $hosts_b; do check_has "server-$client_host-refused-0" " refused=0 " told "$client_host"; done
}
# counted NAME: of the client's last line.
counted() { sed -n "s/^resolves=.*/ &/; s/.* $1=\([0-9]*\).*/\1/p" "$work/client.log"; }

# What status says of the fleet, and of one host: its state is named, with a text in its reason.
state_of() { status '.hosts[] | select(.host == "'"$1"'") | .state + ": " + .reason'; }
# is_state HOST STATE [TEXT]
is_state() {
	case $(state_of "$1") in
	"$2: "*"${3:-}"*) return 0 ;;
	*) return 1 ;;
	esac
}
is_settled() { [ "$(status '[.active, .target, ([.hosts[] | select(.state != "offline" and (.active != '"$1"' or .stale))] | length)] | join(" ")')" = "$1 $1 0" ]; }
settled() { within "${2:-30}" is_settled "$1"; }
newest() { status .head; }
# publish NAME STATUS ARGUMENT...: with its own exit status.
publish() {
	publish_name=$1 publish_status=$2
	shift 2
	check_exit "$publish_name" "$publish_status" quoin -q publish "$@"
}

# Nobody is missed: what was killed is not waited for.
end_all() {
	for end_pid in $pids; do kill -9 "$end_pid" 2>/dev/null; done
	wait 2>/dev/null
}
