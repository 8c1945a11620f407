"""Starts the program `xray` for each test, and runs clients against it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import unittest
from pathlib import Path

import boto3
from botocore.config import Config

# Maximum time in seconds that a test waits for an expected event. The test fails if the event does not happen
# within the maximum time.
TIMEOUT_SECONDS = 30

# Interval in seconds at which a test polls for an expected event.
POLL_INTERVAL_SECONDS = 0.015

# Number of seconds between the start of a requested time range and the current time. Requested time ranges
# end almost one minute in the future. X-Ray accepts time ranges of at most 6 hours.
MAX_PAST_SECONDS = 6 * 3600 - 60

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "lab",
    "AWS_SECRET_ACCESS_KEY": "lab",
    "AWS_DEFAULT_REGION": "us-east-1",
}


class LocalXray(unittest.TestCase):
    """Base class of the test cases. Each test starts a local X-Ray."""

    def setUp(self):
        binary = os.environ["XRAY_BIN"]
        self.process = subprocess.Popen(
            [binary, "--port", "0", "--otlp-port", "0"], stdout=subprocess.PIPE, text=True
        )
        # The clean-up stops the process at the end of the test, even if the set-up fails.
        self.addCleanup(self.stop)
        self.address = self.read_output(r"serves its API on http://(\S+),")
        self.otlp_address = self.read_output(r"OTEL_EXPORTER_OTLP_ENDPOINT=http://(\S+)")
        self.client = boto3.client(
            "xray",
            endpoint_url=f"http://{self.address}",
            region_name="us-east-1",
            aws_access_key_id="lab",
            aws_secret_access_key="lab",
            config=Config(retries={"max_attempts": 0}),
        )

    def read_output(self, pattern):
        """Reads lines of the program until one matches, and returns the first group of the match."""
        for line in self.process.stdout:
            if match := re.search(pattern, line):
                return match.group(1)
        self.fail(f"no line of the program matches {pattern}")

    def tearDown(self):
        self.client.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(TIMEOUT_SECONDS), 0)
        self.process.stdout.close()

    def environment(self, **variables):
        """Environment variables for a client process."""
        host, port = self.address.split(":")
        return {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "NODE_PATH": os.environ.get("NODE_PATH", ""),
            "AWS_XRAY_DAEMON_ADDRESS": f"{host}:{port}",
            **CREDENTIALS,
            **variables,
        }

    def run_client(self, *command, **variables):
        """Runs a client, asserts that it succeeds, and returns its output."""
        result = self.run_command(*command, **variables)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def run_command(self, *command, **variables):
        return subprocess.run(
            command, env=self.environment(**variables), capture_output=True, text=True, timeout=TIMEOUT_SECONDS
        )

    def aws(self, *arguments):
        """Runs `aws xray …` and returns the response."""
        output = self.run_client(*self.aws_command(*arguments))
        return json.loads(output) if output.strip() else None

    def aws_error(self, *arguments):
        """Runs `aws xray …`, asserts that it fails, and returns the error message."""
        result = self.run_command(*self.aws_command(*arguments))
        self.assertNotEqual(result.returncode, 0, result.stdout)
        return result.stderr

    def aws_command(self, *arguments):
        aws = Path(sys.executable).with_name("aws")
        endpoint = f"http://{self.address}"
        return [str(aws), "xray", *arguments, "--endpoint-url", endpoint, "--output", "json"]

    def send_document(self, document):
        """Sends a document by UDP, as an X-Ray SDK does."""
        host, port = self.address.split(":")
        datagram = '{"format": "json", "version": 1}\n' + json.dumps(document)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(datagram.encode(), (host, int(port)))

    def wait_for_summaries(self, filter_expression, count):
        """Waits until `count` traces match, and returns their summaries."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while True:
            pages = self.client.get_paginator("get_trace_summaries").paginate(
                StartTime=time.time() - MAX_PAST_SECONDS, EndTime=time.time() + 59, FilterExpression=filter_expression
            )
            summaries = [summary for page in pages for summary in page["TraceSummaries"]]
            if len(summaries) == count:
                return summaries
            self.assertLess(time.monotonic(), deadline, summaries)
            time.sleep(POLL_INTERVAL_SECONDS)

    def trace_documents(self, trace_id):
        """The documents of a trace."""
        response = self.client.batch_get_traces(TraceIds=[trace_id])
        segments = response["Traces"][0]["Segments"]
        return [json.loads(segment["Document"]) for segment in segments]

    def graph_nodes(self):
        """The nodes of the service graph of all traces, by name and type."""
        response = self.client.get_service_graph(StartTime=time.time() - MAX_PAST_SECONDS, EndTime=time.time() + 59)
        return {(node["Name"], node.get("Type")): node for node in response["Services"]}


def trace_id(number, seconds_ago=10):
    """The id of a trace that began some seconds ago."""
    return f"1-{int(time.time()) - seconds_ago:08x}-{number:024x}"


def segment(trace, name, duration, status=200, **members):
    """A segment of a request that ended 5 seconds ago."""
    end = time.time() - 5
    return {
        "trace_id": trace,
        "id": f"{len(name):016x}",
        "name": name,
        "start_time": end - duration,
        "end_time": end,
        "error": 400 <= status < 500,
        "http": {
            "request": {"method": "POST", "url": "http://127.0.0.1/mysfits/1/like"},
            "response": {"status": status},
        },
        **members,
    }
