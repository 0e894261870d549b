/* test_xml_unit.c - what is found, and that hostile texts end soon with a clear refusal. */
#include "base/clock.h"
#include "xml_query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int find(const char *text, size_t n, const char *xpath, const char *columns, const char *namespaces,
                char *json, size_t size, struct dh_err *err)
{
  struct dh_xml_query q = {.text = text, .len = n, .xpath = xpath};
  struct dh_buf cbor, out, c, ns;
  struct dh_val *v = NULL, *cv = NULL, *nv = NULL;
  int rc;

  dh_buf_init(&cbor, 64 << 20);
  dh_buf_init(&out, 64 << 20);
  dh_buf_init(&c, 4096);
  dh_buf_init(&ns, 4096);
  if (columns) {
    dh_put_map(&c, 1);
    dh_put_kt(&c, "v", columns);
    dh_val_parse_buf(&c, &cv, err);
  }
  if (namespaces) {
    dh_put_map(&ns, 1);
    dh_put_kt(&ns, "n", namespaces);
    dh_val_parse_buf(&ns, &nv, err);
  }
  q.columns = cv;
  q.namespaces = nv;
  rc = dh_xml_find(&q, &cbor, err);
  if (!rc) {
    assert_int_equal(dh_val_parse_buf(&cbor, &v, err), 0);
    dh_val_json(&out, v, false);
    snprintf(json, size, "%s", out.data);
  } else {
    assert_int_equal(cbor.len, 0);
  }
  free(v);
  free(cv);
  free(nv);
  dh_buf_fini(&cbor);
  dh_buf_fini(&out);
  dh_buf_fini(&c);
  dh_buf_fini(&ns);
  return rc;
}

static void finds(const char *text, const char *xpath, const char *columns, const char *ns, const char *json)
{
  struct dh_err err = {0};
  char seen[1000];

  if (find(text, strlen(text), xpath, columns, ns, seen, sizeof seen, &err))
    fail_msg("%s: %s", xpath, err.text);
  assert_string_equal(seen, json);
}

static void refuses(const char *text, size_t n, const char *xpath, int code, const char *part)
{
  struct dh_err err = {0};
  char seen[1000];
  int64_t begun = dh_mono_ms();

  assert_int_equal(find(text, n, xpath, NULL, NULL, seen, sizeof seen, &err), code);
  if (!strstr(err.text, part))
    fail_msg("\"%s\" is not in: %s", part, err.text);
  assert_true(dh_mono_ms() - begun < 5000);
}

static const char list[] = "<list><loan no='L-1'><sum>5</sum><who>A &amp; B</who></loan>"
                           "<loan no='L-2'><sum/></loan><loan><who><![CDATA[<c>]]></who></loan></list>";

static void found(void **state)
{
  (void)state;
  finds(list, "//loan/@no", NULL, NULL, "[\"L-1\",\"L-2\"]");
  finds(list, "/list/loan/who", NULL, NULL, "[\"A & B\",\"<c>\"]");
  finds(list, "//nothing", NULL, NULL, "[]");
  finds(list, "count(//loan)", NULL, NULL, "[\"3\"]");
  finds(list, "//loan", "sum", NULL, "[{\"v\":\"5\"},{\"v\":\"\"},{}]");
  finds("<a xmlns='urn:x'><b>1</b></a>", "//n:b", NULL, "urn:x", "[\"1\"]");
  finds("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>", "/a", NULL, NULL, "[\"\xc3\xa9\"]");
}

#define REFUSES(text, xpath, code, part) refuses(text, sizeof(text) - 1, xpath, code, part)

static void wrong(void **state)
{
  (void)state;
  REFUSES("<a><b></a>", "/a", DH_EFORMAT, "line 1, column");
  REFUSES("", "/a", DH_EFORMAT, "well-formed");
  REFUSES("{}", "/a", DH_EFORMAT, "well-formed");
  REFUSES("<a/>", "//[", DH_EUSE, "this is no XPath");
  REFUSES("<a/>", "//x:b", DH_EUSE, "prefix");
  REFUSES("<a/>", "system('id')", DH_EUSE, "this is no XPath");
}

static void hostile_doctypes(void **state)
{
  struct dh_buf b;

  (void)state;
  REFUSES("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", "/a", DH_EREFUSED, "DOCTYPE");
  REFUSES("<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/a.dtd'><a/>", "/a", DH_EREFUSED, "DOCTYPE");
  REFUSES("<!DOCTYPE a><a/>", "/a", DH_EREFUSED, "DOCTYPE");
  REFUSES("<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://127.0.0.1:1/p'> %p;]><a/>", "/a", DH_EREFUSED, "DOCTYPE");
  dh_buf_init(&b, 4 << 20);
  dh_buf_puts(&b, "<!DOCTYPE a [<!ENTITY l0 'lol'>");
  for (int i = 1; i < 30; i++)
    dh_buf_printf(&b, "<!ENTITY l%d '&l%d;&l%d;&l%d;&l%d;'>", i, i - 1, i - 1, i - 1, i - 1);
  dh_buf_puts(&b, "]><a>&l29;</a>");
  refuses(b.data, b.len, "/a", DH_EREFUSED, "DOCTYPE");
  dh_buf_clear(&b);
  dh_buf_puts(&b, "<!DOCTYPE a [<!ENTITY q '");
  for (int i = 0; i < 100000; i++)
    dh_buf_putc(&b, 'q');
  dh_buf_puts(&b, "'>]><a>");
  for (int i = 0; i < 100000; i++)
    dh_buf_puts(&b, "&q;");
  dh_buf_puts(&b, "</a>");
  refuses(b.data, b.len, "/a", DH_EREFUSED, "DOCTYPE");
  dh_buf_fini(&b);
}

static void hostile_sizes(void **state)
{
  struct dh_buf b;

  (void)state;
  dh_buf_init(&b, 32 << 20);
  for (int i = 0; i < 100000; i++)
    dh_buf_puts(&b, "<a>");
  refuses(b.data, b.len, "/a", DH_ELIMIT, "too deeply");
  dh_buf_clear(&b);
  dh_buf_puts(&b, "<a>");
  for (int i = 0; i < 20000; i++)
    dh_buf_puts(&b, "<b/>");
  dh_buf_puts(&b, "</a>");
  refuses(b.data, b.len, "//b[count(//b[count(//b) > 1]) > 1]", DH_ELIMIT, "too much work");
  refuses(b.data, DH_XML_MAX + 1u, "/a", DH_ELIMIT, "more than");
  dh_buf_fini(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(found),
      cmocka_unit_test(wrong),
      cmocka_unit_test(hostile_doctypes),
      cmocka_unit_test(hostile_sizes),
  };

  dh_xml_init();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
