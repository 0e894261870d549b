/* test_identifier.c - the vectors of fixtures/, the examples of the standards, folding, guesses, repairs. */
#include "identifier.h"

#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static struct dh_ident check(const char *kind, const char *text)
{
  struct dh_ident out;

  assert_int_equal(dh_ident_check(kind, text, strlen(text), &out), 0);
  assert_true(out.valid == (out.why[0] == 0));
  return out;
}

/* Rows: input, "valid" or what is wrong, canonical form. prefix goes before the input and the canonical form.
 */
static void vectors(const char *kind, const char *file, const char *prefix)
{
  char path[256], line[512], text[300], want[300];
  int rows = 0, wrong = 0;

  snprintf(path, sizeof path, "connectors/identifier/fixtures/%s", file);
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  while (fgets(line, sizeof line, f)) {
    char *at = line, *input = strsep(&at, "\t"), *verdict = strsep(&at, "\t"),
         *canonical = strsep(&at, "\t\n");
    if (input[0] == '#')
      continue;
    bool has = !strncmp(input, prefix, strlen(prefix));
    snprintf(text, sizeof text, "%s%s", has ? "" : prefix, input);
    snprintf(want, sizeof want, "%s%s", strncmp(canonical, prefix, strlen(prefix)) ? prefix : "", canonical);
    struct dh_ident got = check(kind, text);
    bool valid = !strcmp(verdict, "valid");
    rows++;
    if (got.valid != valid || (valid && strcmp(got.canonical, want) != 0)) {
      wrong++;
      print_message("%s: \"%s\" should be %s %s, is %s %s\n", kind, text, verdict, want,
                    got.valid ? "valid" : got.why, got.canonical);
    }
  }
  fclose(f);
  assert_true(rows > 40);
  assert_int_equal(wrong, 0);
}

static void test_vectors(void **state)
{
  (void)state;
  vectors("lei", "lei.tsv", "");
  vectors("uscc", "cn_uscc.tsv", "");
  vectors("iban", "iban.tsv", "");
  vectors("cnpj", "br_cnpj.tsv", "");
  vectors("eu_vat", "eu_vat.tsv", "");
  vectors("eu_vat", "gb_vat.tsv", "GB");
}

static void test_standards(void **state)
{
  static const char *const good[][2] = {
      {"cn_org", "20286320X"},
      {"cn_org", "20286320-x"},
      {"cn_resident", "360426199101010071"},
      {"cn_resident", "44011320141005001X"},
      {"uscc", "91110000600037341L"},
      {"uscc", "9111 0000 6000 3734 1L"},
      {"uk_company", "SC123456"},
      {"uk_company", "IP12345R"},
      {"eu_vat", "HR33392005961"},
      {"eu_vat", "LU26375245"},
  };
  static const char *const bad[][2] = {
      {"cn_org", "202863209"},
      {"cn_resident", "360426199102310071"},
      {"cn_resident", "990426199101010071"},
      {"uscc", "91110000600037341N"},
      {"uscc", "9111000060003734IL"},
      {"uk_company", "QQ123456"},
      {"eu_vat", "US123456789"},
      {"lei", ""},
      {"lei", "213800+0ABC"},
      {"iban", "ZZ0012345678901234"},
      {"eu_vat", "HR33392005962"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
    if (!check(good[i][0], good[i][1]).valid)
      fail_msg("%s %s: %s", good[i][0], good[i][1], check(good[i][0], good[i][1]).why);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    if (check(bad[i][0], bad[i][1]).valid)
      fail_msg("%s %s is accepted", bad[i][0], bad[i][1]);
  assert_string_equal(check("uk_company", "2578066").canonical, "02578066");
  assert_string_equal(check("eu_vat", "gr 094259216").canonical, "EL094259216");
  assert_string_equal(check("cn_resident", "440113801005001").canonical, "440113198010050016");
  assert_true(check("cn_resident", "440113198010050016").valid);
}

static void test_folding(void **state)
{
  struct dh_ident out;

  (void)state;
  assert_string_equal(check("uscc", "９１１１００００６０００３７３４１Ｌ").canonical, "91110000600037341L");
  assert_true(check("uscc", "９１１１　００００６０００３７３４１ｌ").valid);
  assert_true(check("cnpj", "12. abc.345 /01DE–35").valid);
  assert_false(check("lei", "名称").valid);
  assert_non_null(strstr(check("lei", "名称").why, "名"));
  assert_false(check("lei", "\xff\xe4\xb8").valid);
  assert_int_equal(dh_ident_check("passport", "1", 1, &out), DH_EUSE);
  char many[4096];
  memset(many, '1', sizeof many);
  assert_int_equal(dh_ident_check("iban", many, sizeof many, &out), 0);
  assert_false(out.valid);
}

static void test_guess(void **state)
{
  const char *kinds[DH_IDENT_KINDS];

  (void)state;
  assert_int_equal(dh_ident_guess("815600FC0039E657C985", 20, kinds), 1);
  assert_string_equal(kinds[0], "lei");
  assert_int_equal(dh_ident_guess("02578066", 8, kinds), 1);
  assert_string_equal(kinds[0], "uk_company");
  assert_int_equal(dh_ident_guess("hello", 5, kinds), 0);
}

static void test_repair(void **state)
{
  struct dh_ident out;

  (void)state;
  assert_int_equal(dh_ident_repair("lei", "8156OOFC0039E657C985", 20, &out), 0); /* two characters: no */
  assert_int_equal(dh_ident_repair("lei", "8156O0FC0039E657C985", 20, &out), 1);
  assert_string_equal(out.canonical, "815600FC0039E657C985");
  assert_int_equal(dh_ident_repair("uscc", "9111000060003734lL", 18, &out), 1);
  assert_string_equal(out.canonical, "91110000600037341L");
  assert_int_equal(dh_ident_repair("lei", "815600FC0039E657C985", 20, &out), 0); /* nothing to mend */
  assert_int_equal(dh_ident_repair("uk_company", "O2578066", 8, &out), DH_EUSE);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_vectors), cmocka_unit_test(test_standards), cmocka_unit_test(test_folding),
      cmocka_unit_test(test_guess),   cmocka_unit_test(test_repair),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
