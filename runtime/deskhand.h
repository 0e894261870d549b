/* deskhand.h - the one header that modules include. A module is a folder with <name>.c, <name>.lua,
 * module.mk; see connectors/README.md for a whole one. Plain C code (roles, readers) may use only the base
 * and io parts. */
#ifndef DESKHAND_H
#define DESKHAND_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/val.h"
#include "host/await.h"
#include "host/module.h"
#include "io/frame.h"
#include "io/op.h"
#include "io/peer.h"

#endif
