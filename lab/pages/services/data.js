// What the pages ask of ECS and of the load balancer.

import { ecs, elb, listAll } from "../aws.js";
import { shortName } from "../format.js";

// Limits of the API.
const SERVICES_PER_CALL = 10;
const TASKS_PER_CALL = 100;

/** Returns the services of all clusters, as DescribeServices describes them. */
export async function loadServices() {
  const clusters = await listAll(ecs, "ListClusters", {}, "clusterArns");
  const lists = await Promise.all(clusters.map(async (cluster) => {
    const services = await listAll(ecs, "ListServices", { cluster }, "serviceArns");
    return describe("DescribeServices", { cluster }, "services", services, SERVICES_PER_CALL);
  }));
  return lists.flat().sort((a, b) => a.serviceName.localeCompare(b.serviceName));
}

/** Returns tasks. `filter` is a request of ListTasks: `cluster`, and perhaps `serviceName`, `desiredStatus`. */
export async function loadTasks(filter) {
  const tasks = await listAll(ecs, "ListTasks", filter, "taskArns");
  return describe("DescribeTasks", { cluster: filter.cluster }, "tasks", tasks, TASKS_PER_CALL);
}

async function describe(operation, request, listName, names, namesPerCall) {
  const calls = [];
  for (let start = 0; start < names.length; start += namesPerCall) {
    calls.push(ecs(operation, { ...request, [listName]: names.slice(start, start + namesPerCall) }));
  }
  return (await Promise.all(calls)).flatMap((answer) => answer[listName]);
}

const definitions = new Map();
const DEFINITION_MS = 10_000;

/** Returns a revision of a task definition. Revisions change only if the lab is reset, and their numbers begin again: so an answer is kept for some seconds. */
export function loadDefinition(arn, maxAgeMs = DEFINITION_MS) {
  const known = definitions.get(arn);
  if (!known || performance.now() - known.time > maxAgeMs) {
    const answer = ecs("DescribeTaskDefinition", { taskDefinition: arn }).then(({ taskDefinition }) => taskDefinition);
    answer.catch(() => definitions.delete(arn));
    definitions.set(arn, { answer, time: performance.now() });
  }
  return definitions.get(arn).answer;
}

/** Returns the ARNs of a family's active revisions, newest first. */
export const loadRevisions = (family) => listAll(ecs, "ListTaskDefinitions", { familyPrefix: family, sort: "DESC" }, "taskDefinitionArns");

/** Returns the targets of each target group: a map from the ARN to the descriptions of DescribeTargetHealth. */
export async function loadTargets(targetGroupArns) {
  const load = async (TargetGroupArn) => [TargetGroupArn, (await elb("DescribeTargetHealth", { TargetGroupArn })).TargetHealthDescriptions ?? []];
  return new Map(await Promise.all(targetGroupArns.map(load)));
}

export const loadTargetGroups = () => listElb("DescribeTargetGroups", {}, "TargetGroups");

/** Returns the load balancers with their listeners, and the listeners with their rules. */
export async function loadBalancers() {
  const balancers = await listElb("DescribeLoadBalancers", {}, "LoadBalancers");
  return Promise.all(balancers.map(async (balancer) => {
    const listeners = await listElb("DescribeListeners", { LoadBalancerArn: balancer.LoadBalancerArn }, "Listeners");
    const withRules = async (listener) => ({ ...listener, rules: await listElb("DescribeRules", { ListenerArn: listener.ListenerArn }, "Rules") });
    return { ...balancer, listeners: await Promise.all(listeners.map(withRules)) };
  }));
}

async function listElb(operation, request, listName) {
  const items = [];
  let Marker;
  do {
    const page = await elb(operation, { ...request, Marker });
    items.push(...(page[listName] ?? []));
    Marker = page.NextMarker;
  } while (Marker);
  return items;
}

/** The name of a target group in its ARN `…:targetgroup/NAME/ID`, and the dimension of a load balancer or target group in CloudWatch. */
export const groupName = (arn) => arn.split("/").at(-2);
export const dimensionOf = (arn) => arn.split(":").at(-1).replace(/^loadbalancer\//, "");

export const clusterName = shortName;

/** Parts of a revision's ARN `…:task-definition/FAMILY:3`. */
export const revisionNumber = (arn) => Number(arn.split(":").at(-1));
export const familyOf = (arn) => shortName(arn).split(":")[0];
