/* watch.c - ends a script that keeps the CPU. A timer signals the loop's thread; only the signal's handler,
 * on that thread, sets a hook on the Lua thread that runs now (from another thread it would corrupt the VM).
 * The hook raises at every instruction until nothing is left to catch it. A C call that never returns is
 * beyond any hook: then the process ends itself (exit_on_hang) or its supervisor ends it. */
#include "state.h"

#include <lauxlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TICK_MS = 100, GRACE_MS = 900 };

static struct dh_run *volatile watched;
static volatile sig_atomic_t ticks, may_exit;
/* The timer is set when it would fire too late for a slice, and otherwise left as it is: most slices last
 * microseconds, and two system calls for each would cost more than they do. */
static timer_t timer;
static int users;                         /* hosts that have it */
static volatile int64_t due_ms, fires_ms; /* end of the slice; when the timer fires, 0: it is not set */

static void raise_end(lua_State *L, lua_Debug *ar)
{
  (void)ar;
  lua_sethook(L, raise_end, LUA_MASKCOUNT | LUA_MASKLINE | LUA_MASKCALL | LUA_MASKRET, 1);
  luaL_error(L, "the run is over its time");
}

static void say_and_exit(void)
{
  static const char text[] =
      "deskhand: a robot did not end in its time and could not be stopped; the process ends. "
      "Its run stands in the journal and is marked failed at the next start.\n";

  if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
    _exit(1);
  _exit(1);
}

/* Async-signal-safe, as is everything that on_tick calls. */
static void arm(int64_t ms)
{
  struct itimerspec t = {{0, 0}, {ms / 1000, ms % 1000 * 1000000L}};

  fires_ms = dh_mono_ms() + ms;
  timer_settime(timer, 0, &t, NULL);
}

static void on_tick(int sig)
{
  struct dh_run *r = watched;
  lua_State *L = dh_running;
  int64_t left = due_ms - dh_mono_ms();

  (void)sig;
  fires_ms = 0;
  if (!r || !L)
    return;
  if (left > 0) { /* it was set for an earlier slice, which ended in time */
    arm(left);
    return;
  }
  if (!r->kill)
    r->kill = DH_ETIME;
  lua_sethook(L, raise_end, LUA_MASKCOUNT | LUA_MASKLINE | LUA_MASKCALL | LUA_MASKRET, 1);
  arm(TICK_MS);
  if (++ticks > GRACE_MS / TICK_MS && may_exit)
    say_and_exit();
}

/* One timer for the thread, whatever number of hosts it has: a robot is also declared while others run. */
int dh_watch_open(struct dh_host *h, struct dh_err *err)
{
  struct sigevent ev = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 1};
  struct sigaction sa = {.sa_handler = on_tick, .sa_flags = SA_RESTART};

  ev._sigev_un._tid = (pid_t)syscall(SYS_gettid);
  if (users == 0 && (sigaction(SIGRTMIN + 1, &sa, NULL) || timer_create(CLOCK_MONOTONIC, &ev, &timer)))
    return dh_err_errno(err, "cannot make a watchdog timer");
  if (users++ == 0)
    fires_ms = 0;
  h->has_timer = true;
  return 0;
}

void dh_watch_close(struct dh_host *h)
{
  if (h->has_timer && --users == 0)
    timer_delete(timer);
  h->has_timer = false;
}

static int64_t slice_ms(const struct dh_run *r, int64_t now)
{
  int64_t left = r->started_ms + r->time_ms - now;

  return left < 1 ? 1 : left < r->slice_ms ? left : r->slice_ms;
}

static void set_due(int64_t due, int64_t now)
{
  due_ms = due;
  if (!fires_ms || fires_ms > due)
    arm(due - now);
}

void dh_watch_begin(struct dh_host *h, struct dh_run *r, lua_State *L)
{
  int64_t now = dh_mono_ms(), slice = slice_ms(r, now);

  if (watched) /* a task that resumes another one's waiter: the outer slice goes on */
    return;
  ticks = 0;
  may_exit = h->opt.exit_on_hang;
  dh_running = L;
  watched = r;
  if (h->opt.on_cpu) {
    memcpy(h->opt.on_cpu, r->id, sizeof r->id);
    memcpy(h->opt.on_cpu + 40, &now, sizeof now);
  }
  set_due(now + slice, now);
}

void dh_watch_again(struct dh_run *r)
{
  int64_t now = dh_mono_ms();

  if (watched == r)
    set_due(now + slice_ms(r, now), now);
}

void dh_watch_end(struct dh_host *h)
{
  watched = NULL;
  dh_running = NULL;
  if (h->opt.on_cpu)
    h->opt.on_cpu[0] = '\0';
}
