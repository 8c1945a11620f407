// Joins the answers of the AWS APIs to what the overview shows. Pure functions.

import { formatMoment, formatNumber, shortName } from "../format.js";
import { clusterName, groupName, revisionNumber } from "../services/data.js";
import { taskState } from "../services/health.js";
import { conditionText, ruleTargets } from "../services/rule.js";
import { WINDOW_MINUTES, lastMinutes } from "./unusual.js";

/** `now` has what changes from second to second, `slow` the rest; */
export function toState({ services, tasks, targets }, slow, range) {
  const sourceOf = (arn) => slow.sources.find(({ key }) => key === arn);
  const balancers = slow.balancers.map((balancer) => ({ ...toBalancer(balancer), source: sourceOf(balancer.LoadBalancerArn) }));
  const used = new Set(balancers.flatMap(({ rules }) => rules).flatMap((rule) => rule.targets).filter(({ weight }) => weight > 0).map(({ arn }) => arn));
  const serviceOf = (arn) => services.find(({ loadBalancers = [] }) => loadBalancers.some(({ targetGroupArn }) => targetGroupArn === arn))?.serviceName;
  const groups = slow.groups.map(({ TargetGroupArn: arn, TargetGroupName: name }) => ({
    arn, name, isUsed: used.has(arn), source: sourceOf(arn), service: serviceOf(arn), targets: (targets.get(arn) ?? []).map(toTarget),
  }));
  const { minutes, charts, alarms, history, policies, calls, tables } = slow;
  return {
    now: Date.now(), problems: slow.problems, window: range.isCustom ? `in the ${WINDOW_MINUTES} minutes before ${formatMoment(range.end)}` : lastMinutes, newestMinute: newestTime(minutes), balancers, groups, minutes, charts, alarms, history, policies, calls,
    services: services.map((service) => ({ ...toService(service, tasks, targets, slow), source: sourceOf(service.serviceArn) })),
    tables: tables.map((name) => ({ name, calls: calls.filter(({ to }) => to === name) })),
  };
}

/** The start of the newest minute that has a value of anything. */
const newestTime = (minutes) => [...minutes.values()].reduce((newest, rows) => Math.max(newest, rows.at(-1)?.time ?? 0), 0) || undefined;

function toService(service, tasks, targets, { stopped, rollouts, definitions, tables, balancers }) {
  const { serviceArn: arn, serviceName: name, desiredCount: desired, runningCount: running, pendingCount: pending } = service;
  const groups = (service.loadBalancers ?? []).map(({ targetGroupArn }) => targetGroupArn).filter(Boolean);
  const isOwn = (task) => task.clusterArn === service.clusterArn && task.group === `service:${name}`;
  const ownTargets = groups.flatMap((group) => targets.get(group) ?? []);
  const variables = (definitions.get(service.taskDefinition)?.containerDefinitions ?? []).flatMap(({ environment = [] }) => environment);
  return {
    arn, name, desired, running, pending, groups,
    cluster: clusterName(service.clusterArn),
    revision: revisionNumber(service.taskDefinition),
    deployments: service.deployments.map(toDeployment),
    tasks: tasks.filter(isOwn).map((task) => ({ id: shortName(task.taskArn), ...taskState(task, ownTargets) })),
    stopped: stopped.filter(isOwn).map(({ stopCode, stoppedReason, stoppedAt }) => ({ code: stopCode, reason: stoppedReason ?? "", time: stoppedAt * 1000 })),
    problem: problemOf(service),
    rollout: rollouts.get(arn),
    tables: tables.filter((table) => variables.some(({ value }) => value === table)),
    callsBalancer: variables.some(({ value }) => balancers.some((balancer) => isAddressOf(value, balancer))),
  };
}

export const toDeployment = ({ id, status, taskDefinition, desiredCount, runningCount, pendingCount, failedTasks, rolloutState, rolloutStateReason, createdAt }) => ({
  id, status, revision: revisionNumber(taskDefinition), definition: taskDefinition, desired: desiredCount, running: runningCount, pending: pendingCount,
  failed: failedTasks, state: rolloutState, reason: rolloutStateReason, time: createdAt * 1000,
});

const toTarget = ({ Target: { Id, Port }, TargetHealth: { State, Description } }) => ({ address: `${Id}:${Port}`, state: State, reason: Description });

function toBalancer({ LoadBalancerArn: arn, LoadBalancerName: name, DNSName, listeners }) {
  const rules = listeners.flatMap(({ rules }) => rules).map((rule) => ({
    arn: rule.RuleArn, priority: rule.Priority, condition: conditionText(rule), targets: ruleTargets(rule).map((target) => ({ ...target, name: groupName(target.arn) })),
  }));
  return { arn, name, address: listeners.map(({ Port }) => `${DNSName}:${Port}`).join(", "), rules };
}

/** What ECS says about why it does not start or stop tasks: the newest such event, unless the service has reached a steady state since. */
export function problemOf({ events = [], serviceName }) {
  const event = events.find(({ message }) => / unable | steady state/.test(message));
  return event && / unable /.test(event.message) ? event.message.replace(`(service ${serviceName}) `, "") : undefined;
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Whether a variable has the address of a load balancer. Names of loopback addresses are the same. */
function isAddressOf(value, { DNSName, listeners }) {
  if (!URL.canParse(value)) return false;
  const { hostname, port, protocol } = new URL(value);
  const isHost = hostname === DNSName || (LOOPBACK.test(hostname) && LOOPBACK.test(DNSName));
  return isHost && listeners.some(({ Port }) => Port === (port || (protocol === "https:" ? "443" : "80")));
}

/** The calls between services that X-Ray's service graph has: `[{from, to, type, count, errors, faults, mean, p95}]`. */
export function toCalls({ Services = [] }) {
  const byId = new Map(Services.map((service) => [service.ReferenceId, service]));
  return Services.flatMap((caller) => (caller.Edges ?? []).map((edge) => {
    const { TotalCount: count, TotalResponseTime, ErrorStatistics, FaultStatistics } = edge.SummaryStatistics;
    const called = byId.get(edge.ReferenceId);
    return {
      from: caller.Type === "client" ? "client" : caller.Name, to: called.Name, type: called.Type, count, mean: TotalResponseTime / count,
      p95: percentile(edge.ResponseTimeHistogram ?? [], 0.95), errors: ErrorStatistics.TotalCount, faults: FaultStatistics.TotalCount,
    };
  })).filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);
}

/** The value of a histogram at a rank (nearest rank). */
export function percentile(histogram, share) {
  const sorted = [...histogram].sort((a, b) => a.Value - b.Value);
  let rank = Math.ceil(share * sorted.reduce((sum, { Count }) => sum + Count, 0));
  return sorted.find(({ Count }) => (rank -= Count) <= 0)?.Value;
}

/** "2 of 2 tasks". */
export const tasksText = ({ running, desired }) => `${formatNumber(running)} of ${formatNumber(desired)} ${desired === 1 ? "task" : "tasks"}`;
