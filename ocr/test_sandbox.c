/* test_sandbox.c - what a closed reader can still do: nothing but read, answer and think. Each attempt is
 * made in a child of its own, which says how it ended by its exit status. */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { REFUSED = 10, ALLOWED = 11, BROKEN = 12 };

/* Runs attempt in a closed child; the sandbox is entered there and cannot be left. */
static int inside(long (*attempt)(void))
{
  int status;
  pid_t pid = fork();

  if (pid == 0) {
    struct dh_err err = {0};

    if (ocr_sandbox_enter(&err))
      _exit(BROKEN);
    errno = 0;
    _exit(attempt() == -1 && errno == EPERM ? REFUSED : ALLOWED);
  }
  assert_true(pid > 0);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static long try_open(void)
{
  return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
}

static long try_exec(void)
{
  char *argv[] = {"/bin/true", NULL};

  return execv(argv[0], argv);
}

static long try_fork(void)
{
  return syscall(SYS_clone, 0x11 /* SIGCHLD */, 0, 0, 0, 0);
}

static long try_socket(void)
{
  return socket(AF_INET, SOCK_STREAM, 0);
}

static long try_ptrace(void)
{
  return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static long try_kill(void)
{
  return syscall(SYS_kill, getppid(), 0);
}

static long try_code(void)
{
  return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static long try_rlimit(void)
{
  struct rlimit r = {RLIM_INFINITY, RLIM_INFINITY};

  return setrlimit(RLIMIT_NOFILE, &r);
}

static void test_refused(void **state)
{
  long (*const attempts[])(void) = {try_open,   try_exec, try_fork, try_socket,
                                    try_ptrace, try_kill, try_code, try_rlimit};

  (void)state;
  for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++)
    assert_int_equal(inside(attempts[i]), REFUSED);
}

/* What it lives on is left: memory without code, a file in memory. -1 with EPERM would be a refusal. */
static long try_memory(void)
{
  void *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  return p == MAP_FAILED || memfd_create("answer", 0) < 0 ? -1 : 0;
}

static void test_allowed(void **state)
{
  (void)state;
  assert_int_equal(inside(try_memory), ALLOWED);
}

/* The ceilings hold: a map of more than them ends with ENOMEM, a 65th descriptor with EMFILE. */
static long try_too_much(void)
{
#ifndef __SANITIZE_ADDRESS__
  if (mmap(NULL, (size_t)3 << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) !=
          MAP_FAILED ||
      errno != ENOMEM)
    return 0;
#endif
  for (int i = 0; i < 64; i++)
    if (memfd_create("one of many", 0) < 0) {
      int seen = errno;

      errno = EPERM; /* as inside() counts a refusal */
      return seen == EMFILE ? -1 : 0;
    }
  return 0;
}

static void test_ceilings(void **state)
{
  (void)state;
  assert_int_equal(inside(try_too_much), REFUSED);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_refused), cmocka_unit_test(test_allowed),
                                     cmocka_unit_test(test_ceilings)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
