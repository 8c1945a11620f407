// What explains the lines of a chart: thresholds of alarms, deployments and scaling activities.

import { autoScaling, cloudwatch, ecs, listAll } from "../aws.js";
import { formatNumber, shortName } from "../format.js";
import { dimensionsOf } from "./body.js";

/** DescribeServices accepts so many names. */
const SERVICES_PER_CALL = 10;

const SYMBOLS = {
  GreaterThanOrEqualToThreshold: "≥", GreaterThanThreshold: ">", LessThanThreshold: "<", LessThanOrEqualToThreshold: "≤",
};

export const symbolOf = (operator) => SYMBOLS[operator] ?? operator;

/** Loads alarms, services and scaling activities. */
export async function loadContext() {
  const [alarms, services, activities] = await Promise.all([
    listAll(cloudwatch, "DescribeAlarms", {}, "MetricAlarms", "NextToken"),
    loadServices(),
    autoScaling("DescribeScalingActivities", { ServiceNamespace: "ecs" }).then(({ ScalingActivities }) => ScalingActivities),
  ]);
  return { alarms, services, activities };
}

/** Loads the services of all clusters. */
export async function loadServices() {
  const clusters = await listAll(ecs, "ListClusters", {}, "clusterArns");
  const lists = await Promise.all(clusters.map(async (cluster) => {
    const names = await listAll(ecs, "ListServices", { cluster }, "serviceArns");
    const groups = [];
    for (let index = 0; index < names.length; index += SERVICES_PER_CALL) groups.push(names.slice(index, index + SERVICES_PER_CALL));
    const answers = await Promise.all(groups.map((services) => ecs("DescribeServices", { cluster, services })));
    return answers.flatMap(({ services }) => services);
  }));
  return lists.flat();
}

/** The resource id of a service in Application Auto Scaling. */
export const resourceIdOf = (service) => `service/${shortName(service.clusterArn)}/${service.serviceName}`;

const sortedDimensions = (pairs) => JSON.stringify(pairs.map(([name, value]) => `${name}=${value}`).sort());

/** Statistics that grow with the period. */
const TOTALS = ["Sum", "SampleCount"];

/** Whether an alarm watches what a line shows: the same metric and statistic, and a period that makes them comparable. */
const isWatched = (alarm, { metric, stat, period }) =>
  metric && (alarm.Period === period || !TOTALS.includes(stat)) && alarm.Namespace === metric[0] && alarm.MetricName === metric[1] && (alarm.Statistic ?? alarm.ExtendedStatistic) === stat
  && sortedDimensions((alarm.Dimensions ?? []).map(({ Name, Value }) => [Name, Value])) === sortedDimensions(dimensionsOf(metric));

/** The thresholds of the alarms on lines. */
export const thresholdsOf = (lines, alarms) => lines.flatMap((line) =>
  alarms.filter((alarm) => isWatched(alarm, line)).map((alarm) => {
    const condition = `${symbolOf(alarm.ComparisonOperator)} ${formatNumber(alarm.Threshold)}`;
    return { value: alarm.Threshold, label: `${alarm.AlarmName} ${condition}`, short: `alarm ${condition}`, axis: line.options?.yAxis ?? "left" };
  }));

/** The services whose metrics the lines show; all services if a line names none. */
export function servicesOf(lines, services) {
  const named = lines.filter(({ metric }) => metric).map(({ metric }) => {
    const dimensions = new Map(dimensionsOf(metric));
    return services.filter((service) => service.serviceName === dimensions.get("ServiceName")
      || service.loadBalancers?.some(({ targetGroupArn }) => targetGroupArn && targetGroupArn.split(":").at(-1) === dimensions.get("TargetGroup")));
  });
  return named.every((list) => list.length) ? [...new Set(named.flat())] : services;
}

const COMPLETED = /\(deployment (\S+)\) deployment (completed|failed.*)/;

/** Deployments and scaling activities of these services as marks, oldest first. */
export function marksOf(services, activities) {
  const resources = new Set(services.map(resourceIdOf));
  const deployments = services.flatMap((service) => [
    ...service.deployments.map(({ createdAt, taskDefinition }) => ({
      time: createdAt * 1000, kind: "deployment", text: `Deployment of ${shortName(taskDefinition)} begins.`,
    })),
    ...service.events.filter(({ message }) => COMPLETED.test(message)).map(({ createdAt, message }) => ({
      time: createdAt * 1000, kind: "deployment", text: `${service.serviceName}: deployment ${COMPLETED.exec(message)[2].replace(/\.$/, "")}.`,
    })),
  ]);
  const scaling = activities.filter(({ ResourceId }) => resources.has(ResourceId)).map(({ StartTime, Description, Cause, ResourceId }) => ({
    time: StartTime * 1000, kind: "scaling", text: `${shortName(ResourceId)}: ${Description} Cause: ${Cause}.`,
  }));
  return [...deployments, ...scaling].sort((a, b) => a.time - b.time);
}
