"""Compares infra/services.yml with infra/scaling.json, the definition of alarms and steps, and checks the table in it."""

import json
import unittest

from resolved import INFRA, resources

SCALING = json.loads((INFRA / "scaling.json").read_text())
METRIC = SCALING["metric"]
STEP = SCALING["step"]

COMPARISONS = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


def holds(step, difference):
    """Whether a step applies to a metric that differs from its threshold by `difference`, as Application Auto Scaling documents
    it: at or above the threshold a step includes its lower bound, below the threshold its upper bound."""
    lower = step.get("MetricIntervalLowerBound", float("-inf"))
    upper = step.get("MetricIntervalUpperBound", float("inf"))
    if difference >= 0:
        return lower <= difference < upper
    return lower < difference <= upper


def changes(made, requests):
    """For each alarm that is on at this request count, its policy and the adjustments of the steps that apply."""
    done = []
    for alarm in (made["LikeScaleUpAlarm"], made["LikeScaleDownAlarm"]):
        if COMPARISONS[alarm["ComparisonOperator"]](requests, alarm["Threshold"]):
            [policy] = alarm["AlarmActions"]
            steps = made[policy]["StepScalingPolicyConfiguration"]["StepAdjustments"]
            fits = [step["ScalingAdjustment"] for step in steps if holds(step, requests - alarm["Threshold"])]
            done.append((policy, fits))
    return done


class StepScaling(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.made = resources("services", Scaling="step")

    def test_each_request_count_changes_the_number_of_tasks_as_the_table_says(self):
        for row in STEP["table"]:
            with self.subTest(requests=row["requests"]):
                done = changes(self.made, row["requests"])
                self.assertEqual(1, len(done), f"not exactly one alarm fires: {done}")
                self.assertEqual([row["change"]], done[0][1])

    def test_exactly_one_alarm_and_one_step_apply_to_any_request_count(self):
        for requests in range(0, 6000):
            done = changes(self.made, requests)
            self.assertEqual([1], [len(steps) for _, steps in done], f"{requests} requests: {done}")

    def test_alarms_equal_scaling_json(self):
        for policy in STEP["policies"]:
            wanted, made = policy["alarm"], self.made[policy["alarm"]["name"]]
            self.assertEqual(f"mysfits-{wanted['name']}", made["AlarmName"])
            self.assertEqual(wanted["threshold"], made["Threshold"])
            self.assertEqual(wanted["comparison"], made["ComparisonOperator"])
            self.assertEqual(wanted["missingData"], made["TreatMissingData"])
            self.assertEqual([policy["policy"]], made["AlarmActions"])
            self.assertEqual(METRIC["namespace"], made["Namespace"])
            self.assertEqual(METRIC["name"], made["MetricName"])
            self.assertEqual(METRIC["statistic"], made["Statistic"])
            self.assertEqual(METRIC["periodSeconds"], made["Period"])
            self.assertEqual(METRIC["evaluationPeriods"], made["EvaluationPeriods"])
            self.assertEqual(["LoadBalancer", "TargetGroup"], [each["Name"] for each in made["Dimensions"]])
            self.assertEqual("targetgroup/like/0123456789abcdef", made["Dimensions"][1]["Value"])

    def test_steps_equal_scaling_json(self):
        names = {"lower": "MetricIntervalLowerBound", "upper": "MetricIntervalUpperBound", "adjustment": "ScalingAdjustment"}
        for policy in STEP["policies"]:
            made = self.made[policy["policy"]]
            self.assertEqual(policy["policy"], made["PolicyName"])
            configuration = made["StepScalingPolicyConfiguration"]
            self.assertEqual(STEP["adjustmentType"], configuration["AdjustmentType"])
            self.assertEqual(STEP["cooldownSeconds"], configuration["Cooldown"])
            wanted = [{names[key]: value for key, value in step.items()} for step in policy["steps"]]
            self.assertEqual(wanted, configuration["StepAdjustments"])

    def test_without_requests_the_idle_policy_scales_in_by_its_one_documented_step(self):
        """The alarm's value is always a number: FILL makes a missing minute 0."""
        wanted, alarm, policy = STEP["idle"], self.made["LikeIdleAlarm"], self.made["LikeIdlePolicy"]
        expressions = {each["Id"]: each for each in alarm["Metrics"]}
        self.assertEqual(wanted["alarm"]["expression"], expressions["likes"]["Expression"])
        statistic = expressions["requests"]["MetricStat"]
        self.assertEqual((METRIC["name"], METRIC["statistic"], METRIC["periodSeconds"]),
                         (statistic["Metric"]["MetricName"], statistic["Stat"], statistic["Period"]))
        self.assertEqual(self.made["LikeScaleDownAlarm"]["Dimensions"], statistic["Metric"]["Dimensions"])
        # More minutes than the metric can be late, else a late minute of many likes counts as one without.
        self.assertEqual((wanted["alarm"]["periods"],) * 2, (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]))
        self.assertGreaterEqual(wanted["alarm"]["periods"], 5)
        self.assertEqual((wanted["alarm"]["threshold"], wanted["alarm"]["comparison"]), (alarm["Threshold"], alarm["ComparisonOperator"]))
        self.assertEqual(["LikeIdlePolicy"], alarm["AlarmActions"])
        steps = policy["StepScalingPolicyConfiguration"]["StepAdjustments"]
        self.assertEqual([-5], [step["ScalingAdjustment"] for step in steps if holds(step, 0 - alarm["Threshold"])])
        self.assertEqual([{"MetricIntervalUpperBound": 0, "ScalingAdjustment": -5}], steps)

    def test_bounds_equal_scaling_json(self):
        target = self.made["LikeScalableTarget"]
        self.assertEqual((STEP["bounds"]["min"], STEP["bounds"]["max"]), (target["MinCapacity"], target["MaxCapacity"]))
        self.assertEqual("service/Cluster-mysfits/LikeService.Name", target["ResourceId"])
        self.assertEqual("2", str(self.made["LikeService"]["DesiredCount"]))
        self.assertEqual(2, STEP["bounds"]["desired"])

    def test_the_load_generators_rate_triggers_the_first_step(self):
        likes = SCALING["loadGenerator"]["likesPerMinute"]
        [container] = resources("load-generator")["TaskDefinition"]["ContainerDefinitions"]
        self.assertIn({"Name": "LIKES_PER_MINUTE", "Value": str(likes)},
                      [{**each, "Value": str(each["Value"])} for each in container["Environment"]])
        self.assertEqual([("LikeScaleUpPolicy", [10])], changes(self.made, likes))


class OtherScaling(unittest.TestCase):
    def test_by_default_there_are_the_alarms_of_lab_4_without_policies(self):
        made = resources("services")
        self.assertEqual({"LikeScaleUpAlarm", "LikeScaleDownAlarm"}, {name for name in made if "Scal" in name})
        step = resources("services", Scaling="step")
        for name in ("LikeScaleUpAlarm", "LikeScaleDownAlarm"):
            self.assertEqual([], made[name].pop("AlarmActions"))
            del step[name]["AlarmActions"]
            self.assertEqual(step[name], made[name])

    def test_target_tracking_equals_scaling_json(self):
        wanted, made = SCALING["targetTracking"], resources("services", Scaling="target-tracking")
        target = made["LikeScalableTarget"]
        self.assertEqual((wanted["bounds"]["min"], wanted["bounds"]["max"]), (target["MinCapacity"], target["MaxCapacity"]))
        self.assertEqual(
            {
                "PredefinedMetricSpecification": {"PredefinedMetricType": wanted["metric"]},
                "TargetValue": wanted["target"],
                "ScaleInCooldown": wanted["scaleInCooldownSeconds"],
                "ScaleOutCooldown": wanted["scaleOutCooldownSeconds"],
            },
            made[wanted["policy"]]["TargetTrackingScalingPolicyConfiguration"],
        )
        self.assertNotIn("LikeScaleUpAlarm", made)

    def test_scaling_none_creates_no_alarm_and_no_policy(self):
        made = resources("services", Scaling="none")
        self.assertEqual([], [name for name in made if "Scal" in name])


if __name__ == "__main__":
    unittest.main()
