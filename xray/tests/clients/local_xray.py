"""A local X-Ray in a process of its own, and its clients."""

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

# Seconds that anything may take that is expected to happen.
PATIENCE = 30

# Seconds between two looks at what a test waits for.
POLL_INTERVAL = 0.015

# Seconds of the longest time range that is answered, less a minute that lies ahead.
LONGEST = 6 * 3600 - 60

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "lab",
    "AWS_SECRET_ACCESS_KEY": "lab",
    "AWS_DEFAULT_REGION": "us-east-1",
}


class LocalXray(unittest.TestCase):
    """Tests that each have an X-Ray for themselves."""

    def setUp(self):
        binary = os.environ["XRAY_BIN"]
        self.process = subprocess.Popen(
            [binary, "--port", "0", "--otlp-port", "0"], stdout=subprocess.PIPE, text=True
        )
        # Whatever comes next, the process ends with the test.
        self.addCleanup(self.stop)
        self.address = self.after(r"answers on http://(\S+),")
        self.otlp = self.after(r"OTEL_EXPORTER_OTLP_ENDPOINT=http://(\S+)")
        self.client = boto3.client(
            "xray",
            endpoint_url=f"http://{self.address}",
            region_name="us-east-1",
            aws_access_key_id="lab",
            aws_secret_access_key="lab",
            config=Config(retries={"max_attempts": 0}),
        )

    def after(self, pattern):
        """What the server's next line of this kind says."""
        for line in self.process.stdout:
            if found := re.search(pattern, line):
                return found.group(1)
        self.fail(f"the server has not said {pattern}")

    def tearDown(self):
        self.client.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(PATIENCE), 0)
        self.process.stdout.close()

    def environment(self, **more):
        """For a client in a process of its own."""
        host, port = self.address.split(":")
        return {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "NODE_PATH": os.environ.get("NODE_PATH", ""),
            "AWS_XRAY_DAEMON_ADDRESS": f"{host}:{port}",
            **CREDENTIALS,
            **more,
        }

    def run_client(self, *command, **more):
        """What a client printed; it must end well."""
        done = self.run_any(*command, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def run_any(self, *command, **more):
        return subprocess.run(
            command, env=self.environment(**more), capture_output=True, text=True, timeout=PATIENCE
        )

    def aws(self, *arguments):
        """What `aws xray …` answers."""
        printed = self.run_client(*self.command(*arguments))
        return json.loads(printed) if printed.strip() else None

    def aws_error(self, *arguments):
        """What `aws xray …` says when it is refused."""
        done = self.run_any(*self.command(*arguments))
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return done.stderr

    def command(self, *arguments):
        aws = Path(sys.executable).with_name("aws")
        endpoint = f"http://{self.address}"
        return [str(aws), "xray", *arguments, "--endpoint-url", endpoint, "--output", "json"]

    def send(self, document):
        """Sends a document as an X-Ray SDK does."""
        host, port = self.address.split(":")
        datagram = '{"format": "json", "version": 1}\n' + json.dumps(document)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.sendto(datagram.encode(), (host, int(port)))

    def found(self, filter_expression, count):
        """The summaries that match, once there are so many."""
        deadline = time.monotonic() + PATIENCE
        while True:
            pages = self.client.get_paginator("get_trace_summaries").paginate(
                StartTime=time.time() - LONGEST, EndTime=time.time() + 59, FilterExpression=filter_expression
            )
            summaries = [summary for page in pages for summary in page["TraceSummaries"]]
            if len(summaries) == count:
                return summaries
            self.assertLess(time.monotonic(), deadline, summaries)
            time.sleep(POLL_INTERVAL)

    def documents(self, trace_id):
        """A trace's documents by name and id."""
        answer = self.client.batch_get_traces(TraceIds=[trace_id])
        segments = answer["Traces"][0]["Segments"]
        return [json.loads(segment["Document"]) for segment in segments]

    def nodes(self):
        """The nodes of the graph of all traces, by name and type."""
        answer = self.client.get_service_graph(StartTime=time.time() - LONGEST, EndTime=time.time() + 59)
        return {(node["Name"], node.get("Type")): node for node in answer["Services"]}


def trace_id(number, seconds_ago=10):
    return f"1-{int(time.time()) - seconds_ago:08x}-{number:024x}"


def segment(trace, name, took, status=200, **more):
    """A request that ended just now."""
    end = time.time() - 5
    return {
        "trace_id": trace,
        "id": f"{len(name):016x}",
        "name": name,
        "start_time": end - took,
        "end_time": end,
        "error": 400 <= status < 500,
        "http": {
            "request": {"method": "POST", "url": "http://127.0.0.1/mysfits/1/like"},
            "response": {"status": status},
        },
        **more,
    }
