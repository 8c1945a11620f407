// Client of the X-Ray API. The lab forwards the API under /xray, so that it has the page's origin.

/** An error response of X-Ray, with X-Ray's message. */
export class XrayError extends Error {}

export async function callXray(operation, request) {
  const response = await postJson(`/xray/${operation}`, request);
  const body = await response.json();
  if (!response.ok) throw new XrayError(body.Message ?? `status ${response.status}`);
  return body;
}

/** The lab refused to compute a layout. The message gives the reason. */
export class LayoutError extends Error {}

/** Requests coordinates for nodes of these sizes, and paths for the edges between these nodes. */
export async function requestLayout(nodes, edges) {
  const response = await postJson("/traces/layout", { nodes, edges });
  if (response.ok) return response.json();
  const size = `The map is not drawn. It has ${nodes.length} nodes and ${edges.length} edges`;
  throw new LayoutError(response.status === 413
    ? `${size}, which is too many to read. Filter for fewer traces to see the map.`
    : `${size}, and the lab could not compute their positions (status ${response.status}).`);
}

/** Loads pages of summaries until all pages are loaded, or until at least `maxTraces` traces were found. */
export async function loadSummaries(request, maxTraces) {
  const traces = [];
  let scannedCount = 0;
  let nextToken;
  do {
    const page = await callXray("TraceSummaries", { ...request, NextToken: nextToken });
    traces.push(...page.TraceSummaries);
    scannedCount += page.TracesProcessedCount;
    nextToken = page.NextToken;
  } while (nextToken && traces.length < maxTraces);
  return { traces, scannedCount, isComplete: !nextToken };
}

function postJson(path, body) {
  const headers = { "content-type": "application/json" };
  return fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
}
