/* xml_query.c - parses with every door of libxml2 shut, then asks. Owns nothing between calls. */
#include "xml_query.h"

#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

void dh_xml_init(void)
{
  xmlInitParser();
}

/* Called when a DOCTYPE begins. Parsing ends here: without a DTD there are no entities to expand and nothing
 * to load (leaving out XML_PARSE_NOENT is not enough: reading a node's text would still expand them). */
static void refuse_doctype(void *ctx, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
  xmlParserCtxtPtr parser = ctx;

  (void)name;
  (void)external;
  (void)system;
  *(bool *)parser->_private = true;
  xmlStopParser(parser);
}

static void quiet(void *self, xmlErrorPtr e)
{
  (void)self;
  (void)e;
}

static void quiet_text(void *self, const char *fmt, ...)
{
  (void)self;
  (void)fmt;
}

/* libxml2 ends its messages with a line end. */
static int line_len(const char *s)
{
  return (int)strcspn(s, "\n");
}

static int not_well_formed(xmlParserCtxtPtr parser, struct dh_err *err)
{
  const xmlError *e = xmlCtxtGetLastError(parser);

  if (!e)
    return dh_err_set(err, DH_EFORMAT, "this is no well-formed XML");
  if (e->code == XML_ERR_NO_MEMORY)
    return dh_err_set(err, DH_ENOMEM, "no memory for the XML text");
  if (e->message && strstr(e->message, "depth"))
    return dh_err_set(err, DH_ELIMIT, "the XML text nests elements too deeply (line %d)", e->line);
  return dh_err_set(err, DH_EFORMAT, "this is no well-formed XML at line %d, column %d: %.*s", e->line,
                    e->int2, line_len(e->message ? e->message : ""), e->message ? e->message : "");
}

static int parse(const struct dh_xml_query *q, xmlDocPtr *out, struct dh_err *err)
{
  enum {
    OPTIONS =
        XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA | XML_PARSE_COMPACT
  };
  xmlParserCtxtPtr parser;
  bool doctype = false;
  int rc = 0;

  *out = NULL;
  if (q->len > DH_XML_MAX)
    return dh_err_set(err, DH_ELIMIT, "the XML text has %zu bytes, more than the %d that may be read at once",
                      q->len, DH_XML_MAX);
  parser = xmlNewParserCtxt();
  if (!parser)
    return dh_err_set(err, DH_ENOMEM, "no memory for the XML text");
  parser->_private = &doctype;
  parser->sax->internalSubset = refuse_doctype;
  *out = xmlCtxtReadMemory(parser, q->text, (int)q->len, NULL, NULL, OPTIONS);
  if (doctype) {
    rc = dh_err_set(err, DH_EREFUSED, "the XML text has a DOCTYPE, which is never read");
    dh_err_advice(err, "ask the sender for XML without a DOCTYPE; entities and external files are an attack "
                       "more often than a need");
  } else if (!*out || !parser->wellFormed) {
    rc = not_well_formed(parser, err);
  }
  if (rc && *out) {
    xmlFreeDoc(*out);
    *out = NULL;
  }
  xmlFreeParserCtxt(parser);
  return rc;
}

static int xpath_failed(xmlXPathContextPtr ctx, const char *xpath, struct dh_err *err)
{
  const xmlError *e = &ctx->lastError;

  switch (e->code) {
  case XML_XPATH_EXPRESSION_OK + XPATH_OP_LIMIT_EXCEEDED:
  case XML_XPATH_EXPRESSION_OK + XPATH_RECURSION_LIMIT_EXCEEDED:
    dh_err_set(err, DH_ELIMIT, "the XPath takes too much work on this text: %s", xpath);
    dh_err_advice(err, "name the way from the root (/a/b/c) instead of searching everywhere (//c)");
    return DH_ELIMIT;
  case XML_XPATH_MEMORY_ERROR:
  case XML_ERR_NO_MEMORY:
    return dh_err_set(err, DH_ENOMEM, "no memory for the XPath: %s", xpath);
  case XML_XPATH_UNDEF_PREFIX_ERROR:
    dh_err_set(err, DH_EUSE, "the XPath uses a prefix that is not declared: %s", xpath);
    dh_err_advice(err, "declare it: { namespaces = { prefix = \"urn:…\" } }");
    return DH_EUSE;
  default:
    return dh_err_set(err, DH_EUSE, "this is no XPath: %s (%.*s)", xpath,
                      line_len(e->message ? e->message : ""), e->message ? e->message : "");
  }
}

/* A text of the caller as a C string; NULL when it has a NUL or is no text. */
static char *c_text(const struct dh_val *v)
{
  return v->type == DH_TEXT && !memchr(v->s, 0, v->n) ? strndup(v->s, v->n) : NULL;
}

static int add_namespaces(xmlXPathContextPtr ctx, const struct dh_val *map, struct dh_err *err)
{
  for (size_t i = 0; map && map->type == DH_MAP && i < map->n; i++) {
    char *prefix = c_text(&map->items[2 * i]), *uri = c_text(&map->items[2 * i + 1]);
    int rc = prefix && uri ? xmlXPathRegisterNs(ctx, (xmlChar *)prefix, (xmlChar *)uri) : -1;

    free(prefix);
    free(uri);
    if (rc)
      return dh_err_set(err, DH_EUSE, "namespaces is a map of prefixes to texts that name them");
  }
  return 0;
}

static int put_xml_text(struct dh_buf *out, const xmlChar *s, struct dh_err *err)
{
  int rc = s ? dh_put_text(out, (const char *)s) : DH_ENOMEM;

  if (rc == DH_ELIMIT)
    return dh_err_set(err, rc, "what was found in the XML text is larger than %zu bytes", out->max);
  return rc ? dh_err_set(err, rc, "no memory for what was found in the XML text") : 0;
}

static int put_node(struct dh_buf *out, xmlNodePtr node, struct dh_err *err)
{
  xmlChar *s = xmlXPathCastNodeToString(node);
  int rc = put_xml_text(out, s, err);

  xmlFree(s);
  return rc;
}

static int put_scalar(struct dh_buf *out, xmlXPathObjectPtr o, struct dh_err *err)
{
  xmlChar *s = xmlXPathCastToString(o);
  int rc = put_xml_text(out, s, err);

  xmlFree(s);
  return rc;
}

static bool is_nodes(xmlXPathObjectPtr o)
{
  return o->type == XPATH_NODESET || o->type == XPATH_XSLT_TREE;
}

static size_t count_nodes(xmlXPathObjectPtr o)
{
  return o->nodesetval ? (size_t)o->nodesetval->nodeNr : 0;
}

struct column {
  xmlXPathCompExprPtr expr;
  const struct dh_val *name;
  char *xpath;
};

struct columns {
  struct column *all;
  size_t n;
};

static void free_columns(struct columns *c)
{
  for (size_t i = 0; i < c->n; i++) {
    xmlXPathFreeCompExpr(c->all[i].expr);
    free(c->all[i].xpath);
  }
  free(c->all);
}

/* Compiled once: they are asked for every row. */
static int compile_columns(xmlXPathContextPtr ctx, const struct dh_val *map, struct columns *c,
                           struct dh_err *err)
{
  c->n = 0;
  c->all = calloc(map->n + 1, sizeof *c->all);
  if (!c->all)
    return dh_err_set(err, DH_ENOMEM, "no memory for %zu columns", map->n);
  for (size_t i = 0; i < map->n; i++) {
    struct column *column = &c->all[c->n++];

    column->name = &map->items[2 * i];
    column->xpath = c_text(&map->items[2 * i + 1]);
    if (column->name->type != DH_TEXT || !column->xpath)
      return dh_err_set(err, DH_EUSE, "columns is a map of names to XPath texts");
    column->expr = xmlXPathCtxtCompile(ctx, (xmlChar *)column->xpath);
    if (!column->expr)
      return xpath_failed(ctx, column->xpath, err);
  }
  return 0;
}

static int put_row(xmlXPathContextPtr ctx, xmlNodePtr node, const struct columns *c, struct dh_buf *row,
                   size_t *n, struct dh_err *err)
{
  int rc = 0;

  *n = 0;
  dh_buf_clear(row);
  for (size_t i = 0; !rc && i < c->n; i++) {
    xmlXPathObjectPtr o;

    ctx->node = node;
    o = xmlXPathCompiledEval(c->all[i].expr, ctx);
    if (!o)
      return xpath_failed(ctx, c->all[i].xpath, err);
    if (!is_nodes(o) || count_nodes(o)) {
      rc = dh_put_textn(row, c->all[i].name->s, c->all[i].name->n);
      if (!rc)
        rc = is_nodes(o) ? put_node(row, o->nodesetval->nodeTab[0], err) : put_scalar(row, o, err);
      (*n)++;
    }
    xmlXPathFreeObject(o);
  }
  return rc;
}

static int put_rows(xmlXPathContextPtr ctx, xmlXPathObjectPtr found, const struct dh_val *map,
                    struct dh_buf *out, struct dh_err *err)
{
  struct columns c = {0};
  struct dh_buf row;
  size_t n, rows = count_nodes(found);
  int rc;

  dh_buf_init(&row, out->max);
  rc = compile_columns(ctx, map, &c, err);
  if (!rc)
    rc = dh_put_list(out, rows);
  for (size_t i = 0; !rc && i < rows; i++) {
    rc = put_row(ctx, found->nodesetval->nodeTab[i], &c, &row, &n, err);
    if (!rc && (rc = dh_put_map(out, n) ?: dh_buf_put(out, row.data, row.len)))
      dh_err_set(err, rc, "what was found in the XML text is larger than %zu bytes", out->max);
  }
  dh_buf_fini(&row);
  free_columns(&c);
  return rc;
}

static int put_texts(xmlXPathObjectPtr found, struct dh_buf *out, struct dh_err *err)
{
  size_t n = is_nodes(found) ? count_nodes(found) : 1;
  int rc = dh_put_list(out, n);

  if (!is_nodes(found))
    return rc ? rc : put_scalar(out, found, err);
  for (size_t i = 0; !rc && i < n; i++)
    rc = put_node(out, found->nodesetval->nodeTab[i], err);
  return rc;
}

static int ask(xmlDocPtr doc, const struct dh_xml_query *q, struct dh_buf *out, struct dh_err *err)
{
  xmlXPathContextPtr ctx = xmlXPathNewContext(doc);
  xmlXPathObjectPtr found = NULL;
  int rc;

  if (!ctx)
    return dh_err_set(err, DH_ENOMEM, "no memory for the XPath");
  ctx->error = quiet;
  xmlSetGenericErrorFunc(NULL, quiet_text); /* of this thread: some XPath errors are printed as well */
  ctx->opLimit = DH_XML_WORK;
  rc = add_namespaces(ctx, q->namespaces, err);
  if (!rc) {
    found = xmlXPathEvalExpression((const xmlChar *)q->xpath, ctx);
    rc = found ? 0 : xpath_failed(ctx, q->xpath, err);
  }
  if (!rc && q->columns && !is_nodes(found))
    rc = dh_err_set(err, DH_EUSE, "the rows of a table are elements; this XPath gives a single value: %s",
                    q->xpath);
  if (!rc)
    rc = q->columns ? put_rows(ctx, found, q->columns, out, err) : put_texts(found, out, err);
  xmlXPathFreeObject(found);
  xmlXPathFreeContext(ctx);
  return rc;
}

int dh_xml_find(const struct dh_xml_query *q, struct dh_buf *out, struct dh_err *err)
{
  size_t before = out->len;
  xmlDocPtr doc;
  int rc = parse(q, &doc, err);

  if (rc)
    return rc;
  rc = ask(doc, q, out, err);
  if (rc)
    out->len = before;
  xmlFreeDoc(doc);
  xmlResetLastError();
  return rc;
}
