"""Compares the alarms and scaling steps in infra/services.yml with infra/scaling.json, and checks the table in infra/scaling.json."""

import json
import re
import unittest

from resolved import INFRA, parse_template, resources, template_text

SCALING = json.loads((INFRA / "scaling.json").read_text())
METRIC = SCALING["metric"]
STEP = SCALING["step"]

COMPARISONS = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


def step_applies(step, difference):
    """Whether a step applies to a metric that differs from its threshold by `difference`, as Application Auto Scaling documents
    it: at or above the threshold a step includes its lower bound, below the threshold its upper bound."""
    lower = step.get("MetricIntervalLowerBound", float("-inf"))
    upper = step.get("MetricIntervalUpperBound", float("inf"))
    if difference >= 0:
        return lower <= difference < upper
    return lower < difference <= upper


def find_scaling_changes(properties, requests):
    """Returns the policy of each alarm that is on at this request count, with the adjustments of the steps that apply."""
    applied_changes = []
    for alarm in (properties["LikeScaleUpAlarm"], properties["LikeScaleDownAlarm"]):
        if COMPARISONS[alarm["ComparisonOperator"]](requests, alarm["Threshold"]):
            [policy] = alarm["AlarmActions"]
            steps = properties[policy]["StepScalingPolicyConfiguration"]["StepAdjustments"]
            adjustments = [step["ScalingAdjustment"] for step in steps if step_applies(step, requests - alarm["Threshold"])]
            applied_changes.append((policy, adjustments))
    return applied_changes


class StepScaling(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.properties = resources("services", Scaling="step")

    def test_each_request_count_of_the_table_triggers_the_listed_change_of_tasks(self):
        for row in STEP["table"]:
            with self.subTest(requests=row["requests"]):
                applied_changes = find_scaling_changes(self.properties, row["requests"])
                self.assertEqual(1, len(applied_changes), f"not exactly one alarm fires: {applied_changes}")
                self.assertEqual([row["change"]], applied_changes[0][1])

    def test_exactly_one_alarm_and_one_step_apply_to_any_request_count(self):
        for requests in range(0, 6000):
            applied_changes = find_scaling_changes(self.properties, requests)
            self.assertEqual([1], [len(steps) for _, steps in applied_changes], f"{requests} requests: {applied_changes}")

    def test_scaling_alarms_equal_those_in_scaling_json(self):
        for policy in STEP["policies"]:
            expected, properties = policy["alarm"], self.properties[policy["alarm"]["name"]]
            self.assertEqual(f"mysfits-{expected['name']}", properties["AlarmName"])
            self.assertEqual(expected["threshold"], properties["Threshold"])
            self.assertEqual(expected["comparison"], properties["ComparisonOperator"])
            self.assertEqual(expected["missingData"], properties["TreatMissingData"])
            self.assertEqual([policy["policy"]], properties["AlarmActions"])
            self.assertEqual(METRIC["namespace"], properties["Namespace"])
            self.assertEqual(METRIC["name"], properties["MetricName"])
            self.assertEqual(METRIC["statistic"], properties["Statistic"])
            self.assertEqual(METRIC["periodSeconds"], properties["Period"])
            self.assertEqual(METRIC["evaluationPeriods"], properties["EvaluationPeriods"])
            self.assertEqual(["LoadBalancer", "TargetGroup"], [each["Name"] for each in properties["Dimensions"]])
            self.assertEqual("targetgroup/like/0123456789abcdef", properties["Dimensions"][1]["Value"])

    def test_scaling_steps_equal_those_in_scaling_json(self):
        names = {"lower": "MetricIntervalLowerBound", "upper": "MetricIntervalUpperBound", "adjustment": "ScalingAdjustment"}
        for policy in STEP["policies"]:
            properties = self.properties[policy["policy"]]
            self.assertEqual(policy["policy"], properties["PolicyName"])
            configuration = properties["StepScalingPolicyConfiguration"]
            self.assertEqual(STEP["adjustmentType"], configuration["AdjustmentType"])
            self.assertEqual(STEP["cooldownSeconds"], configuration["Cooldown"])
            expected = [{names[key]: value for key, value in step.items()} for step in policy["steps"]]
            self.assertEqual(expected, configuration["StepAdjustments"])

    def test_the_idle_policy_scales_in_if_there_are_no_requests(self):
        """FILL replaces missing minutes with 0. If FILL returns nothing for a metric without data, missing data turns the alarm on."""
        expected, alarm, policy = STEP["idle"], self.properties["LikeIdleAlarm"], self.properties["LikeIdlePolicy"]
        expressions = {each["Id"]: each for each in alarm["Metrics"]}
        self.assertEqual(expected["alarm"]["expression"], expressions["likes"]["Expression"])
        statistic = expressions["requests"]["MetricStat"]
        self.assertEqual((METRIC["name"], METRIC["statistic"], METRIC["periodSeconds"]),
                         (statistic["Metric"]["MetricName"], statistic["Stat"], statistic["Period"]))
        self.assertEqual(self.properties["LikeScaleDownAlarm"]["Dimensions"], statistic["Metric"]["Dimensions"])
        # The alarm needs more minutes than the metric's delay. Otherwise a minute with delayed data would count as a minute without
        # likes.
        self.assertEqual((expected["alarm"]["periods"],) * 2, (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]))
        self.assertGreaterEqual(expected["alarm"]["periods"], 5)
        self.assertEqual((expected["alarm"]["threshold"], expected["alarm"]["comparison"]), (alarm["Threshold"], alarm["ComparisonOperator"]))
        self.assertEqual("breaching", alarm["TreatMissingData"])
        self.assertEqual(["LikeIdlePolicy"], alarm["AlarmActions"])
        steps = policy["StepScalingPolicyConfiguration"]["StepAdjustments"]
        self.assertEqual([-5], [step["ScalingAdjustment"] for step in steps if step_applies(step, 0 - alarm["Threshold"])])
        self.assertEqual([{"MetricIntervalUpperBound": 0, "ScalingAdjustment": -5}], steps)

    def test_capacity_bounds_equal_those_in_scaling_json(self):
        target = self.properties["LikeScalableTarget"]
        self.assertEqual((STEP["bounds"]["min"], STEP["bounds"]["max"]), (target["MinCapacity"], target["MaxCapacity"]))
        self.assertEqual("service/Cluster-mysfits/LikeService.Name", target["ResourceId"])
        self.assertEqual("2", str(self.properties["LikeService"]["DesiredCount"]))
        self.assertEqual(2, STEP["bounds"]["desired"])

    def test_the_load_generators_rate_triggers_the_first_step(self):
        likes = SCALING["loadGenerator"]["likesPerMinute"]
        [container] = resources("load-generator")["TaskDefinition"]["ContainerDefinitions"]
        self.assertIn({"Name": "LIKES_PER_MINUTE", "Value": str(likes)},
                      [{**each, "Value": str(each["Value"])} for each in container["Environment"]])
        self.assertEqual([("LikeScaleUpPolicy", [10])], find_scaling_changes(self.properties, likes))

    def test_the_rates_in_the_load_generators_description_trigger_the_next_steps(self):
        """A minute of the metric may contain some requests more or fewer than the load generator's rate."""
        description = parse_template(template_text("load-generator"))["Parameters"]["LikesPerMinute"]["Description"]
        rates = [int(each) for each in re.findall(r"\d+", description)]
        for rate, change in zip(rates, (20, 25), strict=True):
            for requests in (rate * 0.95, rate * 1.05):
                self.assertEqual([("LikeScaleUpPolicy", [change])], find_scaling_changes(self.properties, requests), requests)


class OtherScaling(unittest.TestCase):
    def test_by_default_the_alarms_of_lab_4_exist_without_scaling_policies(self):
        properties = resources("services")
        self.assertEqual({"LikeScaleUpAlarm", "LikeScaleDownAlarm"}, {name for name in properties if "Scal" in name})
        step = resources("services", Scaling="step")
        for name in ("LikeScaleUpAlarm", "LikeScaleDownAlarm"):
            self.assertEqual([], properties[name].pop("AlarmActions"))
            del step[name]["AlarmActions"]
            self.assertEqual(step[name], properties[name])

    def test_the_target_tracking_policy_equals_the_one_in_scaling_json(self):
        expected, properties = SCALING["targetTracking"], resources("services", Scaling="target-tracking")
        target = properties["LikeScalableTarget"]
        self.assertEqual((expected["bounds"]["min"], expected["bounds"]["max"]), (target["MinCapacity"], target["MaxCapacity"]))
        self.assertEqual(
            {
                "PredefinedMetricSpecification": {"PredefinedMetricType": expected["metric"]},
                "TargetValue": expected["target"],
                "ScaleInCooldown": expected["scaleInCooldownSeconds"],
                "ScaleOutCooldown": expected["scaleOutCooldownSeconds"],
            },
            properties[expected["policy"]]["TargetTrackingScalingPolicyConfiguration"],
        )
        self.assertNotIn("LikeScaleUpAlarm", properties)

    def test_scaling_none_creates_no_alarm_and_no_policy(self):
        properties = resources("services", Scaling="none")
        self.assertEqual([], [name for name in properties if "Scal" in name])


if __name__ == "__main__":
    unittest.main()
