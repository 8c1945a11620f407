// The service map: each node has a ring of outcomes, and each edge has its number of requests.

import { createSvg, createHtml, findById, formatDuration, makeButton } from "./dom.js";
import { LayoutError, requestLayout } from "./xray.js";

const RING_RADIUS = 34;
const NODE_SIZE = { width: 190, height: 150 };
const MAP_MARGIN = 12;

/** The distance from the centre of a node's box to the centre of its ring. */
const RING_OFFSET = -NODE_SIZE.height / 2 + RING_RADIUS + 8;

/** A path that draws a head and shoulders. */
const PERSON_PATH = "M0-16a8 8 0 1 1 0 16a8 8 0 1 1 0-16M-15 18c0-10 7-14 15-14s15 4 15 14z";

/** The last layout, and the nodes and edges for which it was requested. */
let cachedLayout = { graphKey: "", layout: undefined };
let shownState = "";

/**
 * Draws the graph of a time range with this number of seconds. `onSelect` receives the filter of a node or an edge that
 * is pressed. If the lab cannot lay out the graph, the page shows the reason in place of the map.
 */
export async function drawMap(services, rangeSeconds, onSelect) {
  const ids = services.map((service) => String(service.ReferenceId));
  const edges = services.flatMap((from) => from.Edges.map((edge) => ({ from, edge, to: services[edge.ReferenceId] })));
  const graphKey = JSON.stringify([services.map((service) => [service.Name, service.Type]), edges.map(({ from, edge }) => [from.ReferenceId, edge.ReferenceId])]);
  if (graphKey !== cachedLayout.graphKey) {
    const idPairs = edges.map(({ from, edge }) => [String(from.ReferenceId), String(edge.ReferenceId)]);
    cachedLayout = { graphKey, layout: await requestLayout(ids.map((id) => ({ id, ...NODE_SIZE })), idPairs).catch(returnLayoutError) };
  }
  const { layout } = cachedLayout;
  if (layout instanceof LayoutError) {
    shownState = "";
    findById("map").replaceChildren(createHtml("p", {}, layout.message));
    return;
  }
  const newState = JSON.stringify([services, Math.round(rangeSeconds)]);
  if (newState === shownState) return;
  shownState = newState;
  const width = layout.width + 2 * MAP_MARGIN;
  const height = layout.height + 2 * MAP_MARGIN;
  const picture = createSvg("svg", { width, height, viewBox: `${-MAP_MARGIN} ${-MAP_MARGIN} ${width} ${height}`, role: "group", "aria-label": describeMap(services) });
  const arrow = { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto-start-reverse" };
  picture.append(createSvg("defs", {}, createSvg("marker", arrow, createSvg("path", { d: "M0 0 8 4 0 8z" }))));
  for (const [index, edge] of edges.entries()) picture.append(createEdge(edge, layout, layout.edges[index], onSelect));
  for (const service of services) picture.append(createNode(service, layout.nodes[String(service.ReferenceId)], rangeSeconds, onSelect));
  const focusedKey = document.activeElement?.closest?.("#map [data-key]")?.dataset.key;
  findById("map").replaceChildren(services.length ? picture : "There are no calls in this time range.");
  if (focusedKey) findById("map").querySelector(`[data-key="${CSS.escape(focusedKey)}"]`)?.focus();
}

/** Returns a refusal of the lab as a value, so that it is cached and the same graph is not requested again. */
function returnLayoutError(error) {
  if (error instanceof LayoutError) return error;
  throw error;
}

const describeMap = (services) => `${services.length} nodes: ${services.map((service) => service.Name).join(", ")}`;

const countOutcomes = (statistics) => ({
  ok: statistics.OkCount,
  error: statistics.ErrorStatistics.OtherCount,
  throttle: statistics.ErrorStatistics.ThrottleCount,
  fault: statistics.FaultStatistics.TotalCount,
});

const describeOutcomes = (statistics) => Object.entries(countOutcomes(statistics))
  .filter(([, count]) => count)
  .map(([outcome, count]) => `, ${count} ${outcome}`)
  .join("");

function describeStatistics(statistics) {
  const mean = statistics.TotalCount ? formatDuration(statistics.TotalResponseTime / statistics.TotalCount) : "none yet";
  return `${statistics.TotalCount} requests, mean ${mean}${describeOutcomes(statistics)}`;
}

function createNode(service, position, rangeSeconds, onSelect) {
  const statistics = service.SummaryStatistics;
  const hasRequests = statistics?.TotalCount > 0;
  const type = getType(service);
  const ringBottom = RING_OFFSET + RING_RADIUS;
  const texts = [[truncate(service.Name, 24), ringBottom + 24, "name"], [truncate(type, 28), ringBottom + 40, "soft"]];
  if (statistics) texts.push([`${statistics.TotalCount} requests`, ringBottom + 56, "soft"]);
  if (hasRequests) {
    texts.push([formatDuration(statistics.TotalResponseTime / statistics.TotalCount), RING_OFFSET, "mean"]);
    texts.push([`${computeRatePerMinute(statistics.TotalCount, rangeSeconds)}/min`, RING_OFFSET + 15, "soft"]);
  }
  // The name for screen readers starts with the visible text.
  const visibleText = texts.map(([text]) => text).join(" ");
  const label = `${visibleText}${statistics ? describeOutcomes(statistics) : ", a caller outside the traced services"}`;
  const createCircle = (className, radius) => createSvg("circle", { class: className, cx: 0, cy: RING_OFFSET, r: radius });
  const node = createSvg("g", { class: "node", transform: `translate(${position.x} ${position.y})`, "data-key": `${service.Name} ${type}`, "aria-label": label },
    createCircle("face", RING_RADIUS), createCircle("focus", RING_RADIUS + 8));
  if (hasRequests) node.append(...createRing(countOutcomes(statistics), statistics.TotalCount));
  else node.append(createCircle("none", RING_RADIUS));
  if (!statistics) node.append(createSvg("path", { class: "person", transform: `translate(0 ${RING_OFFSET})`, d: PERSON_PATH }));
  for (const [text, y, className] of texts) node.append(createSvg("text", { x: 0, y, class: className }, text), " ");
  return makeButton(node, () => onSelect(`service(${formatServiceFilter(service)})`));
}

const getType = (service) => service.Type ?? "service";

/** Creates one arc for each outcome. The length of an arc is the share of requests with its outcome. */
function createRing(outcomeCounts, total) {
  const circumference = 2 * Math.PI * RING_RADIUS;
  let arcStart = 0;
  return Object.entries(outcomeCounts).filter(([, count]) => count).map(([outcome, count]) => {
    const arcLength = (count / total) * circumference;
    const arc = createSvg("circle", {
      class: `ring ${outcome}`, cx: 0, cy: RING_OFFSET, r: RING_RADIUS, transform: `rotate(-90 0 ${RING_OFFSET})`,
      "stroke-dasharray": `${arcLength} ${circumference - arcLength}`, "stroke-dashoffset": -arcStart,
    });
    arcStart += arcLength;
    return arc;
  });
}

function createEdge({ from, edge, to }, layout, layoutPoints, onSelect) {
  const statistics = edge.SummaryStatistics;
  const points = moveEndsToRings(layoutPoints, layout.nodes[String(from.ReferenceId)], layout.nodes[String(edge.ReferenceId)]);
  const d = points.map(({ x, y }, index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  const half = points.length / 2;
  const labelPoint = points.length % 2 ? points[Math.floor(half)] : computeMidpoint(points[half - 1], points[half]);
  const requestCount = String(statistics.TotalCount);
  const group = createSvg("g", { class: "edge", "data-key": `${from.Name} ${from.Type} > ${to.Name} ${to.Type}`, "aria-label": `from ${from.Name} to ${to.Name}: ${describeStatistics(statistics)}` },
    createSvg("path", { class: "hit", d }),
    createSvg("path", { class: "line", d, "marker-end": "url(#arrow)" }),
    createSvg("rect", { x: labelPoint.x - 4 - 4 * requestCount.length, y: labelPoint.y - 9, width: 8 + 8 * requestCount.length, height: 18, rx: 6 }),
    createSvg("text", { x: labelPoint.x, y: labelPoint.y + 4 }, requestCount));
  return makeButton(group, () => onSelect(`edge(${formatServiceFilter(from)}, ${formatServiceFilter(to)})`));
}

const computeMidpoint = (first, second) => ({ x: (first.x + second.x) / 2, y: (first.y + second.y) / 2 });

/** Moves the ends of an edge from the boxes of its nodes to the rings. The layout contains only the boxes. */
function moveEndsToRings(points, from, to) {
  const moveToRingHeight = ({ x, y }) => ({ x, y: y + RING_OFFSET });
  const [start, end] = [moveToRingHeight(from), moveToRingHeight(to)];
  const innerPoints = points.slice(1, -1).map(moveToRingHeight);
  const findPointOnRing = (centre, target) => {
    const distance = Math.hypot(target.x - centre.x, target.y - centre.y) || 1;
    const radius = RING_RADIUS + 7;
    return { x: centre.x + ((target.x - centre.x) / distance) * radius, y: centre.y + ((target.y - centre.y) / distance) * radius };
  };
  return [findPointOnRing(start, innerPoints[0] ?? end), ...innerPoints, findPointOnRing(end, innerPoints.at(-1) ?? start)];
}

const computeRatePerMinute = (requestCount, rangeSeconds) => {
  const rate = requestCount / Math.max(rangeSeconds / 60, 1 / 60);
  return rate >= 10 ? Math.round(rate) : Number(rate.toPrecision(2));
};

const truncate = (text, maxLength) => (text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text);

const quote = (text) => `"${text.replace(/["\\]/g, "\\$&")}"`;

/** Returns a service as an argument of a filter expression. Without a type, the argument contains only the name. */
const formatServiceFilter = (service) => (service.Type ? `id(name: ${quote(service.Name)}, type: ${quote(service.Type)})` : quote(service.Name));
