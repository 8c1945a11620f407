// One trace: its segments and subsegments on a time line, and the details of each.

import { by, html, outcome, seconds, svg } from "./dom.js";
import { ask } from "./xray.js";

/** The kind of each line. */
const said = new WeakMap();

export async function show(id) {
  document.title = `${id} · Traces`;
  by("one-title").textContent = `Trace ${id}`;
  const { Traces } = await ask("Traces", { TraceIds: [id] });
  const trace = Traces[0];
  if (!trace) {
    by("one-said").textContent = "X-Ray does not know this trace. It may not have arrived yet, it may not have been sampled, or it may have been removed to make room for newer traces.";
    return false;
  }
  const documents = trace.Segments.map((it) => JSON.parse(it.Document));
  const parts = tree(documents);
  const start = Math.min(...documents.map((it) => it.start_time));
  const whole = Math.max(trace.Duration, 0.000001);
  const open = parts.filter(({ part }) => part.in_progress).length;
  by("one-said").textContent = `${seconds(trace.Duration)}, ${documents.length} segments${open ? `, ${open} still in progress` : ""}. Select a line to see its details.`;
  const chosen = by("waterfall").querySelector('[aria-pressed="true"]')?.dataset.id;
  by("waterfall").replaceChildren(...parts.map((it) => line(it, start, whole)));
  if (chosen) choose(by("waterfall").querySelector(`[data-id="${CSS.escape(chosen)}"]`), false);
  return open === 0;
}

/** Lists segments and subsegments with their depth, parents before children. */
function tree(documents) {
  const children = new Map();
  const owners = new Map();
  const remember = (part) => {
    owners.set(part.id, part);
    (part.subsegments ?? []).forEach(remember);
  };
  documents.forEach(remember);
  for (const document of documents) {
    const parent = owners.has(document.parent_id) && document.parent_id !== document.id ? document.parent_id : undefined;
    children.set(parent, [...(children.get(parent) ?? []), document]);
  }
  const parts = [];
  const seen = new Set();
  const walk = (part, depth, isPart) => {
    if (seen.has(part.id)) return;
    seen.add(part.id);
    parts.push({ part, depth, kind: isPart ? "subsegment" : part.inferred ? "inferred" : "segment" });
    const below = [...(part.subsegments ?? []).map((it) => [it, true]), ...(children.get(part.id) ?? []).map((it) => [it, false])];
    below.sort(([a], [b]) => a.start_time - b.start_time);
    below.forEach(([it, isPart]) => walk(it, depth + 1, isPart));
  };
  (children.get(undefined) ?? []).forEach((it) => walk(it, 0, false));
  // Parts whose parents form a circle.
  documents.forEach((it) => walk(it, 0, false));
  return parts;
}

function line({ part, depth, kind }, start, whole) {
  const name = outcome(part);
  const took = part.in_progress ? undefined : part.end_time - part.start_time;
  const from = ((part.start_time - start) / whole) * 100;
  const width = Math.max(((took ?? whole - (part.start_time - start)) / whole) * 100, 0.4);
  const status = part.http?.response?.status;
  const spoken = html("span", { class: "spoken" }, ` ${kind}${name === "ok" ? "" : `, ${name}`}, `);
  const label = html("span", { class: "label" }, `${"\u2003".repeat(Math.min(depth, 12))}${part.name}${status ? ` ${status}` : ""}`, spoken);
  const bar = svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true", class: name },
    svg("rect", { x: Math.min(from, 99.6), y: kind === "subsegment" ? 3 : 1, width, height: kind === "subsegment" ? 4 : 8, opacity: part.in_progress ? 0.4 : 1 }));
  const button = html("button", { type: "button", "aria-pressed": "false", "data-id": part.id },
    label, bar, html("span", { class: "time" }, seconds(took)));
  said.set(button, part);
  button.addEventListener("click", () => choose(button, true));
  return html("li", { class: kind }, button);
}

function choose(button, byPerson) {
  if (!button) return;
  for (const other of by("waterfall").querySelectorAll('[aria-pressed="true"]')) other.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-pressed", "true");
  const part = said.get(button);
  if (!byPerson && by("details").dataset.of === JSON.stringify(part)) return;
  by("details").dataset.of = JSON.stringify(part);
  const { subsegments, ...own } = part;
  by("details").hidden = false;
  by("details").replaceChildren(
    html("h2", {}, part.name),
    pairs({
      id: part.id, parent: part.parent_id, origin: part.origin, namespace: part.namespace, user: part.user,
      outcome: outcome(part), started: new Date(part.start_time * 1000).toISOString(),
      took: seconds(part.in_progress ? undefined : part.end_time - part.start_time),
    }),
    ...block("Request", part.http?.request), ...block("Response", part.http?.response),
    ...block("Annotations", part.annotations), ...block("AWS", flat(part.aws)), ...block("SQL", part.sql),
    ...(part.cause?.exceptions ?? []).flatMap((it) => block("Exception", { type: it.type, message: it.message })),
    html("details", {}, html("summary", {}, "Raw JSON"), html("pre", { tabindex: "0" }, JSON.stringify(subsegments ? part : own, null, 2))),
  );
}

const block = (title, object) => (object && Object.keys(object).length ? [html("h3", {}, title), pairs(object)] : []);

const pairs = (object) => html("dl", {}, ...Object.entries(object)
  .filter(([, value]) => value !== undefined)
  .flatMap(([key, value]) => [html("dt", {}, key), html("dd", {}, typeof value === "object" ? JSON.stringify(value) : String(value))]));

/** Flattens nested blocks and joins their names. */
function flat(object, before = "") {
  return Object.fromEntries(Object.entries(object ?? {}).flatMap(([key, value]) =>
    value && typeof value === "object" && !Array.isArray(value) ? Object.entries(flat(value, `${before}${key}.`)) : [[before + key, value]]));
}
