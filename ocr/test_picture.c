/* test_picture.c - image, mend and words without an engine: what is refused before decoding, angles and the
 * way back to the picture, words in UTF-8. */
#include "image.h"
#include "mend.h"
#include "words.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- image */

static int opened(const void *bytes, size_t n, struct dh_err *err)
{
  struct ocr_image im;
  int fd = memfd_create("picture", 0), rc;

  assert_true(fd >= 0);
  assert_int_equal(write(fd, bytes, n), (ssize_t)n);
  memset(err, 0, sizeof *err);
  rc = ocr_image_open(fd, &im, err);
  if (!rc)
    ocr_image_close(&im);
  close(fd);
  return rc;
}

static void test_disguises(void **state)
{
  static const char svg[] = "<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>";
  static const char gif[64] = "GIF89a", webp[64] = "RIFF\x40\0\0\0WEBPVP8 ";
  struct dh_err err;

  (void)state;
  assert_int_equal(opened(svg, sizeof svg, &err), DH_EFORMAT);
  assert_int_equal(opened(gif, sizeof gif, &err), DH_EFORMAT);
  assert_int_equal(opened(webp, sizeof webp, &err), DH_EFORMAT);
  assert_non_null(strstr(err.advice, "PNG, JPEG, TIFF"));
}

/* A TIFF whose only page says that it is followed by itself. */
static void test_endless_tiff(void **state)
{
  unsigned char tiff[128] = {'I', 'I', 42, 0, 8, 0, 0, 0, 6, 0};
  static const unsigned short tags[6][2] = {{256, 8}, {257, 8}, {258, 8}, {262, 1}, {273, 100}, {279, 8}};
  struct dh_err err;

  (void)state;
  for (int i = 0; i < 6; i++) {
    unsigned char *at = tiff + 10 + 12 * i;

    at[0] = (unsigned char)tags[i][0];
    at[1] = (unsigned char)(tags[i][0] >> 8);
    at[2] = 3; /* SHORT */
    at[4] = 1;
    at[8] = (unsigned char)tags[i][1];
  }
  tiff[10 + 72] = 8; /* the next page is this one */
  /* Either the loop is seen, then it has one page; or its pages are counted to the ceiling. */
  assert_true(opened(tiff, sizeof tiff, &err) == 0 || err.code == DH_ELIMIT || err.code == DH_EFORMAT);
}

/* ---- mend */

/* Lines of upright strokes, as letters are: enough to find an angle by. */
static PIX *strokes(void)
{
  PIX *pix = pixCreate(1000, 1400, 8);

  assert_non_null(pix);
  pixSetAllArbitrary(pix, 255);
  for (int y = 150; y < 1250; y += 60)
    for (int x = 120; x < 880; x += 16)
      if (x / 16 % 6) {
        BOX *box = boxCreate(x, y, 9, 20);

        pixSetInRectArbitrary(pix, box, 0);
        boxDestroy(&box);
      }
  return pix;
}

static void test_skew(void **state)
{
  static const double angles[] = {-6, -1.5, 0, 2, 7};

  (void)state;
  for (size_t i = 0; i < sizeof angles / sizeof *angles; i++) {
    PIX *flat = strokes();
    PIX *pix =
        pixRotate(flat, (l_float32)(angles[i] * M_PI / 180), L_ROTATE_AREA_MAP, L_BRING_IN_WHITE, 0, 0);
    struct ocr_page page;
    struct dh_err err = {0};

    pixDestroy(&flat);
    assert_int_equal(ocr_page_init(&page, pix, 0, true, &err), 0);
    assert_true(fabs(page.skew + angles[i]) < 0.4);
    ocr_page_fini(&page);
  }
}

static void at(const struct ocr_page *p, double x, double y, double wanted_x, double wanted_y)
{
  const double *m = p->matrix;

  assert_true(fabs(m[0] * x + m[1] * y + m[2] - wanted_x) < 1.5);
  assert_true(fabs(m[3] * x + m[4] * y + m[5] - wanted_y) < 1.5);
}

/* The corners of a turned page lead back to where they came from. */
static void test_way_back(void **state)
{
  struct ocr_page page;
  struct dh_err err = {0};

  (void)state;
  assert_int_equal(ocr_page_init(&page, pixCreate(300, 200, 8), 0, false, &err), 0);
  at(&page, 10, 20, 10, 20);
  assert_int_equal(ocr_page_turn(&page, 90, &err), 0);
  assert_int_equal(page.width, 200);
  assert_int_equal(page.height, 300);
  at(&page, 200, 0, 0, 0); /* clockwise: the left top corner is the right top one now */
  at(&page, 0, 0, 0, 200);
  assert_int_equal(ocr_page_turn(&page, 180, &err), 0);
  assert_int_equal(page.rotation, 270);
  at(&page, 0, 300, 0, 0);
  ocr_page_fini(&page);
}

static void test_part(void **state)
{
  struct ocr_page page;
  struct dh_err err = {0};
  PIX *part;
  int place[2];

  (void)state;
  assert_int_equal(ocr_page_init(&page, pixCreate(300, 200, 8), 0, false, &err), 0);
  part = ocr_page_part(&page, (int[]){250, 150, 100, 100}, 2, place, &err);
  assert_non_null(part);
  assert_int_equal(pixGetWidth(part), 100); /* cut to the page, then twice the size */
  assert_int_equal(place[0], 250);
  pixDestroy(&part);
  assert_null(ocr_page_part(&page, (int[]){400, 400, 10, 10}, 1, place, &err));
  assert_int_equal(err.code, DH_EUSE);
  assert_null(ocr_page_part(&page, NULL, 1000, place, &err));
  assert_int_equal(err.code, DH_ELIMIT);
  ocr_page_fini(&page);
}

/* ---- words */

static void test_words(void **state)
{
  struct ocr_words words;
  struct ocr_word word = {.page = 1, .line = 1, .block = 1, .confidence = 0.5};
  struct dh_buf out;
  struct dh_err err = {0};

  (void)state;
  ocr_words_init(&words);
  assert_true(ocr_words_confidence(&words, 0) == 0);
  assert_int_equal(ocr_words_add(&words, &word, "营业执照", &err), 0);
  word.confidence = 1;
  assert_int_equal(ocr_words_add(&words, &word, "Straße", &err), 0);
  assert_string_equal(words.text.data + words.list[0].text, "营业执照");
  assert_true(ocr_words_confidence(&words, 1) == 1);
  assert_true(ocr_words_confidence(&words, 0) > 0.5 && ocr_words_confidence(&words, 0) < 1);
  dh_buf_init(&out, 1 << 16);
  assert_int_equal(ocr_words_put(&out, &words), 0);
  assert_non_null(memmem(out.data, out.len, "Straße", strlen("Straße")));
  dh_buf_fini(&out);
  ocr_words_cut(&words, 1);
  assert_int_equal(ocr_words_add(&words, &word, "x", &err), 0);
  assert_string_equal(words.text.data + words.list[1].text, "x");
  for (int i = 2; i < OCR_WORDS_MAX; i++)
    assert_int_equal(ocr_words_add(&words, &word, "y", &err), 0);
  assert_int_equal(ocr_words_add(&words, &word, "z", &err), DH_ELIMIT);
  ocr_words_fini(&words);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_disguises), cmocka_unit_test(test_endless_tiff),
                                     cmocka_unit_test(test_skew),      cmocka_unit_test(test_way_back),
                                     cmocka_unit_test(test_part),      cmocka_unit_test(test_words)};

  setMsgSeverity(L_SEVERITY_NONE);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
