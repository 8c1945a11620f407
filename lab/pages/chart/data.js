// What a chart shows, computed from its series. A series has `label`, `times` (milliseconds, ascending) and `values`.

import { formatDay, formatMinute, formatMoment, formatTime } from "../format.js";
import { formatValue } from "./units.js";

/** A missing value within the period of the value before it does not break a line. A gap is longer than this multiple of the period. */
const GAP_FACTOR = 1.5;

/** A threshold is near if it is at most this multiple of the largest value. */
const NEAR_FACTOR = 3;

/**
 * Returns `[times, values of the first series, …]` with common times. A value is `null` where the line has a gap, and `undefined` where another series
 * has a value in the middle of this one's period.
 */
export function alignSeries(series, periodMs) {
  const periodOf = (one) => one.periodMs ?? periodMs;
  const times = new Set();
  for (const one of series) {
    one.times.forEach((time, index) => {
      times.add(time);
      const next = one.times[index + 1];
      if (next - time > GAP_FACTOR * periodOf(one)) times.add(time + periodOf(one));
    });
  }
  const common = [...times].sort((a, b) => a - b);
  return [common, ...series.map((one) => {
    let index = -1;
    return common.map((time) => {
      while (one.times[index + 1] <= time) index += 1;
      if (index < 0) return null;
      if (one.times[index] === time) return one.values[index];
      return time < one.times[index] + periodOf(one) ? undefined : null;
    });
  })];
}

/** The rows of values without a neighbour: no line shows them, only a point does. `values` are aligned. */
export function isolatedRows(values) {
  const isShown = (row, step) => {
    while (values[row] === undefined && row >= 0 && row < values.length) row += step;
    return typeof values[row] === "number";
  };
  return values.flatMap((value, row) => typeof value === "number" && !isShown(row - 1, -1) && !isShown(row + 1, 1) ? [row] : []);
}

/** Adds each series to those before it. Returns aligned data. */
export function stack([times, ...columns]) {
  const sums = times.map(() => 0);
  return [times, ...columns.map((values) => values.map((value, row) => {
    if (typeof value !== "number") return value;
    sums[row] += value;
    return sums[row];
  }))];
}

/** Lines with the same value on the same axis become one, with all labels and the first short one. */
export function joinThresholds(thresholds) {
  const joined = new Map();
  for (const threshold of thresholds) {
    const key = `${threshold.axis ?? "left"} ${threshold.value}`;
    const known = joined.get(key);
    if (!known) joined.set(key, { ...threshold, short: threshold.short ?? threshold.label });
    else known.label = `${known.label}, ${threshold.label}`;
  }
  return [...joined.values()];
}

/**
 * The lower and upper end of an axis. `axis` may have `min` and `max`. Axes of positive values begin at 0. Thresholds that are far from the values are
 * outside, because they would make the values flat.
 */
export function scaleOf(axis, smallest, largest, thresholds) {
  const hasValues = Number.isFinite(largest);
  const isNear = ({ value }) => !hasValues || (value <= NEAR_FACTOR * Math.max(largest, 0) && value >= NEAR_FACTOR * Math.min(smallest, 0));
  const shown = [...hasValues ? [smallest, largest] : [], ...thresholds.filter(isNear).map(({ value }) => value)];
  const low = Math.min(...shown, 0);
  const high = Math.max(...shown, low);
  const room = (high - low) * 0.08 || 1;
  return [axis?.min ?? (low < 0 ? low - room : 0), axis?.max ?? high + room];
}

/** The unit of an axis: that of all its series with values, or undefined if they differ. */
export function unitOfAxis(series, name) {
  const units = new Set(series.filter(({ axis = "left", values }) => axis === name && values.length).map(({ unit }) => unit));
  return units.size === 1 ? [...units][0] : undefined;
}

/** Whether an axis only has whole numbers, so that its ticks are whole, too. */
export const isWholeAxis = (series, name) => series.filter(({ axis = "left" }) => axis === name).every(({ values }) => values.every(Number.isInteger));

/** The newest value, or undefined. */
export const lastOf = (series) => series.values.at(-1);

/** The chart in words. */
export function describeChart(chart) {
  const range = `${formatMoment(chart.start)} to ${formatMoment(chart.end)}`;
  const lines = chart.series.map((one) => {
    if (!one.values.length) return `${one.label}: no data`;
    const [smallest, largest, last] = [Math.min(...one.values), Math.max(...one.values), lastOf(one)].map((value) => formatValue(value, one.unit));
    return `${one.label}: ${smallest === largest ? smallest : `${smallest} to ${largest}`}, last ${last}`;
  });
  const thresholds = joinThresholds(chart.thresholds ?? []).map(({ label }) => `threshold: ${label}`);
  return [`${chart.label}, ${range}`, ...lines, ...thresholds].join(". ");
}

/** The rows of the table, newest first: `[time, value of each series or undefined]`. */
export function tableRows(series) {
  const rows = new Map();
  series.forEach((one, column) => one.times.forEach((time, index) => {
    if (!rows.has(time)) rows.set(time, []);
    rows.get(time)[column] = one.values[index];
  }));
  return [...rows].sort(([a], [b]) => b - a).map(([time, values]) => [time, ...series.map((_, column) => values[column])]);
}

/** Marks and bands as lines of text, newest first. */
export const eventRows = ({ marks = [], bands = [] }) =>
  [...marks.map(({ time, text }) => [time, text]), ...bands.map(({ start, text }) => [start, text])].sort(([a], [b]) => b - a);

/** The text of a tick: with seconds if ticks are closer than a minute, with the date at midnight. */
export function tickText(time, incrementMs) {
  const date = new Date(time);
  if (incrementMs < 60_000) return formatTime(time);
  if (date.getHours() === 0 && date.getMinutes() === 0) return formatDay(date);
  return formatMinute(date);
}
