// The page for dashboards and metrics.

import { cloudwatch, listAll } from "./aws.js";
import { formatAge } from "./format.js";
import { loadStyle } from "./frame.js";
import { html, nothing, render, repeat } from "./lit.js";
import { poll } from "./poll.js";
import { link, onRangeChange, readRange } from "./range.js";
import { loadContext } from "./metrics/context.js";
import { startDashboard } from "./metrics/dashboard.js";
import { loadLines } from "./metrics/data.js";
import { explorer, readState, writeState } from "./metrics/explorer.js";
import { loadMetrics } from "./metrics/lines.js";
import { createDashboard } from "./metrics/widget-form.js";

export const title = "Metrics";
export const hasTimeRange = true;

/** Values come once a minute. */
const INTERVAL_MS = 10_000;

const openDashboard = (name) => location.assign(link(`/console/metrics/${name}`));

export function start(main, rest) {
  loadStyle("metrics/metrics.css");
  if (rest) startDashboard(main, rest);
  else startList(main);
}

function startList(main) {
  const state = readState();
  let view;
  render(html`<p class="soft">The dashboards are loading.</p>`, main);
  const show = () => view && render(template(view, state, change), main);
  const change = () => {
    writeState(state);
    show();
    refresh();
  };
  // After "Back" the address may have other lines.
  onRangeChange(() => {
    const { lines, stat, period } = readState();
    Object.assign(state, { lines, stat, period });
  });
  const refresh = poll(async () => {
    const range = readRange();
    const [dashboards, metrics, context, data] = await Promise.all([
      listAll(cloudwatch, "ListDashboards", {}, "DashboardEntries", "NextToken"), loadMetrics(), loadContext(), loadLines(state.lines, state, range),
    ]);
    return () => {
      state.metrics = metrics;
      view = { dashboards, context, data, range };
      show();
    };
  }, INTERVAL_MS);
}

function template({ dashboards, context, data, range }, state, change) {
  const names = dashboards.map(({ DashboardName }) => DashboardName);
  return html`
    <section class="panel" aria-labelledby="dashboards-title">
      <div class="row middle spread"><h2 id="dashboards-title">Dashboards</h2>
        <button class="main" @click=${() => createDashboard(names, openDashboard)}>New dashboard…</button></div>
      ${dashboards.length ? html`
        <ul class="dashboards">${repeat(dashboards, ({ DashboardName }) => DashboardName, ({ DashboardName, LastModified }) => html`
          <li><a href=${link(`/console/metrics/${DashboardName}`)}>${DashboardName}</a> <span class="soft">changed ${formatAge(LastModified * 1000)}</span></li>`)}</ul>`
      : html`<p class="soft">There is no dashboard yet. A dashboard keeps charts and numbers together.</p>`}
    </section>
    ${explorer(state, data, range, context, names, change) ?? nothing}`;
}
