"""Tests of the lab's verb `check`, which calls the AWS CLI: a check fails before a step and succeeds after it."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import boto3

from clients import POLL_INTERVAL_SECONDS, TIMEOUT_SECONDS, start_lab


class Check(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.endpoints = start_lab(["--chaos=off"], {})
        cls.port = str(urlsplit(cls.endpoints["aws"]).port)
        with urlopen(f"{cls.endpoints['aws']}/lab/exports") as response:
            cls.names = {export["name"]: export["value"] for export in json.load(response)}

    def check(self, *arguments, **environment):
        return self.run_verb("check", *arguments, environment=environment)

    def run_verb(self, *arguments, environment={}, stdout=subprocess.PIPE):
        environment = {
            # Version 1 of the AWS CLI is in the directory of the interpreter.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": "/nonexistent",
            **environment,
        }
        command = [os.environ["LAB_BIN"], *arguments]
        return subprocess.run(command, env=environment, check=False, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=300)

    def step(self, step):
        """Returns the exit code and the output of the check of a step of the lab. The variables would select another account and another endpoint."""
        result = self.check(step, "--aws-port", self.port, AWS_PROFILE="work", AWS_ENDPOINT_URL_ECS="http://127.0.0.1:1")
        self.assertEqual(result.stderr, "")
        return result.returncode, result.stdout

    def wait_until_done(self, step):
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while (code := self.step(step)[0]) != 0 and time.monotonic() < deadline:
            time.sleep(POLL_INTERVAL_SECONDS)
        self.assertEqual(code, 0, self.step(step))

    def call(self, api, operation, /, **parameters):
        client = boto3.client(
            api, endpoint_url=self.endpoints["aws"], region_name="us-east-1", aws_access_key_id="lab", aws_secret_access_key="lab"
        )
        return getattr(client, operation)(**parameters)

    def test_likes_complete_the_step_that_wants_ten(self):
        code, output = self.step("0.2")
        self.assertEqual(code, 1)
        self.assertIn(f"  missing  The log group {self.names['LIKE_LOG_GROUP']} has 0 likes; this step wants 10.\n", output)
        mysfit = "4e53920c-505a-4a90-a694-b9300791f0ae"
        for _ in range(10):
            urlopen(Request(f"{self.endpoints['alb']}/mysfits/{mysfit}/like", method="POST")).close()
        self.wait_until_done("0.2")

    def test_a_revision_that_is_rolled_out_completes_the_step_that_wants_another_log_level(self):
        self.assertEqual(self.step("2.2")[0], 1)
        service = self.names["LIKE_SERVICE"]
        definition = self.call("ecs", "describe_task_definition", taskDefinition=service)["taskDefinition"]
        for variable in definition["containerDefinitions"][0]["environment"]:
            if variable["name"] == "LOGLEVEL":
                variable["value"] = "DEBUG"
        members = ["family", "networkMode", "requiresCompatibilities", "cpu", "memory", "containerDefinitions"]
        self.call("ecs", "register_task_definition", **{member: definition[member] for member in members})
        code, output = self.step("2.2")
        self.assertEqual(code, 1)
        self.assertIn("LOGLEVEL is DEBUG in revision 2, and the service still uses revision 1.", output)
        self.call("ecs", "update_service", cluster=self.names["CLUSTER"], service=service, taskDefinition=service)
        self.wait_until_done("2.2")

    def test_weights_complete_the_step_that_wants_them(self):
        groups = ["LIKE_TARGET_GROUP", "MONOLITH_TARGET_GROUP"]

        def set_weights(*weights):
            targets = [{"TargetGroupArn": self.names[group], "Weight": weight} for group, weight in zip(groups, weights)]
            action = {"Type": "forward", "ForwardConfig": {"TargetGroups": targets}}
            self.call("elbv2", "modify_rule", RuleArn=self.names["LIKE_RULE"], Actions=[action])

        set_weights(10, 90)
        code, output = self.step("6.3")
        self.assertEqual(code, 1)
        self.assertIn("The rule still sends 90 of 100 likes to the monolith; this step wants 0.", output)
        set_weights(100, 0)
        self.assertIn("  done     The rule sends all likes to the Like service.\n", self.step("6.3")[1])

    def test_without_a_step_each_step_has_a_line(self):
        result = self.check("--aws-port", self.port)
        self.assertEqual((result.returncode, result.stderr), (1, ""))
        lines = result.stdout.splitlines()
        self.assertEqual([line[:3] for line in lines], sorted(line[:3] for line in lines))
        self.assertGreater(len(lines), 25)
        self.assertIn("0.1 done     Start the lab", lines)
        self.assertIn("3.3 not yet  Find the slow and failed likes: There is no group besides Default; this step wants one.", lines)
        self.assertFalse([line for line in lines if line[4:11] == "unknown"])

    def test_a_closed_output_ends_the_verbs_without_a_message(self):
        site, aws = f"--site-port={urlsplit(self.endpoints['site']).port}", f"--aws-port={self.port}"
        for verb in ["check", "check 0.1", "env", "load --rate=1 --duration=1s", "load --rate=1 --duration=1s --json", "goto 0", "reset --yes"]:
            with self.subTest(verb):
                reader, writer = os.pipe()
                os.close(reader)
                with os.fdopen(writer, "w") as closed:
                    port = site if verb.startswith(("reset", "goto")) else aws
                    result = self.run_verb(*verb.split(), port, stdout=closed)
                # The verb goto says what it waits for.
                errors = [line for line in result.stderr.splitlines() if not line.startswith("waiting for ")]
                self.assertEqual((result.returncode, errors), (141, []))

    def test_what_cannot_be_checked_has_another_exit_code(self):
        with tempfile.TemporaryDirectory() as directory:
            for arguments, environment, message in [
                (["1.9"], {}, "the steps are\n  0.1  Start the lab"),
                (["1.2", "--aws-port", "1"], {}, "no lab answers at http://127.0.0.1:1"),
                (["1.2", "--aws-port", self.port], {"PATH": directory}, "the command aws is not in PATH"),
                (["1.2", "--aws"], {"AWS_ENDPOINT_URL": self.endpoints["aws"]}, "AWS_ENDPOINT_URL is set"),
                (["1.2", "--aws"], {}, "the variable CLUSTER is not set"),
            ]:
                with self.subTest(message):
                    result = self.check(*arguments, **environment)
                    self.assertEqual((result.returncode, result.stdout), (2, ""))
                    self.assertIn(message, result.stderr)

    def test_a_shell_with_the_names_and_without_the_endpoint_of_a_lab_is_for_aws(self):
        result = self.check("0.1", **self.names, AWS_ENDPOINT_URL_ECS="http://127.0.0.1:1", AWS_DEFAULT_REGION="us-east-1",
                            AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x")
        self.assertEqual(result.returncode, 2)
        self.assertIn('"http://127.0.0.1:1/"', result.stdout)

    def test_with_aws_the_environment_has_the_names_and_the_endpoint(self):
        environment = {
            **self.names, "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
            # This endpoint stands for AWS.
            "AWS_ENDPOINT_URL_ECS": self.endpoints["aws"],
        }
        result = self.check("0.1", "--aws", **environment)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        result = self.check("0.1", "--aws", **{**environment, "AWS_ENDPOINT_URL_ECS": "http://127.0.0.1:1"})
        self.assertEqual(result.returncode, 2)
        self.assertIn("This step could not be checked. aws ecs describe-services: ", result.stdout)


class FirstWords(unittest.TestCase):
    def test_the_commands_that_the_lab_prints_do_not_show_the_fault(self):
        with tempfile.NamedTemporaryFile("w") as printed:
            # Each trace names the fault of its like.
            endpoints = start_lab([], {"CHAOS_STRESS_PERCENT": "0", "CHAOS_NOT_FOUND_PERCENT": "100"}, stdout=printed)
            deadline = time.monotonic() + TIMEOUT_SECONDS
            while "Ctrl-C" not in (words := Path(printed.name).read_text()) and time.monotonic() < deadline:
                time.sleep(POLL_INTERVAL_SECONDS)
        commands = words.split("Try first:\n")[1].split("\n\n")[0].replace("cargo run -q --", os.environ["LAB_BIN"])
        self.assertIn("curl ", commands)
        self.assertIn("aws xray get-trace-summaries ", commands)
        commands = "\n".join(line for line in commands.splitlines() if not line.startswith("  open "))
        environment = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "HOME": "/nonexistent"}
        summary = re.compile(r"^1-\w+-\w+\t404\t", re.MULTILINE)
        output = ""
        while not summary.search(output) and time.monotonic() < deadline:
            result = subprocess.run(["bash", "-ec", commands], env=environment, capture_output=True, text=True, timeout=300)
            self.assertEqual(result.returncode, 0, result.stderr)
            output = result.stdout
        endpoints["stop"]()
        self.assertRegex(output, summary)
        # The mysfits have an attribute LawChaos.
        self.assertNotRegex(output, "(?i)chaos[^\"]")


if __name__ == "__main__":
    unittest.main()
