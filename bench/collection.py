"""What the collection of log lines and of metrics costs a like through the lab, and how many log lines the lab collects.

The labs differ only in the task definitions of their services and in their metric filters, which an AWS client changes: without
`logConfiguration`, the lab reads the lines of a container and drops them. With `OTEL_METRICS_EXPORTER=none` and without
metric filters, no line becomes a metric. The counters of the load balancer belong to every request, and are in all labs.
"""

import collections
import contextlib
import pathlib
import random
import time

from bench import logs, metrics
from bench.balancer import find_address
from bench.client import LIKE_PATH, open_connection
from bench.deployments import CLUSTER, call
from bench.processes import read_cpu_seconds, show_progress, wait_until
from bench.targets import run_lab
from bench.wrk import send_load

OPTIONS = ("--tracing=off", "--health-check-interval-ms=300000", "--like-tasks=1")
CONNECTIONS = 16
FULL, UNCOLLECTED, UNMETERED = "full", "uncollected", "unmetered"
SERVICES = ["Mythical-Like-Service-mysfits", "Mythical-Monolith-Service-mysfits"]
MONOLITH_GROUP = "mysfits-MythicalMonolithLogGroup"
# Members of a task definition that a request to register another one does not have.
DESCRIBED = ["taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt", "registeredBy"]
ACCESS_LINES = {"logGroupName": MONOLITH_GROUP, "filterName": "bench", "filterPattern": '{ $.target = "access" }'}
LINES = {"metricName": "lines", "metricNamespace": "bench", "metricValue": "1"}
# The lab computes metric filters once a second.
FILTER_SECONDS = 3
POLL_SECONDS = 0.01

# Likes per second of one round, and CPU seconds of the lab and of its tasks per like.
Sample = collections.namedtuple("Sample", "rate cpu")


def measure_rate_ratio(without):
    """Likes per second with everything, divided by those without."""
    return lambda environment: [each[FULL].rate / each[without].rate for each in environment.measure_once(run_rounds)]


def measure_cpu_ratio(without):
    """CPU time of a like without, divided by that with everything."""
    return lambda environment: [each[without].cpu / each[FULL].cpu for each in environment.measure_once(run_rounds)]


def measure_pipe(environment):
    """Access lines per second that the lab collects from one task, while the task gets as many requests as it can answer.

    This program ends if the task answers a request with an error or not at all.
    """
    with run_lab(environment.binaries["lab"], *OPTIONS) as (_, endpoints):
        connection = open_connection(endpoints["aws"])
        logs.call(connection, "PutMetricFilter", {**ACCESS_LINES, "metricTransformations": [LINES]})
        task = next(task for task in endpoints["tasks"] if task["service"] == "monolith")
        show_progress("log lines of a container")
        start = time.time()
        _, elapsed = send_load(find_address(task["url"]), "GET", "/", CONNECTIONS, environment.options.pipe_seconds)
        time.sleep(FILTER_SECONDS)
        request = {"Namespace": LINES["metricNamespace"], "MetricName": LINES["metricName"], "Period": 60, "Statistics": ["Sum"]}
        found = metrics.call(connection, "GetMetricStatistics", {**request, "StartTime": start - 60, "EndTime": time.time() + 60})
        return [sum(point["Sum"] for point in found["Datapoints"]) / elapsed]


def run_rounds(environment):
    """Returns one dictionary for each round, with the sample of each lab. The first round warms up."""
    options = environment.options
    rounds = []
    with contextlib.ExitStack() as stack:
        labs = {name: stack.enter_context(run_lab(environment.binaries["lab"], *OPTIONS)) for name in (FULL, UNCOLLECTED, UNMETERED)}
        for name in (UNCOLLECTED, UNMETERED):
            change_services(*labs[name], name)
        for number in range(options.rounds + 1):
            show_progress("collection: " + (f"round {number} of {options.rounds}" if number else "warm-up"))
            names = random.sample(list(labs), len(labs))
            rounds.append({name: send_likes(*labs[name], options.seconds) for name in names})
    return rounds[1:]


def send_likes(child, endpoints, seconds):
    before = read_all_cpu_seconds(child.pid)
    likes, elapsed = send_load(find_address(endpoints["alb"]), "POST", LIKE_PATH, CONNECTIONS, seconds)
    return Sample(likes / elapsed, (read_all_cpu_seconds(child.pid) - before) / likes)


def change_services(child, endpoints, name):
    """Deploys the services with other task definitions, and waits until the old tasks have ended."""
    connection = open_connection(endpoints["aws"])
    for found in logs.call(connection, "DescribeMetricFilters", {})["metricFilters"]:
        logs.call(connection, "DeleteMetricFilter", {member: found[member] for member in ("logGroupName", "filterName")})
    for service in SERVICES:
        definition = call(connection, "DescribeTaskDefinition", {"taskDefinition": service})["taskDefinition"]
        revision = call(connection, "RegisterTaskDefinition", change_definition(definition, name))["taskDefinition"]
        update = {"cluster": CLUSTER, "service": service, "taskDefinition": revision["taskDefinitionArn"]}
        call(connection, "UpdateService", update)
    wait_until(child, lambda: is_deployed(connection) and len(find_children(child.pid)) == len(SERVICES), POLL_SECONDS)


def change_definition(definition, name):
    """Returns a request of RegisterTaskDefinition for a lab."""
    request = {member: value for member, value in definition.items() if member not in DESCRIBED}
    containers = [dict(container) for container in request["containerDefinitions"]]
    for container in containers:
        if name == UNCOLLECTED:
            container.pop("logConfiguration", None)
        if name == UNMETERED:
            others = [it for it in container.get("environment", []) if it["name"] != "OTEL_METRICS_EXPORTER"]
            container["environment"] = [*others, {"name": "OTEL_METRICS_EXPORTER", "value": "none"}]
    return {**request, "containerDefinitions": containers}


def is_deployed(connection):
    services = call(connection, "DescribeServices", {"cluster": CLUSTER, "services": SERVICES})["services"]
    return all(len(it["deployments"]) == 1 and it["runningCount"] == it["desiredCount"] for it in services)


def find_children(pid):
    """Returns the processes that a process has started and that have not ended."""
    threads = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for thread in threads for child in (thread / "children").read_text().split()]


def read_all_cpu_seconds(pid):
    return sum(read_cpu_seconds(each) for each in (pid, *find_children(pid)))
