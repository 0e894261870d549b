/* cmd_config.c - what the configuration is and who said so. */
#include "cli.h"

#include <string.h>

struct show {
  struct dh_buf json;
  size_t n;
};

static const char *shown(const char *key, const char *value)
{
  const struct dh_conf_key *k = dh_conf_key(key);

  return k && k->secret ? "***" : value;
}

static void say_entry(void *self, const char *key, const char *value, const char *origin)
{
  (void)self;
  printf("%-22s %-32s %s\n", key, shown(key, value), origin);
}

static void count_entry(void *self, const char *key, const char *value, const char *origin)
{
  (void)key;
  (void)value;
  (void)origin;
  ((struct show *)self)->n++;
}

static void put_entry(void *self, const char *key, const char *value, const char *origin)
{
  struct dh_buf *b = &((struct show *)self)->json;

  dh_put_map(b, 3);
  dh_put_kt(b, "key", key);
  dh_put_kt(b, "value", shown(key, value));
  dh_put_kt(b, "from", origin);
}

static int exec(struct dh_cli *cli)
{
  struct show show = {.n = 0};
  int rc = DH_EXIT_DONE;

  if (cli->json) {
    dh_buf_init(&show.json, 1 << 20);
    dh_conf_each(cli->conf, count_entry, &show);
    dh_put_list(&show.json, show.n);
    dh_conf_each(cli->conf, put_entry, &show);
    rc = dh_say_json_cbor(&show.json);
    dh_buf_fini(&show.json);
    return rc;
  }
  dh_conf_each(cli->conf, say_entry, NULL);
  if (dh_cli_option(cli, "all")) {
    printf("\nAll settings:\n");
    for (const struct dh_conf_key *k = dh_conf_keys; k->name; k++)
      printf("  %-20s %s\n", k->name, k->help);
  }
  return rc;
}

static const struct dh_option options[] = {
    {"all", NULL, "also every setting there is, with its meaning"},
    {NULL, NULL, NULL},
};

const struct dh_command dh_cmd_config_show = {
    .name = "config show",
    .summary = "Shows each setting, its value and where it came from",
    .usage = "[--all]",
    .help =
        "Settings are read in this order, later ones win: built-in defaults, /etc/deskhand/deskhand.conf,\n"
        "~/.config/deskhand/deskhand.conf ($XDG_CONFIG_HOME), the environment, options.\n\n"
        "Files hold lines such as\n\n"
        "  source.gleif.url = https://api.gleif.org/api/v1\n  log.level = debug\n\n"
        "In the environment the same setting is written DESKHAND_SOURCE_GLEIF_URL. A file that holds a "
        "secret (an\n"
        "access key) must have mode 0600.",
    .options = options,
    .exec = exec,
};
