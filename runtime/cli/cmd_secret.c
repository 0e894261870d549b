/* cmd_secret.c - secret set, secret list, secret remove. A value comes from standard input or a prompt, never
 * from an argument, and is sealed here before it goes anywhere. */
#include "util.h"
#include "../sched/vault.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECRET_MAX = 64 << 10 };

static int read_value(const char *name, char value[SECRET_MAX], size_t *n, struct dh_err *err)
{
  char prompt[256];
  ssize_t got;

  *n = 0;
  if (isatty(STDIN_FILENO)) {
    snprintf(prompt, sizeof prompt, "value of %s: ", name);
    if (!dh_cli_prompt_secret(prompt, value, SECRET_MAX))
      return dh_err_set(err, DH_ECANCELED, "no value was given");
    *n = strlen(value);
  } else {
    while (*n < SECRET_MAX &&
           ((got = read(STDIN_FILENO, value + *n, SECRET_MAX - *n)) > 0 || (got < 0 && errno == EINTR)))
      *n += got > 0 ? (size_t)got : 0;
    if (*n == SECRET_MAX)
      return dh_err_set(err, DH_ELIMIT, "a secret has %d bytes at most", SECRET_MAX - 1);
    if (*n && value[*n - 1] == '\n') /* of echo; a secret that ends so is not typed by anybody */
      --*n;
  }
  return *n ? 0 : dh_err_set(err, DH_EUSE, "the value of '%s' is empty", name);
}

static int send_change(struct dh_cli *cli, const char *what, const char *name, const struct dh_buf *box,
                       struct dh_err *err)
{
  struct dh_buf request, answer;
  struct dh_val *v = NULL;
  int rc;

  dh_buf_init(&request, 1 << 20);
  dh_buf_init(&answer, 1 << 20);
  rc = dh_put_map(&request, box ? 4 : 3);
  if (!rc)
    rc = dh_put_kt(&request, "do", what);
  if (!rc)
    rc = dh_put_kt(&request, "name", name);
  if (!rc)
    rc = dh_put_kt(&request, "who", dh_cli_who());
  if (!rc && box)
    rc = dh_put_text(&request, "box");
  if (!rc && box)
    rc = dh_put_bytes(&request, box->data, box->len);
  rc = rc ? dh_err_set(err, rc, "no memory for the request") : dh_cli_change(cli, &request, &answer, &v, err);
  free(v);
  dh_buf_fini(&request);
  dh_buf_fini(&answer);
  return rc;
}

static int exec_set(struct dh_cli *cli)
{
  char *value = calloc(1, SECRET_MAX), key_path[DH_PATH] = "";
  struct dh_buf box;
  struct dh_err err;
  size_t n = 0;
  int rc = value ? read_value(cli->words[0], value, &n, &err) : dh_err_set(&err, DH_ENOMEM, "no memory");

  dh_buf_init(&box, 2 * SECRET_MAX);
  if (!rc)
    rc = dh_secret_seal(cli->words[0], value, n, &box, key_path, sizeof key_path, &err);
  if (value)
    explicit_bzero(value, SECRET_MAX);
  free(value);
  if (!rc)
    rc = send_change(cli, "secret set", cli->words[0], &box, &err);
  dh_buf_fini(&box);
  if (rc)
    return dh_say_error(&err, NULL);
  printf("%s is set. The vault's key is %s; it is in no backup of the store.\n", cli->words[0], key_path);
  return DH_EXIT_DONE;
}

static int exec_remove(struct dh_cli *cli)
{
  struct dh_err err;

  if (send_change(cli, "secret remove", cli->words[0], NULL, &err))
    return dh_say_error(&err, NULL);
  printf("%s is removed\n", cli->words[0]);
  return DH_EXIT_DONE;
}

static int list_work(struct dh_db *db, void *self, struct dh_err *err)
{
  return db->ops->secret_list(db, self, err);
}

static void say_list(struct dh_cli *cli, const struct dh_val *list)
{
  char name[256], who[64], at[24];

  (void)cli;
  for (size_t i = 0; i < list->n; i++)
    printf("%-32s set %s by %s\n", dh_val_text(&list->items[i], "name", name, sizeof name),
           dh_local_text(dh_val_int(&list->items[i], "changed", 0), at),
           dh_val_text(&list->items[i], "who", who, sizeof who));
}

static int exec_list(struct dh_cli *cli)
{
  struct dh_buf out;
  int rc;

  dh_buf_init(&out, 16 << 20);
  rc = dh_cli_show(cli, &(struct dh_cli_view){list_work, &out, &out, say_list, .list = true});
  dh_buf_fini(&out);
  return rc;
}

const struct dh_command dh_cmd_secret_set = {
    .name = "secret set",
    .summary = "Keeps a secret for robots: a password, an access key",
    .usage = "NAME",
    .help = "The value is read from standard input, or asked for at the terminal without showing it; it is "
            "never an argument.\n"
            "It is sealed with the vault's key before it is stored. Robots name it: secret "
            "\"core.clerk.password\".\n\n"
            "  pass show core | deskhand secret set core.clerk.password\n\n"
            "The vault's key is made on first use: deskhand.key in the configuration folder (0600), or in\n"
            "$CREDENTIALS_DIRECTORY. Keep a copy apart from the backups of the store.",
    .least = 1,
    .most = 1,
    .exec = exec_set,
};
const struct dh_command dh_cmd_secret_list = {
    .name = "secret list",
    .summary = "Lists the names of secrets, when they were set and by whom",
    .usage = "",
    .help = "Values are never shown.",
    .exec = exec_list,
};
const struct dh_command dh_cmd_secret_remove = {
    .name = "secret remove",
    .summary = "Removes a secret",
    .usage = "NAME",
    .help = "Robots that name it fail from then on.",
    .least = 1,
    .most = 1,
    .exec = exec_remove,
};
