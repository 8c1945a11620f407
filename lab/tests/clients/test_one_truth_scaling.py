"""Compares the scalable target, the policies and their alarms after the commands of lab 4's solution with infra/services.yml."""

import sys
import unittest

import templates
from botocore import xform_name
from clients import Cli
from scaling_exercise import LIKE_SERVICE, SCALING, STEP, deregister_target, put_idle_alarm, put_step_policy, put_target_tracking, register_target, set_actions
from test_one_truth import call, client, described, endpoints, flatten, with_logical_names

POLICIES = ["LikeScaleUpPolicy", "LikeScaleDownPolicy", "LikeIdlePolicy", "LikeTargetTracking"]

ALARMS = ["LikeScaleUpAlarm", "LikeScaleDownAlarm", "LikeIdleAlarm"]

# What AWS describes if a request does not contain it:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
DEFAULTS_OF_AWS = {"actionsEnabled": "true"}


def the_cli():
    return Cli("CLI v1", sys.executable, {"AWS_ENDPOINT_URL": endpoints()["aws"]}, [])


def described_policies():
    found = call("application-autoscaling", "DescribeScalingPolicies", ServiceNamespace="ecs")["ScalingPolicies"]
    return {policy["PolicyName"]: policy for policy in found}


def described_target():
    [target] = call("application-autoscaling", "DescribeScalableTargets", ServiceNamespace="ecs")["ScalableTargets"]
    return target


def described_alarms():
    found = call("cloudwatch", "DescribeAlarms", AlarmNames=[f"mysfits-{name}" for name in ALARMS])["MetricAlarms"]
    return {alarm["AlarmName"].removeprefix("mysfits-"): alarm for alarm in found}


def members(service, operation):
    return client(service).meta.service_model.operation_model(operation).input_shape.members


def template_of(name, **parameters):
    """Returns path -> value of a resource. A policy has the members of its target in the place of the target's name."""
    resources = templates.resources(**parameters)
    resource = dict(resources[name])
    if resource.pop("ScalingTargetId", None):
        target = resources["LikeScalableTarget"]
        resource.update({member: target[member] for member in ["ServiceNamespace", "ResourceId", "ScalableDimension"]})
    return dict(flatten(resource, ""))


class OneTruthOfScaling(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.cli = the_cli()
        self.names_at_start = described()[1]
        self.addCleanup(deregister_target, self.cli)

    def assert_as_in_the_template(self, description, name, names, service, operation, **parameters):
        asked = {member: value for member, value in description.items() if member in members(service, operation)}
        found = {path: with_logical_names(value, names) for path, value in flatten(asked, "")}
        expected = template_of(name, **parameters)
        for member, value in DEFAULTS_OF_AWS.items():
            if f".{member}" in found:
                expected.setdefault(f".{member}", value)
        self.assertEqual(found, expected, name)

    def names(self):
        """Returns physical name -> logical name of what the resources name."""
        arns = {policy["PolicyARN"]: name for name, policy in described_policies().items()}
        return {**arns, **self.names_at_start, LIKE_SERVICE: "LikeService.Name"}

    def test_after_the_solution_of_step_scaling_the_lab_describes_the_resources_of_the_template(self):
        register_target(self.cli, STEP["bounds"])
        for policy in STEP["policies"]:
            set_actions(self.cli, policy["alarm"]["name"], put_step_policy(self.cli, policy))
            self.addCleanup(set_actions, self.cli, policy["alarm"]["name"])
        put_idle_alarm(self.cli, put_step_policy(self.cli, STEP["idle"]))
        self.addCleanup(self.cli.aws, "cloudwatch", "delete-alarms", "--alarm-names", "mysfits-LikeIdleAlarm")
        names = self.names()
        self.assert_target(names, "step")
        policies, alarms = described_policies(), described_alarms()
        self.assertEqual((sorted(policies), sorted(alarms)), (sorted(POLICIES[:3]), sorted(ALARMS)))
        for name, policy in policies.items():
            self.assert_policy(policy, name, names, "step")
        for name, alarm in alarms.items():
            self.assert_as_in_the_template(alarm, name, names, "cloudwatch", "PutMetricAlarm", Scaling="step")

    def test_after_the_solution_of_target_tracking_the_lab_describes_the_resources_of_the_template(self):
        register_target(self.cli, SCALING["targetTracking"]["bounds"])
        put_target_tracking(self.cli)
        names = self.names()
        self.assert_target(names, "target-tracking")
        [(name, policy)] = described_policies().items()
        self.assertEqual(name, POLICIES[3])
        self.assert_policy(policy, name, names, "target-tracking")

    def assert_target(self, names, scaling):
        target = {member: value for member, value in described_target().items() if member not in ["RoleARN", "SuspendedState"]}
        self.assert_as_in_the_template(target, "LikeScalableTarget", names, "application-autoscaling", "RegisterScalableTarget", Scaling=scaling)

    def assert_policy(self, policy, name, names, scaling):
        self.assert_as_in_the_template(policy, name, names, "application-autoscaling", "PutScalingPolicy", Scaling=scaling)


if __name__ == "__main__":
    unittest.main()
