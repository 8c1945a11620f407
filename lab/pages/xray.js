// X-Ray's API, as everyone has it; the lab passes it on so that it is of this page's origin.

/** What X-Ray refused, in its own words. */
export class Refused extends Error {}

export async function ask(operation, request) {
  const answer = await post(`/xray/${operation}`, request);
  const body = await answer.json();
  if (!answer.ok) throw new Refused(body.Message ?? `status ${answer.status}`);
  return body;
}

/** The lab did not lay out a map. The message says why, for people. */
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

/** All pages of summaries, at most `most` traces. */
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
