/* pg_host.c - hosts of a fleet. Each has a row with the time until which its leases hold, by the database's
 * clock. The heart, a thread with a connection of its own, moves that time on, listens for what others have
 * made due, takes the leases of hosts whose time is over, and stands for election. Whoever cannot renew must
 * have ended its own workers before that time: lease_end says when, by the clock of this machine. */
#include "pg.h"

#include "../base/clock.h"
#include "../base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { BEATS = 4 /* in the time of a lease */, RETRY_MS = 250 };

struct pg_heart {
  struct pg_place place;
  pthread_t thread;
  bool beats;
  int stop; /* an eventfd */
  char name[96];
  int64_t lease_ms, settle_ms;
  void (*stir)(void *self, const char *queue);
  void *self;
  _Atomic int64_t host, end; /* the row; until when its leases hold, our monotonic ms */
  _Atomic bool leads;
  PGconn *conn;
  int64_t next; /* beat, monotonic ms */
  bool away, stopping;
};

#define NOW_MS "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
#define OPEN_INTENT                                                                                        \
  "EXISTS (SELECT 1 FROM journal i WHERE i.case_id = c.id AND i.kind = 4 AND i.stands = 1 AND NOT EXISTS " \
  "(SELECT 1 FROM journal k WHERE k.case_id = c.id AND k.kind = 5 AND k.stands = 1 AND k.scope = i.scope " \
  "AND "                                                                                                   \
  "k.name = i.name))"
/* What a host held is due again. An effect that it had begun may still be happening: such a case waits until
 * its target has settled. */
#define TAKE_OVER                                                                                      \
  "UPDATE cases c SET state = 4, worker = NULL, crashes = crashes + 1, last_end = 1, due = CASE WHEN " \
  "$2::bigint > 0 AND " OPEN_INTENT                                                                    \
  " THEN $2::bigint ELSE 0 END WHERE c.state = 2 AND c.worker >= $1::text AND c.worker < "             \
  "$1::text || '~'"
_Static_assert(DH_REC_INTENT == 4 && DH_REC_CONFIRM == 5 && DH_CASE_LEASED == 2 && DH_CASE_RETRYING == 4 &&
                   SQ_END_CRASH == 1,
               "the statements name states by number");

/* ---- joining: in a transaction of the store's own connection */

static int leave_behind(struct pg *pg, int64_t id, const char *name, int64_t due, struct dh_err *err)
{
  char worker[160];
  int n = 0, rc;

  snprintf(worker, sizeof worker, "%s#%lld/", name, (long long)id);
  rc = sq_exec(&pg->q, &n, err, TAKE_OVER, "ti", worker, due);
  if (!rc && n)
    dh_log(DH_WARN, NULL, "%d runs of %s before are taken up again", n, name);
  return rc ? rc : sq_exec(&pg->q, NULL, err, "DELETE FROM hosts WHERE id = ?", "i", id);
}

/* A row of our name: of a process that is gone when it had the lock that we have. */
static int replace(struct pg *pg, const struct dh_join *j, struct dh_err *err)
{
  struct sq_stmt *st =
      sq_query(&pg->q, err, "SELECT id, place, until FROM hosts WHERE name = ? FOR UPDATE", "t", j->name);
  int rc = st ? sq_step(&pg->q, st, err) : err->code;
  int64_t id, until, now = sq_now(&pg->q);
  bool ours;

  if (rc <= 0)
    return rc;
  id = sq_int64(st, 0);
  until = sq_int64(st, 2);
  ours = !strcmp(sq_text(st, 1), j->place);
  sq_end(st);
  if (ours || until < now)
    return leave_behind(pg, id, j->name, ours ? 0 : until + j->settle_ms, err);
  dh_err_set(err, DH_EUNAVAILABLE, "another machine serves this store as %s", j->name);
  dh_err_seen(err, "its leases hold for %lld s more", (long long)(until - now + 999) / 1000);
  dh_err_advice(err, "give each host a name of its own: fleet.host; or wait, if that one has just ended");
  return DH_EUNAVAILABLE;
}

static struct pg_heart *heart_new(struct pg *pg, const struct dh_join *j)
{
  struct pg_heart *h = calloc(1, sizeof *h);

  if (!h)
    return NULL;
  h->place = pg->place;
  snprintf(h->name, sizeof h->name, "%s", j->name);
  h->lease_ms = j->lease_ms;
  h->settle_ms = j->settle_ms;
  h->stir = j->stir;
  h->self = j->self;
  h->stop = eventfd(0, EFD_CLOEXEC);
  if (h->stop < 0) {
    free(h);
    return NULL;
  }
  return h;
}

int pg_join(struct dh_db *db, const struct dh_join *j, struct dh_err *err)
{
  struct pg *pg = pg_of(sq_of(db));
  int64_t began = dh_mono_ms(), now = sq_now(&pg->q);
  int rc = replace(pg, j, err);

  pg->patience_ms = INT64_MAX;
  if (!rc)
    rc =
        sq_insert(&pg->q, &pg->host, err, "INSERT INTO hosts (name, place, since, until) VALUES (?, ?, ?, ?)",
                  "ttii", j->name, j->place, now, now + j->lease_ms);
  if (rc)
    return rc;
  snprintf(pg->worker, sizeof pg->worker, "%s#%lld/", j->name, (long long)pg->host);
  if (!pg->heart && !(pg->heart = heart_new(pg, j)))
    return dh_err_set(err, DH_ENOMEM, "no memory for the leases of a host");
  pg->q.lost = false; /* what was torn has been released */
  sq_stir(&pg->q, NULL);
  pg->joining = true;
  pg->join_end = began + j->lease_ms;
  return 0;
}

int64_t pg_lease_end(struct dh_db *db)
{
  struct pg *pg = pg_of(sq_of(db));

  return pg->heart ? pg->heart->end : 0;
}

bool pg_leads(struct dh_db *db)
{
  struct pg *pg = pg_of(sq_of(db));

  return pg->heart && pg->heart->leads;
}

void pg_hurry(struct dh_db *db)
{
  struct pg *pg = pg_of(sq_of(db));

  pthread_mutex_lock(&pg->mutex);
  pg->hurry = true;
  pthread_cond_broadcast(&pg->wake);
  pthread_mutex_unlock(&pg->mutex);
}

/* ---- the heart's thread */

/* Waits for the server to say something, until `end` (monotonic ms). 1: it has, 0: time, -1: to stop. */
static int wait_until(struct pg_heart *h, int64_t end, short events)
{
  struct pollfd p[2] = {{.fd = h->stop, .events = POLLIN},
                        {.fd = h->conn ? PQsocket(h->conn) : -1, .events = events}};
  int64_t ms = end - dh_mono_ms();
  int n = poll(p, 2, ms < 0 ? 0 : ms > 60000 ? 60000 : (int)ms);

  if (p[0].revents) {
    h->stopping = true;
    return -1;
  }
  return n > 0 && p[1].revents ? 1 : 0;
}

/* One statement, given up when the lease would be over: a server that hangs must not hang us. NULL: lost. */
static PGresult *ask(struct pg_heart *h, const char *sql, int n, const char *const *values)
{
  int64_t end = dh_mono_ms() + h->lease_ms;
  PGresult *r = NULL, *next;

  if (!PQsendQueryParams(h->conn, sql, n, NULL, values, NULL, NULL, 0) || PQflush(h->conn))
    return NULL;
  for (;;) {
    int woken = 0;

    while (PQisBusy(h->conn)) {
      if ((woken = wait_until(h, end, POLLIN)) <= 0 || !PQconsumeInput(h->conn)) {
        PQclear(r);
        return NULL;
      }
    }
    if (!(next = PQgetResult(h->conn)))
      return r;
    PQclear(r);
    r = next;
  }
}

static bool good(const PGresult *r)
{
  return PQresultStatus(r) == PGRES_TUPLES_OK || PQresultStatus(r) == PGRES_COMMAND_OK;
}

/* True when it went well. */
static bool say(struct pg_heart *h, const char *sql)
{
  PGresult *r = ask(h, sql, 0, NULL);
  bool ok = good(r);

  PQclear(r);
  return ok;
}

static void lose(struct pg_heart *h)
{
  if (h->conn)
    PQfinish(h->conn);
  h->conn = NULL;
  h->leads = false;
}

static bool reach(struct pg_heart *h)
{
  struct dh_err err;
  char sql[PG_NAME + 32];

  if (h->conn && PQstatus(h->conn) == CONNECTION_OK)
    return true;
  lose(h);
  if (pg_connect(&h->place, true, &h->conn, &err)) {
    h->conn = NULL;
    return false;
  }
  snprintf(sql, sizeof sql, "LISTEN \"%s\"", h->place.schema);
  if (!say(h, sql)) {
    lose(h);
    return false;
  }
  h->stir(h->self, ""); /* what was said meanwhile, nobody has heard */
  return true;
}

static bool renew(struct pg_heart *h)
{
  char id[24], lease[24];
  const char *values[] = {id, lease};
  int64_t began = dh_mono_ms(), host = h->host;
  PGresult *r;
  bool ok;

  snprintf(id, sizeof id, "%lld", (long long)host);
  snprintf(lease, sizeof lease, "%lld", (long long)h->lease_ms);
  r = ask(h, "UPDATE hosts SET until = " NOW_MS " + $2::bigint WHERE id = $1::bigint", 2, values);
  ok = good(r);
  if (ok && !strcmp(PQcmdTuples(r), "1")) {
    if (host == h->host)
      h->end = began + h->lease_ms;
  } else if (ok && host == h->host && h->end) {
    dh_log(DH_ERROR, NULL, "another host has taken the leases of this one: it could not renew them in time");
    h->end = 0;
  }
  PQclear(r);
  return ok;
}

/* The leases of one host whose time is over; its row is locked. */
static bool take_over(struct pg_heart *h, const char *id, const char *name, const char *until)
{
  char worker[160], due[24];
  const char *values[] = {worker, due}, *row[] = {id};
  PGresult *r;
  bool ok;

  snprintf(worker, sizeof worker, "%s#%s/", name, id);
  snprintf(due, sizeof due, "%lld", strtoll(until, NULL, 10) + (long long)h->settle_ms);
  r = ask(h, TAKE_OVER, 2, values);
  if ((ok = good(r)))
    dh_log(DH_WARN, NULL, "host %s has not renewed its leases: %s runs of it are taken up again", name,
           PQcmdTuples(r));
  PQclear(r);
  if (!ok)
    return false;
  r = ask(h, "DELETE FROM hosts WHERE id = $1::bigint", 1, row);
  ok = good(r);
  PQclear(r);
  return ok;
}

/* A host that was cut off in the middle of a transaction has left a session that waits for the rest of it,
 * and keeps the host's row and its cases locked until TCP gives up. One that has said nothing since the lease
 * ended is ended; its host, should it come back, is told like one whose database was away. */
static bool end_silent(struct pg_heart *h, const char *id)
{
  const char *values[] = {id};
  PGresult *r = ask(
      h,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename "
      "= current_user AND application_name = 'deskhand' AND xact_start IS NOT NULL AND wait_event = "
      "'ClientRead' AND query_start < (SELECT to_timestamp(min(until) / 1000.0) FROM hosts WHERE until "
      "< " NOW_MS " AND id <> $1::bigint)",
      1, values);
  bool ok = good(r);

  PQclear(r);
  return ok;
}

/* A host that is just writing is passed over: its row is locked. */
static bool look_after(struct pg_heart *h)
{
  char id[24], notify[PG_NAME + 64];
  const char *values[] = {id};
  PGresult *r;
  bool ok;
  int n;

  snprintf(id, sizeof id, "%lld", (long long)h->host);
  r = ask(h, "SELECT id FROM hosts WHERE until < " NOW_MS " AND id <> $1::bigint LIMIT 1", 1, values);
  ok = good(r);
  n = ok ? PQntuples(r) : 0;
  PQclear(r);
  if (!n)
    return ok;
  if (!end_silent(h, id) || !say(h, "BEGIN"))
    return false;
  r = ask(h,
          "SELECT id, name, until FROM hosts WHERE until < " NOW_MS
          " AND id <> $1::bigint ORDER BY id FOR UPDATE "
          "SKIP LOCKED",
          1, values);
  ok = good(r);
  for (int i = 0; ok && i < PQntuples(r); i++)
    ok = take_over(h, PQgetvalue(r, i, 0), PQgetvalue(r, i, 1), PQgetvalue(r, i, 2));
  PQclear(r);
  snprintf(notify, sizeof notify, "SELECT pg_notify('%s', '')", h->place.schema);
  return ok && say(h, notify) && say(h, "COMMIT");
}

/* One host runs what must run once: whoever has this lock, as long as it has its connection. */
static bool stand_for_election(struct pg_heart *h)
{
  char sql[PG_NAME + 96];
  PGresult *r;
  bool ok;

  if (h->leads)
    return true;
  snprintf(sql, sizeof sql, "SELECT pg_try_advisory_lock(hashtext('deskhand leader %s'))", h->place.schema);
  r = ask(h, sql, 0, NULL);
  if ((ok = good(r)))
    h->leads = *PQgetvalue(r, 0, 0) == 't';
  PQclear(r);
  return ok;
}

static void hear(struct pg_heart *h)
{
  PGnotify *n;

  if (!PQconsumeInput(h->conn)) {
    lose(h);
    return;
  }
  while ((n = PQnotifies(h->conn))) {
    h->stir(h->self, n->extra);
    PQfreemem(n);
  }
}

static void beat(struct pg_heart *h)
{
  bool ok = reach(h) && renew(h) && look_after(h) && stand_for_election(h);

  if (!ok && !h->away && !h->stopping)
    dh_log(DH_ERROR, NULL, "the store %s does not answer: the leases of this host hold for %lld s more",
           h->place.shown, (long long)(h->end > dh_mono_ms() ? h->end - dh_mono_ms() : 0) / 1000);
  if (ok && h->away)
    dh_log(DH_WARN, NULL, "the store %s answers again", h->place.shown);
  if (!ok)
    lose(h);
  h->away = !ok;
  h->next = dh_mono_ms() + (ok ? h->lease_ms / BEATS : RETRY_MS);
}

static void *heart_thread(void *self)
{
  struct pg_heart *h = self;

  while (!h->stopping) {
    if (dh_mono_ms() >= h->next)
      beat(h);
    if (h->conn)
      hear(h);
    wait_until(h, h->next, POLLIN);
  }
  lose(h);
  return NULL;
}

/* What a join has written holds from its commit on. */
void pg_joined(struct pg *pg, bool committed)
{
  struct pg_heart *h = pg->heart;

  if (!pg->joining)
    return;
  pg->joining = false;
  if (!committed) {
    pg->host = 0;
    return;
  }
  h->end = pg->join_end;
  h->host = pg->host;
  if (!h->beats && pthread_create(&h->thread, NULL, heart_thread, h))
    dh_log(DH_ERROR, NULL, "the thread that renews leases does not start: they end in %lld s",
           (long long)h->lease_ms / 1000);
  else
    h->beats = true;
}

/* An end in order: whoever is left need not wait for the end of the leases. Our workers are gone. */
static void leave(struct pg *pg, const struct pg_heart *h)
{
  struct dh_err err;
  int rc;

  pg->patience_ms = 0;
  if (!pg->host || !pg->conn || (rc = pg_begin(&pg->q.db, &err)))
    return;
  rc = leave_behind(pg, pg->host, h->name, sq_now(&pg->q) + h->settle_ms, &err);
  sq_stir(&pg->q, NULL);
  if (rc)
    pg_rollback(&pg->q.db);
  else
    rc = pg_commit(&pg->q.db, &err);
  if (rc)
    dh_log(DH_WARN, NULL, "the leases of this host end by themselves: %s", err.text);
}

void pg_heart_stop(struct pg *pg)
{
  struct pg_heart *h = pg->heart;
  uint64_t one = 1;

  if (!h)
    return;
  if (h->beats && write(h->stop, &one, sizeof one) != sizeof one)
    dh_log(DH_ERROR, NULL, "the thread that renews leases cannot be woken: %s", strerror(errno));
  if (h->beats)
    pthread_join(h->thread, NULL);
  leave(pg, h);
  close(h->stop);
  free(h);
  pg->heart = NULL;
}
