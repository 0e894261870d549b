/* buf.h - a growing byte buffer with a ceiling. The buffer owns its bytes; fini frees them.
 * The bytes are always followed by a NUL that is not counted, so text can be used as a C string. */
#ifndef DH_BUF_H
#define DH_BUF_H

#include <stddef.h>

struct dh_buf {
  char *data; /* never NULL after init: an empty string until something is put */
  size_t len;
  size_t cap;
  size_t max; /* bytes at most; reaching it is DH_ELIMIT, the buffer keeps what it held */
};

void dh_buf_init(struct dh_buf *b, size_t max_bytes);
void dh_buf_fini(struct dh_buf *b);  /* idempotent; the buffer is empty and usable afterwards */
void dh_buf_clear(struct dh_buf *b); /* empties, keeps the memory */

/* Each returns 0, DH_ENOMEM or DH_ELIMIT; on failure nothing was added. */
int dh_buf_room(struct dh_buf *b, size_t n); /* makes room for n more bytes */
int dh_buf_put(struct dh_buf *b, const void *p, size_t n);
int dh_buf_puts(struct dh_buf *b, const char *s);
int dh_buf_putc(struct dh_buf *b, char c);
int dh_buf_printf(struct dh_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Hands the bytes (malloc'd, NUL-terminated) to the caller, who frees them with free(); the buffer is empty
 * afterwards. NULL when out of memory. */
char *dh_buf_take(struct dh_buf *b, size_t *len);

/* Appends the whole file. Errors: as open and read, DH_ELIMIT. */
struct dh_err;
int dh_buf_read_file(struct dh_buf *b, const char *path, struct dh_err *err);
/* Writes bytes to path atomically: a new file of the given mode beside it, fsync, rename, fsync of the
 * folder. */
int dh_file_write(const char *path, const void *data, size_t len, unsigned mode, struct dh_err *err);
/* Makes a folder and its missing parents with mode 0700. Existing folders are fine. */
int dh_dir_make(const char *path, struct dh_err *err);
/* Puts a folder's entries on the disk: a new or renamed file in it can be relied on afterwards. */
int dh_dir_sync(const char *path, struct dh_err *err);

#endif
