"""Compares what the lab's APIs describe at its start with the templates in infra/, so that an exercise finds the same in the lab and on AWS.
Every difference is in DIFFERENCES with its reason. A difference that no longer exists fails the test, too."""

import platform
import re
import unittest
from functools import cache
from urllib.parse import urlsplit

import boto3
import templates
from botocore import xform_name
from clients import start_lab
from one_truth_differences import defaults_of_aws, differences

# The alarms of the templates have these names after the name of the workshop.
ALARMS = ["LikesFail", "LikeScaleUpAlarm", "LikeScaleDownAlarm", "LikeTasksUnhealthy", "MonolithTasksUnhealthy"]

METRIC_FILTERS = ["LostLikes", "SlowLikes"]

# Resource -> the operation that creates such a resource.
CREATED_BY = {
    "LikeTaskDefinition": ("ecs", "RegisterTaskDefinition"),
    "MonolithTaskDefinition": ("ecs", "RegisterTaskDefinition"),
    "LikeService": ("ecs", "CreateService"),
    "MonolithService": ("ecs", "CreateService"),
    "Cluster": ("ecs", "CreateCluster"),
    "LoadBalancer": ("elbv2", "CreateLoadBalancer"),
    "Listener": ("elbv2", "CreateListener"),
    "LikeRule": ("elbv2", "CreateRule"),
    "LikeTargetGroup": ("elbv2", "CreateTargetGroup"),
    "MonolithTargetGroup": ("elbv2", "CreateTargetGroup"),
    "MysfitsTable": ("dynamodb", "CreateTable"),
    **{alarm: ("cloudwatch", "PutMetricAlarm") for alarm in ALARMS},
    "Dashboard": ("cloudwatch", "PutDashboard"),
    **{name: ("logs", "PutMetricFilter") for name in METRIC_FILTERS},
}

# Members that identify the elements of a list.
KEYS = ["name", "key", "containerName", "containerPort", "field", "type", "targetGroupArn", "indexName", "attributeName"]


@cache
def endpoints():
    """Starts a lab with the default options."""
    return start_lab([], {})


@cache
def client(service):
    return boto3.client(service, endpoint_url=endpoints()["aws"], region_name="us-east-1", aws_access_key_id="lab", aws_secret_access_key="lab")


def call(service, operation, **parameters):
    return getattr(client(service), xform_name(operation))(**parameters)


def describe_task_definition(family):
    return call("ecs", "DescribeTaskDefinition", taskDefinition=family)["taskDefinition"]


def describe_service(name):
    [service] = call("ecs", "DescribeServices", cluster="Cluster-mysfits", services=[name])["services"]
    return {**service, "cluster": service["clusterArn"]}


def describe_target_group(group):
    attributes = call("elbv2", "DescribeTargetGroupAttributes", TargetGroupArn=group["TargetGroupArn"])
    return {**group, "TargetGroupAttributes": attributes["Attributes"]}


def described_alarms():
    alarms = call("cloudwatch", "DescribeAlarms")["MetricAlarms"]
    assert {alarm["AlarmName"] for alarm in alarms} == {f"mysfits-{name}" for name in ALARMS}
    return {alarm["AlarmName"].removeprefix("mysfits-"): alarm for alarm in alarms}


def described_metric_filters():
    filters = call("logs", "DescribeMetricFilters")["metricFilters"]
    assert [it["filterName"] for it in filters] == [f"mysfits-{name}" for name in METRIC_FILTERS]
    return {it["filterName"].removeprefix("mysfits-"): it for it in filters}


def described():
    """Returns the descriptions of the lab's resources, and the logical names of what other resources name."""
    like_tasks = describe_task_definition("Mythical-Like-Service-mysfits")
    monolith_tasks = describe_task_definition("Mythical-Monolith-Service-mysfits")
    [cluster] = call("ecs", "DescribeClusters", clusters=["Cluster-mysfits"], include=["SETTINGS"])["clusters"]
    [load_balancer] = call("elbv2", "DescribeLoadBalancers")["LoadBalancers"]
    arn = load_balancer["LoadBalancerArn"]
    attributes = call("elbv2", "DescribeLoadBalancerAttributes", LoadBalancerArn=arn)["Attributes"]
    [listener] = call("elbv2", "DescribeListeners", LoadBalancerArn=arn)["Listeners"]
    rules = call("elbv2", "DescribeRules", ListenerArn=listener["ListenerArn"])["Rules"]
    [like_rule] = [rule for rule in rules if not rule["IsDefault"]]
    groups = {group["TargetGroupName"]: group for group in call("elbv2", "DescribeTargetGroups")["TargetGroups"]}
    like_group, monolith_group = groups.pop("mysfits-like-service"), groups.pop("mysfits-monolith")
    [table_name] = call("dynamodb", "ListTables")["TableNames"]
    table = call("dynamodb", "DescribeTable", TableName=table_name)["Table"]
    assert not groups, groups
    resources = {
        "LikeTaskDefinition": like_tasks,
        "MonolithTaskDefinition": monolith_tasks,
        "LikeService": describe_service("Mythical-Like-Service-mysfits"),
        "MonolithService": describe_service("Mythical-Monolith-Service-mysfits"),
        "Cluster": {"clusterName": cluster["clusterName"], "clusterSettings": cluster["settings"]},
        "LoadBalancer": {**load_balancer, "LoadBalancerAttributes": attributes},
        "Listener": listener,
        "LikeRule": {**like_rule, "ListenerArn": listener["ListenerArn"]},
        "LikeTargetGroup": describe_target_group(like_group),
        "MonolithTargetGroup": describe_target_group(monolith_group),
        **described_alarms(),
        "Dashboard": call("cloudwatch", "GetDashboard", DashboardName="mysfits-us-east-1"),
        **described_metric_filters(),
        "MysfitsTable": {**table, "BillingMode": table["BillingModeSummary"]["BillingMode"]},
    }
    names = {
        like_tasks["taskDefinitionArn"]: "LikeTaskDefinition",
        monolith_tasks["taskDefinitionArn"]: "MonolithTaskDefinition",
        cluster["clusterArn"]: "Cluster-mysfits",
        arn: "LoadBalancer",
        listener["ListenerArn"]: "Listener",
        like_group["TargetGroupArn"]: "LikeTargetGroup",
        monolith_group["TargetGroupArn"]: "MonolithTargetGroup",
        arn.split(":loadbalancer/")[1]: "LoadBalancerFullName",
        like_group["TargetGroupArn"].split(":")[-1]: "LikeTargetGroupFullName",
        monolith_group["TargetGroupArn"].split(":")[-1]: "MonolithTargetGroupFullName",
        endpoints()["otlp"]: "<OTLP>",
        endpoints()["xray"]["udp"]: "<X-Ray>",
        urlsplit(endpoints()["alb"]).netloc: "LoadBalancer",
        str(urlsplit(endpoints()["alb"]).port): "<port of the load balancer>",
        {"x86_64": "X86_64", "aarch64": "ARM64", "arm64": "ARM64"}[platform.machine()]: "<this machine's>",
    }
    return resources, names


def settings_of(name, description):
    """Returns the members of a description that the template has, or the request that creates such a resource."""
    service, operation = CREATED_BY[name]
    request = client(service).meta.service_model.operation_model(operation).input_shape
    of_template = {lower_first(member) for member in templates.resources()[name]}
    members = {lower_first(member): shape for member, shape in request.members.items()}
    settings = {}
    for member, value in description.items():
        if lower_first(member) in members:
            settings[member] = select(members[lower_first(member)], value)
        elif lower_first(member) in of_template:
            settings[member] = value
    return settings


def select(shape, value):
    """Returns the members of a value that its shape in a request has."""
    if shape.type_name == "structure":
        return {name: select(shape.members[name], member) for name, member in value.items() if name in shape.members}
    if shape.type_name == "list":
        return [select(shape.member, item) for item in value]
    return value


def lower_first(name):
    return name[:1].lower() + name[1:]


def flatten(value, path):
    """Yields the path and the text of each value. The members of lists have their keys or their numbers in the path. The first letter
    of a member's name is in lower case, because some APIs have other names than CloudFormation in this regard."""
    if isinstance(value, dict):
        members = {lower_first(name): member for name, member in value.items()}
        if set(members) in ({"name", "value"}, {"key", "value"}):
            yield path, text(members["value"])
        else:
            for name, member in members.items():
                yield from flatten(member, f"{path}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from flatten(item, f"{path}.{key_of(item, index)}")
    else:
        yield path, text(value)


def key_of(item, index):
    members = {lower_first(name): value for name, value in item.items()} if isinstance(item, dict) else {}
    return next((members[key] for key in KEYS if key in members), index)


def text(value):
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def values_of_templates():
    values = {}
    for name in CREATED_BY:
        for path, value in flatten(templates.resources()[name], name):
            values[path] = "<lines>" if path.endswith("AOT_CONFIG_CONTENT") else value
    return values


def with_logical_names(text, names):
    """Returns a text with logical names in the place of physical ones."""
    for physical, logical in names.items():
        text = re.sub(f"(?<![0-9]){re.escape(physical)}(?![0-9])", logical, text)
    return text


def values_of_lab():
    resources, names = described()
    values = {}
    for name, description in resources.items():
        for path, value in flatten(settings_of(name, description), name):
            values[with_logical_names(path, names)] = with_logical_names(value, names)
    return values


class OneTruth(unittest.TestCase):
    maxDiff = None

    def test_the_lab_describes_the_resources_of_the_templates(self):
        template, lab = values_of_templates(), values_of_lab()
        for path, value in defaults_of_aws().items():
            template.setdefault(path, value)
        found = {path: (template.get(path), lab.get(path)) for path in template | lab if template.get(path) != lab.get(path)}
        self.assertEqual(differences(), found)


if __name__ == "__main__":
    unittest.main()
