// SPDX-License-Identifier: Apache-2.0
// The part of the hot path's C code that holds memory of the watched process. The app needs it more than we do: what a batch copies has an end, and
// what the system does not give is a loss and no crash.

export const hotMemorySource = `
/* Of what one batch copies: one buffer of the longest that the collector takes. Arguments for which nothing is left are dropped and counted. */
#define COPIED_MOST (64ull << 20)
/* What a thread keeps between calls of each of its two memories. Tensors of usual sizes fit: memory that comes new each time has to be cleared. */
#define KEPT_MOST (1u << 20)
#define STEP 65536u /* a multiple of each size of pages */

extern void *sys_mmap (void *at, gsize size, gint32 protection, gint32 flags, gint32 fd, gssize offset);
extern void *sys_mremap (void *at, gsize size, gsize want, gint32 flags);
extern gint32 sys_munmap (void *at, gsize size);

/* By the kernel, not by GLib, which ends the process where there is no memory; and growing moves pages instead of copying them. */
typedef struct { guint8 *bytes; gsize size; gsize room; } Pages;

/* Behind what is used already; NULL if the system does not give it. */
static guint8 *room_for (Pages *p, gsize more)
{
  gsize want = p->size + more;
  void *at;
  if (want <= p->room) return p->bytes + p->size;
  if (want < p->room * 2 && p->room < KEPT_MOST) want = p->room * 2;
  want = (want + STEP - 1) / STEP * STEP;
  if (p->bytes == NULL) at = sys_mmap (NULL, want, 3, 0x22, -1, 0); /* to be read and written; private, anonymous */
  else at = sys_mremap (p->bytes, p->room, want, 1); /* it may move */
  if (at == (void *) -1) return NULL;
  p->bytes = at;
  p->room = want;
  return p->bytes + p->size;
}

static void give_back (Pages *p)
{
  if (p->bytes != NULL) sys_munmap (p->bytes, p->room);
  memset (p, 0, sizeof (*p));
}

/* After a batch was sent. */
static void empty (Pages *p)
{
  p->size = 0;
  if (p->room > KEPT_MOST) give_back (p);
}
`;
