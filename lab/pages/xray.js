// Client of the X-Ray API. The lab forwards the API under /xray, so that it has the page's origin.

/** An error response of X-Ray, with X-Ray's message. */
export class Refused extends Error {}

export async function ask(operation, request) {
  const answer = await post(`/xray/${operation}`, request);
  const body = await answer.json();
  if (!answer.ok) throw new Refused(body.Message ?? `status ${answer.status}`);
  return body;
}

/** The lab refused to compute a layout. The message gives the reason. */
export class LayoutRefused extends Error {}

/** Coordinates for nodes of these sizes, and paths for edges between them. */
export async function layout(nodes, edges) {
  const answer = await post("/traces/layout", { nodes, edges });
  if (answer.ok) return answer.json();
  const size = `The map is not drawn. It has ${nodes.length} nodes and ${edges.length} edges`;
  throw new LayoutRefused(answer.status === 413
    ? `${size}, which is too many to read. Filter for fewer traces to see it.`
    : `${size}, and the lab could not lay it out (status ${answer.status}).`);
}

/** Loads all pages of summaries, up to `most` traces. */
export async function summaries(request, most) {
  const found = [];
  let scanned = 0;
  let token;
  do {
    const page = await ask("TraceSummaries", { ...request, NextToken: token });
    found.push(...page.TraceSummaries);
    scanned += page.TracesProcessedCount;
    token = page.NextToken;
  } while (token && found.length < most);
  return { found, scanned, isAll: !token };
}

function post(path, body) {
  const headers = { "content-type": "application/json" };
  return fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
}
