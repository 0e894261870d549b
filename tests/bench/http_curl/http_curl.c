/* http_curl.c - the yardstick of the http bench: COUNT GETs of URL by libcurl's multi interface in plain C,
 * 64 at a time over kept connections, bodies gathered and thrown away. usage: bench_http_curl URL COUNT */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

enum { AT_A_TIME = 64, BODY_MAX = 1 << 16 };

struct transfer {
  CURL *easy;
  size_t len;
  char body[BODY_MAX];
};

static struct transfer transfers[AT_A_TIME];
static long left, failed;

static size_t on_body(char *p, size_t size, size_t n, void *self)
{
  struct transfer *t = self;

  (void)size;
  if (t->len + n > BODY_MAX)
    return 0;
  for (size_t i = 0; i < n; i++)
    t->body[t->len++] = p[i];
  return n;
}

static void begin(CURLM *multi, struct transfer *t, const char *url)
{
  left--;
  t->len = 0;
  curl_easy_setopt(t->easy, CURLOPT_URL, url);
  curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
  curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
  curl_multi_add_handle(multi, t->easy);
}

static void finished(CURLM *multi, const char *url)
{
  CURLMsg *m;
  int queued;

  while ((m = curl_multi_info_read(multi, &queued))) {
    struct transfer *t;
    long status = 0;

    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
    curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &status);
    failed += m->data.result != CURLE_OK || status != 200;
    curl_multi_remove_handle(multi, m->easy_handle);
    if (left > 0)
      begin(multi, t, url);
  }
}

int main(int argc, char **argv)
{
  CURLM *multi;
  int running = 1;

  if (argc != 3) {
    fprintf(stderr, "usage: bench_http_curl URL COUNT\n");
    return 2;
  }
  left = atol(argv[2]);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  multi = curl_multi_init();
  for (int i = 0; i < AT_A_TIME && left > 0; i++) {
    transfers[i].easy = curl_easy_init();
    begin(multi, &transfers[i], argv[1]);
  }
  while (running || left > 0) {
    curl_multi_perform(multi, &running);
    finished(multi, argv[1]);
    if (running)
      curl_multi_poll(multi, NULL, 0, 1000, NULL);
  }
  for (int i = 0; i < AT_A_TIME; i++)
    curl_easy_cleanup(transfers[i].easy);
  curl_multi_cleanup(multi);
  if (failed)
    fprintf(stderr, "%ld transfers failed\n", failed);
  return failed != 0;
}
