/* sandbox.c - rlimits and a seccomp allow-list for the reader. */
#include "sandbox.h"

#include "io/frame.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum { MEMORY_MAX_MB = 2048 };

static int limit(int what, rlim_t most, const char *name, struct dh_err *err)
{
  struct rlimit r;

  if (getrlimit((__rlimit_resource_t)what, &r))
    return dh_err_errno(err, "cannot see the limit of %s", name);
  if (r.rlim_max != RLIM_INFINITY && r.rlim_max < most)
    most = r.rlim_max;
  r.rlim_cur = r.rlim_max = most;
  if (setrlimit((__rlimit_resource_t)what, &r))
    return dh_err_errno(err, "cannot limit %s", name);
  return 0;
}

static int allow_calls(scmp_filter_ctx filter)
{
  static const int calls[] = {
      SCMP_SYS(read),
      SCMP_SYS(pread64),
      SCMP_SYS(lseek),
      SCMP_SYS(fstat),
      SCMP_SYS(newfstatat),
      SCMP_SYS(close),
      SCMP_SYS(poll),
      SCMP_SYS(ppoll),
      SCMP_SYS(recvmsg),
      SCMP_SYS(sendmsg),
      SCMP_SYS(write),
      SCMP_SYS(memfd_create),
      SCMP_SYS(fcntl),
      SCMP_SYS(mmap),
      SCMP_SYS(munmap),
      SCMP_SYS(mremap),
      SCMP_SYS(madvise),
      SCMP_SYS(brk),
      SCMP_SYS(futex),
      SCMP_SYS(sched_yield),
      SCMP_SYS(getrandom),
      SCMP_SYS(clock_gettime),
      SCMP_SYS(gettimeofday),
      SCMP_SYS(setitimer),
      SCMP_SYS(restart_syscall),
      SCMP_SYS(rt_sigreturn),
      SCMP_SYS(exit),
      SCMP_SYS(exit_group),
#ifdef __SANITIZE_ADDRESS__ /* asked before each jump out of a function */
      SCMP_SYS(sigaltstack),
#endif
  };
  int rc = 0;

  for (size_t i = 0; i < sizeof calls / sizeof calls[0] && !rc; i++) {
    if (calls[i] == SCMP_SYS(mmap)) /* never executable */
      rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    else
      rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
  }
  /* Heaps of threads and freed pages are given back so; code pages are not made. */
  return rc ? rc
            : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                               SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

int ocr_sandbox_enter(struct dh_err *err)
{
  scmp_filter_ctx filter;
  int rc;

#ifndef __SANITIZE_ADDRESS__ /* the sanitizer reserves 20 TB */
  if ((rc = limit(RLIMIT_AS, (rlim_t)MEMORY_MAX_MB << 20, "memory", err)))
    return rc;
#endif
  if ((rc = limit(RLIMIT_FSIZE, 2 * (rlim_t)DH_FRAME_MAX, "file size", err)) ||
      (rc = limit(RLIMIT_NOFILE, 64, "descriptors", err)) || (rc = limit(RLIMIT_CORE, 0, "core files", err)))
    return rc;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
    return dh_err_errno(err, "cannot give up privileges");
  filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
  if (!filter)
    return dh_err_set(err, DH_ENOMEM, "no memory for the filter of system calls");
  rc = allow_calls(filter);
  rc = rc ? rc : seccomp_load(filter);
  seccomp_release(filter);
  return rc ? dh_err_set(err, DH_EIO, "the filter of system calls is refused: %s", strerror(-rc)) : 0;
}
