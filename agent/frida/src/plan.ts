// SPDX-License-Identifier: Apache-2.0
// What the agent is told to watch: a plan that daylight has resolved already. docs/formats/frida_plan.md.

/** Of a buffer, in bytes: a number, an argument (-1: the result), or two lengths with an operator between them. */
export type Length = { number: number | string } | { argument: number } | { op: "+" | "-" | "*" | "/"; left: Length; right: Length };

export interface PlanArgument {
  index: number; // -1: the result
  name?: string;
  type?: string;
  dtype?: string;
  shape?: number[];
  in?: boolean;
  out?: boolean;
  text?: boolean; // ends with a 0
  guess?: boolean; // it may be no address: then only the value is recorded, and nothing is called unreadable
  length?: Length; // without it, and without `text`, only the value is recorded
  limit?: number;
}

/** The texts between wildcards: ["lib", ".so"] is lib*.so, ["open"] is open itself. */
export type NamePattern = string[];

export interface PlanHook {
  selector: string;
  module: NamePattern;
  find: { export: NamePattern } | { symbol: NamePattern } | { offset: string } | { pattern: string };
  arguments: PlanArgument[];
  calls?: number;
  every?: number;
}

export interface Plan {
  hooks: PlanHook[];
  recipes: string[]; // of recipes.ts
}

export const kMostArguments = 16;
const kReadArguments = 8;
const kMostOperations = 64;
const kMostHooks = 4096;

export function wildcard(pattern: NamePattern): RegExp {
  return new RegExp("^" + pattern.map(part => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("[^]*") + "$");
}

/** Operands before their operator, as the hot path reads them. */
export function operations(length: Length): [number, UInt64][] {
  const out: [number, UInt64][] = [];
  const walk = (each: Length): void => {
    if (out.length >= kMostOperations) throw new Error("a length has more than " + kMostOperations + " parts");
    if ("number" in each) out.push([0, uint64(String(each.number))]);
    else if ("argument" in each) {
      if (each.argument >= kReadArguments) throw new Error("only the first " + kReadArguments + " arguments are read");
      out.push(each.argument < 0 ? [2, uint64(0)] : [1, uint64(each.argument)]);
    } else {
      const kind = "+-*/".indexOf(each.op);
      if (kind < 0 || each.op.length !== 1) throw new Error("a length has no operator " + each.op);
      walk(each.left);
      walk(each.right);
      out.push([3 + kind, uint64(0)]);
    }
  };
  walk(length);
  if (out.length > kMostOperations) throw new Error("a length has more than " + kMostOperations + " parts");
  return out;
}

export function checkPlan(plan: Plan): void {
  if (!Array.isArray(plan.hooks) || !Array.isArray(plan.recipes)) throw new Error("the plan has no hooks or no recipes");
  if (plan.hooks.length > kMostHooks) throw new Error("the plan has more than " + kMostHooks + " hooks");
  for (const hook of plan.hooks) {
    if (hook.arguments.length > kMostArguments) throw new Error(hook.selector + " has more than " + kMostArguments + " arguments");
    for (const argument of hook.arguments) {
      if (!Number.isInteger(argument.index) || argument.index < -1 || argument.index >= kReadArguments)
        throw new Error(hook.selector + ": only the first " + kReadArguments + " arguments are read");
      if (argument.length !== undefined) operations(argument.length);
    }
  }
}
