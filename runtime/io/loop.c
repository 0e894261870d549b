/* loop.c - opens and closes the loop; counts what was left open. */
#include "loop.h"

#include <string.h>

int dh_loop_open(struct dh_loop *l, struct dh_err *err)
{
  int rc;

  memset(l, 0, sizeof *l);
  rc = uv_loop_init(&l->uv);
  if (rc)
    return dh_err_set(err, rc == UV_ENOMEM ? DH_ENOMEM : DH_EIO, "cannot open an event loop: %s",
                      uv_strerror(rc));
  l->uv.data = l;
  return 0;
}

void dh_loop_run(struct dh_loop *l)
{
  uv_run(&l->uv, UV_RUN_DEFAULT);
}

void dh_loop_stop(struct dh_loop *l)
{
  uv_stop(&l->uv);
}

static void close_left(uv_handle_t *h, void *count)
{
  if (uv_is_closing(h))
    return;
  ++*(int *)count;
  uv_close(h, NULL);
}

int dh_loop_close(struct dh_loop *l)
{
  int left = 0;

  l->closing = true;
  uv_run(&l->uv, UV_RUN_NOWAIT);
  uv_walk(&l->uv, close_left, &left);
  uv_run(&l->uv, UV_RUN_DEFAULT);
  uv_loop_close(&l->uv);
  return left + l->ops;
}
