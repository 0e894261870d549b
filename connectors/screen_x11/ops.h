/* ops.h - the requests of a desk: one function each, from a request's map to the pairs of its answer. See
 * README.md for arguments and answers. */
#ifndef DH_SCREEN_OPS_H
#define DH_SCREEN_OPS_H

#include "desk.h"
#include "tree.h"

/* A part of a window that stays black in pictures. */
struct dh_cover {
  Window window;
  struct dh_box part; /* of the window */
};

/* An answer in the making: pairs of a map, counted, and descriptors. */
struct dh_answer {
  struct dh_buf pairs;
  size_t n;
  int fds[DH_FRAME_FDS];
  int nfds; /* owned; the desk closes them once they are sent */
};

struct dh_op_entry {
  const char *name;
  /* request: the whole map; fds: what came with it. Fills answer, or returns a failure with err filled. */
  int (*run)(struct dh_desk *d, const struct dh_val *request, const struct dh_frame *in,
             struct dh_answer *answer, struct dh_err *err);
};

extern const struct dh_op_entry dh_ops_session[]; /* start keep resume reset */
extern const struct dh_op_entry dh_ops_window[];  /* windows activate home go */
extern const struct dh_op_entry dh_ops_look[];    /* find has wait read expect table */
extern const struct dh_op_entry dh_ops_act[];     /* fill press idle */
extern const struct dh_op_entry dh_ops_picture[]; /* capture tree */
extern const struct dh_op_entry dh_ops_sight[];   /* look click field type */

void dh_answer_text(struct dh_answer *a, const char *key, const char *value);
void dh_answer_int(struct dh_answer *a, const char *key, int64_t value);
void dh_answer_bool(struct dh_answer *a, const char *key, bool value);
void dh_answer_texts(struct dh_answer *a, const char *key, const GPtrArray *texts); /* list of char * */
/* Seals bytes in a memfd and adds it; takes nothing over. */
int dh_answer_bytes(struct dh_answer *a, const char *name, const struct dh_buf *bytes, struct dh_err *err);

/* Adds "windows", as they are now. */
void dh_answer_windows(struct dh_desk *d, struct dh_answer *a);
/* Closes all windows but the one named by the request's title; adds "closed". */
int dh_home_go(struct dh_desk *d, const struct dh_val *request, struct dh_answer *answer, struct dh_err *err);

/* Adds a part of the display as it is now (cut to the display): x y width height and a PNG, secrets black. */
int dh_picture_answer(struct dh_desk *d, struct dh_box *part, struct dh_answer *answer, struct dh_err *err);

/* Picture (PNG) and tree of the desk as it is now, for an error. Best effort: what cannot be had is left out.
 */
void dh_evidence_add(struct dh_desk *d, struct dh_answer *a);

#endif
