// What is unusual in the system, in words. Pure functions over what the AWS APIs say: no part of them knows the names of an application.

import { formatDuration, formatMinute, formatNumber } from "../format.js";
import { policyArnOf } from "../alarms/names.js";
import { metricsParameters } from "../services/metrics.js";

/** How many full minutes the figures cover. */
export const WINDOW_MINUTES = 5;

const MINUTE_MS = 60_000;

/** A share of 4xx responses below this, or with fewer requests, is what clients do. */
export const MIN_CLIENT_ERROR_SHARE = 0.05;
export const MIN_REQUESTS = 5;
/** From this share on, 4xx responses are as serious as 5xx responses. */
const FAILING_SHARE = 0.5;

/** The kind of `errors` 4xx responses of `total`. */
export const clientErrorKind = (errors, total) => errors / total >= FAILING_SHARE ? "fault" : "error";

/** Statuses of responses of a load balancer itself. */
export const STATUSES = ["500", "502", "503", "504"];

/** A target group or a call is slow if its p95 is this long; a target group also if it is this many times that of the others, and not short. */
export const SLOW_SECONDS = 1;
const SLOW_FACTOR = 5;
const MIN_SLOW_SECONDS = 0.5;

const HIGH_CPU_PERCENT = 80;
const HIGH_MEMORY_PERCENT = 85;

/** Stop codes of tasks that a person, or ECS for a deployment or a scale-in, stopped. */
const MEANT_STOPS = ["UserInitiated", "ServiceSchedulerInitiated"];
const FAILED_CHECKS = /failed .*health checks/;

/** Kinds from serious to harmless. */
const KINDS = ["fault", "error", "note"];

/** What the badge of a finding says, if the finding has no word of its own. */
const KIND_WORDS = { fault: "failing", error: "warning", note: "note" };

/**
 * Returns a list of `{id, kind, word, at, text, link}`, serious ones first. `id` stays the same while the finding stays. `at` is the key of the part of the picture: `balancer:`, `group:` or `service:` and the
 * ARN. `link` is `{path, parameters, text}`. See `overview/data.js` for the state.
 */
export function findUnusual(known) {
  const state = { window: lastMinutes, problems: [], ...known };
  const items = [
    ...state.problems.map((text) => ({ id: text, kind: "error", text })),
    ...state.services.flatMap((service) => findInService(service, state)),
    ...state.groups.flatMap((group) => findInGroup(group, state)),
    ...state.balancers.flatMap((balancer) => findInBalancer(balancer, state)),
    ...state.alarms.flatMap((alarm) => findInAlarm(alarm, state)),
  ];
  if (!items.some(({ id }) => id.startsWith("slow "))) items.push(...findSlowCalls(state));
  return items.map((item) => ({ word: KIND_WORDS[item.kind], ...item })).sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
}

export const lastMinutes = `in the last ${WINDOW_MINUTES} minutes`;
export const plural = (count, word) => `${formatNumber(count)} ${word}${count === 1 ? "" : "s"}`;
export const servicePath = (service) => `/console/services/${encodeURIComponent(service.name)}`;

function findInService(service, { minutes, newestMinute, now }) {
  const { arn, name, desired, running, pending, stopped, deployments } = service;
  const link = { path: servicePath(service), text: "Show the service" };
  const items = [];
  const add = (id, kind, text, target = link) => items.push({ id: `${id} ${arn}`, kind, at: `service:${arn}`, link: target, text: `${name}: ${text}` });
  if (running < desired) {
    const waiting = pending ? `, ${formatNumber(pending)} starting` : "";
    const reason = service.problem ? ` ECS says: ${service.problem}` : "";
    add("tasks", running === 0 ? "fault" : "error", `${running} of ${plural(desired, "task")} running${waiting}.${reason}`);
  }
  const recent = stopped.filter(({ time }) => time > now - WINDOW_MINUTES * MINUTE_MS);
  const replaced = recent.filter(({ reason }) => FAILED_CHECKS.test(reason));
  const ended = endedTasks({ stopped: recent });
  if (ended.length) add("ended", "fault", `${plural(ended.length, "task")} ended unexpectedly in the last ${WINDOW_MINUTES} minutes. ${ended[0].reason}`);
  if (replaced.length) add("replaced", "fault", `ECS stopped ${plural(replaced.length, "task")} in the last ${WINDOW_MINUTES} minutes, because ${replaced.length === 1 ? "its" : "their"} health checks failed.`);
  const primary = deployments.find(({ status }) => status === "PRIMARY");
  if (primary?.state === "FAILED") add("deployment", "fault", `the deployment of revision ${primary.revision} failed. ${primary.reason ?? ""}`.trim());
  else if (primary?.state === "IN_PROGRESS") add("deployment", "note", `the deployment of revision ${primary.revision} is in progress, ${primary.running} of ${plural(primary.desired, "task")} running.`);
  addRollout(service.rollout, now, add);
  const { cpu, memory } = newestRow(minutes.get(arn) ?? [], newestMinute);
  if (cpu >= HIGH_CPU_PERCENT) add("cpu", "error", `the tasks use ${formatNumber(cpu)} % of their processor.`, metricsLink(service.source, ["cpu"]));
  if (memory >= HIGH_MEMORY_PERCENT) add("memory", "error", `the tasks use ${formatNumber(memory)} % of their memory.`, metricsLink(service.source, ["memory"]));
  return items;
}

/** `rollout` is the newest deployment: `{status, reason, time}`. */
function addRollout({ status, reason = "", time } = {}, now, add) {
  if (["ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"].includes(status)) add("rollback", "note", `the newest deployment is being rolled back. ${reason}`.trim());
  if (!(time > now - WINDOW_MINUTES * MINUTE_MS)) return;
  if (status === "ROLLBACK_SUCCESSFUL") add("rollback", "error", `the newest deployment was rolled back ${lastMinutes}. ${reason}`.trim());
  if (status === "ROLLBACK_FAILED") add("rollback", "fault", `the rollback of the newest deployment failed ${lastMinutes}. ${reason}`.trim());
}

/** The stopped tasks that neither a person nor ECS stopped. */
export const endedTasks = ({ stopped }) => stopped.filter(({ code, reason }) => !MEANT_STOPS.includes(code) && !FAILED_CHECKS.test(reason));

function findInGroup(group, state) {
  if (!group.isUsed) return [];
  return [...findTargets(group), ...findErrors(group, state), ...findSlow(group, state)];
}

function findTargets({ arn, name, targets, service }) {
  const item = { id: `targets ${arn}`, at: `group:${arn}`, kind: "fault" };
  const link = service && { path: servicePath({ name: service }), text: "Show its tasks" };
  const isInUse = ({ state }) => ["healthy", "unhealthy", "initial"].includes(state);
  const unhealthy = targets.filter(({ state }) => state === "unhealthy");
  const healthyCount = targets.filter(({ state }) => state === "healthy").length;
  const reason = unhealthy[0]?.reason ? ` ${unhealthy[0].reason}.` : "";
  if (healthyCount === 0) {
    const what = unhealthy.length ? "The load balancer sends requests to unhealthy targets." : "The load balancer answers requests with 503.";
    return [{ ...item, link, text: `Target group ${name}: no target is healthy. ${what}${reason}` }];
  }
  if (!unhealthy.length) return [];
  return [{ ...item, link, text: `Target group ${name}: ${unhealthy.length} of ${plural(targets.filter(isInUse).length, "target")} unhealthy.${reason}` }];
}

function findErrors({ arn, name }, { minutes, newestMinute, window }) {
  const rows = minutes.get(arn) ?? [];
  const total = sum(rows, "requests");
  const items = [];
  const [faults, errors] = [sum(rows, "errors5xx"), sum(rows, "errors4xx")];
  const text = (count, status) => `${formatNumber(count)} of ${plural(total, "request")} got a ${status} response ${window} (target group ${name})${lastSeen(rows, status, newestMinute)}.`;
  if (faults) items.push({ id: `5xx ${arn}`, word: "5xx", kind: isOver(rows, "errors5xx", newestMinute) ? "error" : "fault", text: text(faults, "5xx"), link: tracesLink("fault") });
  if (total >= MIN_REQUESTS && errors / total >= MIN_CLIENT_ERROR_SHARE) items.push({ id: `4xx ${arn}`, word: "4xx", kind: isOver(rows, "errors4xx", newestMinute) ? "error" : clientErrorKind(errors, total), text: text(errors, "4xx"), link: tracesLink("error") });
  return items.map((item) => ({ ...item, at: `group:${arn}` }));
}

const metricsLink = (source, names) => ({ path: "/console/metrics", parameters: metricsParameters(source, names), text: "Show the metrics" });
const tracesLink = (filter) => ({ path: "/traces", parameters: { filter }, text: "Show the traces" });
/** Whether the newest minute has no such response. A target group or a load balancer without requests has no values of a minute. */
const isOver = (rows, name, newestMinute) => !newestRow(rows, newestMinute)[name];
const newestRow = (rows, newestMinute = 0) => rows.at(-1)?.time >= newestMinute ? rows.at(-1) : {};

function lastSeen(rows, status, newestMinute) {
  const name = `errors${status}`;
  if (!isOver(rows, name, newestMinute)) return "";
  const last = rows.findLast((row) => row[name]);
  return last ? `, none since ${formatMinute(last.time + MINUTE_MS)}` : "";
}

function findSlow(group, { groups, minutes, window }) {
  const p95 = ({ arn }) => Math.max(0, ...(minutes.get(arn) ?? []).map((row) => row.p95 ?? 0));
  const own = p95(group);
  const others = Math.max(0, ...groups.filter((other) => other.arn !== group.arn).map(p95));
  if (own < SLOW_SECONDS && !(own >= MIN_SLOW_SECONDS && others > 0 && own >= SLOW_FACTOR * others)) return [];
  const comparison = others > 0 && own >= SLOW_FACTOR * others ? `, that of the other target groups at most ${formatDuration(others)}` : "";
  return [{
    id: `slow ${group.arn}`, word: "slow", kind: "error", at: `group:${group.arn}`, link: tracesLink(`responsetime > ${own >= SLOW_SECONDS ? SLOW_SECONDS : MIN_SLOW_SECONDS}`),
    text: `Target group ${group.name} is slow: its p95 was up to ${formatDuration(own)} ${window}${comparison}.`,
  }];
}

/** Traces tell what is slow within seconds, and also of requests that clients did not wait for; the metrics of a target group follow later. */
function findSlowCalls({ calls, window }) {
  const slow = calls.filter(({ from, p95 }) => from === "client" && p95 >= SLOW_SECONDS);
  return slow.map(({ to, count, p95 }) => ({
    id: `slow call ${to}`, word: "slow", kind: "error", link: tracesLink(`responsetime > ${SLOW_SECONDS}`),
    text: `Requests to ${to} are slow: the p95 of ${plural(count, "trace")} ${window} is ${formatDuration(p95)}.`,
  }));
}

function findInBalancer({ arn, name, source }, { minutes, newestMinute, window }) {
  const rows = minutes.get(arn) ?? [];
  const statuses = STATUSES.filter((status) => sum(rows, `balancer${status}`));
  const count = statuses.reduce((total, status) => total + sum(rows, `balancer${status}`), 0);
  if (!count) return [];
  // RequestCount has only the requests for which there was a target: those with 503 had none.
  const total = sum(rows, "requests") + sum(rows, "balancer503");
  const last = newestRow(rows, newestMinute);
  const isStill = statuses.some((status) => last[`balancer${status}`]);
  return [{
    id: `balancer ${arn}`, word: "5xx", kind: isStill ? "fault" : "error", at: `balancer:${arn}`, link: metricsLink(source, statuses.map((status) => `balancer${status}`)),
    text: `${formatNumber(count)} of ${plural(total, "request")} got ${statuses.join(", ")} from the load balancer ${name} itself ${window}.`,
  }];
}

/** Metrics that are low when there is little to do. */
const LOAD_METRICS = ["RequestCount", "RequestCountPerTarget", "CPUUtilization", "MemoryUtilization"];

/**
 * Whether an alarm is meant to be in ALARM at rest: it only reports that there is little load, so that a policy can remove tasks. It is one if all its
 * actions are policies that remove tasks, or, without such an action, if its metric is one of load and below the threshold.
 */
export function isAlarmOfRest(alarm, policies) {
  const known = policies.filter(({ PolicyARN }) => calls(alarm, PolicyARN));
  const isLow = alarm.ComparisonOperator?.startsWith("LessThan");
  if (known.length) return known.every((policy) => policy.StepScalingPolicyConfiguration ? removesTasks(policy) : isLow);
  return Boolean(isLow && (LOAD_METRICS.includes(alarm.MetricName) || alarm.Metrics?.some(({ MetricStat }) => LOAD_METRICS.includes(MetricStat?.Metric.MetricName))));
}

/** Whether an action of the alarm is the policy. */
const calls = ({ AlarmActions = [] }, policy) => AlarmActions.some((action) => action === policy || policyArnOf(action) === policy);

const removesTasks = ({ StepScalingPolicyConfiguration: { AdjustmentType, StepAdjustments } }) =>
  AdjustmentType !== "ExactCapacity" && StepAdjustments.every(({ ScalingAdjustment }) => ScalingAdjustment < 0);

function findInAlarm(alarm, { policies, groups }) {
  if (alarm.StateValue !== "ALARM" || isAlarmOfRest(alarm, policies)) return [];
  const scales = policies.some(({ PolicyARN }) => calls(alarm, PolicyARN));
  const about = alarm.AlarmDescription ? ` ${alarm.AlarmDescription.replace(/\.?$/, ".")}` : "";
  const link = { path: `/console/alarms/${encodeURIComponent(alarm.AlarmName)}`, text: "Show the alarm" };
  const at = groupOf(alarm, groups);
  return [{ id: `alarm ${alarm.AlarmName}`, kind: scales ? "note" : "fault", at, link, text: `Alarm ${alarm.AlarmName} is in ALARM.${about}` }];
}

/** The part of the picture that an alarm watches. */
function groupOf({ Dimensions = [] }, groups) {
  const dimension = Dimensions.find(({ Name }) => Name === "TargetGroup")?.Value;
  const group = dimension && groups.find(({ arn }) => arn.endsWith(`:${dimension}`));
  return group && `group:${group.arn}`;
}

const sum = (rows, name) => rows.reduce((total, row) => total + (row[name] ?? 0), 0);
