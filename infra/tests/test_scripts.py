"""The scripts before a program `aws` that gives answers which no emulator gives: failed rollbacks, quotas, second pages,
resources that the tagging API still lists."""

import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from aws_server import directory_of_aws
from resolved import ROOT

ACCOUNT = "123456789012"
REGION = "eu-west-1"
STACKS = ["network", "platform", "build", "services", "pipeline", "observability", "site"]
OUTPUTS = {
    "VpcId": "vpc-1", "SourceBucket": "source-bucket", "ImagesProject": "mysfits-images", "SiteBucket": "site-bucket",
    "LikeServiceName": "Mythical-Like-Service-mysfits", "LoadBalancerDNS": "lb.example.com", "DynamoTable": "MysfitsTable-mysfits",
    "LikeTaskDefinition": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/Mythical-Like-Service-mysfits:1",
    "MonolithTaskDefinition": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/Mythical-Monolith-Service-mysfits:1",
}


def described_stacks(**status):
    """What DescribeStacks answers: every stack is complete unless `status` says otherwise; None is no stack."""
    known = {**dict.fromkeys(STACKS, "CREATE_COMPLETE"), **status}
    stacks = [{"StackName": f"mysfits-{name}", "StackStatus": value, "Outputs": []} for name, value in known.items() if value]
    stacks[0]["Outputs"] = [{"OutputKey": key, "OutputValue": value} for key, value in OUTPUTS.items()]
    return ["^cloudformation describe-stacks --output", {"Stacks": stacks}]


NO_STACKS = ["^cloudformation describe-stacks --output", {"Stacks": []}]
ZONES = [{"ZoneId": zone, "ZoneName": f"{REGION}{letter}"} for zone, letter in (("use1-az3", "a"), ("use1-az2", "b"), ("use1-az5", "c"))]


def found(arns):
    return ["^resourcegroupstaggingapi", {"ResourceTagMappingList": [{"ResourceARN": each} for each in arns]}]


def service(revision, count=2):
    return {"services": [{"status": "ACTIVE", "taskDefinition": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/x:{revision}",
                          "desiredCount": count}]}


def task(*containers):
    return {"taskDefinition": {"containerDefinitions": list(containers)}}


def container(name, image="image:1", **variables):
    return {"name": name, "image": image, "environment": [{"name": key, "value": value} for key, value in variables.items()]}


HEALTHY = [
    ["^sts get-caller-identity", {"Arn": f"arn:aws:iam::{ACCOUNT}:user/host"}],
    ["^ec2 describe-availability-zones", {"AvailabilityZones": ZONES}],
    ["^service-quotas", {"Quota": {"Value": 30.0}}],
    ["^ec2 describe-(vpcs|internet-gateways|addresses)", {"Vpcs": [], "InternetGateways": [], "Addresses": []}],
    ["^xray get-trace-segment-destination", {"Destination": "XRay", "Status": "ACTIVE"}],
    ["^ecs describe-services", service(1)],
    ["^ecs describe-task-definition", task(container("like-service"), container("monolith-service"))],
]


class Scripts(unittest.TestCase):
    def run_script(self, name, *options, answers, code=0, typed=None):
        """Runs a script; returns what it printed and its calls of `aws`."""
        with tempfile.TemporaryDirectory() as directory:
            place = Path(directory)
            (place / "answers").write_text(json.dumps(answers))
            (place / "calls").touch()
            environment = {**os.environ, "PATH": f"{directory_of_aws()}:{os.environ['PATH']}", "FAKE_AWS_ANSWERS": str(place / "answers"),
                           "FAKE_AWS_CALLS": str(place / "calls"), "MYSFITS_POLL_SECONDS": "0", "MYSFITS_TRIES": "1"}
            done = subprocess.run(
                ["bash", ROOT / "infra/script" / name, "--stack", "mysfits", "--region", REGION, *options], env=environment,
                check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300,
                **({"input": typed} if typed else {"stdin": subprocess.DEVNULL}))
            self.assertEqual(code, done.returncode, done.stdout)
            return done.stdout, (place / "calls").read_text().splitlines()


class CleanUp(Scripts):
    # One of each type that the stacks create, and how its service says that it does not exist.
    DELETED = {
        f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/MysfitsTable-mysfits": ("dynamodb describe-table", "ResourceNotFoundException"),
        f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-1": ("ec2 describe-vpcs", "InvalidVpcID.NotFound"),
        f"arn:aws:ec2:{REGION}:{ACCOUNT}:natgateway/nat-1": ("ec2 describe-nat-gateways", {"NatGateways": [{"State": "deleted"}]}),
        f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/sg-1": ("ec2 describe-security-groups", "InvalidGroup.NotFound"),
        f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/mysfits/monolith": ("ecr describe-repositories", "RepositoryNotFoundException"),
        f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/Cluster-mysfits": (
            "ecs describe-clusters", {"clusters": [{"status": "INACTIVE", "clusterName": "Cluster-mysfits"}]}),
        f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/Cluster-mysfits/x": ("ecs describe-services", "ClusterNotFoundException"),
        f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/x:1": (
            "ecs describe-task-definition", {"taskDefinition": {"status": "INACTIVE", "family": "x"}}),
        f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/app/x/1": ("elbv2 describe-load-balancers", "LoadBalancerNotFound"),
        f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:mysfits-build": ("logs describe-log-groups", {"logGroups": []}),
        "arn:aws:s3:::site-bucket": ("s3api get-bucket-location", "NoSuchBucket"),
        f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/mysfits-images": ("codebuild batch-get-projects", {"projects": []}),
        f"arn:aws:codecommit:{REGION}:{ACCOUNT}:mysfits": ("codecommit get-repository", "RepositoryDoesNotExistException"),
        f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:mysfits": ("codepipeline get-pipeline", "PipelineNotFoundException"),
        f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:mysfits-LikesFail": ("cloudwatch describe-alarms", {"MetricAlarms": []}),
        f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/mysfits-network/1": (
            "cloudformation describe-stacks --stack-name", {"Stacks": [{"StackStatus": "DELETE_COMPLETE"}]}),
        f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{REGION}_1": ("cognito-idp describe-user-pool", "ResourceNotFoundException"),
        f"arn:aws:es:{REGION}:{ACCOUNT}:domain/mysfits-logs": ("opensearch describe-domain", {"DomainStatus": {"Deleted": True}}),
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:mysfits-shipper": ("lambda get-function", "ResourceNotFoundException"),
    }

    def answers(self, table):
        return [[f"^{command}", answer if isinstance(answer, dict) else {"error": f"An error occurred ({answer}) when calling"}]
                for command, answer in table.values()]

    def test_resources_that_the_tagging_api_still_lists_after_their_deletion_are_not_reported(self):
        """GetResources returns "tagged or previously tagged resources":
        https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html"""
        said, _ = self.run_script("cleanup", "--yes", answers=[NO_STACKS, found(self.DELETED), *self.answers(self.DELETED)])
        self.assertIn("No resource of 'mysfits' remains", said)

    def test_resources_that_still_exist_and_unknown_types_are_reported(self):
        vpc, unknown = f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-1", f"arn:aws:mystery:{REGION}:{ACCOUNT}:thing/1"
        answers = [NO_STACKS, found([*self.DELETED, unknown]), ["^ec2 describe-vpcs", {"Vpcs": [{"VpcId": "vpc-1"}]}],
                   *self.answers(self.DELETED)]
        said, _ = self.run_script("cleanup", "--yes", answers=answers, code=1)
        reported = [line.strip() for line in said.splitlines() if line.startswith("  arn:")]
        self.assertEqual([vpc, unknown], reported)

    def test_a_service_that_refuses_the_question_does_not_prove_that_a_resource_is_deleted(self):
        table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/MysfitsTable-mysfits"
        answers = [NO_STACKS, found([table]), ["^dynamodb describe-table", {"error": "An error occurred (AccessDeniedException)"}]]
        said, _ = self.run_script("cleanup", "--yes", answers=answers, code=1)
        self.assertIn(f"  {table}", said)

    def test_log_groups_and_task_definitions_of_longer_names_are_not_touched(self):
        """An installation 'mysfits-build' and a project '/aws/codebuild/mysfits-other' are not of 'mysfits'."""
        own = ["mysfits-build", "mysfits-MythicalLikeLogGroup", "/aws/codebuild/mysfits-images",
               "/aws/ecs/containerinsights/Cluster-mysfits/performance"]
        others = ["mysfits-build-build", "mysfits-build-MythicalLikeLogGroup", "/aws/codebuild/mysfits-other",
                  "mysfits-MythicalLikeLogGroup-2", "/aws/ecs/containerinsights/Cluster-mysfits/other"]
        family = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/Mythical-Like-Service-mysfits"
        answers = [NO_STACKS, ["^logs describe-log-groups", {"logGroups": [{"logGroupName": each} for each in own + others]}],
                   ["^ecs list-task-definitions", {"taskDefinitionArns": [f"{family}:1", f"{family}-build:7"]}]]
        _, calls = self.run_script("cleanup", "--yes", answers=answers)
        deleted = {call.split("--log-group-name ")[1] for call in calls if call.startswith("logs delete-log-group")}
        self.assertEqual(set(own), deleted)
        self.assertEqual([], [call for call in calls if "deregister" in call and "-build:7" in call])
        self.assertTrue([call for call in calls if "deregister" in call and f"{family}:1" in call])

    def test_a_user_pool_on_the_second_page_is_found(self):
        """The CLI's own paging is off where --max-results is given, and list-user-pools requires it."""
        second = {"UserPools": [{"Id": "pool-61", "Name": "mysfits-search"}]}
        first = {"UserPools": [{"Id": f"pool-{number}", "Name": "other"} for number in range(60)], "NextToken": "more"}
        answers = [NO_STACKS, ["^cognito-idp list-user-pools.*--next-token more", second], ["^cognito-idp list-user-pools", first],
                   ["^cognito-idp describe-user-pool", {"UserPool": {"Domain": "prefix"}}]]
        _, calls = self.run_script("cleanup", "--yes", answers=answers)
        self.assertIn("cognito-idp delete-user-pool-domain --user-pool-id pool-61 --domain prefix", calls)
        self.assertIn("cognito-idp delete-user-pool --user-pool-id pool-61", calls)


class Deploy(Scripts):
    def test_a_failed_rollback_is_completed_before_the_update(self):
        _, calls = self.run_script("update", "LogLevel=DEBUG", answers=[described_stacks(services="UPDATE_ROLLBACK_FAILED"), *HEALTHY])
        changes = [call.split()[1] for call in calls if re.match("cloudformation (?!describe)", call)]
        self.assertEqual(["continue-update-rollback", "wait", "deploy"], changes)

    def test_a_rollback_that_fails_again_names_the_command_that_skips_a_resource(self):
        answers = [described_stacks(services="UPDATE_ROLLBACK_FAILED"), ["^cloudformation wait", {"error": "Waiter failed"}], *HEALTHY]
        said, calls = self.run_script("update", "LogLevel=DEBUG", answers=answers, code=1)
        self.assertIn("--resources-to-skip", said)
        self.assertEqual([], [call for call in calls if call.startswith("cloudformation deploy")])

    def edited(self):
        """Somebody added a variable and a sidecar in the console, and the pipeline deployed another image."""
        return [
            described_stacks(),
            ["^ecs describe-services.*Like", service(7, count=5)],
            ["^ecs describe-services.*Monolith", {"services": []}],
            ["^ecs describe-task-definition.*Like-Service-mysfits:1", task(container("like-service", LOGLEVEL="ERROR"))],
            ["^ecs describe-task-definition.*/x:7", task(
                container("like-service", "image:2", LOGLEVEL="DEBUG"), container("x-ray-daemon"))],
            *HEALTHY]

    def test_edits_of_the_console_are_named_and_not_discarded_without_a_yes(self):
        said, calls = self.run_script("update", "ChaosMode=off", answers=self.edited(), code=1)
        self.assertIn("like-service: variable LOGLEVEL is 'DEBUG'", said)
        self.assertIn("container x-ray-daemon was added", said)
        self.assertNotIn("image:2 ", said.replace("LikeImage=image:2 ", ""))
        self.assertEqual([], [call for call in calls if call.startswith("cloudformation deploy")])
        self.run_script("update", "ChaosMode=off", answers=self.edited(), typed="no\n", code=1)

    def test_after_a_yes_the_update_discards_edits_and_keeps_image_and_count(self):
        for options, typed in ((["--yes"], None), ([], "yes\n")):
            _, calls = self.run_script("update", "ChaosMode=off", *options, answers=self.edited(), typed=typed)
            [deploy] = [call for call in calls if call.startswith("cloudformation deploy")]
            self.assertIn("LikeImage=image:2 LikeDesiredCount=5", deploy)

    def test_an_image_of_the_pipeline_alone_is_no_edit(self):
        answers = self.edited()
        answers[4][1] = task(container("like-service", "image:2", LOGLEVEL="ERROR"))
        said, _ = self.run_script("update", "ChaosMode=off", answers=answers)
        self.assertNotIn("edited", said)


class SetUp(Scripts):
    def deployed(self, calls):
        return [call.split("--stack-name mysfits-")[1].split()[0] for call in calls if call.startswith("cloudformation deploy")]

    def test_a_new_network_gets_the_two_first_zones_in_which_tasks_can_run(self):
        _, calls = self.run_script("setup", answers=[described_stacks(network=None), *HEALTHY])
        [deploy] = [call for call in calls if call.startswith("cloudformation deploy --stack-name mysfits-network")]
        # use1-az3 has no Fargate for ARM64.
        self.assertIn(f"ZoneA={REGION}b ZoneB={REGION}c", deploy)
        _, calls = self.run_script("setup", answers=[described_stacks(), *HEALTHY])
        self.assertNotIn("ZoneA=", str(calls))
        _, calls = self.run_script("setup", "--set", f"ZoneA={REGION}a", "--set", f"ZoneB={REGION}b",
                                   answers=[described_stacks(network=None), *HEALTHY])
        self.assertNotIn(f"ZoneA={REGION}b", str(calls))

    def test_the_site_comes_last_and_can_be_left_out(self):
        _, calls = self.run_script("setup", answers=[described_stacks(), *HEALTHY])
        self.assertEqual("site", self.deployed(calls)[-1])
        _, calls = self.run_script("setup", "--set", "Site=none", answers=[described_stacks(), *HEALTHY])
        self.assertNotIn("site", self.deployed(calls))
        self.run_script("setup", "--set", "Site=maybe", answers=[described_stacks(), *HEALTHY], code=64)

    def test_an_account_that_is_refused_cloudfront_is_told_what_to_do(self):
        answers = [described_stacks(), ["^cloudformation deploy --stack-name mysfits-site", {"error": "Failed to create"}], *HEALTHY]
        said, _ = self.run_script("setup", answers=answers, code=1)
        self.assertIn("must be verified", said)
        self.assertIn("Site=none", said)

    def test_the_source_is_pushed_once_before_the_pipeline_exists(self):
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run(["git", "init", "--quiet", "--bare", directory], check=True)
            stacks = described_stacks()
            stacks[1]["Stacks"][0]["Outputs"].append({"OutputKey": "CloneUrl", "OutputValue": directory})
            missing = ["^codecommit get-branch", {"error": "An error occurred (BranchDoesNotExistException)"}]
            said, calls = self.run_script("setup", answers=[stacks, missing, *HEALTHY])
            tree = subprocess.run(["git", "-C", directory, "ls-tree", "--name-only", "main"], check=True, capture_output=True, text=True)
            self.assertIn("buildspec_prod.yml", tree.stdout)
            before = subprocess.run(["git", "-C", directory, "rev-parse", "main"], check=True, capture_output=True, text=True).stdout
            # The whole command, with the credential helper without which git asks for a password.
            self.assertIn("credential.helper", said)
            self.assertIn(f"push {directory} HEAD:main", said)
            self.run_script("setup", answers=[stacks, ["^codecommit get-branch", {"branch": {"commitId": "1"}}], *HEALTHY])
            after = subprocess.run(["git", "-C", directory, "rev-parse", "main"], check=True, capture_output=True, text=True).stdout
            self.assertEqual(before, after)


class Exercise(Scripts):
    def test_the_start_of_lab_3_keeps_the_traces_exporter_from_the_like_service(self):
        """Exercises 3.3 to 3.5 commit the removal of this line, so the start must differ from the source by exactly this."""
        with tempfile.TemporaryDirectory() as directory:
            git = ["git", "-C", directory]
            subprocess.run([*git, "init", "--quiet", "--bare"], check=True)
            stacks = described_stacks()
            stacks[1]["Stacks"][0]["Outputs"].append({"OutputKey": "CloneUrl", "OutputValue": directory})
            self.run_script("setup", answers=[stacks, ["^codecommit get-branch", {"error": "BranchDoesNotExistException"}], *HEALTHY])
            self.run_script("exercise", "tracing", answers=[stacks])
            shown = subprocess.run([*git, "diff", "--unified=0", "main~", "main"], check=True, capture_output=True, text=True).stdout
        changed = [line for line in shown.splitlines() if re.match(r"[+-](?![+-])", line)]
        self.assertEqual({"+    let env = &env.without(\"OTEL_TRACES_EXPORTER\");",
                          "+    // Lab 3: without the next line the Like service is traced."},
                         {line for line in changed if "cargo test" not in line})
        self.assertEqual(1, len([line for line in changed if line.startswith("+") and line.endswith("--package monolith --lib")]))
        self.assertEqual(4, len(changed), shown)


class TransactionSearch(Scripts):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Transaction-Search-getting-started.html"""

    ANSWERS = [["^sts get-caller-identity", {"Account": ACCOUNT}], ["^xray get-trace-segment-destination", {"Destination": "XRay"}]]

    def changes(self, calls):
        return [call for call in calls if not re.match("sts|xray get", call)]

    def test_transaction_search_changes_the_account_only_after_a_yes(self):
        for typed in (None, "no\n"):
            _, calls = self.run_script("transaction-search", "on", answers=self.ANSWERS, typed=typed, code=1)
            self.assertEqual([], self.changes(calls))
        _, calls = self.run_script("transaction-search", "on", answers=self.ANSWERS, typed="yes\n")
        policy, destination, index = self.changes(calls)
        self.assertIn("logs put-resource-policy", policy)
        document = json.loads(re.search(r"--policy-document (\{.*\}) --query", policy)[1])
        self.assertIn(f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:aws/spans:*", document["Statement"][0]["Resource"])
        self.assertIn("xray update-trace-segment-destination --destination CloudWatchLogs", destination)
        self.assertIn('"DesiredSamplingPercentage": 100', index)

    def test_tracing_in_cloudwatch_is_refused_without_transaction_search(self):
        said, calls = self.run_script("update", "Tracing=cloudwatch", answers=[described_stacks(), *HEALTHY], code=1)
        self.assertIn("infra/script/transaction-search on", said)
        self.assertNotIn("cloudformation deploy", str(calls))
        on = ["^xray get-trace-segment-destination", {"Destination": "CloudWatchLogs"}]
        _, calls = self.run_script("update", "Tracing=cloudwatch", answers=[described_stacks(), on, *HEALTHY])
        self.assertIn("Tracing=cloudwatch", str(calls))


class Preflight(Scripts):
    def test_the_quota_of_concurrent_builds_is_checked_for_the_size_that_set_up_will_use(self):
        none = ["^service-quotas.*codebuild", {"Quota": {"Value": 0.0}}]
        said, calls = self.run_script("preflight", answers=[described_stacks(), none, *HEALTHY], code=1)
        self.assertIn("concurrent builds (ARM64, BUILD_GENERAL1_LARGE): 0 of 0", said)
        self.assertTrue([call for call in calls if "codebuild --quota-code L-596BEAB4" in call])
        _, calls = self.run_script("preflight", "--set", "ComputeType=BUILD_GENERAL1_SMALL", "--set", "CpuArchitecture=X86_64",
                                   answers=[described_stacks(), *HEALTHY])
        self.assertTrue([call for call in calls if "codebuild --quota-code L-9D07B6EF" in call])

    def test_a_small_quota_of_fargate_says_at_how_many_tasks_a_deployment_finds_no_room(self):
        said, _ = self.run_script("preflight", answers=[described_stacks(), ["^service-quotas", {"Quota": {"Value": 6.0}}], *HEALTHY])
        self.assertIn("with 6 vCPUs of Fargate, step scaling stops at 22 tasks", said)

    def test_transaction_search_with_the_default_index_is_noted_with_the_command_that_changes_it(self):
        on = ["^xray get-trace-segment-destination", {"Destination": "CloudWatchLogs", "Status": "ACTIVE"}]
        rules = ["^xray get-indexing-rules", {"IndexingRules": [
            {"Name": "Default", "Rule": {"Probabilistic": {"DesiredSamplingPercentage": 1.0, "ActualSamplingPercentage": 1.0}}}]}]
        said, _ = self.run_script("preflight", answers=[described_stacks(), on, rules, *HEALTHY])
        self.assertIn("indexes 1.0 % of the traces", said)
        self.assertIn("aws xray update-indexing-rule", said)
        rules[1]["IndexingRules"][0]["Rule"]["Probabilistic"]["DesiredSamplingPercentage"] = 100.0
        said, _ = self.run_script("preflight", answers=[described_stacks(), on, rules, *HEALTHY])
        self.assertIn("indexes all traces", said)

    def test_a_region_without_two_usable_zones_is_refused(self):
        answers = [described_stacks(), ["^ec2 describe-availability-zones", {"AvailabilityZones": ZONES[:2]}], *HEALTHY]
        self.assertIn("two are needed", self.run_script("preflight", answers=answers, code=1)[0])

    def test_a_region_of_which_no_arm_builds_are_known_is_noted_only_for_arm(self):
        answers = [described_stacks(), *HEALTHY]
        said, _ = self.run_script("preflight", "--region", "eu-south-2", answers=answers)
        self.assertIn("CodeBuild may have no ARM build machines", said)
        self.assertIn("CpuArchitecture=X86_64", said)
        said, _ = self.run_script("preflight", "--region", "eu-south-2", "--set", "CpuArchitecture=X86_64", answers=answers)
        self.assertNotIn("CodeBuild may have no ARM build machines", said)


if __name__ == "__main__":
    unittest.main()
