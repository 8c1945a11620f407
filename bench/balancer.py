"""The load balancer of the lab: its cost in comparison with direct requests to the same task."""

import collections
import random
import urllib.parse

from bench.processes import read_cpu_seconds, show_progress
from bench.rounds import ROOT
from bench.targets import run_lab
from bench.wrk import send_load

DIRECT, BALANCED = "direct", "balanced"
WORKLOAD = ROOT
# No health checks during the load.
OPTIONS = ("--tracing=off", "--health-check-interval-ms=300000", "--monolith-tasks=1")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
DESCRIBE = "Action=DescribeTargetGroups&Version=2015-12-01"

# The result of one way in one round: requests per second, CPU seconds per request, and the lab's share of these CPU seconds.
Slice = collections.namedtuple("Slice", "rate cpu lab_cpu")


def measure_rate_ratio(environment):
    """Requests per second through the load balancer, divided by those of direct requests."""
    return [each[BALANCED].rate / each[DIRECT].rate for each in environment.measure_once(run_rounds)]


def measure_cpu_ratio(environment):
    """CPU time of a direct request, divided by that of a request through the load balancer. Both contain the task."""
    return [each[DIRECT].cpu / each[BALANCED].cpu for each in environment.measure_once(run_rounds)]


def measure_cpu_micros(environment):
    """CPU time of the lab's own process per request through the load balancer, in microseconds."""
    return [each[BALANCED].lab_cpu * 1e6 for each in environment.measure_once(run_rounds)]


def measure_describe_rate(environment):
    """Calls of DescribeTargetGroups per second. Each response describes both target groups."""
    with run_lab(environment.binaries["lab"], *OPTIONS) as (_, endpoints):
        samples = []
        for _ in range(environment.options.rounds + 1):
            show_progress("calls of DescribeTargetGroups")
            load = ("POST", "/", WORKLOAD.connections, environment.options.seconds, FORM, DESCRIBE)
            calls, elapsed = send_load(find_address(endpoints["aws"]), *load)
            samples.append(calls / elapsed)
        return samples[1:]


def run_rounds(environment):
    """Returns one dictionary for each round, with the slices of both ways. The first round warms up."""
    options = environment.options
    with run_lab(environment.binaries["lab"], *OPTIONS) as (child, endpoints):
        task = next(task for task in endpoints["tasks"] if task["service"] == WORKLOAD.service)
        addresses = {DIRECT: find_address(task["url"]), BALANCED: find_address(endpoints["alb"])}
        rounds = []
        for number in range(options.rounds + 1):
            show_progress("load balancer: " + (f"round {number} of {options.rounds}" if number else "warm-up"))
            ways = random.sample(list(addresses), len(addresses))
            rounds.append({way: send(addresses[way], options.seconds, task["pid"], child.pid) for way in ways})
        return rounds[1:]


def send(address, seconds, *pids):
    """Sends the load. `pids` are the processes of the task and of the lab."""
    before = [read_cpu_seconds(pid) for pid in pids]
    requests, elapsed = send_load(address, WORKLOAD.method, WORKLOAD.path, WORKLOAD.connections, seconds)
    task_cpu, lab_cpu = ((read_cpu_seconds(pid) - start) / requests for pid, start in zip(pids, before))
    return Slice(requests / elapsed, task_cpu + lab_cpu, lab_cpu)


def find_address(url):
    return urllib.parse.urlsplit(url).netloc
