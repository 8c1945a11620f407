// Log events as lines of the page.

const TRACE_ID = /\b1-[0-9a-f]{8}-[0-9a-f]{24}\b/;
const TASK_ID = /\/([0-9a-f]{32})$/;

/** Fields that the row of a line shows in other places, or only its details. */
const SHOWN_APART = new Set(["timestamp", "time", "level", "message", "msg", "user_agent"]);

/** Returns the JSON object of a message, or undefined. */
export function readJson(message) {
  if (!message.startsWith("{")) return undefined;
  try {
    return JSON.parse(message);
  } catch {
    return undefined;
  }
}

/** Whether the line is an embedded metric: it is for CloudWatch, not for readers. */
export const isMetric = (message) => message.includes('"_aws"') && readJson(message)?._aws !== undefined;

/** `error`, `warning` or `other`, by a level, and by the status of a response. */
export const levelSeverity = (level) => /^(error|fatal|critical)$/i.test(level) ? "error" : /^warn(ing)?$/i.test(level) ? "warning" : "other";
export const statusSeverity = (status) => status >= 500 ? "error" : status >= 400 ? "warning" : "other";

/** The severity of a line: by its level or its status. */
export function severity(message) {
  const status = Number(/"status"\s*:\s*(\d{3})\b/.exec(message)?.[1]);
  const word = message.startsWith("{") ? /"level"\s*:\s*"(\w+)"/i : /\b(ERROR|FATAL|CRITICAL|WARN|WARNING)\b/;
  const both = [levelSeverity(word.exec(message)?.[1] ?? ""), statusSeverity(status)];
  return ["error", "warning"].find((severity) => both.includes(severity)) ?? "other";
}

/** An event of FilterLogEvents as a line. */
export function readLine({ eventId, timestamp, logStreamName, message }) {
  return { id: eventId, time: timestamp, stream: logStreamName, message, severity: severity(message) };
}

export const traceId = ({ message }) => TRACE_ID.exec(message)?.[0];

/** The id of the ECS task that wrote the line. The name of its stream ends with it. */
export const taskId = (stream) => TASK_ID.exec(stream)?.[1];

/** The name of a stream with a short id. */
export const shortStream = (stream) => {
  const id = taskId(stream);
  return id ? `${stream.split("/").at(-2)} ${id.slice(0, 8)}` : stream;
};

/** A longer value of a field comes after the shorter ones in a row. */
const LONG_VALUE = 24;

/** The parts of a row for a message: the level, the text, and the fields as pairs of name and text. Long values and ids come last. */
export function describeRow(message) {
  const json = readJson(message);
  if (!json) return { level: "", text: message, pairs: [] };
  const text = String(json.message ?? json.msg ?? "");
  const pairs = listFields(json).filter(({ path }) => !(path.length === 1 && SHOWN_APART.has(path[0])))
    .map(({ name, value }) => [name, typeof value === "string" ? value : JSON.stringify(value)])
    .filter(([, value]) => value !== text);
  const rank = ([name, value]) => /id$/i.test(name) ? 2 : value.length > LONG_VALUE ? 1 : 0;
  return {
    level: String(json.level ?? ""),
    text,
    pairs: pairs.sort((one, other) => rank(one) - rank(other)),
  };
}

/** The fields of a JSON value: `{path, name, value}`, where `value` has no fields of its own. */
export function listFields(value, path = []) {
  const isEmpty = value !== null && typeof value === "object" && !Object.keys(value).length;
  if (value === null || typeof value !== "object" || isEmpty) return [{ path, name: path.join("."), value: isEmpty ? JSON.stringify(value) : value }];
  const entries = Array.isArray(value) ? value.map((item, index) => [index, item]) : Object.entries(value);
  return entries.flatMap(([key, item]) => listFields(item, [...path, key]));
}
