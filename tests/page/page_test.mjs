// SPDX-License-Identifier: Apache-2.0
// The report page in a real browser: policy, drawings, tables, keyboard, no script, paper, accessibility.
// Usage: node page_test.mjs RENDER_FIXTURE. Exit 77: chromium or the test libraries are absent.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const web = fileURLToPath(new URL("../../web/", import.meta.url));
const require = createRequire(join(web, "package.json"));
const browserPath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

function skip(why) {
  console.log(`skipped: ${why}`);
  process.exit(77);
}
if (browserPath === undefined) skip("chromium is absent here");
let chromium;
let axe;
try {
  ({ chromium } = require("playwright-core"));
  axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
} catch {
  skip("playwright-core or axe-core is absent here (npm ci in web/ without --omit=dev)");
}

let passed = 0;
const failures = [];
function check(what, condition, detail = "") {
  if (condition) passed += 1;
  else failures.push(`${what}${detail === "" ? "" : `: ${detail}`}`);
}
function equal(what, actual, expected) {
  check(what, JSON.stringify(actual) === JSON.stringify(expected), `${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`);
}

const folder = mkdtempSync(join(tmpdir(), "daylight-page-"));
const html = join(folder, "report.html");
execFileSync(process.argv[2], [html]);
const address = pathToFileURL(html).href;
const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox"] });

// A page that notes every request, error and dialog.
async function open({ width = 1400, scheme = "light", script = true, bypass = false } = {}) {
  const context = await browser.newContext({
    viewport: { width, height: 900 }, colorScheme: scheme, javaScriptEnabled: script, bypassCSP: bypass, offline: true,
  });
  const page = await context.newPage();
  const trouble = [];
  page.on("request", (request) => { if (request.url() !== address) trouble.push(`request ${request.url()}`); });
  page.on("pageerror", (error) => trouble.push(`error ${error.message}`));
  page.on("console", (message) => { if (message.type() === "error") trouble.push(`console ${message.text()}`); });
  page.on("dialog", (dialog) => { trouble.push(`dialog ${dialog.message()}`); dialog.dismiss(); });
  await page.goto(address);
  if (script) await page.waitForFunction(() => document.documentElement.dataset.drawn === "yes", null, { timeout: 10000 });
  return { context, page, trouble };
}

async function testPolicy() {
  const { context, page, trouble } = await open();
  equal("nothing is requested, no error, no dialog", trouble, []);
  equal("no picture element came out of a name", await page.locator("img").count(), 0);
  const blocked = await page.evaluate(() => {
    const tried = {};
    try { document.body.insertAdjacentHTML("beforeend", "<i id=x></i>"); tried.markup = "allowed"; } catch { tried.markup = "refused"; }
    try { setTimeout("window.evaluated = true"); tried.text = "allowed"; } catch { tried.text = "refused"; }
    return tried;
  });
  equal("markup from text and code from text are refused", blocked, { markup: "refused", text: "refused" });
  const inline = await page.evaluate(() => new Promise((resolve) => {
    const button = document.createElement("button");
    try { button.setAttribute("onclick", "window.ran = true"); } catch { /* refused already */ }
    button.setAttribute("style", "position: fixed");
    document.body.append(button);
    button.click();
    setTimeout(() => resolve([window.ran === true, getComputedStyle(button).position]), 50);
  }));
  equal("inline handlers and styles are refused", inline, [false, "static"]);
  await context.close();
}

async function testCharts() {
  const { context, page } = await open();
  const charts = await page.evaluate(() => JSON.parse(document.getElementById("daylight-data").textContent).charts.length);
  equal("each chart has a place", await page.locator(".plot").count(), charts);
  const difference = await page.evaluate(() => {
    document.querySelectorAll("details").forEach((fold) => (fold.open = true));
    return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(
      Array.from(document.querySelectorAll("figure.measure")).map((figure) => ({
        rows: Array.from(figure.querySelectorAll("svg .row"), (row) => row.querySelector(".name").textContent.toLowerCase()),
        dots: figure.querySelectorAll("svg .dot").length,
        values: Array.from(figure.querySelectorAll("tbody tr:not(.row-group)"), (row) => row.cells[1].textContent),
        drawn: Array.from(figure.querySelectorAll("svg .row"), (row) => row.querySelector(".value")?.textContent ?? "\u2013"),
        diamonds: figure.querySelectorAll("svg .differs").length,
        badges: figure.querySelectorAll("tbody .stands-out").length,
      }))))));
  });
  for (const [index, figure] of difference.entries()) {
    equal(`chart ${index} draws a row for each row of its table`, figure.rows.length, figure.values.length);
    equal(`chart ${index} says what its table says`, figure.drawn, figure.values);
    equal(`chart ${index} draws a dot for each number`, figure.dots, figure.values.filter((value) => value !== "\u2013").length);
    equal(`chart ${index} marks what its table marks`, figure.diamonds, figure.badges);
  }
  check("some group stands out", difference.some((figure) => figure.diamonds > 0));
  await context.close();
}

async function testGraph() {
  const { context, page } = await open();
  const steps = await page.locator(".step").count();
  equal("each step is a node", await page.locator(".pipeline-graph a.node").count(), steps);
  await page.locator(".pipeline-graph a.node").nth(3).click();
  equal("a click opens the step", await page.locator("#step-3 > details").evaluate((fold) => fold.open), true);
  await page.locator(".pipeline-graph a.node").nth(5).focus();
  await page.keyboard.press("Enter");
  equal("so does the keyboard", await page.locator("#step-5 > details").evaluate((fold) => fold.open), true);
  check("evidence can be reached from there", (await page.locator("#step-5 .evidence summary").textContent()).startsWith("Evidence"));
  const overlap = await page.evaluate(() => {
    const boxes = Array.from(document.querySelectorAll(".pipeline-graph .box"), (box) => box.getBoundingClientRect());
    return boxes.some((a, i) => boxes.some((b, j) => i < j && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom));
  });
  equal("no node covers another", overlap, false);
  await context.close();
}

async function testTables() {
  const { context, page } = await open();
  const table = page.locator("table.filterable");
  const column = (index) => table.evaluate((element, i) =>
    Array.from(element.tBodies[0].rows).filter((row) => !row.hidden).map((row) => row.cells[i].dataset.v ?? row.cells[i].textContent), index);
  const heading = table.locator("thead th", { hasText: "p corrected" });
  const index = await heading.evaluate((cell) => cell.cellIndex);
  await heading.locator("button").click();
  const ascending = await column(index);
  const numbers = ascending.filter((text) => !Number.isNaN(Number(text))).map(Number);
  check("numbers sort as numbers", numbers.every((value, i) => i === 0 || numbers[i - 1] <= value));
  check("absent numbers sort last", ascending.slice(0, numbers.length).every((text) => !Number.isNaN(Number(text))));
  equal("the order is announced", await heading.getAttribute("aria-sort"), "ascending");
  await heading.locator("button").click();
  check("and turns round", Number((await column(index))[0]) === Math.max(...numbers));
  const all = (await column(0)).length;
  await page.getByLabel("Search").fill("black female");
  const found = await column(3);
  check("words narrow the table", found.length > 0 && found.length < all && found.every((text) => /black/i.test(text)));
  await page.getByLabel("Search").fill("");
  await page.getByLabel("Only what differs").check();
  const differing = await table.evaluate((element) => Array.from(element.tBodies[0].rows).filter((row) => !row.hidden).map((row) => row.dataset.significant));
  check("only what differs", differing.length > 0 && differing.every((value) => value === "yes"));
  check("the count is told", (await page.locator(".filters output").textContent()).startsWith(`${differing.length} of ${all}`));
  await context.close();
}

async function testWithoutScript() {
  const { context, page } = await open({ script: false });
  const seen = await page.evaluate(() => 1).catch(() => "no script");
  check("script is off or evaluation is the driver's own", seen === 1 || seen === "no script");
  check("the verdict can be read", await page.getByText("77.9% right").first().isVisible());
  check("the numbers can be read", await page.locator("table.estimates").first().isVisible());
  check("the steps can be read", await page.locator(".step summary").first().isVisible());
  await context.close();
}

async function testLinksAndPaper() {
  const { context, page } = await open();
  const broken = await page.evaluate(() => Array.from(document.querySelectorAll("a[href^='#']"), (link) => link.getAttribute("href").slice(1))
    .filter((id) => document.getElementById(id) === null));
  equal("every link of the page leads somewhere", broken, []);
  const ids = await page.evaluate(() => Array.from(document.querySelectorAll("[id]"), (element) => element.id));
  equal("no id stands twice", ids.length, new Set(ids).size);
  const pdf = await page.pdf({ format: "A4" });
  check("it prints", pdf.length > 20000);
  equal("folds are closed again after printing", await page.locator("details.data").first().evaluate((fold) => fold.open), false);
  await context.close();
}

async function testWidths() {
  for (const width of [320, 390, 768, 1400]) {
    const { context, page } = await open({ width });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    check(`nothing hangs over at ${width} px`, wide <= width, `${wide} px`);
    const clipped = await page.evaluate(() => Array.from(document.querySelectorAll(".group-chart")).filter((chart) => {
      const frame = chart.getBoundingClientRect();
      return Array.from(chart.querySelectorAll(".row text, .heading")).some((text) => {
        const box = text.getBoundingClientRect();
        return box.width > 0 && (box.right > frame.right + 1 || box.left < frame.left - 1);
      });
    }).length);
    equal(`no text of a chart is cut at ${width} px`, clipped, 0);
    await context.close();
  }
}

async function testAccessibility() {
  for (const scheme of ["light", "dark"]) {
    for (const width of [390, 1400]) {
      const { context, page } = await open({ scheme, width, bypass: true });
      await page.evaluate(() => document.querySelectorAll("details").forEach((fold) => (fold.open = true)));
      await page.evaluate(axe);
      const result = await page.evaluate(() => window.axe.run(document, {
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
      }));
      const found = result.violations.map((violation) => `${violation.id} (${violation.nodes.length}): ${violation.nodes[0].html.slice(0, 120)}`);
      equal(`axe finds nothing, ${scheme}, ${width} px`, found, []);
      check(`axe looked at the page, ${scheme}, ${width} px`, result.passes.length > 20);
      await context.close();
    }
  }
}

try {
  for (const test of [testPolicy, testCharts, testGraph, testTables, testWithoutScript, testLinksAndPaper, testWidths, testAccessibility]) {
    try {
      await test();
    } catch (error) {
      failures.push(`${test.name}: ${error.message}`);
    }
  }
} finally {
  await browser.close();
  rmSync(folder, { recursive: true });
}
for (const failure of failures) console.log(`FAILED ${failure}`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exit(failures.length === 0 && passed > 0 ? 0 : 1);
