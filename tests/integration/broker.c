/*
 * The embedded broker alone, for tests that start and kill every other process themselves.
 *
 *	broker TOPIC...
 *
 * Its first line is where it listens. SIGUSR1: gone, connections are refused; SIGUSR2: there again, with all it had.
 */
#include <signal.h>
#include <stdio.h>

#include "lib/bus.h"

int
main(int argc, char **argv)
{
	struct quoin_error err = {0};
	struct quoin_bus_mock *mock;
	const char *bootstrap;
	sigset_t signals;
	int number = 0;

	/* Before the broker's threads are there. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGUSR2);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (argc < 2 || quoin_bus_mock_open((const char *const *)(argv + 1), (size_t)argc - 1, &mock, &bootstrap, &err) != 0) {
		fprintf(stderr, "broker: %s\n", err.message);
		return 1;
	}
	printf("%s\n", bootstrap);
	fflush(stdout);
	while (sigwait(&signals, &number) == 0 && number != SIGTERM) {
		if (number == SIGUSR1)
			quoin_bus_mock_down(mock);
		else
			quoin_bus_mock_up(mock);
	}
	quoin_bus_mock_close(mock);
	return 0;
}
