/* dialog.h - modal dialogs nobody asked for: answered when the screen's rules know them, else the end of the
 * word. */
#ifndef DH_SCREEN_DIALOG_H
#define DH_SCREEN_DIALOG_H

#include "app.h"

/* Looks at the topmost such dialog, if any. A listed one is answered (*answered becomes true: windows and
 * tree are then stale). DH_EREFUSED with its text and buttons for any other; no button is pressed. DH_EAGAIN
 * while it is not ready to be answered. */
int dh_dialogs_answer(struct dh_desk *d, struct dh_front *f, bool *answered, struct dh_err *err);
/* Adds "dialogs" = list of what was answered during this request. Nothing if there was none. */
int dh_dialogs_tell(const struct dh_desk *d, struct dh_buf *out);

#endif
