// SPDX-License-Identifier: Apache-2.0
// The page's data block: the shape that src/daylight/report/page_data.cc writes.

export type Unit = "proportion" | "years" | "plain";

export interface GraphNode {
  kind: string;
  title: string;
  detail: string;
  proof: string;
  alternatives: number;
}

export interface Graph {
  nodes: GraphNode[];
  edges: { from: number; to: number; each: string }[];
  heads: { name: string; node: number }[];
}

export interface Row {
  by: string;
  group: string;
  value: number | null;
  low: number | null;
  high: number | null;
  n: number;
  differs?: boolean;
  why?: string;
}

export interface Chart {
  title: string;
  unit: Unit;
  zero: boolean;
  everyone: Row | null;
  rows: Row[];
}

export interface PageData {
  graph: Graph | null;
  charts: Chart[];
}

// The block is written by the same program as this script, so a missing or broken one is a broken page: the exception shows in the
// console, and the page stays readable without the script.
export function readPageData(): PageData {
  const block = document.getElementById("daylight-data");
  if (block === null) throw new Error("the page has no data block");
  return JSON.parse(block.textContent ?? "") as PageData;
}
