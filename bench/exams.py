"""The time that an exam needs to start, and to end before its customers come."""

import json
import time

from bench.client import open_connection, post_json
from bench.processes import show_progress
from bench.targets import run_lab

# One problem for each kind of fault: in a task, in a revision, in DynamoDB, in the load balancer, and in the scaling.
EXAMS = ("otter", "ferret", "puffin", "lynx", "vole")
# The exams of one sample, in a row.
EXAMS_IN_A_ROW = 50


def measure_start_p95(environment):
    return [find_p95(starts) for starts, _ in environment.measure_once(measure_rounds)]


def measure_stop_p95(environment):
    return [find_p95(stops) for _, stops in environment.measure_once(measure_rounds)]


def measure_rounds(environment):
    """Starts and ends exams in a row, in a new lab for each round. Returns the milliseconds of the starts and of the ends of each round."""
    return [measure_row(environment.binaries["lab"]) for _ in range(environment.options.lab_starts)]


def measure_row(lab):
    starts, stops = [], []
    with run_lab(lab) as (_, endpoints):
        connection = open_connection(endpoints["site"])
        for number in range(EXAMS_IN_A_ROW):
            show_progress(f"exam {number + 1} of {EXAMS_IN_A_ROW}")
            starts.append(measure_ms(connection, f"start?id={EXAMS[number % len(EXAMS)]}"))
            stops.append(measure_ms(connection, "stop"))
    return starts, stops


def measure_ms(connection, action):
    start = time.perf_counter()
    post_json(connection, f"/lab/exam/{action}", json.dumps({}))
    return (time.perf_counter() - start) * 1000


def find_p95(durations):
    return sorted(durations)[len(durations) * 95 // 100]
