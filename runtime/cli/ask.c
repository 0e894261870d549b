/* ask.c - reviews at the terminal: the question, what may be answered, the answer as plain data. Owns
 * nothing. */
#include "util.h"
#include "../host/run.h"

#include <stdlib.h>
#include <string.h>

static const char *const effect_answers[] = {"accept", "happened", "not-happened", "refuse"};

static bool is_effect(const struct dh_val *review)
{
  return dh_val_bool(review, "effect", false);
}

/* The files that a question shows: where each can be opened. */
static void say_files(const struct dh_cli *cli, FILE *f, const struct dh_val *v)
{
  char path[DH_PATH * 3], name[160];

  if (!v)
    return;
  if (v->tag == DH_TAG_FILE) {
    if (dh_cli_file_path(cli, v, path, sizeof path))
      fprintf(f, "  look at: %s  %s\n", dh_val_text(v, "name", name, sizeof name), path);
    return;
  }
  for (size_t i = 0; (v->type == DH_MAP || v->type == DH_LIST) && i < v->n; i++)
    say_files(cli, f, v->type == DH_MAP ? &v->items[2 * i + 1] : &v->items[i]);
}

void dh_review_say(const struct dh_cli *cli, FILE *f, const struct dh_val *review)
{
  const struct dh_val *question = dh_val_get(review, "question"), *show = dh_val_get(question, "show");
  char robot[64], key[256], name[160];
  struct dh_err err;

  fprintf(f, "review %lld: %s %s, \"%s\"\n", (long long)dh_val_int(review, "id", 0),
          dh_val_text(review, "robot", robot, sizeof robot), dh_val_text(review, "key", key, sizeof key),
          dh_val_text(review, "name", name, sizeof name));
  if (dh_val_is(dh_val_get(review, "word"), "approve"))
    fprintf(f, "  A second person (%s) signs exactly these values, before anything is done:\n",
            dh_val_text(review, "role", name, sizeof name));
  if (is_effect(review))
    fprintf(f, "  It is not known whether this happened. Look for it before you answer.\n");
  if (show && show->tag == DH_TAG_ERROR) {
    dh_val_err(show, &err);
    fprintf(f, "  %s\n", err.text);
    if (*err.seen)
      fprintf(f, "  seen: %s\n", err.seen);
  } else if (show) {
    dh_say_value(f, show, 2);
  }
  if (dh_val_get(question, "fields"))
    dh_say_value(f, dh_val_get(question, "fields"), 2);
  say_files(cli, f, show);
}

static void append(char *out, size_t size, const char *text, size_t n)
{
  size_t at = strlen(out);

  snprintf(out + at, size - at, "%.*s", (int)n, text);
}

void dh_review_choices(const struct dh_val *review, char *out, size_t size)
{
  const struct dh_val *question = dh_val_get(review, "question"), *ask = dh_val_get(question, "ask"),
                      *fields = dh_val_get(question, "fields");

  *out = '\0';
  if (is_effect(review) && !(ask && ask->type == DH_LIST)) {
    append(out, size, "accept | happened [VALUE] | not-happened", 99);
    return;
  }
  for (size_t i = 0; ask && ask->type == DH_LIST && i < ask->n; i++) {
    append(out, size, " | ", i ? 3 : 0);
    append(out, size, ask->items[i].type == DH_TEXT ? ask->items[i].s : "?",
           ask->items[i].type == DH_TEXT ? ask->items[i].n : 1);
  }
  for (size_t i = 0; fields && fields->type == DH_MAP && i < fields->n; i++) {
    append(out, size, " ", *out ? 1 : 0);
    if (fields->items[2 * i].type == DH_TEXT)
      append(out, size, fields->items[2 * i].s, fields->items[2 * i].n);
    append(out, size, "=…", 9);
  }
  if (!*out)
    append(out, size, "any text", 99);
}

static int impossible(const struct dh_val *review, const char *word, struct dh_err *err)
{
  char choices[300];

  dh_review_choices(review, choices, sizeof choices);
  dh_err_set(err, DH_EUSE, "'%s' is no answer to review %lld", word, (long long)dh_val_int(review, "id", 0));
  return dh_err_advice(err, "answer: %s", choices);
}

static bool is_choice(const struct dh_val *ask, const char *word)
{
  for (size_t i = 0; ask && ask->type == DH_LIST && i < ask->n; i++)
    if (dh_val_is(&ask->items[i], word))
      return true;
  return false;
}

static int effect_answer(const struct dh_val *review, char **words, int n, struct dh_buf *answer,
                         struct dh_err *err)
{
  bool known = false;

  for (size_t i = 0; i < sizeof effect_answers / sizeof *effect_answers; i++)
    known = known || strcmp(effect_answers[i], words[0]) == 0;
  if (!known || n > 2)
    return impossible(review, words[n > 2 ? 2 : 0], err);
  if (dh_put_map(answer, n > 1 ? 2 : 1) || dh_put_kt(answer, "answer", words[0]) ||
      (n > 1 && dh_put_kt(answer, "value", words[1])))
    return dh_err_set(err, DH_ENOMEM, "no memory for an answer");
  return 0;
}

/* ---- fields: typed like the values that were asked about */

static const char *type_of(const struct dh_val *v)
{
  if (v->tag == DH_TAG_MONEY)
    return "money";
  if (v->tag == DH_TAG_DATE)
    return "date";
  if (v->type == DH_BOOL)
    return "flag";
  return v->type == DH_INT || v->type == DH_NUM || v->tag == DH_TAG_DECIMAL ? "number" : "text";
}

static struct dh_val text_val(const char *s, size_t n)
{
  return (struct dh_val){.type = DH_TEXT, .n = n, .s = s};
}

/* One field through the same door as the fields of a case: {case: {name: {type}}} against {name: text}.
 * Appends the value alone. */
static int typed(const struct dh_val *name, const char *type, const char *text, struct dh_buf *out,
                 struct dh_err *err)
{
  struct dh_val type_pair[2] = {text_val("type", 4), text_val(type, strlen(type))};
  struct dh_val field_pair[2] = {*name, {.type = DH_MAP, .n = 1, .items = type_pair}};
  struct dh_val case_pair[2] = {text_val("case", 4), {.type = DH_MAP, .n = 1, .items = field_pair}};
  struct dh_val declared = {.type = DH_MAP, .n = 1, .items = case_pair};
  struct dh_val raw_pair[2] = {*name, text_val(text, strlen(text))},
                raw = {.type = DH_MAP, .n = 1, .items = raw_pair};
  struct dh_val *v = NULL;
  struct dh_buf made;
  char why[sizeof err->text];
  int rc;

  if (!*text) {
    dh_err_set(err, DH_EUSE, "the answer for '%.*s' is empty", (int)name->n, name->s);
    return dh_err_advice(err, "write %.*s=VALUE, or leave it out to keep what stands there", (int)name->n,
                         name->s);
  }
  dh_buf_init(&made, 1 << 16);
  rc = dh_case_take(&declared, &raw, ".", NULL, NULL, &made, err);
  if (rc == DH_EFORMAT && strncmp(err->text, "the case's ", 11) == 0) {
    snprintf(why, sizeof why, "the answer's %.400s", err->text + 11);
    memcpy(err->text, why, sizeof why);
    rc = err->code = DH_EUSE;
  }
  if (!rc)
    rc = dh_val_parse_buf(&made, &v, err);
  if (!rc && (rc = v->n ? dh_put_val(out, &v->items[1]) : dh_put_text(out, "")))
    dh_err_set(err, rc, "no memory for an answer");
  free(v);
  dh_buf_fini(&made);
  return rc;
}

static const char *given(const struct dh_val *name, char **words, int n)
{
  for (int i = 0; i < n; i++) {
    const char *equals = strchr(words[i], '=');

    if (equals && (size_t)(equals - words[i]) == name->n && strncmp(words[i], name->s, name->n) == 0)
      return equals + 1;
  }
  return NULL;
}

static int check_names(const struct dh_val *review, const struct dh_val *fields, char **words, int n,
                       struct dh_err *err)
{
  for (int i = 0; i < n; i++) {
    const char *equals = strchr(words[i], '=');
    char name[128];

    snprintf(name, sizeof name, "%.*s", equals ? (int)(equals - words[i]) : 0, words[i]);
    if (!equals || !dh_val_get(fields, name))
      return impossible(review, words[i], err);
  }
  return 0;
}

static int field_answer(const struct dh_val *review, const char *decision, char **words, int n,
                        struct dh_buf *answer, struct dh_err *err)
{
  const struct dh_val *fields = dh_val_get(dh_val_get(review, "question"), "fields");
  size_t nfields = fields && fields->type == DH_MAP ? fields->n : 0;
  int rc = check_names(review, fields, words, n, err);

  if (!rc && (dh_put_map(answer, nfields + (decision ? 1 : 0)) ||
              (decision && dh_put_kt(answer, "decision", decision))))
    rc = dh_err_set(err, DH_ENOMEM, "no memory for an answer");
  for (size_t i = 0; !rc && i < nfields; i++) {
    const struct dh_val *name = &fields->items[2 * i], *was = name + 1;
    const char *text = name->type == DH_TEXT ? given(name, words, n) : NULL;

    rc = dh_put_val(answer, name);
    if (!rc)
      rc = text ? typed(name, type_of(was), text, answer, err) : dh_put_val(answer, was);
  }
  return rc;
}

int dh_review_answer(const struct dh_val *review, char **words, int n, struct dh_buf *answer,
                     struct dh_err *err)
{
  const struct dh_val *question = dh_val_get(review, "question"), *ask = dh_val_get(question, "ask");
  bool choices = ask && ask->type == DH_LIST && ask->n;

  if (n < 1)
    return impossible(review, "", err);
  if (is_effect(review))
    return effect_answer(review, words, n, answer, err);
  if (choices && is_choice(ask, words[0]))
    return field_answer(review, words[0], words + 1, n - 1, answer, err);
  if (choices)
    return impossible(review, words[0], err);
  if (dh_val_get(question, "fields"))
    return field_answer(review, NULL, words, n, answer, err);
  return dh_put_text(answer, words[0]) ? dh_err_set(err, DH_ENOMEM, "no memory for an answer") : 0;
}

/* ---- at the terminal */

enum { WORDS_MAX = 64 };

/* One prompt a field, the present value standing in brackets: an empty line keeps it. */
static int ask_fields(const struct dh_val *fields, char *words[WORDS_MAX], int *n, struct dh_err *err)
{
  for (size_t i = 0; fields && fields->type == DH_MAP && i < fields->n && *n < WORDS_MAX; i++) {
    const struct dh_val *name = &fields->items[2 * i];
    char prompt[300], line[512], word[700];
    struct dh_buf now;

    dh_buf_init(&now, 4096);
    dh_put_line(&now, name + 1, 60);
    snprintf(prompt, sizeof prompt, "  %.*s [%s]: ", name->type == DH_TEXT ? (int)name->n : 0, name->s,
             now.data);
    dh_buf_fini(&now);
    if (!dh_cli_prompt(prompt, line, sizeof line))
      return dh_err_set(err, DH_ECANCELED, "no answer");
    if (!*line)
      continue;
    snprintf(word, sizeof word, "%.*s=%s", name->type == DH_TEXT ? (int)name->n : 0, name->s, line);
    words[(*n)++] = strdup(word);
  }
  return 0;
}

static int ask_once(const struct dh_val *review, struct dh_buf *answer, struct dh_err *err)
{
  const struct dh_val *question = dh_val_get(review, "question"), *fields = dh_val_get(question, "fields");
  char line[512], *words[WORDS_MAX + 1] = {NULL}, *rest = line, *word;
  int n = 0, rc = 0;

  if (dh_val_get(question, "ask") || is_effect(review) || !fields) {
    if (!dh_cli_prompt("  your answer: ", line, sizeof line))
      return dh_err_set(err, DH_ECANCELED, "no answer");
    if (is_effect(review)) {
      while (n < 2 && (word = n ? rest : strsep(&rest, " ")) && *word)
        words[n++] = strdup(word);
    } else {
      words[n++] = strdup(line);
    }
  }
  if (fields && !is_effect(review))
    rc = ask_fields(fields, words, &n, err);
  if (!rc && n == 0 && fields)
    words[n++] = strdup(""), n = 0, rc = field_answer(review, NULL, words, 0, answer, err);
  else if (!rc)
    rc = dh_review_answer(review, words, n, answer, err);
  for (int i = 0; i <= WORDS_MAX && words[i]; i++)
    free(words[i]);
  return rc;
}

int dh_review_ask(const struct dh_cli *cli, const struct dh_val *review, struct dh_buf *answer,
                  struct dh_err *err)
{
  char choices[400];
  int rc;

  dh_review_say(cli, stderr, review);
  dh_review_choices(review, choices, sizeof choices);
  fprintf(stderr, "  answer: %s\n", choices);
  for (;;) {
    dh_buf_clear(answer);
    rc = ask_once(review, answer, err);
    if (!rc || err->code == DH_ECANCELED || err->code == DH_ENOMEM)
      return rc;
    dh_say_error(err, NULL);
  }
}
