// The log lines of a trace, read from all log groups, and sorted by task.

/** Fields of a JSON line that the page shows at another place, or that are the same in all lines of a trace. */
const KNOWN_FIELDS = ["timestamp", "level", "message", "target", "trace_id", "span_id"];

/** Returns `{time, level, message, fields}` of a log event. A line that is not a JSON object is its own message. `time` is in milliseconds. */
export function readLine({ timestamp, message }) {
  const object = parseObject(message);
  if (!object) return { time: timestamp, message, fields: [] };
  const time = parseTime(object.timestamp);
  return {
    time: Number.isNaN(time) ? timestamp : time,
    level: object.level, message: object.message ?? "",
    fields: Object.entries(object).filter(([key, value]) => !KNOWN_FIELDS.includes(key) && value !== "").map(([key, value]) => [key, typeof value === "object" ? JSON.stringify(value) : String(value)]),
  };
}

/** `Date.parse` drops microseconds, with which the times of segments are given. */
const parseTime = (text) => Date.parse(text) + Number(`0.${/\.\d{3}(\d+)/.exec(text)?.[1] ?? 0}`);

function parseObject(text) {
  try {
    const value = JSON.parse(text);
    return value && typeof value === "object" && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Sorts `{group, stream, event}` into `{group, stream, task, lines}`. awslogs names a stream `prefix/container/task`. The task with the first line is first. */
export function groupByTask(events) {
  const tasks = new Map();
  for (const { group, stream, event } of events) {
    const key = `${group} ${stream}`;
    if (!tasks.has(key)) tasks.set(key, { group, stream, container: stream.split("/").at(-2), task: stream.split("/").at(-1), lines: [] });
    tasks.get(key).lines.push({ id: event.eventId, ...readLine(event) });
  }
  for (const { lines } of tasks.values()) lines.sort((first, second) => first.time - second.time);
  return [...tasks.values()].sort((first, second) => first.lines[0].time - second.lines[0].time);
}
