/* pg_schema.c - the tables and their version. Texts of the steps are schema/postgresql/, in the binary. */
#include "pg.h"

#include <stdlib.h>
#include <string.h>

extern const char *const dh_schema_postgresql[]; /* made by the build */

static int known(void)
{
  int n = 0;

  while (dh_schema_postgresql[n])
    n++;
  return n;
}

/* The version of the tables, 0 for none. */
static int read_version(struct pg *pg, PGconn *c, int *version, struct dh_err *err)
{
  PGresult *r = pg_simple(&pg->place, c, "SELECT to_regclass('store')", err);
  bool there = r && !PQgetisnull(r, 0, 0);

  *version = 0;
  PQclear(r);
  if (!r)
    return err->code;
  if (!there)
    return 0;
  if (!(r = pg_simple(&pg->place, c, "SELECT max(version) FROM store", err)))
    return err->code;
  *version = atoi(PQgetvalue(r, 0, 0));
  PQclear(r);
  return 0;
}

static int run(struct pg *pg, PGconn *c, const char *sql, struct dh_err *err)
{
  PGresult *r = pg_simple(&pg->place, c, sql, err);

  PQclear(r);
  return r ? 0 : err->code;
}

/* All steps that are missing, in one transaction; hosts that begin together do it one after the other. */
static int migrate(struct pg *pg, PGconn *c, struct dh_err *err)
{
  char sql[256];
  int version = 0, rc = run(pg, c, "BEGIN", err);

  snprintf(sql, sizeof sql, "SELECT pg_advisory_xact_lock(hashtext('deskhand schema %s'))", pg->place.schema);
  if (!rc)
    rc = run(pg, c, sql, err);
  snprintf(sql, sizeof sql,
           "DO $$ BEGIN IF to_regnamespace('%s') IS NULL THEN CREATE SCHEMA \"%s\"; END IF; END $$",
           pg->place.schema, pg->place.schema);
  if (!rc)
    rc = run(pg, c, sql, err);
  if (!rc)
    rc = read_version(pg, c, &version, err);
  for (int i = version; !rc && dh_schema_postgresql[i]; i++)
    rc = run(pg, c, dh_schema_postgresql[i], err);
  snprintf(sql, sizeof sql, "DELETE FROM store; INSERT INTO store VALUES (%d)", known());
  if (!rc)
    rc = run(pg, c, sql, err);
  if (!rc)
    return run(pg, c, "COMMIT", err);
  PQclear(PQexec(c, "ROLLBACK"));
  return rc;
}

int pg_schema_check(struct pg *pg, struct dh_err *err)
{
  PGconn *c = NULL;
  int version, rc = pg_connect(&pg->place, pg->write, &c, err);

  if (rc)
    return rc;
  rc = read_version(pg, c, &version, err);
  if (!rc && version > known()) {
    rc = dh_err_set(err, DH_EFORMAT, "the store %s has schema %d, this Deskhand knows schema %d",
                    pg->place.shown, version, known());
    dh_err_advice(err, "use the Deskhand that wrote it, or a newer one");
  } else if (!rc && version < known() && pg->write) {
    rc = migrate(pg, c, err);
  } else if (!rc && !version) {
    rc = dh_err_set(err, DH_ENOENT, "there is no store yet in %s (schema %s)", pg->place.shown,
                    pg->place.schema);
  } else if (!rc && version < known()) {
    rc = dh_err_set(err, DH_EFORMAT, "the store %s has schema %d, this Deskhand writes schema %d",
                    pg->place.shown, version, known());
    dh_err_advice(err, "deskhand serve (or any command that changes something) brings it up to date");
  }
  PQfinish(c);
  return rc;
}
