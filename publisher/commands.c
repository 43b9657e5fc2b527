#include "publisher/commands.h"

const struct quoin_command quoin_commands[] = {
	{"init", "[--replicas N] [--no-passphrase]", "Make a namespace: topics, keys, the first root; or join and check one.",
	    "  --replicas N       replicas of the topics; default: the broker's\n"
	    "  --no-passphrase    store the new keys unencrypted\n",
	    quoin_cmd_init},
	{"key", "generate ROLE [--no-passphrase] | list", "Make a key for a role, or list the public keys.",
	    "  ROLE               root, release, operate, gate or enrol\n"
	    "  --no-passphrase    store the key unencrypted\n",
	    quoin_cmd_key},
	{"enrol", "HOST --role serving|router [--shard S] [--label K=V]... [--days N] --out DIR",
	    "Make a host's key and certificate.",
	    "  --role ROLE        serving or router\n"
	    "  --shard S          the shard of a serving host\n"
	    "  --label K=V        a label, for pins and steps; repeatable\n"
	    "  --days N           validity; default 365\n"
	    "  --out DIR          where the identity goes; an existing key there is kept\n",
	    quoin_cmd_enrol},
	{0},
};
