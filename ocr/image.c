/* image.c - type, header, ceilings, decoding. Owns the bytes of one file. */
#include "image.h"

#include "io/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A plain file is copied, not mapped: whoever shortens it must not be able to end the reader. */
static int read_all(int fd, struct ocr_image *im, struct dh_err *err)
{
  struct stat st;
  unsigned char *p;
  size_t got = 0;

  if (fstat(fd, &st) || !S_ISREG(st.st_mode))
    return dh_err_set(err, DH_EFORMAT, "the document is no file");
  if (st.st_size <= 0 || st.st_size > OCR_FILE_MAX)
    return dh_err_set(err, DH_ELIMIT, "the document has %lld bytes; 1 to %d are read", (long long)st.st_size,
                      OCR_FILE_MAX);
  p = malloc((size_t)st.st_size);
  if (!p)
    return dh_err_set(err, DH_ENOMEM, "no memory for a document of %lld bytes", (long long)st.st_size);
  while (got < (size_t)st.st_size) {
    ssize_t r = pread(fd, p + got, (size_t)st.st_size - got, (off_t)got);

    if (r < 0 && errno == EINTR)
      continue;
    if (r <= 0) {
      int rc = r ? dh_err_errno(err, "cannot read the document")
                 : dh_err_set(err, DH_EFORMAT, "the document became shorter while it was read");
      free(p);
      return rc;
    }
    got += (size_t)r;
  }
  im->bytes = p;
  im->n = got;
  return 0;
}

static const char *format_name(int format)
{
  switch (format) {
  case IFF_PNG:
    return "PNG";
  case IFF_JFIF_JPEG:
    return "JPEG";
  case IFF_PNM:
    return "PNM";
  case IFF_TIFF:
  case IFF_TIFF_PACKBITS:
  case IFF_TIFF_RLE:
  case IFF_TIFF_G3:
  case IFF_TIFF_G4:
  case IFF_TIFF_LZW:
  case IFF_TIFF_ZIP:
  case IFF_TIFF_JPEG:
    return "TIFF";
  default:
    return NULL;
  }
}

static bool is_tiff(int format)
{
  return format != IFF_PNG && format != IFF_JFIF_JPEG && format != IFF_PNM;
}

static int check_size(const char *type, int page, int w, int h, struct dh_err *err)
{
  if (w <= 0 || h <= 0)
    return dh_err_set(err, DH_EFORMAT, "page %d of the %s file has no size", page + 1, type);
  if ((long long)w * h > OCR_PIXELS_MAX) {
    dh_err_set(err, DH_ELIMIT, "page %d of the %s file is too large: %d x %d pixels", page + 1, type, w, h);
    return dh_err_advice(err, "scan it with fewer dots per inch; up to %d million pixels are read",
                         OCR_PIXELS_MAX / 1000000);
  }
  return 0;
}

static int check_headers(struct ocr_image *im, struct dh_err *err)
{
  const char *type = format_name(im->format);
  int w, h, bps, spp, cmap, format, res, rc;

  if (!is_tiff(im->format)) {
    im->pages = 1;
    if (pixReadHeaderMem(im->bytes, im->n, &format, &w, &h, &bps, &spp, &cmap))
      return dh_err_set(err, DH_EFORMAT, "the %s file is damaged: its header cannot be read", type);
    return check_size(type, 0, w, h, err);
  }
  for (im->pages = 0; im->pages <= OCR_PAGES_MAX; im->pages++) {
    if (readHeaderMemTiff(im->bytes, im->n, im->pages, &w, &h, &bps, &spp, &res, &cmap, &format))
      break;
    if ((rc = check_size(type, im->pages, w, h, err)))
      return rc;
  }
  if (im->pages == 0)
    return dh_err_set(err, DH_EFORMAT, "the TIFF file is damaged: its header cannot be read");
  if (im->pages > OCR_PAGES_MAX)
    return dh_err_set(err, DH_ELIMIT, "the TIFF file has more than %d pages", OCR_PAGES_MAX);
  return 0;
}

int ocr_image_open(int fd, struct ocr_image *im, struct dh_err *err)
{
  const void *p;
  int rc, seals = fcntl(fd, F_GET_SEALS);

  memset(im, 0, sizeof *im);
  if (seals > 0 && (seals & F_SEAL_SHRINK)) {
    if ((rc = dh_memfd_map(fd, OCR_FILE_MAX, &p, &im->n, err)))
      return rc;
    im->bytes = p;
    im->mapped = true;
  } else if ((rc = read_all(fd, im, err))) {
    return rc;
  }
  rc = 0;
  if (im->n < 16 || findFileFormatBuffer(im->bytes, &im->format) || !format_name(im->format)) {
    rc = dh_err_set(err, DH_EFORMAT, "the file is no picture that can be read");
    if (im->n >= 5 && memcmp(im->bytes, "%PDF-", 5) == 0)
      dh_err_seen(err, "it is a PDF");
    dh_err_advice(err, "PNG, JPEG, TIFF and PNM are read here, PDF by document.read");
  }
  if (!rc)
    rc = check_headers(im, err);
  if (rc)
    ocr_image_close(im);
  return rc;
}

void ocr_image_close(struct ocr_image *im)
{
  if (im->mapped)
    munmap((void *)im->bytes, im->n);
  else
    free((void *)im->bytes);
  memset(im, 0, sizeof *im);
}

int ocr_image_page(const struct ocr_image *im, int page, PIX **out, struct dh_err *err)
{
  PIX *pix, *flat;

  if (im->format == IFF_JFIF_JPEG) /* damaged JPEG is decoded as far as it goes unless asked not to */
    pix = pixReadMemJpeg(im->bytes, im->n, 0, 1, NULL, 0);
  else
    pix = is_tiff(im->format) ? pixReadMemTiff(im->bytes, im->n, page) : pixReadMem(im->bytes, im->n);
  if (!pix)
    return dh_err_set(err, DH_EFORMAT, "page %d of the %s file is damaged: it cannot be decoded", page + 1,
                      format_name(im->format));
  if (pixGetColormap(pix)) {
    flat = pixRemoveColormap(pix, REMOVE_CMAP_BASED_ON_SRC);
    pixDestroy(&pix);
    pix = flat;
  } else if (pixGetDepth(pix) == 32 && pixGetSpp(pix) == 4) { /* what shines through is white paper */
    flat = pixAlphaBlendUniform(pix, 0xffffff00);
    pixDestroy(&pix);
    pix = flat;
  }
  if (pix && pixGetDepth(pix) != 1 && pixGetDepth(pix) != 8 && pixGetDepth(pix) != 32) {
    flat = pixConvertTo8(pix, 0);
    pixDestroy(&pix);
    pix = flat;
  }
  if (!pix)
    return dh_err_set(err, DH_ENOMEM, "no memory to decode page %d", page + 1);
  *out = pix;
  return 0;
}
