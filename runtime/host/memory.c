/* memory.c - the memory of isolates, counted against the cap of each. A piece of up to SMALL bytes is a cell
 * of a slab: 16 KiB cut into cells of one size, shared by all isolates of a host, so that what one run gives
 * back serves the next. No cell has a header, since Lua knows the size of what it frees. An empty slab goes
 * back to the system, but for a few that are kept for the next run. Larger pieces are malloc's. */
#include "state.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
  SLAB = 16 << 10, /* its address is a multiple of it: a cell finds its slab by its own address */
  MAPPED = 16,     /* slabs mapped at once */
  SPARES = 512,    /* empty ones kept: 8 MiB */
  SMALL = 512,
  GRAIN = 8, /* cells of one class are so much larger than those of the class below */
  CLASSES = SMALL / GRAIN + 1,
  HEAD = 64,
};

struct cell {
  struct cell *next;
};

struct slab {
  struct slab *next, *prev; /* among those of its class that have room, or the spare ones */
  struct cell *free;        /* given back */
  uint32_t size, class;
  uint32_t fresh, live; /* where the part begins that was never used; cells in use */
};

struct dh_slabs {
  struct slab *open[CLASSES]; /* with room */
  struct slab *spare;
  int spares;
  char *uncut, *uncut_end;
};

/* Under the address sanitizer each piece is malloc's, so that it sees their bounds. */
#ifdef __SANITIZE_ADDRESS__
#define IS_SMALL(n) ((void)(n), false)
#else
#define IS_SMALL(n) ((n) <= SMALL)
#endif

static unsigned class_of(size_t n)
{
  return (unsigned)(n + GRAIN - 1) / GRAIN;
}

/* Bytes that a piece of n really takes; a larger piece has malloc's own word in front. */
static size_t taken(size_t n)
{
  return IS_SMALL(n) ? (size_t)class_of(n) * GRAIN : (n + 23) & ~(size_t)15;
}

struct dh_slabs *dh_slabs_new(void)
{
  return calloc(1, sizeof(struct dh_slabs));
}

void dh_slabs_free(struct dh_slabs *s)
{
  if (!s)
    return;
  for (int i = 0; i < CLASSES; i++)
    if (s->open[i])
      munmap(s->open[i], SLAB);
  while (s->spare) {
    struct slab *slab = s->spare;

    s->spare = slab->next;
    munmap(slab, SLAB);
  }
  if (s->uncut < s->uncut_end)
    munmap(s->uncut, (size_t)(s->uncut_end - s->uncut));
  free(s);
}

/* Maps memory that begins at a multiple of SLAB. */
static bool map_more(struct dh_slabs *s)
{
  size_t n = (MAPPED + 1) * (size_t)SLAB, before, after;
  char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (p == MAP_FAILED)
    return false;
  before = (SLAB - (uintptr_t)p % SLAB) % SLAB;
  after = SLAB - before;
  if (before)
    munmap(p, before);
  munmap(p + n - after, after);
  s->uncut = p + before;
  s->uncut_end = s->uncut + MAPPED * (size_t)SLAB;
  return true;
}

static struct slab *take_slab(struct dh_slabs *s)
{
  struct slab *slab = s->spare;

  if (slab) {
    s->spare = slab->next;
    s->spares--;
    return slab;
  }
  if (s->uncut == s->uncut_end && !map_more(s))
    return NULL;
  slab = (struct slab *)s->uncut;
  s->uncut += SLAB;
  return slab;
}

static void put_first(struct dh_slabs *s, struct slab *slab)
{
  slab->prev = NULL;
  slab->next = s->open[slab->class];
  if (slab->next)
    slab->next->prev = slab;
  s->open[slab->class] = slab;
}

static void take_out(struct dh_slabs *s, struct slab *slab)
{
  if (slab->prev)
    slab->prev->next = slab->next;
  else
    s->open[slab->class] = slab->next;
  if (slab->next)
    slab->next->prev = slab->prev;
}

static struct slab *new_slab(struct dh_slabs *s, unsigned class)
{
  struct slab *slab = take_slab(s);

  if (!slab)
    return NULL;
  *slab = (struct slab){.size = class * GRAIN, .class = class, .fresh = HEAD};
  put_first(s, slab);
  return slab;
}

static bool is_full(const struct slab *slab)
{
  return !slab->free && slab->fresh + slab->size > SLAB;
}

static void *cell_new(struct dh_slabs *s, unsigned class)
{
  struct slab *slab = s->open[class];
  struct cell *c;

  if (!slab && !(slab = new_slab(s, class)))
    return NULL;
  c = slab->free;
  if (c) {
    slab->free = c->next;
  } else {
    c = (struct cell *)((char *)slab + slab->fresh);
    slab->fresh += slab->size;
  }
  slab->live++;
  if (is_full(slab))
    take_out(s, slab);
  return c;
}

/* The last one of its class stays, or a run that needs one cell would cut a slab for it again and again. */
static void give_back(struct dh_slabs *s, struct slab *slab)
{
  if (s->open[slab->class] == slab && !slab->next)
    return;
  take_out(s, slab);
  if (s->spares >= SPARES && munmap(slab, SLAB) == 0)
    return;
  slab->next = s->spare;
  s->spare = slab;
  s->spares++;
}

static void cell_free(struct dh_slabs *s, void *p)
{
  struct slab *slab = (struct slab *)((uintptr_t)p & ~(uintptr_t)(SLAB - 1));
  struct cell *c = p;

  if (is_full(slab))
    put_first(s, slab);
  c->next = slab->free;
  slab->free = c;
  if (--slab->live == 0)
    give_back(s, slab);
}

static void *piece_new(struct dh_slabs *s, size_t n)
{
  return IS_SMALL(n) ? cell_new(s, class_of(n)) : malloc(n);
}

static void piece_free(struct dh_slabs *s, void *p, size_t n)
{
  if (IS_SMALL(n))
    cell_free(s, p);
  else
    free(p);
}

static void *piece_resize(struct dh_slabs *s, void *p, size_t old, size_t n)
{
  void *q;

  if (!IS_SMALL(old) && !IS_SMALL(n))
    return realloc(p, n);
  if (taken(old) == taken(n))
    return p;
  q = piece_new(s, n);
  if (q) {
    memcpy(q, p, old < n ? old : n);
    piece_free(s, p, old);
  }
  return q;
}

/* Whether the run may have so many bytes more; wanted: it asks for them, as tests that let one request fail
 * count. */
static bool may_grow(struct dh_run *r, size_t more, bool wanted)
{
  if (more && r->memory + more > r->memory_max)
    return false;
  if (r->fail_alloc && wanted && --r->fail_alloc == 0) {
    r->fail_alloc = 1; /* and from now on: Lua collects and tries once more */
    return false;
  }
  return true;
}

static void *resize(struct dh_run *r, void *p, size_t old, size_t n)
{
  size_t was = taken(old), is = taken(n);
  void *q;

  if (!may_grow(r, is > was ? is - was : 0, n > old))
    return NULL;
  q = piece_resize(r->host->slabs, p, old, n);
  if (q)
    r->memory += is - was;
  return q;
}

void *dh_memory_alloc(void *self, void *p, size_t old, size_t n)
{
  struct dh_run *r = self;

  if (p && n)
    return resize(r, p, old, n);
  if (p) {
    r->memory -= taken(old);
    piece_free(r->host->slabs, p, old);
    return NULL;
  }
  if (n == 0 || !may_grow(r, taken(n), true)) /* without p, old is a type code */
    return NULL;
  p = piece_new(r->host->slabs, n);
  if (p)
    r->memory += taken(n);
  return p;
}
