/* pg_conn.c - connections: settings, what an error means, waiting for a database that is away. */
#include "pg.h"

#include "../base/clock.h"
#include "../base/log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BACK_OFF_MS = 100, BACK_OFF_MAX_MS = 2000, CLOCK_MS = 20 };

/* Settings of every session. Plans must not remember that the tables were empty once: so plans that read a
 * whole table are taken only where there is no other. Nobody who has gone away keeps rows locked. */
static const char settings[] =
    "SET client_min_messages = warning; SET standard_conforming_strings = on; "
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; "
    "SET plan_cache_mode = force_generic_plan; SET jit = off; "
    "SET idle_in_transaction_session_timeout = '60s'; SET lock_timeout = '30s'; "
    "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 3; SET tcp_keepalives_count = 3; "
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = "
    "'off'";

static int kind_of(const char *state)
{
  if (!*state || !strncmp(state, "08", 2) || !strncmp(state, "57P", 3))
    return DH_EUNAVAILABLE;
  if (!strcmp(state, "40P01") || !strcmp(state, "40001") || !strcmp(state, "55P03"))
    return DH_EAGAIN;
  if (!strcmp(state, "42501") || !strcmp(state, "25006"))
    return DH_EACCES;
  if (!strncmp(state, "28", 2))
    return DH_EAUTH;
  if (!strcmp(state, "3D000"))
    return DH_ENOENT;
  return DH_EIO;
}

static void advise(int code, const char *state, struct dh_err *err)
{
  if (code == DH_EUNAVAILABLE)
    dh_err_advice(err,
                  "see that the database runs and is reached; nothing that was confirmed is lost, and no "
                  "effect begins until it is back");
  else if (!strcmp(state, "53100"))
    dh_err_advice(err, "make room on the database's disk; no effect begins until it can be written again");
  else if (code == DH_EACCES)
    dh_err_advice(err, "the store's role must own its schema: CREATE SCHEMA deskhand AUTHORIZATION the_role");
  else if (code == DH_EAUTH)
    dh_err_advice(err, "keep the password in ~/.pgpass (mode 0600), and the role in the URL");
  else if (code == DH_ENOENT)
    dh_err_advice(err, "createdb makes one");
}

int pg_fail(const struct pg_place *p, PGconn *conn, const PGresult *r, const char *doing, struct dh_err *err)
{
  const char *state = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
  const char *text = r ? PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : NULL;
  int code;

  /* what the server has not said, libpq has: the connection ends, before its status says so */
  if ((r && !state) || (PQstatus(conn) == CONNECTION_BAD && (!state || kind_of(state) != DH_EAUTH)))
    state = "";
  else if (!state)
    state = "XX000";
  code = kind_of(state);
  if (!text || !*text)
    text = PQerrorMessage(conn);
  dh_err_set(err, code, "%s %s: %.*s", doing, p->shown, (int)strcspn(text, "\n"), text);
  if (*state)
    dh_err_seen(err, "SQLSTATE %s", state);
  advise(code, state, err);
  return code;
}

static void quiet(void *self, const char *text)
{
  (void)self;
  dh_log(DH_DEBUG, NULL, "PostgreSQL: %.*s", (int)strcspn(text, "\n"), text);
}

PGresult *pg_simple(const struct pg_place *p, PGconn *conn, const char *sql, struct dh_err *err)
{
  PGresult *r = PQexec(conn, sql);
  ExecStatusType s = PQresultStatus(r);

  if (s == PGRES_COMMAND_OK || s == PGRES_TUPLES_OK)
    return r;
  pg_fail(p, conn, r, "cannot use the store", err);
  PQclear(r);
  return NULL;
}

/* A refused password is said by the connection only. */
static int connect_fail(const struct pg_place *p, PGconn *conn, struct dh_err *err)
{
  const char *text = PQerrorMessage(conn);
  int code = strstr(text, "password") || strstr(text, "pg_hba.conf") || strstr(text, "role \"") ? DH_EAUTH
             : strstr(text, "database \"") && strstr(text, "does not exist")                    ? DH_ENOENT
                                                                             : DH_EUNAVAILABLE;

  dh_err_set(err, code, "the store %s cannot be reached", p->shown);
  dh_err_seen(err, "%.*s", (int)strcspn(text, "\n"), text);
  advise(code, "", err);
  return code;
}

int pg_connect(const struct pg_place *p, bool write, PGconn **out, struct dh_err *err)
{
  const char *const names[] = {"application_name",     "connect_timeout",
                               "keepalives_idle",      "keepalives_interval",
                               "keepalives_count",     "tcp_user_timeout",
                               "target_session_attrs", "dbname",
                               "client_encoding",      NULL};
  const char *const values[] = {"deskhand", "3",    "5", "3", "3", "15000", write ? "read-write" : "any",
                                p->url,     "UTF8", NULL};
  char path[PG_NAME + 160];
  PGconn *c = PQconnectdbParams(names, values, 1);
  PGresult *r;
  int rc = 0;

  *out = NULL;
  if (!c)
    return dh_err_set(err, DH_ENOMEM, "no memory to reach the store %s", p->shown);
  PQsetNoticeProcessor(c, quiet, NULL);
  snprintf(path, sizeof path, "SET search_path TO \"%s\"%s", p->schema,
           write ? "" : "; SET default_transaction_read_only = on");
  if (PQstatus(c) != CONNECTION_OK)
    rc = connect_fail(p, c, err);
  else if (PQserverVersion(c) < 130000)
    rc = dh_err_set(err, DH_EREFUSED, "the store %s is a PostgreSQL %d; 13 or newer is needed", p->shown,
                    PQserverVersion(c) / 10000);
  else if (!(r = pg_simple(p, c, settings, err)))
    rc = err->code;
  else {
    PQclear(r);
    if (!(r = pg_simple(p, c, path, err)))
      rc = err->code;
    PQclear(r);
  }
  if (rc) {
    PQfinish(c);
    return rc;
  }
  *out = c;
  return 0;
}

void pg_drop(struct pg *pg)
{
  pg_forget_results(pg);
  if (pg->conn)
    PQfinish(pg->conn);
  pg->conn = NULL;
  pg->nsent = 0;
  pg->open = pg->broken = pg->dead = pg->marked = pg->guarded = false;
}

bool pg_pause(struct pg *pg, int64_t ms)
{
  struct timespec end;
  bool hurry;

  clock_gettime(CLOCK_MONOTONIC, &end);
  end.tv_sec += (time_t)(ms / 1000);
  end.tv_nsec += (long)(ms % 1000) * 1000000;
  end.tv_sec += end.tv_nsec / 1000000000;
  end.tv_nsec %= 1000000000;
  pthread_mutex_lock(&pg->mutex);
  while (!pg->hurry && !pthread_cond_timedwait(&pg->wake, &pg->mutex, &end))
    ;
  hurry = pg->hurry;
  pthread_mutex_unlock(&pg->mutex);
  return !hurry;
}

/* The clock of the database, so that hosts whose clocks differ agree on what is due. A difference that is no
 * longer than the question took is none. */
static int read_clock(struct pg *pg, struct dh_err *err)
{
  int64_t before = dh_wall_ms(), after, ahead;
  PGresult *r =
      pg_simple(&pg->place, pg->conn, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint", err);

  if (!r)
    return err->code;
  after = dh_wall_ms();
  ahead = strtoll(PQgetvalue(r, 0, 0), NULL, 10) - (before + after) / 2;
  pg->q.ahead_ms = llabs(ahead) <= after - before + CLOCK_MS ? 0 : ahead;
  PQclear(r);
  return 0;
}

static int connect_once(struct pg *pg, struct dh_err *err)
{
  int rc = pg_connect(&pg->place, pg->write, &pg->conn, err);

  if (rc)
    return rc;
  pg->session++;
  rc = read_clock(pg, err);
  if (!rc && !PQenterPipelineMode(pg->conn))
    rc = pg_fail(&pg->place, pg->conn, NULL, "cannot use the store", err);
  if (rc)
    pg_drop(pg);
  return rc;
}

int pg_ready(struct pg *pg, struct dh_err *err)
{
  int64_t wait = BACK_OFF_MS, began = dh_mono_ms();
  bool told = false;
  int rc;

  if (pg->conn && PQstatus(pg->conn) == CONNECTION_OK)
    return 0;
  for (;;) {
    pg_drop(pg);
    rc = connect_once(pg, err);
    if (!rc && told)
      dh_log(DH_WARN, NULL, "the store %s is back after %lld s", pg->place.shown,
             (long long)(dh_mono_ms() - began + 999) / 1000);
    if (rc != DH_EUNAVAILABLE || dh_mono_ms() - began >= pg->patience_ms)
      return rc;
    if (!told)
      dh_log(DH_ERROR, NULL, "%s (%s): no effect begins until it is back", err->text, err->seen);
    told = true;
    if (!pg_pause(pg, wait))
      return rc;
    wait = wait * 2 > BACK_OFF_MAX_MS ? BACK_OFF_MAX_MS : wait * 2;
  }
}
