"""Likes of one mysfit by many concurrent clients, with and without `LIKE_BATCHING=on`."""

import collections
import json
import random
import tempfile

from bench.client import LIKED_ID
from bench.processes import HOST, show_progress
from bench.targets import monolith_environment, run_program
from bench.wrk import send_load

CONNECTIONS = 64
SINGLE, BATCHED = "single", "batched"
LIKE_BATCHING = {SINGLE: "off", BATCHED: "on"}
# The embedded metrics contain the number of calls of DynamoDB.
METRICS = {"ACCESS_LOG": "off", "OTEL_METRICS_EXPORTER": "emf"}
CALL_METRIC = "db.client.operation.duration"

# The likes per second of one round, and the updates of the table for each like.
Sample = collections.namedtuple("Sample", "rate writes")


def measure_rate(name):
    """Likes per second."""
    return lambda environment: [each[name].rate for each in get_rounds(environment)]


def measure_writes(name):
    """Updates of the table for each like."""
    return lambda environment: [each[name].writes for each in get_rounds(environment)]


def get_rounds(environment):
    return environment.measure_once(run_rounds)


def run_rounds(environment):
    """Returns one dictionary for each round, with the sample of each mode. The first round warms up."""
    rounds = []
    for number in range(environment.options.rounds + 1):
        show_progress("likes of one mysfit: " + (f"round {number} of {environment.options.rounds}" if number else "warm-up"))
        modes = random.sample(list(LIKE_BATCHING), len(LIKE_BATCHING))
        rounds.append({mode: measure_likes(environment, mode) for mode in modes})
    return rounds[1:]


def measure_likes(environment, mode):
    """Sends likes to a monolith of its own, twice for the same time. Returns the rate of the second time, because the
    monolith opens its connections during the first time. The monolith prints its metrics when it stops."""
    variables = {**monolith_environment(environment.database), **METRICS, "LIKE_BATCHING": LIKE_BATCHING[mode]}
    with tempfile.TemporaryFile("w+") as output:
        with run_program(environment.binaries["monolith"], variables, output) as (_, port):
            path = f"/mysfits/{LIKED_ID}/fulfill-like"
            first, second = (send_load(f"{HOST}:{port}", "POST", path, CONNECTIONS, environment.options.seconds) for _ in range(2))
        output.seek(0)
        writes = sum(count_writes(line) for line in output)
    return Sample(second[0] / second[1], writes / (first[0] + second[0]))


def count_writes(line):
    """The number of updates in a line of embedded metrics, and 0 for all other lines."""
    metrics = json.loads(line)
    if metrics.get("db.operation.name") != "UpdateItem" or CALL_METRIC not in metrics:
        return 0
    return metrics[CALL_METRIC]["Count"]
