/* picture.c - decodes the wanted image, takes the display's, searches. */
#include "picture.h"

#include "desk.h"
#include "image.h"
#include "shot.h"
#include "xwin.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PNG_BYTES_MAX = 8 << 20, PIXELS_MAX = 1000000 };
static const double LEAST = 0.92, MARGIN = 0.03;

static int decode(const void *p, size_t n, struct dh_image *out, struct dh_err *err)
{
  png_image png = {.version = PNG_IMAGE_VERSION};
  int rc = 0;

  if (!png_image_begin_read_from_memory(&png, p, n))
    return dh_err_set(err, DH_EUSE, "the image to look for is no PNG: %s", png.message);
  if ((uint64_t)png.width * png.height > PIXELS_MAX || !png.width || !png.height) {
    rc = dh_err_set(err, DH_EUSE, "the image to look for has %u x %u pixels", png.width, png.height);
  } else {
    png.format = PNG_FORMAT_BGRA;
    *out = (struct dh_image){malloc(PNG_IMAGE_SIZE(png)), (int)png.width, (int)png.height};
    if (!out->px || !png_image_finish_read(&png, NULL, out->px, 0, NULL))
      rc = dh_err_set(err, out->px ? DH_EUSE : DH_ENOMEM, "the image to look for cannot be read: %s",
                      png.message);
    for (size_t i = 0; !rc && i < (size_t)png.width * png.height; i++)
      out->px[i] &= 0xffffff;
  }
  png_image_free(&png);
  return rc;
}

static int needle_read(const struct dh_frame *in, int number, struct dh_image *out, struct dh_err *err)
{
  const void *p;
  size_t n;
  int rc;

  if (number >= in->nfds)
    return dh_err_set(err, DH_EUSE, "the request names image %d but brings %d", number, in->nfds);
  rc = dh_memfd_map(in->fds[number], PNG_BYTES_MAX, &p, &n, err);
  if (rc)
    return rc;
  rc = decode(p, n, out, err);
  munmap((void *)p, n);
  return rc;
}

int dh_picture_take(struct dh_desk *d, const struct dh_box *b, struct dh_image *out, struct dh_err *err)
{
  int rc = dh_shot_take(d, err);

  if (rc)
    return rc;
  *out = (struct dh_image){malloc((size_t)b->w * (size_t)b->h * 4), b->w, b->h};
  if (!out->px)
    return dh_err_set(err, DH_ENOMEM, "no memory for a picture of the window");
  for (int y = 0; y < b->h; y++) {
    const uint32_t *row = dh_shot_row(d, b->y + y) + b->x;

    for (int x = 0; x < b->w; x++)
      out->px[y * b->w + x] = row[x] & 0xffffff;
  }
  return 0;
}

int dh_picture_find(struct dh_desk *d, const struct dh_front *f, const struct dh_frame *in, int number,
                    struct dh_box *box, struct dh_err *err)
{
  struct dh_image needle = {0}, hay = {0};
  struct dh_hit hits[2] = {{0}};
  struct dh_box part = f->windows[f->at].box;
  int rc, n = 0;

  dh_box_clip(&part, d->shot.width, d->shot.height);
  rc = needle_read(in, number, &needle, err);
  if (!rc)
    rc = dh_picture_take(d, &part, &hay, err);
  if (!rc)
    n = dh_image_find(&hay, &needle, LEAST, hits, 2);
  if (n < 0)
    rc = dh_err_set(err, DH_ENOMEM, "no memory to look for an image");
  if (!rc && n == 0)
    rc = dh_err_set(err, DH_ENOENT, "the image is not in the window \"%s\"", f->windows[f->at].title);
  if (!rc && n == 2 && hits[1].score > hits[0].score - MARGIN) {
    rc = dh_err_set(err, DH_EAMBIGUOUS, "the image is in the window \"%s\" twice", f->windows[f->at].title);
    dh_err_seen(err, "at %d,%d and at %d,%d of the window", hits[0].x, hits[0].y, hits[1].x, hits[1].y);
  }
  if (!rc)
    *box = (struct dh_box){part.x + hits[0].x, part.y + hits[0].y, needle.w, needle.h};
  free(needle.px);
  free(hay.px);
  return rc;
}
