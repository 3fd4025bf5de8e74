// SPDX-License-Identifier: Apache-2.0
// The part of the hot path's C code that sends batches and tells what was lost.

export const hotSendingSource = `
static void hang_up (void) { if (wire_fd >= 0) sys_close (wire_fd); wire_fd = -1; }

/* All of it (1), nothing of it (0), or the connection is gone (-1). Under the lock. */
static int send_all (IoVec *iov, gsize count, int first_wait)
{
  int begun = 0;
  while (count > 0) {
    Message m;
    gssize sent;
    if (iov->size == 0) { iov++; count--; continue; }
    if (wire_fd < 0) return -1;
    memset (&m, 0, sizeof (m));
    m.iov = iov; m.iov_count = count;
    sent = sys_sendmsg (wire_fd, &m, 0x40 | 0x4000); /* DONTWAIT, NOSIGNAL */
    if (sent < 0) {
      int why = *sys_errno ();
      PollFd p;
      if (why == 4) continue;
      if (why != 11) { hang_up (); return -1; }
      p.fd = wire_fd; p.events = 4; p.revents = 0;
      if (sys_poll (&p, 1, begun ? STALL_MS : first_wait) == 0) {
        if (!begun) return 0;
        hang_up ();
        return -1;
      }
      continue;
    }
    begun = 1;
    while (count > 0 && (gsize) sent >= iov->size) { sent -= iov->size; iov++; count--; }
    if (count > 0) { iov->base = (guint8 *) iov->base + sent; iov->size -= (gsize) sent; }
  }
  return 1;
}

static guint8 *put_mark (guint8 *p, guint32 kind) { seal (p, kind, 0, 0, 0, 0); return p + FRAME_HEAD + 4; }

static guint8 *put_loss (guint8 *p, guint64 calls, guint64 events, guint64 bytes, const char *why)
{
  gsize size = strlen (why);
  p = put32 (put64 (put64 (put64 (p, calls), events), bytes), (guint32) size);
  memcpy (p, why, size);
  return p + size;
}

/* Before the next batch: what could not be sent since the last one that could. */
static int tell_losses (int first_wait)
{
  guint8 frames[256];
  guint8 *p = frames + FRAME_HEAD;
  guint64 calls = state.lost_calls - state.told_calls, events = state.lost_events - state.told_events, bytes = state.lost_bytes - state.told_bytes;
  IoVec iov;
  int sent;
  if (events == 0) return 1;
  p = put_loss (p, calls, events, bytes, "the wire was full");
  seal (frames, LOSS, now (), 0, 0, (gsize) (p - frames) - FRAME_HEAD);
  p = put_mark (p + 4, SEND);
  iov.base = frames; iov.size = (gsize) (p - frames);
  sent = send_all (&iov, 1, first_wait);
  if (sent == 1) { state.told_calls += calls; state.told_events += events; state.told_bytes += bytes; }
  return sent;
}

/* In the batch itself, whose calls stay. It is no event that could be missed: it does not count. */
static void tell_dropped (Thread *t)
{
  guint8 *p = t->dropped == 0 ? NULL : begin_event (t, LOSS, 128);
  if (p == NULL) return;
  end_event (t, LOSS, 0, put_loss (p, 0, 0, t->dropped, "more bytes in one call than are copied, or than there is memory for"));
  t->count--;
}

static void new_batch (Thread *t)
{
  empty (&t->events);
  empty (&t->chunks);
  t->copied = t->dropped = 0;
  t->enters = t->count = 0;
  t->buffers = t->broken = 0;
}

static int send_batch (Thread *t, int first_wait)
{
  IoVec iov[2];
  int sent = -1;
  gsize size = t->chunks.size + t->events.size;
  guint8 *mark;
  tell_dropped (t);
  mark = t->broken ? NULL : room_for (&t->events, FRAME_HEAD + 4);
  if (mark != NULL) t->events.size = (gsize) (put_mark (mark, SEND) - t->events.bytes);
  iov[0].base = t->chunks.bytes; iov[0].size = t->chunks.size;
  iov[1].base = t->events.bytes; iov[1].size = t->events.size;
  g_mutex_lock (&state.sending);
  if (mark != NULL && wire_fd >= 0 && sys_getpid () == state.owner) {
    sent = tell_losses (first_wait);
    if (sent == 1) sent = send_all (iov, 2, first_wait);
  }
  if (sent != 1) { state.lost_calls += t->enters; state.lost_events += t->count; state.lost_bytes += size + t->dropped; }
  g_mutex_unlock (&state.sending);
  new_batch (t);
  return sent == 1;
}
`;
