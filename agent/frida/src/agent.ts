// SPDX-License-Identifier: Apache-2.0
// The agent's beginning and end. Whoever loads it calls init() with the collector and the plan: Python's bindings, frida-inject (-P), or a gadget in script mode.
import { Hooks } from "./hooks.js";
import { checkPlan, Plan } from "./plan.js";
import { Wire, WireOptions } from "./wire.js";

interface Parameters extends WireOptions { plan: Plan }

let wire: Wire | null = null;
let hooks: Hooks | null = null;

function stop(): void {
  hooks?.stop();
  wire?.close();
  hooks = null;
  wire = null;
}

rpc.exports = {
  init(_stage: string, parameters: Parameters): number {
    if (wire !== null) throw new Error("the agent runs already");
    checkPlan(parameters.plan);
    wire = new Wire(parameters);
    hooks = new Hooks(wire, parameters.plan);
    hooks.start();
    return hooks.count;
  },
  dispose(): void { stop(); },
  stop,
};
