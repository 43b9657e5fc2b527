#include "publisher/dev_bind.h"

#include <netinet/in.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Atomic uint16_t wanted_port;

void
quoin_dev_bind_want(uint16_t port)
{
	atomic_store(&wanted_port, port);
}

/* The declaration of <sys/socket.h> has this parameter as a transparent union. */
__attribute__((visibility("default"))) int
bind(int fd, __CONST_SOCKADDR_ARG address, socklen_t bytes)
{
	struct sockaddr_in wanted;
	uint16_t port = atomic_load(&wanted_port);

	if (port != 0 && bytes == sizeof wanted) {
		memcpy(&wanted, address.__sockaddr__, sizeof wanted);
		if (wanted.sin_family == AF_INET && wanted.sin_port == 0 &&
		    wanted.sin_addr.s_addr == htonl(INADDR_LOOPBACK)) {
			wanted.sin_port = htons(port);
			return (int)syscall(SYS_bind, fd, &wanted, bytes);
		}
	}
	return (int)syscall(SYS_bind, fd, address.__sockaddr__, bytes);
}
