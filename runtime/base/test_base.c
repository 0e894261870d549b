/* test_base.c - plain data, hashes, texts. */
#include "buf.h"
#include "clock.h"
#include "log.h"
#include "sha256.h"
#include "val.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void hashes_match_the_standard(void **state)
{
  char hex[DH_SHA256_HEX];
  struct dh_sha256 s;
  unsigned char d[DH_SHA256_BYTES];
  char million[1000];

  (void)state;
  dh_sha256_hex("abc", 3, hex); /* FIPS 180-4 examples */
  assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  dh_sha256_hex("", 0, hex);
  assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  dh_sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, hex);
  assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  memset(million, 'a', sizeof million);
  dh_sha256_init(&s);
  for (int i = 0; i < 1000; i++)
    dh_sha256_add(&s, million, sizeof million);
  dh_sha256_end(&s, d);
  dh_hex(d, sizeof d, hex);
  assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void sample(struct dh_buf *b)
{
  dh_put_map(b, 6);
  dh_put_kd(b, "d", 0.1);
  dh_put_ki(b, "i", INT64_MIN);
  dh_put_text(b, "l");
  dh_put_list(b, 3);
  dh_put_nil(b);
  dh_put_bool(b, true);
  dh_put_int(b, INT64_MAX);
  dh_put_text(b, "m");
  dh_put_tag(b, DH_TAG_MONEY);
  dh_put_list(b, 3);
  dh_put_int(b, -25000005);
  dh_put_text(b, "EUR");
  dh_put_int(b, 2);
  dh_put_kt(b, "t", "Z\xc3\xbc\"\n\x01");
  dh_put_text(b, "x");
  dh_put_bytes(b, "\x00\xff", 2);
}

static void plain_data_comes_back(void **state)
{
  struct dh_buf a, b, json;
  struct dh_val *v;
  struct dh_err err;

  (void)state;
  dh_buf_init(&a, 4096);
  dh_buf_init(&b, 4096);
  dh_buf_init(&json, 4096);
  sample(&a);
  assert_int_equal(dh_val_parse_buf(&a, &v, &err), 0);
  assert_true(dh_val_int(v, "i", 0) == INT64_MIN);
  assert_true(dh_val_num(v, "d", 0) == 0.1);
  dh_put_val(&b, v);
  assert_int_equal(a.len, b.len);
  assert_memory_equal(a.data, b.data, a.len);
  dh_val_json(&json, v, false);
  assert_string_equal(json.data,
                      "{\"d\":0.1,\"i\":-9223372036854775808,\"l\":[null,true,9223372036854775807],"
                      "\"m\":\"-250000.05 EUR\",\"t\":\"Z\xc3\xbc\\\"\\n\\u0001\",\"x\":\"AP8=\"}");
  free(v);
  dh_buf_fini(&a);
  dh_buf_fini(&b);
  dh_buf_fini(&json);
}

/* Every cut and every changed byte of a message ends in a tree or an error, never in a crash (run under
 * ASan). */
static void damaged_data_is_refused(void **state)
{
  struct dh_buf a;
  struct dh_val *v;
  struct dh_err err;
  int refused = 0;

  (void)state;
  dh_buf_init(&a, 4096);
  sample(&a);
  for (size_t n = 0; n < a.len; n++) {
    char *cut = malloc(n ? n : 1);

    memcpy(cut, a.data, n);
    assert_true(dh_val_parse(cut, n, &v, &err) < 0);
    free(cut);
  }
  for (size_t i = 0; i < a.len; i++)
    for (int byte = 0; byte < 256; byte++) {
      char was = a.data[i];

      a.data[i] = (char)byte;
      if (dh_val_parse_buf(&a, &v, &err))
        refused++;
      else
        free(v);
      a.data[i] = was;
    }
  assert_true(refused > 1000);
  dh_buf_fini(&a);
  /* a list that claims more items than there are bytes, and one nested too deeply */
  assert_int_equal(dh_val_parse("\x9b\x7f\xff\xff\xff\xff\xff\xff\xff", 9, &v, &err), DH_EFORMAT);
  char deep[200];

  memset(deep, 0x81, sizeof deep);
  deep[199] = 0x01;
  assert_int_equal(dh_val_parse(deep, sizeof deep, &v, &err), DH_EFORMAT);
}

static void buffers_have_a_ceiling(void **state)
{
  struct dh_buf b;

  (void)state;
  dh_buf_init(&b, 10);
  assert_int_equal(dh_buf_puts(&b, "0123456789"), 0);
  assert_int_equal(dh_buf_putc(&b, 'x'), DH_ELIMIT);
  assert_string_equal(b.data, "0123456789");
  assert_int_equal(dh_buf_room(&b, SIZE_MAX), DH_ELIMIT);
  dh_buf_fini(&b);
}

static void secrets_are_masked(void **state)
{
  char text[] = "user=a password=hunter-22 again hunter-22.";

  (void)state;
  assert_false(dh_mask_hit(text, strlen(text)));
  assert_int_equal(dh_log_mask("hunter-22", 9), 0);
  assert_true(dh_mask_hit(text, strlen(text)));
  assert_int_equal(dh_mask_text(text, strlen(text)), strlen("user=a password=*** again ***."));
  assert_string_equal(text, "user=a password=*** again ***.");
}

static void durations(void **state)
{
  (void)state;
  assert_int_equal(dh_duration_ms("90s"), 90000);
  assert_int_equal(dh_duration_ms("1h30m"), 5400000);
  assert_int_equal(dh_duration_ms("3d"), 259200000);
  assert_int_equal(dh_duration_ms("250ms"), 250);
  assert_int_equal(dh_duration_ms("2"), 2000);
  assert_int_equal(dh_duration_ms("soon"), -1);
  assert_int_equal(dh_duration_ms(""), -1);
  assert_int_equal(dh_duration_ms("-1s"), -1);
}

static void plain_text_of_one_line(void **state)
{
  static const struct {
    const char *text;
    int bad; /* -1: none */
  } rows[] = {{"", -1},          {"A-17", -1},        {"\xe7\x94\xb3", -1}, {"a\nb", 1},
              {"\x1b[2J", 0},    {"ab\x7f", 2},       {"\xff", 0},          {"a\xc2\x9b", 1},
              {"\xc2\xa0x", -1}, {"\xed\xa0\x80", 0}, {"x\xe7\x94", 1}};

  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const char *bad = dh_text_bad(rows[i].text, strlen(rows[i].text));

    assert_int_equal(bad ? bad - rows[i].text : -1, rows[i].bad);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hashes_match_the_standard), cmocka_unit_test(plain_data_comes_back),
      cmocka_unit_test(damaged_data_is_refused),   cmocka_unit_test(buffers_have_a_ceiling),
      cmocka_unit_test(secrets_are_masked),        cmocka_unit_test(durations),
      cmocka_unit_test(plain_text_of_one_line),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
