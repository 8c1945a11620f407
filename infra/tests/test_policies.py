"""Who may do what: a table of what each role is for, held against the policies. What is missing there would fail on AWS
only, and what is more would never be noticed at all; so the two must be the same."""

import re
import unittest

from policy_sentry.querying.actions import get_action_data
from resolved import ACCOUNT, OUTPUTS, REGION, ROOT, every_variant, resources

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

# What the X-Ray daemon, or the collector in its place, asks for: segments, its own state, rules and quotas for sampling.
TRACES = {("xray:" + action, "*") for action in
          ("PutTraceSegments", "PutTelemetryRecords", "GetSamplingRules", "GetSamplingTargets")}
# A log driver's.
LINES = ("logs:CreateLogStream", "logs:PutLogEvents")
PIPELINE = {
    *((action, "arn:aws:s3:::source-bucket/*") for action in ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject")),
    *((action, "arn:aws:s3:::source-bucket") for action in ("s3:GetBucketLocation", "s3:GetBucketVersioning")),
    *((action, f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/mysfits-pipeline")
      for action in ("codebuild:StartBuild", "codebuild:BatchGetBuilds")),
    *((action, service) for action in ("ecs:DescribeServices", "ecs:UpdateService") for service in SERVICES),
    ("ecs:DescribeTaskDefinition", "*"),
    *((action, family) for action in ("ecs:RegisterTaskDefinition", "ecs:TagResource") for family in FAMILIES),
    *(("iam:PassRole", role) for role in TASK_ROLES),
}
SEARCH = [f"es:ESHttp{method}" for method in ("Delete", "Get", "Head", "Post", "Put")]

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
    ("build", "BuildRole"): {
        ("ecr:GetAuthorizationToken", "*"),
        *((f"ecr:{action}", repository) for repository in BUILD_REPOSITORIES for action in (
            "BatchCheckLayerAvailability", "BatchGetImage", "CompleteLayerUpload", "GetDownloadUrlForLayer",
            "InitiateLayerUpload", "PutImage", "UploadLayerPart")),
        *((action, "BuildLogGroup.Arn") for action in LINES),
        *((action, "SourceBucket.Arn/*") for action in ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject")),
        ("s3:GetBucketLocation", "SourceBucket.Arn"),
    },
    ("pipeline", "PipelineRole"): PIPELINE | {
        (f"codecommit:{action}", "Repository.Arn")
        for action in ("CancelUploadArchive", "GetBranch", "GetCommit", "GetUploadArchiveStatus", "UploadArchive")
    },
    ("pipeline", "StartRole"): {
        ("codepipeline:StartPipelineExecution", f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:mysfits"),
    },
    ("search", "ReaderRole"): {(action, f"{DOMAIN}/*") for action in SEARCH},
    ("search", "DomainRole"): {
        *((f"cognito-idp:{action}", "UserPool.Arn") for action in (
            "AdminInitiateAuth", "AdminUserGlobalSignOut", "CreateUserPoolClient", "DeleteUserPoolClient",
            "DescribeUserPool", "DescribeUserPoolClient", "ListUserPoolClients")),
        *((f"cognito-identity:{action}", f"arn:aws:cognito-identity:{REGION}:{ACCOUNT}:identitypool/IdentityPool")
          for action in ("DescribeIdentityPool", "GetIdentityPoolRoles", "SetIdentityPoolRoles", "UpdateIdentityPool")),
        ("iam:PassRole", "ReaderRole.Arn"),
    },
    ("search", "ShipperRole"): {
        ("es:ESHttpPost", f"{DOMAIN}/_bulk"),
        *((action, "ShipperLogGroup.Arn") for action in LINES),
    },
    ("load-generator", "ExecutionRole"): {(action, "LogGroup.Arn") for action in LINES},
}


def listed(value):
    return value if isinstance(value, list) else [value]


def statements(role):
    for policy in role["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def allowed(role):
    return {(action, resource) for each in statements(role)
            for action in listed(each["Action"]) for resource in listed(each["Resource"])}


def roles():
    for stack, _, chosen in every_variant():
        for name, made in resources(stack, **chosen).items():
            if "AssumeRolePolicyDocument" in made:
                yield stack, name, made


class Policies(unittest.TestCase):
    maxDiff = None

    def test_each_role_may_do_what_it_is_for_and_nothing_else(self):
        for (stack, name), wanted in WANTED.items():
            with self.subTest(role=f"{stack}.{name}"):
                self.assertEqual(sorted(wanted), sorted(allowed(resources(stack)[name])))

    def test_the_pipeline_reads_github_through_its_own_connection_only(self):
        role = resources("pipeline", **GITHUB)["PipelineRole"]
        self.assertEqual(PIPELINE | {("codestar-connections:UseConnection", "Connection")}, allowed(role))
        [use] = [each for each in statements(role) if each["Action"] == "codestar-connections:UseConnection"]
        self.assertIn("somebody/mysfits", str(use["Condition"]))

    def test_no_role_is_left_out_of_the_table(self):
        self.assertEqual(set(WANTED), {(stack, name) for stack, name, _ in roles()})

    def test_every_resource_is_named_where_the_action_knows_resources(self):
        for stack, name, role in roles():
            for action, resource in allowed(role):
                with self.subTest(role=f"{stack}.{name}", action=action):
                    self.assertNotIn("*", action)
                    service, verb = action.split(":")
                    data = get_action_data(service, verb)
                    self.assertTrue(data, "there is no such action")
                    knows = {kind["resource_arn_format"] for kind in data[service]} - {"*"}
                    if resource == "*":
                        self.assertEqual(set(), knows)

    def test_a_role_is_passed_to_named_services_only(self):
        for _, _, role in roles():
            for each in statements(role):
                if "iam:PassRole" in listed(each["Action"]):
                    [(_, services)] = each["Condition"].items()
                    self.assertEqual(["iam:PassedToService"], list(services))

    def test_a_role_is_taken_by_one_service_of_this_account_only(self):
        for stack, name, role in roles():
            [trust] = role["AssumeRolePolicyDocument"]["Statement"]
            self.assertNotIn("*", str(trust["Principal"]))
            # Lambda says no source account, and a signed-in person comes with a token of this identity pool.
            if name not in ("ShipperRole", "ReaderRole"):
                self.assertEqual(ACCOUNT, trust["Condition"]["StringEquals"]["aws:SourceAccount"], f"{stack}.{name}")

    def test_the_domain_lets_in_those_whom_its_roles_let_out(self):
        made = resources("search")
        opened = {(each["Principal"]["AWS"], action, each["Resource"])
                  for each in made["Domain"]["AccessPolicies"]["Statement"] for action in listed(each["Action"])}
        self.assertEqual(
            {("ReaderRole.Arn", action, f"{DOMAIN}/*") for action in SEARCH}
            | {("ShipperRole.Arn", "es:ESHttpPost", f"{DOMAIN}/_bulk")}, opened)


class Calls(unittest.TestCase):
    """What the code calls is in the table."""

    def test_of_the_monolith(self):
        store = (ROOT / "monolith/src/store.rs").read_text()
        calls = set(re.findall(r"\bclient\s*\.(\w+)\(\)", store))
        actions = {"dynamodb:" + "".join(word.title() for word in call.split("_")) for call in calls}
        may = {action for action, _ in WANTED["platform", "MonolithTaskRole"] if action.startswith("dynamodb:")}
        self.assertEqual(may, actions)

    def test_of_the_build(self):
        script = (ROOT / "infra/script/build-images").read_text()
        calls = set(re.findall(r"\baws (\S+ \S+)", script))
        actions = {"ecr get-login-password": "ecr:GetAuthorizationToken", "ecr batch-get-image": "ecr:BatchGetImage"}
        self.assertEqual(set(actions), calls)
        self.assertLessEqual(set(actions.values()), {action for action, _ in WANTED["build", "BuildRole"]})


if __name__ == "__main__":
    unittest.main()
