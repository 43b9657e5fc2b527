#include "publisher/commands.h"

#define MESSAGE_HELP "  -m TEXT            why, for the log\n"
#define WAIT_HELP    "  --wait[=SECONDS]   wait until the gate has acted; default 600\n"

const struct quoin_command quoin_commands[] = {
	{"init", "[--replicas N] [--no-passphrase]", "Make a namespace: topics, keys, the first root; or join and check one.",
	    "  --replicas N       replicas of the topics; default: the broker's\n"
	    "  --no-passphrase    store the new keys unencrypted\n",
	    quoin_cmd_init},
	{"key", "generate ROLE [--no-passphrase] | list", "Make a key for a role, or list the public keys.",
	    "  ROLE               root, release, operate, gate or enrol\n"
	    "  --no-passphrase    store the key unencrypted\n",
	    quoin_cmd_key},
	{"root",
	    "prepare OUT [--add ROLE=FILE.pub]... [--remove KEYID]... [--threshold ROLE=N]... [--revoke-host HOST]... "
	    "[--expires TIME] | sign OUT | publish OUT",
	    "Give the namespace its next root: other keys, another expiry, hosts that are revoked.",
	    "  prepare OUT        write OUT/root.txt, the present root with these changes, for its signers\n"
	    "  --add ROLE=FILE    a public key for a role; repeatable\n"
	    "  --remove KEYID     take away a key; repeatable\n"
	    "  --threshold ROLE=N how many keys of the role must sign\n"
	    "  --revoke-host HOST never believe the key of this host again; repeatable\n"
	    "  --expires TIME     from now on: 365d; default ten years\n"
	    "  sign OUT           sign it with the root keys in \"keys\"; needs no broker\n"
	    "  publish OUT        put it on the control topic, once enough have signed\n",
	    quoin_cmd_root},
	{"enrol", "HOST --role serving|router [--shard S] [--label K=V]... [--days N] --out DIR",
	    "Make a host's key and certificate.",
	    "  --role ROLE        serving or router\n"
	    "  --shard S          the shard of a serving host\n"
	    "  --label K=V        a label, for pins and steps; repeatable\n"
	    "  --days N           validity; default 365\n"
	    "  --out DIR          where the identity goes; an existing key there is kept\n",
	    quoin_cmd_enrol},
	{"check", "DIR [--against N] [-v]", "Everything short of signing, and the directory's own tests; needs no broker, no keys.",
	    "  --against N        compile against release N, as publish would against the active one\n"
	    "  -v, --verbose      name every test, not only those that fail\n",
	    quoin_cmd_check},
	{"plan", "DIR [--against N] [--contexts FILE]", "What publishing a directory would change, like a review; needs no keys.",
	    "  --against N        compare with release N; default: the active one, or nothing without a configuration\n"
	    "  --contexts FILE    decide these contexts (JSON lines; - is the standard input) by both;\n"
	    "                     default: DIR/contexts.jsonl, if there is one\n",
	    quoin_cmd_plan},
	{"publish",
	    "DIR | --part NAME=FILE... | --from OUT  [-m TEXT] [--meta K=V]... [--expect N] [--waive GUARD]... "
	    "[--wait[=SECONDS]] [--dry-run] [--prepare OUT]",
	    "Publish a rules directory, or any files, as the next release.",
	    "  --part NAME=FILE   a part of any content; repeatable; in place of DIR\n"
	    "  --schema raw       of the parts; raw is the only one for files\n"
	    "  --policy FILE      policy.json for --part\n" MESSAGE_HELP
	    "  --meta K=V         kept in the signed release; repeatable\n"
	    "  --expect N         only on top of release N; else exit 5\n"
	    "  --waive GUARD      let a guard not hold; written into the release; repeatable\n"
	    "  --wait[=SECONDS]   wait until it is active, or sure not to be; default 600\n"
	    "  --dry-run          everything but sending and signing\n"
	    "  --prepare OUT      write OUT/release.txt for an offline signer\n"
	    "  --from OUT         publish what was prepared and signed\n",
	    quoin_cmd_publish},
	{"rollback", "[N] [-m TEXT] [--wait[=SECONDS]] [--dry-run]", "The brake: go back to a release that was fully active.",
	    "  N                  which one; default: the one before\n" MESSAGE_HELP
	    "  --wait[=SECONDS]   wait until every router runs it; default 600\n"
	    "  --dry-run          only list the objectives and owners that would be taken back\n",
	    quoin_cmd_rollback},
	{"pin", "N [--label K=V]... [-m TEXT] [--wait[=SECONDS]]", "Keep routers (those with the labels) on release N.",
	    "  --label K=V        only hosts with this label; repeatable\n"
	    MESSAGE_HELP WAIT_HELP,
	    quoin_cmd_intent},
	{"unpin", "[--label K=V]... [-m TEXT] [--wait[=SECONDS]]", "Take back the pin with these labels.",
	    "  --label K=V        the labels of the pin; none: the pin without labels\n"
	    MESSAGE_HELP WAIT_HELP,
	    quoin_cmd_intent},
	{"revoke", "N [-m TEXT] [--wait[=SECONDS]]", "Never let release N, or its content, become active again.",
	    MESSAGE_HELP WAIT_HELP, quoin_cmd_intent},
	{"freeze", "[-m TEXT] [--wait[=SECONDS]]", "Start and widen no rollout; the brake still works.",
	    MESSAGE_HELP WAIT_HELP, quoin_cmd_intent},
	{"unfreeze", "[-m TEXT] [--wait[=SECONDS]]", "Let rollouts go on.", MESSAGE_HELP WAIT_HELP, quoin_cmd_intent},
	{"exclude", "HOST [--for TIME] [-m TEXT] [--wait[=SECONDS]]", "Leave a host out of what the gate counts.",
	    "  --for TIME         include it again after this time: 30m, 2h, 1d\n"
	    MESSAGE_HELP WAIT_HELP,
	    quoin_cmd_intent},
	{"include", "HOST [-m TEXT] [--wait[=SECONDS]]", "Count a host again.", MESSAGE_HELP WAIT_HELP, quoin_cmd_intent},
	{"forget", "HOST [-m TEXT] [--wait[=SECONDS]]", "Release what a lost router is kept live for.",
	    MESSAGE_HELP WAIT_HELP, quoin_cmd_intent},
	{"retry", "N [HOST] [-m TEXT] [--wait[=SECONDS]]", "Let a failed release try again, everywhere or on one host.",
	    MESSAGE_HELP WAIT_HELP, quoin_cmd_intent},
	{"status", "[--watch]", "What is asked for, active and live; and how every host is doing.",
	    "  --watch            draw it again every second, until Ctrl-C\n",
	    quoin_cmd_status},
	{"why", "HOST", "Why a host runs what it runs, and what it waits for.", NULL, quoin_cmd_why},
	{"log", "[--as-of TIME]", "Releases and intents, newest first.",
	    "  --as-of TIME       as it was then: 2026-11-26T06:49:44Z, or 2h for two hours ago\n",
	    quoin_cmd_log},
	{"show", "N [--assignment[=MODEL]]", "One release: its parts, policy and words.",
	    "  --assignment[=MODEL]  why each model, or this one, is on its shards, and why not on others\n", quoin_cmd_show},
	{"diff", "A B", "What differs between two releases.", NULL, quoin_cmd_diff},
	{"resolve",
	    "OBJECTIVE [-a NAME=TEXT]... [-a NAME:=JSON]... [--ab TEST=CELL]... [--explain] | --contexts FILE  "
	    "[--dir DIR | --export DIR | --release N]",
	    "Decide, as a program on this host would.",
	    "  -a NAME=TEXT       an attribute of the context, a string; NAME:=JSON for other types\n"
	    "  --ab TEST=CELL     the cell that the experimentation platform gave\n"
	    "  --explain          each rule asked, what did not hold and what it saw, the bucket, where each config key is from\n"
	    "  --contexts FILE    contexts as JSON lines; - is the standard input; errors are lines\n"
	    "  --dir DIR          from an authoring directory: no broker, no keys\n"
	    "  --export DIR       from an exported release\n"
	    "  --release N        from the bus; default: the local store\n",
	    quoin_cmd_resolve},
	{"export", "N OUT | --store OUT", "Write release N as files that stock tools can check.",
	    "  --store            what is active in the store of this host, with its activation: for when nobody has an export\n",
	    quoin_cmd_export},
	{"verify", "OUT", "Check an exported release: signatures and every byte.", NULL, quoin_cmd_verify},
	{"import", "OUT [--store]", "Put an exported release on the bus again, or seed this host's store with it.",
	    "  --store            into the store of this host, while no agent runs: for when everything upstream is dead\n",
	    quoin_cmd_import},
	{"gc", "[--dry-run] [--age TIME]", "Remove from the topics what nothing needs any more.",
	    "  --dry-run          only say what would go, and why the rest stays\n"
	    "  --age TIME         only chunks older than this; default 1h: a publication may be on its way\n",
	    quoin_cmd_gc},
	{"dev", "[--port P] [--state DIR] [RULES]", "A broker, a gate and hosts on this machine, to try things out.",
	    "  --port P           of the broker, on 127.0.0.1; default: any\n"
	    "  --state DIR        where everything is kept, also for the next start; default: ./.quoin, removed at the end\n"
	    "  RULES              a rules directory: published now and whenever it changes; its hosts are played\n",
	    quoin_cmd_dev},
	{"completion", "bash", "Print what makes a shell complete quoin's command lines.", NULL, quoin_cmd_completion},
	{0},
};
