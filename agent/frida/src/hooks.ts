// SPDX-License-Identifier: Apache-2.0
// Finds the functions of a plan in libraries, those that are loaded later too, and puts the hot path on them.
import { argumentHead, keep, Level, Wire } from "./wire.js";
import { kMostArguments, operations, Plan, PlanHook, wildcard } from "./plan.js";
import { Recipe, recipesNamed } from "./recipes.js";

const kOperationBytes = 16;
const kArgumentBytes = 8 + 8 + 4 * 8 + 8 + 64 * kOperationBytes;
const kHookBytes = 32 + kMostArguments * kArgumentBytes;
const kDefaultLimit = 64 << 20;
const kMostMatches = 64; // of one pattern or selector in one library

interface Found { address: NativePointer; name: string; kind: number }

function find(hook: PlanHook, module: Module): Found[] {
  const how = hook.find;
  if ("offset" in how) return [{ address: module.base.add(ptr(how.offset)), name: "", kind: 4 }];
  if ("pattern" in how) return Memory.scanSync(module.base, module.size, how.pattern).map(each => ({ address: each.address, name: "", kind: 4 }));
  const pattern = "export" in how ? how.export : how.symbol;
  if ("export" in how && pattern.length === 1) {
    const address = module.findExportByName(pattern[0]);
    return address === null ? [] : [{ address, name: pattern[0], kind: 2 }];
  }
  const wanted = wildcard(pattern);
  const out = module.enumerateExports().filter(each => each.type === "function" && wanted.test(each.name)).map(each => ({ address: each.address, name: each.name, kind: 2 }));
  if ("export" in how) return out;
  const seen = new Set(out.map(each => each.address.toString()));
  for (const each of module.enumerateSymbols()) {
    if (each.type === "function" && !each.address.isNull() && wanted.test(each.name) && !seen.has(each.address.toString())) out.push({ address: each.address, name: each.name, kind: 2 });
  }
  return out;
}

/** The struct Hook of hot_path.ts. */
function hookMemory(hook: PlanHook, method: number): NativePointer {
  const memory = keep(new Array(kHookBytes).fill(0));
  memory.writeU32(method).add(4).writeU32(hook.arguments.length);
  memory.add(8).writeU64(hook.calls ?? 0);
  memory.add(16).writeU64(Math.max(hook.every ?? 1, 1));
  hook.arguments.forEach((argument, i) => {
    const at = memory.add(32 + i * kArgumentBytes);
    const bytes = argument.length !== undefined || argument.text === true;
    at.writeS32(argument.index);
    at.add(4).writeU32((argument.in ? 1 : 0) | (argument.out ? 2 : 0) | (bytes ? 4 : 0) | (argument.text ? 8 : 0) | (argument.guess ? 16 : 0));
    at.add(8).writeU64(argument.limit ?? kDefaultLimit);
    [false, true].forEach((out, side) => {
      const head = argumentHead(argument.index, out, argument.name ?? "", argument.type ?? (argument.guess ? "" : bytes ? "void*" : "long"), argument.dtype ?? "", argument.shape ?? []);
      at.add(16 + 16 * side).writePointer(keep(head));
      at.add(24 + 16 * side).writeU64(head.length);
    });
    const steps = argument.length === undefined ? [] : operations(argument.length);
    at.add(48).writeU64(steps.length);
    steps.forEach(([kind, value], j) => {
      at.add(56 + j * kOperationBytes).writeU64(kind);
      at.add(64 + j * kOperationBytes).writeU64(value);
    });
  });
  return memory;
}

/** Watches as the plan says, from now on. Not thread safe: Frida calls it on its own thread. */
export class Hooks {
  private readonly listeners: InvocationListener[] = [];
  private readonly hooked = new Set<string>();
  private readonly recipes: Recipe[];
  private observer: ModuleObserver | null = null;

  constructor(private readonly wire: Wire, private readonly plan: Plan) { this.recipes = recipesNamed(plan.recipes); }

  start(): void {
    // Also called at once for each library that is loaded already.
    this.observer = Process.attachModuleObserver({ onAdded: module => this.see(module) });
  }

  get count(): number { return this.listeners.length; }

  private see(module: Module): void {
    for (const hook of this.plan.hooks) {
      if (!wildcard(hook.module).test(module.name)) continue;
      try {
        this.watch(hook, module);
      } catch (error) {
        this.wire.note(Level.Warning, "frida", hook.selector + " in " + module.name + ": " + error);
      }
    }
    for (const recipe of this.recipes) {
      try {
        this.listeners.push(...recipe.watch(this.wire, module));
      } catch (error) {
        this.wire.note(Level.Warning, "frida", "recipe " + recipe.name + " in " + module.name + ": " + error);
      }
    }
    Interceptor.flush();
  }

  private watch(hook: PlanHook, module: Module): void {
    const found = find(hook, module);
    if (found.length > kMostMatches) this.wire.note(Level.Warning, "frida", hook.selector + " is found " + found.length + " times in " + module.name + ": the first " + kMostMatches + " are watched");
    if (found.length === 0) this.wire.note(Level.Warning, "frida", hook.selector + " is not in " + module.name);
    for (const each of found.slice(0, kMostMatches)) {
      const key = each.address.toString();
      if (this.hooked.has(key)) continue;
      const selector = each.kind === 2 ? "so:" + escaped(module.name) + "!" + escaped(each.name) : "so:" + escaped(module.name) + "+0x" + each.address.sub(module.base).toString(16);
      const method = this.wire.method(each.kind, selector, module, each.address);
      try {
        this.listeners.push(Interceptor.attach(each.address, this.wire.hotPath as unknown as NativeInvocationListenerCallbacks, hookMemory(hook, method)));
        this.hooked.add(key);
      } catch (error) {
        this.wire.note(Level.Warning, "frida", selector + " cannot be watched: " + error);
      }
    }
  }

  stop(): void {
    this.observer?.detach();
    for (const each of this.listeners) each.detach();
    Interceptor.flush();
  }
}

/** A name as the language of selectors writes it. */
export function escaped(name: string): string {
  let out = "";
  for (const c of name) {
    if ("*!@{};()\\+".includes(c) && c !== "+") out += "\\" + c;
    else if (c <= " " || c === "\x7f") out += "\\x" + c.charCodeAt(0).toString(16).padStart(2, "0");
    else out += c;
  }
  return out;
}
