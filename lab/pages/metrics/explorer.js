// The explorer: a chart of any metrics. Its lines are in the address, in the form of a dashboard.

import { commandBox } from "../command.js";
import { openAsync, showNotice } from "../dialog.js";
import { html, nothing } from "../lit.js";
import { link, setParameters } from "../range.js";
import { expandLines, writeLines } from "./body.js";
import { readBody } from "./data.js";
import { lineEditor } from "./lines.js";
import { requestOf } from "./queries.js";
import { createDashboard, editWidget } from "./widget-form.js";
import { chartOf } from "./widgets.js";

/** The value of a select that stands for a new dashboard: no name has this character. */
const NEW = "*";

/** Reads the state from the address: `metrics` is a list as in a dashboard. */
export function readState() {
  const parameters = new URLSearchParams(location.search);
  let written = [];
  try {
    written = JSON.parse(parameters.get("metrics") ?? "[]");
  } catch {
    // An address that was typed wrongly shows no lines.
  }
  const lines = expandLines({ metrics: Array.isArray(written) ? written : [] });
  const [namespace, name] = lines.findLast(({ metric }) => metric)?.metric ?? [];
  return { metrics: [], lines, choice: { namespace, name }, stat: parameters.get("stat") ?? "Average", period: Number(parameters.get("period")) || undefined };
}

export function writeState({ lines, stat, period }) {
  setParameters({ metrics: lines.length ? JSON.stringify(writeLines(lines)) : undefined, stat: stat === "Average" ? undefined : stat, period });
}

const dateOf = (seconds) => new Date(seconds * 1000).toISOString();

/** The command that gets the values of the chart. */
function command(lines, range) {
  const { MetricDataQueries, StartTime, EndTime } = requestOf(lines, range);
  return ["aws", "cloudwatch", "get-metric-data", "--start-time", dateOf(StartTime), "--end-time", dateOf(EndTime), "--metric-data-queries", MetricDataQueries];
}

/** The panel. `data` is that of `loadLines`; `change` is called after the state has changed. */
export function explorer(state, data, range, context, names, change) {
  const { lines: [first] } = state;
  return html`
    <section class="panel" aria-labelledby="explore-title">
      <h2 id="explore-title">Explore metrics</h2>
      <div class="explorer">
        <div class="editor">${lineEditor(state, change)}</div>
        <div class="result">
          ${data.error ? html`<p class="wrong">${data.error}</p>` : html`<line-chart .chart=${{ ...chartOf(data, { title: "Chosen metrics" }, range, context), empty: state.lines.length ? undefined : "Choose a metric to see its values." }}></line-chart>`}
          ${state.lines.length ? html`
            <div class="row">
              <form class="row" @submit=${(event) => addTo(event, state, names)}>
                <label><span>Dashboard</span><select name="dashboard">${names.map((name) => html`<option>${name}</option>`)}<option value=${NEW}>a new dashboard</option></select></label>
                <button>Add to dashboard…</button>
              </form>
              ${first?.metric ? html`<a class="button" href=${link("/console/alarms", { create: JSON.stringify(first.metric), stat: first.options.stat || state.stat })}>Create an alarm…</a>` : nothing}
            </div>
            <details><summary>The same with the AWS CLI</summary>${commandBox(command(data.lines, range))}</details>` : nothing}
        </div>
      </div>
    </section>`;
}

function addTo(event, state, names) {
  event.preventDefault();
  const { value } = event.target.elements.dashboard;
  const open = (name) => location.assign(link(`/console/metrics/${name}`));
  const edit = (name) => openAsync(async () => {
    const body = await readBody(name);
    if (body) await editWidget(name, body, { lines: state.lines, stat: state.stat, period: state.period, after: () => open(name) });
    else showNotice(`There is no dashboard ${name} any more.`);
  });
  if (value === NEW) createDashboard(names, edit);
  else edit(value);
}
