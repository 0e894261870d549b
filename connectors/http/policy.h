/* policy.h - which hosts and addresses a request may reach, and how often. Plain C, owns nothing. */
#ifndef DH_HTTP_POLICY_H
#define DH_HTTP_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum dh_reach {
  DH_REACH_PUBLIC,
  DH_REACH_LOOPBACK, /* this machine */
  DH_REACH_PRIVATE,  /* the house: RFC 1918, shared, benchmark, fc00::/7 */
  DH_REACH_NEVER,    /* link-local (the cloud's 169.254.169.254 too), multicast, unspecified, reserved */
};

/* Of an address after resolution; IPv4 inside IPv6 (mapped, NAT64, 6to4) counts as the IPv4 address. */
enum dh_reach dh_reach_of(const struct sockaddr *a);
/* Of a host name that is an address itself ("127.0.0.1", "::1"), or "localhost"; DH_REACH_PUBLIC for other
 * names. */
enum dh_reach dh_reach_of_name(const char *host);

/* Does a robot's list name this host? Entries are names, or "*.example.com" for all below. Case does not
 * matter. */
bool dh_host_listed(char *const *list, size_t n, const char *host);
/* The same for a text like proxy.no: "localhost, .bank.example, *": an entry also covers what lies below it.
 */
bool dh_host_in_text(const char *text, const char *host);

/* "60/min", "10/s", "600/5m", "1000/h" -> milliseconds from one request to the next (at least 1), -1 when it
 * is no rate. */
int64_t dh_rate_gap_ms(const char *rate);

/* Milliseconds to wait before attempt n (2, 3, …): doubling from 500, at most 30,000, and a random part of up
 * to half of it, so that many robots do not come back at once. */
int64_t dh_backoff_ms(int attempt);

#endif
