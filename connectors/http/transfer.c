/* transfer.c - what comes next for one request: its turn, a redirect, another attempt, the end. */
#include "transfer.h"
#include "policy.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* 0, or -1 when the URL has no such part, or too long a one. */
static int copy_part(CURLU *u, CURLUPart part, char *out, size_t size)
{
  char *s = NULL;
  int rc =
      curl_url_get(u, part, &s, CURLU_DEFAULT_PORT) || snprintf(out, size, "%s", s) >= (int)size ? -1 : 0;

  curl_free(s);
  return rc;
}

int dh_http_place_of(const char *url, struct dh_http_place *place, struct dh_err *err)
{
  CURLU *u = curl_url();
  CURLUcode rc = u ? curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME | CURLU_DISALLOW_USER)
                   : CURLUE_OUT_OF_MEMORY;
  int bad;

  *place->host = *place->port = '\0'; /* schemes without them are refused by their name */
  bad = rc || copy_part(u, CURLUPART_SCHEME, place->scheme, sizeof place->scheme);
  if (!bad && strncmp(place->scheme, "http", 4) == 0)
    bad = copy_part(u, CURLUPART_HOST, place->host, sizeof place->host) ||
          copy_part(u, CURLUPART_PORT, place->port, sizeof place->port);
  curl_url_cleanup(u);
  if (rc == CURLUE_OUT_OF_MEMORY)
    return dh_err_set(err, DH_ENOMEM, "no memory for a request");
  if (rc == CURLUE_USER_NOT_ALLOWED) {
    dh_err_set(err, DH_EUSE, "the URL holds a user or a password");
    dh_err_advice(err, "give them apart: { auth = { user = …, password = secret \"…\" } }");
    return DH_EUSE;
  }
  if (!bad)
    return 0;
  dh_err_set(err, DH_EUSE, "this is no URL: %.*s", dh_http_shown(url), url);
  dh_err_advice(err, "write it whole: https://host/path");
  return DH_EUSE;
}

static bool same_place(const struct dh_http_place *a, const struct dh_http_place *b)
{
  return strcasecmp(a->scheme, b->scheme) == 0 && strcasecmp(a->host, b->host) == 0 &&
         strcmp(a->port, b->port) == 0;
}

static int refuse(const struct dh_http_transfer *t, struct dh_err *err, const char *why, const char *advice)
{
  dh_err_set(err, DH_EREFUSED, "%s %.*s is refused: %s", t->req.method, dh_http_shown(t->req.url), t->req.url,
             why);
  dh_err_seen(err, "%s://%s%s%s", t->place.scheme, t->place.host, *t->place.port ? ":" : "", t->place.port);
  dh_err_advice(err, "%s", advice);
  return DH_EREFUSED;
}

/* May this hop go to t->place? What is behind the name is checked again when the address is known. */
static int check_place(struct dh_http_transfer *t, struct dh_err *err)
{
  const struct dh_http_request *r = &t->req;
  bool hop = t->redirects > 0, home = !hop || same_place(&t->place, &t->first);
  bool http = strcmp(t->place.scheme, "http") == 0, https = strcmp(t->place.scheme, "https") == 0;
  enum dh_reach reach = dh_reach_of_name(t->place.host);

  if (!http && !https)
    return refuse(t, err, hop ? "it redirects to another scheme" : "its scheme is not http or https",
                  "only http and https are spoken here");
  if (http && hop && strcmp(t->first.scheme, "https") == 0)
    return refuse(t, err, "it redirects from https to http",
                  "ask for the address that it redirects to over https");
  if (r->n_hosts >= 0 && !dh_host_listed(r->hosts, (size_t)r->n_hosts, t->place.host) &&
      !(r->trusted && strcasecmp(r->trusted, t->place.host) == 0))
    return refuse(t, err, "the host is not in the robot's list",
                  "add it to robot { hosts = { … } }, if the robot is meant to go there");
  t->loopback = r->loopback && home; /* this machine is never reached by a redirect from elsewhere */
  t->house = home ? r->house : r->house_anywhere;
  if (reach == DH_REACH_NEVER || (reach == DH_REACH_LOOPBACK && !t->loopback))
    return refuse(
        t, err, reach == DH_REACH_NEVER ? "no service has this address" : "it leads to this machine",
        "a service on this machine is reached as a source (source.NAME.url), or with hosts.loopback = yes");
  if (reach == DH_REACH_PRIVATE && !t->house)
    return refuse(
        t, err, "it leads to an address of the house",
        "a service of the house is reached as a source (source.NAME.url), or with hosts.private = yes");
  return 0;
}

void dh_http_init(struct dh_http_transfer *t)
{
  dh_buf_init(&t->head, DH_HTTP_HEADERS_MAX);
  dh_buf_init(&t->body, t->req.limit);
}

int dh_http_start(struct dh_op *op, struct dh_err *err)
{
  struct dh_http_transfer *t = (struct dh_http_transfer *)op;
  int rc = dh_line_open(op->loop, err);

  if (!rc)
    rc = dh_http_place_of(t->req.url, &t->place, err);
  if (rc)
    return rc;
  t->first = t->place;
  t->attempt = 1;
  rc = check_place(t, err);
  if (!rc && dh_line_enter(t))
    rc = dh_err_set(err, DH_ENOMEM, "no memory for a request");
  return rc;
}

static void finish(struct dh_http_transfer *t, int rc, const struct dh_err *err)
{
  dh_op_ref(&t->op);
  dh_line_leave(t, false);
  dh_easy_release(t);
  dh_alarm_clear(&t->retry);
  dh_op_done(&t->op, rc, err);
  dh_op_release(&t->op);
}

/* The next hop or attempt begins: on its place among the 64 already. */
void dh_http_turn(struct dh_http_transfer *t)
{
  struct dh_err err;
  int64_t now = dh_mono_ms();
  int rc;

  if (!t->until_ms)
    t->until_ms = now + t->req.timeout_ms;
  dh_buf_clear(&t->body);
  dh_buf_clear(&t->head);
  t->status = 0;
  t->head_ended = false;
  t->stop = DH_HTTP_GOES_ON;
  t->sent = 0;
  rc = dh_easy_prepare(t, t->until_ms - now);
  if (!rc)
    rc = dh_line_run(t);
  if (rc)
    finish(t, rc, dh_err_set(&err, rc, "no memory for a request") ? &err : NULL);
}

static void on_retry(uv_timer_t *timer)
{
  struct dh_http_transfer *t = timer->data;
  struct dh_err err;

  dh_alarm_clear(&t->retry);
  if (dh_line_enter(t))
    finish(t, dh_err_set(&err, DH_ENOMEM, "no memory for a request"), &err);
}

static bool is_accepted(const struct dh_http_transfer *t)
{
  for (int i = 0; i < t->req.n_accept; i++)
    if (t->req.accept[i] == t->status)
      return true;
  return false;
}

/* Milliseconds until the next attempt, -1 for none. An effect is tried again only when its last byte cannot
 * have left; a read also when the answer says that another time may do. */
static int64_t retry_after_ms(struct dh_http_transfer *t, CURLcode rc)
{
  int64_t wait;
  curl_off_t asked = 0, connected = 0;
  bool again;

  if (t->attempt >= t->req.attempts || t->stop || t->all_sent || dh_http_wants_certificate(t))
    return -1;
  if (rc == CURLE_OK) {
    curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &asked);
    again = !t->req.effect && !is_accepted(t) &&
            (t->status == 502 || t->status == 503 || t->status == 504 || (t->status == 429 && asked > 0));
  } else {
    curl_easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T, &connected);
    again = (rc == CURLE_OPERATION_TIMEDOUT && connected == 0) || rc == CURLE_COULDNT_RESOLVE_HOST ||
            rc == CURLE_COULDNT_RESOLVE_PROXY || rc == CURLE_COULDNT_CONNECT ||
            (!t->req.effect && (rc == CURLE_GOT_NOTHING || rc == CURLE_RECV_ERROR || rc == CURLE_SEND_ERROR));
  }
  if (!again)
    return -1;
  wait = dh_backoff_ms(t->attempt + 1);
  if (asked * 1000 > wait)
    wait = asked * 1000;
  return dh_mono_ms() + wait < t->until_ms ? wait : -1;
}

/* A status that sends a read elsewhere. Effects are not sent on: what happened is for the author to say. */
static bool is_redirect(const struct dh_http_transfer *t)
{
  return !t->req.effect && !is_accepted(t) &&
         (t->status == 301 || t->status == 302 || t->status == 303 || t->status == 307 || t->status == 308);
}

/* 1: on its way, 0: there is no Location and the answer stands, or DH_E*. */
static int redirect(struct dh_http_transfer *t, struct dh_err *err)
{
  char *to = NULL, *url;
  int rc;

  curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &to);
  if (!to)
    return 0;
  if (++t->redirects > DH_HTTP_REDIRECTS)
    return refuse(t, err, "it redirects more than five times", "ask for the address that it leads to");
  url = strdup(to);
  if (!url)
    return dh_err_set(err, DH_ENOMEM, "no memory for a request");
  rc = dh_http_place_of(url, &t->place, err);
  if (!rc)
    rc = check_place(t, err);
  if (rc) {
    free(url);
    return rc == DH_EUSE
               ? refuse(t, err, "it redirects to something that is no URL", "tell those who run the service")
               : rc;
  }
  free(t->req.url);
  t->req.url = url;
  dh_line_leave(t, true);
  dh_easy_release(t);
  dh_http_turn(t);
  return 1;
}

static void retry(struct dh_http_transfer *t, int64_t wait)
{
  struct dh_err err;

  t->attempt++;
  dh_line_leave(t, false);
  dh_easy_release(t);
  if (dh_alarm_set(&t->retry, t->op.loop, wait, on_retry, t))
    finish(t, dh_err_set(&err, DH_ENOMEM, "no memory for a request"), &err);
}

void dh_http_ended(struct dh_http_transfer *t, CURLcode rc)
{
  struct dh_err err;
  int64_t wait;
  int going;
  long request = 0;

  if (rc == CURLE_OK && !t->head_ended)
    rc = CURLE_PARTIAL_FILE; /* libcurl takes headers that break off for an answer without a body */
  curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->status);
  curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &request);
  if (t->req.effect && !t->req.has_body && request > 0)
    t->all_sent = true;
  wait = retry_after_ms(t, rc);
  if (wait >= 0) {
    retry(t, wait);
    return;
  }
  if (rc != CURLE_OK) {
    finish(t, dh_http_explain(t, rc, &err), &err);
    return;
  }
  going = is_redirect(t) ? redirect(t, &err) : 0;
  if (going <= 0)
    finish(t, going, going ? &err : NULL);
}

void dh_http_cancel(struct dh_op *op)
{
  struct dh_http_transfer *t = (struct dh_http_transfer *)op;

  dh_line_leave(t, false);
  dh_easy_release(t);
  dh_alarm_clear(&t->retry);
}

static void request_fini(struct dh_http_request *r)
{
  for (size_t i = 0; i < r->n_headers; i++)
    free(r->headers[i].line);
  for (int i = 0; i < r->n_hosts; i++)
    free(r->hosts[i]);
  free(r->headers);
  free(r->hosts);
  free(r->url);
  free(r->user);
  free(r->password);
  free(r->trusted);
  free(r->ca);
  free(r->cert);
  free(r->key);
  free(r->proxy);
  free(r->no_proxy);
  dh_buf_fini(&r->body);
}

void dh_http_fini(struct dh_op *op)
{
  struct dh_http_transfer *t = (struct dh_http_transfer *)op;

  request_fini(&t->req);
  dh_buf_fini(&t->head);
  dh_buf_fini(&t->body);
}
