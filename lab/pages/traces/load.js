// The queries of the page.

import { NoResponseError, xray } from "../aws.js";

/** Maximum number of traces on the page. X-Ray can store more. */
const MAX_TRACES = 10_000;

/** X-Ray's time range of whole seconds. A range until now ends one second in the future, so that requests in progress are found. */
export function toXrayRange({ start, end, seconds, isCustom }) {
  if (isCustom) return { StartTime: Math.floor(start / 1000), EndTime: Math.ceil(end / 1000) };
  const EndTime = Math.floor(end / 1000) + 1;
  return { StartTime: EndTime - seconds, EndTime };
}

/** Returns the summaries of the matching traces, and the service graph of these traces. */
export async function loadTraces(timeRange, filter) {
  const found = await loadSummaries({ ...timeRange, FilterExpression: filter || undefined });
  const graph = filter
    ? await xray("TraceGraph", { TraceIds: found.traces.map(({ Id }) => Id) })
    : await xray("ServiceGraph", timeRange);
  return { ...found, services: graph.Services };
}

/** Loads all pages, or until at least `MAX_TRACES` traces were found. */
async function loadSummaries(request) {
  const traces = [];
  let scannedCount = 0;
  let nextToken;
  do {
    const page = await xray("TraceSummaries", { ...request, NextToken: nextToken });
    traces.push(...page.TraceSummaries);
    scannedCount += page.TracesProcessedCount;
    nextToken = page.NextToken;
  } while (nextToken && traces.length < MAX_TRACES);
  return { traces, scannedCount, isComplete: !nextToken };
}

let cachedLayout = {};

/**
 * Asks the lab for coordinates: of nodes of one size, in the direction "LR" (left to right) or "TB" (top to bottom), and of the edges between them. Returns a
 * text instead if the lab refuses. The same graph is not sent twice.
 */
export async function requestLayout(nodes, edges, direction) {
  const body = JSON.stringify({ nodes, edges, direction });
  if (cachedLayout.body !== body) cachedLayout = { body, layout: await sendLayout(body, `It has ${nodes.length} nodes and ${edges.length} edges`) };
  return cachedLayout.layout;
}

async function sendLayout(body, size) {
  const init = { method: "POST", headers: { "content-type": "application/json" }, body };
  const response = await fetch("/traces/layout", init).catch((cause) => { throw new NoResponseError("no response", { cause }); });
  if (response.ok) return response.json();
  return response.status === 413
    ? `The map is not drawn. ${size}, which is too many to read. Filter for fewer traces to see the map.`
    : `The map is not drawn. ${size}, and the lab could not compute their positions (status ${response.status}).`;
}
