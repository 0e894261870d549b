/* child.h - the programs a desk starts, and that they end with it.
 *
 * Every child dies with the desk (PDEATHSIG). Their own children may not: all of them carry the desk's mark
 * in their environment, and a guard process, which outlives the desk by some milliseconds, ends whatever
 * bears it and removes the desk's folder. That also holds for kill -9. */
#ifndef DH_SCREEN_CHILD_H
#define DH_SCREEN_CHILD_H

#include "deskhand.h"

#include <sys/types.h>

#define DH_DESK_MARK "DESKHAND_DESK"    /* environment variable of all of a desk's processes */
#define DH_APP_MARK "DESKHAND_DESK_APP" /* and of those of its application */

struct dh_child {
  const char *const *argv; /* argv[0] is looked up in PATH */
  char *const *env;        /* the whole environment, ended by NULL */
  const char *dir;         /* NULL: the desk's own */
  int out;                 /* standard output and error; -1: /dev/null */
  int keep;                /* one descriptor that stays open under its number; -1: none */
};

/* Starts a program in a session of its own. The process id, or a negative DH_E*: DH_ENOENT when there is no
 * such program. */
pid_t dh_child_start(const struct dh_child *c, struct dh_err *err);
/* Ends a child of ours at once and reaps it; *pid becomes 0. Nothing happens for 0. */
void dh_child_end(pid_t *pid);
/* True when the child has ended; it is reaped and *pid becomes 0. */
bool dh_child_gone(pid_t *pid, int *status);

/* Kills every process whose environment holds name=value, until none is left. Returns how many there were. */
int dh_mark_kill(const char *name, const char *value);

/* How many there are now. */
int dh_mark_count(const char *name, const char *value);

struct dh_guard {
  pid_t pid;
  int fd; /* the guard acts when this is closed, by us or by our death */
};

/* mark: value of DH_DESK_MARK. dir is removed with all that is in it. lock: a descriptor that the guard keeps
 * open until then. Begin it before any thread is there. */
int dh_guard_start(struct dh_guard *g, int lock, const char *mark, const char *dir, struct dh_err *err);
/* Lets it act and waits until it has. Idempotent. */
void dh_guard_end(struct dh_guard *g);

#endif
