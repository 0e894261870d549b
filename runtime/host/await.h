/* await.h - how a C function of a module waits. Only the host yields and resumes. */
#ifndef DH_AWAIT_H
#define DH_AWAIT_H

#include "../io/op.h"
#include "port.h"

#include <lauxlib.h>

struct dh_run;

/* The run this state belongs to, its loop, its port. Never NULL inside a function called by a robot. */
struct dh_run *dh_run_of(lua_State *L);
struct dh_loop *dh_loop_of(lua_State *L);
struct dh_port *dh_port_of(lua_State *L);
const char *dh_run_id(lua_State *L);

/* A new op in a box (userdata, pushed): born closed, freed by __close or __gc. Raises when out of memory. */
struct dh_op *dh_op_box(lua_State *L, const struct dh_op_class *cls);
/* The same for an op that somebody else made (dh_ask_new, port->spawn); takes over its reference. op NULL:
 * raises out of memory. */
struct dh_op *dh_op_adopt(lua_State *L, struct dh_op *op);

/* Starts the op that is boxed on top of the stack and waits for it: `return dh_await(L, op);` is the last
 * thing a C function does. In Lua the call returns what cls->push pushes, or nil and an error table. Cancel
 * and deadline of the run end the wait; the robot does not get to see them. */
int dh_await(lua_State *L, struct dh_op *op);

/* nil and an error table {code, text, seen, advice, retryable} on the stack; returns 2. */
int dh_fail(lua_State *L, const struct dh_err *err);
/* Raises the error table (wrong use, or where nothing yields). */
int dh_raise(lua_State *L, const struct dh_err *err);

/* An empty buffer in a box (userdata, pushed), freed by __gc: for code that fills a buffer and may raise on
 * the way. Raises when out of memory. */
struct dh_buf *dh_buf_box(lua_State *L, size_t max_bytes);

/* Plain data between Lua and CBOR. Money, date, file and record values keep their tags. dh_to_cbor raises on
 * what is no plain data (functions, cycles, mixed tables, secrets), naming the place; map keys are written
 * sorted. */
void dh_to_cbor(lua_State *L, int index, struct dh_buf *out);
int dh_push_cbor(lua_State *L, const void *p, size_t n); /* 1; raises on damaged bytes */
int dh_push_val(lua_State *L, const struct dh_val *v);

/* Argument checks that name the argument. */
lua_Integer dh_check_int(lua_State *L, int arg, lua_Integer least, lua_Integer most);
/* The value of a secret at this index (a `secret "name"` value), for the sole purpose of sending it on. NULL
 * if the value is none. The bytes live as long as the run. */
const char *dh_secret_value(lua_State *L, int index, size_t *n);

#endif
