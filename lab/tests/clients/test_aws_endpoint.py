"""Tests of the lab's AWS endpoint with the AWS CLI and boto3 as clients. LAB_BIN is the lab's binary."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

# Maximum time in seconds that a test waits for an expected event.
TIMEOUT_SECONDS = 60

# Interval in seconds at which a test polls for an expected event.
POLL_INTERVAL_SECONDS = 0.015

PORTS = ["site", "alb", "dynamodb", "aws", "xray", "otlp"]

MYSFIT = "4e53920c-505a-4a90-a694-b9300791f0ae"

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "lab",
    "AWS_SECRET_ACCESS_KEY": "lab",
    "AWS_DEFAULT_REGION": "us-east-1",
}

CALLER = {"Account": "000000000000", "Arn": "arn:aws:iam::000000000000:root", "UserId": "000000000000"}

SERVICES = "Services of this endpoint: dynamodb, sts, xray"


class AwsEndpoint(unittest.TestCase):
    """All tests use one lab."""

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        endpoints_file = Path(directory.name) / "endpoints.json"
        ports = [f"--{name}-port=0" for name in PORTS]
        options = ["--no-browser", "--chaos=off", f"--endpoints-file={endpoints_file}"]
        process = subprocess.Popen([os.environ["LAB_BIN"], *ports, *options], stdout=subprocess.DEVNULL)
        cls.addClassCleanup(cls.stop, process)
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not endpoints_file.exists():
            assert process.poll() is None, "the lab has ended"
            assert time.monotonic() < deadline, "the lab is not ready"
            time.sleep(POLL_INTERVAL_SECONDS)
        cls.endpoints = json.loads(endpoints_file.read_text())

    @staticmethod
    def stop(process):
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT_SECONDS) == 0

    def client(self, service):
        client = boto3.client(
            service,
            endpoint_url=self.endpoints["aws"],
            region_name="us-east-1",
            aws_access_key_id="lab",
            aws_secret_access_key="lab",
            config=Config(retries={"max_attempts": 0}),
        )
        self.addCleanup(client.close)
        return client

    def run_aws(self, *arguments):
        """Runs the AWS CLI. Only the environment names the endpoint, so the command is the same as on AWS."""
        aws = Path(sys.executable).with_name("aws")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "AWS_ENDPOINT_URL": self.endpoints["aws"],
            "AWS_MAX_ATTEMPTS": "1",
            **CREDENTIALS,
        }
        command = [str(aws), *arguments, "--output", "json"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)

    def aws(self, *arguments):
        result = self.run_aws(*arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def test_the_aws_cli_calls_sts_dynamodb_and_x_ray(self):
        self.assertEqual(self.aws("sts", "get-caller-identity"), CALLER)
        table = self.endpoints["table"]
        self.assertEqual(self.aws("dynamodb", "list-tables")["TableNames"], [table])
        key = json.dumps({"MysfitId": {"S": MYSFIT}})
        item = self.aws("dynamodb", "get-item", "--table-name", table, "--key", key)["Item"]
        self.assertEqual(item["MysfitId"]["S"], MYSFIT)
        now = time.time()
        time_range = ["--start-time", str(now - 300), "--end-time", str(now + 60)]
        summaries = self.aws("xray", "get-trace-summaries", *time_range)
        self.assertIsInstance(summaries["TraceSummaries"], list)

    def test_the_aws_cli_shows_the_name_of_an_operation_that_is_not_implemented(self):
        for arguments, code, operation in [
            (["elbv2", "describe-load-balancers"], "InvalidAction", "DescribeLoadBalancers"),
            (["ec2", "describe-vpcs"], "InvalidAction", "DescribeVpcs"),
            (["sts", "get-session-token"], "InvalidAction", "GetSessionToken of the service sts"),
            (["ecs", "list-clusters"], "UnknownOperationException", "ListClusters of the service ecs"),
            (["cloudwatch", "list-metrics"], "UnknownOperationException", "ListMetrics of the service monitoring"),
            (["lambda", "list-functions"], "UnknownOperationException", "of the service lambda"),
            (["s3api", "list-buckets"], "UnknownOperationException", "of the service s3"),
            (["xray", "get-insight-summaries", "--start-time", "0", "--end-time", "1"], "InvalidRequestException", "/InsightSummaries"),
        ]:
            with self.subTest(arguments):
                result = self.run_aws(*arguments)
                self.assertNotEqual(result.returncode, 0)
                self.assertIn(f"({code})", result.stderr)
                self.assertIn(operation, result.stderr)
                if code != "InvalidRequestException":
                    self.assertIn(SERVICES, result.stderr)

    def test_the_aws_cli_shows_the_name_of_an_unknown_operation_of_dynamodb(self):
        result = self.run_aws("dynamodb", "list-backups")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("(UnknownOperationException)", result.stderr)
        self.assertIn("The operation DynamoDB_20120810.ListBackups is not implemented", result.stderr)

    def test_boto3_calls_sts_dynamodb_and_x_ray(self):
        response = self.client("sts").get_caller_identity()
        metadata = response.pop("ResponseMetadata")
        self.assertEqual(response, CALLER)
        self.assertEqual(metadata["RequestId"], metadata["HTTPHeaders"]["x-amzn-requestid"])
        dynamodb, table = self.client("dynamodb"), self.endpoints["table"]
        pages = dynamodb.get_paginator("scan").paginate(TableName=table, PaginationConfig={"PageSize": 5})
        self.assertEqual(sum(page["Count"] for page in pages), 12)
        item = dynamodb.get_item(TableName=table, Key={"MysfitId": {"S": MYSFIT}})["Item"]
        self.assertEqual(item["MysfitId"], {"S": MYSFIT})
        self.assertEqual(self.client("xray").get_groups()["Groups"], [])

    def test_boto3_raises_the_error_of_each_protocol(self):
        dynamodb = self.client("dynamodb")
        with self.assertRaises(dynamodb.exceptions.ResourceNotFoundException):
            dynamodb.describe_table(TableName="Unknown")
        xray = self.client("xray")
        with self.assertRaises(xray.exceptions.InvalidRequestException):
            xray.get_group(GroupName="unknown")
        with self.assertRaises(ClientError) as refused:
            self.client("elbv2").describe_rules(RuleArns=["arn:aws:elasticloadbalancing:us-east-1:000000000000:x"])
        response = refused.exception.response
        self.assertEqual(response["Error"]["Code"], "InvalidAction")
        self.assertEqual(response["Error"]["Type"], "Sender")
        self.assertEqual(response["ResponseMetadata"]["HTTPStatusCode"], 400)


if __name__ == "__main__":
    unittest.main()
