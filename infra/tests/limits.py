"""Rules for property values that are stated only in AWS's documentation. Neither the linters nor the API models of models.py contain
these rules.

A row consists of a resource type, a JMESPath expression over the resource's properties, and a pattern. Every value of the expression
must match the whole pattern. `refused` is a value that the service refuses. A test checks that the pattern refuses it too. If the
template does not set the name, CloudFormation generates it from the stack's name with at most `generated_length` characters."""

from typing import NamedTuple


class Limit(NamedTuple):
    kind: str
    path: str
    pattern: str
    refused: str
    source: str
    generated_length: int = 0


EC2 = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/"
ELB = "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/"
ECS = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/"
CLOUDFRONT = "https://docs.aws.amazon.com/cloudfront/latest/APIReference/"
CLOUDWATCH = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/"

# Names and descriptions of security groups, and descriptions of rules with addresses, may contain '&'. Descriptions of rules with a
# security group or a prefix list may not. The pattern refuses '&' for all of them.
RULE_DESCRIPTION = r"[a-zA-Z0-9. _\-:/()#,@\[\]+=;{}!$*]{1,255}"
RULE_SOURCE = EC2 + "API_UserIdGroupPair.html (Description), API_IpRange.html, API_PrefixListId.html"
# A port of TCP or UDP has 16 bits. The value -1 means all types of ICMP, which the templates do not use.
PORT = r"\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5]"
# Cognito refuses these words in the prefix of a sign-in page's domain.
NO_AWS_WORDS = r"(?!.*(?:aws|amazon|cognito))"
# Pattern of a bucket's name -> a refused name. Only buckets in the regional namespace of an account may have the suffix -an.
BUCKET_NAMES = {
    r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]": "Lab",
    r"(?!.*\.\.).*": "a..b",
    r"(?!\d+(?:\.\d+){3}$).*": "192.168.5.4",
    r"(?!xn--|sthree-|amzn-s3-demo-).*": "sthree-lab",
    r".*(?<!-s3alias)(?<!--ol-s3)(?<!\.mrap)(?<!--x-s3)(?<!--table-s3)": "lab.mrap",
    r".*(?<!-an)": "lab-an",
}
# A name consists of letters, digits and hyphens, and does not begin or end with a hyphen.
BALANCER_NAME = r"(?!-)[a-zA-Z0-9-]{1,32}(?<!-)"
TAGGED_EC2_TYPES = ("AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::SecurityGroup", "AWS::EC2::RouteTable", "AWS::EC2::InternetGateway",
                    "AWS::EC2::EIP", "AWS::EC2::NatGateway")
ECS_NAME = r"[a-zA-Z0-9_-]{1,255}"


def number_pattern(minimum, maximum):
    """Returns a pattern that matches the integers from `minimum` to `maximum`."""
    return "|".join(map(str, range(minimum, maximum + 1)))


# Multiples of 60 seconds up to an hour, and the periods of high-resolution metrics.
ALARM_PERIOD = "|".join(map(str, (10, 20, 30, *range(60, 3601, 60))))

LIMITS = [
    # --- EC2 ---
    Limit("AWS::EC2::SecurityGroup", "GroupDescription", RULE_DESCRIPTION, "the services' tasks",
          EC2 + "API_CreateSecurityGroup.html (GroupDescription)"),
    Limit("AWS::EC2::SecurityGroup", "GroupName", r"(?!sg-)" + RULE_DESCRIPTION, "sg-lab-shell",
          EC2 + "API_CreateSecurityGroup.html (GroupName)", 255),
    Limit("AWS::EC2::SecurityGroup", "SecurityGroupIngress[].Description", RULE_DESCRIPTION, "a & b", RULE_SOURCE),
    Limit("AWS::EC2::SecurityGroup", "SecurityGroupEgress[].Description", RULE_DESCRIPTION, "the services' tasks", RULE_SOURCE),
    Limit("AWS::EC2::SecurityGroup", "[SecurityGroupIngress, SecurityGroupEgress][][].[FromPort, ToPort][]", PORT, "65536",
          EC2 + "API_IpPermission.html (FromPort, ToPort)"),
    Limit("AWS::EC2::SecurityGroupIngress", "[FromPort, ToPort]", PORT, "-1", EC2 + "API_IpPermission.html (FromPort, ToPort)"),
    Limit("AWS::EC2::SecurityGroupIngress", "Description", RULE_DESCRIPTION, 'the "shells"', RULE_SOURCE),
    Limit("AWS::EC2::SecurityGroupEgress", "Description", RULE_DESCRIPTION, "a % b", RULE_SOURCE),
    Limit("AWS::EC2::VPC", "CidrBlock", r"[\d.]+/(1[6-9]|2[0-8])", "10.0.0.0/8",
          "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html"),
    Limit("AWS::EC2::Subnet", "CidrBlock", r"[\d.]+/(1[6-9]|2[0-8])", "10.0.0.0/29",
          "https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html"),
    *(Limit(kind, "Tags[].Key", r"(?!aws:).{1,128}", "aws:name", "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html (restrictions)")
      for kind in TAGGED_EC2_TYPES),
    *(Limit(kind, "Tags[].Value", r".{0,256}", "x" * 257, "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html (restrictions)")
      for kind in TAGGED_EC2_TYPES),
    # --- Load balancer ---
    Limit("AWS::ElasticLoadBalancingV2::LoadBalancer", "Name", "(?!internal-)" + BALANCER_NAME, "internal-lab",
          ELB + "API_CreateLoadBalancer.html (Name)", 32),
    Limit("AWS::ElasticLoadBalancingV2::TargetGroup", "Name", BALANCER_NAME, "a-name-of-33-letters-and-hyphens-",
          ELB + "API_CreateTargetGroup.html (Name)", 32),
    Limit("AWS::ElasticLoadBalancingV2::TargetGroup", "HealthCheckPath", r"/.{0,1023}", "health",
          "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html (HealthCheckPath)"),
    Limit("AWS::ElasticLoadBalancingV2::TargetGroup", "Matcher.HttpCode", r"[2-4]\d\d([,-][2-4]\d\d)*", "500",
          ELB + "API_Matcher.html (HttpCode)"),
    Limit("AWS::ElasticLoadBalancingV2::TargetGroup", "TargetGroupAttributes[?Key=='deregistration_delay.timeout_seconds'].Value",
          number_pattern(0, 3600), "3601", ELB + "API_TargetGroupAttribute.html (Key)"),
    Limit("AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerAttributes[?Key=='idle_timeout.timeout_seconds'].Value",
          number_pattern(1, 4000), "4001", ELB + "API_LoadBalancerAttribute.html (Key)"),
    Limit("AWS::ElasticLoadBalancingV2::ListenerRule", "Conditions[].PathPatternConfig.Values[]", r"""[a-zA-Z0-9_\-.$/~"'@:+&*?]{1,128}""",
          "/a b", "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html#path-conditions"),
    Limit("AWS::ElasticLoadBalancingV2::ListenerRule", "Actions[].ForwardConfig.TargetGroups[].Weight", number_pattern(0, 999), "1000",
          ELB + "API_TargetGroupTuple.html (Weight)"),
    # --- Storage, names of roles and functions ---
    *(Limit("AWS::S3::Bucket", "BucketName", pattern, refused,
            "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html", 63)
      for pattern, refused in BUCKET_NAMES.items()),
    # The API model also accepts a table's ARN, which may be longer and contain other characters.
    Limit("AWS::DynamoDB::Table", "TableName", r"[a-zA-Z0-9_.-]{3,255}", "ab",
          "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html"),
    Limit("AWS::IAM::Role", "RoleName", r"[\w+=,.@-]{1,64}", "a role", "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html (RoleName)",
          64),
    Limit("AWS::Lambda::Function", "FunctionName", r"[a-zA-Z0-9_-]{1,64}", "x" * 65,
          "https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html (FunctionName)", 64),
    # The maximum is 900 seconds on the page of Lambda's quotas and 1,800 seconds in the API reference. The pattern allows the smaller number.
    Limit("AWS::Lambda::Function", "Timeout", number_pattern(1, 900), "1801",
          "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (function timeout)"),
    Limit("AWS::Logs::LogGroup", "RetentionInDays",
          "1|3|5|7|14|30|60|90|120|150|180|365|400|545|731|1096|1827|2192|2557|2922|3288|3653", "8",
          "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html (retentionInDays)"),
    # --- ECS ---
    Limit("AWS::ECS::Cluster", "ClusterName", ECS_NAME, "a cluster", ECS + "API_CreateCluster.html (clusterName)"),
    Limit("AWS::ECS::Service", "ServiceName", ECS_NAME, "a/b", ECS + "API_CreateService.html (serviceName)"),
    Limit("AWS::ECS::TaskDefinition", "Family", ECS_NAME, "a.b", ECS + "API_RegisterTaskDefinition.html (family)"),
    Limit("AWS::ECS::TaskDefinition", "ContainerDefinitions[].Name", ECS_NAME, "a b", ECS + "API_ContainerDefinition.html (name)"),
    Limit("AWS::ECS::TaskDefinition", "ContainerDefinitions[].StopTimeout", number_pattern(2, 120), "121",
          ECS + "API_ContainerDefinition.html (stopTimeout)"),
    Limit("AWS::ECS::TaskDefinition", "ContainerDefinitions[].Memory", r"[6-9]|[1-9]\d+", "5", ECS + "API_ContainerDefinition.html (memory)"),
    Limit("AWS::ECS::TaskDefinition", "ContainerDefinitions[].HealthCheck.Interval", number_pattern(5, 300), "4", ECS + "API_HealthCheck.html"),
    Limit("AWS::ECS::TaskDefinition", "ContainerDefinitions[].HealthCheck.Timeout", number_pattern(2, 60), "61", ECS + "API_HealthCheck.html"),
    Limit("AWS::ECS::TaskDefinition", "ContainerDefinitions[].HealthCheck.Retries", number_pattern(1, 10), "11", ECS + "API_HealthCheck.html"),
    Limit("AWS::ECS::TaskDefinition", "ContainerDefinitions[].HealthCheck.StartPeriod", number_pattern(0, 300), "301", ECS + "API_HealthCheck.html"),
    Limit("AWS::ECS::TaskDefinition", "ContainerDefinitions[].RestartPolicy.RestartAttemptPeriod", number_pattern(60, 1800), "59",
          ECS + "API_ContainerRestartPolicy.html"),
    Limit("AWS::ECS::TaskDefinition", "[[Cpu, Memory] | join('/', @)]", "256/(512|1024|2048)", "256/256",
          ECS + "API_RegisterTaskDefinition.html (memory)"),
    Limit("AWS::ECS::TaskDefinition", "ContainerDefinitions[].HealthCheck.Command[0]", "CMD|CMD-SHELL", "curl", ECS + "API_HealthCheck.html"),
    # --- CloudFront ---
    Limit("AWS::CloudFront::Distribution", "DistributionConfig.Comment", r".{0,128}", "x" * 129,
          CLOUDFRONT + "API_DistributionConfig.html (Comment)"),
    # AWS's documentation does not state the greatest length of an origin's id. The AWS CDK cuts longer ids to 128 characters.
    Limit("AWS::CloudFront::Distribution", "DistributionConfig.Origins[].Id", r".{1,128}", "x" * 129,
          "https://github.com/aws/aws-cdk/blob/main/packages/aws-cdk-lib/aws-cloudfront/lib/distribution.ts (ORIGIN_ID_MAX_LENGTH)"),
    Limit("AWS::CloudFront::Distribution", "DistributionConfig.Origins[].CustomOriginConfig.OriginReadTimeout", number_pattern(1, 120), "121",
          CLOUDFRONT + "API_CustomOriginConfig.html (OriginReadTimeout)"),
    Limit("AWS::CloudFront::Distribution", "DistributionConfig.Origins[].CustomOriginConfig.OriginKeepaliveTimeout", number_pattern(1, 120), "121",
          CLOUDFRONT + "API_CustomOriginConfig.html (OriginKeepaliveTimeout)"),
    Limit("AWS::CloudFront::OriginAccessControl", "OriginAccessControlConfig.Name", r".{1,64}", "x" * 65,
          CLOUDFRONT + "API_OriginAccessControlConfig.html (Name)"),
    # AWS's documentation does not state the greatest length of the name. CloudFront refuses 130 characters.
    Limit("AWS::CloudFront::ResponseHeadersPolicy", "ResponseHeadersPolicyConfig.Name", r".{1,128}", "x" * 130,
          "https://github.com/aws/aws-cdk/issues/21524"),
    # --- CloudWatch and X-Ray ---
    Limit("AWS::CloudWatch::Dashboard", "DashboardName", r"[A-Za-z0-9_-]{1,255}", "a dashboard",
          CLOUDWATCH + "API_PutDashboard.html (DashboardName)"),
    Limit("AWS::CloudWatch::Alarm", "[Period, Metrics[].MetricStat.Period][]", ALARM_PERIOD, "90", CLOUDWATCH + "API_PutMetricAlarm.html (Period)"),
    # An alarm watches one of its metrics and expressions. The default of ReturnData is true.
    Limit("AWS::CloudWatch::Alarm", "Metrics && [length(Metrics[?ReturnData != `false`])]", "1", "2",
          CLOUDWATCH + "API_MetricDataQuery.html (ReturnData)"),
    Limit("AWS::CloudWatch::Alarm", "TreatMissingData", "breaching|notBreaching|ignore|missing", "zero",
          CLOUDWATCH + "API_PutMetricAlarm.html (TreatMissingData)"),
    Limit("AWS::CloudWatch::Alarm", "Metrics[].Id", r"[a-z]\w{0,254}", "Likes", CLOUDWATCH + "API_MetricDataQuery.html (Id)"),
    Limit("AWS::XRay::Group", "GroupName", r"[a-zA-Z0-9-]{1,32}", "a group",
          "https://docs.aws.amazon.com/xray/latest/devguide/xray-console-groups.html"),
    # --- Pipeline, custom resource ---
    Limit("AWS::CodePipeline::Pipeline", "Stages[].Actions[?ActionTypeId.Provider=='ECS'][].Configuration.DeploymentTimeout", number_pattern(1, 60), "61",
          "https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_codepipeline_actions.EcsDeployActionProps.html (deploymentTimeout)"),
    Limit("Custom::Workshop", "ServiceTimeout", number_pattern(1, 3600), "3601",
          "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html"),
    # --- Log search ---
    Limit("AWS::Cognito::UserPoolDomain", "Domain", NO_AWS_WORDS + r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?", "my-aws-lab-123456789012",
          "https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain.html (reserved terms)"),
    Limit("AWS::OpenSearchService::Domain", "EBSOptions.VolumeSize", number_pattern(10, 100), "9",
          "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html#ebsresource (gp3 on t3.small.search)"),
]

# Values that the API models refuse: (resource type, property, value). They prove that models.py applies the models.
REFUSED_BY_MODELS = [
    ("AWS::ECR::Repository", "RepositoryName", "lab-/monolith"),
    ("AWS::OpenSearchService::Domain", "DomainName", "Logs"),
    ("AWS::OpenSearchService::Domain", "DomainName", "a-name-with-29-letters-in-all"),
    ("AWS::CodeConnections::Connection", "ConnectionName", "x" * 33),
    ("AWS::XRay::Group", "GroupName", "x" * 33),
    ("AWS::XRay::SamplingRule", "SamplingRule", {"RuleName": "x" * 33}),
    ("AWS::CloudWatch::Alarm", "AlarmName", "x" * 256),
    ("AWS::CloudWatch::Alarm", "ComparisonOperator", "Greater"),
    ("AWS::IAM::Role", "Description", "the workshop\u2019s role"),
    ("AWS::CodeBuild::Project", "TimeoutInMinutes", 2161),
    ("AWS::Lambda::Function", "MemorySize", 64),
    ("AWS::Logs::LogGroup", "LogGroupName", "a group"),
    ("AWS::CodeCommit::Repository", "RepositoryName", "a repository"),
    ("AWS::DynamoDB::Table", "BillingMode", "PAY"),
    ("AWS::CodePipeline::Pipeline", "Name", "a pipeline"),
    ("AWS::ECS::Service", "LoadBalancers", [{"ContainerPort": "http"}]),
    ("AWS::ECS::TaskDefinition", "NetworkMode", "vpc"),
    ("AWS::EC2::Subnet", "Cidr", "10.0.0.0/24"),
    ("AWS::Cognito::UserPool", "UserPoolName", "x" * 129),
    ("AWS::Events::Rule", "Description", "x" * 513),
    ("AWS::S3::Bucket", "VersioningConfiguration", {"Status": "on"}),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "HealthCheckIntervalSeconds", 301),
]

# Installation names that AWS refuses in a resource name -> the reason.
REFUSED_WORKSHOPS = {
    "lab-": "ECR: a repository's name may not have '-' before '/'",
    "my-aws-lab": "Cognito: a domain's prefix may not contain aws",
    "amazon-lab": "Cognito: a domain's prefix may not contain amazon",
    "cognito1": "Cognito: a domain's prefix may not contain cognito",
    "sg-lab": "EC2: CloudFormation derives a security group's name from the stack's, and it may not begin with sg-",
    "internal-lab": "Elastic Load Balancing: a load balancer's name may not begin with internal-",
    "sthree-lab": "S3: CloudFormation derives a bucket's name from the stack's, and it may not begin with sthree-",
    "amzn-s3-demo-lab": "S3: a bucket's name may not begin with amzn-s3-demo-",
    "xn--lab": "S3: a bucket's name may not begin with xn--",
    "a": "OpenSearch and others: too short",
    "a-name-of-21-letters-": "too long",
    "Lab": "ECR, S3, OpenSearch: small letters only",
    "1lab": "CloudFormation: a stack's name begins with a letter",
}
# Installation names that AWS accepts in every resource name. One name has the greatest allowed length.
ALLOWED_WORKSHOPS = ["mysfits", "ab", "a-name-of-20-letters", "lab-2-eu"]
