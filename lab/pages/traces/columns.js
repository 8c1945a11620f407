// The columns of the list of traces: what they show, and how they sort.

import { formatDuration, formatMoment } from "../format.js";
import { getOutcome } from "./tree.js";

const getAnnotations = (trace) => Object.entries(trace.Annotations ?? {}).map(([key, values]) => {
  const texts = values.map(({ AnnotationValue: value }) => value.StringValue ?? value.NumberValue ?? value.BooleanValue);
  return [key, texts.join(", ")];
});

const hasNoTime = (trace) => trace.IsPartial && trace.ResponseTime === undefined;

export const outcomeOf = (trace) => getOutcome({ fault: trace.HasFault, throttle: trace.HasThrottle && trace.HasError, error: trace.HasError });

/** `text(trace)` is what the cell shows, and `key(trace)` what it sorts by, if that is something else. */
export const COLUMNS = [
  { id: "time", title: "Time", text: (trace) => formatMoment(trace.StartTime * 1000), key: (trace) => trace.StartTime },
  { id: "status", title: "Status", isNumber: true, text: (trace) => String(trace.Http?.HttpStatus ?? (outcomeOf(trace) === "ok" ? "" : outcomeOf(trace))) },
  {
    id: "responsetime", title: "Response time", isNumber: true,
    text: (trace) => hasNoTime(trace) ? "in progress" : formatDuration(trace.ResponseTime ?? trace.Duration),
    key: (trace) => hasNoTime(trace) ? Infinity : trace.ResponseTime ?? trace.Duration,
  },
  { id: "request", title: "Request", text: (trace) => [trace.Http?.HttpMethod, removeOrigin(trace.Http?.HttpURL)].filter(Boolean).join(" ") },
  { id: "entry", title: "Entry", text: (trace) => trace.EntryPoint?.Name ?? "not known yet" },
  { id: "services", title: "Services", text: (trace) => (trace.ServiceIds ?? []).map(({ Name }) => Name).join(", ") },
  { id: "agent", title: "User agent", text: (trace) => trace.Http?.UserAgent ?? "" },
  { id: "annotations", title: "Annotations", pairs: getAnnotations, text: (trace) => getAnnotations(trace).join(" ") },
  { id: "id", title: "Trace id", text: (trace) => trace.Id },
];

/** Annotations are not shown until the reader asks for them: they may give away what the reader looks for. */
export const DEFAULT_COLUMNS = ["time", "status", "responsetime", "request", "entry"];

export const DEFAULT_SORT = "-time";

/** The columns with these ids, in their usual order. The request is always shown, since it links to the trace. */
export const chooseColumns = (ids) => COLUMNS.filter(({ id }) => id === "request" || ids.includes(id));

/** Sorts traces by a column id, downwards if `-` precedes it. Equal traces stay in the order of X-Ray: the newest first. */
export function sortTraces(traces, sort) {
  const column = COLUMNS.find(({ id }) => id === sort.replace("-", ""));
  if (!column) return traces;
  const key = column.key ?? column.text;
  const direction = sort.startsWith("-") ? -1 : 1;
  const keyed = traces.map((trace) => [key(trace), trace]);
  keyed.sort(([first], [second]) => (first < second ? -direction : first > second ? direction : 0));
  return keyed.map(([, trace]) => trace);
}

/** Returns the path and the query of a URL, or the whole text if it is not a URL. */
function removeOrigin(url) {
  if (!URL.canParse(url)) return url;
  const { pathname, search } = new URL(url);
  return pathname + search;
}

/** Splits a text at the ids that have a name: strings, and `{id, name}`. */
export function splitAtIds(text, names) {
  return text.split(/([\w-]{8,})/).map((part) => names.has(part) ? { id: part, name: names.get(part) } : part);
}
