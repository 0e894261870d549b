/* test_disk.h - a disk that refuses: a VFS in front of the real one, the default once registered. */
#ifndef DH_TEST_DISK_H
#define DH_TEST_DISK_H

#include <sqlite3.h>
#include <stdbool.h>

static sqlite3_vfs *real;
static struct {
  long left; /* calls until the refusal; < 0: never */
  bool for_good;
  int code;
  long refused;
} disk = {.left = -1};

struct file {
  sqlite3_file base;
  sqlite3_file *real;
};

static bool refuses(void)
{
  if (disk.left < 0)
    return false;
  if (disk.left > 0) {
    disk.left--;
    return false;
  }
  if (!disk.for_good)
    disk.left = -1;
  disk.refused++;
  return true;
}

#define REAL(f) (((struct file *)(f))->real)

static int f_close(sqlite3_file *f)
{
  return REAL(f)->pMethods->xClose(REAL(f));
}

static int f_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
  return REAL(f)->pMethods->xRead(REAL(f), p, n, at);
}

static int f_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
  return refuses() ? disk.code : REAL(f)->pMethods->xWrite(REAL(f), p, n, at);
}

static int f_truncate(sqlite3_file *f, sqlite3_int64 size)
{
  return refuses() ? SQLITE_IOERR_TRUNCATE : REAL(f)->pMethods->xTruncate(REAL(f), size);
}

static int f_sync(sqlite3_file *f, int flags)
{
  return refuses() ? SQLITE_IOERR_FSYNC : REAL(f)->pMethods->xSync(REAL(f), flags);
}

static int f_size(sqlite3_file *f, sqlite3_int64 *size)
{
  return REAL(f)->pMethods->xFileSize(REAL(f), size);
}

static int f_lock(sqlite3_file *f, int level)
{
  return REAL(f)->pMethods->xLock(REAL(f), level);
}

static int f_unlock(sqlite3_file *f, int level)
{
  return REAL(f)->pMethods->xUnlock(REAL(f), level);
}

static int f_reserved(sqlite3_file *f, int *out)
{
  return REAL(f)->pMethods->xCheckReservedLock(REAL(f), out);
}

static int f_control(sqlite3_file *f, int op, void *arg)
{
  return REAL(f)->pMethods->xFileControl(REAL(f), op, arg);
}

static int f_sector(sqlite3_file *f)
{
  return REAL(f)->pMethods->xSectorSize(REAL(f));
}

static int f_traits(sqlite3_file *f)
{
  return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f));
}

static int f_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **p)
{
  return REAL(f)->pMethods->xShmMap(REAL(f), page, size, extend, p);
}

static int f_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
  return REAL(f)->pMethods->xShmLock(REAL(f), at, n, flags);
}

static void f_shm_barrier(sqlite3_file *f)
{
  REAL(f)->pMethods->xShmBarrier(REAL(f));
}

static int f_shm_unmap(sqlite3_file *f, int drop)
{
  return REAL(f)->pMethods->xShmUnmap(REAL(f), drop);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = f_close,
    .xRead = f_read,
    .xWrite = f_write,
    .xTruncate = f_truncate,
    .xSync = f_sync,
    .xFileSize = f_size,
    .xLock = f_lock,
    .xUnlock = f_unlock,
    .xCheckReservedLock = f_reserved,
    .xFileControl = f_control,
    .xSectorSize = f_sector,
    .xDeviceCharacteristics = f_traits,
    .xShmMap = f_shm_map,
    .xShmLock = f_shm_lock,
    .xShmBarrier = f_shm_barrier,
    .xShmUnmap = f_shm_unmap,
};

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
  struct file *file = (struct file *)f;
  int rc;

  (void)vfs;
  file->real = (sqlite3_file *)(file + 1);
  rc = real->xOpen(real, name, file->real, flags, out);
  f->pMethods = file->real->pMethods ? &methods : NULL;
  return rc;
}

static int disk_register(void **state)
{
  static sqlite3_vfs vfs;

  (void)state;
  real = sqlite3_vfs_find(NULL);
  vfs = *real;
  vfs.zName = "refusing";
  vfs.szOsFile = (int)sizeof(struct file) + real->szOsFile;
  vfs.xOpen = disk_open;
  return sqlite3_vfs_register(&vfs, 1);
}

#endif
