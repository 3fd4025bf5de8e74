// SPDX-License-Identifier: Apache-2.0
// The C code that runs at each watched call: it copies buffers, makes the frames of docs/formats/wire.md and sends them, without JavaScript.
//
// A buffer is copied once, by the kernel (process_vm_readv of our own process: an address that is not mapped is an error, not a crash), into
// memory of its thread, so that checksums hold although the app goes on writing. Frames are made outside of the lock; one system call sends a batch.
import { hotMemorySource } from "./hot_memory.js";
import { hotSendingSource } from "./hot_sending.js";

export const hotPathSource = `
#include <glib.h>
#include <string.h>
#include <gum/guminterceptor.h>
${hotMemorySource}

typedef struct { void *base; gsize size; } IoVec;
typedef struct { void *name; guint32 name_size; IoVec *iov; gsize iov_count; void *control; gsize control_size; gint32 flags; } Message;
typedef struct { gint32 fd; gint16 events; gint16 revents; } PollFd;
typedef struct { gint64 seconds; gint64 nanoseconds; } TimeSpec;

extern gssize sys_process_vm_readv (gint32 pid, IoVec *local, gulong locals, IoVec *remote, gulong remotes, gulong flags);
extern gssize sys_sendmsg (gint32 fd, Message *message, gint32 flags);
extern gint32 sys_poll (PollFd *fds, gulong count, gint32 ms);
extern gint32 sys_clock_gettime (gint32 clock, TimeSpec *out);
extern gint32 sys_close (gint32 fd);
extern gint32 sys_getpid (void);
extern gint32 sys_gettid (void);
extern gint32 *sys_errno (void);
extern void *sys_pthread_getspecific (guint32 key);
extern gint32 sys_pthread_setspecific (guint32 key, void *value);
extern guint32 crc_instruction (guint32 crc, const guint8 *bytes, gsize size);
extern gint32 has_crc_instruction;
extern gint32 wire_fd;
extern guint32 thread_key;
extern guint32 crc_table[8][256];

#define FRAME_HEAD 36
#define CHUNK_HEAD 20
#define CHUNK_MOST 1044480
#define INLINE_MOST 16384
#define BUFFER_MOST (64ull << 20)
#define PATIENCE_MS 50
#define STALL_MS 10000
#define DEPTH 64
#define ARGUMENTS 16
#define OPERATIONS 64

enum { MODULE = 2, METHOD = 3, ENTER = 4, LEAVE = 5, ARGUMENT = 6, LOSS = 9, CHUNK = 0xf002, SEND = 0xf003, BYE = 0xf004 };
enum { RETURNED = 0, UNWOUND = 3 };
enum { NOTHING = 0, INLINE = 1, BLOB = 2, UNREADABLE = 4, DROPPED = 5 };

/* Steps of a length, operands before their operator; layout as plan.ts writes it. */
typedef struct { guint64 kind; guint64 value; } Operation;
typedef struct {
  gint32 index;            /* -1: the result */
  guint32 flags;           /* 1 in, 2 out, 4 bytes are wanted, 8 a text that ends with 0, 16 perhaps no address */
  guint64 limit;
  const guint8 *before_in; /* the encoded fields before the address */
  guint64 before_in_size;
  const guint8 *before_out;
  guint64 before_out_size;
  guint64 operations;      /* 0: unknown length */
  Operation length[OPERATIONS];
} Argument;
typedef struct {
  guint32 method;
  guint32 arguments;
  guint64 calls;           /* after which it falls silent; 0: never */
  guint64 every;
  guint64 seen;
  Argument argument[ARGUMENTS];
} Hook;

typedef struct { guint64 call; gsize mark; guint32 method; } Open;
typedef struct { guint64 call; guint64 values[ARGUMENTS]; } Invocation;
typedef struct {
  Pages events, chunks;    /* of the batch */
  guint64 copied, dropped; /* bytes of buffers: that are in the batch, and that are not although they were wanted */
  guint32 broken;          /* there was no memory for an event: the batch cannot be sent */
  guint32 buffers; guint32 tid;
  guint64 enters; guint64 count;
  guint32 depth;
  Open open[DEPTH];
} Thread;

/* A module's own variables cannot be written: its state is memory of JavaScript's, all 0 at first. */
typedef struct {
  GMutex sending;
  GMutex counting;
  guint64 last_call;
  guint64 lost_calls, lost_events, lost_bytes;
  guint64 told_calls, told_events, told_bytes;
  gint32 owner;
} State;
extern State state;

static guint64 now (void) { TimeSpec t; sys_clock_gettime (1, &t); return (guint64) t.seconds * 1000000000ull + (guint64) t.nanoseconds; }

static guint32 crc_more (guint32 crc, const guint8 *p, gsize n)
{
  if (has_crc_instruction) return crc_instruction (crc, p, n);
  for (; n >= 8; n -= 8, p += 8) {
    guint32 a, b;
    memcpy (&a, p, 4); memcpy (&b, p + 4, 4);
    a ^= crc;
    crc = crc_table[7][a & 255] ^ crc_table[6][a >> 8 & 255] ^ crc_table[5][a >> 16 & 255] ^ crc_table[4][a >> 24]
        ^ crc_table[3][b & 255] ^ crc_table[2][b >> 8 & 255] ^ crc_table[1][b >> 16 & 255] ^ crc_table[0][b >> 24];
  }
  for (; n > 0; n--, p++) crc = crc_table[0][(crc ^ *p) & 255] ^ crc >> 8;
  return crc;
}

static Thread *this_thread (void)
{
  Thread *t = sys_pthread_getspecific (thread_key);
  if (t == NULL) {
    t = g_malloc0 (sizeof (Thread));
    t->tid = (guint32) sys_gettid ();
    sys_pthread_setspecific (thread_key, t);
  }
  return t;
}

void thread_gone (void *state) { Thread *t = state; give_back (&t->events); give_back (&t->chunks); g_free (t); }

static guint8 *put32 (guint8 *p, guint32 v) { memcpy (p, &v, 4); return p + 4; }
static guint8 *put64 (guint8 *p, guint64 v) { memcpy (p, &v, 8); return p + 8; }

/* The payload stands at frame + 36 already. */
static void seal (guint8 *frame, guint32 kind, guint64 time, guint32 tid, guint64 call, gsize payload)
{
  guint8 *p = put32 (frame, (guint32) payload);
  guint32 crc;
  p = put32 (p, kind);
  p = put64 (p, time);
  p = put32 (p, (guint32) state.owner);
  p = put32 (p, tid);
  p = put64 (p, call);
  crc = crc_more (0xffffffff, frame, 32);
  put32 (p, crc ^ 0xffffffff);
  crc = crc_more (crc, frame + 32, 4 + payload);
  put32 (frame + FRAME_HEAD + payload, crc ^ 0xffffffff);
}

static void count_event (Thread *t, guint32 kind)
{
  if (kind < CHUNK) t->count++;
  if (kind == ENTER) t->enters++;
}

/* NULL: there is no memory; the event is counted, and the batch will be lost. There is always room left for a mark. */
static guint8 *begin_event (Thread *t, guint32 kind, gsize most)
{
  guint8 *frame = room_for (&t->events, FRAME_HEAD + most + 4 + FRAME_HEAD + 4);
  if (frame != NULL) return frame + FRAME_HEAD;
  t->broken = 1;
  count_event (t, kind);
  return NULL;
}
static void end_event (Thread *t, guint32 kind, guint64 call, guint8 *end)
{
  guint8 *frame = t->events.bytes + t->events.size;
  gsize payload = (gsize) (end - frame) - FRAME_HEAD;
  seal (frame, kind, now (), t->tid, call, payload);
  t->events.size += FRAME_HEAD + payload + 4;
  count_event (t, kind);
}

static gssize read_memory (void *to, guint64 from, gsize size)
{
  IoVec local, remote;
  local.base = to; local.size = size;
  remote.base = (void *) from; remote.size = size;
  return sys_process_vm_readv (state.owner, &local, 1, &remote, 1, 0);
}

/* Into chunks of the batch, which has room for them; gives what could be read. */
static guint64 copy_chunks (Thread *t, guint64 address, guint64 size)
{
  gsize first = t->chunks.size;
  guint64 done = 0, at;
  guint64 time = now ();
  guint8 *p;
  while (done < size) {
    gsize want = size - done < CHUNK_MOST ? (gsize) (size - done) : CHUNK_MOST;
    gssize got = read_memory (t->chunks.bytes + t->chunks.size + FRAME_HEAD + CHUNK_HEAD, address + done, want);
    if (got <= 0) break;
    t->chunks.size += FRAME_HEAD + CHUNK_HEAD + (gsize) got + 4;
    done += (guint64) got;
    if ((gsize) got < want) break;
  }
  p = t->chunks.bytes + first;
  for (at = 0; at < done;) {
    gsize part = done - at < CHUNK_MOST ? (gsize) (done - at) : CHUNK_MOST;
    put64 (put64 (put32 (p + FRAME_HEAD, t->buffers), done), at);
    seal (p, CHUNK, time, t->tid, 0, CHUNK_HEAD + part);
    p += FRAME_HEAD + CHUNK_HEAD + part + 4;
    at += part;
  }
  if (done > 0) t->buffers++;
  return done;
}

/* Whether the batch has room for so much. */
static int may_copy (Thread *t, guint64 most)
{
  gsize frames = (gsize) (most / CHUNK_MOST + 1) * (FRAME_HEAD + CHUNK_HEAD + 4);
  if (most > COPIED_MOST - t->copied) return 0;
  return most <= INLINE_MOST || room_for (&t->chunks, (gsize) most + frames) != NULL;
}

static guint8 *put_held (guint8 *p, int held, guint64 captured) { *p++ = (guint8) held; return put64 (p, captured); }

/* What follows an argument's length, and whether its bytes could be read. */
static guint8 *put_bytes (Thread *t, guint8 *p, guint64 address, guint64 most, int *readable)
{
  guint64 captured = 0;
  if (!may_copy (t, most)) {
    guint8 probe; /* what cannot be read is not lost */
    if (read_memory (&probe, address, 1) > 0) {
      t->dropped += most;
      return put_held (p, DROPPED, 0);
    }
  } else if (most > INLINE_MOST) {
    captured = copy_chunks (t, address, most);
  } else {
    gssize got = read_memory (p + 9, address, (gsize) most);
    if (got > 0) captured = (guint64) got;
  }
  t->copied += captured;
  *readable = captured > 0;
  if (captured == 0) return put_held (p, UNREADABLE, 0);
  p = put_held (p, most > INLINE_MOST ? BLOB : INLINE, captured);
  if (most <= INLINE_MOST) return p + captured;
  memset (put32 (p, t->buffers - 1), 0, 28);
  return p + 32;
}

static void add_argument (Thread *t, guint64 call, const guint8 *before, gsize before_size, guint64 address, guint64 length, guint64 limit, int wanted, int guess)
{
  guint64 most = length < limit ? length : limit;
  guint8 *p = begin_event (t, ARGUMENT, before_size + 25 + 32 + INLINE_MOST), *at_length;
  int readable = 1;
  if (p == NULL) return;
  if (most > BUFFER_MOST) most = BUFFER_MOST;
  memcpy (p, before, before_size);
  at_length = put64 (p + before_size, address);
  p = put64 (at_length, length);
  p = wanted && length != 0 ? put_bytes (t, p, address, most, &readable) : put_held (p, NOTHING, 0);
  if (!readable && guess) p = put_held (put64 (at_length, 0), NOTHING, 0);
  end_event (t, ARGUMENT, call, p);
}

${hotSendingSource}
static guint64 new_call (Hook *h)
{
  guint64 call = 0;
  g_mutex_lock (&state.counting);
  if (h == NULL) {
    call = ++state.last_call;
  } else {
    h->seen++;
    if ((h->calls == 0 || h->seen <= h->calls) && (h->seen - 1) % h->every == 0) call = ++state.last_call;
  }
  g_mutex_unlock (&state.counting);
  return call;
}

static void add_leave (Thread *t, guint64 call, guint32 method, int outcome, guint64 value)
{
  guint8 *p = begin_event (t, LEAVE, 32);
  if (p == NULL) return;
  p = put32 (p, method);
  *p++ = (guint8) outcome;
  p = put32 (put64 (p, value), 0);
  end_event (t, LEAVE, call, p);
}

/* Calls whose frames lie below the stack of now never returned: an exception or a long jump passed through them. */
static void close_below (Thread *t, gsize mark)
{
  while (t->depth > 0 && t->open[t->depth - 1].mark <= mark) {
    Open *o = &t->open[--t->depth];
    add_leave (t, o->call, o->method, UNWOUND, 0);
  }
}

static void add_enter (Thread *t, guint64 call, guint32 method, guint64 caller)
{
  guint8 *p = begin_event (t, ENTER, 32);
  if (p == NULL) return;
  p = put64 (put32 (p, method), caller);
  p = put64 (p, t->depth > 0 ? t->open[t->depth - 1].call : 0);
  end_event (t, ENTER, call, p);
}

/* 0: unknown (an argument that is not there, overflow, division by 0). */
static int length_of (const Argument *a, const guint64 *values, guint64 result, int has_result, guint64 *out)
{
  guint64 stack[OPERATIONS];
  int n = 0;
  guint64 i;
  for (i = 0; i < a->operations; i++) {
    const Operation *o = &a->length[i];
    if (o->kind == 0) { stack[n++] = o->value; continue; }
    if (o->kind == 1) { if (o->value >= ARGUMENTS) return 0; stack[n++] = values[o->value]; continue; }
    if (o->kind == 2) { if (!has_result) return 0; stack[n++] = result; continue; }
    {
      guint64 y = stack[--n], x = stack[n - 1], z = 0;
      if (o->kind == 3) { z = x + y; if (z < x) return 0; }
      if (o->kind == 4) { if (y > x) return 0; z = x - y; }
      if (o->kind == 5) { z = x * y; if (x != 0 && z / x != y) return 0; }
      if (o->kind == 6) { if (y == 0) return 0; z = x / y; }
      stack[n - 1] = z;
    }
  }
  if (n != 1) return 0;
  *out = stack[0];
  return 1;
}

/* Bytes of a text with its 0; as many as are mapped. */
static guint64 text_length (guint64 address, guint64 limit)
{
  guint8 part[256];
  guint64 length = 0;
  while (length < limit) {
    gsize want = 256 - (gsize) ((address + length) & 255);
    gssize got = read_memory (part, address + length, want), i;
    if (got <= 0) return length;
    for (i = 0; i < got; i++) if (part[i] == 0) return length + (guint64) i + 1;
    length += (guint64) got;
  }
  return limit;
}

static void add_plan_argument (Thread *t, const Argument *a, guint64 call, const guint64 *values, guint64 result, int out)
{
  guint64 value = a->index < 0 ? result : values[a->index];
  guint64 length = 0;
  int wanted = (a->flags & 4) != 0 && value != 0;
  if (wanted && a->operations > 0) wanted = length_of (a, values, result, out, &length);
  else if (wanted && (a->flags & 8)) length = text_length (value, a->limit);
  else wanted = 0;
  add_argument (t, call, out ? a->before_out : a->before_in, (gsize) (out ? a->before_out_size : a->before_in_size), value, length, a->limit, wanted, (a->flags & 16) != 0);
}

void onEnter (GumInvocationContext *ic)
{
  Hook *h = gum_invocation_context_get_listener_function_data (ic);
  Invocation *call = gum_invocation_context_get_listener_invocation_data (ic, sizeof (Invocation));
  Thread *t;
  guint32 i;
  gsize here = (gsize) &t;
  call->call = wire_fd < 0 ? 0 : new_call (h);
  if (call->call == 0) return;
  t = this_thread ();
  close_below (t, here);
  for (i = 0; i < ARGUMENTS; i++) call->values[i] = i < 8 ? (guint64) gum_invocation_context_get_nth_argument (ic, i) : 0;
  add_enter (t, call->call, h->method, (guint64) gum_invocation_context_get_return_address (ic));
  for (i = 0; i < h->arguments; i++)
    if (h->argument[i].flags & 1) add_plan_argument (t, &h->argument[i], call->call, call->values, 0, 0);
  if (!send_batch (t, PATIENCE_MS)) { call->call = 0; return; }
  if (t->depth < DEPTH) {
    Open *o = &t->open[t->depth++];
    o->call = call->call; o->mark = here; o->method = h->method;
  }
}

void onLeave (GumInvocationContext *ic)
{
  Hook *h = gum_invocation_context_get_listener_function_data (ic);
  Invocation *call = gum_invocation_context_get_listener_invocation_data (ic, sizeof (Invocation));
  Thread *t;
  guint64 result;
  guint32 i;
  if (call->call == 0) return;
  t = this_thread ();
  while (t->depth > 0 && t->open[t->depth - 1].call != call->call) {
    Open *o = &t->open[t->depth - 1];
    if (o->call < call->call) break; /* an outer one: this call stood too deep to be kept */
    t->depth--;
    add_leave (t, o->call, o->method, UNWOUND, 0);
  }
  if (t->depth > 0 && t->open[t->depth - 1].call == call->call) t->depth--;
  result = (guint64) gum_invocation_context_get_return_value (ic);
  for (i = 0; i < h->arguments; i++)
    if (h->argument[i].flags & 2) add_plan_argument (t, &h->argument[i], call->call, call->values, result, 1);
  add_leave (t, call->call, h->method, RETURNED, result);
  send_batch (t, PATIENCE_MS);
}

/* For what JavaScript finds out itself: runtimes, whose tensors it walks. All on the thread of the call. */
void wire_own (void) { state.owner = sys_getpid (); }
guint64 call_begin (guint32 method, guint64 caller)
{
  Thread *t = this_thread ();
  guint64 call;
  if (wire_fd < 0) return 0;
  call = new_call (NULL);
  add_enter (t, call, method, caller);
  return call;
}
void call_argument (guint64 call, const guint8 *before, guint32 before_size, guint64 address, guint64 length, guint64 limit)
{
  add_argument (this_thread (), call, before, before_size, address, length, limit, address != 0, 0);
}
void call_end (guint64 call, guint32 method, guint64 value) { add_leave (this_thread (), call, method, RETURNED, value); }
void wire_event (guint32 kind, guint64 call, const guint8 *payload, guint32 size)
{
  Thread *t = this_thread ();
  guint8 *p = begin_event (t, kind, size);
  if (p == NULL) return;
  memcpy (p, payload, size);
  end_event (t, kind, call, p + size);
}
/* A call waits shortly; definitions as long as it takes, for later events need them. */
gint32 wire_send (gint32 definitions) { return send_batch (this_thread (), definitions ? STALL_MS : PATIENCE_MS); }
void wire_close (void)
{
  guint8 mark[64];
  IoVec iov;
  g_mutex_lock (&state.sending);
  if (wire_fd >= 0 && sys_getpid () == state.owner && tell_losses (STALL_MS) == 1) {
    iov.base = mark; iov.size = (gsize) (put_mark (mark, BYE) - mark);
    send_all (&iov, 1, STALL_MS);
  }
  hang_up ();
  g_mutex_unlock (&state.sending);
}
void wire_losses (guint64 *out) { out[0] = state.lost_calls; out[1] = state.lost_events; out[2] = state.lost_bytes; }
`;
