"""The programs that are compared: the twins, and the services in several configurations."""

import collections
import contextlib
import ctypes
import json
import multiprocessing
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

from bench.client import LIKE_PATH, is_live, send_request
from bench.processes import HOST, find_free_port, read_cpu_seconds, run_process, run_worker, wait_until

TWIN, CONTROL, OFF, DEFAULT, ALL = "twin", "control", "off", "default", "all"
XRAY = {"ACCESS_LOG": "on", "OTEL_TRACES_EXPORTER": "xray"}
# The environment of both services in each configuration. None means the twins.
CONFIGURATIONS = {
    TWIN: None,
    # The twins a second time: their ratios to the first twins show the noise.
    CONTROL: None,
    OFF: {"ACCESS_LOG": "off", "OTEL_TRACES_EXPORTER": "none"},
    # X-Ray's default sampling: the first request of each second, and 5 % of the other requests.
    DEFAULT: XRAY,
    ALL: {**XRAY, "OTEL_TRACES_SAMPLER": "parentbased_always_on"},
}
COMMON_ENVIRONMENT = {"LOGLEVEL": "ERROR", "CHAOSMODE": "off", "SHUTDOWN_GRACE_SECONDS": "0"}
CREDENTIALS = {"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
# A like has four spans: a span of each service, the call to the monolith, and the call to DynamoDB.
DOCUMENTS_PER_LIKE = 4
# Before the load, TRIAL_LIKES likes are sent. All their documents must arrive within TRIAL_TIMEOUT_SECONDS.
TRIAL_LIKES, TRIAL_TIMEOUT_SECONDS = 25, 30

Database = collections.namedtuple("Database", "url table")


class Target:
    """Both services (or both twins) in one configuration, and the number of X-Ray documents that they have sent."""

    def __init__(self, name):
        self.name = name
        self.ports, self.pids = {}, {}
        # The variable with the address of the receiver of this target's documents.
        self.daemon = {}
        self.documents = multiprocessing.RawValue(ctypes.c_uint64)

    def read_cpu_seconds(self):
        return sum(read_cpu_seconds(pid) for pid in self.pids.values())


@contextlib.contextmanager
def run_lab(binary, *options):
    """Runs a lab on free ports. Yields its process and the parsed endpoints file."""
    with tempfile.TemporaryDirectory() as directory:
        endpoints_file = pathlib.Path(directory) / "endpoints.json"
        ports = [f"--{name}-port=0" for name in ("site", "alb", "dynamodb", "aws", "xray", "otlp")]
        command = [binary, *ports, "--chaos=off", "--no-browser", f"--endpoints-file={endpoints_file}", *options]
        with run_process(command, os.environ.copy()) as child:
            wait_until(child, endpoints_file.exists, 0.001)
            yield child, json.loads(endpoints_file.read_text())


@contextlib.contextmanager
def run_database(lab):
    """Runs a lab for its DynamoDB. The lab's own health checks are rare, so that they do not disturb the load."""
    with run_lab(lab, "--tracing=off", "--health-check-interval-ms=300000") as (_, endpoints):
        yield Database(endpoints["dynamodb"], endpoints["table"])


@contextlib.contextmanager
def run_program(binary, environment, output=subprocess.DEVNULL):
    """Runs a service or a twin on a free port. Yields its process and its port. `output` receives its standard output."""
    port = find_free_port()
    with run_process([binary], {"PORT": str(port), **COMMON_ENVIRONMENT, **environment}, output) as child:
        wait_until(child, lambda: is_live(port), 0.002)
        yield child, port


def monolith_environment(database, table=None):
    # The deadline is longer than the default, because a list of 100,000 mysfits takes longer.
    variables = {"DDB_TABLE_NAME": table or database.table, "DDB_TIMEOUT_MS": "60000"}
    return {**CREDENTIALS, "AWS_ENDPOINT_URL_DYNAMODB": database.url, **variables}


def select_program(configuration, service):
    """The name of the binary of a service or of its twin, and the environment of the configuration."""
    environment = CONFIGURATIONS[configuration]
    return (f"twin-{service}", {}) if environment is None else (service, environment)


@contextlib.contextmanager
def run_target(binaries, configuration, database):
    """Runs both services of a configuration, and a receiver of their documents."""
    target = Target(configuration)
    with contextlib.ExitStack() as stack:
        receiver = stack.enter_context(run_worker(count_datagrams, target.documents))
        target.daemon = {"AWS_XRAY_DAEMON_ADDRESS": f"{HOST}:{receiver.recv()}"}
        for service in ("monolith", "like-service"):
            program, variables = select_program(configuration, service)
            upstream = {"MONOLITH_URL": f"{HOST}:{target.ports['monolith']}"} if target.ports else monolith_environment(database)
            running = run_program(binaries[program], {**upstream, **target.daemon, **variables})
            child, target.ports[service] = stack.enter_context(running)
            target.pids[service] = child.pid
        if configuration == ALL:
            check_documents(target)
        yield target


def count_datagrams(pipe, count):
    """Replaces the X-Ray daemon: counts the datagrams that it receives."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    listener.bind((HOST, 0))
    pipe.send(listener.getsockname()[1])
    while True:
        # One byte is enough to count a datagram. The kernel drops the rest of the datagram.
        listener.recv(1)
        count.value += 1


def check_documents(target):
    """Ends this program if a like does not produce all of its documents, because the figures would then be wrong."""
    expected = target.documents.value + TRIAL_LIKES * DOCUMENTS_PER_LIKE
    for _ in range(TRIAL_LIKES):
        send_request(target.ports["like-service"], "POST", LIKE_PATH)
    deadline = time.monotonic() + TRIAL_TIMEOUT_SECONDS
    while (received := target.documents.value) < expected:
        if time.monotonic() > deadline:
            sys.exit(
                f"error: {received} of {expected} documents arrived within {TRIAL_TIMEOUT_SECONDS} s after {TRIAL_LIKES} likes: "
                "spans do not reach the daemon; check whether `script/test` passes"
            )
        time.sleep(0.05)
