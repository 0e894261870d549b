/* proc_exec.c - what a child is before it begins: limits, death with its parent, environment, descriptors.
 * One table of profiles. Runs in the child itself (`deskhand exec`), between the launcher and the program. */
#include "proc.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MIB ((rlim_t)1 << 20)
#define GIB ((rlim_t)1 << 30)

struct profile {
  const char *name;
  rlim_t memory; /* address space, 0: no limit */
  rlim_t cpu_s;  /* 0: no limit */
  rlim_t files;
  rlim_t file_size;
  bool no_network; /* no sockets but the ones it is given, no tracing, no new kernel programs */
  bool own_folder; /* starts in / */
};

/* Desks have no memory limit: browsers on them reserve terabytes of address space. */
static const struct profile profiles[] = {
    {"worker", 16 * GIB, 0, 65536, 4 * GIB, false, false}, {"reader", 4 * GIB, 0, 256, GIB, true, true},
    {"desk", 0, 0, 4096, 4 * GIB, false, false},           {"pdftoppm", GIB, 20, 64, GIB, true, true},
    {"plain", 4 * GIB, 600, 1024, 4 * GIB, false, false},
};

static const struct profile *find(const char *name)
{
  for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++)
    if (strcmp(profiles[i].name, name) == 0)
      return &profiles[i];
  return NULL;
}

int dh_exec_profile_known(const char *profile)
{
  return find(profile) != NULL;
}

/* ---- environment */

static bool allowed(const char *entry)
{
  static const char *const names[] = {
      "PATH=",         "HOME=",          "USER=",        "LOGNAME=", "TMPDIR=", "XDG_", "TESSDATA_PREFIX=",
      "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "LSAN_OPTIONS="};

  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strncmp(entry, names[i], strlen(names[i])) == 0)
      return true;
  return false;
}

char **dh_exec_environment(char **from, const char *const *extra)
{
  static const char *const fixed[] = {"LC_ALL=C.UTF-8", "OMP_THREAD_LIMIT=1"};
  size_t n = 3, at = 0;
  char **env;

  for (char **e = from; *e; e++)
    n += allowed(*e);
  for (const char *const *e = extra; e && *e; e++)
    n++;
  env = calloc(n, sizeof *env);
  if (!env)
    return NULL;
  for (char **e = from; *e; e++)
    if (allowed(*e))
      env[at++] = *e;
  for (const char *const *e = extra; e && *e; e++)
    env[at++] = (char *)*e;
  env[at++] = (char *)fixed[0];
  env[at++] = (char *)fixed[1];
  return env;
}

/* ---- limits */

static int limit(int what, rlim_t most, const char *name, struct dh_err *err)
{
  struct rlimit have, r;

  if (getrlimit(what, &have))
    return dh_err_errno(err, "the limit of %s cannot be read", name);
  r.rlim_cur = r.rlim_max = have.rlim_max == RLIM_INFINITY || most < have.rlim_max ? most : have.rlim_max;
  return setrlimit(what, &r) ? dh_err_errno(err, "the limit of %s cannot be set", name) : 0;
}

static int limit_all(const struct profile *p, struct dh_err *err)
{
  int rc = limit(RLIMIT_CORE, 0, "core files", err); /* a core holds what was in memory, secrets too */

  if (!rc)
    rc = limit(RLIMIT_NOFILE, p->files, "open files", err);
  if (!rc)
    rc = limit(RLIMIT_FSIZE, p->file_size, "file size", err);
  if (!rc && p->cpu_s)
    rc = limit(RLIMIT_CPU, p->cpu_s, "CPU time", err);
#ifndef __SANITIZE_ADDRESS__ /* the sanitizer reserves 20 TB */
  if (!rc && p->memory)
    rc = limit(RLIMIT_AS, p->memory, "memory", err);
#endif
  return rc;
}

/* ---- system calls */

#if defined __x86_64__
enum { ARCH = AUDIT_ARCH_X86_64 };
#elif defined __aarch64__
enum { ARCH = AUDIT_ARCH_AARCH64 };
#endif

#define REFUSE(call) \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

/* What a reader of foreign bytes never needs. It is a refusal list, because the program is not ours
 * (pdftoppm); our own readers put a list of what is allowed on top, once they have loaded what they need. */
static int refuse_calls(struct dh_err *err)
{
#if defined __x86_64__ || defined __aarch64__
  struct sock_filter filter[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#if defined __x86_64__
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), /* x32 numbers would pass by the list below */
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
#endif
    REFUSE(SYS_socket),
    REFUSE(SYS_connect),
    REFUSE(SYS_ptrace),
    REFUSE(SYS_process_vm_readv),
    REFUSE(SYS_process_vm_writev),
    REFUSE(SYS_bpf),
    REFUSE(SYS_perf_event_open),
    REFUSE(SYS_keyctl),
    REFUSE(SYS_add_key),
    REFUSE(SYS_request_key),
    REFUSE(SYS_io_uring_setup),
    REFUSE(SYS_userfaultfd),
    REFUSE(SYS_mount),
    REFUSE(SYS_unshare),
    REFUSE(SYS_setns),
    REFUSE(SYS_kill),
    REFUSE(SYS_tkill),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};

  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
    return dh_err_errno(err, "this kernel takes no system call filter");
#else
  (void)err;
#endif
  return 0;
}

int dh_exec_setup(const char *profile, pid_t parent, struct dh_err *err)
{
  const struct profile *p = find(profile);
  int rc;

  if (!p)
    return dh_err_set(err, DH_EUSE, "there is no profile '%s'", profile);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL))
    return dh_err_errno(err, "a child cannot be tied to its parent");
  if (parent && getppid() != parent) /* it died before the line above */
    return dh_err_set(err, DH_ECLOSED, "the launcher has ended");
  umask(077);
  if (syscall(SYS_close_range, 4, DH_LOCK_FD - 1, 0) || syscall(SYS_close_range, DH_LOCK_FD + 1, ~0U, 0))
    return dh_err_errno(err, "inherited descriptors cannot be closed");
  if (p->own_folder && chdir("/"))
    return dh_err_errno(err, "cannot enter /");
  rc = limit_all(p, err);
  if (!rc && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    rc = dh_err_errno(err, "privileges cannot be given up");
  if (!rc && p->no_network)
    rc = refuse_calls(err);
  return rc;
}
