// Parts that the overview and the pages of services share: tasks as marks, small charts, states as badges.

import { formatMinute, formatNumber } from "../format.js";
import { html, nothing, repeat, svg } from "../lit.js";
import { countStates } from "./health.js";

/** Tasks as marks: form and colour say the state, the label says it in words. `tasks` have `id`, `state` and `reason`. */
export const taskMarks = (tasks) => html`
  <span class="task-marks" role="img" aria-label=${`Tasks: ${countStates(tasks.map(({ state }) => state))}`}>
    ${repeat(tasks, ({ id }) => id, ({ id, state, reason }) => html`
      <svg class="task-mark ${state}" viewBox="0 0 16 16" width="16" height="16"><title>${`${id.slice(0, 8)}: ${state}${reason ? `. ${reason}` : ""}`}</title>${MARKS[state]}</svg>`)}
  </span>`;

const MARKS = {
  healthy: svg`<circle cx="8" cy="8" r="6"></circle>`,
  running: svg`<circle cx="8" cy="8" r="6"></circle>`,
  starting: svg`<circle class="hollow" cx="8" cy="8" r="5"></circle>`,
  stopping: svg`<path class="hollow" d="M3 8h10"></path>`,
  unhealthy: svg`<path d="M8 1l7 7-7 7-7-7z"></path><path class="cross" d="M5.5 5.5l5 5m0-5l-5 5"></path>`,
};

/** A state in a word with its mark. */
export const stateBadge = (state) => html`<span class="state ${state}"><svg class="task-mark ${state}" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">${MARKS[state]}</svg> ${state}</span>`;

/** The states of a deployment. */
export const rolloutBadge = (state) => html`<span class="badge ${{ COMPLETED: "ok", FAILED: "fault", IN_PROGRESS: "throttle" }[state] ?? "soft"}">${(state ?? "unknown").toLowerCase().replace("_", " ")}</span>`;

const WIDTH = 120;
const HEIGHT = 28;

/** Points of a small chart: the range is its width, 0 is at the bottom. A gap of more than a period ends the line. */
export function sparkPath(rows, name, { start, end }, period, max) {
  let path = "";
  let last;
  for (const row of rows) {
    if (row[name] === undefined) continue;
    const x = Math.min(WIDTH, Math.max(0, ((row.time + period * 500 - start) / (end - start)) * WIDTH));
    const y = HEIGHT - 1 - (max ? row[name] / max : 0) * (HEIGHT - 3);
    path += `${last === undefined || row.time - last > period * 1500 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
    if (last === undefined || row.time - last > period * 1500) path += "h0.01";
    last = row.time;
  }
  return path;
}

/** A small chart of one value over the range. `label` names the value. */
export function sparkline(rows, name, range, period, label, top = 0) {
  const values = rows.map((row) => row[name]).filter((value) => value !== undefined);
  if (!values.length) return nothing;
  const max = Math.max(top, ...values);
  const text = `${label}, ${formatMinute(range.start)}–${formatMinute(range.end)}: between ${formatNumber(Math.min(...values))} and ${formatNumber(Math.max(...values))}`;
  return html`<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label=${text}>
    <title>${text}</title><path class="spark-base" d="M0 ${HEIGHT - 1}H${WIDTH}"></path><path class="spark-line" d=${sparkPath(rows, name, range, period, max)}></path></svg>`;
}
