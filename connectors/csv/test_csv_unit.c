/* test_csv_unit.c - CSV in and out: what is read, what is refused and in which line, what comes back. */
#include "csv_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void reads_as(const char *text, const char *json)
{
  struct dh_buf cbor, out;
  struct dh_val *v = NULL;
  struct dh_err err = {0};

  dh_buf_init(&cbor, 1 << 20);
  dh_buf_init(&out, 1 << 20);
  if (dh_csv_decode(text, strlen(text), 0, &cbor, &err))
    fail_msg("%s: %s", text, err.text);
  assert_int_equal(dh_val_parse_buf(&cbor, &v, &err), 0);
  assert_int_equal(dh_val_json(&out, v, false), 0);
  assert_string_equal(out.data, json);
  free(v);
  dh_buf_fini(&cbor);
  dh_buf_fini(&out);
}

static void refuses(const char *text, size_t n, const char *part)
{
  struct dh_buf cbor;
  struct dh_err err = {0};

  dh_buf_init(&cbor, 1 << 20);
  if (!dh_csv_decode(text, n, 0, &cbor, &err))
    fail_msg("was read: %s", text);
  if (!strstr(err.text, part))
    fail_msg("\"%s\" is not in: %s", part, err.text);
  assert_int_equal(cbor.len, 0);
  dh_buf_fini(&cbor);
}

#define REFUSES(text, part) refuses(text, sizeof(text) - 1, part)

static void rows(void **state)
{
  (void)state;
  reads_as("a,b\r\n1,2\r\n3,4\r\n", "[{\"a\":\"1\",\"b\":\"2\"},{\"a\":\"3\",\"b\":\"4\"}]");
  reads_as("\xef\xbb\xbf"
           "a;b\n1,5;2",
           "[{\"a\":\"1,5\",\"b\":\"2\"}]");
  reads_as("a\tb\n1\t\n", "[{\"a\":\"1\",\"b\":\"\"}]");
  reads_as("a,b\n\n\n\"x\"\"y\",\"1\n2\"\n\n", "[{\"a\":\"x\\\"y\",\"b\":\"1\\n2\"}]");
  reads_as("\"a,1\";b\n1;2\n", "[{\"a,1\":\"1\",\"b\":\"2\"}]");
  reads_as("a\n\"\"\n", "[{\"a\":\"\"}]");
  reads_as("a,b\n", "[]");
  reads_as("a\r1\r2\r", "[{\"a\":\"1\"},{\"a\":\"2\"}]");
}

static void refused(void **state)
{
  (void)state;
  REFUSES("", "no header line");
  REFUSES("a,b\n1,2\n1\n", "line 3 of the CSV text has 1 fields, the header has 2");
  REFUSES("a,b\n\"x\ny\",2\n1,2,3\n", "line 4 of the CSV text has 3 fields");
  REFUSES("a,a\n1,2\n", "the column \"a\" stands twice in line 1");
  REFUSES("a,,b\n", "column 2 of the CSV text has no name");
  REFUSES("a,b\n1,x\"y\n", "line 2: a quote stands inside");
  REFUSES("a,b\n1,\"x\"y\n", "line 2: something stands between");
  REFUSES("a,b\n1,\"x\n\n", "line 2: a quote is opened here");
  REFUSES("a,b\n1,\xe9\n", "line 2: bytes that are no UTF-8");
  REFUSES("a\0b", "line 1: bytes that are no UTF-8");
  REFUSES("\xff\xfe"
          "a\0\n\0",
          "line 1: bytes that are no UTF-8");
}

static void write_as(struct dh_buf *cbor, bool guard, const char *text)
{
  struct dh_csv_style style = {.separator = ',', .guard = guard};
  struct dh_buf out;
  struct dh_val *v = NULL;
  struct dh_err err = {0};

  dh_buf_init(&out, 1 << 20);
  assert_int_equal(dh_val_parse_buf(cbor, &v, &err), 0);
  if (dh_csv_encode(v, &style, &out, &err))
    fail_msg("%s", err.text);
  assert_string_equal(out.data, text);
  free(v);
  dh_buf_fini(&out);
}

static void written(void **state)
{
  struct dh_buf b;

  (void)state;
  dh_buf_init(&b, 1 << 20);
  dh_put_list(&b, 2);
  dh_put_map(&b, 4);
  dh_put_kt(&b, "name", "a,\"b\"\nc");
  dh_put_text(&b, "amount");
  dh_put_tag(&b, DH_TAG_MONEY);
  dh_put_list(&b, 3);
  dh_put_int(&b, 25000010);
  dh_put_text(&b, "EUR");
  dh_put_int(&b, 2);
  dh_put_kb(&b, "ok", true);
  dh_put_text(&b, "list");
  dh_put_list(&b, 2);
  dh_put_int(&b, 1);
  dh_put_int(&b, 2);
  dh_put_map(&b, 2);
  dh_put_kt(&b, "name", "=1+1");
  dh_put_kt(&b, "phone", "+49");
  write_as(
      &b, false,
      "name,amount,ok,list,phone\r\n\"a,\"\"b\"\"\nc\",250000.10 EUR,true,\"[1,2]\",\r\n=1+1,,,,+49\r\n");
  write_as(
      &b, true,
      "name,amount,ok,list,phone\r\n\"a,\"\"b\"\"\nc\",250000.10 EUR,true,\"[1,2]\",\r\n'=1+1,,,,+49\r\n");
  dh_buf_fini(&b);
  dh_put_list(&b, 1);
  dh_put_map(&b, 1);
  dh_put_kt(&b, "a", "");
  write_as(&b, false, "a\r\n\"\"\r\n");
  dh_buf_fini(&b);
}

static void not_written(void **state)
{
  struct dh_csv_style style = {.separator = ','};
  struct dh_buf b, out;
  struct dh_val *v;
  struct dh_err err;

  (void)state;
  dh_buf_init(&b, 1 << 20);
  dh_buf_init(&out, 20);
  dh_put_list(&b, 1);
  dh_put_int(&b, 1);
  assert_int_equal(dh_val_parse_buf(&b, &v, &err), 0);
  assert_int_equal(dh_csv_encode(v, &style, &out, &err), DH_EUSE);
  free(v);
  dh_buf_clear(&b);
  dh_put_list(&b, 1);
  dh_put_map(&b, 1);
  dh_put_kt(&b, "a", "12345678901234567890");
  assert_int_equal(dh_val_parse_buf(&b, &v, &err), 0);
  assert_int_equal(dh_csv_encode(v, &style, &out, &err), DH_ELIMIT);
  free(v);
  dh_buf_fini(&b);
  dh_buf_fini(&out);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows),
      cmocka_unit_test(refused),
      cmocka_unit_test(written),
      cmocka_unit_test(not_written),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
