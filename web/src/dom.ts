// SPDX-License-Identifier: Apache-2.0
// Elements made from names, attributes and text. Text is only ever text: nothing here parses markup.

const kSvg = "http://www.w3.org/2000/svg";

export type Attributes = Record<string, string | number | boolean | null>;

function fill(element: Element, attributes: Attributes, children: (Node | string)[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
}

export function html<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(kSvg, tag);
  fill(element, attributes, children);
  return element;
}

let ruler: CanvasRenderingContext2D | null | undefined;

// Width of the text in pixels in the page's own face at this size.
export function textWidth(text: string, size: number, weight = 400): number {
  if (ruler === undefined) ruler = document.createElement("canvas").getContext("2d");
  if (!ruler) return text.length * size * 0.55;
  ruler.font = `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
  return ruler.measureText(text).width;
}

// The text, or as much of it as fits with an ellipsis.
export function fitText(text: string, width: number, size: number, weight = 400): string {
  if (textWidth(text, size, weight) <= width) return text;
  const characters = Array.from(text);
  let low = 0;
  let high = characters.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const candidate = characters.slice(0, middle).join("").trimEnd() + "\u2026";
    if (textWidth(candidate, size, weight) <= width) low = middle;
    else high = middle - 1;
  }
  return characters.slice(0, low).join("").trimEnd() + "\u2026";
}

// Calls `draw` with the element's width now and whenever it changes; also when a fold around it opens.
export function onWidth(element: HTMLElement, draw: (width: number) => void): void {
  let last = 0;
  const check = (): void => {
    const width = Math.floor(element.clientWidth);
    if (width === 0 || width === last) return;
    last = width;
    draw(width);
  };
  check();
  new ResizeObserver(check).observe(element);
}
