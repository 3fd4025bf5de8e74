// SPDX-License-Identifier: Apache-2.0
// Tables that sort by a column and can be narrowed down. The rows themselves are in the page already.

import { html } from "./dom";

// Columns with at most this many different texts get a list to choose from.
const kMaxChoices = 24;

type SortKey = number | string | null;

function keyOf(row: HTMLTableRowElement, column: number): SortKey {
  const cell = row.cells[column];
  if (cell === undefined) return null;
  if (cell.dataset["v"] !== undefined) return Number(cell.dataset["v"]);
  if (cell.classList.contains("n")) return null;
  return cell.textContent ?? "";
}

// Absent values come last in both directions.
function compare(a: SortKey, b: SortKey, descending: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
  return descending ? -order : order;
}

function sortBy(table: HTMLTableElement, column: number, descending: boolean): void {
  const body = table.tBodies[0];
  if (body === undefined) return;
  const rows = Array.from(body.rows);
  const keys = new Map(rows.map((row) => [row, keyOf(row, column)]));
  rows.sort((a, b) => compare(keys.get(a) ?? null, keys.get(b) ?? null, descending));
  body.append(...rows);
}

export function makeSortable(table: HTMLTableElement): void {
  const heads = Array.from(table.tHead?.rows[0]?.cells ?? []);
  heads.forEach((head, column) => {
    const button = html("button", { type: "button", class: "sort" }, head.textContent ?? "");
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const descending = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      sortBy(table, column, descending);
    });
  });
}

// The different texts of a column in order of appearance, or nothing if a list of them would not help.
function choicesOf(rows: HTMLTableRowElement[], column: number): string[] {
  const texts = new Set<string>();
  for (const row of rows) texts.add(row.cells[column]?.textContent ?? "");
  return texts.size > 1 && texts.size <= kMaxChoices ? Array.from(texts) : [];
}

function chooser(title: string, choices: string[]): { label: HTMLLabelElement; select: HTMLSelectElement } {
  const select = html("select", {}, html("option", { value: "" }, "all"));
  choices.forEach((choice, index) => select.append(html("option", { value: index + 1 }, choice)));
  return { label: html("label", {}, title, select), select };
}

// A row of controls above the table: words to search for, lists for columns with few values, and "only what differs".
export function makeFilterable(table: HTMLTableElement): void {
  const body = table.tBodies[0];
  const frame = table.closest(".frame");
  if (body === undefined || frame === null) return;
  const rows = Array.from(body.rows);
  const search = html("input", { type: "search", autocomplete: "off" });
  const only = html("input", { type: "checkbox" });
  const count = html("output", { class: "quiet" });
  const bar = html("div", { class: "filters" }, html("label", {}, "Search", search));
  const lists: { select: HTMLSelectElement; choices: string[]; column: number }[] = [];
  Array.from(table.tHead?.rows[0]?.cells ?? []).forEach((head, column) => {
    if (head.classList.contains("n") || column > 4) return;
    const choices = choicesOf(rows, column);
    if (choices.length === 0 || rows[0]?.cells[column]?.tagName === "TH") return;
    const { label, select } = chooser(head.textContent ?? "", choices);
    lists.push({ select, choices, column });
    bar.append(label);
  });
  const differs = rows.some((row) => row.dataset["significant"] === "yes");
  if (differs) bar.append(html("label", { class: "check" }, only, "Only what differs"));
  bar.append(count);
  const apply = (): void => {
    const words = search.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
    let shown = 0;
    for (const row of rows) {
      const text = (row.textContent ?? "").toLowerCase();
      const fits =
        words.every((word) => text.includes(word)) &&
        (!only.checked || row.dataset["significant"] === "yes") &&
        lists.every(({ select, choices, column }) =>
          select.value === "" || row.cells[column]?.textContent === choices[Number(select.value) - 1]);
      row.hidden = !fits;
      if (fits) ++shown;
    }
    count.textContent = `${shown} of ${rows.length} rows`;
  };
  bar.addEventListener("input", apply);
  frame.before(bar);
  apply();
}
