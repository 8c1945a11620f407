"""Intake and search of the lab's CloudWatch Logs, over HTTP on one connection. The events are 1,000,000 short access lines."""

import collections
import json
import time

from bench.client import open_connection, post, post_json
from bench.processes import show_progress
from bench.targets import run_lab

EVENTS = 1_000_000
# PutLogEvents accepts at most 10,000 events and 1 MiB.
EVENTS_PER_REQUEST = 8_000
STREAM = {"logGroupName": "bench", "logStreamName": "bench"}

# Patterns that match no event, so that a search sees all events.
PATTERNS = {"term": "WARN", "json": '{ $.target = "access" && $.path = "*/like" && $.status >= 400 }'}

Logs = collections.namedtuple("Logs", "connection events_per_second")


def measure_intake(environment):
    """Events per second that PutLogEvents stores."""
    return [environment.measure_once(run_logs).events_per_second]


def measure_search(name):
    """Milliseconds until FilterLogEvents has searched all events."""
    request = json.dumps({"logGroupName": STREAM["logGroupName"], "filterPattern": PATTERNS[name]})

    def measure(environment):
        connection = environment.measure_once(run_logs).connection
        show_progress(f"CloudWatch Logs: {name}")
        samples = []
        for _ in range(environment.options.queries + 1):
            start = time.perf_counter()
            body = post(connection, "/", request, headers("FilterLogEvents"))
            samples.append((time.perf_counter() - start) * 1000)
            if json.loads(body)["events"]:
                raise ConnectionError(f"{PATTERNS[name]} must match no event")
        return samples[1:]

    return measure


def run_logs(environment):
    """Starts a lab and stores all events. The lab runs until the end of the benchmark."""
    options = ("--tracing=off", "--health-check-interval-ms=300000")
    _, endpoints = environment.stack.enter_context(run_lab(environment.binaries["lab"], *options))
    connection = open_connection(endpoints["aws"])
    call(connection, "CreateLogGroup", {"logGroupName": STREAM["logGroupName"]})
    call(connection, "CreateLogStream", STREAM)
    seconds = 0.0
    for first in range(0, EVENTS, EVENTS_PER_REQUEST):
        if first % (EVENTS_PER_REQUEST * 25) == 0:
            show_progress(f"CloudWatch Logs: storing event {first:,} of {EVENTS:,}")
        now = int(time.time() * 1000)
        numbers = range(first, min(first + EVENTS_PER_REQUEST, EVENTS))
        events = [{"timestamp": now, "message": create_message(number)} for number in numbers]
        # Creating the events does not count.
        body = json.dumps({**STREAM, "logEvents": events})
        start = time.perf_counter()
        post(connection, "/", body, headers("PutLogEvents"))
        seconds += time.perf_counter() - start
    return Logs(connection, EVENTS / seconds)


def create_message(number):
    """Returns an access line. All lines together fit into the 128 MiB of a log group."""
    return f'{{"level":"INFO","target":"access","method":"POST","path":"/mysfits/{number % 12}/like","status":200,"ms":{number % 1000}.5}}'


def call(connection, operation, request):
    return post_json(connection, "/", json.dumps(request), headers(operation))


def headers(operation):
    return {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Logs_20140328.{operation}"}
