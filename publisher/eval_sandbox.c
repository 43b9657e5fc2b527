#include "publisher/eval_sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* What an engine without a just-in-time compiler needs to compute: memory, locks between its threads, the processor
 * clock for its watchdog, signals to end itself by, and its own two pipes. */
static const int ALLOWED[] = {
    SCMP_SYS(brk),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(close),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(futex),
    SCMP_SYS(getpid),
    SCMP_SYS(getrandom),
    SCMP_SYS(getrusage),
    SCMP_SYS(gettid),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(madvise),
    SCMP_SYS(mincore),
    SCMP_SYS(mremap),
    SCMP_SYS(munmap),
    SCMP_SYS(nanosleep),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(pread64),
    SCMP_SYS(read),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(rseq),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_yield),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(sysinfo),
    SCMP_SYS(write),
};

static int
allow_calls(scmp_filter_ctx filter)
{
	for (size_t i = 0; i < sizeof ALLOWED / sizeof ALLOWED[0]; i++) {
		int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, ALLOWED[i], 0);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* Calls that are allowed with some arguments, or refused without ending the process because the engine copes. */
static int
allow_with_conditions(scmp_filter_ctx filter)
{
	uint32_t refuse = SCMP_ACT_ERRNO(EACCES);
	int rc = 0;

	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
		    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
		    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* The allocator's scavenger thread comes and goes; it is born behind the same walls. glibc falls back from
	 * clone3, whose flags a filter cannot see, to clone. */
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
		    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
	/* abort() signals itself. */
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
		    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	if (rc == 0)
		rc = seccomp_rule_add(filter, refuse, SCMP_SYS(open), 0);
	if (rc == 0)
		rc = seccomp_rule_add(filter, refuse, SCMP_SYS(openat), 0);
	return rc;
}

/* Forbid all system calls but those above, to all threads. */
static int
filter_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc = ENOMEM;

	if (filter != NULL) {
		rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
		if (rc == 0)
			rc = allow_calls(filter);
		if (rc == 0)
			rc = allow_with_conditions(filter);
		if (rc == 0)
			rc = seccomp_load(filter);
		seccomp_release(filter);
	}
	if (rc != 0) {
		errno = rc < 0 ? -rc : rc;
		return -1;
	}
	return 0;
}

static int
limit(__rlimit_resource_t resource, rlim_t soft, rlim_t hard)
{
	struct rlimit old;
	struct rlimit new = {.rlim_cur = soft, .rlim_max = hard};

	if (getrlimit(resource, &old) != 0)
		return -1;
	if (new.rlim_max > old.rlim_max)
		new.rlim_max = old.rlim_max;
	if (new.rlim_cur > new.rlim_max)
		new.rlim_cur = new.rlim_max;
	return setrlimit(resource, &new);
}

/* Bound the memory to what is there plus "memory_mb". */
static int
limit_memory(uint32_t memory_mb)
{
	unsigned long long size, data;
	unsigned long long more = (unsigned long long)memory_mb << 20;
	unsigned long long page = (unsigned long long)sysconf(_SC_PAGESIZE);
	FILE *f = fopen("/proc/self/statm", "re");
	int fields;

	if (f == NULL)
		return -1;
	fields = fscanf(f, "%llu %*u %*u %*u %*u %llu", &size, &data);
	fclose(f);
	if (fields != 2) {
		errno = EIO;
		return -1;
	}
	if (limit(RLIMIT_AS, size * page + more, size * page + more) != 0)
		return -1;
	return limit(RLIMIT_DATA, data * page + more, data * page + more);
}

static int
limit_cpu(uint32_t cpu_ms)
{
	struct timespec used;
	rlim_t seconds;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0)
		return -1;
	seconds = (rlim_t)used.tv_sec + cpu_ms / 1000 + 2;
	return limit(RLIMIT_CPU, seconds, seconds + 1);
}

int
quoin_eval_sandbox_enter(uint32_t cpu_ms, uint32_t memory_mb, const char **ret_step)
{
	*ret_step = "no_new_privs";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	*ret_step = "processor time";
	if (limit_cpu(cpu_ms) != 0)
		return -1;
	*ret_step = "memory";
	if (limit_memory(memory_mb) != 0)
		return -1;
	*ret_step = "core";
	if (limit(RLIMIT_CORE, 0, 0) != 0)
		return -1;
	*ret_step = "system calls";
	return filter_calls();
}
