"""Tests of the lab's Application Auto Scaling with AWS clients, which scale the Like service as on AWS. The tests leave the service as it
was, without a scalable target."""

import json
import time
import unittest
from datetime import datetime, timezone

from clients import POLL_INTERVAL_SECONDS, TIMEOUT_SECONDS, Boto3, Refused, TestCase, with_each_cli, with_each_client
from scaling_exercise import CLUSTER, LIKE_SERVICE, RESOURCE, STEP, deregister_target, put_step_policy, register_target
from test_ecs import registration

TARGET = {"ServiceNamespace": "ecs", "ResourceId": RESOURCE, "ScalableDimension": "ecs:service:DesiredCount"}

POLICY_ARN = rf"arn:aws:autoscaling:us-east-1:000000000000:scalingPolicy:[0-9a-f-]{{36}}:resource/ecs/{RESOURCE}:policyName/"

IDENTITY = f"service namespace: ecs, resource ID: {RESOURCE}, scalable dimension: ecs:service:DesiredCount"


def call(operation, client=None, /, **parameters):
    return (client or Boto3()).call("application-autoscaling", operation, **parameters)


def register(client=None, /, **parameters):
    return call("RegisterScalableTarget", client, **TARGET, **parameters)


def deregister():
    try:
        call("DeregisterScalableTarget", **TARGET)
    except Refused as refused:
        if refused.code != "ObjectNotFoundException":
            raise


def the_target(client=None):
    [target] = call("DescribeScalableTargets", client, ServiceNamespace="ecs", ResourceIds=[RESOURCE])["ScalableTargets"]
    return target


def policies(client=None):
    return call("DescribeScalingPolicies", client, ServiceNamespace="ecs", ResourceId=RESOURCE)["ScalingPolicies"]


def activities(client=None):
    """Returns the activities of the Like service, newest first."""
    parameters = {"ServiceNamespace": "ecs", "ResourceId": RESOURCE, "IncludeNotScaledActivities": True}
    return call("DescribeScalingActivities", client, **parameters)["ScalingActivities"]


def put_step(name, change, client=None):
    """Creates a step scaling policy that changes the desired count above its alarm's threshold, or below it for a negative change."""
    bound = "MetricIntervalLowerBound" if change > 0 else "MetricIntervalUpperBound"
    steps = [{bound: 0, "ScalingAdjustment": change}]
    configuration = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": steps, "Cooldown": 0}
    parameters = {"PolicyName": name, "PolicyType": "StepScaling", "StepScalingPolicyConfiguration": configuration}
    return call("PutScalingPolicy", client, **TARGET, **parameters)


def put_tracking(target_value, client=None, name="tracking", metric="ECSServiceAverageCPUUtilization"):
    configuration = {"TargetValue": target_value, "PredefinedMetricSpecification": {"PredefinedMetricType": metric}}
    parameters = {"PolicyName": name, "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": configuration}
    return call("PutScalingPolicy", client, **TARGET, **parameters)


def alarms(*names):
    return Boto3().call("cloudwatch", "DescribeAlarms", AlarmNames=list(names))["MetricAlarms"]


def put_alarm(name, policy_arn, comparison):
    """Creates an alarm with a threshold of 1000 for a metric without values."""
    metric = {"Namespace": "Test", "MetricName": "Requests", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    rule = {"Threshold": 1000, "ComparisonOperator": comparison, "TreatMissingData": "ignore"}
    Boto3().call("cloudwatch", "PutMetricAlarm", AlarmName=name, AlarmActions=[policy_arn], **metric, **rule)


def delete_alarms(*names):
    Boto3().call("cloudwatch", "DeleteAlarms", AlarmNames=list(names))


def turn_on(name, value, client=None):
    """Gives the state ALARM to an alarm, as if `value` were its metric."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    data = {"version": "1.0", "queryDate": now, "period": 60, "recentDatapoints": [value], "threshold": 1000}
    for state, parameters in [("OK", {}), ("ALARM", {"StateReasonData": json.dumps(data)})]:
        parameters = {"AlarmName": name, "StateValue": state, "StateReason": "a test", **parameters}
        (client or Boto3()).call("cloudwatch", "SetAlarmState", **parameters)


def the_service():
    [service] = Boto3().call("ecs", "DescribeServices", cluster=CLUSTER, services=[LIKE_SERVICE])["services"]
    return service


def update(desired_count):
    Boto3().call("ecs", "UpdateService", cluster=CLUSTER, service=LIKE_SERVICE, desiredCount=desired_count)


def deploy(definition):
    Boto3().call("ecs", "UpdateService", cluster=CLUSTER, service=LIKE_SERVICE, taskDefinition=definition)


def wait_until(what, is_reached):
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not is_reached():
        assert time.monotonic() < deadline, f"never: {what}: {activities()}"
        time.sleep(POLL_INTERVAL_SECONDS)


def wait_until_stable():
    def is_stable():
        service = the_service()
        return len(service["deployments"]) == 1 and service["runningCount"] == service["desiredCount"] and not service["pendingCount"]

    wait_until("the service is stable", is_stable)


class ScalingTestCase(TestCase):
    def setUp(self):
        wait_until_stable()
        self.addCleanup(wait_until_stable)
        self.addCleanup(update, the_service()["desiredCount"])
        self.addCleanup(deregister)
        deregister()
        update(2)
        wait_until_stable()

    def assert_desired_count(self, desired_count):
        self.assertEqual(the_service()["desiredCount"], desired_count)


class TargetsAndPolicies(ScalingTestCase):
    @with_each_client
    def test_a_target_is_registered_described_changed_and_deregistered(self, client):
        register(client, MinCapacity=1, MaxCapacity=5)
        target = the_target(client)
        self.assertEqual({name: target[name] for name in TARGET}, TARGET)
        self.assertEqual((target["MinCapacity"], target["MaxCapacity"]), (1, 5))
        suspended = {"DynamicScalingInSuspended": True, "DynamicScalingOutSuspended": False, "ScheduledScalingSuspended": False}
        register(client, SuspendedState=suspended)
        target = the_target(client)
        self.assertEqual((target["MinCapacity"], target["MaxCapacity"], target["SuspendedState"]), (1, 5, suspended))
        call("DeregisterScalableTarget", client, **TARGET)
        self.assertEqual(call("DescribeScalableTargets", client, ServiceNamespace="ecs")["ScalableTargets"], [])
        self.assert_desired_count(2)

    @with_each_client
    def test_registering_moves_the_desired_count_into_the_bounds(self, client):
        register(client, MinCapacity=3, MaxCapacity=4)
        self.assert_desired_count(3)
        register(client, MinCapacity=1, MaxCapacity=2)
        self.assert_desired_count(2)
        last, first, *_ = activities(client)
        self.assertEqual((first["Cause"], last["Cause"]), ("minimum capacity was set to 3", "maximum capacity was set to 2"))
        self.assertEqual((first["Description"], last["Description"]), ("Setting desired count to 3.", "Setting desired count to 2."))
        deregister()

    @with_each_client
    def test_a_step_scaling_policy_is_put_described_with_its_alarms_and_deleted(self, client):
        register(MinCapacity=1, MaxCapacity=5)
        put = put_step("step", 1, client)
        self.assertRegex(put["PolicyARN"], f"^{POLICY_ARN}step$")
        self.assertEqual(put["Alarms"], [])
        self.addCleanup(delete_alarms, "test-step")
        put_alarm("test-step", put["PolicyARN"], "GreaterThanOrEqualToThreshold")
        [policy] = policies(client)
        self.assertEqual((policy["PolicyName"], policy["PolicyType"], policy["PolicyARN"]), ("step", "StepScaling", put["PolicyARN"]))
        [step] = policy["StepScalingPolicyConfiguration"]["StepAdjustments"]
        self.assertEqual(step, {"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1})
        self.assertEqual([alarm["AlarmName"] for alarm in policy["Alarms"]], ["test-step"])
        # The alarms of a reader stay, without the action.
        call("DeleteScalingPolicy", client, **TARGET, PolicyName="step")
        self.assertEqual(policies(client), [])
        self.assertEqual([alarm["AlarmActions"] for alarm in alarms("test-step")], [[]])
        put_alarm("test-step", put_step("step", 1, client)["PolicyARN"], "GreaterThanOrEqualToThreshold")
        call("DeregisterScalableTarget", client, **TARGET)
        self.assertEqual([alarm["AlarmActions"] for alarm in alarms("test-step")], [[]])
        delete_alarms("test-step")

    @with_each_client
    def test_a_target_tracking_policy_has_its_own_alarms(self, client):
        register(MinCapacity=1, MaxCapacity=5)
        put = put_tracking(50, client)
        self.assertRegex(put["PolicyARN"], f"^{POLICY_ARN}tracking$")
        high, low = sorted(put["Alarms"], key=lambda alarm: alarm["AlarmName"])
        self.assertRegex(high["AlarmName"], rf"^TargetTracking-{RESOURCE}-AlarmHigh-[0-9a-f-]{{36}}$")
        self.assertRegex(low["AlarmName"], rf"^TargetTracking-{RESOURCE}-AlarmLow-[0-9a-f-]{{36}}$")
        [high, low] = alarms(high["AlarmName"], low["AlarmName"])
        rules = [(it["Threshold"], it["ComparisonOperator"], it["EvaluationPeriods"], it["MetricName"]) for it in [high, low]]
        self.assertEqual(rules, [(50, "GreaterThanThreshold", 3, "CPUUtilization"), (45, "LessThanThreshold", 15, "CPUUtilization")])
        for alarm in [high, low]:
            [action] = alarm["AlarmActions"]
            self.assertTrue(action.startswith(f"{put['PolicyARN']}:createdBy/"))
        # A change creates other alarms, as on AWS.
        put = put_tracking(60, client)
        self.assertEqual(alarms(high["AlarmName"], low["AlarmName"]), [])
        names = [alarm["AlarmName"] for alarm in put["Alarms"]]
        self.assertEqual(sorted(alarm["Threshold"] for alarm in alarms(*names)), [54, 60])
        [policy] = policies(client)
        self.assertEqual(policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"], 60)
        call("DeleteScalingPolicy", client, **TARGET, PolicyName="tracking")
        self.assertEqual(alarms(*names), [])
        names = [alarm["AlarmName"] for alarm in put_tracking(50, client)["Alarms"]]
        deregister()
        self.assertEqual(alarms(*names), [])

    @with_each_client
    def test_unknown_names_and_invalid_values_are_refused(self, client):
        deregister()
        for code, text, operation, parameters in [
            ("ObjectNotFoundException", f"No scalable target found for {IDENTITY}", "DeregisterScalableTarget", {}),
            ("ValidationException", "Maximum capacity cannot be less than", "RegisterScalableTarget", {"MinCapacity": 3, "MaxCapacity": 2}),
            ("ValidationException", "Minimum capacity must be specified", "RegisterScalableTarget", {}),
        ]:
            with self.subTest(text):
                self.assert_refused(code, text, call, operation, client, **TARGET, **parameters)
        self.assert_refused("ObjectNotFoundException", f"No scalable target registered for {IDENTITY}", put_step, "step", 1, client)
        register(MinCapacity=1, MaxCapacity=5)
        missing = {**TARGET, "PolicyName": "missing"}
        self.assert_refused("ObjectNotFoundException", "policy name: missing", call, "DeleteScalingPolicy", client, **missing)
        put_tracking(50)
        self.assert_refused("ValidationException", "Only one TargetTrackingScaling policy", put_tracking, 60, client, name="other")
        token = {"ServiceNamespace": "ecs", "NextToken": "none"}
        self.assert_refused("InvalidNextTokenException", "", call, "DescribeScalingPolicies", client, **token)

    def test_the_arn_of_a_target_stays_when_it_is_changed(self):
        arn = register(MinCapacity=1, MaxCapacity=5)["ScalableTargetARN"]
        self.assertRegex(arn, r"^arn:aws:application-autoscaling:us-east-1:000000000000:scalable-target/[0-9a-f]{36}$")
        self.assertEqual(register(MaxCapacity=4)["ScalableTargetARN"], arn)
        self.assertEqual(the_target()["ScalableTargetARN"], arn)

    def test_boto3_raises_the_errors_of_the_model(self):
        autoscaling = Boto3.client("application-autoscaling")
        with self.assertRaises(autoscaling.exceptions.ObjectNotFoundException):
            autoscaling.deregister_scalable_target(**TARGET)
        with self.assertRaises(autoscaling.exceptions.ValidationException):
            autoscaling.register_scalable_target(**TARGET, MinCapacity=-1, MaxCapacity=1)
        with self.assertRaises(autoscaling.exceptions.InvalidNextTokenException):
            autoscaling.describe_scalable_targets(ServiceNamespace="ecs", NextToken="none")

    @with_each_client
    def test_what_is_not_implemented_is_refused_by_its_name(self, client):
        scheduled = {"ScheduledActionName": "night", "Schedule": "rate(1 day)", "ScalableTargetAction": {"MinCapacity": 1}}
        self.assert_refused("UnknownOperationException", "PutScheduledAction", call, "PutScheduledAction", client, **TARGET, **scheduled)
        self.assert_refused("UnknownOperationException", "DescribeScheduledActions", call, "DescribeScheduledActions", client, ServiceNamespace="ecs")
        register(MinCapacity=1, MaxCapacity=5)
        custom = {"MetricName": "Queue", "Namespace": "Test", "Statistic": "Average"}
        configuration = {"TargetValue": 50, "CustomizedMetricSpecification": custom}
        tracking = {"PolicyName": "tracking", "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": configuration}
        self.assert_refused("ValidationException", "CustomizedMetricSpecification", call, "PutScalingPolicy", client, **TARGET, **tracking)
        high_resolution = "ECSServiceAverageCPUUtilizationHighResolution"
        self.assert_refused("ValidationException", high_resolution, put_tracking, 50, client, metric=high_resolution)

    @with_each_client
    def test_pages_of_one_result_contain_all_results(self, client):
        register(MinCapacity=1, MaxCapacity=5)
        for name in ["first", "second", "third"]:
            put_step(name, 1)
        register(MinCapacity=3)
        register(MinCapacity=4)
        for operation, key, member in [
            ("DescribeScalableTargets", "ScalableTargets", "ResourceId"),
            ("DescribeScalingPolicies", "ScalingPolicies", "PolicyARN"),
            # The status of an activity can change between two calls.
            ("DescribeScalingActivities", "ScalingActivities", "ActivityId"),
        ]:
            with self.subTest(operation):
                pages = client.pages("application-autoscaling", operation, key, 1, ServiceNamespace="ecs")
                expected = call(operation, client, ServiceNamespace="ecs")[key]
                self.assertEqual([it[member] for it in pages], [it[member] for it in expected])
        self.assertEqual([policy["PolicyName"] for policy in policies(client)], ["first", "second", "third"])
        deregister()
        update(2)


class Scaling(ScalingTestCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(delete_alarms, "test-out", "test-in")

    def put_policies(self):
        put_alarm("test-out", put_step("out", 1)["PolicyARN"], "GreaterThanOrEqualToThreshold")
        put_alarm("test-in", put_step("in", -1)["PolicyARN"], "LessThanThreshold")

    @with_each_client
    def test_alarms_scale_out_and_in(self, client):
        register(MinCapacity=2, MaxCapacity=3)
        self.put_policies()
        turn_on("test-out", 1500, client)
        wait_until("three tasks", lambda: the_service()["runningCount"] == 3)
        wait_until("an activity with an end", lambda: "EndTime" in activities()[0])
        activity = activities(client)[0]
        self.assertEqual({name: activity[name] for name in TARGET}, TARGET)
        self.assertEqual((activity["Description"], activity["StatusCode"]), ("Setting desired count to 3.", "Successful"))
        self.assertEqual(activity["Cause"], "monitor alarm test-out in state ALARM triggered policy out")
        self.assertEqual(activity["StatusMessage"], "Successfully set desired count to 3. Change successfully fulfilled by ecs.")
        # The bound stops a further task.
        turn_on("test-out", 1500, client)
        wait_until("an activity without scaling", lambda: "NotScaledReasons" in activities()[0])
        activity = activities(client)[0]
        self.assertEqual(activity["NotScaledReasons"], [{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 3}])
        self.assert_desired_count(3)
        turn_on("test-in", 500, client)
        wait_until("two tasks", lambda: the_service()["runningCount"] == 2)
        self.assertEqual(activities(client)[0]["Description"], "Setting desired count to 2.")

    def test_suspended_scaling_does_nothing(self):
        register(MinCapacity=1, MaxCapacity=3, SuspendedState={"DynamicScalingInSuspended": True})
        self.put_policies()
        turn_on("test-in", 500)
        turn_on("test-out", 1500)
        wait_until("three tasks", lambda: the_service()["runningCount"] == 3)

    def test_a_deployment_delays_scaling_in(self):
        register(MinCapacity=1, MaxCapacity=3)
        self.put_policies()
        before = the_service()["taskDefinition"]
        # Nothing listens on this port, so the tasks of this revision do not become healthy and the deployment does not end.
        registered = Boto3().call("ecs", "RegisterTaskDefinition", **registration(MONOLITH_URL="http://127.0.0.1:1"))
        never_healthy = registered["taskDefinition"]["taskDefinitionArn"]
        # Other tests deploy copies of the latest active revision.
        self.addCleanup(Boto3().call, "ecs", "DeregisterTaskDefinition", taskDefinition=never_healthy)
        deploy(never_healthy)
        turn_on("test-in", 500)
        wait_until("an activity without scaling", lambda: any("NotScaledReasons" in activity for activity in activities()))
        self.assert_desired_count(2)
        deploy(before)
        wait_until_stable()
        turn_on("test-in", 500)
        wait_until("one task", lambda: the_service()["runningCount"] == 1)

    @with_each_cli
    def test_the_like_service_scales_as_in_the_template(self, cli):
        """The commands are the same as on AWS."""
        register_target(cli, {"min": 2, "max": 4})
        up = STEP["policies"][0]
        put_alarm("test-out", put_step_policy(cli, up), "GreaterThanOrEqualToThreshold")
        turn_on("test-out", 1000, cli)
        wait_until("the maximum", lambda: the_service()["desiredCount"] == 4)
        found = cli.aws("application-autoscaling", "describe-scaling-activities", "--service-namespace", "ecs", "--resource-id", RESOURCE)
        self.assertEqual(found["ScalingActivities"][0]["Cause"], f"monitor alarm test-out in state ALARM triggered policy {up['policy']}")
        deregister_target(cli)
        update(2)
        wait_until_stable()


if __name__ == "__main__":
    unittest.main()
