/* pattern.h - Lua 5.4 patterns, compiled into a list of items and matched with a budget of steps. No part of
 * it is recursive; a matcher owns nothing but the memory it lies in. */
#ifndef DH_HOST_PATTERN_H
#define DH_HOST_PATTERN_H

#include <lua.h>
#include <stddef.h>
#include <stdint.h>

enum { DH_PATTERN_CAPTURES = 32, DH_PATTERN_MAX = 10000 /* bytes of a pattern */ };

struct dh_pattern_item {
  uint8_t kind, often;
  uint8_t a, b;         /* a byte, two bytes of %b, or the number of a capture */
  int back;             /* how many items before it the nearest repeated one stands; 0: there is none */
  const char *why;      /* of a mistake in the pattern: raised when matching comes here */
  uint64_t set[4];      /* a bit for every byte that fits */
  const char *low, *at; /* of a repeated item on the current path: its least and present end */
};

struct dh_pattern {
  lua_State *L;
  const char *src, *end; /* the text */
  int64_t steps;         /* still allowed */
  int captures;
  struct {
    const char *from;
    ptrdiff_t len; /* or one of DH_CAPTURE_* */
  } capture[DH_PATTERN_CAPTURES];
  struct dh_pattern_item *items;
};
enum { DH_CAPTURE_OPEN = -1, DH_CAPTURE_POSITION = -2 };

/* Reads a pattern of n bytes into m->items, which has room for n + 1. A mistake is found when matching
 * reaches it, as in Lua; so this cannot fail. */
void dh_pattern_read(struct dh_pattern *m, const char *pattern, size_t n);

/* Gives m a text and a new budget for it. */
void dh_pattern_text(struct dh_pattern *m, lua_State *L, const char *src, size_t n);

/* The end of the match that begins at s, NULL when there is none. Raises Lua's texts for a malformed pattern,
 * an error with advice when the budget is used up, and the end of a run that is over. */
const char *dh_pattern_match(struct dh_pattern *m, const char *s);

#endif
