/* intake_lines.c - files of cases that are read piece by piece, however long they are: CSV and JSON Lines.
 * Cuts the text between two rows; what stands in a row is the codec's work. */
#include "intake.h"
#include "../host/module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A piece is at least this long, and as long as its longest row. */
enum { PIECE = 1 << 20, READ = 256 << 10, PIECE_MAX = 64 << 20 };

struct lines {
  int fd;
  const char *file;
  const struct dh_codec *codec;
  bool csv;             /* a quoted field may hold line ends; the first row names the columns */
  struct dh_buf text;   /* read, and not yet taken in */
  struct dh_buf header; /* with its line end */
  struct dh_buf piece, cbor;
  size_t scanned, cut; /* of text: looked at; behind the last row that is whole */
  size_t lines;        /* ends of lines before text */
  bool quoted, end;
};

static int read_more(struct lines *l, struct dh_err *err)
{
  ssize_t n;

  if (dh_buf_room(&l->text, READ))
    return dh_err_set(err, DH_ELIMIT, "a row of %s is longer than %d MB, or a quote is never closed", l->file,
                      PIECE_MAX >> 20);
  while ((n = read(l->fd, l->text.data + l->text.len, READ)) < 0 && errno == EINTR)
    ;
  if (n < 0)
    return dh_err_errno(err, "%s cannot be read", l->file);
  l->end = n == 0;
  l->text.len += (size_t)n;
  l->text.data[l->text.len] = '\0';
  return 0;
}

/* Nothing but ends of lines and a byte order mark. */
static bool is_empty(const char *p, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (!memchr("\r\n\xef\xbb\xbf", p[i], 5))
      return false;
  return true;
}

/* Finds ends of rows; the first of all is the header's. */
static int scan(struct lines *l)
{
  int rc = 0;

  for (; !rc && l->scanned < l->text.len; l->scanned++) {
    char c = l->text.data[l->scanned];

    if (l->csv && c == '"')
      l->quoted = !l->quoted;
    if (c != '\n' || l->quoted)
      continue;
    l->cut = l->scanned + 1;
    if (l->csv && !l->header.len && !is_empty(l->text.data, l->cut))
      rc = dh_buf_put(&l->header, l->text.data, l->cut);
  }
  if (l->end)
    l->cut = l->text.len;
  return rc;
}

/* The rows up to the cut, as the codec reads them. Empty lines stand for those that are gone, so that errors
 * name the right one. */
static int decode(struct lines *l, struct dh_err *err)
{
  size_t ends = 0;
  bool first = !l->lines;
  int rc = 0;

  for (size_t i = 0; i < l->header.len && !first; i++)
    ends += l->header.data[i] == '\n';
  dh_buf_clear(&l->piece);
  dh_buf_clear(&l->cbor);
  if (!first) {
    rc = dh_buf_put(&l->piece, l->header.data, l->header.len);
    if (!rc && !(rc = dh_buf_room(&l->piece, l->lines))) {
      memset(l->piece.data + l->piece.len, '\n', l->lines - ends);
      l->piece.len += l->lines - ends;
    }
  }
  if (!rc)
    rc = dh_buf_put(&l->piece, l->text.data, l->cut);
  if (rc)
    return dh_err_set(err, rc, "no memory to read %s", l->file);
  rc = l->codec->decode(l->piece.data, l->piece.len, &l->cbor, err);
  if (rc && !*err->where)
    snprintf(err->where, sizeof err->where, "%.150s", l->file);
  return rc;
}

static void drop_taken(struct lines *l)
{
  for (size_t i = 0; i < l->cut; i++)
    l->lines += l->text.data[i] == '\n';
  memmove(l->text.data, l->text.data + l->cut, l->text.len - l->cut + 1);
  l->text.len -= l->cut;
  l->scanned -= l->cut;
  l->cut = 0;
}

static int take_piece(struct lines *l, struct dh_intake *in, const struct dh_robot *r, const char *base,
                      struct dh_err *err)
{
  struct dh_val *v = NULL;
  int rc = decode(l, err);

  if (!rc)
    rc = dh_val_parse_buf(&l->cbor, &v, err);
  in->read_bytes += l->cut;
  drop_taken(l);
  if (!rc)
    rc = dh_intake_list(in, r, v, base, err);
  free(v);
  return rc;
}

int dh_intake_lines(struct dh_intake *in, const struct dh_robot *r, const struct dh_codec *codec,
                    const char *file, const char *base, struct dh_err *err)
{
  struct lines l = {.file = file, .codec = codec, .csv = strcmp(codec->name, "csv") == 0};
  struct stat st;
  int rc = 0;

  l.fd = open(file, O_RDONLY | O_CLOEXEC);
  if (l.fd < 0)
    return dh_err_errno(err, "%s cannot be read", file);
  in->file_bytes = fstat(l.fd, &st) || !S_ISREG(st.st_mode) ? 0 : st.st_size;
  in->read_bytes = 0;
  dh_buf_init(&l.text, PIECE_MAX);
  dh_buf_init(&l.header, PIECE_MAX);
  dh_buf_init(&l.piece, 2 * PIECE_MAX);
  dh_buf_init(&l.cbor, 4 * (size_t)PIECE_MAX);
  while (!rc && !l.end) {
    rc = read_more(&l, err);
    if (!rc && scan(&l))
      rc = dh_err_set(err, DH_ENOMEM, "no memory to read %s", file);
    if (!rc && (l.cut >= PIECE || (l.end && (l.cut || !l.lines))))
      rc = take_piece(&l, in, r, base, err);
  }
  dh_buf_fini(&l.text);
  dh_buf_fini(&l.header);
  dh_buf_fini(&l.piece);
  dh_buf_fini(&l.cbor);
  close(l.fd);
  return rc;
}
