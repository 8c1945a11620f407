// Counts lines over time, for the histogram.

export const SEVERITIES = ["error", "warning", "other"];

/** Widths of a bucket, in milliseconds. */
const WIDTHS = [1, 2, 5, 10, 20, 50, 100, 200, 500, ...[1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600].map((seconds) => seconds * 1000)];

/** Buckets of the time from `start` to `end`: at most about `maxCount`. They begin at multiples of their width, so that they do not move while time passes. */
export function createBuckets({ start, end }, maxCount) {
  const width = WIDTHS.find((width) => (end - start) / width <= maxCount) ?? (end - start) / maxCount;
  const first = Math.floor(start / width);
  const count = Math.max(1, Math.ceil(end / width) - first);
  return Array.from({ length: count }, (_, index) => ({ start: (first + index) * width, end: (first + index + 1) * width, error: 0, warning: 0, other: 0 }));
}

/** Counts the lines of each bucket by their severity. */
export function countLines(lines, range, maxCount) {
  const buckets = createBuckets(range, maxCount);
  const [{ start, end }] = buckets;
  for (const { time, severity } of lines) {
    const bucket = buckets[Math.floor((time - start) / (end - start))];
    if (bucket) bucket[severity] += 1;
  }
  return buckets;
}

export const total = (bucket) => bucket.error + bucket.warning + bucket.other;

/** The histogram in words. */
export function describeBuckets(buckets, formatTime) {
  const sum = (name) => buckets.reduce((count, bucket) => count + bucket[name], 0);
  const counts = SEVERITIES.map(sum);
  const all = counts.reduce((one, other) => one + other, 0);
  if (!all) return "No lines in this time.";
  const peak = buckets.reduce((best, bucket) => total(bucket) > total(best) ? bucket : best);
  const plural = (count, noun) => `${count.toLocaleString()} ${noun}${count === 1 ? "" : "s"}`;
  return `${plural(all, "line")}: ${plural(counts[0], "error")}, ${plural(counts[1], "warning")}. Most at ${formatTime(peak.start)}.`;
}
