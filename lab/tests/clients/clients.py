"""A lab, and the AWS clients that call it: boto3, and the AWS CLI in the versions 1 and 2. LAB_BIN is the lab's binary. AWS_CLI_2_PYTHON is
the Python interpreter that has version 2 of the AWS CLI, if there is one."""

import atexit
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from functools import cache, wraps
from pathlib import Path

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

from aws_cli import AwsCli
from model import mistakes

# Maximum time in seconds that a test waits for an expected event.
TIMEOUT_SECONDS = 60

# Interval in seconds at which a test polls for an expected event.
POLL_INTERVAL_SECONDS = 0.015

PORTS = ["site", "alb", "dynamodb", "aws", "xray", "otlp"]

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "lab", "AWS_SECRET_ACCESS_KEY": "lab", "AWS_DEFAULT_REGION": "us-east-1"}


# How the AWS CLI shows an error. After an error that could be temporary, it also shows the number of retries.
ERROR = r"An error occurred \((\w+)\) when calling the \w+ operation(?: \(reached max retries: 0\))?: (.*)"


class Refused(Exception):
    """The response was an error, as the client shows it."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@cache
def lab():
    """A lab without faults. With the variable, the monolith serves likes when the weights of the load balancer move to it."""
    return start_lab(["--chaos=off"], {"LIKE_IN_MONOLITH": "on"})


def start_lab(options, variables, program=None, stdout=subprocess.DEVNULL):
    """Starts a lab, and returns its endpoints file. The lab runs until this process ends, or until `stop` is called."""
    directory = tempfile.TemporaryDirectory()
    endpoints_file = Path(directory.name) / "endpoints.json"
    ports = [f"--{name}-port=0" for name in PORTS]
    command = [program or os.environ["LAB_BIN"], *ports, "--no-browser", f"--endpoints-file={endpoints_file}", *options]
    process = subprocess.Popen(command, env={**os.environ, **variables}, stdout=stdout)

    def stop():
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(TIMEOUT_SECONDS)
        directory.cleanup()

    atexit.register(stop)
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not endpoints_file.exists():
        assert process.poll() is None, "the lab has ended"
        assert time.monotonic() < deadline, "the lab is not ready"
        time.sleep(POLL_INTERVAL_SECONDS)
    return {**json.loads(endpoints_file.read_text()), "file": endpoints_file, "stop": stop}


def tasks():
    """The tasks that the endpoints file of the lab lists now."""
    return json.loads(lab()["file"].read_text())["tasks"]


class Boto3:
    """boto3. It compares every successful response with botocore's model."""

    name = "boto3"

    @staticmethod
    @cache
    def client(service):
        client = boto3.client(
            service,
            endpoint_url=lab()["aws"],
            region_name="us-east-1",
            aws_access_key_id="lab",
            aws_secret_access_key="lab",
            config=Config(retries={"max_attempts": 0}),
        )
        client.meta.events.register("before-parse", Boto3.compare_with_model)
        return client

    @staticmethod
    def compare_with_model(operation_model, response_dict, **_):
        if response_dict["status_code"] == 200:
            found = mistakes(operation_model, response_dict["body"])
            assert not found, "\n".join(found)

    def call(self, service, operation, /, **parameters):
        try:
            response = getattr(self.client(service), xform_name(operation))(**parameters)
        except ClientError as error:
            raise Refused(error.response["Error"]["Code"], error.response["Error"]["Message"]) from error
        del response["ResponseMetadata"]
        return response

    def pages(self, service, operation, key, page_size, /, **parameters):
        """Returns the results of all pages."""
        paginator = self.client(service).get_paginator(xform_name(operation))
        pages = paginator.paginate(**parameters, PaginationConfig={"PageSize": page_size})
        return [item for page in pages for item in page[key]]

    def wait(self, service, waiter, /, **parameters):
        try:
            # A waiter polls every 15 seconds.
            self.client(service).get_waiter(waiter).wait(**parameters, WaiterConfig={"MaxAttempts": 4})
        except WaiterError as error:
            raise Refused("WaiterError", str(error)) from error


class Cli:
    """The AWS CLI."""

    def __init__(self, name, interpreter, environment, options):
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_MAX_ATTEMPTS": "1", "AWS_PAGER": "", **CREDENTIALS, **environment}
        self.name = name
        self.cli = AwsCli(interpreter, environment)
        self.options = options

    def run(self, *arguments):
        return self.cli.run(*arguments, "--output", "json", *self.options)

    def aws(self, *arguments):
        """Runs the command `aws` with these arguments, and returns its output."""
        result = self.run(*arguments)
        if result.returncode:
            error = re.search(ERROR, result.stderr, re.DOTALL)
            raise Refused(*error.groups()) if error else AssertionError(f"{arguments}: {result.stderr}")
        return json.loads(result.stdout) if result.stdout.strip() else {}

    def call(self, service, operation, /, **parameters):
        return self.aws(service, xform_name(operation, "-"), "--cli-input-json", json.dumps(parameters))

    def pages(self, service, operation, key, page_size, /, **parameters):
        """Returns the results of all pages. The CLI returns one page only if the operation has a parameter PageSize itself."""
        command = [service, xform_name(operation, "-"), *options_of(parameters), "--page-size", str(page_size)]
        page = self.aws(*command)
        results = page[key]
        while marker := page.get("NextMarker"):
            page = self.aws(*command, "--marker", marker)
            results += page[key]
        return results

    def wait(self, service, waiter, /, **parameters):
        result = self.run(service, "wait", waiter.replace("_", "-"), *options_of(parameters))
        if result.returncode:
            raise Refused("WaiterError", result.stderr)


def options_of(parameters):
    """Returns the options of the CLI for the parameters of an operation."""
    for name, value in parameters.items():
        yield "--" + xform_name(name, "-")
        yield value if isinstance(value, str) else json.dumps(value)


@cache
def command_lines():
    """Returns the installed versions of the AWS CLI. Only the environment names the endpoint to version 1, so its commands are the same as on AWS.
    Version 2 gets an option, because versions before 2.13 ignore the variable."""
    return command_lines_for(lab()["aws"])


def command_lines_for(endpoint):
    found = [Cli("CLI v1", sys.executable, {"AWS_ENDPOINT_URL": endpoint}, [])]
    if interpreter := os.environ.get("AWS_CLI_2_PYTHON"):
        found.append(Cli("CLI v2", interpreter, {}, ["--endpoint-url", endpoint]))
    return found


def with_each(clients):
    """Makes a test run once with each of the clients."""

    def decorate(test):
        @wraps(test)
        def run(self):
            for client in clients():
                with self.subTest(client.name):
                    test(self, client)

        return run

    return decorate


with_each_cli = with_each(command_lines)
with_each_client = with_each(lambda: [Boto3(), *command_lines()])


class TestCase(unittest.TestCase):
    def assert_refused(self, code, text, call, *arguments, **parameters):
        """Checks that a call gets an error with the code, and that the message contains the text."""
        with self.assertRaises(Refused) as refused:
            call(*arguments, **parameters)
        self.assertEqual(refused.exception.code, code)
        self.assertIn(text, refused.exception.message)
