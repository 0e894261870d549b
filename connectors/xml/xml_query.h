/* xml_query.h - questions to an XML text by XPath 1.0. Plain C over libxml2; runs on pool threads.
 *
 * The text is not trusted: a DOCTYPE is refused where it begins, so there are no entities and nothing
 * external; the network is off; depth, size and the work of a question have ceilings. */
#ifndef DH_XML_QUERY_H
#define DH_XML_QUERY_H

#include "base/buf.h"
#include "base/err.h"
#include "base/val.h"

enum {
  DH_XML_MAX = 16 << 20 /* bytes of text */,
  DH_XML_WORK = 20000000 /* XPath operations of one question */
};

/* Once, on the loop thread, before any query: libxml2's own tables are not made safely by two threads at a
 * time. */
void dh_xml_init(void);

struct dh_xml_query {
  const char *text;
  size_t len;
  const char *xpath;               /* what to find: nodes, or a text, number or truth */
  const struct dh_val *columns;    /* NULL, or map of name -> XPath relative to each node found */
  const struct dh_val *namespaces; /* NULL, or map of prefix -> URI */
};

/* Appends a list. Without columns: of the texts of what was found (the whole text below an element, the value
 * of an attribute; a number or truth is one text). With columns: of maps, name -> text; a column that is not
 * there is left out, so that it differs from an empty one. DH_EREFUSED: a DOCTYPE. DH_EFORMAT: no well-formed
 * XML (line, column), DH_EUSE: no XPath, an unknown prefix, DH_ELIMIT: a ceiling. On an error out is as it
 * was. */
int dh_xml_find(const struct dh_xml_query *q, struct dh_buf *out, struct dh_err *err);

#endif
