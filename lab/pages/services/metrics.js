// Metrics of load balancers, target groups and services: one call of GetMetricData for all of them.

import { cloudwatch } from "../aws.js";
import { clusterName, dimensionOf } from "./data.js";

/** CloudWatch gets the values of a minute at its end. */
const MINUTE_MS = 60_000;

/** Most points of a small chart. */
const MAX_POINTS = 90;

const LB = "AWS/ApplicationELB";
const ECS = "AWS/ECS";

const balancerDimensions = (arn) => ({ LoadBalancer: dimensionOf(arn) });
const groupDimensions = ({ TargetGroupArn, LoadBalancerArns }) => ({ LoadBalancer: dimensionOf(LoadBalancerArns[0]), TargetGroup: dimensionOf(TargetGroupArn) });
const serviceDimensions = ({ clusterArn, serviceName }) => ({ ClusterName: clusterName(clusterArn), ServiceName: serviceName });

/** Names of the values, with their metric and statistic. */
const OF_TRAFFIC = [
  ["requests", LB, "RequestCount", "Sum"],
  ["mean", LB, "TargetResponseTime", "Average"],
  ["p95", LB, "TargetResponseTime", "p95"],
  ["errors4xx", LB, "HTTPCode_Target_4XX_Count", "Sum"],
  ["errors5xx", LB, "HTTPCode_Target_5XX_Count", "Sum"],
];
/** Responses of the load balancer itself. */
const OF_BALANCER = [
  ["balancer500", LB, "HTTPCode_ELB_500_Count", "Sum"],
  ["balancer502", LB, "HTTPCode_ELB_502_Count", "Sum"],
  ["balancer503", LB, "HTTPCode_ELB_503_Count", "Sum"],
  ["balancer504", LB, "HTTPCode_ELB_504_Count", "Sum"],
];
/** ECS sends one value of each metric for each task, so that the number of values is the number of tasks. */
const OF_SERVICE = [
  ["cpu", ECS, "CPUUtilization", "Average"],
  ["memory", ECS, "MemoryUtilization", "Average"],
  ["tasks", ECS, "CPUUtilization", "SampleCount"],
];

/** What to query for each: `{key, dimensions, metrics}`; the key is the ARN. */
export const metricSources = ({ balancers = [], groups = [], services = [] }) => [
  ...balancers.map(({ LoadBalancerArn }) => ({ key: LoadBalancerArn, dimensions: balancerDimensions(LoadBalancerArn), metrics: [...OF_TRAFFIC, ...OF_BALANCER] })),
  ...groups.filter(({ LoadBalancerArns }) => LoadBalancerArns?.length)
    .map((group) => ({ key: group.TargetGroupArn, dimensions: groupDimensions(group), metrics: OF_TRAFFIC })),
  ...services.map((service) => ({ key: service.serviceArn, dimensions: serviceDimensions(service), metrics: OF_SERVICE })),
];

/** The parameters of the page of metrics that shows these values of a source. */
export function metricsParameters(source, names) {
  const lines = source.metrics.filter(([name]) => names.includes(name)).map(([, namespace, metric, stat]) => [namespace, metric, ...Object.entries(source.dimensions).flat(), { stat }]);
  return { metrics: JSON.stringify(lines), period: 60 };
}

export function metricQueries(sources, period) {
  const queries = sources.flatMap(({ dimensions, metrics }) => metrics.map(([, Namespace, MetricName, Stat]) => ({
    MetricStat: {
      Metric: { Namespace, MetricName, Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })) },
      Period: period, Stat,
    },
  })));
  return queries.map((query, index) => ({ Id: `m${index}`, ...query }));
}

/** Joins the results to rows: a map from the key to `[{time, requests, …}]`, oldest first. `time` is the start of the period in milliseconds. Sums and counts of longer `period`s are
 * those of a mean minute. */
export function toRows(sources, results, period = 60) {
  let index = 0;
  return new Map(sources.map(({ key, metrics }) => {
    const rows = new Map();
    for (const [name, , , stat] of metrics) {
      const factor = ["Sum", "SampleCount"].includes(stat) ? 60 / period : 1;
      const id = `m${index++}`;
      // A long result is divided over pages.
      for (const { Timestamps = [], Values = [] } of results.filter(({ Id }) => Id === id)) {
        Timestamps.forEach((seconds, position) => {
          const time = seconds * 1000;
          rows.set(time, { ...rows.get(time), time, [name]: Values[position] * factor });
        });
      }
    }
    return [key, [...rows.values()].sort((a, b) => a.time - b.time)];
  }));
}

/** The period in seconds for a chart of this many seconds. */
export const chartPeriod = (seconds) => Math.max(60, Math.ceil(seconds / MAX_POINTS / 60) * 60);

async function load(sources, start, end, period) {
  if (!sources.length) return new Map();
  const results = [];
  let NextToken;
  do {
    const page = await cloudwatch("GetMetricData", {
      MetricDataQueries: metricQueries(sources, period), StartTime: Math.floor(start / 1000), EndTime: Math.ceil(end / 1000), NextToken,
    });
    results.push(...page.MetricDataResults);
    NextToken = page.NextToken;
  } while (NextToken);
  return toRows(sources, results, period);
}

/** The rows of the full minutes before the end of the range. */
export function loadMinutes(sources, { end }, count) {
  const newest = Math.floor(end / MINUTE_MS) * MINUTE_MS;
  return load(sources, newest - count * MINUTE_MS, newest, 60);
}

/** The rows for charts of the range. */
export function loadChartRows(sources, { start, end, seconds }) {
  const period = chartPeriod(seconds);
  const first = Math.floor(start / 1000 / period) * period * 1000;
  return load(sources, first, end, period);
}
