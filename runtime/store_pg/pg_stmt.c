/* pg_stmt.c - statements over the pipeline: prepared once a session, sent without waiting where nobody needs
 * the result yet. Owns the cache and what is on its way. */
#include "pg.h"

#include "../base/log.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

enum { OID_BOOL = 16, OID_BYTEA = 17, OID_INT8 = 20, OID_INT4 = 23, OID_TEXT = 25 };

void pg_forget_results(struct pg *pg)
{
  for (size_t i = 0; i < PG_CACHE; i++) {
    PQclear(pg->cache[i].rows);
    pg->cache[i].rows = NULL;
  }
}

/* ---- what is on its way */

static int note(struct pg *pg, struct pg_sent sent, struct dh_err *err)
{
  if (pg->nsent == pg->sent_cap) {
    size_t cap = pg->sent_cap ? pg->sent_cap * 2 : 64;
    struct pg_sent *v = realloc(pg->sent, cap * sizeof *v);

    if (!v)
      return dh_err_set(err, DH_ENOMEM, "no memory for a statement");
    pg->sent = v;
    pg->sent_cap = cap;
  }
  pg->sent[pg->nsent++] = sent;
  return 0;
}

static int not_ours(struct dh_err *err)
{
  dh_err_set(err, DH_EUNAVAILABLE, "the leases of this host are over: it could not renew them in time");
  dh_err_advice(err, "its runs are taken up by others; this host goes on when it has joined again");
  return DH_EUNAVAILABLE;
}

/* Everything up to the sync that was sent; after an error it is what the server skips. */
static void take_sync(struct pg *pg)
{
  bool synced = false;

  while (!synced && PQstatus(pg->conn) == CONNECTION_OK) {
    PGresult *r = PQgetResult(pg->conn);

    synced = PQresultStatus(r) == PGRES_PIPELINE_SYNC;
    PQclear(r);
  }
}

/* The results of one statement. */
static int receive(struct pg *pg, const struct pg_sent *s, struct dh_err *err)
{
  PGresult *r;
  int rc = 0;

  while ((r = PQgetResult(pg->conn))) {
    ExecStatusType status = PQresultStatus(r);

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && !rc)
      rc = pg_fail(&pg->place, pg->conn, r, "cannot use the store", err);
    else if (s->must && status == PGRES_TUPLES_OK && !PQntuples(r) && !rc)
      rc = not_ours(err);
    if (s->keep && !rc) {
      PQclear(s->keep->rows);
      s->keep->rows = r;
      continue;
    }
    PQclear(r);
    if (rc)
      break; /* the rest is for resync */
  }
  if (!rc && PQstatus(pg->conn) == CONNECTION_BAD)
    rc = pg_fail(&pg->place, pg->conn, NULL, "cannot use the store", err);
  return rc;
}

/* What failed was sent at `failed`; nothing from there on was done. */
static void break_off(struct pg *pg, size_t failed, bool synced, const struct dh_err *why)
{
  if (!pg->broken)
    pg->why = *why;
  for (size_t i = failed; i < pg->nsent; i++)
    if (pg->sent[i].prepares)
      pg->sent[i].prepares->session = 0;
  if (synced || PQpipelineSync(pg->conn))
    take_sync(pg);
  pg->broken = true;
  pg->dead |= !pg->marked || failed < pg->before;
}

int pg_settle(struct pg *pg, bool sync, struct dh_err *err)
{
  size_t i = 0;
  int rc = 0;

  if (!pg->nsent && !sync)
    return 0;
  if (!(sync ? PQpipelineSync(pg->conn) : PQsendFlushRequest(pg->conn)) || PQflush(pg->conn))
    rc = pg_fail(&pg->place, pg->conn, NULL, "cannot use the store", err);
  for (; i < pg->nsent && !rc; i++)
    rc = receive(pg, &pg->sent[i], err);
  if (rc)
    break_off(pg, i ? i - 1 : 0, sync, err);
  else if (sync)
    take_sync(pg);
  pg->nsent = 0;
  pg->before = 0;
  return rc;
}

/* ---- statements */

/* `?` and `?3` as PostgreSQL writes them. */
static int translate(const char *sql, struct dh_buf *out)
{
  int next = 1, rc = 0;

  for (; *sql && !rc; sql++) {
    if (*sql != '?') {
      rc = dh_buf_putc(out, *sql);
    } else if (sql[1] >= '0' && sql[1] <= '9') {
      rc = dh_buf_putc(out, '$');
    } else {
      rc = dh_buf_printf(out, "$%d", next++);
    }
  }
  return rc;
}

static void name_of(const struct pg *pg, const struct pg_stmt *s, char out[16])
{
  snprintf(out, 16, "s%d", (int)(s - pg->cache));
}

/* The texts are literals, so their addresses name them; of our own process and of this module. */
static struct pg_stmt *find(struct pg *pg, const char *sql, struct dh_err *err)
{
  size_t i = ((uintptr_t)sql >> 3) * 0x9E3779B97F4A7C15u >> (64 - PG_CACHE_BITS);

  for (size_t tried = 0; tried < PG_CACHE; tried++, i = (i + 1) % PG_CACHE)
    if (!pg->cache[i].text || pg->cache[i].text == sql) {
      pg->cache[i].text = sql;
      pg->cache[i].st.driver = &pg_driver;
      return &pg->cache[i];
    }
  dh_err_set(err, DH_ELIMIT, "more statements than the cache of %d holds", PG_CACHE);
  return NULL;
}

static int prepare(struct pg *pg, struct pg_stmt *s, enum sq_want want, int n, const Oid *types,
                   struct dh_err *err)
{
  struct dh_buf text;
  char name[16];
  int rc;

  if (s->session == pg->session)
    return 0;
  dh_buf_init(&text, 16 << 10);
  name_of(pg, s, name);
  rc = translate(s->text, &text);
  if (!rc && want == SQ_ID)
    rc = dh_buf_puts(&text, " RETURNING id");
  if (rc)
    dh_err_set(err, rc, "no memory for a statement");
  else if (!PQsendPrepare(pg->conn, name, text.data, n, types))
    rc = pg_fail(&pg->place, pg->conn, NULL, "cannot use the store", err);
  else if (!(rc = note(pg, (struct pg_sent){.prepares = s}, err)))
    s->session = pg->session;
  dh_buf_fini(&text);
  return rc;
}

static int send_stmt(struct pg *pg, struct pg_stmt *s, enum sq_want want, bool must, int n, const Oid *types,
                     const char *const *values, const int *lengths, const int *formats, struct dh_err *err)
{
  char name[16];
  int rc;

  if (!pg->conn)
    return dh_err_set(err, DH_EUNAVAILABLE, "the store %s is away", pg->place.shown);
  PQclear(s->rows);
  s->rows = NULL;
  s->row = -1;
  name_of(pg, s, name);
  if (!(rc = prepare(pg, s, want, n, types, err)) &&
      !PQsendQueryPrepared(pg->conn, name, n, values, lengths, formats, 1))
    rc = pg_fail(&pg->place, pg->conn, NULL, "cannot use the store", err);
  if (!rc)
    rc = note(pg, (struct pg_sent){.keep = want == SQ_NOTHING ? NULL : s, .must = must}, err);
  if (rc) {
    if (!pg->broken)
      pg->why = *err;
    pg->broken = pg->dead = true;
  }
  s->want = want;
  return rc;
}

int pg_end(struct pg *pg, const char *sql, const char *tag, struct dh_err *err)
{
  struct pg_stmt *s = find(pg, sql, err);
  bool done;
  int rc = s ? send_stmt(pg, s, SQ_NOTHING, false, 0, NULL, NULL, NULL, NULL, err) : err->code;

  if (rc)
    return rc;
  pg->sent[pg->nsent - 1].keep = s;
  if ((rc = pg_settle(pg, true, err)))
    return rc;
  done = s->rows && !strcmp(PQcmdStatus(s->rows), tag);
  PQclear(s->rows);
  s->rows = NULL;
  return done ? 0 : pg_gone(pg, err);
}

struct sq_stmt *pg_send(struct pg *pg, enum sq_want want, const char *sql, int n, const Oid *types,
                        const char *const *values, const int *lengths, const int *formats, struct dh_err *err)
{
  struct pg_stmt *s = find(pg, sql, err);

  if (!s || send_stmt(pg, s, want, false, n, types, values, lengths, formats, err))
    return NULL;
  /* who only reads is told of every mistake at once */
  return (want == SQ_NOTHING && pg->write) || !pg_settle(pg, false, err) ? &s->st : NULL;
}

int pg_guard(struct pg *pg, struct dh_err *err)
{
  static const char sql[] = "SELECT 1 FROM hosts WHERE id = ? AND until > "
                            "(extract(epoch FROM clock_timestamp()) * 1000)::bigint FOR KEY SHARE";
  static const Oid type = OID_INT8;
  int64_t id = (int64_t)htobe64((uint64_t)pg->host);
  const char *value = (const char *)&id;
  int length = 8, format = 1, rc;
  struct pg_stmt *s;

  if (pg->guarded)
    return 0;
  if (!pg->host)
    return dh_err_set(err, DH_EUSE, "only a host that has joined may hold leases");
  if (!(s = find(pg, sql, err)))
    return err->code;
  if (!(rc = send_stmt(pg, s, SQ_NOTHING, true, 1, &type, &value, &length, &format, err)))
    pg->guarded = true;
  return rc;
}

/* ---- arguments */

struct args {
  int n;
  Oid types[PG_ARGS];
  const char *values[PG_ARGS];
  int lengths[PG_ARGS], formats[PG_ARGS];
  int64_t numbers[PG_ARGS];
  char *mended[PG_ARGS]; /* texts that were no UTF-8 */
};

/* PostgreSQL takes valid UTF-8 only. A name that was cut in the middle of a letter loses that letter. */
static size_t letter(const unsigned char *s)
{
  size_t n = *s < 0x80                 ? 1
             : *s >= 0xc2 && *s < 0xe0 ? 2
             : (*s & 0xf0) == 0xe0     ? 3
             : *s >= 0xf0 && *s < 0xf5 ? 4
                                       : 0;

  for (size_t i = 1; i < n; i++)
    if ((s[i] & 0xc0) != 0x80)
      return 0;
  if ((n == 3 && ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f))) ||
      (n == 4 && ((*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))))
    return 0;
  return n;
}

char *pg_mend(const char *text)
{
  const unsigned char *s = (const unsigned char *)text;
  char *out, *to;
  size_t n;

  while (*s && (n = letter(s)))
    s += n;
  if (!*s || !(out = malloc(strlen(text) + 1)))
    return NULL;
  for (s = (const unsigned char *)text, to = out; *s; s += n ? n : 1)
    if (!(n = letter(s)))
      *to++ = '?';
    else
      to = (char *)memcpy(to, s, n) + n;
  *to = '\0';
  return out;
}

static void bind_all(struct args *a, const char *types, va_list ap)
{
  for (a->n = 0; types[a->n]; a->n++) {
    int i = a->n;

    a->formats[i] = 1;
    a->mended[i] = NULL;
    switch (types[i]) {
    case 'i':
      a->types[i] = OID_INT8;
      a->numbers[i] = (int64_t)htobe64((uint64_t)va_arg(ap, int64_t));
      a->values[i] = (const char *)&a->numbers[i];
      a->lengths[i] = 8;
      break;
    case 't':
      a->types[i] = OID_TEXT;
      a->values[i] = va_arg(ap, const char *);
      if (a->values[i] && (a->mended[i] = pg_mend(a->values[i])))
        a->values[i] = a->mended[i];
      a->lengths[i] = a->values[i] ? (int)strlen(a->values[i]) : 0;
      break;
    default:
      a->types[i] = OID_BYTEA;
      a->values[i] = va_arg(ap, const char *);
      a->lengths[i] = (int)va_arg(ap, size_t);
      a->values[i] = a->values[i] ? a->values[i] : "";
    }
  }
}

static struct sq_stmt *begin(struct sq *q, enum sq_want want, const char *sql, const char *types, va_list ap,
                             struct dh_err *err)
{
  struct args a;
  struct sq_stmt *st;

  bind_all(&a, types, ap);
  st = pg_send(pg_of(q), want, sql, a.n, a.types, a.values, a.lengths, a.formats, err);
  for (int i = 0; i < a.n; i++)
    free(a.mended[i]);
  return st;
}

/* ---- results */

static struct pg_stmt *stmt(struct sq_stmt *st)
{
  return (struct pg_stmt *)st;
}

static void end(struct sq_stmt *st)
{
  PQclear(stmt(st)->rows);
  stmt(st)->rows = NULL;
}

static int64_t value(const PGresult *r, int row, int column)
{
  const char *p = PQgetvalue(r, row, column);
  uint64_t wide = 0;
  uint32_t narrow = 0;

  if (PQgetisnull(r, row, column))
    return 0;
  switch (PQftype(r, column)) {
  case OID_BOOL:
    return *p != 0;
  case OID_INT4:
    memcpy(&narrow, p, sizeof narrow);
    return (int32_t)be32toh(narrow);
  default:
    memcpy(&wide, p, sizeof wide);
    return (int64_t)be64toh(wide);
  }
}

static int step(struct sq *q, struct sq_stmt *st, struct dh_err *err)
{
  struct pg_stmt *s = stmt(st);
  struct pg *pg = pg_of(q);

  (void)err;
  if (!s->rows) /* nobody waits for it */
    return 0;
  if (s->want == SQ_ROWS && ++s->row < PQntuples(s->rows))
    return 1;
  if (s->want == SQ_ID)
    pg->result = PQntuples(s->rows) ? value(s->rows, 0, 0) : 0;
  else
    pg->result = strtoll(PQcmdTuples(s->rows), NULL, 10);
  end(st);
  return 0;
}

static int64_t result(struct sq *q)
{
  return pg_of(q)->result;
}

static bool null(struct sq_stmt *st, int column)
{
  return PQgetisnull(stmt(st)->rows, stmt(st)->row, column);
}

static int64_t int64(struct sq_stmt *st, int column)
{
  return value(stmt(st)->rows, stmt(st)->row, column);
}

static const char *text(struct sq_stmt *st, int column)
{
  return null(st, column) ? NULL : PQgetvalue(stmt(st)->rows, stmt(st)->row, column);
}

static const void *blob(struct sq_stmt *st, int column)
{
  return text(st, column);
}

static size_t bytes(struct sq_stmt *st, int column)
{
  return (size_t)PQgetlength(stmt(st)->rows, stmt(st)->row, column);
}

static int lock(struct sq *q, int64_t case_id, struct dh_err *err)
{
  return sq_exec(q, NULL, err, "SELECT 1 FROM cases WHERE id = ? FOR UPDATE", "i", case_id);
}

const struct sq_driver pg_driver = {
    .begin = begin,
    .step = step,
    .end = end,
    .result = result,
    .null = null,
    .int64 = int64,
    .text = text,
    .blob = blob,
    .bytes = bytes,
    .lock = lock,
    .version = "SELECT version FROM store",
    .size = "SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c WHERE c.relkind = 'r' AND "
            "c.relnamespace = current_schema()::regnamespace",
};
