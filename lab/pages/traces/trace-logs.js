// The part of a trace's page with its log lines.

import { listAll, logs } from "../aws.js";
import { formatDuration } from "../format.js";
import { html, nothing, repeat } from "../lit.js";
import { taskId } from "../logs/lines.js";
import { findService } from "../logs/query.js";
import { link } from "../range.js";
import { groupByTask } from "./log-lines.js";

/** Log lines are searched this long before and after the trace: the clocks of services differ, and a line may arrive late. */
const MARGIN_MS = 60_000;

/** Finds the lines with the trace id in all log groups, by task, with the service of each task that still runs. `start` and `end` are milliseconds. */
export async function loadLogLines(traceId, start, end) {
  const groups = await listAll(logs, "DescribeLogGroups", {}, "logGroups");
  const request = { filterPattern: `"${traceId}"`, startTime: Math.floor(start - MARGIN_MS), endTime: Math.ceil(end + MARGIN_MS) };
  const found = await Promise.all(groups.map(async ({ logGroupName: group }) => {
    const events = await listAll(logs, "FilterLogEvents", { logGroupName: group, ...request }, "events");
    return events.map((event) => ({ group, stream: event.logStreamName, event }));
  }));
  return Promise.all(groupByTask(found.flat()).map(async (task) => ({ ...task, service: taskId(task.stream) && await findService(task.task).catch(() => undefined) })));
}

export function logsTemplate(traceId, tasks, start, end) {
  if (!tasks) return html`<p class="soft">Searching…</p>`;
  if (!tasks.length) return html`<p class="soft">No log line has this trace id. Services write fewer lines at a higher log level, and lines may arrive some seconds after the trace.</p>`;
  const range = { from: new Date(start - MARGIN_MS).toISOString(), to: new Date(end + MARGIN_MS).toISOString(), range: undefined };
  return repeat(tasks, ({ group, stream }) => `${group} ${stream}`, ({ group, container, task, service, lines }) => html`
    <div class="task-log">
      <div class="row spread middle">
        <h3>${container ?? group} <span class="soft">task ${service ? html`<a href=${link(`/console/services/${encodeURIComponent(service)}`, { task })}>${task.slice(0, 8)} of ${service}</a>` : task.slice(0, 8)}</span></h3>
        <a href=${link("/console/logs", { ...range, group, pattern: `"${traceId}"` })}>Show in the logs<span class="spoken"> of ${group}</span></a>
      </div>
      <div class="scroll"><table>
        <caption class="spoken">Log lines of ${container ?? group}, task ${task.slice(0, 8)}</caption>
        <thead class="spoken"><tr><th scope="col">After the start</th><th scope="col">Level</th><th scope="col">Line</th></tr></thead>
        <tbody>${repeat(lines, ({ id }) => id, (line) => lineTemplate(line, start))}</tbody>
      </table></div>
    </div>`);
}

const lineTemplate = ({ time, level, message, fields }, start) => html`
  <tr><td class="number soft">${time < start ? "−" : "+"}${formatDuration(Math.abs(time - start) / 1000)}</td><td>${level ? html`<span class="level ${String(level).toLowerCase()}">${level}</span>` : nothing}</td>
    <td class="line">${message} ${fields.map(([key, value]) => html`<span class="pair"><span class="soft">${key}=</span>${value}</span> `)}</td></tr>`;
