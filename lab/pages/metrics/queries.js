// Lines of metrics as queries of GetMetricData, and its results as a chart.

import { formatNumber } from "../format.js";
import { dimensionsOf } from "./body.js";

export const STATISTICS = ["Average", "Sum", "SampleCount", "Minimum", "Maximum", "p50", "p90", "p95", "p99"];
export const PERIODS = [[undefined, "automatic"], [10, "10 seconds"], [60, "1 minute"], [300, "5 minutes"], [900, "15 minutes"], [3600, "1 hour"]];

/** A chart has at most so many values for each line. */
const MAX_VALUES = 1440;
/** The shortest periods to choose from, and the longest range for each, in seconds. */
const AUTOMATIC_PERIODS = [[60, 3 * 3600], [300, 24 * 3600], [3600, Infinity]];

/** The period for a range of so many seconds. A period that was set stays, unless there would be too many values. */
export function choosePeriod(period, rangeSeconds) {
  const [automatic] = AUTOMATIC_PERIODS.find(([, longest]) => rangeSeconds <= longest);
  return period && rangeSeconds / period <= MAX_VALUES ? period : automatic;
}

/** Returns the lines with `id`, `stat`, `period` and `label`. `settings` are those of the widget. */
export function resolveLines(lines, settings, rangeSeconds) {
  const resolved = lines.map(({ metric, options }, index) => ({
    metric, options,
    id: options.id ?? `line${index}`,
    stat: options.stat ?? settings.stat ?? "Average",
    period: choosePeriod(options.period ?? settings.period, rangeSeconds),
  }));
  const labels = generateLabels(resolved);
  return resolved.map((line, index) => ({ ...line, label: line.options.label || labels[index] }));
}

/** The name in a dimension such as `targetgroup/name/0123456789abcdef`. */
export const shortValue = (value) => /^(?:app|net|gwy|targetgroup)\/(.+)\/[0-9a-f]{16}$/.exec(value)?.[1] ?? value;

/** Labels of what differs between the lines: name, values of dimensions, statistic, period. */
export function generateLabels(lines) {
  const parts = lines.map(({ metric, stat, period, options }) => metric
    ? new Map([["name", metric[1]], ...dimensionsOf(metric).map(([name, value]) => [name, shortValue(value)]), ["stat", stat], ["period", `${period} s`]])
    : new Map([["name", options.expression]]));
  const keys = [...new Set(parts.flatMap((part) => [...part.keys()]))];
  const differing = keys.filter((key) => new Set(parts.map((part) => part.get(key))).size > 1);
  return parts.map((part) => {
    const words = differing.map((key) => part.get(key)).filter(Boolean);
    return words.length ? words.join(" ") : part.get("name");
  });
}

export const metricOf = (metric) => ({
  Namespace: metric[0], MetricName: metric[1], Dimensions: dimensionsOf(metric).map(([Name, Value]) => ({ Name, Value })),
});

/** The queries of resolved lines. */
export const queriesOf = (lines) => lines.map(({ id, metric, stat, period, label, options }) => ({
  Id: id,
  ...metric ? { MetricStat: { Metric: metricOf(metric), Period: period, Stat: stat } } : { Expression: options.expression, Period: period },
  Label: label,
  ReturnData: options.visible !== false,
}));

/** The request for a time range in milliseconds. It begins and ends with a whole period, except if the range is exact. */
export function requestOf(lines, { start, end, isExact }) {
  const longest = isExact ? 1 : Math.max(...lines.map(({ period }) => period), 1);
  const seconds = (time, round) => round(time / 1000 / longest) * longest;
  return { MetricDataQueries: queriesOf(lines), StartTime: seconds(start, Math.floor), EndTime: seconds(end, Math.ceil), ScanBy: "TimestampAscending" };
}

/** The series of a chart from resolved lines and `MetricDataResults`. Long results come in parts. */
export function seriesOf(lines, results) {
  const byId = new Map();
  for (const { Id, Timestamps, Values } of results) {
    const before = byId.get(Id) ?? { Timestamps: [], Values: [] };
    byId.set(Id, { Timestamps: [...before.Timestamps, ...Timestamps], Values: [...before.Values, ...Values] });
  }
  return lines.filter(({ id }) => byId.has(id)).map(({ id, label, period, unit, options }) => {
    const { Timestamps, Values } = byId.get(id);
    return { label, times: Timestamps.map((seconds) => seconds * 1000), values: Values, periodMs: period * 1000, unit, axis: options.yAxis ?? "left", color: options.color };
  });
}

/** The horizontal annotations of a widget as thresholds. A pair of annotations is two lines. */
export const annotationsOf = (properties) => (properties.annotations?.horizontal ?? []).flat().filter(({ value }) => Number.isFinite(value))
  .filter(({ visible }) => visible !== false)
  .map(({ value, label = "", color, yAxis }) => ({ value, label: `${label} ${formatNumber(value)}`.trim(), color, axis: yAxis ?? "left" }));

/** The vertical annotations of a widget as marks. */
export const verticalMarksOf = (properties) => (properties.annotations?.vertical ?? []).flat().filter(({ value }) => Date.parse(value))
  .map(({ value, label = "annotation" }) => ({ time: Date.parse(value), text: label, kind: "annotation" }));
