// The distribution of response times: buckets for the histogram, and percentiles.

const STEPS = [1, 1.5, 2, 3, 5, 7];

/** The limits of the buckets in seconds: 0, 1 ms, 1.5 ms … 70 s. */
const LIMITS = [0, ...[-3, -2, -1, 0, 1].flatMap((exponent) => STEPS.map((step) => Number(`${step}e${exponent}`)))];

/**
 * Sorts response times into buckets `{from, to, count}`: at least `from`, and less than `to` seconds. The widths of the buckets grow with the time, so that
 * milliseconds and seconds fit into one picture. Empty buckets at both ends are left out.
 */
export function countByResponseTime(seconds) {
  const buckets = LIMITS.map((from, index) => ({ from, to: LIMITS[index + 1] ?? Infinity, count: 0 }));
  for (const value of seconds) buckets[LIMITS.findLastIndex((limit) => limit <= value)].count += 1;
  const first = buckets.findIndex(({ count }) => count);
  return first < 0 ? [] : buckets.slice(first, buckets.findLastIndex(({ count }) => count) + 1);
}

/** The place of a time on a logarithmic scale from 1 ms to 60 s: from 0 to 1. */
export const shareOfLogScale = (seconds) => Math.min(1, Math.max(0, Math.log(seconds / 0.001) / Math.log(60 / 0.001)));

/** Returns `{count, mean, p50, p95}` of entries `{Value, Count}` that are sorted by value. */
export function summarize(entries) {
  const count = entries.reduce((sum, entry) => sum + entry.Count, 0);
  if (!count) return { count };
  const total = entries.reduce((sum, entry) => sum + entry.Value * entry.Count, 0);
  return { count, mean: total / count, p50: findPercentile(entries, 0.5 * count), p95: findPercentile(entries, 0.95 * count) };
}

export const summarizeValues = (values) => summarize(values.toSorted((first, second) => first - second).map((Value) => ({ Value, Count: 1 })));

/** The smallest value that is not below `rank` values (nearest rank). */
function findPercentile(entries, rank) {
  let seen = 0;
  return entries.find(({ Count }) => (seen += Count) >= rank).Value;
}

export const countAbove = (entries, seconds) => entries.reduce((sum, { Value, Count }) => sum + (Value > seconds ? Count : 0), 0);
