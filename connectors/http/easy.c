/* easy.c - one hop on libcurl's easy handle: its options, and the callbacks that count, watch and stop. */
#include "transfer.h"
#include "policy.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool may_reach(const struct dh_http_transfer *t, enum dh_reach reach)
{
  return t->proxied || reach == DH_REACH_PUBLIC || (reach == DH_REACH_LOOPBACK && t->loopback) ||
         (reach == DH_REACH_PRIVATE && t->house);
}

/* The address after resolution: a name that was harmless a moment ago may lead anywhere now. */
static curl_socket_t on_open(void *self, curlsocktype purpose, struct curl_sockaddr *a)
{
  struct dh_http_transfer *t = self;
  int fd;

  (void)purpose;
  if (!may_reach(t, dh_reach_of(&a->addr))) {
    t->stop = DH_HTTP_ADDRESS;
    inet_ntop(a->family,
              a->family == AF_INET6 ? (void *)&((struct sockaddr_in6 *)(void *)&a->addr)->sin6_addr
                                    : (void *)&((struct sockaddr_in *)(void *)&a->addr)->sin_addr,
              t->address, sizeof t->address);
    return CURL_SOCKET_BAD;
  }
  fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
  if (fd >= 0 && t->stop == DH_HTTP_ADDRESS)
    t->stop = DH_HTTP_GOES_ON; /* another address of the name is fine */
  return fd;
}

static int on_close(void *self, curl_socket_t fd)
{
  (void)self; /* of a connection that may outlive every transfer */
  dh_line_closed(fd);
  return close(fd);
}

/* Connections are shared by all robots: one that another robot opened is held to this robot's rules too. */
static int on_connected(void *self, char *address, char *local, int port, int local_port)
{
  struct dh_http_transfer *t = self;

  (void)local;
  (void)port;
  (void)local_port;
  if (may_reach(t, dh_reach_of_name(address)))
    return CURL_PREREQFUNC_OK;
  t->stop = DH_HTTP_ADDRESS;
  snprintf(t->address, sizeof t->address, "%s", address);
  return CURL_PREREQFUNC_ABORT;
}

/* After decompression, so a small bomb counts as what it unpacks to. */
static size_t on_body(char *p, size_t size, size_t n, void *self)
{
  struct dh_http_transfer *t = self;

  if (!dh_buf_put(&t->body, p, size * n))
    return size * n;
  t->stop = DH_HTTP_BODY_OVER;
  return 0;
}

static size_t on_header(char *p, size_t size, size_t n, void *self)
{
  struct dh_http_transfer *t = self;

  n *= size;
  if (n >= 5 && memcmp(p, "HTTP/", 5) == 0) { /* what stood here was of an earlier response: 100, a proxy's */
    dh_buf_clear(&t->head);
    t->head_ended = false;
  } else if (*p == '\r' || *p == '\n') {
    t->head_ended = true;
  } else if (dh_buf_put(&t->head, p, n)) {
    t->stop = DH_HTTP_HEADERS_OVER;
    return 0;
  }
  return n;
}

static size_t on_send(char *p, size_t size, size_t n, void *self)
{
  struct dh_http_transfer *t = self;
  size_t left = t->req.body.len - t->sent;

  n *= size;
  if (n > left)
    n = left;
  memcpy(p, t->req.body.data + t->sent, n);
  t->sent += n;
  if (t->req.effect && t->sent == t->req.body.len)
    t->all_sent = true;
  return n;
}

static int on_seek(void *self, curl_off_t offset, int origin)
{
  struct dh_http_transfer *t = self;

  if (origin != SEEK_SET || offset < 0 || (size_t)offset > t->req.body.len)
    return CURL_SEEKFUNC_CANTSEEK;
  t->sent = (size_t)offset;
  return CURL_SEEKFUNC_OK;
}

static bool add_line(struct curl_slist **lines, const char *line)
{
  struct curl_slist *more = curl_slist_append(*lines, line);

  if (more)
    *lines = more;
  return more != NULL;
}

/* t->lines: the request's headers, and no "Expect: 100-continue" where there is a body. */
static int make_lines(struct dh_http_transfer *t)
{
  bool strange = strcmp(t->place.host, t->first.host) != 0 || strcmp(t->place.port, t->first.port) != 0;

  if (t->req.has_body && !add_line(&t->lines, "Expect:"))
    return DH_ENOMEM;
  for (size_t i = 0; i < t->req.n_headers; i++)
    if (!(strange && t->req.headers[i].secret) && !add_line(&t->lines, t->req.headers[i].line))
      return DH_ENOMEM;
  return 0;
}

/* What no request changes. */
void dh_easy_basics(CURL *e)
{
  static const curl_version_info_data *built; /* the same for the whole process, and not cheap to ask for */

  if (!built)
    built = curl_version_info(CURLVERSION_NOW);
  curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
  curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(e, CURLOPT_USERAGENT, "Deskhand");
  curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 100L);
  curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, (long)DH_HTTP_STALL_MS / 1000);
  curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open);
  curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, on_close);
  curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_connected);
  curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  /* The folder of the system's certificates is searched by name; reading its bundle of all would cost 10 ms
   * for every connection. It stays when tls.ca adds one. */
  if (built->capath) {
    curl_easy_setopt(e, CURLOPT_CAPATH, built->capath);
    curl_easy_setopt(e, CURLOPT_CAINFO, NULL);
  }
}

static void set_method(struct dh_http_transfer *t)
{
  CURL *e = t->easy;
  bool get = strcmp(t->req.method, "GET") == 0;

  if (t->req.has_body || strcmp(t->req.method, "POST") == 0 || strcmp(t->req.method, "PUT") == 0) {
    curl_easy_setopt(e, CURLOPT_POST, 1L);
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->req.body.len);
    curl_easy_setopt(e, CURLOPT_READFUNCTION, on_send);
    curl_easy_setopt(e, CURLOPT_READDATA, t);
    curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(e, CURLOPT_SEEKDATA, t);
  }
  if (!get)
    curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, t->req.method);
  /* On a connection that was used before, libcurl sends a request once more when the connection turns out to
   * be dead. For a read that is fine; an effect goes over a fresh connection, where it does not. */
  if (t->req.effect)
    curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
}

static void set_tls(struct dh_http_transfer *t)
{
  CURL *e = t->easy;

  if (t->req.ca)
    curl_easy_setopt(e, CURLOPT_CAINFO, t->req.ca);
  if (t->req.cert)
    curl_easy_setopt(e, CURLOPT_SSLCERT, t->req.cert);
  if (t->req.key)
    curl_easy_setopt(e, CURLOPT_SSLKEY, t->req.key);
}

static void set_limits(struct dh_http_transfer *t, int64_t left_ms)
{
  CURL *e = t->easy;

  curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)(left_ms > 1 ? left_ms : 1));
  curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
                   (long)(left_ms < DH_HTTP_CONNECT_MS && left_ms > 1 ? left_ms : DH_HTTP_CONNECT_MS));
}

/* With a proxy the address is the proxy's; then the names alone decide (check_place), and localhost stays
 * out. */
static void set_proxy(struct dh_http_transfer *t)
{
  t->proxied = t->req.proxy && !dh_host_in_text(t->req.no_proxy, t->place.host) &&
               dh_reach_of_name(t->place.host) != DH_REACH_LOOPBACK;
  curl_easy_setopt(t->easy, CURLOPT_PROXY, t->proxied ? t->req.proxy : "");
}

int dh_easy_prepare(struct dh_http_transfer *t, int64_t left_ms)
{
  CURL *e = t->easy = dh_line_easy();

  if (!e || make_lines(t))
    return DH_ENOMEM;
  *t->detail = *t->address = '\0';
  if (curl_easy_setopt(e, CURLOPT_URL, t->req.url))
    return DH_ENOMEM;
  curl_easy_setopt(e, CURLOPT_PRIVATE, t);
  curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->detail);
  curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->lines);
  curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
  curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
  curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
  curl_easy_setopt(e, CURLOPT_PREREQDATA, t);
  if (t->req.user && strcmp(t->place.host, t->first.host) == 0 && strcmp(t->place.port, t->first.port) == 0) {
    curl_easy_setopt(e, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    curl_easy_setopt(e, CURLOPT_USERNAME, t->req.user);
    curl_easy_setopt(e, CURLOPT_PASSWORD, t->req.password ? t->req.password : "");
  }
  set_method(t);
  set_tls(t);
  set_limits(t, left_ms);
  set_proxy(t);
  return 0;
}

/* Whatever set more than a bare read sets: credentials, a body, a method, certificates. */
static bool is_bare(const struct dh_http_request *r)
{
  return strcmp(r->method, "GET") == 0 && !r->has_body && !r->effect && !r->user && !r->ca && !r->cert &&
         !r->key;
}

void dh_easy_release(struct dh_http_transfer *t)
{
  CURL *e = t->easy;

  if (e) {
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, NULL);
    dh_line_easy_back(e, is_bare(&t->req));
  }
  curl_slist_free_all(t->lines);
  t->easy = NULL;
  t->lines = NULL;
}
