"""Idle memory and start-up of single programs."""

import time

from bench.client import LIKE_PATH, is_live, send_request
from bench.processes import HOST, find_free_port, read_memory_mib, run_process, show_progress, wait_until
from bench.targets import COMMON_ENVIRONMENT, DEFAULT, TWIN, Database, monolith_environment, run_lab, run_program, select_program

# No program listens on this address. A start must not wait for DynamoDB or for the monolith.
UNUSED_ADDRESS = "127.0.0.1:9"
# The first requests that make the services open their connections.
FIRST_REQUESTS = {"monolith": ("GET", "/mysfits"), "like-service": ("POST", LIKE_PATH)}
SETTLE_SECONDS = 0.5


def measure_idle_memory(service):
    """Resident memory in MiB after one request that calls another service, in the configuration `default`."""

    def measure(environment):
        show_progress(f"idle memory of {service}")
        monolith = f"{HOST}:{environment.targets[TWIN].ports['monolith']}"
        upstream = {"MONOLITH_URL": monolith} if service == "like-service" else monolith_environment(environment.database)
        program, variables = select_program(DEFAULT, service)
        daemon = environment.targets[DEFAULT].daemon
        with run_program(environment.binaries[program], {**upstream, **daemon, **variables}) as (child, port):
            send_request(port, *FIRST_REQUESTS[service])
            time.sleep(SETTLE_SECONDS)
            return [read_memory_mib(child.pid)]

    return measure


def measure_idle_lab_memory(environment):
    """Resident memory of the lab's own process in MiB, without its tasks."""
    show_progress("idle memory of the lab")
    with run_lab(environment.binaries["lab"]) as (child, _):
        time.sleep(SETTLE_SECONDS)
        return [read_memory_mib(child.pid)]


def measure_start(service):
    """Milliseconds from the start of the process to the first successful health check."""

    def measure(environment):
        show_progress(f"start of {service}")
        return [measure_start_ms(environment.binaries[service]) for _ in range(environment.options.starts)]

    return measure


def measure_start_ms(binary):
    environment = {
        "MONOLITH_URL": UNUSED_ADDRESS,
        **monolith_environment(Database(f"http://{UNUSED_ADDRESS}", "MysfitsTable")),
        **COMMON_ENVIRONMENT,
    }
    port = find_free_port()
    start = time.perf_counter()
    with run_process([binary], {"PORT": str(port), **environment}) as child:
        wait_until(child, lambda: is_live(port), 0.0002)
        return (time.perf_counter() - start) * 1000


def measure_lab_start(environment):
    """Milliseconds from the start of the lab until its endpoints file exists, which the lab writes when all is healthy."""
    return [measure_lab_start_ms(environment) for _ in range(environment.options.lab_starts)]


def measure_lab_start_ms(environment):
    show_progress("start of the lab")
    start = time.perf_counter()
    with run_lab(environment.binaries["lab"]):
        return (time.perf_counter() - start) * 1000
