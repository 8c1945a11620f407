"""Checks that each role has exactly the permissions in a table. A call without a permission would fail only on AWS, and no call would
reveal a superfluous permission."""

import re
import unittest

from authorization import as_list, find_action
from resolved import ACCOUNT, OUTPUTS, REGION, ROOT, all_variants, resolve, resources

TABLE = "MysfitsTable.Arn"
REPOSITORIES = [f"{name}Repository.Arn" for name in ("Like", "Monolith", "MetadataProxy")]
BUILD_REPOSITORIES = [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/mysfits/{name}" for name in ("like-service", "monolith", "build-cache")]
METADATA_PROXY_REPOSITORY = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/mysfits/metadata-proxy"
PUSH_ACTIONS = ("BatchCheckLayerAvailability", "BatchGetImage", "CompleteLayerUpload", "GetDownloadUrlForLayer", "InitiateLayerUpload",
                "PutImage", "UploadLayerPart")
SERVICES = [f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/Cluster-mysfits/Mythical-{name}-Service-mysfits"
            for name in ("Like", "Monolith")]
FAMILIES = [f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/Mythical-{name}-Service-mysfits:*"
            for name in ("Like", "Monolith")]
TASK_ROLES = [OUTPUTS[name] for name in ("TaskExecutionRoleArn", "LikeTaskRoleArn", "MonolithTaskRoleArn")]
DOMAIN = f"arn:aws:es:{REGION}:{ACCOUNT}:domain/mysfits-logs"
GITHUB_PARAMETERS = {"SourceProvider": "GitHub", "GitHubRepository": "somebody/mysfits"}

# Permissions for the calls of the X-Ray daemon and the collector: sending segments, telemetry and spans, and reading sampling rules.
TRACE_PERMISSIONS = {("xray:" + action, "*") for action in
          ("PutTraceSegments", "PutTelemetryRecords", "PutSpans", "PutSpansForIndexing", "GetSamplingRules", "GetSamplingTargets")}
# The calls of the log driver awslogs.
LOG_ACTIONS = ("logs:CreateLogStream", "logs:PutLogEvents")
PIPELINE_PERMISSIONS = {
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
BUILD_PERMISSIONS = {
    ("ecr:GetAuthorizationToken", "*"),
    *((f"ecr:{action}", repository) for repository in BUILD_REPOSITORIES for action in PUSH_ACTIONS),
    *((action, "BuildLogGroup.Arn") for action in LOG_ACTIONS),
    # CodeBuild verifies the owner of a bucket that holds sources or artifacts:
    # https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html
    ("s3:GetBucketAcl", "SourceBucket.Arn"),
    ("s3:GetBucketLocation", "SourceBucket.Arn"),
}
# Users of the log search may read all indexes, and send changes only to paths of OpenSearch Dashboards.
READER_PERMISSIONS = {
    *((f"es:ESHttp{method}", f"{DOMAIN}/*") for method in ("Get", "Head")),
    *((f"es:ESHttp{method}", f"{DOMAIN}/_dashboards/*") for method in ("Delete", "Post", "Put")),
}

# Stack and role -> the role's permissions as pairs of an action and a resource.
ROLE_PERMISSIONS = {
    ("platform", "TaskExecutionRole"): {
        ("ecr:GetAuthorizationToken", "*"),
        *((f"ecr:{action}", repository) for repository in REPOSITORIES
          for action in ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")),
        *((action, f"{name}LogGroup.Arn") for action in LOG_ACTIONS for name in ("Like", "Monolith", "Sidecar")),
    },
    ("platform", "LikeTaskRole"): TRACE_PERMISSIONS,
    ("platform", "MonolithTaskRole"): {
        *((f"dynamodb:{action}", TABLE) for action in ("GetItem", "Scan", "UpdateItem")),
        *(("dynamodb:Query", f"{TABLE}/index/{index}") for index in ("LawChaosIndex", "GoodEvilIndex")),
        *TRACE_PERMISSIONS,
    },
    ("build", "ImagesRole"): BUILD_PERMISSIONS | {
        (action, "SourceBucket.Arn/source.zip") for action in ("s3:GetObject", "s3:GetObjectVersion")
    } | {(f"ecr:{action}", METADATA_PROXY_REPOSITORY) for action in PUSH_ACTIONS},
    # The pipeline does not build the metadata proxy.
    ("build", "PipelineBuildRole"): BUILD_PERMISSIONS | {
        (action, "SourceBucket.Arn/*") for action in ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject")
    },
    ("pipeline", "PipelineRole"): PIPELINE_PERMISSIONS | {
        (f"codecommit:{action}", f"arn:aws:codecommit:{REGION}:{ACCOUNT}:mysfits")
        for action in ("CancelUploadArchive", "GetBranch", "GetCommit", "GetRepository", "GetUploadArchiveStatus", "UploadArchive")
    },
    ("pipeline", "StartRole"): {
        ("codepipeline:StartPipelineExecution", f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:mysfits"),
    },
    ("search", "ReaderRole"): READER_PERMISSIONS,
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
        *((action, "ShipperLogGroup.Arn") for action in LOG_ACTIONS),
    },
    # The setup role has AWS's managed policy AdministratorAccess and no inline policy.
    ("workshop", "SetupRole"): set(),
    ("workshop", "StarterRole"): {
        *((f"codebuild:{action}", "SetupProject.Arn") for action in ("BatchGetBuilds", "ListBuildsForProject", "StartBuild", "StopBuild")),
        *((action, "LogGroup.Arn") for action in LOG_ACTIONS)},
    ("load-generator", "ExecutionRole"): {(action, "LogGroup.Arn") for action in LOG_ACTIONS},
}


# ECS evaluates these actions on "*", although the reference lists a resource type:
# https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-ECS.html#edit-role-ecs
EVALUATED_ON_ALL_RESOURCES = {"ecs:RegisterTaskDefinition", "ecs:DescribeTaskDefinition"}

# Provider of a pipeline action -> the permissions that the pipeline's role needs according to AWS's guide, without batch builds. The
# guide does not mention s3:PutObjectAcl, without which a connection cannot upload the source: https://github.com/aws/aws-cdk/issues/13557
GUIDE = "https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-"
ACTION_PERMISSIONS = {
    "CodeCommit": (GUIDE + "CodeCommit.html#edit-role-codecommit", {
        f"codecommit:{action}" for action in (
            "CancelUploadArchive", "GetBranch", "GetCommit", "GetRepository", "GetUploadArchiveStatus", "UploadArchive")}),
    "CodeStarSourceConnection": (GUIDE + "CodestarConnectionSource.html#edit-role-connections", {"codeconnections:UseConnection", "s3:PutObjectAcl"}),
    "CodeBuild": (GUIDE + "CodeBuild.html#edit-role-codebuild", {"codebuild:BatchGetBuilds", "codebuild:StartBuild"}),
    "ECS": (GUIDE + "ECS.html#edit-role-ecs", {
        "ecs:DescribeTaskDefinition", "ecs:RegisterTaskDefinition", "ecs:DescribeServices", "ecs:UpdateService", "ecs:TagResource",
        "iam:PassRole"}),
}

# Service -> the condition operator for aws:SourceAccount, and the page on which AWS shows that the service sends the key.
# If no page shows this, the operator is StringEqualsIfExists: AWS accepts requests without the key and refuses other accounts.
SOURCE_ACCOUNT_CONDITION = {
    "ecs-tasks.amazonaws.com": ("StringEquals", "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html"),
    "codebuild.amazonaws.com": (
        "StringEquals", "https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html"),
    # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/cognito-auth.html shows the trust policy without the key.
    "opensearchservice.amazonaws.com": ("StringEqualsIfExists", None),
    "codepipeline.amazonaws.com": ("StringEqualsIfExists", None),
    "events.amazonaws.com": ("StringEqualsIfExists", None),
    # Lambda sends no source account when it assumes a function's role.
    "lambda.amazonaws.com": (None, None),
}


def policy_statements(role):
    for policy in role.get("Policies", []):
        yield from policy["PolicyDocument"]["Statement"]


def granted_permissions(role, effect="Allow"):
    return {(action, resource) for each in policy_statements(role) if each["Effect"] == effect
            for action in as_list(each["Action"]) for resource in as_list(each["Resource"])}


def all_roles():
    for stack, _, overrides in all_variants():
        for name, properties in resources(stack, **overrides).items():
            if "AssumeRolePolicyDocument" in properties:
                yield stack, name, properties


class Policies(unittest.TestCase):
    maxDiff = None

    def test_each_role_has_exactly_the_permissions_in_the_table(self):
        for (stack, name), expected in ROLE_PERMISSIONS.items():
            with self.subTest(role=f"{stack}.{name}"):
                self.assertEqual(sorted(expected), sorted(granted_permissions(resources(stack)[name])))

    def test_the_pipeline_role_may_use_only_the_connection_and_repository_of_the_pipeline(self):
        role = resources("pipeline", **GITHUB_PARAMETERS)["PipelineRole"]
        # The action's prefix must be that of the connection's ARN. AWS::CodeConnections::Connection has the prefix codeconnections:
        # https://docs.aws.amazon.com/dtconsole/latest/userguide/rename.html
        self.assertEqual(PIPELINE_PERMISSIONS | {("codeconnections:UseConnection", "Connection"), ("s3:PutObjectAcl", "arn:aws:s3:::source-bucket/*")},
                         granted_permissions(role))
        [use] = [each for each in policy_statements(role) if each["Action"] == "codeconnections:UseConnection"]
        # ForAllValues is true of a request without the key, and StringEquals is false of it:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
        self.assertEqual({"StringEqualsIfExists": {"codeconnections:FullRepositoryId": "somebody/mysfits"}}, use["Condition"])

    def test_the_pipeline_role_has_the_permissions_that_aws_documents_for_each_action(self):
        for overrides in ({}, GITHUB_PARAMETERS):
            properties = resources("pipeline", **overrides)
            actions = {action for action, _ in granted_permissions(properties["PipelineRole"])}
            for stage in properties["Pipeline"]["Stages"]:
                for each in stage["Actions"]:
                    source, needed = ACTION_PERMISSIONS[each["ActionTypeId"]["Provider"]]
                    with self.subTest(source=source):
                        self.assertLessEqual(needed, actions)

    def test_only_the_setup_role_has_a_managed_policy(self):
        managed = {(stack, name): role["ManagedPolicyArns"] for stack, name, role in all_roles() if "ManagedPolicyArns" in role}
        self.assertEqual({("workshop", "SetupRole"): ["arn:aws:iam::aws:policy/AdministratorAccess"]}, managed)

    def test_each_build_project_has_a_separate_role(self):
        properties = resources("build")
        self.assertEqual({"ImagesProject": "ImagesRole.Arn", "PipelineProject": "PipelineBuildRole.Arn"},
                         {name: each["ServiceRole"] for name, each in properties.items() if "ServiceRole" in each})

    def test_every_role_is_in_the_table(self):
        self.assertEqual(set(ROLE_PERMISSIONS), {(stack, name) for stack, name, _ in all_roles()})

    def test_a_statement_names_a_resource_if_and_only_if_its_action_supports_resources(self):
        for stack, name, role in all_roles():
            for action, resource in granted_permissions(role):
                with self.subTest(role=f"{stack}.{name}", action=action):
                    self.assertNotIn("*", action)
                    details = find_action(action)
                    self.assertTrue(details, "there is no such action")
                    supported = {kind["name"] for kind in details["resourceTypes"]}
                    if action in EVALUATED_ON_ALL_RESOURCES:
                        supported = set()
                    if resource == "*":
                        self.assertEqual(set(), supported)
                    else:
                        self.assertNotEqual(set(), supported, "the action is evaluated on '*' only")

    def test_pass_role_statements_name_the_service_that_receives_the_role(self):
        for _, _, role in all_roles():
            for each in policy_statements(role):
                if "iam:PassRole" in as_list(each["Action"]):
                    [(_, key)] = each["Condition"].items()
                    self.assertEqual(["iam:PassedToService"], list(key))

    def test_only_one_service_of_this_account_can_assume_a_role(self):
        for stack, name, role in all_roles():
            [trust] = role["AssumeRolePolicyDocument"]["Statement"]
            with self.subTest(role=f"{stack}.{name}"):
                if "Federated" in trust["Principal"]:
                    self.assertEqual({"cognito-identity.amazonaws.com:aud": "IdentityPool"}, trust["Condition"]["StringEquals"])
                    continue
                operator, _ = SOURCE_ACCOUNT_CONDITION[trust["Principal"]["Service"]]
                expected = {operator: {"aws:SourceAccount": ACCOUNT}} if operator else None
                self.assertEqual(expected, trust.get("Condition"))

    def test_users_of_the_log_search_are_denied_the_known_ways_to_change_an_index(self):
        """The path of an index is /<name>. These plugins of Dashboards forward any request, or a bulk request with any action, to
        any index. Sources of the last three: server/routes of opensearch-project/anomaly-detection-dashboards-plugin and of
        opensearch-project/dashboards-flow-framework."""
        role = resources("search")["ReaderRole"]
        for action, resource in granted_permissions(role):
            if action not in ("es:ESHttpGet", "es:ESHttpHead"):
                self.assertEqual(f"{DOMAIN}/_dashboards/*", resource)
        self.assertEqual({(f"es:ESHttp{method}", f"{DOMAIN}/_dashboards/api/{plugin}/*") for method in ("Delete", "Post", "Put")
                          for plugin in ("console", "ism", "anomaly_detectors", "forecasting", "flow_framework")},
                         granted_permissions(role, "Deny"))

    def test_the_domain_is_created_after_the_user_pool_domain_and_the_identity_pool_roles(self):
        """https://docs.aws.amazon.com/opensearch-service/latest/developerguide/cognito-auth.html: a user pool must have a
        domain and an identity pool its roles before OpenSearch accepts them."""
        self.assertLessEqual({"UserPoolDomain", "IdentityPoolRoles"}, set(resolve("search")["Resources"]["Domain"]["DependsOn"]))

    def test_the_s3_endpoint_accepts_only_credentials_of_this_account(self):
        statements_of_endpoint = resources("network")["S3Endpoint"]["PolicyDocument"]["Statement"]
        for each in statements_of_endpoint:
            with self.subTest(statement=each["Sid"]):
                if each["Action"] == "s3:*":
                    self.assertEqual({"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}, each["Condition"])
                else:
                    self.assertEqual("s3:GetObject", each["Action"])
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html (minimum bucket permissions),
        # https://docs.aws.amazon.com/mgn/latest/ug/preparing-environments.html#Communication-Staging-S3 (package repository of Amazon Linux 2023)
        self.assertEqual({f"arn:aws:s3:::prod-{REGION}-starport-layer-bucket/*", f"arn:aws:s3:::al2023-repos-{REGION}-de612dc2/*"},
                         {each["Resource"] for each in statements_of_endpoint if each["Action"] == "s3:GetObject"})

    def test_the_domains_access_policy_equals_the_permissions_of_its_roles(self):
        properties = resources("search")
        access_policy_permissions = {(each["Principal"]["AWS"], action, each["Resource"])
                  for each in properties["Domain"]["AccessPolicies"]["Statement"] for action in as_list(each["Action"])}
        self.assertEqual(
            {("ReaderRole.Arn", action, resource) for action, resource in READER_PERMISSIONS}
            | {("ShipperRole.Arn", "es:ESHttpPost", f"{DOMAIN}/_bulk")}, access_policy_permissions)


class Calls(unittest.TestCase):
    """Checks that the table contains a permission for every AWS call of the code."""

    def test_the_monoliths_role_allows_every_dynamodb_call_of_its_code(self):
        store = (ROOT / "monolith/src/store.rs").read_text()
        # `config` returns the client's configuration without a call.
        calls = set(re.findall(r"\bclient(?:_without_retries)?\s*\.(\w+)\(\)", store)) - {"config"}
        actions = {"dynamodb:" + "".join(word.title() for word in call.split("_")) for call in calls}
        permitted = {action for action, _ in ROLE_PERMISSIONS["platform", "MonolithTaskRole"] if action.startswith("dynamodb:")}
        self.assertEqual(permitted, actions)

    def test_the_build_roles_allow_every_aws_call_of_build_images(self):
        script = (ROOT / "infra/script/build-images").read_text()
        calls = set(re.findall(r"\baws (\S+ \S+)", script))
        actions = {"ecr get-login-password": "ecr:GetAuthorizationToken", "ecr batch-get-image": "ecr:BatchGetImage"}
        self.assertEqual(set(actions), calls)
        self.assertLessEqual(set(actions.values()), {action for action, _ in BUILD_PERMISSIONS})


if __name__ == "__main__":
    unittest.main()
