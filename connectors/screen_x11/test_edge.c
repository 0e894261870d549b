/* test_edge.c - fields beside and below a text: framed, sunken, plain, filled, and none. */
#include "edge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

enum { W = 300, H = 120, GROUND = 0xd9d9d9 };

static const struct dh_area label = {10, 20, 50, 10};

static struct dh_image window_make(void)
{
  struct dh_image i = {malloc(sizeof(uint32_t) * W * H), W, H};

  for (int p = 0; p < W * H; p++)
    i.px[p] = GROUND;
  for (int x = label.x; x < label.x + label.w; x += 2) /* letters */
    for (int y = label.y; y < label.y + label.h; y += 3)
      i.px[y * W + x] = 0;
  return i;
}

static void box(struct dh_image *i, int x, int y, int w, int h, uint32_t colour)
{
  for (int v = y; v < y + h; v++)
    for (int u = x; u < x + w; u++)
      i->px[v * W + u] = colour;
}

static void letters(struct dh_image *i, int x, int y, int w)
{
  for (int u = x; u < x + w; u += 3)
    for (int v = y; v < y + 9; v++)
      i->px[v * W + u] = 0x202020;
}

static void same_at(struct dh_image *i, bool below, int x, int y, int w, int h)
{
  struct dh_area field = {0};

  assert_true(dh_edge_field(i, &label, below, &field));
  assert_int_equal(field.x, x);
  assert_int_equal(field.y, y);
  assert_int_equal(field.w, w);
  assert_int_equal(field.h, h);
  free(i->px);
}

static void same(struct dh_image *i, int x, int y, int w, int h)
{
  same_at(i, false, x, y, w, h);
}

static void test_plain(void **state)
{
  struct dh_image i = window_make();

  (void)state;
  box(&i, 100, 15, 120, 20, 0xffffff);
  same(&i, 100, 15, 120, 20);
}

static void test_framed_on_its_own_ground(void **state)
{
  struct dh_image i = window_make();

  (void)state;
  box(&i, 100, 15, 120, 20, 0x303030);
  box(&i, 101, 16, 118, 18, GROUND);
  letters(&i, 103, 20, 60);
  same(&i, 101, 16, 118, 18);
}

/* Two lines of frame in two colours, a ring in the ground's, then the field with a value in it. */
static void test_sunken_and_filled(void **state)
{
  struct dh_image i = window_make();

  (void)state;
  box(&i, 100, 13, 120, 24, GROUND);
  box(&i, 101, 14, 118, 22, 0x828282);
  box(&i, 102, 15, 116, 20, 0x101010);
  box(&i, 103, 16, 114, 18, 0xf0f0f0);
  letters(&i, 105, 20, 100);
  same(&i, 103, 16, 114, 18);
}

static void test_other_text_between(void **state)
{
  struct dh_image i = window_make();

  (void)state;
  letters(&i, 70, 20, 20);
  box(&i, 120, 15, 100, 20, 0xffffff);
  same(&i, 120, 15, 100, 20);
}

static void test_below(void **state)
{
  struct dh_image i = window_make();
  struct dh_area field;

  (void)state;
  box(&i, 8, 44, 150, 22, 0x808080);
  box(&i, 9, 45, 148, 20, 0xffffff);
  assert_false(dh_edge_field(&i, &label, false, &field));
  same_at(&i, true, 9, 45, 148, 20);
}

static void test_none(void **state)
{
  struct dh_image i = window_make();
  struct dh_area field;
  const struct dh_area corner = {W - 12, H - 10, 12, 10};

  (void)state;
  box(&i, 150, 0, 1, H, 0); /* a line that frames nothing small enough is the border of the next part */
  box(&i, 151, 0, W - 151, H, GROUND);
  assert_false(dh_edge_field(&i, &corner, false, &field) || dh_edge_field(&i, &corner, true, &field));
  free(i.px);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_plain),
      cmocka_unit_test(test_framed_on_its_own_ground),
      cmocka_unit_test(test_sunken_and_filled),
      cmocka_unit_test(test_other_text_between),
      cmocka_unit_test(test_below),
      cmocka_unit_test(test_none),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
