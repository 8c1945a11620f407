// What the overview asks of the AWS APIs.

import { AwsError, autoScaling, cloudwatch, describeError, dynamodb, ecs, listAll, xray } from "../aws.js";
import { loadBalancers, loadDefinition, loadServices, loadTargetGroups, loadTargets, loadTasks } from "../services/data.js";
import { loadChartRows, loadMinutes, metricSources } from "../services/metrics.js";
import { toCalls } from "./state.js";
import { WINDOW_MINUTES } from "./unusual.js";

const HISTORY_COUNT = 100;

/** What changes from second to second. */
export async function loadNow() {
  const services = await loadServices();
  const clusters = [...new Set(services.map(({ clusterArn }) => clusterArn))];
  const groups = [...new Set(services.flatMap(({ loadBalancers = [] }) => loadBalancers.map(({ targetGroupArn }) => targetGroupArn).filter(Boolean)))];
  const [tasks, targets] = await Promise.all([Promise.all(clusters.map((cluster) => loadTasks({ cluster }))), loadTargets(groups)]);
  return { services, tasks: tasks.flat(), targets };
}

/** Everything else. What an API refuses is missing, and named in `problems`. */
export async function loadSlow(range) {
  const problems = [];
  const optional = (name, answer, value) => answer.catch((error) => {
    if (!(error instanceof AwsError)) throw error;
    problems.push(`${name} answers with an error. ${describeError(error)}`);
    return value;
  });
  const [services, groups, balancers] = await Promise.all([loadServices(), loadTargetGroups(), loadBalancers()]);
  const clusters = [...new Set(services.map(({ clusterArn }) => clusterArn))];
  const sources = metricSources({ balancers, groups, services });
  const [minutes, charts, stopped, rollouts, definitions, tables, calls, scaling, watching] = await Promise.all([
    loadMinutes(sources, range, WINDOW_MINUTES), loadChartRows(sources, range),
    Promise.all(clusters.map((cluster) => loadTasks({ cluster, desiredStatus: "STOPPED" }))),
    Promise.all(services.map(async ({ clusterArn, serviceArn }) => [serviceArn, await optional("ListServiceDeployments of ECS", loadRollout(clusterArn, serviceArn))])),
    Promise.all(services.map(async ({ taskDefinition }) => [taskDefinition, await loadDefinition(taskDefinition)])),
    optional("DynamoDB", dynamodb("ListTables").then(({ TableNames }) => TableNames), []), optional("X-Ray", loadCalls(range), []),
    optional("Application Auto Scaling", loadScaling(), { policies: [], activities: [] }), loadAlarms(range),
  ]);
  return {
    problems, sources, groups, balancers, minutes, charts, tables, calls, ...scaling, ...watching,
    stopped: stopped.flat(), rollouts: new Map(rollouts), definitions: new Map(definitions),
  };
}

/** The newest deployment of a service. */
async function loadRollout(cluster, service) {
  const { serviceDeployments } = await ecs("ListServiceDeployments", { cluster, service, maxResults: 1 });
  const [{ status, statusReason, finishedAt } = {}] = serviceDeployments;
  return { status, reason: statusReason, time: finishedAt * 1000 };
}

async function loadCalls({ end }) {
  const EndTime = end / 1000;
  return toCalls(await xray("ServiceGraph", { StartTime: EndTime - WINDOW_MINUTES * 60, EndTime }));
}

async function loadScaling() {
  const request = { ServiceNamespace: "ecs" };
  const [policies, { ScalingActivities: activities }] = await Promise.all([
    listAll(autoScaling, "DescribeScalingPolicies", request, "ScalingPolicies", "NextToken"),
    autoScaling("DescribeScalingActivities", { ...request, MaxResults: 50 }),
  ]);
  return { policies, activities };
}

async function loadAlarms({ start, end }) {
  const [alarms, { AlarmHistoryItems: history }] = await Promise.all([
    listAll(cloudwatch, "DescribeAlarms", {}, "MetricAlarms", "NextToken"),
    cloudwatch("DescribeAlarmHistory", { HistoryItemType: "StateUpdate", StartDate: start / 1000, EndDate: end / 1000, MaxRecords: HISTORY_COUNT }),
  ]);
  return { alarms, history };
}
