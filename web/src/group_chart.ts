// SPDX-License-Identifier: Apache-2.0
// One measure by group: a dot and its interval for each group, and a line for everyone. The table below it says the same.

import { extent } from "d3-array";
import { scaleLinear, type ScaleLinear } from "d3-scale";
import { fitText, onWidth, svg, textWidth } from "./dom";
import type { Chart, Row, Unit } from "./page_data";

const kRowHeight = 26;
const kHeadingHeight = 30;
const kAxisHeight = 30;
const kNarrowRow = 42;
const kNarrow = 560; // below this the names stand above their rows
const kText = 13;

type Scale = ScaleLinear<number, number>;

interface Layout {
  width: number;
  narrow: boolean;
  left: number; // where the scale begins
  right: number; // where it ends
  value: number; // right end of the column of values
  count: number; // right end of the column of counts
}

// A line of the chart: a heading for an attribute, or a group.
type Line = { kind: "heading"; text: string } | { kind: "row"; row: Row; everyone: boolean };

// A minus sign as wide as a plus; none before a number that rounds to zero.
function withMinus(text: string): string {
  return /[1-9]/.test(text) ? text.replace("-", "\u2212") : text.replace("-", "");
}

function formatNumber(value: number, unit: Unit): string {
  const text = unit === "proportion" ? (value * 100).toFixed(1) + "%" : value.toFixed(Math.abs(value) < 100 ? 2 : 1);
  return withMinus(text);
}

function formatTick(value: number, unit: Unit): string {
  const text = unit === "proportion" ? `${Number((value * 100).toFixed(4))}%` : `${Number(value.toFixed(6))}`;
  return withMinus(text);
}

function intervalText(row: Row, unit: Unit): string {
  if (row.low === null || row.high === null) return "";
  return `${formatNumber(row.low, unit)} to ${formatNumber(row.high, unit)}`;
}

function linesOf(chart: Chart): Line[] {
  const lines: Line[] = [];
  if (chart.everyone) lines.push({ kind: "row", row: chart.everyone, everyone: true });
  let by: string | null = null;
  for (const row of chart.rows) {
    if (row.by !== by) {
      by = row.by;
      lines.push({ kind: "heading", text: by });
    }
    lines.push({ kind: "row", row, everyone: false });
  }
  return lines;
}

function layoutOf(chart: Chart, width: number): Layout {
  const narrow = width < kNarrow;
  if (narrow) return { width, narrow, left: 8, right: width - 8, value: width, count: width };
  const names = chart.rows.map((row) => textWidth(row.group, kText));
  const left = Math.min(Math.max(110, ...names) + 20, width * 0.34);
  const count = width;
  const value = width - 64;
  return { width, narrow, left, right: value - 190, value, count };
}

function scaleOf(chart: Chart, layout: Layout): Scale {
  const rows = chart.everyone ? [chart.everyone, ...chart.rows] : chart.rows;
  const numbers = rows.flatMap((row) => [row.value, row.low, row.high]).filter((x): x is number => x !== null);
  if (chart.zero) numbers.push(0);
  let [low, high] = extent(numbers);
  if (low === undefined || high === undefined) [low, high] = [0, 1];
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const margin = (high - low) * 0.04;
  const bounded = chart.unit === "proportion";
  const from = bounded ? Math.max(0, low - margin) : low - margin;
  const to = bounded ? Math.min(1, high + margin) : high + margin;
  return scaleLinear([from, to], [layout.left, layout.right]);
}

function drawAxis(chart: Chart, layout: Layout, scale: Scale, bottom: number): SVGGElement {
  const axis = svg("g", { class: "axis" });
  const count = Math.max(2, Math.floor((layout.right - layout.left) / 80));
  for (const tick of scale.ticks(count)) {
    const x = scale(tick);
    const zero = chart.zero && tick === 0;
    axis.append(
      svg("line", { x1: x, x2: x, y1: 0, y2: bottom, class: zero ? "zero" : "grid" }),
      svg("text", { x, y: bottom + 18, "text-anchor": "middle" }, formatTick(tick, chart.unit)),
    );
  }
  return axis;
}

function drawEveryone(everyone: Row | null, scale: Scale, bottom: number): SVGGElement {
  const group = svg("g", { class: "everyone" });
  if (everyone === null || everyone.value === null) return group;
  if (everyone.low !== null && everyone.high !== null) {
    const x = scale(everyone.low);
    group.append(svg("rect", { x, y: 0, width: Math.max(1, scale(everyone.high) - x), height: bottom, class: "band" }));
  }
  const x = scale(everyone.value);
  group.append(svg("line", { x1: x, x2: x, y1: 0, y2: bottom, class: "middle" }));
  return group;
}

function drawMark(row: Row, scale: Scale, y: number): SVGGElement {
  const mark = svg("g", { class: row.differs ? "mark differs" : "mark" });
  if (row.low !== null && row.high !== null) {
    const [low, high] = [scale(row.low), scale(row.high)];
    mark.append(
      svg("line", { x1: low, x2: high, y1: y, y2: y, class: "whisker" }),
      svg("line", { x1: low, x2: low, y1: y - 4, y2: y + 4, class: "whisker" }),
      svg("line", { x1: high, x2: high, y1: y - 4, y2: y + 4, class: "whisker" }),
    );
  }
  if (row.value !== null) {
    const x = scale(row.value);
    mark.append(
      row.differs
        ? svg("path", { d: `M${x} ${y - 7}L${x + 7} ${y}L${x} ${y + 7}L${x - 7} ${y}Z`, class: "dot" })
        : svg("circle", { cx: x, cy: y, r: 4.5, class: "dot" }),
    );
  }
  return mark;
}

function drawRow(line: Line & { kind: "row" }, chart: Chart, layout: Layout, scale: Scale, top: number): SVGGElement {
  const { row } = line;
  const y = top + (layout.narrow ? kNarrowRow - 13 : kRowHeight / 2);
  const baseline = layout.narrow ? top + 14 : y + 4.5;
  const name = line.everyone ? "Everyone" : row.group;
  const room = layout.narrow ? layout.width * 0.58 : layout.left - 20;
  const group = svg("g", { class: line.everyone ? "row all" : "row" });
  const absent = row.value === null;
  const values = absent ? "" : formatNumber(row.value as number, chart.unit);
  group.append(
    svg("title", {}, `${name}: ${absent ? (row.why ?? "not estimable") : `${values}, ${intervalText(row, chart.unit)}`}, n ${row.n}`),
    svg("rect", { x: 0, y: top, width: layout.width, height: layout.narrow ? kNarrowRow : kRowHeight, class: "hit" }),
    svg("text", { x: 0, y: baseline, class: "name" }, fitText(name, room, kText)),
  );
  if (absent) {
    const x = layout.narrow ? layout.width : layout.left;
    group.append(
      svg("text", { x, y: baseline, class: "absent", "text-anchor": layout.narrow ? "end" : "start" },
        fitText(row.why ?? "not estimable", layout.right - layout.left, kText)),
    );
  } else if (layout.narrow) {
    group.append(svg("text", { x: layout.width, y: baseline, "text-anchor": "end", class: "value" },
      svg("tspan", {}, values), svg("tspan", { class: "count", dx: 8 }, `n ${row.n}`)));
  } else {
    group.append(
      svg("text", { x: layout.value - 132, y: baseline, "text-anchor": "end", class: "value" }, values),
      svg("text", { x: layout.value, y: baseline, "text-anchor": "end", class: "interval" }, intervalText(row, chart.unit)),
    );
  }
  if (!layout.narrow) {
    group.append(svg("text", { x: layout.count, y: baseline, "text-anchor": "end", class: "count" }, `n ${row.n}`));
  }
  group.append(drawMark(row, scale, y));
  return group;
}

function draw(chart: Chart, width: number): SVGSVGElement {
  const lines = linesOf(chart);
  const layout = layoutOf(chart, width);
  const scale = scaleOf(chart, layout);
  const heightOf = (line: Line): number =>
    line.kind === "heading" ? kHeadingHeight : layout.narrow ? kNarrowRow : kRowHeight;
  const bottom = lines.reduce((sum, line) => sum + heightOf(line), 0);
  const picture = svg("svg", {
    class: "group-chart",
    width,
    height: bottom + kAxisHeight,
    viewBox: `0 0 ${width} ${bottom + kAxisHeight}`,
    role: "img",
    "aria-label": `${chart.title}, by group. The same numbers stand in the table that follows.`,
  });
  picture.append(drawAxis(chart, layout, scale, bottom), drawEveryone(chart.everyone, scale, bottom));
  let top = 0;
  for (const line of lines) {
    if (line.kind === "heading") {
      picture.append(svg("text", { x: 0, y: top + 21, class: "heading" }, fitText(`By ${line.text}`, width, 12, 600)));
    } else {
      picture.append(drawRow(line, chart, layout, scale, top));
    }
    top += heightOf(line);
  }
  return picture;
}

// Draws the chart into its place, and again when the place gets another width.
export function showGroupChart(place: HTMLElement, chart: Chart): void {
  onWidth(place, (width) => place.replaceChildren(draw(chart, width)));
}
