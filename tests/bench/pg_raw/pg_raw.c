/* pg_raw.c - what a plain program does with PostgreSQL: one prepared INSERT of the journal's row, one
 * transaction a row, or a pipeline of 100 in one transaction. Prints lines "name value unit". usage: pg_raw
 * URL */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 5, ONES = 150, GROUP = 100, GROUPS = 40, COLUMNS = 4 };

static PGconn *conn;
static char data[401]; /* 200 bytes in hex */

static void must(int ok)
{
  if (ok)
    return;
  fprintf(stderr, "pg_raw: %s", PQerrorMessage(conn));
  exit(1);
}

static double seconds(void)
{
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void run(const char *sql)
{
  PGresult *r = PQexec(conn, sql);

  must(PQresultStatus(r) == PGRES_COMMAND_OK);
  PQclear(r);
}

static void send(const char *name, int n, const char *const *values)
{
  must(PQsendQueryPrepared(conn, name, n, values, NULL, NULL, 0));
}

static void collect(int n)
{
  for (int i = 0; i < n; i++) {
    PGresult *r = PQgetResult(conn);

    must(PQresultStatus(r) == PGRES_COMMAND_OK);
    PQclear(r);
    must(PQgetResult(conn) == NULL);
  }
  PQclear(PQgetResult(conn)); /* the sync */
}

static double rate(int transactions, int rows)
{
  static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  static long position;
  double began = seconds();

  for (int i = 0; i < transactions; i++) {
    send("begin", 0, NULL);
    position++;
    for (int j = 0; j < rows; j++) {
      char case_id[16], at[24];
      const char *values[COLUMNS] = {case_id, at, hash, data};

      snprintf(case_id, sizeof case_id, "%d", j);
      snprintf(at, sizeof at, "%ld", position);
      send("insert", COLUMNS, values);
    }
    send("commit", 0, NULL);
    must(PQpipelineSync(conn));
    collect(rows + 2);
  }
  return transactions * rows / (seconds() - began);
}

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;

  return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
  double one[ROUNDS], many[ROUNDS];

  conn = PQconnectdb(argc > 1 ? argv[1] : "");
  must(PQstatus(conn) == CONNECTION_OK);
  memset(data, '5', sizeof data - 1);
  memcpy(data, "\\x", 2);
  run("CREATE TEMP TABLE nothing ()"); /* so that a URL that cannot write is told at once */
  run("SET client_min_messages = error");
  run("DROP TABLE IF EXISTS public.raw_journal");
  run("CREATE TABLE public.raw_journal (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, case_id BIGINT, "
      "kind INTEGER, "
      "attempt INTEGER, scope TEXT, position BIGINT, word TEXT, name TEXT, hash TEXT, place TEXT, at BIGINT, "
      "stands INTEGER, "
      "data BYTEA, blob TEXT)");
  run("CREATE INDEX ON public.raw_journal (case_id)");
  PQclear(PQprepare(conn, "begin", "BEGIN", 0, NULL));
  PQclear(PQprepare(conn, "commit", "COMMIT", 0, NULL));
  PQclear(PQprepare(
      conn, "insert",
      "INSERT INTO public.raw_journal (case_id, kind, attempt, scope, position, word, name, hash, place, at, "
      "stands, data) VALUES ($1, 1, 1, '', $2, 'http.get', '', $3, 'robot.lua:7', $2, 1, $4)",
      0, NULL));
  must(PQenterPipelineMode(conn));
  for (int i = 0; i < ROUNDS; i++) {
    one[i] = rate(ONES, 1);
    many[i] = rate(GROUPS, GROUP);
  }
  qsort(one, ROUNDS, sizeof *one, by_value);
  qsort(many, ROUNDS, sizeof *many, by_value);
  printf("raw_one_by_one %.0f records/s\nraw_groups_of_100 %.0f records/s\n", one[ROUNDS / 2],
         many[ROUNDS / 2]);
  PQfinish(conn);
  return 0;
}
