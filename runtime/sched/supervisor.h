/* supervisor.h - `deskhand serve`: the store, the workers, what is lent to them, the control socket. No Lua,
 * no parsing of documents: whoever reads a robot's file or a case file is a child. */
#ifndef DH_SUPERVISOR_H
#define DH_SUPERVISOR_H

#include "../base/conf.h"

struct dh_serve_options {
  const struct dh_conf *conf;
  char **robots; /* paths */
  int nrobots;
  bool until_idle; /* end when nothing is open but cases that wait for a person */
  bool json;       /* the last line as JSON */
};

/* Serves until it is told to end (SIGTERM, SIGINT) or, until_idle, has nothing to do. *status gets the exit
 * code. An error: it could not begin; DH_EUNAVAILABLE when another process holds the store. */
int dh_serve(const struct dh_serve_options *o, int *status, struct dh_err *err);

#endif
