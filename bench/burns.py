"""The duration of health checks while the Like service burns CPU time for eight likes."""

import sys
import threading
import time

from bench.client import LIKE_PATH, HealthCheckClient, send_request
from bench.processes import HOST, run_worker, show_progress
from bench.targets import TWIN, run_program

BURNS = 8
# The client sleeps between two health checks, as a load balancer does. Without the pause, the client would compete
# with the service for a processor.
PAUSE_SECONDS = 0.002
REQUESTS = 1000


def measure_ratio(environment):
    return [burning / idle for idle, burning in environment.measure_once(measure_rounds)]


def measure_p99(environment):
    return [burning for _, burning in environment.measure_once(measure_rounds)]


def measure_rounds(environment):
    """Measures alternately without and with burns. Returns the 99th percentiles in ms of each round."""
    variables = {
        "MONOLITH_URL": f"{HOST}:{environment.targets[TWIN].ports['monolith']}",
        "CHAOSMODE": "on",
        "CHAOS_STRESS_PERCENT": "100",
        "CHAOS_NOT_FOUND_PERCENT": "0",
        "CHAOS_MAX_CONCURRENT": str(BURNS),
    }
    count = environment.options.burn_rounds
    rounds = []
    with run_program(environment.binaries["like-service"], variables) as (_, port), HealthCheckClient(port) as client:
        client.measure(REQUESTS // 10, 0)
        for number in range(count):
            show_progress(f"health checks during {BURNS} burns: round {number + 1} of {count}")
            idle = find_p99(client.measure(REQUESTS, PAUSE_SECONDS))
            rounds.append((idle, measure_during_burns(port, client)))
    return rounds


def measure_during_burns(port, client):
    with run_worker(send_likes, port) as like_worker:
        # After one second, the service is burning CPU time for one like of each client.
        time.sleep(1)
        durations = client.measure(REQUESTS, PAUSE_SECONDS)
        like_worker.send("stop")
        if error := like_worker.recv():
            sys.exit(f"error: a like failed during the burns: {error}")
    return find_p99(durations)


def find_p99(durations):
    return durations[len(durations) * 99 // 100]


def send_likes(pipe, port):
    """Sends likes with one client for each burn until a message arrives. Then sends the first error, or None."""
    stop = threading.Event()
    errors = []

    def send_until_stop():
        try:
            while not stop.is_set():
                send_request(port, "POST", LIKE_PATH)
        except OSError as error:
            errors.append(str(error))

    threads = [threading.Thread(target=send_until_stop) for _ in range(BURNS)]
    for thread in threads:
        thread.start()
    pipe.recv()
    stop.set()
    for thread in threads:
        thread.join()
    pipe.send(errors[0] if errors else None)
