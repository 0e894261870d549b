/* transfer.h - one request from the queue to its answer: redirects, retries, limits. One dh_op on the loop.
 *
 * transfer.c decides (what comes next), easy.c speaks to libcurl's easy handle, line.c owns the multi handle,
 * the queue and the rates, explain.c finds the words. The op owns the request and the answer. */
#ifndef DH_HTTP_TRANSFER_H
#define DH_HTTP_TRANSFER_H

#include "deskhand.h"

#include <curl/curl.h>
#include <sys/queue.h>

enum {
  DH_HTTP_HEADERS_MAX = 128 << 10, /* bytes of an answer's headers */
  DH_HTTP_REDIRECTS = 5,
  DH_HTTP_CONNECT_MS = 10000,
  DH_HTTP_STALL_MS = 30000, /* without 100 bytes a second for so long: given up */
  DH_HTTP_ACCEPT = 16,      /* statuses a caller may list */
};

struct dh_http_header {
  char *line;  /* "Name: value" */
  bool secret; /* holds a secret, or is one by its name: stays behind when a redirect leads to another host */
};

struct dh_http_request {
  const char *method; /* static: GET POST PUT DELETE */
  char *url;
  struct dh_http_header *headers;
  size_t n_headers;
  struct dh_buf body;
  bool has_body;
  bool effect; /* changes something outside: never sent twice */
  char *user, *password;
  char **hosts; /* of the robot; n_hosts -1: it has no list */
  int n_hosts;
  char *trusted;       /* host allowed beside the list: that of the source */
  bool loopback;       /* this URL's host and port may lie on this machine */
  bool house;          /* … in the house */
  bool house_anywhere; /* addresses of the house are fine after a redirect, too */
  char *ca, *cert, *key, *proxy, *no_proxy;
  int64_t timeout_ms;          /* from the first byte on its way to the last, all attempts together */
  int64_t gap_ms;              /* between two requests to the host; 0: no rate */
  int attempts;                /* at most */
  long accept[DH_HTTP_ACCEPT]; /* statuses that are no reason to try again */
  int n_accept;
  size_t limit; /* bytes of the answer's body after decompression */
};

/* Where a URL leads. */
struct dh_http_place {
  char scheme[8], host[256], port[8];
};

enum dh_http_stop { /* why we ended a transfer ourselves */
                    DH_HTTP_GOES_ON,
                    DH_HTTP_BODY_OVER,
                    DH_HTTP_HEADERS_OVER,
                    DH_HTTP_ADDRESS, /* an address that must not be reached; named in `address` */
};

struct dh_http_transfer {
  struct dh_op op;
  struct dh_http_request req;

  /* transfer.c */
  struct dh_http_place first, place;
  int attempt, redirects;
  int64_t until_ms; /* monotonic; 0 until it first leaves the queue */
  uv_timer_t *retry;

  /* line.c */
  TAILQ_ENTRY(dh_http_transfer) entry;
  TAILQ_HEAD(dh_http_queue, dh_http_transfer) * queued; /* the queue it stands in, or NULL */
  bool running;

  /* easy.c */
  CURL *easy;
  struct curl_slist *lines;
  size_t sent;   /* bytes of the body handed to libcurl */
  bool all_sent; /* the last byte of the request may have left */
  bool proxied;
  bool loopback, house; /* of this hop */
  enum dh_http_stop stop;
  char address[64];
  char detail[CURL_ERROR_SIZE];

  /* the answer */
  long status;
  bool head_ended;    /* the empty line after the headers was seen */
  struct dh_buf head; /* header lines of the last response, "name: value\n" */
  struct dh_buf body;
};

/* A zeroed transfer, its request filled: makes the answer's buffers ready. Once, before the start. The answer
 * is in the transfer when the op is done: status, head, body. */
void dh_http_init(struct dh_http_transfer *t);
int dh_http_start(struct dh_op *op, struct dh_err *err);
void dh_http_cancel(struct dh_op *op);
void dh_http_fini(struct dh_op *op);
/* Splits a URL; DH_EUSE when it is none, or holds a user or password. */
int dh_http_place_of(const char *url, struct dh_http_place *place, struct dh_err *err);

/* line.c tells transfer.c: it is your turn; it has ended. */
void dh_http_turn(struct dh_http_transfer *t);
void dh_http_ended(struct dh_http_transfer *t, CURLcode rc);

/* ---- line.c: the queue in front of 64 transfers, rates by host, and libcurl on the loop */
int dh_line_open(struct dh_loop *loop,
                 struct dh_err *err);          /* once; libcurl is initialised here, on first use */
int dh_line_enter(struct dh_http_transfer *t); /* 0 or DH_ENOMEM */
int dh_line_run(struct dh_http_transfer *t);   /* t->easy is ready: 0, or DH_EIO */
/* Out of wherever it stands. keep: its place among the 64 is used again at once (a redirect). */
void dh_line_leave(struct dh_http_transfer *t, bool keep);
CURL *dh_line_easy(void); /* an easy handle with its basics and nothing else; NULL without memory */
/* bare: it holds nothing that the next bare request does not set anew. */
void dh_line_easy_back(CURL *easy, bool bare);
void dh_line_closed(curl_socket_t fd); /* libcurl is about to close it */

/* A one-shot timer in a slot: made when needed, closed when cleared, so that nothing of an idle module stays
 * open. */
int dh_alarm_set(uv_timer_t **slot, struct dh_loop *loop, int64_t ms, uv_timer_cb cb, void *data);
void dh_alarm_clear(uv_timer_t **slot);

/* ---- easy.c */
void dh_easy_basics(CURL *easy);                                  /* what every request has */
int dh_easy_prepare(struct dh_http_transfer *t, int64_t left_ms); /* 0 or DH_ENOMEM */
void dh_easy_release(struct dh_http_transfer *t);

/* ---- explain.c */
bool dh_http_wants_certificate(const struct dh_http_transfer *t); /* a client's; trying again is in vain */
int dh_http_explain(const struct dh_http_transfer *t, CURLcode rc, struct dh_err *err);
/* Bytes of a URL without its query, which may hold what is nobody's business. */
int dh_http_shown(const char *url);

#endif
