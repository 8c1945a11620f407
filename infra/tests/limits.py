"""Limits of property values that AWS's services check when a stack is created, and that no linter knows: one row each.

A row names a resource type, a JMESPath into its properties, and the pattern that every value found there must match as a
whole. `refused` is a value that the service refuses: it proves that the pattern does too."""

from typing import NamedTuple


class Limit(NamedTuple):
    kind: str
    path: str
    pattern: str
    refused: str
    source: str


# Rules that name a group or a prefix list may not have '&', which others may: the narrower set serves for all.
RULE_DESCRIPTION = r"[a-zA-Z0-9. _\-:/()#,@\[\]+=;{}!$*]{1,255}"
RULE_SOURCE = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_UserIdGroupPair.html (Description), API_IpRange.html"
# Of the prefix of a hosted sign-in page.
NO_AWS_WORDS = r"(?!.*(?:aws|amazon|cognito))"

LIMITS = [
    Limit("AWS::EC2::SecurityGroup", "GroupDescription", RULE_DESCRIPTION, "the services' tasks",
          "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html (GroupDescription)"),
    Limit("AWS::EC2::SecurityGroup", "SecurityGroupIngress[].Description", RULE_DESCRIPTION, "a & b", RULE_SOURCE),
    Limit("AWS::EC2::SecurityGroup", "SecurityGroupEgress[].Description", RULE_DESCRIPTION, "the services' tasks", RULE_SOURCE),
    Limit("AWS::EC2::SecurityGroupIngress", "Description", RULE_DESCRIPTION, 'the "shells"', RULE_SOURCE),
    Limit("AWS::EC2::SecurityGroupEgress", "Description", RULE_DESCRIPTION, "a % b", RULE_SOURCE),
    Limit("AWS::ECR::Repository", "RepositoryName",
          r"(?=.{2,256}$)[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*", "lab-/monolith",
          "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html (repositoryName)"),
    Limit("AWS::Cognito::UserPoolDomain", "Domain", NO_AWS_WORDS + r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?", "my-aws-lab-123456789012",
          "https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain-prefix.html; "
          "API_CreateUserPoolDomain.html (Domain)"),
    Limit("AWS::OpenSearchService::Domain", "DomainName", r"[a-z][a-z0-9\-]{2,27}", "Logs",
          "https://docs.aws.amazon.com/opensearch-service/latest/APIReference/API_CreateDomain.html (DomainName)"),
    Limit("AWS::CodeConnections::Connection", "ConnectionName", r".{1,32}", "x" * 33,
          "https://docs.aws.amazon.com/codeconnections/latest/APIReference/API_CreateConnection.html (ConnectionName)"),
    Limit("AWS::XRay::Group", "GroupName", r".{1,32}", "x" * 33,
          "https://docs.aws.amazon.com/xray/latest/api/API_CreateGroup.html (GroupName)"),
    Limit("AWS::XRay::SamplingRule", "SamplingRule.RuleName", r".{1,32}", "x" * 33,
          "https://docs.aws.amazon.com/xray/latest/api/API_SamplingRule.html (RuleName)"),
    # CloudFormation names a group without GroupName after its stack, and no group's name may begin so.
    Limit("AWS::EC2::SecurityGroup", "Tags[?Key=='Name'].Value", r"(?!sg-).{1,255}", "sg-lab-shell",
          "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html (GroupName)"),
]

# Names of installations that some derived name cannot take, and why.
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
# Names that everything derived from them can take: the longest among them.
ALLOWED_WORKSHOPS = ["mysfits", "ab", "a-name-of-20-letters", "lab-2-eu"]
