// One service: its figures and actions, deployments, events, tasks and revisions.

import "../chart.js";
import { loadAll } from "../alarms/load.js";
import { activityTable, scalingSection } from "../alarms/scaling.js";
import { cached } from "../cached.js";
import { formatMoment, formatNumber, shortName } from "../format.js";
import { setPageTitle } from "../frame.js";
import { html, nothing, render, repeat } from "../lit.js";
import { resourceIdOf } from "../metrics/context.js";
import { poll } from "../poll.js";
import { link } from "../range.js";
import { changeDesiredCount, deploy, rollBack } from "./actions.js";
import { clusterName, familyOf, loadDefinition, loadRevisions, loadServices, loadTargetGroups, loadTargets, loadTasks, revisionNumber } from "./data.js";
import { deploymentList } from "./deployments.js";
import { shortenEvent } from "./events.js";
import { countStates, taskState } from "./health.js";
import { chartPeriod, loadChartRows, metricSources, metricsParameters } from "./metrics.js";
import { editRevision } from "./revision-form.js";
import { revisionPanel, startRevisions } from "./revisions.js";
import { showLinkedTask, stoppedTable, taskTable } from "./tasks.js";

/** Events that are shown before the reader asks for more. */
const EVENTS_COUNT = 8;

const REFRESH_MS = 2000;
const SLOW_REFRESH_MS = 10_000;

export function startDetail(main, name) {
  setPageTitle(name);
  let service;
  let isTaskShown = false;
  const makeSlow = () => cached(async (range) => {
    const groups = (await loadTargetGroups()).filter(({ TargetGroupArn }) => groupsOf(service).includes(TargetGroupArn));
    const [rows, scaling] = await Promise.all([loadChartRows(metricSources({ services: [service], groups }), range), loadAll()]);
    return { rows, scaling };
  }, SLOW_REFRESH_MS);
  let slow = makeSlow();
  const refreshAll = () => {
    slow = makeSlow();
    refresh();
  };
  const revisions = startRevisions(() => refresh());
  const refresh = poll(async (range) => {
    service = (await loadServices()).find(({ serviceName }) => serviceName === name);
    if (!service) return () => render(missing(name), main);
    const { clusterArn: cluster, taskDefinition } = service;
    const filter = { cluster, serviceName: name };
    const [running, stopped, targets, arns, { rows, scaling }] = await Promise.all([
      loadTasks(filter), loadTasks({ ...filter, desiredStatus: "STOPPED" }), loadTargets(groupsOf(service)),
      loadRevisions(familyOf(taskDefinition)), slow(range),
    ]);
    const used = [...new Set([...running, ...stopped].map(({ taskDefinitionArn }) => taskDefinitionArn))];
    const [definitions] = await Promise.all([Promise.all(used.map(async (arn) => [arn, await loadDefinition(arn)])), revisions.load(service, arns)]);
    const page = { service, definitions: new Map(definitions), range, rows, scaling, arns, revisions, refresh: refreshAll, targets: [...targets.values()].flat() };
    // A task that is stopped between the two answers is in both.
    const known = [...new Map([...running, ...stopped].map((task) => [task.taskArn, task])).values()];
    const tasks = known.filter(({ lastStatus }) => lastStatus !== "STOPPED");
    const ended = stopped.filter(({ lastStatus }) => lastStatus === "STOPPED").sort((a, b) => b.stoppedAt - a.stoppedAt);
    return () => {
      render(template({ ...page, tasks, ended }), main);
      isTaskShown ||= showLinkedTask(main);
    };
  }, REFRESH_MS);
}

const groupsOf = ({ loadBalancers = [] }) => loadBalancers.map(({ targetGroupArn }) => targetGroupArn).filter(Boolean);

const missing = (name) => html`<section class="panel"><h2>There is no service ${name}</h2><p><a href=${link("/console/services")}>Show all services</a></p></section>`;

function template(page) {
  const { service, scaling, tasks, ended, targets, arns, refresh, revisions, definitions } = page;
  const { serviceName, taskDefinition, events = [], clusterArn } = service;
  const activities = scaling.activities.filter(({ ResourceId }) => ResourceId === resourceIdOf(service));
  const { before, isDeploying } = revisionState(service, arns);
  return html`
    <section class="panel" aria-labelledby="summary-title">
      <div class="row spread middle">
        <h2 id="summary-title">${summary(page)}</h2>
        <p class="crumbs"><a href=${link("/console/services")}>All services</a> · <a href=${link("/console/metrics", metricsParameters(metricSources({ services: [service] })[0], ["cpu", "memory"]))}>Metrics</a> <span class="soft">· cluster ${clusterName(clusterArn)} · ${shortName(taskDefinition)}</span></p>
      </div>
      ${facts(page)}
      ${charts(page)}
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
    <section class="panel" aria-labelledby="deployments-title">
      <h2 id="deployments-title">Deployments</h2>
      ${deploymentList(service)}
    </section>
    <section class="panel" aria-labelledby="events-title">
      <h2 id="events-title">Events</h2>
      ${events.length ? eventList(events.slice(0, EVENTS_COUNT), serviceName, "Events, newest first") : html`<p class="soft">No events yet.</p>`}
      ${events.length > EVENTS_COUNT ? html`<details><summary>Show ${events.length - EVENTS_COUNT} more</summary>${eventList(events.slice(EVENTS_COUNT), serviceName, "Older events")}</details>` : nothing}
    </section>
    ${scalingSection({ ...scaling, services: [service] }, refresh)}
    ${activities.length ? activityTable(activities) : nothing}
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

const eventList = (events, serviceName, label) => html`
  <ol class="events" aria-label=${label}>${repeat(events, ({ id }) => id, ({ createdAt, message }) => html`
    <li><time class="soft small" datetime=${new Date(createdAt * 1000).toISOString()}>${formatMoment(createdAt * 1000)}</time> <span>${shortenEvent(message, serviceName)}</span></li>`)}
  </ol>`;

function facts({ service, scaling, targets }) {
  const { desiredCount, runningCount, pendingCount } = service;
  const bounds = scaling.targets.find(({ ResourceId }) => ResourceId === resourceIdOf(service));
  const healthy = targets.filter(({ TargetHealth }) => TargetHealth.State === "healthy").length;
  const fact = (label, value, kind = "") => html`<div><dt>${label}</dt><dd class=${kind}>${value}</dd></div>`;
  return html`
    <dl class="facts">
      ${fact("desired", html`${desiredCount} <a class="small" href="#scaling-title">${bounds ? `Scaling: ${bounds.MinCapacity} to ${bounds.MaxCapacity}` : "No scaling"}</a>`)}
      ${fact("running", runningCount, runningCount < desiredCount ? "error" : "")}
      ${fact("pending", pendingCount)}
      ${fact("healthy targets", `${healthy} of ${targets.length}`)}
    </dl>`;
}

/** The use of the tasks, and how their number follows the requests. */
function charts({ service, rows, range }) {
  const { start, end, seconds } = range;
  const own = rows.get(service.serviceArn) ?? [];
  const line = (rows, name, label, members) => {
    const known = rows.filter((row) => row[name] !== undefined);
    return { label, times: known.map(({ time }) => time), values: known.map((row) => row[name]), ...members };
  };
  const requests = groupsOf(service).map((arn) => line(rows.get(arn) ?? [], "requests", "Requests a minute", { axis: "right" }));
  const chart = (label, series, axes = {}) => html`
    <div><h3>${label}</h3><line-chart .chart=${{ label, start, end, period: chartPeriod(seconds), series, axes: { left: { min: 0 }, right: { min: 0 }, ...axes } }}></line-chart></div>`;
  return html`
    <div class="service-charts">
      ${chart("Tasks and requests", [line(own, "tasks", "Running tasks"), ...requests])}
      ${chart("CPU", [line(own, "cpu", "Mean of the tasks", { unit: "Percent" })])}
      ${chart("Memory", [line(own, "memory", "Mean of the tasks", { unit: "Percent" })])}
    </div>`;
}
