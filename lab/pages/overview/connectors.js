// The lines between the parts of the picture. The parts are HTML; the lines are drawn from where the parts are on the page.

import { render, repeat, svg } from "../lit.js";

/**
 * Draws `edges` (`{from, to, kind, width, isIdle}` with the keys of `data-node`) into the SVG element of the picture. If the picture is one column, the lines
 * would cross the parts, and none is drawn.
 */
export function drawConnectors(picture, edges) {
  const canvas = picture.querySelector(".flow-lines");
  const frame = picture.getBoundingClientRect();
  const boxes = new Map([...picture.querySelectorAll("[data-node]")].map((node) => [node.dataset.node, node.getBoundingClientRect()]));
  const isColumn = getComputedStyle(picture).getPropertyValue("--is-column").trim() === "1";
  const lines = isColumn ? [] : edges.filter(({ from, to }) => boxes.has(from) && boxes.has(to)).map((edge) => ({ ...edge, path: connect(boxes.get(edge.from), boxes.get(edge.to), frame) }));
  canvas.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
  render(repeat(lines, ({ from, to }) => `${from} ${to}`, ({ path, kind, width, isIdle }) => svg`
    <path class="flow-line ${kind} ${isIdle ? "idle" : ""}" d=${path} stroke-width=${width}></path>
    ${isIdle ? "" : svg`<path class="flow-dots ${kind}" d=${path}></path>`}`), canvas);
}

/** A curve from the right side of a box to the left side of another, at half of their heights. */
function connect(from, to, frame) {
  const [x1, y1] = [from.right - frame.left, from.top + from.height / 2 - frame.top];
  const [x2, y2] = [to.left - frame.left, to.top + Math.min(to.height / 2, 40) - frame.top];
  const bend = Math.max(10, (x2 - x1) / 2);
  return [`M${x1} ${y1}`, `C${x1 + bend} ${y1}`, `${x2 - bend} ${y2}`, `${x2} ${y2}`].map((part) => part.replaceAll(/\d+\.\d+/g, (number) => Number(number).toFixed(1))).join(" ");
}
