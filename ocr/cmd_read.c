/* cmd_read.c - `deskhand read FILE`: the words of a document, or the fields of a kind, for people and
 * programs. */
#include "cmd_read.h"

#include "sched/script.h"

#include <stdlib.h>
#include <string.h>

enum { RESULT_MAX = 64 << 20, VALUE_CELLS = 60 };

static const char script[] =
    "robot { about = \"reads a document\", case = { kind = text, languages = text } }\n"
    "function run(case) return document.look(case.file, case.kind, case.languages) end\n";

/* Words as the lines they stand in, a blank line between blocks. */
static void say_words(const struct dh_val *words)
{
  int64_t line = 0, block = 0, page = 0;

  for (size_t i = 0; words && i < words->n; i++) {
    const struct dh_val *w = &words->items[i], *text = dh_val_get(w, "text");

    if (dh_val_int(w, "page", 1) != page && page)
      putchar('\f');
    if (line && dh_val_int(w, "line", 0) != line)
      putchar('\n');
    else if (line)
      putchar(' ');
    if (block && dh_val_int(w, "block", 0) != block)
      putchar('\n');
    page = dh_val_int(w, "page", 1);
    line = dh_val_int(w, "line", 0);
    block = dh_val_int(w, "block", 0);
    if (text)
      fwrite(text->s, 1, text->n, stdout);
  }
  if (line)
    putchar('\n');
}

static void say_cell(const struct dh_val *v, size_t cells)
{
  struct dh_buf b;
  size_t used;

  dh_buf_init(&b, 1 << 16);
  dh_put_line(&b, v, cells);
  used = dh_text_cells(b.data);
  printf("%s%*s", b.data, used < cells ? (int)(cells - used) : 0, "");
  dh_buf_fini(&b);
}

/* One row a field: name, value, confidence, doubts. Then what the kind must have and was not found. */
static void say_fields(const struct dh_val *fields, const struct dh_val *missing)
{
  for (size_t i = 0; i < fields->n; i++) {
    const struct dh_val *field = &fields->items[2 * i + 1], *doubts = dh_val_get(field, "doubts");

    printf("%-16.*s ", (int)fields->items[2 * i].n, fields->items[2 * i].s);
    say_cell(dh_val_get(field, "value"), VALUE_CELLS);
    printf(" %3.0f %%", 100 * dh_val_num(field, "confidence", 0));
    for (size_t d = 0; doubts && doubts->type == DH_LIST && d < doubts->n; d++)
      printf("%s%.*s", d ? "; " : "  doubtful: ", (int)doubts->items[d].n, doubts->items[d].s);
    putchar('\n');
  }
  for (size_t i = 0; missing && missing->type == DH_LIST && i < missing->n; i++)
    printf("%-16.*s not found\n", (int)missing->items[i].n, missing->items[i].s);
  fflush(stdout);
  if (!fields->n)
    fprintf(stderr, "No field of this kind was found. Without --kind the text is printed.\n");
}

static int say(struct dh_cli *cli, const struct dh_buf *result, struct dh_err *err)
{
  struct dh_val *v = NULL;
  const struct dh_val *fields;
  int rc;

  if (cli->json)
    return dh_say_json_cbor(result);
  if ((rc = dh_val_parse_buf(result, &v, err)))
    return dh_say_error(err, NULL);
  fields = dh_val_get(v, "fields");
  if (fields && fields->type == DH_MAP)
    say_fields(fields, dh_val_get(v, "missing"));
  else
    say_words(dh_val_get(v, "words"));
  free(v);
  return DH_EXIT_DONE;
}

static int exec_read(struct dh_cli *cli)
{
  const char *kind = dh_cli_option(cli, "kind"), *languages = dh_cli_option(cli, "languages");
  const char *const pairs[] = {"kind", kind ? kind : "", "languages", languages ? languages : "", NULL};
  struct dh_script s = {
      .conf = cli->conf, .name = "deskhand read", .text = script, .file = cli->words[0], .pairs = pairs};
  struct dh_buf result;
  struct dh_err err;
  int rc;

  dh_buf_init(&result, RESULT_MAX);
  rc = dh_script_run(&s, &result, &err) ? dh_say_error(&err, NULL) : say(cli, &result, &err);
  dh_buf_fini(&result);
  return rc;
}

static const struct dh_option options[] = {
    {"kind", "KIND",
     "look for the fields of this kind: business_licence, business_licence_cn, tax_certificate, invoice, "
     "loan_application"},
    {"languages", "SET", "what to read with: eng, chi_sim+eng, chi_tra+eng"},
    {NULL, NULL, NULL},
};

const struct dh_command ocr_cmd_read = {
    .name = "read",
    .summary = "Reads a document: its words, or the fields of a kind",
    .usage = "FILE [--kind KIND]",
    .help = "Reads a picture (PNG, JPEG, TIFF, PNM) or a PDF in a sandboxed reader. Without --kind it prints "
            "the text. With "
            "--kind it prints one line a field: name, value, confidence, doubts.\n\n"
            "With --json: {kind, pages, words: [{text, page, box, confidence, line, block}], fields: {name: "
            "{value, text, "
            "confidence, page, box, doubts}}, missing: [name]}. Boxes are x, y, width, height in pixels of "
            "the upright page; "
            "pages[].matrix "
            "leads from there to the picture as it was given.",
    .options = options,
    .least = 1,
    .most = 1,
    .exec = exec_read,
};
