/* shot.c - XShm and libpng. */
#include "shot.h"

#include "desk.h"
#include "tree.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

int dh_shot_open(struct dh_desk *d, struct dh_err *err)
{
  struct dh_shot *s = &d->shot;
  int screen = DefaultScreen(d->x);

  s->width = DisplayWidth(d->x, screen);
  s->height = DisplayHeight(d->x, screen);
  s->image = XShmCreateImage(d->x, DefaultVisual(d->x, screen), (unsigned)DefaultDepth(d->x, screen), ZPixmap,
                             NULL, &s->shm, (unsigned)s->width, (unsigned)s->height);
  if (!s->image || s->image->bits_per_pixel != 32)
    return dh_err_set(err, DH_EUNAVAILABLE, "the display gives no pictures with 32 bits a pixel");
  s->shm.shmid = shmget(IPC_PRIVATE, (size_t)s->image->bytes_per_line * (size_t)s->height, IPC_CREAT | 0600);
  if (s->shm.shmid < 0)
    return dh_err_errno(err, "no shared memory for the picture of the display");
  s->shm.shmaddr = s->image->data = shmat(s->shm.shmid, NULL, 0);
  s->shm.readOnly = False;
  XShmAttach(d->x, &s->shm);
  XSync(d->x, False);
  shmctl(s->shm.shmid, IPC_RMID, NULL); /* goes with the last of us two */
  return 0;
}

void dh_shot_close(struct dh_desk *d)
{
  if (!d->shot.image)
    return;
  shmdt(d->shot.shm.shmaddr);
  d->shot.image->data = NULL;
  XDestroyImage(d->shot.image);
  d->shot.image = NULL;
}

int dh_shot_take(struct dh_desk *d, struct dh_err *err)
{
  if (!XShmGetImage(d->x, DefaultRootWindow(d->x), d->shot.image, 0, 0, AllPlanes))
    return dh_err_set(err, DH_EUNAVAILABLE, "the display gives no picture");
  return 0;
}

const uint32_t *dh_shot_row(const struct dh_desk *d, int y)
{
  return (const uint32_t *)(const void *)(d->shot.image->data +
                                          (size_t)y * (size_t)d->shot.image->bytes_per_line);
}

void dh_shot_black(struct dh_desk *d, const struct dh_box *box)
{
  int from = MAX(box->x, 0), to = MIN(box->x + box->w, d->shot.width);

  for (int y = MAX(box->y, 0); y < MIN(box->y + box->h, d->shot.height) && from < to; y++)
    memset(d->shot.image->data + (size_t)y * (size_t)d->shot.image->bytes_per_line + 4 * (size_t)from, 0,
           4 * (size_t)(to - from));
}

struct writing {
  struct dh_buf *out;
  int rc;
};

static void on_bytes(png_structp png, png_bytep p, png_size_t n)
{
  struct writing *w = png_get_io_ptr(png);

  if (!w->rc)
    w->rc = dh_buf_put(w->out, p, n);
}

static void on_flush(png_structp png)
{
  (void)png;
}

int dh_shot_png(struct dh_desk *d, const struct dh_box *part, struct dh_buf *out, struct dh_err *err)
{
  struct writing w = {out, 0};
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png ? png_create_info_struct(png) : NULL;

  if (!info || setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    return dh_err_set(err, DH_ENOMEM, "cannot make a PNG of %d x %d pixels", part->w, part->h);
  }
  png_set_write_fn(png, &w, on_bytes, on_flush);
  png_set_IHDR(png, info, (png_uint_32)part->w, (png_uint_32)part->h, 8, PNG_COLOR_TYPE_RGB,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_compression_level(png, 3);
  png_set_filter(png, 0, PNG_FILTER_SUB);
  png_write_info(png, info);
  png_set_bgr(png);
  png_set_filler(png, 0, PNG_FILLER_AFTER);
  for (int y = part->y; y < part->y + part->h; y++)
    png_write_row(png, (png_const_bytep)(dh_shot_row(d, y) + part->x));
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return w.rc ? dh_err_set(err, w.rc, "the picture is larger than a message may be") : 0;
}
