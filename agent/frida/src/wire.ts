// SPDX-License-Identifier: Apache-2.0
// The connection to a collector, and the parts of events that JavaScript writes: definitions, notes, what stands before an argument's address.
// docs/formats/wire.md and trace.md.
import { hotPathSource } from "./hot_path.js";

// crc32 of 8 bytes, then of 1, in a loop; (crc, bytes, size) as C passes them.
const crcOfX64 = "89f84889d148c1e903740ff2480f38f1064883c60848ffc975f183e207740cf20f38f00648ffc6ffca75f4c3";
const crcOfArm64 = "43fc43d3a30000b4248440f8005cc49a630400f1a1ffff5442084092a20000b4241440380050c41a420400f1a1ffff54c0035fd6";

export interface WireOptions {
  collector: string; // "unix:PATH", "unix:@NAME", "tcp:127.0.0.1:PORT"
  token: string;
}

export enum Kind { Module = 2, Method = 3, Note = 10 }
export enum Level { Info = 2, Warning = 3, Error = 4 }

const kMostText = 64 << 10;

/** Little-endian fields, texts with their length before them. */
export class Payload {
  private parts: number[] = [];
  u8(v: number): this { this.parts.push(v & 255); return this; }
  u16(v: number): this { return this.u8(v).u8(v >>> 8); }
  u32(v: number): this { return this.u16(v & 0xffff).u16(v >>> 16); }
  u64(v: UInt64 | number): this {
    const value = typeof v === "number" ? uint64(v) : v;
    return this.u32(value.and(0xffffffff).toNumber()).u32(value.shr(32).toNumber());
  }
  text(v: string): this {
    const bytes = utf8(v).slice(0, kMostText);
    this.u32(bytes.length);
    for (const byte of bytes) this.parts.push(byte);
    return this;
  }
  bytes(): number[] { return this.parts; }
}

// By hand: this engine has no TextEncoder.
export function utf8(text: string): number[] {
  const out: number[] = [];
  for (const c of text) {
    const p = c.codePointAt(0)!;
    if (p < 0x80) out.push(p);
    else if (p < 0x800) out.push(0xc0 | p >> 6, 0x80 | p & 63);
    else if (p < 0x10000) out.push(0xe0 | p >> 12, 0x80 | p >> 6 & 63, 0x80 | p & 63);
    else out.push(0xf0 | p >> 18, 0x80 | p >> 12 & 63, 0x80 | p >> 6 & 63, 0x80 | p & 63);
  }
  return out;
}

/** Memory that lives as long as the agent. */
const kept: NativePointer[] = [];
export function keep(bytes: number[]): NativePointer {
  const memory = Memory.alloc(Math.max(bytes.length, 1));
  if (bytes.length > 0) memory.writeByteArray(bytes);
  kept.push(memory);
  return memory;
}

/** Memory that goes with the last reference to it. Not one that is used again: while native code runs, other threads run JavaScript. */
export function lent(bytes: number[]): NativePointer { return Memory.alloc(Math.max(bytes.length, 1)).writeByteArray(bytes); }

/** What stands in an argument event before its address. */
export function argumentHead(index: number, out: boolean, name: string, type: string, dtype: string, shape: number[]): number[] {
  const p = new Payload().u32(index >>> 0).u8(out ? 1 : 0).text(name).text(type).text(dtype).u8(Math.min(shape.length, 32));
  for (const each of shape.slice(0, 32)) p.u64(each);
  return p.bytes();
}

function libc(name: string): NativePointer { return Module.getGlobalExportByName(name); }

function crcTable(): NativePointer {
  const table: number[][] = [[]];
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1 ? 0x82f63b78 ^ crc >>> 1 : crc >>> 1) >>> 0;
    table[0].push(crc);
  }
  for (let slice = 1; slice < 8; slice++) {
    table.push(table[slice - 1].map(crc => (table[0][crc & 255] ^ crc >>> 8) >>> 0));
  }
  const memory = Memory.alloc(8 * 256 * 4);
  table.flat().forEach((crc, i) => memory.add(4 * i).writeU32(crc));
  kept.push(memory);
  return memory;
}

/** The processor's own instruction, where it has one: a table takes longer than the copy. */
function crcInstruction(): NativePointer | null {
  let features = "";
  try { features = File.readAllText("/proc/cpuinfo"); } catch { return null; }
  const x64 = Process.arch === "x64" && /\bsse4_2\b/.test(features);
  const arm64 = Process.arch === "arm64" && /\bcrc32\b/.test(features);
  if (!x64 && !arm64) return null;
  const code = (x64 ? crcOfX64 : crcOfArm64).match(/../g)!.map(byte => parseInt(byte, 16));
  const page = Memory.alloc(Process.pageSize);
  Memory.patchCode(page, code.length, at => { at.writeByteArray(code); });
  kept.push(page);
  return page;
}

export class Wire {
  readonly hotPath: CModule;
  private readonly fd: NativePointer;
  private readonly key: NativePointer;
  private readonly sendEvents: NativeFunction<number, [number]>;
  private readonly addEvent: NativeFunction<void, [number, UInt64 | number, NativePointerValue, number]>;
  readonly callBegin: NativeFunction<UInt64, [number, UInt64]>;
  readonly callArgument: NativeFunction<void, [UInt64, NativePointerValue, number, UInt64, UInt64 | number, UInt64 | number]>;
  readonly callEnd: NativeFunction<void, [UInt64, number, UInt64]>;
  private lastMethod = 0;
  private readonly modules = new Map<string, number>();

  constructor(options: WireOptions) {
    this.fd = keep([255, 255, 255, 255]);
    this.key = keep([0, 0, 0, 0]);
    const crc = crcInstruction();
    const symbols: Record<string, NativePointer> = {
      wire_fd: this.fd, thread_key: this.key, state: keep(new Array(256).fill(0)), crc_table: crcTable(), has_crc_instruction: keep([crc === null ? 0 : 1, 0, 0, 0]),
      crc_instruction: crc ?? libc("getpid"), // never called where there is none
      sys_errno: Module.findGlobalExportByName("__errno_location") ?? libc("__errno"),
    };
    for (const name of ["process_vm_readv", "sendmsg", "poll", "mmap", "mremap", "munmap", "clock_gettime", "close", "getpid", "gettid", "pthread_getspecific", "pthread_setspecific"]) symbols["sys_" + name] = libc(name);
    this.hotPath = new CModule(hotPathSource, symbols);
    const f = this.hotPath as unknown as Record<string, NativePointer>;
    const created = new NativeFunction(libc("pthread_key_create"), "int", ["pointer", "pointer"])(this.key, f.thread_gone);
    if (created !== 0) throw new Error("the process has no key left for the state of threads");
    new NativeFunction(f.wire_own, "void", [])();
    this.sendEvents = new NativeFunction(f.wire_send, "int", ["int"]);
    this.addEvent = new NativeFunction(f.wire_event, "void", ["uint32", "uint64", "pointer", "uint32"]);
    this.callBegin = new NativeFunction(f.call_begin, "uint64", ["uint32", "uint64"]);
    this.callArgument = new NativeFunction(f.call_argument, "void", ["uint64", "pointer", "uint32", "uint64", "uint64", "uint64"]);
    this.callEnd = new NativeFunction(f.call_end, "void", ["uint64", "uint32", "uint64"]);
    this.fd.writeS32(connect(options.collector));
    this.hello(options.token);
  }

  private hello(token: string): void {
    const time = Memory.alloc(16);
    new NativeFunction(libc("clock_gettime"), "int", ["int", "pointer"])(1, time);
    const ns = uint64(time.readU64().toString()).toString();
    const clock = uint64((BigInt(ns) * 1000000000n + BigInt(time.add(8).readU64().toString())).toString());
    const abi = ({ x64: "x86_64", arm64: "arm64-v8a", ia32: "x86", arm: "armeabi-v7a" } as Record<string, string>)[Process.arch];
    const name = Process.mainModule.name;
    this.event(0xf001, new Payload().u16(1).u32(Process.id).u64(clock).text("frida").text(abi).text(name).text(token));
    if (!this.send()) throw new Error("the collector does not take the greeting");
  }

  event(kind: number, payload: Payload): void {
    const bytes = payload.bytes();
    this.addEvent(kind, 0, lent(bytes), bytes.length);
  }
  /** Definitions and notes that were added since the last time. */
  send(): boolean { return this.sendEvents(1) === 1; }
  /** The batch of a call; false if it was dropped. */
  sendCall(): boolean { return this.sendEvents(0) === 1; }

  note(level: Level, where: string, text: string): void {
    this.event(Kind.Note, new Payload().u8(level).text(where).text(text));
    this.send();
  }

  /** On the thread of a call, between its batches: it waits no longer than the call does; false if it was dropped. */
  noteInCall(level: Level, where: string, text: string): boolean {
    this.event(Kind.Note, new Payload().u8(level).text(where).text(text));
    return this.sendCall();
  }

  module(m: Module): number {
    const known = this.modules.get(m.path + m.base);
    if (known !== undefined) return known;
    const id = this.modules.size + 1;
    this.modules.set(m.path + m.base, id);
    this.event(Kind.Module, new Payload().u32(id).text(m.name).u8(1).text(m.path).text("").u64(uint64(m.base.toString())).u64(m.size));
    return id;
  }

  /** Kinds: 2 export, 3 import, 4 offset, as the trace has them. The text is a selector. */
  method(kind: number, selector: string, m: Module | null, address: NativePointer): number {
    const module = m === null ? 0 : this.module(m);
    const id = ++this.lastMethod;
    const offset = m === null ? uint64(0) : uint64(address.sub(m.base).toString());
    this.event(Kind.Method, new Payload().u32(id).u8(kind).text(selector).u32(module).u64(offset).text(""));
    this.send();
    return id;
  }

  close(): void {
    new NativeFunction((this.hotPath as unknown as Record<string, NativePointer>).wire_close, "void", [])();
  }
  /** Before the code is unmapped: threads that end later must not call into it. */
  forgetThreads(): void { new NativeFunction(libc("pthread_key_delete"), "int", ["uint32"])(this.key.readU32()); }
}

function connect(collector: string): number {
  const socket = new NativeFunction(libc("socket"), "int", ["int", "int", "int"]);
  const connectTo = new NativeFunction(libc("connect"), "int", ["int", "pointer", "uint32"]);
  const closeOnExec = 0x80000;
  const address = Memory.alloc(128);
  let fd = -1;
  let size = 0;
  const tcp = /^tcp:(127\.0\.0\.1|localhost):(\d+)$/.exec(collector);
  if (collector.startsWith("unix:")) {
    const path = utf8(collector.slice(5));
    if (path.length > 107) throw new Error("the collector's path is longer than a socket's may be");
    if (path[0] === 64) path[0] = 0; // "@": the abstract namespace
    address.writeU16(1);
    address.add(2).writeByteArray(path);
    size = 2 + path.length + (path[0] === 0 ? 0 : 1);
    fd = socket(1, 1 | closeOnExec, 0) as number;
  } else if (tcp !== null) {
    const port = parseInt(tcp[2]);
    address.writeByteArray([2, 0, port >> 8, port & 255, 127, 0, 0, 1]);
    size = 16;
    fd = socket(2, 1 | closeOnExec, 0) as number;
  } else {
    throw new Error("the collector is neither unix:PATH nor tcp:127.0.0.1:PORT: " + collector);
  }
  if (fd < 0 || connectTo(fd, address, size) !== 0) throw new Error("there is no collector at " + collector);
  return fd;
}
