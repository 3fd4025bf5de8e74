// SPDX-License-Identifier: Apache-2.0
// Adds to the finished page what needs a script: the graph, the charts, sorting and narrowing of tables.

import { showGroupChart } from "./group_chart";
import { readPageData } from "./page_data";
import { showPipelineGraph } from "./pipeline_graph";
import { makeFilterable, makeSortable } from "./tables";

// A link to something in a closed fold opens it.
function revealTarget(): void {
  const target = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
  for (let fold = target?.closest("details"); fold; fold = fold.parentElement?.closest("details")) fold.open = true;
  const own = target?.querySelector(":scope > details");
  if (own instanceof HTMLDetailsElement) own.open = true;
}

// On paper every fold is open; on the screen each is as it was.
function unfoldForPrint(): void {
  let closed: HTMLDetailsElement[] = [];
  addEventListener("beforeprint", () => {
    closed = Array.from(document.querySelectorAll<HTMLDetailsElement>("details:not([open])"));
    for (const fold of closed) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of closed) fold.open = false;
  });
}

// Marks the section that is being read in the table of contents.
function followReading(): void {
  const links = new Map<string, Element>();
  document.querySelectorAll(".contents a").forEach((link) => links.set((link.getAttribute("href") ?? "").slice(1), link));
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        links.forEach((link) => link.removeAttribute("aria-current"));
        links.get(entry.target.id || "main")?.setAttribute("aria-current", "true");
      }
    },
    { rootMargin: "-10% 0px -80% 0px" },
  );
  document.querySelectorAll("main > section, main > header").forEach((section) => watcher.observe(section));
}

function start(): void {
  const data = readPageData();
  document.documentElement.classList.add("scripted");
  document.querySelectorAll<HTMLDetailsElement>("details.data").forEach((fold) => (fold.open = false));
  document.querySelectorAll<HTMLElement>(".plot").forEach((place) => {
    const chart = data.charts[Number(place.dataset["chart"])];
    if (chart !== undefined) showGroupChart(place, chart);
  });
  const graph = document.getElementById("graph");
  if (graph !== null && data.graph !== null) showPipelineGraph(graph, data.graph);
  document.querySelectorAll<HTMLTableElement>("table.filterable").forEach(makeFilterable);
  document.querySelectorAll<HTMLTableElement>("table.sortable").forEach(makeSortable);
  unfoldForPrint();
  followReading();
  revealTarget();
  addEventListener("hashchange", revealTarget);
  document.documentElement.dataset["drawn"] = "yes";
}

start();
