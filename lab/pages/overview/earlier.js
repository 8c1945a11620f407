// What was unusual earlier in the time range, and has ended. Pure functions over the values of the charts.

import { formatDuration, formatMinute, formatNumber } from "../format.js";
import { MIN_CLIENT_ERROR_SHARE, MIN_REQUESTS, SLOW_SECONDS, STATUSES, WINDOW_MINUTES, endedTasks, isAlarmOfRest, plural, servicePath } from "./unusual.js";

const MINUTE_MS = 60_000;

/** Returns a list of `{id, word, text, link}`, as `findUnusual` does, of what ended before the last minutes. `range` and `period` (seconds) are those of the charts. */
export function findEarlier(state, range, period) {
  const end = Math.floor(range.end / MINUTE_MS) * MINUTE_MS - WINDOW_MINUTES * MINUTE_MS;
  if (end <= range.start) return [];
  const rowsOf = ({ arn }) => (state.charts.get(arn) ?? []).filter(({ time }) => time + period * 1000 <= end);
  return [
    ...state.groups.flatMap((group) => findInGroup(group, rowsOf(group), period)),
    ...state.balancers.flatMap((balancer) => findInBalancer(balancer, rowsOf(balancer), period)),
    ...state.services.flatMap((service) => findInService(service, { start: range.start, end })),
    ...findInAlarms(state, end),
  ];
}

/** Counts are those of a mean minute of the period. */
const sum = (rows, name, period) => Math.round(rows.reduce((total, row) => total + (row[name] ?? 0), 0) * period / 60);

/** A finding of the periods `rows`, with its time and a link to the traces of this time. */
function item({ id, word, text, filter }, rows, period) {
  const [from, to] = [rows[0].time, rows.at(-1).time + period * 1000];
  const link = filter && { path: "/traces", text: "Show the traces", parameters: { filter, from: new Date(from).toISOString(), to: new Date(to).toISOString() } };
  return { id: `earlier ${id}`, word, text: `${formatMinute(from)}–${formatMinute(to)}: ${text}`, link };
}

function findInGroup({ arn, name }, rows, period) {
  const failed = rows.filter(({ errors5xx }) => errors5xx);
  const refused = rows.filter(({ requests, errors4xx }) => errors4xx / requests >= MIN_CLIENT_ERROR_SHARE);
  const slow = rows.filter(({ p95 }) => p95 >= SLOW_SECONDS);
  const got = (found, member, status) => `${formatNumber(sum(found, member, period))} of ${plural(sum(found, "requests", period), "request")} got a ${status} response (target group ${name}).`;
  return [
    failed.length && item({ id: `5xx ${arn}`, word: "5xx", text: got(failed, "errors5xx", "5xx"), filter: "fault" }, failed, period),
    sum(refused, "requests", period) >= MIN_REQUESTS && item({ id: `4xx ${arn}`, word: "4xx", text: got(refused, "errors4xx", "4xx"), filter: "error" }, refused, period),
    slow.length && item({
      id: `slow ${arn}`, word: "slow", filter: `responsetime > ${SLOW_SECONDS}`,
      text: `target group ${name} was slow, with a p95 up to ${formatDuration(Math.max(...slow.map(({ p95 }) => p95)))}.`,
    }, slow, period),
  ].filter(Boolean);
}

function findInBalancer({ arn, name }, rows, period) {
  const own = (row) => STATUSES.reduce((total, status) => total + (row[`balancer${status}`] ?? 0), 0);
  const failed = rows.filter(own);
  if (!failed.length) return [];
  const count = Math.round(failed.reduce((total, row) => total + own(row), 0) * period / 60);
  return [item({ id: `balancer ${arn}`, word: "5xx", text: `${plural(count, "request")} got a 5xx response from the load balancer ${name} itself.` }, failed, period)];
}

function findInService(service, { start, end }) {
  const ended = endedTasks(service).filter(({ time }) => time >= start && time < end);
  if (!ended.length) return [];
  const link = { path: servicePath(service), text: "Show the service" };
  return [{ id: `earlier ended ${service.arn}`, word: "ended", text: `${formatMinute(ended[0].time)}: ${service.name}: ${plural(ended.length, "task")} ended unexpectedly. ${ended[0].reason}`, link }];
}

/** Alarms that were in ALARM, and are not any more. */
function findInAlarms({ alarms, policies, history }, end) {
  return alarms.filter((alarm) => alarm.StateValue !== "ALARM" && !isAlarmOfRest(alarm, policies)).flatMap((alarm) => {
    const change = history.find(({ AlarmName, HistorySummary }) => AlarmName === alarm.AlarmName && HistorySummary.endsWith("to ALARM"));
    if (!change || change.Timestamp * 1000 >= end) return [];
    const link = { path: `/console/alarms/${encodeURIComponent(alarm.AlarmName)}`, text: "Show the alarm" };
    return [{ id: `earlier alarm ${alarm.AlarmName}`, word: "alarm", text: `${formatMinute(change.Timestamp * 1000)}: alarm ${alarm.AlarmName} was in ALARM.`, link }];
  });
}
