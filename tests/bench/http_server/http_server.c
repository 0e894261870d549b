/* http_server.c - the other side of the http bench: answers every request on loopback with the same 1 KiB of
 * JSON, over kept connections. Prints its port; ends when its standard input does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { BODY = 1024 };

struct client {
  uv_tcp_t tcp;
  int matched; /* bytes of "\r\n\r\n" seen so far */
  char in[65536];
};

static char answer[BODY + 256];
static size_t answer_len;

static void make_answer(void)
{
  char body[BODY + 1];

  memset(body, 'x', BODY);
  body[BODY] = '\0';
  memcpy(body, "{\"a\":\"", 6);
  memcpy(body + BODY - 2, "\"}", 2);
  answer_len = (size_t)snprintf(answer, sizeof answer,
                                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s",
                                BODY, body);
}

static void closed(uv_handle_t *h)
{
  free(h);
}

static void on_alloc(uv_handle_t *h, size_t hint, uv_buf_t *b)
{
  struct client *c = (struct client *)h;

  (void)hint;
  *b = uv_buf_init(c->in, sizeof c->in);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
  struct client *c = (struct client *)s;

  if (n < 0) {
    uv_close((uv_handle_t *)s, closed);
    return;
  }
  for (ssize_t i = 0; i < n; i++) {
    c->matched = b->base[i] == "\r\n\r\n"[c->matched] ? c->matched + 1 : b->base[i] == '\r';
    if (c->matched == 4) {
      uv_buf_t out = uv_buf_init(answer, (unsigned)answer_len);

      c->matched = 0;
      uv_try_write(s, &out, 1); /* fits into the socket's buffer: the client reads before it asks again */
    }
  }
}

static void on_connection(uv_stream_t *listener, int status)
{
  struct client *c = status ? NULL : calloc(1, sizeof *c);

  if (!c)
    return;
  uv_tcp_init(listener->loop, &c->tcp);
  if (uv_accept(listener, (uv_stream_t *)&c->tcp)) {
    uv_close((uv_handle_t *)&c->tcp, closed);
    return;
  }
  uv_tcp_nodelay(&c->tcp, 1);
  uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
}

static void on_input(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
  (void)b;
  if (n < 0)
    uv_stop(s->loop);
}

static void alloc_input(uv_handle_t *h, size_t hint, uv_buf_t *b)
{
  static char bytes[64];

  (void)h;
  (void)hint;
  *b = uv_buf_init(bytes, sizeof bytes);
}

int main(void)
{
  uv_loop_t *loop = uv_default_loop();
  uv_tcp_t listener;
  uv_pipe_t input;
  struct sockaddr_in a;
  int len = sizeof a;

  make_answer();
  uv_ip4_addr("127.0.0.1", 0, &a);
  uv_tcp_init(loop, &listener);
  uv_tcp_bind(&listener, (struct sockaddr *)&a, 0);
  if (uv_listen((uv_stream_t *)&listener, 1024, on_connection)) {
    fprintf(stderr, "cannot listen on 127.0.0.1\n");
    return 1;
  }
  uv_tcp_getsockname(&listener, (struct sockaddr *)&a, &len);
  printf("%d\n", ntohs(a.sin_port));
  fflush(stdout);
  uv_pipe_init(loop, &input, 0);
  uv_pipe_open(&input, 0);
  uv_read_start((uv_stream_t *)&input, alloc_input, on_input);
  uv_run(loop, UV_RUN_DEFAULT);
  return 0;
}
