/* help.c - help, man pages and completion, all made from the structs of the commands. */
#include "cli.h"
#include "../host/module.h"
#include "../host/modules.h"

#include <ctype.h>
#include <string.h>

static const char about[] =
    "Deskhand runs robots for loan back offices: short Lua scripts that drive the bank's screens, read "
    "documents and records, ask a person where a person must decide, and can prove afterwards what they did.";

static const struct {
  int code;
  const char *meaning;
} codes[] = {
    {0, "done"},
    {1, "a system failure; check and test: findings; queue add: some cases were refused"},
    {2, "wrong use"},
    {3, "rejected by the business"},
    {4, "waiting for a person or a time; what was said names the review"},
    {5, "not known whether an effect happened"},
    {130, "interrupted"},
};

static const struct {
  const char *command, *meaning;
} first_steps[] = {
    {"deskhand doctor", "what this machine can do, what is missing, what mends it"},
    {"deskhand new hello", "makes the folder hello: a robot, its test, its page"},
    {"deskhand run hello", "runs it, here and now"},
    {"deskhand check hello", "what is wrong with it, without running it"},
    {"deskhand runs", "what was run; deskhand show RUN shows each step"},
};

static const struct dh_option common[] = {
    {"help", NULL, "this text"},
    {"json", NULL, "for programs: one JSON value on standard output"},
    {"store", "URL",
     "where queues and journals are kept: sqlite:PATH, postgresql://HOST/DATABASE (else DESKHAND_STORE, else "
     "the data folder)"},
    {"set", "KEY=VALUE", "a setting for this call, as in deskhand.conf; see: deskhand config show --all"},
    {NULL, NULL, NULL},
};

static void each_command(void (*each)(void *self, const struct dh_command *c), void *self)
{
  for (const struct dh_command *const *c = dh_commands; *c; c++)
    if (!(*c)->hidden)
      each(self, *c);
  for (const struct dh_module_entry *e = dh_modules; e->name; e++) {
    const struct dh_module *m;

    if (!*e->commands || dh_module_load(e->name, &m, NULL))
      continue;
    for (const struct dh_command *const *c = m->commands; c && *c; c++)
      if (!(*c)->hidden)
        each(self, *c);
  }
}

static void say_line(void *self, const struct dh_command *c)
{
  fprintf(self, "  %-16s %s\n", c->name, c->summary);
}

static void say_name(void *self, const struct dh_command *c)
{
  fprintf(self, "%s\n", c->name);
}

void dh_help_names(FILE *f)
{
  each_command(say_name, f);
}

void dh_help_all(FILE *f)
{
  fprintf(f, "usage: deskhand COMMAND …\n\n");
  each_command(say_line, f);
  fprintf(f, "\nMore about one: deskhand COMMAND --help\n\nTo begin with:\n");
  for (size_t i = 0; i < sizeof first_steps / sizeof *first_steps; i++)
    fprintf(f, "  %-28s %s\n", first_steps[i].command, first_steps[i].meaning);
  fprintf(f, "\nExit codes:\n");
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
    fprintf(f, "  %3d  %s\n", codes[i].code, codes[i].meaning);
}

/* Breaks a paragraph at 78 columns; lines that begin with two spaces stay. */
static void wrap(FILE *f, const char *text)
{
  size_t column = 0;

  while (*text) {
    size_t n = strcspn(text, " \n");

    if (column == 0 && text[0] == ' ' && text[1] == ' ') {
      n = strcspn(text, "\n");
      fprintf(f, "%.*s\n", (int)n, text);
      text += n + (text[n] == '\n');
      continue;
    }
    if (column && column + 1 + n > 78) {
      fputc('\n', f);
      column = 0;
    }
    fprintf(f, "%s%.*s", column ? " " : "", (int)n, text);
    column += n + (column ? 1 : 0);
    text += n;
    if (text[0] == '\n' && (text[1] == '\n' || (text[1] == ' ' && text[2] == ' '))) {
      fprintf(f, "%s", text[1] == '\n' ? "\n\n" : "\n");
      text += text[1] == '\n' ? 2 : 1;
      column = 0;
    } else if (*text) {
      text++;
    }
  }
  if (column)
    fputc('\n', f);
}

static void say_options(FILE *f, const struct dh_option *o)
{
  for (; o && o->name; o++) {
    char left[64];

    snprintf(left, sizeof left, "--%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
    fprintf(f, "  %-22s %s\n", left, o->help);
  }
}

void dh_help_command(FILE *f, const struct dh_command *c)
{
  fprintf(f, "usage: deskhand %s %s\n\n%s.\n\n", c->name, c->usage, c->summary);
  wrap(f, c->help);
  fprintf(f, "\nOptions:\n");
  say_options(f, c->options);
  say_options(f, common);
}

/* ---- man pages */

static void man_text(FILE *f, const char *text)
{
  bool literal = false, line_start = true;

  for (; *text; text++) {
    if (line_start && (text[0] == ' ' && text[1] == ' ') != literal) {
      literal = !literal;
      fprintf(f, literal ? ".nf\n" : ".fi\n");
    }
    if (line_start && text[0] == '\n') {
      fprintf(f, ".PP\n");
      continue;
    }
    if (line_start && (*text == '.' || *text == '\''))
      fprintf(f, "\\&");
    if (*text == '\\')
      fprintf(f, "\\e");
    else if (*text == '-')
      fprintf(f, "\\-");
    else
      fputc(*text, f);
    line_start = *text == '\n';
  }
  if (!line_start)
    fputc('\n', f);
  if (literal)
    fprintf(f, ".fi\n");
}

static void man_options(FILE *f, const struct dh_option *o)
{
  for (; o && o->name; o++) {
    fprintf(f, ".TP\n.B \\-\\-%s", o->name);
    fprintf(f, o->arg ? " \\fI%s\\fR\n" : "%s\n", o->arg ? o->arg : "");
    man_text(f, o->help);
  }
}

static void man_codes(FILE *f)
{
  fprintf(f, ".SH EXIT STATUS\n");
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    fprintf(f, ".TP\n.B %d\n", codes[i].code);
    man_text(f, codes[i].meaning);
  }
}

static void man_line(void *self, const struct dh_command *c)
{
  char page[64];

  snprintf(page, sizeof page, "%s", c->name);
  for (char *p = page; *p; p++)
    if (*p == ' ')
      *p = '-';
  fprintf(self, ".TP\n.BR deskhand\\-%s (1)\n", page);
  man_text(self, c->summary);
}

void dh_help_man(FILE *f, const struct dh_command *c)
{
  char title[64] = "DESKHAND", page[64] = "deskhand";

  if (c)
    snprintf(page, sizeof page, "deskhand-%s", c->name);
  for (size_t i = 0; page[i]; i++) {
    if (page[i] == ' ')
      page[i] = '-';
    title[i] = (char)toupper((unsigned char)page[i]);
    title[i + 1] = '\0';
  }
  fprintf(f, ".TH %s 1\n.SH NAME\n%s \\- ", title, page);
  man_text(f, c ? c->summary : "runs robots for loan back offices");
  if (c) {
    fprintf(f, ".SH SYNOPSIS\n.B deskhand %s\n", c->name);
    man_text(f, c->usage);
    fprintf(f, ".SH DESCRIPTION\n");
    man_text(f, c->help);
    fprintf(f, ".SH OPTIONS\n");
    man_options(f, c->options);
    man_options(f, common);
  } else {
    fprintf(f, ".SH SYNOPSIS\n.B deskhand\n.I COMMAND …\n.SH DESCRIPTION\n");
    man_text(f, about);
    fprintf(f, ".SH COMMANDS\n");
    each_command(man_line, f);
    fprintf(f, ".SH EXAMPLES\n");
    for (size_t i = 0; i < sizeof first_steps / sizeof *first_steps; i++) {
      fprintf(f, ".TP\n.B %s\n", first_steps[i].command);
      man_text(f, first_steps[i].meaning);
    }
    fprintf(f, ".SH FILES\n.TP\n.I /etc/deskhand/deskhand.conf, ~/.config/deskhand/deskhand.conf\nSettings, "
               "\"key = value\" "
               "lines.\n.TP\n.I ~/.local/share/deskhand/store.db\nThe store.\n");
  }
  man_codes(f);
  fprintf(f, ".SH SEE ALSO\n.BR deskhand (1)\n");
}

/* ---- completion for bash */

static void completion_case(void *self, const struct dh_command *c)
{
  FILE *f = self;

  fprintf(f, "    '%s') options=\"", c->name);
  for (const struct dh_option *o = c->options; o && o->name; o++)
    fprintf(f, "--%s ", o->name);
  fprintf(f, "\" ;;\n");
}

static void first_word(void *self, const struct dh_command *c)
{
  fprintf(self, "%.*s ", (int)strcspn(c->name, " "), c->name);
}

static void second_words(void *self, const struct dh_command *c)
{
  const char *space = strchr(c->name, ' ');

  if (space)
    fprintf(self, "    '%.*s') words=\"$words%s \" ;;&\n", (int)(space - c->name), c->name, space + 1);
}

void dh_help_completion(FILE *f)
{
  fprintf(f, "# bash completion for deskhand, made from its commands\n_deskhand()\n{\n"
             "  local word=${COMP_WORDS[COMP_CWORD]} name=${COMP_WORDS[1]} options= words=\n"
             "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    COMPREPLY=($(compgen -W '");
  each_command(first_word, f);
  fprintf(f, "' -- \"$word\"))\n    return\n  fi\n  case $name in\n");
  each_command(second_words, f);
  fprintf(f, "    *) ;;\n  esac\n  if [ -n \"$words\" ]; then\n    if [ \"$COMP_CWORD\" -eq 2 ]; then\n"
             "      COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n      return\n    fi\n"
             "    name=\"$name ${COMP_WORDS[2]}\"\n  fi\n  case $name in\n");
  each_command(completion_case, f);
  fprintf(f, "  esac\n  case $word in\n    -*) COMPREPLY=($(compgen -W \"$options --help --json --store "
             "--set\" -- \"$word\")) ;;\n"
             "    *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n  esac\n}\ncomplete -F _deskhand deskhand\n");
}
