// Alarms in words, and as lines of a chart.

import { formatNumber } from "../format.js";
import { count, operatorOf, ruleOf } from "./evaluation.js";

/** The seconds between two values of the metric. */
export const periodOf = (alarm) => alarm.Period ?? Math.max(...(alarm.Metrics ?? []).map(({ Period, MetricStat }) => Period ?? MetricStat?.Period ?? 1));

/** The lines of a chart of the alarm. Only one is visible: the one that is compared with the threshold. */
export function linesOf(alarm) {
  if (!alarm.Metrics?.length) {
    const dimensions = (alarm.Dimensions ?? []).flatMap(({ Name, Value }) => [Name, Value]);
    const stat = alarm.Statistic ?? alarm.ExtendedStatistic;
    return [{ metric: [alarm.Namespace, alarm.MetricName, ...dimensions], options: { stat, period: alarm.Period, label: `${alarm.MetricName} ${stat}` } }];
  }
  return alarm.Metrics.map(({ Id, Expression, MetricStat, Label, Period, ReturnData }) => {
    const options = { id: Id, label: Label ?? Expression ?? MetricStat.Metric.MetricName, visible: ReturnData !== false };
    if (Expression) return { options: { ...options, expression: Expression, period: Period ?? periodOf(alarm) } };
    const { Namespace, MetricName, Dimensions = [] } = MetricStat.Metric;
    return { metric: [Namespace, MetricName, ...Dimensions.flatMap(({ Name, Value }) => [Name, Value])], options: { ...options, stat: MetricStat.Stat, period: MetricStat.Period } };
  });
}

/** What the alarm compares, for example "Sum of RequestCount". */
export function subjectOf(alarm) {
  if (alarm.MetricName) return `${alarm.Statistic ?? alarm.ExtendedStatistic} of ${alarm.MetricName}`;
  const shown = alarm.Metrics?.find(({ ReturnData }) => ReturnData !== false);
  return shown?.Expression ?? shown?.MetricStat?.Metric.MetricName ?? "";
}

export function formatPeriod(seconds) {
  if (seconds % 3600 === 0) return count(seconds / 3600, "hour");
  if (seconds % 60 === 0) return count(seconds / 60, "minute");
  return count(seconds, "second");
}

/** The condition of ALARM in words. */
export function conditionText(alarm) {
  const { periods, needed } = ruleOf(alarm);
  const length = formatPeriod(periodOf(alarm));
  return `${subjectOf(alarm)} ${operatorOf(alarm)?.words ?? alarm.ComparisonOperator} ${formatNumber(alarm.Threshold)} in ${needed} of ${periods} periods of ${length}`;
}

/** The actions of all states: `[{state, arn}]`. */
export const actionsOf = (alarm) => [["ALARM", "AlarmActions"], ["OK", "OKActions"], ["INSUFFICIENT_DATA", "InsufficientDataActions"]]
  .flatMap(([state, member]) => (alarm[member] ?? []).map((arn) => ({ state, arn })));
