"""Physical ids and attributes in the forms that AWS gives them, for templates that are resolved as they are deployed."""

from typing import NamedTuple

ACCOUNT = "123456789012"
# CloudFormation appends random letters and digits to a name that a template does not give.
RANDOM = "ABCDEFGHIJKL"
UUID = "01234567-89ab-cdef-0123-456789abcdef"


class Deployed(NamedTuple):
    stack: str
    workshop: str
    region: str


# Type -> the property that gives a resource its name, and the pattern of its id with {name}.
NAMED = {
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
# Type -> the most characters of a name that CloudFormation makes, and whether it uses small letters only.
MADE = {"AWS::S3::Bucket": (63, True), "AWS::IAM::Role": (64, False), "AWS::Lambda::Function": (64, False)}
# Type -> the id of a resource without a name.
UNNAMED = {
    "AWS::ApplicationAutoScaling::ScalableTarget":
        "service/Cluster-{workshop}/Mythical-Like-Service-{workshop}|ecs:service:DesiredCount|ecs",
    "AWS::ApplicationAutoScaling::ScalingPolicy":
        "arn:aws:autoscaling:{region}:{account}:scalingPolicy:" + UUID + ":resource/ecs/service/Cluster-{workshop}/"
        "Mythical-Like-Service-{workshop}:policyName/{logical}",
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
    "AWS::ElasticLoadBalancingV2::LoadBalancer":
        "arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/app/lb/0123456789abcdef",
    "AWS::ElasticLoadBalancingV2::TargetGroup":
        "arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/group/0123456789abcdef",
    "AWS::ServiceDiscovery::PrivateDnsNamespace": "ns-0123456789abcdef",
}
# Type and attribute -> the value; {id} is the resource's id, {name} its name.
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


def made_name(logical, kind, deployed):
    """The name that CloudFormation makes of the names of the stack and of the resource."""
    most, small = MADE.get(kind, (255, False))
    name = f"{deployed.workshop}-{deployed.stack}-{logical}"[:most - len(RANDOM) - 1] + "-" + RANDOM
    return name.lower() if small else name


def resource_name(logical, resource, deployed):
    """The name that the template gives, otherwise the name that CloudFormation makes."""
    kind = resource["Type"]
    given = resource.get("Properties", {}).get(NAMED[kind][0]) if kind in NAMED else None
    if isinstance(given, dict):
        given = given.get("Fn::Sub", "${Workshop}")
    return given.replace("${Workshop}", deployed.workshop) if given else made_name(logical, kind, deployed)


def fill(pattern, logical, resource, deployed, **more):
    return pattern.format(name=resource_name(logical, resource, deployed), logical=logical, region=deployed.region,
                          account=ACCOUNT, workshop=deployed.workshop, **more)


def reference(logical, resource, deployed):
    kind = resource["Type"]
    return fill(NAMED[kind][1] if kind in NAMED else UNNAMED[kind], logical, resource, deployed)


def attribute(logical, resource, key, deployed):
    kind = resource["Type"]
    own = reference(logical, resource, deployed) if kind in NAMED or kind in UNNAMED else None
    return fill(ATTRIBUTES[kind, key], logical, resource, deployed, id=own)
