// The list of traces, 100 rows at a time.

import { by, html, outcome, seconds } from "./dom.js";

const PAGE = 100;

let rows = PAGE;
let shown = "";

export function reset() {
  rows = PAGE;
}

export function show(found) {
  const visible = found.slice(0, rows);
  const state = JSON.stringify([visible.map((it) => [it.Id, it.Revision]), found.length > rows]);
  by("none").hidden = found.length > 0;
  by("more").hidden = found.length <= rows;
  by("more").onclick = () => {
    const next = rows;
    rows += PAGE;
    show(found);
    by("list").rows[next]?.querySelector("a")?.focus();
  };
  if (state === shown) return;
  shown = state;
  const focused = document.activeElement?.closest?.("#list a")?.getAttribute("href");
  by("list").replaceChildren(...visible.map(row));
  if (focused) by("list").querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
}

function row(trace) {
  const name = outcome({ fault: trace.HasFault, throttle: trace.HasThrottle && trace.HasError, error: trace.HasError });
  const http = trace.Http ?? {};
  const cell = (label, name, ...children) => html("td", { "data-label": label, class: name }, ...children);
  const started = new Date(trace.StartTime * 1000);
  return html("tr", {},
    cell("Time", undefined, html("time", { datetime: started.toISOString() }, started.toLocaleTimeString())),
    cell("Trace", undefined, html("a", { href: `/traces/${trace.Id}`, class: "mono" }, trace.Id)),
    cell("Entry", undefined, trace.EntryPoint?.Name ?? "not known yet"),
    cell("Request", "url", [http.HttpMethod, path(http.HttpURL)].filter(Boolean).join(" ")),
    cell("Status", `number ${name}`, String(http.HttpStatus ?? (name === "ok" ? "" : name))),
    cell("Response time", "number", trace.IsPartial && trace.ResponseTime === undefined ? "in progress" : seconds(trace.ResponseTime ?? trace.Duration)),
    cell("Annotations", undefined, ...annotations(trace.Annotations)));
}

function path(url) {
  try {
    const { pathname, search } = new URL(url);
    return pathname + search;
  } catch {
    return url;
  }
}

const annotations = (all) => Object.entries(all).map(([key, values]) => {
  const each = values.map(({ AnnotationValue: it }) => it.StringValue ?? it.NumberValue ?? it.BooleanValue);
  return html("span", { class: "pair" }, html("span", { class: "soft" }, `${key} `), each.join(", "));
});
