/* proc.h - children of this program, all started by one launcher process.
 *
 * The launcher is started first and never grows, so that starting a child costs the same whatever its asker
 * has in memory. It puts each child into its own session with the limits of a profile and a clean
 * environment, says when it has ended, and ends all of them when the asker is gone (EOF on its socket).
 * Profiles stand in proc_exec.c. */
#ifndef DH_PROC_H
#define DH_PROC_H

#include "op.h"

#include <sys/types.h>

struct dh_launcher;

/* The lock of the store is held by every child under this number, so that a new supervisor can wait for the
 * old tree; see sched/README.md. Descriptors given to children are 0 to 3. */
enum { DH_LOCK_FD = 9 };

struct dh_child_spec {
  const char *const
      *argv; /* ended by NULL; argv[0] "deskhand" is this program, others are looked up in PATH */
  const char *const *env; /* further NAME=VALUE, ended by NULL; may be NULL */
  const char *profile;    /* "worker", "reader", "desk", "pdftoppm", "plain" */
  int fds[4];             /* become 0, 1, 2, 3; -1: /dev/null, standard error is inherited, 3 is closed.
                           * Duplicated: the caller keeps its own */
};

/* Starts the launcher. lock_fd (or -1) is handed down to all children. gone is called once if it ends by
 * itself; all open children have then ended with DH_ECLOSED. */
int dh_launcher_open(struct dh_loop *loop, int lock_fd, void (*gone)(void *self, const struct dh_err *err),
                     void *self, struct dh_launcher **out, struct dh_err *err);
/* Ends the launcher and with it every child. Idempotent through the pointer. */
void dh_launcher_close(struct dh_launcher **l);
pid_t dh_launcher_pid(const struct dh_launcher *l);

/* A child as an op: done when it has ended. Cancel kills its process group. NULL when out of memory. A child
 * that could not be started ends with the reason. */
struct dh_op *dh_child_new(struct dh_launcher *l, const struct dh_child_spec *spec);
/* Sends a signal to the child's process group; nothing happens when it has ended. */
void dh_child_kill(struct dh_op *op, int signal);
pid_t dh_child_pid(struct dh_op *op); /* 0 until the launcher has told */
/* Of a child that has ended: exit status, 128 + signal when it was killed. */
int dh_child_status(struct dh_op *op);

/* ---- the other ends, called by the commands `launcher` and `exec` */

/* The launcher's whole life. fd is its socket. Returns the exit status. */
int dh_launcher_main(int fd);

/* Sets up this process as a child of the launcher (parent): limits, death signal, no new privileges,
 * descriptors. parent 0: whoever it is. Returns 0 or DH_E*; then the process must end. */
int dh_exec_setup(const char *profile, pid_t parent, struct dh_err *err);
/* The environment of a child: the allow-list out of `from`, then extra. malloc'd, one block; NULL: no memory.
 */
char **dh_exec_environment(char **from, const char *const *extra);
/* True for a known profile. */
int dh_exec_profile_known(const char *profile);

#endif
