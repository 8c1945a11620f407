"""The solution of lab 4 as commands of the AWS CLI, from infra/scaling.json. The commands are the same on AWS."""

import json
from pathlib import Path

CLUSTER = "Cluster-mysfits"

LIKE_SERVICE = "Mythical-Like-Service-mysfits"

RESOURCE = f"service/{CLUSTER}/{LIKE_SERVICE}"

TARGET = ["--service-namespace", "ecs", "--resource-id", RESOURCE, "--scalable-dimension", "ecs:service:DesiredCount"]

# How the Like service scales on AWS.
SCALING = json.loads((Path(__file__).parents[3] / "infra/scaling.json").read_text())

STEP = SCALING["step"]

# What DescribeAlarms shows in addition to the parameters of PutMetricAlarm.
STATE_OF_AN_ALARM = ["AlarmArn", "AlarmConfigurationUpdatedTimestamp", "StateValue", "StateReason", "StateReasonData", "StateUpdatedTimestamp",
                     "StateTransitionedTimestamp"]


def register_target(cli, bounds):
    limits = ["--min-capacity", str(bounds["min"]), "--max-capacity", str(bounds["max"])]
    return cli.aws("application-autoscaling", "register-scalable-target", *TARGET, *limits)


def deregister_target(cli):
    cli.aws("application-autoscaling", "deregister-scalable-target", *TARGET)


def put_step_policy(cli, policy):
    """Creates a policy of `STEP["policies"]`. Returns its ARN."""
    steps = ",".join(map(shorthand, policy["steps"]))
    configuration = f"AdjustmentType={STEP['adjustmentType']},MetricAggregationType=Average,StepAdjustments=[{steps}],Cooldown={STEP['cooldownSeconds']}"
    return put_policy(cli, policy["policy"], "StepScaling", "--step-scaling-policy-configuration", configuration)


def put_target_tracking(cli):
    """Creates the target tracking policy. Returns its ARN."""
    tracking = SCALING["targetTracking"]
    configuration = {
        "PredefinedMetricSpecification": {"PredefinedMetricType": tracking["metric"]},
        "TargetValue": tracking["target"],
        "ScaleInCooldown": tracking["scaleInCooldownSeconds"],
        "ScaleOutCooldown": tracking["scaleOutCooldownSeconds"],
    }
    option = "--target-tracking-scaling-policy-configuration"
    return put_policy(cli, tracking["policy"], "TargetTrackingScaling", option, json.dumps(configuration))


def put_policy(cli, name, kind, *configuration):
    command = ["application-autoscaling", "put-scaling-policy", *TARGET, "--policy-name", name, "--policy-type", kind]
    return cli.aws(*command, *configuration)["PolicyARN"]


def shorthand(step):
    """Returns a step of infra/scaling.json as a reader types it."""
    names = {"lower": "MetricIntervalLowerBound", "upper": "MetricIntervalUpperBound", "adjustment": "ScalingAdjustment"}
    return "{" + ",".join(f"{names[name]}={value}" for name, value in step.items()) + "}"


def set_actions(cli, alarm, *actions):
    """Replaces the actions of an existing alarm for the state ALARM."""
    name = f"mysfits-{alarm}"
    [alarm] = cli.aws("cloudwatch", "describe-alarms", "--alarm-names", name)["MetricAlarms"]
    parameters = {member: value for member, value in alarm.items() if member not in STATE_OF_AN_ALARM}
    cli.call("cloudwatch", "PutMetricAlarm", **{**parameters, "AlarmActions": actions})


def put_idle_alarm(cli, action):
    """Creates the alarm of the idle policy, whose expression fills minutes without requests with 0."""
    alarm = STEP["idle"]["alarm"]
    [up] = cli.aws("cloudwatch", "describe-alarms", "--alarm-names", "mysfits-LikeScaleUpAlarm")["MetricAlarms"]
    metric = {name: up[name] for name in ["Namespace", "MetricName", "Dimensions"]}
    cli.call(
        "cloudwatch",
        "PutMetricAlarm",
        AlarmName=f"mysfits-{alarm['name']}",
        AlarmDescription="No likes for five minutes",
        Metrics=[
            {"Id": "likes", "Expression": alarm["expression"], "Label": "likes", "ReturnData": True},
            {"Id": "requests", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False},
        ],
        EvaluationPeriods=alarm["periods"],
        DatapointsToAlarm=alarm["periods"],
        Threshold=alarm["threshold"],
        ComparisonOperator=alarm["comparison"],
        TreatMissingData="breaching",
        AlarmActions=[action],
    )
