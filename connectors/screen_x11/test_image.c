/* test_image.c - a picture in a picture: equal, shifted by a fraction, lighter, absent, twice. */
#include "image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { W = 400, H = 300, NW = 48, NH = 24, AT_X = 201, AT_Y = 117 };

/* Something like a window: grey, with lines and boxes; the same on each call. */
static struct dh_image hay_make(void)
{
  struct dh_image i = {malloc(W * H * 4), W, H};
  unsigned seed = 7;

  for (int p = 0; p < W * H; p++)
    i.px[p] = 0xe0e0e0;
  for (int n = 0; n < 120; n++) {
    int x, y, w, h;

    seed = seed * 1103515245u + 12345;
    x = (int)(seed >> 8) % (W - 40);
    seed = seed * 1103515245u + 12345;
    y = (int)(seed >> 8) % (H - 20);
    w = 5 + (int)(seed >> 20) % 35;
    h = 1 + (int)(seed >> 12) % 12;
    for (int v = 0; v < h; v++)
      for (int u = 0; u < w; u++)
        i.px[(y + v) * W + x + u] = seed & 0xffffff;
  }
  return i;
}

static struct dh_image cut(const struct dh_image *from, int x, int y)
{
  struct dh_image i = {malloc(NW * NH * 4), NW, NH};

  for (int v = 0; v < NH; v++)
    memcpy(i.px + v * NW, from->px + (y + v) * from->w + x, NW * 4);
  return i;
}

static uint32_t mix(uint32_t a, uint32_t b)
{
  return (((a ^ b) & 0xfefefe) >> 1) + (a & b);
}

static void test_equal(void **state)
{
  struct dh_image hay = hay_make(), n = cut(&hay, AT_X, AT_Y);
  struct dh_hit hits[2];

  (void)state;
  assert_int_equal(dh_image_find(&hay, &n, 0.9, hits, 2), 1);
  assert_int_equal(hits[0].x, AT_X);
  assert_int_equal(hits[0].y, AT_Y);
  assert_true(hits[0].score == 1);
  for (int v = 0; v < NH; v++)
    memcpy(hay.px + (10 + v) * W + 20, n.px + v * NW, NW * 4);
  assert_int_equal(dh_image_find(&hay, &n, 0.9, hits, 2), 2);
  free(hay.px);
  free(n.px);
}

/* Half a pixel to the right, and all a little lighter: what another smoothing makes of the same drawing. */
static void test_alike(void **state)
{
  struct dh_image hay = hay_make(), n = cut(&hay, AT_X, AT_Y);
  struct dh_hit hits[2];

  (void)state;
  for (int v = 0; v < NH; v++)
    for (int u = 0; u + 1 < NW; u++)
      n.px[v * NW + u] = mix(mix(n.px[v * NW + u], n.px[v * NW + u + 1]), 0xffffff);
  assert_true(dh_image_find(&hay, &n, 0.9, hits, 2) >= 1);
  assert_in_range(hits[0].x, AT_X - 1, AT_X + 1);
  assert_int_equal(hits[0].y, AT_Y);
  assert_true(hits[0].score < 1);
  free(hay.px);
  free(n.px);
}

static void test_absent(void **state)
{
  struct dh_image hay = hay_make(), n = cut(&hay, AT_X, AT_Y), plain = {malloc(W * H * 4), W, H};
  struct dh_hit hits[2];

  (void)state;
  memset(plain.px, 0x55, W * H * 4);
  assert_int_equal(dh_image_find(&plain, &n, 0.9, hits, 2), 0);
  for (int v = 0; v < NH; v++)
    memset(hay.px + (AT_Y + v) * W + AT_X, 0, NW * 4);
  assert_int_equal(dh_image_find(&hay, &n, 0.9, hits, 2), 0);
  assert_int_equal(dh_image_find(&n, &hay, 0.9, hits, 2), 0); /* larger than the picture */
  free(hay.px);
  free(plain.px);
  free(n.px);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_equal), cmocka_unit_test(test_alike),
                                     cmocka_unit_test(test_absent)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
