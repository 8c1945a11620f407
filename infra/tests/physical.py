"""Physical ids and attributes in the formats of AWS, for templates that are resolved like a deployed installation."""

from typing import NamedTuple

ACCOUNT = "123456789012"
# CloudFormation appends random letters and digits to generated names.
RANDOM_SUFFIX = "ABCDEFGHIJKL"
UUID = "01234567-89ab-cdef-0123-456789abcdef"


class Deployed(NamedTuple):
    stack: str
    workshop: str
    region: str


# Resource type -> the property with the resource's name, and the format of the resource's id with {name}.
NAMED_TYPES = {
    "AWS::CloudWatch::Alarm": ("AlarmName", "{name}"),
    "AWS::CloudWatch::Dashboard": ("DashboardName", "{name}"),
    "AWS::CodeBuild::Project": ("Name", "{name}"),
    "AWS::DynamoDB::Table": ("TableName", "{name}"),
    "AWS::ECR::Repository": ("RepositoryName", "{name}"),
    "AWS::ECS::Cluster": ("ClusterName", "{name}"),
    "AWS::ECS::Service": ("ServiceName", "arn:aws:ecs:{region}:{account}:service/Cluster-{workshop}/{name}"),
    "AWS::ECS::TaskDefinition": ("Family", "arn:aws:ecs:{region}:{account}:task-definition/{name}:1"),
    "AWS::Logs::LogGroup": ("LogGroupName", "{name}"),
    "AWS::Lambda::Function": ("FunctionName", "{name}"),
    "AWS::CodeCommit::Repository": ("RepositoryName", UUID),
    "AWS::OpenSearchService::Domain": ("DomainName", "{name}"),
    "AWS::S3::Bucket": ("BucketName", "{name}"),
    "AWS::IAM::Role": ("RoleName", "{name}"),
}
# Resource type -> the greatest length of a name that CloudFormation generates, and whether the name is in lower case.
GENERATED_NAME_LIMITS = {"AWS::S3::Bucket": (63, True), "AWS::IAM::Role": (64, False), "AWS::Lambda::Function": (64, False)}
# Resource type -> the format of the id of a resource without a name.
UNNAMED_TYPES = {
    "AWS::ApplicationAutoScaling::ScalableTarget":
        "service/Cluster-{workshop}/Mythical-Like-Service-{workshop}|ecs:service:DesiredCount|ecs",
    "AWS::ApplicationAutoScaling::ScalingPolicy":
        "arn:aws:autoscaling:{region}:{account}:scalingPolicy:" + UUID + ":resource/ecs/service/Cluster-{workshop}/"
        "Mythical-Like-Service-{workshop}:policyName/{logical_name}",
    "AWS::CloudFront::Distribution": "E0123456789ABC",
    "AWS::CloudFront::ResponseHeadersPolicy": UUID,
    "AWS::CodeConnections::Connection": "arn:aws:codeconnections:{region}:{account}:connection/" + UUID,
    "AWS::Cognito::IdentityPool": "{region}:" + UUID,
    "AWS::Cognito::UserPool": "{region}_0123456Ab",
    "AWS::EC2::InternetGateway": "igw-0123456789abcdef0",
    "AWS::EC2::NatGateway": "nat-0123456789abcdef0",
    "AWS::EC2::RouteTable": "rtb-0123456789abcdef0",
    "AWS::EC2::Subnet": "subnet-0123456789abcdef0",
    "AWS::EC2::VPC": "vpc-0123456789abcdef0",
    "AWS::ElasticLoadBalancingV2::Listener":
        "arn:aws:elasticloadbalancing:{region}:{account}:listener/app/lb/0123456789abcdef/0123456789abcdef",
    "AWS::ElasticLoadBalancingV2::ListenerRule":
        "arn:aws:elasticloadbalancing:{region}:{account}:listener-rule/app/lb/0123456789abcdef/0123456789abcdef/0123456789abcdef",
    "AWS::ElasticLoadBalancingV2::LoadBalancer":
        "arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/app/lb/0123456789abcdef",
    "AWS::ElasticLoadBalancingV2::TargetGroup":
        "arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/group/0123456789abcdef",
    "AWS::ServiceDiscovery::PrivateDnsNamespace": "ns-0123456789abcdef",
}
# Resource type and attribute -> the format of the value. {id} is the resource's id, {name} is its name.
ATTRIBUTES = {
    ("AWS::CloudFront::Distribution", "DomainName"): "d0123456789abc.cloudfront.net",
    ("AWS::CloudFront::OriginAccessControl", "Id"): "E0123456789ABC",
    ("AWS::CodeBuild::Project", "Arn"): "arn:aws:codebuild:{region}:{account}:project/{name}",
    ("AWS::CodeCommit::Repository", "CloneUrlHttp"): "https://git-codecommit.{region}.amazonaws.com/v1/repos/{name}",
    ("AWS::Cognito::UserPool", "Arn"): "arn:aws:cognito-idp:{region}:{account}:userpool/{id}",
    ("AWS::DynamoDB::Table", "Arn"): "arn:aws:dynamodb:{region}:{account}:table/{name}",
    ("AWS::EC2::EIP", "AllocationId"): "eipalloc-0123456789abcdef0",
    ("AWS::EC2::SecurityGroup", "GroupId"): "sg-0123456789abcdef0",
    ("AWS::ECR::Repository", "Arn"): "arn:aws:ecr:{region}:{account}:repository/{name}",
    ("AWS::ECR::Repository", "RepositoryUri"): "{account}.dkr.ecr.{region}.amazonaws.com/{name}",
    ("AWS::ECS::Service", "Name"): "{name}",
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "DNSName"): "lb-0123456789.{region}.elb.amazonaws.com",
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerFullName"): "app/lb/0123456789abcdef",
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "TargetGroupFullName"): "targetgroup/group/0123456789abcdef",
    ("AWS::IAM::Role", "Arn"): "arn:aws:iam::{account}:role/{name}",
    ("AWS::Lambda::Function", "Arn"): "arn:aws:lambda:{region}:{account}:function:{name}",
    ("AWS::Logs::LogGroup", "Arn"): "arn:aws:logs:{region}:{account}:log-group:{name}:*",
    ("AWS::OpenSearchService::Domain", "DomainEndpoint"): "search-{name}-0123456789abcdefghijklmnop.{region}.es.amazonaws.com",
    ("AWS::S3::Bucket", "Arn"): "arn:aws:s3:::{name}",
    ("AWS::S3::Bucket", "RegionalDomainName"): "{name}.s3.{region}.amazonaws.com",
    ("AWS::ServiceDiscovery::Service", "Arn"): "arn:aws:servicediscovery:{region}:{account}:service/srv-0123456789abcdef",
    ("Custom::Workshop", "LoadBalancer"): "http://lb.example.com",
    ("Custom::Workshop", "Site"): "https://site.example.com",
}


def generate_name(logical_name, kind, deployed):
    """Returns a name like the one that CloudFormation generates from the stack's name and the resource's logical name."""
    max_length, lower_case = GENERATED_NAME_LIMITS.get(kind, (255, False))
    name = f"{deployed.workshop}-{deployed.stack}-{logical_name}"[:max_length - len(RANDOM_SUFFIX) - 1] + "-" + RANDOM_SUFFIX
    return name.lower() if lower_case else name


def resource_name(logical_name, resource, deployed):
    """Returns the name in the template, or a generated name if the template contains none."""
    kind = resource["Type"]
    template_name = resource.get("Properties", {}).get(NAMED_TYPES[kind][0]) if kind in NAMED_TYPES else None
    if isinstance(template_name, dict):
        template_name = template_name.get("Fn::Sub", "${Workshop}")
    return template_name.replace("${Workshop}", deployed.workshop) if template_name else generate_name(logical_name, kind, deployed)


def format_id(pattern, logical_name, resource, deployed, **values):
    return pattern.format(name=resource_name(logical_name, resource, deployed), logical_name=logical_name, region=deployed.region,
                          account=ACCOUNT, workshop=deployed.workshop, **values)


def physical_id(logical_name, resource, deployed):
    kind = resource["Type"]
    return format_id(NAMED_TYPES[kind][1] if kind in NAMED_TYPES else UNNAMED_TYPES[kind], logical_name, resource, deployed)


def attribute_value(logical_name, resource, key, deployed):
    kind = resource["Type"]
    resource_id = physical_id(logical_name, resource, deployed) if kind in NAMED_TYPES or kind in UNNAMED_TYPES else None
    return format_id(ATTRIBUTES[kind, key], logical_name, resource, deployed, id=resource_id)
