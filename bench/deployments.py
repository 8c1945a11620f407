"""The local ECS of the lab: the time of rolling deployments, and the rate of describe calls."""

import json
import time

from bench.balancer import find_address
from bench.client import open_connection, post_json
from bench.processes import show_progress
from bench.targets import run_lab
from bench.wrk import send_load

CLUSTER, SERVICE = "Cluster-mysfits", "Mythical-Like-Service-mysfits"
CONNECTIONS = 16
POLL_SECONDS = 0.002


def measure_rolling_ms(tasks):
    """Milliseconds from a forced deployment of the Like service with `tasks` tasks until the service is stable.

    The old tasks no longer receive requests then. They end after that.
    """

    def measure(environment):
        # New and old tasks run at the same time.
        options = ("--tracing=off", f"--like-tasks={tasks}", f"--max-tasks={2 * tasks}")
        with run_lab(environment.binaries["lab"], *options) as (_, endpoints):
            connection = open_connection(endpoints["aws"])
            samples = []
            for number in range(environment.options.deployments):
                show_progress(f"deployment {number + 1} of {environment.options.deployments} with {tasks} tasks")
                start = time.perf_counter()
                call(connection, "UpdateService", {"cluster": CLUSTER, "service": SERVICE, "forceNewDeployment": True})
                while not is_stable(connection, tasks):
                    time.sleep(POLL_SECONDS)
                samples.append((time.perf_counter() - start) * 1000)
                while has_stopping_tasks(connection):
                    time.sleep(POLL_SECONDS)
            return samples

    return measure


def measure_describe_rate(environment):
    """Calls of DescribeServices per second. Each response describes both services."""
    request = {"cluster": CLUSTER, "services": [SERVICE, "Mythical-Monolith-Service-mysfits"]}
    with run_lab(environment.binaries["lab"], "--tracing=off", "--health-check-interval-ms=300000") as (_, endpoints):
        samples = []
        for _ in range(environment.options.rounds + 1):
            show_progress("calls of DescribeServices")
            load = ("POST", "/", CONNECTIONS, environment.options.seconds, headers("DescribeServices"), json.dumps(request))
            calls, elapsed = send_load(find_address(endpoints["aws"]), *load)
            samples.append(calls / elapsed)
        return samples[1:]


def is_stable(connection, tasks):
    """Whether the service has one deployment, all tasks of which run: the condition of the AWS CLI's `wait services-stable`."""
    service = call(connection, "DescribeServices", {"cluster": CLUSTER, "services": [SERVICE]})["services"][0]
    return len(service["deployments"]) == 1 and service["runningCount"] == tasks


def has_stopping_tasks(connection):
    """Whether processes of old tasks still run. One page has up to 100 tasks, as many as all samples of a row stop."""
    stopped = call(connection, "ListTasks", {"cluster": CLUSTER, "serviceName": SERVICE, "desiredStatus": "STOPPED"})["taskArns"]
    tasks = call(connection, "DescribeTasks", {"cluster": CLUSTER, "tasks": stopped})["tasks"] if stopped else []
    return any(task["lastStatus"] != "STOPPED" for task in tasks)


def call(connection, operation, request):
    return post_json(connection, "/", json.dumps(request), headers(operation))


def headers(operation):
    return {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"AmazonEC2ContainerServiceV20141113.{operation}"}
