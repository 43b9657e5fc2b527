/* quoin.conf: refused with a line, or every string within its bounds. */
#include <string.h>

#include "formats/conf.h"
#include "lib/assert.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct quoin_conf conf;
	struct quoin_error err = {0};

	if (quoin_conf_parse(quoin_span_of(data, size), "/etc/quoin/quoin.conf", &conf, &err) != 0) {
		QUOIN_ASSERT(err.code == QUOIN_ECONFIG && err.message[0] != '\0');
		QUOIN_ASSERT(conf.property_count == 0 && conf.file[0] == '\0');
		return 0;
	}
	QUOIN_ASSERT(strnlen(conf.root, sizeof conf.root) < sizeof conf.root);
	QUOIN_ASSERT(conf.root[0] == '\0' || conf.root[0] == '/');
	QUOIN_ASSERT(conf.part_count <= QUOIN_PARTS_MAX && conf.property_count <= QUOIN_PROPERTIES_MAX);
	for (size_t i = 0; i < conf.property_count; i++)
		QUOIN_ASSERT(conf.properties[i].name[0] != '\0' && conf.properties[i].value[0] != '\0');
	QUOIN_ASSERT(conf.hook_parallel >= 1 && conf.retain_releases >= 1);
	quoin_conf_clear(&conf);
	return 0;
}
