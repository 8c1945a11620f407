// Loads what widgets show.

import { AwsError, cloudwatch, describeError, listAll } from "../aws.js";
import { expandLines, parseBody } from "./body.js";
import { unitOfStatistic } from "../chart/units.js";
import { requestOf, resolveLines, seriesOf } from "./queries.js";
import { loadUnit } from "./units.js";

/** Reads the body of a dashboard, or undefined if there is no such dashboard. */
export async function readBody(name) {
  try {
    return parseBody((await cloudwatch("GetDashboard", { DashboardName: name })).DashboardBody);
  } catch (error) {
    if (error instanceof AwsError && /NotFound|InvalidParameter/.test(error.code)) return undefined;
    throw error;
  }
}

/**
 * Loads lines for a range. `settings` has the statistic and period of lines that have none. Returns `{lines, series}`, or `{lines, error}` with the words of
 * CloudWatch's error.
 */
export async function loadLines(lines, settings, range) {
  const resolved = resolveLines(lines, settings, range.seconds);
  if (!resolved.length) return { lines: resolved, series: [] };
  try {
    const [results, units] = await Promise.all([
      listAll(cloudwatch, "GetMetricData", requestOf(resolved, range), "MetricDataResults", "NextToken"),
      Promise.all(resolved.map(({ metric }) => metric && loadUnit(metric))),
    ]);
    const withUnits = resolved.map((line, index) => ({ ...line, unit: unitOfStatistic(units[index], line.stat, line.period) }));
    return { lines: resolved, series: seriesOf(withUnits, results) };
  } catch (error) {
    const words = describeError(error);
    if (!words) throw error;
    return { lines: resolved, series: [], error: words };
  }
}

/** Loads the data of the metric widgets, in the order of the widgets. */
export const loadWidgets = (widgets, range) =>
  Promise.all(widgets.map(({ type, properties }) => type === "metric" ? loadLines(expandLines(properties), properties ?? {}, range) : undefined));
