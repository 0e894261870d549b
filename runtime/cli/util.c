/* util.c - see util.h. */
#include "util.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

int dh_cli_read(struct dh_cli *cli, int (*work)(struct dh_db *db, void *self, struct dh_err *err), void *self,
                struct dh_err *err)
{
  char url[DH_PATH * 2];
  struct dh_store_options o = {.url = dh_store_url(cli->conf, url, sizeof url), .mode = DH_STORE_READ};
  struct dh_store *store = NULL;
  int rc = dh_store_open(&o, &store, err);

  if (!rc)
    rc = dh_store_do(store, work, self, err);
  dh_store_close(&store);
  return rc;
}

int dh_cli_ask(struct dh_cli *cli, const struct dh_cli_view *view, struct dh_val **v, struct dh_err *err)
{
  int rc = dh_cli_read(cli, view->work, view->self, err);

  *v = NULL;
  if (rc == DH_ENOENT && view->list && dh_put_list(view->out, 0) == 0)
    rc = 0;
  return rc ? rc : dh_val_parse_buf(view->out, v, err);
}

int dh_cli_show(struct dh_cli *cli, const struct dh_cli_view *view)
{
  struct dh_val *v;
  struct dh_err err;
  int rc = dh_cli_ask(cli, view, &v, &err);

  if (rc)
    rc = dh_say_error(&err, NULL);
  else if (cli->json)
    rc = dh_say_json(v);
  else
    view->say(cli, v);
  free(v);
  return rc;
}

int dh_cli_state(const struct dh_cli *cli, int *state, struct dh_err *err)
{
  const char *name = dh_cli_option(cli, "state");

  *state = name ? dh_case_state_parse(name) : 0;
  if (!name || *state)
    return 0;
  dh_err_set(err, DH_EUSE, "there is no state '%s'", name);
  return dh_err_advice(err, "new, leased, waiting, retrying, done, rejected, failed, parked");
}

bool dh_cli_file_path(const struct dh_cli *cli, const struct dh_val *file, char *out, size_t size)
{
  char url[DH_PATH * 2], blobs[DH_PATH * 2 + 8], hash[DH_SHA256_HEX];

  dh_store_blobs_of(dh_store_url(cli->conf, url, sizeof url), blobs, sizeof blobs);
  return *dh_val_text(file, "sha256", hash, sizeof hash) && !dh_blob_path(blobs, hash, out, size, NULL);
}

int dh_cli_change(struct dh_cli *cli, const struct dh_buf *request, struct dh_buf *answer, struct dh_val **v,
                  struct dh_err *err)
{
  char url[DH_PATH * 2];
  int rc = dh_change_send(dh_store_url(cli->conf, url, sizeof url), request, answer, err);

  *v = NULL;
  return rc ? rc : dh_val_parse_buf(answer, v, err);
}

const char *dh_cli_who(void)
{
  const struct passwd *p = getpwuid(getuid());
  const char *person = getenv("SUDO_USER");

  if (person && *person) /* who works under the store's account is still himself */
    return person;
  return p ? p->pw_name : "unknown";
}

int dh_cli_robot(const struct dh_cli *cli, struct dh_robot *robot, struct dh_err *err)
{
  int rc = dh_robot_read(cli->words[0], robot, err);

  if (rc)
    dh_cli_where(cli->words[0], err);
  return rc;
}

char *dh_cli_robot_name(const char *robot, char out[64])
{
  size_t n = strlen(robot), at;

  while (n > 1 && robot[n - 1] == '/')
    n--;
  for (at = n; at > 0 && robot[at - 1] != '/';)
    at--;
  if (n - at > 4 && strncmp(robot + n - 4, ".lua", 4) == 0)
    n -= 4;
  snprintf(out, 64, "%.*s", (int)(n - at), robot + at);
  if (strcmp(out, "robot") == 0 && at > 1 && n < strlen(robot)) { /* FOLDER/robot.lua is the folder */
    char folder[DH_PATH];

    snprintf(folder, sizeof folder, "%.*s", (int)(at - 1), robot);
    return dh_cli_robot_name(folder, out);
  }
  return out;
}

/* Without the present folder in front, where that is shorter. */
static void relative(char *path)
{
  char here[DH_PATH];
  size_t n = getcwd(here, sizeof here) ? strlen(here) : 0;

  if (n > 1 && strncmp(path, here, n) == 0 && path[n] == '/')
    memmove(path, path + n + 1, strlen(path + n + 1) + 1);
}

void dh_cli_place(const char *robot, const char *file, char *out, size_t size)
{
  char folder[DH_PATH];
  struct stat st;
  bool single = stat(robot, &st) == 0 && !S_ISDIR(st.st_mode);
  size_t n = strlen(robot);

  if (single && strcmp(file, "robot.lua") == 0) {
    snprintf(out, size, "%s", robot);
    return;
  }
  snprintf(out, size, "%s%s%s", robot, n && robot[n - 1] != '/' ? "/" : "", file);
  if (!single && stat(out, &st) == 0)
    return;
  if (!realpath(robot, folder))
    folder[0] = '\0';
  for (char *slash;
       (slash = strrchr(folder, '/')) && slash > folder;) { /* above it, as host/bundle.c looks */
    *slash = '\0';
    snprintf(out, size, "%s/%s", folder, file);
    if (stat(out, &st) == 0) {
      relative(out);
      return;
    }
  }
  snprintf(out, size, "%s", file);
}

void dh_cli_where(const char *robot, struct dh_err *err)
{
  const char *colon = strrchr(err->where, ':');
  char file[sizeof err->where], path[DH_PATH];

  if (!colon || colon == err->where)
    return;
  snprintf(file, sizeof file, "%.*s", (int)(colon - err->where), err->where);
  dh_cli_place(robot, file, path, sizeof path);
  snprintf(file, sizeof file, "%s", colon);
  snprintf(err->where, sizeof err->where, "%.120s%.30s", path, file);
}

bool dh_cli_prompt(const char *question, char *out, size_t size)
{
  fprintf(stderr, "%s", question);
  fflush(stderr);
  if (!fgets(out, (int)size, stdin))
    return false;
  out[strcspn(out, "\r\n")] = '\0';
  return true;
}

bool dh_cli_prompt_secret(const char *question, char *out, size_t size)
{
  struct termios before, quiet;
  bool have = tcgetattr(STDIN_FILENO, &before) == 0, got;

  quiet = before;
  quiet.c_lflag &= ~(tcflag_t)ECHO;
  if (have)
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  got = dh_cli_prompt(question, out, size);
  if (have)
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
  fprintf(stderr, "\n");
  return got;
}
