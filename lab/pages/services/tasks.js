// The tasks of a service: those that run or start, and those that stopped.

import { formatAge, formatMoment, shortName } from "../format.js";
import { html, ifDefined, nothing, repeat } from "../lit.js";
import { link } from "../range.js";
import { stopTask } from "./actions.js";
import { revisionNumber } from "./data.js";
import { shortenEvent } from "./events.js";
import { addressOf, exitText, targetOf, taskState } from "./health.js";
import { stateBadge } from "./parts.js";

/** The task that a link to the page names: `?task=ID`. */
const linkedTask = () => new URLSearchParams(location.search).get("task");
const isLinked = ({ taskArn }) => shortName(taskArn) === linkedTask();

/** Shows the row of the linked task. Returns whether the page has it. */
export function showLinkedTask(main) {
  const row = main.querySelector("tr[aria-current]");
  row?.closest("details")?.setAttribute("open", "");
  row?.scrollIntoView({ block: "center" });
  return Boolean(row) || !linkedTask();
}

/** Stopped tasks of the list, before its reader asks for more. */
const STOPPED_COUNT = 10;

export function taskTable(service, tasks, targets, definitions, refresh) {
  if (!tasks.length) {
    return html`<p class="soft">${service.desiredCount ? "ECS has not started a task yet. The events say why, if it cannot." : "The desired count is 0. Change it to start tasks."}</p>`;
  }
  const sorted = [...tasks].sort((a, b) => b.createdAt - a.createdAt || a.taskArn.localeCompare(b.taskArn));
  return html`
    <div class="scroll"><table class="cards task-table">
      <thead><tr><th scope="col">Task</th><th scope="col">Health</th><th scope="col">Status</th><th scope="col">Address</th><th scope="col">Revision</th>
        <th scope="col">Started</th><th scope="col">Limits</th><th scope="col">Containers</th><th scope="col"><span class="spoken">Actions</span></th></tr></thead>
      <tbody>${repeat(sorted, ({ taskArn }) => taskArn, (task) => taskRow(service, task, targets, definitions, refresh))}</tbody>
    </table></div>`;
}

function taskRow(service, task, targets, definitions, refresh) {
  const id = shortName(task.taskArn);
  const { state, reason } = taskState(task, targets);
  const port = targetOf(task, targets)?.Target.Port;
  const address = addressOf(task);
  return html`
    <tr aria-current=${ifDefined(isLinked(task) ? "true" : undefined)}>
      <td class="mono" title=${id}>${id.slice(0, 8)}</td>
      <td>${stateBadge(state)}${reason ? html`<div class="soft small">${reason}</div>` : nothing}</td>
      <td data-label="Status">${task.lastStatus.toLowerCase()}</td>
      <td class="mono" data-label="Address">${address ? `${address}${port ? `:${port}` : ""}` : "–"}</td>
      <td data-label="Revision">${revisionNumber(task.taskDefinitionArn)}</td>
      <td data-label="Started">${task.startedAt ? html`<span title=${formatMoment(task.startedAt * 1000)}>${formatAge(task.startedAt * 1000)}</span>` : "not yet"}</td>
      <td data-label="Limits" class="small">${Number(task.cpu) / 1024} vCPU, ${task.memory} MiB</td>
      <td class="small">${task.containers.map((container) => html`<div>${logLink(container.name, task, definitions)} <span class=${container.healthStatus === "UNHEALTHY" ? "fault" : "soft"}>${containerText(container)}</span></div>`)}</td>
      <td><button type="button" class="small" ?disabled=${task.desiredStatus === "STOPPED"} @click=${() => stopTask(service, task, refresh)}>Stop<span class="spoken"> the task ${id.slice(0, 8)}</span>…</button></td>
    </tr>`;
}

/** A container's name, with a link to its log lines if it has a log group. */
function logLink(name, task, definitions) {
  const { logConfiguration } = definitions.get(task.taskDefinitionArn)?.containerDefinitions.find((container) => container.name === name) ?? {};
  if (logConfiguration?.logDriver !== "awslogs") return name;
  const { "awslogs-group": group, "awslogs-stream-prefix": prefix } = logConfiguration.options;
  const stream = prefix && `${prefix}/${name}/${shortName(task.taskArn)}`;
  return html`<a href=${link("/console/logs", { group, stream })} title="Log lines of the container">${name}</a>`;
}

const containerText = ({ lastStatus, healthStatus, exitCode }) =>
  [lastStatus.toLowerCase(), healthStatus !== "UNKNOWN" && healthStatus?.toLowerCase(), exitCode !== undefined && `exit code ${exitCode}`].filter(Boolean).join(", ");

const CODES = { UserInitiated: "stopped by a person", ServiceSchedulerInitiated: "stopped by ECS", EssentialContainerExited: "a container ended", TaskFailedToStart: "failed to start" };

export function stoppedTable(tasks, definitions) {
  if (!tasks.length) return html`<p class="soft">No task has stopped in the last hour.</p>`;
  const table = (rows) => html`
    <div class="scroll"><table class="cards task-table">
      <thead><tr><th scope="col">Task</th><th scope="col">Stopped</th><th scope="col">Why</th><th scope="col">Reason</th><th scope="col">Revision</th><th scope="col">Containers</th></tr></thead>
      <tbody>${repeat(rows, ({ taskArn }) => taskArn, (task) => html`
        <tr aria-current=${ifDefined(isLinked(task) ? "true" : undefined)}>
          <td class="mono" title=${shortName(task.taskArn)}>${shortName(task.taskArn).slice(0, 8)}</td>
          <td data-label="Stopped">${formatMoment(task.stoppedAt * 1000)}</td>
          <td class=${["UserInitiated", "ServiceSchedulerInitiated"].includes(task.stopCode) ? "" : "fault"}>${CODES[task.stopCode] ?? task.stopCode}</td>
          <td data-label="Reason">${task.stoppedReason && shortenEvent(task.stoppedReason)}</td>
          <td data-label="Revision">${revisionNumber(task.taskDefinitionArn)}</td>
          <td class="small">${task.containers.map((container) => html`<div>${logLink(container.name, task, definitions)} <span class="soft">${exitText(container)}</span></div>`)}</td>
        </tr>`)}</tbody>
    </table></div>`;
  const more = tasks.slice(STOPPED_COUNT);
  return html`${table(tasks.slice(0, STOPPED_COUNT))}
    ${more.length ? html`<details><summary>${more.length} more</summary>${table(more)}</details>` : nothing}`;
}
