// Searches of log events: FilterLogEvents of a group, and GetLogEvents around a line.

import { ecs, listAll, logs } from "../aws.js";
import { shortName } from "../format.js";

/** Maximum number of events in a response. AWS permits 10,000, and at most 1 MiB. */
export const PAGE_EVENTS = 5000;

/** Maximum number of streams that are listed. */
const MAX_STREAMS = 50;

/** The query of a search as a request. `query` has `group`, `stream` and `pattern`; the last two may be empty. */
const request = ({ group, stream, pattern }) =>
  ({ logGroupName: group, logStreamNames: stream ? [stream] : undefined, filterPattern: pattern || undefined, limit: PAGE_EVENTS });

/** Reads events from one end of the time range. Returns them with the oldest first, and whether there are more. */
async function read(query, { startTime, endTime, isNewestFirst, known }) {
  let nextToken;
  for (;;) {
    const page = await logs("FilterLogEvents", { ...request(query), startTime, endTime, startFromHead: !isNewestFirst, nextToken });
    nextToken = page.nextToken;
    // A millisecond can have more events than a page.
    if (nextToken && known && page.events.every(({ eventId }) => known.ids.has(eventId))) continue;
    return { events: isNewestFirst ? page.events.reverse() : page.events, hasMore: nextToken !== undefined };
  }
}

/** `range` has `start` and, if it does not end now, `end`. */
export const readNewest = (query, { start, end }) => read(query, { startTime: start, endTime: end, isNewestFirst: true });
export const readOldest = (query, { start, end }) => read(query, { startTime: start, endTime: end });

/** `known` is the end of what was read: a time, and the ids of the events of this millisecond. */
export const readOlder = (query, { start }, known) => read(query, { startTime: start, endTime: known.time, isNewestFirst: true, known });
export const readNewer = (query, { start, end }, known) => read(query, { startTime: known?.time ?? start, endTime: end, known });

export const listGroups = () => listAll(logs, "DescribeLogGroups", {}, "logGroups");

/** The streams of a group, the one with the newest event first. */
export async function listStreams(group) {
  const request = { logGroupName: group, orderBy: "LastEventTime", descending: true, limit: MAX_STREAMS };
  const { logStreams, nextToken } = await logs("DescribeLogStreams", request);
  return { streams: logStreams, hasMore: nextToken !== undefined };
}

/** The neighbours of a line in its stream: `{before, after}`, at most `count` each. Events of GetLogEvents have no ids. */
export async function readContext(group, line, count) {
  // Other lines of the same millisecond are on both sides.
  const request = { logGroupName: group, logStreamName: line.stream, limit: count + 100 };
  const [backward, forward] = await Promise.all([
    logs("GetLogEvents", { ...request, endTime: line.time + 1 }),
    logs("GetLogEvents", { ...request, startTime: line.time, startFromHead: true }),
  ]);
  const isLine = ({ timestamp, message }) => timestamp === line.time && message === line.message;
  const last = backward.events.findLastIndex(isLine);
  const first = forward.events.findIndex(isLine);
  return {
    before: backward.events.slice(Math.max(0, last - count), Math.max(0, last)),
    after: forward.events.slice(first + 1, first + 1 + count),
  };
}

/** The ids of all tasks that ECS runs. */
export async function listRunningTasks() {
  const clusterArns = await listAll(ecs, "ListClusters", {}, "clusterArns");
  const arns = await Promise.all(clusterArns.map((cluster) => listAll(ecs, "ListTasks", { cluster }, "taskArns")));
  return new Set(arns.flat().map(shortName));
}

/** The service of a task, or null if ECS does not know the task any more. */
export async function findService(taskId) {
  const clusterArns = await listAll(ecs, "ListClusters", {}, "clusterArns");
  for (const cluster of clusterArns) {
    const { tasks } = await ecs("DescribeTasks", { cluster, tasks: [taskId] });
    const service = tasks.find(({ taskArn }) => shortName(taskArn) === taskId)?.group?.replace(/^service:/, "");
    if (service) return service;
  }
  return null;
}
