/* conf.c - owns the values of one configuration: reading files and the environment, checking, looking up.
 * What keys there are stands in conf_keys.c. */
#include "conf.h"
#include "clock.h"
#include "log.h"
#include "near.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

struct entry {
  char *key, *value, *origin;
};

struct dh_conf {
  struct entry *entries; /* sorted by key */
  size_t n, cap;
};

/* ---- keys */

static bool key_fits(const char *pattern, const char *key)
{
  const char *star;
  size_t head, tail, n;

  if (*pattern != *key) /* no pattern begins with a star; most are told apart here */
    return false;
  star = strchr(pattern, '*');
  if (!star)
    return strcmp(pattern, key) == 0;
  head = (size_t)(star - pattern);
  tail = strlen(star + 1);
  n = strlen(key);
  return n > head + tail && strncmp(pattern, key, head) == 0 && strcmp(key + n - tail, star + 1) == 0 &&
         !memchr(key + head, '.', n - head - tail);
}

const struct dh_conf_key *dh_conf_key(const char *key)
{
  for (const struct dh_conf_key *k = dh_conf_keys; k->name; k++)
    if (key_fits(k->name, key))
      return k;
  return NULL;
}

/* The known key nearest to this one, its * filled with the name that was written there. */
static bool key_near(const char *key, char out[128])
{
  int least = 4;

  for (const struct dh_conf_key *k = dh_conf_keys; k->name; k++) {
    const char *star = strchr(k->name, '*'), *dot = strchr(key, '.'),
               *end = dot ? strchr(dot + 1, '.') : NULL;
    char candidate[128];
    int d;

    if (star && (!end || end - dot > 60))
      continue;
    if (star)
      snprintf(candidate, sizeof candidate, "%.*s%.*s%s", (int)(star - k->name), k->name,
               (int)(end - dot - 1), dot + 1, star + 1);
    else
      snprintf(candidate, sizeof candidate, "%s", k->name);
    d = dh_distance(key, candidate);
    if (d < least) {
      least = d;
      snprintf(out, 128, "%s", candidate);
    }
  }
  return least < 4;
}

static int64_t size_parse(const char *s)
{
  char *end;
  long long v = strtoll(s, &end, 10);
  int shift = toupper((unsigned char)*end) == 'K'   ? 10
              : toupper((unsigned char)*end) == 'M' ? 20
              : toupper((unsigned char)*end) == 'G' ? 30
                                                    : 0;

  if (end == s || v < 0 || v > INT64_MAX >> shift || end[shift ? 1 : 0])
    return -1;
  return (int64_t)v << shift;
}

static int bool_parse(const char *s)
{
  static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};

  for (int i = 0; i < 8; i++)
    if (strcasecmp(words[i], s) == 0)
      return i % 2;
  return -1;
}

static const char *expected(enum dh_conf_kind kind, const char *value)
{
  char *end;

  switch (kind) {
  case DH_CONF_INT:
    return *value && strtoll(value, &end, 10) >= 0 && !*end ? NULL : "a whole number";
  case DH_CONF_BOOL:
    return bool_parse(value) >= 0 ? NULL : "yes or no";
  case DH_CONF_TIME:
    return dh_duration_ms(value) >= 0 ? NULL : "a duration such as 90s, 10m, 2h";
  case DH_CONF_SIZE:
    return size_parse(value) >= 0 ? NULL : "a size such as 64M, 1G";
  case DH_CONF_LEVEL:
    return dh_level_parse(value) >= 0 ? NULL : "debug, info, warn or error";
  case DH_CONF_FORMAT:
    return strcmp(value, "human") == 0 || strcmp(value, "json") == 0 ? NULL : "human or json";
  default:
    return NULL;
  }
}

/* ---- values */

int dh_conf_new(struct dh_conf **out, struct dh_err *err)
{
  *out = calloc(1, sizeof **out);
  return *out ? 0 : dh_err_set(err, DH_ENOMEM, "no memory for the configuration");
}

void dh_conf_close(struct dh_conf **c)
{
  if (!*c)
    return;
  for (size_t i = 0; i < (*c)->n; i++) {
    free((*c)->entries[i].key);
    free((*c)->entries[i].value);
    free((*c)->entries[i].origin);
  }
  free((*c)->entries);
  free(*c);
  *c = NULL;
}

static struct entry *find(const struct dh_conf *c, const char *key, size_t *place)
{
  size_t low = 0, high = c->n;

  while (low < high) {
    size_t middle = (low + high) / 2;
    int order = strcmp(c->entries[middle].key, key);

    if (order == 0)
      return &c->entries[middle];
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  if (place)
    *place = low;
  return NULL;
}

static int put(struct dh_conf *c, const char *key, const char *value, const char *origin)
{
  size_t place = 0;
  struct entry *e = find(c, key, &place), fresh = {strdup(key), strdup(value), strdup(origin)};

  if (!e && c->n == c->cap) {
    size_t cap = c->cap ? 2 * c->cap : 16;
    struct entry *more = realloc(c->entries, cap * sizeof *more);

    if (more) {
      c->entries = more;
      c->cap = cap;
    }
  }
  if (!fresh.key || !fresh.value || !fresh.origin || (!e && c->n == c->cap)) {
    free(fresh.key);
    free(fresh.value);
    free(fresh.origin);
    return DH_ENOMEM;
  }
  if (e) {
    free(e->key);
    free(e->value);
    free(e->origin);
  } else {
    e = c->entries + place;
    memmove(e + 1, e, (c->n++ - place) * sizeof *e);
  }
  *e = fresh;
  return 0;
}

int dh_conf_set(struct dh_conf *c, const char *key, const char *value, const char *origin, struct dh_err *err)
{
  const struct dh_conf_key *k = dh_conf_key(key);
  const char *want = k ? expected(k->kind, value) : NULL;
  char near[128];

  if (!k) {
    dh_err_set(err, DH_EUSE, "%s: there is no setting '%s'", origin, key);
    if (key_near(key, near))
      dh_err_advice(err, "did you mean '%s'?", near);
    else
      dh_err_advice(err, "all settings: deskhand config show --all");
    return DH_EUSE;
  }
  if (want) {
    dh_err_set(err, DH_EUSE, "%s: '%s' wants %s", origin, key, want);
    return dh_err_seen(err, "%s", k->secret ? "***" : value);
  }
  if (put(c, key, value, origin))
    return dh_err_set(err, DH_ENOMEM, "no memory for the configuration");
  return 0;
}

const char *dh_conf_get(const struct dh_conf *c, const char *key)
{
  const struct entry *e = find(c, key, NULL);
  const struct dh_conf_key *k = e ? NULL : dh_conf_key(key);

  return e ? e->value : k ? k->otherwise : NULL;
}

int64_t dh_conf_int(const struct dh_conf *c, const char *key, int64_t otherwise)
{
  const char *v = dh_conf_get(c, key);

  return v ? strtoll(v, NULL, 10) : otherwise;
}

bool dh_conf_bool(const struct dh_conf *c, const char *key, bool otherwise)
{
  const char *v = dh_conf_get(c, key);

  return v ? bool_parse(v) == 1 : otherwise;
}

int64_t dh_conf_time_ms(const struct dh_conf *c, const char *key, int64_t otherwise_ms)
{
  const char *v = dh_conf_get(c, key);

  return v ? dh_duration_ms(v) : otherwise_ms;
}

int64_t dh_conf_size(const struct dh_conf *c, const char *key, int64_t otherwise_bytes)
{
  const char *v = dh_conf_get(c, key);

  return v ? size_parse(v) : otherwise_bytes;
}

void dh_conf_each(const struct dh_conf *c,
                  void (*each)(void *self, const char *key, const char *value, const char *origin),
                  void *self)
{
  for (size_t i = 0; i < c->n; i++)
    each(self, c->entries[i].key, c->entries[i].value, c->entries[i].origin);
  for (const struct dh_conf_key *k = dh_conf_keys; k->name; k++)
    if (k->otherwise && !find(c, k->name, NULL))
      each(self, k->name, k->otherwise, "default");
}

int dh_conf_put(const struct dh_conf *c, struct dh_buf *b)
{
  int rc = dh_put_map(b, c->n);

  for (size_t i = 0; !rc && i < c->n; i++)
    rc = dh_put_kt(b, c->entries[i].key, c->entries[i].value);
  return rc;
}

int dh_conf_take(struct dh_conf *c, const struct dh_val *map, struct dh_err *err)
{
  int rc = 0;

  for (size_t i = 0; map && map->type == DH_MAP && !rc && i < map->n; i++) {
    const struct dh_val *k = &map->items[2 * i], *v = k + 1;
    char key[128];
    char *value = v->type == DH_TEXT ? strndup(v->s, v->n) : NULL;

    snprintf(key, sizeof key, "%.*s", k->type == DH_TEXT ? (int)k->n : 0, k->type == DH_TEXT ? k->s : "");
    rc = value ? dh_conf_set(c, key, value, "the supervisor", err)
               : dh_err_set(err, DH_EFORMAT, "a setting is no text");
    free(value);
  }
  return rc;
}

/* ---- files */

static char *trim(char *s)
{
  char *end = s + strlen(s);

  while (end > s && isspace((unsigned char)end[-1]))
    *--end = '\0';
  while (isspace((unsigned char)*s))
    s++;
  return s;
}

static int read_line(struct dh_conf *c, char *line, const char *origin, bool *secret, struct dh_err *err)
{
  char *key = trim(line), *equals = strchr(key, '='), *value;
  const struct dh_conf_key *k;

  if (!*key || *key == '#')
    return 0;
  if (!equals) {
    dh_err_set(err, DH_EUSE, "%s: this line is no 'key = value'", origin);
    return dh_err_seen(err, "%s", key);
  }
  *equals = '\0';
  value = trim(equals + 1);
  key = trim(key);
  k = dh_conf_key(key);
  *secret |= k && k->secret;
  return dh_conf_set(c, key, value, origin, err);
}

int dh_conf_read(struct dh_conf *c, const char *path, struct dh_err *err)
{
  struct dh_buf text;
  struct stat st;
  bool secret = false;
  int rc = 0, number = 0;
  char *rest, *line;

  if (stat(path, &st))
    return errno == ENOENT || errno == ENOTDIR
               ? 0
               : dh_err_errno(err, "the configuration %s cannot be read", path);
  dh_buf_init(&text, 1 << 20);
  rc = dh_buf_read_file(&text, path, err);
  rest = text.data;
  while (!rc && (line = strsep(&rest, "\n"))) {
    char origin[DH_PATH + 16];

    snprintf(origin, sizeof origin, "%s:%d", path, ++number);
    rc = read_line(c, line, origin, &secret, err);
  }
  dh_buf_fini(&text);
  if (!rc && secret && st.st_mode & 077) {
    rc = dh_err_set(err, DH_EACCES, "%s holds a secret and may be read by others (mode %04o)", path,
                    st.st_mode & 07777);
    dh_err_advice(err, "chmod 600 %s", path);
  }
  return rc;
}

/* ---- environment */

/* Is NAME (without DESKHAND_) the spelling of this pattern? Then key gets the key: SOURCE_UK_REGISTRY_URL ->
 * source.uk_registry.url. */
static bool environment_key(const char *pattern, const char *name, size_t n, char key[128])
{
  const char *star = strchr(pattern, '*');
  size_t head = star ? (size_t)(star - pattern) : strlen(pattern), tail = star ? strlen(star + 1) : 0;

  if (star ? n <= head + tail : n != head)
    return false;
  for (size_t i = 0; i < head + tail; i++) {
    char want = i < head ? pattern[i] : star[1 + i - head],
         have = i < head ? name[i] : name[n - tail + i - head];

    if ((want == '.' ? '_' : toupper((unsigned char)want)) != have)
      return false;
  }
  snprintf(key, 128, "%.*s", (int)head, pattern);
  for (size_t i = head; i < n - tail && i < 100; i++) {
    key[i] = (char)tolower((unsigned char)name[i]);
    key[i + 1] = '\0';
  }
  if (star)
    strncat(key, star + 1, 127 - strlen(key));
  return true;
}

int dh_conf_environment(struct dh_conf *c, char **environment, struct dh_err *err)
{
  int rc = 0;

  for (char **e = environment; !rc && *e; e++) {
    const char *equals = strchr(*e, '='), *name = *e + 9;
    const struct dh_conf_key *k = dh_conf_keys;
    char key[128], origin[128];

    if (strncmp(*e, "DESKHAND_", 9) || !equals)
      continue;
    snprintf(origin, sizeof origin, "%.*s", (int)(equals - *e), *e);
    while (k->name && !environment_key(k->name, name, (size_t)(equals - name), key))
      k++;
    for (size_t i = 0; !k->name && i < sizeof key; i++) {
      key[i] = (char)(name + i < equals ? (name[i] == '_' ? '.' : tolower((unsigned char)name[i])) : '\0');
      if (!key[i] || i == sizeof key - 1) {
        key[i] = '\0';
        break;
      }
    }
    rc = dh_conf_set(c, key, equals + 1, origin, err);
  }
  return rc;
}

int dh_conf_open(struct dh_conf **out, struct dh_err *err)
{
  char dir[DH_PATH], path[DH_PATH + 16];
  int rc = dh_conf_new(out, err);

  if (!rc)
    rc = dh_conf_read(*out, "/etc/deskhand/deskhand.conf", err);
  snprintf(path, sizeof path, "%s/deskhand.conf", dh_dir_config(dir));
  if (!rc)
    rc = dh_conf_read(*out, path, err);
  if (!rc)
    rc = dh_conf_environment(*out, environ, err);
  if (rc)
    dh_conf_close(out);
  return rc;
}

/* ---- folders */

static char *dir_of(const char *variable, const char *below_home, char out[DH_PATH])
{
  const char *base = getenv(variable), *home = getenv("HOME");

  /* the XDG specification: a relative path is to be ignored */
  if (base && *base == '/')
    snprintf(out, DH_PATH, "%s/deskhand", base);
  else
    snprintf(out, DH_PATH, "%s/%s/deskhand", home && *home ? home : "/", below_home);
  return out;
}

char *dh_dir_config(char out[DH_PATH])
{
  return dir_of("XDG_CONFIG_HOME", ".config", out);
}

char *dh_dir_data(char out[DH_PATH])
{
  return dir_of("XDG_DATA_HOME", ".local/share", out);
}

char *dh_dir_runtime(char out[DH_PATH])
{
  const char *base = getenv("XDG_RUNTIME_DIR");

  if (base && *base == '/')
    snprintf(out, DH_PATH, "%s", base);
  else
    snprintf(out, DH_PATH, "/tmp/deskhand-%u", (unsigned)getuid());
  return out;
}
