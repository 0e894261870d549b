/* bench_host.c - what an isolate costs: CPU to start and end a run of 01_hello in a warm process, and the
 * resident memory of a run that is parked. Prints one line each: name value unit.
 * usage: bench_host ROBOT COUNT [ROBOT to park] */
#include "base/clock.h"
#include "base/log.h"
#include "host/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool hold; /* the journal does not answer: whoever waits for it stays parked */

static void record(struct dh_port *p, const struct dh_record *r,
                   void (*done)(void *, int, const struct dh_err *, int64_t), void *self)
{
  (void)p;
  if (done && !(hold && r->kind == DH_REC_INTENT))
    done(self, 0, NULL, INT64_MAX);
}

static const char *conf(struct dh_port *p, const char *key)
{
  (void)p;
  (void)key;
  return NULL;
}

static const struct dh_port_ops ops = {.record = record, .conf = conf};
static struct dh_port port = {&ops};
static int ended;

static void end(void *self, const struct dh_run_end *e)
{
  (void)self;
  if (e->outcome != DH_RUN_DONE) {
    fprintf(stderr, "bench_host: a run ended badly: %s\n", e->err ? e->err->text : "?");
    exit(1);
  }
  ended++;
}

static void fail(const struct dh_err *err)
{
  fprintf(stderr, "bench_host: %s\n", err->text);
  exit(1);
}

static struct dh_loop loop;
static struct dh_host *host;
static struct dh_buf bundle, input;
static char hash[DH_SHA256_HEX], name[64];

static void start(int n)
{
  char run[33], key[16];
  struct dh_run_spec s = {.run = run,
                          .attempt = 1,
                          .robot = name,
                          .key = key,
                          .period = "",
                          .bundle = bundle.data,
                          .bundle_len = bundle.len,
                          .bundle_hash = hash,
                          .input = input.data,
                          .input_len = input.len};
  struct dh_err err;

  snprintf(run, sizeof run, "%032x", n);
  snprintf(key, sizeof key, "%d", n);
  if (dh_run_start(host, &s, &err))
    fail(&err);
}

static int64_t now_us(void)
{
  return dh_cpu_us();
}

/* Of the whole process: what mallinfo says would leave out what is mapped, and what lies between. */
static double resident_kib(void)
{
  long pages = 0;
  FILE *f = fopen("/proc/self/statm", "r");

  if (!f || fscanf(f, "%*d %ld", &pages) != 1) {
    fprintf(stderr, "bench_host: cannot read /proc/self/statm\n");
    exit(1);
  }
  fclose(f);
  return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1024;
}

int main(int argc, char **argv)
{
  struct dh_host_options o = {.ended = end};
  int n = argc > 2 ? atoi(argv[2]) : 1000;
  struct dh_err err;
  int64_t t;
  double before;

  if (argc < 2)
    return 2;
  dh_log_open(DH_ERROR, false, "bench");
  dh_buf_init(&bundle, 8 << 20);
  dh_buf_init(&input, 64);
  dh_put_map(&input, 0);
  if (dh_loop_open(&loop, &err) || dh_bundle_read(argv[1], &bundle, hash, name, &err) ||
      dh_host_open(&loop, &port, &o, &host, &err))
    fail(&err);
  start(0);
  dh_loop_run(&loop);
  t = now_us();
  for (int i = 1; i <= n; i++) {
    start(i);
    dh_loop_run(&loop);
  }
  printf("start %.1f us\n", (double)(now_us() - t) / n);
  if (argc > 3) {
    dh_host_close(&host);
    dh_buf_clear(&bundle);
    hold = true;
    if (dh_bundle_read(argv[3], &bundle, hash, name, &err) || dh_host_open(&loop, &port, &o, &host, &err))
      fail(&err);
    start(n + 1);
    uv_run(&loop.uv, UV_RUN_NOWAIT);
    uv_run(&loop.uv, UV_RUN_NOWAIT);
    before = resident_kib();
    for (int i = 1; i <= n; i++)
      start(n + 1 + i);
    for (int i = 0; i < 10; i++)
      uv_run(&loop.uv, UV_RUN_NOWAIT);
    printf("parked %.1f KiB\n", (resident_kib() - before) / n);
  }
  return 0;
}
