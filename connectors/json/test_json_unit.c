/* test_json_unit.c - JSON to plain data: what is read, what is refused and where. */
#include "json_number.h"
#include "json_read.h"

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
  if (dh_json_decode(text, strlen(text), &cbor, &err))
    fail_msg("%s: %s (seen: %s)", text, err.text, err.seen);
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
  dh_put_int(&cbor, 7);
  if (!dh_json_decode(text, n, &cbor, &err))
    fail_msg("was read: %s", text);
  if (!strstr(err.text, part))
    fail_msg("\"%s\" is not in: %s (seen: %s)", part, err.text, err.seen);
  assert_int_equal(cbor.len, 1);
  dh_buf_fini(&cbor);
}

#define REFUSES(text, part) refuses(text, sizeof(text) - 1, part)

static void values(void **state)
{
  (void)state;
  reads_as(" null ", "null");
  reads_as("[true,false,\"\"]", "[true,false,\"\"]");
  reads_as("{}", "{}");
  reads_as("[]", "[]");
  reads_as("\xef\xbb\xbf{\"a\": {\"b\": [1, 2, [3]]}}", "{\"a\":{\"b\":[1,2,[3]]}}");
  reads_as("\"\\u00e9\\ud83d\\ude00\\n\\/\"", "\"\xc3\xa9\xf0\x9f\x98\x80\\n/\"");
  reads_as("\"a\\u0000b\"", "\"a\\u0000b\"");
  reads_as("{\"\": 1, \"a\\u0000\": 2, \"a\": 3}", "{\"\":1,\"a\\u0000\":2,\"a\":3}");
}

static void long_lists(void **state)
{
  static const size_t sizes[] = {23, 24, 255, 256, 65535, 65536};
  struct dh_buf text, cbor;
  struct dh_val *v;
  struct dh_err err;

  (void)state;
  for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
    dh_buf_init(&text, 1 << 20);
    dh_buf_init(&cbor, 1 << 20);
    dh_buf_puts(&text, "[[");
    for (size_t i = 0; i < sizes[k]; i++)
      dh_buf_puts(&text, i ? ",1" : "1");
    dh_buf_puts(&text, "],2]");
    assert_int_equal(dh_json_decode(text.data, text.len, &cbor, &err), 0);
    assert_int_equal(dh_val_parse_buf(&cbor, &v, &err), 0);
    assert_int_equal(v->n, 2);
    assert_int_equal(v->items[0].n, sizes[k]);
    assert_int_equal(v->items[1].i, 2);
    free(v);
    dh_buf_fini(&text);
    dh_buf_fini(&cbor);
  }
}

static enum dh_json_kind kind(const char *s)
{
  struct dh_json_number n;

  assert_int_equal(dh_json_number(s, strlen(s), &n), strlen(s));
  return n.kind;
}

static void numbers(void **state)
{
  (void)state;
  assert_int_equal(kind("9223372036854775807"), DH_JSON_INT);
  assert_int_equal(kind("-9223372036854775808"), DH_JSON_INT);
  assert_int_equal(kind("9223372036854775808"), DH_JSON_DECIMAL);
  assert_int_equal(kind("190000.10"), DH_JSON_DECIMAL);
  assert_int_equal(kind("12345678901234567.89"), DH_JSON_DECIMAL);
  assert_int_equal(kind("0.5"), DH_JSON_FLOAT);
  assert_int_equal(kind("-2.50"), DH_JSON_FLOAT);
  assert_int_equal(kind("0.0"), DH_JSON_FLOAT);
  assert_int_equal(kind("1e5"), DH_JSON_FLOAT);
  assert_int_equal(kind("1E22"), DH_JSON_FLOAT);
  assert_int_equal(kind("1e23"), DH_JSON_DECIMAL);
  assert_int_equal(kind("1e400"), DH_JSON_DECIMAL);
  assert_int_equal(kind("0.1000000000000000055511151231257827021181583404541015625"), DH_JSON_FLOAT);
  assert_int_equal(kind("0.1000000000000000055511151231257827021181583404541015624"), DH_JSON_DECIMAL);
  reads_as("[190000.10, 12345678901234567890123, 0.5, -0.0, 7]",
           "[190000.10,12345678901234567890123,0.5,-0.0,7]");
}

static void refused(void **state)
{
  (void)state;
  REFUSES("", "line 1, column 1: a value was expected");
  REFUSES("{\"a\": 1,\n \"b\": 2,\n \"a\": 3}", "line 3, column 2: the key \"a\" stands twice");
  REFUSES("{\"a\\u0000\": 1, \"a\\u0000\": 3}", "stands twice");
  REFUSES("[1, 2", "line 1, column 6: a comma or ] was expected");
  REFUSES("{\"a\" 1}", "column 6: a colon was expected");
  REFUSES("{a: 1}", "column 2: a key in quotes");
  REFUSES("[1,]", "column 4: neither a value");
  REFUSES("[01]", "neither a value");
  REFUSES("[1.]", "neither a value");
  REFUSES("[+1]", "neither a value");
  REFUSES("[NaN]", "neither a value");
  REFUSES("[1] x", "column 5: there is more after the value");
  REFUSES("\"a\nb\"", "a line end or control character");
  REFUSES("\"abc", "column 1: a string that has no end");
  REFUSES("\"\\", "the text ends inside a string");
  REFUSES("\"\\x\"", "an escape that JSON does not have");
  REFUSES("\"\\ud800\"", "first half of a character");
  REFUSES("\"\\udc00\"", "second half of a character");
  REFUSES("\"\\u12\"", "four hexadecimal digits");
  REFUSES("\"\xc3\"", "bytes that are no UTF-8");
  REFUSES("\"\xed\xa0\x80\"", "bytes that are no UTF-8");
  REFUSES("\"\xc3\xa9\" \xc3\xa9", "column 5: there is more");
}

static void ceilings(void **state)
{
  struct dh_buf text, cbor;
  struct dh_err err;

  (void)state;
  dh_buf_init(&text, 1 << 20);
  dh_buf_init(&cbor, 100);
  for (int i = 0; i < 100000; i++)
    dh_buf_putc(&text, '[');
  assert_int_equal(dh_json_decode(text.data, text.len, &cbor, &err), DH_ELIMIT);
  dh_buf_fini(&text);
  assert_int_equal(dh_json_decode("x", DH_JSON_MAX + 1u, &cbor, &err), DH_ELIMIT);
  dh_buf_puts(&text, "\"");
  for (int i = 0; i < 200; i++)
    dh_buf_putc(&text, 'a');
  dh_buf_puts(&text, "\"");
  assert_int_equal(dh_json_decode(text.data, text.len, &cbor, &err), DH_ELIMIT);
  dh_buf_fini(&text);
  dh_buf_fini(&cbor);
}

static void lines(void **state)
{
  static const char good[] = "{\"a\": 1}\r\n\n[2]\n", bad[] = "{\"a\": 1}\n{\"a\": }\n";
  struct dh_buf cbor;
  struct dh_val *v;
  struct dh_err err;

  (void)state;
  dh_buf_init(&cbor, 1 << 20);
  assert_int_equal(dh_jsonl_decode(good, sizeof good - 1, &cbor, &err), 0);
  assert_int_equal(dh_val_parse_buf(&cbor, &v, &err), 0);
  assert_int_equal(v->n, 2);
  assert_int_equal(dh_val_int(&v->items[0], "a", 0), 1);
  free(v);
  assert_int_equal(dh_jsonl_decode(bad, sizeof bad - 1, &cbor, &err), DH_EFORMAT);
  assert_non_null(strstr(err.text, "line 2, column 7"));
  dh_buf_fini(&cbor);
}

/* Whatever bytes come: an answer or an error, never a damaged value. */
static void any_bytes(void **state)
{
  static const char seed[] = "{\"a\\u00e9\":[1,-2.5e3,\"x\",{\"b\":null}],\"c\":true}";
  struct dh_buf cbor;
  struct dh_val *v;
  struct dh_err err;
  unsigned long r = 1;
  char text[sizeof seed];

  (void)state;
  dh_buf_init(&cbor, 1 << 20);
  for (int i = 0; i < 20000; i++) {
    memcpy(text, seed, sizeof seed);
    for (int k = 0; k < 3; k++) {
      r = r * 6364136223846793005ul + 1442695040888963407ul;
      text[(r >> 33) % (sizeof seed - 1)] = (char)(r >> 56);
    }
    dh_buf_clear(&cbor);
    if (dh_json_decode(text, sizeof seed - 1, &cbor, &err))
      continue;
    assert_int_equal(dh_val_parse_buf(&cbor, &v, &err), 0);
    free(v);
  }
  dh_buf_fini(&cbor);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values),    cmocka_unit_test(long_lists), cmocka_unit_test(numbers),
      cmocka_unit_test(refused),   cmocka_unit_test(ceilings),   cmocka_unit_test(lines),
      cmocka_unit_test(any_bytes),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
