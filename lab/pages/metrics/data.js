// Loads what widgets show.

import { cloudwatch, describeError, listAll } from "../aws.js";
import { expandLines } from "./body.js";
import { requestOf, resolveLines, seriesOf } from "./queries.js";

/**
 * Loads lines for a range. `settings` has the statistic and period of lines that have none. Returns `{lines, series}`, or `{lines, error}` with the words of
 * CloudWatch's error.
 */
export async function loadLines(lines, settings, range) {
  const resolved = resolveLines(lines, settings, range.seconds);
  if (!resolved.length) return { lines: resolved, series: [] };
  try {
    const results = await listAll(cloudwatch, "GetMetricData", requestOf(resolved, range), "MetricDataResults", "NextToken");
    return { lines: resolved, series: seriesOf(resolved, results) };
  } catch (error) {
    const words = describeError(error);
    if (!words) throw error;
    return { lines: resolved, series: [], error: words };
  }
}

/** Loads the data of the metric widgets, in the order of the widgets. */
export const loadWidgets = (widgets, range) =>
  Promise.all(widgets.map(({ type, properties }) => type === "metric" ? loadLines(expandLines(properties), properties ?? {}, range) : undefined));
