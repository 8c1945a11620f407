// The service map: each node has a ring of outcomes, and each edge has its number of requests.

import { by, html, pressable, seconds, svg } from "./dom.js";
import { LayoutRefused, layout } from "./xray.js";

const RADIUS = 34;
const NODE = { width: 190, height: 150 };
const MARGIN = 12;

/** A head and shoulders. */
const PERSON = "M0-16a8 8 0 1 1 0 16a8 8 0 1 1 0-16M-15 18c0-10 7-14 15-14s15 4 15 14z";

let known = { shape: "", placed: undefined };
let shown = "";

/**
 * Draws the graph. `choose` receives a filter when a node or an edge is pressed. A graph that the lab does not lay out
 * is replaced by the reason.
 */
export async function draw(services, span, choose) {
  const ids = services.map((service) => String(service.ReferenceId));
  const edges = services.flatMap((from) => from.Edges.map((edge) => ({ from, edge, to: services[edge.ReferenceId] })));
  const shape = JSON.stringify([services.map((it) => [it.Name, it.Type]), edges.map((it) => [it.from.ReferenceId, it.edge.ReferenceId])]);
  if (shape !== known.shape) {
    const pairs = edges.map((it) => [String(it.from.ReferenceId), String(it.edge.ReferenceId)]);
    known = { shape, placed: await layout(ids.map((id) => ({ id, ...NODE })), pairs).catch(refusal) };
  }
  if (known.placed instanceof LayoutRefused) {
    shown = "";
    by("map").replaceChildren(html("p", {}, known.placed.message));
    return;
  }
  const state = JSON.stringify([services, Math.round(span)]);
  if (state === shown) return;
  shown = state;
  const { placed } = known;
  const width = placed.width + 2 * MARGIN;
  const height = placed.height + 2 * MARGIN;
  const picture = svg("svg", { width, height, viewBox: `${-MARGIN} ${-MARGIN} ${width} ${height}`, role: "group", "aria-label": label(services) });
  picture.append(svg("defs", {}, svg("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto-start-reverse" }, svg("path", { d: "M0 0 8 4 0 8z" }))));
  for (const [place, it] of edges.entries()) picture.append(edgeOf(it, placed, placed.edges[place], choose));
  for (const service of services) picture.append(nodeOf(service, placed.nodes[String(service.ReferenceId)], span, choose));
  const focused = document.activeElement?.closest?.("#map [data-key]")?.dataset.key;
  by("map").replaceChildren(services.length ? picture : "There are no calls in this time range.");
  if (focused) by("map").querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

/** A refusal is cached like a layout, so that the same graph is not requested again. */
function refusal(error) {
  if (error instanceof LayoutRefused) return error;
  throw error;
}

const label = (services) => `${services.length} nodes: ${services.map((it) => it.Name).join(", ")}`;

const counts = (statistics) => ({
  ok: statistics.OkCount,
  error: statistics.ErrorStatistics.OtherCount,
  throttle: statistics.ErrorStatistics.ThrottleCount,
  fault: statistics.FaultStatistics.TotalCount,
});

const outcomes = (statistics) => Object.entries(counts(statistics))
  .filter(([, count]) => count)
  .map(([name, count]) => `, ${count} ${name}`)
  .join("");

function inWords(statistics) {
  const mean = statistics.TotalCount ? seconds(statistics.TotalResponseTime / statistics.TotalCount) : "none yet";
  return `${statistics.TotalCount} requests, mean ${mean}${outcomes(statistics)}`;
}

function nodeOf(service, at, span, choose) {
  const statistics = service.SummaryStatistics;
  const isMeasured = statistics?.TotalCount > 0;
  const centre = -NODE.height / 2 + RADIUS + 8;
  const below = centre + RADIUS;
  const texts = [[short(service.Name, 24), below + 24, "name"], [short(kindOf(service), 28), below + 40, "soft"]];
  if (statistics) texts.push([`${statistics.TotalCount} requests`, below + 56, "soft"]);
  if (isMeasured) {
    texts.push([seconds(statistics.TotalResponseTime / statistics.TotalCount), centre, "mean"]);
    texts.push([`${rate(statistics.TotalCount, span)}/min`, centre + 15, "soft"]);
  }
  // The name for screen readers starts with the visible text.
  const label = `${texts.map(([text]) => text).join(" ")}${statistics ? outcomes(statistics) : ", a caller outside the traced services"}`;
  const circle = (name, radius) => svg("circle", { class: name, cx: 0, cy: centre, r: radius });
  const node = svg("g", { class: "node", transform: `translate(${at.x} ${at.y})`, "data-key": `${service.Name} ${kindOf(service)}`, "aria-label": label },
    circle("face", RADIUS), circle("focus", RADIUS + 8));
  if (isMeasured) node.append(...ring(counts(statistics), statistics.TotalCount, centre));
  else node.append(circle("none", RADIUS));
  if (!statistics) node.append(svg("path", { class: "person", transform: `translate(0 ${centre})`, d: PERSON }));
  for (const [text, y, name] of texts) node.append(svg("text", { x: 0, y, class: name }, text), " ");
  return pressable(node, () => choose(`service(${id(service)})`));
}

const kindOf = (service) => service.Type ?? "service";

function ring(shares, total, centre) {
  const around = 2 * Math.PI * RADIUS;
  let before = 0;
  return Object.entries(shares).filter(([, count]) => count).map(([name, count]) => {
    const length = (count / total) * around;
    const arc = svg("circle", {
      class: `ring ${name}`, cx: 0, cy: centre, r: RADIUS, transform: `rotate(-90 0 ${centre})`,
      "stroke-dasharray": `${length} ${around - length}`, "stroke-dashoffset": -before,
    });
    before += length;
    return arc;
  });
}

function edgeOf({ from, edge, to }, placed, points, choose) {
  const statistics = edge.SummaryStatistics;
  const way = between(points, placed.nodes[String(from.ReferenceId)], placed.nodes[String(edge.ReferenceId)]);
  const d = way.map((point, place) => `${place ? "L" : "M"}${point.x.toFixed(1)} ${point.y.toFixed(1)}`).join("");
  const middle = way.length % 2 ? way[(way.length - 1) / 2] : mean(way[way.length / 2 - 1], way[way.length / 2]);
  const text = String(statistics.TotalCount);
  const group = svg("g", { class: "edge", "data-key": `${from.Name} ${from.Type} > ${to.Name} ${to.Type}`, "aria-label": `from ${from.Name} to ${to.Name}: ${inWords(statistics)}` },
    svg("path", { class: "hit", d }),
    svg("path", { class: "line", d, "marker-end": "url(#arrow)" }),
    svg("rect", { x: middle.x - 4 - 4 * text.length, y: middle.y - 9, width: 8 + 8 * text.length, height: 18, rx: 6 }),
    svg("text", { x: middle.x, y: middle.y + 4 }, text));
  return pressable(group, () => choose(`edge(${id(from)}, ${id(to)})`));
}

const mean = (a, b) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });

/** Shortens an edge to the rings. The layout works with boxes, and a ring is the upper part of its box. */
function between(points, from, to) {
  const centre = (node) => ({ x: node.x, y: node.y - NODE.height / 2 + RADIUS + 8 });
  const [start, end] = [centre(from), centre(to)];
  const shift = -NODE.height / 2 + RADIUS + 8;
  const inner = points.slice(1, -1).map(({ x, y }) => ({ x, y: y + shift }));
  const beside = (circle, other) => {
    const length = Math.hypot(other.x - circle.x, other.y - circle.y) || 1;
    const r = RADIUS + 7;
    return { x: circle.x + ((other.x - circle.x) / length) * r, y: circle.y + ((other.y - circle.y) / length) * r };
  };
  const way = [beside(start, inner[0] ?? end), ...inner, beside(end, inner.at(-1) ?? start)];
  return way;
}

const rate = (count, span) => {
  const each = count / Math.max(span / 60, 1 / 60);
  return each >= 10 ? Math.round(each) : Number(each.toPrecision(2));
};

const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

const quoted = (text) => `"${text.replace(/["\\]/g, "\\$&")}"`;

/** The filter expression of a node. Without a type, the expression contains only the name. */
const id = (service) => (service.Type ? `id(name: ${quoted(service.Name)}, type: ${quoted(service.Type)})` : quoted(service.Name));
