// The list of services, and the rules of the load balancer.

import { cached } from "../cached.js";
import { formatMoment, formatNumber, formatPercent } from "../format.js";
import { html, nothing, render, repeat } from "../lit.js";
import { poll } from "../poll.js";
import { link } from "../range.js";
import { changeDesiredCount, changeWeights } from "./actions.js";
import { groupName, loadBalancers, loadServices, loadTargetGroups, loadTargets, loadTasks, revisionNumber } from "./data.js";
import { shortenEvent } from "./events.js";
import { taskState } from "./health.js";
import { chartPeriod, loadChartRows, metricSources } from "./metrics.js";
import { rolloutBadge, sparkline, taskMarks } from "./parts.js";
import { conditionText, ruleTargets } from "./rule.js";

const REFRESH_MS = 2000;
const METRICS_REFRESH_MS = 10_000;

export function startList(main) {
  const metrics = cached(async (range) => loadChartRows(metricSources({ services: await loadServices() }), range), METRICS_REFRESH_MS);
  const refresh = poll(async (range) => {
    const [services, balancers, groups, rows] = await Promise.all([loadServices(), loadBalancers(), loadTargetGroups(), metrics(range)]);
    const [tasks, targets] = await Promise.all([
      Promise.all(services.map(({ clusterArn, serviceName }) => loadTasks({ cluster: clusterArn, serviceName }))),
      loadTargets(services.flatMap(({ loadBalancers = [] }) => loadBalancers.map(({ targetGroupArn }) => targetGroupArn)).filter(Boolean)),
    ]);
    return () => render(html`
      <section class="panel" aria-labelledby="services-title">
        <h2 id="services-title">${formatNumber(services.length)} ${services.length === 1 ? "service" : "services"}</h2>
        ${services.length ? serviceTable(services, tasks, targets, rows, range, () => refresh()) : html`<p class="soft">No cluster has a service.</p>`}
      </section>
      ${balancers.map((balancer) => ruleTable(balancer, groups, () => refresh()))}`, main);
  }, REFRESH_MS);
}

function serviceTable(services, tasks, targets, rows, range, refresh) {
  const period = chartPeriod(range.seconds);
  const chart = (service, name, label) => {
    const own = rows.get(service.serviceArn) ?? [];
    const value = own.findLast((row) => row[name] !== undefined)?.[name];
    return value === undefined ? "–" : html`${formatNumber(value)} % ${sparkline(own, name, range, period, label, 100)}`;
  };
  return html`
    <div class="scroll"><table class="cards service-table">
      <thead><tr><th scope="col">Service</th><th scope="col" class="number">Running</th><th scope="col">Tasks</th><th scope="col">Deployment</th>
        <th scope="col">CPU</th><th scope="col">Memory</th><th scope="col">Newest event</th><th scope="col"><span class="spoken">Actions</span></th></tr></thead>
      <tbody>${repeat(services, ({ serviceArn }) => serviceArn, (service, index) => {
        const { serviceName, desiredCount, runningCount, pendingCount, deployments, events = [] } = service;
        const ownTargets = (service.loadBalancers ?? []).flatMap(({ targetGroupArn }) => targets.get(targetGroupArn) ?? []);
        const states = tasks[index].map((task) => ({ id: task.taskArn.split("/").at(-1), ...taskState(task, ownTargets) }));
        const primary = deployments.find(({ status }) => status === "PRIMARY");
        return html`
          <tr>
            <td><a href=${link(`/console/services/${encodeURIComponent(serviceName)}`)}>${serviceName}</a></td>
            <td class="number ${runningCount < desiredCount ? "error" : ""}" data-label="Running">${runningCount} of ${desiredCount}${pendingCount ? html` <span class="throttle">+ ${pendingCount} starting</span>` : nothing}</td>
            <td>${taskMarks(states)}</td>
            <td data-label="Deployment">${primary ? html`revision ${revisionNumber(primary.taskDefinition)} ${rolloutBadge(primary.rolloutState)}` : "–"}</td>
            <td data-label="CPU">${chart(service, "cpu", `CPU of ${serviceName}`)}</td>
            <td data-label="Memory">${chart(service, "memory", `Memory of ${serviceName}`)}</td>
            <td class="small">${events[0] ? html`<span class="soft">${formatMoment(events[0].createdAt * 1000)}</span> ${shortenEvent(events[0].message, serviceName)}` : nothing}</td>
            <td><button type="button" class="small" @click=${() => changeDesiredCount(service, refresh)}>Desired count<span class="spoken"> of ${serviceName}</span>…</button></td>
          </tr>`;
      })}</tbody>
    </table></div>`;
}

const ruleTable = (balancer, groups, refresh) => html`
  <section class="panel" aria-label=${`Rules of the load balancer ${balancer.LoadBalancerName}`}>
    <h2>Rules of the load balancer ${balancer.LoadBalancerName}</h2>
    <div class="scroll"><table class="cards">
      <thead><tr><th scope="col">Priority</th><th scope="col">Requests</th><th scope="col">Target groups</th><th scope="col"><span class="spoken">Actions</span></th></tr></thead>
      <tbody>${repeat(balancer.listeners.flatMap((listener) => listener.rules.map((rule) => ({ listener, rule }))), ({ rule }) => rule.RuleArn, ({ listener, rule }) => html`
        <tr>
          <td data-label="Priority">${rule.Priority}</td>
          <td class="mono">${conditionText(rule)}</td>
          <td>${ruleTargets(rule).map(({ arn, weight, share }) => html`<div>${groupName(arn)}: ${formatPercent(share)} <span class="soft">(weight ${weight})</span></div>`)}</td>
          <td><button type="button" class="small" @click=${() => changeWeights(groups.filter(({ LoadBalancerArns }) => LoadBalancerArns?.includes(balancer.LoadBalancerArn)), listener, rule, refresh)}>Weights<span class="spoken"> of ${conditionText(rule)}</span>…</button></td>
        </tr>`)}</tbody>
    </table></div>
  </section>`;
