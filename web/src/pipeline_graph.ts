// SPDX-License-Identifier: Apache-2.0
// The pipeline as a graph from the picture down to the answers. Each node is a link to its step in the list beside it.

import { graphlib, layout as arrange } from "@dagrejs/dagre";
import { curveBumpY, line } from "d3-shape";
import { fitText, svg } from "./dom";
import type { Graph, GraphNode } from "./page_data";

const kNodeWidth = 232;
const kNodeHeight = 50;
const kMargin = 8;
const kProofs = ["bytes-equal", "fitted", "static", "declared", "assumed"];

function proofClass(proof: string): string {
  return kProofs.includes(proof) ? `proof-${proof}` : "proof-assumed";
}

function headsByNode(graph: Graph): Map<number, string[]> {
  const names = new Map<number, string[]>();
  for (const head of graph.heads) names.set(head.node, [...(names.get(head.node) ?? []), head.name]);
  return names;
}

function layoutOf(graph: Graph): graphlib.Graph {
  const layout = new graphlib.Graph();
  layout.setGraph({ rankdir: "TB", nodesep: 22, ranksep: 24, marginx: kMargin, marginy: kMargin });
  layout.setDefaultEdgeLabel(() => ({}));
  graph.nodes.forEach((_, index) => layout.setNode(String(index), { width: kNodeWidth, height: kNodeHeight }));
  for (const edge of graph.edges) layout.setEdge(String(edge.from), String(edge.to));
  arrange(layout);
  return layout;
}

function drawNode(node: GraphNode, index: number, x: number, y: number, heads: string[]): SVGAElement {
  const left = x - kNodeWidth / 2;
  const top = y - kNodeHeight / 2;
  const title = heads.length > 0 ? `Answer: ${heads.join(", ")}` : node.title;
  const proofWidth = node.proof.length * 5.6 + 10;
  const link = svg("a", {
    href: `#step-${index}`,
    class: `node ${node.kind} ${proofClass(node.proof)}`,
    "data-step": index,
  });
  link.append(
    svg("rect", { x: left, y: top, width: kNodeWidth, height: kNodeHeight, rx: 7, class: "box" }),
    svg("rect", { x: left, y: top + 7, width: 4, height: kNodeHeight - 14, rx: 2, class: "bar" }),
    svg("text", { x: left + 15, y: top + 21, class: "title" }, fitText(title, kNodeWidth - 20 - proofWidth, 13, 600)),
    svg("text", { x: left + 15, y: top + 39, class: "detail" }, fitText(node.detail, kNodeWidth - 28, 12)),
    svg("text", { x: left + kNodeWidth - 10, y: top + 20, class: "proof", "text-anchor": "end" }, node.proof),
  );
  return link;
}

function openStep(index: string): void {
  const step = document.getElementById(`step-${index}`);
  const fold = step?.querySelector("details");
  if (!step || !fold) return;
  document.querySelectorAll(".step.chosen").forEach((other) => other.classList.remove("chosen"));
  step.classList.add("chosen");
  fold.open = true;
  fold.querySelector("summary")?.focus({ preventScroll: true });
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  step.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
}

// Opening a step in the list lights its node.
function followFolds(picture: SVGSVGElement): void {
  picture.querySelectorAll<SVGAElement>("a.node").forEach((link) => {
    const index = link.getAttribute("data-step") ?? "";
    const fold = document.getElementById(`step-${index}`)?.querySelector("details");
    fold?.addEventListener("toggle", () => link.classList.toggle("open", fold.open));
  });
}

// Draws the graph into its place.
export function showPipelineGraph(place: HTMLElement, graph: Graph): void {
  const layout = layoutOf(graph);
  const size = layout.graph();
  const width = (size.width ?? 0) + 1;
  const height = (size.height ?? 0) + 1;
  const picture = svg("svg", {
    class: "pipeline-graph",
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "group",
    "aria-label": "The pipeline as a graph; each node opens its step in the list of steps",
  });
  const path = line<{ x: number; y: number }>((point) => point.x, (point) => point.y).curve(curveBumpY);
  for (const name of layout.edges()) {
    const points = layout.edge(name).points as { x: number; y: number }[];
    picture.append(svg("path", { d: path(points) ?? "", class: "edge", "aria-hidden": "true" }));
  }
  const heads = headsByNode(graph);
  graph.nodes.forEach((node, index) => {
    const at = layout.node(String(index));
    picture.append(drawNode(node, index, at.x, at.y, heads.get(index) ?? []));
  });
  picture.addEventListener("click", (event) => {
    const link = (event.target as Element).closest("a.node");
    if (link === null) return;
    event.preventDefault();
    openStep(link.getAttribute("data-step") ?? "");
  });
  place.replaceChildren(picture);
  followFolds(picture);
}
