"""The templates as CloudFormation would make them of given parameters, by cloud-radar, which also refuses values that a
template does not allow. References become the resources' logical names, attributes `Name.Attribute`."""

import copy
from functools import cache
from pathlib import Path

import physical
import yaml
from cfn_tools import dump_yaml, load_yaml
from cloud_radar.cf.unit import Template, functions

INFRA = Path(__file__).resolve().parent.parent
ROOT = INFRA.parent
STACKS = ["network", "platform", "build", "services", "pipeline", "observability", "search", "site", "load-generator", "workshop"]

REGION = "eu-west-1"
ACCOUNT = physical.ACCOUNT
GONE = "this property is not there"
Template.NoValue = GONE
Template.AccountId = ACCOUNT
# Its own version reads from the internet.
functions.get_region_azs = lambda region: [region + zone for zone in "abc"]

logical_reference, logical_attribute = functions.ref, functions.get_att


def reference(template, name):
    """The id of a resource: its physical id in a template that `as_deployed` resolves, otherwise its logical name."""
    resource = template.template["Resources"].get(name)
    if resource and template.deployed:
        return physical.reference(name, resource, template.deployed)
    return logical_reference(template, name)


def attribute(template, values):
    if template.deployed:
        name, key = values
        return physical.attribute(name, template.template["Resources"][name], key, template.deployed)
    return logical_attribute(template, values)


functions.ref, functions.get_att = reference, attribute
functions.ALL_FUNCTIONS.update({"Ref": reference, "Fn::GetAtt": attribute})
Template.deployed = None

# Outputs of earlier stacks, in their real forms.
OUTPUTS = {
    "VpcId": "vpc-0123456789abcdef0",
    "PublicSubnets": "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
    "PrivateSubnets": "subnet-0123456789abcdef2,subnet-0123456789abcdef3",
    "WorkshopShellSecurityGroup": "sg-0123456789abcdef0",
    "LoadBalancerSecurityGroup": "sg-0123456789abcdef1",
    "EcsClusterName": "Cluster-mysfits",
    "DynamoTable": "MysfitsTable-mysfits",
    "LoadBalancerDNS": "lb.example.com",
    "LoadBalancerFullName": "app/lb/0123456789abcdef",
    "LikeTargetGroupArn": f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/like/0123456789abcdef",
    "LikeTargetGroupFullName": "targetgroup/like/0123456789abcdef",
    "MonolithTargetGroupArn": f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/monolith/0123456789abcdef",
    "MonolithTargetGroupFullName": "targetgroup/monolith/0123456789abcdef",
    "LikeLogGroup": "mysfits-MythicalLikeLogGroup",
    "MonolithLogGroup": "mysfits-MythicalMonolithLogGroup",
    "LikeLogGroupArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:mysfits-MythicalLikeLogGroup:*",
    "MonolithLogGroupArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:mysfits-MythicalMonolithLogGroup:*",
    "SidecarLogGroup": "mysfits-MythicalSidecarLogGroup",
    "TaskExecutionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/execution",
    "LikeTaskRoleArn": f"arn:aws:iam::{ACCOUNT}:role/like",
    "MonolithTaskRoleArn": f"arn:aws:iam::{ACCOUNT}:role/monolith",
    "LikeEcrRepo": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/mysfits/like-service",
    "MonoEcrRepo": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/mysfits/monolith",
    "MetadataProxyEcrRepo": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/mysfits/metadata-proxy",
    "BuildCacheEcrRepo": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/mysfits/build-cache",
    "LikeServiceName": "Mythical-Like-Service-mysfits",
    "MonolithServiceName": "Mythical-Monolith-Service-mysfits",
    "SourceBucket": "source-bucket",
    "PipelineProject": "mysfits-pipeline",
}
# Parameters that a person chooses.
CHOICES = {
    "LikeImage": OUTPUTS["LikeEcrRepo"] + ":0123456789ab",
    "MonolithImage": OUTPUTS["MonoEcrRepo"] + ":0123456789ab",
    "CognitoAdminEmail": "host@example.com",
    "SourceUrl": "https://example.com/mysfits.git",
}


def without_what_is_gone(value):
    if isinstance(value, dict):
        return {key: without_what_is_gone(inner) for key, inner in value.items() if inner != GONE}
    if isinstance(value, list):
        return [without_what_is_gone(inner) for inner in value if inner != GONE]
    return value


@cache
def parsed(text):
    """The template as it is written, in the long form of functions."""
    return yaml.safe_load(dump_yaml(load_yaml(text)))


def template_text(stack):
    return (INFRA / f"{stack}.yml").read_text()


def parameters(stack, **chosen):
    known = {**OUTPUTS, **CHOICES}
    given = {name: known[name] for name in parsed(template_text(stack))["Parameters"] if name in known}
    return {**given, **chosen}


def resolve(stack, **chosen):
    """The resolved template."""
    return copy.deepcopy(resolved_once(template_text(stack), tuple(sorted(parameters(stack, **chosen).items())), REGION, None))


def as_deployed(stack, workshop, region, **chosen):
    """The resolved template as an installation of this name in this region gets it, with physical ids."""
    def here(value):
        return value.replace("mysfits", workshop).replace(REGION, region)

    given = {name: here(value) for name, value in parameters(stack, **chosen).items()}
    given["Workshop"] = workshop
    deployed = physical.Deployed(stack, workshop, region)
    return copy.deepcopy(resolved_once(template_text(stack), tuple(sorted(given.items())), region, deployed))


# The text is an argument, so that a changed template is resolved again.
@cache
def resolved_once(text, given, region, deployed):
    fresh = Template(copy.deepcopy(parsed(text)))
    fresh.Region, fresh.deployed = region, deployed
    return without_what_is_gone(fresh.render(dict(given), region=region))


def resources(stack, **chosen):
    """The properties of each resource whose condition is true."""
    return {name: made.get("Properties", {}) for name, made in resolve(stack, **chosen)["Resources"].items()}


def of_type(stack, kind, **chosen):
    made = resolve(stack, **chosen)["Resources"]
    return {name: each.get("Properties", {}) for name, each in made.items() if each["Type"] == kind}


# Each value of each parameter that changes resources occurs at least once.
VARIANTS = {
    "network": [{}, {"NatMode": "two", "ZoneA": "eu-west-1b", "ZoneB": "eu-west-1c"}],
    "platform": [{}, {"LikeIn": "monolith"}],
    "build": [{}, {"CpuArchitecture": "X86_64", "SourceProvider": "GitHub"}],
    "services": [
        {},
        {"Tracing": "daemon", "MetadataProxy": "on", "MetadataProxyImage": OUTPUTS["MetadataProxyEcrRepo"] + ":1",
         "MonolithAddress": "cloudmap", "Scaling": "target-tracking", "ChaosSeed": "42", "CpuArchitecture": "X86_64",
         "LikeIn": "monolith"},
        {"Tracing": "otlp", "Scaling": "none", "ChaosMode": "off", "LogLevel": "DEBUG", "TraceHealthChecks": "on"},
        {"Tracing": "cloudwatch", "Scaling": "step"},
    ],
    "pipeline": [{}, {"SourceProvider": "GitHub", "GitHubRepository": "somebody/mysfits"}],
    "observability": [{}],
    "search": [{}],
    "site": [{}],
    "load-generator": [{}],
    "workshop": [{}, {"SourceUrl": "s3://bucket/mysfits.zip", "SetupOptions": "--set Site=none"}],
}


def every_variant():
    for stack, variants in VARIANTS.items():
        for number, chosen in enumerate(variants):
            yield stack, number, chosen
