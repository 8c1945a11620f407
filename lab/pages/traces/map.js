// The service map: each node has a ring of outcomes and an outer arc for slow requests, and each edge has its number of requests.

import { html, nothing, repeat, svg } from "../lit.js";
import { arcPattern, describeEdge, describeNode, filterForEdge, filterForNode, isClient, keyOf, listEdges, nameOf } from "./graph.js";
import { requestLayout } from "./load.js";

const RING_RADIUS = 34;
const SLOW_RADIUS = RING_RADIUS + 9;
/** Edges end at this distance from the centre of a ring. */
const EDGE_DISTANCE = SLOW_RADIUS + 5;
const MARGIN = 12;
const LINE_HEIGHT = 16;

/** The box of a node, the centre of its ring in the box, and the place of its texts. From top to bottom, the texts are beside the ring. */
const SHAPES = {
  LR: { box: { width: 172, height: 182 }, ring: { x: 0, y: -91 + SLOW_RADIUS + 4 }, text: { x: 0, y: -91 + 2 * SLOW_RADIUS + 24, anchor: "middle" } },
  TB: { box: { width: 258, height: 106 }, ring: { x: -129 + SLOW_RADIUS + 2, y: 0 }, text: { x: -129 + 2 * SLOW_RADIUS + 12, y: -26, anchor: "start" } },
};
const NARROW_CLIENT = { box: { width: 90, height: 106 }, ring: { x: 0, y: 8 }, text: { x: 0, y: -36, anchor: "middle" } };

const shapeOf = (service, direction) => direction === "TB" && isClient(service) ? NARROW_CLIENT : SHAPES[direction];

/** A map that is not much wider than a phone is made smaller. */
const MAX_SHRUNK_WIDTH = 420;

/** A path that draws a head and shoulders. */
const PERSON = "M0-16a8 8 0 1 1 0 16a8 8 0 1 1 0-16M-15 18c0-10 7-14 15-14s15 4 15 14z";

/** Returns what `mapTemplate` needs. `direction` is "LR" (left to right) or "TB" (top to bottom). */
export async function layOutMap(services, direction) {
  const edges = listEdges(services);
  const nodes = services.map((service) => ({ id: keyOf(service), ...shapeOf(service, direction).box }));
  const layout = services.length ? await requestLayout(nodes, edges.map(({ from, to }) => [keyOf(from), keyOf(to)]), direction) : undefined;
  return { services, edges, direction, layout };
}

export function mapTemplate(map, rangeSeconds, onSelect) {
  const { services, edges, direction, layout } = map;
  if (!layout) return html`<p class="soft">There are no calls in this time range.</p>`;
  if (typeof layout === "string") return html`<p>${layout}</p>`;
  const [width, height] = [layout.width + 2 * MARGIN, computeHeight(map) + 2 * MARGIN];
  return html`
    <svg class=${width <= MAX_SHRUNK_WIDTH ? "shrinks" : ""} width=${width} height=${height} viewBox="${-MARGIN} ${-MARGIN} ${width} ${height}" role="group"
      aria-label="${services.length} nodes: ${services.map(nameOf).join(", ")}">
      <defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 0 8 4 0 8z"></path></marker></defs>
      ${repeat(edges.map((edge, index) => ({ ...edge, points: layout.edges[index] })), ({ from, to }) => `${keyOf(from)} > ${keyOf(to)}`,
        (edge) => edgeTemplate(edge, map, onSelect))}
      ${repeat(services, keyOf, (service) => nodeTemplate(service, layout.nodes[keyOf(service)], shapeOf(service, direction), rangeSeconds, onSelect))}
    </svg>`;
}

const listTexts = ({ name, texts, slow }) => [[name, "name"], ...texts.map((line) => [line, "soft"]), ...(slow ? [[slow, "slow"]] : [])];

/** The layout reserves the same space for all nodes, and the lowest texts may need less. */
function computeHeight({ services, direction, layout }) {
  if (direction === "TB") return layout.height;
  const { text } = SHAPES.LR;
  return Math.max(...services.map((service) => layout.nodes[keyOf(service)].y + text.y + listTexts(describeNode(service, 1)).length * LINE_HEIGHT));
}

const pressOnKey = (press) => (event) => {
  if (event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  press();
};

function nodeTemplate(service, position, { ring, text }, rangeSeconds, onSelect) {
  const node = describeNode(service, rangeSeconds);
  const press = () => onSelect(filterForNode(service));
  const circle = (name, radius) => svg`<circle class=${name} cx=${ring.x} cy=${ring.y} r=${radius}></circle>`;
  const lines = listTexts(node);
  return svg`
    <g class="node" transform="translate(${position.x} ${position.y})" role="button" tabindex="0" aria-label=${node.label} @click=${press} @keydown=${pressOnKey(press)}>
      ${circle("face", RING_RADIUS)}${circle("focus", EDGE_DISTANCE + 1)}
      ${node.count ? ringTemplate(node, ring) : circle("none", RING_RADIUS)}
      ${isClient(service) ? svg`<path class="person" transform="translate(${ring.x} ${ring.y})" d=${PERSON}></path>` : nothing}
      ${lines.map(([line, name], index) => svg`<text x=${text.x} y=${text.y + index * LINE_HEIGHT} class=${name} text-anchor=${text.anchor}>${line}</text> `)}
      ${node.mean ? svg`<text x=${ring.x} y=${ring.y + 5} class="mean" text-anchor="middle">${node.mean}</text>` : nothing}
    </g>`;
}

/** One arc for each outcome, as long as the share of its requests, and a dashed arc outside for the slow requests. */
function ringTemplate({ outcomes, count, slowShare }, { x, y }) {
  const transform = (startShare) => `rotate(${startShare * 360 - 90} ${x} ${y})`;
  let startShare = 0;
  const arcs = Object.entries(outcomes).filter(([, number]) => number).map(([outcome, number]) => {
    const arc = svg`<circle class="ring ${outcome}" cx=${x} cy=${y} r=${RING_RADIUS} transform=${transform(startShare)}
      stroke-dasharray=${arcPattern(RING_RADIUS, number / count)}></circle>`;
    startShare += number / count;
    return arc;
  });
  const slow = slowShare ? svg`<circle class="slow-arc" cx=${x} cy=${y} r=${SLOW_RADIUS} transform=${transform(0)} stroke-dasharray=${arcPattern(SLOW_RADIUS, slowShare, 4)}></circle>` : nothing;
  return [...arcs, slow];
}

function edgeTemplate(edge, { layout, direction }, onSelect) {
  const [from, to] = [edge.from, edge.to].map((service) => ({ centre: layout.nodes[keyOf(service)], ring: shapeOf(service, direction).ring }));
  const points = moveEndsToRings(edge.points, from, to);
  const d = points.map(({ x, y }, index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  const half = points.length / 2;
  const label = points.length % 2 ? points[Math.floor(half)] : computeMidpoint(points[half - 1], points[half]);
  const count = String(edge.edge.SummaryStatistics.TotalCount);
  const press = () => onSelect(filterForEdge(edge));
  return svg`
    <g class="edge" role="button" tabindex="0" aria-label=${describeEdge(edge)} @click=${press} @keydown=${pressOnKey(press)}>
      <title>${describeEdge(edge)}</title>
      <path class="hit" d=${d}></path><path class="line" d=${d} marker-end="url(#arrow)"></path>
      <rect x=${label.x - 4 - 4 * count.length} y=${label.y - 9} width=${8 + 8 * count.length} height="18" rx="6"></rect>
      <text x=${label.x} y=${label.y + 4} text-anchor="middle">${count}</text>
    </g>`;
}

const computeMidpoint = (first, second) => ({ x: (first.x + second.x) / 2, y: (first.y + second.y) / 2 });

/** Moves an edge from the centres of the boxes to the rings. The layout knows only the boxes. */
function moveEndsToRings(points, from, to) {
  const add = (first, second) => ({ x: first.x + second.x, y: first.y + second.y });
  const [start, end] = [from, to].map(({ centre, ring }) => add(centre, ring));
  const innerPoints = points.slice(1, -1).map((point) => add(point, computeMidpoint(from.ring, to.ring)));
  const findPointOnRing = (centre, target) => {
    const distance = Math.hypot(target.x - centre.x, target.y - centre.y) || 1;
    return { x: centre.x + ((target.x - centre.x) / distance) * EDGE_DISTANCE, y: centre.y + ((target.y - centre.y) / distance) * EDGE_DISTANCE };
  };
  return [findPointOnRing(start, innerPoints[0] ?? end), ...innerPoints, findPointOnRing(end, innerPoints.at(-1) ?? start)];
}
