"""Resolves templates with parameter values like CloudFormation. cloud-radar resolves them and refuses parameter values that a template
does not allow. A resolved reference is the resource's logical name, a resolved attribute is `Name.Attribute`."""

import copy
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import physical
import yaml
from cloud_radar.cf.unit import Template, _template, functions

INFRA = Path(__file__).resolve().parent.parent
ROOT = INFRA.parent
STACKS = ["network", "platform", "build", "services", "pipeline", "observability", "search", "site", "load-generator", "workshop"]

REGION = "eu-west-1"
ACCOUNT = physical.ACCOUNT
NO_VALUE = "this property is not there"
Template.NoValue = NO_VALUE
Template.AccountId = ACCOUNT
# cloud-radar's function reads the zones from the internet.
functions.get_region_azs = lambda region: [region + zone for zone in "abc"]

logical_reference, logical_attribute = functions.ref, functions.get_att


def reference(template, name):
    """Returns a resource's physical id if `as_deployed` resolves the template, otherwise the resource's logical name."""
    resource = template.template["Resources"].get(name)
    if resource and template.deployed:
        return physical.physical_id(name, resource, template.deployed)
    return logical_reference(template, name)


def attribute(template, values):
    if template.deployed:
        name, key = values
        return physical.attribute_value(name, template.template["Resources"][name], key, template.deployed)
    return logical_attribute(template, values)


# cloud-radar copies a template through YAML text, which takes ten times longer than resolving it.
_template.yaml = SimpleNamespace(dump=copy.deepcopy, load=lambda template, Loader: template, FullLoader=None)

functions.ref, functions.get_att = reference, attribute
functions.ALL_FUNCTIONS.update({"Ref": reference, "Fn::GetAtt": attribute})
Template.deployed = None

# Outputs of earlier stacks, in the formats of AWS.
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
# Parameters without defaults and without outputs of other stacks.
CHOICES = {
    "LikeImage": OUTPUTS["LikeEcrRepo"] + ":0123456789ab",
    "MonolithImage": OUTPUTS["MonoEcrRepo"] + ":0123456789ab",
    "CognitoAdminEmail": "host@example.com",
    "SourceUrl": "https://example.com/mysfits.git",
}


def remove_no_values(value):
    if isinstance(value, dict):
        return {key: remove_no_values(inner) for key, inner in value.items() if inner != NO_VALUE}
    if isinstance(value, list):
        return [remove_no_values(inner) for inner in value if inner != NO_VALUE]
    return value


class TemplateLoader(yaml.CSafeLoader):
    """Parses YAML with libyaml, which is ten times faster than PyYAML's own parser."""


def construct_function(loader, name, node):
    """Returns the long form of an intrinsic function."""
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


TemplateLoader.add_multi_constructor("!", construct_function)


@cache
def parse_template(text):
    """Returns the unresolved template with the long form of intrinsic functions."""
    return yaml.load(text, TemplateLoader)


def template_text(stack):
    return (INFRA / f"{stack}.yml").read_text()


def parameters(stack, **overrides):
    default_values = {**OUTPUTS, **CHOICES}
    values = {name: default_values[name] for name in parse_template(template_text(stack))["Parameters"] if name in default_values}
    return {**values, **overrides}


def resolve(stack, **overrides):
    """The resolved template."""
    return copy.deepcopy(resolve_cached(template_text(stack), tuple(sorted(parameters(stack, **overrides).items())), REGION, None))


def resolve_as_deployed(stack, workshop, region, **overrides):
    """Returns the resolved template of an installation with this name in this region, with physical ids."""
    def localize(value):
        return value.replace("mysfits", workshop).replace(REGION, region)

    values = {name: localize(value) for name, value in parameters(stack, **overrides).items()}
    values["Workshop"] = workshop
    deployed = physical.Deployed(stack, workshop, region)
    return copy.deepcopy(resolve_cached(template_text(stack), tuple(sorted(values.items())), region, deployed))


def evaluate_rule_function(expression, values):
    """Returns the value of an expression in a template's rules."""
    if not isinstance(expression, dict):
        return expression
    [(function, argument)] = expression.items()
    if function == "Ref":
        return values[argument]
    arguments = [evaluate_rule_function(each, values) for each in argument]
    return {"Fn::Equals": lambda: arguments[0] == arguments[1], "Fn::Not": lambda: not arguments[0], "Fn::And": lambda: all(arguments),
            "Fn::Or": lambda: any(arguments)}[function]()


def check_rules(template, values):
    """Refuses parameter values for which an assertion of the template's rules is false. cloud-radar ignores rules."""
    values = {name: each["Default"] for name, each in template["Parameters"].items() if "Default" in each} | values
    for rule in template.get("Rules", {}).values():
        if evaluate_rule_function(rule.get("RuleCondition", True), values):
            for assertion in rule["Assertions"]:
                if not evaluate_rule_function(assertion["Assert"], values):
                    raise ValueError(assertion["AssertDescription"])


# The template's text is a cache key, so that a changed template is resolved again.
@cache
def resolve_cached(text, values, region, deployed):
    check_rules(parse_template(text), dict(values))
    template = Template(parse_template(text))
    template.Region, template.deployed = region, deployed
    return remove_no_values(template.render(dict(values), region=region))


def resources(stack, **overrides):
    """Returns logical name -> properties of each resource whose condition is true."""
    return {name: resource.get("Properties", {}) for name, resource in resolve(stack, **overrides)["Resources"].items()}


def resources_of_type(stack, kind, **overrides):
    resources_by_name = resolve(stack, **overrides)["Resources"]
    return {name: each.get("Properties", {}) for name, each in resources_by_name.items() if each["Type"] == kind}


# Parameter sets for each stack. Each value of a parameter that changes resources occurs at least once.
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


def all_variants():
    for stack, variants in VARIANTS.items():
        for number, overrides in enumerate(variants):
            yield stack, number, overrides
