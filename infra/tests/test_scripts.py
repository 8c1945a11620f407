"""Runs the scripts with a replacement for `aws` that returns responses which no emulator returns: failed rollbacks, quotas, second
pages, and deleted resources that the tagging API still lists."""

import json
import os
import re
import subprocess
import tempfile
import unittest
import unittest.mock
from pathlib import Path

import botocore.session
from aws_server import script_path
from fake_aws import start_fake_aws
from resolved import ROOT, parse_template, template_text

ACCOUNT = "123456789012"
REGION = "eu-west-1"
STACKS = ["network", "platform", "build", "services", "pipeline", "observability", "site"]
OUTPUTS = {
    "VpcId": "vpc-1", "SourceBucket": "source-bucket", "ImagesProject": "mysfits-images", "ImageArchitecture": "aarch64", "SiteBucket": "site-bucket",
    "LikeServiceName": "Mythical-Like-Service-mysfits", "LoadBalancerDNS": "lb.example.com", "DynamoTable": "MysfitsTable-mysfits",
    "LikeTaskDefinition": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/Mythical-Like-Service-mysfits:1",
    "MonolithTaskDefinition": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/Mythical-Monolith-Service-mysfits:1",
}


def described_stacks(**status):
    """Returns a response of DescribeStacks. Every stack is complete unless `status` contains another status. None omits the stack."""
    known = {**dict.fromkeys(STACKS, "CREATE_COMPLETE"), **status}
    stacks = [{"StackName": f"mysfits-{name}", "StackStatus": value, "Outputs": []} for name, value in known.items() if value]
    stacks[0]["Outputs"] = [{"OutputKey": key, "OutputValue": value} for key, value in OUTPUTS.items()]
    return ["^cloudformation describe-stacks --output", {"Stacks": stacks}]


NO_STACKS = ["^cloudformation describe-stacks --output", {"Stacks": []}]
ZONES = [{"ZoneId": zone, "ZoneName": f"{REGION}{letter}"} for zone, letter in (("use1-az3", "a"), ("use1-az2", "b"), ("use1-az5", "c"))]


def tagged_resources(arns):
    return ["^resourcegroupstaggingapi get-resources --tag-filters", {"ResourceTagMappingList": [{"ResourceARN": each} for each in arns]}]


def described_service(revision, count=2):
    return {"services": [{"status": "ACTIVE", "taskDefinition": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/x:{revision}",
                          "desiredCount": count}]}


def described_task(*containers):
    return {"taskDefinition": {"containerDefinitions": list(containers)}}


def container(name, image="image:1", **variables):
    return {"name": name, "image": image, "environment": [{"name": key, "value": value} for key, value in variables.items()]}


HEALTHY = [
    ["^sts get-caller-identity", {"Arn": f"arn:aws:iam::{ACCOUNT}:user/host"}],
    ["^ec2 describe-availability-zones", {"AvailabilityZones": ZONES}],
    ["^service-quotas", {"Quota": {"Value": 30.0}}],
    ["^ec2 describe-(vpcs|internet-gateways|addresses)", {"Vpcs": [], "InternetGateways": [], "Addresses": []}],
    ["^xray get-trace-segment-destination", {"Destination": "XRay", "Status": "ACTIVE"}],
    ["^ecs describe-services", described_service(1)],
    ["^ecs describe-task-definition", described_task(container("like-service"), container("monolith-service"))],
]


class Scripts(unittest.TestCase):
    def run_script(self, name, *options, answers, code=0, typed_input=None):
        """Runs a script; returns what it printed and its calls of `aws`."""
        aws = start_fake_aws()
        aws.answers, aws.calls = answers, []
        environment = {**os.environ, "PATH": script_path(aws.directory), "MYSFITS_POLL_SECONDS": "0", "MYSFITS_TRIES": "1"}
        process = subprocess.run(
            ["bash", ROOT / "infra/script" / name, "--stack", "mysfits", "--region", REGION, *options], env=environment,
            check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300,
            **({"input": typed_input} if typed_input else {"stdin": subprocess.DEVNULL}))
        self.assertEqual(code, process.returncode, process.stdout)
        return process.stdout, aws.calls


class CleanUp(Scripts):
    # A deleted resource of each type -> the call that checks it, and the service's response.
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

    def test_cleanup_ignores_deleted_resources_that_the_tagging_api_still_lists(self):
        """GetResources returns "tagged or previously tagged resources":
        https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html"""
        output, _ = self.run_script("cleanup", "--yes", answers=[NO_STACKS, tagged_resources(self.DELETED), *self.answers(self.DELETED)])
        self.assertIn("No resource of 'mysfits' remains", output)

    def test_cleanup_reports_existing_resources_and_resources_of_unknown_types(self):
        vpc, unknown = f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-1", f"arn:aws:mystery:{REGION}:{ACCOUNT}:thing/1"
        answers = [NO_STACKS, tagged_resources([*self.DELETED, unknown]), ["^ec2 describe-vpcs", {"Vpcs": [{"VpcId": "vpc-1"}]}],
                   *self.answers(self.DELETED)]
        output, _ = self.run_script("cleanup", "--yes", answers=answers, code=1)
        reported = [line.strip() for line in output.splitlines() if line.startswith("  arn:")]
        self.assertEqual([vpc, unknown], reported)

    def test_cleanup_reports_a_resource_if_the_call_that_checks_it_is_denied(self):
        table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/MysfitsTable-mysfits"
        answers = [NO_STACKS, tagged_resources([table]), ["^dynamodb describe-table", {"error": "An error occurred (AccessDeniedException)"}]]
        output, _ = self.run_script("cleanup", "--yes", answers=answers, code=1)
        self.assertIn(f"  {table}", output)

    def test_cleanup_reports_a_distribution_that_only_us_east_1_lists(self):
        """CloudFront is a global service. GetResources returns only resources in the region of the call."""
        distribution = f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1"
        answers = [NO_STACKS, ["^resourcegroupstaggingapi.*--region us-east-1", {"ResourceTagMappingList": [{"ResourceARN": distribution}]}],
                   ["^cloudfront get-distribution", {"Distribution": {"Id": "E1"}}]]
        output, _ = self.run_script("cleanup", "--yes", answers=answers, code=1)
        self.assertIn(f"  {distribution}", output)

    def test_cleanup_waits_again_if_the_old_status_of_an_updated_stack_ends_the_first_wait(self):
        """The waiter fails at UPDATE_COMPLETE, which DescribeStacks can still return just after the call of DeleteStack:
        https://github.com/boto/botocore/blob/develop/botocore/data/cloudformation/2010-05-15/waiters-2.json"""
        wait = "^cloudformation wait stack-delete-complete --stack-name mysfits-site"
        output, calls = self.run_script("cleanup", "--yes", answers=[described_stacks(), [wait, {"error": "Waiter failed", "times": 1}]])
        self.assertIn("Stack mysfits-site is deleted.", output)
        self.assertEqual(1, len([call for call in calls if call.startswith("cloudformation delete-stack --stack-name mysfits-site")]))
        output, _ = self.run_script("cleanup", "--yes", answers=[described_stacks(), [wait, {"error": "Waiter failed"}]], code=1)
        self.assertIn("stack mysfits-site could not be deleted", output)

    def test_cleanup_waits_for_the_end_of_an_update_before_it_deletes_the_stack(self):
        """CloudFormation refuses the deletion of a stack during an update: https://github.com/aws/copilot-cli/issues/1180"""
        pattern, updating = described_stacks(services="UPDATE_IN_PROGRESS")
        _, calls = self.run_script("cleanup", "--yes", answers=[[pattern, {**updating, "times": 3}], described_stacks()])
        delete = calls.index(next(call for call in calls if call.startswith("cloudformation delete-stack --stack-name mysfits-services")))
        self.assertEqual(4, len([call for call in calls[:delete] if re.search(pattern, call)]))

    def test_cleanup_leaves_the_deletion_of_images_to_cloudformation(self):
        """BatchDeleteImage refuses an image that the index of another image contains. The repositories have EmptyOnDelete."""
        _, calls = self.run_script("cleanup", "--yes", answers=[described_stacks()])
        self.assertEqual([], [call for call in calls if call.startswith("ecr ")])

    def test_cleanup_deletes_the_network_while_its_nat_gateway_has_an_interface(self):
        """The values of the filter interface-type contain nat_gateway, those of the response's member natGateway:
        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html and API_NetworkInterface.html"""
        for kind in ("nat_gateway", "natGateway"):
            interfaces = ["^ec2 describe-network-interfaces", {"NetworkInterfaces": [
                {"NetworkInterfaceId": "eni-1", "Description": "Interface for NAT Gateway nat-1", "InterfaceType": kind}]}]
            output, _ = self.run_script("cleanup", "--yes", answers=[described_stacks(), interfaces])
            self.assertIn("Stack mysfits-network is deleted.", output)

    def test_cleanup_deletes_no_log_groups_and_task_definitions_of_installations_with_longer_names(self):
        """An installation 'mysfits-build' and a project '/aws/codebuild/mysfits-other' do not belong to the installation 'mysfits'."""
        own_groups = ["mysfits-build", "mysfits-MythicalLikeLogGroup", "/aws/codebuild/mysfits-images",
               "/aws/ecs/containerinsights/Cluster-mysfits/performance"]
        other_groups = ["mysfits-build-build", "mysfits-build-MythicalLikeLogGroup", "/aws/codebuild/mysfits-other",
                  "mysfits-MythicalLikeLogGroup-2", "/aws/ecs/containerinsights/Cluster-mysfits/other"]
        family = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/Mythical-Like-Service-mysfits"
        answers = [NO_STACKS, ["^logs describe-log-groups", {"logGroups": [{"logGroupName": each} for each in own_groups + other_groups]}],
                   ["^ecs list-task-definitions", {"taskDefinitionArns": [f"{family}:1", f"{family}-build:7"]}]]
        _, calls = self.run_script("cleanup", "--yes", answers=answers)
        deleted = {call.split("--log-group-name ")[1] for call in calls if call.startswith("logs delete-log-group")}
        self.assertEqual(set(own_groups), deleted)
        self.assertEqual([], [call for call in calls if "deregister" in call and "-build:7" in call])
        self.assertTrue([call for call in calls if "deregister" in call and f"{family}:1" in call])

    def test_cleanup_deletes_a_user_pool_on_the_second_page(self):
        """The CLI fetches only one page if --max-results is given, and list-user-pools requires --max-results."""
        second = {"UserPools": [{"Id": "pool-61", "Name": "mysfits-search"}]}
        first = {"UserPools": [{"Id": f"pool-{number}", "Name": "other"} for number in range(60)], "NextToken": "more"}
        answers = [NO_STACKS, ["^cognito-idp list-user-pools.*--next-token more", second], ["^cognito-idp list-user-pools", first],
                   ["^cognito-idp describe-user-pool", {"UserPool": {"Domain": "prefix"}}]]
        _, calls = self.run_script("cleanup", "--yes", answers=answers)
        self.assertIn("cognito-idp delete-user-pool-domain --user-pool-id pool-61 --domain prefix", calls)
        self.assertIn("cognito-idp delete-user-pool --user-pool-id pool-61", calls)


class Deploy(Scripts):
    def test_update_completes_a_failed_rollback_before_it_deploys(self):
        _, calls = self.run_script("update", "LogLevel=DEBUG", answers=[described_stacks(services="UPDATE_ROLLBACK_FAILED"), *HEALTHY])
        changing_calls = [call.split()[1] for call in calls if re.match("cloudformation (?!describe)", call)]
        self.assertEqual(["continue-update-rollback", "wait", "deploy"], changing_calls)

    def test_update_prints_the_command_that_skips_a_resource_if_the_rollback_fails_again(self):
        answers = [described_stacks(services="UPDATE_ROLLBACK_FAILED"), ["^cloudformation wait", {"error": "Waiter failed"}], *HEALTHY]
        output, calls = self.run_script("update", "LogLevel=DEBUG", answers=answers, code=1)
        self.assertIn("--resources-to-skip", output)
        self.assertEqual([], [call for call in calls if call.startswith("cloudformation deploy")])

    def test_update_waits_again_if_the_old_status_ends_the_wait_for_the_rollback(self):
        """The waiter fails at UPDATE_ROLLBACK_FAILED, which DescribeStacks can still return just after the call of ContinueUpdateRollback."""
        answers = [described_stacks(services="UPDATE_ROLLBACK_FAILED"),
                   ["^cloudformation wait stack-rollback-complete", {"error": "Waiter failed", "times": 1}], *HEALTHY]
        _, calls = self.run_script("update", "LogLevel=DEBUG", answers=answers)
        self.assertEqual(1, len([call for call in calls if call.startswith("cloudformation deploy --stack-name mysfits-services")]))

    def test_only_the_option_stack_sets_the_name_of_the_installation(self):
        """With another value of the parameter Workshop, CloudFormation would replace the table and other named resources."""
        for script, options in (("setup", ["--set", "Workshop=team2"]), ("update", ["Workshop=team2"]),
                                ("load-generator", ["start", "--set", "Workshop=team2"])):
            output, calls = self.run_script(script, *options, answers=[described_stacks(), *HEALTHY], code=64)
            self.assertIn("--stack", output)
            self.assertEqual([], [call for call in calls if call.startswith("cloudformation deploy")])

    def test_update_names_setup_if_the_services_stack_could_not_be_created(self):
        """A stack whose creation failed must be deleted, and a new stack needs images, which update does not build."""
        for status in ("ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"):
            output, calls = self.run_script("update", "LogLevel=DEBUG", answers=[described_stacks(services=status), *HEALTHY], code=1)
            self.assertIn("Run infra/script/setup", output)
            self.assertEqual([], [call for call in calls if re.match("cloudformation (?!describe)", call)])

    SCALABLE_TARGET = ["^application-autoscaling describe-scalable-targets", {"ScalableTargets": [
        {"ResourceId": "service/Cluster-mysfits/Mythical-Like-Service-mysfits"}]}]

    def test_update_deregisters_a_scalable_target_that_the_stack_did_not_create(self):
        """CloudFormation cannot create a scalable target that already exists. With none and alarms, the target and its policies would
        continue to scale the service."""
        for scaling in ("none", "alarms", "step", "target-tracking"):
            answers = [described_stacks(), self.SCALABLE_TARGET, *HEALTHY]
            output, calls = self.run_script("update", f"Scaling={scaling}", answers=answers, code=1)
            self.assertIn("scalable target", output)
            self.assertEqual([], [call for call in calls if re.match("cloudformation deploy|.*deregister", call)])
            _, calls = self.run_script("update", f"Scaling={scaling}", answers=answers, typed_input="yes\n")
            [deregister] = [call for call in calls if "deregister" in call]
            self.assertEqual("application-autoscaling deregister-scalable-target --service-namespace ecs --scalable-dimension "
                             "ecs:service:DesiredCount --resource-id service/Cluster-mysfits/Mythical-Like-Service-mysfits", deregister)
            [deploy] = [call for call in calls if call.startswith("cloudformation deploy")]
            self.assertLess(calls.index(deregister), calls.index(deploy))

    def test_update_keeps_the_scalable_target_of_the_stack_and_without_new_scaling_every_target(self):
        own = ["^cloudformation describe-stack-resources", {"StackResources": [
            {"LogicalResourceId": "LikeScalableTarget", "ResourceStatus": "CREATE_COMPLETE"}]}]
        deleted = ["^cloudformation describe-stack-resources", {"StackResources": [
            {"LogicalResourceId": "LikeScalableTarget", "ResourceStatus": "DELETE_COMPLETE"}]}]
        for option, resource, count in (("Scaling=step", own, 0), ("Scaling=step", deleted, 1), ("LogLevel=DEBUG", deleted, 0)):
            answers = [described_stacks(), self.SCALABLE_TARGET, resource, *HEALTHY]
            _, calls = self.run_script("update", option, "--yes", answers=answers)
            self.assertEqual(count, len([call for call in calls if "deregister" in call]), (option, resource))

    def answers_with_edits(self):
        """Returns responses for a service whose task definition got a variable and a sidecar in the console and an image by the pipeline."""
        return [
            described_stacks(),
            ["^ecs describe-services.*Like", described_service(7, count=5)],
            ["^ecs describe-services.*Monolith", {"services": []}],
            ["^ecs describe-task-definition.*Like-Service-mysfits:1", described_task(container("like-service", LOGLEVEL="ERROR"))],
            ["^ecs describe-task-definition.*/x:7", described_task(
                container("like-service", "image:2", LOGLEVEL="DEBUG"), container("x-ray-daemon"))],
            *HEALTHY]

    def test_update_lists_console_edits_and_stops_without_the_answer_yes(self):
        output, calls = self.run_script("update", "ChaosMode=off", answers=self.answers_with_edits(), code=1)
        self.assertIn("like-service: variable LOGLEVEL is 'DEBUG'", output)
        self.assertIn("container x-ray-daemon was added", output)
        self.assertNotIn("image:2 ", output.replace("LikeImage=image:2 ", ""))
        self.assertEqual([], [call for call in calls if call.startswith("cloudformation deploy")])
        self.run_script("update", "ChaosMode=off", answers=self.answers_with_edits(), typed_input="no\n", code=1)

    def test_with_the_answer_yes_update_discards_edits_and_keeps_image_and_desired_count(self):
        for options, typed_input in ((["--yes"], None), ([], "yes\n")):
            _, calls = self.run_script("update", "ChaosMode=off", *options, answers=self.answers_with_edits(), typed_input=typed_input)
            [deploy] = [call for call in calls if call.startswith("cloudformation deploy")]
            self.assertIn("LikeImage=image:2 LikeDesiredCount=5", deploy)

    def test_update_replaces_an_edited_task_definition_also_if_no_parameter_of_the_task_changes(self):
        """CloudFormation compares a change set with the last template and parameters, not with the running task definition:
        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html"""
        _, calls = self.run_script("update", "LogLevel=ERROR", "--yes", answers=self.answers_with_edits())
        changing_calls = [call for call in calls if re.match("cloudformation deploy|ecs (update|wait)", call)]
        self.assertEqual(["cloudformation deploy", "ecs update-service", "ecs wait"], [" ".join(call.split()[:2]) for call in changing_calls])
        self.assertIn(f"--service Mythical-Like-Service-mysfits --task-definition {OUTPUTS['LikeTaskDefinition']} ", changing_calls[1])
        self.assertIn("services-stable --cluster Cluster-mysfits --services Mythical-Like-Service-mysfits", changing_calls[2])
        # CloudFormation has replaced the task definition.
        answers = self.answers_with_edits()
        replaced = {"services": [{"status": "ACTIVE", "taskDefinition": OUTPUTS["LikeTaskDefinition"], "desiredCount": 5}]}
        answers[1][1]["times"] = 1
        answers.insert(2, ["^ecs describe-services.*Like", replaced])
        _, calls = self.run_script("update", "LogLevel=INFO", "--yes", answers=answers)
        self.assertEqual([], [call for call in calls if re.match("ecs (update|wait)", call)])

    def test_update_changes_the_monoliths_address_before_it_removes_the_cloud_map_name(self):
        """CloudFormation updates the monolith before the Like service, whose tasks would still use the removed name."""
        stacks = described_stacks()
        _, calls = self.run_script("update", "MonolithAddress=alb", answers=[stacks, *HEALTHY])
        self.assertEqual(["alb"], re.findall("MonolithAddress=([a-z-]+)", " ".join(calls)))
        stacks[1]["Stacks"][0]["Outputs"].append({"OutputKey": "MonolithCloudMapName", "OutputValue": "monolith.mysfits.internal"})
        for option, expected in (("MonolithAddress=alb", ["alb-registered", "alb"]), ("MonolithAddress=cloudmap", ["cloudmap"])):
            _, calls = self.run_script("update", option, "LogLevel=DEBUG", answers=[stacks, *HEALTHY])
            deployments = [call for call in calls if call.startswith("cloudformation deploy")]
            self.assertEqual(expected, [re.findall("MonolithAddress=([a-z-]+)", call)[-1] for call in deployments])
            self.assertEqual({"DEBUG"}, {re.search(r"LogLevel=(\w+)", call)[1] for call in deployments})

    def test_an_image_that_the_pipeline_deployed_is_not_reported_as_an_edit(self):
        answers = self.answers_with_edits()
        answers[4][1] = described_task(container("like-service", "image:2", LOGLEVEL="ERROR"))
        output, _ = self.run_script("update", "ChaosMode=off", answers=answers)
        self.assertNotIn("edited", output)


class SetUp(Scripts):
    def deployed_stacks(self, calls):
        return [call.split("--stack-name mysfits-")[1].split()[0] for call in calls if call.startswith("cloudformation deploy")]

    def test_setup_creates_a_new_network_in_the_first_two_usable_zones(self):
        _, calls = self.run_script("setup", answers=[described_stacks(network=None), *HEALTHY])
        [deploy] = [call for call in calls if call.startswith("cloudformation deploy --stack-name mysfits-network")]
        # use1-az3 has no Fargate for ARM64.
        self.assertIn(f"ZoneA={REGION}b ZoneB={REGION}c", deploy)
        _, calls = self.run_script("setup", answers=[described_stacks(), *HEALTHY])
        self.assertNotIn("ZoneA=", str(calls))
        _, calls = self.run_script("setup", "--set", f"ZoneA={REGION}a", "--set", f"ZoneB={REGION}b",
                                   answers=[described_stacks(network=None), *HEALTHY])
        self.assertNotIn(f"ZoneA={REGION}b", str(calls))

    def test_setup_chooses_zones_again_after_a_failed_creation_of_the_network(self):
        for status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "REVIEW_IN_PROGRESS"):
            output, calls = self.run_script("setup", answers=[described_stacks(network=status), *HEALTHY])
            [deploy] = [call for call in calls if call.startswith("cloudformation deploy --stack-name mysfits-network")]
            self.assertIn(f"ZoneA={REGION}b ZoneB={REGION}c", deploy)
            # Too small quotas of these resources make the creation of the network fail.
            self.assertIn("internet gateways", output)

    def test_setup_accepts_only_two_different_zones(self):
        for zones in (["ZoneA=eu-west-1b"], ["ZoneB=eu-west-1b"], ["ZoneA=eu-west-1b", "ZoneB=eu-west-1b"]):
            options = [word for zone in zones for word in ("--set", zone)]
            output, calls = self.run_script("setup", *options, answers=[described_stacks(network=None), *HEALTHY], code=64)
            self.assertIn("two different zones", output)
            self.assertEqual([], calls)

    def test_setup_replaces_a_stack_whose_first_change_set_failed(self):
        """A failed change set of a new stack leaves a stack with this status and without resources:
        https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html"""
        _, calls = self.run_script("setup", answers=[described_stacks(platform="REVIEW_IN_PROGRESS"), *HEALTHY])
        changing_calls = [call.split("--capabilities")[0].split("--template")[0].strip() for call in calls
                          if re.match("cloudformation (delete|deploy).*mysfits-platform", call)]
        self.assertEqual(["cloudformation delete-stack --stack-name mysfits-platform",
                          "cloudformation deploy --stack-name mysfits-platform"], changing_calls)

    def test_setup_builds_other_images_for_another_processor_architecture(self):
        """The images' tags are immutable, and an image runs only on the processor architecture of its build machine."""
        images = {}
        for architecture, option in (("aarch64", "CpuArchitecture=ARM64"), ("x86_64", "CpuArchitecture=X86_64")):
            stacks = described_stacks()
            outputs = stacks[1]["Stacks"][0]["Outputs"]
            outputs[:] = [each for each in outputs if each["OutputKey"] != "ImageArchitecture"]
            for key, value in {"ImageArchitecture": architecture, "LikeEcrRepo": "registry/mysfits/like-service",
                               "MonoEcrRepo": "registry/mysfits/monolith", "MetadataProxyEcrRepo": "registry/mysfits/metadata-proxy"}.items():
                outputs.append({"OutputKey": key, "OutputValue": value})
            # Images of this source exist for one architecture.
            existing = images.get("aarch64", "registry/mysfits/like-service:none").split(":")[1]
            answers = [stacks, [f"^ecr batch-get-image .*imageTag={existing} ", {"images": [{}]}], ["^ecr batch-get-image", {"images": []}],
                       ["^codebuild start-build", {"build": {"id": "build-1"}}],
                       ["^codebuild batch-get-builds", {"builds": [{"buildStatus": "SUCCEEDED", "currentPhase": "COMPLETED", "logs": {}}]}],
                       *HEALTHY]
            _, calls = self.run_script("setup", "--set", option, answers=answers)
            [deploy] = [call for call in calls if call.startswith("cloudformation deploy --stack-name mysfits-services")]
            images[architecture] = re.findall(r" LikeImage=(\S+)", deploy)[-1]
            tag = images[architecture].split(":")[1]
            self.assertIn(f"name=IMAGE_TAG,value={tag},", next(call for call in calls if call.startswith("codebuild start-build")))
        self.assertNotEqual(*images.values())

    def test_update_does_not_change_the_processor_architecture(self):
        """The images must be built again, and the build stack also has this parameter."""
        output, calls = self.run_script("update", "CpuArchitecture=X86_64", answers=[described_stacks(), *HEALTHY], code=1)
        self.assertIn("infra/script/setup --stack mysfits --region eu-west-1 --set CpuArchitecture=X86_64", output)
        self.assertEqual([], [call for call in calls if call.startswith("cloudformation deploy")])

    def test_setup_prints_why_cloudformation_refused_a_change_set(self):
        """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html"""
        change_set = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:changeSet/awscli-cloudformation-package-deploy-2/2"
        event = {"EventType": "VALIDATION_ERROR", "LogicalResourceId": "LikeLogGroup", "ValidationStatus": "FAILED",
                 "ValidationFailureMode": "FAIL", "ValidationStatusReason": "Resource of type LogGroup already exists"}
        warning = {**event, "ValidationFailureMode": "WARN", "ValidationStatusReason": "only a warning"}
        answers = [
            described_stacks(platform=None),
            ["^cloudformation deploy --stack-name mysfits-platform", {"error": "Failed to create the changeset"}],
            ["^cloudformation list-change-sets --stack-name mysfits-platform", {"Summaries": [
                {"ChangeSetId": change_set, "Status": "FAILED", "CreationTime": "2026-02-01T00:00:00+00:00"},
                {"ChangeSetId": "arn:older", "Status": "FAILED", "CreationTime": "2026-01-01T00:00:00+00:00"}]}],
            [f"^cloudformation describe-events --change-set-name {change_set}", {"OperationEvents": [event, warning]}], *HEALTHY]
        output, _ = self.run_script("setup", answers=answers, code=1)
        self.assertIn("LikeLogGroup\tResource of type LogGroup already exists", output)
        self.assertNotIn("only a warning", output)
        answers[3][1] = {"error": "Invalid choice: 'describe-events'"}
        output, _ = self.run_script("setup", answers=answers, code=1)
        self.assertIn("stack mysfits-platform could not be created or updated", output)

    def test_setup_deploys_the_site_last_and_not_at_all_with_site_none(self):
        _, calls = self.run_script("setup", answers=[described_stacks(), *HEALTHY])
        self.assertEqual("site", self.deployed_stacks(calls)[-1])
        _, calls = self.run_script("setup", "--set", "Site=none", answers=[described_stacks(), *HEALTHY])
        self.assertNotIn("site", self.deployed_stacks(calls))
        self.run_script("setup", "--set", "Site=maybe", answers=[described_stacks(), *HEALTHY], code=64)

    def test_setup_requires_the_repository_for_a_new_connection_to_github(self):
        output, calls = self.run_script("setup", "--set", "SourceProvider=GitHub", answers=[described_stacks(), *HEALTHY], code=64)
        self.assertIn("requires --set GitHubRepository=", output)
        self.assertEqual([], self.deployed_stacks(calls))
        stacks = described_stacks()
        stacks[1]["Stacks"][0]["Outputs"].append({"OutputKey": "ConnectionArn", "OutputValue": "arn:aws:codeconnections:x"})
        for options, answer in (([], stacks), (["--no-pipeline"], described_stacks())):
            self.run_script("setup", "--set", "SourceProvider=GitHub", *options, answers=[answer, *HEALTHY])

    def test_a_new_stack_gets_the_values_that_the_build_stack_has(self):
        """The CLI keeps previous values only of an existing stack."""
        stacks = described_stacks(search=None)
        values = {"CpuArchitecture": "X86_64", "SourceProvider": "GitHub", "LogRetentionDays": "30", "ComputeType": "BUILD_GENERAL1_SMALL"}
        [build] = [each for each in stacks[1]["Stacks"] if each["StackName"] == "mysfits-build"]
        build["Parameters"] = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
        for script, *options, stack, expected in (
                ("load-generator", "start", "load-generator", "X86_64 30 GitHub"), ("setup", "--email", "host@example.com", "search", "X86_64 30 GitHub"),
                ("setup", "--email", "host@example.com", "--set", "LogRetentionDays=14", "search", "X86_64 14 GitHub"),
                ("setup", "pipeline", "")):
            stacks[1]["Stacks"][0]["Outputs"] = [{"OutputKey": key, "OutputValue": value} for key, value in
                                                 {**OUTPUTS, "EcsClusterName": "Cluster-mysfits"}.items()]
            _, calls = self.run_script(script, *options, answers=[stacks, *HEALTHY])
            [deploy] = [call for call in calls if call.startswith(f"cloudformation deploy --stack-name mysfits-{stack} ")]
            given = dict(re.findall(r" (\w+)=(\S+)", deploy))
            self.assertEqual(expected, " ".join(given[key] for key in sorted(values) if key in given and key != "ComputeType"))
            self.assertNotIn("ComputeType", given)

    def test_the_name_of_a_resource_or_condition_is_not_accepted_as_a_parameter(self):
        """In the templates these names have the same indentation as the parameters."""
        for script, *options in (("setup", "--set", "Cluster=x"), ("setup", "--set", ".*=x"), ("update", "LikeService=x"),
                                 ("update", "OnAws=x"), ("load-generator", "start", "--set", "Service=x")):
            output, calls = self.run_script(script, *options, answers=[described_stacks(), *HEALTHY], code=1)
            self.assertRegex(output, "no parameter|none of the stacks .* has the parameter")
            self.assertEqual([], [call for call in calls if call.startswith("cloudformation deploy")])

    def test_setup_refuses_parameters_of_stacks_that_it_does_not_deploy(self):
        for option in ("LikesPerMinute=2500", "SourceUrl=https://example.com", "InstanceType=m7g.medium.search"):
            output, calls = self.run_script("setup", "--set", option, answers=[described_stacks(), *HEALTHY], code=1)
            self.assertIn(f"has the parameter {option.split('=')[0]}", output)
            self.assertEqual([], self.deployed_stacks(calls))
        output, _ = self.run_script("load-generator", "start", "--set", "LikePerMinute=2500", answers=[described_stacks()], code=1)
        self.assertIn("has no parameter LikePerMinute", output)

    def test_setup_updates_an_existing_log_search_without_the_email_address(self):
        answers = [described_stacks(search="CREATE_COMPLETE"), *HEALTHY]
        _, calls = self.run_script("setup", "--set", "InstanceType=m7g.medium.search", answers=answers)
        [deploy] = [call for call in calls if call.startswith("cloudformation deploy --stack-name mysfits-search")]
        self.assertIn("InstanceType=m7g.medium.search", deploy)
        self.assertNotIn("CognitoAdminEmail", deploy)
        _, calls = self.run_script("setup", answers=[described_stacks(search="ROLLBACK_COMPLETE"), *HEALTHY])
        self.assertNotIn("search", self.deployed_stacks(calls))

    def test_every_deployment_sets_the_same_single_tag(self):
        """A change of the stack's tags updates the identity pool of the log search, and the update removes the provider that
        OpenSearch added: https://github.com/aws-solutions-library-samples/qnabot-on-aws/issues/833"""
        _, calls = self.run_script("setup", "--email", "host@example.com", answers=[described_stacks(), *HEALTHY])
        tags = {re.search(r" --tags (.*?) --", call)[1] for call in calls if call.startswith("cloudformation deploy")}
        self.assertEqual({"mythical-mysfits=mysfits"}, tags)

    def test_setup_asks_before_it_deletes_the_repository(self):
        stacks = described_stacks()
        stacks[1]["Stacks"][0]["Outputs"].append({"OutputKey": "CloneUrl", "OutputValue": "https://git.example.com/mysfits"})
        answers = [stacks, ["^codecommit get-branch", {"branch": {"commitId": "1"}}], *HEALTHY]
        options = ["--set", "SourceProvider=GitHub", "--set", "GitHubRepository=somebody/mysfits"]
        for typed_input in (None, "no\n"):
            output, calls = self.run_script("setup", *options, answers=answers, typed_input=typed_input, code=1)
            self.assertIn("deletes the CodeCommit repository", output)
            self.assertEqual([], self.deployed_stacks(calls))
        for more_options, typed_input in (([], "yes\n"), (["--yes"], None)):
            _, calls = self.run_script("setup", *options, *more_options, answers=answers, typed_input=typed_input)
            self.assertIn("build", self.deployed_stacks(calls))
        output, _ = self.run_script("setup", answers=answers)
        self.assertNotIn("deletes the CodeCommit repository", output)

    def test_setup_prints_a_remedy_if_the_site_stack_fails(self):
        answers = [described_stacks(), ["^cloudformation deploy --stack-name mysfits-site", {"error": "Failed to create"}], *HEALTHY]
        output, _ = self.run_script("setup", answers=answers, code=1)
        self.assertIn("must be verified", output)
        self.assertIn("Site=none", output)

    def test_setup_pushes_the_source_once_and_prints_the_push_command(self):
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run(["git", "init", "--quiet", "--bare", directory], check=True)
            stacks = described_stacks()
            stacks[1]["Stacks"][0]["Outputs"].append({"OutputKey": "CloneUrl", "OutputValue": directory})
            missing = ["^codecommit get-branch", {"error": "An error occurred (BranchDoesNotExistException)"}]
            output, calls = self.run_script("setup", answers=[stacks, missing, *HEALTHY])
            tree = subprocess.run(["git", "-C", directory, "ls-tree", "--name-only", "main"], check=True, capture_output=True, text=True)
            self.assertIn("buildspec_prod.yml", tree.stdout)
            before = subprocess.run(["git", "-C", directory, "rev-parse", "main"], check=True, capture_output=True, text=True).stdout
            # The printed command contains the credential helper. Otherwise git would ask for a password.
            self.assertIn("credential.helper", output)
            self.assertIn(f"push {directory} HEAD:main", output)
            self.run_script("setup", answers=[stacks, ["^codecommit get-branch", {"branch": {"commitId": "1"}}], *HEALTHY])
            after = subprocess.run(["git", "-C", directory, "rev-parse", "main"], check=True, capture_output=True, text=True).stdout
            self.assertEqual(before, after)


    def test_setup_pushes_the_source_to_the_branch_of_the_existing_pipeline(self):
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run(["git", "init", "--quiet", "--bare", directory], check=True)
            stacks = described_stacks()
            for key, value in (("CloneUrl", directory), ("PipelineBranch", "dev")):
                stacks[1]["Stacks"][0]["Outputs"].append({"OutputKey": key, "OutputValue": value})
            missing = ["^codecommit get-branch", {"error": "An error occurred (BranchDoesNotExistException)"}]
            branches = ["git", "-C", directory, "branch", "--format=%(refname:short)"]
            for script, options in (("setup", []), ("exercise", ["tracing"]), ("setup", ["--set", "BranchName=main"])):
                self.run_script(script, *options, answers=[stacks, missing, *HEALTHY])
                expected = "dev\nmain\n" if "BranchName=main" in options else "dev\n"
                self.assertEqual(expected, subprocess.run(branches, check=True, capture_output=True, text=True).stdout)

    def test_git_asks_only_the_credential_helper_of_the_aws_cli(self):
        """On macOS the configuration of the system contains the helper osxkeychain, which stores passwords. CodeCommit's passwords
        are valid for some minutes."""
        with tempfile.TemporaryDirectory() as directory:
            work_dir, calls = Path(directory), Path(directory) / "calls"
            (work_dir / "aws").write_text(f"#!/bin/sh\ncat >/dev/null\necho aws >>{calls}\necho username=x\necho password=y\n")
            (work_dir / "aws").chmod(0o755)
            (work_dir / "gitconfig").write_text(f'[credential]\n\thelper = "!cat >/dev/null; echo system >>{calls}; true"\n')
            environment = {**os.environ, "PATH": f"{work_dir}:{os.environ['PATH']}", "GIT_CONFIG_SYSTEM": str(work_dir / "gitconfig")}
            for action, login in (("fill", ""), ("approve", "username=x\npassword=y\n")):
                script = f'. {ROOT}/infra/script/common.sh; "${{codecommit_git[@]}}" credential {action}'
                subprocess.run(["bash", "-c", script], env=environment, check=True, capture_output=True, text=True,
                               input=f"protocol=https\nhost=git.example.com\n{login}\n")
            self.assertEqual(["aws", "aws"], calls.read_text().split())


class Exercise(Scripts):
    def test_the_start_of_lab_3_adds_only_the_line_that_removes_the_traces_exporter(self):
        """In exercise 3.2 participants remove this line, so the start may differ from the source only by this line."""
        with tempfile.TemporaryDirectory() as directory:
            git = ["git", "-C", directory]
            subprocess.run([*git, "init", "--quiet", "--bare"], check=True)
            stacks = described_stacks()
            stacks[1]["Stacks"][0]["Outputs"].append({"OutputKey": "CloneUrl", "OutputValue": directory})
            self.run_script("setup", answers=[stacks, ["^codecommit get-branch", {"error": "BranchDoesNotExistException"}], *HEALTHY])
            self.run_script("exercise", "tracing", answers=[stacks])
            diff = subprocess.run([*git, "diff", "--unified=0", "main~", "main"], check=True, capture_output=True, text=True).stdout
        changed = [line for line in diff.splitlines() if re.match(r"[+-](?![+-])", line)]
        self.assertEqual({"+    let env = &env.without(\"OTEL_TRACES_EXPORTER\");",
                          "+    // Lab 3: without the next line the Like service is traced."},
                         {line for line in changed if "cargo test" not in line})
        self.assertEqual(1, len([line for line in changed if line.startswith("+") and line.endswith("--package monolith --lib")]))
        self.assertEqual(4, len(changed), diff)

    def test_the_exercise_names_the_reason_if_the_pipeline_reads_from_github(self):
        stacks = described_stacks()
        stacks[1]["Stacks"][0]["Outputs"].append({"OutputKey": "ConnectionArn", "OutputValue": "arn:aws:codeconnections:x"})
        output, _ = self.run_script("exercise", "tracing", answers=[stacks], code=1)
        self.assertIn("reads its source from GitHub", output)


class Env(Scripts):
    def test_env_prints_the_names_of_the_installations_resources(self):
        outputs = {"EcsClusterName": "Cluster-mysfits", "LikeServiceName": "Likes", "MonolithServiceName": "Monolith",
                   "LikeTaskDefinition": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/LikeFamily:3",
                   "MonolithTaskDefinition": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/MonolithFamily:12",
                   "LikeLogGroup": "like-logs", "MonolithLogGroup": "monolith-logs", "DynamoTable": "MysfitsTable-mysfits",
                   "LoadBalancerDNS": "lb.example.com", "ListenerArn": "listener", "LikeRuleArn": "rule", "LikeTargetGroupArn": "like-group",
                   "MonolithTargetGroupArn": "monolith-group"}
        described = {"StackName": "mysfits-platform", "StackStatus": "CREATE_COMPLETE",
                     "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]}
        output, _ = self.run_script("env", answers=[["^cloudformation describe-stacks --output", {"Stacks": [described]}]])
        self.assertEqual({
            "AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION, "AWS_PAGER": "", "CLUSTER": "Cluster-mysfits", "LIKE_SERVICE": "Likes",
            "MONOLITH_SERVICE": "Monolith", "LIKE_FAMILY": "LikeFamily", "MONOLITH_FAMILY": "MonolithFamily", "LIKE_LOG_GROUP": "like-logs",
            "MONOLITH_LOG_GROUP": "monolith-logs", "TABLE": "MysfitsTable-mysfits", "ALB": "http://lb.example.com", "LISTENER": "listener",
            "LIKE_RULE": "rule", "LIKE_TARGET_GROUP": "like-group", "MONOLITH_TARGET_GROUP": "monolith-group",
        }, dict(re.fullmatch(r"export (\w+)='([^']*)';", line).groups() for line in output.splitlines()))

    def test_env_prints_no_command_if_an_output_is_missing(self):
        output, _ = self.run_script("env", answers=[described_stacks()], code=1)
        self.assertNotIn("export", output)
        self.assertIn("no stack of the installation 'mysfits' has the output EcsClusterName", output)

    def test_scripts_refuse_a_shell_that_is_set_up_for_the_lab(self):
        with unittest.mock.patch.dict(os.environ, AWS_ACCESS_KEY_ID="lab"):
            output, calls = self.run_script("env", answers=[described_stacks()], code=1)
        self.assertIn("Open a new shell", output)
        self.assertEqual([], calls)


class TransactionSearch(Scripts):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Transaction-Search-getting-started.html"""

    ANSWERS = [["^sts get-caller-identity", {"Account": ACCOUNT}], ["^xray get-trace-segment-destination", {"Destination": "XRay"}]]

    def changing_calls(self, calls):
        return [call for call in calls if not re.match("sts|xray get", call)]

    def test_transaction_search_changes_the_account_only_after_the_answer_yes(self):
        for typed_input in (None, "no\n"):
            _, calls = self.run_script("transaction-search", "on", answers=self.ANSWERS, typed_input=typed_input, code=1)
            self.assertEqual([], self.changing_calls(calls))
        _, calls = self.run_script("transaction-search", "on", answers=self.ANSWERS, typed_input="yes\n")
        policy, destination, index = self.changing_calls(calls)
        self.assertIn("logs put-resource-policy", policy)
        document = json.loads(re.search(r"--policy-document (\{.*\}) --query", policy)[1])
        self.assertIn(f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:aws/spans:*", document["Statement"][0]["Resource"])
        self.assertIn("xray update-trace-segment-destination --destination CloudWatchLogs", destination)
        self.assertIn('"DesiredSamplingPercentage": 100', index)

    def test_update_refuses_tracing_cloudwatch_without_transaction_search(self):
        output, calls = self.run_script("update", "Tracing=cloudwatch", answers=[described_stacks(), *HEALTHY], code=1)
        self.assertIn("infra/script/transaction-search on", output)
        self.assertNotIn("cloudformation deploy", str(calls))
        search_on = ["^xray get-trace-segment-destination", {"Destination": "CloudWatchLogs"}]
        _, calls = self.run_script("update", "Tracing=cloudwatch", answers=[described_stacks(), search_on, *HEALTHY])
        self.assertIn("Tracing=cloudwatch", str(calls))


class Preflight(Scripts):
    def test_preflight_checks_the_quota_of_concurrent_builds_for_the_chosen_machine_size(self):
        none = ["^service-quotas.*codebuild", {"Quota": {"Value": 0.0}}]
        output, calls = self.run_script("preflight", answers=[described_stacks(), none, *HEALTHY], code=1)
        self.assertIn("concurrent builds (ARM64, BUILD_GENERAL1_LARGE): 0 of 0", output)
        self.assertTrue([call for call in calls if "codebuild --quota-code L-596BEAB4" in call])
        _, calls = self.run_script("preflight", "--set", "ComputeType=BUILD_GENERAL1_SMALL", "--set", "CpuArchitecture=X86_64",
                                   answers=[described_stacks(), *HEALTHY])
        self.assertTrue([call for call in calls if "codebuild --quota-code L-9D07B6EF" in call])
        parameters = parse_template(template_text("build"))["Parameters"]
        self.assertEqual(
            {f"{architecture}:{size}" for architecture in parameters["CpuArchitecture"]["AllowedValues"]
             for size in parameters["ComputeType"]["AllowedValues"]},
            set(re.findall(r"^    \[(\w+:\w+)\]=L-", (ROOT / "infra/script/preflight").read_text(), re.MULTILINE)))

    def test_preflight_checks_the_parameters_of_the_existing_build_stack(self):
        """Without --set, setup keeps the parameters."""
        stored = {"CpuArchitecture": "X86_64", "ComputeType": "BUILD_GENERAL1_SMALL", "SourceProvider": "GitHub"}
        stacks = described_stacks()
        build = next(each for each in stacks[1]["Stacks"] if each["StackName"] == "mysfits-build")
        build["Parameters"] = [{"ParameterKey": key, "ParameterValue": value} for key, value in stored.items()]
        output, calls = self.run_script("preflight", "--region", "eu-south-2", answers=[stacks, *HEALTHY])
        self.assertTrue([call for call in calls if "codebuild --quota-code L-9D07B6EF" in call])
        self.assertNotIn("  note ", output)
        _, calls = self.run_script("preflight", "--set", "CpuArchitecture=ARM64", answers=[stacks, *HEALTHY])
        self.assertTrue([call for call in calls if "codebuild --quota-code L-5ED1D25B" in call])

    def test_preflight_checks_the_quota_of_elastic_addresses_for_the_chosen_number_of_gateways(self):
        for option, needed in (("NatMode=one", 1), ("NatMode=two", 2)):
            output, _ = self.run_script("preflight", "--set", option, answers=[described_stacks(network=None), *HEALTHY])
            self.assertRegex(output, f"elastic addresses: 0 of 30 in use, {needed} more needed")

    def test_preflight_reports_the_task_count_at_which_a_small_fargate_quota_stops_scaling(self):
        output, _ = self.run_script("preflight", answers=[described_stacks(), ["^service-quotas", {"Quota": {"Value": 6.0}}], *HEALTHY])
        self.assertIn("with 6 vCPUs of Fargate, step scaling stops at 22 tasks", output)

    def test_preflight_reports_a_low_indexing_rate_of_transaction_search_with_the_command_that_raises_it(self):
        search_on = ["^xray get-trace-segment-destination", {"Destination": "CloudWatchLogs", "Status": "ACTIVE"}]
        rules = ["^xray get-indexing-rules", {"IndexingRules": [
            {"Name": "Default", "Rule": {"Probabilistic": {"DesiredSamplingPercentage": 1.0, "ActualSamplingPercentage": 1.0}}}]}]
        output, _ = self.run_script("preflight", answers=[described_stacks(), search_on, rules, *HEALTHY])
        self.assertIn("indexes 1.0 % of the traces", output)
        self.assertIn("aws xray update-indexing-rule", output)
        rules[1]["IndexingRules"][0]["Rule"]["Probabilistic"]["DesiredSamplingPercentage"] = 100.0
        output, _ = self.run_script("preflight", answers=[described_stacks(), search_on, rules, *HEALTHY])
        self.assertIn("indexes all traces", output)

    def test_preflight_fails_in_a_region_without_two_usable_zones(self):
        answers = [described_stacks(), ["^ec2 describe-availability-zones", {"AvailabilityZones": ZONES[:2]}], *HEALTHY]
        self.assertIn("two are needed", self.run_script("preflight", answers=answers, code=1)[0])

    def test_preflight_reports_a_region_without_known_arm_build_machines_only_for_arm64(self):
        answers = [described_stacks(), *HEALTHY]
        output, _ = self.run_script("preflight", "--region", "eu-south-2", answers=answers)
        self.assertIn("CodeBuild may have no ARM build machines", output)
        self.assertIn("CpuArchitecture=X86_64", output)
        for arguments in (("--region", "eu-south-2", "--set", "CpuArchitecture=X86_64"), ("--region", "eu-west-2")):
            output, _ = self.run_script("preflight", *arguments, answers=answers)
            self.assertNotIn("CodeBuild may have no ARM build machines", output)

    def test_preflight_reports_regions_without_codecommit_codebuild_or_codepipeline(self):
        """The regions are those for which botocore's data contains no endpoint."""
        session = botocore.session.get_session()
        script = (ROOT / "infra/script/preflight").read_text()
        for service in ("CodeBuild", "CodeCommit", "CodePipeline"):
            listed = re.search(rf'^ +\[{service}\]="(.*)"$', script, re.MULTILINE)[1].split()
            self.assertEqual(sorted(set(session.get_available_regions("ec2")) - set(session.get_available_regions(service.lower()))), listed)
        answers = [described_stacks(), *HEALTHY]
        for options, missing in ((["ca-west-1"], ["CodeBuild", "CodeCommit", "CodePipeline"]), (["eu-south-2"], ["CodeCommit"]), ([REGION], []),
                                 (["eu-south-2", "--set", "SourceProvider=GitHub"], [])):
            output, _ = self.run_script("preflight", "--region", *options, answers=answers)
            self.assertEqual(missing, re.findall(r"AWS may not offer (\w+) in", output))


if __name__ == "__main__":
    unittest.main()
