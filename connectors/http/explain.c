/* explain.c - what libcurl's codes mean to the one who has to do something about them. */
#include "transfer.h"

#include <string.h>

int dh_http_shown(const char *url)
{
  size_t n = strcspn(url, "?#");

  return n < 300 ? (int)n : 300;
}

static const struct reason {
  CURLcode rc;
  int code;
  const char *what, *advice;
} reasons[] = {
    {CURLE_COULDNT_RESOLVE_HOST, DH_EUNAVAILABLE, "the host's name is not known",
     "look at the name, and at this machine's name service"},
    {CURLE_COULDNT_RESOLVE_PROXY, DH_EUNAVAILABLE, "the proxy's name is not known",
     "look at proxy.url: deskhand config show"},
    {CURLE_COULDNT_CONNECT, DH_EUNAVAILABLE, "no connection",
     "is the service up, and does a firewall stand between? Proxies are set by proxy.url"},
    {CURLE_OPERATION_TIMEDOUT, DH_ETIME, "it took too long",
     "try again later, or give it more time: { timeout = \"2m\" }"},
    {CURLE_PEER_FAILED_VERIFICATION, DH_EREFUSED, "its certificate is not to be trusted",
     "if it is signed by the house's own authority, name that in tls.ca; there is no way around the check"},
    {CURLE_SSL_CACERT_BADFILE, DH_EREFUSED, "the certificates to check it with cannot be read",
     "look at tls.ca, and install ca-certificates"},
    {CURLE_SSL_CONNECT_ERROR, DH_EREFUSED, "no safe connection (TLS 1.2 or newer)",
     "the service must speak TLS 1.2 or 1.3"},
    {CURLE_SSL_CERTPROBLEM, DH_EACCES, "our own certificate cannot be used",
     "look at tls.cert, tls.key and source.NAME.cert"},
    {CURLE_GOT_NOTHING, DH_ECLOSED, "it closed the connection without an answer", "try again later"},
    {CURLE_RECV_ERROR, DH_ECLOSED, "the connection broke off", "try again later"},
    {CURLE_SEND_ERROR, DH_ECLOSED, "the connection broke off", "try again later"},
    {CURLE_PARTIAL_FILE, DH_ECLOSED, "the answer broke off", "try again later"},
    {CURLE_HTTP2, DH_ECLOSED, "the connection broke off (HTTP/2)", "try again later"},
    {CURLE_HTTP2_STREAM, DH_ECLOSED, "the connection broke off (HTTP/2)", "try again later"},
    {CURLE_WEIRD_SERVER_REPLY, DH_EFORMAT, "the answer is no HTTP", "is this the right port?"},
    {CURLE_UNSUPPORTED_PROTOCOL, DH_EFORMAT, "the answer is no HTTP", "is this the right port?"},
    {CURLE_BAD_CONTENT_ENCODING, DH_EFORMAT, "the answer's compression is damaged",
     "tell those who run the service"},
    {CURLE_OUT_OF_MEMORY, DH_ENOMEM, "no memory", "run fewer robots at a time"},
};

static int explain_stop(enum dh_http_stop stop, const struct dh_http_transfer *t, struct dh_err *err)
{
  const char *url = t->req.url;
  int shown = dh_http_shown(url);

  switch (stop) {
  case DH_HTTP_BODY_OVER:
    dh_err_set(err, DH_ELIMIT, "%s %.*s: the answer is larger than %zu bytes", t->req.method, shown, url,
               t->req.limit);
    dh_err_advice(err, "ask for less, page by page; what is larger belongs into files");
    return DH_ELIMIT;
  case DH_HTTP_HEADERS_OVER:
    return dh_err_set(err, DH_ELIMIT, "%s %.*s: the answer's headers are larger than %d bytes", t->req.method,
                      shown, url, DH_HTTP_HEADERS_MAX);
  default:
    dh_err_set(err, DH_EREFUSED,
               "%s %.*s is refused: the name leads to the address %s, which robots may not reach",
               t->req.method, shown, url, t->address);
    dh_err_advice(err, "a service of the house is reached as a source (source.NAME.url), or with "
                       "hosts.loopback or hosts.private");
    return DH_EREFUSED;
  }
}

bool dh_http_wants_certificate(const struct dh_http_transfer *t)
{
  return strstr(t->detail, "alert certificate required") || strstr(t->detail, "alert bad certificate");
}

int dh_http_explain(const struct dh_http_transfer *t, CURLcode rc, struct dh_err *err)
{
  static const struct reason broken = {CURLE_SSL_CONNECT_ERROR, DH_ECLOSED, "the connection broke off",
                                       "try again later"};
  static const struct reason no_certificate = {
      CURLE_RECV_ERROR, DH_EAUTH, "it wants a client certificate, and does not take what it got",
      "name a PEM with certificate and key in source.NAME.cert, or in tls.cert and tls.key"};
  struct reason other = {rc, DH_EIO, curl_easy_strerror(rc), ""};
  const struct reason *r = &other;

  if (t->req.effect && t->all_sent) {
    dh_err_set(err, DH_EUNKNOWN, "it is not known whether %s %.*s happened: the answer did not come",
               t->req.method, dh_http_shown(t->req.url), t->req.url);
    dh_err_seen(err, "%s", *t->detail ? t->detail : curl_easy_strerror(rc));
    return DH_EUNKNOWN;
  }
  if (t->stop)
    return explain_stop(t->stop, t, err);
  if (rc == CURLE_OUT_OF_MEMORY && t->status &&
      !t->body.len) /* what libcurl says of one endless header line */
    return explain_stop(DH_HTTP_HEADERS_OVER, t, err);
  for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
    if (reasons[i].rc == rc) {
      r = &reasons[i];
      break;
    }
  if (dh_http_wants_certificate(t))
    r = &no_certificate;
  else if (rc == CURLE_SSL_CONNECT_ERROR &&
           (!strstr(t->detail, "error:") || strstr(t->detail, "unexpected eof")))
    r = &broken; /* not about trust: the other side went away during the handshake */
  dh_err_set(err, r->code, "%s %.*s: %s", t->req.method, dh_http_shown(t->req.url), t->req.url, r->what);
  dh_err_seen(err, "%s", *t->detail ? t->detail : curl_easy_strerror(rc));
  if (t->attempt > 1)
    dh_err_seen(err, "%s (%d attempts)", *t->detail ? t->detail : curl_easy_strerror(rc), t->attempt);
  dh_err_advice(err, "%s", r->advice);
  return r->code;
}
