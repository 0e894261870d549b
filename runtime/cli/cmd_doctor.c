/* cmd_doctor.c - doctor: what this machine can do, what is missing, and the command that mends it. Which
 * libraries a module wants is the build's knowledge; here stands only which package brings a library or a
 * program. */
#include "util.h"
#include "../host/module.h"
#include "../host/modules.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

enum level { OK, NOTE, MISSING };

struct check {
  char name[48], text[400], mend[300];
  enum level level;
};

struct report {
  struct check *checks;
  size_t n;
  bool missing;
};

static void add(struct report *r, enum level level, const char *name, const char *text, const char *mend)
{
  struct check *more = realloc(r->checks, (r->n + 1) * sizeof *more);

  r->missing = r->missing || level == MISSING;
  if (!more)
    return;
  r->checks = more;
  snprintf(more[r->n].name, sizeof more->name, "%s", name);
  snprintf(more[r->n].text, sizeof more->text, "%s", text);
  snprintf(more[r->n].mend, sizeof more->mend, "%s", mend);
  more[r->n++].level = level;
}

/* ---- modules */

static const struct {
  const char *library, *package; /* name for pkg-config; Debian's package */
} packages[] = {
    {"libcurl", "libcurl4-openssl-dev"},
    {"json-c", "libjson-c-dev"},
    {"libxml-2.0", "libxml2-dev"},
    {"libsodium", "libsodium-dev"},
    {"tesseract", "libtesseract-dev"},
    {"lept", "libleptonica-dev"},
    {"libseccomp", "libseccomp-dev"},
    {"atspi-2", "libatspi2.0-dev"},
    {"x11", "libx11-dev"},
    {"xtst", "libxtst-dev"},
    {"xext", "libxext-dev"},
    {"libpng", "libpng-dev"},
    {"libpq", "libpq-dev"},
    {"libxdo", "libxdo-dev"},
    {"xcb", "libxcb1-dev"},
    {"xcb-shm", "libxcb-shm0-dev"},
    {"xcb-xtest", "libxcb-xtest0-dev"},
};

static const char *package_of(const char *library, size_t n)
{
  for (size_t i = 0; i < sizeof packages / sizeof *packages; i++)
    if (strlen(packages[i].library) == n && strncmp(packages[i].library, library, n) == 0)
      return packages[i].package;
  return NULL;
}

static void mend_module(const struct dh_module_entry *e, char out[300])
{
  size_t at = (size_t)snprintf(out, 300, "apt install");

  for (const char *p = e->pkg; *p; p += strcspn(p, " "), p += *p == ' ') {
    size_t n = strcspn(p, " ");
    const char *package = package_of(p, n);

    at += (size_t)snprintf(out + at, at < 300 ? 300 - at : 0, " %.*s", package ? 64 : (int)n,
                           package ? package : p);
  }
  if (at < 300)
    snprintf(out + at, 300 - at, " && make && make install");
}

static void check_modules(struct report *r)
{
  for (const struct dh_module_entry *e = dh_modules; e->name; e++) {
    const struct dh_module *m;
    struct dh_err err;
    char name[48], mend[300] = "", text[400];

    snprintf(name, sizeof name, "module %s", e->name);
    if (!dh_module_load(e->name, &m, &err)) {
      snprintf(text, sizeof text, "words: %s", *e->words ? e->words : "-");
      add(r, OK, name, text, "");
      continue;
    }
    mend_module(e, mend);
    add(r, MISSING, name, err.text, mend);
  }
}

/* ---- programs and data */

static bool in_path(const char *program, char out[256])
{
  const char *path = getenv("PATH");

  for (const char *p = path ? path : "/usr/bin:/bin"; *p; p += strcspn(p, ":"), p += *p == ':') {
    snprintf(out, 256, "%.*s/%s", (int)strcspn(p, ":"), p, program);
    if (access(out, X_OK) == 0)
      return true;
  }
  return false;
}

static void check_program(struct report *r, const char *program, const char *what, const char *package)
{
  char found[256], text[400], mend[300];

  if (in_path(program, found)) {
    add(r, OK, program, found, "");
    return;
  }
  snprintf(text, sizeof text, "not found; wanted for %s", what);
  snprintf(mend, sizeof mend, "apt install %s", package);
  add(r, MISSING, program, text, mend);
}

static void check_file(struct report *r, const char *name, const char *pattern, const char *what,
                       const char *package)
{
  char text[400], mend[300];
  glob_t g;

  if (glob(pattern, GLOB_BRACE, NULL, &g) == 0 && g.gl_pathc) {
    add(r, OK, name, g.gl_pathv[0], "");
  } else {
    snprintf(text, sizeof text, "not found; wanted for %s", what);
    snprintf(mend, sizeof mend, "apt install %s", package);
    add(r, MISSING, name, text, mend);
  }
  globfree(&g);
}

static void check_tools(struct report *r)
{
  check_program(r, "Xvfb", "desktops of robots", "xvfb");
  check_program(r, "openbox", "windows on those desktops", "openbox");
  check_program(r, "dbus-daemon", "accessibility on those desktops", "dbus-daemon");
  check_file(r, "at-spi", "/usr/{libexec,lib/at-spi2-core}/at-spi-bus-launcher", "reading windows",
             "at-spi2-core");
  check_program(r, "pdftoppm", "pages of PDF documents", "poppler-utils");
  check_file(r, "language eng",
             "/usr/share/{tesseract-ocr/*/tessdata,tessdata,tesseract-ocr/tessdata}/eng.traineddata",
             "documents in English", "tesseract-ocr-eng");
  check_file(r, "language chi_sim",
             "/usr/share/{tesseract-ocr/*/tessdata,tessdata,tesseract-ocr/tessdata}/chi_sim.traineddata",
             "documents in simplified Chinese", "tesseract-ocr-chi-sim");
  check_file(r, "language chi_tra",
             "/usr/share/{tesseract-ocr/*/tessdata,tessdata,tesseract-ocr/tessdata}/chi_tra.traineddata",
             "documents in traditional Chinese", "tesseract-ocr-chi-tra");
  check_file(r, "tzdata", "/usr/share/zoneinfo/Asia/Shanghai", "time zones", "tzdata");
  check_file(r, "certificates", "/etc/ssl/certs/ca-certificates.crt", "trust in services", "ca-certificates");
}

/* ---- the store */

static int store_work(struct dh_db *db, void *self, struct dh_err *err)
{
  return db->ops->check(db, self, err);
}

static void check_store(struct report *r, struct dh_cli *cli)
{
  char url[DH_PATH * 2], who[64], text[400];
  struct dh_val *v = NULL;
  const struct dh_val *problems;
  struct dh_buf out;
  struct dh_err err;
  struct dh_store_files files;
  const char *kind;
  int pid = 0, rc;

  dh_store_url(cli->conf, url, sizeof url);
  kind = !dh_store_files(url, NULL, &files, NULL) && !files.local ? "postgresql" : "sqlite";
  dh_buf_init(&out, 16 << 20);
  rc = dh_cli_read(cli, store_work, &out, &err);
  if (!rc)
    rc = dh_val_parse_buf(&out, &v, &err);
  problems = dh_val_get(v, "problems");
  if (rc == DH_ENOENT) {
    snprintf(text, sizeof text, "%s does not exist yet; the first command makes it (%s)", url, kind);
    add(r, NOTE, "store", text, "");
  } else if (rc) {
    add(r, MISSING, "store", err.text, err.advice);
  } else if (problems && problems->n) {
    snprintf(text, sizeof text, "%s is damaged: %.*s", url, (int)problems->items[0].n, problems->items[0].s);
    add(r, MISSING, "store", text, "restore the last backup, or ask for help before anything runs on it");
  } else {
    snprintf(text, sizeof text, "%s is whole: %lld cases, %lld journal rows, %lld MB (%s)", url,
             (long long)dh_val_int(v, "cases", 0), (long long)dh_val_int(v, "rows", 0),
             (long long)dh_val_int(v, "bytes", 0) >> 20, kind);
    add(r, OK, "store", text, "");
  }
  if (!dh_store_holder(url, dh_conf_get(cli->conf, "fleet.host"), &pid, who, NULL) && pid) {
    snprintf(text, sizeof text, "held by pid %d (%s)", pid, who);
    add(r, NOTE, "store lock", text, "");
  }
  free(v);
  dh_buf_fini(&out);
}

static int hold_work(struct dh_db *db, void *self, struct dh_err *err)
{
  return db->ops->hold_list(db, self, err);
}

/* A queue that somebody keeps back is no fault of the machine, and often the answer to "why does nothing
 * happen". */
static void check_holds(struct report *r, struct dh_cli *cli)
{
  char queue[64], hold[16], who[400], at[24], text[700], mend[300];
  struct dh_val *v = NULL;
  struct dh_buf out;
  struct dh_err err;

  dh_buf_init(&out, 1 << 20);
  if (!dh_cli_read(cli, hold_work, &out, &err) && !dh_val_parse_buf(&out, &v, &err))
    for (size_t i = 0; i < v->n; i++) {
      const struct dh_val *h = &v->items[i];

      dh_val_text(h, "queue", queue, sizeof queue);
      snprintf(text, sizeof text, "%s is %s since %s by %s: %lld new cases are kept back", queue,
               dh_val_text(h, "hold", hold, sizeof hold), dh_local_text(dh_val_int(h, "since", 0), at),
               dh_val_text(h, "who", who, sizeof who), (long long)dh_val_int(h, "new", 0));
      snprintf(mend, sizeof mend, "deskhand queue resume %s", queue);
      add(r, NOTE, "queue", text, mend);
    }
  free(v);
  dh_buf_fini(&out);
}

/* ---- the machine */

static void check_space(struct report *r, const char *name, const char *folder, unsigned long long least_mb)
{
  char path[DH_PATH * 2], text[400];
  struct statvfs fs;
  unsigned long long mb;

  snprintf(path, sizeof path, "%s", folder);
  while (statvfs(path, &fs)) { /* a folder that is still to be made: what it will lie in */
    char *slash = strrchr(path, '/');

    if (!slash || slash == path)
      return;
    *slash = '\0';
  }
  mb = (unsigned long long)fs.f_bavail * fs.f_frsize >> 20;
  snprintf(text, sizeof text, "%llu MB free in %s", mb, path);
  add(r, mb < least_mb ? MISSING : OK, name, text,
      mb < least_mb ? "make room: no effect begins when its intent cannot be written" : "");
}

static void check_clock(struct report *r, struct dh_cli *cli)
{
  const char *zone = dh_conf_get(cli->conf, "zone");
  struct timex t = {0};
  char text[400], path[256];
  time_t now = time(NULL);
  struct tm tm;

  localtime_r(&now, &tm);
  snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone ? zone : "");
  if (zone && access(path, R_OK)) {
    snprintf(text, sizeof text, "zone = %s is not known to this machine", zone);
    add(r, MISSING, "zone", text, "apt install tzdata, or correct the setting: deskhand config show");
  } else {
    snprintf(text, sizeof text, "%s; now %s", zone ? zone : tm.tm_zone,
             dh_local_text((int64_t)now * 1000, path));
    add(r, OK, "zone", text, "");
  }
  if (adjtimex(&t) == TIME_ERROR || (t.status & STA_UNSYNC))
    add(r, NOTE, "clock", "nothing keeps it right",
        "apt install systemd-timesyncd, or let the machine's host do it");
  else
    add(r, OK, "clock", "kept right by a time service", "");
}

static void check_key(struct report *r)
{
  char dir[DH_PATH], path[DH_PATH * 2];
  unsigned char key[32];
  struct dh_err err;
  int rc = dh_key_load(dh_dir_config(dir), false, key, path, sizeof path, &err);

  explicit_bzero(key, sizeof key);
  if (!rc)
    add(r, OK, "vault key", path, "");
  else if (rc == DH_ENOENT)
    add(r, NOTE, "vault key", "there is none yet: no secret was set", "");
  else
    add(r, MISSING, "vault key", err.text, err.advice);
}

/* ---- the report */

static int say_json(const struct report *r)
{
  static const char *const levels[] = {"ok", "note", "missing"};
  struct dh_buf b;
  int rc;

  dh_buf_init(&b, 1 << 20);
  dh_put_map(&b, 2);
  dh_put_kb(&b, "ok", !r->missing);
  dh_put_text(&b, "checks");
  dh_put_list(&b, r->n);
  for (size_t i = 0; i < r->n; i++) {
    dh_put_map(&b, 4);
    dh_put_kt(&b, "name", r->checks[i].name);
    dh_put_kt(&b, "status", levels[r->checks[i].level]);
    dh_put_kt(&b, "text", r->checks[i].text);
    dh_put_kt(&b, "do", r->checks[i].mend);
  }
  rc = dh_say_json_cbor(&b);
  dh_buf_fini(&b);
  return rc;
}

static void say(const struct report *r)
{
  static const char *const marks[] = {"ok     ", "note   ", "MISSING"};

  for (size_t i = 0; i < r->n; i++) {
    printf("%s %-20s %s\n", marks[r->checks[i].level], r->checks[i].name, r->checks[i].text);
    if (*r->checks[i].mend)
      printf("        do: %s\n", r->checks[i].mend);
  }
}

static int exec(struct dh_cli *cli)
{
  char url[DH_PATH * 2], blobs[DH_PATH * 2 + 8];
  struct report r = {NULL, 0, false};

  check_modules(&r);
  check_tools(&r);
  check_store(&r, cli);
  check_holds(&r, cli);
  dh_store_url(cli->conf, url, sizeof url);
  check_space(&r, "disk", dh_store_blobs_of(url, blobs, sizeof blobs), 500);
  check_space(&r, "shared memory", "/dev/shm", 64);
  check_clock(&r, cli);
  check_key(&r);
  if (cli->json)
    say_json(&r);
  else
    say(&r);
  free(r.checks);
  return r.missing ? DH_EXIT_FAILED : DH_EXIT_DONE;
}

const struct dh_command dh_cmd_doctor = {
    .name = "doctor",
    .summary = "Says what this machine can do, what is missing, and how to mend it",
    .usage = "",
    .help = "Looks at each module and its libraries, the programs and languages that words need, the store "
            "(every row of it:\n"
            "this takes a while on a large one), free space, clock, time zone, the vault's key. What is "
            "missing is named with\n"
            "the command that brings it. Exit code 1 says that something is missing.",
    .exec = exec,
};
