/* request.h - from a request table to a request. */
#ifndef DH_HTTP_REQUEST_H
#define DH_HTTP_REQUEST_H

#include "transfer.h"

/* Fills r (zeroed) from the table at req and from the configuration. Raises on wrong use; what r holds by
 * then is freed with the op that it is part of. Fields: method, url, headers = {{name, value}, …}, body, way
 * ("json", "form": how secrets in the body are written), user, password, timeout_ms, rate, attempts, limit,
 * effect, hosts, accept, source. A value is a text, a number, a secret, or a list of these that stand one
 * after the other. */
void dh_http_read_request(lua_State *L, int req, struct dh_http_request *r);

/* A configuration value, or NULL. */
const char *dh_http_conf(lua_State *L, const char *key);

#endif
