// Loads what the pages of alarms show.

import { autoScaling, cloudwatch, listAll } from "../aws.js";
import { loadServices } from "../metrics/context.js";

const NAMESPACE = { ServiceNamespace: "ecs" };
const MAX_ACTIVITIES = 50;

export const loadPolicies = () => listAll(autoScaling, "DescribeScalingPolicies", NAMESPACE, "ScalingPolicies", "NextToken");

/** Loads alarms, services, scalable targets, policies and the newest activities. */
export async function loadAll() {
  const [alarms, services, targets, policies, activities] = await Promise.all([
    listAll(cloudwatch, "DescribeAlarms", {}, "MetricAlarms", "NextToken"), loadServices(),
    listAll(autoScaling, "DescribeScalableTargets", NAMESPACE, "ScalableTargets", "NextToken"), loadPolicies(),
    autoScaling("DescribeScalingActivities", { ...NAMESPACE, IncludeNotScaledActivities: true, MaxResults: MAX_ACTIVITIES }).then(({ ScalingActivities }) => ScalingActivities),
  ]);
  return { alarms, services, targets, policies, activities };
}
