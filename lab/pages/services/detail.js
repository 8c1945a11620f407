// One service: its figures and actions, deployments, events, tasks and revisions.

import { autoScaling } from "../aws.js";
import { cached } from "../cached.js";
import { formatMoment, formatNumber, shortName } from "../format.js";
import { html, nothing, render, repeat } from "../lit.js";
import { poll } from "../poll.js";
import { link } from "../range.js";
import { changeDesiredCount, deploy, rollBack } from "./actions.js";
import { clusterName, familyOf, loadDefinition, loadRevisions, loadServices, loadTargets, loadTasks, revisionNumber } from "./data.js";
import { deploymentList } from "./deployments.js";
import { shortenEvent } from "./events.js";
import { countStates, taskState } from "./health.js";
import { chartPeriod, loadChartRows, metricSources, metricsParameters } from "./metrics.js";
import { sparkline } from "./parts.js";
import { editRevision } from "./revision-form.js";
import { revisionPanel, startRevisions } from "./revisions.js";
import { showLinkedTask, stoppedTable, taskTable } from "./tasks.js";

const REFRESH_MS = 2000;
const SLOW_REFRESH_MS = 10_000;

export function startDetail(main, name) {
  document.title = `${name} · Mythical Mysfits lab`;
  document.getElementById("page-title").textContent = name;
  let service;
  let isTaskShown = false;
  const slow = cached(async (range) => ({
    rows: await loadChartRows(metricSources({ services: [service] }), range),
    bounds: await loadBounds(service),
  }), SLOW_REFRESH_MS);
  const revisions = startRevisions(() => refresh());
  const refresh = poll(async (range) => {
    service = (await loadServices()).find(({ serviceName }) => serviceName === name);
    if (!service) return () => render(missing(name), main);
    const { clusterArn: cluster, loadBalancers = [], taskDefinition } = service;
    const filter = { cluster, serviceName: name };
    const [running, stopped, targets, arns, { rows, bounds }] = await Promise.all([
      loadTasks(filter), loadTasks({ ...filter, desiredStatus: "STOPPED" }), loadTargets(loadBalancers.map(({ targetGroupArn }) => targetGroupArn).filter(Boolean)),
      loadRevisions(familyOf(taskDefinition)), slow(range),
    ]);
    const used = [...new Set([...running, ...stopped].map(({ taskDefinitionArn }) => taskDefinitionArn))];
    const [definitions] = await Promise.all([Promise.all(used.map(async (arn) => [arn, await loadDefinition(arn)])), revisions.load(service, arns)]);
    const page = { service, definitions: new Map(definitions), range, bounds, arns, revisions, refresh, targets: [...targets.values()].flat(), rows: rows.get(service.serviceArn) ?? [] };
    const tasks = [...running, ...stopped.filter(({ lastStatus }) => lastStatus !== "STOPPED")];
    const ended = stopped.filter(({ lastStatus }) => lastStatus === "STOPPED").sort((a, b) => b.stoppedAt - a.stoppedAt);
    return () => {
      render(template({ ...page, tasks, ended }), main);
      isTaskShown ||= showLinkedTask(main);
    };
  }, REFRESH_MS);
}

/** The bounds of Application Auto Scaling, if the service has a scalable target. */
async function loadBounds({ clusterArn, serviceName }) {
  const ResourceIds = [`service/${clusterName(clusterArn)}/${serviceName}`];
  const { ScalableTargets } = await autoScaling("DescribeScalableTargets", { ServiceNamespace: "ecs", ResourceIds });
  return ScalableTargets[0];
}

const missing = (name) => html`<section class="panel"><h2>There is no service ${name}</h2><p><a href=${link("/console/services")}>Show all services</a></p></section>`;

function template(page) {
  const { service, tasks, ended, targets, arns, refresh, revisions, definitions } = page;
  const { serviceName, taskDefinition, events = [], clusterArn } = service;
  const { before, isDeploying } = revisionState(service, arns);
  return html`
    <section class="panel" aria-labelledby="summary-title">
      <div class="row spread middle">
        <h2 id="summary-title">${summary(page)}</h2>
        <p class="crumbs"><a href=${link("/console/services")}>All services</a> · <a href=${link("/console/metrics", metricsParameters(metricSources({ services: [service] })[0], ["cpu", "memory"]))}>Metrics</a> <span class="soft">· cluster ${clusterName(clusterArn)} · ${shortName(taskDefinition)}</span></p>
      </div>
      ${tiles(page)}
      <div class="row actions">
        <button type="button" class="main" @click=${() => changeDesiredCount(service, refresh)}>Desired count…</button>
        <button type="button" @click=${() => editRevision(service, taskDefinition, refresh)}>New revision…</button>
        <button type="button" @click=${() => deploy(service, undefined, refresh)}>Force new deployment…</button>
        ${before ? html`<button type="button" @click=${() => deploy(service, before, refresh)}>Back to revision ${revisionNumber(before)}…</button>` : nothing}
        ${isDeploying ? html`<button type="button" @click=${() => rollBack(service, refresh)}>Stop the deployment…</button>` : nothing}
      </div>
    </section>
    <section class="panel" aria-labelledby="tasks-title">
      <h2 id="tasks-title">${formatNumber(tasks.length)} ${tasks.length === 1 ? "task" : "tasks"}</h2>
      ${taskTable(service, tasks, targets, definitions, refresh)}
    </section>
    <div class="two-panels">
      <section class="panel" aria-labelledby="deployments-title">
        <h2 id="deployments-title">Deployments</h2>
        ${deploymentList(service)}
      </section>
      <section class="panel" aria-labelledby="events-title">
        <h2 id="events-title">Events</h2>
        ${events.length ? html`
          <ol class="events" tabindex="0" aria-label="Events, newest first">${repeat(events, ({ id }) => id, ({ createdAt, message }) => html`
            <li><time class="soft small" datetime=${new Date(createdAt * 1000).toISOString()}>${formatMoment(createdAt * 1000)}</time> <span>${shortenEvent(message, serviceName)}</span></li>`)}
          </ol>` : html`<p class="soft">No events yet.</p>`}
      </section>
    </div>
    <section class="panel" aria-labelledby="revisions-title">
      <h2 id="revisions-title">Revisions of ${familyOf(taskDefinition)}</h2>
      ${revisionPanel(revisions, service, refresh)}
    </section>
    <section class="panel" aria-labelledby="stopped-title">
      <h2 id="stopped-title">Stopped tasks</h2>
      ${stoppedTable(ended, definitions)}
    </section>`;
}

/** The revision that the button "Back" deploys: the newest one before the service's. A service that is deployed for the first time has nothing to roll back to. */
function revisionState({ taskDefinition, deployments }, arns) {
  const number = revisionNumber(taskDefinition);
  const primary = deployments.find(({ status }) => status === "PRIMARY");
  const isDeploying = primary?.rolloutState === "IN_PROGRESS" && (deployments.length > 1 || arns.length > 1);
  return { isDeploying, before: arns.find((arn) => revisionNumber(arn) < number) };
}

function summary({ service: { desiredCount, runningCount, pendingCount }, tasks, targets }) {
  const states = countStates(tasks.map((task) => taskState(task, targets).state));
  if (desiredCount === 0 && runningCount === 0) return "No task is wanted, and none runs";
  return `${runningCount} of ${desiredCount} ${desiredCount === 1 ? "task" : "tasks"} running${pendingCount ? `, ${pendingCount} starting` : ""}: ${states}`;
}

function tiles({ service, rows, range, bounds, targets }) {
  const { desiredCount, runningCount, pendingCount } = service;
  const period = chartPeriod(range.seconds);
  const healthy = targets.filter(({ TargetHealth }) => TargetHealth.State === "healthy").length;
  const chart = (name, label) => {
    const value = rows.findLast((row) => row[name] !== undefined)?.[name];
    return tile(label, value === undefined ? "–" : `${formatNumber(value)} %`, sparkline(rows, name, range, period, label, 100));
  };
  return html`
    <dl class="tiles">
      ${tile("Desired", desiredCount, bounds ? html`<span class="soft small">scaling: ${bounds.MinCapacity} to ${bounds.MaxCapacity}</span>` : nothing)}
      ${tile("Running", runningCount, sparkline(rows, "tasks", range, period, "Running tasks"), runningCount < desiredCount ? "error" : "")}
      ${tile("Pending", pendingCount)}
      ${tile("Healthy targets", `${healthy} of ${targets.length}`)}
      ${chart("cpu", "CPU, mean of the tasks")}
      ${chart("memory", "Memory, mean of the tasks")}
    </dl>`;
}

const tile = (label, value, more = nothing, kind = "") => html`<div class="tile"><dt>${label}</dt><dd><span class="figure ${kind}">${value}</span>${more}</dd></div>`;
