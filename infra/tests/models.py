"""Checks the properties of a resource against the API model of its service (botocore): names, required members, types,
patterns, lengths, ranges and allowed values.

`ROWS` says for each resource type which operation CloudFormation calls with its properties, and which properties are part of
another operation or have another name there."""

import copy
import json
from functools import cache
from typing import NamedTuple

import botocore.session
import regex

SESSION = botocore.session.get_session()


class Row(NamedTuple):
    service: str
    # The operation that creates the resource, or Operation.member where the properties are inside a member.
    operation: str
    # Property -> "Operation.Member" of the same service; None: CloudFormation alone knows the property. "[]" at the end: each
    # element of the property is a call of its own.
    moved: dict = {}
    # Dotted path of a property -> the name of its last part in the API.
    names: dict = {}
    # Required members that CloudFormation adds by itself.
    supplied: tuple = ()
    # Changes the properties to the form of the API where a new name is not enough.
    change: object = None


TAGS = {"Tags": "CreateTags.Tags"}


def permission(rule):
    """A rule of a security group as the member IpPermissions of EC2."""
    made = {key: rule[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in rule}
    description = {key: rule[key] for key in ("Description",) if key in rule}
    if "CidrIp" in rule:
        made["IpRanges"] = [{"CidrIp": rule["CidrIp"], **description}]
    for key in ("SourceSecurityGroupId", "DestinationSecurityGroupId"):
        if key in rule:
            made["UserIdGroupPairs"] = [{"GroupId": rule[key], **description}]
    return made


def security_group(properties):
    for key in ("SecurityGroupIngress", "SecurityGroupEgress"):
        if key in properties:
            properties[key] = [permission(rule) for rule in properties[key]]
    return properties


def security_group_rule(properties):
    return {"GroupId": properties.pop("GroupId"), "IpPermissions": [permission(properties)]}


def distribution(properties):
    config = properties["DistributionConfig"]
    for behaviour in (config["DefaultCacheBehavior"], *config["CacheBehaviors"]):
        behaviour["AllowedMethods"] = {"Items": behaviour["AllowedMethods"], "CachedMethods": behaviour.pop("CachedMethods")}
    return properties


def bucket(properties):
    encryption = properties["BucketEncryption"]
    encryption["Rules"] = encryption.pop("ServerSideEncryptionConfiguration")
    for rule in properties["LifecycleConfiguration"]["Rules"]:
        rule["Filter"] = {"Prefix": rule.pop("Prefix", "")}
        if "ExpirationInDays" in rule:
            rule["Expiration"] = {"Days": rule.pop("ExpirationInDays")}
    return properties


def attribute_value(*names):
    """The named properties are attributes that EC2 changes one by one, each in a structure with a Value."""
    return lambda properties: {key: {"Value": value} if key in names else value for key, value in properties.items()}


ROWS = {
    "AWS::ApplicationAutoScaling::ScalableTarget": Row("application-autoscaling", "RegisterScalableTarget"),
    "AWS::ApplicationAutoScaling::ScalingPolicy": Row(
        "application-autoscaling", "PutScalingPolicy", moved={"ScalingTargetId": None},
        supplied=("ServiceNamespace", "ResourceId", "ScalableDimension")),
    "AWS::CloudFront::Distribution": Row(
        "cloudfront", "CreateDistribution", change=distribution,
        names={"DistributionConfig.IPV6Enabled": "IsIPV6Enabled"}, supplied=("CallerReference", "HTTPSPort", "OriginSslProtocols", "Quantity")),
    "AWS::CloudFront::OriginAccessControl": Row("cloudfront", "CreateOriginAccessControl"),
    "AWS::CloudFront::ResponseHeadersPolicy": Row("cloudfront", "CreateResponseHeadersPolicy"),
    "AWS::CloudWatch::Alarm": Row("cloudwatch", "PutMetricAlarm"),
    "AWS::CloudWatch::Dashboard": Row("cloudwatch", "PutDashboard"),
    "AWS::CodeBuild::Project": Row("codebuild", "CreateProject"),
    "AWS::CodeCommit::Repository": Row("codecommit", "CreateRepository"),
    "AWS::CodeConnections::Connection": Row("codeconnections", "CreateConnection"),
    "AWS::CodePipeline::Pipeline": Row("codepipeline", "CreatePipeline.pipeline"),
    "AWS::Cognito::IdentityPool": Row("cognito-identity", "CreateIdentityPool"),
    "AWS::Cognito::IdentityPoolRoleAttachment": Row("cognito-identity", "SetIdentityPoolRoles"),
    "AWS::Cognito::UserPool": Row("cognito-idp", "CreateUserPool", names={"UserPoolName": "PoolName"}),
    "AWS::Cognito::UserPoolDomain": Row("cognito-idp", "CreateUserPoolDomain"),
    "AWS::Cognito::UserPoolUser": Row("cognito-idp", "AdminCreateUser"),
    "AWS::DynamoDB::Table": Row(
        "dynamodb", "CreateTable", names={"SSESpecification.SSEEnabled": "Enabled"},
        moved={"PointInTimeRecoverySpecification": "UpdateContinuousBackups.PointInTimeRecoverySpecification"}),
    "AWS::EC2::EIP": Row("ec2", "AllocateAddress", moved=TAGS),
    "AWS::EC2::InternetGateway": Row("ec2", "CreateInternetGateway", moved=TAGS),
    "AWS::EC2::NatGateway": Row("ec2", "CreateNatGateway", moved=TAGS),
    "AWS::EC2::Route": Row("ec2", "CreateRoute"),
    "AWS::EC2::RouteTable": Row("ec2", "CreateRouteTable", moved=TAGS),
    "AWS::EC2::SecurityGroup": Row(
        "ec2", "CreateSecurityGroup", change=security_group, names={"GroupDescription": "Description"}, supplied=("GroupName",),
        moved={**TAGS, "SecurityGroupIngress": "AuthorizeSecurityGroupIngress.IpPermissions",
               "SecurityGroupEgress": "AuthorizeSecurityGroupEgress.IpPermissions"}),
    "AWS::EC2::SecurityGroupEgress": Row("ec2", "AuthorizeSecurityGroupEgress", change=security_group_rule),
    "AWS::EC2::SecurityGroupIngress": Row("ec2", "AuthorizeSecurityGroupIngress", change=security_group_rule),
    "AWS::EC2::Subnet": Row(
        "ec2", "CreateSubnet", change=attribute_value("MapPublicIpOnLaunch"),
        moved={**TAGS, "MapPublicIpOnLaunch": "ModifySubnetAttribute.MapPublicIpOnLaunch"}),
    "AWS::EC2::SubnetRouteTableAssociation": Row("ec2", "AssociateRouteTable"),
    "AWS::EC2::VPC": Row(
        "ec2", "CreateVpc", change=attribute_value("EnableDnsSupport", "EnableDnsHostnames"),
        moved={**TAGS, "EnableDnsSupport": "ModifyVpcAttribute.EnableDnsSupport",
               "EnableDnsHostnames": "ModifyVpcAttribute.EnableDnsHostnames"}),
    "AWS::EC2::VPCEndpoint": Row("ec2", "CreateVpcEndpoint"),
    "AWS::EC2::VPCGatewayAttachment": Row("ec2", "AttachInternetGateway"),
    "AWS::ECR::Repository": Row(
        "ecr", "CreateRepository", moved={"EmptyOnDelete": None, "LifecyclePolicy": "PutLifecyclePolicy"}),
    "AWS::ECS::Cluster": Row("ecs", "CreateCluster", names={"ClusterSettings": "settings"}),
    "AWS::ECS::Service": Row("ecs", "CreateService"),
    "AWS::ECS::TaskDefinition": Row("ecs", "RegisterTaskDefinition"),
    "AWS::ElasticLoadBalancingV2::Listener": Row("elbv2", "CreateListener"),
    "AWS::ElasticLoadBalancingV2::ListenerRule": Row("elbv2", "CreateRule"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": Row(
        "elbv2", "CreateLoadBalancer", moved={"LoadBalancerAttributes": "ModifyLoadBalancerAttributes.Attributes"},
        supplied=("Name",)),
    "AWS::ElasticLoadBalancingV2::TargetGroup": Row(
        "elbv2", "CreateTargetGroup", moved={"TargetGroupAttributes": "ModifyTargetGroupAttributes.Attributes"},
        supplied=("Name",)),
    "AWS::Events::Rule": Row("events", "PutRule", moved={"Targets": "PutTargets.Targets"}, supplied=("Name",)),
    "AWS::IAM::Role": Row(
        "iam", "CreateRole", supplied=("RoleName",),
        moved={"Policies": "PutRolePolicy[]", "ManagedPolicyArns": "AttachRolePolicy.PolicyArn[]"}),
    "AWS::Lambda::Function": Row("lambda", "CreateFunction", supplied=("FunctionName",)),
    "AWS::Lambda::Permission": Row("lambda", "AddPermission", supplied=("StatementId",)),
    "AWS::Logs::LogGroup": Row(
        "logs", "CreateLogGroup", moved={"RetentionInDays": "PutRetentionPolicy.retentionInDays"}),
    "AWS::Logs::MetricFilter": Row("logs", "PutMetricFilter", supplied=("filterName",)),
    "AWS::Logs::SubscriptionFilter": Row("logs", "PutSubscriptionFilter", supplied=("filterName",)),
    "AWS::OpenSearchService::Domain": Row("opensearch", "CreateDomain"),
    "AWS::S3::Bucket": Row(
        "s3", "CreateBucket", change=bucket, supplied=("Bucket",),
        names={"BucketEncryption.Rules.ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"},
        moved={"VersioningConfiguration": "PutBucketVersioning.VersioningConfiguration",
               "BucketEncryption": "PutBucketEncryption.ServerSideEncryptionConfiguration",
               "OwnershipControls": "PutBucketOwnershipControls.OwnershipControls",
               "PublicAccessBlockConfiguration": "PutPublicAccessBlock.PublicAccessBlockConfiguration",
               "LifecycleConfiguration": "PutBucketLifecycleConfiguration.LifecycleConfiguration"}),
    "AWS::S3::BucketPolicy": Row("s3", "PutBucketPolicy", names={"PolicyDocument": "Policy"}),
    "AWS::ServiceDiscovery::PrivateDnsNamespace": Row("servicediscovery", "CreatePrivateDnsNamespace", supplied=("CreatorRequestId",)),
    "AWS::ServiceDiscovery::Service": Row("servicediscovery", "CreateService"),
    "AWS::XRay::Group": Row("xray", "CreateGroup"),
    "AWS::XRay::SamplingRule": Row("xray", "CreateSamplingRule"),
}

# Resource types that no service's API creates.
WITHOUT_MODEL = {
    "Custom::Workshop": "CloudFormation passes the properties to the function of the bootstrap stack: test_workshop.py calls it.",
}

# Patterns of the models that services do not apply, with what they accept instead. A row needs a source.
WRONG_PATTERNS = {}


@cache
def operation_model(service, operation):
    return SESSION.get_service_model(service).operation_model(operation).input_shape


def plain(name):
    return name.lower()


def python_pattern(pattern):
    """A pattern of a model in the syntax of the module regex: Java writes characters beyond 16 bits as two surrogates."""
    pattern = pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
    return regex.sub(r"\\u\{([0-9A-Fa-f]+)\}", lambda found: rf"\U{found[1]:0>8}", pattern)


def text_of(value):
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


class Check:
    """Collects what a service would refuse in `problems`."""

    def __init__(self, row):
        self.row, self.problems = row, []

    def refuse(self, path, why):
        self.problems.append(f"{'.'.join(path) or '(all)'}: {why}")

    def length(self, shape, count, path, unit):
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if least is not None and count < least:
            self.refuse(path, f"{count} {unit}, and {shape.name} has at least {least}")
        if most is not None and count > most:
            self.refuse(path, f"{count} {unit}, and {shape.name} has at most {most}")

    def value(self, shape, value, path):
        kind = shape.type_name
        getattr(self, kind if hasattr(self, kind) else "other")(shape, value, path)

    def structure(self, shape, value, path, required=True):
        if isinstance(value, list) and "Items" in shape.members:
            # CloudFront counts its lists.
            value = {"Items": value}
        if not isinstance(value, dict):
            return self.refuse(path, f"{value!r} is not a structure {shape.name}")
        members = {plain(name): name for name in shape.members}
        given = set()
        for key, inner in value.items():
            below = [*path, key]
            name = members.get(plain(self.row.names.get(".".join(below), key)))
            if name is None:
                self.refuse(below, f"{shape.name} has no such member")
            else:
                given.add(name)
                self.value(shape.members[name], inner, below)
        if required:
            for name in set(shape.required_members) - given - set(self.row.supplied):
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
        text = text_of(value)
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


def calls(row, properties):
    """The operations with their input: [(operation, path inside it, properties)]."""
    whole, made = {}, []
    for key, value in (row.change(copy.deepcopy(properties)) if row.change else properties).items():
        target = row.moved.get(key, "")
        if target == "":
            whole[key] = value
        elif target is not None:
            operation, _, member = target.removesuffix("[]").partition(".")
            for each in value if target.endswith("[]") else [value]:
                # A change gives the call no more than this member: the others name the resource.
                made.append((operation, member, each, key))
    return [(*row.operation.partition(".")[::2], whole, ""), *made]


def problems(kind, properties):
    """What the service of a resource type would refuse in the properties of a resource."""
    row = ROWS[kind]
    check = Check(row)
    for number, (operation, member, value, key) in enumerate(calls(row, properties)):
        shape = operation_model(row.service, operation)
        if member:
            shape = shape.members[member]
        if shape.type_name == "structure" and (number == 0 or not member):
            check.structure(shape, value, [key] if key else [], required=number == 0)
        else:
            check.value(shape, value, [key] if key else [])
    return check.problems
