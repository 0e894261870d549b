/* log.c - owns the process's log settings and the list of secrets to mask. */
#include "log.h"
#include "buf.h"
#include "clock.h"
#include "err.h"
#include "val.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct secret {
  struct secret *next;
  size_t n;
  char text[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct secret *secrets;
static enum dh_level least_level = DH_INFO;
static bool as_json;
static char role[32] = "deskhand";
static const char *const level_names[] = {"debug", "info", "warn", "error"};

int dh_level_parse(const char *name)
{
  for (int i = 0; i < 4; i++)
    if (strcmp(level_names[i], name) == 0)
      return i;
  return -1;
}

void dh_log_open(enum dh_level least, bool json, const char *role_name)
{
  least_level = least;
  as_json = json;
  snprintf(role, sizeof role, "%s", role_name);
}

int dh_log_mask(const char *secret, size_t n)
{
  struct secret *s;

  if (n < 4)
    return 0;
  pthread_mutex_lock(&lock);
  for (s = secrets; s; s = s->next)
    if (s->n == n && memcmp(s->text, secret, n) == 0)
      break;
  if (!s && (s = malloc(sizeof *s + n))) {
    s->n = n;
    memcpy(s->text, secret, n);
    s->next = secrets;
    secrets = s;
  }
  pthread_mutex_unlock(&lock);
  return s ? 0 : DH_ENOMEM;
}

bool dh_mask_hit(const char *text, size_t n)
{
  bool hit = false;

  pthread_mutex_lock(&lock);
  for (struct secret *s = secrets; s && !hit; s = s->next)
    hit = memmem(text, n, s->text, s->n) != NULL;
  pthread_mutex_unlock(&lock);
  return hit;
}

size_t dh_mask_text(char *text, size_t n)
{
  pthread_mutex_lock(&lock);
  for (struct secret *s = secrets; s; s = s->next) {
    char *at = text;

    while ((at = memmem(at, n - (size_t)(at - text), s->text, s->n))) {
      size_t rest = n - (size_t)(at - text) - s->n;

      memcpy(at, "***", 3);
      memmove(at + 3, at + s->n, rest + 1);
      n -= s->n - 3;
      at += 3;
    }
  }
  pthread_mutex_unlock(&lock);
  return n;
}

static void put_line(struct dh_buf *b, enum dh_level level, const char *run, const char *text, size_t n)
{
  char at[DH_TIME_TEXT];

  dh_time_text(dh_wall_ms(), at);
  if (!as_json) {
    dh_buf_printf(b, "%s %-5s %s%s%s: %.*s\n", at, level_names[level], role, run ? " " : "", run ? run : "",
                  (int)n, text);
    return;
  }
  dh_buf_printf(b, "{\"at\":\"%s\",\"level\":\"%s\",\"role\":\"%s\",\"pid\":%d", at, level_names[level], role,
                (int)getpid());
  if (run) {
    dh_buf_puts(b, ",\"run\":");
    dh_json_text(b, run, strlen(run));
  }
  dh_buf_puts(b, ",\"text\":");
  dh_json_text(b, text, n);
  dh_buf_puts(b, "}\n");
}

void dh_log(enum dh_level level, const char *run, const char *fmt, ...)
{
  struct dh_buf line;
  char text[4096];
  size_t n;
  va_list ap;

  if (level < least_level)
    return;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  n = dh_mask_text(text, strlen(text));
  dh_buf_init(&line, 64 << 10);
  put_line(&line, level, run, text, n);
  if (write(STDERR_FILENO, line.data, line.len) < 0) {
    /* the log is the place where errors go: there is no second one */
  }
  dh_buf_fini(&line);
}
