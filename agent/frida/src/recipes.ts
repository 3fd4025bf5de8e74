// SPDX-License-Identifier: Apache-2.0
// Runtimes whose calls the agent knows: which function runs a model, and how its tensors are found from there.
import { argumentHead, lent, Level, Wire } from "./wire.js";

/** A tensor at the moment of a call. */
interface Tensor { name: string; dtype: string; shape: number[]; address: NativePointer; bytes: number }

export interface Recipe {
  name: string;
  /** Puts hooks on the library if it is the runtime; none if it is not. */
  watch(wire: Wire, module: Module): InvocationListener[];
}

const kMostTensors = 256; // that are told of one call in each direction
const kMostGraph = 1 << 16; // tensors of a graph, constants included
const kMostRank = 32;
const kMostName = 512;
const kMostBytes = 64 << 20;

function nameAt(p: NativePointer): string {
  if (p.isNull()) return "";
  try { return p.readUtf8String()?.slice(0, kMostName) ?? ""; } catch { return ""; }
}

/** What a walk did not find, by its kind: a note for the first of each, or the trace would pass for complete. */
class Gaps {
  private readonly told = new Set<string>();
  private readonly waiting = new Map<string, string>();
  constructor(private readonly wire: Wire, private readonly selector: string) {}

  add(kind: string, text: string): void { if (!this.told.has(kind)) this.waiting.set(kind, text); }

  /** Between batches: a note in the batch of a call would be lost with it. What is lost all the same waits for the next call. */
  tell(): void {
    for (const [kind, text] of [...this.waiting]) {
      this.waiting.delete(kind);
      this.told.add(kind);
      if (!this.wire.noteInCall(Level.Warning, "frida", this.selector + ": " + text)) {
        this.told.delete(kind);
        this.waiting.set(kind, text);
      }
    }
  }
}

/** Tells only the first of so many; the others are a gap. */
function atMost(count: number, most: number, kind: string, gaps: Gaps): number {
  if (count > most) gaps.add("most " + kind, "of " + count + " " + kind + " the first " + most + " are told");
  return Math.min(count, most);
}

/** A hook that tells the tensors before and after. `before` is asked on entry, `after` when the function has returned. */
function watchRun(wire: Wire, module: Module, address: NativePointer, selector: string, before: (args: InvocationArguments, gaps: Gaps) => Tensor[],
  after: (args: NativePointer[], gaps: Gaps) => Tensor[], registers: number): InvocationListener {
  const method = wire.method(2, selector, module, address);
  const gaps = new Gaps(wire, selector);
  const tell = (call: UInt64, tensors: Tensor[], out: boolean): void => {
    tensors.slice(0, atMost(tensors.length, kMostTensors, out ? "tensors after a call" : "tensors before a call", gaps)).forEach((tensor, i) => {
      const head = argumentHead(i, out, tensor.name, "tensor", tensor.dtype, tensor.shape);
      wire.callArgument(call, lent(head), head.length, uint64(tensor.address.toString()), tensor.bytes, kMostBytes);
    });
  };
  const guarded = (when: string, what: () => Tensor[]): Tensor[] => {
    try { return what(); } catch (error) {
      gaps.add(when, "calls without tensors, which could not be walked " + when + ": " + error);
      return [];
    }
  };
  return Interceptor.attach(address, {
    onEnter(args) {
      this.call = wire.callBegin(method, uint64(this.returnAddress.toString()));
      this.args = Array.from({ length: registers }, (_, i) => args[i]);
      tell(this.call, guarded("before", () => before(args, gaps)), false);
      this.sent = wire.sendCall();
      gaps.tell();
    },
    onLeave(value) {
      if (!this.sent) return;
      tell(this.call, guarded("after", () => after(this.args, gaps)), true);
      wire.callEnd(this.call, method, uint64(value.toString()));
      wire.sendCall();
      gaps.tell();
    },
  });
}

// TfLiteType.
const kTfLiteTypes = ["", "float32", "int32", "uint8", "int64", "string", "bool", "int16", "complex64", "int8", "float16", "float64", "complex128", "uint64", "resource", "variant", "uint32", "uint16", "int4"];

/** TensorFlow Lite and LiteRT by the C API that they export. */
const tfliteExports: Recipe = {
  name: "tflite",
  watch(wire, module) {
    const invoke = module.findExportByName("TfLiteInterpreterInvoke");
    if (invoke === null) return [];
    const f = (name: string): NativePointer => module.getExportByName(name);
    const p = "pointer" as const;
    const counts = [false, true].map(out => new NativeFunction(f(`TfLiteInterpreterGet${out ? "Output" : "Input"}TensorCount`), "int", [p]));
    const gets = [false, true].map(out => new NativeFunction(f(`TfLiteInterpreterGet${out ? "Output" : "Input"}Tensor`), p, [p, "int"]));
    const type = new NativeFunction(f("TfLiteTensorType"), "int", [p]);
    const rank = new NativeFunction(f("TfLiteTensorNumDims"), "int", [p]);
    const dim = new NativeFunction(f("TfLiteTensorDim"), "int", [p, "int"]);
    const bytes = new NativeFunction(f("TfLiteTensorByteSize"), "size_t", [p]);
    const data = new NativeFunction(f("TfLiteTensorData"), p, [p]);
    const name = new NativeFunction(f("TfLiteTensorName"), p, [p]);
    const walk = (interpreter: NativePointer, out: boolean, gaps: Gaps): Tensor[] => {
      const tensors: Tensor[] = [];
      const count = atMost(counts[+out](interpreter), kMostTensors, out ? "outputs" : "inputs", gaps);
      for (let i = 0; i < count; i++) {
        const t = gets[+out](interpreter, i);
        if (t.isNull()) { gaps.add("null", "a tensor that the runtime does not give is not told"); continue; }
        const dims = atMost(rank(t), kMostRank, "dimensions", gaps);
        const shape: number[] = [];
        for (let d = 0; d < dims; d++) shape.push(dim(t, d));
        tensors.push({ name: nameAt(name(t)), dtype: kTfLiteTypes[type(t)] ?? "", shape, address: data(t), bytes: Number(bytes(t)) });
      }
      return tensors;
    };
    return [watchRun(wire, module, invoke, "so:" + module.name + "!TfLiteInterpreterInvoke", (args, gaps) => walk(args[0], false, gaps), (args, gaps) => walk(args[0], true, gaps), 1)];
  },
};

// TfLiteContext begins with the number of tensors, a function and the tensors; TfLiteTensor of 64-bit builds:
// type @0, data @8, dims @16, allocation @32, bytes @40, name @56. Its size changed between versions: it is measured.
const kTensorSizes = [112, 120, 128, 136, 144, 104, 96];
const kContextOffsets = [0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96];
const kConstant = 1; // allocation: mapped with the model

function allocationOf(t: NativePointer): number { return t.add(32).readU32(); }

function readTensor(t: NativePointer): Tensor | null {
  const type = t.readU32();
  const dims = t.add(16).readPointer();
  const bytes = t.add(40).readU64();
  if (type >= kTfLiteTypes.length || bytes.compare(uint64("0x100000000")) >= 0) return null;
  const shape: number[] = [];
  if (!dims.isNull()) {
    const rank = dims.readS32();
    if (rank < 0 || rank > kMostRank) return null;
    for (let d = 0; d < rank; d++) shape.push(dims.add(4 + 4 * d).readS32());
    if (shape.some(each => each < 0)) return null;
  }
  if (allocationOf(t) > 16) return null;
  return { name: nameAt(t.add(56).readPointer()), dtype: kTfLiteTypes[type], shape, address: t.add(8).readPointer(), bytes: bytes.toNumber() };
}

/** Where in an interpreter's graph its context lies, and how large its tensors are: the first layout by which all tensors are sound. */
function layoutOf(graph: NativePointer): { context: number; size: number } {
  for (const context of kContextOffsets) {
    try {
      const count = graph.add(context).readU64().toNumber();
      const tensors = graph.add(context + 16).readPointer();
      if (count < 1 || count > kMostGraph || tensors.compare(ptr(0x10000)) < 0) continue;
      for (const size of kTensorSizes) {
        let sound = true;
        for (let i = 0; i < Math.min(count, 64) && sound; i++) {
          const read = readTensor(tensors.add(i * size));
          sound = read !== null && sizeFits(read);
        }
        if (sound) return { context, size };
      }
    } catch { /* not mapped: not this layout */ }
  }
  throw new Error("no known layout of its tensors fits");
}

const kBytesOf: Record<string, number> = { float32: 4, int32: 4, uint8: 1, int64: 8, bool: 1, int16: 2, int8: 1, float16: 2, float64: 8, uint64: 8, uint32: 4, uint16: 2 };
function sizeFits(tensor: Tensor): boolean {
  const each = kBytesOf[tensor.dtype];
  return each === undefined || tensor.bytes === 0 || tensor.shape.reduce((a, b) => a * b, each) === tensor.bytes;
}

/** TensorFlow Lite without exports, where its symbols are left: all tensors of the graph that are no constants, before and after. */
const tfliteSymbols: Recipe = {
  name: "tflite",
  watch(wire, module) {
    if (Process.pointerSize !== 8 || module.findExportByName("TfLiteInterpreterInvoke") !== null) return [];
    const symbol = module.enumerateSymbols().find(each => each.name === "_ZN6tflite8Subgraph6InvokeEv" && !each.address.isNull());
    if (symbol === undefined) return [];
    let layout: { context: number; size: number } | null = null;
    const walk = (graph: NativePointer, gaps: Gaps): Tensor[] => {
      layout ??= layoutOf(graph);
      const count = atMost(graph.add(layout.context).readU64().toNumber(), kMostGraph, "tensors of a graph", gaps);
      const tensors = graph.add(layout.context + 16).readPointer();
      const out: Tensor[] = [];
      for (let i = 0; i < count; i++) {
        const t = tensors.add(i * layout.size);
        if (allocationOf(t) === kConstant) continue; // most of a graph: not read any further
        const read = readTensor(t);
        if (read === null) gaps.add("tensor", "tensor " + i + " is not what a tensor looks like, and is not told");
        else if (!read.address.isNull()) out.push(read);
      }
      return out;
    };
    return [watchRun(wire, module, symbol.address, "so:" + module.name + "!" + symbol.name, (args, gaps) => walk(args[0], gaps), (args, gaps) => walk(args[0], gaps), 1)];
  },
};

// Places in OrtApi, which only grows at its end.
const kOrtRun = 9, kOrtData = 51, kOrtType = 60, kOrtRank = 61, kOrtDims = 62, kOrtCount = 64, kOrtInfo = 65, kOrtReleaseStatus = 93, kOrtReleaseInfo = 99;
const kOrtVersion = 8; // the oldest table that has all of these
// ONNXTensorElementDataType.
const kOrtTypes = ["", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16", "float64", "uint32", "uint64", "complex64", "complex128", "bfloat16"];
const kOrtBytes: Record<string, number> = { ...kBytesOf, bfloat16: 2 };

/** ONNX Runtime: a table of functions behind one export. */
const onnxRuntime: Recipe = {
  name: "onnxruntime",
  watch(wire, module) {
    const base = module.findExportByName("OrtGetApiBase");
    if (base === null) return [];
    const p = "pointer" as const;
    const getApi = new NativeFunction(new NativeFunction(base, p, [])().readPointer(), p, ["uint32"]);
    const api = getApi(kOrtVersion);
    if (api.isNull()) throw new Error("it has no table of version " + kOrtVersion);
    const slot = (i: number): NativePointer => api.add(i * Process.pointerSize).readPointer();
    const status = (i: number, ...args: NativePointer[]): boolean => {
      const failed = new NativeFunction(slot(i), p, args.map(() => p) as NativeFunctionArgumentType[])(...args as []);
      if (!failed.isNull()) new NativeFunction(slot(kOrtReleaseStatus), "void", [p])(failed);
      return failed.isNull();
    };
    const tensor = (value: NativePointer, name: string, gaps: Gaps): Tensor | null => {
      const cell = Memory.alloc(8);
      if (value.isNull() || !status(kOrtInfo, value, cell)) return null;
      const info = cell.readPointer();
      try {
        if (!status(kOrtType, info, cell)) return null;
        const dtype = kOrtTypes[cell.readU32()] ?? "";
        if (!status(kOrtRank, info, cell)) return null;
        const rank = atMost(cell.readU64().toNumber(), kMostRank, "dimensions", gaps);
        const dims = Memory.alloc(8 * kMostRank);
        if (!new NativeFunction(slot(kOrtDims), p, [p, p, "size_t"])(info, dims, rank).isNull()) return null;
        if (!status(kOrtCount, info, cell)) return null;
        const bytes = cell.readU64().toNumber() * (kOrtBytes[dtype] ?? 0);
        if (!status(kOrtData, value, cell)) return null;
        const shape = Array.from({ length: rank }, (_, i) => dims.add(8 * i).readS64().toNumber());
        return { name, dtype, shape, address: cell.readPointer(), bytes };
      } finally {
        new NativeFunction(slot(kOrtReleaseInfo), "void", [p])(info);
      }
    };
    const walk = (names: NativePointer, values: NativePointer, count: number, what: string, gaps: Gaps): Tensor[] => {
      const out: Tensor[] = [];
      const most = atMost(count, kMostTensors, what, gaps);
      for (let i = 0; i < most; i++) {
        const name = nameAt(names.add(8 * i).readPointer());
        const found = tensor(values.add(8 * i).readPointer(), name, gaps);
        if (found !== null) out.push(found);
        else gaps.add("value", "the runtime does not say what is in " + name + ", which is not told");
      }
      return out;
    };
    return [watchRun(wire, module, slot(kOrtRun), "so:" + module.name + "+0x" + slot(kOrtRun).sub(module.base).toString(16),
      (args, gaps) => walk(args[2], args[3], args[4].toUInt32(), "inputs", gaps), (args, gaps) => walk(args[5], args[7], args[6].toUInt32(), "outputs", gaps), 8)];
  },
};

const kRecipes = [tfliteExports, tfliteSymbols, onnxRuntime];
export function recipesNamed(names: string[]): Recipe[] {
  for (const name of names)
    if (!kRecipes.some(each => each.name === name)) throw new Error("there is no recipe " + name + "; there are " + [...new Set(kRecipes.map(each => each.name))].join(", "));
  return kRecipes.filter(each => names.includes(each.name));
}
