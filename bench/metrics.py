"""The lab's CloudWatch: a query of many series, the evaluation of alarms, and the memory of a full store, over HTTP."""

import json
import statistics
import time

from bench.client import open_connection
from bench.processes import read_cpu_seconds, read_memory_mib, show_progress
from bench.targets import run_lab

OPTIONS = ("--tracing=off", "--health-check-interval-ms=300000")
NAMESPACE = "bench"
SERIES, MINUTES = 100, 180
ALARMS = 1_000
# Alarms with this period are evaluated once in each period, five seconds after its end.
ALARM_PERIOD_SECONDS = 10
# All periods of the measurement are before this time from its start.
FUTURE_SECONDS = 600
# The limits of the store are 10,000 metrics, and 500,000 values and periods. A period with one value counts twice.
FULL_METRICS, FULL_MINUTES = 10_000, 25
# The limit of PutMetricData.
DATA_PER_REQUEST = 1_000


def measure_query_ms(environment):
    """Milliseconds until GetMetricData has returned the sums of all series over three hours."""
    with run_lab(environment.binaries["lab"], *OPTIONS) as (_, endpoints):
        connection = open_connection(endpoints["aws"])
        now = put_minutes(connection, SERIES, MINUTES)
        queries = [{"Id": f"m{number}", "MetricStat": {"Metric": create_metric(number), "Period": 60, "Stat": "Sum"}} for number in range(SERIES)]
        request = {"MetricDataQueries": queries, "StartTime": now - MINUTES * 60, "EndTime": now}
        samples = []
        for _ in range(environment.options.queries + 1):
            start = time.perf_counter()
            results = call(connection, "GetMetricData", request)["MetricDataResults"]
            samples.append((time.perf_counter() - start) * 1000)
            if sum(len(result["Values"]) for result in results) != SERIES * MINUTES:
                raise ConnectionError("GetMetricData must return all values")
        return samples[1:]


def measure_evaluation_ms(environment):
    """Milliseconds of CPU time of one evaluation of all alarms: the difference between periods with and without alarms."""
    with run_lab(environment.binaries["lab"], *OPTIONS) as (child, endpoints):
        connection = open_connection(endpoints["aws"])
        # CloudWatch accepts values of the next two hours, so each evaluation finds values.
        start = int(time.time()) // ALARM_PERIOD_SECONDS * ALARM_PERIOD_SECONDS
        periods = range(start - FUTURE_SECONDS // 10, start + FUTURE_SECONDS, ALARM_PERIOD_SECONDS)
        put_series(connection, SERIES, periods, StorageResolution=1)
        show_progress("CloudWatch: periods without alarms")
        without = [measure_period_ms(child.pid) for _ in range(environment.options.queries)]
        for number in range(ALARMS):
            call(connection, "PutMetricAlarm", create_alarm(number))
        show_progress(f"CloudWatch: periods with {ALARMS:,} alarms")
        # The first evaluation changes the states.
        measured = [measure_period_ms(child.pid) for _ in range(environment.options.queries + 1)]
        return subtract_median(measured[1:], without)


def measure_full_memory_mib(environment):
    """Resident memory in MiB that a full store adds to the lab. Each period has one value, which needs the most memory."""
    show_progress("CloudWatch: filling the store")
    with run_lab(environment.binaries["lab"], *OPTIONS) as (child, endpoints):
        connection = open_connection(endpoints["aws"])
        before = read_memory_mib(child.pid)
        put_minutes(connection, FULL_METRICS, FULL_MINUTES)
        return [read_memory_mib(child.pid) - before]


def measure_period_ms(pid):
    """CPU time in ms of a process in one whole period of the alarms, which begins at a multiple of its length."""
    time.sleep(ALARM_PERIOD_SECONDS - time.time() % ALARM_PERIOD_SECONDS)
    start = read_cpu_seconds(pid)
    # The evaluation takes place in the middle of this time.
    time.sleep(ALARM_PERIOD_SECONDS - 1)
    return (read_cpu_seconds(pid) - start) * 1000


def subtract_median(samples, reference):
    return [sample - statistics.median(reference) for sample in samples]


def put_minutes(connection, series, minutes):
    """Publishes a value for each series and each of the last minutes. Returns the end of the last minute in seconds."""
    now = int(time.time()) // 60 * 60
    put_series(connection, series, range(now - minutes * 60, now, 60))
    return now


def put_series(connection, series, times, **members):
    """Publishes a value for each series and each time in seconds. `members` are further members of each datum."""
    data = [{**create_datum(number, seconds), **members} for seconds in times for number in range(series)]
    for first in range(0, len(data), DATA_PER_REQUEST):
        call(connection, "PutMetricData", {"Namespace": NAMESPACE, "MetricData": data[first : first + DATA_PER_REQUEST]})


def create_metric(number):
    return {"Namespace": NAMESPACE, "MetricName": f"metric{number}", "Dimensions": [{"Name": "Service", "Value": "like"}]}


def create_datum(number, seconds):
    metric = create_metric(number)
    del metric["Namespace"]
    return {**metric, "Timestamp": seconds, "Value": number % 7 + 0.5, "Unit": "Count"}


def create_alarm(number):
    """Returns an alarm on one of the series. Its state does not change."""
    rule = {"Threshold": 10, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching"}
    periods = {"Statistic": "Sum", "Period": ALARM_PERIOD_SECONDS, "EvaluationPeriods": 3}
    return {"AlarmName": f"alarm{number}", **create_metric(number % SERIES), **periods, **rule}


def call(connection, operation, request):
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"GraniteServiceVersion20100801.{operation}"}
    connection.request("POST", "/", json.dumps(request), headers)
    response = connection.getresponse()
    content = response.read()
    if response.status != 200:
        raise ConnectionError(f"{operation}: status {response.status}, {content[:1000]!r}")
    # Some operations have an empty response.
    return json.loads(content) if content else {}
