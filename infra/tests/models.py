"""Checks the properties of a resource against the API model of its service (botocore): names, required members, types,
patterns, lengths, ranges and allowed values.

`RESOURCE_MODELS` maps each resource type to the operation that CloudFormation calls with the properties, to properties of other
operations, and to properties with different names in the API."""

import copy
import json
from functools import cache
from typing import NamedTuple

import botocore.session
import regex

SESSION = botocore.session.get_session()


class Row(NamedTuple):
    service: str
    # The API operation that creates the resource. Operation.member means that the properties are inside this member of the input.
    operation: str
    # Property -> "Operation.Member" of another operation of the service. None means that the service's API has no such property.
    # "[]" at the end means that CloudFormation calls the operation for each element of the property.
    moved_properties: dict = {}
    # Dotted path of a property -> the API's name of the property.
    api_names: dict = {}
    # Required members that CloudFormation adds and templates do not contain.
    supplied_members: tuple = ()
    # A function that converts the properties to the API's structure, if renaming is not sufficient.
    convert: object = None


TAGS = {"Tags": "CreateTags.Tags"}


def convert_rule(rule):
    """Converts a security group rule to an element of EC2's IpPermissions."""
    created = {key: rule[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in rule}
    description = {key: rule[key] for key in ("Description",) if key in rule}
    if "CidrIp" in rule:
        created["IpRanges"] = [{"CidrIp": rule["CidrIp"], **description}]
    for key in ("SourceSecurityGroupId", "DestinationSecurityGroupId"):
        if key in rule:
            created["UserIdGroupPairs"] = [{"GroupId": rule[key], **description}]
    return created


def convert_security_group(properties):
    for key in ("SecurityGroupIngress", "SecurityGroupEgress"):
        if key in properties:
            properties[key] = [convert_rule(rule) for rule in properties[key]]
    return properties


def convert_security_group_rule(properties):
    return {"GroupId": properties.pop("GroupId"), "IpPermissions": [convert_rule(properties)]}


def convert_distribution(properties):
    config = properties["DistributionConfig"]
    for behaviour in (config["DefaultCacheBehavior"], *config["CacheBehaviors"]):
        behaviour["AllowedMethods"] = {"Items": behaviour["AllowedMethods"], "CachedMethods": behaviour.pop("CachedMethods")}
    return properties


def convert_bucket(properties):
    encryption = properties["BucketEncryption"]
    encryption["Rules"] = encryption.pop("ServerSideEncryptionConfiguration")
    for rule in properties["LifecycleConfiguration"]["Rules"]:
        rule["Filter"] = {"Prefix": rule.pop("Prefix", "")}
        if "ExpirationInDays" in rule:
            rule["Expiration"] = {"Days": rule.pop("ExpirationInDays")}
    return properties


def wrap_attribute_values(*api_names):
    """Returns a function that wraps the named properties into structures with a Value, as EC2's Modify operations require."""
    return lambda properties: {key: {"Value": value} if key in api_names else value for key, value in properties.items()}


RESOURCE_MODELS = {
    "AWS::ApplicationAutoScaling::ScalableTarget": Row("application-autoscaling", "RegisterScalableTarget"),
    "AWS::ApplicationAutoScaling::ScalingPolicy": Row(
        "application-autoscaling", "PutScalingPolicy", moved_properties={"ScalingTargetId": None},
        supplied_members=("ServiceNamespace", "ResourceId", "ScalableDimension")),
    "AWS::CloudFront::Distribution": Row(
        "cloudfront", "CreateDistribution", convert=convert_distribution,
        api_names={"DistributionConfig.IPV6Enabled": "IsIPV6Enabled"}, supplied_members=("CallerReference", "HTTPSPort", "OriginSslProtocols", "Quantity")),
    "AWS::CloudFront::OriginAccessControl": Row("cloudfront", "CreateOriginAccessControl"),
    "AWS::CloudFront::ResponseHeadersPolicy": Row("cloudfront", "CreateResponseHeadersPolicy"),
    "AWS::CloudWatch::Alarm": Row("cloudwatch", "PutMetricAlarm"),
    "AWS::CloudWatch::Dashboard": Row("cloudwatch", "PutDashboard"),
    "AWS::CodeBuild::Project": Row("codebuild", "CreateProject"),
    "AWS::CodeCommit::Repository": Row("codecommit", "CreateRepository"),
    "AWS::CodeConnections::Connection": Row("codeconnections", "CreateConnection"),
    # CloudFormation calls StartPipelineExecution itself.
    "AWS::CodePipeline::Pipeline": Row(
        "codepipeline", "CreatePipeline.pipeline", moved_properties={"RestartExecutionOnUpdate": None}),
    "AWS::Cognito::IdentityPool": Row("cognito-identity", "CreateIdentityPool"),
    "AWS::Cognito::IdentityPoolRoleAttachment": Row("cognito-identity", "SetIdentityPoolRoles"),
    "AWS::Cognito::UserPool": Row("cognito-idp", "CreateUserPool", api_names={"UserPoolName": "PoolName"}),
    "AWS::Cognito::UserPoolDomain": Row("cognito-idp", "CreateUserPoolDomain"),
    "AWS::Cognito::UserPoolUser": Row("cognito-idp", "AdminCreateUser"),
    "AWS::DynamoDB::Table": Row(
        "dynamodb", "CreateTable", api_names={"SSESpecification.SSEEnabled": "Enabled"},
        moved_properties={"PointInTimeRecoverySpecification": "UpdateContinuousBackups.PointInTimeRecoverySpecification"}),
    "AWS::EC2::EIP": Row("ec2", "AllocateAddress", moved_properties=TAGS),
    "AWS::EC2::InternetGateway": Row("ec2", "CreateInternetGateway", moved_properties=TAGS),
    "AWS::EC2::NatGateway": Row("ec2", "CreateNatGateway", moved_properties=TAGS),
    "AWS::EC2::Route": Row("ec2", "CreateRoute"),
    "AWS::EC2::RouteTable": Row("ec2", "CreateRouteTable", moved_properties=TAGS),
    "AWS::EC2::SecurityGroup": Row(
        "ec2", "CreateSecurityGroup", convert=convert_security_group, api_names={"GroupDescription": "Description"}, supplied_members=("GroupName",),
        moved_properties={**TAGS, "SecurityGroupIngress": "AuthorizeSecurityGroupIngress.IpPermissions",
               "SecurityGroupEgress": "AuthorizeSecurityGroupEgress.IpPermissions"}),
    "AWS::EC2::SecurityGroupEgress": Row("ec2", "AuthorizeSecurityGroupEgress", convert=convert_security_group_rule),
    "AWS::EC2::SecurityGroupIngress": Row("ec2", "AuthorizeSecurityGroupIngress", convert=convert_security_group_rule),
    "AWS::EC2::Subnet": Row(
        "ec2", "CreateSubnet", convert=wrap_attribute_values("MapPublicIpOnLaunch"),
        moved_properties={**TAGS, "MapPublicIpOnLaunch": "ModifySubnetAttribute.MapPublicIpOnLaunch"}),
    "AWS::EC2::SubnetRouteTableAssociation": Row("ec2", "AssociateRouteTable"),
    "AWS::EC2::VPC": Row(
        "ec2", "CreateVpc", convert=wrap_attribute_values("EnableDnsSupport", "EnableDnsHostnames"),
        moved_properties={**TAGS, "EnableDnsSupport": "ModifyVpcAttribute.EnableDnsSupport",
               "EnableDnsHostnames": "ModifyVpcAttribute.EnableDnsHostnames"}),
    "AWS::EC2::VPCEndpoint": Row("ec2", "CreateVpcEndpoint"),
    "AWS::EC2::VPCGatewayAttachment": Row("ec2", "AttachInternetGateway"),
    "AWS::ECR::Repository": Row(
        "ecr", "CreateRepository", moved_properties={"EmptyOnDelete": None, "LifecyclePolicy": "PutLifecyclePolicy"}),
    "AWS::ECS::Cluster": Row("ecs", "CreateCluster", api_names={"ClusterSettings": "settings"}),
    "AWS::ECS::Service": Row("ecs", "CreateService"),
    "AWS::ECS::TaskDefinition": Row("ecs", "RegisterTaskDefinition"),
    "AWS::ElasticLoadBalancingV2::Listener": Row("elbv2", "CreateListener"),
    "AWS::ElasticLoadBalancingV2::ListenerRule": Row("elbv2", "CreateRule"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": Row(
        "elbv2", "CreateLoadBalancer", moved_properties={"LoadBalancerAttributes": "ModifyLoadBalancerAttributes.Attributes"},
        supplied_members=("Name",)),
    "AWS::ElasticLoadBalancingV2::TargetGroup": Row(
        "elbv2", "CreateTargetGroup", moved_properties={"TargetGroupAttributes": "ModifyTargetGroupAttributes.Attributes"},
        supplied_members=("Name",)),
    "AWS::Events::Rule": Row("events", "PutRule", moved_properties={"Targets": "PutTargets.Targets"}, supplied_members=("Name",)),
    "AWS::IAM::Role": Row(
        "iam", "CreateRole", supplied_members=("RoleName",),
        moved_properties={"Policies": "PutRolePolicy[]", "ManagedPolicyArns": "AttachRolePolicy.PolicyArn[]"}),
    "AWS::Lambda::Function": Row("lambda", "CreateFunction", supplied_members=("FunctionName",)),
    "AWS::Lambda::Permission": Row("lambda", "AddPermission", supplied_members=("StatementId",)),
    "AWS::Logs::LogGroup": Row(
        "logs", "CreateLogGroup", moved_properties={"RetentionInDays": "PutRetentionPolicy.retentionInDays"}),
    "AWS::Logs::MetricFilter": Row("logs", "PutMetricFilter", supplied_members=("filterName",)),
    "AWS::Logs::SubscriptionFilter": Row("logs", "PutSubscriptionFilter", supplied_members=("filterName",)),
    "AWS::OpenSearchService::Domain": Row("opensearch", "CreateDomain"),
    "AWS::S3::Bucket": Row(
        "s3", "CreateBucket", convert=convert_bucket, supplied_members=("Bucket",),
        api_names={"BucketEncryption.Rules.ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"},
        moved_properties={"VersioningConfiguration": "PutBucketVersioning.VersioningConfiguration",
               "BucketEncryption": "PutBucketEncryption.ServerSideEncryptionConfiguration",
               "OwnershipControls": "PutBucketOwnershipControls.OwnershipControls",
               "PublicAccessBlockConfiguration": "PutPublicAccessBlock.PublicAccessBlockConfiguration",
               "LifecycleConfiguration": "PutBucketLifecycleConfiguration.LifecycleConfiguration"}),
    "AWS::S3::BucketPolicy": Row("s3", "PutBucketPolicy", api_names={"PolicyDocument": "Policy"}),
    "AWS::ServiceDiscovery::PrivateDnsNamespace": Row("servicediscovery", "CreatePrivateDnsNamespace", supplied_members=("CreatorRequestId",)),
    "AWS::ServiceDiscovery::Service": Row("servicediscovery", "CreateService"),
    "AWS::XRay::Group": Row("xray", "CreateGroup"),
    "AWS::XRay::SamplingRule": Row("xray", "CreateSamplingRule"),
}

# Resource types without an API operation -> the reason.
WITHOUT_MODEL = {
    "Custom::Workshop": "CloudFormation passes the properties to the function of the bootstrap stack: test_workshop.py calls it.",
}

# Wrong patterns of API models -> the pattern that the service applies. Each row needs a source.
WRONG_PATTERNS = {}


@cache
def operation_model(service, operation):
    return SESSION.get_service_model(service).operation_model(operation).input_shape


def normalize_name(name):
    return name.lower()


def python_pattern(pattern):
    """Converts a pattern of an API model to the syntax of the module regex. The models write characters beyond 16 bits as surrogates."""
    pattern = pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
    return regex.sub(r"\\u\{([0-9A-Fa-f]+)\}", lambda found: rf"\U{found[1]:0>8}", pattern)


def format_value(value):
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


class Check:
    """Compares properties with an API model and collects the errors in `problems`."""

    def __init__(self, row):
        self.row, self.problems = row, []

    def refuse(self, path, why):
        self.problems.append(f"{'.'.join(path) or '(all)'}: {why}")

    def length(self, shape, count, path, unit):
        minimum, maximum = shape.metadata.get("min"), shape.metadata.get("max")
        if minimum is not None and count < minimum:
            self.refuse(path, f"{count} {unit}, and {shape.name} has at least {minimum}")
        if maximum is not None and count > maximum:
            self.refuse(path, f"{count} {unit}, and {shape.name} has at most {maximum}")

    def value(self, shape, value, path):
        kind = shape.type_name
        getattr(self, kind if hasattr(self, kind) else "other")(shape, value, path)

    def structure(self, shape, value, path, required=True):
        if isinstance(value, list) and "Items" in shape.members:
            # CloudFront's API wraps lists into structures with Items and Quantity.
            value = {"Items": value}
        if not isinstance(value, dict):
            return self.refuse(path, f"{value!r} is not a structure {shape.name}")
        members = {normalize_name(name): name for name in shape.members}
        found_members = set()
        for key, inner in value.items():
            member_path = [*path, key]
            name = members.get(normalize_name(self.row.api_names.get(".".join(member_path), key)))
            if name is None:
                self.refuse(member_path, f"{shape.name} has no such member")
            else:
                found_members.add(name)
                self.value(shape.members[name], inner, member_path)
        if required:
            for name in set(shape.required_members) - found_members - set(self.row.supplied_members):
                self.refuse(path, f"{shape.name} requires {name}")

    def list(self, shape, value, path):
        if not isinstance(value, list):
            return self.refuse(path, f"{value!r} is not a list")
        self.length(shape, len(value), path, "elements")
        for each in value:
            self.value(shape.member, each, path)

    def map(self, shape, value, path):
        if not isinstance(value, dict):
            return self.refuse(path, f"{value!r} is not a map")
        self.length(shape, len(value), path, "entries")
        for key, inner in value.items():
            self.value(shape.key, key, [*path, key])
            self.value(shape.value, inner, [*path, key])

    def string(self, shape, value, path):
        text = format_value(value)
        self.length(shape, len(text), path, "characters")
        allowed, pattern = shape.metadata.get("enum"), shape.metadata.get("pattern")
        if allowed and text not in allowed:
            self.refuse(path, f"{text!r} is none of {shape.name}: {', '.join(allowed[:20])}")
        pattern = WRONG_PATTERNS.get((self.row.service, shape.name), pattern)
        if pattern and not regex.fullmatch(python_pattern(pattern), text):
            self.refuse(path, f"{text!r} does not match {shape.name}: {pattern}")

    def number(self, shape, value, path):
        try:
            number = float(value)
        except (TypeError, ValueError):
            return self.refuse(path, f"{value!r} is not a number")
        self.length(shape, number, path, "(the value)")

    integer = long = float = double = number

    def boolean(self, shape, value, path):
        if str(value).lower() not in ("true", "false"):
            self.refuse(path, f"{value!r} is neither true nor false")

    def other(self, shape, value, path):
        """Timestamps and blobs have no limits in the models."""


def create_calls(row, properties):
    """Returns the API calls that create a resource: [(operation, member of its input, value, property)]."""
    properties_of_creation, created = {}, []
    for key, value in (row.convert(copy.deepcopy(properties)) if row.convert else properties).items():
        target = row.moved_properties.get(key, "")
        if target == "":
            properties_of_creation[key] = value
        elif target is not None:
            operation, _, member = target.removesuffix("[]").partition(".")
            for each in value if target.endswith("[]") else [value]:
                # Only this member of the operation's input is checked. The other members identify the resource.
                created.append((operation, member, each, key))
    return [(*row.operation.partition(".")[::2], properties_of_creation, ""), *created]


def find_problems(kind, properties):
    """Returns the errors in a resource's properties according to the API model of its service."""
    row = RESOURCE_MODELS[kind]
    check = Check(row)
    for number, (operation, member, value, key) in enumerate(create_calls(row, properties)):
        shape = operation_model(row.service, operation)
        if member:
            shape = shape.members[member]
        if shape.type_name == "structure" and (number == 0 or not member):
            check.structure(shape, value, [key] if key else [], required=number == 0)
        else:
            check.value(shape, value, [key] if key else [])
    return check.problems
