// SPDX-License-Identifier: Apache-2.0
// The agent's beginning and end. Whoever loads it calls init() with the collector and the plan: Python's bindings, frida-inject (-P), or a gadget in script mode.
import { Hooks } from "./hooks.js";
import { checkPlan, Plan } from "./plan.js";
import { Wire, WireOptions } from "./wire.js";

interface Parameters extends WireOptions { plan: Plan }

let wire: Wire | null = null;
let hooks: Hooks | null = null;

// The objects stay: memory and code that threads may be in at this moment are theirs.
let stopped = false;
function stop(): void {
  if (stopped) return;
  stopped = true;
  hooks?.stop();
  wire?.close();
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
  // Whoever unmaps the script (a gadget that ends, frida-inject) takes the risk that a thread is in it: it is given a moment to come out.
  dispose(): void {
    stop();
    wire?.forgetThreads();
    Thread.sleep(0.2);
  },
  stop,
};
