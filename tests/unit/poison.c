/*
 * Linked into quoind in place of what verifies rules: rules of QUOIN_POISON_BYTES crash the process that reads them
 * (QUOIN_POISON=crash), or take the agent along (QUOIN_POISON=die); each reading leaves a byte in QUOIN_POISON_LOG. All else
 * is verified as ever.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/rules.h"

int __real_quoin_rules_verify(const struct quoin_image *image, struct quoin_rules *ret, struct quoin_error *err);
int __wrap_quoin_rules_verify(const struct quoin_image *image, struct quoin_rules *ret, struct quoin_error *err);

static void
note(void)
{
	int fd = open(getenv("QUOIN_POISON_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd == -1 || write(fd, "x", 1) != 1)
		_exit(1);
	(void)close(fd);
}

int
__wrap_quoin_rules_verify(const struct quoin_image *image, struct quoin_rules *ret, struct quoin_error *err)
{
	const char *how = getenv("QUOIN_POISON"), *bytes = getenv("QUOIN_POISON_BYTES");
	size_t sum = 0;

	for (size_t i = 0; i < image->count; i++)
		sum += image->segments[i].len;
	if (how == NULL || bytes == NULL || sum != strtoull(bytes, NULL, 10))
		return __real_quoin_rules_verify(image, ret, err);
	note();
	if (strcmp(how, "die") == 0)
		(void)kill(getppid(), SIGKILL);
	(void)signal(SIGSEGV, SIG_DFL);
	(void)raise(SIGSEGV);
	_exit(1);
}
