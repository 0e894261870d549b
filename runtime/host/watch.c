/* watch.c - ends a script that keeps the CPU. A timer signals the loop's thread; only the signal's handler, on that
 * thread, sets a hook on the Lua thread that runs now (from another thread it would corrupt the VM). The hook raises
 * at every instruction until nothing is left to catch it. A C call that never returns is beyond any hook: then the
 * process ends itself (exit_on_hang) or its supervisor ends it. */
#include "state.h"

#include <lauxlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TICK_MS = 100, GRACE_MS = 900 };

static struct dh_run *volatile watched;
static volatile sig_atomic_t ticks, may_exit;

static void raise_end(lua_State *L, lua_Debug *ar)
{
  (void)ar;
  lua_sethook(L, raise_end, LUA_MASKCOUNT | LUA_MASKLINE | LUA_MASKCALL | LUA_MASKRET, 1);
  luaL_error(L, "the run is over its time");
}

static void say_and_exit(void)
{
  static const char text[] = "deskhand: a robot did not end in its time and could not be stopped; the process ends. "
                             "Its run stands in the journal and is marked failed at the next start.\n";

  if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
    _exit(1);
  _exit(1);
}

static void on_tick(int sig)
{
  struct dh_run *r = watched;
  lua_State *L = dh_running;

  (void)sig;
  if (!r || !L)
    return;
  if (!r->kill)
    r->kill = DH_ETIME;
  lua_sethook(L, raise_end, LUA_MASKCOUNT | LUA_MASKLINE | LUA_MASKCALL | LUA_MASKRET, 1);
  if (++ticks > GRACE_MS / TICK_MS && may_exit)
    say_and_exit();
}

int dh_watch_open(struct dh_host *h, struct dh_err *err)
{
  struct sigevent ev = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 1};
  struct sigaction sa = {.sa_handler = on_tick, .sa_flags = SA_RESTART};

  ev._sigev_un._tid = (pid_t)syscall(SYS_gettid);
  may_exit = h->opt.exit_on_hang;
  if (sigaction(SIGRTMIN + 1, &sa, NULL) || timer_create(CLOCK_MONOTONIC, &ev, &h->timer))
    return dh_err_errno(err, "cannot make a watchdog timer");
  h->has_timer = true;
  return 0;
}

void dh_watch_close(struct dh_host *h)
{
  if (h->has_timer)
    timer_delete(h->timer);
  h->has_timer = false;
}

static void arm(struct dh_host *h, int64_t ms)
{
  struct itimerspec t = {{0, ms ? TICK_MS * 1000000L : 0}, {ms / 1000, ms % 1000 * 1000000L}};

  timer_settime(h->timer, 0, &t, NULL);
}

static int64_t slice_ms(const struct dh_run *r)
{
  int64_t left = r->started_ms + r->time_ms - dh_mono_ms();

  return left < 1 ? 1 : left < r->slice_ms ? left : r->slice_ms;
}

void dh_watch_begin(struct dh_host *h, struct dh_run *r, lua_State *L)
{
  if (watched) /* a task that resumes another one's waiter: the outer slice goes on */
    return;
  dh_running = L;
  watched = r;
  ticks = 0;
  if (h->opt.on_cpu) {
    int64_t now = dh_mono_ms();

    memcpy(h->opt.on_cpu, r->id, sizeof r->id);
    memcpy(h->opt.on_cpu + 40, &now, sizeof now);
  }
  arm(h, slice_ms(r));
}

void dh_watch_end(struct dh_host *h)
{
  watched = NULL;
  dh_running = NULL;
  arm(h, 0);
  if (h->opt.on_cpu)
    h->opt.on_cpu[0] = '\0';
}
