"""Launches and deletes the bootstrap stack in MiniStack. MiniStack's CloudFormation creates the resources of infra/workshop.yml, runs the
function with a request for the custom resource, and waits for a response at the request's URL. The function starts a build in MiniStack.

MiniStack runs no builds. For this reason the test reads a started build and its project from MiniStack, and runs the buildspec. The
buildspec runs the real scripts from an archive in MiniStack's S3."""

import os
import subprocess
import tempfile
import time
import unittest
from functools import cache

import emulators
import yaml
from aws_server import start_aws_server
from resolved import INFRA, ROOT

# Resources of the workshop: service, operation, and name of the list in the response.
LISTS = [
    ("cloudformation", "describe_stacks", "Stacks"), ("cloudwatch", "describe_alarms", "MetricAlarms"),
    ("cloudwatch", "list_dashboards", "DashboardEntries"), ("codebuild", "list_projects", "projects"),
    ("dynamodb", "list_tables", "TableNames"), ("ec2", "describe_network_interfaces", "NetworkInterfaces"),
    ("ec2", "describe_security_groups", "SecurityGroups"), ("ec2", "describe_subnets", "Subnets"), ("ec2", "describe_vpcs", "Vpcs"),
    ("ecr", "describe_repositories", "repositories"), ("ecs", "list_clusters", "clusterArns"),
    ("ecs", "list_task_definitions", "taskDefinitionArns"), ("elbv2", "describe_load_balancers", "LoadBalancers"),
    ("elbv2", "describe_target_groups", "TargetGroups"), ("iam", "list_roles", "Roles"), ("lambda", "list_functions", "Functions"),
    ("logs", "describe_log_groups", "logGroups"), ("s3", "list_buckets", "Buckets"),
]


def wait_for(description, read, seconds=30):
    """Returns the first true result of `read`."""
    deadline = time.monotonic() + seconds
    while not (result := read()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{description}: not within {seconds} s")
        time.sleep(0.02)
    return result


class Bootstrap(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cloud = emulators.start_ministack()
        cls.addClassCleanup(cloud.stop)
        cls.environment = cloud.environment(start_aws_server())
        cls.client = staticmethod(cache(cloud.client))
        cls.finished_builds = set()
        # `git stash create` prints a commit with the changes that are not committed, or nothing.
        changes = subprocess.run(["git", "-C", ROOT, "stash", "create"], check=True, capture_output=True, text=True).stdout.strip()
        archive = subprocess.run(["git", "-C", ROOT, "archive", "--format=tar.gz", "--prefix=mysfits/", changes or "HEAD"],
                                 check=True, capture_output=True).stdout
        cls.client("s3").create_bucket(Bucket="source")
        cls.client("s3").put_object(Bucket="source", Key="mysfits.tar.gz", Body=archive)

    def setUp(self):
        self.before = self.list_resources()

    def list_resources(self):
        found = [(kind, each) for service, operation, kind in LISTS for each in getattr(self.client(service), operation)()[kind]]
        # Unlike EC2, MiniStack keeps the default security group of a deleted VPC.
        return [(kind, each) for kind, each in found if kind != "SecurityGroups" or each["GroupName"] != "default"]

    def launch_stack(self, workshop, setup_options="", project="!Ref SetupProject"):
        template = (INFRA / "workshop.yml").read_text().replace("PROJECT: !Ref SetupProject", f"PROJECT: {project}")
        parameters = {"Workshop": workshop, "SourceUrl": "s3://source/mysfits.tar.gz", "SetupOptions": setup_options}
        self.workshop = workshop
        self.stack_id = self.client("cloudformation").create_stack(
            StackName=f"console-{workshop}", TemplateBody=template, Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()])["StackId"]

    def find_started_build(self, project):
        codebuild = self.client("codebuild")
        if project in codebuild.list_projects()["projects"]:
            ids = set(codebuild.list_builds_for_project(projectName=project)["ids"]) - self.finished_builds
            return ids and codebuild.batch_get_builds(ids=list(ids))["builds"]
        return None

    def run_build(self):
        """Waits for a started build and runs its buildspec like CodeBuild. Returns whether the build succeeded, and its log.

        https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html: `env/shell` names the shell. A failed command ends
        `commands` and the build has failed. The commands of `finally` run in either case."""
        [build] = wait_for("a build", lambda: self.find_started_build(f"{self.workshop}-workshop"))
        self.finished_builds.add(build["id"])
        [project] = self.client("codebuild").batch_get_projects(names=[build["projectName"]])["projects"]
        buildspec = yaml.safe_load(project["source"]["buildspec"])
        [phase] = buildspec["phases"].values()
        variables = {each["name"]: each["value"] for each in build["environment"]["environmentVariables"]}
        with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile("w+") as log:
            # The new home directory contains no configuration of git.
            environment = {**self.environment, "AWS_REGION": emulators.REGION, "HOME": home, **variables}
            os.mkdir(f"{home}/src")

            def run_command(command):
                return subprocess.run([buildspec["env"]["shell"], "-c", command], cwd=f"{home}/src", env=environment, check=False,
                                      stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, timeout=300).returncode == 0

            succeeded = all(map(run_command, phase["commands"]))
            succeeded = all(map(run_command, phase["finally"])) and succeeded
            log.seek(0)
            return succeeded, log.read()

    def wait_for_stack(self, status):
        def read_stacks():
            stacks = self.client("cloudformation").describe_stacks(StackName=self.stack_id)["Stacks"]
            return [each for each in stacks if each["StackStatus"] == status]

        return wait_for(status, read_stacks)[0]

    def read_failures(self):
        events = self.client("cloudformation").describe_stack_events(StackName=self.stack_id)["StackEvents"]
        return [each["ResourceStatusReason"] for each in events if each["ResourceStatus"].endswith("FAILED")]

    def assert_deletion_leaves_no_resource(self, runs_build):
        # MiniStack deletes no stack by its id, and describes a deleted stack by its id only.
        self.client("cloudformation").delete_stack(StackName=f"console-{self.workshop}")
        if runs_build:
            succeeded, log = self.run_build()
            self.assertTrue(succeeded, log)
        self.wait_for_stack("DELETE_COMPLETE")
        self.assertEqual([], [each for each in self.list_resources() if each not in self.before])

    def test_the_stack_sets_the_workshop_up_and_its_deletion_removes_the_workshop(self):
        self.launch_stack("boot", "--set Emulated=yes --set Site=none --no-pipeline")
        succeeded, log = self.run_build()
        self.assertTrue(succeeded, log)
        outputs = {each["OutputKey"]: each["OutputValue"] for each in self.wait_for_stack("CREATE_COMPLETE")["Outputs"]}
        [balancer] = self.client("elbv2").describe_load_balancers()["LoadBalancers"]
        self.assertEqual({"Address": "http://" + balancer["DNSName"], "Website": "-", "Log": "boot-workshop"}, outputs)
        self.assertEqual(12, self.client("dynamodb").scan(TableName="MysfitsTable-boot")["Count"])
        self.assert_deletion_leaves_no_resource(runs_build=True)
        self.assertEqual([], self.read_failures())

    def test_an_event_of_the_stack_contains_the_failed_step_and_the_rollback_removes_the_workshop(self):
        # MiniStack supports no elastic addresses, so the first stack of set-up fails without Emulated=yes.
        self.launch_stack("failing")
        self.assertEqual([False, True], [self.run_build()[0] for _ in ("setup", "cleanup")])
        self.wait_for_stack("ROLLBACK_COMPLETE")
        [reason] = self.read_failures()
        self.assertEqual("Step 'stack failing-network': NatAddressA: Unsupported resource type: AWS::EC2::EIP; error: stack failing-network "
                         "could not be created or updated. The log is in the log group failing-workshop, which a rollback deletes.", reason)
        self.assert_deletion_leaves_no_resource(runs_build=False)

    def test_the_rollback_succeeds_if_no_build_could_be_started(self):
        self.launch_stack("unstarted", project="another-project")
        self.wait_for_stack("ROLLBACK_COMPLETE")
        [reason] = self.read_failures()
        self.assertIn("Step 'start': the build could not be started: ", reason)
        self.assertNotIn("The rollback failed", reason)


if __name__ == "__main__":
    unittest.main()
