/* pg_url.c - what a store's URL says: that of libpq, and `schema=NAME`, which is ours: the schema that holds
 * the tables ("deskhand" without it), so that one database can have several stores. */
#include "pg.h"

#include <ctype.h>
#include <string.h>

/* Copies up to the end of the part, without the pair `schema=…`. */
static void take_schema(const char *query, char *out, size_t size, char schema[PG_NAME])
{
  size_t n = 0;

  while (*query) {
    size_t len = strcspn(query, "&");

    if (!strncmp(query, "schema=", 7))
      snprintf(schema, PG_NAME, "%.*s", (int)(len - 7), query + 7);
    else
      n += (size_t)snprintf(out + n, size - n, "%s%.*s", n ? "&" : "", (int)len, query);
    query += len + (query[len] == '&');
  }
}

/* postgresql://user:secret@host -> postgresql://user@host */
static void hide_password(const char *url, char *out, size_t size)
{
  const char *from = strstr(url, "://"), *at, *colon;

  from = from ? from + 3 : url;
  at = from + strcspn(from, "/?@");
  colon = memchr(from, ':', (size_t)(at - from));
  if (*at == '@' && colon)
    snprintf(out, size, "%.*s%s", (int)(colon - url), url, at);
  else
    snprintf(out, size, "%s", url);
  if ((at = strstr(out, "password=")))
    memmove((char *)at, at + strcspn(at, "&"), strlen(at + strcspn(at, "&")) + 1);
}

int pg_place_read(const char *url, struct pg_place *out, struct dh_err *err)
{
  const char *query = strchr(url, '?');
  char rest[PG_URL] = "";
  int n;

  if (strlen(url) >= PG_URL)
    return dh_err_set(err, DH_ELIMIT, "the URL of the store is too long");
  snprintf(out->schema, sizeof out->schema, "deskhand");
  if (query)
    take_schema(query + 1, rest, sizeof rest, out->schema);
  n = (int)(query ? (size_t)(query - url) : strlen(url));
  snprintf(out->url, sizeof out->url, "%.*s%s%.*s", n, url, *rest ? "?" : "", (int)(PG_URL - 2 - n), rest);
  hide_password(out->url, out->shown, sizeof out->shown);
  for (const char *c = out->schema; *c; c++)
    if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '_')
      return dh_err_set(err, DH_EUSE, "schema=%s: a schema is named by a-z, 0-9 and _", out->schema);
  return *out->schema ? 0 : dh_err_set(err, DH_EUSE, "schema= without a name");
}
