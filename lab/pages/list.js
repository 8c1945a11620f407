// The list of traces, 100 rows at a time.

import { createHtml, findById, formatDuration, getOutcome } from "./dom.js";

const ROWS_PER_PAGE = 100;

let maxRows = ROWS_PER_PAGE;
let shownState = "";

/** Shows only the first page of the next list. */
export function resetPages() {
  maxRows = ROWS_PER_PAGE;
}

export function showTraces(traces) {
  const visibleTraces = traces.slice(0, maxRows);
  const newState = JSON.stringify([visibleTraces.map((trace) => [trace.Id, trace.Revision]), traces.length > maxRows]);
  findById("no-traces").hidden = traces.length > 0;
  findById("more-traces").hidden = traces.length <= maxRows;
  findById("more-traces").onclick = () => {
    const firstNewRow = maxRows;
    maxRows += ROWS_PER_PAGE;
    showTraces(traces);
    findById("trace-list").rows[firstNewRow]?.querySelector("a")?.focus();
  };
  if (newState === shownState) return;
  shownState = newState;
  const focusedLink = document.activeElement?.closest?.("#trace-list a")?.getAttribute("href");
  findById("trace-list").replaceChildren(...visibleTraces.map(createRow));
  if (focusedLink) findById("trace-list").querySelector(`a[href="${CSS.escape(focusedLink)}"]`)?.focus();
}

function createRow(trace) {
  const outcome = getOutcome({ fault: trace.HasFault, throttle: trace.HasThrottle && trace.HasError, error: trace.HasError });
  const http = trace.Http ?? {};
  const createCell = (label, className, ...children) => createHtml("td", { "data-label": label, class: className }, ...children);
  const startTime = new Date(trace.StartTime * 1000);
  return createHtml("tr", {},
    createCell("Time", undefined, createHtml("time", { datetime: startTime.toISOString() }, startTime.toLocaleTimeString())),
    createCell("Trace", undefined, createHtml("a", { href: `/traces/${trace.Id}`, class: "mono" }, trace.Id)),
    createCell("Entry", undefined, trace.EntryPoint?.Name ?? "not known yet"),
    createCell("Request", "url", [http.HttpMethod, removeOrigin(http.HttpURL)].filter(Boolean).join(" ")),
    createCell("Status", `number ${outcome}`, String(http.HttpStatus ?? (outcome === "ok" ? "" : outcome))),
    createCell("Response time", "number", trace.IsPartial && trace.ResponseTime === undefined ? "in progress" : formatDuration(trace.ResponseTime ?? trace.Duration)),
    createCell("Annotations", undefined, ...createAnnotations(trace.Annotations)));
}

/** Returns the path and the query of a URL, or the whole text if it is not a URL. */
function removeOrigin(url) {
  try {
    const { pathname, search } = new URL(url);
    return pathname + search;
  } catch {
    return url;
  }
}

const createAnnotations = (annotations) => Object.entries(annotations).map(([key, values]) => {
  const texts = values.map(({ AnnotationValue: value }) => value.StringValue ?? value.NumberValue ?? value.BooleanValue);
  return createHtml("span", { class: "pair" }, createHtml("span", { class: "soft" }, `${key} `), texts.join(", "));
});
