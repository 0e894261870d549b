/* test_http_unit.c - which addresses and hosts are reached, and how often. */
#include "policy.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum dh_reach reach(const char *text)
{
  struct sockaddr_in a4 = {.sin_family = AF_INET};
  struct sockaddr_in6 a6 = {.sin6_family = AF_INET6};

  if (inet_pton(AF_INET, text, &a4.sin_addr) == 1)
    return dh_reach_of((struct sockaddr *)&a4);
  assert_int_equal(inet_pton(AF_INET6, text, &a6.sin6_addr), 1);
  return dh_reach_of((struct sockaddr *)&a6);
}

static void addresses(void **state)
{
  static const char *const open[] = {"93.184.216.34",    "1.1.1.1",         "172.32.0.1",
                                     "192.169.0.1",      "2606:4700::1111", "::ffff:1.1.1.1",
                                     "64:ff9b::101:101", "128.0.0.1",       "100.128.0.1"};
  static const char *const loop[] = {"127.0.0.1",       "127.255.1.2",   "::1",        "::ffff:127.0.0.1",
                                     "64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1"};
  static const char *const house[] = {"10.1.2.3",        "172.16.0.1", "172.31.255.255", "192.168.1.1",
                                      "100.64.0.1",      "fc00::1",    "fd12::1",        "fec0::1",
                                      "::ffff:10.0.0.1", "198.19.0.1"};
  static const char *const never[] = {"169.254.169.254", "0.0.0.0",   "224.0.0.1",
                                      "255.255.255.255", "240.0.0.1", "::",
                                      "fe80::1",         "ff02::1",   "::ffff:169.254.169.254"};

  (void)state;
  for (size_t i = 0; i < sizeof open / sizeof *open; i++)
    assert_int_equal(reach(open[i]), DH_REACH_PUBLIC);
  for (size_t i = 0; i < sizeof loop / sizeof *loop; i++)
    assert_int_equal(reach(loop[i]), DH_REACH_LOOPBACK);
  for (size_t i = 0; i < sizeof house / sizeof *house; i++)
    assert_int_equal(reach(house[i]), DH_REACH_PRIVATE);
  for (size_t i = 0; i < sizeof never / sizeof *never; i++)
    assert_int_equal(reach(never[i]), DH_REACH_NEVER);
}

static void names(void **state)
{
  char *list[] = {"api.gleif.org", "*.bank.example"};

  (void)state;
  assert_int_equal(dh_reach_of_name("localhost"), DH_REACH_LOOPBACK);
  assert_int_equal(dh_reach_of_name("a.localhost"), DH_REACH_LOOPBACK);
  assert_int_equal(dh_reach_of_name("[::1]"), DH_REACH_LOOPBACK);
  assert_int_equal(dh_reach_of_name("10.0.0.1"), DH_REACH_PRIVATE);
  assert_int_equal(dh_reach_of_name("notlocalhost"), DH_REACH_PUBLIC);
  assert_true(dh_host_listed(list, 2, "API.gleif.org"));
  assert_true(dh_host_listed(list, 2, "a.b.bank.example"));
  assert_false(dh_host_listed(list, 2, "bank.example"));
  assert_false(dh_host_listed(list, 2, "evilbank.example"));
  assert_false(dh_host_listed(list, 2, "api.gleif.org.evil.example"));
  assert_false(dh_host_listed(list, 0, "api.gleif.org"));
  assert_true(dh_host_in_text("localhost, .bank.example", "forms.bank.example"));
  assert_true(dh_host_in_text("localhost, bank.example", "bank.example"));
  assert_false(dh_host_in_text("localhost, bank.example", "evilbank.example"));
  assert_true(dh_host_in_text("*", "any.example"));
  assert_false(dh_host_in_text("", "any.example"));
  assert_false(dh_host_in_text(NULL, "any.example"));
}

static void rates(void **state)
{
  (void)state;
  assert_int_equal(dh_rate_gap_ms("60/min"), 1000);
  assert_int_equal(dh_rate_gap_ms("60/m"), 1000);
  assert_int_equal(dh_rate_gap_ms("10/s"), 100);
  assert_int_equal(dh_rate_gap_ms("600/5m"), 500);
  assert_int_equal(dh_rate_gap_ms("1/2h"), 7200000);
  assert_int_equal(dh_rate_gap_ms("100000/s"), 1);
  assert_int_equal(dh_rate_gap_ms("0/s"), -1);
  assert_int_equal(dh_rate_gap_ms("fast"), -1);
  assert_int_equal(dh_rate_gap_ms("5"), -1);
  assert_int_equal(dh_rate_gap_ms(NULL), -1);
  for (int i = 2; i < 40; i++) {
    int64_t ms = dh_backoff_ms(i), least = i < 8 ? 500 << (i - 2) : 30000;

    assert_true(ms >= (least < 30000 ? least : 30000) && ms <= 45000);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(addresses), cmocka_unit_test(names),
                                     cmocka_unit_test(rates)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
