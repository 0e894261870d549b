/* cmd_new.c - new: a robot that runs at once, with a test and a page. */
#include "cli.h"

#include <ctype.h>
#include <string.h>
#include <sys/stat.h>

static const char robot_lua[] = "robot {\n"
                                "  about = \"Says what this robot does, in one line\",\n"
                                "  case  = { name = optional(text), amount = optional(money) },   -- what a "
                                "case brings: checked before the run\n"
                                "}\n"
                                "\n"
                                "function run(case)\n"
                                "  log(\"case \" .. case.key)\n"
                                "  return { decision = \"nothing to do yet\" }\n"
                                "end\n";

static const char test_lua[] = "-- Run by: deskhand test FOLDER\n"
                               "local t = require \"test\"\n"
                               "\n"
                               "t.case(\"it ends with a decision\", function()\n"
                               "  local ended = t.run { case = { key = \"T-1\" } }\n"
                               "  t.eq(ended.status, 0, ended.err)\n"
                               "  t.eq(ended.result.decision, \"nothing to do yet\")\n"
                               "end)\n";

static const char readme[] =
    "# %s\n"
    "\n"
    "## What it does\n"
    "Nothing yet.\n"
    "\n"
    "## Example\n"
    "    deskhand run %s\n"
    "    deskhand run %s --case case.json\n"
    "    deskhand check %s\n"
    "    deskhand test %s\n"
    "\n"
    "`case.json`: `{ \"key\": \"C-1\", \"name\": \"Meyer\", \"amount\": \"250.00 EUR\" }`\n";

static int check_name(const char *path, const char **name, struct dh_err *err)
{
  const char *slash = strrchr(path, '/');

  *name = slash ? slash + 1 : path;
  for (const char *p = *name; *p; p++)
    if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-') {
      dh_err_set(err, DH_EUSE, "'%s' cannot be the name of a robot", *name);
      return dh_err_advice(err, "letters, digits, _ and -; its queue bears the same name");
    }
  return **name ? 0 : dh_err_set(err, DH_EUSE, "'%s' names no folder", path);
}

static int write_text(const char *folder, const char *file, const char *text, struct dh_err *err)
{
  char path[1200];

  snprintf(path, sizeof path, "%s/%s", folder, file);
  return dh_file_write(path, text, strlen(text), 0644, err);
}

static int exec(struct dh_cli *cli)
{
  const char *folder = cli->words[0], *name;
  char page[2048];
  struct stat st;
  struct dh_err err;
  int rc = check_name(folder, &name, &err);

  if (!rc && stat(folder, &st) == 0)
    rc = dh_err_set(&err, DH_EEXIST, "%s stands there already", folder);
  if (!rc)
    rc = dh_dir_make(folder, &err);
  if (!rc)
    rc = write_text(folder, "robot.lua", robot_lua, &err);
  if (!rc)
    rc = write_text(folder, "test_robot.lua", test_lua, &err);
  snprintf(page, sizeof page, readme, name, folder, folder, folder, folder);
  if (!rc)
    rc = write_text(folder, "README.md", page, &err);
  if (rc)
    return dh_say_error(&err, NULL);
  printf("%s is made: robot.lua, test_robot.lua, README.md\n  do: deskhand run %s\n", folder, folder);
  return DH_EXIT_DONE;
}

const struct dh_command dh_cmd_new = {
    .name = "new",
    .summary = "Makes a robot that runs at once",
    .usage = "ROBOT",
    .help = "ROBOT is the folder to make; its last part is the robot's name. It gets a robot, a test and a "
            "page to begin with.",
    .least = 1,
    .most = 1,
    .exec = exec,
};
