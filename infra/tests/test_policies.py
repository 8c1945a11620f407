"""The permissions of each role. A table lists what each role needs, and the policies must grant exactly this: a missing
permission would fail only on AWS, and a superfluous one would never be noticed."""

import re
import unittest

from authorization import action_details, listed
from resolved import ACCOUNT, OUTPUTS, REGION, ROOT, every_variant, resolve, resources

TABLE = "MysfitsTable.Arn"
REPOSITORIES = [f"{name}Repository.Arn" for name in ("Like", "Monolith", "MetadataProxy")]
BUILD_REPOSITORIES = [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/mysfits/{name}"
                      for name in ("like-service", "monolith", "metadata-proxy", "build-cache")]
SERVICES = [f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/Cluster-mysfits/Mythical-{name}-Service-mysfits"
            for name in ("Like", "Monolith")]
FAMILIES = [f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/Mythical-{name}-Service-mysfits:*"
            for name in ("Like", "Monolith")]
TASK_ROLES = [OUTPUTS[name] for name in ("TaskExecutionRoleArn", "LikeTaskRoleArn", "MonolithTaskRoleArn")]
DOMAIN = f"arn:aws:es:{REGION}:{ACCOUNT}:domain/mysfits-logs"
GITHUB = {"SourceProvider": "GitHub", "GitHubRepository": "somebody/mysfits"}

# The calls of the X-Ray daemon and of the collector: segments, the daemon's own state, spans for the OTLP endpoint, sampling.
TRACES = {("xray:" + action, "*") for action in
          ("PutTraceSegments", "PutTelemetryRecords", "PutSpans", "PutSpansForIndexing", "GetSamplingRules", "GetSamplingTargets")}
# The calls of the log driver awslogs.
LINES = ("logs:CreateLogStream", "logs:PutLogEvents")
PIPELINE = {
    *((action, "arn:aws:s3:::source-bucket/*") for action in ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject")),
    *((action, "arn:aws:s3:::source-bucket") for action in ("s3:GetBucketLocation", "s3:GetBucketVersioning")),
    *((action, f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/mysfits-pipeline")
      for action in ("codebuild:StartBuild", "codebuild:BatchGetBuilds")),
    *((action, service) for action in ("ecs:DescribeServices", "ecs:UpdateService") for service in SERVICES),
    ("ecs:DescribeTaskDefinition", "*"),
    ("ecs:RegisterTaskDefinition", "*"),
    *(("ecs:TagResource", family) for family in FAMILIES),
    *(("iam:PassRole", role) for role in TASK_ROLES),
}
BUILD = {
    ("ecr:GetAuthorizationToken", "*"),
    *((f"ecr:{action}", repository) for repository in BUILD_REPOSITORIES for action in (
        "BatchCheckLayerAvailability", "BatchGetImage", "CompleteLayerUpload", "GetDownloadUrlForLayer",
        "InitiateLayerUpload", "PutImage", "UploadLayerPart")),
    *((action, "BuildLogGroup.Arn") for action in LINES),
    # CodeBuild verifies the owner of a bucket that holds sources or artifacts:
    # https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html
    ("s3:GetBucketAcl", "SourceBucket.Arn"),
    ("s3:GetBucketLocation", "SourceBucket.Arn"),
}
# Signed-in people read everything, and change only what Dashboards keeps for itself.
SEARCH = {
    *((f"es:ESHttp{method}", f"{DOMAIN}/*") for method in ("Get", "Head")),
    *((f"es:ESHttp{method}", f"{DOMAIN}/_dashboards/*") for method in ("Delete", "Post", "Put")),
}

# Stack and role -> every action on every resource.
WANTED = {
    ("platform", "TaskExecutionRole"): {
        ("ecr:GetAuthorizationToken", "*"),
        *((f"ecr:{action}", repository) for repository in REPOSITORIES
          for action in ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")),
        *((action, f"{name}LogGroup.Arn") for action in LINES for name in ("Like", "Monolith", "Sidecar")),
    },
    ("platform", "LikeTaskRole"): TRACES,
    ("platform", "MonolithTaskRole"): {
        *((f"dynamodb:{action}", TABLE) for action in ("GetItem", "Scan", "UpdateItem")),
        *(("dynamodb:Query", f"{TABLE}/index/{index}") for index in ("LawChaosIndex", "GoodEvilIndex")),
        *TRACES,
    },
    ("build", "ImagesRole"): BUILD | {
        (action, "SourceBucket.Arn/source.zip") for action in ("s3:GetObject", "s3:GetObjectVersion")
    },
    ("build", "PipelineBuildRole"): BUILD | {
        (action, "SourceBucket.Arn/*") for action in ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject")
    },
    ("pipeline", "PipelineRole"): PIPELINE | {
        (f"codecommit:{action}", f"arn:aws:codecommit:{REGION}:{ACCOUNT}:mysfits")
        for action in ("CancelUploadArchive", "GetBranch", "GetCommit", "GetRepository", "GetUploadArchiveStatus", "UploadArchive")
    },
    ("pipeline", "StartRole"): {
        ("codepipeline:StartPipelineExecution", f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:mysfits"),
    },
    ("search", "ReaderRole"): SEARCH,
    ("search", "DomainRole"): {
        *((f"cognito-idp:{action}", "UserPool.Arn") for action in (
            "AdminInitiateAuth", "AdminUserGlobalSignOut", "CreateUserPoolClient", "DeleteUserPoolClient",
            "DescribeUserPool", "DescribeUserPoolClient", "ListUserPoolClients", "UpdateUserPoolClient")),
        *((f"cognito-identity:{action}", f"arn:aws:cognito-identity:{REGION}:{ACCOUNT}:identitypool/IdentityPool")
          for action in ("DescribeIdentityPool", "GetIdentityPoolRoles", "UpdateIdentityPool")),
        ("cognito-identity:SetIdentityPoolRoles", "*"),
        ("iam:PassRole", "ReaderRole.Arn"),
    },
    ("search", "ShipperRole"): {
        ("es:ESHttpPost", f"{DOMAIN}/_bulk"),
        *((action, "ShipperLogGroup.Arn") for action in LINES),
    },
    # Set-up creates everything: its policy is AWS's AdministratorAccess, and nothing of its own.
    ("workshop", "SetupRole"): set(),
    ("workshop", "StarterRole"): {
        ("codebuild:StartBuild", "SetupProject.Arn"), *((action, "LogGroup.Arn") for action in LINES)},
    ("load-generator", "ExecutionRole"): {(action, "LogGroup.Arn") for action in LINES},
}


# AWS's own policy has these on "*", and ECS reports their denials there, although its reference lists a resource type:
# https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-ECS.html#edit-role-ecs
EVALUATED_ON_ALL_RESOURCES = {"ecs:RegisterTaskDefinition", "ecs:DescribeTaskDefinition"}

# Provider of a pipeline's action -> what AWS's guide says its role needs. The permissions of batch builds are left out.
GUIDE = "https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-"
ACTION_PERMISSIONS = {
    "CodeCommit": (GUIDE + "CodeCommit.html#edit-role-codecommit", {
        f"codecommit:{action}" for action in (
            "CancelUploadArchive", "GetBranch", "GetCommit", "GetRepository", "GetUploadArchiveStatus", "UploadArchive")}),
    "CodeStarSourceConnection": (GUIDE + "CodestarConnectionSource.html#edit-role-connections", {"codeconnections:UseConnection"}),
    "CodeBuild": (GUIDE + "CodeBuild.html#edit-role-codebuild", {"codebuild:BatchGetBuilds", "codebuild:StartBuild"}),
    "ECS": (GUIDE + "ECS.html#edit-role-ecs", {
        "ecs:DescribeTaskDefinition", "ecs:RegisterTaskDefinition", "ecs:DescribeServices", "ecs:UpdateService", "ecs:TagResource",
        "iam:PassRole"}),
}

# Service -> the condition operator for aws:SourceAccount, and the page on which AWS shows that the service sends the key.
# IfExists where no page shows it: a request without the key is admitted, and a request from another account is not.
SOURCE_ACCOUNT_CONDITION = {
    "ecs-tasks.amazonaws.com": ("StringEquals", "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html"),
    "codebuild.amazonaws.com": (
        "StringEquals", "https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html"),
    "opensearchservice.amazonaws.com": (
        "StringEquals", "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/cognito-auth.html"),
    "codepipeline.amazonaws.com": ("StringEqualsIfExists", None),
    "events.amazonaws.com": ("StringEqualsIfExists", None),
    # Lambda sends no source account when it assumes a function's role.
    "lambda.amazonaws.com": (None, None),
}


def statements(role):
    for policy in role.get("Policies", []):
        yield from policy["PolicyDocument"]["Statement"]


def granted(role, effect="Allow"):
    return {(action, resource) for each in statements(role) if each["Effect"] == effect
            for action in listed(each["Action"]) for resource in listed(each["Resource"])}


def roles():
    for stack, _, chosen in every_variant():
        for name, made in resources(stack, **chosen).items():
            if "AssumeRolePolicyDocument" in made:
                yield stack, name, made


class Policies(unittest.TestCase):
    maxDiff = None

    def test_each_role_has_exactly_the_permissions_of_the_table(self):
        for (stack, name), wanted in WANTED.items():
            with self.subTest(role=f"{stack}.{name}"):
                self.assertEqual(sorted(wanted), sorted(granted(resources(stack)[name])))

    def test_the_pipelines_role_may_use_only_its_own_connection_and_repository(self):
        role = resources("pipeline", **GITHUB)["PipelineRole"]
        # The prefix is that of the connection's ARN, and CloudFormation makes connections with codeconnections ARNs:
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-codeconnections-connection.html
        self.assertEqual(PIPELINE | {("codeconnections:UseConnection", "Connection")}, granted(role))
        [use] = [each for each in statements(role) if each["Action"] == "codeconnections:UseConnection"]
        # ForAllValues is true of a request without the key, and StringEquals is false of it:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
        self.assertEqual({"StringEqualsIfExists": {"codeconnections:FullRepositoryId": "somebody/mysfits"}}, use["Condition"])

    def test_the_pipelines_role_has_what_aws_lists_for_each_of_its_actions(self):
        for chosen in ({}, GITHUB):
            made = resources("pipeline", **chosen)
            actions = {action for action, _ in granted(made["PipelineRole"])}
            for stage in made["Pipeline"]["Stages"]:
                for each in stage["Actions"]:
                    source, needed = ACTION_PERMISSIONS[each["ActionTypeId"]["Provider"]]
                    with self.subTest(source=source):
                        self.assertLessEqual(needed, actions)

    def test_only_the_role_that_sets_everything_up_has_a_managed_policy(self):
        managed = {(stack, name): role["ManagedPolicyArns"] for stack, name, role in roles() if "ManagedPolicyArns" in role}
        self.assertEqual({("workshop", "SetupRole"): ["arn:aws:iam::aws:policy/AdministratorAccess"]}, managed)

    def test_each_build_project_has_a_role_of_its_own(self):
        made = resources("build")
        self.assertEqual({"ImagesProject": "ImagesRole.Arn", "PipelineProject": "PipelineBuildRole.Arn"},
                         {name: each["ServiceRole"] for name, each in made.items() if "ServiceRole" in each})

    def test_every_role_is_in_the_table(self):
        self.assertEqual(set(WANTED), {(stack, name) for stack, name, _ in roles()})

    def test_a_resource_is_named_exactly_where_the_action_supports_resources(self):
        for stack, name, role in roles():
            for action, resource in granted(role):
                with self.subTest(role=f"{stack}.{name}", action=action):
                    self.assertNotIn("*", action)
                    details = action_details(action)
                    self.assertTrue(details, "there is no such action")
                    supported = {kind["name"] for kind in details["resourceTypes"]}
                    if action in EVALUATED_ON_ALL_RESOURCES:
                        supported = set()
                    if resource == "*":
                        self.assertEqual(set(), supported)
                    else:
                        self.assertNotEqual(set(), supported, "the action is evaluated on '*' only")

    def test_a_role_is_passed_to_named_services_only(self):
        for _, _, role in roles():
            for each in statements(role):
                if "iam:PassRole" in listed(each["Action"]):
                    [(_, key)] = each["Condition"].items()
                    self.assertEqual(["iam:PassedToService"], list(key))

    def test_a_role_is_assumed_by_one_service_of_this_account_only(self):
        for stack, name, role in roles():
            [trust] = role["AssumeRolePolicyDocument"]["Statement"]
            with self.subTest(role=f"{stack}.{name}"):
                if "Federated" in trust["Principal"]:
                    self.assertEqual({"cognito-identity.amazonaws.com:aud": "IdentityPool"}, trust["Condition"]["StringEquals"])
                    continue
                operator, _ = SOURCE_ACCOUNT_CONDITION[trust["Principal"]["Service"]]
                wanted = {operator: {"aws:SourceAccount": ACCOUNT}} if operator else None
                self.assertEqual(wanted, trust.get("Condition"))

    def test_no_signed_in_person_can_delete_an_index(self):
        """An index is at /<name>. Dashboards' console and index management wrap any request into a POST to themselves."""
        role = resources("search")["ReaderRole"]
        for action, resource in granted(role):
            if action not in ("es:ESHttpGet", "es:ESHttpHead"):
                self.assertEqual(f"{DOMAIN}/_dashboards/*", resource)
        self.assertLessEqual({("es:ESHttpPost", f"{DOMAIN}/_dashboards/api/{part}/*") for part in ("console", "ism")},
                             granted(role, "Deny"))

    def test_the_domain_is_created_after_the_sign_in_is_complete(self):
        """https://docs.aws.amazon.com/opensearch-service/latest/developerguide/cognito-auth.html: a user pool must have a
        domain and an identity pool its roles before OpenSearch accepts them."""
        self.assertLessEqual({"UserPoolDomain", "IdentityPoolRoles"}, set(resolve("search")["Resources"]["Domain"]["DependsOn"]))

    def test_data_leaves_through_the_s3_endpoint_only_with_credentials_of_this_account(self):
        statements_of_endpoint = resources("network")["S3Endpoint"]["PolicyDocument"]["Statement"]
        for each in statements_of_endpoint:
            with self.subTest(statement=each["Sid"]):
                if each["Action"] == "s3:*":
                    self.assertEqual({"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}, each["Condition"])
                else:
                    self.assertEqual("s3:GetObject", each["Action"])
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html (minimum bucket permissions),
        # https://docs.aws.amazon.com/linux/al2023/ug/deterministic-upgrades-usage.html (package repositories)
        self.assertEqual({f"arn:aws:s3:::prod-{REGION}-starport-layer-bucket/*", f"arn:aws:s3:::al2023-repos-{REGION}-de612dc2/*"},
                         {each["Resource"] for each in statements_of_endpoint if each["Action"] == "s3:GetObject"})

    def test_the_domains_access_policy_equals_the_permissions_of_its_roles(self):
        made = resources("search")
        opened = {(each["Principal"]["AWS"], action, each["Resource"])
                  for each in made["Domain"]["AccessPolicies"]["Statement"] for action in listed(each["Action"])}
        self.assertEqual(
            {("ReaderRole.Arn", action, resource) for action, resource in SEARCH}
            | {("ShipperRole.Arn", "es:ESHttpPost", f"{DOMAIN}/_bulk")}, opened)


class Calls(unittest.TestCase):
    """Every call that the code makes is in the table."""

    def test_the_monoliths_role_allows_every_dynamodb_call_of_its_code(self):
        store = (ROOT / "monolith/src/store.rs").read_text()
        calls = set(re.findall(r"\bclient\s*\.(\w+)\(\)", store))
        actions = {"dynamodb:" + "".join(word.title() for word in call.split("_")) for call in calls}
        may = {action for action, _ in WANTED["platform", "MonolithTaskRole"] if action.startswith("dynamodb:")}
        self.assertEqual(may, actions)

    def test_the_build_roles_allow_every_aws_call_of_build_images(self):
        script = (ROOT / "infra/script/build-images").read_text()
        calls = set(re.findall(r"\baws (\S+ \S+)", script))
        actions = {"ecr get-login-password": "ecr:GetAuthorizationToken", "ecr batch-get-image": "ecr:BatchGetImage"}
        self.assertEqual(set(actions), calls)
        self.assertLessEqual(set(actions.values()), {action for action, _ in BUILD})


if __name__ == "__main__":
    unittest.main()
