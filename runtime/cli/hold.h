/* hold.h - queues that a person keeps back, as commands tell of them. */
#ifndef DH_CLI_HOLD_H
#define DH_CLI_HOLD_H

#include "../base/val.h"

#include <stdio.h>

/* One of hold_list (store.h) as a line. */
void dh_say_hold(FILE *f, const struct dh_val *h);

#endif
