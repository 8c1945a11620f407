// The details of a segment or subsegment.

import { formatDuration, formatPreciseTime } from "../format.js";
import { html, nothing } from "../lit.js";
import { getOutcome } from "./tree.js";

export function detailsTemplate({ segment, selfSeconds }) {
  const { http, annotations, metadata, aws, sql, cause } = segment;
  const facts = {
    id: segment.id, parent: segment.parent_id, origin: segment.origin, namespace: segment.namespace, user: segment.user,
    outcome: getOutcome(segment), started: formatPreciseTime(segment.start_time * 1000),
    duration: formatDuration(segment.in_progress ? undefined : segment.end_time - segment.start_time),
    "without its children": selfSeconds === undefined ? undefined : formatDuration(Math.max(selfSeconds, 0)),
  };
  const exceptions = (cause?.exceptions ?? []).map(({ type, message }) => blockTemplate("Exception", { type, message }));
  return html`
    <h2>${segment.name}</h2>
    <div class="blocks">
      ${blockTemplate(undefined, facts)}${blockTemplate("Request", http?.request)}${blockTemplate("Response", http?.response)}
      ${blockTemplate("Annotations", annotations)}${blockTemplate("Metadata", flatten(metadata))}${blockTemplate("SQL", sql)}${exceptions}
    </div>
    ${aws ? html`<details><summary>AWS</summary>${blockTemplate(undefined, flatten(aws))}</details>` : nothing}
    <details><summary>Raw JSON</summary><pre tabindex="0">${JSON.stringify(segment, null, 2)}</pre></details>`;
}

function blockTemplate(title, values) {
  const entries = Object.entries(values ?? {}).filter(([, value]) => value !== undefined);
  if (!entries.length) return nothing;
  return html`<div>${title ? html`<h3>${title}</h3>` : nothing}
    <dl class="pairs">${entries.map(([key, value]) => html`<dt>${key}</dt><dd>${typeof value === "object" ? JSON.stringify(value) : String(value)}</dd>`)}</dl></div>`;
}

/** Flattens nested objects and joins their keys with dots. */
function flatten(object, prefix = "") {
  return Object.fromEntries(Object.entries(object ?? {}).flatMap(([key, value]) =>
    value && typeof value === "object" && !Array.isArray(value) ? Object.entries(flatten(value, `${prefix}${key}.`)) : [[prefix + key, value]]));
}
