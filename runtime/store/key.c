/* key.c - the vault's key: where it lies and who may read it. Knows nothing of the cryptography (vault.c, a
 * module). */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_BYTES = 32 };

/* lax: permission bits of others that are no fault. A service manager's file may show its group. */
static int read_key(const char *path, mode_t lax, unsigned char key[KEY_BYTES], struct dh_err *err)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  unsigned char more;
  struct stat st;
  int rc = 0;

  if (fd < 0)
    return dh_err_errno(err, "cannot open the vault's key %s", path);
  if (fstat(fd, &st))
    rc = dh_err_errno(err, "cannot look at the vault's key %s", path);
  else if (!S_ISREG(st.st_mode) || (st.st_mode & 077 & ~lax) || (st.st_uid != geteuid() && st.st_uid != 0)) {
    rc = dh_err_set(err, DH_EACCES, "others may read or change the vault's key %s", path);
    dh_err_seen(err, "mode %04o, owner %u", (unsigned)st.st_mode & 07777, (unsigned)st.st_uid);
    dh_err_advice(err, "chmod 600 %s; if anybody may have read it, set all secrets anew", path);
  } else if (read(fd, key, KEY_BYTES) != KEY_BYTES || read(fd, &more, 1) != 0) {
    rc = dh_err_set(err, DH_EFORMAT, "the vault's key %s is no file of %d bytes", path, KEY_BYTES);
    dh_err_advice(err, "restore it from where keys are kept; without it the secrets must be set anew");
  }
  close(fd);
  return rc;
}

/* Written beside its place and linked there, so that it is whole or not there, and never replaces another. */
static int make_key(const char *conf_dir, const char *path, struct dh_err *err)
{
  unsigned char key[KEY_BYTES];
  char tmp[4096];
  int fd, rc;

  if ((rc = dh_dir_make(conf_dir, err)))
    return rc;
  if (snprintf(tmp, sizeof tmp, "%s.XXXXXX", path) >= (int)sizeof tmp)
    return dh_err_set(err, DH_ELIMIT, "the path is too long: %s", path);
  fd = mkostemp(tmp, O_CLOEXEC); /* 0600 */
  if (fd < 0)
    return dh_err_errno(err, "cannot make the vault's key in %s", conf_dir);
  if (getrandom(key, sizeof key, 0) != sizeof key || write(fd, key, sizeof key) != sizeof key || fsync(fd))
    rc = dh_err_errno(err, "cannot write the vault's key %s", tmp);
  else if (link(tmp, path) && errno != EEXIST)
    rc = dh_err_errno(err, "cannot make the vault's key %s", path);
  explicit_bzero(key, sizeof key);
  close(fd);
  unlink(tmp);
  return rc ? rc : dh_dir_sync(conf_dir, err);
}

int dh_key_load(const char *conf_dir, bool make, unsigned char key[KEY_BYTES], char *path, size_t size,
                struct dh_err *err)
{
  const char *given = getenv("CREDENTIALS_DIRECTORY");
  int rc;

  if (given && *given && snprintf(path, size, "%s/deskhand.key", given) < (int)size && !access(path, F_OK))
    return read_key(path, 0040, key, err);
  if (snprintf(path, size, "%s/deskhand.key", conf_dir) >= (int)size)
    return dh_err_set(err, DH_ELIMIT, "the path is too long: %s", conf_dir);
  if (access(path, F_OK)) {
    if (!make) {
      dh_err_set(err, DH_ENOENT, "the vault's key is not there: %s", path);
      dh_err_advice(
          err,
          "put back the one with which the store's secrets were sealed, or set them anew: deskhand secret "
          "set NAME");
      return DH_ENOENT;
    }
    if ((rc = make_key(conf_dir, path, err)))
      return rc;
  }
  return read_key(path, 0, key, err);
}
