"""Tests the bootstrap stack: its function with a replacement for CodeBuild that records calls, its build with scripts that succeed,
fail or hang, and a local HTTP server as CloudFormation's response address."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import types
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest.mock import patch

import yaml
from resolved import resolve, resources

REQUEST = {
    "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/workshop/1", "RequestId": "request-1",
    "LogicalResourceId": "Installation",
    "ResourceProperties": {"Workshop": "mysfits", "SourceUrl": "https://example.com/mysfits.git", "SourceBranch": "main", "SetupOptions": ""},
}
SETUP = """echo "setup $*" >>"$CALLS"
echo "==> preflight"
echo "==> stack mysfits-network"
{then}
"""
SUCCESS = 'echo "  load balancer  http://lb.example.com"; echo "  site           https://site.example.com"; echo "Success!"'
# This `aws` replaces downloads from S3, and returns the creation times of the network stack and of the bootstrap stack. The .zip archive
# has no executable bits, and contains the directory that the Finder of macOS adds. The files of the .tar.gz archive belong to another user.
AWS = """#!/bin/sh
for last; do :; done
case "$*" in
*describe-stacks*StackName==*mysfits-network*) echo "${NETWORK_CREATED:-null}"; exit ;;
*describe-stacks*StackId*) echo '"2026-01-02T00:00:00.500000+00:00"'; exit ;;
esac
case "$*" in
*missing*) echo "$S3_ERROR" >&2; exit 1 ;;
esac
case $last in
*.zip)
    mkdir __MACOSX && echo x >__MACOSX/x
    git -C "$ORIGIN" archive --prefix=mysfits/ --format=zip main >"$last"
    python3 -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1], "a").write("__MACOSX/x")' "$last" && rm -r __MACOSX ;;
*) tar --create --gzip --file "$last" --directory "$ORIGIN" --exclude .git --owner 1000 --group 1000 --transform 's,^[.],mysfits,' . ;;
esac
"""
FAILURE = 'printf "Vpc\\tThe maximum number of VPCs has been reached.\\n"; echo "error: stack mysfits-network could not be created or updated"; exit 1'


class Answers:
    """An HTTP server in place of CloudFormation's response address. It records the responses in `received`."""

    def __enter__(self):
        received = self.received = []

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(inner):
                received.append(json.loads(inner.rfile.read(int(inner.headers["Content-Length"]))))
                inner.send_response(200)
                inner.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/answer?signature=a%2Fb&x=1"
        # shutdown() waits for the end of a poll.
        threading.Thread(target=self.server.serve_forever, args=[0.01], daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Build(unittest.TestCase):
    def run_buildspec(self, setup=SUCCESS, request_type="Create", url=None, **extra_variables):
        """Runs the buildspec's commands like CodeBuild, which runs `finally` even after a failure. Returns the response and the calls."""
        phase = yaml.safe_load(resources("workshop")["SetupProject"]["Source"]["BuildSpec"])["phases"]["build"]
        with tempfile.TemporaryDirectory() as directory, Answers() as answers:
            work_dir = Path(directory)
            scripts = work_dir / "origin/infra/script"
            scripts.mkdir(parents=True)
            (scripts / "setup").write_text(SETUP.format(then=setup))
            (scripts / "cleanup").write_text(SETUP.format(then="true").replace("setup", "cleanup"))
            git = ["git", "-C", work_dir / "origin", "-c", "user.name=x", "-c", "user.email=x@example.com"]
            subprocess.run([*git, "init", "--quiet", "--initial-branch", "main"], check=True)
            subprocess.run([*git, "add", "--all"], check=True)
            subprocess.run([*git, "commit", "--quiet", "--message", "x"], check=True)
            (work_dir / "aws").write_text(AWS)
            (work_dir / "aws").chmod(0o755)
            (work_dir / "calls").touch()
            environment = {
                **os.environ, "PATH": f"{work_dir}:{os.environ['PATH']}", "CALLS": str(work_dir / "calls"), "ORIGIN": str(work_dir / "origin"),
                "WORKSHOP": "mysfits", "SOURCE_URL": url or f"file://{work_dir}/origin", "SOURCE_BRANCH": "main", "AWS_REGION": "eu-west-1",
                "SETUP_OPTIONS": "--set Site=none", "REQUEST_TYPE": request_type, "RESPONSE_URL": answers.url, "STACK_ID": REQUEST["StackId"],
                "REQUEST_ID": "request-1", "LOGICAL_ID": "Installation", "PHYSICAL_ID": "mysfits",
                "PREVIOUS_ID": "NO_BUILD" if request_type == "Create" else "mysfits", "LOG_PLACE": "the log group x", **extra_variables}
            source_dir = work_dir / "work"
            source_dir.mkdir()
            for command in (*phase["commands"], *phase["finally"]):
                subprocess.run(["bash", "-c", command], cwd=source_dir, env=environment, check=False, capture_output=True, text=True, timeout=60)
            [answer] = answers.received
            return answer, (work_dir / "calls").read_text()

    def test_the_response_after_a_successful_setup_contains_the_addresses(self):
        answer, calls = self.run_buildspec()
        self.assertEqual(("SUCCESS", "mysfits", "request-1", "Installation", REQUEST["StackId"]), tuple(
            answer[key] for key in ("Status", "PhysicalResourceId", "RequestId", "LogicalResourceId", "StackId")))
        self.assertEqual({"LoadBalancer": "http://lb.example.com", "Site": "https://site.example.com", "LogSearch": "-"}, answer["Data"])
        # The last options win. Clean-up of an installation with another name or in another region would not find its stacks.
        self.assertEqual("setup --set Site=none --yes --stack mysfits --region eu-west-1\n", calls)

    def test_the_response_after_a_failed_setup_contains_the_step_and_the_error(self):
        answer, _ = self.run_buildspec(setup=FAILURE)
        self.assertEqual("FAILED", answer["Status"])
        self.assertIn("Step 'stack mysfits-network': Vpc: The maximum number of VPCs has been reached.; "
                      "error: stack mysfits-network could not be created", answer["Reason"])
        self.assertIn("the log group x", answer["Reason"])

    def test_a_failed_setup_is_removed_unless_the_installation_is_older_than_the_stack(self):
        """CloudFormation deletes a resource whose creation failed, with the id of the response: https://github.com/aws/aws-cdk/pull/5525"""
        older, younger = '"2026-01-02T00:00:00+00:00"', '"2026-01-02T00:10:00.100000+00:00"'
        for created, code, physical_id in ((None, 1, "mysfits"), (older, 1, "NO_BUILD"), (younger, 1, "mysfits"), (older, 0, "mysfits")):
            with self.subTest(created=created, code=code):
                answer, _ = self.run_buildspec(setup=SUCCESS if code == 0 else FAILURE, **({"NETWORK_CREATED": created} if created else {}))
                self.assertEqual(physical_id, answer["PhysicalResourceId"])
        # An update with another name of the installation replaces the resource.
        answer, _ = self.run_buildspec(setup=FAILURE, request_type="Update", NETWORK_CREATED=older, PREVIOUS_ID="team1")
        self.assertEqual("team1", answer["PhysicalResourceId"])

    def test_a_source_that_cannot_be_fetched_fails_the_step_source(self):
        answer, calls = self.run_buildspec(url="file:///does/not/exist")
        self.assertEqual("FAILED", answer["Status"])
        self.assertIn("Step 'source': fatal:", answer["Reason"])
        self.assertEqual("", calls)
        # A clean-up would not find the source either, and the rollback would fail.
        self.assertEqual("NO_BUILD", answer["PhysicalResourceId"])
        answer, _ = self.run_buildspec(url="file:///does/not/exist", NETWORK_CREATED='"2026-01-03T00:00:00+00:00"')
        self.assertEqual("mysfits", answer["PhysicalResourceId"])

    def test_a_failed_download_of_the_archive_is_the_error_in_the_response(self):
        """The versions of the AWS CLI print different words before an error: https://github.com/aws/aws-cli/pull/10094"""
        for kind, error in (("zip", "fatal error: An error occurred (404) when calling the HeadObject operation"),
                            ("zip", "aws: [ERROR]: An error occurred (403) when calling the HeadObject operation"),
                            ("tar.gz", "download failed: s3://bucket/missing to ./source An error occurred (AccessDenied)")):
            with self.subTest(kind=kind, error=error):
                answer, calls = self.run_buildspec(url=f"s3://bucket/missing.{kind}", S3_ERROR=error)
                self.assertEqual(("FAILED", "NO_BUILD", ""), (answer["Status"], answer["PhysicalResourceId"], calls))
                self.assertEqual(f"Step 'source': {error}. The log is in the log group x.", answer["Reason"])

    def test_a_setup_that_exceeds_the_time_limit_sends_a_failure_to_cloudformation(self):
        answer, _ = self.run_buildspec(setup="sleep 30", LIMIT_SECONDS="1")
        self.assertEqual("FAILED", answer["Status"])
        self.assertIn("took longer", answer["Reason"])
        properties = resources("workshop")
        self.assertIn("LIMIT_SECONDS:-3300", properties["SetupProject"]["Source"]["BuildSpec"])
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html
        self.assertLessEqual(properties["Installation"]["ServiceTimeout"], 3600)
        self.assertGreaterEqual(properties["SetupProject"]["TimeoutInMinutes"] * 60, 3300)

    def test_a_delete_request_runs_cleanup(self):
        answer, calls = self.run_buildspec(request_type="Delete")
        self.assertEqual("SUCCESS", answer["Status"])
        self.assertEqual("cleanup --yes --stack mysfits --region eu-west-1\n", calls)

    def test_a_source_archive_in_s3_is_committed_to_a_git_repository(self):
        """CodeBuild runs the build as root. Then tar restores the owners of the files, and git refuses the files of another user."""
        for kind in ("zip", "tar.gz"):
            with self.subTest(kind=kind):
                answer, calls = self.run_buildspec(url=f"s3://bucket/mysfits.{kind}", setup="git rev-parse HEAD >/dev/null || exit 1")
                self.assertEqual("SUCCESS", answer["Status"], answer["Reason"])
                self.assertIn("setup ", calls)
        # git does not refuse the files if these tests run as another user than root.
        self.assertIn("tar --no-same-owner -xzf", resources("workshop")["SetupProject"]["Source"]["BuildSpec"])


class Starter(unittest.TestCase):
    def handle(self, event, start_build, builds=(), stopped=None):
        client = types.SimpleNamespace(
            start_build=start_build, stop_build=lambda id: stopped.append(id),
            list_builds_for_project=lambda projectName: {"ids": [each["id"] for each in builds]},
            batch_get_builds=lambda ids: {"builds": [each for each in builds if each["id"] in ids]})
        module = {}
        with patch.dict(sys.modules, {"boto3": types.SimpleNamespace(client=lambda name: client)}), \
                patch.dict(os.environ, {"PROJECT": "mysfits-workshop", "LOG_GROUP": "mysfits-workshop"}):
            exec(compile(resources("workshop")["Starter"]["Code"]["ZipFile"], "starter", "exec"), module)
            module["handler"](event, None)

    def test_the_role_of_the_build_is_deleted_before_the_log_group(self):
        """With this role the end of the last build could create the log group again."""
        self.assertEqual("LogGroup", resolve("workshop")["Resources"]["SetupRole"]["DependsOn"])

    def test_each_request_starts_a_build_with_the_variables_of_the_response(self):
        started = []
        with Answers() as answers:
            self.handle({**REQUEST, "RequestType": "Create", "ResponseURL": answers.url}, lambda **call: started.append(call))
            self.assertEqual([], answers.received)
        [call] = started
        self.assertEqual("mysfits-workshop", call["projectName"])
        # Lambda may run an asynchronous request twice: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
        self.assertEqual("request-1", call["idempotencyToken"])
        variables = {each["name"]: each["value"] for each in call["environmentVariablesOverride"]}
        script = resources("workshop")["SetupProject"]["Source"]["BuildSpec"]
        for name in ("WORKSHOP", "SOURCE_URL", "SOURCE_BRANCH", "SETUP_OPTIONS", "REQUEST_TYPE", "RESPONSE_URL", "STACK_ID",
                     "REQUEST_ID", "LOGICAL_ID", "PHYSICAL_ID", "PREVIOUS_ID", "LOG_PLACE"):
            self.assertIn(name, variables)
            self.assertIn(name, script)
        self.assertEqual((answers.url, "Create", "mysfits", "NO_BUILD"), tuple(
            variables[name] for name in ("RESPONSE_URL", "REQUEST_TYPE", "WORKSHOP", "PREVIOUS_ID")))

    def test_the_function_sends_a_failure_if_the_build_cannot_be_started(self):
        def refuse(**_):
            raise RuntimeError("AccountLimitExceededException")

        with Answers() as answers, patch("time.sleep"):
            self.handle({**REQUEST, "RequestType": "Create", "ResponseURL": answers.url}, refuse)
            [answer] = answers.received
        self.assertEqual(("FAILED", "NO_BUILD"), (answer["Status"], answer["PhysicalResourceId"]))
        self.assertIn("AccountLimitExceededException", answer["Reason"])

    def test_the_function_waits_for_the_end_of_the_build_that_sent_the_previous_response(self):
        """In a new account StartBuild fails while another build of the same type runs:
        https://github.com/awslabs/landing-zone-accelerator-on-aws/issues/249"""
        calls = []

        def refuse_twice(**call):
            calls.append(call)
            if len(calls) < 3:
                raise RuntimeError("An error occurred (AccountLimitExceededException) when calling the StartBuild operation")

        def refuse(**_):
            raise RuntimeError("An error occurred (AccountLimitExceededException) when calling the StartBuild operation")

        request = {**REQUEST, "RequestType": "Delete", "PhysicalResourceId": "mysfits"}
        with Answers() as answers, patch("time.sleep") as sleep:
            self.handle({**request, "ResponseURL": answers.url}, refuse_twice)
            self.assertEqual((3, []), (len(calls), answers.received))
            sleep.reset_mock()
            self.handle({**request, "ResponseURL": answers.url}, refuse)
            self.assertEqual("FAILED", answers.received[0]["Status"])
            self.assertLess(sum(call.args[0] for call in sleep.call_args_list) + 60, resources("workshop")["Starter"]["Timeout"])

    def test_the_function_stops_the_running_builds_of_earlier_requests(self):
        """After "Resource creation cancelled", CloudFormation sends the Delete request before the response to the Create request:
        https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1730"""
        def build(number, status, request):
            return {"id": f"mysfits-workshop:{number}", "buildStatus": status,
                    "environment": {"environmentVariables": [{"name": "REQUEST_ID", "value": request}]}}

        started, stopped = [], []
        request = {**REQUEST, "RequestType": "Delete", "PhysicalResourceId": "mysfits", "RequestId": "request-2"}
        # Lambda may run the request twice. The second run does not stop the build of the first.
        builds = [build(3, "IN_PROGRESS", "request-2"), build(2, "IN_PROGRESS", "request-1"), build(1, "FAILED", "request-0")]
        with Answers() as answers:
            self.handle({**request, "ResponseURL": answers.url}, lambda **call: started.append(list(stopped)), builds, stopped)
        self.assertEqual([["mysfits-workshop:2"]], started)

    def test_the_function_waits_until_a_new_policy_permits_the_build(self):
        """CloudFormation does not wait until IAM has distributed a policy: https://github.com/aws/aws-cdk/issues/37675"""
        def deny(times):
            calls = []

            def start_build(**call):
                calls.append(call)
                if len(calls) <= times:
                    raise RuntimeError("An error occurred (AccessDeniedException) when calling the StartBuild operation")

            with Answers() as answers, patch("time.sleep") as sleep:
                self.handle({**REQUEST, "RequestType": "Create", "ResponseURL": answers.url}, start_build)
                return len(calls), [each["Status"] for each in answers.received], sum(call.args[0] for call in sleep.call_args_list)

        self.assertEqual((3, [], 40), deny(2))
        self.assertEqual((4, ["FAILED"], 60), deny(100))

    def test_a_delete_request_after_a_creation_without_a_build_succeeds_without_a_build(self):
        started = []
        request = {**REQUEST, "RequestType": "Delete", "PhysicalResourceId": "NO_BUILD"}
        with Answers() as answers:
            self.handle({**request, "ResponseURL": answers.url}, lambda **call: started.append(call))
            [answer] = answers.received
        self.assertEqual(("SUCCESS", "NO_BUILD", []), (answer["Status"], answer["PhysicalResourceId"], started))

    def test_every_property_of_the_custom_resource_has_the_value_of_the_parameter_with_its_name(self):
        properties = resources("workshop", SetupOptions="--no-pipeline")["Installation"]
        self.assertEqual(("mysfits", "https://example.com/mysfits.git", "main", "--no-pipeline", "Starter.Arn"), tuple(
            properties[name] for name in ("Workshop", "SourceUrl", "SourceBranch", "SetupOptions", "ServiceToken")))


if __name__ == "__main__":
    unittest.main()
