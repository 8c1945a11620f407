// PutMetricAlarm replaces an alarm as a whole: requests with all members that can be set.

const MEMBERS = [
  "AlarmName", "AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions", "MetricName", "Namespace", "Statistic",
  "ExtendedStatistic", "Dimensions", "Period", "Unit", "EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData",
  "EvaluateLowSampleCountPercentile", "Metrics",
];

const isPercentile = (stat) => /^p/i.test(stat);

/** The request that leaves an alarm as it is. Lists without items are left out. */
export const requestOf = (alarm) => Object.fromEntries(MEMBERS.filter((name) => alarm[name] !== undefined && alarm[name] !== "" && !(Array.isArray(alarm[name]) && !alarm[name].length)).map((name) => [name, alarm[name]]));

/** The members of a metric: `{metric: [namespace, name, dimension, value, …], stat, period}`. */
export function metricMembers({ metric, stat, period }) {
  const [Namespace, MetricName, ...pairs] = metric;
  const Dimensions = [];
  for (let index = 0; index + 1 < pairs.length; index += 2) Dimensions.push({ Name: pairs[index], Value: pairs[index + 1] });
  return { Namespace, MetricName, Dimensions, Period: period, Statistic: isPercentile(stat) ? undefined : stat, ExtendedStatistic: isPercentile(stat) ? stat : undefined };
}
