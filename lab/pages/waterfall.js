// One trace: its segments and subsegments on a time line, and the details of each.

import { createHtml, createSvg, findById, formatDuration, getOutcome } from "./dom.js";
import { callXray } from "./xray.js";

/** The segment or subsegment of each button. */
const segmentsByButton = new WeakMap();

/** Shows a trace. Returns whether the trace is stored and complete. */
export async function showWaterfall(traceId) {
  document.title = `${traceId} · Traces`;
  findById("trace-title").textContent = `Trace ${traceId}`;
  const { Traces: [trace] } = await callXray("Traces", { TraceIds: [traceId] });
  if (!trace) {
    findById("trace-status").textContent = "X-Ray does not know this trace. It may not have arrived yet, it may not have been sampled, or it may have been removed to make room for newer traces.";
    return false;
  }
  const documents = trace.Segments.map((segment) => JSON.parse(segment.Document));
  const lines = listLines(documents);
  const traceStart = Math.min(...documents.map((document) => document.start_time));
  const traceDuration = Math.max(trace.Duration, 0.000001);
  const inProgressCount = lines.filter(({ segment }) => segment.in_progress).length;
  findById("trace-status").textContent = `${formatDuration(trace.Duration)}, ${documents.length} segments${inProgressCount ? `, ${inProgressCount} still in progress` : ""}. Select a line to see its details.`;
  const selectedId = findById("waterfall").querySelector('[aria-pressed="true"]')?.dataset.id;
  findById("waterfall").replaceChildren(...lines.map((line) => createLine(line, traceStart, traceDuration)));
  if (selectedId) selectLine(findById("waterfall").querySelector(`[data-id="${CSS.escape(selectedId)}"]`), false);
  return inProgressCount === 0;
}

/** Lists segments and subsegments with their depth, parents before children. */
function listLines(documents) {
  const ids = new Set();
  const addIds = (segment) => {
    ids.add(segment.id);
    (segment.subsegments ?? []).forEach(addIds);
  };
  documents.forEach(addIds);
  const documentsByParent = new Map();
  for (const document of documents) {
    const parentId = ids.has(document.parent_id) && document.parent_id !== document.id ? document.parent_id : undefined;
    documentsByParent.set(parentId, [...(documentsByParent.get(parentId) ?? []), document]);
  }
  const lines = [];
  const listedIds = new Set();
  const addLines = (segment, depth, isSubsegment) => {
    if (listedIds.has(segment.id)) return;
    listedIds.add(segment.id);
    lines.push({ segment, depth, kind: isSubsegment ? "subsegment" : segment.inferred ? "inferred" : "segment" });
    const subsegments = (segment.subsegments ?? []).map((subsegment) => [subsegment, true]);
    const childDocuments = (documentsByParent.get(segment.id) ?? []).map((document) => [document, false]);
    const children = [...subsegments, ...childDocuments].sort(([first], [second]) => first.start_time - second.start_time);
    children.forEach(([child, isSubsegment]) => addLines(child, depth + 1, isSubsegment));
  };
  (documentsByParent.get(undefined) ?? []).forEach((root) => addLines(root, 0, false));
  // Documents whose parents form a circle have no root.
  documents.forEach((document) => addLines(document, 0, false));
  return lines;
}

function createLine({ segment, depth, kind }, traceStart, traceDuration) {
  const outcome = getOutcome(segment);
  const duration = segment.in_progress ? undefined : segment.end_time - segment.start_time;
  const offset = segment.start_time - traceStart;
  const barStart = (offset / traceDuration) * 100;
  const barWidth = Math.max(((duration ?? traceDuration - offset) / traceDuration) * 100, 0.4);
  const status = segment.http?.response?.status;
  const spokenText = createHtml("span", { class: "spoken" }, ` ${kind}${outcome === "ok" ? "" : `, ${outcome}`}, `);
  const label = createHtml("span", { class: "label" }, `${"\u2003".repeat(Math.min(depth, 12))}${segment.name}${status ? ` ${status}` : ""}`, spokenText);
  const bar = createSvg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true", class: outcome },
    createSvg("rect", { x: Math.min(barStart, 99.6), y: kind === "subsegment" ? 3 : 1, width: barWidth, height: kind === "subsegment" ? 4 : 8, opacity: segment.in_progress ? 0.4 : 1 }));
  const button = createHtml("button", { type: "button", "aria-pressed": "false", "data-id": segment.id },
    label, bar, createHtml("span", { class: "time" }, formatDuration(duration)));
  segmentsByButton.set(button, segment);
  button.addEventListener("click", () => selectLine(button, true));
  return createHtml("li", { class: kind }, button);
}

/** Shows the details of a line. After a refresh, details that have not changed are not replaced. */
function selectLine(button, isClick) {
  if (!button) return;
  for (const pressedButton of findById("waterfall").querySelectorAll('[aria-pressed="true"]')) pressedButton.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-pressed", "true");
  const segment = segmentsByButton.get(button);
  const detailsElement = findById("details");
  const newState = JSON.stringify(segment);
  if (!isClick && detailsElement.dataset.state === newState) return;
  detailsElement.dataset.state = newState;
  detailsElement.hidden = false;
  detailsElement.replaceChildren(
    createHtml("h2", {}, segment.name),
    createDescriptionList({
      id: segment.id, parent: segment.parent_id, origin: segment.origin, namespace: segment.namespace, user: segment.user,
      outcome: getOutcome(segment), started: new Date(segment.start_time * 1000).toISOString(),
      duration: formatDuration(segment.in_progress ? undefined : segment.end_time - segment.start_time),
    }),
    ...createBlock("Request", segment.http?.request), ...createBlock("Response", segment.http?.response),
    ...createBlock("Annotations", segment.annotations), ...createBlock("AWS", flatten(segment.aws)), ...createBlock("SQL", segment.sql),
    ...(segment.cause?.exceptions ?? []).flatMap(({ type, message }) => createBlock("Exception", { type, message })),
    createHtml("details", {}, createHtml("summary", {}, "Raw JSON"), createHtml("pre", { tabindex: "0" }, JSON.stringify(segment, null, 2))),
  );
}

const createBlock = (title, values) => (values && Object.keys(values).length ? [createHtml("h3", {}, title), createDescriptionList(values)] : []);

const createDescriptionList = (values) => createHtml("dl", {}, ...Object.entries(values)
  .filter(([, value]) => value !== undefined)
  .flatMap(([key, value]) => [createHtml("dt", {}, key), createHtml("dd", {}, typeof value === "object" ? JSON.stringify(value) : String(value))]));

/** Flattens nested objects and joins their keys with dots. */
function flatten(object, keyPrefix = "") {
  return Object.fromEntries(Object.entries(object ?? {}).flatMap(([key, value]) =>
    value && typeof value === "object" && !Array.isArray(value) ? Object.entries(flatten(value, `${keyPrefix}${key}.`)) : [[keyPrefix + key, value]]));
}
