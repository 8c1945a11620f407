"""Interleaved rounds: load on each configuration in turn, and ratios to the twin of the same round.

Each round sends load to every configuration for a short time, in random order, so that other load on this machine
affects all configurations equally.
"""

import collections
import random
import time

from bench.client import LIKE_PATH, LIKED_ID
from bench.processes import HOST, read_memory_mib, show_progress
from bench.targets import ALL, CONTROL, DEFAULT, OFF, TWIN
from bench.wrk import send_load

# A kind of load: `wrk` sends `method path` to `service` of each configuration on this number of connections.
Workload = collections.namedtuple("Workload", "name service method path connections configurations")
# The result of one configuration in one round: requests per second, CPU seconds per request, and requests.
Slice = collections.namedtuple("Slice", "rate cpu requests")

EVERY = (TWIN, CONTROL, OFF, DEFAULT, ALL)
ROOT = Workload("root", "monolith", "GET", "/", 16, EVERY)
MYSFITS = Workload("mysfits", "monolith", "GET", "/mysfits", 16, (TWIN, CONTROL, OFF, DEFAULT))
FULFILL_LIKE = Workload("fulfill-like", "monolith", "POST", f"/mysfits/{LIKED_ID}/fulfill-like", 16, (TWIN, CONTROL, OFF, DEFAULT))
LIKE = Workload("like", "like-service", "POST", LIKE_PATH, 16, EVERY)
WORKLOADS = (ROOT, MYSFITS, FULFILL_LIKE, LIKE)

# The services export their last spans within 5 s after the load, so the wait is longer than 5 s.
EXPORT_WAIT_SECONDS = 6


def run_rounds(environment, workload):
    """Returns one dictionary for each round, with the slice of each configuration. The first round warms up."""
    options = environment.options
    targets = [environment.targets[name] for name in workload.configurations]
    cpu_seconds = {target.name: target.read_cpu_seconds() for target in targets}
    rounds = []
    for number in range(options.rounds + 1):
        show_progress(f"{workload.name}, {workload.connections} connections: " + (f"round {number} of {options.rounds}" if number else "warm-up"))
        slices = {}
        for target in random.sample(targets, len(targets)):
            port = target.ports[workload.service]
            requests, seconds = send_load(f"{HOST}:{port}", workload.method, workload.path, workload.connections, options.seconds)
            # Counts the CPU time since the end of the target's previous load, because spans are exported after the load.
            cpu_before, cpu_seconds[target.name] = cpu_seconds[target.name], target.read_cpu_seconds()
            slices[target.name] = Slice(requests / seconds, (cpu_seconds[target.name] - cpu_before) / requests, requests)
        rounds.append(slices)
    return rounds[1:]


def get_rounds(environment, workload):
    return environment.measure_once(run_rounds, workload)


# Each of these functions returns the function that measures a row: environment -> samples.


def measure_rate_ratio(workload, name):
    """Requests per second, divided by the twin's."""
    return lambda environment: [each[name].rate / each[TWIN].rate for each in get_rounds(environment, workload)]


def measure_cpu_ratio(workload, name):
    """The twin's CPU time per request, divided by that of the configuration `name`."""
    return lambda environment: [each[TWIN].cpu / each[name].cpu for each in get_rounds(environment, workload)]


def measure_cpu_micros(workload, name):
    """CPU time per request in microseconds."""
    return lambda environment: [each[name].cpu * 1e6 for each in get_rounds(environment, workload)]


def count_documents(environment):
    """X-Ray documents per like with all traces kept. Fewer than four mean that the exporter dropped spans."""
    target = environment.targets[ALL]
    show_progress("waiting for the spans of the load before")
    time.sleep(EXPORT_WAIT_SECONDS)
    before = target.documents.value
    port = target.ports[LIKE.service]
    requests, _ = send_load(f"{HOST}:{port}", LIKE.method, LIKE.path, LIKE.connections, environment.options.seconds)
    show_progress("waiting for the last spans")
    time.sleep(EXPORT_WAIT_SECONDS)
    return [(target.documents.value - before) / requests]


def measure_memory(service, name):
    """The highest resident memory of a service during all workloads, in MiB."""

    def measure(environment):
        for workload in WORKLOADS:
            get_rounds(environment, workload)
        return [read_memory_mib(environment.targets[name].pids[service], "VmHWM")]

    return measure
