// The tree of a trace's segments: its lines, the time of each line without its children, and what follows from them.

/** The outcome of a segment: `ok`, `error`, `throttle` or `fault`. */
export const getOutcome = ({ fault, throttle, error }) => fault ? "fault" : throttle ? "throttle" : error ? "error" : "ok";

/**
 * Lists segments and subsegments, parents before children: `{segment, service, parent, depth, kind, selfSeconds}`. `service` is the name of the segment that
 * contains the line, and `kind` is `segment`, `subsegment` or `inferred`.
 */
export function listLines(documents) {
  const documentsByParent = groupByParent(documents);
  const lines = [];
  const listedIds = new Set();
  const addLine = (segment, parent, isSubsegment) => {
    if (listedIds.has(segment.id)) return;
    listedIds.add(segment.id);
    const line = {
      segment, parent, depth: parent ? parent.depth + 1 : 0, children: [],
      service: isSubsegment ? parent.service : segment.name, kind: isSubsegment ? "subsegment" : segment.inferred ? "inferred" : "segment",
    };
    lines.push(line);
    parent?.children.push(line);
    const children = [
      ...(segment.subsegments ?? []).map((child) => [child, true]), ...(documentsByParent.get(segment.id) ?? []).map((child) => [child, false]),
    ];
    children.sort(([first], [second]) => first.start_time - second.start_time);
    for (const [child, isChildSubsegment] of children) addLine(child, line, isChildSubsegment);
  };
  for (const root of documentsByParent.get(undefined) ?? []) addLine(root, undefined, false);
  // Documents whose parents form a circle have no root.
  for (const document of documents) addLine(document, undefined, false);
  return lines.map((line) => ({ ...line, selfSeconds: computeSelfSeconds(line) }));
}

/** A document whose parent is not in the trace is a root, with the key `undefined`. */
function groupByParent(documents) {
  const ids = new Set();
  const addIds = (segment) => {
    ids.add(segment.id);
    segment.subsegments?.forEach(addIds);
  };
  documents.forEach(addIds);
  const groups = new Map();
  for (const document of documents) {
    const parentId = ids.has(document.parent_id) && document.parent_id !== document.id ? document.parent_id : undefined;
    groups.set(parentId, [...(groups.get(parentId) ?? []), document]);
  }
  return groups;
}

/** The duration of a line minus the union of its children's times. A line in progress has none. */
function computeSelfSeconds({ segment, children }) {
  if (segment.in_progress) return undefined;
  let covered = 0;
  let coveredUntil = segment.start_time;
  for (const { segment: child } of children) {
    const start = Math.max(child.start_time, coveredUntil);
    const end = Math.min(child.end_time ?? segment.end_time, segment.end_time);
    if (end > start) {
      covered += end - start;
      coveredUntil = end;
    }
  }
  return segment.end_time - segment.start_time - covered;
}

/** The line with the longest time without its children. */
export const findLongest = (lines) =>
  lines.reduce((longest, line) => ((line.selfSeconds ?? 0) > (longest?.selfSeconds ?? 0) ? line : longest), undefined);

/** Says where most of the time was spent, and where an error comes from. Returns no sentence for what the trace does not tell. */
export function conclude(lines, durationSeconds) {
  return [concludeTime(lines, durationSeconds), concludeError(lines)].filter(Boolean);
}

function concludeTime(lines, durationSeconds) {
  if (!(durationSeconds > 0) || lines.some(({ segment }) => segment.in_progress)) return undefined;
  const secondsByPlace = new Map();
  for (const line of lines) {
    const place = describePlace(line);
    secondsByPlace.set(place, (secondsByPlace.get(place) ?? 0) + line.selfSeconds);
  }
  const [place, seconds] = [...secondsByPlace].reduce((most, other) => (other[1] > most[1] ? other : most), ["", 0]);
  return place && `${formatShare(seconds / durationSeconds)} of the time was spent ${place}.`;
}

/** A call's own time is what passes between the two services, if the called service sent a segment. */
function describePlace({ segment, service, kind, children }) {
  if (kind === "inferred") return `in ${nameCalled(segment)}`;
  if (segment.namespace !== "remote" && segment.namespace !== "aws") return `in ${service} itself`;
  return children.some((child) => child.kind === "segment") ? `between ${service} and ${segment.name}` : `in ${nameCalled(segment)}`;
}

const nameCalled = ({ name, aws }) => aws?.table_name ? `${name} (table ${aws.table_name})` : name;

/** The error comes from the deepest line that has one. */
function concludeError(lines) {
  const failed = lines.filter(({ segment, kind }) => getOutcome(segment) !== "ok" && kind !== "inferred");
  const source = failed.find(({ children }) => !children.some(({ segment, kind }) => kind !== "inferred" && getOutcome(segment) !== "ok"));
  if (!source) return undefined;
  const { segment, kind, service, children } = source;
  const status = segment.http?.response?.status;
  const what = status ? `The status ${status}` : `The ${getOutcome(segment)}`;
  if (kind === "subsegment" && ["remote", "aws"].includes(segment.namespace)) return `${what} comes from ${nameCalled(segment)}.`;
  return `${what} comes from ${service}${children.length ? "" : ", which called nothing else"}.`;
}

function formatShare(share) {
  const percent = Math.min(share, 1) * 100;
  return `${percent > 99.9 ? Math.round(percent) : percent.toFixed(1)} %`;
}

/** About `count` round times between 0 and a duration in seconds, for a time axis. */
export function listTicks(durationSeconds, count) {
  const shortest = (durationSeconds / count) * (1 - 1e-9);
  const exponent = Math.floor(Math.log10(shortest));
  const step = [1, 2, 5, 10].map((factor) => Number(`${factor}e${exponent}`)).find((seconds) => seconds >= shortest);
  return Array.from({ length: Math.floor(durationSeconds / step + 1e-9) + 1 }, (_, index) => index * step);
}
